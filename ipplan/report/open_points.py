"""What is still missing before the plan can be built: what, who supplies it, and what to do."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from ipplan.output.table import Column
from ipplan.report.model import Grid, Section
from ipplan.report.traffic import is_same_plan, missing_flows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ipplan.report.model import Cell
    from ipplan.report.subject import Subject

    Point = tuple[str, str, str | None]

_PLAN, _IBM, _LAB = "the plan", "IBM Cloud", "the lab"


def open_section(points: tuple[Point, ...]) -> Section:
    """Return the open points as a table."""
    rows: list[tuple[Cell, ...]] = [(f"O{number}", *point) for number, point in enumerate(points, 1)]
    columns = (Column("number"), Column("what is missing"), Column("supplied by"), Column("what to do"))
    grid = Grid("points", "", columns, rows, (), ("supplied by",), empty="Nothing is missing.")
    return Section("open", "Open points", None, (grid,))


def list_points(subject: Subject) -> tuple[Point, ...]:
    """Return the open points, each once: of the whole plan, whatever labels were asked for."""
    return tuple(dict.fromkeys((*_ranges(subject), *_design(subject), *_flows(subject), *_lab(subject))))


def _ranges(subject: Subject) -> Iterator[Point]:
    for failure in subject.allocation.shortfalls:
        yield failure.message, _PLAN, failure.help
    for finding in subject.brought:
        yield f"{finding.rule}: {finding.message}", _PLAN, finding.help
    for entry in subject.entries:
        if entry.status == "to-order" and entry.retired is None:
            network = entry.network
            size = "" if entry.length is None else f" with a /{entry.length}"
            yield (
                f"{network.name}: a {network.kind.subnet_type} subnet for {network.kind.title}{size}",
                _IBM,
                "order it, then write its cidr into the plan",
            )
    placed = Counter(entry.status for entry in subject.entries)["allocated"]
    if placed:
        what = "1 network has a range" if placed == 1 else f"{placed:,} networks have ranges"
        yield f"{what} that the plan does not pin", _PLAN, "ipplan allocate PLAN --write"


def _design(subject: Subject) -> Iterator[Point]:
    landscape = subject.request.landscape
    for what, help_ in landscape.homeless:
        yield what, _PLAN, help_
    for edge in landscape.ends.edges:
        for what, help_ in landscape.esg(edge).missing:
            yield what, _PLAN, help_


def _flows(subject: Subject) -> Iterator[Point]:
    for missing in missing_flows(subject):
        yield f"{missing.reason} ({missing.title})", _PLAN, missing.help
    for trace in subject.steps:
        stop = trace.stop or trace.back_stop
        if trace.result == "undetermined" and stop is not None:
            yield stop.reason, _PLAN, stop.help


def _lab(subject: Subject) -> Iterator[Point]:
    run = subject.run
    if run is None:
        return
    counts = Counter(pair.outcome for pair in run.pairs)
    if counts["differs"]:
        yield (
            f"{_pairs(counts['differs'])} in the lab did not do what the flows predict",
            _PLAN,
            "see the test plan",
        )
    if counts["not-run"]:
        yield f"{_pairs(counts['not-run'])} did not run in the lab", _LAB, "see the reasons in the test plan"
    if not is_same_plan(subject, run):
        yield "the lab ran another version of this plan", _LAB, "ipplan lab PLAN --json"


def _pairs(count: int) -> str:
    return "1 pair" if count == 1 else f"{count:,} pairs"
