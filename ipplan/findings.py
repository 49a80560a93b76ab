"""Findings: what a check reports, where, and the report of a whole plan.

A finding points at the plan by a key path; line and column are found later, only for findings that are printed. This
module knows nothing of plans, rules or output.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ipplan.addresses import Prefix

Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")
"""Worst first; the order in which findings are printed."""

KeyPath = tuple[str | int, ...]
"""Keys and array indices from the top of the plan to a value, such as ("networks", "vm-db", "cidr")."""


MOST_PROBLEMS = 200
"""Report at most 200 problems of a file, and count the others."""

LONGEST_NAME = 500
"""Accept at most 500 characters in a name; a longer key is cut in messages."""

_MOST_PARTS = 20
"""Show at most 20 parts of a key path."""


class Source(NamedTuple):
    """Where a fact comes from: title, URL, and the date on which it was published or read (ISO 8601)."""

    title: str
    url: str | None = None
    date: str | None = None


class Location(NamedTuple):
    """A place in a plan: file, key path, and 1-based line and column, None where they are not known."""

    file: str
    key: KeyPath = ()
    line: int | None = None
    column: int | None = None

    @property
    def text(self) -> str:
        """File, line and column as editors take them, such as plan.toml:41:8."""
        return ":".join([self.file, *(str(n) for n in (self.line, self.column) if n is not None)])

    @property
    def key_text(self) -> str:
        """The key path as TOML writes it, array indices in brackets."""
        return format_key(self.key)


class Related(NamedTuple):
    """Another place that a finding is about: its key path, and the network if it is one."""

    key: KeyPath
    network: str | None = None
    location: Location | None = None


class Finding(NamedTuple):
    """One problem, or one fact worth knowing.

    message, help: one line that can be read alone; a next step, or None.
    networks, cidrs: the networks, and their ranges in the same order; then others, such as a published range or a pool.
    overlap, because: the prefix that both sides share; reasons, one a line.
    source: where the rule or the range comes from.
    waived: who accepts the finding and why, None for a finding without a waiver.
    related: the other places in the plan, such as the second network of an overlap.
    """

    rule: str
    severity: Severity
    message: str
    key: KeyPath = ()
    networks: tuple[str, ...] = ()
    cidrs: tuple[Prefix, ...] = ()
    overlap: Prefix | None = None
    because: tuple[str, ...] = ()
    help: str | None = None
    source: Source | None = None
    waived: str | None = None
    location: Location | None = None
    related: tuple[Related, ...] = ()

    @property
    def sort_key(self) -> tuple[object, ...]:
        """The sort key: worst first, then by place in the plan, rule and text; no two findings are equal in it."""
        place = (self.location.line or 0, self.location.column or 0) if self.location else (0, 0)
        return (SEVERITIES.index(self.severity), place, self.rule, self.networks, self.cidrs, self.message)


class Report(NamedTuple):
    """The findings of one plan, sorted, each with its location."""

    plan_name: str | None
    file: str
    edition: str
    networks: int
    findings: tuple[Finding, ...]

    def number_of(self, severity: Severity) -> int:
        """Return how many findings of a severity are not waived."""
        return sum(f.severity == severity and f.waived is None for f in self.findings)

    @property
    def ok(self) -> bool:
        """Whether no error is left that is not waived."""
        return self.number_of("error") == 0


def place(
    findings: Iterable[Finding],
    file: str,
    locate: Callable[[Iterable[KeyPath]], dict[KeyPath, tuple[int, int]]],
) -> tuple[Finding, ...]:
    """Return findings with line and column, also of related places, in the order in which they are printed.

    `locate` is called once, with every key path; without findings it is not called.
    """
    waiting = list(findings)
    if not waiting:
        return ()
    keys = {f.key for f in waiting if f.location is None}
    keys.update(r.key for f in waiting for r in f.related if r.location is None)
    known = locate(keys)

    def at(key: KeyPath) -> Location:
        return Location(file, key, *known.get(key, (None, None)))

    placed = []
    for finding in waiting:
        if finding.location is None:
            related = tuple(r if r.location is not None else r._replace(location=at(r.key)) for r in finding.related)
            finding = finding._replace(location=at(finding.key), related=related)
        placed.append(finding)
    return tuple(sorted(placed, key=lambda f: f.sort_key))


def format_key(key: KeyPath) -> str:
    """Return a key path as TOML writes it: bare keys as they are, others quoted, indices in brackets.

    A key of more than `LONGEST_NAME` characters, and a path of more than `_MOST_PARTS` parts, is cut.
    """
    text = ""
    for part in key if len(key) <= _MOST_PARTS else (*key[:_MOST_PARTS], "..."):
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += ("." if text else "") + (_quote(part) if len(part) > LONGEST_NAME or not _bare(part) else part)
    return text


def _bare(part: str) -> bool:
    return part != "" and part.isascii() and part.replace("-", "").replace("_", "").isalnum()


def _quote(part: str) -> str:
    from json import dumps

    return dumps(part if len(part) <= LONGEST_NAME else part[:77] + "...")
