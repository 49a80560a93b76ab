"""A plan held against a NetBox, and what became of each change of a push: what the command line reports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ipplan.netbox.difference import Change
    from ipplan.netbox.wanted import Desired

State = Literal["planned", "done", "failed", "not-tried", "left"]
"""What became of a change: planned for one that nobody asked to make, left for one that changes nothing."""


class Outcome(NamedTuple):
    """A change and what became of it; `error` is why it failed, None unless it did."""

    change: Change
    state: State
    error: str | None = None


class Report(NamedTuple):
    """A plan by name and file, a NetBox by URL and VRF (None: the global table), and what became of each change.

    `pushed` says that changes were asked for, not only shown.
    """

    plan: str
    file: str
    url: str
    vrf: str | None
    pushed: bool
    desired: Desired
    outcomes: Sequence[Outcome]

    @property
    def unchanged(self) -> int:
        """How many objects that the plan wants are as it wants them."""
        touched = sum(o.change.action not in ("delete", "unplanned") for o in self.outcomes)
        return len(self.desired.objects) - touched

    def count(self, state: State) -> int:
        """Return how many changes came to this."""
        return sum(outcome.state == state for outcome in self.outcomes)
