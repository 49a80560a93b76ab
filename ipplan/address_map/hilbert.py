"""Compute a prefix as a Hilbert curve: the square of each address.

A prefix with an even number of bits below the whole is a square, one with an odd number two squares side by side, so
areas are always in proportion to addresses. The curve starts at the top left, and turns to the right first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ipplan.addresses import WIDTH, Prefix, Range

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

DEEPEST = 18
"""Draw no smaller square than this many bits below the whole; of 704 pixels it is 1.375 pixels wide."""


class Box(NamedTuple):
    """A rectangle in pixels from the top left of the curve."""

    x: float
    y: float
    width: float
    height: float


class Curve(NamedTuple):
    """The square, or for an odd number of bits its upper half, in which a prefix is drawn; `side` is in pixels.

    `limit` is an even number of bits below the whole; smaller squares are not distinguished.
    """

    prefix: Prefix
    side: float
    limit: int = DEEPEST

    @property
    def bits(self) -> int:
        """The number of bits of an address that select a square, an even number up to `DEEPEST`."""
        free = WIDTH[self.prefix.version] - self.prefix.length
        return min(self.limit, free + free % 2)

    @property
    def height(self) -> float:
        """Pixels from top to bottom."""
        return self.side / 2 if (WIDTH[self.prefix.version] - self.prefix.length) % 2 else self.side

    @property
    def deepest(self) -> int:
        """The prefix length of the smallest square."""
        return self._base + self.bits

    @property
    def _base(self) -> int:
        """The length of the prefix that fills a whole square."""
        odd = (WIDTH[self.prefix.version] - self.prefix.length) % 2
        return self.prefix.length - odd

    def box(self, prefix: Prefix) -> Box:
        """Return the box of a prefix within, which may not be longer than `deepest`."""
        below = prefix.length - self._base
        level = (below + 1) // 2
        cell = self.side / (1 << level)
        index = (prefix.first - self.prefix.first) >> (WIDTH[prefix.version] - self._base - 2 * level)
        x, y = _position(index, level)
        if below % 2:
            other_x, other_y = _position(index + 1, level)
            left, top = min(x, other_x), min(y, other_y)
            return Box(left * cell, top * cell, (abs(x - other_x) + 1) * cell, (abs(y - other_y) + 1) * cell)
        return Box(x * cell, y * cell, cell, cell)

    def boxes(self, first: int, last: int) -> Iterator[Box]:
        """Yield the boxes of addresses from first to last, which start and end at smallest squares."""
        for prefix in Range(self.prefix.version, first, last).prefixes():
            yield self.box(prefix)

    def corners(self) -> Iterator[Prefix]:
        """Yield the smallest squares at the four corners: top left, top right, bottom right, bottom left."""
        for right, down in ((False, False), (True, False), (True, True), (False, True)):
            corner = self.prefix
            for length in range(self.prefix.length + 1, self.deepest + 1):
                step = 1 << WIDTH[corner.version] - length
                halves = (Prefix(corner.version, first, length) for first in (corner.first, corner.first + step))
                corner = max(halves, key=lambda half: self._towards(half, right=right, down=down))
            yield corner

    def _towards(self, prefix: Prefix, *, right: bool, down: bool) -> float:
        box = self.box(prefix)
        return (box.x + box.width / 2 if right else -box.x - box.width / 2) + (
            box.y + box.height / 2 if down else -box.y - box.height / 2
        )

    def path(self, level: int) -> Iterator[tuple[float, float]]:
        """Yield the centres of all squares of a level in the order of the curve."""
        cell = self.side / (1 << level)
        count = 1 << 2 * level
        for index in range(count // 2 if self.height < self.side else count):
            x, y = _position(index, level)
            yield (x + 0.5) * cell, (y + 0.5) * cell


def _position(index: int, level: int) -> tuple[int, int]:
    """Return column and row of the n-th of the 4^level squares along the curve; the first half is the upper one."""
    x = y = 0
    size = 1
    for _ in range(level):
        right = (index >> 1) & 1
        down = (index ^ right) & 1
        # The curve of a quarter is that of the whole, mirrored so that its ends meet those of its neighbours.
        if not down:
            if right:
                x, y = size - 1 - x, size - 1 - y
            x, y = y, x
        x, y = x + size * right, y + size * down
        index >>= 2
        size <<= 1
    return y, x


def cells(curve: Curve, parts: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Round ranges, given in address order, to whole smallest squares; a square belongs to the range with its first address."""
    shift = WIDTH[curve.prefix.version] - curve.deepest
    found = []
    for first, last in parts:
        start, end = -(-first >> shift) << shift, -(-(last + 1) >> shift) << shift
        found.append((start, end - 1))
    return found
