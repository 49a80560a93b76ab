"""Prefixes of NetBox: its CSV export, or the JSON of its REST API.

A role that is named like one of ipplan's kinds gives the kind; status container only arranges others. Fields as
NetBox 4.7.3 writes them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.importers.csv_table import read_columns
from ipplan.importers.document import Node, looks_like_json, read_json
from ipplan.importers.reading import Collector, decode, kind_named
from ipplan.importers.tables import read_table

if TYPE_CHECKING:
    from ipplan.observed import Observed


def read(data: bytes) -> Observed:
    """Read an export of prefixes."""
    if not looks_like_json(decode(data)):
        return read_columns(
            read_table(data),
            container="container",
            about=("status", "vrf", "tenant", "scope", "vlan", "role"),
        )
    collector = Collector()
    sites = []
    for document in read_json(data):
        for item in document.items() or (
            results.items() if (results := document.get("results")) else [document]
        ):
            _add(item, collector)
            if site := item.text("scope", "slug") or item.text("site", "slug"):
                sites.append(site)
    kinds = {row.kind for row in collector.rows if row.kind}
    return collector.finish(kinds, partial=True, data_centers=sites)


def _add(item: Node, collector: Collector) -> None:
    cidr = item.text("prefix")
    if cidr is None:
        collector.problem("the entry has no prefix", item.line)
        return
    status = item.text("status", "value") or item.text("status")
    about = {
        "status": status,
        "vrf": item.text("vrf", "name"),
        "tenant": item.text("tenant", "name"),
        "scope": item.text("scope", "name") or item.text("site", "name"),
        "vlan": item.text("vlan", "display") or item.text("vlan", "name"),
        "role": item.text("role", "name"),
    }
    description = item.text("description")
    words = [description, item.text("comments"), *(f"{key} {value}" for key, value in about.items() if value)]
    node = item.get("prefix")
    collector.add(
        cidr,
        node.line if node else item.line,
        "prefix",
        name=description or "",
        kind=kind_named(item.text("role", "slug"), item.text("role", "name")),
        description="; ".join(word for word in words if word),
        container=status == "container",
    )
