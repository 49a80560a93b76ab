"""Subnets of phpIPAM, saved as CSV: section, subnet, mask, description, vlan, domain, vrf.

Columns as phpIPAM's own import reads and its export writes them (phpipam/phpipam app/admin/import-export @6e11367e,
export-subnets.php @142d606). A subnet that another names as its master only arranges others, and a folder has no range.
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
"""What the export writes where a subnet has no master, or no VLAN."""


def read(data: bytes, options: Options = DEFAULTS) -> Observed:
    """Read an export; the mask may stand with the subnet or in its own column, as bits or dotted."""
    table = read_table(data, options, lambda column: column == "subnet")
    require_columns(table, ("subnet",), ("section",), help_="the columns are those of phpIPAM's own import")
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
    return replace(observed, notes=(f"left out for want of a prefix: {counted(folders, 'folder')}", *observed.notes))
