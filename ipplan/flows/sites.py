"""Steps at a site of the enterprise: its router, its L2 concentrator, and its tunnels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.flows.links import outer_address, translate_in, translate_out
from ipplan.flows.machines import is_public
from ipplan.flows.networks import private_joint, stop_at_undecided, towards_private
from ipplan.flows.overlay import on_vxlan
from ipplan.flows.stops import stop_at_wrong, stop_if_ambiguous
from ipplan.flows.walk import Place, inside
from ipplan.flows.workers import vxlan
from ipplan.landscape.conflicts import TableKey
from ipplan.landscape.holders import find_named, pick
from ipplan.landscape.model import HostAddress
from ipplan.plan import names

if TYPE_CHECKING:
    from ipplan.flows.walk import Walk
    from ipplan.landscape.ends import End
    from ipplan.landscape.model import Route, Tunnel


def router(walk: Walk, place: Place) -> Place | None:
    """Route a packet at the router of a site."""
    site = place.end
    assert site is not None
    name = walk.landscape.site_name(site)
    device = "on-premises router"
    # Packets from its own networks are looked up before NAT: routes have the addresses that a link shows.
    from_inside = place.how in ("user", "layer-2")
    if not from_inside and (changed := walk.restore(("router", site))):
        walk.hop(device, "session", "reverses the NAT of the request", name=name, changed=changed)
    elif place.how == "wan":
        _translate_in(walk, site, name)
    if not from_inside and not walk.answering:
        walk.pass_through(("router", site))
    if stop_if_ambiguous(walk, device, TableKey("router", site)):
        return None
    lookup = walk.tracer.router(site)
    route = lookup.find(walk.destination)
    if route is None:
        walk.halt(
            device,
            "no-route",
            f"it has no route to {walk.destination}",
            name=name,
            table=f"routes of {site.title}",
            nearest=lookup.nearest(walk.destination),
        )
        return None
    if route.joint is not None and route.joint.method is None:
        return stop_at_undecided(walk, device)
    if route.via == "LAN":
        return _to_user(walk, site, route)
    if route.via == "L2 concentrator":
        return _through_concentrators(walk, site, route)
    if route.via == "XCR":
        return _to_direct_link(walk, site, route)
    if route.via == "ESG":
        return _into_tunnel(walk, site, route)
    return _out_to_the_internet(walk, site, route)


def _to_user(walk: Walk, site: End, route: Route) -> Place | None:
    name = walk.landscape.site_name(site)
    network = next(
        (
            c.network
            for c in reversed(walk.tracer.holding(walk.destination))
            if c.network.name in {n.name for n in walk.landscape.ends.of_site(site)}
        ),
        None,
    )
    if network is not None and network.kind.provider != "enterprise":
        return _through_concentrators(walk, site, route)
    walk.hop("on-premises router", "forward", "forwards it to the network of the user", name=name, route=route)
    own = [] if network is None else [network.name]
    if walk.at_goal(*own):
        walk.hop("enterprise user", "deliver", "receives it", name=network.name if network else None)
        walk.arrived()
        return None
    return stop_at_wrong(walk, "enterprise user", name, own)


def _through_concentrators(walk: Walk, site: End, route: Route) -> Place | None:
    """Send a packet over the stretched network to a VM (reference architecture, flow E)."""
    name = walk.landscape.site_name(site)
    holding = [c.network for c in walk.tracer.holding(walk.destination) if c.network.kind.name == "vcs-vm"]
    network = holding[-1] if holding else None
    edge = walk.landscape.ends.edge_of(network) if network is not None else None
    if network is None or edge is None:
        walk.halt("on-premises router", "no-neighbour", f"no machine has {walk.destination}", name=name)
        return None
    if find_named(network, *names.ON_PREMISES) is None:
        walk.assume(
            f"the on-premises router has an address in {network.name}, although the plan names none (on-premises)"
        )
    walk.hop(
        "on-premises router",
        "forward",
        "sends it to the ESXi host of the local L2 concentrator, which is in the stretched network",
        name=name,
        route=route,
    )
    return _over_the_wan(walk, site, edge)


def _over_the_wan(walk: Walk, site: End, edge: End) -> Place | None:
    """Send a packet from the L2 concentrator of a site to that of an edge, and onto the VXLAN."""
    name = walk.landscape.site_name(site)
    hcx = walk.landscape.ends.of_edge(edge, "vcs-hcx")
    far = (
        pick(hcx[0], *names.CONCENTRATOR)
        if hcx
        else HostAddress(4, None, example=True, words="(the remote concentrator)")
    )
    walk.wrap("tunnel", HostAddress(4, None, example=True, words="(the local concentrator)"), far)
    walk.hop(
        "L2 concentrator",
        "l2-extension",
        "puts it into the secure tunnel to the remote concentrator",
        name=name,
    )
    wan = None if far.value is None else walk.tracer.router(site).find(far)
    walk.hop(
        "on-premises router",
        "forward",
        "sends the tunnel's packet to the WAN, through XCR and BCR",
        name=name,
        route=wan,
    )
    walk.unwrap()
    walk.outer = (vxlan(walk, edge),)
    walk.hop(
        "remote L2 concentrator",
        "vxlan",
        "puts it on the VXLAN of the stretched network",
        name=edge.name,
        case="the VM runs on another host; on the same host there is no VXLAN frame",
    )
    walk.outer = ()
    return on_vxlan(walk, edge)


def _to_direct_link(walk: Walk, site: End, route: Route) -> Place | None:
    """Send a packet over Direct Link to the BCR; the router applies the translations of the link."""
    name = walk.landscape.site_name(site)
    changed = walk.restore(("router", site))
    joint = private_joint(walk, site)
    if not changed and joint is not None:
        source, destination = translate_out(walk, joint, site)
        changed = walk.translate(("router", site), source=source, destination=destination)
    walk.hop(
        "on-premises router",
        "snat" if changed else "forward",
        "sends it to the WAN",
        name=name,
        route=route,
        changed=changed,
    )
    walk.hop("XCR", "forward", "forwards it from Direct Link to the BCR", name=name)
    return Place("bcr", how="xcr")


def _translate_in(walk: Walk, site: End, name: str | None) -> None:
    joint = private_joint(walk, site)
    if joint is None:
        return
    source, destination = translate_in(walk, joint, site)
    changed = walk.translate(("router", site), source=source, destination=destination)
    if changed:
        walk.hop("on-premises router", "dnat", "translates it as the link says", name=name, changed=changed)


def _into_tunnel(walk: Walk, site: End, route: Route) -> Place | None:
    name = walk.landscape.site_name(site)
    assert route.joint is not None
    tunnel = walk.landscape.tunnels.of(route.joint)
    assert tunnel is not None
    near, far = tunnel.end_at(site), tunnel.far_from(site)
    changed = walk.restore(("router", site))
    if not changed:
        source, destination = translate_out(walk, route.joint, site)
        changed = walk.translate(("router", site), source=source, destination=destination)
    if far.gateway is None:
        walk.halt(
            "on-premises router",
            "undetermined",
            f"the plan names no address at which the tunnel to {far.end.title} ends",
            "add an uplink network to the edge",
            name=name,
        )
        return None
    if route.how == "gre" and near.gateway is None:
        walk.halt(
            "on-premises router",
            "undetermined",
            f"the plan names no address at which {site.title} ends the GRE tunnel",
            "name one gre in a network of the site",
            name=name,
        )
        return None
    if route.how == "ipsec" and not inside(walk.source, near.policy):
        walk.halt(
            "on-premises router",
            "outside-tunnel",
            f"the tunnel does not accept packets from {walk.source}",
            "add its network to the link",
            name=name,
        )
        return None
    protocol = "GRE" if route.how == "gre" else "ESP"
    walk.wrap(protocol, outer_address(walk, tunnel, site), outer_address(walk, tunnel, far.end))
    way = "the XCR and the BCR" if tunnel.private else "the internet"
    walk.hop(
        "on-premises router",
        "gre" if protocol == "GRE" else "ipsec",
        f"puts it into the tunnel and sends it over {way}",
        name=name,
        route=route,
        changed=changed,
    )
    return Place("tunnel", far.end, tunnel=tunnel)


def out_of_tunnel(walk: Walk, tunnel: Tunnel, site: End) -> Place | None:
    """Receive a tunnel's packet at the router of a site."""
    walk.unwrap()
    changed = walk.restore(("router", site))
    if not changed:
        source, destination = translate_in(walk, tunnel.joint, site)
        changed = walk.translate(("router", site), source=source, destination=destination)
    gre = tunnel.joint.method == "gre"
    walk.hop(
        "on-premises router",
        "gre" if gre else "ipsec",
        "takes it out of the tunnel",
        name=walk.landscape.site_name(site),
        changed=changed,
    )
    return Place("router", site, "tunnel")


def _out_to_the_internet(walk: Walk, site: End, route: Route) -> Place | None:
    name = walk.landscape.site_name(site)
    if walk.destination.value is not None and not is_public(walk.destination):
        lookup = walk.tracer.router(site)
        services = walk.goal.domain == "ibm-services"
        walk.halt(
            "on-premises router",
            "no-route",
            f"{walk.destination} is IBM Cloud's service network, which is not routed to a site"
            if services
            else f"it has no route to {walk.destination}, a private address: its default route leads to the internet",
            towards_private(walk),
            name=name,
            table=f"routes of {site.title}",
            nearest=lookup.nearest(walk.destination),
        )
        return None
    if walk.goal.domain == "ibm-services":
        walk.halt(
            "on-premises router",
            "no-route",
            f"{walk.destination} is IBM Cloud's service network, which is not routed to a site",
            "reach it from a machine on IBM Cloud's private network",
            name=name,
        )
        return None
    if walk.established(("router", site)):
        walk.hop(
            "on-premises router",
            "forward",
            "sends it to the internet untranslated: its session came another way",
            name=name,
            route=route,
        )
        return Place("fcr", how="internet")
    public = HostAddress(4, None, example=True, words=f"(the public address of {site.title})")
    walk.memory.places[public.text] = Place("router", site, "internet")
    changed = walk.translate(("router", site), source=public)
    walk.hop(
        "on-premises router",
        "snat",
        "translates the source to a public address, and sends it to the internet",
        name=name,
        route=route,
        changed=changed,
    )
    return Place("fcr", how="internet")
