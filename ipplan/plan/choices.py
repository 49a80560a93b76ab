"""The values that keys of a plan may have, where they are a fixed list.

The kinds of network are in `kinds`, the methods of links in `methods`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ipplan.plan.methods import IntegrationKey

INTEGRATION: dict[IntegrationKey, tuple[str, ...]] = {
    "icp-vcs": ("nat", "none"),
    "iks-vcs": ("common-vlan", "strongswan", "static-nat", "bgp", "none"),
    "iks-icp": ("strongswan", "none"),
    "enterprise": ("l2-extension", "routed", "none"),
}
"""The methods of each key of the short form (reference architecture, section integration)."""
ASN_KEYS = ("iks-asn", "esg-asn", "enterprise-asn")
"""The keys of autonomous system numbers: of the workers' vRouters, the ESG, the enterprise's router."""
ACCOUNT_ROUTING = ("vrf", "vlan-spanning")
"""What routes between the subnets of an account (IBM Cloud docs, vlans, vlan-spanning.md, 2025-07-21)."""
INTERNET = ("snat", "web-proxy", "none")
"""How networks behind an edge reach the internet (reference architecture, section integration)."""
GATEWAY_ON = ("dlr", "esg", "on-premises")
"""Which device is the router of a network behind an edge."""
RETIRED = "retired"
"""The status of a part that holds its ranges and takes part in nothing else."""
STATUSES = ("planned", "ordered", "live", RETIRED)
"""How far a network, cluster, edge or site has got."""
VLANS = (1, 4094)
"""The first and last VLAN ID that a network can have (IEEE 802.1Q: 0 and 4095 are reserved)."""
