"""`ipplan import`: write a plan from files of other tools or a table of networks, or add them to a plan."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from ipplan.cli.help import Command
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
from ipplan.plan.load import PlanError, parse_plan
from ipplan.plan.problems import nearest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ipplan.importers import Options
    from ipplan.importers.into import Addition
    from ipplan.importers.plan_text import Imported
    from ipplan.observed import Observed

LARGEST_READ_BACK = 4 * 1024 * 1024
"""Read a plan back before it is written only up to 4 Mi characters."""
_SMALLER = "remove rows that lie outside the address space of the plan"
_MOST_LISTED = 20
"""List at most 20 skipped rows."""


class _Mode(NamedTuple):
    """What to do with the rows, beside writing a plan of their own."""

    into: str | None
    dry_run: bool
    explain: bool


@click.command(
    "import",
    cls=Command,
    arguments={
        "SOURCE": "What the files are: auto, or a source of --list.",
        "FILE": 'Files of that source; "-" reads standard input.',
    },
    examples=(
        ("Write a plan from a table of networks", "ipplan import auto networks.csv -o new-plan.toml"),
        ("Show how ipplan reads a file", "ipplan import auto networks.csv --explain"),
        ("Add the networks of a file to a plan", "ipplan import auto networks.csv --into plan.toml --dry-run"),
        ("Read a cluster (needs kubectl)", "kubectl get nodes -o json | ipplan import kubectl-nodes - -o iks.toml"),
    ),
    exit_status={
        0: "written",
        1: "--into would add errors to the plan",
        2: "bad usage, or a file that cannot be read",
    },
)
@click.argument("source", metavar="[SOURCE]", required=False)
@click.argument("files", metavar="FILE...", nargs=-1)
@click.option("--name", metavar="TEXT", help="Name of the plan (default: the name of the first file).")
@click.option("--into", "into", metavar="PLAN", help="Add what is missing to PLAN; nothing else in it changes.")
@click.option("--dry-run", is_flag=True, help="Show the difference that --into would make. Write nothing.")
@click.option(
    "--explain",
    is_flag=True,
    help="Show how each column is read and which rows are skipped. Write no plan.",
)
@click.option("--skip-rows", metavar="N", type=click.IntRange(0), default=0, help="Lines above the header of a table.")
@click.option(
    "--column",
    "columns",
    metavar="FIELD=TITLE",
    multiple=True,
    help="Read this field from the column with this title or number; repeatable.",
)
@click.option("--sheet", metavar="NAME", help="The sheet of a workbook.")
@click.option("--lenient", is_flag=True, help="Skip rows of a table that cannot be read, and list each.")
@click.option("--list", "list_sources", is_flag=True, help="List the sources and the command that produces each file.")
@file_option
@force_option
def command(
    *,
    source: str | None,
    files: tuple[str, ...],
    name: str | None,
    skip_rows: int,
    columns: tuple[str, ...],
    sheet: str | None,
    lenient: bool,
    output_file: str | None,
    force: bool,
    list_sources: bool,
    **mode: Any,
) -> int:
    """Write a plan from files of other tools, or from a table of networks.

    A row of a table with a kind and a size but no range becomes a network to allocate. A row without a kind that ipplan
    knows becomes [[avoid]] with its description, so that nothing is allocated there.
    """
    from ipplan.importers import AUTO, IMPORTERS, Options

    asked = _Mode(**mode)
    if asked.explain and source is not None and source not in (AUTO, *IMPORTERS):
        # `import --explain FILE` needs no source.
        source, files = AUTO, (source, *files)
    guard_output(output_file, force=force)
    if list_sources:
        _list()
        return 0
    source = _check_usage(source, files, asked, output_file)
    options = Options(skip_rows, lenient or asked.explain, _columns(columns), sheet)
    observed, errors = _read_all(source, files, options, quiet=asked.explain)
    if errors:
        return report_problems(None, errors)
    if asked.explain:
        deliver(_explanation(observed, output_file), output_file)
        return 0
    if asked.into is not None:
        return _add(asked.into, observed, output_file, dry_run=asked.dry_run)
    return _write(observed, name if name is not None else _stem(files[0]), output_file)


def _read_all(
    source: str, files: Sequence[str], options: Options, *, quiet: bool
) -> tuple[list[Observed], list[PlanError]]:
    """Return what each file holds, and the errors of those that cannot be read."""
    observed: list[Observed] = []
    errors: list[PlanError] = []
    for path in files:
        try:
            observed.append(read_file(source, path, options, quiet=quiet))
        except InputProblem as problem:
            errors.append(as_plan_error(problem))
        except PlanError as error:
            errors.append(error)
    return observed, errors


def _check_usage(source: str | None, files: Sequence[str], asked: _Mode, output_file: str | None) -> str:
    """Return the source; raise for what is missing and for options that contradict each other."""
    from ipplan.importers import IMPORTERS

    if source is None:
        raise click.UsageError("missing argument SOURCE; ipplan import --list shows the sources, auto detects one")
    _require_source(source)
    if not files:
        example = f", such as from {IMPORTERS[source].command}" if source in IMPORTERS else ""
        raise click.UsageError(f'missing argument FILE; "-" reads standard input{example}')
    if files.count("-") > 1:
        raise click.UsageError('standard input can be read only once, but "-" is given more than once')
    if asked.dry_run and asked.into is None:
        raise click.UsageError("--dry-run needs --into")
    if asked.explain and asked.into is not None:
        raise click.UsageError("--explain writes no plan, so it contradicts --into")
    if output_file is None and not asked.dry_run and asked.into in ("-", "/dev/stdin"):
        raise UsageProblem("--into needs a plan file: a stream cannot be written back", "name a file after -o")
    return source


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
            hint = f"did you mean {near}?" if near else f"the fields are {', '.join(FIELDS)}"
            raise UsageProblem(f'unknown field "{escape(field[:80])}"', hint)
        found.append((field, title.strip()))
    return tuple(found)


def _require_source(name: str) -> None:
    """Raise for an unknown source, with the nearest one."""
    from ipplan.importers import AUTO, IMPORTERS

    if name not in (AUTO, *IMPORTERS):
        near = nearest(name, (AUTO, *IMPORTERS))
        if os.path.exists(name):
            near = f"ipplan import {AUTO} {name}"
        hint = f"did you mean {near}?" if near else "ipplan import --list shows the sources"
        raise UsageProblem(f'unknown source "{escape(name[:80])}"', hint)


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
        say(f"warning: the plan exceeds {LARGEST_INPUT >> 20} MiB, the largest that ipplan reads; {_SMALLER}")
    if len(made.text) <= LARGEST_READ_BACK:
        # The result must be a valid plan, whatever the files hold. A longer plan consists mostly of avoided ranges,
        # which are written in one way only.
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
    if made.avoids and not made.networks and any(one.source in ("csv", "xlsx") for one in observed):
        say("note: a row without a kind becomes an avoided range; to make it a network, add a column kind")
    for text in made.everything:
        say(f"skipped: {text} is every address")
    if made.containers and not made.pools:
        listed = ", ".join(map(str, made.containers[:4])) + (", ..." if len(made.containers) > 4 else "")
        say(f"containers hold other ranges and reserve nothing: {listed}; to allocate from one, write it in byoip")


def _say_files(observed: Sequence[Observed]) -> None:
    from ipplan.importers.reading import counted

    for one in observed:
        say(f"{one.file}: {counted(len(one.rows) + len(one.wishes), 'row')} of {one.source}")


# -- into a plan -----------------------------------------------------------------------------------------------


def _add(path: str, observed: Sequence[Observed], output_file: str | None, *, dry_run: bool) -> int:
    """Add the missing rows to a plan, unless that adds errors."""
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
        what = f"{file} would exceed {LARGEST_INPUT >> 20} MiB, the largest plan that ipplan reads"
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
    """Report the errors that the new rows would add to the plan; return whether there are any."""
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
        say(f"error: --into does not write {file}: with the new rows the plan would {what}")
        say_errors(found)
        say(f"help: {found[0].help or 'correct the rows, or import them into a plan of their own'}")
    return bool(found)


def _say_addition(observed: Sequence[Observed], addition: Addition, file: str, *, dry_run: bool) -> None:
    from ipplan.importers.reading import counted

    _say_files(observed)
    made = addition.made
    said = f"{counted(made.networks, 'network')} and {counted(made.avoids, 'avoided range')}"
    verb = "would be added to" if dry_run else "added to"
    say(f"{said} {verb} {file}; {counted(addition.present, 'row')} already there")
    for text in addition.skipped[:_MOST_LISTED]:
        say(f"skipped: {text}")
    if len(addition.skipped) > _MOST_LISTED:
        say(f"skipped: {len(addition.skipped) - _MOST_LISTED:,} more")


# -- how files are read ---------------------------------------------------------------------------------------


def _explanation(observed: Sequence[Observed], output_file: str | None) -> str:
    """Return how each column is read, how many rows become what, and which rows are skipped."""
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
            parts.append(render(Table((Column("column"), Column("read as")), rows)))
        counts = [
            f"{counted(made.networks - made.wishes, 'network')} with a range",
            f"{counted(made.wishes, 'network')} without a range",
            counted(made.avoids, "avoided range"),
            counted(made.duplicates, "duplicate"),
        ]
        parts.append("".join(f"{text}\n" for text in counts))
        parts.append("".join(f"note: {escape(note)}\n" for note in one.notes))
        if one.skipped:
            rows3 = [(row.line, row.text, row.why) for row in one.skipped]
            columns = (Column("line", "number"), Column("row"), Column("skipped because"))
            parts.append(render(Table(columns, rows3)))
        else:
            parts.append("no row is skipped\n")
    return "\n".join(part for part in parts if part)
