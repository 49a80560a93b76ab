"""Find the positions of keys and values in TOML text, which tomli does not report.

The text has to be one that tomli accepts. This module knows nothing of what a plan means.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import tomli

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator

    from ipplan.findings import KeyPath

_SPACE = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
_BLANKS = re.compile(r"[ \t]*")
KEY = re.compile(r"[A-Za-z0-9_-]+|\"[^\"\\\n]*(?:\\.[^\"\\\n]*)*\"|'[^'\n]*'")
STRING = re.compile(
    r'"""[^"\\]*(?:(?:\\.|"(?!""))[^"\\]*)*"{3,5}'
    r"|'''[^']*(?:'(?!'')[^']*)*'{3,5}"
    r'|"[^"\\\n]*(?:\\.[^"\\\n]*)*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)
_SCALAR = re.compile(r"[^,\]}\n#]+")
_PLAIN_HEADER = re.compile(
    r"^[ \t]*(\[\[?)[ \t]*([A-Za-z0-9_.\- \t\"']+?)[ \t]*\]\]?[ \t]*(?:#[^\n]*)?\r?$", re.MULTILINE
)


def find_positions(text: str, wanted: Iterable[KeyPath], *, at_key: bool = False) -> dict[KeyPath, tuple[int, int]]:
    """Return 1-based line and column of each wanted key path, of its value or with `at_key` of its key.

    The position of a table is that of its header, also in an array of tables. A path that does not exist gets the
    position of its longest existing parent. The text has to be one that tomli accepts.
    """
    paths = set(wanted)
    if not paths:
        return {}
    offsets = _quick(text, paths, at_key) if len(text) > 100_000 else None
    if offsets is None:
        offsets = {}
        _collect(text, paths, offsets, 0, at_key=at_key)
    found: dict[KeyPath, int] = {}
    for path in paths:
        parent = path
        while parent and parent not in offsets:
            parent = parent[:-1]
        found[path] = offsets.get(parent, 0)
    return _lines(text, found)


def _collect(text: str, paths: set[KeyPath], offsets: dict[KeyPath, int], begin: int, *, at_key: bool) -> None:
    """Add the offsets of the paths and of their parents, until all are found.

    Other offsets are not kept: the text may have a million of them.
    """
    wanted = {path[:depth] for path in paths for depth in range(1, len(path) + 1)}
    left = len(wanted)
    for path, key_at, value_at in _Scanner(text).document():
        if path in wanted and path not in offsets:
            offsets[path] = begin + (key_at if at_key else value_at)
            left -= 1
            if not left:
                return


def scan(text: str) -> Iterator[tuple[KeyPath, int, int]]:
    """Yield path, offset of the key and offset of the value of every table and value, in their order.

    A table is yielded at each of its headers. The text has to be one that tomli accepts.
    """
    return _Scanner(text).document()


def _lines(text: str, offsets: dict[KeyPath, int]) -> dict[KeyPath, tuple[int, int]]:
    """Return lines and columns of offsets; counts each line break once."""
    places: dict[KeyPath, tuple[int, int]] = {}
    line, at = 1, 0
    for path, offset in sorted(offsets.items(), key=lambda item: item[1]):
        line += text.count("\n", at, offset)
        at = offset
        places[path] = (line, offset - text.rfind("\n", 0, offset))
    return places


def _quick(text: str, paths: set[KeyPath], at_key: bool) -> dict[KeyPath, int] | None:  # noqa: FBT001
    """Find paths below plain table headers of a large text, scanning only their sections; None if that is unsafe.

    A line that looks like a header is one, except in a multi-line string, or in an array of arrays, which has no dotted
    word. So only dotted headers count, and only in a text without multi-line strings.
    """
    if '"""' in text or "'''" in text or any(len(path) < 2 for path in paths):
        return None
    heads: dict[KeyPath, set[KeyPath]] = {}
    for path in paths:
        heads.setdefault(path[:2], set()).add(path)
    sections: list[tuple[KeyPath, int, int]] = []
    open_head: KeyPath | None = None
    begin = 0
    for header in _PLAIN_HEADER.finditer(text):
        if open_head is not None:
            sections.append((open_head, begin, header.start()))
            open_head = None
        words = header[2]
        if header[1] == "[[" or "." not in words:
            continue
        if '"' in words or "'" in words or " " in words or "\t" in words:
            return None
        head: KeyPath = tuple(words.split(".", 2)[:2])
        if head in heads:
            open_head, begin = head, header.start()
    if open_head is not None:
        sections.append((open_head, begin, len(text)))
    if {head for head, _, _ in sections} != set(heads):
        return None
    offsets: dict[KeyPath, int] = {}
    for head, begin, end in sections:
        _collect(text[begin:end], heads[head], offsets, begin, at_key=at_key)
    return offsets


class _Scanner:
    """Walk through a text that tomli accepts, and yield path, offset of the key and offset of the value."""

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
            found = KEY.match(self.text, self.at)
            assert found is not None
            self.at = found.end()
            word = found[0]
            if word[0] in "\"'":
                word = next(iter(tomli.loads(f"{word}=0"))) if "\\" in word else word[1:-1]
            parts.append(word)
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
        """Return the path of a header: the name of an array of tables means its last element."""
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
        path, start = yield from self.start(prefix)
        yield path, start, self.at
        if self.text[self.at] in "[{":
            yield from self.inside(path)
        else:
            self.single()

    def start(self, prefix: KeyPath) -> Generator[tuple[KeyPath, int, int], None, tuple[KeyPath, int]]:
        """Read a key up to its value; return its path and where it starts."""
        parts, start = self.key()
        self.at += 1
        self.skip(_BLANKS)
        path: KeyPath = (*prefix, *parts)
        for depth in range(len(prefix) + 1, len(path)):
            yield path[:depth], start, start
        return path, start

    def single(self) -> None:
        """Skip a value without values inside."""
        self.skip(STRING if self.text[self.at] in "\"'" else _SCALAR)

    def inside(self, path: KeyPath) -> Iterator[tuple[KeyPath, int, int]]:
        """Read what is inside an array or inline table; without recursion, so that deep nesting is not a problem."""
        text = self.text
        opened: list[tuple[KeyPath, str]] = []
        counts: list[int] = []
        while True:
            # A value starts here.
            if text[self.at] in "[{":
                opened.append((path, "]" if text[self.at] == "[" else "}"))
                counts.append(0)
                self.at += 1
            else:
                self.single()
            while True:
                self.skip(_SPACE)
                if text[self.at] == ",":
                    self.at += 1
                    self.skip(_SPACE)
                if text[self.at] != opened[-1][1]:
                    break
                self.at += 1
                opened.pop()
                counts.pop()
                if not opened:
                    return
            parent, closing = opened[-1]
            if closing == "}":
                path, start = yield from self.start(parent)
            else:
                path, start = (*parent, counts[-1]), self.at
                counts[-1] += 1
            yield path, start, self.at
