"""Read a file of another tool; report its problems like those of a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.cli.streams import error_terminal, read_input, say
from ipplan.output.text import escape

if TYPE_CHECKING:
    from ipplan.importers import Options
    from ipplan.observed import Observed
    from ipplan.output.progress import Progress


def read_file(source: str, path: str, options: Options | None = None, *, quiet: bool = False) -> Observed:
    """Return the content of a file of a source; print the notes on it unless `quiet`.

    `options` describe a table. "-" is standard input. Raises InputProblem if the file cannot be read, and PlanError with
    every problem of its content.
    """
    from ipplan.importers import DEFAULTS, SourceError, read_source
    from ipplan.importers.reading import source_problems

    data, file = read_input(path)
    try:
        with _progress(file, data) as progress:
            observed = read_source(source, data, file, (options or DEFAULTS)._replace(progress=progress.update))
    except SourceError as error:
        raise source_problems(error, file) from None
    for note in () if quiet else observed.remarks:
        say(f"note: {file}: {note}")
    return observed


def _progress(file: str, data: bytes) -> Progress:
    """Return the progress bar of reading a file, in lines, for a terminal."""
    from ipplan.output.progress import Progress

    stream = error_terminal()
    lines = None if data.startswith(b"PK") or stream is None else data.count(b"\n")
    return Progress(f"reading {escape(file[:60])}", lines, stream)
