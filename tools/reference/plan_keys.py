"""The page on every key of a plan, from the format of a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.findings import LONGEST_NAME
from ipplan.plan.format import LONGEST_TEXT, SCHEMA, TABLES
from ipplan.plan.kinds import KINDS
from ipplan.plan.methods import PAIRS
from ipplan.plan.problems import list_words
from tools.reference.markdown import list_code, render_table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ipplan.plan.format import Form, Key, Table

_MADE_BY = "`python -m tools.build_reference` makes this page from the sources."
_FORMS: Mapping[Form, Callable[[Key], str]] = {
    "text": lambda _: "text",
    "name": lambda _: "name",
    "file": lambda _: "path of a file",
    "number": lambda key: "whole number, {:,} to {:,}".format(*(key.limits or ())),
    "choice": lambda key: list_words([f'`"{choice}"`' for choice in key.choices], "or"),
    "data-center": lambda _: 'data center, such as `"dal10"`',
    "prefix": lambda _: "CIDR without host bits",
    "block": lambda _: "CIDR",
    "date": lambda _: "TOML date, such as `2027-03-31`",
    "labels": lambda _: 'table of texts, such as `{ team = "erp" }`',
    "addresses": lambda _: "table of numbers and addresses, such as `{ gateway = 1 }`",
    "tables": lambda key: f"array of tables, such as `{(key.how or '').partition(' = ')[2]}`",
}
"""The value of a key in words, by its form."""
_END_NAMES = {
    "iks": "IKS cluster",
    "icp": "ICP cluster",
    "edge": "edge",
    "site": "site",
    "ibm-private": "`ibm-private`",
}


def page() -> str:
    """Return the page: every key, table by table."""
    top = [("`schema`", f"`{SCHEMA}`", f"`{SCHEMA}`", "The version of the plan format.")]
    parts = [
        "# Plan keys\n",
        f"Every table and key of a plan file. {_MADE_BY} [The plan file](plan-file.md) explains how they work together.\n",
        "A key may be left out unless it is required. A key that is not listed here is an error. A name has at most"
        f" {LONGEST_NAME} characters, a text at most {LONGEST_TEXT:,}.\n",
        render_table(("key", "value", "default", "meaning"), top),
    ]
    for table in TABLES.values():
        parts += _table(table)
        if table.name == "link":
            parts += ["The methods of each pair of ends:\n", _methods()]
        for key in table.keys.values():
            if key.table is not None:
                parts += _table(key.table, f"`{key.table.name}` in `{table.heading}`")
    return "\n".join(parts)


def _table(table: Table, title: str | None = None) -> list[str]:
    """Return the section of one table."""
    rows = [(f"`{name}`", _value(key), _default_of(key), _meaning(key)) for name, key in table.keys.items()]
    exclusive = [f"Give at most one of {list_words([f'`{name}`' for name in group])}.\n" for group in table.at_most_one]
    return [
        f"## {title or f'`{table.heading}`'}\n",
        f"{table.meaning}\n",
        *exclusive,
        render_table(("key", "value", "default", "meaning"), rows),
    ]


def _methods() -> str:
    """Return the table of the methods that can join each pair of ends."""
    rows = [(" and ".join(_END_NAMES[end] for end in pair.ends), list_code(pair.methods)) for pair in PAIRS.values()]
    return render_table(("ends", "methods"), rows)


def _value(key: Key) -> str:
    """Return what a value is, in words."""
    if key.choices == tuple(KINDS):
        return "a [kind](kinds.md)"
    if not key.array:
        return _FORMS[key.form](key)
    number = "" if key.items is None else f" of {key.items}"
    return f"array{number}, each value {'' if key.choices else 'a '}{_FORMS[key.form](key)}"


def _default_of(key: Key) -> str:
    if key.required is not None and key.required_when is None:
        return "required"
    if key.required_when is not None:
        return f"required for {key.required_when.key} {list_code(key.required_when.values, 'or')}"
    return key.default or ""


def _meaning(key: Key) -> str:
    return (
        key.meaning
        if key.only is None
        else f"{key.meaning} Only for {key.only.key} {list_code(key.only.values, 'or')}."
    )
