"""Format text for people: escape control characters, wrap at spaces, add colour.

Knows nothing of what it prints. After `escape`, names from a plan can neither style a terminal nor move its cursor.
"""

from __future__ import annotations

import re

_UNSAFE = (
    "[\x00-\x1f\x7f-\x9f"  # C0, DEL, C1
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e"  # soft hyphen, joiners, fillers, marks
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f"  # zero width, line separators, bidirectional controls
    "\u3164\ufeff\uffa0\ufff9-\ufffb\ufffe\uffff"  # fillers, byte order mark, annotation, what XML forbids
    "\ud800-\udfff"  # surrogates, which no encoding can write
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"  # musical controls, tags and further selectors
)

COLORS = {
    "error": "1;31",
    "warning": "1;33",
    "note": "1;36",
    "bold": "1",
    "faint": "2",
    "good": "1;32",
    "address": "36",
}
"""The colour of each meaning, as parameters of an ANSI escape sequence."""


def escape(text: str) -> str:
    r"""Return the text with every character that is invisible or acts on a terminal as an escape: \x1b.

    Covers C0 and C1 controls, DEL, bidirectional and zero-width characters, line separators and surrogates;
    everything else, including spaces and backslashes, stays unchanged.
    """
    if text.isascii() and text.isprintable():
        return text
    # Compiled when first needed (re remembers it), because most runs never see such a character.
    return re.sub(_UNSAFE, lambda match: match[0].encode("unicode_escape").decode("ascii"), text)


def cells(text: str) -> int:
    """Return the number of terminal columns of the (escaped) text; wide characters take two."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(char) else 2 if east_asian_width(char) in "WF" else 1 for char in text)


def wrap(text: str, width: int) -> list[str]:
    """Break text at spaces into lines of at most `width` columns; a longer word stays whole on its line."""
    lines: list[str] = []
    line = ""
    room = 0
    for word in text.split(" "):
        size = cells(word)
        if lines and size + 1 <= room:
            line += " " + word
            room -= size + 1
            lines[-1] = line
        else:
            line = word
            room = width - size
            lines.append(line)
    return [line.rstrip(" ") for line in lines]


def hang(text: str, width: int | None) -> str:
    """Return a paragraph as lines of at most `width` columns (None: not limited), indented by two from the second on."""
    first, *more = [text] if width is None else wrap(text, width)
    if more and width is not None:
        more = wrap(" ".join(more), max(width - 2, 1))
    return "".join(line + "\n" for line in (first, *("  " + line for line in more)))


def render_error(message: str, help_text: str | None, width: int | None, *, color: bool) -> str:
    """Return an error and its help, as shown under a result."""
    word = "error"
    text = paint(word, "error", color=color) + hang(f"{word}: {escape(message)}", width)[len(word) :]
    if help_text is None:
        return text
    # The indent is added after wrapping, which removes leading blanks.
    room = None if width is None else max(width - 3, 1)
    return text + "".join(f"   {line}\n" for line in hang(f"= help: {escape(help_text)}", room).splitlines())


def paint(text: str, meaning: str, *, color: bool) -> str:
    """Return the text in the colour of a meaning, unchanged if colour is off."""
    return f"\x1b[{COLORS[meaning]}m{text}\x1b[0m" if color else text
