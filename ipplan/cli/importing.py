"""`ipplan import`: a plan from what other tools hold and what people ask for, or more for a plan that exists."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from ipplan.cli.options import file_option, force_option
from ipplan.cli.outputs import guard_output
from ipplan.cli.plans import as_plan_error, report_problems
from ipplan.cli.sources import read_file
from ipplan.cli.streams import (
    LARGEST_INPUT,
    InputProblem,
    UsageProblem,
    deliver,
    is_terminal,
    read_input,
    replace_unchanged,
    say,
    terminal_width,
)
from ipplan.output.text import escape
from ipplan.plan.load import PlanError, nearest, parse_plan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ipplan.importers.into import Addition
    from ipplan.importers.plan_text import Imported
    from ipplan.observed import Observed

LARGEST_READ_BACK = 4 * 1024 * 1024
"""Characters of a plan that is read once more before it is written."""
_SMALLER = "leave out rows that lie outside of the space of the plan"
_MOST_TOLD = 20
"""Rows that are left out of which each is told."""


@click.command(
    "import", epilog="Exit status: 0 written, 1 --into would bring new errors, 2 a file that cannot be read."
)
@click.argument("source", metavar="[SOURCE]", required=False)
@click.argument("files", metavar="FILE...", nargs=-1)
@click.option("--name", metavar="TEXT", help="Name of the plan (default: that of the first file).")
@click.option("--into", "into", metavar="PLAN", help="Add to PLAN what it lacks; nothing else in it changes.")
@click.option("--dry-run", is_flag=True, help="Show the difference that --into would make; write nothing.")
@click.option(
    "--explain",
    is_flag=True,
    help="Show what each column was taken for and which rows are left out; write no plan.",
)
@click.option("--skip-rows", metavar="N", type=click.IntRange(0), default=0, help="Lines above the header of a table.")
@click.option(
    "--column",
    "columns",
    metavar="FIELD=TITLE",
    multiple=True,
    help="The column of a field, by title or number; repeatable.",
)
@click.option("--sheet", metavar="NAME", help="The sheet of a workbook.")
@click.option("--lenient", is_flag=True, help="List rows of a table that cannot be read, and leave them out.")
@file_option
@force_option
@click.option("--list", "list_sources", is_flag=True, help="List the sources, and how their files are had.")
def command(
    *,
    source: str | None,
    files: tuple[str, ...],
    name: str | None,
    into: str | None,
    dry_run: bool,
    explain: bool,
    skip_rows: int,
    columns: tuple[str, ...],
    sheet: str | None,
    lenient: bool,
    output_file: str | None,
    force: bool,
    list_sources: bool,
) -> int:
    """Write a plan of what the files of another tool hold; "-" reads standard input.

    SOURCE is what the files are, or auto. A row of a table that states a kind and a size in place of a range is a
    network to allocate. A row that is of no kind that ipplan knows becomes [[avoid]] with its description, so that
    nothing is allocated there.
    """
    from ipplan.importers import AUTO, IMPORTERS, Options

    if explain and source is not None and source not in (AUTO, *IMPORTERS):
        # `import --explain FILE` needs no source.
        source, files = AUTO, (source, *files)
    guard_output(output_file, force=force)
    if list_sources:
        _list()
        return 0
    _check_usage(source, files, into=into, dry_run=dry_run, explain=explain, output_file=output_file)
    assert source is not None
    options = Options(skip_rows, lenient or explain, _columns(columns), sheet)
    observed: list[Observed] = []
    errors: list[PlanError] = []
    for path in files:
        try:
            observed.append(read_file(source, path, options, quiet=explain))
        except InputProblem as problem:
            errors.append(as_plan_error(problem))
        except PlanError as error:
            errors.append(error)
    if errors:
        return report_problems(None, errors)
    if explain:
        deliver(_explanation(observed, output_file), output_file)
        return 0
    if into is not None:
        return _add(into, observed, output_file, dry_run=dry_run)
    return _write(observed, name if name is not None else _stem(files[0]), output_file)


def _check_usage(
    source: str | None,
    files: Sequence[str],
    *,
    into: str | None,
    dry_run: bool,
    explain: bool,
    output_file: str | None,
) -> None:
    from ipplan.importers import IMPORTERS

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
    if dry_run and into is None:
        raise click.UsageError("--dry-run goes with --into")
    if explain and into is not None:
        raise click.UsageError("--explain writes no plan, so it does not go with --into")
    if into is not None and output_file is None and not dry_run and into in ("-", "/dev/stdin"):
        raise UsageProblem("--into needs a plan file: a stream cannot be written back", "name a file after -o")


def _columns(words: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Return the columns that --column names, as field and title."""
    from ipplan.importers.columns import FIELDS

    found = []
    for word in words:
        field, equals, title = word.partition("=")
        field = field.strip().lower()
        if not equals or not title.strip():
            raise UsageProblem(
                f'--column is "{escape(word[:80])}"',
                'write a field and a title, as in --column cidr="IP range"',
            )
        if field not in FIELDS:
            near = nearest(field, FIELDS)
            hint = f"did you mean {near}?" if near else f"there are {', '.join(FIELDS)}"
            raise UsageProblem(f'there is no field "{escape(field[:80])}" of a column', hint)
        found.append((field, title.strip()))
    return tuple(found)


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
    deliver(render_plain(Table((Column("source"), Column("what it is"), Column("how to get the file")), rows)))


# -- a plan of its own ---------------------------------------------------------------------------------------


def _write(observed: Sequence[Observed], name: str | None, output_file: str | None) -> int:
    from ipplan.importers.plan_text import make_plan

    made = make_plan(observed, name)
    if len(made.text) > LARGEST_INPUT:
        say(f"warning: the plan has more than {LARGEST_INPUT >> 20} MiB, which ipplan does not read: {_SMALLER}")
    if len(made.text) <= LARGEST_READ_BACK:
        # What is written has to be a plan, whatever the files hold. A longer one is mostly of avoided ranges, which
        # are written in one way only.
        parse_plan(made.text.encode("utf-8"), output_file or "<imported plan>")
    deliver(made.text, output_file, for_programs=True)
    _say_summary(observed, made)
    return 0


def _say_summary(observed: Sequence[Observed], made: Imported) -> None:
    from ipplan.importers.reading import counted

    _say_files(observed)
    parts = [counted(made.networks, "network"), counted(made.avoids, "avoided range")]
    if made.wishes:
        parts[0] += f" ({made.wishes:,} without a range)"
    if made.pools:
        parts.append(counted(made.pools, "pool"))
    if made.addresses:
        parts.append(counted(made.addresses, "named address"))
    if made.containers:
        parts.append(f"{counted(len(made.containers), 'container')} as a comment")
    if made.joined:
        parts.append(f"{counted(made.joined, 'row')} joined with others of the same range")
    say(f"{', '.join(parts)}; {counted(made.duplicates, 'duplicate')} skipped")
    for text in made.everything:
        say(f"left out: {text} is every address")
    if made.containers and not made.pools:
        listed = ", ".join(map(str, made.containers[:4])) + (", ..." if len(made.containers) > 4 else "")
        say(f"containers hold other ranges and are no reservation: {listed}; to allocate from one, write it in byoip")


def _say_files(observed: Sequence[Observed]) -> None:
    from ipplan.importers.reading import counted

    for one in observed:
        say(f"{one.file}: {counted(len(one.rows) + len(one.wishes), 'row')} of {one.source}")


# -- into a plan -----------------------------------------------------------------------------------------------


def _add(path: str, observed: Sequence[Observed], output_file: str | None, *, dry_run: bool) -> int:
    """Add to a plan what it lacks, unless that brings errors."""
    from ipplan.importers.into import AdditionError, add_to_plan

    try:
        data, file = read_input(path)
        plan = parse_plan(data, file)
    except InputProblem as problem:
        return report_problems(None, [as_plan_error(problem)])
    except PlanError as error:
        return report_problems(None, [error])
    try:
        addition = add_to_plan(data, plan, observed)
    except AdditionError as error:
        raise UsageProblem(f"{file}: {error}", error.hint) from None
    if len(addition.data) > LARGEST_INPUT:
        what = f"{file} would be larger than {LARGEST_INPUT >> 20} MiB, which is not read"
        raise UsageProblem(f"{what}; nothing is written", _SMALLER)
    if addition.data != data and _brings_errors(data, addition.data, file):
        return 1
    if dry_run:
        from ipplan.output.difference import render_difference
        from ipplan.plan.toml_text import decode

        deliver(render_difference(decode(data), decode(addition.data), file.lstrip("/")), output_file)
    elif output_file is not None:
        deliver(addition.data, output_file, for_programs=True)
    elif addition.data != data:
        replace_unchanged(path, data, addition.data)
    _say_addition(observed, addition, file, dry_run=dry_run)
    return 0


def _brings_errors(old: bytes, new: bytes, file: str) -> bool:
    """Say which errors the plan would have with what is added and has not without; tell whether there are any."""
    from ipplan.cli.errors import list_errors, new_errors, say_errors
    from ipplan.cli.plans import choose_catalog

    before = parse_plan(old, file)
    catalog = choose_catalog(None, before)
    what = "have errors that it does not have now"
    try:
        found = new_errors(list_errors(before, catalog), list_errors(parse_plan(new, file), catalog))
    except PlanError as error:
        found, what = list(error.problems), "not be readable"
    if found:
        say(f"error: --into does not write {file}: with what is added the plan would {what}")
        say_errors(found)
        say(f"help: {found[0].help or 'correct the rows, or import them into a plan of their own'}")
    return bool(found)


def _say_addition(observed: Sequence[Observed], addition: Addition, file: str, *, dry_run: bool) -> None:
    from ipplan.importers.reading import counted

    _say_files(observed)
    made = addition.made
    said = f"{counted(made.networks, 'network')} and {counted(made.avoids, 'avoided range')}"
    verb = "would be added to" if dry_run else "added to"
    say(f"{said} {verb} {file}; {counted(addition.present, 'row')} it has already")
    for text in addition.left_out[:_MOST_TOLD]:
        say(f"left out: {text}")
    if len(addition.left_out) > _MOST_TOLD:
        say(f"left out: {len(addition.left_out) - _MOST_TOLD:,} more")


# -- what was understood ---------------------------------------------------------------------------------------


def _explanation(observed: Sequence[Observed], output_file: str | None) -> str:
    """Return what each column was taken for, what became of the rows, and which lines are left out."""
    from ipplan.importers.plan_text import make_plan
    from ipplan.importers.reading import counted
    from ipplan.output.table import Column, Table, render_plain, render_terminal

    def render(table: Table) -> str:
        if output_file is None and is_terminal():
            return render_terminal(table, terminal_width(), color=False)
        return render_plain(table)

    parts = []
    for one in observed:
        made = make_plan([one], None)
        parts.append(f"{escape(one.file)}: source {one.source}\n")
        if one.columns:
            rows = [(column.title, column.use) for column in one.columns]
            parts.append(render(Table((Column("column"), Column("taken for")), rows)))
        counts = [
            f"{counted(made.networks - made.wishes, 'network')} with a range",
            f"{counted(made.wishes, 'network')} without a range",
            counted(made.avoids, "avoided range"),
            counted(made.duplicates, "duplicate"),
        ]
        parts.append("".join(f"{text}\n" for text in counts))
        parts.append("".join(f"note: {escape(note)}\n" for note in one.notes if " is left out: " not in note))
        if one.left_out:
            rows3 = [(row.line, row.text, row.why) for row in one.left_out]
            columns = (Column("line", "number"), Column("row"), Column("left out because"))
            parts.append(render(Table(columns, rows3)))
        else:
            parts.append("no row is left out\n")
    return "\n".join(part for part in parts if part)
