"""YAML from plain values: block style, with every string quoted, so that every reader reads it as a string.

The output is valid in YAML 1.1 and 1.2 (yaml.org, spec 1.2.2, sections 5.7 and 7.3.1). The module knows no plans.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from ipplan.exporters import quoted

_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_NO_STRINGS = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null"))
"""Words that some readers read as something other than a string."""
_LONGEST_KEY = 1000
"""Longer keys need the explicit form: readers look for the colon only in the first 1,024 characters."""


class Unsafe(str):
    """A string that Ansible must not read as a template: it is written with the tag !unsafe."""

    __slots__ = ()


def dump(value: object) -> str:
    """Return a value as one YAML document without a marker, ending with a line break.

    Accepts mappings with string keys, sequences, strings, integers, booleans and None, and keeps their order. Raises
    TypeError for anything else.
    """
    return "\n".join(_lines(value)) + "\n"


def indent(text: str, by: int) -> str:
    """Return the lines of a document indented, so that it can follow a key."""
    space = " " * by
    return "".join(f"{space}{line}\n" for line in text.splitlines())


def _lines(value: object) -> list[str]:
    if isinstance(value, Mapping) and value:
        return [line for key, inner in value.items() for line in _entry(key, inner)]
    if isinstance(value, Sequence) and not isinstance(value, str | bytes) and value:
        return [("  " if number else "- ") + line for inner in value for number, line in enumerate(_lines(inner))]
    return [_scalar(value)]


def _entry(key: object, value: object) -> list[str]:
    if not isinstance(key, str):
        raise TypeError(f"a YAML key must be a string here, not {type(key).__name__}")
    head = _head(key)
    if value and not isinstance(value, str | int):
        return [*head, *(f"  {line}" for line in _lines(value))]
    return [*head[:-1], f"{head[-1]} {_scalar(value)}"]


@lru_cache(1000)
def _head(key: str) -> list[str]:
    """Return the lines before the value of a key; cached, because the same few keys repeat."""
    plain = _PLAIN_KEY.fullmatch(key) and key.lower() not in _NO_STRINGS
    name = key if plain else quoted(key)
    return [f"{name}:"] if len(name) <= _LONGEST_KEY else [f"? {name}", ":"]


def _scalar(value: object) -> str:
    if isinstance(value, Unsafe):
        return f"!unsafe {quoted(value)}"
    if isinstance(value, str):
        return quoted(value)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Mapping):
        return "{}"
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return "[]"
    raise TypeError(f"cannot write {type(value).__name__} as YAML")
