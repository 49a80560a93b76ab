"""Capacity: ranges and addresses, compared with what the plan puts into them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.addresses import WIDTH
from ipplan.checks.context import planned_size
from ipplan.checks.labels import label, others, ranges_of, size_key, sized_label
from ipplan.checks.registry import rule
from ipplan.checks.sources import IKS_CREATE
from ipplan.findings import Related, Source
from ipplan.plan.kinds import KINDS
from ipplan.plan.names import GATEWAY
from ipplan.plan.sizing import (
    HSRP_ADDRESSES,
    IKS_ADDRESSES_PER_WORKER,
    awaits_range,
    first_usable,
    length_for,
    need_of,
    room_in,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ipplan.addresses import Address, Prefix
    from ipplan.checks.context import Context
    from ipplan.checks.registry import Rule
    from ipplan.findings import Finding
    from ipplan.plan.kinds import Role
    from ipplan.plan.model import Cluster, NamedAddress, Network

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

_IKS_MOST_PODS = 250
"""IKS runs at most this many pods on one worker (limitations.md)."""
_PLAN = Source("the plan's own addresses")
_POINT_TO_POINT = Source(
    "RFC 3021: 31-bit prefixes on IPv4 point-to-point links",
    "https://www.rfc-editor.org/rfc/rfc3021",
    "2000-12-01",
)
_PREFIX = Source(
    "RFC 4632 section 3.1 and RFC 4291 section 2.3: prefix lengths of IPv4 and IPv6",
    "https://www.rfc-editor.org/rfc/rfc4632",
    "2006-08-01",
)
_LARGEST_SERVICE_RANGE = {4: 12, 6: 108}


def _with_cluster(context: Context, role: Role) -> Iterator[tuple[Network, Prefix, Cluster]]:
    """Yield the networks of a role that have a range, or a size, and a cluster."""
    declared = (n for kind in KINDS.values() if kind.role == role for n in context.by_kind[kind.name])
    networks = (*declared, *(n for n in context.plan.defaults if n.kind.role == role))
    for network, prefix in context.sized_ranges(networks):
        cluster = None if network.cluster is None else context.plan.clusters.get(network.cluster)
        if cluster is not None:
            yield network, prefix, cluster


@rule("error", source=IKS_CREATE, judges="in service")
def pod_capacity(context: Context) -> Iterator[Finding]:
    """A pod range is too small for the workers and pods of its cluster.

    Why: IKS gives each worker 128 addresses of the pod range. Calico on ICP gives each node whole blocks of 64;
    masters, proxies and other nodes take blocks too. A node that finds no free block starts no pods, and the range
    of a running cluster cannot change.

    Do: make the range larger, or plan fewer workers or pods.
    """
    return _too_small(pod_capacity, context, "pod", _CALICO)


def _too_small(rule: Rule, context: Context, role: Role, icp_source: Source | None) -> Iterator[Finding]:
    """Yield findings of a rule on the pod or service ranges with fewer addresses than their cluster needs."""
    for network, prefix, cluster in _with_cluster(context, role):
        need = need_of(role, cluster)
        if need is None or need.addresses <= room_in(prefix, network.kind):
            continue
        if cluster.platform == "iks" and prefix.version != 4:
            continue  # IKS accepts no IPv6 range of any size: iks-subnet-not-allowed reports it
        yield rule.finding(
            f"{sized_label(network, prefix)} is too small for cluster {cluster.name}: it needs"
            f" {need.addresses:,} addresses, but a /{prefix.length} has {prefix.size:,}",
            size_key(network),
            networks=(network.name,),
            cidrs=ranges_of(network),
            because=(f"cluster {cluster.name} has {need.reason}",),
            help=f"a /{length_for(need, network.kind, prefix.version)} is large enough",
            source=icp_source if cluster.platform == "icp" else None,
        )


@rule("error", "warning", source=_IKS_LIMITS, judges="in service")
def pods_per_worker(context: Context) -> Iterator[Finding]:
    """An IKS cluster plans more pods on a worker than IKS runs there, or than its pod range has addresses for.

    Why: IKS runs 110 pods on a worker, 10 for each core from 11 cores on, and never more than 250. It gives a
    worker 128 addresses of the pod range.

    Do: plan more workers with fewer pods each.
    """
    for cluster in context.plan.clusters.values():
        pods = cluster.pods_per_worker
        if cluster.platform != "iks" or pods is None or pods <= IKS_ADDRESSES_PER_WORKER:
            continue
        too_many = pods > _IKS_MOST_PODS
        yield pods_per_worker.finding(
            f"cluster {cluster.name} plans {pods:,} pods per worker, but IKS "
            + (
                f"runs at most {_IKS_MOST_PODS}" if too_many else f"gives a worker {IKS_ADDRESSES_PER_WORKER} addresses"
            ),
            ("clusters", cluster.name, "pods-per-worker"),
            severity="error" if too_many else "warning",
        )


@rule("error", source=IKS_CREATE, judges="in service")
def service_capacity(context: Context) -> Iterator[Finding]:
    """A service range is too small for the services of its cluster.

    Why: every service needs an address. IKS counts 255 services in a /24, and ICP has two services of its own. The
    range of a running cluster cannot change.

    Do: make the range larger.
    """
    return _too_small(service_capacity, context, "service", None)


@rule("error", source=_KUBERNETES, judges="in service")
def service_range_too_large(context: Context) -> Iterator[Finding]:
    """A service range is larger than kube-apiserver accepts: /12 for IPv4, /108 for IPv6.

    Why: the API server refuses to start with it.

    Do: write a longer prefix.
    """
    services = (*context.by_kind["iks-service"], *context.by_kind["icp-service"])
    for network, prefix in context.sized_ranges(services):
        shortest = _LARGEST_SERVICE_RANGE[prefix.version]
        if prefix.length < shortest:
            yield service_range_too_large.finding(
                f"{sized_label(network, prefix)} is larger than the /{shortest} that Kubernetes accepts for services",
                size_key(network),
                networks=(network.name,),
                cidrs=ranges_of(network),
            )


@rule("error", "warning", source=_SUBNETS, judges="in service")
def worker_capacity(context: Context) -> Iterator[Finding]:
    """The worker networks of a cluster have fewer addresses than its nodes need.

    Why: each worker needs an address in each of its networks. On ICP masters, proxies, other nodes and the two
    virtual addresses need one too. Network, gateway and broadcast address are not for nodes. In IBM's subnets the
    routers use two more if they run HSRP: a network that is large enough only without HSRP is a warning.

    Do: order a larger subnet or one more, or make the BYOIP network larger.
    """
    for name, members in _worker_networks(context):
        need = need_of("worker", context.plan.clusters[name])
        if need is None:
            continue
        network = members[0][0]
        from_ibm = network.kind.provider == "ibm"
        certain = sum(room_in(prefix, network.kind) for _, prefix in members)
        with_hsrp = sum(max(0, room_in(prefix, network.kind) - HSRP_ADDRESSES) for _, prefix in members)
        if need.addresses <= (with_hsrp if from_ibm else certain):
            continue
        severe = need.addresses > certain
        room = certain if severe else with_hsrp
        lone = len(members) == 1 and not from_ibm
        yield worker_capacity.finding(
            f"{', '.join(sized_label(*member) for member in members)} has {room:,} addresses for nodes"
            f"{'' if severe else ' if the routers run HSRP'}, but cluster {name} needs {need.addresses:,}",
            size_key(network),
            severity="error" if severe else "warning",
            networks=tuple(n.name for n, _ in members),
            cidrs=ranges_of(*(n for n, _ in members)),
            related=others(*(n for n, _ in members[1:])),
            because=(
                f"cluster {name} has {need.reason}",
                "network, gateway and broadcast address are not for nodes"
                + ("" if severe else f", and the routers use {HSRP_ADDRESSES} more"),
            ),
            help=f"a /{length_for(need, network.kind, 4)} is large enough" if lone else None,
        )


def _worker_networks(context: Context) -> Iterator[tuple[str, list[tuple[Network, Prefix]]]]:
    """Yield the IPv4 worker networks of each cluster and kind, with their ranges.

    Clusters are skipped for which one more subnet will be ordered, of a size that the plan does not state.
    """
    groups: dict[tuple[str, str], list[tuple[Network, Prefix]]] = {}
    for network, prefix, cluster in _with_cluster(context, "worker"):
        if prefix.version == 4 and cluster.workers is not None:
            groups.setdefault((cluster.name, network.kind.name), []).append((network, prefix))
    open_ended = {
        (n.cluster, kind)
        for kind in dict.fromkeys(kind for _, kind in groups)
        for n in context.by_kind[kind]
        if n.prefix is None and n.name not in context.sized
    }
    yield from ((name, members) for (name, kind), members in groups.items() if (name, kind) not in open_ended)


@rule("error", "warning", source=_POINT_TO_POINT, judges="in service")
def no_room_for_hosts(context: Context) -> Iterator[Finding]:
    """A network for VMs, ICP workers or transit has only one address, or two.

    Why: a /32 has no address for the router beside the host, so nothing reaches it. A /31 has no network and
    broadcast address, and works only if router and host both support that: a warning. A transit network of two has
    no protocol address for the DLR. Two routers may share a /127 of IPv6 (RFC 6164).

    Do: use a /30 for one host, a /29 for up to five hosts or for transit, or state `hosts`.
    """
    kinds = (kind for kind in KINDS.values() if kind.provider == "byoip" and not kind.internal)
    for network, prefix in context.sized_ranges(n for kind in kinds for n in context.by_kind[kind.name]):
        transit = network.kind.role == "transit"
        if prefix.size > 2 or (transit and prefix.version == 6 and prefix.size == 2):
            continue
        gateway = "the ESG and the DLR" if transit else "a gateway and one host"
        what = f"has two addresses, for {gateway}" if prefix.size == 2 else "has one address"
        rest = "without network and broadcast address" if prefix.size == 2 else f"not enough for {gateway}"
        length = 29 if transit else 30
        yield no_room_for_hosts.finding(
            f"{sized_label(network, prefix)} {what}, {rest}",
            size_key(network),
            severity="error" if prefix.size == 1 else "warning",
            networks=(network.name,),
            cidrs=ranges_of(network),
            help=f"use a /{length} for {gateway}" if prefix.version == 4 else "use a /64",
        )


@rule("error", source=_PREFIX, judges="in service")
def impossible_size(context: Context) -> Iterator[Finding]:
    """A network asks for a size that it cannot have: a prefix too long for its pools, or a grow-to smaller than itself.

    Why: an IPv4 prefix ends at /32, so nothing can be allocated for a longer one. A network cannot grow to a range
    that is smaller than its own.

    Do: write a shorter prefix, use a pool of the other IP version, or write a grow-to that is shorter than the
    network's prefix.
    """
    finding = impossible_size.finding
    # Networks that state neither are most of a large plan, and every size that follows from a kind is possible.
    for network in context.plan.networks:
        if network.grow_to is None and network.length is None:
            continue
        prefix = network.prefix
        size = (prefix.version, prefix.length) if prefix is not None else planned_size(network, context.plan)
        if size is None:
            continue
        version, length = size
        pools = {pool.prefix.version for pool in context.plan.pools} if network.pool is None else {network.pool.version}
        if prefix is None and awaits_range(network) and pools and (version not in pools or length > WIDTH[version]):
            where = "every pool" if network.pool is None else f"pool {network.pool}"
            yield finding(
                f"{network.name} asks for a /{length}, but {where} is IPv{min(pools)}",
                size_key(network),
                networks=(network.name,),
                help="write a prefix of at most 32, or an IPv6 pool",
            )
        elif network.grow_to is not None and network.grow_to > length:
            yield finding(
                f"{network.name} is a /{length}, but its grow-to = {network.grow_to} is smaller",
                (*network.key, "grow-to"),
                networks=(network.name,),
                cidrs=ranges_of(network),
                help=f"write a grow-to below {length}, or remove it" if length else "remove it",
            )


@rule("error", "warning", source=_SUBNETS, judges="in service")
def named_address(context: Context) -> Iterator[Finding]:
    """A named address is not valid in its network: outside of it, used twice, or used by a router.

    Why: rules, VIPs and gateways that use it would point elsewhere or at each other. The first usable address of
    IBM Cloud's subnets is the gateway, so a device there would have the router's address. If IBM's routers run
    HSRP, they use the next two addresses of a portable subnet too. IBM does not publish where they do, so these two
    are a warning.

    Do: count from 1 for the first usable address, from -1 for the last, or write an address of the network. In IBM
    Cloud's subnets start at 2, in portable ones better at 4. If the network has no range yet, make it larger.
    """
    for network in context.detailed:
        if not network.addresses:
            continue
        if network.prefix is not None:
            yield from _misplaced(network, network.prefix)
        else:
            yield from _not_fitting(context, network)
        if network.kind.provider == "ibm":
            yield from _used_by_routers(network)


def _misplaced(network: Network, prefix: Prefix) -> Iterator[Finding]:
    """Yield the addresses that are outside of a network, equal to another one of it, or not for a host."""
    finding = named_address.finding
    networks, cidrs = (network.name,), (prefix,)
    ends: dict[int, str] = {}
    if prefix.version == 4 and prefix.size > 2 and not network.kind.internal:
        ends = {prefix.first: "network address", prefix.last: "broadcast address"}
    used: dict[Address, str] = {}
    for entry in network.addresses:
        address = entry.at(prefix)
        key = (*network.key, "addresses", entry.name)
        if address is None:
            what = str(entry.address) if entry.address else f"number {entry.nth:,}"
            numbers = max(prefix.size - 2, min(prefix.size, 2))
            yield finding(
                f"address {entry.name} of {label(network)}, {what}, is not in the network",
                key,
                networks=networks,
                cidrs=cidrs,
                source=_PLAN,
                because=(f"usable numbers are 1 to {numbers:,}, {prefix.range}",),
            )
        elif address in used:
            yield finding(
                f"addresses {used[address]} and {entry.name} of {network.name} are both {address}",
                key,
                networks=networks,
                cidrs=cidrs,
                source=_PLAN,
                related=(Related((*network.key, "addresses", used[address]), network.name),),
            )
        elif address.value in ends:
            yield finding(
                f"address {entry.name} of {label(network)}, {address}, is the {ends[address.value]}",
                key,
                networks=networks,
                cidrs=cidrs,
            )
        if address is not None:
            used.setdefault(address, entry.name)


def _not_fitting(context: Context, network: Network) -> Iterator[Finding]:
    """Yield the addresses that a network without a range cannot have, wherever it is placed."""
    finding = named_address.finding
    size = context.sized.get(network.name)
    used: dict[Address, str] = {}
    for entry in network.addresses:
        key = (*network.key, "addresses", entry.name)
        if entry.address is not None:
            if awaits_range(network) and not _in_pools(context, network, entry.address.prefix):
                pools = "every pool" if network.pool is None else f"pool {network.pool}"
                yield finding(
                    f"address {entry.name} of {network.name}, {entry.address}, lies outside {pools}, and the network"
                    " gets its range from there",
                    key,
                    networks=(network.name,),
                    source=_PLAN,
                    help="count from 1 for the first usable address",
                )
        elif size is not None and (address := entry.at(size)) is None:
            usable = max(size.size - 2, min(size.size, 2))
            yield finding(
                f"address {entry.name} of {sized_label(network, size)}, number {entry.nth:,}, is not in the network",
                key,
                networks=(network.name,),
                source=_PLAN,
                because=(f"usable numbers are 1 to {usable:,} of a /{size.length}",),
            )
        elif size is not None and address is not None:
            if address in used:
                yield finding(
                    f"addresses {used[address]} and {entry.name} of {sized_label(network, size)} are the same address",
                    key,
                    networks=(network.name,),
                    source=_PLAN,
                    related=(Related((*network.key, "addresses", used[address]), network.name),),
                )
            used.setdefault(address, entry.name)


def _in_pools(context: Context, network: Network, address: Prefix) -> bool:
    """Return whether an address lies where the network may be placed; always true if the plan has no pools."""
    pools = [pool.prefix for pool in context.plan.pools] if network.pool is None else [network.pool]
    return not pools or any(pool.covers(address) for pool in pools)


def _used_by_routers(network: Network) -> Iterator[Finding]:
    """Yield the addresses of a subnet of IBM Cloud that IBM's routers use, whether it is ordered yet or not."""
    from ipplan.landscape.holders import free_number

    numbers = {entry.name: _number(entry, network) for entry in network.addresses}
    what = label(network) if network.prefix is not None else network.name
    cidrs = ranges_of(network)
    for name, number in numbers.items():
        if number == 1 and name not in GATEWAY:
            yield named_address.finding(
                f"address {name} of {what} is number 1, the gateway of the subnet, which IBM's router uses",
                (*network.key, "addresses", name),
                networks=(network.name,),
                cidrs=cidrs,
                help=f"write {name} = {free_number(network) or 2}",
            )
    if network.kind.subnet_type != "portable":
        return
    routers = range(2, 2 + HSRP_ADDRESSES)
    names = [f"{name} = {number}" for name, number in numbers.items() if number in routers]
    if names:
        yield named_address.finding(
            f"{' and '.join(names)} of {what}: IBM's two routers use numbers 2 and 3 if they run HSRP",
            (*network.key, "addresses"),
            severity="warning",
            networks=(network.name,),
            cidrs=cidrs,
            help="start at 4, or ask IBM whether the subnet has HSRP",
        )


def _number(entry: NamedAddress, network: Network) -> int | None:
    """Return which usable address of an IPv4 subnet a named one is, None if it is unknown or IPv6."""
    prefix = network.prefix
    if prefix is None:
        return None if (network.length or 0) > WIDTH[4] else entry.nth
    value = entry.resolve(prefix)
    return None if value is None or prefix.version != 4 else value - first_usable(prefix) + 1
