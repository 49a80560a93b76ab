"""The command line: a table of commands, each imported when it is called, and the exit status of each outcome.

0 done; 1 findings or networks without a place; 2 bad usage, or an input or output that cannot be read or written; 3 a
defect of ipplan; 130 interrupted; 141 output pipe closed early. The only home of click.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from ipplan import __version__
from ipplan.cli.help import WIDEST, CommonOption, Group, write_examples, write_lines, write_terms
from ipplan.cli.streams import ReaderGoneError, UsageProblem, deliver, say, say_text
from ipplan.output.text import escape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from click.shell_completion import CompletionItem

TASKS: dict[str, dict[str, tuple[str, str]]] = {
    "Write a plan": {
        "init": ("ipplan.cli.init:command", "Write a commented plan to start from."),
        "import": ("ipplan.cli.importing:command", "Write a plan from files of other tools."),
    },
    "Check and allocate": {
        "check": ("ipplan.cli.check:command", "Report conflicts in one or more plans."),
        "allocate": ("ipplan.cli.allocate:command", "Allocate the networks that have no range yet."),
        "why": ("ipplan.cli.why:command", "Explain why a network is where it is."),
        "free": ("ipplan.cli.free:command", "Show free space and what still fits."),
        "diff": ("ipplan.cli.diff:command", "Compare two plans and list what to rebuild."),
    },
    "Look at the design": {
        "show": ("ipplan.cli.show:command", "Show the networks of a plan, or a map in text."),
        "map": ("ipplan.cli.map:command", "Draw the address space as an SVG picture."),
        "topology": ("ipplan.cli.topology:command", "Show what can reach what, and through which links."),
        "flows": ("ipplan.cli.flows:command", "Trace the traffic flows hop by hop."),
        "lab": ("ipplan.cli.lab:command", "Run the plan in network namespaces with real packets."),
    },
    "Hand over": {
        "export": ("ipplan.cli.export:command", "Write configuration for devices and tools."),
        "report": ("ipplan.cli.report:command", "Write a design document as HTML or Markdown."),
        "netbox": ("ipplan.cli.netbox:command", "Compare a NetBox with a plan and update it."),
    },
    "Look up facts": {
        "lookup": ("ipplan.cli.lookup:command", "Show who owns an address or prefix."),
        "ranges": ("ipplan.cli.ranges:command", "List the published and reserved ranges."),
        "rules": ("ipplan.cli.rules:command", "List or explain the rules of check."),
        "schema": ("ipplan.cli.schema:command", "Print the JSON Schema of a plan or JSON document."),
    },
}
"""The commands by task. Each has its place and its line in the help, so that the help imports none of them."""

COMMANDS = {name: command for commands in TASKS.values() for name, command in commands.items()}
"""All commands by name, in the order of `TASKS`."""

_EXAMPLES = (
    ("Write plan.toml, a commented plan to start from", "ipplan init"),
    ("Report conflicts in it", "ipplan check plan.toml"),
    ("Find a range for every network, and pin it in the plan", "ipplan allocate plan.toml --write"),
)

_COMPLETION = (
    ("bash", 'eval "$(_IPPLAN_COMPLETE=bash_source ipplan)"'),
    ("zsh", 'eval "$(_IPPLAN_COMPLETE=zsh_source ipplan)"'),
    ("fish", "_IPPLAN_COMPLETE=fish_source ipplan | source"),
)
"""The line that switches completion on, by shell."""

_DOCUMENTATION = (
    ("a command", "ipplan COMMAND --help"),
    ("a rule of check", "ipplan rules RULE"),
    ("everything else", "README.md and docs/ of the source distribution"),
)


class LazyGroup(Group):
    """The commands of `COMMANDS`, each imported when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the names in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command and give it the common help option; None where the name is unknown.

        For shell completion, also give its parameters the words that complete them.
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
        """Find the command that the first argument names; for an unknown one, suggest the nearest."""
        name = args[0]
        command = self.get_command(ctx, name)
        if command is None and not ctx.resilient_parsing:
            from ipplan.plan.problems import nearest

            near = nearest(name, COMMANDS)
            ctx.fail(f"unknown command {name!r}" + (f"; did you mean {near}?" if near else ""))
        return name, command, args[1:]

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Return the commands and options that start with what is typed, without importing a command."""
        from click.shell_completion import CompletionItem

        commands = [
            CompletionItem(name, help=line) for name, (_, line) in COMMANDS.items() if name.startswith(incomplete)
        ]
        return [*commands, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what ipplan is, a first example, the commands by task, and where to read more."""
        self.format_usage(ctx, formatter)
        self.format_help_text(ctx, formatter)
        write_examples(formatter, "Start here", _EXAMPLES)
        self.format_options(ctx, formatter)
        write_lines(formatter, "Completion, in the start-up file of the shell", _COMPLETION)
        write_terms(formatter, "Documentation", _DOCUMENTATION)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the commands by task, without importing one."""
        # Not map(): importing the module `ipplan.cli.map` gives this package an attribute of that name.
        width = max(len(name) for name in COMMANDS)
        for task, commands in TASKS.items():
            write_terms(formatter, task, [(name, line) for name, (_, line) in commands.items()], width)


def _show_help(ctx: click.Context, _param: click.Parameter, value: object) -> None:
    if value and not ctx.resilient_parsing:
        deliver(ctx.get_help() + "\n")
        ctx.exit()


def _show_version(ctx: click.Context, _param: click.Parameter, value: object) -> None:
    if value and not ctx.resilient_parsing:
        deliver(f"ipplan {__version__}\n")
        ctx.exit()


def _with_help(command: click.Command) -> click.Command:
    """Replace click's help option with ours: click's does not notice when its output is lost."""
    if command.add_help_option:
        command.add_help_option = False
        command.params.append(
            CommonOption(
                ["-h", "--help"],
                is_flag=True,
                is_eager=True,
                expose_value=False,
                callback=_show_help,
                help="Show this help.",
            )
        )
    if command.help is None and command.callback is not None:
        # python -OO removes the docstrings that click makes the help from.
        from ipplan.docstrings import read_docstring

        command.help = read_docstring(command.callback.__module__, command.callback.__name__)
    for subcommand in command.commands.values() if isinstance(command, click.Group) else ():
        _with_help(subcommand)
    return command


def _group() -> click.Command:
    version = CommonOption(
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
            context_settings={"max_content_width": WIDEST},
            help="Plan the IP address space of a hybrid IBM Cloud landscape and prove that the plan holds.\n\n"
            "A plan is a TOML file that lists Kubernetes clusters, vCenter Server instances, sites and their networks. "
            "ipplan checks it against what IBM Cloud and Kubernetes reserve, allocates ranges, traces flows and writes "
            "configuration. It never changes a device.",
        )
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status. Never raises."""
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
        _say_problem("the input is too large for the available memory", None)
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
        with click.Context(group, info_name="ipplan", **group.context_settings) as context:
            say_text(group.get_help(context) + "\n")
        return 2
    try:
        # Not click's own main(): it exits with 1 after a closed pipe or an interruption.
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
    """Print what the maintainers need; the whole traceback only with IPPLAN_TRACEBACK=1."""
    import platform
    import traceback

    if os.environ.get("IPPLAN_TRACEBACK") == "1":
        say_text("".join(escape(line) + "\n" for line in "".join(traceback.format_exception(error)).splitlines()))
    # Compare modules, not file names. The list is never empty, because it contains the caller of this function.
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
