"""`ipplan import`: a plan from what other tools hold."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from ipplan.cli.options import file_option, force_option
from ipplan.cli.outputs import guard_output
from ipplan.cli.plans import as_plan_error, report_problems
from ipplan.cli.sources import read_file
from ipplan.cli.streams import InputProblem, UsageProblem, deliver, say
from ipplan.output.text import escape
from ipplan.plan.load import PlanError, nearest, parse_plan

if TYPE_CHECKING:
    from ipplan.importers.plan_text import Imported
    from ipplan.observed import Observed


@click.command("import", epilog="Exit status: 0 written, 2 a file that cannot be read.")
@click.argument("source", metavar="[SOURCE]", required=False)
@click.argument("files", metavar="FILE...", nargs=-1)
@click.option("--name", metavar="TEXT", help="Name of the plan (default: that of the first file).")
@file_option
@force_option
@click.option("--list", "list_sources", is_flag=True, help="List the sources, and how their files are had.")
def command(
    *,
    source: str | None,
    files: tuple[str, ...],
    name: str | None,
    output_file: str | None,
    force: bool,
    list_sources: bool,
) -> int:
    """Write a plan of what the files of another tool hold; "-" reads standard input.

    SOURCE is what the files are, or auto. A row that is of no kind that ipplan knows becomes [[avoid]] with its
    description, so that nothing is allocated there.
    """
    from ipplan.importers import IMPORTERS

    guard_output(output_file, force=force)
    if list_sources:
        _list()
        return 0
    if source is None:
        raise click.UsageError("which source? --list tells which there are")
    _require_source(source)
    if not files:
        raise click.UsageError(
            f'which file? "-" reads standard input, such as from {IMPORTERS[source].command}'
            if source in IMPORTERS
            else 'which file? "-" reads standard input'
        )
    if files.count("-") > 1:
        raise click.UsageError('standard input can be read only once, but "-" is given more than once')
    observed: list[Observed] = []
    errors: list[PlanError] = []
    for path in files:
        try:
            observed.append(read_file(source, path))
        except InputProblem as problem:
            errors.append(as_plan_error(problem))
        except PlanError as error:
            errors.append(error)
    if errors:
        return report_problems(None, errors)
    from ipplan.importers.plan_text import make_plan

    made = make_plan(observed, name if name is not None else _stem(files[0]))
    # What is written has to be a plan, whatever the files hold.
    parse_plan(made.text.encode("utf-8"), output_file or "<imported plan>")
    deliver(made.text, output_file, for_programs=True)
    _say_summary(observed, made)
    return 0


def _require_source(name: str) -> None:
    """Raise for a source that does not exist, with the nearest one."""
    from ipplan.importers import AUTO, IMPORTERS

    if name not in (AUTO, *IMPORTERS):
        near = nearest(name, (AUTO, *IMPORTERS))
        if os.path.exists(name):
            near = f"ipplan import {AUTO} {name}"
        hint = f"did you mean {near}?" if near else "ipplan import --list tells which there are"
        raise UsageProblem(f'there is no source "{escape(name[:80])}"', hint)


def _stem(path: str) -> str | None:
    """Return the name of a file without its ending, None for standard input and pipes."""
    if path == "-" or path.startswith(("/dev/", "/proc/")):
        return None
    return os.path.splitext(os.path.basename(path))[0] or None


def _list() -> None:
    from ipplan.importers import IMPORTERS
    from ipplan.output.table import Column, Table, render_plain

    rows = [(importer.name, importer.title, importer.command) for importer in IMPORTERS.values()]
    deliver(
        render_plain(Table((Column("source"), Column("what it is"), Column("how to get the file")), rows))
    )


def _say_summary(observed: list[Observed], made: Imported) -> None:
    from ipplan.importers.reading import counted

    for one in observed:
        say(f"{one.file}: {counted(len(one.rows), 'row')} of {one.source}")
    parts = [counted(made.networks, "network"), counted(made.avoids, "avoided range")]
    if made.pools:
        parts.append(counted(made.pools, "pool"))
    if made.addresses:
        parts.append(counted(made.addresses, "named address"))
    if made.comments:
        parts.append(f"{counted(made.comments, 'container')} as a comment")
    say(f"{', '.join(parts)}; {counted(made.duplicates, 'duplicate')} skipped")
