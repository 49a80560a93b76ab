"""Any table with prefixes: its columns are recognised by their names, that of the prefix also by its content.

A row whose kind, role or type is one of ipplan's kinds is a network of that kind: pinned where the row has a range, else
to be allocated or ordered with the size that it states. Any other row has no kind, and all of its cells go into the
description.
"""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from ipplan.importers.cells import is_address, is_prefix, is_range
from ipplan.importers.collecting import Collector
from ipplan.importers.columns import ADDRESSES, HELP, Columns, choose_columns, is_header_word
from ipplan.importers.network_cells import NO_VALUE, UNPINNED, WAITING, NetworkCells
from ipplan.importers.reading import Problem, SourceError, counted, kebab, kind_named
from ipplan.importers.tables import DEFAULTS, Options, Table, make_table, read_table
from ipplan.observed import Wish
from ipplan.plan.kinds import KINDS
from ipplan.plan.problems import nearest, show

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from ipplan.importers.tables import Record
    from ipplan.observed import Observed

_NO_RANGE = NO_VALUE | {"?", "tbd", "tbc", "tba", "to be defined", "to be determined"}
"""What people write for a range that is not known yet."""
_UNDECLARED = re.compile(r".* \([a-z]+s, default(?: \d+)?\)")
"""The name that ipplan's own tables give a default range of a cluster which the plan does not declare."""
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,59}")
"""A name that a plan can use unchanged."""
_STARTS = (".0", "::")
"""How the first address of a network may end: such an address without a length is not a single address."""
_GEOFEED = ("cidr", "country", "region", "city", "postal code")
"""The columns of a geofeed (RFC 8805, 2.1.1), which has no header."""


def read(data: bytes, options: Options = DEFAULTS) -> Observed:
    """Read a table; a row with neither a range nor a kind is a problem, or skipped with `lenient`."""
    return read_columns(_table(data, options))


# -- a table with a header ---------------------------------------------------------------------------------


def _table(data: bytes, options: Options) -> Table:
    """Return the table of a file; a file without a header, such as a bare list of prefixes, gets one."""
    stated = options._replace(columns=())
    table = read_table(data, options if _by_title(options) else stated, is_header_word)
    rows = [table.written, *(record.cells for record in table.sample)]
    first = (_without_comment(list(table.written))[0], *table.written[1:])
    held = [i for i, cell in enumerate(first) if is_prefix(cell) or is_range(cell)]
    if not held:
        return table
    is_list = all("#" in cells[0] or not any(cells[1:]) for cells in rows)
    numbered = bool(options.columns) and not _by_title(options)
    leads = held == [0] and all(_is_place(cell) for cells in rows if (cell := cells[0]))
    if not (is_list or numbered or leads):
        message = f"the first line holds the prefix {table.written[held[0]]} in place of column names"
        help_ = f"{HELP}; add such a line, or give the columns by number: --column cidr=1"
        raise SourceError(Problem(message, table.line, help_, "no-column"))
    header = [f"column {n}" for n in range(1, len(table.written) + 1)]
    lines: Iterable[tuple[int, list[str]]] = chain(
        [(table.line, list(table.written))], ((r.line, list(r.cells)) for r in table.records)
    )
    if is_list:
        header = ["cidr", "comment", *header[2:]]
        lines = ((line, _without_comment(cells)) for line, cells in lines)
    elif not numbered and _is_geofeed(rows):
        header = list(_GEOFEED[: len(header)])
        # RFC 8805, 2.1.1.1: a single address may take the place of a prefix.
        lines = ((line, [_with_length(cells[0]), *cells[1:]]) for line, cells in lines)
    elif not numbered:
        header[0] = "cidr"
    collector = Collector(lenient=options.lenient)
    collector.notes.append("the file has no line that names its columns")
    collector.skipped = table.collector.skipped
    return make_table(header, table.line, lines, collector, options)


def _is_place(cell: str) -> bool:
    return is_prefix(cell) or is_range(cell) or is_address(cell)


def _is_geofeed(rows: Sequence[Sequence[str]]) -> bool:
    """Return whether the columns are those of a geofeed: each prefix has a two-letter country, or nothing, after it."""
    return 1 < len(rows[0]) <= len(_GEOFEED) and all(
        not cells[1] or (len(cells[1]) == 2 and cells[1].isalpha()) for cells in rows
    )


def _with_length(cell: str) -> str:
    return f"{cell}/{128 if ':' in cell else 32}" if is_address(cell) else cell


def _by_title(options: Options) -> bool:
    """Return whether an option names a column by its title, so that the table has a header."""
    return any(not (title.isascii() and title.isdigit()) for _, title in options.columns)


def _without_comment(cells: list[str]) -> list[str]:
    """Return a line of a list as its prefix and the comment after it."""
    text, mark, comment = cells[0].partition("#")
    words = [comment, *cells[1:]] if mark else cells[1:]
    return [text.strip(), " ".join(word.strip() for word in words if word.strip())]


# -- its rows ----------------------------------------------------------------------------------------------


def read_columns(
    table: Table,
    *,
    about: tuple[str, ...] | None = None,
    containers: Collection[str] = (),
    columns: Columns | None = None,
) -> Observed:
    """Read the rows of a table by the names of its columns.

    Of the columns of no known meaning, only those in `about` are kept; None keeps all. A row whose prefix is among the
    `containers` only groups other rows.
    """
    columns = choose_columns(table) if columns is None else columns
    if about is not None:
        columns = replace(columns, others=tuple(other for other in columns.others if other.title in about))
    reader = _Rows(table, columns, containers)
    for record in table.records:
        reader.add(record)
    collector = reader.collector
    if reader.waiting:
        collector.notes.append(f"skipped, because they have no range: {counted(reader.waiting, 'row')}")
    if reader.single:
        what = counted(reader.single, "row")
        collector.notes.append(f"{what} without a prefix length or mask: read as single addresses, not as networks")
    if reader.defaults:
        what = counted(reader.defaults, "default range")
        collector.notes.append(f"skipped, because the plan of the table does not declare them: {what}")
    # The file does not list all networks of a kind of which some have no range yet.
    waiting = {wish.kind for wish in collector.wishes}
    return collector.finish(
        {row.kind for row in collector.rows if row.kind and row.whole} - waiting,
        partial=True,
        columns=columns.uses,
        nothing="no row of the file has a prefix, or a kind and a size",
        help_=HELP,
    )


def _lists_hosts(table: Table, columns: Columns) -> bool:
    """Return whether a table lists hosts: a column of addresses without masks, prefix lengths and network addresses."""
    place = columns.cidr
    if place is None or columns.mask is not None or table.columns[place] not in ADDRESSES:
        return False
    held = [cell for record in table.sample if is_address(cell := record.cells[place]) or "/" in cell]
    return bool(held) and not any("/" in cell or cell.endswith(_STARTS) for cell in held)


class _Found(NamedTuple):
    """A word of a row, and the column that it is from; None where no column has it."""

    text: str
    place: int | None


class _Rows:
    """Reads the records of one table."""

    def __init__(self, table: Table, columns: Columns, containers: Collection[str]) -> None:
        self.collector = table.collector
        self.columns = columns
        self.containers = containers
        self.waiting = 0
        self.defaults = 0
        self.single = 0
        self._field = "cidr" if columns.cidr is None else table.columns[columns.cidr]
        self._titles = table.columns
        self._kinds: dict[str, str | None] = {}
        self._noted: set[str] = set()
        self._networks = NetworkCells(columns, table.columns, table.collector)
        self._lists_hosts = _lists_hosts(table, columns)
        # In a table of ipplan, "status" is the result of the allocation; in another table, the lifecycle.
        self._status = next((i for i, name in enumerate(table.columns) if name == "status"), None)
        self._words = self._described_columns()

    def _described_columns(self) -> list[tuple[int, str]]:
        """Return the columns that describe a row without a kind: all but those of the range, cluster and description."""
        columns = self.columns
        ends = () if columns.span is None else (columns.span.first, columns.span.last)
        used = {columns.cidr, columns.mask, *ends, *columns.words, columns.fields.get("cluster")}
        titles = {other.place: other.title for other in columns.others}
        titles.update({i: self._titles[i] for i in (*columns.fields.values(), *columns.kinds, *columns.names)})
        return [(i, titles[i]) for i in sorted(titles) if i not in used]

    # -- a record ------------------------------------------------------------------------------------------

    def add(self, record: Record) -> None:
        """Add what a record states: a network with or without a range, an address, or a range to avoid."""
        cells, columns = record.cells, self.columns
        self.collector.cells = cells
        kind = self._kind(cells)
        status = cells[self._status].lower() if self._status is not None else ""
        if columns.own and status == "default" and _UNDECLARED.fullmatch(self._name(cells).text):
            self.defaults += 1
            return
        cidr = self._range_of(cells, status)
        if not cidr or (columns.own and cidr.startswith("/")):
            self._add_wish(record, kind, status)
        elif self._lists_hosts and is_address(cidr) and not cidr.endswith(_STARTS):
            self._add_host(record, cidr, kind)
        elif self._lacks_mask(cells, cidr):
            assert columns.mask is not None
            self.collector.problem(
                f"the row has no {self._titles[columns.mask]}, and {show(cidr)} has no prefix length",
                record.line,
                "add the mask, or write the prefix with its length",
            )
        elif kind.text:
            self._add_network(record, cidr, kind)
        else:
            self._add_avoided(record, cidr)

    def _range_of(self, cells: list[str], status: str) -> str:
        """Return the range that a record pins, empty where it has none."""
        columns = self.columns
        cidr = cells[columns.cidr] if columns.cidr is not None else ""
        if not cidr and columns.span is not None:
            first, last = cells[columns.span.first], cells[columns.span.last]
            cidr = f"{first}-{last}" if first or last else ""
        if cidr.lower() in _NO_RANGE:
            return ""
        if columns.own and (status == "default" or (status in UNPINNED and "hosts" in columns.fields)):
            # The plan does not state this range: it follows from the size in the table, or from the kind.
            return ""
        return cidr

    def _lacks_mask(self, cells: list[str], cidr: str) -> bool:
        mask = self.columns.mask
        return mask is not None and not cells[mask] and "/" not in cidr and "-" not in cidr

    def _mask_of(self, cells: list[str]) -> str | None:
        return cells[self.columns.mask] if self.columns.mask is not None else None

    def _kind(self, cells: list[str]) -> _Found:
        """Return the kind that a row names; empty where it names none."""
        for place in self.columns.kinds:
            if cell := cells[place]:
                if cell not in self._kinds:
                    self._kinds[cell] = kind_named(cell, *cell.split(","))
                if (kind := self._kinds[cell]) is not None:
                    return _Found(kind, place)
        return _Found("", None)

    def _name(self, cells: list[str]) -> _Found:
        """Return the name of a row, or its description where no column has a name."""
        for place in (*self.columns.names, *self.columns.words):
            if cell := cells[place]:
                return _Found(cell, place)
        return _Found("", None)

    # -- rows without a kind -------------------------------------------------------------------------------

    def _add_host(self, record: Record, address: str, kind: _Found) -> None:
        name = self._name(record.cells)
        self.single += 1
        self.collector.add_address(
            address,
            record.line,
            self._field,
            name=name.text,
            kind=kind.text or None,
            cluster=self._networks.cell(record.cells, "cluster") or None,
            description=self._described(record.cells, name),
        )

    def _add_avoided(self, record: Record, cidr: str) -> None:
        cells = record.cells
        self._note_unknown_kind(cells, record.line)
        name = self._name(cells)
        self.collector.add(
            cidr,
            record.line,
            self._field,
            mask=self._mask_of(cells),
            name=name.text,
            cluster=self._networks.cell(cells, "cluster") or None,
            description=self._described(cells, name),
            container=cidr in self.containers,
        )

    def _described(self, cells: list[str], name: _Found) -> str:
        """Return the description of a row without a kind, then each other cell with the title of its column."""
        parts = [cell for i in self.columns.words if (cell := cells[i])]
        for i, title in self._words:
            if (cell := cells[i]) and i != name.place:
                parts.append(f"{title} {cell}")
        return parts[0] if len(parts) == 1 else "; ".join(dict.fromkeys(parts))

    def _note_unknown_kind(self, cells: list[str], line: int) -> None:
        """Note a word that is not a kind, in a column "kind"; other tables use words of their own for roles."""
        for place in self.columns.kinds:
            word = cells[place]
            if self._titles[place] == "kind" and word and word not in self._noted:
                self._noted.add(word)
                near = nearest(kebab(word), KINDS)
                hint = f"; did you mean {near}?" if near else ""
                self.collector.notes.append(
                    f"line {line}: {show(word)} is not a kind of network, so the range is avoided{hint}"
                )

    # -- networks ------------------------------------------------------------------------------------------

    def _add_network(self, record: Record, cidr: str, kind: _Found) -> None:
        cells, line = record.cells, record.line
        name = self._name(cells)
        about = self._networks.about(record, kind.text, (name.place, kind.place), ranged=True)
        if about is None:
            return
        added = self.collector.add(
            cidr,
            line,
            self._field,
            mask=self._mask_of(cells),
            name=name.text,
            kind=kind.text,
            cluster=self._networks.cell(cells, "cluster") or None,
            description=self._words_of(cells),
            container=cidr in self.containers,
            about=about,
            exact=self._is_exact(name.text),
        )
        if added:
            for named in self._networks.addresses(cells):
                if named.address is not None:
                    word = named.name
                    self.collector.add_address(str(named.address), line, word, name=word, description=f"address {word}")

    def _add_wish(self, record: Record, kind: _Found, status: str) -> None:
        """Add a network without a range; report the problem of a row that cannot be one."""
        cells, line = record.cells, record.line
        if not kind.text:
            self._reject_wish(cells, line, status)
            return
        if KINDS[kind.text].provider == "enterprise":
            self.collector.problem(
                f"the row has no {self._field}: networks of the enterprise exist already, and ipplan allocates none",
                line,
                "write its range",
            )
            return
        name = self._name(cells)
        about = self._networks.about(record, kind.text, (name.place,), ranged=False)
        sizes = self._networks.sizes(record)
        if about is not None and sizes is not None:
            self.collector.wishes.append(
                Wish(
                    name=name.text,
                    kind=kind.text,
                    cluster=self._networks.cell(cells, "cluster") or None,
                    length=sizes.length,
                    hosts=sizes.hosts,
                    description=self._words_of(cells) or None,
                    line=line,
                    about=about,
                    exact=self._is_exact(name.text),
                )
            )

    def _reject_wish(self, cells: list[str], line: int, status: str) -> None:
        """Report a row with neither a range nor a kind."""
        if status in WAITING:
            self.waiting += 1
            return
        word = next((cells[i] for i in self.columns.kinds if cells[i]), None)
        titled = self._titles[self.columns.kinds[0]] if self.columns.kinds else ""
        if word is not None and titled == "kind":
            near = nearest(kebab(word), KINDS)
            help_ = f"did you mean {near}?" if near else f"write one of {', '.join(KINDS)}"
            self.collector.problem(f"the row has no {self._field}, and {show(word)} is not a kind", line, help_)
        else:
            self.collector.problem(f"the row has no {self._field}", line, "--lenient lists such rows and skips them")

    def _is_exact(self, name: str) -> bool:
        """Return whether a plan can use the name of a row unchanged."""
        return bool(name) and (self.columns.own or _PLAIN.fullmatch(name) is not None) and self.columns.wishes

    def _words_of(self, cells: list[str]) -> str:
        return "; ".join(dict.fromkeys(cell for i in self.columns.words if (cell := cells[i])))
