"""Render a run in the lab as a document, tables and text: predictions beside what packets did. Decides nothing.

The order is the same everywhere: pairs that differ, then pairs that were not run, then pairs that agree.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

from ipplan.flows.model import ARRIVED
from ipplan.output.documents import made_by
from ipplan.output.table import Column, Table, fits, render_plain, render_terminal
from ipplan.output.text import cells, escape, paint, wrap

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ipplan.plan.model import Plan
    from ipplan.proof import Difference, LabDevice, Outcome, Pair, Point, Report, Way

_WORDS: dict[Outcome, str] = {"differs": "differs", "not-run": "not run", "agree": "agree"}
"""The word for each outcome, in the order of all output."""
_MEANINGS: dict[Outcome, str] = {"differs": "error", "not-run": "warning", "agree": "good"}
_ORDER: tuple[Outcome, ...] = tuple(_WORDS)

_MOST_NAMED = 10
"""Name at most this many pairs for one reason on a terminal; all with `verbose`, and in other outputs."""


def document(plan: Plan, report: Report, edition: str) -> dict[str, Any]:
    """Return the document `ipplan.lab/1`; a way that was not predicted or not seen is null."""
    return {
        "schema": "ipplan.lab/1",
        "made_by": made_by(edition),
        "plan": {"name": plan.name, "file": plan.file, "digest": report.digest},
        "started": report.started,
        "seconds": report.seconds,
        "versions": [{"program": program, "version": version} for program, version in report.versions],
        "ok": report.status == 0,
        "summary": {outcome.replace("-", "_"): _count(report, outcome) for outcome in sorted(_ORDER)},
        "devices": [
            {"device": label, "title": title, "namespace": namespace} for label, title, namespace in report.devices
        ],
        "scenery": list(report.scenery),
        "notes": list(report.notes),
        "pairs": [_pair(pair) for pair in _ordered(report)],
    }


def _pair(pair: Pair) -> dict[str, Any]:
    return {
        "flow": pair.flow,
        "from": {"name": pair.source, "address": pair.source_address},
        "to": {"name": pair.destination, "address": pair.destination_address},
        "asked": pair.asked,
        "result": pair.predicted,
        "outcome": pair.outcome,
        "reason": pair.reason,
        "predicted": {"request": _way(pair.request), "answer": _way(pair.answer)},
        "seen": {"request": _way(pair.seen_request), "answer": _way(pair.seen_answer)},
        "differences": [_difference(difference) for difference in pair.differences],
        "proof": pair.positive,
    }


def _way(way: Way | None) -> dict[str, Any] | None:
    if way is None:
        return None
    return {
        "end": way.end,
        "where": way.where,
        "points": [
            {
                "device": point.device,
                "source": point.source,
                "destination": point.destination,
                "decided": point.decided,
            }
            for point in way.points
        ],
        "outer": [
            {"protocol": protocol, "source": source, "destination": destination}
            for protocol, source, destination in way.outer
        ],
    }


def _difference(difference: Difference) -> dict[str, Any]:
    return {
        "way": difference.way,
        "device": difference.device,
        "what": difference.what,
        "expected": difference.expected,
        "actual": difference.actual,
        "decided": difference.decided,
    }


def _ordered(report: Report) -> list[Pair]:
    return sorted(report.pairs, key=lambda pair: _ORDER.index(pair.outcome))


def _count(report: Report, outcome: Outcome) -> int:
    return sum(pair.outcome == outcome for pair in report.pairs)


_COLUMNS = (
    Column("flow"),
    Column("from"),
    Column("from address", "address"),
    Column("to"),
    Column("to address", "address"),
    Column("asked", "address"),
    Column("predicted"),
    Column("seen"),
    Column("verdict"),
    Column("reason or difference"),
)


def table(report: Report) -> Table:
    """Return a row for each pair; the last cell says why it was not run, what differs, or how a stop was seen."""
    rows = [
        (
            pair.flow,
            pair.source,
            pair.source_address,
            pair.destination,
            pair.destination_address,
            pair.asked,
            _predicted(pair),
            _seen(pair),
            _WORDS[pair.outcome],
            _details(pair),
        )
        for pair in _ordered(report)
    ]
    return Table(_COLUMNS, rows)


def devices_table(devices: Iterable[LabDevice]) -> Table:
    """Return the devices of a lab: the label for `ipplan lab enter`, the title, the namespace."""
    return Table((Column("device"), Column("title"), Column("namespace")), list(devices))


def _details(pair: Pair) -> str | None:
    texts = [] if pair.reason is None else [pair.reason]
    for difference in pair.differences:
        decided = "" if difference.decided is None else f" (decided: {difference.decided})"
        texts.append(_mismatch(difference) + decided)
    if pair.positive is not None:
        texts.append(pair.positive)
    return "; ".join(texts) or None


def _mismatch(difference: Difference) -> str:
    """Return a difference as text: way, device, what differs, and both values."""
    values = f"Expected: {difference.expected or 'nothing'} Actual: {difference.actual or 'nothing'}"
    return f"{difference.way} - {difference.device} - {difference.what} - {values}"


def _predicted(pair: Pair) -> str:
    return pair.predicted if pair.request is None else _course(pair.request, pair.answer)


def _seen(pair: Pair) -> str | None:
    if pair.seen_request is not None:
        return _course(pair.seen_request, pair.seen_answer)
    return None if pair.outcome == "not-run" else "nothing"


def _course(request: Way, answer: Way | None) -> str:
    """Return how a request ends, and how its answer ends if it stops."""
    text = _ending(request)
    if request.end in ARRIVED and answer is not None and answer.end not in ARRIVED:
        text += f"; answer: {_ending(answer)}"
    return text


def _ending(way: Way) -> str:
    if way.end in ARRIVED:
        devices = len({point.device for point in way.points})
        return f"{way.end}, {devices:,} device{'' if devices == 1 else 's'}"
    return way.end if way.where is None else f"{way.end} at {way.where}"


def _agreed(pair: Pair) -> str:
    """Return in a few words what was predicted and seen; a stop is marked, because here it is not a failure."""
    ways = [way for way in (pair.request, pair.answer) if way is not None]
    stop = any(way.end not in ARRIVED for way in ways)
    return f"{_predicted(pair)} (a stop)" if stop else _predicted(pair)


def render(report: Report, *, width: int | None, color: bool, verbose: bool) -> str:
    """Return a run for people, pairs that differ first; the last line has the totals.

    A pair that agrees is one line; a pair that differs shows the devices that differ. With `verbose`, all pairs show
    each device on each way, then follow scenery and versions. Linear in the points of all ways.
    """
    of = {outcome: [pair for pair in report.pairs if pair.outcome == outcome] for outcome in _ORDER}
    parts = [_lines(f"{_number(len(report.devices), 'device')} in network namespaces", width)]
    if verbose:
        parts += [_whole(pair, width, color=color) for outcome in _ORDER for pair in of[outcome]]
        parts.append(_background(report, width))
    else:
        parts += [_differing(pair, width, color=color) for pair in of["differs"]]
        parts += _not_run(of["not-run"], width, color=color)
        if of["agree"]:
            parts.append(_agreeing(of["agree"], width, color=color))
    if report.notes:
        parts.append("".join(_lines(escape(f"note: {note}"), width) for note in report.notes))
    parts.append(_lines(_total(report), width, paint_as=_worst(report), color=color))
    return "\n".join(parts)


def _number(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def _total(report: Report) -> str:
    agree, differ, not_run = (_count(report, outcome) for outcome in ("agree", "differs", "not-run"))
    counts = f"{agree:,} agree{'s' if agree == 1 else ''}, {differ:,} differ{'s' if differ == 1 else ''}"
    return f"{_number(len(report.pairs), 'pair')}: {counts}, {not_run:,} not run"


def _worst(report: Report) -> str:
    found = {pair.outcome for pair in report.pairs}
    return next((_MEANINGS[outcome] for outcome in _ORDER if outcome in found), "warning")


def _agreeing(pairs: Sequence[Pair], width: int | None, *, color: bool) -> str:
    """Return pairs that agree as a table: on narrow terminals without source address, then without flow.

    Where no table fits, each pair is a sentence, wrapped if it is longer than a line.
    """
    rows = [
        (
            _WORDS[pair.outcome],
            pair.flow,
            pair.source,
            pair.source_address,
            pair.destination,
            pair.destination_address,
            _agreed(pair),
        )
        for pair in pairs
    ]
    columns = (
        Column("verdict"),
        Column("flow"),
        Column("from"),
        Column("from address", "address"),
        Column("to"),
        Column("to address", "address"),
        Column("predicted and seen"),
    )
    for kept in ((0, 1, 2, 3, 4, 5, 6), (0, 1, 2, 4, 6), (0, 2, 4, 6)):
        shown = Table(tuple(columns[i] for i in kept), [tuple(row[i] for i in kept) for row in rows])
        if width is None:
            return render_terminal(shown, 100_000, color) if color else render_plain(shown)
        if fits(Table(tuple(Column(column.title, "address") for column in shown.columns), shown.rows), width):
            return render_terminal(shown, width, color)
    return "".join(_sentence(pair, width, color=color) for pair in pairs)


def _sentence(pair: Pair, width: int | None, *, color: bool) -> str:
    text = f"{_heading(pair)}: {escape(_agreed(pair))}"
    if width is not None and cells(text) > width:
        text = f"{_heading(pair, addresses=False)}: {escape(_agreed(pair))}"
    return _lines(text, width, paint_as=_MEANINGS[pair.outcome], lead=_WORDS[pair.outcome], color=color)


def _heading(pair: Pair, *, addresses: bool = True) -> str:
    return f"{_WORDS[pair.outcome]}  {_ends(pair, addresses=addresses)}"


def _ends(pair: Pair, *, addresses: bool = True) -> str:
    """Return flow and ends of a pair, escaped; with the asked address where it differs from the destination."""
    flow = "" if pair.flow is None else f"{pair.flow}  "
    if not addresses:
        return escape(f"{flow}{pair.source} to {pair.destination}")
    asked = "" if pair.asked == pair.destination_address else f", asked {pair.asked}"
    source = f"{pair.source} ({pair.source_address})"
    return escape(f"{flow}{source} to {pair.destination} ({pair.destination_address}{asked})")


def _title(pair: Pair, width: int | None, *, color: bool) -> str:
    return _lines(_heading(pair), width, paint_as=_MEANINGS[pair.outcome], lead=_WORDS[pair.outcome], color=color)


def _differing(pair: Pair, width: int | None, *, color: bool) -> str:
    """Return a pair that differs, with only the devices that differ."""
    text = _title(pair, width, color=color)
    if pair.reason is not None:
        text += _lines(escape(pair.reason), width, 2)
    text += _lines(f"predicted: {escape(_predicted(pair))}", width, 2)
    text += _lines(f"seen: {escape(_seen(pair) or 'nothing')}", width, 2)
    for (way, device), differences in groupby(pair.differences, key=lambda found: (found.way, found.device)):
        for difference in differences:
            text += _lines(escape(_mismatch(difference)), width, 2)
            if difference.decided is not None:
                text += _lines(f"decided: {escape(difference.decided)}", width, 6)
        predicted, seen = (pair.request, pair.seen_request) if way == "request" else (pair.answer, pair.seen_answer)
        text += _lines(escape(_packets(predicted, seen, device)), width, 6)
    return text


def _packets(predicted: Way | None, seen: Way | None, device: str) -> str:
    """Return the packet at a device as predicted and as seen; several if it passes the device more than once."""
    texts = [
        ", then ".join(_packet(point) for point in (way.points if way else ()) if point.device == device)
        for way in (predicted, seen)
    ]
    return f"packet there: predicted {texts[0] or 'none'}; seen {texts[1] or 'none'}"


def _packet(point: Point) -> str:
    return f"{point.source} > {point.destination}"


def _not_run(pairs: Sequence[Pair], width: int | None, *, color: bool) -> list[str]:
    """Return the pairs that were not run, one part for each reason, in the order of their first pair."""
    reasons: dict[str, list[Pair]] = {}
    for pair in pairs:
        reasons.setdefault(pair.reason or "unknown reason", []).append(pair)
    parts = []
    for reason, alike in reasons.items():
        word = _WORDS["not-run"]
        text = _lines(f"{word}: {escape(reason)}", width, paint_as=_MEANINGS["not-run"], lead=word, color=color)
        named = alike if width is None else alike[:_MOST_NAMED]
        text += "".join(_lines(_ends(pair), width, 2) for pair in named)
        if len(named) < len(alike):
            text += _lines(f"and {len(alike) - len(named):,} more: --verbose lists all", width, 2)
        parts.append(text)
    return parts


def _whole(pair: Pair, width: int | None, *, color: bool) -> str:
    """Return a pair with each device on each way."""
    if pair.outcome == "differs":
        text = _differing(pair, width, color=color)
    else:
        text = _title(pair, width, color=color)
        text += "" if pair.reason is None else _lines(escape(pair.reason), width, 2)
    for name, predicted, seen in (
        ("request", pair.request, pair.seen_request),
        ("answer", pair.answer, pair.seen_answer),
    ):
        if predicted is not None and seen is not None and _alike(predicted, seen):
            text += _devices(f"{name}, predicted and seen", predicted, width)
            continue
        text += "" if predicted is None else _devices(f"{name}, predicted", predicted, width)
        text += "" if seen is None else _devices(f"{name}, seen", seen, width)
    return text + ("" if pair.positive is None else _lines(f"proof: {escape(pair.positive)}", width, 2))


def _alike(predicted: Way, seen: Way) -> bool:
    """Return whether two ways are the same; only predicted ways know the deciding rule, so it is not compared."""
    one, other = (
        (way.end, way.where, way.outer, [(p.device, p.source, p.destination) for p in way.points])
        for way in (predicted, seen)
    )
    return one == other


def _devices(title: str, way: Way, width: int | None) -> str:
    text = _lines(f"{title}: {escape(_ending(way))}", width, 2)
    for number, point in enumerate(way.points, start=1):
        text += _lines(f"{number:>2}  {escape(f'{point.device}: {_packet(point)}')}", width, 4)
        if point.decided is not None:
            text += _lines(f"decided: {escape(point.decided)}", width, 8)
    for protocol, source, destination in way.outer:
        text += _lines(escape(f"carried in {protocol} from {source} to {destination}"), width, 4)
    return text


def _background(report: Report, width: int | None) -> str:
    """Return the scenery, the versions, the time and the digest of the plan."""
    text = ""
    if report.scenery:
        text += _lines("scenery, not from any export:", width)
        text += "".join(_lines(escape(f"- {part}"), width, 2) for part in report.scenery) + "\n"
    if report.versions:
        text += _lines("versions:", width)
        for program, version in report.versions:
            text += _lines(escape(f"- {program}: {version or 'not found'}"), width, 2)
        text += "\n"
    text += _lines(escape(f"started {report.started}, took {report.seconds:,.1f} seconds"), width)
    return text + _lines(escape(f"SHA-256 of the plan: {report.digest}"), width)


def _lines(
    text: str,
    width: int | None,
    indent: int = 0,
    *,
    paint_as: str | None = None,
    lead: str | None = None,
    color: bool = False,
) -> str:
    """Return a text, already escaped, as indented lines, wrapped at spaces where there is a width.

    `paint_as` colours the first line, or only the word `lead` at its start.
    """
    first, *more = [text] if width is None else wrap(text, max(width - indent, 1))
    if more and width is not None:
        more = wrap(" ".join(more), max(width - indent - 2, 1))
    if paint_as is not None:
        head = first if lead is None or not first.startswith(lead) else lead
        first = paint(head, paint_as, color=color) + first[len(head) :]
    margin = " " * indent
    return f"{margin}{first}\n" + "".join(f"{margin}  {line}\n" for line in more)
