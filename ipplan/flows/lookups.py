"""Look packets up: the tables of a landscape by longest prefix, and which networks hold an address."""

from __future__ import annotations

from functools import cached_property
from itertools import combinations
from typing import TYPE_CHECKING

from ipplan.addresses import Prefix, PrefixIndex
from ipplan.landscape.ends import Carried
from ipplan.landscape.routers import server_routes
from ipplan.landscape.verdicts import conflicts_at
from ipplan.landscape.workers import in_subnet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from ipplan.landscape import Landscape
    from ipplan.landscape.conflicts import TableKey
    from ipplan.landscape.ends import End
    from ipplan.landscape.model import HostAddress, Route
    from ipplan.plan.model import Network


class Lookup:
    """Finds the longest prefix in a table with one dictionary per prefix length, as fast as a trie."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self.routes = list(routes)
        self._by_length: dict[int, dict[int, dict[int, Route]]] = {4: {}, 6: {}}
        for route in self.routes:
            version, first, length = route.prefix
            self._by_length[version].setdefault(length, {}).setdefault(first, route)

    @cached_property
    def _lengths(self) -> Mapping[int, Sequence[int]]:
        return {version: sorted(found, reverse=True) for version, found in self._by_length.items()}

    def find(self, address: HostAddress) -> Route | None:
        """Return the route with the longest prefix that holds an address, None without one.

        An unknown address outside the plan is a public one, which only the default route holds.
        """
        if address.value is None:
            found = self._by_length[address.version].get(0, {})
            return None if address.network is not None else found.get(0)
        width = 32 if address.version == 4 else 128
        for length in self._lengths[address.version]:
            shift = width - length
            route = self._by_length[address.version][length].get(address.value >> shift << shift)
            if route is not None:
                return route
        return None

    def nearest(self, address: HostAddress) -> Route | None:
        """Return the route that shares the most leading bits with an address that no route holds."""
        value = address.value
        own = [r for r in self.routes if r.prefix.version == address.version and r.prefix.length]
        if value is None:
            return None
        return min(own, key=lambda r: ((r.prefix.first ^ value).bit_length(), r.prefix), default=None)


class Tracer:
    """The lookups of a landscape, shared by many walks."""

    def __init__(self, landscape: Landscape) -> None:
        self.landscape = landscape
        self._lookups: dict[object, Lookup] = {}

    def lookup(self, key: object, routes: Callable[[], Iterable[Route]]) -> Lookup:
        """Return the lookup of a table; build it on the first call."""
        if key not in self._lookups:
            self._lookups[key] = Lookup(routes())
        return self._lookups[key]

    def esg(self, edge: End) -> Lookup:
        """Return the table of an ESG without the policies of tunnels, which apply after routing."""
        return self.lookup(
            ("esg", edge),
            lambda: (r for r in self.landscape.esg(edge).routes if r.how not in ("ipsec", "gre")),
        )

    def dlr(self, edge: End) -> Lookup:
        """Return the table of a DLR."""
        return self.lookup(("dlr", edge), lambda: self.landscape.esg(edge).dlr_routes)

    def chart(self, cluster: End) -> Lookup:
        """Return the routes of the strongSwan chart, which are in a table that has priority over the main one."""
        return self.lookup(
            ("chart", cluster), lambda: (r for r in self.landscape.worker_routes(cluster) if r.how == "chart")
        )

    def worker(self, cluster: End, subnet: Network | None = None) -> Lookup:
        """Return the main table of the workers of a cluster; `subnet` where each subnet has its own gateway."""
        name = None if subnet is None else subnet.name

        def routes() -> Iterator[Route]:
            found = self.landscape.worker_routes(cluster)
            own = found if subnet is None else in_subnet(found, subnet)
            return (r for r in own if r.how != "chart")

        return self.lookup(("worker", cluster, name), routes)

    @property
    def bcr(self) -> Lookup:
        """The table of the BCR."""
        return self.lookup("bcr", lambda: self.landscape.bcr)

    @property
    def fcr(self) -> Lookup:
        """The table of the FCR."""
        return self.lookup("fcr", lambda: self.landscape.fcr)

    def router(self, site: End) -> Lookup:
        """Return the table of the router of a site."""
        return self.lookup(("router", site), lambda: self.landscape.router_routes(site))

    def server(self, network: Network) -> Lookup:
        """Return the table of machines in one of IBM Cloud's networks; ESXi hosts are on both."""
        return self.lookup(
            ("server", network.name),
            lambda: server_routes(self.landscape, network, public=network.kind.role == "host"),
        )

    # Who has an address.

    @cached_property
    def _items(self) -> tuple[list[Carried], PrefixIndex]:
        landscape = self.landscape
        items = [Carried(n) for n in landscape.ends.networks if n.prefix is not None]
        items += dict.fromkeys(item for item, _, _ in landscape.tables.translated)
        items.sort(key=lambda item: item.prefix or Prefix(4, 0, 0))
        return items, PrefixIndex([item.prefix for item in items if item.prefix is not None])

    def holding(self, address: HostAddress) -> list[Carried]:
        """Return the networks and shown ranges that hold an address, the smallest last."""
        own = address.prefix
        if own is None:
            return []
        items, index = self._items
        return [items[at] for at in sorted(index.overlapping(own))]

    def network_of(self, address: HostAddress) -> Network | None:
        """Return the smallest network of the plan that holds an address."""
        return next((c.network for c in reversed(self.holding(address)) if c.shown is None), None)

    def overlapping(self, network: Network) -> Iterator[Network]:
        """Yield the networks that conflict with one anywhere."""
        if network.prefix is None:
            return
        items, index = self._items
        for at in index.overlapping(network.prefix):
            other = items[at]
            if other.network.name != network.name and conflicts_at(self.landscape, Carried(network), other):
                yield other.network

    def ambiguous(self, table: TableKey, address: HostAddress) -> tuple[Carried, Carried] | None:
        """Return two conflicting destinations of a table that both hold an address, None without such."""
        holding = self.holding(address)
        if len(holding) < 2:
            return None
        entries = self.landscape.tables.table_index.get(table, {})
        led = [c for c in holding if any(key in entries for key in self.landscape.tables.sets_of(c))]
        for first, second in combinations(led, 2):
            if conflicts_at(self.landscape, first, second):
                return first, second
        return None
