"""The size that a network needs, and the meaning of its first and last addresses.

This is arithmetic on one network, its cluster and its kind; this module must not know where a network is placed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ipplan.addresses import WIDTH, Prefix, format_address

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ipplan.plan.kinds import Kind, Role
    from ipplan.plan.model import Cluster, Network, Plan, Pool

CALICO_BLOCK_SIZE = 64
"""Addresses in one Calico block: /26 for IPv4, /122 for IPv6; a node claims whole blocks (Calico v3, IPPool)."""

OTHER_ICP_NODES = 15
"""Nodes of an ICP cluster other than workers: three each of master, management, proxy, vulnerability advisor
and GlusterFS (IBM Cloud docs, vmwaresolutions archiref/vcsicp/vcsicp-arch-overview-solution.md, HA)."""

ICP_VIPS = 2
"""Virtual addresses besides the node addresses: of the masters and of the proxies (the same page)."""

OWN_SERVICES = 2
"""Services of every ICP cluster itself: the Kubernetes API and DNS."""

IKS_ADDRESSES_PER_WORKER = 128
"""Derived from IKS's sizing rule: a /23 of pods serves 4 workers, a /22 8, a /21 16 (cluster-create-classic.md)."""

IKS_OWN_SERVICES = 1
"""Addresses of a service range that IKS uses itself: a /24 has 255 services (cluster-create-classic.md)."""

HSRP_ADDRESSES = 2
"""Addresses of a subnet that two routers with HSRP use besides the gateway (IBM Cloud docs, subnets, faq.md, 2025-04-23)."""

_CALICO = "Calico v3 IPPool, blockSize 26; ICP reference architecture, HA (vcsicp-arch-overview-solution.md)"
_NODES = "ICP reference architecture, HA (vmwaresolutions archiref/vcsicp/vcsicp-arch-overview-solution.md)"
_IKS = "IBM Cloud docs, containers, cluster-create-classic.md, 2026-02-20"
_SUBNET64 = "RFC 4291 section 2.5.4"


class Sizing(NamedTuple):
    """The prefix length of a network, the reason for it, and the source of the rule, if there is one."""

    length: int
    reason: str
    source: str | None = None


class Need(NamedTuple):
    """How many addresses a cluster needs in its pod, service or worker networks, and why.

    In worker networks these are the addresses of nodes; the gateway is added. `exact` means that the cluster states
    everything that decides: then an allocated network has just this size, else at least the default size of its kind.
    """

    addresses: int
    reason: str
    source: str | None = None
    exact: bool = True


def need_of(role: Role, cluster: Cluster) -> Need | None:
    """Return what a cluster needs from its networks of a role; None where it does not state enough."""
    iks, workers = cluster.platform == "iks", cluster.workers
    if role == "pod" and iks and workers is not None:
        reason = f"{_count(workers, 'worker')} at {IKS_ADDRESSES_PER_WORKER} addresses"
        return Need(workers * IKS_ADDRESSES_PER_WORKER, reason, _IKS, exact=False)
    if role == "pod" and not iks:
        blocks = max(1, -(-(cluster.pods_per_worker or 1) // CALICO_BLOCK_SIZE))
        each = f"{_count(blocks, 'block')} of {CALICO_BLOCK_SIZE} addresses"
        if workers is None:
            return Need(blocks * CALICO_BLOCK_SIZE, f"nodes at {each} each", _CALICO, exact=False)
        reason = f"{_count(workers, 'worker')} and {OTHER_ICP_NODES} other nodes at {each}"
        needed = (workers + OTHER_ICP_NODES) * blocks * CALICO_BLOCK_SIZE
        return Need(needed, reason, _CALICO, exact=cluster.pods_per_worker is not None)
    if role == "service" and cluster.services is not None:
        own, services = IKS_OWN_SERVICES if iks else OWN_SERVICES, _count(cluster.services, "service")
        reason = f"{services} and {own} address of IKS itself" if iks else f"{services} and {own} of Kubernetes itself"
        return Need(cluster.services + own, reason, _IKS if iks else None, exact=not iks)
    if role == "worker" and workers is not None:
        if iks:
            return Need(workers, _count(workers, "worker"), exact=False)
        others = f"{OTHER_ICP_NODES} other nodes, {ICP_VIPS} virtual addresses"
        needed = workers + OTHER_ICP_NODES + ICP_VIPS
        return Need(needed, f"{_count(workers, 'worker')}, {others}", _NODES)
    return None


def room_in(prefix: Prefix, kind: Kind) -> int:
    """Return how many addresses of a `Need` fit into a network.

    Pods and services can use all of its addresses; others all but network, gateway and broadcast address.
    """
    if kind.internal:
        return prefix.size
    return max(0, usable(prefix, kind) - (kind.provider != "ibm"))


def length_for(need: Need, kind: Kind, version: int) -> int:
    """Return the prefix length of the smallest network in which the addresses fit that a cluster needs."""
    return _sized(need, kind, version).length


def awaits_range(network: Network) -> bool:
    """Return whether `allocate` gives the network its range: BYOIP without a range, or of IKS with a pool."""
    kind = network.kind
    return network.prefix is None and (
        kind.provider == "byoip" or (kind.provider == "default" and network.pool is not None)
    )


def size_of(network: Network, plan: Plan, version: int) -> Sizing:
    """Return the prefix length of a network that states no range, for the given IP version.

    It comes from `prefix`, `hosts`, the network's cluster or the kind's default, in this order. Raises ValueError for a
    kind without a default size; networks of such kinds are never allocated.
    """
    if network.length is not None:
        return Sizing(network.length, f"prefix = {network.length} in the plan")
    if network.hosts is not None:
        return _for_hosts(network.hosts, _count(network.hosts, "host"), version, network.kind)
    cluster = plan.clusters.get(network.cluster) if network.cluster is not None else None
    need = None if cluster is None else need_of(network.kind.role, cluster)
    sized = None if need is None else _sized(need, network.kind, version)
    if need is not None and need.exact and sized is not None:
        return sized
    lengths = network.kind.default_lengths
    if lengths is None:
        raise ValueError(f"a network of kind {network.kind.name} has no default size")
    length = lengths[version == 6]
    if sized is not None and sized.length < length:
        return sized
    source = _SUBNET64 if version == 6 and length == 64 else network.kind.default_source
    return Sizing(length, f"/{length} is the default size of {network.kind.name}", source)


def _sized(need: Need, kind: Kind, version: int) -> Sizing:
    if kind.internal:
        return Sizing(_length_for(need.addresses, version), need.reason, need.source)
    return _for_hosts(need.addresses, need.reason, version, kind)._replace(source=need.source)


def _for_hosts(hosts: int, why: str, version: int, kind: Kind) -> Sizing:
    """Size a network for a number of hosts.

    Gateway, network and broadcast address are added; in a transit network the gateway is one of the hosts. Pods and
    services have no gateway, and up to two of them no network and broadcast address.
    """
    if version == 6 and not kind.internal:
        return Sizing(64, f"{why}: interface identifiers of IPv6 have 64 bits", _SUBNET64)
    if kind.internal and (version == 6 or hosts <= 2):
        return Sizing(_length_for(hosts, version), why)
    gateway = not kind.internal and kind.role != "transit"
    added = "gateway, network and broadcast address" if gateway else "network and broadcast address"
    return Sizing(_length_for(hosts + gateway + 2, version), f"{why}, plus {added}")


def _length_for(addresses: int, version: int) -> int:
    """Return the length of the smallest prefix with that many addresses; 0 if no prefix is large enough."""
    return max(0, WIDTH[version] - (max(1, addresses) - 1).bit_length())


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" + ("" if number == 1 else "s")


def usable(prefix: Prefix, kind: Kind) -> int:
    """Return how many addresses of the prefix hosts may use.

    IPv4: all but network and broadcast address; both of a /31 (RFC 3021), the one of a /32. In IBM-provided subnets the
    gateway is not usable either (IBM Cloud docs, subnets, about: three addresses are taken). IPv6: all but the
    subnet-router anycast address (RFC 4291 section 2.6.1), both of a /127 (RFC 6164).
    """
    size = prefix.size
    if kind.provider == "ibm" and prefix.version == 4:
        return max(0, size - 3)
    if size <= 2:
        return size
    return size - (2 if prefix.version == 4 else 1)


def first_usable(prefix: Prefix) -> int:
    """Return the first address that counts as usable: the one after the network address, if there is room."""
    return prefix.first + (prefix.size > 2)


def last_usable(prefix: Prefix) -> int:
    """Return the last address that counts as usable: the one before the broadcast address, if any."""
    return prefix.last - (prefix.version == 4 and prefix.size > 2)


def request_version(network: Network, pools: Iterable[Pool]) -> int:
    """Return the IP version of the range that a network without one needs.

    IPv6 if its pool is IPv6, if all pools are, or if its prefix length is greater than 32; else IPv4.
    """
    if network.pool is not None:
        return network.pool.version
    if network.length is not None and network.length > 32:
        return 6
    versions = {pool.prefix.version for pool in pools}
    return 6 if versions == {6} else 4


def resolve_addresses(network: Network, prefix: Prefix) -> list[tuple[str, str]]:
    """Return each named address of the network with its text, for a network placed at `prefix`.

    The n-th usable address counts from the one after the network address, a negative one from the one before the
    broadcast address; full addresses stay as they are. An address that is not in the prefix is left out; a check
    reports it.
    """
    resolved = ((named.name, named.at(prefix)) for named in network.addresses)
    return [(name, str(address)) for name, address in resolved if address is not None]


def gateway_of(network: Network, prefix: Prefix) -> str | None:
    """Return the gateway: the address with this name, else the first usable one.

    None for a single address, and for pod and service ranges, in which no router has an address.
    """
    if network.kind.internal:
        return None
    for name, text in resolve_addresses(network, prefix):
        if name == "gateway":
            return text
    if network.kind.internal or prefix.size == 1:
        return None
    return format_address(prefix.version, first_usable(prefix))
