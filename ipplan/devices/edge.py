"""One ESG with its DLR: interfaces, NAT, tunnels, BGP sessions and routes."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from itertools import chain
from typing import TYPE_CHECKING

from ipplan.addresses import RangeSet, format_address, parse_prefix
from ipplan.devices.common import gateway_address, met_by_iks, routed_subnets, subnets_of, version_of
from ipplan.devices.model import (
    BEHIND,
    DEFAULT_ROUTES,
    OF_AN_EDGE,
    ON_THE_LINK,
    ROLES,
    AddressGroup,
    DestinationNat,
    Edge,
    Interface,
    Route,
    Session,
    SourceNat,
    Speaker,
    Tunnel,
    TunnelEnd,
)
from ipplan.devices.workers import bcr, worker_addresses, worker_speaker
from ipplan.flows import Address, free_addresses, pick
from ipplan.plan import names
from ipplan.plan.names import as_labels
from ipplan.plan.sizing import first_usable
from ipplan.topology import STANDING, choice, list_ways, merge

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ipplan.addresses import Prefix
    from ipplan.devices.model import Role
    from ipplan.plan.methods import IntegrationKey
    from ipplan.plan.model import Cluster, Network, Plan
    from ipplan.topology import Way

_MOST_NAMES = 8
"""Networks that are named for one route; further ones are three dots."""


class EdgeBuilder:
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
        self.labels = as_labels(plan.clusters)
        self.edge_labels = as_labels(dict.fromkeys(n.edge for n in networks if n.edge is not None))
        self.at: dict[Role, list[Network]] = {
            # IPv4 first: it is what NAT, tunnels and BGP need.
            role: sorted((n for n in own if n.kind.name == kind and n.prefix is not None), key=_version_of)
            for role, kind in ROLES.items()
        }
        self.behind = [n for n in own if n.kind.name in BEHIND and n.prefix is not None]
        self.given: dict[tuple[Role, names.Names], Address] = {}
        self.used: dict[Role, dict[str, Address]] = {role: {} for role in ROLES}
        self.free = {role: chain.from_iterable(map(free_addresses, self.pool(role))) for role in ROLES}
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
        lost = [n.name for n in self.networks if n.kind.name in OF_AN_EDGE and n.edge is None]
        if lost and len({n.edge for n in self.networks if n.edge is not None}) > 1:
            yield (
                f"{', '.join(lost[:8])} name{'' if len(lost) > 1 else 's'} no ESG, and the plan has several",
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

    def pool(self, role: Role) -> list[Network]:
        """Return the networks of an interface in which its own and its further addresses lie: of one IP version."""
        return [n for n in self.at[role] if _version_of(n) == _version_of(self.at[role][0])]

    def translates(self, role: Role) -> bool:
        """Tell whether there is NAT on an interface: where it has IPv4."""
        return bool(self.at[role]) and _version_of(self.at[role][0]) == 4

    def on_transit(self, wanted: names.Names, nth: int, version: int | None = None) -> Address | None:
        """Return an address of the transit network: the one named so, else the n-th usable as an example."""
        found = [n for n in self.at["transit"] if version in (None, _version_of(n))]
        if not found:
            return None
        network = found[0]
        address = pick(network, *wanted)
        if address.example and network.prefix is not None:
            value = min(first_usable(network.prefix) + nth, network.prefix.last)
            return Address(format_address(network.prefix.version, value), network.name, example=True)
        return address

    def named(self, role: Role, wanted: names.Names) -> Address | None:
        """Return the address that a network of this interface names so."""
        for network in self.pool(role):
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
                gateway = gateway_address(network)
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
            first = primary if primary.network == network.name else pick(network, *names.UPLINK)
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
            if self.translates(role) and match.version == 4:
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
            if not self.translates(role):
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
        if self.plan.integration.get("iks-vcs") == "static-nat" and self.translates("private"):
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
            if self.translates("private"):
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
        label = self.labels[cluster.name]
        identity = "ibm-cloud" if alone else f"ibm-cloud-{label}"
        return TunnelEnd("iks", cluster.name, label, gateway, None, identity, subnets_of(own, back.carries))

    def far_ends(self, way: Way) -> Iterator[TunnelEnd]:
        if way.target == "overlay":
            label, identity = "esg", "on-prem"
            if self.name is not None:
                label = self.edge_labels[self.name]
                identity = f"on-prem-{label}"
            yield TunnelEnd(
                "overlay", self.name, label, self.gateway(names.ESG_TUNNEL), None, identity,
                subnets_of([*self.behind, *self.at["transit"]], way.carries),
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
            label = self.labels[cluster.name]
            yield TunnelEnd(
                "icp", cluster.name, label, self.gateway(wanted), inside, "icp" if alone else f"icp-{label}",
                subnets_of(own, way.carries),
            )  # fmt: skip

    def gateway(self, wanted: names.Names) -> Address | None:
        """Return the public address of the ESG at which a tunnel ends."""
        return self.take("public", wanted) if self.translates("public") else None

    def sessions(self) -> Iterator[Session]:
        """Yield the BGP sessions of the ESG: with every worker on the common VLAN, or with the BCR."""
        method = self.plan.integration.get("iks-vcs")
        address = self.primary("private")
        if method not in ("common-vlan", "bgp") or address is None or version_of(address) != 4:
            return
        kinds = self.announced()
        announced = merge(n.prefix for n in self.overlay() if n.prefix and n.kind.name in kinds)
        network = next(n for n in self.at["private"] if n.name == address.network)
        assert network.prefix is not None
        esg = Speaker("ESG", self.name, address, self.plan.asns.get("esg-asn"), announced, network.prefix)
        if method == "bgp":
            pods = routed_subnets(self.networks, frozenset({"iks-pod"}))
            yield Session(esg, bcr(network, pods))
            return
        for cluster in self.iks:
            for worker in worker_addresses(cluster, self.networks):
                yield Session(esg, worker_speaker(self.plan, cluster, worker, self.networks))

    def announced(self) -> frozenset[str]:
        """Return the kinds that the ESG announces: to workers what they reach through it, to the BCR everything."""
        method = self.plan.integration.get("iks-vcs")
        return met_by_iks(self.ways) if method == "common-vlan" else frozenset(BEHIND)

    # Routes.

    def routes(self, tunnels: Sequence[Tunnel], sessions: Sequence[Session]) -> Iterator[Route]:
        """Yield the table of the ESG, then that of its DLR."""
        yield from self.uplink_routes()
        kinds = self.announced()
        for version in (4, 6):
            # What is announced has routes of its own, because BGP announces a prefix only with a route for just that.
            own = [n for n in self.overlay(version) if n.kind.name in kinds]
            rest = [n for n in self.overlay(version) if n.kind.name not in kinds]
            for prefix, held in (*_merged_with_names(own), *_merged_with_names(rest)):
                hop = self.on_transit(names.TRANSIT_DLR, 1, version)
                yield Route("ESG", self.name, prefix, "DLR", hop, "transit", "static", held)
        for tunnel in tunnels:
            if tunnel.key == "iks-vcs":
                for prefix in tunnel.near.subnets:
                    text = f"the tunnel to cluster {tunnel.near.name}"
                    yield Route(
                        "ESG", self.name, prefix, "strongSwan", tunnel.near.gateway, "public", "ipsec", text
                    )
        for subnet in dict.fromkeys(s.second.subnet for s in sessions if s.across):
            yield Route("ESG", self.name, subnet, "vRouter", None, "private", "link", ON_THE_LINK)
        seen = set()
        for session in sessions:
            for prefix in session.second.announces:
                if prefix not in seen:
                    seen.add(prefix)
                    hop = session.second.address if session.second.device == "BCR" else None
                    text = f"pods of IKS, in blocks, from the {session.second.device}"
                    yield Route("ESG", self.name, prefix, session.second.device, hop, "private", "bgp", text)
        for version, default in DEFAULT_ROUTES.items():
            esg = self.on_transit(names.TRANSIT_ESG, 0, version)
            if esg is not None or self.overlay(version):
                yield Route("DLR", self.name, default, "ESG", esg, "transit", "static", "everything else")
        for network in self.behind:
            assert network.prefix is not None
            hop = gateway_address(network)
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
        hops: dict[tuple[Role, int], Address] = {}
        for role in ("public", "private"):
            for network in self.at[role]:
                hops.setdefault((role, _version_of(network)), gateway_address(network))
        for version, default in DEFAULT_ROUTES.items():
            if ("public", version) in hops:
                hop, text = hops["public", version], "the internet"
                yield Route("ESG", self.name, default, "FCR", hop, "public", "static", text)
            elif ("private", version) in hops:
                hop, text = hops["private", version], f"everything else; no public uplink has IPv{version}"
                yield Route("ESG", self.name, default, "BCR", hop, "private", "static", text)
        bcr_hop = hops.get(("private", 4))
        if bcr_hop is None:
            return
        for prefix in self.classic:
            text = "IBM Cloud's private network, as on every classic server"
            yield Route("ESG", self.name, prefix, "BCR", bcr_hop, "private", "static", text)
        if self.plan.integration.get("enterprise") == "routed":
            known = RangeSet(self.classic)
            for prefix in merge(
                n.prefix
                for n in self.networks
                if n.prefix is not None and n.kind.name in STANDING["enterprise"]
            ):
                if prefix.version == 4 and not known.covers(prefix):
                    text = "the enterprise, over Direct Link"
                    yield Route("ESG", self.name, prefix, "BCR", bcr_hop, "private", "static", text)


def _version_of(network: Network) -> int:
    return 0 if network.prefix is None else network.prefix.version


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


def _host(address: Address) -> str:
    return f"{address.text}/{32 if ':' not in address.text else 128}"
