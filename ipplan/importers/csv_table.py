"""Any CSV with a header line: the columns are guessed by their names, that of the prefix also by what it holds.

A row whose kind, role or type is one of ipplan's kinds is a network of that kind; any other has none, and then all of its
cells go into the description.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.addresses import AddressError, parse_address, parse_block
from ipplan.importers.reading import Collector, Problem, SourceError, counted, kind_named
from ipplan.importers.tables import Record, Table, read_table, require_columns
from ipplan.plan.load import show

if TYPE_CHECKING:
    from collections.abc import Collection

    from ipplan.observed import Observed

PREFIXES = (
    "cidr", "prefix", "subnet", "network cidr", "ip range", "range", "network", "network address",
    "network identifier", "identifier", "address prefix", "address", "ip", "ip address",
)  # fmt: skip
MASKS = ("mask", "netmask", "subnet mask", "network mask", "prefix length", "length", "bits", "mask bits")
NAMES = ("name", "network name", "subnet name", "title", "label", "display name", "network")
KIND_COLUMNS = ("kind", "role", "type", "purpose", "usage", "tags")
CLUSTERS = ("cluster", "cluster name")
WORDS = ("description", "comment", "comments", "note", "notes", "purpose", "usage", "remarks", "label")
SITES = ("data center", "datacenter", "site", "location", "scope")
_WAITING = ("to-order", "to-allocate")
"""What ipplan's own tables say of a network that has no range yet."""
_HELP = "the first line of a CSV names its columns, such as cidr, name, kind, cluster, description"


def read(data: bytes) -> Observed:
    """Read a CSV; a row without a prefix is a problem unless its status says that it has none yet."""
    return read_columns(read_table(data))


def names_prefix(column: str) -> bool:
    """Tell whether a column is one of prefixes or addresses by its name: those above, and any with the word cidr."""
    return column in PREFIXES or "cidr" in column


def is_prefix(cell: str) -> bool:
    """Tell whether a cell is an address, a slash and a prefix length."""
    try:
        parse_block(cell)
    except AddressError:
        return False
    return True


def read_columns(
    table: Table, *, about: tuple[str, ...] | None = None, containers: Collection[str] = ()
) -> Observed:
    """Read the rows of a table by the names of its columns.

    The description also tells the columns `about`; None means every column, of rows that have no kind. A row whose
    prefix is among the `containers` only arranges others.
    """
    prefix_column, mask_column = _address_columns(table)
    collector = Collector(table.problems, table.hidden)
    waiting: list[str | None] = []
    for record in table.records:
        kind = kind_named(*(record.get(column) for column in KIND_COLUMNS))
        cidr = record.get(prefix_column)
        if cidr is None:
            if (record.get("status") or "").lower() in _WAITING:
                waiting.append(kind)
            else:
                collector.problem(f"the row has no {prefix_column}", record.line)
            continue
        names = [record.cells[n] for n in (*NAMES, *WORDS) if n != prefix_column and record.cells.get(n)]
        used = {prefix_column, mask_column, *CLUSTERS, *NAMES, *WORDS}
        others = table.columns if about is None and kind is None else about or ()
        collector.add(
            cidr,
            record.line,
            prefix_column,
            mask=record.get(mask_column) if mask_column else None,
            name=names[0] if names else "",
            kind=kind,
            cluster=record.get(*CLUSTERS),
            description=_words(record, prefix_column, [column for column in others if column not in used]),
            container=cidr in containers,
        )
        _add_addresses(record, collector)
    if waiting:
        collector.notes.append(f"left out for want of a range: {counted(len(waiting), 'row')}")
    sites = (site.lower() for record in table.records for site in [record.get(*SITES)] if site)
    # Of a kind of which some have no range yet, the file does not list all.
    return collector.finish(
        {row.kind for row in collector.rows if row.kind and row.whole} - set(waiting), partial=True,
        data_centers=sites, nothing="no row of the file has a prefix", help_=_HELP,
    )  # fmt: skip


def _address_columns(table: Table) -> tuple[str, str | None]:
    """Return the column of the prefix or address, and that of its mask if there is one."""
    if (cell := next(filter(is_prefix, table.written), None)) is not None:
        message = f"the first line holds the prefix {cell}, and no names of columns"
        raise SourceError(Problem(message, table.line, _HELP, "no-column"))
    found = [name for name in PREFIXES if name in table.columns]
    found = found or [name for name in table.columns if names_prefix(name)][:1] or _holding_prefixes(table)
    chosen = found[0]
    # A column "prefix" beside an address often holds the prefix length only.
    cells = [cell for record in table.records if (cell := record.get(chosen))]
    if len(found) > 1 and cells and all(cell.removeprefix("/").isdigit() for cell in cells):
        return found[1], chosen
    return chosen, next((name for name in MASKS if name in table.columns), None)


def _holding_prefixes(table: Table) -> list[str]:
    """Return the one column of which every cell that is not empty is a prefix; raise SourceError if there is none."""
    cells = {
        column: [cell for record in table.records if (cell := record.get(column))] for column in table.columns
    }
    found = [column for column, held in cells.items() if held and all(map(is_prefix, held))]
    if len(found) > 1:
        listed = " and ".join(map(show, found[:4]))
        raise SourceError(
            Problem(f"columns {listed} hold prefixes", table.line, 'name the one that counts "cidr"', "no-column")
        )  # fmt: skip
    if not found:
        require_columns(table, PREFIXES, help_=_HELP)
    return found


def _add_addresses(record: Record, collector: Collector) -> None:
    """Add the named addresses of a network, which ipplan's own tables have as name=address, parted by spaces."""
    for word in (record.get("addresses") or "").split():
        name, equals, text = word.partition("=")
        try:
            parse_address(text)
        except AddressError:
            continue
        if equals:
            collector.add_address(text, record.line, name, name=name, description=f"address {name}")


def _words(record: Record, prefix_column: str, others: list[str]) -> str:
    parts = [record.cells[column] for column in WORDS if column != prefix_column and record.cells.get(column)]
    parts += [f"{column} {record.cells[column]}" for column in others if record.cells.get(column)]
    return "; ".join(dict.fromkeys(parts))
