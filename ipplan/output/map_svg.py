"""Render the address space of a plan as one SVG picture: strips to scale, or prefixes as Hilbert curves.

Same plan, same bytes. Pixels limit the number of shapes, and `MOST_KEYED` the key, so that the size of the picture has a
limit. Must not decide anything: what is where is read from the map.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.output import svg
from ipplan.output.map_parts import MARGIN, TITLES, WIDTH, Ink, count
from ipplan.output.map_strips import draw_space

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ipplan.address_map import AddressMap

_GAP = 28.0
"""Pixels between spaces."""


def render_map_svg(map_: AddressMap, *, prefix: str = "map-") -> str:
    """Return the picture as an SVG document, which may also be part of an HTML page.

    All classes and ids start with `prefix`: letters, digits and hyphens, another one for each picture of a page.
    """
    from ipplan.output.map_hilbert import draw_curve

    ink = Ink(map_, prefix, set())
    body, y = [], 0.0
    for surveyed, draw in [*((s, draw_space) for s in map_.spaces), *((s, draw_curve) for s in map_.curves)]:
        drawn, height = draw(ink, surveyed, y)
        body.append(drawn)
        y += height + _GAP
    for words in _notes(map_):
        body.append(ink.line(MARGIN, y + 12, words))
        y += 20
    title = f"Address space of {map_.plan.name or map_.plan.file}"
    head = [
        svg.element(
            "g",
            svg.tooltip(title)
            + ink.line(MARGIN, 44, svg.fit(title, WIDTH, svg.LARGE, bold=True), "fg", "bold", size=svg.LARGE),
        ),
        ink.line(MARGIN, 64, _subtitle(map_), "quiet"),
    ]
    legend, end = _legend(ink)
    whole = svg.element("g", "\n".join(["", *body, ""]), transform=f"translate(0 {svg.number(end + 24)})")
    inner = "\n".join([_style(prefix), *head, legend, whole])
    return svg.picture(prefix, WIDTH + 2 * MARGIN, end + 24 + y + 8, title, _description(map_), inner)


def _notes(map_: AddressMap) -> Iterator[str]:
    """Yield a note for what is not drawn."""
    if map_.hidden:
        yield f"{map_.hidden:,} more spaces are not drawn; choose with --network, --kind or --cluster"
    if not map_.spaces and not map_.curves:
        yield "nothing to draw: no selected network has a range or a pool"


def _style(prefix: str) -> str:
    """Return the rules that only this picture needs."""
    light = {
        "dashed": "stroke-dasharray:4 3",
        "break": "stroke-width:2",
        "several": "fill:#8c8c8c",
        "outside": "fill:#f2f2f2",
        "curve": "fill:none;stroke:#000;stroke-opacity:.35",
        "pool": "stroke-width:3",
        "plate": "fill-opacity:.85",
        "start": "fill:#000;stroke:#fff",
    }
    dark = {"outside": "fill:#2b2b2b", "curve": "stroke:#fff", "start": "fill:#fff;stroke:#000"}
    rules, darker = ("".join(f".{prefix}{name}{{{rule}}}" for name, rule in rs.items()) for rs in (light, dark))
    return f"<style>{rules}@media screen and (prefers-color-scheme:dark){{{darker}}}</style>"


def _subtitle(map_: AddressMap) -> str:
    networks = {n.name for space in (*map_.spaces, *map_.curves) for n in space.networks}
    words = f"{len(networks):,} network{'' if len(networks) == 1 else 's'}, IBM Cloud ranges of {map_.catalog.edition}"
    if map_.waiting:
        words += f"; {map_.waiting:,} network{' has' if map_.waiting == 1 else 's have'} no range and {'is' if map_.waiting == 1 else 'are'} not drawn"
    return words


def _description(map_: AddressMap) -> str:
    """Return a description of the picture, for those who cannot see it."""
    if map_.curves:
        shown = ", ".join(str(s.space.prefix) for s in map_.curves)
        return f"{shown} as Hilbert curve: {_subtitle(map_)}."
    parts = []
    for surveyed in map_.spaces:
        sizes = surveyed.sizes()
        words = ", ".join(
            f"{'networks' if use == 'network' else TITLES[use]} {count(sizes[use])}"
            for use in ("network", *TITLES)
            if use in sizes
        )
        parts.append(f"{surveyed.space.prefix} {surveyed.space.title}: {words} addresses.")
    return f"Strips to scale: {_subtitle(map_)}. " + " ".join(parts)


_OTHERS = {
    "several": "several uses side by side",
    "outside": "in no pool",
    "dashed": "not pinned yet",
    "pool": "pool",
}


def _legend(ink: Ink) -> tuple[str, float]:
    """Return the legend of the colours and patterns in the picture, and its lower edge."""
    used = ink.used | ({"room"} if "held" in ink.used else set())
    entries = [(name, family.title) for name, family in svg.FAMILIES.items() if name in used]
    if "held" in used:
        kept = "room to grow, or reserved for a group" if "room" in ink.used else "reserved for a group"
        entries = [(name, kept if name == "room" else title) for name, title in entries]
    entries += [(name, title) for name, title in _OTHERS.items() if name in used]
    parts = []
    x, y = MARGIN, 78.0
    for name, title in entries:
        words = "! " + title if name == "overlap" else title
        wide = 30 + svg.text_width(words, svg.SMALL) + 18
        if x + wide > MARGIN + WIDTH:
            x, y = MARGIN, y + 20
        shown = ("free", name) if name in ("dashed", "pool") else (name,)
        parts.append(ink.swatch(shown[0], x, y, 24, 14, *shown[1:]))
        parts.append(ink.line(x + 30, y + 11, words))
        x += wide
    return "".join(parts), y + (14 if entries else 0)
