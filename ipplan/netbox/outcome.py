"""The result of comparing a plan with a NetBox, and of a push: what the command line reports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ipplan.netbox.difference import ObjectChange
    from ipplan.netbox.wanted import Desired

State = Literal["planned", "done", "failed", "not-tried", "left"]
"""The state of a change: planned if it was only shown, left for an unplanned object or a conflict."""


class Outcome(NamedTuple):
    """A change and its state; `error` says why it failed, None unless it did."""

    change: ObjectChange
    state: State
    error: str | None = None


class Report(NamedTuple):
    """A plan by name and file, a NetBox by URL and VRF (None: the global table), and the outcome of each change.

    `pushed` is true for a push, false where changes are only shown.
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
        """The number of objects in NetBox that are already as the plan wants them."""
        touched = sum(o.change.action not in ("delete", "unplanned") for o in self.outcomes)
        return len(self.desired.objects) - touched

    def count(self, state: State) -> int:
        """Return the number of changes in a state."""
        return sum(outcome.state == state for outcome in self.outcomes)
