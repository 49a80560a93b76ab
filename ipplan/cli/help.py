"""The pages of `--help`: arguments, examples, options, common options and exit status, in this order.

The declaration of a command states them as data. This module only arranges them. It knows nothing of what a command
does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    Example = tuple[str, str]
    """What an example does, and its command line."""

WIDEST = 100
"""Limit a help page to 100 columns, because longer lines are hard to read."""

_WIDEST_TERM = 26
"""Limit the column of options to 26 characters; the text of a longer one starts on the next line."""

PLAN_HELP = 'A plan: a TOML file, or "-" for standard input. Default: plan.toml in the working directory.'
"""The text on PLAN in the help of every command that has this argument."""


class CommonOption(click.Option):
    """An option that many commands share. The help lists it after the command's own."""


class Command(click.Command):
    """A command that states its examples, and what its arguments and exit statuses mean.

    `arguments` maps metavars to texts; PLAN needs none. The comment of an example that
    needs more than ipplan and a plan contains "(needs ...)".
    """

    def __init__(
        self,
        *args: Any,
        arguments: Mapping[str, str] | None = None,
        examples: Sequence[Example] = (),
        exit_status: Mapping[int, str] | None = None,
        **attrs: Any,
    ) -> None:
        super().__init__(*args, **attrs)
        self.arguments = arguments or {}
        self.examples = examples
        self.exit_status = exit_status or {}

    def get_help(self, ctx: click.Context) -> str:
        """Return the page."""
        formatter = _Formatter(width=ctx.terminal_width, max_width=ctx.max_content_width)
        self.format_help(ctx, formatter)
        return formatter.getvalue().rstrip("\n")

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the page."""
        self.format_usage(ctx, formatter)
        self.format_help_text(ctx, formatter)
        write_terms(formatter, "Arguments", self._describe_arguments())
        write_examples(formatter, "Examples", self.examples)
        self.format_options(ctx, formatter)
        write_terms(formatter, "Exit status", [(str(code), text) for code, text in self.exit_status.items()])

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the command's own options, its subcommands, and the options that many commands share."""
        own, common = (
            [record for param in self.get_params(ctx) if (record := _record(ctx, param, common=is_common))]
            for is_common in (False, True)
        )
        width = max((len(term) for term, _ in (*own, *common) if len(term) <= _WIDEST_TERM), default=0)
        write_terms(formatter, "Options", own, width)
        if isinstance(self, click.Group):
            self.format_commands(ctx, formatter)
        write_terms(formatter, "Common options" if own else "Options", common, width)

    def _describe_arguments(self) -> list[tuple[str, str]]:
        texts = {"PLAN": PLAN_HELP} | dict(self.arguments)
        names = [stands_for(param) for param in self.params if isinstance(param, click.Argument)]
        return [(name, texts[name]) for name in names if name in texts]


class Group(Command, click.Group):
    """A command that has subcommands, which its help lists between its own options and the common ones."""


_HYPHEN = "\u2011"
"""A hyphen that never ends a line."""


class _Formatter(click.HelpFormatter):
    """Wraps text between words only: an option or a name that continues on the next line is hard to read."""

    def write_text(self, text: str) -> None:
        super().write_text(text.replace("-", _HYPHEN))

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        super().write_dl([(term, text.replace("-", _HYPHEN)) for term, text in rows], col_max, col_spacing)

    def getvalue(self) -> str:
        return super().getvalue().replace(_HYPHEN, "-")


def stands_for(param: click.Parameter) -> str:
    """Return what a parameter takes, in capitals: its metavar without brackets and dots, or its name."""
    return (param.metavar or param.name or "").upper().strip("[].")


def write_terms(
    formatter: click.HelpFormatter, title: str, terms: Sequence[tuple[str, str]], width: int | None = None
) -> None:
    """Write a section of terms and what they mean, nothing where there are none.

    `width` makes the terms of several sections equally wide.
    """
    if not terms:
        return
    with formatter.section(title):
        formatter.write_dl([(term.ljust(width or 0), text) for term, text in terms], col_max=_WIDEST_TERM)


def write_examples(formatter: click.HelpFormatter, title: str, examples: Iterable[Example]) -> None:
    """Write command lines, each below a comment, nothing where there are none."""
    lines = [line for comment, command in examples for line in (f"# {comment}", command)]
    if lines:
        _write_unwrapped(formatter, title, lines)


def write_lines(formatter: click.HelpFormatter, title: str, named: Iterable[tuple[str, str]]) -> None:
    """Write lines to copy, each behind its name."""
    _write_unwrapped(formatter, title, [f"{name:<6}{line}" for name, line in named])


def _write_unwrapped(formatter: click.HelpFormatter, title: str, lines: Iterable[str]) -> None:
    """Write lines as they are, because nobody can copy a command that is wrapped."""
    with formatter.section(title):
        for line in lines:
            formatter.write(f"{'':>{formatter.current_indent}}{line}\n")


def _record(ctx: click.Context, param: click.Parameter, *, common: bool) -> tuple[str, str] | None:
    """Return the line of an option, None for arguments and for options of the other section."""
    if isinstance(param, click.Argument) or isinstance(param, CommonOption) is not common:
        return None
    return param.get_help_record(ctx)
