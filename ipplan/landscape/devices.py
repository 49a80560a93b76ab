"""List the devices of a landscape with their routing tables.

Machines on IBM Cloud's networks and in sites are left out: they have what IBM and the site give to any machine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.landscape import routers, workers
from ipplan.landscape.model import DeviceTable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ipplan.landscape import Landscape
    from ipplan.landscape.ends import End
    from ipplan.landscape.model import DeviceKind, Route

_TITLES = {"VM": "VMs in", "ICP worker": "ICP workers of", "IKS worker": "IKS workers of"}
"""The words before the name of a network or cluster whose machines share one table."""


def list_devices(landscape: Landscape) -> Iterator[DeviceTable]:
    """Yield every device that has a table to configure."""
    ends = landscape.ends
    for edge in ends.edges:
        yield from _routers_of(landscape, edge)
    for network in ends.by_kind["vcs-vm"]:
        yield from _tables("VM", network.name, routers.vm_routes(landscape, network))
    for cluster in (*ends.of_platform("icp"), *ends.of_platform("iks")):
        yield from devices_of(landscape, cluster)
    yield from _tables("BCR", None, landscape.bcr)
    if ends.public:
        yield from _tables("FCR", None, landscape.fcr)
    for site in ends.sites:
        yield from devices_of(landscape, site)


def devices_of(landscape: Landscape, end: End) -> Iterator[DeviceTable]:
    """Yield the devices of an edge with the VMs behind it, of a cluster, or of a site."""
    if end.kind == "edge":
        yield from _routers_of(landscape, end)
        for network in landscape.ends.stretched_behind(end):
            if network.kind.name == "vcs-vm":
                yield from _tables("VM", network.name, routers.vm_routes(landscape, network))
    elif end.kind == "site":
        yield from _tables("on-premises router", landscape.site_name(end), landscape.router_routes(end))
    elif workers.private_subnets(landscape, end) or any(
        landscape.tunnels.far_end(joint, end) for joint in landscape.ends.links.of(end)
    ):
        # Those of all clusters together are many.
        found = landscape.worker_routes(end, keep=False)
        if end.kind == "iks":
            yield from _tables("IKS worker", end.name, found)
        else:
            yield from _icp_tables(landscape, end, found)


def _icp_tables(landscape: Landscape, cluster: End, routes: Sequence[Route]) -> Iterator[DeviceTable]:
    """Yield the table of the workers of an ICP cluster; one for each of their subnets, which has its own gateway."""
    subnets = workers.private_subnets(landscape, cluster)
    if len(subnets) < 2:
        yield from _tables("ICP worker", cluster.name, routes)
        return
    for network in subnets:
        for table in _tables("ICP worker", cluster.name, workers.in_subnet(routes, network)):
            yield table._replace(title=f"{table.title} in {network.name}")


def _routers_of(landscape: Landscape, edge: End) -> Iterator[DeviceTable]:
    esg = landscape.esg(edge)
    yield from _tables("ESG", edge.name, esg.routes)
    yield from _tables("DLR", edge.name, esg.dlr_routes)


def _tables(kind: DeviceKind, name: str | None, routes: Iterable[Route]) -> Iterator[DeviceTable]:
    """Yield the table of a device, unless it is empty."""
    found = tuple(routes)
    if found:
        title = f"{_TITLES.get(kind, kind)} {name}" if name is not None else _TITLES.get(kind, kind).removesuffix(" of")
        yield DeviceTable(kind, name, title, found)
