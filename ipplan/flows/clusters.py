"""Steps at the workers of a cluster: out of a pod, into one, through the ingress, and into and out of its tunnels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.flows.cluster_tunnels import into_tunnel
from ipplan.flows.stops import stop_at_wrong, stop_if_ambiguous, stop_without_range
from ipplan.flows.walk import Place, inside
from ipplan.flows.workers import assume_public, encapsulate, node_address
from ipplan.landscape.conflicts import TableKey
from ipplan.landscape.holders import pick
from ipplan.landscape.static_routes import refuses
from ipplan.landscape.workers import private_subnets
from ipplan.plan import names

if TYPE_CHECKING:
    from typing import TypeGuard

    from ipplan.flows.model import Changed
    from ipplan.flows.walk import Walk
    from ipplan.landscape.ends import End
    from ipplan.landscape.model import HostAddress, Route
    from ipplan.plan.model import Network


def leave(walk: Walk, place: Place) -> Place | None:
    """Send a packet from a pod, or from a worker itself, by the tables of the worker."""
    cluster, pod = place.end, place.how == "pod"
    assert cluster is not None
    known = walk.established(("worker", cluster))
    restored = walk.restore(("worker", cluster))
    text = f"receives it from the pod on the {cluster.kind.upper()} worker"
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
        _add_route_hop(walk, cluster, route, pod=pod)
        return into_tunnel(walk, tunnel, cluster, pod=pod)
    if _undecided(walk, cluster):
        return None
    route = _main_route(walk, cluster, near)
    if route is None:
        return None
    if _among_nodes(walk, near):
        return _to_node(walk, cluster, translated=pod and not restored and not known)
    if pod:
        _add_route_hop(walk, cluster, route, pod=True)
    return _out(walk, cluster, route, translated=pod and not restored and not known, pod=pod)


def _on_the_worker(walk: Walk, cluster: End) -> Place | None:
    """Return the next place of a packet that does not leave the worker, None for one that does.

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


def _stop_without_workers(walk: Walk, cluster: End) -> None:
    kind = "icp-worker" if cluster.kind == "icp" else "iks-worker-private"
    if waiting := walk.landscape.ends.of_cluster(cluster, kind):
        stop_without_range(walk, "worker", waiting, "so the table of its workers is not known", name=cluster.name)
        return
    walk.halt(
        "worker",
        "undetermined",
        f"the plan has no worker network of {cluster.title}",
        f'add a network of kind = "{kind}"',
        name=cluster.name,
    )


def _main_route(walk: Walk, cluster: End, subnet: Network | None) -> Route | None:
    """Look the packet up in the main table of the workers of a subnet; stop where it has no route."""
    lookup = walk.tracer.worker(cluster, subnet if cluster.kind == "icp" else None)
    route = lookup.find(walk.destination)
    if route is None and not lookup.routes:
        _stop_without_workers(walk, cluster)
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
    """Return the subnet of the worker that sends; for pods that of the first worker."""
    assert place.end is not None
    own = private_subnets(walk.landscape, place.end)
    wanted = node_address(walk, place.end).network if place.network is None else place.network.name
    return next((n for n in own if n.name == wanted), next(iter(own), None))


def _among_nodes(walk: Walk, subnet: Network | None) -> bool:
    """Return whether the packet is for a worker on the subnet of its sender."""
    return subnet is not None and subnet.prefix is not None and inside(walk.destination, (subnet.prefix,))


def _to_node(walk: Walk, cluster: End, *, translated: bool) -> Place | None:
    """Send a packet to another worker on the same subnet without a router, or to the pod's own worker without a hop."""
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


def _add_route_hop(walk: Walk, cluster: End, route: Route, *, pod: bool) -> None:
    texts = {
        "chart": "its table points to the strongSwan container, by the routes that the chart adds",
        "bgp": f"its table has the range, learned by BGP from the {route.via}",
        "link": f"its table points to the {route.via} on the common VLAN",
        "static-route": "its table points to the BCR, by the static route of the add-on",
        "base": f"its table points to the {route.via}, as on every classic server",
        "static": f"its table points to the {route.via}, the gateway of its network",
    }
    device = "vRouter" if pod else "worker"
    walk.hop(device, "route", texts[route.how], name=cluster.name, route=route)


def _undecided(walk: Walk, cluster: End) -> bool:
    """Stop where only an undecided link could lead to a network behind an edge."""
    if cluster.kind != "iks" or walk.goal.domain != "overlay" or walk.goal.end is None:
        return False
    joint = walk.landscape.ends.links.between("iks-edge", cluster, walk.goal.end)
    if joint is None or joint.method is not None or not walk.at_goal():
        return False
    walk.halt(
        "vRouter",
        "undetermined",
        "the plan does not say how IKS connects to the edge: iks-vcs is not stated",
        "set iks-vcs under [integration] to common-vlan, strongswan, static-nat, bgp or none",
        name=cluster.name,
    )
    return True


def _out(walk: Walk, cluster: End, route: Route, *, translated: bool, pod: bool) -> Place | None:
    """Send a packet from the worker to the next router; a request of a pod gets the address of its worker."""
    public = route.via == "FCR"
    if public and cluster.kind == "iks":
        assume_public(walk, cluster)
    changed: tuple[Changed, ...] = ()
    if translated:
        changed = walk.translate(("worker", cluster), source=node_address(walk, cluster, public=public))
        walk.hop(
            "worker",
            "snat",
            "translates the source from the pod to its worker",
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
            f"the plan does not say which edge {cluster.title} is behind",
            f'write edge = "NAME" in [clusters.{cluster.name}]',
            name=cluster.name,
        )
        return None
    if route.via == "DLR":
        return Place("dlr", route.to, "vm")
    return Place("esg", route.to, "link" if on_vlan else "workers")


def _choose_side(walk: Walk, cluster: End, *, public: bool) -> tuple[Changed, ...]:
    """Let a worker of IKS send from its address on the side by which the packet leaves."""
    other = [n.name for n in walk.landscape.ends.of_cluster(cluster) if n.kind.public is not public]
    if cluster.kind != "iks" or walk.source.network not in other:
        return ()
    return walk.come_from(("node", cluster), node_address(walk, cluster, public=public))


# Inside the cluster.


def _between_nodes(walk: Walk, cluster: End, network: Network) -> Place | None:
    """Send a packet from one worker to the other, for a pod or a service of the same cluster."""
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
            "translates the service address to that of one of its pods",
            name=cluster.name,
            changed=changed,
        )


def _other_pod(pods: Network, address: HostAddress) -> HostAddress:
    """Return a pod with another address: a pod that uses its own service reaches another pod of it."""
    found = pick(pods)
    return pick(pods, skip=1) if found.same(address) else found


def _other_worker(walk: Walk, cluster: End) -> str:
    text = "the pod runs on another worker; on the same worker iptables picks its interface"
    if cluster.kind == "iks":
        if walk.outer:
            return f"{text}. That worker is in another subnet, so IP-in-IP is used"
        return f"{text}. All workers are in one subnet, so no IP-in-IP is used"
    return f"{text}. That packet travels in a VXLAN frame to the host of the other worker"


def _into_pod(walk: Walk, cluster: End) -> Place | None:
    """Receive a packet at a pod: the goal, or a proxy that answers on its own connection."""
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
    """Return whether a network is a pod or service network of a cluster."""
    return (
        network is not None
        and network.kind.internal
        and (network.kind.platform, network.cluster) == (cluster.kind, cluster.name)
    )


def arrive(walk: Walk, place: Place) -> Place | None:
    """Receive a packet at a worker: for a pod, a service or the worker itself."""
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
            walk.hop("worker", "forward", "receives it by the route to its pods", name=cluster.name)
        if own.kind.role == "service":
            _to_a_pod_of_the_service(walk, cluster)
        else:
            if not walk.answering:
                walk.pass_through(("worker", cluster))
            walk.hop("vRouter", "forward", "forwards it to the pod", name=cluster.name)
        return _into_pod(walk, cluster)
    return at_node(walk, cluster)


def at_node(walk: Walk, cluster: End) -> Place | None:
    """Receive a packet for the worker itself; a virtual address of ICP leads to a pod behind its ingress."""
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
    help_ = "add a static route on the workers, or translate it on the link (nat)"
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
    """Receive a packet at the address of the ingress, and send it to its service, to the proxy, and to the pod of the app."""
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
    """Send a packet to a pod of the ingress, a proxy: behind it the source is that pod, on another connection."""
    pods = [n for n in walk.landscape.ends.of_cluster(cluster) if n.kind.role == "pod" and n.prefix is not None]
    if not pods:
        walk.halt(
            "kube-proxy",
            "undetermined",
            f"{cluster.title} has no pod network with a range",
            name=cluster.name,
        )
        return None
    # kube-proxy picks one of the pods of a service for the ingress too.
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
