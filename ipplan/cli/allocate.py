"""`ipplan allocate`: find a range for every network of a plan that has none, or report what is missing."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

import click

from ipplan.cli.emit import Output, emit
from ipplan.cli.help import Command
from ipplan.cli.options import color_option, edition_option, format_option
from ipplan.cli.plans import DEFAULT_PLAN, choose_catalog, default_plan
from ipplan.cli.pools import (
    byoip_option,
    choose_plan,
    data_centers_option,
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
"""Name at most 20 networks in one message."""


class _Mode(NamedTuple):
    """What to do with the result, beside showing it."""

    write: bool
    dry_run: bool
    frozen: bool
    explain: bool

    @property
    def pins(self) -> bool:
        """Whether the result is pinned in the text of the plan, at least to show the difference."""
        return self.write or self.dry_run


@click.command(
    "allocate",
    cls=Command,
    examples=(
        ("Find a range for every network that has none", "ipplan allocate plan.toml"),
        ("Show what --write would change in the plan", "ipplan allocate plan.toml --dry-run"),
        ("Pin the result in the plan", "ipplan allocate plan.toml --write"),
        ("Allocate from this pool, even without a plan", "ipplan allocate --byoip 172.24.0.0/14"),
    ),
    exit_status={
        0: "every network has a place",
        1: "a network has no place, --write would add errors, or --frozen and a range would change",
        2: "bad usage, or a plan that cannot be read",
    },
)
@click.argument("path", metavar="[PLAN]", required=False)
@byoip_option
@data_centers_option
@click.option("--write", is_flag=True, help="Pin the result in PLAN. Nothing else in the file changes.")
@click.option("--dry-run", is_flag=True, help="Show the difference that --write would make. Write nothing.")
@click.option(
    "--frozen",
    is_flag=True,
    help="Fail if a range would change: each must be pinned, or be the one in --previous.",
)
@click.option(
    "--previous",
    metavar="FILE",
    help="Keep the placements of an earlier allocation (--json) that are still valid. List the others.",
)
@click.option("--explain", is_flag=True, help="Show the reason for each placement.")
@edition_option
@format_option("table", "json", "csv", "markdown", columns="allocation")
@color_option
def command(
    *,
    path: str | None,
    byoip: tuple[str, ...],
    allow_other_data_centers: bool,
    previous: str | None,
    ranges_edition: str | None,
    output: Output,
    **flags: bool,
) -> int:
    """Allocate the networks of a plan that have no range yet.

    Pinned networks never move. The same plan gives the same allocation on every machine. Without PLAN and without
    plan.toml, ipplan allocates the four BYOIP networks of the reference architecture at their default sizes.
    """
    mode = _Mode(**flags)
    _reject_contradictions(mode, output)
    pools = read_pools(byoip)
    path = default_plan(path)
    if mode.pins:
        _reject_unwritable(path)
    earlier = None if previous is None else _read_previous(previous, path)
    plan, data = choose_plan(path, pools, _EXAMPLE)
    if mode.pins:
        _reject_foreign_pools(plan, pools)
    plan = with_pools(plan, pools)
    if allow_other_data_centers:
        require_data_centers(plan)
    catalog = choose_catalog(ranges_edition, plan)
    warn_of_host_bits(plan.pools)
    before = () if path is None else _warn_of_errors(plan, catalog)

    from ipplan.allocation import allocate

    allocation = allocate(plan, catalog, data_centers_only=allow_other_data_centers, previous=earlier)
    _say_moves(allocation)
    rejected = False
    if path is not None and mode.pins:
        rejected = _pin_into(path, data, allocation, catalog, before, output, dry_run=mode.dry_run)
    if not mode.dry_run and not rejected:
        _show(plan, allocation, output, explain=mode.explain)
    changed = mode.frozen and _report_changes(allocation, earlier)
    return 1 if rejected or changed or not allocation.ok else 0


def _reject_contradictions(mode: _Mode, output: Output) -> None:
    if mode.write and mode.frozen and not mode.dry_run:
        raise click.UsageError("--write and --frozen contradict each other")
    if mode.dry_run and output.format != "table":
        raise click.UsageError(f"--dry-run shows a difference, which has no format {output.format}")


def _pin_into(
    path: str,
    data: bytes,
    allocation: Allocation,
    catalog: Catalog,
    before: Sequence[Finding],
    output: Output,
    *,
    dry_run: bool,
) -> bool:
    """Write the result into the plan, or show the difference; return whether it is rejected because of new errors."""
    edited = _pin(data, allocation)
    rejected = edited != data and _reject_new_errors(edited, path, catalog, before)
    if dry_run:
        deliver(_difference(path, data, edited), output.file)
        _say_failures(allocation)
    elif allocation.ok and not rejected:
        _write(path, data, edited, allocation)
    return rejected


def _say_moves(allocation: Allocation) -> None:
    """List the networks that had to move, if every network has a place."""
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
        # The table does not hold failures; without these lines only the exit status would show them.
        _say_failures(allocation)


def _say_failures(allocation: Allocation) -> None:
    for failure in allocation.shortfalls:
        say(f"error: {failure.message}")
        if failure.help is not None:
            say(f"help: {failure.help}")


def _reject_unwritable(path: str | None) -> None:
    """Raise unless there is a plan file to write to."""
    if path is None:
        raise UsageProblem("--write and --dry-run need a plan file to pin the result in", _WRITE_EXAMPLE)
    if path == "-" or path == "/dev/stdin" or path.startswith(("/dev/fd/", "/proc/self/fd/")):
        raise UsageProblem("--write and --dry-run need a plan file: a stream cannot be written back", _WRITE_EXAMPLE)


def _reject_foreign_pools(plan: Plan, pools: Sequence[Pool]) -> None:
    """Raise if a range to write would lie outside every pool in the text of the plan."""
    for pool in pools:
        if plan.pools and not any(own.prefix.covers(pool.prefix) for own in plan.pools):
            raise UsageProblem(
                f"networks allocated from {pool.prefix} would lie outside every pool of the plan",
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
            f"{name} is not a valid earlier allocation: {error}", "ipplan allocate PLAN --json writes one"
        ) from None


def _pin(data: bytes, allocation: Allocation) -> bytes:
    """Return the text of the plan with every allocated range pinned."""
    from ipplan.plan.edit import pin_networks

    return pin_networks(data, {name: str(prefix) for name, prefix in allocation.allocated.items()})


def _reject_new_errors(edited: bytes, path: str, catalog: Catalog, before: Sequence[Finding]) -> bool:
    """Report the errors that the ranges would add to the plan; return whether there are any."""
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
        say(f"nothing to write: every range in {path} is pinned")
        return
    if len(new) > LARGEST_INPUT:
        raise UsageProblem(
            f"{path} is not written: with its ranges it would exceed {LARGEST_INPUT >> 20} MiB, the largest plan that ipplan reads",
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


def _report_changes(allocation: Allocation, earlier: Mapping[str, Prefix] | None) -> bool:
    """List the networks whose ranges are neither in the plan nor in the earlier allocation; return whether there are any."""
    names = [n for n, prefix in allocation.allocated.items() if earlier is None or earlier.get(n) != prefix]
    if not names:
        return False
    listed = ", ".join(names[:_MOST_NAMED])
    if len(names) > _MOST_NAMED:
        listed += f" and {len(names) - _MOST_NAMED:,} more"
    are = "is" if len(names) == 1 else "are"
    where = "pinned" if earlier is None else "pinned, and not where the previous allocation has it"
    say(f"error: {len(names):,} network{'' if len(names) == 1 else 's'} {are} not {where}: {listed}")
    say("help: ipplan allocate PLAN --write pins what is allocated")
    return True


def _warn_of_errors(plan: Plan, catalog: Catalog) -> tuple[Finding, ...]:
    """Warn of the errors that the plan has, and return them."""
    from ipplan.cli.errors import list_errors

    errors = list_errors(plan, catalog)
    if errors:
        say(f"warning: the plan has {len(errors):,} error{'' if len(errors) == 1 else 's'}; ipplan check lists them")
    return errors
