"""A table as a value, and its four renderings: CSV, Markdown, aligned text, and a table for a terminal.

Addresses are never cut or wrapped, whatever the width. The only home of rich's consoles; rich is imported
only for a terminal, because a table of it costs 300 times the same table as aligned text. Knows nothing of
what the rows mean.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from ipplan.output.text import cells, escape, paint, wrap

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import TextIO

    from rich.console import Console

Cell = str | int | None

MOST_ROWS = 200
"""Longer tables are written as aligned text on a terminal too: rich takes about half a millisecond a row."""

_GAP = "  "
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_MARKDOWN = str.maketrans({char: "\\" + char for char in "\\|`*_<>[]&~$"})


class Column(NamedTuple):
    """A column. Address and number columns are never wrapped or cut; numbers stand at the right."""

    title: str
    kind: Literal["text", "address", "number"] = "text"


class Table(NamedTuple):
    """Rows of cells under titled columns. Invariant: every row has a cell for each column, None for nothing.

    `caption` is said after the table, for people only.
    """

    columns: tuple[Column, ...]
    rows: Sequence[Sequence[Cell]]
    caption: str | None = None


def render_csv(table: Table) -> str:
    """Return the table as CSV (RFC 4180 quoting, lines ended by a line feed), numbers without separators.

    A cell that a spreadsheet would take for a formula gets an apostrophe in front (CWE-1236), unless it is a
    number; control characters are shown as escapes.
    """
    import csv
    import io

    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
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
    """Return the table as a Markdown (GitHub) table, with everything in its cells taken literally."""
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
    """Return text for Markdown (GitHub), in which nothing acts: no markup, no HTML, no line break, no control character."""
    return escape(text.replace("\r\n", " ").replace("\n", " ")).translate(_MARKDOWN)


def render_plain(table: Table) -> str:
    """Return the table as aligned text of any width, two spaces between columns; linear in its cells."""
    padded = []
    last = len(table.columns) - 1
    for index, column in enumerate(table.columns):
        texts = [_shown(row[index]) for row in table.rows]
        title = escape(column.title)
        if all(map(str.isascii, texts)) and title.isascii():
            sizes = list(map(len, texts))
        else:
            sizes = list(map(cells, texts))
        width = max(sizes, default=0)
        width = max(width, cells(title))
        texts[:0] = [title, "-" * width]
        sizes[:0] = [cells(title), width]
        if column.kind == "number":
            padded.append([" " * (width - size) + text for text, size in zip(texts, sizes, strict=True)])
        elif index == last:
            padded.append(texts)
        else:
            padded.append([text + " " * (width - size) for text, size in zip(texts, sizes, strict=True)])
    lines = [_GAP.join(row).rstrip(" ") for row in zip(*padded, strict=True)]
    if table.caption:
        lines += ["", escape(table.caption)]
    return "\n".join(lines) + "\n"


def _shown(cell: Cell) -> str:
    """Return a cell for people: escaped, thousands separated, a hyphen for nothing."""
    if isinstance(cell, str):
        return escape(cell)
    return "-" if cell is None else f"{cell:,}"


def render_terminal(table: Table, width: int, color: bool) -> str:  # noqa: FBT001  (part of every renderer's call)
    """Return the table for a terminal of `width` columns.

    Text is wrapped at spaces. Where the addresses, numbers and longest words do not stand side by side, each
    row becomes a block of its own, one line a cell. More than `MOST_ROWS` rows are aligned text.
    """
    if len(table.rows) > MOST_ROWS:
        return render_plain(table)
    rows = [[_shown(cell) for cell in row] for row in table.rows]
    titles = [escape(column.title) for column in table.columns]
    widths = _column_widths(table.columns, titles, rows, width)
    text = (
        _stacked(titles, rows, width, color=color)
        if widths is None
        else _grid(table, titles, rows, widths, color=color)
    )
    if table.caption:
        text += "\n" + "\n".join(wrap(escape(table.caption), width)) + "\n"
    return text


def fits(table: Table, width: int) -> bool:
    """Tell whether the columns of a table stand side by side in a terminal of `width` columns."""
    rows = [[_shown(cell) for cell in row] for row in table.rows]
    return _column_widths(table.columns, [escape(c.title) for c in table.columns], rows, width) is not None


def _column_widths(
    columns: Sequence[Column], titles: Sequence[str], rows: Sequence[Sequence[str]], width: int
) -> list[int] | None:
    """Return the width of each column so that no word is broken, None where the columns do not fit."""
    least, most = [], []
    for index, column in enumerate(columns):
        texts = [titles[index], *(row[index] for row in rows)]
        full = max(map(cells, texts))
        most.append(full)
        if column.kind == "text":
            least.append(max(cells(word) for text in texts for word in text.split(" ")))
        else:
            least.append(full)
    room = width - len(_GAP) * (len(columns) - 1) - sum(least)
    if room < 0:
        return None
    # What is left goes to the columns that still need it, in equal shares, the remainder from the left.
    widths = least
    while room > 0 and (needy := [i for i, size in enumerate(widths) if size < most[i]]):
        share = max(room // len(needy), 1)
        for index in needy:
            gain = min(share, most[index] - widths[index], room)
            widths[index] += gain
            room -= gain
    return widths


def make_console(width: int, *, color: bool) -> Console:
    """Return a rich console that writes into memory; this module is the only one that makes consoles.

    Markup, emoji codes and highlighting are off, because each of them changes addresses; the environment is
    not asked, because width and colour are decided already.
    """
    from io import StringIO

    from rich.console import Console

    return Console(
        file=StringIO(), width=width, force_terminal=color, color_system="standard" if color else None,
        no_color=not color, emoji=False, markup=False, highlight=False, legacy_windows=False, _environ={},
    )  # fmt: skip


def make_live_console(stream: TextIO) -> Console:
    """Return a rich console that draws on a terminal what changes while a run goes on."""
    from rich.console import Console

    return Console(file=stream, emoji=False, markup=False, highlight=False)


def _grid(
    table: Table, titles: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[int], *, color: bool
) -> str:
    from rich.box import Box
    from rich.table import Table as RichTable
    from rich.text import Text

    # Only ASCII, so that the same table can be written in any encoding.
    rule = Box("    \n    \n -- \n    \n    \n    \n    \n    \n", ascii=True)
    grid = RichTable(box=rule, show_edge=False, pad_edge=False, padding=(0, 0), header_style="bold")
    for column, title, width in zip(table.columns, titles, widths, strict=True):
        grid.add_column(
            Text(title), width=width, no_wrap=column.kind != "text", overflow="fold",
            justify="right" if column.kind == "number" else "left",
            style="cyan" if column.kind == "address" else "",
        )  # fmt: skip
    for row in rows:
        grid.add_row(*map(Text, row))
    console = make_console(sum(widths) + len(_GAP) * len(widths), color=color)
    with console.capture() as captured:
        console.print(grid)
    return "".join(line.rstrip(" ") + "\n" for line in captured.get().splitlines())


def _stacked(titles: Sequence[str], rows: Sequence[Sequence[str]], width: int, *, color: bool) -> str:
    """Return one block a row, `title: value` lines; long values continue indented, words stay whole."""
    blocks = []
    for row in rows:
        lines = []
        for title, value in zip(titles, row, strict=True):
            first, *more = wrap(f"{title}: {value}", width)
            if first.startswith(f"{title}:"):
                first = paint(title, "bold", color=color) + first[len(title) :]
            lines.append(first)
            lines += ["  " + line for line in wrap(" ".join(more), max(width - 2, 1)) if more]
        blocks.append("\n".join(lines) + "\n")
    return "\n".join(blocks)
