"""The CSV of Infoblox, which is not flat: a line `header-network,...` names the columns of the lines `network,...`.

Networks and containers of IPv4 and IPv6 are read; objects of other types hold no prefix and are counted only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.importers.reading import Collector, counted, kind_named
from ipplan.importers.tables import Record, column_name, make_record, read_lines
from ipplan.plan.load import show

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ipplan.observed import Observed

_TYPES = {"network": False, "networkcontainer": True, "ipv6network": False, "ipv6networkcontainer": True}
"""Object types with a prefix, and whether they only arrange others."""


def read(data: bytes) -> Observed:
    """Read an export of the grid; types are told in any case, masks may be dotted or bits."""
    collector = Collector()
    columns: dict[str, list[str]] = {}
    others: dict[str, int] = {}
    for line, cells in read_lines(data):
        word = cells[0].lower().replace(" ", "")
        if word.startswith("header-"):
            columns[word.removeprefix("header-")] = [column_name(cell) for cell in cells[1:]]
        elif word not in columns:
            collector.problem(
                f"the line is of type {show(cells[0])}, and no line header-{word[:40]} before it names its columns",
                line, "this is no CSV of Infoblox; source csv reads flat tables", "no-column",
            )  # fmt: skip
        elif word in _TYPES:
            record = make_record(columns[word], line, cells[1:], collector)
            _add(record, collector, columns[word], container=_TYPES[word])
        else:
            others[word] = others.get(word, 0) + 1
    collector.notes += [
        f"left out for want of a prefix: {counted(count, 'row')} of type {word}"
        for word, count in sorted(others.items())
    ]
    return collector.finish(
        {row.kind for row in collector.rows if row.kind}, partial=True,
        nothing="the file has no row of type network or networkcontainer",
        help_="export networks and network containers",
    )  # fmt: skip


_ATTRIBUTE = "ea "
"""What the columns of extensible attributes start with."""


def _add(record: Record, collector: Collector, columns: Sequence[str], *, container: bool) -> None:
    address = record.get("address")
    if address is None:
        collector.problem("the row has no address", record.line)
        return
    mask = record.get("netmask", "cidr")
    view = record.get("network view")
    attributes = {c.removeprefix(_ATTRIBUTE): record.get(c) for c in columns if c.startswith(_ATTRIBUTE)}
    words = [record.get("comment"), f"network view {view}" if view and view != "default" else None]
    words += [f"{name} {value}" for name, value in attributes.items() if value]
    collector.add(
        address,
        record.line,
        "address",
        mask=mask,
        name=attributes.get("network name") or attributes.get("name") or record.get("comment") or "",
        kind=kind_named(*(attributes.get(name) for name in ("kind", "role", "purpose", "usage", "type"))),
        cluster=attributes.get("cluster"),
        description="; ".join(word for word in words if word),
        container=container,
    )
