"""Trace the documented flows of a plan: every pair of each flow, with one trace for pairs that are alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.flows.alike import Alike, PairBlock
from ipplan.flows.lookups import Tracer
from ipplan.flows.machines import find_machine, internet, machine_in
from ipplan.flows.model import FLOWS, Flow, FlowError, Machine, Missing, Trace
from ipplan.flows.tracing import trace

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
    raise FlowError(f"{text[:80]!r} is not a flow", "flows: " + ", ".join(f"{f.letter} ({f.name})" for f in FLOWS))


def trace_flow(
    landscape: Landscape, flow: Flow, source: Machine | None = None, destination: Machine | None = None
) -> Trace:
    """Trace a documented flow; missing ends come from its first pair in the plan. Raises FlowError."""
    if source is None or destination is None:
        pair = _first_pair(landscape, flow, source, destination)
        source = source or (internet() if pair[0] is None else machine_in(landscape, pair[0]))
        destination = destination or machine_in(landscape, pair[1])
    return _titled(flow, trace(Tracer(landscape), source, destination))


def _first_pair(
    landscape: Landscape, flow: Flow, source: Machine | None, destination: Machine | None
) -> tuple[Network | None, Network]:
    """Return the first pair of a flow with the given ends."""
    sources, destinations = ends_of(landscape, flow)
    if source is not None and source.network is not None:
        sources = [source.network]
    if destination is not None and destination.network is not None:
        destinations = [destination.network]
    for first in sources:
        own = [n for n in destinations if joins(landscape, flow, first, n)]
        if own:
            # A VM network with the range of the enterprise's own is the stretched one.
            return first, min(own, key=lambda n: first is None or n.prefix != first.prefix)
    if sources and destinations:
        return sources[0], destinations[0]
    raise _lacking(landscape, flow)


def _titled(flow: Flow, traced: Trace) -> Trace:
    return traced._replace(flow=flow.letter, title=flow.title)


def trace_all(landscape: Landscape) -> list[Trace | Missing]:
    """Trace every pair of the documented flows, one for all that are alike; failures come first.

    A flow without a source or destination in the plan is missing. One walk for each class of pairs.
    """
    found: list[Trace | Missing] = []
    tracer = Tracer(landscape)
    alike = Alike(landscape)
    for flow in FLOWS:
        classes: dict[object, list[PairBlock]] = {}
        for key, block in blocks_of(landscape, alike, flow):
            classes.setdefault(key, []).append(block)
        if not classes:
            error = _lacking(landscape, flow)
            found.append(Missing(flow.letter, flow.title, str(error), error.help))
        for blocks in classes.values():
            first, second = blocks[0].firsts[0], blocks[0].seconds[0]
            source = internet() if first is None else machine_in(landscape, first)
            traced = _titled(flow, trace(tracer, source, machine_in(landscape, second)))
            alike_pairs = tuple((tuple(map(_name, b.firsts)), tuple(n.name for n in b.seconds)) for b in blocks)
            found.append(traced._replace(alike=alike_pairs))
    return sorted(found, key=_order)


def _order(traced: Trace | Missing) -> tuple[int, str]:
    if isinstance(traced, Missing):
        return 2, traced.flow
    order = {"unreachable": 0, "ambiguous": 0, "undetermined": 1, "reachable": 3}
    return order[traced.result], traced.flow or ""


def _name(network: Network | None) -> str:
    return "internet" if network is None else network.name


def ends_of(landscape: Landscape, flow: Flow) -> tuple[Sequence[Network | None], Sequence[Network]]:
    """Return the networks with a range at both ends of a documented flow; None means the internet."""
    ends = landscape.ends
    destinations = [n for n in ends.by_kind[flow.destination] if n.prefix is not None]
    if flow.source is None:
        return (None,), destinations
    return [n for n in ends.by_kind[flow.source] if n.prefix is not None], destinations


def joins(landscape: Landscape, flow: Flow, source: Network | None, destination: Network) -> bool:
    """Return whether a documented flow runs between two networks: D is to VMs of the same vCenter Server instance."""
    if flow.letter != "D" or source is None:
        return True
    return landscape.ends.edge_of(source) == landscape.ends.edge_of(destination)


def blocks_of(landscape: Landscape, alike: Alike, flow: Flow) -> Iterator[tuple[object, PairBlock]]:
    """Yield the pairs of a documented flow in blocks of alike ones, each with its class."""
    for key, block in alike.blocks(*ends_of(landscape, flow)):
        if joins(landscape, flow, block.firsts[0], block.seconds[0]):
            yield key, block


def _lacking(landscape: Landscape, flow: Flow) -> FlowError:
    for kind in (flow.source, flow.destination):
        own = landscape.ends.by_kind[kind] if kind is not None else ()
        if kind is None or any(n.prefix is not None for n in own):
            continue
        if own:
            return FlowError(
                f"flow {flow.letter} needs a network of kind {kind}, which has no range yet",
                "run ipplan allocate PLAN --write",
            )
        return FlowError(
            f"flow {flow.letter} needs a network of kind {kind}, which the plan does not have",
            f'add [networks.NAME] with kind = "{kind}"',
        )
    return FlowError(f"flow {flow.letter} has no pair in the plan")


def find_pair(landscape: Landscape, start: str | None, end: str | None) -> Sequence[Machine | None]:
    """Return the machines for two ends as people write them, None for a missing one; raise FlowError."""
    return [None if text is None else find_machine(landscape, text) for text in (start, end)]
