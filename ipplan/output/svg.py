"""Write the elements of every picture: SVG elements, the width of text, one palette with hatching, one style sheet.

Pictures are SVG without scripts, fonts or external files. Styles use classes and plain colours, no CSS variables,
because word processors and converters know only these; dark screens get other colours by a media query, and print is
always light. All classes and ids start with the prefix of the picture, so that a page can hold several. Must not know
what a picture shows.
"""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from ipplan.output.text import escape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ipplan.plan.kinds import Kind

SMALL, NORMAL, LARGE = 11, 12, 16
"""Sizes of text in pixels; the smallest is 8.25 points."""

FONTS = "'Segoe UI','Helvetica Neue',Arial,'DejaVu Sans',sans-serif"
"""Fonts that systems have. `text_width` holds for the widest of them."""

LIGHT, DARK = ("#fff", "#1a1a1a", "#595959"), ("#1e1e1e", "#ececec", "#b4b4b4")
"""Background, foreground and quiet text of each theme; text has a contrast of 7:1 or more on its background."""


class Family(NamedTuple):
    """Things of one colour: their title, the colour (Okabe-Ito, or a grey), and the hatching that shows them in print.

    `dark` is the fill on dark screens. Text on each fill is dark if `fill` equals `dark`, else that of the theme.
    """

    title: str
    fill: str
    dark: str
    hatching: str


FAMILIES: dict[str, Family] = {
    "iks": Family("IKS", "#56b4e9", "#56b4e9", ""),
    "vcs": Family("vCenter Server", "#e69f00", "#e69f00", "dots"),
    "overlay": Family("VMs and transit", "#009e73", "#009e73", "rising"),
    "icp": Family("ICP", "#cc79a7", "#cc79a7", "falling"),
    "enterprise": Family("on premises", "#f0e442", "#f0e442", "rows"),
    "overlap": Family("overlap", "#d55e00", "#d55e00", "crossed"),
    "reserved": Family("published or reserved", "#d4d4d4", "#4a4a4a", "rising"),
    "avoid": Family("avoided", "#e6e6e6", "#3c3c3c", "columns"),
    "room": Family("room to grow", "#fff", "#1e1e1e", "dashes"),
    "free": Family("free", "#fff", "#1e1e1e", ""),
}
"""The families of the pictures, in the order of the legend. The colours are those of Okabe and Ito as R's grDevices has them
("Okabe-Ito" of palette.colors)."""


def family_of(kind: Kind) -> str:
    """Return the family of a kind of network: by its platform, else by its role."""
    if kind.platform in FAMILIES:
        return str(kind.platform)
    if kind.role in ("vm", "transit"):
        return "overlay"
    return "enterprise" if kind.role == "enterprise" else "vcs"


def number(value: float) -> str:
    """Return a coordinate with at most three decimals."""
    text = f"{value:.3f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def content(text: str) -> str:
    """Return text as XML: invisible and forbidden characters as escapes, markup quoted."""
    text = escape(text)
    for char, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        text = text.replace(char, entity)
    return text


def element(name: str, inner: str | None = None, /, **attributes: str | float) -> str:
    """Return an element around safe XML; `text_anchor` is written text-anchor, `class_` class.

    Values of attributes are quoted; numbers are written by `number`.
    """
    parts = [name]
    for key, value in attributes.items():
        written = content(value) if isinstance(value, str) else number(value)
        parts.append(f'{key.rstrip("_").replace("_", "-")}="{written}"')
    start = " ".join(parts)
    return f"<{start}/>" if inner is None else f"<{start}>{inner}</{name}>"


def tooltip(*lines: str) -> str:
    """Return the tooltip of the element around it, which screen readers also read."""
    return f"<title>{chr(10).join(map(content, lines))}</title>"


_GROUPS = (
    (34, "'ijlI|"),
    (43, " !(),-./:;[\\]frt"),
    (52, '"`*'),
    (60, "?J_cksvxyz"),
    (67, "0123456789abdeghnopqu$FELTSY"),
    (80, "ABCDGHKNOPQRUVXZ&"),
    (84, "#+<=>^~w{}"),
    (106, "mMW%@"),
)
_WIDTHS = {char: width / 100 for width, chars in _GROUPS for char in chars}
_WIDTHS |= {"…": 1.02, "·": 0.36, "–": 0.6, "—": 1.02, "→": 1.02, "×": 0.86, "ß": 0.66, "ø": 0.66, "æ": 1.02}
_BOLD = 1.15
"""Bold text is at most this much wider."""
_UNKNOWN = 1.3
"""The width of a character of a script with different fonts; `text` sets it."""


@cache
def _char_width(char: str) -> float:
    """Return the width of a character in ems, -1 if fonts differ too much."""
    if char in _WIDTHS:
        return _WIDTHS[char]
    from unicodedata import category, combining, east_asian_width, normalize

    if combining(char) or category(char) in ("Mn", "Me"):
        return 0
    if east_asian_width(char) in "WF":
        return 1.05
    base = normalize("NFD", char)[0]
    if char < "\u0180" and base in _WIDTHS:
        return max(_WIDTHS[base], 0.43)
    # Greek and Cyrillic, except the widest letters.
    return 0.88 if "\u0391" <= char <= "\u03c9" or ("\u0410" <= char <= "\u044f" and char not in "ЖШЩЮЫжшщюы") else -1


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """Return the width of a line of text in pixels in the widest of `FONTS`, never too small."""
    ems = sum(_UNKNOWN if (width := _char_width(char)) < 0 else width for char in escape(text))
    return ems * size * (_BOLD if bold else 1)


_MOST_MARKS = 2
"""Show at most 2 combining marks on one character: more of them reach into the lines above and below."""


def fit(text: str, room: float, size: float, *, bold: bool = False) -> str:
    """Return text for a label with control characters escaped; text wider than `room` pixels is cut in the middle.

    Both ends stay, because names of one plan often differ only in the last characters. "" if nothing fits.
    """
    # Five times the characters that could fit are enough to cut from; names may be long.
    most = int(room / size * 5) + 10
    if len(text) > 2 * most:
        text = text[:most] + "…" + text[-most:]
    parts = _clusters(escape(text))
    text = "".join(parts)
    if text_width(text, size, bold=bold) <= room:
        return text
    for kept in range(len(parts) - 1, 0, -1):
        head = (kept + 1) // 2
        shorter = "".join([*parts[:head], "…", *parts[len(parts) - (kept - head) :]])
        if text_width(shorter, size, bold=bold) <= room:
            return shorter
    return ""


def _clusters(text: str) -> list[str]:
    """Split text into characters with at most `_MOST_MARKS` marks each."""
    if text.isascii():
        return list(text)
    parts: list[str] = []
    marks = 0
    for char in text:
        if parts and _char_width(char) == 0:
            marks += 1
            if marks <= _MOST_MARKS:
                parts[-1] += char
            continue
        marks = 0
        parts.append(char)
    return parts


def text(x: float, y: float, line: str, size: float, **attributes: str | float) -> str:
    """Return a line of text at its baseline.

    Text in scripts with different fonts is set to the width of `text_width`.
    """
    if any(_char_width(char) < 0 for char in line):
        attributes |= {"textLength": text_width(line, size), "lengthAdjust": "spacingAndGlyphs"}
    return element("text", content(line), x=x, y=y, font_size=size, **attributes)


def hatch(prefix: str, name: str, boxes: Iterable[tuple[float, float, float, float]]) -> str:
    """Return the hatching of a family over rectangles: left, top, width, height. "" if it has none.

    Uses lines instead of an SVG pattern: printing turns each use of a pattern into an image. Rectangles narrower or
    lower than `SMALLEST_HATCHED` have none.
    """
    kind = FAMILIES[name].hatching if name in FAMILIES else ""
    if not kind:
        return ""
    lines = [
        line
        for x, y, width, height in boxes
        if min(width, height) >= SMALLEST_HATCHED
        for draw in _HATCHINGS[kind]
        for line in draw(x, y, width, height)
    ]
    if not lines:
        return ""
    return element("path", d="".join(lines), class_=f"{prefix}{name}-ink", pointer_events="none")


SMALLEST_HATCHED = 5.0
"""Hatch only rectangles with sides of at least this many pixels."""

_STEP = 8
"""The distance between slanting lines along an axis, in pixels."""


def _rising(x: float, y: float, width: float, height: float) -> Iterator[str]:
    for c in range(int((x + y) // _STEP + 1) * _STEP, math.ceil(x + y + width + height), _STEP):
        start, end = max(x, c - y - height), min(x + width, c - y)
        yield _segment(start, c - start, end, c - end)


def _falling(x: float, y: float, width: float, height: float) -> Iterator[str]:
    for c in range(int((x - y - height) // _STEP + 1) * _STEP, math.ceil(x + width - y), _STEP):
        start, end = max(x, y + c), min(x + width, y + height + c)
        yield _segment(start, start - c, end, end - c)


def _segment(x: float, y: float, to_x: float, to_y: float) -> str:
    return f"M{number(x)} {number(y)}L{number(to_x)} {number(to_y)}"


def _rows(x: float, y: float, width: float, height: float) -> Iterator[str]:
    for index in range(int((height + 2) // 4)):
        yield f"M{number(x)} {number(y + 2 + 4 * index)}h{number(width)}"


def _columns(x: float, y: float, width: float, height: float) -> Iterator[str]:
    for index in range(int((width + 2) // 5)):
        yield f"M{number(x + 2 + 5 * index)} {number(y)}v{number(height)}"


def _spots(x: float, y: float, width: float, height: float) -> Iterator[str]:
    for index in range(int((height + 2) // 5)):
        shift = 1 + 4 * (index % 2)
        if shift < width:
            yield f"M{number(x + shift)} {number(y + 3 + 5 * index)}H{number(x + width)}"


_HATCHINGS: dict[str, tuple[Callable[[float, float, float, float], Iterator[str]], ...]] = {
    "rising": (_rising,),
    "falling": (_falling,),
    "crossed": (_rising, _falling),
    "rows": (_rows,),
    "columns": (_columns,),
    "dots": (_spots,),
    "dashes": (_spots,),
}
_DASHES = {"dots": "1.5 6.5", "dashes": "3 5"}


def style(prefix: str) -> str:
    """Return the style element of a picture, for light and dark screens and for print.

    Classes, each with the prefix: bg, fg and quiet for background and text, line for outlines, thin for faint lines,
    bold, the families, on- with a family for text on it, and a family with -ink for its hatching.
    """
    light = [
        f".{prefix}root{{font-family:{FONTS}}}",
        f".{prefix}bold{{font-weight:bold}}",
        f".{prefix}line{{fill:none;stroke-width:1}}.{prefix}thin{{fill:none;stroke-width:1;stroke-opacity:.45}}",
        *_colors(prefix, *LIGHT),
    ]
    dark = list(_colors(prefix, *DARK))
    for name, family in FAMILIES.items():
        light.append(f".{prefix}{name}{{fill:{family.fill}}}.{prefix}on-{name}{{fill:{LIGHT[1]}}}")
        if family.hatching:
            dashes = f";stroke-dasharray:{_DASHES[family.hatching]}" if family.hatching in _DASHES else ""
            light.append(f".{prefix}{name}-ink{{fill:none;stroke:#000;stroke-width:1;stroke-opacity:.3{dashes}}}")
        if family.dark != family.fill:
            dark.append(
                f".{prefix}{name}{{fill:{family.dark}}}.{prefix}on-{name}{{fill:{DARK[1]}}}"
                + (f".{prefix}{name}-ink{{stroke:#fff}}" if family.hatching else "")
            )
    rules = "\n".join([*light, "@media screen and (prefers-color-scheme:dark){", *dark, "}"])
    return f"<style>\n{rules}\n</style>"


def _colors(prefix: str, ground: str, front: str, quiet: str) -> tuple[str, ...]:
    return (
        f".{prefix}bg{{fill:{ground}}}.{prefix}fg{{fill:{front}}}.{prefix}quiet{{fill:{quiet}}}",
        f".{prefix}line{{stroke:{front}}}.{prefix}thin{{stroke:{front}}}",
    )


def picture(prefix: str, width: float, height: float, title: str, description: str, body: str) -> str:
    """Return a whole picture, with a title and a description for those who cannot see it."""
    names = (f"{prefix}title", f"{prefix}desc")
    inner = "\n".join(
        [
            "",
            element("title", content(title), id=names[0]),
            element("desc", content(description), id=names[1]),
            style(prefix),
            element("rect", width=width, height=height, class_=f"{prefix}bg"),
            body,
            "",
        ]
    )
    return (
        element(
            "svg",
            inner,
            xmlns="http://www.w3.org/2000/svg",
            role="img",
            class_=f"{prefix}root",
            aria_labelledby=" ".join(names),
            viewBox=f"0 0 {number(width)} {number(height)}",
            width=width,
            height=height,
        )
        + "\n"
    )
