"""Traced flows as a document, a table of hops, and text. Must not decide anything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipplan.flows import Missing, name_of
from ipplan.landscape.model import DestinationNat, RangeNat, Route
from ipplan.output.documents import made_by
from ipplan.output.table import Column, Table, render_plain, render_terminal
from ipplan.output.text import escape, paint, wrap
from ipplan.plan.model import INTEGRATION

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ipplan.flows import Machine, Trace
    from ipplan.flows.model import Changed, Hop, Stop
    from ipplan.landscape.model import HostAddress, SourceNat
    from ipplan.plan.model import Plan

    Entry = Route | SourceNat | DestinationNat | RangeNat

_MOST_NAMED = 3
"""Name at most this many networks for pairs that are alike; documents name all."""


def document(plan: Plan, traces: Sequence[Trace | Missing], edition: str) -> dict[str, Any]:
    """Return the document `ipplan.flows/2`; a flow that lacks an end has no hops."""
    return {
        "schema": "ipplan.flows/2",
        "made_by": made_by(edition),
        "plan": {"name": plan.name, "file": plan.file},
        "integration": {key.replace("-", "_"): plan.integration.get(key) for key in INTEGRATION},
        "flows": [_missing(t) if isinstance(t, Missing) else _trace(t) for t in traces],
    }


def _missing(flow: Missing) -> dict[str, Any]:
    stop = {
        "device": None, "of": None, "end": "undetermined", "reason": flow.reason, "table": None, "nearest": None,
        "help": flow.help,
    }  # fmt: skip
    return {
        "flow": flow.flow, "name": name_of(flow.flow), "title": flow.title, "from": None, "to": None, "asked": None,
        "ok": False, "result": "undetermined", "end": "undetermined", "hops": [], "stop": stop, "back": [],
        "back_stop": None, "assumptions": [], "alike": [],
    }  # fmt: skip


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
        "address": address.text, "network": address.network, "name": address.name, "example": address.example,
    }  # fmt: skip


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
    """Return an entry of a device in one form, whatever it is."""
    if isinstance(entry, Route):
        return {
            "entry": "route", "match": str(entry.prefix), "destination": None, "to": entry.via,
            "value": None if entry.next_hop is None else entry.next_hop.text, "how": entry.how, "text": entry.text,
        }  # fmt: skip
    if isinstance(entry, DestinationNat):
        port = None if entry.port is None else f"{entry.protocol} {entry.port}"
        return {
            "entry": "dnat", "match": entry.address.text, "destination": None, "to": entry.interface,
            "value": entry.target.text, "how": port, "text": entry.text,
        }  # fmt: skip
    if isinstance(entry, RangeNat):
        return {
            "entry": "dnat", "match": str(entry.shown), "destination": None, "to": entry.interface,
            "value": str(entry.target), "how": f"from {entry.match}", "text": entry.text,
        }  # fmt: skip
    kept = entry.address is None and entry.shown is None
    value = (
        entry.address.text if entry.address is not None else None if entry.shown is None else str(entry.shown)
    )
    return {
        "entry": "snat", "match": str(entry.source), "destination": None if entry.match is None else str(entry.match),
        "to": entry.interface, "value": value, "how": "keep" if kept else None, "text": entry.text,
    }  # fmt: skip


def _stop(stop: Stop | None) -> dict[str, Any] | None:
    if stop is None:
        return None
    return {
        "device": stop.device, "of": stop.name, "end": stop.end, "reason": stop.reason, "table": stop.table,
        "nearest": stop.nearest, "help": stop.help,
    }  # fmt: skip


_COLUMNS = (
    Column("flow"), Column("way"), Column("step", "number"), Column("device"), Column("of"), Column("action"),
    Column("source", "address"), Column("destination", "address"), Column("inside"), Column("route", "address"),
    Column("leads to"), Column("what happens"), Column("case"),
)  # fmt: skip


def table(traces: Iterable[Trace]) -> Table:
    """Return every hop of every trace, there and back."""
    rows = [
        (
            trace.flow, way, number, hop.device, hop.name, hop.action, _shown(hop.source), _shown(hop.destination),
            _around(hop), None if hop.route is None else str(hop.route), hop.route_network, hop.text, hop.case,
        )
        for trace in traces
        for way, hops in (("there", trace.hops), ("back", trace.back))
        for number, hop in enumerate(hops, start=1)
    ]  # fmt: skip
    return Table(_COLUMNS, rows)


def _shown(address: HostAddress) -> str:
    return f"{address.text}*" if address.example and address.value is not None else address.text


def _around(hop: Hop) -> str | None:
    around = [f"{o.protocol} {_shown(o.source)} to {_shown(o.destination)}" for o in hop.outer]
    return ", inside ".join(reversed(around)) or None


def render_list(traces: Sequence[Trace | Missing], *, width: int | None, color: bool) -> str:
    """Return the list of flows: from where to where, and what each comes to under this plan; failures first."""
    columns = (
        Column("flow"), Column("name"), Column("from"), Column("to"), Column("steps", "number"), Column("result"),
    )  # fmt: skip
    rows: list[tuple[str | int | None, ...]] = []
    for trace in traces:
        if isinstance(trace, Missing):
            rows.append(
                (trace.flow, name_of(trace.flow), None, None, None, f"not in the plan: {trace.reason}")
            )
            continue
        start, end = ends_of(trace)
        rows.append((trace.flow, name_of(trace.flow), start, end, len(trace.hops), verdict_of(trace)))
    shown = Table(columns, rows)
    plain = width is None and not color
    text = render_plain(shown) if plain else render_terminal(shown, width or 100_000, color)
    return f"{text}\nipplan flows PLAN FLOW shows each step; --from and --to trace any pair\n"


def ends_of(trace: Trace) -> tuple[str, str]:
    """Return the ends of a trace for people, with those of pairs that are alike."""
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
    """Say what a flow comes to, and where and why it stops."""
    stop = trace.stop or trace.back_stop
    if stop is None:
        return "reachable"
    where = f" of {stop.name}" if stop.name else ""
    lead = trace.result if trace.stop is not None else f"{trace.result} on the way back"
    return f"{lead}: {stop.device}{where}: {stop.reason}"


def render_trace(trace: Trace, *, width: int | None, color: bool) -> str:
    """Return a flow for people: a line for each hop, with addresses and the entry that decided below it, then the verdict."""
    head = f"flow {trace.flow}: {trace.title}" if trace.flow else trace.title
    parts = [_lines(f"{escape(head)}, from {_from(trace.source)} to {_from(trace.destination)}", width), "\n"]
    parts += [_step(number, hop, width) for number, hop in enumerate(trace.hops, start=1)]
    if trace.stop is not None:
        parts.append(_stopped(f"{trace.result}: stops at", trace.stop, width, color=color))
        return "".join([*parts, *_footer(trace, width)])
    parts.append("\nthe answer\n\n")
    parts += [_brief(number, hop, width) for number, hop in enumerate(trace.back, start=1)]
    if trace.back_stop is not None:
        parts.append(_stopped(f"{trace.result}: the answer stops at", trace.back_stop, width, color=color))
    return "".join([*parts, *_footer(trace, width)])


def _footer(trace: Trace, width: int | None) -> list[str]:
    parts = [_lines(f"assumed: {escape(text)}", width) for text in trace.assumptions]
    shown = [a for hop in (*trace.hops, *trace.back) for a in (hop.source, hop.destination)]
    if any(a.example and a.value is not None for a in shown):
        parts.append("* an example address, which the plan gives to nothing\n")
    return ["\n", *parts] if parts else []


def _from(machine: Machine) -> str:
    return f"{escape(_named(machine))} ({_shown(machine.address)})"


def device_of(hop: Hop) -> str:
    """Return the device of a hop, and whose it is."""
    return hop.device if hop.name is None else f"{hop.device} of {hop.name}"


def _step(number: int, hop: Hop, width: int | None) -> str:
    text = _lines(f"{number:>2}  {escape(device_of(hop))}: {escape(hop.text)}", width)
    return text + "".join(_lines(f"      {escape(line)}", width) for line in describe_hop(hop))


def describe_hop(hop: Hop) -> list[str]:
    """Return the packet after a hop, then what changed, and which entries of the device decided, a line each."""
    packet = _packet(hop)
    if (around := _around(hop)) is not None:
        packet += f", inside {around}"
    lines = [packet, *map(_change, hop.changed)]
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


def _packet(hop: Hop) -> str:
    return f"{_shown(hop.source)} > {_shown(hop.destination)}"


def _change(change: Changed) -> str:
    return f"{change.field}: {_shown(change.old)} -> {_shown(change.new)}"


def _rule(entry: Entry) -> str:
    found = _entry(entry)
    match = found["match"] + (f" to {found['destination']}" if found["destination"] else "")
    action = {"snat": "SNAT", "dnat": "DNAT"}[found["entry"]]
    if found["how"] == "keep":
        return f"SNAT {match}: source kept ({found['text']})"
    return f"{action} {match} -> {found['value']} ({found['text']})"


def _brief(number: int, hop: Hop, width: int | None) -> str:
    return _lines(f"{number:>2}  {escape(f'{device_of(hop)}: {hop.text}; {_packet(hop)}')}", width)


def _stopped(lead: str, stop: Stop, width: int | None, *, color: bool) -> str:
    name = f" of {escape(stop.name)}" if stop.name else ""
    text = "\n" + paint(lead, "error", color=color) + f" {escape(stop.device)}{name} ({stop.end})\n"
    text += _lines(f"   {escape(stop.reason)}", width)
    if stop.table:
        near = f"; the nearest entry is {stop.nearest}" if stop.nearest else ""
        text += _lines(f"   looked up in: {escape(stop.table + near)}", width)
    return text + (_lines(f"   = help: {escape(stop.help)}", width) if stop.help else "")


def _lines(text: str, width: int | None) -> str:
    if width is None:
        return text + "\n"
    indent = len(text) - len(text.lstrip())
    first, *rest = wrap(text, width)
    return "".join(f"{line}\n" for line in [first, *(" " * (indent + 2) + line.lstrip() for line in rest)])
