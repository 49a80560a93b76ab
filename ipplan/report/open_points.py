"""The open points: what is missing before the plan can be built, who supplies it, and what to do."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from ipplan.output.table import Column
from ipplan.report.model import Grid, Section
from ipplan.report.traffic import is_same_plan, missing_flows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ipplan.report.model import Cell
    from ipplan.report.subject import Subject

_PLAN, _IBM, _LAB = "plan author", "IBM Cloud", "lab run"


class Point(NamedTuple):
    """An open point: what is missing, who supplies it, and what to do."""

    what: str
    supplier: str
    help: str | None


def open_section(points: tuple[Point, ...]) -> Section:
    """Return the open points as a table."""
    rows: list[tuple[Cell, ...]] = [(f"O{number}", *point) for number, point in enumerate(points, 1)]
    columns = (Column("number"), Column("what is missing"), Column("supplied by"), Column("what to do"))
    grid = Grid("points", "", columns, rows, (), ("supplied by",), empty="Nothing is missing.")
    return Section("open", "Open points", None, (grid,))


def list_points(subject: Subject) -> tuple[Point, ...]:
    """Return the open points of the whole plan, each once; labels do not limit them."""
    return tuple(dict.fromkeys((*_ranges(subject), *_design(subject), *_flows(subject), *_lab(subject))))


def _ranges(subject: Subject) -> Iterator[Point]:
    for failure in subject.allocation.shortfalls:
        yield Point(failure.message, _PLAN, failure.help)
    for finding in subject.brought:
        yield Point(f"{finding.rule}: {finding.message}", _PLAN, finding.help)
    for entry in subject.entries:
        if entry.status == "to-order" and entry.retired is None:
            network = entry.network
            size = "" if entry.length is None else f" with a /{entry.length}"
            yield Point(
                f"{network.name}: a {network.kind.subnet_type} subnet for {network.kind.title}{size}",
                _IBM,
                "order it, then add its cidr to the plan",
            )
    placed = Counter(entry.status for entry in subject.entries)["allocated"]
    if placed:
        what = "1 network is" if placed == 1 else f"{placed:,} networks are"
        yield Point(f"{what} allocated here, but not pinned in the plan", _PLAN, "run ipplan allocate PLAN --write")


def _design(subject: Subject) -> Iterator[Point]:
    landscape = subject.request.landscape
    for what, help_ in landscape.homeless:
        yield Point(what, _PLAN, help_)
    for edge in landscape.ends.edges:
        for what, help_ in landscape.esg(edge).missing:
            yield Point(what, _PLAN, help_)


def _flows(subject: Subject) -> Iterator[Point]:
    for missing in missing_flows(subject):
        yield Point(f"{missing.reason} ({missing.title})", _PLAN, missing.help)
    for trace in subject.steps:
        stop = trace.stop or trace.back_stop
        if trace.result == "undetermined" and stop is not None:
            yield Point(stop.reason, _PLAN, stop.help)


def _lab(subject: Subject) -> Iterator[Point]:
    run = subject.run
    if run is None:
        return
    counts = Counter(pair.outcome for pair in run.pairs)
    if counts["differs"]:
        yield Point(
            f"in the lab, {_pairs(counts['differs'])} did not behave as the flows predict", _PLAN, "see the test plan"
        )
    if counts["not-run"]:
        yield Point(f"{_pairs(counts['not-run'])} did not run in the lab", _LAB, "see the reasons in the test plan")
    if not is_same_plan(subject, run):
        yield Point("the lab ran another version of this plan", _LAB, "run ipplan lab PLAN --json again")


def _pairs(count: int) -> str:
    return "1 pair" if count == 1 else f"{count:,} pairs"
