"""The documented flows of a plan: every pair that each of them has, one trace for those that are alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.flows.machines import find_machine, internet, machine_in
from ipplan.flows.model import FLOWS, Flow, FlowError, Machine, Missing, Trace
from ipplan.flows.tracing import trace
from ipplan.flows.walk import Tracer
from ipplan.landscape.ends import End
from ipplan.landscape.tables import refuses

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ipplan.landscape import Landscape
    from ipplan.landscape.ends import Joint
    from ipplan.plan.methods import Pair
    from ipplan.plan.model import Network

_PAIRS: dict[str, Pair] = {"C": "iks-edge", "D": "icp-edge", "E": "site-edge"}


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
            (p for p in _pairs(landscape, flow) if _fits(p[0], source) and _fits(p[1], destination)), None
        )
        if pair is None and source is None and destination is None:
            raise _lacking(landscape, flow)
        if pair is None:
            pair = next(iter(_pairs(landscape, flow)), None)
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
    signatures = _Signatures(landscape)
    for flow in FLOWS:
        classes: dict[object, list[tuple[Network | None, Network]]] = {}
        for pair in _pairs(landscape, flow):
            classes.setdefault(signatures.of_pair(*pair), []).append(pair)
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


def _pairs(landscape: Landscape, flow: Flow) -> Iterator[tuple[Network | None, Network]]:
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


class _Signatures:
    """What the walk between two networks depends on, so that alike pairs are walked once."""

    def __init__(self, landscape: Landscape) -> None:
        self._landscape = landscape
        self._ends: dict[End, object] = {}
        self._named = {
            name
            for link in landscape.plan.links
            for name in (*link.networks, *(entry.network for entry in link.nat))
        }

    def of_pair(self, first: Network | None, second: Network) -> object:
        """Return the class of a pair: equal for pairs between which packets meet the same devices and rules."""
        joined = None if first is None else self._joined(first, second)
        return self._of(first), self._of(second), joined

    def _joined(self, first: Network, second: Network) -> object:
        one, two = self._end(first), self._end(second)
        same = one == two
        links = []
        if one is not None and two is not None:
            links = [
                (j.pair, j.method, self._limits(j))
                for j in self._landscape.ends.joints_of(one)
                if two in (j.first, j.second)
            ]
        return same, tuple(links), first.prefix == second.prefix

    def _limits(self, joint: Joint) -> object:
        return None if joint.link is None else (bool(joint.link.networks), bool(joint.link.nat))

    def _end(self, network: Network) -> End | None:
        ends = self._landscape.ends
        if network.kind.platform is not None and network.kind.internal:
            return End("iks" if network.kind.platform == "iks" else "icp", network.cluster)
        if network.kind.provider == "enterprise":
            return ends.site_of(network)
        return ends.edge_of(network)

    def _of(self, network: Network | None) -> object:
        if network is None:
            return None
        prefix = network.prefix
        assert prefix is not None
        classic = self._landscape.tables.classic
        named = network.name if network.name in self._named else None
        names_ = tuple(a.name for a in network.addresses)
        end = self._end(network)
        return (
            network.kind.name, network.gateway_on, named, names_, prefix.version, prefix.length >= 31, classic.covers(prefix),
            prefix.version == 4 and refuses(prefix), self._of_end(end),
        )  # fmt: skip

    def _of_end(self, end: End | None) -> object:
        """Return what of a cluster, edge or site decides: its networks and its links, without their names."""
        if end is None:
            return None
        if end not in self._ends:
            ends = self._landscape.ends
            joints = ends.joints_of(end)
            links = sorted({(j.pair, j.method or "", repr(self._limits(j))) for j in joints})
            if end.kind in ("iks", "icp"):
                own = ends.of_cluster(end)
                behind = None if end.kind == "iks" else self._of_end(ends.edge_of_cluster(end))
                if end.kind == "iks":
                    far = frozenset(self._of_end(j.second) for j in joints if j.pair == "iks-edge")
                    behind = far if len(far) < 9 else None
                self._ends[end] = (end.kind, tuple(map(_shape, own)), tuple(links), behind)
            elif end.kind == "edge":
                kinds = ("vcs-esg-public", "vcs-esg-private", "vcs-transit", "vcs-hcx", "vcs-vtep")
                own = [n for kind in kinds for n in ends.of_edge(end, kind)]
                internet_of = self._landscape.internet_of(end)
                self._ends[end] = (end.kind, tuple(map(_shape, own)), tuple(links), internet_of)
            else:
                self._ends[end] = (end.kind, end.name)
        return self._ends[end]


def _shape(network: Network) -> object:
    prefix = network.prefix
    return (
        network.kind.name, None if prefix is None else prefix.version, tuple(a.name for a in network.addresses),
        network.gateway_on,
    )  # fmt: skip


def find_pair(landscape: Landscape, start: str | None, end: str | None) -> Sequence[Machine | None]:
    """Return the machines that people mean by two ends, None for one that is not given; raise FlowError."""
    return [None if text is None else find_machine(landscape, text) for text in (start, end)]
