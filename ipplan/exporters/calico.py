"""Calico resources of one cluster, for calicoctl: its IP pools, and for IKS with BGP its AS number and peers.

Fields: projectcalico/libcalico-go lib/apis/v3 @7d7eb71 (IPPool, BGPConfiguration, BGPPeer).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipplan.exporters import comment, find_cluster, refuse
from ipplan.exporters.bgp import examples, methods_of, missing_for_sessions
from ipplan.exporters.yaml_text import dump
from ipplan.landscape import End
from ipplan.plan.names import as_label

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ipplan.addresses import Prefix
    from ipplan.exporters import Request
    from ipplan.landscape.model import Speaker
    from ipplan.plan.model import Cluster

_BLOCKS = {4: 26, 6: 122}
"""Prefix length of the block that a node gets from a pool, by IP version (libcalico-go lib/clientv3/ippool.go)."""
_MODES = {"iks": "CrossSubnet", "icp": "Always"}
"""IP-in-IP: in IKS only between subnets (reference architecture, section IKS), in ICP as in its config.yaml."""
_LABEL = "ipplan.worker-subnet"
"""The node label by which a peer selects the workers in one subnet; the person who applies the file has to set it."""


def export_calico(request: Request) -> str:
    """Return the resources as YAML documents; raise ExportError with everything that is missing in the plan."""
    cluster = find_cluster(request)
    end = End(cluster.platform, cluster.name)
    pods = [n.prefix for n in request.landscape.ends.of_cluster(end) if n.kind.role == "pod" and n.prefix is not None]
    with_bgp = cluster.platform == "iks" and bool(methods_of(request.landscape, end))
    missing = list(missing_for_sessions(request.landscape, end)) if with_bgp else []
    if not pods:
        missing.insert(0, (f"no pod network of cluster {cluster.name} has a range", "ipplan allocate PLAN says why"))
    refuse(missing)
    lines = [comment(line) for line in request.header(f"Calico of cluster {cluster.name}, for calicoctl")]
    if cluster.platform == "iks":
        lines += [
            "# For comparison only: IKS creates its pool itself, and supports no changes to it or to Calico's components",
            "# (IBM Cloud docs, containers, limitations.md, 2022-11-21).",
        ]
    documents = [*_pools(cluster, pods), *(_peerings(request, cluster) if with_bgp else ())]
    return "---\n".join(["\n".join(lines) + "\n", *documents])


def _pools(cluster: Cluster, pods: Sequence[Prefix]) -> Iterator[str]:
    names: dict[int, int] = {}
    for prefix in pods:
        version = prefix.version
        names[version] = names.get(version, 0) + 1
        more = f"-{names[version]}" if names[version] > 1 else ""
        yield _document(
            "IPPool",
            f"default-ipv{version}-ippool{more}",
            cidr=str(prefix),
            blockSize=max(_BLOCKS[version], prefix.length),
            # Calico has IP-in-IP for IPv4 only, and expects IPv6 to be routed.
            ipipMode=_MODES[cluster.platform] if version == 4 else "Never",
            natOutgoing=version == 4,
        )


def _peerings(request: Request, cluster: Cluster) -> Iterator[str]:
    """Yield the AS number of the workers, and a peer for each ESG, or for the BCR in each subnet of workers."""
    yield _document(
        "BGPConfiguration",
        "default",
        asNumber=request.plan.asns["iks-asn"],
        nodeToNodeMeshEnabled=True,
        logSeverityScreen="Info",
    )
    peers: dict[str, Speaker] = {}
    for session in request.landscape.sessions_of(End("iks", cluster.name)):
        peers.setdefault(session.second.address.text, session.second)
    alone = len(peers) == 1
    labels: set[str] = set()
    for number, peer in enumerate(peers.values(), 1):
        routers = peer.device == "BCR"
        wanted = as_label(f"bcr-{peer.address.network}" if routers else f"esg-{peer.name or ''}")
        label = wanted if wanted not in labels else f"{wanted[:55].rstrip('-')}-{number}"
        labels.add(label)
        notes = examples([peer.address], [peer])
        spec: dict[str, Any] = {"peerIP": peer.address.text, "asNumber": peer.asn}
        if routers and not alone:
            # Without a selector it would be the peer of workers in other subnets too.
            spec["nodeSelector"] = f"{_LABEL} == '{label}'"
            subnet = f"workers in {peer.subnet}"
            notes.append(comment(f"for {subnet}: kubectl label node NODE {_LABEL}={label}"))
        yield "".join(f"{note}\n" for note in notes) + _document("BGPPeer", label, **spec)


def _document(kind: str, name: str, **spec: object) -> str:
    return dump({"apiVersion": "projectcalico.org/v3", "kind": kind, "metadata": {"name": name}, "spec": spec})
