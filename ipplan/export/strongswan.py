"""Values of the strongSwan chart: local and remote subnets, gateways, IKE (chart values as shipped, 2024-05-06)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.export import ExportError, comment, find_cluster, quoted
from ipplan.flows import pick

if TYPE_CHECKING:
    from ipplan.export import Landscape
    from ipplan.flows import Address
    from ipplan.plan.model import IntegrationKey
    from ipplan.topology import Link, Site

_NAMES = ("strongswan", "vpn")


def export_iks(landscape: Landscape) -> str:
    """Return the values for the IKS end of the tunnel to the ESG."""
    return _values(landscape, "iks", "overlay", "iks-vcs")


def export_iks_to_icp(landscape: Landscape) -> str:
    """Return the values for the IKS end of the tunnel to ICP."""
    return _values(landscape, "iks", "icp", "iks-icp")


def export_icp(landscape: Landscape) -> str:
    """Return the values for the ICP end of the tunnel to IKS."""
    return _values(landscape, "icp", "iks", "iks-icp")


def _values(landscape: Landscape, origin: Site, target: Site, key: IntegrationKey) -> str:
    plan = landscape.plan
    if plan.integration.get(key) != "strongswan":
        raise ExportError(
            f'{key} is not "strongswan" in this plan', f'write {key} = "strongswan" under [integration]'
        )
    cluster = find_cluster(landscape, origin)
    link = _link(landscape, origin, target)
    local = next((end.subnets for end in link.ends if end.cluster == cluster.name), ())
    if not local or not link.remote:
        raise ExportError(
            f"the tunnel of {key} has no subnet {'behind' if local else 'in'} cluster {cluster.name}",
            "add the networks that it joins, and ipplan allocate PLAN --write",
        )
    own, far = _ends(landscape, cluster.name) if origin == "iks" else (None, None)
    if key == "iks-icp":
        # IKS dials out to the public gateway of ICP (IBM Cloud docs, containers cs_hybrid.md, 2018-08-27), so its end
        # needs no address, and the one of the other tunnel stays free.
        own = None
    lines = [
        comment(line)
        for line in landscape.header(f"strongSwan chart in cluster {cluster.name}, tunnel of {key}")
    ]
    lines += [
        "ipsec:",
        f"  keyexchange: {quoted(f'ikev{plan.ike or 2}')}",
        f"  auto: {quoted('start' if far is not None else 'add')}",
        "local:",
        f"  subnet: {quoted(','.join(map(str, local)))}",
        f"  id: {quoted('ibm-cloud' if origin == 'iks' else 'icp')}",
        "remote:",
        f"  gateway: {quoted(far.text if far is not None else '%any')}",
        f"  subnet: {quoted(','.join(map(str, link.remote)))}",
        f"  id: {quoted('on-prem' if target == 'overlay' else 'icp' if target == 'icp' else 'ibm-cloud')}",
    ]
    lines.append(f"loadBalancerIP: {quoted(own.text if own is not None else '')}")
    return "\n".join(lines) + "\n"


def _link(landscape: Landscape, origin: Site, target: Site) -> Link:
    for link in landscape.topology.links:
        if (link.way.origin, link.way.target, link.way.method) == (origin, target, "tunnel"):
            return link
    raise ExportError(f"the plan has no network on one side of the tunnel from {origin} to {target}")


def _ends(landscape: Landscape, cluster: str) -> tuple[Address | None, Address | None]:
    """Return the public portable address of the IKS end and that of the ESG, None where the plan names none."""
    networks = [n for n in landscape.plan.networks if n.prefix is not None]
    ingress = [
        pick(n, *_NAMES) for n in networks if n.kind.name == "iks-ingress-public" and n.cluster == cluster
    ]
    edges = [pick(n, *_NAMES, "uplink") for n in networks if n.kind.name == "vcs-esg-public"]
    own = next((address for address in ingress if address.name in _NAMES), None)
    return own, next((address for address in edges if address.name is not None), None)
