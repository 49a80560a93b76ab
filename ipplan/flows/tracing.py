"""Trace two machines: the address to use, the request, and the answer on its own way back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.flows import cluster_tunnels, clusters, edges, networks, overlay, sites
from ipplan.flows.machines import internet, machine_in
from ipplan.flows.model import Machine, Stop, Trace
from ipplan.flows.stops import stop_at_unknown
from ipplan.flows.walk import Memory, Place, Walk, shown_at
from ipplan.landscape.conflicts import TableKey
from ipplan.landscape.edge_addresses import esg_address, on_transit, virtual_address
from ipplan.landscape.ends import UPLINKS, Carried, End
from ipplan.landscape.holders import first_named, pick
from ipplan.landscape.tunnels import translations
from ipplan.landscape.verdicts import ends_of, homeless
from ipplan.plan import names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ipplan.flows.lookups import Tracer
    from ipplan.landscape import Landscape
    from ipplan.landscape.model import HostAddress
    from ipplan.plan.model import Network


def _tunnel(walk: Walk, place: Place) -> Place | None:
    end, tunnel = place.end, place.tunnel
    assert end is not None
    assert tunnel is not None
    if end.kind == "edge":
        return edges.out_of_tunnel(walk, tunnel, end)
    if end.kind == "site":
        return sites.out_of_tunnel(walk, tunnel, end)
    return cluster_tunnels.out_of_tunnel(walk, tunnel, end)


STEPS: Mapping[str, Callable[[Walk, Place], Place | None]] = {
    "leave": clusters.leave,
    "arrive": clusters.arrive,
    "ingress": clusters.ingress,
    "tunnel": _tunnel,
    "vm": overlay.from_vm,
    "esg": edges.esg,
    "dlr": overlay.dlr,
    "server": networks.server,
    "bcr": networks.bcr,
    "fcr": networks.fcr,
    "ibm": networks.ibm,
    "router": sites.router,
}
"""The step of each device."""


def trace(tracer: Tracer, source: Machine, destination: Machine) -> Trace:
    """Trace a request from one machine to another, and its answer."""
    source, remark = _sender(tracer, source)
    asked, goal = asked_address(tracer, source, destination)
    if source == internet():
        source = internet(asked.version)
    walk = Walk(tracer, goal, Memory([], {}), answering=False)
    if remark is not None:
        walk.assume(remark)
    walk.source, walk.destination = source.address, asked
    walk.fronted = not asked.same(goal.address)
    _ask(walk, source, asked)
    if goal.network is not None and homeless(tracer.landscape.ends, goal.network):
        _stop_at_homeless(walk, source, goal.network)
    else:
        _go(walk, source)
    back: tuple[Walk, Stop | None] | None = None
    if walk.stop is None:
        back = _answer(tracer, walk, source, asked, goal)
    return Trace(
        None,
        f"{source.title} to {goal.title}",
        source,
        goal,
        asked,
        tuple(walk.hops),
        walk.stop,
        walk.end or "delivered",
        () if back is None else tuple(back[0].hops),
        None if back is None else back[1],
        tuple(_assumptions(walk, None if back is None else back[0])),
    )


def _ask(walk: Walk, source: Machine, asked: HostAddress) -> None:
    """Start the walk: the sender asks DNS for the address of its destination."""
    walk.hop(
        "internet user" if source.domain == "internet" else host(source),
        "request",
        "asks DNS for the address of its destination",
        name=_network_name(source),
    )
    what = _whose(walk.tracer, asked, walk.goal) if walk.fronted else "its address"
    walk.hop("DNS", "dns", f"answers with {asked}, {what}")


def _stop_at_homeless(walk: Walk, source: Machine, network: Network) -> None:
    what = "site" if network.kind.provider == "enterprise" else "edge"
    walk.halt(
        host(source),
        "undetermined",
        f"{network.name} names no {what}, and the plan has several",
        f'write {what} = "NAME" in it',
        name=_network_name(source),
    )


def _assumptions(walk: Walk, back: Walk | None) -> Iterator[str]:
    """Yield the assumptions of a flow: on its way, on the way back, and about overlaps."""
    yield from dict.fromkeys((*walk.assumptions, *(back.assumptions if back is not None else ())))
    if walk.stop is None or walk.stop.end != "ambiguous":
        goal = walk.goal
        for network in dict.fromkeys(n.name for n in _conflicting(walk.tracer, goal)):
            yield f"{goal.title} overlaps {network}; the address {goal.address} is not in the shared part"


def _whose(tracer: Tracer, asked: HostAddress, goal: Machine) -> str:
    """Describe an address that is used instead of the machine's own."""
    landscape = tracer.landscape
    for kind in UPLINKS.values():
        network = next((n for n in landscape.ends.by_kind[kind] if n.name == asked.network), None)
        edge = None if network is None else landscape.ends.edge_of(network)
        if edge is not None and asked.value is not None:
            rules = landscape.esg(edge).destination_nat
            if not any(r.port is None and r.address.same(asked) for r in rules):
                return f"the address of the edge's uplink, because no address of the edge leads to {goal.title}"
    return "the address through which it is reached"


def _sender(tracer: Tracer, machine: Machine) -> tuple[Machine, str | None]:
    """Return the sender: for a service or an ingress, which send no requests, a pod or a worker behind it."""
    network, end = machine.network, machine.end
    if network is None or end is None or network.kind.role not in ("service", "ingress"):
        return machine, None
    role = "pod" if network.kind.role == "service" else "worker"
    behind = [
        n
        for n in tracer.landscape.ends.of_cluster(end)
        if n.kind.role == role and n.prefix is not None and not (role == "worker" and n.kind.public)
    ]
    if not behind:
        return machine, None
    what = "a service" if role == "pod" else "an ingress"
    remark = f"{network.name} is the range of {what}, which sends no requests: a {role} in {behind[0].name} sends it"
    return machine_in(tracer.landscape, behind[0]), remark


def _conflicting(tracer: Tracer, goal: Machine) -> Iterator[Network]:
    if goal.network is not None:
        yield from tracer.overlapping(goal.network)


def _network_name(machine: Machine) -> str | None:
    return machine.network.name if machine.network is not None else None


def _answer(tracer: Tracer, walk: Walk, source: Machine, asked: HostAddress, goal: Machine) -> tuple[Walk, Stop | None]:
    """Walk the answer back; it has to come from the address to which the request went."""
    back = Walk(tracer, source, walk.memory, answering=True)
    back.source, back.destination = _answering_address(walk, goal), walk.source
    back.hop(host(goal), "answer", "answers", name=_network_name(goal))
    if source.domain == "internet" and goal.domain == "internet":
        return back, None
    _go(back, goal)
    stop = back.stop
    if stop is None and not back.source.same(asked):
        stop = Stop(
            back.hops[-1].device,
            back.hops[-1].name,
            "no-session",
            f"the answer comes from {back.source} instead of {asked}: it bypassed the device that translated the request",
            _own_instead(tracer, source, asked, goal),
        )
    return back, stop


def _own_instead(tracer: Tracer, source: Machine, asked: HostAddress, goal: Machine) -> str | None:
    """Name the machine's own address, where the sender reaches it."""
    if goal.network is None or asked.same(goal.address) or not _leads(tracer, source, Carried(goal.network)):
        return None
    return f"use {goal.address} instead, which {source.title} reaches without NAT"


def _answering_address(walk: Walk, goal: Machine) -> HostAddress:
    """Return the source of the answer: for a service the pod that received the request."""
    if goal.network is not None and goal.network.kind.role == "service":
        return walk.destination
    return goal.address


def _go(walk: Walk, start: Machine) -> None:
    place = first_place(walk, start)
    if place is None:
        return
    if walk.destination.value is None and walk.destination.text not in walk.memory.places:
        stop_at_unknown(walk, place)
    else:
        walk.run(STEPS, place)


def first_place(walk: Walk, machine: Machine) -> Place | None:
    """Return the device at which the packets of a machine start."""
    network = machine.network
    if network is None:
        if machine.domain == "internet":
            return Place("fcr", how="internet")
        return Place("bcr", how="services")
    role = network.kind.role
    if network.kind.platform is not None:
        assert machine.end is not None
        return Place("leave", machine.end, "pod" if network.kind.internal else "node", network)
    if role == "enterprise":
        if machine.end is None:
            walk.halt(
                "on-premises router",
                "undetermined",
                f"{network.name} names no site, and the plan has several",
                'write site = "NAME" in it',
            )
            return None
        return Place("router", machine.end, "user")
    if role == "vm":
        return Place("vm", machine.end, network=network)
    if role in ("esg", "transit"):
        edge = walk.landscape.ends.edge_of(network)
        if edge is None:
            walk.halt(
                "ESG",
                "undetermined",
                f"{network.name} names no edge, and the plan has several",
                'write edge = "NAME" in it',
            )
            return None
        dlr = on_transit([network], names.TRANSIT_DLR, 1) if role == "transit" else None
        if dlr is not None and dlr.same(machine.address):
            return Place("dlr", edge, "own")
        return Place("esg", edge, "own")
    return Place("server", network=network)


def host(machine: Machine) -> str:
    """Return the device of a machine, for people."""
    network = machine.network
    if network is None:
        return "internet host" if machine.domain == "internet" else "IBM Cloud's services"
    titles = {
        "pod": "pod",
        "service": "pod",
        "vm": "VM",
        "worker": "worker",
        "enterprise": "enterprise user",
        "transit": "ESG",
    }
    return titles.get(network.kind.role) or networks.host_title(network)


# The address to use.


def asked_address(tracer: Tracer, source: Machine, goal: Machine) -> tuple[HostAddress, Machine]:
    """Return the destination address of the request, and the machine that it leads to.

    This is the machine's own address if the table of the sender leads to its network, else the address that a link shows
    for it, else that of a device that translates or forwards to it, else the uplink of its edge that the sender reaches.
    """
    network = goal.network
    if network is None or goal.address.value is None or _local(source, goal):
        return goal.address, goal
    if network.kind.role == "esg" and (target := _target(tracer, goal)) is not None:
        return goal.address, target
    if _leads(tracer, source, Carried(network)):
        return goal.address, goal
    if (item := _shown(tracer, source, network)) is not None:
        (translation,) = translations([item])
        return shown_at(goal.address, translation), goal
    return _front(tracer, source, goal)


def _shown(tracer: Tracer, source: Machine, network: Network) -> Carried | None:
    """Return a network as links show it to a sender: by the sender's own links first, then by the lowest range."""
    own = [] if source.network is None else ends_of(tracer.landscape.ends, source.network)
    found = [
        (own.index(far) if (far := joint.far(side)) in own else len(own), item.shown, item)
        for item, joint, side in tracer.landscape.tables.translated
        if item.network.name == network.name and not item.outbound_only and _leads(tracer, source, item)
    ]
    return min(found, key=lambda choice: choice[:2])[2] if found else None


def _target(tracer: Tracer, front: Machine) -> Machine | None:
    """Return the machine to which an ESG translates one of its addresses, None without a rule."""
    landscape = tracer.landscape
    edge = None if front.network is None else landscape.ends.edge_of(front.network)
    if edge is None:
        return None
    for rule in landscape.esg(edge).destination_nat:
        if rule.port is None and rule.address.same(front.address):
            network = next((n for n in landscape.ends.networks if n.name == rule.target.network), None)
            return None if network is None else machine_in(landscape, network, rule.target)
    return None


def _local(source: Machine, goal: Machine) -> bool:
    """Return whether both machines are in one cluster or one network."""
    if source.network is not None and goal.network is not None and source.network.name == goal.network.name:
        return True
    inside = source.domain in ("iks", "icp")
    return inside and source.domain == goal.domain and source.end == goal.end


def _table(tracer: Tracer, source: Machine) -> TableKey | None:
    """Return the table of the sender, None on the internet."""
    ends, network = tracer.landscape.ends, source.network
    if network is None:
        return None if source.domain == "internet" else TableKey("bcr", None)
    if network.kind.platform is not None:
        return TableKey("worker", source.end)
    if network.kind.provider == "enterprise" or ends.on_premises(network):
        return TableKey("router", ends.site_of(network))
    if network.kind.role == "host":
        return TableKey("server", None)
    if network.kind.public is not None and network.kind.role != "esg":
        return TableKey("bcr", None) if network.kind.public is False else None
    edge = ends.edge_of(network)
    over = TableKey("dlr", edge)
    return over if over in tracer.landscape.tables.tables else TableKey("esg", edge)


def _leads(tracer: Tracer, source: Machine, item: Carried) -> bool:
    """Return whether the table of a sender leads to a destination."""
    tables = tracer.landscape.tables
    table = _table(tracer, source)
    if table is None:
        return bool(item.network.kind.public)
    entries = tables.table_index.get(table, {})
    return any(key in entries for key in tables.sets_of(item))


def _front(tracer: Tracer, source: Machine, goal: Machine) -> tuple[HostAddress, Machine]:
    """Return the address of a device that leads to a machine, and the machine that it leads to."""
    landscape, network = tracer.landscape, goal.network
    assert network is not None
    role = "private" if _meets_private(tracer, source) else "public"
    if network.kind.internal and network.kind.platform == "iks":
        found = _ingress(tracer, goal, role)
        return (found, goal) if found is not None else (goal.address, goal)
    edge = landscape.ends.edge_of(network)
    if edge is None or network.kind.public is not None or network.kind.provider == "enterprise":
        return goal.address, goal
    if network.kind.internal and _behind(tracer, source, edge):
        return _virtual(tracer, goal), goal
    rules = landscape.esg(edge).destination_nat
    if network.kind.internal:
        vip = _virtual(tracer, goal)
        front = next((r.address for r in rules if r.interface == role and r.target.same(vip) and r.port is None), None)
        if front is not None:
            return front, goal
    else:
        for rule in rules:
            if rule.interface == role and rule.port is None and rule.target.network == network.name:
                if rule.target.same(goal.address):
                    return rule.address, goal
                if goal.address.example and rule.target.example:
                    return rule.address, goal._replace(address=rule.target)
    wanted = names.ICP_PROXY if network.kind.internal else names.UPLINK
    uplink = esg_address(landscape.ends, edge, role, () if _ready(landscape, edge, role) else wanted)
    if uplink is not None and _reaches(tracer, source, role):
        return uplink, goal
    return goal.address, goal


def _ready(landscape: Landscape, edge: End, role: str) -> bool:
    """Return whether an uplink of an edge has a range, so that its rules are known."""
    return any(n.prefix is not None for n in landscape.ends.of_edge(edge, UPLINKS[role]))


def _meets_private(tracer: Tracer, source: Machine) -> bool:
    """Return whether the table of a sender leads to IBM Cloud's private network."""
    table = _table(tracer, source)
    return table is not None and ("private",) in tracer.landscape.tables.table_index.get(table, {})


def _reaches(tracer: Tracer, source: Machine, role: str) -> bool:
    table = _table(tracer, source)
    return table is None or (role,) in tracer.landscape.tables.table_index.get(table, {})


def _behind(tracer: Tracer, source: Machine, edge: End) -> bool:
    """Return whether a sender is behind the same edge."""
    network = source.network
    return (
        network is not None and source.domain in ("overlay", "icp") and tracer.landscape.ends.edge_of(network) == edge
    )


def _virtual(tracer: Tracer, goal: Machine) -> HostAddress:
    """Return the virtual address of the proxies of an ICP cluster, as the DNAT of its edge has it."""
    assert goal.end is not None
    workers = [n for n in tracer.landscape.ends.of_cluster(goal.end, "icp-worker") if n.prefix is not None]
    return virtual_address(workers, "proxy") if workers else goal.address


def _ingress(tracer: Tracer, goal: Machine, role: str) -> HostAddress | None:
    """Return the address of the ingress of an IKS cluster on one of IBM Cloud's networks."""
    assert goal.end is not None
    ends = tracer.landscape.ends
    for kind in dict.fromkeys((f"iks-ingress-{role}", "iks-ingress-public")):
        own = ends.of_cluster(goal.end, kind)
        ready = [n for n in own if n.prefix is not None] or own
        if ready:
            return first_named(ready, *names.INGRESS) or pick(ready[0])
    return None
