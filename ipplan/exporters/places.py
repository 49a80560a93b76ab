"""The addresses of each device by interface: those of the plan, and examples where it names none."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ipplan.landscape.holders import machines, pick, virtual_addresses, worker_addresses

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ipplan.landscape import Landscape
    from ipplan.landscape.ends import End
    from ipplan.landscape.instances import Instance, Port
    from ipplan.landscape.model import DeviceKind, HostAddress
    from ipplan.plan.model import Network


class Place(NamedTuple):
    """The addresses of a device on one interface in one network. `interface` is the purpose of the interface."""

    interface: str
    network: Network
    addresses: tuple[HostAddress, ...]
    text: str


class Host(NamedTuple):
    """A device with its addresses.

    `kind` and `name` identify its routing table, `title` is the title of that table. `number` distinguishes devices
    with the same table. `end` is the edge or the site of a router that may end tunnels.
    """

    kind: DeviceKind
    name: str | None
    title: str
    number: int | None
    places: tuple[Place, ...]
    end: End | None = None


_ROLES = {"DLR": "vxlan", "BCR": "vlan", "FCR": "vlan", "on-premises router": "lan"}
"""The purpose of interfaces on which a router is the gateway of a network."""


def of_router(landscape: Landscape, instance: Instance) -> Iterator[Host]:
    """Yield a router of the landscape; nothing if it has no address."""
    if instance.kind == "L2 concentrator":
        return
    places = tuple(
        _place(instance, port)
        for port in instance.ports
        if port.network.prefix is not None and any(a.value is not None for a in port.addresses)
    )
    if places:
        end = instance.end
        name = None if end is None else landscape.site_name(end) if end.kind == "site" else end.name
        ends_tunnels = instance.kind in ("ESG", "on-premises router")
        title = instance.kind if name is None else f"{instance.kind} {name}"
        kind: DeviceKind = instance.kind  # type: ignore[assignment]  # routers have the same names in both
        yield Host(kind, name, title, None, places, end if ends_tunnels else None)


def _place(instance: Instance, port: Port) -> Place:
    name = port.network.name
    if port.name == "gateway":
        return Place(_ROLES[instance.kind], port.network, port.addresses, f"gateway of {name}")
    text = f"in {name}, stretched" if port.name == "stretched" else name
    return Place(port.name, port.network, port.addresses, text)


def of_network(network: Network) -> Iterator[Host]:
    """Yield the machines of a network: those that the plan names, or one example."""
    if network.prefix is not None:
        for number, address in enumerate(machines(network) or [pick(network)], 1):
            place = Place("interface", network, (address,), _name(address))
            yield Host("VM", network.name, f"VMs in {network.name}", number, (place,))


def of_cluster(landscape: Landscape, cluster: End) -> Iterator[Host]:
    """Yield the workers of a cluster; the first one has its virtual addresses."""
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
        virtual[network.name] = [a for a in virtual_addresses(network) if a.value is not None]
    for number, address in enumerate(landscape.nodes(cluster), 1):
        network = by_name[address.network or ""]
        moving = virtual.pop(network.name, [])
        places = [Place("private", network, (address, *moving), _name(address))]
        if number <= len(outside):
            there = outside[number - 1]
            places.append(Place("public", outside_by_name[there.network or ""], (there,), _name(there)))
        kind: DeviceKind = "IKS worker" if cluster.kind == "iks" else "ICP worker"
        yield Host(kind, cluster.name, title, number, tuple(places))


def _name(address: HostAddress) -> str:
    return address.network or "" if address.name is None else f"{address.name} of {address.network}"
