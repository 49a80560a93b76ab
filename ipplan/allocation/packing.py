"""Find places for aligned blocks: pure integers of one IP version, no plan, no catalogue.

A request asks for a block of 2^bits addresses inside one of its allowed regions, outside all reserved space and all
other blocks. Regions may nest, and each request may have its own. The rule of placement: larger blocks first, then
those with fewer regions to choose from, then by name; regions in the order given; the lowest free address. If the rule
alone does not place all requests, an exact search decides how many blocks of each size go where, and the rule decides
the rest. So a packing is found if one exists and the search does not reach its limit.
"""

from __future__ import annotations

from heapq import heapify, heappop, heapreplace
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from ipplan.allocation.parts import independent_parts
from ipplan.allocation.search import Budget, Search
from ipplan.allocation.space import FreeSpace, Request, SpaceClass
from ipplan.allocation.spans import merge

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ipplan.allocation.parts import Part
    from ipplan.allocation.search import LevelQuotas
    from ipplan.allocation.space import Piece, Slot
    from ipplan.allocation.spans import Region, Span

SEARCH_LIMIT = 200_000
"""Steps of the exact search before it gives up and answers "not found"."""
_UNLIMITED = 1 << 140
"""More blocks than any address space has."""


class Turn(NamedTuple):
    """A request of 2^bits addresses in the order of placement, with the number of regions it has to choose from."""

    name: str
    bits: int
    regions: int


class Packing(NamedTuple):
    """The result: first addresses by name, and the requests without a place.

    Complete if `unplaced` is empty. Else `proven` says whether no packing of all requests exists, or the search only
    stopped at its limit. `placed` then has, of a part that cannot be packed, what the rule alone placed.
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

    `turns`, if given, receives the requests in the order of placement.
    """
    placed: dict[str, int] = {}
    unplaced: list[str] = []
    proven = True
    wanted = list(requests)
    taken = merge(reserved)
    budget = Budget(limit)
    for part in independent_parts(allowed_sets, wanted):
        packing = _pack_part(part, taken, budget, turns)
        placed.update(packing.placed)
        unplaced += (request.name for request in packing.unplaced)
        proven &= packing.proven
    if turns is not None:
        turns.sort(key=lambda turn: (-turn.bits, turn.regions, turn.name))
    if not unplaced:
        return Packing(placed, ())
    # A part numbers its allowed sets by itself.
    stated = {request.name: request for request in wanted}
    return Packing(placed, tuple(stated[name] for name in unplaced), proven)


def _pack_part(part: Part, reserved: Sequence[Span], budget: Budget, turns: list[Turn] | None) -> Packing:
    """Place the requests of a part by the rule, and by the search where the rule fails."""
    space = FreeSpace(part.sets, reserved, part.requests)
    order = space.in_order(part.requests)
    if turns is not None:
        turns += (Turn(r.name, bits, len(space.regions_of[r.allowed])) for bits in space.levels for r in order[bits])
    placed, unplaced = _place(space, order, None)
    if not unplaced:
        return Packing(placed, ())
    if (quotas := Search(space, budget).run()) is None:
        return Packing(placed, unplaced, proven=not budget.exhausted)
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
    taken = merge(reserved)
    budget = Budget(limit)
    return all(
        Search(FreeSpace(part.sets, taken, part.requests), budget).run() is not None
        for part in independent_parts(allowed_sets, list(requests))
    )


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
        cells = [_Cell(SpaceClass(space.masks[region], -1), region, heap) for region, heap in sorted(heaps.items())]
        cells += mixed
        queues = (
            _queues_by_rule(space, cells, space.demand[bits])
            if quotas is None
            else _queues_by_quota(space, cells, quotas[level])
        )
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


def _queues_by_rule(space: FreeSpace, cells: Iterable[_Cell], users: Iterable[int]) -> dict[int, _Queue]:
    """Return the queue from which each allowed set is served: all cells that it may use."""
    usable: dict[int, list[_Cell]] = {d: [] for d in users}
    for cell in cells:
        for d in space.users_of[cell.region]:
            if d in usable:
                usable[d].append(cell)
    return {d: _Queue([(_group(space, d, own), _UNLIMITED)]) for d, own in usable.items()}


def _queues_by_quota(space: FreeSpace, cells: Iterable[_Cell], quotas: LevelQuotas) -> dict[int, _Queue]:
    """Return the queue from which each allowed set is served: as many of each class as the search decided."""
    by_kind: dict[SpaceClass, list[_Cell]] = {}
    for cell in cells:
        by_kind.setdefault(cell.kind, []).append(cell)
    return {
        d: _Queue([(_group(space, d, by_kind.get(kind, ())), number) for kind, number in quota])
        for d, quota in quotas.items()
    }


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
