"""What every rule may ask of a plan and a catalogue, computed once: sorted ranges, neighbours, free space.

Ranges are swept as sorted integers, so that a plan of a hundred thousand networks costs little more than
reading it; the rules see networks only where something touches them.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from ipplan.addresses import HOST_MASKS, WIDTH, Prefix, PrefixIndex, RangeSet, parse_prefix
from ipplan.findings import Related
from ipplan.plan.kinds import IKS_OLD_SERVICES, KINDS
from ipplan.plan.methods import PAIRS
from ipplan.plan.model import INTEGRATION

if TYPE_CHECKING:
    import datetime
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from ipplan.catalog import Catalog, IksWindow, Reservation
    from ipplan.checks.drift import Against
    from ipplan.checks.together import Together
    from ipplan.checks.waivers import Settlement
    from ipplan.findings import KeyPath
    from ipplan.landscape import Landscape
    from ipplan.landscape.bundles import Bundle
    from ipplan.landscape.ends import Joint
    from ipplan.plan.kinds import Kind
    from ipplan.plan.methods import IntegrationKey, Method, Pair
    from ipplan.plan.model import Network, Plan, Pool, Shown

T = TypeVar("T")
_MOST_SUGGESTIONS = 200
"""Free prefixes are suggested for so many findings at most: each costs a walk over the free space."""


class Sweep(NamedTuple):
    """The networks of one IP version in address order, the larger first where two start together."""

    version: int
    networks: Sequence[Network]
    firsts: Sequence[int]
    lasts: Sequence[int]

    def touching(self, ranges: RangeSet) -> Iterator[Network]:
        """Yield the networks that share an address with the set; linear in both."""
        spans = [r for r in ranges.ranges if r.version == self.version]
        if not spans:
            return
        index, end = 0, len(spans)
        low, high = spans[0].first, spans[0].last
        for network, first, last in zip(self.networks, self.firsts, self.lasts, strict=True):
            while high < first:
                index += 1
                if index == end:
                    return
                low, high = spans[index].first, spans[index].last
            if low <= last:
                yield network

    def outside(self, ranges: RangeSet) -> Iterator[Network]:
        """Yield the networks with an address that is not in the set; linear in both."""
        spans = [r for r in ranges.ranges if r.version == self.version]
        index, end = 0, len(spans)
        for network, first, last in zip(self.networks, self.firsts, self.lasts, strict=True):
            while index < end and spans[index].last < first:
                index += 1
            if index == end or not (spans[index].first <= first and last <= spans[index].last):
                yield network


class Stated(NamedTuple):
    """A method that the plan states: by a key of the short form, or by the link `joint`.

    `pair` is the first sort of pair that the key joins so, or that of the link.
    """

    key: KeyPath
    name: str
    method: Method
    pair: Pair
    joint: Joint | None = None

    @property
    def short(self) -> str:
        """The key with its value, or the link, for a sentence."""
        return f'{self.name} = "{self.method}"' if self.joint is None else self.name

    @property
    def title(self) -> str:
        """The same, with the table of the key."""
        return f"integration {self.short}" if self.joint is None else self.name

    @property
    def tunnel(self) -> str:
        """The tunnel, for a sentence."""
        return f"the tunnel of {self.name}" if self.joint is None else self.name


class Context:
    """A plan, the catalogue it is held against, and what the rules share. All of it is computed when asked."""

    together: Together | None = None
    """The plans that are judged together; None for one plan by itself."""
    settlement: Settlement
    """What the rules found and the plan waives; set before the rules on waivers run."""

    def __init__(
        self,
        plan: Plan,
        catalog: Catalog,
        today: datetime.date | None = None,
        against: Against | None = None,
    ) -> None:
        self.plan = plan
        self.catalog = catalog
        self.today = today
        self.against = against
        self._suggested: dict[str, str | None] = {}
        self._known: dict[Callable[[Context], Any], Any] = {}

    def once(self, work: Callable[[Context], T]) -> T:
        """Return what a function makes of this context; it is called once, whichever rules ask."""
        if work not in self._known:
            self._known[work] = work(self)
        found: T = self._known[work]
        return found

    @cached_property
    def in_service(self) -> Context:
        """The same for what is in service, without what is retired; this one where nothing is."""
        from ipplan.plan.service import close_retired

        plan = self.plan.in_service
        return self if plan is self.plan else Context(close_retired(plan), self.catalog, self.today, self.against)

    @cached_property
    def networks(self) -> tuple[Network, ...]:
        """Every network that has a range: pinned ones, then platform defaults."""
        return tuple(self.plan.ranges())

    @cached_property
    def by_kind(self) -> Mapping[str, Sequence[Network]]:
        """The networks that the plan declares, with a range or not, by the name of their kind."""
        found: dict[str, list[Network]] = {name: [] for name in KINDS}
        for network in self.plan.networks:
            found[network[1][0]].append(network)
        return found

    def provided_by(self, provider: str) -> Iterator[Network]:
        """Yield the declared networks whose range comes from one provider, kind after kind."""
        for kind in KINDS.values():
            if kind.provider == provider:
                yield from self.by_kind[kind.name]

    @cached_property
    def sized(self) -> Mapping[str, Prefix]:
        """A range of the right size for each network that has none but whose size is known, by name.

        It starts at 0 and says nothing of where the network will be. So a rule on sizes judges a network before
        `allocate` places it as it does afterwards.
        """
        found: dict[str, Prefix] = {}
        known: dict[object, Prefix | None] = {}
        for network in self.plan.networks:
            if network[2] is not None:
                continue
            key = (network.kind.name, network.cluster, network.length, network.hosts, network.pool)
            if key not in known:
                size = planned_size(network, self.plan)
                known[key] = None if size is None or size[1] > WIDTH[size[0]] else Prefix(size[0], 0, size[1])
            prefix = known[key]
            if prefix is not None:
                found[network.name] = prefix
        return found

    def sized_ranges(self, networks: Iterable[Network]) -> Iterator[tuple[Network, Prefix]]:
        """Yield each network with its range, or with one of its size as in `sized`; skip those without either."""
        for network in networks:
            prefix = network.prefix or self.sized.get(network.name)
            if prefix is not None:
                yield network, prefix

    @cached_property
    def detailed(self) -> Sequence[Network]:
        """The declared networks that state more than kind, cluster, range, size and description."""
        return [n for n in self.plan.networks if n[3] is not None or n[8:11] != (None, None, ())]

    @cached_property
    def sweeps(self) -> tuple[Sweep, ...]:
        """The networks in address order, one sweep for each IP version that the plan uses."""
        return tuple(_sweep(version, self.networks) for version in (4, 6))

    @cached_property
    def landscape(self) -> Landscape:
        """What follows from the plan: ends, links, tables and devices."""
        from ipplan.landscape import Landscape

        return Landscape(self.plan, self.catalog)

    @cached_property
    def bundles(self) -> tuple[Bundle, ...]:
        """The links in force, those that are alike together."""
        from ipplan.landscape.bundles import list_bundles

        return tuple(list_bundles(self.landscape.ends))

    def joining(self, *methods: Method) -> Iterator[Bundle]:
        """Yield the links in force by some methods; a plan that states none of them derives no landscape for it."""
        if self.plan.links or any(value in methods for value in self.plan.integration.values()):
            yield from (bundle for bundle in self.bundles if bundle.method in methods)

    def stated(self, method: Method, pair: Pair | None = None) -> Iterator[Stated]:
        """Yield where the plan states a method, of one sort of pair or of any: keys of the short form, then links.

        In a plan with links, a key counts only where it joins something.
        """
        opened = {b.pair for b in self.bundles if b.link is None} if self.plan.links else None
        for key, value in self.plan.integration.items():
            found = next((p for p, row in PAIRS.items() if row.key == key and value in row.methods), None)
            if value != method or found is None or pair not in (None, found):
                continue
            if opened is None or found in opened:
                yield Stated(("integration", key), key, method, found)
        for joint in self.landscape.ends.written if self.plan.links else ():
            if joint.method == method and pair in (None, joint.pair):
                yield Stated(joint.key, joint.title, method, joint.pair, joint)

    def changes_to_conflict(self, first: Network, second: Network) -> tuple[tuple[IntegrationKey, str], ...]:
        """Return each change of one integration that would make two networks conflict.

        Answered for networks of a kind in clusters and edges alike, so that many equal ones cost one answer.
        """
        ends = self.landscape.ends
        key = (
            first.kind.name,
            second.kind.name,
            first.cluster == second.cluster,
            ends.edge_of(first) == ends.edge_of(second),
            ends.site_of(first) == ends.site_of(second),
            first.prefix == second.prefix,
        )
        if key not in self._changes:
            self._changes[key] = tuple(self._try_changes(first, second))
        return self._changes[key]

    @cached_property
    def _changes(self) -> dict[tuple[object, ...], tuple[tuple[IntegrationKey, str], ...]]:
        return {}

    def _try_changes(self, first: Network, second: Network) -> Iterator[tuple[IntegrationKey, str]]:
        from ipplan.landscape import Landscape
        from ipplan.landscape.ends import Carried

        small = _around(self.plan, (first, second))
        for integration, methods in INTEGRATION.items():
            for method in methods:
                if method == self.plan.integration.get(integration):
                    continue
                changed = replace(small, integration={**small.integration, integration: method})
                if Landscape(changed, self.catalog).tables.conflict(Carried(first), Carried(second)):
                    yield integration, method

    def touching(self, prefixes: Iterable[Prefix]) -> Iterator[Network]:
        """Yield the networks that share an address with any of the prefixes, in address order."""
        ranges = RangeSet(prefixes)
        for sweep in self.sweeps:
            yield from sweep.touching(ranges)

    @cached_property
    def data_centers(self) -> frozenset[str]:
        """The plan's data centers, with those of its edges, clusters and networks; empty for any.

        Any is meant where `plan.data-centers` is left out: what single parts name does not exclude others.
        """
        stated = frozenset(self.plan.data_centers)
        return stated and stated | {name for name, _ in self.stated_centers}

    @cached_property
    def stated_centers(self) -> tuple[tuple[str, KeyPath], ...]:
        """The data centers that edges, clusters and networks state, with the place of each."""
        plan = self.plan
        parts = (
            ("edges", plan.edges.values()),
            ("clusters", plan.clusters.values()),
            ("networks", plan.networks),
        )
        return tuple(
            (part.data_center, (table, part.name, "data-center"))
            for table, entries in parts
            for part in entries
            if part.data_center is not None
        )

    def center_of(self, network: Network) -> tuple[str, KeyPath] | None:
        """Return the data center that the plan states for a network, its cluster or its edge, and where it does."""
        if not self.stated_centers:
            return None
        plan = self.plan
        cluster = plan.clusters.get(network.cluster or "")
        if network.data_center is not None:
            return network.data_center, (*network.key, "data-center")
        if cluster is not None and cluster.data_center is not None:
            return cluster.data_center, ("clusters", cluster.name, "data-center")
        end = self.landscape.ends.edge_of(network) if plan.edges and network.kind.platform != "iks" else None
        edge = plan.edges.get(end.name or "") if end is not None else None
        if edge is not None and edge.data_center is not None:
            return edge.data_center, ("edges", edge.name, "data-center")
        return None

    @cached_property
    def special(self) -> tuple[Reservation, ...]:
        """Special-purpose space that is not for private use."""
        return tuple(r for r in self.catalog.reservations if r.category.scope == "special")

    def in_iks_window(self, network: Network) -> bool:
        """Tell whether the network is a pod or service range of IKS, inside a window that IKS accepts for it.

        The service range of clusters from before October 2017 is accepted too.
        """
        if network.kind.provider != "default" or network.prefix is None:
            return False
        return is_old_service_range(network) or any(
            window.prefix.covers(network.prefix) for window in windows_for(network.kind)
        )

    @cached_property
    def shown(self) -> tuple[tuple[Shown, Network | None], ...]:
        """What links show networks as, each with the network of IBM Cloud that holds these addresses, if any."""
        if not self.plan.shown:
            return ()
        provided = [(n.prefix, i, n) for i, n in enumerate(self.provided_by("ibm")) if n.prefix is not None]
        provided.sort(key=lambda entry: entry[:2])
        index = PrefixIndex([prefix for prefix, _, _ in provided])

        def around(prefix: Prefix) -> Network | None:
            found = (provided[i] for i in index.overlapping(prefix))
            return next((network for own, _, network in found if own.covers(prefix)), None)

        return tuple((shown, around(shown.prefix)) for shown in self.plan.shown)

    @cached_property
    def pool_space(self) -> RangeSet:
        """What the pools hold together."""
        return RangeSet(pool.prefix for pool in self.plan.pools)

    @cached_property
    def usable_space(self) -> RangeSet:
        """What can be allocated at all: the pools without what is reserved or avoided."""
        avoided = (r.prefix for r in self.catalog.avoided(None, self.plan.kept_clear))
        return self.pool_space - RangeSet(avoided) - RangeSet(aside.prefix for aside in self.plan.set_aside)

    @cached_property
    def firm_space(self) -> RangeSet:
        """What could be allocated without `keep-clear`: only the platforms that the plan has are left out."""
        avoided = (r.prefix for r in self.catalog.avoided(None, self.plan.platforms))
        return self.pool_space - RangeSet(avoided) - RangeSet(aside.prefix for aside in self.plan.set_aside)

    @cached_property
    def _free(self) -> RangeSet:
        """What is left of the usable space beside every network, less what was suggested already."""
        return self.usable_space - RangeSet(n.prefix for n in self.networks if n.prefix is not None)

    def suggest(self, network: Network) -> str | None:
        """Return the next step "PREFIX is free in pool POOL" for a network that could move, else None.

        The prefix is as large as the network's own and is suggested to no other network.
        """
        if network.prefix is None or network.kind.provider != "byoip":
            return None
        if network.name not in self._suggested and len(self._suggested) < _MOST_SUGGESTIONS:
            self._suggested[network.name] = self._suggest(network, network.prefix)
        return self._suggested.get(network.name)

    def pools_for(self, network: Network) -> Sequence[Pool]:  # noqa: ARG002  (several plans have pools of their own)
        """Return the pools that a network can be taken from."""
        return self.plan.pools

    def _suggest(self, network: Network, wanted: Prefix) -> str | None:
        for pool in self.pools_for(network):
            if network.pool not in (None, pool.prefix) or pool.prefix.version != wanted.version:
                continue
            free = self._free.lowest_prefix(wanted.length, pool.prefix)
            if free is not None:
                self._free = self._free.without(free)
                return f"{free} is free in pool {pool.prefix} for {network.name}"
        return None


def _around(plan: Plan, pair: tuple[Network, Network]) -> Plan:
    """Return the plan with a pair of networks, their clusters and the first of each platform, and a network a kind."""
    first_of: dict[str, str] = {}
    for cluster in plan.clusters.values():
        first_of.setdefault(cluster.platform, cluster.name)
    clusters = {*(n.cluster for n in pair), *first_of.values()}
    names = {n.name for n in pair}
    seen: set[tuple[str, str | None, str | None]] = set()
    networks = []
    for network in plan.networks:
        key = (network.kind.name, network.cluster, network.edge)
        if network.name in names or (
            (network.cluster in clusters or network.kind.platform is None) and key not in seen
        ):
            seen.add(key)
            networks.append(network)
    kept = {name: c for name, c in plan.clusters.items() if name in clusters}
    return replace(plan, clusters=kept, networks=tuple(networks))


def windows_for(kind: Kind) -> tuple[IksWindow, ...]:
    """Return the windows that IKS accepts for pods or for services."""
    from ipplan.catalog import iks_windows

    option = f"{kind.role}-subnet"
    return tuple(window for window in iks_windows() if window.option == option)


_OLD_SERVICES = parse_prefix(IKS_OLD_SERVICES)


def is_old_service_range(network: Network) -> bool:
    """Tell whether the network is the service range that IKS gave to clusters before October 2017."""
    return network.kind.name == "iks-service" and network.prefix == _OLD_SERVICES


def ranges_of(*networks: Network) -> tuple[Prefix, ...]:
    """Return the ranges of some networks, for a finding about them."""
    return tuple(n.prefix for n in networks if n.prefix is not None)


def others(*networks: Network) -> tuple[Related, ...]:
    """Return the places of the networks that a finding is about beside its own, once each."""
    return tuple(dict.fromkeys(Related(n.cidr_key, n.name) for n in networks))


def planned_size(network: Network, plan: Plan) -> tuple[int, int] | None:
    """Return IP version and prefix length that a network without a range will have; None where the plan does not say.

    IBM Cloud decides about a subnet that states no size, and a platform about its default range.
    """
    from ipplan.plan.sizing import awaits_range, request_version, size_of

    if awaits_range(network):
        version = request_version(network, plan.pools)
    elif network.kind.provider == "ibm" and (network.length is not None or network.hosts is not None):
        version = request_version(network, ())
    else:
        return None
    return version, size_of(network, plan, version).length


def size_key(network: Network) -> KeyPath:
    """Return where the plan states the size of a network; the network itself where it states none."""
    if network.prefix is not None:
        return network.cidr_key
    for word, value in (("prefix", network.length), ("hosts", network.hosts)):
        if value is not None:
            return (*network.key, word)
    return network.key


def sized_label(network: Network, prefix: Prefix) -> str:
    """Return name and range of a network for a message, or name and size of one that has no range yet."""
    return label(network) if network.prefix is not None else f"{network.name} (a /{prefix.length}, no cidr yet)"


def label(network: Network) -> str:
    """Return name and range of a network for a message; a range that nobody wrote is marked as default."""
    mark = " (default)" if network.default and network.declared else ""
    return f"{network.name} {network.prefix}{mark}"


def _sweep(version: int, networks: Iterable[Network]) -> Sweep:
    host_mask = HOST_MASKS[version]
    # By index, not by name: named access to tuple fields doubles the time of these loops.
    rows: list[Any] = [n for n in networks if n[2] is not None and n[2][0] == version]
    # One integer a network sorts four times as fast as a tuple: address, then length, then place in the plan.
    length_bits = WIDTH[version].bit_length() + 1
    keys = sorted([(n[2][1] << length_bits | n[2][2]) << 32 | i for i, n in enumerate(rows)])
    order = [rows[key & 0xFFFFFFFF] for key in keys]
    firsts = [n[2][1] for n in order]
    lasts = [n[2][1] | host_mask[n[2][2]] for n in order]
    return Sweep(version, order, firsts, lasts)
