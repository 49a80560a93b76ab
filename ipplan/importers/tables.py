"""Tables as records that know their line: CSV of any delimiter, or a sheet of a workbook, with or without a header.

Knows nothing of what the columns of a tool mean.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from itertools import chain, islice
from typing import TYPE_CHECKING, NamedTuple

from ipplan.importers.reading import (
    Collector,
    Problem,
    SourceError,
    decode,
    is_address,
    is_prefix,
    is_workbook,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

_DELIMITERS = ",;\t|"
_STATED = re.compile(r"sep=([,;\t|])\r?\n", re.IGNORECASE)
SAMPLE = 1000
"""Records from which the meaning of columns is told where their names do not tell it."""
MOST_COLUMNS = 1024
"""Columns that a table may have."""
_LONGEST_LINE = 1 << 24
"""Characters of a line, and of a cell."""
_PROGRESS = 4096
"""Records between two calls that tell how far the reading is."""


class Options(NamedTuple):
    """How a table is to be read.

    `skip_rows` lines stand above the header. `columns` names the column of a field by its title or its number from 1.
    `sheet` is that of a workbook. `lenient` leaves out what cannot be read instead of refusing the file. `progress` is
    called with the number of lines read.
    """

    skip_rows: int = 0
    lenient: bool = False
    columns: tuple[tuple[str, str], ...] = ()
    sheet: str | None = None
    progress: Callable[[int], None] | None = None


DEFAULTS = Options()
"""A table as it comes."""


class Record(NamedTuple):
    """One record below the header: its first line, its cells, stripped, and the places of each column by its name."""

    line: int
    cells: list[str]
    places: Mapping[str, tuple[int, ...]]

    def get(self, *columns: str) -> str | None:
        """Return the first cell among these columns that holds anything, None where none does."""
        for name in columns:
            for place in self.places.get(name, ()):
                if cell := self.cells[place]:
                    return cell
        return None


class Table(NamedTuple):
    """A header, its names as `column_name` has them and as they are written, its line, and the records below it.

    `records` can be gone through once; `sample` are the first of them. `collector` has what was noted so far, and is
    told of records that do not fit the header. `options` are those that the table is read with.
    """

    columns: tuple[str, ...]
    written: tuple[str, ...]
    line: int
    records: Iterable[Record]
    sample: tuple[Record, ...]
    collector: Collector
    options: Options = DEFAULTS

    def first_of(self, names: Iterable[str]) -> str | None:
        """Return the first of these names that is a column."""
        return next((name for name in names if name in self.columns), None)


def column_name(text: str) -> str:
    """Return the name of a column in lower case, words joined by one space, without accents, stars and other signs."""
    if text.isascii():
        return " ".join(re.sub(r"[^a-z0-9]+", " ", text.lower()).split())
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return " ".join(re.sub(r"[\W_]+", " ", plain.casefold()).split())


def places_of(columns: Sequence[str]) -> dict[str, tuple[int, ...]]:
    """Return the places of each column by its name; of two columns of one name both."""
    found: dict[str, tuple[int, ...]] = {}
    for place, name in enumerate(columns):
        found[name] = (*found.get(name, ()), place)
    return found


def fit(cells: list[str], width: int, line: int, collector: Collector) -> list[str]:
    """Return as many cells as there are columns; note a problem where there are more, because then they are shifted."""
    if len(cells) > width:
        if any(cells[width:]):
            collector.problem(
                f"the row has {len(cells)} cells, and its header names {width} columns",
                line,
                "write a value that holds the delimiter in double quotes",
                "csv-syntax",
            )
        del cells[width:]
    elif len(cells) < width:
        cells += [""] * (width - len(cells))
    return cells


def read_lines(data: bytes, options: Options = DEFAULTS) -> Iterator[tuple[int, list[str]]]:
    """Yield the first line and the cells of every record that is not empty, below the rows that are skipped.

    Raises SourceError at bad quoting.
    """
    lines = _sheet_lines(data, options) if is_workbook(data) else _csv_lines(data)
    for number, (line, cells) in enumerate(lines):
        if options.progress is not None and number % _PROGRESS == 0:
            options.progress(line)
        if line > options.skip_rows:
            yield line, cells


def _sheet_lines(data: bytes, options: Options) -> Iterator[tuple[int, list[str]]]:
    from ipplan.importers.workbook import read_sheet

    rows = ((line, trim([_plain(cell) for cell in cells])) for line, cells in read_sheet(data, options.sheet))
    held = ((line, cells) for line, cells in rows if cells)
    first = list(islice(held, SAMPLE))
    # A sheet does not end its rows: a column without a title is one all the same where cells stand in it.
    width = max((len(cells) for _, cells in first), default=0)
    for line, cells in first:
        refuse_wide(len(cells), line)
        yield line, cells + [""] * (width - len(cells))
    yield from held


def _csv_lines(data: bytes) -> Iterator[tuple[int, list[str]]]:
    text = decode(data)
    # A first line "sep=;" is how a CSV tells Excel the delimiter.
    stated = _STATED.match(text)
    delimiter = stated[1] if stated else _delimiter(text)
    start = 1 if stated else 0
    limit = csv.field_size_limit(max(csv.field_size_limit(), _LONGEST_LINE))
    reader = csv.reader(_split(text, stated.end() if stated else 0, delimiter), delimiter=delimiter, strict=True)
    line = start + 1
    plain = _plain if "'" in text or '="' in text else str.strip
    try:
        for cells in reader:
            stripped = list(map(plain, cells))
            if any(stripped):
                yield line, stripped
            line = start + reader.line_num + 1
    except csv.Error as error:
        help_ = "a value that starts with a double quote has to end with one: look for one too many from here on"
        raise SourceError(Problem(f"this is no CSV: {error}", line, help_, "csv-syntax")) from None
    finally:
        csv.field_size_limit(limit)


def _split(text: str, start: int, delimiter: str) -> Iterator[str]:
    """Yield the lines with their ends, as a file would that is opened without translation of line ends.

    Raises SourceError at a line that no table has, before it fills the memory.
    """
    size = 1 << 16
    while start < len(text):
        end = text.find("\n", start + size)
        end = len(text) if end < 0 else end + 1
        if end - start > 2 * size:
            _refuse_long_lines(text, start, end, delimiter)
        # A part ends after a line feed, so that no line is cut and "\r\n" stays whole.
        yield from io.StringIO(text[start:end], newline="")
        start = end


def _refuse_long_lines(text: str, start: int, end: int, delimiter: str) -> None:
    line = text.count("\n", 0, start) + 1
    while start < end:
        after = text.find("\n", start, end) + 1 or end
        if after - start > _LONGEST_LINE:
            message = f"the line has {after - start:,} characters: at most {_LONGEST_LINE:,}"
            raise SourceError(Problem(message, line, "this is hardly a table", "csv-syntax"))
        if after - start > 1 << 16 and (count := text.count(delimiter, start, after)) > 1 << 20:
            refuse_wide(count + 1, line)
        start, line = after, line + 1


def refuse_wide(count: int, line: int) -> None:
    """Raise SourceError where a line has more columns than are read."""
    if count > MOST_COLUMNS:
        message = f"the line has {count:,} columns: at most {MOST_COLUMNS:,} are read"
        raise SourceError(Problem(message, line, "leave out columns, or a stray cell far to the right", "too-large"))


def trim(cells: list[str]) -> list[str]:
    """Return the cells without the empty ones at their end."""
    while cells and not cells[-1]:
        cells.pop()
    return cells


def is_comment(cells: Sequence[str]) -> bool:
    """Tell whether a line is a comment: it starts with "#", and no cell of it is a range of addresses."""
    return _COMMENT.match(cells[0]) is not None and not any(is_prefix(c) or is_address(c) for c in cells)


_COMMENT = re.compile(r"#(?!\d+$|(N/A|[A-Z]+[!?]|DIV/0!)$)")
"""A comment, and no number and no error value of a spreadsheet."""


def read_table(data: bytes, options: Options = DEFAULTS, known: Callable[[str], bool] | None = None) -> Table:
    """Return the records of a file whose first line that is not empty names the columns.

    `known` tells names of columns of which a header has one at least. Where the first line has none and a later one
    has, the file has something above its header: an error, or with `lenient` left out. Comments may always stand there.
    """
    collector = Collector(lenient=options.lenient)
    lines = read_lines(data, options)
    head = list(islice(lines, _MOST_ABOVE))
    if not head:
        below = f" below line {options.skip_rows}" if options.skip_rows else ""
        raise SourceError(Problem(f"the file is empty{below}", options.skip_rows + 1, None, "no-prefix"))
    names = known or (lambda _: False)
    while len(head) > 1 and is_comment(head[0][1]) and not any(names(column_name(c)) for c in head[0][1]):
        line, cells = head.pop(0)
        collector.leave_out(line, cells, "it is a comment")
    at = 0 if known is None or options.columns else _header(head, known, options)
    for line, cells in head[:at]:
        collector.leave_out(line, cells, "it stands above the header")
    line, cells = head[at]
    return make_table(cells, line, chain(head[at + 1 :], lines), collector, options)


def make_table(
    header: Sequence[str],
    line: int,
    lines: Iterable[tuple[int, list[str]]],
    collector: Collector,
    options: Options,
) -> Table:
    """Return the table of a header, its line, and the lines below it."""
    first = list(islice(lines, SAMPLE))
    # Empty columns at the end, which spreadsheets write by the thousand, are none.
    widest = max((len(trim(cells[: len(header)])) for _, cells in [(line, list(header)), *first]), default=0)
    refuse_wide(widest, line)
    written = tuple(header[:widest])
    columns = tuple(map(column_name, written))
    places = places_of(columns)
    records = (
        Record(n, own, places)
        for n, cells in chain(first, lines)
        if not _left_out(own := fit(cells, widest, n, collector), written, n, collector)
    )
    sample = tuple(islice(records, SAMPLE))
    return Table(columns, written, line, chain(sample, records), sample, collector, options)


def _left_out(cells: list[str], header: Sequence[str], line: int, collector: Collector) -> bool:
    """Leave out what says nothing in any table: a header that is repeated, and comments."""
    if cells[0] == header[0] and tuple(cells) == header:
        collector.leave_out(line, cells, "it repeats the header")
    elif cells[0][:1] == "#" and is_comment(cells):
        collector.leave_out(line, cells, "it is a comment")
    else:
        return False
    return True


_MOST_ABOVE = 50
"""Lines among which the header is looked for."""


def _header(head: Sequence[tuple[int, list[str]]], known: Callable[[str], bool], options: Options) -> int:
    """Return the place of the header among the first lines: the first line unless only a later one names columns.

    A header in words that nobody knows is the line above the first one with an address.
    """
    found = next((i for i, (_, cells) in enumerate(head) if any(known(column_name(c)) for c in cells)), None)
    if found is None:
        first = next((i for i, (_, cells) in enumerate(head) if any(is_prefix(c) or is_address(c) for c in cells)), 0)
        found = first - 1 if first > 1 and sum(map(bool, head[first - 1][1])) > 1 else 0
    if not found or options.lenient:
        return found
    line = head[found][0]
    raise SourceError(
        Problem(
            f"the first line names no column that is known; line {line} may be the header",
            head[0][0],
            f"--skip-rows {line - 1} starts there, and --lenient leaves out what stands above",
            "no-column",
        )
    )


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
    """Return the delimiter that the first line has most of that is neither empty nor a comment, else the comma.

    Where the first line is a title, which the next ones tell, they decide.
    """
    lines = (line for line in io.StringIO(text[: 1 << 20]) if line.strip())
    some = list(islice(lines, _MOST_ABOVE))
    some = [line for line in some if not line.startswith("#")] or some
    first, more = some[0] if some else "", some[1:]
    best = max(_DELIMITERS, key=first.count)
    if first.count(best) and not (more and best not in more[0]):
        return best
    others = [d for d in _DELIMITERS if more and all(d in line for line in more)]
    if not first.count(best):
        others = others or [d for d in _DELIMITERS if any(d in line for line in more)]
    return max(others, key="".join(more).count, default=best)


def _plain(cell: str) -> str:
    """Return a cell stripped, and without what keeps spreadsheets from taking it for a formula or a number.

    That is an apostrophe before it, or the formula ="10.1".
    """
    cell = cell.strip()
    if cell[:2] == '="' and cell[-1:] == '"' and len(cell) > 2:
        return cell[2:-1].replace('""', '"').strip()
    return cell[1:] if cell[:1] == "'" and cell[1:2] in ("=", "+", "-", "@") else cell
