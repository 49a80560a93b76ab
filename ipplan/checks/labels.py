"""Name networks in findings: label, ranges, and the places in the plan that a finding points at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.findings import Related

if TYPE_CHECKING:
    from ipplan.addresses import Prefix
    from ipplan.findings import KeyPath
    from ipplan.plan.model import Network


def label(network: Network) -> str:
    """Return name and range of a network for a message; a range that nobody wrote is marked as default."""
    mark = " (default)" if network.default and network.declared else ""
    return f"{network.name} {network.prefix}{mark}"


def sized_label(network: Network, prefix: Prefix) -> str:
    """Return name and range of a network for a message, or name and size if it has no range yet."""
    return label(network) if network.prefix is not None else f"{network.name} (a /{prefix.length}, no cidr yet)"


def ranges_of(*networks: Network) -> tuple[Prefix, ...]:
    """Return the ranges of the networks that have one."""
    return tuple(n.prefix for n in networks if n.prefix is not None)


def others(*networks: Network) -> tuple[Related, ...]:
    """Return the places of the other networks of a finding, each once."""
    return tuple(dict.fromkeys(Related(n.cidr_key, n.name) for n in networks))


def size_key(network: Network) -> KeyPath:
    """Return where the plan states the size of a network; the network itself if it states none."""
    if network.prefix is not None:
        return network.cidr_key
    for word, value in (("prefix", network.length), ("hosts", network.hosts)):
        if value is not None:
            return (*network.key, word)
    return network.key
