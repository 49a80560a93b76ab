"""Steps on IBM Cloud's networks and on the internet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.flows.machines import is_public
from ipplan.flows.stops import stop_at_wrong, stop_if_ambiguous
from ipplan.flows.walk import Place, inside
from ipplan.landscape.conflicts import TableKey
from ipplan.landscape.ends import End
from ipplan.landscape.holders import pick
from ipplan.landscape.model import HostAddress
from ipplan.landscape.static_routes import refuses

if TYPE_CHECKING:
    from ipplan.flows.model import Changed
    from ipplan.flows.walk import Walk
    from ipplan.landscape.ends import Joint
    from ipplan.landscape.model import Route
    from ipplan.plan.model import Network


def server(walk: Walk, place: Place) -> Place | None:
    """Send a packet from a machine on one of IBM Cloud's networks, by its own table."""
    network = place.network
    assert network is not None
    device = host_title(network)
    route = walk.tracer.server(network).find(walk.destination)
    assert route is not None
    own = network.prefix
    if own is not None and inside(walk.destination, (own,)):
        walk.hop(device, "forward", "sends it on its own network", name=network.name)
        return Place("ibm", how="public" if network.kind.public else "private")
    public = route.via == "FCR"
    changed = _choose_side(walk, network, public=public) if network.kind.role == "host" else ()
    text = f"sends it to the {route.via}"
    if changed:
        text += f", from its address on the {'public' if public else 'private'} side"
    walk.hop(device, "forward", text, name=network.name, route=route, changed=changed)
    return Place("fcr" if public else "bcr", how="server")


def _choose_side(walk: Walk, network: Network, *, public: bool) -> tuple[Changed, ...]:
    """Let an ESXi host send from its address on the side by which the packet leaves."""
    if network.kind.public is public:
        return ()
    side = "public" if public else "private"
    kind = f"vcs-host-{side}"
    # The hosts of another edge are other machines.
    same = [n for n in walk.landscape.ends.by_kind[kind] if n.prefix is not None and n.edge == network.edge]
    if same:
        return walk.come_from(("host", None), pick(same[0]))
    words = f"(the {side} address of an ESXi host)"
    walk.memory.places[words] = Place("ibm", how=side, network=network)
    walk.assume(f"the ESXi hosts have a {side} side: the plan has no network of kind {kind}")
    return walk.come_from(("host", None), HostAddress(4, None, example=True, words=words))


def bcr(walk: Walk, place: Place) -> Place | None:
    """Route a packet at the BCR: to its subnets, to a prefix learned by BGP, to the enterprise, or to IBM's services."""
    if stop_if_ambiguous(walk, "BCR", TableKey("bcr", None)):
        return None
    if place.how == "xcr" and walk.source.value is not None and walk.tracer.bcr.find(walk.source) is None:
        walk.halt(
            "BCR",
            "source-refused",
            f"it has no route back to {walk.source}, and drops packets from addresses that IBM Cloud did not assign",
            None if (own := walk.tracer.network_of(walk.source)) is None else _towards_site(walk, own),
            table="routes of the BCR",
            nearest=walk.tracer.bcr.nearest(walk.source),
        )
        return None
    route = walk.tracer.bcr.find(walk.destination)
    if route is None:
        return _beyond_the_bcr(walk, place)
    if route.via == "VLAN":
        _account_routing(walk, route)
        walk.hop("BCR", "forward", "forwards it to the machine on its VLAN", route=route)
        return Place("ibm", how="private")
    walk.hop("BCR", "forward", f"sends it to the {route.via}", route=route)
    if route.via == "ESG":
        return Place("esg", route.to, "private")
    if route.via == "vRouter":
        return Place("arrive", route.to, "private")
    assert route.to is not None
    if route.joint is not None and route.joint.method is None:
        return stop_at_undecided(walk, "BCR")
    walk.hop("XCR", "forward", "sends it to the WAN of the enterprise", name=walk.landscape.site_name(route.to))
    return Place("router", route.to, "wan")


def _beyond_the_bcr(walk: Walk, place: Place) -> Place | None:
    if walk.goal.domain == "ibm-services":
        if place.how == "xcr":
            walk.halt(
                "XCR",
                "no-route",
                f"{walk.destination} is IBM Cloud's service network, which is not routed to a site",
                "reach it from a machine on IBM Cloud's private network",
            )
            return None
        walk.hop("BCR", "forward", "forwards it to IBM Cloud's service network")
        walk.hop("IBM Cloud's services", "deliver", "receive it")
        walk.arrived()
        return None
    reason = f"it has no route to {walk.destination}, and drops packets to addresses that IBM Cloud did not assign"
    if walk.destination.value is None or is_public(walk.destination):
        reason = f"{walk.destination} is a public address, which IBM Cloud's private network does not route"
    walk.halt(
        "BCR",
        "no-route",
        reason,
        _towards(walk),
        table="routes of the BCR",
        nearest=walk.tracer.bcr.nearest(walk.destination),
    )
    return None


def _towards(walk: Walk) -> str | None:
    """Say how the BCR gets a route, None where it cannot."""
    network = walk.goal.network
    if network is None or network.kind.public is not None:
        return None
    if network.kind.provider == "enterprise":
        return _towards_site(walk, network)
    return "announce it with BGP, translate it on a link (nat), or carry it in a tunnel"


def _account_routing(walk: Walk, route: Route) -> None:
    """Assume routing between two of the account's own subnets, which is not automatic."""
    source = walk.source.prefix
    among = any(r.via == "VLAN" and source is not None and r.prefix.covers(source) for r in walk.tracer.bcr.routes)
    if among and not inside(walk.source, (route.prefix,)) and walk.landscape.plan.account_routing is None:
        walk.assume("the account has a VRF or VLAN spanning, so that the BCR routes between its subnets")


def stop_at_undecided(walk: Walk, device: str) -> Place | None:
    walk.halt(
        device,
        "undetermined",
        "the plan does not say how the enterprise connects to IBM Cloud: enterprise is not stated",
        "set enterprise under [integration] to l2-extension, routed or none",
    )
    return None


def fcr(walk: Walk, place: Place) -> Place | None:
    """Route a packet at the FCR: to one of its subnets, or to the internet."""
    if walk.source.value is not None and not is_public(walk.source):
        walk.halt(
            "FCR",
            "not-translated",
            f"{walk.source} is a private address, and the FCR drops it",
            _static_route(walk, place.how) or "translate it before it leaves",
        )
        return None
    if walk.answering and (known := walk.memory.places.get(walk.destination.text)) is not None:
        if known.device == "router" and place.how == "internet":
            return known
        walk.hop(
            "FCR",
            "forward",
            "sends it to the internet" if known.device == "router" else "forwards it to the machine",
        )
        return known
    route = walk.tracer.fcr.find(walk.destination)
    if route is None or route.via != "VLAN":
        if walk.destination.value is not None and not is_public(walk.destination):
            walk.halt(
                "FCR",
                "no-route",
                f"{walk.destination} is a private address, which the internet does not route",
                _static_route(walk, place.how) or towards_private(walk),
                table="routes of the FCR",
            )
            return None
        return _to_the_internet(walk, place)
    holder = _holder(walk)
    whose = {"ingress": "worker that has the address", "esg": "ESXi host of the ESG that has the address"}
    text = (
        f"forwards it to the {whose.get(holder.kind.role, 'machine on its VLAN') if holder else 'machine on its VLAN'}"
    )
    walk.hop("FCR", "forward", text, route=route)
    return Place("ibm", how="public")


def _towards_site(walk: Walk, network: Network) -> str | None:
    """Say how to reach a network of a site from IBM Cloud's networks or from another site."""
    ends = walk.landscape.ends
    site, source = ends.site_of(network), walk.tracer.network_of(walk.source)
    if source is not None and source.kind.provider == "enterprise" and ends.site_of(source) != site:
        return "no link can join two sites; if their WAN connects them, use one site for both"
    joint = None if site is None else private_joint(walk, site)
    if joint is None or joint.method is None or site is None:
        return 'add a link between the site and ibm-private with method = "routed", or set enterprise = "routed"'
    if not any(c.network.name == network.name for c in ends.carriage.carried(joint, site)):
        return f"add {network.name} to the networks of {joint.title}"
    return None


def _static_route(walk: Walk, how: str) -> str | None:
    """Say which static route is missing on machines that send to the FCR although the BCR has a route."""
    route = walk.tracer.bcr.find(walk.destination)
    if how not in ("server", "worker") or route is None or (route.joint is not None and route.joint.method is None):
        return None
    if how == "worker" and refuses(route.prefix):
        return f"translate it on the link (nat): IKS refuses static routes to {route.prefix}"
    return f"add a static route to {route.prefix} via the BCR on these machines"


def towards_private(walk: Walk) -> str | None:
    """Say how to reach a private network that the sender has no route to."""
    goal = walk.goal.network
    if goal is None:
        return None
    if goal.kind.internal and goal.kind.platform == "iks":
        return "add a network of kind iks-ingress-public or iks-ingress-private to the cluster: its ingress leads to the pods"
    if goal.kind.provider == "enterprise":
        return _towards_site(walk, goal)
    return "add a link between the two; ipplan topology PLAN shows the links in force"


def _to_the_internet(walk: Walk, place: Place) -> Place | None:
    if walk.goal.domain == "ibm-services":
        walk.halt(
            "FCR",
            "no-route",
            f"{walk.destination} is IBM Cloud's service network, which the internet has no route to",
            "reach it from a machine on IBM Cloud's private network",
        )
        return None
    if walk.goal.domain == "internet":
        walk.hop("internet user" if walk.answering else "internet host", "deliver", "receives it")
        walk.arrived("handed-over")
        return None
    walk.halt(
        "FCR",
        "wrong-network",
        f"it sends {walk.destination}, a public address, to the internet, and {walk.goal.title} is not there",
        _static_route(walk, place.how) or towards_private(walk),
    )
    return None


def _holder(walk: Walk) -> Network | None:
    """Return the network of IBM Cloud that holds the destination."""
    found = [c.network for c in walk.tracer.holding(walk.destination) if c.network.kind.public is not None]
    return found[-1] if found else None


def ibm(walk: Walk, place: Place) -> Place | None:
    """Receive a packet on one of IBM Cloud's VLANs, at the device with the address."""
    walk.restore(("host", None))
    network = place.network or _holder(walk)
    if network is None:
        router = "FCR" if place.how == "public" else "BCR"
        walk.halt(router, "no-neighbour", f"no machine on its networks has {walk.destination}")
        return None
    kind = network.kind
    if kind.role == "esg":
        edge = walk.landscape.ends.edge_of(network)
        if edge is None:
            walk.halt(
                "ESG",
                "undetermined",
                f"{network.name} names no edge, and the plan has several",
                'write edge = "NAME" in it',
            )
            return None
        if not walk.landscape.esg(edge).holds(walk.destination):
            router = "FCR" if place.how == "public" else "BCR"
            walk.halt(router, "no-neighbour", f"the ESG of {edge.title} does not have {walk.destination}")
            return None
        return Place("esg", edge, place.how)
    if kind.role == "ingress":
        return Place("ingress", End("iks", network.cluster), network=network)
    if kind.platform == "iks":
        return Place("arrive", End("iks", network.cluster), place.how)
    if walk.at_goal(network.name):
        walk.hop(host_title(network), "deliver", "receives it", name=network.name)
        walk.arrived()
        return None
    return stop_at_wrong(walk, host_title(network), network.name, (network.name,))


def host_title(network: Network) -> str:
    """Return the device in one of IBM Cloud's networks, for people."""
    return {"host": "ESXi host", "worker": "worker", "ingress": "load balancer", "esg": "ESG"}.get(
        network.kind.role, "machine"
    )


def private_joint(walk: Walk, site: End) -> Joint | None:
    return next((j for j in walk.landscape.ends.links.of(site) if j.pair == "site-private"), None)
