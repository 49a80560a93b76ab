"""Traced flows as a document, a table of hops, and text. Must not decide anything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipplan.flows import Missing, name_of
from ipplan.output.documents import made_by
from ipplan.output.table import Column, Table, render_plain, render_terminal
from ipplan.output.text import escape, paint, wrap
from ipplan.plan.model import INTEGRATION

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ipplan.flows import Address, End, Hop, Stop, Trace
    from ipplan.plan.model import Plan


def document(plan: Plan, traces: Sequence[Trace | Missing], edition: str) -> dict[str, Any]:
    """Return the document `ipplan.flows/1`; a flow that lacks an end has no hops."""
    return {
        "schema": "ipplan.flows/1",
        "made_by": made_by(edition),
        "plan": {"name": plan.name, "file": plan.file},
        "integration": {key.replace("-", "_"): plan.integration.get(key) for key in INTEGRATION},
        "flows": [_missing(t) if isinstance(t, Missing) else _trace(t) for t in traces],
    }


def _missing(flow: Missing) -> dict[str, Any]:
    return {
        "flow": flow.flow, "name": name_of(flow.flow), "title": flow.title, "from": None, "to": None, "ok": False,
        "hops": [], "stop": {"device": None, "reason": flow.reason, "help": flow.help}, "back": [], "back_stop": None,
    }  # fmt: skip


def _trace(trace: Trace) -> dict[str, Any]:
    return {
        "flow": trace.flow,
        "name": name_of(trace.flow),
        "title": trace.title,
        "from": _end(trace.source),
        "to": _end(trace.destination),
        "ok": trace.ok,
        "hops": [_hop(i, hop) for i, hop in enumerate(trace.hops, start=1)],
        "stop": _stop(trace.stop),
        "back": [_hop(i, hop) for i, hop in enumerate(trace.back, start=1)],
        "back_stop": _stop(trace.back_stop),
    }


def _end(end: End) -> dict[str, Any]:
    network = end.network
    return {
        "domain": end.site,
        "network": None if network is None else network.name,
        "cidr": None if network is None or network.prefix is None else str(network.prefix),
        "address": _address(end.address),
    }


def _address(address: Address) -> dict[str, Any]:
    return {
        "address": address.text, "network": address.network, "name": address.name, "example": address.example,
    }  # fmt: skip


def _hop(number: int, hop: Hop) -> dict[str, Any]:
    outer = hop.outer
    return {
        "step": number,
        "device": hop.device,
        "action": hop.action,
        "source": _address(hop.source),
        "destination": _address(hop.destination),
        "outer": None
        if outer is None
        else {
            "protocol": outer.protocol,
            "source": _address(outer.source),
            "destination": _address(outer.destination),
        },
        "route": hop.route,
        "route_network": hop.route_network,
        "text": hop.text,
        "case": hop.case,
    }


def _stop(stop: Stop | None) -> dict[str, Any] | None:
    return None if stop is None else {"device": stop.device, "reason": stop.reason, "help": stop.help}


_COLUMNS = (
    Column("flow"), Column("way"), Column("step", "number"), Column("device"), Column("action"),
    Column("source", "address"), Column("destination", "address"), Column("inside"), Column("route", "address"),
    Column("of"), Column("what happens"), Column("case"),
)  # fmt: skip


def table(traces: Iterable[Trace]) -> Table:
    """Return every hop of every trace, there and back."""
    rows = [
        (
            trace.flow, way, number, hop.device, hop.action, _shown(hop.source), _shown(hop.destination),
            _around(hop), hop.route, hop.route_network, hop.text, hop.case,
        )
        for trace in traces
        for way, hops in (("there", trace.hops), ("back", trace.back))
        for number, hop in enumerate(hops, start=1)
    ]  # fmt: skip
    return Table(_COLUMNS, rows)


def _shown(address: Address) -> str:
    return f"{address.text}*" if address.example and not address.text.startswith("(") else address.text


def _around(hop: Hop) -> str | None:
    if hop.outer is None:
        return None
    return f"{hop.outer.protocol} {_shown(hop.outer.source)} to {_shown(hop.outer.destination)}"


def render_list(traces: Sequence[Trace | Missing], *, width: int | None, color: bool) -> str:
    """Return the list of flows: from where to where, and whether each goes through under this plan."""
    columns = (
        Column("flow"), Column("name"), Column("from"), Column("to"), Column("steps", "number"), Column("goes through"),
    )  # fmt: skip
    rows: list[tuple[str | int | None, ...]] = []
    for trace in traces:
        if isinstance(trace, Missing):
            rows.append((trace.flow, name_of(trace.flow), None, None, None, f"no: {trace.reason}"))
            continue
        rows.append(
            (
                trace.flow, name_of(trace.flow), _named(trace.source), _named(trace.destination), len(trace.hops),
                _verdict(trace),
            )
        )  # fmt: skip
    shown = Table(columns, rows)
    plain = width is None and not color
    text = render_plain(shown) if plain else render_terminal(shown, width or 100_000, color)
    return f"{text}\nipplan flows PLAN FLOW shows each step; --from and --to trace any pair\n"


def _named(end: End) -> str:
    return "the internet" if end.network is None else end.network.name


def _verdict(trace: Trace) -> str:
    stop = trace.stop or trace.back_stop
    if stop is None:
        return "yes"
    return f"{'no' if trace.stop else 'not back'}: {stop.reason}"


def render_trace(trace: Trace, *, width: int | None, color: bool) -> str:
    """Return a flow for people: a line for each hop, with addresses and route below it, then the verdict."""
    head = f"flow {trace.flow}: {trace.title}" if trace.flow else trace.title
    parts = [_lines(f"{escape(head)}, from {_from(trace.source)} to {_from(trace.destination)}", width), "\n"]
    parts += [_step(number, hop, width) for number, hop in enumerate(trace.hops, start=1)]
    if trace.stop is not None:
        parts.append(_stopped("stops at", trace.stop, width, color=color))
        return "".join(parts)
    parts.append("\nthe way back\n\n")
    if trace.back_stop is not None:
        parts.append(_stopped("the answer stops at", trace.back_stop, width, color=color))
        return "".join(parts)
    parts += [_brief(number, hop, width) for number, hop in enumerate(trace.back, start=1)]
    if any(a.example for hop in trace.hops for a in (hop.source, hop.destination)):
        parts.append("\n* an example: the first usable address that the plan gives to nothing else\n")
    return "".join(parts)


def _from(end: End) -> str:
    name = _named(end)
    return f"{escape(name)} ({_shown(end.address)})"


def _step(number: int, hop: Hop, width: int | None) -> str:
    text = _lines(f"{number:>2}  {escape(hop.device)}: {escape(hop.text)}", width)
    packet = f"{_shown(hop.source)} > {_shown(hop.destination)}"
    if (around := _around(hop)) is not None:
        packet += f", inside {around}"
    text += _lines(f"      {escape(packet)}", width)
    if hop.route is not None:
        of = f" ({hop.route_network})" if hop.route_network else " (to the BCR)"
        text += _lines(f"      route {hop.route}{escape(of)}", width)
    if hop.case is not None:
        text += _lines(f"      shown: {escape(hop.case)}", width)
    return text


def _brief(number: int, hop: Hop, width: int | None) -> str:
    packet = f"{_shown(hop.source)} > {_shown(hop.destination)}"
    return _lines(f"{number:>2}  {escape(hop.device)}: {escape(hop.text)}; {escape(packet)}", width)


def _stopped(lead: str, stop: Stop, width: int | None, *, color: bool) -> str:
    text = "\n" + paint(lead, "error", color=color) + f" {escape(stop.device)}: {escape(stop.reason)}\n"
    return text + (_lines(f"   = help: {escape(stop.help)}", width) if stop.help else "")


def _lines(text: str, width: int | None) -> str:
    if width is None:
        return text + "\n"
    indent = len(text) - len(text.lstrip())
    first, *rest = wrap(text, width)
    return "".join(f"{line}\n" for line in [first, *(" " * (indent + 2) + line.lstrip() for line in rest)])
