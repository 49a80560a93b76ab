"""Laws of tables on terminals: a row is a line, no line is too wide, no name and no address is cut, and what goes is named."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipplan.output.table import (
    EXTRA,
    Choice,
    Column,
    ColumnError,
    Table,
    choose,
    render_csv,
    render_for_people,
    render_markdown,
    render_terminal,
)
from ipplan.output.text import cells, escape

WIDTHS = (60, 80, 110, 200)
COLUMNS = (
    Column("network"),
    Column("kind", goes=3),
    Column("cluster", goes=2, apart=True),
    Column("cidr", "address"),
    Column("usable", "number", goes=4),
    Column("status", goes=1, apart=True),
    Column("about", goes=5, long="cut"),
    Column("source", goes=5, long="source"),
    Column("hidden", goes=EXTRA),
    Column("asked for", goes=6, piped=False),
)
HOSTILE = (
    "<script>",
    "[bold]x[/bold]",
    ":ab:",
    "\x1b[31mred\x1b[0m",
    "x" * 300,
    "\u6771\u4eac" * 30,
    "e\u0301" * 20,
    "\u05e9\u05dc\u05d5\u05dd",
    "\u202eabc",
    "a b (services, default)",
    "-" * 70,
    "",
)

names = (
    st.sampled_from(HOSTILE)
    | st.text(st.characters(codec="utf-8"), max_size=40)
    | st.from_regex(r"[a-z]{1,12}-[a-z]{1,9}", fullmatch=True)
)
cidrs = st.builds(
    lambda a, b, n: f"{a}.{b}.0.0/{n}", st.integers(1, 223), st.integers(0, 255), st.integers(16, 32)
) | st.sampled_from(["fd4a:7c1e:9b20:1::/64", "2001:db8:1234:5678:9abc:def0:1234:5678/128"])
words = st.none() | st.sampled_from(["", "pinned", "allocated", "one two three four five six seven eight nine ten"])
rows = st.lists(
    st.tuples(names, words, words, cidrs, st.none() | st.integers(0, 2**64), words, words, words, words, words),
    min_size=1,
    max_size=12,
)


def body(text: str) -> list[str]:
    """Return the lines of the rows: those below the titles and their rule, up to the first empty one."""
    lines = text.splitlines()
    rule = next(at for at, line in enumerate(lines) if set(line) == {"-", " "} or set(line) == {"-"})
    end = lines.index("") if "" in lines else len(lines)
    return lines[rule + 1 : end]


@pytest.mark.parametrize("width", [30, *WIDTHS])
@given(rows)
def test_the_laws_of_a_table_on_a_terminal(width: int, rows: list[tuple[str | int | None, ...]]) -> None:
    text = render_for_people(Table(COLUMNS, rows), width=width, color=False)
    assert "\x1b" not in text
    flat = re.sub(r"\s+", " ", text)
    for row in rows:
        for name in (str(row[0]), str(row[3])):
            assert re.sub(r"\s+", " ", escape(name)) in flat
    for line in text.splitlines():
        assert cells(line) <= width or any(cells(word) > width for word in line.split(" "))
    needed = [max(cells(escape(str(row[at]))) for row in rows) for at in (0, 3)]
    # Titles, and the numbers of the notes.
    needed = [max(needed[0], 7), max(needed[1], 4), 6 if any(row[7] is not None for row in rows) else -2]
    if sum(needed) + 4 <= width:
        assert len(body(text)) == len(rows)


@given(rows)
def test_whoever_asks_for_all_has_a_line_a_row_however_wide(rows: list[tuple[str | int | None, ...]]) -> None:
    text = render_for_people(Table(COLUMNS, rows), width=60, color=False, choice=Choice(wide=True))
    assert len(body(text)) == len(rows)
    assert "no room" not in text
    assert ("hidden" in text.splitlines()[0]) == any(row[8] is not None for row in rows)


def table(rows: int = 3) -> Table:
    return Table(
        COLUMNS,
        [
            (
                "vm-web",
                "vcs-vm",
                ("a", "b")[at % 2],
                f"10.0.{at}.0/24",
                254,
                ("pinned", "default")[at % 2],
                "first second third fourth",
                ("IBM page", "RFC 1918")[at % 2],
                "h",
                "x",
            )
            for at in range(rows)
        ],
    )


def titles(text: str) -> list[str]:
    return re.split(r"  +", text.splitlines()[0])


@pytest.mark.parametrize(
    ("width", "left"),
    [
        (200, ["network", "kind", "cluster", "cidr", "usable", "status", "about", "source", "asked for"]),
        (94, ["network", "kind", "cluster", "cidr", "usable", "status", "about", "source"]),
        (63, ["network", "kind", "cluster", "cidr", "usable", "status", "source"]),
        (57, ["network", "kind", "cluster", "cidr", "status", "source"]),
        (46, ["network", "cluster", "cidr", "status", "source"]),
        (38, ["network", "cidr", "status", "source"]),
        (30, ["network", "cidr", "source"]),
    ],
)
def test_the_least_important_columns_go_first_and_are_named(width: int, left: list[str]) -> None:
    text = render_for_people(table(), width=width, color=False)
    assert titles(text) == left
    gone = [c.title for c in COLUMNS if c.goes < EXTRA and c.title not in left]
    said = re.sub(r"\s+", " ", text)
    assert ("no room for " + ", ".join(gone) + "; --wide shows all, --columns NAME,... chooses" in said) == bool(gone)


def test_a_column_of_equal_cells_is_left_out_unless_it_is_asked_for() -> None:
    one = table(1)
    assert titles(render_for_people(one, width=200, color=False))[:3] == ["network", "kind", "cidr"]
    assert "cluster" in titles(render_for_people(one, width=200, color=False, choice=Choice(wide=True)))
    chosen = Choice(("status", "cidr", "hidden", "ASKED-FOR", "status"))
    text = render_for_people(one, width=20, color=False, choice=chosen)
    assert text.startswith("status: pinned\ncidr: 10.0.0.0/24\nhidden: h\nasked for: x\n")


def test_piped_text_csv_and_markdown_have_what_they_had() -> None:
    piped = [c.title for c in COLUMNS if c.piped]
    assert titles(render_for_people(table(), width=None, color=False)) == piped[:-1]
    assert render_csv(table()).splitlines()[0].split(",") == piped
    assert render_markdown(table()).splitlines()[0].strip("| ").split(" | ") == piped
    chosen = choose(table(), ["asked for", "cidr"])
    assert render_csv(chosen).splitlines()[:2] == ["asked for,cidr", "x,10.0.0.0/24"]


def test_sources_are_numbered_notes_and_the_same_source_has_one() -> None:
    text = render_for_people(table(), width=80, color=False)
    assert [line.split()[-1] for line in body(text)] == ["[1]", "[2]", "[1]"]
    assert "\n\n[1] IBM page\n[2] RFC 1918\n" in text
    assert "\n\n[1] IBM page\n[2] RFC 1918\n" in render_for_people(table(), width=None, color=False)


def test_one_long_name_takes_a_second_line_and_leaves_the_others_as_they_were() -> None:
    long = "n" * 300
    rows = [(long if at == 1 else row[0], *row[1:]) for at, row in enumerate(table().rows)]
    lines = render_for_people(Table(COLUMNS, rows), width=80, color=False).splitlines()
    plain = render_for_people(table(), width=80, color=False).splitlines()
    assert [*lines[:3], *lines[5:]] == [*plain[:3], *plain[4:]]
    assert lines[3] == long
    assert lines[4].split() == plain[3].split()[1:]


def test_texts_are_cut_at_words_and_lists_at_commas() -> None:
    columns = (Column("name"), Column("some", long="list"), Column("said", long="cut"))
    whole = Table(columns, [("vm-web", "10.0.0.0/24, 10.0.1.0/24, 10.0.2.0/24, a b", "nobody can tell who has it")])
    lines = render_terminal(whole, 68, color=False).splitlines()
    assert lines[2] == "vm-web  10.0.0.0/24, 10.0.1.0/24, ...     nobody can tell who has it"
    assert lines[-1] == "no room for all of some; --wide shows all"
    assert render_terminal(whole, 56, color=False).splitlines()[2].endswith("  nobody can tell who ...")
    below = (Column("name"), Column("some", "address", long="wrap"))
    assert render_terminal(Table(below, [("a", "10.0.0.0/24, 10.0.1.0/24")]), 24, color=False).splitlines()[2:] == [
        "a     10.0.0.0/24,",
        "      10.0.1.0/24",
    ]


def test_unknown_columns_are_refused_with_those_there_are() -> None:
    with pytest.raises(ColumnError) as caught:
        choose(table(), ["cidr", "nothing"])
    assert (caught.value.name, list(caught.value.titles)) == ("nothing", [c.title for c in COLUMNS])
