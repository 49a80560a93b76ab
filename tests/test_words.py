"""Plain English, as far as a machine can hold it: words that readers stumble over are not in any text of the project."""

from __future__ import annotations

import io
import re
import tokenize
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
MODULES = sorted((ROOT / "ipplan").rglob("*.py"))

BETTER = {
    r"\btold\b|\btells?\b": "shows, says, lists, reports",
    r"\bwhom\b": "which networks, who",
    r"\banew\b": "again, new",
    r"\b(?:put|puts|putting) (?:\w+ )?right\b": "fixes",
    r"\b(?:hold|holds|held|holding) \w* ?against\b": "compares with",
    r"\bstands? in\b": "replaces, is in",
    r"\bsights?\b": "views",
    r"(?<!there )\bis no (?!longer|more|other|room|need|way|route|error|such|difference)\w+": "is not a valid ...",
    r"\blacking\b": "missing",
    r"\bso many\b": "a number",
}
"""What to write instead, by the pattern of what not to write."""


def texts_of(module: Path) -> Iterator[tuple[int, str]]:
    """Yield every comment and every string of a module, with its line."""
    source = module.read_text(encoding="utf-8")
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type in (tokenize.COMMENT, tokenize.STRING) or tokenize.tok_name[token.type] == "FSTRING_MIDDLE":
            yield token.start[0], token.string


def stumbles(text: str) -> Iterator[str]:
    for pattern, better in BETTER.items():
        for match in re.finditer(pattern, text, re.IGNORECASE):
            yield f"{match[0]!r}: {better}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_pages_are_in_plain_words(page: Path) -> None:
    lines = page.read_text(encoding="utf-8").splitlines()
    assert [(number, found) for number, line in enumerate(lines, 1) for found in stumbles(line)] == []


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_messages_docstrings_and_comments_are_in_plain_words(module: Path) -> None:
    assert [(line, found) for line, text in texts_of(module) for found in stumbles(text)] == []
