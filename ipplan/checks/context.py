"""Compute once what several rules ask of a plan and the catalogue: sorted ranges, sizes, links, data centers."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from ipplan.addresses import WIDTH, Prefix, PrefixIndex, RangeSet
from ipplan.checks.space import Space
from ipplan.checks.sweep import sweep_networks
from ipplan.plan.kinds import KINDS
from ipplan.plan.methods import PAIRS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from ipplan.catalog import Catalog, Reservation
    from ipplan.checks.sweep import Sweep
    from ipplan.checks.what_if import WhatIf
    from ipplan.findings import KeyPath
    from ipplan.landscape import Landscape
    from ipplan.landscape.bundles import Bundle
    from ipplan.landscape.ends import Joint
    from ipplan.landscape.verdicts import Judged
    from ipplan.plan.methods import Method, Pair
    from ipplan.plan.model import Network, Plan, Shown

T = TypeVar("T")


class Stated(NamedTuple):
    """A method that the plan states: by a key of the short form, or by the link `joint`.

    `pair` is the first sort of pair that the key joins, or that of the link.
    """

    key: KeyPath
    name: str
    method: Method
    pair: Pair
    joint: Joint | None = None

    @property
    def short(self) -> str:
        """The key with its value, or the link, for a message."""
        return f'{self.name} = "{self.method}"' if self.joint is None else self.name

    @property
    def title(self) -> str:
        """The same, with the table of the key."""
        return f"integration {self.short}" if self.joint is None else self.name

    @property
    def tunnel(self) -> str:
        """The tunnel, for a message."""
        return f"the tunnel of {self.name}" if self.joint is None else self.name


class Context:
    """A plan, the catalogue, and what several rules need of both; each part is computed when first asked for."""

    def __init__(self, plan: Plan, catalog: Catalog) -> None:
        self.plan = plan
        self.catalog = catalog
        self._known: dict[Callable[[Context], Any], Any] = {}

    def once(self, work: Callable[[Context], T]) -> T:
        """Return the result of a function of this context; it is called once, however many rules ask."""
        if work not in self._known:
            self._known[work] = work(self)
        found: T = self._known[work]
        return found

    @cached_property
    def in_service(self) -> Context:
        """The context of the plan without retired networks; this one if nothing is retired."""
        from ipplan.plan.service import close_retired

        plan = self.plan.in_service
        return self if plan is self.plan else Context(close_retired(plan), self.catalog)

    @cached_property
    def networks(self) -> tuple[Network, ...]:
        """Every network that has a range: pinned ones, then platform defaults."""
        return tuple(self.plan.ranges())

    @cached_property
    def by_kind(self) -> Mapping[str, Sequence[Network]]:
        """The networks that the plan declares, with a range or not, by the name of their kind."""
        found: dict[str, list[Network]] = {name: [] for name in KINDS}
        for network in self.plan.networks:
            found[network.kind.name].append(network)
        return found

    def provided_by(self, provider: str) -> Iterator[Network]:
        """Yield the declared networks whose range comes from one provider, kind after kind."""
        for kind in KINDS.values():
            if kind.provider == provider:
                yield from self.by_kind[kind.name]

    @cached_property
    def sized(self) -> Mapping[str, Prefix]:
        """A range of the right size for each network that has none but whose size is known, by name.

        It starts at 0, whatever range the network will get. So a rule on sizes gives the same findings before and after
        `allocate`.
        """
        found: dict[str, Prefix] = {}
        known: dict[object, Prefix | None] = {}
        for network in self.plan.networks:
            if network.prefix is not None:
                continue
            key = (network.kind.name, network.cluster, network.length, network.hosts, network.pool)
            if key not in known:
                known[key] = _range_of(planned_size(network, self.plan))
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
        """The declared networks that state a group, a pool, addresses, or a range with host bits: few of a large plan."""
        return [
            n
            for n in self.plan.networks
            if n.written is not None or n.group is not None or n.pool is not None or n.addresses
        ]

    @cached_property
    def sweeps(self) -> tuple[Sweep, ...]:
        """The networks in address order, one sweep for each IP version that the plan uses."""
        return tuple(sweep_networks(version, self.networks) for version in (4, 6))

    @cached_property
    def landscape(self) -> Landscape:
        """What follows from the plan: ends, links, tables and devices."""
        from ipplan.landscape import Landscape

        return Landscape(self.plan, self.catalog)

    @cached_property
    def judged(self) -> Judged:
        """The landscape by which overlaps are judged: that of the plan, or those of several plans together."""
        return self.landscape

    @cached_property
    def space(self) -> Space:
        """The space of the pools, and where networks could move to."""
        return Space(self.plan, self.catalog)

    @cached_property
    def what_if(self) -> WhatIf | None:
        """The changes of one integration key to try; None if no change of one plan could join the networks."""
        from ipplan.checks.what_if import WhatIf

        return WhatIf(self.plan, self.catalog, self.landscape)

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
        """Yield where the plan states a method, for one sort of pair or for any: keys of the short form, then links.

        In a plan with links, a key counts only where it joins something.
        """
        opened = {b.pair for b in self.bundles if b.link is None} if self.plan.links else None
        for key, value in self.plan.integration.items():
            found = next((p for p, row in PAIRS.items() if row.key == key and value in row.methods), None)
            if value != method or found is None or pair not in (None, found):
                continue
            if opened is None or found in opened:
                yield Stated(("integration", key), key, method, found)
        for joint in self.landscape.ends.links.written if self.plan.links else ():
            if joint.method == method and pair in (None, joint.pair):
                yield Stated(joint.key, joint.title, method, joint.pair, joint)

    def touching(self, prefixes: Iterable[Prefix]) -> Iterator[Network]:
        """Yield the networks that share an address with any of the prefixes, in address order."""
        ranges = RangeSet(prefixes)
        for sweep in self.sweeps:
            yield from sweep.touching(ranges)

    @cached_property
    def data_centers(self) -> frozenset[str]:
        """The plan's data centers, with those of its edges, clusters and networks; empty for any.

        Without `plan.data-centers` any is possible: a data center of one part does not exclude the others.
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
        """Return the data center of a network, as it, its cluster or its edge states it, and the place in the plan."""
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

    @cached_property
    def shown(self) -> tuple[tuple[Shown, Network | None], ...]:
        """What links translate networks to, each with the network of IBM Cloud that contains it, if any."""
        if not self.plan.shown:
            return ()
        provided = [(n.prefix, i, n) for i, n in enumerate(self.provided_by("ibm")) if n.prefix is not None]
        provided.sort(key=lambda entry: entry[:2])
        index = PrefixIndex([prefix for prefix, _, _ in provided])

        def around(prefix: Prefix) -> Network | None:
            found = (provided[i] for i in index.overlapping(prefix))
            return next((network for own, _, network in found if own.covers(prefix)), None)

        return tuple((shown, around(shown.prefix)) for shown in self.plan.shown)


def planned_size(network: Network, plan: Plan) -> tuple[int, int] | None:
    """Return IP version and prefix length that a network without a range will have; None if the plan does not say.

    IBM Cloud decides the size of a subnet that states none, and a platform that of its default range.
    """
    from ipplan.plan.sizing import awaits_range, request_version, size_of

    if awaits_range(network):
        version = request_version(network, plan.pools)
    elif network.kind.provider == "ibm" and (network.length is not None or network.hosts is not None):
        version = request_version(network, ())
    else:
        return None
    return version, size_of(network, plan, version).length


def _range_of(size: tuple[int, int] | None) -> Prefix | None:
    """Return a range of an IP version and prefix length; None if there is none, or no such length."""
    if size is None:
        return None
    version, length = size
    return Prefix(version, 0, length) if length <= WIDTH[version] else None
