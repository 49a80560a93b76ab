"""The unified difference of two texts: right for any, short for replaced and added lines."""

from __future__ import annotations

import random
import re
import time

from ipplan.output.difference import render_difference


def test_equal_texts_have_none() -> None:
    assert render_difference("a\nb", "a\nb", "plan.toml") == ""


def test_replaced_and_added_lines() -> None:
    old = "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n"
    new = "1\nx\n3\n4\n5\n6\n7\n8\n9\n10\n11\n11b\n12\n13\n14\n"
    assert render_difference(old, new, "plan.toml") == (
        "--- a/plan.toml\n+++ b/plan.toml\n@@ -1,5 +1,5 @@\n 1\n-2\n+x\n 3\n 4\n 5\n"
        "@@ -9,6 +9,7 @@\n 9\n 10\n 11\n+11b\n 12\n 13\n 14\n"
    )


def test_a_missing_last_newline_is_shown_and_carriage_returns_are_not_shown() -> None:
    assert render_difference("a\r\nb", "a\r\nb\r\nc", "p") == (
        "--- a/p\n+++ b/p\n@@ -1,2 +1,3 @@\n a\n-b\n\\ No newline at end of file\n"
        "+b\n+c\n\\ No newline at end of file\n"
    )


def test_control_characters_are_shown_escaped_but_tabs_stay() -> None:
    shown = render_difference("\ta # \x1b[31m \u202e\n", "\tb\u2028\n", "p\x1b")
    assert "-\ta # \\x1b[31m \\u202e\n+\tb\\u2028\n" in shown
    assert shown.startswith("--- a/p\\x1b\n+++ b/p\\x1b\n")


def applied(old: list[str], difference: str) -> list[str]:
    """Return the lines that a difference makes of the old ones."""
    result: list[str] = []
    at = 0
    for line in difference.splitlines()[2:]:
        if head := re.fullmatch(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@", line):
            start = int(head[1]) - (head[2] != "0")
            result += old[at:start]
            at = start
            assert len(result) == int(head[3]) - (head[4] != "0")
            continue
        if line[0] in " -":
            assert old[at] == line[1:]
            at += 1
        if line[0] in " +":
            result.append(line[1:])
    return result + old[at:]


def test_any_difference_makes_the_new_text_of_the_old() -> None:
    choose = random.Random(7)
    for _ in range(2_000):
        old = [choose.choice("abc") for _ in range(choose.randrange(30))]
        new = list(old)
        for _ in range(choose.randrange(5)):
            at = choose.randrange(len(new) + 1)
            new[at : at + choose.randrange(3)] = choose.choices("abcx", k=choose.randrange(3))
        before, after = ("".join(line + "\n" for line in lines) for lines in (old, new))
        difference = render_difference(before, after, "p")
        assert (applied(old, difference) if difference else old) == new


def test_a_large_plan_takes_no_time() -> None:
    old = "".join(f'[networks.vm-{n}]\nkind = "vcs-vm"\nprefix = 24\n\n' for n in range(5_000))
    start = time.perf_counter()
    shown = render_difference(old, old.replace("prefix = 24", 'cidr = "10.0.0.0/24"'), "p")
    assert time.perf_counter() - start < 2
    assert shown.count("\n-") == 5_000
