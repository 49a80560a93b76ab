"""A second look at a finished allocation, by means of its own: sorted integers and nothing else.

It must not share code with the packer, so that a mistake there cannot hide here.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class AllocationDefectError(AssertionError):
    """The packer broke a promise: a defect of ipplan, never of a plan."""


class Placed(NamedTuple):
    """A block as it was given out: who holds it, first and last address, and the spans it may lie in."""

    name: str
    first: int
    last: int
    allowed: Sequence[tuple[int, int]]


def verify(placed: Iterable[Placed], reserved: Iterable[tuple[int, int]]) -> None:
    """Raise unless all blocks of one IP version are aligned, allowed, free and disjoint."""
    blocks = sorted((block.first, block.last, block) for block in placed)
    for first, last, block in blocks:
        size = last - first + 1
        if size < 1 or size & (size - 1) or first % size:
            raise AllocationDefectError(f"{block.name} is no aligned block: {first:#x} to {last:#x}")
        for low, high in block.allowed:
            if low <= first and last <= high:
                break
        else:
            raise AllocationDefectError(f"{block.name} lies outside what it may use: {first:#x} to {last:#x}")
    for (_, end, one), (start, _, other) in pairwise(blocks):
        if start <= end:
            raise AllocationDefectError(f"{one.name} and {other.name} overlap at {start:#x}")
    # Of all reservations that start before a block ends, the furthest end tells whether one reaches it.
    held = sorted(reserved)
    at, furthest = 0, -1
    for first, last, block in blocks:
        while at < len(held) and held[at][0] <= last:
            furthest = max(furthest, held[at][1])
            at += 1
        if furthest >= first:
            raise AllocationDefectError(f"{block.name} overlaps reserved space: {first:#x} to {last:#x}")
