"""What a link can name: which names are ends, and which networks belong to each end.

Knows clusters, edges, sites and networks of a plan, not how they are joined.
"""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ipplan.plan.methods import ENTERPRISE, IBM_PRIVATE

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from ipplan.plan.methods import EndKind
    from ipplan.plan.model import Cluster, Network


class LinkEnds:
    """The ends that links of a plan can have, and the networks of each.

    unread: networks that have a problem where they are declared; links may name them without a second problem.
    uncertain: clusters without a valid platform, so that nobody knows how they can be joined.
    ambiguous: names that two clusters, edges or sites have; they are a problem where they are declared.
    """

    def __init__(
        self,
        document: Mapping[str, Any],
        clusters: Mapping[str, Cluster],
        edges: Collection[str],
        sites: Collection[str],
        networks: Sequence[Network],
    ) -> None:
        self._clusters = clusters
        self.networks = {network.name: network for network in networks}
        self.unread = {name for name in _table(document, "networks") if name not in self.networks}
        self.uncertain = {
            name
            for name, row in _table(document, "clusters").items()
            if not isinstance(row, dict) or row.get("platform") not in ("iks", "icp")
        }
        declared = Counter([*clusters, *edges, *sites])
        self.ambiguous = {name for name, times in declared.items() if times > 1 or name == IBM_PRIVATE}
        named = (*(cluster.edge for cluster in clusters.values()), *(network.edge for network in networks))
        # In the order of the plan, because messages list them.
        self.edges = tuple(dict.fromkeys([*edges, *(name for name in named if name is not None)]))
        self._sites = tuple(sites) or (ENTERPRISE,)
        # The edge of each ICP cluster: the cluster states it, or a worker network, or a link.
        self._edge_of_cluster: dict[str, str] = {}
        for network in networks:
            if network.kind.router is not None and network.cluster is not None and network.edge is not None:
                self._edge_of_cluster.setdefault(network.cluster, network.edge)
        self._edge_of_cluster |= {c.name: c.edge for c in clusters.values() if c.edge is not None}
        self._stretched: dict[str, list[tuple[str, Collection[str]]]] = {}

    @cached_property
    def meanings(self) -> dict[str, list[EndKind]]:
        """What each name can mean as an end of a link."""
        found: dict[str, list[EndKind]] = {}
        for cluster in self._clusters.values():
            found.setdefault(cluster.name, []).append(cluster.platform)
        for edge in self.edges:
            found.setdefault(edge, []).append("edge")
        for site in self._sites:
            found.setdefault(site, []).append("site")
        found.setdefault(IBM_PRIVATE, []).append("ibm-private")
        return found

    def are_certain(self, ends: tuple[str, str]) -> bool:
        """Whether the kind of both ends is known."""
        return not self.uncertain.intersection(ends)

    def put_behind(self, cluster: str, edge: str) -> None:
        """Note that a link joins an ICP cluster and an edge; what the plan states elsewhere counts first."""
        self._edge_of_cluster.setdefault(cluster, edge)

    def stretch(self, site: str, edge: str, networks: Collection[str]) -> None:
        """Note that a link stretches networks of an edge to a site; all of them if none is named."""
        self._stretched.setdefault(edge, []).append((site, networks))

    def owners(self, network: Network) -> list[str]:
        """Return the ends that a network belongs to: its cluster, its edge, its site, IBM's private network."""
        kind = network.kind
        edge = self._edge_of(network)
        found: list[str | None] = [network.cluster if kind.platform is not None else None, edge]
        if network.gateway_on == "on-premises" and edge is not None:
            links = self._stretched.get(edge, ())
            found += [site for site, names in links if not names or network.name in names]
        if kind.provider == "enterprise":
            found.append(network.site or (self._sites[0] if len(self._sites) == 1 else None))
        if kind.provider == "ibm":
            found.append(IBM_PRIVATE)
        return list(dict.fromkeys(owner for owner in found if owner is not None))

    def _edge_of(self, network: Network) -> str | None:
        """Return the edge of a network: the one it names, that of its cluster, or the only one of the plan."""
        if network.edge is not None or not network.kind.of_edge:
            return network.edge
        if network.cluster in self._edge_of_cluster:
            return self._edge_of_cluster[network.cluster]
        return self.edges[0] if len(self.edges) == 1 else None


def _table(document: Mapping[str, Any], title: str) -> Mapping[str, Any]:
    """Return a table of the document, empty where there is none."""
    value = document.get(title, {})
    return value if isinstance(value, dict) else {}
