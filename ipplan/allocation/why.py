"""Why a network is where it is: every earlier place that it could have had, and what refused it.

A function of plan and catalogue, beside `allocate` and after it: it reads the finished allocation, walks over the
candidates again in the documented order, and never places anything. It must not know how an answer is printed.

A candidate is an aligned block as large as the network holds (its room to grow, or the cover of its group), in one
of its pools, in the order in which the rule of placement looks at them. The walk jumps from one obstacle to the
next over sorted integers, so its cost follows the number of obstacles and not that of addresses.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from ipplan.addresses import WIDTH, Prefix, covering_prefix, format_address
from ipplan.allocation import allocate
from ipplan.allocation.demand import list_covers, list_taken, list_wanted, region, span
from ipplan.allocation.packing import gaps, merge
from ipplan.findings import format_key
from ipplan.plan.sizing import Sizing, request_version, size_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ipplan.allocation.demand import Taken, Wanted
    from ipplan.allocation.packing import Region, Span
    from ipplan.allocation.result import Allocation, Failure, Row
    from ipplan.catalog import Catalog
    from ipplan.findings import Finding, Source
    from ipplan.plan.model import Network, Plan

Status = Literal["allocated", "pinned", "default", "to-order", "unplaced"]
_ORDER = "larger blocks come first, then those with fewer places to choose from, then the names decide"


class Refused(NamedTuple):
    """Candidates that follow each other, from `first` to `last`, `blocks` of them, all refused by one thing.

    `category` is a category of the catalogue, or avoid, link, pinned, default, held (room to grow), group (another
    group's cover, or outside the own), placed (a network that comes before), alignment (the block reaches beyond
    the pool), search (left for others by the exact search). `blocker` is the prefix that each candidate overlaps,
    None where there is none; `network` who holds it.
    """

    first: Prefix
    last: Prefix
    blocks: int
    category: str
    blocker: Prefix | None
    network: str | None
    reason: str
    source: Source | None


class Chosen(NamedTuple):
    """The place that the network got; `block` is the candidate, larger where room or a group is held."""

    prefix: Prefix
    block: Prefix
    pool: Prefix | None
    reason: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """The whole answer for one network.

    `block` is the length of the candidates and `block_reason` why it is not the network's own, if it is not.
    `order` tells what comes before it, `decided_by` who decides on its range. `pools` are where it may lie, in
    the order in which they are tried. `failure` is its own shortfall, or where it has none, the first other one
    that keeps everything from being allocated. Invariant: `chosen` is set exactly where status is allocated.
    """

    plan_name: str | None
    file: str
    edition: str
    network: Network
    status: Status
    prefix: Prefix | None
    size: Sizing | None
    block: int | None
    block_reason: str | None
    pools: tuple[Prefix, ...]
    order: str | None
    decided_by: str
    refused: tuple[Refused, ...]
    chosen: Chosen | None
    failure: Failure | None
    findings: tuple[Finding, ...]


def explain(
    plan: Plan,
    catalog: Catalog,
    name: str,
    *,
    data_centers_only: bool = False,
    findings: Iterable[Finding] = (),
) -> Explanation:
    """Explain the place of the network with that name; `findings` are what the check says about the plan.

    `data_centers_only` means what it means to `allocate`. Raises KeyError where the plan has no such network.
    """
    network = next((n for n in plan.networks if n.name == name), None)
    if network is None:
        raise KeyError(name)
    allocation = allocate(plan, catalog, data_centers_only=data_centers_only)
    wanted = list(list_wanted(plan))
    own = next((w for w in wanted if w.network is network), None)
    about = tuple(f for f in findings if name in f.networks and f.waived is None)
    if own is None:
        return _settled(plan, allocation, network, about)
    taken = list_taken(plan, catalog, frozenset(plan.data_centers) if data_centers_only else None)
    held = {s.prefix for s in allocation.skipped if s.category == "group"}
    taken += [cover for cover in list_covers(plan, taken) if cover.prefix in held]
    story = _Story(allocation, taken, wanted, own)
    return Explanation(
        plan_name=plan.name,
        file=plan.file,
        edition=allocation.edition,
        network=network,
        status="unplaced" if allocation.failures else "allocated",
        prefix=story.placed.get(name),
        size=own.sizing,
        block=story.width - story.bits,
        block_reason=story.block_reason(),
        pools=tuple(story.prefix(*r) for r in story.regions),
        order=story.order(),
        decided_by="ipplan allocates it",
        refused=story.refused(),
        chosen=story.chosen(),
        failure=story.failure,
        findings=about,
    )


def _settled(plan: Plan, allocation: Allocation, network: Network, findings: tuple[Finding, ...]) -> Explanation:
    """Explain a network that is not for `allocate` to place: pinned, on a default, or to be ordered."""
    row: Row = next(row for row in allocation.rows if row.network is network)
    size: Sizing | None = None
    if row.status == "pinned":
        assert row.prefix is not None
        size = Sizing(row.prefix.length, "the cidr of the plan")
        decided = f"the plan pins it ({format_key(network.cidr_key)}), and allocate never moves a pinned network"
    elif row.prefix is not None:
        platform = (network.kind.platform or "").upper()
        size = Sizing(row.prefix.length, f"the default of {platform}")
        decided = f"{platform} takes this range where the plan states neither cidr nor pool"
    else:
        if network.length is not None or network.hosts is not None:
            size = size_of(network, plan, request_version(network, plan.pools))
        decided = f"{row.reason}: order it, then write the range that it got as cidr"
    status: Status = row.status
    return Explanation(
        plan_name=plan.name,
        file=plan.file,
        edition=allocation.edition,
        network=network,
        status=status,
        prefix=row.prefix,
        size=size,
        block=None,
        block_reason=None,
        pools=(),
        order=None,
        decided_by=decided,
        refused=(),
        chosen=None,
        failure=None,
        findings=findings,
    )


class _Blocker(NamedTuple):
    """An obstacle from first to last; the prefix that people know it by may be larger."""

    first: int
    last: int
    category: str
    prefix: Prefix | None
    network: str | None
    reason: str
    source: Source | None = None


class _Block(NamedTuple):
    """What is placed as one: a network, or an unpinned group under the name that sorts it."""

    key: str
    bits: int
    regions: tuple[Region, ...]
    members: tuple[Wanted, ...]


class _Story:
    """What has to be known about one network and its rivals of the same IP version.

    A group is joined where some of its members are pinned: the others are then placed beside them, before
    everything else. A cover is what a group with members to place has for itself.
    """

    def __init__(
        self,
        allocation: Allocation,
        taken: Sequence[Taken],
        wanted: Sequence[Wanted],
        own: Wanted,
    ) -> None:
        self.own = own
        self.name = own.network.name
        self.version = own.version
        self.width = WIDTH[own.version]
        self.failures = allocation.failures
        self.taken = [t for t in taken if t.prefix.version == own.version]
        wanted = [w for w in wanted if w.version == own.version]
        self.placed = {
            row.network.name: row.prefix
            for row in allocation.rows
            if row.status == "allocated" and row.prefix is not None and row.prefix.version == own.version
        }
        pins: dict[str, list[Prefix]] = {}
        for t in self.taken:
            if t.own is not None and t.own.group is not None:
                pins.setdefault(t.own.group, []).append(t.prefix)
        groups: dict[str, list[Wanted]] = {}
        for w in wanted:
            if w.network.group is not None:
                groups.setdefault(w.network.group, []).append(w)
        self.covers = {
            name: covering_prefix([*pins.get(name, ()), *(p for w in members if (p := self._held(w)))])
            for name, members in groups.items()
            if self.placed
        }
        group = own.network.group
        self.group = group
        self.members = tuple(groups.get(group, ())) if group is not None else ()
        self.joined = group is not None and group in pins
        if self.joined and group is not None:
            cover = (region(self.covers[group]),) if self.covers else None
            self.blocks = [
                _Block(
                    w.network.name, self._bits(w), w.regions if cover is None else self._common(w.regions, cover), (w,)
                )
                for w in self.members
            ]
        else:
            self.blocks = [
                _Block(w.network.name, self._bits(w), w.regions, (w,)) for w in wanted if w.network.group is None
            ]
            self.blocks += [self._whole(g, m) for g, m in groups.items() if g not in pins]
        self.block = next(b for b in self.blocks if any(w is own for w in b.members))
        self.bits = self.block.bits
        # A joined network looks at all its places, and those outside the cover are refused by that.
        self.regions = own.regions if self.joined else self.block.regions
        self.keys = self._keys()
        self.pool = next((row.pool for row in allocation.rows if row.network is own.network), None)

    def prefix(self, first: int, bits: int) -> Prefix:
        return Prefix(self.version, first, self.width - bits)

    def _bits(self, wanted: Wanted) -> int:
        """Return the host bits that a network holds; none where it asks for more bits than there are."""
        return max(0, self.width - wanted.held)

    def _held(self, wanted: Wanted) -> Prefix | None:
        """Return the block that a placed network holds, its room to grow included."""
        placed = self.placed.get(wanted.network.name)
        return None if placed is None else placed.supernet(wanted.held)

    def _common(self, one: Iterable[Region], other: Sequence[Region]) -> tuple[Region, ...]:
        shared = (
            both
            for first in one
            for second in other
            if (both := self.prefix(*first).shared(self.prefix(*second))) is not None
        )
        return tuple(dict.fromkeys(map(region, shared)))

    def _whole(self, group: str, members: Sequence[Wanted]) -> _Block:
        """Return an unpinned group as the one block that it is placed as."""
        total = sum(1 << self._bits(w) for w in members)
        regions = members[0].regions
        for w in members[1:]:
            if w.regions != regions:
                regions = self._common(regions, w.regions)
        return _Block(f"{group}\0", (total - 1).bit_length(), regions, tuple(members))

    def _keys(self) -> dict[str, tuple[int, int, str]]:
        """Return what sorts each block into the order of placement: size, places to choose from, name."""
        sets = dict.fromkeys(b.regions for b in self.blocks)
        everywhere = {r for regions in sets for r in regions}
        breadth = {}
        for regions in sets:
            known, sizes = set(regions), {bits for _, bits in regions}
            breadth[regions] = sum(
                any(wide >= bits and (first >> wide << wide, wide) in known for wide in sizes)
                for first, bits in everywhere
            )
        return {b.key: (-b.bits, breadth[b.regions], b.key) for b in self.blocks}

    def block_reason(self) -> str | None:
        """Tell why the candidates are not of the network's own size, None where they are."""
        if self.group is not None and not self.joined:
            others = len(self.block.members) - 1
            with_ = f"with {others:,} other network{'' if others == 1 else 's'}" if others else "alone"
            return f"group {self.group} is placed as one block; {self.name} lies in it {with_}"
        if self.own.held < self.own.sizing.length:
            return f"grow-to = {self.own.held} in the plan: the whole block is held"
        return None

    def order(self) -> str:
        """Tell how many blocks come before this one, which is the last of them, and by which rule."""
        mine = self.keys[self.block.key]
        before = [key for key in self.keys.values() if key < mine]
        total = len(self.keys)
        if self.joined:
            what = f"of the {total:,} members of group {self.group} to place beside its pinned ones"
        else:
            what = f"of {total:,} blocks to place"
        if not before:
            return f"it is the first {what}: {_ORDER}"
        last = max(before)[2]
        title = f"group {last[:-1]}" if last.endswith("\0") else last
        return f"{len(before):,} {what} come{'s' * (len(before) == 1)} before it, {title} the last: {_ORDER}"

    @property
    def failure(self) -> Failure | None:
        """The network's own shortfall, or else the first one of the plan."""
        if not self.failures:
            return None
        return next((f for f in self.failures if f.network == self.name), self.failures[0])

    def refused(self) -> tuple[Refused, ...]:
        """Return every candidate before the chosen one; of an unplaced network that lacks room, all there are."""
        failure = self.failure
        too_long = self.own.sizing.length > self.width
        if failure is not None and (failure.network != self.name or self.joined or too_long):
            return ()
        stop = None if failure is not None else self._chosen_block().first
        blockers = [b for t in self.taken for b in self._of_taken(t)]
        if failure is None:
            blockers += self._of_placed()
            free = "the exact search left it for others: taking it would leave some network without a place"
        else:
            free = "clear of reservations, but no arrangement was found that gives it to"
            free = f"{free} {self.name} and places every other network"
        return tuple(_walk(self.version, self.regions, self.bits, blockers, stop, free))

    def chosen(self) -> Chosen | None:
        """Return the place that the network got, None where nothing is allocated."""
        prefix = self.placed.get(self.name)
        if prefix is None:
            return None
        block = self._chosen_block()
        what = "it" if block == prefix else str(block)
        parts = [f"{what} is the first candidate that nothing refuses"]
        if self.joined:
            cover = self.covers[self.group or ""]
            parts.append(f"{cover} is the smallest prefix around group {self.group} that has room for it")
        elif self.group is not None:
            members = sorted(self.block.members, key=lambda w: (w.held, w.network.name))
            at = 1 + next(i for i, w in enumerate(members) if w is self.own)
            parts.append(f"members lie in it largest first, then by name: {self.name} is number {at} of {len(members)}")
        if self.own.held < prefix.length:
            parts.append(f"room is kept to grow to {prefix.supernet(self.own.held)}")
        return Chosen(prefix, block, self.pool, "; ".join(parts))

    def _chosen_block(self) -> Prefix:
        if self.group is not None and not self.joined:
            # Laid out from its start; the smallest prefix around one member alone is that member.
            return self.covers[self.group].supernet(self.width - self.bits)
        held = self._held(self.own)
        assert held is not None
        return held

    def _of_taken(self, taken: Taken) -> Iterator[_Blocker]:
        """Yield the obstacles of a reservation: a pinned range and its room to grow are two."""
        first, last = span(taken.prefix)
        network = taken.own
        if network is None or network.prefix is None:
            reason = taken.reason
            if taken.category != "avoid":
                date = taken.source.date if taken.source is not None else None
                reason = f"{reason}, as of {date}" if date else reason
            elif reason != "avoided by the plan":
                reason = f"avoided by the plan: {reason}"
            yield _Blocker(first, last, taken.category, taken.prefix, None, reason, taken.source)
            return
        what = "is pinned there"
        if taken.category == "default":
            cluster = f" of cluster {network.cluster}" if network.cluster else ""
            what = f"is the platform's default{cluster}"
        own = span(network.prefix)
        yield _Blocker(*own, taken.category, network.prefix, network.name, f"network {network.name} {what}")
        room = f"room held for {network.name} at {network.prefix} to grow to {taken.prefix}"
        for start, end in gaps(first, last, [own]):
            yield _Blocker(start, end, "held", taken.prefix, network.name, room)

    def _of_placed(self) -> Iterator[_Blocker]:
        """Yield what the allocation gave to others: networks, their room to grow, covers of groups."""
        if self.joined:
            # Nothing else is in the cover, and nothing outside it is for the group.
            cover = self.covers[self.group or ""]
            outside = f"outside {cover}, the smallest prefix around group {self.group} that has room for it"
            for start, end in gaps(0, (1 << self.width) - 1, [span(cover)]):
                yield _Blocker(start, end, "group", None, None, outside)
        else:
            for name, cover in self.covers.items():
                if name != self.group:
                    yield self._of_cover(name, cover)
        mine = self.keys[self.block.key]
        for block in self.blocks:
            if block is self.block or block.key.endswith("\0"):
                continue
            (wanted,) = block.members
            prefix, held = self.placed[block.key], self._held(wanted)
            assert held is not None
            key = self.keys[block.key]
            if key > mine:
                yield _Blocker(*span(held), "search", held, block.key, self._left_for(block.key))
                continue
            yield _Blocker(
                *span(prefix), "placed", prefix, block.key, f"{block.key} comes before it: {_precedence(key, mine)}"
            )
            room = f"room held for {block.key} at {prefix} to grow to {held}"
            for start, end in gaps(*span(held), [span(prefix)]):
                yield _Blocker(start, end, "held", held, block.key, room)

    def _of_cover(self, group: str, cover: Prefix) -> _Blocker:
        key = self.keys.get(f"{group}\0")
        if key is not None and key > self.keys[self.block.key]:
            return _Blocker(*span(cover), "search", cover, None, self._left_for(f"group {group}"))
        why = "its pinned members decide" if key is None else _precedence(key, self.keys[self.block.key])
        return _Blocker(
            *span(cover), "group", cover, None, f"group {group} has it for itself and comes before it: {why}"
        )

    def _left_for(self, who: str) -> str:
        return f"the exact search left it for {who}: else some network would find no place"


def _precedence(other: tuple[int, int, str], mine: tuple[int, int, str]) -> str:
    """Say which part of the order puts another block before this one."""
    if other[0] != mine[0]:
        return "it is larger"
    return "it has fewer places to choose from" if other[1] != mine[1] else "of equal blocks, names decide"


class _Obstacles:
    """Obstacles in address order; either question costs log n."""

    def __init__(self, blockers: Iterable[_Blocker]) -> None:
        # Wider before narrower of those that start together, so that the first of equal ends is the outermost.
        ordered = sorted(blockers, key=lambda b: (b.first, -b.last))
        self._firsts = [b.first for b in ordered]
        self._furthest: list[_Blocker] = []
        for blocker in ordered:
            before = self._furthest[-1] if self._furthest else blocker
            self._furthest.append(blocker if blocker.last > before.last else before)
        self.spans = merge((b.first, b.last) for b in ordered)

    def on(self, first: int, last: int) -> _Blocker | None:
        """Return what shares an address with first to last, of several what reaches furthest."""
        index = bisect_right(self._firsts, last)
        found = self._furthest[index - 1] if index else None
        return found if found is not None and found.last >= first else None

    def after(self, last: int) -> int | None:
        """Return the first address beyond `last` at which one starts."""
        index = bisect_right(self._firsts, last)
        return self._firsts[index] if index < len(self._firsts) else None


def _walk(
    version: int,
    regions: Sequence[Region],
    bits: int,
    blockers: Sequence[_Blocker],
    stop: int | None,
    free: str,
) -> Iterator[Refused]:
    """Yield the refused candidates of 2^bits addresses, region after region, up to the one that starts at `stop`.

    Of several obstacles the one that reaches furthest is named, so that one entry tells as much as it can; what
    comes later in the order is named only where nothing else refuses. Regions inside an earlier one are not looked
    at twice. Costs log n an entry, after sorting the obstacles.
    """
    length = WIDTH[version] - bits
    firm = _Obstacles(b for b in blockers if b.category != "search")
    later = _Obstacles(b for b in blockers if b.category == "search")
    used = merge([*firm.spans, *later.spans])
    seen: list[Span] = []

    def entry(first: int, last: int, blocker: _Blocker | None) -> Refused:
        low, high = Prefix(version, first, length), Prefix(version, last, length)
        count = (last - first >> bits) + 1
        if blocker is None:
            return Refused(low, high, count, "search", None, None, free, None)
        _, _, category, prefix, network, reason, source = blocker
        if count == 1 and (idle := _across(first, 1 << bits, used)) is not None:
            start, end = (format_address(version, at) for at in idle)
            reason += f"; {start} to {end} is free, but no /{length} starts in the middle of another"
        return Refused(low, high, count, category, prefix, network, reason, source)

    for start, wide in regions:
        end = start + (1 << wide) - 1
        if wide < bits:
            pool = Prefix(version, start, WIDTH[version] - wide)
            block = Prefix(version, start >> bits << bits, length)
            reason = f"{pool} is smaller than a /{length}, so the block reaches beyond it"
            yield Refused(block, block, 1, "alignment", pool, None, reason, None)
            continue
        for low, high in gaps(start, end, merge(seen)):
            waiting: tuple[int, int, _Blocker | None] | None = None
            for first, last, blocker in _runs(low, high, bits, firm, later, stop):
                # The room to grow on both sides of a network is two obstacles and one reason.
                if waiting is not None and (waiting[2] or ())[2:] == (blocker or ())[2:]:
                    waiting = waiting[0], last, blocker
                    continue
                if waiting is not None:
                    yield entry(*waiting)
                waiting = first, last, blocker
            if waiting is not None:
                yield entry(*waiting)
            if stop is not None and low <= stop <= high:
                return
        seen.append((start, end))


def _runs(
    low: int, high: int, bits: int, firm: _Obstacles, later: _Obstacles, stop: int | None
) -> Iterator[tuple[int, int, _Blocker | None]]:
    """Yield first and last candidate and their obstacle, from `low` to `high` or up to `stop`."""
    size = 1 << bits
    final = stop if stop is not None and low <= stop <= high else high + 1
    at = low
    while at < final:
        last = final - size
        if (blocker := firm.on(at, at + size - 1)) is None:
            last = _before(firm.after(at), bits, last)
            if (blocker := later.on(at, at + size - 1)) is None:
                last = _before(later.after(at), bits, last)
        if blocker is not None:
            last = min(last, blocker.last >> bits << bits)
        yield at, last, blocker
        at = last + size


def _before(start: int | None, bits: int, last: int) -> int:
    """Return the last candidate that ends before an obstacle that starts there, at most `last`."""
    return last if start is None else min(last, (start >> bits) - 1 << bits)


def _across(first: int, size: int, used: Sequence[Span]) -> Span | None:
    """Return free space that is large enough, but starts inside this block and ends inside the next."""
    for start, end in gaps(first, first + 2 * size - 1, used):
        if first < start < first + size and end - start + 1 >= size and end < first + 2 * size - 1:
            return start, end
    return None
