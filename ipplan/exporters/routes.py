"""The routes that each device needs: as tables for people and tickets, and as commands for Linux.

`ipplan.landscape` derives the routes; this module only writes them.
"""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

from ipplan.exporters import STAR, ExportError, comment, mark
from ipplan.exporters.gre import has_addresses, tunnels_of
from ipplan.landscape.model import HOW
from ipplan.output.table import Column, Table, render_markdown
from ipplan.output.text import escape
from ipplan.plan.names import as_label

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ipplan.exporters import Request
    from ipplan.landscape import End
    from ipplan.landscape.model import DeviceTable, Route

_COLUMNS = (
    Column("network", "address"),
    Column("next hop", "address"),
    Column("towards"),
    Column("how"),
    Column("what"),
)
_REQUESTED = (
    "IBM Cloud's routers have no route to the requested networks, and drop packets from addresses that IBM did not"
    " assign: request the peering and these prefixes from IBM.\n"
)


def export_routes(request: Request) -> str:
    """Return a table for each device, in Markdown; raise ExportError where no device needs a route."""
    purpose, made = request.header("Routes of every device")
    parts = [f"# {escape(purpose)}\n\n{escape(made)}. {STAR}\n\n"]
    head = render_markdown(Table(_COLUMNS, ()))
    known: dict[tuple[object, ...], str] = {}
    missing: dict[tuple[str, str], None] = dict.fromkeys(request.landscape.homeless)
    for device in _devices(request):
        parts.append(f"## {escape(device.title)}\n\n{head}")
        parts += [known.get(content_of(route)) or _row(route, known) for route in device.routes]
        parts.append("\n")
        if device.kind == "BCR" and any(route.how == "request" for route in device.routes):
            parts.append(_REQUESTED)
            parts.append("\n")
    missing |= dict.fromkeys(_missing(request))
    if missing:
        parts.append(
            "## Missing in the plan\n\n" + "".join(f"- {escape(what)}: {escape(help_)}\n" for what, help_ in missing)
        )
    else:
        parts.pop()
    return "".join(parts)


def content_of(route: Route) -> tuple[object, ...]:
    """Return what a table says about a route except whose it is: the same in many tables, so it is rendered once."""
    return route.prefix, route.via, route.next_hop, route.interface, route.how, route.text


def _row(route: Route, known: dict[tuple[object, ...], str]) -> str:
    """Return the row of a route, and keep it for the same route in other tables."""
    row = [str(route.prefix), show_hop(route), route.via, HOW[route.how], route.text]
    known[content_of(route)] = text = render_markdown(Table(_COLUMNS, [row])).split("\n", 2)[2]
    return text


def show_hop(route: Route) -> str:
    """Return the next hop for a table, with a star where it is an example; empty where there is none or it is not known."""
    return "" if route.next_hop is None or route.next_hop.value is None else mark(route.next_hop)


def export_ip_route(request: Request) -> str:
    """Return a shell script that sets the routes of one device, named by its argument, with iproute2."""
    lines = [
        "#!/bin/sh",
        *map(comment, request.header("routes of a Linux machine that replaces a device")),
    ]
    body: list[str] = []
    known: dict[tuple[object, ...], str] = {}
    names: list[str] = []
    for label, device in labelled(request):
        names.append(label)
        body += [f"{quote(label)})", f"    {comment(device.title)}"]
        if any(route.how == "link" for route in device.routes):
            body.append('    : "${LINK:?the interface on the common VLAN}"')
        tunnels = _gre(request, device)
        body += [known.get(content_of(route)) or _command(route, known, tunnels) for route in device.routes]
        body += ["    :", "    ;;"]
    missing = dict.fromkeys((*request.landscape.homeless, *_missing(request)))
    lines += [comment(f"missing in the plan: {what}: {help_}") for what, help_ in missing]
    lines += ["# Run it as: sh FILE DEVICE", "set -eu", 'case "${1:-}" in', *body]
    usage = f"usage: sh FILE DEVICE, one of: {', '.join(names)}"
    lines += [
        "*)",
        f"    echo {quote(usage)} >&2",
        "    exit 2",
        "    ;;",
        "esac",
    ]
    return "\n".join(lines) + "\n"


def labelled(request: Request) -> Iterator[tuple[str, DeviceTable]]:
    """Yield the devices of the script, each with its label there."""
    labels: dict[str, int] = {}
    for device in _devices(request):
        # Different names may have the same label.
        label = as_label(device.title)
        labels[label] = same = labels.get(label, 0) + 1
        yield label + (f"-{same}" if same > 1 else ""), device


def _gre(request: Request, device: DeviceTable) -> Mapping[End, str]:
    """Return the names of the GRE interfaces of a device, by the far ends of their tunnels."""
    if not any(route.how == "gre" for route in device.routes):
        return {}
    ends = request.landscape.ends
    own = ends.edges if device.kind == "ESG" else ends.sites
    end = next(end for end in own if end.name == device.name or len(own) == 1)
    return {far: name for far, (name, tunnel) in tunnels_of(request, end).items() if has_addresses(tunnel)}


def _missing(request: Request) -> Iterator[tuple[str, str]]:
    """Yield what is missing in the plan for complete routes, and what to write."""
    for edge in request.landscape.ends.edges:
        yield from request.landscape.esg(edge).missing


def _command(route: Route, known: dict[tuple[object, ...], str], tunnels: Mapping[End, str]) -> str:
    """Return the command for a route; a comment that says why, where there is no command."""
    if route.how == "gre" and route.to is not None and route.to in tunnels:
        return f"    {_family(route)} route replace {route.prefix} dev {tunnels[route.to]}  {comment(route.text)}"
    known[content_of(route)] = line = f"    {_words(route)}"
    return line


def _family(route: Route) -> str:
    return "ip" if route.prefix.version == 4 else "ip -6"


def _words(route: Route) -> str:
    if route.how == "link":
        return f'ip route replace {route.prefix} dev "$LINK"  ' + comment(f"{route.via}: {route.text}")
    hop = route.next_hop
    if route.how not in ("static", "static-route") or hop is None or hop.value is None:
        unknown = "; next hop not known yet" if route.how == "static" else ""
        if route.how == "gre":
            unknown = "; an end of the tunnel has no address yet"
        return comment(f"{route.prefix} towards {route.via}: {HOW[route.how]}{unknown}; {route.text}")
    example = " (an example)" if hop.example else ""
    return f"{_family(route)} route replace {route.prefix} via {hop.text}  {comment(f'{route.via}{example}: {route.text}')}"


def _devices(request: Request) -> Iterator[DeviceTable]:
    """Yield the devices that have routes; raise ExportError where none has any."""
    found = False
    for device in request.landscape.devices():
        found = True
        yield device
    if not found:
        raise ExportError(
            "no device needs a route: no network behind the ESG has a range",
            "add networks, and run ipplan allocate PLAN --write",
        )
