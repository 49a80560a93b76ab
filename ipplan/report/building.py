"""Builds the report from its subject: the first screen, then the sections in the order that a reviewer needs."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from ipplan import __version__
from ipplan.exporters.xlsx import derived_sheets
from ipplan.report.devices import devices_section
from ipplan.report.findings import decisions_section, findings_section
from ipplan.report.model import Report, Tile
from ipplan.report.networks import networks_section
from ipplan.report.open_points import list_points, open_section
from ipplan.report.pictures import pictures_section
from ipplan.report.since import since_section
from ipplan.report.sources import sources_section
from ipplan.report.traffic import flows_section, is_same_plan, tests_section

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ipplan.report.model import Mark, Section
    from ipplan.report.open_points import Point
    from ipplan.report.subject import Subject

_MOST_NAMED = 3
"""Name at most 3 open points on the first screen."""
_COUNTED = (("error", "errors"), ("warning", "warnings"), ("note", "notes"))
_STATES = {
    "pinned": "pinned",
    "allocated": "allocated, not pinned",
    "default": "on a default range",
    "to-allocate": "not allocated",
    "to-order": "to be ordered",
    "no-range": "retired without a range",
}


SECTIONS = 10
"""The number of sections, for the progress; a new section also needs a line in `_sections`."""


def build_report(subject: Subject, progress: Callable[[int], None] = lambda _: None) -> Report:
    """Return the report on a subject; `progress` gets the number of finished sections out of `SECTIONS`."""
    plan = subject.plan
    points = list_points(subject)
    mark, verdict = _verdict(subject)
    return Report(
        title=plan.name or plan.file,
        subtitle=plan.description,
        mark=mark,
        verdict=verdict,
        limits=_limits(subject),
        tiles=tuple(_tiles(subject, points)),
        sections=tuple(_counted(_sections(subject, points), progress)),
        made_by=f"Made by ipplan {__version__} from {plan.file}, with IBM Cloud's ranges of {subject.request.catalog.edition}.",
    )


def _counted(sections: Iterator[Section], progress: Callable[[int], None]) -> Iterator[Section]:
    progress(0)
    for number, section in enumerate(sections, 1):
        progress(number)
        yield section


def _sections(subject: Subject, points: tuple[Point, ...]) -> Iterator[Section]:
    sheets = {sheet.name: sheet for sheet in derived_sheets(subject.request, subject.free)}
    yield findings_section(subject)
    if subject.since is not None:
        yield since_section(subject, subject.since)
    yield open_section(points)
    yield decisions_section(subject)
    yield pictures_section(subject)
    yield networks_section(subject, sheets)
    yield devices_section(subject, sheets)
    yield flows_section(subject)
    yield tests_section(subject)
    yield sources_section(subject)


def _verdict(subject: Subject) -> tuple[Mark, str]:
    """Return the verdict of `ipplan check`, and its mark."""
    errors, warnings = subject.count("error"), subject.count("warning")
    where = "" if subject.chosen is None else " of the listed networks"
    if errors:
        more = f" and {_number(warnings, 'warning')}" if warnings else ""
        return "error", f"The check{where} fails with {_number(errors, 'error')}{more}."
    if warnings:
        return "warning", f"The check{where} passes with {_number(warnings, 'warning')}."
    return "good", f"The check{where} passes."


def _limits(subject: Subject) -> str | None:
    if subject.chosen is None:
        return None
    listed = sum(subject.lists(entry.network.name) for entry in subject.entries)
    hidden = len(subject.checked.findings) - len(subject.findings)
    labels = " and ".join(subject.labels)
    return (
        f"This report lists only networks with label {labels}: {listed:,} of {len(subject.entries):,} networks."
        f" It leaves out {_number(hidden, 'finding')} on other networks. Tables of devices and flows cover the whole plan."
    )


def _number(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def _tiles(subject: Subject, points: tuple[Point, ...]) -> Iterator[Tile]:
    yield _findings_tile(subject)
    yield _since_tile(subject)
    named = tuple(point.what for point in points[:_MOST_NAMED])
    more = len(points) - len(named)
    yield Tile(
        "What is missing",
        _number(len(points), "open point"),
        "warning" if points else "good",
        (*named, *((f"and {more:,} more",) if more > 0 else ())),
        "open",
    )
    yield _networks_tile(subject)
    yield _flows_tile(subject)
    yield _lab_tile(subject)
    waivers = len(subject.plan.waivers)
    owned = sum(waiver.owner is not None for waiver in subject.plan.waivers)
    yield Tile(
        "Decisions",
        _number(waivers, "waiver"),
        "plain",
        (f"{owned:,} with an owner",) if waivers else (),
        "decisions",
    )
    yield Tile(
        "Edition of IBM Cloud's ranges",
        subject.request.catalog.edition,
        "plain",
        (f"plan file {subject.plan.file}", f"SHA-256 {subject.digest[:16]}…"),
        "sources",
    )


def _findings_tile(subject: Subject) -> Tile:
    counts = [(subject.count(severity), severity) for severity, _ in _COUNTED]
    waived = sum(f.waived is not None for f in subject.findings)
    worst: Mark = "error" if counts[0][0] else "warning" if counts[1][0] else "good"
    lines = (*(_number(count, word) for count, word in counts[1:]), f"{waived:,} waived")
    return Tile("Findings", _number(counts[0][0], "error"), worst, lines, "findings")


def _since_tile(subject: Subject) -> Tile:
    since = subject.since
    if since is None:
        return Tile("What changed", "not compared", "plain", ("--since OLD compares with an earlier plan",), "sources")
    difference = since.difference
    lines = [
        f"since {since.plan.file}",
        f"findings: {len(difference.appeared):,} new, {len(difference.went):,} gone",
    ]
    rebuilds = sum(change.rebuild is not None for change in difference.changes)
    if rebuilds:
        lines.append(f"{_number(rebuilds, 'change')} affect{'s' if rebuilds == 1 else ''} running systems")
    mark: Mark = "plain" if difference.empty else "note"
    return Tile("What changed", _number(len(difference.changes), "change"), mark, tuple(lines), "changes-since")


def _networks_tile(subject: Subject) -> Tile:
    listed = [entry for entry in subject.entries if subject.lists(entry.network.name)]
    counts: Counter[str] = Counter(entry.status for entry in listed)
    retired = sum(entry.retired is not None for entry in listed)
    lines = [f"{counts[status]:,} {words}" for status, words in _STATES.items() if counts[status]]
    if retired:
        lines.append(f"{retired:,} of them retired")
    return Tile("Networks", _number(len(listed), "network"), "plain", tuple(lines), "networks")


def _flows_tile(subject: Subject) -> Tile:
    traces = subject.steps
    counts = Counter(trace.result for trace in traces)
    reachable = counts.pop("reachable", 0)
    mark: Mark = "good" if traces and not counts else "warning" if traces else "plain"
    lines = tuple(f"{count:,} {result}" for result, count in sorted(counts.items()))
    return Tile("Flows", f"{reachable:,} of {len(traces):,} reachable", mark, lines, "flows")


def _lab_tile(subject: Subject) -> Tile:
    run = subject.run
    if run is None:
        return Tile("Lab", "not run", "plain", ("--lab RESULT.json adds a result of ipplan lab",), "tests")
    counts = Counter(pair.outcome for pair in run.pairs)
    lines = [f"{counts['differs']:,} differ, {counts['not-run']:,} not run", f"started {run.started}"]
    if not is_same_plan(subject, run):
        lines.append("of another version of this plan")
    mark: Mark = "error" if counts["differs"] else "warning" if run.status or len(lines) > 2 else "good"
    return Tile("Lab", f"{counts['agree']:,} of {len(run.pairs):,} pairs agree", mark, tuple(lines), "tests")
