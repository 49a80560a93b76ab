"""The overlay: hosts with VTEPs, and a VXLAN between them for each network behind an edge.

As in the reference architecture, ESG and DLR run on one host, and the machines behind them on another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.lab.drafts import Group
from ipplan.landscape.ends import BEHIND
from ipplan.landscape.holders import free_addresses, gateway_address
from ipplan.landscape.routers import server_routes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ipplan.lab.drafts import Drafts
    from ipplan.landscape import Landscape
    from ipplan.landscape.ends import End
    from ipplan.landscape.model import HostAddress
    from ipplan.plan.model import Network

_FIRST_VNI = 5001
"""The first segment ID of NSX by default (NSX for vSphere installation guide 6.4, segment ID pool)."""


def wire_name(network: Network, *, behind: bool = False) -> str:
    """Return the name of the wire of a network; with `behind`, the end of its VXLAN that has the machines."""
    return f"{network.name}, where its machines are" if behind else network.name


def _vteps(landscape: Landscape, edge: End) -> tuple[Network, list[HostAddress]] | None:
    """Return the VTEP network of an edge and two addresses in it, None where it has no room for two."""
    for network in landscape.ends.of_edge(edge, "vcs-vtep"):
        if network.prefix is not None:
            found = [a for a, _ in zip(free_addresses(network), range(2), strict=False)]
            return (network, found) if len(found) == 2 else None
    return None


def on_two_hosts(landscape: Landscape) -> Mapping[str, End]:
    """Return the names of networks that a VXLAN carries between two hosts, with their edges."""
    return {
        network.name: edge
        for edge in landscape.ends.edges
        if _vteps(landscape, edge) is not None
        for network in landscape.ends.stretched_behind(edge)
        if network.prefix is not None and network.kind.name in BEHIND
    }


def add_hosts(landscape: Landscape, lab: Drafts) -> None:
    """Add two hosts for each edge that has VTEPs, and put the wires of its networks into them."""
    ends = landscape.ends
    apart = on_two_hosts(landscape)
    vni = _FIRST_VNI
    for edge in ends.edges:
        found = _vteps(landscape, edge)
        if found is None:
            continue
        vtep, pair = found
        assert vtep.prefix is not None
        of = "" if edge.name is None else f" of {edge.name}"
        hosts = []
        for number, address in enumerate(pair, 1):
            host = lab.device(f"host-{number}{of}", f"ESXi host {number}{of}", Group("machine", vtep.name))
            host.attach("VTEP", wire_name(vtep), f"{address.text}/{vtep.prefix.length}", network=vtep.name)
            gateway = gateway_address(vtep)
            host.router = gateway.text
            for route in server_routes(landscape, vtep, public=False):
                if route.next_hop is not None:
                    host.scenery(f"ip route replace {route.prefix} via {route.next_hop}")
            hosts.append(host)
        for network in ends.networks:
            if apart.get(network.name) != edge:
                continue
            for index, host in enumerate(hosts):
                wire = lab.wire(wire_name(network, behind=index == 1), network.name)
                lab.inside(wire, host)
                lab.vxlans.append((vni, wire, pair[index].text, pair[1 - index].text, host))
            vni += 1
        lab.say(f"hosts{of} with VTEPs in {vtep.name}: ESG and DLR on the first, machines behind them on the second")
