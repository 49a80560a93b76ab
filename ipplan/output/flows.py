"""Render traced flows as a document, as a table of hops, and as text. Must not decide anything."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from ipplan.flows import Missing, name_of
from ipplan.landscape.model import DestinationNat, RangeNat, Route
from ipplan.output.documents import made_by
from ipplan.output.table import ALL, Column, Table, render_for_people
from ipplan.output.text import escape, hang, paint, wrap
from ipplan.plan.choices import INTEGRATION

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ipplan.flows import Machine, Trace
    from ipplan.flows.model import Changed, Hop, Stop
    from ipplan.landscape.model import HostAddress, SourceNat
    from ipplan.output.table import Choice
    from ipplan.plan.model import Plan

    Entry = Route | SourceNat | DestinationNat | RangeNat

_MARK = "=>"
"""The mark of a change to the packet, visible without colour too."""
_MOST_NAMED = 3
"""Name at most this many networks for pairs that are alike; documents name all."""


def document(plan: Plan, traces: Sequence[Trace | Missing], edition: str) -> dict[str, Any]:
    """Return the document `ipplan.flows/2`; a flow without a source or destination in the plan has no hops."""
    return {
        "schema": "ipplan.flows/2",
        "made_by": made_by(edition),
        "plan": {"name": plan.name, "file": plan.file},
        "integration": {key.replace("-", "_"): plan.integration.get(key) for key in INTEGRATION},
        "flows": [_missing(t) if isinstance(t, Missing) else _trace(t) for t in traces],
    }


def _missing(flow: Missing) -> dict[str, Any]:
    stop = {
        "device": None,
        "of": None,
        "end": "undetermined",
        "reason": flow.reason,
        "table": None,
        "nearest": None,
        "help": flow.help,
    }
    return {
        "flow": flow.flow,
        "name": name_of(flow.flow),
        "title": flow.title,
        "from": None,
        "to": None,
        "asked": None,
        "ok": False,
        "result": "undetermined",
        "end": "undetermined",
        "hops": [],
        "stop": stop,
        "back": [],
        "back_stop": None,
        "assumptions": [],
        "alike": [],
    }


def _trace(trace: Trace) -> dict[str, Any]:
    return {
        "flow": trace.flow,
        "name": name_of(trace.flow),
        "title": trace.title,
        "from": _machine(trace.source),
        "to": _machine(trace.destination),
        "asked": _address(trace.asked),
        "ok": trace.ok,
        "result": trace.result,
        "end": trace.end,
        "hops": [_hop(i, hop) for i, hop in enumerate(trace.hops, start=1)],
        "stop": _stop(trace.stop),
        "back": [_hop(i, hop) for i, hop in enumerate(trace.back, start=1)],
        "back_stop": _stop(trace.back_stop),
        "assumptions": list(trace.assumptions),
        "alike": [{"from": list(firsts), "to": list(seconds)} for firsts, seconds in trace.alike],
    }


def _machine(machine: Machine) -> dict[str, Any]:
    network, end = machine.network, machine.end
    return {
        "domain": machine.domain,
        "of": None if end is None else end.name,
        "network": None if network is None else network.name,
        "cidr": None if network is None or network.prefix is None else str(network.prefix),
        "address": _address(machine.address),
    }


def _address(address: HostAddress) -> dict[str, Any]:
    return {
        "address": address.text,
        "network": address.network,
        "name": address.name,
        "example": address.example,
    }


def _hop(number: int, hop: Hop) -> dict[str, Any]:
    return {
        "step": number,
        "device": hop.device,
        "of": hop.name,
        "action": hop.action,
        "source": _address(hop.source),
        "destination": _address(hop.destination),
        "outer": [
            {
                "protocol": outer.protocol,
                "source": _address(outer.source),
                "destination": _address(outer.destination),
            }
            for outer in hop.outer
        ],
        "route": None if hop.route is None else str(hop.route),
        "route_network": hop.route_network,
        "decided_by": [_entry(entry) for entry in hop.decided],
        "changes": [{"field": c.field, "old": c.old.text, "new": c.new.text} for c in hop.changed],
        "unmatched": hop.unmatched,
        "text": hop.text,
        "case": hop.case,
    }


def _entry(entry: Entry) -> dict[str, Any]:
    """Return a route or rule of a device in one common form."""
    if isinstance(entry, Route):
        return {
            "entry": "route",
            "match": str(entry.prefix),
            "destination": None,
            "to": entry.via,
            "value": None if entry.next_hop is None else entry.next_hop.text,
            "how": entry.how,
            "text": entry.text,
        }
    if isinstance(entry, DestinationNat):
        port = None if entry.port is None else f"{entry.protocol} {entry.port}"
        return {
            "entry": "dnat",
            "match": entry.address.text,
            "destination": None,
            "to": entry.interface,
            "value": entry.target.text,
            "how": port,
            "text": entry.text,
        }
    if isinstance(entry, RangeNat):
        return {
            "entry": "dnat",
            "match": str(entry.shown),
            "destination": None,
            "to": entry.interface,
            "value": str(entry.target),
            "how": f"from {entry.match}",
            "text": entry.text,
        }
    kept = entry.address is None and entry.shown is None
    value = entry.address.text if entry.address is not None else None if entry.shown is None else str(entry.shown)
    return {
        "entry": "snat",
        "match": str(entry.source),
        "destination": None if entry.match is None else str(entry.match),
        "to": entry.interface,
        "value": value,
        "how": "keep" if kept else None,
        "text": entry.text,
    }


def _stop(stop: Stop | None) -> dict[str, Any] | None:
    if stop is None:
        return None
    return {
        "device": stop.device,
        "of": stop.name,
        "end": stop.end,
        "reason": stop.reason,
        "table": stop.table,
        "nearest": stop.nearest,
        "help": stop.help,
    }


_HOP_COLUMNS = (
    Column("flow"),
    Column("way"),
    Column("step", "number"),
    Column("device"),
    Column("of"),
    Column("action"),
    Column("source", "address"),
    Column("destination", "address"),
    Column("inside"),
    Column("route", "address"),
    Column("leads to"),
    Column("what happens"),
    Column("case"),
)


def table(traces: Iterable[Trace]) -> Table:
    """Return every hop of every trace, there and back."""
    rows = [
        (
            trace.flow,
            way,
            number,
            hop.device,
            hop.name,
            hop.action,
            _shown(hop.source),
            _shown(hop.destination),
            _around(hop),
            None if hop.route is None else str(hop.route),
            hop.route_network,
            hop.text,
            hop.case,
        )
        for trace in traces
        for way, hops in (("there", trace.hops), ("back", trace.back))
        for number, hop in enumerate(hops, start=1)
    ]
    return Table(_HOP_COLUMNS, rows)


def _shown(address: HostAddress) -> str:
    return f"{address.text}*" if address.example and address.value is not None else address.text


def _around(hop: Hop) -> str | None:
    around = [f"{o.protocol} {_shown(o.source)} to {_shown(o.destination)}" for o in hop.outer]
    return ", inside ".join(reversed(around)) or None


COLUMNS = (
    Column("flow"),
    Column("name"),
    Column("from", long="list"),
    Column("to", long="list"),
    Column("steps", "number", goes=2),
    Column("result"),
    Column("why", goes=1, long="note", piped=False),
)
"""The columns of the list of flows."""


def list_table(traces: Sequence[Trace | Missing], *, terminal: bool) -> Table:
    """Return a row for each flow; the reason of a stop is a note on a terminal, elsewhere part of the result."""
    rows: list[tuple[str | int | None, ...]] = []
    for trace in traces:
        result: str
        ends: tuple[str | None, str | None]
        why: str | None
        if isinstance(trace, Missing):
            ends, steps, result, way, why = (None, None), None, "not in the plan", "", trace.reason
        else:
            ends, steps, result = ends_of(trace), len(trace.hops), trace.result
            way, why = _obstacle(trace)
        if why is not None and terminal:
            why = f"{way}: {why}" if way else why
        elif why is not None:
            result = f"{result} {way}".rstrip() + f": {why}"
        rows.append((trace.flow, name_of(trace.flow), *ends, steps, result, why))
    return Table(COLUMNS, rows)


def render_list(traces: Sequence[Trace | Missing], *, width: int | None, color: bool, choice: Choice = ALL) -> str:
    """Return the list of flows with their ends and results, failures first."""
    shown = list_table(traces, terminal=width is not None)
    text = render_for_people(shown, width=width, color=color, choice=choice)
    return text + "\n" + hang("ipplan flows PLAN FLOW shows each step; --from and --to trace any pair", width)


def ends_of(trace: Trace) -> tuple[str, str]:
    """Return the ends of a trace for people, with those of alike pairs."""
    blocks = trace.alike or (((_named(trace.source),), (_named(trace.destination),)),)
    start, end = (_some([name for block in blocks for name in block[side]]) for side in (0, 1))
    return start, end


def _some(names: Sequence[str]) -> str:
    names = ["the internet" if name == "internet" else name for name in names]
    names = list(dict.fromkeys(names))
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more:,} more" if more > 0 else "")


def _named(machine: Machine) -> str:
    return machine.title


def verdict_of(trace: Trace) -> str:
    """Return the result of a flow, with the place and reason of its stop."""
    way, why = _obstacle(trace)
    return trace.result if why is None else f"{trace.result} {way}".rstrip() + f": {why}"


def _obstacle(trace: Trace) -> tuple[str, str | None]:
    """Return the way on which a trace stops, in words, and the reason; None for one that does not stop."""
    stop = trace.stop or trace.back_stop
    if stop is None:
        return "", None
    where = f" of {stop.name}" if stop.name else ""
    return "" if trace.stop is not None else "on the way back", f"{stop.device}{where}: {stop.reason}"


def render_trace(trace: Trace, *, width: int | None, color: bool) -> str:
    """Return a flow for people: each hop with the entry that decided and with its changes, then the result.

    The first hop shows the whole packet, later ones only the changes, which have a mark.
    """
    head = f"flow {trace.flow}: {trace.title}" if trace.flow else trace.title
    parts = [_lines(f"{escape(head)}, from {_from(trace.source)} to {_from(trace.destination)}", width), "\n"]
    parts += _steps(trace.hops, width, color=color)
    if trace.stop is not None:
        parts.append(_stopped(f"{trace.result}: stops at", trace.stop, width, color=color))
        return "".join([*parts, *_footer(trace, width)])
    parts.append("\nthe answer\n\n")
    parts += _steps(trace.back, width, color=color, brief=True)
    if trace.back_stop is not None:
        parts.append(_stopped(f"{trace.result}: the answer stops at", trace.back_stop, width, color=color))
    return "".join([*parts, *_footer(trace, width)])


def _footer(trace: Trace, width: int | None) -> list[str]:
    parts = [_lines(f"assumed: {escape(text)}", width) for text in trace.assumptions]
    shown = [a for hop in (*trace.hops, *trace.back) for a in (hop.source, hop.destination)]
    if any(a.example and a.value is not None for a in shown):
        parts.append("* an example address, which the plan does not assign\n")
    if any(_changes(before, hop) for hops in (trace.hops, trace.back) for before, hop in pairwise(hops)):
        parts.append(f"{_MARK} changed at this step; the rest of the packet is unchanged\n")
    return ["\n", *parts] if parts else []


def _from(machine: Machine) -> str:
    return f"{escape(_named(machine))} ({_shown(machine.address)})"


def device_of(hop: Hop) -> str:
    """Return the device of a hop with the name of its end."""
    return hop.device if hop.name is None else f"{hop.device} of {hop.name}"


def _steps(hops: Sequence[Hop], width: int | None, *, color: bool, brief: bool = False) -> Iterator[str]:
    """Yield the lines of each hop; `brief` omits the entries that decided."""
    before = None
    for number, hop in enumerate(hops, start=1):
        yield _lines(f"{number:>2}  {escape(device_of(hop))}: {escape(hop.text)}", width)
        if before is None:
            yield _lines(f"      {escape(_packet(hop))}", width)
        else:
            for change in _changes(before, hop):
                yield _lines(f"   {_MARK} {escape(change)}", width, paint_as="bold", color=color)
        if not brief:
            yield from (_lines(f"      {escape(line)}", width) for line in _decided(hop))
        before = hop


def _packet(hop: Hop) -> str:
    packet = f"{_shown(hop.source)} > {_shown(hop.destination)}"
    around = _around(hop)
    return packet if around is None else f"{packet}, inside {around}"


def _changes(before: Hop, hop: Hop) -> list[str]:
    """Return the differences of the packet between two hops."""
    translated: dict[str, Changed] = {change.field: change for change in hop.changed}
    said = []
    for field, old, new in (
        ("source", before.source, hop.source),
        ("destination", before.destination, hop.destination),
    ):
        change = translated.get(field)
        if change is not None:
            said.append(_change(change))
        elif _shown(old) != _shown(new):
            said.append(f"{field}: {_shown(old)} -> {_shown(new)}")
    if (around := _around(hop)) != (was := _around(before)):
        said.append(f"inside {around}" if around is not None else f"no longer inside {was}")
    return said


def _decided(hop: Hop) -> list[str]:
    """Return the entries that decided at a hop, rule lists without a match, and the assumption, a line each."""
    lines = []
    if hop.route is not None:
        of = f" ({hop.route_network})" if hop.route_network else ""
        via = next((e.via for e in hop.decided if isinstance(e, Route)), None)
        lines.append(f"route {hop.route}{of}{f' to {via}' if via else ''}")
    lines += [f"rule: {_rule(entry)}" for entry in hop.decided if not isinstance(entry, Route)]
    if hop.unmatched is not None:
        lines.append(f"{hop.unmatched}: no rule matched")
    if hop.case is not None:
        lines.append(f"assumes {hop.case}")
    return lines


def describe_hop(hop: Hop) -> list[str]:
    """Return the packet after a hop, its changes, and the entries of the device that decided, a line each."""
    return [_packet(hop), *map(_change, hop.changed), *_decided(hop)]


def _change(change: Changed) -> str:
    return f"{change.field}: {_shown(change.old)} -> {_shown(change.new)}"


def _rule(entry: Entry) -> str:
    found = _entry(entry)
    match = found["match"] + (f" to {found['destination']}" if found["destination"] else "")
    action = {"snat": "SNAT", "dnat": "DNAT"}[found["entry"]]
    if found["how"] == "keep":
        return f"SNAT {match}: source kept ({found['text']})"
    return f"{action} {match} -> {found['value']} ({found['text']})"


def _stopped(lead: str, stop: Stop, width: int | None, *, color: bool) -> str:
    name = f" of {escape(stop.name)}" if stop.name else ""
    text = "\n" + paint(lead, "error", color=color) + f" {escape(stop.device)}{name} ({stop.end})\n"
    text += _lines(f"   {escape(stop.reason)}", width)
    if stop.table:
        near = f"; the nearest entry is {stop.nearest}" if stop.nearest else ""
        text += _lines(f"   looked up in: {escape(stop.table + near)}", width)
    return text + (_lines(f"   = help: {escape(stop.help)}", width) if stop.help else "")


def _lines(text: str, width: int | None, *, paint_as: str | None = None, color: bool = False) -> str:
    """Return a text as wrapped lines, the later ones indented more; `paint_as` styles all but the indent."""
    indent = len(text) - len(text.lstrip())
    first, *rest = [text] if width is None else wrap(text, width)
    if rest and width is not None:
        # In a narrow terminal later lines start further left.
        margin = " " * min(indent + 2, width // 3)
        rest = [margin + line for line in wrap(" ".join(rest).lstrip(), width - len(margin))]
    lines = [first, *rest]
    if paint_as is not None:
        bare = [line.lstrip() for line in lines]
        lines = [line[: -len(b)] + paint(b, paint_as, color=color) for line, b in zip(lines, bare, strict=True)]
    return "".join(f"{line}\n" for line in lines)
