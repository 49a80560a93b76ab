"""List the flows that a plan promises, which the check traces; one for all that are alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ipplan.flows.alike import Alike
from ipplan.landscape.ends import PRIVATE, Carried, End
from ipplan.plan.methods import PAIRS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ipplan.landscape import Landscape
    from ipplan.landscape.ends import Joint
    from ipplan.landscape.model import HostAddress
    from ipplan.landscape.plan_ends import Ends
    from ipplan.plan.methods import Pair
    from ipplan.plan.model import Network

_OWN_ADDRESSES = frozenset({"common-vlan", "strongswan", "bgp", "ipsec", "gre", "l2-extension", "routed"})
"""The methods whose links carry networks with their own or their shown addresses."""
_ONLY_ANSWER = frozenset({"service", "ingress"})
"""The roles of networks that send no requests."""


class Promise(NamedTuple):
    """A pair of networks that has to be reachable: by a documented flow, or because a link carries both.

    `source` is None for the internet. `joint` is the link that promises it, None for flows from the internet. `alike` is
    the number of further pairs of the same class. `front` is the address of an ESG to use instead of the network's own.
    """

    flow: str | None
    source: Network | None
    destination: Network
    joint: Joint | None
    alike: int
    front: HostAddress | None = None


def list_promises(landscape: Landscape) -> list[Promise]:
    """Return the flows that a plan promises, one pair for all that are alike.

    These are the documented flows whose integration is stated and not none, and both directions of each link. The first
    pair by name represents all alike ones, and the list is in that order, so that the order of the file does not matter.
    """
    alike = Alike(landscape)
    found: dict[object, Promise] = {}
    for key, promise in (
        *_documented(landscape, alike),
        *_carried(landscape, alike),
        *_fronted(landscape, alike),
    ):
        before = found.get(key)
        if before is None:
            found[key] = promise
        else:
            first = min(before, promise, key=_place)
            found[key] = first._replace(alike=before.alike + 1 + promise.alike)
    pairs = {(p.source and p.source.name, p.destination.name) for p in found.values() if p.flow is not None}
    return [
        p
        for p in sorted(found.values(), key=_place)
        if p.flow is not None or p.front is not None or (p.source and p.source.name, p.destination.name) not in pairs
    ]


def _place(promise: Promise) -> tuple[object, ...]:
    """Return the sort key of a promise: documented flows first, then the names of its ends."""
    source, front = promise.source, promise.front
    return (
        promise.flow or "~",
        "" if source is None else source.name,
        promise.destination.name,
        _joint_place(promise.joint),
        "" if front is None else front.text,
    )


def _joint_place(joint: Joint | None) -> tuple[str, ...]:
    if joint is None:
        return ()
    return joint.pair, joint.method or "", joint.first.name or "", joint.second.name or ""


def _end_place(end: End) -> str:
    return end.name or ""


def _name(network: Network) -> str:
    return network.name


def _documented(landscape: Landscape, alike: Alike) -> Iterator[tuple[object, Promise]]:
    """Yield the documented flows that the plan promises, one pair for all that are alike."""
    for letter, joint, count, sources, destinations in _flows(landscape, alike):
        for source in _classes_of(alike, sources):
            for destination in _classes_of(alike, destinations):
                if destination is not None:
                    key = (
                        letter,
                        source and alike.network(source),
                        alike.network(destination),
                        joint and alike.joint(joint),
                    )
                    yield key, Promise(letter, source, destination, joint, count - 1)


_Documented = tuple[str, "Joint | None", int, "Sequence[Network | None]", "Sequence[Network | None]"]
"""A documented flow: its letter, the link that promises it, the number of alike ones, the networks at both ends."""


def _flows(landscape: Landscape, alike: Alike) -> Iterator[_Documented]:
    ends = landscape.ends
    for cluster, count in _classes(alike, ends.of_platform("iks")):
        if ends.of_cluster(cluster, "iks-ingress-public"):
            yield "A", None, count, (None,), ends.of_cluster(cluster, "iks-pod")
    for cluster, count in _classes(alike, ends.of_platform("icp")):
        edge = ends.edge_of_cluster(cluster)
        joint = ends.links.between("icp-edge", cluster, edge) if edge is not None else None
        if edge is not None and joint is not None and joint.method is not None:
            pods = ends.of_cluster(cluster, "icp-pod")
            yield "B", joint, count, (None,), pods
            yield "D", joint, count, pods, _vms(ends.behind(edge))
    for joint, count in _joints(landscape, alike):
        if joint.pair == "iks-edge":
            carried = [c.network for c in ends.carriage.carried(joint, joint.second) if not c.outbound_only]
            yield "C", joint, count, _pods(ends, joint), _vms(carried)
        elif joint.pair in ("site-edge", "site-private") and joint.link is None:
            # A written link promises the networks that it carries; the key of the short form promises the documented flow.
            own = [n for n in ends.of_site(joint.first) if n.kind.provider == "enterprise"]
            edges = [(joint.second, 1)] if joint.pair == "site-edge" else _classes(alike, ends.edges)
            for edge, more in edges:
                yield "E", joint, count * more, own, _vms(ends.stretched_behind(edge))


def _pods(ends: Ends, joint: Joint) -> list[Network]:
    """Return the pod networks for which a link of an IKS cluster promises flow C."""
    pods = ends.of_cluster(joint.first, "iks-pod")
    if joint.link is None or joint.method not in _OWN_ADDRESSES:
        return pods
    carried = {c.network.name for c in ends.carriage.carried(joint, joint.first)}
    return [pod for pod in pods if pod.name in carried]


def _vms(networks: Iterable[Network]) -> list[Network | None]:
    return [n for n in networks if n.kind.name == "vcs-vm"]


def _classes_of(alike: Alike, networks: Iterable[Network | None]) -> list[Network | None]:
    """Return one network of each class that has a range; None, the internet, stays."""
    every = list(networks)
    found: dict[object, Network] = {}
    for network in every:
        if network is not None and network.prefix is not None:
            key = alike.network(network)
            found[key] = min(found.get(key, network), network, key=_name)
    return [*([None] if None in every else []), *found.values()]


def _carried(landscape: Landscape, alike: Alike) -> Iterator[tuple[object, Promise]]:
    """Yield both directions of what links carry, one link for all that are alike."""
    ends = landscape.ends
    for joint, count in _joints(landscape, alike):
        if joint.method not in _OWN_ADDRESSES:
            continue
        first, second = (_first_of(alike, ends.carriage.carried(joint, end)) for end in (joint.first, joint.second))
        for one in first:
            for two in second:
                if ends.on_premises(one.network) and ends.on_premises(two.network):
                    continue  # both belong to the site that stretches them
                for source, target in ((one, two), (two, one)):
                    if not target.outbound_only and source.network.kind.role not in _ONLY_ANSWER:
                        classes = map(alike.network, (source.network, target.network))
                        key = (None, alike.joint(joint), *classes)
                        yield key, Promise(None, source.network, target.network, joint, count - 1)


def _fronted(landscape: Landscape, alike: Alike) -> Iterator[tuple[object, Promise]]:
    """Yield the flows from workers of IKS to the addresses of an ESG that lead to an ICP cluster.

    The DNAT is for IBM Cloud's private network (reference architecture, section integration); if a tunnel joins the two
    clusters, the answer may use it.
    """
    ends = landscape.ends
    for joint, count in _joints(landscape, alike):
        edge = ends.edge_of_cluster(joint.second) if joint.pair == "iks-icp" else None
        if edge is None or ends.links.between("icp-edge", joint.second, edge) is None:
            continue
        workers = {n.name: n for n in ends.of_cluster(joint.second, "icp-worker")}
        own = ends.of_cluster(joint.first, "iks-worker-private")
        nodes = sorted((n for n in own if n.prefix is not None), key=_name)
        for rule in landscape.esg(edge).destination_nat:
            target = workers.get(rule.target.network or "")
            if rule.interface == "private" and rule.port is None and target is not None and nodes:
                key = ("front", alike.joint(joint))
                yield key, Promise(None, nodes[0], target, joint, count - 1, rule.address)


def _first_of(alike: Alike, items: Iterable[Carried]) -> Sequence[Carried]:
    """Return one network of each class that has a range."""
    found: dict[object, Carried] = {}
    for item in items:
        if item.network.prefix is not None:
            key = (alike.network(item.network), item.shown is None)
            found[key] = min(found.get(key, item), item, key=lambda c: c.network.name)
    return list(found.values())


def _joints(landscape: Landscape, alike: Alike) -> Iterator[tuple[Joint, int]]:
    """Yield one link in force of each class with their number; not the NAT of ICP clusters."""
    ends = landscape.ends
    written: dict[object, list[Joint]] = {}
    for joint in ends.links.written:
        if joint.method != "none":
            written.setdefault(alike.joint(joint), []).append(joint)
    yield from ((min(joints, key=_joint_place), len(joints)) for joints in written.values())
    for pair, row in PAIRS.items():
        if row.key is None or pair == "icp-edge" or ends.links.short_method(pair) in (None, "none"):
            continue
        firsts, seconds = (_classes(alike, _open(landscape, pair, kind)) for kind in row.ends)
        for one, many in firsts:
            for two, more in seconds:
                joint_ = ends.links.between(pair, one, two)
                if joint_ is not None and joint_.link is None:
                    yield joint_, many * more


def _open(landscape: Landscape, pair: Pair, kind: str) -> list[End]:
    """Return the ends that the short form may join in a kind of pair."""
    ends = landscape.ends
    every: Sequence[End]
    if kind == "edge":
        every = ends.edges
    elif kind == "site":
        every = ends.sites
    else:
        every = (PRIVATE,) if kind == "ibm-private" else ends.of_platform(kind)
    return [end for end in every if ends.links.is_open(end, pair)]


def _classes(alike: Alike, ends: Iterable[End]) -> list[tuple[End, int]]:
    """Return one end of each class with their number."""
    found: dict[object, list[End]] = {}
    for end in ends:
        found.setdefault(alike.end(end), []).append(end)
    return [(min(own, key=_end_place), len(own)) for own in found.values()]
