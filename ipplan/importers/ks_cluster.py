"""An IKS cluster: `ibmcloud ks cluster get --output json`, or its ConfigMap ibm-cloud-provider-vlan-ip-config.

Fields of the first: IBM-Cloud/bluemix-go api/container/containerv1/clusters.go, ClusterInfo. The ConfigMap (`kubectl get
configmap -n kube-system ibm-cloud-provider-vlan-ip-config`, as JSON or YAML) holds the portable subnets as JSON in a string.
What `ibmcloud ks cluster get` prints without --output json is read as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.importers.document import Node, read_documents, read_json
from ipplan.importers.reading import Collector, SourceError, decode, kebab
from ipplan.importers.text_tables import read_table
from ipplan.observed import Observed, ObservedCluster

if TYPE_CHECKING:
    from collections.abc import Iterator

_RANGES = (("podSubnet", "iks-pod", "pods"), ("serviceSubnet", "iks-service", "services"))
_INGRESS = frozenset({"iks-ingress-public", "iks-ingress-private"})


def read(data: bytes) -> Observed:
    """Read one cluster or a list of them; a subnet that the user brought has no kind."""
    collector = Collector()
    clusters: list[ObservedCluster] = []
    zones: list[str] = []
    kinds: set[str] = set()
    table = read_table(decode(data), "ks-cluster")
    for item in _clusters(read_documents(data)) if table is None else table:
        vlans = item
        name = item.text("name")
        packed = item.get("data", "vlanipmap.json")
        if packed is None and item.text("kind") == "ConfigMap":
            continue
        if packed is not None:
            name = item.text("data", "cluster_id")
            if name is not None:
                clusters.append(ObservedCluster(name, "iks", id=name))
            try:
                vlans = read_json(str(packed.value).encode(errors="replace"))[0]
            except SourceError as error:
                collector.problem(f"vlanipmap.json: {error.problems[0].message}", packed.line)
                continue
        elif name is None and item.get("vlans") is None:
            collector.problem(
                "the entry has no name: it is no cluster",
                item.line,
                "ibmcloud ks cluster get --cluster NAME --output json prints one",
            )
            continue
        elif name is not None:
            clusters.append(ObservedCluster(name, "iks", item.number("workerCount") or None, item.text("id")))
        for key, kind, what in _RANGES:
            if (cidr := item.text(key)) is not None:
                node = item.get(key)
                kinds.add(kind)
                collector.add(
                    cidr,
                    node.line if node else item.line,
                    key,
                    name=kebab(f"{name} {what}"),
                    kind=kind,
                    cluster=name,
                    description=f"{what} of IKS cluster {name}",
                )
        zones += [str(zone.value) for zone in item.items("workerZones")]
        for vlan in vlans.items("vlans"):
            kinds |= _INGRESS
            zones.append(vlan.text("zone") or "")
            for subnet in vlan.items("subnets"):
                _add_subnet(subnet, vlan, name, collector, packed)
    return collector.finish(
        kinds,
        clusters=clusters,
        one_cluster=len(clusters) < 2,
        data_centers=zones,
        nothing="the file names no pod subnet, service subnet or VLAN of a cluster",
        help_="ibmcloud ks cluster get --cluster NAME --show-resources --output json",
    )


def _clusters(documents: tuple[Node, ...]) -> Iterator[Node]:
    for document in documents:
        if isinstance(document.value, list):
            yield from document.items()
        elif (items := document.get("items")) is not None:
            yield from items.items()
        else:
            yield document


def _add_subnet(subnet: Node, vlan: Node, cluster: str | None, collector: Collector, packed: Node | None) -> None:
    cidr = subnet.text("cidr")
    line = packed.line if packed else subnet.line
    if cidr is None:
        collector.problem("the subnet has no cidr", line)
        return
    public = (node := subnet.get("is_public")) is not None and node.value is True
    own = (node := subnet.get("is_byoip")) is not None and node.value is True
    side = "public" if public else "private"
    words = [
        ("user-managed subnet" if own else f"portable {side} subnet")
        + (f" of IKS cluster {cluster}" if cluster else ""),
        subnet.text("id"),
        vlan.text("zone"),
        f"VLAN {vlan.text('id')}" if vlan.text("id") else None,
    ]
    collector.add(
        cidr,
        line,
        "vlans.subnets.cidr",
        name="" if own else kebab(f"{cluster or 'iks'} ingress {side}"),
        kind=None if own else f"iks-ingress-{side}",
        cluster=cluster,
        description=", ".join(word for word in words if word),
    )
