"""Find places for aligned blocks: pure integers of one IP version, no plan, no catalogue.

A request wants a block of 2^bits addresses inside one of its allowed regions, outside everything reserved and
apart from every other block. Regions may nest, and each request may have its own. The rule of placement:
larger blocks first, then those with fewer regions to choose from, then by name; regions in the order given;
the lowest free address. Where that rule alone leads into a corner, an exact search decides how many blocks of
each size go where, and the rule decides the rest, so a packing is found wherever one exists.

Why counting is enough. Blocks are aligned, so each lies in exactly one maximal free block. Going from the
largest size down, free slots of one size that the same requests may use are alike: which of them is taken
changes nothing for the sizes to come. So the state of the search is how much of each class of space is left.
A slot that holds a smaller region, which more requests may use, is a class of its own until it is split.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from heapq import heapify, heappop, heapreplace
from itertools import combinations
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

Region = tuple[int, int]
"""An aligned block as first address and number of host bits."""
Span = tuple[int, int]
"""First and last address."""

SEARCH_LIMIT = 200_000
"""Steps of the exact search before it gives up and answers "not found"."""


class Request(NamedTuple):
    """A block of 2^bits addresses wanted in one of the regions of allowed set number `allowed`.

    Names are unique: they decide the order among equals.
    """

    name: str
    bits: int
    allowed: int


class Packing(NamedTuple):
    """The answer: first addresses by name, what the rule could not place, and what that means.

    Complete where `unplaced` is empty. Else `placed` is what the rule alone could place, and `proven` tells
    whether no packing of all requests exists or the search only ended at its limit.
    """

    placed: dict[str, int]
    unplaced: tuple[Request, ...]
    proven: bool = True


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


def pack(
    allowed_sets: Sequence[Sequence[Region]],
    reserved: Iterable[Span],
    requests: Iterable[Request],
    limit: int = SEARCH_LIMIT,
) -> Packing:
    """Place every request, or tell that it cannot be done: n log n, and the search where needed."""
    wanted = list(requests)
    if not wanted:
        return Packing({}, ())
    space = _Space(allowed_sets, merge(reserved), wanted)
    placed, unplaced = _place(space, wanted, None)
    if not unplaced:
        return Packing(placed, ())
    search = _Search(space, limit)
    if (quotas := search.run()) is None:
        return Packing(placed, unplaced, proven=not search.exhausted)
    placed, unplaced = _place(space, wanted, quotas)
    if unplaced:
        raise AssertionError("the search promised a packing that the placement could not keep")
    return Packing(placed, ())


def fits(
    allowed_sets: Sequence[Sequence[Region]],
    reserved: Iterable[Span],
    requests: Iterable[Request],
    limit: int = SEARCH_LIMIT,
) -> bool:
    """Tell whether a packing exists and is found, without placing anything; the cost of a few counts."""
    wanted = list(requests)
    return not wanted or _Search(_Space(allowed_sets, merge(reserved), wanted), limit).run() is not None


class _Space:
    """The free space of one packing, typed by who may use it.

    `regions` are all distinct regions, outer before inner. `masks[r]` has bit d set where allowed set d may
    use every place in region r. `blocks` are the maximal aligned free blocks by host bits, each with the
    outermost region that holds it.
    """

    def __init__(
        self, allowed_sets: Sequence[Sequence[Region]], reserved: list[Span], requests: Sequence[Request]
    ) -> None:
        self.allowed_sets = allowed_sets
        demand: dict[int, dict[int, int]] = {}
        for _, bits, allowed in requests:
            level = demand.setdefault(bits, {})
            level[allowed] = level.get(allowed, 0) + 1
        self.demand = demand
        self.levels = sorted(demand, reverse=True)
        self.users = sorted({d for level in demand.values() for d in level})
        self.regions = sorted({r for d in self.users for r in allowed_sets[d]}, key=lambda r: (r[0], -r[1]))
        self._firsts = [first for first, _ in self.regions]
        index = {region: i for i, region in enumerate(self.regions)}
        own = [0] * len(self.regions)
        for d in self.users:
            for region in allowed_sets[d]:
                own[index[region]] |= 1 << d
        self.masks: list[int] = []
        self.parents: list[int] = []
        self._children: list[list[int]] = [[] for _ in self.regions]
        stack: list[int] = []
        self.roots: list[int] = []
        for i, (first, _) in enumerate(self.regions):
            while stack and self.end(stack[-1]) <= first:
                stack.pop()
            parent = stack[-1] if stack else -1
            self.parents.append(parent)
            self.masks.append(own[i] | (self.masks[parent] if stack else 0))
            (self._children[parent] if stack else self.roots).append(i)
            stack.append(i)
        self._child_firsts = [[self._firsts[c] for c in kids] for kids in self._children]
        self.blocks: dict[int, list[tuple[int, int]]] = {}
        lowest = self.levels[-1] if self.levels else 0
        for root in self.roots:
            for first, last in gaps(self._firsts[root], self.end(root) - 1, reserved):
                for start, bits in aligned_blocks(first, last):
                    if bits >= lowest:
                        self.blocks.setdefault(bits, []).append((start, root))
        self._ranks: dict[tuple[int, int], int] = {}
        self._order = {d: {region: i for i, region in enumerate(dict.fromkeys(allowed_sets[d]))} for d in self.users}

    def end(self, region: int) -> int:
        first, bits = self.regions[region]
        return first + (1 << bits)

    def rank(self, d: int, region: int) -> int:
        """Return the place, in the order of allowed set d, of the first region that holds this one."""
        found = self._ranks.get((d, region))
        if found is None:
            order, at, found = self._order[d], region, len(self.regions)
            while at >= 0:
                found = min(found, order.get(self.regions[at], found))
                at = self.parents[at]
            self._ranks[d, region] = found
        return found

    def split(
        self,
        first: int,
        bits: int,
        region: int,
        low: int,
        plain: list[tuple[int, int, int]],
        mixed: list[tuple[int, int]],
    ) -> None:
        """Take a free block apart until each piece lies in one region alone or has only `low` host bits.

        Adds (region, first, end) to `plain`, and (first, region) to `mixed` for pieces that hold a region.
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
                    mixed.append((first, region))
                else:
                    half = 1 << bits - 1
                    self.split(first, bits - 1, region, low, plain, mixed)
                    self.split(first + half, bits - 1, region, low, plain, mixed)
                return
            break
        plain.append((region, first, end))

    def differs_inside(self, first: int, bits: int, region: int) -> bool:
        """Tell whether a block holds a region that more requests may use than the rest of the block."""
        start, stop = bisect_left(self._firsts, first), bisect_left(self._firsts, first + (1 << bits))
        return any(self.masks[i] != self.masks[region] for i in range(start, stop))

    def new_blocks(self, level: int) -> Iterator[tuple[int, int, int]]:
        """Yield (first, bits, root) of the blocks that are large enough at this level and were not before."""
        low = self.levels[level]
        high = self.levels[level - 1] if level else 1 << 10
        for bits, blocks in self.blocks.items():
            if low <= bits < high:
                for first, root in blocks:
                    yield first, bits, root


_Class = tuple[int, int]
"""(mask, -1) for all plain space that the same allowed sets may use; (mask, first) for one mixed slot."""
_Quotas = list[dict[int, list[tuple[_Class, int]]]]
"""For each level and allowed set: how many requests go to each class."""


class _Search:
    """Depth-first search over levels for how many requests of each allowed set take slots of each class.

    Pruned by a flow bound: for a set G of allowed sets and each level j, what they ask for in blocks of that
    level and above cannot exceed what any of them may use in blocks that large; the slack is the difference.
    Placing x blocks of allowed set d lowers it only for sets G without d that may use the same space, so the
    bound is a ceiling on x.
    """

    def __init__(self, space: _Space, limit: int) -> None:
        self.space = space
        self.limit = limit
        self.steps = 0
        self.exhausted = False
        self.sets = self._families(space.users)
        self._failed: set[object] = set()
        self._pieces: dict[tuple[int, int, int, int], tuple[dict[int, int], list[tuple[int, int]]]] = {}
        self.fresh: list[tuple[dict[int, int], list[tuple[int, int]]]] = []
        for level in range(len(space.levels)):
            plain: dict[int, int] = {}
            mixed: list[tuple[int, int]] = []
            for first, bits, root in space.new_blocks(level):
                self._add(first, bits, root, level, plain, mixed)
            self.fresh.append((plain, mixed))
        self.slack = [self._slack(mask) for mask in self.sets]

    def _families(self, users: list[int]) -> list[int]:
        """Return the sets of allowed sets to bound: all while few, else some that matter most."""
        if len(users) <= 6:
            return [
                sum(1 << d for d in chosen)
                for count in range(1, len(users) + 1)
                for chosen in combinations(users, count)
            ]
        masks = set(self.space.masks)
        within = {d: sum(1 << e for e in users if all(m >> d & 1 for m in masks if m >> e & 1)) for d in users}
        return sorted({*(1 << d for d in users), *within.values(), sum(1 << d for d in users)})

    def _add(
        self,
        first: int,
        bits: int,
        region: int,
        level: int,
        plain: dict[int, int],
        mixed: list[tuple[int, int]],
    ) -> None:
        """Count a free block at a level: addresses by mask, and the slots that are classes of their own."""
        space = self.space
        pieces: list[tuple[int, int, int]] = []
        slots: list[tuple[int, int]] = []
        low = space.levels[level]
        space.split(first, bits, region, low, pieces, slots)
        for place, start, end in pieces:
            mask = space.masks[place]
            plain[mask] = plain.get(mask, 0) + end - start
        for start, place in slots:
            if space.differs_inside(start, low, place):
                mixed.append((start, place))
            else:
                mask = space.masks[place]
                plain[mask] = plain.get(mask, 0) + (1 << low)

    def _released(self, first: int, bits: int, region: int, level: int) -> tuple[dict[int, int], list[tuple[int, int]]]:
        """Return what a mixed block gives at a lower level, remembered."""
        key = (first, bits, region, level)
        if key not in self._pieces:
            plain: dict[int, int] = {}
            mixed: list[tuple[int, int]] = []
            self._add(first, bits, region, level, plain, mixed)
            self._pieces[key] = plain, mixed
        return self._pieces[key]

    def _usable(self, first: int, bits: int, region: int, level: int, family: int) -> int:
        """Return how many addresses of a mixed block a family may use in blocks of a level."""
        masks = self.space.masks
        if masks[region] & family:
            return 1 << bits
        plain, mixed = self._released(first, bits, region, level)
        low = 1 << self.space.levels[level]
        return sum(n for mask, n in plain.items() if mask & family) + sum(
            low for _, place in mixed if masks[place] & family
        )

    def _slack(self, family: int) -> list[int]:
        slack = []
        asked = 0
        for level, bits in enumerate(self.space.levels):
            asked += sum(n for d, n in self.space.demand[bits].items() if family >> d & 1) << bits
            room = 0
            for earlier in range(level + 1):
                plain, mixed = self.fresh[earlier]
                room += sum(n for mask, n in plain.items() if mask & family)
                size = self.space.levels[earlier]
                room += sum(self._usable(first, size, place, level, family) for first, place in mixed)
            slack.append(room - asked)
        return slack

    def run(self) -> _Quotas | None:
        """Return quotas that lead to a packing, None where there is none or the limit was reached."""
        if any(value < 0 for row in self.slack for value in row):
            return None
        quotas: _Quotas = [{} for _ in self.space.levels]
        return quotas if self._level(0, {}, [], quotas) else None

    def _level(self, level: int, left: dict[int, int], unused: list[tuple[int, int]], quotas: _Quotas) -> bool:
        """Enter a level with what larger ones left: plain addresses by mask and unused mixed slots."""
        if level == len(self.space.levels):
            return True
        fresh, slots = self.fresh[level]
        plain = dict(left)
        for mask, count in fresh.items():
            plain[mask] = plain.get(mask, 0) + count
        mixed = list(slots)
        for first, region in unused:
            released, pieces = self._released(first, self.space.levels[level - 1], region, level)
            for mask, count in released.items():
                plain[mask] = plain.get(mask, 0) + count
            mixed += pieces
        state = (level, tuple(sorted(plain.items())), tuple(sorted(mixed)))
        if state in self._failed:
            return False
        masks = self.space.masks
        slots_of = {(mask, -1): count >> self.space.levels[level] for mask, count in plain.items()}
        places = {(masks[region], first): region for first, region in mixed}
        slots_of.update(dict.fromkeys(places, 1))
        wanted = self.space.demand[self.space.levels[level]]
        choices = {d: self._choices(d, slots_of, places) for d in wanted}
        order = sorted(wanted, key=lambda d: (len(choices[d]), d))
        steps = [(d, at) for d in order for at in range(len(choices[d]))]
        counts: dict[tuple[int, _Class], int] = {}

        def assign(step: int, missing: int) -> bool:
            self.steps += 1
            if self.steps > self.limit:
                self.exhausted = True
                return False
            if step == len(steps):
                if missing:
                    return False
                rest = {mask: (slots_of[mask, -1] << bits) for mask in plain}
                spare = [(first, region) for (mask, first), region in places.items() if slots_of[mask, first]]
                for d in order:
                    quotas[level][d] = [(c, n) for c in choices[d] if (n := counts.get((d, c), 0))]
                return self._level(level + 1, rest, spare, quotas)
            d, at = steps[step]
            if at == 0:
                if missing:
                    return False
                missing = wanted[d]
            chosen = choices[d][at]
            later = sum(slots_of[c] for c in choices[d][at + 1 :])
            most = min(missing, slots_of[chosen], self._ceiling(level, d, chosen, places))
            for number in range(most, max(0, missing - later) - 1, -1):
                self._take(level, d, chosen, places, number)
                slots_of[chosen] -= number
                counts[d, chosen] = number
                done = assign(step + 1, missing - number)
                slots_of[chosen] += number
                self._take(level, d, chosen, places, -number)
                if done or self.exhausted:
                    return done
            return False

        bits = self.space.levels[level]
        if not all(choices[d] for d in order):
            return False
        if assign(0, 0):
            return True
        if not self.exhausted:
            self._failed.add(state)
        return False

    def _choices(self, d: int, slots_of: dict[_Class, int], places: dict[_Class, int]) -> list[_Class]:
        """Return the classes that allowed set d may use: plain ones by its regions, then mixed slots."""
        space = self.space
        ranks: dict[int, tuple[int, int]] = {}
        for region, mask in enumerate(space.masks):
            if mask >> d & 1:
                ranks[mask] = min(ranks.get(mask, (1 << 30, 0)), (space.rank(d, region), region))
        found = [c for c, count in slots_of.items() if count and c[0] >> d & 1]
        return sorted(
            found,
            key=lambda c: (c[1] >= 0, ranks[c[0]] if c[1] < 0 else (space.rank(d, places[c]), c[1])),
        )

    def _ceiling(self, level: int, d: int, chosen: _Class, places: dict[_Class, int]) -> int:
        """Return how many blocks of allowed set d the class can give before another family lacks room."""
        bits = self.space.levels[level]
        mask, first = chosen
        most = 1 << 140
        for family, slack in zip(self.sets, self.slack, strict=True):
            if family >> d & 1:
                continue
            if mask & family:
                most = min(most, min(slack[level:]) >> bits)
            elif first >= 0:
                region = places[chosen]
                for j in range(level, len(slack)):
                    if self._usable(first, bits, region, j, family) > slack[j]:
                        return 0
        return most

    def _take(self, level: int, d: int, chosen: _Class, places: dict[_Class, int], number: int) -> None:
        """Lower the slack of the families that lose the space; a negative number gives it back."""
        if not number:
            return
        bits = self.space.levels[level]
        mask, first = chosen
        for family, slack in zip(self.sets, self.slack, strict=True):
            if family >> d & 1:
                continue
            if mask & family:
                for j in range(level, len(slack)):
                    slack[j] -= number << bits
            elif first >= 0:
                region = places[chosen]
                for j in range(level, len(slack)):
                    slack[j] -= number * self._usable(first, bits, region, j, family)


_Heap = list[Span]
"""Free ranges (first, end) of one cell, the lowest on top; all are multiples of the current size."""


def _place(
    space: _Space, requests: list[Request], quotas: _Quotas | None
) -> tuple[dict[str, int], tuple[Request, ...]]:
    """Give every request the lowest free address of its first region, within a search's quotas if given."""
    heaps: dict[int, _Heap] = {}
    mixed: list[tuple[int, int, _Heap]] = []
    placed: dict[str, int] = {}
    unplaced: list[Request] = []
    by_level: dict[int, list[Request]] = {}
    for bits in space.levels:
        by_level[bits] = []
    for request in requests:
        by_level[request[1]].append(request)
    breadth = {d: sum(mask >> d & 1 for mask in space.masks) for d in space.users}
    for level, bits in enumerate(space.levels):
        plain: list[tuple[int, int, int]] = []
        slots: list[tuple[int, int]] = []
        for first, wide, root in space.new_blocks(level):
            space.split(first, wide, root, bits, plain, slots)
        for first, region, heap in mixed:
            if heap:
                space.split(first, space.levels[level - 1], region, bits, plain, slots)
        grown = set()
        for region, first, end in plain:
            heaps.setdefault(region, []).append((first, end))
            grown.add(region)
        for region in grown:
            heapify(heaps[region])
        size = 1 << bits
        mixed = [(first, region, [(first, first + size)]) for first, region in slots]
        cells = _Cells(space, bits, heaps, mixed)
        # Two stable sorts by simple keys are quicker than one by a pair, and there are many requests.
        waiting = sorted(by_level[bits], key=itemgetter(0))
        if len(space.demand[bits]) > 1:
            waiting.sort(key=lambda request: breadth[request.allowed])
        queues = {d: cells.queue(d, None if quotas is None else quotas[level][d]) for d in space.demand[bits]}
        if len(queues) == 1:
            (queue,) = queues.values()
            at = 0
            while at < len(waiting):
                first, number = queue.take(size, len(waiting) - at)
                if not number:
                    unplaced += waiting[at:]
                    break
                names = map(itemgetter(0), waiting[at : at + number])
                placed.update(zip(names, range(first, first + number * size, size), strict=True))
                at += number
            continue
        for request in waiting:
            first, number = queues[request[2]].take(size)
            if number:
                placed[request[0]] = first
            else:
                unplaced.append(request)
    return placed, tuple(unplaced)


class _Cells:
    """The heaps of one level, ordered for each allowed set."""

    def __init__(self, space: _Space, bits: int, heaps: dict[int, _Heap], mixed: list[tuple[int, int, _Heap]]) -> None:
        self._space = space
        self._all: list[tuple[_Class, int, _Heap]] = [
            ((space.masks[region], -1), region, heap) for region, heap in sorted(heaps.items())
        ]
        for first, region, heap in mixed:
            own = space.differs_inside(first, bits, region)
            self._all.append(((space.masks[region], first if own else -1), region, heap))

    def queue(self, d: int, quota: list[tuple[_Class, int]] | None) -> _Queue:
        """Return the queue from which allowed set d is served at this level."""
        if quota is None:
            cells = [c for c in self._all if c[0][0] >> d & 1]
            return _Queue([(self._groups(d, cells), 1 << 140)])
        return _Queue([(self._groups(d, [c for c in self._all if c[0] == chosen]), n) for chosen, n in quota])

    def _groups(self, d: int, cells: list[tuple[_Class, int, _Heap]]) -> list[list[_Heap]]:
        """Return the heaps in groups: earlier regions first, mixed slots that others may need last."""
        groups: dict[tuple[bool, int], list[_Heap]] = {}
        for (_, first), region, heap in cells:
            groups.setdefault((first >= 0, self._space.rank(d, region)), []).append(heap)
        return [groups[key] for key in sorted(groups)]


class _Queue:
    """Serves slots from groups of heaps, group after group, quota after quota."""

    def __init__(self, stages: list[tuple[list[list[_Heap]], int]]) -> None:
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


def _top(heap: _Heap) -> tuple[bool, int]:
    return (not heap, heap[0][0] if heap else 0)
