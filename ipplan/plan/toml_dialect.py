"""Find what TOML 1.0 does not have: the additions of TOML 1.1, and sizes that not every reader of TOML accepts.

Some versions of tomli accept TOML 1.1 and others do not. This module finds the additions before tomli reads the text. It
is loaded only for a text that may have some, and knows nothing of what a plan means.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ipplan.plan.toml_positions import KEY, STRING
from ipplan.plan.toml_problems import SyntaxProblem, blank, cut, end_of_statement, next_header

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ipplan.findings import KeyPath

DEEPEST = 100
"""Read at most 100 levels of nested arrays and inline tables; tomli stops between 300 and 400."""
MOST_PARTS = 100
"""Read at most 100 parts of a dotted key; the memory that old versions of tomli need grows with their square."""
MOST_DIGITS = 4000
"""Read at most 4,000 digits of a number; Python converts at most 4,300."""

_SPACE = re.compile(r"(?:[ \t\n]+|\r\n|#[^\n]*)*")
_BLANKS = re.compile(r"[ \t]*")
_PLAIN = re.compile(
    r"(?:[ \t]*(?:(?:[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+){0,20}[ \t]*=[ \t]*"
    r"(?:\"[^\"\\\n]*\"|'[^'\n]*'|[a-z]+|[+-]?[0-9_]{1,99}))[ \t]*)?(?:#[^\n]*)?\n){1,500}"
)
"""Lines without anything to find, many at once, so that most of a large text is skipped quickly."""
_SCALAR = re.compile(r"[^,\[\]{}\n\r#\"'=]+")
_END = re.compile(r"[ \t]*(?:#[^\n]*)?\r?(?:\n|\Z)")
_ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|(e)|.)", re.DOTALL)
_SHORT_TIME = re.compile(r"(?:\d{4}-\d\d-\d\d[Tt ])?([01]\d|2[0-3]):([0-5]\d)(?:[Zz]|[+-]\d\d:\d\d)?")
_MOST_NOTED = 20
"""Note at most 20 things in one statement."""
_ONLY = "which only TOML 1.1 has; a plan is TOML 1.0"


class _Newer(NamedTuple):
    """Something that a plan cannot have: its offset, the message, and what to write instead."""

    at: int
    words: str
    help: str | None


class _Malformed(Exception):  # noqa: N818  (never leaves this module)
    """Report that the text from here on is not TOML of any version."""


class _Statement(NamedTuple):
    """A statement with something that a plan cannot have: start and end in the text, and the key that it sets."""

    start: int
    end: int
    key: KeyPath
    found: list[_Newer]


def without_newer(text: str, most: int) -> tuple[list[SyntaxProblem], int, str]:
    """Return what a plan cannot have as problems, the number of further ones, and the text without the statements.

    The statements become blank lines; at most `most` problems are returned. The search ends where the text is not TOML
    of any version: tomli refuses that. Cost is linear.
    """
    problems: list[SyntaxProblem] = []
    hidden = 0
    parts: list[str] = []
    at = counted = 0
    line = 1
    for statement in _Walker(text).statements():
        for newer in sorted(statement.found):
            if len(problems) == most:
                hidden += 1
                continue
            line += text.count("\n", counted, newer.at)
            counted = newer.at
            column = newer.at - text.rfind("\n", 0, newer.at)
            problems.append(SyntaxProblem(newer.words, line, column, statement.key, newer.help, "toml-syntax"))
        parts += (text[at : statement.start], blank(text[statement.start : statement.end]))
        at = statement.end
    return problems, hidden, "".join([*parts, text[at:]]) if parts else text


class _Walker:
    """Walk through the statements of a text that may be TOML of any version."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.found: list[_Newer] = []
        self.key_read: KeyPath = ()
        self.line_break: int | None = None
        self.too_much = False

    def statements(self) -> Iterator[_Statement]:
        """Yield the statements with something that a plan cannot have, up to the first one that is not TOML."""
        table: KeyPath = ()
        while True:
            while plain := _PLAIN.match(self.text, self.at):
                self.at = plain.end()
            self.skip(_SPACE)
            start = self.at
            if start >= len(self.text):
                return
            self.begin()
            header = self.text[start] == "["
            try:
                if header:
                    table = self.header()
                else:
                    self.key_read = self.key()
                    self.value()
                self.expect(_END)
            except _Malformed:
                if self.too_much:
                    self.at = end_of_statement(self.text, self.at)
                elif self.line_break is not None:
                    self.found = [self.unclosed()]
                else:
                    return
            if self.found:
                end = self.at - 1 if self.text[self.at - 1] == "\n" else self.at
                if header:  # without the header, the next keys would belong to the table before
                    end = self.at = next_header(self.text, end)
                yield _Statement(start, end, (*table, *self.key_read), self.found)

    def unclosed(self) -> _Newer:
        """Return the problem of an inline table that does not end on its line, and skip that line."""
        assert self.line_break is not None
        at = self.text.rfind("{", 0, self.line_break)
        self.at = end_of_statement(self.text, self.line_break)
        name = cut(str(self.key_read[-1]))
        return _Newer(at, f"the brace that opens the value of {name} is not closed", "end the inline table with }")

    def begin(self) -> None:
        """Reset what was noted in the statement before."""
        self.found, self.key_read, self.line_break, self.too_much = [], (), None, False

    # -- pieces --------------------------------------------------------------------------------------------

    def skip(self, pattern: re.Pattern[str]) -> None:
        found = pattern.match(self.text, self.at)
        assert found is not None
        self.at = found.end()

    def expect(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self.text, self.at)
        if found is None:
            raise _Malformed
        self.at = found.end()
        return found[0]

    def take(self, mark: str) -> bool:
        """Return whether the text goes on with a mark, and skip the mark."""
        there = self.text.startswith(mark, self.at)
        if there:
            self.at += len(mark)
        return there

    def note(self, at: int, words: str, help_: str | None) -> None:
        """Note something, each kind of thing once in a statement."""
        if len(self.found) < _MOST_NOTED and all(words != newer.words for newer in self.found):
            self.found.append(_Newer(at, words, help_))

    # -- keys ----------------------------------------------------------------------------------------------

    def header(self) -> KeyPath:
        double = self.text.startswith("[[", self.at)
        self.at += 2 if double else 1
        parts = self.parts()
        if not self.take("]]" if double else "]"):
            raise _Malformed
        return parts

    def key(self) -> KeyPath:
        parts = self.parts()
        if not self.take("="):
            raise _Malformed
        self.skip(_BLANKS)
        return parts

    def parts(self) -> KeyPath:
        """Read a dotted key and the blanks around it."""
        start = self.at
        parts: list[str] = []
        while True:
            self.skip(_BLANKS)
            word = self.expect(KEY)
            if word[0] == '"':
                self.escapes(word, self.at - len(word))
            parts.append(word[1:-1] if word[0] in "\"'" else word)
            self.skip(_BLANKS)
            if len(parts) == MOST_PARTS + 1:
                self.too_much = True
                self.note(start, f"a key of more than {MOST_PARTS} parts cannot be read", None)
            if not self.take("."):
                return tuple(parts[:MOST_PARTS])

    # -- values --------------------------------------------------------------------------------------------

    def value(self) -> None:
        """Read a value with all values inside it; without recursion, so that deep nesting is not a problem."""
        closing: list[str] = []
        while True:
            opening = self.text[self.at : self.at + 1]
            if opening == "[":
                self.open("]", closing)
                self.skip(_SPACE)
                if not self.text.startswith("]", self.at):
                    continue
            elif opening == "{":
                self.open("}", closing)
                self.skip_in_braces()
                if not self.text.startswith("}", self.at):
                    self.key()
                    continue
            else:
                self.single(opening)
            if not self.go_on(closing):
                return

    def open(self, mark: str, closing: list[str]) -> None:
        closing.append(mark)
        if len(closing) == DEEPEST + 1:
            self.too_much = True
            self.note(
                self.at,
                f"values are nested too deeply to be read: at most {DEEPEST} levels",
                "nest them less",
            )
        self.at += 1

    def go_on(self, closing: list[str]) -> bool:
        """Close what ends here and go on to the next value inside; return False at the end of the outermost value."""
        while closing:
            braces = closing[-1] == "}"
            skip = self.skip_in_braces if braces else lambda: self.skip(_SPACE)
            skip()
            comma = self.at
            more = self.take(",")
            if more:
                skip()
            if self.take(closing[-1]):
                if more and braces:
                    self.note(comma, f"a comma before a closing brace, {_ONLY}", "remove the comma")
                closing.pop()
                continue
            if not more:
                raise _Malformed
            if braces:
                self.key()
            return True
        return False

    def skip_in_braces(self) -> None:
        """Skip blanks; line breaks and comments too, which TOML 1.0 does not allow here."""
        self.skip(_BLANKS)
        start = self.at
        self.skip(_SPACE)
        if self.at > start:
            self.line_break = start if self.line_break is None else self.line_break
            help_ = "write it on one line, or as a table with its own [header]"
            self.note(start, f"a line break in an inline table, {_ONLY}", help_)

    def single(self, opening: str) -> None:
        """Read a string or another value without values inside."""
        start = self.at
        if opening in ('"', "'"):
            word = self.expect(STRING)
            if opening == '"':
                self.escapes(word, start)
            return
        word = self.expect(_SCALAR).strip(" \t")
        if len(word) > MOST_DIGITS:
            self.note(start, f"a number of {len(word):,} characters cannot be read: at most {MOST_DIGITS:,}", None)
        if short := _SHORT_TIME.fullmatch(word):
            time = f"{short[1]}:{short[2]}"
            self.note(start, f"a time without seconds, {cut(word)}, {_ONLY}", f"write {time}:00")

    def escapes(self, word: str, start: int) -> None:
        """Note the escapes of TOML 1.1 in a basic string."""
        if "\\" not in word:
            return
        for found in _ESCAPE.finditer(word):
            if found[1] or found[2]:
                code = f"{found[1] or '1b'}".upper()
                self.note(start + found.start(), f"the escape {found[0][:2]}, {_ONLY}", f"write \\u00{code}")
