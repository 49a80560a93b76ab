"""The address that is missing at the end of a tunnel, and what to write in the plan for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.landscape.ends import UPLINKS
from ipplan.landscape.holders import free_number
from ipplan.plan import names

if TYPE_CHECKING:
    from ipplan.exporters import Request
    from ipplan.landscape.model import TunnelEnd


def missing_gateway(request: Request, end: TunnelEnd) -> tuple[str, str]:
    """Return a message that the plan names no address for the end of a tunnel, and what to write."""
    ends = request.landscape.ends
    what = f"the plan names no address at which {end.end.title} ends the tunnel"
    if end.end.kind == "iks":
        return (
            what,
            f"write addresses = {{ {names.TUNNEL[0]} = 4 }} in its network of kind iks-ingress-public",
        )
    edge, wanted = end.end, names.UPLINK[0]
    if end.end.kind == "icp":
        found = ends.edge_of_cluster(end.end)
        if found is None:
            return f"{end.end.title} names no edge that it is behind", 'write edge = "NAME" in the cluster'
        edge = found
        alone = len(ends.icp_behind[edge]) == 1
        wanted = names.ICP_TUNNEL[0] if alone else f"{end.end.name}-strongswan"
    private = (
        end.end.kind == "edge"
        and end.gateway is not None
        and end.gateway.network in {n.name for n in ends.of_edge(edge, UPLINKS["private"])}
    )
    kind = UPLINKS["private" if private else "public"]
    own = ends.of_edge(edge, kind)
    if not own:
        whose = "" if edge.name is None else f' and edge = "{edge.name}"'
        return what, f'add a network of kind = "{kind}"{whose}, with addresses = {{ {wanted} = 4 }}'
    number = free_number(own[0]) or 4
    if all(n.prefix is None for n in own):
        return (
            f"{what}: {own[0].name} has no range yet",
            f"write cidr in {own[0].name} as soon as IBM Cloud has assigned it, and addresses = {{ {wanted} = {number} }}",
        )
    return what, f"write addresses = {{ {wanted} = {number} }} in {own[0].name}"
