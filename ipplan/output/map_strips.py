"""Draw spaces as strips: the shapes of `address_map.strips` with names inside, numbers below, and a key.

A name is inside its shape if it fits; any other network has a number, inside or below the strip, and its name in the
key of the space. Texts never touch each other, because each has a box of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ipplan.address_map.strips import BETWEEN, MINIMUM, lay_out
from ipplan.addresses import format_address
from ipplan.output import svg
from ipplan.output.map_parts import (
    MARGIN,
    WIDTH,
    Key,
    count,
    draw_key,
    draw_lines,
    name_lines,
    overlap_lines,
    rows_of,
    span,
    tip,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ipplan.address_map import Surveyed
    from ipplan.address_map.strips import Shape, Strip
    from ipplan.output.map_parts import Ink
    from ipplan.plan.model import Network

_BAR = 40.0
"""The height of a strip in pixels."""

_TICKS = 16.0
"""The height of the row of addresses above a strip, and of each row of marks below it, in pixels."""


class _Mark(NamedTuple):
    """A mark below a strip, centred between two places: numbers of networks, or the letter of a further strip."""

    left: float
    right: float
    first: str
    last: str
    width: float

    @property
    def words(self) -> str:
        return self.first if self.first == self.last else f"{self.first}–{self.last}"

    def box(self) -> tuple[float, float]:
        """Return the left and right end of the text, within the width of the strip."""
        wide = svg.text_width(self.words, svg.SMALL) + 4
        left = min(max((self.left + self.right - wide) / 2, 0), self.width - wide)
        return left, left + wide


def draw_space(ink: Ink, surveyed: Surveyed, y: float) -> tuple[str, float]:
    """Return a space with its strips and key, and the height."""
    writer = _Writer(ink, surveyed)
    strip = lay_out(surveyed, WIDTH)
    top = y
    body = [_heading(ink, surveyed, y)]
    y += 24
    letters: Iterator[str] = map(_letter, range(1 << 20))
    drawn, y = writer.draw(strip, MARGIN, y, letters)
    body += drawn
    lines, height = draw_lines(ink, overlap_lines(surveyed), MARGIN, y, WIDTH, sign="!")
    y += height
    key, height_of_key = draw_key(ink, Key(tuple(writer.keyed)), MARGIN, y, WIDTH)
    return "\n".join([*body, lines, key]), y + height_of_key - top


def _letter(index: int) -> str:
    return chr(ord("A") + index % 26) * (index // 26 + 1)


def _heading(ink: Ink, surveyed: Surveyed, y: float) -> str:
    """Return the title of the space, and at the right its free space."""
    space = surveyed.space
    right = f"{count(space.prefix.size)} addresses"
    if space.kind == "pool":
        free = surveyed.sizes().get("free", 0)
        largest = surveyed.largest_free()
        right = (
            f"free: {free:,} of {space.prefix.size:,}"
            if space.prefix.version == 4
            else f"free: {_share(free, space.prefix.size)}"
        )
        right += f", largest {largest}" if largest is not None else ""
    prefix = str(space.prefix)
    wide = svg.text_width(prefix, svg.NORMAL, bold=True) + 10
    right = svg.fit(right, WIDTH - wide, svg.NORMAL)
    room = WIDTH - svg.text_width(right, svg.NORMAL) - 24
    return (
        ink.line(MARGIN, y + 14, prefix, "fg", "bold", size=svg.NORMAL)
        + svg.element(
            "g",
            svg.tooltip(f"{prefix} {space.title}")
            + ink.line(MARGIN + wide, y + 14, svg.fit(space.title, room - wide, svg.NORMAL), "fg", size=svg.NORMAL),
        )
        + ink.line(MARGIN + WIDTH, y + 14, right, "fg", size=svg.NORMAL, anchor="end")
    )


def _share(part: int, whole: int) -> str:
    tenths = part * 1000 // whole
    return f"{count(part)} of {count(whole)} ({tenths // 10}.{tenths % 10} %)"


class _Writer:
    """Writes the strips of one space; `keyed` are the networks with a number, in the order of the numbers."""

    def __init__(self, ink: Ink, surveyed: Surveyed) -> None:
        self._ink = ink
        self._surveyed = surveyed
        self._version = surveyed.space.prefix.version
        self._known = {network.name: network for network in surveyed.networks}
        self.keyed: list[Network] = []

    def draw(
        self, strip: Strip, left: float, y: float, letters: Iterator[str], head: str = ""
    ) -> tuple[list[str], float]:
        """Return a strip and those that enlarge parts of it, and their lower edge."""
        body = []
        if head:
            body.append(self._ink.line(left, y + 12, svg.fit(head, strip.width, svg.SMALL, bold=True), "fg", "bold"))
            y += 18
        body.append(self._ticks(strip, left, y))
        y += _TICKS
        # The numbers follow the order of the addresses in a strip, so that one mark can show several.
        numbers: list[_Mark] = []
        # The narrowest shapes are drawn last, so that nothing covers them.
        body += [self._rectangle(shape, left, y) for shape in sorted(strip.shapes, key=lambda s: s.width <= MINIMUM)]
        body += [self._label(strip, shape, left, y, numbers) for shape in strip.shapes]
        if strip.depth:
            body += [self._break(x, y) for x in (left, left + strip.width)]
        y += _BAR
        marks = list(_apart(numbers))
        body += [self._mark(mark, left, y) for mark in marks]
        y += _TICKS if marks else 0
        zooms = [(next(letters), window) for window in strip.windows]
        body += [self._mark(_zoom_mark(strip, window, letter), left, y, bold=True) for letter, window in zooms]
        y += (_TICKS if zooms else 0) + 8
        columns = 2 if any(window.width < strip.width for window in strip.windows) else 1
        for start in range(0, len(zooms), columns):
            ends = []
            for index, (letter, window) in enumerate(zooms[start : start + columns]):
                larger = strip.prefix.size // window.prefix.size
                head = f"{letter}  {window.prefix}, {count(larger)} times larger"
                drawn, end = self.draw(window, left + index * (window.width + BETWEEN), y, letters, head)
                body += drawn
                ends.append(end)
            y = max(ends)
        return body, y

    def _rectangle(self, shape: Shape, left: float, y: float) -> str:
        ink = self._ink
        own = [self._known[n] for part in shape.parts for n in part.networks[:1] if n in self._known]
        name = ink.fill(shape.use, own)
        classes = [name, "line"]
        if shape.use == "network" and any(network.name in ink.map.unpinned for network in own):
            classes.append("dashed")
            ink.used.add("dashed")
        return svg.element(
            "rect",
            tip(ink, self._surveyed, shape.parts, self._known),
            x=left + shape.x,
            y=y,
            width=shape.width,
            height=_BAR,
            class_=ink.cls(*classes),
        ) + svg.hatch(ink.prefix, name, [(left + shape.x, y, shape.width, _BAR)])

    def _label(self, strip: Strip, shape: Shape, left: float, y: float, numbers: list[_Mark]) -> str:
        """Return the label inside a shape; a name that does not fit gets a number, inside or in `numbers`."""
        homes = [network for network in shape.homes if network.name not in strip.elsewhere]
        if not homes:
            return "" if shape.homes else self._plain(shape, left, y)
        room = shape.width - 6
        name = homes[0].name
        if len(homes) == 1 and shape.use in ("network", "overlap"):
            lines = name_lines(("! " if shape.use == "overlap" else "") + name, str(homes[0].prefix), room)
            if lines:
                return self._inside(shape, left, y, lines, self._ink.fill(shape.use, homes), whole=name)
        start = len(self.keyed) + 1
        self.keyed += homes
        mark = _Mark(shape.x, shape.x + shape.width, f"{start}", f"{len(self.keyed)}", strip.width)
        words = ("! " if shape.use == "overlap" else "") + mark.words
        if svg.text_width(words, svg.SMALL) + 4 <= shape.width:
            return self._inside(shape, left, y, [words], self._ink.fill(shape.use, homes))
        numbers.append(mark)
        return ""

    def _plain(self, shape: Shape, left: float, y: float) -> str:
        """Return the label of a shape without a network: free space and its largest prefix, or who holds the addresses."""
        room = shape.width - 6
        if room < 20 or shape.use is None:
            return ""
        first, last = shape.first, shape.last
        if shape.use == "free":
            from ipplan.addresses import Range, RangeSet

            largest = RangeSet([Range(self._version, first, last)]).largest_prefix()
            assert largest is not None
            lines = ["free", str(largest) if largest.size == last - first + 1 else f"largest {largest}"]
            if svg.text_width(lines[1], svg.SMALL) > room:
                lines = ["free", f"/{largest.length}"]
        elif shape.use == "reserved":
            rows = list(rows_of(self._ink.map, self._version, first, last))
            centers = sorted({row.data_center for row in rows if row.data_center})
            lines = ["IBM Cloud" if centers else rows[0].title if rows else "reserved", ", ".join(centers)]
        elif shape.use == "pool":
            lines = ["pool", span(self._version, first, last)]
        elif shape.use == "avoid":
            lines = ["avoided"]
        elif shape.use == "room":
            lines = ["room to grow" if svg.text_width("room to grow", svg.SMALL) <= room else "room"]
        else:
            return ""
        lines = [line for line in lines if line and svg.text_width(line, svg.SMALL) <= room]
        name = self._ink.fill(shape.use, ())
        return self._inside(shape, left, y, lines, name) if lines else ""

    def _inside(self, shape: Shape, left: float, y: float, lines: list[str], name: str, whole: str = "") -> str:
        """Return up to two lines in the middle of a shape, on a plain background; the second only if it fits."""
        room = shape.width - 4
        shown = [line for line in lines if svg.text_width(line, svg.SMALL) <= room]
        base = y + _BAR / 2 + (4 if len(shown) == 1 else -3)
        centre = left + shape.x + shape.width / 2
        parts = []
        for line in shown:
            wide = svg.text_width(line, svg.SMALL)
            if name in svg.FAMILIES and svg.FAMILIES[name].hatching:
                plate = svg.element(
                    "rect", x=centre - wide / 2 - 1, y=base - 10, width=wide + 2, height=13, class_=self._ink.cls(name)
                )
                parts.append(plate)
            ground = f"on-{name}" if name in svg.FAMILIES else "fg"
            parts.append(self._ink.line(centre, base, line, ground, anchor="middle"))
            base += 14
        tips = svg.tooltip(whole) if whole and whole not in shown else ""
        return svg.element("g", tips + "".join(parts), pointer_events="none" if not tips else "auto")

    def _ticks(self, strip: Strip, left: float, y: float) -> str:
        """Return the first addresses of shapes, as far as there is room; the first one always."""
        ink, version = self._ink, self._version
        first, last = (format_address(version, a) for a in (strip.prefix.first, strip.prefix.last))
        parts = [ink.line(left, y + 11, svg.fit(first, strip.width, svg.SMALL), "quiet")]
        end = svg.text_width(first, svg.SMALL) + 12
        limit = strip.width - svg.text_width(last, svg.SMALL) - 12
        if limit < end:
            return parts[0]
        parts.append(ink.line(left + strip.width, y + 11, last, "quiet", anchor="end"))
        for shape in strip.shapes:
            words = format_address(version, shape.first)
            wide = svg.text_width(words, svg.SMALL)
            if shape.x < end or shape.x + 5 + wide > limit:
                continue
            x = left + shape.x
            path = f"M{svg.number(x)} {svg.number(y + 3)}v{svg.number(_TICKS - 3)}"
            parts.append(svg.element("path", d=path, class_=ink.cls("line")) + ink.line(x + 4, y + 11, words, "quiet"))
            end = shape.x + 5 + wide + 12
        return "".join(parts)

    def _mark(self, mark: _Mark, left: float, y: float, *, bold: bool = False) -> str:
        """Return a mark below a strip: a bracket and its words."""
        centre = left + sum(mark.box()) / 2
        start, end, top, low = (svg.number(v) for v in (left + mark.left, left + mark.right, y, y + 3))
        bracket = svg.element("path", d=f"M{start} {top}V{low}H{end}V{top}", class_=self._ink.cls("line"))
        names = ("fg", "bold") if bold else ("fg",)
        return bracket + self._ink.line(centre, y + 14, mark.words, *names, anchor="middle")

    def _break(self, x: float, y: float) -> str:
        """Return the broken edge of a strip that is a part of another."""
        path = f"M{svg.number(x)} {svg.number(y)}l-4 5l8 10l-8 10l8 10l-4 5"
        return svg.element("path", d=path, class_=self._ink.cls("line", "break"))


def _zoom_mark(strip: Strip, window: Strip, letter: str) -> _Mark:
    left, right = strip.at(window.prefix.first), strip.at(window.prefix.last + 1)
    return _Mark(left, max(right, left + MINIMUM), letter, letter, strip.width)


def _apart(marks: Iterable[_Mark]) -> Iterator[_Mark]:
    """Join marks whose texts would touch: they are in the order of their numbers, so that one range covers them."""
    held: list[_Mark] = []
    for mark in marks:
        held.append(mark)
        while len(held) > 1 and held[-1].box()[0] < held[-2].box()[1] + 2:
            after, before = held.pop(), held.pop()
            left, right = min(before.left, after.left), max(before.right, after.right)
            held.append(_Mark(left, right, before.first, after.last, before.width))
    yield from held
