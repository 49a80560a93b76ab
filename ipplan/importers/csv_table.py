"""Any table: the columns are told by their names, that of the prefix also by what it holds.

A row whose kind, role or type is one of ipplan's kinds is a network of that kind: pinned where the row has a range, else to be
allocated or ordered with the size that it states. Any other row has no kind, and all of its cells go into the description.
"""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING

from ipplan.importers.columns import ADDRESSES, HELP, Columns, choose_columns, is_header_word
from ipplan.importers.network_cells import NO_VALUE, UNPINNED, WAITING, NetworkCells
from ipplan.importers.reading import (
    Collector,
    Problem,
    SourceError,
    counted,
    is_address,
    is_prefix,
    is_range,
    kebab,
    kind_named,
)
from ipplan.importers.tables import DEFAULTS, Options, Table, make_table, read_table
from ipplan.observed import Wish
from ipplan.plan.kinds import KINDS
from ipplan.plan.load import nearest, show

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from ipplan.importers.tables import Record
    from ipplan.observed import Observed

_NO_RANGE = NO_VALUE | {"?", "tbd", "tbc", "tba", "to be defined", "to be determined"}
"""What stands in the place of a range that is not known yet."""
_UNDECLARED = re.compile(r".* \([a-z]+s, default(?: \d+)?\)")
"""The name that ipplan's own tables give a default range of a cluster which the plan does not declare."""
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,59}")
"""A name that a plan can have as it is."""


def read(data: bytes, options: Options = DEFAULTS) -> Observed:
    """Read a table; a row with neither a range nor a kind is a problem, or with `lenient` left out."""
    return read_columns(_table(data, options))


def _table(data: bytes, options: Options) -> Table:
    """Return the table of a file; one without a header, such as a bare list of prefixes, gets one."""
    stated = options._replace(columns=())
    table = read_table(data, options if _by_title(options) else stated, is_header_word)
    rows = [table.written, *(record.cells for record in table.sample)]
    first = (_without_comment(list(table.written))[0], *table.written[1:])
    held = [i for i, cell in enumerate(first) if is_prefix(cell) or is_range(cell)]
    if not held:
        return table
    bare = all("#" in cells[0] or not any(cells[1:]) for cells in rows)
    numbered = bool(options.columns) and not _by_title(options)
    told = held == [0] and all(_is_place(cell) for cells in rows if (cell := cells[0]))
    if not (bare or numbered or told):
        message = f"the first line holds the prefix {table.written[held[0]]}, and no names of columns"
        help_ = f"{HELP}; give the file such a line, or the columns by their numbers: --column cidr=1"
        raise SourceError(Problem(message, table.line, help_, "no-column"))
    header = [f"column {n}" for n in range(1, len(table.written) + 1)]
    lines: Iterable[tuple[int, list[str]]] = chain(
        [(table.line, list(table.written))], ((r.line, list(r.cells)) for r in table.records)
    )
    if bare:
        header = ["cidr", "comment", *header[2:]]
        lines = ((line, _without_comment(cells)) for line, cells in lines)
    elif not numbered and _is_geofeed(rows):
        header = list(_GEOFEED[: len(header)])
        # RFC 8805, 2.1.1.1: a single address may stand in the place of a prefix.
        lines = ((line, [_with_length(cells[0]), *cells[1:]]) for line, cells in lines)
    elif not numbered:
        header[0] = "cidr"
    collector = Collector(lenient=options.lenient)
    collector.notes.append("the file has no line that names its columns")
    collector.left_out = table.collector.left_out
    return make_table(header, table.line, lines, collector, options)


def _is_place(cell: str) -> bool:
    return is_prefix(cell) or is_range(cell) or is_address(cell)


_GEOFEED = ("cidr", "country", "region", "city", "postal code")
"""The columns of a geofeed (RFC 8805, 2.1.1), which has no line of titles."""


def _is_geofeed(rows: Sequence[Sequence[str]]) -> bool:
    """Tell whether the columns are those of a geofeed: a country in two letters, or nothing, behind each prefix."""
    return 1 < len(rows[0]) <= len(_GEOFEED) and all(
        not cells[1] or (len(cells[1]) == 2 and cells[1].isalpha()) for cells in rows
    )


def _with_length(cell: str) -> str:
    return f"{cell}/{128 if ':' in cell else 32}" if is_address(cell) else cell


def _by_title(options: Options) -> bool:
    """Tell whether a column is named by its title, so that there is a line of titles."""
    return any(not (title.isascii() and title.isdigit()) for _, title in options.columns)


def _without_comment(cells: list[str]) -> list[str]:
    """Return a line of a list as its prefix and the comment after it."""
    text, mark, comment = cells[0].partition("#")
    words = [comment, *cells[1:]] if mark else cells[1:]
    return [text.strip(), " ".join(word.strip() for word in words if word.strip())]


def read_columns(
    table: Table,
    *,
    about: tuple[str, ...] | None = None,
    containers: Collection[str] = (),
    columns: Columns | None = None,
) -> Observed:
    """Read the rows of a table by the names of its columns.

    Of columns of no known meaning only those in `about` are told, None means all of them. A row whose prefix is among
    the `containers` only arranges others.
    """
    columns = choose_columns(table) if columns is None else columns
    if about is not None:
        columns = replace(columns, others=tuple((i, name) for i, name in columns.others if name in about))
    reader = _Rows(table, columns, containers)
    for record in table.records:
        reader.add(record)
    collector = reader.collector
    if reader.waiting:
        collector.notes.append(f"left out for want of a range: {counted(reader.waiting, 'row')}")
    if reader.single:
        what = counted(reader.single, "row")
        collector.notes.append(f"{what} without a prefix length or mask: each is one address, not a network")
    if reader.defaults:
        what = counted(reader.defaults, "default range")
        collector.notes.append(f"left out, because the plan of the table does not declare them: {what}")
    # Of a kind of which some have no range yet, the file does not list all.
    waiting = {wish.kind for wish in collector.wishes}
    return collector.finish(
        {row.kind for row in collector.rows if row.kind and row.whole} - waiting,
        partial=True,
        columns=columns.uses,
        nothing="no row of the file has a prefix, or a kind and a size",
        help_=HELP,
    )


def _are_single(table: Table, columns: Columns) -> bool:
    """Tell whether a table is one of hosts: addresses by their title, no mask, no prefix length, and no start of a network."""
    place = columns.cidr
    if place is None or columns.mask is not None or table.columns[place] not in ADDRESSES:
        return False
    held = [cell for record in table.sample if is_address(cell := record.cells[place]) or "/" in cell]
    return bool(held) and not any("/" in cell or cell.endswith(_STARTS) for cell in held)


_STARTS = (".0", "::")
"""The end of an address that a network may start with: without a length it is no single address."""


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
        self._single = _are_single(table, columns)
        cluster = columns.fields.get("cluster")
        # In a table of ipplan the column "status" tells what became of a network, another how far it is.
        self._status = next((i for i, name in enumerate(table.columns) if name == "status"), None)
        # Without a kind a row has only words: every cell that is neither the range nor the first name.
        told = {columns.cidr, columns.mask, *(columns.span or ()), *columns.words, cluster}
        titles = dict(columns.others)
        titles.update({i: table.columns[i] for i in (*columns.fields.values(), *columns.kinds, *columns.names)})
        self._words = [(i, titles[i]) for i in sorted(titles) if i not in told]

    # -- a record ------------------------------------------------------------------------------------------

    def add(self, record: Record) -> None:
        cells, columns = record.cells, self.columns
        self.collector.cells = cells
        kind, place = self._kind(cells) if columns.kinds else (None, None)
        cidr = cells[columns.cidr] if columns.cidr is not None else ""
        if not cidr and columns.span is not None:
            first, last = (cells[i] for i in columns.span)
            cidr = f"{first}-{last}" if first or last else ""
        if cidr.lower() in _NO_RANGE:
            cidr = ""
        status = cells[self._status].lower() if self._status is not None else ""
        if columns.own and status == "default":
            if _UNDECLARED.fullmatch(self._name(cells)[0]):
                self.defaults += 1
                return
            cidr = ""
        if columns.own and status in UNPINNED and "hosts" in columns.fields:
            # The table has the size that the plan states, and the plan does not state this range.
            cidr = ""
        if not cidr or (columns.own and cidr.startswith("/")):
            self._add_wish(record, kind, status)
            return
        mask = cells[columns.mask] if columns.mask is not None else None
        if self._single and is_address(cidr) and not cidr.endswith(_STARTS):
            name, used = self._name(cells)
            self.single += 1
            self.collector.add_address(
                cidr,
                record.line,
                self._field,
                name=name,
                kind=kind,
                cluster=self._networks.cell(cells, "cluster") or None,
                description=self._described(cells, used),
            )
            return
        if not mask and columns.mask is not None and "/" not in cidr and "-" not in cidr:
            self.collector.problem(
                f"the row has no {self._titles[columns.mask]}, and {show(cidr)} has no prefix length",
                record.line,
                "write the mask, or the prefix with its length",
            )
            return
        if kind is None:
            self._note_kind(cells, record.line)
            name, used = self._name(cells)
            self.collector.add(
                cidr,
                record.line,
                self._field,
                mask=mask,
                name=name,
                cluster=self._networks.cell(cells, "cluster") or None,
                description=self._described(cells, used),
                container=cidr in self.containers,
            )
        else:
            self._add_network(record, cidr, mask, kind, place)

    def _kind(self, cells: list[str]) -> tuple[str | None, int | None]:
        """Return the kind that a row names, and in which column."""
        for place in self.columns.kinds:
            if cell := cells[place]:
                if cell not in self._kinds:
                    self._kinds[cell] = kind_named(cell, *cell.split(","))
                if (kind := self._kinds[cell]) is not None:
                    return kind, place
        return None, None

    def _name(self, cells: list[str]) -> tuple[str, int | None]:
        """Return the name of a row, and the column that it is from: that of a description where no other has one."""
        for place in (*self.columns.names, *self.columns.words):
            if cell := cells[place]:
                return cell, place
        return "", None

    def _described(self, cells: list[str], used: int | None) -> str:
        """Return what a row without a kind says: its description, then each other cell with the title of its column."""
        parts = [cell for i in self.columns.words if (cell := cells[i])]
        for i, title in self._words:
            if (cell := cells[i]) and i != used:
                parts.append(f"{title} {cell}")
        return parts[0] if len(parts) == 1 else "; ".join(dict.fromkeys(parts))

    def _note_kind(self, cells: list[str], line: int) -> None:
        """Note a word in the column "kind" that is none: that column is a word of ipplan."""
        for place in self.columns.kinds:
            word = cells[place]
            if self._titles[place] == "kind" and word and word not in self._noted:
                self._noted.add(word)
                near = nearest(kebab(word), KINDS)
                hint = f"; did you mean {near}?" if near else ""
                self.collector.notes.append(
                    f"line {line}: {show(word)} is no kind of network, so the range is avoided{hint}"
                )

    # -- networks ------------------------------------------------------------------------------------------

    def _add_network(self, record: Record, cidr: str, mask: str | None, kind: str, place: int | None) -> None:
        cells, line = record.cells, record.line
        name, used = self._name(cells)
        about = self._networks.about(record, kind, (used, place), ranged=True)
        if about is None:
            return
        added = self.collector.add(
            cidr,
            line,
            self._field,
            mask=mask,
            name=name,
            kind=kind,
            cluster=self._networks.cell(cells, "cluster") or None,
            description=self._words_of(cells),
            container=cidr in self.containers,
            about=about,
            exact=self._exact(name),
        )
        if added:
            for named in self._networks.addresses(cells):
                if named.address is not None:
                    word = named.name
                    self.collector.add_address(str(named.address), line, word, name=word, description=f"address {word}")

    def _add_wish(self, record: Record, kind: str | None, status: str) -> None:
        """Add a network that is to get its range yet; note the problem of a row that cannot be one."""
        cells, line = record.cells, record.line
        if kind is None:
            if status in WAITING:
                self.waiting += 1
                return
            word = next((cells[i] for i in self.columns.kinds if cells[i]), None)
            titled = self._titles[self.columns.kinds[0]] if self.columns.kinds else ""
            if word is not None and titled == "kind":
                near = nearest(kebab(word), KINDS)
                help_ = f"did you mean {near}?" if near else f"write one of {', '.join(KINDS)}"
                self.collector.problem(f"the row has no {self._field}, and its kind {show(word)} is none", line, help_)
            else:
                self.collector.problem(
                    f"the row has no {self._field}", line, "--lenient lists such rows and leaves them out"
                )
            return
        if KINDS[kind].provider == "enterprise":
            self.collector.problem(
                f"the row has no {self._field}, and the enterprise's own networks exist already",
                line,
                "write its range",
            )
            return
        name, used = self._name(cells)
        about = self._networks.about(record, kind, (used,), ranged=False)
        sizes = self._networks.sizes(record)
        if about is not None and sizes is not None:
            length, hosts = sizes
            self.collector.wishes.append(
                Wish(
                    name,
                    kind,
                    self._networks.cell(cells, "cluster") or None,
                    length,
                    hosts,
                    self._words_of(cells) or None,
                    line,
                    about,
                    self._exact(name),
                )
            )

    def _exact(self, name: str) -> bool:
        return bool(name) and (self.columns.own or _PLAIN.fullmatch(name) is not None) and self.columns.wishes

    def _words_of(self, cells: list[str]) -> str:
        return "; ".join(dict.fromkeys(cell for i in self.columns.words if (cell := cells[i])))
