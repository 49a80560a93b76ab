"""Tables of a report from tables and sheets of the commands: fewer columns, kinds of columns, and a bound for rows."""

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
"""Rows of a table of what follows from the plan, so that a page stays readable; networks and findings have no bound."""
MOST_CHARACTERS = 400
"""Characters of a list in a cell of such a table."""
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
    """Return rows within bounds, and what to say where something is left out: `more` is the command that has all.

    At most `MOST_ROWS` rows, and at most `MOST_CHARACTERS` of a list in a cell.
    """
    found = list(islice(rows, MOST_ROWS + 1))
    shown: list[Sequence[Cell]] = [tuple(map(_shortened, row)) for row in found[:MOST_ROWS]]
    said = []
    if len(found) > MOST_ROWS:
        said.append(f"the first {MOST_ROWS:,} rows")
    if any(tuple(row) != short for row, short in zip(found, shown, strict=False)):
        said.append("the beginning of long lists")
    return shown, f"Only {' and '.join(said)}; {more} has all." if said else None


def _shortened(cell: Cell) -> Cell:
    """Return a cell whose list has at most so many characters as are shown, and the number of its other items."""
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
    """Return a sheet of the workbook as a table; `text` names columns that hold no addresses in spite of their titles."""
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
    """Return some columns by their titles, in that order, without those that no row fills."""
    at = {column.title: place for place, column in enumerate(columns)}
    kept = [at[t] for t in titles if any(row[at[t]] not in (None, "", ()) for row in rows)]
    return tuple(columns[place] for place in kept), [tuple(row[place] for place in kept) for row in rows]


def from_table(key: str, title: str, table: Table) -> Grid:
    """Return a table of a command as it is."""
    return Grid(key, title, table.columns, table.rows, cut=table.caption)
