"""Render the answer of `ipplan lookup`: as a document, a table and text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ipplan.output.documents import made_by, source_line, source_object
from ipplan.output.table import ALL, EXTRA, Column, Table, render_for_people
from ipplan.output.text import escape
from ipplan.plan.labels import format_about

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ipplan.addresses import Prefix
    from ipplan.lookup import Match
    from ipplan.output.table import Choice


class Answer(NamedTuple):
    """One query as it was typed, its prefix, and the matches."""

    query: str
    prefix: Prefix
    matches: tuple[Match, ...]


def document(answers: Sequence[Answer], edition: str, plan: tuple[str | None, str] | None) -> dict[str, Any]:
    """Return the document `ipplan.lookup/1`; `plan` is its name and file, None if none was searched."""
    return {
        "schema": "ipplan.lookup/1",
        "made_by": made_by(edition),
        "plan": None if plan is None else {"name": plan[0], "file": plan[1]},
        "queries": [
            {"query": a.query, "cidr": str(a.prefix), "matches": [_match(m) for m in a.matches]} for a in answers
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


COLUMNS = (
    Column("query", "address", goes=EXTRA),
    Column("owner", goes=4),
    Column("relation", goes=5),
    Column("cidr", "address"),
    Column("network", goes=1, piped=False),
    Column("what", long="cut"),
    Column("where", goes=3, long="list"),
    Column("source", goes=2, long="source"),
    Column("note", goes=6),
)
"""The columns of a match; people see the query above the table."""


def table(answers: Sequence[Answer]) -> Table:
    """Return every match of every query as a row."""
    return _table(answers, people=False, terminal=False)


def _table(answers: Sequence[Answer], *, people: bool, terminal: bool) -> Table:
    """Return the rows; for people with full sources, for a terminal with names and kinds of networks in two columns."""
    rows = [
        (
            a.query,
            m.owner,
            m.relation,
            str(m.prefix),
            m.network,
            f"{m.network} ({m.title})" if m.network and not terminal else m.title,
            ", ".join(x for x in (m.data_center, m.pod, m.city) if x) or None,
            _source(m, people=people),
            _note(m),
        )
        for a in answers
        for m in a.matches
    ]
    return Table(COLUMNS, rows)


def _source(match: Match, *, people: bool) -> str | None:
    if match.source is None:
        return None
    return source_line(match.source) if people else match.source.date or match.source.title


def _note(match: Match) -> str | None:
    """Return the note with what the plan says for people: whether a network is retired, its labels and VLAN ID."""
    status = match.status if match.retired is None else match.retired
    words = (status, match.note, format_about(match.labels, match.vlan))
    return "; ".join(word for word in words if word) or None


def render_text(answers: Sequence[Answer], *, width: int | None, color: bool, choice: Choice = ALL) -> str:
    """Return text for people: for each query a table without its query column, with sources below."""
    parts = []
    for answer in answers:
        part = _table([answer], people=True, terminal=width is not None)
        shown = render_for_people(part, width=width, color=color, choice=choice)
        count = len(answer.matches)
        asked = escape(answer.query)
        head = asked if asked == str(answer.prefix) else f"{asked} ({answer.prefix})"
        if count:
            parts.append(f"{head}: {count:,} match{'' if count == 1 else 'es'}\n\n{shown}")
        else:
            parts.append(f"{head}: not found in any range that ipplan knows\n")
    return "\n".join(parts)
