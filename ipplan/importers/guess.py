"""What source a file is of, told from its content alone: the keys of a document, or the header of a table."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ipplan.importers.document import looks_like_json, read_json
from ipplan.importers.reading import Problem, SourceError, decode
from ipplan.importers.tables import column_name, read_lines

if TYPE_CHECKING:
    from ipplan.importers.document import Node

_YAML = (
    ("calico-ippools", re.compile(r"^[ \t-]*kind:[ \t]*[\"']?(IPPool|IPPoolList|Installation)\b", re.MULTILINE)),
    ("kubectl-nodes", re.compile(r"^[ \t-]*kind:[ \t]*[\"']?(Node|NodeList)\b", re.MULTILINE)),
    (
        "icp-config",
        re.compile(r"^[\"']?(network_cidr|service_cluster_ip_range|cluster_vip|proxy_vip)[\"']?[ \t]*:", re.MULTILINE),
    ),
    (
        "strongswan",
        re.compile(r"^[\"']?(loadBalancerIP|localSubnetNAT|(local|remote)(\.subnet)?)[\"']?[ \t]*:", re.MULTILINE),
    ),
)  # fmt: skip
_MANY = "name the source: ipplan import --list tells which there are"


def guess_source(data: bytes) -> str:
    """Return the source that a file looks like; raise SourceError where it looks like none."""
    text = decode(data)
    if looks_like_json(text):
        found = _guess_json(read_json(data)[0])
    else:
        found = next((source for source, pattern in _YAML if pattern.search(text)), None) or _guess_table(
            data
        )
    if found is None:
        raise SourceError(Problem("nothing in the file tells what it is", None, _MANY, "unknown-source"))
    return found


def _guess_json(document: Node) -> str | None:
    if (document.text("schema") or "").startswith("ipplan.allocation/"):
        return "json"
    listed = document.get("items") or document.get("results") or document
    first = next(iter(listed.items()), document)
    kinds = {(item.text("kind") or "").removesuffix("List") for item in (document, *listed.items())}
    if source := next((source for kind, source in _KINDS if kind in kinds), None):
        return source
    if isinstance(first.value, dict):
        for source, keys in _KEYS:
            if any(key in first.value for key in keys):
                return source
    return None


_KINDS = (
    ("IPPool", "calico-ippools"),
    ("Installation", "calico-ippools"),
    ("Node", "kubectl-nodes"),
    ("ConfigMap", "ks-cluster"),
)
_KEYS = (
    ("netbox", ("prefix",)),
    ("ibmcloud-subnets", ("networkIdentifier", "Identifier", "identifier", "properties")),
    ("ks-cluster", ("podSubnet", "serviceSubnet", "vlans", "workerZones")),
    ("icp-config", ("network_cidr", "service_cluster_ip_range", "cluster_vip", "proxy_vip")),
    ("strongswan", ("loadBalancerIP", "local", "remote", "local.subnet", "remote.subnet")),
)


def _guess_table(data: bytes) -> str | None:
    from ipplan.importers.csv_table import PREFIXES

    _, cells = next(read_lines(data), (1, [""]))
    if cells[0].lower().startswith("header-"):
        return "infoblox"
    columns = {column_name(cell) for cell in cells}
    if {"section", "subnet"} <= columns:
        return "phpipam"
    if "prefix" in columns and columns & {"vrf", "tenant", "scope", "utilization", "children", "status"}:
        return "netbox"
    return "csv" if columns & set(PREFIXES) else None
