"""The answer of `ipplan lookup` as a document, a table and text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ipplan.output.documents import made_by, source_object
from ipplan.output.table import Column, Table, render_plain, render_terminal
from ipplan.output.text import escape
from ipplan.plan.labels import format_about

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ipplan.addresses import Prefix
    from ipplan.lookup import Match


class Answer(NamedTuple):
    """One question as it was asked, the prefix that it means, and what was found."""

    query: str
    prefix: Prefix
    matches: tuple[Match, ...]


def document(answers: Sequence[Answer], edition: str, plan: tuple[str | None, str] | None) -> dict[str, Any]:
    """Return the document `ipplan.lookup/1`; `plan` is its name and file, None where none was asked."""
    return {
        "schema": "ipplan.lookup/1",
        "made_by": made_by(edition),
        "plan": None if plan is None else {"name": plan[0], "file": plan[1]},
        "queries": [
            {"query": a.query, "cidr": str(a.prefix), "matches": [_match(m) for m in a.matches]}
            for a in answers
        ],
    }


def _match(match: Match) -> dict[str, Any]:
    return {
        "owner": match.owner,
        "relation": match.relation,
        "cidr": str(match.prefix),
        "category": match.category,
        "name": match.title,
        "data_center": match.data_center,
        "city": match.city,
        "pod": match.pod,
        "network": match.network,
        "platform": match.platform,
        "labels": dict(match.labels),
        "vlan": match.vlan,
        "lifecycle": match.status,
        "retired": match.retired is not None,
        "note": match.note,
        "source": source_object(match.source),
    }


def table(answers: Sequence[Answer]) -> Table:
    """Return every match of every question as a row."""
    columns = (
        Column("query", "address"), Column("owner"), Column("relation"), Column("cidr", "address"), Column("what"),
        Column("where"), Column("source"), Column("note"),
    )  # fmt: skip
    rows = [
        (
            a.query, m.owner, m.relation, str(m.prefix),
            f"{m.network} ({m.title})" if m.network else m.title,
            ", ".join(x for x in (m.data_center, m.pod, m.city) if x) or None,
            m.source.date or m.source.title if m.source else None, _note(m),
        )
        for a in answers
        for m in a.matches
    ]  # fmt: skip
    return Table(columns, rows)


def _note(match: Match) -> str | None:
    """Return the note with what the plan says for people: a network that is retired, its labels and VLAN ID."""
    status = match.status if match.retired is None else match.retired
    words = (status, match.note, format_about(match.labels, match.vlan))
    return "; ".join(word for word in words if word) or None


def render_text(answers: Sequence[Answer], *, width: int | None, color: bool) -> str:
    """Return what people read: for each question a table without the column of the question."""
    parts = []
    for answer in answers:
        whole = table([answer])
        part = Table(whole.columns[1:], [row[1:] for row in whole.rows])
        shown = (
            render_plain(part)
            if width is None and not color
            else render_terminal(part, width or 100_000, color)
        )
        count = len(answer.matches)
        asked = escape(answer.query)
        head = asked if asked == str(answer.prefix) else f"{asked} ({answer.prefix})"
        if count:
            parts.append(f"{head}: {count:,} match{'' if count == 1 else 'es'}\n\n{shown}")
        else:
            parts.append(f"{head}: nobody that ipplan knows of; it is in no range of the catalogue\n")
    return "\n".join(parts)
