"""Render the difference of two plans: as a document, a table and text. Must not decide anything."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from ipplan.landscape.model import RangeNat, SourceNat
from ipplan.output.documents import made_by, source_object
from ipplan.output.findings import finding_document
from ipplan.output.table import ALL, EXTRA, Column, Table, render_for_people
from ipplan.output.text import escape, wrap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ipplan.addresses import Prefix
    from ipplan.changes import Change, Difference, Rule
    from ipplan.output.table import Choice
    from ipplan.plan.model import Plan

_MOST_NAMED = 6
"""Show at most 6 prefixes of one route change; the document has all."""
_MOST_RULES = 60
"""Show at most 60 NAT rules; the document has all."""
_HOW = {"appeared": "added", "went": "removed"}
"""The words for people of some values of the document."""


def document(old: Plan, new: Plan, difference: Difference, edition: str | None) -> dict[str, Any]:
    """Return the document `ipplan.diff/1`; the edition is None where the plans were checked against different ones."""
    return {
        "schema": "ipplan.diff/1",
        "made_by": made_by(edition),
        "old": {"name": old.name, "file": old.file},
        "new": {"name": new.name, "file": new.file},
        "same": difference.empty,
        "changes": [_change(change) for change in difference.changes],
        "routes": [
            {
                "device": r.device,
                "towards": r.towards,
                "purpose": r.purpose,
                "added": [str(p) for p in r.added],
                "removed": [str(p) for p in r.removed],
            }
            for r in difference.routes
        ],
        "rules": [
            {
                "edge": r.edge,
                "added": [_rule(rule) for rule in r.added],
                "removed": [_rule(rule) for rule in r.removed],
            }
            for r in difference.rules
        ],
        "findings": {
            "new": [finding_document(f) for f in difference.appeared],
            "gone": [finding_document(f) for f in difference.went],
        },
    }


def _rule(rule: Rule) -> dict[str, Any]:
    """Return a rule of any kind with the same keys; an untranslated source has no `translated`."""
    common: dict[str, Any] = {
        "action": "dnat",
        "interface": rule.interface,
        "original": None,
        "source": None,
        "destination": None,
        "translated": None,
        "protocol": None,
        "port": None,
        "text": rule.text,
    }
    if isinstance(rule, SourceNat):
        new = rule.shown if rule.shown is not None else rule.address
        return common | {
            "action": "keep" if new is None else "snat",
            "original": str(rule.source),
            "destination": None if rule.match is None else str(rule.match),
            "translated": None if new is None else str(new),
        }
    if isinstance(rule, RangeNat):
        return common | {
            "original": str(rule.shown),
            "source": str(rule.match),
            "translated": str(rule.target),
        }
    return common | {
        "original": rule.address.text,
        "translated": rule.target.text,
        "protocol": rule.protocol,
        "port": rule.port,
    }


def _change(change: Change) -> dict[str, Any]:
    return {
        "what": change.what,
        "change": change.how,
        "name": change.name,
        "old": change.old,
        "new": change.new,
        "note": change.note,
        "rebuild": None if change.rebuild is None else change.rebuild.text,
        "source": None if change.rebuild is None else source_object(change.rebuild.source),
    }


COLUMNS = (
    Column("what"),
    Column("change"),
    Column("name"),
    Column("old", "address", long="wrap"),
    Column("new", "address", long="wrap"),
    Column("note", goes=1),
    Column("rebuilds", goes=EXTRA, long="note"),
)


def table(difference: Difference) -> Table:
    """Return the changes, one row each, with the words of the document."""
    rows = [
        (c.what, c.how, c.name, c.old, c.new, c.note, None if c.rebuild is None else c.rebuild.text)
        for c in difference.changes
    ]
    return Table(COLUMNS, rows)


def render_text(
    old: Plan, new: Plan, difference: Difference, *, width: int | None, color: bool, choice: Choice = ALL
) -> str:
    """Return text for people: the changes, what they rebuild, routes, findings, and a summary line."""

    def show(part: Table, chosen: Choice = choice.elsewhere) -> str:
        return render_for_people(part, width=width, color=color, choice=chosen)

    def say(text: str) -> str:
        return "".join(f"{line}\n" for line in (wrap(text, width) if width is not None else [text]))

    parts = []
    if difference.changes:
        parts.append(show(_table_for_people(difference), choice))
        rebuilds = [c for c in difference.changes if c.rebuild is not None]
        if rebuilds:
            parts.append("".join(say(f"rebuild: {escape(c.name)}: {escape(_why(c))}") for c in rebuilds))
    if difference.routes:
        parts.append(show(route_table(difference)))
    if difference.rules:
        parts.append(show(rule_table(difference)))
    lines = [f"added {f.severity}[{f.rule}]: {escape(f.message)}" for f in difference.appeared]
    lines += [f"removed {f.severity}[{f.rule}]: {escape(f.message)}" for f in difference.went]
    if lines:
        parts.append("".join(say(line) for line in lines))
    parts.append(say(escape(summary_of(old, new, difference))))
    return "\n".join(parts)


def _table_for_people(difference: Difference) -> Table:
    at = [column.title for column in COLUMNS].index("change")
    whole = table(difference)
    return whole._replace(rows=[(*row[:at], _HOW.get(str(row[at]), row[at]), *row[at + 1 :]) for row in whole.rows])


def _why(change: Change) -> str:
    assert change.rebuild is not None
    source = change.rebuild.source
    return change.rebuild.text + (f" ({source.title})" if source is not None else "")


def route_table(difference: Difference) -> Table:
    """Return the added and removed routes, a row for each direction of a device."""
    columns = (
        Column("routes at"),
        Column("towards"),
        Column("added", "address", long="wrap"),
        Column("removed", "address", long="wrap"),
    )
    rows = [(r.device, r.towards, _few(r.added), _few(r.removed)) for r in difference.routes]
    return Table(columns, rows)


def rule_table(difference: Difference) -> Table:
    """Return the added and removed NAT rules of edges, at most `_MOST_RULES`."""
    columns = (
        Column("NAT at"),
        Column("change"),
        Column("on", goes=2),
        Column("rule", "address"),
        Column("what", goes=1, long="cut"),
    )
    rows = [
        (f"ESG {change.edge or ''}".strip(), how, rule["interface"], _rule_words(rule), rule["text"])
        for change in difference.rules
        for how, rules in (("added", change.added), ("removed", change.removed))
        for rule in map(_rule, rules)
    ]
    left = len(rows) - _MOST_RULES
    return Table(columns, rows[:_MOST_RULES], f"and {left:,} more; --json lists all" if left > 0 else None)


def _rule_words(rule: dict[str, Any]) -> str:
    """Return a rule on one line."""
    service = "" if rule["port"] is None else f" {rule['protocol']} {rule['port']}"
    match = "" if rule["destination"] is None else f" for {rule['destination']}"
    match += "" if rule["source"] is None else f" from {rule['source']}"
    if rule["action"] == "keep":
        return f"keep {rule['original']}{match}"
    return f"{rule['action'].upper()} {rule['original']}{service}{match} to {rule['translated']}"


def _few(prefixes: Sequence[Prefix]) -> str | None:
    shown = ", ".join(map(str, prefixes[:_MOST_NAMED]))
    if len(prefixes) > _MOST_NAMED:
        shown += f" and {len(prefixes) - _MOST_NAMED:,} more"
    return shown or None


def summary_of(old: Plan, new: Plan, difference: Difference) -> str:
    """Return one line with the numbers of differences."""
    between = f"{old.file} to {new.file}"
    if difference.empty:
        return f"{between}: no difference"
    counts = Counter(c.how for c in difference.changes if c.what == "network")
    said = [f"{count:,} {_HOW.get(how, how)}" for how, count in counts.items()]
    others = sum(c.what != "network" for c in difference.changes)
    networks = f"networks: {', '.join(said) or 'no change'}"
    return (
        f"{between}: {networks}; {others:,} other change{'' if others == 1 else 's'}; "
        f"findings: {len(difference.appeared):,} added, {len(difference.went):,} removed"
    )
