"""Gather what the plan says about one edge, for the builders of its ESG and DLR."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ipplan.landscape.model import ROLES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ipplan.landscape import Landscape
    from ipplan.landscape.ends import End, Joint
    from ipplan.landscape.plan_ends import Ends
    from ipplan.plan.model import Network


class EdgeFacts(NamedTuple):
    """An edge with its links and networks.

    `behind` are the networks with a range that the edge routes. `at` has the networks with a range on each interface, by
    its role, IPv4 first: NAT, tunnels and BGP need that. `icp` are the ICP clusters whose packets the ESG translates.
    """

    landscape: Landscape
    end: End
    joints: Sequence[Joint]
    behind: Sequence[Network]
    at: Mapping[str, Sequence[Network]]
    icp: Sequence[End]

    @property
    def ends(self) -> Ends:
        """The ends of the plan."""
        return self.landscape.ends

    @property
    def name(self) -> str | None:
        """The name of the edge."""
        return self.end.name

    def has_ipv4(self, role: str) -> bool:
        """Return whether an interface has IPv4, and so NAT."""
        own = self.at[role]
        return bool(own) and own[0].prefix is not None and own[0].prefix.version == 4


def gather_facts(landscape: Landscape, end: End) -> EdgeFacts:
    """Return what the plan says about an edge."""
    ends = landscape.ends
    at: dict[str, Sequence[Network]] = {
        role: sorted(
            (n for n in ends.of_edge(end, kind) if n.prefix is not None),
            key=lambda n: n.prefix.version if n.prefix else 0,
        )
        for role, kind in ROLES.items()
    }
    icp = [c for c in ends.icp_behind.get(end, ()) if ends.links.between("icp-edge", c, end) is not None]
    behind = [n for n in ends.behind(end) if n.prefix is not None]
    return EdgeFacts(landscape, end, ends.links.of(end), behind, at, icp)
