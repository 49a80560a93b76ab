"""Group pairs of networks that are alike: their packets meet the same devices and rules, so one walk covers all."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from ipplan.flows.machines import is_public
from ipplan.landscape.ends import End
from ipplan.landscape.model import HostAddress
from ipplan.landscape.static_routes import refuses
from ipplan.landscape.verdicts import ends_of
from ipplan.plan import names
from ipplan.plan.methods import PAIRS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ipplan.addresses import Prefix
    from ipplan.landscape import Landscape
    from ipplan.landscape.ends import Joint
    from ipplan.plan.model import Network

_UPLINKS = ("vcs-esg-public", "vcs-esg-private", "vcs-transit", "vcs-hcx", "vcs-vtep")
"""The kinds of network of an edge that decide how packets leave it."""


class PairBlock(NamedTuple):
    """Pairs that are alike: each network of `firsts` with each of `seconds`. None among the first means the internet."""

    firsts: tuple[Network | None, ...]
    seconds: tuple[Network, ...]

    @property
    def size(self) -> int:
        """The number of pairs."""
        return len(self.firsts) * len(self.seconds)


class Alike:
    """Gives networks, ends and links a class; those of one class are alike. Linear in the requested classes."""

    def __init__(self, landscape: Landscape) -> None:
        self._landscape = landscape
        self._ends: dict[End, object] = {}
        self._numbers: dict[object, int] = {}
        self._networks: dict[str, int] = {}
        links = landscape.plan.links
        self._named = {n for link in links for n in (*link.networks, *(entry.network for entry in link.nat))}
        ends = landscape.ends
        self._alone = {end for _, first, second in ends.links.closed for end in (first, second)}
        # An edge that some IKS cluster names, itself or for its tunnel, is alike with no other.
        for cluster in ends.of_platform("iks"):
            self._alone |= {End("edge", name) for name in ends.links.named_edges(cluster)}
            self._alone |= ends.tunnel_addresses.edges(cluster)

    @cached_property
    def _by_partner(self) -> bool:
        """Whether some address is set aside by name for the tunnel to one cluster or edge."""
        return any(
            address.name.endswith(("-strongswan", "-vpn")) and address.name not in names.ICP_TUNNEL
            for network in self._landscape.ends.networks
            for address in network.addresses
        )

    def _number(self, value: object) -> int:
        """Return a small number for a class, which compares faster than the class."""
        return self._numbers.setdefault(value, len(self._numbers))

    def blocks(
        self, firsts: Iterable[Network | None], seconds: Iterable[Network]
    ) -> Iterator[tuple[object, PairBlock]]:
        """Yield all pairs of two lists in blocks of alike ones, each with its class; blocks of one class are alike too.

        Linear in the lists, plus the product of their groups: networks of one class behind one end.
        """
        firsts, seconds = list(firsts), list(seconds)
        common = {n.prefix for n in firsts if n is not None} & {n.prefix for n in seconds}
        one, two = self._groups(firsts, common), self._groups(seconds, common)
        for (class_one, _, _), own in one.items():
            for (class_two, _, _), others in two.items():
                second = others[0]
                assert second is not None
                joined = None if own[0] is None else self._joined(own[0], second)
                kept = tuple(n for n in others if n is not None)
                yield (class_one, class_two, joined), PairBlock(tuple(own), kept)

    def _groups(
        self, networks: Iterable[Network | None], common: set[Prefix | None]
    ) -> dict[tuple[object, tuple[End, ...], Prefix | None], list[Network | None]]:
        found: dict[tuple[object, tuple[End, ...], Prefix | None], list[Network | None]] = {}
        for network in networks:
            key: tuple[object, tuple[End, ...], Prefix | None] = (None, (), None)
            if network is not None:
                # A range on both sides may be one layer 2 segment or a conflict.
                prefix = network.prefix if network.prefix in common else None
                key = (self.network(network), tuple(ends_of(self._landscape.ends, network)), prefix)
            found.setdefault(key, []).append(network)
        return found

    def _joined(self, first: Network, second: Network) -> object:
        ends = self._landscape.ends
        ones, twos = ends_of(ends, first), ends_of(ends, second)
        return ones == twos, self._between(ones, twos), first.prefix == second.prefix

    def _between(self, ones: Iterable[End], twos: Sequence[End]) -> object:
        """Return the links between some ends and some others."""
        ends = self._landscape.ends
        return tuple(
            (pair, j.method, self._limits(j))
            for one in ones
            for two in twos
            if one != two
            for pair in PAIRS
            if one.kind in PAIRS[pair].ends and (j := ends.links.between(pair, one, two)) is not None
        )

    def _around(self, end: End) -> tuple[End, ...]:
        """Return an end with its edge."""
        edge = self._landscape.ends.edge_of_cluster(end) if end.kind == "icp" else None
        return (end,) if edge is None else (end, edge)

    @staticmethod
    def _limits(joint: Joint) -> object:
        """Return the networks that a link names."""
        if joint.link is None:
            return None
        return tuple(sorted(joint.link.networks)), tuple(sorted(joint.link.nat))

    def network(self, network: Network) -> int:
        """Return the class of a network: its kind, the relevant facts of its range, and its end."""
        if network.name not in self._networks:
            self._networks[network.name] = self._number(self._of_network(network))
        return self._networks[network.name]

    def _of_network(self, network: Network) -> object:
        if network.prefix is None:
            return network.kind.name, None
        edge = self._landscape.ends.edge_of(network) if network.kind.platform is None else None
        own = tuple(self.end(end) for end in ends_of(self._landscape.ends, network))
        return self._shape(network), own, None if edge is None else self.end(edge)

    def end(self, end: End | None) -> int | None:
        """Return the class of a cluster, edge or site: its networks and its links, without their names."""
        if end is None:
            return None
        if end not in self._ends:
            self._ends[end] = None
            self._ends[end] = self._number(self._of_end(end))
        found = self._ends[end]
        return found if isinstance(found, int) else None

    def _of_end(self, end: End) -> object:
        ends = self._landscape.ends
        if end.kind in ("site", "ibm-private") or end in self._alone:
            return end
        written = sorted({(j.pair, j.method or "", repr(self._limits(j))) for j in ends.links.written_of(end)})
        links = (tuple(written), tuple(ends.links.is_open(end, pair) for pair in PAIRS))
        if end.kind == "edge":
            own = [n for kind in _UPLINKS for n in ends.of_edge(end, kind)]
            behind = frozenset(map(self._shape, ends.stretched_behind(end)))
            several = len(ends.icp_behind.get(end, ())) > 1
            title = end.name if self._by_partner else None
            shapes = self._shapes(own)
            return end.kind, shapes, links, self._landscape.internet_of(end), behind, several, title
        shapes = self._shapes(ends.of_cluster(end))
        title = end.name if self._by_partner else None
        if end.kind == "icp":
            return end.kind, shapes, links, self.end(ends.edge_of_cluster(end)), title
        far = {self.end(j.second) for j in ends.links.written_of(end) if j.pair == "iks-edge"}
        return end.kind, shapes, links, frozenset(far), ends.links.named_edges(end), title

    def _shapes(self, networks: Iterable[Network]) -> tuple[object, ...]:
        """Return the shapes of some networks, whatever their order in the plan."""
        return tuple(sorted(map(self._shape, networks), key=repr))

    def _shape(self, network: Network) -> object:
        """Return the relevant facts of a network itself; with its name where a link names it."""
        prefix = network.prefix
        facts: tuple[object, ...] = ()
        if prefix is not None:
            facts = (
                prefix.version,
                prefix.length >= 31,
                self._landscape.tables.destinations.classic.covers(prefix),
                prefix.version == 4 and refuses(prefix),
                is_public(HostAddress(prefix.version, prefix.first)),
            )
        named = network.name if network.name in self._named else None
        return (
            network.kind.name,
            network.gateway_on,
            named,
            tuple(sorted(a.name for a in network.addresses)),
            facts,
        )

    def joint(self, joint: Joint) -> object:
        """Return the class of a link."""
        clusters = joint.pair in ("iks-icp", "icp-icp")
        links = self._between(self._around(joint.first), self._around(joint.second)) if clusters else None
        return (
            joint.pair,
            joint.method,
            self._limits(joint),
            self.end(joint.first),
            self.end(joint.second),
            links,
        )
