"""The checks: functions from a plan and a catalogue to findings, one module a topic, one decorated function a rule.

Importing the package fills `RULES`; nothing here reads files, prints, or decides an exit status.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.checks import capacity, completeness, overlaps, pools, provided, published
from ipplan.checks.context import Context
from ipplan.checks.registry import RULES, Rule

if TYPE_CHECKING:
    from ipplan.catalog import Catalog
    from ipplan.findings import Finding
    from ipplan.plan.model import Plan

__all__ = ["RULES", "TOPICS", "Rule", "check_plan"]

TOPICS = (overlaps, published, pools, provided, capacity, completeness)
"""The modules whose rules are run, in order."""


def check_plan(plan: Plan, catalog: Catalog) -> tuple[Finding, ...]:
    """Return the findings of every rule, not yet placed or sorted.

    Costs n log n in the number of networks, plus the findings themselves.
    """
    context = Context(plan, catalog)
    return tuple(finding for rule in RULES.values() for finding in rule.check(context))
