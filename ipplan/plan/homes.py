"""Which edge and which site each network and cluster belongs to: the one that the plan names, or the only one.

It decides whose labels and whose retirement a network shares. What else follows is a matter of the landscape.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ipplan.plan.model import Network, Plan


class Homes:
    """The edge and site of each part of a plan; linear in the plan to build."""

    def __init__(self, plan: Plan) -> None:
        edges = plan.edge_names
        self._edge = edges[0] if len(edges) == 1 else None
        self._site = next(iter(plan.sites)) if len(plan.sites) == 1 else None
        # The edge of an ICP cluster: the cluster states it, or its first worker network with an edge, or a link.
        self._named: dict[str | None, str] = {}
        known = set(edges)
        for link in plan.links:
            if link.ends[0] in plan.clusters and link.ends[1] in known:
                self._named[link.ends[0]] = link.ends[1]
        for network in reversed(plan.networks):
            if network.edge is not None and network.kind.name == "icp-worker":
                self._named[network.cluster] = network.edge
        self._named |= {c.name: c.edge for c in plan.clusters.values() if c.edge is not None}

    def edge_of_cluster(self, cluster: str | None) -> str | None:
        """Return the edge that an ICP cluster is behind; None where the plan has several and names none for it."""
        return self._named.get(cluster, self._edge)

    def edge_of(self, network: Network) -> str | None:
        """Return the edge that a network belongs to or is behind.

        None for a network without an edge, and where the plan has several and names none for it.
        """
        if network.kind.platform == "icp":
            return network.edge or self.edge_of_cluster(network.cluster)
        return (network.edge or self._edge) if network.kind.of_edge else None

    def site_of(self, network: Network) -> str | None:
        """Return the site of an enterprise network; None for others, and where the plan has several and it names none."""
        return (network.site or self._site) if network.kind.provider == "enterprise" else None
