"""List which sets of destinations each table leads to: workers, ESG, DLR, BCR, servers and routers of sites.

Source of what leads where: IBM Cloud docs, vmware-solutions, "Integration, IP addressing, and network flows",
2018-11-20; the routes of every classic server: IBM Cloud docs, IBM Cloud IP ranges, 2025-10-03.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from ipplan.landscape.conflicts import Entry
from ipplan.landscape.destinations import LEARNED, LEARNED_CLASSIC, PRIVATE_SET, PUBLIC_SET
from ipplan.landscape.ends import PRIVATE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ipplan.landscape.destinations import Destinations
    from ipplan.landscape.ends import End, Joint

_IKS_VCS: dict[str | None, str] = {
    None: "through the ESG (iks-vcs is not stated)",
    "common-vlan": "through BGP between vRouters and ESG on the common VLAN",
    "strongswan": "through the strongSwan tunnel to the ESG",
    "bgp": "through the routes that the ESG announces to the BCR",
}
"""How workers of IKS reach networks behind an edge."""
_IKS_BACK: dict[str | None, str] = {
    "common-vlan": "through BGP between vRouters and ESG on the common VLAN",
    "strongswan": "through the strongSwan tunnel of the cluster",
    "bgp": "through the routes that vRouters announce to the BCR",
}
"""How an ESG reaches networks inside an IKS cluster."""


class Sides:
    """The entries for one side of a link, and those that several devices have in common."""

    def __init__(self, destinations: Destinations) -> None:
        self.destinations = destinations
        self.ends = destinations.ends

    @cached_property
    def limited(self) -> frozenset[tuple[Joint, End]]:
        """The sides of links that name some of their networks, and so carry no others."""
        return frozenset(self.destinations.limited_sides)

    def of(self, joint: Joint, side: End, words: str) -> Iterator[Entry]:
        """Yield what a link carries of one side: a shared set where it carries all that the method can."""
        if joint.link is not None and (joint, side) in self.limited:
            yield Entry(("carried", joint, side), words, joint)
        elif side.kind == "edge":
            yield Entry(("stretchable" if joint.method == "l2-extension" else "overlay", side), words, joint)
            if joint.method is None:
                yield Entry(("transit", side), words, joint)
        elif side.kind in ("iks", "icp"):
            yield from self._of_cluster(joint, side, words)
        elif side.kind == "site":
            yield Entry(("site", side), words, joint)
        else:
            yield Entry(PRIVATE_SET, words, joint)

    def _of_cluster(self, joint: Joint, cluster: End, words: str) -> Iterator[Entry]:
        if joint.method in ("common-vlan", "bgp"):
            yield Entry(("pods", cluster), words, joint)
        elif joint.pair == "iks-edge":
            if joint.method == "strongswan":
                addresses = self.ends.tunnel_addresses
                yield Entry(("inside", cluster), words, joint)
                named = addresses.name_for(cluster, joint.second) is not None
                where = ("tunnelled", cluster, addresses.uplink(joint.second))
                yield Entry(("tunnelled-for", cluster) if named else where, words, joint)
        elif joint.method == "strongswan":
            yield Entry(("tunnel", cluster), words, joint)

    def sites(self, suffix: str = "") -> Iterator[Entry]:
        """Yield the networks of sites that are joined with IBM Cloud's private network."""
        for joint in self.ends.links.of(PRIVATE):
            words = "over Direct Link" if joint.method else "over the enterprise's link (enterprise is not stated)"
            site = joint.first
            if (joint, site) in self.limited:
                yield Entry((f"carried-{suffix}", joint) if suffix else ("carried", joint, site), words, joint)
            else:
                yield Entry((f"site-{suffix}" if suffix else "site", site), words, joint)

    @staticmethod
    def ibm() -> Iterator[Entry]:
        """Yield IBM Cloud's networks as a machine on both of them reaches them."""
        yield Entry(PRIVATE_SET, "through the BCR")
        yield Entry(PUBLIC_SET, "through the FCR")
        yield Entry(LEARNED_CLASSIC, "through the BCR, to which it is announced")


class EdgeTables:
    """The tables of ESG and DLR."""

    def __init__(self, sides: Sides) -> None:
        self.sides = sides
        self.ends = sides.ends
        self.families = sides.destinations.families

    def esg(self, edge: End) -> Iterator[Entry]:
        """Yield the table of an ESG."""
        yield Entry(("overlay", edge), "through the DLR")
        yield Entry(("transit", edge), "on its own interface")
        yield from self.sides.ibm()
        yield from self.to_clusters(edge)
        yield from self.sides.sites()
        yield from self.through_links(edge)

    def to_clusters(self, edge: End, only: set[str] | None = None, *, untranslated: bool = False) -> Iterator[Entry]:
        """Yield the networks of IKS clusters that an ESG reaches; `only` are the senders that a tunnel has to accept.

        `untranslated` adds the workers on a common VLAN, which the ESG reaches directly.
        """
        ends = self.ends
        method = ends.links.short_method("iks-edge")
        written = [j for j in ends.links.written_of(edge) if j.pair == "iks-edge"]
        if edge in self.families.open_edges and not written and self._takes(edge, only):
            uplink = ends.tunnel_addresses.uplink(edge)
            yield from _family(method, None, uplink, _IKS_BACK.get(method), untranslated=untranslated)
            for cluster in ends.of_platform("iks"):
                if self.families.of(cluster) is not None and (joint := ends.links.between("iks-edge", cluster, edge)):
                    yield from self._from_cluster(joint, only, untranslated=untranslated)
            return
        for joint in ends.links.of(edge):
            if joint.pair == "iks-edge":
                yield from self._from_cluster(joint, only, untranslated=untranslated)

    def _takes(self, edge: End, only: set[str] | None) -> bool:
        """Return whether the links of the short form accept packets from some networks behind an edge."""
        return not only or any(n.name in only for n in self.ends.behind(edge))

    def _from_cluster(self, joint: Joint, only: set[str] | None, *, untranslated: bool) -> Iterator[Entry]:
        words = _IKS_BACK.get(joint.method)
        if words is None:
            return
        # A policy accepts only packets of its local subnets; the BCR drops senders that it neither assigned nor learned.
        asks = joint.method == "strongswan" or (untranslated and joint.method == "bgp")
        if asks and not self._takes_from(joint, joint.second, only):
            return
        yield from self.sides.of(joint, joint.first, words)
        if untranslated and joint.method == "common-vlan":
            yield Entry(("workers", joint.first), "on the common VLAN", joint)

    def _takes_from(self, joint: Joint, edge: End, only: set[str] | None) -> bool:
        """Return whether a policy-based tunnel of an edge accepts packets from some networks behind it.

        An unlimited tunnel accepts workers for which the plan has no network.
        """
        if only is None:
            return True
        if not only:
            return (joint, edge) not in self.sides.limited
        return any(c.network.name in only for c in self.ends.carriage.carried(joint, edge))

    def through_links(self, edge: End, only: set[str] | None = None) -> Iterator[Entry]:
        """Yield the networks of other edges, and those of sites that an ESG reaches through its own tunnels."""
        for joint in self.ends.links.of(edge):
            if joint.pair not in ("edge-edge", "site-edge") or joint.method == "l2-extension":
                continue
            # A policy-based tunnel accepts only packets of its local subnets; a routed link accepts any.
            if joint.method == "ipsec" and not self._takes_from(joint, edge, only):
                continue
            yield from self.sides.of(joint, joint.far(edge), f"through {joint.title}")

    def over_stretched(self, edge: End) -> Iterator[Entry]:
        """Yield the enterprise networks that the DLR reaches over stretched networks."""
        for joint in self.ends.links.of(edge):
            if joint.method == "l2-extension" and self.ends.carriage.stretched_by(joint):
                yield from self.sides.of(joint, joint.first, "over the stretched layer 2 network")


class ClusterTables:
    """The tables of the workers of clusters."""

    def __init__(self, sides: Sides, edges: EdgeTables) -> None:
        self.sides = sides
        self.edges = edges
        self.ends = sides.ends
        self.families = sides.destinations.families

    def iks_worker(self, cluster: End) -> Iterator[Entry]:
        """Yield the table of the workers of an IKS cluster."""
        ends = self.ends
        yield Entry(("inside", cluster), "inside the cluster")
        yield from self.sides.ibm()
        written = [j for j in ends.links.written_of(cluster) if j.pair == "iks-edge"]
        if not written and self.families.of(cluster) is None:
            method = ends.links.short_method("iks-edge")
            words = _IKS_VCS.get(method)
            if words is not None:
                yield Entry(("overlays",), words)
                if method is None:
                    yield Entry(("transits",), words)
            for edge in ends.edges:
                if edge not in self.families.open_edges and (joint := ends.links.between("iks-edge", cluster, edge)):
                    yield from self._to_overlay(joint)
        else:
            for joint in ends.links.of(cluster):
                if joint.pair == "iks-edge":
                    yield from self._to_overlay(joint)
        yield from self._far_clusters(cluster)
        yield from self.sides.sites("from-workers")

    def _to_overlay(self, joint: Joint) -> Iterator[Entry]:
        words = _IKS_VCS.get(joint.method)
        if words is not None:
            yield from self.sides.of(joint, joint.second, words)

    def _far_clusters(self, cluster: End) -> Iterator[Entry]:
        """Yield the networks that the tunnels of a cluster to other clusters carry."""
        words = "through the strongSwan tunnel between the clusters"
        far = "icp" if cluster.kind == "iks" else "iks"
        for joint in self.ends.links.written_of(cluster):
            if joint.pair in ("iks-iks", "iks-icp", "icp-icp"):
                yield from self.sides.of(joint, joint.far(cluster), words)
        if self.ends.links.short_method("iks-icp") != "strongswan" or not self.ends.links.is_open(cluster, "iks-icp"):
            return
        together = self.families.tunnels_openly(cluster)
        if together:
            yield Entry(("tunnels", far), words)
        for other in self.ends.of_platform(far):
            if not (together and self.families.tunnels_openly(other)):
                found = self.ends.links.between("iks-icp", cluster, other)
                if found is not None and found.link is None:
                    yield from self.sides.of(found, other, words)

    def icp_worker(self, cluster: End) -> Iterator[Entry]:
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
            yield from (e._replace(words=f"by {through}") for e in (*self.sides.ibm(), *self.sides.sites()))
        own = {n.name for n in ends.of_cluster(cluster, "icp-worker")}
        yield from self.edges.to_clusters(edge, only=own, untranslated=joint is None)
        yield from self.edges.through_links(edge, only=own)
        if any(n.gateway_on == "dlr" for n in ends.of_cluster(cluster, "icp-worker")):
            yield from self.edges.over_stretched(edge)


def bcr(sides: Sides) -> Iterator[Entry]:
    """Yield the table of the BCR."""
    yield Entry(PRIVATE_SET, "directly")
    yield Entry(LEARNED, "by BGP")
    yield from sides.sites()


def server(sides: Sides) -> Iterator[Entry]:
    """Yield the table of a server on both of IBM Cloud's networks."""
    yield from sides.ibm()
    yield from sides.sites("classic")


def router(sides: Sides, site: End) -> Iterator[Entry]:
    """Yield the table of the router of a site."""
    yield Entry(("site", site), "directly")
    yield Entry(PUBLIC_SET, "through the internet")
    for joint in sides.ends.links.of(site):
        if joint.pair == "site-private":
            words = "over Direct Link" if joint.method else "over the enterprise's link (enterprise is not stated)"
            yield from sides.of(joint, PRIVATE, words)
            if (joint, PRIVATE) not in sides.limited:
                # A link that names networks of IBM Cloud carries no others.
                yield Entry(LEARNED, f"{words} and the BCR, to which it is announced", joint)
        elif joint.pair == "site-edge":
            yield from sides.of(joint, joint.second, f"through {joint.title}")
            if joint.method == "l2-extension":
                words = "over the WAN to the remote L2 concentrator"
                yield Entry(("concentrator", joint.second), words, joint)


def _family(
    method: str | None, group: object, uplink: str, words: str | None, *, untranslated: bool
) -> Iterator[Entry]:
    """Yield the networks of all clusters that the short form joins with every edge."""
    if words is None:
        return
    if method == "strongswan":
        yield Entry(("insides", "iks", group), words)
        yield Entry(("tunnelled*", group, uplink), words)
    else:
        yield Entry(("pods*", group), words)
        if untranslated and method == "common-vlan":
            yield Entry(("workers*", group), "on the common VLAN")
