"""Which flows the integration of a plan promises: those that the check traces, one of those that are alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ipplan.flows.alike import Alike
from ipplan.flows.documented import blocks_of
from ipplan.flows.model import FLOWS
from ipplan.landscape.ends import PRIVATE, Carried, End
from ipplan.plan.methods import PAIRS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ipplan.flows.model import Flow
    from ipplan.landscape import Landscape
    from ipplan.landscape.ends import Joint
    from ipplan.landscape.model import HostAddress
    from ipplan.plan.methods import Pair
    from ipplan.plan.model import Network

_OWN_ADDRESSES = frozenset({"common-vlan", "strongswan", "bgp", "ipsec", "gre", "l2-extension", "routed"})
"""The methods whose links carry networks under their own addresses, or as they show them."""
_ONLY_ANSWER = frozenset({"service", "ingress"})
"""The roles of networks in which nothing asks."""


class Promise(NamedTuple):
    """A pair of networks that has to be reachable: by a documented flow, or because a link carries both.

    `source` is None for the internet. `joint` promises it, None for the internet's own flows. `alike` says how many
    further pairs are of the same class. `front` is the address of an ESG that is asked in place of the network's own.
    """

    flow: str | None
    source: Network | None
    destination: Network
    joint: Joint | None
    alike: int
    front: HostAddress | None = None


def list_promises(landscape: Landscape) -> list[Promise]:
    """Return what a plan promises, one pair of those that are alike.

    The documented flows whose integration is neither none nor left out, and both directions of what a link carries.
    """
    alike = Alike(landscape)
    found: dict[object, Promise] = {}
    for key, promise in (
        *_documented(landscape, alike),
        *_carried(landscape, alike),
        *_fronted(landscape, alike),
    ):
        before = found.get(key)
        found[key] = promise if before is None else before._replace(alike=before.alike + 1 + promise.alike)
    pairs = {(p.source and p.source.name, p.destination.name) for p in found.values() if p.flow is not None}
    return [
        p for p in found.values()
        if p.flow is not None or p.front is not None or (p.source and p.source.name, p.destination.name) not in pairs
    ]  # fmt: skip


def _documented(landscape: Landscape, alike: Alike) -> Iterator[tuple[object, Promise]]:
    for flow in FLOWS:
        if not _may_promise(landscape, flow):
            continue
        for key, block in blocks_of(landscape, alike, flow):
            source, destination = block.firsts[0], block.seconds[0]
            joint = _joint_of(landscape, flow, source, destination)
            if joint is not None or (flow.letter == "A" and _has_ingress(landscape, destination)):
                yield (flow.letter, key), Promise(flow.letter, source, destination, joint, block.size - 1)


def _may_promise(landscape: Landscape, flow: Flow) -> bool:
    """Tell whether anything in the plan joins the ends of a flow, before its pairs are looked at."""
    plan = landscape.plan
    if flow.letter == "A":
        return bool(landscape.ends.by_kind["iks-ingress-public"])
    keys = {"B": "icp-vcs", "C": "iks-vcs", "D": "icp-vcs", "E": "enterprise"}
    return bool(plan.links) or keys[flow.letter] in plan.integration


def _has_ingress(landscape: Landscape, network: Network) -> bool:
    own = landscape.ends.by_kind["iks-ingress-public"]
    return any(n.cluster == network.cluster for n in own)


def _joint_of(landscape: Landscape, flow: Flow, source: Network | None, destination: Network) -> Joint | None:
    """Return the link that promises a pair of a documented flow, None where none does."""
    ends = landscape.ends
    joint: Joint | None = None
    if flow.letter in ("B", "D"):
        network = destination if source is None else source
        cluster = End("icp", network.cluster)
        edge = ends.edge_of_cluster(cluster)
        joint = None if edge is None else ends.joint("icp-edge", cluster, edge)
    elif flow.letter == "C" and source is not None:
        edge = ends.edge_of(destination)
        joint = None if edge is None else ends.joint("iks-edge", End("iks", source.cluster), edge)
        if joint is not None and not any(
            c.network.name == destination.name for c in ends.carried(joint, joint.second)
        ):
            joint = None
    elif flow.letter == "E" and source is not None and (site := ends.site_of(source)) is not None:
        # What a written link promises is what it carries; the key of the short form promises the documented flow.
        joint = next((j for j in ends.joints_of(site) if j.link is None), None)
    return joint if joint is not None and joint.method is not None else None


def _carried(landscape: Landscape, alike: Alike) -> Iterator[tuple[object, Promise]]:
    """Yield both directions of what links carry, one link of those that are alike."""
    ends = landscape.ends
    for joint, count in _joints(landscape, alike):
        if joint.method not in _OWN_ADDRESSES:
            continue
        first, second = (_first_of(alike, ends.carried(joint, end)) for end in (joint.first, joint.second))
        for one in first:
            for two in second:
                for source, target in ((one, two), (two, one)):
                    if not target.outbound_only and source.network.kind.role not in _ONLY_ANSWER:
                        classes = map(alike.network, (source.network, target.network))
                        key = (None, alike.joint(joint), *classes)
                        yield key, Promise(None, source.network, target.network, joint, count - 1)


def _fronted(landscape: Landscape, alike: Alike) -> Iterator[tuple[object, Promise]]:
    """Yield the way from the workers of IKS to the addresses of an ESG that stand for an ICP cluster.

    The DNAT is for IBM Cloud's private network (reference architecture, section integration); where a tunnel joins the
    two clusters, the answer may take it.
    """
    ends = landscape.ends
    for joint, count in _joints(landscape, alike):
        edge = ends.edge_of_cluster(joint.second) if joint.pair == "iks-icp" else None
        if edge is None or ends.joint("icp-edge", joint.second, edge) is None:
            continue
        workers = {n.name: n for n in ends.of_cluster(joint.second, "icp-worker")}
        nodes = [n for n in ends.of_cluster(joint.first, "iks-worker-private") if n.prefix is not None]
        for rule in landscape.esg(edge).destination_nat:
            target = workers.get(rule.target.network or "")
            if rule.interface == "private" and rule.port is None and target is not None and nodes:
                key = ("front", alike.joint(joint), rule.address.name)
                yield key, Promise(None, nodes[0], target, joint, count - 1, rule.address)


def _first_of(alike: Alike, items: Iterable[Carried]) -> Sequence[Carried]:
    """Return one network of each class that has a range."""
    found: dict[object, Carried] = {}
    for item in items:
        if item.network.prefix is not None:
            found.setdefault((alike.network(item.network), item.shown is None), item)
    return list(found.values())


def _joints(landscape: Landscape, alike: Alike) -> Iterator[tuple[Joint, int]]:
    """Yield one link of each class, with how many there are."""
    ends = landscape.ends
    written: dict[object, list[Joint]] = {}
    for joint in ends.written:
        if joint.method != "none":
            written.setdefault(alike.joint(joint), []).append(joint)
    yield from ((joints[0], len(joints)) for joints in written.values())
    for pair, row in PAIRS.items():
        if row.key is None or ends.short_method(pair) not in _OWN_ADDRESSES:
            continue
        firsts, seconds = (_classes(landscape, alike, pair, kind) for kind in row.ends)
        for one, many in firsts:
            for two, more in seconds:
                joint_ = ends.joint(pair, one, two)
                if joint_ is not None and joint_.link is None:
                    yield joint_, many * more


def _classes(landscape: Landscape, alike: Alike, pair: Pair, kind: str) -> list[tuple[End, int]]:
    """Return one end of each class that the short form may join in a kind of pair, with how many there are."""
    ends = landscape.ends
    every: Sequence[End]
    if kind == "edge":
        every = ends.edges
    elif kind == "site":
        every = ends.sites
    else:
        every = (PRIVATE,) if kind == "ibm-private" else ends.of_platform(kind)
    found: dict[object, list[End]] = {}
    for end in every:
        if ends.open(end, pair):
            found.setdefault(alike.end(end), []).append(end)
    return [(own[0], len(own)) for own in found.values()]
