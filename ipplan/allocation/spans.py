"""Spans and regions of addresses as plain integers: merged, subtracted, split into aligned blocks."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from ipplan.addresses import WIDTH

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ipplan.addresses import Prefix

Region = tuple[int, int]
"""An aligned block as first address and number of host bits."""
Span = tuple[int, int]
"""First and last address."""


def region(prefix: Prefix) -> Region:
    """Return the prefix as first address and host bits."""
    return prefix.first, WIDTH[prefix.version] - prefix.length


def span(prefix: Prefix) -> Span:
    """Return the prefix as first and last address."""
    return prefix.first, prefix.last


def merge(spans: Iterable[Span]) -> list[Span]:
    """Return the spans sorted and joined where they overlap or touch."""
    joined: list[Span] = []
    end = -2
    for first, last in sorted(spans):
        if first > end + 1:
            joined.append((first, last))
            end = last
        elif last > end:
            end = last
            joined[-1] = (joined[-1][0], last)
    return joined


def gaps(first: int, last: int, taken: Sequence[Span]) -> Iterator[Span]:
    """Yield what is left of first to last between merged spans, in address order."""
    index = bisect_right(taken, (first, first)) - 1
    if index >= 0 and taken[index][1] >= first:
        first = taken[index][1] + 1
    index += 1
    while index < len(taken) and taken[index][0] <= last:
        start, end = taken[index]
        if start > first:
            yield first, start - 1
        first = end + 1
        index += 1
    if first <= last:
        yield first, last


def aligned_blocks(first: int, last: int) -> Iterator[Region]:
    """Yield the maximal aligned blocks of a span, in address order."""
    while first <= last:
        bits = (last - first + 1).bit_length() - 1
        if first:
            bits = min(bits, (first & -first).bit_length() - 1)
        yield first, bits
        first += 1 << bits


def reaches(spans: Sequence[Span], first: int, last: int) -> bool:
    """Return whether merged spans share an address with first to last."""
    return next(gaps(first, last, spans), None) != (first, last)


def spans_of(regions: Iterable[Region]) -> list[Span]:
    """Return each region as first and last address."""
    return [(first, first + (1 << bits) - 1) for first, bits in regions]


def shared_regions(one: Iterable[Region], other: Iterable[Region]) -> tuple[Region, ...]:
    """Return what two lists of regions share, in the order of the first."""
    other = tuple(other)
    found = []
    for first, bits in one:
        for start, wide in other:
            inner = (first, bits) if bits <= wide else (start, wide)
            wider = max(bits, wide)
            if first >> wider == start >> wider:
                found.append(inner)
    return tuple(dict.fromkeys(found))
