"""The page on JSON documents, from the JSON Schemas of the package. Must not know any document by name."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from ipplan.files import read_files

if TYPE_CHECKING:
    from collections.abc import Iterator

    Schema = dict[str, Any]

_HEAD = """\
# JSON documents

`--json` prints one JSON object, in UTF-8. Programs can rely on these rules:

- `schema` names the document and its version, as in `ipplan.check/1`. A change that could break a reader raises the number.
- Every key is always there. A value that is unknown or does not apply is `null`.
- Keys and lists have a fixed order, so the same plan gives the same bytes.
- Addresses and prefixes are strings. Sizes are numbers.
- A plan that cannot be read gives [`ipplan.error/1`](#error-document), and exit code 2.

`ipplan schema NAME` prints the JSON Schema (draft 2020-12) of a document, and `ipplan schema` that of the
[plan file](plan-file.md). `python -m tools.build_reference` makes this page from the schemas.

"""

_SHARED_HEAD = """\
## Shared objects

Several documents have these objects.
"""


class _Home(NamedTuple):
    """Where an object of `$defs` is described: the name of its document, or None where several documents share it."""

    document: str | None
    name: str

    @property
    def heading(self) -> str:
        return self.name if self.document is None else f"{self.name} of {self.document}"

    @property
    def anchor(self) -> str:
        """The anchor that Markdown makes of the heading."""
        return self.heading.replace(" ", "-")


class _Page:
    """Writes the sections; it knows which objects several documents share, so that each is described once."""

    def __init__(self, schemas: dict[str, Schema]) -> None:
        self._schemas = schemas
        objects = [(name, _text(value)) for schema in schemas.values() for name, value in schema["$defs"].items()]
        count = Counter(objects)
        most_used = dict(sorted(count, key=lambda item: count[item]))
        self._shared = {name: text for name, text in most_used.items() if count[name, text] > 1}

    def write(self) -> Iterator[str]:
        for name, schema in self._schemas.items():
            constant = schema["properties"]["schema"]["const"]
            yield from (f"## {name} document", "", f"`{constant}`: {schema['title']}.", "")
            yield from (schema["description"], "", *self._table(name, schema))
            for definition, value in schema["$defs"].items():
                home = self._home(name, definition)
                if home.document is not None and "properties" in value:
                    yield from self._object(home, value)
        yield _SHARED_HEAD
        for name, text in sorted(self._shared.items()):
            value = json.loads(text)
            if "properties" in value:
                yield from self._object(_Home(None, name), value)

    def _home(self, document: str, name: str) -> _Home:
        same = self._shared.get(name) == _text(self._schemas[document]["$defs"][name])
        return _Home(None if same else document, name)

    def _object(self, home: _Home, value: Schema) -> Iterator[str]:
        document = home.document or self._a_document_with(home.name)
        yield from (f"### {home.heading}", "")
        if "description" in value:
            yield from (value["description"], "")
        yield from self._table(document, value)

    def _a_document_with(self, shared: str) -> str:
        return next(n for n, s in self._schemas.items() if _text(s["$defs"].get(shared)) == self._shared[shared])

    def _table(self, document: str, schema: Schema) -> Iterator[str]:
        yield from ("| key | value | meaning |", "| --- | --- | --- |")
        yield from self._rows(document, schema, "")
        yield ""

    def _rows(self, document: str, schema: Schema, path: str) -> Iterator[str]:
        """Yield a row for each key, and below a key with an unnamed object the keys of that."""
        for key, value in schema["properties"].items():
            meaning = value.get("description", "").replace("|", "\\|")
            yield f"| `{path}{key}` | {self._type(document, value)} | {meaning} |"
            item = value.get("items", value)
            if "properties" in item:
                yield from self._rows(document, item, f"{path}{key}{'[]' if item is not value else ''}.")

    def _type(self, document: str, value: Schema) -> str:
        if "$ref" in value:
            name = value["$ref"].removeprefix("#/$defs/")
            definition = self._schemas[document]["$defs"][name]
            if "properties" in definition:
                return f"[{name}](#{self._home(document, name).anchor})"
            return self._type(document, definition)
        if "anyOf" in value:
            return " or ".join(self._type(document, choice) for choice in value["anyOf"])
        if "const" in value:
            return f"`{json.dumps(value['const'])}`"
        if "enum" in value:
            return " or ".join(f"`{json.dumps(choice)}`" for choice in value["enum"])
        kinds = value.get("type", "any value")
        words = [self._kind(document, kind, value) for kind in ([kinds] if isinstance(kinds, str) else kinds)]
        return " or ".join(words)

    def _kind(self, document: str, kind: str, value: Schema) -> str:
        if kind == "array":
            return f"list of {self._type(document, value['items'])}" if "items" in value else "list"
        if kind == "object" and isinstance(value.get("additionalProperties"), dict):
            return f"object, each value {self._type(document, value['additionalProperties'])}"
        return "`null`" if kind == "null" else kind


def _text(value: object) -> str:
    return json.dumps(value)


def page() -> str:
    """Return the page: each document with the objects that only it has, then the objects that several share."""
    schemas = {name: json.loads(text) for name, text in read_files("schemas", ".json").items() if name != "plan"}
    return _HEAD + "\n".join(_Page(schemas).write()).rstrip("\n") + "\n"
