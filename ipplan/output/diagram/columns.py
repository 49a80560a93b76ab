"""Place the columns of a diagram with their vertical lines, and the row of each track.

Every column starts with slots for vertical lines. Labels are to the right of them, so that no line crosses a label. Widths
depend on links and on names of ranges, not on the number of networks.
"""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, NamedTuple

from ipplan.output.svg import SMALL, text_width

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ipplan.output.diagram.content import Column, Content, Item, Lane
    from ipplan.output.diagram.links import Track

MARGIN, GAP, LANE_GAP, PAD, SLOT = 16.0, 14.0, 24.0, 14.0, 16.0
"""Distances: around the diagram, between columns, between lanes, before the first slot, between slots."""
NARROW = 216.0
"""Make a column at least this wide."""
LABEL = 420.0
"""Make the label of a track at most this wide."""
GUTTER = 216.0
"""The distance between sites and data centers, for the names of the bars and the XCR."""
_BASE = {"site": 2, "concentrator": 1, "iks": 1, "edge": 3, "icp": 0, "subnets": 1}
"""The number of slots for the lines to bars and to the lower box, by kind of column."""


class Slots(NamedTuple):
    """A column with its position.

    `ports` has the x position of each track, `hang` that of the line of an ICP cluster to its overlay. Labels are between
    `text` and `limit`.
    """

    column: Column
    x: float
    width: float
    ports: Mapping[str, float]
    hang: float
    text: float
    limit: float

    def slot(self, number: int) -> float:
        """Return the x position of a slot."""
        return self.x + PAD + SLOT * number

    @property
    def right(self) -> float:
        """Its right side."""
        return self.x + self.width

    @property
    def head(self) -> float:
        """The start of labels above the devices, where only one line runs."""
        return self.slot(0) + 9

    @property
    def base(self) -> float:
        """The start of labels where only the lines to bars run."""
        return self.slot(_BASE[self.column.kind] - 1) + 9


class Spread(NamedTuple):
    """Columns from left to right, and the frames of lanes with their left and right sides."""

    columns: tuple[Slots, ...]
    lanes: tuple[tuple[Lane, float, float], ...]
    gutter: float
    width: float

    def of(self, key: str) -> Slots:
        """Return the column with that key."""
        return next(slots for slots in self.columns if slots.column.key == key)


def spread(content: Content) -> Spread:
    """Return the columns of a diagram with their positions: sites, the gutter, data centers."""
    order = {column.key: at for at, column in enumerate(content.columns)}
    touching: dict[str, list[Track]] = {key: [] for key in order}
    labelled: dict[str, float] = {}
    for track in content.tracks:
        for key in track.columns:
            touching[key].append(track)
        first = min(track.columns, key=order.__getitem__)
        labelled[first] = max(labelled.get(first, 0.0), label_width(track))
    found: list[Slots] = []
    lanes = []
    x = MARGIN
    gutter = MARGIN
    for number, lane in enumerate((*content.sites, *content.lanes)):
        if number == len(content.sites):
            gutter, x = x, x + GUTTER
        start = x
        x += GAP
        for column in lane.columns:
            slots = _place(column, x, touching[column.key], order, labelled.get(column.key, 0.0))
            found.append(slots)
            x = slots.right + GAP
        lanes.append((lane, start, x))
        x += LANE_GAP
    if not content.lanes:
        gutter, x = x, x + GUTTER
    return Spread(tuple(found), tuple(lanes), gutter, x - LANE_GAP + MARGIN)


def _place(column: Column, x: float, tracks: Sequence[Track], order: Mapping[str, int], label: float) -> Slots:
    here = order[column.key]

    def side(track: Track) -> tuple[int, int, str]:
        others = [order[key] for key in track.columns if key != column.key]
        # Lines to the left get the left slots, so that fewer cross.
        leftwards = bool(others) and max(others) < here
        return (0 if leftwards else 1, -min(others, default=here), track.key)

    base = _BASE[column.kind]
    overlay = [t for t in tracks if t.overlay and column.key in t.seconds]
    groups = [[t for t in tracks if t.channel == channel and t not in overlay] for channel in ("public", "private")]
    if column.kind == "icp":
        # Tracks of both channels run down to the cluster, past each other.
        groups = [[*groups[0], *groups[1]]]
    ports: dict[str, float] = {}
    most = 0
    for group in groups:
        slots = 0
        for track in sorted(group, key=side):
            twice = 2 if len(track.columns) == 1 else 1
            ports[track.key] = x + PAD + SLOT * (base + slots)
            slots += twice
        most = max(most, slots)
    if column.kind == "icp":
        # Its line is the last one, next to its labels.
        most += 1
    hang = x + PAD + SLOT * (base + most - 1)
    text = hang + 9
    reserved = SLOT * len(overlay)
    widest = max((text_width(item.value, SMALL) for item in _items(column)), default=0.0)
    room = max(label, 24.0)
    start = text - x if column.kind == "icp" else PAD + SLOT * base
    width = ceil(max(NARROW, text - x + room + reserved, start + widest + 10 + reserved))
    ports |= {t.key: x + width - 10 - SLOT * n for n, t in enumerate(sorted(overlay, key=lambda t: t.key))}
    return Slots(column, x, width, ports, hang, text, x + width - reserved - 4)


def label_width(track: Track) -> float:
    """Return the width of the label of a track."""
    return min(
        LABEL,
        max(text_width(words, SMALL) for words in (track.head, *(f"to {tail}" for tail in track.tails))) + 4,
    )


def _items(column: Column) -> Iterator[Item]:
    for items in (column.items, column.above, column.below, column.stub, column.lower):
        yield from items or ()


class PlacedTrack(NamedTuple):
    """A track with its row in its channel, counted from the devices, its sides, and the place of its label."""

    track: Track
    row: int
    left: float
    right: float
    text: float
    room: float


def rows(tracks: Iterable[Track], columns: Mapping[str, Slots]) -> tuple[PlacedTrack, ...]:
    """Return the tracks of one channel with their rows: short ones next to the devices, so that fewer lines cross.

    Tracks share a row if their lines do not meet. A label is in the first column of its line.
    """
    placed: list[PlacedTrack] = []
    for track in tracks:
        ports = [columns[key].ports[track.key] for key in track.columns]
        first = min((columns[key] for key in track.columns), key=lambda slots: slots.x)
        left, right = min(ports), max(ports)
        if len(ports) == 1:
            right += SLOT
        placed.append(PlacedTrack(track, 0, left, right, first.text, label_width(track)))
    taken: list[list[tuple[float, float]]] = []
    found = []
    for one in sorted(placed, key=lambda p: (p.right - p.left, p.left, p.track.key)):
        start, end = one.left - 8, one.right + 8
        number = next((n for n, used in enumerate(taken) if all(end <= a or b <= start for a, b in used)), len(taken))
        if number == len(taken):
            taken.append([])
        taken[number].append((start, end))
        found.append(one._replace(row=number))
    return tuple(found)
