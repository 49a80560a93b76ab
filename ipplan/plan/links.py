"""The `[[link]]` entries of a plan: which ends are joined, and how.

`methods` has the pairs of ends and the methods of each pair; this module must not know what a method does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ipplan.addresses import WIDTH
from ipplan.findings import format_key
from ipplan.plan.format import TABLES
from ipplan.plan.link_ends import LinkEnds
from ipplan.plan.methods import IBM_PRIVATE, PAIRS, Method, pair_of
from ipplan.plan.model import Link, LinkNat
from ipplan.plan.problems import show
from ipplan.plan.values import check_keys, read_array, read_text, read_value

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from ipplan.addresses import Prefix
    from ipplan.findings import KeyPath
    from ipplan.plan.format import Table
    from ipplan.plan.methods import EndKind, PairRow
    from ipplan.plan.model import Cluster, Network
    from ipplan.plan.problems import Problems

_TABLE = TABLES["link"]
_END_TITLES: dict[EndKind, str] = {
    "iks": "an IKS cluster",
    "icp": "an ICP cluster",
    "edge": "an edge",
    "site": "a site",
    "ibm-private": IBM_PRIVATE,
}
_SEVERAL = PAIRS["site-edge"]
"""The pair that can have several links: HCX stretches some networks while a tunnel carries the others."""


def read_links(
    problems: Problems,
    document: Mapping[str, Any],
    clusters: Mapping[str, Cluster],
    edges: Collection[str],
    sites: Collection[str],
    networks: Sequence[Network],
) -> tuple[Link, ...]:
    """Return the links of a document, the ends of each in the order of its pair.

    Linear in the number of networks and of entries; a plan without links costs nothing.
    """
    rows = read_array(problems, document, ("link",), _TABLE)
    if not rows:
        return ()
    ends = LinkEnds(document, clusters, edges, sites, networks)
    joins, carried = _JoinReader(problems, ends), _CarriedReader(problems, ends)
    entries = []
    # All ends before any network: a link can say which edge a cluster is behind.
    for at, row in rows:
        join = joins.join(row, at)
        check_keys(problems, row, at, _table_of(join.pair))
        entries.append((row, join))
    seen: dict[frozenset[str], Link] = {}
    found = []
    for row, join in entries:
        link = carried.link(row, join)
        if link is not None and join.pair is not None:
            _check_only_link(problems, seen.setdefault(frozenset(link.ends), link), link, join.pair)
            found.append(link)
    return tuple(found)


def _table_of(pair: PairRow | None) -> Table:
    """Return the format of a link between two ends: with the methods of their pair, where that is known."""
    if pair is None:
        return _TABLE
    return _TABLE._replace(keys={**_TABLE.keys, "method": _TABLE.keys["method"]._replace(choices=pair.methods)})


class _Join(NamedTuple):
    """The ends and the method of a link, each None after a problem. The ends are in the order of the pair, if known."""

    at: KeyPath
    ends: tuple[str, str] | None
    pair: PairRow | None
    method: Method | None


class _JoinReader:
    """Reads which ends a link joins, and by which method."""

    def __init__(self, problems: Problems, ends: LinkEnds) -> None:
        self._problems = problems
        self._ends = ends

    def join(self, row: Mapping[str, Any], at: KeyPath) -> _Join:
        """Read ends and method of a link, and note what they say of clusters and stretched networks."""
        ends = self._between(row, (*at, "between"))
        pair: PairRow | None = None
        if ends is not None and self._ends.are_certain(ends):
            pair, ends = self._pair(ends, (*at, "between"))
        method = self._method(row, (*at, "method"), pair)
        if ends is not None and pair == PAIRS["icp-edge"] and method != "none":
            self._ends.put_behind(*ends)
        if ends is not None and method == "l2-extension":
            names = row.get("networks", ())
            self._ends.stretch(*ends, names if isinstance(names, list) else ())
        return _Join(at, ends, pair, method)

    def _between(self, row: Mapping[str, Any], at: KeyPath) -> tuple[str, str] | None:
        """Return the two ends in the order of the plan; None where one of them is not an end."""
        key, written = _TABLE.keys["between"], row.get("between")
        named = None if written is None else read_value(self._problems, written, at, key)
        if named is None or len(named) != len(row["between"]):
            return None
        if len(named) != key.items:
            self._problems.bad_value(at, f"names {len(named)} ends; a link joins two", f"write {key.how}")
            return None
        (_, first), (_, second) = named
        valid = [self._check_end(name, path) for path, name in named]
        if not all(valid):
            return None
        if first == second:
            self._problems.bad_value(at, f"joins {show(first)} to itself", "name two different ends")
            return None
        return first, second

    def _check_end(self, name: str, at: KeyPath) -> bool:
        """Return whether a name is one end, and report where it is not."""
        known = self._ends.meanings
        meanings = known.get(name, [])
        if name in self._ends.ambiguous:
            return False
        if len(meanings) > 1:
            what = " and ".join(_END_TITLES[kind] for kind in meanings)
            self._problems.bad_value(
                at, f"is {show(name)}, the name of {what}: this link can mean either", "rename one of them"
            )
        elif not meanings and self._problems.nearest(name, known) is None and not self._ends.edges:
            self._problems.add(
                "unknown-reference",
                at,
                f"is {show(name)}, and the plan has no such cluster, edge or site",
                f"to link the edge, declare [{format_key(('edges', name))}]",
            )
        elif not meanings:
            self._problems.unknown_reference(at, name, known, "cluster, edge or site")
        return len(meanings) == 1

    def _pair(self, ends: tuple[str, str], at: KeyPath) -> tuple[PairRow | None, tuple[str, str]]:
        """Return the pair that two ends make, and the ends in its order; None after a problem."""
        first, second = (self._ends.meanings[name][0] for name in ends)
        found = pair_of(first, second)
        if found is not None:
            name, swapped = found
            return PAIRS[name], ends[::-1] if swapped else ends
        help_ = "; ".join(
            f"{_END_TITLES[end]} can be linked to {_partners(end)}" for end in dict.fromkeys((first, second))
        )
        self._problems.bad_value(
            at, f"joins {_END_TITLES[first]} and {_END_TITLES[second]}, and no method does that", help_
        )
        return None, ends

    def _method(self, row: Mapping[str, Any], at: KeyPath, pair: PairRow | None) -> Method | None:
        """Return the method, which has to be one of its pair where that is known."""
        if "method" not in row:
            return None
        all_methods: tuple[Any, ...] = _TABLE.keys["method"].choices
        known: tuple[Method, ...] = all_methods if pair is None else pair.methods
        value = read_text(self._problems, row["method"], at)
        found = next((method for method in known if method == value), None)
        if value is not None and found is None:
            what = "a link" if pair is None else " and ".join(_END_TITLES[end] for end in pair.ends)
            near = self._problems.nearest(value, known)
            self._problems.bad_value(
                at,
                f"is {show(value)}, which is not a valid method for {what}: write one of {', '.join(known)}",
                f'did you mean "{near}"?' if near else None,
            )
        return found


class _CarriedReader:
    """Reads which networks a link carries, and which it translates."""

    def __init__(self, problems: Problems, ends: LinkEnds) -> None:
        self._problems = problems
        self._ends = ends

    def link(self, row: Mapping[str, Any], join: _Join) -> Link | None:
        """Return the whole link, None where its ends or its method are not valid."""
        at, ends, pair, method = join
        networks = self._networks(row, (*at, "networks"), ends)
        nat = self._nat(row, (*at, "nat"), ends)
        if nat and pair == PAIRS["edge-edge"] and method == "routed":
            self._problems.bad_value(
                (*at, "nat"),
                "has no effect between two routed edges: they do not translate addresses",
                'remove it, or write method = "ipsec"',
            )
        if pair is None or ends is None or method is None:
            return None
        return Link(ends, method, networks, nat, int(at[-1]))

    def _networks(self, row: Mapping[str, Any], at: KeyPath, ends: tuple[str, str] | None) -> tuple[str, ...]:
        """Return the networks that the link is limited to."""
        named = read_value(self._problems, row["networks"], at, _TABLE.keys["networks"]) if "networks" in row else None
        return tuple(dict.fromkeys(name for path, name in named or () if self._network(name, path, ends) is not None))

    def _network(self, name: str, at: KeyPath, ends: tuple[str, str] | None) -> Network | None:
        """Return the network with a name, None after a problem where it belongs to neither end."""
        network = self._ends.networks.get(name)
        if network is None:
            if name not in self._ends.unread:
                self._problems.unknown_reference(at, name, self._ends.networks, "network")
            return None
        if ends is None or not self._ends.are_certain(ends):
            return network
        owners = self._ends.owners(network)
        if set(owners).intersection(ends):
            return network
        help_ = f"write its edge or site in [{format_key(network.key)}]"
        if owners:
            help_ = f"{name} is a network of {' and '.join(owners)}"
        self._problems.bad_value(at, f"is {show(name)}, a network of neither {ends[0]} nor {ends[1]}", help_)
        return None

    def _nat(self, row: Mapping[str, Any], at: KeyPath, ends: tuple[str, str] | None) -> tuple[LinkNat, ...]:
        """Return which networks the far side of the link sees at other addresses."""
        entries = read_value(self._problems, row["nat"], at, _TABLE.keys["nat"]) if "nat" in row else ()
        found: dict[str, LinkNat] = {}
        for path, values in entries:
            name, shown = values.get("network"), values.get("as")
            network = None if name is None else self._network(name, (*path, "network"), ends)
            if name in found:
                self._problems.bad_value(
                    (*path, "network"),
                    f"is {show(name)}, which this link translates already",
                    "keep one of the entries",
                )
            elif network is not None and shown is not None:
                self._check_size(network, shown, (*path, "as"))
                found[network.name] = LinkNat(network.name, shown)
        return tuple(found.values())

    def _check_size(self, network: Network, shown: Prefix, at: KeyPath) -> None:
        """Report a prefix that does not fit the network, as far as the plan states the network's size."""
        known = network.prefix
        if known is not None and known.version != shown.version:
            self._problems.bad_value(
                at,
                f"is {shown}, and {network.name} is an IPv{known.version} network",
                f"write an IPv{known.version} prefix",
            )
            return
        length = network.length if known is None else known.length
        width = WIDTH[shown.version]
        if length is not None and shown.length not in (length, width):
            self._problems.bad_value(
                at,
                f"is {shown}, and {network.name} is a /{length}: both must have the same size",
                f"write a /{length}, or one address (/{width}) for answers only",
            )


def _check_only_link(problems: Problems, first: Link, link: Link, pair: PairRow) -> None:
    """Report a second link of two ends that can have only one, or where one of the two links closes the pair."""
    if first is link:
        return
    if pair != _SEVERAL:
        problems.bad_value(
            (*link.key, "between"),
            f"joins {link.ends[0]} and {link.ends[1]}, which {format_key(first.key)} does already",
            "keep one of the two links: only a site and an edge can have several",
        )
    elif "none" in (first.method, link.method):
        problems.bad_value(
            (*link.key, "method"),
            f'is "{link.method}", and {format_key(first.key)} of the same ends has "{first.method}": "none" closes the pair',
            "keep one of the two links",
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
