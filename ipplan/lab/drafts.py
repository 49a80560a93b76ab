"""Devices and wires while they are being designed: which interface is on which wire."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ipplan.lab.model import Blueprint, Command, Device, ExportedFile, Port, Vxlan, Wire
from ipplan.plan.names import as_label

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ipplan.lab.model import Daemon, Gre


class Group(NamedTuple):
    """A device as `ipplan flows` names it: its kind, and the name of its owner, such as a cluster or an edge."""

    kind: str
    owner: str | None


UNNAMED = ("IKS", "ICP")
"""The owners of workers whose cluster the plan does not declare, for IKS and ICP."""


def workers_of(platform: str, name: str | None) -> Group:
    """Return the group of the workers of a cluster."""
    return Group("workers", platform.upper() if name is None else name)


class Attachment(NamedTuple):
    """An interface of a device and the name of its wire."""

    interface: str
    wire: str


class Draft:
    """A device that is being designed.

    `group` is the device in `ipplan flows`: flows sees all devices of a group as one. `cluster` is the group of the
    workers of its cluster, None outside of clusters. `held` are its addresses, each with the network of the plan, or
    None for scenery. `router` is an address at its first hop, which has to answer.
    """

    def __init__(self, number: int, label: str, title: str, group: Group) -> None:
        self.number = number
        self.label = label
        self.title = title
        self.group = group
        self.ports: dict[str, Attachment] = {}
        self.held: list[tuple[str | None, str]] = []
        self.commands: list[Command] = []
        self.rules: list[Command] = []
        self.daemons: list[Daemon] = []
        self.late: list[Command] = []
        self.gre: list[Gre] = []
        self.path_filter = 0
        self.router: str | None = None
        self.cluster: Group | None = group if group.kind == "workers" else None

    def port(self, variable: str, wire: str, interface: str | None = None) -> str:
        """Put an interface on a wire, and return its name."""
        if interface is None:
            taken = {name for name, _ in self.ports.values()}
            interface = next(n for i in range(len(taken) + 1) if (n := f"eth{i}") not in taken)
        self.ports[variable] = Attachment(interface, wire)
        return interface

    def interface(self, variable: str) -> str | None:
        """Return the name of an interface, None where the device has no such interface."""
        found = self.ports.get(variable)
        return None if found is None else found.interface

    def attach(self, variable: str, wire: str, *addresses: str, network: str | None = None) -> str:
        """Put an interface with addresses on a wire, as scenery, and return its name."""
        interface = self.port(variable, wire)
        self.scenery(f"ip link set {interface} up")
        for address in addresses:
            self.hold(address, interface, network)
        return interface

    def hold(self, address: str, interface: str, network: str | None) -> None:
        """Add an address, with its prefix length, as scenery."""
        self.scenery(f"ip address replace {address} dev {interface}")
        self.held.append((network, address.partition("/")[0]))

    def scenery(self, text: str, why: str = "") -> None:
        """Add a command that no export writes."""
        self.commands.append(Command(text, None, why))

    def rule(self, text: str, why: str) -> None:
        """Add rules of nft that no export writes."""
        self.rules.append(Command(text, None, why))

    def has(self, address: str, network: str | None = None) -> bool:
        """Return whether the device has an address, in a certain network if one is given."""
        return any(a == address and network in (None, n) for n, a in self.held)

    @property
    def first_address(self) -> str:
        """The first of its addresses."""
        return self.held[0][1]


class Drafts:
    """The design of a lab. Wires are joined by name, and numbered at the end."""

    def __init__(self) -> None:
        self.devices: dict[str, Draft] = {}
        self.scenery: dict[str, None] = {}
        self.files: dict[str, str] = {}
        self.origins: dict[str, str] = {}
        self.absent: dict[str, str] = {}
        self.refused: dict[Group, str] = {}
        self.vxlans: list[tuple[int, str, str, str, Draft]] = []
        self._same: dict[str, str] = {}
        self._titles: dict[str, str] = {}
        self._inside: dict[str, Draft] = {}

    def device(self, label: str, title: str, group: Group) -> Draft:
        """Return a new device; its label gets a number where another device has the label."""
        wanted, number = as_label(label), 1
        name = wanted
        while name in self.devices:
            number += 1
            name = f"{wanted[:58].rstrip('-')}-{number}"
        draft = self.devices[name] = Draft(len(self.devices), name, title, group)
        return draft

    def find(self, *group: str | None) -> Draft | None:
        """Return the first device of a group, None without one."""
        return next((d for d in self.devices.values() if d.group == group), None)

    def of_group(self, kind: str) -> Iterator[Draft]:
        """Yield the devices of a kind, of any owner."""
        return (d for d in self.devices.values() if d.group.kind == kind)

    def say(self, what: str) -> None:
        """Add to the list of what no export configures."""
        self.scenery[what] = None

    # Wires.

    def wire(self, name: str, title: str | None = None) -> str:
        """Return the wire of a name, which may be joined with others."""
        self._titles.setdefault(name, title or name)
        while name in self._same:
            name = self._same[name]
        return name

    def join(self, first: str, second: str) -> None:
        """Make two wires one."""
        one, other = self.wire(first), self.wire(second)
        if one != other:
            self._same[other] = one

    def inside(self, wire: str, host: Draft) -> None:
        """Put a wire inside a host, where a VXLAN joins it with the wire in another host."""
        self._inside[wire] = host

    # The blueprint.

    def finish(self) -> Blueprint:
        """Return the blueprint of the lab."""
        numbers: dict[str, int] = {}
        for draft in self.devices.values():
            for _, wire in draft.ports.values():
                numbers.setdefault(self.wire(wire), len(numbers))
        for _, wire, *_ in self.vxlans:
            numbers.setdefault(self.wire(wire), len(numbers))
        inside = {self.wire(wire): host for wire, host in self._inside.items()}
        wires = tuple(
            Wire(number, self._titles.get(wire, wire), inside[wire].number if wire in inside else None)
            for wire, number in numbers.items()
        )
        vxlans = tuple(
            Vxlan(vni, numbers[self.wire(wire)], local, remote) for vni, wire, local, remote, _ in self.vxlans
        )
        devices = tuple(self._device(draft, numbers) for draft in self.devices.values())
        return Blueprint(
            devices,
            wires,
            vxlans,
            tuple(ExportedFile(name, text, self.origins[name]) for name, text in self.files.items()),
            tuple(self.scenery),
            tuple(self.absent.items()),
        )

    def _device(self, draft: Draft, numbers: dict[str, int]) -> Device:
        ports = tuple(Port(interface, numbers[self.wire(wire)]) for interface, wire in draft.ports.values())
        return Device(
            draft.number,
            draft.label,
            draft.title,
            ports,
            tuple(draft.commands),
            tuple(draft.rules),
            tuple(draft.daemons),
            tuple(draft.late),
            tuple(draft.gre),
            draft.path_filter,
        )
