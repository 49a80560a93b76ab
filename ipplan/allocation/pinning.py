"""From an allocation to a plan that states its ranges."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ipplan.allocation.result import Allocation
    from ipplan.plan.model import Plan


def pin(plan: Plan, allocation: Allocation) -> Plan:
    """Return the plan with every allocated range pinned, in its text too if it was read from one.

    In the text only the lines that state a size change. The plan itself is returned where nothing was allocated.
    """
    placed = allocation.allocated
    if not placed:
        return plan
    text = plan.text
    if text:
        from ipplan.plan.edit import pin_networks

        text = pin_networks(text, {name: str(prefix) for name, prefix in placed.items()})
    return replace(plan.with_ranges(placed), text=text)
