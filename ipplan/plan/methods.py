"""The methods to join two ends of a landscape, as a table: the pairs of ends, and the methods of each pair.

Sources of the methods: the
reference architecture (IBM Cloud docs, vmware-solutions, "Integration, IP addressing, and network flows", 2018-11-20),
section integration, for `common-vlan`, `strongswan`, `static-nat`, `bgp`, `nat` and `l2-extension`; IBM Cloud docs,
direct-link, subnet-configuration.md, 2025-07-11, for `routed`, `gre` and `ipsec` between the enterprise and IBM Cloud.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

IntegrationKey = Literal["icp-vcs", "iks-vcs", "iks-icp", "enterprise"]
EndKind = Literal["iks", "icp", "edge", "site", "ibm-private"]
"""What an end of a link can be: a cluster of a platform, an edge, a site, IBM Cloud's private network."""
Pair = Literal["iks-edge", "icp-edge", "iks-iks", "iks-icp", "icp-icp", "edge-edge", "site-edge", "site-private"]
"""The kinds of pair that a link can join, named after the ends in their order."""
Method = Literal[
    "common-vlan", "strongswan", "static-nat", "bgp", "nat", "ipsec", "gre", "l2-extension", "routed", "none"
]

IBM_PRIVATE = "ibm-private"
"""The name of IBM Cloud's private network as an end of a link; nothing else may have it."""
ENTERPRISE = "enterprise"
"""The name of the only site of a plan that declares none."""


class PairRow(NamedTuple):
    """One row: the two ends in the order that the landscape keeps, the methods, and the key of the short form."""

    ends: tuple[EndKind, EndKind]
    methods: tuple[Method, ...]
    key: IntegrationKey | None


PAIRS: dict[Pair, PairRow] = {
    "iks-edge": PairRow(("iks", "edge"), ("common-vlan", "strongswan", "static-nat", "bgp", "none"), "iks-vcs"),
    "icp-edge": PairRow(("icp", "edge"), ("nat", "none"), "icp-vcs"),
    "iks-iks": PairRow(("iks", "iks"), ("strongswan", "none"), None),
    "iks-icp": PairRow(("iks", "icp"), ("strongswan", "none"), "iks-icp"),
    "icp-icp": PairRow(("icp", "icp"), ("strongswan", "none"), None),
    "edge-edge": PairRow(("edge", "edge"), ("ipsec", "routed", "none"), None),
    "site-edge": PairRow(("site", "edge"), ("l2-extension", "ipsec", "gre", "none"), "enterprise"),
    "site-private": PairRow(("site", "ibm-private"), ("routed", "none"), "enterprise"),
}
"""Every pair by its name."""

TRANSLATING: frozenset[Method] = frozenset({"strongswan", "ipsec", "gre", "routed"})
"""The methods whose links can translate networks (`nat`)."""


def pair_of(first: EndKind, second: EndKind) -> tuple[Pair, bool] | None:
    """Return the pair of two ends, and whether its order is the reverse of theirs; None where no method joins them."""
    for name, row in PAIRS.items():
        if row.ends == (first, second):
            return name, False
        if row.ends == (second, first):
            return name, True
    return None
