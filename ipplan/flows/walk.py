"""A packet on its way: its addresses as they are now, what translated it, and the tables that it is looked up in.

At each device NAT and the longest prefix decide, nothing else. The steps of the devices stand in the modules beside
this one; here is what they share.
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
