"""JSON documents: valid, ASCII, a line for each thing that can change."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from ipplan import __version__
from ipplan.output.documents import made_by, render_json

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), values, min_size=1, max_size=5))
def test_reads_back_the_same_in_the_same_order(document: dict[str, object]) -> None:
    text = render_json(document)
    assert text.isascii()
    assert text.endswith("}\n")
    assert json.loads(text) == document
    assert list(json.loads(text)) == list(document)


def test_a_line_for_each_key_and_item() -> None:
    document = {"schema": "ipplan.x/1", "ok": True, "items": [{"a": 1}, {"b": [1, 2]}], "none": []}
    assert render_json(document) == (
        '{\n "schema": "ipplan.x/1",\n "ok": true,\n "items": [\n  {"a": 1},\n  {"b": [1, 2]}],\n "none": []}\n'
    )


def test_made_by_names_tool_version_and_edition() -> None:
    assert made_by("2025-10-03") == {"tool": "ipplan", "version": __version__, "ranges_edition": "2025-10-03"}
