r"""Reads Markdown, in the dialect of IBM Cloud's documentation, as blocks of a page.

It accepts tables with and without outer pipes, rows without the closing pipe, line breaks written as \\n or <br>, front
matter, and the attribute lines `{: ...}` that hold captions and names of tabs. It never fails.
"""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING

from ipplan.importers.ranges.blocks import Block, Heading, Page, Table, TableRow, Text

if TYPE_CHECKING:
    from collections.abc import Sequence

_ABOUT = re.compile(r"""\s*([A-Za-z_.-]+)\s*:\s*["']?([^"'\n]*)["']?\s*""")
_HEADING = re.compile(r"(#{1,6})\s+(\S.*)")
_TITLES = re.compile(r'\b(?:caption|tab-title)="([^"]*)"')
_ANCHOR = re.compile(r"\{:\s*#([\w-]+)")
_CELL_END = re.compile(r"(?<!\\)\|")
_BREAK = re.compile(r"\\n|<br\s*/?>", re.IGNORECASE)
# Each class excludes its own opening mark, so that the cost is linear in a line of such marks.
_NOISE = re.compile(r"\{\{[^{}]*\}\}|\[\^[^\[\]]*\]|<sup>[^<>]*</sup>|</?[A-Za-z][^<>]*>|[`*]")
_MOST_COLUMNS = 100
_MARKS = frozenset("{[<`*&")
_LINK = re.compile(r"\[([^\[\]]*)\]\([^()]*\)")


def read_markdown(text: str) -> Page:
    """Return the blocks of a page and its front matter; cost is linear in the size of the text."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    about, start = _read_front_matter(lines)
    blocks: list[Block] = []
    number = start
    while number < len(lines):
        line = lines[number].strip()
        number += 1
        if line.startswith("{:"):
            _read_attributes(line, blocks)
        elif heading := _HEADING.match(line):
            blocks.append(Heading(number, len(heading[1]), clean(heading[2].rstrip("# "))))
        elif _starts_table(lines, number - 1):
            end = number
            while end < len(lines) and _is_row(lines[end]):
                end += 1
            blocks.append(_read_table(lines, number - 1, end))
            number = end
        elif line:
            blocks.append(Text(number, clean(line)))
    return Page(tuple(blocks), about)


def clean(text: str) -> str:
    """Return the words of Markdown text without marks, footnotes and tags; a link becomes its text."""
    if not _MARKS.isdisjoint(text):
        text = unescape(_NOISE.sub("", _LINK.sub(r"\1", text)))
    return text.strip()


def _read_front_matter(lines: Sequence[str]) -> tuple[dict[str, str], int]:
    start = next((number for number, line in enumerate(lines[:50]) if line.strip()), 0)
    if start >= len(lines) or lines[start].strip() != "---":
        return {}, 0
    about: dict[str, str] = {}
    for number in range(start + 1, min(len(lines), start + 200)):
        if lines[number].strip() == "---":
            return about, number + 1
        if found := _ABOUT.fullmatch(lines[number][:1000]):
            about[found[1].lower()] = found[2].strip()
    return {}, 0


def _read_attributes(line: str, blocks: list[Block]) -> None:
    """Add the titles or the anchor of an attribute line to the table or heading before it."""
    if not blocks:
        return
    last = blocks[-1]
    if isinstance(last, Table):
        titles = (clean(title) for title in _TITLES.findall(line))
        blocks[-1] = last._replace(titles=(*last.titles, *titles))
    elif isinstance(last, Heading) and (anchor := _ANCHOR.match(line)):
        blocks[-1] = last._replace(anchor=anchor[1])


def _is_row(line: str) -> bool:
    return "|" in line and not line.lstrip().startswith("{:")


def _is_rule(line: str) -> bool:
    """Return whether a line is the one between the header of a table and its rows."""
    return "-" in line and "|" in line and not line.strip("|:- \t")


def _starts_table(lines: Sequence[str], number: int) -> bool:
    line = lines[number]
    if not _is_row(line):
        return False
    return line.lstrip().startswith("|") or (number + 1 < len(lines) and _is_rule(lines[number + 1]))


def _read_table(lines: Sequence[str], start: int, end: int) -> Table:
    rows = [
        TableRow(number + 1, _read_cells(lines[number])) for number in range(start, end) if not _is_rule(lines[number])
    ]
    return Table(start + 1, tuple(rows), ())


def _read_cells(line: str) -> tuple[str, ...]:
    cells = _CELL_END.split(line.strip(), _MOST_COLUMNS)
    if cells and not cells[0].strip():
        del cells[0]
    if cells and not cells[-1].strip():
        del cells[-1]
    return tuple(clean(_BREAK.sub("\n", cell)) for cell in cells)
