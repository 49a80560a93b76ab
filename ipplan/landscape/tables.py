"""Which networks each routing table leads to, and so which of two that overlap are a conflict.

A table leads to a network if a packet sent there would arrive supposing that no other network had its addresses; base
and default routes carry it like any other. Two networks conflict if one table leads to both. A table is written as
references to sets of destinations, and tables share sets, so that a plan of thousands of equal clusters costs what
it holds.

Source of what leads where: IBM Cloud docs, vmware-solutions, "Integration, IP addressing, and network flows",
2018-11-20; the routes that every classic server holds: IBM Cloud docs, IBM Cloud IP ranges, 2025-10-03.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Literal, NamedTuple

from ipplan.addresses import Prefix, RangeSet, parse_prefix
from ipplan.landscape.ends import BEHIND, PRIVATE, TRANSIT, Carried, End

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ipplan.landscape.ends import Joint
    from ipplan.landscape.standing import Ends
    from ipplan.plan.model import Network

SetKey = tuple[object, ...]
"""What a set of destinations is called: its sort, and whose it is."""
Words = str
"""How a table leads to a set, for a sentence."""

REFUSED = RangeSet(map(parse_prefix, ("172.16.0.0/16", "172.18.0.0/16", "172.19.0.0/16", "172.20.0.0/16")))
"""What the static routes of IKS workers must not lead to (IBM Cloud docs, containers static-routes.md, 2026-07-27)."""


def refuses(prefix: Prefix) -> bool:
    """Tell whether IKS refuses a static route on its workers: one of those ranges, or a summary that holds one."""
    return REFUSED.overlaps(prefix)


class TableKey(NamedTuple):
    """Whose table it is; `plan` says of which plan where several are judged together and the table is of one only."""

    device: Literal["worker", "esg", "dlr", "bcr", "server", "router", "fcr"]
    end: End | None
    plan: str | None = None

    @property
    def title(self) -> str:
        """The device, for a sentence."""
        unnamed = self.end is None or self.end.name is None
        return self._device + (f" of plan {self.plan}" if self.plan is not None and unnamed else "")

    @property
    def _device(self) -> str:
        end = self.end
        whose = "" if end is None else f" of {end.title}"
        if self.device == "esg":
            return f"the ESG{'' if end is None or end.name is None else whose}"
        if self.device == "dlr":
            return f"the DLR{'' if end is None or end.name is None else whose}"
        titles = {
            "worker": f"a worker{whose}",
            "bcr": "the BCR",
            "fcr": "the FCR",
            "router": f"the on-premises router{whose}",
            "server": "a server on both of IBM Cloud's networks",
        }
        return titles[self.device]


class Entry(NamedTuple):
    """One entry of a table as the rule for conflicts knows it: a set of destinations, and how the table leads there."""

    to: SetKey
    words: Words
    joint: Joint | None = None


class Conflict(NamedTuple):
    """One table that leads to two networks, and by which entry to each."""

    table: TableKey
    first: Entry
    second: Entry


_PRIVATE: SetKey = ("private",)
_PUBLIC: SetKey = ("public",)
_LEARNED: SetKey = ("learned",)
_LEARNED_CLASSIC: SetKey = ("learned-classic",)


class Verdicts(ABC):
    """Which table leads to which sets of destinations, and so which of two destinations are a conflict."""

    @abstractmethod
    def sets_of(self, item: Carried) -> tuple[SetKey, ...]:
        """Return the sets that a destination is in."""

    @property
    @abstractmethod
    def table_index(self) -> Mapping[TableKey, Mapping[SetKey, Entry]]:
        """The entries of each table by the set that they lead to."""

    @property
    @abstractmethod
    def translated(self) -> Sequence[tuple[Carried, Joint, End]]:
        """Every network that a link shows at other addresses, with the link and its own side."""

    @cached_property
    def tables_of(self) -> Mapping[SetKey, Sequence[TableKey]]:
        """The tables that lead to each set."""
        found: dict[SetKey, list[TableKey]] = {}
        for key, entries in self.table_index.items():
            for to in entries:
                found.setdefault(to, []).append(key)
        return found

    def conflict(self, first: Carried, second: Carried) -> Conflict | None:
        """Return the table that leads to both which tells most, None where no table does."""
        ones, twos = self.sets_of(first), self.sets_of(second)
        if self._leading_to(ones).isdisjoint(self._leading_to(twos)):
            return None
        found = [c for one in ones for two in twos if (c := self.joined(one, two)) is not None]
        return min(found, key=_rank, default=None)

    def _leading_to(self, sets: tuple[SetKey, ...]) -> frozenset[TableKey]:
        """Return the tables that lead to any of some sets."""
        if sets not in self._leading:
            self._leading[sets] = frozenset(t for key in sets for t in self.tables_of.get(key, ()))
        return self._leading[sets]

    @cached_property
    def _leading(self) -> dict[tuple[SetKey, ...], frozenset[TableKey]]:
        return {}

    def icp_cluster_leading_to(self, item: Carried) -> End | None:
        """Return the ICP cluster, the first by name, whose workers have a table that leads to a destination."""
        sets = self.sets_of(item)
        if sets not in self._icp_leading:
            tables = self._leading_to(sets)
            ends = (t.end for t in tables if t.device == "worker" and t.end is not None and t.end.kind == "icp")
            self._icp_leading[sets] = min(ends, key=lambda end: end.name or "", default=None)
        return self._icp_leading[sets]

    @cached_property
    def _icp_leading(self) -> dict[tuple[SetKey, ...], End | None]:
        return {}

    def joined(self, one: SetKey, two: SetKey) -> Conflict | None:
        """Return the table that leads to both of two sets which tells most, None where no table does."""
        key = (one, two)
        if key in self._memo:
            return self._memo[key]
        few = min((self.tables_of.get(s, ()) for s in key), key=len)
        both = (
            Conflict(table, entries[one], entries[two])
            for table in few
            if one in (entries := self.table_index[table]) and two in entries
        )
        found = min(islice(both, _MOST_COMPARED), key=_rank, default=None)
        if len(few) > _FEW:
            self._memo[key] = found
        return found

    @cached_property
    def _memo(self) -> dict[tuple[SetKey, SetKey], Conflict | None]:
        return {}


class Tables(Verdicts):
    """The tables of a plan as sets of destinations. Linear in the clusters, edges, sites and links of the plan."""

    def __init__(self, ends: Ends, classic: Sequence[Prefix]) -> None:
        self.ends = ends
        self.classic = RangeSet(classic)

    # Sets: which ones a destination is in.

    def sets_of(self, item: Carried) -> tuple[SetKey, ...]:
        """Return the sets that a destination is in: a network under its own addresses, or as a link shows it."""
        network = item.network
        if item.shown is not None:
            return self._translated.get((network.name, item.shown), ())
        if network.name not in self._sets:
            self._sets[network.name] = tuple(self._list_sets(network))
        return self._sets[network.name]

    @cached_property
    def _sets(self) -> dict[str, tuple[SetKey, ...]]:
        return {}

    def _list_sets(self, network: Network) -> Iterator[SetKey]:
        kind, ends = network.kind, self.ends
        yield from self._limited.get(network.name, ())
        if kind.public is not None:
            yield _PUBLIC if kind.public else _PRIVATE
        if kind.platform is not None:
            cluster = End("iks" if kind.platform == "iks" else "icp", network.cluster)
            if kind.internal:
                yield ("inside", cluster)
                yield ("insides", cluster.kind, self._group(cluster))
                yield ("tunnel", cluster)
                if self._tunnels_openly(cluster):
                    yield ("tunnels", cluster.kind)
                if kind.role == "pod":
                    yield ("pods", cluster)
                    yield ("pods*", self._group(cluster))
                    if self._announced_pods(network):
                        yield from self._learned(network)
            elif (
                kind.role == "worker"
                and not kind.public
                and (cluster.kind == "iks" or ends.edge_of(network) is not None)
            ):
                yield ("tunnel", cluster)
                if self._tunnels_openly(cluster):
                    yield ("tunnels", cluster.kind)
                yield ("workers", cluster)
                yield ("workers*", self._group(cluster))
                if cluster.kind == "iks":
                    # A tunnel that ends at workers' private addresses does not carry their subnet.
                    for uplink in ends.tunnel_addresses.public_uplinks(cluster):
                        yield ("tunnelled", cluster, uplink)
                        yield ("tunnelled*", self._group(cluster), uplink)
                    if ends.tunnel_addresses.by_name(cluster):
                        yield ("tunnelled-for", cluster)
        if kind.provider == "enterprise" or ends.on_premises(network):
            for site in ends.sites_of(network):
                yield ("site", site)
                if network.prefix is not None and self.from_workers(network.prefix):
                    yield ("site-from-workers", site)
                if network.prefix is not None and self.classic.covers(network.prefix):
                    yield ("site-classic", site)
        elif kind.name in BEHIND and (edge := ends.edge_of(network)) is not None:
            yield ("overlay", edge)
            if edge in self._open_edges:
                yield ("overlays",)
            if self._announced_overlay(network, edge):
                yield from self._learned(network)
        elif kind.name == TRANSIT and (edge := ends.edge_of(network)) is not None:
            yield ("transit", edge)
            if edge in self._open_edges:
                yield ("transits",)
        if kind.name == "vcs-hcx" and (edge := ends.edge_of(network)) is not None:
            yield ("concentrator", edge)
        if kind.name == "vcs-vm" and (edge := ends.edge_of(network)) is not None:
            yield ("stretchable", edge)

    def _tunnels_openly(self, cluster: End) -> bool:
        """Tell whether the short form joins a cluster with every one of the other platform."""
        return self.ends.links.is_open(cluster, "iks-icp") and cluster not in self._special

    def _learned(self, network: Network) -> Iterator[SetKey]:
        yield _LEARNED
        if network.prefix is not None and self.classic.covers(network.prefix):
            yield _LEARNED_CLASSIC

    def from_workers(self, prefix: Prefix) -> bool:
        """Tell whether IKS workers reach an enterprise range: by the route to 10.0.0.0/8 or by a static one."""
        return self.classic.covers(prefix) or not refuses(prefix)

    def _group(self, cluster: End) -> object:
        """Return the edge that an IKS cluster names, None for one that the short form joins with every edge."""
        if cluster.kind != "iks" or not self.ends.links.is_open(cluster, "iks-edge"):
            return cluster
        if cluster in self._special or any(j.pair == "iks-icp" for j in self.ends.links.written_of(cluster)):
            # What a link with ICP carries is not behind the ESG's tunnel, which then differs from those of others.
            return cluster
        if self.ends.tunnel_addresses.edges(cluster):
            # Its tunnels differ by the edge: some end at public addresses, others at the workers' own ones.
            return cluster
        names = self.ends.links.named_edges(cluster)
        return None if not names else cluster

    @cached_property
    def _special(self) -> frozenset[End]:
        """The ends that a closed link keeps from a pair, so that they are joined one by one."""
        return frozenset(end for _, first, second in self.ends.links.closed for end in (first, second))

    @cached_property
    def _open_edges(self) -> frozenset[End]:
        """The edges that the short form joins with every IKS cluster that names none."""
        return frozenset(
            e for e in self.ends.edges if self.ends.links.is_open(e, "iks-edge") and e not in self._special
        )

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
        """Return the links of an end that may announce, one for all that the short form makes."""
        if end not in self._announcing:
            found = []
            for joint in self.ends.links.of_pair(end, "iks-edge"):
                found.append(joint)
                if joint.link is None:
                    break
            self._announcing[end] = found
        return self._announcing[end]

    @cached_property
    def _announcing(self) -> dict[End, Sequence[Joint]]:
        return {}

    @cached_property
    def _limited_sides(self) -> Sequence[tuple[Joint, End]]:
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
        for joint, side in self._limited_sides:
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
            for joint, side in self._limited_sides
            for item in self.ends.carriage.carried(joint, side)
            if item.shown is not None
        ]

    # Tables: which sets they lead to.

    @cached_property
    def tables(self) -> Mapping[TableKey, tuple[Entry, ...]]:
        """Every table of the plan with its entries, in the order in which a finding looks for one that leads to both."""
        found: dict[TableKey, tuple[Entry, ...]] = {}
        for cluster in self.ends.clusters:
            make = self._worker if cluster.kind == "iks" else self._icp_worker
            found[TableKey("worker", cluster)] = tuple(make(cluster))
        for edge in self.ends.edges:
            if self.ends.stretched_behind(edge) or self.ends.of_edge(edge, TRANSIT) or edge in self.ends.icp_behind:
                esg = tuple(self._esg(edge))
                found[TableKey("esg", edge)] = esg
                if stretched := tuple(self._over_stretched(edge)):
                    found[TableKey("dlr", edge)] = (*stretched, *esg)
        found[TableKey("bcr", None)] = tuple(self._bcr())
        found[TableKey("server", None)] = tuple(self._server())
        for site in self.ends.sites:
            found[TableKey("router", site)] = tuple(self._router(site))
        return found

    @cached_property
    def table_index(self) -> Mapping[TableKey, Mapping[SetKey, Entry]]:
        """The entries of each table by the set that they lead to, the first of equal ones."""
        found: dict[TableKey, dict[SetKey, Entry]] = {}
        for key, entries in self.tables.items():
            own: dict[SetKey, Entry] = {}
            for entry in entries:
                own.setdefault(entry.to, entry)
            found[key] = own
        return found

    def _side(self, joint: Joint, side: End, words: Words) -> Iterator[Entry]:
        """Yield what a link carries of one side: a shared set where it carries all that the method can."""
        if joint.link is not None and (joint, side) in self._limited_index:
            yield Entry(("carried", joint, side), words, joint)
        elif side.kind == "edge":
            yield Entry(("stretchable" if joint.method == "l2-extension" else "overlay", side), words, joint)
            if joint.method is None:
                yield Entry(("transit", side), words, joint)
        elif side.kind in ("iks", "icp"):
            if joint.method in ("common-vlan", "bgp"):
                yield Entry(("pods", side), words, joint)
            elif joint.pair == "iks-edge":
                if joint.method == "strongswan":
                    yield Entry(("inside", side), words, joint)
                    named = self.ends.tunnel_addresses.name_for(side, joint.second) is not None
                    where = ("tunnelled", side, self.ends.tunnel_addresses.uplink(joint.second))
                    yield Entry(("tunnelled-for", side) if named else where, words, joint)
            elif joint.method == "strongswan":
                yield Entry(("tunnel", side), words, joint)
        elif side.kind == "site":
            yield Entry(("site", side), words, joint)
        else:
            yield Entry(_PRIVATE, words, joint)

    @cached_property
    def _limited_index(self) -> frozenset[tuple[Joint, End]]:
        return frozenset(self._limited_sides)

    def _sites(self, suffix: str) -> Iterator[Entry]:
        """Yield the enterprise networks behind IBM Cloud's private network."""
        for joint in self.ends.links.of(PRIVATE):
            words = "over Direct Link" if joint.method else "over the enterprise's link (enterprise is not stated)"
            site = joint.first
            if (joint, site) in self._limited_index:
                yield Entry((f"carried-{suffix}", joint) if suffix else ("carried", joint, site), words, joint)
            else:
                yield Entry((f"site-{suffix}" if suffix else "site", site), words, joint)

    def _ibm(self) -> Iterator[Entry]:
        yield Entry(_PRIVATE, "through the BCR")
        yield Entry(_PUBLIC, "through the FCR")
        yield Entry(_LEARNED_CLASSIC, "through the BCR, to which it is announced")

    def _worker(self, cluster: End) -> Iterator[Entry]:
        """Yield the table of the workers of an IKS cluster."""
        ends = self.ends
        yield Entry(("inside", cluster), "inside the cluster")
        yield from self._ibm()
        written = [j for j in ends.links.written_of(cluster) if j.pair == "iks-edge"]
        if not written and self._group(cluster) is None:
            method = ends.links.short_method("iks-edge")
            words = _IKS_VCS.get(method)
            if words is not None:
                yield Entry(("overlays",), words)
                if method is None:
                    yield Entry(("transits",), words)
            for edge in ends.edges:
                if edge not in self._open_edges and (joint := ends.links.between("iks-edge", cluster, edge)):
                    yield from self._to_overlay(joint)
        else:
            for joint in ends.links.of(cluster):
                if joint.pair == "iks-edge":
                    yield from self._to_overlay(joint)
        yield from self._far_clusters(cluster)
        yield from self._sites("from-workers")

    def _to_overlay(self, joint: Joint) -> Iterator[Entry]:
        words = _IKS_VCS.get(joint.method)
        if words is not None:
            yield from self._side(joint, joint.second, words)

    def _far_clusters(self, cluster: End) -> Iterator[Entry]:
        """Yield what the tunnels of a cluster to other clusters carry."""
        words = "through the strongSwan tunnel between the clusters"
        far = "icp" if cluster.kind == "iks" else "iks"
        for joint in self.ends.links.written_of(cluster):
            if joint.pair in ("iks-iks", "iks-icp", "icp-icp"):
                yield from self._side(joint, joint.far(cluster), words)
        if self.ends.links.short_method("iks-icp") != "strongswan" or not self.ends.links.is_open(cluster, "iks-icp"):
            return
        together = self._tunnels_openly(cluster)
        if together:
            yield Entry(("tunnels", far), words)
        for other in self.ends.of_platform(far):
            if not (together and self._tunnels_openly(other)):
                found = self.ends.links.between("iks-icp", cluster, other)
                if found is not None and found.link is None:
                    yield from self._side(found, other, words)

    def _icp_worker(self, cluster: End) -> Iterator[Entry]:
        """Yield the table of the workers of an ICP cluster."""
        ends = self.ends
        yield Entry(("inside", cluster), "inside the cluster")
        yield from self._far_clusters(cluster)
        edge = ends.edge_of_cluster(cluster)
        if edge is None:
            return
        yield Entry(("overlay", edge), "through the ESG")
        yield Entry(("transit", edge), "through the ESG")
        joint = ends.links.between("icp-edge", cluster, edge)
        if joint is not None:
            through = "the ESG's NAT" if joint.method else "the ESG (icp-vcs is not stated)"
            yield from (e._replace(words=f"by {through}") for e in (*self._ibm(), *self._sites("")))
        own = {n.name for n in ends.of_cluster(cluster, "icp-worker")}
        yield from self._esg_clusters(edge, only=own, untranslated=joint is None)
        yield from self._esg_links(edge, only=own)
        if any(n.gateway_on == "dlr" for n in ends.of_cluster(cluster, "icp-worker")):
            yield from self._over_stretched(edge)

    def _esg(self, edge: End) -> Iterator[Entry]:
        """Yield the table of an ESG."""
        yield Entry(("overlay", edge), "through the DLR")
        yield Entry(("transit", edge), "on its own interface")
        yield from self._ibm()
        yield from self._esg_clusters(edge)
        yield from self._sites("")
        yield from self._esg_links(edge)

    def _esg_clusters(self, edge: End, only: set[str] | None = None, *, untranslated: bool = False) -> Iterator[Entry]:
        """Yield what an ESG reaches of IKS clusters; `only` are the senders that a tunnel has to take.

        `untranslated` adds the workers on a common VLAN, which the ESG reaches on the link.
        """
        ends = self.ends
        method = ends.links.short_method("iks-edge")
        written = [j for j in ends.links.written_of(edge) if j.pair == "iks-edge"]
        if edge in self._open_edges and not written and self._takes(edge, only):
            uplink = ends.tunnel_addresses.uplink(edge)
            yield from _family(method, None, uplink, _IKS_BACK.get(method), untranslated=untranslated)
            for cluster in ends.of_platform("iks"):
                if self._group(cluster) is not None and (joint := ends.links.between("iks-edge", cluster, edge)):
                    yield from self._from_cluster(joint, only, untranslated=untranslated)
            return
        for joint in ends.links.of(edge):
            if joint.pair == "iks-edge":
                yield from self._from_cluster(joint, only, untranslated=untranslated)

    def _takes(self, edge: End, only: set[str] | None) -> bool:
        """Tell whether the links of the short form take packets from some networks behind an edge."""
        return not only or any(n.name in only for n in self.ends.behind(edge))

    def _from_cluster(self, joint: Joint, only: set[str] | None, *, untranslated: bool) -> Iterator[Entry]:
        words = _IKS_BACK.get(joint.method)
        if words is None:
            return
        # A policy takes packets of its local subnets only; and the BCR drops senders that it neither assigned nor learned.
        asks = joint.method == "strongswan" or (untranslated and joint.method == "bgp")
        if asks and not self._takes_from(joint, joint.second, only):
            return
        yield from self._side(joint, joint.first, words)
        if untranslated and joint.method == "common-vlan":
            yield Entry(("workers", joint.first), "on the common VLAN", joint)

    def _takes_from(self, joint: Joint, edge: End, only: set[str] | None) -> bool:
        """Tell whether a policy-based tunnel of an edge takes packets from some networks behind it.

        Workers that the plan has no network for are in what an unlimited tunnel takes.
        """
        if only is None:
            return True
        if not only:
            return (joint, edge) not in self._limited_index
        return any(c.network.name in only for c in self.ends.carriage.carried(joint, edge))

    def _esg_links(self, edge: End, only: set[str] | None = None) -> Iterator[Entry]:
        """Yield what an ESG reaches of other edges and, by its own tunnels, of sites."""
        for joint in self.ends.links.of(edge):
            if joint.pair not in ("edge-edge", "site-edge") or joint.method == "l2-extension":
                continue
            # A policy-based tunnel takes packets of its local subnets only; what is routed takes any.
            if joint.method == "ipsec" and not self._takes_from(joint, edge, only):
                continue
            yield from self._side(joint, joint.far(edge), f"through {joint.title}")

    def _over_stretched(self, edge: End) -> Iterator[Entry]:
        """Yield what the DLR reaches over stretched networks: the enterprise networks of their sites."""
        for joint in self.ends.links.of(edge):
            if joint.method == "l2-extension" and self.ends.carriage.stretched_by(joint):
                yield from self._side(joint, joint.first, "over the stretched layer 2 network")

    def _bcr(self) -> Iterator[Entry]:
        yield Entry(_PRIVATE, "directly")
        yield Entry(_LEARNED, "by BGP")
        yield from self._sites("")

    def _server(self) -> Iterator[Entry]:
        yield from self._ibm()
        yield from self._sites("classic")

    def _router(self, site: End) -> Iterator[Entry]:
        """Yield the table of the router of a site."""
        yield Entry(("site", site), "directly")
        yield Entry(_PUBLIC, "through the internet")
        for joint in self.ends.links.of(site):
            if joint.pair == "site-private":
                words = "over Direct Link" if joint.method else "over the enterprise's link (enterprise is not stated)"
                yield from self._side(joint, PRIVATE, words)
                if (joint, PRIVATE) not in self._limited_index:
                    # A link that names what it carries of IBM Cloud's side carries nothing for others.
                    yield Entry(_LEARNED, f"{words} and the BCR, to which it is announced", joint)
            elif joint.pair == "site-edge":
                yield from self._side(joint, joint.second, f"through {joint.title}")
                if joint.method == "l2-extension":
                    words = "over the WAN to the remote L2 concentrator"
                    yield Entry(("concentrator", joint.second), words, joint)


_MOST_COMPARED = 16
"""Look at this many tables at most for the one that tells most about a conflict."""
_DEVICES = ("esg", "bcr", "dlr", "router", "server", "worker", "fcr")
"""The tables in the order in which one is told, after that of the cluster that a network is inside of."""


def _rank(conflict: Conflict) -> tuple[bool, int, str]:
    inside = "inside" in (conflict.first.to[0], conflict.second.to[0])
    end = conflict.table.end
    return not inside, _DEVICES.index(conflict.table.device), (end.name or "") if end is not None else ""


_FEW = 4
"""Keep the answer for two sets that more tables than this lead to."""

_IKS_VCS: dict[str | None, Words] = {
    None: "through the ESG (iks-vcs is not stated)",
    "common-vlan": "through BGP between vRouters and ESG on the common VLAN",
    "strongswan": "through the strongSwan tunnel to the ESG",
    "bgp": "through the routes that the ESG announces to the BCR",
}
"""How workers of IKS reach what is behind an edge."""
_IKS_BACK: dict[str | None, Words] = {
    "common-vlan": "through BGP between vRouters and ESG on the common VLAN",
    "strongswan": "through the strongSwan tunnel of the cluster",
    "bgp": "through the routes that vRouters announce to the BCR",
}
"""How an ESG reaches what is inside an IKS cluster."""


def _family(
    method: str | None, group: object, uplink: str, words: Words | None, *, untranslated: bool
) -> Iterator[Entry]:
    """Yield what all clusters that the short form joins with every edge have behind their link."""
    if words is None:
        return
    if method == "strongswan":
        yield Entry(("insides", "iks", group), words)
        yield Entry(("tunnelled*", group, uplink), words)
    else:
        yield Entry(("pods*", group), words)
        if untranslated and method == "common-vlan":
            yield Entry(("workers*", group), "on the common VLAN")
