"""Several plans: pools that they share."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ipplan.addresses import Prefix, PrefixIndex, RangeSet
from ipplan.checks.registry import rule
from ipplan.checks.space import Space
from ipplan.findings import Related, Source

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ipplan.checks.context import Context
    from ipplan.findings import Finding
    from ipplan.plan.model import Network, Plan
    from ipplan.plan.together import Places

_MOST_NAMED = 8
"""Name at most this many networks or plans in one finding."""
_MOST_AVOIDS = 3
"""Suggest at most this many entries of `[[avoid]]`; above that, splitting the pool is better."""


class Together(NamedTuple):
    """Plans that are checked together, as their files have them, and their titles, all different."""

    plans: tuple[Plan, ...]
    titles: tuple[str, ...]
    places: Places


@rule("warning", source=Source("the plans' own pools, plan.byoip"), judges="plans")
def shared_pool(context: Context, together: Together) -> Iterator[Finding]:
    """Two plans that are checked together allocate from the same addresses, or one from those of the other's networks.

    Why: `allocate` reads one plan. It may allocate the same part of a pool for two plans, and a network that is
    pinned in one plan is free space for the other.

    Do: split the pool between the plans, or add an [[avoid]] entry for the networks of the other plan.
    """
    free = [Space(plan, context.catalog).free if plan.pools else RangeSet(()) for plan in together.plans]
    yield from _same_pool(context, together, free)
    yield from _foreign_networks(context, together, free)


def _same_pool(context: Context, together: Together, free: Sequence[RangeSet]) -> Iterator[Finding]:
    """Yield each pool inside a pool of another plan, if both plans may allocate the same addresses."""
    pools = context.plan.pools
    order = sorted(range(len(pools)), key=lambda i: (pools[i].prefix, i))
    index = PrefixIndex([pools[i].prefix for i in order])
    seen: set[Prefix] = set()
    for i in order:
        inner = pools[i].prefix
        if inner in seen:
            continue
        seen.add(inner)
        around: dict[int, int] = {}
        for k in index.overlapping(inner):
            if pools[order[k]].prefix.covers(inner):
                around.setdefault(together.places.of_key(("plan", "byoip", order[k]))[0], order[k])
        parts = {at: free[at].within(inner) for at in around}
        plans = sorted(a for a in parts if any(a != b and parts[a] & parts[b] for b in parts))
        if len(plans) > 1:
            yield _pool_finding(together, inner, {at: around[at] for at in plans})


def _pool_finding(together: Together, inner: Prefix, numbers: Mapping[int, int]) -> Finding:
    from ipplan.plan.sizing import awaits_range

    plans = list(numbers)
    waiting = [
        f"{together.titles[at]} has {count:,} network{'' if count == 1 else 's'} to allocate"
        for at in plans[:_MOST_NAMED]
        if (count := sum(map(awaits_range, together.plans[at].networks)))
    ]
    more = f" and {len(plans) - _MOST_NAMED:,} more" if len(plans) > _MOST_NAMED else ""
    named = ", ".join(together.titles[at] for at in plans[:_MOST_NAMED]) + more
    return shared_pool.finding(
        f"plans {named} allocate from the same pool, {inner}",
        ("plan", "byoip", numbers[plans[0]]),
        cidrs=(inner,),
        overlap=inner,
        related=tuple(Related(("plan", "byoip", numbers[at])) for at in plans[1:]),
        because=tuple(waiting),
        help=_advice(inner, len(plans)),
    )


def _advice(pool: Prefix, plans: int) -> str:
    """Return how to share out a pool: a single address cannot be split, and two plans get a half each."""
    if pool.size == 1:
        return "keep it in one of the plans"
    if plans > 2:
        return "split it between the plans"
    low = Prefix(pool.version, pool.first, pool.length + 1)
    high = Prefix(pool.version, low.last + 1, low.length)
    return f"split it between the plans, such as {low} and {high}"


def _foreign_networks(context: Context, together: Together, free: Sequence[RangeSet]) -> Iterator[Finding]:
    """Yield for each pool the networks of other plans whose addresses it may allocate again, one finding a plan."""
    numbers: dict[int, list[tuple[Prefix, int]]] = {}
    for number, pool in enumerate(context.plan.pools):
        numbers.setdefault(together.places.of_key(("plan", "byoip", number))[0], []).append((pool.prefix, number))
    for at, pools in numbers.items():
        pools.sort()
        index = PrefixIndex([prefix for prefix, _ in pools])
        found: dict[tuple[int, int], list[Network]] = {}
        for sweep in context.sweeps:
            for network in sweep.touching(free[at]):
                own = together.places.of_name(network.name)
                if own == at or network.prefix is None or network.kind.provider == "default":
                    continue
                for i in index.overlapping(network.prefix):
                    found.setdefault((pools[i][1], own), []).append(network)
                    break
        for (number, own), networks in found.items():
            yield _foreign_finding(context, together, (at, number), own, networks)


def _foreign_finding(
    context: Context, together: Together, pool: tuple[int, int], own: int, networks: Sequence[Network]
) -> Finding:
    at, number = pool
    prefix = context.plan.pools[number].prefix
    what = (
        f"{networks[0].name} lies"
        if len(networks) == 1
        else f"{len(networks):,} networks of plan {together.titles[own]} lie"
    )
    cidrs = tuple(n.prefix for n in networks if n.prefix is not None)
    if len(cidrs) <= _MOST_AVOIDS:
        entries = " and ".join(f'cidr = "{cidr}"' for cidr in dict.fromkeys(cidrs))
        help_ = f"add [[avoid]] with {entries} to plan {together.titles[at]}"
    else:
        help_ = f"split the pool, or add [[avoid]] entries for them to plan {together.titles[at]}"
    return shared_pool.finding(
        f"{what} in pool {prefix} of plan {together.titles[at]}, which may allocate the same addresses",
        ("plan", "byoip", number),
        networks=tuple(n.name for n in networks[:_MOST_NAMED]),
        cidrs=(*cidrs[:_MOST_NAMED], prefix),
        related=tuple(Related(n.cidr_key, n.name) for n in networks[:_MOST_NAMED]),
        help=help_,
    )
