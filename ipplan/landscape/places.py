"""Which addresses each device has on its interfaces: those of the plan, and examples where it names none."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ipplan.landscape.edges import gateway_on_esg, on_transit
from ipplan.landscape.holders import find_named, gateway_address, machines, pick, worker_addresses
from ipplan.plan import names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ipplan.landscape import Landscape
    from ipplan.landscape.ends import End
    from ipplan.landscape.model import HostAddress
    from ipplan.plan.model import Network


class Place(NamedTuple):
    """The addresses of a device on one interface in one network. `interface` says what the interface is for."""

    interface: str
    network: Network
    addresses: tuple[HostAddress, ...]
    text: str


class Host(NamedTuple):
    """A device with its addresses. `title` is that of its table, `number` tells apart those that share one.

    `end` is the edge or the site of a router that may end tunnels.
    """

    title: str
    number: int | None
    places: tuple[Place, ...]
    end: End | None = None


def of_edge(landscape: Landscape, edge: End) -> Iterator[Host]:
    """Yield the ESG and the DLR of an edge."""
    esg = landscape.esg(edge)
    whose = "" if edge.name is None else f" {edge.name}"
    places = tuple(
        Place(i.role, g.network, (g.primary, *g.secondary), g.network.name)
        for i in esg.interfaces
        for g in i.groups
    )
    if places:
        yield Host(f"ESG{whose}", None, places, edge)
    if dlr := tuple(_dlr(landscape, edge)):
        yield Host(f"DLR{whose}", None, dlr)


def _dlr(landscape: Landscape, edge: End) -> Iterator[Place]:
    transit = landscape.ends.of_edge(edge, "vcs-transit")
    for version in (4, 6):
        address = on_transit(transit, names.TRANSIT_DLR, 1, version)
        if address is not None:
            network = next(n for n in transit if n.name == address.network)
            yield Place("transit", network, (address,), network.name)
    for network in landscape.ends.behind(edge):
        if network.prefix is not None and not gateway_on_esg(network):
            yield Place("vxlan", network, (gateway_address(network),), f"gateway of {network.name}")


def of_network(network: Network) -> Iterator[Host]:
    """Yield the machines of a network: those that the plan names, else one as an example."""
    if network.prefix is not None:
        for number, address in enumerate(machines(network) or [pick(network)], 1):
            yield Host(
                f"VMs in {network.name}", number, (Place("interface", network, (address,), _name(address)),)
            )


def of_cluster(landscape: Landscape, cluster: End) -> Iterator[Host]:
    """Yield the workers of a cluster; its virtual addresses stand on the first of them."""
    ends = landscape.ends
    title = ("IKS workers" if cluster.kind == "iks" else "ICP workers") + (
        "" if cluster.name is None else f" of {cluster.name}"
    )
    own = ends.of_cluster(cluster, "iks-worker-private" if cluster.kind == "iks" else "icp-worker")
    by_name = {n.name: n for n in own}
    public = ends.of_cluster(cluster, "iks-worker-public") if cluster.kind == "iks" else []
    outside = worker_addresses(ends.clusters[cluster], public)
    outside_by_name = {n.name: n for n in public}
    virtual: dict[str, list[HostAddress]] = {}
    for network in own:
        found = (find_named(network, name) for name in (*names.MASTER_VIP, *names.PROXY_VIP))
        virtual[network.name] = [a for a in found if a is not None and a.value is not None]
    for number, address in enumerate(landscape.nodes(cluster), 1):
        network = by_name[address.network or ""]
        moving = virtual.pop(network.name, [])
        places = [Place("private", network, (address, *moving), _name(address))]
        if number <= len(outside):
            there = outside[number - 1]
            places.append(Place("public", outside_by_name[there.network or ""], (there,), _name(there)))
        yield Host(title, number, tuple(places))


def of_ibm(landscape: Landscape) -> Iterator[Host]:
    """Yield the BCR and the FCR: the gateways of IBM Cloud's subnets."""
    for title, networks in (("BCR", landscape.ends.private), ("FCR", landscape.ends.public)):
        places = tuple(
            Place("vlan", n, (gateway_address(n),), f"gateway of {n.name}")
            for n in networks
            if n.prefix is not None
        )
        if places:
            yield Host(title, None, places)


def of_site(landscape: Landscape, site: End) -> Iterator[Host]:
    """Yield the router of a site: gateway of its networks, end of its tunnels, and in the networks that it stretches."""
    ends = landscape.ends
    gateways = {
        end.gateway
        for tunnel in landscape.tunnels.of_end(site)
        if (end := tunnel.end_at(site)).gateway is not None
    }
    places = []
    for network in ends.of_site(site):
        if network.prefix is not None:
            own = find_named(network, *names.ON_PREMISES) if network.kind.provider != "enterprise" else None
            first = own or gateway_address(network)
            more = [a for a in gateways if a is not None and a.network == network.name and not a.same(first)]
            places.append(Place("lan", network, (first, *more), f"gateway of {network.name}"))
    for joint in ends.joints_of(site):
        if joint.method == "l2-extension":
            for item in ends.carried(joint, joint.second):
                address = find_named(item.network, *names.ON_PREMISES)
                if address is not None and address.value is not None and not ends.on_premises(item.network):
                    places.append(
                        Place("stretched", item.network, (address,), f"in {item.network.name}, stretched")
                    )
    if places:
        name = landscape.site_name(site)
        yield Host("on-premises router" + ("" if name is None else f" {name}"), None, tuple(places), site)


def _name(address: HostAddress) -> str:
    return address.network or "" if address.name is None else f"{address.name} of {address.network}"
