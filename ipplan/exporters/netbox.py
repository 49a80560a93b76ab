"""Bulk import of prefixes into NetBox: prefix, status, description (the columns that its form requires), comments."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from ipplan.netbox.wanted import STATUSES, describe, describe_network
from ipplan.plan.labels import format_about

if TYPE_CHECKING:
    from ipplan.exporters import Request


def export_netbox(request: Request) -> str:
    """Return a row for each pool (a container) and each network with a range; CSV has no place for a header line.

    Comments are labels and VLAN ID in the form of `ipplan.plan.labels.parse_about`. Of chosen networks nothing else.
    """
    plan, whole = request.plan, request.chosen is None
    rows = [(str(pool.prefix), "container", "BYOIP pool", "") for pool in plan.pools if whole]
    rows += [
        (
            str(network.prefix),
            STATUSES.get(network.status or "", "active"),
            describe_network(network),
            format_about(network.labels, network.vlan),
        )
        for network in plan.taking_part()
        if network.prefix is not None and request.lists(network)
    ]
    rows += [(str(avoid.prefix), "reserved", describe(avoid.reason or "avoided"), "") for avoid in plan.avoids if whole]
    text = io.StringIO()
    # NetBox guesses the form of a CSV: with every cell in quotes and no quote in any, there is one way to read it.
    writer = csv.writer(text, lineterminator="\r\n", quoting=csv.QUOTE_ALL)
    writer.writerow(("prefix", "status", "description", "comments"))
    seen = set()
    for prefix, status, description, comments in rows:
        if prefix not in seen:  # NetBox refuses a prefix that it has
            seen.add(prefix)
            writer.writerow((prefix, status, description, comments))
    return text.getvalue()
