"""Cut the address space of a plan into blocks: what each address is for, and where networks overlap.

A function from plan and catalogue to values. Knows nothing of how a map is drawn.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Literal, NamedTuple

from ipplan.addresses import Prefix, PrefixIndex, covering_prefix
from ipplan.catalog import Catalog, iks_windows

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from ipplan.findings import Finding
    from ipplan.plan.model import Network, Plan, Pool

What = Literal["overlap", "network", "reserved", "avoid", "room", "free"]
WHATS: tuple[What, ...] = ("overlap", "network", "reserved", "avoid", "room", "free")
"""What a block may be; the first one that is true of its addresses counts."""

MOST_NAMED = 10
"""Name at most 10 networks of one block: thousands of equal ones may overlap."""

_WIDER = 2
"""Widen a space that one network fills by this many bits, so that its surroundings show."""

_REGION = {4: 16, 6: 32}
"""Show networks in no published range together, by the prefix of this length, by IP version."""


class Space(NamedTuple):
    """A prefix to show: a pool, a window that IKS accepts, or the part of another space that the plan uses.

    `title` describes it, to be read after the prefix.
    """

    prefix: Prefix
    kind: Literal["pool", "iks-window", "published", "other"]
    title: str


class Block(NamedTuple):
    """Addresses of a space with one use, first and last included, as integers.

    `networks` are those that hold them, the most specific first, at most `MOST_NAMED` of `total`. `rules` are the rules
    of the check that report the overlap.
    """

    first: int
    last: int
    what: What
    networks: tuple[str, ...] = ()
    total: int = 0
    rules: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """The number of its addresses."""
        return self.last - self.first + 1


class Claim(NamedTuple):
    """A prefix with a use; `name` is that of a network, or of the rule that reports an overlap."""

    prefix: Prefix
    what: What
    name: str = ""


class AddressSpace:
    """The spaces of a plan and what lies in them.

    `findings` are those of the check: the overlaps with published and avoided space come from them, so that the map and
    the check never contradict each other. All overlaps between networks are found here.
    """

    def __init__(self, plan: Plan, catalog: Catalog, findings: Iterable[Finding] = ()) -> None:
        self.plan = plan
        self.catalog = catalog
        self.networks = sorted(plan.ranges(), key=_by_prefix)
        claims = [Claim(n.prefix, "network", n.name) for n in self.networks if n.prefix is not None]
        claims += [Claim(aside.prefix, "avoid") for aside in plan.set_aside]
        claims += [Claim(prefix, "room") for prefix in _rooms(self.networks)]
        claims += [Claim(prefix, "overlap", rule) for prefix, rule in _overlaps(findings)]
        self._claims = sorted(claims, key=lambda claim: claim.prefix)
        self._index = PrefixIndex([claim.prefix for claim in self._claims])

    @cached_property
    def _network_index(self) -> PrefixIndex:
        return PrefixIndex([n.prefix for n in self.networks if n.prefix is not None])

    def networks_in(self, prefix: Prefix) -> list[Network]:
        """Return the networks that share an address with a prefix, in address order, the larger first."""
        return [self.networks[i] for i in sorted(self._network_index.overlapping(prefix))]

    def spaces(self, chosen: Collection[str] | None = None) -> tuple[Space, ...]:
        """Return each pool once, in the order of the plan, then the spaces of networks outside pools, by address.

        With `chosen`, names of networks, only spaces that hold one of these or that may provide its range.
        """
        pools: dict[Prefix, Pool] = {}
        for pool in self.plan.pools:
            pools.setdefault(pool.prefix, pool)
        index = PrefixIndex(sorted(pools))
        wanted: set[Prefix] = set() if chosen is not None else set(pools)
        outside = []
        for network in self.networks:
            if chosen is not None and network.name not in chosen:
                continue
            assert network.prefix is not None
            touching = [index.prefixes[i] for i in index.overlapping(network.prefix)]
            wanted.update(touching)
            if any(pool.covers(network.prefix) for pool in touching):
                continue
            outside.append(network)
        if chosen is not None:
            for network in self.plan.networks:
                if network.prefix is not None or network.name not in chosen:
                    continue
                if network.pool is not None:
                    wanted.add(network.pool)
                elif network.kind.provider == "byoip":
                    wanted.update(pools)
        found = [
            Space(p, "pool", "pool" if pool.written is None else f"pool, written {pool.given}")
            for p, pool in pools.items()
            if p in wanted
        ]
        return (*found, *self._outside(outside))

    def _outside(self, networks: Iterable[Network]) -> Iterator[Space]:
        """Yield the spaces of networks that lie in no pool, by address."""
        around = _Surroundings(self.catalog)
        spaces: dict[Space, list[Prefix]] = {}
        for network in networks:
            assert network.prefix is not None
            spaces.setdefault(around.space_of(network), []).append(network.prefix)
        for space, prefixes in sorted(spaces.items()):
            yield (space if space.kind == "iks-window" else space._replace(prefix=_trim(space.prefix, prefixes)))

    def blocks(self, space: Space) -> list[Block]:
        """Cut a space into blocks in address order, without gaps; neighbours always differ.

        Linear in what lies in the space, except for sorting.
        """
        prefix = space.prefix
        claims = [self._claims[i] for i in self._index.overlapping(prefix)]
        claims += [
            Claim(row.prefix, "reserved")
            for row in self.catalog.overlapping(prefix)
            if Catalog.avoids(row, keep_clear=self.plan.kept_clear)
            # A range around a network that IBM Cloud provides would fill the whole map.
            and (space.kind == "pool" or not row.prefix.covers(prefix))
        ]
        claims.sort(key=lambda claim: claim.prefix)
        return list(_joined(_cut(prefix, claims)))


def _by_prefix(network: Network) -> Prefix:
    assert network.prefix is not None
    return network.prefix


def _rooms(networks: Iterable[Network]) -> Iterator[Prefix]:
    for network in networks:
        prefix = network.prefix
        if prefix is not None and network.grow_to is not None and network.grow_to < prefix.length:
            yield prefix.supernet(network.grow_to)


def _overlaps(findings: Iterable[Finding]) -> list[tuple[Prefix, str]]:
    """Return what networks share with each other, or with published or avoided space, and the rule that reports it."""
    found: set[tuple[Prefix, str]] = set()
    for finding in findings:
        if finding.severity == "note" or finding.overlap is None or not finding.networks:
            continue
        own, *others = finding.cidrs
        found.update((shared, finding.rule) for other in others if (shared := own.shared(other)) is not None)
    return sorted(found)


class _Surroundings:
    """Finds the space of a network outside all pools."""

    def __init__(self, catalog: Catalog) -> None:
        self._windows = PrefixIndex(sorted({window.prefix for window in iks_windows()}))
        titles: dict[Prefix, str] = {}
        for row in catalog.reservations:
            published = row.category.owner == "ibm" and row.category.scope in ("private", "public")
            if published or row.category.name == "iana-private-use":
                where = ", ".join(part for part in (row.data_center, row.pod) if part)
                who = "IBM Cloud " if published else ""
                title = f"{who}{row.title} {row.prefix}" + (f" ({where})" if where else "")
                titles.setdefault(row.prefix, title)
        self._titles = titles
        self._published = PrefixIndex(sorted(titles))

    def space_of(self, network: Network) -> Space:
        """Return the window of IKS, the published range or the private-use block around a network.

        Without one, all networks of one region of the address space share one space.
        """
        prefix = network.prefix
        assert prefix is not None
        if network.kind.provider == "default" and (window := _around(self._windows, prefix)):
            return Space(window, "iks-window", "accepted by IKS for pods and services")
        if published := _around(self._published, prefix):
            return Space(published, "published", f"in {self._titles[published]}")
        wider = prefix.supernet(min(prefix.length, _REGION[prefix.version]))
        return Space(wider, "other", "around networks in no published range")


def _around(index: PrefixIndex, prefix: Prefix) -> Prefix | None:
    """Return the most specific prefix of an index that covers another."""
    position = next(index.overlapping(prefix), None)
    if position is None or not index.prefixes[position].covers(prefix):
        return None
    return index.prefixes[position]


def _trim(space: Prefix, prefixes: Iterable[Prefix]) -> Prefix:
    """Return the smallest prefix around some in a space, widened within it if one of them fills it."""
    prefixes = list(prefixes)
    around = covering_prefix(prefixes)
    if around in prefixes:
        around = around.supernet(max(space.length, around.length - _WIDER))
    return around


def _cut(space: Prefix, claims: Iterable[Claim]) -> Iterator[Block]:
    """Yield blocks without gaps, from claims in address order, the larger first of those that start together."""
    open_ = _Open()
    at = space.first
    for claim in (*claims, None):
        start = space.last + 1 if claim is None else max(claim.prefix.first, space.first)
        while open_ and (end := min(open_.last, space.last)) < start:
            if at <= end:
                yield open_.block(at, end)
                at = end + 1
            open_.pop()
        if at < start:
            yield open_.block(at, start - 1)
            at = start
        if claim is not None:
            open_.push(claim)


class _Open:
    """The claims that hold the current address. Invariant: each lies in the one below it, because prefixes nest."""

    def __init__(self) -> None:
        self._claims: list[Claim] = []
        self._names: dict[What, list[str]] = {what: [] for what in WHATS}

    def __bool__(self) -> bool:
        return bool(self._claims)

    @property
    def last(self) -> int:
        """Where the innermost claim ends."""
        return self._claims[-1].prefix.last

    def push(self, claim: Claim) -> None:
        self._claims.append(claim)
        self._names[claim.what].append(claim.name)

    def pop(self) -> None:
        self._names[self._claims.pop().what].pop()

    def block(self, first: int, last: int) -> Block:
        """Return these addresses as a block with the use that the open claims give them."""
        what: What = next((what for what in WHATS if self._names[what]), "free")
        networks = self._names["network"]
        if len(networks) > 1:
            what = "overlap"
        named = tuple(reversed(networks[-MOST_NAMED:]))
        rules = tuple(sorted(set(self._names["overlap"])))
        return Block(first, last, what, named, len(networks), rules)


def _joined(blocks: Iterable[Block]) -> Iterator[Block]:
    """Join neighbours with the same use."""
    held: Block | None = None
    for block in blocks:
        if held is not None and held[2:] == block[2:]:
            held = held._replace(last=block.last)
            continue
        if held is not None:
            yield held
        held = block
    if held is not None:
        yield held
