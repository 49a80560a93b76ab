"""A plan whose networks all have ranges: those without one are allocated in memory; nothing is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.cli.streams import say

if TYPE_CHECKING:
    from ipplan.catalog import Catalog
    from ipplan.plan.model import Plan


def settle(plan: Plan, catalog: Catalog) -> Plan:
    """Return the plan with every network pinned where `allocate` would place it, and say so on standard error.

    If a network has no place, none is pinned.
    """
    from ipplan.allocation import allocate
    from ipplan.allocation.pinning import pin

    allocation = allocate(plan, catalog)
    if not allocation.ok:
        count = len(allocation.shortfalls)
        say(f"warning: {count:,} network{'s have' if count > 1 else ' has'} no place; ipplan allocate explains why")
        return plan
    settled = pin(plan, allocation)
    if settled is plan:
        return plan
    count = len(allocation.allocated)
    have, them = ("network has", "it") if count == 1 else ("networks have", "them")
    say(f"note: {count:,} {have} no range yet; placed as ipplan allocate would place {them}")
    return settled
