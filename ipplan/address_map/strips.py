"""Lay out a space as strips to scale: one of the whole, and further ones that enlarge small networks.

The width of a shape is in proportion to its addresses, except for the narrowest, which are `MINIMUM` wide. Narrower
neighbours are joined until they are that wide. So the width limits the number of shapes, for any plan.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ipplan.address_map import parts_within
from ipplan.addresses import WIDTH, Prefix, covering_prefix

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ipplan.address_map import Part, Surveyed, Use
    from ipplan.plan.model import Network

MINIMUM = 2.0
"""The width of the narrowest shape in pixels."""

SMALL = 24.0
"""Show networks that are narrower than this, in pixels, in a further strip."""

MOST_ZOOMED = 8
"""Draw at most 8 strips of one space, besides that of the whole."""

BETWEEN = 24.0
"""Pixels between two strips side by side."""

_QUARTERS = 2
"""Bits that select the parts of a strip to enlarge; each is enlarged 4 times or more."""

_EMPTY: frozenset[Use] = frozenset({"free", "outside", "held", "room"})


class Shape(NamedTuple):
    """A rectangle of a strip: from `x`, `width` pixels wide, drawn as `use`; "several" where its parts differ.

    Invariant: `width` is in proportion to the addresses, but at least `MINIMUM`.
    """

    x: float
    width: float
    use: Use | None
    parts: tuple[Part, ...]

    @property
    def homes(self) -> tuple[Network, ...]:
        """The networks that are named here, in address order."""
        return tuple(network for part in self.parts for network in part.homes)

    @property
    def first(self) -> int:
        """The first address."""
        return self.parts[0].first

    @property
    def last(self) -> int:
        """The last address."""
        return self.parts[-1].last


class Strip(NamedTuple):
    """A prefix drawn over `width` pixels; `windows` are its parts that further strips enlarge.

    `elsewhere` names the networks that these strips name. `depth` is 0 for the whole space.
    """

    prefix: Prefix
    width: float
    depth: int
    shapes: tuple[Shape, ...]
    windows: tuple[Strip, ...]
    elsewhere: frozenset[str]

    def at(self, address: int) -> float:
        """Return where an address is, in pixels from the left."""
        return _scaled(address - self.prefix.first, self.prefix, self.width)


class _Chosen(NamedTuple):
    """A strip before its shapes are made: its width, its parts, and what further strips enlarge."""

    prefix: Prefix
    width: float
    parts: list[Part]
    windows: list[_Chosen]


def lay_out(surveyed: Surveyed, width: float) -> Strip:
    """Return the strip of a space, with the strips that enlarge parts of it.

    Those of one level come before those of the next, in address order, up to `MOST_ZOOMED`. If a strip of the whole
    width has two or more, they and all below them are half as wide, less half of `BETWEEN`.
    """
    whole = _Chosen(surveyed.space.prefix, width, list(surveyed.parts), [])
    waiting, left = [whole], MOST_ZOOMED
    while waiting:
        strip = waiting.pop(0)
        prefixes = list(_windows(strip))[:left]
        left -= len(prefixes)
        narrower = (width - BETWEEN) / 2 if len(prefixes) > 1 else strip.width
        for prefix in prefixes:
            # A network that is large enough here is named only here.
            small = {network.name for network in _small(strip, parts_within(strip.parts, prefix))}
            parts = [
                part._replace(homes=tuple(n for n in part.homes if n.name in small))
                for part in parts_within(surveyed.parts, prefix)
            ]
            strip.windows.append(_Chosen(prefix, min(strip.width, narrower), parts, []))
        waiting += strip.windows
    return _strip(whole, 0)


def _strip(chosen: _Chosen, depth: int) -> Strip:
    windows = tuple(_strip(window, depth + 1) for window in chosen.windows)
    elsewhere = frozenset(n.name for window in chosen.windows for part in window.parts for n in part.homes)
    shapes = tuple(_shapes(chosen))
    return Strip(chosen.prefix, chosen.width, depth, shapes, windows, elsewhere)


def _scaled(addresses: int, prefix: Prefix, width: float) -> float:
    # Integers first: the sizes of IPv6 are exact only there.
    return addresses * int(width) / prefix.size


def _small(strip: _Chosen, parts: Sequence[Part]) -> Iterator[Network]:
    """Yield the networks at home in some parts of a strip that are too small there."""
    for part in parts:
        if part.homes and _scaled(part.size, strip.prefix, strip.width) < SMALL:
            yield from part.homes


def _windows(strip: _Chosen) -> Iterator[Prefix]:
    """Yield the part of each quarter to enlarge: the smallest prefix around its small networks."""
    length = strip.prefix.length + _QUARTERS
    if length > WIDTH[strip.prefix.version]:
        return
    quarters: dict[Prefix, set[Prefix]] = {}
    for network in _small(strip, strip.parts):
        assert network.prefix is not None
        if network.prefix.length >= length:
            quarters.setdefault(network.prefix.supernet(length), set()).add(network.prefix)
    for quarter, prefixes in sorted(quarters.items()):
        around = covering_prefix(sorted(prefixes))
        if around in prefixes:
            # A network that fills its strip would hide its surroundings.
            around = around.supernet(max(quarter.length, around.length - 1))
        yield around


def _shapes(strip: _Chosen) -> Iterator[Shape]:
    prefix, width = strip.prefix, strip.width
    run: list[Part] = []
    for part in strip.parts:
        if run and _scaled(part.size, prefix, width) >= MINIMUM:
            yield _shape(prefix, run, width)
            run = []
        run.append(part)
        if _scaled(part.last + 1 - run[0].first, prefix, width) >= MINIMUM:
            yield _shape(prefix, run, width)
            run = []
    if run:
        yield _shape(prefix, run, width)


def _shape(prefix: Prefix, parts: Sequence[Part], width: float) -> Shape:
    x = _scaled(parts[0].first - prefix.first, prefix, width)
    wide = _scaled(parts[-1].last + 1 - parts[0].first, prefix, width)
    if wide < MINIMUM:
        wide = MINIMUM
        x = min(x, width - wide)
    return Shape(x, wide, _use(parts), tuple(parts))


def _use(parts: Sequence[Part]) -> Use | None:
    """Return the use of a shape of several parts: an overlap if it has one, else the one use that is not empty."""
    uses = {part.use for part in parts}
    if "overlap" in uses:
        return "overlap"
    full = uses - _EMPTY
    if full == {"network"}:
        return "network" if len({part.networks[0] for part in parts if part.networks}) == 1 else None
    if len(full) == 1:
        return full.pop()
    return parts[0].use if len(uses) == 1 else None
