"""Draw what strips and curves share: colours and words of a part, the key of numbered networks, lines of text.

Everything is written by `svg`; must not decide what is where.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ipplan.addresses import Prefix, format_address
from ipplan.catalog import Catalog
from ipplan.output import svg
from ipplan.output.text import escape

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ipplan.address_map import AddressMap, Part, Surveyed, Use
    from ipplan.catalog import Reservation
    from ipplan.plan.model import Network

WIDTH = 896.0
"""The width of a strip, and of the text below it, in pixels."""

MARGIN = 32.0
"""The margin on each side in pixels."""

ROW = 15.0
"""The height of a line of small text in pixels."""

MOST_LISTED = 10
"""List at most 10 overlaps of one space, and 10 items of one tooltip."""

LONG = 160.0
"""In a shape of at least this width, a long name is cut instead of numbered."""

MOST_KEYED = 3000
"""List at most 3,000 networks of one space in the key; they take 300 kB."""

TITLES: dict[Use, str] = {
    "overlap": "overlap",
    "reserved": "published or reserved",
    "avoid": "avoided",
    "room": "room to grow",
    "held": "reserved for a group",
    "free": "free",
    "outside": "in no pool",
    "pool": "a pool, drawn separately",
}

_CLASSES: dict[Use, str] = {"held": "room", "pool": "free"}


class Ink(NamedTuple):
    """The map, the prefix of names, and the classes that the legend has to explain."""

    map: AddressMap
    prefix: str
    used: set[str]

    def cls(self, *names: str) -> str:
        """Return classes with the prefix of the picture."""
        return " ".join(self.prefix + name for name in names)

    def fill(self, use: Use | None, networks: Sequence[Network]) -> str:
        """Return the class of a shape and remember it for the legend; "several" where it has more than one colour."""
        if use == "network":
            families = {svg.family_of(network.kind) for network in networks}
            name = families.pop() if len(families) == 1 else "several"
        else:
            name = "several" if use is None else _CLASSES.get(use, use)
        self.used.add("held" if use == "held" else name)
        return name

    def swatch(self, name: str, x: float, y: float, width: float, height: float, *more: str) -> str:
        """Return a rectangle in the colours of a class."""
        ground = svg.element("rect", x=x, y=y, width=width, height=height, class_=self.cls(name, "line", *more))
        return ground + svg.hatch(self.prefix, name, [(x, y, width, height)])

    def line(self, x: float, y: float, line: str, *names: str, size: float = svg.SMALL, anchor: str = "") -> str:
        """Return a line of text in the classes of these names."""
        extra = {"text_anchor": anchor} if anchor else {}
        return svg.text(x, y, line, size, class_=self.cls(*(names or ("fg",))), **extra)


def count(number: int) -> str:
    """Return a number of addresses for people; for a large one, the power of two below."""
    return (
        f"{number:,}"
        if number < 1 << 40
        else f"{'' if number & (number - 1) == 0 else 'over '}2^{number.bit_length() - 1}"
    )


def span(version: int, first: int, last: int) -> str:
    """Return a range as a prefix if it is one, else as first and last address."""
    size = last - first + 1
    if size & (size - 1) == 0 and first % size == 0:
        return str(Prefix(version, first, (32 if version == 4 else 128) - size.bit_length() + 1))
    return f"{format_address(version, first)}-{format_address(version, last)}"


def rows_of(map_: AddressMap, version: int, first: int, last: int) -> Iterator[Reservation]:
    """Yield the published or reserved ranges of the catalogue that share some addresses."""
    from ipplan.addresses import Range

    kept = map_.plan.kept_clear
    for prefix in Range(version, first, last).prefixes():
        yield from (row for row in map_.catalog.overlapping(prefix) if Catalog.avoids(row, keep_clear=kept))


def row_words(row: Reservation) -> str:
    """Return a row of the catalogue in one line."""
    where = ", ".join(part for part in (row.data_center, row.pod) if part)
    return f"{row.prefix} {row.title}" + (f" ({where})" if where else "")


def network_words(network: Network) -> str:
    """Return a network in one line."""
    cluster = f" ({network.cluster})" if network.cluster else ""
    return f"{network.name} {network.prefix} {network.kind.name}{cluster}"


def tip(ink: Ink, surveyed: Surveyed, parts: Sequence[Part], known: dict[str, Network]) -> str:
    """Return the tooltip of a shape: its addresses and their use."""
    version = surveyed.space.prefix.version
    first, last = parts[0].first, parts[-1].last
    uses = dict.fromkeys(part.use for part in parts)
    words = ", ".join("networks" if use == "network" else TITLES[use] for use in uses)
    lines = [f"{span(version, first, last)} {words}, {count(last - first + 1)} addresses"]
    names = dict.fromkeys(name for part in parts for name in part.networks)
    lines += some([network_words(known[name]) if name in known else name for name in names])
    if len(parts) == 1 and parts[0].rules:
        lines.append("ipplan check: " + ", ".join(parts[0].rules))
    if "reserved" in uses and len(parts) == 1:
        lines += some(list(dict.fromkeys(map(row_words, rows_of(ink.map, version, first, last)))))
    return svg.tooltip(*lines)


def name_lines(name: str, cidr: str, room: float) -> list[str]:
    """Return a name in one line or two, cut only if there is much room; [] if it has to be a number.

    In two lines it has no range.
    """
    shown = escape(name)
    if svg.text_width(shown, svg.SMALL) <= room and svg.fit(name, room, svg.SMALL) == shown:
        return [shown, cidr]
    if svg.text_width(shown, svg.SMALL) <= 2 * room:
        places = [index + 1 for index, char in enumerate(shown) if char in "-_. /"]
        for place in sorted(places, key=lambda place: (abs(2 * place - len(shown)), place)):
            halves = [shown[:place], shown[place:]]
            if all(half.strip() and svg.fit(half, room, svg.SMALL) == half for half in halves):
                return halves
    cut = svg.fit(name, room, svg.SMALL) if room >= LONG else ""
    return [cut, cidr] if cut else []


def some(items: Sequence[str]) -> list[str]:
    """Return at most `MOST_LISTED` items, and the number of further ones."""
    more = len(items) - MOST_LISTED
    return [*items[:MOST_LISTED], *([f"and {more:,} more"] if more > 0 else [])]


class Key(NamedTuple):
    """The numbered networks of one space, in the order of their numbers, from 1."""

    networks: tuple[Network, ...]

    def number(self) -> dict[str, int]:
        """Return the number of each network by its name."""
        return {network.name: index for index, network in enumerate(self.networks, 1)}


def draw_key(ink: Ink, key: Key, x: float, y: float, width: float) -> tuple[str, float]:
    """Return the key in as many columns as fit, and its height."""
    shown = key.networks[:MOST_KEYED]
    if not shown:
        return "", 0
    ranges = [str(network.prefix) for network in shown]
    wide = max(svg.text_width(cidr, svg.SMALL) for cidr in ranges)
    digits = svg.text_width(f"{len(shown):,}", svg.SMALL)
    columns = max(1, min(4, int(width // (digits + wide + 150))))
    step = width / columns
    rows = -(-len(shown) // columns)
    parts = []
    for index, (network, cidr) in enumerate(zip(shown, ranges, strict=True)):
        left, base = x + index // rows * step, y + (index % rows + 1) * ROW - 4
        room = step - digits - wide - 44
        family = ink.fill("network", [network])
        swatch = ink.swatch(family, left + digits + 6, base - 9, 10, 10)
        parts.append(
            svg.element(
                "g",
                svg.tooltip(network_words(network))
                + ink.line(left + digits, base, f"{index + 1}", "fg", anchor="end")
                + swatch
                + ink.line(left + digits + 22, base, svg.fit(network.name, room, svg.SMALL) or "…")
                + ink.line(left + step - 16, base, cidr, "quiet", anchor="end"),
                class_=ink.cls("key"),
            )
        )
    height = rows * ROW
    if len(key.networks) > MOST_KEYED:
        height += ROW
        more = len(key.networks) - MOST_KEYED
        words = f"{more:,} further networks, numbers {MOST_KEYED + 1:,} to {len(key.networks):,}; choose with --network, --kind or --cluster"
        parts.append(ink.line(x, y + height - 4, words, "quiet"))
    return "\n".join(parts), height


def overlap_lines(surveyed: Surveyed) -> Iterator[tuple[str, str]]:
    """Yield a line for each of the first overlaps, and one for the rest, each with its tooltip."""
    version = surveyed.space.prefix.version
    found = [part for part in surveyed.parts if part.use == "overlap"]
    for part in found[:MOST_LISTED]:
        names = ", ".join(part.networks) + (
            f" and {part.total - len(part.networks):,} more" if part.total > len(part.networks) else ""
        )
        rules = f" ({', '.join(part.rules)})" if part.rules else ""
        line = f"{span(version, part.first, part.last)}: {names}{rules}"
        yield line, line
    if len(found) > MOST_LISTED:
        line = f"{len(found) - MOST_LISTED:,} more overlaps; ipplan check lists them"
        yield line, line


def draw_lines(
    ink: Ink, lines: Iterable[tuple[str, str]], x: float, y: float, width: float, sign: str = ""
) -> tuple[str, float]:
    """Return lines of text below each other, long ones cut, each with its tooltip, and their height."""
    parts: list[str] = []
    height = 0.0
    for line, whole in lines:
        height += ROW
        shown = ink.line(x + (14 if sign else 0), y + height - 4, svg.fit(line, width - 16, svg.SMALL))
        mark = ink.line(x, y + height - 4, sign, "fg", "bold") if sign else ""
        parts.append(svg.element("g", svg.tooltip(whole) + mark + shown))
    return "\n".join(parts), height


def wrapped(words: Iterable[str], width: float, size: float) -> Iterator[str]:
    """Yield words joined by commas, in lines of at most `width` pixels; a longer word is cut."""
    line = ""
    for word in words:
        word = svg.fit(word, width - 8, size)
        longer = f"{line}, {word}" if line else word
        if line and svg.text_width(longer + ",", size) > width:
            yield line + ","
            longer = word
        line = longer
    if line:
        yield line
