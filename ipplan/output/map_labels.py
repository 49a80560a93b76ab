"""Place the labels of a Hilbert curve so that none touches another.

Names and numbers of networks come first, because each network needs one of the two. Labels of free and published space
get the remaining room. Must not write anything.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from ipplan.address_map.hilbert import Box
from ipplan.addresses import Prefix, Range, format_address
from ipplan.output import svg
from ipplan.output.map_parts import name_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ipplan.address_map import Surveyed
    from ipplan.address_map.hilbert import Curve
    from ipplan.catalog import Reservation
    from ipplan.plan.model import Network

ORDER = 4
"""The level of the line that shows the order: 256 squares, each a /16 in a /8."""

_FINEST = 5
"""The level of the smallest squares with numbers of their own."""

LINE = 13.0
"""The height of a line of text with its background."""


class Label(NamedTuple):
    """Lines of text around a point; `whole` is the full name of their network."""

    lines: tuple[str, ...]
    x: float
    y: float
    whole: str = ""

    @property
    def box(self) -> Box:
        wide = max(svg.text_width(line, svg.SMALL) for line in self.lines) + 2
        high = LINE * len(self.lines)
        return Box(self.x - wide / 2, self.y - high / 2, wide, high)


class _Taken:
    """The boxes of placed labels, indexed by squares of `_SQUARE` pixels."""

    _SQUARE = 40

    def __init__(self) -> None:
        self._squares: dict[tuple[int, int], list[Box]] = {}

    def _keys(self, box: Box) -> Iterator[tuple[int, int]]:
        for x in range(int(box.x // self._SQUARE), int((box.x + box.width) // self._SQUARE) + 1):
            for y in range(int(box.y // self._SQUARE), int((box.y + box.height) // self._SQUARE) + 1):
                yield x, y

    def touches(self, box: Box) -> bool:
        """Return whether the box touches a placed label."""
        return any(_touch(box, other) for key in self._keys(box) for other in self._squares.get(key, ()))

    def place(self, box: Box) -> None:
        """Add the box of a label."""
        for key in self._keys(box):
            self._squares.setdefault(key, []).append(box)


def _touch(one: Box, other: Box) -> bool:
    return (
        one.x < other.x + other.width
        and other.x < one.x + one.width
        and one.y < other.y + other.height
        and other.y < one.y + one.height
    )


class Placer:
    """Places the labels of one curve; `keyed` are the networks with a number, in the order of the numbers."""

    def __init__(
        self,
        curve: Curve,
        surveyed: Surveyed,
        published: Mapping[Prefix, Sequence[Reservation]],
        free: Sequence[tuple[int, int]],
    ) -> None:
        self._curve = curve
        self._networks = surveyed.networks
        self._published = published
        self._free = free
        self.keyed: list[Network] = []

    def place(self) -> Iterator[Label]:
        """Yield names of networks that fit, numbers for the others, then free space, then published ranges."""
        named, numbers = self._name_or_number()
        taken = _Taken()
        for label in [*numbers, *(label for _, label in named)]:
            taken.place(label.box)
            yield label
        for label in [*self._free_labels(), *self._published_labels()]:
            if not taken.touches(label.box):
                taken.place(label.box)
                yield label

    def _name_or_number(self) -> tuple[list[tuple[Network, Label]], list[Label]]:
        """Return the networks whose names fit, and the labels with the numbers of all others.

        A name that touches a number becomes a number itself, until none does.
        """
        named = [(n, label) for n in self._networks if (label := self._name(n)) is not None]
        while True:
            names = {network.name for network, _ in named}
            self.keyed = [network for network in self._networks if network.name not in names]
            numbers = self._numbers()
            taken = _Taken()
            for label in numbers:
                taken.place(label.box)
            kept = []
            for network, label in named:
                if not taken.touches(label.box):
                    taken.place(label.box)
                    kept.append((network, label))
            if len(kept) == len(named):
                return named, numbers
            named = kept

    def _name(self, network: Network) -> Label | None:
        """Return the label of a network if its name, or in a large box its cut name, fits in its box."""
        assert network.prefix is not None
        prefix = network.prefix
        if prefix.length > self._curve.deepest:
            return None
        box = self._box(prefix)
        lines = name_lines(network.name, str(prefix), box.width - 6)
        if lines and lines[-1] == str(prefix) and svg.text_width(lines[-1], svg.SMALL) > box.width - 6:
            lines.pop()
        fits = lines and len(lines) * LINE + 2 <= box.height
        x, y = box.x + box.width / 2, box.y + box.height / 2
        return Label(tuple(lines), x, y, network.name) if fits else None

    def _box(self, prefix: Prefix) -> Box:
        """Return the box of a prefix; for one that covers the curve, the whole curve."""
        if prefix.covers(self._curve.prefix):
            return Box(0, 0, self._curve.side, self._curve.height)
        if prefix.length > self._curve.deepest:
            prefix = prefix.supernet(self._curve.deepest)
        return self._curve.box(prefix)

    def _numbers(self) -> list[Label]:
        """Return labels for the networks of the key, each in a square of its own, so that no two touch."""
        rows = []
        for number, network in enumerate(self.keyed, 1):
            assert network.prefix is not None
            box = self._box(network.prefix)
            rows.append((number, box.x + box.width / 2, box.y + box.height / 2))
        return self._grouped(rows, 0, Box(0, 0, self._curve.side, self._curve.side)) or []

    def _grouped(self, rows: Sequence[tuple[int, float, float]], level: int, square: Box) -> list[Label] | None:
        """Return labels for the networks of a square; None if their numbers do not fit into it.

        The addresses of a square are one range, so its numbers are one range too. A network that is larger than the square
        has its centre on a corner of four squares; its number extends the range of one.
        """
        if not rows:
            return []
        if level < _FINEST and (len(rows) > 1 or level < ORDER):
            half = square.width / 2
            found: list[Label] | None = []
            for left, top in ((0, 0), (1, 0), (1, 1), (0, 1)):
                x, y = square.x + left * half, square.y + top * half
                own = [row for row in rows if x <= row[1] < x + half and y <= row[2] < y + half]
                if not _is_run(own):
                    found = None
                    break
                labels = self._grouped(own, level + 1, Box(x, y, half, half))
                if labels is None:
                    found = None
                    break
                assert found is not None
                found += labels
            if found is not None:
                return found
        first, last = rows[0][0], rows[-1][0]
        label = Label((f"{first}" if first == last else f"{first}–{last}",), 0, 0)
        wide, high = label.box.width, label.box.height
        if level > 0 and (wide > square.width or high > square.height):
            return None
        x = sum(row[1] for row in rows) / len(rows)
        y = sum(row[2] for row in rows) / len(rows)
        x = min(max(x, square.x + wide / 2), square.x + square.width - wide / 2)
        y = min(max(y, square.y + high / 2), min(square.y + square.height, self._curve.height) - high / 2)
        return [label._replace(x=x, y=y)]

    def _free_labels(self) -> Iterator[Label]:
        """Yield labels of free space, the largest prefixes first."""
        found: list[Prefix] = []
        for first, last in self._free:
            found += Range(self._curve.prefix.version, first, last).prefixes()
        for prefix in sorted(found, key=lambda p: (p.length, p.first)):
            box = self._curve.box(prefix)
            address = format_address(prefix.version, prefix.first)
            for lines in (
                ("free", str(prefix)),
                ("free", address, f"/{prefix.length}"),
                (f"free /{prefix.length}",),
                (f"/{prefix.length}",),
            ):
                label = Label(lines, box.x + box.width / 2, box.y + box.height / 2)
                if label.box.width <= box.width - 4 and label.box.height <= box.height - 4:
                    yield label
                    break

    def _published_labels(self) -> Iterator[Label]:
        """Yield the data centers of published ranges that fit, larger ranges first."""
        for prefix, rows in sorted(self._published.items(), key=lambda item: (item[0].length, item[0].first)):
            if not self._curve.prefix.covers(prefix) or prefix.length > self._curve.deepest:
                continue
            box = self._curve.box(prefix)
            centers = sorted({row.data_center for row in rows if row.data_center})
            tries = [(", ".join(centers),), tuple(centers)] if centers else [(rows[0].title,)]
            for lines in tries:
                label = Label(lines, box.x + box.width / 2, box.y + box.height / 2)
                if label.box.width <= box.width and label.box.height <= box.height:
                    yield label
                    break


def _is_run(rows: Sequence[tuple[int, float, float]]) -> bool:
    """Return whether numbers follow each other without a gap."""
    return all(after[0] == before[0] + 1 for before, after in pairwise(rows))
