"""Draw address space as text to scale: rows of characters, each for the same number of addresses.

Nothing is hidden: a character shows everything that touches its addresses, so all addresses of a free character are
free, and even the smallest overlap is visible. Without colour and in ASCII the map shows the same. Must not decide
anything: what is where is read from the blocks.
"""

from __future__ import annotations

from string import ascii_letters
from typing import TYPE_CHECKING, NamedTuple

from ipplan.addresses import WIDTH, Prefix, format_address
from ipplan.output.text import cells, escape, paint, wrap
from ipplan.spaces import WHATS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from ipplan.plan.model import Network
    from ipplan.spaces import Block, Space, What

NARROWEST, WIDEST = 40, 200
"""The narrowest and the widest map, in columns of a terminal."""

DEFAULT_WIDTH = 80
"""The width of a map that is not for a terminal."""

MOST_ROWS = 16
"""Draw at most 16 rows for one space; a power of two."""

MOST_LETTERS = len(ascii_letters)
"""At most this many networks of one space have a letter of their own."""

_MOST_OVERLAPS = 10
"""List at most 10 overlaps of one space."""

_SEVERAL, _FURTHER = "+", "&"
_TITLES: dict[str, str] = {
    "free": "free",
    "room": "room to grow",
    "avoid": "avoided",
    "reserved": "reserved",
    _SEVERAL: "several uses side by side",
    "overlap": "overlap",
    _FURTHER: "a network without a letter",
}
"""The meaning of the characters other than letters of networks, in the order of the legend."""

_EXACT = 1 << 40
"""From this number of addresses on, write powers of two or shares."""


class Symbols(NamedTuple):
    """The characters for everything but networks."""

    free: str
    room: str
    avoid: str
    reserved: str
    overlap: str


SHADED = Symbols("·", "░", "▒", "▓", "!")
ASCII = Symbols(".", "-", "/", "#", "!")


def symbols_for(encoding: str | None) -> Symbols:
    """Return shading characters where the encoding has them, else ASCII."""
    try:
        "".join(SHADED).encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return ASCII
    return SHADED


class Drawing(NamedTuple):
    """A space as rows of characters, each for `scale` addresses; `letters` by the name of a network.

    Invariant: the rows are equally long, and their characters cover all addresses of the space in order;
    `labels` are the first addresses of the rows.
    """

    rows: list[str]
    labels: list[str]
    scale: int
    letters: dict[str, str]


def draw(space: Prefix, blocks: Sequence[Block], networks: Sequence[Network], width: int, symbols: Symbols) -> Drawing:
    """Draw a space; linear in its blocks and networks, and never more than `MOST_ROWS` rows.

    Uses as many characters as the smallest network needs to have one of its own, up to that limit.
    """
    bits = WIDTH[space.version] - space.length
    smallest = min((b.size.bit_length() - 1 for b in blocks if b.what != "free"), default=bits)
    row_bits, labels = _layout(space, bits, bits - smallest, width)
    shift = bits - row_bits - (len(labels).bit_length() - 1)
    letters = _letters(networks)
    signs = _Signs(1 << bits - shift, letters, symbols)
    for block in blocks:
        signs.add(block, (block.first - space.first) >> shift, (block.last - space.first) >> shift)
    text, step = signs.text(), 1 << row_bits
    return Drawing([text[i : i + step] for i in range(0, len(text), step)], labels, 1 << shift, letters)


def _layout(space: Prefix, bits: int, wanted: int, width: int) -> tuple[int, list[str]]:
    """Return the characters of a row, as a power of two, and the first addresses of the rows.

    The longest row that fits beside its address; if not even one of 16 does, the longest row that fits alone.
    """
    most = min(bits, width.bit_length() - 1)
    for row_bits in range(most, -1, -1):
        labels = _labels(space, bits, row_bits, wanted)
        if max(map(len, labels)) + 1 + (1 << row_bits) <= width:
            break
    if row_bits < min(4, most):
        return most, _labels(space, bits, most, wanted)
    return row_bits, labels


def _labels(space: Prefix, bits: int, row_bits: int, wanted: int) -> list[str]:
    rows = 1 << max(0, min(wanted, bits) - row_bits)
    rows = min(rows, MOST_ROWS)
    step = (1 << bits) // rows
    return [format_address(space.version, space.first + i * step) for i in range(rows)]


def _letters(networks: Sequence[Network]) -> dict[str, str]:
    """Give the largest networks a letter each, in address order."""
    chosen: Iterable[Network] = networks
    if len(networks) > MOST_LETTERS:
        order = sorted(range(len(networks)), key=lambda i: (networks[i].prefix or (0, 0, 0))[2])
        chosen = (networks[i] for i in sorted(order[:MOST_LETTERS]))
    return {network.name: letter for network, letter in zip(chosen, ascii_letters.swapcase(), strict=False)}


class _Signs:
    """What touches each character: the uses of its blocks, and the network if it is only one."""

    def __init__(self, count: int, letters: dict[str, str], symbols: Symbols) -> None:
        self._whats: list[frozenset[What]] = [frozenset()] * count
        self._networks: list[str | None] = [None] * count
        self._several: set[int] = set()
        self._letters = letters
        self._symbols = symbols

    def add(self, block: Block, first: int, last: int) -> None:
        """Add a block that reaches from one character to another."""
        for index in range(first, last + 1):
            self._whats[index] |= {block.what}
            if block.what == "network":
                if self._networks[index] not in (None, block.networks[0]):
                    self._several.add(index)
                self._networks[index] = block.networks[0]

    def text(self) -> str:
        return "".join(map(self._sign, range(len(self._whats))))

    def _sign(self, index: int) -> str:
        whats = self._whats[index]
        if "overlap" in whats:
            return self._symbols.overlap
        network = self._networks[index]
        if index in self._several or len(whats - {"free", "room"}) > 1:
            return _SEVERAL
        if network is not None:
            return self._letters.get(network, _FURTHER)
        what = next(what for what in WHATS if what in whats)
        return str(getattr(self._symbols, what))


def render_space(
    space: Space,
    blocks: Sequence[Block],
    networks: Sequence[Network],
    *,
    width: int,
    symbols: Symbols,
    color: bool,
) -> tuple[str, str]:
    """Return the map of a space with its networks and numbers, and the characters that it uses."""
    drawing = draw(space.prefix, blocks, networks, width, symbols)
    scale = _count(drawing.scale)
    head = f"{space.prefix} {escape(space.title)}: {_count(space.prefix.size)} addresses, " + (
        "1 per character" if drawing.scale == 1 else f"{scale} per character"
    )
    lines = [*wrap(head, width), *_rows(space.prefix, drawing, width, symbols, color=color)]
    lines += [line for text in _legend(drawing, networks) for line in _indented(text, width)]
    lines += [line for text in _overlap_lines(space.prefix, blocks, symbols) for line in _indented(text, width)]
    lines += _indented(_shares(space.prefix, blocks), width)
    return "".join(line + "\n" for line in lines), "".join(drawing.rows)


def _rows(space: Prefix, drawing: Drawing, width: int, symbols: Symbols, *, color: bool) -> list[str]:
    """Return the rows beside their first addresses; equal rows of one character are shown once."""
    room = max(map(len, drawing.labels))
    beside = room + 1 + len(drawing.rows[0]) <= width
    lines: list[str] = []
    previous = ""
    for label, row in zip(drawing.labels, drawing.rows, strict=True):
        if row == previous and len(set(row)) == 1:
            if lines[-1] != "*":
                lines.append("*")
            continue
        previous = row
        shown = _painted(row, symbols, color=color)
        lines += [f"{label:<{room}} {shown}"] if beside else [label, shown]
    if lines[-1] == "*":
        lines[-1] = f"* the same to {format_address(space.version, space.last)}"
    return lines


def _painted(row: str, symbols: Symbols, *, color: bool) -> str:
    """Return a row with colours for overlaps and free space."""
    if not color:
        return row
    parts = []
    start = 0
    for end in range(1, len(row) + 1):
        if end == len(row) or row[end] != row[start]:
            meaning = {symbols.overlap: "error", symbols.free: "faint"}.get(row[start])
            run = row[start:end]
            parts.append(run if meaning is None else paint(run, meaning, color=True))
            start = end
    return "".join(parts)


def _legend(drawing: Drawing, networks: Sequence[Network]) -> list[str]:
    """Return a line for each network with a letter, and one for all others.

    If there are more networks than letters, a letter that is not in the map is left out.
    """
    lettered = [n for n in networks if n.name in drawing.letters]
    if len(lettered) < len(networks):
        seen = set("".join(drawing.rows))
        lettered = [n for n in lettered if drawing.letters[n.name] in seen]
    names = [escape(n.name) for n in lettered]
    room = min(max(map(cells, names), default=0), 40)
    ranges = [str(n.prefix) for n in lettered]
    wide = max(map(len, ranges), default=0)
    lines = [
        f"{drawing.letters[n.name]} {name}{' ' * (room - cells(name))} {cidr:<{wide}} {n.kind.name}"
        + (f" ({escape(n.cluster)})" if n.cluster else "")
        for n, name, cidr in zip(lettered, names, ranges, strict=True)
    ]
    if others := len(networks) - len(lettered):
        lines.append(f"{_FURTHER} {others:,} further network{'' if others == 1 else 's'}")
    return lines


def _overlap_lines(space: Prefix, blocks: Iterable[Block], symbols: Symbols) -> list[str]:
    """Return a line for each of the first overlaps, and one for the rest."""
    found = [block for block in blocks if block.what == "overlap"]
    lines = []
    for block in found[:_MOST_OVERLAPS]:
        first, last = (format_address(space.version, value) for value in (block.first, block.last))
        names = ", ".join(map(escape, reversed(block.networks)))
        if block.total > len(block.networks):
            names += f" and {block.total - len(block.networks):,} more"
        rules = f" ({', '.join(block.rules)})" if block.rules else ""
        lines.append(f"{symbols.overlap} {first}-{last}: {names}{rules}")
    if len(found) > _MOST_OVERLAPS:
        lines.append(f"{symbols.overlap} {len(found) - _MOST_OVERLAPS:,} more; ipplan check lists all")
    return lines


def _shares(space: Prefix, blocks: Iterable[Block]) -> str:
    sums: dict[str, int] = {}
    for block in blocks:
        sums[block.what] = sums.get(block.what, 0) + block.size
    titles = {**_TITLES, "network": "networks", "overlap": "overlaps"}
    parts = [
        f"{titles[what]} " + (f"{sums[what]:,} ({share})" if sums[what] < _EXACT else share)
        for what in reversed(WHATS)
        if what in sums
        for share in (_share(sums[what], space.size),)
    ]
    return "= " + ", ".join(parts)


def _share(part: int, whole: int) -> str:
    """Return a share in percent; 0 and 100 only where they are exact."""
    tenths = part * 1000 // whole
    if tenths == 0:
        return "under 0.1 %"
    if part < whole and part * 1000 > whole * 999:
        return "over 99.9 %"
    return f"{tenths // 10}.{tenths % 10} %"


def _count(number: int) -> str:
    """Return a power of two for people."""
    return f"{number:,}" if number < _EXACT else f"2^{number.bit_length() - 1}"


def _indented(text: str, width: int) -> list[str]:
    """Wrap a line after its mark, with further lines indented."""
    mark, rest = text[:2], text[2:]
    if cells(text) <= width:
        return [text]
    first, *more = wrap(rest, width - 2)
    return [mark + first, *("  " + line for line in more)]


def render_signs(used: Collection[str], symbols: Symbols, width: int) -> str:
    """Return the legend of the characters in the maps, except the letters of networks."""
    known = {**symbols._asdict(), _SEVERAL: _SEVERAL, _FURTHER: _FURTHER}
    parts = [f"{known[what]} {title}" for what, title in _TITLES.items() if known[what] in used]
    return "".join(line + "\n" for line in wrap(", ".join(parts), width)) if parts else ""
