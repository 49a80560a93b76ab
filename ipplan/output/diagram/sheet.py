"""Collect what is drawn: boxes, bars and lines with their labels, and lists of prefixes that fit their room.

Knows the size of text; must not know landscapes.
"""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from ipplan.output.diagram.shapes import Bar, Box, Label, Line, Rect, Wire
from ipplan.output.svg import NORMAL, SMALL, fit, text_width

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ipplan.output.diagram.content import Item
    from ipplan.output.diagram.shapes import WireStyle

TEXT, BAR = 14.0, 26.0
"""The height of a line of text, and of a bar with its title above and the way of a flow below."""
BADGE = 60.0
"""The room beside the title of a box for the numbers of hops."""
_INDENT = 12.0
"""The indent of a name on a line of its own, below its prefix."""


class Sheet:
    """Collects what is drawn; boxes and bars by their places."""

    def __init__(self) -> None:
        self.boxes: dict[str, Box] = {}
        self.bars: dict[str, Bar] = {}
        self.wires: list[Wire] = []
        self.lines: list[Line] = []
        self.labels: list[Label] = []

    def bar(
        self,
        place: str,
        left: float,
        right: float,
        y: float,
        style: str,
        title: str,
        at: float | None = None,
        limit: float | None = None,
        hints: tuple[str, ...] = (),
    ) -> None:
        """Draw a bar with its title between `at` and `limit`, by default from end to end."""
        self.bars[place] = Bar(place, Rect(left, y, right - left, BAR), style, (title, *hints))
        start = left + 10 if at is None else at
        room = (right if limit is None else limit) - start - 6
        self.labels.append(Label(start, y + 12.5, fit(title, room, SMALL, bold=True), place, room, "fg", bold=True))

    def box(
        self, place: str, rect: Rect, family: str, title: str, hints: tuple[str, ...], *, badge: bool = True
    ) -> None:
        """Draw a box with its title, and with room for numbers of hops beside it."""
        self.boxes[place] = Box(place, rect, family, (title, *hints))
        start = 14 if badge else 10
        room = rect.width - start - (8 + BADGE if badge else 2)
        at = rect.y + (17 if badge else (rect.height + 9) / 2)
        self.labels.append(Label(rect.x + start, at, fit(title, room, NORMAL, bold=True), place, room, "fg", bold=True))

    def wire(self, first: str, second: str, style: WireStyle, *points: tuple[float, float]) -> str:
        """Draw a line between two places; return its key."""
        key = f"{first} - {second}"
        self.wires.append(Wire(key, style, first, second, points))
        return key

    def write(self, items: Iterable[Item], x: float, y: float, room: float, of: str) -> int:
        """Write items below `y`; return the number of lines."""
        lines = wrap(items, room)
        for number, line in enumerate(lines):
            at = y + TEXT * number + 11
            for offset, words, style in line:
                self.labels.append(Label(x + offset, at, words, of, room - offset, style))
        return len(lines)


def wrap(items: Iterable[Item], room: float) -> list[list[tuple[float, str, str]]]:
    """Return items as lines of words with offsets: a prefix is never cut, and a long name gets its own line."""
    listed = tuple(items)
    offset = ceil(max((text_width(item.value, SMALL) for item in listed), default=0.0)) + 8
    lines: list[list[tuple[float, str, str]]] = []
    for value, name in listed:
        # Names are aligned, unless a long prefix leaves too little room.
        own = ceil(text_width(value, SMALL)) + 8
        wide = text_width(name, SMALL)
        start = next((at for at in (offset, own) if at + wide <= room), None)
        if value:
            lines.append([(0.0, fit(value, room, SMALL), "fg")])
        if name and value and start is not None:
            lines[-1].append((start, fit(name, room - start, SMALL), "quiet"))
        elif name:
            indent = _INDENT if value else 0.0
            lines.append([(indent, fit(name, room - indent, SMALL), "quiet")])
    return lines
