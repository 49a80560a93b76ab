"""cluster/config.yaml of the ICP installer: the keys that hold addresses (IBM/deploy-ibm-cloud-private @7c902fb)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.export import ExportError, comment, find_cluster, quoted
from ipplan.plan import names
from ipplan.plan.sizing import resolve_addresses

if TYPE_CHECKING:
    from ipplan.export import Landscape
    from ipplan.plan.model import Network

_VIPS = (("cluster_vip", names.MASTER_VIP), ("proxy_vip", names.PROXY_VIP))
_BALANCERS = (("cluster_lb_address", names.ICP_MASTER), ("proxy_lb_address", names.ICP_PROXY))


def export_icp_config(landscape: Landscape) -> str:
    """Return the part of config.yaml that the plan decides; raise ExportError without pod or service range."""
    plan = landscape.plan
    cluster = find_cluster(landscape, "icp")
    networks = [*plan.networks, *plan.defaults]
    own = [n for n in networks if n.cluster == cluster.name and n.prefix is not None]
    lines = [comment(line) for line in landscape.header(f"cluster/config.yaml of ICP cluster {cluster.name}")]
    lines += [f"network_type: {quoted('calico')}"]
    for key, kind in (("network_cidr", "icp-pod"), ("service_cluster_ip_range", "icp-service")):
        found = [n for n in own if n.kind.name == kind]
        if not found or found[0].default:
            raise ExportError(
                f"cluster {cluster.name} has no {kind} network, and ICP's own default lies in IBM's services network",
                f'add [networks.NAME] with kind = "{kind}"',
            )
        lines.append(f"{key}: {quoted(str(found[0].prefix))}")
    lines += [f"calico_ipip_mode: {quoted('Always')}", "calico_tunnel_mtu: 1430"]
    workers = [n for n in own if n.kind.name == "icp-worker"]
    lines += _named(_VIPS, workers)
    if plan.integration.get("icp-vcs") == "nat":
        lines += _named(_BALANCERS, [n for n in plan.networks if n.kind.name == "vcs-esg-private"])
    return "\n".join(lines) + "\n"


def _named(keys: tuple[tuple[str, tuple[str, ...]], ...], networks: list[Network]) -> list[str]:
    """Return a line for each key whose address some network names."""
    known = {
        name: text
        for network in networks
        if network.prefix is not None
        for name, text in resolve_addresses(network, network.prefix)
    }
    lines = []
    for key, wanted in keys:
        found = next((known[name] for name in wanted if name in known), None)
        if found is not None:
            lines.append(f"{key}: {quoted(found)}")
    return lines
