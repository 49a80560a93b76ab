"""Who reaches whom, through what: routing domains and the ways between them, derived from the integration.

Pure data. A way leads from one domain to the next; it says which device takes a packet there, what that does to
addresses, and which kinds of network stay destinations under their own addresses on it. What a domain sees follows
from the ways alone, so every answer about conflicts, routes and flows has the same ground. Knows the kinds of
network and the plan, and nothing of rules, flows or outputs.

Source of the ways: IBM Cloud docs, vmware-solutions, "Integration, IP addressing, and network flows", 2018-11-20.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal, NamedTuple

from ipplan.addresses import Prefix, RangeSet, covering_prefix
from ipplan.plan.kinds import KINDS
from ipplan.plan.methods import IntegrationKey
from ipplan.plan.model import INTEGRATION

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ipplan.plan.kinds import Kind
    from ipplan.plan.model import Network, Plan

Site = Literal["iks", "icp", "overlay", "ibm-private", "ibm-public", "enterprise", "internet"]
"""A routing domain; every cluster of a platform is one of its own, and all of a platform are alike."""
Method = Literal["routed", "snat", "dnat", "tunnel", "layer-2"]
"""What a way does to addresses: nothing; new source; new destination; a tunnel around the packet; one wire."""
Choice = tuple[tuple[IntegrationKey, str | None], ...]
"""The integration in the order of `INTEGRATION`, None for what the plan does not state."""

SITES: dict[Site, str] = {
    "iks": "inside an IKS cluster",
    "icp": "inside an ICP cluster",
    "overlay": "the overlay behind ESG and DLR",
    "ibm-private": "IBM Cloud's private network",
    "ibm-public": "IBM Cloud's public network",
    "enterprise": "the enterprise's network",
    "internet": "the internet",
}
"""What each domain is, in the order in which they are asked who sees what."""


def site_of(kind: Kind) -> Site:
    """Return the domain in which the networks of a kind stand."""
    if kind.internal:
        return "iks" if kind.platform == "iks" else "icp"
    if kind.provider == "ibm":
        return "ibm-public" if kind.public else "ibm-private"
    return "enterprise" if kind.provider == "enterprise" else "overlay"


STANDING: dict[Site, frozenset[str]] = {
    site: frozenset(name for name, kind in KINDS.items() if site_of(kind) == site) for site in SITES
}
"""The kinds of network that stand in each domain."""

_ALL = frozenset(KINDS)
_INSIDES = STANDING["iks"] | STANDING["icp"]
_OVERLAY = STANDING["overlay"]
_TUNNEL_IKS = STANDING["iks"] | {"iks-worker-private"}
_TUNNEL_ICP = STANDING["icp"] | {"icp-worker"}
_NOTHING: frozenset[str] = frozenset()


class Way(NamedTuple):
    """One way from a domain to another.

    `carries` are the kinds of network that are destinations on it under their own addresses; `hidden` are those
    that are reached by the address that the device has for them, and `at` the kinds of network in which these, or
    the source addresses that it gives, lie. `key` is the integration that opens the way, None for one that is
    always there.
    """

    origin: Site
    target: Site
    method: Method
    device: str
    through: str
    carries: frozenset[str]
    hidden: frozenset[str] = _NOTHING
    at: tuple[str, ...] = ()
    key: IntegrationKey | None = None


class Sight(NamedTuple):
    """What a domain sees: networks of a kind, along some ways. `own` says that they are inside the very cluster."""

    kind: str
    own: bool
    path: tuple[Way, ...]

    @property
    def words(self) -> str:
        """How it is reached, for a sentence."""
        if not self.path:
            return "inside it" if self.own else "directly"
        return "through " + ", then ".join(way.through for way in self.path)


class Conflict(NamedTuple):
    """Why two kinds of network must not share addresses: one domain in which both are destinations."""

    site: Site
    first: Sight
    second: Sight

    @property
    def length(self) -> int:
        """How many ways lie between the domain and both networks."""
        return len(self.first.path) + len(self.second.path)


def choice(integration: Mapping[IntegrationKey, str]) -> Choice:
    """Return the integration as a value that can be compared and looked up."""
    return tuple((key, integration.get(key)) for key in INTEGRATION)


@cache
def list_ways(chosen: Choice) -> tuple[Way, ...]:
    """Return every way that an integration opens.

    What the plan does not state is taken as open where it most likely will be: clusters reach what is outside of
    them, and the enterprise is routed; the inside of one cluster is not taken to be reached from another.
    """
    methods = dict(chosen)
    return (
        *_always(),
        *_icp_vcs(methods["icp-vcs"]),
        *_iks_vcs(methods["iks-vcs"], methods["iks-icp"]),
        *_iks_icp(methods["iks-icp"]),
        *_enterprise(methods["enterprise"]),
    )


def _always() -> Iterator[Way]:
    """Yield the ways that every landscape has."""
    fcr = "FCR"
    yield Way(
        "iks", "ibm-private", "snat", "worker", "IBM Cloud's private network", _ALL - _INSIDES - _OVERLAY,
        at=("iks-worker-private",),
    )  # fmt: skip
    yield Way(
        "iks", "ibm-public", "snat", "worker", "IBM Cloud's public network", _ALL - _INSIDES - _OVERLAY,
        at=("iks-worker-public",),
    )  # fmt: skip
    yield Way(
        "ibm-public", "iks", "dnat", "worker", "the public ingress", _NOTHING,
        hidden=STANDING["iks"], at=("iks-ingress-public",),
    )  # fmt: skip
    yield Way(
        "ibm-private", "iks", "dnat", "worker", "the private ingress", _NOTHING,
        hidden=STANDING["iks"], at=("iks-ingress-private",),
    )  # fmt: skip
    # Pods reach other machines with their worker's address, and are reached on it: their own range is inside only.
    yield Way("icp", "overlay", "snat", "worker", "the overlay", _OVERLAY | _INSIDES, at=("icp-worker",))
    yield Way(
        "overlay", "icp", "dnat", "worker", "the cluster's ingress", _NOTHING,
        hidden=STANDING["icp"], at=("icp-worker",),
    )  # fmt: skip
    # The ESG stands on both of IBM Cloud's networks and routes for the overlay.
    yield Way(
        "overlay", "ibm-private", "snat", "ESG", "the ESG's private uplink", _ALL - _INSIDES,
        at=("vcs-esg-private",),
    )  # fmt: skip
    yield Way(
        "overlay",
        "ibm-public",
        "snat",
        "ESG",
        "the ESG's public uplink",
        _ALL - _INSIDES,
        at=("vcs-esg-public",),
    )
    # Servers have a leg in both.
    yield Way(
        "ibm-private", "ibm-public", "routed", "server", "the servers' public side", STANDING["ibm-public"]
    )
    yield Way("ibm-public", "internet", "routed", fcr, "the front-end routers", _ALL)
    yield Way("internet", "ibm-public", "routed", fcr, "the front-end routers", STANDING["ibm-public"])
    yield Way(
        "enterprise", "internet", "routed", "on-premises router", "the internet", STANDING["ibm-public"]
    )


def _icp_vcs(method: str | None) -> Iterator[Way]:
    """Yield what joins ICP with the networks of IBM Cloud: the NAT of the ESG."""
    if method == "none":
        return
    through = "the ESG's NAT" if method else "the ESG (icp-vcs is not stated)"
    out = _ALL - _INSIDES - _OVERLAY
    yield Way(
        "icp", "ibm-private", "snat", "ESG", through, out, at=("icp-worker", "vcs-esg-private"), key="icp-vcs"
    )
    yield Way(
        "icp", "ibm-public", "snat", "ESG", through, out, at=("icp-worker", "vcs-esg-public"), key="icp-vcs"
    )
    hidden = STANDING["icp"] | {"icp-worker"}
    for origin, at in (("ibm-private", "vcs-esg-private"), ("ibm-public", "vcs-esg-public")):
        yield Way(
            origin, "overlay", "dnat", "ESG", "the ESG's DNAT", _NOTHING,  # type: ignore[arg-type]
            hidden=hidden, at=(at,), key="icp-vcs",
        )  # fmt: skip


def _iks_vcs(method: str | None, between: str | None) -> Iterator[Way]:
    """Yield what joins IKS with the overlay; `between` is what joins IKS with ICP."""
    key: IntegrationKey = "iks-vcs"
    met, workers = _through_esg(between), ("iks-worker-private",)
    if method is None:
        yield Way("iks", "overlay", "routed", "worker", "the ESG (iks-vcs is not stated)", _OVERLAY, key=key)
    elif method == "common-vlan":
        through = "BGP between vRouters and ESG on the common VLAN"
        yield Way("iks", "overlay", "snat", "worker", through, met, at=workers, key=key)
        yield Way("overlay", "iks", "routed", "ESG", through, frozenset({"iks-pod"}), key=key)
    elif method == "strongswan":
        through = "the strongSwan tunnel to the ESG"
        yield Way("iks", "overlay", "tunnel", "strongSwan", through, met, at=_TUNNEL_AT, key=key)
        yield Way("overlay", "iks", "tunnel", "ESG", through, _TUNNEL_IKS, at=_TUNNEL_AT, key=key)
    elif method == "static-nat":
        through = "the ESG's DNAT"
        yield Way(
            "ibm-private", "overlay", "dnat", "ESG", through, _NOTHING,
            hidden=_OVERLAY, at=("vcs-esg-private",), key=key,
        )  # fmt: skip
    elif method == "bgp":
        vrouters, esg = (
            "the routes that vRouters announce to the BCR",
            "the routes that the ESG announces to the BCR",
        )
        yield Way("iks", "overlay", "snat", "worker", esg, met, at=workers, key=key)
        yield Way("ibm-private", "iks", "routed", "BCR", vrouters, frozenset({"iks-pod"}), key=key)
        yield Way("ibm-private", "overlay", "routed", "BCR", esg, _OVERLAY, key=key)
        yield Way("overlay", "iks", "routed", "ESG", vrouters, frozenset({"iks-pod"}), key=key)


def _through_esg(between: str | None) -> frozenset[str]:
    """Return what IKS reaches through the ESG.

    One subnet cannot be behind two gateways. ICP workers answer through their own strongSwan, whose chart writes
    their routes, so IKS reaches them through it where there is one.
    """
    return _OVERLAY - {"icp-worker"} if between == "strongswan" else _OVERLAY


_TUNNEL_AT = ("iks-ingress-private", "iks-ingress-public", "vcs-esg-private", "vcs-esg-public")


def _iks_icp(method: str | None) -> Iterator[Way]:
    """Yield what joins IKS with ICP."""
    if method != "strongswan":
        return
    through = "the strongSwan tunnel between the clusters"
    yield Way("iks", "icp", "tunnel", "strongSwan", through, _TUNNEL_ICP, at=_TUNNEL_AT, key="iks-icp")
    yield Way("icp", "iks", "tunnel", "strongSwan", through, _TUNNEL_IKS, at=_TUNNEL_AT, key="iks-icp")


def _enterprise(method: str | None) -> Iterator[Way]:
    """Yield what joins the enterprise's network."""
    key: IntegrationKey = "enterprise"
    if method == "l2-extension":
        through = "the stretched layer 2 network"
        device = "L2 concentrator"
        at = ("vcs-hcx",)
        yield Way("enterprise", "overlay", "layer-2", device, through, frozenset({"vcs-vm"}), at=at, key=key)
        yield Way("overlay", "enterprise", "layer-2", device, through, STANDING["enterprise"], at=at, key=key)
    elif method in ("routed", None):
        through = "Direct Link" if method else "the enterprise's link (enterprise is not stated)"
        yield Way("enterprise", "ibm-private", "routed", "XCR", through, _ALL, key=key)
        yield Way("ibm-private", "enterprise", "routed", "BCR", through, STANDING["enterprise"], key=key)


@cache
def sees(chosen: Choice, site: Site) -> dict[tuple[str, bool], Sight]:
    """Return what a domain sees by kind and whether it is the very cluster's own, the shortest path of each."""
    found: dict[tuple[str, bool], Sight] = {}
    within_cluster = site in ("iks", "icp")
    for kind in sorted(STANDING[site]):
        found[kind, within_cluster] = Sight(kind, within_cluster, ())
    ways = list_ways(chosen)
    level: list[tuple[Site, frozenset[str], tuple[Way, ...]]] = [(site, _ALL, ())]
    while level:
        further = []
        for here, carried, path in level:
            for way in ways:
                passed = {w.origin for w in path} | {w.target for w in path}
                if way.origin != here or way.target in passed:
                    continue
                if way.target == site and not within_cluster:
                    continue
                rest = carried & way.carries
                if not rest:
                    continue
                longer = (*path, way)
                # Coming back to a platform means another of its clusters.
                for kind in sorted(rest & STANDING[way.target]):
                    found.setdefault((kind, False), Sight(kind, own=False, path=longer))
                if way.target != site:
                    further.append((way.target, rest, longer))
        level = further
    return found


@cache
def find_conflict(
    chosen: Choice,
    sites: frozenset[Site],
    first: str,
    second: str,
    same_cluster: bool,  # noqa: FBT001
) -> Conflict | None:
    """Return a domain in which networks of two kinds are both destinations, None where no domain sees both.

    `sites` are the domains that the plan has, and `same_cluster` tells whether both networks are of one cluster.
    Of several, the one with the shortest ways is taken, and of equals the first of `SITES`.
    """
    best: Conflict | None = None
    for site in SITES:
        if site not in sites:
            continue
        seen = sees(chosen, site)
        for mine, other in _owners(site, first, second, same_cluster=same_cluster):
            one, two = seen.get((first, mine)), seen.get((second, other))
            if one is None or two is None:
                continue
            found = Conflict(site, one, two)
            if best is None or found.length < best.length:
                best = found
    return best


def _owners(site: Site, first: str, second: str, *, same_cluster: bool) -> Iterator[tuple[bool, bool]]:
    """Yield whether the first and the second network are inside the very cluster from which we look."""
    inside_first, inside_second = first in STANDING[site], second in STANDING[site]
    if site not in ("iks", "icp") or not (inside_first or inside_second):
        yield False, False
        return
    if inside_first:
        yield True, inside_second and same_cluster
    if inside_second and not (inside_first and same_cluster):
        yield False, True


def sites_of(plan: Plan) -> frozenset[Site]:
    """Return the domains in which the plan has something; the internet is always one."""
    found: set[Site] = {"internet"}
    for kind in {network.kind.name for network in plan.networks}:
        found.add(site_of(KINDS[kind]))
        platform = KINDS[kind].platform
        if platform is not None:
            found.add("iks" if platform == "iks" else "icp")
    for cluster in plan.clusters.values():
        found.add(cluster.platform)
    if "icp" in found:
        found.add("overlay")
    return frozenset(found)


def changes_to_conflict(
    chosen: Choice, sites: frozenset[Site], first: Network, second: Network
) -> tuple[tuple[IntegrationKey, str], ...]:
    """Return each change of one integration that would make two networks conflict."""
    same = first.cluster == second.cluster
    found = []
    for index, (key, now) in enumerate(chosen):
        for method in INTEGRATION[key]:
            other = (*chosen[:index], (key, method), *chosen[index + 1 :])
            if method != now and find_conflict(other, sites, first.kind.name, second.kind.name, same):
                found.append((key, method))
    return tuple(found)


class Domain(NamedTuple):
    """A routing domain of the plan, with the networks that stand in it, in the order of the plan."""

    name: str
    site: Site
    cluster: str | None
    networks: tuple[Network, ...]

    @property
    def title(self) -> str:
        """What it is, for people."""
        return SITES[self.site] if self.cluster is None else f"inside cluster {self.cluster}"


class TunnelEnd(NamedTuple):
    """The end of a tunnel at one cluster: what its other side may reach, in the fewest prefixes."""

    cluster: str | None
    subnets: tuple[Prefix, ...]


class Link(NamedTuple):
    """A way between domains of the plan, with what the plan has for it.

    `ends` are a tunnel's local subnets, one for each cluster that has one; `remote` are those behind its far side.
    `networks` are the plan's networks in which the addresses lie that the device gives.
    """

    way: Way
    networks: tuple[Network, ...]
    ends: tuple[TunnelEnd, ...]
    remote: tuple[Prefix, ...]


class Reach(NamedTuple):
    """Whether anything in one domain can be met from another, and how.

    `path` is the shortest way to a network there under its own address; without one, `translated` is the way that
    leads there by an address of the device. Neither: nothing of it can be met.
    """

    origin: Site
    target: Site
    path: tuple[Way, ...]
    translated: tuple[Way, ...]
    kinds: tuple[str, ...]


class RouteList(NamedTuple):
    """The prefixes that a device has to hold, or to announce, towards one direction.

    `merged` are the fewest prefixes with the same addresses. `cover` is the smallest prefix around all, where
    these are the plan's own to place: a `group` would make one route of them. None for ranges that others give,
    and for both IP versions together.
    """

    device: str
    towards: str
    purpose: str
    key: IntegrationKey | None
    prefixes: tuple[Prefix, ...]
    merged: tuple[Prefix, ...]
    cover: Prefix | None


@dataclass(frozen=True)
class Topology:
    """The routing domains of a plan, the links between them, who reaches whom, and the routes that this takes."""

    plan_name: str | None
    file: str
    integration: Mapping[IntegrationKey, str]
    domains: tuple[Domain, ...]
    links: tuple[Link, ...]
    reach: tuple[Reach, ...]
    routes: tuple[RouteList, ...]


def build_topology(plan: Plan) -> Topology:
    """Derive the topology of a plan; networks without a range take part without addresses. Linear in the plan."""
    chosen = choice(plan.integration)
    sites = sites_of(plan)
    networks = plan.taking_part()
    by_kind: dict[str, list[Network]] = {name: [] for name in KINDS}
    for network in networks:
        by_kind[network.kind.name].append(network)
    links = tuple(
        _link(way, by_kind) for way in list_ways(chosen) if way.origin in sites and way.target in sites
    )
    return Topology(
        plan_name=plan.name,
        file=plan.file,
        integration=plan.integration,
        domains=tuple(_domains(plan, sites, networks)),
        links=links,
        reach=tuple(_reach(chosen, sites)),
        routes=tuple(_routes(chosen, sites, by_kind)),
    )


def _domains(plan: Plan, sites: frozenset[Site], networks: Sequence[Network]) -> Iterator[Domain]:
    standing: dict[tuple[Site, str | None], list[Network]] = {}
    for network in networks:
        site = site_of(network.kind)
        cluster = network.cluster if site in ("iks", "icp") else None
        standing.setdefault((site, cluster), []).append(network)
    for site in SITES:
        if site not in sites:
            continue
        names: list[str | None] = [None]
        if site in ("iks", "icp"):
            names = [c.name for c in plan.clusters.values() if c.platform == site]
            # Networks of a platform may stand in a plan that names no cluster.
            names += [None] if (site, None) in standing else []
        for cluster in names:
            name = site if cluster is None else f"cluster {cluster}"
            yield Domain(name, site, cluster, tuple(standing.get((site, cluster), ())))


def _link(way: Way, by_kind: Mapping[str, Sequence[Network]]) -> Link:
    networks = tuple(n for kind in way.at for n in by_kind[kind])
    if way.method != "tunnel":
        return Link(way, networks, (), ())
    local = _TUNNEL_IKS if way.origin == "iks" else _TUNNEL_ICP if way.origin == "icp" else _OVERLAY
    if way.origin == "overlay":
        ends: tuple[TunnelEnd, ...] = (TunnelEnd(None, merge(_ranges(local, by_kind))),)
    else:
        by_cluster: dict[str | None, list[Prefix]] = {}
        for kind in sorted(local):
            for network in by_kind[kind]:
                if network.prefix is not None:
                    by_cluster.setdefault(network.cluster, []).append(network.prefix)
        ends = tuple(TunnelEnd(cluster, merge(found)) for cluster, found in by_cluster.items())
    return Link(way, networks, ends, merge(_ranges(way.carries, by_kind)))


def _ranges(kinds: Iterable[str], by_kind: Mapping[str, Sequence[Network]]) -> list[Prefix]:
    """Return the ranges of the networks of some kinds, in the order of the table of kinds."""
    kinds = frozenset(kinds)
    return [n.prefix for kind in KINDS if kind in kinds for n in by_kind[kind] if n.prefix is not None]


def merge(prefixes: Iterable[Prefix]) -> tuple[Prefix, ...]:
    """Return the fewest prefixes with exactly these addresses, in order."""
    return tuple(RangeSet(prefixes).prefixes())


def _reach(chosen: Choice, sites: frozenset[Site]) -> Iterator[Reach]:
    """Yield for every pair of domains how the second is met from the first."""
    for origin in SITES:
        if origin not in sites:
            continue
        seen = sees(chosen, origin)
        for target in SITES:
            if target not in sites or (target == origin and origin not in ("iks", "icp")):
                continue
            sights = [s for kind in sorted(STANDING[target]) if (s := seen.get((kind, False)))]
            path = min((s.path for s in sights), key=len, default=())
            translated = () if path else _translated(chosen, origin, target)
            if target == "internet":
                path = find_path(chosen, origin, target)
            yield Reach(origin, target, path, translated, tuple(s.kind for s in sights))


def _translated(chosen: Choice, origin: Site, target: Site) -> tuple[Way, ...]:
    """Return the shortest way to a domain whose last device stands for what lies behind it, () for none."""
    seen = sees(chosen, origin)
    found: list[tuple[Way, ...]] = []
    for way in list_ways(chosen):
        if not way.hidden & STANDING[target]:
            continue
        if way.origin == origin:
            found.append((way,))
        found += [(*s.path, way) for kind in way.at if (s := seen.get((kind, False))) and s.path]
    return min(found, key=len, default=())


def find_path(chosen: Choice, origin: Site, target: Site) -> tuple[Way, ...]:
    """Return the shortest way from one domain to another that carries anything at all, () for none."""
    level: list[tuple[Way, ...]] = [
        (way,) for way in list_ways(chosen) if way.origin == origin and way.carries
    ]
    visited = {origin}
    while level:
        for path in level:
            if path[-1].target == target:
                return path
        visited |= {path[-1].target for path in level}
        level = [
            (*path, way)
            for path in level
            for way in list_ways(chosen)
            if way.origin == path[-1].target and way.carries & path[-1].carries and way.target not in visited
        ]
    return ()


def _routes(
    chosen: Choice, sites: frozenset[Site], by_kind: Mapping[str, Sequence[Network]]
) -> Iterator[RouteList]:
    """Yield the routes that devices need beside those that IBM Cloud and the platforms make themselves."""
    methods = dict(chosen)
    # The transit network is connected to both of its routers, and nobody asks for what stands on it.
    overlay = _ranges(_OVERLAY - {"vcs-transit"}, by_kind)
    if "overlay" in sites:
        yield _route_list("ESG", "DLR", "the overlay's networks", None, overlay, placed=True)
    vcs = methods["iks-vcs"]
    if "iks" in sites and "overlay" in sites:
        pods, inside = _ranges({"iks-pod"}, by_kind), _ranges(_TUNNEL_IKS, by_kind)
        behind = _ranges(_through_esg(methods["iks-icp"]), by_kind)
        key: IntegrationKey = "iks-vcs"
        if vcs == "strongswan":
            yield _route_list("strongSwan", "ESG", "remote.subnet of the tunnel", key, behind, placed=True)
            yield _route_list("ESG", "strongSwan", "peer subnets of the tunnel", key, inside)
        elif vcs == "common-vlan":
            met = _ranges(_through_esg(methods["iks-icp"]) - {"vcs-transit"}, by_kind)
            yield _route_list("vRouter", "ESG", "learned by BGP from the ESG", key, met, placed=True)
            yield _route_list("ESG", "vRouter", "learned by BGP from the workers", key, pods)
        elif vcs == "bgp":
            yield _route_list("BCR", "ESG", "announced by the ESG", key, overlay, placed=True)
            yield _route_list("BCR", "vRouter", "announced by the workers", key, pods)
        elif vcs == "static-nat":
            workers = _ranges({"iks-worker-private", "iks-ingress-private"}, by_kind)
            yield _route_list("ESG", "BCR", "static routes to workers and ingress", key, workers)
    if "iks" in sites and "icp" in sites and methods["iks-icp"] == "strongswan":
        key = "iks-icp"
        icp, iks = _ranges(_TUNNEL_ICP, by_kind), _ranges(_TUNNEL_IKS, by_kind)
        yield _route_list(
            "strongSwan of IKS", "strongSwan of ICP", "remote.subnet of the tunnel", key, icp, placed=True
        )
        yield _route_list("strongSwan of ICP", "strongSwan of IKS", "remote.subnet of the tunnel", key, iks)
    if "enterprise" in sites and methods["enterprise"] == "routed":
        private = _ranges(STANDING["ibm-private"], by_kind)
        announced = [*private, *overlay, *_ranges({"iks-pod"}, by_kind)] if vcs == "bgp" else private
        yield _route_list("XCR", "BCR", "announced to the enterprise", "enterprise", announced)
        on_premises = _ranges(STANDING["enterprise"], by_kind)
        yield _route_list("BCR", "XCR", "announced by the enterprise", "enterprise", on_premises)


def _route_list(
    device: str,
    towards: str,
    purpose: str,
    key: IntegrationKey | None,
    prefixes: Sequence[Prefix],
    *,
    placed: bool = False,
) -> RouteList:
    cover = None
    if placed and len({prefix.version for prefix in prefixes}) == 1:
        cover = covering_prefix(prefixes)
    ordered = tuple(sorted(set(prefixes)))
    return RouteList(device, towards, purpose, key, ordered, merge(ordered), cover)
