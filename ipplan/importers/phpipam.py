"""Subnets of phpIPAM, saved as CSV: section, subnet, mask, description, vlan, domain, vrf.

Columns as phpIPAM's own import reads and its export writes them (phpipam/phpipam app/admin/import-export @6e11367e,
export-subnets.php @142d606). A subnet that is the master of another only groups others, and a folder has no range.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ipplan.importers.csv_table import read_columns
from ipplan.importers.reading import counted
from ipplan.importers.tables import DEFAULTS, SAMPLE, Options, read_table, require_columns

if TYPE_CHECKING:
    from ipplan.observed import Observed

_ABOUT = ("section", "vlan", "vlan domain", "domain", "vrf", "master subnet", "location", "customer")
_NOTHING = ("/", "NA")
"""What the export writes for a subnet without a master, or without a VLAN."""


def read(data: bytes, options: Options = DEFAULTS) -> Observed:
    """Read an export; the mask is in the column of the subnet or its own, as a prefix length or a netmask."""
    table = read_table(data, options, lambda column: column == "subnet")
    require_columns(table, ("subnet",), ("section",), help_="export the subnets of phpIPAM with its own columns")
    records = list(table.records)
    subnets = [
        record._replace(cells=["" if cell in _NOTHING else cell for cell in record.cells])
        for record in records
        if not (record.get("subnet") or "").endswith("(folder)")
    ]
    folders = len(records) - len(subnets)
    masters = {master for record in subnets if (master := record.get("master subnet"))}
    sample = tuple(subnets[:SAMPLE])
    observed = read_columns(table._replace(records=subnets, sample=sample), about=_ABOUT, containers=masters)
    if not folders:
        return observed
    return replace(
        observed, notes=(f"skipped, because they have no prefix: {counted(folders, 'folder')}", *observed.notes)
    )
