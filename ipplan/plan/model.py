"""The plan as immutable values. A value that exists is valid; `ipplan.plan.document` builds them from TOML.

This module knows nothing of TOML, files or rules.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain, count
from typing import TYPE_CHECKING, Literal, NamedTuple

from ipplan.addresses import Address, Prefix, format_address, parse_prefix
from ipplan.plan.kinds import ICP_DEFAULTS, IKS_DEFAULTS, KINDS, Kind
from ipplan.plan.service import find_retired, select_in_service
from ipplan.plan.sizing import first_usable, last_usable

if TYPE_CHECKING:
    import datetime
    from collections.abc import Collection, Iterator, Mapping

    from ipplan.findings import KeyPath
    from ipplan.plan.methods import IntegrationKey, Method
    from ipplan.plan.service import Retired

Labels = tuple[tuple[str, str], ...]
"""Labels in the order of the plan: name and value."""


class Pool(NamedTuple):
    """A BYOIP prefix to allocate from. `written` is the address as typed, where it has host bits."""

    prefix: Prefix
    written: int | None = None

    @property
    def given(self) -> str:
        """The pool as it is typed in the plan."""
        if self.written is None:
            return str(self.prefix)
        return f"{format_address(self.prefix.version, self.written)}/{self.prefix.length}"


class NamedAddress(NamedTuple):
    """An address with a name: the n-th usable one of its network (a negative one from the end), or a full address."""

    name: str
    nth: int | None
    address: Address | None

    def at(self, prefix: Prefix) -> Address | None:
        """Return the address in a prefix, None where the prefix does not have it."""
        value = self.resolve(prefix)
        return None if value is None else Address(prefix.version, value)

    def resolve(self, prefix: Prefix) -> int | None:
        """Return the address in a prefix as an integer, as `at` does.

        Not usable are the network and broadcast address of an IPv4 prefix up to /30, and the subnet-router address of an
        IPv6 prefix up to /126. A full address may be any in the prefix.
        """
        if self.address is not None:
            return self.address.value if prefix.holds(self.address) else None
        assert self.nth is not None
        first, last = first_usable(prefix), last_usable(prefix)
        value = first + self.nth - 1 if self.nth > 0 else last + self.nth + 1
        return value if first <= value <= last else None


class Network(NamedTuple):
    """One entry under `[networks]`, or a platform's default range that the plan does not declare.

    prefix, written: the pinned range, None for a network to allocate or order, or one that takes a default; the address
    as typed, where it has host bits.
    length, hosts: the size of a network without a range. At most one of `prefix`, `length` and `hosts` is given.
    edge: the ESG that the network belongs to or is behind, None where the plan does not say.
    default, declared: whether the range is the default of its platform; whether the plan has an entry for the network.
    site, gateway_on: the site of an enterprise network; the router of a network behind an edge; None where the plan
    does not say.
    data_center: where a network is that is in one data center.
    labels, vlan, status: for people; the status is one of `STATUSES`.

    It is a tuple, because a plan may have a hundred thousand networks.
    """

    name: str
    kind: Kind
    prefix: Prefix | None = None
    written: int | None = None
    cluster: str | None = None
    length: int | None = None
    hosts: int | None = None
    grow_to: int | None = None
    group: str | None = None
    pool: Prefix | None = None
    addresses: tuple[NamedAddress, ...] = ()
    description: str | None = None
    edge: str | None = None
    declared: bool = True
    default: bool = False
    site: str | None = None
    gateway_on: str | None = None
    data_center: str | None = None
    labels: Labels = ()
    vlan: int | None = None
    status: str | None = None

    @property
    def key(self) -> KeyPath:
        """Where the plan states the network; for a default that it does not declare, its cluster."""
        if self.declared:
            return ("networks", self.name)
        return ("clusters", self.cluster or "")

    @property
    def cidr_key(self) -> KeyPath:
        """Where the plan states the range; the network itself where it takes a default."""
        return self.key if self.default or self.prefix is None else (*self.key, "cidr")


class Cluster(NamedTuple):
    """A Kubernetes cluster; sizes are None where the plan does not state them."""

    name: str
    platform: Literal["iks", "icp"]
    workers: int | None = None
    pods_per_worker: int | None = None
    services: int | None = None
    data_center: str | None = None
    edge: str | None = None
    labels: Labels = ()
    vlan: int | None = None
    status: str | None = None


class Edge(NamedTuple):
    """An ESG with its DLR, and the overlay behind it. `internet` is one of `INTERNET`, None where the plan does not say."""

    name: str
    data_center: str | None = None
    internet: str | None = None
    labels: Labels = ()
    vlan: int | None = None
    status: str | None = None


class Site(NamedTuple):
    """A site of the enterprise."""

    name: str
    labels: Labels = ()
    vlan: int | None = None
    status: str | None = None


class LinkNat(NamedTuple):
    """A network that the far side of a link sees at other addresses: 1 to 1, or one address for answers only."""

    network: str
    shown: Prefix


class Link(NamedTuple):
    """An entry of `[[link]]`: two ends by name, and how they are joined.

    `networks` are those that it carries or stretches; empty for everything that the method can carry. `number` is the
    position of the entry in the plan, from 0.
    """

    ends: tuple[str, str]
    method: Method
    networks: tuple[str, ...] = ()
    nat: tuple[LinkNat, ...] = ()
    number: int = 0

    @property
    def key(self) -> KeyPath:
        """Where the plan states the link."""
        return ("link", self.number)


class Shown(NamedTuple):
    """A network at the addresses that the far side of a link sees; `number` is the position in the link's `nat`."""

    network: str
    prefix: Prefix
    link: Link
    number: int

    @property
    def key(self) -> KeyPath:
        """Where the plan states the addresses."""
        return (*self.link.key, "nat", self.number, "as")

    @property
    def title(self) -> str:
        """What the addresses are, in words."""
        return f"{self.network} as seen through the link {' to '.join(self.link.ends)}"


class SetAside(NamedTuple):
    """Space that nothing may be allocated from: a few words for messages, and where the plan says so.

    `network` is the network that a link shows at these addresses, None for avoided space.
    """

    prefix: Prefix
    words: str
    key: KeyPath
    network: str | None = None


class Avoid(NamedTuple):
    """Space that nothing may be allocated from."""

    prefix: Prefix
    reason: str | None


class Waiver(NamedTuple):
    """A finding that a named owner accepts, until a date."""

    rule: str
    networks: tuple[str, ...]
    reason: str
    owner: str | None
    until: datetime.date | None


@dataclass(frozen=True)
class Plan:
    """A whole plan.

    Invariant: network and cluster names are unique, every reference (cluster, pool) resolves, kinds and platforms of a
    network and its cluster agree. `keep_clear` is None where the plan does not say. `whole` is the plan of which this
    one is the part in service, None for a whole plan. The class has no slots, because it caches its defaults. `text` is what the plan was
    read from, empty where nobody kept it.
    """

    file: str
    name: str | None = None
    description: str | None = None
    data_centers: tuple[str, ...] = ()
    ranges_edition: str | None = None
    keep_clear: tuple[str, ...] | None = None
    ranges_file: str | None = None
    pools: tuple[Pool, ...] = ()
    owned_public: tuple[Prefix, ...] = ()
    integration: Mapping[IntegrationKey, str] = field(default_factory=dict)
    asns: Mapping[str, int] = field(default_factory=dict)
    ike: int | None = None
    account_routing: str | None = None
    clusters: Mapping[str, Cluster] = field(default_factory=dict)
    edges: Mapping[str, Edge] = field(default_factory=dict)
    sites: Mapping[str, Site] = field(default_factory=dict)
    links: tuple[Link, ...] = ()
    avoids: tuple[Avoid, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    networks: tuple[Network, ...] = ()
    whole: Plan | None = field(default=None, compare=False, repr=False)
    text: bytes = field(default=b"", compare=False, repr=False)

    @cached_property
    def retired(self) -> Retired:
        """What is retired, by itself or with its cluster, edge or site."""
        return find_retired(self)

    @cached_property
    def in_service(self) -> Plan:
        """The plan without its retired parts, for flows, exports and questions about what is joined."""
        return select_in_service(self)

    @cached_property
    def defaults(self) -> tuple[Network, ...]:
        """The networks at default ranges of their platform, declared or not.

        An IKS pod or service network without `cidr` and without `pool` takes IKS's default. A cluster that declares no
        pod or service network takes the default of its platform.
        """
        declared = {(n.kind.name, n.cluster) for n in self.networks if n.kind.internal}
        found = [
            n._replace(prefix=parse_prefix(IKS_DEFAULTS[n.kind.name]), default=True)
            for n in self.networks
            if n.kind.provider == "default" and n.prefix is None and n.pool is None
        ]
        taken = {n.name for n in self.networks}
        for cluster in self.clusters.values():
            defaults = IKS_DEFAULTS if cluster.platform == "iks" else ICP_DEFAULTS
            found += [
                Network(
                    _free_name(f"{cluster.name} ({KINDS[kind].role}s, default", taken),
                    KINDS[kind],
                    parse_prefix(cidr),
                    cluster=cluster.name,
                    declared=False,
                    default=True,
                )
                for kind, cidr in defaults.items()
                if (kind, cluster.name) not in declared
            ]
        return tuple(found)

    @cached_property
    def platforms(self) -> frozenset[str]:
        """The platforms in use, as `keep-clear` names them: IKS, and the containers of ICP nodes."""
        found = {network[1].platform for network in self.networks}
        found.update(cluster.platform for cluster in self.clusters.values())
        return frozenset(name for own, name in (("iks", "iks"), ("icp", "containers")) if own in found)

    @cached_property
    def kept_clear(self) -> frozenset[str]:
        """The platforms whose ranges `allocate` avoids: those of `keep-clear`, and those in use."""
        from ipplan.catalog import KEPT_CLEAR

        return self.platforms.union(KEPT_CLEAR if self.keep_clear is None else self.keep_clear)

    @cached_property
    def edge_names(self) -> tuple[str, ...]:
        """Every edge that the plan declares, then those that clusters and networks only name.

        A plan in service does not list a retired edge, also where an IKS cluster names it.
        """
        named = (*(c.edge for c in self.clusters.values()), *(n.edge for n in self.networks))
        found = dict.fromkeys([*self.edges, *(name for name in named if name is not None)])
        if self.whole is not None:
            return tuple(name for name in found if name not in self.whole.retired.edges)
        return tuple(found)

    @cached_property
    def shown(self) -> tuple[Shown, ...]:
        """Every network that a link translates, at the addresses that the far side sees."""
        return tuple(
            Shown(nat.network, nat.shown, link, number) for link in self.links for number, nat in enumerate(link.nat)
        )

    def stated_edge(self, network: Network) -> str | None:
        """Return the edge that a network states, else the one that its cluster states."""
        cluster = self.clusters.get(network.cluster) if network.cluster is not None else None
        return network.edge or (cluster.edge if cluster is not None and network.kind.platform else None)

    @property
    def set_aside(self) -> list[SetAside]:
        """The space that nothing may be allocated from, besides the networks."""
        avoided = [
            SetAside(avoid.prefix, f"avoided space {avoid.prefix}", ("avoid", number))
            for number, avoid in enumerate(self.avoids)
        ]
        return [
            *avoided,
            *(SetAside(s.prefix, f"{s.prefix} ({s.title})", s.key, s.network) for s in self.shown),
        ]

    def with_ranges(self, placed: Mapping[str, Prefix]) -> Plan:
        """Return the plan with the named networks pinned at their ranges."""
        networks = (
            n._replace(prefix=placed[n.name], length=None, hosts=None) if n.name in placed else n for n in self.networks
        )
        return replace(self, networks=tuple(networks))

    def taking_part(self) -> list[Network]:
        """Return every network: the declared ones, with the default that they take, then the defaults not declared."""
        ranges = {network.name: network for network in self.defaults if network.declared}
        found = [ranges.get(network.name, network) for network in self.networks]
        return [*found, *(network for network in self.defaults if not network.declared)]

    def ranges(self) -> Iterator[Network]:
        """Yield every network that has a range, pinned ones first, then defaults."""
        yield from (n for n in self.networks if n.prefix is not None)
        yield from self.defaults


def _free_name(start: str, taken: Collection[str]) -> str:
    """Return a name for a network that the plan does not declare, with a number where the name is in use."""
    names = chain([f"{start})"], (f"{start} {number})" for number in count(2)))
    return next(name for name in names if name not in taken)
