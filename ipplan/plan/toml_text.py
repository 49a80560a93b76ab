"""TOML text, read with every syntax problem at once.

tomli reads; it stops at the first error. So a statement that it refuses is blanked and the text is read again. This
module knows nothing of what a plan means.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import tomli

if TYPE_CHECKING:
    from ipplan.plan.toml_problems import SyntaxProblem

MOST_PROBLEMS = 20
"""After so many syntax problems the reader stops looking for more."""

_LARGEST_RETRY = 2 * 1024 * 1024
"""Texts beyond so many characters are read once only, since each further problem costs a whole reading."""


def decode(data: bytes) -> str:
    """Return the text of a plan without its byte order mark; bytes that are no UTF-8 are replaced."""
    return data.decode("utf-8", "replace").removeprefix("\ufeff")


def quote(text: str) -> str:
    r"""Return the text as a basic string of TOML; control and format characters and line breaks as \uXXXX.

    Surrogates, which TOML cannot hold, become U+FFFD.
    """
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


def read_toml(data: bytes) -> tuple[dict[str, Any], list[SyntaxProblem]]:
    """Return what the text says, and every statement that could not be read; never raises."""
    try:
        text = data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        from ipplan.plan.toml_problems import not_utf8

        return {}, [not_utf8(data, error)]
    problems: list[SyntaxProblem] = []
    while True:
        try:
            return tomli.loads(text), problems
        except tomli.TOMLDecodeError as error:
            from ipplan.plan.toml_problems import without_statement

            broken = text
            problem, text = without_statement(broken, error)
            problems.append(problem)
            if text == broken or len(text) > _LARGEST_RETRY or len(problems) == MOST_PROBLEMS:
                return {}, problems
        except RecursionError:
            return {}, [*problems, _whole("values are nested too deeply to be read")]
        except ValueError as error:  # an integer of more digits than Python converts
            return {}, [*problems, _whole(f"a number cannot be read: {str(error)[:80]}")]


def _whole(message: str) -> SyntaxProblem:
    """Return a problem of the text as a whole."""
    from ipplan.plan.toml_problems import SyntaxProblem

    return SyntaxProblem(message, 1, 1, (), None, "toml-syntax")
