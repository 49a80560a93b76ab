"""Tables and routes say the same: what `Tables` says that a table leads to is what the routes of the devices lead to.

`Tables` knows sets of networks and no route; conflicts come from it. Here packets are walked through the routes, tunnels
and NAT rules of the devices by a plain walk of its own, in plans without overlaps: there the longest prefix that holds an
address is that of its network, as if every other network stood elsewhere.
"""

from __future__ import annotations

from functools import cache
from random import Random
from typing import TYPE_CHECKING, NamedTuple

import pytest
from random_plans import draft_plan

from ipplan.catalog import load_catalog
from ipplan.landscape import Landscape
from ipplan.landscape.ends import Carried, End
from ipplan.landscape.holders import pick
from ipplan.landscape.routers import server_routes
from ipplan.landscape.tunnels import TUNNELS
from ipplan.plan.load import parse_plan

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ipplan.addresses import Prefix
    from ipplan.landscape.conflicts import TableKey
    from ipplan.landscape.model import HostAddress, Route, Tunnel
    from ipplan.plan.model import Network

load_catalog_once = cache(load_catalog)


class Start(NamedTuple):
    """A device at which a packet starts, and the network of its sender where rules ask for it."""

    device: str
    end: End | None = None
    sender: Network | None = None


class Way:
    """A packet to one destination: an address of a network, or of the range that a link shows for it."""

    def __init__(self, landscape: Landscape, item: Carried) -> None:
        self.landscape = landscape
        self.ends = landscape.ends
        self.goal = item.network
        self.real = pick(item.network)
        self.address = self.real if item.shown is None else shifted(self.real, item.network, item.shown)
        self.sender: Network | None = None

    def arrives(self, start: Start) -> bool:
        """Return whether the packet gets to its network."""
        place: tuple[str, End | None] | bool = (start.device, start.end)
        self.sender = start.sender
        for _ in range(16):
            if isinstance(place, bool):
                return place
            device, end = place
            place = getattr(self, device)(end)
        return False

    def here(self, networks: Iterable[Network]) -> bool:
        """Return whether the goal is among some networks, and the packet has its real address."""
        return self.address.same(self.real) and any(n.name == self.goal.name for n in networks)

    def best(self, routes: Iterable[Route]) -> Route | None:
        own = self.address.prefix
        assert own is not None
        holding = [r for r in routes if r.prefix.covers(own)]
        return max(holding, key=lambda r: r.prefix.length, default=None)

    # Devices: each returns the next one, or whether the packet arrived.

    def worker(self, cluster: End | None) -> tuple[str, End | None] | bool:
        assert cluster is not None
        if self.here(n for n in self.ends.of_cluster(cluster) if n.kind.internal):
            return True
        routes = self.landscape.worker_routes(cluster)
        chart = self.best(r for r in routes if r.how == "chart")
        if chart is not None:
            return self.tunnel(chart)
        if cluster.kind == "icp":
            assert self.sender is not None
            routes = tuple(r for r in routes if r.next_hop and r.next_hop.network == self.sender.name)
        route = self.best(r for r in routes if r.how != "chart")
        if route is None:
            return False
        if route.via in ("ESG", "DLR"):
            return (route.via.lower(), route.to) if route.to is not None else False
        return route.via.lower(), None

    def tunnel(self, route: Route) -> tuple[str, End | None] | bool:
        """Cross the tunnel of a route: what it shows for the goal becomes real, then the far device looks."""
        assert route.joint is not None
        assert route.to is not None
        for item in self.ends.carriage.carried(route.joint, route.to):
            if item.network.name == self.goal.name and item.shown is not None:
                self.unshow(item.shown)
        if route.to.kind in ("iks", "icp"):
            return self.at_cluster(route.to)
        return ("esg" if route.to.kind == "edge" else "router"), route.to

    def unshow(self, shown: Prefix) -> None:
        own = self.address.prefix
        if own is not None and shown.covers(own) and shown.size == (self.goal.prefix or shown).size:
            self.address = self.real

    def at_cluster(self, cluster: End) -> bool:
        return self.here(self.ends.of_cluster(cluster))

    def esg(self, edge: End | None) -> tuple[str, End | None] | bool:
        assert edge is not None
        device = self.landscape.esg(edge)
        policy = self.best(r for r in device.routes if r.how in ("ipsec", "gre") and self.takes(r, edge))
        if policy is not None:
            return self.tunnel(policy)
        route = self.best(r for r in device.routes if r.how not in ("ipsec", "gre"))
        if route is None:
            return False
        if route.how == "link" and route.via == "ESG":
            return self.passes_nat(edge, route) and self.here(self.ends.private)
        if route.via in ("DLR", "ESG"):
            return route.via.lower(), route.to
        if route.via == "VXLAN":
            return self.here(self.ends.stretched_behind(edge))
        if route.via == "transit":
            return self.here(self.ends.of_edge(edge, "vcs-transit"))
        if route.via == "vRouter":
            assert route.to is not None
            return self.at_cluster(route.to)
        if not self.passes_nat(edge, route):
            return False
        if route.via == "VLAN":
            return self.here((*self.ends.private, *self.ends.public))
        return route.via.lower(), None

    def takes(self, route: Route, edge: End) -> bool:
        """Return whether a tunnel of an ESG takes packets of the sender: a policy only from its local subnets."""
        if route.how == "gre" or self.sender is None:
            return True
        assert route.joint is not None
        tunnel: Tunnel | None = self.landscape.tunnels.of(route.joint)
        assert tunnel is not None
        names = {c.network.name for c in self.ends.carriage.carried(route.joint, edge)}
        return self.sender.name in names

    def passes_nat(self, edge: End, route: Route) -> bool:
        """Return whether IBM Cloud's networks take the packet: a rule translates the sender, or keeps it on purpose."""
        if self.sender is None or self.sender.prefix is None:
            return True
        own = self.address.prefix
        assert own is not None
        for rule in self.landscape.esg(edge).source_nat:
            matches = rule.match is None or rule.match.covers(own)
            if rule.interface == route.interface and rule.source.covers(self.sender.prefix) and matches:
                if rule.address is not None:
                    self.sender = None
                return True
        return False

    def dlr(self, edge: End | None) -> tuple[str, End | None] | bool:
        assert edge is not None
        route = self.best(self.landscape.esg(edge).dlr_routes)
        if route is None:
            return False
        if route.via == "VXLAN":
            return self.here(self.ends.stretched_behind(edge))
        if route.via == "transit":
            return self.here(self.ends.of_edge(edge, "vcs-transit"))
        if route.via == "ESG":
            return "esg", route.to
        assert route.to is not None
        return self.here(self.ends.of_site(route.to))

    def bcr(self, _: End | None) -> tuple[str, End | None] | bool:
        route = self.best(self.landscape.bcr)
        if route is None:
            return False
        if route.via == "VLAN":
            return self.here(self.ends.private)
        assert route.to is not None
        if route.via == "vRouter":
            return self.at_cluster(route.to)
        if route.via == "ESG":
            return self.here(self.ends.behind(route.to))
        assert route.joint is not None
        for item in self.ends.carriage.carried(route.joint, route.to):
            if item.network.name == self.goal.name and item.shown is not None:
                self.unshow(item.shown)
        return "router", route.to

    def fcr(self, _: End | None) -> bool:
        route = self.best(self.landscape.fcr)
        return route is not None and route.via == "VLAN" and self.here(self.ends.public)

    def server(self, _: End | None) -> tuple[str, End | None] | bool:
        own = self.ends.by_kind["vcs-host-private"] or self.ends.private
        route = self.best(server_routes(self.landscape, own[0], public=True))
        assert route is not None
        return route.via.lower(), None

    def router(self, site: End | None) -> tuple[str, End | None] | bool:
        assert site is not None
        route = self.best(self.landscape.router_routes(site))
        if route is None:
            return False
        if route.via == "LAN":
            return self.here(self.ends.of_site(site))
        if route.via == "L2 concentrator":
            assert route.to is not None
            return self.here(self.ends.stretched_behind(route.to))
        if route.via == "internet":
            return "fcr", None
        if route.via == "XCR":
            assert route.joint is not None
            for item in self.ends.carriage.carried(route.joint, End("ibm-private", None)):
                if item.network.name == self.goal.name and item.shown is not None:
                    self.unshow(item.shown)
            return "bcr", None
        return self.tunnel(route)


def shifted(address: HostAddress, network: Network, shown: Prefix) -> HostAddress:
    """Return an address as a link shows it."""
    assert address.value is not None
    assert network.prefix is not None
    offset = address.value - network.prefix.first if shown.size == network.prefix.size else 0
    return address._replace(version=shown.version, value=shown.first + offset)


def starts(landscape: Landscape, table: TableKey) -> list[Start]:
    """Return the devices that have a table: those of ICP differ by the network of the worker."""
    if table.device == "worker" and table.end is not None and table.end.kind == "icp":
        own = landscape.ends.of_cluster(table.end, "icp-worker")
        return [Start("worker", table.end, network) for network in own]
    return [Start(table.device, table.end)]


def destinations(landscape: Landscape) -> Iterator[Carried]:
    """Yield every network at its own range, and every range that a link shows for more than answers."""
    yield from (Carried(n) for n in landscape.ends.networks if n.prefix is not None)
    for item, _, _ in landscape.tables.translated:
        if not item.outbound_only and item.network.prefix is not None:
            yield item


def differences(landscape: Landscape) -> list[str]:
    tables = landscape.tables
    found = []
    for item in destinations(landscape):
        sets = tables.sets_of(item)
        for table, entries in tables.table_index.items():
            says = any(key in entries for key in sets)
            goes = any(Way(landscape, item).arrives(start) for start in starts(landscape, table))
            if says != goes and not excepted(landscape, table, item):
                name = item.network.name if item.shown is None else f"{item.network.name} as {item.shown}"
                found.append(f"{table.title} to {name}: the table says {says}, routes say {goes}")
    return found


def excepted(landscape: Landscape, table: TableKey, item: Carried) -> bool:
    """Return whether tables and routes differ on purpose.

    A tunnel of which one side has nothing left (a link names ICP workers only, which another tunnel takes) is not made:
    it has no routes, and its table counts what it will carry.
    """
    if table.end is None:
        return False
    return any(
        joint.method in TUNNELS
        and landscape.tunnels.of(joint) is None
        and item in landscape.ends.carriage.carried(joint, joint.far(table.end))
        for joint in landscape.ends.links.of(table.end)
    )


def landscape_of(seed: int) -> Landscape | None:
    text = draft_plan(Random(seed), named=seed % 4 == 3, disjoint=True).text()
    landscape = Landscape(parse_plan(text.encode(), "plan.toml"), load_catalog_once())
    undecided = not landscape.plan.links and len(landscape.plan.integration) < 4
    # What is left undecided is in the tables and has no routes yet.
    return None if undecided else landscape


@pytest.mark.parametrize("start", range(0, 200, 20))
def test_tables_lead_where_routes_lead(start: int) -> None:
    for seed in range(start, start + 20):
        landscape = landscape_of(seed)
        if landscape is not None:
            assert differences(landscape) == [], seed


def test_plans_without_overlaps_have_tables_that_lead_to_most_and_not_to_all() -> None:
    landscapes = [found for seed in range(40) if (found := landscape_of(seed)) is not None]
    says = [
        any(key in entries for key in landscape.tables.sets_of(item))
        for landscape in landscapes
        for item in destinations(landscape)
        for entries in landscape.tables.table_index.values()
    ]
    assert len(says) / 10 < sum(says) < len(says) * 9 / 10
