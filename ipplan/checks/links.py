"""Links: address translation between clusters, edges and sites."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.addresses import WIDTH
from ipplan.checks.registry import rule
from ipplan.findings import Source
from ipplan.plan.sizing import request_version, size_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ipplan.checks.context import Context
    from ipplan.findings import Finding
    from ipplan.plan.model import Network

_CHART = Source(
    "strongSwan chart of IBM Cloud Kubernetes Service, values as shipped: localSubnetNAT",
    "https://github.com/lionelmace/ibmcloud-utils/blob/3351a0f/iks/strongswan/strongswan-config-orig.yaml",
    "2024-05-06",
)


@rule("error", source=_CHART)
def link_nat_size(context: Context) -> Iterator[Finding]:
    """A link translates a network to a range of another size.

    Why: the link translates address by address, so both ranges need the same number of addresses. A single address
    is different: the link then translates answers only, and nothing can connect to the network through it.

    Do: write a range of the network's size under `as`, or one address (/32 or /128).
    """
    if not context.plan.shown:
        return
    networks = {network.name: network for network in context.plan.taking_part()}
    retired = context.plan.retired.networks
    for shown in context.plan.shown:
        if shown.network in retired:
            continue
        size = _size(context, networks[shown.network])
        if size is None:
            continue
        version, length = size
        if version != shown.prefix.version:
            message = f"{shown.title} is {shown.prefix}, but the network is an IPv{version} network"
            help_ = f"write an IPv{version} prefix"
        elif shown.prefix.length not in (length, WIDTH[version]):
            message = f"{shown.title} is {shown.prefix}, but the network is a /{length}"
            help_ = f"write a /{length}, or one address (/{WIDTH[version]}) for answers only"
        else:
            continue
        yield link_nat_size.finding(message, shown.key, networks=(shown.network,), cidrs=(shown.prefix,), help=help_)


def _size(context: Context, network: Network) -> tuple[int, int] | None:
    """Return IP version and prefix length of a network, None if IBM Cloud decides."""
    if network.prefix is not None:
        return network.prefix.version, network.prefix.length
    if network.kind.provider == "ibm":
        return None
    version = request_version(network, context.plan.pools)
    return version, size_of(network, context.plan, version).length
