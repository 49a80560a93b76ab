"""Read TOML text, and report every syntax problem at once.

tomli stops at the first error. So a statement that it refuses is replaced by blank lines, and the text is read again.
What only TOML 1.1 allows is refused before, because some versions of tomli accept it. This module knows nothing of what
a plan means.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

import tomli

if TYPE_CHECKING:
    from ipplan.plan.toml_problems import SyntaxProblem

MOST_PROBLEMS = 200
"""Report at most 200 syntax problems; the reader then stops."""

_MOST_READ = 40 * 1024 * 1024
"""Read at most 40 Mi characters again for further problems, because each problem takes one more pass."""

_LONG_LINE = 2000
"""Count the dots in lines of more than 2,000 characters: a key of many parts needs much memory in old tomli."""


class Reading(NamedTuple):
    """The document of a text, and a problem for each statement that could not be read.

    `hidden` counts further problems. `blanked` is the text with blank lines instead of these statements, None if every
    statement was read.
    """

    document: dict[str, Any]
    problems: list[SyntaxProblem]
    hidden: int = 0
    blanked: str | None = None


def decode(data: bytes) -> str:
    """Return the text of a plan without its byte order mark; bytes that are not UTF-8 are replaced."""
    return data.decode("utf-8", "replace").removeprefix("\ufeff")


def quote(text: str) -> str:
    r"""Return the text as a basic string of TOML; control and format characters and line breaks as \uXXXX.

    Surrogates, which TOML cannot hold, become U+FFFD.
    """
    if text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    from unicodedata import category

    text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return '"' + "".join(_quoted(char, category(char)) for char in text) + '"'


def _quoted(char: str, category: str) -> str:
    if char in '"\\':
        return "\\" + char
    if category not in ("Cc", "Cf", "Zl", "Zp"):
        return char
    number = ord(char)
    return f"\\u{number:04X}" if number < 1 << 16 else f"\\U{number:08X}"


def read_toml(data: bytes) -> Reading:
    """Read a text of TOML 1.0, also if the installed tomli accepts more; never raises."""
    try:
        text = data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        from ipplan.plan.toml_problems import not_utf8

        return Reading({}, [not_utf8(data, error)], 0, "")
    if not _may_be_newer(text):
        try:
            return Reading(tomli.loads(text), [])
        except (ValueError, RecursionError):
            pass  # ValueError: the error of tomli, or an integer with more digits than Python converts
    return _Repeated(text).read()


class _Repeated:
    """Read a text repeatedly, each time without the statement that was refused."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.problems: list[SyntaxProblem] = []
        self.hidden = 0

    def read(self) -> Reading:
        left = _MOST_READ
        while True:
            self.refuse_newer()
            try:
                document = tomli.loads(self.text)
            except tomli.TOMLDecodeError as error:
                before = self.text
                self.refuse(error)
                left -= len(self.text)
                if self.text == before or left < 0 or len(self.problems) >= MOST_PROBLEMS:
                    return self.give_up("the rest of the file was not read: correct the problems above first")
            except RecursionError:
                return self.give_up("values are nested too deeply to be read")
            except ValueError as error:
                return self.give_up(f"a number cannot be read: {str(error)[:80]}")
            else:
                return Reading(document, self.problems, self.hidden, self.text)

    def refuse_newer(self) -> None:
        from ipplan.plan.toml_dialect import without_newer

        most = MOST_PROBLEMS - len(self.problems)
        found, hidden, self.text = without_newer(self.text, most)
        self.problems += found
        self.hidden += hidden

    def refuse(self, error: tomli.TOMLDecodeError) -> None:
        from ipplan.plan.toml_problems import without_statement

        problem, self.text = without_statement(self.text, error)
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(problem)
        else:
            self.hidden += 1

    def give_up(self, message: str) -> Reading:
        """Return only problems; the last one says why there is no document."""
        from ipplan.plan.toml_problems import SyntaxProblem

        if len(self.problems) < MOST_PROBLEMS:
            line, column = (self.problems[-1].line, self.problems[-1].column) if self.problems else (1, 1)
            self.problems.append(SyntaxProblem(message, line, column, (), None, "toml-syntax"))
        else:
            self.hidden += 1
        return Reading({}, self.problems, self.hidden, "")


def _may_be_newer(text: str) -> bool:
    """Return whether a text may have something that TOML 1.0 does not have: seldom wrong, and never a false no.

    Cost is linear and a small part of reading the text.
    """
    return (
        "\\e" in text
        or "\\x" in text
        or ("{" in text and not _has_plain_braces(text))
        or re.search(_SHORT_TIME, text) is not None
        or _has_long_key(text)
    )


_SHORT_TIME = r":(?<=[0-9]{2}:)[0-5][0-9](?=[ \t\r\n,\]}#Zz+-]|\Z)"
_INLINE_TABLE = r"""=[ \t]*\{(?:[^{}\n"'#,]|"[^"\\\n{}]*"|'[^'\n{}]*'|,(?![ \t]*\}))*\}"""


def _has_plain_braces(text: str) -> bool:
    """Return whether every brace belongs to an inline table that is the value of a bare key, on one line."""
    if '"""' in text or "'''" in text:
        return False
    found = 0
    for table in re.finditer(_INLINE_TABLE, text):
        key = text[text.rfind("\n", 0, table.start()) + 1 : table.start()]
        if any(mark in key for mark in "#\"'[{"):
            return False
        found += 1
    return found == text.count("{") == text.count("}")


def _has_long_key(text: str) -> bool:
    """Return whether a long line may have a dotted key of many parts."""
    at = 0
    while len(text) - at > _LONG_LINE:
        end = text.rfind("\n", at, at + _LONG_LINE)
        if end < 0:
            end = text.find("\n", at)
            end = len(text) if end < 0 else end
            if text.count(".", at, end) > _LONG_LINE // 4:
                return True
        at = end + 1
    return False
