"""Find the links between ends: the entries of `[[link]]`, and those that the short form `[integration]` opens.

Each answer is computed on request and kept, so that one end costs what it has. Must not know what a link carries.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from ipplan.landscape.ends import PRIVATE, End, Joint
from ipplan.landscape.roster import edges_named_by_iks, edges_of_icp, stated_method
from ipplan.plan.methods import ENTERPRISE, PAIRS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ipplan.landscape.plan_ends import Ends
    from ipplan.landscape.roster import Roster
    from ipplan.plan.methods import Method, Pair
    from ipplan.plan.model import Plan


def list_written(plan: Plan) -> tuple[Joint, ...]:
    """Return the entries of `[[link]]`."""
    kinds: dict[str, End] = {c.name: End(c.platform, c.name) for c in plan.clusters.values()}
    for name in plan.edge_names:
        kinds.setdefault(name, End("edge", name))
    for name in plan.sites or (ENTERPRISE,):
        kinds.setdefault(name, End("site", name))
    kinds["ibm-private"] = PRIVATE
    found = []
    for link in plan.links:
        first, second = (kinds[name] for name in link.ends)
        for pair, row in PAIRS.items():
            if row.ends == (first.kind, second.kind):
                found.append(Joint(pair, first, second, link.method, link))
                break
    return tuple(found)


def is_exhausted(joint: Joint, whole: Ends, left: frozenset[str]) -> bool:
    """Return whether every network that a link names of one side is retired, so that it carries nothing from there.

    `whole` are the ends of the plan with its retired networks, `left` the names of the networks that remain.
    """
    if joint.link is None:
        return False
    before = whole.links.written_by_number[joint.link.number]
    if before.link == joint.link:
        return False
    for side in (before.first, before.second):
        named = whole.carriage.named_of(before, side)
        if named and left.isdisjoint(named):
            return True
    return False


class Links:
    """The links of a plan. `whole` are the ends of the plan with its retired networks, None without such."""

    def __init__(self, roster: Roster, whole: Ends | None) -> None:
        self.roster = roster
        self._whole = whole
        self._of: dict[End, tuple[Joint, ...]] = {}

    # Entries of [[link]].

    @cached_property
    def written(self) -> tuple[Joint, ...]:
        """The entries of `[[link]]`, without those whose networks are all retired."""
        written = list_written(self.roster.plan)
        if self._whole is None:
            return written
        left = frozenset(n.name for n in self.roster.networks)
        return tuple(joint for joint in written if not is_exhausted(joint, self._whole, left))

    @cached_property
    def written_by_number(self) -> Mapping[int, Joint]:
        """The entries of `[[link]]` by their place in the plan."""
        return {joint.link.number: joint for joint in self.written if joint.link is not None}

    @cached_property
    def closed(self) -> frozenset[tuple[Pair, End, End]]:
        """The pairs that a link with method none closes, with its ends."""
        return frozenset((j.pair, j.first, j.second) for j in self.written if j.method == "none")

    @cached_property
    def linked(self) -> frozenset[tuple[Pair, End]]:
        """The ends that have written links of a kind of pair, and so none by the short form.

        Links of retired networks count: retiring a network must not open another link.
        """
        if self._whole is not None:
            return self._whole.links.linked
        written = [j for j in self.written if j.method != "none"]
        return frozenset((j.pair, end) for j in written for end in (j.first, j.second))

    @cached_property
    def _written_of(self) -> Mapping[End, Sequence[Joint]]:
        found: dict[End, list[Joint]] = {}
        for joint in self.written:
            if joint.method != "none":
                for end in dict.fromkeys((joint.first, joint.second)):
                    found.setdefault(end, []).append(joint)
        return found

    def written_of(self, end: End) -> Sequence[Joint]:
        """Return the written links of an end that join it with another one."""
        return self._written_of.get(end, ())

    @cached_property
    def _written_between(self) -> Mapping[tuple[Pair, End, End], Joint]:
        found: dict[tuple[Pair, End, End], Joint] = {}
        for joint in self.written:
            if joint.method != "none":
                found.setdefault((joint.pair, joint.first, joint.second), joint)
                if joint.first.kind == joint.second.kind:
                    found.setdefault((joint.pair, joint.second, joint.first), joint)
        return found

    # All links.

    def of(self, end: End) -> tuple[Joint, ...]:
        """Return the links that join an end with another one, written ones first."""
        if end not in self._of:
            self._of[end] = (*self.written_of(end), *self._short_form(end))
        return self._of[end]

    def of_pair(self, end: End, pair: Pair) -> Iterator[Joint]:
        """Yield the links of an end in one kind of pair."""
        yield from (j for j in self.written_of(end) if j.pair == pair)
        yield from self._short_form(end, pair)

    def between(self, pair: Pair, first: End, second: End) -> Joint | None:
        """Return the link of a kind of pair between two ends, in either order; None without one."""
        kinds = PAIRS[pair].ends
        if (first.kind, second.kind) not in (kinds, kinds[::-1]):
            return None
        if first.kind != kinds[0]:
            first, second = second, first
        if (written := self._written_between.get((pair, first, second))) is not None:
            return written
        if not (self.is_open(first, pair) and self.is_open(second, pair)) or (pair, first, second) in self.closed:
            return None
        method = self.short_method(pair)
        if method == "none" or not self._are_partners(pair, first, second):
            return None
        return Joint(pair, first, second, method)

    # The short form.

    def is_open(self, end: End, pair: Pair) -> bool:
        """Return whether the short form may join an end in a kind of pair: it has no written link of that kind."""
        return (pair, end) not in self.linked

    def short_method(self, pair: Pair) -> Method | None:
        """Return the method of the short form for a kind of pair; none where it names one of another kind of pair."""
        key = PAIRS[pair].key
        method = "none" if key is None else stated_method(self.roster.plan, key)
        if method is None:
            # An undecided key counts as open where a link is likely: the enterprise is routed, clusters are not joined.
            return None if pair in ("iks-edge", "icp-edge", "site-private") else "none"
        methods = PAIRS[pair].methods
        return next((m for m in methods if m == method), "none")

    def _short_form(self, end: End, only: Pair | None = None) -> Iterator[Joint]:
        for pair, row in PAIRS.items():
            if only not in (None, pair) or row.key is None or end.kind not in row.ends or not self.is_open(end, pair):
                continue
            method = self.short_method(pair)
            if method == "none":
                continue
            for far in self.partners(pair, end):
                first, second = (end, far) if end.kind == row.ends[0] else (far, end)
                if self.is_open(far, pair) and (pair, first, second) not in self.closed:
                    yield Joint(pair, first, second, method)

    def partners(self, pair: Pair, end: End) -> Iterable[End]:
        """Return the ends that the short form would join an end with in a kind of pair if all of them were open."""
        roster = self.roster
        if pair == "iks-edge":
            if end.kind == "iks":
                names = self._iks_edges[end]
                return [edge for edge in roster.edges if not names or edge.name in names]
            return [c for c, names in self._iks_edges.items() if not names or end.name in names]
        if pair == "icp-edge":
            if end.kind == "icp":
                edge = self.edge_of_icp(end)
                return () if edge is None else (edge,)
            return [c for c, edge in self._icp_edges.items() if edge == end]
        if pair == "iks-icp":
            return roster.platforms["icp" if end.kind == "iks" else "iks"]
        if pair == "site-edge":
            return roster.edges if end.kind == "site" else roster.sites
        return roster.sites if end == PRIVATE else (PRIVATE,)

    def _are_partners(self, pair: Pair, first: End, second: End) -> bool:
        """Return whether the short form may join two ends in a kind of pair."""
        if pair == "iks-edge":
            names = self._iks_edges.get(first, frozenset())
            return second in self._edges and (not names or second.name in names)
        if pair == "icp-edge":
            return self.edge_of_icp(first) == second
        return True

    # Clusters and their edges.

    @cached_property
    def _edges(self) -> frozenset[End]:
        return frozenset(self.roster.edges)

    @cached_property
    def _icp_edges(self) -> Mapping[End, End | None]:
        return edges_of_icp(self.roster, self.written)

    def edge_of_icp(self, cluster: End) -> End | None:
        """Return the edge of an ICP cluster; None where the plan has several and names none for it."""
        return self._icp_edges.get(cluster)

    @cached_property
    def _iks_edges(self) -> Mapping[End, frozenset[str]]:
        return edges_named_by_iks(self.roster)

    def named_edges(self, cluster: End) -> frozenset[str]:
        """Return the edges that an IKS cluster or its networks name; none: the short form joins it with every edge."""
        return self._iks_edges.get(cluster, frozenset())
