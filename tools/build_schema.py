"""Rebuild the JSON Schemas from the format of a plan, the table of kinds and the platforms of keep-clear.

    python -m tools.build_schema           write ipplan/schemas/plan.json, and kinds and platforms in the others
    python -m tools.build_schema --check   write nothing, exit 1 where a file would change

plan.json is built whole from `ipplan/plan/format.py`. In every other schema, only two lists are replaced: the kinds, at
`kind` under `$defs`, and the platforms, at `keep_clear` of a row of ranges.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ipplan.catalog import KEEP_CLEAR
from ipplan.findings import LONGEST_NAME
from ipplan.plan.format import LARGEST_NTH, SCHEMA, TABLES
from ipplan.plan.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ipplan.plan.format import Form, Key, Table, When

FOLDER = Path(__file__).resolve().parent.parent / "ipplan" / "schemas"
DIALECT = "https://json-schema.org/draft/2020-12/schema"

_CIDR = {"type": "string", "pattern": "^[0-9A-Fa-f.:]+/[0-9]{1,3}$"}
_ADDRESS = {"type": "string", "pattern": "^[0-9A-Fa-f.:]+$"}
_NAMES = {"minLength": 1, "maxLength": LONGEST_NAME}
"""What a name is that the user chooses: of a network, cluster, edge, site or label."""

_FORMS: Mapping[Form, Callable[[Key], dict[str, Any]]] = {
    "text": lambda _: {"type": "string"},
    "name": lambda _: {"type": "string"},
    "file": lambda _: {"type": "string", **_NAMES},
    "number": lambda key: {"type": "integer", **dict(zip(("minimum", "maximum"), key.limits or (), strict=False))},
    "choice": lambda key: {"enum": list(key.choices)},
    "data-center": lambda _: {"type": "string", "pattern": "^[a-z]{3}[0-9]{2}$"},
    "prefix": lambda _: dict(_CIDR),
    "block": lambda _: dict(_CIDR),
    "date": lambda _: {"type": "string", "format": "date"},
    "labels": lambda _: {
        "type": "object",
        "propertyNames": _NAMES,
        "additionalProperties": {"type": "string", "maxLength": LONGEST_NAME},
    },
    "addresses": lambda _: {
        "type": "object",
        "additionalProperties": {
            "anyOf": [
                {"type": "integer", "not": {"const": 0}, "minimum": -LARGEST_NTH, "maximum": LARGEST_NTH},
                _ADDRESS,
            ]
        },
    },
    "tables": lambda key: {"type": "array", "items": {"$ref": f"#/$defs/{key.table.name}"}} if key.table else {},
}
"""The schema of each form of a value."""


def plan_schema() -> dict[str, Any]:
    """Return the JSON Schema of a plan."""
    entries = {_entry_name(table): _entry(table) for table in _tables() if table.shape != "single"}
    return {
        "$schema": DIALECT,
        "$id": f"urn:ipplan:plan:{SCHEMA}",
        "title": "An address plan of ipplan",
        "type": "object",
        "description": "Addresses of IKS, ICP and vCenter Server on IBM Cloud, and of the enterprise.",
        "additionalProperties": False,
        "properties": {
            "schema": {"description": "The version of the plan format.", "const": SCHEMA},
            **{name: _table(table) for name, table in TABLES.items()},
        },
        "$defs": dict(sorted(entries.items())),
    }


def _tables() -> Iterator[Table]:
    """Yield every table of a plan, also those inside others."""
    for table in TABLES.values():
        yield table
        yield from (key.table for key in table.keys.values() if key.table is not None)


def _entry_name(table: Table) -> str:
    """Return the name of one entry among the definitions, such as network for [networks.NAME]."""
    return table.name.removesuffix("s") if table.shape == "named" else table.name


def _table(table: Table) -> dict[str, Any]:
    """Return the schema of a table at the top of a plan."""
    if table.shape == "single":
        return _entry(table)
    entry = {"$ref": f"#/$defs/{_entry_name(table)}"}
    if table.shape == "array":
        return {"type": "array", "description": table.meaning, "items": entry}
    return {
        "type": "object",
        "description": table.meaning,
        "propertyNames": _NAMES,
        "additionalProperties": entry,
    }


def _entry(table: Table) -> dict[str, Any]:
    """Return the schema of the keys of one table."""
    required = [name for name, key in table.keys.items() if key.required and key.required_when is None]
    rules = list(_rules(table))
    return {
        "type": "object",
        "description": table.entry or table.meaning,
        "additionalProperties": False,
        **({"required": required} if required else {}),
        "properties": {name: _value(key) for name, key in table.keys.items()},
        **({"allOf": rules} if rules else {}),
    }


def _value(key: Key) -> dict[str, Any]:
    """Return the schema of one key."""
    text = key.meaning if key.default is None else f"{key.meaning} Default: {key.default}."
    value = _FORMS[key.form](key)
    if key.array:
        value = {"type": "array", "items": value}
        if key.items is not None:
            value |= {"minItems": key.items, "maxItems": key.items, "uniqueItems": True}
    return {"description": text, **value}


def _rules(table: Table) -> Iterator[dict[str, Any]]:
    """Yield what holds between keys: those that exclude each other, and those that depend on the value of another."""
    for group in table.at_most_one:
        pairs = [[first, second] for number, first in enumerate(group) for second in group[number + 1 :]]
        yield from ({"not": {"required": pair}} for pair in pairs)
    for name, key in table.keys.items():
        if key.required_when is not None:
            yield {"if": _has(key.required_when.key, key.required_when.values), "then": {"required": [name]}}
        if key.only is not None:
            others = _other_values(table, key.only)
            yield {"if": _has(key.only.key, others), "then": {"properties": {name: False}}}


def _other_values(table: Table, when: When) -> tuple[str, ...]:
    return tuple(value for value in table.keys[when.key].choices if value not in when.values)


def _has(key: str, values: tuple[str, ...]) -> dict[str, Any]:
    """Return the schema of a table in which a key has one of the values."""
    return {"properties": {key: {"enum": list(values)}}, "required": [key]}


def build() -> dict[str, str]:
    """Return the text of every schema that has something of the plan's format in it, by its file name."""
    files = {"plan.json": _render(plan_schema())}
    for path in sorted(FOLDER.glob("*.json")):
        schema = json.loads(path.read_text(encoding="utf-8"))
        if path.name in files:
            continue
        entries = schema.get("$defs", {})
        if "kind" in entries:
            entries["kind"]["enum"] = list(KINDS)
            files[path.name] = _render(schema)
        if "keep_clear" in entries.get("range", {}).get("properties", {}):
            entries["range"]["properties"]["keep_clear"]["enum"] = [*KEEP_CLEAR, None]
            files[path.name] = _render(schema)
    return files


def _render(schema: dict[str, Any]) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def main(arguments: list[str]) -> int:
    """Write the schemas, or with --check compare them; return the exit status."""
    status = 0
    for name, text in build().items():
        path = FOLDER / name
        if arguments != ["--check"]:
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            print(f"ipplan/schemas/{name} differs from the format of a plan: run python -m tools.build_schema")
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
