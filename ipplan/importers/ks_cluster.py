"""An IKS cluster: `ibmcloud ks cluster get --output json`, or its ConfigMap ibm-cloud-provider-vlan-ip-config.

Fields of the first: IBM-Cloud/bluemix-go api/container/containerv1/clusters.go, ClusterInfo. The ConfigMap (`kubectl get
configmap -n kube-system ibm-cloud-provider-vlan-ip-config`, as JSON or YAML) holds the portable subnets as JSON in a string.
Also reads what `ibmcloud ks cluster get` prints without --output json.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.importers.collecting import Collector
from ipplan.importers.document import Node, read_documents, read_json
from ipplan.importers.reading import SourceError, decode, kebab
from ipplan.importers.text_tables import read_table
from ipplan.observed import Observed, ObservedCluster

if TYPE_CHECKING:
    from collections.abc import Iterator

_HELP = "ibmcloud ks cluster get --cluster NAME --show-resources --output json"
_RANGES = (("podSubnet", "iks-pod", "pods"), ("serviceSubnet", "iks-service", "services"))
_INGRESS = frozenset({"iks-ingress-public", "iks-ingress-private"})


def read(data: bytes) -> Observed:
    """Read one cluster or a list of clusters; a user-managed subnet gets no kind."""
    reader = _Reader()
    table = read_table(decode(data), "ks-cluster")
    for item in _clusters(read_documents(data)) if table is None else table:
        if (packed := item.get("data", "vlanipmap.json")) is not None:
            reader.add_config_map(item, packed)
        elif item.text("kind") != "ConfigMap":
            reader.add_cluster(item)
    return reader.collector.finish(
        reader.kinds,
        clusters=reader.clusters,
        one_cluster=len(reader.clusters) < 2,
        data_centers=reader.zones,
        nothing="the file names no pod subnet, service subnet or VLAN of a cluster",
        help_=_HELP,
    )


def _clusters(documents: tuple[Node, ...]) -> Iterator[Node]:
    for document in documents:
        if isinstance(document.value, list):
            yield from document.items()
        elif (items := document.get("items")) is not None:
            yield from items.items()
        else:
            yield document


class _Reader:
    """Adds the ranges of clusters, whatever form they come in."""

    def __init__(self) -> None:
        self.collector = Collector()
        self.clusters: list[ObservedCluster] = []
        self.zones: list[str] = []
        self.kinds: set[str] = set()

    def add_cluster(self, item: Node) -> None:
        """Add one cluster of `ibmcloud ks cluster get`."""
        name = item.text("name")
        if name is not None:
            self.clusters.append(ObservedCluster(name, "iks", item.number("workerCount") or None, item.text("id")))
        elif item.get("vlans") is None:
            self.collector.problem("the entry has no name, so it is not a cluster", item.line, f"{_HELP} prints one")
            return
        self._add_ranges(item, name)
        self.zones += [str(zone.value) for zone in item.items("workerZones")]
        self._add_vlans(item, name, None)

    def add_config_map(self, item: Node, packed: Node) -> None:
        """Add a ConfigMap, whose subnets are JSON in the text `packed`."""
        name = item.text("data", "cluster_id")
        if name is not None:
            self.clusters.append(ObservedCluster(name, "iks", id=name))
        try:
            vlans, *_ = read_json(str(packed.value).encode(errors="replace"))
        except SourceError as error:
            self.collector.problem(f"vlanipmap.json: {error.problems[0].message}", packed.line)
            return
        self._add_vlans(vlans, name, packed.line)

    def _add_ranges(self, item: Node, name: str | None) -> None:
        for key, kind, what in _RANGES:
            node = item.get(key)
            if node is None or (cidr := item.text(key)) is None:
                continue
            self.kinds.add(kind)
            self.collector.add(
                cidr,
                node.line,
                key,
                name=kebab(f"{name} {what}"),
                kind=kind,
                cluster=name,
                description=f"{what} of IKS cluster {name}",
            )

    def _add_vlans(self, vlans: Node, cluster: str | None, line: int | None) -> None:
        """Add the portable subnets of each VLAN; `line` is that of all of them where they are in one text."""
        for vlan in vlans.items("vlans"):
            self.kinds |= _INGRESS
            self.zones.append(vlan.text("zone") or "")
            for subnet in vlan.items("subnets"):
                self._add_subnet(subnet, vlan, cluster, subnet.line if line is None else line)

    def _add_subnet(self, subnet: Node, vlan: Node, cluster: str | None, line: int) -> None:
        cidr = subnet.text("cidr")
        if cidr is None:
            self.collector.problem("the subnet has no cidr", line)
            return
        side = "public" if _is_true(subnet, "is_public") else "private"
        own = _is_true(subnet, "is_byoip")
        words = [
            ("user-managed subnet" if own else f"portable {side} subnet")
            + (f" of IKS cluster {cluster}" if cluster else ""),
            subnet.text("id"),
            vlan.text("zone"),
            f"VLAN {vlan.text('id')}" if vlan.text("id") else None,
        ]
        self.collector.add(
            cidr,
            line,
            "vlans.subnets.cidr",
            name="" if own else kebab(f"{cluster or 'iks'} ingress {side}"),
            kind=None if own else f"iks-ingress-{side}",
            cluster=cluster,
            description=", ".join(word for word in words if word),
        )


def _is_true(item: Node, key: str) -> bool:
    node = item.get(key)
    return node is not None and node.value is True
