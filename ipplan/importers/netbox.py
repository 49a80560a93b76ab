"""Prefixes of NetBox or Nautobot: the CSV export, or the JSON of the REST API.

A role or tag that is named like one of ipplan's kinds gives the kind, and so does a description that `ipplan export` wrote;
status container only arranges others. Fields as NetBox 4.7.3 and Nautobot 3.2.7 write them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ipplan.importers.document import looks_like_json, read_json
from ipplan.importers.reading import Collector, counted, decode, kind_named
from ipplan.importers.tables import Record, read_table, require_columns
from ipplan.plan.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ipplan.observed import Observed

_ABOUT = ("status", "vrf", "tenant", "scope", "vlan", "role")
_POOL = "BYOIP pool"
"""How `ipplan export` describes the container of a pool."""
_HELP = "export the table of prefixes"


class _Entry(NamedTuple):
    """What either form says of a prefix; `roles` are words that may name a kind, `site` one that may name a place."""

    cidr: str | None
    line: int
    description: str
    comments: str
    about: dict[str, str]
    roles: tuple[str, ...]
    site: str
    container: bool


def read(data: bytes) -> Observed:
    """Read an export of prefixes; a page of a longer list is told."""
    collector = Collector()
    table = not looks_like_json(decode(data))
    pools, sites = [], []
    for entry in (_from_table if table else _from_json)(data, collector):
        if entry.cidr is None:
            collector.problem("the entry has no prefix", entry.line)
            continue
        sites.append(entry.site.lower())
        if entry.container and entry.description == _POOL:
            if (pool := collector.block(entry.cidr, entry.line, "prefix")) is not None:
                pools.append(pool[0])
            continue
        name, kind, words = _exported(entry)
        words.append(entry.comments)
        words += [
            f"{key} {value}" for key, value in entry.about.items() if value and not _usual(key, value, kind)
        ]
        collector.add(
            entry.cidr, entry.line, "prefix", name=name, kind=kind, container=entry.container,
            description="; ".join(dict.fromkeys(word for word in words if word)),
        )  # fmt: skip
    kinds = {row.kind for row in collector.rows if row.kind}
    return collector.finish(
        kinds, partial=True, pools=pools, data_centers=sites, nothing="the file has no prefix", help_=_HELP
    )


def _usual(key: str, value: str, kind: str | None) -> bool:
    """Tell whether a field says no more than the plan does by itself: that a network is there, that space is kept."""
    return key == "status" and value.lower() == ("reserved" if kind is None else "active")


def _exported(entry: _Entry) -> tuple[str, str | None, list[str]]:
    """Return name, kind and description; `ipplan export` writes "name, title of the kind, description"."""
    kind = kind_named(*entry.roles)
    name, comma, rest = entry.description.partition(", ")
    if kind is None and comma and not entry.container:
        # Titles hold commas themselves: "ESXi hosts, public".
        kinds = [k for k in KINDS.values() if rest == k.title or rest.startswith(f"{k.title}, ")]
        if kinds:
            found = max(kinds, key=lambda k: len(k.title))
            return name, found.name, [rest[len(found.title) + 2 :]]
    return entry.description, kind, [entry.description]


def _from_table(data: bytes, collector: Collector) -> Iterator[_Entry]:
    table = read_table(data)
    collector.problems += table.problems
    collector.hidden += table.hidden
    require_columns(table, ("prefix",), help_=_HELP)
    for record in table.records:
        cells = {
            name: record.get(name) or "" for name in (*_ABOUT, "description", "comments", "tags", "site")
        }
        cells["scope"] = cells["scope"] or cells["site"]
        yield _Entry(
            record.get("prefix"), record.line, cells["description"], cells["comments"],
            {name: cells[name] for name in _ABOUT}, (cells["role"], *cells["tags"].split(",")), cells["scope"],
            _is_container(record),
        )  # fmt: skip


def _is_container(record: Record) -> bool:
    return "container" in (cell.lower() for cell in (record.get("status"), record.get("type")) if cell)


def _from_json(data: bytes, collector: Collector) -> Iterator[_Entry]:
    for document in read_json(data):
        results = document.get("results")
        items = results.items() if results is not None else document.items() or [document]
        count = document.number("count")
        if count is not None and count > len(items):
            collector.notes.append(
                f"it holds {len(items):,} of {counted(count, 'prefix')}: "
                "the others are on other pages, or ask with ?limit=0"
            )
        for item in items:
            # Nautobot tells containers by their type, and a status by its name.
            status = item.text("status", "value") or item.text("status", "name") or item.text("status")
            about = {
                "status": status,
                "vrf": item.text("vrf", "name") or item.text("namespace", "name"),
                "tenant": item.text("tenant", "name"),
                "scope": item.text("scope", "name") or item.text("site", "name"),
                "vlan": item.text("vlan", "display") or item.text("vlan", "name"),
                "role": item.text("role", "name"),
            }
            tags = [text for tag in item.items("tags") if (text := tag.text("slug") or tag.text("name"))]
            roles = (item.text("role", "slug"), about["role"], *tags)
            node = item.get("prefix")
            yield _Entry(
                item.text("prefix"), node.line if node else item.line,
                item.text("description") or "", item.text("comments") or "",
                {key: value for key, value in about.items() if value}, tuple(role for role in roles if role),
                item.text("scope", "slug") or item.text("site", "slug") or "",
                "container" in (status, item.text("type", "value")),
            )  # fmt: skip
