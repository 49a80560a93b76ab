"""The page on exit codes, from the table of codes and from the commands."""

from __future__ import annotations

from ipplan.cli.exit_codes import EXIT_CODES
from tools.reference.commands import described_commands
from tools.reference.markdown import render_table

_HEAD = """\
# Exit codes

Every command ends with one of these codes. `python -m tools.build_reference` makes this page from the sources.

"""
_COMMANDS_HEAD = """
## By command

What the codes 0 to 2 mean for each command. The others always mean the same.

"""


def page() -> str:
    """Return the page: the meaning of each code, and what each command says about its own."""
    rows = [
        (f"[{name}](commands.md#ipplan-{name.replace(' ', '-')})", str(code), meaning)
        for name, command, _ in described_commands()
        for code, meaning in command.exit_status.items()
    ]
    general = render_table(("code", "means"), [(str(code), meaning) for code, meaning in EXIT_CODES.items()])
    return _HEAD + general + _COMMANDS_HEAD + render_table(("command", "code", "means"), rows)
