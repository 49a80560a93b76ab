"""`ipplan lab`: build the plan in network namespaces and send the flows; `ipplan lab enter`: a shell in a device."""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from ipplan.cli.emit import Output, emit
from ipplan.cli.help import Command
from ipplan.cli.options import color_option, edition_option, format_option
from ipplan.cli.plans import choose_catalog, read_plan, require_plan
from ipplan.cli.settle import settle
from ipplan.cli.streams import UsageProblem, deliver, is_terminal, say, say_text, terminal_width
from ipplan.output.text import cells, escape

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn

    from ipplan.catalog import Catalog
    from ipplan.flows import Trace
    from ipplan.lab.run import Design
    from ipplan.landscape import Landscape
    from ipplan.plan.model import Plan
    from ipplan.proof import Report

_ENTER = "enter"
_AFTER = 0.5
"""Show progress only after half a second."""


class _Lab(Command):
    """Passes the options after `enter DEVICE` to the command that runs there."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Leave everything after enter as it is, except --help."""
        if args[:1] == [_ENTER] and args[1:2] not in (["--help"], ["-h"]) and "--" not in args:
            args = ["--", *args]
        return super().parse_args(ctx, args)


@click.command(
    "lab",
    cls=_Lab,
    arguments={
        "enter DEVICE [COMMAND]": "Open a shell, or run a command, in a device of a lab that --keep holds open."
    },
    examples=(
        ("Send every documented flow (needs Linux)", "ipplan lab plan.toml"),
        ("List the commands, run nothing", "ipplan lab plan.toml --dry-run"),
        ("Leave the lab up (needs Linux)", "ipplan lab plan.toml --keep"),
        ("Show the routes of a device in it (needs a lab)", "ipplan lab enter esg ip route"),
    ),
    exit_status={
        0: "packets did what ipplan flows says",
        1: "a packet did something else",
        2: "bad usage, or a flow could not be run",
    },
)
@click.argument("words", metavar="[PLAN]", nargs=-1)
@click.option("--from", "start", metavar="END", help="Send only this pair: its start, as in ipplan flows.")
@click.option("--to", "end", metavar="END", help="The end of the pair.")
@click.option("--all", "every", is_flag=True, help="Send between all pairs of networks, not only the documented flows.")
@click.option(
    "--dry-run", is_flag=True, help="List the commands, each with the exported file it comes from. Run nothing."
)
@click.option("--keep", is_flag=True, help="Leave the lab up until Ctrl-C.")
@click.option("--verbose", is_flag=True, help="Show every device on each path, the surroundings and the versions.")
@edition_option
@format_option("table", "json", "csv", "markdown")
@color_option
def command(
    *,
    words: tuple[str, ...],
    start: str | None,
    end: str | None,
    every: bool,
    dry_run: bool,
    keep: bool,
    verbose: bool,
    ranges_edition: str | None,
    output: Output,
) -> int:
    """Build the plan in network namespaces, send its flows, and compare what packets do with ipplan flows.

    Only the files that ipplan export writes configure the devices. The lab changes nothing on this machine, and nothing
    remains when it ends.
    """
    if words[:1] == (_ENTER,):
        return _enter(words[1:])
    if len(words) > 1:
        raise click.UsageError(f"lab takes one plan; {words[1]!r} is one argument too many")
    if (start is None) != (end is None):
        raise click.UsageError("--from needs --to, and --to needs --from")
    if every and start is not None:
        raise click.UsageError("--all and --from contradict each other")
    if keep and dry_run:
        raise click.UsageError("--keep and --dry-run contradict each other")
    plan, data = read_plan(require_plan(words[0] if words else None))
    catalog = choose_catalog(ranges_edition, plan)
    _say_errors(plan, catalog)
    plan = settle(plan, catalog)
    design = _design(plan, catalog, start, end, every=every)
    if dry_run:
        from ipplan.lab.listing import render_listing

        deliver(render_listing(design.blueprint), output.file)
        return 0
    return _run(plan, data, catalog, design, output, keep=keep, verbose=verbose)


def _say_errors(plan: Plan, catalog: Catalog) -> None:
    """Warn of the errors in the plan; the lab is built anyway."""
    from datetime import date

    from ipplan.checks import check_plan

    findings = check_plan(plan, catalog, date.today())
    count = sum(f.severity == "error" and f.waived is None for f in findings)
    if count:
        say(
            f"warning: ipplan check finds {count:,} error{'' if count == 1 else 's'} in the plan; the lab is built anyway"
        )


def _design(plan: Plan, catalog: Catalog, start: str | None, end: str | None, *, every: bool) -> Design:
    from ipplan.exporters import Request
    from ipplan.flows import FlowError
    from ipplan.lab.run import design, documented, every_pair
    from ipplan.landscape import Landscape

    landscape = Landscape(plan.in_service, catalog)
    try:
        if start is not None and end is not None:
            traces: list[Trace] = [_trace(landscape, start, end)]
        else:
            traces = list(every_pair(landscape) if every else documented(landscape))
    except FlowError as error:
        raise UsageProblem(escape(str(error)), error.help and escape(error.help)) from None
    if not traces:
        raise UsageProblem(
            "the plan has no pair for a documented flow", "name two ends with --from and --to, or pass --all"
        )
    return design(Request(landscape), traces)


def _trace(landscape: Landscape, start: str, end: str) -> Trace:
    from ipplan.flows import Tracer, find_machine, trace

    return trace(Tracer(landscape), find_machine(landscape, start), find_machine(landscape, end))


def _run(
    plan: Plan, data: bytes, catalog: Catalog, design: Design, output: Output, *, keep: bool, verbose: bool
) -> int:
    from ipplan.lab.model import LabError
    from ipplan.lab.run import prove, start

    progress = Progress()
    try:
        with start(design, plan.name, progress.show) as process:
            report = prove(design, process, data, progress.show)
            progress.clear()
            _emit(plan, report, catalog, output, verbose=verbose)
            if keep:
                _keep(report)
                with suppress(KeyboardInterrupt):
                    process.wait()
        return report.status
    except LabError as error:
        progress.clear()
        raise UsageProblem(escape(str(error)), error.help and escape(error.help)) from None
    finally:
        progress.clear()


def _emit(plan: Plan, report: Report, catalog: Catalog, output: Output, *, verbose: bool) -> None:
    from ipplan.output import lab as shown

    emit(
        output,
        table=lambda: shown.table(report),
        document=lambda: shown.document(plan, report, catalog.edition),
        text=lambda width, color: shown.render(report, width=width, color=color, verbose=verbose),
    )


def _keep(report: Report) -> None:
    """Print how to enter the devices."""
    from ipplan.output.lab import devices_table
    from ipplan.output.table import render_plain

    say_text(render_plain(devices_table(report.devices)))
    say("the lab stays up until Ctrl-C; in another terminal: ipplan lab enter DEVICE")


def _enter(words: Sequence[str]) -> int:
    from ipplan.lab.model import LabError
    from ipplan.lab.running import enter, list_labs

    try:
        devices = [] if words else [device for lab in list_labs() for device in lab.devices]
        command_line = enter(words[0], words[1:]) if words else ()
    except LabError as error:
        raise UsageProblem(escape(str(error)), error.help and escape(error.help)) from None
    if not words:
        from ipplan.output.lab import devices_table
        from ipplan.output.table import render_plain

        if not devices:
            raise UsageProblem(
                "you have no lab running on this machine", "start one that stays up: ipplan lab PLAN --keep"
            )
        deliver(render_plain(devices_table(devices)))
        return 0
    return _become(list(command_line))


def _become(command_line: list[str]) -> NoReturn:
    """Replace this process by another program."""
    sys.stdout.flush()
    os.execv(command_line[0], command_line)


class Progress:
    """The progress of a run on one line of standard error: on terminals only, and only after `_AFTER` seconds."""

    def __init__(self) -> None:
        self._terminal = is_terminal(sys.stderr)
        self._start = time.monotonic()
        self._shown = False

    def show(self, text: str) -> None:
        """Show a text instead of the one before."""
        if not self._terminal or time.monotonic() - self._start < _AFTER:
            return
        line = escape(text)
        width = terminal_width(sys.stderr) - 1
        if cells(line) > width:
            line = line[: max(width - 3, 0)] + "..."
        say_text(f"\r\x1b[K{line}")
        self._shown = True

    def clear(self) -> None:
        """Remove the line."""
        if self._shown:
            say_text("\r\x1b[K")
            self._shown = False
