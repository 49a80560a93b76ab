"""Worker nodes: `kubectl get nodes -o json`, or the table of `-o wide`.

A node states addresses without a length. Where Calico adds the length to the node, the subnet of the workers is known;
otherwise the addresses stay single. Labels and the version of the kubelet say whether the cluster is IKS or ICP.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from ipplan.addresses import AddressError, parse_block
from ipplan.importers.collecting import Collector
from ipplan.importers.document import Node, read_documents
from ipplan.importers.reading import decode
from ipplan.importers.text_tables import read_table
from ipplan.plan.problems import show

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ipplan.observed import Observed

_HELP = "kubectl get nodes -o json prints them"
_ANNOTATIONS = ("projectcalico.org/IPv4Address", "projectcalico.org/IPv6Address")


def read(data: bytes) -> Observed:
    """Read a list of nodes, or one."""
    collector = Collector()
    zones: list[str] = []
    table = read_table(decode(data), "kubectl-nodes")
    for document in read_documents(data) if table is None else (Node(table, 1),):
        for item in _nodes(document):
            if item.text("kind") not in ("Node", None):
                collector.problem(f"the entry is of kind {show(item.text('kind'))}, not Node", item.line, _HELP)
                continue
            _add(item, collector)
            labels = item.get("metadata", "labels")
            keys = ("ibm-cloud.kubernetes.io/zone", "topology.kubernetes.io/zone")
            # Zones of other clouds, and of clusters on premises, are not data centers of IBM Cloud.
            if _platform(item) == "iks":
                zones += [zone for key in keys if labels and (zone := labels.text(key))]
    kinds = {row.kind for row in collector.rows if row.kind}
    return collector.finish(kinds, data_centers=zones, nothing="no node in the file has an address", help_=_HELP)


def _nodes(document: Node) -> Iterator[Node]:
    items = document.get("items")
    yield from items.items() if items is not None else document.items() or [document]


def _platform(item: Node) -> Literal["iks", "icp"] | None:
    """Return the platform of a node's cluster, None where nothing says it."""
    labels = item.get("metadata", "labels")
    names = labels.value if labels is not None and isinstance(labels.value, dict) else {}
    provider = item.text("spec", "providerID") or ""
    if provider.startswith("ibm://") or any(name.startswith("ibm-cloud.kubernetes.io/") for name in names):
        return "iks"
    version = (item.text("status", "nodeInfo", "kubeletVersion") or "").lower()
    return "iks" if "+iks" in version else "icp" if "+icp" in version else None


def _add(item: Node, collector: Collector) -> None:
    name = item.text("metadata", "name") or "node"
    platform = _platform(item)
    workers = None if platform is None else {"iks": "iks-worker-private", "icp": "icp-worker"}[platform]
    annotations = item.get("metadata", "annotations") or Node({}, item.line)
    for key in _ANNOTATIONS:
        node, text = annotations.get(key), annotations.text(key)
        # Calico writes no length where it does not know it.
        if node is None or text is None or "/" not in text:
            continue
        try:
            subnet = str(parse_block(text))
        except AddressError as error:
            collector.problem(f"{key} {show(text)} of node {name} is not a valid prefix: {error}", node.line)
            continue
        collector.add(
            subnet,
            node.line,
            key,
            name=f"{platform or 'node'}-workers",
            kind=workers,
            description="subnet of worker nodes",
        )
    for address in item.items("status", "addresses"):
        kind, text = address.text("type"), address.text("address")
        if text is None or kind not in ("InternalIP", "ExternalIP"):
            continue
        collector.add_address(
            text,
            address.line,
            kind,
            name=name,
            description=f"{kind} of node {name}",
            kind=workers if kind == "InternalIP" else "iks-worker-public" if platform == "iks" else None,
        )
    _add_pods(item, name, platform, collector)


def _add_pods(item: Node, name: str, platform: str | None, collector: Collector) -> None:
    """Add a node's share of the pod network."""
    shares = [node for node in item.items("spec", "podCIDRs") if node.value]
    if not shares and (single := item.get("spec", "podCIDR")) is not None and single.value:
        shares = [single]
    for share in shares:
        collector.add(
            str(share.value),
            share.line,
            "podCIDR",
            name=name,
            kind=None if platform is None else f"{platform}-pod",
            whole=False,
            description=f"pods of node {name}",
        )
