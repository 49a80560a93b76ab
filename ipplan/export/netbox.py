"""Bulk import of prefixes into NetBox: prefix, status, description (the columns that its form requires), comments."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from ipplan.plan.labels import format_about

if TYPE_CHECKING:
    from ipplan.export import Request


_STATUS = {"planned": "reserved", "ordered": "reserved"}
"""What NetBox calls what is not there yet; its own choice for prefixes is active, reserved, deprecated, container."""


def export_netbox(request: Request) -> str:
    """Return a row for each pool (a container) and each network with a range; CSV has no place for a header line.

    Comments are labels and VLAN ID in the form of `ipplan.plan.labels.parse_about`. Of chosen networks nothing else.
    """
    plan, whole = request.plan, request.chosen is None
    rows = [(str(pool.prefix), "container", "BYOIP pool", "") for pool in plan.pools if whole]
    for network in plan.taking_part():
        if network.prefix is not None and request.lists(network):
            words = [network.name, network.kind.title, network.description or ""]
            rows.append(
                (
                    str(network.prefix), _STATUS.get(network.status or "", "active"),
                    ", ".join(word for word in words if word), format_about(network.labels, network.vlan),
                )
            )  # fmt: skip
    rows += [(str(avoid.prefix), "reserved", avoid.reason or "avoided", "") for avoid in plan.avoids if whole]
    text = io.StringIO()
    # NetBox guesses the form of a CSV: with every cell in quotes and no quote in any, there is one way to read it.
    writer = csv.writer(text, lineterminator="\r\n", quoting=csv.QUOTE_ALL)
    writer.writerow(("prefix", "status", "description", "comments"))
    seen = set()
    for prefix, status, description, comments in rows:
        if prefix not in seen:  # NetBox refuses a prefix that it has
            seen.add(prefix)
            writer.writerow((prefix, status, _cell(description)[:200], comments))
    return text.getvalue()


def _cell(text: str) -> str:
    """Return a cell that no spreadsheet takes for a formula (CWE-1236), on one line and without double quotes."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text.replace('"', "'")).split())
    return f"'{line}" if line.startswith(("=", "+", "-", "@")) else line
