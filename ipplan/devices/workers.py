"""The workers of IKS clusters as BGP speakers, and whom they speak to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.addresses import format_address
from ipplan.devices.common import gateway_address, routed_subnets
from ipplan.devices.model import BCR_ASN, BEHIND, Session, Speaker
from ipplan.flows import Address, pick
from ipplan.plan import names

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ipplan.addresses import Prefix
    from ipplan.plan.model import Cluster, Network, Plan


def worker_addresses(cluster: Cluster, networks: Iterable[Network]) -> list[Address]:
    """Return the private addresses of the workers of an IKS cluster.

    Those that the plan names; where it names none, as many examples as the plan states workers, spread over the
    subnets of the cluster, at least one in each. IBM Cloud assigns them, and a worker that is replaced gets another
    (IBM Cloud docs, containers, 2026-07-27).
    """
    own = [
        n for n in networks
        if n.kind.name == "iks-worker-private" and n.cluster == cluster.name
        and n.prefix is not None and n.prefix.version == 4
    ]  # fmt: skip
    named = [
        Address(format_address(n.prefix.version, value), n.name, a.name)
        for n in own
        for a in n.addresses
        if n.prefix is not None and a.name not in names.GATEWAY and (value := a.resolve(n.prefix)) is not None
    ]
    if named or not own:
        return named
    room = {n.name: max(n.prefix.size - 3, 1) for n in own if n.prefix is not None}
    places = (divmod(i, len(own)) for i in range(max(cluster.workers or 1, len(own))))
    return [pick(own[at], skip=nth) for nth, at in places if nth < room[own[at].name]]


def bcr(network: Network, announced: tuple[Prefix, ...]) -> Speaker:
    """Return the BCR as the gateway of one of IBM Cloud's subnets."""
    assert network.prefix is not None
    return Speaker("BCR", None, gateway_address(network), BCR_ASN, announced, network.prefix, example=True)


def worker_speaker(plan: Plan, cluster: Cluster, address: Address, networks: Sequence[Network]) -> Speaker:
    """Return a worker with what it announces: the pods of its cluster."""
    pods = routed_subnets((n for n in networks if n.cluster == cluster.name), frozenset({"iks-pod"}))
    subnet = next(n.prefix for n in networks if n.name == address.network and n.prefix is not None)
    return Speaker("vRouter", cluster.name, address, plan.asns.get("iks-asn"), pods, subnet)


def worker_sessions(plan: Plan, networks: Sequence[Network]) -> Iterator[Session]:
    """Yield the sessions of the workers with the BCR, which announces the overlay to them."""
    if plan.integration.get("iks-vcs") != "bgp":
        return
    overlay = routed_subnets(networks, frozenset(BEHIND))
    subnets = {n.name: n for n in networks if n.kind.name == "iks-worker-private"}
    for cluster in plan.clusters.values():
        for worker in worker_addresses(cluster, networks):
            assert worker.network is not None
            yield Session(
                worker_speaker(plan, cluster, worker, networks), bcr(subnets[worker.network], overlay)
            )
