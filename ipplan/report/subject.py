"""The subject of a report: a plan, its findings, its allocation, and the other files that the user gave."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ipplan.flows import Missing

if TYPE_CHECKING:
    from ipplan.allocation import Allocation
    from ipplan.changes import Difference
    from ipplan.exporters import Request
    from ipplan.findings import Finding, Report
    from ipplan.flows import Trace
    from ipplan.free import Free
    from ipplan.inventory import Entry
    from ipplan.plan.labels import Chosen
    from ipplan.plan.model import Plan
    from ipplan.proof import Report as Run


class Since(NamedTuple):
    """An earlier plan, and how the plan differs from it."""

    plan: Plan
    difference: Difference


class Subject(NamedTuple):
    """The input of all sections.

    `plan` is the whole plan as written, and `checked` the result of its check. `request` has the landscape without
    retired networks, with the networks where `allocation` places them; `brought` are the errors that only these placements
    cause. `entries` are all networks, with retired ones. With `labels`, only what `chosen` names is listed. `digest` is
    the SHA-256 of the plan's text.
    """

    plan: Plan
    digest: str
    checked: Report
    request: Request
    allocation: Allocation
    brought: tuple[Finding, ...]
    entries: tuple[Entry, ...]
    free: Free
    traces: tuple[Trace | Missing, ...]
    since: Since | None = None
    run: Run | None = None
    labels: tuple[str, ...] = ()
    chosen: Chosen | None = None

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The findings to list: those that `ipplan check` reports with the same labels."""
        if self.chosen is None:
            return self.checked.findings
        return tuple(f for f in self.checked.findings if self.chosen.concerns(f.networks, f.key))

    def count(self, severity: str) -> int:
        """Return how many of the findings to list have a severity and are not waived."""
        return sum(f.severity == severity and f.waived is None for f in self.findings)

    @property
    def steps(self) -> tuple[Trace, ...]:
        """The flows that have two ends in the plan."""
        return tuple(trace for trace in self.traces if not isinstance(trace, Missing))

    def lists(self, network: str) -> bool:
        """Return whether a network is among those to list."""
        return self.chosen is None or network in self.chosen.networks
