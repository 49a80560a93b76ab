"""The links in force, in bundles of those that are alike, so that a short form of thousands of pairs stays small.

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
    from ipplan.landscape.standing import Ends
    from ipplan.plan.methods import Method, Pair
    from ipplan.plan.model import Link

_PORTABLE = ("iks-ingress-public", "iks-ingress-private")


class Bundle(NamedTuple):
    """Links that are alike: each of `first` with each of `second`. One that the plan writes is a bundle of its own.

    What a link carries of one of its ends, and where a tunnel ends there, is the same on all links of that end in
    the bundle.
    """

    pair: Pair
    method: Method | None
    first: tuple[End, ...]
    second: tuple[End, ...]
    link: Link | None = None

    @property
    def key(self) -> KeyPath:
        """Where the plan says so."""
        return self.joint().key

    @property
    def title(self) -> str:
        """What the method is, for a sentence."""
        return METHOD_TITLES[self.method]

    @property
    def size(self) -> int:
        """How many pairs it joins."""
        return len(self.first) * len(self.second)

    def joint(self, first: End | None = None, second: End | None = None) -> Joint:
        """Return one of its links; that of its first pair where nothing else is asked for."""
        return Joint(self.pair, first or self.first[0], second or self.second[0], self.method, self.link)

    def joints(self) -> Iterator[Joint]:
        """Yield every link of it."""
        for first in self.first:
            for second in self.second:
                yield self.joint(first, second)

    def joint_of(self, end: End) -> Joint:
        """Return one link of an end of it."""
        kinds = self.first[0].kind, self.second[0].kind
        # Looking an end up takes as long as the bundle is large, and its kind mostly tells.
        is_first = end.kind == kinds[0] if kinds[0] != kinds[1] else end in self.first
        return self.joint(end) if is_first else self.joint(None, end)


def list_bundles(ends: Ends) -> Iterator[Bundle]:
    """Yield the links that join something: written ones, then those of the short form."""
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
    """Return what makes the links of an end different from those of other ends of its sort."""
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
    """Tell whether the links of an IKS cluster differ by their partner.

    An address may be for the tunnel to one partner; and what it reaches of ICP through the ESG depends on its
    tunnels to ICP.
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
    """Yield the partners in groups at which links end alike."""
    if pair in ("iks-edge", "iks-icp") and _is_special(ends, pair, members[0]):
        yield from ([partner] for partner in partners)
        return
    groups: dict[object, list[End]] = {}
    for partner in partners:
        uplinks = pair == "iks-edge" and method == "strongswan"
        key = tuple(bool(ends.of_edge(partner, kind)) for kind in UPLINKS.values()) if uplinks else None
        groups.setdefault(key, []).append(partner)
    yield from groups.values()
