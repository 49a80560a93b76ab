"""Tunnels: the addresses at which they end, and the version of IKE."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.checks.registry import rule
from ipplan.findings import Source
from ipplan.plan import names
from ipplan.plan.names import ICP_TUNNEL, TUNNEL

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ipplan.checks.context import Context, Stated
    from ipplan.findings import Finding
    from ipplan.landscape.bundles import Bundle
    from ipplan.landscape.ends import End
    from ipplan.plan.model import Network

_CHART = Source(
    "strongSwan chart of IBM Cloud Kubernetes Service, values as shipped",
    "https://github.com/lionelmace/ibmcloud-utils/blob/3351a0f/iks/strongswan/strongswan-config-orig.yaml",
    "2024-05-06",
)
_GRE = Source(
    "RFC 2784: Generic Routing Encapsulation (GRE)",
    "https://www.rfc-editor.org/rfc/rfc2784",
    "2000-03",
)
_PUBLIC_UPLINK = "vcs-esg-public"
_MOST_NAMED = 8
"""Name at most this many networks in one finding."""


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
                source=_GRE,
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
