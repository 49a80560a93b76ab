"""Reads JSON and YAML as values that know their line, safely: no tags, no code, nothing expanded.

The only home of PyYAML, which is imported only for a file in YAML. Knows nothing of what a document means.
"""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

from ipplan.importers.reading import Problem, SourceError, decode

LARGEST_YAML = 2 * 1024 * 1024
"""Read at most 2 Mi characters of YAML: PyYAML takes about ten seconds for them."""


class Node(NamedTuple):
    """A value and its 1-based line: a dict of nodes by name, a list of nodes, text, a number, true, false or null."""

    value: Any
    line: int

    def get(self, *path: str) -> Node | None:
        """Return the value at a path of keys; None where there is none, or null."""
        node: Node | None = self
        for key in path:
            if node is None or not isinstance(node.value, dict):
                return None
            node = node.value.get(key)
        return None if node is None or node.value is None else node

    def items(self, *path: str) -> list[Node]:
        """Return the elements of the list at a path of keys, or of this node; none for any other value."""
        node = self.get(*path) if path else self
        return node.value if node is not None and isinstance(node.value, list) else []

    def text(self, *path: str) -> str | None:
        """Return the word or number at a path of keys as stripped text; None for anything else, and for ""."""
        node = self.get(*path)
        if node is None or isinstance(node.value, (dict, list, bool)):
            return None
        return str(node.value).strip() or None

    def number(self, *path: str) -> int | None:
        """Return the whole number at a path of keys, also one written as text; None for anything else."""
        text = self.text(*path)
        if text is None or not (text.isascii() and text.isdigit() and len(text) < 16):
            return None
        return int(text)


def read_documents(data: bytes) -> tuple[Node, ...]:
    """Return the documents of a file in JSON or YAML; raise SourceError for anything else."""
    text = decode(data)
    return _read_json(text, None) if looks_like_json(text) else _read_yaml(text)


def read_json(data: bytes, hint: str | None = None) -> tuple[Node, ...]:
    """Return the JSON values of a file, one after the other; raise SourceError, with a hint at the likely cause."""
    return _read_json(decode(data), hint)


def looks_like_json(text: str) -> bool:
    """Return whether a text starts with a JSON object or array."""
    return text.lstrip(" \t\r\n")[:1] in ("{", "[")


# -- JSON --------------------------------------------------------------------------------------------------

_SPACE = re.compile(r"[ \t\r\n]*")
_TOKEN = re.compile(r'[{}\[\],:]|"(?:[^"\\]|\\.)*"|[^\s,:{}\[\]"]+', re.DOTALL)


def _read_json(text: str, hint: str | None) -> tuple[Node, ...]:
    """Validate the text with the standard library, then read it again for the lines."""
    parse_json(text, hint)
    return tuple(_Lines(text).documents())


def parse_json(text: str, hint: str | None = None) -> list[Any]:
    """Return the JSON values of a text, one after the other, as plain values; raise SourceError."""
    decoder = json.JSONDecoder()
    found = []
    at = _after_space(text, 0)
    if at == len(text):
        raise SourceError(Problem("the file is empty", 1, hint, "no-prefix"))
    while at < len(text):
        try:
            value, at = decoder.raw_decode(text, at)
        except json.JSONDecodeError as error:
            words = f"{error.msg[:1].lower()}{error.msg[1:]}".removesuffix(" at")
            cut = error.msg.startswith("Unterminated") or not text[error.pos :].strip()
            raise SourceError(
                Problem(
                    f"this is not valid JSON: {words} at column {error.colno}",
                    error.lineno,
                    "the file ends too early: get it again" if cut else hint,
                    "json-syntax",
                )
            ) from None
        except ValueError as error:  # a number of more digits than Python converts
            raise SourceError(
                Problem(f"a number cannot be read: {str(error)[:80]}", None, None, "json-syntax")
            ) from None
        if not isinstance(value, dict | list):
            # No source is a bare word, and two words without a space would be read as one.
            raise SourceError(
                Problem("this is not a JSON object or array", text.count("\n", 0, at) + 1, hint, "json-syntax")
            )
        found.append(value)
        at = _after_space(text, at)
    return found


def _after_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    assert found is not None
    return found.end()


class _Lines:
    """Reads a text that is known to be valid JSON, and keeps the line of every value."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.line = 1
        self.counted = 0

    def documents(self) -> list[Node]:
        found = []
        while self.at < len(self.text):
            self.skip()
            if self.at < len(self.text):
                found.append(self.value(self.token()))
        return found

    def skip(self) -> None:
        self.at = _after_space(self.text, self.at)

    def token(self) -> str:
        self.skip()
        found = _TOKEN.match(self.text, self.at)
        assert found is not None
        self.line += self.text.count("\n", self.counted, self.at)
        self.counted = self.at
        self.at = found.end()
        return found[0]

    def value(self, token: str) -> Node:
        line = self.line
        if token == "{":
            members: dict[str, Node] = {}
            while (key := self.token()) != "}":
                if key != ",":
                    self.token()
                    members[json.loads(key)] = self.value(self.token())
            return Node(members, line)
        if token == "[":
            elements: list[Node] = []
            while (word := self.token()) != "]":
                if word != ",":
                    elements.append(self.value(word))
            return Node(elements, line)
        return Node(json.loads(token), line)


# -- YAML --------------------------------------------------------------------------------------------------


def _read_yaml(text: str) -> tuple[Node, ...]:
    try:
        import yaml
    except ImportError:
        raise SourceError(
            Problem(
                "the file is YAML, and PyYAML is not installed",
                None,
                "pip install PyYAML, or get the file as JSON",
                "no-yaml-reader",
            )
        ) from None
    if len(text) > LARGEST_YAML:
        raise SourceError(
            Problem(
                f"the file is YAML of more than {LARGEST_YAML >> 20} MiB, the most that ipplan reads",
                None,
                "get it as JSON",
                "yaml-syntax",
            )
        )
    try:
        roots = list(yaml.compose_all(text, Loader=yaml.SafeLoader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        words = " ".join(part for part in (error.context, error.problem) if part)
        raise SourceError(
            Problem(f"this is not valid YAML: {words}", mark.line + 1 if mark else None, None, "yaml-syntax")
        ) from None
    except yaml.YAMLError as error:
        line = text.count("\n", 0, getattr(error, "position", 0)) + 1
        raise SourceError(
            Problem("this is not valid YAML: it has a character that YAML does not allow", line, None, "yaml-syntax")
        ) from None
    found = (_Nodes().convert(root) for root in roots if root is not None)
    # Many files have nothing after the last "---".
    return tuple(document for document in found if document.value is not None)


class _Nodes:
    """Turns PyYAML's nodes into ours; an alias becomes the same node as what it names."""

    def __init__(self) -> None:
        self.done: dict[int, Node] = {}
        self.open: set[int] = set()

    def convert(self, node: Any) -> Node:
        line = node.start_mark.line + 1
        if id(node) in self.open:
            raise SourceError(Problem("an alias is inside the value that it names", line, None, "yaml-syntax"))
        if id(node) not in self.done:
            self.open.add(id(node))
            self.done[id(node)] = Node(self.value(node), line)
            self.open.discard(id(node))
        return self.done[id(node)]

    def value(self, node: Any) -> Any:
        if node.id == "mapping":
            return {key.value: self.convert(value) for key, value in node.value if key.id == "scalar"}
        if node.id == "sequence":
            return [self.convert(item) for item in node.value]
        tag = node.tag.rpartition(":")[2]
        if tag == "null":
            return None
        if tag == "bool":
            return node.value.lower() in ("true", "yes", "on")
        return node.value
