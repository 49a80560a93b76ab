"""`ipplan report`: write a design document, as one HTML page or one Markdown file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ipplan.cli.emit import Output
from ipplan.cli.help import Command
from ipplan.cli.labels import LabelFilter, label_option
from ipplan.cli.options import edition_option, file_option, force_option
from ipplan.cli.outputs import guard_output
from ipplan.cli.plans import choose_catalog, read_plan, reporting_problems, require_plan
from ipplan.cli.streams import (
    UsageProblem,
    deliver,
    error_terminal,
    goes_to_stdout,
    is_terminal,
    read_input,
    say,
)
from ipplan.output.text import escape

if TYPE_CHECKING:
    from datetime import date

    from ipplan.catalog import Catalog
    from ipplan.findings import Finding
    from ipplan.plan.model import Plan
    from ipplan.proof import Report as Run
    from ipplan.report.subject import Since, Subject

_PAGES = (".html", ".htm")
_MARKDOWN = (".md", ".markdown")


@click.command(
    "report",
    cls=Command,
    examples=(
        ("Write a page for the browser or for printing", "ipplan report plan.toml -o report.html"),
        (
            "Write Markdown, with the changes since an earlier plan",
            "ipplan report new.toml --since old.toml -o report.md",
        ),
    ),
    exit_status={0: "written, also if check finds errors", 2: "bad usage, or a plan that cannot be read"},
)
@click.argument("path", metavar="[PLAN]", required=False)
@click.option("--markdown", is_flag=True, help="Write Markdown, whatever the name of the file is.")
@click.option("--since", "old_path", metavar="PLAN", help="Add the changes since this earlier plan.")
@click.option("--lab", "lab_file", metavar="FILE", help="Add this result of ipplan lab --json to the test plan.")
@label_option
@file_option
@force_option
@edition_option
def command(
    *,
    path: str | None,
    markdown: bool,
    old_path: str | None,
    lab_file: str | None,
    labels: tuple[str, ...],
    output_file: str | None,
    force: bool,
    ranges_edition: str | None,
) -> int | None:
    """Write a self-contained design document: verdict, findings, tables of a low-level design, flows, test plan.

    -o FILE.html writes a page that needs neither network nor JavaScript; -o FILE.md writes the same as Markdown.
    """
    guard_output(output_file, force=force)
    page = not (markdown or _is_markdown(output_file))
    if page:
        _require_jinja()
    if [path, old_path, lab_file].count("-") > 1:
        raise click.UsageError('standard input can be read only once, but "-" is given more than once')
    return reporting_problems(
        Output("text", output_file),
        lambda: _report(require_plan(path), old_path, lab_file, labels, output_file, ranges_edition, page=page),
    )


def _is_markdown(file: str | None) -> bool:
    """Return whether a file name means Markdown; raise UsageProblem if it means neither Markdown nor HTML."""
    if file is None or goes_to_stdout(file):
        if is_terminal():
            raise UsageProblem(
                "the report is a file, and standard output is a terminal", "add -o FILE.html or -o FILE.md"
            )
        return False
    name = file.lower()
    if name.endswith(_MARKDOWN):
        return True
    if name.endswith(_PAGES):
        return False
    raise UsageProblem(
        f"the name {escape(file[-80:])} ends in neither .html nor .md",
        "use one of these endings, or add --markdown",
    )


def _require_jinja() -> None:
    """Raise UsageProblem before any work if the page cannot be written."""
    from importlib.util import find_spec

    if find_spec("jinja2") is None:
        raise UsageProblem("an HTML page needs jinja2", "pip install 'ipplan[report]'; --markdown works without it")


def _report(
    path: str,
    old_path: str | None,
    lab_file: str | None,
    labels: tuple[str, ...],
    file: str | None,
    edition: str | None,
    *,
    page: bool,
) -> int:
    from datetime import date

    from ipplan.output.progress import Progress
    from ipplan.report.building import SECTIONS, build_report

    today = date.today()
    plan, data = read_plan(path)
    catalog = choose_catalog(edition, plan)
    subject = _subject(plan, data, catalog, today)
    if labels:
        chosen = (wanted := LabelFilter(labels)).choose(plan)
        wanted.require_known()
        subject = subject._replace(labels=labels, chosen=chosen)
    if old_path is not None:
        subject = subject._replace(since=_since(old_path, edition, subject, today))
    if lab_file is not None:
        subject = subject._replace(run=_read_lab(lab_file))
    with Progress(f"writing {escape((file or 'the report')[:60])}", SECTIONS, error_terminal()) as progress:
        report = build_report(subject, progress.update)
    if page:
        from ipplan.report.html import render_html

        made = render_html(report)
    else:
        from ipplan.report.markdown import render_report_markdown

        made = render_report_markdown(report)
    deliver(made, file, for_programs=True)
    errors = subject.count("error")
    if errors:
        say(f"warning: the plan in the report has {errors:,} error{'' if errors == 1 else 's'}")
    return 0


def _subject(plan: Plan, data: bytes, catalog: Catalog, today: date) -> Subject:
    """Return everything that can be derived from the plan, with its networks where allocate places them."""
    from hashlib import sha256

    from ipplan.allocation import allocate
    from ipplan.checks import check_plan
    from ipplan.cli.errors import new_errors
    from ipplan.exporters import Request
    from ipplan.findings import Report, place
    from ipplan.flows import trace_all
    from ipplan.free import find_free
    from ipplan.inventory import list_networks
    from ipplan.plan.load import locate_in
    from ipplan.report.subject import Subject

    found = place(check_plan(plan, catalog, today), plan.file, locate_in(data))
    allocation = allocate(plan, catalog)
    placed = allocation.allocated
    settled, brought = plan, []
    if placed:
        settled = plan.with_ranges(placed)
        after = check_plan(settled, catalog, today)
        brought = new_errors(_errors(found), _errors(after))
    request = Request.of(plan, settled, catalog, today=today)
    return Subject(
        plan=plan,
        digest=sha256(data).hexdigest(),
        checked=Report(plan.name, plan.file, catalog.edition, len(plan.networks), found),
        request=request,
        allocation=allocation,
        brought=tuple(brought),
        entries=list_networks(plan, placed),
        free=find_free(settled, catalog),
        traces=tuple(trace_all(request.landscape)),
    )


def _errors(findings: tuple[Finding, ...]) -> list[Finding]:
    return [f for f in findings if f.severity == "error" and f.waived is None]


def _since(path: str, edition: str | None, subject: Subject, today: date) -> Since:
    """Return the earlier plan and the differences, computed as `ipplan diff` does: both plans as written."""
    from ipplan.changes import Side, compare_plans
    from ipplan.checks import check_plan
    from ipplan.findings import place
    from ipplan.landscape import Landscape
    from ipplan.plan.load import locate_in
    from ipplan.report.subject import Since

    plan, data = read_plan(path)
    catalog = choose_catalog(edition, plan)
    findings = place(check_plan(plan, catalog, today), plan.file, locate_in(data))
    new = subject.plan
    after = Side(Landscape(new.in_service, subject.request.catalog), subject.checked.findings)
    return Since(plan, compare_plans(Side(Landscape(plan.in_service, catalog), findings), after))


def _read_lab(path: str) -> Run:
    from ipplan.report.lab_result import LabResultError, read_lab_result

    data, file = read_input(path)
    try:
        return read_lab_result(data)
    except LabResultError as error:
        raise UsageProblem(
            f"{escape(file)} is not a valid result of the lab: {escape(str(error))}",
            "write one with: ipplan lab PLAN --json -o lab.json",
        ) from None
