"""`ipplan allocate`: find a range for every network of a plan that has none, or say what is missing."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from ipplan.cli.options import Output, color_option, edition_option, emit, format_option
from ipplan.cli.plans import choose_catalog
from ipplan.cli.pools import (
    DEFAULT_PLAN,
    byoip_option,
    choose_plan,
    data_centers_option,
    default_plan,
    read_pools,
    require_data_centers,
    warn_of_host_bits,
    with_pools,
)
from ipplan.cli.streams import LARGEST_INPUT, UsageProblem, deliver, read_input, replace_unchanged, say

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ipplan.addresses import Prefix
    from ipplan.allocation import Allocation
    from ipplan.catalog import Catalog
    from ipplan.findings import Finding
    from ipplan.output.table import Table
    from ipplan.plan.model import Plan, Pool

_EXAMPLE = "ipplan allocate --byoip 172.24.0.0/14"
_WRITE_EXAMPLE = f"ipplan allocate {DEFAULT_PLAN} --write"
_MOST_NAMED = 20
"""Networks that one message names at most."""


@click.command(
    "allocate",
    epilog="Exit status: 0 all placed, 1 not all (or --frozen and something would change), 2 a plan that cannot be read.",
)
@click.argument("path", metavar="[PLAN]", required=False)
@byoip_option
@data_centers_option
@click.option("--write", is_flag=True, help="Pin the result into PLAN; nothing else in it changes.")
@click.option("--dry-run", is_flag=True, help="Show the difference that --write would make; write nothing.")
@click.option(
    "--frozen",
    is_flag=True,
    help="Fail if anything would change: every range has to be pinned, or as --previous has it.",
)
@click.option(
    "--previous",
    metavar="FILE",
    help="Keep what still holds of an earlier allocation (--json); say what has to move.",
)
@click.option("--explain", is_flag=True, help="Show the reasons too: why each network is where it is.")
@edition_option
@format_option("table", "json", "csv", "markdown", columns="allocation")
@color_option
def command(
    *,
    path: str | None,
    byoip: tuple[str, ...],
    allow_other_data_centers: bool,
    write: bool,
    dry_run: bool,
    frozen: bool,
    previous: str | None,
    explain: bool,
    ranges_edition: str | None,
    output: Output,
) -> int:
    """Allocate the networks of a plan that have no range yet.

    Without PLAN it takes plan.toml in the working directory, else the four BYOIP networks of the reference
    architecture at their default sizes. "-" reads the plan from standard input.
    """
    if write and frozen and not dry_run:
        raise click.UsageError("--write and --frozen contradict each other")
    if dry_run and output.format != "table":
        raise click.UsageError(f"--dry-run shows a difference, and --format {output.format} cannot hold one")
    pools = read_pools(byoip)
    path = default_plan(path)
    if write or dry_run:
        _refuse_unwritable(path)
    earlier = None if previous is None else _read_previous(previous, path)
    plan, data = choose_plan(path, pools, _EXAMPLE)
    if pools and (write or dry_run):
        _refuse_foreign_pools(plan, pools)
    plan = with_pools(plan, pools)
    if allow_other_data_centers:
        require_data_centers(plan)
    catalog = choose_catalog(ranges_edition, plan)
    warn_of_host_bits(plan.pools)
    before = () if path is None else _warn_of_errors(plan, catalog)

    from ipplan.allocation import allocate

    allocation = allocate(plan, catalog, data_centers_only=allow_other_data_centers, previous=earlier)
    _say_moves(allocation)
    refused = False
    if path is not None and (write or dry_run):
        edited = _pin(data, allocation)
        refused = edited != data and _refuse_new_errors(edited, path, catalog, before)
        if dry_run:
            deliver(_difference(path, data, edited), output.file)
            _say_failures(allocation)
        elif allocation.ok and not refused:
            _write(path, data, edited, allocation)
    if not dry_run and not refused:
        _show(plan, allocation, output, explain=explain)
    changed = frozen and bool(_report_changes(allocation, earlier))
    return 1 if refused or changed or not allocation.ok else 0


def _say_moves(allocation: Allocation) -> None:
    """Say what had to move, of an allocation that holds."""
    for name, why in allocation.moved if allocation.ok else ():
        say(f"{name} {why}")


def _show(plan: Plan, allocation: Allocation, output: Output, *, explain: bool) -> None:
    from ipplan.output import allocation as shown

    def table() -> Table:
        return shown.table(plan, allocation)

    def text(width: int | None, color: bool) -> str:  # noqa: FBT001  (part of every renderer's call)
        return shown.render_text(plan, allocation, width=width, color=color, choice=output.choice, explain=explain)

    emit(output, table=table, document=lambda: shown.document(allocation), text=text)
    if not allocation.ok and output.format in ("csv", "markdown"):
        # The table has no place for them, and without them the exit status would be all there is.
        _say_failures(allocation)


def _say_failures(allocation: Allocation) -> None:
    for failure in allocation.shortfalls:
        say(f"error: {failure.message}")
        if failure.help is not None:
            say(f"help: {failure.help}")


def _refuse_unwritable(path: str | None) -> None:
    """Raise unless there is a plan file to write."""
    if path is None:
        raise UsageProblem("--write and --dry-run need a plan file to pin the result into", _WRITE_EXAMPLE)
    if path == "-" or path == "/dev/stdin" or path.startswith(("/dev/fd/", "/proc/self/fd/")):
        raise UsageProblem("--write and --dry-run need a plan file: a stream cannot be written back", _WRITE_EXAMPLE)


def _refuse_foreign_pools(plan: Plan, pools: Sequence[Pool]) -> None:
    """Raise where a range that is written would lie outside every pool that the plan states."""
    for pool in pools:
        if plan.pools and not any(own.prefix.covers(pool.prefix) for own in plan.pools):
            raise UsageProblem(
                f"what is allocated from {pool.prefix} would lie outside every pool of the plan",
                f'add "{pool.prefix}" to byoip under [plan]',
            )


def _read_previous(file: str, plan: str | None) -> dict[str, Prefix]:
    from ipplan.allocation.previous import PreviousError, parse_previous

    if file == plan == "-":
        raise UsageProblem("the plan and the previous allocation cannot both be standard input")
    data, name = read_input(file)
    try:
        return parse_previous(data)
    except PreviousError as error:
        raise UsageProblem(
            f"{name} is no earlier allocation: {error}", "ipplan allocate PLAN --json writes one"
        ) from None


def _pin(data: bytes, allocation: Allocation) -> bytes:
    """Return the text of the plan with every allocated range pinned."""
    from ipplan.plan.edit import pin_networks

    return pin_networks(data, {name: str(prefix) for name, prefix in allocation.allocated.items()})


def _refuse_new_errors(edited: bytes, path: str, catalog: Catalog, before: Sequence[Finding]) -> bool:
    """Say which errors the plan would have with its ranges and has not without, and tell whether there are any."""
    from ipplan.cli.errors import list_errors, new_errors, say_errors
    from ipplan.plan.load import PlanError, parse_plan

    what = "have errors that it does not have now"
    try:
        found = new_errors(before, list_errors(parse_plan(edited, path), catalog))
    except PlanError as error:
        found, what = list(error.problems), "not be readable"
    if found:
        say(f"error: --write does not write {path}: with these ranges the plan would {what}")
        say_errors(found)
        say(f"help: {found[0].help or 'fix the plan so that the ranges fit'}")
    return bool(found)


def _write(path: str, old: bytes, new: bytes, allocation: Allocation) -> None:
    if new == old:
        say(f"nothing to write: every range of {path} is pinned")
        return
    if len(new) > LARGEST_INPUT:
        raise UsageProblem(
            f"{path} is not written: with its ranges it would be larger than {LARGEST_INPUT >> 20} MiB, which is not read",
            "split the plan, or keep the ranges in a file: ipplan allocate PLAN --json -o FILE",
        )
    replace_unchanged(path, old, new)
    count = len(allocation.allocated)
    say(f"wrote {count:,} range{'' if count == 1 else 's'} into {path}")


def _difference(path: str, old: bytes, new: bytes) -> str:
    from ipplan.output.difference import render_difference
    from ipplan.plan.toml_text import decode

    # With slashes and without a drive, as programs that apply a difference expect it.
    name = os.path.splitdrive(path)[1].replace(os.sep, "/").lstrip("/")
    return render_difference(decode(old), decode(new), name)


def _report_changes(allocation: Allocation, earlier: Mapping[str, Prefix] | None) -> int:
    """Name the networks whose ranges are neither in the plan nor in the earlier allocation; return 1 for any."""
    names = [n for n, prefix in allocation.allocated.items() if earlier is None or earlier.get(n) != prefix]
    if not names:
        return 0
    listed = ", ".join(names[:_MOST_NAMED])
    if len(names) > _MOST_NAMED:
        listed += f" and {len(names) - _MOST_NAMED:,} more"
    are = "is" if len(names) == 1 else "are"
    where = "pinned" if earlier is None else "where the previous allocation has it, and not pinned"
    say(f"error: {len(names):,} network{'' if len(names) == 1 else 's'} {are} not {where}: {listed}")
    say("help: ipplan allocate PLAN --write pins what is allocated")
    return 1


def _warn_of_errors(plan: Plan, catalog: Catalog) -> tuple[Finding, ...]:
    """Say how many errors the plan has, and return them."""
    from ipplan.cli.errors import list_errors

    errors = list_errors(plan, catalog)
    if errors:
        say(f"warning: the plan has {len(errors):,} error{'' if len(errors) == 1 else 's'}; run ipplan check")
    return errors
