"""Lay out the columns of a table in the width of a terminal, and write its lines.

Texts are escaped already. Knows nothing of what the columns hold.
"""

from __future__ import annotations

from collections import Counter
from itertools import zip_longest
from typing import TYPE_CHECKING, NamedTuple

from ipplan.output.text import cells, paint, wrap

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ipplan.output.table import Column

GAP = 2
"""Blanks between two columns."""
_LEAST = 20
"""Text that may be cut keeps this width if it needs it; other columns are left out first."""
_SENTENCE = 40
"""A sentence that may be wrapped keeps this width."""
_MARKS = {"cut": " ", "list": ", "}
"""The separator at which a text is cut."""
_DOTS = "..."
"""Replaces the words that are cut."""


class _Sized(NamedTuple):
    """The widths of a column's cells and of its title, and the widest of all.

    `bare` are the least widths of the cells, `head` that of the title: if texts may be cut or wrapped, those of their
    words. `least` is the width below which other columns are left out first.
    """

    sizes: list[int]
    title: int
    head: int
    full: int
    bare: list[int]
    least: int


class _Placed(NamedTuple):
    """A column in its place: its texts as shown, and their widths."""

    column: Column
    start: int
    width: int
    texts: Sequence[str]
    sizes: Sequence[int]


def render_rows(
    columns: Sequence[Column], titles: Sequence[str], rows: Sequence[Sequence[str]], width: int | None, *, color: bool
) -> tuple[str, list[str]]:
    """Return the rows as lines under their titles, and what is missing: titles of left out columns, "all of" cut ones.

    Linear in the cells. No line is wider than `width` (None: not limited) unless a single word is. In a terminal that
    is too narrow for the titles, each row is a block of `title: value` lines.
    """
    texts = [[row[at] for row in rows] for at in range(len(columns))]
    measured = [_measure(*one) for one in zip(columns, titles, texts, strict=True)]
    widths = {at: one.full for at, one in enumerate(measured)} if width is None else lay_out(columns, measured, width)
    left_out = [title for at, title in enumerate(titles) if at not in widths]
    kept = sorted(widths)
    if width is not None and _total(widths.values()) > width:
        named = [titles[at] for at in kept]
        return _blocks(named, [[row[at] for at in kept] for row in rows], width, color=color), left_out
    placed = []
    start = 0
    for at in kept:
        shown, sizes = _shortened(columns[at], texts[at], measured[at].sizes, widths[at])
        placed.append(_Placed(columns[at], start, widths[at], [titles[at], *shown], [measured[at].title, *sizes]))
        start += widths[at] + GAP
        left_out += [f"all of {titles[at]}"] if shown != texts[at] else []
    return "".join(f"{line}\n" for line in _lines(placed, width, color=color)), left_out


def _measure(column: Column, title: str, texts: Sequence[str]) -> _Sized:
    sizes = list(map(len if all(map(str.isascii, texts)) else cells, texts))
    own = cells(title)
    full = max([own, *sizes])
    head = own
    if column.long == "wrap":
        head = max(map(cells, title.split(" ")))
        bare = [max(map(cells, text.split(" "))) for text in texts]
    elif (mark := _MARKS.get(column.long)) is not None:
        # The first word or item stays whole.
        dots = len(mark) + len(_DOTS)
        firsts = (text.partition(mark) for text in texts)
        bare = [cells(first) + (dots if rest else 0) for first, rest, _ in firsts]
    else:
        return _Sized(sizes, own, own, full, sizes, full)
    wanted = _SENTENCE if column.long == "wrap" and column.kind == "text" else _LEAST
    return _Sized(sizes, own, head, full, bare, max([head, *bare, min(full, wanted)]))


def lay_out(columns: Sequence[Column], measured: Sequence[_Sized], width: int) -> dict[int, int]:
    """Return the columns that are shown, by number, with their widths.

    Columns that are never left out are as wide as as many of their cells need as fit. Then the others are left out, the
    least important first, until the rest has room. Remaining room goes to texts that are cut or wrapped.
    """
    needed = [at for at, column in enumerate(columns) if not column.goes or column.long in ("note", "source")] or [0]
    widths = {at: one.least for at, one in enumerate(measured)}
    _narrow(widths, needed, measured, width)
    for goes in sorted({column.goes for column in columns}, reverse=True):
        if _total(widths.values()) <= width:
            break
        widths = {at: size for at, size in widths.items() if at in needed or columns[at].goes != goes}
    room = width - _total(widths.values())
    # Columns that still need room share it equally, the remainder from the left.
    growing = [at for at in sorted(widths) if columns[at].long in ("cut", "list", "wrap")]
    while room > 0 and (needy := [at for at in growing if widths[at] < measured[at].full]):
        share = max(room // len(needy), 1)
        for at in needy:
            gain = min(share, measured[at].full - widths[at], room)
            widths[at] += gain
            room -= gain
    return widths


def _narrow(widths: dict[int, int], needed: Sequence[int], measured: Sequence[_Sized], width: int) -> None:
    """Make needed columns narrower until they fit or cannot be narrower.

    Texts that may be cut or wrapped shrink first. Then cells get a line of their own, first few wide ones.
    """
    counts = {at: Counter(size for size in measured[at].bare if size > measured[at].head) for at in needed}
    steps = {at: sorted({measured[at].head, *counts[at]}) for at in needed}

    def cost(at: int) -> float:
        return counts[at][steps[at][-1]] / (steps[at][-1] - steps[at][-2])

    for at in needed:
        if _total(widths[at] for at in needed) > width:
            widths[at] = min(widths[at], steps[at][-1])
    while _total(widths[at] for at in needed) > width:
        narrower = [at for at in needed if len(steps[at]) > 1]
        if not narrower:
            return
        cheapest = min(narrower, key=cost)
        steps[cheapest].pop()
        widths[cheapest] = min(widths[cheapest], steps[cheapest][-1])


def _total(widths: Iterable[int]) -> int:
    """Return the width of these columns side by side."""
    return sum(size + GAP for size in widths) - GAP


def _shortened(
    column: Column, texts: Sequence[str], sizes: Sequence[int], width: int
) -> tuple[Sequence[str], Sequence[int]]:
    """Return the texts of a column, cut if they are too wide and may be cut, and their widths."""
    if (mark := _MARKS.get(column.long)) is None:
        return texts, sizes
    shown = [text if size <= width else _cut(text, mark, width) for text, size in zip(texts, sizes, strict=True)]
    return shown, list(map(cells, shown))


def _cut(text: str, mark: str, width: int) -> str:
    """Return as many first words or items of a text as fit before the dots, at least one."""
    first, *more = text.split(mark)
    room = width - len(mark) - len(_DOTS) - cells(first)
    kept = [first]
    for word in more:
        room -= len(mark) + cells(word)
        if room < 0:
            return mark.join([*kept, _DOTS])
        kept.append(word)
    return text


def _lines(placed: Sequence[_Placed], width: int | None, *, color: bool) -> Iterator[str]:
    """Yield the lines of the titles and of every row: one for each row, more for a row with a cell that is too wide."""
    wide = {number for one in placed for number, size in enumerate(one.sizes) if size > one.width}
    padded = []
    for one in placed:
        blanks = (" " * (one.width - size) for size in one.sizes)
        painted = (
            [_painted(one.column, text, number, color=True) for number, text in enumerate(one.texts)]
            if color
            else one.texts
        )
        pairs = zip(painted, blanks, strict=True)
        padded.append([b + t for t, b in pairs] if one.column.kind == "number" else [t + b for t, b in pairs])
    gap = " " * GAP
    for number, row in enumerate(zip(*padded, strict=True)):
        if number in wide:
            yield from _broken(placed, number, width, color=color)
        else:
            yield gap.join(row).rstrip(" ")
        if number == 0:
            yield gap.join("-" * one.width for one in placed)


def _painted(column: Column, text: str, number: int, *, color: bool) -> str:
    """Return a cell in its colour; number 0 is the title."""
    if not color or not text:
        return text
    if number == 0:
        return paint(text, "bold", color=True)
    return paint(text, "address", color=True) if column.kind == "address" else text


def _broken(placed: Sequence[_Placed], number: int, width: int | None, *, color: bool) -> Iterator[str]:
    """Yield the lines of one row: a cell without room starts a new line, and the rest follows in its columns."""
    parts = [wrap(one.texts[number], one.width) if one.column.long == "wrap" else [one.texts[number]] for one in placed]
    for texts in zip_longest(*parts, fillvalue=""):
        line, used = "", 0
        for one, whole in zip(placed, texts, strict=True):
            pieces = [whole] if width is None or cells(whole) <= width else wrap(whole, width)
            for text in filter(None, pieces):
                size = cells(text)
                start = one.start + (max(one.width - size, 0) if one.column.kind == "number" else 0)
                if width is not None:
                    start = max(min(start, width - size), 0)
                if used and used + GAP > start:
                    yield line
                    line, used = "", 0
                line += " " * (start - used) + _painted(one.column, text, number, color=color)
                used = start + size
        yield line


def _blocks(titles: Sequence[str], rows: Sequence[Sequence[str]], width: int, *, color: bool) -> str:
    """Return one block of `title: value` lines for each row; long values continue indented, words stay whole."""
    blocks = []
    for row in rows:
        lines = []
        for title, value in zip(titles, row, strict=True):
            first, *more = wrap(f"{title}: {value}", width)
            if first.startswith(f"{title}:"):
                first = paint(title, "bold", color=color) + first[len(title) :]
            lines.append(first)
            lines += ["  " + line for line in wrap(" ".join(more), max(width - 2, 1)) if more]
        blocks.append("\n".join(lines) + "\n")
    return "\n".join(blocks)
