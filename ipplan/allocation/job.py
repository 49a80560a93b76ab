"""Allocate the networks of one IP version: groups, packing, and the second check of the result."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.addresses import WIDTH, Prefix, covering_prefix
from ipplan.allocation.demand import Block
from ipplan.allocation.packing import Turn, pack
from ipplan.allocation.result import Shortfall
from ipplan.allocation.space import Request
from ipplan.allocation.spans import gaps, merge, reaches, region, shared_regions, span, spans_of
from ipplan.allocation.trace import Joined, Step, Trace

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ipplan.allocation.demand import Taken, Wanted
    from ipplan.allocation.packing import Packing
    from ipplan.allocation.spans import Region, Span
    from ipplan.plan.model import Plan


class Job:
    """The allocation of one IP version; `run` fills placed prefixes, notes and shortfalls by network.

    `trace` is the record of the decisions, kept only with `keep_trace`.
    """

    def __init__(
        self, plan: Plan, version: int, taken: Sequence[Taken], wanted: Sequence[Wanted], *, keep_trace: bool = False
    ) -> None:
        self.plan = plan
        self.version = version
        self.width = WIDTH[version]
        self.taken = [t for t in taken if t.prefix.version == version]
        self.wanted = wanted
        self.placed: dict[str, Prefix] = {}
        self.held: list[Span] = []
        self.notes: dict[str, str] = {}
        self.shortfalls: dict[str, Shortfall] = {}
        self.trace = Trace(self.taken) if keep_trace else None
        self._covers: list[Prefix] = []
        self._groups: dict[str, Block] = {}
        self._singles: list[Wanted] = []

    def run(self, *, advise: bool = True) -> None:
        """Place all networks of this version, or fill `shortfalls`, with `advise` including the change that helps."""
        self._reject_lengths()
        if not self.wanted:
            return
        if not any(p.prefix.version == self.version for p in self.plan.pools):
            missing = "pool" if not self.plan.pools else f"IPv{self.version} pool"
            for w in self.wanted:
                why = f"{w.network.name} needs a /{w.held}, and the plan has no {missing}"
                self._fail(w, why, "add one: byoip under [plan], or --byoip")
            return
        reserved = merge(span(t.prefix) for t in self.taken)
        self._gather(reserved)
        if self._covers:
            reserved = merge([*reserved, *map(span, self._covers)])
        sets, requests = self._requests()
        turns: list[Turn] | None = None if self.trace is None else []
        packing = pack(sets, reserved, requests, turns=turns)
        complete = not packing.unplaced and not self.shortfalls
        if self.trace is not None:
            self.trace.steps = self._steps(turns or (), self._blocks(), packing.placed if complete else {})
        if packing.unplaced:
            self._report(sets, requests, packing, advise=advise)
        if not complete:
            return
        self._verify(sets, requests, packing, reserved)
        for w in self._singles:
            self._give(w, packing.placed[w[0][0]], None)
        for group in self._groups.values():
            self._lay_out(group, packing.placed[group.key])
        self.held += map(span, self._covers)

    def _reject_lengths(self) -> None:
        """Fail the networks with a prefix that this version does not have, and leave them out."""
        for w in self.wanted:
            if w[2][0] > self.width:
                why = f"{w.network.name} needs a /{w.sizing.length}, and pool {w.network.pool} is IPv{self.version}"
                self._fail(w, why, f"use a prefix of at most {self.width}, or another pool")
        if self.shortfalls:
            self.wanted = [w for w in self.wanted if w.network.name not in self.shortfalls]

    def _gather(self, reserved: list[Span]) -> None:
        """Separate single networks from groups; place members beside pinned ones of their group at once."""
        groups: dict[str, list[Wanted]] = {}
        pins: dict[str, list[Prefix]] = {}
        for taken in self.taken:
            if taken.own is not None and taken.own.group is not None:
                pins.setdefault(taken.own.group, []).append(taken.prefix)
        for w in self.wanted:
            if (name := w[0].group) is None:
                self._singles.append(w)
            else:
                groups.setdefault(name, []).append(w)
        for name, members in groups.items():
            if name in pins:
                self._join(name, members, pins[name], reserved)
            else:
                group = Block.of_group(name, members)
                self._groups[group.key] = group

    def _join(self, group: str, members: list[Wanted], pins: list[Prefix], reserved: list[Span]) -> None:
        """Place members beside the pinned ones of their group, under the smallest cover that has room.

        A cover may hold nothing but the group, so it grows from the smallest block around the pins until the
        members fit or until it holds something else.
        """
        around = covering_prefix(pins)
        own = merge(map(span, pins))
        low, bits = region(around)
        while bits <= self.width:
            cover = (low >> bits << bits, bits)
            if any(reaches(reserved, *gap) for gap in gaps(*spans_of((cover,))[0], own)):
                break
            if self._join_under(group, members, cover, own):
                return
            bits += 1
        if self.trace is not None:
            self.trace.joined[group] = Joined(members, None, ())
        for w in members:
            self._fail(
                w,
                f"{w.network.name} needs a /{w.held} beside the pinned networks of group {group}, and no "
                f"prefix around them ({around} or larger) has that room and holds nothing else",
                f"take {w.network.name} out of group {group}, or unpin the group's other networks",
            )

    def _join_under(self, group: str, members: list[Wanted], cover: Region, own: list[Span]) -> bool:
        """Place the members of a group under one cover beside its pinned networks; return whether they fit."""
        sets = [shared_regions(w.regions, (cover,)) for w in members]
        requests = [Request(w.network.name, self.width - w.held, i) for i, w in enumerate(members)]
        turns: list[Turn] | None = None if self.trace is None else []
        packing = pack(sets, own, requests, turns=turns)
        if packing.unplaced:
            return False
        first, bits = cover
        prefix = Prefix(self.version, first, self.width - bits)
        self._covers.append(prefix)
        for w in members:
            self._give(w, packing.placed[w.network.name], f"in group {group} under {prefix}")
        self._check_blocks([(w, packing.placed[w.network.name], sets[i]) for i, w in enumerate(members)], own)
        if self.trace is not None:
            blocks = {w.network.name: Block.of_network(w) for w in members}
            steps = self._steps(turns or (), blocks, packing.placed)
            self.trace.joined[group] = Joined(members, prefix, tuple(steps))
        return True

    def _requests(self) -> tuple[list[tuple[Region, ...]], list[Request]]:
        numbers: dict[tuple[Region, ...], int] = {}
        # Networks that ask alike share one tuple of regions: its identity spares hashing it each time.
        known: dict[int, int] = {}
        requests = []
        for network, _, _, held, regions in self.wanted:
            if network.group is None:
                if (number := known.get(id(regions))) is None:
                    number = known[id(regions)] = numbers.setdefault(regions, len(numbers))
                requests.append(tuple.__new__(Request, (network[0], self.width - held, number)))
        for group in self._groups.values():
            number = numbers.setdefault(group.regions, len(numbers))
            requests.append(Request(group.key, group.bits, number))
        return list(numbers), requests

    def _lay_out(self, group: Block, first: int) -> None:
        """Place the members of a group under their cover, in their order."""
        cover = Prefix(self.version, first, self.width - group.bits)
        self._covers.append(cover)
        blocks = []
        for w in group.members:
            self._give(w, first, f"in group {group.group} under {cover}")
            blocks.append((w, first, ((cover.first, group.bits),)))
            first += 1 << self.width - w.held
        self._check_blocks(blocks, ())

    def _give(self, wanted: Wanted, first: int, note: str | None) -> None:
        network, version, (length, _, _), held, _ = wanted
        name = network[0]
        self.placed[name] = tuple.__new__(Prefix, (version, first, length))
        self.held.append((first, first + (1 << self.width - held) - 1))
        if held < length:
            growth = f"room kept to grow to {Prefix(version, first, held)}"
            note = growth if note is None else f"{note}; {growth}"
        if note is not None:
            self.notes[name] = note

    def _steps(self, turns: Iterable[Turn], blocks: Mapping[str, Block], placed: Mapping[str, int]) -> list[Step]:
        """Return the record of a packing: each block in the order of placement, and where it lies."""
        steps = []
        for turn in turns:
            first = placed.get(turn.name)
            prefix = None if first is None else Prefix(self.version, first, self.width - turn.bits)
            steps.append(Step(blocks[turn.name], turn.regions, prefix))
        return steps

    def _blocks(self) -> dict[str, Block]:
        return {**{w.network.name: Block.of_network(w) for w in self._singles}, **self._groups}

    def _verify(
        self, sets: list[tuple[Region, ...]], requests: list[Request], packing: Packing, reserved: list[Span]
    ) -> None:
        from ipplan.allocation.verify import Placed, verify

        allowed = [spans_of(regions) for regions in sets]
        verify(
            (
                tuple.__new__(Placed, (first, first + (1 << bits) - 1, name, allowed[number]))
                for name, bits, number in requests
                for first in (packing.placed[name],)
            ),
            reserved,
        )

    def _check_blocks(self, blocks: Iterable[tuple[Wanted, int, tuple[Region, ...]]], reserved: Iterable[Span]) -> None:
        from ipplan.allocation.verify import Placed, verify

        verify(
            (
                Placed(first, first + (1 << self.width - w.held) - 1, w.network.name, spans_of(regions))
                for w, first, regions in blocks
            ),
            reserved,
        )

    def _fail(self, wanted: Wanted, message: str, help_: str) -> None:
        name = wanted.network.name
        self.shortfalls[name] = Shortfall(name, wanted.held, None, message, help_)

    def _report(
        self, sets: list[tuple[Region, ...]], requests: list[Request], packing: Packing, *, advise: bool
    ) -> None:
        """Turn the requests that found no place into shortfalls."""
        from ipplan.allocation.shortfalls import FailedPacking, list_shortfalls

        failed = FailedPacking(
            self.plan, self.version, self.taken, self._covers, sets, requests, packing, self._blocks()
        )
        for shortfall in list_shortfalls(failed, with_advice=advise):
            self.shortfalls[shortfall.network] = shortfall
