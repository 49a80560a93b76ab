"""Tables: addresses whole at any width, every format safe to open, names inert."""

from __future__ import annotations

import csv
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipplan.output.table import Column, Table, render_csv, render_markdown, render_plain, render_terminal

COLUMNS = (Column("network"), Column("cidr", "address"), Column("size", "number"), Column("reason"))
ADDRESSES = ("10.50.0.0/16", "2001:db8:a:b::/64", "fd00:ab:1::/48", "255.255.255.128-255.255.255.255")
REASON = "taken by 169.254.100.100/32, which nobody may use, and by fe80:ab::cd:1234:5678:9abc/128 too"
TABLE = Table(
    COLUMNS,
    [("icp-pods", cidr, 65536, REASON) for cidr in ADDRESSES] + [("x[/] [icp] :ab: \x1b[2J", ADDRESSES[0], None, None)],
    caption="the summary, last",
)
SGR = re.compile("\x1b\\[[0-9;]*m")


@pytest.mark.parametrize("color", [False, True])
def test_every_address_is_whole_at_every_width(color: bool) -> None:
    for width in range(1, 301):
        text = SGR.sub("", render_terminal(TABLE, width, color))
        for address in (*ADDRESSES, "169.254.100.100/32,", "fe80:ab::cd:1234:5678:9abc/128"):
            assert re.search(rf"(^|\s){re.escape(address)}(\s|$)", text), (width, address)


@pytest.mark.parametrize("width", [60, 80, 100, 200, 300])
def test_lines_keep_to_the_width_where_the_words_allow_it(width: int) -> None:
    for line in render_terminal(TABLE, width, color=False).splitlines():
        assert len(line) <= width
        assert line == line.rstrip()


def test_a_row_is_a_line_and_one_that_has_no_room_goes_on_below() -> None:
    assert (
        render_terminal(TABLE, 200, color=False).splitlines()[2].startswith("icp-pods                 10.50.0.0/16  ")
    )
    narrow = render_terminal(TABLE, 40, color=False)
    assert narrow.splitlines()[:4] == [
        "network   cidr              size  reason",
        "--------  --------------  ------  ------",
        "icp-pods  10.50.0.0/16    65,536",
        "      taken by 169.254.100.100/32, which",
    ]
    assert narrow.endswith("\n\nthe summary, last\n")


def test_a_terminal_too_narrow_for_the_titles_gets_blocks() -> None:
    blocks = render_terminal(TABLE, 20, color=False).split("\n\n")
    assert len(blocks) == len(TABLE.rows) + 1
    assert blocks[0].startswith("network: icp-pods\ncidr: 10.50.0.0/16\nsize: 65,536\nreason: taken by")


@pytest.mark.parametrize("width", [1, 40, 80, 200])
def test_names_are_shown_literally_and_cannot_act(width: int) -> None:
    shown = render_terminal(TABLE, width, color=False)
    assert "\x1b" not in shown
    for word in ("x[/]", "[icp]", ":ab:", "\\x1b[2J"):
        assert word in shown


def test_colour_only_if_asked_whatever_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert SGR.search(render_terminal(TABLE, 200, color=True))
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "20")
    colored = SGR.sub("", render_terminal(TABLE, 200, color=True))
    plain = render_terminal(TABLE, 200, color=False)
    assert [line.rstrip() for line in colored.splitlines()] == plain.splitlines()


def test_long_tables_fit_a_terminal_too() -> None:
    columns = (*COLUMNS[:3], Column("reason", goes=1))
    lines = render_terminal(Table(columns, [TABLE.rows[0]] * 5_000), 40, color=False).splitlines()
    assert lines[2:5_002] == ["icp-pods  10.50.0.0/16  65,536"] * 5_000
    assert lines[-1] == "no room for reason; --wide shows all"


def test_plain() -> None:
    table = Table(
        (Column("network"), Column("size", "number"), Column("cidr", "address")),
        [("vm", 256, "10.0.0.0/24"), ("\u6771\u4eac", 16777216, None), ("a\nb", None, "::/0")],
        "1 of 3",
    )
    assert render_plain(table) == (
        "network        size  cidr\n"
        "-------  ----------  -----------\n"
        "vm              256  10.0.0.0/24\n"
        "\u6771\u4eac     16,777,216  -\n"
        "a\\nb              -  ::/0\n"
        "\n"
        "1 of 3\n"
    )


def test_plain_without_rows_keeps_its_head() -> None:
    assert render_plain(Table((Column("a"), Column("b", "number")), [])) == "a  b\n-  -\n"


@given(st.lists(st.tuples(st.text(max_size=8), st.text(max_size=8), st.integers() | st.none()), max_size=5))
def test_plain_has_a_line_a_row_and_no_trailing_space(rows: list[tuple[str, str, int | None]]) -> None:
    lines = render_plain(Table((Column("a"), Column("b"), Column("n", "number")), rows)).split("\n")
    assert len(lines) == len(rows) + 3
    assert all(not line.endswith(" ") for line in lines)


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        (None, ""),
        (65536, "65536"),
        (-5, "-5"),
        ("-5", "-5"),
        ("+12.50", "+12.50"),
        ("-5+cmd", "'-5+cmd"),
        ("-", "'-"),
        ("-1.", "'-1."),
        ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\\t=1"),
        ("\r=1", "'\\r=1"),
        ("\uff1d1", "'\uff1d1"),
        ("10.0.0.0/8", "10.0.0.0/8"),
        ("::/0", "::/0"),
        ('a,"b"', 'a,"b"'),
        ("a\nb\x1b", "a\\nb\\x1b"),
    ],
)
def test_csv_cells(cell: str | int | None, written: str) -> None:
    text = render_csv(Table((Column("a"), Column("b")), [(cell, "x")], "not in CSV"))
    assert list(csv.reader(io.StringIO(text))) == [["a", "b"], [written, "x"]]
    assert text.count("\n") == 2
    assert "\r" not in text


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        (None, ""),
        (65536, "65,536"),
        ("a|b", "a\\|b"),
        ("`*_<>[]\\", "\\`\\*\\_\\<\\>\\[\\]\\\\"),
        ("a\nb", "a b"),
        ("\x1b", "\\\\x1b"),
        ("&#27; ~x~ $y$", "\\&#27; \\~x\\~ \\$y\\$"),
    ],
)
def test_markdown_cells(cell: str | int | None, written: str) -> None:
    text = render_markdown(Table((Column("a"), Column("n", "number")), [(cell, 1)], "cap_tion"))
    assert text == f"| a | n |\n| --- | ---: |\n| {written} | 1 |\n\ncap\\_tion\n"
