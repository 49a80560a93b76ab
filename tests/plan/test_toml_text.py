"""Reading TOML with every problem at once, and the places of keys, against tomli itself."""

from __future__ import annotations

import json
import string
from typing import TYPE_CHECKING, Any

import pytest
import tomli
from hypothesis import given
from hypothesis import strategies as st

from ipplan.plan import toml_positions, toml_text
from ipplan.plan.load import PlanError, parse_plan
from ipplan.plan.toml_positions import find_positions
from ipplan.plan.toml_text import read_toml

if TYPE_CHECKING:
    from ipplan.findings import KeyPath

SAMPLE = '''\
# [networks.no]
schema = 1

[plan]
name = "a # b"
byoip = [
  "10.0.0.0/8",   # first
  "172.16.0.0/12",
]
text = """
[networks.no]
cidr = "x"
"""

[networks."a.b"]
kind = 'vcs-vm'
addresses = { gateway = 1, "last one" = -1 }

[[avoid]]
cidr = "10.1.0.0/16"
[[avoid]]
  cidr = "10.2.0.0/16"

[networks.x]
y.z = 1
'''


@pytest.mark.parametrize(
    ("path", "place"),
    [
        (("schema",), (2, 10)),
        (("plan",), (4, 1)),
        (("plan", "name"), (5, 8)),
        (("plan", "byoip"), (6, 9)),
        (("plan", "byoip", 1), (8, 3)),
        (("plan", "text"), (10, 8)),
        (("networks", "a.b"), (15, 1)),
        (("networks", "a.b", "addresses"), (17, 13)),
        (("networks", "a.b", "addresses", "gateway"), (17, 25)),
        (("networks", "a.b", "addresses", "last one"), (17, 41)),
        (("avoid", 0), (19, 1)),
        (("avoid", 1), (21, 1)),
        (("avoid", 1, "cidr"), (22, 10)),
        (("networks", "x", "y", "z"), (25, 7)),
        (("networks",), (15, 1)),
        (("networks", "a.b", "missing"), (15, 1)),
        (("nothing",), (1, 1)),
    ],
)
def test_a_value_is_found_at_its_line_and_column(path: KeyPath, place: tuple[int, int]) -> None:
    assert find_positions(SAMPLE, [path]) == {path: place}


def test_a_key_is_found_where_it_is_written() -> None:
    path: KeyPath = ("avoid", 1, "cidr")

    assert find_positions(SAMPLE, [path], at_key=True) == {path: (22, 3)}


_names = st.text(string.ascii_letters + string.digits + "-_", min_size=1, max_size=5)
_any_names = st.one_of(_names, st.text("ab.# []=\"'\\é", min_size=1, max_size=4))
_scalars = st.one_of(st.integers(-99, 99), st.booleans(), st.text("ab \"'\\#[]{},=\n", max_size=6))
_values = st.recursive(
    _scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_any_names, inner, max_size=3)),
    max_leaves=6,
)


def _write(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "[" + ", ".join(map(_write, value)) + "]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(k)} = {_write(v)}" for k, v in value.items()) + " }"
    return json.dumps(value)


@st.composite
def documents(draw: st.DrawFn) -> str:
    parts = []
    tables = draw(st.dictionaries(_any_names, st.dictionaries(_any_names, _values, max_size=3), max_size=4))
    for name, table in tables.items():
        parts.append(draw(st.sampled_from([f"[t.{json.dumps(name)}]", f"[ t . {json.dumps(name)} ] # x"])))
        parts += [f"{json.dumps(k)}{draw(st.sampled_from(['=', ' = ']))}{_write(v)}" for k, v in table.items()]
        parts += draw(st.sampled_from([[], [""], ["# [t.x]"]]))
    for row in draw(st.lists(st.dictionaries(_names, _scalars, max_size=2), max_size=3)):
        parts.append("[[rows]]")
        parts += [f"  {k} = {_write(v)} # [rows]" for k, v in row.items()]
    return draw(st.sampled_from(["\n", "\r\n"])).join(parts) + "\n"


def _paths(value: Any, at: KeyPath = ()) -> dict[KeyPath, Any]:
    found: dict[KeyPath, Any] = {at: value} if at else {}
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        found |= _paths(inner, (*at, key))
    return found


@given(documents())
def test_every_value_is_found_and_reads_the_same_from_its_place(text: str) -> None:
    document = tomli.loads(text)
    paths = _paths(document)
    lines = text.split("\n")

    places = find_positions(text, paths)

    assert set(places) == set(paths)
    for path, (line, column) in places.items():
        value = paths[path]
        if isinstance(value, (dict, list)):
            assert lines[line - 1][column - 1] in '[{"t'
        else:
            rest = lines[line - 1][column - 1 :]
            written = _write(value)
            assert rest.startswith(written)


@given(st.integers(1, 400), st.data())
def test_the_quick_way_through_large_texts_finds_the_same_places(count: int, data: st.DataObject) -> None:
    text = "".join(f'[networks.n{i}]\nkind = "vcs-vm"\ncidr = "10.0.{i}.0/24" # x\n\n' for i in range(count))
    wanted: list[KeyPath] = [
        ("networks", f"n{i}", "cidr") for i in data.draw(st.sets(st.integers(0, count - 1), min_size=1))
    ]

    slow = find_positions(text, wanted)
    quick = toml_positions._quick(text, set(wanted), False)

    assert quick is not None
    assert toml_positions._lines(text, {path: quick[path] for path in wanted}) == slow


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a = [\n", [(1, 5, "toml-syntax", "bracket")]),
        ("[plan]\nname = acme\n", [(2, 8, "toml-syntax", "not in quotes: acme")]),
        ("[plan]\ncidr = 10.0.0.0/8\n", [(2, 12, "toml-syntax", "not in quotes: 10.0.0.0/8")]),
        ('[plan]\nname = "acme\n', [(2, 8, "toml-syntax", "quote that opens the value of name")]),
        ("[plan]\nname: acme\n", [(2, 5, "toml-syntax", "followed by a colon")]),
        ("[plan]\nname =\n", [(2, 7, "toml-syntax", "has no value")]),
        ("[plan\nname = 1\n", [(1, 6, "toml-syntax", "bracket of the table header")]),
        ("[plan]\njust words\n", [(2, 6, "toml-syntax", "not a key and a value")]),
        ("[plan]\nname = \u201cacme\u201d\n", [(2, 8, "toml-syntax", "typographic quotes")]),
        ("[a]\nx = 1\nx = 2\n", [(3, 1, "duplicate-key", "a.x is defined a second time; first on line 2")]),
        (
            "[a]\nx = 1\n[a]\nx = 2\n",
            [(3, 1, "duplicate-key", "a is defined a second time; first on line 1")],
        ),
        (
            "[link]\nx = 1\n[link]\nx = 2\n[[avoid]]\n[avoid]\n",
            [
                (3, 1, "duplicate-key", "link is defined a second time; first on line 1"),
                (6, 1, "duplicate-key", "avoid is defined a second time"),
            ],
        ),
        (
            "[a]\nx = one\ny = 2\n[b]\nz = 10.1\nw: 3\n[a]\n",
            [(2, 5, "toml-syntax", "x"), (6, 2, "toml-syntax", "w"), (7, 1, "duplicate-key", "a is defined")],
        ),
    ],
)
def test_broken_text_is_reported_with_every_problem(text: str, expected: list[tuple[int, int, str, str]]) -> None:
    problems = read_toml(text.encode()).problems

    assert [(p.line, p.column, p.rule) for p in problems] == [e[:3] for e in expected]
    for problem, (_, _, _, part) in zip(problems, expected, strict=True):
        assert part in problem.message


def test_what_is_beside_a_broken_statement_is_still_read() -> None:
    document, problems, *_ = read_toml(b'[a]\nx = one\ny = "two"\n')

    assert document == {"a": {"y": "two"}}
    assert problems[0].key == ("a", "x")


@pytest.mark.parametrize(
    "raw",
    [
        b"\xff\xfea\x00",
        b'name = "\xe9"\n',
        b"a = " + b"[" * 5000,
        b"a = " + b"9" * 5000 + b"\n",
        b"\0",
        b"a = \x1b[31m\n",
        b"a" + b".a" * 5000 + b" = 1\n",
        b"[" * 3000,
        b'a = """',
        b"=",
        b"\r",
        b"]" * 99 + b"\n",
    ],
)
def test_anything_that_is_no_toml_is_a_problem_and_never_a_crash(raw: bytes) -> None:
    problems = read_toml(raw).problems

    assert 1 <= len(problems) <= toml_text.MOST_PROBLEMS
    assert all(p.message.isprintable() for p in problems)


def test_a_byte_order_mark_is_no_problem() -> None:
    assert read_toml(b"\xef\xbb\xbfa = 1\n") == ({"a": 1}, [], 0, None)


@given(st.text("ab=[]{}\"'#.,\n\r\t 01\\\u201c", max_size=60))
def test_random_text_ends_in_a_document_or_in_few_problems(text: str) -> None:
    document, problems, *_ = read_toml(text.encode())

    assert isinstance(document, dict)
    assert len(problems) <= toml_text.MOST_PROBLEMS
    if not problems:
        assert document == tomli.loads(text)


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("[link]\n[link]\n", "write [[link]] above each entry"),
        ("[waive]\n[waive]\n", "write [[waive]] above each entry"),
        ("[networks.a]\n[networks.a]\n", "keep one of the two, or give the second another name"),
        ("[plan]\n[plan]\n", "keep one of the two, or give the second another name"),
    ],
)
def test_a_second_table_is_kept_only_if_a_plan_may_have_several(text: str, advice: str) -> None:
    with pytest.raises(PlanError) as caught:
        parse_plan(text.encode(), "plan.toml")
    assert [p.help for p in caught.value.problems if p.rule == "duplicate-key"] == [advice]
