"""The `[[link]]` entries of a plan: who is joined with whom, and how.

What can join whom is read from the table of pairs and methods; this module must not know what a method does.
"""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, get_args

from ipplan.addresses import WIDTH
from ipplan.findings import format_key
from ipplan.plan.methods import ENTERPRISE, IBM_PRIVATE, PAIRS, TRANSLATING, Method, pair_of
from ipplan.plan.model import Link, LinkNat
from ipplan.plan.reader import show

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from ipplan.addresses import Prefix
    from ipplan.findings import KeyPath
    from ipplan.plan.methods import EndKind, PairRow
    from ipplan.plan.model import Cluster, Network
    from ipplan.plan.reader import Reader

_END_TITLES: dict[EndKind, str] = {
    "iks": "an IKS cluster",
    "icp": "an ICP cluster",
    "edge": "an edge",
    "site": "a site",
    "ibm-private": IBM_PRIVATE,
}
_SEVERAL = PAIRS["site-edge"]
"""The pair that can have several links: HCX stretches some networks while a tunnel carries the rest."""
_LINK_KEYS = ("between", "method", "networks", "nat")
_NAT_KEYS = ("network", "as")


def read_links(
    read: Reader,
    document: dict[str, Any],
    clusters: Mapping[str, Cluster],
    edges: Collection[str],
    sites: Collection[str],
    networks: Sequence[Network],
) -> tuple[Link, ...]:
    """Return the links of a document, the ends of each in the order of its pair.

    Linear in the number of networks and of entries; a plan without links costs nothing.
    """
    rows = read.tables(document, ("link",), _LINK_KEYS)
    if not rows:
        return ()
    reader = _LinkReader(read, document, clusters, edges, sites, networks)
    # All ends before any network: a link can say which edge a cluster is behind.
    entries = [reader.entry(row, key) for key, row in rows]
    found = (reader.link(entry) for entry in entries)
    return tuple(link for link in found if link is not None)


class _Entry(NamedTuple):
    """A link without what it carries. The ends are in the order of the pair where that is known."""

    row: dict[str, Any]
    key: KeyPath
    ends: tuple[str, str] | None
    pair: PairRow | None
    method: Method | None


class _LinkReader:
    """What all links of a plan share: who can be an end, and which network is of which end."""

    def __init__(
        self,
        read: Reader,
        document: Mapping[str, Any],
        clusters: Mapping[str, Cluster],
        edges: Collection[str],
        sites: Collection[str],
        networks: Sequence[Network],
    ) -> None:
        self.read = read
        self.clusters = clusters
        self.networks = {network.name: network for network in networks}
        # What is a problem already where it is declared needs no second one here.
        self.unread = {name for name in _table(document, "networks") if name not in self.networks}
        self.uncertain = {
            name
            for name, row in _table(document, "clusters").items()
            if not isinstance(row, dict) or row.get("platform") not in ("iks", "icp")
        }
        declared = Counter([*clusters, *edges, *sites])
        self.doubtful = {name for name, times in declared.items() if times > 1 or name == IBM_PRIVATE}
        named = (*(cluster.edge for cluster in clusters.values()), *(network.edge for network in networks))
        # In the order of the plan, because messages list them.
        self.edges = tuple(dict.fromkeys([*edges, *(name for name in named if name is not None)]))
        self.sites = tuple(sites) or (ENTERPRISE,)
        self.seen: dict[frozenset[str], Link] = {}
        # Which edge each ICP cluster is behind: it says so, a worker network does, or a link.
        self.edge_of_cluster: dict[str, str] = {}
        for network in networks:
            if network.kind.router is not None and None not in (network.cluster, network.edge):
                self.edge_of_cluster.setdefault(str(network.cluster), str(network.edge))
        self.edge_of_cluster |= {c.name: c.edge for c in clusters.values() if c.edge is not None}
        self.stretched: dict[str, list[tuple[str, Collection[str]]]] = {}

    @cached_property
    def ends(self) -> dict[str, list[EndKind]]:
        """What each name can mean as an end of a link."""
        found: dict[str, list[EndKind]] = {}
        for cluster in self.clusters.values():
            found.setdefault(cluster.name, []).append(cluster.platform)
        for edge in self.edges:
            found.setdefault(edge, []).append("edge")
        for site in self.sites:
            found.setdefault(site, []).append("site")
        found.setdefault(IBM_PRIVATE, []).append("ibm-private")
        return found

    def owners(self, network: Network) -> list[str]:
        """Return the ends that a network is of: its cluster, its edge, its site, IBM's private network."""
        kind = network.kind
        found: list[str | None] = []
        if kind.platform is not None:
            found.append(network.cluster)
        edge = self.edge_of(network)
        found.append(edge)
        if network.gateway_on == "on-premises" and edge is not None:
            links = self.stretched.get(edge, ())
            found += [site for site, names in links if not names or network.name in names]
        if kind.provider == "enterprise":
            found.append(network.site or (self.sites[0] if len(self.sites) == 1 else None))
        if kind.provider == "ibm":
            found.append(IBM_PRIVATE)
        return list(dict.fromkeys(owner for owner in found if owner is not None))

    def edge_of(self, network: Network) -> str | None:
        """Return the edge of a network: named by it, that of its cluster, or the only one there is."""
        if network.edge is not None or not network.kind.of_edge:
            return network.edge
        if network.cluster in self.edge_of_cluster:
            return self.edge_of_cluster[network.cluster]
        return self.edges[0] if len(self.edges) == 1 else None

    # -- an entry ------------------------------------------------------------------------------------------

    def entry(self, row: dict[str, Any], key: KeyPath) -> _Entry:
        """Read ends and method of a link, and remember what they say of clusters and stretched networks."""
        ends = self.between(row, (*key, "between"))
        pair = None
        if ends is not None and not self.uncertain.intersection(ends):
            pair = self.pair(ends, (*key, "between"))
        if ends is not None and pair is not None and pair[1]:
            ends = ends[1], ends[0]
        method = self.method(row, (*key, "method"), pair[0] if pair else None)
        if ends is not None and pair is not None and pair[0] == PAIRS["icp-edge"] and method != "none":
            self.edge_of_cluster.setdefault(*ends)
        if ends is not None and method == "l2-extension":
            names = row.get("networks", ())
            self.stretched.setdefault(ends[1], []).append((ends[0], names if isinstance(names, list) else ()))
        return _Entry(row, key, ends, pair[0] if pair else None, method)

    def link(self, entry: _Entry) -> Link | None:
        """Read what a link carries, and return it if all of it is good."""
        row, key, ends, pair, method = entry
        networks = self.carried(row, key, method, ends)
        nat = self.nat(row, (*key, "nat"), method, ends)
        if nat and pair == PAIRS["edge-edge"] and method == "routed":
            self.read.problem(
                "bad-value",
                (*key, "nat"),
                "has no effect between two edges that are routed: addresses are kept there",
                'remove it, or write method = "ipsec"',
            )
        if pair is None or ends is None or method is None:
            return None
        link = Link(ends, method, networks, nat, int(key[-1]))
        self.alone(link, pair)
        return link

    def between(self, row: dict[str, Any], key: KeyPath) -> tuple[str, str] | None:
        """Return the two ends as they are written; None where one of them is not an end."""
        how = 'write between = ["A", "B"]'
        if "between" not in row:
            self.read.missing(key, "a link joins two ends", how)
            return None
        texts = self.read.texts(row, key)
        written = row["between"]
        if not isinstance(written, list) or len(texts) != len(written):
            return None
        if len(texts) != 2:
            self.read.problem("bad-value", key, f"names {len(texts)} ends, and a link joins two", how)
            return None
        (_, first), (_, second) = texts
        good = [self.end(name, path) for path, name in texts]
        if first == second and all(good):
            self.read.problem("bad-value", key, f"joins {show(first)} to itself", "name two different ends")
            return None
        return (first, second) if all(good) else None

    def end(self, name: str, key: KeyPath) -> bool:
        """Tell whether a name is one end, and report where it is not."""
        meanings = self.ends.get(name, [])
        if name in self.doubtful:
            return False
        if len(meanings) > 1:
            what = " and ".join(_END_TITLES[kind] for kind in meanings)
            self.read.problem(
                "bad-value",
                key,
                f"is {show(name)}, the name of {what}: this link can mean either",
                "rename one of them",
            )
        elif not meanings and self.read.nearest(name, self.ends) is None and not self.edges:
            self.read.problem(
                "unknown-reference",
                key,
                f"is {show(name)}, and the plan has no such cluster, edge or site",
                f"to link the edge, declare [{format_key(('edges', name))}]",
            )
        elif not meanings:
            self.read.reference(key, name, self.ends, "cluster, edge or site")
        return len(meanings) == 1

    def pair(self, ends: tuple[str, str], key: KeyPath) -> tuple[PairRow, bool] | None:
        """Return the row of the two ends, and whether they have to change places."""
        first, second = (self.ends[name][0] for name in ends)
        found = pair_of(first, second)
        if found is not None:
            return PAIRS[found[0]], found[1]
        help_ = "; ".join(
            f"{_END_TITLES[end]} can be linked to {_partners(end)}" for end in dict.fromkeys((first, second))
        )
        self.read.problem(
            "bad-value",
            key,
            f"joins {_END_TITLES[first]} and {_END_TITLES[second]}, and no method does that",
            help_,
        )
        return None

    def method(self, row: dict[str, Any], key: KeyPath, pair: PairRow | None) -> Method | None:
        """Return the method, which has to be one of its pair where that is known."""
        known: tuple[Method, ...] = get_args(Method) if pair is None else pair.methods
        listed = ", ".join(known)
        if "method" not in row:
            self.read.missing(key, "it says how the two ends are joined", f"write one of {listed}")
            return None
        value = self.read.text(row, key)
        found = next((method for method in known if method == value), None)
        if value is not None and found is None:
            what = "a link"
            if pair is not None:
                what = f"{_END_TITLES[pair.ends[0]]} and {_END_TITLES[pair.ends[1]]}"
            near = self.read.nearest(value, known)
            self.read.problem(
                "bad-value",
                key,
                f"is {show(value)}, which is not a method for {what}: these are {listed}",
                f'did you mean "{near}"?' if near else None,
            )
        return found

    def alone(self, link: Link, pair: PairRow) -> None:
        """Report a second link of one pair where that can have only one, or where one of them closes it."""
        first = self.seen.setdefault(frozenset(link.ends), link)
        if first is link:
            return
        if pair != _SEVERAL:
            self.read.problem(
                "bad-value",
                (*link.key, "between"),
                f"joins {link.ends[0]} and {link.ends[1]}, which {format_key(first.key)} does already",
                "keep one of the two links: only a site and an edge can have several",
            )
        elif "none" in (first.method, link.method):
            self.read.problem(
                "bad-value",
                (*link.key, "method"),
                f'is "{link.method}", and {format_key(first.key)} of the same ends has "{first.method}": "none" closes the pair',
                "keep one of the two links",
            )

    # -- networks of an entry ------------------------------------------------------------------------------

    def carried(
        self, row: dict[str, Any], key: KeyPath, method: Method | None, ends: tuple[str, str] | None
    ) -> tuple[str, ...]:
        """Return the networks that the link is limited to."""
        path = (*key, "networks")
        if method == "none" and "networks" in row:
            self.read.problem("bad-value", path, 'has no effect: method "none" carries nothing', "remove it")
        texts = self.read.texts(row, path)
        return tuple(dict.fromkeys(name for at, name in texts if self.network(name, at, ends) is not None))

    def network(self, name: str, key: KeyPath, ends: tuple[str, str] | None) -> Network | None:
        """Return the network of that name, None after a problem where it is of neither end."""
        network = self.networks.get(name)
        if network is None:
            if name not in self.unread:
                self.read.reference(key, name, self.networks, "network")
            return None
        if ends is not None and not self.uncertain.intersection(ends):
            owners = self.owners(network)
            if not set(owners).intersection(ends):
                self.read.problem(
                    "bad-value",
                    key,
                    f"is {show(name)}, a network of neither {ends[0]} nor {ends[1]}",
                    f"{name} is a network of {' and '.join(owners)}"
                    if owners
                    else f"write its edge or site in [{format_key(network.key)}]",
                )
                return None
        return network

    def nat(
        self, row: dict[str, Any], key: KeyPath, method: Method | None, ends: tuple[str, str] | None
    ) -> tuple[LinkNat, ...]:
        """Return what the far side of the link sees at other addresses."""
        if method is not None and method not in TRANSLATING and "nat" in row:
            self.read.problem(
                "bad-value",
                key,
                f'has no effect with method "{method}": only {", ".join(sorted(TRANSLATING))} translate networks',
                "remove it",
            )
        found: dict[str, LinkNat] = {}
        for path, entry in self.read.tables(row, key, _NAT_KEYS, 'write nat = [{ network = "NAME", as = "CIDR" }]'):
            for word, why in (
                ("network", "it says what is translated"),
                ("as", "it says what the far side sees"),
            ):
                if word not in entry:
                    self.read.missing((*path, word), why)
            name = self.read.text(entry, (*path, "network"))
            network = None if name is None else self.network(name, (*path, "network"), ends)
            shown = self.read.prefix(entry["as"], (*path, "as")) if "as" in entry else None
            if name in found:
                self.read.problem(
                    "bad-value",
                    (*path, "network"),
                    f"is {show(name)}, which this link translates already",
                    "keep one of the entries",
                )
            elif network is not None and shown is not None:
                self.size(network, shown, (*path, "as"))
                found[network.name] = LinkNat(network.name, shown)
        return tuple(found.values())

    def size(self, network: Network, shown: Prefix, key: KeyPath) -> None:
        """Report a range that cannot stand for the network, as far as the plan states the network's size."""
        known = network.prefix
        if known is not None and known.version != shown.version:
            self.read.problem(
                "bad-value",
                key,
                f"is {shown}, and {network.name} is an IPv{known.version} network",
                f"write an IPv{known.version} prefix",
            )
            return
        length = network.length if known is None else known.length
        width = WIDTH[shown.version]
        if length is not None and shown.length not in (length, width):
            self.read.problem(
                "bad-value",
                key,
                f"is {shown}, and {network.name} is a /{length}: the two need the same size",
                f"write a /{length}, or one address (/{width}) for answers only",
            )


def _partners(end: EndKind) -> str:
    """Return what an end can be linked to, in words."""
    found = [
        _END_TITLES[other]
        for row in PAIRS.values()
        for one, other in dict.fromkeys((row.ends, row.ends[::-1]))
        if one == end
    ]
    return " or ".join(dict.fromkeys(found))


def _table(document: Mapping[str, Any], title: str) -> Mapping[str, Any]:
    """Return a table of the document, empty where there is none."""
    value = document.get(title, {})
    return value if isinstance(value, dict) else {}
