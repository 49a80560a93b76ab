"""The walk over candidates, against looking at each candidate and each address."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from ipplan.addresses import Prefix, format_address
from ipplan.allocation.candidates import Obstacle, Walk

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ipplan.allocation.spans import Region

BASE = 3 * 64
FREE = "nothing is in the way"

Row = tuple[int, int, int, str, Prefix | None, str | None]
"""First and last candidate, how many, category, blocker, network."""


def candidates(regions: Sequence[Region], bits: int, stop: int | None) -> Iterator[tuple[int, bool]]:
    """Yield each candidate once, in the order of the regions, and whether it follows the one before in its region."""
    seen: set[int] = set()
    for first, wide in regions:
        follows = False
        for at in range(first, first + (1 << wide), 1 << bits):
            if at == stop:
                return
            if at not in seen:
                yield at, follows
            follows = at not in seen
            seen.add(at)


def blocking(obstacles: Sequence[Obstacle], at: int, size: int) -> Obstacle | None:
    """Return what is named for a candidate: what reaches furthest, from the search only where nothing else blocks."""
    here = [o for o in obstacles if o.first < at + size and o.last >= at]
    return max(here, key=lambda o: (o.category != "search", o.last, -o.first), default=None)


def unaligned(obstacles: Sequence[Obstacle], at: int, size: int) -> tuple[int, int] | None:
    """Return free space that starts inside a candidate and ends inside the next, and is large enough."""
    used = {a for o in obstacles for a in range(o.first, o.last + 1)}
    free = [a for a in range(at, at + 2 * size) if a not in used]
    spans = [[a for _, a in group] for _, group in groupby(enumerate(free), lambda pair: pair[1] - pair[0])]
    fitting = [s for s in spans if at < s[0] < at + size and len(s) >= size and s[-1] < at + 2 * size - 1]
    return (fitting[0][0], fitting[0][-1]) if fitting else None


def expected(
    regions: Sequence[Region], bits: int, obstacles: Sequence[Obstacle], stop: int | None
) -> list[tuple[Row, str]]:
    size, length = 1 << bits, 32 - bits
    rows: list[tuple[Row, str]] = []
    named: Obstacle | None = None
    for at, follows in candidates(regions, bits, stop):
        here = blocking(obstacles, at, size)
        firm = here is not None and here.category != "search"
        # One entry says as much as it can: an obstacle is named as long as it reaches.
        reaches = named is not None and named.last >= at and not (named.category == "search" and firm)
        alike = (named and named.cause) == (here and here.cause)
        if not reaches or not follows:
            named = here
        if follows and (reaches or alike):
            (first, _, count, category, blocker, network), why = rows[-1]
            rows[-1] = (first, at, count + 1, category, blocker, network), why
        elif here is None:
            rows.append(((at, at, 1, "search", None, None), FREE))
        else:
            rows.append(((at, at, 1, here.category, here.prefix, here.network), here.reason))
    return [(row, _with_hint(row, why, obstacles, size, length)) for row, why in rows]


def _with_hint(row: Row, why: str, obstacles: Sequence[Obstacle], size: int, length: int) -> str:
    if row[2] > 1 or why == FREE or (idle := unaligned(obstacles, row[0], size)) is None:
        return why
    start, end = (format_address(4, at) for at in idle)
    return f"{why}; {start} to {end} is free, but not on a /{length} boundary"


@st.composite
def regions(draw: st.DrawFn) -> tuple[int, int]:
    bits = draw(st.integers(0, 5))
    return BASE + draw(st.integers(0, (64 >> bits) - 1)) * (1 << bits), bits


OBSTACLES = st.lists(
    st.tuples(
        st.integers(BASE - 4, BASE + 66), st.integers(0, 12), st.sampled_from(["avoid", "placed", "search", "search"])
    ),
    max_size=6,
    unique_by=lambda o: (o[0], o[1]),
)


@given(st.lists(regions(), min_size=1, max_size=3), st.integers(0, 4), OBSTACLES, st.integers(0, 63), st.booleans())
@settings(max_examples=250, deadline=None)
def test_each_candidate_has_the_obstacle_that_is_on_it(
    pools: list[tuple[int, int]], bits: int, spans: list[tuple[int, int, str]], offset: int, ends: bool
) -> None:
    obstacles = [
        Obstacle(first, first + more, category, Prefix(4, first, 32), f"n{index}", f"reason {index}")
        for index, (first, more, category) in enumerate(spans)
    ]
    # Regions that are too small for a candidate have an entry of their own, in another test.
    pools = [(first, max(wide, bits)) for first, wide in ((at >> bits << bits, wide) for at, wide in pools)]
    stop = BASE + (offset >> bits << bits) if ends else None
    if stop is not None and not any(first <= stop < first + (1 << wide) for first, wide in pools):
        stop = None
    found = Walk(4, pools, bits, obstacles, FREE).refused(stop)
    assert [
        ((r.first.first, r.last.first, r.blocks, r.category, r.blocker, r.network), r.reason) for r in found
    ] == expected(pools, bits, obstacles, stop)


def test_a_region_that_is_smaller_than_a_candidate_is_an_entry_of_its_own() -> None:
    blocker = Obstacle(BASE, BASE + 3, "avoid", None, None, "avoided")
    found = list(Walk(4, [(BASE + 8, 2), (BASE, 4)], 3, [blocker], FREE).refused(None))
    assert [
        (r.first.first, r.last.first, r.blocks, r.category, r.blocker, r.network, r.reason, r.source) for r in found
    ] == [
        (
            BASE + 8,
            BASE + 8,
            1,
            "alignment",
            Prefix(4, BASE + 8, 30),
            None,
            "0.0.0.200/30 is smaller than a /29, so the block reaches beyond it",
            None,
        ),
        (
            BASE,
            BASE,
            1,
            "avoid",
            None,
            None,
            "avoided",
            None,
        ),
        (BASE + 8, BASE + 8, 1, "search", None, None, FREE, None),
    ]
