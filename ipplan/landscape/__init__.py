"""Derive the landscape of a plan: ends, links, and the tables, NAT, tunnels and BGP sessions of each device.

Pure data that check, flows, topology, diff and exports read; they derive nothing themselves. Each device is computed on
request and kept, so that one device costs what it holds. Must not know rules, flows or outputs.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from ipplan.addresses import RangeSet
from ipplan.landscape import bgp, routers, workers
from ipplan.landscape.devices import devices_of, list_devices
from ipplan.landscape.edges import build_esg
from ipplan.landscape.ends import OF_AN_EDGE, PRIVATE, End, Joint
from ipplan.landscape.folding import Folder, of_version
from ipplan.landscape.plan_ends import Ends
from ipplan.landscape.tables import Tables
from ipplan.landscape.tunnels import Tunnels

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ipplan.addresses import Prefix
    from ipplan.catalog import Catalog
    from ipplan.landscape.model import DeviceTable, Esg, HostAddress, Route, Session, Tunnel
    from ipplan.plan.model import Network, Plan

__all__ = ["PRIVATE", "End", "Joint", "Landscape"]

_CLASSIC = "ibm-default-static-route"
_MOST_LOST = 8
"""Name at most this many networks that belong to no edge or site."""


class Landscape:
    """Everything that follows from a plan; networks without a range have no addresses in it."""

    def __init__(self, plan: Plan, catalog: Catalog) -> None:
        self.plan = plan
        self.catalog = catalog
        self.ends = Ends(plan)
        self.folder = Folder(self.ends)
        self.tunnels = Tunnels(self.ends, self.folder)
        self._esgs: dict[End, Esg] = {}
        self._announced: dict[End, tuple[Prefix, ...]] = {}
        self._workers: dict[End, tuple[Route, ...]] = {}
        self._routers: dict[End, tuple[Route, ...]] = {}
        self._words: dict[End, str] = {}

    def ends_for(self, network: Network) -> Ends:  # noqa: ARG002  (several plans have several)
        """Return the ends of the plan that a network is in."""
        return self.ends

    def is_one(self, first: Network, second: Network) -> bool:
        """Return whether two networks are one."""
        return first.name == second.name

    @cached_property
    def classic(self) -> tuple[Prefix, ...]:
        """The ranges that every classic server routes to the BCR."""
        return tuple(r.prefix for r in self.catalog.reservations if r.category.name == _CLASSIC)

    @cached_property
    def tables(self) -> Tables:
        """The tables as sets of destinations, for conflicts."""
        return Tables(self.ends, self.classic)

    # Devices.

    def esg(self, edge: End) -> Esg:
        """Return the ESG of an edge with its DLR."""
        if edge not in self._esgs:
            self._esgs[edge] = build_esg(self, edge)
        return self._esgs[edge]

    def worker_routes(self, cluster: End, *, keep: bool = True) -> tuple[Route, ...]:
        """Return the table of the workers of a cluster, without the routes inside it; `keep` it for the next call."""
        if (known := self._workers.get(cluster)) is not None:
            return known
        found = workers.routes(self, cluster)
        if keep:
            self._workers[cluster] = found
        return found

    def router_routes(self, site: End) -> tuple[Route, ...]:
        """Return the table of the router of a site."""
        if site not in self._routers:
            self._routers[site] = tuple(routers.router_routes(self, site))
        return self._routers[site]

    @cached_property
    def bcr(self) -> tuple[Route, ...]:
        """The table of the BCR."""
        return tuple(routers.bcr_routes(self))

    @cached_property
    def fcr(self) -> tuple[Route, ...]:
        """The table of the FCR."""
        return tuple(routers.fcr_routes(self))

    def devices(self) -> Iterator[DeviceTable]:
        """Yield every device that has a table to configure."""
        return list_devices(self)

    def devices_of(self, end: End) -> Iterator[DeviceTable]:
        """Yield the devices of an edge with the VMs behind it, of a cluster, or of a site."""
        return devices_of(self, end)

    def sessions(self) -> Iterator[Session]:
        """Yield every BGP session: those of the ESGs, then those of the workers with the BCR."""
        for edge in self.ends.edges:
            yield from self.esg(edge).sessions
        for cluster in self.ends.of_platform("iks"):
            yield from bgp.bcr_sessions(self, cluster)

    def sessions_of(self, cluster: End) -> Iterator[Session]:
        """Yield the BGP sessions of the workers of an IKS cluster, the workers first: with ESGs, then with the BCR."""
        return bgp.sessions_of(self, cluster)

    def all_tunnels(self) -> Iterator[Tunnel]:
        """Yield every tunnel once: those of the edges, then those between clusters."""
        seen: set[int] = set()
        for end in (*self.ends.edges, *self.ends.clusters):
            for tunnel in self.tunnels.of_end(end):
                if id(tunnel) not in seen:
                    seen.add(id(tunnel))
                    yield tunnel

    # What several devices share.

    def internet_of(self, edge: End) -> str:
        """Return how machines behind an edge reach the internet: snat, web-proxy or none."""
        declared = self.plan.edges.get(edge.name or "")
        return (declared.internet if declared is not None else None) or "snat"

    def site_name(self, site: End) -> str | None:
        """Return the name of a site for devices; None for the only one of a plan that declares none."""
        return site.name if self.plan.sites else None

    def announces(self, edge: End) -> bool:
        """Return whether an ESG announces its networks to the BCR."""
        return any(j.method == "bgp" for j in self.ends.links.of_pair(edge, "iks-edge"))

    def announced_by(self, edge: End) -> tuple[Prefix, ...]:
        """Return what an ESG announces to the BCR: everything that its links by BGP carry.

        Networks of different links are not folded into one prefix, so that workers can refuse those of other links.
        """
        if edge not in self._announced:
            self._announced[edge] = tuple(sorted(bgp.overlays_of(self, edge)))
        return self._announced[edge]

    def learned_over(self, joint: Joint) -> tuple[Prefix, ...]:
        """Return the prefixes of an overlay that the workers of a cluster accept from the BCR, as the ESG announces them.

        They accept a prefix that holds a network of the link, and refuse the others.
        """
        carried = RangeSet(self.announced(joint, joint.second))
        return tuple(p for p in self.announced_by(joint.second) if carried.overlaps(p))

    @cached_property
    def learned(self) -> tuple[tuple[Prefix, str], ...]:
        """What the BCR learns by BGP from edges and clusters, each prefix with its description."""
        return tuple(routers.learned(self))

    def announced(self, joint: Joint, end: End) -> tuple[Prefix, ...]:
        """Return what one end of a link announces to the other: IPv4 only, because the sessions use IPv4."""
        return of_version(self.tunnels.subnets(joint, end), 4)

    def enterprise_outside(self, version: int) -> Sequence[tuple[Prefix, str]]:
        """Return the enterprise ranges behind a routed link that no classic server has a route to, each with its description."""
        return [(prefix, text) for prefix, text in self._enterprise_outside if prefix.version == version]

    @cached_property
    def _enterprise_outside(self) -> tuple[tuple[Prefix, str], ...]:
        known = RangeSet(self.classic)
        found: dict[Prefix, str] = {}
        for joint in self.ends.links.of(PRIVATE):
            if joint.method is None:
                continue
            whose = "the enterprise" if not self.plan.sites else joint.first.title
            for prefix in self.folder.fold(self.ends.carriage.carried(joint, joint.first)):
                if not known.covers(prefix):
                    found.setdefault(prefix, f"{whose}, over Direct Link")
        return tuple(found.items())

    @cached_property
    def homeless(self) -> tuple[tuple[str, str], ...]:
        """Networks that are in no table, because the plan has several edges or sites and they name none; and what to write."""
        ends = self.ends
        found = []
        for what, key, lost in (
            ("edge", "edge", [n.name for k in sorted(OF_AN_EDGE) for n in ends.by_kind[k] if ends.edge_of(n) is None]),
            ("site", "site", [n.name for n in ends.by_kind["enterprise"] if ends.site_of(n) is None]),
        ):
            if lost:
                shown = ", ".join(lost[:_MOST_LOST]) + (", ..." if len(lost) > _MOST_LOST else "")
                several = f"name{'' if len(lost) > 1 else 's'} no {what}, and the plan has several"
                found.append((f"{shown} {several}", f'write {key} = "NAME" in each'))
        return tuple(found)

    def seen_from(self, tunnel: Tunnel, end: End) -> tuple[Prefix, ...]:
        """Return the far side of a tunnel as machines at one end know it."""
        return self.tunnels.subnets(tunnel.joint, tunnel.joint.far(end))

    def dials_out(self, tunnel: Tunnel) -> bool:
        """Return whether packets of the end that opens a tunnel can leave: those of ICP need SNAT at the ESG."""
        near = tunnel.near
        edge = self.ends.edge_of_cluster(near.end) if near.end.kind == "icp" else None
        own = None if near.inside is None else near.inside.prefix
        if edge is None or own is None:
            return True
        rules = self.esg(edge).source_nat
        return any(r.interface == "public" and r.match is None and r.source.covers(own) for r in rules)

    def words_through(self, end: End) -> str:
        """Return the description of a route through the tunnel to an end."""
        if end not in self._words:
            self._words[end] = f"through the tunnel to {end.title}"
        return self._words[end]

    def nodes(self, cluster: End) -> list[HostAddress]:
        """Return the addresses of the workers of a cluster: named ones, else examples."""
        return workers.nodes(self, cluster)
