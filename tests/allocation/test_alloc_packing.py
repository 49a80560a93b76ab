"""Packing against brute force over every aligned position of tiny universes, and against z3 at real size."""

from __future__ import annotations

import itertools
import random
from functools import cache
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipplan.allocation.packing import Packing, Turn, fits, pack
from ipplan.allocation.space import Request
from ipplan.allocation.spans import aligned_blocks, gaps, merge

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ipplan.allocation.spans import Region, Span

Case = tuple[list[list[tuple[int, int]]], list[tuple[int, int]], list[Request]]


def positions(sets: Sequence[Sequence[Region]], reserved: Sequence[Span], request: Request) -> list[set[int]]:
    """Every place of a request as the set of its addresses; shares no code with the packer."""
    taken = {a for first, last in reserved for a in range(first, last + 1)}
    found = []
    for first, bits in set(sets[request.allowed]):
        region = set(range(first, first + 2**bits))
        for start in sorted(region):
            block = set(range(start, start + 2**request.bits))
            if start % 2**request.bits == 0 and block <= region and not block & taken and block not in found:
                found.append(block)
    return found


def solvable(sets: Sequence[Sequence[Region]], reserved: Sequence[Span], requests: Sequence[Request]) -> bool:
    """Try every combination of places, largest block first; each set of used addresses once, as a bit mask."""
    ordered = sorted(requests, key=lambda r: (-r.bits, r.allowed))
    places = [[sum(1 << a for a in block) for block in positions(sets, reserved, r)] for r in ordered]

    @cache
    def attempt(index: int, used: int) -> bool:
        if index == len(places):
            return True
        return any(not block & used and attempt(index + 1, used | block) for block in places[index])

    return attempt(0, 0)


def assert_sound(case: Case, found: Packing) -> None:
    sets, reserved, requests = case
    used: set[int] = set()
    unplaced = {r.name for r in found.unplaced}
    assert unplaced.isdisjoint(found.placed)
    assert unplaced | set(found.placed) == {r.name for r in requests}
    for request in requests:
        if request.name in found.placed:
            first = found.placed[request.name]
            block = set(range(first, first + 2**request.bits))
            assert block in positions(sets, reserved, request), request
            assert not block & used, request
            used |= block


def agree(case: Case) -> None:
    sets, reserved, requests = case
    found = pack(sets, reserved, requests)
    assert_sound(case, found)
    expected = solvable(sets, reserved, requests)
    assert (not found.unplaced) == expected
    assert fits(sets, reserved, requests) == expected
    assert found.proven


BASE = 3 * 64
"""Where tiny universes start: neither zero nor a power of two."""


@st.composite
def regions(draw: st.DrawFn) -> tuple[int, int]:
    bits = draw(st.integers(0, 5))
    return BASE + draw(st.integers(0, (64 >> bits) - 1)) * (1 << bits), bits


@st.composite
def cases(draw: st.DrawFn, most: int = 7) -> Case:
    pools = draw(st.lists(regions(), min_size=1, max_size=4))
    sets = draw(st.lists(st.lists(st.sampled_from(pools), min_size=1, max_size=3), min_size=1, max_size=4))
    starts = draw(st.lists(st.tuples(st.integers(BASE - 4, BASE + 67), st.integers(0, 6)), max_size=4))
    wanted = draw(st.lists(st.tuples(st.integers(0, 4), st.integers(0, len(sets) - 1)), max_size=most))
    requests = [Request(f"n{i}", bits, allowed) for i, (bits, allowed) in enumerate(wanted)]
    return sets, [(first, first + length) for first, length in starts], requests


@given(cases())
@settings(max_examples=600, deadline=None)
def test_a_packing_is_found_exactly_where_one_exists(case: Case) -> None:
    agree(case)


@pytest.mark.slow
@given(cases(most=9))
@settings(max_examples=10_000, deadline=None)
def test_a_packing_is_found_exactly_where_one_exists_long(case: Case) -> None:
    agree(case)


A, B = (16, 2), (20, 2)


def test_one_address_restricted_to_the_pool_that_larger_first_would_fill() -> None:
    found = pack([[A], [A, B]], [], [Request("small", 0, 0), Request("large", 2, 1)])
    assert found == Packing({"small": 16, "large": 20}, ())


def test_every_mix_of_two_pools_with_own_sets() -> None:
    """All lists of up to four requests of 1 to 4 addresses, each allowed A, B or both, one address reserved."""
    sets = [[A], [B], [A, B]]
    types = list(itertools.product((0, 1, 2), (0, 1, 2)))
    for count in range(1, 5):
        for chosen in itertools.combinations_with_replacement(types, count):
            agree((sets, [(17, 17)], [Request(f"n{i}", *t) for i, t in enumerate(chosen)]))


def test_every_mix_of_nested_pools() -> None:
    """A pool inside a pool: a block may take the inner one, or leave it to those that have nothing else."""
    outer, inner, innermost = (32, 4), (40, 2), (42, 1)
    sets = [[outer], [inner], [innermost, outer]]
    types = list(itertools.product((0, 1, 2, 3), (0, 1, 2)))
    for count in range(1, 4):
        for chosen in itertools.combinations_with_replacement(types, count):
            for hole in ([], [(33, 33)], [(43, 43)]):
                agree((sets, hole, [Request(f"n{i}", *t) for i, t in enumerate(chosen)]))


@pytest.mark.slow
def test_all_free_sets_of_sixteen_addresses_with_all_request_lists() -> None:
    for free in range(1, 1 << 16, 31):
        reserved = [(BASE + i, BASE + i) for i in range(16) if not free >> i & 1]
        for count in (1, 2, 3):
            for sizes in itertools.combinations_with_replacement((0, 1, 2, 3), count):
                if sum(1 << s for s in sizes) <= 16:
                    agree(([[(BASE, 4)]], reserved, [Request(f"n{i}", s, 0) for i, s in enumerate(sizes)]))


@given(cases(), st.randoms(use_true_random=False))
@settings(max_examples=200, deadline=None)
def test_the_order_of_requests_and_reservations_changes_nothing(case: Case, shuffle: random.Random) -> None:
    sets, reserved, requests = case
    expected = pack(sets, reserved, requests)
    shuffle.shuffle(reserved)
    shuffle.shuffle(requests)
    assert pack(sets, reserved, requests) == expected


@given(cases(), st.integers(0, 1 << 20))
@settings(max_examples=200, deadline=None)
def test_moving_everything_by_whole_blocks_moves_the_answer(case: Case, steps: int) -> None:
    sets, reserved, requests = case
    by = steps * 64
    moved = pack(
        [[(first + by, bits) for first, bits in allowed] for allowed in sets],
        [(first + by, last + by) for first, last in reserved],
        requests,
    )
    expected = pack(sets, reserved, requests)
    assert moved.placed == {name: first + by for name, first in expected.placed.items()}
    assert moved.unplaced == expected.unplaced


@given(cases(), st.integers(BASE, BASE + 63), st.integers(0, 20))
@settings(max_examples=200, deadline=None)
def test_a_further_reservation_never_makes_room(case: Case, first: int, more: int) -> None:
    sets, reserved, requests = case
    if fits(sets, [*reserved, (first, first + more)], requests):
        assert fits(sets, reserved, requests)


def test_pools_are_tried_in_the_given_order_and_the_lowest_address_is_taken() -> None:
    requests = [Request("b", 1, 0), Request("a", 1, 0), Request("c", 2, 0)]
    assert pack([[(64, 2), (32, 2)]], [], requests).placed == {"c": 64, "a": 32, "b": 34}


def test_a_search_at_its_limit_says_not_found_and_not_impossible() -> None:
    sets = [[A], [A, B]]
    requests = [Request("small", 0, 0), Request("large", 2, 1)]
    found = pack(sets, [], requests, limit=1)
    assert found.unplaced
    assert not found.proven


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 20)), max_size=8))
def test_merged_spans_and_gaps_partition_the_numbers(items: list[tuple[int, int]]) -> None:
    spans = merge((first, first + more) for first, more in items)
    taken = {a for first, more in items for a in range(first, first + more + 1)}
    assert {a for first, last in spans for a in range(first, last + 1)} == taken
    assert all(spans[i][1] + 1 < spans[i + 1][0] for i in range(len(spans) - 1))
    free = [a for first, last in gaps(50, 250, spans) for a in range(first, last + 1)]
    assert free == [a for a in range(50, 251) if a not in taken]


@given(st.integers(0, 500), st.integers(0, 500))
def test_aligned_blocks_are_aligned_and_make_up_the_span(first: int, more: int) -> None:
    at = first
    for start, bits in aligned_blocks(first, first + more):
        assert start == at
        assert start % (1 << bits) == 0
        at += 1 << bits
    assert at == first + more + 1


def oracle(sets: Sequence[Sequence[Region]], reserved: Sequence[Span], requests: Sequence[Request]) -> bool:
    """Ask z3 for block numbers; allowed blocks are given as intervals of block numbers."""
    z3 = pytest.importorskip("z3")
    solver = z3.Solver()
    solver.set("timeout", 20_000)
    starts = []
    for request in requests:
        number = z3.Int(request.name)
        inside = [
            z3.And(number >= first >> request.bits, number < (first + (1 << bits)) >> request.bits)
            for first, bits in sets[request.allowed]
            if bits >= request.bits
        ]
        solver.add(z3.Or(*inside))
        start, size = number * (1 << request.bits), 1 << request.bits
        solver.add(*(z3.Or(start > last, start + size <= first) for first, last in reserved))
        starts.append((start, size))
    for (one, size), (other, more) in itertools.combinations(starts, 2):
        solver.add(z3.Or(one + size <= other, other + more <= one))
    verdict = str(solver.check())
    if verdict == "unknown":
        pytest.skip("z3 gave up")
    return verdict == "sat"


@pytest.mark.parametrize("seed", range(24))
def test_real_sizes_agree_with_z3(seed: int) -> None:
    """Pools of /12 to /15, one nested in another, a few networks each with its own pools, nearly full."""
    draw = random.Random(seed)
    base = 10 << 24
    pools = [
        (base + (3 << 20), 20),
        (base + (5 << 20), 18),
        (base + (3 << 20) + (1 << 18), 17),
        (base + (9 << 20), 17),
    ]
    sets = [draw.sample(pools, draw.randint(1, 3)) for _ in range(3)]
    reserved = []
    for _ in range(3):
        first, bits = draw.choice(pools)
        start = first + draw.randrange(1 << bits - 14) * (1 << 14)
        reserved.append((start, start + (1 << 14) - 1))
    requests = [
        Request(f"n{i}", draw.choice((15, 16, 16, 17, 18)), draw.randrange(3)) for i in range(draw.randint(3, 6))
    ]
    found = pack(sets, reserved, requests)
    assert (not found.unplaced) == oracle(sets, reserved, requests)


def test_thousands_of_pools_are_packed_one_by_one_and_only_the_full_one_is_short() -> None:
    number = 2000
    sets = [[(index << 10, 10)] for index in range(number)]
    requests = [Request(f"n{index}", 9, index) for index in range(number)]
    assert len(pack(sets, [], requests).placed) == number
    assert fits(sets, [], requests)
    extra = [Request("a", 10, 7), Request("b", 9, 7)]
    found = pack(sets, [], [*requests, *extra])
    assert {request.allowed for request in found.unplaced} == {7}
    assert len(found.placed) + len(found.unplaced) == number + 2
    assert found.proven


def test_a_part_that_needs_the_search_is_packed_beside_one_that_cannot_be() -> None:
    sets = [[(0, 4), (16, 4)], [(0, 4)], [(64, 2)]]
    corner = [Request("a", 4, 0), Request("b", 3, 1)]
    found = pack(sets, [], [*corner, Request("c", 3, 2)])
    assert found.placed == {"a": 16, "b": 0}
    assert found.unplaced == (Request("c", 3, 2),)


def test_a_search_over_many_allowed_sets_is_not_bounded_by_the_depth_of_calls() -> None:
    sets = [[(1 << 24, 20), (index << 10, 10)] for index in range(600)]
    assert fits(sets, [], [Request(f"n{index}", 10, index) for index in range(600)])


def test_the_turns_of_a_packing_are_in_the_order_of_the_rule() -> None:
    sets = [[(0, 6), (64, 6)], [(128, 6)], [(0, 6)]]
    turns: list[Turn] = []
    pack(sets, [], [Request("d", 3, 1), Request("c", 3, 0), Request("b", 3, 2), Request("a", 2, 1)], turns=turns)
    assert [(turn.name, turn.bits, turn.regions) for turn in turns] == [
        ("b", 3, 1),
        ("d", 3, 1),
        ("c", 3, 2),
        ("a", 2, 1),
    ]
