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

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ipplan.output.table import Table

    Command = Callable[..., int | None]

UNLIMITED = 100_000
"""Columns of an output that is not a terminal, where a width has to be given: nothing is wrapped."""


class Output(NamedTuple):
    """What to produce: a format, the file to write (None: standard output), when to colour."""

    format: str = "table"
    file: str | None = None
    color: str = "auto"


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


def format_option(*formats: str) -> Callable[[Command], Command]:
    """Give a command --format, --json, --output and --force, and pass them as `output`; the first is the default.

    A plan that cannot be read is reported in the format that was asked for.
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
            **rest: Any,
        ) -> int | None:
            if json and output_format not in (None, "json"):
                raise click.UsageError(f"--json and --format {output_format} contradict each other")
            chosen = output_format or _format_of(output_file, formats) or formats[0]
            output = Output("json" if json else chosen, output_file, color)
            if output_file is not None:
                from ipplan.cli.outputs import guard_output

                guard_output(output_file, force=force)
            from ipplan.cli.plans import reporting_problems

            return reporting_problems(output, lambda: command(*args, output=output, **rest))

        options = [
            click.option(
                "-f", "--format", "output_format", type=click.Choice(formats),
                help=f"What to write (default: {formats[0]}).",
            ),
            file_option,
            force_option,
        ]  # fmt: skip
        if "json" in formats:
            options.insert(1, click.option("--json", is_flag=True, help="Short for --format json."))
        for option in reversed(options):
            run = option(run)
        return run

    return decorate


def _format_of(file: str | None, formats: Sequence[str]) -> str | None:
    """Return the format that the name of a file asks for: a picture, which nothing else is meant by."""
    return "svg" if "svg" in formats and file is not None and file.lower().endswith(".svg") else None


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
        "--ranges", "ranges_file", metavar="FILE",
        help="Take IBM Cloud's ranges from this file of ipplan ranges import, not from an edition.",
    )  # fmt: skip
    edition = click.option(
        "--ranges-edition", "ranges_edition", metavar="DATE",
        help="Edition of IBM Cloud's published ranges (default: the plan's, else the newest).",
    )  # fmt: skip
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
) -> None:
    """Make the result in the format that was asked for, and deliver it.

    `text` is what people read, given the width (None: not limited) and whether to colour; without it they
    read the table.
    """
    deliver(_render(output, table, document, text), output.file)


def _render(
    output: Output,
    table: Callable[[], Table],
    document: Callable[[], Mapping[str, object]],
    text: Callable[[int | None, bool], str] | None,
) -> str:
    if output.format == "json":
        from ipplan.output.documents import render_json

        return render_json(document())
    from ipplan.output.table import render_csv, render_markdown, render_plain, render_terminal

    if output.format == "csv":
        return render_csv(table())
    if output.format == "markdown":
        return render_markdown(table())
    if output.format != "table":
        raise UsageProblem(f"format {output.format} is not known here")
    width, color = appearance(output)
    if text is not None:
        return text(width, color)
    if width is None and not color:
        return render_plain(table())
    return render_terminal(table(), width or UNLIMITED, color)


def appearance(output: Output) -> tuple[int | None, bool]:
    """Return the width for text (None: not limited) and whether to colour it."""
    if output.file is None or goes_to_stdout(output.file):
        terminal = is_terminal()
        return terminal_width() if terminal else None, wants_color(output.color, terminal=terminal)
    # A file is coloured only if that is asked for in so many words.
    return None, output.color == "always"
