"""Written YAML, read back by PyYAML as an independent reader."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ipplan.exporters import comment, quoted
from ipplan.exporters.yaml_text import Unsafe, dump

if TYPE_CHECKING:
    from collections.abc import Callable

HOSTILE = [
    "",
    " ",
    "yes",
    "NO",
    "null",
    "~",
    "1e3",
    "0x10",
    "1_000",
    "2019-01-01",
    "12:30:45",
    "a: b",
    "a #b",
    "- a",
    "? a",
    "{x}",
    "[x]",
    "&a",
    "*a",
    "!!int 1",
    "|",
    ">",
    "%YAML",
    "---",
    "...",
    "'",
    '"',
    "\\",
    "a\nb",
    "a\r\nb",
    "\t",
    "\0",
    "\x7f",
    "\x85",
    "\u2028",
    "\ufeff",
    "\u202e",
    "\U0001f600",
    "\\ud83d\\ude00",
    "\ufffe",
    "{{ lookup('pipe', 'id') }}",
]
TEXTS = st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(HOSTILE)
VALUES = st.recursive(
    TEXTS | st.integers() | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


class Reader(yaml.SafeLoader):
    """The safe reader, which also knows Ansible's tag."""


def _unsafe(loader: Reader, node: yaml.ScalarNode) -> Unsafe:
    return Unsafe(loader.construct_scalar(node))


Reader.add_constructor("!unsafe", _unsafe)


def read(text: str) -> Any:
    return yaml.load(text, Reader)


def typed(value: object) -> object:
    """Return a value in which true and 1 differ, and a tagged string and a plain one."""
    if isinstance(value, dict):
        return [(key, typed(inner)) for key, inner in value.items()]
    if isinstance(value, list):
        return [typed(inner) for inner in value]
    return type(value).__name__, value


@given(VALUES)
def test_what_is_written_is_read(value: object) -> None:
    assert typed(read(dump(value))) == typed(value)


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize(
    "place",
    [
        lambda x: x,
        lambda x: [x],
        lambda x: {x: 1},
        lambda x: {"a": [{x: [x]}]},
        lambda x: [[x], {x: {x: x}}],
        lambda x: {"a": Unsafe(x)},
        lambda x: [Unsafe(x)],
    ],
)
def test_hostile_text_stays_text(text: str, place: Callable[[str], object]) -> None:
    written = dump(place(text))
    assert typed(read(written)) == typed(place(text))
    assert all(ch == "\n" or " " <= ch <= "~" or ch > "\uffff" for ch in written)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_quoted_string_is_one_of_json_too_and_a_comment_stays_one(text: str) -> None:
    assert json.loads(quoted(text)) == text
    assert len(comment(text).splitlines()) == 1
    assert read(comment(text)) is None


def test_long_keys_are_written_so_that_they_can_be_read() -> None:
    value = {"k" * 2000: {"k" * 1200: ["x"], "é" * 500: "y"}, "z": [{"k" * 3000: 1}]}
    assert read(dump(value)) == value


def test_the_form_is_the_one_that_people_write() -> None:
    value = {
        "a": {"b": [1, {"c": "d", "e": True}], "f": {}, "g": []},
        "on": None,
        "h": Unsafe("{{ x }}"),
        "i": [["j"]],
    }
    assert dump(value) == (
        'a:\n  b:\n    - 1\n    - c: "d"\n      e: true\n  f: {}\n  g: []\n'
        '"on": null\nh: !unsafe "{{ x }}"\ni:\n  - - "j"\n'
    )


@pytest.mark.parametrize("value", [1.5, {1: 2}, b"x", {"a": {1, 2}}, object()])
def test_what_yaml_here_does_not_hold_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match=r"as YAML|a YAML key"):
        dump(value)
