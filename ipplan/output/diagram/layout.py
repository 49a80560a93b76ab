"""Place everything in a diagram: fixed tiers from the internet down to the overlays, a lane for each data center.

Tiers, from top to bottom:

1. the internet, a bar across everything
2. the FCR, a bar across the data centers, and the public networks on it
3. links over the public network, each in a row
4. devices: routers of sites, IKS workers, ESGs, ESXi hosts
5. links over the private network, each in a row
6. private networks and their bar, the BCR; beside it the WAN of the sites and the XCR
7. separately in each column: the networks of a site; transit network, DLR, overlay (a bar), VMs and ICP clusters of an edge;
   other private subnets

Parts below the BCR move nothing else when they grow. The tiers above grow by two lines at a time. Positions depend on the
plan only: the same plan gives the same diagram.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.output.diagram.columns import GAP, GUTTER, MARGIN, Slots, rows, spread
from ipplan.output.diagram.shapes import Drawing, Label, Line, Rect, Tap
from ipplan.output.diagram.sheet import BAR, TEXT, Sheet, wrap
from ipplan.output.svg import LARGE, NORMAL, SMALL, fit

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ipplan.output.diagram.columns import PlacedTrack
    from ipplan.output.diagram.content import Column, Content, Item
    from ipplan.output.diagram.links import Track

ROW = 50.0
"""The height of a row of a channel."""
STEP = 2
"""Grow a shared tier by this many lines at a time."""
INTERNET, FCR, BCR, WAN, XCR = "internet", "fcr", "bcr", "wan", "xcr"
"""The places outside columns."""


def lay_out(content: Content) -> Drawing:
    """Return the diagram of some content with its positions."""
    return _Layout(content).draw()


def device(key: str) -> str:
    """Return the place of the device of a column."""
    return f"device {key}"


def router(key: str) -> str:
    """Return the place of the DLR of a column."""
    return f"dlr {key}"


def overlay(key: str) -> str:
    """Return the place of the overlay of an edge."""
    return f"overlay {key}"


def lower(key: str) -> str:
    """Return the place of the lower box of a column: VMs, an ICP cluster, the networks of a site."""
    return f"lower {key}"


class _Layout:
    """Places tier after tier; keeps y positions, because later tiers depend on earlier ones."""

    def __init__(self, content: Content) -> None:
        self.content = content
        self.spread = spread(content)
        self.slots = {s.column.key: s for s in self.spread.columns}
        self.public = rows((t for t in content.tracks if t.channel == "public"), self.slots)
        self.private = rows((t for t in content.tracks if t.channel == "private"), self.slots)
        self.sheet = Sheet()
        self._tiers()

    def _tiers(self) -> None:
        """Set the y positions of the tiers that all lanes share."""
        columns = self.spread.columns
        self.internet = 66.0
        self.frames = self.internet + BAR + 16
        self.fcr = self.frames + 28
        above = _most(self._height(s.column.above, s.right - s.head) for s in columns)
        self.device_top = self.fcr + BAR + 8 + above * TEXT + 6 + _height(self.public)
        inside = _most(self._height(s.column.items, s.width - 22) for s in columns)
        self.device_bottom = self.device_top + 26 + inside * TEXT + 4
        below = _most(self._height(s.column.below, s.limit - s.base) for s in columns)
        self.below = self.device_bottom + 6 + _height(self.private)
        self.bcr = self.below + below * TEXT + 8
        self.hung = self.bcr + BAR

    def _height(self, items: Iterable[Item] | None, room: float) -> int:
        return len(wrap(items or (), room))

    def draw(self) -> Drawing:
        """Return everything with its position."""
        self._shared()
        for slots in self.spread.columns:
            self._column(slots)
        for placed in self.public:
            self._track(placed, self.device_top - ROW * (placed.row + 0.7))
        for placed in self.private:
            self._track(placed, self.device_bottom + ROW * (placed.row + 0.4))
        bottom = max([self.hung + 20, *(box.rect.bottom for box in self.sheet.boxes.values())]) + 16
        frames = []
        for lane, left, right in self.spread.lanes:
            # The line from a router to the internet passes here.
            start = 34 if lane in self.content.sites else 14
            title = fit(lane.title, right - left - start - 10, NORMAL, bold=True)
            frames.append(Rect(left, self.frames, right - left, bottom - self.frames))
            self.sheet.labels.append(
                Label(
                    left + start,
                    self.frames + 17,
                    title,
                    lane.key,
                    right - left - start - 10,
                    "fg",
                    bold=True,
                )
            )
        width = max(self.spread.width, 720.0)
        name = self.content.plan.name
        title = fit("landscape" if name is None else f"landscape of {name}", width - 2 * MARGIN, LARGE, bold=True)
        caption = Rect(MARGIN, 42, width - 2 * MARGIN, 18)
        return Drawing(
            width,
            bottom + 92,
            title,
            tuple(frames),
            tuple(self.sheet.bars.values()),
            tuple(self.sheet.boxes.values()),
            tuple(self.sheet.wires),
            tuple(self.sheet.lines),
            tuple(self.sheet.labels),
            caption,
            bottom + 16,
        )

    # Shared tiers.

    def _shared(self) -> None:
        columns, gutter = self.spread.columns, self.spread.gutter
        right = max([gutter + GUTTER, *(end - GAP / 2 for _, _, end in self.spread.lanes)])
        self.sheet.bar(INTERNET, MARGIN, right, self.internet, "internet", "internet")
        left = gutter + 76
        self.sheet.bar(FCR, left, right, self.fcr, "public", "FCR public network", at=left + 18)
        self.sheet.bar(BCR, left, right, self.bcr, "private", "BCR private network")
        self.sheet.wire(INTERNET, FCR, "cable", (left + 8, self.internet + BAR), (left + 8, self.fcr))
        joined = [s for s in columns if s.column.kind == "site" and s.column.below]
        if not joined:
            return
        end = gutter - 14
        self.sheet.bar(WAN, joined[0].x, end, self.bcr, "wan", "WAN, Direct Link", at=joined[0].slot(2))
        place = Rect(end + 18, self.bcr - 1, left - end - 36, BAR + 2)
        self.sheet.box(XCR, place, "vcs", "XCR", ("XCR: where Direct Link ends at IBM Cloud",), badge=False)
        middle = self.bcr + BAR / 2
        self.sheet.wire(WAN, XCR, "cable", (end, middle), (place.x, middle))
        self.sheet.wire(XCR, BCR, "cable", (place.right, middle), (left, middle))

    # Columns.

    def _column(self, slots: Slots) -> None:
        column = slots.column
        if column.device is not None:
            self._device(slots, column.device)
        if column.kind == "edge":
            self._edge(slots)
        elif column.kind == "icp":
            self._icp(slots)
        elif column.kind == "concentrator":
            middle = self.device_top + 14
            of = next(s for s in self.slots.values() if s.column.kind == "site" and s.column.ends == column.ends)
            self.sheet.wire(device(of.column.key), device(column.key), "cable", (of.right, middle), (slots.x, middle))
        elif column.lower is not None:
            self._hang(slots, column.lower)

    def _device(self, slots: Slots, title: str) -> None:
        column, place = slots.column, device(slots.column.key)
        rect = Rect(slots.x, self.device_top, slots.width, self.device_bottom - self.device_top)
        self.sheet.box(place, rect, column.family, title, column.titles)
        self.sheet.write(column.items, slots.x + 14, self.device_top + 24, slots.width - 22, place)
        x = slots.slot(0)
        if column.kind == "site":
            self.sheet.wire(place, INTERNET, "cable", (x, self.device_top), (x, self.internet + BAR))
        elif column.above is not None:
            key = self.sheet.wire(place, FCR, "cable", (x, self.device_top), (x, self.fcr + BAR))
            self.sheet.write(column.above, slots.head, self.fcr + BAR + 6, slots.right - slots.head, key)
        if column.below is not None:
            bar = WAN if column.kind == "site" else BCR
            x = slots.base - 9
            key = self.sheet.wire(place, bar, "cable", (x, self.device_bottom), (x, self.bcr))
            self.sheet.write(column.below, slots.base, self.below, slots.limit - slots.base, key)

    def _edge(self, slots: Slots) -> None:
        column, key = slots.column, slots.column.key
        esg, bar = device(key), overlay(key)
        over = [s for s in self.spread.columns if self.content.overlay_of.get(s.column.key) == key]
        y = self.hung + 8
        tail = slots.slot(1)
        if column.router:
            lines = max(1, self._height(column.stub, slots.limit - tail - 9))
            top = y + lines * TEXT + 6
            wire = self.sheet.wire(esg, router(key), "cable", (tail, self.device_bottom), (tail, top))
            self.sheet.write(column.stub, tail + 9, y, slots.limit - tail - 9, wire)
            left = slots.slot(0) + 8
            self.sheet.box(
                router(key),
                Rect(left, top, slots.limit - left, 26),
                "vcs",
                "DLR",
                column.titles[:1],
                badge=True,
            )
            y = top + 26
        if not over:
            return
        y += 18
        right = max(s.right for s in over)
        title = "overlay" + ("" if column.ends[0].name is None or len(column.ends) > 1 else f" {column.ends[0].name}")
        self.sheet.bar(
            bar,
            slots.x,
            right,
            y,
            "overlay",
            title,
            slots.base,
            over[0].limit,
            tuple(end.title for end in column.ends),
        )
        if column.router:
            self.sheet.wire(router(key), bar, "cable", (tail, y - 18), (tail, y))
        if column.direct or not column.router:
            x = slots.slot(0)
            self.sheet.wire(esg, bar, "cable", (x, self.device_bottom), (x, y))
        if column.lower is not None:
            top = y + BAR + 18
            self.sheet.wire(bar, lower(key), "cable", (tail, y + BAR), (tail, top))
            self._lower(slots, column.lower, top)

    def _icp(self, slots: Slots) -> None:
        column = slots.column
        edge = self.content.overlay_of.get(column.key)
        bar = self.sheet.bars.get(overlay(edge)) if edge is not None else None
        start = self.hung if bar is None else bar.rect.bottom
        lines = self._height(column.stub, slots.limit - slots.text)
        top = start + 8 + max(1, lines) * TEXT + 6
        key = f"nowhere {column.key}"
        if bar is not None:
            key = self.sheet.wire(bar.place, lower(column.key), "cable", (slots.hang, start), (slots.hang, top))
        self.sheet.write(column.stub, slots.text, start + 6, slots.limit - slots.text, key)
        self._lower(slots, column.lower or (), top)

    def _hang(self, slots: Slots, items: Sequence[Item]) -> None:
        """Place the networks of a site, or subnets with only the BCR above them."""
        column = slots.column
        top = self.hung + 20
        if column.kind == "site":
            x = slots.slot(0)
            self.sheet.wire(device(column.key), lower(column.key), "cable", (x, self.device_bottom), (x, top))
        elif column.direct:
            x = slots.slot(0)
            self.sheet.wire(BCR, lower(column.key), "cable", (x, self.hung), (x, top))
        self._lower(slots, items, top)

    def _lower(self, slots: Slots, items: Sequence[Item], top: float) -> None:
        column = slots.column
        lines = self._height(items, slots.width - 22)
        rect = Rect(slots.x, top, slots.width, 26 + lines * TEXT + 4)
        family = {"edge": "overlay", "iks": "vcs"}.get(column.kind, column.family)
        hints = column.titles if column.device is None and column.kind == "icp" else column.lower_hints
        self.sheet.box(lower(column.key), rect, family, column.lower_title, hints)
        self.sheet.write(items, slots.x + 14, top + 24, slots.width - 22, lower(column.key))

    # Links.

    def _track(self, placed: PlacedTrack, y: float) -> None:
        track = placed.track
        taps = []
        for key in track.columns:
            slots = self.slots[key]
            place, at = self._landing(
                slots.column, public=track.channel == "public", onto=track.overlay and key in track.seconds
            )
            x = slots.ports[track.key]
            taps.append(Tap(key, place, x, at, key in track.firsts, key in track.seconds))
            if len(track.columns) == 1:
                taps.append(Tap(key, place, placed.right, at, first=False, second=True))
        self.sheet.lines.append(Line(track.key, track.style, y, tuple(taps), (track.head, *track.hints)))
        tails = track.tails if self._starts_left(track) else track.tails[::-1]
        below = [words for words in (tails[0], tails[1] and f"to {tails[1]}") if words]
        for words, at, style in (
            (track.head, y - 7, "fg"),
            *((t, y + 14 + 13 * n, "quiet") for n, t in enumerate(below)),
        ):
            if words:
                self.sheet.labels.append(
                    Label(placed.text, at, fit(words, placed.room, SMALL), track.key, placed.room, style)
                )

    def _starts_left(self, track: Track) -> bool:
        left, right = (min(self.slots[key].x for key in keys) for keys in (track.firsts, track.seconds))
        return left <= right

    def _landing(self, column: Column, *, public: bool, onto: bool) -> tuple[str, float]:
        if column.kind == "icp":
            place = lower(column.key)
            return place, self.sheet.boxes[place].rect.y
        if onto and overlay(column.key) in self.sheet.bars:
            place = overlay(column.key)
            return place, self.sheet.bars[place].rect.y
        return device(column.key), self.device_top if public else self.device_bottom


def _height(placed: Sequence[PlacedTrack]) -> float:
    return ROW * (1 + max((one.row for one in placed), default=-1)) + 4


def _most(counts: Iterable[int]) -> int:
    """Return the number of lines of a shared tier: the most that a column needs, in steps."""
    most = max(counts, default=0)
    return max(STEP, -(-most // STEP) * STEP)
