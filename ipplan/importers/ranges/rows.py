"""The content of an edition as its readers return it: published ranges, its source, and what could not be read."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from ipplan.addresses import AddressError, HostBitsError, Prefix, parse_address, parse_prefix
from ipplan.catalog import CATEGORIES
from ipplan.importers.reading import Problem, SourceError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PUBLISHED = frozenset(
    name.removeprefix("ibm-")
    for name, category in CATEGORIES.items()
    if category.owner == "ibm"
    and category.scope in ("private", "service", "public", "route")
    and name != "ibm-reserved-block"
)
"""The categories of ranges on IBM's page, without `ibm-`."""

MOST_ROWS = 20_000
"""Read at most 20,000 ranges of an edition; IBM's page has fewer than 1,000."""

_LONGEST_SHOWN = 60
"""Show at most 60 characters of a text in a message."""
_DATE = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})")
_DATA_CENTER = re.compile(r"[a-z]{3}(?:\d\d(?:az)?)?")
NO_LENGTH = "no prefix length in source"
"""The note of a range that the source prints as an address alone."""


class PublishedRange(NamedTuple):
    """One row of an edition: a range that IBM publishes, and what it is for.

    `category` is without `ibm-`; `data_center` is "all" for every one, None where none is named; `line` is that of the
    file. `printed` is how the source writes a prefix whose host bits are set, None for others.
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
        """The row as the catalogue takes it; two rows with the same data are duplicates."""
        return str(self.prefix), self.category, self.data_center, self.city, self.pod, self.note

    @property
    def name(self) -> str:
        """The range in a message: data center, pod and prefix."""
        return " ".join(word for word in (self.data_center, self.pod, str(self.prefix)) if word)


class StatedRange(NamedTuple):
    """A range as a text states it; `printed` is the text where the host bits are set."""

    prefix: Prefix
    printed: str | None = None
    has_length: bool = True


class Head(NamedTuple):
    """What an edition says about itself; None where it says nothing."""

    date: str | None = None
    title: str | None = None
    url: str | None = None
    revision: str | None = None


class Reading(NamedTuple):
    """The content of a file in its order: ranges, the lines that could not be read, and remarks on others."""

    head: Head
    rows: tuple[PublishedRange, ...]
    problems: tuple[Problem, ...]
    remarks: tuple[Problem, ...] = ()


def unique(rows: Iterable[PublishedRange]) -> tuple[tuple[PublishedRange, ...], tuple[PublishedRange, ...]]:
    """Return each row once, and the duplicates of earlier rows."""
    seen: dict[object, PublishedRange] = {}
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
            Problem(f"the file has more than {MOST_ROWS:,} ranges; IBM's page has fewer than 1,000", line)
        )


def read_range(text: str) -> StatedRange:
    """Return the range that a text states; raise AddressError for anything else."""
    try:
        if "/" not in text:
            return StatedRange(parse_address(text).prefix, has_length=False)
        return StatedRange(parse_prefix(text))
    except HostBitsError as error:
        return StatedRange(error.block, printed=text)


def range_problem(text: str, error: AddressError, line: int, what: str = "") -> Problem:
    """Return the problem of a text that is not a range; `what` says where it belongs."""
    hint = None if error.suggestion is None else f"did you mean {error.suggestion}?"
    return Problem(f'{what}"{cut(text)}" is not a valid range: {error}', line, hint)


def cut(text: str) -> str:
    """Return a text, cut to the length that a message shows."""
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


def find_city(data_center: str | None, cities: Mapping[str, str]) -> str | None:
    """Return the city of a data center, or of another one whose name starts with the same three letters."""
    if data_center is None or data_center == "all":
        return None
    same = (city for name, city in cities.items() if name[:3] == data_center[:3])
    return cities.get(data_center) or next(same, None)
