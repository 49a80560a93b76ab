"""Tables that commands print for people: `ibmcloud` without --output json, `kubectl get -o wide`, `calicoctl get -o wide`.

These tools separate cells by at least two spaces, and start each below its heading. Headings are those that the commands
print (ibm-cloud-docs/containers, kubernetes-cli and cs_subnets.md; IBM/kubernetes-networking docs/). A table becomes the
same values as the JSON of its command, so that one reader serves both.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ipplan.importers.document import Node
from ipplan.importers.reading import Problem, SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_GAP = re.compile(r" {2,}")
_NOTHING = frozenset({"", "-", "<none>", "<unknown>", "none"})
_SETTING = re.compile(r"[ \t]*([A-Z][A-Za-z ]{1,40}):[ \t]+(\S.*)")
"""A line that `ibmcloud ks cluster get` prints above its tables."""


class TextTable(NamedTuple):
    """A table that a command prints: its source, its first headings, and the command that prints the same as JSON."""

    source: str
    headings: tuple[str, ...]
    command: str


TABLES = (
    TextTable("ibmcloud-subnets", ("id", "network", "gateway"), "ibmcloud ks subnets --provider classic --output json"),
    TextTable("ibmcloud-subnets", ("id", "identifier"), "ibmcloud sl subnet list --output json"),
    TextTable(
        "ks-cluster",
        ("vlan id", "subnet cidr"),
        "ibmcloud ks cluster get --cluster NAME --show-resources --output json",
    ),
    TextTable("ks-workers", ("id", "public ip", "private ip"), "ibmcloud ks worker ls --cluster NAME --output json"),
    TextTable("ks-workers", ("id", "primary ip"), "ibmcloud ks worker ls --cluster NAME --output json"),
    TextTable("kubectl-nodes", ("name", "status", "roles"), "kubectl get nodes -o json"),
    TextTable("calico-ippools", ("name", "cidr", "selector"), "calicoctl get ippools -o json"),
    TextTable("calico-ippools", ("name", "cidr", "nat"), "calicoctl get ippools -o json"),
)
_SETTINGS = re.compile(r"^[ \t]*(Pod Subnet:[ \t]+\d|Service Subnet:[ \t]+\d|Master URL:[ \t]+http)", re.MULTILINE)
"""Lines that `ibmcloud ks cluster get` prints, with or without tables."""
_START = re.compile(
    r"^[ \t]*(?:" + "|".join(" {2,}".join(map(re.escape, table.headings)) for table in TABLES) + r")(?: {2}|[ \r]*$)",
    re.MULTILINE | re.IGNORECASE,
)
_ANY_TABLE = re.compile(r"^[ \t]*(?:ID|NAME|Name)(?: {2,}\S+(?: \S+)*){2,}[ \r]*$", re.MULTILINE)


def table_source(text: str) -> str | None:
    """Return the source of the first known table in a text, None if there is none."""
    found = _START.search(text)
    if found is not None:
        cells = _cells(found[0])
        return next(table.source for table in TABLES if _starts(cells, table))
    return "ks-cluster" if _SETTINGS.search(text) else None


def looks_like_table(text: str) -> bool:
    """Return whether a text has the heading of a table that some command prints."""
    return _ANY_TABLE.search(text) is not None


def read_table(text: str, source: str) -> list[Node] | None:
    """Return the entries of a source's tables in a text, as its JSON has them; None where the text has no such table.

    Raises SourceError with every line that does not fit its heading, and the command that prints JSON.
    """
    if text.lstrip()[:1] in ("{", "[") or table_source(text) != source:
        return None
    text = _COLOURS.sub("", text)
    rows = list(_rows(text, source))
    if source == "ks-cluster":
        return [_cluster(text, rows)]
    if source == "ibmcloud-subnets":
        return [_ks_subnet(row, line) if "gateway" in row else _node(_by_heading(row), line) for row, line in rows]
    make = {"ks-workers": _worker, "kubectl-nodes": _kubectl_node, "calico-ippools": _pool}[source]
    return [make(row, line) for row, line in rows]


_Row = dict[str, str]
_MOST_PROBLEMS = 20
"""Report at most 20 lines that do not fit their heading; the others are counted."""


def _starts(cells: list[str], table: TextTable) -> bool:
    return tuple(cell.lower() for cell in cells[: len(table.headings)]) == table.headings


def _cells(line: str) -> list[str]:
    return _GAP.split(line.strip())


def _rows(text: str, source: str) -> Iterator[tuple[_Row, int]]:
    """Yield the rows of all tables of a source by heading, each with its line; an empty line ends a table."""
    headings: list[str] = []
    starts: list[int] = []
    table: TextTable | None = None
    problems: list[Problem] = []
    hidden = 0
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.rstrip("\r ")
        if not line.strip():
            table = None
            continue
        cells = _cells(line)
        found = next((t for t in TABLES if t.source == source and _starts(cells, t)), None)
        if found is not None:
            table, headings = found, cells
            starts = [match.end() for match in re.finditer(r"(?:^| {2}) *(?=\S)", line)]
            continue
        if table is None:
            continue
        values = cells if len(cells) == len(headings) else _by_place(line, starts)
        if values is not None:
            yield dict(zip((heading.lower() for heading in headings), values, strict=False)), number
        elif len(problems) < _MOST_PROBLEMS:
            help_ = f"get it as JSON: {table.command}"
            problems.append(Problem("the line does not fit the heading of its table", number, help_, "text-table"))
        else:
            hidden += 1
    if problems:
        raise SourceError(*problems, hidden=hidden)


def _by_place(line: str, starts: list[int]) -> list[str] | None:
    """Return the cells of a line with empty ones, by their position; None where a cell is across two columns."""
    if any(place and line[place - 1 : place].strip() for place in starts):
        return None
    cells = [line[start:end].strip() for start, end in zip(starts, [*starts[1:], len(line)], strict=True)]
    return None if any(_GAP.search(cell) for cell in cells) else cells


def _node(values: Mapping[str, object], line: int) -> Node:
    """Return plain values as those of a document, all with the same line."""

    def convert(value: object) -> Node:
        if isinstance(value, dict):
            return Node({key: convert(item) for key, item in value.items()}, line)
        if isinstance(value, list):
            return Node([convert(item) for item in value], line)
        return value if isinstance(value, Node) else Node(value, line)

    return convert(dict(values))


def _text(row: _Row, *headings: str) -> str | None:
    """Return the first of these cells that has a value."""
    return next((row[heading] for heading in headings if row.get(heading, "-").lower() not in _NOTHING), None)


def _by_heading(row: _Row) -> dict[str, str | None]:
    names = {
        "id": "ID",
        "identifier": "Identifier",
        "vlan": "VLAN",
        "ips": "IPs",
        "network": "Network",
        "location": "Location",
        "tags": "Tags",
        "note": "Note",
        "target": "Target",
    }
    return {names.get(heading, heading): _text(row, heading) for heading in row}


def _ks_subnet(row: _Row, line: int) -> Node:
    properties = {
        "network_identifier": _text(row, "network"),
        "bound_cluster": _text(row, "bound cluster"),
        "datacenter": _text(row, "zone", "datacenter"),
    }
    return _node(
        {
            "id": _text(row, "id"),
            "type": _text(row, "type"),
            "vlan_id": _text(row, "vlan id"),
            "properties": properties,
        },
        line,
    )


def _cluster(text: str, rows: list[tuple[_Row, int]]) -> Node:
    """Return what `ibmcloud ks cluster get` prints: settings, and portable subnets by VLAN."""
    names = {
        "Name": "name",
        "ID": "id",
        "Workers": "workerCount",
        "Pod Subnet": "podSubnet",
        "Service Subnet": "serviceSubnet",
        "Worker Zones": "workerZones",
    }
    values: dict[str, object] = {}
    for number, line in enumerate(text.split("\n"), 1):
        setting = _SETTING.fullmatch(line.rstrip("\r "))
        key = None if setting is None else names.get(setting[1])
        if setting is None or key is None or key in values:
            continue
        words = setting[2]
        zones = [Node(zone.strip(), number) for zone in words.split(",")]
        values[key] = Node(zones if key == "workerZones" else words, number)
    vlans: dict[str, list[Node]] = {}
    for row, number in rows:
        flags = {"is_public": _says_yes(row, "public"), "is_byoip": _says_yes(row, "user-managed")}
        subnet = _node({"cidr": _text(row, "subnet cidr"), **flags}, number)
        vlans.setdefault(row.get("vlan id", ""), []).append(subnet)
    values["vlans"] = [{"id": vlan, "subnets": subnets} for vlan, subnets in vlans.items()]
    return _node(values, 1)


def _says_yes(row: _Row, heading: str) -> bool:
    return row.get(heading, "").lower() == "true"


def _worker(row: _Row, line: int) -> Node:
    return _node(
        {
            "id": _text(row, "id"),
            "privateIP": _text(row, "private ip"),
            "publicIP": _text(row, "public ip"),
            "primaryIP": _text(row, "primary ip"),
            "location": _text(row, "zone", "location"),
        },
        line,
    )


def _kubectl_node(row: _Row, line: int) -> Node:
    if "internal-ip" not in row:
        raise SourceError(
            Problem(
                "the table has no addresses of nodes",
                line,
                "get it as JSON: kubectl get nodes -o json",
                "text-table",
            )
        )
    addresses = [
        {"type": kind, "address": address}
        for kind, heading in (("InternalIP", "internal-ip"), ("ExternalIP", "external-ip"))
        if (address := _text(row, heading)) is not None
    ]
    status = {"addresses": addresses, "nodeInfo": {"kubeletVersion": _text(row, "version")}}
    return _node({"kind": "Node", "metadata": {"name": _text(row, "name")}, "status": status}, line)


def _pool(row: _Row, line: int) -> Node:
    spec = {"cidr": _text(row, "cidr"), "disabled": _says_yes(row, "disabled")}
    return _node({"kind": "IPPool", "metadata": {"name": _text(row, "name")}, "spec": spec}, line)


def no_table(source: str) -> Problem:
    """Return the problem of a text that is neither JSON nor a table of a source."""
    commands = " or ".join(dict.fromkeys(table.command for table in TABLES if table.source == source))
    help_ = f"get it as JSON: {commands}"
    return Problem(f"this is neither JSON nor the table that the command of {source} prints", 1, help_, "json-syntax")
