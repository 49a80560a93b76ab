"""Bundle links that are alike, so that a short form with thousands of pairs stays small.

Pure data: linear in clusters, edges, sites and written links, not in the pairs that they make.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ipplan.landscape.ends import METHOD_TITLES, UPLINKS, Joint
from ipplan.plan import names
from ipplan.plan.methods import PAIRS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ipplan.findings import KeyPath
    from ipplan.landscape.ends import End
    from ipplan.landscape.plan_ends import Ends
    from ipplan.plan.methods import Method, Pair
    from ipplan.plan.model import Link

_PORTABLE = ("iks-ingress-public", "iks-ingress-private")


class Bundle(NamedTuple):
    """Links that are alike: each of `first` with each of `second`. An entry of `[[link]]` is a bundle of its own.

    All links of one end in the bundle carry the same of it, and their tunnels end at the same address there.
    """

    pair: Pair
    method: Method | None
    first: tuple[End, ...]
    second: tuple[End, ...]
    link: Link | None = None

    @property
    def key(self) -> KeyPath:
        """The place in the plan that makes the links."""
        return self.joint().key

    @property
    def title(self) -> str:
        """The method in a sentence."""
        return METHOD_TITLES[self.method]

    @property
    def size(self) -> int:
        """The number of pairs."""
        return len(self.first) * len(self.second)

    def joint(self, first: End | None = None, second: End | None = None) -> Joint:
        """Return one of its links, by default that of its first pair."""
        return Joint(self.pair, first or self.first[0], second or self.second[0], self.method, self.link)

    def joints(self) -> Iterator[Joint]:
        """Yield every link of the bundle."""
        for first in self.first:
            for second in self.second:
                yield self.joint(first, second)

    def joint_of(self, end: End) -> Joint:
        """Return one link of one of its ends."""
        kinds = self.first[0].kind, self.second[0].kind
        # The kind mostly decides; a search takes as long as the bundle is large.
        is_first = end.kind == kinds[0] if kinds[0] != kinds[1] else end in self.first
        return self.joint(end) if is_first else self.joint(None, end)


def list_bundles(ends: Ends) -> Iterator[Bundle]:
    """Yield the links in force: written ones, then those of the short form."""
    for joint in ends.links.written:
        if joint.method != "none":
            yield Bundle(joint.pair, joint.method, (joint.first,), (joint.second,), joint.link)
    for pair, row in PAIRS.items():
        if row.key is not None and (method := ends.links.short_method(pair)) != "none":
            yield from _short_form(ends, pair, method)


def _short_form(ends: Ends, pair: Pair, method: Method | None) -> Iterator[Bundle]:
    closed: dict[End, set[End]] = {}
    for closed_pair, first, second in ends.links.closed:
        if closed_pair == pair:
            closed.setdefault(first, set()).add(second)
    alike: dict[object, list[End]] = {}
    for first in _candidates(ends, pair):
        if ends.links.is_open(first, pair):
            own = frozenset(closed.get(first, ()))
            alike.setdefault((own, _signature(ends, pair, method, first)), []).append(first)
    for members in alike.values():
        shut = closed.get(members[0], ())
        partners = [e for e in ends.links.partners(pair, members[0]) if ends.links.is_open(e, pair) and e not in shut]
        for seconds in _split(ends, pair, method, members, partners):
            yield Bundle(pair, method, tuple(members), tuple(seconds))


def _candidates(ends: Ends, pair: Pair) -> Sequence[End]:
    kind = PAIRS[pair].ends[0]
    return ends.sites if kind == "site" else ends.of_platform(kind)


def _signature(ends: Ends, pair: Pair, method: Method | None, first: End) -> object:
    """Return what distinguishes the links of an end from those of other ends of its kind."""
    if pair == "icp-edge":
        return ends.edge_of_cluster(first)
    if pair not in ("iks-edge", "iks-icp"):
        return None
    special = first if _is_special(ends, pair, first) else None
    if pair == "iks-icp":
        return special
    named = tuple(_names_a_tunnel(ends, first, kind) for kind in _PORTABLE) if method == "strongswan" else ()
    return special, ends.links.named_edges(first), named


def _is_special(ends: Ends, pair: Pair, cluster: End) -> bool:
    """Return whether the links of an IKS cluster differ by their partner.

    An address may be set aside for the tunnel to one partner, and tunnels to ICP decide which networks of ICP the cluster
    reaches through the ESG.
    """
    if any(name not in names.ICP_TUNNEL for name in ends.tunnel_addresses.by_name(cluster)):
        return True
    return pair == "iks-edge" and (
        any(j.pair == "iks-icp" for j in ends.links.written_of(cluster))
        or any(closed == "iks-icp" and first == cluster for closed, first, _ in ends.links.closed)
    )


def _names_a_tunnel(ends: Ends, cluster: End, kind: str) -> bool:
    return any(a.name in names.TUNNEL for n in ends.of_cluster(cluster, kind) for a in n.addresses)


def _split(
    ends: Ends, pair: Pair, method: Method | None, members: Sequence[End], partners: Sequence[End]
) -> Iterator[Sequence[End]]:
    """Yield the partners in groups whose links are alike."""
    if pair in ("iks-edge", "iks-icp") and _is_special(ends, pair, members[0]):
        yield from ([partner] for partner in partners)
        return
    groups: dict[object, list[End]] = {}
    for partner in partners:
        uplinks = pair == "iks-edge" and method == "strongswan"
        key = tuple(bool(ends.of_edge(partner, kind)) for kind in UPLINKS.values()) if uplinks else None
        groups.setdefault(key, []).append(partner)
    yield from groups.values()
