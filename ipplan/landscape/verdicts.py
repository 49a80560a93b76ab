"""Judge two destinations that share addresses: a conflict, a warning, or intended.

The only place that decides this; the check reports it, and flows stop at it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

from ipplan.landscape.ends import BEHIND, PRIVATE, TRANSIT, End

if TYPE_CHECKING:
    from ipplan.landscape.conflicts import Conflict, Conflicts
    from ipplan.landscape.ends import Carried
    from ipplan.landscape.plan_ends import Ends
    from ipplan.plan.model import Network, Plan


class Judged(Protocol):
    """The input of a verdict: the landscape of one plan, or those of several plans together."""

    plan: Plan

    @property
    def tables(self) -> Conflicts:
        """The tables that lead to each network."""

    def ends_for(self, network: Network) -> Ends:
        """Return the ends of the plan that a network is in."""

    def is_one(self, first: Network, second: Network) -> bool:
        """Return whether two networks are the same one, so that their overlap is not a finding."""


class Verdict(NamedTuple):
    """A judgement of an overlap. `conflict` has the table that leads to both; a stretched network is one layer 2 segment."""

    kind: Literal["conflict", "stretched", "apart"]
    conflict: Conflict | None = None


def judge(landscape: Judged, first: Carried, second: Carried) -> Verdict | None:
    """Return the judgement of two overlapping destinations, None where the overlap is intended."""
    if landscape.is_one(first.network, second.network):
        return None
    one = _Placed(first.network, landscape.ends_for(first.network))
    two = _Placed(second.network, landscape.ends_for(second.network))
    if first.shown is None and second.shown is None:
        if _stretched(one, two) or _stretched(two, one):
            return Verdict("stretched")
        if _summary(one, two):
            return None
    elif first.outbound_only and second.outbound_only and _one_address(landscape.plan, first, second):
        return None
    elif _summary(one, two) and (moved := _shift(first)) is not None and moved == _shift(second):
        return None  # shown as they are: a summary and its part
    conflict = landscape.tables.conflict(first, second)
    if conflict is not None:
        return Verdict("conflict", conflict)
    if first.shown is None and second.shown is None and _translated(one, two):
        return None
    return Verdict("apart")


class _Placed(NamedTuple):
    """A network with the ends of its plan; two networks may be in two plans."""

    network: Network
    ends: Ends


def _one_address(plan: Plan, first: Carried, second: Carried) -> bool:
    """Return whether one link translates two networks to one address, which only receives answers."""
    shown = [{(entry.network, entry.shown) for entry in link.nat} for link in plan.links]
    return any((first.network.name, first.shown) in own and (second.network.name, second.shown) in own for own in shown)


def one_wire(ends: Ends, one: Network, two: Network) -> bool:
    """Return whether one network is a part of the other: a stretched one, or one of the same site."""
    first, second = _Placed(one, ends), _Placed(two, ends)
    return _stretched(first, second) or _stretched(second, first) or _summary(first, second)


def _stretched(inner: _Placed, outer: _Placed) -> bool:
    """Return whether a network behind an edge is stretched into the enterprise range around it."""
    (part, ends), whole = inner, outer.network
    if part.kind.name != "vcs-vm" or whole.kind.provider != "enterprise":
        return False
    edge, site = ends.edge_of(part), outer.ends.site_of(whole)
    if edge is None or site is None or part.prefix is None or whole.prefix is None:
        return False
    return whole.prefix.covers(part.prefix) and any(
        joint.method == "l2-extension" and any(c.network.name == part.name for c in ends.carriage.carried(joint, edge))
        for joint in ends.links.of(edge)
        if joint.first == site
    )


def _summary(first: _Placed, second: _Placed) -> bool:
    """Return whether two networks of one site are a summary and its part."""
    one, two = first.network, second.network
    if one.kind.provider != "enterprise" or two.kind.provider != "enterprise" or one.prefix == two.prefix:
        return False
    if one.prefix is None or two.prefix is None or not one.prefix.overlaps(two.prefix):
        return False
    site = first.ends.site_of(one)
    return site is not None and site == second.ends.site_of(two)


def _shift(item: Carried) -> int | None:
    """Return the distance from the own to the shown addresses of a network; None where one address represents it."""
    own, seen = item.network.prefix, item.prefix
    return None if own is None or seen is None or own.size != seen.size else seen.first - own.first


def _translated(first: _Placed, second: _Placed) -> bool:
    """Return whether the links of a plan settle the overlap of two ranges that no table leads to together.

    They do if some carry one of the two and all that carry one translate it, or if both have links that could carry them
    and none does.
    """
    both = (first, second)
    if any(homeless(ends, network) for network, ends in both):
        return False
    return {_dealt_with(ends, network) for network, ends in both} in _SETTLED


_SETTLED = ({"translated"}, {"translated", "left out"}, {"translated", "not joined"}, {"left out"})
"""What links do with two networks whose overlap is intended."""


def _dealt_with(ends: Ends, network: Network) -> Literal["translated", "carried", "left out", "not joined"]:
    """Return what the links that could carry a network do with it: all translate it, some carry it, or none does."""
    translated = left_out = False
    for end in ends_of(ends, network):
        for joint in ends.links.of(end):
            if joint.method in ("nat", "static-nat"):
                continue  # The NAT of the ESG neither carries real addresses nor translates a range.
            shown = [c.shown for c in ends.carriage.carried(joint, end) if c.network.name == network.name]
            if None in shown:
                return "carried"
            translated = translated or bool(shown)
            left_out = left_out or (not shown and ends.carriage.can_carry(joint, end, network))
    return "translated" if translated else "left out" if left_out else "not joined"


def ends_of(ends: Ends, network: Network) -> list[End]:
    """Return the ends whose links may carry a network; for ICP workers their cluster and their edge."""
    kind = network.kind
    found: list[End] = []
    if kind.platform is not None and (kind.internal or (kind.role == "worker" and not kind.public)):
        found.append(End("iks" if kind.platform == "iks" else "icp", network.cluster))
    if kind.public is False:
        found.append(PRIVATE)
    if kind.name in (*BEHIND, TRANSIT) and (edge := ends.edge_of(network)) is not None:
        found.append(edge)
    return [*found, *ends.sites_of(network)]


def homeless(ends: Ends, network: Network) -> bool:
    """Return whether a network names no edge or site although the plan has several."""
    if network.kind.provider == "enterprise":
        return ends.site_of(network) is None
    return network.kind.name in (*BEHIND, TRANSIT) and ends.edge_of(network) is None


def conflicts_at(landscape: Judged, first: Carried, second: Carried) -> bool:
    """Return whether two destinations are a conflict."""
    found = judge(landscape, first, second)
    return found is not None and found.kind == "conflict"
