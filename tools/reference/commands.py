"""The page on commands, from the command line itself: arguments, examples, options, exit codes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import click

from ipplan.cli import COMMANDS, LazyGroup
from ipplan.cli.help import PLAN_HELP, Command, CommonOption, stands_for
from tools.reference.markdown import render_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_HEAD = """\
# Commands

`ipplan COMMAND --help` shows the same on a terminal. `python -m tools.build_reference` makes this page from the command line.

"""
_COMMON_HEAD = """\
## Common options

Many commands have these. The section of a command lists which.
"""


class Described(NamedTuple):
    """A command with its full name, such as `netbox diff`, and the context of click for its help."""

    name: str
    command: Command
    context: click.Context


def described_commands() -> list[Described]:
    """Return every command and subcommand, in the order of the help."""
    group = LazyGroup("ipplan")
    top = click.Context(group, info_name="ipplan")
    found: list[Described] = []
    for name in COMMANDS:
        found += _with_subcommands(name, group.get_command(top, name), top)
    return found


def _with_subcommands(name: str, command: click.Command | None, parent: click.Context) -> Iterator[Described]:
    assert isinstance(command, Command), f"{name} states no examples and exit codes"
    context = click.Context(command, info_name=name.rpartition(" ")[2], parent=parent)
    yield Described(name, command, context)
    for subcommand in command.commands.values() if isinstance(command, click.Group) else ():
        yield from _with_subcommands(f"{name} {subcommand.name}", subcommand, context)


def page() -> str:
    """Return the page: a table of all commands, a section for each, and the options that many share."""
    commands = described_commands()
    common = _common_options(commands)
    lines = [_HEAD + render_table(("command", "what it does"), [_link(name) for name in COMMANDS])]
    for described in commands:
        lines += _section(described, common)
    return "\n".join([*lines, _COMMON_HEAD, render_table(("option", "meaning"), list(common.items()))])


def _link(name: str) -> tuple[str, str]:
    return f"[{name}](#ipplan-{name})", COMMANDS[name][1]


def _section(described: Described, common: Mapping[str, str]) -> Iterator[str]:
    name, command, context = described
    level = "###" if " " in name else "##"
    usage = command.get_usage(context).removeprefix("Usage: ").replace("\n", " ")
    yield f"{level} ipplan {name}\n"
    yield f"{_paragraphs(command.help or '')}\n"
    yield f"```text\n{' '.join(usage.split())}\n```\n"
    arguments = [stands_for(param) for param in command.params if isinstance(param, click.Argument)]
    texts = {"PLAN": PLAN_HELP, **command.arguments}
    if any(argument in texts for argument in arguments):
        yield render_table(("argument", "meaning"), [(f"`{a}`", texts[a]) for a in arguments if a in texts])
    if command.examples:
        lines = (f"# {text}\n{line}" for text, line in command.examples)
        yield "```sh\n" + "\n".join(lines) + "\n```\n"
    options = [_record(param, context) for param in command.params if isinstance(param, click.Option)]
    own = [(option, meaning) for option, meaning in options if common.get(option) != meaning]
    if own:
        yield render_table(("option", "meaning"), own)
    shared = [option for option, meaning in options if common.get(option) == meaning]
    if shared:
        yield f"[Common options](#common-options): {', '.join(shared)}.\n"
    if command.exit_status:
        yield render_table(("exit code", "means"), [(str(c), text) for c, text in command.exit_status.items()])


def _common_options(commands: list[Described]) -> dict[str, str]:
    """Return each option that many commands share; not one whose meaning depends on the command."""
    meanings: dict[str, set[str]] = {}
    for described in commands:
        for param in described.command.params:
            if isinstance(param, CommonOption):
                option, meaning = _record(param, described.context)
                meanings.setdefault(option, set()).add(meaning)
    return {option: "".join(texts) for option, texts in meanings.items() if len(texts) == 1}


def _record(option: click.Option, context: click.Context) -> tuple[str, str]:
    """Return an option with its value, and its meaning, as the help shows them."""
    record = option.get_help_record(context)
    assert record is not None, f"{option.name} is hidden"
    return f"`{record[0]}`", record[1]


def _paragraphs(text: str) -> str:
    """Return the help text with each paragraph on one line."""
    return "\n\n".join(" ".join(part.split()) for part in text.split("\n\n"))
