"""What the columns of a table mean: by the option --column, then by their names, then by their content.

Knows the words that tables use, and no tool in particular.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from ipplan.addresses import AddressError, parse_prefix
from ipplan.importers.cells import is_address, is_prefix, is_range, parse_mask
from ipplan.importers.reading import KIND_WORDS, Problem, SourceError, kebab
from ipplan.importers.tables import column_name, require_columns
from ipplan.observed import ColumnUse
from ipplan.plan.problems import nearest, show

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from ipplan.importers.tables import Table

ADDRESSES = ("address", "ip", "ip address", "ipaddress", "ip addr", "ansible host")
"""Titles of columns that may hold prefixes or the single addresses of hosts."""
PREFIXES = (
    "cidr",
    "prefix",
    "subnet",
    "network cidr",
    "ip range",
    "range",
    "network",
    "network address",
    "network identifier",
    "identifier",
    "address prefix",
    "subnet address",
    "ip subnet",
    "ip network",
    "ip prefix",
    "network id",
    "network prefix",
    *ADDRESSES,
)
_MASKS = (
    "mask",
    "netmask",
    "subnet mask",
    "network mask",
    "prefix length",
    "length",
    "bits",
    "mask bits",
    "cidr mask",
    "dec mask",
    "slash",
    "prefix",
)
_NAMES = ("name", "network name", "subnet name", "title", "label", "display name", "network")
_WORDS = (
    "description",
    "comment",
    "comments",
    "note",
    "notes",
    "purpose",
    "usage",
    "remarks",
    "label",
)
FIELDS: dict[str, tuple[str, ...]] = {
    "cidr": PREFIXES,
    "mask": _MASKS,
    "first": (
        "first",
        "start",
        "from",
        "first address",
        "start address",
        "first ip",
        "start ip",
        "startaddress",
        "ip from",
    ),
    "last": ("last", "end", "to", "last address", "end address", "last ip", "end ip", "endaddress", "ip to"),
    "name": _NAMES,
    "kind": KIND_WORDS,
    "cluster": ("cluster", "cluster name"),
    "edge": ("edge", "esg", "nsx edge"),
    "site": ("site",),
    "data-center": ("data center",),
    "gateway-on": ("gateway on",),
    "prefix": ("prefix", "prefix length", "length"),
    "hosts": ("hosts", "number of hosts", "host count", "hosts needed", "required hosts", "needed hosts"),
    "grow-to": ("stated grow to", "grow to"),
    "group": ("group",),
    "pool": ("pool", "byoip pool"),
    "addresses": ("stated addresses", "addresses", "named addresses"),
    "vlan": ("vlan", "vlan id", "vid"),
    "status": ("lifecycle", "status"),
    "labels": ("labels",),
    "description": _WORDS,
}
"""Each field, and the names of columns that hold it, the best name first.

A new name for a column is a word here. A new field is also a field of `About`, a line in `NetworkCells._read`, and one in
`plan_text`, which writes it to the plan.
"""
_OWN = {"kind", "usable", "status"}
"""Columns that only a table of ipplan has all of."""
_COMPUTED = frozenset(
    {
        "provided by",
        "length",
        "first",
        "last",
        "first address",
        "last address",
        "netmask",
        "gateway",
        "size",
        "usable",
        "reason",
        "declared",
    }
)
"""Columns of a table of ipplan that are computed from the others."""
_STATED = {"grow to": "stated grow to", "addresses": "stated addresses", "status": "lifecycle"}
"""Columns of such a table that are computed, and the column that has what the plan states instead."""
HELP = "the first line of a table names its columns, such as cidr, name, kind, cluster, description"
COLUMN_HELP = 'name the column: --column cidr="TITLE"'


class Span(NamedTuple):
    """The columns of the first and the last address of a range."""

    first: int
    last: int


class Other(NamedTuple):
    """A column of no known meaning: its place, and its title in lower case."""

    place: int
    title: str


class _Ranges(NamedTuple):
    """The columns that state ranges: a prefix or an address with its mask, or else both ends."""

    cidr: int | None = None
    mask: int | None = None
    span: Span | None = None


@dataclass(frozen=True)
class Columns:
    """The place of each field in a record, None for one that the table does not have.

    `names`, `kinds` and `words` are places to look for a name, a kind and a description, the best first; `others` are
    the columns of no known meaning. `own` says that ipplan wrote the table, and `wishes` that a row may state a size in
    place of a range. `uses` says what each column is used for.
    """

    cidr: int | None = None
    mask: int | None = None
    span: Span | None = None
    kinds: tuple[int, ...] = ()
    names: tuple[int, ...] = ()
    words: tuple[int, ...] = ()
    fields: dict[str, int] = field(default_factory=dict)
    others: tuple[Other, ...] = ()
    own: bool = False
    wishes: bool = False
    uses: tuple[ColumnUse, ...] = ()


def names_prefix(column: str) -> bool:
    """Return whether the name of a column says that it holds prefixes or addresses."""
    return column in PREFIXES or "cidr" in column


def is_header_word(column: str) -> bool:
    """Return whether a table with a column of this name can be read: it has prefixes, or kinds with sizes."""
    return names_prefix(column) or column == "kind"


def choose_columns(table: Table) -> Columns:
    """Return what the columns of a table mean; raise SourceError where none can be the column of prefixes."""
    return _Choice(table).choose()


class _Choice:
    """Assigns the columns of one table to fields, one field after the other."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.own = _OWN.issubset(table.columns)
        self.stated = dict(self._stated())
        self.taken: dict[int, str] = {place: field for field, place in self.stated.items()}

    def choose(self) -> Columns:
        cidr, mask, span = ranges = self._ranges()
        for place, use in ((cidr, "cidr"), (mask, "mask")):
            if place is not None:
                self.taken[place] = use
        if span is not None:
            self.taken |= {span.first: "first", span.last: "last"}
        kinds = self._all("kind")
        names, words = self._all("name"), self._all("description")
        fields = self._fields(ranges)
        for name, place in fields.items():
            self.taken.setdefault(place, name)
        # A column that also names or describes a network keeps that use.
        for places, use in ((names, "name"), (words, "description"), (kinds, "kind")):
            for place in places:
                self.taken.setdefault(place, use)
        computed = {i for i, name in enumerate(self.table.columns) if self._is_computed(name)}
        others = [
            Other(i, name or f"column {i + 1}")
            for i, name in enumerate(self.table.columns)
            if i not in self.taken and i not in computed
        ]
        return Columns(
            cidr,
            mask,
            span,
            kinds,
            names,
            words,
            fields,
            tuple(others),
            self.own,
            wishes=bool(kinds),
            uses=tuple(self._uses(computed)),
        )

    def _stated(self) -> Iterator[tuple[str, int]]:
        """Yield the columns that the options name, by title or by number from 1."""
        for name, title in self.table.options.columns:
            wanted = column_name(title)
            place = next((i for i, column in enumerate(self.table.columns) if column == wanted), None)
            if place is None and title.isascii() and title.isdigit() and 0 < int(title) <= len(self.table.columns):
                place = int(title) - 1
            if place is None:
                near = nearest(title, self.table.written)
                listed = ", ".join(show(word) for word in self.table.written[:12] if word)
                help_ = f"did you mean {show(near)}?" if near else f"its columns are {listed}"
                raise SourceError(
                    Problem(f"the table has no column {show(title)} for {name}", self.table.line, help_, "no-column")
                )
            yield name, place

    def _places(self, words: Iterable[str]) -> Iterator[int]:
        for word in words:
            yield from (i for i, name in enumerate(self.table.columns) if name == word)

    def _all(self, name: str) -> tuple[int, ...]:
        """Return every column that may hold a field: the one that an option names, or those with a known name."""
        if name in self.stated:
            return (self.stated[name],)
        return tuple(i for i in self._places(FIELDS[name]) if self.taken.get(i) not in ("cidr", "mask", *self.stated))

    def _fields(self, ranges: _Ranges) -> dict[str, int]:
        """Return the column of each field that says more of a network."""
        found = {}
        for name in FIELDS:
            if name in ("cidr", "mask", "first", "last", "name", "kind", "description"):
                continue
            if name in self.stated:
                found[name] = self.stated[name]
                continue
            places = (i for i in self._places(FIELDS[name]) if i not in self.taken and i not in found.values())
            if (place := next(places, None)) is not None and not self._is_computed(self.table.columns[place]):
                found[name] = place
        # One column may be the mask of rows with an address and the size of those without.
        if "prefix" not in found and ranges.mask is not None and ranges.cidr is not None:
            found["prefix"] = ranges.mask
        return found

    def _is_computed(self, column: str) -> bool:
        """Return whether a column of a table of ipplan is computed from what the plan states."""
        return self.own and (column in _COMPUTED or _STATED.get(column) in self.table.columns)

    # -- the columns of ranges -----------------------------------------------------------------------------

    def _ranges(self) -> _Ranges:
        """Return the columns that state ranges: as the options say, by their names, and then by their content."""
        if "cidr" in self.stated:
            return _Ranges(self.stated["cidr"], self.stated.get("mask", self._mask(self.stated["cidr"])))
        if "first" in self.stated and "last" in self.stated:
            return _Ranges(span=Span(self.stated["first"], self.stated["last"]))
        named = [i for i in self._places(PREFIXES) if i not in self.taken]
        named = named or [i for i, name in enumerate(self.table.columns) if names_prefix(name)][:1]
        if named:
            return self._ranges_named(named)
        if (span := self._ends()) is not None:
            return _Ranges(span=span)
        held = self._holding()
        if held is None and "kind" not in self.table.columns:
            require_columns(self.table, PREFIXES, help_=f"{HELP}; or {COLUMN_HELP}")
        return held or _Ranges()

    def _ranges_named(self, named: list[int]) -> _Ranges:
        """Return the best of the columns whose names say that they hold prefixes, and its mask."""
        chosen = min(named, key=self._rank)
        # A column "prefix" or "cidr" next to an address often holds the prefix length only.
        lengths = next((i for i in self._places(PREFIXES) if i in named and self._holds_lengths(i)), None)
        if lengths == chosen:
            chosen = self._beside(lengths)
        if lengths not in (None, chosen):
            whole = all("/" in cell for cell in self._cells(chosen)) or "mask" in self.stated
            return _Ranges(chosen, self.stated.get("mask") if whole else lengths)
        titled = column_name(self.table.written[chosen])
        if lengths is not None and titled == "prefix" and "kind" in self.table.columns:
            return _Ranges()
        return _Ranges(chosen, self.stated.get("mask", self._mask(chosen)))

    def _rank(self, place: int) -> int:
        """Return how well a column holds what its name says, the best first: prefixes, addresses, ranges, nothing, words."""
        cells = list(self._cells(place))
        if any(map(is_prefix, cells)):
            return 0
        if any(map(is_address, cells)):
            return 1
        return 2 if any(map(is_range, cells)) else 4 if any(map(_is_word, cells)) else 3

    def _holds_lengths(self, place: int) -> bool:
        cells = list(self._cells(place))
        return bool(cells) and all(map(_is_length, cells))

    def _beside(self, lengths: int) -> int:
        """Return the one column of addresses that belongs to a column of prefix lengths; that column if there is none."""
        found = [
            i
            for i in range(len(self.table.columns))
            if i not in self.taken and (cells := list(self._cells(i))) and self._are(cells, is_address)
            if self._fit(i, lengths)
        ]
        return found[0] if len(found) == 1 else lengths

    def _mask(self, cidr: int) -> int | None:
        """Return the column of masks; "prefix" is one only where the addresses have no length."""
        bare = any("/" not in cell for cell in self._cells(cidr))
        for place in self._places(_MASKS):
            if place == cidr or place in self.taken or (self.table.columns[place] == "prefix" and not bare):
                continue
            if self.own:
                continue
            return place
        return None

    def _ends(self) -> Span | None:
        """Return the columns of the first and last address of ranges."""
        first, last = (
            next((i for i in self._places(FIELDS[n]) if i not in self.taken), None) for n in ("first", "last")
        )
        return None if first is None or last is None else Span(first, last)

    def _cells(self, place: int) -> Iterator[str]:
        return (cell for record in self.table.sample if (cell := record.cells[place]))

    def _holding(self) -> _Ranges | None:
        """Return the one column that holds only prefixes, or one of addresses and one of their masks.

        Raises SourceError where several columns qualify.
        """
        free = [i for i in range(len(self.table.columns)) if i not in self.taken]
        held = {i: cells for i in free if (cells := list(self._cells(i)))}
        found = [_Ranges(i) for i, cells in held.items() if self._are(cells, is_prefix)] or [
            _Ranges(address, mask)
            for address, cells in held.items()
            if self._are(cells, is_address)
            for mask, masks in held.items()
            if mask != address and self._are(masks, _is_mask) and self._fit(address, mask)
        ]
        if len(found) > 1:
            places = dict.fromkeys(ranges.cidr for ranges in found[:4] if ranges.cidr is not None)
            listed = " and ".join(show(self.table.written[i]) for i in places)
            raise SourceError(Problem(f"columns {listed} all hold prefixes", self.table.line, COLUMN_HELP, "no-column"))
        return found[0] if found else None

    def _fit(self, address: int, mask: int) -> bool:
        """Return whether the masks of a column leave no host bits of the addresses in another."""
        return all(
            _leaves_no_host_bits(record.cells[address], record.cells[mask])
            for record in self.table.sample
            if is_address(record.cells[address]) and record.cells[mask]
        )

    def _are(self, cells: Sequence[str], what: Callable[[str], bool]) -> bool:
        """Return whether all cells are something; half of them are enough where other lines are skipped."""
        count = sum(map(what, cells))
        return count == len(cells) or (self.table.options.lenient and count * 2 >= len(cells))

    # -- what is reported ----------------------------------------------------------------------------------

    def _uses(self, computed: Collection[int]) -> Iterator[ColumnUse]:
        for place, title in enumerate(self.table.written):
            if place in computed:
                use = "skipped: computed from the others"
            else:
                name = kebab(title) or self.table.columns[place] or f"column-{place + 1}"
                use = self.taken.get(place) or f"label {name}"
            yield ColumnUse(title, use)


def _is_length(cell: str) -> bool:
    return cell.removeprefix("/").isdigit()


def _is_word(cell: str) -> bool:
    """Return whether a cell is not meant as a range: no number in it has dots, colons or a slash."""
    return re.search(r"\d[.:/]|[.:/]\d", cell) is None and not _is_length(cell)


def _is_mask(cell: str) -> bool:
    return parse_mask(cell, 4) is not None


def _leaves_no_host_bits(address: str, mask: str) -> bool:
    """Return whether an address and a mask are a prefix."""
    try:
        parse_prefix(f"{address}/{parse_mask(mask, 4)}")
    except AddressError:
        return False
    return True
