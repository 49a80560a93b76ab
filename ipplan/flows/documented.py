"""The documented flows of a plan: every pair that each of them has, one trace for those that are alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.flows.alike import Alike
from ipplan.flows.machines import find_machine, internet, machine_in
from ipplan.flows.model import FLOWS, Flow, FlowError, Machine, Missing, Trace
from ipplan.flows.tracing import trace
from ipplan.flows.walk import Tracer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ipplan.landscape import Landscape
    from ipplan.plan.model import Network


def name_of(letter: str | None) -> str | None:
    """Return the name of a documented flow by its letter."""
    return next((flow.name for flow in FLOWS if flow.letter == letter), None)


def find_flow(text: str) -> Flow:
    """Return the documented flow with that letter or name; raise FlowError."""
    for flow in FLOWS:
        if text.upper() == flow.letter or text.lower() == flow.name:
            return flow
    raise FlowError(
        f"{text[:80]!r} is not a flow", "flows: " + ", ".join(f"{f.letter} ({f.name})" for f in FLOWS)
    )


def trace_flow(
    landscape: Landscape, flow: Flow, source: Machine | None = None, destination: Machine | None = None
) -> Trace:
    """Trace a documented flow; ends that are not given are the plan's first pair of it. Raises FlowError."""
    tracer = Tracer(landscape)
    if source is None or destination is None:
        pair = next(
            (p for p in pairs_of(landscape, flow) if _fits(p[0], source) and _fits(p[1], destination)), None
        )
        if pair is None and source is None and destination is None:
            raise _lacking(landscape, flow)
        if pair is None:
            pair = next(iter(pairs_of(landscape, flow)), None)
        if pair is None:
            raise _lacking(landscape, flow)
        source = source or (internet() if pair[0] is None else machine_in(landscape, pair[0]))
        destination = destination or machine_in(landscape, pair[1])
    return _titled(flow, trace(tracer, source, destination))


def _fits(network: Network | None, machine: Machine | None) -> bool:
    return machine is None or (
        machine.network is not None and network is not None and machine.network.name == network.name
    )


def _titled(flow: Flow, traced: Trace) -> Trace:
    return traced._replace(flow=flow.letter, title=flow.title)


def trace_all(landscape: Landscape) -> list[Trace | Missing]:
    """Trace every pair of the documented flows, one of those that are alike; failures come first.

    A flow for which the plan lacks an end is missing. Costs a walk for each class of pairs.
    """
    found: list[Trace | Missing] = []
    tracer = Tracer(landscape)
    alike_of = Alike(landscape)
    for flow in FLOWS:
        classes: dict[object, list[tuple[Network | None, Network]]] = {}
        for pair in pairs_of(landscape, flow):
            classes.setdefault(alike_of.pair(*pair), []).append(pair)
        if not classes:
            error = _lacking(landscape, flow)
            found.append(Missing(flow.letter, flow.title, str(error), error.help))
        for pairs in classes.values():
            (first, second), *others = pairs
            source = internet() if first is None else machine_in(landscape, first)
            traced = _titled(flow, trace(tracer, source, machine_in(landscape, second)))
            alike = tuple((_name(a), b.name) for a, b in others)
            found.append(traced._replace(alike=alike))
    return sorted(found, key=_order)


def _order(traced: Trace | Missing) -> tuple[int, str]:
    if isinstance(traced, Missing):
        return 2, traced.flow
    order = {"unreachable": 0, "ambiguous": 0, "undetermined": 1, "reachable": 3}
    return order[traced.result], traced.flow or ""


def _name(network: Network | None) -> str:
    return "internet" if network is None else network.name


def pairs_of(landscape: Landscape, flow: Flow) -> Iterator[tuple[Network | None, Network]]:
    """Yield the pairs of networks between which a documented flow runs; those without a range wait.

    D is to VMs of the same vCenter Server instance; E comes over a link of the site with the edge, or over Direct
    Link, and starts in the stretched network's own enterprise network where there is one.
    """
    ends = landscape.ends
    targets = [n for n in ends.by_kind[flow.destination] if n.prefix is not None]
    if flow.source is None:
        yield from ((None, network) for network in targets)
        return
    sources = [n for n in ends.by_kind[flow.source] if n.prefix is not None]
    for source in sources:
        own = targets
        if flow.letter == "D":
            edge = ends.edge_of(source)
            own = [n for n in targets if ends.edge_of(n) == edge]
        elif flow.letter == "E":
            # A VM network equal to the enterprise's own is the one that is stretched.
            own = sorted(targets, key=lambda n: n.prefix != source.prefix)
        yield from ((source, network) for network in own)


def _lacking(landscape: Landscape, flow: Flow) -> FlowError:
    for kind in (flow.source, flow.destination):
        own = landscape.ends.by_kind[kind] if kind is not None else ()
        if kind is None or any(n.prefix is not None for n in own):
            continue
        if own:
            return FlowError(
                f"flow {flow.letter} needs a network of kind {kind}, which has no range yet",
                "ipplan allocate PLAN --write gives it one",
            )
        return FlowError(
            f"flow {flow.letter} needs a network of kind {kind}, which is missing in the plan",
            f'add [networks.NAME] with kind = "{kind}"',
        )
    return FlowError(f"flow {flow.letter} has no pair in the plan")


def find_pair(landscape: Landscape, start: str | None, end: str | None) -> Sequence[Machine | None]:
    """Return the machines that people mean by two ends, None for one that is not given; raise FlowError."""
    return [None if text is None else find_machine(landscape, text) for text in (start, end)]
