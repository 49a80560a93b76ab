"""Derive which networks each link carries, and at which addresses its far side sees them.

A link carries what its method can, limited to what its entry names. It carries nothing for a third party.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from ipplan.landscape.ends import TRANSIT, Carried, End

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ipplan.landscape.ends import Joint
    from ipplan.landscape.plan_ends import Ends
    from ipplan.plan.model import Network

_NOTHING: frozenset[str] = frozenset()


class Carriage:
    """What the links of a plan carry."""

    def __init__(self, ends: Ends) -> None:
        self.ends = ends
        self.links = ends.links
        # Links of the short form that carry the same share an entry.
        self._carried: dict[tuple[object, ...], tuple[Carried, ...]] = {}
        # By edge and cluster; in a plan without links all IKS clusters are alike.
        self._hiding: dict[tuple[End, End | None], frozenset[str]] = {}

    def carried(self, joint: Joint, side: End) -> tuple[Carried, ...]:
        """Return the networks of one side that a link carries to the other, as the other side sees them.

        Only the ESG and the DLR of an edge reach its transit network.
        """
        key = self._alike(joint, side)
        if key not in self._carried:
            self._carried[key] = tuple(self._carry(joint, side))
        return self._carried[key]

    def _alike(self, joint: Joint, side: End) -> tuple[object, ...]:
        """Return what decides which networks of one side a link carries; many links of the short form share it."""
        if joint.link is not None:
            return joint, side
        what: object = None
        if joint.pair == "iks-edge":
            what = self._hidden(side, joint.first) if side.kind == "edge" else self._ends_privately(joint, side)
        return joint.pair, joint.method, side, what

    def _ends_privately(self, joint: Joint, cluster: End) -> bool:
        return self.ends.tunnel_addresses.ends_privately(joint, cluster)

    def _carry(self, joint: Joint, side: End) -> Iterator[Carried]:
        able = self._able(joint, side)
        shown = {} if joint.link is None else {entry.network: entry.shown for entry in joint.link.nat}
        limited = self._limits(joint, side, able)
        named = {*joint.link.networks, *shown} if joint.link is not None else set()
        far = joint.far(side)
        # The BCR passes on whatever the ESG announces.
        tunnelled = side.kind == "edge" and far.kind == "iks" and joint.method != "bgp"
        hidden = self._hidden(side, far) if tunnelled else _NOTHING
        for network in able:
            if limited and network.name not in named:
                continue
            if network.name in hidden and network.name not in shown:
                continue
            yield Carried(network, shown.get(network.name))

    # What a method can carry, and what a link names of it.

    def _able(self, joint: Joint, side: End) -> list[Network]:
        """Return the networks of one side that the method can carry."""
        ends = self.ends
        if side.kind == "edge":
            if joint.method == "l2-extension":
                return [n for n in ends.stretched_behind(side) if n.kind.name == "vcs-vm"]
            own = list(ends.behind(side))
            if joint.far(side).kind == "iks" and joint.method is None:
                return [*own, *ends.of_edge(side, TRANSIT)]
            return own
        if side.kind in ("iks", "icp"):
            return self._able_in_cluster(joint, side)
        if side.kind == "site":
            return list(ends.of_site(side))
        return list(ends.private)

    def _able_in_cluster(self, joint: Joint, cluster: End) -> list[Network]:
        inside = [n for n in self.ends.of_cluster(cluster) if n.kind.internal]
        if joint.method in ("common-vlan", "bgp"):
            return [n for n in inside if n.kind.role == "pod"]
        if joint.method != "strongswan":
            return []
        if cluster.kind == "icp":
            workers = self.ends.of_cluster(cluster, "icp-worker")
            return [*inside, *(n for n in workers if self.ends.edge_of(n) is not None)]
        if self._ends_privately(joint, cluster):
            # A tunnel that ends at the private addresses of the workers cannot carry these addresses too.
            return inside
        return [*inside, *self.ends.of_cluster(cluster, "iks-worker-private")]

    def can_carry(self, joint: Joint, side: End, network: Network) -> bool:
        """Return whether the method of a link can carry a network of one side, whatever the link names."""
        return any(n.name == network.name for n in self._able(joint, side))

    def is_limited(self, joint: Joint, side: End) -> bool:
        """Return whether a link names some of the networks of one side that its method can carry, and so not the others."""
        return joint.link is not None and self._limits(joint, side, self._able(joint, side))

    def _limits(self, joint: Joint, side: End, able: Iterable[Network]) -> bool:
        """Return whether a link limits one side; a stretched network counts for the side of the edge."""
        stretches = joint.method == "l2-extension" and side.kind == "site"
        return joint.limits(n.name for n in able if not (stretches and self.ends.on_premises(n)))

    def named_of(self, joint: Joint, side: End) -> set[str]:
        """Return the networks of one side that a link names; a stretched network counts for the side of the edge."""
        if joint.link is None:
            return set()
        named = {*joint.link.networks, *(entry.network for entry in joint.link.nat)}
        stretches = joint.method == "l2-extension" and side.kind == "site"
        able = self._able(joint, side)
        return {n.name for n in able if n.name in named and not (stretches and self.ends.on_premises(n))}

    def stretched_by(self, joint: Joint) -> list[Network]:
        """Return the networks that a link stretches and the DLR routes: over these the DLR reaches the site."""
        stretched = (c.network for c in self.carried(joint, joint.second))
        return [n for n in stretched if not self.ends.on_premises(n) and n.gateway_on in (None, "dlr")]

    # What an IKS cluster reaches through another tunnel instead.

    def _hidden(self, edge: End, cluster: End) -> frozenset[str]:
        """Return the networks behind an edge that an IKS cluster reaches through tunnels to their own ICP clusters."""
        own = self._icp_networks.get(edge, ())
        if not own:
            return _NOTHING
        key = edge, cluster if self.ends.plan.links else None
        if key not in self._hiding:
            self._hiding[key] = frozenset(n.name for n in own if self._tunnelled(n, cluster))
        return self._hiding[key]

    @cached_property
    def _icp_networks(self) -> Mapping[End, Sequence[Network]]:
        ends = self.ends
        return {e: [n for n in ends.behind(e) if n.kind.platform == "icp"] for e in ends.edges}

    def _tunnelled(self, network: Network, cluster: End) -> bool:
        """Return whether an IKS cluster reaches a network through its tunnel to the ICP cluster of that network.

        One subnet cannot be behind two gateways: ICP workers answer through their own strongSwan, whose chart writes
        their routes. Where that tunnel translates the network, the cluster knows it by another range.
        """
        own, links = End("icp", network.cluster), self.links
        if (
            links.is_open(cluster, "iks-icp")
            and links.is_open(own, "iks-icp")
            and ("iks-icp", cluster, own) not in links.closed
        ):
            # The short form carries all workers.
            return links.short_method("iks-icp") == "strongswan"
        joint = links.between("iks-icp", cluster, own)
        if joint is None or joint.method != "strongswan":
            return False
        return joint.link is None or any(
            c.network.name == network.name and c.shown is None for c in self.carried(joint, own)
        )
