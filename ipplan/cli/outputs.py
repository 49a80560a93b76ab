"""Which files `-o` may replace: none that the run reads, and a plan only when --force says so.

Every run with -o asks here before it reads anything, and `streams.read_input` asks again for each input, because
some inputs show only then: standard input, or a file that another names. Knows nothing of what is written.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from typing import TYPE_CHECKING

import click

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
"""A line that only a plan has, in a file that is TOML."""


def guard_output(file: str | None, *, force: bool) -> None:
    """Raise UsageProblem where -o names an input of this run, or without --force a file that holds a plan.

    From here on `read_input` refuses to read the file.
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
    """Yield the files on the command line that the command is going to read, and the plan that it takes by default."""
    from ipplan.cli.plans import DEFAULT_PLAN

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
    """Tell whether two paths lead to one file: by any spelling, symbolic link or hard link."""
    with suppress(OSError, ValueError):
        return os.path.samefile(one, other)
    return False


def holds_plan(path: str) -> bool:
    """Tell whether a file is a plan, or one with mistakes in it; False for what cannot be read.

    A file named *.toml is a plan as soon as one line of it says so; any other has to be TOML as well, because
    the documentation of the rules has such lines too.
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
