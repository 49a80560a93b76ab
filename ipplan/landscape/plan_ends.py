"""Place the networks of a plan: to which cluster, edge or site each belongs.

Each answer is computed on request and kept, so that one end costs what it has. Must not know routes or devices.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from ipplan.landscape.carriage import Carriage
from ipplan.landscape.ends import BEHIND, End
from ipplan.landscape.links import Links
from ipplan.landscape.roster import list_roster
from ipplan.landscape.tunnel_addresses import TunnelAddresses
from ipplan.plan.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ipplan.plan.model import Network, Plan


class Ends:
    """The ends of a plan with their networks.

    `links` has the links between them, `carriage` what links carry, `tunnel_addresses` where tunnels of IKS end.
    """

    def __init__(self, plan: Plan) -> None:
        roster = list_roster(plan)
        self.plan = plan
        self.networks = roster.networks
        self.by_kind = roster.by_kind
        self.clusters = roster.clusters
        self.edges = roster.edges
        self.sites = roster.sites
        self._platforms = roster.platforms
        self.links = Links(roster, None if plan.whole is None else Ends(plan.whole))
        self.tunnel_addresses = TunnelAddresses(self)
        self.carriage = Carriage(self)

    # Clusters.

    def of_platform(self, platform: str) -> Sequence[End]:
        """Return the clusters of a platform."""
        return self._platforms[platform]

    @cached_property
    def _of_cluster(self) -> Mapping[End, Sequence[Network]]:
        found: dict[End, list[Network]] = {end: [] for end in self.clusters}
        for kind in KINDS.values():
            if kind.platform is not None:
                for network in self.by_kind[kind.name]:
                    found[End("iks" if kind.platform == "iks" else "icp", network.cluster)].append(network)
        return found

    def of_cluster(self, cluster: End, kind: str | None = None) -> list[Network]:
        """Return the networks of a cluster, of one kind or of all."""
        return [n for n in self._of_cluster.get(cluster, ()) if kind in (None, n.kind.name)]

    # Edges.

    def edge_of(self, network: Network) -> End | None:
        """Return the edge that a network belongs to; None where the plan has several and the network names none."""
        if network.edge is not None:
            return End("edge", network.edge)
        if network.kind.platform == "icp":
            return self.edge_of_cluster(End("icp", network.cluster))
        return self.edges[0] if len(self.edges) == 1 else None

    def edge_of_cluster(self, cluster: End) -> End | None:
        """Return the edge that an ICP cluster is behind; None where the plan has several and names none for it."""
        return self.links.edge_of_icp(cluster)

    @cached_property
    def icp_behind(self) -> Mapping[End, Sequence[End]]:
        """The ICP clusters behind each edge that has some."""
        found: dict[End, list[End]] = {}
        for cluster in self.of_platform("icp"):
            if (edge := self.edge_of_cluster(cluster)) is not None:
                found.setdefault(edge, []).append(cluster)
        return found

    @cached_property
    def _of_edge(self) -> Mapping[tuple[str, End], Sequence[Network]]:
        found: dict[tuple[str, End], list[Network]] = {}
        for kind in KINDS.values():
            if kind.name.startswith("vcs-"):
                for network in self.by_kind[kind.name]:
                    if (edge := self.edge_of(network)) is not None:
                        found.setdefault((kind.name, edge), []).append(network)
        return found

    def of_edge(self, edge: End, kind: str) -> Sequence[Network]:
        """Return the networks of a kind that belong to an edge."""
        return self._of_edge.get((kind, edge), ())

    @cached_property
    def _stretched_behind(self) -> Mapping[End, Sequence[Network]]:
        found: dict[End, list[Network]] = {end: [] for end in self.edges}
        for kind in BEHIND:
            for network in self.by_kind[kind]:
                if (edge := self.edge_of(network)) is not None:
                    found[edge].append(network)
        order = {n.name: at for at, n in enumerate(self.networks)}
        return {edge: sorted(own, key=lambda n: order[n.name]) for edge, own in found.items()}

    def stretched_behind(self, edge: End) -> Sequence[Network]:
        """Return every network on the VXLANs of an edge, also those that the on-premises router routes."""
        return self._stretched_behind[edge]

    @cached_property
    def _behind(self) -> Mapping[End, Sequence[Network]]:
        return {e: [n for n in own if not self.on_premises(n)] for e, own in self._stretched_behind.items()}

    def behind(self, edge: End) -> Sequence[Network]:
        """Return the networks that an edge routes, in the order of the plan."""
        return self._behind[edge]

    # Sites.

    def on_premises(self, network: Network) -> bool:
        """Return whether the router of a network behind an edge is the one on premises, of the site that stretches it."""
        return network.gateway_on == "on-premises" and network.kind.name == "vcs-vm"

    def site_of(self, network: Network) -> End | None:
        """Return the site of a network; None where the plan has several and the network names none.

        A network that the on-premises router routes belongs to the site that stretches it. Where several sites stretch
        it, it belongs to each of them; this returns the first by name.
        """
        if network.kind.provider != "enterprise":
            return next(iter(self._stretching.get(network.name, ())), None)
        if network.site is not None:
            return End("site", network.site)
        return self.sites[0] if len(self.sites) == 1 else None

    def sites_of(self, network: Network) -> tuple[End, ...]:
        """Return every site of a network; several only where several stretch one that the on-premises router routes."""
        if network.kind.provider != "enterprise":
            return self._stretching.get(network.name, ())
        site = self.site_of(network)
        return () if site is None else (site,)

    @cached_property
    def _stretching(self) -> Mapping[str, tuple[End, ...]]:
        """The sites of each network that the on-premises router routes, by their names."""
        found: dict[str, set[End]] = {}
        for network in self.by_kind["vcs-vm"]:
            if network.gateway_on != "on-premises" or (edge := self.edge_of(network)) is None:
                continue
            stretchable = [n.name for n in self.stretched_behind(edge) if n.kind.name == "vcs-vm"]
            for joint in self.links.of(edge):
                if joint.method != "l2-extension":
                    continue
                if (joint.link is not None and network.name in joint.link.networks) or not joint.limits(stretchable):
                    found.setdefault(network.name, set()).add(joint.first)
        return {name: tuple(sorted(sites, key=lambda s: s.name or "")) for name, sites in found.items()}

    @cached_property
    def _of_site(self) -> Mapping[End, Sequence[Network]]:
        found: dict[End, list[Network]] = {end: [] for end in self.sites}
        for network in self.by_kind["enterprise"]:
            if (site := self.site_of(network)) is not None:
                found[site].append(network)
        for network in self.by_kind["vcs-vm"]:
            if self.on_premises(network):
                for site in self.sites_of(network):
                    found[site].append(network)
        return found

    def of_site(self, site: End) -> Sequence[Network]:
        """Return the networks of a site, also those behind an edge that its router routes."""
        return self._of_site.get(site, ())

    # IBM Cloud's networks.

    @cached_property
    def private(self) -> Sequence[Network]:
        """The networks on IBM Cloud's private network."""
        return [n for k in KINDS.values() if k.public is False for n in self.by_kind[k.name]]

    @cached_property
    def public(self) -> Sequence[Network]:
        """The networks on IBM Cloud's public network."""
        return [n for k in KINDS.values() if k.public for n in self.by_kind[k.name]]
