"""What the derivations share: addresses and prefixes of networks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.flows import Address
from ipplan.plan.sizing import gateway_of
from ipplan.topology import merge

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ipplan.addresses import Prefix
    from ipplan.plan.model import Network
    from ipplan.topology import Way


def gateway_address(network: Network) -> Address:
    """Return the router of a network that has a range."""
    assert network.prefix is not None
    return Address(gateway_of(network, network.prefix) or "", network.name, "gateway")


def version_of(address: Address) -> int:
    """Return the IP version of an address."""
    return 6 if ":" in address.text else 4


def met_by_iks(ways: Iterable[Way]) -> frozenset[str]:
    """Return the kinds of network that IKS reaches through the ESG by routes."""
    found = (w.carries for w in ways if (w.origin, w.target, w.method) == ("iks", "overlay", "snat"))
    return next(found, frozenset())


def subnets_of(own: Iterable[Network], kinds: frozenset[str]) -> tuple[Prefix, ...]:
    """Return the ranges of networks of some kinds in the fewest prefixes."""
    return merge(n.prefix for n in own if n.prefix is not None and n.kind.name in kinds)


def routed_subnets(own: Iterable[Network], kinds: frozenset[str]) -> tuple[Prefix, ...]:
    """Return what a BGP session announces: IPv4, as its addresses are."""
    return subnets_of((n for n in own if n.prefix is not None and n.prefix.version == 4), kinds)
