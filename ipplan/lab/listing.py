"""The commands of a lab as text: each device with its commands, and the export that each comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.output.text import escape

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ipplan.lab.model import Blueprint, Command, Device, Wire


def render_listing(blueprint: Blueprint) -> str:
    """Return the commands of a lab in the order in which they run, without running them."""
    wires = {wire.number: wire for wire in blueprint.wires}
    origins = {file.name: file.arguments for file in blueprint.files}
    lines = [
        f"# {len(blueprint.devices):,} devices, {len(wires):,} wires; each device is a network namespace",
        "# the comment after each command is the export that it comes from, or scenery: added by the lab itself",
    ]
    for device in blueprint.devices:
        lines += ["", *_device(device, wires, origins, blueprint)]
    if blueprint.scenery:
        lines += [
            "",
            "# scenery: what no export configures",
            *(f"#   {escape(what)}" for what in blueprint.scenery),
        ]
    if blueprint.absent:
        lines += [
            "",
            "# not configured",
            *(f"#   {escape(what)}: {escape(why)}" for what, why in blueprint.absent),
        ]
    return "\n".join(lines) + "\n"


def _device(device: Device, wires: dict[int, Wire], origins: dict[str, str], blueprint: Blueprint) -> Iterator[str]:
    yield f"# {escape(device.title)}: ipplan lab enter {device.label}"
    yield f"ip netns add d{device.number}"
    for port in device.ports:
        yield f"#   {port.interface} on {escape(wires[port.wire].title)}"
    inside = {wire.number for wire in wires.values() if wire.host == device.number}
    for vxlan in blueprint.vxlans:
        if vxlan.wire in inside:
            title = escape(wires[vxlan.wire].title)
            yield f"#   VXLAN {vxlan.vni} from {vxlan.local} to {vxlan.remote}: {title}"
    for tunnel in device.gre:
        yield f"#   GRE {tunnel.interface} from {tunnel.local} to {tunnel.remote}; the lab carries it if the kernel has no GRE"
    for command in device.commands:
        yield _command(command, origins)
    for rules in device.rules:
        if rules.target is not None:
            yield f"nft -f {rules.target}  # {_origin(rules.target, origins)}"
        else:
            yield f"nft -f -  # scenery: {escape(rules.why)}"
            yield from (f"#     {escape(line)}" for line in rules.text.splitlines())
    for daemon in device.daemons:
        for file in daemon.files:
            yield f"{daemon.program} {file.name}  # {_origin(file.target, origins)}"
    for command in device.late:
        yield _command(command, origins)


def _command(command: Command, origins: dict[str, str]) -> str:
    origin = _origin(command.target, origins)
    return f"{command.text}  # {origin}{f': {escape(command.why)}' if command.why else ''}"


def _origin(file: str | None, origins: dict[str, str]) -> str:
    """Return the export that writes a file, or that it is scenery."""
    return "scenery" if file is None else f"ipplan export PLAN {escape(origins[file])}"
