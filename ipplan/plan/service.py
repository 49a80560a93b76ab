"""Which parts of a plan are retired, and the plan without them.

A retired part holds its ranges, and takes part in no flow and no export. Only this module decides what is retired with a
network, cluster, edge or site. It knows nothing of rules, routes or outputs; `Plan.retired` and `Plan.in_service` keep
the results.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from ipplan.plan.choices import RETIRED
from ipplan.plan.homes import Homes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ipplan.plan.methods import IntegrationKey
    from ipplan.plan.model import Cluster, Edge, Link, Network, Plan, Site

HELP = "a retired part holds its ranges, and takes part in no flow and no export. Write another status to use it"
"""The help for a command about a retired part of the plan."""


class Retired(NamedTuple):
    """The retired parts by name, each with the part that it is retired with, such as "cluster icp-old", or None."""

    networks: Mapping[str, str | None] = {}
    clusters: Mapping[str, str | None] = {}
    edges: Mapping[str, str | None] = {}
    sites: Mapping[str, str | None] = {}

    def words(self, what: str, name: str) -> str | None:
        """Return that a network, cluster, edge or site is retired, and with what; None for one in service."""
        table: Mapping[str, str | None] = getattr(self, f"{what}s")
        if name not in table:
            return None
        title = name if what == "network" else f"{what} {name}"
        cause = table[name]
        return f"{title} is retired" if cause is None else f"{title} is retired with {cause}"

    def words_of_end(self, name: str) -> str | None:
        """Return that an end of links is retired: a cluster, an edge or a site; None for one in service."""
        found = (self.words(what, name) for what in ("cluster", "edge", "site"))
        return next((words for words in found if words is not None), None)


def find_retired(plan: Plan) -> Retired:
    """Return what is retired: by its own status, or with its cluster, edge or site; linear in the plan.

    An ICP cluster is retired with the edge that it is behind, an IKS cluster is not retired with an edge. A part that
    names no edge or site is retired if all edges or sites of the plan are.
    """
    clusters = _stated(plan.clusters.values())
    edges, sites = _stated(plan.edges.values()), _stated(plan.sites.values())
    networks = _stated(plan.networks)
    if not (clusters or edges or sites):
        return Retired(networks)
    homes = Homes(plan)
    # A part that names none of several edges is behind one of them, whichever it is.
    lost_edge = "its edge" if edges and all(name in edges for name in plan.edge_names) else None
    lost_site = "its site" if sites and all(name in sites for name in plan.sites) else None

    def cause(network: Network) -> str | None:
        if network.cluster in clusters:
            return f"cluster {network.cluster}"
        kind = network.kind
        if kind.provider == "enterprise":
            site = homes.site_of(network)
            return lost_site if site is None else f"site {site}" if site in sites else None
        edge = homes.edge_of(network)
        if edge is None:
            return lost_edge if kind.of_edge or kind.platform == "icp" else None
        return f"edge {edge}" if edge in edges else None

    for cluster in plan.clusters.values():
        if cluster.platform == "icp":
            edge = homes.edge_of_cluster(cluster.name)
            words = lost_edge if edge is None else f"edge {edge}" if edge in edges else None
            if words is not None:
                clusters.setdefault(cluster.name, words)
    for network in (*plan.networks, *(n for n in plan.defaults if not n.declared)):
        if network.name not in networks and (words := cause(network)) is not None:
            networks[network.name] = words
    return Retired(networks, clusters, edges, sites)


def _stated(entries: Iterable[Network | Cluster | Edge | Site]) -> dict[str, str | None]:
    return {entry.name: None for entry in entries if entry.status == RETIRED}


def select_in_service(plan: Plan) -> Plan:
    """Return the plan without retired parts and without the links of retired ends; the same plan if nothing is retired.

    Links no longer name retired networks. A link that then names none is removed, because without names it would carry
    everything. Links keep their numbers, so that findings point at the right place of the plan.
    """
    retired = plan.retired
    if not any(retired):
        return plan
    ends = {**retired.clusters, **retired.edges, **retired.sites}
    links = [_link(link, retired.networks) for link in plan.links if not ends.keys() & set(link.ends)]
    kept = tuple(link for link in links if link is not None)
    integration = dict(plan.integration)
    if plan.links and not kept:
        # In a plan with links, a key that the short form leaves out means "none".
        integration = {**dict.fromkeys(_SIDES, "none"), **integration}
    sites = {name: site for name, site in plan.sites.items() if name not in retired.sites}
    if plan.sites and not sites:
        # A plan without [sites] has one. Here all sites are retired, so there is no site to join.
        integration["enterprise"] = "none"
    return replace(
        plan,
        whole=plan,
        integration=integration,
        clusters={name: c for name, c in plan.clusters.items() if name not in retired.clusters},
        edges={name: edge for name, edge in plan.edges.items() if name not in retired.edges},
        sites=sites,
        links=kept,
        networks=tuple(n for n in plan.networks if n.name not in retired.networks),
    )


def _link(link: Link, retired: Mapping[str, object]) -> Link | None:
    """Return a link without the retired networks that it names; None if it names no other."""
    if not link.networks and not link.nat:
        return link
    networks = tuple(name for name in link.networks if name not in retired)
    nat = tuple(entry for entry in link.nat if entry.network not in retired)
    return link._replace(networks=networks, nat=nat) if networks or nat else None


_SIDES: Mapping[IntegrationKey, tuple[str, ...]] = {
    "icp-vcs": ("icp", "edge"),
    "iks-vcs": ("iks", "edge"),
    "iks-icp": ("iks", "icp"),
    "enterprise": ("site",),
}
"""The two sides that each key of the short form joins."""


def close_retired(plan: Plan) -> Plan:
    """Return a plan in service, with each key of the short form set to "none" if all of one side is retired.

    Checks then report nothing as missing there. Exports do not use it: they show what the plan says.
    """
    whole = plan.whole
    if whole is None:
        return plan
    left = {
        "edge": not whole.edge_names or plan.edge_names,
        "site": not whole.sites or plan.sites,
    } | {platform: _has(platform, plan) or not _has(platform, whole) for platform in ("iks", "icp")}
    closed = {
        key: "none" for key, sides in _SIDES.items() if key in plan.integration and not all(left[s] for s in sides)
    }
    return replace(plan, integration={**plan.integration, **closed}) if closed else plan


def _has(platform: str, plan: Plan) -> bool:
    """Return whether a plan has a cluster of a platform, or networks of a cluster that it does not declare."""
    return any(c.platform == platform for c in plan.clusters.values()) or any(
        n.kind.platform == platform for n in plan.networks
    )
