"""The address plan as an Excel workbook for review: networks, addresses, findings, free space, routes, NAT.

The same plan gives the same bytes: the date in the workbook is that of the edition of IBM's ranges, not today.
"""

from __future__ import annotations

import datetime
from collections import Counter
from typing import TYPE_CHECKING

from ipplan.addresses import format_address
from ipplan.checks import check_plan
from ipplan.exporters import ExportError, mark
from ipplan.exporters.nsx_esg_table import list_nat
from ipplan.exporters.routes import show_hop
from ipplan.exporters.workbook import MOST_CHARACTERS, Shade, Sheet, write_workbook
from ipplan.free import find_free
from ipplan.inventory import list_networks
from ipplan.landscape.model import HOW
from ipplan.plan.labels import format_addresses, format_labels
from ipplan.plan.sizing import gateway_of, resolve_addresses, usable
from ipplan.spaces import AddressSpace

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ipplan.exporters import Request
    from ipplan.findings import Finding
    from ipplan.free import Free
    from ipplan.landscape.ends import Carried
    from ipplan.plan.model import Network, Plan

    Value = str | int | None

__all__ = ["MOST_CHARACTERS", "MOST_ROWS", "export_xlsx"]

MOST_ROWS = 1_048_576
"""Limit a worksheet to this many rows (Excel specifications and limits)."""
_PROVIDERS = {
    "ibm": "IBM Cloud",
    "byoip": "BYOIP",
    "enterprise": "enterprise",
    "default": "default of the platform",
}
_STATUS = {
    "pinned": "pinned",
    "allocated": "allocated, not pinned",
    "default": "default",
    "to-allocate": "to allocate",
    "to-order": "to be ordered",
    "no-range": "none",
}
_COUNTED = (("error", "errors"), ("warning", "warnings"), ("note", "notes"), ("waived", "waived"))
_NETWORKS = (
    "name",
    "kind",
    "provided by",
    "cluster",
    "CIDR",
    "first address",
    "last address",
    "netmask",
    "gateway",
    "usable",
    "status",
    "group",
    "description",
    "edge",
    "site",
    "data center",
    "gateway on",
    "pool",
    "prefix",
    "hosts",
    "stated grow to",
    "stated addresses",
    "labels",
    "vlan",
    "lifecycle",
)
_ADDRESSES = ("address", "name", "network", "CIDR", "kind", "cluster")
_FINDINGS = ("severity", "rule", "message", "networks", "waived", "what to do")
_FREE = ("pool", "free block", "first address", "last address", "addresses")
_MAP = ("space", "first address", "last address", "addresses", "what", "networks", "rules")
_SEVERITIES = (
    Shade("severity", "error", "#F8CBAD"),
    Shade("severity", "warning", "#FFE699"),
    Shade("severity", "note", "#DDEBF7"),
)
_WHATS = (
    Shade("what", "overlap", "#D55E00", "#FFFFFF"),
    Shade("what", "network", "#56B4E9"),
    Shade("what", "reserved", "#BFBFBF"),
    Shade("what", "avoid", "#E69F00"),
    Shade("what", "room", "#F0E442"),
    Shade("what", "free", "#E2F0D9"),
)
"""Colours that colour-blind people can distinguish (Okabe and Ito, jfly.uni-koeln.de/color, 2008)."""
_LINKS = ("first", "second", "method", "carries of the first", "carries of the second")
_TUNNELS = (
    "name",
    "near end",
    "near gateway",
    "near subnets",
    "far end",
    "far gateway",
    "far subnets",
    "translated",
)
_ROUTES = ("device", "of", "network", "next hop", "towards", "how", "what")
_NAT = ("ESG", "action", "interface", "original", "for destination", "translated", "service", "what")


def export_xlsx(request: Request) -> bytes:
    """Return the workbook; raise ExportError where XlsxWriter is missing, or a sheet would have too many rows."""
    edition = datetime.date.fromisoformat(request.catalog.about.date)
    return write_workbook(
        (sheet._replace(rows=_limited(sheet)) for sheet in make_sheets(request)),
        {
            "title": request.plan.name or request.plan.file,
            "subject": "IP address plan",
            "comments": request.header("IP address plan")[1],
            "created": datetime.datetime(edition.year, edition.month, edition.day),
        },
    )


def _limited(sheet: Sheet) -> Iterator[Sequence[Value]]:
    for number, row in enumerate(sheet.rows, 2):
        if number > MOST_ROWS:
            raise ExportError(
                f"sheet {sheet.name} has too many rows: a worksheet has {MOST_ROWS:,} at most",
                "ipplan show PLAN --format csv has no such limit",
            )
        yield row


def make_sheets(request: Request) -> Iterator[Sheet]:
    """Yield the sheets of the workbook in order; free space and findings include what is retired."""
    free = find_free(request.whole, request.catalog)
    found = check_plan(request.whole, request.catalog, request.today)
    yield Sheet("Plan", ("what", "value"), _about(request, found, free))
    yield Sheet("Networks", _NETWORKS, _networks(request))
    addresses, *others = derived_sheets(request, free)
    yield addresses
    yield Sheet("Findings", _FINDINGS, _findings(found), _SEVERITIES)
    yield Sheet("Map", _MAP, _map(request, found), _WHATS, bars="addresses")
    yield from others


def derived_sheets(request: Request, free: Free) -> Iterator[Sheet]:
    """Yield the sheets derived from the plan: Addresses, Free, Routes, NAT, Links, Tunnels; rows are made when read."""
    yield Sheet("Addresses", _ADDRESSES, _addresses(request))
    yield Sheet("Free", _FREE, _free_blocks(free))
    yield Sheet("Routes", _ROUTES, _routes(request))
    yield Sheet("NAT", _NAT, _nat(request))
    yield Sheet("Links", _LINKS, _links(request))
    yield Sheet("Tunnels", _TUNNELS, _tunnels(request))


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
    if retired := request.whole.retired.networks:
        yield (
            "retired",
            f"{len(retired):,} network{'s' if len(retired) > 1 else ''}: only in the sheet Findings; their ranges are not free",
        )
    for avoid in plan.avoids:
        yield f"avoided {avoid.prefix}", avoid.reason


def _networks(request: Request) -> Iterator[tuple[Value, ...]]:
    plan = request.plan
    placed = {n.name: n.prefix for n in plan.networks if n.name in request.placed and n.prefix is not None}
    for entry in list_networks(plan, placed):
        network, prefix = entry.network, entry.prefix
        if not request.lists(network):
            continue
        space: tuple[Value, ...] = (None,) * 6
        if prefix is not None:
            space = (
                str(prefix),
                format_address(prefix.version, prefix.first),
                format_address(prefix.version, prefix.last),
                prefix.netmask,
                gateway_of(network, prefix),
                usable(prefix, network.kind),
            )
        elif entry.length is not None:
            space = (f"/{entry.length}", *space[1:])
        yield (
            network.name,
            network.kind.name,
            _PROVIDERS[entry.provider],
            network.cluster,
            *space,
            _STATUS[entry.status],
            network.group,
            network.description,
            *_stated(network, plan, request.stated),
        )


def _stated(network: Network, plan: Plan, before: Mapping[str, Network]) -> tuple[Value, ...]:
    """Return the other columns of a network, with the size that the plan states, so that import can read them back."""
    sized = before.get(network.name, network)
    return (
        plan.stated_edge(network),
        network.site,
        network.data_center,
        network.gateway_on,
        None if network.pool is None else str(network.pool),
        sized.length,
        sized.hosts,
        network.grow_to,
        format_addresses(network.addresses) or None,
        format_labels(network.labels) or None,
        network.vlan,
        network.status,
    )


def _addresses(request: Request) -> Iterator[tuple[Value, ...]]:
    for network in request.plan.networks:
        if network.prefix is not None and request.lists(network):
            for name, text in resolve_addresses(network, network.prefix):
                yield text, name, network.name, str(network.prefix), network.kind.name, network.cluster


def _findings(found: Iterable[Finding]) -> Iterator[tuple[Value, ...]]:
    for finding in sorted(found, key=lambda f: f.sort_key):
        names = ", ".join(finding.networks)
        yield finding.severity, finding.rule, finding.message, names, finding.waived, finding.help


def _map(request: Request, found: Iterable[Finding]) -> Iterator[tuple[Value, ...]]:
    """Yield the blocks of each pool, and of each space that networks use outside of pools, in order of address."""
    address_space = AddressSpace(request.whole, request.catalog, found)
    for space in address_space.spaces():
        for block in address_space.blocks(space):
            first, last = (format_address(space.prefix.version, n) for n in (block.first, block.last))
            names = ", ".join(block.networks)
            if block.total > len(block.networks):
                names += f" and {block.total - len(block.networks):,} more"
            rules = ", ".join(block.rules)
            yield str(space.prefix), first, last, block.size, block.what, names or None, rules or None


def _free_blocks(free: Free) -> Iterator[tuple[Value, ...]]:
    for pool in free.pools:
        for block in pool.blocks:
            first, last = (format_address(block.version, value) for value in (block.first, block.last))
            yield str(pool.report.prefix), str(block), first, last, block.size


def _links(request: Request) -> Iterator[tuple[Value, ...]]:
    ends = request.landscape.ends
    for end in (*ends.clusters, *ends.edges, *ends.sites):
        for joint in ends.links.of(end):
            if joint.first == end:
                carried = (
                    ", ".join(map(_carried, ends.carriage.carried(joint, side))) for side in (joint.first, joint.second)
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
        for row in list_nat(request.landscape.esg(edge)):
            yield edge.name, *row


def _tunnels(request: Request) -> Iterator[tuple[Value, ...]]:
    for tunnel in request.landscape.all_tunnels():
        row: list[Value] = [tunnel.label]
        for end in (tunnel.near, tunnel.far):
            row += [end.end.title, mark(end.gateway), ", ".join(map(str, end.policy))]
        row.append(", ".join(f"{t.network} {t.real} as {t.shown}" for t in (*tunnel.near_nat, *tunnel.far_nat)) or None)
        yield tuple(row)
