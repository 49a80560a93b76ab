"""Reads tables as records that know their line: CSV with any delimiter, or a sheet of a workbook.

Knows nothing of what the columns of a tool mean.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from itertools import chain, islice
from typing import TYPE_CHECKING, NamedTuple

from ipplan.importers.cells import is_address, is_prefix
from ipplan.importers.collecting import Collector
from ipplan.importers.reading import Problem, SourceError, decode, is_workbook

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

_DELIMITERS = ",;\t|"
_STATED = re.compile(r"sep=([,;\t|])\r?\n", re.IGNORECASE)
SAMPLE = 1000
"""Look at the first 1,000 records for the meaning of columns whose names do not say it."""
MOST_COLUMNS = 1024
"""Read at most 1,024 columns of a table."""
_LONGEST_LINE = 1 << 24
"""Read lines and cells of at most 16 Mi characters."""
_PROGRESS = 4096
"""Report the progress every 4,096 records."""


class Options(NamedTuple):
    """How to read a table.

    `skip_rows` lines are above the header. `columns` names the column of a field by its title or its number from 1.
    `sheet` is the name of a sheet of a workbook. `lenient` skips lines that cannot be read instead of rejecting the
    file. `progress` is called with the number of lines read.
    """

    skip_rows: int = 0
    lenient: bool = False
    columns: tuple[tuple[str, str], ...] = ()
    sheet: str | None = None
    progress: Callable[[int], None] | None = None


DEFAULTS = Options()
"""Read a table without any option."""


class Record(NamedTuple):
    """One record below the header: its first line, its cells, stripped, and the places of each column by its name."""

    line: int
    cells: list[str]
    places: Mapping[str, tuple[int, ...]]

    def get(self, *columns: str) -> str | None:
        """Return the first cell among these columns that is not empty, None if all are."""
        for name in columns:
            for place in self.places.get(name, ()):
                if cell := self.cells[place]:
                    return cell
        return None


class Table(NamedTuple):
    """A header and the records below it.

    `columns` are the names as `column_name` returns them, `written` as the file has them; `line` is that of the header.
    `records` can be iterated once; `sample` are the first of them. `collector` has the problems so far, and gets those of
    records that do not fit the header.
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
    """Return the name of a column in lower case, with single spaces, without accents, stars and other signs."""
    if text.isascii():
        return " ".join(re.sub(r"[^a-z0-9]+", " ", text.lower()).split())
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return " ".join(re.sub(r"[\W_]+", " ", plain.casefold()).split())


def places_of(columns: Sequence[str]) -> dict[str, tuple[int, ...]]:
    """Return the places of each column by its name; two columns may share a name."""
    found: dict[str, tuple[int, ...]] = {}
    for place, name in enumerate(columns):
        found[name] = (*found.get(name, ()), place)
    return found


def fit(cells: list[str], width: int, line: int, collector: Collector) -> list[str]:
    """Return as many cells as there are columns; report a problem where there are more, because cells have shifted."""
    if len(cells) > width:
        if any(cells[width:]):
            collector.problem(
                f"the row has {len(cells)} cells, and the header names {width} columns",
                line,
                "put a value that holds the delimiter in double quotes",
                "csv-syntax",
            )
        del cells[width:]
    elif len(cells) < width:
        cells += [""] * (width - len(cells))
    return cells


def read_lines(data: bytes, options: Options = DEFAULTS) -> Iterator[tuple[int, list[str]]]:
    """Yield the first line and the cells of every record that is not empty, after the rows to skip.

    Raises SourceError for bad quoting.
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
    # Rows of a sheet may have any length: a column without a title counts where it has cells.
    width = max((len(cells) for _, cells in first), default=0)
    for line, cells in first:
        reject_wide(len(cells), line)
        yield line, cells + [""] * (width - len(cells))
    yield from held


def _csv_lines(data: bytes) -> Iterator[tuple[int, list[str]]]:
    text = decode(data)
    # A first line "sep=;" is how a CSV names its delimiter for Excel.
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
        help_ = "a value that starts with a double quote has to end with one: look for a stray quote from here on"
        raise SourceError(Problem(f"this is not valid CSV: {error}", line, help_, "csv-syntax")) from None
    finally:
        csv.field_size_limit(limit)


def _split(text: str, start: int, delimiter: str) -> Iterator[str]:
    """Yield the lines with their line ends unchanged.

    Raises SourceError for a line that is too long for a table, before it fills the memory.
    """
    size = 1 << 16
    while start < len(text):
        end = text.find("\n", start + size)
        end = len(text) if end < 0 else end + 1
        if end - start > 2 * size:
            _reject_long_lines(text, start, end, delimiter)
        # A part ends after a line feed, so that it cuts no line and no "\r\n".
        yield from io.StringIO(text[start:end], newline="")
        start = end


def _reject_long_lines(text: str, start: int, end: int, delimiter: str) -> None:
    line = text.count("\n", 0, start) + 1
    while start < end:
        after = text.find("\n", start, end) + 1 or end
        if after - start > _LONGEST_LINE:
            message = f"the line has {after - start:,} characters; ipplan reads at most {_LONGEST_LINE:,}"
            raise SourceError(Problem(message, line, "check that the file is a table", "csv-syntax"))
        if after - start > 1 << 16 and (count := text.count(delimiter, start, after)) > 1 << 20:
            reject_wide(count + 1, line)
        start, line = after, line + 1


def reject_wide(count: int, line: int) -> None:
    """Raise SourceError for a line with more columns than are read."""
    if count > MOST_COLUMNS:
        message = f"the line has {count:,} columns; ipplan reads at most {MOST_COLUMNS:,}"
        raise SourceError(Problem(message, line, "remove columns, or a stray cell far to the right", "too-large"))


def trim(cells: list[str]) -> list[str]:
    """Return the cells without empty ones at the end."""
    while cells and not cells[-1]:
        cells.pop()
    return cells


def is_comment(cells: Sequence[str]) -> bool:
    """Return whether a line is a comment: it starts with "#", and no cell is a prefix or an address."""
    return _COMMENT.match(cells[0]) is not None and not any(is_prefix(c) or is_address(c) for c in cells)


_COMMENT = re.compile(r"#(?!\d+$|(N/A|[A-Z]+[!?]|DIV/0!)$)")
"""The start of a comment; "#7" is a number, and "#N/A" an error value of a spreadsheet."""


def read_table(data: bytes, options: Options = DEFAULTS, known: Callable[[str], bool] | None = None) -> Table:
    """Return the records of a file whose first line names the columns.

    A header has at least one name that `known` accepts. Where only a later line has one, the lines above it are an
    error, or skipped with `lenient`. Comments are always allowed above the header.
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
        collector.skip(line, cells, "it is a comment")
    at = 0 if known is None or options.columns else _header(head, known, options)
    for line, cells in head[:at]:
        collector.skip(line, cells, "it is above the header")
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
    # Spreadsheets write empty columns at the end, by the thousand: they do not count.
    widest = max((len(trim(cells[: len(header)])) for _, cells in [(line, list(header)), *first]), default=0)
    reject_wide(widest, line)
    written = tuple(header[:widest])
    columns = tuple(map(column_name, written))
    places = places_of(columns)
    records = (
        Record(n, own, places)
        for n, cells in chain(first, lines)
        if not _is_skipped(own := fit(cells, widest, n, collector), written, n, collector)
    )
    sample = tuple(islice(records, SAMPLE))
    return Table(columns, written, line, chain(sample, records), sample, collector, options)


def _is_skipped(cells: list[str], header: Sequence[str], line: int, collector: Collector) -> bool:
    """Skip a repeated header and a comment; return whether the line is one of them."""
    if cells[0] == header[0] and tuple(cells) == header:
        collector.skip(line, cells, "it repeats the header")
    elif cells[0][:1] == "#" and is_comment(cells):
        collector.skip(line, cells, "it is a comment")
    else:
        return False
    return True


_MOST_ABOVE = 50
"""Look for the header in the first 50 lines."""


def _header(head: Sequence[tuple[int, list[str]]], known: Callable[[str], bool], options: Options) -> int:
    """Return the place of the header among the first lines: the first line, unless only a later one names columns.

    A header of unknown words is the line above the first line with an address.
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
            f"the first line names no known column; line {line} may be the header",
            head[0][0],
            f"--skip-rows {line - 1} starts there, and --lenient skips the lines above it",
            "no-column",
        )
    )


def require_columns(table: Table, *choices: Sequence[str], help_: str) -> None:
    """Raise SourceError where the header has none of the columns of a choice."""
    collector = Collector()
    for names in choices:
        if table.first_of(names) is None:
            wanted = " or ".join(names[:4])
            collector.problem(f"the header has no column {wanted}", table.line, help_, "no-column")
    if collector.problems:
        raise SourceError(*collector.problems)


def _delimiter(text: str) -> str:
    """Return the delimiter that the first line uses most, empty lines and comments aside; the comma by default.

    Where the following lines show that the first line is a title, they decide.
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
    """Return a cell stripped, without the marks that keep a spreadsheet from changing it.

    These are an apostrophe before the text, and the formula ="10.1".
    """
    cell = cell.strip()
    if cell[:2] == '="' and cell[-1:] == '"' and len(cell) > 2:
        return cell[2:-1].replace('""', '"').strip()
    return cell[1:] if cell[:1] == "'" and cell[1:2] in ("=", "+", "-", "@") else cell
