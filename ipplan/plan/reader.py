"""Values out of TOML tables, and a note of everything that is wrong with them.

A reader takes each value by its key path, notes a problem where it is not what it has to be, and goes on. This module
knows what TOML has, not what a plan says.
"""

from __future__ import annotations

import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from ipplan.addresses import AddressError, HostBitsError, Prefix, parse_prefix
from ipplan.findings import LONGEST_NAME, MOST_PROBLEMS, Finding, KeyPath, format_key

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable


LONGEST_TEXT = 10_000
"""Characters of a description or a reason."""


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that the given one was probably meant to be, None if none is near."""
    if len(word) > LONGEST_NAME:
        return None
    from difflib import get_close_matches

    # A slip of the finger seldom changes the length: of several near words, take the one as long.
    near = get_close_matches(word, sorted(known), n=3, cutoff=0.6)
    return min(near, key=lambda other: abs(len(other) - len(word)), default=None)


def show(value: object) -> str:
    """Return a value of a plan for a message, quoted, escaped and cut at about 80 characters.

    Cost does not depend on the size of the value.
    """
    if isinstance(value, str):
        text = '"' + ascii(value[:100])[1:-1] + ("" if len(value) > 100 else '"')
    elif isinstance(value, (datetime.date, datetime.time)):
        text = value.isoformat()
    elif type(value) is int and value.bit_length() > _LARGEST_SHOWN:
        text = hex(value)
    else:
        text = ascii(_start(value, 0))
    return text if len(text) <= 80 else text[:77] + "..."


_LARGEST_SHOWN = 1000
"""Bits of a number that is shown in decimals; Python converts no more than 4,300 digits."""


def _start(value: object, depth: int) -> object:
    """Return as much of a value as a message can show, because Python fails to write what is nested very deeply."""
    if isinstance(value, str):
        return value[:100]
    if isinstance(value, (list, dict)) and depth == 5:
        return ...
    if isinstance(value, list):
        return [_start(item, depth + 1) for item in value[:30]]
    if isinstance(value, dict):
        return {name[:100]: _start(item, depth + 1) for name, item in islice(value.items(), 30)}
    return hex(value) if type(value) is int and value.bit_length() > _LARGEST_SHOWN else value


def _type_name(value: object) -> str:
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
    return next((name for kind, name in names if isinstance(value, kind)), "something else")


_MOST_GUESSES = 500_000
"""Words that a reader compares with misspelt ones: a second or two."""


class Reader:
    """Reads the values of one document; collects problems, and the key paths that must be placed at their key.

    Keeps the first `MOST_PROBLEMS` problems and counts the others as `hidden`. Of `unreadable` keys, without
    indices, nobody needs to hear that they are missing.
    """

    def __init__(self, unreadable: Iterable[KeyPath] = ()) -> None:
        self.problems: list[Finding] = []
        self.hidden = 0
        self.unknown: set[KeyPath] = set()
        self.unreadable = frozenset(unreadable)
        self.guesses = _MOST_GUESSES

    # -- problems ------------------------------------------------------------------------------------------

    def problem(self, rule: str, key: KeyPath, message: str, help_: str | None = None) -> None:
        if self.full:
            self.hidden += 1
            return
        self.problems.append(
            Finding(rule=rule, severity="error", message=f"{format_key(key)} {message}", key=key, help=help_)
        )

    @property
    def full(self) -> bool:
        """Whether further problems are only counted."""
        return len(self.problems) == MOST_PROBLEMS

    def nearest(self, word: str, known: Collection[str]) -> str | None:
        """Return the known word that was probably meant, None if none is near or too many were compared before."""
        self.guesses -= len(known)
        return nearest(word, known) if self.guesses >= 0 and not self.full else None

    def unknown_key(self, key: KeyPath, known: Collection[str]) -> None:
        if self.full:
            self.hidden += 1
            return
        self.unknown.add(key)
        near = self.nearest(str(key[-1]), known)
        help_ = f"did you mean {near}?" if near else f"known keys here: {', '.join(known) or 'none'}"
        self.problem("unknown-key", key, "is not a key that ipplan knows; it would have no effect", help_)

    def wrong_type(self, key: KeyPath, value: object, wanted: str, help_: str | None = None) -> None:
        self.problem("wrong-type", key, f"is {_type_name(value)}, {show(value)}, and has to be {wanted}", help_)

    def missing(self, key: KeyPath, why: str, help_: str | None = None) -> None:
        if tuple(part for part in key if isinstance(part, str)) not in self.unreadable:
            self.problem("missing-key", key, f"is missing: {why}", help_)

    # -- values of a type ----------------------------------------------------------------------------------

    def table(self, parent: dict[str, Any], key: KeyPath, known: Collection[str]) -> dict[str, Any]:
        """Return the table at the last key, empty where there is none, and report the keys nobody knows."""
        value = parent.get(str(key[-1]), {})
        if not isinstance(value, dict):
            self.wrong_type(key, value, "a table")
            return {}
        for name in value:
            if name not in known:
                self.unknown_key((*key, name), known)
        return value

    def tables(
        self, parent: dict[str, Any], key: KeyPath, known: Collection[str], help_: str | None = None
    ) -> list[tuple[KeyPath, dict[str, Any]]]:
        """Return the array of tables at the last key as (path, table) pairs; `help_` says how to write it."""
        value = parent.get(str(key[-1]), [])
        if not isinstance(value, list):
            self.wrong_type(key, value, "an array of tables", help_ or f"write [[{key[-1]}]] above each entry")
            return []
        found: list[tuple[KeyPath, dict[str, Any]]] = []
        for index, row in enumerate(value):
            path = (*key, index)
            if not isinstance(row, dict):
                self.wrong_type(path, row, "a table")
                continue
            for name in row:
                if name not in known:
                    self.unknown_key((*path, name), known)
            found.append((path, row))
        return found

    def text(self, table: dict[str, Any], key: KeyPath, longest: int = LONGEST_TEXT) -> str | None:
        """Return the string at the last key; one that is too long is a problem."""
        value = table.get(str(key[-1]))
        if value is None or (isinstance(value, str) and len(value) <= longest):
            return value
        if isinstance(value, str):
            self.problem("bad-value", key, f"has {len(value):,} characters: at most {longest:,}", "shorten it")
        else:
            self.wrong_type(key, value, "a string", "put it in quotes")
        return None

    def name(self, table: dict[str, Any], key: KeyPath) -> str | None:
        """Return the name at the last key."""
        return self.text(table, key, LONGEST_NAME)

    def check_name(self, key: KeyPath) -> None:
        """Report a key that is no name: an empty or a very long one."""
        name = str(key[-1])
        if not name:
            self.problem("bad-value", key, "has an empty name")
        elif len(name) > LONGEST_NAME:
            self.problem(
                "bad-value",
                key,
                f"has a name of {len(name):,} characters: at most {LONGEST_NAME}",
                "shorten it",
            )

    def choice(self, table: dict[str, Any], key: KeyPath, known: Collection[str], what: str) -> str | None:
        value = self.text(table, key)
        return None if value is None else self.one_of(value, key, known, what)

    def one_of(self, value: str, key: KeyPath, known: Collection[str], what: str) -> str | None:
        """Return the value if it is a known one; another is a problem that names the nearest."""
        if value in known:
            return value
        near = self.nearest(value, known)
        help_ = f'did you mean "{near}"?' if near else f"write one of {', '.join(known)}"
        self.problem("bad-value", key, f"is {show(value)}, which is no {what}", help_)
        return None

    def number(self, table: dict[str, Any], key: KeyPath, least: int, most: int) -> int | None:
        value = table.get(str(key[-1]))
        if value is None:
            return None
        if type(value) is not int:
            self.wrong_type(key, value, "a whole number")
            return None
        if not least <= value <= most:
            self.problem("bad-value", key, f"is {show(value)}, and has to be from {least:,} to {most:,}")
            return None
        return value

    def texts(self, table: dict[str, Any], key: KeyPath) -> list[tuple[KeyPath, str]]:
        """Return the array of strings at the last key as (path, text) pairs."""
        value = table.get(str(key[-1]), [])
        if not isinstance(value, list):
            self.wrong_type(key, value, "an array of strings", "write it in brackets: [...]")
            return []
        found = []
        for index, item in enumerate(value):
            if isinstance(item, str):
                found.append(((*key, index), item))
            else:
                self.wrong_type((*key, index), item, "a string", "put it in quotes")
        return found

    def prefix(self, value: object, key: KeyPath) -> Prefix | None:
        """Read a CIDR that must be exact; host bits are a problem that names both likely intentions."""
        found = self.block(value, key)
        if found is None or found[1] is None:
            return found[0] if found else None
        block, written = found
        assert written is not None
        try:
            raise HostBitsError(block, written)
        except HostBitsError as error:
            self.problem(
                "bad-value",
                key,
                f"is {show(value)}: {error}",
                f"write {block}, or {error.exact} if only that part is meant",
            )
        return None

    def block(self, value: object, key: KeyPath) -> tuple[Prefix, int | None] | None:
        """Read a CIDR; where host bits are set return the block and the address as written."""
        if not isinstance(value, str):
            help_ = "a CIDR is a string, in quotes" if not isinstance(value, (list, dict)) else None
            self.wrong_type(key, value, 'a CIDR such as "10.1.0.0/16"', help_)
            return None
        try:
            return parse_prefix(value), None
        except HostBitsError as error:
            return error.block, error.address
        except AddressError as error:
            help_ = f'write "{error.suggestion}"' if error.suggestion else None
            self.problem("bad-value", key, f"is {show(value)}, which is no CIDR: {error}", help_)
            return None

    def reference(self, key: KeyPath, name: str, known: Collection[str], what: str) -> None:
        if self.full:
            self.hidden += 1
            return
        near = self.nearest(name, known)
        if near:
            help_ = f'did you mean "{near}"?'
        else:
            help_ = f"known: {', '.join(map(show, islice(known, 8)))}" if known else f"the plan has no {what} yet"
        self.problem("unknown-reference", key, f"is {show(name)}, and the plan has no such {what}", help_)
