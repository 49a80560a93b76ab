"""Define ends, the links between them, and networks that a link carries.

Pure data; `plan_ends` places networks, `links` finds the links, and `carriage` derives what they carry.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ipplan.plan.kinds import KINDS
from ipplan.plan.methods import PAIRS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ipplan.addresses import Prefix
    from ipplan.findings import KeyPath
    from ipplan.plan.methods import EndKind, IntegrationKey, Method, Pair
    from ipplan.plan.model import Link, Network

TRANSIT = "vcs-transit"
UPLINKS = {"public": "vcs-esg-public", "private": "vcs-esg-private"}
"""The kinds of network on the uplinks of an ESG."""
BEHIND = tuple(kind.name for kind in KINDS.values() if kind.router is not None)
"""The kinds of network behind an edge; the transit network joins its ESG and its DLR."""
OF_AN_EDGE = frozenset((*UPLINKS.values(), TRANSIT, *BEHIND))
"""The kinds of network that belong to an edge."""


class End(NamedTuple):
    """One end of links: a cluster of a platform, an edge, a site, or IBM Cloud's private network.

    `name` is None for the only edge of a plan that names none, for the cluster of networks that name none, and for
    IBM Cloud's private network.
    """

    kind: EndKind
    name: str | None

    @property
    def title(self) -> str:
        """The end in a sentence."""
        if self.kind == "ibm-private":
            return "IBM Cloud's private network"
        if self.kind == "edge":
            return "the edge" if self.name is None else f"edge {self.name}"
        if self.kind == "site":
            return f"site {self.name}"
        return f"the {self.kind.upper()} cluster" if self.name is None else f"cluster {self.name}"


PRIVATE = End("ibm-private", None)
"""IBM Cloud's private network as an end of links."""


class Joint(NamedTuple):
    """A link between two ends: an entry of `[[link]]`, or one that the short form opens.

    `method` is None where the plan does not state the key of the short form. `first` and `second` are in the order of
    `PAIRS`.
    """

    pair: Pair
    first: End
    second: End
    method: Method | None
    link: Link | None = None

    @property
    def integration(self) -> IntegrationKey | None:
        """The key of the short form for such a pair."""
        return PAIRS[self.pair].key

    @property
    def key(self) -> KeyPath:
        """The place in the plan that makes the link."""
        if self.link is not None:
            return self.link.key
        return ("integration", self.integration or "")

    @property
    def title(self) -> str:
        """The link in a sentence."""
        return f"the {METHOD_TITLES[self.method]} between {self.first.title} and {self.second.title}"

    def far(self, end: End) -> End:
        """Return the other end."""
        return self.second if end == self.first else self.first

    def limits(self, names: Iterable[str]) -> bool:
        """Return whether the link names any of these networks, which limits their side to what it names."""
        if self.link is None or not (self.link.networks or self.link.nat):
            return False
        named = {*self.link.networks, *(entry.network for entry in self.link.nat)}
        return any(name in named for name in names)


METHOD_TITLES: dict[Method | None, str] = {
    "common-vlan": "BGP on the common VLAN",
    "strongswan": "strongSwan tunnel",
    "static-nat": "static NAT",
    "bgp": "BGP with the BCR",
    "nat": "NAT",
    "ipsec": "IPsec tunnel",
    "gre": "GRE tunnel",
    "l2-extension": "stretched layer 2 network",
    "routed": "routed link",
    "none": "closed link",
    None: "undecided link",
}
"""The methods in a sentence."""


class Carried(NamedTuple):
    """A network that a link carries to its far side, which sees it at `shown`, or without that at its own range."""

    network: Network
    shown: Prefix | None = None

    @property
    def prefix(self) -> Prefix | None:
        """The range that the far side sees."""
        return self.network.prefix if self.shown is None else self.shown

    @property
    def outbound_only(self) -> bool:
        """Whether the far side sees one address for the whole network, so that only answers come back."""
        shown, own = self.shown, self.network.prefix
        return shown is not None and shown.size == 1 and own is not None and own.size > 1
