"""Find the way of a flow through a diagram: the places of its hops, and the lines between them.

Must not decide anything about the flow: between two hops it uses the fewest lines that join their places, and a link only
where the packet is in its tunnel or on its common VLAN.
"""

from __future__ import annotations

from heapq import heappop, heappush
from typing import TYPE_CHECKING, NamedTuple

from ipplan.flows.model import Hop
from ipplan.output.diagram.layout import BCR, FCR, INTERNET, XCR, device, lower, overlay, router

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ipplan.flows.model import Stop, Trace
    from ipplan.output.diagram.content import Content
    from ipplan.output.diagram.shapes import Drawing, Line, Point, Tap

_FIXED = {
    "BCR": BCR,
    "FCR": FCR,
    "XCR": XCR,
    "internet host": INTERNET,
    "internet user": INTERNET,
    "the internet": INTERNET,
    "IBM Cloud's services": BCR,
}
_INSIDE = frozenset({"pod", "vRouter", "strongSwan", "worker", "kube-proxy", "ingress"})
"""Devices in a cluster."""
_FRAMES = frozenset({"VXLAN", "IP-in-IP"})
"""Encapsulation that belongs to no link of the plan."""


class Stay(NamedTuple):
    """The place of a hop, and whether the packet leaves it in a tunnel."""

    place: str | None
    tunnel: bool


class Way(NamedTuple):
    """The way of a flow: the places and lines that it meets, and the lines to draw for request and answer.

    `stop` is the place where it ends early, `numbers` has the numbers of the hops of the request by place.
    """

    request: tuple[tuple[Point, ...], ...]
    answer: tuple[tuple[Point, ...], ...]
    numbers: Mapping[str, str]
    met: frozenset[str]
    stop: str | None
    words: str


class _Step(NamedTuple):
    """A line to another place, with the key of its drawing."""

    to: str
    key: str
    points: tuple[Point, ...]
    tunnel: bool
    cost: float


def follow(content: Content, drawing: Drawing, trace: Trace) -> Way:
    """Return the way of a flow through a diagram."""
    places = _Places(content, trace)
    graph = _Graph(drawing)
    there, back = places.of(trace.hops, trace.stop), places.of(trace.back, trace.back_stop)
    numbers: dict[str, list[int]] = {}
    for number, (place, _) in enumerate(there[: len(trace.hops)], 1):
        if place:
            numbers.setdefault(place, []).append(number)
    met = dict.fromkeys(numbers)
    request, answer = graph.legs(there, met), graph.legs(back, met)
    stop = trace.stop or trace.back_stop
    last = None if stop is None else (there if trace.stop else back)[-1].place
    if last is not None:
        met[last] = None
    title = trace.title if trace.flow is None else f"flow {trace.flow}: {trace.title}"
    words = f"{title}, {trace.source.title} to {trace.destination.title}: {trace.result}"
    if stop is not None:
        words += f", {stop.device}: {stop.reason}"
    return Way(
        request, answer, {place: _ranges(found) for place, found in numbers.items()}, frozenset(met), last, words
    )


def _ranges(numbers: Sequence[int]) -> str:
    """Return numbers as ranges: 1–3, 7."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}–{run[-1]}" for run in runs)


class _Places:
    """The places of the devices of hops in a diagram."""

    def __init__(self, content: Content, trace: Trace) -> None:
        self.trace = trace
        self.kinds: dict[str, str] = {}
        self.ends: dict[tuple[str, str | None], str] = {}
        for column in content.columns:
            self.kinds[column.key] = column.kind
            for end in column.ends:
                kind = column.kind if column.kind == "concentrator" else end.kind
                self.ends[kind, end.name] = column.key
        self.networks = content.networks
        self.with_device = {column.key for column in content.columns if column.device is not None}
        self.overlays = set(content.overlay_of.values())
        self.only_site = next((key for (kind, _), key in self.ends.items() if kind == "site"), None)

    def of(self, hops: Sequence[Hop], stop: Stop | None) -> list[Stay]:
        """Return the place of each hop and of the stop; one without a place is at the place before it."""
        found: list[Stay] = []
        before: str | None = None
        for hop in (*hops, *(() if stop is None else (stop,))):
            before = self._of(hop, before) or before
            outer = hop.outer if isinstance(hop, Hop) else ()
            found.append(Stay(before, any(packet.protocol not in _FRAMES for packet in outer)))
        return found

    def _of(self, hop: Hop | Stop, before: str | None) -> str | None:
        if hop.device in _FIXED:
            return _FIXED[hop.device]
        if hop.device == "remote L2 concentrator":
            key = self.ends.get(("edge", hop.name))
            return None if key is None else overlay(key) if key in self.overlays else device(key)
        for name, kind, place in (
            ("ESG", "edge", device),
            ("DLR", "edge", router),
            ("on-premises router", "site", device),
            ("L2 concentrator", "concentrator", device),
        ):
            if hop.device == name:
                key = self.ends.get((kind, hop.name)) or self._only(kind)
                return None if key is None else place(key)
        key = self.networks.get(hop.name or "")
        if hop.device in _INSIDE:
            cluster = self._cluster(hop, before)
            key = cluster or key
        return None if key is None else self._at(key, hop)

    def _at(self, key: str, hop: Hop | Stop) -> str:
        kind = self.kinds[key]
        if kind in ("icp", "site") or hop.device == "VM":
            return lower(key)
        if kind == "subnets" and key in self.with_device:
            return device(key) if hop.device == "ESXi host" else lower(key)
        loose = kind == "subnets" or (kind == "iks" and hop.device in ("ESXi host", "machine"))
        return lower(key) if loose else device(key)

    def _only(self, kind: str) -> str | None:
        found = [key for (own, _), key in self.ends.items() if own == kind]
        return found[0] if len(found) == 1 else None

    def _cluster(self, hop: Hop | Stop, before: str | None) -> str | None:
        """Return the column of the cluster of a hop; without a name it is where the flow is, or at one of its ends."""
        if hop.name is not None:
            return next((self.ends[kind, hop.name] for kind in ("iks", "icp") if (kind, hop.name) in self.ends), None)
        own = [
            self.ends[end.kind, end.name]
            for end in (self.trace.source.end, self.trace.destination.end)
            if end is not None and (end.kind, end.name) in self.ends and end.kind in ("iks", "icp")
        ]
        return next((key for key in own if before in (device(key), lower(key))), own[-1] if own else None)


class _Graph:
    """The lines of a diagram as steps between places."""

    def __init__(self, drawing: Drawing) -> None:
        self.middle = {bar.place: bar.rect.y + 20 for bar in drawing.bars}
        self.steps: dict[str, list[_Step]] = {}
        for wire in drawing.wires:
            self._add(wire.first, wire.second, wire.key, wire.points, tunnel=False, cost=1)
        for line in drawing.lines:
            for one, other in _pairs(line):
                points = ((one.x, one.y), (one.x, line.y), (other.x, line.y), (other.x, other.y))
                if line.style in ("tunnel", "stretched") or "|common-vlan|" in line.key:
                    self._add(one.place, other.place, line.key, points, tunnel=line.style != "plain", cost=0.5)

    def _add(self, first: str, second: str, key: str, points: tuple[Point, ...], *, tunnel: bool, cost: float) -> None:
        self.steps.setdefault(first, []).append(_Step(second, key, points, tunnel, cost))
        self.steps.setdefault(second, []).append(_Step(first, key, points[::-1], tunnel, cost))

    def legs(self, stays: Sequence[Stay], met: dict[str, None]) -> tuple[tuple[Point, ...], ...]:
        """Return the lines from hop to hop, joined where they meet on a bar; add what they use to `met`."""
        found: list[list[Point]] = []
        at: str | None = None
        inside = False
        for place, through in stays:
            # A tunnel is drawn from end to end, next to the networks that carry it.
            if place is not None and not (place in (BCR, FCR, XCR) and through and inside):
                for step, start in self._way(at or place, place, tunnel=inside):
                    met[step.key] = None
                    met[start] = None
                    self._append(found, step.points, start)
                met[place] = None
                at = place
            inside = through
        return tuple(map(tuple, found))

    def _append(self, found: list[list[Point]], points: tuple[Point, ...], start: str) -> None:
        if found and start in self.middle:
            middle = self.middle[start]
            found[-1] += [(found[-1][-1][0], middle), (points[0][0], middle), *points]
        else:
            found.append(list(points))

    def _way(self, start: str, goal: str, *, tunnel: bool) -> Iterator[tuple[_Step, str]]:
        """Yield the steps of the shortest way, each with its start; none without a drawn way."""
        best: dict[str, tuple[float, _Step | None, str]] = {start: (0.0, None, "")}
        queue = [(0.0, start)]
        while queue:
            cost, here = heappop(queue)
            if here == goal:
                break
            for step in self.steps.get(here, ()):
                if step.tunnel and not tunnel:
                    continue
                total = cost + step.cost
                if step.to not in best or total < best[step.to][0]:
                    best[step.to] = (total, step, here)
                    heappush(queue, (total, step.to))
        way = []
        at = goal
        while at in best:
            _, last, before = best[at]
            if last is None:
                break
            way.append((last, before))
            at = before
        yield from reversed(way)


def _pairs(line: Line) -> Iterator[tuple[Tap, Tap]]:
    """Yield the pairs of taps that a track joins."""
    for one in line.taps:
        for other in line.taps:
            if one.first and other.second and one.place != other.place:
                yield one, other
