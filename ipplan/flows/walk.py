"""A packet on its way: its addresses as they are now, what translated it, and the tables that it is looked up in.

At each device NAT and the longest prefix decide, nothing else. The steps of the devices stand in the modules beside
this one; here is what they share.
"""

from __future__ import annotations

from functools import cached_property
from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

from ipplan.addresses import Prefix, PrefixIndex
from ipplan.flows.model import Changed, Hop, Machine, Outer, Stop
from ipplan.landscape.ends import Carried, End
from ipplan.landscape.routers import server_routes
from ipplan.landscape.verdicts import conflicts_at, one_wire
from ipplan.landscape.workers import in_subnet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from ipplan.flows.model import Action, EndWord
    from ipplan.landscape import Landscape
    from ipplan.landscape.conflicts import TableKey
    from ipplan.landscape.model import (
        DestinationNat,
        HostAddress,
        RangeNat,
        Route,
        SourceNat,
        Translation,
        Tunnel,
    )
    from ipplan.plan.model import Network

    Entry = Route | SourceNat | DestinationNat | RangeNat

_DEVICES = {
    "leave": "worker",
    "arrive": "worker",
    "ingress": "load balancer",
    "tunnel": "ESG",
    "vm": "VM",
    "esg": "ESG",
    "dlr": "DLR",
    "server": "machine",
    "bcr": "BCR",
    "fcr": "FCR",
    "ibm": "BCR",
    "router": "on-premises router",
}
"""What the device of each place is called."""
_MOST_STEPS = 64
"""Devices that a packet passes at most; a time to live of that many hops is the usual one."""


class Place(NamedTuple):
    """Where a packet is: at which device, whose, and where it came from."""

    device: str
    end: End | None = None
    how: str = ""
    network: Network | None = None
    tunnel: Tunnel | None = None


class Session(NamedTuple):
    """What a device remembers of a packet that it translated, so that the answer is translated back."""

    device: tuple[str, End | None]
    before: tuple[HostAddress, HostAddress]
    after: tuple[HostAddress, HostAddress]


class Memory(NamedTuple):
    """What the devices on the way remember for the answer: their sessions, and where addresses outside of the plan are."""

    sessions: list[Session]
    places: dict[str, Place]


class Lookup:
    """Finds the longest prefix of a table: a dictionary by prefix length, which is as fast as a trie."""

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
        """Return the route with the longest prefix that holds an address, None where none does.

        An unknown address outside of the plan is a public one, which only the default route holds.
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
        """Return the route that shares most bits with an address that none of them holds."""
        value = address.value
        own = [r for r in self.routes if r.prefix.version == address.version and r.prefix.length]
        if value is None:
            return None
        return min(own, key=lambda r: ((r.prefix.first ^ value).bit_length(), r.prefix), default=None)


class Tracer:
    """The tables of a landscape, looked up by many walks."""

    def __init__(self, landscape: Landscape) -> None:
        self.landscape = landscape
        self._lookups: dict[object, Lookup] = {}

    def lookup(self, key: object, routes: Callable[[], Iterable[Route]]) -> Lookup:
        """Return the lookup of a table, made when it is first asked for."""
        if key not in self._lookups:
            self._lookups[key] = Lookup(routes())
        return self._lookups[key]

    def esg(self, edge: End) -> Lookup:
        """Return the table of an ESG without the policies of tunnels, which take a packet after it was routed."""
        return self.lookup(
            ("esg", edge),
            lambda: (r for r in self.landscape.esg(edge).routes if r.how not in ("ipsec", "gre")),
        )

    def dlr(self, edge: End) -> Lookup:
        """Return the table of a DLR."""
        return self.lookup(("dlr", edge), lambda: self.landscape.esg(edge).dlr_routes)

    def chart(self, cluster: End) -> Lookup:
        """Return the routes of the strongSwan chart, which stand in a table that is asked before the main one."""
        return self.lookup(
            ("chart", cluster), lambda: (r for r in self.landscape.worker_routes(cluster) if r.how == "chart")
        )

    def worker(self, cluster: End, subnet: Network | None = None) -> Lookup:
        """Return the main table of the workers of a cluster; `subnet` where those of each have a gateway of their own."""
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
        """Return the table of the machines of one of IBM Cloud's networks: ESXi hosts stand on both of them."""
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
        """Return the destinations that hold an address: networks, and ranges that links show; the smallest comes last."""
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
        """Return two destinations of a table that both have an address and are a conflict."""
        holding = self.holding(address)
        if len(holding) < 2:
            return None
        entries = self.landscape.tables.table_index.get(table, {})
        led = [c for c in holding if any(key in entries for key in self.landscape.tables.sets_of(c))]
        for first, second in combinations(led, 2):
            if conflicts_at(self.landscape, first, second):
                return first, second
        return None


class Walk:
    """A packet on its way to a machine: its addresses as they are now, and the hops so far."""

    def __init__(self, tracer: Tracer, goal: Machine, memory: Memory, *, answering: bool) -> None:
        self.tracer = tracer
        self.landscape = tracer.landscape
        self.goal = goal
        self.memory = memory
        self.sessions = memory.sessions
        self.answering = answering
        self.source: HostAddress
        self.destination: HostAddress
        self.outer: tuple[Outer, ...] = ()
        self.hops: list[Hop] = []
        self.stop: Stop | None = None
        self.end: EndWord | None = None
        self.fronted = False
        self.assumptions: dict[str, None] = {}
        self._seen: set[object] = set()

    def run(self, steps: Mapping[str, Callable[[Walk, Place], Place | None]], start: Place) -> None:
        """Walk from device to device until the packet arrives or stops."""
        place: Place | None = start
        if self.destination.value is None and self.destination.text not in self.memory.places:
            self._unknown(start)
            return
        while place is not None:
            state = (place, self.source.text, self.destination.text)
            if state in self._seen or len(self._seen) == _MOST_STEPS:
                break
            self._seen.add(state)
            place = steps[place.device](self, place)
        if place is None:
            return
        self.halt(
            _DEVICES[place.device],
            "loop",
            f"the packet to {self.destination} comes to this device again with the same addresses",
            "ipplan topology PLAN shows the routes of both devices",
            name=place.end.name if place.end is not None else None,
        )

    def _unknown(self, start: Place) -> None:
        """Stop where the plan has no range for the address that the packet is for."""
        name = start.end.name if start.end is not None else None
        network = next((n for n in self.landscape.ends.networks if n.name == self.destination.network), None)
        if network is not None:
            self.lacks_range(_DEVICES[start.device], (network,), "so the address is not known", name=name)
            return
        icp = self.goal.end is not None and self.goal.end.kind == "icp"
        self.halt(
            _DEVICES[start.device],
            "undetermined",
            f"the plan has no network for {self.destination.text.strip('()')}, so it is not known",
            f'add a network of kind = "{"icp-worker" if icp else "iks-worker-private"}"',
            name=name,
        )

    def lacks_range(self, device: str, networks: Sequence[Network], so: str, *, name: str | None = None) -> None:
        """End the way here because some networks of the plan have no range yet."""
        several = len(networks) > 1
        self.halt(
            device,
            "undetermined",
            f"{' and '.join(n.name for n in networks)} {'have' if several else 'has'} no range yet, {so}",
            f"write {'their' if several else 'its'} cidr as soon as IBM Cloud has assigned it"
            if all(n.kind.provider == "ibm" for n in networks)
            else "run ipplan allocate PLAN --write",
            name=name,
        )

    # What a hop is made of.

    def hop(
        self,
        device: str,
        action: Action,
        text: str,
        *,
        name: str | None = None,
        by: Iterable[Entry] = (),
        route: Route | None = None,
        changed: tuple[Changed, ...] = (),
        unmatched: str | None = None,
        case: str | None = None,
    ) -> None:
        """Add a hop with the addresses as they are now; `route` is the route that decided, besides the rules in `by`."""
        decided = tuple(by)
        prefix = network = None
        if route is not None:
            decided = (*decided, route)
            prefix = route.prefix
            network = self.network_in(route)
        self.hops.append(
            Hop(
                device,
                name,
                action,
                self.source,
                self.destination,
                text,
                self.outer,
                decided,
                prefix,
                network,
                changed,
                unmatched,
                case,
            )
        )

    def network_in(self, route: Route) -> str | None:
        """Return the network that a route leads the packet to: one that holds the destination, within its prefix."""
        if route.prefix.length == 0:
            return None
        own = self.destination.prefix
        if self.outer and not (own is not None and route.prefix.covers(own)):
            return self.outer[0].destination.network
        within = [
            c.network.name
            for c in reversed(self.tracer.holding(self.destination))
            if c.prefix is not None and route.prefix.covers(c.prefix)
        ]
        meant = None if self.goal.network is None else self.goal.network.name
        # Two networks may have one range in different tables.
        return meant if meant in within else next(iter(within), None)

    def halt(
        self,
        device: str,
        end: EndWord,
        reason: str,
        help_: str | None = None,
        *,
        name: str | None = None,
        table: str | None = None,
        nearest: Route | None = None,
    ) -> None:
        """End the way here."""
        near = None if nearest is None else f"{nearest.prefix} towards {nearest.via}"
        self.end = end
        self.stop = Stop(device, name, end, reason, help_, table, near)

    def arrived(self, end: EndWord = "delivered") -> None:
        """End the way at its goal."""
        self.end = end

    def assume(self, text: str) -> None:
        """Remember what is supposed that the plan does not say."""
        self.assumptions[text] = None

    # What devices do to addresses.

    def translate(
        self,
        device: tuple[str, End | None],
        *,
        source: HostAddress | None = None,
        destination: HostAddress | None = None,
    ) -> tuple[Changed, ...]:
        """Give the packet a new source or destination, remember it, and return what changed."""
        before = (self.source, self.destination)
        changed = []
        if source is not None and not source.same(self.source):
            changed.append(Changed("source", self.source, source))
            self.source = source
        if destination is not None and not destination.same(self.destination):
            changed.append(Changed("destination", self.destination, destination))
            self.destination = destination
        if changed:
            self.sessions.append(Session(device, before, (self.source, self.destination)))
        return tuple(changed)

    def come_from(self, device: tuple[str, End | None], source: HostAddress) -> tuple[Changed, ...]:
        """Let the sender use its address on another side, which is no NAT; the answer then comes to that address."""
        return () if self.answering else self.translate(device, source=source)

    def restore(self, device: tuple[str, End | None]) -> tuple[Changed, ...]:
        """Translate an answer back as the sessions of a device say; return what changed."""
        if not self.answering:
            return ()
        start = (self.source, self.destination)
        found = True
        while found:
            found = False
            for session in reversed(self.sessions):
                source, destination = session.after
                if (
                    session.device == device
                    and self.source.same(destination)
                    and self.destination.same(source)
                    and session.before != session.after
                ):
                    self.destination, self.source = session.before
                    found = True
                    break
        changed = []
        if not self.source.same(start[0]):
            changed.append(Changed("source", start[0], self.source))
        if not self.destination.same(start[1]):
            changed.append(Changed("destination", start[1], self.destination))
        return tuple(changed)

    def wrap(self, protocol: str, source: HostAddress, destination: HostAddress) -> None:
        """Put the packet into another one."""
        self.outer = (Outer(protocol, source, destination), *self.outer)

    def unwrap(self) -> None:
        """Take the outermost packet off."""
        self.outer = self.outer[1:]

    def pass_through(self, device: tuple[str, End | None]) -> None:
        """Remember a packet that a device forwards as it is: the answer then belongs to a session and stays as it is."""
        self.sessions.append(Session(device, (self.source, self.destination), (self.source, self.destination)))

    def established(self, device: tuple[str, End | None]) -> bool:
        """Tell whether an answer belongs to a session of a device."""
        return self.answering and any(
            s.device == device and self.source.same(s.after[1]) and self.destination.same(s.after[0])
            for s in self.sessions
        )

    # Where it stands.

    def at_goal(self, *networks: str) -> bool:
        """Tell whether the packet has the address of the machine that it is for, and is in one of the right networks.

        Two networks with one address are two machines, but for two that are one wire. Without names of networks the
        address decides.
        """
        own = self.goal.network
        if not self.destination.same(self.goal.address):
            return False
        if own is None or not networks or own.name in networks:
            return True
        return any(
            c.network.name in networks and one_wire(self.landscape.ends, c.network, own)
            for c in self.tracer.holding(self.destination)
        )

    def is_ambiguous(self, device: str, table: TableKey) -> bool:
        """Stop where a table leads to two networks that have the destination; tell whether it did."""
        found = self.tracer.ambiguous(table, self.destination)
        if found is None:
            return False
        names = " and ".join(
            c.network.name if c.shown is None else f"{c.network.name} (shown as {c.shown})" for c in found
        )
        self.halt(
            device,
            "ambiguous",
            f"{self.destination} is an address of {names}, and {table.title} leads to both",
            "ipplan check reports the overlap and a free range",
            name=table.end.name if table.end else None,
        )
        return True


def inside(address: HostAddress, prefixes: Iterable[Prefix]) -> bool:
    """Tell whether one of some prefixes holds an address."""
    own = address.prefix
    return own is not None and any(prefix.covers(own) for prefix in prefixes)


def shown_at(address: HostAddress, by: Translation) -> HostAddress:
    """Return an address of a network as a link shows it: 1 to 1, or the only one there."""
    assert address.value is not None
    offset = address.value - by.real.first if by.real.size == by.shown.size else 0
    return address._replace(value=by.shown.first + offset, network=None, name=None)


def real_of(address: HostAddress, by: Translation) -> HostAddress:
    """Return the address of a network that a link shows as another one of as many."""
    assert address.value is not None
    return address._replace(value=by.real.first + address.value - by.shown.first, network=by.network, name=None)
