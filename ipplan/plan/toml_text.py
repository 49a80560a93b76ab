"""TOML text: read with every syntax problem at once, and positions of keys and values, found when asked for.

tomli reads; it stops at the first error and knows no positions. So a statement that it refuses is blanked and
the text is read again, and a scanner finds the places of key paths in a text that tomli has accepted. This
module knows nothing of what a plan means.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple
from unicodedata import category

import tomli

from ipplan.findings import KeyPath, format_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MOST_PROBLEMS = 20
"""After so many syntax problems the reader stops looking for more."""

_LARGEST_RETRY = 2 * 1024 * 1024
"""Texts beyond so many characters are read once only, since each further problem costs a whole reading."""


class SyntaxProblem(NamedTuple):
    """A statement that is no TOML: what is wrong, its 1-based place, the key that it was to set, what to write."""

    message: str
    line: int
    column: int
    key: KeyPath
    help: str | None
    rule: str


def decode(data: bytes) -> str:
    """Return the text of a plan without its byte order mark; bytes that are no UTF-8 are replaced."""
    return data.decode("utf-8", "replace").removeprefix("\ufeff")


def quote(text: str) -> str:
    r"""Return the text as a basic string of TOML; control and format characters and line breaks as \uXXXX.

    Surrogates, which TOML cannot hold, become U+FFFD.
    """
    text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return '"' + "".join(map(_quoted, text)) + '"'


def _quoted(char: str) -> str:
    if char in '"\\':
        return "\\" + char
    if category(char) not in ("Cc", "Cf", "Zl", "Zp"):
        return char
    number = ord(char)
    return f"\\u{number:04X}" if number < 1 << 16 else f"\\U{number:08X}"


def read_toml(data: bytes) -> tuple[dict[str, Any], list[SyntaxProblem]]:
    """Return what the text says, and every statement that could not be read; never raises."""
    try:
        text = data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        return {}, [_not_utf8(data, error)]
    problems: list[SyntaxProblem] = []
    while True:
        try:
            return tomli.loads(text), problems
        except tomli.TOMLDecodeError as error:
            broken = text
            problem, text = _blank(broken, *_place(error, broken))
            problems.append(problem)
            if text == broken or len(text) > _LARGEST_RETRY or len(problems) == MOST_PROBLEMS:
                return {}, problems
        except RecursionError:
            return {}, [
                *problems,
                SyntaxProblem("values are nested too deeply to be read", 1, 1, (), None, "toml-syntax"),
            ]
        except ValueError as error:  # an integer of more digits than Python converts
            return {}, [
                *problems,
                SyntaxProblem(f"a number cannot be read: {str(error)[:80]}", 1, 1, (), None, "toml-syntax"),
            ]


def _not_utf8(data: bytes, error: UnicodeDecodeError) -> SyntaxProblem:
    line = data.count(b"\n", 0, error.start) + 1
    column = error.start - data.rfind(b"\n", 0, error.start)
    guess = (
        "UTF-16"
        if data[:2] in (b"\xff\xfe", b"\xfe\xff") or data[1:2] == b"\0"
        else "Latin-1 or Windows-1252"
    )
    return SyntaxProblem(
        f"the file is not UTF-8: byte 0x{data[error.start]:02x} cannot be read", line, column, (),
        f"it looks like {guess}; save it as UTF-8", "toml-syntax",
    )  # fmt: skip


_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)\Z")


def _place(error: tomli.TOMLDecodeError, text: str) -> tuple[str, int]:
    """Return message and offset of an error, from its words, which every version of tomli has."""
    words = str(error)
    found = _PLACE.search(words)
    message = words[: found.start()] if found else words
    if not found or not found[1]:
        return message, len(text)
    return message, min(len(text), _offset(text, int(found[1])) + int(found[2]) - 1)


def _offset(text: str, line: int) -> int:
    """Return where a 1-based line starts."""
    start = 0
    for _ in range(line - 1):
        start = text.index("\n", start) + 1
    return start


def _line_column(text: str, offset: int) -> tuple[int, int]:
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


# -- broken statements -------------------------------------------------------------------------------------

_HEADER = re.compile(r"[ \t]*\[")
_BARE_KEY = re.compile(r"[ \t]*([A-Za-z0-9_.-]+)[ \t]*=[ \t]*")
_TABLE = re.compile(r"[ \t]*\[\[?[ \t]*([A-Za-z0-9_.-]+)[ \t]*\]\]?")


def _blank(text: str, message: str, offset: int) -> tuple[SyntaxProblem, str]:
    """Return the problem at an offset, and the text with the statement there blanked, line for line."""
    if offset and offset == len(text) and text[-1] == "\n":
        offset -= 1
    start = text.rfind("\n", 0, offset) + 1
    at = offset  # a value that is never closed is told where it starts, not where the text ends
    if message in ("Unclosed array", "Unclosed inline table") or offset >= len(text) - 1:
        start = _opening(text, start)
        unclosed = _BARE_KEY.match(text, start)
        at = unclosed.end() if unclosed else at
    end = text.find("\n", max(offset, start))
    end = len(text) if end < 0 else end
    twice = message.startswith(
        ("Cannot declare", "Cannot overwrite", "Cannot mutate immutable", "Cannot redefine")
    )
    header = bool(_HEADER.match(text, start))
    key = _key_at(text, start)
    if twice and message.startswith("Cannot overwrite") and not header:
        # tomli tells a repeated key after its whole value: the statement starts at its key.
        start = _statement_start(text, offset)
        key = _key_at(text, start)
    if header:
        following = re.compile(r"^[ \t]*\[", re.MULTILINE).search(text, end)
        if twice:
            end = following.start() - 1 if following else len(text)
    line, column = _line_column(text, at if not twice else start)
    if twice:
        column = 1 + len(text[start:]) - len(text[start:].lstrip(" \t"))
        first = _first_definition(text, key, start)
        where = f"; first on line {first}" if first else ""
        problem = SyntaxProblem(
            f"{format_key(key) or 'a key'} is defined a second time{where}", line, column, key,
            "keep one of the two, or give the second another name", "duplicate-key",
        )  # fmt: skip
    else:
        words, help_ = _explain(text, start, end, message)
        problem = SyntaxProblem(words, line, column, key, help_, "toml-syntax")
    blanked = "".join(c if c == "\n" else " " for c in text[start:end])
    return problem, text[:start] + blanked + text[end:]


def _opening(text: str, start: int) -> int:
    """Return where the statement starts whose value runs on to the line at `start`."""
    while start > 0 and not _BARE_KEY.match(text, start) and not _HEADER.match(text, start):
        start = text.rfind("\n", 0, start - 1) + 1
    return start


def _statement_start(text: str, offset: int) -> int:
    return _opening(text, text.rfind("\n", 0, max(0, offset - 1)) + 1)


def _key_at(text: str, start: int) -> KeyPath:
    """Return the key path that the statement at an offset was to set, as far as it can be read."""
    if header := _TABLE.match(text, start):
        return tuple(header[1].split("."))
    found = _BARE_KEY.match(text, start)
    if not found:
        return ()
    key = tuple(found[1].split("."))
    at = start
    while at > 0:
        at = text.rfind("\n", 0, at - 1) + 1
        if header := _TABLE.match(text, at):
            return (*header[1].split("."), *key)
    return key


def _first_definition(text: str, key: KeyPath, before: int) -> int | None:
    at = 0
    while at < before:
        if _key_at(text, at) == key:
            return text.count("\n", 0, at) + 1
        at = text.find("\n", at) + 1
        if at == 0:
            return None
    return None


def _explain(text: str, start: int, end: int, message: str) -> tuple[str, str | None]:
    """Put the most common mistakes into plain words; for any other keep tomli's."""
    line = text[start : min(end, start + 300)].split("\n")[0]
    found = _BARE_KEY.match(line)
    if found:
        name, value = found[1], line[found.end() :].partition("#")[0].strip()
        if any(c in value for c in "\u201c\u201d\u2018\u2019"):
            return f"{name} is in typographic quotes", f'write straight ones: {name} = "..."'
        if not value:
            return f"{name} has no value", f"write {name} = and a value, or leave the line out"
        if value[0] in "\"'" and (len(value) == 1 or value[-1] != value[0]):
            return f"the quote that opens the value of {name} is not closed", f"end the value with {value[0]}"
        if value[0] == "[" and "]" not in text[start:end]:
            return f"the bracket that opens the value of {name} is not closed", "end the array with ]"
        if value[0] == "{" and "}" not in value:
            return f"the brace that opens the value of {name} is not closed", "end the inline table with }"
        if value[0] not in "\"'[{":
            return f"the value of {name} is not in quotes: {_cut(value)}", f'write {name} = "{_cut(value)}"'
    elif colon := re.match(r"[ \t]*([A-Za-z0-9_-]+)[ \t]*:", line):
        return f"{colon[1]} is followed by a colon", f"write {colon[1]} = and the value"
    elif _HEADER.match(line) and "]" not in line:
        return f"the bracket of the table header is not closed: {_cut(line.strip())}", "end it with ]"
    elif "=" not in line and line.strip():
        return (
            f"this is no key and value: {_cut(line.strip())}",
            "write key = value, or put # in front of a comment",
        )
    return f"this is no TOML: {_cut(message[:1].lower() + message[1:])}", None


def _cut(text: str) -> str:
    safe = ascii(text)[1:-1]
    return safe if len(safe) <= 80 else safe[:77] + "..."


# -- positions ---------------------------------------------------------------------------------------------

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
