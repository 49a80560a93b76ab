"""From a path on the command line to what the file of another tool says; its problems are told as a plan's are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.cli.streams import error_terminal, read_input, say
from ipplan.findings import Finding, Location
from ipplan.output.text import escape
from ipplan.plan.load import PlanError

if TYPE_CHECKING:
    from ipplan.importers import Options, SourceError
    from ipplan.observed import Observed
    from ipplan.output.progress import Progress


def read_file(source: str, path: str, options: Options | None = None, *, quiet: bool = False) -> Observed:
    """Return what a file of a source says, and unless `quiet` tell what was noted on the way.

    `options` say how to read a table. "-" is standard input. Raises InputProblem where there is nothing to read, and
    PlanError with every problem of a file that is no such source.
    """
    from ipplan.importers import DEFAULTS, SourceError, read_source

    data, file = read_input(path)
    try:
        with _progress(file, data) as progress:
            observed = read_source(source, data, file, (options or DEFAULTS)._replace(progress=progress.update))
    except SourceError as error:
        raise source_problems(error, file) from None
    for note in () if quiet else observed.remarks:
        say(f"note: {file}: {note}")
    return observed


def source_problems(error: SourceError, file: str) -> PlanError:
    """Return what is wrong with a file of another tool as what is wrong with a plan is reported."""
    findings = tuple(
        Finding(
            rule=problem.rule,
            severity="error",
            message=problem.message,
            help=problem.help,
            location=Location(file, (), problem.line),
        )
        for problem in error.problems
    )
    return PlanError(file, findings, error.hidden)


def _progress(file: str, data: bytes) -> Progress:
    """Return what shows how far the reading of a file is: lines of all lines, for a person at a terminal."""
    from ipplan.output.progress import Progress

    stream = error_terminal()
    lines = None if data.startswith(b"PK") or stream is None else data.count(b"\n")
    return Progress(f"reading {escape(file[:60])}", lines, stream)
