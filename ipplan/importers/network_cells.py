"""The cells of one network in a table: its sizes, its named addresses, and everything else that it states.

A cell whose value does not fit its column, and every cell of no known meaning, becomes a label, so that none is lost.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from ipplan.addresses import AddressError, parse_address, parse_block
from ipplan.findings import LONGEST_NAME
from ipplan.importers.reading import kebab
from ipplan.observed import NOTHING, About
from ipplan.plan.choices import GATEWAY_ON, STATUSES, VLANS
from ipplan.plan.kinds import KINDS
from ipplan.plan.labels import parse_addresses, parse_labels
from ipplan.plan.problems import show

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ipplan.importers.collecting import Collector
    from ipplan.importers.columns import Columns
    from ipplan.importers.tables import Record
    from ipplan.plan.model import NamedAddress

NO_VALUE = frozenset({"", "-", "--", "\u2013", "\u2014", "n/a", "#n/a"})
"""What people write into a cell without a value; in a column of names it may be a name."""
WAITING = ("to-order", "to-allocate", "no-range", "to order", "to allocate", "to be ordered")
"""The status, in ipplan's own tables, of a network that has no range yet."""
UNPINNED = ("allocated", "allocated, not pinned")
"""Their status of a network whose range the plan does not state."""
_OWN_STATUS = (*WAITING, *UNPINNED, "pinned", "default", "none")
_DATA_CENTER = re.compile(r"[a-z]{3}[0-9]{2}")
_GATEWAYS = ("gateway", "default gateway", "gateway ip", "gw")
_ELSEWHERE = ("cluster", "addresses", "prefix", "hosts")
"""Fields that are read elsewhere, or only in some tables."""


class Sizes(NamedTuple):
    """The size that a row asks for: a prefix length, a number of hosts, or neither."""

    length: int | None
    hosts: int | None


class NetworkCells:
    """Reads what the rows of one table say of networks; reports problems to the collector of the table."""

    def __init__(self, columns: Columns, titles: Sequence[str], collector: Collector) -> None:
        self._columns = columns
        self._titles = titles
        self._collector = collector

    def cell(self, cells: Sequence[str], field: str) -> str:
        """Return the cell of a field, empty where it has no value or the table has no such column."""
        place = self._columns.fields.get(field)
        return cells[place] if place is not None and cells[place].lower() not in NO_VALUE else ""

    # -- sizes and addresses -------------------------------------------------------------------------------

    def sizes(self, record: Record) -> Sizes | None:
        """Return the size that a row asks for; None, and a problem, where a cell is not a valid size."""
        cells, line = record.cells, record.line
        text = self.cell(cells, "prefix").removeprefix("/") or self._shown_length(cells)
        length = _number(text)
        if text and (length is None or length > 128):
            self._collector.problem(f"prefix {show(text)} is not a valid prefix length", line)
            return None
        text = self.cell(cells, "hosts")
        hosts = _number(text)
        if text and not hosts:
            self._collector.problem(f"hosts {show(text)} is not a valid number of hosts", line)
            return None
        if length is not None and hosts is not None:
            self._collector.problem(
                f"the row asks for /{length} and for {hosts:,} hosts; a network states one of the two",
                line,
                "leave one of the two cells empty",
            )
            return None
        return Sizes(length, hosts)

    def _shown_length(self, cells: Sequence[str]) -> str:
        """Return the length that older tables of ipplan have in the column of ranges."""
        place = self._columns.cidr
        if not self._columns.own or place is None or "hosts" in self._columns.fields:
            return ""
        return cells[place][1:] if cells[place].startswith("/") else ""

    def addresses(self, cells: Sequence[str]) -> tuple[NamedAddress, ...]:
        """Return the named addresses that a row states."""
        text = self.cell(cells, "addresses")
        try:
            return parse_addresses(text)
        except ValueError:
            # Older tables separate them by spaces: "gateway=10.1.0.1 vip=#4".
            found: list[NamedAddress] = []
            for word in text.split():
                try:
                    found += parse_addresses(word)
                except ValueError:
                    continue
            return tuple(found)

    # -- everything else -----------------------------------------------------------------------------------

    def about(self, record: Record, kind: str, used: Sequence[int | None], *, ranged: bool) -> About | None:
        """Return what a row says besides name, kind and range, which are in the columns `used`.

        `ranged` says that the row has a range. Returns None, and reports problems, where a cell cannot be read.
        """
        cells, columns = record.cells, self._columns
        found = _Found()
        before = self._count_problems()
        for field, place in columns.fields.items():
            cell = cells[place]
            if cell.lower() in NO_VALUE or place == columns.mask:
                continue
            if field not in _ELSEWHERE:
                self._read(field, cell, kind, record.line, found)
            elif field == "hosts" and ranged and not columns.own:
                found.labels[field] = cell
        for place in (*columns.names, *columns.kinds):
            if (cell := cells[place]) and place not in used and kebab(cell) != kind:
                found.labels.setdefault(self._label(place), cell)
        for place, title in columns.others:
            if (cell := cells[place]) and not (ranged and title in _GATEWAYS and found.take_gateway(cell)):
                found.labels.setdefault(kebab(title) or title, cell)
        for name, text in found.labels.items():
            if len(text) > LONGEST_NAME:
                self._collector.problem(
                    f"{name[:80]} has {len(text):,} characters; a label holds at most {LONGEST_NAME}",
                    record.line,
                    "shorten it, or use the column as the description: --column description=TITLE",
                )
        if self._count_problems() > before:
            return None
        stated = tuple(a for a in self.addresses(cells) if a.address is None or not ranged)
        return found.about(stated)

    def _count_problems(self) -> int:
        return len(self._collector.problems) + self._collector.hidden + len(self._collector.skipped)

    def _label(self, place: int) -> str:
        return kebab(self._titles[place]) or self._titles[place] or f"column-{place + 1}"

    def _read(self, field: str, cell: str, kind: str, line: int, found: _Found) -> None:
        """Read the cell of one field into the values, or into the labels where it does not fit the field."""
        word = cell.lower()
        value: object = cell
        if field == "status":
            if (self._columns.own and word in _OWN_STATUS) or word in WAITING:
                return
            value = word if word in STATUSES else None
            field = field if value else self._label(self._columns.fields[field])
        elif field == "vlan":
            number = _number(word.removeprefix("vlan").lstrip(" -_"))
            value = number if number is not None and VLANS[0] <= number <= VLANS[1] else None
        elif field == "labels":
            value = self._read_labels(cell, line)
        elif field == "grow-to":
            value = _number(cell.rpartition("/")[2])
            if value is None or value > 128:
                self._collector.problem(f"grow-to {show(cell)} is not a valid prefix length", line)
        elif field == "pool":
            try:
                value = parse_block(cell)
            except AddressError:
                value = None
        elif field == "site":
            value = cell if KINDS[kind].provider == "enterprise" else None
        elif field == "data-center":
            value = word if _DATA_CENTER.fullmatch(word) else None
        elif field == "gateway-on":
            value = word if word in GATEWAY_ON else None
        if value is None:
            found.labels[field] = cell
        else:
            found.values[field.replace("-", "_")] = value

    def _read_labels(self, cell: str, line: int) -> tuple[tuple[str, str], ...] | None:
        try:
            return parse_labels(cell)
        except ValueError as error:
            if self._columns.own:
                self._collector.problem(f"labels cannot be read: {error}", line)
            return None


class _Found:
    """What the cells of one network say: values of the fields of `About`, and labels."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.labels: dict[str, str] = {}
        self.gateway: tuple[NamedAddress, ...] = ()

    def take_gateway(self, cell: str) -> bool:
        """Use the cell of a gateway as a named address; return False where it is not an address."""
        try:
            self.gateway = parse_addresses(f"gateway={parse_address(cell)}")
        except (AddressError, ValueError):
            return False
        return True

    def about(self, stated: tuple[NamedAddress, ...]) -> About:
        """Return everything that was found, with the named addresses that the row states."""
        own = dict(self.values.pop("labels", ()))
        labels = own | {name: text for name, text in self.labels.items() if name not in own}
        if not labels and not self.values and not stated and not self.gateway:
            return NOTHING
        cut = tuple((name[:LONGEST_NAME], text) for name, text in labels.items())
        return About(labels=cut, addresses=(*stated, *self.gateway), **self.values)


def _number(text: str) -> int | None:
    """Return a whole number, also one with commas, apostrophes or spaces between thousands."""
    text = re.sub(r"(?<=\d)[,'’ \u00a0\u202f](?=\d{3}(?!\d))", "", text.strip())
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None
