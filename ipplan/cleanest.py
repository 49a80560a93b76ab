"""Find the cleanest blocks of a size: those touched by the fewest ranges, now and in earlier editions of IBM's ranges.

A pool may hold too many blocks to look at each (a /8 has four million of /30), so blocks that the same ranges touch
are scored together; the cost follows the number of ranges. Knows nothing of how the answer is printed.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Literal, NamedTuple

from ipplan.addresses import WIDTH, Prefix, PrefixIndex, RangeSet
from ipplan.allocation.demand import list_covers, list_taken
from ipplan.catalog import CATEGORIES, EDITIONS, load_catalog

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from ipplan.catalog import Catalog, Reservation
    from ipplan.plan.model import Plan

Why = Literal["avoided", "named", "other", "service", "platform", "earlier", "growth"]

_PUBLISHED = ("private", "service", "public")
"""Scopes of the rows that IBM publishes for its data centers and services."""


class Score(NamedTuple):
    """The number of ranges that touch a block, by category. A lower score is cleaner: the first field decides.

    avoided: networks and links of the plan, avoided and special-purpose space. named: IBM's ranges of the data centers
    that were asked for; other: its customer and public ranges of any other; service: its other service ranges;
    platform: what Kubernetes and other platforms reserve or take by default, except defaults that hold a whole pool and
    that `allocate` may use. earlier: IBM's ranges that only earlier editions have. growth: IBM's ranges that an edition
    added, inside the block or the block before or after it.
    Ranges of one field with the same prefix count once.
    """

    avoided: int
    named: int
    other: int
    service: int
    platform: int
    earlier: int
    growth: int

    @property
    def untouched(self) -> bool:
        """Whether no range touches the block now."""
        return not any(self[:5])


_FIELDS: tuple[Why, ...] = ("avoided", "named", "other", "service", "platform", "earlier", "growth")


class Touch(NamedTuple):
    """A range that touches a block: the field of the score that counts it, its title, its place, and its edition.

    edition: for "earlier" the last edition that has it, for "growth" the first, None for all others.
    """

    why: Why
    prefix: Prefix
    title: str
    data_center: str | None
    pod: str | None
    edition: str | None


class Candidate(NamedTuple):
    """A block, its pool, its score, and whether `allocate` may use all of it."""

    prefix: Prefix
    pool: Prefix
    score: Score
    free: bool
    touches: tuple[Touch, ...]


class Advice(NamedTuple):
    """The cleanest blocks, the best first; at most as many as asked for.

    `blocks` is the number of blocks of the size in the pools, `untouched` the number that no range touches now.
    """

    length: int
    data_centers: tuple[str, ...]
    candidates: tuple[Candidate, ...]
    blocks: int
    untouched: int

    @property
    def not_listed(self) -> int:
        """How many blocks are not among the candidates."""
        return self.blocks - len(self.candidates)


class _Segment(NamedTuple):
    """Consecutive blocks that the same ranges touch: their score, the number of the first in its pool, and their number."""

    score: Score
    pool: Prefix
    start: int
    number: int


def find_cleanest(
    plan: Plan,
    catalog: Catalog,
    pools: Iterable[Prefix],
    length: int,
    *,
    data_centers: Sequence[str],
    free: RangeSet,
    most: int,
) -> Advice:
    """Return the cleanest blocks of a prefix length in the pools, ordered by score, then by address.

    Pools that are smaller than such a block are skipped. `free` is what `allocate` may use. Costs n log n in
    the number of ranges, for any number of blocks.
    """
    touches = _unique(_list_touches(plan, catalog, frozenset(data_centers)))
    idle = _idle(plan, catalog)
    relevant = {
        pool: [touch for touch in touches if not _is_irrelevant(touch, pool, idle)]
        for pool in _outermost(pools)
        if pool.length <= length <= WIDTH[pool.version]
    }
    segments = [segment for pool, own in relevant.items() for segment in _segments(pool, length, own)]
    segments.sort(key=lambda s: (s.score, s.pool, s.start))
    indices = {pool: _Index(own) for pool, own in relevant.items()}
    return Advice(
        length,
        tuple(data_centers),
        tuple(
            Candidate(block, segment.pool, segment.score, free.covers(block), indices[segment.pool].touching(block))
            for segment, block in _best(segments, length, most)
        ),
        sum(segment.number for segment in segments),
        sum(segment.number for segment in segments if segment.score.untouched),
    )


def _outermost(pools: Iterable[Prefix]) -> list[Prefix]:
    """Return the pools that lie in no other pool, in address order."""
    found: list[Prefix] = []
    for pool in sorted(set(pools)):
        if not found or not found[-1].covers(pool):
            found.append(pool)
    return found


# -- ranges that touch blocks


def _list_touches(plan: Plan, catalog: Catalog, data_centers: Collection[str]) -> Iterator[Touch]:
    taken = list_taken(plan, catalog, None)
    for t in (*taken, *list_covers(plan, taken)):
        if t.category not in CATEGORIES:
            yield Touch("avoided", t.prefix, t.reason, None, None, None)
    for row in catalog.reservations:
        why = _why(row, data_centers)
        if why is not None:
            yield _touch(row, why, None)
    yield from _list_history(catalog)


def _idle(plan: Plan, catalog: Catalog) -> frozenset[Prefix]:
    """Return the defaults of platforms, such as 10.0.0.0/8, that `allocate` does not avoid.

    One that holds a whole pool touches all blocks alike, and does not help to choose.
    """
    rows = [row for row in catalog.reservations if row.category.scope in ("reserved", "default")]
    kept = {
        row.prefix for row in rows if row.category.scope == "reserved" or catalog.avoids(row, None, plan.kept_clear)
    }
    return frozenset(row.prefix for row in rows) - kept


def _is_irrelevant(touch: Touch, pool: Prefix, idle: Collection[Prefix]) -> bool:
    return touch.why == "platform" and touch.prefix in idle and touch.prefix.covers(pool)


def _why(row: Reservation, data_centers: Collection[str]) -> Why | None:
    """Return the field that counts a row of the catalogue, None for routes and other advice."""
    scope = row.category.scope
    if scope == "special":
        return "avoided"
    if scope in ("reserved", "default"):
        return "platform"
    if scope not in _PUBLISHED:
        return None
    if row.data_center in data_centers:
        return "named"
    return "service" if scope == "service" else "other"


def _touch(row: Reservation, why: Why, edition: str | None) -> Touch:
    return Touch(why, row.prefix, row.title, row.data_center, row.pod, edition)


def _list_history(catalog: Catalog) -> Iterator[Touch]:
    """Yield the ranges that an edition up to this one added, and those that only an earlier one has.

    An edition added a range if the edition before has its table, but not all of its addresses. What was in use before
    IBM published a table is not known.
    """
    dates = [date for date in EDITIONS if date < catalog.about.date]
    editions = [*(load_catalog(date) for date in dates), catalog]
    # Without the reserved blocks: they are not rows of the page, and hide all changes inside them.
    rows = [
        [
            row
            for row in edition.reservations
            if row.category.scope in _PUBLISHED and row.category.name != "ibm-reserved-block"
        ]
        for edition in editions
    ]
    spaces = [RangeSet(row.prefix for row in own) for own in rows]
    for number in range(len(dates) - 1, -1, -1):
        for row in rows[number]:
            if not spaces[-1].covers(row.prefix):
                yield _touch(row, "earlier", editions[number].edition)
    for (old, new), space, edition in zip(pairwise(rows), spaces, editions[1:], strict=False):
        tables = {row.category.name for row in old}
        for row in new:
            if row.category.name in tables and not space.covers(row.prefix):
                yield _touch(row, "growth", edition.edition)


def _unique(touches: Iterable[Touch]) -> list[Touch]:
    """Return the ranges in address order; of several with one prefix and field, the first."""
    found: dict[tuple[Why, Prefix], Touch] = {}
    for touch in touches:
        found.setdefault(touch[:2], touch)
    return sorted(found.values(), key=lambda touch: (touch.prefix, _FIELDS.index(touch.why)))


# -- blocks


def _segments(pool: Prefix, length: int, touches: Iterable[Touch]) -> Iterator[_Segment]:
    """Yield the blocks of a pool in address order; consecutive ones with one score are one segment."""
    shift = WIDTH[pool.version] - length
    base, count = pool.first >> shift, 1 << length - pool.length
    changes: dict[int, list[int]] = {0: [0] * len(_FIELDS), count: [0] * len(_FIELDS)}
    for why, prefix, *_ in touches:
        if prefix.version != pool.version:
            continue
        near = why == "growth"
        first = max((prefix.first >> shift) - base - near, 0)
        end = min((prefix.last >> shift) - base + near + 1, count)
        if first < end:
            field = _FIELDS.index(why)
            changes.setdefault(first, [0] * len(_FIELDS))[field] += 1
            changes.setdefault(end, [0] * len(_FIELDS))[field] -= 1
    score = [0] * len(_FIELDS)
    for start, end in pairwise(sorted(changes)):
        score = [a + b for a, b in zip(score, changes[start], strict=True)]
        yield _Segment(Score(*score), pool, start, end - start)


def _best(segments: Iterable[_Segment], length: int, most: int) -> Iterator[tuple[_Segment, Prefix]]:
    """Yield the first `most` blocks of sorted segments; segments of one score are next to each other."""
    left = most
    for segment in segments:
        version = segment.pool.version
        base = segment.pool.first >> WIDTH[version] - length
        for offset in range(min(segment.number, left)):
            at = base + segment.start + offset
            yield segment, Prefix(version, at << WIDTH[version] - length, length)
        left -= min(segment.number, left)
        if not left:
            return


class _Index:
    """Finds the ranges that touch a block."""

    def __init__(self, touches: Sequence[Touch]) -> None:
        self._now = [touch for touch in touches if touch.why != "growth"]
        self._growth = [touch for touch in touches if touch.why == "growth"]
        self._at_now = PrefixIndex([touch.prefix for touch in self._now])
        self._at_growth = PrefixIndex([touch.prefix for touch in self._growth])

    def touching(self, block: Prefix) -> tuple[Touch, ...]:
        """Return the ranges that touch a block, in the order of the score, then by address."""
        found = [self._now[at] for at in self._at_now.overlapping(block)]
        near = {at for other in _with_neighbours(block) for at in self._at_growth.overlapping(other)}
        found += [self._growth[at] for at in near]
        return tuple(sorted(found, key=lambda touch: (_FIELDS.index(touch.why), touch.prefix)))


def _with_neighbours(block: Prefix) -> Iterator[Prefix]:
    """Yield a block with those of its size before and after it."""
    for first in (block.first - block.size, block.first, block.first + block.size):
        if 0 <= first < 1 << WIDTH[block.version]:
            yield Prefix(block.version, first, block.length)
