"""Prepare a picture of the address space of a plan: what is drawn, and at which coordinates.

`survey_plan` makes the value that a picture is drawn from, `strips` and `hilbert` its geometry. Knows nothing of text or
files.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, Literal, NamedTuple

from ipplan.addresses import Range, RangeSet
from ipplan.free import find_free
from ipplan.spaces import AddressSpace, Space

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from ipplan.addresses import Prefix
    from ipplan.catalog import Catalog
    from ipplan.plan.model import Network, Plan
    from ipplan.spaces import Block

Use = Literal["overlap", "network", "reserved", "avoid", "room", "held", "free", "outside", "pool"]
"""What addresses are for: as `spaces.What`, but "free" only for what `ipplan free` counts as free.

"held" is the space between the networks of a group that is alone in its prefix, "outside" is in no pool, "pool" is a
pool inside another space, which has a picture of its own.
"""

MOST_SPACES = 24
"""Draw at most this many spaces; a plan may use thousands."""


class Part(NamedTuple):
    """Addresses of a space with one use, first and last included, as integers.

    `networks` are the names of those that hold them, the most specific first, at most `spaces.MOST_NAMED` of `total`.
    `homes` are the networks whose names a picture writes at this part: each network of a space has one home.
    """

    first: int
    last: int
    use: Use
    networks: tuple[str, ...] = ()
    total: int = 0
    rules: tuple[str, ...] = ()
    homes: tuple[Network, ...] = ()

    @property
    def size(self) -> int:
        """The number of its addresses."""
        return self.last - self.first + 1


class Surveyed(NamedTuple):
    """A space and its parts in address order, without gaps."""

    space: Space
    parts: tuple[Part, ...]
    networks: tuple[Network, ...]

    def sizes(self) -> dict[Use, int]:
        """Return the number of addresses of each use."""
        sums: dict[Use, int] = {}
        for part in self.parts:
            sums[part.use] = sums.get(part.use, 0) + part.size
        return sums

    def largest_free(self) -> Prefix | None:
        """Return the largest free prefix, of equals the first."""
        version = self.space.prefix.version
        free = RangeSet(Range(version, p.first, p.last) for p in self.parts if p.use == "free")
        return free.largest_prefix()


class AddressMap(NamedTuple):
    """The content of a picture of a plan.

    `spaces` are drawn as strips, `curves` as Hilbert curves. `unpinned` names the networks that are shown where
    `allocate` would place them. `waiting` counts the networks without a range, `hidden` the spaces that are not drawn.
    """

    plan: Plan
    catalog: Catalog
    spaces: tuple[Surveyed, ...]
    curves: tuple[Surveyed, ...]
    unpinned: frozenset[str]
    waiting: int
    hidden: int


def survey_plan(
    plan: Plan,
    catalog: Catalog,
    *,
    placed: Mapping[str, Prefix] | None = None,
    chosen: Collection[str] | None = None,
    of: Sequence[Prefix] = (),
) -> AddressMap:
    """Return the content of a picture of the plan, in n log n time.

    `placed` are ranges of an allocation. With `chosen`, names of networks, only spaces that hold one of these or that may
    provide its range. With `of`, only these prefixes, each as a curve.
    """
    from ipplan.checks import check_plan

    placed = placed or {}
    plan = plan.with_ranges(placed)
    address_space = AddressSpace(plan, catalog, check_plan(plan, catalog))
    free = RangeSet(block for pool in find_free(plan, catalog).pools for block in pool.blocks)
    spaces = () if of else address_space.spaces(chosen)
    return AddressMap(
        plan,
        catalog,
        tuple(_survey(address_space, space, free) for space in spaces[:MOST_SPACES]),
        tuple(_survey(address_space, Space(prefix, "pool", ""), free) for prefix in dict.fromkeys(of)),
        frozenset(placed),
        sum(1 for network in plan.taking_part() if network.prefix is None),
        max(0, len(spaces) - MOST_SPACES),
    )


def _survey(address_space: AddressSpace, space: Space, free: RangeSet) -> Surveyed:
    prefix = space.prefix
    pools = [pool.prefix for pool in address_space.plan.pools]
    rest: Use = "held" if any(pool.covers(prefix) for pool in pools) else "outside"
    parts = [part for block in address_space.blocks(space) for part in _split_free(block, free, prefix.version, rest)]
    networks = address_space.networks_in(prefix)
    if space.kind != "pool":
        for pool in sorted({pool for pool in pools if prefix.covers(pool)}, key=lambda pool: pool.length):
            # A network around the pool overlaps what is in it, and the picture has to show that.
            if not any(n.prefix is not None and n.prefix.covers(pool) for n in networks):
                parts = _without(parts, pool)
                networks = [n for n in networks if n.prefix is None or not pool.covers(n.prefix)]
    return Surveyed(space, tuple(_with_homes(parts, networks)), tuple(networks))


def _without(parts: Sequence[Part], pool: Prefix) -> list[Part]:
    """Replace all parts in a pool by one; no part reaches from inside a pool to outside."""
    found = []
    for part in parts:
        if part.first < pool.first:
            found.append(part._replace(last=min(part.last, pool.first - 1)))
        if part.first <= pool.first <= part.last:
            found.append(Part(pool.first, pool.last, "pool"))
        if part.last > pool.last:
            found.append(part._replace(first=max(part.first, pool.last + 1)))
    return found


def _split_free(block: Block, free: RangeSet, version: int, rest: Use) -> Iterator[Part]:
    """Yield a block as parts; a free one is split into what `ipplan free` counts and what it does not."""
    if block.what != "free":
        yield Part(block.first, block.last, block.what, block.networks, block.total, block.rules)
        return
    at = block.first
    for item in free.within(Range(version, block.first, block.last)):
        if at < item.first:
            yield Part(at, item.first - 1, rest)
        yield Part(item.first, item.last, "free")
        at = item.last + 1
    if at <= block.last:
        yield Part(at, block.last, rest)


def _with_homes(parts: Sequence[Part], networks: Iterable[Network]) -> Iterator[Part]:
    """Yield parts with the networks whose names are written there.

    That is the largest part that only this network holds, else the part at which it starts.
    """
    own: dict[str, int] = {}
    for index, part in enumerate(parts):
        if part.use != "network":
            continue
        best = own.get(part.networks[0])
        if best is None or part.size > parts[best].size:
            own[part.networks[0]] = index
    firsts = [part.first for part in parts]
    homes: dict[int, list[Network]] = {}
    for network in networks:
        index = own.get(network.name, -1)
        if index < 0:
            assert network.prefix is not None
            index = max(0, bisect_right(firsts, network.prefix.first) - 1)
        homes.setdefault(index, []).append(network)
    for index, part in enumerate(parts):
        yield part._replace(homes=tuple(homes[index])) if index in homes else part


def parts_within(parts: Sequence[Part], prefix: Prefix) -> list[Part]:
    """Return the parts that share an address with a prefix, cut at its ends; a part that starts before it has no homes."""
    start = bisect_left(parts, prefix.first, key=lambda part: part.last)
    end = bisect_right(parts, prefix.last, key=lambda part: part.first)
    found = []
    for part in parts[start:end]:
        first, last = max(part.first, prefix.first), min(part.last, prefix.last)
        homes = part.homes if part.first == first else ()
        found.append(part._replace(first=first, last=last, homes=homes))
    return found
