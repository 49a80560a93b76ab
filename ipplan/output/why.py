"""Render the explanation of a placement: as a document, a table and text.

Must not decide anything: every reason here is read from the explanation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipplan.output.documents import made_by, source_line, source_object
from ipplan.output.table import ALL, EXTRA, Cell, Column, Table, render_for_people
from ipplan.output.text import escape, render_error, wrap

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ipplan.addresses import Prefix
    from ipplan.allocation.candidates import Refused
    from ipplan.allocation.why import Explanation
    from ipplan.output.table import Choice

_MOST_ALIKE = 4
"""Show at most 4 networks of a run one by one; a longer run is one line, for people only."""


def document(explanation: Explanation) -> dict[str, Any]:
    """Return the document `ipplan.why/1`."""
    e = explanation
    return {
        "schema": "ipplan.why/1",
        "made_by": made_by(e.edition),
        "plan": {"name": e.plan_name, "file": e.file},
        "network": e.network.name,
        "kind": e.network.kind.name,
        "status": e.status,
        "decided_by": e.decided_by,
        "cidr": _text(e.prefix),
        "size": None if e.size is None else {"length": e.size.length, "reason": e.size.reason, "source": e.size.source},
        "block": None if e.block is None else {"length": e.block, "reason": e.block_reason},
        "pools": [str(pool) for pool in e.pools],
        "order": e.order,
        "refused": [
            {
                "first": str(r.first),
                "last": str(r.last),
                "count": r.blocks,
                "category": r.category,
                "blocker": _text(r.blocker),
                "network": r.network,
                "reason": r.reason,
                "source": source_object(r.source),
            }
            for r in e.refused
        ],
        "chosen": None
        if e.chosen is None
        else {
            "cidr": str(e.chosen.prefix),
            "block": str(e.chosen.block),
            "pool": _text(e.chosen.pool),
            "reason": e.chosen.reason,
        },
        "failure": None
        if e.failure is None
        else {
            "network": e.failure.network,
            "needs": f"/{e.failure.needs}",
            "largest_free": None if e.failure.largest_free is None else f"/{e.failure.largest_free}",
            "message": e.failure.message,
            "help": e.failure.help,
        },
        "findings": [{"rule": f.rule, "severity": f.severity, "message": f.message} for f in e.findings],
    }


def _text(prefix: Prefix | None) -> str | None:
    return None if prefix is None else str(prefix)


COLUMNS = (
    Column("first", "address"),
    Column("last", "address"),
    Column("count", "number", goes=2),
    Column("category", goes=1),
    Column("blocker", "address", goes=3),
    Column("reason", long="wrap"),
    Column("source", goes=EXTRA, long="wrap"),
)


def table(explanation: Explanation) -> Table:
    """Return the blocked candidates in the order in which they are tried, and the chosen one last."""
    rows: list[tuple[Cell, ...]] = [_row(r) for r in explanation.refused]
    if (chosen := explanation.chosen) is not None:
        block = str(chosen.block)
        rows.append((block, block, 1, "chosen", None, chosen.reason, None))
    return Table(COLUMNS, rows)


def _row(refused: Refused) -> tuple[Cell, ...]:
    first, last, count, category, blocker, _, reason, source = refused
    return (str(first), str(last), count, category, _text(blocker), reason, None if source is None else source.title)


def _gathered(refused: Sequence[Refused]) -> Iterator[tuple[Cell, ...]]:
    """Yield the rows for people: a long run of networks of one category becomes one row with their number."""
    start = 0
    while start < len(refused):
        end = start + 1
        one = refused[start]
        while (
            end < len(refused)
            and one.network is not None
            and refused[end].network is not None
            and refused[end].category == one.category
            and refused[end - 1].last.last + 1 == refused[end].first.first
        ):
            end += 1
        if end - start <= _MOST_ALIKE:
            yield from map(_row, refused[start:end])
        else:
            last = refused[end - 1]
            count = sum(r.blocks for r in refused[start:end])
            what = f"{end - start:,} networks, {one.network} to {last.network}; --json lists each"
            yield str(one.first), str(last.last), count, one.category, None, what, None
        start = end


def render_text(explanation: Explanation, *, width: int | None, color: bool, choice: Choice = ALL) -> str:
    """Return text for people: the network and its size, the blocked candidates, and the conclusion."""
    e = explanation
    parts = [_lines(_introduction(e), width)]
    if e.refused:
        # Sources are long and mostly one: they follow the table.
        parts.append(
            render_for_people(Table(COLUMNS, list(_gathered(e.refused))), width=width, color=color, choice=choice)
        )
    if sources := dict.fromkeys(r.source for r in e.refused if r.source is not None):
        parts.append(_lines([escape(f"source: {source_line(source)}") for source in sources], width))
    parts.append(_conclusion(e, width, color=color))
    return "\n".join(part for part in parts if part)


def _introduction(e: Explanation) -> list[str]:
    said = [f"{escape(e.network.name)} ({e.network.kind.title}): {_outcome(e)}"]
    if e.size is not None:
        source = f" ({escape(e.size.source)})" if e.size.source else ""
        said.append(f"size: /{e.size.length}, {escape(e.size.reason)}{source}")
    if e.block is not None:
        pools = ", ".join(map(str, e.pools)) or "no pool"
        where = "the lowest free block of the first pool with room" if len(e.pools) > 1 else "the lowest free block"
        why = "" if e.block_reason is None else f" ({escape(e.block_reason)})"
        said.append(f"candidates: blocks of /{e.block}{why} in {pools}; it gets {where}")
    if e.order is not None:
        said.append(f"order: {escape(e.order)}")
    return said


def _outcome(e: Explanation) -> str:
    """Say in a few words where the network is and who decided it."""
    if e.chosen is not None:
        return f"{e.chosen.prefix}, allocated"
    if e.status == "unplaced":
        return "no place found, so allocate places no network"
    return f"{e.prefix if e.prefix is not None else 'no range yet'}; {escape(e.decided_by)}"


def _conclusion(e: Explanation, width: int | None, *, color: bool) -> str:
    if e.chosen is not None:
        blocks = sum(r.blocks for r in e.refused)
        before = f"{blocks:,} earlier candidate{' is' if blocks == 1 else 's are'} blocked"
        if not blocks:
            before = "there is no earlier candidate"
        return _lines([f"{e.chosen.prefix}: {escape(e.chosen.reason)}; {before}"], width)
    if e.failure is not None:
        return render_error(e.failure.message, e.failure.help, width, color=color)
    if e.status != "pinned":
        return ""
    if not e.findings:
        return _lines(["check reports nothing about it"], width)
    rules = ", ".join(dict.fromkeys(f.rule for f in e.findings))
    return _lines([f"check reports findings about it: {rules}; run ipplan check"], width)


def _lines(lines: Sequence[str], width: int | None) -> str:
    whole = (wrap(line, width) if width is not None else [line] for line in lines)
    return "".join(line + "\n" for group in whole for line in group)
