"""Inside a lab: create namespaces and wires, and configure the devices of a blueprint. Knows no plan."""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import struct
import subprocess
import time
from typing import TYPE_CHECKING

from ipplan.lab import daemons
from ipplan.lab.model import HOME, Command, LabError
from ipplan.lab.requirements import environment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ipplan.lab.model import Blueprint, Daemon, Device, Gre, Wire

_SETTINGS = "/proc/sys/net"
_NEW_NETWORK = 0x40000000
_TUNSETIFF, _IFF_TUN, _IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
_READY = 15.0
"""Wait at most this many seconds for tunnels and sessions to come up."""
_LONGEST = 120.0
"""A program may run for at most this many seconds."""
_MOST_SAID = 500
"""Show at most this many characters of an error of a program."""


class Running:
    """A running daemon and its device."""

    def __init__(self, device: Device, daemon: Daemon, process: daemons.Running) -> None:
        self.device = device
        self.daemon = daemon
        self.process = process

    def in_words(self, text: str) -> str:
        """Return a message of the daemon with the title of the device instead of its namespace."""
        return text.replace(f" in d{self.device.number}", f" at {self.device.title}")

    @property
    def key(self) -> str:
        """Its key among the daemons that did not come up."""
        return f"{self.device.label} {self.daemon.program}"


class Spaces:
    """The namespaces of a blueprint. `tunnels` are the GRE tunnels that the lab itself carries, by the file of their TUN device."""

    def __init__(self, blueprint: Blueprint, report: Callable[[str], None]) -> None:
        self.blueprint = blueprint
        self.devices = blueprint.devices
        self.not_up: dict[str, str] = {}
        self.tunnels: dict[int, tuple[int, Gre]] = {}
        self._report = report
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._here = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        self._files: dict[str, int] = {}
        self._running: list[Running] = []

    def build(self) -> None:
        """Create everything and start the daemons; raise LabError where something cannot be created."""
        for file in self.blueprint.files:
            (HOME / file.name).write_text(file.text, encoding="utf-8")
        self._report("namespaces and wires")
        self._make_spaces()
        self._make_wires()
        self._report("addresses, routes and NAT")
        for device in self.devices:
            self._configure(device)
        self._start_daemons()
        for device in self.devices:
            if self._is_complete(device):
                self._run_all(device, device.late)

    # Namespaces and wires.

    def _make_spaces(self) -> None:
        names = ["wires", *(f"d{device.number}" for device in self.devices)]
        self._batch(None, [f"netns add {name}" for name in names], "network namespaces")
        for name in names:
            self._files[name] = os.open(f"/run/netns/{name}", os.O_RDONLY)
            with self.within(name):
                for which in ("all", "default"):
                    _set(f"ipv6/conf/{which}/accept_dad", 0)

    def _make_wires(self) -> None:
        by_place: dict[str, list[str]] = {}
        wires = {wire.number: wire for wire in self.blueprint.wires}
        for wire in wires.values():
            lines = by_place.setdefault(_place(wire), [])
            lines += [f"link add name b{wire.number} type bridge", f"link set b{wire.number} up"]
        count = 0
        for device in self.devices:
            for port in device.ports:
                count += 1
                # Created where the bridge is, and moved from there: nothing is ever in the namespace of the host.
                by_place[_place(wires[port.wire])] += [
                    f"link add name p{count} type veth peer name {port.interface} netns /run/netns/d{device.number}",
                    f"link set p{count} master b{port.wire} up",
                ]
        for place, lines in by_place.items():
            self._batch(place, lines, "wires")

    def _make_vxlans(self, device: Device) -> None:
        inside = {wire.number for wire in self.blueprint.wires if wire.host == device.number}
        lines = []
        for vxlan in self.blueprint.vxlans:
            if vxlan.wire in inside:
                ends = f"local {vxlan.local} remote {vxlan.remote} dstport 4789"
                lines += [
                    f"link add vx{vxlan.vni} type vxlan id {vxlan.vni} {ends}",
                    f"link set vx{vxlan.vni} master b{vxlan.wire} up",
                ]
        if lines:
            self._batch(f"d{device.number}", lines, f"VXLANs of {device.title}")

    def _make_gre(self, device: Device, tunnel: Gre) -> None:
        """Create a TUN device for a GRE tunnel that the lab itself carries, if the kernel has no GRE."""
        name = f"d{device.number}"
        ends = ["local", tunnel.local, "remote", tunnel.remote]
        if self._call(name, ["ip", "link", "add", "name", "trial", "type", "gre", *ends]) is None:
            self._call(name, ["ip", "link", "delete", "trial"])
            return
        with self.within(name):
            file = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
            request = struct.pack("16sH22x", tunnel.interface.encode(), _IFF_TUN | _IFF_NO_PI)
            fcntl.ioctl(file, _TUNSETIFF, request)
        self.tunnels[file] = device.number, tunnel

    # Devices.

    def _configure(self, device: Device) -> None:
        with self.within(f"d{device.number}"):
            for setting, value in _sysctls(device, os.listdir(f"{_SETTINGS}/ipv4/conf")):
                _set(setting, value)
        for tunnel in device.gre:
            self._make_gre(device, tunnel)
        self._run_all(device, (Command("ip link set lo up", None), *device.commands))
        for rules in device.rules:
            error = self._call(f"d{device.number}", ["nft", "-f", "-"], feed=rules.text)
            if error is not None:
                raise LabError(f"{device.title}: nft rejects the rules {_origin(rules)}: {error}")
        self._make_vxlans(device)

    def _run_all(self, device: Device, commands: Sequence[Command]) -> None:
        """Run commands in a device with one shell for all; raise LabError with the first that fails."""
        if not commands:
            return
        name = f"d{device.number}"
        script = "set -e\n" + "\n".join(command.text for command in commands) + "\n"
        if self._call(name, ["sh", "-c", script]) is None:
            return
        # Again one by one, to find the one that fails.
        for command in commands:
            error = self._call(name, ["sh", "-c", command.text])
            if error is not None:
                raise LabError(f"{device.title}: the command {command.text} ({_origin(command)}) fails: {error}")

    def _batch(self, name: str | None, lines: Sequence[str], what: str) -> None:
        error = self._call(name, ["ip", "-batch", "-"], feed="\n".join(lines) + "\n")
        if error is not None:
            raise LabError(f"cannot create {what} on this machine: {error}")

    def _call(self, name: str | None, command: Sequence[str], feed: str | None = None) -> str | None:
        """Run a program in a namespace; return its error message, None where it succeeds."""
        with self.within(name):
            done = subprocess.run(
                command,
                input=feed,
                stdin=subprocess.DEVNULL if feed is None else None,
                cwd=HOME,
                env=environment(),
                capture_output=True,
                text=True,
                errors="replace",
                check=False,
                timeout=_LONGEST,
            )
        if done.returncode == 0:
            return None
        return done.stderr.strip()[-_MOST_SAID:] or f"exit status {done.returncode}"

    @contextlib.contextmanager
    def within(self, name: str | None) -> Iterator[None]:
        """Enter a namespace: sockets and programs that start there stay there. None is the current one."""
        before = self._here
        self._enter(before if name is None else self._files[name])
        try:
            yield
        finally:
            self._enter(before)

    def _enter(self, space: int) -> None:
        if self._libc.setns(space, _NEW_NETWORK) != 0:
            raise LabError(f"cannot enter a network namespace: {os.strerror(ctypes.get_errno())}")
        self._here = space

    # Daemons.

    def _is_complete(self, device: Device) -> bool:
        """Return whether all daemons of a device are running."""
        return not any(
            daemon.program in self.not_up or f"{device.label} {daemon.program}" in self.not_up
            for daemon in device.daemons
        )

    def _start_daemons(self) -> None:
        """Start the daemons, and wait until each has its configuration: late commands need the interfaces of strongSwan."""
        wanted = [(device, daemon) for device in self.devices for daemon in device.daemons]
        if wanted:
            self._report("daemons of tunnels and BGP")
        for device, daemon in wanted:
            reason = daemons.missing(daemon.program)
            if reason is not None:
                self.not_up[daemon.program] = reason
                continue
            folder = HOME / f"d{device.number}" / daemon.program
            folder.mkdir(parents=True)
            self._running.append(Running(device, daemon, daemons.start(daemon, f"d{device.number}", folder)))
        self._poll(lambda running: None if running.process.loaded() else f"start of {running.process.title}")

    def dial(self, carry: Callable[[float], None]) -> None:
        """Bring tunnels and sessions up, and record those that stay down. `carry` runs while this waits."""
        for running in self._running:
            running.process.dial()
        self._poll(lambda running: running.process.waiting(), carry)

    def _poll(self, waits_for: Callable[[Running], str | None], carry: Callable[[float], None] = time.sleep) -> None:
        """Ask the daemons until none waits or the time is over; those that still wait, or ended, are not up."""
        deadline = time.monotonic() + _READY
        waiting = self._running
        said = ""
        while waiting:
            still: list[tuple[Running, str]] = []
            for running in waiting:
                try:
                    what = waits_for(running)
                except LabError as error:
                    self._lose(running, running.in_words(str(error)))
                    continue
                if what is not None:
                    still.append((running, running.in_words(what)))
            if still and time.monotonic() > deadline:
                for running, what in still:
                    self._lose(running, f"{what} did not come up within {_READY:.0f} s")
                return
            waiting = [running for running, _ in still]
            if still:
                if still[0][1] != said:
                    said = still[0][1]
                    self._report(f"waiting for {said}")
                carry(0.03)

    def _lose(self, running: Running, why: str) -> None:
        self.not_up[running.key] = why
        self._running = [other for other in self._running if other is not running]


def _place(wire: Wire) -> str:
    """Return the namespace that a wire is in."""
    return "wires" if wire.host is None else f"d{wire.host}"


def _origin(command: Command) -> str:
    return f"from export {command.target}" if command.target else "from the scenery of the lab"


def _set(setting: str, value: int) -> None:
    with (
        contextlib.suppress(FileNotFoundError),
        open(f"{_SETTINGS}/{setting}", "w", encoding="ascii") as file,
    ):
        file.write(str(value))


def _sysctls(device: Device, interfaces: Sequence[str]) -> Iterator[tuple[str, int]]:
    """Yield the settings of a device: it forwards, answers ARP only on the interface of an address, sends no redirects."""
    yield "ipv4/ip_forward", 1
    yield "ipv6/conf/all/forwarding", 1
    yield "ipv4/icmp_ratelimit", 0
    yield "ipv4/icmp_errors_use_inbound_ifaddr", 1
    for name in dict.fromkeys(("all", "default", *interfaces)):
        yield f"ipv4/conf/{name}/rp_filter", device.path_filter
        yield f"ipv4/conf/{name}/arp_ignore", 1
        # Send ARP requests from an address of the interface: a router that drops other addresses would not answer.
        yield f"ipv4/conf/{name}/arp_announce", 2
        yield f"ipv4/conf/{name}/send_redirects", 0
        yield f"ipv4/conf/{name}/accept_redirects", 0
        yield f"ipv6/conf/{name}/accept_ra", 0
