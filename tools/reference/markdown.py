"""Tables and lists in Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.plan.problems import list_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def list_code(words: Sequence[str], last: str = "and") -> str:
    """Return words as code, in a list of a sentence."""
    return list_words([f"`{word}`" for word in words], last)


def render_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)
