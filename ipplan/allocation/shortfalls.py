"""Report what found no room: what is missing, and what would help.

Works on one IP version after `job` has failed; must not place anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ipplan.addresses import WIDTH
from ipplan.allocation.advice import Movable, Problem, advise
from ipplan.allocation.result import Shortfall
from ipplan.allocation.spans import aligned_blocks, gaps, merge, region, span
from ipplan.catalog import KEEP_CLEAR

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ipplan.addresses import Prefix
    from ipplan.allocation.demand import Block, Taken, Wanted
    from ipplan.allocation.packing import Packing
    from ipplan.allocation.space import Request
    from ipplan.allocation.spans import Region, Span
    from ipplan.plan.model import Plan


class FailedPacking(NamedTuple):
    """A packing with unplaced requests, and what it had to respect.

    `covers` are what groups with pinned members hold beside `taken`; `blocks` are what is packed, by the name of the request.
    """

    plan: Plan
    version: int
    taken: Sequence[Taken]
    covers: Sequence[Prefix]
    sets: Sequence[tuple[Region, ...]]
    requests: Sequence[Request]
    packing: Packing
    blocks: Mapping[str, Block]


def list_shortfalls(failed: FailedPacking, *, with_advice: bool) -> Iterator[Shortfall]:
    """Yield a shortfall for each network that found no place; `with_advice` adds the smallest change that helps."""
    packing = failed.packing
    width = WIDTH[failed.version]
    help_ = _advise(failed) if with_advice else None
    bits = {r.name: r.bits for r in failed.requests}
    reserved = [*(span(t.prefix) for t in failed.taken), *map(span, failed.covers)]
    used = merge([*reserved, *((first, first + (1 << bits[n]) - 1) for n, first in packing.placed.items())])
    largest: dict[int, int | None] = {}
    for request in packing.unplaced:
        if request.allowed not in largest:
            largest[request.allowed] = _largest_free(width, failed.sets[request.allowed], used)
        free = largest[request.allowed]
        block = failed.blocks[request.name]
        needs = width - block.bits
        for w in block.members:
            message = _message(w, block, needs, free, proven=packing.proven)
            yield Shortfall(w.network.name, needs, free, message, help_)


def _message(wanted: Wanted, block: Block, needs: int, free: int | None, *, proven: bool) -> str:
    network, pool = wanted.network, wanted.network.pool
    what = f"{network.name} needs a /{needs}"
    if block.group is None:
        if not block.regions:
            return f"{what}, and IKS accepts no {network.kind.role} range of that size in pool {pool}"
    else:
        what = f"{what} together with the rest of group {block.group}"
        if not block.regions:
            return f"{what}, and the members of the group have no pool in common"
    where = "the pools" if pool is None else f"pool {pool}"
    left = "nothing" if free is None else f"no block larger than a /{free}"
    rest = f"with the other networks placed, {left} is left in {where}"
    if free is not None and free <= needs:
        rest = f"no arrangement was found that leaves one free in {where}"
    if not proven:
        rest += "; the search stopped at its limit, so a place may still exist"
    return f"{what}; {rest}"


def _largest_free(width: int, regions: Iterable[Region], used: Sequence[Span]) -> int | None:
    """Return the length of the largest free block in the regions, None where nothing is free."""
    best = max(
        (
            bits
            for first, wide in regions
            for start, end in gaps(first, first + (1 << wide) - 1, used)
            for _, bits in aligned_blocks(start, end)
        ),
        default=None,
    )
    return None if best is None else width - best


def _advise(failed: FailedPacking) -> str | None:
    """Return the smallest change that would make everything fit, if one is found."""
    pools = (p.prefix for p in failed.plan.pools if p.prefix.version == failed.version)
    everywhere = tuple(dict.fromkeys(map(region, pools)))
    fixed = [t.prefix for t in failed.taken if not t.movable and t.keep_clear is None]
    sets = list(failed.sets)
    return advise(
        Problem(
            width=WIDTH[failed.version],
            sets=sets,
            anywhere=sets.index(everywhere) if everywhere in sets else None,
            fixed=merge(span(p) for p in (*fixed, *failed.covers)),
            movable=list(_movable(failed)),
            requests=failed.requests,
            unplaced=failed.packing.unplaced,
            title=lambda name: failed.blocks[name].title,
        )
    )


def _movable(failed: FailedPacking) -> Iterator[Movable]:
    """Yield the reservations that the plan could give up, those first that need no other place."""
    for t in failed.taken:
        if t.category == "avoid":
            yield Movable(f"remove avoid {t.prefix}", (span(t.prefix),), None)
    yield from _kept_clear(failed)
    for t in failed.taken:
        if t.own is not None and t.movable:
            bits = WIDTH[failed.version] - t.prefix.length
            yield Movable(f"unpin {t.own.name} at {t.own.prefix}", (span(t.prefix),), bits)


def _kept_clear(failed: FailedPacking) -> Iterator[Movable]:
    """Yield what the platforms of `keep-clear` take that the plan does not have; one may have what another has."""
    kept = [t for t in failed.taken if t.keep_clear is not None]
    if kept:
        pools = [pool.prefix for pool in failed.plan.pools]
        near = {t.keep_clear for t in kept if any(t.prefix.overlaps(pool) for pool in pools)}
        names = ", ".join(name for name in KEEP_CLEAR if name in near)
        yield Movable(f"leave {names} out of keep-clear under [plan]", tuple(span(t.prefix) for t in kept), None)
