"""Process 1 of a lab: builds the namespaces from a blueprint, sends probes, and tells what it saw. Knows no plan.

It runs in user, mount, process and network namespaces of its own, so that its end is the end of all of them. It takes
orders as lines of JSON on standard input and answers on standard output; the end of its input ends it.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import json
import os
import select
import socket
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ipplan.lab import daemons
from ipplan.lab.model import (
    Blueprint,
    Command,
    Daemon,
    Device,
    Event,
    Gre,
    Heard,
    LabError,
    Port,
    Probe,
    Vxlan,
    Wire,
)
from ipplan.lab.packets import payload, read_packet, read_payload
from ipplan.lab.requirements import environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

HOME = Path("/run/ipplan")
"""Where the lab keeps its files, on a file system that ends with it."""
PORTS = (9000, 9001)
_SETTINGS = "/proc/sys/net"
_NEW_NETWORK = 0x40000000
_ETH_P_ALL, _OUTGOING, _OTHERHOST, _LOOPBACK = 0x0003, 4, 3, 5
_IP, _IP6 = 0x0800, 0x86DD
_SO_TIMESTAMPNS = 35
_TUNSETIFF, _IFF_TUN, _IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
_UNREACHED = {
    errno.ENETUNREACH,
    errno.EHOSTUNREACH,
    errno.EACCES,
    errno.EINVAL,
    errno.EPERM,
    errno.EADDRNOTAVAIL,
}
_READY = 15.0
"""Seconds that tunnels and sessions have to come up in."""


class Lab:
    """The namespaces of a blueprint, and the sockets in them."""

    def __init__(self, blueprint: Blueprint) -> None:
        self.blueprint = blueprint
        self.devices = blueprint.devices
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._here = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        self._spaces: dict[str, int] = {}
        self._captures: dict[socket.socket, int] = {}
        self._listeners: dict[socket.socket, int] = {}
        self._tunnels: dict[int, tuple[socket.socket, str]] = {}
        self._raw: dict[socket.socket, int] = {}
        self._running: list[tuple[Device, Daemon, daemons.Running]] = []
        self.not_up: dict[str, str] = {}

    # Building.

    def build(self) -> None:
        """Make everything; raise LabError where something cannot be made."""
        HOME.mkdir(parents=True, exist_ok=True)
        for name, text in self.blueprint.files:
            (HOME / name).write_text(text, encoding="utf-8")
        tell("namespaces and wires")
        self._make_spaces()
        self._make_wires()
        tell("devices")
        for device in self.devices:
            self._configure(device)
        self._start_daemons()
        for device in self.devices:
            if all(daemon.program not in self.not_up for daemon in device.daemons):
                self._run_all(device, device.late)
        self._open_sockets()
        for _, _, running in self._running:
            running.dial()
        self._wait_for_daemons()

    def _make_spaces(self) -> None:
        names = ["wires", *(f"d{device.number}" for device in self.devices)]
        self._batch(None, [f"netns add {name}" for name in names], "namespaces")
        for name in names:
            self._spaces[name] = os.open(f"/run/netns/{name}", os.O_RDONLY)
            with self.within(name):
                self._set("ipv6/conf/all/accept_dad", 0)
                self._set("ipv6/conf/default/accept_dad", 0)
                self._set("ipv6/conf/default/addr_gen_mode", 0)

    def _place(self, wire: Wire) -> str:
        return "wires" if wire.host is None else f"d{wire.host}"

    def _make_wires(self) -> None:
        by_place: dict[str, list[str]] = {}
        for wire in self.blueprint.wires:
            lines = by_place.setdefault(self._place(wire), [])
            lines += [f"link add name b{wire.number} type bridge", f"link set b{wire.number} up"]
        count = 0
        wires = {wire.number: wire for wire in self.blueprint.wires}
        for device in self.devices:
            for port in device.ports:
                count += 1
                there = self._place(wires[port.wire])
                # Made where the bridge is, and moved from there: nothing is ever in the namespace of the host.
                by_place[there] += [
                    f"link add name p{count} type veth peer name {port.interface} netns /run/netns/d{device.number}",
                    f"link set p{count} master b{port.wire} up",
                ]
        for place, lines in by_place.items():
            self._batch(place, lines, "wires")

    def _configure(self, device: Device) -> None:
        name = f"d{device.number}"
        with self.within(name):
            for setting, value in _sysctls(device):
                self._set(setting, value)
            for interface in os.listdir(f"{_SETTINGS}/ipv4/conf"):
                self._set(f"ipv4/conf/{interface}/rp_filter", device.path_filter)
                self._set(f"ipv4/conf/{interface}/arp_ignore", 1)
            for tunnel in device.gre:
                self._make_gre(device, tunnel)
        self._run_all(device, (Command("ip link set lo up", None), *device.commands))
        for rules in device.rules:
            self._nft(device, rules)
        self._make_vxlans(device)

    def _make_vxlans(self, device: Device) -> None:
        inside = {wire.number for wire in self.blueprint.wires if wire.host == device.number}
        lines = []
        for vxlan in self.blueprint.vxlans:
            if vxlan.wire in inside:
                name = f"vx{vxlan.vni}"
                lines += [
                    f"link add {name} type vxlan id {vxlan.vni} local {vxlan.local} remote {vxlan.remote} dstport 4789",
                    f"link set {name} master b{vxlan.wire} up",
                ]
        if lines:
            self._batch(f"d{device.number}", lines, f"VXLANs of {device.title}")

    def _make_gre(self, device: Device, tunnel: Gre) -> None:
        """Make a GRE tunnel of a TUN device, which the lab itself wraps, where the kernel has none."""
        probe = self._call(
            f"d{device.number}",
            [
                "ip",
                "link",
                "add",
                "name",
                "trial",
                "type",
                "gre",
                "local",
                tunnel.local,
                "remote",
                tunnel.remote,
            ],
        )
        if probe is None:
            self._call(f"d{device.number}", ["ip", "link", "delete", "trial"])
            return
        file = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(
            file, _TUNSETIFF, struct.pack("16sH22x", tunnel.interface.encode(), _IFF_TUN | _IFF_NO_PI)
        )
        raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_GRE)
        raw.setblocking(False)
        self._tunnels[file] = (raw, f"{tunnel.local} {tunnel.remote}")
        self._raw[raw] = file

    def _run_all(self, device: Device, commands: Sequence[Command]) -> None:
        """Run commands in a device, one shell for all; raise LabError with the first that fails."""
        if not commands:
            return
        script = "set -e\n" + "\n".join(command.text for command in commands) + "\n"
        error = self._call(f"d{device.number}", ["sh", "-c", script])
        if error is None:
            return
        for command in commands:
            error = self._call(f"d{device.number}", ["sh", "-c", command.text])
            if error is not None:
                where = f"export {command.target}" if command.target else "the lab's own scenery"
                raise LabError(f"{device.title}: {command.text!r} ({where}) failed: {error}")

    def _nft(self, device: Device, rules: Command) -> None:
        error = self._call(f"d{device.number}", ["nft", "-f", "-"], feed=rules.text)
        if error is not None:
            where = f"export {rules.target}" if rules.target else f"the lab's own scenery: {rules.text}"
            raise LabError(f"{device.title}: nft refuses rules ({where}): {error}")

    def _batch(self, name: str | None, lines: Sequence[str], what: str) -> None:
        error = self._call(name, ["ip", "-batch", "-"], feed="\n".join(lines) + "\n")
        if error is not None:
            raise LabError(f"{what} cannot be made here: {error}")

    def _call(self, name: str | None, command: Sequence[str], feed: str | None = None) -> str | None:
        """Run a program in a namespace; return what it complains of, None where it succeeds."""
        with self.within(name):
            done = subprocess.run(
                command, input=feed, stdin=subprocess.DEVNULL if feed is None else None, cwd=HOME, env=environment(),
                capture_output=True, text=True, check=False, timeout=120,
            )  # fmt: skip
        return (
            None if done.returncode == 0 else done.stderr.strip()[-500:] or f"exit status {done.returncode}"
        )

    @staticmethod
    def _set(setting: str, value: int) -> None:
        with (
            contextlib.suppress(FileNotFoundError),
            open(f"{_SETTINGS}/{setting}", "w", encoding="ascii") as file,
        ):
            file.write(str(value))

    @contextlib.contextmanager
    def within(self, name: str | None) -> Iterator[None]:
        """Be in a namespace: sockets and programs that are started there stay there."""
        before = self._here
        self._enter(before if name is None else self._spaces[name])
        try:
            yield
        finally:
            self._enter(before)

    def _enter(self, space: int) -> None:
        if self._libc.setns(space, _NEW_NETWORK) != 0:
            raise LabError(f"a network namespace cannot be entered: {os.strerror(ctypes.get_errno())}")
        self._here = space

    # Daemons.

    def _start_daemons(self) -> None:
        """Start the daemons, and wait until each can be reached: the late commands need the interfaces of strongSwan."""
        wanted = [(device, daemon) for device in self.devices for daemon in device.daemons]
        if wanted:
            tell("daemons of tunnels and BGP")
        for device, daemon in wanted:
            reason = daemons.missing(daemon.program)
            if reason is not None:
                self.not_up[daemon.program] = reason
                continue
            folder = HOME / f"d{device.number}" / daemon.program
            folder.mkdir(parents=True)
            self._running.append((device, daemon, daemons.start(daemon, f"d{device.number}", folder)))
        deadline = time.monotonic() + _READY
        waiting = [item[2] for item in self._running]
        while waiting := [running for running in waiting if not running.loaded()]:
            if time.monotonic() > deadline:
                raise LabError(f"{waiting[0].title} does not start: {waiting[0].log()}")
            time.sleep(0.02)

    def _wait_for_daemons(self) -> None:
        """Wait until tunnels and sessions are up, and keep what is waited for when the time is over."""
        deadline = time.monotonic() + _READY
        waiting = list(self._running)
        last = ""
        while waiting and time.monotonic() < deadline:
            said = [(item, item[2].waiting()) for item in waiting]
            waiting = [item for item, what in said if what is not None]
            shown = next((what for _, what in said if what is not None), "")
            if shown and shown != last:
                tell(f"waiting for {shown}")
                last = shown
            if waiting:
                self.forward(0.05)
        for device, daemon, running in waiting:
            what = running.waiting()
            if what is not None:
                self.not_up[f"{device.label} {daemon.program}"] = f"{device.title}: {what} does not come up"

    # Packets.

    def _open_sockets(self) -> None:
        for device in self.devices:
            with self.within(f"d{device.number}"):
                capture = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_ETH_P_ALL))
                capture.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
                with contextlib.suppress(OSError):
                    capture.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
                if any(wire.host == device.number for wire in self.blueprint.wires):
                    # What a host bridges is not its own.
                    capture.bind((device.ports[0].interface, _ETH_P_ALL))
                capture.setblocking(False)
                self._captures[capture] = device.number
                for number in PORTS:
                    for family in (socket.AF_INET, socket.AF_INET6):
                        self._listen(device, family, number)

    def _listen(self, device: Device, family: int, number: int) -> None:
        listener = socket.socket(family, socket.SOCK_DGRAM)
        if family == socket.AF_INET:
            listener.setsockopt(socket.IPPROTO_IP, 8, 1)  # IP_PKTINFO
        else:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
        listener.setblocking(False)
        listener.bind(("", number))
        self._listeners[listener] = device.number

    def forward(self, seconds: float) -> None:
        """Carry GRE packets for a while."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            watched: list[Any] = [*self._tunnels, *self._raw]
            ready, _, _ = select.select(watched, [], [], left)
            self._carry(ready)

    def wait_for(self, orders: Any) -> bool:
        """Carry GRE packets until there is an order."""
        while True:
            ready, _, _ = select.select([orders, *self._tunnels, *self._raw], [], [])
            if orders in ready:
                return True
            self._carry(ready)

    def _carry(self, ready: Sequence[Any]) -> None:
        for one in ready:
            if isinstance(one, int) and one in self._tunnels:
                raw, ends = self._tunnels[one]
                with contextlib.suppress(OSError):
                    packet = os.read(one, 65536)
                    kind = _IP if packet[0] >> 4 == 4 else _IP6
                    local, remote = ends.split()
                    raw.bind((local, 0))
                    raw.sendto(struct.pack("!HH", 0, kind) + packet, (remote, 0))
            elif one in self._raw:
                with contextlib.suppress(OSError):
                    data, (peer, _) = one.recvfrom(65536)
                    header = (data[0] & 15) * 4
                    file = self._raw[one]
                    local, remote = self._tunnels[file][1].split()
                    if peer == remote and socket.inet_ntoa(data[16:20]) == local:
                        os.write(file, data[header + 4 :])

    def probe(self, probes: Sequence[Probe], wait: float) -> list[Heard]:
        """Send probes together, and return what became of each when all have their answers or the time is over."""
        trial = _Trial(self, probes)
        try:
            trial.send()
            trial.listen(wait)
            trial.control()
        finally:
            trial.close()
        return trial.result()


class _Trial:
    """Some probes on their way."""

    def __init__(self, lab: Lab, probes: Sequence[Probe]) -> None:
        self.lab = lab
        self.probes = {probe.number: probe for probe in probes}
        self.asking: dict[socket.socket, int] = {}
        self.received: dict[int, tuple[int, str]] = {}
        self.answers: dict[int, str] = {}
        self.errors: dict[int, str] = {}
        self.controls: dict[int, bool] = {}
        self.events: dict[int, list[Event]] = {number: [] for number in self.probes}
        self.alone = next(iter(self.probes)) if len(self.probes) == 1 else None
        self._drain(keep=False)

    def send(self) -> None:
        for probe in self.probes.values():
            self._ask(probe, probe.destination, probe.source, "request")

    def _ask(self, probe: Probe, to: str, source: str, kind: str) -> None:
        family = socket.AF_INET6 if ":" in to else socket.AF_INET
        with self.lab.within(f"d{probe.sender}"):
            asking = socket.socket(family, socket.SOCK_DGRAM)
        asking.setblocking(False)
        self.asking[asking] = probe.number if kind == "request" else -1 - probe.number
        try:
            if source:
                asking.bind((source, 0))
            port = probe.port if kind == "request" else PORTS[1]
            asking.sendto(payload(kind, probe.number), (to, port))  # type: ignore[arg-type]
        except OSError as error:
            if error.errno not in _UNREACHED:
                raise
            if kind == "request":
                self.errors[probe.number] = os.strerror(error.errno or 0)

    def listen(self, wait: float, controls: frozenset[int] = frozenset()) -> None:
        """Take what comes, until everything that may be answered is, or the time is over."""
        lab = self.lab
        deadline = time.monotonic() + wait
        quiet = time.monotonic() + min(wait, 0.15)
        while (left := deadline - time.monotonic()) > 0:
            if controls:
                if controls <= self.controls.keys():
                    break
            elif self._done() and (all(p.expected for p in self.probes.values()) or time.monotonic() > quiet):
                break
            watched: list[Any] = [*self.asking, *lab._listeners, *lab._tunnels, *lab._raw, *lab._captures]
            ready, _, _ = select.select(watched, [], [], min(left, 0.02))
            lab._carry([one for one in ready if isinstance(one, int) or one in lab._raw])
            for one in ready:
                if one in self.asking:
                    self._take_answer(one)
                elif one in lab._listeners:
                    self._answer(one, lab._listeners[one])
            self._drain()
        self._drain()

    def _done(self) -> bool:
        return all(
            number in self.answers or number in self.errors for number, p in self.probes.items() if p.expected
        )

    def control(self) -> None:
        """Ask a router that has to answer, for every probe that got no answer."""
        silent = [p for n, p in self.probes.items() if n not in self.answers and p.control is not None]
        for probe in silent:
            assert probe.control is not None
            self._ask(probe, probe.control, "", "control")
        if silent:
            self.listen(1.0, frozenset(p.number for p in silent))

    def _take_answer(self, one: socket.socket) -> None:
        number = self.asking[one]
        try:
            data, peer = one.recvfrom(200)
        except OSError:
            return  # an ICMP error, which the capture has
        found = read_payload(data)
        if found is None:
            return
        if number < 0:
            self.controls[-1 - number] = True
        else:
            self.answers.setdefault(number, peer[0])

    def _answer(self, one: socket.socket, device: int) -> None:
        """Take a datagram and answer from the address that it was for."""
        try:
            data, more, _, peer = one.recvmsg(200, 200)
        except OSError:
            return
        found = read_payload(data)
        if found is None or found[0] not in ("request", "control"):
            return
        kind, number = found
        if kind == "request":
            self.received.setdefault(number, (device, peer[0].partition("%")[0]))
        back = []
        for level, type_, value in more:
            if (level, type_) == (0, 8):
                back = [(socket.IPPROTO_IP, 8, struct.pack("=I4s4s", 0, value[8:12], bytes(4)))]
            elif level == socket.IPPROTO_IPV6:
                back = [(socket.IPPROTO_IPV6, socket.IPV6_PKTINFO, value[:16] + bytes(4))]
        with contextlib.suppress(OSError):
            one.sendmsg([payload("answer" if kind == "request" else kind, number)], back, 0, peer)

    def _drain(self, *, keep: bool = True) -> None:
        """Take every packet that was captured."""
        for capture, device in self.lab._captures.items():
            while True:
                try:
                    data, more, _, address = capture.recvmsg(400, 64)
                except OSError:
                    break
                if keep and address[2] != _OTHERHOST:
                    self._note(data, more, device, inward=address[2] != _OUTGOING)

    def _note(
        self, data: bytes, more: Sequence[tuple[int, int, bytes]], device: int, *, inward: bool
    ) -> None:
        packet = read_packet(data)
        if packet is None:
            return
        number = self.alone if packet.kind == "hidden" else packet.number
        if number is None or number not in self.events or packet.kind == "control":
            return
        seconds, nanoseconds = struct.unpack_from("=qq", more[0][2]) if more else (0, 0)
        self.events[number].append(
            Event(
                seconds * 1_000_000_000 + nanoseconds,
                device,
                packet.kind,
                inward,
                packet.source,
                packet.destination,
                packet.outer,
            )  # fmt: skip
        )

    def close(self) -> None:
        for one in self.asking:
            one.close()

    def result(self) -> list[Heard]:
        found = []
        for number, probe in self.probes.items():
            device, source = self.received.get(number, (None, None))
            control = None
            if number not in self.answers and probe.control is not None:
                control = self.controls.get(number, False)
            events = tuple(sorted(self.events[number], key=lambda event: event.time))
            found.append(
                Heard(
                    number, device, source, self.answers.get(number), self.errors.get(number), control, events
                )
            )
        return found


def _sysctls(device: Device) -> Iterator[tuple[str, int]]:
    yield "ipv4/ip_forward", 1
    yield "ipv6/conf/all/forwarding", 1
    yield "ipv4/icmp_ratelimit", 0
    yield "ipv4/icmp_errors_use_inbound_ifaddr", 1
    for name in ("all", "default"):
        yield f"ipv4/conf/{name}/rp_filter", device.path_filter
        for setting, value in (("send_redirects", 0), ("accept_redirects", 0), ("arp_ignore", 1)):
            yield f"ipv4/conf/{name}/{setting}", value
        yield f"ipv6/conf/{name}/accept_ra", 0


def tell(text: str) -> None:
    """Say how far it is."""
    _send({"progress": text})


def _send(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def read_blueprint(data: list[Any]) -> Blueprint:
    """Return a blueprint that travelled as JSON."""
    devices, wires, vxlans, files, scenery, absent = data
    return Blueprint(
        tuple(_device(item) for item in devices), tuple(Wire(*item) for item in wires),
        tuple(Vxlan(*item) for item in vxlans), tuple((name, text) for name, text in files), tuple(scenery),
        tuple((what, why) for what, why in absent),
    )  # fmt: skip


def _device(item: list[Any]) -> Device:
    number, label, title, ports, commands, rules, programs, late, gre, path_filter = item
    return Device(
        number, label, title, tuple(Port(*p) for p in ports), tuple(Command(*c) for c in commands),
        tuple(Command(*c) for c in rules),
        tuple(
            Daemon(program, tuple((a, b, c) for a, b, c in files), tuple((k, v) for k, v in settings))
            for program, files, settings in programs
        ),
        tuple(Command(*c) for c in late), tuple(Gre(*g) for g in gre), path_filter,
    )  # fmt: skip


def _end_with(life: int) -> None:
    """End when the other end of a pipe is closed, whatever closes it."""
    os.read(life, 1)
    os._exit(1)


def main() -> None:
    """Take the blueprint, build it, and do what is asked until the input ends."""
    threading.Thread(target=_end_with, args=(int(sys.argv[1]),), daemon=True).start()
    subprocess.run(["mount", "-t", "tmpfs", "none", "/run"], check=True)
    order = json.loads(sys.stdin.readline())
    HOME.mkdir(parents=True)
    lab = Lab(read_blueprint(order["blueprint"]))
    (HOME / "lab.json").write_text(json.dumps(order["about"]), encoding="utf-8")
    try:
        lab.build()
    except LabError as error:
        _send({"error": str(error), "help": error.help})
        return
    _send({"ready": True, "not_up": lab.not_up, "versions": dict(daemons.versions())})
    while lab.wait_for(sys.stdin) and (line := sys.stdin.readline()):
        order = json.loads(line)
        if "probes" in order:
            heard = lab.probe([Probe(*item) for item in order["probes"]], order["wait"])
            _send({"heard": heard})
