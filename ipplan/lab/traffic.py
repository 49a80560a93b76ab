"""Inside a lab: send probes, answer them, and capture them everywhere, in the order of the kernel's clock."""

from __future__ import annotations

import contextlib
import errno
import os
import resource
import select
import socket
import struct
import time
from typing import TYPE_CHECKING

from ipplan.lab.model import Event, Heard
from ipplan.lab.packets import CLOSED, SERVED, payload, read_packet, read_payload

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ipplan.lab.building import Spaces
    from ipplan.lab.model import Gre, Probe
    from ipplan.lab.packets import Kind

_ETH_P_ALL, _OUTGOING, _OTHERHOST = 0x0003, 4, 3
_IP, _IP6 = 0x0800, 0x86DD
_SO_TIMESTAMPNS, _IP_PKTINFO = 35, 8
_UNSENT = frozenset(
    (
        errno.ENETUNREACH,
        errno.EHOSTUNREACH,
        errno.EACCES,
        errno.EINVAL,
        errno.EPERM,
        errno.EADDRNOTAVAIL,
    )
)
"""Errors of the kernel for a packet that it does not send."""
_SETTLE, _SETTLE_TUNNELS = 0.15, 0.5
"""After this many seconds a packet that stops has stopped; daemons of tunnels need longer."""
_LONGEST_CONTROL = 1.0
"""Wait at most this many seconds for the answer of a router."""
_MOST = 400
"""Capture this many bytes of a packet: room for VXLAN, IPv6 and a probe."""


class Traffic:
    """The sockets of every device, and the GRE tunnels that the lab carries."""

    def __init__(self, spaces: Spaces) -> None:
        self._spaces = spaces
        self._poll = select.epoll()
        self._handlers: dict[int, Callable[[], None]] = {}
        self._captures: list[tuple[socket.socket, int]] = []
        self._kept: list[socket.socket] = []
        self.trial: Trial | None = None
        programs = {daemon.program for device in spaces.devices for daemon in device.daemons}
        self.settle = _SETTLE_TUNNELS if spaces.tunnels or "strongswan" in programs else _SETTLE
        _allow_files(16 * len(spaces.devices) + 256)
        for file, (number, tunnel) in spaces.tunnels.items():
            self._carry(file, number, tunnel)

    def open(self) -> None:
        """Open the sockets of every device."""
        carrying = {wire.host for wire in self._spaces.blueprint.wires}
        for device in self._spaces.devices:
            with self._spaces.within(f"d{device.number}"):
                capture = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_ETH_P_ALL))
                capture.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
                with contextlib.suppress(OSError):
                    capture.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
                if device.number in carrying:
                    # Packets that a host only bridges do not count as its own.
                    capture.bind((device.ports[0].interface, _ETH_P_ALL))
                capture.settimeout(0.0)
                self._captures.append((capture, device.number))
                for port in (SERVED, CLOSED):
                    for family in (socket.AF_INET, socket.AF_INET6):
                        self._listen(device.number, family, port)

    def _listen(self, device: int, family: int, port: int) -> None:
        listener = socket.socket(family, socket.SOCK_DGRAM)
        if family == socket.AF_INET:
            listener.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)
        else:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
        listener.settimeout(0.0)
        listener.bind(("", port))
        self.watch(listener, lambda: self._answer(listener, device))
        self._kept.append(listener)

    def watch(self, one: socket.socket | int, handler: Callable[[], None]) -> None:
        """Call a function whenever a socket or file has data."""
        file = one if isinstance(one, int) else one.fileno()
        self._handlers[file] = handler
        self._poll.register(file, select.EPOLLIN)

    def forget(self, one: socket.socket) -> None:
        """Close a socket, and stop watching it."""
        self._handlers.pop(one.fileno(), None)
        with contextlib.suppress(OSError):
            self._poll.unregister(one.fileno())
        one.close()

    def step(self, seconds: float) -> None:
        """Handle the data that arrives within a time, at least once."""
        for file, _ in self._poll.poll(max(seconds, 0)):
            handler = self._handlers.get(file)
            if handler is not None:
                handler()

    def carry(self, seconds: float) -> None:
        """Handle data for this many seconds."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self.step(left)

    def capture(self, note: Callable[[bytes, int, int, bool], None] | None) -> None:
        """Read every captured packet, and pass its bytes, time, device, and whether it came in to a function."""
        for capture, device in self._captures:
            while True:
                try:
                    data, more, _, address = capture.recvmsg(_MOST, 64)
                except OSError:
                    break
                if note is not None and address[2] != _OTHERHOST:
                    seconds, nanoseconds = struct.unpack_from("=qq", more[0][2]) if more else (0, 0)
                    note(data, seconds * 1_000_000_000 + nanoseconds, device, address[2] != _OUTGOING)

    def _answer(self, listener: socket.socket, device: int) -> None:
        """Read a datagram and answer from its destination address."""
        try:
            data, more, _, peer = listener.recvmsg(200, 200)
        except OSError:
            return
        found = read_payload(data)
        if found is None or found[0] not in ("request", "control"):
            return
        kind, number = found
        if kind == "request" and self.trial is not None:
            self.trial.received.setdefault(number, (device, peer[0].partition("%")[0]))
        back: list[tuple[int, int, bytes]] = []
        for level, type_, value in more:
            if (level, type_) == (socket.IPPROTO_IP, _IP_PKTINFO):
                back = [(level, type_, struct.pack("=I4s4s", 0, value[8:12], bytes(4)))]
            elif (level, type_) == (socket.IPPROTO_IPV6, socket.IPV6_PKTINFO):
                back = [(level, type_, value[:16] + bytes(4))]
        with contextlib.suppress(OSError):
            listener.sendmsg([payload("answer" if kind == "request" else kind, number)], back, 0, peer)

    def _carry(self, file: int, device: int, tunnel: Gre) -> None:
        """Encapsulate packets from a TUN device in GRE, and the other way round (RFC 2784, without options)."""
        with self._spaces.within(f"d{device}"):
            raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_GRE)
        raw.settimeout(0.0)
        self._kept.append(raw)

        def wrap() -> None:
            with contextlib.suppress(OSError):
                packet = os.read(file, 65536)
                kind = _IP if packet[0] >> 4 == 4 else _IP6
                source = struct.pack("=I4s4s", 0, socket.inet_aton(tunnel.local), bytes(4))
                raw.sendmsg(
                    [struct.pack("!HH", 0, kind), packet],
                    [(socket.IPPROTO_IP, _IP_PKTINFO, source)],
                    0,
                    (tunnel.remote, 0),
                )

        def unwrap() -> None:
            with contextlib.suppress(OSError):
                data, (peer, _) = raw.recvfrom(65536)
                if peer == tunnel.remote and socket.inet_ntoa(data[16:20]) == tunnel.local:
                    os.write(file, data[(data[0] & 15) * 4 + 4 :])

        self.watch(file, wrap)
        self.watch(raw, unwrap)

    def send(self, device: int, source: str, to: str, port: int, data: bytes) -> tuple[socket.socket, str | None]:
        """Send a datagram from a device; return its socket, and the error of the kernel where it does not send it."""
        family = socket.AF_INET6 if ":" in to else socket.AF_INET
        with self._spaces.within(f"d{device}"):
            asking = socket.socket(family, socket.SOCK_DGRAM)
        asking.settimeout(0.0)
        try:
            if source and (":" in source) == (":" in to):
                asking.bind((source, 0))
            asking.sendto(data, (to, port))
        except OSError as error:
            if error.errno not in _UNSENT:
                raise
            return asking, os.strerror(error.errno or 0)
        return asking, None

    def probe(self, probes: Sequence[Probe], wait: float) -> list[Heard]:
        """Send probes together, and return their results when all have answers or the time is over."""
        self.trial = trial = Trial(self, probes)
        try:
            return trial.run(wait)
        finally:
            trial.close()
            self.trial = None


class Trial:
    """Probes that are being sent: who received them, which address answered, and where they were seen."""

    def __init__(self, traffic: Traffic, probes: Sequence[Probe]) -> None:
        self._traffic = traffic
        self._probes = {probe.number: probe for probe in probes}
        self._sockets: list[socket.socket] = []
        self.received: dict[int, tuple[int, str]] = {}
        self._answers: dict[int, str] = {}
        self._errors: dict[int, str] = {}
        self._controls: set[int] = set()
        self._events: dict[int, list[Event]] = {number: [] for number in self._probes}
        self._alone = next(iter(self._probes)) if len(self._probes) == 1 else None

    def run(self, wait: float) -> list[Heard]:
        """Send, wait, test the routers of probes without an answer, and return the result of each."""
        self._traffic.capture(None)
        for probe in self._probes.values():
            error = self._ask(probe, "request", probe.source, probe.destination, probe.port)
            if error is not None:
                self._errors[probe.number] = error
        settled = time.monotonic() + min(wait, self._traffic.settle)
        stops = not all(probe.expected for probe in self._probes.values())
        self._listen(wait, lambda: self._all_answered() and (not stops or time.monotonic() > settled))
        silent = {n for n, probe in self._probes.items() if n not in self._answers and probe.control is not None}
        for number in silent:
            probe = self._probes[number]
            assert probe.control is not None
            self._ask(probe, "control", "", probe.control, CLOSED)
        if silent:
            self._listen(_LONGEST_CONTROL, lambda: silent <= self._controls)
        return [self._heard(probe) for probe in self._probes.values()]

    def _ask(self, probe: Probe, kind: Kind, source: str, to: str, port: int) -> str | None:
        asking, error = self._traffic.send(probe.sender, source, to, port, payload(kind, probe.number))
        self._sockets.append(asking)
        self._traffic.watch(asking, lambda: self._take(asking))
        return error

    def _take(self, asking: socket.socket) -> None:
        try:
            data, peer = asking.recvfrom(200)
        except OSError:
            return  # an ICMP error, which the captures have
        found = read_payload(data)
        if found is not None and found[1] in self._probes:
            kind, number = found
            if kind == "control":
                self._controls.add(number)
            else:
                self._answers.setdefault(number, peer[0].partition("%")[0])

    def _listen(self, wait: float, done: Callable[[], bool]) -> None:
        """Handle packets until all is done or the time is over."""
        deadline = time.monotonic() + wait
        while not done() and (left := deadline - time.monotonic()) > 0:
            self._traffic.step(min(left, 0.02))
            self._traffic.capture(self._note)
        self._traffic.capture(self._note)

    def _all_answered(self) -> bool:
        return all(
            number in self._answers or number in self._errors
            for number, probe in self._probes.items()
            if probe.expected
        )

    def _note(self, data: bytes, when: int, device: int, inward: bool) -> None:  # noqa: FBT001  (a callback)
        packet = read_packet(data)
        if packet is None or packet.kind == "control":
            return
        number = self._alone if packet.kind == "hidden" else packet.number
        if number is not None and number in self._events:
            self._events[number].append(
                Event(when, device, packet.kind, inward, packet.source, packet.destination, packet.outer)
            )

    def _heard(self, probe: Probe) -> Heard:
        number = probe.number
        receiver, source = self.received.get(number, (None, None))
        control = None
        if number not in self._answers and probe.control is not None:
            control = number in self._controls
        events = tuple(sorted(self._events[number], key=lambda event: event.time))
        return Heard(number, receiver, source, self._answers.get(number), self._errors.get(number), control, events)

    def close(self) -> None:
        """Close the sockets of the probes."""
        for one in self._sockets:
            self._traffic.forget(one)


def _allow_files(wanted: int) -> None:
    """Raise the limit on open files to what is needed, as far as this process may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))
