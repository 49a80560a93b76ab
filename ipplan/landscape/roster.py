"""List who takes part in a landscape: networks, clusters, edges and sites, read from the plan alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ipplan.landscape.ends import OF_AN_EDGE, End
from ipplan.plan.kinds import KINDS
from ipplan.plan.methods import ENTERPRISE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ipplan.landscape.ends import Joint
    from ipplan.plan.methods import IntegrationKey
    from ipplan.plan.model import Cluster, Network, Plan


class Roster(NamedTuple):
    """The participants of a plan.

    `networks` are those of the plan and the platform defaults that it does not declare; `by_kind` has them by the name of
    their kind. `clusters` has None for a cluster that the plan does not declare.
    """

    plan: Plan
    networks: Sequence[Network]
    by_kind: Mapping[str, Sequence[Network]]
    clusters: Mapping[End, Cluster | None]
    platforms: Mapping[str, Sequence[End]]
    edges: tuple[End, ...]
    sites: tuple[End, ...]


def list_roster(plan: Plan) -> Roster:
    """Return the participants of a plan."""
    networks = plan.taking_part()
    by_kind: dict[str, list[Network]] = {name: [] for name in KINDS}
    for network in networks:
        by_kind[network.kind.name].append(network)
    clusters = _list_clusters(plan, by_kind)
    platforms: dict[str, list[End]] = {"iks": [], "icp": []}
    for end in clusters:
        platforms[end.kind].append(end)
    edges = _list_edges(plan, by_kind, platforms)
    return Roster(plan, networks, by_kind, clusters, platforms, edges, _list_sites(plan, by_kind))


def _list_clusters(plan: Plan, by_kind: Mapping[str, Sequence[Network]]) -> Mapping[End, Cluster | None]:
    """Return the clusters; networks of a platform that name no cluster belong to one without a name."""
    found: dict[End, Cluster | None] = {End(c.platform, c.name): c for c in plan.clusters.values()}
    for kind in KINDS.values():
        if kind.platform is not None and any(n.cluster is None for n in by_kind[kind.name]):
            found[End("iks" if kind.platform == "iks" else "icp", None)] = None
    return found


def _list_edges(
    plan: Plan, by_kind: Mapping[str, Sequence[Network]], platforms: Mapping[str, Sequence[End]]
) -> tuple[End, ...]:
    """Return the edges; one without a name where the plan names none and has networks of an edge."""
    if plan.edge_names:
        return tuple(End("edge", name) for name in plan.edge_names)
    if any(by_kind[kind] for kind in OF_AN_EDGE) or platforms["icp"]:
        return (End("edge", None),)
    return ()


def _list_sites(plan: Plan, by_kind: Mapping[str, Sequence[Network]]) -> tuple[End, ...]:
    """Return the sites; one called enterprise where the plan declares none and has networks or links of one."""
    if plan.sites:
        return tuple(End("site", name) for name in plan.sites)
    named = any(ENTERPRISE in link.ends for link in plan.links)
    # A stretched network reaches the on-premises router, even if the plan says nothing else about the site.
    stretched = stated_method(plan, "enterprise") == "l2-extension" and by_kind["vcs-vm"]
    return (End("site", ENTERPRISE),) if by_kind["enterprise"] or named or stretched else ()


def stated_method(plan: Plan, key: IntegrationKey) -> str | None:
    """Return the method of an integration key; None for undecided. In a plan with links a missing key means none."""
    return plan.integration.get(key, "none" if plan.links else None)


def edges_of_icp(roster: Roster, written: Sequence[Joint]) -> Mapping[End, End | None]:
    """Return the edge of each ICP cluster; None where the plan has several and names none for it."""
    linked = {joint.first: joint.second for joint in written if joint.pair == "icp-edge"}
    only = roster.edges[0] if len(roster.edges) == 1 else None
    named = {n.cluster: n.edge for n in reversed(roster.by_kind["icp-worker"]) if n.edge is not None}
    found: dict[End, End | None] = {}
    for end in roster.platforms["icp"]:
        cluster = roster.clusters[end]
        name = (cluster.edge if cluster is not None else None) or named.get(end.name)
        found[end] = End("edge", name) if name is not None else linked.get(end, only)
    return found


def edges_named_by_iks(roster: Roster) -> Mapping[End, frozenset[str]]:
    """Return the edges that each IKS cluster names, itself or in its networks; none means every edge."""
    found: dict[End, set[str]] = {end: set() for end in roster.platforms["iks"]}
    for end in found:
        cluster = roster.clusters[end]
        if cluster is not None and cluster.edge is not None:
            found[end].add(cluster.edge)
    for network in roster.plan.networks:
        if network.edge is not None and network.kind.platform == "iks":
            found[End("iks", network.cluster)].add(network.edge)
    return {end: frozenset(names) for end, names in found.items()}
