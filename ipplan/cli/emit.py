"""How a command outputs its result: a format, the columns of a table, colour and width.

Knows nothing of what a command does. The command passes functions that make the table, the document and the text; this
module calls the one that the user asked for.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from ipplan.cli.streams import UsageProblem, deliver, goes_to_stdout, is_terminal, terminal_width
from ipplan.output.text import escape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ipplan.output.table import Choice, ColumnError, Table

LIST_COLUMNS = "help"
"""The value of --columns that lists the columns."""


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
            if output.columns == (LIST_COLUMNS,):
                deliver("".join(f"{name}\n" for name in column_names(error.titles)), output.file)
                return
            raise _unknown_column(error) from None
        if output.format != "table":
            deliver(_render(output, lambda: chosen, document, text), output.file)
            return
    deliver(_render(output, table, document, text), output.file)


def _unknown_column(error: ColumnError) -> UsageProblem:
    from ipplan.plan.problems import nearest

    near = nearest(error.name.replace("-", " ").replace("_", " "), error.titles)
    hint = f"did you mean {column_names([near])[0]}? " if near else ""
    return UsageProblem(
        f'the table has no column "{escape(error.name[:80])}"',
        f"{hint}its columns are {', '.join(column_names(error.titles))}",
    )


def column_names(titles: Iterable[str]) -> list[str]:
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
