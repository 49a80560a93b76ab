"""The parts of a report as values: sections of tables, cards, walks and pictures.

Knows nothing of HTML and Markdown. Every text is as in the plan; each renderer escapes it for its own format.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ipplan.output.table import Column

Mark = Literal["error", "warning", "note", "good", "waived", "plain"]
"""How good or bad something is. Each mark has a word and a sign of its own, not only a colour."""
MARKS: dict[str, Mark] = {
    "error": "error",
    "warning": "warning",
    "note": "note",
    "waived": "waived",
    "reachable": "good",
    "unreachable": "error",
    "ambiguous": "error",
    "undetermined": "warning",
    "agree": "good",
    "differs": "error",
    "not run": "warning",
    "in part": "warning",
    "in force": "waived",
    "unused": "warning",
    "expired": "warning",
    "new": "warning",
    "gone": "good",
}
"""The mark of each word in a column with marks."""

Cell = str | int | None | tuple[str, ...]
"""A cell of a table; a tuple is a list of words, and a reader can filter by each."""


class Grid(NamedTuple):
    """A table with a title. Invariant: each row has a cell for each column.

    `judged` and `choices` are titles of columns: those with words of `MARKS`, and those that a reader may filter by.
    `note` comes before the table; `empty` replaces a table without rows. `cut` says where to find rows that are left
    out.
    """

    key: str
    title: str
    columns: tuple[Column, ...]
    rows: Sequence[Sequence[Cell]]
    judged: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    note: str | None = None
    empty: str = "None."
    cut: str | None = None


class Card(NamedTuple):
    """One finding: its severity, rule and message, then facts by name, in their order."""

    mark: Mark
    word: str
    rule: str
    text: str
    facts: tuple[tuple[str, str], ...]
    networks: tuple[str, ...]
    new: bool = False


class Cards(NamedTuple):
    """A list of findings."""

    key: str
    title: str
    cards: tuple[Card, ...]
    empty: str


class Step(NamedTuple):
    """One device on the path: its name, what it does, and the packet and table entries that show it."""

    device: str
    text: str
    details: tuple[str, ...]


class Way(NamedTuple):
    """The path of the request or of the answer; `stop` says by name and text where and why it ends early."""

    title: str
    steps: tuple[Step, ...]
    stop: tuple[tuple[str, str], ...]


class Walk(NamedTuple):
    """A flow step by step; `notes` are its assumptions."""

    key: str
    mark: Mark
    title: str
    verdict: str
    ways: tuple[Way, ...]
    notes: tuple[str, ...]


class Walks(NamedTuple):
    """Flows step by step; `cut` says where to find flows that are left out."""

    key: str
    title: str
    walks: tuple[Walk, ...]
    empty: str
    cut: str | None = None


class Picture(NamedTuple):
    """A drawing as SVG that is safe to include in a page, its title, and the command that draws it."""

    key: str
    title: str
    svg: str
    command: str


class Facts(NamedTuple):
    """Names and values."""

    title: str
    rows: tuple[tuple[str, str], ...]


Block = Grid | Cards | Walks | Picture | Facts


class Section(NamedTuple):
    """A chapter of the report."""

    key: str
    title: str
    text: str | None
    blocks: tuple[Block, ...]


class Tile(NamedTuple):
    """A number of the first screen, with its title, lines of detail, and the section with the whole content."""

    title: str
    value: str
    mark: Mark
    lines: tuple[str, ...]
    section: str


class Report(NamedTuple):
    """A whole report: `verdict` is its first sentence, `tiles` are the first screen."""

    title: str
    subtitle: str | None
    mark: Mark
    verdict: str
    limits: str | None
    tiles: tuple[Tile, ...]
    sections: tuple[Section, ...]
    made_by: str
