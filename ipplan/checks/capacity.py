"""Whether ranges are large enough for what the plan puts into them, with the numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.addresses import format_address
from ipplan.checks.context import label
from ipplan.checks.registry import RULES, rule
from ipplan.findings import Source
from ipplan.plan.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ipplan.addresses import Prefix
    from ipplan.checks.context import Context
    from ipplan.findings import Finding
    from ipplan.plan.model import Cluster, Network

_IKS_CREATE = Source(
    "IBM Cloud docs, containers: creating classic clusters",
    "https://github.com/ibm-cloud-docs/containers/blob/002e8d0/cluster-create-classic.md",
    "2026-02-20",
)
_IKS_LIMITS = Source(
    "IBM Cloud docs, containers: service limitations",
    "https://github.com/ibm-cloud-docs/containers/blob/00e8177/limitations.md",
    "2022-11-21",
)
_CALICO = Source(
    "projectcalico/libcalico-go lib/clientv3/ippool.go",
    "https://github.com/projectcalico/libcalico-go/blob/7d7eb71/lib/clientv3/ippool.go",
    "2019-06-20",
)
_KUBERNETES = Source(
    "kubernetes/kubernetes cmd/kube-apiserver/app/options/validation.go",
    "https://github.com/kubernetes/kubernetes/blob/01b7403/cmd/kube-apiserver/app/options/validation.go",
)
_SUBNETS = Source(
    "IBM Cloud docs, subnets: about subnets, frequently asked questions",
    "https://github.com/ibm-cloud-docs/subnets/blob/7a63cfe/about.md",
    "2025-06-02",
)

_IKS_ADDRESSES_PER_WORKER = 128
"""Derived from IKS's sizing rule: a /23 of pods serves 4 workers, a /22 8, a /21 16 (cluster-create-classic.md)."""
_IKS_MOST_PODS = 250
"""Most pods on one IKS worker (limitations.md)."""
_CALICO_BLOCK = {4: 26, 6: 122}
"""Calico's default block size; each node claims whole blocks."""
_LARGEST_SERVICE_RANGE = {4: 12, 6: 108}


def _with_cluster(context: Context, role: str) -> Iterator[tuple[Network, Prefix, Cluster]]:
    """Yield the networks of a role that have a range and a cluster."""
    declared = (n for kind in KINDS.values() if kind.role == role for n in context.by_kind[kind.name])
    for network in (*declared, *(n for n in context.plan.defaults if n.kind.role == role)):
        if network.prefix is not None and network.cluster is not None:
            cluster = context.plan.clusters.get(network.cluster)
            if cluster is not None:
                yield network, network.prefix, cluster


@rule("pod-capacity", "error", source=_IKS_CREATE)
def pod_capacity(context: Context) -> Iterator[Finding]:
    """A pod range is too small for the workers and pods of its cluster.

    Why: IKS gives each worker 128 addresses of the pod range; Calico on ICP gives each node whole blocks of 64.
    A worker that finds no block left starts no pods, and the range of a running cluster cannot change.

    Do: make the range larger, or plan fewer workers or pods.
    """
    finding = RULES["pod-capacity"].finding
    for network, prefix, cluster in _with_cluster(context, "pod"):
        if cluster.platform == "iks":
            if prefix.version != 4 or cluster.workers is None:
                continue
            serves = prefix.size // _IKS_ADDRESSES_PER_WORKER
            why = f"IKS gives each worker {_IKS_ADDRESSES_PER_WORKER} addresses, so a /{prefix.length} serves {serves:,} workers"
            fits, source = cluster.workers <= serves, _IKS_CREATE
            needs = cluster.workers * _IKS_ADDRESSES_PER_WORKER
        else:
            per_node = -(-(cluster.pods_per_worker or 1) // 64)
            blocks = prefix.size // 64
            if cluster.workers is None and blocks:
                continue
            workers = cluster.workers or 1
            why = f"each worker claims {per_node} Calico blocks of 64 addresses, and a /{prefix.length} holds {blocks:,}"
            fits, source = workers * per_node <= blocks, _CALICO
            needs = workers * per_node * 64
        if not fits:
            length = (128 if prefix.version == 6 else 32) - (needs - 1).bit_length()
            yield finding(
                f"{label(network)} is too small for cluster {cluster.name}: {cluster.workers or 1:,} workers need {needs:,} addresses",
                network.cidr_key,
                networks=(network.name,),
                cidrs=(str(prefix),),
                because=(why,),
                help=f"a /{length} is large enough",
                source=source,
            )


@rule("pods-per-worker", "error", "warning", source=_IKS_LIMITS)
def pods_per_worker(context: Context) -> Iterator[Finding]:
    """An IKS cluster plans more pods on a worker than IKS runs there, or than its pod range serves.

    Why: IKS runs 110 pods on a worker, 10 a core from 11 cores on, and never more than 250; its sizing rule gives
    a worker 128 addresses of the pod range.

    Do: plan more workers with fewer pods each.
    """
    for cluster in context.plan.clusters.values():
        pods = cluster.pods_per_worker
        if cluster.platform != "iks" or pods is None or pods <= _IKS_ADDRESSES_PER_WORKER:
            continue
        too_many = pods > _IKS_MOST_PODS
        yield RULES["pods-per-worker"].finding(
            f"cluster {cluster.name} plans {pods:,} pods a worker, and IKS "
            + (
                f"runs at most {_IKS_MOST_PODS}"
                if too_many
                else f"gives a worker {_IKS_ADDRESSES_PER_WORKER} addresses"
            ),
            ("clusters", cluster.name, "pods-per-worker"),
            severity="error" if too_many else "warning",
        )


@rule("service-capacity", "error", source=_IKS_CREATE)
def service_capacity(context: Context) -> Iterator[Finding]:
    """A service range is too small for the services of its cluster.

    Why: every service takes an address; IKS counts 255 services in a /24. The range of a running cluster cannot
    change.

    Do: make the range larger.
    """
    for network, prefix, cluster in _with_cluster(context, "service"):
        if cluster.services is not None and cluster.services > prefix.size - 1:
            length = (128 if prefix.version == 6 else 32) - cluster.services.bit_length()
            yield RULES["service-capacity"].finding(
                f"{label(network)} is too small for the {cluster.services:,} services of cluster {cluster.name}",
                network.cidr_key,
                networks=(network.name,),
                cidrs=(str(prefix),),
                because=(f"a /{prefix.length} has addresses for {prefix.size - 1:,} services",),
                help=f"a /{length} is large enough",
            )


@rule("service-range-too-large", "error", source=_KUBERNETES)
def service_range_too_large(context: Context) -> Iterator[Finding]:
    """A service range is larger than kube-apiserver accepts: /12 for IPv4, /108 for IPv6.

    Why: the API server refuses to start with it.

    Do: write a longer prefix.
    """
    for network in (*context.by_kind["iks-service"], *context.by_kind["icp-service"]):
        prefix = network.prefix
        if prefix is not None:
            shortest = _LARGEST_SERVICE_RANGE[prefix.version]
            if prefix.length < shortest:
                yield RULES["service-range-too-large"].finding(
                    f"{label(network)} is larger than the /{shortest} that Kubernetes accepts for services",
                    network.cidr_key,
                    networks=(network.name,),
                    cidrs=(str(prefix),),
                )


@rule("worker-capacity", "error", "warning", source=_SUBNETS)
def worker_capacity(context: Context) -> Iterator[Finding]:
    """The worker networks of a cluster have fewer addresses than the cluster has workers.

    Why: each worker takes an address of each of its networks. IBM's subnets lose three addresses to network,
    gateway and broadcast, and two more where the routers run HSRP: enough only without HSRP is a warning.

    Do: order a larger subnet or a further one, or make the BYOIP network larger.
    """
    groups: dict[tuple[str, str], list[tuple[Network, Prefix]]] = {}
    for network, prefix, cluster in _with_cluster(context, "worker"):
        if prefix.version == 4 and cluster.workers is not None:
            groups.setdefault((cluster.name, network.kind.name), []).append((network, prefix))
    open_ended = {(n.cluster, kind) for _, kind in groups for n in context.by_kind[kind] if n.prefix is None}
    for (name, kind), members in groups.items():
        if (name, kind) in open_ended:
            continue  # a further subnet will be ordered or allocated
        workers = context.plan.clusters[name].workers or 0
        from_ibm = members[0][0].kind.provider == "ibm"
        certain = sum(max(0, prefix.size - 3) for _, prefix in members)
        with_hsrp = sum(max(0, prefix.size - 5) for _, prefix in members)
        if workers <= (with_hsrp if from_ibm else certain):
            continue
        severe = workers > certain
        network = members[0][0]
        room = certain if severe else with_hsrp
        yield RULES["worker-capacity"].finding(
            f"{', '.join(label(n) for n, _ in members)} has room for {room:,} workers"
            f"{'' if severe else ' where the routers run HSRP'}, and cluster {name} has {workers:,}",
            network.cidr_key,
            severity="error" if severe else "warning",
            networks=tuple(n.name for n, _ in members),
            cidrs=tuple(str(p) for _, p in members),
            because=(
                "network, gateway and broadcast address are taken"
                + ("" if severe else ", and two more by the routers"),
            ),
        )


@rule("named-address", "error", source=Source("the plan's own addresses"))
def named_address(context: Context) -> Iterator[Finding]:
    """A named address does not lie in its network, or two names have the same address.

    Why: rules, VIPs and gateways made from it would point elsewhere or at each other.

    Do: count from 1 for the first usable address, from -1 for the last, or write an address of the network.
    """
    for network in context.detailed:
        if not network.addresses or network.prefix is None:
            continue
        prefix, taken = network.prefix, dict[int, str]()
        for entry in network.addresses:
            value = entry.resolve(prefix)
            key = (*network.key, "addresses", entry.name)
            if value is None:
                what = format_address(*entry.address) if entry.address else f"number {entry.nth:,}"
                yield RULES["named-address"].finding(
                    f"address {entry.name} of {label(network)}, {what}, is not in the network",
                    key,
                    networks=(network.name,),
                    cidrs=(str(prefix),),
                    because=(
                        f"usable are numbers 1 to {max(prefix.size - 2, min(prefix.size, 2)):,}, {prefix.range}",
                    ),
                )
            elif value in taken:
                yield RULES["named-address"].finding(
                    f"addresses {taken[value]} and {entry.name} of {network.name} are both {format_address(prefix.version, value)}",
                    key,
                    networks=(network.name,),
                    cidrs=(str(prefix),),
                )
            else:
                taken[value] = entry.name
