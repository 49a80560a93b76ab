"""Which files `-o` may replace: never an input of the run, and a plan only with --force.

Every run with -o checks this before it reads anything, and `streams.read_input` checks again for each input, because
some inputs are known only then: standard input, or a file that another file names. Knows nothing of the output.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from ipplan.cli.plans import DEFAULT_PLAN
from ipplan.cli.streams import InputProblem, UsageProblem, goes_to_stdout, read_input, watch_output

if TYPE_CHECKING:
    from collections.abc import Iterator

INPUTS = frozenset(
    {
        "path",
        "plans",
        "words",
        "old_path",
        "new_path",
        "files",
        "previous",
        "against",
        "into",
        "lab_file",
        "ranges_file",
        "page",
    }
)
"""Names of the parameters that take files to read."""

_PLAN_LINE = re.compile(
    rb'^[ \t]*(?:\[[ \t]*"?(?:plan|integration)"?[ \t]*\]'
    rb'|\[[ \t]*"?(?:networks|clusters|edges|sites)"?[ \t]*[.\]]'
    rb"|(?:plan|networks)(?:[ \t]*\.[^=\n]*)?[ \t]*=|schema[ \t]*=)",
    re.MULTILINE,
)
"""Matches a line that only plans have, in a TOML file."""


def guard_output(file: str | None, *, force: bool) -> None:
    """Raise UsageProblem if -o names an input of this run, or without --force a file that holds a plan.

    From then on `read_input` rejects the file.
    """
    if file is None or goes_to_stdout(file):
        return
    for path in _inputs():
        if _same(path, file):
            raise UsageProblem(
                f"cannot write {file}: this run reads it"
                + ("" if os.path.normpath(path) == os.path.normpath(file) else f", as {path}"),
                "name another file after -o",
            )
    if not force and holds_plan(file):
        raise UsageProblem(
            f"cannot write {file}: it holds a plan",
            "name another file after -o, or add --force to replace the plan",
        )
    watch_output(file)


def _inputs() -> Iterator[str]:
    """Yield the files that the command is going to read, and its default plan if none is given."""
    context = click.get_current_context()
    for param in context.command.params:
        if param.name not in INPUTS:
            continue
        value = context.params.get(param.name)
        if isinstance(value, str):
            yield value
        elif value:
            yield from value
        elif isinstance(param, click.Argument) and "PLAN" in (param.metavar or ""):
            yield DEFAULT_PLAN


def _same(one: str, other: str) -> bool:
    """Return whether two paths are the same file: by any spelling, symbolic link or hard link."""
    with suppress(OSError, ValueError):
        return os.path.samefile(one, other)
    return False


def holds_plan(path: str) -> bool:
    """Return whether a file is a plan, even one with mistakes; False if it cannot be read.

    In a file named *.toml one line of a plan is enough. Any other file must be valid TOML too, because the documentation
    of the rules has such lines as well.
    """
    try:
        data = read_input(path)[0]
    except InputProblem:
        return False
    if _PLAN_LINE.search(data) is None:
        return False
    if path.lower().endswith(".toml"):
        return True
    from ipplan.plan.toml_text import read_toml

    return not read_toml(data)[1]
