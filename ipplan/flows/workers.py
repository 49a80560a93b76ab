"""Find the addresses of workers, and the packets around packets between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.flows.model import Outer
from ipplan.flows.walk import Place
from ipplan.landscape.holders import pick
from ipplan.landscape.model import HostAddress
from ipplan.landscape.workers import private_subnets

if TYPE_CHECKING:
    from ipplan.flows.walk import Walk
    from ipplan.landscape.ends import End


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


def assume_public(walk: Walk, cluster: End) -> None:
    if not walk.landscape.ends.of_cluster(cluster, "iks-worker-public"):
        walk.assume(
            f"the workers of {cluster.title} have a public side: the plan has no network of kind iks-worker-public for them"
        )


def encapsulate(walk: Walk, cluster: End) -> None:
    """Encapsulate a packet between two workers.

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
