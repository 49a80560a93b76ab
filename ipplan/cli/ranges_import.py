"""`ipplan ranges import`: write a ranges file from IBM's page of IP ranges."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ipplan.cli.emit import Output
from ipplan.cli.help import Command
from ipplan.cli.options import file_option, force_option
from ipplan.cli.outputs import guard_output
from ipplan.cli.plans import reporting_problems
from ipplan.cli.streams import UsageProblem, deliver, goes_to_stdout, read_input, say
from ipplan.output.text import escape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ipplan.importers import Problem
    from ipplan.importers.ranges.rows import Head, Reading

_MOST_SHOWN = 100
"""Show at most 100 lines of one kind on standard error."""


@click.command(
    "import",
    cls=Command,
    short_help="Write a ranges file from IBM's page.",
    arguments={"FILE": 'The page as Markdown or saved HTML, or a ranges file; "-" reads standard input.'},
    examples=(
        ("Read a saved page", "ipplan ranges import ips-2025-10-03.md -o ranges.csv"),
        ("Skip rows that cannot be read", "ipplan ranges import ips-2025-10-03.md --lenient -o ranges.csv"),
        ("Check a plan with the result", "ipplan check plan.toml --ranges ranges.csv"),
    ),
    exit_status={0: "written", 2: "bad usage, no row that can be read, or without --lenient a row that cannot"},
)
@click.argument("page", metavar="FILE")
@click.option("--date", metavar="DATE", help="Date of the edition (default: the date in the file).")
@click.option("--url", metavar="URL", help="Address of the page (default: the address in the file).")
@click.option("--lenient", is_flag=True, help="Skip rows that cannot be read, and list each.")
@file_option
@force_option
def import_edition(
    *,
    page: str,
    date: str | None,
    url: str | None,
    lenient: bool,
    output_file: str | None,
    force: bool,
) -> int | None:
    """Write a ranges file from IBM's page "IBM Cloud IP ranges", for --ranges and ranges-file.

    Standard error lists rows that cannot be read and rows that look wrong: ranges that overlap another data center's,
    host bits, public ranges among private ones, unusual sizes, unknown data centers, duplicates, and tables that lost
    many rows.
    """
    guard_output(output_file, force=force)
    stated = _read_date(date), _read_url(url)
    return reporting_problems(Output("text", output_file), lambda: _import(page, *stated, output_file, lenient=lenient))


def _read_date(text: str | None) -> str | None:
    if text is None:
        return None
    from ipplan.importers.ranges.rows import read_date

    found = read_date(text)
    if found is None:
        raise click.BadParameter(f'"{escape(text[:80])}" is not a valid date', param_hint="--date")
    return found


def _read_url(text: str | None) -> str | None:
    if text is None:
        return None
    from ipplan.importers.ranges.page import read_url

    found = read_url(text)
    if found is None:
        raise click.BadParameter(f'"{escape(text[:80])}" is not a web address', param_hint="--url")
    return found


def _import(path: str, date: str | None, url: str | None, output: str | None, *, lenient: bool) -> int:
    from ipplan.importers import SourceError
    from ipplan.importers.ranges import make_edition, read_published
    from ipplan.importers.ranges.ranges_file import render_ranges_file
    from ipplan.importers.ranges.rows import unique
    from ipplan.importers.reading import source_problems

    data, file = read_input(path)
    try:
        reading = read_published(data, date)
        if reading.problems and not (lenient and reading.rows):
            raise SourceError(*reading.problems)
    except SourceError as error:
        if error.problems[0].line is not None and not lenient:
            say("note: --lenient skips the rows that cannot be read")
        raise source_problems(error, file) from None
    head = _with_stated(reading.head, date, url, file)
    edition = make_edition(head, file)
    rows, _ = unique(reading.rows)
    _report(reading, edition.date, file)
    deliver(render_ranges_file(edition, rows), output)
    where = "" if output is None or goes_to_stdout(output) else f"; written to {output}"
    centers = {row.data_center for row in rows} - {None, "all"}
    say(f"{file}: {len(rows):,} ranges of {len(centers):,} data centers, edition {edition.date}{where}")
    return 0


def _with_stated(head: Head, date: str | None, url: str | None, file: str) -> Head:
    """Return the head with the values of the command line, and without any date, with the one in the file name."""
    from ipplan.importers.ranges import find_date

    if date is not None and head.date is not None and date != head.date and head.title is not None:
        head = head._replace(title=head.title.replace(head.date, date))
    head = head._replace(date=date or head.date, url=url or head.url)
    if head.date is not None:
        return head
    found = find_date(file)
    if found is None:
        raise UsageProblem(f"{file} does not state the date of its edition", "add --date, such as 2025-10-03")
    say(f"note: {file} does not state the date of its edition; using {found} from its name")
    return head._replace(date=found)


def _report(reading: Reading, date: str, file: str) -> None:
    """List the rows that are skipped and those that look wrong on standard error."""
    from ipplan.importers.ranges.suspects import choose_base, find_suspects

    _say_all("skipped", reading.problems, file)
    _say_all("note", reading.remarks, file)
    _say_all("suspect", find_suspects(reading.rows, choose_base(date)), file)


def _say_all(word: str, problems: Sequence[Problem], file: str) -> None:
    for problem in problems[:_MOST_SHOWN]:
        line = "" if problem.line is None else f":{problem.line}"
        hint = "" if problem.help is None else f"; {problem.help}"
        say(f"{word}: {file}{line}: {problem.message}{hint}")
    if len(problems) > _MOST_SHOWN:
        say(f"{word}: and {len(problems) - _MOST_SHOWN:,} more")
