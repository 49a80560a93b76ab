"""Sheets as an Excel workbook, row by row: memory holds only the compressed file, and there are no temporary files.

XlsxWriter writes the workbook with one empty row in each sheet, a pattern for text and numbers. The rows are then
written after that pattern: a hundred thousand rows in XlsxWriter's own cells need hundreds of megabytes, or temporary
files that an interruption would leave behind. Text never becomes a formula or a link.
"""

from __future__ import annotations

import re
from io import BytesIO
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, NamedTuple
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from ipplan.exporters import ExportError
from ipplan.output.text import cells, escape

if TYPE_CHECKING:
    import datetime
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    Value = str | int | None

LARGEST_NUMBER = 10**15
"""Numbers from this one on are written as text: Excel keeps 15 digits (Excel specifications and limits)."""
MOST_CHARACTERS = 32_767
"""Limit a cell to this many characters (same page)."""
_WIDEST = 80
"""Limit a column to this width in characters; longer text is wrapped."""
_MEASURED = 1_000
"""Measure the width of columns in at most this many rows of a sheet."""
_WRITTEN_AT_ONCE = 500
"""Compress at most this many rows at a time."""
_MOST_BYTES = 2**31 - 1
"""Limit a sheet to this many bytes before compression; larger ones need ZIP64, which not every reader knows."""
_LAST_ROW = 1_048_575
"""The last row of a worksheet, counted from 0."""
_A4 = 9
"""The number of the paper size (ECMA-376 part 1, section 18.3.1.63)."""
_FIXED = (1980, 1, 1, 0, 0, 0)
"""The date of every part of the file, the same as XlsxWriter's, so that the same plan gives the same bytes."""
_PATTERN = re.compile(r'<row r="2"[^>]*><c r="A2" s="(\d+)"/><c r="B2" s="(\d+)"/></row>')
_DIMENSION = re.compile(r"<dimension [^>]*/>")


class Shade(NamedTuple):
    """The colours of cells that hold a word in a column: background and text, as "#RRGGBB"."""

    title: str
    word: str
    background: str
    text: str = "#000000"


class Sheet(NamedTuple):
    """One worksheet: its name, the titles of its columns, two or more, and its rows, which are read once.

    `shades` colour cells by the word in them. The column `bars` also shows its numbers as bars.
    """

    name: str
    titles: tuple[str, ...]
    rows: Iterable[Sequence[Value]]
    shades: tuple[Shade, ...] = ()
    bars: str | None = None


def write_workbook(sheets: Iterable[Sheet], properties: Mapping[str, str | datetime.datetime]) -> bytes:
    """Return the workbook; raise ExportError where XlsxWriter is missing, or a sheet is larger than a file holds."""
    begun = []
    for sheet in sheets:
        rows = iter(sheet.rows)
        first = list(islice(rows, _MEASURED))
        begun.append((sheet._replace(rows=chain(first, rows)), list(_widths(sheet.titles, first))))
    shell = ZipFile(BytesIO(_shell([(sheet, widths) for sheet, widths in begun], properties)))
    waiting = {f"xl/worksheets/sheet{number}.xml": sheet for number, (sheet, _) in enumerate(begun, 1)}
    counts: list[int] = []
    data = BytesIO()
    with ZipFile(data, "w", ZIP_DEFLATED) as book:
        for name in shell.namelist():
            text = shell.read(name).decode()
            part = ZipInfo(name, _FIXED)
            part.compress_type, part.external_attr = ZIP_DEFLATED, 0o600 << 16
            if name in waiting:
                counts.append(_fill(book, part, text, waiting[name]))
            else:
                # The workbook comes after its sheets.
                book.writestr(part, _with_filters(text, counts) if name == "xl/workbook.xml" else text)
    return data.getvalue()


def clean(text: str) -> str:
    """Return text without control characters, and no longer than a cell takes."""
    safe = escape(text)
    return safe if len(safe) <= MOST_CHARACTERS else safe[: MOST_CHARACTERS - 1] + "…"


def _shell(sheets: Iterable[tuple[Sheet, Iterable[int]]], properties: Mapping[str, str | datetime.datetime]) -> bytes:
    """Return the workbook with titles, formats and layout; the second row of each sheet is the pattern for its rows."""
    try:
        import xlsxwriter
    except ImportError:
        raise ExportError("xlsx needs XlsxWriter", "pip install 'ipplan[xlsx]'") from None
    data = BytesIO()
    # In memory, because temporary files would be left behind by an interruption.
    with xlsxwriter.Workbook(data, {"in_memory": True}) as book:
        book.set_properties(
            {key: clean(value) if isinstance(value, str) else value for key, value in properties.items()}
        )
        head = book.add_format({"bold": True, "bg_color": "#D9E1F2", "bottom": 1, "valign": "top"})
        plain = book.add_format({"text_wrap": True, "valign": "top"})
        number = book.add_format({"num_format": "#,##0", "valign": "top"})
        for sheet, widths in sheets:
            page = book.add_worksheet(sheet.name)
            page.freeze_panes(1, 0)
            page.set_landscape()
            page.set_paper(_A4)
            page.fit_to_pages(1, 0)
            page.repeat_rows(0)
            page.set_footer("&L&A&R&P / &N")
            for column, width in enumerate(widths):
                page.set_column(column, column, width)
            for column, title in enumerate(sheet.titles):
                page.write_string(0, column, title, head)
            page.write_blank(1, 0, None, plain)
            page.write_blank(1, 1, None, number)
            page.autofilter(0, 0, 1, len(sheet.titles) - 1)
            page.print_area(0, 0, 1, len(sheet.titles) - 1)
            _add_colours(book, page, sheet)
    return data.getvalue()


def _add_colours(book: Any, page: Any, sheet: Sheet) -> None:
    """Add conditional formats that colour cells of all rows by their content."""
    for shade in sheet.shades:
        column = sheet.titles.index(shade.title)
        look = book.add_format({"bg_color": shade.background, "font_color": shade.text})
        rule = {"type": "cell", "criteria": "==", "value": f'"{shade.word}"', "format": look}
        page.conditional_format(1, column, _LAST_ROW, column, rule)
    if sheet.bars is not None:
        column = sheet.titles.index(sheet.bars)
        bar = {"type": "data_bar", "bar_color": "#9DC3E6"}
        page.conditional_format(1, column, _LAST_ROW, column, bar)


def _fill(book: ZipFile, part: ZipInfo, text: str, sheet: Sheet) -> int:
    """Write a sheet with its rows instead of the pattern, and return their number."""
    pattern = _PATTERN.search(text)
    assert pattern is not None
    # The dimension of a sheet is known only at its end, and it is optional.
    head = _DIMENSION.sub("", text[: pattern.start()])
    lines = _rows(sheet, text_style=pattern[1], number_style=pattern[2])
    count, size = 0, 0
    with book.open(part, "w") as stream:
        stream.write(head.encode())
        while some := list(islice(lines, _WRITTEN_AT_ONCE)):
            count += len(some)
            written = "".join(some).encode()
            size += len(written)
            if size > _MOST_BYTES:
                raise ExportError(
                    f"sheet {sheet.name} would be larger than {_MOST_BYTES:,} bytes",
                    "ipplan show PLAN --format csv has no such limit",
                )
            stream.write(written)
        tail = text[pattern.end() :]
        stream.write(re.sub(r'(<autoFilter ref="A1:[A-Z]+)2"', rf'\g<1>{count + 1}"', tail).encode())
    return count


def _with_filters(text: str, counts: Iterable[int]) -> str:
    """Return the part xl/workbook.xml with every filter and print area extended to all rows of its sheet."""
    for sheet, count in enumerate(counts):
        text = re.sub(
            rf'(<definedName name="_xlnm.(?:_FilterDatabase|Print_Area)" localSheetId="{sheet}"[^>]*>[^<]*\$)2<',
            rf"\g<1>{count + 1}<",
            text,
        )
    return text


def _rows(sheet: Sheet, *, text_style: str, number_style: str) -> Iterator[str]:
    """Yield the XML of each row (ECMA-376 part 1, section 18.3.1.73), with inline strings."""
    columns = [_letters(at) for at in range(len(sheet.titles))]
    texts = f'" s="{text_style}" t="inlineStr"><is><t xml:space="preserve">'
    numbers = f'" s="{number_style}"><v>'
    for row, values in enumerate(sheet.rows, 2):
        line = [f'<row r="{row}">']
        for column, value in zip(columns, values, strict=True):
            if value is None:
                continue
            if isinstance(value, int) and value < LARGEST_NUMBER:
                line.append(f'<c r="{column}{row}{numbers}{value}</v></c>')
            else:
                line.append(f'<c r="{column}{row}{texts}{_xml(str(value))}</t></is></c>')
        line.append("</row>")
        yield "".join(line)


def _xml(text: str) -> str:
    text = clean(text)
    if "_x" in text:
        # Excel would read such text as one of its own escapes (ECMA-376 part 1, section 22.9.2.19).
        text = re.sub(r"_(x[0-9a-fA-F]{4}_)", r"_x005F_\1", text)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _letters(column: int) -> str:
    """Return the letters of a column, counted from 0."""
    found = ""
    column += 1
    while column:
        column, at = divmod(column - 1, 26)
        found = chr(ord("A") + at) + found
    return found


def _widths(titles: Sequence[str], rows: Sequence[Sequence[Value]]) -> Iterator[int]:
    """Yield the width of each column in characters: its longest text, up to a limit, and room for the filter arrow."""
    for column, title in enumerate(titles):
        shown = (
            f"{row[column]:,}" if isinstance(row[column], int) else str(row[column] or "")[:_WIDEST] for row in rows
        )
        yield min(max(max(map(cells, shown), default=0) + 2, len(title) + 4), _WIDEST)
