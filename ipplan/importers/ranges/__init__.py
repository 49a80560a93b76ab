"""Reads an edition of IBM's ranges: from IBM's page as Markdown or HTML, or from a ranges file.

Knows neither paths nor streams: it gets bytes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ipplan.catalog import EDITIONS, Edition, load_catalog, make_catalog
from ipplan.importers.ranges.blocks import LARGEST_PAGE
from ipplan.importers.ranges.ranges_file import is_ranges_file, read_ranges_file
from ipplan.importers.ranges.rows import PUBLISHED, Head, PublishedRange, Reading, find_city, read_date, unique
from ipplan.importers.reading import Problem, SourceError, decode

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ipplan.catalog import Catalog

_DATE_IN_NAME = re.compile(r"(?<!\d)(\d{4}-\d{2}-\d{2})(?!\d)")


def read_published(data: bytes, date: str | None = None) -> Reading:
    """Return the content of a file in any of the formats; raise SourceError for a file without any range.

    `date` is that of the edition, where the caller knows it.
    """
    text = decode(data)
    reading = read_ranges_file(text) if is_ranges_file(text) else _read_page(text, date)
    if not reading.rows and not reading.problems:
        message = "the file has no range" if text.strip() else "the file is empty"
        raise SourceError(
            Problem(message, None, "save IBM's page of IP ranges as Markdown or HTML, or give a ranges file")
        )
    return reading


def _read_page(text: str, date: str | None) -> Reading:
    from ipplan.importers.ranges.page import read_page

    if len(text) > LARGEST_PAGE:
        raise SourceError(
            Problem(f"the page is larger than {LARGEST_PAGE >> 20} MiB", None, "IBM's page has less than 100 KB")
        )
    if is_html(text):
        from ipplan.importers.ranges.html_page import read_html

        reading = read_page(read_html(text))
    else:
        from ipplan.importers.ranges.markdown import read_markdown

        reading = read_page(read_markdown(text))
    return reading._replace(rows=tuple(_with_known(reading.rows, date or reading.head.date)))


def is_html(text: str) -> bool:
    """Return whether a page is HTML: it starts with a tag, or its tables are those of HTML and not of Markdown."""
    start = text.lstrip("\ufeff \t\r\n")[:1000].lower()
    if start.startswith(("<!doctype html", "<html", "<head", "<body", "<table", "<!--", "<main", "<div", "<h")):
        return True
    return "<table" in text and "\n|" not in text


def _with_known(rows: Iterable[PublishedRange], date: str | None) -> Iterable[PublishedRange]:
    """Yield the rows with the notes and cities that ipplan's own editions have for the same rows.

    The page does not say what is doubtful about a row. The notes are those of the newest edition up to the date.
    """
    known = [edition for edition in EDITIONS if date is None or edition <= date]
    notes: dict[tuple[object, ...], str] = {}
    cities: dict[str, str] = {}
    for old in load_catalog(known[-1]).reservations if known else ():
        if old.category.name[4:] not in PUBLISHED:
            continue
        if old.note is not None:
            notes.setdefault(_same(old.category.name[4:], old.data_center, old.pod, old.prefix), old.note)
        if old.data_center is not None and old.city is not None:
            cities.setdefault(old.data_center, old.city)
    for row in rows:
        center = None if row.data_center == "all" else row.data_center
        found = row
        if row.note is None:
            found = found._replace(note=notes.get(_same(row.category, center, row.pod, row.prefix)))
        if row.city is None:
            found = found._replace(city=find_city(row.data_center, cities))
        yield found._replace(city=found.city or None)


def _same(*fields: object) -> tuple[object, ...]:
    return fields


def find_date(name: str) -> str | None:
    """Return the date in the name of a file, None where it has none; names of folders do not count."""
    found = _DATE_IN_NAME.findall(name.replace("\\", "/").rpartition("/")[2])
    return read_date(found[-1]) if found else None


def make_edition(head: Head, file: str) -> Edition:
    """Return the edition of a file; raise SourceError where its date is unknown."""
    if head.date is None:
        raise SourceError(
            Problem("the file does not state the date of its edition", 1, "ipplan ranges import FILE --date DATE")
        )
    title = head.title or f"IBM Cloud docs: IBM Cloud IP ranges, edition {head.date}"
    return Edition(head.date, title, head.url, head.revision, file)


def catalog_from(data: bytes, file: str) -> Catalog:
    """Return the catalogue with the edition of a file; raise SourceError with everything that cannot be read."""
    reading = read_published(data)
    if reading.problems:
        raise SourceError(*reading.problems)
    edition = make_edition(reading.head._replace(date=reading.head.date or find_date(file)), file)
    return make_catalog(edition, [row.data for row in unique(reading.rows)[0]])
