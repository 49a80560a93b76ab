"""Reads sheets of Excel workbooks (.xlsx) as lines of text cells.

The only home of openpyxl, which is imported only for a workbook. Reads values, never formulas, row after row, so that
memory does not grow with the sheet.
"""

from __future__ import annotations

import datetime
import re
import zipfile
from io import BytesIO
from typing import IO, TYPE_CHECKING, Any

from ipplan.findings import MOST_PROBLEMS
from ipplan.importers.reading import Problem, SourceError
from ipplan.plan.problems import nearest, show

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LARGEST_UNPACKED = 1 << 30
"""Read workbooks of at most 1 GiB unpacked, so that a small file cannot fill the memory."""
_MOST_ROWS = 1 << 20
"""Read at most 1,048,576 rows, the most that Excel writes: a broken file may have larger row numbers."""
_FORMULA = re.compile(rb"<(\w+:)?f[\s>/]")
OWN_SHEET = "networks"
"""The sheet of networks in a workbook that ipplan wrote."""
_SHEET_HELP = "name the sheet: --sheet NAME"
_FORMULA_HELP = "open the workbook in a spreadsheet, which calculates it, and save it"


def read_sheet(data: bytes, name: str | None) -> Iterator[tuple[int, list[str]]]:
    """Yield the number of each row from 1, and its cells as text.

    `name` is that of the sheet; without it, the sheet is the one named Networks, or the only one with any cell. Raises
    SourceError where the bytes are not a workbook, openpyxl is missing, or there is no such sheet.
    """
    try:
        import openpyxl
    except ImportError:
        raise SourceError(
            Problem(
                "the file is an Excel workbook, and openpyxl is not installed",
                None,
                "pip install 'ipplan[xlsx]', or save the sheet as CSV",
                "no-xlsx-reader",
            )
        ) from None
    _reject_bombs(data)
    import warnings

    try:
        with warnings.catch_warnings():
            # openpyxl warns of styles and extensions, which do not change the values of cells.
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(BytesIO(data), read_only=True, data_only=True, keep_links=False)
            sheets = [s for s in book.worksheets if getattr(s, "sheet_state", "visible") == "visible"]
            sheet = _choose(sheets or book.worksheets, name)
            # The size that a file states may be wrong, and openpyxl would then cut rows.
            sheet.reset_dimensions()
            _reject_formulas_without_value(sheet)
            for number, cells in enumerate(sheet.iter_rows(values_only=True), 1):
                if number > _MOST_ROWS:
                    raise ValueError(f"a sheet has at most {_MOST_ROWS:,} rows")
                if cells:
                    yield number, list(map(_text, cells))
    except SourceError:
        raise
    except Exception as error:
        # openpyxl passes on whatever a broken part raises: KeyError, ParseError, ValueError and others.
        raise SourceError(
            Problem(
                f"the workbook cannot be read: {type(error).__name__}: {str(error)[:120]}",
                None,
                "save it again as .xlsx, or save the sheet as CSV",
                "not-text",
            )
        ) from None


def _reject_bombs(data: bytes) -> None:
    """Raise SourceError where the archive is broken, or would be too large unpacked."""
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            size = sum(part.file_size for part in archive.infolist())
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise SourceError(
            Problem(f"the workbook cannot be read: {str(error)[:120]}", None, "get it again", "not-text")
        ) from None
    if size > LARGEST_UNPACKED:
        raise SourceError(
            Problem(
                f"the workbook has {size >> 20:,} MiB unpacked; ipplan reads at most {LARGEST_UNPACKED >> 20:,} MiB",
                None,
                "save the sheet as CSV",
                "too-large",
            )
        )


def _reject_formulas_without_value(sheet: Any) -> None:
    """Raise SourceError for formulas without a value, as programs write them: their cells would look empty."""
    if not _has_formulas(sheet):
        return
    from xml.etree.ElementTree import iterparse

    problems: list[Problem] = []
    hidden = row = 0
    with _open(sheet) as source:
        for _, element in iterparse(source, events=("end",)):
            kind = element.tag.rpartition("}")[2]
            if kind == "row":
                row = int(element.get("r") or row + 1)
                for cell in element:
                    parts = {part.tag.rpartition("}")[2] for part in cell}
                    if "f" not in parts or "v" in parts:
                        continue
                    if len(problems) >= MOST_PROBLEMS:
                        hidden += 1
                        continue
                    message = f"cell {cell.get('r')} has a formula, and the file does not have its value"
                    problems.append(Problem(message, row, _FORMULA_HELP, "no-value"))
                element.clear()
    if problems:
        raise SourceError(*problems, hidden=hidden)


def _open(sheet: Any) -> IO[bytes]:
    """Open the XML of a sheet, for which openpyxl has no public function."""
    source: IO[bytes] = sheet._get_source()  # noqa: SLF001
    return source


def _has_formulas(sheet: Any) -> bool:
    with _open(sheet) as source:
        end = b""
        while part := source.read(1 << 20):
            if _FORMULA.search(end + part):
                return True
            end = part[-16:]
    return False


def _choose(sheets: Sequence[Any], name: str | None) -> Any:
    titles = [sheet.title for sheet in sheets]
    if name is not None:
        found = next((s for s in sheets if s.title.casefold() == name.casefold()), None)
        if found is None:
            near = nearest(name, titles)
            help_ = f"did you mean {show(near)}?" if near else f"its sheets are {', '.join(map(show, titles[:8]))}"
            raise SourceError(Problem(f"the workbook has no sheet {show(name)}", None, help_, "unknown-sheet"))
        return found
    own = next((s for s in sheets if s.title.casefold() == OWN_SHEET), None)
    if own is not None:
        return own
    held = [s for s in sheets if any(any(map(_text, row)) for row in s.iter_rows(max_row=50, values_only=True))]
    if len(held) > 1:
        listed = ", ".join(show(s.title) for s in held[:8])
        raise SourceError(Problem(f"the workbook has {len(held)} sheets: {listed}", None, _SHEET_HELP, "unknown-sheet"))
    if not held:
        raise SourceError(Problem("the workbook is empty", None, None, "no-prefix"))
    return held[0]


def _text(value: object) -> str:
    """Return a cell as text: whole numbers without a fraction, dates as ISO 8601 has them."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, datetime.datetime) and value.time() == datetime.time():
        return value.date().isoformat()
    if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
        return value.isoformat()
    return str(value)
