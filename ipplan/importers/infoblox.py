"""The CSV of Infoblox, which is not flat: a line `header-network,...` names the columns of the lines `network,...`.

Reads networks and containers of IPv4 and IPv6; a note counts objects of other types, which have no prefix.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.importers.collecting import Collector
from ipplan.importers.reading import KIND_WORDS, as_labels, counted, kind_named
from ipplan.importers.tables import (
    DEFAULTS,
    Options,
    Record,
    column_name,
    fit,
    places_of,
    read_lines,
    reject_wide,
    trim,
)
from ipplan.observed import NOTHING, About
from ipplan.plan.problems import show

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ipplan.observed import Observed

_TYPES = {"network": False, "networkcontainer": True, "ipv6network": False, "ipv6networkcontainer": True}
"""Object types with a prefix, and whether they only group others."""


def read(data: bytes, options: Options = DEFAULTS) -> Observed:
    """Read an export of the grid; types may be in any case, masks are netmasks or prefix lengths."""
    collector = Collector(lenient=options.lenient)
    columns: dict[str, list[str]] = {}
    others: dict[str, int] = {}
    for line, cells in read_lines(data, options):
        collector.cells = cells
        word = cells[0].lower().replace(" ", "")
        if word.startswith("header-"):
            reject_wide(len(trim(cells)), line)
            columns[word.removeprefix("header-")] = [column_name(cell) for cell in cells[1:]]
        elif word not in columns:
            collector.problem(
                f"the line is of type {show(cells[0])}, and no line header-{word[:40]} before it names its columns",
                line,
                "this is not a CSV of Infoblox; source csv reads flat tables",
                "no-column",
            )
        elif word in _TYPES:
            own = fit(cells[1:], len(columns[word]), line, collector)
            record = Record(line, own, places_of(columns[word]))
            _add(record, collector, columns[word], container=_TYPES[word])
        else:
            others[word] = others.get(word, 0) + 1
    collector.notes += [
        f"skipped, because they have no prefix: {counted(count, 'row')} of type {word}"
        for word, count in sorted(others.items())
    ]
    return collector.finish(
        {row.kind for row in collector.rows if row.kind},
        partial=True,
        nothing="the file has no row of type network or networkcontainer",
        help_="export networks and network containers",
    )


_ATTRIBUTE = "ea "
"""The first letters of columns with extensible attributes."""
_NAMES = ("network name", "name")
"""Attributes that may name a network."""


def _add(record: Record, collector: Collector, columns: Sequence[str], *, container: bool) -> None:
    address = record.get("address")
    if address is None:
        collector.problem("the row has no address", record.line)
        return
    mask = record.get("netmask", "cidr")
    view = record.get("network view")
    attributes = {c.removeprefix(_ATTRIBUTE): record.get(c) for c in columns if c.startswith(_ATTRIBUTE)}
    fields = {"network view": view} if view and view != "default" else {}
    fields |= {name: value for name, value in attributes.items() if value}
    kind = kind_named(*(attributes.get(name) for name in KIND_WORDS))
    words = [record.get("comment")]
    about = NOTHING
    if kind is None:
        words += [f"{name} {value}" for name, value in fields.items()]
    else:
        about = About(labels=as_labels(fields, besides=(*_NAMES, "cluster"), kind=kind))
    collector.add(
        address,
        record.line,
        "address",
        mask=mask,
        name=next((n for key in _NAMES if (n := attributes.get(key))), None) or record.get("comment") or "",
        kind=kind,
        cluster=attributes.get("cluster"),
        description="; ".join(word for word in words if word),
        container=container,
        about=about,
    )
