"""Render an allocation: as a JSON document, a table, and text for people.

Must not decide anything: every number here is read from the allocation.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from ipplan.addresses import Prefix, format_address
from ipplan.output.documents import made_by, source_object
from ipplan.output.table import ALL, EXTRA, Column, Table, render_for_people, without
from ipplan.output.text import escape, hang, render_error, wrap
from ipplan.plan.labels import describe_about, format_labels
from ipplan.plan.sizing import first_usable, gateway_of, resolve_addresses, usable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ipplan.allocation import Allocation, Placement
    from ipplan.output.table import Choice
    from ipplan.plan.model import Plan


def document(allocation: Allocation) -> dict[str, object]:
    """Return the document `ipplan.allocation/1`."""
    return {
        "schema": "ipplan.allocation/1",
        "made_by": made_by(allocation.edition),
        "plan": {"name": allocation.plan_name, "file": allocation.file},
        "ok": allocation.ok,
        "pools": [
            {
                "cidr": str(p.prefix),
                "given": p.given,
                "size": p.prefix.size,
                "unusable": p.unusable,
                "allocated": p.allocated,
                "free": p.free,
                "largest_free": _text(p.largest_free),
            }
            for p in allocation.pools
        ],
        "allocations": [_placement_document(p) for p in allocation.placements],
        "failures": [
            {
                "network": f.network,
                "needs": f"/{f.needs}",
                "largest_free": None if f.largest_free is None else f"/{f.largest_free}",
                "message": f.message,
                "help": f.help,
            }
            for f in allocation.shortfalls
        ],
        "skipped": [
            {
                "cidr": str(s.prefix),
                "category": s.category,
                "reason": s.reason,
                "source": source_object(s.source),
            }
            for s in allocation.skipped
        ],
        "free": [str(prefix) for prefix in allocation.free],
        "groups": [
            {"group": g.name, "cidr": str(g.prefix), "networks": list(g.networks), "alone": g.alone}
            for g in allocation.groups
        ],
        "moved": [{"network": name, "reason": why} for name, why in allocation.moved],
    }


def _placement_document(placement: Placement) -> dict[str, object]:
    network, status, prefix, pool, reason, held = placement
    if prefix is None:
        first = last = cidr = netmask = size = room = gateway = None
    else:
        # Each address is written once: text is most of the time that a large allocation takes.
        version, start, length = prefix
        size = prefix.size
        first, last = format_address(version, start), format_address(version, start + size - 1)
        cidr, netmask, room, gateway = (
            f"{first}/{length}",
            _netmask(version, length),
            usable(prefix, network.kind),
            _gateway(placement),
        )
    return {
        "network": network.name,
        "kind": network.kind.name,
        "cidr": cidr,
        "status": status,
        "pool": None if pool is None else _pool_text(pool),
        "group": network.group,
        "first": first,
        "last": last,
        "netmask": netmask,
        "size": size,
        "usable": room,
        "gateway": gateway,
        "addresses": _addresses(placement),
        "reason": reason,
        "held": None if held is None else str(held),
        **describe_about(network),
    }


@cache
def _netmask(version: int, length: int) -> str | None:
    return Prefix(version, 0, length).netmask


@cache
def _pool_text(pool: Prefix) -> str:
    return str(pool)


def _text(prefix: Prefix | None) -> str | None:
    return None if prefix is None else str(prefix)


def _gateway(placement: Placement) -> str | None:
    network, _, prefix, *_ = placement
    if prefix is None:
        return None
    if not network.addresses and prefix.size > 1 and not network.kind.internal:
        return format_address(prefix.version, first_usable(prefix))
    return gateway_of(network, prefix)


def _addresses(placement: Placement) -> dict[str, str]:
    if placement.prefix is None or not placement.network.addresses:
        return {}
    return dict(resolve_addresses(placement.network, placement.prefix))


_MOST_NAMED = 8
"""Show at most 8 networks of a group; the document names all."""
COLUMNS = (
    Column("network"),
    Column("kind", goes=4),
    Column("cluster", goes=2, apart=True, piped=False),
    Column("edge", goes=3, apart=True, piped=False),
    Column("cidr", "address"),
    Column("first", "address", goes=8),
    Column("last", "address", goes=8),
    Column("gateway", "address", goes=5),
    Column("usable", "number", goes=6),
    Column("status", goes=1, apart=True),
    Column("pool", "address", goes=7, apart=True),
    Column("reason", goes=9),
    # The reason says the same in words, or `ipplan show` has it.
    Column("group", goes=EXTRA),
    Column("held", "address", goes=EXTRA),
    Column("labels", goes=EXTRA),
    Column("vlan", "number", goes=EXTRA),
    Column("lifecycle", goes=EXTRA),
)
"""The columns of a network; cluster and edge are for people, and where --columns asks for them."""


class _Shown(NamedTuple):
    """The cells of a row in the order of the columns."""

    network: str
    kind: str
    cluster: str | None
    edge: str | None
    cidr: str | None
    first: str | None
    last: str | None
    gateway: str | None
    usable: int | None
    status: str
    pool: str | None
    reason: str
    group: str | None
    held: str | None
    labels: str | None
    vlan: int | None
    lifecycle: str | None


def table(plan: Plan, allocation: Allocation) -> Table:
    """Return the allocation table: one row for each network that has a range or is to be ordered.

    `plan` is the allocated plan; it knows the edges of clusters.
    """
    rows = []
    for placement in allocation.placements:
        network, status, prefix, pool, reason, held = placement
        first = last = None
        room = None
        if prefix is not None:
            first, last = (format_address(prefix.version, value) for value in (prefix.first, prefix.last))
            room = usable(prefix, network.kind)
        rows.append(
            _Shown(
                network.name,
                network.kind.name,
                network.cluster,
                plan.stated_edge(network),
                _text(prefix),
                first,
                last,
                _gateway(placement),
                room,
                status,
                _text(pool),
                reason,
                network.group,
                _text(held),
                format_labels(network.labels) or None,
                network.vlan,
                network.status,
            )
        )
    return Table(COLUMNS, rows)


def _pool_table(allocation: Allocation) -> Table:
    columns = (
        Column("pool", "address"),
        Column("size", "number", goes=4),
        Column("unusable", "number", goes=3),
        Column("allocated", "number", goes=2),
        Column("free", "number", goes=1),
        Column("largest free", "address"),
    )
    rows = [
        (str(p.prefix), p.prefix.size, p.unusable, p.allocated, p.free, _text(p.largest_free)) for p in allocation.pools
    ]
    return Table(columns, rows)


def _group_table(allocation: Allocation) -> Table:
    columns = (
        Column("group"),
        Column("covered by", "address"),
        Column("networks", goes=1, long="cut"),
        Column("note", goes=2),
    )
    rows = []
    for group in allocation.groups:
        named = ", ".join(group.networks[:_MOST_NAMED])
        if len(group.networks) > _MOST_NAMED:
            named += f" and {len(group.networks) - _MOST_NAMED:,} more"
        note = "one route reaches it" if group.alone else "also holds other ranges"
        rows.append((group.name, str(group.prefix), named, note))
    return Table(columns, rows)


def render_text(
    plan: Plan,
    allocation: Allocation,
    *,
    width: int | None,
    color: bool,
    choice: Choice = ALL,
    explain: bool = False,
) -> str:
    """Return text for people: allocations, groups, pools, avoided reservations, shortfalls, and a summary last.

    With `explain`, the reason for each network follows the table of networks.
    """
    parts = []
    networks = table(plan, allocation)
    if explain and not choice.columns:
        networks = without(networks, {"reason"})
    tables = [
        (networks, choice),
        (_group_table(allocation), choice.elsewhere),
        (_pool_table(allocation), choice.elsewhere),
    ]
    for shown, chosen in tables:
        if shown.rows:
            parts.append(render_for_people(shown, width=width, color=color, choice=chosen))
        if explain and shown is networks:
            parts.append("".join(_reasons(allocation, width)))
    if allocation.skipped:
        parts.append(_lines([_skipped_line(allocation)], width))
    parts += [render_error(f.message, f.help, width, color=color) for f in allocation.shortfalls]
    parts.append(_lines([_summary(allocation)], width))
    return "\n".join(parts)


def _reasons(allocation: Allocation, width: int | None) -> Iterator[str]:
    """Yield a paragraph for each network with the reason for its range."""
    for placement in allocation.placements:
        yield hang(escape(f"{placement.network.name}: {placement.reason}"), width)


def _lines(lines: Iterable[str], width: int | None) -> str:
    whole = (wrap(line, width) if width is not None else [line] for line in lines)
    return "".join(line + "\n" for group in whole for line in group)


def _skipped_line(allocation: Allocation) -> str:
    counts: dict[str, int] = {}
    for item in allocation.skipped:
        counts[item.category] = counts.get(item.category, 0) + 1
    total = len(allocation.skipped)
    what = ", ".join(f"{count:,} {category}" for category, count in sorted(counts.items()))
    return f"avoided {total:,} reservation{'' if total == 1 else 's'} in the pools: {what}"


def _summary(allocation: Allocation) -> str:
    if not allocation.ok:
        count = len(allocation.shortfalls)
        one = count == 1
        return f"nothing allocated: {count:,} network{'' if one else 's'} found no place"
    counts: dict[str, int] = {}
    for placement in allocation.placements:
        counts[placement.status] = counts.get(placement.status, 0) + 1
    words = {
        "allocated": "allocated",
        "pinned": "pinned",
        "default": "on a default range",
        "to-order": "to be ordered",
    }
    said = [f"{counts[status]:,} {word}" for status, word in words.items() if status in counts]
    return f"networks: {', '.join(said) or 'none'}"
