"""Makes the tables of a report from tables and sheets of the commands: fewer columns, limited rows, kinds of columns."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from ipplan.output.table import Column
from ipplan.report.model import Grid

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ipplan.output.table import Table
    from ipplan.report.model import Cell

MOST_ROWS = 1_000
"""Show at most 1,000 rows of a derived table, so that a page stays readable; networks and findings have no limit."""
MOST_CHARACTERS = 400
"""Show at most 400 characters of a list in a cell of such a table."""
_COMMA = ", "
ADDRESSES = frozenset(
    {
        "address",
        "CIDR",
        "network",
        "next hop",
        "original",
        "translated",
        "for destination",
        "near gateway",
        "far gateway",
        "pool",
        "free block",
        "first address",
        "last address",
    }
)
"""Titles of the columns of sheets that hold addresses and prefixes."""


def limited(rows: Iterable[Sequence[Cell]], more: str) -> tuple[list[Sequence[Cell]], str | None]:
    """Return at most `MOST_ROWS` rows, with lists of at most `MOST_CHARACTERS`, and a note where something is left out.

    `more` is the command that prints everything.
    """
    found = list(islice(rows, MOST_ROWS + 1))
    shown: list[Sequence[Cell]] = [tuple(map(_shortened, row)) for row in found[:MOST_ROWS]]
    kept = []
    if len(found) > MOST_ROWS:
        kept.append(f"the first {MOST_ROWS:,} rows")
    if any(tuple(row) != short for row, short in zip(found, shown, strict=False)):
        kept.append("the start of long lists")
    return shown, f"Shows only {' and '.join(kept)}; for everything, see: {more}" if kept else None


def _shortened(cell: Cell) -> Cell:
    """Return a cell with its list cut to `MOST_CHARACTERS`, and the number of the other items."""
    if not isinstance(cell, str) or len(cell) <= MOST_CHARACTERS or _COMMA not in cell:
        return cell
    items = cell.split(_COMMA)
    kept = cell[:MOST_CHARACTERS].count(_COMMA) or 1
    return f"{_COMMA.join(items[:kept])} and {len(items) - kept:,} more" if kept < len(items) else cell


def from_sheet(
    key: str,
    title: str,
    titles: Sequence[str],
    rows: Iterable[Sequence[Cell]],
    more: str,
    *,
    empty: str = "None.",
    choices: tuple[str, ...] = (),
    text: frozenset[str] = frozenset(),
    note: str | None = None,
) -> Grid:
    """Return a sheet of the workbook as a table; `text` names columns that hold text in spite of their titles."""
    shown, cut = limited(rows, more)
    columns = tuple(
        Column(name, "number")
        if name in ("addresses", "size")
        else Column(name, "address")
        if name in ADDRESSES - text
        else Column(name)
        for name in titles
    )
    return Grid(key, title, columns, shown, (), choices, note, empty, cut)


def choose_columns(
    columns: Sequence[Column], rows: Sequence[Sequence[Cell]], titles: Sequence[str]
) -> tuple[tuple[Column, ...], list[tuple[Cell, ...]]]:
    """Return some columns by their titles, in that order, without empty columns."""
    at = {column.title: place for place, column in enumerate(columns)}
    kept = [at[t] for t in titles if any(row[at[t]] not in (None, "", ()) for row in rows)]
    return tuple(columns[place] for place in kept), [tuple(row[place] for place in kept) for row in rows]


def from_table(key: str, title: str, table: Table) -> Grid:
    """Return a table of a command unchanged."""
    return Grid(key, title, table.columns, table.rows, cut=table.caption)
