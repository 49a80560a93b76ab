"""What each way of joining the platforms needs, and what forbids it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.addresses import RangeSet
from ipplan.checks.registry import RULES, rule
from ipplan.findings import Source
from ipplan.plan.names import ICP_TUNNEL, TUNNEL
from ipplan.plan.sizing import usable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ipplan.addresses import Prefix
    from ipplan.checks.context import Context
    from ipplan.findings import Finding
    from ipplan.plan.methods import IntegrationKey
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
_CALICO_ASN = 64512
"""What Calico announces with unless told otherwise (projectcalico/libcalico-go @7d7eb71, BGPConfiguration)."""
_EXCLUDED_ASNS = (
    (0, 0), (13884, 13884), (36351, 36351), (64512, 64513), (65100, 65100), (65201, 65234), (65402, 65433),
    (65500, 65500), (4201065000, 4201065999),
)  # fmt: skip
"""Autonomous system numbers that IBM Cloud uses itself, first and last (direct-link subnet-configuration.md)."""
_MOST_PREFIXES = 200
"""Prefixes that a VRF takes over Direct Link (direct-link subnet-configuration.md)."""


@rule("excluded-asn", "error", "warning", source=_DIRECT_LINK)
def excluded_asn(context: Context) -> Iterator[Finding]:
    """A BGP speaker that announces to IBM Cloud has an autonomous system number that IBM excludes.

    Why: IBM Cloud uses these numbers itself and drops what comes from them as a loop. Calico's default, 64512, is
    one of them, so workers that peer with the BCR need another; a plan that states none gets a warning.

    Do: state another private number, such as 64999, and set the same in Calico, on the ESG or on the router.
    """
    plan = context.plan
    speakers = []
    if plan.integration.get("iks-vcs") == "bgp":
        speakers += ["iks-asn", "esg-asn"]
    if plan.integration.get("enterprise") == "routed":
        speakers.append("enterprise-asn")
    for key in speakers:
        asn = plan.asns.get(key)
        if asn is None and key == "iks-asn":
            yield RULES["excluded-asn"].finding(
                f'integration iks-vcs = "bgp" states no iks-asn, and Calico\'s default {_CALICO_ASN} is excluded',
                ("integration", "iks-vcs"),
                severity="warning",
                help="write iks-asn = 64999 under [integration], or the number that was agreed with IBM",
            )
        elif asn is not None and any(first <= asn <= last for first, last in _EXCLUDED_ASNS):
            yield RULES["excluded-asn"].finding(
                f"{key} {asn} is a number that IBM Cloud uses itself",
                ("integration", key),
                help="64999 is what IBM gives customers by default; 64514 to 65099 are free as well",
            )


@rule("calico-peering", "warning", "note", source=_LIMITS)
def calico_peering(context: Context) -> Iterator[Finding]:
    """The integration changes Calico on IKS workers, which IKS does not support, or which IBM has to approve.

    Why: BGP peers are Calico resources of the cluster, and IKS supports neither changed components nor a changed
    default pool: an update may undo it. Peering with the BCR (a note) is no standard offering either.

    Do: ask IBM before relying on it, or choose "strongswan", which needs neither.
    """
    method = context.plan.integration.get("iks-vcs")
    if method == "common-vlan":
        yield RULES["calico-peering"].finding(
            'iks-vcs = "common-vlan" makes the ESG a BGP peer of Calico, and IKS does not support changes to Calico',
            ("integration", "iks-vcs"),
        )
    elif method == "bgp":
        yield RULES["calico-peering"].finding(
            'iks-vcs = "bgp" has to be requested from IBM and approved: peering with the BCR is no standard offering',
            ("integration", "iks-vcs"),
            severity="note",
            source=_ARCHITECTURE,
        )


def _tunnels(context: Context) -> list[str]:
    """Return the integrations that are strongSwan tunnels."""
    keys: tuple[IntegrationKey, ...] = ("iks-vcs", "iks-icp")
    return [key for key in keys if context.plan.integration.get(key) == "strongswan"]


@rule("tunnel-address", "warning", source=_CHART)
def tunnel_address(context: Context) -> Iterator[Finding]:
    """A strongSwan tunnel has no public portable address of its own to end at.

    Why: loadBalancerIP of the strongSwan chart takes only a free portable public address of the cluster; any other
    is logged as an error and the service stays without address. The reference architecture draws a private one. And
    where the ESG ends one tunnel and forwards another to ICP, each needs an address of the ESG: IKE has one port.

    Do: name an address strongswan in the cluster's network of kind iks-ingress-public; or let the chart dial out
    (ipsec.auto = start) and waive this. For ICP, name icp-strongswan in the network of kind vcs-esg-public.
    """
    keys = _tunnels(context)
    if not keys:
        return
    public, private = _named_in(context, "iks-ingress-public"), _named_in(context, "iks-ingress-private")
    for cluster in context.plan.clusters.values():
        if cluster.platform != "iks" or cluster.name in public:
            continue
        because: tuple[str, ...] = ()
        own = private.get(cluster.name)
        if own is not None:
            because = (f"{own.name} names one, and the chart does not take a private address",)
        yield RULES["tunnel-address"].finding(
            f"cluster {cluster.name} names no public portable address for the tunnel of {' and '.join(keys)}",
            ("integration", keys[0]) if own is None else (*own.key, "addresses"),
            networks=() if own is None else (own.name,),
            because=because,
            help="write addresses = { strongswan = 3 } in its network of kind iks-ingress-public",
        )
    edges = context.by_kind["vcs-esg-public"]
    if len(keys) == 2 and edges and not any(a.name in ICP_TUNNEL for n in edges for a in n.addresses):
        yield RULES["tunnel-address"].finding(
            f"{', '.join(n.name for n in edges)} names no address for the tunnel to ICP, and the ESG ends that of iks-vcs itself",
            edges[0].key,
            networks=tuple(n.name for n in edges),
            help="write icp-strongswan = 5, or another free address, under addresses there",
        )


def _named_in(context: Context, kind: str) -> dict[str | None, Network]:
    """Return by cluster the network of a kind that sets an address aside for a tunnel."""
    return {
        network.cluster: network
        for network in context.by_kind[kind]
        if any(address.name in TUNNEL for address in network.addresses)
    }


@rule("ike-version", "error", source=_CHART)
def ike_version(context: Context) -> Iterator[Finding]:
    """A tunnel with IKEv1 has more than one subnet on a side.

    Why: with ipsec.keyexchange = ikev1 the strongSwan chart carries one local and one remote subnet; pods,
    services and workers are three. NSX edges propose IKEv1 unless they are told otherwise.

    Do: use IKEv2 on both sides (leave out ike, or write ike = 2), or bring each side under one prefix with `group`.
    """
    if context.plan.ike != 1:
        return
    overlay = _merged(context, ("vcs-vm", "vcs-transit", "icp-worker"))
    icp = _merged(context, ("icp-pod", "icp-service", "icp-worker"))
    iks = _merged(context, ("iks-pod", "iks-service", "iks-worker-private"))
    for key in _tunnels(context):
        far, what = (overlay, "the vCenter Server instance") if key == "iks-vcs" else (icp, "ICP")
        if len(iks) > 1 or len(far) > 1:
            yield RULES["ike-version"].finding(
                f"ike = 1, and the tunnel of {key} has {len(iks):,} subnets on the side of IKS "
                f"and {len(far):,} on that of {what}",
                ("integration", "ike"),
                help="write ike = 2",
            )


def _merged(context: Context, kinds: Iterable[str]) -> tuple[Prefix, ...]:
    """Return the ranges of some kinds in the fewest prefixes; a network without a range counts in none."""
    chosen = frozenset(kinds)
    return tuple(
        RangeSet(n.prefix for n in context.networks if n.kind.name in chosen and n.prefix).prefixes()
    )


@rule("vrf-needed", "error", source=_VRF)
def vrf_needed(context: Context) -> Iterator[Finding]:
    """The enterprise is routed over Direct Link, and the account uses VLAN spanning.

    Why: Direct Link needs a VRF for the account, and a VRF ends VLAN spanning and IBM's IPsec VPN; the change
    interrupts the private network for up to 30 minutes.

    Do: plan the move to a VRF, then write account-routing = "vrf".
    """
    plan = context.plan
    if plan.integration.get("enterprise") == "routed" and plan.account_routing == "vlan-spanning":
        yield RULES["vrf-needed"].finding(
            'enterprise = "routed" needs a VRF, and the account has VLAN spanning',
            ("integration", "account-routing"),
            help='write account-routing = "vrf" once the account is moved',
        )


@rule("nat-addresses", "error", "warning", source=_ARCHITECTURE)
def nat_addresses(context: Context) -> Iterator[Finding]:
    """The private uplink of the ESG has no address for each virtual address of ICP.

    Why: the master and proxy VIPs of ICP are reached from IBM Cloud's private network by DNAT, one address of the
    ESG's portable subnet each, beside that of the uplink. Too small a subnet is an error, addresses that are not
    named are a warning.

    Do: name the addresses in the network of kind vcs-esg-private, or order a larger subnet.
    """
    if context.plan.integration.get("icp-vcs") != "nat":
        return
    vips = [a.name for n in context.by_kind["icp-worker"] for a in n.addresses if a.name.endswith("vip")]
    uplinks = context.by_kind["vcs-esg-private"]
    if not vips or not uplinks:
        return
    named = [a.name for n in uplinks for a in n.addresses if a.name not in ("uplink", "gateway")]
    room = sum(usable(n.prefix, n.kind) for n in uplinks if n.prefix is not None)
    names = tuple(n.name for n in uplinks)
    if all(n.prefix is not None for n in uplinks) and room < len(vips) + 1:
        yield RULES["nat-addresses"].finding(
            f"{', '.join(names)} has {room:,} addresses, and uplink and {len(vips):,} VIPs of ICP need {len(vips) + 1:,}",
            uplinks[0].cidr_key,
            networks=names,
        )
    elif len(named) < len(vips):
        yield RULES["nat-addresses"].finding(
            f"{', '.join(names)} names {len(named):,} addresses for NAT, and ICP has {len(vips):,} VIPs: {', '.join(vips)}",
            uplinks[0].key,
            severity="warning",
            networks=names,
            help="write addresses = { uplink = 2, icp-master = 3, icp-proxy = 4 } there",
        )


@rule("too-many-routes", "error", source=_DIRECT_LINK)
def too_many_routes(context: Context) -> Iterator[Finding]:
    """The enterprise announces more prefixes than a VRF takes over Direct Link.

    Why: a VRF takes 200 prefixes, and 120 beside a transit gateway; beyond that the session is taken down.

    Do: bring networks under covering prefixes, so that fewer routes reach them.
    """
    if context.plan.integration.get("enterprise") != "routed":
        return
    announced = _merged(context, ("enterprise",))
    if len(announced) > _MOST_PREFIXES:
        yield RULES["too-many-routes"].finding(
            f"the enterprise announces {len(announced):,} prefixes at least, and a VRF takes {_MOST_PREFIXES:,}",
            ("integration", "enterprise"),
        )
