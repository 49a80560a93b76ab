"""The exact search on packings that were made first, so that the answer is known; and what it costs."""

from __future__ import annotations

import random
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import pytest

from ipplan.allocation.packing import fits, pack
from ipplan.allocation.search import Budget, Search
from ipplan.allocation.space import FreeSpace, Request
from ipplan.allocation.spans import merge

if TYPE_CHECKING:
    from ipplan.allocation.spans import Region, Span

BASE = 5 * 128
"""Where the universe of 128 addresses starts: neither zero nor a power of two."""


class Case(NamedTuple):
    sets: list[list[Region]]
    reserved: list[Span]
    requests: list[Request]


def packed(seed: int, most_sets: int, *, without: float = 0.0) -> Case:
    """Return a packing problem that has a solution: blocks are placed at random until nothing is free.

    `without` is the share of the blocks that are left out, so that there are several solutions.
    """
    chance = random.Random(seed)
    pools = []
    for _ in range(chance.randint(2, 7)):
        bits = chance.randint(2, 6)
        pools.append((BASE + chance.randrange(128 >> bits) * (1 << bits), bits))
    sets = [chance.sample(pools, chance.randint(1, min(3, len(pools)))) for _ in range(chance.randint(2, most_sets))]
    free = {a for first, bits in pools for a in range(first, first + 2**bits)}
    reserved = []
    for first in chance.sample(sorted(free), chance.randint(0, 3)):
        reserved.append((first, first + chance.choice((0, 0, 1))))
        free -= set(range(*reserved[-1])) | {reserved[-1][1]}
    requests: list[Request] = []
    for bits in (4, 3, 2, 1, 0):
        for _ in range(40 if bits else 120):
            allowed = chance.randrange(len(sets))
            start, wide = chance.choice(sets[allowed])
            if wide >= bits:
                first = start + chance.randrange(1 << wide - bits) * (1 << bits)
                block = set(range(first, first + 2**bits))
                if block <= free and (bits < 2 or chance.random() < 0.7):
                    free -= block
                    if chance.random() >= without:
                        requests.append(Request(f"n{len(requests):02}", bits, allowed))
    return Case(sets, reserved, requests)


@cache
def cases(most_sets: int, without: float) -> tuple[Case, ...]:
    return tuple(packed(seed, most_sets, without=without) for seed in range(250))


def crowded(case: Case) -> Case:
    """Return the problem with its last block of each size twice as large: most of these have no solution."""
    last = {request.bits: request for request in case.requests}
    return case._replace(requests=[r._replace(bits=r.bits + (r is last[r.bits])) for r in case.requests])


# most allowed sets, share of blocks left out; steps of the search for 250 packings, and for 250 that are crowded
EFFORT = [
    (3, 0.0, 2429, 15),
    (6, 0.0, 3083, 8),
    (6, 0.15, 2880, 410),
    (6, 0.4, 2297, 912),
    (10, 0.2, 3020, 479),
    (10, 0.3, 2822, 694),
]


@pytest.mark.parametrize(("most_sets", "without"), [row[:2] for row in EFFORT])
def test_a_packing_that_exists_is_found_and_holds(most_sets: int, without: float) -> None:
    for case in cases(most_sets, without):
        found = pack(*case)
        assert not found.unplaced
        used = {a for first, last in case.reserved for a in range(first, last + 1)}
        for name, bits, allowed in case.requests:
            first = found.placed[name]
            block = set(range(first, first + 2**bits))
            assert not block & used
            assert first % 2**bits == 0
            assert any(block <= set(range(start, start + 2**wide)) for start, wide in case.sets[allowed])
            used |= block
        assert fits(*case)


@pytest.mark.parametrize(("most_sets", "without", "steps", "steps_crowded"), EFFORT)
def test_the_search_needs_few_steps(most_sets: int, without: float, steps: int, steps_crowded: int) -> None:
    """The bounds of the search lead it: a plan gets its answer, yes or no, long before the limit of the steps."""
    budget, budget_crowded = Budget(steps), Budget(steps_crowded)
    answers = set()
    for case in cases(most_sets, without):
        assert Search(FreeSpace(case.sets, merge(case.reserved), case.requests), budget).run() is not None
        case = crowded(case)
        answers.add(Search(FreeSpace(case.sets, merge(case.reserved), case.requests), budget_crowded).run() is None)
    assert not budget.exhausted
    assert not budget_crowded.exhausted
    assert answers == {True, False}
