"""What a report is made of, as values: sections of tables, cards, walks and pictures. Knows nothing of HTML and Markdown.

Every text is as the plan has it; each renderer escapes it for its own format.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ipplan.output.table import Column

Mark = Literal["error", "warning", "note", "good", "waived", "plain"]
"""How something is judged. Each is shown by a word and a sign of its own, not by colour alone."""
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
"""What each word of a judged column means."""

Cell = str | int | None | tuple[str, ...]
"""A cell of a table; a tuple is a list of words, each of which can be filtered by."""


class Grid(NamedTuple):
    """A table with a title. Invariant: each row has a cell for each column.

    `judged` and `choices` are titles of columns: those whose words are `MARKS`, and those that a reader may filter by.
    `note` comes before the table; `empty` takes the place of one without rows. `cut` says where to find rows that are
    left out.
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
    """One device on a way: its name, what it does, and the packet and entries behind that."""

    device: str
    text: str
    details: tuple[str, ...]


class Way(NamedTuple):
    """A way there or back. `stop` says where and why it ends early, by name and text; it is empty where it arrives."""

    title: str
    steps: tuple[Step, ...]
    stop: tuple[tuple[str, str], ...]


class Walk(NamedTuple):
    """A flow step by step. `notes` are what it assumes."""

    key: str
    mark: Mark
    title: str
    verdict: str
    ways: tuple[Way, ...]
    notes: tuple[str, ...]


class Walks(NamedTuple):
    """Flows step by step; `cut` says how many more there are and where."""

    key: str
    title: str
    walks: tuple[Walk, ...]
    empty: str
    cut: str | None = None


class Picture(NamedTuple):
    """A drawing as SVG that is safe to place in a page, its title, and the command that draws it alone."""

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
    """A number of the first screen, with what it counts, a line of details, and the section that has them."""

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
