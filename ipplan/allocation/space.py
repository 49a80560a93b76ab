"""The free space of one packing, by who may use it: pure integers of one IP version."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from ipplan.allocation.spans import aligned_blocks, gaps

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ipplan.allocation.spans import Region, Span

_LARGER_THAN_ANY = 1 << 10
"""Host bits above those of every block: the limit for the first level."""


class Request(NamedTuple):
    """A request for a block of 2^bits addresses in one of the regions of allowed set number `allowed`.

    Names are unique: they decide the order among equals.
    """

    name: str
    bits: int
    allowed: int


class SpaceClass(NamedTuple):
    """Free space that is alike for the search.

    `slot` is -1 for all plain space that the same allowed sets may use, else the first address of one mixed slot.
    """

    mask: int
    slot: int


class Piece(NamedTuple):
    """Free space from `first` to before `end` that lies in one region alone."""

    region: int
    first: int
    end: int


class Slot(NamedTuple):
    """A free block of the size of a level that lies in one region and holds a smaller one."""

    first: int
    region: int


class FreeSpace:
    """The free space of one packing, typed by who may use it.

    `regions` are all distinct regions, outer before inner. `masks[r]` has bit d set where allowed set d may
    use every place in region r, and `users_of[r]` are these sets. `blocks` are the maximal aligned free blocks by
    host bits, each with the outermost region that holds it. `regions_of[d]` are the regions that allowed set d may
    use.
    """

    def __init__(
        self, allowed_sets: Sequence[Sequence[Region]], reserved: Sequence[Span], requests: Iterable[Request]
    ) -> None:
        demand: dict[int, dict[int, int]] = {}
        for _, bits, allowed in requests:
            level = demand.setdefault(bits, {})
            level[allowed] = level.get(allowed, 0) + 1
        self.demand = demand
        self.levels = sorted(demand, reverse=True)
        self.users = sorted({d for level in demand.values() for d in level})
        self.regions = sorted({r for d in self.users for r in allowed_sets[d]}, key=lambda r: (r[0], -r[1]))
        self._firsts = [first for first, _ in self.regions]
        self.masks: list[int] = []
        self.users_of: list[tuple[int, ...]] = []
        self._parents: list[int] = []
        self._children: list[list[int]] = [[] for _ in self.regions]
        self._nest(allowed_sets)
        self._child_firsts = [[self._firsts[c] for c in kids] for kids in self._children]
        self.blocks = self._free_blocks(reserved)
        self.regions_of: dict[int, list[int]] = {d: [] for d in self.users}
        for i, users in enumerate(self.users_of):
            for d in users:
                self.regions_of[d].append(i)
        self._ranks: dict[tuple[int, int], int] = {}
        self._order = {d: {region: i for i, region in enumerate(dict.fromkeys(allowed_sets[d]))} for d in self.users}

    def _nest(self, allowed_sets: Sequence[Sequence[Region]]) -> None:
        """Find the region around each region, and who may use it: an inner one also serves those of the outer."""
        index = {region: i for i, region in enumerate(self.regions)}
        own: list[list[int]] = [[] for _ in self.regions]
        for d in self.users:
            for region in allowed_sets[d]:
                own[index[region]].append(d)
        stack: list[int] = []
        for i, (first, _) in enumerate(self.regions):
            while stack and self.end(stack[-1]) <= first:
                stack.pop()
            parent = stack[-1] if stack else -1
            self._parents.append(parent)
            users = tuple(dict.fromkeys(own[i]))
            mask = sum(1 << d for d in users)
            if stack:
                self._children[parent].append(i)
                mask |= self.masks[parent]
                users = tuple(dict.fromkeys((*self.users_of[parent], *users)))
            self.users_of.append(users)
            self.masks.append(mask)
            stack.append(i)

    def _free_blocks(self, reserved: Sequence[Span]) -> dict[int, list[tuple[int, int]]]:
        blocks: dict[int, list[tuple[int, int]]] = {}
        lowest = self.levels[-1] if self.levels else 0
        for root, parent in enumerate(self._parents):
            if parent >= 0:
                continue
            for first, last in gaps(self._firsts[root], self.end(root) - 1, reserved):
                for start, bits in aligned_blocks(first, last):
                    if bits >= lowest:
                        blocks.setdefault(bits, []).append((start, root))
        return blocks

    def end(self, region: int) -> int:
        """Return the address after a region."""
        first, bits = self.regions[region]
        return first + (1 << bits)

    def rank(self, d: int, region: int) -> int:
        """Return the place, in the order of allowed set d, of the first region that holds this one."""
        found = self._ranks.get((d, region))
        if found is None:
            order, at, found = self._order[d], region, len(self.regions)
            while at >= 0:
                found = min(found, order.get(self.regions[at], found))
                at = self._parents[at]
            self._ranks[d, region] = found
        return found

    def in_order(self, requests: Iterable[Request]) -> dict[int, list[Request]]:
        """Return the requests by host bits in the order of placement: fewer regions first, then by name."""
        by_level: dict[int, list[Request]] = {bits: [] for bits in self.levels}
        for request in requests:
            by_level[request[1]].append(request)
        regions_of = self.regions_of
        for bits, waiting in by_level.items():
            # Two stable sorts by simple keys are quicker than one by a pair, and there are many requests.
            waiting.sort(key=itemgetter(0))
            if len(self.demand[bits]) > 1:
                waiting.sort(key=lambda request: len(regions_of[request[2]]))
        return by_level

    def split(self, first: int, bits: int, region: int, low: int, plain: list[Piece], mixed: list[Slot]) -> None:
        """Take a free block apart until each piece lies in one region alone or has only `low` host bits.

        Adds to `plain`, and to `mixed` for pieces that hold a region.
        """
        end = first + (1 << bits)
        while kids := self._children[region]:
            firsts = self._child_firsts[region]
            at = bisect_right(firsts, first) - 1
            if at >= 0 and self.end(kids[at]) >= end:
                region = kids[at]
                continue
            after = bisect_left(firsts, first)
            if after < len(firsts) and firsts[after] < end:
                if bits == low:
                    mixed.append(Slot(first, region))
                else:
                    half = 1 << bits - 1
                    self.split(first, bits - 1, region, low, plain, mixed)
                    self.split(first + half, bits - 1, region, low, plain, mixed)
                return
            break
        plain.append(Piece(region, first, end))

    def differs_inside(self, first: int, bits: int, region: int) -> bool:
        """Return whether a block holds a region that more requests may use than the rest of the block."""
        start, stop = bisect_left(self._firsts, first), bisect_left(self._firsts, first + (1 << bits))
        return any(self.masks[i] != self.masks[region] for i in range(start, stop))

    def new_blocks(self, level: int) -> Iterator[tuple[int, int, int]]:
        """Yield (first, bits, root) of the blocks that are large enough at this level and were not before."""
        low = self.levels[level]
        high = self.levels[level - 1] if level else _LARGER_THAN_ANY
        for bits, blocks in self.blocks.items():
            if low <= bits < high:
                for first, root in blocks:
                    yield first, bits, root
