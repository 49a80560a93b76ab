"""The parts of a page in Markdown or HTML: headings, tables and lines of text.

Knows nothing of what a page is about.
"""

from __future__ import annotations

from typing import NamedTuple

LARGEST_PAGE = 4 * 1024 * 1024
"""Read at most 4 Mi characters of a page; IBM's page has less than 100 KB."""

MOST_CELLS = 200_000
"""Read at most 200,000 cells of one table, with those that a span repeats."""


class Heading(NamedTuple):
    """A heading; level 1 is the title of the page. `anchor` is the name for links to it."""

    line: int
    level: int
    text: str
    anchor: str | None = None


class Text(NamedTuple):
    """A paragraph, a list item or a line of either."""

    line: int
    text: str


class TableRow(NamedTuple):
    """The cells of a row; a cell may have line breaks."""

    line: int
    cells: tuple[str, ...]


class Table(NamedTuple):
    """A table; its first row is the header. `titles` are its caption and the name of its tab, if any."""

    line: int
    rows: tuple[TableRow, ...]
    titles: tuple[str, ...]


Block = Heading | Text | Table


class Page(NamedTuple):
    """The parts of a page in order, and what it says about itself, by lower-case names such as lastupdated."""

    blocks: tuple[Block, ...]
    about: dict[str, str]
