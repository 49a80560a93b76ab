"""Reports of findings: documents `ipplan.check/1`, `ipplan.check-list/1` and `ipplan.error/1`, table, text.

Knows findings, not the rules that made them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.findings import MOST_PROBLEMS, SEVERITIES, format_key
from ipplan.output.documents import made_by, source_object
from ipplan.output.table import Column, Table
from ipplan.output.text import escape, paint, wrap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ipplan.addresses import Prefix
    from ipplan.findings import Finding, KeyPath, Location, Related, Report, Source

_COLUMNS = (
    Column("severity"),
    Column("rule"),
    Column("networks"),
    Column("cidrs", "address"),
    Column("overlap", "address"),
    Column("message"),
    Column("help"),
    Column("file"),
    Column("line", "number"),
    Column("column", "number"),
    Column("key"),
    Column("waived"),
    Column("related"),
)


def check_document(report: Report, *, strict: bool = False) -> dict[str, object]:
    """Return the `ipplan.check/1` document of a report; with `strict`, warnings too make it not ok."""
    return {
        "schema": "ipplan.check/1",
        "made_by": made_by(report.edition),
        "plan": {"name": report.plan_name, "file": report.file},
        "ok": passes(report, strict=strict),
        "summary": summary_of([report]),
        "findings": [finding_document(finding) for finding in report.findings],
    }


def check_list_document(reports: Sequence[Report], *, strict: bool = False) -> dict[str, object]:
    """Return the `ipplan.check-list/1` document of several reports, with the `ipplan.check/1` document of each inside.

    The edition under "made_by" is null if the plans were checked against different editions.
    """
    editions = {report.edition for report in reports}
    return {
        "schema": "ipplan.check-list/1",
        "made_by": made_by(editions.pop() if len(editions) == 1 else None),
        "ok": all(passes(report, strict=strict) for report in reports),
        "summary": summary_of(reports),
        "checks": [check_document(report, strict=strict) for report in reports],
    }


def error_document(file: str | None, problems: Sequence[Finding], hidden: int = 0) -> dict[str, object]:
    """Return the `ipplan.error/1` document of a plan that cannot be read; `file` None: several plans.

    It shows at most `MOST_PROBLEMS`, and counts the rest and `hidden` further ones.
    """
    counts: dict[str, int] = dict.fromkeys(SEVERITIES, 0)
    for problem in problems:
        counts[problem.severity] += 1
    counts["error"] += hidden
    shown = problems[:MOST_PROBLEMS]
    return {
        "schema": "ipplan.error/1",
        "made_by": made_by(None),
        "plan": {"name": None, "file": file},
        "ok": False,
        "summary": counts,
        "not_shown": len(problems) - len(shown) + hidden,
        "findings": [finding_document(problem) for problem in shown],
    }


def passes(report: Report, *, strict: bool) -> bool:
    """Return whether a check passes: no errors, and with `strict` no warnings either."""
    return report.ok and not (strict and report.number_of("warning"))


def summary_of(reports: Sequence[Report]) -> dict[str, int]:
    """Return the number of unwaived findings of each severity, and the number of waived ones."""
    counts: dict[str, int] = {
        severity: sum(report.number_of(severity) for report in reports) for severity in SEVERITIES
    }
    counts["waived"] = sum(f.waived is not None for report in reports for f in report.findings)
    return counts


def finding_document(finding: Finding) -> dict[str, object]:
    """Return a finding as every document has it."""
    location = finding.location
    return {
        "rule": finding.rule,
        "severity": finding.severity,
        "waived": finding.waived,
        "networks": list(finding.networks),
        "cidrs": [str(prefix) for prefix in finding.cidrs],
        "overlap": None if finding.overlap is None else str(finding.overlap),
        "because": list(finding.because),
        "message": finding.message,
        "help": finding.help,
        "source": source_object(finding.source),
        "location": None if location is None else _place(location, finding.key),
        "related": [_related(related) for related in finding.related],
    }


def _place(location: Location | None, key: KeyPath) -> dict[str, object]:
    file, line, column = (None, None, None) if location is None else (location.file, location.line, location.column)
    return {"file": file, "key": format_key(key), "line": line, "column": column}


def _related(related: Related) -> dict[str, object]:
    return {**_place(related.location, related.key), "network": related.network}


def place_text(related: Related) -> str:
    """Return file, line, column and key of a related place, as far as they are known."""
    where = related.location
    return f"{where.text}  {format_key(related.key)}" if where is not None else format_key(related.key)


def findings_table(*reports: Report) -> Table:
    """Return the findings of one or more reports as a table, one row each; lists are joined by "; "."""
    rows: list[tuple[str | int | None, ...]] = []
    for finding in (finding for report in reports for finding in report.findings):
        at = finding.location
        where = (at.file, at.line, at.column, at.key_text) if at is not None else (None, None, None, None)
        rows.append(
            (
                finding.severity,
                finding.rule,
                "; ".join(finding.networks),
                "; ".join(map(str, finding.cidrs)),
                finding.overlap and str(finding.overlap),
                finding.message,
                finding.help,
                *where,
                finding.waived,
                "; ".join(map(place_text, finding.related)),
            )
        )
    return Table(_COLUMNS, rows)


def render_report(report: Report, *, width: int | None, color: bool) -> str:
    """Return a report for people: each finding, then a line with the counts. `width` None: no wrapping."""
    parts = [render_finding(finding, width, color=color) for finding in report.findings]
    said = counted(summary_of([report])) or paint("no findings", "good", color=color)
    what = "1 network" if report.networks == 1 else f"{report.networks:,} networks"
    against = f"{what} checked against IBM Cloud ranges of {report.edition}"
    parts.append(_hang(f"{escape(report.file)}: {said}, {against}", width))
    return "\n".join(parts)


def render_reports(reports: Sequence[Report], *, width: int | None, color: bool) -> str:
    """Return several reports for people, one after the other, then the counts of all."""
    texts = [render_report(report, width=width, color=color) for report in reports]
    texts.append(f"{len(reports):,} plans: {counted(summary_of(reports)) or 'no findings'}\n")
    return "\n".join(texts)


def render_problems(file: str, problems: Sequence[Finding], hidden: int = 0, *, width: int | None, color: bool) -> str:
    """Return the problems of a plan that cannot be read, at most `MOST_PROBLEMS`, and the number of all.

    `hidden` counts further problems, which are not in the list.
    """
    parts = [render_finding(problem, width, color=color) for problem in problems[:MOST_PROBLEMS]]
    total = len(problems) + hidden
    said = "1 problem" if total == 1 else f"{total:,} problems"
    rest = total - len(parts)
    more = f", {rest:,} of them not shown" if rest > 0 else ""
    parts.append(_hang(f"{escape(file)}: cannot be read: {said}{more}", width))
    return "\n".join(parts)


def render_finding(finding: Finding, width: int | None, *, color: bool) -> str:
    """Return one finding for people, wrapped to a width; None: no wrapping."""
    label = f"{'waived ' if finding.waived is not None else ''}{finding.severity}[{finding.rule}]"
    text = _hang(f"{label}: {escape(finding.message)}", width)
    if text.startswith(label):
        text = paint(label, finding.severity, color=color) + text[len(label) :]
    if finding.location is not None:
        place = finding.location
        text += _note("  -->", " ", escape(f"{place.text}  {place.key_text}").rstrip(" "), width)
    for related in finding.related:
        text += _note("  and", " ", escape(place_text(related)), width)
    if finding.overlap is not None:
        text += _note("   |", "  shared  ", shared_text(finding.overlap), width)
    for reason in finding.because:
        text += _note("   |", "  because ", escape(reason), width)
    if finding.help is not None:
        text += _note("   =", " help: ", escape(finding.help), width)
    if finding.waived is not None:
        text += _note("   =", " waived: ", escape(finding.waived), width)
    source = finding.source
    if source is not None and (source.url or source.date):  # the plan itself needs no reference
        text += _note("   =", " source: ", escape(source_text(source)), width)
    return text


def source_text(source: Source) -> str:
    """Return the title of a source, and its date unless the title contains it."""
    date = f" ({source.date})" if source.date is not None and source.date not in source.title else ""
    return source.title + date


def shared_text(overlap: Prefix) -> str:
    """Return the block that both sides of a finding share, with its size."""
    if overlap.size == 1:
        return f"{overlap} (1 address)"
    return f"{overlap.range} ({overlap.size:,} addresses)"


def _note(mark: str, lead: str, text: str, width: int | None) -> str:
    """Return a line under a finding; a long one continues below the start of its text."""
    if width is None:
        return f"{mark}{lead}{text}\n"
    # On a terminal too narrow for that, the text continues at the left.
    indent = min(len(mark) + len(lead), width // 3)
    first, *rest = wrap(mark + lead + text, width)
    lines = [first]
    if rest:
        lines += wrap(" ".join(rest), max(width - indent, 1))
    return "".join(line + "\n" for line in [lines[0], *(" " * indent + line for line in lines[1:])])


def _hang(text: str, width: int | None) -> str:
    """Return a paragraph whose lines after the first are indented by two, if the width has room for that."""
    if width is None:
        return text + "\n"
    indent = 2 if width > 20 else 0
    lines = wrap(text, width - indent)
    return "".join((" " * indent if number else "") + line + "\n" for number, line in enumerate(lines))


def counted(counts: dict[str, int]) -> str:
    """Return the counts that are not zero in words, such as "2 errors, 1 warning, 3 waived"."""
    return ", ".join(
        f"{count:,} {what}" + ("s" if count != 1 and what != "waived" else "")
        for what, count in counts.items()
        if count
    )
