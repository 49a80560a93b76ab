"""Integration: what each method of joining clusters, edges and sites needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.addresses import RangeSet
from ipplan.checks.labels import label, ranges_of
from ipplan.checks.registry import rule
from ipplan.findings import Related, Source
from ipplan.plan import names
from ipplan.plan.names import ICP_TUNNEL, TUNNEL
from ipplan.plan.sizing import last_usable, usable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ipplan.addresses import Prefix
    from ipplan.checks.context import Context, Stated
    from ipplan.findings import Finding
    from ipplan.landscape.bundles import Bundle
    from ipplan.landscape.ends import Carried, End
    from ipplan.plan.model import Network

_DIRECT_LINK = Source(
    "IBM Cloud docs, direct-link: configuring IBM Cloud Direct Link",
    "https://github.com/ibm-cloud-docs/direct-link/blob/981d3a2/subnet-configuration.md",
    "2025-07-11",
)
_VRF = Source(
    "IBM Cloud docs, direct-link: VRF on IBM Cloud",
    "https://github.com/ibm-cloud-docs/direct-link/blob/981d3a2/vrf-on-ibm-cloud.md",
    "2024-11-22",
)
_LIMITS = Source(
    "IBM Cloud docs, containers: service limitations",
    "https://github.com/ibm-cloud-docs/containers/blob/00e8177/limitations.md",
    "2022-11-21",
)
_CHART = Source(
    "strongSwan chart of IBM Cloud Kubernetes Service, values as shipped",
    "https://github.com/lionelmace/ibmcloud-utils/blob/3351a0f/iks/strongswan/strongswan-config-orig.yaml",
    "2024-05-06",
)
_ARCHITECTURE = Source(
    "IBM Cloud docs, vmware-solutions: integration, IP addressing, and network flows",
    "https://github.com/ibm-cloud-docs/vmwaresolutions/blob/ddb0278/archiref/vcsnsxt/vcsnsxt-overview-integration.md",
    "2018-11-20",
)
_STATIC_ROUTES = Source(
    "IBM Cloud docs, containers: adding static routes to worker nodes",
    "https://github.com/ibm-cloud-docs/containers/blob/1d4bbd1/static-routes.md",
    "2026-07-27",
)
_BGP = Source(
    "RFC 4271: A Border Gateway Protocol 4 (BGP-4), sections 5.1.2 and 9.1.2",
    "https://www.rfc-editor.org/rfc/rfc4271",
    "2006-01",
)
_PUBLIC_UPLINK, _PRIVATE_UPLINK = "vcs-esg-public", "vcs-esg-private"
_CALICO_ASN = 64512
"""The number that Calico announces with by default (projectcalico/libcalico-go @7d7eb71, BGPConfiguration)."""
_EXCLUDED_ASNS = (
    (0, 0),
    (13884, 13884),
    (36351, 36351),
    (64512, 64513),
    (65100, 65100),
    (65201, 65234),
    (65402, 65433),
    (65500, 65500),
    (4201065000, 4201065999),
)
"""Autonomous system numbers that IBM Cloud uses itself, first and last (direct-link subnet-configuration.md)."""
_PROPOSED_ASNS = (64998, 64999, 64997)
"""Numbers to propose, best first. A plan whose IKS and ESG share a number states at most two, so one is left."""
_MOST_PREFIXES = 200
"""A VRF accepts at most this many prefixes over Direct Link (direct-link subnet-configuration.md)."""


@rule("error", "warning", source=_DIRECT_LINK, judges="in service")
def excluded_asn(context: Context) -> Iterator[Finding]:
    """A BGP speaker that announces to IBM Cloud has an autonomous system number (ASN) that IBM excludes.

    Why: IBM Cloud uses these numbers itself, and drops routes from them as loops. Calico's default, 64512, is one
    of them, so workers that peer with the BCR need another number. A plan that states none gets a warning.

    Do: state another private number, such as 64999, and set the same number in Calico, on the ESG or on the router.
    """
    plan = context.plan
    bgp = next(context.stated("bgp"), None)
    speakers = ["iks-asn", "esg-asn"] if bgp is not None else []
    if next(context.stated("routed", "site-private"), None) is not None:
        speakers.append("enterprise-asn")
    for key in speakers:
        asn = plan.asns.get(key)
        if asn is None and key == "iks-asn" and bgp is not None:
            yield excluded_asn.finding(
                f"{bgp.title} states no iks-asn, and Calico's default {_CALICO_ASN} is excluded",
                bgp.key,
                severity="warning",
                help="write iks-asn = 64999 under [integration], or the number agreed with IBM",
            )
        elif asn is not None and any(first <= asn <= last for first, last in _EXCLUDED_ASNS):
            yield excluded_asn.finding(
                f"{key} {asn} is a number that IBM Cloud uses itself",
                ("integration", key),
                help="write 64999, IBM's default for customers, or a number from 64514 to 65099",
            )


@rule("error", source=_BGP, judges="in service")
def asn_loop(context: Context) -> Iterator[Finding]:
    """IKS workers and ESG peer with the BCR under the same autonomous system number.

    Why: the BCR adds its own number to the AS path and passes the route on. The receiver finds its own number in
    the path, and BGP drops the route as a loop: workers learn no overlay networks, and the ESG learns no pods. On a
    common VLAN equal numbers are fine, because workers and ESG peer directly, as one autonomous system.

    Do: write different numbers for iks-asn and esg-asn, and set them in Calico and on the ESG.
    """
    # enterprise-asn does not count: a site may have static routes to what the BCR learns (see landscape, routers).
    asns = context.plan.asns
    shared = asns.get("iks-asn")
    if shared is None or shared != asns.get("esg-asn"):
        return
    bundle = next(context.joining("bgp"), None)
    if bundle is None:
        return
    from ipplan.landscape.model import BCR_ASN

    joint = bundle.joint()
    proposed = next(asn for asn in _PROPOSED_ASNS if asn not in asns.values())
    yield asn_loop.finding(
        f"iks-asn and esg-asn are both {shared}, so workers and ESG drop each other's routes as loops",
        ("integration", "esg-asn"),
        related=(Related(("integration", "iks-asn")),),
        because=(
            f"{joint.first.title} and {joint.second.title} are joined by bgp, which goes over the BCR",
            f"routes of one reach the other with the AS path {BCR_ASN} {shared}",
        ),
        help=f"write esg-asn = {proposed} under [integration]",
    )


@rule("warning", "note", source=_LIMITS, judges="in service")
def calico_peering(context: Context) -> Iterator[Finding]:
    """The integration changes Calico on IKS workers, which IKS does not support, or which IBM has to approve.

    Why: BGP peers are Calico resources of the cluster. IKS supports neither changed components nor a changed
    default pool: an update may undo the change. Peering with the BCR (a note) is not a standard offering either.

    Do: ask IBM before you rely on it, or choose "strongswan", which needs neither.
    """
    for stated in context.stated("common-vlan"):
        yield calico_peering.finding(
            f"{stated.short} makes the ESG a BGP peer of Calico, but IKS does not support changes to Calico",
            stated.key,
        )
    for stated in context.stated("bgp"):
        yield calico_peering.finding(
            f"{stated.short} needs a request to IBM and its approval: peering with the BCR is not a standard offering",
            stated.key,
            severity="note",
            source=_ARCHITECTURE,
        )


@rule("warning", source=_CHART, judges="in service")
def tunnel_address(context: Context) -> Iterator[Finding]:
    """A tunnel has no address of its own: strongSwan needs a public portable one, GRE one outside of the tunnel.

    Why: the strongSwan chart accepts only a free portable public address of the cluster as loadBalancerIP. For any
    other it logs an error, and the service has no address. The reference architecture draws a private one. A load
    balancer has its address for one release of the chart, and a release has one far end. If the ESG ends one tunnel
    and forwards another to ICP, each tunnel needs its own address of the ESG, because IKE has one port. A GRE
    tunnel needs the addresses of both ends. An end inside a network that the tunnel carries would be looked up in
    the tunnel itself.

    Do: name an address strongswan in the cluster's network of kind iks-ingress-public, and EDGE-strongswan for each
    further edge; or let the chart open the connection (ipsec.auto = start) and waive this finding. For ICP, name an
    address icp-strongswan, or CLUSTER-strongswan, in the network of kind vcs-esg-public. For GRE, name an address
    gre in an enterprise network of the site that the link does not carry.
    """
    yield from _gre_ends(context)
    tunnels = list(context.stated("strongswan"))
    if tunnels:
        yield from _cluster_ends(context, tunnels)
        yield from _shared_ends(context)
        yield from _icp_ends(context, tunnels)


def _cluster_ends(context: Context, tunnels: Sequence[Stated]) -> Iterator[Finding]:
    """Yield the IKS clusters that name no public address for their tunnels, or a private one that the chart rejects."""
    public, private = _named_in(context, "iks-ingress-public"), _named_in(context, "iks-ingress-private")
    from ipplan.landscape.ends import End

    ends = context.landscape.ends
    short = [stated for stated in tunnels if stated.joint is None]
    linked: dict[str | None, Stated] = {}
    for stated in tunnels:
        for end in (stated.joint.first, stated.joint.second) if stated.joint is not None else ():
            linked.setdefault(end.name, stated)
    for cluster in context.plan.clusters.values():
        if cluster.platform != "iks" or cluster.name in public:
            continue
        end = End("iks", cluster.name)
        opened = [s for s in short if not context.plan.links or ends.links.is_open(end, s.pair)]
        own, found = private.get(cluster.name), linked.get(cluster.name)
        if found is None and not opened:
            continue
        what = found.title if found is not None else f"the tunnel of {' and '.join(s.name for s in opened)}"
        key = found.key if found is not None else opened[0].key
        if own is None:
            message = f"cluster {cluster.name} names no public portable address for {what}"
            because: tuple[str, ...] = ()
        else:
            message = f"{own.name} names a private address for {what}, but the chart accepts no private loadBalancerIP"
            because = (
                "IKS then connects from the workers' private addresses to the private one of the ESG, and the workers'"
                " subnet is not in the tunnel",
            )
        yield tunnel_address.finding(
            message,
            key if own is None else (*own.key, "addresses"),
            networks=() if own is None else (own.name,),
            because=because,
            help="write addresses = { strongswan = 4 } in its network of kind iks-ingress-public",
        )


def _gre_ends(context: Context) -> Iterator[Finding]:
    """Yield the GRE tunnels without an address at a site, or with one that only the tunnel itself reaches."""
    for bundle in context.joining("gre"):
        for site, edge in ((site, edge) for site in bundle.first for edge in bundle.second):
            joint = bundle.joint(site, edge)
            end = context.landscape.tunnels.end_of(joint, site)
            address = None if end.gateway is None else end.gateway.prefix
            if end.gateway is None:
                message = f"{joint.title} has no address at {site.title}, but GRE needs the addresses of both ends"
                networks: tuple[str, ...] = ()
            elif address is not None and any(subnet.covers(address) for subnet in end.subnets):
                message = (
                    f"{joint.title} ends at {end.gateway} of {end.gateway.network}, which the tunnel itself carries:"
                    " its own packets would enter it"
                )
                networks = (end.gateway.network or "",)
            else:
                continue
            yield tunnel_address.finding(
                message,
                joint.key,
                networks=networks,
                help="name an address gre in an enterprise network of the site, and do not list that network under networks of"
                " the link",
            )


def _shared_ends(context: Context) -> Iterator[Finding]:
    """Yield the addresses at which an IKS cluster would end tunnels to several edges."""
    bundles: dict[End, list[Bundle]] = {}
    for bundle in context.joining("strongswan"):
        if bundle.pair == "iks-edge":
            for end in bundle.first:
                bundles.setdefault(end, []).append(bundle)
    for cluster, own in bundles.items():
        gates = context.landscape.ends.of_cluster(cluster, "iks-ingress-public")
        named = {a.name: n for n in reversed(gates) for a in n.addresses}
        found = next((name for name in TUNNEL if name in named), None)
        # A cluster that names no address connects from its workers' own addresses, to any number of edges.
        if found is None:
            continue
        far = [edge.name or "" for bundle in own for edge in bundle.second]
        shared = [name for name in far if not any(f"{name}-{word}" in named for word in TUNNEL)]
        if len(shared) > 1:
            missing = _names([f"{name}-strongswan" for name in shared[1:]])
            yield tunnel_address.finding(
                f"{cluster.title} ends the tunnels to {_names(shared)} at address {found} of {named[found].name}, but"
                " each needs its own address",
                own[0].key,
                help=f"name {missing} in the network of kind iks-ingress-public",
            )


def _names(words: Sequence[str]) -> str:
    more = len(words) - _MOST_NAMED
    return ", ".join(words[:_MOST_NAMED]) + (f" and {more:,} more" if more > 0 else "")


def _icp_ends(context: Context, tunnels: Sequence[Stated]) -> Iterator[Finding]:
    """Yield the edges that end a tunnel themselves and name no address for the tunnels of ICP clusters behind them."""
    ends, landscape = context.landscape.ends, context.landscape
    ending: set[End] = set()
    tunnelled: set[End] = set()
    for bundle in context.joining("strongswan", "ipsec"):
        ending.update(e for e in (*bundle.first, *bundle.second) if e.kind == "edge")
        tunnelled.update(e for e in (*bundle.first, *bundle.second) if e.kind == "icp")
    # An early plan has both tunnels but no ICP cluster yet.
    early = {"iks-vcs", "iks-icp"} <= {s.name for s in tunnels} and not ends.of_platform("icp")
    for edge in ends.edges:
        uplinks = ends.of_edge(edge, _PUBLIC_UPLINK)
        icp = [c for c in ends.icp_behind.get(edge, ()) if c in tunnelled]
        if not uplinks or not (early or (icp and (edge in ending or len(icp) > 1))):
            continue
        if early:
            missing = not any(a.name in ICP_TUNNEL for n in uplinks for a in n.addresses)
            wanted, what = [ICP_TUNNEL[0]] if missing else [], "the tunnel to ICP"
        else:
            unnamed = [c for c in icp if landscape.tunnels.icp_gateway(c) is None]
            alone = len(ends.icp_behind[edge]) == 1
            wanted = [ICP_TUNNEL[0] if alone else f"{c.name}-strongswan" for c in unnamed]
            what = "the tunnel to ICP" if alone else f"the tunnels to {', '.join(c.name or '' for c in unnamed)}"
        if wanted:
            why = "the ESG ends another tunnel itself" if edge in ending else "each needs its own address"
            yield tunnel_address.finding(
                f"{', '.join(n.name for n in uplinks)} names no address for {what}, and {why}",
                uplinks[0].key,
                networks=tuple(n.name for n in uplinks),
                help=f"write {' and '.join(f'{name} = {nth}' for nth, name in enumerate(wanted, 5))}, or other free"
                f" addresses, under addresses of {uplinks[0].name}",
            )


def _named_in(context: Context, kind: str) -> dict[str | None, Network]:
    """Return by cluster the network of a kind that names an address for a tunnel."""
    return {
        network.cluster: network
        for network in context.by_kind[kind]
        if any(address.name in TUNNEL or address.name.endswith(names.OF_A_PARTNER) for address in network.addresses)
    }


@rule("error", source=_CHART, judges="in service")
def ike_version(context: Context) -> Iterator[Finding]:
    """A tunnel with IKEv1 has more than one subnet on a side.

    Why: with ipsec.keyexchange = ikev1 the strongSwan chart carries one local and one remote subnet, but pods,
    services and workers are three. NSX edges propose IKEv1 unless they are configured otherwise.

    Do: use IKEv2 on both sides (remove ike, or write ike = 2), or put each side under one prefix with `group`.
    """
    if context.plan.ike != 1:
        return
    for stated in context.stated("strongswan"):
        first, second = (_most_subnets(context, stated, side) for side in (0, 1))
        if first > 1 or second > 1:
            one, two = _SIDE_TITLES.get(stated.name, ("one end", "the other"))
            yield ike_version.finding(
                f"ike = 1, but {stated.tunnel} has {first:,} subnets on the side of {one} and {second:,} on the side of"
                f" {two}",
                ("integration", "ike") if stated.joint is None else stated.key,
                help="write ike = 2",
            )


_SIDE_TITLES = {"iks-vcs": ("IKS", "the vCenter Server instance"), "iks-icp": ("IKS", "ICP")}


def _most_subnets(context: Context, stated: Stated, side: int) -> int:
    """Return the most subnets that one end has on the tunnels of a link or of a key of the short form."""
    from ipplan.landscape.ends import End, Joint

    ends, subnets = context.landscape.ends, context.landscape.tunnels.subnets
    if stated.joint is not None:
        return len(subnets(stated.joint, (stated.joint.first, stated.joint.second)[side]))
    found = [
        len(subnets(bundle.joint_of(end), end))
        for bundle in context.joining("strongswan")
        if bundle.link is None and bundle.pair == stated.pair
        for end in (bundle.first, bundle.second)[side]
    ]
    if not found and side == 0:
        # The far end is not in the plan yet, but the subnets of the clusters are known.
        unknown = End("edge" if stated.name == "iks-vcs" else "icp", None)
        found = [
            len(subnets(Joint(stated.pair, cluster, unknown, "strongswan"), cluster))
            for cluster in ends.of_platform("iks")
        ]
    return max(found, default=0)


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


@rule("error", "warning", source=_ARCHITECTURE, judges="in service")
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
        if not wanted or not uplinks:
            continue
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


@rule("error", source=_DIRECT_LINK, judges="in service")
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
    for bundle in context.joining("routed"):
        from ipplan.landscape.static_routes import REFUSED, refuses

        landscape = context.landscape
        if bundle.pair != "site-private" or not landscape.ends.of_platform("iks"):
            continue
        classic = RangeSet(landscape.classic)
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


@rule("warning", source=_ARCHITECTURE, judges="in service")
def on_premises_address(context: Context) -> Iterator[Finding]:
    """A stretched network names no address for the router on premises.

    Why: VMs answer the enterprise through the DLR, which needs a route to that router in one of the stretched
    networks. Without the route, answers leave through the ESG and are lost.

    Do: name an address on-premises in one of the stretched networks, or write gateway-on = "on-premises" in
    networks whose router stays on premises.
    """
    for bundle in context.joining("l2-extension"):
        from ipplan.landscape.holders import first_named

        ends = context.landscape.ends
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
