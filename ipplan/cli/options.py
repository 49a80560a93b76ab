"""Options that several commands share.

Knows nothing of what a command does. `format_option` gives a command the options of its output and passes them as one
value.
"""

from __future__ import annotations

import os
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from ipplan.cli.emit import LIST_COLUMNS, Output, column_names
from ipplan.cli.help import CommonOption

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from click.shell_completion import CompletionItem

    Function = Callable[..., int | None]


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
            help=f"Show only these columns, in this order; --columns {LIST_COLUMNS} lists them.",
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
            self.fail(f"names no column; --columns {LIST_COLUMNS} lists them", param, ctx)
        return names

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem[Any]]:
        """Return the candidates for the last name, each with the names before it."""
        del ctx, param
        from importlib import import_module

        from click.shell_completion import CompletionItem

        before, comma, last = incomplete.rpartition(",")
        titles = [column.title for column in import_module(f"ipplan.output.{self._module}").COLUMNS]
        return [CompletionItem(before + comma + name) for name in column_names(titles) if name.startswith(last)]


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
