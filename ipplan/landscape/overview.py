"""Summarize a landscape: routing domains, links in force, reachability, and the routes that devices need.

Pure data for people and documents; tables and links decide. Linear in the plan: thousands of clusters that are alike take
one row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from ipplan.addresses import Prefix, RangeSet, covering_prefix
from ipplan.landscape.bundles import list_bundles
from ipplan.landscape.edge_addresses import gateway_on_esg
from ipplan.landscape.ends import BEHIND, METHOD_TITLES, PRIVATE, TRANSIT, UPLINKS, Carried, End
from ipplan.landscape.static_routes import refuses
from ipplan.landscape.tunnels import TUNNELS
from ipplan.plan.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ipplan.findings import KeyPath
    from ipplan.landscape import Landscape
    from ipplan.landscape.bundles import Bundle
    from ipplan.landscape.conflicts import SetKey, TableKey
    from ipplan.landscape.model import HostAddress
    from ipplan.landscape.plan_ends import Ends
    from ipplan.plan.model import Network, Plan

DomainKind = Literal["iks", "icp", "overlay", "ibm-private", "ibm-public", "site", "internet"]
Addresses = Literal["own", "shown", "device"]
"""The addresses at which a network is reached: its own, those that a link shows, or those of a device in between."""


class Domain(NamedTuple):
    """A routing domain with its networks in the order of the plan.

    `end` is its cluster, edge or site, None for the networks of IBM Cloud and the internet.
    """

    name: str
    kind: DomainKind
    title: str
    end: End | None
    networks: tuple[Network, ...] = ()


class Side(NamedTuple):
    """One end of a bundle of links, with the networks that they carry and the address at which tunnels end.

    `subnets` are these networks in the fewest prefixes, as the far side sees them. `gateway` is the address that the far
    side sees, `inside` the one at which strongSwan listens behind it.
    """

    end: End
    carries: tuple[Carried, ...]
    subnets: tuple[Prefix, ...]
    gateway: HostAddress | None = None
    inside: HostAddress | None = None


class LinkRow(NamedTuple):
    """A bundle of links in force with its ends. `private` says whether a tunnel uses IBM's private network."""

    bundle: Bundle
    first: tuple[Side, ...]
    second: tuple[Side, ...]
    private: bool | None


class Reach(NamedTuple):
    """Domains that reach others in the same way. A domain in both lists does not count with itself.

    `kinds` are the kinds of network that are reached; none for those behind the address of a device.
    """

    origins: tuple[str, ...]
    targets: tuple[str, ...]
    addresses: Addresses
    kinds: tuple[str, ...]
    through: tuple[str, ...]


class RouteSet(NamedTuple):
    """The routes to the networks of one end: `prefixes` one for each, `merged` the fewest with the same addresses.

    A group is one route in `merged`. `cover` is the smallest prefix around networks that ipplan places: with a `group`
    they would need one route.
    """

    end: End
    prefixes: tuple[Prefix, ...]
    merged: tuple[Prefix, ...]
    cover: Prefix | None


class RouteRow(NamedTuple):
    """The routes that the device of each of `at` needs, and the `key` of the plan that requires them.

    `at` is empty for the BCR, the only one; `towards` is the next device.
    """

    device: str
    at: tuple[End, ...]
    towards: str
    sets: tuple[RouteSet, ...]
    purpose: str
    key: KeyPath | None


class Overview(NamedTuple):
    """Everything that `ipplan topology` shows except the devices. `unplaced` are networks in no domain yet."""

    plan: Plan
    domains: tuple[Domain, ...]
    unplaced: tuple[Network, ...]
    links: tuple[LinkRow, ...]
    reach: tuple[Reach, ...]
    routes: tuple[RouteRow, ...]


def build_overview(landscape: Landscape) -> Overview:
    """Return the overview of a landscape; networks without a range take part without addresses."""
    domains = _Domains(landscape)
    links = tuple(list_links(landscape))
    return Overview(
        landscape.plan,
        domains.listed,
        domains.unplaced,
        links,
        tuple(_Reaching(landscape, domains).rows()),
        tuple(_routes(landscape, links)),
    )


# Domains.


def domain_name(end: End) -> str:
    """Return the name of the domain of a cluster, an edge or a site."""
    if end.kind == "edge":
        return "overlay" if end.name is None else f"overlay {end.name}"
    if end.kind == "site":
        return f"site {end.name}"
    if end == PRIVATE:
        return "ibm-private"
    return end.kind if end.name is None else f"cluster {end.name}"


def _list_domains(ends: Ends) -> Iterator[Domain]:
    """Yield the domains without their networks."""
    for cluster in ends.of_platform("iks"):
        yield Domain(domain_name(cluster), "iks", f"inside {cluster.title}", cluster)
    for cluster in ends.of_platform("icp"):
        yield Domain(domain_name(cluster), "icp", f"inside {cluster.title}", cluster)
    for edge in ends.edges:
        title = f"the overlay behind {edge.title if edge.name else 'ESG and DLR'}"
        yield Domain(domain_name(edge), "overlay", title, edge)
    yield Domain("ibm-private", "ibm-private", "IBM Cloud's private network", None)
    yield Domain("ibm-public", "ibm-public", "IBM Cloud's public network", None)
    for site in ends.sites:
        yield Domain(domain_name(site), "site", f"the enterprise's networks at {site.title}", site)
    yield Domain("internet", "internet", "the internet", None)


class _Domains:
    """The domains of a landscape, and the domain of each network."""

    def __init__(self, landscape: Landscape) -> None:
        self.ends = landscape.ends
        ends = self.ends
        domains = tuple(_list_domains(ends))
        networks_of: dict[str, list[Network]] = {domain.name: [] for domain in domains}
        unplaced: list[Network] = []
        for network in ends.networks:
            name = self.of(network)
            (unplaced if name is None else networks_of[name]).append(network)
        self.unplaced = tuple(unplaced)
        self.listed = tuple(domain._replace(networks=tuple(networks_of[domain.name])) for domain in domains)

    def of(self, network: Network) -> str | None:
        """Return the domain of a network, None where the plan does not say."""
        kind = network.kind
        if kind.public is not None:
            return "ibm-public" if kind.public else "ibm-private"
        end: End | None
        if kind.internal:
            end = End("iks" if kind.platform == "iks" else "icp", network.cluster)
        elif kind.provider == "enterprise" or self.ends.on_premises(network):
            end = self.ends.site_of(network)
        else:
            assert kind.name in (*BEHIND, TRANSIT)
            end = self.ends.edge_of(network)
        return None if end is None else domain_name(end)


# Links.


def list_links(landscape: Landscape) -> Iterator[LinkRow]:
    """Yield the links in force, one row for all that are alike."""
    return (_link(landscape, bundle) for bundle in list_bundles(landscape.ends))


def _link(landscape: Landscape, bundle: Bundle) -> LinkRow:
    private = landscape.tunnels.ends_privately(bundle.joint()) if bundle.method in TUNNELS else None
    first, second = (tuple(_side(landscape, bundle, end) for end in ends) for ends in (bundle.first, bundle.second))
    return LinkRow(bundle, first, second, private)


def _side(landscape: Landscape, bundle: Bundle, end: End) -> Side:
    if bundle.method == "nat":
        # Nothing passes under its own addresses.
        return Side(end, (), ())
    joint = bundle.joint_of(end)
    carries = landscape.ends.carriage.carried(joint, end)
    if bundle.method in TUNNELS:
        tunnel_end = landscape.tunnels.end_of(joint, end)
        return Side(end, carries, tunnel_end.subnets, tunnel_end.gateway, tunnel_end.inside)
    return Side(end, carries, landscape.tunnels.subnets(joint, end))


# Reachability.


class _Front(NamedTuple):
    """A domain behind addresses of a device in a network; `behind` are domains that reach it without that device."""

    domain: str
    through: str
    behind: frozenset[str] = frozenset()


class _Way(NamedTuple):
    """A way by which some domains reach others."""

    origins: tuple[str, ...]
    addresses: Addresses
    through: tuple[str, ...]


class _Reaching:
    """Reads from the tables which domain reaches which. The table of a domain is that of its machines."""

    def __init__(self, landscape: Landscape, domains: _Domains) -> None:
        self.landscape = landscape
        self.ends = landscape.ends
        self.tables = landscape.tables
        self.domains = domains
        # By set: the kinds of its networks, by domain and by the addresses at which it shows them.
        self.members: dict[SetKey, dict[tuple[str, Addresses], dict[str, None]]] = {}
        self.fronts: dict[SetKey, dict[_Front, None]] = {}
        for item in self.items():
            self.add(item)

    def items(self) -> Iterator[Carried]:
        yield from (Carried(network) for network in self.ends.networks)
        yield from (item for item, _, _ in self.tables.translated if not item.outbound_only)

    def add(self, item: Carried) -> None:
        network = item.network
        domain = self.domains.of(network)
        if domain is None:
            return
        fronts = tuple(self.fronts_of(network))
        for key in self.tables.sets_of(item):
            by_domain = self.members.setdefault(key, {})
            by_domain.setdefault((domain, "shown" if item.shown else "own"), {})[network.kind.name] = None
            self.fronts.setdefault(key, {}).update(dict.fromkeys(fronts))

    def fronts_of(self, network: Network) -> Iterator[_Front]:
        """Yield the domains behind addresses in a network: pods behind an ingress, and targets of the DNAT of an ESG."""
        kind = network.kind
        if kind.role == "ingress":
            side = "public" if kind.public else "private"
            yield _Front(domain_name(End("iks", network.cluster)), f"the {side} ingress")
        elif kind.name == "icp-worker":
            yield _Front(domain_name(End("icp", network.cluster)), "the cluster's ingress")
        elif kind.name in UPLINKS.values() and (edge := self.ends.edge_of(network)) is not None:
            role = "public" if kind.public else "private"
            rules = [
                rule
                for rule in self.landscape.esg(edge).destination_nat
                if rule.interface == role and rule.address.network == network.name and rule.port is None
            ]
            behind = frozenset(map(domain_name, (edge, *self.ends.icp_behind.get(edge, ()))))
            if rules:
                yield _Front(domain_name(edge), "the ESG's DNAT", behind)
            by_name = {n.name: n for n in self.ends.behind(edge)}
            for rule in rules:
                target = by_name.get(rule.target.network or "")
                if target is not None and target.kind.platform == "icp":
                    cluster = domain_name(End("icp", target.cluster))
                    yield _Front(cluster, "the ESG's DNAT and the cluster's ingress", behind)

    def rows(self) -> Iterator[Reach]:
        """Yield one row for all that some domains reach in the same way, with targets of other kinds apart."""
        for way, reached in sorted(self.ways().items(), key=lambda item: item[0].addresses == "device"):
            by_kinds: dict[tuple[str, ...], list[str]] = {}
            for target, found in reached.items():
                if way.origins and way.origins != (target,):
                    by_kinds.setdefault(tuple(kind for kind in KINDS if kind in found), []).append(target)
            for kinds, targets in by_kinds.items():
                yield Reach(way.origins, tuple(targets), way.addresses, kinds, way.through)

    def ways(self) -> Mapping[_Way, Mapping[str, Mapping[str, None]]]:
        """Return the target domains of each way, with the kinds of network that are reached there."""
        origins: dict[tuple[SetKey, str], dict[str, None]] = {}
        for origin, key, words in self.entries():
            origins.setdefault((key, words), {})[origin] = None
        found: dict[_Way, dict[str, dict[str, None]]] = {}
        for (key, words), starts in origins.items():
            froms = tuple(starts)
            for (domain, addresses), kinds in self.members.get(key, {}).items():
                found.setdefault(_Way(froms, addresses, (words,)), {}).setdefault(domain, {}).update(kinds)
            for front in self.fronts.get(key, ()):
                passing = tuple(name for name in froms if name not in front.behind)
                way = _Way(passing, "device", (words, front.through))
                found.setdefault(way, {}).setdefault(front.domain, {})
        outside: dict[str, list[str]] = {}
        for domain, words in self.to_the_internet():
            outside.setdefault(words, []).append(domain)
        for words, domains in outside.items():
            found[_Way(tuple(domains), "own", (words,))] = {"internet": {}}
        return found

    def entries(self) -> Iterator[tuple[str, SetKey, str]]:
        """Yield the domains with the sets that the tables of their machines lead to, and the words of the entry."""
        for table, entries in self.tables.table_index.items():
            domain = self.domain_of(table)
            if domain is not None:
                yield from ((domain, key, entry.words) for key, entry in entries.items())
        yield "ibm-private", ("public",), "on the public side of servers"
        yield "ibm-public", ("public",), "directly"
        yield "internet", ("public",), "through the FCR"

    def domain_of(self, table: TableKey) -> str | None:
        """Return the domain whose machines use a table; machines behind an ESG use the table of the DLR where it differs."""
        if table.device == "bcr":
            return "ibm-private"
        if table.end is None or (table.device == "esg" and table._replace(device="dlr") in self.tables.table_index):
            return None
        return domain_name(table.end)

    def to_the_internet(self) -> Iterator[tuple[str, str]]:
        """Yield the domains whose machines reach the internet, and how."""
        ends = self.ends
        for cluster in ends.of_platform("iks"):
            yield domain_name(cluster), "the public side of the workers, through the FCR"
        for edge in ends.edges:
            words = self.internet_of(edge)
            if words is None:
                continue
            yield domain_name(edge), words
            for cluster in ends.icp_behind.get(edge, ()):
                if ends.links.between("icp-edge", cluster, edge) is not None:
                    yield domain_name(cluster), words
        yield "ibm-private", "on the public side of servers, through the FCR"
        yield "ibm-public", "through the FCR"
        for site in ends.sites:
            yield domain_name(site), "by its own access"

    def internet_of(self, edge: End) -> str | None:
        """Return how machines behind an edge reach the internet, None where they do not."""
        way = self.landscape.internet_of(edge)
        if way == "web-proxy":
            return "through the web proxy"
        has = {role: bool(self.ends.of_edge(edge, kind)) for role, kind in UPLINKS.items()}
        # An edge counts as on both networks before its uplinks are ordered; with only a private one it is so by design.
        if way == "snat" and (has["public"] or not has["private"]):
            return "by the ESG's SNAT, through the FCR"
        return None


# Routes.


def _routes(landscape: Landscape, links: Sequence[LinkRow]) -> Iterator[RouteRow]:
    """Yield the routes that devices need, without those that IBM Cloud and the platforms configure themselves."""
    ends = landscape.ends
    for edge in ends.edges:
        behind = _set(landscape, edge, [Carried(n) for n in ends.behind(edge) if not gateway_on_esg(n)])
        if behind.prefixes:
            yield RouteRow("ESG", (edge,), "DLR", (behind,), "networks behind the DLR", None)
    for link in links:
        for device, far, towards, purpose in _WAYS.get((link.bundle.pair, link.bundle.method), ()):
            near, target = (link.first, link.second) if far == "second" else (link.second, link.first)
            at = () if device == "BCR" else tuple(side.end for side in near)
            sets = (_set(landscape, side.end, side.carries, side.subnets) for side in target)
            if found := tuple(each for each in sets if each.prefixes):
                yield RouteRow(device, at, towards, found, purpose, link.bundle.key)
    yield from _from_announcements(landscape, links)
    yield from _static_routes(landscape)


_WAYS: Mapping[tuple[str, str | None], Sequence[tuple[str, str, str, str]]] = {
    ("iks-edge", "strongswan"): (
        ("strongSwan", "second", "ESG", "remote.subnet of the tunnel"),
        ("ESG", "first", "strongSwan", "peer subnets of the tunnel"),
    ),
    ("iks-edge", "common-vlan"): (
        ("vRouter", "second", "ESG", "learned by BGP from the ESG"),
        ("ESG", "first", "vRouter", "learned by BGP from the workers"),
    ),
    ("iks-edge", "bgp"): (("BCR", "first", "vRouter", "announced by the workers"),),
    **{
        (pair, "strongswan"): (
            ("strongSwan", "second", "strongSwan", "remote.subnet of the tunnel"),
            ("strongSwan", "first", "strongSwan", "remote.subnet of the tunnel"),
        )
        for pair in ("iks-icp", "iks-iks", "icp-icp")
    },
    **{
        ("edge-edge", method): (
            ("ESG", "second", "ESG", f"behind the other ESG, {METHOD_TITLES[method]}"),
            ("ESG", "first", "ESG", f"behind the other ESG, {METHOD_TITLES[method]}"),
        )
        for method in ("ipsec", "routed")
    },
    **{
        ("site-edge", method): (
            ("on-premises router", "second", "ESG", f"{METHOD_TITLES[method]} to the edge"),
            ("ESG", "first", "on-premises router", f"{METHOD_TITLES[method]} to the site"),
        )
        for method in ("ipsec", "gre")
    },
    ("site-edge", "l2-extension"): (
        ("DLR", "first", "on-premises router", "over the stretched layer 2 network"),
        ("on-premises router", "second", "L2 concentrator", "stretched layer 2 networks"),
    ),
    ("site-private", "routed"): (
        ("on-premises router", "second", "XCR", "announced to the enterprise"),
        ("BCR", "first", "XCR", "announced by the enterprise"),
    ),
}
"""By pair and method: the device, the end of the link that its routes lead to, the next device, and the purpose."""


def _from_announcements(landscape: Landscape, links: Sequence[LinkRow]) -> Iterator[RouteRow]:
    """Yield the routes that the BCR learns from each ESG, once for all its clusters, and those that it passes on."""
    ends = landscape.ends
    bgp = [link for link in links if link.bundle.pair == "iks-edge" and link.bundle.method == "bgp"]
    if not bgp:
        return
    announcing = {side.end: link for link in reversed(bgp) for side in reversed(link.second)}
    overlays: list[Carried] = []
    for edge, link in reversed(announcing.items()):
        announced = landscape.announced_by(edge)
        covered = RangeSet(announced)
        items = [Carried(n) for n in ends.behind(edge) if n.prefix is not None and covered.covers(n.prefix)]
        overlays += items
        if (own := _set(landscape, edge, items, announced)).prefixes:
            yield RouteRow("BCR", (), "ESG", (own,), "announced by the ESG", link.bundle.key)
    for link in bgp:
        announced = tuple(sorted({p for side in link.second for p in landscape.announced_by(side.end)}))
        covered = RangeSet(announced)
        carried = [item for side in link.second for item in side.carries]
        items = [item for item in carried if item.prefix is not None and covered.covers(item.prefix)]
        accepted = RangeSet(item.prefix for item in items if item.prefix is not None)
        learned = tuple(prefix for prefix in announced if accepted.overlaps(prefix))
        if (own := _set(landscape, PRIVATE, items, learned)).prefixes:
            at = tuple(side.end for side in link.first)
            yield RouteRow("vRouter", at, "BCR", (own,), "learned by BGP from the BCR", link.bundle.key)
    pods = dict.fromkeys(item for link in bgp for side in link.first for item in side.carries)
    for link in links:
        if link.bundle.pair == "site-private" and link.bundle.method == "routed":
            own = _set(landscape, PRIVATE, [*overlays, *pods], tuple(prefix for prefix, _ in landscape.learned))
            if own.prefixes:
                yield RouteRow(
                    "on-premises router",
                    link.bundle.first,
                    "XCR",
                    (own,),
                    "what the BCR learns by BGP",
                    link.bundle.key,
                )


def _static_routes(landscape: Landscape) -> Iterator[RouteRow]:
    """Yield the static routes of workers to enterprise networks that no classic server has a route to."""
    clusters = tuple(landscape.ends.of_platform("iks"))
    prefixes = [prefix for prefix, _ in landscape.enterprise_outside(4) if not refuses(prefix)]
    if clusters and prefixes:
        merged = tuple(RangeSet(prefixes).prefixes())
        found = RouteSet(PRIVATE, tuple(sorted(prefixes)), merged, None)
        yield RouteRow("IKS worker", clusters, "BCR", (found,), "static routes to the enterprise", None)


def _set(
    landscape: Landscape, end: End, carried: Iterable[Carried], merged: tuple[Prefix, ...] | None = None
) -> RouteSet:
    items = [item for item in carried if item.prefix is not None]
    prefixes = sorted({item.prefix for item in items if item.prefix is not None})
    cover = None
    placed = all(item.shown is None and item.network.kind.provider == "byoip" for item in items)
    if prefixes and placed and len({prefix.version for prefix in prefixes}) == 1:
        cover = covering_prefix(prefixes)
    return RouteSet(end, tuple(prefixes), landscape.folder.fold(items) if merged is None else merged, cover)
