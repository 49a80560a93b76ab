"""`ipplan check`: read plans, run the rules, report the findings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ipplan.cli.options import Output, color_option, edition_option, emit, format_option
from ipplan.cli.plans import as_plan_error, choose_catalog, read_plan, report_problems
from ipplan.cli.sources import read_file
from ipplan.cli.streams import InputProblem, deliver
from ipplan.findings import Report, place
from ipplan.plan.load import PlanError, locate_in, nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ipplan.observed import Observed
    from ipplan.output.table import Table


@click.command("check", epilog="Exit status: 0 no errors, 1 errors, 2 a plan that cannot be read.")
@click.argument("plans", metavar="PLAN...", nargs=-1, required=True)
@click.option("--strict", is_flag=True, help="Warnings fail the check too.")
@click.option("--select", metavar="RULE", multiple=True, help="Report only this rule; may be repeated.")
@click.option("--ignore", metavar="RULE", multiple=True, help="Do not report this rule; may be repeated.")
@click.option(
    "--against", metavar="FILE", multiple=True,
    help="Compare with a config.yaml, chart values, Calico pools or a subnet list; SOURCE:FILE names what it is; repeatable.",
)  # fmt: skip
@edition_option
@format_option("table", "json", "csv", "markdown", "sarif", "github", "gitlab", "junit")
@color_option
def command(
    *,
    plans: tuple[str, ...],
    strict: bool,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    against: tuple[str, ...],
    ranges_edition: str | None,
    output: Output,
) -> int:
    """Report conflicts in one or more plans; "-" reads a plan from standard input."""
    wanted = _rule_filter(select, ignore)
    sources = [_split(text) for text in against]
    if [*plans, *(path for _, path in sources)].count("-") > 1:
        raise click.UsageError('standard input can be read only once, but "-" is given more than once')
    reports: list[Report] = []
    errors: list[PlanError] = []
    files: list[Observed] = []
    for source, path in sources:
        try:
            files.append(read_file(source, path))
        except InputProblem as problem:
            errors.append(as_plan_error(problem))
        except PlanError as error:
            errors.append(error)
    for path in plans:
        checked = _try_check(path, ranges_edition, wanted, files)
        if isinstance(checked, Report):
            reports.append(checked)
        else:
            errors.append(checked)
    if errors:
        return report_problems(output, errors)
    _emit(output, reports, strict=strict)

    from ipplan.output.findings import passes

    return 0 if all(passes(report, strict=strict) for report in reports) else 1


def _rule_filter(select: Sequence[str], ignore: Sequence[str]) -> Callable[[str], bool]:
    from ipplan.checks import RULES

    for option, names in (("--select", select), ("--ignore", ignore)):
        for name in names:
            if name not in RULES:
                near = nearest(name, RULES)
                hint = f"; did you mean {near}?" if near else ""
                raise click.BadParameter(f"there is no rule {name!r}{hint}", param_hint=option)
    return lambda name: (not select or name in select) and name not in ignore


def _split(text: str) -> tuple[str, str]:
    """Return source and path of a file to compare with; the source is guessed where none stands before a colon."""
    from ipplan.importers import AUTO, IMPORTERS

    source, colon, path = text.partition(":")
    return (source, path) if colon and source in (AUTO, *IMPORTERS) else (AUTO, text)


def _try_check(
    path: str, ranges_edition: str | None, wanted: Callable[[str], bool], files: Sequence[Observed]
) -> Report | PlanError:
    try:
        return _check(path, ranges_edition, wanted, files)
    except InputProblem as problem:
        return as_plan_error(problem)
    except PlanError as error:
        return error


def _check(
    path: str, ranges_edition: str | None, wanted: Callable[[str], bool], files: Sequence[Observed]
) -> Report:
    from datetime import date

    from ipplan.checks import check_plan

    plan, data = read_plan(path)
    catalog = choose_catalog(ranges_edition, plan)
    against = None
    if files:
        from ipplan.checks.drift import Against
        from ipplan.cli.settle import settle

        against = Against(settle(plan, catalog), tuple(files))
    found = check_plan(plan, catalog, date.today(), against)
    findings = [finding for finding in found if wanted(finding.rule)]
    return Report(
        plan_name=plan.name, file=plan.file, edition=catalog.edition, networks=len(plan.networks),
        findings=place(findings, plan.file, locate_in(data)),
    )  # fmt: skip


def _emit(output: Output, reports: Sequence[Report], *, strict: bool) -> None:
    from ipplan.output.findings import (
        check_document,
        check_list_document,
        findings_table,
        render_report,
        render_reports,
    )

    if output.format in ("sarif", "github", "gitlab", "junit"):
        from ipplan.output.ci import FORMATS

        deliver(FORMATS[output.format](reports, strict), output.file)
        return

    def table() -> Table:
        return findings_table(*reports)

    def document() -> dict[str, object]:
        if len(reports) == 1:
            return check_document(reports[0], strict=strict)
        return check_list_document(reports, strict=strict)

    def text(width: int | None, color: bool) -> str:  # noqa: FBT001  (part of every renderer's call)
        if len(reports) == 1:
            return render_report(reports[0], width=width, color=color)
        return render_reports(reports, width=width, color=color)

    emit(output, table=table, document=document, text=text)
