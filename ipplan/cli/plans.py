"""From a path on the command line to a plan and its catalogue; the report on plans that cannot be read."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ipplan.cli.options import wants_color
from ipplan.cli.streams import InputProblem, deliver, is_terminal, read_input, say, say_text, terminal_width
from ipplan.findings import Finding, Location
from ipplan.plan.load import PlanError, parse_plan

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ipplan.catalog import Catalog
    from ipplan.cli.options import Output
    from ipplan.plan.model import Plan

UNREADABLE = "plan-unreadable"
"""The rule name of a plan whose bytes cannot be had at all."""


def read_plan(path: str) -> tuple[Plan, bytes]:
    """Return the plan at a path ("-": standard input) and its text; raise InputProblem or PlanError."""
    data, file = read_input(path)
    return parse_plan(data, file), data


def choose_catalog(option: str | None, plan: Plan | None) -> Catalog:
    """Return the catalogue that an option or else a plan asks for, or else the newest.

    The option is what `edition_option` passes. Raises InputProblem or PlanError for a ranges file that cannot be read.
    """
    from ipplan.catalog import EDITIONS, load_catalog

    if option is None and plan is not None:
        if plan.ranges_file is not None:
            from ipplan.cli.editions import load_plan_ranges

            return load_plan_ranges(plan.ranges_file, plan.file)
        option = plan.ranges_edition
    if option is None or option in EDITIONS:
        return load_catalog(option)
    from ipplan.cli.editions import load_ranges

    return load_ranges(option)


def as_plan_error(problem: InputProblem) -> PlanError:
    """Return an input that cannot be read as a plan with one problem."""
    finding = Finding(
        rule=UNREADABLE,
        severity="error",
        message=str(problem),
        help=problem.hint,
        location=Location(problem.file),
    )
    return PlanError(problem.file, (finding,))


def reporting_problems(output: Output, run: Callable[[], int | None]) -> int | None:
    """Run a command; report a plan that it cannot read in the output's format and return 2."""
    try:
        return run()
    except PlanError as error:
        return report_problems(output, [error])
    except InputProblem as problem:
        return report_problems(output, [as_plan_error(problem)])


def report_problems(output: Output | None, errors: Sequence[PlanError]) -> int:
    """Report every problem of every plan and return 2: a document for JSON, else text on standard error."""
    if output is not None and output.format == "json":
        from ipplan.output.documents import render_json
        from ipplan.output.findings import error_document

        for error in errors:
            say(f"error: {error.file} cannot be read")
        problems = tuple(problem for error in errors for problem in error.problems)
        file = errors[0].file if len(errors) == 1 else None
        deliver(render_json(error_document(file, problems, sum(error.hidden for error in errors))), output.file)
        return 2
    on_terminal = is_terminal(sys.stderr)
    width = terminal_width(sys.stderr) if on_terminal else None
    color = wants_color(output.color if output is not None else "auto", terminal=on_terminal)
    say_text("\n".join(_render_problems(error, width, color=color) for error in errors))
    return 2


def _render_problems(error: PlanError, width: int | None, *, color: bool) -> str:
    from ipplan.output.findings import render_problems
    from ipplan.output.text import escape

    if [problem.rule for problem in error.problems] == [UNREADABLE]:
        problem = error.problems[0]
        return (
            escape(f"error: {problem.message}")
            + "\n"
            + (escape(f"help: {problem.help}") + "\n" if problem.help else "")
        )
    return render_problems(error.file, error.problems, error.hidden, width=width, color=color)
