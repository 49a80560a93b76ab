"""Text for people: nothing invisible gets through, nothing visible is changed, words stay whole."""

from __future__ import annotations

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipplan.output.text import cells, escape, paint, wrap


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("vm-db 10.0.0.0/8", "vm-db 10.0.0.0/8"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\x00b\x7fc\x9bd", "a\\x00b\\x7fc\\x9bd"),
        ("a\nb\tc\rd", "a\\nb\\tc\\rd"),
        ("\u202eabc\u2069", "\\u202eabc\\u2069"),
        ("a\u200bb\ufeff", "a\\u200bb\\ufeff"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
        ("Z\u00fcrich \u6771\u4eac \U0001f600 \u00a0", "Z\u00fcrich \u6771\u4eac \U0001f600 \u00a0"),
        ("back\\slash", "back\\slash"),
    ],
)
def test_escapes(text: str, shown: str) -> None:
    assert escape(text) == shown


def test_every_control_and_format_character_is_escaped() -> None:
    """The table agrees with Unicode's own categories for everything Unicode had in its version 13.

    Arabic number signs and Egyptian hieroglyph controls are format characters that are printed.
    """
    visible = {0x600, 0x601, 0x602, 0x603, 0x604, 0x605, 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD}
    for code in range(sys.maxunicode + 1):
        if code in visible or 0x13430 <= code <= 0x1345F or 0x1BCA0 <= code <= 0x1BCA3:
            continue
        char = chr(code)
        if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp"):
            assert escape(char) != char, hex(code)


@given(st.text())
def test_what_is_shown_is_safe_and_shown_again_the_same(text: str) -> None:
    shown = escape(text)
    assert escape(shown) == shown
    assert not any(unicodedata.category(char) in ("Cc", "Cs") for char in shown)


@given(st.lists(st.text("ab/.:-,1", min_size=1), max_size=20), st.integers(1, 60))
def test_wrap_keeps_words_whole_and_lines_short(words: list[str], width: int) -> None:
    lines = wrap(" ".join(words), width)
    assert " ".join(lines).split() == words
    assert all(len(line) <= width or " " not in line for line in lines)


def test_wrap_fills_lines() -> None:
    assert wrap("aa bb cc ddddddd e", 5) == ["aa bb", "cc", "ddddddd", "e"]


def test_wide_characters_take_two_columns() -> None:
    assert cells("\u6771\u4eac") == 4
    assert cells("a\u0301") == 1
    assert wrap("\u6771\u4eac \u6771", 6) == ["\u6771\u4eac", "\u6771"]


def test_paint_adds_escapes_only_if_asked() -> None:
    assert paint("x", "error", color=False) == "x"
    assert paint("x", "error", color=True) == "\x1b[1;31mx\x1b[0m"
