"""Explain why a text is not TOML, and return the text without the wrong statement.

This module is loaded only for such a text, and knows nothing of what a plan means.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ipplan.findings import KeyPath, format_key

if TYPE_CHECKING:
    import tomli


class SyntaxProblem(NamedTuple):
    """A statement that is not TOML: what is wrong, its 1-based place, its key, and what to write instead."""

    message: str
    line: int
    column: int
    key: KeyPath
    help: str | None
    rule: str


def not_utf8(data: bytes, error: UnicodeDecodeError) -> SyntaxProblem:
    line = data.count(b"\n", 0, error.start) + 1
    column = error.start - data.rfind(b"\n", 0, error.start)
    guess = "UTF-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") or data[1:2] == b"\0" else "Latin-1 or Windows-1252"
    return SyntaxProblem(
        f"the file is not UTF-8: byte 0x{data[error.start]:02x} cannot be read",
        line,
        column,
        (),
        f"it looks like {guess}; save it as UTF-8",
        "toml-syntax",
    )


_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)\Z")


def _place(error: tomli.TOMLDecodeError, text: str) -> tuple[str, int]:
    """Return message and offset of an error, from its text, which is the same in every version of tomli."""
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
_ANY_HEADER = re.compile(r"^[ \t]*\[", re.MULTILINE)
_BARE_KEY = re.compile(r"[ \t]*([A-Za-z0-9_.-]+)[ \t]*=[ \t]*")
_TABLE = re.compile(r"[ \t]*\[\[?[ \t]*([A-Za-z0-9_.-]+)[ \t]*\]\]?")
_BROKEN_TABLE = re.compile(
    r"[ \t]*(\[{0,2})[ \t]*([A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)[ \t]*(\]{0,2})[ \t\r]*(?:#[^\n]*)?(?:\n|\Z)"
)
_KEY_OR_TABLE = re.compile(r"^[ \t]*(?:\[\[?[ \t]*([A-Za-z0-9_.-]+)[ \t]*\]\]?|([A-Za-z0-9_.-]+)[ \t]*=)", re.MULTILINE)
_MERGE_MARK = re.compile(r"(?:<{7}|={7}|>{7}|\|{7})(?:[ \r\n]|\Z)")
_CONTINUED = re.compile(r"[ \t]*[^ \t\r\n#\[A-Za-z0-9_-]|[ \t]*[A-Za-z0-9_-]+[ \t]*(?:[,\]}\r\n]|\Z)")
"""A line that continues the line before: not empty, not a comment, not a header, not a key with its value."""
_UNCLOSED = ("Unclosed array", "Unclosed inline table")
_ESCAPES = ("Unescaped", "Invalid hex value", "Escaped character")
_TWICE = (
    "Cannot declare",
    "Cannot overwrite",
    "Cannot mutate immutable",
    "Cannot redefine",
    "Duplicate inline table key",
)


def blank(text: str) -> str:
    """Return the text with a space instead of every character except line breaks."""
    return text.translate(_Blanks({10: 10}))


class _Blanks(dict[int, int]):
    """A table for `str.translate` that replaces every other character by a space."""

    def __missing__(self, key: int) -> int:
        return 32


def next_header(text: str, at: int) -> int:
    """Return where the line before the next table header ends, or the end of the text."""
    following = _ANY_HEADER.search(text, min(len(text), at + 1))
    return following.start() - 1 if following else len(text)


def end_of_statement(text: str, at: int) -> int:
    """Return the end of the line at an offset, or of the last line that continues a broken value."""
    end = text.find("\n", at)
    while 0 <= end < len(text) - 1 and _CONTINUED.match(text, end + 1):
        end = text.find("\n", end + 1)
    return len(text) if end < 0 else end


def without_statement(text: str, error: tomli.TOMLDecodeError) -> tuple[SyntaxProblem, str]:
    """Return the problem of an error, and the text with blank lines instead of the wrong statement."""
    message, offset = _place(error, text)
    if offset and offset == len(text) and text[-1] == "\n":
        offset -= 1
    if message.startswith(_ESCAPES):  # tomli reports the place after the backslash, which can be on the next line
        offset = max(0, text.rfind("\\", 0, offset + 1))
    start = text.rfind("\n", 0, offset) + 1
    if message.startswith(_TWICE):
        return _without_second(text, start, offset, message)
    at = offset  # report an unclosed value at its start, not at the end of the text
    line_end = text.find("\n", offset)
    if message in _UNCLOSED or offset >= len(text) - 1:
        start = _opening(text, start)
        unclosed = _BARE_KEY.match(text, start)
        at = unclosed.end() if unclosed else at
    continued = message in _UNCLOSED and start <= text.rfind("\n", 0, offset)
    end = end_of_statement(text, offset) if continued else line_end if line_end >= start else len(text)
    key = _key_at(text, start)
    words, help_ = _explain(text, start, end, message)
    problem = SyntaxProblem(words, *_line_column(text, at), key, help_, "toml-syntax")
    if _HEADER.match(text, start) or (not _BARE_KEY.match(text, start) and _BROKEN_TABLE.match(text, start)):
        return problem, _without_header(text, start, end)
    return problem, text[:start] + blank(text[start:end]) + text[end:]


def _without_header(text: str, start: int, end: int) -> str:
    """Repair a table header with wrong brackets; else blank it and its keys, which would belong to another table."""
    table = _BROKEN_TABLE.match(text, start)
    if table is not None and table[1] + table[3]:
        count = max(len(table[1]), len(table[3]))
        mended = "[" * count + table[2] + "]" * count
        if mended != text[start:end].strip():
            return text[:start] + mended + text[end:]
    end = next_header(text, end)
    return text[:start] + blank(text[start:end]) + text[end:]


def _without_second(text: str, start: int, offset: int, message: str) -> tuple[SyntaxProblem, str]:
    """Return the problem of a second definition of a key or table, and the text without it."""
    header = bool(_HEADER.match(text, start))
    if not header and message.startswith(("Cannot overwrite", "Duplicate")):
        # tomli reports a repeated key after its whole value: the statement starts at its key.
        start = _opening(text, text.rfind("\n", 0, max(0, offset - 1)) + 1)
        header = bool(_HEADER.match(text, start))
    key = _key_at(text, start)
    end = text.find("\n", max(offset, start))
    end = len(text) if end < 0 else end
    if header:
        end = next_header(text, end)
    line, _ = _line_column(text, start)
    rest = text[start : start + 1000]
    column = 1 + len(rest) - len(rest.lstrip(" \t"))
    first = _first_definition(text, key, start)
    where = f"; first on line {first}" if first else ""
    problem = SyntaxProblem(
        f"{format_key(key) or 'a key'} is defined a second time{where}",
        line,
        column,
        key,
        _how_to_keep_both(key) or "keep one of the two, or give the second another name",
        "duplicate-key",
    )
    return problem, text[:start] + blank(text[start:end]) + text[end:]


def _how_to_keep_both(key: KeyPath) -> str | None:
    """Return how to write a table that a plan may have several times, None for every other key."""
    from ipplan.plan.format import TABLES

    repeated = [table.heading for table in TABLES.values() if table.shape == "array" and key == (table.name,)]
    return f"write {repeated[0]} above each entry" if repeated else None


def _opening(text: str, start: int) -> int:
    """Return the start of the statement whose value continues on the line at `start`."""
    while start > 0 and not _BARE_KEY.match(text, start) and not _HEADER.match(text, start):
        start = text.rfind("\n", 0, start - 1) + 1
    return start


def _key_at(text: str, start: int) -> KeyPath:
    """Return the key path that the statement at an offset sets, as far as it can be read."""
    header = _TABLE.match(text, start) or _BROKEN_TABLE.match(text, start)
    if header:
        return tuple((header[2] if header.re is _BROKEN_TABLE else header[1]).split("."))
    found = _BARE_KEY.match(text, start)
    if not found:
        return ()
    key = tuple(found[1].split("."))
    at = start
    while at > 0:
        at = text.rfind("[", 0, at)
        if at < 0:
            break
        line = text.rfind("\n", 0, at) + 1
        if header := _TABLE.match(text, line):
            return (*header[1].split("."), *key)
        at = line
    return key


def _first_definition(text: str, key: KeyPath, before: int) -> int | None:
    """Return the line of the first definition of a key or table; cost is linear."""
    table: KeyPath = ()
    for found in _KEY_OR_TABLE.finditer(text, 0, before):
        words: KeyPath = tuple((found[1] or found[2]).split("."))
        if found[1]:
            table = words
        if key == (words if found[1] else (*table, *words)):
            return text.count("\n", 0, found.start()) + 1
    return None


def _explain(text: str, start: int, end: int, message: str) -> tuple[str, str | None]:
    """Return message and help for the most common mistakes; for any other the message of tomli."""
    found = _BARE_KEY.match(text, start)
    if found:
        value = text[found.end() : min(end, found.end() + 300)].split("\n")[0].partition("#")[0].strip()
        if said := _explain_value(cut(found[1]), value, text[start:end], message):
            return said
    line = text[start : min(end, start + 300)].split("\n")[0]
    if found:
        pass
    elif _MERGE_MARK.match(line):
        return (
            f"this is a marker of a merge conflict: {cut(line.strip())}",
            "keep one side and remove the markers",
        )
    elif colon := re.match(r"[ \t]*([A-Za-z0-9_-]+)[ \t]*:", line):
        return f"{cut(colon[1])} is followed by a colon", f"write {cut(colon[1])} = and the value"
    elif _HEADER.match(line) and "]" not in line:
        return f"the bracket of the table header is not closed: {cut(line.strip())}", "end it with ]"
    elif (table := _BROKEN_TABLE.match(text, start)) and len(table[1]) < len(table[3]):
        return f"the table header has no opening bracket: {cut(line.strip())}", f"write [{cut(table[2])}]"
    elif "=" not in line and line.strip():
        return (
            f"this is not a key and a value: {cut(line.strip())}",
            "write key = value, or put # in front of a comment",
        )
    return f"this is not TOML: {cut(message[:1].lower() + message[1:])}", None


def _explain_value(name: str, value: str, statement: str, message: str) -> tuple[str, str | None] | None:
    """Return message and help for a wrong value of a key; None if the cause is not known."""
    if any(c in value for c in "\u201c\u201d\u2018\u2019"):
        return f"{name} is in typographic quotes", f'write straight ones: {name} = "..."'
    if not value:
        return f"{name} has no value", f"write {name} = and a value, or leave the line out"
    if message.startswith(_ESCAPES):
        return f"{name} has a backslash that is not a valid escape", "write two backslashes for one"
    if value[0] in "\"'" and (len(value) == 1 or value[-1] != value[0]):
        return f"the quote that opens the value of {name} is not closed", f"end the value with {value[0]}"
    if value[0] == "[" and "]" not in statement:
        return f"the bracket that opens the value of {name} is not closed", "end the array with ]"
    if value[0] == "{" and "}" not in value:
        return f"the brace that opens the value of {name} is not closed", "end the inline table with }"
    if value[0] not in "\"'[{":
        return f"the value of {name} is not in quotes: {cut(value)}", f'write {name} = "{cut(value)}"'
    return None


def cut(text: str) -> str:
    """Return a text for a message, escaped and cut at 80 characters."""
    safe = ascii(text[:100])[1:-1]
    return safe if len(safe) <= 80 else safe[:77] + "..."
