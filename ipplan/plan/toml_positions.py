"""Where keys and values stand in TOML text: a scanner, because tomli knows no positions.

The text has to be one that tomli accepts. This module knows nothing of what a plan means.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import tomli

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ipplan.findings import KeyPath

_SPACE = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BLANKS = re.compile(r"[ \t]*")
_KEY = re.compile(r"[A-Za-z0-9_-]+|\"(?:[^\"\\\n]|\\.)*\"|'[^'\n]*'")
_STRING = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*"{3,5}|\'\'\'(?:[^\']|\'(?!\'\'))*\'{3,5}|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'',
    re.DOTALL,
)
_SCALAR = re.compile(r"[^,\]}\n#]+")
_PLAIN_HEADER = re.compile(
    r"^[ \t]*(\[\[?)[ \t]*([A-Za-z0-9_.\- \t\"']+?)[ \t]*\]\]?[ \t]*(?:#[^\n]*)?\r?$", re.MULTILINE
)


def find_positions(
    text: str, wanted: Iterable[KeyPath], *, at_key: bool = False
) -> dict[KeyPath, tuple[int, int]]:
    """Return 1-based line and column of each wanted key path, of its value or with `at_key` of its key.

    A table stands where its header is, an element of an array of tables likewise. A path that does not exist
    stands where its longest existing parent does. The text has to be one that tomli accepts.
    """
    paths = set(wanted)
    if not paths:
        return {}
    offsets = _quick(text, paths, at_key) if len(text) > 100_000 else None
    if offsets is None:
        offsets = {}
        for path, key_at, value_at in _Scanner(text).document():
            offsets.setdefault(path, key_at if at_key else value_at)
    found: dict[KeyPath, int] = {}
    for path in paths:
        parent = path
        while parent and parent not in offsets:
            parent = parent[:-1]
        found[path] = offsets.get(parent, 0)
    return _lines(text, found)


def scan(text: str) -> Iterator[tuple[KeyPath, int, int]]:
    """Yield path, offset of the key and offset of the value of every table and value, in their order.

    A table stands where each of its headers is. The text has to be one that tomli accepts.
    """
    return _Scanner(text).document()


def _lines(text: str, offsets: dict[KeyPath, int]) -> dict[KeyPath, tuple[int, int]]:
    """Turn offsets to lines and columns, counting each line break once."""
    places: dict[KeyPath, tuple[int, int]] = {}
    line, at = 1, 0
    for path, offset in sorted(offsets.items(), key=lambda item: item[1]):
        line += text.count("\n", at, offset)
        at = offset
        places[path] = (line, offset - text.rfind("\n", 0, offset))
    return places


def _quick(text: str, paths: set[KeyPath], at_key: bool) -> dict[KeyPath, int] | None:  # noqa: FBT001
    """Find paths below plain table headers of a large text, scanning only their sections; None if that is unsafe.

    A line that looks like a header is one, unless it stands in a multi-line string, or in an array of arrays,
    which holds no dotted word. So only dotted headers count, and only in a text without multi-line strings.
    """
    if '"""' in text or "'''" in text or any(len(path) < 2 for path in paths):
        return None
    heads = {path[:2] for path in paths}
    starts: dict[KeyPath, tuple[int, int]] = {}
    open_head: KeyPath | None = None
    begin = 0
    for header in _PLAIN_HEADER.finditer(text):
        if open_head is not None:
            starts[open_head] = (begin, header.start())
            open_head = None
        words = header[2]
        if header[1] == "[[" or "." not in words:
            continue
        if '"' in words or "'" in words or " " in words or "\t" in words:
            return None
        head: KeyPath = tuple(words.split("."))
        if head in heads:
            open_head, begin = head, header.start()
    if open_head is not None:
        starts[open_head] = (begin, len(text))
    if set(starts) != heads:
        return None
    offsets: dict[KeyPath, int] = {}
    for begin, end in starts.values():
        for path, key_at, value_at in _Scanner(text[begin:end]).document():
            offsets.setdefault(path, begin + (key_at if at_key else value_at))
    return offsets


class _Scanner:
    """Walks a text that tomli accepts and yields (path, offset of the key, offset of the value)."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def skip(self, pattern: re.Pattern[str]) -> None:
        found = pattern.match(self.text, self.at)
        assert found is not None
        self.at = found.end()

    def key(self) -> tuple[tuple[str, ...], int]:
        """Read a dotted key; return its parts and where it starts."""
        parts = []
        start = self.at
        while True:
            self.skip(_BLANKS)
            found = _KEY.match(self.text, self.at)
            assert found is not None
            self.at = found.end()
            word = found[0]
            parts.append(next(iter(tomli.loads(f"{word}=0"))) if word[0] in "\"'" else word)
            self.skip(_BLANKS)
            if self.text[self.at : self.at + 1] != ".":
                return tuple(parts), start
            self.at += 1

    def document(self) -> Iterator[tuple[KeyPath, int, int]]:
        """Yield every table and value of the document, in its order."""
        text = self.text
        counts: dict[KeyPath, int] = {}
        prefix: KeyPath = ()
        self.skip(_SPACE)
        while self.at < len(text):
            if text[self.at] == "[":
                start = self.at
                several = text.startswith("[[", start)
                self.at += 2 if several else 1
                parts, _ = self.key()
                self.at += 2 if several else 1
                prefix = self.resolve(parts, counts, several=several)
                for depth in range(1, len(prefix) + 1):
                    yield prefix[:depth], start, start
            else:
                yield from self.statement(prefix)
            self.skip(_SPACE)

    @staticmethod
    def resolve(parts: tuple[str, ...], counts: dict[KeyPath, int], *, several: bool) -> KeyPath:
        """Return the path that a header means: names of arrays of tables stand for their last element."""
        path: KeyPath = ()
        for index, part in enumerate(parts):
            path = (*path, part)
            if several and index == len(parts) - 1:
                counts[path] = counts.get(path, -1) + 1
            if path in counts:
                path = (*path, counts[path])
        return path

    def statement(self, prefix: KeyPath) -> Iterator[tuple[KeyPath, int, int]]:
        """Read key = value below a table."""
        parts, start = self.key()
        self.at += 1
        self.skip(_BLANKS)
        path: KeyPath = (*prefix, *parts)
        for depth in range(len(prefix) + 1, len(path)):
            yield path[:depth], start, start
        yield from self.value(path, start)

    def value(self, path: KeyPath, start: int) -> Iterator[tuple[KeyPath, int, int]]:
        """Read a value and everything inside it."""
        text = self.text
        yield path, start, self.at
        opening = text[self.at]
        if opening in "\"'":
            self.skip(_STRING)
        elif opening not in "[{":
            self.skip(_SCALAR)
        else:
            closing = "]" if opening == "[" else "}"
            self.at += 1
            index = 0
            self.skip(_SPACE)
            while text[self.at] != closing:
                if opening == "[":
                    yield from self.value((*path, index), self.at)
                    index += 1
                else:
                    yield from self.statement(path)
                self.skip(_SPACE)
                if text[self.at] == ",":
                    self.at += 1
                    self.skip(_SPACE)
            self.at += 1
