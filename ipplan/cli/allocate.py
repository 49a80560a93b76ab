"""`ipplan allocate`: find a range for every network of a plan that has none, or say what is missing."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from ipplan.addresses import AddressError, HostBitsError, format_address, parse_prefix
from ipplan.cli.options import Output, color_option, edition_option, emit, format_option
from ipplan.cli.plans import choose_catalog, read_plan
from ipplan.cli.streams import UsageProblem, say
from ipplan.output.text import escape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ipplan.catalog import Catalog
    from ipplan.output.table import Table
    from ipplan.plan.model import Plan, Pool

_PLAN = "plan.toml"
_EXAMPLE = "ipplan allocate --byoip 172.24.0.0/14"
_REFERENCE = (
    ("vms", "vcs-vm"),
    ("icp-pods", "icp-pod"),
    ("icp-services", "icp-service"),
    ("icp-workers", "icp-worker"),
)
"""The networks that the reference architecture brings itself, by name and kind."""


@click.command("allocate", epilog="Exit status: 0 all placed, 1 not all, 2 a plan that cannot be read.")
@click.argument("path", metavar="[PLAN]", required=False)
@click.option(
    "--byoip", metavar="CIDR", multiple=True, help="Pool to allocate from, instead of the plan's; repeatable."
)
@click.option(
    "--allow-other-data-centers",
    is_flag=True,
    help="Keep clear of IBM's customer private ranges only in the plan's data centers.",
)
@edition_option
@format_option("table", "json", "csv", "markdown")
@color_option
def command(
    *,
    path: str | None,
    byoip: tuple[str, ...],
    allow_other_data_centers: bool,
    ranges_edition: str | None,
    output: Output,
) -> int:
    """Allocate the networks of a plan that have no range yet.

    Without PLAN it takes plan.toml in the working directory, else the four BYOIP networks of the reference
    architecture at their default sizes. "-" reads the plan from standard input.
    """
    pools = tuple(dict.fromkeys(_read_pool(text) for text in byoip))
    if path is None and os.path.exists(_PLAN):
        path = _PLAN
        say(f"taking {_PLAN}")
    if path is not None:
        plan, _ = read_plan(path)
    elif pools:
        plan = _reference_plan()
        say(f"no plan given and no {_PLAN} here: taking the BYOIP networks of the reference architecture")
    else:
        raise UsageProblem(f"there is no plan, no {_PLAN} here, and no pool to allocate from", _EXAMPLE)
    if pools:
        plan = _with_pools(plan, pools)
    if allow_other_data_centers and not plan.data_centers:
        raise UsageProblem(
            "--allow-other-data-centers needs to know the plan's own",
            'write data-centers = ["dal10"] under [plan]',
        )
    catalog = choose_catalog(ranges_edition, plan)
    for pool in plan.pools:
        _warn_of_host_bits(pool)
    if path is not None:
        _warn_of_errors(plan, catalog)
    return _allocate(plan, catalog, output, data_centers_only=allow_other_data_centers)


def _allocate(plan: Plan, catalog: Catalog, output: Output, *, data_centers_only: bool) -> int:
    from ipplan.allocate import allocate

    allocation = allocate(plan, catalog, data_centers_only=data_centers_only)

    from ipplan.output import allocation as shown

    def table() -> Table:
        return shown.table(allocation)

    def text(width: int | None, color: bool) -> str:  # noqa: FBT001  (part of every renderer's call)
        return shown.render_text(allocation, width=width, color=color)

    emit(output, table=table, document=lambda: shown.document(allocation), text=text)
    if not allocation.ok and output.format in ("csv", "markdown"):
        # The table has no place for them, and without them the exit status would be all there is.
        for failure in allocation.failures:
            say(f"error: {failure.message}")
            if failure.help is not None:
                say(f"help: {failure.help}")
    return 0 if allocation.ok else 1


def _read_pool(text: str) -> Pool:
    from ipplan.plan.model import Pool

    try:
        return Pool(parse_prefix(text))
    except HostBitsError as error:
        return Pool(error.block, error.address)
    except AddressError as error:
        hint = "" if error.suggestion is None else f"; write {error.suggestion}"
        raise click.BadParameter(f'"{escape(text[:80])}": {error}{hint}', param_hint="--byoip") from None


def _reference_plan() -> Plan:
    from ipplan.plan.kinds import KINDS
    from ipplan.plan.model import Network, Plan

    networks = tuple(Network(name, KINDS[kind]) for name, kind in _REFERENCE)
    return Plan(file="<reference architecture>", name="reference-architecture", networks=networks)


def _with_pools(plan: Plan, pools: Sequence[Pool]) -> Plan:
    from dataclasses import replace

    known = {pool.prefix for pool in pools}
    for network in plan.networks:
        if network.pool is not None and network.pool not in known:
            raise UsageProblem(
                f"network {network.name} names pool {network.pool}, which is not among the pools of --byoip",
                f"add --byoip {network.pool}",
            )
    return replace(plan, pools=tuple(pools))


def _warn_of_host_bits(pool: Pool) -> None:
    if pool.written is None:
        return
    version, first, _ = pool.prefix
    say(
        f"warning: pool {pool.given} has host bits set; it is taken as {pool.prefix}, "
        f"{format_address(version, first)} to {format_address(version, pool.prefix.last)}"
    )


def _warn_of_errors(plan: Plan, catalog: Catalog) -> None:
    from datetime import date

    from ipplan.checks import check_plan

    errors = sum(f.severity == "error" and f.waived is None for f in check_plan(plan, catalog, date.today()))
    if errors:
        say(f"warning: the plan has {errors:,} error{'' if errors == 1 else 's'}; run ipplan check")
