"""Who there is in a plan, where each network stands, and which links join whom.

Pure data, worked out when it is asked for, so that one end costs what it has. Knows nothing of routes or devices.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Literal, NamedTuple

from ipplan.plan import names
from ipplan.plan.kinds import KINDS
from ipplan.plan.methods import ENTERPRISE, PAIRS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ipplan.addresses import Prefix
    from ipplan.findings import KeyPath
    from ipplan.plan.methods import EndKind, IntegrationKey, Method, Pair
    from ipplan.plan.model import Cluster, Link, Network, Plan

TRANSIT = "vcs-transit"
UPLINKS = {"public": "vcs-esg-public", "private": "vcs-esg-private"}
"""The kinds of network on the uplinks of an ESG."""
BEHIND = ("vcs-vm", "icp-worker")
"""The kinds of network behind an edge; the transit network joins its ESG and its DLR."""
_NOTHING: frozenset[str] = frozenset()
OF_AN_EDGE = frozenset((*UPLINKS.values(), TRANSIT, *BEHIND))
"""The kinds of network that make an edge."""


TunnelUplink = Literal["public", "named", "private"]
"""Where tunnels of IKS end at an ESG: on its only uplink, a public one; on the public one, because it is named; privately."""


class End(NamedTuple):
    """One end of links: a cluster of a platform, an edge, a site, or IBM Cloud's private network.

    `name` is None for the only edge of a plan that names none, for the cluster of networks that name none, and for
    IBM Cloud's private network.
    """

    kind: EndKind
    name: str | None

    @property
    def title(self) -> str:
        """What it is, for a sentence."""
        if self.kind == "ibm-private":
            return "IBM Cloud's private network"
        if self.kind == "edge":
            return "the edge" if self.name is None else f"edge {self.name}"
        if self.kind == "site":
            return f"site {self.name}"
        return f"the {self.kind.upper()} cluster" if self.name is None else f"cluster {self.name}"


PRIVATE = End("ibm-private", None)
"""IBM Cloud's private network as an end of links."""


class Joint(NamedTuple):
    """Two ends that are joined, and how: an entry of `[[link]]`, or what the short form opens for them.

    `method` is None where the plan leaves the key of the short form out. `first` and `second` are in the order of
    `PAIRS`.
    """

    pair: Pair
    first: End
    second: End
    method: Method | None
    link: Link | None = None

    @property
    def integration(self) -> IntegrationKey | None:
        """The key of the short form for such a pair."""
        return PAIRS[self.pair].key

    @property
    def key(self) -> KeyPath:
        """Where the plan says so."""
        if self.link is not None:
            return self.link.key
        return ("integration", self.integration or "")

    @property
    def title(self) -> str:
        """Say what it is, for a sentence."""
        return f"the {METHOD_TITLES[self.method]} between {self.first.title} and {self.second.title}"

    def far(self, end: End) -> End:
        """Return the other end."""
        return self.second if end == self.first else self.first

    def limits(self, names: Iterable[str]) -> bool:
        """Tell whether the link names any of these networks, which limits their side to what it names."""
        if self.link is None or not (self.link.networks or self.link.nat):
            return False
        named = {*self.link.networks, *(entry.network for entry in self.link.nat)}
        return any(name in named for name in names)


METHOD_TITLES: dict[Method | None, str] = {
    "common-vlan": "BGP on the common VLAN",
    "strongswan": "strongSwan tunnel",
    "static-nat": "static NAT",
    "bgp": "BGP with the BCR",
    "nat": "NAT",
    "ipsec": "IPsec tunnel",
    "gre": "GRE tunnel",
    "l2-extension": "stretched layer 2 network",
    "routed": "routed link",
    "none": "closed link",
    None: "undecided link",
}
"""What a method is, for a sentence."""


class Carried(NamedTuple):
    """A network that a link carries to its far side. `shown` is the range it is seen at there, None for its own."""

    network: Network
    shown: Prefix | None = None

    @property
    def prefix(self) -> Prefix | None:
        """The range that the far side knows."""
        return self.network.prefix if self.shown is None else self.shown

    @property
    def outbound_only(self) -> bool:
        """Whether the far side sees one address for all of it, so that only answers come back."""
        shown, own = self.shown, self.network.prefix
        return shown is not None and shown.size == 1 and own is not None and own.size > 1


class Ends:
    """The ends of a plan and the links between them. Everything is computed when asked, and kept."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._joints: dict[End, tuple[Joint, ...]] = {}
        self._whole = None if plan.whole is None else Ends(plan.whole)

    # What there is.

    @cached_property
    def networks(self) -> Sequence[Network]:
        """Every network of the plan, with the default that it takes; platform defaults that it does not declare."""
        return self.plan.taking_part()

    @cached_property
    def by_kind(self) -> Mapping[str, Sequence[Network]]:
        """The networks by the name of their kind."""
        found: dict[str, list[Network]] = {name: [] for name in KINDS}
        for network in self.networks:
            found[network.kind.name].append(network)
        return found

    @cached_property
    def clusters(self) -> Mapping[End, Cluster | None]:
        """The clusters as ends; None for the one that networks of a platform belong to when they name none."""
        found: dict[End, Cluster | None] = {End(c.platform, c.name): c for c in self.plan.clusters.values()}
        for kind in KINDS.values():
            if kind.platform is not None and any(n.cluster is None for n in self.by_kind[kind.name]):
                found[End("iks" if kind.platform == "iks" else "icp", None)] = None
        return found

    @cached_property
    def _platforms(self) -> Mapping[str, Sequence[End]]:
        found: dict[str, list[End]] = {"iks": [], "icp": []}
        for end in self.clusters:
            found[end.kind].append(end)
        return found

    def of_platform(self, platform: str) -> Sequence[End]:
        """Return the clusters of a platform."""
        return self._platforms[platform]

    @cached_property
    def icp_behind(self) -> Mapping[End, Sequence[End]]:
        """The ICP clusters behind each edge that has some."""
        found: dict[End, list[End]] = {}
        for cluster in self.of_platform("icp"):
            if (edge := self.edge_of_cluster(cluster)) is not None:
                found.setdefault(edge, []).append(cluster)
        return found

    @cached_property
    def _of_cluster(self) -> Mapping[End, Sequence[Network]]:
        found: dict[End, list[Network]] = {end: [] for end in self.clusters}
        for kind in KINDS.values():
            if kind.platform is not None:
                for network in self.by_kind[kind.name]:
                    found[End("iks" if kind.platform == "iks" else "icp", network.cluster)].append(network)
        return found

    def of_cluster(self, cluster: End, kind: str | None = None) -> list[Network]:
        """Return the networks of a cluster, of one kind or of all."""
        return [n for n in self._of_cluster.get(cluster, ()) if kind in (None, n.kind.name)]

    @cached_property
    def edges(self) -> tuple[End, ...]:
        """The edges as ends; one without a name where the plan has what makes an edge and names none."""
        if self.plan.edge_names:
            return tuple(End("edge", name) for name in self.plan.edge_names)
        if any(self.by_kind[kind] for kind in OF_AN_EDGE) or self.of_platform("icp"):
            return (End("edge", None),)
        return ()

    @cached_property
    def sites(self) -> tuple[End, ...]:
        """The sites as ends; one called enterprise where the plan declares none, and has networks or links of one."""
        if self.plan.sites:
            return tuple(End("site", name) for name in self.plan.sites)
        named = any(ENTERPRISE in link.ends for link in self.plan.links)
        # What is stretched meets the router on premises, even if nothing else is known of the site.
        stretched = self.method("enterprise") == "l2-extension" and self.by_kind["vcs-vm"]
        return (End("site", ENTERPRISE),) if self.by_kind["enterprise"] or named or stretched else ()

    # Where a network stands.

    def edge_of(self, network: Network) -> End | None:
        """Return the edge that a network belongs to, None where the plan has several and it names none."""
        if network.edge is not None:
            return End("edge", network.edge)
        if network.kind.platform == "icp":
            return self.edge_of_cluster(End("icp", network.cluster))
        return self.edges[0] if len(self.edges) == 1 else None

    def edge_of_cluster(self, cluster: End) -> End | None:
        """Return the edge that an ICP cluster stands behind, None where the plan has several and names none for it."""
        return self._icp_edges.get(cluster)

    @cached_property
    def _icp_edges(self) -> Mapping[End, End | None]:
        linked = {joint.first: joint.second for joint in self.written if joint.pair == "icp-edge"}
        only = self.edges[0] if len(self.edges) == 1 else None
        named = {n.cluster: n.edge for n in reversed(self.by_kind["icp-worker"]) if n.edge is not None}
        found: dict[End, End | None] = {}
        for end in self.of_platform("icp"):
            cluster = self.clusters[end]
            name = (cluster.edge if cluster is not None else None) or named.get(end.name)
            found[end] = End("edge", name) if name is not None else linked.get(end, only)
        return found

    @cached_property
    def _iks_edges(self) -> Mapping[End, frozenset[str]]:
        """The edges that each IKS cluster names itself or by its networks; none for every edge."""
        found: dict[End, set[str]] = {end: set() for end in self.of_platform("iks")}
        for end in found:
            cluster = self.clusters[end]
            if cluster is not None and cluster.edge is not None:
                found[end].add(cluster.edge)
        for network in self.plan.networks:
            if network.edge is not None and network.kind.platform == "iks":
                found[End("iks", network.cluster)].add(network.edge)
        return {end: frozenset(names) for end, names in found.items()}

    def site_of(self, network: Network) -> End | None:
        """Return the site that a network stands in, None where the plan has several and it names none.

        A network whose router is on premises stands in the site that stretches it; where several do, in each of them,
        and the first by name is told.
        """
        if network.kind.provider != "enterprise":
            return next(iter(self._stretching.get(network.name, ())), None)
        if network.site is not None:
            return End("site", network.site)
        return self.sites[0] if len(self.sites) == 1 else None

    def on_premises(self, network: Network) -> bool:
        """Tell whether the router of a network behind an edge is the one on premises, of the site that stretches it."""
        return network.gateway_on == "on-premises" and network.kind.name == "vcs-vm"

    def sites_of(self, network: Network) -> tuple[End, ...]:
        """Return every site that a network stands in: several only where several stretch one with its router on premises."""
        if network.kind.provider != "enterprise":
            return self._stretching.get(network.name, ())
        site = self.site_of(network)
        return () if site is None else (site,)

    @cached_property
    def _stretching(self) -> Mapping[str, tuple[End, ...]]:
        """The sites of each network whose router is on premises, by their names."""
        found: dict[str, set[End]] = {}
        for network in self.by_kind["vcs-vm"]:
            if network.gateway_on != "on-premises" or (edge := self.edge_of(network)) is None:
                continue
            for joint in self.joints_of(edge):
                if joint.method == "l2-extension" and self._names(joint, network):
                    found.setdefault(network.name, set()).add(joint.first)
        return {name: tuple(sorted(sites, key=lambda s: s.name or "")) for name, sites in found.items()}

    @cached_property
    def _behind(self) -> Mapping[End, Sequence[Network]]:
        found: dict[End, list[Network]] = {end: [] for end in self.edges}
        for kind in BEHIND:
            for network in self.by_kind[kind]:
                if (edge := self.edge_of(network)) is not None:
                    found[edge].append(network)
        order = {n.name: at for at, n in enumerate(self.networks)}
        return {edge: sorted(own, key=lambda n: order[n.name]) for edge, own in found.items()}

    def behind(self, edge: End) -> Sequence[Network]:
        """Return the networks that stand behind an edge, in the order of the plan; not those routed on premises."""
        return self._really_behind[edge]

    @cached_property
    def _really_behind(self) -> Mapping[End, Sequence[Network]]:
        return {e: [n for n in own if not self.on_premises(n)] for e, own in self._behind.items()}

    def stretched_behind(self, edge: End) -> Sequence[Network]:
        """Return every network on the VXLANs of an edge, those routed on premises too."""
        return self._behind[edge]

    @cached_property
    def _of_edge(self) -> Mapping[tuple[str, End], Sequence[Network]]:
        found: dict[tuple[str, End], list[Network]] = {}
        for kind in KINDS.values():
            if kind.name.startswith("vcs-"):
                for network in self.by_kind[kind.name]:
                    if (edge := self.edge_of(network)) is not None:
                        found.setdefault((kind.name, edge), []).append(network)
        return found

    def of_edge(self, edge: End, kind: str) -> Sequence[Network]:
        """Return the networks of a kind that belong to an edge."""
        return self._of_edge.get((kind, edge), ())

    @cached_property
    def _of_site(self) -> Mapping[End, Sequence[Network]]:
        found: dict[End, list[Network]] = {end: [] for end in self.sites}
        for network in self.by_kind["enterprise"]:
            if (site := self.site_of(network)) is not None:
                found[site].append(network)
        for network in self.by_kind["vcs-vm"]:
            if self.on_premises(network):
                for site in self.sites_of(network):
                    found[site].append(network)
        return found

    def of_site(self, site: End) -> Sequence[Network]:
        """Return the networks that stand in a site, those of an edge that are routed there too."""
        return self._of_site.get(site, ())

    @cached_property
    def private(self) -> Sequence[Network]:
        """The networks on IBM Cloud's private network."""
        return [n for k in KINDS.values() if k.public is False for n in self.by_kind[k.name]]

    @cached_property
    def public(self) -> Sequence[Network]:
        """The networks on IBM Cloud's public network."""
        return [n for k in KINDS.values() if k.public for n in self.by_kind[k.name]]

    # Who is joined with whom.

    @cached_property
    def written(self) -> tuple[Joint, ...]:
        """The entries of `[[link]]`."""
        kinds: dict[str, End] = {c.name: End(c.platform, c.name) for c in self.plan.clusters.values()}
        for name in self.plan.edge_names:
            kinds.setdefault(name, End("edge", name))
        for name in self.plan.sites or (ENTERPRISE,):
            kinds.setdefault(name, End("site", name))
        kinds["ibm-private"] = PRIVATE
        found = []
        for link in self.plan.links:
            first, second = (kinds[name] for name in link.ends)
            for pair, row in PAIRS.items():
                if row.ends == (first.kind, second.kind):
                    found.append(Joint(pair, first, second, link.method, link))
                    break
        return tuple(joint for joint in found if not self._exhausted(joint))

    @cached_property
    def written_by_number(self) -> Mapping[int, Joint]:
        """The entries of `[[link]]` by their place in the plan."""
        return {joint.link.number: joint for joint in self.written if joint.link is not None}

    @cached_property
    def names(self) -> frozenset[str]:
        """The names of all networks."""
        return frozenset(n.name for n in self.networks)

    def named_of(self, joint: Joint, side: End) -> set[str]:
        """Return what a link names of one side that its method can carry; a network that it stretches is of the edge."""
        if joint.link is None:
            return set()
        named = {*joint.link.networks, *(entry.network for entry in joint.link.nat)}
        stretches = joint.method == "l2-extension" and side.kind == "site"
        able = self._able(joint, side)
        return {n.name for n in able if n.name in named and not (stretches and self.on_premises(n))}

    def _exhausted(self, joint: Joint) -> bool:
        """Tell whether all that a link names of one side is retired: it has nothing to carry from there any more."""
        if self._whole is None or joint.link is None:
            return False
        before = self._whole.written_by_number[joint.link.number]
        if before.link == joint.link:
            return False
        left = self.names
        for side in (before.first, before.second):
            named = self._whole.named_of(before, side)
            if named and left.isdisjoint(named):
                return True
        return False

    @cached_property
    def closed(self) -> frozenset[tuple[Pair, End, End]]:
        """The pairs that a link closes, with its ends."""
        return frozenset((j.pair, j.first, j.second) for j in self.written if j.method == "none")

    @cached_property
    def linked(self) -> frozenset[tuple[Pair, End]]:
        """The ends that have written links of a kind of pair, and so none by the short form.

        Those of retired ones count: what goes out of service opens nothing else.
        """
        if self._whole is not None:
            return self._whole.linked
        written = [j for j in self.written if j.method != "none"]
        return frozenset((j.pair, end) for j in written for end in (j.first, j.second))

    @cached_property
    def _written_of(self) -> Mapping[End, Sequence[Joint]]:
        found: dict[End, list[Joint]] = {}
        for joint in self.written:
            if joint.method != "none":
                for end in dict.fromkeys((joint.first, joint.second)):
                    found.setdefault(end, []).append(joint)
        return found

    def written_of(self, end: End) -> Sequence[Joint]:
        """Return the written links of an end that join it with something."""
        return self._written_of.get(end, ())

    def named_edges(self, cluster: End) -> frozenset[str]:
        """Return the edges that an IKS cluster or its networks name; none: the short form joins it with every edge."""
        return self._iks_edges.get(cluster, frozenset())

    def joints_of(self, end: End) -> tuple[Joint, ...]:
        """Return the links of an end that join it with something, written ones first."""
        if end not in self._joints:
            self._joints[end] = (*self.written_of(end), *self._short_form(end))
        return self._joints[end]

    def iter_joints(self, end: End, pair: Pair) -> Iterator[Joint]:
        """Yield the links of an end in pairs of a kind, one by one."""
        yield from (j for j in self.written_of(end) if j.pair == pair)
        yield from self._short_form(end, pair)

    def joint(self, pair: Pair, first: End, second: End) -> Joint | None:
        """Return the link of a kind of pair between two ends, in either order; None where nothing joins them so."""
        kinds = PAIRS[pair].ends
        if (first.kind, second.kind) not in (kinds, kinds[::-1]):
            return None
        if first.kind != kinds[0]:
            first, second = second, first
        if (written := self._written_between.get((pair, first, second))) is not None:
            return written
        if not (self.open(first, pair) and self.open(second, pair)) or (pair, first, second) in self.closed:
            return None
        method = self.short_method(pair)
        if method == "none" or not self._are_partners(pair, first, second):
            return None
        return Joint(pair, first, second, method)

    @cached_property
    def _written_between(self) -> Mapping[tuple[Pair, End, End], Joint]:
        found: dict[tuple[Pair, End, End], Joint] = {}
        for joint in self.written:
            if joint.method != "none":
                found.setdefault((joint.pair, joint.first, joint.second), joint)
                if joint.first.kind == joint.second.kind:
                    found.setdefault((joint.pair, joint.second, joint.first), joint)
        return found

    def open(self, end: End, pair: Pair) -> bool:
        """Tell whether the short form may join an end in pairs of a kind."""
        return (pair, end) not in self.linked

    def method(self, key: IntegrationKey) -> str | None:
        """Return the method of the short form, None for undecided; what a plan with links leaves out is none."""
        return self.plan.integration.get(key, "none" if self.plan.links else None)

    def _short_form(self, end: End, only: Pair | None = None) -> Iterator[Joint]:
        for pair, row in PAIRS.items():
            if only not in (None, pair) or row.key is None or end.kind not in row.ends or not self.open(end, pair):
                continue
            method = self.short_method(pair)
            if method == "none":
                continue
            for far in self.partners(pair, end):
                first, second = (end, far) if end.kind == row.ends[0] else (far, end)
                if self.open(far, pair) and (pair, first, second) not in self.closed:
                    yield Joint(pair, first, second, method)

    def short_method(self, pair: Pair) -> Method | None:
        """Return what the short form says of a kind of pair: none where its method joins other pairs."""
        key = PAIRS[pair].key
        method = "none" if key is None else self.method(key)
        if method is None:
            # Undecided is taken as open where it most likely will be: the enterprise is routed, clusters are not joined.
            return None if pair in ("iks-edge", "icp-edge", "site-private") else "none"
        methods = PAIRS[pair].methods
        return next((m for m in methods if m == method), "none")

    def partners(self, pair: Pair, end: End) -> Iterable[End]:
        """Return the ends that the short form would join an end with in pairs of a kind, were all of them open."""
        if pair == "iks-edge":
            if end.kind == "iks":
                names = self._iks_edges[end]
                return [edge for edge in self.edges if not names or edge.name in names]
            return [c for c, names in self._iks_edges.items() if not names or end.name in names]
        if pair == "icp-edge":
            if end.kind == "icp":
                edge = self.edge_of_cluster(end)
                return () if edge is None else (edge,)
            return [c for c, edge in self._icp_edges.items() if edge == end]
        if pair == "iks-icp":
            return self.of_platform("icp" if end.kind == "iks" else "iks")
        if pair == "site-edge":
            return self.edges if end.kind == "site" else self.sites
        return self.sites if end == PRIVATE else (PRIVATE,)

    @cached_property
    def _edge_set(self) -> frozenset[End]:
        return frozenset(self.edges)

    def _are_partners(self, pair: Pair, first: End, second: End) -> bool:
        """Tell whether the short form may join two ends in a kind of pair."""
        if pair == "iks-edge":
            names = self._iks_edges.get(first, frozenset())
            return second in self._edge_set and (not names or second.name in names)
        if pair == "icp-edge":
            return self.edge_of_cluster(first) == second
        return True

    # What a link carries.

    def carried(self, joint: Joint, side: End) -> tuple[Carried, ...]:
        """Return the networks of one side that a link carries to the other, as they are seen there.

        What the method can carry of that side, limited to what the link names of it. No link carries on for a third
        party, and nothing but its own ESG and DLR has a transit network.
        """
        key = self._alike(joint, side)
        if key not in self._carried:
            self._carried[key] = tuple(self._carry(joint, side))
        return self._carried[key]

    @cached_property
    def _carried(self) -> dict[tuple[object, ...], tuple[Carried, ...]]:
        return {}

    def _alike(self, joint: Joint, side: End) -> tuple[object, ...]:
        """Return what decides what a link carries of one side; links of the short form share it with many others."""
        if joint.link is not None:
            return joint, side
        what: object = None
        if joint.pair == "iks-edge":
            what = self._hidden(side, joint.first) if side.kind == "edge" else self.ends_privately(joint, side)
        return joint.pair, joint.method, side, what

    def _hidden(self, edge: End, cluster: End) -> frozenset[str]:
        """Return the networks behind an edge that an IKS cluster reaches through tunnels to their own ICP clusters."""
        own = self._icp_networks.get(edge, ())
        if not own:
            return _NOTHING
        key = edge, cluster if self.plan.links else None
        if key not in self._hiding:
            self._hiding[key] = frozenset(n.name for n in own if self._tunnelled(n, cluster))
        return self._hiding[key]

    @cached_property
    def _hiding(self) -> dict[tuple[End, End | None], frozenset[str]]:
        """By edge and cluster; in a plan without links all IKS clusters are alike."""
        return {}

    @cached_property
    def _icp_networks(self) -> Mapping[End, Sequence[Network]]:
        return {e: [n for n in own if n.kind.platform == "icp"] for e, own in self._really_behind.items()}

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

    def limited(self, joint: Joint, side: End) -> bool:
        """Tell whether a link names some of the networks of one side that its method can carry, and so not the others."""
        return joint.link is not None and self._limits(joint, side, self._able(joint, side))

    def _limits(self, joint: Joint, side: End, able: Iterable[Network]) -> bool:
        """Tell whether a link limits one side: a network that it stretches is named as one of the edge."""
        stretches = joint.method == "l2-extension" and side.kind == "site"
        return joint.limits(n.name for n in able if not (stretches and self.on_premises(n)))

    def stretched_by(self, joint: Joint) -> list[Network]:
        """Return the networks that a link stretches and that the DLR is the router of: over these it meets the site."""
        stretched = (c.network for c in self.carried(joint, joint.second))
        return [n for n in stretched if not self.on_premises(n) and n.gateway_on in (None, "dlr")]

    def can_carry(self, joint: Joint, side: End, network: Network) -> bool:
        """Tell whether the method of a link can carry a network of one side, whatever the link names."""
        return any(n.name == network.name for n in self._able(joint, side))

    def _names(self, joint: Joint, network: Network) -> bool:
        """Tell whether a link that stretches networks stretches this one."""
        if joint.link is not None and network.name in joint.link.networks:
            return True
        return not joint.limits(n.name for n in self._behind[joint.second] if n.kind.name == "vcs-vm")

    def _able(self, joint: Joint, side: End) -> list[Network]:
        """Return the networks of one side that the method can carry."""
        far = joint.far(side)
        if side.kind == "edge":
            if joint.method == "l2-extension":
                return [n for n in self.stretched_behind(side) if n.kind.name == "vcs-vm"]
            own = list(self.behind(side))
            if far.kind == "iks" and joint.method is None:
                return [*own, *self.of_edge(side, TRANSIT)]
            return own
        if side.kind in ("iks", "icp"):
            inside = [n for n in self.of_cluster(side) if n.kind.internal]
            if joint.method in ("common-vlan", "bgp"):
                return [n for n in inside if n.kind.role == "pod"]
            if joint.method == "strongswan":
                workers = "icp-worker" if side.kind == "icp" else "iks-worker-private"
                own = self.of_cluster(side, workers)
                if side.kind == "iks" and self.ends_privately(joint, side):
                    # Workers whose private addresses are the end of the tunnel cannot be behind it as well.
                    own = []
                if side.kind == "icp":
                    own = [n for n in own if self.edge_of(n) is not None]
                return [*inside, *own]
            return []
        if side.kind == "site":
            return list(self.of_site(side))
        return list(self.private)

    def _tunnelled(self, network: Network, cluster: End) -> bool:
        """Tell whether an IKS cluster reaches a network through its tunnel to the network's own ICP cluster.

        One subnet cannot be behind two gateways: ICP workers answer through their own strongSwan, whose chart writes
        their routes. What that tunnel translates is known by another range there.
        """
        own = End("icp", network.cluster)
        if self.open(cluster, "iks-icp") and self.open(own, "iks-icp") and ("iks-icp", cluster, own) not in self.closed:
            # The short form carries all workers, so no link has to be looked at.
            return self.short_method("iks-icp") == "strongswan"
        joint = self.joint("iks-icp", cluster, own)
        if joint is None or joint.method != "strongswan":
            return False
        return joint.link is None or any(
            c.network.name == network.name and c.shown is None for c in self.carried(joint, own)
        )

    def ends_privately(self, joint: Joint, cluster: End) -> bool:
        """Tell whether the tunnel of an IKS cluster and an edge runs between private addresses, as IBM's page draws it.

        It does, from the workers' own addresses to the private uplink of the ESG, unless the plan sets a public address
        aside for it: strongswan or EDGE-strongswan in the public ingress network of the cluster, or strongswan only in
        the public uplink of the ESG.
        """
        if joint.pair != "iks-edge" or self.tunnel_uplink(joint.second) in self.public_uplinks(cluster):
            return False
        return self.tunnel_name(cluster, joint.second) is None

    def tunnel_names(self, cluster: End) -> Mapping[str, Network]:
        """Return the public networks of an IKS cluster that name addresses for tunnels to single ends, by these names."""
        if cluster not in self._tunnel_names:
            own = self.of_cluster(cluster, "iks-ingress-public")
            self._tunnel_names[cluster] = {
                a.name: network
                for network in reversed(own)
                for a in network.addresses
                if a.name.endswith(names.OF_A_PARTNER)
            }
        return self._tunnel_names[cluster]

    @cached_property
    def _tunnel_names(self) -> dict[End, Mapping[str, Network]]:
        return {}

    def tunnel_name(self, cluster: End, far: End) -> str | None:
        """Return under which name an IKS cluster names an address for the tunnel to one end, None where it does not."""
        named = self.tunnel_names(cluster)
        if not named or far.name is None:
            return None
        return next((n for end in names.OF_A_PARTNER if (n := far.name + end) in named), None)

    def tunnel_edges(self, cluster: End) -> frozenset[End]:
        """Return the edges for the tunnels to which an IKS cluster names addresses."""
        found = (End("edge", n.removesuffix(w)) for n in self.tunnel_names(cluster) for w in names.OF_A_PARTNER)
        return self._edge_set.intersection(found)

    def tunnel_uplink(self, edge: End) -> TunnelUplink:
        """Return where tunnels of IKS clusters end at an ESG.

        On its public uplink where that is the only one; on the public one by name where only that sets an address
        aside; else on the private one.
        """
        public, private = (self.of_edge(edge, UPLINKS[role]) for role in ("public", "private"))
        if not private:
            return "public" if public else "private"
        return "named" if self.names_tunnel(public) and not self.names_tunnel(private) else "private"

    def public_uplinks(self, cluster: End) -> tuple[TunnelUplink, ...]:
        """Return with which uplinks of an ESG the tunnel of an IKS cluster runs between public addresses."""
        if self.names_tunnel(self.of_cluster(cluster, "iks-ingress-public")):
            return ("public", "named", "private")
        if self.names_tunnel(self.of_cluster(cluster, "iks-ingress-private")):
            return ("public",)
        return ("public", "named")

    @staticmethod
    def names_tunnel(networks: Iterable[Network]) -> bool:
        """Tell whether some networks set an address aside for a tunnel."""
        return any(a.name in names.TUNNEL for n in networks for a in n.addresses)
