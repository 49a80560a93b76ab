"""Walk a packet from device to device: its addresses, the sessions that translated it, and its hops.

At each device only NAT and the longest prefix decide. The steps of each device are in modules of their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ipplan.flows.model import Changed, Hop, Machine, Outer, Stop
from ipplan.landscape.verdicts import one_wire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ipplan.addresses import Prefix
    from ipplan.flows.lookups import Tracer
    from ipplan.flows.model import Action, EndWord
    from ipplan.landscape.ends import End
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
    DeviceKey = tuple[str, End | None]

DEVICES = {
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
"""The device at each place, for people."""
_MOST_STEPS = 64
"""Stop a packet after this many devices; 64 is the usual time to live."""


class Place(NamedTuple):
    """The place of a packet: the device, its end, and `how` the packet came there."""

    device: str
    end: End | None = None
    how: str = ""
    network: Network | None = None
    tunnel: Tunnel | None = None


class Header(NamedTuple):
    """The two addresses of a packet."""

    source: HostAddress
    destination: HostAddress

    def is_answer_to(self, request: Header) -> bool:
        """Return whether this is the answer to a request: the same addresses the other way round."""
        return self.source.same(request.destination) and self.destination.same(request.source)


class NatSession(NamedTuple):
    """A translation that a device remembers, so that it can reverse it for the answer."""

    device: DeviceKey
    before: Header
    after: Header


class Memory(NamedTuple):
    """The sessions of the devices on the way, and the places of addresses outside the plan, both for the answer."""

    sessions: list[NatSession]
    places: dict[str, Place]


class Walk:
    """A packet on its way to a machine: its current addresses, and its hops so far."""

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
        while place is not None:
            state = (place, self.source.text, self.destination.text)
            if state in self._seen or len(self._seen) == _MOST_STEPS:
                break
            self._seen.add(state)
            place = steps[place.device](self, place)
        if place is None:
            return
        self.halt(
            DEVICES[place.device],
            "loop",
            f"the packet to {self.destination} returns to this device with the same addresses",
            "ipplan topology PLAN shows the routes of both devices",
            name=place.end.name if place.end is not None else None,
        )

    # Hops and stops.

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
        """Return the network that a route leads the packet to: one within its prefix that holds the destination."""
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
        """Stop the packet here."""
        near = None if nearest is None else f"{nearest.prefix} towards {nearest.via}"
        self.end = end
        self.stop = Stop(device, name, end, reason, help_, table, near)

    def arrived(self, end: EndWord = "delivered") -> None:
        """End the walk at its goal."""
        self.end = end

    def assume(self, text: str) -> None:
        """Remember an assumption that the plan does not state."""
        self.assumptions[text] = None

    # Translations.

    @property
    def header(self) -> Header:
        """The current addresses of the packet."""
        return Header(self.source, self.destination)

    def translate(
        self,
        device: DeviceKey,
        *,
        source: HostAddress | None = None,
        destination: HostAddress | None = None,
    ) -> tuple[Changed, ...]:
        """Give the packet a new source or destination, remember it, and return what changed."""
        before = self.header
        changed = []
        if source is not None and not source.same(self.source):
            changed.append(Changed("source", self.source, source))
            self.source = source
        if destination is not None and not destination.same(self.destination):
            changed.append(Changed("destination", self.destination, destination))
            self.destination = destination
        if changed:
            self.sessions.append(NatSession(device, before, self.header))
        return tuple(changed)

    def come_from(self, device: DeviceKey, source: HostAddress) -> tuple[Changed, ...]:
        """Let the sender use its address on another interface, which is not NAT; the answer then goes to that address."""
        return () if self.answering else self.translate(device, source=source)

    def restore(self, device: DeviceKey) -> tuple[Changed, ...]:
        """Reverse the translations of a device for an answer; return what changed."""
        if not self.answering:
            return ()
        start = self.header
        while (request := self._translated_request(device)) is not None:
            self.source, self.destination = request.destination, request.source
        changed = []
        if not self.source.same(start.source):
            changed.append(Changed("source", start.source, self.source))
        if not self.destination.same(start.destination):
            changed.append(Changed("destination", start.destination, self.destination))
        return tuple(changed)

    def _translated_request(self, device: DeviceKey) -> Header | None:
        """Return the request that a device translated and that the packet answers, as it was before; None without one."""
        answer = self.header
        return next(
            (
                session.before
                for session in reversed(self.sessions)
                if session.device == device and session.before != session.after and answer.is_answer_to(session.after)
            ),
            None,
        )

    def wrap(self, protocol: str, source: HostAddress, destination: HostAddress) -> None:
        """Encapsulate the packet."""
        self.outer = (Outer(protocol, source, destination), *self.outer)

    def unwrap(self) -> None:
        """Remove the outermost packet."""
        self.outer = self.outer[1:]

    def pass_through(self, device: DeviceKey) -> None:
        """Remember a packet that a device forwards untranslated: its answer belongs to the session and stays untranslated."""
        self.sessions.append(NatSession(device, self.header, self.header))

    def established(self, device: DeviceKey) -> bool:
        """Return whether an answer belongs to a session of a device."""
        answer = self.header
        return self.answering and any(s.device == device and answer.is_answer_to(s.after) for s in self.sessions)

    # The goal.

    def at_goal(self, *networks: str) -> bool:
        """Return whether the packet has the address of its goal and is in one of the right networks.

        One address in two networks means two machines, unless the two are one layer 2 segment. Without names of networks
        only the address decides.
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


def inside(address: HostAddress, prefixes: Iterable[Prefix]) -> bool:
    """Return whether one of some prefixes holds an address."""
    own = address.prefix
    return own is not None and any(prefix.covers(own) for prefix in prefixes)


def shown_at(address: HostAddress, by: Translation) -> HostAddress:
    """Return an address of a network as a link shows it: 1 to 1, or the single shown address."""
    assert address.value is not None
    offset = address.value - by.real.first if by.real.size == by.shown.size else 0
    return address._replace(value=by.shown.first + offset, network=None, name=None)


def real_of(address: HostAddress, by: Translation) -> HostAddress:
    """Return the real address for one that a link shows 1 to 1."""
    assert address.value is not None
    return address._replace(value=by.real.first + address.value - by.shown.first, network=by.network, name=None)
