"""Who needs which route: as tables for people and tickets, and as commands for Linux.

What each device needs is derived in `ipplan.devices`; here it is only written.
"""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

from ipplan.export import ExportError, comment, mark
from ipplan.output.table import Column, Table, render_markdown
from ipplan.output.text import escape
from ipplan.plan.names import as_label

if TYPE_CHECKING:
    from ipplan.devices.model import How, Route
    from ipplan.export import Landscape

HOW: dict[How, str] = {
    "static": "to be written",
    "link": "to be written, on the link",
    "connected": "by an interface",
    "bgp": "learned by BGP",
    "ipsec": "by the policy of a tunnel",
    "chart": "written by the strongSwan chart",
    "layer-2": "on the stretched network",
    "request": "to be requested from IBM",
}
"""How a route comes into a table, in words."""
_TITLES = {"VM": "VMs in", "ICP worker": "ICP workers of", "IKS worker": "IKS workers of"}


def export_routes(landscape: Landscape) -> str:
    """Return a table for each device, in Markdown; raise ExportError where no device needs a route."""
    purpose, made = landscape.header("Routes of every device")
    lacking = [f"- {escape(what)}: {escape(help_)}\n" for what, help_ in _lacking(landscape)]
    parts = [
        f"# {escape(purpose)}\n\n{escape(made)}. A star marks an example: an address that the plan gives to nothing.\n"
    ]
    columns = (
        Column("network", "address"), Column("next hop", "address"), Column("towards"), Column("how"), Column("what"),
    )  # fmt: skip
    for title, routes in _sections(landscape).items():
        rows = [
            [str(r.prefix), mark(r.next_hop) if r.next_hop is not None else "", r.via, HOW[r.how], r.text]
            for r in routes
        ]
        parts.append(f"## {escape(title)}\n\n{render_markdown(Table(columns, rows))}")
        if routes[0].device == "BCR":
            parts.append(
                "IBM Cloud's routers know none of these networks, and drop what they did not assign: request the peering"
                " and these prefixes from IBM.\n"
            )
    if lacking:
        parts.append("## What the plan lacks\n\n" + "".join(lacking))
    return "\n".join(parts)


def export_ip_route(landscape: Landscape) -> str:
    """Return a shell script that sets the routes of the device that it is given, with the words of iproute2."""
    sections: dict[str, tuple[str, list[Route]]] = {}
    for title, routes in _sections(landscape).items():
        # Different names may have the same label.
        same = sum(as_label(other) == as_label(title) for other, _ in sections.values())
        sections[as_label(title) + (f"-{same + 1}" if same else "")] = (title, routes)
    lines = [
        "#!/bin/sh",
        *map(comment, landscape.header("routes of a Linux machine in the place of a device")),
    ]
    lines += [comment(f"The plan lacks: {what}: {help_}") for what, help_ in _lacking(landscape)]
    lines += ["# Run it as: sh FILE DEVICE", "set -eu", 'case "${1:-}" in']
    for label, (title, routes) in sections.items():
        lines += [f"{quote(label)})", f"    {comment(title)}"]
        if any(route.how == "link" for route in routes):
            lines.append('    : "${LINK:?the interface on the common VLAN}"')
        for route in routes:
            lines.append(f"    {_command(route)}")
        lines += ["    :", "    ;;"]
    names = ", ".join(sections)
    lines += [
        "*)",
        f"    echo {quote(f'usage: sh FILE DEVICE, one of: {names}')} >&2",
        "    exit 2",
        "    ;;",
        "esac",
    ]
    return "\n".join(lines) + "\n"


def _lacking(landscape: Landscape) -> list[tuple[str, str]]:
    """Return what keeps routes from being told, and what to write."""
    return list(dict.fromkeys(found for edge in landscape.devices.edges for found in edge.missing))


def _command(route: Route) -> str:
    """Return the command for a route, or why there is none, as a comment."""
    if route.how == "link":
        return f'ip route replace {route.prefix} dev "$LINK"  ' + comment(f"{route.via}: {route.text}")
    if route.how != "static" or route.next_hop is None:
        return comment(f"{route.prefix} towards {route.via}: {HOW[route.how]}; {route.text}")
    family = "ip" if route.prefix.version == 4 else "ip -6"
    example = " (an example)" if route.next_hop.example else ""
    return f"{family} route replace {route.prefix} via {route.next_hop.text}  {comment(f'{route.via}{example}: {route.text}')}"


def _sections(landscape: Landscape) -> dict[str, list[Route]]:
    """Return the routes of each device in the order of the devices."""
    found: dict[str, list[Route]] = {}
    for route in landscape.devices.routes:
        title = f"{_TITLES.get(route.device, route.device)} {route.name or ''}".strip()
        found.setdefault(title, []).append(route)
    if not found:
        raise ExportError(
            "no device needs a route: no network behind the ESG has a range",
            "add networks, and ipplan allocate PLAN --write",
        )
    return found
