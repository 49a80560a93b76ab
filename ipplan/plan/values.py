"""Read TOML values as the format of a plan requires, and report every problem.

Each reader takes a value and its key path. It returns the value in ipplan's own types, or None after it has reported
a problem. This module knows the forms of values, not what a plan says with them.
"""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

from ipplan.addresses import AddressError, HostBitsError, Prefix, parse_address, parse_prefix
from ipplan.findings import LONGEST_NAME, format_key
from ipplan.plan.format import LARGEST_NTH, LONGEST_TEXT
from ipplan.plan.model import NamedAddress
from ipplan.plan.problems import list_words, show

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from ipplan.findings import KeyPath
    from ipplan.plan.format import Form, Key, Table
    from ipplan.plan.model import Labels
    from ipplan.plan.problems import Problems

Block = tuple[Prefix, "int | None"]
"""A prefix, and the address as written where it had host bits."""


# -- tables --------------------------------------------------------------------------------------------------


def read_single(problems: Problems, document: Mapping[str, Any], table: Table) -> dict[str, Any]:
    """Return the values of a table that a plan has once, by key, as `read_entry` does."""
    row = document.get(table.name, {})
    if not isinstance(row, dict):
        problems.wrong_type((table.name,), row, "a table")
        return {}
    return read_entry(problems, row, (table.name,), table)


def read_named(
    problems: Problems, document: Mapping[str, Any], table: Table
) -> Iterator[tuple[str, KeyPath, dict[str, Any]]]:
    """Yield name, key path and values of each named table; the values of one that is not a table are empty."""
    rows = document.get(table.name, {})
    if not isinstance(rows, dict):
        problems.wrong_type((table.name,), rows, "a table", f"write {table.heading} above each entry")
        return
    for name, row in rows.items():
        at: KeyPath = (table.name, name)
        check_name(problems, at)
        if isinstance(row, dict):
            yield name, at, read_entry(problems, row, at, table)
        else:
            problems.wrong_type(at, row, "a table", f"write [{format_key(at)}] above its keys")
            yield name, at, {}


def read_array(
    problems: Problems, parent: Mapping[str, Any], at: KeyPath, table: Table, how: str | None = None
) -> list[tuple[KeyPath, dict[str, Any]]]:
    """Return key path and TOML row of each entry of an array of tables; `how` says how to write it."""
    rows = parent.get(str(at[-1]), [])
    if not isinstance(rows, list):
        problems.wrong_type(at, rows, "an array of tables", f"write {how or f'{table.heading} above each entry'}")
        return []
    found: list[tuple[KeyPath, dict[str, Any]]] = []
    for index, row in enumerate(rows):
        if isinstance(row, dict):
            found.append(((*at, index), row))
        else:
            problems.wrong_type((*at, index), row, "a table")
    return found


def read_entry(problems: Problems, row: Mapping[str, Any], at: KeyPath, table: Table) -> dict[str, Any]:
    """Return the values of one table by key, as `read_value` does, without those that have a problem.

    Reports what the format of the table does not allow: unknown, missing and excluded keys, and wrong values.
    """
    check_keys(problems, row, at, table)
    found = {}
    for name, value in row.items():
        key = table.keys.get(name)
        got = None if key is None else read_value(problems, value, (*at, name), key)
        if got is not None:
            found[name] = got
    return found


def check_keys(problems: Problems, row: Mapping[str, Any], at: KeyPath, table: Table) -> None:
    """Report keys that are unknown, missing, without effect or beside a key that excludes them."""
    for name in row:
        key = table.keys.get(name)
        if key is None:
            problems.unknown_key((*at, name), table.keys)
        elif key.only is not None:
            _check_effect(problems, row, (*at, name), key, table)
    for name, key in table.keys.items():
        if key.required is None or name in row:
            continue
        when = key.required_when
        if when is None or row.get(when.key) in when.values:
            problems.missing((*at, name), key.required, how_to_write(key))
    for group in table.at_most_one:
        first, *others = [name for name in group if name in row] or [""]
        for name in others:
            problems.bad_value(
                (*at, name), f"is given beside {first}: give at most one of {list_words(group)}", "remove one of them"
            )


def how_to_write(key: Key) -> str | None:
    """Return the help for a key that is missing, None where there is nothing to add."""
    if key.choices:
        return f"write one of {', '.join(key.choices)}"
    return None if key.how is None else f"write {key.how}"


def _check_effect(problems: Problems, row: Mapping[str, Any], at: KeyPath, key: Key, table: Table) -> None:
    """Report a key that has no effect, because another key has a value that does not go with it."""
    assert key.only is not None
    other, known = row.get(key.only.key), table.keys[key.only.key].choices
    # An unknown or missing value of the other key is a problem of that key alone.
    if other in known and other not in key.only.values:
        allowed = list_words([value for value in known if value in key.only.values])
        problems.bad_value(at, f'has no effect with {key.only.key} "{other}"; it is only for {allowed}', "remove it")


# -- values --------------------------------------------------------------------------------------------------


def read_value(problems: Problems, value: object, at: KeyPath, key: Key) -> Any:
    """Return a value in the form of its key, None after a problem.

    An array is a list of pairs, key path and value, without the values that have a problem.
    """
    read = _READERS[key.form]
    if not key.array:
        return read(problems, value, at, key)
    if not isinstance(value, list):
        problems.wrong_type(at, value, "an array of strings", "write it in brackets: [...]")
        return None
    found = (((*at, index), read(problems, item, (*at, index), key)) for index, item in enumerate(value))
    return [(path, item) for path, item in found if item is not None]


def read_text(problems: Problems, value: object, at: KeyPath, longest: int = LONGEST_TEXT) -> str | None:
    """Return a string of at most `longest` characters."""
    if isinstance(value, str):
        if len(value) <= longest:
            return value
        problems.bad_value(at, f"has {len(value):,} characters: at most {longest:,} are allowed", "shorten it")
    else:
        date = isinstance(value, datetime.date)
        problems.wrong_type(
            at, value, "a string", f"put it in quotes: {show(str(value))}" if date else "put it in quotes"
        )
    return None


def read_name(problems: Problems, value: object, at: KeyPath, _: Key | None = None) -> str | None:
    """Return the name of something."""
    return read_text(problems, value, at, LONGEST_NAME)


def check_name(problems: Problems, at: KeyPath) -> None:
    """Report an empty or very long name; the name is the last part of the key path."""
    name = str(at[-1])
    if not name:
        problems.bad_value(at, "has an empty name")
    elif len(name) > LONGEST_NAME:
        problems.bad_value(
            at, f"has a name of {len(name):,} characters: at most {LONGEST_NAME} are allowed", "shorten it"
        )


def choose(problems: Problems, value: str, at: KeyPath, known: Collection[str], noun: str) -> str | None:
    """Return the value if it is a known one; suggest the nearest for another."""
    if value in known:
        return value
    near = problems.nearest(value, known)
    help_ = f'did you mean "{near}"?' if near else f"write one of {', '.join(known)}"
    problems.bad_value(at, f"is {show(value)}, which is not a valid {noun}", help_)
    return None


def read_prefix(problems: Problems, value: object, at: KeyPath, _: Key | None = None) -> Prefix | None:
    """Return a prefix without host bits; the message about host bits names both likely intentions."""
    found = read_block(problems, value, at)
    if found is None:
        return None
    block, written = found
    if written is None:
        return block
    error = HostBitsError(block, written)
    problems.bad_value(at, f"is {show(value)}: {error}", f"write {block}, or {error.exact} if only that part is meant")
    return None


def read_block(problems: Problems, value: object, at: KeyPath, _: Key | None = None) -> Block | None:
    """Return a prefix; where host bits are set, the enclosing block and the address as written."""
    if not isinstance(value, str):
        help_ = "a CIDR is a string, in quotes" if not isinstance(value, (list, dict)) else None
        problems.wrong_type(at, value, 'a CIDR such as "10.1.0.0/16"', help_)
        return None
    try:
        return parse_prefix(value), None
    except HostBitsError as error:
        return error.block, error.address
    except AddressError as error:
        help_ = f'write "{error.suggestion}"' if error.suggestion else None
        problems.bad_value(at, f"is {show(value)}, which is not a valid CIDR: {error}", help_)
        return None


def _read_description(problems: Problems, value: object, at: KeyPath, _: Key) -> str | None:
    return read_text(problems, value, at)


def _read_file(problems: Problems, value: object, at: KeyPath, _: Key) -> str | None:
    name = read_name(problems, value, at)
    if name == "":
        problems.bad_value(at, "is empty", "write the path of a file, or remove it")
        return None
    return name


def _read_choice(problems: Problems, value: object, at: KeyPath, key: Key) -> str | None:
    text = read_text(problems, value, at)
    return None if text is None else choose(problems, text, at, key.choices, key.noun)


def _read_number(problems: Problems, value: object, at: KeyPath, key: Key) -> int | None:
    if type(value) is not int:
        problems.wrong_type(at, value, "a whole number")
        return None
    assert key.limits is not None
    least, most = key.limits
    if not least <= value <= most:
        problems.bad_value(at, f"is {show(value)}; it must be from {least:,} to {most:,}")
        return None
    return value


def _read_data_center(problems: Problems, value: object, at: KeyPath, _: Key) -> str | None:
    text = read_text(problems, value, at)
    if text is None or (
        len(text) == 5 and text.isascii() and text[:3].isalpha() and text[3:].isdigit() and text.islower()
    ):
        return text
    lower = text.strip().lower()
    help_ = f'write "{lower}"' if lower != text and len(lower) == 5 else None
    problems.bad_value(at, f'is {show(text)}; a data center is written like "dal10"', help_)
    return None


def _read_date(problems: Problems, value: object, at: KeyPath, _: Key) -> datetime.date | None:
    if isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
        return value
    problems.wrong_type(at, value, "a date such as 2027-03-31", "write it without quotes and without a time")
    return None


def _read_labels(problems: Problems, value: object, at: KeyPath, key: Key) -> Labels | None:
    if not isinstance(value, dict):
        problems.wrong_type(at, value, "a table", how_to_write(key))
        return None
    for name in value:
        check_name(problems, (*at, name))
    texts = ((name, read_name(problems, text, (*at, name))) for name, text in value.items())
    return tuple((name, text) for name, text in texts if text is not None)


def _read_addresses(problems: Problems, value: object, at: KeyPath, key: Key) -> tuple[NamedAddress, ...] | None:
    if not isinstance(value, dict):
        problems.wrong_type(at, value, "a table", how_to_write(key))
        return None
    found = (_read_named_address(problems, name, what, (*at, name)) for name, what in value.items())
    return tuple(address for address in found if address is not None)


def _read_named_address(problems: Problems, name: str, what: object, at: KeyPath) -> NamedAddress | None:
    if len(name) > LONGEST_NAME:
        check_name(problems, at)
    if type(what) is int:
        if what != 0 and abs(what) <= LARGEST_NTH:
            return NamedAddress(name, what, None)
        problems.bad_value(at, f"is {show(what)}; usable addresses are counted from 1, or from -1 at the end")
    elif isinstance(what, str):
        try:
            return NamedAddress(name, None, parse_address(what))
        except AddressError as error:
            help_ = "leave out the prefix length" if "/" in what else None
            problems.bad_value(at, f"is {show(what)}, which is not a valid address: {error}", help_)
    else:
        problems.wrong_type(at, what, "a whole number or an address in quotes")
    return None


def _read_tables(problems: Problems, value: object, at: KeyPath, key: Key) -> list[tuple[KeyPath, dict[str, Any]]]:
    assert key.table is not None
    rows = read_array(problems, {str(at[-1]): value}, at, key.table, key.how)
    return [(path, read_entry(problems, row, path, key.table)) for path, row in rows]


_READERS: Mapping[Form, Callable[[Problems, object, KeyPath, Key], Any]] = {
    "text": _read_description,
    "name": read_name,
    "file": _read_file,
    "number": _read_number,
    "choice": _read_choice,
    "data-center": _read_data_center,
    "prefix": read_prefix,
    "block": read_block,
    "date": _read_date,
    "labels": _read_labels,
    "addresses": _read_addresses,
    "tables": _read_tables,
}
"""The reader of each form."""
