"""Check a finished allocation a second time, with sorted integers and nothing else.

It must not share code with the packer, so that a mistake there cannot hide here.
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class AllocationDefectError(AssertionError):
    """The result of the packer is wrong: a defect of ipplan, never of a plan."""


class Placed(NamedTuple):
    """A placed block: first and last address, the name of its holder, and the spans where it may lie."""

    first: int
    last: int
    name: str
    allowed: Sequence[tuple[int, int]]


def verify(placed: Iterable[Placed], reserved: Iterable[tuple[int, int]]) -> None:
    """Raise unless all blocks of one IP version are aligned, allowed, free and disjoint."""
    held = sorted(reserved)
    at, furthest = 0, -1
    before, neighbour = -1, ""
    # Many blocks share one list of spans. All lists live until the end, so their identities differ.
    blocks = sorted(placed, key=itemgetter(0))
    reaches: dict[int, _Reach] = {}
    for first, last, name, allowed in blocks:
        size = last - first + 1
        if size < 1 or size & (size - 1) or first & (size - 1):
            raise AllocationDefectError(f"{name} is not an aligned block: {first:#x} to {last:#x}")
        reach = reaches.get(id(allowed))
        if reach is None:
            reach = reaches[id(allowed)] = _Reach(allowed)
        if not reach.covers(first, last):
            raise AllocationDefectError(f"{name} lies outside what it may use: {first:#x} to {last:#x}")
        if first <= before:
            raise AllocationDefectError(f"{neighbour} and {name} overlap at {first:#x}")
        before, neighbour = last, name
        # Of all reservations that start before a block ends, the furthest end shows whether one reaches it.
        while at < len(held) and held[at][0] <= last:
            furthest = max(furthest, held[at][1])
            at += 1
        if furthest >= first:
            raise AllocationDefectError(f"{name} overlaps reserved space: {first:#x} to {last:#x}")


class _Reach:
    """Spans in order of their start, and for each how far it or an earlier one reaches."""

    def __init__(self, spans: Iterable[tuple[int, int]]) -> None:
        ordered = sorted(spans)
        self._starts = [first for first, _ in ordered]
        self._ends = list(accumulate((last for _, last in ordered), max))

    def covers(self, first: int, last: int) -> bool:
        """Return whether one of the spans holds first to last."""
        index = bisect_right(self._starts, first) - 1
        return index >= 0 and last <= self._ends[index]
