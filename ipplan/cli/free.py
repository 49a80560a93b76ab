"""`ipplan free`: tell what is left of the pools of a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ipplan.addresses import AddressError, HostBitsError, Prefix, parse_prefix
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

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ipplan.plan.model import Plan

_EXAMPLE = "ipplan free --byoip 172.24.0.0/14"
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
    "--prefix", "length", metavar="N", type=click.IntRange(0, 128), help="Only blocks with room for a /N."
)
@click.option(
    "--after-allocation",
    is_flag=True,
    help="Count as taken what allocate would place, besides what has a range.",
)
@edition_option
@format_option("table", "json", "csv", "markdown")
@color_option
def command(
    *,
    path: str | None,
    byoip: tuple[str, ...],
    allow_other_data_centers: bool,
    pool: str | None,
    length: int | None,
    after_allocation: bool,
    ranges_edition: str | None,
    output: Output,
) -> int:
    """Tell what is left of the pools: free blocks, what still fits, and how the rest is used.

    Networks without a range take nothing unless --after-allocation is given. Fragmentation is 1 - addresses in the
    largest free block / free addresses: 0 says that all that is free is one block. The tables of csv and markdown are
    the free blocks. Without PLAN it takes plan.toml in the working directory, else the four BYOIP networks of the
    reference architecture. "-" reads the plan from standard input.
    """
    from ipplan.free import find_free
    from ipplan.output import free as shown

    pools = read_pools(byoip)
    plan, _ = choose_plan(default_plan(path), pools, _EXAMPLE)
    plan = with_pools(plan, pools)
    if allow_other_data_centers:
        require_data_centers(plan)
    chosen = [p.prefix for p in plan.pools] if pool is None else [_choose_pool(pool, plan)]
    _require_length(length, chosen)
    catalog = choose_catalog(ranges_edition, plan)
    warn_of_host_bits(p for p in plan.pools if p.prefix in chosen)
    free = find_free(
        plan, catalog, data_centers_only=allow_other_data_centers, after_allocation=after_allocation,
        pools=chosen, length=length,
    )  # fmt: skip
    emit(
        output,
        table=lambda: shown.table(free, length),
        document=lambda: shown.document(free, length),
        text=lambda width, color: shown.render_text(free, length, width=width, color=color),
    )
    if output.format in ("csv", "markdown"):
        # The table has no place for them.
        for failure in free.failures:
            say(f"error: {failure.message}")
            if failure.help is not None:
                say(f"help: {failure.help}")
    return 0 if free.ok else 1


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
