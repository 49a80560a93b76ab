"""Hold a table as a value, and render it: CSV, Markdown, aligned text, and text that fits a terminal.

Addresses and names are never cut: if a terminal has no room for all columns, the least important ones are left out,
and a line below names them. `ipplan.output.layout` decides the widths of the others. The only home of rich's
consoles. Knows nothing of what the rows mean.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from ipplan.output.text import cells, escape, paint, wrap

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from typing import TextIO

    from rich.console import Console

Cell = str | int | None

EXTRA = 100
"""The `goes` of a column that people see only with --wide or --columns."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_MARKDOWN = str.maketrans({char: "\\" + char for char in "\\|`*_<>[]&~$"})


class Column(NamedTuple):
    """A column, and how it adapts to a narrow terminal.

    `goes` is the order in which columns are left out: the highest first, 0 never, `EXTRA` unless it is asked for; a
    column of notes is never left out, because numbers are short. `long` is for cells that are too wide: they stay
    whole, are cut at a space or as a list at a comma, are wrapped, or all texts of the column become numbered notes
    under the table (sources in piped text too). A column that keeps rows `apart` is left out in a terminal if its cells
    are all equal. One that is not `piped` is in CSV, Markdown and piped text only if it is asked for.
    """

    title: str
    kind: Literal["text", "address", "number"] = "text"
    goes: int = 0
    long: Literal["whole", "cut", "list", "wrap", "note", "source"] = "whole"
    apart: bool = False
    piped: bool = True


class Table(NamedTuple):
    """Rows of cells under titled columns. Invariant: every row has a cell for each column, None for nothing.

    `caption` is shown after the table, for people only.
    """

    columns: tuple[Column, ...]
    rows: Sequence[Sequence[Cell]]
    caption: str | None = None


class Choice(NamedTuple):
    """The columns that are asked for: these in this order, or with `wide` all of them, of any width.

    `offered` says whether the line below a table may mention --columns, which chooses those of one table of a command.
    """

    columns: tuple[str, ...] = ()
    wide: bool = False
    offered: bool = True

    @property
    def elsewhere(self) -> Choice:
        """The choice for the other tables of a command, which --columns does not affect."""
        return Choice((), self.wide, offered=False)


ALL = Choice()
"""Nothing is asked for: a table has its usual columns."""
_NARROW = 20
"""In a terminal of at most this many columns, lines are not indented."""


class ColumnError(ValueError):
    """A table has no column of this name."""

    def __init__(self, name: str, titles: Sequence[str]) -> None:
        """Keep the name, and the titles of the table."""
        super().__init__(f"no column {name!r}")
        self.name = name
        self.titles = titles


def choose(table: Table, names: Sequence[str]) -> Table:
    """Return the named columns in this order, each once, never left out; raise ColumnError for an unknown name.

    Case does not matter, and a hyphen or an underscore stands for a space.
    """
    titles = [column.title for column in table.columns]
    known = {_folded(title): at for at, title in reversed(list(enumerate(titles)))}
    for name in names:
        if _folded(name) not in known:
            raise ColumnError(name, titles)
    picked = list(dict.fromkeys(known[_folded(name)] for name in names))
    columns = (table.columns[at]._replace(goes=0, apart=False, piped=True) for at in picked)
    return table._replace(columns=tuple(columns), rows=[[row[at] for at in picked] for row in table.rows])


def _folded(name: str) -> str:
    return name.strip().casefold().replace("-", " ").replace("_", " ")


def without(table: Table, titles: Collection[str]) -> Table:
    """Return the table without the columns of these titles."""
    return keep(table, [at for at, column in enumerate(table.columns) if column.title not in titles])


def keep(table: Table, kept: Sequence[int]) -> Table:
    """Return the table with only the columns of these numbers."""
    if len(kept) == len(table.columns):
        return table
    rows = [[row[at] for at in kept] for row in table.rows]
    return table._replace(columns=tuple(table.columns[at] for at in kept), rows=rows)


def piped(table: Table) -> Table:
    """Return the table without the columns that are not piped."""
    return keep(table, [at for at, column in enumerate(table.columns) if column.piped])


def render_csv(table: Table) -> str:
    """Return the table as CSV (RFC 4180 quoting, lines ended by a line feed), numbers without separators.

    A cell that a spreadsheet would take for a formula gets an apostrophe in front (CWE-1236), unless it is a
    number; control characters are shown as escapes.
    """
    import csv
    import io

    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    table = piped(table)
    writer.writerow([_csv_cell(column.title) for column in table.columns])
    writer.writerows([_csv_cell(cell) for cell in row] for row in table.rows)
    return buffer.getvalue()


def _csv_cell(cell: Cell) -> Cell:
    if not isinstance(cell, str):
        return cell
    if cell.startswith(_FORMULA) and not _is_number(cell):
        return "'" + escape(cell)
    return escape(cell)


def _is_number(text: str) -> bool:
    whole, _, fraction = text[1:].partition(".")
    return text[0] in "+-" and text.isascii() and whole.isdigit() and ("." not in text or fraction.isdigit())


def render_markdown(table: Table) -> str:
    """Return the table as a Markdown (GitHub) table, with all cells literal."""
    table = piped(table)
    lines = [
        _markdown_row(column.title for column in table.columns),
        "| " + " | ".join("---:" if column.kind == "number" else "---" for column in table.columns) + " |",
    ]
    lines += [_markdown_row(_number_or_text(cell) for cell in row) for row in table.rows]
    if table.caption:
        lines += ["", literal(table.caption)]
    return "\n".join(lines) + "\n"


def _markdown_row(texts: Iterable[str]) -> str:
    return "| " + " | ".join(map(literal, texts)) + " |"


def _number_or_text(cell: Cell) -> str:
    if isinstance(cell, str):
        return cell
    return "" if cell is None else f"{cell:,}"


def literal(text: str) -> str:
    """Return literal text for Markdown (GitHub), without markup, HTML, line breaks or control characters."""
    return escape(text.replace("\r\n", " ").replace("\n", " ")).translate(_MARKDOWN)


def render_plain(table: Table) -> str:
    """Return the table as aligned text of any width, two spaces between columns; linear in its cells."""
    return render_for_people(table, width=None, color=False)


def _shown(cell: Cell) -> str:
    """Return a cell for people: escaped, thousands separated, a hyphen for nothing."""
    if isinstance(cell, str):
        return escape(cell)
    return "-" if cell is None else f"{cell:,}"


def render_terminal(table: Table, width: int, color: bool) -> str:  # noqa: FBT001  (part of every renderer's call)
    """Return the table for a terminal of `width` columns, with a line below that names the left out columns."""
    return render_for_people(table, width=width, color=color, choice=Choice(offered=False))


def fits(table: Table, width: int) -> bool:
    """Return whether all columns of a table fit side by side, uncut, in a terminal of `width` columns."""
    from ipplan.output.layout import GAP

    columns = [
        max(cells(escape(column.title)), *(cells(_shown(row[at])) for row in table.rows), 0)
        for at, column in enumerate(table.columns)
    ]
    return sum(columns) + GAP * (len(columns) - 1) <= width


def render_for_people(table: Table, *, width: int | None, color: bool, choice: Choice = ALL) -> str:
    """Return the table for people: aligned, one line a row, at most `width` columns wide (None: not limited).

    If the columns that are never left out do not fit side by side, a wide cell moves the rest of its row to the next
    line.
    """
    from ipplan.output.layout import render_rows

    shown = _asked(table, choice, terminal=width is not None)
    room = None if choice.wide or width is None else width
    shown, notes = _noted(shown, terminal=width is not None)
    titles = [escape(column.title) for column in shown.columns]
    rows = [[_shown(cell) for cell in row] for row in shown.rows]
    text, left_out = render_rows(shown.columns, titles, rows, room, color=color)
    parts = [text]
    parts += [_notes(notes, width)] if notes else []
    below = [paint(line, "faint", color=color) for line in _below(left_out, choice, width)]
    if table.caption:
        below += [*wrap(escape(table.caption), width)] if width is not None else [escape(table.caption)]
    parts += ["".join(f"{line}\n" for line in below)] if below else []
    return "\n".join(parts)


def _asked(table: Table, choice: Choice, *, terminal: bool) -> Table:
    """Return the columns that are asked for; without --columns, those for people that are not empty."""
    if choice.columns:
        return choose(table, choice.columns)
    filled = [[row[at] for row in table.rows if row[at] is not None] for at in range(len(table.columns))]
    kept = []
    for at, column in enumerate(table.columns):
        wanted = choice.wide or (column.goes < EXTRA and (column.piped or terminal))
        if column.goes and (terminal or choice.wide):
            wanted = wanted and bool(filled[at])
        if column.apart and terminal and not choice.wide:
            wanted = wanted and len(set(filled[at])) > 1
        if wanted:
            kept.append(at)
    return keep(table, kept)


def _noted(table: Table, *, terminal: bool) -> tuple[Table, list[str]]:
    """Return the table with a number in place of each note, and the notes."""
    noted = {
        at for at, column in enumerate(table.columns) if column.long == "source" or (column.long == "note" and terminal)
    }
    if not noted:
        return table, []
    numbers: dict[str, int] = {}

    def number(cell: Cell) -> Cell:
        return None if cell is None else f"[{numbers.setdefault(str(cell), len(numbers) + 1)}]"

    rows = [[number(cell) if at in noted else cell for at, cell in enumerate(row)] for row in table.rows]
    return table._replace(rows=rows), list(numbers)


def _notes(notes: Sequence[str], width: int | None) -> str:
    """Return numbered notes, one line each, the rest of long ones indented below."""
    lines = []
    for number, note in enumerate(notes, start=1):
        mark = f"[{number}] "
        indent = len(mark) if width is None or width > _NARROW else 0
        first, *more = [escape(note)] if width is None else wrap(escape(note), max(width - len(mark), 1))
        lines += [mark + first, *(" " * indent + line for line in more)]
    return "".join(f"{line}\n" for line in lines)


def _below(left_out: Sequence[str], choice: Choice, width: int | None) -> list[str]:
    """Return the lines that name the left out columns, and how to see them."""
    if not left_out or width is None:
        return []
    hint = "--wide shows all" + (", --columns NAME,... chooses" if choice.offered else "")
    return wrap(f"no room for {', '.join(left_out)}; {hint}", width)


def make_live_console(stream: TextIO) -> Console:
    """Return a rich console for a terminal display that changes during a run."""
    from rich.console import Console

    return Console(file=stream, emoji=False, markup=False, highlight=False)
