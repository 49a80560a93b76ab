"""Derive the BGP sessions of ESGs, workers and the BCR, with what each announces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.landscape import workers
from ipplan.landscape.edge_addresses import esg_address
from ipplan.landscape.ends import UPLINKS, Carried
from ipplan.landscape.folding import of_version
from ipplan.landscape.holders import gateway_address
from ipplan.landscape.model import BCR_ASN, Session, Speaker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ipplan.addresses import Prefix
    from ipplan.landscape import Landscape
    from ipplan.landscape.ends import End, Joint
    from ipplan.plan.model import Network


def overlays_of(landscape: Landscape, edge: End) -> Iterator[Prefix]:
    """Yield what an ESG announces to the BCR: everything that its links by BGP carry.

    Networks of different links are not folded into one prefix, so that workers can refuse those of other links.
    """
    own = landscape.ends.behind(edge)
    names = [n.name for n in own]
    joints = [j for j in landscape.ends.links.of_pair(edge, "iks-edge") if j.method == "bgp"]
    limited = [j for j in joints if j.limits(names)]
    carrying: dict[str, list[Joint]] = {}
    for joint in limited:
        for item in landscape.ends.carriage.carried(joint, edge):
            carrying.setdefault(item.network.name, []).append(joint)
    alike: dict[tuple[Joint, ...], list[Network]] = {}
    for network in own:
        by = tuple(carrying.get(network.name, ()))
        if by or len(limited) < len(joints):
            alike.setdefault(by, []).append(network)
    for networks in alike.values():
        yield from of_version(landscape.folder.fold(Carried(n) for n in networks), 4)


def esg_speaker(landscape: Landscape, edge: End, announces: tuple[Prefix, ...]) -> Speaker | None:
    """Return an ESG as a BGP speaker on the private network; None without an IPv4 address there."""
    address = esg_address(landscape.ends, edge, "private")
    if address is None or address.version != 4 or address.value is None:
        return None
    own = landscape.ends.of_edge(edge, UPLINKS["private"])
    subnet = next(n.prefix for n in own if n.name == address.network and n.prefix is not None)
    return Speaker("ESG", edge.name, address, landscape.plan.asns.get("esg-asn"), announces, subnet)


def bcr_speaker(network: Network, announced: tuple[Prefix, ...]) -> Speaker:
    """Return the BCR as a BGP speaker: the gateway of one of IBM Cloud's subnets."""
    assert network.prefix is not None
    return Speaker("BCR", None, gateway_address(network), BCR_ASN, announced, network.prefix, example=True)


def sessions_of(landscape: Landscape, cluster: End) -> Iterator[Session]:
    """Yield the BGP sessions of the workers of an IKS cluster, the workers first: with ESGs, then with the BCR."""
    for joint in landscape.ends.links.of_pair(cluster, "iks-edge"):
        if joint.method == "common-vlan":
            esg = esg_speaker(landscape, joint.second, landscape.announced(joint, joint.second))
            if esg is not None:
                yield from (Session(worker, esg) for worker in worker_speakers(landscape, joint))
    yield from bcr_sessions(landscape, cluster)


def worker_speakers(landscape: Landscape, joint: Joint) -> Iterator[Speaker]:
    """Yield the workers of an IKS cluster as BGP speakers, which announce the pods of their cluster."""
    cluster = joint.first
    pods = of_version(landscape.tunnels.subnets(joint, cluster), 4)
    subnets = {n.name: n.prefix for n in workers.private_subnets(landscape, cluster)}
    for address in workers.nodes(landscape, cluster):
        subnet = subnets[address.network or ""]
        assert subnet is not None
        yield Speaker("vRouter", cluster.name, address, landscape.plan.asns.get("iks-asn"), pods, subnet)


def bcr_sessions(landscape: Landscape, cluster: End) -> Iterator[Session]:
    """Yield the sessions of the workers of an IKS cluster with the BCR, which announces the overlays to them."""
    joints = [j for j in landscape.ends.links.of(cluster) if j.method == "bgp"]
    if not joints:
        return
    overlay = tuple(sorted({prefix for j in joints for prefix in landscape.learned_over(j)}))
    subnets = {n.name: n for n in workers.private_subnets(landscape, cluster)}
    for worker in worker_speakers(landscape, joints[0]):
        yield Session(worker, bcr_speaker(subnets[worker.address.network or ""], overlay))
