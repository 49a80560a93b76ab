"""Find which addresses the plan sets aside for the tunnels of IKS clusters, and so where these tunnels end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from ipplan.landscape.ends import UPLINKS, End
from ipplan.plan import names

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ipplan.landscape.ends import Joint
    from ipplan.landscape.plan_ends import Ends
    from ipplan.plan.model import Network

TunnelUplink = Literal["public", "named", "private"]
"""The uplink at which tunnels of IKS clusters end: the public one because it is the only one, the public one because the
plan names an address there, or the private one."""


class TunnelAddresses:
    """The addresses that a plan sets aside for tunnels of IKS clusters."""

    def __init__(self, ends: Ends) -> None:
        self.ends = ends
        self._by_name: dict[End, Mapping[str, Network]] = {}

    def ends_privately(self, joint: Joint, cluster: End) -> bool:
        """Return whether the tunnel between an IKS cluster and an edge runs between private addresses, as on IBM's page.

        It does, from the addresses of the workers to the private uplink of the ESG, unless the plan sets a public address
        aside for it: strongswan or EDGE-strongswan in the public ingress network of the cluster, or strongswan only in
        the public uplink of the ESG.
        """
        if joint.pair != "iks-edge" or self.uplink(joint.second) in self.public_uplinks(cluster):
            return False
        return self.name_for(cluster, joint.second) is None

    def by_name(self, cluster: End) -> Mapping[str, Network]:
        """Return the addresses that an IKS cluster names for tunnels to one end each: the public network by the name."""
        if cluster not in self._by_name:
            own = self.ends.of_cluster(cluster, "iks-ingress-public")
            self._by_name[cluster] = {
                a.name: network
                for network in reversed(own)
                for a in network.addresses
                if a.name.endswith(names.OF_A_PARTNER)
            }
        return self._by_name[cluster]

    def name_for(self, cluster: End, far: End) -> str | None:
        """Return the name of the address that an IKS cluster sets aside for the tunnel to one end; None without one."""
        named = self.by_name(cluster)
        if not named or far.name is None:
            return None
        return next((n for end in names.OF_A_PARTNER if (n := far.name + end) in named), None)

    def edges(self, cluster: End) -> frozenset[End]:
        """Return the edges for whose tunnels an IKS cluster names addresses."""
        found = {End("edge", n.removesuffix(w)) for n in self.by_name(cluster) for w in names.OF_A_PARTNER}
        return frozenset(found.intersection(self.ends.edges)) if found else frozenset()

    def uplink(self, edge: End) -> TunnelUplink:
        """Return where tunnels of IKS clusters end at an ESG.

        On its public uplink where it has no private one; on the public one by name where only that sets an address aside;
        else on the private one.
        """
        public, private = (self.ends.of_edge(edge, UPLINKS[role]) for role in ("public", "private"))
        if not private:
            return "public" if public else "private"
        return "named" if _names_tunnel(public) and not _names_tunnel(private) else "private"

    def public_uplinks(self, cluster: End) -> tuple[TunnelUplink, ...]:
        """Return the uplinks of an ESG for which the tunnel of an IKS cluster runs between public addresses."""
        if _names_tunnel(self.ends.of_cluster(cluster, "iks-ingress-public")):
            return ("public", "named", "private")
        if _names_tunnel(self.ends.of_cluster(cluster, "iks-ingress-private")):
            return ("public",)
        return ("public", "named")


def _names_tunnel(networks: Iterable[Network]) -> bool:
    """Return whether some networks set an address aside for a tunnel."""
    return any(a.name in names.TUNNEL for n in networks for a in n.addresses)
