"""What tests of flows share: the sample plans as text, small edits of them, and flows through the result."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from ipplan.catalog import load_catalog
from ipplan.checks import check_plan
from ipplan.cli.settle import settle
from ipplan.flows import Missing, Trace, Tracer, find_flow, find_machine, trace, trace_all, trace_flow
from ipplan.landscape import Landscape
from ipplan.plan.load import parse_plan

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ipplan.findings import Finding
    from ipplan.flows.model import Hop
    from ipplan.plan.model import Plan

HERE = Path(__file__).parent
BEFORE = HERE / "landscape" / "before"
"""The samples as they were when the cases were found; the shipped ones change."""
REFERENCE = (BEFORE / "reference-architecture.toml").read_text("utf-8")
TWO = (BEFORE / "two-clusters.toml").read_text("utf-8")

catalog = cache(load_catalog)


def edit(text: str, *changes: tuple[str, str]) -> str:
    """Return a plan with some of its text replaced; each old text has to be there exactly once."""
    for old, new in changes:
        assert text.count(old) == 1, f"{text.count(old)} times in the plan: {old!r}"
        text = text.replace(old, new)
    return text


def integrate(text: str, **methods: str | None) -> str:
    """Return a plan with other methods of integration; None leaves the key out."""
    for key, method in methods.items():
        name = key.replace("_", "-")
        text, count = re.subn(rf'(?m)^{name} = "[^"]*"\n', "" if method is None else f'{name} = "{method}"\n', text)
        assert count == 1, name
    return text


def without(text: str, *tables: str) -> str:
    """Return a plan without some of its tables."""
    for table in tables:
        text, count = re.subn(rf"(?m)^\[{re.escape(table)}\]\n(?:(?!\[|#).*\n?)*", "", text)
        assert count == 1, table
    return text


@cache
def settled(text: str) -> Plan:
    """Return a plan whose networks have the ranges that allocate would give."""
    return settle(parse_plan(text.encode(), "plan.toml"), catalog())


@cache
def landscape(text: str) -> Landscape:
    """Return the landscape of a plan."""
    return Landscape(settled(text), catalog())


def walk(text: str, start: str, end: str) -> Trace:
    """Trace a flow between two ends, named as on the command line."""
    found = landscape(text)
    return trace(Tracer(found), find_machine(found, start), find_machine(found, end))


def flow(text: str, letter: str, start: str | None = None, end: str | None = None) -> Trace:
    """Trace a documented flow, with ends of the plan or with those that are named."""
    found = landscape(text)
    source, destination = (None if name is None else find_machine(found, name) for name in (start, end))
    return trace_flow(found, find_flow(letter), source, destination)


def listed(text: str) -> list[Trace | Missing]:
    """Return every documented flow, as the command lists them."""
    return trace_all(landscape(text))


def findings(text: str, *rules: str) -> list[Finding]:
    """Return what check finds in a plan whose networks have ranges, of some rules or of all."""
    return [f for f in check_plan(settled(text), catalog()) if not rules or f.rule in rules]


def verdict(text: str, *networks: str) -> str | None:
    """Return the severity of the overlap of two networks, None where check reports none."""
    pair = set(networks)
    return next((f.severity for f in findings(text, "network-overlap") if set(f.networks) == pair), None)


def end_of(traced: Trace) -> tuple[str, str, str | None]:
    """Return what a flow comes to: the result, the end word, and the device where it stops."""
    stop = traced.stop or traced.back_stop
    if stop is None:
        return traced.result, traced.end, None
    return traced.result, stop.end, stop.device if stop.name is None else f"{stop.device} of {stop.name}"


def packets(hops: Iterable[Hop]) -> list[str]:
    """Return a line for each hop: who does what, and the addresses after it."""
    return [
        f"{hop.device}{f' of {hop.name}' if hop.name else ''} {hop.action} {hop.source} > {hop.destination}"
        for hop in hops
    ]


def changes(hops: Iterable[Hop]) -> list[str]:
    """Return every translation on the way: at which device, of which field, from what to what."""
    return [
        f"{hop.device}{f' of {hop.name}' if hop.name else ''}: {c.field} {c.old} -> {c.new}"
        for hop in hops
        for c in hop.changed
    ]


def around(hop: Hop) -> list[str]:
    """Return the packets around a packet, the outermost first."""
    return [f"{o.protocol} {o.source} > {o.destination}" for o in hop.outer]


def routes(hops: Iterable[Hop]) -> list[str]:
    """Return the routes that decided: at which device, which prefix."""
    return [f"{hop.device} {hop.route}" for hop in hops if hop.route is not None]


def exported(text: str, target: str, **options: str) -> str:
    """Return the text of an export; raises ExportError where the plan lacks something for it."""
    from ipplan.exporters import TARGETS, Options, Request, export

    made = export(TARGETS[target], Request(landscape(text), Options(**options)))
    assert isinstance(made, str)
    return made
