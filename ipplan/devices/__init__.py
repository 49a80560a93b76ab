"""What each device needs: addresses, NAT, routes, BGP sessions and tunnels, derived from the plan.

Pure data, the same for every output: an export writes it in the words of a device, a lab builds it. What a device
has to do follows from the ways of the topology; the addresses are those that the plan names, and examples elsewhere.

Sources: reference architecture (IBM Cloud docs, vmware-solutions, "Integration, IP addressing, and network flows",
2018-11-20) for what is translated, routed and announced; the workload ESG's interfaces are those of "Networking
services on IBM Cloud" (vmwaresolutions archiref/nsx/networking_services.md, 2018-11-20).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.devices.edge import EdgeBuilder
from ipplan.devices.model import OF_AN_EDGE, Devices
from ipplan.devices.routes import routes_of_others
from ipplan.devices.workers import worker_sessions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ipplan.catalog import Catalog
    from ipplan.plan.model import Network, Plan

_CLASSIC = "ibm-default-static-route"


def derive_devices(plan: Plan, catalog: Catalog) -> Devices:
    """Return what each device needs. Networks without a range take no part; IPv6 is routed, never translated."""
    networks = plan.taking_part()
    classic = tuple(row.prefix for row in catalog.reservations if row.category.name == _CLASSIC)
    edges = tuple(
        EdgeBuilder(plan, networks, name, tuple(own), classic).build()
        for name, own in _edges(networks).items()
    )
    workers = tuple(worker_sessions(plan, networks))
    sessions = (*(s for edge in edges for s in edge.sessions), *workers)
    tunnels = tuple(tunnel for edge in edges for tunnel in edge.tunnels)
    routes = (*(r for edge in edges for r in edge.routes), *routes_of_others(plan, networks, edges, tunnels))
    return Devices(edges, sessions, tunnels, routes)


def _edges(networks: Sequence[Network]) -> dict[str | None, list[Network]]:
    """Return the networks of each ESG. What names none belongs to the only one there is."""
    own = [n for n in networks if n.kind.name in OF_AN_EDGE]
    found: dict[str | None, list[Network]] = {n.edge: [] for n in own if n.edge is not None}
    if len(found) < 2:
        return {next(iter(found), None): own}
    for network in own:
        if network.edge is not None:
            found[network.edge].append(network)
    return found
