"""`ipplan diff`: what is added, removed, moved or resized from one plan to the next, and what to rebuild."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ipplan.cli.emit import Output, emit
from ipplan.cli.help import Command
from ipplan.cli.options import color_option, edition_option, format_option
from ipplan.cli.plans import choose_catalog, read_plan
from ipplan.cli.streams import UsageProblem

if TYPE_CHECKING:
    from ipplan.changes import Side


@click.command(
    "diff",
    cls=Command,
    arguments={"OLD": 'The earlier plan: a TOML file, or "-" for standard input.', "NEW": "The later plan."},
    examples=(
        ("List what changed and what to rebuild", "ipplan diff old.toml new.toml"),
        ("Compare with a revision in git (needs git)", "git show HEAD~1:plan.toml | ipplan diff - plan.toml"),
    ),
    exit_status={
        0: "compared",
        1: "with --exit-code, a difference",
        2: "bad usage, or a plan that cannot be read",
    },
)
@click.argument("old_path", metavar="OLD")
@click.argument("new_path", metavar="NEW")
@click.option("--allocated", is_flag=True, help="Compare networks without a range where allocate would place them.")
@click.option("--exit-code", is_flag=True, help="Exit with status 1 if anything differs.")
@edition_option
@format_option("table", "json", "csv", "markdown", columns="diff")
@color_option
def command(
    *,
    old_path: str,
    new_path: str,
    allocated: bool,
    exit_code: bool,
    ranges_edition: str | None,
    output: Output,
) -> int:
    """Compare two plans: networks, clusters, integration, pools, routes, NAT rules, and what check finds.

    Each change is listed with what it rebuilds on running systems.
    """
    from ipplan.changes import compare_plans
    from ipplan.output import diff as shown

    if old_path == new_path == "-":
        raise UsageProblem("standard input can be read only once")
    (before, one), (after, two) = (_read(path, ranges_edition, allocated=allocated) for path in (old_path, new_path))
    old, new = before.plan, after.plan
    difference = compare_plans(before, after)
    emit(
        output,
        table=lambda: shown.table(difference),
        document=lambda: shown.document(old, new, difference, one if one == two else None),
        text=lambda width, color: shown.render_text(
            old, new, difference, width=width, color=color, choice=output.choice
        ),
    )
    return 1 if exit_code and not difference.empty else 0


def _read(path: str, edition: str | None, *, allocated: bool) -> tuple[Side, str]:
    """Return a plan with its findings, each with its location, and the edition that it was checked against."""
    from datetime import date

    from ipplan.changes import Side
    from ipplan.checks import check_plan
    from ipplan.cli.settle import settle
    from ipplan.findings import place
    from ipplan.landscape import Landscape
    from ipplan.plan.load import locate_in

    plan, data = read_plan(path)
    catalog = choose_catalog(edition, plan)
    if allocated:
        plan = settle(plan, catalog)
    findings = place(check_plan(plan, catalog, date.today()), plan.file, locate_in(data))
    return Side(Landscape(plan.in_service, catalog), findings), catalog.edition
