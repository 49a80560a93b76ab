"""Derive the routes and BGP sessions of an ESG.

Source: reference architecture (IBM Cloud docs, vmware-solutions, "Integration, IP addressing, and network flows",
2018-11-20).
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ipplan.addresses import RangeSet
from ipplan.landscape.bgp import bcr_speaker, esg_speaker, worker_speakers
from ipplan.landscape.edge_addresses import esg_address, esg_networks, gateway_on_esg, on_transit
from ipplan.landscape.ends import PRIVATE, UPLINKS, Carried, End
from ipplan.landscape.folding import of_version, with_names
from ipplan.landscape.holders import gateway_address
from ipplan.landscape.model import DEFAULT_ROUTES, ON_THE_LINK, ROLES, HostAddress, Route, Session
from ipplan.plan import names

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ipplan.addresses import Prefix
    from ipplan.landscape.edge_facts import EdgeFacts
    from ipplan.landscape.model import How, Role, Speaker, Tunnel

_NEXT = {"iks": "strongSwan", "edge": "ESG", "site": "on-premises router"}
"""The device at the far end of a tunnel, by the kind of that end."""


def list_sessions(edge: EdgeFacts) -> Iterator[Session]:
    """Yield the BGP sessions of the ESG: with every worker on the common VLAN, and with the BCR."""
    landscape = edge.landscape
    for joint in edge.joints:
        if joint.method == "common-vlan":
            esg = esg_speaker(landscape, edge.end, landscape.announced(joint, edge.end))
            if esg is not None:
                yield from (Session(esg, worker) for worker in worker_speakers(landscape, joint))
    if any(joint.method == "bgp" for joint in edge.joints):
        esg = esg_speaker(landscape, edge.end, landscape.announced_by(edge.end))
        if esg is not None:
            network = next(n for n in edge.at["private"] if n.name == esg.address.network)
            pods = landscape.folder.fold(
                c for j in edge.joints if j.method == "bgp" for c in edge.ends.carriage.carried(j, j.first)
            )
            yield Session(esg, bcr_speaker(network, of_version(pods, 4)))


def uplink_routes(edge: EdgeFacts) -> Iterator[Route]:
    """Yield the routes to IBM Cloud's networks, and through them to the enterprise."""
    route = partial(Route, "ESG", edge.name)
    hops: dict[tuple[str, int], HostAddress] = {}
    for role in UPLINKS:
        for network in edge.at[role]:
            assert network.prefix is not None
            hops.setdefault((role, network.prefix.version), gateway_address(network))
    for version, default in DEFAULT_ROUTES.items():
        if ("public", version) in hops:
            hop, text = hops["public", version], "the internet"
            yield route(default, "FCR", hop, "public", "static", text)
        elif ("private", version) in hops:
            hop, text = hops["private", version], f"everything else; no public uplink has IPv{version}"
            yield route(default, "BCR", hop, "private", "static", text, PRIVATE)
    bcr_hop = hops.get(("private", 4))
    if bcr_hop is None:
        return
    for prefix in edge.landscape.classic:
        text = "IBM Cloud's private network, as on every classic server"
        yield route(prefix, "BCR", bcr_hop, "private", "static", text, PRIVATE)
    for prefix, text in edge.landscape.enterprise_outside(4):
        yield route(prefix, "BCR", bcr_hop, "private", "static", text, PRIVATE)


def connected_routes(edge: EdgeFacts) -> Iterator[Route]:
    """Yield the routes to the networks of its own interfaces."""
    for role in ROLES:
        for network in edge.at[role]:
            assert network.prefix is not None
            via = "transit" if role == "transit" else "VLAN"
            to = edge.end if role == "transit" else PRIVATE if role == "private" else None
            yield Route("ESG", edge.name, network.prefix, via, None, role, "connected", network.name, to)


def inner_routes(edge: EdgeFacts, tunnels: Sequence[Tunnel], sessions: Sequence[Session]) -> Iterator[Route]:
    """Yield the routes beside those of the uplinks: behind the edge, through tunnels, to other edges, and by BGP."""
    yield from _to_the_dlr(edge, sessions)
    yield from _through_tunnels(edge, tunnels)
    yield from _to_other_edges(edge)
    yield from _by_sessions(edge, sessions)


def _through_tunnels(edge: EdgeFacts, tunnels: Sequence[Tunnel]) -> Iterator[Route]:
    for tunnel in tunnels:
        far = tunnel.far_from(edge.end)
        via, text = _NEXT[far.end.kind], f"the tunnel to {far.end.title}"
        how: How = "gre" if tunnel.joint.method == "gre" else "ipsec"
        role: Role = "private" if tunnel.private else "public"
        for prefix in far.subnets:
            yield Route("ESG", edge.name, prefix, via, far.gateway, role, how, text, far.end, tunnel.joint)


def _by_sessions(edge: EdgeFacts, sessions: Sequence[Session]) -> Iterator[Route]:
    """Yield the routes to the subnets of neighbours on the link, then what these announce."""
    across = {s.second.subnet: s.second for s in sessions if s.across}
    for subnet, worker in across.items():
        yield Route("ESG", edge.name, subnet, "vRouter", None, "private", "link", ON_THE_LINK, _iks(worker))
    seen = set()
    for session in sessions:
        neighbour = session.second
        bcr = neighbour.device == "BCR"
        hop, to = (neighbour.address, PRIVATE) if bcr else (None, _iks(neighbour))
        text = f"pods of IKS, in blocks, from the {neighbour.device}"
        for prefix in neighbour.announces:
            if prefix not in seen:
                seen.add(prefix)
                yield Route("ESG", edge.name, prefix, neighbour.device, hop, "private", "bgp", text, to)


def _iks(speaker: Speaker) -> End:
    return End("iks", speaker.name)


def _to_the_dlr(edge: EdgeFacts, sessions: Sequence[Session]) -> Iterator[Route]:
    """Yield the routes to the networks behind the DLR, and to those of which the ESG is the gateway."""
    announced = dict.fromkeys(prefix for s in sessions for prefix in s.first.announces)
    covered = RangeSet(announced)
    transit, fold = edge.at["transit"], edge.landscape.folder.fold_named
    connected = {n.prefix for n in edge.behind if gateway_on_esg(n)}
    rest = [
        Carried(n)
        for n in edge.behind
        if n.prefix is not None and not gateway_on_esg(n) and not covered.covers(n.prefix)
    ]
    # An announced prefix has its own route, because BGP announces a prefix only with a route to exactly that prefix.
    held = _behind_announced(edge, (p for p in announced if p not in connected))
    for version in (4, 6):
        hop = on_transit(transit, names.TRANSIT_DLR, 1, version)
        for prefix, text in (*held, *fold(rest)):
            if prefix.version == version:
                yield Route("ESG", edge.name, prefix, "DLR", hop, "transit", "static", text, edge.end)
    for network in edge.behind:
        if gateway_on_esg(network) and network.prefix is not None:
            yield Route(
                "ESG",
                edge.name,
                network.prefix,
                "VXLAN",
                gateway_address(network),
                "workers",
                "connected",
                f"gateway of {network.name}",
                edge.end,
            )


def _behind_announced(edge: EdgeFacts, announced: Iterable[Prefix]) -> list[tuple[Prefix, str]]:
    """Return the announced prefixes with the names of their networks; sessions may announce one within another."""
    rows = [(n.prefix, (n.name,)) for n in edge.behind if n.prefix is not None]
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


def _to_other_edges(edge: EdgeFacts) -> Iterator[Route]:
    """Yield the routes to other edges by plain routing, over a common uplink or transit network."""
    for joint in edge.joints:
        if joint.pair == "edge-edge" and joint.method == "routed":
            far = joint.far(edge.end)
            hop = esg_address(edge.ends, far, "private")
            text = f"behind {far.title}, another ESG on the same network"
            yield from _on_the_link(edge, far, hop)
            for prefix in edge.landscape.tunnels.subnets(joint, far):
                yield Route("ESG", edge.name, prefix, "ESG", hop, "private", "static", text, far, joint)


def _on_the_link(edge: EdgeFacts, far: End, hop: HostAddress | None) -> Iterator[Route]:
    """Yield the route to the subnet of another ESG on the same VLAN, which makes its address a valid next hop."""
    subnet = next(
        (n.prefix for n in esg_networks(edge.ends, far, "private") if hop is not None and n.name == hop.network),
        None,
    )
    own = RangeSet(n.prefix for n in edge.at["private"] if n.prefix is not None)
    if subnet is not None and edge.at["private"] and not own.overlaps(subnet):
        yield Route("ESG", edge.name, subnet, "ESG", None, "private", "link", ON_THE_LINK, far)
