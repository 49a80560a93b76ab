"""Count addresses of the pools: what is taken, what is free, which reservations were avoided.

Must not place anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.addresses import WIDTH, Prefix, covering_prefix
from ipplan.allocation.result import GroupPlacement, PoolReport, Skipped
from ipplan.allocation.spans import aligned_blocks, gaps, merge, reaches, span

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ipplan.allocation.demand import Taken
    from ipplan.allocation.result import Placement
    from ipplan.allocation.spans import Region, Span
    from ipplan.plan.model import Plan


def count(
    plan: Plan, taken: Sequence[Taken], held: Mapping[int, Sequence[Span]]
) -> tuple[tuple[PoolReport, ...], tuple[Prefix, ...]]:
    """Return a report on each pool, and the free space of all pools as the fewest prefixes in address order.

    `held` are the spans, by IP version, that the allocation gave out. A free prefix never reaches beyond its
    pool; of nested pools, the outer one counts.
    """
    reports: dict[Prefix, PoolReport] = {}
    free: list[Prefix] = []
    for version in (4, 6):
        pools = sorted({pool.prefix for pool in plan.pools if pool.prefix.version == version})
        if not pools:
            continue
        hard = merge(span(t.prefix) for t in taken if t.prefix.version == version and not t.ours)
        soft = [span(t.prefix) for t in taken if t.prefix.version == version and t.ours]
        used = merge([*hard, *soft, *held.get(version, ())])
        width = WIDTH[version]
        end = -1
        for prefix in pools:
            usable = sum(last - first + 1 for first, last in gaps(*span(prefix), hard))
            left = [block for gap in gaps(*span(prefix), used) for block in aligned_blocks(*gap)]
            room = sum(1 << bits for _, bits in left)
            # max() returns the first of equals, which is the lowest.
            most = max(left, key=_bits, default=None)
            largest = None if most is None else Prefix(version, most[0], width - most[1])
            reports[prefix] = PoolReport(prefix, str(prefix), prefix.size - usable, usable - room, room, largest)
            if prefix.first > end:
                end = prefix.last
                free += [tuple.__new__(Prefix, (version, first, width - bits)) for first, bits in left]
    return tuple(reports[pool.prefix]._replace(given=pool.given) for pool in plan.pools), tuple(free)


def _bits(block: Region) -> int:
    return block[1]


def list_skipped(plan: Plan, taken: Sequence[Taken]) -> tuple[Skipped, ...]:
    """Return the outermost reservations that touch a pool; of equal ones the catalogue's comes first."""
    pools = {v: merge(span(p.prefix) for p in plan.pools if p.prefix.version == v) for v in (4, 6)}
    found: list[Skipped] = []
    for prefix, category, reason, source, *_ in sorted(taken, key=lambda t: t.prefix):
        if found and found[-1].prefix.covers(prefix):
            continue
        if reaches(pools[prefix.version], *span(prefix)):
            found.append(Skipped(prefix, category, reason, source))
    return tuple(found)


def list_groups(placements: Sequence[Placement], taken: Sequence[Taken]) -> tuple[GroupPlacement, ...]:
    """Return the groups that have placed networks, each with the prefix around them and whether it is alone there."""
    members: dict[tuple[str, int], list[tuple[str, Prefix]]] = {}
    for network, _, prefix, _, _, held in placements:
        if network.group is not None and prefix is not None:
            key = network.group, prefix.version
            members.setdefault(key, []).append((network.name, held or prefix))
    if not members:
        return ()
    spans: dict[int, list[Span]] = {4: [], 6: []}
    for t in taken:
        if t.category != "group":
            spans[t.prefix.version].append(span(t.prefix))
    for placement in placements:
        if placement.prefix is not None:
            spans[placement.prefix.version].append(span(placement.held or placement.prefix))
    all_ = {version: merge(found) for version, found in spans.items()}
    found = []
    for (name, version), own in members.items():
        cover = covering_prefix([prefix for _, prefix in own])
        rest = gaps(*span(cover), merge(span(prefix) for _, prefix in own))
        alone = not any(reaches(all_[version], *gap) for gap in rest)
        found.append(GroupPlacement(name, cover, tuple(network for network, _ in own), alone))
    return tuple(found)


class PoolIndex:
    """Finds the first pool that holds a prefix with one look-up for each pool length."""

    def __init__(self, plan: Plan) -> None:
        self._known: dict[Prefix, int] = {}
        for index, pool in enumerate(plan.pools):
            self._known.setdefault(pool.prefix, index)
        self._pools = [pool.prefix for pool in plan.pools]
        self._lengths = sorted({(p.version, p.length) for p in self._pools})

    def holding(self, prefix: Prefix) -> Prefix | None:
        """Return the first pool, in the order of the plan, that covers the prefix."""
        version, first, length = prefix
        width = WIDTH[version]
        best = -1
        for kind, wide in self._lengths:
            if kind != version or wide > length:
                continue
            shift = width - wide
            index = self._known.get(tuple.__new__(Prefix, (version, first >> shift << shift, wide)), -1)
            if index >= 0 and (best < 0 or index < best):
                best = index
        return self._pools[best] if best >= 0 else None
