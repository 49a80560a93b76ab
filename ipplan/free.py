"""Count the free space of the pools of a plan: free blocks, how many networks still fit, how the rest is used.

`allocate` decides what is taken, so that the two never contradict each other; this module only counts. It knows
nothing of how the answer is printed.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from ipplan.addresses import WIDTH, RangeSet
from ipplan.allocation import allocate
from ipplan.allocation.accounts import count
from ipplan.allocation.demand import list_covers, list_taken, list_wanted
from ipplan.catalog import CATEGORIES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ipplan.addresses import Prefix
    from ipplan.allocation import PoolReport, Shortfall
    from ipplan.allocation.demand import Taken, Wanted
    from ipplan.catalog import Catalog
    from ipplan.cleanest import Advice
    from ipplan.plan.model import Plan

SMALLEST = {4: 28, 6: 64}
"""Count the networks that still fit up to this prefix length, by IP version, unless a longer one is asked for."""


class Use(NamedTuple):
    """Addresses of a pool that are taken, and by what.

    `category` is one of the catalogue's, or avoid, link (what its far side sees a network as), pinned, default,
    allocated, or held: room that networks keep to grow, and the space between the networks of a group that is alone in
    its prefix.
    """

    category: str
    size: int


class Fit(NamedTuple):
    """The number of networks of one prefix length that fit, if they get all free space."""

    length: int
    number: int


class FreePool(NamedTuple):
    """The free space of one pool. Invariant: the sizes of `uses` and of `blocks` add up to the size of the pool.

    `uses` count each address once, published and avoided space before the plan's own. `blocks` are the largest
    aligned free blocks, in address order. `fits` start with the prefix length of the pool.
    """

    report: PoolReport
    uses: tuple[Use, ...]
    blocks: tuple[Prefix, ...]
    fits: tuple[Fit, ...]

    @property
    def fragmentation(self) -> float | None:
        """External fragmentation: 1 - addresses in the largest free block / free addresses; None where none is free.

        0 means that all free space is one aligned block; close to 1, that it is in small pieces. It is the usual
        measure of memory allocation, with aligned blocks instead of contiguous ones, because a network is a prefix:
        two equal blocks that do not form a prefix together count as two pieces.
        """
        largest = self.report.largest_free
        return None if largest is None else 1 - largest.size / self.report.free

    def blocks_for(self, length: int | None) -> tuple[Prefix, ...]:
        """Return the free blocks with room for a prefix of this length; all of them for None."""
        if length is None:
            return self.blocks
        if length > WIDTH[self.report.prefix.version]:
            return ()
        return tuple(block for block in self.blocks if block.length <= length)


class Total(NamedTuple):
    """The addresses of all pools of one IP version together; those of pools that overlap count once."""

    version: int
    size: int
    free: int


class Free(NamedTuple):
    """The whole answer. `pools` are in the order of the plan, each once; `totals` has an entry for each IP version.

    `wanted` are the networks that have no range yet and are not counted as taken. `shortfalls` is not empty exactly
    if they should be counted and do not all find a place. `advice` are the cleanest blocks of a size, if asked for.
    """

    plan_name: str | None
    file: str
    edition: str
    pools: tuple[FreePool, ...]
    totals: tuple[Total, ...]
    wanted: tuple[Wanted, ...]
    after_allocation: bool
    shortfalls: tuple[Shortfall, ...]
    advice: Advice | None = None

    @property
    def ok(self) -> bool:
        """Whether every network to be counted found a place."""
        return not self.shortfalls


def find_free(
    plan: Plan,
    catalog: Catalog,
    *,
    data_centers_only: bool = False,
    after_allocation: bool = False,
    pools: Sequence[Prefix] | None = None,
    length: int | None = None,
) -> Free:
    """Return the space of the pools that is not published, avoided or planned, in n log n time.

    `data_centers_only` narrows IBM's customer private ranges to those of the plan's data centers. With
    `after_allocation`, what `allocate` would place counts as taken, if it can place everything. `pools` chooses among
    the pools of the plan, None means all. `fits` go on to a prefix of `length`, if that is longer than `SMALLEST`.
    """
    taken = list_taken(plan, catalog, frozenset(plan.data_centers) if data_centers_only else None)
    wanted = tuple(list_wanted(plan))
    shortfalls: tuple[Shortfall, ...] = ()
    placed: list[Prefix] = []
    if after_allocation:
        allocation = allocate(plan, catalog, data_centers_only=data_centers_only)
        reports, free = allocation.pools, allocation.free
        placed = list(allocation.allocated.values())
        shortfalls = allocation.shortfalls
    else:
        reports, free = count(plan, [*taken, *list_covers(plan, taken)], {})
    known = {report.prefix: report for report in reports}
    chosen = list(known if pools is None else dict.fromkeys(pools))
    uses = _used(plan, taken, placed)
    left = RangeSet(free)
    return Free(
        plan_name=plan.name,
        file=plan.file,
        edition=catalog.edition,
        pools=tuple(_free_pool(known[prefix], uses, left, length) for prefix in chosen),
        totals=tuple(_totals(chosen, left)),
        wanted=() if after_allocation and not shortfalls else wanted,
        after_allocation=after_allocation,
        shortfalls=shortfalls,
    )


def _used(plan: Plan, taken: Iterable[Taken], placed: Iterable[Prefix]) -> dict[str, RangeSet]:
    """Return the space of each category without that of all earlier ones: catalogue, avoid, links, networks."""
    space: dict[str, list[Prefix]] = {name: [] for name in (*CATEGORIES, "avoid", "link")}
    for t in taken:
        if not t.ours:
            space[t.category].append(t.prefix)
    # Not from `taken`: there they include their room to grow.
    space["pinned"] = [n.prefix for n in plan.networks if n.prefix is not None]
    space["default"] = [n.prefix for n in plan.defaults if n.prefix is not None]
    space["allocated"] = list(placed)
    found = {}
    counted = RangeSet()
    for category, prefixes in space.items():
        if prefixes:
            own = RangeSet(prefixes)
            found[category] = own - counted
            counted |= own
    return found


def _free_pool(report: PoolReport, uses: Mapping[str, RangeSet], left: RangeSet, length: int | None) -> FreePool:
    prefix = report.prefix
    sizes = {category: space.within(prefix).size for category, space in uses.items()}
    # Space that is neither free, nor published or avoided, nor a network, is held for a network.
    sizes["held"] = prefix.size - report.free - sum(sizes.values())
    blocks = tuple(left.within(prefix).prefixes())
    longest = max(prefix.length, SMALLEST[prefix.version], min(length or 0, WIDTH[prefix.version]))
    return FreePool(
        report,
        tuple(Use(category, size) for category, size in sizes.items() if size),
        blocks,
        tuple(_fits(blocks, prefix.length, longest)),
    )


def _fits(blocks: Iterable[Prefix], shortest: int, longest: int) -> Iterator[Fit]:
    """Yield each prefix length with the number of disjoint blocks of it in the free blocks.

    Every free aligned block lies in exactly one of the largest ones, so halving these counts them all.
    """
    counts = Counter(block.length for block in blocks)
    fit = 0
    for length in range(shortest, longest + 1):
        fit = 2 * fit + counts[length]
        yield Fit(length, fit)


def _totals(pools: Sequence[Prefix], left: RangeSet) -> Iterator[Total]:
    for version in (4, 6):
        whole = RangeSet(prefix for prefix in pools if prefix.version == version)
        if whole:
            yield Total(version, whole.size, (whole & left).size)
