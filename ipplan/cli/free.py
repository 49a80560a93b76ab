"""`ipplan free`: tell what is left of the pools of a plan, and which blocks of a size are the cleanest."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from ipplan.addresses import AddressError, HostBitsError, Prefix, RangeSet, parse_prefix
from ipplan.cli.options import Output, color_option, edition_option, emit, format_option
from ipplan.cli.plans import choose_catalog
from ipplan.cli.pools import (
    byoip_option,
    choose_plan,
    data_centers_option,
    default_plan,
    read_pools,
    require_data_centers,
    warn_of_host_bits,
    with_pools,
)
from ipplan.cli.streams import UsageProblem, say
from ipplan.output.text import escape
from ipplan.plan.model import Avoid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ipplan.catalog import Catalog
    from ipplan.cleanest import Advice
    from ipplan.free import Free
    from ipplan.plan.model import Plan

_EXAMPLE = "ipplan free --byoip 172.24.0.0/14"
_MOST_BLOCKS = 20
"""Blocks that are listed unless --limit says otherwise."""
_MOST_NAMED = 10
"""Pools that one message names at most."""


@click.command(
    "free",
    epilog="Exit status: 0 told, 1 with --after-allocation not all could be placed, 2 a plan that cannot be read.",
)
@click.argument("path", metavar="[PLAN]", required=False)
@byoip_option
@data_centers_option
@click.option("--pool", "pool", metavar="CIDR", help="Only this pool.")
@click.option(
    "--data-center",
    "data_centers",
    metavar="NAME",
    multiple=True,
    help="List the blocks of --prefix, those cleanest for this data center first; repeatable.",
)
@click.option(
    "--avoid",
    "avoids",
    metavar="CIDR",
    multiple=True,
    help="Count this as taken; with --prefix, list the blocks as for --data-center; repeatable.",
)
@click.option(
    "--limit",
    metavar="N",
    type=click.IntRange(1, 10_000),
    help=f"With --prefix, list so many blocks as for --data-center (default: {_MOST_BLOCKS}).",
)
@click.option("--prefix", "length", metavar="N", type=click.IntRange(0, 128), help="Only blocks with room for a /N.")
@click.option(
    "--after-allocation",
    is_flag=True,
    help="Count as taken what allocate would place, besides what has a range.",
)
@edition_option
@format_option("table", "json", "csv", "markdown", columns="free")
@color_option
def command(
    *,
    path: str | None,
    byoip: tuple[str, ...],
    allow_other_data_centers: bool,
    pool: str | None,
    data_centers: tuple[str, ...],
    avoids: tuple[str, ...],
    limit: int | None,
    length: int | None,
    after_allocation: bool,
    ranges_edition: str | None,
    output: Output,
) -> int:
    """Tell what is left of the pools: free blocks, what still fits, and how the rest is used.

    Networks without a range take nothing unless --after-allocation is given. Fragmentation is 1 - addresses in the
    largest free block / free addresses: 0 says that all that is free is one block. The tables of csv and markdown are
    the free blocks.

    --prefix with --data-center, --avoid or --limit lists all blocks of that size instead, free or not, the cleanest first:
    what touches each of them now, and what earlier editions of IBM's ranges had there. Without PLAN it takes plan.toml in the working directory, else the four BYOIP networks of the
    reference architecture. "-" reads the plan from standard input.
    """
    from ipplan.free import find_free
    from ipplan.output import free as shown

    pools = read_pools(byoip)
    plan, _ = choose_plan(default_plan(path), pools, _EXAMPLE)
    plan = with_pools(plan, pools)
    if avoids:
        plan = replace(plan, avoids=(*plan.avoids, *map(_read_avoid, avoids)))
    if allow_other_data_centers:
        require_data_centers(plan)
    chosen = [p.prefix for p in plan.pools] if pool is None else [_choose_pool(pool, plan)]
    _require_length(length, chosen)
    catalog = choose_catalog(ranges_edition, plan)
    warn_of_host_bits(p for p in plan.pools if p.prefix in chosen)
    if length is None and (data_centers or limit):
        option = "--data-center" if data_centers else "--limit"
        raise UsageProblem(f"{option} needs to know the size of the blocks", "add --prefix, such as --prefix 16")
    free = find_free(
        plan,
        catalog,
        data_centers_only=allow_other_data_centers,
        after_allocation=after_allocation,
        pools=chosen,
        length=length,
    )
    if length is not None and (data_centers or avoids or limit):
        free = free._replace(
            advice=_advise(plan, catalog, free, length, data_centers=data_centers, most=limit or _MOST_BLOCKS)
        )
    emit(
        output,
        table=lambda: shown.table(free, length),
        document=lambda: shown.document(free, length),
        text=lambda width, color: shown.render_text(free, length, width=width, color=color, choice=output.choice),
    )
    if output.format in ("csv", "markdown"):
        # The table has no place for them.
        for failure in free.shortfalls:
            say(f"error: {failure.message}")
            if failure.help is not None:
                say(f"help: {failure.help}")
    return 0 if free.ok else 1


def _advise(plan: Plan, catalog: Catalog, free: Free, length: int, *, data_centers: Sequence[str], most: int) -> Advice:
    """Return the cleanest blocks for the named data centers, or else those of the plan."""
    from ipplan.catalog import EDITIONS, load_catalog
    from ipplan.cleanest import find_cleanest
    from ipplan.cli.ranges import require_known

    names = tuple(dict.fromkeys(name.strip().lower() for name in data_centers)) or plan.data_centers
    editions = [catalog, *map(load_catalog, EDITIONS)]
    known = {
        row.data_center
        for e in editions
        for row in e.reservations
        if row.data_center is not None and row.category.scope != "default"  # those are zones of VPC
    }
    for name in names if data_centers else ():
        require_known(name, known, "data center", catalog.edition)
    pools = [pool.report.prefix for pool in free.pools]
    small = [pool for pool in pools if length < pool.length]
    if pools and len(small) == len(pools):
        raise UsageProblem(
            f"no pool holds a /{length}: the largest is {min(small, key=lambda p: p.length)}",
            f"--prefix takes {min(p.length for p in small)} or more, or name a larger pool",
        )
    for pool in small:
        say(f"note: pool {pool} is smaller than a /{length} and left out")
    left = RangeSet(block for pool in free.pools for block in pool.blocks)
    return find_cleanest(plan, catalog, pools, length, data_centers=names, free=left, most=most)


def _read_avoid(text: str) -> Avoid:
    """Return what --avoid names; host bits mean the block that holds the address, with a warning."""
    try:
        return Avoid(parse_prefix(text), "--avoid")
    except HostBitsError as error:
        say(f"warning: {error}, which is avoided")
        return Avoid(error.block, "--avoid")
    except AddressError as error:
        hint = "" if error.suggestion is None else f"; write {error.suggestion}"
        raise click.BadParameter(f'"{escape(text[:80])}": {error}{hint}', param_hint="--avoid") from None


def _choose_pool(text: str, plan: Plan) -> Prefix:
    """Return the pool of the plan that --pool names, as it is written there or as the block that is meant."""
    try:
        prefix = parse_prefix(text)
    except HostBitsError as error:
        prefix = error.block
    except AddressError as error:
        hint = "" if error.suggestion is None else f"; write {error.suggestion}"
        raise click.BadParameter(f'"{escape(text[:80])}": {error}{hint}', param_hint="--pool") from None
    known = list(dict.fromkeys(p.prefix for p in plan.pools))
    if prefix not in known:
        around = next((p for p in known if p.overlaps(prefix)), None)
        near = "" if around is None else f"; pool {around} overlaps it"
        raise UsageProblem(f"{plan.file} has no pool {prefix}{near}", _list_pools(known))
    return prefix


def _list_pools(pools: Sequence[Prefix]) -> str:
    if not pools:
        return "name one: byoip under [plan], or --byoip"
    more = f" and {len(pools) - _MOST_NAMED:,} more" if len(pools) > _MOST_NAMED else ""
    return f"its pools are {', '.join(map(str, pools[:_MOST_NAMED]))}{more}"


def _require_length(length: int | None, pools: Sequence[Prefix]) -> None:
    """Raise for a prefix length that no pool can hold: nothing would ever be free."""
    if length is not None and length > 32 and pools and all(p.version == 4 for p in pools):
        raise UsageProblem(f"--prefix {length} is beyond 32, and every pool is IPv4")
