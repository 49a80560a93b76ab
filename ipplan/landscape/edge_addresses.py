"""Find the addresses of ESG and DLR: on the uplinks, on the transit network, and as gateway of the networks behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.landscape.ends import UPLINKS
from ipplan.landscape.holders import find_named, first_named, free_addresses, pick
from ipplan.landscape.model import HostAddress
from ipplan.plan import names
from ipplan.plan.sizing import first_usable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ipplan.landscape.ends import End
    from ipplan.landscape.plan_ends import Ends
    from ipplan.plan.model import Network


def gateway_on_esg(network: Network) -> bool:
    """Return whether the ESG is the gateway of a network behind an edge: by default that of ICP workers, not that of VMs."""
    default = "esg" if network.kind.name == "icp-worker" else "dlr"
    return (network.gateway_on or default) == "esg"


def on_transit(
    transit: Sequence[Network], wanted: names.Names, nth: int, version: int | None = None
) -> HostAddress | None:
    """Return an address of the transit network: the one with a wanted name, else the n-th usable one as an example."""
    found = [n for n in transit if n.prefix is not None and version in (None, n.prefix.version)]
    if not found:
        return None
    network = found[0]
    if (named := find_named(network, *wanted)) is not None:
        return named
    assert network.prefix is not None
    value = min(first_usable(network.prefix) + nth, network.prefix.last)
    return HostAddress(network.prefix.version, value, network.name, example=True)


def esg_networks(ends: Ends, edge: End, role: str) -> list[Network]:
    """Return the networks of an uplink in which the ESG has addresses: those of one IP version, IPv4 first."""
    found = sorted(
        (n for n in ends.of_edge(edge, UPLINKS[role]) if n.prefix is not None),
        key=lambda n: n.prefix.version if n.prefix else 0,
    )
    return [n for n in found if n.prefix and found[0].prefix and n.prefix.version == found[0].prefix.version]


def esg_address(ends: Ends, edge: End, role: str, wanted: names.Names = names.UPLINK) -> HostAddress | None:
    """Return the address of an ESG on an uplink: one with a wanted name, else its own; None without an uplink.

    Its own address may be an example. On an uplink without a range, a named address counts, with its value unknown.
    """
    every = ends.of_edge(edge, UPLINKS[role])
    own = esg_networks(ends, edge, role) or list(every)
    for names_ in (wanted, names.UPLINK):
        if (found := first_named(own, *names_)) is not None:
            return found
    return next((a for n in own[:1] for a in free_addresses(n)), pick(own[0]) if own else None)


def virtual_address(workers: Sequence[Network], what: str) -> HostAddress:
    """Return the virtual address of the masters or of the proxies of an ICP cluster, else a free one as an example."""
    wanted = names.MASTER_VIP if what == "master" else names.PROXY_VIP
    named = first_named(workers, *wanted)
    return named if named is not None else pick(workers[0], skip=0 if what == "master" else 1)
