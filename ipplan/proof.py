"""Hold the results of a run in the lab: for each pair of machines the prediction, the observation, the differences.

Values only; `ipplan.lab` makes them, and `ipplan.output.lab` shows them.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

Outcome = Literal["agree", "differs", "not-run"]
"""The outcome for a pair: packets did what was predicted, did something else, or were not sent."""


class Point(NamedTuple):
    """A device on a path, with the addresses of the packet when it leaves it, or when it arrives at the last one.

    `decided` is the entry that decides, in words.
    """

    device: str
    source: str
    destination: str
    decided: str | None = None


class OuterPacket(NamedTuple):
    """A packet that carries another one on a part of its path: its protocol and addresses."""

    protocol: str
    source: str
    destination: str


class LabDevice(NamedTuple):
    """A device of a lab: its label for `ipplan lab enter`, its title, and its namespace."""

    label: str
    title: str
    namespace: str


class Way(NamedTuple):
    """A path of a request or an answer, predicted or observed. `end` is how it ends, `where` at which device.

    `outer` are the packets that carry it on a part of the path.
    """

    points: tuple[Point, ...]
    end: str
    where: str | None
    outer: tuple[OuterPacket, ...] = ()


class Difference(NamedTuple):
    """Something that was not as predicted: on which path, at which device, what, and which entry was predicted to decide."""

    way: Literal["request", "answer"]
    device: str
    what: Literal["path", "source", "destination", "outer", "end", "answering address"]
    expected: str
    actual: str
    decided: str | None = None


class Pair(NamedTuple):
    """One pair of machines, predicted and tried. A path is None if it was not predicted, or not tried.

    `reason` says why it was not run. `asked` is the destination that the sender uses. `predicted` is the result of flows.
    """

    flow: str | None
    source: str
    source_address: str
    destination: str
    destination_address: str
    asked: str
    predicted: str
    outcome: Outcome
    reason: str | None
    request: Way | None
    answer: Way | None
    seen_request: Way | None
    seen_answer: Way | None
    differences: tuple[Difference, ...] = ()
    positive: str | None = None
    """For a predicted drop that happened: the observation that proves it."""


class Report(NamedTuple):
    """A run. `versions` are those of the tools it used, `digest` is SHA-256 of the plan, `started` UTC in ISO 8601.

    `notes` say what could not be tried here, and was a plain route or a wire instead.
    """

    started: str
    seconds: float
    digest: str
    versions: tuple[tuple[str, str | None], ...]
    devices: tuple[LabDevice, ...]
    scenery: tuple[str, ...]
    pairs: tuple[Pair, ...]
    notes: tuple[str, ...] = ()

    @property
    def status(self) -> int:
        """The exit status: 0 all agree, 1 something differs, 2 not everything was run."""
        outcomes = {pair.outcome for pair in self.pairs}
        if "differs" in outcomes:
            return 1
        return 2 if "not-run" in outcomes or not outcomes else 0
