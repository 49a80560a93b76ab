"""Group the ends that the short form joins all alike, so that their tables share one set of destinations."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ipplan.landscape.ends import End
    from ipplan.landscape.plan_ends import Ends


class Families:
    """The ends of a plan that differ only by name for the links of the short form."""

    def __init__(self, ends: Ends) -> None:
        self.ends = ends
        self.links = ends.links

    @cached_property
    def special(self) -> frozenset[End]:
        """The ends of links that close a pair: they are joined one by one."""
        return frozenset(end for _, first, second in self.links.closed for end in (first, second))

    @cached_property
    def open_edges(self) -> frozenset[End]:
        """The edges that the short form joins with every IKS cluster that names none."""
        return frozenset(e for e in self.ends.edges if self.links.is_open(e, "iks-edge") and e not in self.special)

    def tunnels_openly(self, cluster: End) -> bool:
        """Return whether the short form joins a cluster with every one of the other platform."""
        return self.links.is_open(cluster, "iks-icp") and cluster not in self.special

    def of(self, cluster: End) -> End | None:
        """Return None for an IKS cluster that the short form joins with every edge alike, else the cluster itself."""
        links = self.links
        if cluster.kind != "iks" or not links.is_open(cluster, "iks-edge") or cluster in self.special:
            return cluster
        if any(j.pair == "iks-icp" for j in links.written_of(cluster)):
            # Networks that a link with ICP carries are not behind the tunnel to the ESG, which then differs from others.
            return cluster
        if self.ends.tunnel_addresses.edges(cluster):
            # Its tunnels differ by edge: some end at public addresses, others at those of the workers.
            return cluster
        return cluster if links.named_edges(cluster) else None
