"""Renders the comparison of two editions of the published ranges: as `ipplan.ranges-diff/1`, a table and text.

Decides nothing: the comparison says what changed, and what that means for a plan.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ipplan.editions import CHANGES
from ipplan.output.documents import made_by, source_object
from ipplan.output.findings import finding_document
from ipplan.output.table import ALL, EXTRA, Cell, Column, Table, render_for_people
from ipplan.output.text import escape, wrap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ipplan.addresses import Prefix, RangeSet
    from ipplan.catalog import Edition, Reservation
    from ipplan.editions import Comparison, Difference, FindingChange, Hit, PlanComparison, RangeChange, Shared
    from ipplan.output.table import Choice

_MOST_BLOCKS = 6
"""Show people at most 6 of the taken or released blocks, and of the ranges of one finding."""


class PlanDiff(NamedTuple):
    """Name and file of a plan, and how its findings differ between the editions."""

    name: str | None
    file: str
    comparison: PlanComparison


class DiffReport(NamedTuple):
    """The content of the report: the editions, the filters of ranges, and the comparison."""

    old: Edition
    new: Edition
    data_centers: tuple[str, ...]
    categories: tuple[str, ...]
    comparison: Comparison
    plan: PlanDiff | None

    @property
    def names(self) -> tuple[str, str]:
        """The names of the editions, with their files where the names are equal."""
        if self.old.name != self.new.name or self.old == self.new:
            return self.old.name, self.new.name
        old, new = (escape(edition.file or "built in") for edition in (self.old, self.new))
        return f"{self.old.date} ({old})", f"{self.new.date} ({new})"


def document(report: DiffReport) -> dict[str, Any]:
    """Return the document `ipplan.ranges-diff/1`; sizes are numbers of addresses."""
    found = report.comparison
    only_old, only_new = found.one_sided()
    same = report.old == report.new
    return {
        "schema": "ipplan.ranges-diff/1",
        "made_by": made_by(report.new.name if same else None),
        "old": report.old._asdict(),
        "new": report.new._asdict(),
        "filter": {"data_centers": list(report.data_centers), "categories": list(report.categories)},
        "summary": {
            **{kind: found.count(kind) for kind in CHANGES},
            "unchanged": len(found.unchanged),
        },
        "categories": {"only_old": list(only_old), "only_new": list(only_new)},
        "space": {
            f"ipv{version}": {
                "old": _size(found.old_space, version),
                "released": _size(found.released, version),
                "taken": _size(found.taken, version),
                "new": _size(found.new_space, version),
            }
            for version in (4, 6)
        },
        "released": _cidrs(found.released),
        "taken": _cidrs(found.taken),
        "changes": [_change(change) for change in found.changes],
        "plan": None if report.plan is None else {"name": report.plan.name, "file": report.plan.file},
        "findings": None if report.plan is None else _findings(report.plan.comparison),
        "networks": None if report.plan is None else [_hit(hit) for hit in report.plan.comparison.hits],
    }


def _size(space: RangeSet, version: int) -> int:
    return sum(span.size for span in space if span.version == version)


def _cidrs(space: RangeSet) -> list[str]:
    return list(map(str, space.prefixes()))


def _change(change: RangeChange) -> dict[str, Any]:
    return {
        "change": change.kind,
        "old": [_row(row) for row in change.old],
        "new": [_row(row) for row in change.new],
        "differences": [difference._asdict() for difference in change.differences],
        "released": _cidrs(change.released),
        "taken": _cidrs(change.taken),
    }


def _row(row: Reservation) -> dict[str, Any]:
    return {
        "cidr": str(row.prefix),
        "size": row.prefix.size,
        "category": row.category.name,
        "title": row.title,
        "data_center": row.data_center,
        "city": row.city,
        "pod": row.pod,
        "note": row.note,
        "platform": row.platform,
        "source": source_object(row.source),
    }


def _findings(found: PlanComparison) -> dict[str, Any]:
    return {
        "summary": {"new": len(found.new), "gone": len(found.gone), "stay": found.stay},
        "new": [_finding(change) for change in found.new],
        "gone": [_finding(change) for change in found.gone],
    }


def _finding(change: FindingChange) -> dict[str, Any]:
    return {
        "ranges": [
            {
                "cidr": str(shared.prefix),
                "change": shared.change,
                "published": None if shared.row is None else _row(shared.row),
            }
            for shared in change.ranges
        ],
        "finding": finding_document(change.finding),
    }


def _hit(hit: Hit) -> dict[str, Any]:
    return {
        "network": hit.network,
        "kind": hit.kind,
        "cidr": str(hit.prefix),
        "hit": _when(hit),
        "old": [str(prefix) for prefix in hit.old],
        "new": [str(prefix) for prefix in hit.new],
    }


def _when(hit: Hit) -> str:
    """Return in which editions a network overlaps published ranges."""
    if hit.old and hit.new:
        return "both"
    return "old" if hit.old else "new"


COLUMNS = (
    Column("change"),
    Column("old", "address", long="wrap"),
    Column("new", "address", long="wrap"),
    Column("what", goes=3, long="cut"),
    Column("data center", goes=1, apart=True),
    Column("pod", goes=2, apart=True),
    Column("differs", goes=4, long="cut"),
    Column("released", "number", goes=5),
    Column("taken", "number", goes=5),
    # For sorting and filtering in a spreadsheet.
    Column("category", goes=EXTRA),
    Column("city", goes=EXTRA),
    Column("note", goes=EXTRA),
)
"""The columns of a change."""

_FINDING_COLUMNS = (
    Column("change"),
    Column("severity"),
    Column("rule"),
    Column("ranges", "address", goes=2, long="wrap"),
    Column("published", goes=1),
    Column("message", long="note"),
    Column("networks", goes=EXTRA),
    Column("cidrs", goes=EXTRA),
    Column("help", goes=EXTRA, long="note"),
    Column("file", goes=EXTRA),
    Column("line", "number", goes=EXTRA),
    Column("key", goes=EXTRA),
    Column("waived", goes=EXTRA),
)


def table(report: DiffReport) -> Table:
    """Return the changes in address order; with a plan, its new findings, then those that are gone."""
    if report.plan is None:
        return Table(COLUMNS, [_change_cells(change) for change in report.comparison.changes])
    return Table(_FINDING_COLUMNS, _finding_rows(report.plan.comparison, most=None))


def _change_cells(change: RangeChange) -> tuple[Cell, ...]:
    row = (change.new or change.old)[0]
    return (
        change.kind,
        _joined(change.old),
        _joined(change.new),
        row.title,
        row.data_center,
        row.pod,
        "; ".join(map(_difference, change.differences)) or None,
        change.released.size,
        change.taken.size,
        row.category.name,
        row.city,
        row.note,
    )


def _joined(rows: Sequence[Reservation]) -> str | None:
    # Rows of one prefix differ in their notes; the prefix is listed once.
    return "; ".join(dict.fromkeys(str(row.prefix) for row in rows)) or None


def _difference(difference: Difference) -> str:
    return f"{difference.field.replace('_', ' ')}: {difference.old or 'none'} to {difference.new or 'none'}"


def _finding_rows(found: PlanComparison, most: int | None) -> list[tuple[Cell, ...]]:
    return [
        _finding_cells(word, change, most)
        for word, changes in (("new", found.new), ("gone", found.gone))
        for change in changes
    ]


def _finding_cells(word: str, change: FindingChange, most: int | None) -> tuple[Cell, ...]:
    finding = change.finding
    shown = [str(shared.prefix) for shared in change.ranges[:most]]
    if rest := len(change.ranges) - len(shown):
        shown.append(f"and {rest:,} more")
    severity = finding.severity if finding.waived is None else f"waived {finding.severity}"
    at = finding.location
    place = (None, None, None) if at is None else (at.file, at.line, at.key_text)
    return (
        word,
        severity,
        finding.rule,
        "; ".join(shown) or None,
        _happened(change.ranges),
        finding.message,
        "; ".join(finding.networks),
        "; ".join(map(str, finding.cidrs)),
        finding.help,
        *place,
        finding.waived,
    )


def _happened(ranges: Sequence[Shared]) -> str | None:
    """Return the kinds of changes of the published rows of a finding, each once."""
    words = {shared.change for shared in ranges}
    return ", ".join(kind for kind in CHANGES if kind in words) or None


def render_text(report: DiffReport, *, width: int | None, color: bool, choice: Choice = ALL) -> str:
    """Return the text for people: the changed ranges, or with a plan its findings, and a summary."""

    def show(whole: Table, chosen: Choice) -> str:
        return render_for_people(whole, width=width, color=color, choice=chosen) if whole.rows else ""

    parts = []
    if report.plan is None:
        parts.append(show(table(report), choice))
    else:
        most = None if choice.wide else _MOST_BLOCKS
        parts.append(show(Table(_FINDING_COLUMNS, _finding_rows(report.plan.comparison, most)), choice))
        parts.append(show(Table(_HIT_COLUMNS, _hit_rows(report.plan.comparison.hits)), choice.elsewhere))
        parts.append(_lines([_plan_summary(report, report.plan)], width))
    parts.append(_lines(_summary(report), width))
    return "\n".join(part for part in parts if part)


_HIT_COLUMNS = (
    Column("BYOIP network"),
    Column("kind", goes=1),
    Column("cidr", "address"),
    Column("ranges in old", "address", long="wrap"),
    Column("ranges in new", "address", long="wrap"),
)


def _hit_rows(hits: Sequence[Hit]) -> list[tuple[Cell, ...]]:
    return [(h.network, h.kind, str(h.prefix), _some(h.old), _some(h.new)) for h in hits]


def _some(ranges: Sequence[Prefix]) -> str | None:
    """Return the first of some ranges and the number of the others, None where there are none."""
    rest = len(ranges) - _MOST_BLOCKS
    shown = "; ".join(map(str, ranges[:_MOST_BLOCKS])) or None
    return f"{shown}; and {rest:,} more" if rest > 0 else shown


def _plan_summary(report: DiffReport, plan: PlanDiff) -> str:
    found = plan.comparison
    # Messages of findings name an edition, so the summary says which edition is the new one.
    findings = f"{len(found.new):,} new with {report.names[1]}, {len(found.gone):,} gone, {found.stay:,} unchanged"
    if not found.pinned:
        affected = "no pinned BYOIP networks"
    else:
        byoip = "1 pinned BYOIP network" if found.pinned == 1 else f"{found.pinned:,} pinned BYOIP networks"
        affected = f"{len(found.hits):,} of {byoip} affected by published ranges"
    return f"{escape(plan.file)}: findings: {findings}; {affected}"


def _summary(report: DiffReport) -> list[str]:
    found = report.comparison
    counts = [f"{found.count(kind):,} {kind}" for kind in CHANGES if found.count(kind)]
    changes = ", ".join(counts) or "no difference"
    lines = [f"{' to '.join(report.names)}: {changes}, {len(found.unchanged):,} unchanged"]
    if found.changes:
        lines += [f"newly taken: {_space(found.taken)}", f"no longer taken: {_space(found.released)}"]
    for edition, names in zip(report.names, found.one_sided(), strict=True):
        if names:
            lines.append(f"only {edition} has rows of {', '.join(names)}")
    return lines


def _space(space: RangeSet) -> str:
    """Return how many addresses a set holds, and its largest blocks."""
    if not space:
        return "no addresses"
    blocks = sorted(space.prefixes(), key=lambda p: (p.version, p.length, p.first))
    count = "1 address" if space.size == 1 else f"{space.size:,} addresses"
    more = f", and {len(blocks) - _MOST_BLOCKS:,} smaller blocks" if len(blocks) > _MOST_BLOCKS else ""
    return f"{count}: {', '.join(map(str, blocks[:_MOST_BLOCKS]))}{more}"


def _lines(lines: Sequence[str], width: int | None) -> str:
    whole = (wrap(line, width) if width is not None else [line] for line in lines)
    return "".join(line + "\n" for group in whole for line in group)
