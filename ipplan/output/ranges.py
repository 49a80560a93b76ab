"""Rows of the catalogue as a document, a table and text."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from ipplan.addresses import format_address
from ipplan.output.documents import made_by, source_line, source_object
from ipplan.output.table import ALL, Column, Table, render_for_people
from ipplan.output.text import escape, hang

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ipplan.catalog import Edition, Reservation
    from ipplan.findings import Source
    from ipplan.output.table import Choice


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


COLUMNS = (
    Column("cidr", "address"),
    Column("category", goes=2, apart=True),
    Column("platform", goes=3, apart=True),
    Column("data center", goes=1, apart=True),
    Column("pod", goes=4, apart=True),
    Column("what", long="cut"),
    Column("source", goes=5, long="source"),
    Column("note", goes=6),
)
"""What is known of a range."""


def table(rows: Sequence[Reservation]) -> Table:
    """Return the rows, one each."""
    return _table(rows, lambda source: source.date or source.title)


def _table(rows: Sequence[Reservation], describe: Callable[[Source], str]) -> Table:
    return Table(
        COLUMNS,
        [
            (
                str(r.prefix),
                r.category.name,
                r.platform,
                r.data_center,
                r.pod,
                r.title,
                describe(r.source),
                r.note,
            )
            for r in rows
        ],
    )


def render_text(
    rows: Sequence[Reservation], edition: Edition, *, width: int | None, color: bool, choice: Choice = ALL
) -> str:
    """Return what people read: the rows with their sources below, then how many and from which edition."""
    shown = render_for_people(_table(rows, source_line), width=width, color=color, choice=choice)
    count = f"{len(rows):,} range{'' if len(rows) == 1 else 's'}"
    lines = [f"{count}; IBM Cloud's from {escape(edition.title)}"]
    lines += [escape(place) for place in (edition.url, edition.file) if place]
    return shown + "\n" + "".join(hang(line, width) for line in lines)
