"""Differences between the plan and what other tools hold.

The files are read elsewhere and come as `Observed`; without one nothing is found. Networks that the plan leaves to
allocate are compared where `allocate` puts them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ipplan.checks.registry import rule
from ipplan.findings import Source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ipplan.checks.context import Context
    from ipplan.findings import Finding
    from ipplan.observed import Observed
    from ipplan.plan.model import Plan

_FILES = Source("the files given with --against")


class Against(NamedTuple):
    """Files to compare a plan with, and the plan with every network at its range."""

    plan: Plan
    files: tuple[Observed, ...]


@rule("drift", "error", source=_FILES)
def drift(context: Context) -> Iterator[Finding]:
    """The plan and a file given with --against differ.

    Why: one of the two is wrong, and every check and allocation rests on the plan. Devices and clusters run what
    their own files say.

    Do: put right whichever is wrong; a pod or service range of a running cluster cannot be changed, so there it is
    the plan.
    """
    against = context.against
    if against is None:
        return
    from ipplan.checks.comparison import ListComparison
    from ipplan.checks.tunnel_comparison import TunnelComparison

    for file in against.files:
        if any(row.side for row in file.rows):
            yield from TunnelComparison(against.plan.in_service, file, context.catalog).findings()
        else:
            yield from ListComparison(against.plan, file).findings()
