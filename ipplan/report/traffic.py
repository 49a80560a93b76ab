"""The documented flows step by step, and the test plan: each flow with its expected result and that of the lab."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.flows import Missing, name_of
from ipplan.output.flows import describe_hop, device_of, ends_of, verdict_of
from ipplan.output.lab import table as lab_table
from ipplan.output.table import Column
from ipplan.report.grids import choose_columns, from_table, limited
from ipplan.report.model import MARKS, Facts, Grid, Section, Step, Walk, Walks, Way

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ipplan.flows import Trace
    from ipplan.flows.model import Hop, Stop
    from ipplan.proof import Pair, Report
    from ipplan.report.model import Cell
    from ipplan.report.subject import Subject

MOST_WALKS = 60
"""Show at most 60 flows step by step; the test plan lists all."""


def flows_section(subject: Subject) -> Section:
    """Return the documented flows step by step."""
    traces = subject.steps
    walks = tuple(_walk(number, trace) for number, trace in enumerate(traces[:MOST_WALKS], 1))
    cut = None
    if len(traces) > MOST_WALKS:
        cut = f"Shows the first {MOST_WALKS:,} of {len(traces):,} flows; for all, see: ipplan flows PLAN"
    text = (
        "Each documented flow, with one example of all pairs that take the same path. Where a device changes the"
        " packet, the step shows the packet as it leaves the device."
    )
    return Section(
        "flows",
        "Flows",
        text if walks else None,
        (Walks("flow", "", walks, "The plan has no pair of a documented flow.", cut),),
    )


def _walk(number: int, trace: Trace) -> Walk:
    start, end = ends_of(trace)
    letter = "" if trace.flow is None else f"{trace.flow}: "
    ways = [Way("request", _steps(trace.hops), _stop(trace.stop))]
    if trace.stop is None:
        ways.append(Way("answer", _steps(trace.back), _stop(trace.back_stop)))
    return Walk(
        f"flow-{number}",
        MARKS[trace.result],
        f"T{number} {letter}{start} to {end}",
        verdict_of(trace),
        tuple(ways),
        tuple(f"assumed: {text}" for text in trace.assumptions),
    )


def _steps(hops: Sequence[Hop]) -> tuple[Step, ...]:
    """Return the steps; a step shows the packet only where it differs from the step before."""
    steps = []
    before = None
    for hop in hops:
        packet, *details = describe_hop(hop)
        steps.append(Step(device_of(hop), hop.text, tuple(details if packet == before else [packet, *details])))
        before = packet
    return tuple(steps)


def _stop(stop: Stop | None) -> tuple[tuple[str, str], ...]:
    if stop is None:
        return ()
    where = stop.device if stop.name is None else f"{stop.device} of {stop.name}"
    rows = [("ends at", f"{where} ({stop.end})"), ("because", stop.reason)]
    if stop.table:
        near = f"; the nearest entry is {stop.nearest}" if stop.nearest else ""
        rows.append(("looked up in", stop.table + near))
    if stop.help:
        rows.append(("what to do", stop.help))
    return tuple(rows)


def tests_section(subject: Subject) -> Section:
    """Return the test plan, and the pairs that ran in the lab."""
    columns = (
        Column("test"),
        Column("flow"),
        Column("name"),
        Column("from"),
        Column("to"),
        Column("asked", "address"),
        Column("expected"),
        Column("details"),
        Column("lab"),
        Column("lab pairs"),
    )
    results = _Results(subject.run)
    found, cut = limited(
        (_test(number, trace, results) for number, trace in enumerate(subject.steps, 1)), "ipplan flows PLAN"
    )
    shown, rows = choose_columns(columns, found, [column.title for column in columns])
    choices = ("flow", "expected") if subject.run is None else ("flow", "expected", "lab")
    grid = Grid(
        "flows-to-test",
        "Flows to test",
        shown,
        rows,
        ("expected", "lab"),
        choices,
        "Each row is one flow, with all pairs that take the same path.",
        "The plan has no pair of a documented flow.",
        cut,
    )
    if subject.run is None:
        text = "No result of the lab is included. To send real packets and add the result: ipplan lab PLAN --json -o lab.json, then ipplan report with --lab lab.json."
        return Section("tests", "Test plan", text, (grid,))
    pairs = from_table("lab", "Pairs in the lab", lab_table(subject.run))
    kept, more = limited(pairs.rows, "the result file of the lab")
    pairs = pairs._replace(rows=kept, cut=more, judged=("verdict",), choices=("flow", "verdict"))
    return Section("tests", "Test plan", None, (_run(subject, subject.run), grid, pairs))


def _run(subject: Subject, run: Report) -> Facts:
    rows = [("started", run.started), ("plan", _which(subject, run))]
    rows += [("program", f"{program} {version or '(version unknown)'}") for program, version in run.versions]
    rows += [("note", note) for note in run.notes]
    return Facts("Lab run", tuple(rows))


def _which(subject: Subject, run: Report) -> str:
    if is_same_plan(subject, run):
        return "this plan, unchanged"
    return f"another version of this plan: its SHA-256 is {run.digest}"


def is_same_plan(subject: Subject, run: Report) -> bool:
    """Return whether the lab ran exactly this plan."""
    return run.digest == subject.digest


def _test(number: int, trace: Trace, results: _Results) -> tuple[Cell, ...]:
    start, end = ends_of(trace)
    word, details = results.of(trace)
    why = None if trace.ok else verdict_of(trace)
    return (
        f"T{number}",
        trace.flow,
        name_of(trace.flow),
        start,
        end,
        trace.asked.text,
        trace.result,
        why,
        word,
        details,
    )


class _Results:
    """The results of a lab run for flows: a flow covers several pairs, and each pair ran separately."""

    def __init__(self, run: Report | None) -> None:
        self._pairs: Mapping[tuple[str | None, str, str], Pair] = {}
        if run is not None:
            self._pairs = {(p.flow, p.source, p.destination): p for p in run.pairs}

    def of(self, trace: Trace) -> tuple[str | None, str | None]:
        """Return the verdict of the pairs of a flow, and how many had each result; None without a run."""
        if not self._pairs:
            return None, None
        counts: dict[str, int] = {"differs": 0, "not run": 0, "agree": 0}
        total = 0
        for start, end in _pairs_of(trace):
            pair = self._pairs.get((trace.flow, start, end))
            total += 1
            if pair is not None:
                counts["not run" if pair.outcome == "not-run" else pair.outcome] += 1
        counts["not run"] += total - sum(counts.values())
        results = ", ".join(f"{count:,} of {total:,} {word}" for word, count in counts.items() if count)
        return next(word for word, count in counts.items() if count), results


def _pairs_of(trace: Trace) -> Iterator[tuple[str, str]]:
    """Yield the titles of both ends of each pair that a flow covers."""
    blocks = trace.alike or (((trace.source.title,), (trace.destination.title,)),)
    for firsts, seconds in blocks:
        for first in firsts:
            for second in seconds:
                yield "the internet" if first == "internet" else first, second


def missing_flows(subject: Subject) -> tuple[Missing, ...]:
    """Return the documented flows of which the plan does not have both ends."""
    return tuple(trace for trace in subject.traces if isinstance(trace, Missing))
