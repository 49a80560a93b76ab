"""Steps on the overlay of an edge: from and to its VMs, at the DLR, and over stretched networks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.flows.stops import stop_at_wrong, stop_if_ambiguous
from ipplan.flows.walk import Place
from ipplan.flows.workers import vxlan
from ipplan.landscape.conflicts import TableKey
from ipplan.landscape.edge_addresses import on_transit
from ipplan.landscape.ends import End
from ipplan.landscape.holders import pick
from ipplan.landscape.model import HostAddress
from ipplan.landscape.routers import default_gateway, vm_routes
from ipplan.plan import names

if TYPE_CHECKING:
    from ipplan.flows.model import Changed
    from ipplan.flows.walk import Walk
    from ipplan.landscape.model import Route
    from ipplan.plan.model import Network


def from_vm(walk: Walk, place: Place) -> Place | None:
    """Send a packet from a VM to the router of its network."""
    network = place.network
    assert network is not None
    via, hop, to = default_gateway(walk.landscape, network)
    if to is None:
        walk.halt(
            "VM",
            "undetermined",
            f"{network.name} names no edge, and the plan has several",
            'write edge = "NAME" in it',
            name=network.name,
        )
        return None
    if via == "on-premises router":
        edge = walk.landscape.ends.edge_of(network)
        return onto_stretched(walk, edge, to, hop)
    if via == "ESG":
        route = next(iter(vm_routes(walk.landscape, network)), None)
        walk.hop("VM", "forward", "sends it to the ESG, the gateway of its VXLAN", name=network.name, route=route)
        return Place("esg", to, "workers")
    return Place("dlr", to, "vm", network)


def onto_stretched(walk: Walk, edge: End | None, site: End, router: HostAddress | None) -> Place | None:
    """Send a packet over the stretched network to the on-premises router."""
    hcx = walk.landscape.ends.of_edge(edge, "vcs-hcx") if edge is not None else ()
    here = (
        pick(hcx[0], *names.CONCENTRATOR)
        if hcx
        else HostAddress(4, None, example=True, words="(the remote concentrator)")
    )
    walk.wrap("tunnel", here, HostAddress(4, None, example=True, words="(the concentrator on premises)"))
    at = "" if router is None else f", for the on-premises router, {router}"
    walk.hop(
        "remote L2 concentrator",
        "l2-extension",
        f"moves it from the stretched VXLAN into its secure tunnel{at}",
        name=edge.name if edge is not None else None,
    )
    walk.hop("BCR", "forward", "sends the tunnel's packet to the XCR and the WAN")
    walk.unwrap()
    return Place("router", site, "layer-2")


def dlr(walk: Walk, place: Place) -> Place | None:
    """Route a packet at the DLR: onto a VXLAN, to the ESG, or over a stretched network to the enterprise."""
    edge = place.end
    assert edge is not None
    tables = walk.landscape.tables.tables
    key = TableKey("dlr", edge) if TableKey("dlr", edge) in tables else TableKey("esg", edge)
    if stop_if_ambiguous(walk, "DLR", key):
        return None
    lookup = walk.tracer.dlr(edge)
    route = lookup.find(walk.destination)
    if route is None:
        walk.halt(
            "DLR",
            "no-route",
            f"it has no route to {walk.destination}",
            "add the transit network of the edge to the plan",
            name=edge.name,
            table="routes of the DLR",
            nearest=lookup.nearest(walk.destination),
        )
        return None
    if route.via == "VXLAN":
        if place.how == "vm":
            walk.hop("DLR", "route", "routes it between two VXLANs", name=edge.name, route=route)
        return onto_vxlan(walk, edge, "DLR", "VM", route)
    if route.via == "transit":
        return across_transit(walk, edge, route, "DLR")
    if route.via == "on-premises router":
        return _over_stretched(walk, edge, route)
    return _to_esg(walk, edge, route)


def _to_esg(walk: Walk, edge: End, route: Route) -> Place | None:
    """Send a packet from the DLR over the transit network to the ESG."""
    if route.next_hop is None:
        walk.halt(
            "DLR",
            "undetermined",
            "the transit network to the ESG has no range",
            "run ipplan allocate PLAN --write"
            if walk.landscape.ends.of_edge(edge, "vcs-transit")
            else 'add a network of kind = "vcs-transit"',
            name=edge.name,
        )
        return None
    walk.hop(
        "DLR",
        "forward",
        "receives it from the VM on its VXLAN, and sends it to the ESG",
        name=edge.name,
        route=route,
    )
    return Place("esg", edge, "transit")


def _over_stretched(walk: Walk, edge: End, route: Route) -> Place | None:
    if route.next_hop is None or route.to is None:
        walk.halt(
            "DLR",
            "undetermined",
            "no stretched network names the address of the on-premises router, the next hop of this route",
            "write addresses = { on-premises = 254 }, or the real one, in the stretched network; or gateway-on = "
            '"on-premises"',
            name=edge.name,
            table="routes of the DLR",
        )
        return None
    walk.hop(
        "DLR",
        "route",
        f"sends it over the stretched network to the on-premises router, {route.next_hop}",
        name=edge.name,
        route=route,
    )
    return onto_stretched(walk, edge, route.to, route.next_hop)


def across_transit(walk: Walk, edge: End, route: Route, at: str) -> Place | None:
    """Send a packet across the transit network, on which ESG and DLR are the only machines."""
    transit = walk.landscape.ends.of_edge(edge, "vcs-transit")
    for device, wanted, nth in (("ESG", names.TRANSIT_ESG, 0), ("DLR", names.TRANSIT_DLR, 1)):
        own = on_transit(transit, wanted, nth, walk.destination.version)
        if own is not None and own.same(walk.destination):
            if device != at:
                walk.hop(
                    at,
                    "route",
                    f"sends it to the {device} over the transit network",
                    name=edge.name,
                    route=route,
                )
            asked = device == "ESG" and walk.restore(("own", edge))
            walk.hop(
                device,
                "deliver",
                "receives it on the transit network",
                name=edge.name,
                route=None if asked or device != at else route,
            )
            walk.arrived()
            return None
    walk.halt(
        "ESG",
        "no-neighbour",
        f"neither ESG nor DLR has {walk.destination} on the transit network",
        name=edge.name,
        table="addresses on the transit network",
    )
    return None


def onto_vxlan(
    walk: Walk, edge: End, device: str, what: str, route: Route, changed: tuple[Changed, ...] = ()
) -> Place | None:
    """Send a packet in a VXLAN frame to the host of a machine."""
    walk.outer = (vxlan(walk, edge),)
    walk.hop(
        device,
        "vxlan",
        f"puts it on the VXLAN of the {what}",
        name=edge.name,
        route=route,
        changed=changed,
        case=f"the {what} runs on another host; on the same host there is no VXLAN frame",
    )
    walk.outer = ()
    return on_vxlan(walk, edge)


def on_vxlan(walk: Walk, edge: End) -> Place | None:
    """Receive a packet on a VXLAN, at the machine with the address."""
    network = network_behind(walk, edge)
    if network is None:
        walk.halt("DLR", "no-neighbour", f"no machine behind {edge.title} has {walk.destination}", name=edge.name)
        return None
    if network.kind.name == "icp-worker":
        return Place("arrive", End("icp", network.cluster), "vxlan")
    if walk.at_goal(network.name):
        walk.hop("VM", "deliver", "receives it", name=network.name)
        walk.arrived()
        return None
    return stop_at_wrong(walk, "VM", network.name, (network.name,))


def network_behind(walk: Walk, edge: End) -> Network | None:
    own = {n.name for n in walk.landscape.ends.stretched_behind(edge)}
    holding = [c.network for c in walk.tracer.holding(walk.destination) if c.shown is None]
    return next((n for n in reversed(holding) if n.name in own), None)
