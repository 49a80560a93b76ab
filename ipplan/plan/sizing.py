"""How large a network has to be, and which of its addresses are which.

Pure arithmetic on one network, its cluster and its kind; this module must not know where a network is placed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ipplan.addresses import WIDTH, Prefix, format_address

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ipplan.plan.kinds import Kind
    from ipplan.plan.model import Network, Plan, Pool

CALICO_BLOCK_SIZE = 64
"""Addresses in one Calico block: /26 for IPv4, /122 for IPv6, claimed whole by a node (Calico v3, IPPool)."""

OTHER_ICP_NODES = 15
"""Nodes of an ICP cluster that are no workers: three each of master, management, proxy, vulnerability advisor
and GlusterFS (IBM Cloud docs, vmwaresolutions archiref/vcsicp/vcsicp-arch-overview-solution.md, HA)."""

ICP_VIPS = 2
"""Virtual addresses beside the node addresses, of the masters and of the proxies (the same page)."""

OWN_SERVICES = 2
"""Services that every cluster has itself: the Kubernetes API and DNS."""

_CALICO = "Calico v3 IPPool, blockSize 26; ICP reference architecture, HA (vcsicp-arch-overview-solution.md)"
_NODES = "ICP reference architecture, HA (vmwaresolutions archiref/vcsicp/vcsicp-arch-overview-solution.md)"
_SUBNET64 = "RFC 4291 section 2.5.4"


class Sizing(NamedTuple):
    """The prefix length of a network, why it is that, and where the rule is documented, if anywhere."""

    length: int
    reason: str
    source: str | None = None


def size_of(network: Network, plan: Plan, version: int) -> Sizing:
    """Return the prefix length of a network that states no range, for the given IP version.

    Taken from `prefix`, `hosts`, the network's cluster or the kind's default, in this order. Raises
    ValueError for a kind that has no default size, which are those that are never allocated.
    """
    if network.length is not None:
        return Sizing(network.length, f"prefix = {network.length} in the plan")
    if network.hosts is not None:
        return _for_hosts(
            network.hosts, _count(network.hosts, "host"), version, internal=network.kind.internal
        )
    sized = _from_cluster(network, plan, version)
    if sized is not None:
        return sized
    lengths = network.kind.default_lengths
    if lengths is None:
        raise ValueError(f"a network of kind {network.kind.name} has no default size")
    length = lengths[version == 6]
    source = _SUBNET64 if version == 6 and length == 64 else network.kind.default_source
    return Sizing(length, f"/{length} is the default size of {network.kind.name}", source)


def _from_cluster(network: Network, plan: Plan, version: int) -> Sizing | None:
    """Size an ICP network from what its cluster states; None where the cluster does not state enough."""
    cluster = plan.clusters.get(network.cluster) if network.cluster is not None else None
    if cluster is None or cluster.platform != "icp":
        return None
    role = network.kind.role
    if role == "pod" and cluster.workers is not None and cluster.pods_per_worker is not None:
        blocks = max(1, -(-cluster.pods_per_worker // CALICO_BLOCK_SIZE))
        needed = (cluster.workers + OTHER_ICP_NODES) * blocks * CALICO_BLOCK_SIZE
        reason = (
            f"{_count(cluster.workers, 'worker')} and {OTHER_ICP_NODES} other nodes "
            f"at {_count(blocks, 'block')} of {CALICO_BLOCK_SIZE} addresses"
        )
        return Sizing(_length_for(needed, version), reason, _CALICO)
    if role == "service" and cluster.services is not None:
        reason = f"{_count(cluster.services, 'service')} and {OWN_SERVICES} of Kubernetes itself"
        return Sizing(_length_for(cluster.services + OWN_SERVICES, version), reason)
    if role == "worker" and cluster.workers is not None:
        hosts = cluster.workers + OTHER_ICP_NODES + ICP_VIPS + 1
        why = (
            f"{_count(cluster.workers, 'worker')}, {OTHER_ICP_NODES} other nodes, "
            f"{ICP_VIPS} virtual addresses and a gateway"
        )
        return _for_hosts(hosts, why, version, internal=False)._replace(source=_NODES)
    return None


def _for_hosts(hosts: int, why: str, version: int, *, internal: bool) -> Sizing:
    """Size a network for a number of addresses that hosts use, the gateway being one of them."""
    if version == 6 and not internal:
        return Sizing(64, f"{why}: interface identifiers of IPv6 have 64 bits", _SUBNET64)
    if version == 6 or hosts <= 2:
        return Sizing(_length_for(hosts, version), why)
    return Sizing(_length_for(hosts + 2, version), f"{why}, beside network and broadcast address")


def _length_for(addresses: int, version: int) -> int:
    """Return the length of the smallest prefix with that many addresses; 0 where none is large enough."""
    return max(0, WIDTH[version] - (max(1, addresses) - 1).bit_length())


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" + ("" if number == 1 else "s")


def usable(prefix: Prefix, kind: Kind) -> int:
    """Return how many addresses of the prefix hosts may use.

    IPv4: all but network and broadcast address; both of a /31 (RFC 3021), the one of a /32. IBM-provided
    subnets lose the gateway too (IBM Cloud docs, subnets, about: three addresses are taken). IPv6: all but
    the subnet-router anycast address (RFC 4291 section 2.6.1), both of a /127 (RFC 6164).
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
    """Return the IP version that a network without a range asks for.

    IPv6 when its pool is IPv6, when all pools are, or when its prefix length is beyond 32; else IPv4.
    """
    if network.pool is not None:
        return network.pool.version
    if network.length is not None and network.length > 32:
        return 6
    versions = {pool.prefix.version for pool in pools}
    return 6 if versions == {6} else 4


def resolve_addresses(network: Network, prefix: Prefix) -> list[tuple[str, str]]:
    """Return each named address of the network with its text, for a network placed at `prefix`.

    The n-th usable counts from the first after the network address, negative ones from the last before the
    broadcast address; full addresses stay as they are. One that the prefix does not hold is left out: a check
    reports it.
    """
    resolved = ((named.name, named.resolve(prefix)) for named in network.addresses)
    return [(name, format_address(prefix.version, value)) for name, value in resolved if value is not None]


def gateway_of(network: Network, prefix: Prefix) -> str | None:
    """Return the gateway: the address named so, else the first usable one.

    None for a single address, and for ranges inside a cluster: no router has an address there.
    """
    for name, text in resolve_addresses(network, prefix):
        if name == "gateway":
            return text
    if network.kind.internal or prefix.size == 1:
        return None
    return format_address(prefix.version, first_usable(prefix))
