"""The values of a lab: what is built, what is sent, and what was seen. They enter and leave the lab as JSON."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from ipplan.proof import OuterPacket

HOME = Path("/run/ipplan")
"""The folder with the files of a lab, on a file system that ends with it."""
ABOUT = HOME / "lab.json"
"""The description of a running lab for `ipplan lab enter`."""
Program = Literal["strongswan", "frr", "bird"]
"""A daemon that a device runs."""


class Command(NamedTuple):
    """Shell commands for one device. `target` is the exported file that they are from, None for scenery; `why` is their purpose."""

    text: str
    target: str | None
    why: str = ""


class Port(NamedTuple):
    """An interface of a device: its name, and the number of its wire."""

    interface: str
    wire: int


class File(NamedTuple):
    """A file of a daemon: its name, its text, and the exported file that it is (None for scenery)."""

    name: str
    text: str
    target: str | None


class Daemon(NamedTuple):
    """A daemon of a device with its files and settings."""

    program: Program
    files: tuple[File, ...]
    settings: tuple[tuple[str, str], ...] = ()


class Gre(NamedTuple):
    """A GRE tunnel, which the lab itself carries if the kernel has no GRE: its interface and its outer addresses."""

    interface: str
    local: str
    remote: str


class Device(NamedTuple):
    """A namespace that stands for a device.

    Its namespace is d followed by `number`: d0, d1 and so on. `label` is its name for `lab enter`, `title` its name for
    people. `commands` run first, then nft loads `rules`, then daemons start, then `late` runs. `path_filter` is
    rp_filter (0 off, 1 strict, 2 loose).
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
    """A layer 2 network: a bridge. `host` is the number of the device that it is inside, None if it is in no device."""

    number: int
    title: str
    host: int | None = None


class Vxlan(NamedTuple):
    """One end of a VXLAN: a wire inside a host, the address of its VTEP, and that of the VTEP of the other host."""

    vni: int
    wire: int
    local: str
    remote: str


class ExportedFile(NamedTuple):
    """An exported file: its name, its text, and the arguments of `ipplan export PLAN` that write it."""

    name: str
    text: str
    arguments: str


class Blueprint(NamedTuple):
    """Everything that a lab builds.

    `files` are the exports. `scenery` describes what no export configures. `absent` are tunnels and sessions that could
    not be configured, with the reason.
    """

    devices: tuple[Device, ...]
    wires: tuple[Wire, ...]
    vxlans: tuple[Vxlan, ...]
    files: tuple[ExportedFile, ...]
    scenery: tuple[str, ...]
    absent: tuple[tuple[str, str], ...] = ()


# What the lab sends and sees.


class Probe(NamedTuple):
    """A datagram to send: from a device and an address, to an address and a port.

    `source` is empty where the kernel chooses it. `alone` means that no other probe is sent with it. `expected` means
    that an answer is predicted. `control` is an address that has to answer the sender.
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
    """A packet at an interface of a device, on its way in or out.

    `time` is in nanoseconds. `outer` is the packet around it, None for a packet in clear. A refusal is an ICMP error
    about the request, and its source is the router that sent it. A hidden packet is ESP, which cannot be decoded.
    """

    time: int
    device: int
    kind: Literal["request", "answer", "refusal", "hidden"]
    inward: bool
    source: str
    destination: str
    outer: OuterPacket | None = None


class Heard(NamedTuple):
    """The result of a probe: the device that received it, the source that it saw, the answering address, and all captures."""

    number: int
    receiver: int | None
    source: str | None
    answer: str | None
    error: str | None
    control: bool | None
    events: tuple[Event, ...]


class LabError(Exception):
    """The lab cannot be built on this machine; the message says why, `help` what to do."""

    def __init__(self, message: str, help_: str | None = None) -> None:
        super().__init__(message)
        self.help = help_
