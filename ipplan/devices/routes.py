"""The routes of everything that is no ESG: machines, workers, IBM's routers and the enterprise's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.devices.common import gateway_address, met_by_iks, routed_subnets
from ipplan.devices.model import BEHIND, DEFAULT_ROUTES, ON_THE_LINK, Route
from ipplan.topology import STANDING, choice, list_ways

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ipplan.devices.model import Edge, Tunnel
    from ipplan.plan.model import Network, Plan


def routes_of_others(
    plan: Plan, networks: Sequence[Network], edges: Sequence[Edge], tunnels: Sequence[Tunnel]
) -> Iterator[Route]:
    """Yield the routes of the machines behind the DLR, of the workers, of IBM's routers and of the enterprise."""
    method = plan.integration.get("iks-vcs")
    for edge in edges:
        for network in edge.behind:
            assert network.prefix is not None
            what, name = "VM", network.name
            if network.kind.name == "icp-worker":
                what, name = "ICP worker", network.cluster or network.name
            default = DEFAULT_ROUTES[network.prefix.version]
            yield Route(
                what,
                name,
                default,
                "DLR",
                gateway_address(network),
                None,
                "static",
                f"everything else, from {network.name}",
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
            kinds = met_by_iks(list_ways(choice(plan.integration)))
            for edge in edges:
                for prefix in routed_subnets(edge.behind, kinds):
                    private = edge.interface("private")
                    via = "ESG" if method == "common-vlan" else "BCR"
                    at = private.address if private is not None and via == "ESG" else None
                    text = "the overlay" if edge.name is None else f"the overlay behind {edge.name}"
                    yield Route("IKS worker", cluster.name, prefix, via, at, None, "bgp", text)
    across = ((s.second.name, s.first) for edge in edges for s in edge.sessions if s.across)
    for cluster_name, esg in dict.fromkeys(across):
        yield Route("IKS worker", cluster_name, esg.subnet, "ESG", None, None, "link", ON_THE_LINK)
    if method == "bgp":
        yield from _requests(networks, edges)
    yield from _enterprise_routes(plan, networks)


def _requests(networks: Sequence[Network], edges: Sequence[Edge]) -> Iterator[Route]:
    """Yield what IBM has to let the BCR learn: nothing of it is IBM's own."""
    for edge in edges:
        private = edge.interface("private")
        for prefix in routed_subnets(edge.behind, frozenset(BEHIND)):
            hop = None if private is None else private.address
            text = "announced by the ESG" if edge.name is None else f"announced by the ESG of {edge.name}"
            yield Route("BCR", None, prefix, "ESG", hop, None, "request", text)
    for network in networks:
        if network.kind.name == "iks-pod" and network.prefix is not None and network.prefix.version == 4:
            text = f"{network.name}, announced in blocks by the workers of {network.cluster}"
            yield Route("BCR", None, network.prefix, "vRouter", None, None, "request", text)


def _enterprise_routes(plan: Plan, networks: Sequence[Network]) -> Iterator[Route]:
    """Yield what the enterprise's router has to know."""
    method = plan.integration.get("enterprise")
    device = "on-premises router"
    if method == "routed":
        kinds = set(STANDING["ibm-private"])
        if plan.integration.get("iks-vcs") == "bgp":
            kinds |= {*BEHIND, "iks-pod"}
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
