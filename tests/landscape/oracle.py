"""A brute-force reading of LANDSCAPE.md, sections 2, 3 and 8: which networks of a plan conflict.

For every device instance of a plan this module writes down the list of destinations that its table leads to, as if
every other network of the plan stood elsewhere. Two networks that share addresses are an error if one such list has
both. It is slow and plain on purpose: the tests compare ipplan's own derivation with it.

It must not use ipplan: it reads TOML and knows the kinds of network by name. It ignores `internet` of an edge: whatever
that says, ESG tables lead to the public network.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from ipaddress import IPv4Network, IPv6Network, ip_network
from itertools import combinations, product
from typing import TYPE_CHECKING, Any, Literal

import tomli

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Block = IPv4Network | IPv6Network
Verdict = Literal["error", "warning"] | None
End = tuple[str, str]
"""What can be joined: ("iks", name), ("icp", name), ("edge", name), ("site", name) or ("ibm-private", "")."""

# Choices: what the page leaves open. Each is one constant, so that another reading is one edit.
NAT_LIMITS_A_SIDE = True
"""`nat` counts as naming: a side of which only `nat` names networks carries only these."""
IBM_PRIVATE_IS_AN_END = True
"""A written site-private link of one site closes the short form for the other sites: `ibm-private` is its other end."""
CLUSTER_TUNNEL_TAKES_ICP_WORKERS = True
"""The ESG's tunnel to IKS leaves out ICP workers that the tunnel between the two clusters carries untranslated."""
CLUSTER_TUNNELS_CARRY_WORKERS = True
"""Tunnels between clusters end at public addresses and carry the workers' private subnets whatever is named."""
ONE_ADDRESS_IS_A_DESTINATION = True
"""The /32 behind which networks hide is in the tables of the far side, for the answers."""
BGP_FOLLOWS_LINKS = True
"""By BGP, workers and ESGs learn from the BCR what their own links join; otherwise what anybody announces."""
STRETCHING_NEEDS_A_NETWORK = True
"""The DLR leads to a site over layer 2 extension only if it is the router of a stretched network: the wire is its way."""

PRIVATE = {
    "iks-ingress-private",
    "iks-worker-private",
    "vcs-host-private",
    "vcs-esg-private",
    "vcs-management",
    "vcs-vtep",
    "vcs-vmotion",
    "vcs-vsan",
    "vcs-nfs",
    "vcs-hcx",
}
PUBLIC = {"iks-ingress-public", "iks-worker-public", "vcs-host-public", "vcs-esg-public"}
OVERLAY = {"vcs-vm", "vcs-transit", "icp-worker"}
INSIDE = {"iks-pod", "iks-service", "icp-pod", "icp-service"}
SORTS: dict[str, tuple[str, str]] = {
    "iks-edge": ("iks", "edge"),
    "icp-edge": ("icp", "edge"),
    "iks-iks": ("iks", "iks"),
    "iks-icp": ("iks", "icp"),
    "icp-icp": ("icp", "icp"),
    "edge-edge": ("edge", "edge"),
    "site-edge": ("site", "edge"),
    "site-private": ("site", "ibm-private"),
}
"""The sorts of pair, and what their two ends are."""
DEFAULT_RANGES = {
    "iks-pod": "172.30.0.0/16",
    "iks-service": "172.21.0.0/16",
    "icp-pod": "10.1.0.0/16",
    "icp-service": "10.0.0.0/16",
}
TEN = ip_network("10.0.0.0/8")
REFUSED = [ip_network(f"172.{n}.0.0/16") for n in (16, 18, 19, 20)]
"""IKS accepts no static route to these, and none to a summary that holds one."""


@dataclass(frozen=True)
class Net:
    """A network of the plan. `cluster`, `edge` and `site` are where it stands; None: nowhere, or it cannot be told."""

    name: str
    kind: str
    block: Block | None
    cluster: str | None
    edge: str | None
    site: str | None
    gateway: str
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True)
class Join:
    """Two ends that are joined by a method, by a written link or by the short form."""

    sort: str
    ends: tuple[End, End]
    method: str
    networks: frozenset[str] = frozenset()
    shown: dict[str, Block] = field(default_factory=dict)
    number: int = -1


@dataclass(frozen=True)
class Entry:
    """A destination in a table: a network at its own range, or at the range that a link shows instead."""

    net: Net
    block: Block
    link: int | None = None

    @property
    def label(self) -> str:
        """The name of the network, with the range that is shown instead of its own."""
        return self.net.name if self.link is None else f"{self.net.name} as {self.block}"


def verdicts(text: str) -> dict[frozenset[str], Verdict]:
    """Return the verdict on each pair of overlapping networks of a plan, by their names."""
    return Landscape(text).verdicts()


def shown_verdicts(text: str) -> dict[tuple[str, str], Verdict]:
    """Return the verdict on each overlap of a range that a link shows.

    The key is ("NETWORK as PREFIX", other), where other is the name of a network or another such pair of words.
    """
    return Landscape(text).shown_verdicts()


class Landscape:
    """A plan, what is joined in it, and the table of each of its devices."""

    def __init__(self, text: str) -> None:
        document = tomli.loads(text)
        self.clusters: dict[str, dict[str, Any]] = document.get("clusters", {})
        self.rows: dict[str, dict[str, Any]] = document.get("networks", {})
        self.integration: dict[str, Any] = document.get("integration", {})
        self.links: list[dict[str, Any]] = document.get("link", [])
        self.sites: list[str] = list(document.get("sites", {})) or ["enterprise"]
        self.edges = self._edges(document)
        self.nets = [*self._declared(), *self._defaults()]
        self.joins = [*self._written(), *self._short_form()]

    # -- what stands where ---------------------------------------------------------------------------------

    def _edges(self, document: dict[str, Any]) -> list[str]:
        """Return the edges: declared ones, and those that networks or clusters name, else one without a name."""
        found = dict.fromkeys(document.get("edges", {}))
        for row in [*self.rows.values(), *self.clusters.values()]:
            if "edge" in row:
                found[row["edge"]] = None
        if found:
            return list(found)
        overlay = any(row["kind"] in OVERLAY or row["kind"].startswith("icp-") for row in self.rows.values())
        icp = any(row["platform"] == "icp" for row in self.clusters.values())
        return [""] if overlay or icp else []

    def _declared(self) -> Iterator[Net]:
        for name, row in self.rows.items():
            if row.get("status") == "retired":
                continue
            kind = row["kind"]
            cidr = row.get("cidr")
            if cidr is None and kind in ("iks-pod", "iks-service") and "pool" not in row:
                cidr = DEFAULT_RANGES[kind]
            cluster = self._cluster(row)
            edge = row.get("edge") or (
                self.clusters.get(cluster or "", {}).get("edge") if kind == "icp-worker" else None
            )
            if edge is None and len(self.edges) == 1:
                edge = self.edges[0]
            site = row.get("site") or (self.sites[0] if len(self.sites) == 1 else None)
            yield Net(
                name,
                kind,
                None if cidr is None else ip_network(cidr, strict=False),
                cluster,
                edge if kind in OVERLAY or kind.startswith("vcs-") else None,
                site if kind == "enterprise" else None,
                row.get("gateway-on", "esg" if kind == "icp-worker" else "dlr"),
                tuple(row.get("addresses", {})),
            )

    def _cluster(self, row: dict[str, Any]) -> str | None:
        """Return the cluster of a network: named, the only one of its platform, or one without a name ("")."""
        platform = row["kind"].partition("-")[0]
        if platform not in ("iks", "icp"):
            return None
        alike = [name for name, cluster in self.clusters.items() if cluster["platform"] == platform]
        named: str = row.get("cluster") or (alike[0] if alike else "")
        return named

    def _defaults(self) -> Iterator[Net]:
        """Yield the default ranges of clusters that declare no pod or no service network."""
        for cluster, row in self.clusters.items():
            for role in ("pod", "service"):
                kind = f"{row['platform']}-{role}"
                if not any(r["kind"] == kind and self._cluster(r) == cluster for r in self.rows.values()):
                    name = f"{cluster} ({role}s, default)"
                    yield Net(name, kind, ip_network(DEFAULT_RANGES[kind]), cluster, None, None, "dlr")

    def ends(self, kind: str) -> list[End]:
        """Return every end of a kind; networks of a platform without a cluster make one cluster without a name."""
        if kind == "edge":
            return [("edge", name) for name in self.edges]
        if kind == "site":
            return [("site", name) for name in self.sites]
        if kind == "ibm-private":
            return [("ibm-private", "")]
        named = [(kind, name) for name, row in self.clusters.items() if row["platform"] == kind]
        unnamed = any(net.kind.startswith(f"{kind}-") and net.cluster == "" for net in self.nets)
        return [*named, (kind, "")] if unnamed else named

    def of(self, end: End, *kinds: str) -> list[Net]:
        """Return the networks of some kinds that are of an end."""
        what, name = end
        return [
            net
            for net in self.nets
            if net.kind in kinds
            and (
                (what == "edge" and net.edge == name)
                or (what == "site" and net.site == name)
                or (what == "ibm-private" and net.kind in PRIVATE | PUBLIC)
                or (what in ("iks", "icp") and net.kind.startswith(what) and net.cluster == name)
            )
        ]

    def behind(self, edge: End) -> list[Net]:
        """Return the overlay networks of an edge; one with its gateway on premises is the site's."""
        return [net for net in self.of(edge, *OVERLAY) if net.gateway != "on-premises"]

    def at(self, site: End) -> list[Net]:
        """Return the networks of a site: its own, and those stretched to it that have their gateway there."""
        return [
            *self.of(site, "enterprise"),
            *(n for n in self.stretched(site) if n.gateway == "on-premises"),
        ]

    def stretched(self, site: End) -> list[Net]:
        """Return the networks that layer 2 extension stretches to a site."""
        return [
            net
            for join in self.joins
            if join.method == "l2-extension" and site in join.ends
            for net in self.limited(join, join.ends[1], self.of(join.ends[1], "vcs-vm"))
        ]

    # -- what is joined ------------------------------------------------------------------------------------

    def end(self, name: str) -> End:
        """Return the end that a name means."""
        if name == "ibm-private":
            return "ibm-private", ""
        if name in self.clusters:
            return self.clusters[name]["platform"], name
        return ("edge", name) if name in self.edges else ("site", name)

    def _written(self) -> Iterator[Join]:
        for number, row in enumerate(self.links):
            one, two = (self.end(name) for name in row["between"])
            sort = next((s for s, kinds in SORTS.items() if kinds == (one[0], two[0])), None)
            if sort is None:
                one, two = two, one
                sort = next(s for s, kinds in SORTS.items() if kinds == (one[0], two[0]))
            shown = {entry["network"]: ip_network(entry["as"]) for entry in row.get("nat", [])}
            yield Join(sort, (one, two), row["method"], frozenset(row.get("networks", [])), shown, number)

    def _short_form(self) -> Iterator[Join]:
        """Yield what `[integration]` joins: the pairs of which neither end has a written link of that sort."""
        written = list(self._written())
        for sort, (first, second) in SORTS.items():
            method = self._short_method(sort)
            if method == "none":
                continue
            taken = {end for join in written if join.sort == sort and join.method != "none" for end in join.ends}
            if not IBM_PRIVATE_IS_AN_END:
                taken.discard(("ibm-private", ""))
            closed = [set(join.ends) for join in written if join.sort == sort and join.method == "none"]
            for one, two in product(self.ends(first), self.ends(second)):
                if not taken & {one, two} and {one, two} not in closed:
                    yield Join(sort, (one, two), method)

    def _short_method(self, sort: str) -> str:
        """Return what the short form says for a sort of pair; a left-out key is open only in a plan without links."""
        key = {
            "iks-edge": "iks-vcs",
            "icp-edge": "icp-vcs",
            "iks-icp": "iks-icp",
            "site-edge": "enterprise",
            "site-private": "enterprise",
        }.get(sort)
        if key is None:
            return "none"
        method: str | None = self.integration.get(key)
        if method is None:
            if self.links:
                return "none"
            method = {"iks-vcs": "left out", "icp-vcs": "nat", "enterprise": "routed"}.get(key, "none")
        if key == "enterprise" and (method == "l2-extension") != (sort == "site-edge"):
            return "none"
        return method

    def joined(self, sort: str, *methods: str, end: End | None = None) -> list[Join]:
        """Return what is joined by one of the methods, of one end or of all."""
        return [
            join
            for join in self.joins
            if join.sort == sort and join.method in methods and (end is None or end in join.ends)
        ]

    # -- what a link carries -------------------------------------------------------------------------------

    def limited(self, join: Join, end: End, nets: Iterable[Net]) -> list[Net]:
        """Return the networks of one side of a link that it carries, if `nets` is all that it could carry."""
        everything = [*INSIDE, *OVERLAY, *PRIVATE, *PUBLIC, "enterprise"]
        own = {net.name for net in self.of(end, *everything)}
        if end[0] == "site" and join.method != "l2-extension":
            # A network with its gateway on premises is the site's; to be stretched, it is named as the edge's.
            own |= {net.name for net in self.at(end)}
        limits = own & join.networks
        if NAT_LIMITS_A_SIDE or limits:
            limits |= own & set(join.shown)
        return [net for net in nets if not limits or net.name in join.networks | set(join.shown)]

    def carried(self, join: Join, end: End) -> list[Net]:
        """Return the networks of one end that a link carries to the other end."""
        what, _ = end
        method = join.method
        nets: list[Net] = []
        if method == "none":
            return nets
        if what == "iks" and method == "strongswan":
            nets = self.of(end, "iks-pod", "iks-service")
            if self.carries_workers(join, end):
                nets += self.of(end, "iks-worker-private")
        elif what == "iks" and method in ("common-vlan", "bgp"):
            nets = self.of(end, "iks-pod")
        elif what == "icp" and method == "strongswan":
            # A worker network whose edge cannot be told stands nowhere.
            nets = [
                n
                for n in self.of(end, "icp-pod", "icp-service", "icp-worker")
                if n.kind != "icp-worker" or n.edge is not None
            ]
        elif what == "edge" and method == "left out":
            return self.behind(end)
        elif what == "edge" and method == "l2-extension":
            nets = [net for net in self.of(end, "vcs-vm") if net.gateway != "on-premises"]
        elif what == "edge" and method in ("strongswan", "common-vlan", "bgp", "ipsec", "gre", "routed"):
            # Nothing but its ESG and DLR has the transit network.
            nets = [
                net
                for net in self.behind(end)
                if net.kind != "vcs-transit" and not self.goes_between_clusters(join, net)
            ]
        elif what == "site":
            nets = self.at(end)
        elif what == "ibm-private":
            nets = [*self.private(), *self.announced()]
        return self.limited(join, end, nets)

    def carries_workers(self, join: Join, cluster: End) -> bool:
        """Return whether a strongSwan tunnel carries the private subnets of the IKS workers.

        It does not where it ends at the workers' private addresses: the tunnel's own packets would enter it. The tunnel
        to an ESG ends there unless a public address is set aside for it: in the public ingress network, for every
        tunnel or for this edge, or only there in the uplinks of the ESG, or because the ESG has a public uplink only.
        """
        if self.names_tunnel(self.of(cluster, "iks-ingress-public"), "strongswan", "vpn"):
            return True
        inside = self.names_tunnel(self.of(cluster, "iks-ingress-private"), "strongswan", "vpn")
        if join.sort != "iks-edge":
            return CLUSTER_TUNNELS_CARRY_WORKERS or not inside
        edge = join.ends[1][1]
        own = (f"{edge}-strongswan", f"{edge}-vpn")
        if edge and self.names_tunnel(self.of(cluster, "iks-ingress-public"), *own):
            return True
        private = self.of(join.ends[1], "vcs-esg-private")
        public = self.of(join.ends[1], "vcs-esg-public")
        if not private:
            return bool(public)
        if inside or self.names_tunnel(private, "strongswan", "vpn"):
            return False
        return self.names_tunnel(public, "strongswan", "vpn")

    @staticmethod
    def names_tunnel(nets: Iterable[Net], *names: str) -> bool:
        """Return whether one of the networks names the end of a tunnel."""
        return any(name in net.addresses for net in nets for name in names)

    def goes_between_clusters(self, join: Join, net: Net) -> bool:
        """Return whether ICP workers are behind the tunnel between two clusters, and so not behind the ESG's tunnel."""
        if not CLUSTER_TUNNEL_TAKES_ICP_WORKERS or (join.sort, join.method) != ("iks-edge", "strongswan"):
            return False
        if net.kind != "icp-worker" or net.name in join.shown:
            return False
        return any(
            join.ends[0] in between.ends
            and net in self.carried(between, between.ends[1])
            and net.name not in between.shown
            for between in self.joined("iks-icp", "strongswan", end=("icp", net.cluster or ""))
        )

    def across(self, join: Join, end: End) -> list[Entry]:
        """Return the destinations that a link gives to the table on the other side of an end."""
        found = []
        for net in self.carried(join, end):
            shown = join.shown.get(net.name)
            if shown is not None and net.block is not None:
                if ONE_ADDRESS_IS_A_DESTINATION or shown.num_addresses > 1 or shown == net.block:
                    found.append(Entry(net, shown, join.number))
            elif net.block is not None:
                found.append(Entry(net, net.block))
        return found

    # -- the tables ----------------------------------------------------------------------------------------

    def private(self) -> list[Net]:
        """Return what stands on IBM's private network."""
        return [net for net in self.nets if net.kind in PRIVATE]

    def public(self) -> list[Net]:
        """Return what stands on IBM's public network."""
        return [net for net in self.nets if net.kind in PUBLIC]

    def announced(self) -> list[Net]:
        """Return what the BCR learns by BGP: the pods of clusters, and the overlays of ESGs, without the transit."""
        found = [net for join in self.joined("iks-edge", "bgp") for end in join.ends for net in self.carried(join, end)]
        return list(dict.fromkeys(found))

    def announced_in_ten(self) -> list[Entry]:
        """Return what of that the route 10.0.0.0/8 to the BCR leads to."""
        return [entry for entry in entries(self.announced()) if within(entry.block, TEN)]

    def routed(self) -> list[Entry]:
        """Return the networks of sites that the BCR leads to, as Direct Link shows them."""
        return [entry for join in self.joined("site-private", "routed") for entry in self.across(join, join.ends[0])]

    def tables(self) -> dict[str, list[Entry]]:
        """Return the destinations of each table of the landscape, by a name for it."""
        found = {
            "BCR": self.bcr(),
            "server": [*self.bcr(), *entries(self.public())],
            "FCR": entries(self.public()),
        }
        for cluster in self.ends("iks"):
            found[f"worker of IKS {cluster[1]}"] = self.iks_worker(cluster)
        for cluster in self.ends("icp"):
            for worker in self.icp_workers(cluster):
                found[f"worker of ICP {cluster[1]} in {worker.name}"] = self.icp_worker(cluster, worker)
        for edge in self.ends("edge"):
            found[f"ESG {edge[1]}"] = self.esg(edge)
            found[f"DLR {edge[1]}"] = [*self.esg(edge), *self.over_the_wire(edge)]
        for site in self.ends("site"):
            found[f"router of {site[1]}"] = self.site_router(site)
        return found

    def bcr(self) -> list[Entry]:
        """IBM's private network, what is announced to it by BGP, and sites behind Direct Link."""
        return [*entries(self.private()), *entries(self.announced()), *self.routed()]

    def iks_worker(self, cluster: End) -> list[Entry]:
        """What is inside of the cluster, both of IBM's networks, sites behind Direct Link, and what its links carry."""
        found = entries([*self.of(cluster, "iks-pod", "iks-service"), *self.private(), *self.public()])
        for join in self.joined("iks-edge", "strongswan", "common-vlan", "bgp", "left out", end=cluster):
            found += self.across(join, join.ends[1])
        if not BGP_FOLLOWS_LINKS and self.joined("iks-edge", "bgp", end=cluster):
            found += entries(net for net in self.announced() if net.kind in OVERLAY)
        found += self.from_clusters(cluster)
        # What is outside of 10.0.0.0/8 needs a static route, and IKS refuses some.
        found += [entry for entry in self.routed() if within(entry.block, TEN) or not refused(entry.block)]
        return found + self.announced_in_ten()

    def from_clusters(self, cluster: End) -> list[Entry]:
        """What strongSwan links between clusters give to the workers of one."""
        return [
            entry
            for sort in ("iks-iks", "iks-icp", "icp-icp")
            for join in self.joined(sort, "strongswan", end=cluster)
            for other in join.ends
            if other != cluster
            for entry in self.across(join, other)
        ]

    def icp_workers(self, cluster: End) -> list[Net]:
        """Return a worker network for each table of the cluster's workers.

        Workers without a network of their own, or with one of an edge that cannot be told, are one table more.
        """
        own = self.of(cluster, "icp-worker")
        if own:
            return own
        edge = self.clusters.get(cluster[1], {}).get("edge") or (self.edges[0] if len(self.edges) == 1 else None)
        return [Net("no network", "icp-worker", None, cluster[1], edge, None, "esg")]

    def icp_worker(self, cluster: End, worker: Net) -> list[Entry]:
        """What is inside of the cluster, its own tunnels, and what the ESG passes on for it."""
        found = [*entries(self.of(cluster, "icp-pod", "icp-service")), *self.from_clusters(cluster)]
        if worker.edge is None or worker.gateway == "on-premises":
            return found
        edge = ("edge", worker.edge)
        found += entries(self.behind(edge))
        translated = any(edge in join.ends for join in self.joined("icp-edge", "nat", end=cluster))
        if translated:
            found += [*entries([*self.private(), *self.public()]), *self.routed(), *self.announced_in_ten()]
        # Without NAT a packet to IBM's networks is not translated, and ends at the ESG; but for what follows.
        for join in self.joined("iks-edge", "bgp", "common-vlan", end=edge):
            if join.method == "bgp" and not translated and not self.is_in(worker, join, edge):
                continue  # The BCR drops senders that it neither assigned nor learned.
            found += self.across(join, join.ends[0])
            if join.method == "common-vlan":
                # The ESG stands on the VLAN of the workers: a connected route, without NAT.
                found += entries(self.of(join.ends[0], "iks-worker-private"))
        for join in self.joins:
            if edge not in join.ends or join.sort not in ("iks-edge", "site-edge", "edge-edge"):
                continue
            other = join.ends[0] if join.ends[1] == edge else join.ends[1]
            # A policy-based tunnel takes only packets whose source is in its local subnets.
            policy = (join.sort, join.method) in (
                ("iks-edge", "strongswan"),
                ("site-edge", "ipsec"),
                ("edge-edge", "ipsec"),
            )
            if (policy and self.is_in(worker, join, edge)) or (join.sort, join.method) in (
                ("site-edge", "gre"),
                ("edge-edge", "routed"),
            ):
                found += self.across(join, other)
        if worker.gateway == "dlr":
            found += self.over_the_wire(edge)
        return found

    def is_in(self, worker: Net, join: Join, edge: End) -> bool:
        """Return whether the local subnets of a tunnel at the ESG hold a worker network."""
        if worker.name != "no network":
            return worker in self.carried(join, edge)
        return worker in self.limited(join, edge, [worker])

    def esg(self, edge: End) -> list[Entry]:
        """Its overlay with the transit network, both of IBM's networks, and what its links carry."""
        found = entries([*self.behind(edge), *self.private(), *self.public()])
        for join in self.joined("iks-edge", "strongswan", "common-vlan", "bgp", end=edge):
            found += self.across(join, join.ends[0])
        if not BGP_FOLLOWS_LINKS and self.joined("iks-edge", "bgp", end=edge):
            found += entries(net for net in self.announced() if net.kind in INSIDE)
        for join in self.joined("site-edge", "ipsec", "gre", end=edge):
            found += self.across(join, join.ends[0])
        for join in self.joined("edge-edge", "ipsec", "routed", end=edge):
            found += self.across(join, join.ends[0] if join.ends[1] == edge else join.ends[1])
        return [*found, *self.routed(), *self.announced_in_ten()]

    def over_the_wire(self, edge: End) -> list[Entry]:
        """What the DLR leads to through stretched networks in which it is the router: the networks of the sites."""
        return [
            entry
            for join in self.joined("site-edge", "l2-extension", end=edge)
            if not STRETCHING_NEEDS_A_NETWORK or any(net.gateway == "dlr" for net in self.carried(join, edge))
            for entry in self.across(join, join.ends[0])
        ]

    def site_router(self, site: End) -> list[Entry]:
        """Its own networks, IBM's public network, and what its links carry."""
        found = entries([*self.at(site), *self.public()])
        for join in self.joined("site-edge", "l2-extension", "ipsec", "gre", end=site):
            found += self.across(join, join.ends[1])
            if join.method == "l2-extension":
                # The local concentrator sends its tunnel's packets to the remote one.
                found += entries(self.of(join.ends[1], "vcs-hcx"))
        for join in self.joined("site-private", "routed", end=site):
            found += self.across(join, join.ends[1])
        return found

    # -- the verdicts --------------------------------------------------------------------------------------

    def verdicts(self) -> dict[frozenset[str], Verdict]:
        """Return the verdict on each pair of networks that share addresses."""
        tables = [{entry.net for entry in table if entry.link is None} for table in self.tables().values()]
        found: dict[frozenset[str], Verdict] = {}
        for one, two in combinations([net for net in self.nets if net.block is not None], 2):
            assert one.block is not None
            assert two.block is not None
            if one.block.overlaps(two.block):
                held = any(one in table and two in table for table in tables)
                found[frozenset((one.name, two.name))] = self._verdict(one, two, held=held)
        return found

    def _verdict(self, one: Net, two: Net, *, held: bool) -> Verdict:
        if self.is_one_wire(one, two) or self.is_one_wire(two, one):
            return "warning"
        if one.kind == two.kind == "enterprise" and one.site == two.site is not None and one.block != two.block:
            return None  # A summary and its part.
        if held:
            return "error"
        return None if self.is_settled(one, two) else "warning"

    def is_one_wire(self, part: Net, summary: Net) -> bool:
        """Return whether the first network is stretched to a site, and lies inside a network of that site."""
        return (
            summary.kind == "enterprise"
            and summary.site is not None
            and part in self.stretched(("site", summary.site))
            and part.block is not None
            and summary.block is not None
            and within(part.block, summary.block)
        )

    def is_settled(self, one: Net, two: Net) -> bool:
        """Return whether the plan deals with an overlap: by translation, or by leaving both networks out of links.

        Translated: links carry one of the two, and each of these translates it. Left out: each of the two has links
        that could carry it, and all of them leave it out by `networks` or `nat`. A network of which it cannot be told
        where it stands is never settled.
        """
        if self.is_lost(one) or self.is_lost(two):
            return False
        carrying = [(join, net) for net in (one, two) for join in self.joins if self.carries(join, net)]
        if carrying:
            return all(net.name in join.shown for join, net in carrying)
        return all(
            any(self.carries(replace(join, networks=frozenset(), shown={}), net) for join in self.joins)
            for net in (one, two)
        )

    def carries(self, join: Join, net: Net) -> bool:
        """Return whether a link carries a network to either side."""
        if join.method == "l2-extension" and net in self.limited(join, join.ends[1], self.of(join.ends[1], "vcs-vm")):
            return True
        return any(net in self.carried(join, end) for end in join.ends)

    def is_lost(self, net: Net) -> bool:
        """Return whether a network does not say where it stands although several edges or sites could be meant."""
        if net.kind == "enterprise":
            return net.site is None
        return net.kind in OVERLAY and net.edge is None

    def shown_verdicts(self) -> dict[tuple[str, str], Verdict]:
        """Return the verdict on each overlap of a range that a link shows, with networks and with other such ranges."""
        tables = self.tables().values()
        shown = {
            Entry(net, block, join.number)
            for join in self.joins
            for name, block in join.shown.items()
            for net in self.nets
            if net.name == name
        }
        others = [*shown, *entries(self.nets)]
        found: dict[tuple[str, str], Verdict] = {}
        for one, two in product(shown, others):
            if one.net == two.net or not one.block.overlaps(two.block) or self.hide_together(one, two):
                continue
            together = any(one in table and two in table for table in tables)
            before = found.get((one.label, two.label))
            found[one.label, two.label] = "error" if together or before == "error" else "warning"
        return found

    @staticmethod
    def hide_together(one: Entry, two: Entry) -> bool:
        """Return whether one link shows both behind one address, or a summary and its part of one site are moved alike."""
        if one.link == two.link and one.block == two.block and one.block.num_addresses == 1:
            return True
        real_one, real_two = one.net.block, two.net.block
        if real_one is None or real_two is None or real_one == real_two or not real_one.overlaps(real_two):
            return False
        if real_one.prefixlen != one.block.prefixlen or real_two.prefixlen != two.block.prefixlen:
            return False
        moved = int(one.block[0]) - int(real_one[0]), int(two.block[0]) - int(real_two[0])
        both = one.net.kind == two.net.kind == "enterprise" and one.net.site == two.net.site
        return both and moved[0] == moved[1]


def entries(nets: Iterable[Net]) -> list[Entry]:
    """Return the networks that have a range as destinations at their own addresses."""
    return [Entry(net, net.block) for net in nets if net.block is not None]


def within(part: Block, whole: Block) -> bool:
    """Return whether a block lies in another one."""
    if isinstance(part, IPv4Network) and isinstance(whole, IPv4Network):
        return part.subnet_of(whole)
    return isinstance(part, IPv6Network) and isinstance(whole, IPv6Network) and part.subnet_of(whole)


def refused(block: Block) -> bool:
    """Return whether IKS accepts no static route to a block: it lies in a refused range, or holds one."""
    return any(block.overlaps(other) for other in [*REFUSED, TEN])
