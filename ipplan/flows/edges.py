"""Steps at the ESG of an edge: NAT, routes and tunnels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.flows.links import outer_address, translate_in
from ipplan.flows.machines import is_public
from ipplan.flows.overlay import across_transit, network_behind, on_vxlan, onto_vxlan
from ipplan.flows.stops import stop_at_wrong, stop_if_ambiguous, stop_without_range
from ipplan.flows.walk import Place, inside, shown_at
from ipplan.flows.workers import vxlan
from ipplan.landscape.conflicts import TableKey
from ipplan.landscape.ends import UPLINKS, End
from ipplan.landscape.holders import free_number

if TYPE_CHECKING:
    from ipplan.flows.model import Changed
    from ipplan.flows.walk import Walk
    from ipplan.landscape.model import DestinationNat, Esg, HostAddress, Role, Route, SourceNat, Tunnel
    from ipplan.plan.model import Network


def esg(walk: Walk, place: Place) -> Place | None:
    """Receive a packet at the ESG: reverse the NAT of an answer, else apply DNAT, then route it."""
    edge = place.end
    assert edge is not None
    device = walk.landscape.esg(edge)
    if walk.restore(("own", edge)):
        return _own_address(walk, device, place.how)
    known = walk.established(("esg", edge))
    if changed := walk.restore(("esg", edge)):
        walk.hop("ESG", "session", "reverses the NAT of the request", name=edge.name, changed=changed)
        return _route(walk, device, established=True, own=place.how == "own")
    role = "private" if place.how == "link" else place.how
    rule = next(
        (
            r
            for r in device.destination_nat
            if r.port is None and r.interface == role and r.address.same(walk.destination)
        ),
        None,
    )
    if rule is not None:
        return _to_target(walk, edge, rule)
    if device.holds(walk.destination):
        return _own_address(walk, device, role)
    if place.how == "link":
        walk.hop("ESG", "forward", "receives it from the worker on the common VLAN", name=edge.name)
    return _route(walk, device, established=known, own=place.how == "own")


def _to_target(walk: Walk, edge: End, rule: DestinationNat) -> Place | None:
    """Apply DNAT to a virtual address of ICP, or to a machine behind static NAT."""
    front = walk.destination
    changed = walk.translate(("esg", edge), destination=rule.target)
    route = walk.tracer.esg(edge).find(walk.destination)
    around = vxlan(walk, edge) if route is not None and route.via == "VXLAN" else None
    if around is not None:
        walk.outer = (around,)
    where = "the DLR" if route is not None and route.via == "DLR" else "its VXLAN"
    walk.hop(
        "ESG",
        "dnat",
        f"translates destination {front} to {walk.destination}, and sends it to {where}",
        name=edge.name,
        by=(rule,),
        route=route,
        changed=changed,
        case="ESG and worker run on different hosts, so it travels in a VXLAN frame" if around else None,
    )
    walk.outer = ()
    return _behind(walk, edge, route)


def _behind(walk: Walk, edge: End, route: Route | None) -> Place | None:
    """Send a packet after DNAT to the DLR, or onto the VXLAN of which the ESG is the gateway."""
    if route is None:
        walk.halt("ESG", "no-route", f"it has no route to {walk.destination}", name=edge.name)
        return None
    if stop_if_ambiguous(walk, "ESG", TableKey("esg", edge)):
        return None
    if route.via == "DLR":
        return Place("dlr", edge, "esg")
    return on_vxlan(walk, edge)


def _own_address(walk: Walk, device: Esg, role: str) -> Place | None:
    """Receive a packet at an address of the ESG that no rule translates."""
    own = [group.network.name for interface in device.interfaces for group in interface.groups]
    if walk.at_goal(*own):
        walk.hop("ESG", "deliver", "receives it", name=device.name)
        walk.arrived()
        return None
    if walk.answering or role not in (*UPLINKS, "workers", "transit"):
        return stop_at_wrong(walk, "ESG", device.name, own)
    if role not in UPLINKS:
        role = "private" if device.holds_on("private", walk.destination) else "public"
    walk.halt(
        "ESG",
        "not-translated",
        f"{walk.destination} is an address of {device.end.title}, and no DNAT rule translates it to {walk.goal.title}",
        _rule_to(walk, device, role),
        name=device.name,
        table=f"DNAT rules on the {role} interface",
    )
    return None


def _rule_to(walk: Walk, device: Esg, role: str) -> str | None:
    """Say how to create a DNAT rule that leads to the goal, None where that is not possible."""
    network, ends = walk.goal.network, walk.landscape.ends
    if network is None:
        return None
    if network.kind.platform == "icp" and network.cluster not in device.clusters:
        return 'to create the DNAT rules of the cluster, set icp-vcs = "nat"'
    if network.kind.name == "icp-worker":
        return (
            f"DNAT rules lead to the virtual addresses only: use {network.name}.master-vip or {network.name}.proxy-vip"
        )
    if network.kind.platform == "icp":
        alone = len(device.clusters) == 1
        name = "icp-proxy" if alone else f"{network.cluster}-proxy"
        free = next(
            (
                (n.name, number)
                for n in ends.of_edge(device.end, f"vcs-esg-{role}")
                if n.prefix is not None and (number := free_number(n)) is not None
            ),
            None,
        )
        return None if free is None else f"write {name} = {free[1]} in the addresses of {free[0]}"
    if network.kind.name == "vcs-vm" and role == "private" and ends.of_platform("iks"):
        return (
            f'to create the rule, add a link between an IKS cluster and {device.end.title} with method = "static-nat"'
        )
    return None


def _route(walk: Walk, device: Esg, *, established: bool, own: bool = False) -> Place | None:
    """Route a packet by the table of the ESG, then apply its tunnels and SNAT; `own` is a packet of the ESG itself."""
    edge = device.end
    if stop_if_ambiguous(walk, "ESG", TableKey("esg", edge)):
        return None
    route = walk.tracer.esg(edge).find(walk.destination)
    tunnel = _policy(walk, device, route)
    changed: tuple[Changed, ...] = ()
    if route is not None and route.interface not in UPLINKS:
        if own:
            changed = _choose_side(walk, device, route)
        if not walk.answering:
            walk.pass_through(("esg", edge))
    if tunnel is not None:
        return _into_tunnel(walk, device, tunnel, route)
    if waiting := _waiting(walk, edge, route):
        stop_without_range(walk, "ESG", waiting, "so the routes by it are not known", name=edge.name)
        return None
    if route is None:
        return _no_route(walk, edge)
    if route.via == "DLR":
        text = "sends it to the DLR over the transit network"
        walk.hop("ESG", "route", text, name=edge.name, route=route, changed=changed)
        return Place("dlr", edge, "esg")
    if route.via == "VXLAN":
        network = network_behind(walk, edge)
        what = "VM" if network is not None and network.kind.name == "vcs-vm" else "worker"
        return onto_vxlan(walk, edge, "ESG", what, route, changed)
    if route.via == "transit":
        return across_transit(walk, edge, route, "ESG")
    return _uplink(walk, device, route, established=established, own=own)


def _no_route(walk: Walk, edge: End) -> Place | None:
    walk.halt(
        "ESG",
        "no-route",
        f"it has no route to {walk.destination}",
        _add_uplinks(walk, edge),
        name=edge.name,
        table="routes of the ESG",
        nearest=walk.tracer.esg(edge).nearest(walk.destination),
    )
    return None


def _waiting(walk: Walk, edge: End, route: Route | None) -> list[Network]:
    """Return the uplinks without a range by which the packet might leave."""
    if route is not None and route.prefix.length:
        return []
    classic = inside(walk.destination, walk.landscape.classic)
    side = "public" if is_public(walk.destination) and not classic else "private"
    if route is not None and route.interface == side:
        return []
    waiting = {
        role: [n for n in own if all(other.prefix is None for other in own)]
        for role, kind in UPLINKS.items()
        if (own := walk.landscape.ends.of_edge(edge, kind))
    }
    found = waiting.get(side, [])
    return found if found or route is not None else [n for own in waiting.values() for n in own]


def _add_uplinks(walk: Walk, edge: End) -> str:
    own = [n for kind in UPLINKS.values() for n in walk.landscape.ends.of_edge(edge, kind)]
    if own:
        return f"add an uplink of the edge with a range of IPv{walk.destination.version}"
    return "add the uplinks of the edge to the plan"


def _policy(walk: Walk, device: Esg, route: Route | None) -> Tunnel | None:
    """Return the tunnel whose subnets on the far side hold the destination.

    One that does not accept the source counts only where the table leads nowhere else.
    """
    found = None
    for tunnel in device.tunnels:
        far = tunnel.far_from(device.end)
        if inside(walk.destination, far.policy):
            if _takes(walk, tunnel, device.end):
                return tunnel
            found = found or tunnel
    return None if route is not None and _leads_there(walk, route) else found


def _leads_there(walk: Walk, route: Route) -> bool:
    """Return whether a route leads to a network and is not just a default route."""
    if route.via == "BCR":
        return walk.tracer.bcr.find(walk.destination) is not None
    return route.prefix.length > 0


def _takes(walk: Walk, tunnel: Tunnel, edge: End) -> bool:
    """Return whether a tunnel accepts the packet: a policy only those of its own subnets, a route any."""
    own = tunnel.end_at(edge).policy
    return tunnel.joint.method == "gre" or inside(_shown_source(walk, tunnel, edge), own)


def _shown_source(walk: Walk, tunnel: Tunnel, edge: End) -> HostAddress:
    own = tunnel.near_nat if tunnel.near.end == edge else tunnel.far_nat
    if tunnel.joint.pair == "iks-edge":
        return walk.source
    return next((shown_at(walk.source, t) for t in own if inside(walk.source, (t.real,))), walk.source)


def _into_tunnel(walk: Walk, device: Esg, tunnel: Tunnel, route: Route | None) -> Place | None:
    edge = device.end
    near, far = tunnel.end_at(edge), tunnel.far_from(edge)
    nameless = far.gateway is None and (tunnel.far == far or tunnel.joint.method == "gre")
    if nameless or near.gateway is None:
        walk.halt(
            "ESG",
            "undetermined",
            f"the plan names no address at which the tunnel to {far.end.title} ends",
            "name one: uplink in a network of the ESG, or ipsec or gre in a network of the site",
            name=edge.name,
        )
        return None
    if not _takes(walk, tunnel, edge):
        walk.halt(
            "ESG",
            "outside-tunnel",
            f"the tunnel to {far.end.title} covers destination {walk.destination}, but not source {walk.source}",
            "add its network to the link",
            name=edge.name,
            table=f"local subnets of the tunnel to {far.end.title}",
        )
        return None
    policy = next((r for r in device.routes if r.joint == tunnel.joint and inside(walk.destination, (r.prefix,))), None)
    shown = _shown_source(walk, tunnel, edge)
    protocol = "GRE" if tunnel.joint.method == "gre" else "ESP"
    # A policy applies to packets that leave by an uplink; a GRE tunnel has its own interface.
    rule = _snat_rule(walk, device, "gre" if protocol == "GRE" else route and route.interface)
    changed = walk.translate(("esg", edge), source=shown) if not shown.same(walk.source) else ()
    walk.wrap(protocol, outer_address(walk, tunnel, edge), outer_address(walk, tunnel, far.end))
    router = "BCR" if tunnel.private else "FCR"
    verb = "puts it into the tunnel" if protocol == "GRE" else "encrypts it for the tunnel"
    walk.hop(
        "ESG",
        "gre" if protocol == "GRE" else "ipsec",
        f"{verb} and sends it to the {router}",
        name=edge.name,
        by=() if rule is None else (rule,),
        route=policy,
        changed=changed,
    )
    return Place("tunnel", far.end, tunnel=tunnel)


def _snat_rule(walk: Walk, device: Esg, interface: Role | None) -> SourceNat | None:
    """Return the first SNAT rule that matches the packet on the interface by which it leaves."""
    for rule in device.source_nat:
        if (
            rule.interface == interface
            and inside(walk.source, (rule.source,))
            and (rule.match is None or inside(walk.destination, (rule.match,)))
        ):
            return rule
    return None


def _uplink(walk: Walk, device: Esg, route: Route, *, established: bool, own: bool) -> Place | None:
    """Send a packet out of an uplink to the next router, with SNAT unless it belongs to a session."""
    edge = device.end
    rule = None if established or own else _snat_rule(walk, device, route.interface)
    changed = _choose_side(walk, device, route) if own else ()
    unmatched = None
    if rule is not None and rule.address is not None:
        changed = walk.translate(("esg", edge), source=rule.address)
        text = f"translates the source to the address of its {rule.interface} uplink, and sends it to the {route.via}"
        walk.hop("ESG", "snat", text, name=edge.name, by=(rule,), route=route, changed=changed)
        if _undecided_nat(walk, edge, device):
            return None
    else:
        if rule is None and not _belongs(walk, device, route):
            return _unassigned_answer(walk, device, route) if established else _not_translated(walk, device, route)
        unmatched = None if rule is not None or established or own else f"SNAT on the {route.interface} interface"
        walk.hop(
            "ESG",
            "route",
            f"sends it to the {_towards(route)}",
            name=edge.name,
            by=() if rule is None else (rule,),
            route=route,
            changed=changed,
            unmatched=unmatched,
        )
    return _next_router(walk, route)


def _choose_side(walk: Walk, device: Esg, route: Route) -> tuple[Changed, ...]:
    """Let the ESG itself send from its address on the interface by which the packet leaves."""
    found = [i for i in device.interfaces if i.role == route.interface]
    # Of several interfaces with one purpose, each is the gateway of its own network.
    near = [i for i in found if any(_connects(route, group.network) for group in i.groups)]
    interface = next(iter(near or found), None)
    if interface is None or any(walk.source.network == group.network.name for group in interface.groups):
        return ()
    return walk.come_from(("own", device.end), interface.address)


def _connects(route: Route, network: Network) -> bool:
    return route.how == "connected" and route.prefix == network.prefix


def _towards(route: Route) -> str:
    return {"VLAN": "machine on its own network", "vRouter": "worker"}.get(route.via, route.via)


def _next_router(walk: Walk, route: Route) -> Place | None:
    if route.via == "BCR":
        return Place("bcr", how="esg")
    if route.via == "FCR":
        return Place("fcr", how="esg")
    if route.via == "ESG":
        if route.to is None or (route.next_hop is None and route.how != "link"):
            walk.halt("ESG", "undetermined", "the plan has no private uplink of the other ESG")
            return None
        return Place("esg", route.to, "private")
    if route.via == "vRouter" and route.to is not None and route.how != "link":
        return Place("arrive", route.to, "private")
    return Place("ibm", how="private" if route.interface == "private" else "public")


def _undecided_nat(walk: Walk, edge: End, device: Esg) -> bool:
    """Stop where the packet of an ICP worker is translated although the plan does not state icp-vcs."""
    session = walk.sessions[-1] if walk.sessions else None
    source = session.before.source.network if session is not None else None
    network = next((n for n in device.behind if n.name == source), None)
    if network is None or network.kind.platform != "icp":
        return False
    joint = walk.landscape.ends.links.between("icp-edge", End("icp", network.cluster), edge)
    if joint is None or joint.method is not None:
        return False
    walk.halt(
        "ESG",
        "undetermined",
        "the plan does not say whether the ESG translates for ICP: icp-vcs is not stated",
        "set icp-vcs under [integration] to nat or none",
        name=edge.name,
    )
    return True


def _belongs(walk: Walk, device: Esg, route: Route) -> bool:
    """Return whether IBM Cloud's network accepts a packet with this source, or it stays on the link."""
    if route.via not in ("BCR", "FCR") or walk.source.value is None:
        return True
    for item in walk.tracer.holding(walk.source):
        public = item.network.kind.public
        if public is not None and public == (route.via == "FCR"):
            return True
    if route.via == "BCR" and walk.tracer.bcr.find(walk.source) is not None:
        return True  # announced to it
    return device.holds(walk.source)


def _not_translated(walk: Walk, device: Esg, route: Route) -> Place | None:
    network = next((c.network for c in reversed(walk.tracer.holding(walk.source))), None)
    internet = walk.landscape.internet_of(device.end)
    help_: str | None
    if route.via == "FCR" and internet != "snat" and (network is None or network.kind.platform != "icp"):
        help_ = (
            "the edge uses a web proxy: trace the flow to it with --to web-proxy"
            if internet == "web-proxy"
            else f'to translate it, set internet = "snat" in [edges.{device.name}]'
        )
    else:
        help_ = 'to create the SNAT rule, set icp-vcs = "nat"' if network and network.kind.platform == "icp" else None
    walk.halt(
        "ESG",
        "not-translated",
        f"no SNAT rule translates {walk.source}, and the {route.via} drops sources that IBM Cloud did not assign",
        help_,
        name=device.name,
        table=f"SNAT rules on the {route.interface} interface",
    )
    return None


def _unassigned_answer(walk: Walk, device: Esg, route: Route) -> Place | None:
    """Stop an answer that leaves another way than its request came: SNAT rules apply to the first packet only."""
    walk.halt(
        "ESG",
        "not-translated",
        f"the answer keeps its source {walk.source}, and the {route.via} drops sources that IBM Cloud did not assign",
        "let the link that carries the request carry the answer too",
        name=device.name,
    )
    return None


def out_of_tunnel(walk: Walk, tunnel: Tunnel, edge: End) -> Place | None:
    """Receive a tunnel's packet at the ESG."""
    device = walk.landscape.esg(edge)
    router = "BCR" if tunnel.private else "FCR"
    walk.unwrap()
    known = walk.established(("esg", edge))
    changed = walk.restore(("esg", edge))
    rule = None
    if not changed:
        source, destination = translate_in(walk, tunnel.joint, edge)
        if destination is not None:
            rule = next((r for r in device.range_nat if inside(walk.destination, (r.shown,))), None)
        changed = walk.translate(("esg", edge), source=source, destination=destination)
    gre = tunnel.joint.method == "gre"
    verb = "takes it out of the tunnel" if gre else "decrypts it"
    walk.hop(
        "ESG",
        "gre" if gre else "ipsec",
        f"receives it from the {router} and {verb}",
        name=edge.name,
        changed=changed,
        by=() if rule is None else (rule,),
    )
    return _route(walk, device, established=known or bool(changed))
