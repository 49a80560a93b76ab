"""The names of addresses that have a meaning: a plan reserves an address under one of them for a device or service.

Messages recommend the first name of each row. docs/reference/address-names.md lists them for users.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

Names = tuple[str, ...]

GATEWAY: Names = ("gateway",)
"""The router of a network; by default its first usable address."""
UPLINK: Names = ("uplink",)
"""The ESG's own address on one of IBM Cloud's networks."""
SNAT: Names = ("snat", *UPLINK)
"""The source address that the ESG translates to there."""
INGRESS: Names = ("alb", "ingress")
"""The load balancer in front of the pods of an IKS cluster, in its portable subnets."""
TUNNEL: Names = ("strongswan", "vpn")
"""The cluster's end of a strongSwan tunnel."""
OF_A_PARTNER: Names = ("-strongswan", "-vpn")
"""The ends of names of addresses for the tunnel to one partner: PARTNER-strongswan, PARTNER-vpn."""
ESG_TUNNEL: Names = (*TUNNEL, "ipsec", *UPLINK)
"""The ESG's end of a tunnel to IKS."""
ICP_TUNNEL: Names = ("icp-strongswan", "icp-vpn")
"""The address of the ESG that it translates to the strongSwan of ICP, for the tunnel between the clusters."""
MASTER_VIP: Names = ("master-vip", "cluster-vip", "master")
"""The virtual address of the masters of ICP, among its workers."""
PROXY_VIP: Names = ("proxy-vip", "proxy", "ingress")
"""The virtual address of the proxies of ICP, among its workers."""
ICP_MASTER: Names = ("icp-master", "master-vip", "cluster-vip")
"""The address of the ESG that it translates to the masters of ICP."""
ICP_PROXY: Names = ("icp-proxy", "proxy", "proxy-vip", "ingress", "icp")
"""The address of the ESG that it translates to the proxies of ICP."""
TRANSIT_ESG: Names = ("esg", *GATEWAY)
"""The ESG on the transit network; by default the first usable address."""
TRANSIT_DLR: Names = ("dlr",)
"""The forwarding address of the DLR there; by default the second usable address."""
CONCENTRATOR: Names = ("l2c",)
"""The L2 concentrator of HCX."""
ON_PREMISES: Names = ("on-premises",)
"""The router on premises in a stretched network."""
SERVICES: Names = ("dns", "ntp", "web-proxy")
"""Servers in a management or VM network that other machines use."""


def as_label(text: str) -> str:
    """Return a name as a DNS label: letters, digits and hyphens, at most 63 (RFC 1123 section 2.1)."""
    label = re.sub(r"[^a-z0-9-]+", "-", text.lower()).strip("-")
    return label[:63].rstrip("-") or "unnamed"


def as_labels(texts: Iterable[str]) -> dict[str, str]:
    """Return a different label for each name: a later name gets a number where its label is in use."""
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
"""Accept at most 125 characters in a domain, to leave room for two labels of 63: a name has 253 (RFC 1035 2.3.4)."""


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
        raise ValueError("its labels must be letters, digits and hyphens, at most 63 each, with dots between")
    if labels[-1].isdigit():
        raise ValueError("its last label is a number, as in an address")
    if len(domain) > LONGEST_DOMAIN:
        raise ValueError(f"it has more than {LONGEST_DOMAIN} characters, so NAME.NETWORK does not fit before it")
    return domain
