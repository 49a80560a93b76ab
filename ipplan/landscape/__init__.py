"""The landscape of a plan, derived once: who is joined with whom, and what each device holds.

Pure data that check, flows, topology, diff and exports read; they derive nothing themselves. Every device is worked out
when it is asked for and kept, so that one costs what it holds. Knows the plan and the catalogue, and nothing of rules,
flows or outputs.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from ipplan.addresses import RangeSet
from ipplan.landscape import routers, workers
from ipplan.landscape.edge_addresses import esg_address
from ipplan.landscape.edges import build_esg
from ipplan.landscape.ends import OF_AN_EDGE, PRIVATE, UPLINKS, Carried, End, Joint
from ipplan.landscape.folding import Folder, of_version
from ipplan.landscape.holders import gateway_address
from ipplan.landscape.model import BCR_ASN, DeviceTable, Session, Speaker
from ipplan.landscape.standing import Ends
from ipplan.landscape.tables import Tables
from ipplan.landscape.tunnels import Tunnels

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ipplan.addresses import Prefix
    from ipplan.catalog import Catalog
    from ipplan.landscape.model import DeviceKind, Esg, HostAddress, Route, Tunnel
    from ipplan.plan.model import Network, Plan

__all__ = ["PRIVATE", "End", "Joint", "Landscape"]

_CLASSIC = "ibm-default-static-route"
_MOST_LOST = 8
"""Name at most this many networks that stand nowhere."""
_TITLES = {"VM": "VMs in", "ICP worker": "ICP workers of", "IKS worker": "IKS workers of"}
"""What stands before the name of those that several machines share a table with."""


class Landscape:
    """Everything that follows from a plan. Networks without a range take part without addresses."""

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
        """Return the ends among which a network stands."""
        return self.ends

    def is_one(self, first: Network, second: Network) -> bool:
        """Tell whether two networks are one."""
        return first.name == second.name

    @cached_property
    def classic(self) -> tuple[Prefix, ...]:
        """What every classic server has a route to the BCR for."""
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

    def worker_routes(self, cluster: End) -> tuple[Route, ...]:
        """Return the table of the workers of a cluster, without what is inside of it."""
        if cluster not in self._workers:
            self._workers[cluster] = workers.routes(self, cluster)
        return self._workers[cluster]

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
        """Yield every device that has a table worth writing, one after the other.

        Machines on IBM Cloud's networks and in a site are left out: they have what IBM and the site give to any machine.
        """
        ends = self.ends
        for edge in ends.edges:
            yield from self._routers_of(edge)
        for network in ends.by_kind["vcs-vm"]:
            yield from _tables("VM", network.name, routers.vm_routes(self, network))
        for cluster in (*ends.of_platform("icp"), *ends.of_platform("iks")):
            yield from self.devices_of(cluster)
        yield from _tables("BCR", None, self.bcr)
        if ends.public:
            yield from _tables("FCR", None, self.fcr)
        for site in ends.sites:
            yield from self.devices_of(site)

    def devices_of(self, end: End) -> Iterator[DeviceTable]:
        """Yield the devices of an edge with the VMs behind it, of a cluster, or of a site."""
        if end.kind == "edge":
            yield from self._routers_of(end)
            for network in self.ends.stretched_behind(end):
                if network.kind.name == "vcs-vm":
                    yield from _tables("VM", network.name, routers.vm_routes(self, network))
        elif end.kind == "site":
            yield from _tables("on-premises router", self.site_name(end), self.router_routes(end))
        elif workers.private_subnets(self, end) or any(
            self.tunnels.far_end(joint, end) for joint in self.ends.links.of(end)
        ):
            # Not kept: those of all clusters together are many.
            found = self._workers.get(end) or workers.routes(self, end)
            if end.kind == "iks":
                yield from _tables("IKS worker", end.name, found)
            else:
                yield from self._icp_tables(end, found)

    def _icp_tables(self, cluster: End, routes: Sequence[Route]) -> Iterator[DeviceTable]:
        """Yield the table of the workers of an ICP cluster; one for each of their subnets, which has its own gateway."""
        subnets = workers.private_subnets(self, cluster)
        if len(subnets) < 2:
            yield from _tables("ICP worker", cluster.name, routes)
            return
        for network in subnets:
            for table in _tables("ICP worker", cluster.name, workers.in_subnet(routes, network)):
                yield table._replace(title=f"{table.title} in {network.name}")

    def _routers_of(self, edge: End) -> Iterator[DeviceTable]:
        esg = self.esg(edge)
        yield from _tables("ESG", edge.name, esg.routes)
        yield from _tables("DLR", edge.name, esg.dlr_routes)

    def sessions(self) -> Iterator[Session]:
        """Yield every BGP session: those of the ESGs, then those of the workers with the BCR."""
        for edge in self.ends.edges:
            yield from self.esg(edge).sessions
        for cluster in self.ends.of_platform("iks"):
            yield from workers.bcr_sessions(self, cluster)

    def sessions_of(self, cluster: End) -> Iterator[Session]:
        """Yield the BGP sessions of the workers of an IKS cluster, the workers first: with ESGs, then with the BCR."""
        for joint in self.ends.links.of_pair(cluster, "iks-edge"):
            if joint.method == "common-vlan":
                esg = self.esg_speaker(joint.second, self.announced(joint, joint.second))
                if esg is not None:
                    yield from (Session(worker, esg) for worker in self.speakers(joint))
        yield from workers.bcr_sessions(self, cluster)

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
        """Return how what stands behind an edge reaches the internet."""
        declared = self.plan.edges.get(edge.name or "")
        return (declared.internet if declared is not None else None) or "snat"

    def site_name(self, site: End) -> str | None:
        """Return the name of a site for devices; None for the only one of a plan that declares none."""
        return site.name if self.plan.sites else None

    def announces(self, edge: End) -> bool:
        """Tell whether an ESG announces its networks to the BCR."""
        return any(j.method == "bgp" for j in self.ends.links.of_pair(edge, "iks-edge"))

    def announced_by(self, edge: End) -> tuple[Prefix, ...]:
        """Return what an ESG announces to the BCR: all that its links with it carry.

        Networks that different links carry are not folded into one prefix, so that workers can refuse those of others.
        """
        if edge not in self._announced:
            self._announced[edge] = tuple(sorted(self._announce(edge)))
        return self._announced[edge]

    def _announce(self, edge: End) -> Iterator[Prefix]:
        own = self.ends.behind(edge)
        names = [n.name for n in own]
        joints = [j for j in self.ends.links.of_pair(edge, "iks-edge") if j.method == "bgp"]
        limited = [j for j in joints if j.limits(names)]
        carrying: dict[str, list[Joint]] = {}
        for joint in limited:
            for item in self.ends.carriage.carried(joint, edge):
                carrying.setdefault(item.network.name, []).append(joint)
        alike: dict[tuple[Joint, ...], list[Network]] = {}
        for network in own:
            by = tuple(carrying.get(network.name, ()))
            if by or len(limited) < len(joints):
                alike.setdefault(by, []).append(network)
        for networks in alike.values():
            yield from of_version(self.folder.fold(Carried(n) for n in networks), 4)

    def learned_over(self, joint: Joint) -> tuple[Prefix, ...]:
        """Return what the workers of a cluster learn from the BCR of the overlay of an edge: as its ESG announces it.

        Of these, what holds anything that the link carries; the workers refuse the rest.
        """
        carried = RangeSet(self.announced(joint, joint.second))
        return tuple(p for p in self.announced_by(joint.second) if carried.overlaps(p))

    def learned(self) -> Sequence[tuple[Prefix, str]]:
        """Return what the BCR learns by BGP from edges and clusters, and what it is."""
        return self._learned

    @cached_property
    def _learned(self) -> tuple[tuple[Prefix, str], ...]:
        return tuple(routers.learned(self))

    def announced(self, joint: Joint, end: End) -> tuple[Prefix, ...]:
        """Return what one end of a link announces to the other: IPv4, as the addresses of the sessions are."""
        return of_version(self.tunnels.subnets(joint, end), 4)

    def esg_speaker(self, edge: End, announces: tuple[Prefix, ...]) -> Speaker | None:
        """Return an ESG as a speaker of BGP on the private network; None where it has no IPv4 address there."""
        address = esg_address(self.ends, edge, "private")
        if address is None or address.version != 4 or address.value is None:
            return None
        own = self.ends.of_edge(edge, UPLINKS["private"])
        subnet = next(n.prefix for n in own if n.name == address.network and n.prefix is not None)
        return Speaker("ESG", edge.name, address, self.plan.asns.get("esg-asn"), announces, subnet)

    def speakers(self, joint: Joint) -> Iterable[Speaker]:
        """Return the workers of the IKS cluster of a link as speakers of BGP."""
        return workers.speakers(self, joint)

    def bcr_speaker(self, network: Network, announced: tuple[Prefix, ...]) -> Speaker:
        """Return the BCR as the gateway of one of IBM Cloud's subnets."""
        assert network.prefix is not None
        return Speaker("BCR", None, gateway_address(network), BCR_ASN, announced, network.prefix, example=True)

    def enterprise_outside(self, version: int) -> Sequence[tuple[Prefix, str]]:
        """Return the enterprise's ranges behind a routed link that no classic server has a route for, and what they are."""
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
        """What stands in no table because the plan has several edges or sites and it names none; and what to write."""
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
        """Return what machines at one end of a tunnel know the far side by."""
        return self.tunnels.subnets(tunnel.joint, tunnel.joint.far(end))

    def dials_out(self, tunnel: Tunnel) -> bool:
        """Tell whether the packets of the end that opens a tunnel get out: those of ICP need SNAT at the ESG."""
        near = tunnel.near
        edge = self.ends.edge_of_cluster(near.end) if near.end.kind == "icp" else None
        own = None if near.inside is None else near.inside.prefix
        if edge is None or own is None:
            return True
        rules = self.esg(edge).source_nat
        return any(r.interface == "public" and r.match is None and r.source.covers(own) for r in rules)

    def words_through(self, end: End) -> str:
        """Return what a route through the tunnel to an end is for; the same words for every tunnel there."""
        if end not in self._words:
            self._words[end] = f"through the tunnel to {end.title}"
        return self._words[end]

    def nodes(self, cluster: End) -> list[HostAddress]:
        """Return the addresses of the workers of a cluster: named ones, else examples."""
        return workers.nodes(self, cluster)


def _tables(kind: DeviceKind, name: str | None, routes: Iterable[Route]) -> Iterator[DeviceTable]:
    """Yield the table of a device, unless it is empty."""
    found = tuple(routes)
    if found:
        title = f"{_TITLES.get(kind, kind)} {name}" if name is not None else _TITLES.get(kind, kind).removesuffix(" of")
        yield DeviceTable(kind, name, title, found)
