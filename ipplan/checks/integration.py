"""Integration: Direct Link, NAT to ICP, and stretched networks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.addresses import RangeSet
from ipplan.checks.labels import label, ranges_of
from ipplan.checks.registry import rule
from ipplan.checks.sources import ARCHITECTURE, DIRECT_LINK
from ipplan.findings import Source
from ipplan.plan import names
from ipplan.plan.sizing import last_usable, usable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ipplan.addresses import Prefix
    from ipplan.checks.context import Context
    from ipplan.findings import Finding
    from ipplan.landscape.ends import Carried, End
    from ipplan.plan.model import Network

_VRF = Source(
    "IBM Cloud docs, direct-link: VRF on IBM Cloud",
    "https://github.com/ibm-cloud-docs/direct-link/blob/981d3a2/vrf-on-ibm-cloud.md",
    "2024-11-22",
)
_STATIC_ROUTES = Source(
    "IBM Cloud docs, containers: adding static routes to worker nodes",
    "https://github.com/ibm-cloud-docs/containers/blob/1d4bbd1/static-routes.md",
    "2026-07-27",
)
_PRIVATE_UPLINK = "vcs-esg-private"
_MOST_PREFIXES = 200
"""A VRF accepts at most this many prefixes over Direct Link (direct-link subnet-configuration.md)."""


@rule("error", source=_VRF, judges="in service")
def vrf_needed(context: Context) -> Iterator[Finding]:
    """The enterprise is routed over Direct Link, but the account uses VLAN spanning.

    Why: Direct Link needs a VRF for the account, and a VRF ends VLAN spanning and IBM's IPsec VPN. The change
    interrupts the private network for up to 30 minutes.

    Do: plan the move to a VRF, then write account-routing = "vrf".
    """
    if context.plan.account_routing != "vlan-spanning":
        return
    for stated in context.stated("routed", "site-private"):
        yield vrf_needed.finding(
            f"{stated.short} needs a VRF, but the account has VLAN spanning",
            ("integration", "account-routing") if stated.joint is None else stated.key,
            help='write account-routing = "vrf" when the account has moved to a VRF',
        )


@rule("error", "warning", source=ARCHITECTURE, judges="in service")
def nat_addresses(context: Context) -> Iterator[Finding]:
    """The private uplink of an ESG has no address for each virtual address (VIP) of ICP behind it.

    Why: IBM Cloud's private network reaches the master and proxy VIPs of ICP by DNAT. Each VIP needs an address of
    the ESG's portable subnet, beside that of the uplink. Too small a subnet is an error, addresses without a name
    are a warning. With several ICP clusters behind one ESG, a name has to say for which cluster it is.

    Do: name the addresses in the network of kind vcs-esg-private, as CLUSTER-master and CLUSTER-proxy if several
    clusters are behind the ESG, or order a larger subnet.
    """
    translated: dict[End, list[End]] = {}
    for bundle in context.joining("nat"):
        for edge in bundle.second:
            translated.setdefault(edge, []).extend(bundle.first)
    for edge, clusters in translated.items():
        uplinks = context.landscape.ends.of_edge(edge, _PRIVATE_UPLINK)
        wanted = [name for cluster in clusters for name in _vips(context, cluster)]
        if wanted and uplinks:
            yield from _few_nat_addresses(context, clusters, uplinks, wanted)


def _few_nat_addresses(
    context: Context, clusters: Sequence[End], uplinks: Sequence[Network], wanted: Sequence[str]
) -> Iterator[Finding]:
    """Yield the finding about the uplinks of one ESG, if they have or name too few addresses for the VIPs of ICP."""
    named = {a.name for n in uplinks for a in n.addresses} - {"uplink", "gateway"}
    room = sum(usable(n.prefix, n.kind) for n in uplinks if n.prefix is not None)
    own = tuple(n.name for n in uplinks)
    if all(n.prefix is not None for n in uplinks) and room < len(wanted) + 1:
        yield nat_addresses.finding(
            f"{', '.join(own)} has {room:,} addresses, but uplink and {len(wanted):,} VIPs of ICP need"
            f" {len(wanted) + 1:,}",
            uplinks[0].cidr_key,
            networks=own,
            cidrs=ranges_of(*uplinks),
        )
    elif len(clusters) == 1 and len(named) < len(wanted):
        yield nat_addresses.finding(
            f"{', '.join(own)} names {len(named):,} of the {len(wanted):,} addresses for NAT that the VIPs of"
            f" ICP need: {', '.join(wanted)}",
            uplinks[0].key,
            severity="warning",
            networks=own,
            help=f"write addresses = {{ uplink = 4, icp-master = 5, icp-proxy = 6 }} in {uplinks[0].name}",
        )
    elif len(clusters) > 1 and (missing := _unclear(context, clusters, named)):
        yield nat_addresses.finding(
            f"{', '.join(own)} names no address for {', '.join(missing)}:"
            f" {len(clusters):,} ICP clusters are behind this ESG",
            uplinks[0].key,
            severity="warning",
            networks=own,
            help=f"write {', '.join(f'{name} = {nth}' for nth, name in enumerate(missing, 3))}, or other free"
            f" addresses, under addresses of {uplinks[0].name}",
        )


def _vips(context: Context, cluster: End) -> list[str]:
    """Return the names of the virtual addresses of an ICP cluster."""
    workers = context.landscape.ends.of_cluster(cluster, "icp-worker")
    return [a.name for n in workers for a in n.addresses if a.name.endswith("vip")]


def _unclear(context: Context, clusters: Sequence[End], named: set[str]) -> list[str]:
    """Return the names that addresses of the ESG need for several clusters, and that are missing."""
    found = []
    for cluster in clusters:
        workers = context.landscape.ends.of_cluster(cluster, "icp-worker")
        own = {a.name for n in workers for a in n.addresses}
        for what, wanted in (("master", names.MASTER_VIP), ("proxy", names.PROXY_VIP)):
            if own.intersection(wanted) and f"{cluster.name}-{what}" not in named:
                found.append(f"{cluster.name}-{what}")
    return found


@rule("error", source=DIRECT_LINK, judges="in service")
def too_many_routes(context: Context) -> Iterator[Finding]:
    """A site announces more prefixes over Direct Link than a VRF accepts.

    Why: a VRF accepts 200 prefixes, or 120 with a transit gateway. With more, the session is closed.

    Do: put networks under covering prefixes, so that fewer routes reach them.
    """
    for bundle in context.joining("routed"):
        if bundle.pair != "site-private":
            continue
        for site in bundle.first:
            announced = context.landscape.tunnels.subnets(bundle.joint(site), site)
            if len(announced) > _MOST_PREFIXES:
                who = site.title if context.plan.sites else "the enterprise"
                yield too_many_routes.finding(
                    f"{who} announces at least {len(announced):,} prefixes, but a VRF accepts {_MOST_PREFIXES:,}",
                    bundle.key,
                )


@rule("warning", source=_STATIC_ROUTES, judges="in service")
def static_route_refused(context: Context) -> Iterator[Finding]:
    """IKS workers need a static route to an enterprise network, but IKS rejects one for its range.

    Why: classic servers have private routes to 10.0.0.0/8, 161.26.0.0/16 and 166.8.0.0/14, and answer everybody
    else on the public side. Then the reverse path filter drops packets from the enterprise. IKS rejects static
    routes to 172.16.0.0/16 and 172.18.0.0/16 to 172.20.0.0/16, and to summaries that contain one of these.

    Do: translate the network on the link to ibm-private (nat), or write a summary as its parts.
    """
    routed = [bundle for bundle in context.joining("routed") if bundle.pair == "site-private"]
    if not routed or not context.landscape.ends.of_platform("iks"):
        return
    from ipplan.landscape.static_routes import REFUSED, refuses

    landscape = context.landscape
    classic = RangeSet(landscape.classic)
    for bundle in routed:
        for site in bundle.first:
            for item in landscape.ends.carriage.carried(bundle.joint(site), site):
                prefix = item.prefix
                if prefix is None or prefix.version != 4 or classic.covers(prefix) or not refuses(prefix):
                    continue
                network = item.network
                shown = "" if item.shown is None else f", translated to {item.shown},"
                yield static_route_refused.finding(
                    f"{label(network)}{shown} is behind Direct Link, but IKS rejects a static route to it on workers",
                    network.cidr_key if item.shown is None else bundle.key,
                    networks=(network.name,),
                    cidrs=(prefix,),
                    because=(
                        f"it contains {_few(RangeSet([prefix]) & REFUSED)}, which IKS reserves for itself",
                        "without a route workers answer on their public side",
                    ),
                    help=_instead(network, site, item, prefix),
                )


def _few(ranges: RangeSet) -> str:
    found = [str(prefix) for prefix in ranges.prefixes()]
    return ", ".join(found[:4]) + (f" and {len(found) - 4:,} more" if len(found) > 4 else "")


def _instead(network: Network, site: End, item: Carried, prefix: Prefix) -> str:
    """Return the next step for a range that IKS rejects: narrower parts of a summary, or a translation."""
    from ipplan.landscape.static_routes import REFUSED

    rest = RangeSet([prefix]) - REFUSED
    if rest and item.shown is None:
        return f"write the parts that the enterprise uses as separate networks: {_few(rest)} can be reached"
    return (
        f'write nat = [{{ network = "{network.name}", as = "RANGE" }}] in the [[link]] of {site.name} and ibm-private,'
        f" with a free /{prefix.length} of 10.0.0.0/8 as RANGE"
    )


@rule("warning", source=ARCHITECTURE, judges="in service")
def on_premises_address(context: Context) -> Iterator[Finding]:
    """A stretched network names no address for the router on premises.

    Why: VMs answer the enterprise through the DLR, which needs a route to that router in one of the stretched
    networks. Without the route, answers leave through the ESG and are lost.

    Do: name an address on-premises in one of the stretched networks, or write gateway-on = "on-premises" in
    networks whose router stays on premises.
    """
    stretching = list(context.joining("l2-extension"))
    if not stretching:
        return
    from ipplan.landscape.holders import first_named

    ends = context.landscape.ends
    for bundle in stretching:
        if not any(ends.carriage.carried(bundle.joint(site), site) for site in bundle.first):
            continue
        for edge in bundle.second:
            carried = ends.carriage.carried(bundle.joint(None, edge), edge)
            stretched = [item.network for item in carried if not ends.on_premises(item.network)]
            if not stretched or first_named(stretched, *names.ON_PREMISES) is not None:
                continue
            own = stretched[0]
            what = own.name if len(stretched) == 1 else f"none of {_listed(stretched)}"
            yield on_premises_address.finding(
                f"{what} {'names no' if len(stretched) == 1 else 'names an'} address on-premises, but"
                f" {'the edge' if edge.name is None else edge.title} needs one for its route to the enterprise",
                own.key if bundle.link is None else bundle.key,
                networks=tuple(n.name for n in stretched[:_MOST_NAMED]),
                cidrs=ranges_of(*stretched[:_MOST_NAMED]),
                help=_reserve(own),
            )


_MOST_NAMED = 8
"""Name at most this many networks in one finding."""


def _listed(networks: Sequence[Network]) -> str:
    text = ", ".join(n.name for n in networks[:_MOST_NAMED])
    return text + (f" and {len(networks) - _MOST_NAMED:,} more" if len(networks) > _MOST_NAMED else "")


def _reserve(network: Network) -> str:
    """Return how to name the last free address of a network."""
    number = -1
    if network.prefix is None:
        used = {address.nth for address in network.addresses}
        while number in used:
            number -= 1
    else:
        used = {address.resolve(network.prefix) for address in network.addresses}
        value = last_usable(network.prefix)
        while value in used:
            value -= 1
        number = value - network.prefix.first
    entry = f"on-premises = {number}"
    if network.addresses:
        return f"add {entry} to addresses of {network.name}, or another address of the router there"
    return f"write addresses = {{ {entry} }} in {network.name}, or another address of the router there"
