"""Prefixes of NetBox or Nautobot: the CSV export, or the JSON of the REST API.

The kind of a network comes from a role or tag with the name of a kind, or from a description that `ipplan export` wrote. A
prefix of status container only groups others. Fields as NetBox 4.7.3 and Nautobot 3.2.7 write them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ipplan.importers.collecting import Collector
from ipplan.importers.document import Node, looks_like_json, read_json
from ipplan.importers.reading import Problem, SourceError, as_labels, counted, decode, is_workbook, kebab, kind_named
from ipplan.importers.tables import DEFAULTS, Options, Record, Table, column_name, read_table, require_columns
from ipplan.netbox.wanted import MARK
from ipplan.observed import NOTHING, About, ColumnUse
from ipplan.plan.choices import VLANS
from ipplan.plan.kinds import KINDS
from ipplan.plan.labels import parse_about

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from ipplan.observed import Observed
    from ipplan.plan.model import Labels

_ABOUT = (
    "status",
    "vrf",
    "namespace",
    "tenant",
    "scope",
    "site",
    "location",
    "vlan",
    "vlan group",
    "role",
    "type",
    "owner",
    "tags",
)
"""Fields that describe a row, in this order; all others with a value follow."""
_COMPUTED = frozenset(
    {
        "id",
        "prefix",
        "prefix flat",
        "children",
        "utilization",
        "depth",
        "pool",
        "is pool",
        "marked utilized",
        "mark utilized",
        "created",
        "last updated",
        "url",
        "scope type",
        "date allocated",
        "natural slug",
        "network",
        "broadcast",
        "prefix length",
        "ip version",
        "parent",
        "description",
        "comments",
    }
)
"""Columns that NetBox and Nautobot compute or keep for themselves, and those that are read separately."""
_SWITCHED_OFF = frozenset({"false", "", "-", "\u2014"})
_POOL = "BYOIP pool"
"""The description of the container of a pool, as `ipplan export` writes it."""
_HELP = "export the table of prefixes"
_STATUSES = {"reserved": "planned", "deprecated": "retired"}
"""The status in a plan for one of NetBox or Nautobot; "active" needs none."""
_VLAN = re.compile(r"(?:.*\()?([0-9]{1,4})\)?")
"""A VLAN as NetBox shows it: its number, or a name with the number in brackets."""


class _Entry(NamedTuple):
    """A prefix in either format; `roles` are words that may name a kind."""

    cidr: str | None
    line: int
    description: str
    comments: str
    fields: dict[str, str]
    roles: tuple[str, ...]
    container: bool


def read(data: bytes, options: Options = DEFAULTS) -> Observed:
    """Read an export of prefixes; a note says where the file is one page of a longer list."""
    if not is_workbook(data) and looks_like_json(decode(data)):
        if options._replace(progress=None, lenient=False) != DEFAULTS:
            message = "the file is JSON, and --column, --skip-rows and --sheet are for tables"
            raise SourceError(Problem(message, None, "remove these options", "wrong-source"))
        collector = Collector(lenient=options.lenient)
        entries = _from_json(data, collector)
        uses: tuple[ColumnUse, ...] = ()
    else:
        table = read_table(data, options, lambda column: column == "prefix")
        collector = table.collector
        require_columns(table, ("prefix",), help_=_HELP)
        entries, uses = _from_table(table), tuple(_uses(table))
    edges = {column_name(title) for field, title in options.columns if field == "edge"}
    pools = []
    for entry in entries:
        if entry.cidr is None:
            collector.problem("the entry has no prefix", entry.line)
            continue
        if entry.container and entry.description == _POOL:
            if (pool := collector.block(entry.cidr, entry.line, "prefix")) is not None:
                pools.append(pool.prefix)
            continue
        _add(entry, edges, collector)
    kinds = {row.kind for row in collector.rows if row.kind}
    return collector.finish(
        kinds, partial=True, pools=pools, columns=uses, nothing="the file has no prefix", help_=_HELP
    )


def _add(entry: _Entry, edges: Collection[str], collector: Collector) -> None:
    name, kind, words = _exported(entry)
    labels: Labels = ()
    vlan: int | None = None
    if kind is not None:
        try:
            # `ipplan export` writes labels and the VLAN there.
            labels, vlan = parse_about(entry.comments)
        except ValueError:
            words.append(entry.comments)
    else:
        words.append(entry.comments)
    fields = {key: value for key, value in entry.fields.items() if not _usual(key, value, kind)}
    if kind is None:
        words += [f"{key} {value}" for key, value in fields.items()]
        about = NOTHING
    else:
        status = _STATUSES.get(fields.get("status", "").lower())
        if status is not None:
            del fields["status"]
        number = _VLAN.fullmatch(fields.get("vlan", ""))
        if number is not None and VLANS[0] <= int(number[1]) <= VLANS[1]:
            if vlan is None:
                vlan = int(number[1])
            if vlan == int(number[1]) and fields["vlan"] in (number[1], f"vlan-{vlan} ({vlan})"):
                del fields["vlan"]
        _remove_own_tags(fields, labels)
        edge = next((value for key, value in fields.items() if key in edges), None)
        own = as_labels(fields, besides=edges, kind=kind)
        about = About(
            edge=edge,
            labels=(*labels, *(p for p in own if p[0] not in dict(labels))),
            vlan=vlan,
            status=status,
        )
    collector.add(
        entry.cidr or "",
        entry.line,
        "prefix",
        name=name,
        kind=kind,
        container=entry.container,
        about=about,
        description="; ".join(dict.fromkeys(word for word in words if word)),
        exact=_is_name(name, kind),
    )


def _remove_own_tags(fields: dict[str, str], labels: Labels) -> None:
    """Remove the tags that `ipplan netbox push` sets, by slug or by name: labels say the same."""
    tags = fields.pop("tags", "").split(",")
    if MARK in tags:
        own = {f"{name}:{value}" for name, value in labels}
        tags = [tag for tag in tags if tag not in own and not re.match(f"{MARK}(-|$| plan )", tag)]
    if any(tags):
        fields["tags"] = ",".join(tags)


def _is_name(name: str, kind: str | None) -> bool:
    return kind is not None and name == kebab(name) != ""


def _usual(key: str, value: str, kind: str | None) -> bool:
    """Return whether a field says no more than the plan does by itself: that a network is there, that space is kept."""
    if key == "status":
        return value.lower() == ("reserved" if kind is None else "active")
    return key == "type" and value.lower() in ("container", "network")


def _exported(entry: _Entry) -> tuple[str, str | None, list[str]]:
    """Return name, kind and description; `ipplan export` writes "name, title of the kind, description"."""
    kind = kind_named(*entry.roles)
    name, comma, rest = entry.description.partition(", ")
    if comma and not entry.container:
        # Titles hold commas themselves: "ESXi hosts, public".
        known = KINDS.values() if kind is None else [KINDS[kind]]
        kinds = [k for k in known if rest == k.title or rest.startswith(f"{k.title}, ")]
        if kinds:
            found = max(kinds, key=lambda k: len(k.title))
            return name, found.name, [rest[len(found.title) + 2 :]]
    return entry.description, kind, [entry.description]


def _from_table(table: Table) -> Iterator[_Entry]:
    others = [name for name in dict.fromkeys(table.columns) if name and name not in (*_ABOUT, *_COMPUTED)]
    for record in table.records:
        table.collector.cells = record.cells
        fields = {
            name: cell
            for name in (*_ABOUT, *others)
            if (cell := record.get(name)) is not None and cell.lower() not in _SWITCHED_OFF
        }
        tags = fields.get("tags", "").split(",")
        yield _Entry(
            record.get("prefix"),
            record.line,
            record.get("description") or "",
            record.get("comments") or "",
            _without_kind(fields, tags),
            (fields.get("role", ""), *tags),
            _is_container(record),
        )


def _without_kind(fields: dict[str, str], tags: Sequence[str]) -> dict[str, str]:
    """Return the fields without tags that name a kind."""
    others = [tag.strip() for tag in tags if kind_named(tag) is None and tag.strip()]
    return {
        key: ",".join(others) if key == "tags" else value for key, value in fields.items() if key != "tags" or others
    }


def _uses(table: Table) -> Iterator[ColumnUse]:
    own = {"prefix": "cidr", "description": "name", "comments": "description", "role": "kind", "tags": "kind"}
    for name, title in zip(table.columns, table.written, strict=True):
        left = "skipped: NetBox computes it" if name in _COMPUTED else f"label {kebab(name) or name}"
        yield ColumnUse(title, own.get(name) or (name if name in ("status", "vlan") else left))


def _is_container(record: Record) -> bool:
    return "container" in (cell.lower() for cell in (record.get("status"), record.get("type")) if cell)


def _from_json(data: bytes, collector: Collector) -> Iterator[_Entry]:
    for document in read_json(data):
        results = document.get("results")
        items = results.items() if results is not None else document.items() or [document]
        count = document.number("count")
        if count is not None and count > len(items):
            collector.notes.append(
                f"the file has {len(items):,} of {counted(count, 'prefix')}: "
                "get the other pages too, or all prefixes with ?limit=0"
            )
        for item in items:
            # Nautobot has containers by their type, and a status by its name.
            status = item.text("status", "value") or item.text("status", "name") or item.text("status")
            about = {
                "status": status,
                "vrf": item.text("vrf", "name"),
                "namespace": item.text("namespace", "name"),
                "tenant": item.text("tenant", "name"),
                "scope": item.text("scope", "name") or item.text("site", "name"),
                "location": item.text("location", "name"),
                "vlan": item.text("vlan", "vid") or item.text("vlan", "display") or item.text("vlan", "name"),
                "role": item.text("role", "name"),
            }
            tags = [text for tag in item.items("tags") if (text := tag.text("slug") or tag.text("name"))]
            others = ",".join(tag for tag in tags if kind_named(tag) is None)
            custom = item.get("custom_fields") or Node({}, item.line)
            names = custom.value if isinstance(custom.value, dict) else {}
            own = {name: text for name in names if (text := custom.text(name))}
            fields = {key: value for key, value in (about | {"tags": others} | own).items() if value}
            roles = (item.text("role", "slug"), about["role"], *tags)
            node = item.get("prefix")
            yield _Entry(
                item.text("prefix"),
                node.line if node else item.line,
                item.text("description") or "",
                item.text("comments") or "",
                fields,
                tuple(role for role in roles if role),
                "container" in (status, item.text("type", "value")),
            )
