"""Render the topology of a plan as a document, as a table of links, and as text.

Must not decide anything: domains, links, devices, reach and routes are read from the overview of the landscape.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ipplan.findings import format_key
from ipplan.landscape.ends import METHOD_TITLES
from ipplan.output.documents import made_by
from ipplan.output.table import ALL, EXTRA, Column, Table, render_for_people
from ipplan.output.text import escape, hang
from ipplan.plan.choices import INTEGRATION
from ipplan.plan.labels import describe_about

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ipplan.landscape.ends import End
    from ipplan.landscape.instances import Instance, Port
    from ipplan.landscape.model import HostAddress
    from ipplan.landscape.overview import LinkRow, Overview, Reach, RouteRow, RouteSet, Side
    from ipplan.output.table import Cell, Choice
    from ipplan.plan.model import Cluster, Edge, Plan, Site

_MOST_NAMED = 4
"""Show at most this many networks, prefixes or ends in one cell; documents name all."""
_MOST_ROWS = 40
"""Show at most this many rows of a table."""
_MOST_PAIRED = 8
"""Show each pair of domains in a row of its own up to this many domains; with more, group alike ones."""


class Shown(NamedTuple):
    """The topology to show: the overview of a landscape, and its devices."""

    overview: Overview
    devices: Sequence[Instance]


# The document.


def document(shown: Shown, edition: str) -> dict[str, Any]:
    """Return the document `ipplan.topology/2`."""
    overview = shown.overview
    plan = overview.plan
    return {
        "schema": "ipplan.topology/2",
        "made_by": made_by(edition),
        "plan": {"name": plan.name, "file": plan.file},
        "integration": {key.replace("-", "_"): plan.integration.get(key) for key in INTEGRATION},
        "domains": [
            {
                "domain": d.name,
                "kind": d.kind,
                "title": d.title,
                "name": None if d.end is None else d.end.name,
                "networks": [n.name for n in d.networks],
                **describe_about(_part(plan, d.end)),
            }
            for d in overview.domains
        ],
        "unplaced": [n.name for n in overview.unplaced],
        "devices": [
            {
                "device": device.kind,
                "of": None if device.end is None else _end(device.end),
                "interfaces": [_port(port) for port in device.ports],
            }
            for device in shown.devices
        ],
        "links": [_link(link) for link in overview.links],
        "reach": [
            {
                "from": list(r.origins),
                "to": list(r.targets),
                "addresses": r.addresses,
                "kinds": list(r.kinds),
                "through": list(r.through),
            }
            for r in overview.reach
        ],
        "routes": [_route(row) for row in overview.routes],
    }


def _route(row: RouteRow) -> dict[str, Any]:
    return {
        "device": row.device,
        "of": [_end(end) for end in row.at],
        "towards": row.towards,
        "purpose": row.purpose,
        "key": None if row.key is None else format_key(row.key),
        "targets": [
            {
                "end": _end(each.end),
                "cidrs": _texts(each.prefixes),
                "merged": _texts(each.merged),
                "cover": None if each.cover is None else str(each.cover),
            }
            for each in row.sets
        ],
    }


def _part(plan: Plan, end: End | None) -> Cluster | Edge | Site | None:
    """Return the table of a cluster, edge or site in the plan, None without one."""
    if end is None or end.name is None:
        return None
    if end.kind == "edge":
        return plan.edges.get(end.name)
    return plan.sites.get(end.name) if end.kind == "site" else plan.clusters.get(end.name)


def _end(end: End) -> dict[str, str | None]:
    return {"kind": end.kind, "name": end.name}


def _texts(items: Iterable[object]) -> list[str]:
    return [str(item) for item in items]


def _address(address: HostAddress | None) -> dict[str, Any] | None:
    """Return an address; null for one that is not known yet."""
    if address is None or address.value is None:
        return None
    return {
        "address": address.text,
        "network": address.network,
        "name": address.name,
        "example": address.example,
    }


def _port(port: Port) -> dict[str, Any]:
    known = [address for address in map(_address, port.addresses) if address is not None]
    return {
        "interface": port.name,
        "network": port.network.name,
        "addresses": known,
        "gateway": _address(port.gateway),
    }


def _link(link: LinkRow) -> dict[str, Any]:
    bundle = link.bundle
    return {
        "pair": bundle.pair,
        "method": bundle.method,
        "title": bundle.title,
        "key": format_key(bundle.key),
        "written": bundle.link is not None,
        "pairs": bundle.size,
        "private": link.private,
        "first": [_side(side) for side in link.first],
        "second": [_side(side) for side in link.second],
    }


def _side(side: Side) -> dict[str, Any]:
    return {
        "end": _end(side.end),
        "gateway": _address(side.gateway),
        "behind": _address(side.inside),
        "carries": [
            {
                "network": item.network.name,
                "cidr": None if item.network.prefix is None else str(item.network.prefix),
                "shown": None if item.shown is None else str(item.shown),
            }
            for item in side.carries
        ],
        "cidrs": _texts(side.subnets),
    }


# Tables.


COLUMNS = (
    Column("between", long="list"),
    Column("and", long="list"),
    Column("method", goes=1),
    Column("by", goes=3),
    Column("carries there", goes=2, long="wrap"),
    Column("carries back", goes=2, long="wrap"),
    Column("ends at", goes=EXTRA, long="wrap"),
)
"""The columns of the links; for people a separate table shows where tunnels end."""


def table(shown: Shown) -> Table:
    """Return the links, one row for all that are alike."""
    return Table(COLUMNS, [_link_cells(link) for link in shown.overview.links])


def _link_cells(link: LinkRow) -> tuple[Cell, ...]:
    bundle = link.bundle
    return (
        _some(map(_label, bundle.first)),
        _some(map(_label, bundle.second)),
        bundle.title,
        _written(link),
        _carried(link.first),
        _carried(link.second),
        _ends_at(link),
    )


def _label(end: End) -> str:
    """Return the short name of an end, for a column that shows its kind elsewhere."""
    if end.name is not None:
        return end.name
    return {"edge": "the edge", "ibm-private": "ibm-private"}.get(end.kind, f"the {end.kind.upper()} cluster")


def _written(link: LinkRow) -> str:
    if link.bundle.link is not None:
        return format_key(link.bundle.key)
    key = link.bundle.joint().integration or ""
    return key if link.bundle.method is not None else f"{key} is not stated"


def _carried(sides: Sequence[Side]) -> str | None:
    """Return the prefixes of one side that links carry, translated ones as REAL as SHOWN."""
    if len(sides) > 1:
        count = sum(len(side.subnets) for side in sides)
        return f"{count:,} prefixes of {len(sides):,}" if count else None
    side = sides[0]
    shown = [item for item in side.carries if item.shown is not None and item.network.prefix is not None]
    hidden = {item.shown for item in shown}
    own = [str(prefix) for prefix in side.subnets if prefix not in hidden]
    return _some([*own, *(f"{item.network.prefix} as {item.shown}" for item in shown)])


def _ends_at(link: LinkRow) -> str | None:
    if link.private is None or link.bundle.size > 1:
        return None
    first, second = link.first[0].gateway, link.second[0].gateway
    return " and ".join("any address" if end is None else end.text for end in (first, second))


def _some(texts: Iterable[str], most: int = _MOST_NAMED) -> str | None:
    listed = list(texts)
    text = ", ".join(listed[:most])
    if len(listed) > most:
        text += f" and {len(listed) - most:,} more"
    return text or None


def _domain_table(overview: Overview) -> Table:
    columns = (
        Column("domain"),
        Column("description", goes=2),
        Column("networks", "number"),
        Column("names", goes=1, long="list"),
    )
    rows = [(d.name, d.title, len(d.networks), _some(n.name for n in d.networks)) for d in overview.domains]
    caption = None
    if overview.unplaced:
        caption = f"in no domain, because they name no edge or site: {_some(n.name for n in overview.unplaced)}"
    return _short(Table(columns, rows, caption))


def _short(whole: Table) -> Table:
    """Return the first rows of a table, with a note on the rest."""
    more = len(whole.rows) - _MOST_ROWS
    if more <= 0:
        return whole
    words = f"and {more:,} more rows; --json shows all"
    return whole._replace(
        rows=whole.rows[:_MOST_ROWS],
        caption=words if whole.caption is None else f"{words}\n{whole.caption}",
    )


def _device_table(devices: Sequence[Instance]) -> Table:
    columns = (
        Column("device"),
        Column("interface"),
        Column("network", goes=2, long="list"),
        Column("addresses", "address", long="wrap"),
        Column("gateway", "address", goes=1),
    )
    rows: list[tuple[Cell, ...]] = []
    for device in devices:
        gateways = [port for port in device.ports if port.name == "gateway"]
        for port in device.ports:
            if port.name != "gateway":
                at = _some(_starred(a) for a in port.addresses)
                rows.append((device.title, port.name, port.network.name, at, _starred(port.gateway) or None))
        if gateways:
            at = _some(_starred(a) for port in gateways for a in port.addresses)
            rows.append((device.title, "gateway", _some(port.network.name for port in gateways), at, None))
        if not device.ports:
            rows.append((device.title, None, None, None, None))
    caption = None
    if any("*" in (row[3] or "") for row in rows if isinstance(row[3], str)):
        caption = "* an example: the plan does not assign this address"
    return _short(Table(columns, rows, caption))


def _starred(address: HostAddress | None) -> str:
    if address is None:
        return ""
    return address.text + ("*" if address.example and address.value is not None else "")


def _reach_table(overview: Overview) -> Table:
    columns = (
        Column("from", long="list"),
        Column("to", long="list"),
        Column("reached"),
        Column("through", goes=1, long="note"),
    )
    if len(overview.domains) > _MOST_PAIRED:
        rows: list[tuple[Cell, ...]] = [
            (_some(r.origins), _some(r.targets), _REACHED[r.addresses], ", then ".join(r.through))
            for r in overview.reach
        ]
        return _short(Table(columns, rows))
    best = best_ways(overview.reach)
    pairs = [(a.name, b.name) for a in overview.domains for b in overview.domains if a is not b]
    return Table(columns, [(*pair, *_reached(best.get(pair))) for pair in pairs])


def best_ways(reach: Iterable[Reach]) -> Mapping[tuple[str, str], Reach]:
    """Return for each pair of domains the way that translates least. Linear in the pairs."""
    found: dict[tuple[str, str], Reach] = {}
    for row in sorted(reach, key=lambda r: list(_REACHED).index(r.addresses)):
        for origin in row.origins:
            for target in row.targets:
                found.setdefault((origin, target), row)
    return found


_REACHED = {"own": "yes", "shown": "as shown by a link", "device": "translated"}


def _reached(way: Reach | None) -> tuple[str, str | None]:
    return ("no", None) if way is None else (_REACHED[way.addresses], ", then ".join(way.through))


def _tunnel_table(overview: Overview) -> Table:
    columns = (
        Column("tunnel"),
        Column("to", long="list"),
        Column("at", "address"),
        Column("listens at", "address", goes=2),
        Column("subnets", "address", long="wrap"),
    )
    rows = [
        (_label(side.end), _some(map(_label, far), 2), _gateway(side), _starred(side.inside) or None, _few(side))
        for link in overview.links
        if link.private is not None
        for sides, far in ((link.first, link.bundle.second), (link.second, link.bundle.first))
        for side in sides
    ]
    return _short(Table(columns, rows))


def _gateway(side: Side) -> str:
    return "any" if side.gateway is None else _starred(side.gateway)


def _few(side: Side) -> str | None:
    return _some(map(str, side.subnets))


def _route_table(overview: Overview) -> Table:
    columns = (
        Column("at"),
        Column("towards"),
        Column("purpose", goes=3),
        Column("routes", "number", goes=2),
        Column("merged", "number", goes=4),
        Column("prefixes", "address", long="wrap"),
        Column("as one group", goes=5),
    )
    rows = [
        (
            r.device + _of(r.at),
            r.towards + _of((each.end,)),
            r.purpose,
            len(each.prefixes),
            len(each.merged),
            _some(map(str, each.merged)),
            _grouping(each),
        )
        for r in overview.routes
        for each in r.sets
    ]
    return _short(Table(columns, rows))


def _of(ends: Sequence[End]) -> str:
    named = _some((end.name for end in ends if end.name is not None), 2)
    return "" if named is None else f" of {named}"


def _grouping(routes: RouteSet) -> str | None:
    """Say how many routes one covering prefix would save."""
    if routes.cover is None or len(routes.merged) < 2:
        return None
    return f"1 route, {len(routes.merged) - 1:,} fewer"


def render_text(shown: Shown, *, width: int | None, color: bool, choice: Choice = ALL) -> str:
    """Return the topology for people: domains, links, tunnels, devices, reachability, and required routes.

    The choice applies to the columns of the links.
    """

    def show(part: Table, chosen: Choice = choice.elsewhere) -> str:
        return render_for_people(part, width=width, color=color, choice=chosen)

    overview = shown.overview
    parts = ["".join(hang(line, width) for line in _head(overview)), show(_domain_table(overview))]
    links = _short(table(shown))
    parts += [show(links, choice)] if links.rows else []
    tables = [
        _tunnel_table(overview),
        _device_table(shown.devices),
        _reach_table(overview),
        _route_table(overview),
    ]
    parts += [show(part) for part in tables if part.rows]
    return "\n".join(parts)


def _head(overview: Overview) -> Iterator[str]:
    plan = overview.plan
    stated = [f'{key} = "{plan.integration[key]}"' for key in INTEGRATION if key in plan.integration]
    missing = [key for key in INTEGRATION if key not in plan.integration]
    head = "integration: " + (", ".join(stated) or "not stated")
    if stated and missing and not plan.links:
        head += f"; not stated: {', '.join(missing)}"
    yield escape(head)
    if plan.links:
        counts: dict[str, int] = {}
        for link in plan.links:
            title = METHOD_TITLES[link.method]
            counts[title] = counts.get(title, 0) + 1
        yield f"[[link]]: {', '.join(f'{title} ({count:,})' for title, count in counts.items())}"
