"""The allocation of one IP version: groups, packing, the second look, and what is said when there is no room."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ipplan.addresses import WIDTH, Prefix, covering_prefix
from ipplan.allocation.demand import reaches, region, span
from ipplan.allocation.packing import Request, aligned_blocks, gaps, merge, pack
from ipplan.allocation.result import Failure

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ipplan.allocation.advice import Movable
    from ipplan.allocation.demand import Taken, Wanted
    from ipplan.allocation.packing import Packing, Region, Span
    from ipplan.plan.model import Plan

_NO_POOL = "name one: byoip under [plan], or --byoip"


class Group(NamedTuple):
    """The members of a group that are packed as one block, under the cover of 2^bits addresses."""

    name: str
    bits: int
    regions: tuple[Region, ...]
    members: tuple[Wanted, ...]

    @property
    def key(self) -> str:
        """The name of its request: it sorts beside a network of the same name, and the NUL keeps them apart."""
        return f"{self.name}\0"


class Job:
    """The allocation of one IP version; `run` fills placed prefixes, notes and failures by network."""

    def __init__(self, plan: Plan, version: int, taken: Sequence[Taken], wanted: Sequence[Wanted]) -> None:
        self.plan = plan
        self.version = version
        self.width = WIDTH[version]
        self.taken = [t for t in taken if t.prefix.version == version]
        self.wanted = wanted
        self.placed: dict[str, Prefix] = {}
        self.held: list[Span] = []
        self.notes: dict[str, str] = {}
        self.failures: dict[str, Failure] = {}
        self._covers: list[Prefix] = []
        self._groups: dict[str, Group] = {}
        self._singles: list[Wanted] = []

    def run(self, *, advise: bool = True) -> None:
        """Place everything of this version, or fill `failures`; without `advise` they lack what would help."""
        for w in self.wanted:
            if w[2][0] > self.width:
                why = f"{w.network.name} wants a /{w.sizing.length}, and pool {w.network.pool} is IPv{self.version}"
                self._fail(w, None, why, f"write a prefix of at most {self.width}, or another pool")
        if self.failures:
            self.wanted = [w for w in self.wanted if w.network.name not in self.failures]
        if not self.wanted:
            return
        if not any(p.prefix.version == self.version for p in self.plan.pools):
            for w in self.wanted:
                self._fail(
                    w,
                    None,
                    f"{w.network.name} needs a /{w.held}, and the plan has no {self._pool_word}",
                    _NO_POOL,
                )
            return
        reserved = merge(span(t.prefix) for t in self.taken)
        self._gather(reserved)
        if self._covers:
            reserved = merge([*reserved, *map(span, self._covers)])
        sets, requests = self._requests()
        packing = pack(sets, reserved, requests)
        if packing.unplaced or self.failures:
            self._explain(sets, requests, packing, reserved, advise=advise)
            return
        self._verify(sets, requests, packing, reserved)
        for w in self._singles:
            self._give(w, packing.placed[w[0][0]], None)
        for group in self._groups.values():
            self._lay_out(group, packing.placed[group.key])
        self.held += map(span, self._covers)

    @property
    def _pool_word(self) -> str:
        return "pool" if not self.plan.pools else f"IPv{self.version} pool"

    def _gather(self, reserved: list[Span]) -> None:
        """Tell single networks from groups; members beside pinned ones of their group are placed at once."""
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
                continue
            total = sum(1 << self.width - w.held for w in members)
            regions = members[0].regions
            for w in members[1:]:
                if w.regions != regions:
                    regions = _common(regions, w.regions)
            group = Group(name, (total - 1).bit_length(), regions, tuple(members))
            self._groups[group.key] = group

    def _join(self, group: str, members: list[Wanted], pins: list[Prefix], reserved: list[Span]) -> None:
        """Place members beside the pinned ones of their group, under the smallest cover that has room.

        A cover may hold nothing but the group, so it grows from the smallest block around the pins until the
        members fit or until something foreign lies in it.
        """
        around = covering_prefix(pins)
        own = merge(map(span, pins))
        low, bits = region(around)
        while bits <= self.width:
            first = low >> bits << bits
            last = first + (1 << bits) - 1
            if any(reaches(reserved, start, end) for start, end in gaps(first, last, own)):
                break
            cover = (first, bits)
            sets = [_common(w.regions, (cover,)) for w in members]
            requests = [Request(w.network.name, self.width - w.held, i) for i, w in enumerate(members)]
            packing = pack(sets, own, requests)
            if not packing.unplaced:
                self._covers.append(Prefix(self.version, first, self.width - bits))
                for w in members:
                    self._give(w, packing.placed[w.network.name], f"in group {group} under {self._covers[-1]}")
                self._check_blocks([(w, packing.placed[w.network.name], sets[i]) for i, w in enumerate(members)], own)
                return
            bits += 1
        for w in members:
            self._fail(
                w,
                None,
                f"{w.network.name} needs a /{w.held} beside the pinned networks of group {group}, and no "
                f"prefix around them ({around} or larger) has that room and holds nothing else",
                f"take {w.network.name} out of group {group}, or unpin the group's other networks",
            )

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

    def _lay_out(self, group: Group, first: int) -> None:
        """Place the members of a group under their cover, largest first, then by name."""
        cover = Prefix(self.version, first, self.width - group.bits)
        self._covers.append(cover)
        blocks = []
        for w in sorted(group.members, key=lambda w: (w.held, w.network.name)):
            self._give(w, first, f"in group {group.name} under {cover}")
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

    def _verify(
        self, sets: list[tuple[Region, ...]], requests: list[Request], packing: Packing, reserved: list[Span]
    ) -> None:
        from ipplan.allocation.verify import Placed, verify

        allowed = [_spans(regions) for regions in sets]
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
                Placed(first, first + (1 << self.width - w.held) - 1, w.network.name, _spans(regions))
                for w, first, regions in blocks
            ),
            reserved,
        )

    def _fail(
        self, wanted: Wanted, largest: int | None, message: str, help_: str | None, needs: int | None = None
    ) -> None:
        name = wanted.network.name
        needs = wanted.held if needs is None else needs
        self.failures[name] = Failure(name, needs, largest, message, help_)

    def _explain(
        self,
        sets: list[tuple[Region, ...]],
        requests: list[Request],
        packing: Packing,
        reserved: list[Span],
        *,
        advise: bool,
    ) -> None:
        """Turn what found no place into failures, each with what is missing and what would help."""
        if not packing.unplaced:
            return
        help_ = self._advise(sets, requests, packing) if advise else None
        bits = {r.name: r.bits for r in requests}
        used = merge([*reserved, *((first, first + (1 << bits[n]) - 1) for n, first in packing.placed.items())])
        largest: dict[int, int | None] = {}
        singles = {w.network.name: w for w in self._singles}
        for request in packing.unplaced:
            if request.allowed not in largest:
                largest[request.allowed] = self._largest(sets[request.allowed], used)
            free = largest[request.allowed]
            group = self._groups.get(request.name)
            for w in (singles[request.name],) if group is None else group.members:
                message = self._message(w, group, free, proven=packing.proven)
                self._fail(w, free, message, help_, None if group is None else self.width - group.bits)

    def _advise(self, sets: list[tuple[Region, ...]], requests: list[Request], packing: Packing) -> str | None:
        """Return the smallest change that would make everything fit, if one is found."""
        from ipplan.allocation.advice import Problem, advise

        everywhere = tuple(dict.fromkeys(region(p.prefix) for p in self.plan.pools if p.prefix.version == self.version))
        fixed = [t.prefix for t in self.taken if not t.movable and t.keep_clear is None]
        problem = Problem(
            width=self.width,
            sets=sets,
            anywhere=sets.index(everywhere) if everywhere in sets else None,
            fixed=merge(span(p) for p in (*fixed, *self._covers)),
            movable=self._movable(),
            requests=requests,
            unplaced=packing.unplaced,
            title=lambda name: f"group {self._groups[name].name}" if name in self._groups else name,
        )
        return advise(problem)

    def _message(self, wanted: Wanted, group: Group | None, free: int | None, *, proven: bool) -> str:
        network, pool = wanted.network, wanted.network.pool
        if group is None:
            needs = wanted.held
            what = f"{network.name} needs a /{needs}"
            if not wanted.regions:
                return f"{what}, and IKS takes no {network.kind.role} range of that size in pool {pool}"
        else:
            needs = self.width - group.bits
            what = f"{network.name} needs a /{needs} together with the rest of group {group.name}"
            if not group.regions:
                return f"{what}, and the members of the group may use no pool in common"
        where = "the pools" if pool is None else f"pool {pool}"
        left = "nothing" if free is None else f"no block larger than a /{free}"
        rest = f"with the other networks placed, {left} is left in {where}"
        if free is not None and free <= needs:
            rest = f"no arrangement was found that leaves one free in {where}"
        if not proven:
            rest += "; the search ended at its limit, so a place may exist all the same"
        return f"{what}; {rest}"

    def _largest(self, regions: tuple[Region, ...], used: list[Span]) -> int | None:
        best = max(
            (
                bits
                for first, wide in regions
                for start, end in gaps(first, first + (1 << wide) - 1, used)
                for _, bits in aligned_blocks(start, end)
            ),
            default=None,
        )
        return None if best is None else self.width - best

    def _movable(self) -> list[Movable]:
        """Return the reservations that the plan could give up, those first that need no other place."""
        from ipplan.allocation.advice import Movable

        found = [
            Movable(f"drop avoid {t.prefix}", (span(t.prefix),), None) for t in self.taken if t.category == "avoid"
        ]
        found += self._kept_clear()
        found += [
            Movable(
                f"let {t.own.name} move from {t.own.prefix}"
                if t.category == "kept"
                else f"unpin {t.own.name} at {t.own.prefix}",
                (span(t.prefix),),
                self.width - t.prefix.length,
            )
            for t in self.taken
            if t.own is not None and t.movable
        ]
        return found

    def _kept_clear(self) -> Iterator[Movable]:
        """Yield what the platforms of `keep-clear` take that the plan does not have; one may have what another has."""
        from ipplan.allocation.advice import Movable
        from ipplan.catalog import KEEP_CLEAR

        kept = [t for t in self.taken if t.keep_clear is not None]
        if kept:
            pools = [pool.prefix for pool in self.plan.pools]
            near = {t.keep_clear for t in kept if any(t.prefix.overlaps(pool) for pool in pools)}
            names = ", ".join(name for name in KEEP_CLEAR if name in near)
            yield Movable(f"leave {names} out of keep-clear under [plan]", tuple(span(t.prefix) for t in kept), None)


def _spans(regions: Iterable[Region]) -> list[Span]:
    return [(first, first + (1 << bits) - 1) for first, bits in regions]


def _common(one: Iterable[Region], other: Iterable[Region]) -> tuple[Region, ...]:
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
