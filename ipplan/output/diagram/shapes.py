"""Define the shapes of a diagram with their positions in pixels: boxes, bars, wires and labels. Pure data."""

from __future__ import annotations

from typing import Literal, NamedTuple

Point = tuple[float, float]
WireStyle = Literal["cable", "tunnel", "plain", "stretched", "open"]


class Rect(NamedTuple):
    """An upright rectangle."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """Its right side."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """Its lower side."""
        return self.y + self.height


class Label(NamedTuple):
    """A line of text, by its left end and baseline. `of` is its place or wire, `room` the width that is free for it."""

    x: float
    y: float
    text: str
    of: str
    room: float
    style: str = "fg"
    bold: bool = False


class Box(NamedTuple):
    """A device, or the networks at one place."""

    place: str
    rect: Rect
    family: str
    hints: tuple[str, ...] = ()


class Bar(NamedTuple):
    """A shared network, drawn across everything on it."""

    place: str
    rect: Rect
    style: str
    hints: tuple[str, ...] = ()


class Wire(NamedTuple):
    """A line between two places, by its corners."""

    key: str
    style: WireStyle
    first: str
    second: str
    points: tuple[Point, ...]


class Tap(NamedTuple):
    """The end of a track at a column: vertical at `x` from its row to `y`, at the side of a place.

    `first` and `second` say on which side of the links the column is.
    """

    column: str
    place: str
    x: float
    y: float
    first: bool
    second: bool


class Line(NamedTuple):
    """A placed track: a horizontal line at `y`, and a tap at each column that it joins."""

    key: str
    style: WireStyle
    y: float
    taps: tuple[Tap, ...]
    hints: tuple[str, ...]

    @property
    def left(self) -> float:
        """Its leftmost tap."""
        return min(tap.x for tap in self.taps)

    @property
    def right(self) -> float:
        """Its rightmost tap."""
        return max(tap.x for tap in self.taps)


class Drawing(NamedTuple):
    """A placed diagram. `frames` are data centers and sites, `caption` is the room for a line of text below the title."""

    width: float
    height: float
    title: str
    frames: tuple[Rect, ...]
    bars: tuple[Bar, ...]
    boxes: tuple[Box, ...]
    wires: tuple[Wire, ...]
    lines: tuple[Line, ...]
    labels: tuple[Label, ...]
    caption: Rect
    legend: float
