"""Prefixes for the bulk import of NetBox: prefix, status, description (required by its form), comments."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from ipplan.netbox.wanted import STATUSES, describe, describe_network
from ipplan.plan.labels import format_about

if TYPE_CHECKING:
    from ipplan.exporters import Request


def export_netbox(request: Request) -> str:
    """Return a row for each pool (a container), each network with a range, and each avoided range.

    Comments are labels and VLAN ID in the form of `ipplan.plan.labels.parse_about`. With --label there are only rows
    of networks. CSV has no comments, so the file has no header lines.
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
    # NetBox guesses the dialect of a CSV: with every cell in quotes, and no quotes inside, there is one way to read it.
    writer = csv.writer(text, lineterminator="\r\n", quoting=csv.QUOTE_ALL)
    writer.writerow(("prefix", "status", "description", "comments"))
    seen = set()
    for prefix, status, description, comments in rows:
        if prefix not in seen:  # NetBox rejects a prefix that it has already
            seen.add(prefix)
            writer.writerow((prefix, status, description, comments))
    return text.getvalue()
