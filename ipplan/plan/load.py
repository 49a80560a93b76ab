"""Read the TOML text of a plan, and report every problem at once.

The reader reports a problem and goes on; only a plan without problems becomes a `Plan`. Problems are findings, placed
at line and column. This module opens no file, and expands, includes or executes nothing in a plan.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.findings import MOST_PROBLEMS, Finding, KeyPath, Location, place
from ipplan.plan.document import read_document
from ipplan.plan.problems import Problems
from ipplan.plan.toml_text import decode, read_toml

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from ipplan.plan.model import Plan


class PlanError(Exception):
    """Report that a plan cannot be read.

    `problems` holds at most `MOST_PROBLEMS` problems, placed and sorted; `hidden` counts further ones.
    """

    def __init__(self, file: str, problems: Sequence[Finding], hidden: int = 0) -> None:
        first = problems[0].message if problems else "cannot be read"
        more = len(problems) + hidden - 1
        super().__init__(f"{file}: {first}" + (f" (and {more:,} more)" if more > 0 else ""))
        self.file = file
        self.problems = tuple(problems[:MOST_PROBLEMS])
        self.hidden = hidden + len(problems) - len(self.problems)


def parse_plan(data: bytes, file: str) -> Plan:
    """Read a whole plan; raise PlanError with every problem at once.

    `file` is the name to show in messages. Cost is linear in the size of the text.
    """
    reading = read_toml(data)
    problems = Problems(unreadable=(p.key for p in reading.problems))
    plan = read_document(problems, reading.document, file)
    found = problems.found
    found += [
        Finding(
            rule=p.rule,
            severity="error",
            message=p.message,
            key=p.key,
            help=p.help,
            location=Location(file, p.key, p.line, p.column),
        )
        for p in reading.problems
    ]
    if found:
        text = decode(data) if reading.blanked is None else reading.blanked
        placed = place(found, file, lambda wanted: _find(text, wanted, problems.unknown))
        raise PlanError(file, placed, problems.hidden + reading.hidden)
    return plan


def locate_in(data: bytes) -> Callable[[Iterable[KeyPath]], dict[KeyPath, tuple[int, int]]]:
    """Return the function that finds line and column of key paths in the text of a plan that was read.

    The text is scanned when asked, not before.
    """
    return lambda wanted: _find(decode(data), wanted)


def _find(text: str, wanted: Iterable[KeyPath], keys: Collection[KeyPath] = ()) -> dict[KeyPath, tuple[int, int]]:
    """Find key paths in a text that tomli accepts: those among `keys` at their key, every other at its value."""
    from ipplan.plan.toml_positions import find_positions

    paths = set(wanted)
    found = find_positions(text, paths.difference(keys))
    if at_key := paths.intersection(keys):
        found.update(find_positions(text, at_key, at_key=True))
    return found
