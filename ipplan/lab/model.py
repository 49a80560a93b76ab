"""The values of a lab: what is built, what is sent, and what was seen. They travel as JSON into the lab and out of it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, NamedTuple

HOME = Path("/run/ipplan")
"""Where a lab keeps its files, on a file system that ends with it."""
ABOUT = HOME / "lab.json"
"""What a lab says of itself."""
Program = Literal["strongswan", "frr", "bird"]
"""A daemon that a device runs."""


class Command(NamedTuple):
    """Commands of a shell for one device. `target` is the exported file behind them, None for scenery; `why` says what for."""

    text: str
    target: str | None
    why: str = ""


class Port(NamedTuple):
    """An interface of a device: its name there, and the number of the wire that it is on."""

    interface: str
    wire: int


class Daemon(NamedTuple):
    """A daemon of a device with its files: each has a name, a text, and the export that wrote it (None for scenery)."""

    program: Program
    files: tuple[tuple[str, str, str | None], ...]
    settings: tuple[tuple[str, str], ...] = ()


class Gre(NamedTuple):
    """A GRE tunnel that the lab itself carries where the kernel has none: its interface and its outer addresses."""

    interface: str
    local: str
    remote: str


class Device(NamedTuple):
    """A namespace in the place of a device.

    `number` numbers everything that belongs to it: its namespace is d0, d1, and so on. `label` is what `lab enter` takes,
    `title` what people read. `commands` run first, then nft loads `rules`, then daemons start, then `late` runs.
    `path_filter` is rp_filter (0 off, 1 strict, 2 loose).
    """

    number: int
    label: str
    title: str
    ports: tuple[Port, ...]
    commands: tuple[Command, ...]
    rules: tuple[Command, ...] = ()
    daemons: tuple[Daemon, ...] = ()
    late: tuple[Command, ...] = ()
    gre: tuple[Gre, ...] = ()
    path_filter: int = 0


class Wire(NamedTuple):
    """A layer 2 network: a bridge. `host` is the device that it is inside of, None where it is nobody's."""

    number: int
    title: str
    host: int | None = None


class Vxlan(NamedTuple):
    """One end of a VXLAN: a wire inside of a host, and the addresses of its VTEP and of the one of the other host."""

    vni: int
    wire: int
    local: str
    remote: str


class Blueprint(NamedTuple):
    """All that is built. `files` are the exports: name, text, and the words behind `ipplan export PLAN` that write it.

    `scenery` says what no export configures.

    `absent` are tunnels and sessions that could not be configured, and why.
    """

    devices: tuple[Device, ...]
    wires: tuple[Wire, ...]
    vxlans: tuple[Vxlan, ...]
    files: tuple[tuple[str, str, str], ...]
    scenery: tuple[str, ...]
    absent: tuple[tuple[str, str], ...] = ()


# What is sent and seen.


class Probe(NamedTuple):
    """A datagram to send: from which device and address, to which address and port; `alone` where it is sent by itself.

    `source` is empty where the kernel chooses it. `control` is an address that has to answer the sender.
    """

    number: int
    sender: int
    source: str
    destination: str
    port: int
    alone: bool
    expected: bool
    control: str | None


class Event(NamedTuple):
    """A packet at an interface of a device, on its way in or out, with what is around it.

    `time` is in nanoseconds. `outer` is a protocol with the outer addresses, None for a packet in clear. A refusal is an
    ICMP error about the request, and its source the router that sent it; a hidden packet is one of ESP, which nobody
    can look into.
    """

    time: int
    device: int
    kind: Literal["request", "answer", "refusal", "hidden"]
    inward: bool
    source: str
    destination: str
    outer: tuple[str, str, str] | None = None


class Heard(NamedTuple):
    """What became of a probe: who received it and from which address, what answered, and every sight of it."""

    number: int
    receiver: int | None
    source: str | None
    answer: str | None
    error: str | None
    control: bool | None
    events: tuple[Event, ...]


class LabError(Exception):
    """The lab cannot be built here; says why and what to do."""

    def __init__(self, message: str, help_: str | None = None) -> None:
        super().__init__(message)
        self.help = help_
