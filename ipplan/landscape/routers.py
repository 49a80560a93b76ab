"""Derive the tables of BCR, FCR, on-premises routers, and of machines in single networks.

Source: reference architecture (IBM Cloud docs, vmware-solutions, "Integration, IP addressing, and network flows",
2018-11-20); Direct Link: IBM Cloud docs, direct-link subnet-configuration.md, 2025-07-11.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ipplan.landscape.edge_addresses import esg_address, gateway_on_esg
from ipplan.landscape.ends import PRIVATE
from ipplan.landscape.holders import first_named, gateway_address
from ipplan.landscape.model import DEFAULT_ROUTES, Route
from ipplan.plan import names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ipplan.addresses import Prefix
    from ipplan.landscape import Landscape
    from ipplan.landscape.ends import End, Joint
    from ipplan.landscape.model import DeviceKind, HostAddress, How
    from ipplan.plan.model import Network

_ROUTER: DeviceKind = "on-premises router"
_BY_BGP = "over Direct Link; by BGP from the XCR, or static without BGP"


def bcr_routes(landscape: Landscape) -> Iterator[Route]:
    """Yield the table of the BCR: its subnets, routes to be requested from IBM, and the enterprise."""
    ends = landscape.ends
    for network in ends.private:
        if network.prefix is not None:
            yield Route(
                "BCR",
                None,
                network.prefix,
                "VLAN",
                gateway_address(network),
                None,
                "connected",
                f"gateway of {network.name}",
                PRIVATE,
            )
    for edge in ends.edges:
        if landscape.announces(edge):
            hop = esg_address(ends, edge, "private")
            text = "announced by the ESG" if edge.name is None else f"announced by the ESG of {edge.name}"
            for prefix in landscape.announced_by(edge):
                yield Route("BCR", None, prefix, "ESG", hop, None, "request", text, edge)
    for cluster in ends.of_platform("iks"):
        joint = next((j for j in ends.links.of(cluster) if j.method == "bgp"), None)
        if joint is None:
            continue
        for item in ends.carriage.carried(joint, cluster):
            if (own := item.prefix) is not None and own.version == 4:
                text = f"{item.network.name}, announced in blocks by the workers of {cluster.name or 'IKS'}"
                yield Route("BCR", None, own, "vRouter", None, None, "request", text, cluster)
    for joint in ends.links.of(PRIVATE):
        for prefix, held in landscape.folder.fold_named(ends.carriage.carried(joint, joint.first)):
            text = f"{held}, announced by {joint.first.title} over Direct Link"
            yield Route("BCR", None, prefix, "XCR", None, None, "bgp", text, joint.first, joint)


def router_routes(landscape: Landscape, site: End) -> Iterator[Route]:
    """Yield the table of the router of a site."""
    ends = landscape.ends
    name = landscape.site_name(site)
    route = partial(Route, _ROUTER, name)
    for network in ends.of_site(site):
        if network.prefix is not None:
            hop = gateway_address(network)
            yield route(network.prefix, "LAN", hop, None, "connected", f"gateway of {network.name}", site)
    for joint in ends.links.of(site):
        if joint.pair == "site-private":
            yield from _over_direct_link(landscape, joint, site)
        elif joint.method == "l2-extension":
            yield from _stretched(landscape, joint.second, site)
        elif joint.pair == "site-edge":
            yield from _through_tunnel(landscape, joint, site)
    for version in sorted({n.prefix.version for n in ends.of_site(site) if n.prefix is not None}):
        yield route(DEFAULT_ROUTES[version], "internet", None, None, "base", "the internet")


def _over_direct_link(landscape: Landscape, joint: Joint, site: End) -> Iterator[Route]:
    """Yield the routes of a site to IBM Cloud's private network, and to what the BCR learns by BGP."""
    ends = landscape.ends
    route = partial(Route, _ROUTER, landscape.site_name(site))
    for item in ends.carriage.carried(joint, PRIVATE):
        if item.prefix is not None:
            yield route(item.prefix, "XCR", None, None, "static", f"{item.network.name}, {_BY_BGP}", PRIVATE, joint)
    if joint.limits(n.name for n in ends.private):
        return
    gre = (landscape.tunnels.of(j) for j in ends.links.of(site) if j.method == "gre")
    # One route a prefix: the tunnel is more direct than what the BCR learns.
    by_gre = {prefix for tunnel in gre if tunnel is not None for prefix in landscape.seen_from(tunnel, site)}
    for prefix, text in landscape.learned:
        if prefix not in by_gre:
            yield route(prefix, "XCR", None, None, "static", f"{text}, {_BY_BGP}", PRIVATE, joint)


def _through_tunnel(landscape: Landscape, joint: Joint, site: End) -> Iterator[Route]:
    """Yield the routes of a site to the networks behind an edge, through their tunnel."""
    tunnel = landscape.tunnels.of(joint)
    if tunnel is None:
        return
    how: How = "gre" if joint.method == "gre" else "ipsec"
    gateway, text = tunnel.far_from(site).gateway, f"the tunnel to {joint.second.title}"
    for prefix in landscape.seen_from(tunnel, site):
        name = landscape.site_name(site)
        yield Route(_ROUTER, name, prefix, "ESG", gateway, None, how, text, joint.second, joint)


def _stretched(landscape: Landscape, edge: End, site: End) -> Iterator[Route]:
    ends = landscape.ends
    name = landscape.site_name(site)
    joint = ends.links.between("site-edge", site, edge)
    hcx = [n for n in ends.of_edge(edge, "vcs-hcx") if n.prefix is not None]
    for network in hcx:
        assert network.prefix is not None
        text = f"{network.name}: the remote L2 concentrator, over the WAN"
        yield Route(_ROUTER, name, network.prefix, "XCR", None, None, "static", text, PRIVATE, joint)
    for link in ends.links.of(site):
        if link.second != edge or link.method != "l2-extension":
            continue
        for item in ends.carriage.carried(link, edge):
            network = item.network
            if network.prefix is not None and not ends.on_premises(network):
                text = f"{network.name}, where it is stretched"
                at = first_named([network], *names.ON_PREMISES)
                yield Route(_ROUTER, name, network.prefix, "L2 concentrator", at, None, "layer-2", text, edge, link)


def vm_routes(landscape: Landscape, network: Network) -> Iterator[Route]:
    """Yield the table of the machines of a network behind an edge, or of an enterprise network."""
    if network.prefix is None:
        return
    via, hop, to = default_gateway(landscape, network)
    default = DEFAULT_ROUTES[network.prefix.version]
    text = f"everything else, from {network.name}"
    yield Route("VM", network.name, default, via, hop, None, "static", text, to)


def default_gateway(landscape: Landscape, network: Network) -> tuple[str, HostAddress | None, End | None]:
    """Return the router of a network behind an edge or in a site, with its address and its end."""
    ends = landscape.ends
    if ends.on_premises(network):
        named = first_named([network], *names.ON_PREMISES, *names.GATEWAY)
        return "on-premises router", named or gateway_address(network), ends.site_of(network)
    if network.kind.provider == "enterprise":
        return "on-premises router", gateway_address(network), ends.site_of(network)
    via = "ESG" if gateway_on_esg(network) else "DLR"
    return via, gateway_address(network), ends.edge_of(network)


def server_routes(landscape: Landscape, network: Network, *, public: bool) -> Iterator[Route]:
    """Yield the table of a machine on one of IBM Cloud's networks, or with `public` on both."""
    hop = gateway_address(network) if network.prefix is not None else None
    private = network.kind.public is False
    text = "IBM Cloud's private network, as on every classic server"
    if private or network.kind.role in ("worker", "host"):
        for prefix in landscape.classic:
            at = hop if private else None
            yield Route("server", network.name, prefix, "BCR", at, None, "base", text, PRIVATE)
    via = "FCR" if public or not private else "BCR"
    at = None if (via == "FCR") == private else hop
    to = PRIVATE if via == "BCR" else None
    yield Route("server", network.name, DEFAULT_ROUTES[4], via, at, None, "base", "everything else", to)


def fcr_routes(landscape: Landscape) -> Iterator[Route]:
    """Yield the table of the FCR: its subnets, and the internet."""
    for network in landscape.ends.public:
        if network.prefix is not None:
            yield Route(
                "FCR",
                None,
                network.prefix,
                "VLAN",
                gateway_address(network),
                None,
                "connected",
                f"gateway of {network.name}",
            )
    for default in DEFAULT_ROUTES.values():
        yield Route("FCR", None, default, "internet", None, None, "base", "the internet")


def learned(landscape: Landscape) -> Iterator[tuple[Prefix, str]]:
    """Yield the prefixes that the BCR learns by BGP from edges and clusters, each with its description."""
    for route in landscape.bcr:
        if route.how == "request":
            yield route.prefix, route.text
