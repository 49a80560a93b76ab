"""cluster/config.yaml for the ICP installer: the keys with addresses (IBM/deploy-ibm-cloud-private @7c902fb)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.exporters import comment, find_cluster, quoted, refuse
from ipplan.landscape import End
from ipplan.landscape.ends import UPLINKS
from ipplan.landscape.holders import first_named
from ipplan.plan import names

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ipplan.exporters import Request
    from ipplan.plan.model import Network

_RANGES = (("network_cidr", "icp-pod"), ("service_cluster_ip_range", "icp-service"))
_VIPS = (("cluster_vip", names.MASTER_VIP), ("proxy_vip", names.PROXY_VIP))
_BALANCERS = (
    ("cluster_lb_address", "master", names.ICP_MASTER),
    ("proxy_lb_address", "proxy", names.ICP_PROXY),
)


def export_icp_config(request: Request) -> str:
    """Return the part of config.yaml that the plan decides; raise ExportError with everything that is missing."""
    cluster = find_cluster(request, "icp")
    ends = request.landscape.ends
    end = End("icp", cluster.name)
    edge = ends.edge_of_cluster(end)
    ranges = {key: [n for n in ends.of_cluster(end, kind) if n.prefix is not None] for key, kind in _RANGES}
    workers = ends.of_cluster(end, "icp-worker")
    uplinks: Sequence[Network] = ()
    if edge is not None and ends.links.between("icp-edge", end, edge) is not None:
        uplinks = ends.of_edge(edge, UPLINKS["private"])
    balancers = []
    for key, what, front in _BALANCERS:
        own = (f"{cluster.name}-{what}",)
        alone = edge is not None and len(ends.icp_behind.get(edge, ())) == 1
        balancers.append((key, (*own, *front) if alone else own))
    missing = [
        (
            f"cluster {cluster.name} has no {kind} network, and ICP's own default lies in IBM's services network",
            f'add [networks.NAME] with kind = "{kind}"',
        )
        for key, kind in _RANGES
        if not ranges[key] or ranges[key][0].default
    ]
    missing += _outside(_VIPS, workers)
    missing += _outside(balancers, uplinks)
    refuse(missing)
    lines = [comment(line) for line in request.header(f"cluster/config.yaml of ICP cluster {cluster.name}")]
    lines += [f"network_type: {quoted('calico')}"]
    lines += [f"{key}: {quoted(str(found[0].prefix))}" for key, found in ranges.items()]
    lines += [f"calico_ipip_mode: {quoted('Always')}", "calico_tunnel_mtu: 1430"]
    lines += _named(_VIPS, workers)
    lines += _named(balancers, uplinks)
    return "\n".join(lines) + "\n"


def _named(keys: Sequence[tuple[str, names.Names]], networks: Sequence[Network]) -> list[str]:
    """Return a line for each key whose address a network names."""
    found = ((key, first_named([n for n in networks if n.prefix is not None], *wanted)) for key, wanted in keys)
    return [f"{key}: {quoted(address.text)}" for key, address in found if address is not None]


def _outside(keys: Sequence[tuple[str, names.Names]], networks: Sequence[Network]) -> Iterator[tuple[str, str]]:
    """Yield the named addresses of keys that are outside of their network, or whose network has no range yet."""
    for key, wanted in keys:
        for network in networks:
            for named in network.addresses:
                if named.name not in wanted:
                    continue
                if network.prefix is None:
                    yield (
                        f"{network.name} has no range yet, so its address {named.name}, which {key} needs, is not known",
                        f"write cidr in {network.name}",
                    )
                elif named.resolve(network.prefix) is None:
                    yield (
                        f"{network.name} {network.prefix} does not hold its address {named.name}, which {key} needs",
                        f"choose another address or a larger range for {network.name}",
                    )
