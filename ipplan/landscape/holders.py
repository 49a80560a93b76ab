"""Choose the address of each host: one that the plan names, the gateway, or the first free one as an example.

The only place that decides this, so that flows, tables and exports show the same example.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from ipplan.landscape.model import HostAddress
from ipplan.plan import names
from ipplan.plan.sizing import HSRP_ADDRESSES, first_usable, last_usable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ipplan.plan.model import Cluster, Network

_FIRST_NUMBER = 2 + HSRP_ADDRESSES
"""The first number of a portable subnet that no router of IBM Cloud uses, with HSRP or without."""
RESERVED = (*names.GATEWAY, *names.ON_PREMISES)
"""Names of addresses that routers have, not machines of the network."""


def pick(network: Network, *wanted: str, skip: int = 0) -> HostAddress:
    """Return the address of a network with the first of these names, else the first free one.

    An address is free if it is usable, the plan does not name it, and it is not the gateway. `skip` skips that many.
    """
    named = find_named(network, *wanted)
    if named is not None:
        return named
    prefix = network.prefix
    if prefix is None:
        return HostAddress(4, None, network.name, example=True, words=f"({network.name}: no range yet)")
    last = HostAddress(prefix.version, last_usable(prefix), network.name, example=True)
    return next(islice(free_addresses(network), skip, None), last)


def find_named(network: Network, *wanted: str) -> HostAddress | None:
    """Return the address of a network with the first of these names, None without any of them."""
    by_name = {a.name: a for a in network.addresses}
    for name in wanted:
        if name in by_name:
            prefix = network.prefix
            if prefix is None:
                words = f"({network.name} {name}: no range yet)"
                return HostAddress(4, None, network.name, name, words=words)
            value = by_name[name].resolve(prefix)
            if value is not None:
                return HostAddress(prefix.version, value, network.name, name)
    return None


def name_at(network: Network, value: int) -> str | None:
    """Return the name of an address in a network, None without one."""
    prefix = network.prefix
    if prefix is None:
        return None
    return next((a.name for a in network.addresses if a.resolve(prefix) == value), None)


def free_addresses(network: Network) -> Iterator[HostAddress]:
    """Yield the usable addresses of a network that the plan does not assign, in order, as examples."""
    prefix = network.prefix
    if prefix is None:
        return
    taken = {a.resolve(prefix) for a in network.addresses}
    first = first_usable(prefix)
    named = {a.name for a in network.addresses}
    if "gateway" not in named and prefix.size > 4 and not network.kind.internal:
        taken.add(first)
    for value in range(first, last_usable(prefix) + 1):
        if value not in taken:
            yield HostAddress(prefix.version, value, network.name, example=True)


def free_number(network: Network) -> int | None:
    """Return the number to suggest for one more address of a network, None without a free one.

    In subnets of IBM Cloud it is 4 or higher if possible: number 1 is the gateway, and routers with HSRP use 2 and 3.
    """
    prefix = network.prefix
    if prefix is not None:
        first = first_usable(prefix)
        free = [a.value - first + 1 for a in islice(free_addresses(network), _FIRST_NUMBER) if a.value is not None]
    else:
        taken = {a.nth for a in network.addresses}
        free = [n for n in range(2, 2 + _FIRST_NUMBER + len(taken)) if n not in taken]
    if network.kind.provider == "ibm":
        free = [n for n in free if n >= _FIRST_NUMBER] + [n for n in free if 1 < n < _FIRST_NUMBER]
    return next(iter(free), None)


def gateway_address(network: Network) -> HostAddress:
    """Return the gateway of a network: the address with that name, else the first usable one.

    The second address of IBM Cloud's subnets is their gateway (IBM Cloud docs, subnets, 2025-06-02).
    """
    named = find_named(network, *names.GATEWAY)
    if named is not None:
        return named
    prefix = network.prefix
    if prefix is None:
        return pick(network)
    return HostAddress(prefix.version, first_usable(prefix), network.name, "gateway")


def machines(network: Network) -> list[HostAddress]:
    """Return the addresses of a network that the plan names for machines."""
    found = (find_named(network, a.name) for a in network.addresses if a.name not in RESERVED)
    return [a for a in found if a is not None and a.value is not None]


def worker_addresses(cluster: Cluster | None, subnets: Sequence[Network]) -> list[HostAddress]:
    """Return the addresses of the workers of a cluster in its subnets, of IPv4 where it has some.

    Those that the plan names; without any, an example for each worker that the plan states, spread over the subnets of
    the cluster, at least one in each. IBM Cloud assigns the real ones, and a replaced worker gets a new address
    (IBM Cloud docs, containers, 2026-07-27).
    """
    ready = [n for n in subnets if n.prefix is not None]
    own = [n for n in ready if n.prefix is not None and n.prefix.version == 4] or ready
    named = [a for n in own for a in machines(n) if not _virtual(a)]
    if named or not own:
        return named
    room = {n.name: max(n.prefix.size - 3, 1) for n in own if n.prefix is not None}
    count = max((cluster.workers if cluster is not None else None) or 1, len(own))
    free = {n.name: free_addresses(n) for n in own}
    found = []
    for nth in range(count):
        network = own[nth % len(own)]
        if nth // len(own) < room[network.name] and (address := next(free[network.name], None)) is not None:
            found.append(address)
    return found


def virtual_addresses(network: Network) -> tuple[HostAddress, ...]:
    """Return the addresses of a network of ICP workers that move between nodes: of the masters and of the proxies."""
    found = (find_named(network, *wanted) for wanted in (names.MASTER_VIP, names.PROXY_VIP))
    return tuple(address for address in found if address is not None)


def _virtual(address: HostAddress) -> bool:
    """Return whether an address moves between the nodes of a cluster."""
    return address.name in (*names.MASTER_VIP, *names.PROXY_VIP)


def first_named(networks: Iterable[Network], *wanted: str) -> HostAddress | None:
    """Return the first address of some networks with one of these names, None without one."""
    found = (find_named(n, *wanted) for n in networks)
    return next((a for a in found if a is not None), None)
