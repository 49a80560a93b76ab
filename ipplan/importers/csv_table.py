"""Any CSV with a header line: the columns are guessed by their names.

A row whose kind, role or type is one of ipplan's kinds is a network of that kind; any other has none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.importers.reading import Collector, kind_named
from ipplan.importers.tables import Record, Table, read_table, require_columns

if TYPE_CHECKING:
    from ipplan.observed import Observed

PREFIXES = (
    "cidr", "prefix", "subnet", "network cidr", "ip range", "range", "network", "network address",
    "network identifier", "identifier", "address", "ip", "ip address",
)  # fmt: skip
MASKS = ("mask", "netmask", "subnet mask", "network mask", "prefix length", "length", "bits", "mask bits")
NAMES = ("name", "network name", "subnet name", "title", "label", "display name", "network")
KIND_COLUMNS = ("kind", "role", "type", "purpose", "usage", "tags")
CLUSTERS = ("cluster", "cluster name")
WORDS = ("description", "comment", "comments", "note", "notes", "purpose", "usage", "remarks", "label")
SITES = ("data center", "datacenter", "site", "location", "scope")
_HELP = "the first line of a CSV names its columns, such as cidr, name, kind, cluster, description"


def read(data: bytes) -> Observed:
    """Read a CSV; a row without a prefix is a problem unless its status says that it has none yet."""
    return read_columns(read_table(data))


def read_columns(table: Table, *, container: str | None = None, about: tuple[str, ...] = ()) -> Observed:
    """Read the rows of a table by the names of its columns.

    A row whose status is `container` only arranges others. The columns `about` are told in the description.
    """
    require_columns(table, PREFIXES, help_=_HELP)
    prefix_column, mask_column = _address_columns(table)
    collector = Collector()
    for record in table.records:
        cidr = record.get(prefix_column)
        status = (record.get("status") or "").lower()
        if cidr is None:
            if status not in ("to-order", "to-allocate"):
                collector.problem(f"the row has no {prefix_column}", record.line)
            continue
        name = next((record.cells[n] for n in NAMES if n != prefix_column and record.cells.get(n)), "")
        collector.add(
            cidr,
            record.line,
            prefix_column,
            mask=record.get(mask_column) if mask_column else None,
            name=name,
            kind=kind_named(*(record.get(column) for column in KIND_COLUMNS)),
            cluster=record.get(*CLUSTERS),
            description=_words(record, prefix_column, name, about),
            container=container is not None and status == container,
        )
    sites = (site.lower() for record in table.records for site in [record.get(*SITES)] if site)
    return collector.finish(
        {row.kind for row in collector.rows if row.kind}, partial=True, data_centers=sites,
        nothing="no row of the file has a prefix", help_=_HELP,
    )  # fmt: skip


def _address_columns(table: Table) -> tuple[str, str | None]:
    """Return the column of the prefix or address, and that of its mask if there is one."""
    found = [name for name in PREFIXES if name in table.columns]
    chosen = found[0]
    # A column "prefix" beside an address often holds the prefix length only.
    cells = [cell for record in table.records if (cell := record.get(chosen))]
    if len(found) > 1 and cells and all(cell.removeprefix("/").isdigit() for cell in cells):
        return found[1], chosen
    return chosen, next((name for name in MASKS if name in table.columns), None)


def _words(record: Record, prefix_column: str, name: str, about: tuple[str, ...]) -> str:
    parts = [record.cells[column] for column in WORDS if column != prefix_column and record.cells.get(column)]
    parts = [part for part in parts if part != name]
    parts += [f"{column} {record.cells[column]}" for column in about if record.cells.get(column)]
    return "; ".join(dict.fromkeys(parts))
