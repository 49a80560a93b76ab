"""The checks: functions from a plan and a catalogue to findings, one module a topic, one decorated function a rule.

Importing the package fills `RULES`; nothing here reads files, prints, or decides an exit status.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.checks import (
    bgp,
    capacity,
    completeness,
    drift,
    integration,
    links,
    overlaps,
    pools,
    private,
    provided,
    published,
    reachability,
    room,
    together,
    tunnels,
    waivers,
)
from ipplan.checks.context import Context
from ipplan.checks.registry import RULES, Rule

if TYPE_CHECKING:
    import datetime
    from types import ModuleType

    from ipplan.catalog import Catalog
    from ipplan.checks.drift import Against
    from ipplan.findings import Finding
    from ipplan.plan.model import Plan

__all__ = ["RULES", "TOPICS", "Rule", "check_plan", "list_errors", "rules_by_topic"]

TOPICS = (
    overlaps,
    published,
    reachability,
    pools,
    provided,
    capacity,
    room,
    completeness,
    bgp,
    tunnels,
    integration,
    private,
    links,
    drift,
    together,
    waivers,
)
"""The modules that hold the rules, in the order of the documentation."""


def check_plan(
    plan: Plan, catalog: Catalog, today: datetime.date | None = None, against: Against | None = None
) -> tuple[Finding, ...]:
    """Return the findings of every rule on a plan, those that a waiver covers marked, not yet placed or sorted.

    `today` decides which waivers have expired; without it none has. `against` has the files to compare the plan with.
    Costs n log n in the number of networks, plus the findings themselves.
    """
    context = Context(plan, catalog)
    found: list[Finding] = []
    not_run: set[str] = set()
    for rule in RULES.values():
        if rule.judges == "plan":
            found += rule.check(context)
        elif rule.judges == "in service":
            found += rule.check(context.in_service)
        elif rule.judges == "files" and against is not None:
            found += rule.check(against, catalog)
        elif rule.judges == "files":
            not_run.add(rule.name)
    return waivers.apply_waivers(plan, found, today, not_run)


def list_errors(plan: Plan, catalog: Catalog, today: datetime.date | None = None) -> tuple[Finding, ...]:
    """Return the errors that `check_plan` finds, without those that the plan waives."""
    return tuple(f for f in check_plan(plan, catalog, today) if f.severity == "error" and f.waived is None)


def _title(topic: ModuleType) -> str:
    text = topic.__doc__
    if text is None:
        from ipplan.docstrings import read_docstring

        text = read_docstring(topic.__name__) or topic.__name__.rpartition(".")[2]
    return text.splitlines()[0].rstrip(".")


def rules_by_topic() -> tuple[tuple[str, tuple[Rule, ...]], ...]:
    """Return the title of each topic with its rules, in the order of the documentation."""
    return tuple(
        (
            _title(topic),
            tuple(rule for rule in RULES.values() if rule.check.__module__ == topic.__name__),
        )
        for topic in TOPICS
    )
