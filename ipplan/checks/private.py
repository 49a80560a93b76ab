"""IBM Cloud's private network: routing between subnets, and VLANs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.checks.labels import others, ranges_of
from ipplan.checks.registry import rule
from ipplan.checks.sources import ARCHITECTURE
from ipplan.findings import Source

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ipplan.checks.context import Context
    from ipplan.findings import Finding
    from ipplan.landscape import End, Joint
    from ipplan.landscape.plan_ends import Ends
    from ipplan.plan.model import Network

_VLANS = Source(
    "IBM Cloud docs, vlans: VLAN spanning, frequently asked questions",
    "https://github.com/ibm-cloud-docs/vlans/blob/a2b3a93/vlan-spanning.md",
    "2025-07-21",
)
_WORKERS = "iks-worker-private"
_UPLINK = "vcs-esg-private"
_MOST_NAMED = 4
"""Name at most this many networks in one message."""
_MOST_REASONS = 3
"""Give at most this many reasons in one finding."""


@rule("warning", source=_VLANS, judges="in service")
def account_routing(context: Context) -> Iterator[Finding]:
    """Private subnets have to reach each other, but the plan does not state what routes between them.

    Why: two private subnets of an account cannot reach each other, even on one VLAN, until the account has VLAN
    spanning or a VRF. Both are off by default. Without them there is no connection between workers in several
    subnets, or between workers and an ESG that are joined through the BCR.

    Do: order a VRF for the account, or turn on VLAN spanning; then state it as account-routing under [integration].
    """
    plan = context.plan
    if plan.account_routing is not None or not (plan.links or context.by_kind[_WORKERS]):
        return
    found: dict[str, Network] = {}
    reasons: list[str] = []
    for networks, reason in _routed(context):
        if any(network.name not in found for network in networks):
            reasons.append(reason)
        found.update((network.name, network) for network in networks)
    if not found:
        return
    networks = list(found.values())
    more = f" and {len(networks) - _MOST_NAMED:,} more" if len(networks) > _MOST_NAMED else ""
    yield account_routing.finding(
        f"{', '.join(n.name for n in networks[:_MOST_NAMED])}{more} have to reach each other over the BCR, "
        "but the plan does not state account-routing",
        networks[0].cidr_key,
        networks=tuple(found),
        cidrs=ranges_of(*networks),
        related=others(*networks[1:_MOST_NAMED]),
        because=tuple(reasons[:_MOST_REASONS]),
        help='write account-routing = "vrf" or "vlan-spanning" under [integration], as the account has it',
    )


def _routed(context: Context) -> Iterator[tuple[Sequence[Network], str]]:
    """Yield private subnets that have to reach each other through the BCR, with the reason."""
    landscape = context.landscape
    ends = landscape.ends
    uplinks = {e: (bool(ends.of_edge(e, _UPLINK)), ends.tunnel_addresses.uplink(e)) for e in ends.edges}
    for cluster in ends.of_platform("iks"):
        workers = ends.of_cluster(cluster, _WORKERS)
        if len(workers) > 1:
            yield workers, f"{cluster.title} has workers in {len(workers):,} private subnets"
        joint = _through_bcr(ends, cluster, uplinks) if workers else None
        if joint is not None:
            yield (
                [*workers, *ends.of_edge(joint.second, _UPLINK)],
                _over_bcr(joint),
            )
    for edge in ends.edges:
        for joint in ends.links.written_of(edge):
            if joint.pair == "edge-edge" and joint.method == "ipsec" and landscape.tunnels.ends_privately(joint):
                both = (joint.first, joint.second)
                yield (
                    [n for end in both for n in ends.of_edge(end, _UPLINK)],
                    _over_bcr(joint),
                )


def _over_bcr(joint: Joint) -> str:
    return f"{joint.first.title} and {joint.second.title} are joined by {joint.method}, which goes over the BCR"


def _through_bcr(ends: Ends, cluster: End, uplinks: Mapping[End, tuple[object, ...]]) -> Joint | None:
    """Return a link of an IKS cluster whose packets go from workers to an ESG through the BCR.

    The short form may join a cluster with thousands of edges, so only one edge is tried for each sort of uplink.
    """
    sorts = len(set(uplinks.values()))
    seen: set[tuple[object, ...]] = set()
    by_edge = bool(ends.tunnel_addresses.edges(cluster))
    for joint in ends.links.of_pair(cluster, "iks-edge"):
        own = uplinks[joint.second]
        if joint.link is None and not by_edge:
            if len(seen) == sorts:
                return None
            if own in seen:
                continue
            seen.add(own)
        routed = joint.method in ("static-nat", "bgp")
        private = joint.method == "strongswan" and ends.tunnel_addresses.ends_privately(joint, cluster)
        if (routed or private) and ends.of_edge(joint.second, _UPLINK):
            return joint
    return None


@rule("warning", source=ARCHITECTURE, judges="in service")
def common_vlan_pods(context: Context) -> Iterator[Finding]:
    """Workers and ESG have to share a VLAN, but their subnets lie in ranges of different BCR pods.

    Why: with common-vlan the ESG is a BGP peer of the workers on one VLAN. A VLAN belongs to one pod of a data
    center, so subnets of two pods are never on one VLAN, and the peers cannot connect.

    Do: order the workers or the ESG on the VLAN of the other, or choose "bgp", "static-nat" or "strongswan".
    """
    plan = context.plan
    if "common-vlan" not in (plan.integration.get("iks-vcs"), *(link.method for link in plan.links)):
        return
    ends = context.landscape.ends
    pods_of: dict[End, Pods] = {}
    for cluster in ends.of_platform("iks"):
        workers = [n for n in ends.of_cluster(cluster, _WORKERS) if n.prefix is not None]
        near = _pods(context, workers)
        apart: list[Joint] = []
        for joint in ends.links.of_pair(cluster, "iks-edge") if near else ():
            if joint.method == "common-vlan":
                if joint.second not in pods_of:
                    pods_of[joint.second] = _pods(context, ends.of_edge(joint.second, _UPLINK))
                far = pods_of[joint.second]
                if far and near.isdisjoint(far):
                    apart.append(joint)
        if apart:
            edge = apart[0].second
            uplinks = ends.of_edge(edge, _UPLINK)
            networks = (*workers, *uplinks)
            further = len(apart) - 1
            others_too = "so does 1 more edge" if further == 1 else f"so do {further:,} more edges"
            more = f", and {others_too}" if further else ""
            yield common_vlan_pods.finding(
                f"{_names(workers)} in pod {_words(near)} and {_names(uplinks)} in pod {_words(pods_of[edge])} "
                "cannot be on one VLAN",
                workers[0].cidr_key,
                networks=tuple(n.name for n in networks),
                cidrs=ranges_of(*networks),
                related=others(*networks[1:]),
                because=(f"{apart[0].title} needs both on one VLAN{more}",),
            )


Pods = frozenset[tuple[str, str]]
"""Pods by data center and name."""


def _pods(context: Context, networks: Iterable[Network]) -> Pods:
    """Return data center and pod of every published range that contains one of the networks."""
    return frozenset(
        (row.data_center, row.pod.replace("BRC", "BCR"))  # one table of IBM's prints the pods of dal09 so
        for prefix in ranges_of(*networks)
        for row in context.catalog.overlapping(prefix)
        if row.category.scope == "private" and row.data_center and row.pod and row.prefix.covers(prefix)
    )


def _words(pods: Pods) -> str:
    return " or ".join(f"{center} {pod}" for center, pod in sorted(pods))


def _names(networks: Iterable[Network]) -> str:
    return ", ".join(network.name for network in networks)
