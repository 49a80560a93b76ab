"""Find places for aligned blocks: pure integers of one IP version, no plan, no catalogue.

A request wants a block of 2^bits addresses inside one of its allowed regions, outside everything reserved and
apart from every other block. Regions may nest, and each request may have its own. The rule of placement:
larger blocks first, then those with fewer regions to choose from, then by name; regions in the order given;
the lowest free address. Where that rule alone leads into a corner, an exact search decides how many blocks of
each size go where, and the rule decides the rest, so a packing is found wherever one exists.
"""

from __future__ import annotations

from heapq import heapify, heappop, heapreplace
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from ipplan.allocation.search import Search
from ipplan.allocation.space import FreeSpace, Request, SpaceClass
from ipplan.allocation.spans import merge

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ipplan.allocation.search import LevelQuotas
    from ipplan.allocation.space import Piece, Slot
    from ipplan.allocation.spans import Region, Span

SEARCH_LIMIT = 200_000
"""Steps of the exact search before it gives up and answers "not found"."""
_UNLIMITED = 1 << 140
"""More blocks than any address space has."""


class Turn(NamedTuple):
    """A request in the order of placement; `regions` counts the regions it has to choose from."""

    request: Request
    regions: int


class Packing(NamedTuple):
    """The answer: first addresses by name, what the rule could not place, and what that means.

    Complete where `unplaced` is empty. Else `placed` is what the rule alone could place, and `proven` says
    whether no packing of all requests exists or the search only ended at its limit.
    """

    placed: dict[str, int]
    unplaced: tuple[Request, ...]
    proven: bool = True


def pack(
    allowed_sets: Sequence[Sequence[Region]],
    reserved: Iterable[Span],
    requests: Iterable[Request],
    limit: int = SEARCH_LIMIT,
    turns: list[Turn] | None = None,
) -> Packing:
    """Place every request, or report that it cannot be done: n log n, and the search where needed.

    `turns`, where given, receives the requests in the order of placement.
    """
    wanted = list(requests)
    if not wanted:
        return Packing({}, ())
    space = FreeSpace(allowed_sets, merge(reserved), wanted)
    order = space.in_order(wanted)
    if turns is not None:
        turns += (Turn(request, space.breadth[request.allowed]) for bits in space.levels for request in order[bits])
    placed, unplaced = _place(space, order, None)
    if not unplaced:
        return Packing(placed, ())
    search = Search(space, limit)
    if (quotas := search.run()) is None:
        return Packing(placed, unplaced, proven=not search.exhausted)
    placed, unplaced = _place(space, order, quotas)
    if unplaced:
        raise AssertionError("the search promised a packing that the placement could not keep")
    return Packing(placed, ())


def fits(
    allowed_sets: Sequence[Sequence[Region]],
    reserved: Iterable[Span],
    requests: Iterable[Request],
    limit: int = SEARCH_LIMIT,
) -> bool:
    """Return whether a packing exists and is found, without placing anything; the cost of a few counts."""
    wanted = list(requests)
    return not wanted or Search(FreeSpace(allowed_sets, merge(reserved), wanted), limit).run() is not None


Heap = list[tuple[int, int]]
"""Free ranges (first, end) of one cell, the lowest on top; all are multiples of the current size."""


class _Cell(NamedTuple):
    """Free space of one class in one region."""

    kind: SpaceClass
    region: int
    heap: Heap


def _place(
    space: FreeSpace, order: Mapping[int, Sequence[Request]], quotas: Sequence[LevelQuotas] | None
) -> tuple[dict[str, int], tuple[Request, ...]]:
    """Give every request the lowest free address of its first region, within a search's quotas if given."""
    heaps: dict[int, Heap] = {}
    mixed: list[_Cell] = []
    placed: dict[str, int] = {}
    unplaced: list[Request] = []
    for level, bits in enumerate(space.levels):
        mixed = _open_level(space, level, heaps, mixed)
        cells = _list_cells(space, heaps, mixed)
        queues = {
            d: _make_queue(space, d, cells, None if quotas is None else quotas[level][d]) for d in space.demand[bits]
        }
        if len(queues) == 1:
            (queue,) = queues.values()
            unplaced += _serve_all(queue, order[bits], 1 << bits, placed)
            continue
        for request in order[bits]:
            first, number = queues[request[2]].take(1 << bits)
            if number:
                placed[request[0]] = first
            else:
                unplaced.append(request)
    return placed, tuple(unplaced)


def _open_level(space: FreeSpace, level: int, heaps: dict[int, Heap], mixed: Iterable[_Cell]) -> list[_Cell]:
    """Add to `heaps` what is free for blocks of this size and was not for larger ones; return the mixed slots."""
    bits = space.levels[level]
    plain: list[Piece] = []
    slots: list[Slot] = []
    for first, wide, root in space.new_blocks(level):
        space.split(first, wide, root, bits, plain, slots)
    for cell in mixed:
        for first, _ in cell.heap:
            space.split(first, space.levels[level - 1], cell.region, bits, plain, slots)
    grown = set()
    for region, first, end in plain:
        heaps.setdefault(region, []).append((first, end))
        grown.add(region)
    for region in grown:
        heapify(heaps[region])
    return [
        _Cell(
            SpaceClass(space.masks[region], first if space.differs_inside(first, bits, region) else -1),
            region,
            [(first, first + (1 << bits))],
        )
        for first, region in slots
    ]


def _list_cells(space: FreeSpace, heaps: Mapping[int, Heap], mixed: Iterable[_Cell]) -> list[_Cell]:
    plain = [_Cell(SpaceClass(space.masks[region], -1), region, heap) for region, heap in sorted(heaps.items())]
    return [*plain, *mixed]


def _make_queue(
    space: FreeSpace, d: int, cells: Sequence[_Cell], quota: Iterable[tuple[SpaceClass, int]] | None
) -> _Queue:
    """Return the queue from which allowed set d is served at this level."""
    if quota is None:
        return _Queue([(_group(space, d, (c for c in cells if c.kind.mask >> d & 1)), _UNLIMITED)])
    return _Queue([(_group(space, d, (c for c in cells if c.kind == chosen)), n) for chosen, n in quota])


def _group(space: FreeSpace, d: int, cells: Iterable[_Cell]) -> list[list[Heap]]:
    """Return the heaps in groups: earlier regions first, mixed slots that others may need last."""
    groups: dict[tuple[bool, int], list[Heap]] = {}
    for kind, region, heap in cells:
        groups.setdefault((kind.slot >= 0, space.rank(d, region)), []).append(heap)
    return [groups[key] for key in sorted(groups)]


def _serve_all(queue: _Queue, waiting: Sequence[Request], size: int, placed: dict[str, int]) -> Sequence[Request]:
    """Place requests of one allowed set, as many at a time as the space allows; return those without a place."""
    at = 0
    while at < len(waiting):
        first, number = queue.take(size, len(waiting) - at)
        if not number:
            break
        names = map(itemgetter(0), waiting[at : at + number])
        placed.update(zip(names, range(first, first + number * size, size), strict=True))
        at += number
    return waiting[at:]


class _Queue:
    """Serves slots from groups of heaps, group after group, quota after quota."""

    def __init__(self, stages: list[tuple[list[list[Heap]], int]]) -> None:
        self._stages = stages
        self._stage = 0
        self._group = 0
        self._left = stages[0][1] if stages else 0

    def take(self, size: int, most: int = 1) -> tuple[int, int]:
        """Take up to `most` slots that follow each other: the first address and how many, none where none is left.

        Where several heaps serve one group they are taken one by one, because the lowest may change.
        """
        while self._stage < len(self._stages):
            groups = self._stages[self._stage][0]
            while self._left and self._group < len(groups):
                group = groups[self._group]
                alone = len(group) == 1
                heap = group[0] if alone else min(group, key=_top)
                if heap:
                    first, end = heap[0]
                    number = min(most, self._left, end - first >> size.bit_length() - 1) if alone else 1
                    after = first + number * size
                    if after < end:
                        heapreplace(heap, (after, end))
                    else:
                        heappop(heap)
                    self._left -= number
                    return first, number
                self._group += 1
            self._stage += 1
            self._group = 0
            if self._stage < len(self._stages):
                self._left = self._stages[self._stage][1]
        return 0, 0


def _top(heap: Heap) -> tuple[bool, int]:
    return (not heap, heap[0][0] if heap else 0)
