"""The address plan as an Excel workbook, for those who review it: networks, addresses, findings, free space, routes, NAT.

The only home of XlsxWriter, which is asked for only here. The same plan gives the same bytes: the workbook carries the
date of the edition of IBM's ranges, not of the day. Text of a plan is never taken for a formula or a link.
"""

from __future__ import annotations

import datetime
from collections import Counter
from io import BytesIO
from typing import TYPE_CHECKING, NamedTuple

from ipplan.addresses import format_address
from ipplan.checks import check_plan
from ipplan.export import ExportError, mark
from ipplan.export.nsx_esg import list_translations
from ipplan.export.routes import show_hop
from ipplan.free import find_free
from ipplan.inventory import list_networks
from ipplan.landscape.model import HOW
from ipplan.output.text import cells, escape
from ipplan.plan.sizing import gateway_of, resolve_addresses, usable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ipplan.export import Request
    from ipplan.findings import Finding
    from ipplan.free import Free
    from ipplan.landscape.ends import Carried

    Value = str | int | None

LARGEST_NUMBER = 10**15
"""Numbers from here on are written as text: Excel keeps 15 digits (Excel specifications and limits)."""
MOST_ROWS = 1_048_576
"""Rows of a worksheet, and characters of a cell (the same page)."""
MOST_CHARACTERS = 32_767
_WIDEST = 80
"""Characters of the widest column; longer text is wrapped."""
_A4 = 9
"""The number of the paper size (ECMA-376 part 1, section 18.3.1.63)."""
_PROVIDERS = {
    "ibm": "IBM Cloud", "byoip": "BYOIP", "enterprise": "enterprise", "default": "default of the platform",
}  # fmt: skip
_STATUS = {
    "pinned": "pinned", "allocated": "allocated, not pinned", "default": "default",
    "to-allocate": "to allocate", "to-order": "to be ordered",
}  # fmt: skip
_COUNTED = (("error", "errors"), ("warning", "warnings"), ("note", "notes"), ("waived", "waived"))
_NETWORKS = (
    "name", "kind", "provided by", "cluster", "CIDR", "first address", "last address", "netmask", "gateway", "usable",
    "status", "group", "description",
)  # fmt: skip
_ADDRESSES = ("address", "name", "network", "CIDR", "kind", "cluster")
_FINDINGS = ("severity", "rule", "message", "networks", "waived", "what to do")
_FREE = ("pool", "free block", "first address", "last address", "addresses")
_LINKS = ("first", "second", "method", "carries of the first", "carries of the second")
_TUNNELS = (
    "name", "near end", "near gateway", "near subnets", "far end", "far gateway", "far subnets", "translated",
)  # fmt: skip
_ROUTES = ("device", "of", "network", "next hop", "towards", "how", "what")
_NAT = ("ESG", "action", "interface", "original", "for destination", "translated", "service", "what")


class Sheet(NamedTuple):
    """One worksheet: its name, the titles of its columns, and its rows."""

    name: str
    titles: tuple[str, ...]
    rows: Sequence[Sequence[Value]]


def export_xlsx(request: Request) -> bytes:
    """Return the workbook; raise ExportError where XlsxWriter is missing, or the plan has more rows than a sheet."""
    try:
        import xlsxwriter
    except ImportError:
        raise ExportError("xlsx needs XlsxWriter", "pip install 'ipplan[xlsx]'") from None
    sheets = list(make_sheets(request))
    for sheet in sheets:
        if len(sheet.rows) >= MOST_ROWS:
            raise ExportError(
                f"sheet {sheet.name} would have {len(sheet.rows):,} rows, and a worksheet has {MOST_ROWS:,}",
                "ipplan show PLAN --format csv has no such limit",
            )
    data = BytesIO()
    # In memory, because temporary files would be left behind by an interruption.
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(data, options) as book:
        edition = datetime.date.fromisoformat(request.catalog.edition)
        book.set_properties(
            {
                "title": _clean(request.plan.name or request.plan.file),
                "subject": "IP address plan",
                "comments": _clean(request.header("IP address plan")[1]),
                "created": datetime.datetime(edition.year, edition.month, edition.day),
            }
        )
        head = book.add_format({"bold": True, "bg_color": "#D9E1F2", "bottom": 1, "valign": "top"})
        plain = book.add_format({"text_wrap": True, "valign": "top"})
        number = book.add_format({"num_format": "#,##0", "valign": "top"})
        for sheet in sheets:
            page = book.add_worksheet(sheet.name)
            page.freeze_panes(1, 0)
            page.set_landscape()
            page.set_paper(_A4)
            page.fit_to_pages(1, 0)
            page.repeat_rows(0)
            page.set_footer("&L&A&R&P / &N")
            for column, width in enumerate(_widths(sheet)):
                page.set_column(column, column, width)
            for column, title in enumerate(sheet.titles):
                page.write_string(0, column, title, head)
            for row, values in enumerate(sheet.rows, 1):
                for column, value in enumerate(values):
                    if isinstance(value, int) and value < LARGEST_NUMBER:
                        page.write_number(row, column, value, number)
                    elif value is not None:
                        page.write_string(row, column, _clean(str(value)), plain)
            page.autofilter(0, 0, len(sheet.rows), len(sheet.titles) - 1)
    return data.getvalue()


def make_sheets(request: Request) -> Iterator[Sheet]:
    """Yield the sheets of the workbook, in their order."""
    free = find_free(request.plan, request.catalog)
    found = check_plan(request.plan, request.catalog, request.today)
    yield Sheet("Plan", ("what", "value"), tuple(_about(request, found, free)))
    yield Sheet("Networks", _NETWORKS, tuple(_networks(request)))
    yield Sheet("Addresses", _ADDRESSES, tuple(_addresses(request)))
    yield Sheet("Findings", _FINDINGS, tuple(_findings(found)))
    yield Sheet("Free", _FREE, tuple(_free_blocks(free)))
    yield Sheet("Routes", _ROUTES, tuple(_routes(request)))
    yield Sheet("NAT", _NAT, tuple(_nat(request)))
    yield Sheet("Links", _LINKS, tuple(_links(request)))
    yield Sheet("Tunnels", _TUNNELS, tuple(_tunnels(request)))


def _about(request: Request, found: Iterable[Finding], free: Free) -> Iterator[tuple[str, Value]]:
    plan = request.plan
    purpose, made = request.header("IP address plan, for review")
    yield "what it is", purpose
    yield "plan", plan.name or plan.file
    yield "description", plan.description
    yield "made from", made
    yield "edition of IBM Cloud's ranges", request.catalog.edition
    yield "data centers", ", ".join(plan.data_centers) or None
    standing = Counter("waived" if f.waived is not None else f.severity for f in found)
    counts = ", ".join(f"{standing[what]:,} {title}" for what, title in _COUNTED if standing[what])
    yield "findings", counts or "none"
    for key, method in plan.integration.items():
        yield f"integration {key}", method
    for cluster in plan.clusters.values():
        workers = "" if cluster.workers is None else f", {cluster.workers:,} workers"
        yield f"cluster {cluster.name}", f"{cluster.platform.upper()}{workers}"
    for pool in free.pools:
        report = pool.report
        largest = "nothing" if report.largest_free is None else str(report.largest_free)
        yield (
            f"pool {report.prefix}",
            f"{report.free:,} of {report.prefix.size:,} addresses free, largest block {largest}",
        )
    for avoid in plan.avoids:
        yield f"avoided {avoid.prefix}", avoid.reason


def _networks(request: Request) -> Iterator[tuple[Value, ...]]:
    plan = request.plan
    placed = {n.name: n.prefix for n in plan.networks if n.name in request.placed and n.prefix is not None}
    for entry in list_networks(plan, placed):
        network, prefix = entry.network, entry.prefix
        space: tuple[Value, ...] = (None,) * 6
        if prefix is not None:
            space = (
                str(prefix), format_address(prefix.version, prefix.first), format_address(prefix.version, prefix.last),
                prefix.netmask,
                gateway_of(network, prefix), usable(prefix, network.kind),
            )  # fmt: skip
        elif entry.length is not None:
            space = (f"/{entry.length}", *space[1:])
        yield (
            network.name, network.kind.name, _PROVIDERS[entry.provider], network.cluster, *space,
            _STATUS[entry.status], network.group, network.description,
        )  # fmt: skip


def _addresses(request: Request) -> Iterator[tuple[Value, ...]]:
    for network in request.plan.networks:
        if network.prefix is not None:
            for name, text in resolve_addresses(network, network.prefix):
                yield text, name, network.name, str(network.prefix), network.kind.name, network.cluster


def _findings(found: Iterable[Finding]) -> Iterator[tuple[Value, ...]]:
    for finding in sorted(found, key=lambda f: f.sort_key):
        names = ", ".join(finding.networks)
        yield finding.severity, finding.rule, finding.message, names, finding.waived, finding.help


def _free_blocks(free: Free) -> Iterator[tuple[Value, ...]]:
    for pool in free.pools:
        for block in pool.blocks:
            first, last = (format_address(block.version, value) for value in (block.first, block.last))
            yield str(pool.report.prefix), str(block), first, last, block.size


def _links(request: Request) -> Iterator[tuple[Value, ...]]:
    ends = request.landscape.ends
    for end in (*ends.clusters, *ends.edges, *ends.sites):
        for joint in ends.joints_of(end):
            if joint.first == end:
                carried = (
                    ", ".join(map(_carried, ends.carried(joint, side)))
                    for side in (joint.first, joint.second)
                )
                yield joint.first.title, joint.second.title, joint.method or "undecided", *carried


def _carried(item: Carried) -> str:
    return item.network.name if item.shown is None else f"{item.network.name} as {item.shown}"


def _routes(request: Request) -> Iterator[tuple[Value, ...]]:
    for device in request.landscape.devices():
        for route in device.routes:
            yield (
                device.kind,
                device.name,
                str(route.prefix),
                show_hop(route) or None,
                route.via,
                HOW[route.how],
                route.text,
            )


def _nat(request: Request) -> Iterator[tuple[Value, ...]]:
    for edge in request.landscape.ends.edges:
        for row in list_translations(request.landscape.esg(edge)):
            yield edge.name, *row


def _tunnels(request: Request) -> Iterator[tuple[Value, ...]]:
    for tunnel in request.landscape.all_tunnels():
        row: list[Value] = [tunnel.label]
        for end in (tunnel.near, tunnel.far):
            row += [end.end.title, mark(end.gateway), ", ".join(map(str, end.policy))]
        row.append(
            ", ".join(f"{t.network} {t.real} as {t.shown}" for t in (*tunnel.near_nat, *tunnel.far_nat))
            or None
        )
        yield tuple(row)


def _clean(text: str) -> str:
    """Return text without control characters, and no longer than a cell takes."""
    safe = escape(text)
    return safe if len(safe) <= MOST_CHARACTERS else safe[: MOST_CHARACTERS - 1] + "…"


def _widths(sheet: Sheet) -> Iterable[int]:
    """Return the width of each column in characters: that of its longest text, within bounds, and room for the arrow."""
    for column, title in enumerate(sheet.titles):
        shown = (
            f"{row[column]:,}" if isinstance(row[column], int) else str(row[column] or "")
            for row in sheet.rows
        )
        yield min(max(max(map(cells, shown), default=0) + 2, len(title) + 4), _WIDEST)
