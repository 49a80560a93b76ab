"""Options that several commands share, and the one way in which a command outputs its result.

Knows nothing of what a command does. The command passes functions that make the table, the document and the text; this
module calls the one that the user asked for.
"""

from __future__ import annotations

import os
from functools import wraps
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from ipplan.cli.help import CommonOption
from ipplan.cli.streams import UsageProblem, deliver, goes_to_stdout, is_terminal, terminal_width
from ipplan.output.text import escape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from click.shell_completion import CompletionItem

    from ipplan.output.table import Choice, ColumnError, Table

    Function = Callable[..., int | None]


class Output(NamedTuple):
    """What to produce: a format, the file to write (None: standard output), when to colour, which columns of a table.

    `columns` are names as the user gave them; none means the default columns of a table. `wide` asks for all.
    """

    format: str = "table"
    file: str | None = None
    color: str = "auto"
    columns: tuple[str, ...] = ()
    wide: bool = False

    @property
    def choice(self) -> Choice:
        """Return the requested columns in the form that every table for people takes."""
        from ipplan.output.table import Choice

        return Choice(self.columns, self.wide)


def common_option(*names: str, **attrs: Any) -> Callable[[Function], Function]:
    """Return the decorator for an option that many commands share, which the help lists after the command's own."""
    return click.option(*names, cls=CommonOption, **attrs)


file_option = common_option(
    "-o",
    "--output",
    "output_file",
    metavar="FILE",
    help="Write to FILE instead of standard output: the whole result or nothing.",
)
"""Gives a command --output, passed as `output_file`; the command passes it to `outputs.guard_output` first."""

force_option = common_option("--force", is_flag=True, help="Let -o overwrite a file that holds a plan.")
"""Gives a command --force, for -o."""


_LIST_COLUMNS = "help"
"""The value of --columns that lists the columns."""


def format_option(*formats: str, columns: str | None = None) -> Callable[[Function], Function]:
    """Give a command --format, --json, --output and --force, and pass them as `output`; the first is the default.

    With `columns` also --columns and --wide. It is the module of `ipplan.output` whose COLUMNS can be chosen. A plan
    that cannot be read is reported in the format that was asked for.
    """

    def decorate(command: Function) -> Function:
        @wraps(command)
        def run(*args: Any, **params: Any) -> int | None:
            output = _take_output(params, formats)
            from ipplan.cli.plans import reporting_problems

            return reporting_problems(output, lambda: command(*args, output=output, **params))

        return all_of(*_output_options(formats, columns))(run)

    return decorate


def _take_output(params: dict[str, Any], formats: Sequence[str]) -> Output:
    """Remove the parameters of `format_option` from those of a command and return what they ask for."""
    json, named = params.pop("json", False), params.pop("output_format")
    file, force = params.pop("output_file"), params.pop("force")
    if json and named not in (None, "json"):
        raise click.UsageError(f"--json and --format {named} contradict each other")
    if file is not None:
        from ipplan.cli.outputs import guard_output

        guard_output(file, force=force)
    return Output(
        format="json" if json else named or _format_of(file, formats) or formats[0],
        file=file,
        color=params.pop("color", "auto"),
        columns=params.pop("column_names", ()),
        wide=params.pop("wide", False),
    )


def _output_options(formats: Sequence[str], columns: str | None) -> Iterator[Callable[[Function], Function]]:
    """Yield the options of `format_option`, in the order of the help."""
    yield common_option(
        "-f",
        "--format",
        "output_format",
        metavar="FORMAT",
        type=click.Choice(formats),
        help=f"Output format: {formats[0]} (default), {', '.join(formats[1:-1])} or {formats[-1]}.",
    )
    if "json" in formats:
        yield common_option("--json", is_flag=True, help="Short for --format json.")
    yield file_option
    yield force_option
    if columns is not None:
        yield common_option(
            "--columns",
            "column_names",
            metavar="NAME,...",
            type=_ColumnNames(columns),
            default=(),
            help=f"Show only these columns, in this order; --columns {_LIST_COLUMNS} lists them.",
        )
        yield common_option(
            "--wide", is_flag=True, help="Show every column that has content, even if lines exceed the terminal."
        )


def _format_of(file: str | None, formats: Sequence[str]) -> str | None:
    """Return the format that a file name asks for: .svg is a picture and cannot mean anything else."""
    return "svg" if "svg" in formats and file is not None and file.lower().endswith(".svg") else None


class _ColumnNames(click.ParamType):  # type: ignore[type-arg]
    """Column names separated by commas; completion offers the titles of a module's COLUMNS."""

    name = "columns"

    def __init__(self, module: str) -> None:
        self._module = module

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        """Return the names. They are checked later, against the table."""
        if isinstance(value, tuple):
            return value
        names = tuple(name.strip() for name in str(value).split(",") if name.strip())
        if not names:
            self.fail(f"names no column; --columns {_LIST_COLUMNS} lists them", param, ctx)
        return names

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem[Any]]:
        """Return the candidates for the last name, each with the names before it."""
        del ctx, param
        from importlib import import_module

        from click.shell_completion import CompletionItem

        before, comma, last = incomplete.rpartition(",")
        titles = [column.title for column in import_module(f"ipplan.output.{self._module}").COLUMNS]
        return [CompletionItem(before + comma + name) for name in _names(titles) if name.startswith(last)]


def network_options(what: str = "") -> Callable[[Function], Function]:
    """Give a command --kind, --cluster and --network, passed as `kinds`, `clusters` and `names`.

    `what` is the part of these networks that the command shows, such as "spaces of"; if empty, the networks themselves.
    """
    only = f"Only {what} ".replace("  ", " ")
    return all_of(
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


def all_of(*options: Callable[[Function], Function]) -> Callable[[Function], Function]:
    """Return one decorator for several options, which the help lists in this order."""

    def decorate(command: Function) -> Function:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


color_option = common_option(
    "--color",
    metavar="WHEN",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    help="Colour: auto (default; on terminals, obeys NO_COLOR and FORCE_COLOR), always or never.",
)
"""Gives a command --color; with `format_option` it becomes part of `output`."""


def edition_option(command: Function) -> Function:
    """Give a command --ranges-edition and --ranges, and pass the choice as `ranges_edition`.

    The choice is the name of an edition of the catalogue, the path of a file (never equal to such a name), or None.
    """

    @wraps(command)
    def run(*args: Any, ranges_edition: str | None, ranges_file: str | None, **rest: Any) -> int | None:
        return command(*args, ranges_edition=_choose_edition(ranges_edition, ranges_file), **rest)

    file = common_option(
        "--ranges",
        "ranges_file",
        metavar="FILE",
        help="Read IBM Cloud's ranges from FILE, as ipplan ranges import writes it.",
    )
    edition = common_option(
        "--ranges-edition",
        "ranges_edition",
        metavar="DATE",
        help="Edition of IBM Cloud's published ranges. Default: the plan's, else the newest.",
    )
    return edition(file(run))


def _choose_edition(edition: str | None, file: str | None) -> str | None:
    if edition is None and file is None:
        return None
    from ipplan.catalog import EDITIONS

    if edition is None:
        return os.path.join(os.curdir, file) if file is not None and file in EDITIONS else file
    if file is not None:
        raise click.UsageError("--ranges and --ranges-edition contradict each other")
    if edition not in EDITIONS:
        raise click.BadParameter(
            f"no edition {edition} of IBM's ranges; the editions are {', '.join(EDITIONS)}; --ranges takes a file",
            param_hint="--ranges-edition",
        )
    return edition


def wants_color(choice: str, *, terminal: bool) -> bool:
    """Decide on colour from --color, NO_COLOR, FORCE_COLOR (both ignored if empty) and the stream."""
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
    """Make the result in the requested format and deliver it.

    `text` makes what people read from the width (None: not limited) and whether to colour; without it they read the
    table. `listed` is the table in that text if its columns differ from those of `table`. A text that is not `tabular`
    has no table and rejects --columns and --wide.
    """
    if not tabular and output.format == "table" and (output.columns or output.wide):
        raise UsageProblem(
            "--columns and --wide choose columns of a table, and this output has no table",
            "--format csv --columns NAME,... writes a table",
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
    """Return titles in the form that --columns takes without quotes."""
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
        raise UsageProblem(f"this command has no format {output.format}")
    width, color = appearance(output)
    if text is not None:
        return text(width, color)
    return render_for_people(table(), width=width, color=color, choice=output.choice)


def appearance(output: Output) -> tuple[int | None, bool]:
    """Return the width for text (None: not limited) and whether to colour it."""
    if output.file is None or goes_to_stdout(output.file):
        terminal = is_terminal()
        return terminal_width() if terminal else None, wants_color(output.color, terminal=terminal)
    # A file is coloured only with --color always.
    return None, output.color == "always"
