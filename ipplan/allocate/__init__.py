"""Allocate the networks of a plan that state no range: from plan and catalogue to an `Allocation`.

A function of its arguments alone. It must not know how a result is printed, and it never changes a plan.
How blocks find their places is `packing`; what would make them fit is `advice`; `verify` looks at the result
again.

The whole allocation stands or falls together: where one network finds no place, none is allocated.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from ipplan.addresses import WIDTH, Prefix
from ipplan.allocate.packing import Request, aligned_blocks, gaps, merge, pack
from ipplan.plan.sizing import Sizing, request_version, size_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ipplan.allocate.advice import Movable
    from ipplan.allocate.packing import Packing, Region, Span
    from ipplan.catalog import Catalog
    from ipplan.findings import Source
    from ipplan.plan.model import Network, Plan

Status = Literal["allocated", "pinned", "default", "to-order"]


class Row(NamedTuple):
    """What became of one declared network. `prefix` is None exactly where IBM Cloud has to provide it.

    `pool` is the first pool that holds the prefix, if any does.
    """

    network: Network
    status: Status
    prefix: Prefix | None
    pool: Prefix | None
    reason: str


class PoolReport(NamedTuple):
    """How full a pool is, in addresses: unusable + allocated + free = size.

    Unusable is what the catalogue and `[[avoid]]` take; allocated is what networks of the plan hold beside
    that, room kept for growth and for groups included.
    """

    prefix: Prefix
    given: str
    unusable: int
    allocated: int
    free: int
    largest_free: Prefix | None


class Failure(NamedTuple):
    """A network that found no place. `needs` and `largest_free` are prefix lengths.

    `largest_free` is the largest free block that the network may use with all others placed; None for none.
    """

    network: str
    needs: int
    largest_free: int | None
    message: str
    help: str | None


class Skipped(NamedTuple):
    """A reservation that takes space of a pool; `category` is avoid, pinned or default for the plan's own."""

    prefix: Prefix
    category: str
    reason: str
    source: Source | None


@dataclass(frozen=True)
class Allocation:
    """The whole result, rows and failures in the order of the plan.

    Invariant, verified when `allocate` builds it: allocated prefixes are pairwise disjoint, each inside a
    pool that its network may use and outside every reservation; with any failure no row is allocated.
    """

    plan_name: str | None
    file: str
    edition: str
    pools: tuple[PoolReport, ...]
    rows: tuple[Row, ...]
    failures: tuple[Failure, ...]
    skipped: tuple[Skipped, ...]
    free: tuple[Prefix, ...]

    @property
    def ok(self) -> bool:
        """Whether every network has its place."""
        return not self.failures


def allocate(plan: Plan, catalog: Catalog, *, data_centers_only: bool = False) -> Allocation:
    """Give every network without a range its place, or tell what is missing.

    `data_centers_only` narrows IBM's customer private ranges to those of the plan's data centers. The same
    arguments give the same result. Raises AllocationDefectError where the result does not hold.
    """
    taken = _taken(plan, catalog, frozenset(plan.data_centers) if data_centers_only else None)
    wanted = list(_wanted(plan))
    failures: dict[str, Failure] = {}
    placed: dict[str, Prefix] = {}
    notes: dict[str, str] = {}
    held: list[Prefix] = []
    for version in (4, 6):
        mine = [w for w in wanted if w.version == version]
        job = _Job(plan, version, taken, mine)
        job.run()
        failures.update(job.failures)
        placed.update(job.placed)
        notes.update(job.notes)
        held += job.held
    if failures:
        placed, held = {}, []
    return Allocation(
        plan_name=plan.name,
        file=plan.file,
        edition=catalog.edition,
        pools=_pool_reports(plan, taken, held),
        rows=_rows(plan, wanted, placed, notes),
        failures=tuple(failures[n.name] for n in plan.networks if n.name in failures),
        skipped=_skipped(plan, taken),
        free=tuple(_free(plan, taken, held)),
    )


class _Wanted(NamedTuple):
    """A network to allocate: its sizing, the length of the block it holds, and the regions it may lie in."""

    network: Network
    version: int
    sizing: Sizing
    held: int
    regions: tuple[Region, ...]


class _Taken(NamedTuple):
    """Space that is spoken for, and why. `own` is the pinned or default network that holds it."""

    prefix: Prefix
    category: str
    reason: str
    source: Source | None
    own: Network | None = None


def _taken(plan: Plan, catalog: Catalog, data_centers: frozenset[str] | None) -> list[_Taken]:
    found = [
        _Taken(r.prefix, r.category.name, f"{r.title} ({', '.join(where)})" if where else r.title, r.source)
        for r in catalog.avoided(data_centers)
        for where in [[part for part in (r.data_center, r.pod) if part]]
    ]
    found += [_Taken(a.prefix, "avoid", a.reason or "avoided by the plan", None) for a in plan.avoids]
    named = [("pinned", n) for n in plan.networks if n.prefix is not None]
    for category, network in (*named, *(("default", n) for n in plan.defaults)):
        if network.prefix is not None:
            found.append(
                _Taken(
                    _with_room(network, network.prefix), category, f"network {network.name}", None, network
                )
            )
    return found


def _with_room(network: Network, prefix: Prefix) -> Prefix:
    """Return the block that a network at the prefix holds: with room to grow where it asks for it."""
    if network.grow_to is None or network.grow_to >= prefix.length:
        return prefix
    return prefix.supernet(network.grow_to)


def _wanted(plan: Plan) -> Iterator[_Wanted]:
    """Yield what has to be allocated, in the order of the plan."""
    everywhere: dict[int, tuple[Region, ...]] = {}
    for version in (4, 6):
        prefixes = dict.fromkeys(p.prefix for p in plan.pools if p.prefix.version == version)
        everywhere[version] = tuple(_region(prefix) for prefix in prefixes)
    windows: dict[tuple[str, Prefix, int], tuple[Region, ...]] = {}
    for network in plan.networks:
        if network.prefix is not None:
            continue
        provider = network.kind.provider
        if provider != "byoip" and (provider != "default" or network.pool is None):
            continue
        version = request_version(network, plan.pools)
        sizing = size_of(network, plan, version)
        held = sizing.length if network.grow_to is None else min(sizing.length, network.grow_to)
        if network.pool is None:
            regions = everywhere[version]
        elif provider == "byoip":
            regions = (_region(network.pool),)
        else:
            key = (network.kind.role, network.pool, sizing.length)
            if key not in windows:
                windows[key] = _iks_regions(*key)
            regions = windows[key]
        yield _Wanted(network, version, sizing, held, regions)


def _region(prefix: Prefix) -> Region:
    return prefix.first, WIDTH[prefix.version] - prefix.length


def _span(prefix: Prefix) -> Span:
    return prefix.first, prefix.last


def _iks_regions(role: str, pool: Prefix, length: int) -> tuple[Region, ...]:
    """Return the parts of a pool where IKS takes a pod or service range of this length."""
    from ipplan.catalog import iks_windows

    parts = [
        shared
        for window, option, longest, _ in iks_windows()
        if option == f"{role}-subnet" and length <= longest and (shared := pool.shared(window)) is not None
    ]
    return tuple(_region(part) for part in dict.fromkeys(parts))


class _Unit(NamedTuple):
    """What is packed as one block: a network, or the members of a group under one cover."""

    name: str
    bits: int
    regions: tuple[Region, ...]
    members: tuple[_Wanted, ...]
    group: str | None


class _Job:
    """The allocation of one IP version; `run` fills placed prefixes, notes and failures by network."""

    def __init__(self, plan: Plan, version: int, taken: Sequence[_Taken], wanted: Sequence[_Wanted]) -> None:
        self.plan = plan
        self.version = version
        self.width = WIDTH[version]
        self.taken = [t for t in taken if t.prefix.version == version]
        self.wanted = wanted
        self.placed: dict[str, Prefix] = {}
        self.held: list[Prefix] = []
        self.notes: dict[str, str] = {}
        self.failures: dict[str, Failure] = {}
        self._covers: list[Prefix] = []

    def run(self) -> None:
        """Place everything of this version, or fill `failures`."""
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
        reserved = merge(_span(t.prefix) for t in self.taken)
        units = self._units(reserved)
        if self._covers:
            reserved = merge([*reserved, *map(_span, self._covers)])
        sets, requests = self._requests(units)
        packing = pack(sets, reserved, requests)
        if packing.unplaced or self.failures:
            self._explain(units, sets, requests, packing, reserved)
            return
        for unit in units:
            self._settle(unit, packing.placed[unit.name])
        self._verify(units, packing, reserved)

    @property
    def _pool_word(self) -> str:
        return "pool" if not self.plan.pools else f"IPv{self.version} pool"

    def _units(self, reserved: list[Span]) -> list[_Unit]:
        """Join groups into one block each; members of a group with pinned members are placed here and now."""
        units: list[_Unit] = []
        groups: dict[str, list[_Wanted]] = {}
        pins: dict[str, list[Prefix]] = {}
        for taken in self.taken:
            if taken.own is not None and taken.own.group is not None:
                pins.setdefault(taken.own.group, []).append(taken.prefix)
        for w in self.wanted:
            if w.network.group is not None:
                groups.setdefault(w.network.group, []).append(w)
            else:
                units.append(_Unit(w.network.name, self.width - w.held, w.regions, (w,), None))
        for group, members in groups.items():
            if group in pins:
                self._join(group, members, pins[group], reserved)
                continue
            total = sum(1 << self.width - w.held for w in members)
            regions = members[0].regions
            for w in members[1:]:
                if w.regions != regions:
                    regions = _common(regions, w.regions)
            # The name sorts beside a network of the same name and can be no network's own: the end is a NUL.
            units.append(_Unit(f"{group}\0", (total - 1).bit_length(), regions, tuple(members), group))
        return units

    def _join(self, group: str, members: list[_Wanted], pins: list[Prefix], reserved: list[Span]) -> None:
        """Place members beside the pinned ones of their group, under the smallest cover that has room.

        A cover may hold nothing but the group, so it grows from the smallest block around the pins until the
        members fit or until something foreign lies in it.
        """
        low, high = min(p.first for p in pins), max(p.last for p in pins)
        own = merge(map(_span, pins))
        bits = (low ^ high).bit_length()
        while bits <= self.width:
            first = low >> bits << bits
            last = first + (1 << bits) - 1
            if any(_reaches(reserved, start, end) for start, end in gaps(first, last, own)):
                break
            cover = (first, bits)
            sets = [_common(w.regions, (cover,)) for w in members]
            requests = [Request(w.network.name, self.width - w.held, i) for i, w in enumerate(members)]
            packing = pack(sets, own, requests)
            if not packing.unplaced:
                self._covers.append(Prefix(self.version, first, self.width - bits))
                for w in members:
                    self._give(
                        w, packing.placed[w.network.name], f"in group {group} under {self._covers[-1]}"
                    )
                self._check_blocks(
                    [(w, packing.placed[w.network.name], sets[i]) for i, w in enumerate(members)], own
                )
                return
            bits += 1
        bits = (low ^ high).bit_length()
        around = Prefix(self.version, low >> bits << bits, self.width - bits)
        for w in members:
            self._fail(
                w, None,
                f"{w.network.name} needs a /{w.held} beside the pinned networks of group {group}, and no "
                f"prefix around them ({around} or larger) has that room and holds nothing else",
                f"take {w.network.name} out of group {group}, or unpin the group's other networks",
            )  # fmt: skip

    def _requests(self, units: list[_Unit]) -> tuple[list[tuple[Region, ...]], list[Request]]:
        numbers: dict[tuple[Region, ...], int] = {}
        # Most networks share one tuple of regions: looking it up by identity spares hashing it each time.
        by_identity: dict[int, int] = {}
        requests = []
        for unit in units:
            number = by_identity.get(id(unit.regions))
            if number is None:
                number = numbers.setdefault(unit.regions, len(numbers))
                by_identity[id(unit.regions)] = number
            requests.append(Request(unit.name, unit.bits, number))
        return list(numbers), requests

    def _settle(self, unit: _Unit, first: int) -> None:
        """Take over a placed block; members of a group lie in it largest first, then by name."""
        if unit.group is None:
            self._give(unit.members[0], first, None)
            return
        cover = Prefix(self.version, first, self.width - unit.bits)
        self._covers.append(cover)
        for w in sorted(unit.members, key=lambda w: (w.held, w.network.name)):
            self._give(w, first, f"in group {unit.group} under {cover}")
            first += 1 << self.width - w.held

    def _give(self, wanted: _Wanted, first: int, note: str | None) -> None:
        name, length, held = wanted.network.name, wanted.sizing.length, wanted.held
        self.placed[name] = tuple.__new__(Prefix, (self.version, first, length))
        block = tuple.__new__(Prefix, (self.version, first, held))
        self.held.append(block)
        if held < length:
            growth = f"room kept to grow to {block}"
            note = growth if note is None else f"{note}; {growth}"
        if note is not None:
            self.notes[name] = note

    def _verify(self, units: list[_Unit], packing: Packing, reserved: list[Span]) -> None:
        from ipplan.allocate.verify import Placed, verify

        spans = {id(unit.regions): _spans(unit.regions) for unit in units}
        verify(
            (
                Placed(u.name, first, first + (1 << u.bits) - 1, spans[id(u.regions)])
                for u in units
                for first in [packing.placed[u.name]]
            ),
            reserved,
        )
        for unit in units:
            if unit.group is not None:
                cover = (packing.placed[unit.name], unit.bits)
                blocks = [(w, self.placed[w.network.name].first, (cover,)) for w in unit.members]
                self._check_blocks(blocks, ())
        self.held += self._covers

    def _check_blocks(
        self, blocks: Iterable[tuple[_Wanted, int, tuple[Region, ...]]], reserved: Iterable[Span]
    ) -> None:
        from ipplan.allocate.verify import Placed, verify

        verify(
            (
                Placed(w.network.name, first, first + (1 << self.width - w.held) - 1, _spans(regions))
                for w, first, regions in blocks
            ),
            reserved,
        )

    def _fail(self, wanted: _Wanted, largest: int | None, message: str, help_: str | None) -> None:
        name = wanted.network.name
        self.failures[name] = Failure(name, wanted.held, largest, message, help_)

    def _explain(
        self, units: list[_Unit], sets: list[tuple[Region, ...]], requests: list[Request], packing: Packing,
        reserved: list[Span],
    ) -> None:  # fmt: skip
        """Turn what found no place into failures, each with what is missing and what would help."""
        if not packing.unplaced:
            return
        from ipplan.allocate.advice import Problem, advise

        by_name = {unit.name: unit for unit in units}
        everywhere = tuple(
            dict.fromkeys(_region(p.prefix) for p in self.plan.pools if p.prefix.version == self.version)
        )
        fixed = [t.prefix for t in self.taken if not _is_movable(t)]
        problem = Problem(
            width=self.width,
            sets=sets,
            anywhere=sets.index(everywhere) if everywhere in sets else None,
            fixed=merge(_span(p) for p in (*fixed, *self._covers)),
            movable=self._movable(),
            requests=requests,
            unplaced=packing.unplaced,
            title=lambda name: name if by_name[name].group is None else f"group {by_name[name].group}",
        )  # fmt: skip
        help_ = advise(problem)
        bits = {r.name: r.bits for r in requests}
        used = merge(
            [*reserved, *((first, first + (1 << bits[n]) - 1) for n, first in packing.placed.items())]
        )
        largest: dict[int, int | None] = {}
        for request in packing.unplaced:
            unit = by_name[request.name]
            if request.allowed not in largest:
                largest[request.allowed] = self._largest(sets[request.allowed], used)
            free = largest[request.allowed]
            for w in unit.members:
                self._fail(w, free, self._message(unit, w, free, proven=packing.proven), help_)
                if unit.group is not None:
                    failure = self.failures[w.network.name]
                    self.failures[w.network.name] = failure._replace(needs=self.width - unit.bits)

    def _message(self, unit: _Unit, wanted: _Wanted, free: int | None, *, proven: bool) -> str:
        name, needs = wanted.network.name, f"/{self.width - unit.bits}"
        what = f"{name} needs a {needs}"
        if unit.group is not None:
            what = f"{name} needs group {unit.group}'s common {needs}"
        if not unit.regions:
            pool = wanted.network.pool
            if unit.group is not None:
                return f"{what}, and the members of the group may use no pool in common"
            return f"{what}, and IKS takes no {wanted.network.kind.role} range of that size in pool {pool}"
        where = f"pool {wanted.network.pool}" if wanted.network.pool is not None else "the pools"
        left = "nothing" if free is None else f"no block larger than a /{free}"
        rest = f"with the other networks placed, {left} is left in {where}"
        if free is not None and free <= self.width - unit.bits:
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
        from ipplan.allocate.advice import Movable

        found = [
            Movable(f"drop avoid {t.prefix}", _span(t.prefix), None)
            for t in self.taken
            if t.category == "avoid"
        ]
        found += [
            Movable(f"unpin {t.own.name} at {t.own.prefix}", _span(t.prefix), self.width - t.prefix.length)
            for t in self.taken
            if t.own is not None and _is_movable(t)
        ]
        return found


def _is_movable(taken: _Taken) -> bool:
    """Tell whether the plan could give the space up; a pinned range only if it could be allocated instead."""
    if taken.own is None:
        return taken.category == "avoid"
    return taken.category == "pinned" and taken.own.kind.provider == "byoip"


_NO_POOL = "name one: byoip under [plan], or --byoip"


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


def _reaches(spans: list[Span], first: int, last: int) -> bool:
    """Tell whether merged spans share an address with first to last."""
    return next(gaps(first, last, spans), None) != (first, last)


class _PoolIndex:
    """Finds the first pool that holds a prefix, at a cost of one look-up for each pool length there is."""

    def __init__(self, plan: Plan) -> None:
        self._known: dict[Prefix, int] = {}
        for index, pool in enumerate(plan.pools):
            self._known.setdefault(pool.prefix, index)
        self._pools = [pool.prefix for pool in plan.pools]
        self._lengths = sorted({(p.version, p.length) for p in self._pools})

    def holding(self, prefix: Prefix) -> Prefix | None:
        version, first, length = prefix
        width = WIDTH[version]
        best = -1
        for kind, wide in self._lengths:
            if kind != version or wide > length:
                continue
            shift = width - wide
            index = self._known.get(tuple.__new__(Prefix, (version, first >> shift << shift, wide)), -1)
            if index >= 0 and (best < 0 or index < best):
                best = index
        return self._pools[best] if best >= 0 else None


def _rows(
    plan: Plan, wanted: Sequence[_Wanted], placed: dict[str, Prefix], notes: dict[str, str]
) -> tuple[Row, ...]:
    """Return a row for every declared network that has a place or needs none from us, in plan order."""
    pools = _PoolIndex(plan)
    sizings = {w.network.name: w.sizing for w in wanted}
    defaults = {n.name: n.prefix for n in plan.defaults if n.declared}
    rows = []
    for network in plan.networks:
        name = network.name
        prefix: Prefix | None
        if (prefix := network.prefix) is not None:
            rows.append(Row(network, "pinned", prefix, pools.holding(prefix), "pinned in the plan"))
        elif name in sizings:
            if (prefix := placed.get(name)) is not None:
                reason = sizings[name].reason
                if name in notes:
                    reason = f"{reason}; {notes[name]}"
                pool = network.pool or pools.holding(prefix)
                rows.append(Row(network, "allocated", prefix, pool, reason))
        elif (prefix := defaults.get(name)) is not None:
            what = f"the default {network.kind.role} range of {(network.kind.platform or '').upper()}"
            rows.append(Row(network, "default", prefix, pools.holding(prefix), what))
        else:
            kind = network.kind
            side = "" if kind.public is None else "public " if kind.public else "private "
            rows.append(
                Row(
                    network,
                    "to-order",
                    None,
                    None,
                    f"IBM Cloud provides it as a {kind.subnet_type} {side}subnet",
                )
            )
    return tuple(rows)


def _skipped(plan: Plan, taken: Sequence[_Taken]) -> tuple[Skipped, ...]:
    """Return the outermost reservations that touch a pool, the catalogue's before the plan's of equals."""
    spans = {
        version: merge(_span(p.prefix) for p in plan.pools if p.prefix.version == version)
        for version in (4, 6)
    }
    found: list[Skipped] = []
    for prefix, category, reason, source, _ in sorted(taken, key=lambda t: t.prefix):
        if found and found[-1].prefix.covers(prefix):
            continue
        if _reaches(spans[prefix.version], prefix.first, prefix.last):
            found.append(Skipped(prefix, category, reason, source))
    return tuple(found)


def _pool_reports(plan: Plan, taken: Sequence[_Taken], held: Sequence[Prefix]) -> tuple[PoolReport, ...]:
    hard, all_ = {}, {}
    for version in (4, 6):
        spans = [
            (t.prefix.first, t.prefix.last) for t in taken if t.prefix.version == version and t.own is None
        ]
        soft = [
            (t.prefix.first, t.prefix.last)
            for t in taken
            if t.prefix.version == version and t.own is not None
        ]
        hard[version] = merge(spans)
        all_[version] = merge([*spans, *soft, *(_span(p) for p in held if p.version == version)])
    reports = []
    for pool in plan.pools:
        prefix = pool.prefix
        usable = sum(
            last - first + 1 for first, last in gaps(prefix.first, prefix.last, hard[prefix.version])
        )
        free = 0
        largest: Region | None = None
        for first, last in gaps(prefix.first, prefix.last, all_[prefix.version]):
            free += last - first + 1
            if largest is None or last - first >= 1 << largest[1]:
                for start, bits in aligned_blocks(first, last):
                    if largest is None or bits > largest[1]:
                        largest = (start, bits)
        block = None
        if largest is not None:
            block = Prefix(prefix.version, largest[0], WIDTH[prefix.version] - largest[1])
        reports.append(PoolReport(prefix, pool.given, prefix.size - usable, usable - free, free, block))
    return tuple(reports)


def _free(plan: Plan, taken: Sequence[_Taken], held: Sequence[Prefix]) -> Iterator[Prefix]:
    """Yield what is left of the pools as the fewest prefixes, none beyond its pool, in address order."""
    for version in (4, 6):
        used = merge(
            [
                *((t.prefix.first, t.prefix.last) for t in taken if t.prefix.version == version),
                *(_span(p) for p in held if p.version == version),
            ]
        )
        end = -1
        for prefix in sorted({p.prefix for p in plan.pools if p.prefix.version == version}):
            if prefix.first <= end:
                continue
            end = prefix.last
            for first, last in gaps(prefix.first, prefix.last, used):
                for start, bits in aligned_blocks(first, last):
                    yield tuple.__new__(Prefix, (version, start, WIDTH[version] - bits))
