"""Pin networks in the text of a plan, or add tables at its end; only the lines that must change differ.

Comments, order, spacing, quotes, line ends and a missing last newline stay as they are. The result is read again and
compared with the intended plan before it is returned. This module opens no file, and knows nothing of placements.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import tomli

from ipplan.plan.toml_positions import scan

if TYPE_CHECKING:
    from collections.abc import Mapping

_MARK = "\ufeff"
_SIZES = ("prefix", "hosts")
"""The keys that the pinned range replaces: a network states one of cidr, prefix and hosts."""

_WORD = re.compile(r"[ \t]*([A-Za-z0-9_-]+|\"(?:[^\"\\\n]|\\.)*\"|'[^'\n]*')[ \t]*")
_INTEGER = re.compile(r"[A-Za-z0-9_+-]+")
_STRING = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*"{3,5}|\'\'\'(?:[^\']|\'(?!\'\'))*\'{3,5}|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'',
    re.DOTALL,
)


class EditDefectError(AssertionError):
    """Report that the edited text is not the intended plan: a defect of ipplan, never of a plan."""


class AppendError(ValueError):
    """Report entries that the text states on one line, so that no tables can be added; the message names them."""


class _Splice(NamedTuple):
    """The text that replaces text[start:end]."""

    start: int
    end: int
    text: str


def pin_networks(data: bytes, pins: Mapping[str, str]) -> bytes:
    """Return the text of a plan with `cidr` of each named network set to the given CIDR.

    The line of `prefix` or `hosts` becomes the line of `cidr`; for a network with neither, a line is added after its
    `kind`. The text has to be a plan that `parse_plan` accepts, and no named network may have a `cidr`. Cost is linear
    in the size of the text. Raises EditDefectError if the result is not the intended plan.
    """
    if not pins:
        return data
    whole = data.decode("utf-8")
    text = whole.removeprefix(_MARK)
    parts: list[str] = [whole[: len(whole) - len(text)]]
    at = 0
    for splice in _splices(text, pins):
        parts += (text[at : splice.start], splice.text)
        at = splice.end
    parts.append(text[at:])
    edited = "".join(parts)
    _compare(text, edited.removeprefix(_MARK), pins)
    return edited.encode("utf-8")


def _splices(text: str, pins: Mapping[str, str]) -> list[_Splice]:
    """Return the edits in the order of the text."""
    places: dict[tuple[str, str], tuple[int, int]] = {}
    inline: set[str | None] = set()
    for path, key_at, value_at in scan(text):
        if path[0] != "networks" or len(path) > 3:
            continue
        if len(path) == 3:
            places[str(path[1]), str(path[2])] = key_at, value_at
        elif text[value_at] == "{":
            inline.add(str(path[1]) if len(path) == 2 else None)
    found: list[_Splice] = []
    for name, cidr in pins.items():
        size = next((key for key in _SIZES if (name, key) in places), None)
        if size is not None:
            found += _replace(text, *places[name, size], cidr)
        elif (name, "kind") in places:
            braces = name in inline or None in inline
            found.append(_insert(text, *places[name, "kind"], cidr, inline=braces))
        else:
            raise EditDefectError(f"no place was found for the range of {name!r}")
    return sorted(found)


def _last_word(text: str, key_at: int) -> tuple[int, int]:
    """Return where the last part of a dotted key starts and ends."""
    at = key_at
    while True:
        word = _WORD.match(text, at)
        assert word is not None
        at = word.end()
        if text[at] != ".":
            return word.span(1)
        at += 1


def _replace(text: str, key_at: int, value_at: int, cidr: str) -> tuple[_Splice, _Splice]:
    """Turn `prefix = 24` into `cidr = "..."`, the spaces around the equals sign as they are."""
    start, end = _last_word(text, key_at)
    quote = text[start] if text[start] in "\"'" else ""
    value = _INTEGER.match(text, value_at)
    assert value is not None
    return _Splice(start, end, f"{quote}cidr{quote}"), _Splice(value_at, value.end(), f'"{cidr}"')


def _insert(text: str, key_at: int, value_at: int, cidr: str, *, inline: bool) -> _Splice:
    """Add `cidr = "..."` after `kind = "..."`: after a comma in an inline table, else on a line of its own."""
    table = text[key_at : _last_word(text, key_at)[0]]
    value = _STRING.match(text, value_at)
    assert value is not None
    statement = f'{table}cidr = "{cidr}"'
    if inline:
        return _Splice(value.end(), value.end(), f", {statement}")
    indent = text[text.rfind("\n", 0, key_at) + 1 : key_at]
    end = text.find("\n", value.end())
    if end >= 0:
        line_end = "\r\n" if text[end - 1] == "\r" else "\n"
        return _Splice(end + 1, end + 1, indent + statement + line_end)
    # The last line has no line end, and the new last line gets none either; the line before shows which line end to use.
    before = text.rfind("\n")
    line_end = "\r\n" if before > 0 and text[before - 1] == "\r" else "\n"
    return _Splice(len(text), len(text), line_end + indent + statement)


def _compare(text: str, edited: str, pins: Mapping[str, str]) -> None:
    """Raise unless the edited text says what the old one says, with pinned ranges instead of sizes."""
    meant = tomli.loads(text)
    for name, cidr in pins.items():
        network = meant["networks"][name]
        for key in _SIZES:
            network.pop(key, None)
        network["cidr"] = cidr
    try:
        said = tomli.loads(edited)
    except tomli.TOMLDecodeError as error:
        raise EditDefectError(f"the edited plan cannot be read: {error}") from None
    if said != meant:
        raise EditDefectError("the edited plan is not the intended one")


def append_tables(data: bytes, added: str) -> bytes:
    """Return the text of a plan with tables added at its end; line ends and a byte order mark stay.

    The text has to be a plan that `parse_plan` accepts. Raises AppendError if it states entries of an added table on one
    line, and EditDefectError if the result does not say what both texts say.
    """
    old = data.decode("utf-8").removeprefix(_MARK)
    line_end = "\r\n" if "\r\n" in old else "\n"
    edited = old + ("" if old.endswith("\n") or not old else line_end) + added.replace("\n", line_end)
    meant, more = tomli.loads(old), tomli.loads(added)
    try:
        said = tomli.loads(edited)
    except tomli.TOMLDecodeError:
        raise AppendError(", ".join(f"{title} = ..." for title in more)) from None
    for title, value in more.items():
        entries = meant.get(title)
        meant[title] = [*(entries or []), *value] if isinstance(value, list) else {**(entries or {}), **value}
    if said != meant:
        raise EditDefectError("the plan with the tables is not the intended one")
    return data[: len(data) - len(old.encode("utf-8"))] + edited.encode("utf-8")
