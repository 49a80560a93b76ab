"""The errors of a plan, and which of them a change to the plan adds."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from ipplan.cli.streams import say

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ipplan.catalog import Catalog
    from ipplan.findings import Finding
    from ipplan.plan.model import Plan

_MOST_SHOWN = 5
"""Show at most 5 errors in one message."""


def list_errors(plan: Plan, catalog: Catalog) -> tuple[Finding, ...]:
    """Return the errors that check finds today in a plan, without those that the plan waives."""
    from datetime import date

    from ipplan import checks

    return checks.list_errors(plan, catalog, date.today())


def new_errors(before: Iterable[Finding], after: Iterable[Finding]) -> list[Finding]:
    """Return the errors that are in `after` but not in `before`.

    Errors are equal if their rule and networks are, or without networks their key: the message changes with the range.
    """
    known = Counter(map(_identity, before))
    found = []
    for finding in after:
        identity = _identity(finding)
        if known[identity]:
            known[identity] -= 1
        else:
            found.append(finding)
    return found


def _identity(finding: Finding) -> tuple[object, ...]:
    return finding.rule, frozenset(finding.networks) or finding.key


def say_errors(errors: Sequence[Finding]) -> None:
    """Write the first errors to standard error, and the number of the others."""
    for finding in errors[:_MOST_SHOWN]:
        say(f"  {finding.rule}: {finding.message}")
    if len(errors) > _MOST_SHOWN:
        say(f"  and {len(errors) - _MOST_SHOWN:,} more")
