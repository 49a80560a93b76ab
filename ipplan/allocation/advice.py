"""Find the smallest change that makes an allocation fit; the packer tries each one before it is advised.

Works on one problem of one IP version; must not know how the plan is written or printed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ipplan.allocation.packing import fits
from ipplan.allocation.space import Request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from ipplan.allocation.spans import Region, Span

_ELSEWHERE = 1 << 200
"""The first address of a pool that does not exist yet: beyond every address."""
_SEARCH_LIMIT = 20_000
"""Steps of the exact search for one piece of advice."""
_MOST_TRIES = 20
"""Try to remove at most 20 reservations."""
_MOST_REQUESTS = 5_000
"""With more requests, advise only the size of a further pool."""


class Movable(NamedTuple):
    """Reserved space that the plan could give up together; `bits` is the block that its network then needs, if any."""

    label: str
    spans: tuple[Span, ...]
    bits: int | None


class Problem(NamedTuple):
    """A packing that failed. `anywhere` is the number of the allowed set of all pools, if any.

    `fixed` is what the plan cannot change, `movable` what it can; `title` names a request to people.
    """

    width: int
    sets: Sequence[Sequence[Region]]
    anywhere: int | None
    fixed: Sequence[Span]
    movable: Sequence[Movable]
    requests: Sequence[Request]
    unplaced: Sequence[Request]
    title: Callable[[str], str]


def smallest_pool(problem: Problem) -> int | None:
    """Return the prefix length of the smallest further pool that makes everything fit, None where none does."""
    if problem.anywhere is None:
        return None
    reserved = _reserved(problem)

    def enough(bits: int) -> bool:
        sets = list(problem.sets)
        sets[problem.anywhere or 0] = [*sets[problem.anywhere or 0], (_ELSEWHERE, bits)]
        return fits(sets, reserved, problem.requests, _SEARCH_LIMIT)

    total = sum(1 << r.bits for r in problem.requests if r.allowed == problem.anywhere)
    low, high = 0, max(0, total - 1).bit_length()
    if high > problem.width or not enough(high):
        return None
    while low < high:
        middle = (low + high) // 2
        if enough(middle):
            high = middle
        else:
            low = middle + 1
    return problem.width - low


def largest_that_fits(problem: Problem) -> int | None:
    """Return the prefix length of the largest block that fits for the one unplaced request; None if there are more."""
    if len(problem.unplaced) != 1 or len(problem.requests) > _MOST_REQUESTS:
        return None
    missing = problem.unplaced[0]
    others = [r for r in problem.requests if r is not missing and r.name != missing.name]
    reserved = _reserved(problem)
    for bits in range(missing.bits - 1, -1, -1):
        if fits(problem.sets, reserved, [*others, missing._replace(bits=bits)], _SEARCH_LIMIT):
            return problem.width - bits
    return None


def one_to_move(problem: Problem) -> Movable | None:
    """Return the first reservation of the plan's own whose removal makes everything fit.

    A pinned network is not removed but moved: it needs another place.
    """
    if len(problem.requests) > _MOST_REQUESTS:
        return None
    spans = [(first, first + (1 << bits) - 1) for regions in problem.sets for first, bits in regions]
    tried = 0
    for candidate in problem.movable:
        if not any(low <= last and first <= high for low, high in spans for first, last in candidate.spans):
            continue
        if candidate.bits is not None and problem.anywhere is None:
            continue
        tried += 1
        if tried > _MOST_TRIES:
            return None
        reserved = [*problem.fixed, *_spans(m for m in problem.movable if m is not candidate)]
        requests = list(problem.requests)
        if candidate.bits is not None and problem.anywhere is not None:
            requests.append(Request("\0moved", candidate.bits, problem.anywhere))
        if fits(problem.sets, reserved, requests, _SEARCH_LIMIT):
            return candidate
    return None


def advise(problem: Problem) -> str | None:
    """Return the smallest changes that make everything fit, as one phrase; None if none was found."""
    parts = []
    if (moved := one_to_move(problem)) is not None:
        parts.append(moved.label)
    if (length := largest_that_fits(problem)) is not None:
        parts.append(f"make {problem.title(problem.unplaced[0].name)} a /{length} or smaller")
    if (pool := smallest_pool(problem)) is not None:
        parts.append(f"add a pool of /{pool} or larger (byoip under [plan], or --byoip)")
    return ", or ".join(parts) or None


def _reserved(problem: Problem) -> list[Span]:
    return [*problem.fixed, *_spans(problem.movable)]


def _spans(movable: Iterable[Movable]) -> Iterator[Span]:
    return (span for m in movable for span in m.spans)
