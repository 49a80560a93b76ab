"""The problems of a plan that cannot be read: collected while the reader goes on, at most `MOST_PROBLEMS`.

Knows key paths and words for people, nothing of the format of a plan.
"""

from __future__ import annotations

import datetime
from itertools import islice
from typing import TYPE_CHECKING

from ipplan.findings import LONGEST_NAME, MOST_PROBLEMS, Finding, KeyPath, format_key

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

_MOST_BITS = 1000
"""Show a number of at most 1,000 bits in decimals, a longer one in hexadecimal: Python converts at most 4,300 digits."""
_MOST_COMPARISONS = 500_000
"""Compare at most 500,000 known words with misspelt ones, which takes a second or two."""
_MOST_LISTED = 8
"""List at most 8 known names in a message."""


class Problems:
    """Collect the problems of one document, and which key paths to place at their key, not at their value.

    Keeps the first `MOST_PROBLEMS` problems and counts the others as `hidden`. A key path of `unreadable`, without
    indices, is a syntax problem already: it is not reported as missing.
    """

    def __init__(self, unreadable: Iterable[KeyPath] = ()) -> None:
        self.found: list[Finding] = []
        self.hidden = 0
        self.unknown: set[KeyPath] = set()
        self._unreadable = frozenset(unreadable)
        self._comparisons_left = _MOST_COMPARISONS

    @property
    def full(self) -> bool:
        """Whether further problems are only counted."""
        return len(self.found) == MOST_PROBLEMS

    def add(self, rule: str, key: KeyPath, message: str, help_: str | None = None) -> None:
        """Add a problem; the message goes on after the key path."""
        if self.full:
            self.hidden += 1
            return
        self.found.append(
            Finding(rule=rule, severity="error", message=f"{format_key(key)} {message}", key=key, help=help_)
        )

    def bad_value(self, key: KeyPath, message: str, help_: str | None = None) -> None:
        """Add the problem that a value has the right type and is not allowed."""
        self.add("bad-value", key, message, help_)

    def wrong_type(self, key: KeyPath, value: object, wanted: str, help_: str | None = None) -> None:
        """Add the problem that a value has the wrong TOML type."""
        self.add("wrong-type", key, f"is {_type_name(value)}, {show(value)}; it must be {wanted}", help_)

    def missing(self, key: KeyPath, why: str, help_: str | None = None) -> None:
        """Add the problem that a required key is missing."""
        if tuple(part for part in key if isinstance(part, str)) not in self._unreadable:
            self.add("missing-key", key, f"is missing: {why}", help_)

    def unknown_key(self, key: KeyPath, known: Collection[str]) -> None:
        """Add the problem that a key is not one of the known ones; suggest the nearest."""
        if self.full:
            self.hidden += 1
            return
        self.unknown.add(key)
        near = self.nearest(str(key[-1]), known)
        help_ = f"did you mean {near}?" if near else f"known keys here: {', '.join(known)}"
        self.add("unknown-key", key, "is not a key that ipplan knows; it would have no effect", help_)

    def unknown_reference(self, key: KeyPath, name: str, known: Collection[str], what: str) -> None:
        """Add the problem that a name refers to nothing in the plan; suggest the nearest, else list known names."""
        if self.full:
            self.hidden += 1
            return
        near = self.nearest(name, known)
        if near:
            help_ = f'did you mean "{near}"?'
        else:
            help_ = f"known: {list_names(known)}" if known else f"the plan has no {what} yet"
        self.add("unknown-reference", key, f"is {show(name)}, and the plan has no such {what}", help_)

    def nearest(self, word: str, known: Collection[str]) -> str | None:
        """Return the known word that was probably meant; None if none is near, or after too many comparisons."""
        self._comparisons_left -= len(known)
        return nearest(word, known) if self._comparisons_left >= 0 and not self.full else None


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that was probably meant, None if none is near."""
    if len(word) > LONGEST_NAME:
        return None
    from difflib import SequenceMatcher, get_close_matches

    def likeness(other: str) -> tuple[bool, float]:
        # A word that was cut short means the one that it starts. Of words that are nearly as close, one as long wins:
        # "vcs-vn" means vcs-vm, although vcs-vsan has all of its letters.
        return other.startswith(word), SequenceMatcher(None, other, word).ratio() - abs(len(other) - len(word)) / 50

    return max(get_close_matches(word, sorted(known), n=3, cutoff=0.6), key=likeness, default=None)


def list_names(names: Collection[str]) -> str:
    """Return names for a message, quoted, at most the first `_MOST_LISTED`."""
    return ", ".join(map(show, islice(names, _MOST_LISTED))) + (", …" if len(names) > _MOST_LISTED else "")


def list_words(words: Sequence[str], last: str = "and") -> str:
    """Return words as a list in a sentence: "a, b and c"."""
    return f" {last} ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def show(value: object) -> str:
    """Return a value of a plan for a message, quoted, escaped and cut at about 80 characters.

    Cost does not depend on the size of the value.
    """
    if isinstance(value, str):
        text = '"' + ascii(value[:100])[1:-1] + ("" if len(value) > 100 else '"')
    elif isinstance(value, (datetime.date, datetime.time)):
        text = value.isoformat()
    elif type(value) is int and value.bit_length() > _MOST_BITS:
        text = hex(value)
    else:
        text = ascii(_start(value, 0))
    return text if len(text) <= 80 else text[:77] + "..."


def _start(value: object, depth: int) -> object:
    """Return as much of a value as a message can show, because Python cannot write a value that is nested very deeply."""
    if isinstance(value, str):
        return value[:100]
    if isinstance(value, (list, dict)) and depth == 5:
        return ...
    if isinstance(value, list):
        return [_start(item, depth + 1) for item in value[:30]]
    if isinstance(value, dict):
        return {name[:100]: _start(item, depth + 1) for name, item in islice(value.items(), 30)}
    return hex(value) if type(value) is int and value.bit_length() > _MOST_BITS else value


def _type_name(value: object) -> str:
    """Return what TOML calls the type of a value, with its article."""
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, datetime.datetime):
        return "a date and time"
    names: tuple[tuple[type, str], ...] = (
        (str, "a string"),
        (int, "a number"),
        (float, "a decimal number"),
        (datetime.date, "a date"),
        (datetime.time, "a time"),
        (list, "an array"),
        (dict, "a table"),
    )
    return next(name for type_, name in names if isinstance(value, type_))
