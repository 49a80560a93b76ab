"""From a path on the command line to what the file of another tool says; its problems are told as a plan's are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.cli.streams import read_input, say
from ipplan.findings import Finding, Location
from ipplan.plan.load import PlanError

if TYPE_CHECKING:
    from ipplan.importers import Options
    from ipplan.observed import Observed


def read_file(source: str, path: str, options: Options | None = None, *, quiet: bool = False) -> Observed:
    """Return what a file of a source says, and unless `quiet` tell what was noted on the way.

    `options` say how to read a table. "-" is standard input. Raises InputProblem where there is nothing to read, and PlanError with every problem of a
    file that is no such source.
    """
    from ipplan.importers import DEFAULTS, SourceError, read_source

    data, file = read_input(path)
    try:
        observed = read_source(source, data, file, options or DEFAULTS)
    except SourceError as error:
        findings = tuple(
            Finding(
                rule=problem.rule, severity="error", message=problem.message, help=problem.help,
                location=Location(file, (), problem.line),
            )
            for problem in error.problems
        )  # fmt: skip
        raise PlanError(file, findings, error.hidden) from None
    for note in () if quiet else observed.notes:
        say(f"note: {file}: {note}")
    return observed
