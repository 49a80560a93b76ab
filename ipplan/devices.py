"""What each device needs: addresses, NAT, routes, BGP sessions and tunnels, derived from the plan.

Pure data, the same for every output: an export writes it in the words of a device, a lab builds it. What a device
has to do follows from the ways of the topology; the addresses are those that the plan names, and examples elsewhere.

Sources: reference architecture (IBM Cloud docs, vmware-solutions, "Integration, IP addressing, and network flows",
2018-11-20) for what is translated, routed and announced; the workload ESG's interfaces are those of "Networking
services on IBM Cloud" (vmwaresolutions archiref/nsx/networking_services.md, 2018-11-20).
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from itertools import chain
from typing import TYPE_CHECKING, Literal, NamedTuple

from ipplan.addresses import Prefix, RangeSet, format_address, parse_prefix
from ipplan.flows import Address, free_addresses, pick
from ipplan.plan import names
from ipplan.plan.names import as_label
from ipplan.plan.sizing import first_usable, gateway_of
from ipplan.topology import STANDING, choice, list_ways, merge

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ipplan.catalog import Catalog
    from ipplan.plan.model import Cluster, IntegrationKey, Network, Plan
    from ipplan.topology import Site, Way

Role = Literal["public", "private", "transit"]
"""What an interface of the ESG is for."""
How = Literal["static", "link", "connected", "bgp", "ipsec", "chart", "layer-2", "request"]
"""How a route comes into a table: by hand through a hop or on the link, by an interface, protocol, policy or IBM."""

ROLES: dict[Role, str] = {
    "public": "vcs-esg-public",
    "private": "vcs-esg-private",
    "transit": "vcs-transit",
}
"""The interfaces of an ESG in the order of their numbers, and the kind of network on each."""
BCR_ASN = 13884
"""IBM's number on Direct Link, an example for the BCR: IBM tells the real one when it approves the peering."""
PROPOSAL = "aes256-sha256-modp2048"
"""Encryption, integrity and Diffie-Hellman group 14 of every tunnel, for IKE and ESP, in the words of strongSwan.

Stronger than what the chart takes by itself (AES-128, 3DES, SHA-1), and within what NSX-V has (API guide 6.4).
"""
DEFAULT_ROUTE = parse_prefix("0.0.0.0/0")
_MOST_NAMES = 8
"""Networks that are named for one route; further ones are three dots."""
_ON_THE_LINK = (
    "on the common VLAN, not through the BCR, which drops what goes to networks that it did not assign"
)
_CLASSIC = "ibm-default-static-route"
_BEHIND = ("vcs-vm", "icp-worker")
"""The kinds of network that the DLR serves; the transit network joins it with the ESG."""
_OF_AN_EDGE = frozenset((*ROLES.values(), *_BEHIND))


class AddressGroup(NamedTuple):
    """The addresses of an interface in one network: its own, and those that stand for others."""

    network: Network
    primary: Address
    secondary: tuple[Address, ...]


class Interface(NamedTuple):
    """An interface of the ESG. `gateway` is the router out there: FCR or BCR; for the transit network the DLR."""

    role: Role
    number: int
    groups: tuple[AddressGroup, ...]
    gateway: Address

    @property
    def address(self) -> Address:
        """The address that packets of the ESG itself come from."""
        return self.groups[0].primary


class SourceNat(NamedTuple):
    """New source on the way out of an interface; `address` None keeps the source, for what is met by its own.

    `match` limits it to a destination. Rules hold in their order: those that keep come first.
    """

    interface: Role
    source: Prefix
    match: Prefix | None
    address: Address | None
    text: str


class DestinationNat(NamedTuple):
    """New destination for what comes in: `address` stands for `target`; `port` None for all ports."""

    interface: Role
    address: Address
    target: Address
    protocol: str | None
    port: int | None
    text: str


class Route(NamedTuple):
    """A prefix in the table of a device: where it leads, and how it gets there.

    `device` and `name` say whose table; `via` is the next device, `next_hop` its address where there is one.
    """

    device: str
    name: str | None
    prefix: Prefix
    via: str
    next_hop: Address | None
    interface: Role | None
    how: How
    text: str


class Speaker(NamedTuple):
    """One end of a BGP session; `asn` is None where the plan states none, `example` where it is IBM's to tell.

    `subnet` is the one that its address stands in.
    """

    device: Literal["ESG", "vRouter", "BCR"]
    name: str | None
    address: Address
    asn: int | None
    announces: tuple[Prefix, ...]
    subnet: Prefix
    example: bool = False


class Session(NamedTuple):
    """A BGP session between two speakers."""

    first: Speaker
    second: Speaker

    @property
    def across(self) -> bool:
        """Whether the two stand in different subnets of the common VLAN.

        Each then needs a route on the link to the subnet of the other: the BCR, which routes between them, drops what
        goes to networks that it did not assign.
        """
        return not self.first.subnet.overlaps(self.second.subnet)


class TunnelEnd(NamedTuple):
    """One end of an IPsec tunnel.

    `gateway` is the public address that the other end knows it by, None where the plan names none: the other end
    then takes any. `inside` is where strongSwan really listens, if that is behind the NAT of the ESG. `subnets` are what the other end may reach through it.
    """

    site: Site
    name: str | None
    gateway: Address | None
    inside: Address | None
    identity: str
    subnets: tuple[Prefix, ...]


class Tunnel(NamedTuple):
    """An IPsec tunnel: IKS dials (`near`), the ESG or the strongSwan of ICP listens (`far`)."""

    key: IntegrationKey
    near: TunnelEnd
    far: TunnelEnd
    ike: int

    @property
    def label(self) -> str:
        """A name of letters, digits and hyphens, the same at both ends."""
        far = self.far.name or ("esg" if self.far.site == "overlay" else "icp")
        return as_label(f"{self.near.name or 'iks'}-{far}")


class Edge(NamedTuple):
    """One ESG with its DLR. `missing` says what the plan lacks for it, and what to write."""

    name: str | None
    interfaces: tuple[Interface, ...]
    behind: tuple[Network, ...]
    clusters: tuple[str, ...]
    source_nat: tuple[SourceNat, ...]
    destination_nat: tuple[DestinationNat, ...]
    routes: tuple[Route, ...]
    sessions: tuple[Session, ...]
    tunnels: tuple[Tunnel, ...]
    missing: tuple[tuple[str, str], ...]

    def interface(self, role: Role) -> Interface | None:
        """Return the interface for a purpose, None where the plan has no network for it."""
        return next((i for i in self.interfaces if i.role == role), None)


class Devices(NamedTuple):
    """Everything that the devices of a plan need. `routes` are those of all devices, the ESGs' among them."""

    edges: tuple[Edge, ...]
    sessions: tuple[Session, ...]
    tunnels: tuple[Tunnel, ...]
    routes: tuple[Route, ...]


def derive_devices(plan: Plan, catalog: Catalog) -> Devices:
    """Return what each device needs. Networks without a range take no part; IPv6 is routed, never translated."""
    networks = plan.taking_part()
    classic = tuple(row.prefix for row in catalog.reservations if row.category.name == _CLASSIC)
    edges = tuple(
        _Edge(plan, networks, name, tuple(own), classic).build() for name, own in _edges(networks).items()
    )
    workers = tuple(_worker_sessions(plan, networks))
    sessions = (*(s for edge in edges for s in edge.sessions), *workers)
    tunnels = tuple(tunnel for edge in edges for tunnel in edge.tunnels)
    routes = (*(r for edge in edges for r in edge.routes), *_other_routes(plan, networks, edges, tunnels))
    return Devices(edges, sessions, tunnels, routes)


def _edges(networks: Sequence[Network]) -> dict[str | None, list[Network]]:
    """Return the networks of each ESG. What names none belongs to the only one there is."""
    own = [n for n in networks if n.kind.name in _OF_AN_EDGE]
    found: dict[str | None, list[Network]] = {n.edge: [] for n in own if n.edge is not None}
    if len(found) < 2:
        return {next(iter(found), None): own}
    for network in own:
        if network.edge is not None:
            found[network.edge].append(network)
    return found


def worker_addresses(cluster: Cluster, networks: Iterable[Network]) -> list[Address]:
    """Return the private addresses of the workers of an IKS cluster.

    Those that the plan names; where it names none, as many examples as the plan states workers, spread over the
    subnets of the cluster, at least one in each. IBM Cloud assigns them, and a worker that is replaced gets another
    (IBM Cloud docs, containers, 2026-07-27).
    """
    own = [
        n for n in networks
        if n.kind.name == "iks-worker-private" and n.cluster == cluster.name
        and n.prefix is not None and n.prefix.version == 4
    ]  # fmt: skip
    named = [
        Address(format_address(n.prefix.version, value), n.name, a.name)
        for n in own
        for a in n.addresses
        if n.prefix is not None and a.name not in names.GATEWAY and (value := a.resolve(n.prefix)) is not None
    ]
    if named or not own:
        return named
    room = {n.name: max(n.prefix.size - 3, 1) for n in own if n.prefix is not None}
    places = (divmod(i, len(own)) for i in range(max(cluster.workers or 1, len(own))))
    return [pick(own[at], skip=nth) for nth, at in places if nth < room[own[at].name]]


class _Edge:
    """Derives one ESG; remembers which free addresses it has already given as examples."""

    def __init__(
        self, plan: Plan, networks: list[Network], name: str | None, own: tuple[Network, ...],
        classic: tuple[Prefix, ...],
    ) -> None:  # fmt: skip
        self.plan = plan
        self.networks = networks
        self.name = name
        self.classic = classic
        self.ways = list_ways(choice(plan.integration))
        self.at: dict[Role, list[Network]] = {
            role: [n for n in own if n.kind.name == kind and n.prefix is not None]
            for role, kind in ROLES.items()
        }
        self.behind = [n for n in own if n.kind.name in _BEHIND and n.prefix is not None]
        self.given: dict[tuple[Role, names.Names], Address] = {}
        self.used: dict[Role, dict[str, Address]] = {role: {} for role in ROLES}
        self.free = {role: chain.from_iterable(map(free_addresses, self.at[role])) for role in ROLES}
        self.short: Counter[Role] = Counter()
        inside = {n.cluster for n in self.behind if n.kind.platform == "icp"}
        others = {n.cluster for n in networks if n.kind.name == "icp-worker"}
        self.icp = [
            c for c in plan.clusters.values()
            if c.platform == "icp" and (c.name in inside or c.name not in others)
        ]  # fmt: skip
        self.iks = [c for c in plan.clusters.values() if c.platform == "iks" and self.joins(c)]

    def joins(self, cluster: Cluster) -> bool:
        """Tell whether an IKS cluster is joined with this ESG: with every one, unless its networks name some."""
        named = {n.edge for n in self.networks if n.cluster == cluster.name and n.edge is not None}
        return not named or self.name in named

    @property
    def tunnelled(self) -> bool:
        """Whether a tunnel ends at the ESG or passes it, for which it needs a public address."""
        keys: tuple[IntegrationKey, ...] = ("iks-vcs", "iks-icp")
        return any(self.plan.integration.get(key) == "strongswan" for key in keys)

    def build(self) -> Edge:
        tunnels = tuple(self.tunnels())
        kept = list(self.kept())
        source, destination = (*kept, *self.source_nat()), tuple(self.destination_nat(tunnels))
        sessions = tuple(self.sessions())
        routes = tuple(self.routes(tunnels, sessions))
        # Last, because every address that was used above stands on an interface.
        interfaces = tuple(self.interfaces())
        return Edge(
            self.name, interfaces, tuple(self.behind), tuple(c.name for c in self.icp), source, destination,
            routes, sessions, tunnels, tuple(self.missing()),
        )  # fmt: skip

    def missing(self) -> Iterator[tuple[str, str]]:
        """Yield what the plan lacks for this ESG, and what to write."""
        whose = "" if self.name is None else f" of edge {self.name}"
        what = {
            "public": "public uplink",
            "private": "private uplink",
            "transit": "transit network to the DLR",
        }
        for role, kind in ROLES.items():
            every = [n for n in self.networks if n.kind.name == kind]
            if not self.at[role]:
                waiting = any(n.prefix is None and n.edge == self.name for n in every)
                # An ESG without a public uplink is a design of its own, where nothing ends or starts out there.
                if role == "public" and not waiting and not self.tunnelled and self.at["private"]:
                    continue
                yield (
                    f"the {what[role]}{whose} has no range yet" if waiting else f"the plan has no {what[role]}{whose}",
                    "write cidr as soon as IBM Cloud has assigned it" if waiting
                    else f'add a network of kind = "{kind}"',
                )  # fmt: skip
            elif len(self.at[role]) > 1 and self.name is None:
                found = " and ".join(n.name for n in self.at[role])
                yield f"{found} may belong to one ESG or to several", 'write edge = "NAME" in each'
            if self.short[role]:
                yield (
                    f"{', '.join(n.name for n in self.at[role])} has no address left for {self.short[role]:,} that the ESG"
                    " stands for",
                    "order a larger subnet",
                )
        lost = [n.name for n in self.networks if n.kind.name in _OF_AN_EDGE and n.edge is None]
        if lost and len({n.edge for n in self.networks if n.edge is not None}) > 1:
            yield (
                f"{', '.join(lost[:8])} name no ESG, and the plan has several",
                'write edge = "NAME" in each',
            )

    # Addresses on the interfaces.

    def primary(self, role: Role) -> Address | None:
        """Return the ESG's own address on an interface."""
        if not self.at[role]:
            return None
        if role == "transit":
            return self.on_transit(names.TRANSIT_ESG, 0)
        return self.take(role, names.UPLINK)

    def on_transit(self, wanted: names.Names, nth: int) -> Address | None:
        """Return an address of the transit network: the one named so, else the n-th usable as an example."""
        if not self.at["transit"]:
            return None
        network = self.at["transit"][0]
        address = pick(network, *wanted)
        if address.example and network.prefix is not None:
            value = min(first_usable(network.prefix) + nth, network.prefix.last)
            return Address(format_address(network.prefix.version, value), network.name, example=True)
        return address

    def named(self, role: Role, wanted: names.Names) -> Address | None:
        """Return the address that a network of this interface names so."""
        for network in self.at[role]:
            address = pick(network, *wanted)
            if not address.example:
                return address
        return None

    def take(self, role: Role, wanted: names.Names) -> Address:
        """Return the address named so, else a free one as an example that stands for nothing else."""
        found = self.given.get((role, wanted)) or self.named(role, wanted) or next(self.free[role], None)
        if found is None:
            self.short[role] += 1
            found = Address("(no address left)", example=True)
        self.given[role, wanted] = found
        self.used[role][found.text] = found
        return found

    def interfaces(self) -> Iterator[Interface]:
        for number, role in enumerate(ROLES):
            primary = self.primary(role)
            if primary is None:
                continue
            groups = tuple(self.groups(role, primary))
            network = self.at[role][0]
            assert network.prefix is not None
            if role == "transit":
                gateway = self.on_transit(names.TRANSIT_DLR, 1)
                assert gateway is not None
            else:
                # The second address of a portable subnet is its gateway (IBM Cloud docs, subnets, 2025-06-02).
                gateway = Address(gateway_of(network, network.prefix) or "", network.name, "gateway")
            yield Interface(role, number, groups, gateway)

    def groups(self, role: Role, primary: Address) -> Iterator[AddressGroup]:
        """Yield the addresses of an interface by network: those that rules use, and those that the plan names."""
        for network in self.at[role]:
            own = [a for a in self.used[role].values() if a.network == network.name]
            if role != "transit":
                own += [
                    pick(network, a.name) for a in network.addresses
                    if a.name not in names.GATEWAY and network.prefix and a.resolve(network.prefix) is not None
                ]  # fmt: skip
            by_text = {a.text: a for a in reversed(own)}
            ordered = sorted(by_text.values(), key=lambda a: parse_prefix(_host(a)).first)
            first = primary if primary.network == network.name else next(iter(ordered), None)
            if first is None:
                continue
            yield AddressGroup(network, first, tuple(a for a in ordered if a.text != first.text))

    # NAT.

    def overlay(self, version: int = 4) -> list[Network]:
        """Return the networks behind the ESG of one IP version: NAT is for IPv4."""
        return [n for n in self.behind if n.prefix is not None and n.prefix.version == version]

    def own_routes(self) -> Iterator[tuple[Way, Role, Prefix]]:
        """Yield the destinations that the overlay meets by its own addresses, and the interface to them."""
        clusters = {*(c.name for c in self.iks), None}
        private = RangeSet(self.classic)
        for way in self.ways:
            if way.origin != "overlay" or way.device != "ESG" or way.method not in ("routed", "tunnel"):
                continue
            found = merge(
                n.prefix for n in self.networks
                if n.prefix is not None and n.kind.name in way.carries and n.cluster in clusters
            )  # fmt: skip
            for prefix in found:
                # A policy takes the packet only after it was routed: the interface is the one that its route names.
                by_bcr = way.method == "routed" or private.covers(prefix)
                yield way, "private" if by_bcr else "public", prefix

    def kept(self) -> Iterator[SourceNat]:
        """Yield the rules that keep a source: a tunnel's policies and BGP's routes hold for the real addresses."""
        for way, role, match in self.own_routes():
            if self.at[role] and match.version == 4:
                for source in merge(
                    n.prefix for n in self.overlay() if n.prefix and n.kind.name in self.own_kinds(way)
                ):
                    yield SourceNat(role, source, match, None, f"own addresses through {way.through}")

    def own_kinds(self, way: Way) -> frozenset[str]:
        """Return the kinds behind the ESG that are reached back through a way, so that they may start through it."""
        back = (w for w in self.ways if (w.origin, w.target, w.key) == (way.target, way.origin, way.key))
        return next((w.carries for w in back), frozenset())

    def source_nat(self) -> Iterator[SourceNat]:
        """Yield the SNAT of each network behind the ESG to both of IBM Cloud's networks."""
        for role in ("public", "private"):
            if not self.at[role]:
                continue
            for network in self.overlay():
                assert network.prefix is not None
                address = self.named(role, names.SNAT) or self.take(role, names.UPLINK)
                self.used[role][address.text] = address
                yield SourceNat(role, network.prefix, None, address, f"{network.name} to the {role} network")

    def destination_nat(self, tunnels: Sequence[Tunnel]) -> Iterator[DestinationNat]:
        """Yield the DNAT: to the virtual addresses of ICP, to its strongSwan, and to VMs with static NAT."""
        if self.plan.integration.get("icp-vcs") == "nat":
            for cluster in self.icp:
                yield from self.to_cluster(cluster)
        ends = {t.far.name: t.far for t in tunnels if t.key == "iks-icp"}
        for end in ends.values():
            if end.gateway is not None and end.inside is not None:
                # IKE, and IKE and ESP behind NAT (RFC 7296 section 2.23); the chart requires NAT traversal.
                for port in (500, 4500):
                    yield DestinationNat(
                        "public", end.gateway, end.inside, "udp", port, f"tunnel to strongSwan of {end.name}"
                    )
        if self.plan.integration.get("iks-vcs") == "static-nat" and self.at["private"]:
            yield from self.to_machines()

    def to_cluster(self, cluster: Cluster) -> Iterator[DestinationNat]:
        workers = [n for n in self.overlay() if n.kind.name == "icp-worker" and n.cluster == cluster.name]
        if not workers:
            return
        alone = len(self.icp) == 1
        for what, front, vip in (
            ("master", names.ICP_MASTER, names.MASTER_VIP),
            ("proxy", names.ICP_PROXY, names.PROXY_VIP),
        ):
            own = (f"{cluster.name}-{what}",)
            target = next((a for n in workers if not (a := pick(n, *vip)).example), None)
            target = target or pick(workers[0], skip=0 if what == "master" else 1)
            text = f"{what} VIP of {cluster.name}"
            if self.at["private"]:
                address = self.take("private", (*own, *front) if alone else own)
                yield DestinationNat("private", address, target, None, None, text)
            public = self.named("public", (*own, *front) if alone else own)
            if public is not None:
                self.used["public"][public.text] = public
                yield DestinationNat("public", public, target, None, None, text)

    def to_machines(self) -> Iterator[DestinationNat]:
        """Yield an address of the ESG for each VM that the plan names; where it names none, for an example."""
        for network in self.overlay():
            if network.kind.name != "vcs-vm" or network.prefix is None:
                continue
            machines = [
                pick(network, a.name) for a in network.addresses
                if a.name not in names.GATEWAY and a.resolve(network.prefix) is not None
            ] or [pick(network)]  # fmt: skip
            for machine in machines:
                wanted = (
                    (network.name,)
                    if machine.name is None
                    else (f"{network.name}-{machine.name}", machine.name)
                )
                address = self.take("private", wanted)
                what = network.name if machine.name is None else f"{machine.name} of {network.name}"
                yield DestinationNat("private", address, machine, None, None, what)

    # Tunnels and BGP.

    def tunnels(self) -> Iterator[Tunnel]:
        for way in self.ways:
            if way.method != "tunnel" or way.origin != "iks" or way.key is None:
                continue
            back = next(w for w in self.ways if (w.origin, w.target, w.key) == (way.target, "iks", way.key))
            for cluster in self.iks:
                near = self.near_end(cluster, way, back)
                for far in self.far_ends(way):
                    if near.subnets and far.subnets:
                        yield Tunnel(way.key, near, far, self.plan.ike or 2)

    def near_end(self, cluster: Cluster, way: Way, back: Way) -> TunnelEnd:
        own = [n for n in self.networks if n.cluster == cluster.name]
        alone = sum(c.platform == "iks" for c in self.plan.clusters.values()) == 1
        # A load balancer holds its address for one release of the chart. ICP lets IKS dial in from any.
        taken = way.key == "iks-icp" and self.plan.integration.get("iks-vcs") == "strongswan"
        gateway = None if taken else _named(own, "iks-ingress-public", names.TUNNEL)
        return TunnelEnd(
            "iks", cluster.name, gateway, None,
            "ibm-cloud" if alone else f"ibm-cloud-{as_label(cluster.name)}", _subnets(own, back.carries),
        )  # fmt: skip

    def far_ends(self, way: Way) -> Iterator[TunnelEnd]:
        if way.target == "overlay":
            alone = self.name is None
            gateway = self.gateway(names.ESG_TUNNEL)
            yield TunnelEnd(
                "overlay", self.name, gateway, None, "on-prem" if alone else f"on-prem-{as_label(self.name or '')}",
                _subnets([*self.behind, *self.at["transit"]], way.carries),
            )  # fmt: skip
            return
        alone = sum(c.platform == "icp" for c in self.plan.clusters.values()) == 1
        for cluster in self.icp:
            own = [n for n in self.networks if n.cluster == cluster.name]
            # The ESG ends the other tunnel itself: what it forwards has to arrive at another address.
            ends_here = self.plan.integration.get("iks-vcs") == "strongswan"
            wanted = names.ICP_TUNNEL if ends_here else (*names.ICP_TUNNEL, *names.ESG_TUNNEL)
            if len(self.icp) > 1:
                wanted = (f"{cluster.name}-strongswan", f"{cluster.name}-vpn")
            workers = [n for n in own if n.kind.name == "icp-worker" and n.prefix is not None]
            inside = _named(workers, "icp-worker", names.TUNNEL) or (pick(workers[0]) if workers else None)
            yield TunnelEnd(
                "icp", cluster.name, self.gateway(wanted), inside,
                "icp" if alone else f"icp-{as_label(cluster.name)}", _subnets(own, way.carries),
            )  # fmt: skip

    def gateway(self, wanted: names.Names) -> Address | None:
        """Return the public address of the ESG at which a tunnel ends."""
        return self.take("public", wanted) if self.at["public"] else None

    def sessions(self) -> Iterator[Session]:
        """Yield the BGP sessions of the ESG: with every worker on the common VLAN, or with the BCR."""
        method = self.plan.integration.get("iks-vcs")
        address = self.primary("private")
        if method not in ("common-vlan", "bgp") or address is None or _version(address) != 4:
            return
        kinds = self.announced()
        announced = merge(n.prefix for n in self.overlay() if n.prefix and n.kind.name in kinds)
        network = next(n for n in self.at["private"] if n.name == address.network)
        assert network.prefix is not None
        esg = Speaker("ESG", self.name, address, self.plan.asns.get("esg-asn"), announced, network.prefix)
        if method == "bgp":
            pods = _routed(self.networks, frozenset({"iks-pod"}))
            yield Session(esg, _bcr(network, pods))
            return
        for cluster in self.iks:
            for worker in worker_addresses(cluster, self.networks):
                yield Session(esg, _worker(self.plan, cluster, worker, self.networks))

    def announced(self) -> frozenset[str]:
        """Return the kinds that the ESG announces: to workers what they reach through it, to the BCR everything."""
        method = self.plan.integration.get("iks-vcs")
        return _met_by_iks(self.ways) if method == "common-vlan" else frozenset(_BEHIND)

    # Routes.

    def routes(self, tunnels: Sequence[Tunnel], sessions: Sequence[Session]) -> Iterator[Route]:
        """Yield the table of the ESG, then that of its DLR."""
        yield from self.uplink_routes()
        dlr = self.on_transit(names.TRANSIT_DLR, 1)
        kinds = self.announced()
        for version in (4, 6):
            # What is announced has routes of its own, because BGP announces a prefix only with a route for just that.
            own = [n for n in self.overlay(version) if n.kind.name in kinds]
            rest = [n for n in self.overlay(version) if n.kind.name not in kinds]
            for prefix, held in (*_merged_with_names(own), *_merged_with_names(rest)):
                hop = dlr if dlr is not None and _version(dlr) == version else None
                yield Route("ESG", self.name, prefix, "DLR", hop, "transit", "static", held)
        for tunnel in tunnels:
            if tunnel.key == "iks-vcs":
                for prefix in tunnel.near.subnets:
                    text = f"the tunnel to cluster {tunnel.near.name}"
                    yield Route(
                        "ESG", self.name, prefix, "strongSwan", tunnel.near.gateway, "public", "ipsec", text
                    )
        for subnet in dict.fromkeys(s.second.subnet for s in sessions if s.across):
            yield Route("ESG", self.name, subnet, "vRouter", None, "private", "link", _ON_THE_LINK)
        seen = set()
        for session in sessions:
            for prefix in session.second.announces:
                if prefix not in seen:
                    seen.add(prefix)
                    hop = session.second.address if session.second.device == "BCR" else None
                    text = f"pods of IKS, in blocks, from the {session.second.device}"
                    yield Route("ESG", self.name, prefix, session.second.device, hop, "private", "bgp", text)
        esg = self.primary("transit")
        yield Route("DLR", self.name, DEFAULT_ROUTE, "ESG", esg, "transit", "static", "everything else")
        for network in self.behind:
            assert network.prefix is not None
            hop = Address(gateway_of(network, network.prefix) or "", network.name, "gateway")
            yield Route(
                "DLR",
                self.name,
                network.prefix,
                "VXLAN",
                hop,
                None,
                "connected",
                f"gateway of {network.name}",
            )

    def uplink_routes(self) -> Iterator[Route]:
        """Yield the routes to IBM Cloud's networks, and through them to the enterprise."""
        hops: dict[Role, Address] = {}
        for role in ("public", "private"):
            for network in self.at[role][:1]:
                assert network.prefix is not None
                hops[role] = Address(gateway_of(network, network.prefix) or "", network.name, "gateway")
        if "public" in hops:
            text = "the internet"
            yield Route("ESG", self.name, DEFAULT_ROUTE, "FCR", hops["public"], "public", "static", text)
        elif "private" in hops:
            text = "everything else; there is no public uplink"
            yield Route("ESG", self.name, DEFAULT_ROUTE, "BCR", hops["private"], "private", "static", text)
        if "private" not in hops:
            return
        for prefix in self.classic:
            text = "IBM Cloud's private network, as on every classic server"
            yield Route("ESG", self.name, prefix, "BCR", hops["private"], "private", "static", text)
        if self.plan.integration.get("enterprise") == "routed":
            known = RangeSet(self.classic)
            for prefix in merge(
                n.prefix
                for n in self.networks
                if n.prefix is not None and n.kind.name in STANDING["enterprise"]
            ):
                if prefix.version == 4 and not known.covers(prefix):
                    text = "the enterprise, over Direct Link"
                    yield Route("ESG", self.name, prefix, "BCR", hops["private"], "private", "static", text)


def _named(own: Iterable[Network], kind: str, wanted: names.Names) -> Address | None:
    """Return the address that a network of a kind names so."""
    found = (pick(n, *wanted) for n in own if n.kind.name == kind and n.prefix is not None)
    return next((address for address in found if not address.example), None)


def _merged_with_names(networks: Sequence[Network]) -> Iterator[tuple[Prefix, str]]:
    """Yield the fewest prefixes of the networks, each with the names of those in it."""
    prefixes = merge(n.prefix for n in networks if n.prefix is not None)
    firsts = [prefix.first for prefix in prefixes]
    found: list[list[str]] = [[] for _ in prefixes]
    for network in networks:
        if network.prefix is not None:
            found[bisect_right(firsts, network.prefix.first) - 1].append(network.name)
    for prefix, names_in in zip(prefixes, found, strict=True):
        shown = names_in if len(names_in) <= _MOST_NAMES else [*names_in[:_MOST_NAMES], "..."]
        yield prefix, ", ".join(shown)


def _met_by_iks(ways: Iterable[Way]) -> frozenset[str]:
    """Return the kinds of network that IKS reaches through the ESG by routes."""
    found = (w.carries for w in ways if (w.origin, w.target, w.method) == ("iks", "overlay", "snat"))
    return next(found, frozenset())


def _subnets(own: Iterable[Network], kinds: frozenset[str]) -> tuple[Prefix, ...]:
    return merge(n.prefix for n in own if n.prefix is not None and n.kind.name in kinds)


def _routed(own: Iterable[Network], kinds: frozenset[str]) -> tuple[Prefix, ...]:
    """Return what a BGP session announces: IPv4, as its addresses are."""
    return _subnets((n for n in own if n.prefix is not None and n.prefix.version == 4), kinds)


def _bcr(network: Network, announced: tuple[Prefix, ...]) -> Speaker:
    """Return the BCR as the gateway of one of IBM Cloud's subnets."""
    assert network.prefix is not None
    address = Address(gateway_of(network, network.prefix) or "", network.name, "gateway")
    return Speaker("BCR", None, address, BCR_ASN, announced, network.prefix, example=True)


def _worker(plan: Plan, cluster: Cluster, address: Address, networks: Sequence[Network]) -> Speaker:
    pods = _routed((n for n in networks if n.cluster == cluster.name), frozenset({"iks-pod"}))
    subnet = next(n.prefix for n in networks if n.name == address.network and n.prefix is not None)
    return Speaker("vRouter", cluster.name, address, plan.asns.get("iks-asn"), pods, subnet)


def _worker_sessions(plan: Plan, networks: Sequence[Network]) -> Iterator[Session]:
    """Yield the sessions of the workers with the BCR, which announces the overlay to them."""
    if plan.integration.get("iks-vcs") != "bgp":
        return
    overlay = _routed(networks, frozenset(_BEHIND))
    subnets = {n.name: n for n in networks if n.kind.name == "iks-worker-private"}
    for cluster in plan.clusters.values():
        for worker in worker_addresses(cluster, networks):
            assert worker.network is not None
            yield Session(_worker(plan, cluster, worker, networks), _bcr(subnets[worker.network], overlay))


def _other_routes(
    plan: Plan, networks: Sequence[Network], edges: Sequence[Edge], tunnels: Sequence[Tunnel]
) -> Iterator[Route]:
    """Yield the routes of the machines behind the DLR, of the workers, of IBM's routers and of the enterprise."""
    method = plan.integration.get("iks-vcs")
    for edge in edges:
        for network in edge.behind:
            assert network.prefix is not None
            hop = Address(gateway_of(network, network.prefix) or "", network.name, "gateway")
            what, name = "VM", network.name
            if network.kind.name == "icp-worker":
                what, name = "ICP worker", network.cluster or network.name
            default = DEFAULT_ROUTE if network.prefix.version == 4 else parse_prefix("::/0")
            yield Route(
                what, name, default, "DLR", hop, None, "static", f"everything else, from {network.name}"
            )
    for tunnel in tunnels:
        for near, far in ((tunnel.near, tunnel.far), (tunnel.far, tunnel.near)):
            if near.site in ("iks", "icp"):
                what = "IKS worker" if near.site == "iks" else "ICP worker"
                for prefix in far.subnets:
                    text = f"through the tunnel of {tunnel.key}"
                    yield Route(what, near.name, prefix, "strongSwan", None, None, "chart", text)
    for cluster in plan.clusters.values():
        if cluster.platform == "iks" and method in ("common-vlan", "bgp"):
            kinds = _met_by_iks(list_ways(choice(plan.integration)))
            for edge in edges:
                for prefix in merge(n.prefix for n in edge.behind if n.prefix and n.kind.name in kinds):
                    private = edge.interface("private")
                    via = "ESG" if method == "common-vlan" else "BCR"
                    at = private.address if private is not None and via == "ESG" else None
                    text = "the overlay" if edge.name is None else f"the overlay behind {edge.name}"
                    yield Route("IKS worker", cluster.name, prefix, via, at, None, "bgp", text)
    across = ((s.second.name, s.first) for edge in edges for s in edge.sessions if s.across)
    for cluster_name, esg in dict.fromkeys(across):
        yield Route("IKS worker", cluster_name, esg.subnet, "ESG", None, None, "link", _ON_THE_LINK)
    if method == "bgp":
        yield from _requests(networks, edges)
    yield from _enterprise_routes(plan, networks)


def _requests(networks: Sequence[Network], edges: Sequence[Edge]) -> Iterator[Route]:
    """Yield what IBM has to let the BCR learn: nothing of it is IBM's own."""
    for edge in edges:
        private = edge.interface("private")
        for prefix in merge(n.prefix for n in edge.behind if n.prefix is not None):
            hop = None if private is None else private.address
            text = "announced by the ESG" if edge.name is None else f"announced by the ESG of {edge.name}"
            yield Route("BCR", None, prefix, "ESG", hop, None, "request", text)
    for network in networks:
        if network.kind.name == "iks-pod" and network.prefix is not None:
            text = f"{network.name}, announced in blocks by the workers of {network.cluster}"
            yield Route("BCR", None, network.prefix, "vRouter", None, None, "request", text)


def _enterprise_routes(plan: Plan, networks: Sequence[Network]) -> Iterator[Route]:
    """Yield what the enterprise's router has to know."""
    method = plan.integration.get("enterprise")
    device = "on-premises router"
    if method == "routed":
        kinds = set(STANDING["ibm-private"])
        if plan.integration.get("iks-vcs") == "bgp":
            kinds |= {*_BEHIND, "iks-pod"}
        for network in networks:
            if network.kind.name in kinds and network.prefix is not None:
                text = f"{network.name}, over Direct Link; by BGP from the XCR, or static without it"
                yield Route(device, None, network.prefix, "XCR", None, None, "static", text)
    elif method == "l2-extension":
        for network in networks:
            if network.kind.name == "vcs-hcx" and network.prefix is not None:
                text = f"{network.name}: the remote L2 concentrator, over the WAN"
                yield Route(device, None, network.prefix, "XCR", None, None, "static", text)
        for network in networks:
            if network.kind.name == "vcs-vm" and network.prefix is not None:
                text = f"{network.name}, where it is stretched"
                yield Route(device, None, network.prefix, "L2 concentrator", None, None, "layer-2", text)


def _host(address: Address) -> str:
    return f"{address.text}/{32 if ':' not in address.text else 128}"


def _version(address: Address) -> int:
    return 6 if ":" in address.text else 4
