"""Bulk import of prefixes into NetBox: prefix, status, description (the columns that its form requires)."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ipplan.export import Request


def export_netbox(request: Request) -> str:
    """Return a row for each pool (a container) and each network with a range; CSV has no place for a header line."""
    plan = request.plan
    rows = [(str(pool.prefix), "container", "BYOIP pool") for pool in plan.pools]
    for network in plan.taking_part():
        if network.prefix is not None:
            words = [network.name, network.kind.title, network.description or ""]
            rows.append((str(network.prefix), "active", ", ".join(word for word in words if word)))
    rows += [(str(avoid.prefix), "reserved", avoid.reason or "avoided") for avoid in plan.avoids]
    text = io.StringIO()
    # NetBox guesses the form of a CSV: with every cell in quotes and no quote in any, there is one way to read it.
    writer = csv.writer(text, lineterminator="\r\n", quoting=csv.QUOTE_ALL)
    writer.writerow(("prefix", "status", "description"))
    seen = set()
    for prefix, status, description in rows:
        if prefix not in seen:  # NetBox refuses a prefix that it has
            seen.add(prefix)
            writer.writerow((prefix, status, _cell(description)[:200]))
    return text.getvalue()


def _cell(text: str) -> str:
    """Return a cell that no spreadsheet takes for a formula (CWE-1236), on one line and without double quotes."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text.replace('"', "'")).split())
    return f"'{line}" if line.startswith(("=", "+", "-", "@")) else line
