"""Reachability: promised flows that do not arrive, and networks without an edge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.checks.registry import rule
from ipplan.checks.sources import ARCHITECTURE
from ipplan.findings import Related
from ipplan.plan.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ipplan.checks.context import Context
    from ipplan.findings import Finding, KeyPath
    from ipplan.flows.model import Machine, Stop, Trace
    from ipplan.flows.promises import Promise
    from ipplan.landscape import Landscape

_MOST_NAMED = 8
"""Name at most this many networks in one message."""


@rule("warning", source=ARCHITECTURE, judges="in service")
def unreachable_flow(context: Context) -> Iterator[Finding]:
    """A flow that the integration promises does not arrive, or its answer does not return.

    Why: the application that needs the flow will not work. To find this out, ipplan follows packets through the
    routes, NAT rules and tunnels that the plan makes. `ipplan flows PLAN` shows each step.

    Do: follow the help of the finding: name an address, add a network or a route, or translate on the link.
    """
    if not (context.plan.integration or context.plan.links):
        return
    from ipplan.flows import FlowError, Tracer, trace
    from ipplan.flows.machines import internet, machine_in
    from ipplan.flows.promises import list_promises

    tracer = Tracer(context.landscape)
    reported: set[object] = set()
    for promise in list_promises(context.landscape):
        try:
            source = internet() if promise.source is None else machine_in(context.landscape, promise.source)
            traced = trace(tracer, source, _destination(context.landscape, promise))
        except FlowError:
            continue  # a network has no range yet, so the flow cannot be followed
        stop = traced.stop or traced.back_stop
        if stop is None or traced.result != "unreachable":
            continue
        # One cause stops many flows: it is reported once for each link and kind of destination.
        key = (
            stop.device,
            stop.name,
            stop.end,
            promise.flow,
            promise.destination.kind.name,
            traced.stop is None,
        )
        if (key, promise.joint) not in reported:
            reported.add((key, promise.joint))
            yield _stopped(promise, traced, stop)


def _destination(landscape: Landscape, promise: Promise) -> Machine:
    """Return the machine that a promise is about: one in the network, or the address of the ESG in front of it."""
    from ipplan.flows import find_machine
    from ipplan.flows.machines import machine_in

    if promise.front is None:
        return machine_in(landscape, promise.destination)
    return find_machine(landscape, f"{promise.front.network}@{promise.front.text}")


def _stopped(promise: Promise, traced: Trace, stop: Stop) -> Finding:
    destination = promise.destination
    start = "the internet" if promise.source is None else promise.source.name
    flow = f"flow {promise.flow}: " if promise.flow is not None else ""
    where = f"{stop.device}{f' of {stop.name}' if stop.name else ''}"
    through = f" through {promise.front}" if promise.front is not None else ""
    what = "stops" if traced.stop is not None else "arrives, but its answer stops"
    more = (f"the same holds for {promise.alike:,} more pairs of networks",) if promise.alike else ()
    networks = tuple(n.name for n in (promise.source, destination) if n is not None)
    return unreachable_flow.finding(
        f"{flow}{start} to {destination.name}{through} {what} at {where}: {stop.reason}",
        _key(promise),
        networks=networks,
        cidrs=tuple(n.prefix for n in (promise.source, destination) if n is not None and n.prefix is not None),
        related=tuple(Related(n.key, n.name) for n in (promise.source, destination) if n is not None and n.declared),
        because=more,
        help=stop.help,
    )


def _key(promise: Promise) -> KeyPath:
    return promise.destination.key if promise.joint is None else promise.joint.key


@rule("warning", source=ARCHITECTURE, judges="in service")
def edge_missing(context: Context) -> Iterator[Finding]:
    """The plan has several edges, and a network of a vCenter Server instance does not name its edge.

    Why: no table leads to a network behind an unknown edge. So its flows, routes and NAT rules cannot be derived,
    and its overlaps are not judged. ipplan does not guess.

    Do: write edge = "NAME" in the network, or in its ICP cluster.
    """
    edge_names = context.plan.edge_names
    if len(edge_names) < 2:
        return
    ends = context.landscape.ends
    lost = [
        network
        for kind in KINDS.values()
        if kind.of_edge
        for network in context.by_kind[kind.name]
        if ends.edge_of(network) is None
    ]
    edges = ", ".join(edge_names[:_MOST_NAMED])
    for network in lost:
        yield edge_missing.finding(
            f"{network.name} names no edge, and the plan has {len(edge_names):,}: {edges}",
            network.key,
            networks=(network.name,),
            cidrs=() if network.prefix is None else (network.prefix,),
            help=f'write edge = "{_likely(context, network.name)}" in the network',
        )


def _likely(context: Context, name: str) -> str:
    """Return the edge whose first three letters are part of the network's name, else the first edge."""
    names = context.plan.edge_names
    near = (edge for edge in names if edge[:3].lower() in name.lower())
    return next(near, names[0])
