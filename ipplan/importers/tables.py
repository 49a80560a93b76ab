"""CSV as records that know their line: delimiter, header, "sep=" and an apostrophe before formulas are understood.

Knows nothing of what the columns of a tool mean.
"""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING, NamedTuple

from ipplan.importers.reading import Collector, Problem, SourceError, decode

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_DELIMITERS = ",;\t|"
_STATED = re.compile(r"sep=([,;\t|])\r?\n", re.IGNORECASE)


class Record(NamedTuple):
    """One record below the header: its first line, and the cells by the name of their column, stripped."""

    line: int
    cells: dict[str, str]

    def get(self, *columns: str) -> str | None:
        """Return the first cell among these columns that holds anything, None where none does."""
        return next((self.cells[name] for name in columns if self.cells.get(name)), None)


class Table(NamedTuple):
    """A header, its names as `column_name` has them and as they are written, its line, and the records below it.

    `problems` are those of records that do not fit the header, `hidden` counts further ones.
    """

    columns: tuple[str, ...]
    written: tuple[str, ...]
    line: int
    records: tuple[Record, ...]
    problems: tuple[Problem, ...]
    hidden: int = 0

    def first_of(self, names: Sequence[str]) -> str | None:
        """Return the first of these names that is a column."""
        return next((name for name in names if name in self.columns), None)


def make_record(columns: Sequence[str], line: int, cells: Sequence[str], collector: Collector) -> Record:
    """Return a record; note a problem where it has more cells than there are columns, because then they are shifted."""
    found: dict[str, str] = {}
    # Of two columns of one name the first that holds anything counts.
    for name, cell in zip(columns, cells, strict=False):
        found[name] = found.get(name) or cell
    if any(cells[len(columns) :]):
        collector.problem(
            f"the row has {len(cells)} cells, and its header names {len(columns)} columns", line,
            "write a value that holds the delimiter in double quotes", "csv-syntax",
        )  # fmt: skip
    return Record(line, found)


def column_name(text: str) -> str:
    """Return the name of a column in lower case, words joined by one space, without stars and other signs."""
    return " ".join(re.sub(r"[^a-z0-9]+", " ", text.lower()).split())


def read_lines(data: bytes) -> Iterator[tuple[int, list[str]]]:
    """Yield the first line and the cells of every record that is not empty; raise SourceError at bad quoting."""
    text = decode(data)
    limit = csv.field_size_limit(max(csv.field_size_limit(), 1 << 24))
    # A first line "sep=;" is how a CSV tells Excel the delimiter.
    stated = _STATED.match(text)
    delimiter = stated[1] if stated else _delimiter(text)
    stream = io.StringIO(text[stated.end() :] if stated else text, newline="")
    reader = csv.reader(stream, delimiter=delimiter, strict=True)
    start = 1 if stated else 0
    line = start + 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield line, [_plain(cell) for cell in cells]
            line = start + reader.line_num + 1
    except csv.Error as error:
        raise SourceError(Problem(f"this is no CSV: {error}", line, None, "csv-syntax")) from None
    finally:
        csv.field_size_limit(limit)


def read_table(data: bytes) -> Table:
    """Return the records of a file whose first line that is not empty names the columns."""
    lines = read_lines(data)
    first = next(lines, None)
    if first is None:
        raise SourceError(Problem("the file is empty", 1, None, "no-prefix"))
    columns = tuple(column_name(cell) for cell in first[1])
    collector = Collector()
    records = tuple(make_record(columns, line, cells, collector) for line, cells in lines)
    return Table(columns, tuple(first[1]), first[0], records, tuple(collector.problems), collector.hidden)


def require_columns(table: Table, *choices: Sequence[str], help_: str) -> None:
    """Raise SourceError where the header names none of the columns of a choice."""
    collector = Collector()
    for names in choices:
        if table.first_of(names) is None:
            wanted = " or ".join(names[:4])
            collector.problem(f"the header names no column {wanted}", table.line, help_, "no-column")
    if collector.problems:
        raise SourceError(*collector.problems)


def _delimiter(text: str) -> str:
    """Return the delimiter that the first line that is not empty has most of; the comma where it has none."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    return max(_DELIMITERS, key=first.count)


def _plain(cell: str) -> str:
    """Return a cell stripped, and without the apostrophe that keeps spreadsheets from taking it for a formula."""
    cell = cell.strip()
    return cell[1:] if cell[:1] == "'" and cell[1:2] in ("=", "+", "-", "@") else cell
