"""What the readers of an edition give: its rows, what it says of itself, and what could not be read."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from ipplan.addresses import AddressError, HostBitsError, Prefix, parse_address, parse_prefix
from ipplan.catalog import CATEGORIES
from ipplan.importers.reading import Problem, SourceError

if TYPE_CHECKING:
    from collections.abc import Iterable

PUBLISHED = frozenset(
    name.removeprefix("ibm-")
    for name, category in CATEGORIES.items()
    if category.owner == "ibm"
    and category.scope in ("private", "service", "public", "route")
    and name != "ibm-reserved-block"
)
"""The categories of rows of IBM's page, without `ibm-`."""

MOST_ROWS = 20_000
"""Rows of an edition that are read at most; IBM's page has fewer than 1,000."""

_LONGEST_SHOWN = 60
_DATE = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})")
_DATA_CENTER = re.compile(r"[a-z]{3}(?:\d\d(?:az)?)?")
NO_LENGTH = "no prefix length in source"
"""The note of a row that the source prints as an address alone."""


class Row(NamedTuple):
    """A published range: category without `ibm-`, data center ("all": every one, None: none is named) and the rest.

    `line` is where it stands. `printed` is how the source writes a prefix whose host bits are set, None for others.
    """

    category: str
    data_center: str | None
    city: str | None
    pod: str | None
    prefix: Prefix
    note: str | None
    line: int
    printed: str | None = None

    @property
    def data(self) -> tuple[str, str, str | None, str | None, str | None, str | None]:
        """The row as the catalogue takes it: two rows are the same if this is."""
        return str(self.prefix), self.category, self.data_center, self.city, self.pod, self.note

    @property
    def name(self) -> str:
        """The row in a message: data center, pod and range."""
        return " ".join(word for word in (self.data_center, self.pod, str(self.prefix)) if word)


class Head(NamedTuple):
    """What an edition says of itself; None where it does not."""

    date: str | None = None
    title: str | None = None
    url: str | None = None
    revision: str | None = None


class Reading(NamedTuple):
    """All that a file says, in its order: rows, the places that could not be read, and what else was noticed."""

    head: Head
    rows: tuple[Row, ...]
    problems: tuple[Problem, ...]
    remarks: tuple[Problem, ...] = ()


def unique(rows: Iterable[Row]) -> tuple[tuple[Row, ...], tuple[Row, ...]]:
    """Return the rows, each once, and those that say what an earlier one says."""
    seen: dict[object, Row] = {}
    repeated = []
    for row in rows:
        if row.data in seen:
            repeated.append(row)
        else:
            seen[row.data] = row
    return tuple(seen.values()), tuple(repeated)


def require_room(rows: int, line: int) -> None:
    """Raise SourceError for more rows than an edition of IBM's page can have."""
    if rows > MOST_ROWS:
        raise SourceError(
            Problem(f"there are more than {MOST_ROWS:,} ranges, and IBM's page has fewer than 1,000", line)
        )


def read_range(text: str) -> tuple[Prefix, str | None, bool]:
    """Return the prefix that a text means, the text itself if its host bits are set, and whether it has a length.

    Raises AddressError for anything else.
    """
    try:
        if "/" not in text:
            return parse_address(text).prefix, None, False
        return parse_prefix(text), None, True
    except HostBitsError as error:
        return error.block, text, True


def range_problem(text: str, error: AddressError, line: int, what: str = "") -> Problem:
    """Return the problem of a text that is not a range; `what` says whose it is."""
    hint = None if error.suggestion is None else f"it may mean {error.suggestion}"
    return Problem(f'{what}"{cut(text)}" is not a range: {error}', line, hint)


def cut(text: str) -> str:
    """Return as much of a text as a message can show."""
    return text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 3] + "..."


def read_date(text: str | None) -> str | None:
    """Return a date such as 2025-10-03, also written as 2025-10-3; None for anything else."""
    found = _DATE.fullmatch(text.strip()) if text is not None else None
    try:
        return None if found is None else date(*map(int, found.groups())).isoformat()
    except ValueError:
        return None


def read_data_center(text: str) -> str | None:
    """Return the name of a data center in lower case, "all" for every one; None for another text."""
    name = "".join(text.split()).lower()
    return name if _DATA_CENTER.fullmatch(name) else None
