"""`ipplan ranges`: list the catalogue; `ipplan ranges diff`: compare two editions of IBM Cloud's ranges."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from ipplan.cli.emit import Output, emit
from ipplan.cli.help import Command, Group
from ipplan.cli.options import color_option, edition_option, format_option
from ipplan.cli.plans import choose_catalog, read_plan
from ipplan.cli.ranges_import import import_edition
from ipplan.cli.streams import UsageProblem

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from click.shell_completion import CompletionItem

    from ipplan.catalog import Catalog, Reservation
    from ipplan.editions import Comparison
    from ipplan.output.ranges_diff import PlanDiff

_data_center_option = click.option(
    "--data-center",
    "data_centers",
    metavar="NAME",
    multiple=True,
    help="Only ranges of this data center; repeatable.",
)
_category_option = click.option(
    "--category", "categories", metavar="NAME", multiple=True, help="Only ranges of this category; repeatable."
)


_platform_option = click.option(
    "--platform",
    "platforms",
    metavar="PLATFORM",
    multiple=True,
    help="Only ranges of this platform, or of a group as in keep-clear; repeatable.",
)


@click.group(
    "ranges",
    cls=Group,
    invoke_without_command=True,
    subcommand_metavar="[COMMAND [ARGS]...]",
    examples=(
        ("List everything that ipplan knows of a data center", "ipplan ranges --data-center dal10"),
        ("List what Kubernetes platforms reserve", "ipplan ranges --category kubernetes-reserved"),
    ),
    exit_status={0: "listed", 2: "bad usage, such as a filter that matches no known name"},
)
@_data_center_option
@_category_option
@_platform_option
@click.option("--search", metavar="TEXT", help="Only rows that contain this text.")
@edition_option
@format_option("table", "json", "csv", "markdown", columns="ranges")
@color_option
def command(
    *,
    data_centers: tuple[str, ...],
    categories: tuple[str, ...],
    platforms: tuple[str, ...],
    search: str | None,
    ranges_edition: str | None,
    output: Output,
) -> int:
    """List the ranges that ipplan knows, each with its source.

    They are IBM Cloud's published ranges of one edition, IBM's aggregate blocks, the reserved and default ranges of
    Kubernetes platforms, VPC, VMware and others, and IANA's special-purpose registries.
    """
    context = click.get_current_context()
    if context.invoked_subcommand is not None:
        _reject_options(context)
        return 0
    from ipplan.catalog import EDITIONS
    from ipplan.output import ranges as shown

    catalog = choose_catalog(ranges_edition, None)
    wanted = _row_filter(data_centers, categories, catalog.reservations, catalog.edition)
    chosen = _platforms(platforms, catalog)
    rows = [
        row
        for row in catalog.reservations
        if wanted(row) and (not chosen or row.platform in chosen) and (search is None or _has(row, search.casefold()))
    ]
    emit(
        output,
        table=lambda: shown.table(rows),
        document=lambda: shown.document(rows, catalog.about, EDITIONS),
        text=lambda width, color: shown.render_text(
            rows, catalog.about, width=width, color=color, choice=output.choice
        ),
    )
    return 0


def _platforms(names: Collection[str], catalog: Catalog) -> set[str]:
    """Return the platforms that --platform names, with the groups of keep-clear expanded; raise for an unknown name."""
    from ipplan.catalog import CONTAINERS

    known = {"containers", *(row.platform for row in catalog.reservations if row.platform)}
    for name in names:
        require_known(name, known, "platform", catalog.edition)
    return {*names, *(CONTAINERS if "containers" in names else ())}


def _reject_options(context: click.Context) -> None:
    """Raise for an option before a subcommand, where it would have no effect."""
    for parameter in context.command.params:
        source = context.get_parameter_source(parameter.name or "")
        if source is click.core.ParameterSource.COMMANDLINE:
            name = context.invoked_subcommand
            raise click.UsageError(f"{parameter.opts[-1]} before {name} has no effect; write it after {name}")


command.add_command(import_edition)


def _read_edition(_ctx: click.Context, _param: click.Parameter, value: str) -> str:
    """Return the edition or file; for anything else, raise UsageProblem with the nearest edition and all editions."""
    from ipplan.catalog import EDITIONS

    if value in EDITIONS or value == "-" or os.path.exists(value) or _looks_like_file(value):
        return value
    from ipplan.plan.problems import nearest

    near = nearest(value, EDITIONS)
    hint = f"did you mean {near}? " if near else ""
    raise UsageProblem(
        f"{value[:80]!r} is neither an edition in the catalogue nor a file",
        f"{hint}the editions are {', '.join(EDITIONS)}",
    )


def _looks_like_file(value: str) -> bool:
    """Return whether a text looks like a file: it has a folder or an ending."""
    return os.path.basename(value) != value or os.path.splitext(value)[1] != ""


def _complete_edition(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """Return a request for files, and the editions of the catalogue."""
    from click.shell_completion import CompletionItem

    from ipplan.catalog import EDITIONS
    from ipplan.cli.complete import complete_words

    return [CompletionItem(incomplete, type="file"), *complete_words([(name, None) for name in EDITIONS], incomplete)]


@command.command(
    "diff",
    cls=Command,
    short_help="Compare two editions of IBM Cloud's ranges.",
    arguments={
        "OLD": "The date of an edition that ipplan has, a ranges file, or IBM's page as Markdown or HTML.",
        "NEW": "The same, of the later edition.",
    },
    examples=(
        ("List what changed between two editions", "ipplan ranges diff 2018-11-30 2025-10-03"),
        ("List what a new edition changes for a plan", "ipplan ranges diff 2025-10-03 ranges.csv --plan plan.toml"),
    ),
    exit_status={
        0: "compared",
        1: "with --exit-code, a difference",
        2: "bad usage, or a plan or edition that cannot be read",
    },
)
@click.argument("old", metavar="OLD", callback=_read_edition, shell_complete=_complete_edition)
@click.argument("new", metavar="NEW", callback=_read_edition, shell_complete=_complete_edition)
@click.option("--plan", "path", metavar="PLAN", help="Show which networks of this plan the changes affect.")
@_data_center_option
@_category_option
@click.option("--exit-code", is_flag=True, help="Exit with status 1 if ranges differ; with --plan, if findings differ.")
@format_option("table", "json", "csv", "markdown", columns="ranges_diff")
@color_option
def diff(
    *,
    old: str,
    new: str,
    path: str | None,
    data_centers: tuple[str, ...],
    categories: tuple[str, ...],
    exit_code: bool,
    output: Output,
) -> int:
    """Show what changed between two editions of IBM Cloud's ranges.

    With --plan, ipplan checks the plan with both editions and lists the findings that are new or gone instead of the
    ranges; --json has both. The filters choose ranges, never findings.
    """
    from ipplan.editions import compare
    from ipplan.output import ranges_diff as shown

    before, after = choose_catalog(old, None), choose_catalog(new, None)
    wanted = _row_filter(
        data_centers, categories, (*before.reservations, *after.reservations), f"{before.edition} or {after.edition}"
    )
    comparison = compare(before, after, wanted)
    report = shown.DiffReport(
        before.about,
        after.about,
        data_centers,
        categories,
        comparison,
        None if path is None else _compare_plan(path, comparison),
    )
    emit(
        output,
        table=lambda: shown.table(report),
        document=lambda: shown.document(report),
        text=lambda width, color: shown.render_text(report, width=width, color=color, choice=output.choice),
    )
    if report.plan is not None:
        return int(exit_code and report.plan.comparison.differs)
    return int(exit_code and bool(comparison.changes))


def _compare_plan(path: str, comparison: Comparison) -> PlanDiff:
    from datetime import date

    from ipplan.checks import check_plan
    from ipplan.editions import compare, compare_findings
    from ipplan.findings import place
    from ipplan.output.ranges_diff import PlanDiff
    from ipplan.plan.load import locate_in

    plan, data = read_plan(path)
    old, new = comparison.old, comparison.new
    # One day for both, so that no waiver expires between them.
    today = date.today()
    findings = [place(check_plan(plan, catalog, today), plan.file, locate_in(data)) for catalog in (old, new)]
    return PlanDiff(plan.name, plan.file, compare_findings(compare(old, new), plan, *findings))


def _row_filter(
    data_centers: Collection[str], categories: Collection[str], rows: Collection[Reservation], edition: str
) -> Callable[[Reservation], bool]:
    """Return the filter of --data-center and --category; raise for a name that no row has."""
    from ipplan.catalog import CATEGORIES

    known = {row.data_center for row in rows if row.data_center}
    for name in data_centers:
        require_known(name, known, "data center", edition)
    names = {*CATEGORIES, *(c.removeprefix("ibm-") for c in CATEGORIES)}
    for name in categories:
        require_known(name, names, "category", edition)
    chosen = {name if name in CATEGORIES else f"ibm-{name}" for name in categories}
    return lambda row: (
        (not data_centers or row.data_center in data_centers) and (not chosen or row.category.name in chosen)
    )


def require_known(name: str, known: Collection[str], what: str, edition: str) -> None:
    """Raise UsageProblem for an unknown name, with the nearest known one."""
    if name in known:
        return
    from ipplan.plan.problems import nearest

    near = nearest(name, known)
    hint = f"did you mean {near}?" if near else f"known: {', '.join(sorted(known))}"
    raise UsageProblem(f"unknown {what} {name!r} in the catalogue of {edition}", hint)


def _has(row: Reservation, text: str) -> bool:
    words = (
        str(row.prefix),
        row.category.name,
        row.title,
        row.data_center,
        row.city,
        row.pod,
        row.note,
        row.platform,
    )
    return any(text in word.casefold() for word in (*words, row.source.title) if word)
