"""Sorts the rows of several files into what a plan holds: networks, their named addresses, and avoided ranges.

A row of a known kind is a network, a single address inside such a network is one of its addresses, and every other range
is avoided, with its description. Knows nothing of TOML.
"""

from __future__ import annotations

import re
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from ipplan.addresses import PrefixIndex
from ipplan.importers.reading import kebab
from ipplan.importers.tunnel_links import Home, TunnelLink, find_links
from ipplan.observed import NOTHING, ObservedPrefix, Wish
from ipplan.plan.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ipplan.addresses import Prefix
    from ipplan.observed import Observed, ObservedCluster
    from ipplan.plan.model import Labels

_APART = ("vrf", "namespace", "network-view", "l3domain")
"""Labels that name an address space: two networks of one range in two of them are two networks."""


class Names:
    """Gives each network a name that no other has."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self.given = set(taken)
        self.next: dict[str, int] = {}

    def give(self, wish: str) -> str:
        """Return the name, with a number after it where it is taken."""
        name = wish
        while name in self.given:
            number = self.next[wish] = self.next.get(wish, 1) + 1
            name = f"{wish}-{number}"
        self.given.add(name)
        return name


class Draft:
    """A network of the new plan, with everything that the rows say about it."""

    def __init__(self, row: ObservedPrefix | Wish, cluster: str | None) -> None:
        self.row = row
        self.cluster = cluster
        self.about = row.about
        self.words = [described(row)]
        self.addresses: dict[str, str] = {}
        self.names = Names()

    @property
    def kind(self) -> str:
        """The name of its kind."""
        return self.row.kind or ""

    @property
    def prefix(self) -> Prefix | None:
        """Its range, None for a network that states only a size."""
        return self.row.prefix if isinstance(self.row, ObservedPrefix) else None

    def name(self, names: Names) -> str:
        """Return its name in a plan."""
        row = self.row
        if row.exact:
            return names.give(row.name)
        return names.give(kebab(row.name) or kebab(row.description or "") or row.kind or "network")

    def join(self, row: ObservedPrefix) -> None:
        """Add what another row says about the same network."""
        self.words.append(described(row))
        if row.about != NOTHING:
            stated = {name: value for name, value in self.about._asdict().items() if value not in (None, ())}
            labels = tuple((dict(row.about.labels) | dict(self.about.labels)).items())
            self.about = row.about._replace(**(stated | {"labels": labels}))


class Gathered(NamedTuple):
    """The contents of a plan, as the rows of several files describe them.

    `avoids` and `containers` have the descriptions of the rows with that range. `duplicates` counts the rows that repeat
    another row, `joined` those that describe an avoided range once more. `everything` are the ranges of length 0, which
    are skipped.
    """

    networks: list[Draft]
    avoids: dict[Prefix, str]
    containers: dict[Prefix, list[str]]
    pools: tuple[Prefix, ...]
    data_centers: tuple[str, ...]
    clusters: dict[str, str]
    workers: dict[str, int]
    cluster_edges: dict[str, str]
    edges: tuple[str, ...]
    sites: tuple[str, ...]
    links: list[TunnelLink]
    duplicates: int
    joined: int
    everything: tuple[ObservedPrefix, ...]


def gather(observed: Sequence[Observed]) -> Gathered:
    """Return what several files describe, each range once; costs n log n in the number of rows."""
    gatherer = _Gatherer(observed)
    gatherer.add_networks()
    gatherer.add_rest()
    return gatherer.result()


def described(row: ObservedPrefix | Wish) -> str:
    """Return the description of a row, with its name where a plan cannot use that unchanged."""
    words, name = row.description or "", row.name
    if not name or row.exact or name == words or (row.kind is not None and kebab(name) == name):
        return words
    if not words:
        return name
    said = name in words and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", words) is not None
    return words if said else f"{name}: {words}"


def joined(words: Iterable[str]) -> str:
    """Return the descriptions of several rows as one text."""
    return "; ".join(dict.fromkeys(word for word in words if word))


def _spaces(row: ObservedPrefix) -> tuple[str | None, Labels]:
    """Return what distinguishes two networks of one range: their edge, and the address space that labels name."""
    return row.about.edge, space_of(row.about.labels)


def space_of(labels: Labels) -> Labels:
    """Return the labels that name the address space of a network."""
    return tuple((name, value) for name, value in labels if name in _APART)


class _Gatherer:
    """Sorts the rows of all files into networks, their named addresses, and avoided ranges."""

    def __init__(self, observed: Sequence[Observed]) -> None:
        self.observed = observed
        rows = [row for one in observed for row in one.rows]
        # A range of all addresses is not a network; that of a tunnel is used only in comparisons.
        self.everything = tuple(row for row in rows if not row.prefix.length)
        self.rows = [row for row in rows if row.prefix.length] if self.everything else rows
        self.wishes = [wish for one in observed for wish in one.wishes]
        self.networks: list[Draft] = []
        self.avoids: dict[Prefix, str] = {}
        self._several: dict[Prefix, list[str]] = {}
        self.containers: dict[Prefix, list[str]] = {}
        self.duplicates = 0
        self.joined = 0
        self._cluster_names = Names()
        self.clusters: dict[tuple[str, str], str] = {}
        self.workers: dict[str, int] = {}
        known = [cluster for one in observed for cluster in one.clusters]
        # One file has the name of a cluster, another its id; the plan uses the name.
        self._by_id = {cluster.id: cluster.name for cluster in known if cluster.id not in (None, cluster.name)}
        for cluster in known:
            self._name_cluster(cluster.name, cluster.platform, cluster)
        every: Iterable[ObservedPrefix | Wish] = chain(self.rows, self.wishes)
        for row in every:
            if row.cluster is None or row.kind is None or (isinstance(row, ObservedPrefix) and not row.whole):
                continue
            if (platform := KINDS[row.kind].platform) is not None:
                self._name_cluster(row.cluster, platform, None, exact=row.exact)

    def _name_cluster(self, name: str, platform: str, cluster: ObservedCluster | None, *, exact: bool = False) -> None:
        key = (self._by_id.get(name, name), platform)
        if key not in self.clusters:
            self.clusters[key] = self._cluster_names.give(key[0] if exact else kebab(key[0]) or platform)
        if cluster is not None and cluster.workers:
            self.workers.setdefault(self.clusters[key], cluster.workers)

    def _cluster_of(self, row: ObservedPrefix | Wish) -> str | None:
        """Return the cluster of the plan that a row names; a row of a kind without a platform may name any."""
        if row.cluster is None or row.kind is None:
            return None
        name, platform = self._by_id.get(row.cluster, row.cluster), KINDS[row.kind].platform
        if platform is not None:
            return self.clusters.get((name, platform))
        return self.clusters.get((name, "icp")) or self.clusters.get((name, "iks"))

    # -- networks ------------------------------------------------------------------------------------------

    def add_networks(self) -> None:
        """Add the rows of a known kind, each prefix once for each cluster; rows that name a cluster come first."""
        found: dict[tuple[Prefix, str], list[Draft]] = {}
        known = [row for row in self.rows if row.kind is not None and row.whole and not row.container]
        platforms = [platform for _, platform in self.clusters]
        for row in sorted(known, key=lambda row: self._cluster_of(row) is None):
            assert row.kind is not None
            cluster = self._cluster_of(row)
            same = found.setdefault((row.prefix, row.kind), [])
            twin = next((n for n in same if cluster in (None, n.cluster) and _in_one_space(n, row)), None)
            if twin is not None:
                twin.join(row)
                self.duplicates += 1
            elif cluster is None and platforms.count(KINDS[row.kind].platform or "") > 1:
                # A plan with several clusters has to name the one of each network, and the file does not.
                self._avoid(row, f"{row.kind} of a cluster that the file does not name")
            else:
                same.append(network := Draft(row, cluster))
                self.networks.append(network)
        if self.networks:
            places = {id(row): place for place, row in enumerate(self.rows)}
            self.networks.sort(key=lambda network: places[id(network.row)])
        self._add_wishes()

    def _add_wishes(self) -> None:
        """Add the networks that state only a size; those that a row pins are there already."""
        pinned = {(n.row.name, n.kind, n.cluster) for n in self.networks if n.row.name}
        for wish in self.wishes:
            network = Draft(wish, self._cluster_of(wish))
            if (wish.name, wish.kind, network.cluster) in pinned:
                self.duplicates += 1
            else:
                self.networks.append(network)
        if self.wishes:
            lines = {
                id(row): (number, row.line or 0)
                for number, one in enumerate(self.observed)
                for row in chain[ObservedPrefix | Wish](one.rows, one.wishes)
            }
            self.networks.sort(key=lambda network: lines[id(network.row)])

    # -- what is not a network -----------------------------------------------------------------------------

    def add_rest(self) -> None:
        """Add what is not a network itself: addresses, shares of nodes, containers, rows of no known kind."""
        placed = [(network.row.prefix, network) for network in self.networks if isinstance(network.row, ObservedPrefix)]
        placed.sort(key=lambda pair: pair[0])
        self._placed = [network for _, network in placed]
        prefixes = [prefix for prefix, _ in placed]
        self._index = PrefixIndex(prefixes)
        taken = set(prefixes)
        self._add_translations()
        arranging = self._arranging()
        for row in self.rows:
            if row.container and row.prefix in arranging:
                self.containers.setdefault(row.prefix, []).append(described(row))
            elif row.kind is not None and row.whole and not row.container:
                continue
            elif row.whole:
                if row.prefix in taken:
                    self.duplicates += 1
                else:
                    self._avoid(row)
            elif (network := self._around(row)) is None:
                self._avoid(row)
            elif row.is_address:
                self._add_address(network, row)
            else:
                self.duplicates += 1

    def _arranging(self) -> set[Prefix]:
        """Return the containers with other rows inside: they only group those, and are not avoided.

        A route is avoided unless networks of the plan are inside it, because all of its range leads elsewhere.
        """
        containers = {row.prefix for row in self.rows if row.container}
        if not containers:
            return set()
        others = sorted({row.prefix for row in self.rows if not row.container} | containers)
        index = PrefixIndex(others)
        inner = {row.prefix for row in self.rows if not row.container}
        routes = {row.prefix for one in self.observed if one.routes for row in one.rows if row.container}
        empty = {
            route
            for route in routes
            if not any(route.covers(self._index.prefixes[i]) for i in self._index.overlapping(route))
        }
        return {
            c
            for c in containers - empty
            if c in inner or any(others[i] != c and c.covers(others[i]) for i in index.overlapping(c))
        }

    def _add_translations(self) -> None:
        """Add the ranges that tunnels translate to: as links between clusters, or else as avoided ranges."""
        homes: dict[Prefix, list[Home]] = {}
        for place, network in enumerate(self.networks):
            if network.cluster is not None and network.prefix is not None:
                homes.setdefault(network.prefix, []).append(Home(network.cluster, place))
        self.links = find_links((one.rows for one in self.observed), homes)
        linked = {(self.networks[nat.place].prefix, nat.shown) for link in self.links for nat in link.nat}
        for row in self.rows:
            if row.shown is not None and (row.prefix, row.shown) not in linked:
                words = f"a strongSwan tunnel translates {row.prefix} to {row.shown}"
                self._add_words(row.shown, words)

    def _around(self, row: ObservedPrefix) -> Draft | None:
        """Return the network that covers a row: one of its kind if there is any, then the smallest."""
        around = [i for i in self._index.overlapping(row.prefix) if self._index.prefixes[i].covers(row.prefix)]

        def rank(place: int) -> tuple[bool, int]:
            other_kind = row.kind is not None and self._placed[place].kind != row.kind
            return other_kind, -self._index.prefixes[place].length

        best = min(around, key=rank, default=None)
        return None if best is None else self._placed[best]

    def _add_address(self, network: Draft, row: ObservedPrefix) -> None:
        if row.cidr in network.addresses:
            self.duplicates += 1
        else:
            name = row.name if network.row.exact else kebab(row.name)
            network.addresses[row.cidr] = network.names.give(name or "address")

    def _avoid(self, row: ObservedPrefix, what: str | None = None) -> None:
        words = described(row)
        if what or row.cluster or row.written is not None:
            more = (
                what,
                words,
                f"cluster {row.cluster}" if row.cluster and row.cluster not in words else None,
                f"written as {row.cidr}" if row.written is not None else None,
            )
            words = "; ".join(part for part in more if part)
        self._add_words(row.prefix, words)

    def _add_words(self, prefix: Prefix, words: str) -> None:
        # Most ranges are described by one row: a list for each range would be a third of all memory.
        if prefix not in self.avoids:
            self.avoids[prefix] = words
            return
        several = self._several.setdefault(prefix, [self.avoids[prefix]])
        if words in several or not words:
            self.duplicates += 1
        else:
            self.joined += 1
            several.append(words)

    # -- the rest of a plan --------------------------------------------------------------------------------

    def result(self) -> Gathered:
        """Return everything that was sorted, with the edge of each cluster."""
        self.avoids.update({prefix: joined(words) for prefix, words in self._several.items()})
        cluster_edges: dict[str, str] = {}
        for network in self.networks:
            edge = network.about.edge
            if edge is not None and network.cluster is not None and KINDS[network.kind].platform is not None:
                # The edge of one network is that of its whole cluster.
                cluster_edges.setdefault(network.cluster, edge)
                if cluster_edges[network.cluster] == edge:
                    network.about = network.about._replace(edge=None)
        pools = [pool for one in self.observed for pool in one.pools]
        pools += [n.about.pool for n in self.networks if n.about.pool is not None]
        edges = [*cluster_edges.values(), *(n.about.edge for n in self.networks if n.about.edge is not None)]
        return Gathered(
            networks=self.networks,
            avoids=self.avoids,
            containers=self.containers,
            pools=tuple(dict.fromkeys(pools)),
            data_centers=tuple(dict.fromkeys(center for one in self.observed for center in one.data_centers)),
            clusters={name: platform for (_, platform), name in self.clusters.items()},
            workers=self.workers,
            cluster_edges=cluster_edges,
            edges=tuple(dict.fromkeys(edges)),
            sites=tuple(dict.fromkeys(n.about.site for n in self.networks if n.about.site is not None)),
            links=self.links,
            duplicates=self.duplicates,
            joined=self.joined,
            everything=self.everything,
        )


def _in_one_space(network: Draft, row: ObservedPrefix) -> bool:
    """Return whether a row may be about a network: both have the same edge and address space."""
    return isinstance(network.row, ObservedPrefix) and _spaces(network.row) == _spaces(row)
