"""One ESG with its DLR: interfaces, NAT, tunnels, BGP sessions and routes.

Sources: reference architecture (IBM Cloud docs, vmware-solutions, "Integration, IP addressing, and network flows",
2018-11-20) for what is translated, routed and announced; the workload ESG's interfaces are those of "Networking
services on IBM Cloud" (vmwaresolutions archiref/nsx/networking_services.md, 2018-11-20).
"""

from __future__ import annotations

from collections import Counter
from itertools import chain
from typing import TYPE_CHECKING

from ipplan.addresses import RangeSet
from ipplan.landscape.ends import PRIVATE, UPLINKS, Carried, End
from ipplan.landscape.folding import of_version, with_names
from ipplan.landscape.holders import (
    find_named,
    first_named,
    free_addresses,
    gateway_address,
    machines,
    pick,
)
from ipplan.landscape.model import (
    DEFAULT_ROUTES,
    MOST_INTERFACES,
    ON_THE_LINK,
    ROLES,
    AddressGroup,
    DestinationNat,
    Esg,
    HostAddress,
    Interface,
    RangeNat,
    Route,
    Session,
    SourceNat,
)
from ipplan.landscape.tunnels import esg_address, esg_networks, translations
from ipplan.plan import names
from ipplan.plan.sizing import first_usable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from ipplan.addresses import Prefix
    from ipplan.landscape import Landscape
    from ipplan.landscape.ends import Joint
    from ipplan.landscape.model import How, Role, Speaker, Tunnel
    from ipplan.plan.model import Network


_TRANSLATED_HERE = frozenset({"edge-edge", "site-edge"})
"""The pairs on whose tunnels the ESG translates its own side. On those of IKS the strongSwan of the cluster does it."""


def gateway_on_esg(network: Network) -> bool:
    """Tell whether the router of a network behind an edge is its ESG: that of ICP workers is, unless the plan says so."""
    default = "esg" if network.kind.name == "icp-worker" else "dlr"
    return (network.gateway_on or default) == "esg"


def on_transit(
    transit: Sequence[Network], wanted: names.Names, nth: int, version: int | None = None
) -> HostAddress | None:
    """Return an address of the transit network: the one named so, else the n-th usable as an example."""
    found = [n for n in transit if n.prefix is not None and version in (None, n.prefix.version)]
    if not found:
        return None
    network = found[0]
    if (named := find_named(network, *wanted)) is not None:
        return named
    assert network.prefix is not None
    value = min(first_usable(network.prefix) + nth, network.prefix.last)
    return HostAddress(network.prefix.version, value, network.name, example=True)


class EsgBuilder:
    """Derives one ESG; remembers which free addresses it has already given as examples."""

    def __init__(self, landscape: Landscape, end: End) -> None:
        self.landscape = landscape
        self.end = end
        self.ends = landscape.ends
        self.joints = self.ends.links.of(end)
        self.behind = [n for n in self.ends.behind(end) if n.prefix is not None]
        self.at: dict[str, list[Network]] = {
            # IPv4 first: it is what NAT, tunnels and BGP need.
            role: sorted(
                (n for n in self.ends.of_edge(end, kind) if n.prefix is not None),
                key=lambda n: n.prefix.version if n.prefix else 0,
            )
            for role, kind in ROLES.items()
        }
        self.icp = [
            (c, joint)
            for c in self.ends.icp_behind.get(end, ())
            if (joint := self.ends.links.between("icp-edge", c, end)) is not None
        ]
        self.given: dict[tuple[str, names.Names], HostAddress] = {}
        self.used: dict[str, dict[str, HostAddress]] = {role: {} for role in ROLES}
        self.folded: dict[tuple[int, bool], tuple[Prefix, ...]] = {}
        self.short: Counter[str] = Counter()
        self.primaries = {role: self.primary(role) for role in ROLES}
        taken = {a.text for a in self.primaries.values() if a is not None}
        self.free = {
            role: (a for a in chain.from_iterable(map(free_addresses, self.pool(role))) if a.text not in taken)
            for role in UPLINKS
        }

    def build(self) -> Esg:
        tunnels = tuple(self.landscape.tunnels.of_end(self.end))
        # The routes first: they say on which interface a packet leaves, and so which rules keep its source.
        sessions = tuple(self.sessions())
        uplink = tuple(self.uplink_routes())
        source = (*self.kept(tunnels, uplink), *self.shown(tunnels, uplink), *self.source_nat())
        destination = tuple(self.destination_nat())
        # One route a prefix: a GRE tunnel is more direct than the routed link of its site.
        gre = {p for t in tunnels if t.joint.method == "gre" for p in t.far_from(self.end).subnets}
        others = (route for route in uplink if route.prefix not in gre)
        routes = (*others, *self.connected(), *self.routes(tunnels, sessions))
        for tunnel in tunnels:
            gateway = tunnel.end_at(self.end).gateway
            if gateway is not None and gateway.value is not None:
                self.used["private" if tunnel.private else "public"][gateway.text] = gateway
        # Last, because every address that was used above stands on an interface.
        interfaces = tuple(self.interfaces())
        return Esg(
            self.end,
            interfaces,
            tuple(self.behind),
            tuple(c.name for c, _ in self.icp),
            source,
            destination,
            tuple(self.range_nat(tunnels)),
            routes,
            tuple(self.dlr_routes()),
            sessions,
            tunnels,
            tuple(self.missing(interfaces)),
        )

    def missing(self, interfaces: Sequence[Interface]) -> Iterator[tuple[str, str]]:
        """Yield what the plan lacks for this ESG, and what to write."""
        whose = "" if self.end.name is None else f" of edge {self.end.name}"
        what = {
            "public": "public uplink",
            "private": "private uplink",
            "transit": "transit network to the DLR",
        }
        for role, kind in ROLES.items():
            if not self.at[role]:
                waiting = any(n.prefix is None for n in self.ends.of_edge(self.end, kind))
                # An ESG without a public uplink is a design of its own, where nothing ends or starts out there.
                if role == "public" and not waiting and not self.needs_public and self.at["private"]:
                    continue
                yield (
                    f"the {what[role]}{whose} has no range yet" if waiting else f"the plan has no {what[role]}{whose}",
                    "write cidr as soon as IBM Cloud has assigned it"
                    if waiting
                    else f'add a network of kind = "{kind}"',
                )
            elif len(self.at[role]) > 1 and self.end.name is None:
                found = " and ".join(n.name for n in self.at[role])
                yield f"{found} may belong to one ESG or to several", 'write edge = "NAME" in each'
            if self.short[role]:
                yield (
                    f"{', '.join(n.name for n in self.at[role])} has no address left for {self.short[role]:,} that the ESG"
                    " stands for",
                    "order a larger subnet",
                )
        if len(interfaces) > MOST_INTERFACES:
            yield (
                f"the ESG{whose} needs {len(interfaces):,} interfaces, and has {MOST_INTERFACES} at most",
                'write gateway-on = "dlr" in some of the networks that it is the gateway of',
            )

    @property
    def needs_public(self) -> bool:
        """Whether a tunnel ends at the ESG or passes it, for which it needs a public address."""
        tunnels = self.landscape.tunnels
        if any(j.method in ("strongswan", "ipsec", "gre") and not tunnels.ends_privately(j) for j in self.joints):
            return True
        return any(
            j.method == "strongswan"
            for c, _ in self.icp
            for pair in ("iks-icp", "icp-icp")
            for j in self.ends.links.of_pair(c, pair)
        )

    # Addresses on the interfaces.

    def primary(self, role: str) -> HostAddress | None:
        """Return the ESG's own address on an interface."""
        if role == "transit":
            return on_transit(self.at["transit"], names.TRANSIT_ESG, 0)
        return esg_address(self.ends, self.end, role) if self.at[role] else None

    def pool(self, role: str) -> list[Network]:
        """Return the networks of an interface in which its own and its further addresses lie: of one IP version."""
        return esg_networks(self.ends, self.end, role)

    def translates(self, role: str) -> bool:
        """Tell whether there is NAT on an interface: where it has IPv4."""
        if role == "gre":
            return True
        own = self.at[role]
        return bool(own) and own[0].prefix is not None and own[0].prefix.version == 4

    def named(self, role: str, wanted: names.Names) -> HostAddress | None:
        """Return the address that a network of this interface names so."""
        return first_named(self.pool(role), *wanted)

    def take(self, role: str, wanted: names.Names) -> HostAddress | None:
        """Return the address named so, else a free one as an example that stands for nothing else; None if none is left."""
        key = (role, wanted)
        found = self.given.get(key) or self.named(role, wanted) or next(self.free[role], None)
        if found is None:
            self.short[role] += 1
            return None
        self.given[key] = found
        return self.use(role, found)

    def use(self, role: str, address: HostAddress) -> HostAddress:
        """Remember that an address stands on an interface."""
        self.used[role][address.text] = address
        return address

    def interfaces(self) -> Iterator[Interface]:
        roles: dict[Role, str] = ROLES
        for number, role in enumerate(roles):
            primary = self.primaries[role]
            if primary is None:
                continue
            groups = tuple(self.groups(role, primary))
            if role == "transit":
                gateway = on_transit(self.at["transit"], names.TRANSIT_DLR, 1)
            else:
                gateway = gateway_address(self.at[role][0])
            yield Interface(role, number, groups, gateway)
        own = [n for n in self.behind if gateway_on_esg(n)]
        for number, network in enumerate(own, len(roles)):
            yield Interface("workers", number, (AddressGroup(network, gateway_address(network), ()),), None)

    def groups(self, role: str, primary: HostAddress) -> Iterator[AddressGroup]:
        """Yield the addresses of an interface by network: those that rules use, and those that the plan names."""
        for network in self.at[role]:
            own = [a for a in self.used[role].values() if a.network == network.name]
            if role != "transit":
                own += machines(network)
            by_text = {a.text: a for a in reversed(own) if a.value is not None}
            ordered = sorted(by_text.values(), key=lambda a: a.value or 0)
            first = primary if primary.network == network.name else pick(network, *names.UPLINK)
            yield AddressGroup(network, first, tuple(a for a in ordered if a.text != first.text))

    # NAT.

    def leaves_by(self, prefix: Prefix, uplink: Sequence[Route]) -> Role:
        """Return the interface on which packets to a prefix leave by the routes of the uplinks.

        A policy takes a packet only after it was routed, so that the route for what is behind a tunnel decides.
        """
        holding = [r for r in uplink if r.prefix.covers(prefix)]
        best = max(holding, key=lambda r: r.prefix.length, default=None)
        return "public" if best is None or best.interface is None else best.interface

    def kept(self, tunnels: Sequence[Tunnel], uplink: Sequence[Route]) -> Iterator[SourceNat]:
        """Yield the rules that keep a source: a tunnel's policies and BGP's routes hold for the real addresses.

        Into a GRE tunnel packets go by its own interface, on which nothing else translates.
        """
        for tunnel in tunnels:
            if tunnel.joint.method == "gre":
                continue
            words = f"own addresses through {tunnel.joint.title}"
            sources = of_version(self.untranslated(tunnel), 4)
            for match in of_version(tunnel.far_from(self.end).subnets, 4):
                role = self.leaves_by(match, uplink)
                if self.translates(role):
                    for source in sources:
                        yield SourceNat(role, source, match, None, words)
        yield from self.kept_by_routes()

    def untranslated(self, tunnel: Tunnel) -> tuple[Prefix, ...]:
        """Return what goes into a tunnel from here by its real addresses."""
        items = self.ends.carriage.carried(tunnel.joint, self.end)
        here = tunnel.joint.pair in _TRANSLATED_HERE
        key = id(items), here
        if key not in self.folded:
            own = (Carried(item.network) for item in items if item.shown is None or not here)
            self.folded[key] = self.landscape.folder.fold(own)
        return self.folded[key]

    def kept_by_routes(self) -> Iterator[SourceNat]:
        """Yield the rules that keep a source towards what learns the real addresses by a routing protocol or by hand."""
        if not self.translates("private"):
            return
        merged: dict[tuple[str, tuple[Carried, ...]], list[Carried]] = {}
        for joint in self.joints:
            if joint.method == "common-vlan":
                words = "BGP between vRouters and ESG on the common VLAN"
            elif joint.method == "bgp":
                words = "the routes that vRouters announce to the BCR"
            elif joint.pair == "edge-edge" and joint.method == "routed":
                words = joint.title
            else:
                continue
            own = self.ends.carriage.carried(joint, self.end)
            merged.setdefault((words, own), []).extend(self.ends.carriage.carried(joint, joint.far(self.end)))
        fold = self.landscape.folder.fold
        for (words, own), far in merged.items():
            for match in of_version(fold(far), 4):
                for source in of_version(fold(own), 4):
                    yield SourceNat("private", source, match, None, f"own addresses through {words}")

    def shown(self, tunnels: Sequence[Tunnel], uplink: Sequence[Route]) -> Iterator[SourceNat]:
        """Yield the SNAT of links that show networks behind the ESG at other addresses."""
        for tunnel, match in self.translating(tunnels):
            role: Role = "gre" if tunnel.joint.method == "gre" else self.leaves_by(match, uplink)
            for item in translations(self.ends.carriage.carried(tunnel.joint, self.end)):
                if not self.translates(role) or item.real.version != 4:
                    continue
                text = f"{item.network} as {item.shown} through {tunnel.joint.title}"
                if item.shown.size == 1:
                    address = HostAddress(item.shown.version, item.shown.first)
                    yield SourceNat(role, item.real, match, address, text)
                else:
                    yield SourceNat(role, item.real, match, None, text, item.shown)

    def range_nat(self, tunnels: Sequence[Tunnel]) -> Iterator[RangeNat]:
        """Yield the way back in: 1 to 1 from what a link shows to the real range.

        What comes out of an IPsec tunnel still counts as come in by the uplink that the tunnel ends at.
        """
        for tunnel, match in self.translating(tunnels):
            uplink: Role = "private" if tunnel.private else "public"
            role: Role = "gre" if tunnel.joint.method == "gre" else uplink
            for item in translations(self.ends.carriage.carried(tunnel.joint, self.end)):
                if item.shown.size == item.real.size and item.real.version == 4:
                    text = f"{item.network}, shown through {tunnel.joint.title}"
                    yield RangeNat(role, item.shown, item.real, match, text)

    def translating(self, tunnels: Sequence[Tunnel]) -> Iterator[tuple[Tunnel, Prefix]]:
        """Yield the tunnels at which this ESG translates its own side, with each of the far prefixes.

        On the tunnels of IKS the strongSwan of the cluster translates both sides.
        """
        for tunnel in tunnels:
            if tunnel.joint.pair in _TRANSLATED_HERE:
                for match in of_version(tunnel.far_from(self.end).subnets, 4):
                    yield tunnel, match

    def source_nat(self) -> Iterator[SourceNat]:
        """Yield the SNAT of each network behind the ESG to both of IBM Cloud's networks."""
        left_out = {c.name for c in self.ends.icp_behind.get(self.end, ())} - {c.name for c, _ in self.icp}
        internet = self.landscape.internet_of(self.end)
        roles: tuple[Role, ...] = ("public", "private")
        for role in roles:
            if not self.translates(role) or (role == "public" and internet != "snat"):
                continue
            address = self.named(role, names.SNAT) or self.primaries[role]
            assert address is not None
            self.use(role, address)
            if role == "public":
                yield from self.dialling(left_out)
            for network in self.behind:
                assert network.prefix is not None
                if network.prefix.version != 4 or (network.kind.platform == "icp" and network.cluster in left_out):
                    continue
                yield SourceNat(role, network.prefix, None, address, f"{network.name} to the {role} network")

    def dialling(self, left_out: Collection[str | None]) -> Iterator[SourceNat]:
        """Yield the SNAT of a strongSwan of ICP that opens a tunnel: the other end knows it by the address of its DNAT."""
        for cluster in self.ends.icp_behind.get(self.end, ()):
            for tunnel in () if cluster.name in left_out else self.landscape.tunnels.of_icp(cluster):
                own, far = tunnel.near, tunnel.far.gateway
                if own.end != cluster or own.inside is None or own.gateway is None or far is None:
                    continue
                source, match = own.inside.prefix, far.prefix
                if source is not None and match is not None and own.gateway.value is not None:
                    text = f"strongSwan of {cluster.name or 'ICP'}, which opens {tunnel.joint.title}"
                    yield SourceNat("public", source, match, own.gateway, text)

    def destination_nat(self) -> Iterator[DestinationNat]:
        """Yield the DNAT: to the virtual addresses of ICP, to its strongSwan, and to VMs with static NAT."""
        for cluster, _ in self.icp:
            yield from self.to_cluster(cluster)
        yield from self.to_strongswan()
        static = [j for j in self.joints if j.method == "static-nat"]
        if static and self.translates("private"):
            yield from self.to_machines(static)

    def to_cluster(self, cluster: End) -> Iterator[DestinationNat]:
        workers = [
            n
            for n in self.behind
            if n.kind.name == "icp-worker"
            and n.cluster == cluster.name
            and n.prefix is not None
            and n.prefix.version == 4
        ]
        if not workers:
            return
        alone = len(self.icp) == 1
        for what, front in (("master", names.ICP_MASTER), ("proxy", names.ICP_PROXY)):
            own = (f"{cluster.name}-{what}",)
            target = virtual_address(workers, what)
            text = f"{what} VIP of {cluster.name or 'ICP'}"
            if self.translates("private"):
                address = self.take("private", (*own, *front) if alone else own)
                if address is not None:
                    yield DestinationNat("private", address, target, None, None, text)
            # On the public uplink nothing is reached that the plan does not name there.
            public = self.named("public", (*own, *front) if alone else own) if self.translates("public") else None
            if public is not None and public.value is not None:
                yield DestinationNat("public", self.use("public", public), target, None, None, text)

    def to_strongswan(self) -> Iterator[DestinationNat]:
        """Yield the DNAT of tunnels between clusters to the strongSwan of ICP."""
        for cluster in self.ends.icp_behind.get(self.end, ()):
            # All tunnels of a cluster end at one address, so the first tells it.
            tunnel = next(self.landscape.tunnels.of_icp(cluster), None)
            end = None if tunnel is None else tunnel.end_at(cluster)
            if end is None or end.gateway is None or end.inside is None or end.gateway.value is None:
                continue
            if end.inside.value is None or not self.translates("public"):
                continue
            self.use("public", end.gateway)
            # IKE, and IKE and ESP behind NAT (RFC 7296 section 2.23); the chart requires NAT traversal.
            for port in (500, 4500):
                yield DestinationNat(
                    "public",
                    end.gateway,
                    end.inside,
                    "udp",
                    port,
                    f"tunnel to strongSwan of {cluster.name or 'ICP'}",
                )

    def to_machines(self, joints: Sequence[Joint]) -> Iterator[DestinationNat]:
        """Yield an address of the ESG for each VM that the plan names; where it names none, for an example."""
        carried = {c.network.name for joint in joints for c in self.ends.carriage.carried(joint, self.end)}
        for network in self.behind:
            prefix = network.prefix
            if network.kind.name != "vcs-vm" or network.name not in carried or prefix is None or prefix.version != 4:
                continue
            for machine in machines(network) or [pick(network)]:
                wanted = (network.name,) if machine.name is None else (f"{network.name}-{machine.name}", machine.name)
                address = self.take("private", wanted)
                what = network.name if machine.name is None else f"{machine.name} of {network.name}"
                if address is not None:
                    yield DestinationNat("private", address, machine, None, None, what)

    # BGP.

    def sessions(self) -> Iterator[Session]:
        """Yield the BGP sessions of the ESG: with every worker on the common VLAN, and with the BCR."""
        landscape = self.landscape
        for joint in self.joints:
            if joint.method == "common-vlan":
                esg = landscape.esg_speaker(self.end, landscape.announced(joint, self.end))
                if esg is not None:
                    yield from (Session(esg, worker) for worker in landscape.speakers(joint))
        if any(joint.method == "bgp" for joint in self.joints):
            esg = landscape.esg_speaker(self.end, landscape.announced_by(self.end))
            if esg is not None:
                network = next(n for n in self.at["private"] if n.name == esg.address.network)
                pods = landscape.folder.fold(
                    c for j in self.joints if j.method == "bgp" for c in self.ends.carriage.carried(j, j.first)
                )
                yield Session(esg, landscape.bcr_speaker(network, of_version(pods, 4)))

    # Routes.

    def routes(self, tunnels: Sequence[Tunnel], sessions: Sequence[Session]) -> Iterator[Route]:
        """Yield the table of the ESG behind its uplink routes."""
        yield from self.to_the_dlr(sessions)
        vias = {"iks": "strongSwan", "edge": "ESG", "site": "on-premises router"}
        for tunnel in tunnels:
            far = tunnel.far_from(self.end)
            via, text = vias[far.end.kind], f"the tunnel to {far.end.title}"
            how: How = "gre" if tunnel.joint.method == "gre" else "ipsec"
            role: Role = "private" if tunnel.private else "public"
            for prefix in far.subnets:
                yield Route(
                    "ESG",
                    self.end.name,
                    prefix,
                    via,
                    far.gateway,
                    role,
                    how,
                    text,
                    far.end,
                    tunnel.joint,
                )
        yield from self.edge_routes()
        across = {s.second.subnet: s.second for s in sessions if s.across}
        for subnet, worker in across.items():
            yield Route(
                "ESG",
                self.end.name,
                subnet,
                "vRouter",
                None,
                "private",
                "link",
                ON_THE_LINK,
                self.iks(worker),
            )
        seen = set()
        for session in sessions:
            for prefix in session.second.announces:
                if prefix not in seen:
                    seen.add(prefix)
                    bcr = session.second.device == "BCR"
                    text = f"pods of IKS, in blocks, from the {session.second.device}"
                    yield Route(
                        "ESG",
                        self.end.name,
                        prefix,
                        session.second.device,
                        session.second.address if bcr else None,
                        "private",
                        "bgp",
                        text,
                        PRIVATE if bcr else self.iks(session.second),
                    )

    def iks(self, speaker: Speaker) -> End:
        return End("iks", speaker.name)

    def connected(self) -> Iterator[Route]:
        """Yield the routes to the networks of its own interfaces."""
        roles: dict[Role, str] = ROLES
        for role in roles:
            for network in self.at[role]:
                assert network.prefix is not None
                via = "transit" if role == "transit" else "VLAN"
                to = self.end if role == "transit" else PRIVATE if role == "private" else None
                yield Route("ESG", self.end.name, network.prefix, via, None, role, "connected", network.name, to)

    def to_the_dlr(self, sessions: Sequence[Session]) -> Iterator[Route]:
        """Yield the routes to what is behind the DLR, and those to networks that the ESG is the gateway of."""
        announced = dict.fromkeys(prefix for s in sessions for prefix in s.first.announces)
        covered = RangeSet(announced)
        transit, fold = self.at["transit"], self.landscape.folder.fold_named
        connected = {n.prefix for n in self.behind if gateway_on_esg(n)}
        rest = [
            Carried(n)
            for n in self.behind
            if n.prefix is not None and not gateway_on_esg(n) and not covered.covers(n.prefix)
        ]
        # What is announced has routes of its own, because BGP announces a prefix only with a route for just that.
        held = self.behind_announced(p for p in announced if p not in connected)
        for version in (4, 6):
            hop = on_transit(transit, names.TRANSIT_DLR, 1, version)
            for prefix, text in (*held, *fold(rest)):
                if prefix.version == version:
                    yield Route("ESG", self.end.name, prefix, "DLR", hop, "transit", "static", text, self.end)
        for network in self.behind:
            if gateway_on_esg(network) and network.prefix is not None:
                yield Route(
                    "ESG",
                    self.end.name,
                    network.prefix,
                    "VXLAN",
                    gateway_address(network),
                    "workers",
                    "connected",
                    f"gateway of {network.name}",
                    self.end,
                )

    def behind_announced(self, announced: Iterable[Prefix]) -> list[tuple[Prefix, str]]:
        """Return what is announced with the names of the networks in it; sessions may announce one within another."""
        rows = [(n.prefix, (n.name,)) for n in self.behind if n.prefix is not None]
        found: list[tuple[Prefix, str]] = []
        rest = list(announced)
        while rest:
            apart: list[Prefix] = []
            within: list[Prefix] = []
            for prefix in sorted(rest):
                (within if apart and apart[-1].overlaps(prefix) else apart).append(prefix)
            found += with_names(apart, rows)
            rest = within
        return found

    def edge_routes(self) -> Iterator[Route]:
        """Yield the routes to other edges that are joined by plain routing: on a common uplink or transit network."""
        for joint in self.joints:
            if joint.pair == "edge-edge" and joint.method == "routed":
                far = joint.far(self.end)
                hop = esg_address(self.ends, far, "private")
                text = f"behind {far.title}, another ESG on the same network"
                yield from self.on_the_link(far, hop)
                for prefix in self.landscape.tunnels.subnets(joint, far):
                    yield Route("ESG", self.end.name, prefix, "ESG", hop, "private", "static", text, far, joint)

    def on_the_link(self, far: End, hop: HostAddress | None) -> Iterator[Route]:
        """Yield the route to the subnet of another ESG on the same VLAN, whose address is no next hop without it."""
        subnet = next(
            (n.prefix for n in esg_networks(self.ends, far, "private") if hop is not None and n.name == hop.network),
            None,
        )
        own = RangeSet(n.prefix for n in self.at["private"] if n.prefix is not None)
        if subnet is not None and self.at["private"] and not own.overlaps(subnet):
            yield Route("ESG", self.end.name, subnet, "ESG", None, "private", "link", ON_THE_LINK, far)

    def dlr_routes(self) -> Iterator[Route]:
        """Yield the table of the DLR."""
        transit = self.at["transit"]
        name = self.end.name
        for version, default in DEFAULT_ROUTES.items():
            esg = on_transit(transit, names.TRANSIT_ESG, 0, version)
            if esg is not None or any(n.prefix and n.prefix.version == version for n in self.behind):
                yield Route("DLR", name, default, "ESG", esg, "transit", "static", "everything else", self.end)
        yield from self.over_stretched()
        for network in transit:
            assert network.prefix is not None
            yield Route("DLR", name, network.prefix, "transit", None, "transit", "connected", network.name, self.end)
        for network in self.behind:
            if network.prefix is not None and not gateway_on_esg(network):
                yield Route(
                    "DLR",
                    name,
                    network.prefix,
                    "VXLAN",
                    gateway_address(network),
                    None,
                    "connected",
                    f"gateway of {network.name}",
                    self.end,
                )

    def over_stretched(self) -> Iterator[Route]:
        """Yield the routes to the enterprise over networks that are stretched: to the router on premises in one of them."""
        for joint in self.joints:
            if joint.method != "l2-extension":
                continue
            stretched = self.ends.carriage.stretched_by(joint)
            if not stretched:
                continue
            own = {n.prefix for n in stretched}
            for version in (4, 6):
                # The next hop has to be of the version of the route, and so in a stretched network of that version.
                over = [n for n in stretched if n.prefix is not None and n.prefix.version == version]
                if not over:
                    continue
                hop = first_named(over, *names.ON_PREMISES)
                wire = over[0].name if hop is None else hop.network
                text = f"{joint.first.title}, over the stretched network {wire}"
                for item in self.ends.carriage.carried(joint, joint.first):
                    prefix = item.prefix
                    # What is stretched is one wire with the enterprise's network and needs no route.
                    if prefix is not None and prefix.version == version and prefix not in own:
                        yield Route(
                            "DLR",
                            self.end.name,
                            prefix,
                            "on-premises router",
                            hop,
                            None,
                            "static",
                            text,
                            joint.first,
                            joint,
                        )

    def uplink_routes(self) -> Iterator[Route]:
        """Yield the routes to IBM Cloud's networks, and through them to the enterprise."""
        name = self.end.name
        hops: dict[tuple[str, int], HostAddress] = {}
        for role in UPLINKS:
            for network in self.at[role]:
                assert network.prefix is not None
                hops.setdefault((role, network.prefix.version), gateway_address(network))
        for version, default in DEFAULT_ROUTES.items():
            if ("public", version) in hops:
                hop, text = hops["public", version], "the internet"
                yield Route("ESG", name, default, "FCR", hop, "public", "static", text)
            elif ("private", version) in hops:
                hop, text = hops["private", version], f"everything else; no public uplink has IPv{version}"
                yield Route("ESG", name, default, "BCR", hop, "private", "static", text, PRIVATE)
        bcr_hop = hops.get(("private", 4))
        if bcr_hop is None:
            return
        for prefix in self.landscape.classic:
            text = "IBM Cloud's private network, as on every classic server"
            yield Route("ESG", name, prefix, "BCR", bcr_hop, "private", "static", text, PRIVATE)
        for prefix, text in self.landscape.enterprise_outside(4):
            yield Route("ESG", name, prefix, "BCR", bcr_hop, "private", "static", text, PRIVATE)


def virtual_address(workers: Sequence[Network], what: str) -> HostAddress:
    """Return the virtual address of the masters or of the proxies of an ICP cluster, else a free one as an example."""
    wanted = names.MASTER_VIP if what == "master" else names.PROXY_VIP
    named = first_named(workers, *wanted)
    return named if named is not None else pick(workers[0], skip=0 if what == "master" else 1)
