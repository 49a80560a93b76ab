"""The content of a report page by section, parsed with the standard library."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

VOID = frozenset({"meta", "input", "br"})


class Page(HTMLParser):
    """The page as data. `tables` are rows of texts by key, `cards` texts by key; `open` would be tags left open."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tables: dict[str, list[list[str]]] = {}
        self.cards: dict[str, list[str]] = {}
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.open: list[str] = []
        self._table: list[list[str]] | None = None
        self._list: list[str] | None = None
        self._into: str | None = None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, Any]]) -> None:
        """Note a tag, and where texts go from here."""
        found: dict[str, Any] = dict(attrs)
        self.tags.append((tag, found))
        if tag not in VOID:
            self.open.append(tag)
        if "id" in found:
            self.ids.append(found["id"])
        if str(found.get("href", "")).startswith("#"):
            self.links.append(found["href"][1:])
        if tag == "table":
            self._table = self.tables[found["data-key"]] = []
        elif tag == "ol" and found.get("class") == "cards":
            self._list = self.cards[found["data-key"]] = []
        elif tag == "li" and self._list is not None:
            self._list.append("")
        elif self._table is not None and tag == "tr":
            self._table.append([])
        elif self._table is not None and tag in ("td", "th"):
            self._table[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        """Close a tag, which has to be the last that was opened."""
        assert self.open.pop() == tag, f"</{tag}> closes something else"
        if tag == "table":
            self._table = None
        elif tag == "ol":
            self._list = None

    def handle_data(self, data: str) -> None:
        """Take a text to where it belongs."""
        if self.open[-1:] in (["script"], ["style"]):
            return
        self.text += data
        if self._table and self._table[-1] and {"td", "th"} & set(self.open):
            self._table[-1][-1] += data
        if self._list:
            self._list[-1] += data

    def column(self, key: str, title: str) -> list[str]:
        """Return the texts of a column of a table."""
        head, *rows = self.tables[key]
        place = [text.strip() for text in head].index(title)
        return [row[place].strip() for row in rows]
