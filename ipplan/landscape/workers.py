"""Derive the routes and addresses of the workers of clusters.

Sources: reference architecture, section integration; the routes of every classic server and StaticRoute: IBM Cloud docs,
containers static-routes.md, 2026-07-27, and IBM Cloud IP ranges, 2025-10-03.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.addresses import RangeSet
from ipplan.landscape.edge_addresses import esg_address, esg_networks, gateway_on_esg
from ipplan.landscape.ends import PRIVATE, End
from ipplan.landscape.holders import gateway_address, worker_addresses
from ipplan.landscape.model import DEFAULT_ROUTES, ON_THE_LINK, Route
from ipplan.landscape.static_routes import refuses

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ipplan.landscape import Landscape
    from ipplan.landscape.model import DeviceKind, HostAddress
    from ipplan.plan.model import Network


def private_subnets(landscape: Landscape, cluster: End) -> list[Network]:
    """Return the private subnets of the workers of a cluster that have a range."""
    kind = "iks-worker-private" if cluster.kind == "iks" else "icp-worker"
    return [n for n in landscape.ends.of_cluster(cluster, kind) if n.prefix is not None]


def nodes(landscape: Landscape, cluster: End) -> list[HostAddress]:
    """Return the addresses of the workers of a cluster: named ones, else examples."""
    return worker_addresses(landscape.ends.clusters[cluster], private_subnets(landscape, cluster))


def routes(landscape: Landscape, cluster: End) -> tuple[Route, ...]:
    """Return the table of the workers of a cluster, without routes inside it."""
    make = _iks_routes if cluster.kind == "iks" else _icp_routes
    return tuple(make(landscape, cluster))


def _iks_routes(landscape: Landscape, cluster: End) -> Iterator[Route]:
    device: DeviceKind = "IKS worker"
    yield from _through_tunnels(landscape, cluster, device)
    ends = landscape.ends
    joints = [j for j in ends.links.of(cluster) if j.pair == "iks-edge"]
    own = RangeSet(n.prefix for n in private_subnets(landscape, cluster) if n.prefix is not None)
    seen = set()
    for joint in joints:
        edge = joint.second
        if joint.method in ("common-vlan", "bgp"):
            via, to = ("ESG", edge) if joint.method == "common-vlan" else ("BCR", PRIVATE)
            at = esg_address(ends, edge, "private") if joint.method == "common-vlan" else None
            text = "the overlay" if edge.name is None else f"the overlay behind {edge.name}"
            bgp = landscape.learned_over(joint) if to == PRIVATE else landscape.announced(joint, edge)
            for prefix in bgp:
                yield Route(device, cluster.name, prefix, via, at, None, "bgp", text, to, joint)
        if joint.method == "common-vlan":
            for network in esg_networks(ends, edge, "private")[:1]:
                if network.prefix is not None and network.prefix not in seen and not own.overlaps(network.prefix):
                    seen.add(network.prefix)
                    yield Route(device, cluster.name, network.prefix, "ESG", None, None, "link", ON_THE_LINK, edge)
    yield from _static_routes(landscape, cluster)
    yield from _base_routes(landscape, cluster)


def _through_tunnels(landscape: Landscape, cluster: End, device: DeviceKind) -> list[Route]:
    """Return the routes that the strongSwan chart writes into a separate table."""
    found: list[Route] = []
    name, far_end, words = cluster.name, landscape.tunnels.far_end, landscape.words_through
    for joint in landscape.ends.links.of(cluster):
        if (far := far_end(joint, cluster)) is not None:
            end, text = far.end, words(far.end)
            # Where this end translates the far side, pods use its shown addresses.
            found += [
                Route(device, name, prefix, "strongSwan", None, None, "chart", text, end, joint)
                for prefix in far.subnets
            ]
    return found


def _static_routes(landscape: Landscape, cluster: End) -> Iterator[Route]:
    """Yield the static routes to enterprise networks that no classic server has a route to.

    Without them the workers answer over their public side, and the reverse path filter drops the requests.
    """
    subnets = [n for n in private_subnets(landscape, cluster) if n.prefix and n.prefix.version == 4]
    # Workers in several subnets each use the gateway of their own subnet, as the add-on configures it.
    hop = gateway_address(subnets[0]) if len(subnets) == 1 else None
    for prefix, text in landscape.enterprise_outside(4):
        if not refuses(prefix):
            yield Route("IKS worker", cluster.name, prefix, "BCR", hop, None, "static-route", text, PRIVATE)


def _base_routes(landscape: Landscape, cluster: End) -> Iterator[Route]:
    """Yield the routes that workers have from the start, as every classic server."""
    subnets = private_subnets(landscape, cluster)
    hop = gateway_address(subnets[0]) if subnets else None
    text = "IBM Cloud's private network, as on every classic server"
    for prefix in landscape.classic:
        yield Route("IKS worker", cluster.name, prefix, "BCR", hop, None, "base", text, PRIVATE)
    public = [n for n in landscape.ends.of_cluster(cluster, "iks-worker-public") if n.prefix is not None]
    hop = gateway_address(public[0]) if public else None
    yield Route("IKS worker", cluster.name, DEFAULT_ROUTES[4], "FCR", hop, None, "base", "the internet")


def in_subnet(routes: Iterable[Route], network: Network) -> list[Route]:
    """Return the routes of the ICP workers in one subnet: of the default routes only the one by their own gateway."""
    return [r for r in routes if r.how != "static" or r.next_hop is None or r.next_hop.network == network.name]


def _icp_routes(landscape: Landscape, cluster: End) -> Iterator[Route]:
    device: DeviceKind = "ICP worker"
    yield from _through_tunnels(landscape, cluster, device)
    edge = landscape.ends.edge_of_cluster(cluster)
    for network in private_subnets(landscape, cluster):
        assert network.prefix is not None
        via = "ESG" if gateway_on_esg(network) else "DLR"
        default = DEFAULT_ROUTES[network.prefix.version]
        text = f"everything else, from {network.name}"
        yield Route(
            device,
            cluster.name or network.name,
            default,
            via,
            gateway_address(network),
            None,
            "static",
            text,
            edge,
        )
