"""The IBM Cloud resources of Terraform: `terraform show -json`, or a state file of version 4.

Attributes: IBM-Cloud/terraform-provider-ibm, ibm/service/classicinfrastructure/resource_ibm_subnet.go @72f9fd9f and the pages
website/docs/r/ of the other resources; layouts: developer.hashicorp.com, JSON output format 1.x, and state version 4 of
Terraform 0.12 and later. Reads only the attributes named below, because a state holds keys and passwords in plain text.
A plan has no kind for networks of VPC and Power, so these are only avoided.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from ipplan.importers.collecting import Collector
from ipplan.importers.document import Node, read_json
from ipplan.importers.reading import counted, kebab, kind_named
from ipplan.observed import ObservedCluster
from ipplan.plan.problems import show

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ipplan.observed import Observed

_HELP = "terraform show -json prints the state"
_MOST_TYPES = 8
"""Name at most 8 types of resources without a range."""
_PLAIN = {
    "ibm_is_vpc_address_prefix": (("cidr", "address prefix of a VPC"),),
    "ibm_is_subnet": (("ipv4_cidr_block", "subnet of a VPC"),),
    "ibm_container_vpc_cluster": (
        ("pod_subnet", "pods of a cluster on VPC"),
        ("service_subnet", "services of a cluster on VPC"),
    ),
    "ibm_is_vpn_gateway_connection": (
        ("local_cidrs", "local side of a VPN of a VPC"),
        ("peer_cidrs", "remote side of a VPN of a VPC"),
    ),
    "ibm_pi_network": (("pi_cidr", "private network of Power"),),
    "ibm_dl_gateway": (("bgp_ibm_cidr", "BGP of Direct Link"), ("bgp_cer_cidr", "BGP of Direct Link")),
    "ibm_compute_vm_instance": (
        ("private_subnet", "private subnet of virtual servers"),
        ("public_subnet", "public subnet of virtual servers"),
    ),
    "ibm_compute_bare_metal": (
        ("private_subnet", "private subnet of bare metal servers"),
        ("public_subnet", "public subnet of bare metal servers"),
    ),
}
"""Resources whose ranges have no kind in a plan: the attributes that hold ranges, and what these are."""


class _Resource(NamedTuple):
    """An existing resource: its type, its name in Terraform, and its attributes."""

    type: str
    name: str
    values: Node


def read(data: bytes) -> Observed:
    """Read every resource of the state, with modules and data sources; a note counts those without a range."""
    collector = Collector()
    clusters: list[ObservedCluster] = []
    centers: list[str] = []
    others: Counter[str] = Counter()
    for document in read_json(data, _HELP):
        for resource in _resources(document, collector):
            if resource.type in ("ibm_subnet", "ibm_network_vlan", "ibm_container_cluster"):
                centers.append(resource.values.text("datacenter") or "")
            if resource.type == "ibm_subnet":
                _add_subnet(resource, collector)
            elif resource.type == "ibm_network_vlan":
                _add_vlan(resource, collector)
            elif resource.type == "ibm_container_cluster":
                _add_cluster(resource, collector, clusters)
            elif resource.type in _PLAIN:
                _add_plain(resource, collector)
            else:
                others[resource.type] += 1
    if others:
        words = [f"{count:,} {show(name)}" for name, count in others.most_common(_MOST_TYPES)]
        more = len(others) - len(words)
        collector.notes.append(
            f"skipped, because ipplan reads no range of them: {', '.join(words)}"
            + (f" and {counted(more, 'other type')}" if more else "")
        )
    # Resources and data sources, and servers of one subnet, repeat the same ranges.
    collector.rows = list({(row.prefix, row.kind, row.cluster): row for row in reversed(collector.rows)}.values())[::-1]
    return collector.finish(
        clusters=clusters,
        data_centers=centers,
        help_=_HELP,
        nothing="no resource in the file has a range: the file is empty, or of another cloud",
    )


def _resources(document: Node, collector: Collector) -> Iterator[_Resource]:
    """Yield the resources of either layout."""
    if document.number("version") == 4:
        for resource in document.items("resources"):
            for instance in resource.items("instances"):
                if (values := instance.get("attributes")) is not None:
                    yield _Resource(resource.text("type") or "", resource.text("name") or "", values)
        return
    if document.number("version") is not None:
        collector.problem(
            f"the state has version {document.number('version')}; ipplan reads version 4",
            document.line,
            f"{_HELP} in a format that ipplan reads",
            "wrong-type",
        )
        return
    modules = [
        module
        for path in (("values", "root_module"), ("prior_state", "values", "root_module"))
        if (module := document.get(*path)) is not None
    ][:1]
    if not modules and document.get("planned_values") is not None:
        collector.problem(
            "the file is a Terraform plan, whose resources do not exist yet",
            document.line,
            _HELP,
            "wrong-type",
        )
    for module in modules:  # the loop appends child modules to the list
        modules += module.items("child_modules")
        for resource in module.items("resources"):
            if (values := resource.get("values")) is not None:
                yield _Resource(resource.text("type") or "", resource.text("name") or "", values)


def _words(node: Node, key: str) -> list[Node]:
    """Return the texts of an attribute, one or a list; none where it is missing or empty."""
    found = node.get(key)
    if found is None:
        return []
    return [item for item in (found.items() or [found]) if item.text() is not None]


def _add_subnet(resource: _Resource, collector: Collector) -> None:
    values = resource.values
    side = "private" if (node := values.get("private")) is not None and node.value is True else "public"
    notes = values.text("notes")
    tags = [text for item in _words(values, "tags") if (text := item.text()) is not None]
    parts = [
        f"{(values.text('type') or 'portable').lower()} {side} subnet",
        resource.name,
        f"VLAN {values.text('vlan_id')}" if values.text("vlan_id") else None,
        notes,
    ]
    for item in _words(values, "subnet_cidr"):
        collector.add(
            item.text() or "",
            item.line,
            "subnet_cidr",
            name=notes or resource.name,
            kind=kind_named(notes, *tags),
            description=", ".join(part for part in parts if part),
        )


def _add_vlan(resource: _Resource, collector: Collector) -> None:
    values = resource.values
    vlan = values.text("vlan_number") or values.text("number") or values.text("name") or resource.name
    for entry in values.items("subnets"):
        cidr = entry.text("subnet") or entry.text("cidr") or entry.text()
        if cidr is None or "/" not in cidr:
            continue
        kind = (entry.text("subnet_type") or "").lower().replace("_", " ")
        space = (values.text("type") or "").lower()
        words = " ".join(word for word in (kind, space, "subnet of VLAN", vlan) if word)
        collector.add(cidr, entry.line, "subnets", name=resource.name, description=words)


def _add_cluster(resource: _Resource, collector: Collector, clusters: list[ObservedCluster]) -> None:
    values = resource.values
    name = values.text("name") or resource.name
    workers = values.number("default_pool_size") or values.number("worker_num")
    clusters.append(ObservedCluster(name, "iks", workers, values.text("id")))
    for key, kind, what in (("pod_subnet", "iks-pod", "pods"), ("service_subnet", "iks-service", "services")):
        for item in _words(values, key):
            collector.add(
                item.text() or "",
                item.line,
                key,
                name=kebab(f"{name} {what}"),
                kind=kind,
                cluster=name,
                description=f"{what} of IKS cluster {name}",
            )


def _add_plain(resource: _Resource, collector: Collector) -> None:
    name = resource.values.text("name") or resource.name
    for key, what in _PLAIN[resource.type]:
        for item in _words(resource.values, key):
            collector.add(item.text() or "", item.line, key, name=name, description=what)
