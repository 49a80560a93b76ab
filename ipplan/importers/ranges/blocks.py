"""What a page consists of, whether it was written as Markdown or HTML: headings, tables and lines of text.

Knows nothing of what a page is about.
"""

from __future__ import annotations

from typing import NamedTuple

LARGEST_PAGE = 4 * 1024 * 1024
"""Characters of a page that are read at most; IBM's page has fewer than 100 KB."""

MOST_CELLS = 200_000
"""Cells of one table that are read at most, those that a span repeats included."""


class Heading(NamedTuple):
    """A heading; level 1 is the title of the page. `anchor` is the name by which links lead there."""

    line: int
    level: int
    text: str
    anchor: str | None = None


class Text(NamedTuple):
    """A paragraph, a list item or a line of either."""

    line: int
    text: str


class TableRow(NamedTuple):
    """The cells of a row; several lines in one cell are parted by line breaks."""

    line: int
    cells: tuple[str, ...]


class Table(NamedTuple):
    """A table; its first row is the header. `titles` are its caption and the name of its tab, where it has them."""

    line: int
    rows: tuple[TableRow, ...]
    titles: tuple[str, ...]


Block = Heading | Text | Table


class Page(NamedTuple):
    """The parts of a page in their order, and what it says about itself: lower-case names such as lastupdated."""

    blocks: tuple[Block, ...]
    about: dict[str, str]
