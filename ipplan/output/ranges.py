"""Rows of the catalogue as a document, a table and text."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from ipplan.addresses import format_address
from ipplan.output.documents import made_by, source_object
from ipplan.output.table import Column, Table, render_plain, render_terminal
from ipplan.output.text import escape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ipplan.catalog import Edition, Reservation


def document(rows: Sequence[Reservation], edition: Edition, editions: Sequence[str]) -> dict[str, Any]:
    """Return the document `ipplan.ranges/1`."""
    return {
        "schema": "ipplan.ranges/1",
        "made_by": made_by(edition.name),
        "edition": edition._asdict(),
        "editions": list(editions),
        "summary": dict(sorted(Counter(row.category.name for row in rows).items())),
        "ranges": [
            {
                "cidr": str(row.prefix),
                "first": format_address(row.prefix.version, row.prefix.first),
                "last": format_address(row.prefix.version, row.prefix.last),
                "size": row.prefix.size,
                "category": row.category.name,
                "title": row.title,
                "data_center": row.data_center,
                "city": row.city,
                "pod": row.pod,
                "note": row.note,
                "platform": row.platform,
                "keep_clear": row.keep_clear,
                "source": source_object(row.source),
            }
            for row in rows
        ],
    }


def table(rows: Sequence[Reservation]) -> Table:
    """Return the rows, one each."""
    columns = (
        Column("cidr", "address"), Column("category"), Column("platform"), Column("data center"), Column("pod"), Column("what"),
        Column("source"), Column("note"),
    )  # fmt: skip
    return Table(
        columns,
        [
            (
                str(r.prefix),
                r.category.name,
                r.platform,
                r.data_center,
                r.pod,
                r.title,
                r.source.date or r.source.title,
                r.note,
            )
            for r in rows
        ],
    )


def render_text(rows: Sequence[Reservation], edition: Edition, *, width: int | None, color: bool) -> str:
    """Return what people read: the rows, then how many and from which edition."""
    whole = table(rows)
    shown = (
        render_plain(whole)
        if width is None and not color
        else render_terminal(whole, width or 100_000, color)
    )
    count = f"{len(rows):,} range{'' if len(rows) == 1 else 's'}"
    where = "".join(escape(place) + "\n" for place in (edition.url, edition.file) if place)
    return f"{shown}\n{count}; IBM Cloud's from {escape(edition.title)}\n{where}"
