"""Reads HTML as blocks of a page, with the standard library's parser: tables with spans, nested tags, entities.

It accepts any input: tags that are not closed, rows outside of tables, a page that ends in the middle.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING, NamedTuple

from ipplan.importers.ranges.blocks import MOST_CELLS, Block, Heading, Page, Table, TableRow, Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    Attributes = Sequence[tuple[str, str | None]]

_SILENT = frozenset({"script", "style", "template", "sup", "svg", "select", "button"})
"""Elements whose text is not read; footnote marks would look like digits of an address."""
_INLINE = frozenset(
    {
        "a",
        "abbr",
        "b",
        "bdi",
        "bdo",
        "cite",
        "code",
        "data",
        "dfn",
        "em",
        "font",
        "i",
        "img",
        "kbd",
        "label",
        "mark",
        "q",
        "s",
        "samp",
        "small",
        "span",
        "strike",
        "strong",
        "sub",
        "time",
        "tt",
        "u",
        "var",
        "wbr",
    }
)
_MOST_DEEP = 20
"""Read at most 20 levels of tables inside tables."""
_OPEN = re.compile(r"<(?:!--|[!?]|/?[a-zA-Z])")
_TAG = re.compile(r"""</?[a-zA-Z](?:[^<>"']|"[^"]{0,5000}"|'[^']{0,5000}'){0,5000}>""")
_RAW = re.compile(r"<(script|style|textarea|template)\b", re.IGNORECASE)
_SPACE = re.compile(r"[^\S\n]+")
_UPDATED = re.compile(r"\blast[ -]?updated\b\W{0,10}(\d{4}-\d{2}-\d{2})", re.IGNORECASE)


def read_html(text: str) -> Page:
    """Return the blocks of a page, and the title, date and address that its head and its text state."""
    parser = _Parser()
    parser.feed(_whole_tags(text))
    parser.close()
    return parser.finish()


def _whole_tags(text: str) -> str:
    """Return the text without comments, declarations and scripts, and with &lt; for every < that starts no complete tag.

    Lines keep their numbers. The parser tries again from each < where a tag or comment is not closed, so a few
    megabytes of them would keep it busy for hours; the cost of this pass is linear in the text.
    """
    parts: list[str] = []
    at = 0
    while found := _OPEN.search(text, at):
        start = found.start()
        parts.append(text[at:start].replace("<", "&lt;"))
        tag = _TAG.match(text, start)
        if found[0] in ("<!--", "<!", "<?"):
            end = text.find("-->" if found[0] == "<!--" else ">", found.end())
            at = len(text) if end < 0 else end + 1
            parts.append("\n" * text.count("\n", start, at))
        elif tag is None:
            parts.append("&lt;")
            at = start + 1
        else:
            parts.append(tag[0])
            at = tag.end()
            if raw := _RAW.match(tag[0]):
                close = re.compile(f"</{raw[1]}", re.IGNORECASE).search(text, at)
                end = len(text) if close is None else close.start()
                parts.append("\n" * text.count("\n", at, end))
                at = end
    parts.append(text[at:].replace("<", "&lt;"))
    return "".join(parts)


class _Cell(NamedTuple):
    """A cell: its text in parts, and how many columns and rows it spans."""

    parts: list[str]
    columns: int
    rows: int


class _Row(NamedTuple):
    """The cells of a row, and its line."""

    line: int
    cells: list[_Cell]


class _Table:
    """A table that is being read: rows of cells with their text and spans."""

    def __init__(self, line: int) -> None:
        self.line = line
        self.titles: list[str] = []
        self.rows: list[_Row] = []
        self.cells = 0
        self.caption: list[str] | None = None
        self.cell: list[str] | None = None

    def start_row(self, line: int) -> None:
        self.cell = self.caption = None
        self.rows.append(_Row(line, []))

    def start_cell(self, line: int, attributes: Attributes) -> None:
        if not self.rows:
            self.start_row(line)
        self.caption = None
        self.cell = []
        self.cells += 1
        if self.cells <= MOST_CELLS:
            spans = dict(attributes)
            self.rows[-1].cells.append(_Cell(self.cell, _span(spans.get("colspan")), _span(spans.get("rowspan"))))

    @property
    def buffer(self) -> list[str] | None:
        """The list that collects text now."""
        return self.caption if self.caption is not None else self.cell

    def finish(self) -> Table:
        """Return the table as a grid: a cell is repeated in every row and column that it spans."""
        held: dict[int, tuple[str, int]] = {}
        rows: list[TableRow] = []
        made = 0
        for line, cells in self.rows:
            row: dict[int, str] = {}
            left: dict[int, tuple[str, int]] = {}
            for column, (text, rest) in held.items():
                row[column] = text
                if rest > 1:
                    left[column] = text, rest - 1
            column = 0
            for cell in cells:
                text = _joined(cell.parts)
                for _ in range(min(cell.columns, MOST_CELLS - made - len(row))):
                    while column in row:
                        column += 1
                    row[column] = text
                    if cell.rows > 1:
                        left[column] = text, cell.rows - 1
            made += len(row)
            if made > MOST_CELLS:
                break
            held = left
            rows.append(TableRow(line, tuple(row.get(at, "") for at in range(max(row, default=-1) + 1))))
        return Table(self.line, tuple(rows), tuple(self.titles))


def _span(text: str | None) -> int:
    return min(max(int(text), 1), 1000) if text and text.isascii() and text.isdigit() and len(text) < 6 else 1


def _joined(parts: Sequence[str]) -> str:
    lines = (_SPACE.sub(" ", line).strip() for line in "".join(parts).split("\n"))
    return "\n".join(line for line in lines if line)


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.blocks: list[Block] = []
        self.about: dict[str, str] = {}
        self.tables: list[_Table] = []
        self.silent: str | None = None
        self.heading: Heading | None = None
        self.title: list[str] | None = None
        self.parts: list[str] = []
        self.start = 1
        self.before = ""

    # -- what the parser calls

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        line = self.getpos()[0]
        if self.silent is not None:
            return
        if tag in _SILENT:
            self.silent = tag
        elif tag in ("meta", "link"):
            self._read_head(tag, dict(attrs))
        elif tag == "title":
            self.title = []
        elif tag == "time" and (date := dict(attrs).get("datetime")):
            self.about.setdefault("time", date)
        elif tag == "table":
            self._flush(line)
            if len(self.tables) < _MOST_DEEP:
                self.tables.append(_Table(line))
        elif self.tables:
            self._start_in_table(tag, line, attrs)
        elif tag in ("h1", "h2", "h3", "h4", "h5", "h6"):
            self._flush(line)
            self.heading = Heading(line, int(tag[1]), "", dict(attrs).get("id"))
        elif tag not in _INLINE:
            self._flush(line)

    def _start_in_table(self, tag: str, line: int, attributes: Attributes) -> None:
        table = self.tables[-1]
        if tag == "tr":
            table.start_row(line)
        elif tag in ("td", "th"):
            table.start_cell(line, attributes)
        elif tag == "caption":
            table.caption = []
        elif table.buffer is not None and tag not in _INLINE:
            table.buffer.append("\n")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        # <sup/> and <td/> have no end tag to wait for.
        if tag not in _SILENT:
            self.handle_starttag(tag, attrs)
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        line = self.getpos()[0]
        if self.silent is not None:
            if tag == self.silent:
                self.silent = None
        elif tag == "title" and self.title is not None:
            self.about.setdefault("title", _joined(self.title).replace("\n", " "))
            self.title = None
        elif tag == "table" and self.tables:
            self._end_table()
        elif self.tables:
            self._end_in_table(tag)
        elif tag not in _INLINE:
            self._flush(line)

    def _end_in_table(self, tag: str) -> None:
        table = self.tables[-1]
        if tag == "caption" and table.caption is not None:
            table.titles.append(_joined(table.caption).replace("\n", " "))
            table.caption = None
        elif tag in ("td", "th", "tr"):
            table.cell = None
        elif table.buffer is not None and tag not in _INLINE:
            table.buffer.append("\n")

    def handle_data(self, data: str) -> None:
        if self.silent is not None:
            return
        # Line breaks of the source are spaces on the page.
        text = data.replace("\n", " ")
        if self.title is not None:
            self.title.append(text)
        elif not self.tables:
            if self.parts or text.strip():
                self.start = self.start if self.parts else self.getpos()[0]
                self.parts.append(text)
        elif (buffer := self.tables[-1].buffer) is not None:
            buffer.append(text)

    # -- blocks

    def _read_head(self, tag: str, attributes: dict[str, str | None]) -> None:
        if tag == "link":
            if (attributes.get("rel") or "").lower() == "canonical" and attributes.get("href"):
                self.about.setdefault("url", str(attributes["href"]))
            return
        name = (attributes.get("name") or attributes.get("property") or "").lower()
        content = attributes.get("content")
        if name and content and len(self.about) < 100:
            self.about.setdefault(name, content)

    def _end_table(self) -> None:
        table = self.tables.pop()
        if table.rows:
            self.blocks.append(table.finish())

    def _flush(self, line: int) -> None:
        """Close the open heading or paragraph."""
        text = _joined(self.parts).replace("\n", " ")
        heading, self.heading, self.parts = self.heading, None, []
        if heading is not None:
            if text:
                self.blocks.append(heading._replace(text=text))
        elif text:
            self.blocks.append(Text(min(self.start, line), text))
            # The date may be in the next part after the words.
            if "lastupdated" not in self.about and (updated := _UPDATED.search(self.before + text[:1000])):
                self.about["lastupdated"] = updated[1]
            self.before = text[-20:] + " "

    def finish(self) -> Page:
        while self.tables:
            self._end_table()
        self._flush(self.getpos()[0])
        return Page(tuple(self.blocks), self.about)
