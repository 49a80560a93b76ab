"""From rows to the text of a plan that holds each of their prefixes once.

A row of a known kind becomes a network, one address in such a network becomes an address of it, and everything else
`[[avoid]]`, with its description. Nothing that a file says can break out of a value: all text goes through `quote`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ipplan.addresses import PrefixIndex
from ipplan.importers.reading import kebab
from ipplan.importers.tunnel_links import TunnelLink, find_links
from ipplan.plan.kinds import KINDS
from ipplan.plan.load import SCHEMA
from ipplan.plan.toml_text import quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ipplan.addresses import Prefix
    from ipplan.observed import Observed, ObservedCluster, Row


class Imported(NamedTuple):
    """The text of a plan, and how many networks, named addresses, avoided ranges and pools it has.

    `duplicates` counts rows that say what another said already, `comments` containers that are no more than a
    comment, because networks lie in them.
    """

    text: str
    networks: int
    addresses: int
    avoids: int
    pools: int
    duplicates: int
    comments: int


class _Names:
    """Gives out names, each once."""

    def __init__(self) -> None:
        self.given: set[str] = set()
        self.next: dict[str, int] = {}

    def give(self, wish: str) -> str:
        name = wish
        while name in self.given:
            number = self.next[wish] = self.next.get(wish, 1) + 1
            name = f"{wish}-{number}"
        self.given.add(name)
        return name


class _Network:
    """A network of the plan to be, with the rows that say so."""

    def __init__(self, row: Row, cluster: str | None) -> None:
        self.row = row
        self.cluster = cluster
        self.words = [_described(row)]
        self.addresses: dict[str, str] = {}
        self.names = _Names()


def make_plan(observed: Sequence[Observed], name: str | None) -> Imported:
    """Return the plan of what several files say; costs n log n in the number of rows."""
    builder = _Builder(observed)
    builder.add_networks()
    builder.add_rest()
    return builder.render(name)


class _Builder:
    """Sorts the rows of all files into networks, their addresses, and what is avoided."""

    def __init__(self, observed: Sequence[Observed]) -> None:
        self.observed = observed
        self.rows = [row for one in observed for row in one.rows]
        self.networks: list[_Network] = []
        self.avoids: dict[Prefix, list[str]] = {}
        self.comments: dict[Prefix, list[str]] = {}
        self.pools = tuple(dict.fromkeys(pool for one in observed for pool in one.pools))
        self.duplicates = 0
        self._cluster_names = _Names()
        self.clusters: dict[tuple[str, str], str] = {}
        self.workers: dict[str, int] = {}
        known = [cluster for one in observed for cluster in one.clusters]
        # One file calls a cluster by its name, another by its id; the name wins.
        self._by_id = {
            cluster.id: cluster.name for cluster in known if cluster.id not in (None, cluster.name)
        }
        for cluster in known:
            self._name_cluster(cluster.name, cluster.platform, cluster)
        for row in self.rows:
            platform = KINDS[row.kind].platform if row.kind else None
            if row.cluster and platform and row.whole:
                self._name_cluster(row.cluster, platform, None)

    def _name_cluster(self, name: str, platform: str, cluster: ObservedCluster | None) -> None:
        key = (self._by_id.get(name, name), platform)
        if key not in self.clusters:
            self.clusters[key] = self._cluster_names.give(kebab(key[0]) or platform)
        if cluster is not None and cluster.workers:
            self.workers.setdefault(self.clusters[key], cluster.workers)

    def _cluster_of(self, row: Row) -> str | None:
        if row.cluster is None or row.kind is None:
            return None
        return self.clusters.get((self._by_id.get(row.cluster, row.cluster), KINDS[row.kind].platform or ""))

    # -- sorting -------------------------------------------------------------------------------------------

    def add_networks(self) -> None:
        """Add the rows of a known kind, each prefix once for each cluster; those that name a cluster go first."""
        found: dict[tuple[Prefix, str], list[_Network]] = {}
        known = [row for row in self.rows if row.kind is not None and row.whole and not row.container]
        platforms = [platform for _, platform in self.clusters]
        for row in sorted(known, key=lambda row: self._cluster_of(row) is None):
            assert row.kind is not None
            cluster = self._cluster_of(row)
            same = found.setdefault((row.prefix, row.kind), [])
            twin = next((n for n in same if cluster in (None, n.cluster)), None)
            if twin is not None:
                twin.words.append(_described(row))
                self.duplicates += 1
            elif cluster is None and platforms.count(KINDS[row.kind].platform or "") > 1:
                # A plan with several clusters has to say which one is meant, and the file does not.
                self._avoid(row, f"{row.kind} of a cluster that is not named")
            else:
                same.append(network := _Network(row, cluster))
                self.networks.append(network)
        places = {id(row): place for place, row in enumerate(self.rows)}
        self.networks.sort(key=lambda network: places[id(network.row)])

    def add_rest(self) -> None:
        """Add what is no network of its own: addresses, shares of nodes, containers, rows of no known kind."""
        self.networks_by_prefix = sorted(self.networks, key=lambda network: network.row.prefix)
        prefixes = [network.row.prefix for network in self.networks_by_prefix]
        self._index = PrefixIndex(prefixes)
        taken = set(prefixes)
        self._add_translations()
        for row in self.rows:
            if row.whole and not row.container and row.kind is not None:
                continue
            if row.container:
                inside = any(row.prefix.covers(prefixes[i]) for i in self._index.overlapping(row.prefix))
                if inside:
                    self.comments.setdefault(row.prefix, []).append(_described(row))
                    continue
            if row.whole:
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

    def _add_translations(self) -> None:
        """Keep what tunnels show in the place of other ranges: as links of clusters, else as avoided ranges."""
        homes: dict[Prefix, list[tuple[str, int]]] = {}
        for place, network in enumerate(self.networks):
            if network.cluster is not None:
                homes.setdefault(network.row.prefix, []).append((network.cluster, place))
        self.links = find_links((one.rows for one in self.observed), homes)
        said = {(self.networks[place].row.prefix, shown) for link in self.links for place, shown in link.nat}
        for row in self.rows:
            if row.shown is not None and (row.prefix, row.shown) not in said:
                words = f"{row.prefix} is shown as {row.shown} in a strongSwan tunnel"
                self.avoids.setdefault(row.shown, []).append(words)

    def _around(self, row: Row) -> _Network | None:
        """Return the network in which a row lies: of its kind before others, then the smallest."""
        found = [self.networks_by_prefix[i] for i in self._index.overlapping(row.prefix)]
        found = [network for network in found if network.row.prefix.covers(row.prefix)]
        return min(
            found,
            key=lambda n: (row.kind is not None and n.row.kind != row.kind, -n.row.prefix.length),
            default=None,
        )

    def _add_address(self, network: _Network, row: Row) -> None:
        if row.cidr in network.addresses:
            self.duplicates += 1
        else:
            network.addresses[row.cidr] = network.names.give(kebab(row.name) or "address")

    def _avoid(self, row: Row, what: str | None = None) -> None:
        words = _described(row)
        words = "; ".join(
            part
            for part in (
                what,
                words,
                f"cluster {row.cluster}" if row.cluster and row.cluster not in words else None,
                f"written as {row.cidr}" if row.written is not None else None,
            )
            if part
        )
        if row.prefix in self.avoids:
            self.duplicates += 1
        self.avoids.setdefault(row.prefix, []).append(words)

    # -- text ----------------------------------------------------------------------------------------------

    def render(self, name: str | None) -> Imported:
        return Imported(
            text="\n".join(self._lines(name)) + "\n",
            networks=len(self.networks),
            addresses=sum(len(network.addresses) for network in self.networks),
            avoids=len(self.avoids),
            pools=len(self.pools),
            duplicates=self.duplicates,
            comments=len(self.comments),
        )

    def _lines(self, name: str | None) -> Iterator[str]:
        files = ", ".join(f"{quote(one.file)} ({one.source})" for one in self.observed)
        yield f"# What ipplan import read from {files}."
        yield f"schema = {SCHEMA}"
        yield from ("", "[plan]")
        if name:
            yield f"name = {quote(name)}"
        centers = dict.fromkeys(center for one in self.observed for center in one.data_centers)
        if centers:
            yield f"data-centers = [{', '.join(map(quote, centers))}]"
        if self.pools:
            yield f"byoip = [{', '.join(quote(str(pool)) for pool in self.pools)}]"
        for (_, platform), cluster in self.clusters.items():
            yield from ("", f"[clusters.{cluster}]", f"platform = {quote(platform)}")
            if cluster in self.workers:
                yield f"workers = {self.workers[cluster]}"
        for prefix, words in self.comments.items():
            told = f": {_joined(words)}" if _joined(words) else ""
            yield from ("", f"# Container, not avoided because networks lie in it: {prefix}{_one_line(told)}")
        for prefix, words in self.avoids.items():
            yield from ("", "[[avoid]]", f"cidr = {quote(str(prefix))}")
            if _joined(words):
                yield f"reason = {quote(_joined(words))}"
        names = _Names()
        given = [names.give(_name_of(network.row)) for network in self.networks]
        for link in self.links:
            yield from _link_lines(link, given)
        for network, own_name in zip(self.networks, given, strict=True):
            yield from self._network_lines(network, own_name)

    def _network_lines(self, network: _Network, name: str) -> Iterator[str]:
        row = network.row
        yield from ("", f"[networks.{name}]", f"kind = {quote(row.kind or '')}")
        if network.cluster is not None:
            yield f"cluster = {quote(network.cluster)}"
        yield f"cidr = {quote(row.cidr)}"
        if network.addresses:
            listed = (f"{key} = {quote(address)}" for address, key in network.addresses.items())
            yield f"addresses = {{ {', '.join(listed)} }}"
        if _joined(network.words):
            yield f"description = {quote(_joined(network.words))}"


def _name_of(row: Row) -> str:
    return kebab(row.name) or kebab(row.description or "") or row.kind or "network"


def _link_lines(link: TunnelLink, names: Sequence[str]) -> Iterator[str]:
    """Yield the entry of a tunnel between two clusters; `nat` alone would limit its side to what it translates."""
    yield from (
        "",
        "[[link]]",
        f"between = [{', '.join(map(quote, link.clusters))}]",
        'method = "strongswan"',
    )
    if link.networks:
        yield f"networks = [{', '.join(quote(names[place]) for place in link.networks)}]"
    yield "nat = ["
    for place, shown in link.nat:
        yield f"  {{ network = {quote(names[place])}, as = {quote(str(shown))} }},"
    yield "]"


def _described(row: Row) -> str:
    """Return the description of a row, with its name where a plan cannot have that as it is."""
    words = row.description or ""
    if row.name and row.name not in words and (row.kind is None or kebab(row.name) != row.name):
        return f"{row.name}: {words}" if words else row.name
    return words


def _joined(words: Iterable[str]) -> str:
    return "; ".join(dict.fromkeys(word for word in words if word))


def _one_line(text: str) -> str:
    """Return the text for a comment: what TOML does not allow there is written as in a string."""
    return quote(text)[1:-1]
