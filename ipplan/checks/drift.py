"""Drift: differences between the plan and the files of other tools.

The files are read elsewhere and come as `Observed`. Networks that the plan leaves to `allocate` are compared at the
range where `allocate` places them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ipplan.checks.registry import rule
from ipplan.findings import Source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ipplan.catalog import Catalog
    from ipplan.findings import Finding
    from ipplan.observed import Observed
    from ipplan.plan.model import Plan

_FILES = Source("the files given with --against")


class Against(NamedTuple):
    """Files to compare a plan with, and the plan with every network at its range."""

    plan: Plan
    files: tuple[Observed, ...]


@rule("error", source=_FILES, judges="files")
def drift(against: Against, catalog: Catalog) -> Iterator[Finding]:
    """The plan and a file given with --against differ.

    Why: one of the two is wrong. Devices and clusters run what their own files say, and every check and allocation
    uses the plan.

    Do: correct the wrong one. A running cluster cannot change its pod or service range, so there correct the plan.
    """
    from ipplan.checks.comparison import ListComparison
    from ipplan.checks.tunnel_comparison import TunnelComparison

    for file in against.files:
        if any(row.side for row in file.rows):
            yield from TunnelComparison(drift, against.plan.in_service, file, catalog).findings()
        else:
            yield from ListComparison(drift, against.plan, file).findings()
