"""Subnets of a classic account: `ibmcloud sl subnet list`, `ibmcloud ks subnets`, or objects of SoftLayer_Account.

The list has had three forms: objects of the API; rows of text in lower case; and today's rows of text (softlayer/
softlayer-cli plugin/commands/subnet/list.go @5e5db8ae and its history). No list has a prefix length, so the reader
derives it from the number of addresses. Nothing in a list says what a subnet is for, so only subnets that are bound to
an IKS cluster get a kind. The tables that both commands print without --output json have the same content.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.importers.collecting import Collector
from ipplan.importers.document import Node, looks_like_json, read_json
from ipplan.importers.reading import SourceError, decode, kebab, kind_named
from ipplan.importers.text_tables import no_table, read_table
from ipplan.observed import Observed, ObservedCluster
from ipplan.plan.kinds import KINDS
from ipplan.plan.problems import show

if TYPE_CHECKING:
    from collections.abc import Iterator

_ASK = (
    "ibmcloud sl call-api SoftLayer_Account getSubnets --mask "
    '"id,networkIdentifier,cidr,subnetType,addressSpace,note,datacenter[name]"'
)
_LENGTHS = f"{_ASK} prints prefix lengths"
UNESCAPED = f"the command does not escape quotes in notes; {_ASK} prints the same with quotes escaped"
"""What to do where the output of `ibmcloud sl subnet list` is not valid JSON."""
_IBM = frozenset(name for name, kind in KINDS.items() if kind.provider == "ibm")
_IPV6_LENGTH = 64
"""The only size of IPv6 subnets that IBM Cloud offers (IBM Cloud docs, subnets, about.md, 2025-06-02)."""


def read(data: bytes) -> Observed:
    """Read a list of subnets in any of its forms."""
    collector = Collector()
    clusters: list[ObservedCluster] = []
    centers: list[str] = []
    kinds: set[str] = set()
    text = decode(data)
    table = read_table(text, "ibmcloud-subnets")
    if table is None and text.strip() and not looks_like_json(text):
        raise SourceError(no_table("ibmcloud-subnets"))
    for item in _items(read_json(data, UNESCAPED)) if table is None else table:
        if (properties := item.get("properties")) is not None:
            kinds |= {"iks-ingress-public", "iks-ingress-private"}
            _add_bound(item, properties, collector, clusters)
            centers.append(properties.text("datacenter") or "")
        else:
            kinds |= _IBM
            _add(item, collector)
            centers.append(_center(item) or "")
    return collector.finish(kinds, clusters=clusters, data_centers=centers, nothing="the list is empty")


def _items(documents: tuple[Node, ...]) -> Iterator[Node]:
    for document in documents:
        yield from document.items() if isinstance(document.value, list) else [document]


def _center(item: Node) -> str | None:
    return item.text("datacenter", "name") or item.text("datacenter") or item.text("Location")


def _add_bound(item: Node, properties: Node, collector: Collector, clusters: list[ObservedCluster]) -> None:
    """Add a subnet of `ibmcloud ks subnets`."""
    cluster = properties.text("bound_cluster")
    side = "public" if item.text("type") == "public" else "private"
    if cluster is not None:
        clusters.append(ObservedCluster(cluster, "iks", id=cluster))
    words = [
        f"{side} subnet" + (f" of IKS cluster {cluster}" if cluster is not None else ""),
        item.text("id"),
        properties.text("datacenter"),
        f"VLAN {item.text('vlan_id')}" if item.text("vlan_id") else None,
        properties.text("note"),
    ]
    identifier = properties.text("network_identifier") or properties.text("display_label")
    if identifier is None:
        collector.problem("the subnet has no network_identifier", item.line)
        return
    node = properties.get("network_identifier") or properties
    collector.add(
        identifier,
        node.line,
        "network_identifier",
        mask=properties.text("cidr"),
        name="" if cluster is None else kebab(f"{cluster} ingress {side}"),
        kind=f"iks-ingress-{side}" if cluster is not None else None,
        cluster=cluster,
        description=", ".join(word for word in words if word),
    )


def _add(item: Node, collector: Collector) -> None:
    """Add an object of the API, or a row of text."""
    keys = ("networkIdentifier", "Identifier", "identifier")
    identifier = next((found for key in keys if (found := item.text(key))), None)
    if identifier is None:
        collector.problem("the entry has neither networkIdentifier nor Identifier, so it is not a subnet", item.line)
        return
    mask = _length(item, identifier, collector)
    if mask is None and "/" not in identifier:
        return
    vlan = item.text("networkVlan", "fullyQualifiedName") or item.text("networkVlan", "vlanNumber")
    note, tags = item.text("note") or item.text("Note"), item.text("Tags")
    tags = tags if tags not in ("-", "[]") else None
    note = note if note != "-" else None
    target = item.text("endPointIpAddress", "ipAddress") or item.text("Target")
    words = [
        " ".join(
            word
            for key in ("subnetType", "addressSpace", "Type", "type", "Network", "network_space")
            if (word := item.text(key))
        ).lower()
        or None,
        next((found for key in ("id", "ID") if (found := item.text(key))), None),
        _center(item),
        f"VLAN {vlan}" if (vlan := vlan or item.text("VLAN") or item.text("vlan_id")) else None,
        f"target {target}" if target not in (None, "-") else None,
        f"tags {tags}" if tags else None,
        note,
    ]
    collector.add(
        identifier,
        item.line,
        "networkIdentifier" if item.get("networkIdentifier") else "Identifier",
        mask=mask,
        name=note or "",
        kind=kind_named(note, *(tags or "").split(",")),
        description=", ".join(word for word in words if word),
    )


def _length(item: Node, identifier: str, collector: Collector) -> str | None:
    """Return the mask of a subnet: the stated one, or else that of its number of addresses."""
    if (stated := item.text("cidr") or item.text("netmask")) is not None:
        return stated
    if ":" in identifier:
        return str(_IPV6_LENGTH)
    keys = ("totalIpAddresses", "IPs", "ipAddressCount")
    count = next((number for key in keys if (number := item.number(key))), None)
    if count is None:
        if "/" not in identifier:
            collector.problem(
                f"subnet {show(identifier)} has no cidr, netmask or number of addresses",
                item.line,
                _LENGTHS,
            )
        return None
    if count & (count - 1) or count > 1 << 32:
        collector.problem(
            f"subnet {show(identifier)} has {count:,} addresses, which is not a power of two, so its size is not certain",
            item.line,
            _LENGTHS,
        )
        return None
    return str(33 - count.bit_length())
