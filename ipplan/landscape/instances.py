"""List every device of a landscape with its interfaces and their addresses.

Pure data for people and documents; must not choose addresses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from ipplan.landscape.edge_addresses import gateway_on_esg, on_transit
from ipplan.landscape.ends import TRANSIT
from ipplan.landscape.holders import find_named, gateway_address, virtual_addresses, worker_addresses
from ipplan.plan import names

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ipplan.landscape import Landscape
    from ipplan.landscape.ends import End
    from ipplan.landscape.model import HostAddress
    from ipplan.plan.model import Network

InstanceKind = Literal[
    "IKS workers", "ALB", "ICP workers", "ESG", "DLR", "BCR", "FCR", "XCR", "on-premises router", "L2 concentrator"
]


class Port(NamedTuple):
    """An interface in one network. `addresses` are its own, then those for NAT and tunnels; none if unknown.

    `gateway` is the next router, None where the device itself is the gateway.
    """

    name: str
    network: Network
    addresses: tuple[HostAddress, ...]
    gateway: HostAddress | None = None


class Instance(NamedTuple):
    """A device, or the workers of a cluster as one. `end` is None for the routers of IBM Cloud."""

    kind: InstanceKind
    end: End | None
    ports: tuple[Port, ...]

    @property
    def title(self) -> str:
        """The device with the name of its end."""
        name = None if self.end is None else self.end.name
        return self.kind if name is None else f"{self.kind} of {name}"


def list_instances(landscape: Landscape) -> Iterator[Instance]:
    """Yield the devices of clusters, edges, IBM Cloud and sites."""
    ends = landscape.ends
    for cluster in ends.clusters:
        yield from _of_cluster(landscape, cluster)
    for edge in ends.edges:
        yield from of_edge(landscape, edge)
    yield from of_ibm(landscape)
    if any(_over_direct_link(landscape, site) for site in ends.sites):
        yield Instance("XCR", None, ())
    for site in ends.sites:
        yield from of_site(landscape, site)


def _over_direct_link(landscape: Landscape, site: End) -> bool:
    """Return whether a site uses Direct Link: for plain routing, or for the tunnel of the L2 concentrators."""
    ends = landscape.ends
    return any(True for _ in ends.links.of_pair(site, "site-private")) or any(
        joint.method == "l2-extension" for joint in ends.links.of_pair(site, "site-edge")
    )


def _of_cluster(landscape: Landscape, cluster: End) -> Iterator[Instance]:
    ends = landscape.ends
    if cluster.kind == "icp":
        own = ends.of_cluster(cluster, "icp-worker")
        yield Instance("ICP workers", cluster, tuple(_workers(landscape, cluster, "workers", own)))
        return
    private, public = (ends.of_cluster(cluster, f"iks-worker-{side}") for side in ("private", "public"))
    ports = (
        *_workers(landscape, cluster, "private", private),
        *_workers(landscape, cluster, "public", public),
    )
    yield Instance("IKS workers", cluster, ports)
    fronts = [(side, n) for side in ("public", "private") for n in ends.of_cluster(cluster, f"iks-ingress-{side}")]
    if fronts:
        yield Instance(
            "ALB",
            cluster,
            tuple(Port(side, n, _known(find_named(n, *names.INGRESS))) for side, n in fronts),
        )


def _workers(landscape: Landscape, cluster: End, name: str, subnets: Sequence[Network]) -> Iterator[Port]:
    found = worker_addresses(landscape.ends.clusters[cluster], subnets)
    for network in subnets:
        own = [a for a in found if a.network == network.name]
        gateway = gateway_address(network) if network.prefix is not None else None
        yield Port(name, network, (*own, *virtual_addresses(network)), gateway)


def _known(*addresses: HostAddress | None) -> tuple[HostAddress, ...]:
    return tuple(address for address in addresses if address is not None)


def of_edge(landscape: Landscape, edge: End) -> Iterator[Instance]:
    """Yield the ESG of an edge, and its DLR if it has one."""
    esg = landscape.esg(edge)
    yield Instance(
        "ESG",
        edge,
        tuple(
            Port(interface.role, group.network, (group.primary, *group.secondary), interface.gateway)
            for interface in esg.interfaces
            for group in interface.groups
        ),
    )
    transit = landscape.ends.of_edge(edge, TRANSIT)
    ports = []
    for version in (4, 6):
        own = on_transit(transit, names.TRANSIT_DLR, 1, version)
        if own is not None:
            network = next(n for n in transit if n.name == own.network)
            ports.append(Port("transit", network, (own,), on_transit(transit, names.TRANSIT_ESG, 0, version)))
    ports += _gateways(n for n in landscape.ends.behind(edge) if not gateway_on_esg(n))
    if ports:
        yield Instance("DLR", edge, tuple(ports))


def of_ibm(landscape: Landscape) -> Iterator[Instance]:
    """Yield the BCR and the FCR, the gateways of IBM Cloud's subnets."""
    yield Instance("BCR", None, tuple(_gateways(landscape.ends.private)))
    yield Instance("FCR", None, tuple(_gateways(landscape.ends.public)))


def _gateways(networks: Iterable[Network]) -> Iterator[Port]:
    """Yield the interfaces of a router in the networks of which it is the gateway."""
    for network in networks:
        yield Port("gateway", network, _known(gateway_address(network) if network.prefix else None))


def of_site(landscape: Landscape, site: End) -> Iterator[Instance]:
    """Yield the router of a site, which ends its tunnels, and the L2 concentrator of its stretched networks."""
    ends = landscape.ends
    tunnels = [tunnel.end_at(site).gateway for tunnel in landscape.tunnels.of_end(site)]
    ports = []
    for port in _gateways(n for n in ends.of_site(site) if n.kind.provider == "enterprise"):
        own = (a for a in tunnels if a is not None and a.network == port.network.name)
        ports.append(port._replace(addresses=tuple(dict.fromkeys((*port.addresses, *own)))))
    concentrators: dict[str, Port] = {}
    for joint in ends.links.of_pair(site, "site-edge"):
        if joint.method != "l2-extension":
            continue
        for item in ends.carriage.carried(joint, joint.second):
            network = item.network
            address = find_named(network, *names.ON_PREMISES)
            here = ends.on_premises(network) and ends.site_of(network) == site
            if address is None and here and network.prefix is not None:
                address = gateway_address(network)
            ports.append(Port("stretched", network, _known(address)))
        for network in ends.of_edge(joint.second, "vcs-hcx"):
            concentrators[network.name] = Port("HCX", network, _known(find_named(network, *names.CONCENTRATOR)))
    yield Instance("on-premises router", site, tuple(ports))
    if any(j.method == "l2-extension" for j in ends.links.of_pair(site, "site-edge")):
        yield Instance("L2 concentrator", site, tuple(concentrators.values()))
