"""`ipplan check`: read plans, run the rules, report the findings."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import click

from ipplan.cli.emit import Output, emit
from ipplan.cli.help import Command
from ipplan.cli.labels import LabelFilter, label_option
from ipplan.cli.options import color_option, edition_option, format_option
from ipplan.cli.plans import as_plan_error, choose_catalog, read_plan, report_problems, require_plan
from ipplan.cli.sources import read_file
from ipplan.cli.streams import InputProblem, deliver
from ipplan.findings import Report, place
from ipplan.plan.load import PlanError, locate_in
from ipplan.plan.problems import nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ipplan.catalog import Catalog
    from ipplan.checks.together import Together
    from ipplan.findings import Finding
    from ipplan.observed import Observed
    from ipplan.output.table import Table
    from ipplan.output.together import Judged
    from ipplan.plan.labels import Chosen
    from ipplan.plan.model import Plan

_Name = TypeVar("_Name")
_Read = TypeVar("_Read")


class _Checked(NamedTuple):
    """A plan that was checked by itself: its text, the catalogue that it was checked against, and what --label chooses."""

    plan: Plan
    data: bytes
    catalog: Catalog
    report: Report
    chosen: Chosen | None


_FOR_PIPELINES = ("sarif", "github", "gitlab", "junit")
"""The names of `ipplan.output.ci.FORMATS`, without importing the renderers."""


@click.command(
    "check",
    cls=Command,
    examples=(
        ("Report every conflict in a plan", "ipplan check plan.toml"),
        ("Check two plans, each by itself and both together", "ipplan check two-clusters.toml three-sites.toml"),
        ("Compare a plan with the configuration of a cluster", "ipplan check plan.toml --against icp-config.yaml"),
        ("Fail a pipeline on warnings too", "ipplan check plan.toml --strict --format sarif -o check.sarif"),
    ),
    exit_status={
        0: "no errors (with --strict: no warnings either)",
        1: "errors",
        2: "bad usage, or a plan or file that cannot be read",
    },
)
@click.argument("plans", metavar="[PLAN]...", nargs=-1)
@click.option("--strict", is_flag=True, help="Let warnings fail the check too.")
@click.option("--select", metavar="RULE", multiple=True, help="Report only this rule; repeatable.")
@click.option("--ignore", metavar="RULE", multiple=True, help="Do not report this rule; repeatable.")
@click.option(
    "--against",
    metavar="FILE",
    multiple=True,
    help="Compare with a config.yaml, chart values, Calico pools or a subnet list. ipplan detects which; SOURCE:FILE "
    "states it; repeatable.",
)
@click.option("--separate", is_flag=True, help="Check each plan by itself only, not the plans together.")
@click.option("--matrix", is_flag=True, help="Show which plans collide: errors/warnings of each pair.")
@label_option
@edition_option
@format_option("table", "json", "csv", "markdown", *_FOR_PIPELINES)
@color_option
def command(
    *,
    plans: tuple[str, ...],
    strict: bool,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    against: tuple[str, ...],
    separate: bool,
    matrix: bool,
    labels: tuple[str, ...],
    ranges_edition: str | None,
    output: Output,
) -> int:
    """Report conflicts in one or more plans.

    Several plans are checked each by itself and then together, because their networks, pools and avoided space share
    the enterprise's address space.
    """
    wanted = _rule_filter(select, ignore)
    plans = plans or (require_plan(None),)
    _reject_contradictions(plans, output, separate=separate, matrix=matrix)
    label_filter = LabelFilter(labels)
    sources = [_split(text) for text in against]
    if [*plans, *(path for _, path in sources)].count("-") > 1:
        raise click.UsageError('standard input can be read only once, but "-" is given more than once')
    errors: list[PlanError] = []
    files = _read_all(sources, lambda source: read_file(*source), errors)
    checked = _read_all(plans, lambda path: _check(path, ranges_edition, wanted, files, label_filter), errors)
    if errors:
        return report_problems(output, errors)
    label_filter.require_known()
    return _emit_checked(checked, wanted, output, strict=strict, separate=separate, matrix=matrix)


def _read_all(names: Iterable[_Name], read: Callable[[_Name], _Read], errors: list[PlanError]) -> list[_Read]:
    """Return what `read` makes of each name; collect the errors, so that one run reports them all."""
    found = []
    for name in names:
        try:
            found.append(read(name))
        except InputProblem as problem:
            errors.append(as_plan_error(problem))
        except PlanError as error:
            errors.append(error)
    return found


def _emit_checked(
    checked: Sequence[_Checked],
    wanted: Callable[[str], bool],
    output: Output,
    *,
    strict: bool,
    separate: bool,
    matrix: bool,
) -> int:
    """Write the reports, with several plans also the one on all of them, and return the exit status."""
    if len(checked) > 1 and not separate:
        judged = _judge(checked, wanted)
        _emit_together(output, judged, strict=strict, matrix=matrix)
        return 0 if judged.passes(strict=strict) else 1
    reports = [one.report for one in checked]
    _emit(output, reports, strict=strict)

    from ipplan.output.findings import passes

    return 0 if all(passes(report, strict=strict) for report in reports) else 1


def _reject_contradictions(plans: Sequence[str], output: Output, *, separate: bool, matrix: bool) -> None:
    if matrix and separate:
        raise click.UsageError("--matrix and --separate contradict each other")
    if matrix and len(plans) < 2:
        raise click.UsageError("--matrix compares plans, but only one is given")
    if matrix and output.format in _FOR_PIPELINES:
        raise click.UsageError(f"--matrix has no format {output.format}")
    if not separate:
        _reject_the_same_twice(plans)


def _reject_the_same_twice(plans: Sequence[str]) -> None:
    """Raise for a file that is given twice, by any path: every network in it would collide with itself."""
    seen: dict[object, str] = {}
    for path in plans:
        try:
            status = os.stat(path)
        except (OSError, ValueError):
            continue  # reading it reports why
        key = (status.st_dev, status.st_ino) if stat.S_ISREG(status.st_mode) else None
        if key is not None and seen.setdefault(key, path) is not path:
            same = f"{path!r} is given twice" if seen[key] == path else f"{path!r} and {seen[key]!r} are the same file"
            raise click.UsageError(f"{same}; a plan cannot be checked together with itself")


def _rule_filter(select: Sequence[str], ignore: Sequence[str]) -> Callable[[str], bool]:
    from ipplan.checks import RULES

    for option, names in (("--select", select), ("--ignore", ignore)):
        for name in names:
            if name not in RULES:
                near = nearest(name, RULES)
                hint = f"; did you mean {near}?" if near else ""
                raise click.BadParameter(f"unknown rule {name!r}{hint}", param_hint=option)
    return lambda name: (not select or name in select) and name not in ignore


def _split(text: str) -> tuple[str, str]:
    """Return source and path of a file to compare with; the source is detected if none is given before a colon."""
    from ipplan.importers import AUTO, IMPORTERS

    source, colon, path = text.partition(":")
    return (source, path) if colon and source in (AUTO, *IMPORTERS) else (AUTO, text)


def _check(
    path: str,
    ranges_edition: str | None,
    wanted: Callable[[str], bool],
    files: Sequence[Observed],
    labels: LabelFilter,
) -> _Checked:
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
    chosen = labels.choose(plan)
    findings = [
        finding
        for finding in found
        if wanted(finding.rule) and (chosen is None or chosen.concerns(finding.networks, finding.key))
    ]
    report = Report(
        plan_name=plan.name,
        file=plan.file,
        edition=catalog.edition,
        networks=len(plan.networks),
        findings=place(findings, plan.file, locate_in(data)),
    )
    return _Checked(plan, data, catalog, report, chosen)


def _judge(checked: Sequence[_Checked], wanted: Callable[[str], bool]) -> Judged:
    """Check several plans together, with the newest of their catalogues, and locate the findings in their files."""
    from datetime import date

    from ipplan.checks.between import check_together, place_between
    from ipplan.output.together import BETWEEN, Judged

    catalog = max((one.catalog for one in checked), key=lambda c: c.edition)
    judgement = check_together([one.plan for one in checked], catalog, date.today())
    reports = [
        one.report._replace(
            findings=place(
                (
                    *one.report.findings,
                    *(
                        f
                        for f in spare
                        if wanted(f.rule) and (one.chosen is None or one.chosen.concerns(f.networks, f.key))
                    ),
                ),
                one.plan.file,
                locate_in(one.data),
            )
        )
        for one, spare in zip(checked, judgement.spare, strict=True)
    ]
    concerns = _by_label(checked, judgement.together)
    found = [b for b in judgement.findings if wanted(b.finding.rule) and concerns(b.finding)]
    placed = place_between(found, judgement.together.places, [(one.plan.file, locate_in(one.data)) for one in checked])
    report = Report(None, BETWEEN, catalog.edition, 0, tuple(between.finding for between in placed))
    concerned = tuple(between.plans for between in placed)
    return Judged(judgement.together.titles, tuple(reports), report, concerned)


def _by_label(checked: Sequence[_Checked], together: Together) -> Callable[[Finding], bool]:
    """Return the filter of findings on several plans: it passes those that affect what --label chooses in any plan."""
    from ipplan.plan.together import SEPARATOR

    named = {
        f"{title}{SEPARATOR}{name}"
        for title, one in zip(together.titles, checked, strict=True)
        for name in (() if one.chosen is None else one.chosen.networks)
    }

    def concerns(finding: Finding) -> bool:
        at, key = together.places.of_key(finding.key)
        chosen = checked[at].chosen
        return chosen is None or chosen.concerns((), key) or not named.isdisjoint(finding.networks)

    return concerns


def _deliver_for_pipelines(output: Output, reports: Sequence[Report], *, strict: bool) -> bool:
    """Write the reports if the format is one for pipelines; return whether it is."""
    if output.format not in _FOR_PIPELINES:
        return False
    from ipplan.output.ci import FORMATS

    deliver(FORMATS[output.format](reports, strict), output.file)
    return True


def _emit_together(output: Output, judged: Judged, *, strict: bool, matrix: bool) -> None:
    from ipplan.output import together

    if _deliver_for_pipelines(output, judged.all, strict=strict):
        return
    if matrix:
        emit(
            output,
            table=lambda: together.matrix_table(judged),
            document=lambda: together.matrix_document(judged, strict=strict),
            text=lambda width, color: together.render_matrix(judged, width=width),  # noqa: ARG005
        )
        return
    emit(
        output,
        table=lambda: together.together_table(judged),
        document=lambda: together.together_document(judged, strict=strict),
        text=lambda width, color: together.render_together(judged, width=width, color=color),
    )


def _emit(output: Output, reports: Sequence[Report], *, strict: bool) -> None:
    from ipplan.output.findings import (
        check_document,
        check_list_document,
        findings_table,
        render_report,
        render_reports,
    )

    if _deliver_for_pipelines(output, reports, strict=strict):
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
