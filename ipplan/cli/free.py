"""`ipplan free`: show what is free in the pools of a plan, and which blocks of a size are the cleanest."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from ipplan.addresses import AddressError, HostBitsError, Prefix, RangeSet, parse_prefix
from ipplan.cli.emit import Output, emit
from ipplan.cli.help import Command
from ipplan.cli.options import color_option, edition_option, format_option
from ipplan.cli.plans import choose_catalog, default_plan
from ipplan.cli.pools import (
    byoip_option,
    choose_plan,
    data_centers_option,
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
"""List at most 20 blocks, unless --limit states another number."""
_MOST_NAMED = 10
"""Name at most 10 pools in one message."""


class _Search(NamedTuple):
    """Which blocks to list: those with room for a /`length`; `data_centers`, `avoids` and `limit` rank all of that size."""

    length: int | None
    data_centers: tuple[str, ...]
    avoids: tuple[str, ...]
    limit: int | None

    @property
    def ranks(self) -> bool:
        """Whether to list all blocks of the size, the cleanest first."""
        return self.length is not None and bool(self.data_centers or self.avoids or self.limit)


@click.command(
    "free",
    cls=Command,
    examples=(
        ("Show what is free in the pools of a plan", "ipplan free plan.toml"),
        ("Count what allocate would place as used", "ipplan free plan.toml --after-allocation"),
        ("List the free blocks that hold a /20", "ipplan free plan.toml --prefix 20"),
        ("Rank all /16 blocks, the cleanest for dal12 first", "ipplan free plan.toml --prefix 16 --data-center dal12"),
    ),
    exit_status={
        0: "shown",
        1: "with --after-allocation, a network has no place",
        2: "bad usage, or a plan that cannot be read",
    },
)
@click.argument("path", metavar="[PLAN]", required=False)
@byoip_option
@data_centers_option
@click.option("--pool", "pool", metavar="CIDR", help="Show only this pool.")
@click.option("--prefix", "length", metavar="N", type=click.IntRange(0, 128), help="List only blocks that hold a /N.")
@click.option(
    "--data-center",
    "data_centers",
    metavar="NAME",
    multiple=True,
    help="With --prefix, list every block of that size, the cleanest for this data center first; repeatable.",
)
@click.option(
    "--avoid",
    "avoids",
    metavar="CIDR",
    multiple=True,
    help="Count this range as used. With --prefix, list blocks as --data-center does; repeatable.",
)
@click.option(
    "--limit",
    metavar="N",
    type=click.IntRange(1, 10_000),
    help=f"With --prefix, list the N cleanest blocks (default: {_MOST_BLOCKS}).",
)
@click.option(
    "--after-allocation",
    is_flag=True,
    help="Count the ranges that allocate would place as used too.",
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
    after_allocation: bool,
    ranges_edition: str | None,
    output: Output,
    **search: Any,
) -> int:
    """Show what is free in the pools: blocks, what still fits, and what uses the rest.

    Fragmentation is 1 - addresses in the largest free block / free addresses; 0 means that one block holds all free
    addresses. CSV and Markdown list the free blocks. Without PLAN and without plan.toml, ipplan assumes the four BYOIP
    networks of the reference architecture.

    --prefix lists the free blocks of a size. Add --data-center, --avoid or --limit to rank all blocks of that size, free
    or not, the cleanest first: fewest ranges that touch a block, now and in earlier editions of IBM's ranges.
    """
    wanted = _Search(**search)
    plan = _read_plan(path, byoip, wanted.avoids, narrow=allow_other_data_centers)
    chosen = [p.prefix for p in plan.pools] if pool is None else [_choose_pool(pool, plan)]
    _require_length(wanted, chosen)
    catalog = choose_catalog(ranges_edition, plan)
    warn_of_host_bits(p for p in plan.pools if p.prefix in chosen)

    from ipplan.free import find_free

    free = find_free(
        plan,
        catalog,
        data_centers_only=allow_other_data_centers,
        after_allocation=after_allocation,
        pools=chosen,
        length=wanted.length,
    )
    if wanted.ranks:
        free = free._replace(advice=_advise(plan, catalog, free, wanted))
    _emit(free, wanted.length, output)
    return 0 if free.ok else 1


def _read_plan(path: str | None, byoip: Sequence[str], avoids: Sequence[str], *, narrow: bool) -> Plan:
    """Return the plan with the pools and the avoided ranges of the command line."""
    pools = read_pools(byoip)
    plan, _ = choose_plan(default_plan(path), pools, _EXAMPLE)
    plan = with_pools(plan, pools)
    if avoids:
        plan = replace(plan, avoids=(*plan.avoids, *map(_read_avoid, avoids)))
    if narrow:
        require_data_centers(plan)
    return plan


def _emit(free: Free, length: int | None, output: Output) -> None:
    from ipplan.output import free as shown

    emit(
        output,
        table=lambda: shown.table(free, length),
        document=lambda: shown.document(free, length),
        text=lambda width, color: shown.render_text(free, length, width=width, color=color, choice=output.choice),
    )
    if output.format in ("csv", "markdown"):
        # The table does not hold failures.
        for failure in free.shortfalls:
            say(f"error: {failure.message}")
            if failure.help is not None:
                say(f"help: {failure.help}")


def _advise(plan: Plan, catalog: Catalog, free: Free, wanted: _Search) -> Advice:
    """Return the cleanest blocks for the named data centers, else for those of the plan."""
    from ipplan.catalog import EDITIONS, load_catalog
    from ipplan.cleanest import find_cleanest
    from ipplan.cli.ranges import require_known

    assert wanted.length is not None
    length = wanted.length
    names = tuple(dict.fromkeys(name.strip().lower() for name in wanted.data_centers)) or plan.data_centers
    editions = [catalog, *map(load_catalog, EDITIONS)]
    known = {
        row.data_center
        for e in editions
        for row in e.reservations
        if row.data_center is not None and row.category.scope != "default"  # the defaults belong to zones of VPC
    }
    for name in names if wanted.data_centers else ():
        require_known(name, known, "data center", catalog.edition)
    pools = [pool.report.prefix for pool in free.pools]
    small = [pool for pool in pools if length < pool.length]
    if pools and len(small) == len(pools):
        raise UsageProblem(
            f"no pool holds a /{length}: the largest is {min(small, key=lambda p: p.length)}",
            f"pass --prefix {min(p.length for p in small)} or more, or a larger pool",
        )
    for pool in small:
        say(f"note: pool {pool} is smaller than a /{length}; skipped")
    left = RangeSet(block for pool in free.pools for block in pool.blocks)
    return find_cleanest(plan, catalog, pools, length, data_centers=names, free=left, most=wanted.limit or _MOST_BLOCKS)


def _read_avoid(text: str) -> Avoid:
    """Return the range of --avoid; for one with host bits, warn and return the enclosing block."""
    try:
        return Avoid(parse_prefix(text), "--avoid")
    except HostBitsError as error:
        say(f"warning: {error}; ipplan avoids that block")
        return Avoid(error.block, "--avoid")
    except AddressError as error:
        hint = "" if error.suggestion is None else f"; write {error.suggestion}"
        raise click.BadParameter(f'"{escape(text[:80])}": {error}{hint}', param_hint="--avoid") from None


def _choose_pool(text: str, plan: Plan) -> Prefix:
    """Return the pool of the plan that --pool names; one with host bits names the enclosing block."""
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
        return "add one: byoip under [plan], or --byoip"
    more = f" and {len(pools) - _MOST_NAMED:,} more" if len(pools) > _MOST_NAMED else ""
    return f"its pools are {', '.join(map(str, pools[:_MOST_NAMED]))}{more}"


def _require_length(wanted: _Search, pools: Sequence[Prefix]) -> None:
    """Raise for options that need --prefix, and for a length that no pool can hold."""
    length = wanted.length
    if length is None and (wanted.data_centers or wanted.limit):
        option = "--data-center" if wanted.data_centers else "--limit"
        raise UsageProblem(f"{option} needs the size of the blocks", "add --prefix, such as --prefix 16")
    if length is not None and length > 32 and pools and all(p.version == 4 for p in pools):
        raise UsageProblem(f"--prefix {length} is longer than 32, and every pool is IPv4")
