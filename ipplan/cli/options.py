"""Options that several commands share, and the one way in which a command hands over its result.

Knows nothing of what a command does: it is given functions that make the table, the document and the text,
and calls the one that is asked for.
"""

from __future__ import annotations

import os
from functools import wraps
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from ipplan.cli.streams import UsageProblem, deliver, goes_to_stdout, is_terminal, terminal_width
from ipplan.output.text import escape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from click.shell_completion import CompletionItem

    from ipplan.output.table import Choice, ColumnError, Table

    Command = Callable[..., int | None]


class Output(NamedTuple):
    """What to produce: a format, the file to write (None: standard output), when to colour, which columns of a table.

    `columns` are names as they were given, none for those that a table has without a word; `wide` asks for all.
    """

    format: str = "table"
    file: str | None = None
    color: str = "auto"
    columns: tuple[str, ...] = ()
    wide: bool = False

    @property
    def choice(self) -> Choice:
        """The columns that are asked for, as every table for people takes it."""
        from ipplan.output.table import Choice

        return Choice(self.columns, self.wide)


file_option = click.option(
    "-o",
    "--output",
    "output_file",
    metavar="FILE",
    help="Write to FILE, whole or not at all, instead of standard output.",
)
"""Gives a command --output, passed as `output_file`; the command hands it to `outputs.guard_output` first."""

force_option = click.option("--force", is_flag=True, help="Let -o replace a file that holds a plan.")
"""Gives a command --force, for -o."""


_LIST_COLUMNS = "help"
"""What --columns takes to list the columns."""


def format_option(*formats: str, columns: str | None = None) -> Callable[[Command], Command]:
    """Give a command --format, --json, --output and --force, and pass them as `output`; the first is the default.

    With `columns` also --columns and --wide; it is the module of `ipplan.output` whose COLUMNS are chosen from. A plan that cannot be read is reported in the format that was asked for.
    """

    def decorate(command: Command) -> Command:
        @wraps(command)
        def run(
            *args: Any,
            output_format: str | None,
            output_file: str | None,
            force: bool,
            json: bool = False,
            color: str = "auto",
            column_names: tuple[str, ...] = (),
            wide: bool = False,
            **rest: Any,
        ) -> int | None:
            if json and output_format not in (None, "json"):
                raise click.UsageError(f"--json and --format {output_format} contradict each other")
            chosen = output_format or _format_of(output_file, formats) or formats[0]
            output = Output("json" if json else chosen, output_file, color, column_names, wide)
            if output_file is not None:
                from ipplan.cli.outputs import guard_output

                guard_output(output_file, force=force)
            from ipplan.cli.plans import reporting_problems

            return reporting_problems(output, lambda: command(*args, output=output, **rest))

        options = [
            click.option(
                "-f",
                "--format",
                "output_format",
                type=click.Choice(formats),
                help=f"What to write (default: {formats[0]}).",
            ),
            file_option,
            force_option,
        ]
        if "json" in formats:
            options.insert(1, click.option("--json", is_flag=True, help="Short for --format json."))
        if columns is not None:
            options += [
                click.option(
                    "--columns",
                    "column_names",
                    metavar="NAME,...",
                    type=_ColumnNames(columns),
                    default=(),
                    help=f"Show these columns of the table, in this order; {_LIST_COLUMNS} lists them.",
                ),
                click.option(
                    "--wide",
                    is_flag=True,
                    help="Show every column that says something, also where the terminal is narrower.",
                ),
            ]
        for option in reversed(options):
            run = option(run)
        return run

    return decorate


def _format_of(file: str | None, formats: Sequence[str]) -> str | None:
    """Return the format that the name of a file asks for: a picture, which nothing else is meant by."""
    return "svg" if "svg" in formats and file is not None and file.lower().endswith(".svg") else None


class _ColumnNames(click.ParamType):  # type: ignore[type-arg]
    """Names of columns with commas between them; they complete to the titles of a module's COLUMNS."""

    name = "columns"

    def __init__(self, module: str) -> None:
        self._module = module

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        """Return the names; which of them there are is known when the table is."""
        if isinstance(value, tuple):
            return value
        names = tuple(name.strip() for name in str(value).split(",") if name.strip())
        if not names:
            self.fail(f"it names no column; {_LIST_COLUMNS} lists them", param, ctx)
        return names

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem[Any]]:
        """Return what the last name may be, behind the names before it."""
        del ctx, param
        from importlib import import_module

        from click.shell_completion import CompletionItem

        before, comma, last = incomplete.rpartition(",")
        titles = [column.title for column in import_module(f"ipplan.output.{self._module}").COLUMNS]
        return [CompletionItem(before + comma + name) for name in _names(titles) if name.startswith(last)]


def network_options(what: str = "") -> Callable[[Command], Command]:
    """Give a command --kind, --cluster and --network, passed as `kinds`, `clusters` and `names`.

    `what` is what the command shows of these networks, such as "spaces of"; the networks themselves if it is empty.
    """
    only = f"Only {what} ".replace("  ", " ")
    return _all_of(
        click.option(
            "--kind", "kinds", metavar="KIND", multiple=True, help=f"{only}networks of this kind; repeatable."
        ),
        click.option(
            "--cluster",
            "clusters",
            metavar="CLUSTER",
            multiple=True,
            help=f"{only}networks of this cluster; repeatable.",
        ),
        click.option("--network", "names", metavar="NETWORK", multiple=True, help=f"{only}this network; repeatable."),
    )


def _all_of(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


color_option = click.option(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    help="When to colour; auto: on a terminal, as NO_COLOR and FORCE_COLOR say.",
)
"""Gives a command --color; with `format_option` it becomes part of `output`."""


def edition_option(command: Command) -> Command:
    """Give a command --ranges-edition and --ranges, and pass what is chosen as `ranges_edition`.

    That is the name of an edition of the catalogue, the path of a file, which is never such a name, or None.
    """

    @wraps(command)
    def run(*args: Any, ranges_edition: str | None, ranges_file: str | None, **rest: Any) -> int | None:
        return command(*args, ranges_edition=_choose_edition(ranges_edition, ranges_file), **rest)

    file = click.option(
        "--ranges",
        "ranges_file",
        metavar="FILE",
        help="Take IBM Cloud's ranges from this file of ipplan ranges import, not from an edition.",
    )
    edition = click.option(
        "--ranges-edition",
        "ranges_edition",
        metavar="DATE",
        help="Edition of IBM Cloud's published ranges (default: the plan's, else the newest).",
    )
    return edition(file(run))


def _choose_edition(edition: str | None, file: str | None) -> str | None:
    if edition is None and file is None:
        return None
    from ipplan.catalog import EDITIONS

    if edition is None:
        return os.path.join(os.curdir, file) if file is not None and file in EDITIONS else file
    if file is not None:
        raise click.UsageError("--ranges and --ranges-edition exclude each other")
    if edition not in EDITIONS:
        raise click.BadParameter(
            f"no edition {edition} of IBM's ranges; known are {', '.join(EDITIONS)}; --ranges takes a file",
            param_hint="--ranges-edition",
        )
    return edition


def wants_color(choice: str, *, terminal: bool) -> bool:
    """Decide on colour from --color, NO_COLOR and FORCE_COLOR (neither counts if empty) and the stream."""
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    return terminal or os.environ.get("FORCE_COLOR", "0") not in ("", "0")


def emit(
    output: Output,
    *,
    table: Callable[[], Table],
    document: Callable[[], Mapping[str, object]],
    text: Callable[[int | None, bool], str] | None = None,
    listed: Callable[[], Table] | None = None,
    tabular: bool = True,
) -> None:
    """Make the result in the format that was asked for, and deliver it.

    `text` is what people read, given the width (None: not limited) and whether to colour; without it they
    read the table. `listed` is the table in that text, where its columns are others than those of `table`; a text
    that is not `tabular` has none, and refuses --columns and --wide.
    """
    if not tabular and output.format == "table" and (output.columns or output.wide):
        raise UsageProblem(
            "--columns and --wide choose columns of a table, and this is no table",
            "--format csv --columns NAME,... has one",
        )
    if output.columns and output.format != "json":
        from ipplan.output.table import ColumnError, choose

        whole = (listed if listed is not None and output.format == "table" else table)()
        try:
            chosen = choose(whole, output.columns)
        except ColumnError as error:
            if output.columns == (_LIST_COLUMNS,):
                deliver("".join(f"{name}\n" for name in _names(error.titles)), output.file)
                return
            raise _unknown_column(error) from None
        if output.format != "table":
            deliver(_render(output, lambda: chosen, document, text), output.file)
            return
    deliver(_render(output, table, document, text), output.file)


def _unknown_column(error: ColumnError) -> UsageProblem:
    from ipplan.plan.load import nearest

    near = nearest(error.name.replace("-", " ").replace("_", " "), error.titles)
    hint = f"did you mean {_names([near])[0]}? " if near else ""
    return UsageProblem(
        f'the table has no column "{escape(error.name[:80])}"',
        f"{hint}its columns are {', '.join(_names(error.titles))}",
    )


def _names(titles: Iterable[str]) -> list[str]:
    """Return titles as --columns takes them without quotes."""
    return [escape(title.replace(" ", "-")) for title in titles]


def _render(
    output: Output,
    table: Callable[[], Table],
    document: Callable[[], Mapping[str, object]],
    text: Callable[[int | None, bool], str] | None,
) -> str:
    if output.format == "json":
        from ipplan.output.documents import render_json

        return render_json(document())
    from ipplan.output.table import render_csv, render_for_people, render_markdown

    if output.format == "csv":
        return render_csv(table())
    if output.format == "markdown":
        return render_markdown(table())
    if output.format != "table":
        raise UsageProblem(f"format {output.format} is not known here")
    width, color = appearance(output)
    if text is not None:
        return text(width, color)
    return render_for_people(table(), width=width, color=color, choice=output.choice)


def appearance(output: Output) -> tuple[int | None, bool]:
    """Return the width for text (None: not limited) and whether to colour it."""
    if output.file is None or goes_to_stdout(output.file):
        terminal = is_terminal()
        return terminal_width() if terminal else None, wants_color(output.color, terminal=terminal)
    # A file is coloured only if that is asked for in so many words.
    return None, output.color == "always"
