"""Subnets of phpIPAM, saved as CSV: section, subnet, mask, description, vlan, domain, vrf.

Columns as phpIPAM's own import reads them (phpipam/phpipam app/admin/import-export @6e11367e).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.importers.csv_table import read_columns
from ipplan.importers.reading import Problem, SourceError
from ipplan.importers.tables import read_table, require_columns

if TYPE_CHECKING:
    from ipplan.observed import Observed


def read(data: bytes) -> Observed:
    """Read an export; the mask may stand with the subnet or in its own column, as bits or dotted."""
    if data[:4] in (b"\xd0\xcf\x11\xe0", b"PK\x03\x04"):
        raise SourceError(Problem("the file is a spreadsheet", None, "save it as CSV first", "not-text"))
    table = read_table(data)
    require_columns(table, ("subnet",), ("section",), help_="the columns are those of phpIPAM's own import")
    return read_columns(table, about=("section", "vlan", "vlan domain", "domain", "vrf", "master subnet"))
