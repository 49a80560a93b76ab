"""What every picture is made of: elements, the width of text, one palette with patterns, one sheet for all themes.

Pictures are SVG without scripts, fonts or files of others. Rules of style use classes and plain colours, no CSS
variables, because word processors and converters know only these; dark screens get other colours by a media query, and
print is always light. All names of classes and ids start with the prefix of the picture, so that several stand in one page.
Must not know what a picture shows.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from ipplan.output.text import escape

if TYPE_CHECKING:
    from ipplan.plan.kinds import Kind

SMALL, NORMAL, LARGE = 11, 12, 16
"""Sizes of text in pixels; the smallest is 8.25 points."""

FONTS = "'Segoe UI','Helvetica Neue',Arial,'DejaVu Sans',sans-serif"
"""Fonts that systems have. `text_width` holds for the widest of them."""

LIGHT, DARK = ("#fff", "#1a1a1a", "#595959"), ("#1e1e1e", "#ececec", "#b4b4b4")
"""Background, foreground and quiet text of each theme; text has a contrast of 7:1 or more on its background."""


class Family(NamedTuple):
    """Things of one colour: what they are, the colour (Okabe-Ito, or a grey), and the pattern that tells them in print.

    `dark` is the fill on dark screens. Text on each fill is dark if `fill` equals `dark`, else that of the theme.
    """

    title: str
    fill: str
    dark: str
    pattern: str


_RISING = '<path class="{}ink" d="M-2 2L2-2M0 8L8 0M6 10L10 6"/>'
_FALLING = '<path class="{}ink" d="M-2 6L2 10M0 0L8 8M6-2L10 2"/>'

FAMILIES: dict[str, Family] = {
    "iks": Family("IKS", "#56b4e9", "#56b4e9", ""),
    "vcs": Family("vCenter Server", "#e69f00", "#e69f00", '<path class="{}ink" d="M2 1v2M6 5v2"/>'),
    "overlay": Family("VMs and transit", "#009e73", "#009e73", _RISING),
    "icp": Family("ICP", "#cc79a7", "#cc79a7", _FALLING),
    "enterprise": Family("on premises", "#f0e442", "#f0e442", '<path class="{}ink" d="M0 2H8M0 6H8"/>'),
    "overlap": Family("overlap", "#d55e00", "#d55e00", _RISING + _FALLING),
    "reserved": Family("published or reserved", "#d4d4d4", "#4a4a4a", _RISING),
    "avoid": Family("avoided", "#e6e6e6", "#3c3c3c", '<path class="{}ink" d="M2 0V8M6 0V8"/>'),
    "room": Family("room to grow", "#fff", "#1e1e1e", '<path class="{}ink" d="M1 4h2M5 4h2M1 0h2M5 0h2"/>'),
    "free": Family("free", "#fff", "#1e1e1e", ""),
}
"""What the pictures show, in the order of their keys. The colours are those of Okabe and Ito as R's grDevices has them
("Okabe-Ito" of palette.colors)."""


def family_of(kind: Kind) -> str:
    """Return the family of a kind of network: by its platform, else by what its addresses are for."""
    if kind.platform in FAMILIES:
        return str(kind.platform)
    if kind.role in ("vm", "transit"):
        return "overlay"
    return "enterprise" if kind.role == "enterprise" else "vcs"


def number(value: float) -> str:
    """Return a coordinate with at most two decimals."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def content(text: str) -> str:
    """Return text as XML: what is invisible or not allowed there is shown as an escape, what is markup is quoted."""
    text = escape(text)
    for char, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        text = text.replace(char, entity)
    return text


def element(name: str, inner: str | None = None, /, **attributes: str | float) -> str:
    """Return an element around XML that is safe already; `text_anchor` is written text-anchor, `class_` class.

    Values of attributes are quoted; numbers are written by `number`.
    """
    parts = [name]
    for key, value in attributes.items():
        written = content(value) if isinstance(value, str) else number(value)
        parts.append(f'{key.rstrip("_").replace("_", "-")}="{written}"')
    start = " ".join(parts)
    return f"<{start}/>" if inner is None else f"<{start}>{inner}</{name}>"


def tooltip(*lines: str) -> str:
    """Return what shows when the pointer rests on the element around it, and what screen readers say."""
    return f"<title>{chr(10).join(map(content, lines))}</title>"


_GROUPS = (
    (34, "'ijlI|"), (43, " !(),-./:;[\\]frt"), (52, '"`*'), (60, "?J_cksvxyz"), (67, "0123456789abdeghnopqu$FELTSY"),
    (80, "ABCDGHKNOPQRUVXZ&"), (84, "#+<=>^~w{}"), (106, "mMW%@"),
)  # fmt: skip
_WIDTHS = {char: width / 100 for width, chars in _GROUPS for char in chars}
_WIDTHS |= {"…": 1.02, "·": 0.36, "–": 0.6, "—": 1.02, "→": 1.02, "×": 0.86, "ß": 0.66, "ø": 0.66, "æ": 1.02}
_BOLD = 1.15
"""How much wider bold text is at most."""
_UNKNOWN = 1.3
"""Width of a character of a script whose fonts differ; `text` makes it hold."""


@cache
def _char_width(char: str) -> float:
    """Return the width of a character in ems, -1 where fonts differ too much to say."""
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
    # Greek and Cyrillic, but for the widest letters.
    return (
        0.88
        if "\u0391" <= char <= "\u03c9" or ("\u0410" <= char <= "\u044f" and char not in "ЖШЩЮЫжшщюы")
        else -1
    )


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """Return how many pixels a line of text takes at most, in the widest of `FONTS`. It is never too small a number."""
    ems = sum(_UNKNOWN if (width := _char_width(char)) < 0 else width for char in escape(text))
    return ems * size * (_BOLD if bold else 1)


_MOST_MARKS = 2
"""Combining marks on one character that are shown: more of them reach into the lines above and below."""


def fit(text: str, room: float, size: float, *, bold: bool = False) -> str:
    """Return text for a label, control characters made visible; what is wider than `room` pixels is cut in the middle.

    Both ends stay, because names of one plan often differ in the last characters only. "" where nothing fits.
    """
    # Five characters for each that could fit are enough to cut from, and names may be long.
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

    Where it has characters of scripts whose fonts differ, it is set to the width that `text_width` gives.
    """
    if any(_char_width(char) < 0 for char in line):
        attributes |= {"textLength": text_width(line, size), "lengthAdjust": "spacingAndGlyphs"}
    return element("text", content(line), x=x, y=y, font_size=size, **attributes)


def style(prefix: str) -> str:
    """Return the style element and the patterns of a picture, for light and dark screens and for print.

    Classes, each after the prefix: bg, fg and quiet for background and text, line for outlines, thin for faint lines,
    bold, the families, and on- with a family for text on it.
    """
    light = [
        f".{prefix}root{{font-family:{FONTS}}}",
        f".{prefix}bold{{font-weight:bold}}",
        f".{prefix}line{{fill:none;stroke-width:1}}.{prefix}thin{{fill:none;stroke-width:1;stroke-opacity:.45}}",
        *_colors(prefix, *LIGHT),
    ]
    dark = list(_colors(prefix, *DARK))
    patterns = []
    for name, family in FAMILIES.items():
        light.append(f".{prefix}f-{name}{{fill:{family.fill}}}")
        light.append(f".{prefix}on-{name}{{fill:{LIGHT[1]}}}")
        fill = family.fill
        if family.pattern:
            fill = f"url(#{prefix}p-{name}) {fill}"
            ground = element("rect", width=8, height=8, class_=f"{prefix}f-{name}")
            patterns.append(
                element(
                    "pattern", ground + family.pattern.replace("{}", f"{prefix}{name}-"), id=f"{prefix}p-{name}",
                    width=8, height=8, patternUnits="userSpaceOnUse",
                )
            )  # fmt: skip
            light.append(f".{prefix}{name}-ink{{fill:none;stroke:#000;stroke-width:1;stroke-opacity:.3}}")
        light.append(f".{prefix}{name}{{fill:{fill}}}")
        if family.dark != family.fill:
            shown = f"url(#{prefix}p-{name}) {family.dark}" if family.pattern else family.dark
            dark.append(
                f".{prefix}f-{name}{{fill:{family.dark}}}.{prefix}{name}{{fill:{shown}}}"
                f".{prefix}on-{name}{{fill:{DARK[1]}}}.{prefix}{name}-ink{{stroke:#fff;stroke-opacity:.3}}"
            )
    rules = "\n".join([*light, "@media screen and (prefers-color-scheme:dark){", *dark, "}"])
    return f"<style>\n{rules}\n</style>\n<defs>{''.join(patterns)}</defs>"


def _colors(prefix: str, ground: str, front: str, quiet: str) -> tuple[str, ...]:
    return (
        f".{prefix}bg{{fill:{ground}}}.{prefix}fg{{fill:{front}}}.{prefix}quiet{{fill:{quiet}}}",
        f".{prefix}line{{stroke:{front}}}.{prefix}thin{{stroke:{front}}}",
    )


def picture(prefix: str, width: float, height: float, title: str, description: str, body: str) -> str:
    """Return a whole picture, with the words that stand for it where it cannot be seen."""
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
            "svg", inner, xmlns="http://www.w3.org/2000/svg", role="img", class_=f"{prefix}root",
            aria_labelledby=" ".join(names), viewBox=f"0 0 {number(width)} {number(height)}", width=width, height=height,
        )
        + "\n"
    )  # fmt: skip
