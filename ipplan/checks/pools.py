"""Pools: overlaps, unusable space, and BYOIP networks outside of every pool."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from ipplan.addresses import HostBitsError, PrefixIndex, RangeSet, format_address
from ipplan.catalog import KEEP_CLEAR
from ipplan.checks.labels import label, ranges_of
from ipplan.checks.registry import rule
from ipplan.findings import Related, Source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ipplan.checks.context import Context
    from ipplan.findings import Finding
    from ipplan.plan.model import Network

_MOST_PAIRS = 8
"""Report a pool with at most this many of the pools around it."""
_MOST_RELATED = 3
"""Point at most at this many of the entries that fill a pool."""
_MOST_POOLS = 20
"""List at most this many of the pools that a network is outside of."""

_PLAN = Source("the plan's own pools, plan.byoip")
_CIDR = Source(
    "RFC 4632 section 3.1: a prefix is an address whose bits after the prefix length are zero",
    "https://www.rfc-editor.org/rfc/rfc4632",
    "2006-08-01",
)
_PRIVATE = Source(
    "RFC 1918 and RFC 4193: private IPv4 and unique local IPv6 addresses",
    "https://www.rfc-editor.org/rfc/rfc1918",
    "1996-02-01",
)


@rule("error", source=_CIDR)
def host_bits_set(context: Context) -> Iterator[Finding]:
    """The range of a network has bits set after its prefix length, such as 10.50.0.0/12.

    Why: some tools reject it, some use the enclosing block, and some start at the address. Devices would have
    different ranges.

    Do: write the enclosing block, or the smaller prefix that starts at the address.
    """
    for network in context.detailed:
        if network.written is not None and network.prefix is not None:
            exact = HostBitsError(network.prefix, network.written).exact
            written = f"{format_address(network.prefix.version, network.written)}/{network.prefix.length}"
            yield host_bits_set.finding(
                f"{network.name} {written} has host bits set: not a valid network address; checked as {network.prefix}",
                network.cidr_key,
                networks=(network.name,),
                cidrs=(network.prefix,),
                help=f"write {network.prefix} for the whole block, or {exact} to start at the address",
            )


@rule("warning", source=_CIDR)
def pool_host_bits_set(context: Context) -> Iterator[Finding]:
    """A pool has bits set after its prefix length, so ipplan uses the enclosing block.

    Why: allocation starts at the first address of the block, which is lower than the address in the plan.

    Do: write the block, or a smaller one if only part of it is yours.
    """
    for index, pool in enumerate(context.plan.pools):
        if pool.written is not None:
            prefix = pool.prefix
            exact = HostBitsError(prefix, pool.written).exact
            yield pool_host_bits_set.finding(
                f"pool {pool.given} has host bits set; ipplan uses the enclosing block {prefix}, {prefix.range}",
                ("plan", "byoip", index),
                cidrs=(prefix,),
                help=f"write {prefix}, or {exact} to start at the address",
            )


@rule("error", source=_PLAN)
def pool_overlap(context: Context) -> Iterator[Finding]:
    """Two pools share addresses.

    Why: the order of the pools no longer decides where a network is placed, and the shared space counts twice.

    Do: keep the larger of the two.
    """
    pools = context.plan.pools
    order = sorted(range(len(pools)), key=lambda i: (pools[i].prefix, i))
    index = PrefixIndex([pools[i].prefix for i in order])
    for position, j in enumerate(order):
        # Pools nest or are disjoint: those before this one that overlap it are around it, or equal.
        around = (order[k] for k in index.overlapping(pools[j].prefix) if k < position)
        for i in islice(around, _MOST_PAIRS):
            outer, inner = pools[i].prefix, pools[j].prefix
            same = outer == inner
            yield pool_overlap.finding(
                f"pool {inner} is listed twice" if same else f"pool {inner} overlaps pool {outer}",
                ("plan", "byoip", j),
                cidrs=(inner, outer),
                overlap=inner,
                related=(Related(("plan", "byoip", i)),),
                because=() if same else (f"plan.byoip[{i}] and plan.byoip[{j}] share {inner.size:,} addresses",),
                help=f"list {outer} once" if same else f"keep {outer} and remove {inner}",
            )


@rule("error", "warning", "note", source=_PLAN)
def pool_unusable(context: Context) -> Iterator[Finding]:
    """Nothing can be allocated from a pool: all of it is reserved, published or avoided.

    Why: the pool seems to have space, but has none. It is an error if IBM Cloud ranges, special-purpose space, the
    platforms of the plan's clusters or the plan's own entries fill it. If only keep-clear fills the rest, it is a
    warning when the plan states keep-clear, and a note when it does not.

    Do: remove the pool, or bring another range. If keep-clear fills it, remove from keep-clear the platforms that
    you will never use with the plan.
    """
    plan, catalog = context.plan, context.catalog
    for index, pool in enumerate(plan.pools):
        if context.space.usable.overlaps(pool.prefix):
            continue
        if context.space.firm.overlaps(pool.prefix):
            yield _kept_clear(context, index)
        else:
            avoided = catalog.overlapping(pool.prefix)
            rows = [r for r in avoided if catalog.avoids(r, keep_clear=plan.platforms)]
            avoids = [Related(a.key, a.network) for a in plan.set_aside if a.prefix.overlaps(pool.prefix)]
            around = [r for r in rows if r.prefix.covers(pool.prefix)]
            row = max(around, key=lambda r: (r.prefix.length, r.platform == "iks"), default=None)
            if row:
                because = f"{row.title} {row.prefix} covers all of it"
            else:
                because = f"{len(rows):,} published ranges and {len(avoids):,} avoided ones cover it"
            yield pool_unusable.finding(
                f"nothing can be allocated from pool {pool.prefix}",
                ("plan", "byoip", index),
                cidrs=(pool.prefix, *(r.prefix for r in rows[:20])),
                related=() if row else tuple(avoids[:_MOST_RELATED]),
                because=(because,),
                source=row.source if row else None,
            )


def _kept_clear(context: Context, index: int) -> Finding:
    """Return the finding about a pool that is unusable only because of keep-clear."""
    plan, pool = context.plan, context.plan.pools[index].prefix
    rows = [
        row
        for row in context.catalog.overlapping(pool)
        if row.keep_clear in plan.kept_clear and row.keep_clear not in plan.platforms
    ]
    names = [name for name in KEEP_CLEAR if any(row.keep_clear == name for row in rows)]
    left = [name for name in KEEP_CLEAR if name in plan.kept_clear - plan.platforms and name not in names]
    listed = ", ".join(f'"{name}"' for name in left)
    stated = plan.keep_clear is not None
    return pool_unusable.finding(
        f"nothing can be allocated from pool {pool} while keep-clear names {', '.join(names)}",
        ("plan", "byoip", index),
        severity="warning" if stated else "note",
        cidrs=(pool, *dict.fromkeys(row.prefix for row in rows[:20])),
        related=(Related(("plan", "keep-clear")),) if stated else (),
        because=() if stated else ("the plan does not state keep-clear, so the default applies",),
        help=f"if you will use none of these platforms, write keep-clear = [{listed}] under [plan]",
    )


@rule("error", source=_PLAN)
def outside_pools(context: Context) -> Iterator[Finding]:
    """A BYOIP network lies outside every pool, or outside the pool that it names.

    Why: the pools are the ranges that the enterprise has reserved for the plan. Other space may be in use.

    Do: move the network into a pool, or add its range to plan.byoip.
    """
    if not context.plan.pools:
        return
    finding = outside_pools.finding
    pools = ", ".join(str(p.prefix) for p in context.plan.pools[:4]) + (" …" if len(context.plan.pools) > 4 else "")
    for sweep in context.sweeps:
        for network in sweep.outside(context.space.pools):
            if network.kind.provider == "byoip" and network.declared:
                yield finding(
                    f"{label(network)} lies outside every pool ({pools})",
                    network.cidr_key,
                    networks=(network.name,),
                    cidrs=(*ranges_of(network), *(p.prefix for p in context.plan.pools[:_MOST_POOLS])),
                    help=context.space.suggest(network),
                )
    numbers = {pool.prefix: (i,) for i, pool in reversed(list(enumerate(context.plan.pools)))}
    for network in context.detailed:
        if network.pool is not None and network.prefix is not None and _in_another_pool(context, network):
            yield finding(
                f"{label(network)} lies outside pool {network.pool}, which it names",
                network.cidr_key,
                networks=(network.name,),
                cidrs=(network.prefix, network.pool),
                related=tuple(Related(("plan", "byoip", i)) for i in numbers.get(network.pool, ())),
                help=context.space.suggest(network),
            )


def _in_another_pool(context: Context, network: Network) -> bool:
    prefix, pool = network.prefix, network.pool
    return prefix is not None and pool is not None and not pool.covers(prefix) and context.space.pools.covers(prefix)


@rule("warning", source=_PRIVATE)
def public_byoip(context: Context) -> Iterator[Finding]:
    """A BYOIP network or pool is public space, and the plan does not declare it as the enterprise's own.

    Why: somebody else may own the addresses. Hosts that reach the network cannot reach the real owner any more.

    Do: use private space, or list the range under plan.owned-public if it is yours.
    """
    private = [r.prefix for r in context.catalog.reservations if r.category.name == "iana-private-use"]
    special = [r.prefix for r in context.special]
    fine = RangeSet([*private, *special, *context.plan.owned_public])
    finding = public_byoip.finding
    help_ = "if the enterprise owns it, list it under plan.owned-public"
    for index, pool in enumerate(context.plan.pools):
        if not fine.covers(pool.prefix):
            yield finding(
                f"pool {pool.prefix} is neither private nor declared as owned public space",
                ("plan", "byoip", index),
                cidrs=(pool.prefix,),
                help=help_,
            )
    for sweep in context.sweeps:
        for network in sweep.outside(fine):
            if network.kind.provider == "byoip" and network.declared:
                yield finding(
                    f"{label(network)} is neither private nor declared as owned public space",
                    network.cidr_key,
                    networks=(network.name,),
                    cidrs=ranges_of(network),
                    help=context.space.suggest(network) or help_,
                )
