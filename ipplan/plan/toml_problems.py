"""What is wrong with text that is no TOML, in plain words, and the text without the statement that is wrong.

It is loaded for such a text only. This module knows nothing of what a plan means.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ipplan.findings import KeyPath, format_key

if TYPE_CHECKING:
    import tomli


class SyntaxProblem(NamedTuple):
    """A statement that is no TOML: what is wrong, its 1-based place, the key that it was to set, what to write."""

    message: str
    line: int
    column: int
    key: KeyPath
    help: str | None
    rule: str


def not_utf8(data: bytes, error: UnicodeDecodeError) -> SyntaxProblem:
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


_HEADER = re.compile(r"[ \t]*\[")
_BARE_KEY = re.compile(r"[ \t]*([A-Za-z0-9_.-]+)[ \t]*=[ \t]*")
_TABLE = re.compile(r"[ \t]*\[\[?[ \t]*([A-Za-z0-9_.-]+)[ \t]*\]\]?")


def without_statement(text: str, error: tomli.TOMLDecodeError) -> tuple[SyntaxProblem, str]:
    """Return the problem that an error names, and the text with the statement there blanked, line for line."""
    message, offset = _place(error, text)
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
