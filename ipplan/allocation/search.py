"""The exact search: how many blocks of each size go where, so that all find a place if they can.

Why counting is enough. Blocks are aligned, so each lies in exactly one maximal free block. Going from the
largest size down, free slots of one size that the same requests may use are alike: which of them is taken
changes nothing for the sizes to come. So the state of the search is how much of each class of space is left.
A slot that holds a smaller region, which more requests may use, is a class of its own until it is split.
"""

from __future__ import annotations

from itertools import accumulate, combinations
from typing import TYPE_CHECKING, NamedTuple

from ipplan.allocation.space import Slot, SpaceClass

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ipplan.allocation.space import FreeSpace, Piece

LevelQuotas = dict[int, list[tuple[SpaceClass, int]]]
"""For each allowed set of one level: how many requests go to each class."""

_MOST_COMBINED = 6
"""Bound every combination of allowed sets if there are at most this many: 63 combinations."""
_UNLIMITED = 1 << 140
"""More blocks than any address space has."""


class _Offer(NamedTuple):
    """Space at one level: plain addresses by mask, and the mixed slots, which are classes of their own."""

    plain: dict[int, int]
    mixed: list[Slot]

    def add(self, other: _Offer) -> None:
        for mask, count in other.plain.items():
            self.plain[mask] = self.plain.get(mask, 0) + count
        self.mixed.extend(other.mixed)


class Budget:
    """The steps that the exact search may still take, of all parts of a packing together."""

    def __init__(self, steps: int) -> None:
        self._left = steps

    @property
    def exhausted(self) -> bool:
        """Whether a step was refused."""
        return self._left < 0

    def spend(self) -> bool:
        """Count a step; return whether it is allowed."""
        self._left -= 1
        return self._left >= 0


class Search:
    """Depth-first search over levels for how many requests of each allowed set take slots of each class.

    Pruned by a flow bound: for a set G of allowed sets and each level j, what they ask for in blocks of that
    level and above cannot exceed what any of them may use in blocks that large; the slack is the difference.
    Placing x blocks of allowed set d lowers it only for sets G without d that may use the same space, so the
    bound is a ceiling on x.
    """

    def __init__(self, space: FreeSpace, budget: Budget) -> None:
        self.space = space
        self.budget = budget
        self._families = _families(space)
        self._families_of: dict[int, list[int]] = {d: [] for d in space.users}
        for index, family in enumerate(self._families):
            for d in _bits(family):
                self._families_of[d].append(index)
        self._touched_by: dict[int, list[int]] = {}
        self._failed: set[object] = set()
        self._pieces: dict[tuple[int, int, int, int], _Offer] = {}
        self._fresh: list[_Offer] = []
        for level in range(len(space.levels)):
            offer = _Offer({}, [])
            for first, bits, root in space.new_blocks(level):
                self._count(first, bits, root, level, offer)
            self._fresh.append(offer)
        self._slack = [self._slack_of(family) for family in self._families]

    def _count(self, first: int, bits: int, region: int, level: int, offer: _Offer) -> None:
        """Add a free block to what a level offers."""
        space = self.space
        pieces: list[Piece] = []
        slots: list[Slot] = []
        low = space.levels[level]
        space.split(first, bits, region, low, pieces, slots)
        plain = offer.plain
        for place, start, end in pieces:
            mask = space.masks[place]
            plain[mask] = plain.get(mask, 0) + end - start
        for slot in slots:
            if space.differs_inside(slot.first, low, slot.region):
                offer.mixed.append(slot)
            else:
                mask = space.masks[slot.region]
                plain[mask] = plain.get(mask, 0) + (1 << low)

    def _released(self, slot: Slot, bits: int, level: int) -> _Offer:
        """Return what a mixed block of 2^bits addresses offers at a lower level, remembered."""
        key = (*slot, bits, level)
        if key not in self._pieces:
            offer = self._pieces[key] = _Offer({}, [])
            self._count(slot.first, bits, slot.region, level, offer)
        return self._pieces[key]

    def _usable(self, slot: Slot, bits: int, level: int, family: int) -> int:
        """Return how many addresses of a mixed block a family may use in blocks of a level."""
        masks = self.space.masks
        if masks[slot.region] & family:
            return 1 << bits
        plain, mixed = self._released(slot, bits, level)
        low = 1 << self.space.levels[level]
        return sum(n for mask, n in plain.items() if mask & family) + sum(
            low for inner in mixed if masks[inner.region] & family
        )

    def _slack_of(self, family: int) -> list[int]:
        space = self.space
        users = list(_bits(family))
        masks = {space.masks[region] for d in users for region in space.regions_of[d]}
        slack = []
        asked = plain_room = 0
        for level, bits in enumerate(space.levels):
            demand = space.demand[bits]
            asked += sum(demand.get(d, 0) for d in users) << bits
            plain = self._fresh[level].plain
            plain_room += sum(plain[mask] for mask in masks & plain.keys())
            mixed_room = sum(
                self._usable(slot, space.levels[earlier], level, family)
                for earlier in range(level + 1)
                for slot in self._fresh[earlier].mixed
            )
            slack.append(plain_room + mixed_room - asked)
        return slack

    def run(self) -> list[LevelQuotas] | None:
        """Return quotas by level that lead to a packing, None where there is none or the limit was reached."""
        if any(value < 0 for row in self._slack for value in row):
            return None
        quotas: list[LevelQuotas] = [{} for _ in self.space.levels]
        return quotas if self.enter(0, _Offer({}, []), quotas) else None

    def enter(self, level: int, left: _Offer, quotas: list[LevelQuotas]) -> bool:
        """Search a level and all below it, with what larger blocks left; fill `quotas` where it succeeds."""
        if level == len(self.space.levels):
            return True
        offer = _Offer(dict(left.plain), [])
        offer.add(self._fresh[level])
        for slot in left.mixed:
            offer.add(self._released(slot, self.space.levels[level - 1], level))
        state = (level, tuple(sorted(offer.plain.items())), tuple(sorted(offer.mixed)))
        if state in self._failed:
            return False
        found = _Level(self, level, offer, quotas).search()
        if not found and not self.budget.exhausted:
            self._failed.add(state)
        return found

    def _touched(self, chosen: SpaceClass) -> Iterator[tuple[int, list[int]]]:
        """Yield the families that may use space of a class, with their slack."""
        if chosen.slot >= 0:
            # Inside a mixed slot, others may use a part of it.
            yield from zip(self._families, self._slack, strict=True)
            return
        found = self._touched_by.get(chosen.mask)
        if found is None:
            found = sorted({index for d in _bits(chosen.mask) for index in self._families_of[d]})
            self._touched_by[chosen.mask] = found
        for index in found:
            yield self._families[index], self._slack[index]

    def ceiling(self, level: int, d: int, chosen: SpaceClass, places: Mapping[SpaceClass, int]) -> int:
        """Return how many blocks of allowed set d the class can give before another family has too little room."""
        bits = self.space.levels[level]
        most = _UNLIMITED
        for family, slack in self._touched(chosen):
            if family >> d & 1:
                continue
            if chosen.mask & family:
                most = min(most, min(slack[level:]) >> bits)
            elif chosen.slot >= 0:
                slot = Slot(chosen.slot, places[chosen])
                for j in range(level, len(slack)):
                    if self._usable(slot, bits, j, family) > slack[j]:
                        return 0
        return most

    def take(self, level: int, d: int, chosen: SpaceClass, places: Mapping[SpaceClass, int], number: int) -> None:
        """Lower the slack of the families that lose the space; a negative number gives it back."""
        if not number:
            return
        bits = self.space.levels[level]
        for family, slack in self._touched(chosen):
            if family >> d & 1:
                continue
            if chosen.mask & family:
                for j in range(level, len(slack)):
                    slack[j] -= number << bits
            elif chosen.slot >= 0:
                slot = Slot(chosen.slot, places[chosen])
                for j in range(level, len(slack)):
                    slack[j] -= number * self._usable(slot, bits, j, family)


def _families(space: FreeSpace) -> list[int]:
    """Return the sets of allowed sets to bound: all of them while they are few, else those that matter most."""
    users = space.users
    if len(users) <= _MOST_COMBINED:
        return [
            sum(1 << d for d in chosen) for count in range(1, len(users) + 1) for chosen in combinations(users, count)
        ]
    # For each allowed set, those that lie within it: wherever e may lie, d may lie too.
    within = dict.fromkeys(users, 0)
    for e in users:
        if own := space.regions_of[e]:
            for d in set.intersection(*(set(space.users_of[region]) for region in own)):
                within[d] |= 1 << e
    return sorted({*(1 << d for d in users), *within.values(), sum(1 << d for d in users)})


def _bits(mask: int) -> Iterator[int]:
    """Yield the numbers of the bits that are set, lowest first."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


class _Level:
    """One level of the search: each allowed set in turn takes blocks from each class that it may use.

    `places` is the region of each mixed slot, `slots` the blocks that each class still has.
    """

    def __init__(self, search: Search, level: int, offer: _Offer, quotas: list[LevelQuotas]) -> None:
        self._search = search
        self._level = level
        self._quotas = quotas
        space = search.space
        self._bits = bits = space.levels[level]
        self._masks = list(offer.plain)
        self._slots = {SpaceClass(mask, -1): count >> bits for mask, count in offer.plain.items()}
        self._places = {SpaceClass(space.masks[slot.region], slot.first): slot.region for slot in offer.mixed}
        self._slots.update(dict.fromkeys(self._places, 1))
        self._of_mask: dict[int, list[SpaceClass]] = {}
        for one, count in self._slots.items():
            if count:
                self._of_mask.setdefault(one.mask, []).append(one)
        self._wanted = space.demand[bits]
        self._choices = {d: self._classes(d) for d in self._wanted}
        # Those with fewer choices come first: a dead end shows early.
        self._order = sorted(self._wanted, key=lambda d: (len(self._choices[d]), d))
        self._turns = [(d, at) for d in self._order for at in range(len(self._choices[d]))]
        self._counts: dict[tuple[int, SpaceClass], int] = {}
        self._later: dict[int, list[int]] = {}

    def _classes(self, d: int) -> Sequence[SpaceClass]:
        """Return the classes that allowed set d may use: plain ones by its regions, then mixed slots."""
        space = self._search.space
        ranks: dict[int, tuple[int, int]] = {}
        for region in space.regions_of[d]:
            mask = space.masks[region]
            rank = (space.rank(d, region), region)
            ranks[mask] = min(ranks.get(mask, rank), rank)

        def key(c: SpaceClass) -> tuple[bool, tuple[int, int]]:
            return (False, ranks[c.mask]) if c.slot < 0 else (True, (space.rank(d, self._places[c]), c.slot))

        return sorted((c for mask in ranks for c in self._of_mask.get(mask, ())), key=key)

    def search(self) -> bool:
        """Return whether this level and all below it find their places.

        Not recursive within a level: there may be more turns than Python allows calls within calls.
        """
        budget = self._search.budget
        if not all(self._choices[d] for d in self._order) or not budget.spend():
            return False
        stack = [self._take_some(0, 0)]
        while stack:
            missing = next(stack[-1], None)
            if missing is None:
                stack.pop()
                continue
            if not budget.spend():
                return False
            if len(stack) < len(self._turns):
                stack.append(self._take_some(len(stack), missing))
            elif not missing and self._descend():
                return True
            if budget.exhausted:
                return False
        return False

    def _take_some(self, turn: int, missing: int) -> Iterator[int]:
        """Let the allowed set of a turn take blocks from one class, most first; yield how many it still misses.

        What was taken is given back before the next try. `missing` are those that it misses before the turn.
        """
        search = self._search
        d, at = self._turns[turn]
        if at == 0:
            if missing:
                return
            missing = self._wanted[d]
            # What the classes after each one offer. The turns of an allowed set take nothing from later classes.
            sizes = [self._slots[c] for c in reversed(self._choices[d])]
            self._later[d] = [0, *accumulate(sizes)][-2::-1]
        slots, places = self._slots, self._places
        chosen, later = self._choices[d][at], self._later[d][at]
        most = min(missing, slots[chosen], search.ceiling(self._level, d, chosen, places))
        for number in range(most, max(0, missing - later) - 1, -1):
            search.take(self._level, d, chosen, places, number)
            slots[chosen] -= number
            self._counts[d, chosen] = number
            yield missing - number
            slots[chosen] += number
            search.take(self._level, d, chosen, places, -number)

    def _descend(self) -> bool:
        """Note what each allowed set takes here, and search the next level with what is left."""
        slots = self._slots
        left = _Offer(
            {mask: slots[SpaceClass(mask, -1)] << self._bits for mask in self._masks},
            [Slot(c.slot, region) for c, region in self._places.items() if slots[c]],
        )
        for d in self._order:
            taken = ((c, self._counts.get((d, c), 0)) for c in self._choices[d])
            self._quotas[self._level][d] = [(c, number) for c, number in taken if number]
        return self._search.enter(self._level + 1, left, self._quotas)
