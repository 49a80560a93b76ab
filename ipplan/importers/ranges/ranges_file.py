"""Reads and writes the ranges file: an edition of IBM's ranges as CSV, with its source in `#` lines at the top.

    # title: IBM Cloud docs, infrastructure-hub: IBM Cloud IP ranges, edition 2025-10-03
    # url: https://github.com/ibm-cloud-docs/infrastructure-hub/blob/c0135fb/ips.md
    # date: 2025-10-03
    category,data_center,city,pod,cidr,note

A file that is read and written again keeps its rows and its source.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from ipplan.addresses import AddressError
from ipplan.importers.ranges.rows import (
    NO_LENGTH,
    PUBLISHED,
    Head,
    PublishedRange,
    Reading,
    cut,
    range_problem,
    read_data_center,
    read_date,
    read_range,
    require_room,
)
from ipplan.importers.reading import Problem
from ipplan.plan.problems import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ipplan.catalog import Edition

COLUMNS = ("category", "data_center", "city", "pod", "cidr", "note")
_REQUIRED = ("category", "cidr")
_HEAD = ("title", "url", "date", "revision")
_LONGEST_TEXT = 1000
"""Read at most 1,000 characters of a cell, or of a line at the top."""
_LONGEST_CATEGORY = 40
"""Suggest a category only for a word of fewer than 40 characters."""


def is_ranges_file(text: str) -> bool:
    """Return whether a text is CSV with the columns of a ranges file, after any `#` lines."""
    for line in text.lstrip("\ufeff").split("\n", 50)[:50]:
        if line.strip() and not line.startswith("#"):
            return {"category", "cidr"} <= {name.strip().strip('"').lower() for name in line[:1000].split(",")}
    return False


def read_ranges_file(text: str) -> Reading:
    """Read every row; report a row with a mistake at its line, and skip it."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    head, problems, start = _read_head(lines)
    reader = csv.reader(lines[start:], strict=True)
    rows: list[PublishedRange] = []
    try:
        columns = [name.strip().lower() for name in next(reader, [])]
        if missing := [name for name in _REQUIRED if name not in columns]:
            what = f"the file has no column {' and '.join(missing)}"
            problems.append(Problem(what, start + 1, f"the columns are {','.join(COLUMNS)}"))
            return Reading(head, (), tuple(problems))
        places = {name: columns.index(name) for name in COLUMNS if name in columns}
        for cells in reader:
            line = start + reader.line_num
            if any(cell.strip() for cell in cells):
                row = _read_row(cells, places, line)
                (rows if isinstance(row, PublishedRange) else problems).append(row)  # type: ignore[arg-type]
                require_room(len(rows) + len(problems), line)
    except csv.Error as error:
        problems.append(Problem(f"the row cannot be read as CSV: {error}", start + reader.line_num))
    return Reading(head, tuple(rows), tuple(problems))


def _read_head(lines: Sequence[str]) -> tuple[Head, list[Problem], int]:
    """Return what the `#` lines say, what is wrong with them, and the number of lines above the columns."""
    found: dict[str, str] = {}
    problems: list[Problem] = []
    for number, line in enumerate(lines):
        if line.strip() and not line.startswith("#"):
            break
        name, colon, value = line.lstrip("#").partition(":")
        name, value = name.strip().lower(), value.strip()
        if not colon or name not in _HEAD or not value:
            continue
        if name == "date" and read_date(value) is None:
            help_ = "write it as 2025-10-03"
            problems.append(Problem(f'"{cut(value)}" is not a valid date', number + 1, help_))
        elif len(value) > _LONGEST_TEXT:
            problems.append(Problem(f"the {name} has more than {_LONGEST_TEXT:,} characters", number + 1))
        else:
            found[name] = value
    else:
        number = len(lines)
    return Head(**found), problems, number


def _read_row(cells: Sequence[str], places: Mapping[str, int], line: int) -> PublishedRange | Problem:
    value = {name: cells[at].strip() if at < len(cells) else "" for name, at in places.items()}
    if any(len(text) > _LONGEST_TEXT for text in value.values()):
        return Problem(f"a cell has more than {_LONGEST_TEXT:,} characters", line)
    category = value["category"].removeprefix("ibm-")
    if category not in PUBLISHED:
        near = nearest(category, PUBLISHED) if len(category) < _LONGEST_CATEGORY else None
        help_ = f"did you mean {near}?" if near else "ipplan ranges lists the categories"
        return Problem(f'"{cut(value["category"])}" is not a category of IBM\'s ranges', line, help_)
    center = value.get("data_center", "")
    name = read_data_center(center)
    if center and name is None:
        return Problem(
            f'"{cut(center)}" is not a data center', line, "write a name such as dal10, or all for every data center"
        )
    try:
        stated = read_range(value["cidr"])
    except AddressError as error:
        return range_problem(value["cidr"], error, line)
    return PublishedRange(
        category=category,
        data_center=name,
        city=value.get("city") or None,
        pod=value.get("pod") or None,
        prefix=stated.prefix,
        note=value.get("note") or (None if stated.has_length else NO_LENGTH),
        line=line,
        printed=stated.printed,
    )


def render_ranges_file(edition: Edition, rows: Iterable[PublishedRange]) -> str:
    """Return the text of a ranges file; the rows keep their order."""
    out = io.StringIO()
    for name in _HEAD:
        if value := getattr(edition, name):
            out.write(f"# {name}: {' '.join(str(value).split())}\n")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(
        (row.category, row.data_center or "", row.city or "", row.pod or "", row.prefix, row.note or "") for row in rows
    )
    return out.getvalue()
