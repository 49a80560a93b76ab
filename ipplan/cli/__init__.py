"""The command line: a table of commands, each imported when it is called, and the exit status of outcomes.

0 done; 1 findings or shortfalls; 2 bad usage, or an input or output that cannot be read or written; 3 a
defect of ipplan; 130 interrupted; 141 the reader of standard output closed it. The only home of click.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from ipplan import __version__
from ipplan.cli.streams import ReaderGoneError, UsageProblem, deliver, say, say_text
from ipplan.output.text import escape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from click.shell_completion import CompletionItem

COMMANDS: dict[str, tuple[str, str]] = {
    "init": ("ipplan.cli.init:command", "Write a commented plan to start from."),
    "check": ("ipplan.cli.check:command", "Report conflicts in one or more plans."),
    "allocate": ("ipplan.cli.allocate:command", "Allocate the networks of a plan that have no range yet."),
    "why": ("ipplan.cli.why:command", "Tell why a network is where it is, and why not earlier."),
    "show": ("ipplan.cli.show:command", "Show every network of a plan, or draw the address space to scale."),
    "map": ("ipplan.cli.map:command", "Draw the address space as an SVG picture."),
    "free": ("ipplan.cli.free:command", "Tell what is left of the pools, and what would still fit."),
    "lookup": ("ipplan.cli.lookup:command", "Tell who owns an address or prefix."),
    "ranges": ("ipplan.cli.ranges:command", "List the published and reserved ranges that ipplan knows."),
    "topology": ("ipplan.cli.topology:command", "Show who reaches whom, through what."),
    "flows": ("ipplan.cli.flows:command", "Trace the traffic flows hop by hop."),
    "lab": (
        "ipplan.cli.lab:command",
        "Run the plan in network namespaces, with packets.",
    ),
    "export": ("ipplan.cli.export:command", "Write configuration for devices and tools."),
    "import": ("ipplan.cli.importing:command", "Write a plan of what other tools hold."),
    "netbox": (
        "ipplan.cli.netbox:command",
        "Compare a NetBox with a plan, and bring it up to date.",
    ),
    "report": ("ipplan.cli.report:command", "Write one page, or Markdown, for the design document."),
    "diff": ("ipplan.cli.diff:command", "Compare two plans, and tell what the difference rebuilds."),
    "rules": ("ipplan.cli.rules:command", "Tell what check looks for: reason, source, remedy, example."),
    "schema": ("ipplan.cli.schema:command", "Print the JSON Schema of the plan or of a JSON document."),
}
"""Each command: where it is, and its line in the help, so that the help imports none of them."""


class LazyGroup(click.Group):
    """The commands of `COMMANDS`, each imported when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the names in the order of the table, which is the order of use."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command and give it the common help option; None where the name is unknown.

        For a shell that completes a line, it is also told what its parameters take.
        """
        if cmd_name not in COMMANDS:
            return None
        from importlib import import_module

        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        if ctx.resilient_parsing:
            from ipplan.cli.complete import teach

            teach(command)
        return _with_help(command)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that the first argument names; for an unknown one, say the nearest."""
        name = args[0]
        command = self.get_command(ctx, name)
        if command is None and not ctx.resilient_parsing:
            from ipplan.plan.load import nearest

            near = nearest(name, COMMANDS)
            ctx.fail(f"there is no command {name!r}" + (f"; did you mean {near}?" if near else ""))
        return name, command, args[1:]

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Return commands and options that start as far as they are typed, from the table."""
        from click.shell_completion import CompletionItem

        commands = [
            CompletionItem(name, help=line) for name, (_, line) in COMMANDS.items() if name.startswith(incomplete)
        ]
        return [*commands, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the list of commands from the table."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


def _show_help(ctx: click.Context, _param: click.Parameter, value: object) -> None:
    if value and not ctx.resilient_parsing:
        deliver(ctx.get_help() + "\n")
        ctx.exit()


def _show_version(ctx: click.Context, _param: click.Parameter, value: object) -> None:
    if value and not ctx.resilient_parsing:
        deliver(f"ipplan {__version__}\n")
        ctx.exit()


def _with_help(command: click.Command) -> click.Command:
    """Put our help option in the place of click's, which does not notice that its output is lost."""
    if command.add_help_option:
        command.add_help_option = False
        command.params.append(
            click.Option(
                ["-h", "--help"],
                is_flag=True,
                is_eager=True,
                expose_value=False,
                callback=_show_help,
                help="Show this help.",
            )
        )
    if command.help is None and command.callback is not None:
        # python -OO took the docstring that click makes the help of.
        from ipplan.docstrings import read_docstring

        command.help = read_docstring(command.callback.__module__, command.callback.__name__)
    for subcommand in command.commands.values() if isinstance(command, click.Group) else ():
        _with_help(subcommand)
    return command


def _group() -> click.Command:
    version = click.Option(
        ["--version"],
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=_show_version,
        help="Show the version.",
    )
    return _with_help(
        LazyGroup(
            "ipplan",
            params=[version],
            help="Plan the IP address space of a hybrid IBM Cloud landscape and prove that the plan holds.",
            epilog="Help on a command: ipplan COMMAND --help",
        )
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status; nothing that is raised gets out."""
    args = list(sys.argv[1:] if argv is None else argv)
    try:
        return _run(args)
    except ReaderGoneError:
        return 141
    except (KeyboardInterrupt, click.Abort):
        say("")
        return 130
    except UsageProblem as problem:
        _say_problem(str(problem), problem.hint)
        return 2
    except click.ClickException as error:
        _say_usage(error)
        return 2
    except RecursionError:
        _say_problem("the input is nested too deeply", None)
        return 2
    except MemoryError:
        _say_problem("the input is too big for the memory there is", None)
        return 2
    except Exception as error:
        return _report_defect(args, error)


def _run(args: list[str]) -> int:
    group = _group()
    instruction = os.environ.get("_IPPLAN_COMPLETE")
    if instruction:
        from ipplan.cli.complete import complete

        return complete(group, instruction)
    if not args:
        with click.Context(group, info_name="ipplan") as context:
            say_text(group.get_help(context) + "\n")
        return 2
    try:
        # Not click's own main(): it takes a closed pipe and an interruption for exit status 1.
        with group.make_context("ipplan", args) as context:
            status = group.invoke(context)
    except click.exceptions.Exit as finished:
        return finished.exit_code
    except Exception as error:
        from ipplan.plan.load import PlanError

        if not isinstance(error, PlanError):
            raise
        from ipplan.cli.plans import report_problems

        return report_problems(None, [error])
    return status if isinstance(status, int) else 0


def _say_problem(message: str, hint: str | None) -> None:
    say(f"error: {message}")
    if hint:
        say(f"help: {hint}")


def _say_usage(error: click.ClickException) -> None:
    message = " ".join(error.format_message().split())
    say("error: " + message[:1].lower() + message[1:])
    context = error.ctx if isinstance(error, click.UsageError) else None
    if context is not None:
        usage = " ".join(context.get_usage().split())
        say(usage[:1].lower() + usage[1:])
        say(f"help: {context.command_path} --help")


def _report_defect(args: Sequence[str], error: Exception) -> int:
    """Say what the maintainers need to know; the whole traceback only if IPPLAN_TRACEBACK=1."""
    import platform
    import traceback

    if os.environ.get("IPPLAN_TRACEBACK") == "1":
        say_text("".join(escape(line) + "\n" for line in "".join(traceback.format_exception(error)).splitlines()))
    # By module, not by file name: this function's caller is always among them.
    frame, number = [
        (frame, number)
        for frame, number in traceback.walk_tb(error.__traceback__)
        if frame.f_globals["__name__"].partition(".")[0] == "ipplan"
    ][-1]
    place = f"{frame.f_globals['__name__']} line {number}, in {frame.f_code.co_name}"
    message = str(error)
    command = next((arg for arg in args if arg in COMMANDS), "none")
    for line in (
        "error: a defect of ipplan, not of your plan; please send this to the maintainers:",
        f"  ipplan {__version__}, Python {platform.python_version()}, {platform.platform()}",
        f"  command: {command}",
        f"  {type(error).__name__}: {message[:500]}",
        f"  at {place}",
        "  IPPLAN_TRACEBACK=1 shows the whole traceback",
    ):
        say(line)
    return 3
