"""What a check says: findings, where they point, and the report that holds them.

A finding is data and speaks of places symbolically, by the key path in the plan; line and column are looked up
at the edge, only for what is printed. This module knows nothing of plans, rules or output.
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
"""Problems of a file that are reported; the rest is counted."""

LONGEST_NAME = 500
"""Characters of a name; longer keys are cut where they are shown."""

_MOST_PARTS = 20
"""Parts of a key path that are shown."""


class Source(NamedTuple):
    """Where a fact comes from: a title, its address, and the date it was published or read (ISO 8601)."""

    title: str
    url: str | None = None
    date: str | None = None


class Location(NamedTuple):
    """A place in a plan: file, key path, and the 1-based line and column where they are known."""

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
    """A further place that a finding is about: its key path, and the network if it is one."""

    key: KeyPath
    network: str | None = None
    location: Location | None = None


class Finding(NamedTuple):
    """One thing that is wrong or worth knowing.

    The message stands alone on one line, help is a true next step or None. `cidrs` go with `networks`, further
    ones (a published range, a pool) after them. `overlap` is the block both sides share, `because` adds reasons
    line by line. `related` are the other places in the plan, such as the second network of an overlap. Source tells
    where the rule or range comes from.
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
        """A total order: worst first, then by place in the plan, rule and text."""
        place = (self.location.line or 0, self.location.column or 0) if self.location else (0, 0)
        return (SEVERITIES.index(self.severity), place, self.rule, self.networks, self.cidrs, self.message)


class Report(NamedTuple):
    """The findings of one plan, sorted, each with its location. `ok` says that no error is among them."""

    plan_name: str | None
    file: str
    edition: str
    networks: int
    findings: tuple[Finding, ...]

    def number_of(self, severity: Severity) -> int:
        """How many findings of a severity nobody has waived."""
        return sum(f.severity == severity and f.waived is None for f in self.findings)

    @property
    def ok(self) -> bool:
        """Whether no error stands."""
        return self.number_of("error") == 0


def place(
    findings: Iterable[Finding],
    file: str,
    locate: Callable[[Iterable[KeyPath]], dict[KeyPath, tuple[int, int]]],
) -> tuple[Finding, ...]:
    """Give each finding, and what is related to it, line and column, and return all in printing order.

    `locate` is asked once, with every key path; it is not called when there is nothing to place.
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

    No name of a plan is longer than `LONGEST_NAME`; a longer key, and a path of more than `_MOST_PARTS`, is cut.
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
