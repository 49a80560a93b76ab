"""Write the report on several plans checked together: `ipplan.check-together/1`, table, text, and the matrix of plans.

Knows findings, not the rules that made them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ipplan.findings import SEVERITIES, Report
from ipplan.output.documents import made_by
from ipplan.output.findings import (
    check_document,
    counted,
    finding_document,
    findings_table,
    passes,
    render_finding,
    render_report,
    summary_of,
)
from ipplan.output.table import Column, Table
from ipplan.output.text import cells, escape

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ipplan.findings import Finding, Severity

BETWEEN = "between the plans"
"""The title of the findings that concern several plans, where other findings have the name of a file."""
_WIDEST_NAME = 20
"""Cut the name of a plan at this many columns in a matrix that does not fit the terminal."""


class Judged(NamedTuple):
    """Plans checked together: title and report of each, and the findings between them with the plans of each.

    `between` is the report on the latter, its findings in the order of `concerned`, which has numbers of plans.
    """

    titles: tuple[str, ...]
    reports: tuple[Report, ...]
    between: Report
    concerned: tuple[tuple[int, ...], ...]

    @property
    def all(self) -> tuple[Report, ...]:
        """The report of each plan, then that on the findings between them."""
        return (*self.reports, self.between)

    def passes(self, *, strict: bool) -> bool:
        """Return whether every plan and all of them together pass."""
        return all(passes(report, strict=strict) for report in self.all)


def together_document(judged: Judged, *, strict: bool = False) -> dict[str, object]:
    """Return the `ipplan.check-together/1` document: that of each plan, and the findings between plans.

    The edition under "made_by" is null if the plans were checked against different editions.
    """
    findings = [
        {"plans": [judged.titles[at] for at in plans], **finding_document(finding)}
        for finding, plans in zip(judged.between.findings, judged.concerned, strict=True)
    ]
    return {
        "schema": "ipplan.check-together/1",
        "made_by": made_by(_edition(judged)),
        "ok": judged.passes(strict=strict),
        "summary": summary_of(judged.all),
        "plans": list(judged.titles),
        "checks": [check_document(_named(r, t), strict=strict) for r, t in _each(judged)],
        "between": {
            "ok": passes(judged.between, strict=strict),
            "summary": summary_of([judged.between]),
            "findings": findings,
        },
    }


def _edition(judged: Judged) -> str | None:
    editions = {report.edition for report in judged.reports}
    return editions.pop() if len(editions) == 1 else None


def _each(judged: Judged) -> Iterator[tuple[Report, str]]:
    return zip(judged.reports, judged.titles, strict=True)


def _named(report: Report, title: str) -> Report:
    """Return the report of a plan whose networks bear its title, as findings between plans name them."""

    def name(finding: Finding) -> Finding:
        related = tuple(r if r.network is None else r._replace(network=f"{title}/{r.network}") for r in finding.related)
        # A waiver can name networks of other plans, and does so with their title.
        own = () if finding.rule.startswith("waiver-") else finding.networks
        networks = tuple(f"{title}/{n}" for n in own) or finding.networks
        return finding._replace(networks=networks, related=related)

    return report._replace(findings=tuple(map(name, report.findings)))


def together_table(judged: Judged) -> Table:
    """Return every finding as a row, networks under prefixed names; those between plans come last."""
    return findings_table(*(_named(r, t) for r, t in _each(judged)), judged.between)


def render_together(judged: Judged, *, width: int | None, color: bool) -> str:
    """Return the report of each plan for people, then the findings between them, and the counts of all."""
    texts = [render_report(report, width=width, color=color) for report in judged.reports]
    texts += [render_finding(finding, width, color=color) for finding in judged.between.findings]
    texts.append(f"{BETWEEN}: {counted(summary_of([judged.between])) or 'no findings'}\n")
    texts.append(f"{len(judged.reports):,} plans: {counted(summary_of(judged.all)) or 'no findings'}\n")
    return "\n".join(texts)


# The matrix.

_Counts = dict["Severity", int]


def _matrix(judged: Judged) -> list[list[_Counts]]:
    """Return the unwaived findings of each two plans by severity; of a plan with itself, its own."""
    size = len(judged.titles)
    rows = [[dict.fromkeys(SEVERITIES, 0) for _ in range(size)] for _ in range(size)]
    for at, report in enumerate(judged.reports):
        for severity in SEVERITIES:
            rows[at][at][severity] = report.number_of(severity)
    for finding, plans in zip(judged.between.findings, judged.concerned, strict=True):
        if finding.waived is None:
            for one in plans:
                for two in plans:
                    if one != two:
                        rows[one][two][finding.severity] += 1
    return rows


def matrix_document(judged: Judged, *, strict: bool = False) -> dict[str, object]:
    """Return the `ipplan.check-matrix/1` document: a row for each plan, a cell for each plan in it."""
    return {
        "schema": "ipplan.check-matrix/1",
        "made_by": made_by(_edition(judged)),
        "ok": judged.passes(strict=strict),
        "summary": summary_of(judged.all),
        "plans": [{"title": title, "name": report.plan_name, "file": report.file} for report, title in _each(judged)],
        "rows": [
            {"plan": title, "cells": [{"plan": other, **cell} for other, cell in zip(judged.titles, row, strict=True)]}
            for title, row in zip(judged.titles, _matrix(judged), strict=True)
        ],
    }


def matrix_table(judged: Judged) -> Table:
    """Return the matrix as a table: errors/warnings of each two plans, empty where there are none."""
    rows = [[title, *(_both(cell) for cell in row)] for title, row in zip(judged.titles, _matrix(judged), strict=True)]
    return Table((Column("plan"), *(Column(title) for title in judged.titles)), rows)


def _both(cell: _Counts) -> str | None:
    return f"{cell['error']:,}/{cell['warning']:,}" if cell["error"] or cell["warning"] else None


def render_matrix(judged: Judged, *, width: int | None) -> str:
    """Return the matrix for people, at most `width` columns wide (None: not limited).

    If the names do not fit above the columns, the plans are numbered. If the columns do not fit, the rest follows
    below.
    """
    table = [[_both(cell) or "." for cell in row] for row in _matrix(judged)]
    titles = [escape(title) for title in judged.titles]
    whole = (
        max(map(cells, titles))
        + 2
        + sum(2 + max(cells(title), *(cells(row[at]) for row in table)) for at, title in enumerate(titles))
    )
    lines = ["errors/warnings between each two plans; a plan with itself: its own errors/warnings", ""]
    if width is None or whole <= width:
        lines += _block(titles, titles, table, range(len(titles)))
    else:
        numbers = [str(at) for at in range(1, len(titles) + 1)]
        rows = [
            f"{number:>{len(numbers[-1])}} {_cut(title, _WIDEST_NAME)}"
            for number, title in zip(numbers, titles, strict=True)
        ]
        for columns in _blocks(rows, numbers, table, width):
            lines += [*_block(rows, numbers, table, columns), ""]
        if any(cells(title) > _WIDEST_NAME for title in titles):
            lines += [f"{number}: {title}" for number, title in zip(numbers, titles, strict=True)]
    said = counted(summary_of(judged.all)) or "no findings"
    if lines[-1]:
        lines.append("")
    lines.append(f"{len(titles):,} plans: {said}")
    return "".join(f"{line}\n" for line in lines)


def _blocks(rows: Sequence[str], heads: Sequence[str], table: Sequence[Sequence[str]], width: int) -> Iterator[range]:
    """Yield the columns that fit side by side, at least one at a time."""
    start, used = 0, max(map(cells, rows))
    for at, head in enumerate(heads):
        size = 2 + max(len(head), *(len(row[at]) for row in table))
        if used + size > width and at > start:
            yield range(start, at)
            start, used = at, max(map(cells, rows))
        used += size
    yield range(start, len(heads))


def _block(rows: Sequence[str], heads: Sequence[str], table: Sequence[Sequence[str]], columns: range) -> Iterator[str]:
    """Yield the lines of some columns of the matrix under their heads."""
    left = max(map(cells, rows))
    sizes = {at: max(cells(heads[at]), *(cells(row[at]) for row in table)) for at in columns}

    def line(first: str, texts: dict[int, str]) -> str:
        parts = [first + " " * (left - cells(first))]
        parts += [" " * (sizes[at] - cells(text)) + text for at, text in texts.items()]
        return "  ".join(parts).rstrip(" ")

    yield line("", {at: heads[at] for at in columns})
    for name, row in zip(rows, table, strict=True):
        yield line(name, {at: row[at] for at in columns})


def _cut(text: str, most: int) -> str:
    """Return a text of at most this many columns, with three dots if it is cut."""
    if cells(text) <= most:
        return text
    kept = text
    while cells(kept) > most - 3:
        kept = kept[:-1]
    return kept + "..."
