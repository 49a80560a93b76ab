"""Finds rows of an edition that can be read but look wrong: most of them are typing errors of the page.

Nothing here rejects a row. Functions take rows, and the edition of the catalogue to compare them with.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from ipplan.addresses import WIDTH, Prefix, RangeSet, parse_prefix
from ipplan.catalog import CATEGORIES, EDITIONS, load_catalog
from ipplan.importers.ranges.rows import PUBLISHED, PublishedRange, unique
from ipplan.importers.reading import Problem

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from ipplan.catalog import Catalog

MOST_LOST = 20
"""Report a table that lost more than 20 percent of its rows."""
_LENGTH_MARGIN = 2
"""Report a prefix that is more than 2 bits shorter or longer than every known one of its table."""

_MOST_INSIDE = 3
"""Report at most 3 ranges of other data centers inside one range separately, more of them as one problem."""

_PRIVATE_SPACE = RangeSet(
    parse_prefix(cidr)
    for cidr in (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",
        "161.26.0.0/16",
        "166.8.0.0/14",
        "fc00::/7",
    )
)
"""Space inside IBM Cloud: private-use and shared space, and its public blocks that it does not route outside."""

_TABLES: Mapping[str, Collection[str]] = {
    "private": (
        "customer-private",
        "service-network",
        "service-file-block",
        "service-icos",
        "service-evault",
        "service-advmon",
        "ssl-vpn",
        "ssl-vpn-pop",
        "pptp-vpn",
        "pptp-vpn-pop",
        "windows-wsus-server",
        "windows-vsi",
        "rhel-service-network",
    ),
    "public": ("front-end-public", "load-balancer", "dos-mitigation", "legacy"),
}
_OWN_ONLY = (
    (
        "customer-private",
        "service-network",
        "service-file-block",
        "service-icos",
        "service-evault",
        "service-advmon",
        "ssl-vpn",
        "ssl-vpn-pop",
    ),
    ("pptp-vpn", "pptp-vpn-pop"),
    ("front-end-public", "load-balancer"),
)
"""Groups of tables; within each group a range belongs to one data center only."""


def choose_base(date: str | None) -> Catalog:
    """Return the newest edition of the catalogue up to a date, or the newest of all."""
    return load_catalog(max((edition for edition in EDITIONS if date is None or edition <= date), default=None))


def find_suspects(rows: Sequence[PublishedRange], base: Catalog) -> list[Problem]:
    """Return what looks wrong by line, first what concerns no line; costs n log n."""
    once, repeated = unique(rows)
    known = {problem.message for problem in _find(list(_rows_of(base)), base)}
    found = [
        problem._replace(message=f"{problem.message}; edition {base.edition} has this too")
        if problem.message in known
        else problem
        for problem in _find(once, base)
    ]
    found += _lost_tables(once, base)
    found += _of_new_data_center(once)
    found += [Problem(f"{row.name} is in the table of {_title(row)} twice; kept once", row.line) for row in repeated]
    return sorted(found, key=lambda problem: problem.line or 0)


def _find(rows: Sequence[PublishedRange], base: Catalog) -> list[Problem]:
    return [*_with_host_bits(rows), *_in_wrong_space(rows), *_of_odd_size(rows, base), *_of_other_data_center(rows)]


def _rows_of(catalog: Catalog) -> Iterator[PublishedRange]:
    """Yield the published rows of an edition of the catalogue."""
    for row in catalog.reservations:
        if row.category.name[4:] in PUBLISHED:
            yield PublishedRange(row.category.name[4:], row.data_center, row.city, row.pod, row.prefix, row.note, 0)


def _title(row: PublishedRange) -> str:
    return CATEGORIES[f"ibm-{row.category}"].title + "s"


def _lost_tables(rows: Iterable[PublishedRange], base: Catalog) -> Iterator[Problem]:
    old = Counter(row.category.name[4:] for row in base.reservations if row.category.name[4:] in PUBLISHED)
    new = Counter(row.category for row in rows)
    for category, before in old.items():
        after = new[category]
        if (before - after) * 100 > MOST_LOST * before:
            yield Problem(
                f"{category}: {after:,} rows; edition {base.edition} has {before:,}",
                None,
                "check whether a table is missing or incomplete" if after else "check whether the table is missing",
            )


def _with_host_bits(rows: Iterable[PublishedRange]) -> Iterator[Problem]:
    for row in rows:
        if row.printed is not None:
            center = f"{row.data_center} " if row.data_center else ""
            yield Problem(f"{center}{row.printed} has host bits set; read as {row.prefix}", row.line)


def _in_wrong_space(rows: Iterable[PublishedRange]) -> Iterator[Problem]:
    for row in rows:
        inside = _PRIVATE_SPACE.covers(row.prefix)
        if row.category in _TABLES["private"] and not inside:
            yield Problem(f"{row.name} is public, but in the table of {_title(row)}", row.line)
        elif row.category in _TABLES["public"] and _PRIVATE_SPACE.overlaps(row.prefix):
            yield Problem(f"{row.name} is private, but in the table of {_title(row)}", row.line)


def _of_odd_size(rows: Iterable[PublishedRange], base: Catalog) -> Iterator[Problem]:
    lengths: dict[tuple[str, int], list[int]] = {}
    for known in base.reservations:
        if known.category.name[4:] in PUBLISHED:
            lengths.setdefault((known.category.name[4:], known.prefix.version), []).append(known.prefix.length)
    for row in rows:
        usual = lengths.get((row.category, row.prefix.version))
        if usual is None:
            continue
        shortest, longest = min(usual), max(usual)
        length = row.prefix.length
        whole = WIDTH[row.prefix.version]
        if length < shortest - _LENGTH_MARGIN or (longest + _LENGTH_MARGIN < length and length < whole):
            yield Problem(f"{row.name} has an unusual size: {_title(row)} are /{shortest} to /{longest}", row.line)


def _of_other_data_center(rows: Iterable[PublishedRange]) -> Iterator[Problem]:
    """Yield the rows that are a range of another data center, or are inside one, each once."""
    groups: dict[int, dict[Prefix, list[PublishedRange]]] = {}
    for row in rows:
        group = next((at for at, names in enumerate(_OWN_ONLY) if row.category in names), None)
        if group is not None and row.data_center not in (None, "all"):
            same = groups.setdefault(group, {}).setdefault(row.prefix, [])
            if row.data_center not in (other.data_center for other in same):
                same.append(row)
    for places in groups.values():
        lengths = sorted({prefix.length for prefix in places}, reverse=True)
        inside: dict[PublishedRange, list[PublishedRange]] = {}
        for prefix, here in places.items():
            for row in here:
                other = _other_owner(row, here, prefix, places, lengths)
                if other is not None:
                    inside.setdefault(other, []).append(row)
        for other, members in inside.items():
            yield from _overlaps(other, members)


def _overlaps(other: PublishedRange, members: Sequence[PublishedRange]) -> Iterator[Problem]:
    if len(members) > _MOST_INSIDE:
        # The surrounding range is most likely the wrong one.
        yield Problem(
            f"{other.name} holds {len(members):,} ranges of other data centers, such as {members[0].name}", other.line
        )
        return
    for row in members:
        where = "is also" if other.prefix == row.prefix else "is inside"
        yield Problem(f"{row.name} {where} a range of {other.data_center}, {other.prefix}", row.line)


def _other_owner(
    row: PublishedRange,
    here: Sequence[PublishedRange],
    prefix: Prefix,
    places: Mapping[Prefix, Sequence[PublishedRange]],
    lengths: Sequence[int],
) -> PublishedRange | None:
    """Return the smallest range of another data center around a row; None if its own data center has one as small."""
    for length in lengths:
        if length > prefix.length:
            continue
        around = here if length == prefix.length else places.get(prefix.supernet(length), ())
        own = length < prefix.length and any(other.data_center == row.data_center for other in around)
        others = [other for other in around if other.data_center != row.data_center]
        if own:
            return None
        if others:
            return others[0]
    return None


def _of_new_data_center(rows: Iterable[PublishedRange]) -> Iterator[Problem]:
    known = {row.data_center for edition in EDITIONS for row in load_catalog(edition).reservations}
    reported: set[str] = set()
    for row in rows:
        center = row.data_center
        if center not in (None, "all") and center not in known and center not in reported:
            reported.add(str(center))
            yield Problem(f"{center} is a data center that no earlier edition has", row.line)
