"""From the words on the command line to a plan and its catalogue; the report on plans that cannot be read."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from ipplan.cli.emit import wants_color
from ipplan.cli.streams import (
    InputProblem,
    UsageProblem,
    deliver,
    is_terminal,
    read_input,
    say,
    say_text,
    terminal_width,
)
from ipplan.findings import Finding, Location
from ipplan.output.text import escape
from ipplan.plan.load import PlanError, parse_plan

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from ipplan.catalog import Catalog
    from ipplan.cli.emit import Output
    from ipplan.plan.model import Plan

DEFAULT_PLAN = "plan.toml"
"""The plan in the working directory that a command uses if none is given."""

_OTHER_FILES = (".csv", ".xlsx", ".json", ".yaml", ".yml", ".xml")
"""Endings of files that `ipplan import` reads, and that are not plans if they cannot be read as one."""

UNREADABLE = "plan-unreadable"
"""The rule name of the finding on a plan whose file cannot be opened or read."""


def default_plan(path: str | None) -> str | None:
    """Return the path; without one plan.toml of the working directory, or None if there is no such file."""
    if path is None and os.path.exists(DEFAULT_PLAN):
        say(f"note: no plan given, using {DEFAULT_PLAN}")
        return DEFAULT_PLAN
    return path


def require_plan(path: str | None) -> str:
    """Return the path; without one plan.toml of the working directory. Raises UsageProblem if there is no such file."""
    path = default_plan(path)
    if path is None:
        raise UsageProblem(f"no plan given, and no {DEFAULT_PLAN} in the working directory", "ipplan init writes one")
    return path


def split_words(first: str | None, second: str | None, known: Collection[str] = ()) -> tuple[str | None, str | None]:
    """Return the plan and the name that `[PLAN] NAME` gives, where a single word may be either.

    It is a name if it is `known`, else a plan if it looks like a file, else a name. Raises UsageProblem for a name
    before a plan.
    """
    if first is not None and second is not None and looks_like_file(second) and not looks_like_file(first):
        raise UsageProblem(
            f'"{escape(first[:80])}" comes before the plan, "{escape(second[:80])}"',
            f"write the plan first: {escape(second[:80])} {escape(first[:80])}",
        )
    if first is None or second is not None or (first not in known and looks_like_file(first)):
        return first, second
    return None, first


def looks_like_file(word: str) -> bool:
    """Return whether a word is likely a file and not a name: "-", a path, *.toml, or an existing file."""
    return word == "-" or os.path.basename(word) != word or word.endswith(".toml") or os.path.isfile(word)


def read_plan(path: str) -> tuple[Plan, bytes]:
    """Return the plan at a path ("-": standard input) and its text; raise InputProblem or PlanError."""
    data, file = read_input(path)
    try:
        return parse_plan(data, file), data
    except PlanError:
        if path.lower().endswith(_OTHER_FILES):
            raise InputProblem(
                file,
                f"cannot read {file} as a plan: a plan is a TOML file",
                f"ipplan import auto {path} -o plan.toml makes a plan of it",
            ) from None
        raise


def choose_catalog(option: str | None, plan: Plan | None) -> Catalog:
    """Return the catalogue that the option asks for, else the one that the plan asks for, else the newest.

    `option` is the value that `edition_option` passes. Raises InputProblem or PlanError for a ranges file that cannot be read.
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
    """Return an input that cannot be read in the form of a plan with one problem."""
    finding = Finding(
        rule=UNREADABLE,
        severity="error",
        message=str(problem),
        help=problem.hint,
        location=Location(problem.file),
    )
    return PlanError(problem.file, (finding,))


def reporting_problems(output: Output, run: Callable[[], int | None]) -> int | None:
    """Run a command; if it cannot read a plan, report that in the format of the output and return 2."""
    try:
        return run()
    except PlanError as error:
        return report_problems(output, [error])
    except InputProblem as problem:
        return report_problems(output, [as_plan_error(problem)])


def report_problems(output: Output | None, errors: Sequence[PlanError]) -> int:
    """Report every problem of every plan and return 2: a document for JSON, text on standard error otherwise."""
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

    if [problem.rule for problem in error.problems] == [UNREADABLE]:
        problem = error.problems[0]
        return (
            escape(f"error: {problem.message}")
            + "\n"
            + (escape(f"help: {problem.help}") + "\n" if problem.help else "")
        )
    return render_problems(error.file, error.problems, error.hidden, width=width, color=color)
