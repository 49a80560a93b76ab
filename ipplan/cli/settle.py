"""A plan whose networks have ranges: what is not pinned is allocated in memory, and nothing is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.cli.streams import say

if TYPE_CHECKING:
    from ipplan.catalog import Catalog
    from ipplan.plan.model import Plan


def settle(plan: Plan, catalog: Catalog) -> Plan:
    """Return the plan with every network pinned where `allocate` would put it.

    Says so on standard error; where not every network finds a place, they stay without a range.
    """
    from ipplan.allocation import allocate
    from ipplan.allocation.pinning import pin

    allocation = allocate(plan, catalog)
    if not allocation.ok:
        count = len(allocation.shortfalls)
        say(f"warning: {count:,} network{'s have' if count > 1 else ' has'} no place; run ipplan allocate")
        return plan
    settled = pin(plan, allocation)
    if settled is plan:
        return plan
    count = len(allocation.allocated)
    say(f"{count:,} range{'' if count == 1 else 's'} as ipplan allocate would give, not pinned yet")
    return settled
