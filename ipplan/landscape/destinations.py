"""Sort the networks of a plan into sets of destinations, which tables lead to.

A network is in a set under its own addresses, or under those that a link shows.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from ipplan.addresses import RangeSet
from ipplan.landscape.ends import BEHIND, TRANSIT, End
from ipplan.landscape.families import Families
from ipplan.landscape.static_routes import refuses

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ipplan.addresses import Prefix
    from ipplan.landscape.conflicts import SetKey
    from ipplan.landscape.ends import Carried, Joint
    from ipplan.landscape.plan_ends import Ends
    from ipplan.plan.model import Network

PRIVATE_SET: SetKey = ("private",)
PUBLIC_SET: SetKey = ("public",)
LEARNED: SetKey = ("learned",)
LEARNED_CLASSIC: SetKey = ("learned-classic",)
_BY_EDGE = {"vcs-hcx": "concentrator", "vcs-vm": "stretchable"}
"""Sets of networks of one kind by edge: those of concentrators, and those that a link may stretch."""


class Destinations:
    """The sets of destinations of a plan."""

    def __init__(self, ends: Ends, classic: Sequence[Prefix]) -> None:
        """Take the ends of a plan, and the ranges that every classic server has routes for."""
        self.ends = ends
        self.classic = RangeSet(classic)
        self.families = Families(ends)
        self._sets: dict[str, tuple[SetKey, ...]] = {}
        self._announcing: dict[End, Sequence[Joint]] = {}

    def sets_of(self, item: Carried) -> tuple[SetKey, ...]:
        """Return the sets that a destination is in: a network with its own addresses, or as a link shows it."""
        network = item.network
        if item.shown is not None:
            return self._translated.get((network.name, item.shown), ())
        if network.name not in self._sets:
            self._sets[network.name] = tuple(self._list_sets(network))
        return self._sets[network.name]

    def _list_sets(self, network: Network) -> Iterator[SetKey]:
        kind = network.kind
        yield from self._limited.get(network.name, ())
        if kind.public is not None:
            yield PUBLIC_SET if kind.public else PRIVATE_SET
        if kind.platform is not None:
            yield from self._of_cluster(network, End("iks" if kind.platform == "iks" else "icp", network.cluster))
        if kind.provider == "enterprise" or self.ends.on_premises(network):
            yield from self._of_sites(network)
        elif kind.name in (*BEHIND, TRANSIT) and (edge := self.ends.edge_of(network)) is not None:
            yield from self._of_edge(network, edge)
        if kind.name in _BY_EDGE and (edge := self.ends.edge_of(network)) is not None:
            yield (_BY_EDGE[kind.name], edge)

    def _of_cluster(self, network: Network, cluster: End) -> Iterator[SetKey]:
        kind, family = network.kind, self.families.of(cluster)
        if kind.internal:
            yield ("inside", cluster)
            yield ("insides", cluster.kind, family)
            yield from self._tunnelled(cluster)
            if kind.role == "pod":
                yield ("pods", cluster)
                yield ("pods*", family)
                if self._announced_pods(network):
                    yield from self._learned(network)
        elif kind.role == "worker" and not kind.public:
            if cluster.kind == "icp" and self.ends.edge_of(network) is None:
                return
            yield from self._tunnelled(cluster)
            yield ("workers", cluster)
            yield ("workers*", family)
            if cluster.kind == "iks":
                # A tunnel that ends at the private addresses of the workers does not carry their subnet.
                for uplink in self.ends.tunnel_addresses.public_uplinks(cluster):
                    yield ("tunnelled", cluster, uplink)
                    yield ("tunnelled*", family, uplink)
                if self.ends.tunnel_addresses.by_name(cluster):
                    yield ("tunnelled-for", cluster)

    def _tunnelled(self, cluster: End) -> Iterator[SetKey]:
        yield ("tunnel", cluster)
        if self.families.tunnels_openly(cluster):
            yield ("tunnels", cluster.kind)

    def _of_sites(self, network: Network) -> Iterator[SetKey]:
        for site in self.ends.sites_of(network):
            yield ("site", site)
            if network.prefix is not None and self.from_workers(network.prefix):
                yield ("site-from-workers", site)
            if network.prefix is not None and self.classic.covers(network.prefix):
                yield ("site-classic", site)

    def _of_edge(self, network: Network, edge: End) -> Iterator[SetKey]:
        transit = network.kind.name == TRANSIT
        yield ("transit" if transit else "overlay", edge)
        if edge in self.families.open_edges:
            yield ("transits" if transit else "overlays",)
        if not transit and self._announced_overlay(network, edge):
            yield from self._learned(network)

    def _learned(self, network: Network) -> Iterator[SetKey]:
        yield LEARNED
        if network.prefix is not None and self.classic.covers(network.prefix):
            yield LEARNED_CLASSIC

    def from_workers(self, prefix: Prefix) -> bool:
        """Return whether IKS workers reach an enterprise range: by the route to 10.0.0.0/8 or by a static one."""
        return self.classic.covers(prefix) or not refuses(prefix)

    def _announced_pods(self, network: Network) -> bool:
        cluster = End("iks", network.cluster)
        if network.kind.platform != "iks":
            return False
        return any(
            j.method == "bgp"
            and any(c.network.name == network.name and c.shown is None for c in self.ends.carriage.carried(j, cluster))
            for j in self._some_joints(cluster)
        )

    def _announced_overlay(self, network: Network, edge: End) -> bool:
        if self.ends.on_premises(network):
            return False
        for joint in self._some_joints(edge):
            if joint.method == "bgp" and (
                not joint.limits(n.name for n in self.ends.behind(edge))
                or any(c.network.name == network.name for c in self.ends.carriage.carried(joint, edge))
            ):
                return True
        return False

    def _some_joints(self, end: End) -> Sequence[Joint]:
        """Return the links of an end that may announce, only one of those of the short form."""
        if end not in self._announcing:
            found = []
            for joint in self.ends.links.of_pair(end, "iks-edge"):
                found.append(joint)
                if joint.link is None:
                    break
            self._announcing[end] = found
        return self._announcing[end]

    @cached_property
    def limited_sides(self) -> Sequence[tuple[Joint, End]]:
        """The sides of written links that name some of their networks."""
        return [
            (joint, side)
            for joint in self.ends.links.written
            for side in (joint.first, joint.second)
            if self.ends.carriage.is_limited(joint, side)
        ]

    @cached_property
    def _limited(self) -> Mapping[str, list[SetKey]]:
        found: dict[str, list[SetKey]] = {}
        for joint, side in self.limited_sides:
            for item in self.ends.carriage.carried(joint, side):
                if item.shown is None:
                    found.setdefault(item.network.name, []).extend(self._own_sets(joint, side, item))
        return found

    @cached_property
    def _translated(self) -> Mapping[tuple[str, Prefix], tuple[SetKey, ...]]:
        found: dict[tuple[str, Prefix], tuple[SetKey, ...]] = {}
        for item, joint, side in self.translated:
            assert item.shown is not None
            key = (item.network.name, item.shown)
            found[key] = (*found.get(key, ()), *self._own_sets(joint, side, item))
        return found

    def _own_sets(self, joint: Joint, side: End, item: Carried) -> Iterator[SetKey]:
        yield ("carried", joint, side)
        prefix = item.prefix
        if side.kind == "site" and prefix is not None:
            if self.from_workers(prefix):
                yield ("carried-from-workers", joint)
            if self.classic.covers(prefix):
                yield ("carried-classic", joint)

    @cached_property
    def translated(self) -> Sequence[tuple[Carried, Joint, End]]:
        """Every network that a link shows at other addresses, with the link and its own side."""
        return [
            (item, joint, side)
            for joint, side in self.limited_sides
            for item in self.ends.carriage.carried(joint, side)
            if item.shown is not None
        ]
