"""Names of addresses that mean something: under which names a plan sets an address aside for a device or service.

The first name of each row is the one to recommend. docs/reference/address-names.md tells users.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

Names = tuple[str, ...]

GATEWAY: Names = ("gateway",)
"""The router of a network; without one, its first usable address."""
UPLINK: Names = ("uplink",)
"""The ESG's own address on one of IBM Cloud's networks."""
SNAT: Names = ("snat", *UPLINK)
"""What the ESG gives as source address there."""
INGRESS: Names = ("alb", "ingress")
"""The load balancer of an IKS cluster, in its portable subnets, and of pods behind it."""
TUNNEL: Names = ("strongswan", "vpn")
"""The cluster's end of a strongSwan tunnel."""
OF_A_PARTNER: Names = ("-strongswan", "-vpn")
"""How the name of an address ends that is for the tunnel to one partner only."""
ESG_TUNNEL: Names = (*TUNNEL, "ipsec", *UPLINK)
"""The ESG's end of a tunnel to IKS."""
ICP_TUNNEL: Names = ("icp-strongswan", "icp-vpn")
"""The address of the ESG that stands for the strongSwan of ICP, for the tunnel between the clusters."""
MASTER_VIP: Names = ("master-vip", "cluster-vip", "master")
"""The virtual address of the masters of ICP, among its workers."""
PROXY_VIP: Names = ("proxy-vip", "proxy", "ingress")
"""The virtual address of the proxies of ICP, among its workers."""
ICP_MASTER: Names = ("icp-master", "master-vip", "cluster-vip")
"""The address of the ESG that stands for the masters of ICP."""
ICP_PROXY: Names = ("icp-proxy", "proxy", "proxy-vip", "ingress", "icp")
"""The address of the ESG that stands for the proxies of ICP."""
TRANSIT_ESG: Names = ("esg", *GATEWAY)
"""The ESG on the transit network; without one, the first usable address."""
TRANSIT_DLR: Names = ("dlr",)
"""The DLR there, its forwarding address; without one, the second usable address."""
CONCENTRATOR: Names = ("l2c",)
"""The L2 concentrator of HCX."""
ON_PREMISES: Names = ("on-premises",)
"""The router on premises in a stretched network."""
SERVICES: Names = ("dns", "ntp", "web-proxy")
"""Machines in a management or VM network that serve the others."""


def as_label(text: str) -> str:
    """Return a name as a label of DNS: letters, digits and hyphens, 63 at most (RFC 1123 section 2.1)."""
    label = re.sub(r"[^a-z0-9-]+", "-", text.lower()).strip("-")
    return label[:63].rstrip("-") or "unnamed"


def as_labels(texts: Iterable[str]) -> dict[str, str]:
    """Return a label for each name, no two the same: those that come later get a number where one is taken."""
    found: dict[str, str] = {}
    taken: set[str] = set()
    for text in texts:
        label, number = as_label(text), 1
        while label in taken:
            number += 1
            label = f"{as_label(text)[: 62 - len(str(number))]}-{number}"
        taken.add(label)
        found[text] = label
    return found


LONGEST_DOMAIN = 125
"""Characters of a domain that leave room for two labels of 63 before it: a name has 253 (RFC 1035 section 2.3.4)."""


def parse_domain(text: str) -> str:
    """Return a DNS domain in lower case, without the dot at its end.

    Raises ValueError with the reason for anything but labels of letters, digits and hyphens with dots between
    (RFC 1123 section 2.1), the last not all digits, of `LONGEST_DOMAIN` characters at most.
    """
    domain = text.lower().removesuffix(".")
    labels = domain.split(".")
    if not text.isascii():
        raise ValueError("it has characters that are not ASCII: write the form that starts with xn--")
    if any(re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", label) is None for label in labels):
        raise ValueError("its labels have to be letters, digits and hyphens, 63 at most, with dots between")
    if labels[-1].isdigit():
        raise ValueError("its last label is a number, as in an address")
    if len(domain) > LONGEST_DOMAIN:
        raise ValueError(f"it has more than {LONGEST_DOMAIN} characters, and leaves no room for NAME.NETWORK")
    return domain
