"""The candidates of a network in the order in which they are tried, and what blocks each.

A candidate is an aligned block as large as the network holds (its room to grow, or the cover of its group), in one
of its pools. The walk jumps from one obstacle to the next over sorted integers, so its cost follows the number of
obstacles and not that of addresses. It must not know how the obstacles came about.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

from ipplan.addresses import WIDTH, Prefix, format_address
from ipplan.allocation.spans import gaps, merge

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ipplan.allocation.spans import Region, Span
    from ipplan.findings import Source


class Refused(NamedTuple):
    """Candidates that follow each other, from `first` to `last`, `blocks` of them, all blocked by the same thing.

    `category` is a category of the catalogue, or avoid, link, pinned, default, held (room to grow), group (another
    group's cover, or outside its own), placed (a network that comes before), alignment (the block reaches beyond
    the pool), search (left for others by the exact search). `blocker` is the prefix that each candidate overlaps,
    None where there is none; `network` is the one that holds it.
    """

    first: Prefix
    last: Prefix
    blocks: int
    category: str
    blocker: Prefix | None
    network: str | None
    reason: str
    source: Source | None


class Obstacle(NamedTuple):
    """Space that blocks candidates, from first to last; the prefix that people know it by may be larger."""

    first: int
    last: int
    category: str
    prefix: Prefix | None
    network: str | None
    reason: str
    source: Source | None = None

    @property
    def cause(self) -> tuple[object, ...]:
        """What people see as one thing: the room to grow on both sides of a network has one cause."""
        return self[2:]


class _Run(NamedTuple):
    """Candidates from the one that starts at `first` to the one that starts at `last`, with their obstacle."""

    first: int
    last: int
    obstacle: Obstacle | None


class Walk:
    """The candidates of 2^bits addresses in some regions, region after region.

    Of several obstacles the one that reaches furthest is named, so that one entry says as much as it can. An
    obstacle of category search is named only where nothing else blocks, and `free` where nothing does.
    """

    def __init__(
        self, version: int, regions: Sequence[Region], bits: int, obstacles: Sequence[Obstacle], free: str
    ) -> None:
        self._version = version
        self._regions = regions
        self._bits = bits
        self._length = WIDTH[version] - bits
        self._free = free
        self._firm = _Obstacles(o for o in obstacles if o.category != "search")
        self._later = _Obstacles(o for o in obstacles if o.category == "search")
        self._used = merge([*self._firm.spans, *self._later.spans])

    def refused(self, stop: int | None) -> Iterator[Refused]:
        """Yield the blocked candidates up to the one that starts at `stop`, or all of them.

        Regions inside an earlier one are not looked at twice. Costs log n an entry, after sorting the obstacles.
        """
        seen: list[Span] = []
        for start, wide in self._regions:
            end = start + (1 << wide) - 1
            if wide < self._bits:
                yield self._too_small(start, wide)
                continue
            for low, high in gaps(start, end, merge(seen)):
                yield from map(self._entry, _joined(self._runs(low, high, stop)))
                if stop is not None and low <= stop <= high:
                    return
            seen.append((start, end))

    def _too_small(self, start: int, wide: int) -> Refused:
        pool = Prefix(self._version, start, WIDTH[self._version] - wide)
        block = Prefix(self._version, start >> self._bits << self._bits, self._length)
        reason = f"{pool} is smaller than a /{self._length}, so the block reaches beyond it"
        return Refused(block, block, 1, "alignment", pool, None, reason, None)

    def _entry(self, run: _Run) -> Refused:
        low, high = (Prefix(self._version, at, self._length) for at in (run.first, run.last))
        count = (run.last - run.first >> self._bits) + 1
        if run.obstacle is None:
            return Refused(low, high, count, "search", None, None, self._free, None)
        _, _, category, prefix, network, reason, source = run.obstacle
        if count == 1 and (idle := self._unaligned(run.first)) is not None:
            start, end = (format_address(self._version, at) for at in idle)
            reason += f"; {start} to {end} is free, but not on a /{self._length} boundary"
        return Refused(low, high, count, category, prefix, network, reason, source)

    def _unaligned(self, first: int) -> Span | None:
        """Return free space that is large enough, but starts inside this candidate and ends inside the next."""
        size = 1 << self._bits
        for start, end in gaps(first, first + 2 * size - 1, self._used):
            if first < start < first + size and end - start + 1 >= size and end < first + 2 * size - 1:
                return start, end
        return None

    def _runs(self, low: int, high: int, stop: int | None) -> Iterator[_Run]:
        """Yield the candidates from `low` to `high` or up to `stop`, those with the same obstacle together."""
        bits = self._bits
        size = 1 << bits
        final = stop if stop is not None and low <= stop <= high else high + 1
        at = low
        while at < final:
            last = final - size
            if (obstacle := self._firm.on(at, at + size - 1)) is None:
                last = _before(self._firm.after(at), bits, last)
                if (obstacle := self._later.on(at, at + size - 1)) is None:
                    last = _before(self._later.after(at), bits, last)
            if obstacle is not None:
                last = min(last, obstacle.last >> bits << bits)
            yield _Run(at, last, obstacle)
            at = last + size


def _joined(runs: Iterable[_Run]) -> Iterator[_Run]:
    """Yield the runs with neighbours of one cause joined."""
    waiting: _Run | None = None
    for run in runs:
        if waiting is not None:
            if _cause(waiting) == _cause(run):
                waiting = waiting._replace(last=run.last)
                continue
            yield waiting
        waiting = run
    if waiting is not None:
        yield waiting


def _cause(run: _Run) -> tuple[object, ...]:
    return () if run.obstacle is None else run.obstacle.cause


def _before(start: int | None, bits: int, last: int) -> int:
    """Return the last candidate that ends before an obstacle that starts there, at most `last`."""
    return last if start is None else min(last, (start >> bits) - 1 << bits)


class _Obstacles:
    """Obstacles in address order; either question costs log n."""

    def __init__(self, obstacles: Iterable[Obstacle]) -> None:
        # Wider before narrower of those that start together, so that the first of equal ends is the outermost.
        ordered = sorted(obstacles, key=lambda o: (o.first, -o.last))
        self._firsts = [o.first for o in ordered]
        self._furthest: list[Obstacle] = []
        for obstacle in ordered:
            before = self._furthest[-1] if self._furthest else obstacle
            self._furthest.append(obstacle if obstacle.last > before.last else before)
        self.spans = merge((o.first, o.last) for o in ordered)

    def on(self, first: int, last: int) -> Obstacle | None:
        """Return what shares an address with first to last, of several what reaches furthest."""
        index = bisect_right(self._firsts, last)
        found = self._furthest[index - 1] if index else None
        return found if found is not None and found.last >= first else None

    def after(self, last: int) -> int | None:
        """Return the first address beyond `last` at which one starts."""
        index = bisect_right(self._firsts, last)
        return self._firsts[index] if index < len(self._firsts) else None
