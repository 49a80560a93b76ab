"""Draw a prefix as a Hilbert curve: every address in its square, with a faint line in the order of the addresses.

Areas are exactly to scale down to the smallest square; a smaller network has a number there and its name in the key.
Labels are placed one after the other; one that would touch another is left out or becomes a number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.address_map.hilbert import DEEPEST, Box, Curve, cells
from ipplan.addresses import Prefix, format_address
from ipplan.catalog import Catalog
from ipplan.output import svg
from ipplan.output.map_labels import LINE, ORDER, Placer
from ipplan.output.map_parts import (
    MARGIN,
    ROW,
    WIDTH,
    Key,
    count,
    draw_key,
    draw_lines,
    overlap_lines,
    row_words,
    some,
    tip,
    wrapped,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ipplan.address_map import Surveyed
    from ipplan.catalog import Reservation
    from ipplan.output.map_labels import Label
    from ipplan.output.map_parts import Ink
    from ipplan.plan.model import Network

SIDE = 704.0
"""The side of a whole square in pixels."""

MOST_SHAPES = 20_000
"""Draw at most 20,000 parts of one curve; with more, the smallest square is larger."""

_SMALLEST_OUTLINED = 5.0
"""Boxes up to this width have a faint outline: a full one would cover them."""


def draw_curve(ink: Ink, surveyed: Surveyed, y: float) -> tuple[str, float]:
    """Return a prefix as a curve with its notes and key, and the height."""
    writer = _Writer(ink, surveyed, y + 40)
    top = y
    body = [
        writer.heading(y),
        *writer.shapes(),
        *writer.rows(),
        *writer.pools(),
        writer.order(),
        *writer.labels(),
    ]
    body.append(writer.side_notes())
    y += 40 + max(writer.curve.height, 330) + 28
    lines, height = draw_lines(ink, overlap_lines(surveyed), MARGIN, y, WIDTH, sign="!")
    y += height
    key, height = draw_key(ink, Key(tuple(writer.keyed)), MARGIN, y, WIDTH)
    y += height
    listed, height = writer.by_data_center(y + 10)
    y += height + 10 if height else 0
    return "\n".join([*body, lines, key, listed]), y - top


class _Writer:
    """Writes one curve, its top left corner at the margin and `top`; `keyed` are the networks with a number."""

    def __init__(self, ink: Ink, surveyed: Surveyed, top: float) -> None:
        self._ink = ink
        self._surveyed = surveyed
        self._prefix = surveyed.space.prefix
        self._top = top
        self._known = {network.name: network for network in surveyed.networks}
        self.keyed: list[Network] = []
        for limit in range(DEEPEST, 0, -2):
            self.curve = Curve(self._prefix, SIDE, limit)
            spans = cells(self.curve, [(part.first, part.last) for part in surveyed.parts])
            self._drawn = [(part, span) for part, span in zip(surveyed.parts, spans, strict=True) if span[0] <= span[1]]
            if len(self._drawn) <= MOST_SHAPES:
                break
        found: dict[Prefix, list[Reservation]] = {}
        kept = ink.map.plan.kept_clear
        for row in ink.map.catalog.overlapping(self._prefix):
            if Catalog.avoids(row, keep_clear=kept):
                found.setdefault(row.prefix, []).append(row)
        self._published = dict(sorted(found.items()))

    def heading(self, y: float) -> str:
        """Return the heading: the prefix, its size and its free space."""
        ink = self._ink
        sizes = self._surveyed.sizes()
        free = sizes.get("free", 0)
        largest = self._surveyed.largest_free()
        words = f"{count(self._prefix.size)} addresses, free in pools: {count(free)}" + (
            f", largest {largest}" if largest else ""
        )
        wide = svg.text_width(str(self._prefix), svg.NORMAL, bold=True) + 10
        return ink.line(MARGIN, y + 14, str(self._prefix), "fg", "bold", size=svg.NORMAL) + ink.line(
            MARGIN + wide, y + 14, words, "fg", size=svg.NORMAL
        )

    def _path(self, boxes: Iterable[Box]) -> str:
        n = svg.number
        return "".join(
            f"M{n(MARGIN + b.x)} {n(self._top + b.y)}h{n(b.width)}v{n(b.height)}h{n(-b.width)}z" for b in boxes
        )

    def shapes(self) -> Iterator[str]:
        """Yield the background, then each part in its squares."""
        ink = self._ink
        whole = Box(0, 0, SIDE, self.curve.height)
        yield svg.element("path", d=self._path([whole]), class_=ink.cls("free", "line"))
        for part, (first, last) in self._drawn:
            own = [self._known[name] for name in part.networks[:1] if name in self._known]
            classes = [ink.fill(part.use, own)]
            boxes = list(self.curve.boxes(first, last))
            outlined = part.use in ("network", "overlap") or (part.use == "avoid" and len(boxes) == 1)
            if outlined:
                classes.append("line" if max(box.width for box in boxes) > _SMALLEST_OUTLINED else "thin")
            elif part.use == "free":
                classes.append("thin")
            if own and part.use == "network" and own[0].name in ink.map.unpinned:
                classes.append("dashed")
                ink.used.add("dashed")
            title = tip(ink, self._surveyed, [part], self._known)
            yield svg.element("path", title, d=self._path(boxes), class_=ink.cls(*classes))
            hatched = ((MARGIN + b.x, self._top + b.y, b.width, b.height) for b in boxes)
            yield svg.hatch(ink.prefix, classes[0], hatched)

    def rows(self) -> Iterator[str]:
        """Yield an outline around each published range, with its tooltip."""
        for prefix, rows in self._published.items():
            if not self._prefix.covers(prefix) or prefix.length > self.curve.deepest:
                continue
            box = self.curve.box(prefix)
            title = svg.tooltip(*some(list(dict.fromkeys(map(row_words, rows)))))
            # The pointer finds it anywhere inside, and the shapes below stay visible.
            yield svg.element("path", title, d=self._path([box]), class_=self._ink.cls("thin"), pointer_events="all")

    def pools(self) -> Iterator[str]:
        """Yield a strong outline around each pool within."""
        for pool in dict.fromkeys(pool.prefix for pool in self._ink.map.plan.pools):
            if pool != self._prefix and self._prefix.covers(pool) and pool.length <= self.curve.deepest:
                yield svg.element("path", d=self._path([self.curve.box(pool)]), class_=self._ink.cls("line", "pool"))
                self._ink.used.add("pool")

    def order(self) -> str:
        """Return the line that shows the order of addresses, with a mark at its start and an arrow at its end."""
        level = min(ORDER, self.curve.bits // 2)
        points = [(MARGIN + x, self._top + y) for x, y in self.curve.path(level)]
        n = svg.number
        start, end = points[0], points[-1]
        line = "M" + "L".join(f"{n(x)} {n(y)}" for x, y in points)
        arrow = ""
        if len(points) > 1:
            dx, dy = ((b > a) - (b < a) for a, b in zip(points[-2], end, strict=True))
            arrow = f"M{n(end[0] - 5 * dx - 4 * dy)} {n(end[1] - 5 * dy - 4 * dx)}L{n(end[0])} {n(end[1])}L{n(end[0] - 5 * dx + 4 * dy)} {n(end[1] - 5 * dy + 4 * dx)}"
        return svg.element("path", d=line + arrow, class_=self._ink.cls("curve"), pointer_events="none") + svg.element(
            "circle", cx=start[0], cy=start[1], r=4, class_=self._ink.cls("start"), pointer_events="none"
        )

    def labels(self) -> Iterator[str]:
        """Yield names and numbers of networks, labels of free space, and data centers of published ranges."""
        placer = Placer(
            self.curve,
            self._surveyed,
            self._published,
            [span for part, span in self._drawn if part.use == "free"],
        )
        for label in placer.place():
            yield self._text(label)
        self.keyed = placer.keyed

    def _text(self, label: Label) -> str:
        box = label.box
        n = Box(MARGIN + box.x, self._top + box.y, box.width, box.height)
        ground = svg.element(
            "rect", x=n.x, y=n.y, width=n.width, height=n.height, rx=2, class_=self._ink.cls("bg", "plate")
        )
        lines = [
            self._ink.line(MARGIN + label.x, n.y + 10 + index * LINE, line, "fg", anchor="middle")
            for index, line in enumerate(label.lines)
        ]
        tips = svg.tooltip(label.whole) if label.whole and label.whole != label.lines[0] else ""
        return svg.element("g", tips + ground + "".join(lines), pointer_events="auto" if tips else "none")

    def side_notes(self) -> str:
        """Return the notes at the right, on prefix sizes and the order of addresses, and the addresses of the corners."""
        ink = self._ink
        left, y = MARGIN + SIDE + 32, self._top
        parts = [ink.line(left, y + 10, "Prefix sizes", "fg", "bold")]
        y += 20
        for level in range(3, 8):
            side = SIDE / (1 << level)
            length = self._prefix.length + 2 * level - (0 if self.curve.height == SIDE else 1)
            if length > (32 if self._prefix.version == 4 else 128):
                break
            parts.append(svg.element("rect", x=left, y=y, width=side, height=side, class_=ink.cls("free", "line")))
            parts.append(ink.line(left + 100, y + min(side / 2 + 4, 14), f"/{length}"))
            y += max(side, 14) + 6
        y += 14
        parts.append(ink.line(left, y + 10, "Order of addresses", "fg", "bold"))
        start = format_address(self._prefix.version, self._prefix.first)
        for line in ("Follow the line from the", "dot to the arrow.", f"It starts at {start}."):
            y += ROW
            parts.append(ink.line(left, y + 12, svg.fit(line, WIDTH - SIDE - 32, svg.SMALL)))
        return "".join(parts) + self._corners()

    def _corners(self) -> str:
        words = [format_address(c.version, c.first) for c in self.curve.corners()]
        below = self._top + self.curve.height + 14
        places = (
            (0.0, self._top - 5, "start"),
            (SIDE, self._top - 5, "end"),
            (SIDE, below, "end"),
            (0.0, below, "start"),
        )
        return "".join(
            self._ink.line(MARGIN + x, y, svg.fit(word, SIDE / 2 - 8, svg.SMALL), "quiet", anchor=anchor)
            for word, (x, y, anchor) in zip(words, places, strict=True)
        )

    def by_data_center(self, y: float) -> tuple[str, float]:
        """Return the published ranges by data center, and the height of the list."""
        centers: dict[str, list[str]] = {}
        for prefix, rows in self._published.items():
            for name in dict.fromkeys(row.data_center or row.title for row in rows):
                centers.setdefault(name, []).append(str(prefix))
        if not centers:
            return "", 0
        ink = self._ink
        parts = [ink.line(MARGIN, y + 12, f"Published and reserved ranges in {self._prefix}", "fg", "bold")]
        height = 20.0
        cities = {row.data_center: row.city for rows in self._published.values() for row in rows if row.data_center}
        for name in sorted(centers, key=lambda name: (name not in cities, name)):
            title = f"{name} {cities[name]}" if cities.get(name) else name
            for index, line in enumerate(wrapped(centers[name], WIDTH - 180, svg.SMALL)):
                height += ROW
                if index == 0:
                    parts.append(ink.line(MARGIN, y + height - 4, svg.fit(title, 168, svg.SMALL), "fg"))
                parts.append(ink.line(MARGIN + 180, y + height - 4, line, "quiet"))
        return "\n".join(parts), height
