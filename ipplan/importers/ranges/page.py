"""Reads IBM's page of IP ranges: from its headings, tables and sentences to rows.

The page has a table for each kind of range, and a few ranges in sentences only. The category of a table follows from its
caption, the name of its tab, the heading above it, or the ports in its first row, in this order; columns are recognised by
their names. The change log of the page is skipped: its ranges are withdrawn, or also in a table.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ipplan.addresses import AddressError
from ipplan.importers.ranges.blocks import Heading, Table, Text
from ipplan.importers.ranges.rows import (
    NO_LENGTH,
    Head,
    PublishedRange,
    Reading,
    cut,
    find_city,
    range_problem,
    read_data_center,
    read_date,
    read_range,
    require_room,
)
from ipplan.importers.reading import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ipplan.importers.ranges.blocks import Page, TableRow

_TABLES = (
    (r"front-?end", "front-end-public"),
    (r"load balancer", "load-balancer"),
    (r"dos mitigation", "dos-mitigation"),
    (r"customer private", "customer-private"),
    (r"evault", "service-evault"),
    (r"file (?:&|and) block", "service-file-block"),
    (r"advmon|nimsoft", "service-advmon"),
    (r"\bicos\b|object storage", "service-icos"),
    (r"ssl vpn pops?\b", "ssl-vpn-pop"),
    (r"pptp vpn pops?\b", "pptp-vpn-pop"),
    (r"ssl vpn", "ssl-vpn"),
    (r"pptp vpn", "pptp-vpn"),
    (r"red ?hat|rhel", "rhel-service-network"),
    (r"windows", "windows-vsi"),
    (r"legacy", "legacy"),
    (r"service network", "service-network"),
)
"""Words in the title of a table, and the category of its rows; the first match counts."""

_FLOWS = (
    (r"\b808[67]\b|vault", "service-evault"),
    (r"\bnfs\b|iscsi|sunrpc", "service-file-block"),
    (r"\b48000\b", "service-advmon"),
    (r"\b443\b", "service-icos"),
)
"""Ports in the first row of a table of services, for copies of the page without captions and tabs."""

_WITHOUT_DATA_CENTER = ("legacy", "vulnerability-scan", "rhel-endpoint")

_ADDRESS = re.compile(r"(?<![\w./])\d{1,3}(?:\.\d{1,3}){3}(?:/\d{1,2})?(?![\w/]|\.\d)")
_SPACED_LENGTH = re.compile(r"(?<=[\d:]) ?/ ?(?=\d)")
_SEPARATOR = re.compile(r"(?:\\n|\[\^[^\[\]]*\]|[\s,;])+")
"""Separators of ranges, with the marks of IBM's Markdown for a line break and a footnote, which HTML copies keep."""
_WSUS = re.compile(r"\bwsus([a-z]{3}\d\d)\S*")
_HOST = re.compile(r"\b[a-z][a-z0-9-]*(?:\.[a-z][a-z0-9-]*){2,}\b")

_TO_BCR = "must be allowed and routed to the BCR for every bare metal and virtual server provision or reload"
_SENTENCES = (
    (r"reloads?:", "provisioning-required", _TO_BCR),
    (r"for rhel servers", "rhel-service-network", "whole range must be allowed and routed to the BCR for RHEL servers"),
    (
        r"static route for",
        "default-static-route",
        "every classic server, gateway and firewall device has a default static route for it to the BCR",
    ),
    (r"vulnerability scan", "vulnerability-scan", "vulnerability scan source to permit"),
    (r"rhel endpoint", "rhel-endpoint", ""),
    (
        r"access to the entire service network",
        "rhel-service-network",
        "allow whole range to resolve provisioning issues",
    ),
    (r"\bwsus[a-z]{3}\d", "windows-wsus-server", ""),
)
"""Words in a sentence with ranges, the category of these ranges, and the note of their rows."""

_ASIDES = ("master subnet",)
"""Sentences whose ranges only comment on a row of a table."""


class _Columns(NamedTuple):
    """The places of the columns of a table; None for a column that it does not have."""

    data_center: int | None
    city: int | None
    pod: int | None
    range: int | None
    endpoint: int | None
    location: int | None


def read_page(page: Page) -> Reading:
    """Return the rows of a page in its order, with every line that could not be read."""
    reader = _PageReader()
    titles: list[Heading] = []
    for block in page.blocks:
        if isinstance(block, Heading):
            titles = [title for title in titles if title.level < block.level] + [block]
        elif any("change log" in title.text.lower() for title in titles):
            continue
        elif isinstance(block, Table):
            reader.read_table(block, titles)
        else:
            reader.read_sentence(block)
    rows = tuple(_with_cities(reader.rows))
    return Reading(_read_head(page), rows, tuple(reader.problems), tuple(reader.remarks))


def _read_head(page: Page) -> Head:
    about = {**_front_matter(page), **page.about}
    part = re.sub(r"[^\w-]", "", about.get("subcollection", ""))[:60]
    dates = (about.get(name, "")[:10] for name in ("lastupdated", "last-updated", "dcterms.date", "date", "time"))
    date = next((found for found in map(read_date, dates) if found), None)
    name = "IBM Cloud IP ranges" if date is None else f"IBM Cloud IP ranges, edition {date}"
    url = about.get("url") or about.get("og:url")
    first = next((b for b in page.blocks if isinstance(b, Heading) and b.level == 1), None)
    if url is None and part and first is not None and first.anchor:
        url = f"https://cloud.ibm.com/docs/{part}?topic={part}-{first.anchor}"
    return Head(date, f"IBM Cloud docs{f', {part}' if part else ''}: {name}", url if url is None else read_url(url))


def _front_matter(page: Page) -> dict[str, str]:
    """Return the front matter, which a rendered copy shows as a table with the names in its header."""
    for block in page.blocks[:20]:
        if isinstance(block, Table) and "lastupdated" in block.rows[0].cells and len(block.rows) > 1:
            return dict(zip(block.rows[0].cells, block.rows[1].cells, strict=False))
    return {}


def read_url(url: str) -> str | None:
    """Return the address of a web page, None for any other text."""
    return url if url.startswith(("https://", "http://")) and len(url) < 1000 and url.isprintable() else None


class _PageReader:
    """Collects the rows of a page, and the lines that could not be read."""

    def __init__(self) -> None:
        self.rows: list[PublishedRange] = []
        self.problems: list[Problem] = []
        self.remarks: list[Problem] = []

    # -- sentences

    def read_sentence(self, block: Text) -> None:
        text = block.text.replace("`", "")
        found = _ADDRESS.findall(text)
        if not found or any(word in text for word in _ASIDES):
            return
        lower = text.lower()
        for pattern, category, note in _SENTENCES:
            if start := re.search(pattern, lower):
                # The list follows the words that introduce it; ranges in an earlier sentence do not belong to it.
                self._add_from_sentence(block.line, text, text[start.start() :], category, note)
                return
        shown = ", ".join(dict.fromkeys(found[:5]))
        self.remarks.append(Problem(f"ipplan does not know this sentence; not read: {shown}", block.line))

    def _add_from_sentence(self, line: int, whole: str, text: str, category: str, note: str) -> None:
        center: str | None = None if category in _WITHOUT_DATA_CENTER else "all"
        host = _HOST.search(whole)
        if category == "rhel-endpoint":
            note = "may move (DNS round robin)" if "round robin" in whole else ""
        if category in ("rhel-endpoint", "windows-wsus-server") and host is not None:
            note = "; ".join(filter(None, (host[0], note)))
        if wsus := _WSUS.search(text):
            center = wsus[1]
        for printed in dict.fromkeys(_ADDRESS.findall(text)):
            self._add_range(PublishedRange(category, center, None, None, _NOWHERE, note or None, line), printed)

    # -- tables

    def read_table(self, table: Table, headings: Sequence[Heading]) -> None:
        header, *rows = table.rows
        columns = _find_columns(header)
        found = any(_range_texts(cell) for row in rows for cell in row.cells)
        if not found and columns.range is None:
            return  # such as the rules of RHEL until 2021, which have data centers and no ranges
        category = _find_category(table, headings)
        if category is None:
            under = f'under "{cut(headings[-1].text)}"' if headings else "at the top"
            if found:
                message = f"ipplan does not know the table {under}; its {len(rows):,} rows are not read"
                self.problems.append(Problem(message, table.line))
            return
        location = None
        for row in rows:
            if _is_data(row, header):
                location = _cell(row, columns.location) or location
                self._read_row(row, columns, category, location)

    def _read_row(self, row: TableRow, columns: _Columns, category: str, location: str | None) -> None:
        printed = _cell(row, columns.data_center) or ""
        center = read_data_center(printed)
        # Look at every cell: some rows of the page lack a cell, and others have a range in a wrong one.
        texts = [text for at, cell in enumerate(row.cells) if at != columns.data_center for text in _range_texts(cell)]
        place = f"{center}: " if center else ""
        if category not in _WITHOUT_DATA_CENTER and center is None:
            what = f'"{cut(printed)}" is not a data center' if printed else "the row has no data center"
            self.problems.append(Problem(what, row.line))
            return
        if not texts:
            self.problems.append(Problem(f"{place}the row has no range", row.line))
            return
        note = None
        if location is not None and columns.location is not None:
            note = f"server location: {location}"
        elif endpoint := _cell(row, columns.endpoint):
            note = f"endpoint {endpoint}"
        city = _cell(row, columns.city)
        about = PublishedRange(
            category,
            center,
            _NO_CITY if city in ("-", "–") else city,
            _cell(row, columns.pod),
            _NOWHERE,
            note,
            row.line,
        )
        for text in texts:
            self._add_range(about, text, place)

    def _add_range(self, about: PublishedRange, text: str, place: str = "") -> None:
        try:
            stated = read_range(text)
        except AddressError as error:
            self.problems.append(range_problem(text, error, about.line, place))
            return
        note = "; ".join(filter(None, (about.note, None if stated.has_length else NO_LENGTH)))
        self.rows.append(about._replace(prefix=stated.prefix, printed=stated.printed, note=note or None))
        require_room(len(self.rows), about.line)


_NOWHERE = read_range("0.0.0.0/0").prefix
"""The placeholder in a row until its range is read."""
_NO_CITY = ""
"""The city of a row with a dash, which stays without a city."""


def _find_category(table: Table, headings: Sequence[Heading]) -> str | None:
    titles = [*table.titles, *(heading.text for heading in reversed(headings) if heading.level > 1)]
    for title in titles:
        for pattern, category in _TABLES:
            if re.search(pattern, title.lower()):
                return category
        if "service by data center" in title.lower():
            break
    flows = " ".join(" ".join(row.cells) for row in table.rows[:3]).lower()
    return next((category for pattern, category in _FLOWS if re.search(pattern, flows)), None)


def _find_columns(header: TableRow) -> _Columns:
    names = [" ".join(cell.lower().split()) for cell in header.cells]

    def find(*words: str) -> int | None:
        return next((at for at, name in enumerate(names) if any(word in name for word in words)), None)

    center = next((at for at, name in enumerate(names) if name == "pop"), find("data center", "datacenter"))
    return _Columns(
        center, find("city"), find("pod"), find("range", "cidr", "subnet"), find("endpoint"), find("server location")
    )


def _is_data(row: TableRow, header: TableRow) -> bool:
    """Return whether a row may have ranges: it is not empty, not a repeated header and not a list of ports."""
    if row.cells == header.cells or not any(cell.strip() for cell in row.cells):
        return False
    return not any("required flows" in cell.lower() for cell in row.cells)


def _cell(row: TableRow, at: int | None) -> str | None:
    """Return the cell of a column, None for an empty cell and for one with a misplaced range."""
    if at is None or at >= len(row.cells) or _range_texts(row.cells[at]):
        return None
    return " ".join(row.cells[at].split()) or None


def _range_texts(cell: str) -> list[str]:
    """Return the words of a cell that are, or look like, ranges: those with digits and dots, colons or a slash."""
    words = (word.strip("*()[]\"'") for word in _SEPARATOR.split(_SPACED_LENGTH.sub("/", cell)))
    return [
        word
        for word in words
        if any(char.isdigit() for char in word)
        and (word.count(".") > 1 or word.count(":") > 1 or (word[0].isdigit() and "/" in word))
        and not _HOST.fullmatch(word.lower())
    ]


def _with_cities(rows: Sequence[PublishedRange]) -> Iterator[PublishedRange]:
    """Yield the rows with the city of their data center, also where only other rows of the page name it."""
    cities: dict[str, str] = {}
    for row in rows:
        if row.data_center is not None and row.city:
            cities.setdefault(row.data_center, row.city)
    for row in rows:
        yield row if row.city is not None else row._replace(city=find_city(row.data_center, cities))
