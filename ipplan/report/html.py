"""Renders a report as one self-contained page of HTML, which works without network, other files and JavaScript.

The only home of jinja2 and markupsafe. Every text goes through `escape` and jinja2's autoescape, so that a name cannot
inject anything or stay invisible. Same report, same bytes.
"""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

from ipplan.files import read_files
from ipplan.output.text import escape
from ipplan.report.model import MARKS, Cards, Facts, Grid, Picture, Walks

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from ipplan.output.table import Column
    from ipplan.report.model import Cell, Report

_RANKS = {word: rank for rank, word in enumerate(MARKS)}
"""Sort the words of marks by their severity, not by their letters."""
_SIGNS = {
    "error": "\u2716",
    "warning": "\u25b2",
    "note": "\u25cf",
    "good": "\u2714",
    "waived": "\u25c7",
    "plain": "",
}
"""The sign of each mark; each has a shape of its own, because print and many readers lose the colour."""

_LOOKS = {
    ("text", False): "",
    ("text", True): ' class="long"',
    ("address", False): ' class="address"',
    ("address", True): ' class="address long"',
    ("number", False): ' class="number"',
    ("number", True): ' class="number"',
}
"""The attribute of a cell by the kind of its column, and whether it is long."""
_LONG = 40
"""Wrap cells of more than 40 characters; shorter ones stay on one line, so that names and addresses stay whole."""


def render_html(report: Report) -> str:
    """Return the page; raise ImportError where jinja2 is not installed."""
    # Imported here, because only this command needs them, and they are optional.
    from jinja2 import DictLoader, Environment, StrictUndefined
    from markupsafe import Markup

    files = read_files("report/page", "")
    environment = Environment(
        loader=DictLoader({"page.html": files["page.html"]}),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    for kind in (Grid, Cards, Walks, Picture, Facts):
        environment.tests[kind.__name__.lower()] = _is(kind)
    environment.tests["many"] = _is(tuple)
    script = files["page.js"].strip()
    return environment.get_template("page.html").render(
        report=report,
        style=Markup(files["page.css"].strip()),
        script=Markup(script),
        hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        trusted=Markup,
        marks=MARKS,
        signs=_SIGNS,
        ranks=_RANKS,
        places_of=_places_of,
        values_of=_values_of,
        look_of=lambda column, cell: Markup(_LOOKS[column.kind, _is_long(cell)]),
        rules_of=lambda cards: sorted({card.rule for card in cards}),
    )


def _shown(value: object) -> object:
    """Return a value for the page: text with control characters escaped, numbers with separators."""
    if isinstance(value, str):
        # Trusted text is our own, and has nothing to escape.
        return value if hasattr(value, "__html__") else escape(value)
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int) else value


def _is(kind: type) -> Callable[..., bool]:
    return lambda value: isinstance(value, kind)


def _places_of(columns: tuple[Column, ...], titles: Collection[str]) -> list[int]:
    """Return the places of columns by their titles."""
    return [place for place, column in enumerate(columns) if column.title in titles]


def _is_long(cell: Cell) -> bool:
    return isinstance(cell, str) and len(cell) > _LONG


def _values_of(grid: Grid, title: str) -> list[str]:
    """Return the values by which a reader can filter a column, each once."""
    (place,) = _places_of(grid.columns, [title])
    found: dict[str, None] = {}
    for row in grid.rows:
        found |= dict.fromkeys(_words(row[place]))
    return sorted(found, key=lambda word: (word.casefold(), word))


def _words(cell: Cell) -> tuple[str, ...]:
    if isinstance(cell, tuple):
        return cell
    return () if cell in (None, "") else (str(cell),)
