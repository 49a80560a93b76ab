"""Write the diagram of a landscape as SVG: light, dark and print in one file, hints with full names, no scripts.

Must not decide or place anything: positions come from the layout, the way of a flow from `paths`.
"""

from __future__ import annotations

from itertools import pairwise
from math import ceil
from typing import TYPE_CHECKING

from ipplan.output.diagram.sheet import BADGE, BAR
from ipplan.output.svg import LARGE, SMALL, element, fit, number, picture, text, text_width, tooltip

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ipplan.output.diagram.content import Content
    from ipplan.output.diagram.paths import Way
    from ipplan.output.diagram.shapes import Bar, Box, Drawing, Label, Line, Point, Rect

_ON = {
    "internet": "on-reserved",
    "public": "bg",
    "private": "bg",
    "overlay": "on-overlay",
    "wan": "on-enterprise",
}
"""The class of text on each bar."""
_FILLS = {
    "internet": "reserved",
    "public": "fg",
    "private": "fg",
    "overlay": "overlay",
    "wan": "enterprise",
}
_LEGEND = (
    ("tunnel", "tunnel"),
    ("plain", "routes, BGP or NAT without a tunnel"),
    ("stretched", "stretched layer 2 network"),
    ("open", "not decided in the plan"),
)
_FLOW_LEGEND = (
    ("request", "request, with the numbers of its hops"),
    ("answer", "answer; × marks where one of them stops"),
)
_STROKES = {
    "cable": "stroke-width:1.5",
    "tunnel": "stroke-width:2",
    "plain": "stroke-width:2;stroke-dasharray:2 3",
    "stretched": "stroke-width:2.5;stroke-dasharray:9 4",
    "open": "stroke-width:1.5;stroke-dasharray:1 5",
    "request": "stroke-width:3.5",
    "answer": "stroke-width:2.5;stroke-dasharray:7 4",
}
"""How each kind of line is drawn."""
_LIGHT = {
    "cable": "#1a1a1a",
    "tunnel": "#0072b2",
    "plain": "#b0006d",
    "stretched": "#00694c",
    "open": "#595959",
    "request": "#d55e00",
    "answer": "#d55e00",
}
"""The colour of each kind of line on a light background."""
_DARK = {
    "cable": "#ececec",
    "tunnel": "#56b4e9",
    "plain": "#cc79a7",
    "stretched": "#009e73",
    "open": "#b4b4b4",
}
"""The same on a dark background, except flows, which keep their colour."""
_NOTE = "Links above the devices use the public network, links below them the private one. A dot is a connection; a line crosses a bar at a gap."


def write(drawing: Drawing, content: Content, way: Way | None, prefix: str) -> str:
    """Return a drawing as SVG; every class and id starts with the prefix."""
    pen = _Pen(drawing, way, prefix)
    plan = content.plan
    name = plan.name or "a plan"
    title = f"Landscape of {name}" + ("" if way is None else f", {way.words}")
    counts = (
        f"{sum(len(c.ends) for c in content.columns if c.kind == kind):,} {what}"
        for kind, what in (("site", "sites"), ("iks", "IKS clusters"), ("edge", "edges"), ("icp", "ICP clusters"))
    )
    links = [hint for line in drawing.lines for hint in line.hints[1:]]
    description = f"{', '.join(counts)}. Links: {'; '.join(links) or 'none'}."
    return picture(prefix, drawing.width, drawing.height, title, description, "\n".join(pen.body()))


class _Pen:
    """Writes the parts of a drawing; parts that a flow does not meet are faint."""

    def __init__(self, drawing: Drawing, way: Way | None, prefix: str) -> None:
        self.drawing = drawing
        self.way = way
        self.prefix = prefix

    def cls(self, *names: str) -> str:
        return " ".join(self.prefix + name for name in names)

    def body(self) -> Iterator[str]:
        """Yield the parts, the lowest first."""
        drawing = self.drawing
        yield self.sheet()
        yield text(16, 32, drawing.title, LARGE, class_=self.cls("fg", "bold"))
        for frame in drawing.frames:
            yield self.rect(frame, "frame", rx=8)
        yield from (self.of(bar.place, self.bar(bar)) for bar in drawing.bars)
        yield from self.gaps()
        for wire in drawing.wires:
            yield self.of(wire.key, self.path((wire.points,), "cable"))
            yield from (self.of(wire.key, dot) for dot in self.dots(wire.first, wire.second, wire.points))
        for line in drawing.lines:
            yield self.of(line.key, self.line(line))
        yield from (self.of(box.place, self.box(box)) for box in drawing.boxes)
        yield from (self.of(label.of, self.label(label)) for label in drawing.labels)
        if self.way is not None:
            yield from self.flow(self.way)
        yield from self.legend()

    def sheet(self) -> str:
        """Return the style rules of the diagram, and the head of an arrow."""
        p = self.prefix
        rules = [f".{p}{name}{{fill:none;{look};stroke:{_LIGHT[name]}}}" for name, look in _STROKES.items()]
        rules += [
            f".{p}frame{{fill:none;stroke:#8a8a8a;stroke-width:1;stroke-dasharray:5 4}}",
            f".{p}hover{{fill:none;stroke:#000;stroke-opacity:0;stroke-width:12}}",
            f".{p}faint{{opacity:.35}}.{p}badge{{fill:#d55e00}}.{p}hop{{fill:#fff;font-weight:bold}}",
            f".{p}root text{{pointer-events:none}}",
        ]
        rules.append("@media screen and (prefers-color-scheme:dark){")
        rules += [f".{p}{name}{{stroke:{color}}}" for name, color in _DARK.items()]
        rules.append("}")
        head = element("path", d="M0 0L8 4L0 8Z", class_=self.cls("badge"))
        marker = element(
            "marker",
            head,
            id=f"{p}arrow",
            viewBox="0 0 8 8",
            refX=7,
            refY=4,
            markerWidth=4,
            markerHeight=4,
            orient="auto",
        )
        return "<style>\n" + "\n".join(rules) + f"\n</style>\n<defs>{marker}</defs>"

    def of(self, key: str, part: str) -> str:
        """Return a part, faint if the flow does not meet it."""
        if self.way is None or key in self.way.met:
            return part
        return element("g", part, class_=self.cls("faint"))

    def rect(self, rect: Rect, *classes: str, **more: float) -> str:
        return element(
            "rect",
            x=rect.x,
            y=rect.y,
            width=rect.width,
            height=rect.height,
            class_=self.cls(*classes),
            **more,
        )

    def path(self, strokes: Iterable[Sequence[Point]], *classes: str, **more: str) -> str:
        data = "".join("M" + "L".join(f"{number(x)} {number(y)}" for x, y in points) for points in strokes)
        return element("path", d=data, class_=self.cls(*classes), **more)

    def bar(self, bar: Bar) -> str:
        return element("g", tooltip(*bar.hints) + self.rect(bar.rect, _FILLS[bar.style], rx=3))

    def box(self, box: Box) -> str:
        rect = box.rect
        stripe = rect._replace(width=7.0)
        inner = self.rect(rect, "bg") + self.rect(stripe, box.family) + self.rect(rect, "line")
        return element("g", tooltip(*box.hints) + inner)

    def label(self, label: Label) -> str:
        bar = next((bar for bar in self.drawing.bars if bar.place == label.of), None)
        classes = [label.style if bar is None else _ON[bar.style], *(["bold"] if label.bold else [])]
        size = 12 if label.bold and bar is None else SMALL
        return text(label.x, label.y, label.text, size, class_=self.cls(*classes))

    def gaps(self) -> Iterator[str]:
        """Yield a gap in each bar that a line crosses without joining it."""
        for bar in self.drawing.bars:
            for ends, points in self.strokes():
                for (x, one), (other, two) in pairwise(points):
                    inside = bar.rect.x < x < bar.rect.right and x == other and bar.place not in ends
                    if inside and min(one, two) < bar.rect.y and max(one, two) > bar.rect.bottom:
                        yield element("rect", x=x - 4, y=bar.rect.y - 1, width=8, height=BAR + 2, class_=self.cls("bg"))

    def strokes(self) -> Iterator[tuple[tuple[str, ...], tuple[Point, ...]]]:
        for wire in self.drawing.wires:
            yield (wire.first, wire.second), wire.points
        for line in self.drawing.lines:
            for tap in line.taps:
                yield (tap.place,), ((tap.x, line.y), (tap.x, tap.y))

    def dots(self, first: str, second: str, points: Sequence[Point]) -> Iterator[str]:
        """Yield a dot at each end of a line that is at a bar."""
        bars = {bar.place for bar in self.drawing.bars}
        for place, (x, y) in ((first, points[0]), (second, points[-1])):
            if place in bars:
                yield element("circle", cx=x, cy=y, r=3.5, class_=self.cls("fg"))

    def line(self, line: Line) -> str:
        strokes = [((line.left, line.y), (line.right, line.y))]
        strokes += [((tap.x, line.y), (tap.x, tap.y)) for tap in line.taps]
        bars = {bar.place for bar in self.drawing.bars}
        joins = [(tap.x, line.y) for tap in line.taps if line.left < tap.x < line.right]
        joins += [(tap.x, tap.y) for tap in line.taps if tap.place in bars]
        dots = "".join(element("circle", cx=x, cy=y, r=3.5, class_=self.cls("fg")) for x, y in joins)
        return element("g", tooltip(*line.hints) + self.path(strokes, line.style) + dots + self.path(strokes, "hover"))

    # A flow.

    def flow(self, way: Way) -> Iterator[str]:
        box = self.drawing.caption
        yield text(box.x, box.y + 12, fit(way.words, box.width, SMALL), SMALL, class_=self.cls("fg"))
        for legs, name, shift in ((way.answer, "answer", 2.5), (way.request, "request", -2.5)):
            for leg in legs:
                points = [(x + shift, y + shift) for x, y in leg]
                yield self.path((points,), name, marker_end=f"url(#{self.prefix}arrow)")
        stop = {} if way.stop is None else {way.stop: ""}
        for place, words in {**stop, **way.numbers}.items():
            yield self.badge(place, f"× {words}".rstrip() if place == way.stop else words)

    def badge(self, place: str, words: str) -> str:
        """Return the numbers of hops at a place."""
        size = SMALL
        words = fit(words, BADGE - 8, size, bold=True)
        width = ceil(text_width(words, size, bold=True)) + 8
        bar = next((bar for bar in self.drawing.bars if bar.place == place), None)
        if bar is not None:
            label = next(label for label in self.drawing.labels if label.of == place)
            x = label.x + ceil(text_width(label.text, size, bold=True)) + 8
            y = bar.rect.y - 0.5
        else:
            rect = next(box.rect for box in self.drawing.boxes if box.place == place)
            x, y = rect.right - width - 4, rect.y + 4
            if rect.width < 2 * BADGE:
                x, y = rect.x, rect.y - 20
        pill = element("rect", x=x, y=y, width=width, height=17, rx=8, class_=self.cls("badge"))
        return pill + text(x + 4, y + 12.5, words, size, class_=self.cls("hop"))

    def legend(self) -> Iterator[str]:
        """Yield the legend, in rows."""
        y = self.drawing.legend + 12
        yield text(16, y, fit(_NOTE, self.drawing.width - 32, SMALL), SMALL, class_=self.cls("quiet"))
        x, y = 16.0, y + 20
        for style, words in (*_LEGEND, *(_FLOW_LEGEND if self.way is not None else ())):
            width = 60 + ceil(text_width(words, SMALL))
            if x + width > self.drawing.width and x > 16:
                x, y = 16.0, y + 18
            yield self.path((((x, y - 4), (x + 32, y - 4)),), style)
            yield text(x + 40, y, words, SMALL, class_=self.cls("quiet"))
            x += width
