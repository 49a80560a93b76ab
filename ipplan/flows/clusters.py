"""Steps at the workers of a cluster: out of a pod, into one, through the ingress, and into and out of its tunnels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.flows.model import Outer
from ipplan.flows.stops import stop_at_wrong, stop_if_ambiguous
from ipplan.flows.walk import Place, inside, real_of, shown_at
from ipplan.landscape.conflicts import TableKey
from ipplan.landscape.holders import free_number, pick
from ipplan.landscape.model import HostAddress
from ipplan.landscape.static_routes import refuses
from ipplan.landscape.tunnels import translates_both, translations
from ipplan.landscape.workers import private_subnets
from ipplan.plan import names

if TYPE_CHECKING:
    from typing import TypeGuard

    from ipplan.flows.model import Action, Changed
    from ipplan.flows.walk import Walk
    from ipplan.landscape.ends import End, Joint
    from ipplan.landscape.model import DestinationNat, Route, SourceNat, Translation, Tunnel
    from ipplan.plan.model import Network


def leave(walk: Walk, place: Place) -> Place | None:
    """From a pod, or from a worker itself, by the tables of the worker."""
    cluster, pod = place.end, place.how == "pod"
    assert cluster is not None
    known = walk.established(("worker", cluster))
    restored = walk.restore(("worker", cluster))
    text = f"takes it from the pod on the {cluster.kind.upper()} worker"
    if restored:
        text = f"{text}, and reverses the NAT of the request" if pod else "reverses the NAT of the request"
        device = "vRouter" if pod else "worker"
        walk.hop(device, "session", text, name=cluster.name, changed=restored)
    elif pod:
        walk.hop("vRouter", "forward", text, name=cluster.name)
    if stop_if_ambiguous(walk, "vRouter" if pod else "worker", TableKey("worker", cluster)):
        return None
    own = _own_network(walk, cluster)
    near = _subnet(walk, place)
    if not pod and (own is not None or _among_nodes(walk, near)):
        _choose_side(walk, cluster, public=False)
    if own is not None:
        return _between_nodes(walk, cluster, own)
    if (here := _on_the_worker(walk, cluster)) is not None:
        return here
    route = walk.tracer.chart(cluster).find(walk.destination)
    if route is not None and route.joint is not None:
        tunnel = walk.landscape.tunnels.of(route.joint)
        assert tunnel is not None
        if not pod:
            _choose_side(walk, cluster, public=False)
        _say_route(walk, cluster, route, pod=pod)
        return into_tunnel(walk, tunnel, cluster, pod=pod)
    if _undecided(walk, cluster):
        return None
    route = _main_route(walk, cluster, near)
    if route is None:
        return None
    if _among_nodes(walk, near):
        return _to_node(walk, cluster, translated=pod and not restored and not known)
    if pod:
        _say_route(walk, cluster, route, pod=True)
    return _out(walk, cluster, route, translated=pod and not restored and not known, pod=pod)


def _on_the_worker(walk: Walk, cluster: End) -> Place | None:
    """Return where a packet goes that does not leave the worker, None where it does.

    kube-proxy knows the addresses of the load balancer on every worker, and the worker has its own public address.
    """
    if cluster.kind != "iks" or walk.destination.value is None:
        return None
    if walk.destination.same(node_address(walk, cluster, public=True)):
        return Place("arrive", cluster, "inside")
    fronts = (
        n
        for side in ("public", "private")
        for n in walk.landscape.ends.of_cluster(cluster, f"iks-ingress-{side}")
        if n.prefix is not None and pick(n, *names.INGRESS).same(walk.destination)
    )
    front = next(fronts, None)
    return None if front is None else Place("ingress", cluster, "inside", network=front)


def _main_route(walk: Walk, cluster: End, subnet: Network | None) -> Route | None:
    """Look the packet up in the main table of the workers of a subnet; stop where it has no route."""
    lookup = walk.tracer.worker(cluster, subnet if cluster.kind == "icp" else None)
    route = lookup.find(walk.destination)
    if route is None and not lookup.routes:
        walk.halt(
            "worker",
            "undetermined",
            f"no worker network of {cluster.title} has a range",
            f'add a network of kind = "{"icp-worker" if cluster.kind == "icp" else "iks-worker-private"}"',
            name=cluster.name,
        )
    elif route is None:
        walk.halt(
            "worker",
            "no-route",
            f"its table has no route to {walk.destination}",
            name=cluster.name,
            table=f"routes of the workers of {cluster.title}",
            nearest=lookup.nearest(walk.destination),
        )
    return route


def _subnet(walk: Walk, place: Place) -> Network | None:
    """Return the subnet of the worker that sends: its own, or that of the first worker, which is shown for pods."""
    assert place.end is not None
    own = private_subnets(walk.landscape, place.end)
    wanted = node_address(walk, place.end).network if place.network is None else place.network.name
    return next((n for n in own if n.name == wanted), next(iter(own), None))


def _among_nodes(walk: Walk, subnet: Network | None) -> bool:
    """Tell whether the packet is for a worker on the subnet of the one that sends it."""
    return subnet is not None and subnet.prefix is not None and inside(walk.destination, (subnet.prefix,))


def _to_node(walk: Walk, cluster: End, *, translated: bool) -> Place | None:
    """To another worker on the same subnet, which needs no router; or to the pod's own worker, which is no way at all."""
    if walk.destination.same(node_address(walk, cluster)) and walk.source.network != walk.destination.network:
        return Place("arrive", cluster, "inside")
    edge = walk.landscape.ends.edge_of_cluster(cluster) if cluster.kind == "icp" else None
    if edge is not None and walk.landscape.esg(edge).holds_on("workers", walk.destination):
        walk.hop("worker", "forward", "sends it to the ESG on its own subnet", name=cluster.name)
        return Place("esg", edge, "workers")
    changed = walk.translate(("worker", cluster), source=node_address(walk, cluster)) if translated else ()
    walk.hop(
        "worker",
        "snat" if changed else "forward",
        "sends it to the other worker on its own subnet",
        name=cluster.name,
        changed=changed,
    )
    return Place("arrive", cluster, "inside")


def _own_network(walk: Walk, cluster: End) -> Network | None:
    """Return the pod or service network of the cluster that holds the destination."""
    holding = (c.network for c in walk.tracer.holding(walk.destination) if c.shown is None)
    return next((network for network in holding if _is_inside(network, cluster)), None)


def _say_route(walk: Walk, cluster: End, route: Route, *, pod: bool) -> None:
    texts = {
        "chart": "its table leads to the strongSwan container, by the routes that the chart adds",
        "bgp": f"its table has the range, by BGP from the {route.via}",
        "link": f"its table leads to the {route.via} on the common VLAN",
        "static-route": "its table leads to the BCR, by the static route of the add-on",
        "base": f"its table leads to the {route.via}, as on every classic server",
        "static": f"its table leads to the {route.via}, the gateway of its network",
    }
    device = "vRouter" if pod else "worker"
    walk.hop(device, "route", texts[route.how], name=cluster.name, route=route)


def _undecided(walk: Walk, cluster: End) -> bool:
    """Stop where only a link that the plan leaves open could lead to what is behind an edge."""
    if cluster.kind != "iks" or walk.goal.domain != "overlay" or walk.goal.end is None:
        return False
    joint = walk.landscape.ends.links.between("iks-edge", cluster, walk.goal.end)
    if joint is None or joint.method is not None or not walk.at_goal():
        return False
    walk.halt(
        "vRouter",
        "undetermined",
        "the plan does not say how IKS is joined with the edge: iks-vcs is not stated",
        "write iks-vcs under [integration]: common-vlan, strongswan, static-nat, bgp or none",
        name=cluster.name,
    )
    return True


def _out(walk: Walk, cluster: End, route: Route, *, translated: bool, pod: bool) -> Place | None:
    """From the worker to the next router; a pod that asks gets the address of its worker."""
    public = route.via == "FCR"
    if public and cluster.kind == "iks":
        _assume_public(walk, cluster)
    changed: tuple[Changed, ...] = ()
    if translated:
        changed = walk.translate(("worker", cluster), source=node_address(walk, cluster, public=public))
        walk.hop(
            "worker",
            "snat",
            "gives the pod's packet the address of the worker",
            name=cluster.name,
            changed=changed,
        )
        changed = ()
    elif not pod:
        changed = _choose_side(walk, cluster, public=public)
    on_vlan = route.via == "ESG" and cluster.kind == "iks"
    case = "worker and ESG are on the common VLAN: the BCR is bypassed" if on_vlan else None
    text = f"sends it to the {route.via}"
    if cluster.kind == "icp":
        text += ", the gateway of its VXLAN"
    if changed:
        text += f", from its address on the {'public' if public else 'private'} side"
    walk.hop("worker", "forward", text, name=cluster.name, route=route, changed=changed, case=case)
    if route.via == "BCR":
        return Place("bcr", how="worker")
    if public:
        return Place("fcr", how="worker")
    if route.to is None:
        walk.halt(
            "worker",
            "undetermined",
            f"the plan does not say which edge {cluster.title} stands behind",
            f'write edge = "NAME" in [clusters.{cluster.name}]',
            name=cluster.name,
        )
        return None
    if route.via == "DLR":
        return Place("dlr", route.to, "vm")
    return Place("esg", route.to, "link" if on_vlan else "workers")


def _assume_public(walk: Walk, cluster: End) -> None:
    if not walk.landscape.ends.of_cluster(cluster, "iks-worker-public"):
        walk.assume(
            f"the workers of {cluster.title} have a public side: the plan has no network of kind iks-worker-public for them"
        )


def _choose_side(walk: Walk, cluster: End, *, public: bool) -> tuple[Changed, ...]:
    """Let a worker of IKS that asks use its address on the side by which the packet leaves."""
    other = [n.name for n in walk.landscape.ends.of_cluster(cluster) if n.kind.public is not public]
    if cluster.kind != "iks" or walk.source.network not in other:
        return ()
    return walk.come_from(("node", cluster), node_address(walk, cluster, public=public))


def node_address(walk: Walk, cluster: End, *, public: bool = False, nth: int = 0) -> HostAddress:
    """Return the address of a worker of a cluster, on its public side or its private one."""
    if public and cluster.kind == "iks":
        own = [n for n in walk.landscape.ends.of_cluster(cluster, "iks-worker-public") if n.prefix is not None]
        if own:
            return pick(own[0])
        words = f"(the public address of a worker{f' of {cluster.name}' if cluster.name else ''})"
        walk.memory.places[words] = Place("arrive", cluster, "public")
        return HostAddress(4, None, example=True, words=words)
    found = walk.landscape.nodes(cluster)
    if nth < len(found):
        return found[nth]
    subnets = private_subnets(walk.landscape, cluster)
    if subnets:
        return pick(subnets[0], skip=nth - len(found))
    kind = "icp-worker" if cluster.kind == "icp" else "iks-worker-private"
    waiting = walk.landscape.ends.of_cluster(cluster, kind)
    return pick(waiting[0]) if waiting else HostAddress(4, None, example=True, words="(the worker's address)")


# Inside the cluster.


def _between_nodes(walk: Walk, cluster: End, network: Network) -> Place | None:
    """From one worker to the other, to a pod or a service of the same cluster."""
    if network.kind.role == "service":
        _to_a_pod_of_the_service(walk, cluster)
    elif not walk.answering:
        walk.pass_through(("worker", cluster))
    encapsulate(walk, cluster)
    walk.hop(
        "vRouter",
        "ip-in-ip" if walk.outer else "forward",
        "routes it to the other worker",
        name=cluster.name,
        case=_other_worker(walk, cluster),
    )
    walk.outer = ()
    return _into_pod(walk, cluster)


def _to_a_pod_of_the_service(walk: Walk, cluster: End) -> None:
    pods = [n for n in walk.landscape.ends.of_cluster(cluster) if n.kind.role == "pod" and n.prefix is not None]
    if pods:
        changed = walk.translate(("worker", cluster), destination=_other_pod(pods[0], walk.source))
        walk.hop(
            "kube-proxy",
            "service",
            "turns the service address into that of one of its pods",
            name=cluster.name,
            changed=changed,
        )


def _other_pod(pods: Network, address: HostAddress) -> HostAddress:
    """Return a pod that does not have an address: one that asks its own service reaches another pod of it."""
    found = pick(pods)
    return pick(pods, skip=1) if found.same(address) else found


def encapsulate(walk: Walk, cluster: End) -> None:
    """Put a packet between two workers into what carries it there.

    IKS uses IP-in-IP between subnets only, ICP always; between hosts the packets of ICP travel in VXLAN frames
    (reference architecture, flows A and B).
    """
    subnets = private_subnets(walk.landscape, cluster)
    if cluster.kind == "iks" and len(subnets) < 2:
        return
    walk.wrap("IP-in-IP", node_address(walk, cluster), node_address(walk, cluster, nth=1))
    if cluster.kind == "icp":
        around = vxlan(walk, walk.landscape.ends.edge_of_cluster(cluster))
        walk.outer = (around, *walk.outer)


def vxlan(walk: Walk, edge: End | None) -> Outer:
    """Return the frame of a VXLAN between two hosts."""
    own = walk.landscape.ends.of_edge(edge, "vcs-vtep") if edge is not None else ()
    if not own:
        unknown = HostAddress(4, None, example=True, words="(a VTEP)")
        return Outer("VXLAN", unknown, unknown._replace(words="(another VTEP)"))
    return Outer("VXLAN", pick(own[0]), pick(own[0], skip=1))


def _other_worker(walk: Walk, cluster: End) -> str:
    text = "the pod runs on another worker; on the same worker iptables picks its interface"
    if cluster.kind == "iks":
        if walk.outer:
            return f"{text}. That worker is in another subnet, so IP-in-IP is used"
        return f"{text}. All workers are in one subnet, so no IP-in-IP is used"
    return f"{text}. That packet travels in a VXLAN frame to the host of the other worker"


def _into_pod(walk: Walk, cluster: End) -> Place | None:
    """At the pod: it is the one that was meant, or a proxy that answers on its own connection."""
    if walk.answering and (changed := walk.restore(("proxy", cluster))):
        walk.hop("ingress", "proxy", "passes the answer on to its own client", name=cluster.name, changed=changed)
        return Place("leave", cluster, "pod")
    inside_ = [n.name for n in walk.landscape.ends.of_cluster(cluster) if n.kind.internal]
    serves = _is_inside(walk.goal.network, cluster) and walk.goal.network.kind.role == "service"
    if walk.at_goal(*inside_) or serves:
        walk.hop("pod", "deliver", "receives it", name=cluster.name)
        walk.arrived()
        return None
    return stop_at_wrong(walk, "pod", cluster.name, inside_)


def _is_inside(network: Network | None, cluster: End) -> TypeGuard[Network]:
    """Tell whether a network is a pod or service network of a cluster."""
    return (
        network is not None
        and network.kind.internal
        and (network.kind.platform, network.cluster) == (cluster.kind, cluster.name)
    )


def arrive(walk: Walk, place: Place) -> Place | None:
    """A packet for a cluster reaches one of its workers: for a pod, a service or the worker itself."""
    cluster = place.end
    assert cluster is not None
    if place.how in ("private", "public") and cluster.kind == "iks" and _refuses(walk, cluster, place.how):
        return None
    walk.restore(("node", cluster))
    restored = walk.restore(("worker", cluster))
    if restored:
        walk.hop("worker", "session", "reverses the SNAT of the request", name=cluster.name, changed=restored)
    if stop_if_ambiguous(walk, "worker", TableKey("worker", cluster)):
        return None
    own = _own_network(walk, cluster)
    if own is not None:
        if not restored and place.how != "tunnel":
            walk.hop("worker", "forward", "gets it by the route to its pods", name=cluster.name)
        if own.kind.role == "service":
            _to_a_pod_of_the_service(walk, cluster)
        else:
            if not walk.answering:
                walk.pass_through(("worker", cluster))
            walk.hop("vRouter", "forward", "hands it to the pod", name=cluster.name)
        return _into_pod(walk, cluster)
    return at_node(walk, cluster)


def at_node(walk: Walk, cluster: End) -> Place | None:
    """At the worker itself: a virtual address of ICP leads on to a pod behind its ingress."""
    own = [n.name for n in walk.landscape.ends.of_cluster(cluster) if not n.kind.internal]
    if walk.at_goal(*own):
        walk.hop("worker", "deliver", "receives it", name=cluster.name)
        walk.arrived()
        return None
    if not walk.answering and _is_inside(walk.goal.network, cluster):
        return through_proxy(walk, cluster, "routes it to a pod of the ALB or Ingress")
    return stop_at_wrong(walk, "worker", cluster.name, own)


def _refuses(walk: Walk, cluster: End, side: str) -> bool:
    """Stop at the reverse path filter of an IKS worker: the route to the source has to use the same interface."""
    chart = walk.tracer.chart(cluster).find(walk.source)
    route = chart or walk.tracer.worker(cluster).find(walk.source)
    if walk.source.value is None or route is None:
        return False
    back = "public" if route.via == "FCR" else "private"
    if chart is not None and chart.joint is not None:
        # The routes of the chart lead to the router towards the other end of the tunnel.
        back = "private" if walk.landscape.tunnels.ends_privately(chart.joint) else "public"
    if back == side:
        return False
    help_ = "a static route on the workers, or nat on the link, brings it to the private side"
    refused = [c.prefix for c in walk.tracer.holding(walk.source) if c.prefix is not None and refuses(c.prefix)]
    if refused:
        help_ = f"translate it on the link (nat): IKS refuses static routes to {refused[-1]}"
    walk.halt(
        "worker",
        "source-refused",
        f"the reverse path filter drops packets from {walk.source}: the route back, {route.prefix}, uses the {back} side",
        help_ if back == "public" and chart is None else None,
        name=cluster.name,
        table=f"routes of the workers of {cluster.title}",
    )
    return True


def ingress(walk: Walk, place: Place) -> Place | None:
    """The worker that holds the address of the ingress: on to its service, to the proxy, and to the pod of the app."""
    cluster, network = place.end, place.network
    assert cluster is not None
    assert network is not None
    if place.how != "inside" and _refuses(walk, cluster, "public" if network.kind.public else "private"):
        return None
    restored = walk.restore(("worker", cluster))
    if restored:
        walk.hop("worker", "session", "reverses the NAT of the request", name=cluster.name, changed=restored)
        return arrive(walk, place._replace(how="ingress"))
    if walk.at_goal(network.name) and (walk.answering or not walk.fronted):
        walk.hop("load balancer", "deliver", "receives it", name=cluster.name)
        walk.arrived()
        return None
    if not _is_inside(walk.goal.network, cluster):
        return stop_at_wrong(walk, "load balancer", cluster.name, (network.name,))
    services = [n for n in walk.landscape.ends.of_cluster(cluster) if n.kind.role == "service" and n.prefix is not None]
    if services:
        changed = walk.translate(("worker", cluster), destination=pick(services[0], *names.INGRESS))
        walk.hop(
            "worker",
            "service",
            "forwards it to the cluster-internal address and port, reachable only inside",
            name=cluster.name,
            changed=changed,
        )
    return through_proxy(walk, cluster, "routes it to a pod of the ALB or Ingress")


def through_proxy(walk: Walk, cluster: End, text: str) -> Place | None:
    """To a pod of the ingress, which is a proxy: behind it the source is that pod, and the connection another one."""
    pods = [n for n in walk.landscape.ends.of_cluster(cluster) if n.kind.role == "pod" and n.prefix is not None]
    if not pods:
        walk.halt(
            "kube-proxy",
            "undetermined",
            f"{cluster.title} has no pod network with a range",
            name=cluster.name,
        )
        return None
    # Behind a service is one of its pods, which kube-proxy picks for the ingress too.
    service = walk.goal.network is not None and walk.goal.network.kind.role == "service"
    target = pick(pods[0]) if service else walk.goal.address
    proxy = pick(pods[0], *names.INGRESS)
    if proxy.same(target):
        proxy = pick(pods[0], skip=1)
    changed = walk.translate(("worker", cluster), destination=proxy)
    walk.hop("kube-proxy", "service", text, name=cluster.name, changed=changed)
    changed = walk.translate(("proxy", cluster), source=proxy, destination=target)
    if stop_if_ambiguous(walk, "vRouter", TableKey("worker", cluster)):
        return None
    encapsulate(walk, cluster)
    walk.hop(
        "vRouter",
        "ip-in-ip" if walk.outer else "forward",
        "routes it from the ingress pod, a proxy, to the other worker, and it reaches the pod",
        name=cluster.name,
        changed=changed,
        case=_other_worker(walk, cluster),
    )
    walk.outer = ()
    walk.arrived()
    return None


# Tunnels.


def into_tunnel(walk: Walk, tunnel: Tunnel, cluster: End, *, pod: bool) -> Place | None:
    """Through the strongSwan of a cluster into one of its tunnels."""
    near, far = tunnel.end_at(cluster), tunnel.far_from(cluster)
    if tunnel.far.gateway is None:
        _no_gateway(walk, tunnel, cluster)
        return None
    restored = walk.restore(("strongSwan", cluster))
    changed = restored or _translate_out(walk, tunnel, cluster)
    case = "the pod range is in local.subnet; without it enablePodSNAT gives the worker's address"
    text = "keeps the pod's address, which is in local.subnet, and encrypts the packet for the tunnel"
    if not pod:
        text, case = "takes it with the worker's address, which is in local.subnet, and encrypts it", ""
    if changed:
        text, case = "translates it as the link says, and encrypts the packet for the tunnel", ""
    if not inside(walk.source, near.policy):
        node = node_address(walk, cluster)
        if not pod or walk.answering or not inside(node, near.policy):
            _say_translated(walk, cluster, changed)
            walk.halt(
                "strongSwan",
                "outside-tunnel",
                f"the tunnel takes packets from {_listed(near.policy)} only, and {walk.source} is not among them",
                "add its network to the link",
                name=cluster.name,
                table="local.subnet of the tunnel",
            )
            return None
        changed = walk.translate(("worker", cluster), source=node)
        text, case = "gives it the worker's address, which is in local.subnet, and encrypts it", ""
    listening = tunnel.far.gateway
    if listening.value is None:
        walk.assume(f"{listening.network} gets a range: the tunnel ends at its address {listening.name}")
    if not walk.landscape.dials_out(tunnel):
        _say_translated(walk, cluster, changed)
        _cannot_dial(walk, tunnel, cluster)
        return None
    # The strongSwan of ICP sends from its own address, which the ESG translates.
    outside = outer_address(walk, tunnel, near.end)
    walk.wrap("ESP", near.inside or outside, outer_address(walk, tunnel, far.end))
    walk.hop("strongSwan", "ipsec", text, name=cluster.name, changed=changed, case=case or None)
    return _carry(walk, tunnel, cluster)


def _say_translated(walk: Walk, cluster: End, changed: tuple[Changed, ...]) -> None:
    """Show what NAT made of a packet that goes no further."""
    if changed:
        walk.hop("strongSwan", "snat", "translates it as the link says", name=cluster.name, changed=changed)


def _cannot_dial(walk: Walk, tunnel: Tunnel, cluster: End) -> None:
    """Stop where the tunnel does not come up, because the ESG of the cluster that opens it does not translate for it."""
    edge = walk.landscape.ends.edge_of_cluster(tunnel.near.end)
    assert edge is not None
    internet = walk.landscape.internet_of(edge)
    help_ = f'icp-vcs = "nat", or a [[link]] of {tunnel.near.end.title} and {edge.title} with method = "nat", makes the rule'
    if internet != "snat":
        help_ = f'internet = "snat" in [edges.{edge.name}] makes the rule'
    walk.halt(
        "strongSwan",
        "not-translated",
        f"the tunnel to {tunnel.far_from(cluster).end.title} does not come up: {tunnel.near.end.title} opens it from"
        f" {tunnel.near.inside}, and no SNAT rule of {edge.title} translates that on the public interface",
        help_,
        name=cluster.name,
    )


def _listed(prefixes: tuple[object, ...]) -> str:
    return ", ".join(map(str, prefixes[:4])) + (", ..." if len(prefixes) > 4 else "")


def _no_gateway(walk: Walk, tunnel: Tunnel, cluster: End) -> None:
    far = tunnel.far.end
    edge = walk.landscape.ends.edge_of_cluster(far) if far.kind == "icp" else far
    own = () if edge is None else walk.landscape.ends.of_edge(edge, "vcs-esg-public")
    if far.kind == "icp" and own and (number := free_number(own[0])) is not None:
        alone = edge is not None and len(walk.landscape.ends.icp_behind.get(edge, ())) == 1
        help_ = f"write {'icp' if alone else far.name}-strongswan = {number} in the addresses of {own[0].name}"
    else:
        help_ = "add a network of kind vcs-esg-public, and name its address uplink"
    where = edge.title if edge is not None else "the edge"
    walk.halt(
        "strongSwan",
        "undetermined",
        f"the plan names no address of {where} at which the tunnel to {far.title} ends",
        help_,
        name=cluster.name,
    )


def _carry(walk: Walk, tunnel: Tunnel, cluster: End) -> Place | None:
    """Bring the tunnel's packet from the worker to the other end."""
    if cluster.kind == "icp":
        walk.hop(
            "worker",
            "forward",
            "sends the tunnel's packet to the ESG, the gateway of its VXLAN",
            name=cluster.name,
        )
        _out_of_the_esg(walk, tunnel, cluster)
    else:
        router = "BCR" if tunnel.private else "FCR"
        wanted = walk.outer[0].destination
        route = walk.tracer.worker(cluster).find(wanted)
        if route is not None and route.via != router:
            route = None
        if not tunnel.private:
            _assume_public(walk, cluster)
        walk.hop("worker", "forward", f"sends the tunnel's packet to the {router}", name=cluster.name, route=route)
    return Place("tunnel", tunnel.far_from(cluster).end, tunnel=tunnel)


def _out_of_the_esg(walk: Walk, tunnel: Tunnel, cluster: End) -> None:
    """The ESG gives the packet of the strongSwan of ICP the address at which it is dialled."""
    edge = walk.landscape.ends.edge_of_cluster(cluster)
    inside_, outside = walk.outer[0].source, outer_address(walk, tunnel, cluster)
    walk.outer = (walk.outer[0]._replace(source=outside), *walk.outer[1:])
    route = None if edge is None else walk.tracer.esg(edge).find(walk.outer[0].destination)
    text = "sends the tunnel's packet to the FCR"
    dialling = None if edge is None or tunnel.near.end != cluster else _dialling_rule(walk, tunnel, edge)
    rules: list[DestinationNat] | list[SourceNat] = _tunnel_rules(walk, tunnel, cluster)
    if rules:
        how = "by the session of its DNAT, " if dialling is None else ""
        text = f"turns the tunnel's source {inside_} into {outside}, {how}and sends it to the FCR"
    if dialling is not None:
        rules = [dialling]
    action: Action = "forward" if not rules else "session" if dialling is None else "snat"
    walk.hop(
        "ESG",
        action,
        text,
        name=edge.name if edge is not None else None,
        by=rules,
        route=route if route is not None and route.via == "FCR" else None,
    )


def _dialling_rule(walk: Walk, tunnel: Tunnel, edge: End) -> SourceNat | None:
    """Return the SNAT of a strongSwan of ICP that opens a tunnel."""
    own, far = tunnel.near.inside, tunnel.far.gateway
    return next(
        (
            r
            for r in walk.landscape.esg(edge).source_nat
            if own is not None and far is not None and r.source == own.prefix and r.match == far.prefix
        ),
        None,
    )


def _tunnel_rules(walk: Walk, tunnel: Tunnel, cluster: End) -> list[DestinationNat]:
    """Return the DNAT of the ESG to the strongSwan of ICP, behind which ESP travels in UDP port 4500."""
    edge, at = walk.landscape.ends.edge_of_cluster(cluster), tunnel.end_at(cluster)
    if edge is None or at.gateway is None:
        return []
    return [r for r in walk.landscape.esg(edge).destination_nat if r.address.same(at.gateway) and r.port == 4500]


def outer_address(walk: Walk, tunnel: Tunnel, end: End) -> HostAddress:
    """Return the address of one end of a tunnel on the packets around the packets."""
    gateway = tunnel.end_at(end).gateway
    if gateway is not None:
        return gateway
    if end.kind == "iks":
        return node_address(walk, end, public=not tunnel.private)
    return HostAddress(4, None, example=True, words=f"(the address of {end.title})")


def out_of_tunnel(walk: Walk, tunnel: Tunnel, cluster: End) -> Place | None:
    """A tunnel's packet reaches the strongSwan of a cluster."""
    if cluster.kind == "icp":
        _through_dnat(walk, tunnel, cluster)
    walk.hop("worker", "forward", "gets the tunnel's packet for strongSwan", name=cluster.name)
    walk.unwrap()
    changed = walk.restore(("strongSwan", cluster)) or _translate_in(walk, tunnel, cluster)
    walk.hop("strongSwan", "ipsec", "decrypts it", name=cluster.name, changed=changed)
    return Place("arrive", cluster, "tunnel")


def _through_dnat(walk: Walk, tunnel: Tunnel, cluster: End) -> None:
    """The ESG sends what arrives at its address on to the strongSwan of ICP."""
    edge = walk.landscape.ends.edge_of_cluster(cluster)
    if edge is None:
        return
    at = tunnel.end_at(cluster)
    if at.inside is not None and walk.outer:
        walk.outer = (walk.outer[0]._replace(destination=at.inside), *walk.outer[1:])
    walk.hop(
        "ESG",
        "dnat",
        "gets it from the FCR, and sends the tunnel's packet to the strongSwan of ICP",
        name=edge.name,
        by=_tunnel_rules(walk, tunnel, cluster),
    )


def _sides(walk: Walk, joint: Joint, end: End) -> tuple[tuple[Translation, ...], tuple[Translation, ...]]:
    """Return what one end of a link translates: of its own side, and of the far side."""
    ends = walk.landscape.ends
    own = translations(ends.carriage.carried(joint, end))
    far = translations(ends.carriage.carried(joint, joint.far(end)))
    if translates_both(joint, end):
        return own, far
    if translates_both(joint, joint.far(end)):
        return (), ()
    return own, ()


def translate_out(walk: Walk, joint: Joint, end: End) -> tuple[HostAddress | None, HostAddress | None]:
    """Return the new source and destination of a packet onto a link, None for what stays.

    It was looked up by the address that is shown, and is translated then.
    """
    own, far = _sides(walk, joint, end)
    source = next((shown_at(walk.source, t) for t in own if inside(walk.source, (t.real,))), None)
    destination = next(
        (
            real_of(walk.destination, t)
            for t in far
            if t.shown.size == t.real.size and inside(walk.destination, (t.shown,))
        ),
        None,
    )
    return source, destination


def translate_in(walk: Walk, joint: Joint, end: End) -> tuple[HostAddress | None, HostAddress | None]:
    """Return the new source and destination of a packet off a link, None for what stays; it is looked up afterwards."""
    own, far = _sides(walk, joint, end)
    destination = next(
        (
            real_of(walk.destination, t)
            for t in own
            if t.shown.size == t.real.size and inside(walk.destination, (t.shown,))
        ),
        None,
    )
    source = next((shown_at(walk.source, t) for t in far if inside(walk.source, (t.real,))), None)
    return source, destination


def _translate_out(walk: Walk, tunnel: Tunnel, cluster: End) -> tuple[Changed, ...]:
    source, destination = translate_out(walk, tunnel.joint, cluster)
    return walk.translate(("strongSwan", cluster), source=source, destination=destination)


def _translate_in(walk: Walk, tunnel: Tunnel, cluster: End) -> tuple[Changed, ...]:
    source, destination = translate_in(walk, tunnel.joint, cluster)
    return walk.translate(("strongSwan", cluster), source=source, destination=destination)
