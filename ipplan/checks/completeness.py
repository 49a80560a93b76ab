"""Completeness: missing networks and unknown names (warnings only)."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from ipplan.checks.labels import ranges_of
from ipplan.checks.registry import rule
from ipplan.checks.sources import ARCHITECTURE
from ipplan.findings import Source
from ipplan.plan.choices import RETIRED
from ipplan.plan.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ipplan.checks.context import Context
    from ipplan.findings import Finding, KeyPath
    from ipplan.landscape.ends import End
    from ipplan.plan.methods import IntegrationKey, Method, Pair
    from ipplan.plan.model import Network

_ICP = Source(
    "IBM Cloud Private 3.1.1: Kubernetes network model",
    "https://www.ibm.com/docs/en/cloud-private/3.1.1?topic=networking-kubernetes-network-model",
)

_CLUSTER_KINDS = {
    "iks": (("iks-pod",), ("iks-service",), ("iks-worker-private", "iks-worker-public")),
    "icp": (("icp-pod",), ("icp-service",), ("icp-worker",)),
}
_INTEGRATION_KINDS: dict[tuple[IntegrationKey, Method], Sequence[str]] = {
    ("icp-vcs", "nat"): ("icp-worker", "vcs-esg-public", "vcs-esg-private"),
    ("iks-vcs", "common-vlan"): ("iks-worker-private", "vcs-esg-private", "vcs-vm"),
    ("iks-vcs", "strongswan"): ("iks-worker-private", "iks-ingress-private", "vcs-esg-private", "vcs-vm"),
    ("iks-vcs", "static-nat"): ("iks-worker-private", "vcs-esg-private", "vcs-vm"),
    ("iks-vcs", "bgp"): ("iks-worker-private", "vcs-esg-private", "vcs-vm"),
    ("iks-icp", "strongswan"): ("iks-worker-private", "icp-worker"),
    ("enterprise", "l2-extension"): ("enterprise", "vcs-vm", "vcs-hcx"),
    ("enterprise", "routed"): ("enterprise",),
}
"""The kinds of network that a plan needs for each key and method of the short form."""
_UPLINK = "vcs-esg-public or vcs-esg-private"
_BEHIND = "vcs-vm or icp-worker"
_LINK_KINDS: dict[tuple[Pair, Method], tuple[Sequence[str], Sequence[str]]] = {
    ("iks-edge", "common-vlan"): (("iks-worker-private",), ("vcs-esg-private", _BEHIND)),
    ("iks-edge", "strongswan"): (("iks-worker-private",), (_UPLINK, _BEHIND)),
    ("iks-edge", "static-nat"): (("iks-worker-private",), ("vcs-esg-private", "vcs-vm")),
    ("iks-edge", "bgp"): (("iks-worker-private",), ("vcs-esg-private", _BEHIND)),
    ("icp-edge", "nat"): (("icp-worker",), ("vcs-esg-public", "vcs-esg-private")),
    ("iks-icp", "strongswan"): (("iks-worker-private",), ("icp-worker",)),
    ("iks-iks", "strongswan"): (("iks-worker-private",), ("iks-worker-private",)),
    ("icp-icp", "strongswan"): (("icp-worker",), ("icp-worker",)),
    ("edge-edge", "ipsec"): ((_UPLINK, _BEHIND), (_UPLINK, _BEHIND)),
    ("edge-edge", "routed"): (("vcs-esg-private", _BEHIND), ("vcs-esg-private", _BEHIND)),
    ("site-edge", "l2-extension"): (("enterprise",), ("vcs-vm", "vcs-hcx")),
    ("site-edge", "ipsec"): (("enterprise",), (_UPLINK, _BEHIND)),
    ("site-edge", "gre"): (("enterprise",), (_UPLINK, _BEHIND)),
    ("site-private", "routed"): (("enterprise",), ()),
}
"""The kinds of network that each end of a link needs, by pair and method; "A or B" means one of the two."""


@rule("warning", source=ARCHITECTURE, judges="in service")
def incomplete_cluster(context: Context) -> Iterator[Finding]:
    """A cluster has no pod, service or worker network in the plan.

    Why: the platform then uses its default range. The checks include the defaults of IKS. ICP's defaults,
    10.1.0.0/16 and 10.0.0.0/16, lie inside the services network of IBM Cloud and must not be used.

    Do: add the missing networks. Without a cidr, networks of ICP are allocated and networks of IKS get their
    default.
    """
    needed = [kind for groups in _CLUSTER_KINDS.values() for kinds in groups for kind in kinds]
    have = {(n.cluster, kind) for kind in needed for n in context.by_kind[kind]}
    defaults_of: dict[str | None, list[Network]] = {}
    for network in context.plan.defaults:
        if not network.declared:
            defaults_of.setdefault(network.cluster, []).append(network)
    for cluster in context.plan.clusters.values():
        missing = [
            kinds[0]
            for kinds in _CLUSTER_KINDS[cluster.platform]
            if not any((cluster.name, kind) in have for kind in kinds)
        ]
        if missing:
            defaults = defaults_of.get(cluster.name, [])
            because = tuple(f"its {n.kind.role}s get the default {n.prefix}" for n in defaults)
            icp = cluster.platform == "icp" and bool(defaults)
            if icp:
                because += ("ICP's defaults lie inside the services network of IBM Cloud",)
            yield incomplete_cluster.finding(
                f"cluster {cluster.name} has no network of kind {' or '.join(missing)}",
                ("clusters", cluster.name),
                cidrs=ranges_of(*defaults),
                because=because,
                help=f'add [networks.NAME] with kind = "{missing[0]}" and cluster = "{cluster.name}"',
                source=_ICP if icp else None,
            )


@rule("warning", source=ARCHITECTURE, judges="in service")
def incomplete_integration(context: Context) -> Iterator[Finding]:
    """An integration is chosen, but networks that it joins or needs are not in the plan.

    Why: ipplan cannot check their addresses, and cannot write the routes, tunnels and NAT rules.

    Do: add the networks, those of IBM Cloud without cidr until they are ordered; or choose "none".
    """
    have = {kind for kind, networks in context.by_kind.items() if networks}
    for (key, method), kinds in _INTEGRATION_KINDS.items():
        missing = [kind for kind in kinds if kind not in have]
        if missing and any(s.joint is None and s.name == key for s in context.stated(method)):
            yield incomplete_integration.finding(
                f'integration {key} = "{method}" needs networks of kind {", ".join(missing)}, and the plan has none',
                ("integration", key),
                help=f'add [networks.NAME] with kind = "{missing[0]}" ({KINDS[missing[0]].title})',
            )
    for joint in context.landscape.ends.links.written if context.plan.links else ():
        needed = _LINK_KINDS.get((joint.pair, joint.method), ((), ())) if joint.method is not None else ((), ())
        for end, kinds in zip((joint.first, joint.second), needed, strict=True):
            missing = [kind for kind in kinds if not any(_has(context, end, k) for k in kind.split(" or "))]
            if missing:
                kind = missing[0].split(" or ")[0]
                owner = "cluster" if end.kind in ("iks", "icp") else end.kind
                whose = f' and {owner} = "{end.name}"' if owner != "site" or context.plan.sites else ""
                yield incomplete_integration.finding(
                    f"{joint.title} needs networks of kind {', '.join(missing)} at {end.title}, and the plan has none",
                    joint.key,
                    help=f'add [networks.NAME] with kind = "{kind}"{whose} ({KINDS[kind].title})',
                )


def _has(context: Context, end: End, kind: str) -> bool:
    """Return whether an end has a network of a kind."""
    ends = context.landscape.ends
    if end.kind in ("iks", "icp"):
        return bool(ends.of_cluster(end, kind))
    if end.kind == "edge":
        own = ends.stretched_behind(end) if kind in _BEHIND.split(" or ") else ends.of_edge(end, kind)
        return any(network.kind.name == kind for network in own)
    return bool(ends.of_site(end))


@rule("warning", source=Source("the plan's own sites"), judges="in service")
def site_missing(context: Context) -> Iterator[Finding]:
    """An enterprise network names no site, and the plan has several.

    Why: no link leads to a network at an unknown site. So its overlaps are not judged, and its routes are not
    written.

    Do: write site = "NAME" in the network.
    """
    sites = list(context.plan.sites)
    if len(sites) < 2:
        return
    listed = ", ".join(sites[:4]) + (" ..." if len(sites) > 4 else "")
    for network in context.by_kind["enterprise"]:
        if network.site is None:
            yield site_missing.finding(
                f"{network.name} names no site, and the plan has {len(sites):,}",
                network.key,
                networks=(network.name,),
                cidrs=ranges_of(network),
                help=f'write site = "{sites[0]}", or another of {listed}',
            )


@rule("warning", source=Source("the data centers in the catalogue's edition"))
def unknown_data_center(context: Context) -> Iterator[Finding]:
    """The plan, an edge, a cluster or a network names a data center for which IBM Cloud publishes no range.

    Why: only the plan's own data centers count, so a typing error here turns errors into warnings.

    Do: correct the name, or choose an edition that has it.
    """
    known = {r.data_center for r in context.catalog.reservations if r.data_center}
    named: list[tuple[str, KeyPath]] = [
        (name, ("plan", "data-centers", index)) for index, name in enumerate(context.plan.data_centers)
    ]
    for name, key in (*named, *context.stated_centers):
        if name not in known:
            near = sorted(k for k in known if k[:3] == name[:3])
            yield unknown_data_center.finding(
                f"data center {name} has no row in IBM Cloud's ranges of {context.catalog.edition}",
                key,
                networks=(str(key[1]),) if key[0] == "networks" else (),
                help=f"similar names in that edition: {', '.join(near)}" if near else None,
            )


@rule("warning", source=Source("the plan's own status"))
def retired_without_range(context: Context) -> Iterator[Finding]:
    """A retired network has no range.

    Why: a retired network only keeps its range, so that no other network gets it. Without a range it keeps nothing,
    and allocate, flows and exports skip it.

    Do: write the cidr that it had, or remove the network.
    """
    retired = context.plan.retired
    if not retired.networks:
        return
    for network in context.plan.taking_part():
        if network.prefix is None and (words := retired.words("network", network.name)) is not None:
            yield retired_without_range.finding(
                f"{words}, but has no range to keep",
                (*network.key, "status") if network.status == RETIRED else network.key,
                networks=(network.name,),
                help="write the cidr that it had, or remove the network",
            )


@rule("warning", source=Source("the plan's own groups"))
def lonely_group(context: Context) -> Iterator[Finding]:
    """A group has only one member.

    Why: a group puts its members under one covering prefix. With one member it has no effect, so its name may be a
    typing error.

    Do: correct the name, or remove the group.
    """
    sizes = Counter(n.group for n in context.detailed if n.group is not None)
    for network in context.detailed:
        if network.group is not None and sizes[network.group] == 1:
            others = [name for name in sizes if name != network.group]
            near = [name for name in others if name.lower().strip() == network.group.lower().strip()] or others[:3]
            yield lonely_group.finding(
                f"{network.name} is the only member of group {network.group}",
                (*network.key, "group"),
                networks=(network.name,),
                help=f"other groups of the plan: {', '.join(near)}" if near else None,
            )
