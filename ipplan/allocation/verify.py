"""A second look at a finished allocation, by means of its own: sorted integers and nothing else.

It must not share code with the packer, so that a mistake there cannot hide here.
"""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class AllocationDefectError(AssertionError):
    """The packer broke a promise: a defect of ipplan, never of a plan."""


class Placed(NamedTuple):
    """A block as it was given out: first and last address, who holds it, and the spans it may lie in."""

    first: int
    last: int
    name: str
    allowed: Sequence[tuple[int, int]]


def verify(placed: Iterable[Placed], reserved: Iterable[tuple[int, int]]) -> None:
    """Raise unless all blocks of one IP version are aligned, allowed, free and disjoint."""
    held = sorted(reserved)
    at, furthest = 0, -1
    before, neighbour = -1, ""
    for first, last, name, allowed in sorted(placed, key=itemgetter(0)):
        size = last - first + 1
        if size < 1 or size & (size - 1) or first & (size - 1):
            raise AllocationDefectError(f"{name} is no aligned block: {first:#x} to {last:#x}")
        for low, high in allowed:
            if low <= first and last <= high:
                break
        else:
            raise AllocationDefectError(f"{name} lies outside what it may use: {first:#x} to {last:#x}")
        if first <= before:
            raise AllocationDefectError(f"{neighbour} and {name} overlap at {first:#x}")
        before, neighbour = last, name
        # Of all reservations that start before a block ends, the furthest end tells whether one reaches it.
        while at < len(held) and held[at][0] <= last:
            furthest = max(furthest, held[at][1])
            at += 1
        if furthest >= first:
            raise AllocationDefectError(f"{name} overlaps reserved space: {first:#x} to {last:#x}")
