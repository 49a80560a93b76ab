"""Guesses the source of a file from its content: the keys of a document, or the header of a table."""

from __future__ import annotations

import re
from itertools import islice
from typing import Any

from ipplan.importers.cells import is_address, is_prefix
from ipplan.importers.document import LARGEST_YAML, looks_like_json, parse_json
from ipplan.importers.reading import Problem, SourceError, decode, is_workbook
from ipplan.importers.tables import DEFAULTS, Options, column_name, read_lines
from ipplan.importers.text_tables import looks_like_table, table_source

_YAML = (
    ("ks-cluster", re.compile(r"^[ \t-]*vlanipmap\.json[\"']?:", re.MULTILINE)),
    (
        "calico-ippools",
        re.compile(r"^[ \t-]*kind:[ \t]*[\"']?(IPPool|IPPoolList|Installation)\b", re.MULTILINE),
    ),
    ("kubectl-nodes", re.compile(r"^[ \t-]*kind:[ \t]*[\"']?(Node|NodeList)\b", re.MULTILINE)),
    ("calico-ippools", re.compile(r"^[ \t-]*apiVersion:[ \t]*[\"']?(crd\.)?projectcalico\.org/", re.MULTILINE)),
    (
        "icp-config",
        re.compile(
            r"^[\"']?(network_type|network_cidr|service_cluster_ip_range|cluster_vip|proxy_vip|kubernetes_cluster_type)[\"']?[ \t]*:",
            re.MULTILINE,
        ),
    ),
    (
        "strongswan",
        re.compile(
            r"^[\"']?(loadBalancerIP|(local|remote)SubnetNAT|(local|remote)(\.subnet)?)[\"']?[ \t]*:", re.MULTILINE
        ),
    ),
)
_START = 1 << 16
"""Look at the first 65,536 characters of a large file."""
_TEXTS = (
    (
        "ipsec-conf",
        (
            re.compile(r"^conn[ \t]+\S+[ \t\r]*(#.*)?$", re.MULTILINE),
            re.compile(r"^[ \t]*(left|right)\w*[ \t]*=", re.MULTILINE),
        ),
    ),
    ("icp-hosts", tuple(re.compile(rf"^\[{group}\]", re.MULTILINE) for group in ("master", "proxy"))),
    ("swanctl", (re.compile(r"^connections[ \t]*(:[^{\n]*)?\{", re.MULTILINE),)),
    ("vyos", (re.compile(r"^set (security )?vpn ipsec ", re.MULTILINE),)),
    (
        "vyos",
        (
            re.compile(r"\A\s*[\w.-]+([ \t]+\S+)*[ \t]*\{"),
            re.compile(r"^[ \t]*(site-to-site|peer[ \t]+\S+)[ \t]*\{", re.MULTILINE),
        ),
    ),
)
"""Configuration files by patterns; a file has to match all patterns of one entry."""
_FOR_PEOPLE = (
    (re.compile(r"^(default|[\d.]+/\d+|[\da-f:]+/\d+) (via \S+ )?dev \S+ ", re.MULTILINE), "ip -j route"),
    (re.compile(r"^\d+: \S+: <[A-Z_,]+> mtu \d+", re.MULTILINE), "ip -j addr"),
)
"""Output for people of commands that also print JSON, which ipplan reads."""
_AS_JSON = "get it as JSON: add --output json (ibmcloud) or -o json (kubectl)"
_MANY = "name the source: ipplan import --list shows them"


def guess_source(data: bytes, options: Options = DEFAULTS) -> str:
    """Return the source of a file; raise SourceError where nothing shows what it is."""
    text = "" if is_workbook(data) else decode(data)
    # Configuration files, YAML that ipplan reads and text for people are never that large.
    start = text if len(text) <= LARGEST_YAML else text[:_START]
    for source, patterns in _TEXTS:
        if all(pattern.search(start) for pattern in patterns):
            return source
    if (known := table_source(start)) is not None:
        return known
    for pattern, command in _FOR_PEOPLE:
        if pattern.search(start):
            message = f"the file is the output of {command.replace(' -j', '')} for people"
            raise SourceError(Problem(message, None, f"get it as JSON: {command}", "text-table"))
    if looks_like_json(text):
        found = _guess_json(text)
    else:
        found = next((source for source, pattern in _YAML if pattern.search(start)), None)
        found = found or _guess_table(data, options)
    if found is None and looks_like_table(start):
        message = "the file is a table that a command prints for people, and ipplan does not know this table"
        raise SourceError(Problem(message, None, _AS_JSON, "text-table"))
    if found is None:
        raise SourceError(Problem("nothing in the file shows what it is", None, _MANY, "unknown-source"))
    return found


def _guess_json(text: str) -> str | None:
    from ipplan.importers.ibmcloud_subnets import UNESCAPED

    # Only this command is known to print invalid JSON.
    documents = parse_json(text, UNESCAPED if _IDENTIFIER.search(text) else None)
    document = next((document for document in documents if document), documents[0])
    if document == []:
        raise SourceError(Problem("the file is an empty list", 1, _MANY, "no-prefix"))
    if isinstance(document, dict):
        if str(document.get("schema")).startswith("ipplan.allocation/"):
            return "json"
        if "terraform_version" in document and {"resources", "values", "planned_values", "modules"} & {*document}:
            return "terraform-state"
        listed = document.get("items") or document.get("results") or []
    else:
        listed = document
    items = [item for item in listed if isinstance(item, dict) and item] if isinstance(listed, list) else []
    if isinstance(document, dict):
        kinds = {str(item.get("kind")).removesuffix("List") for item in (document, *items)}
        if source := next((source for kind, source in _KINDS if kind in kinds), None):
            return source
    elif not isinstance(document, list):
        return None
    return _by_keys(items[0] if items else document)


_IDENTIFIER = re.compile(r'"(networkI|I|i)dentifier"')


def _by_keys(item: Any) -> str | None:
    keys = item if isinstance(item, dict) else {}
    return next((source for source, wanted in _KEYS if any(key in keys for key in wanted)), None)


_KINDS = (
    ("IPPool", "calico-ippools"),
    ("Installation", "calico-ippools"),
    ("Node", "kubectl-nodes"),
    ("ConfigMap", "ks-cluster"),
    ("BGPPeer", "calico-ippools"),
    ("BGPConfiguration", "calico-ippools"),
)
_KEYS = (
    ("ip-route", ("dst", "addr_info")),
    ("netbox", ("prefix",)),
    ("ibmcloud-subnets", ("networkIdentifier", "Identifier", "identifier", "properties")),
    ("ks-workers", ("privateIP", "networkInterfaces", "networkInformation")),
    ("ks-cluster", ("podSubnet", "serviceSubnet", "vlans", "workerZones", "masterKubeVersion")),
    (
        "icp-config",
        (
            "network_type",
            "network_cidr",
            "service_cluster_ip_range",
            "cluster_vip",
            "proxy_vip",
            "kubernetes_cluster_type",
        ),
    ),
    (
        "strongswan",
        (
            "loadBalancerIP",
            "local",
            "remote",
            "local.subnet",
            "remote.subnet",
            "localSubnetNAT",
            "remoteSubnetNAT",
        ),
    ),
)


def _guess_table(data: bytes, options: Options) -> str | None:
    from ipplan.importers.columns import names_prefix

    if options.columns:
        return "csv"
    lines = [cells for _, cells in islice(read_lines(data, options), _MOST_ABOVE)]
    for cells in lines:
        if cells[0].lower().startswith("header-"):
            return "infoblox"
        columns = {column_name(cell) for cell in cells}
        if {"section", "subnet"} <= columns:
            return "phpipam"
        if "prefix" in columns and columns & _NETBOX and "kind" not in columns:
            return "netbox"
        if (
            "kind" in columns
            or any(map(names_prefix, columns))
            or any(is_prefix(cell) or is_address(cell) for cell in cells)
        ):
            return "csv"
    return None


_MOST_ABOVE = 50
"""Look for the header in the first 50 lines; a title may be above it."""
_NETBOX = {"vrf", "tenant", "scope", "utilization", "children", "status", "namespace"}
