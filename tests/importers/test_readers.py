"""Each source: files as the tools write them and the rows in them; errors have their line."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest

from ipplan.importers import IMPORTERS, SourceError, read_source

SL_NOW = [
    {
        "ID": "1001",
        "Identifier": "10.176.18.0",
        "Network": "PRIVATE",
        "Type": "Primary",
        "VLAN": "bcr01a.dal10.1234",
        "Location": "dal10",
        "Target": "-",
        "IPs": "64",
        "Hardware": "3",
        "Vs": "0",
        "Tags": "[]",
        "Note": "-",
    },
    {
        "ID": "1002",
        "Identifier": "169.46.73.16",
        "Network": "PUBLIC",
        "Type": "Portable",
        "VLAN": "fcr01a.dal10.900",
        "Location": "dal10",
        "Target": "-",
        "IPs": "16",
        "Hardware": "0",
        "Vs": "0",
        "Tags": "vcs-esg-public",
        "Note": "customer ESG",
    },
    {
        "ID": "1003",
        "Identifier": "2607:f0d0:1::",
        "Network": "PUBLIC",
        "Type": "Primary",
        "IPs": "0",
        "Location": "dal10",
    },
]
SL_2022 = [
    {
        "ID": "7",
        "identifier": "10.1.2.0",
        "type": "ADDITIONAL_PRIMARY",
        "network_space": "PRIVATE",
        "datacenter": "ams03",
        "IPs": "32",
    }
]
SL_RAW = [
    {"id": 1, "networkIdentifier": "10.3.0.0", "cidr": 26, "subnetType": "PRIMARY", "datacenter": {"name": "fra02"}},
    {"id": 2, "networkIdentifier": "10.3.1.0", "cidr": "/27", "note": "vMotion", "networkVlan": {"vlanNumber": 812}},
    {"id": 3, "networkIdentifier": "10.3.2.0", "netmask": "255.255.255.192"},
    {"id": 4, "networkIdentifier": "10.3.3.0", "totalIpAddresses": "8"},
]
KS_SUBNETS = [
    {
        "id": "1",
        "type": "private",
        "vlan_id": "2953608",
        "ip_addresses": [],
        "properties": {
            "cidr": "29",
            "network_identifier": "10.177.211.88",
            "note": "",
            "subnet_type": "secondary_on_vlan",
            "display_label": "10.177.211.88/29",
            "gateway": "10.177.211.89",
            "bound_cluster": "bvmvv8vd0a5t7uq0eii0",
            "datacenter": "dal10",
        },
    },
    {
        "id": "2",
        "type": "public",
        "properties": {"cidr": "28", "network_identifier": "169.61.252.0", "bound_cluster": None},
    },
]
KS_CLUSTER = {
    "id": "bvmvv8vd0a5t7uq0eii0",
    "name": "iks-prod",
    "podSubnet": "172.30.0.0/16",
    "serviceSubnet": "172.21.0.0/16",
    "podSubnets": "",
    "workerCount": 3,
    "workerZones": ["dal10"],
    "vlans": [
        {
            "id": "2953606",
            "zone": "dal10",
            "subnets": [
                {"id": "1", "cidr": "169.61.252.0/29", "ips": ["169.61.252.2"], "is_byoip": False, "is_public": True},
                {"id": "2", "cidr": "10.177.211.88/29", "ips": [], "is_byoip": False, "is_public": False},
                {"id": "3", "cidr": "192.168.8.0/24", "ips": [], "is_byoip": True, "is_public": False},
            ],
        }
    ],
}
VLAN_CONFIG = {
    "kind": "ConfigMap",
    "metadata": {"name": "ibm-cloud-provider-vlan-ip-config", "namespace": "kube-system"},
    "data": {
        "cluster_id": "x",
        "vlanipmap.json": json.dumps({"vlans": KS_CLUSTER["vlans"], "vlan_errors": [], "reserved_ips": []}),
    },
}


def node(name: str, address: str, **more: Any) -> dict[str, Any]:
    """Return a node as kubectl prints it."""
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": more.get("labels", {}), "annotations": more.get("annotations", {})},
        "spec": more.get("spec", {}),
        "status": {
            "addresses": [
                {"type": "InternalIP", "address": address},
                {"type": "Hostname", "address": name},
                *more.get("also", []),
            ],
            "nodeInfo": {"kubeletVersion": more.get("version", "v1.29.4")},
        },
    }


NODES = {
    "apiVersion": "v1",
    "kind": "List",
    "items": [
        node(
            "w1",
            "10.171.42.130",
            labels={"ibm-cloud.kubernetes.io/zone": "dal10"},
            annotations={"projectcalico.org/IPv4Address": "10.171.42.130/26"},
            also=[{"type": "ExternalIP", "address": "169.46.27.50"}],
        ),
        node(
            "icp1",
            "172.24.18.2",
            version="v1.11.1+icp-ee",
            spec={"podCIDR": "10.1.1.0/24", "podCIDRs": ["10.1.1.0/24"]},
        ),
        node(
            "plain",
            "192.168.1.5",
            spec={"podCIDR": "10.244.0.0/24"},
            annotations={"projectcalico.org/IPv4Address": "192.168.1.5"},
        ),
    ],
}
POOLS = {
    "kind": "IPPoolList",
    "items": [
        {
            "kind": "IPPool",
            "metadata": {"name": "default-ipv4-ippool"},
            "spec": {"cidr": "172.30.0.0/16", "blockSize": 26},
        },
        {"kind": "IPPool", "metadata": {"name": "old"}, "spec": {"cidr": "10.1.0.0/16", "disabled": True}},
    ],
}
POOLS_YAML = """\
apiVersion: projectcalico.org/v3
kind: IPPool
metadata:
  name: default-ipv4-ippool
spec:
  cidr: 10.1.0.0/16
  ipipMode: Always
---
apiVersion: operator.tigera.io/v1
kind: Installation
metadata: {name: default}
spec:
  calicoNetwork:
    ipPools:
    - cidr: 172.30.0.0/16
      encapsulation: IPIPCrossSubnet
"""
CONFIG = """\
# Licensed Materials - Property of IBM

---

network_type: calico
## Network in IPv4 CIDR format
network_cidr: 10.1.0.0/16
## Kubernetes Settings
service_cluster_ip_range: 10.0.0.1/24
# cluster_name: mycluster
cluster_vip: 127.0.1.1
proxy_vip: 172.24.18.11
"""
VALUES = """\
validate: "strict"
overRideIpsecConf: {}
localSubnetNAT: |-
  172.30.0.0/16=10.10.0.0/16
loadBalancerIP: 169.46.49.35
ipsec:
  auto: add
local:
  subnet: 10.10.0.0/16,172.21.0.0/16
  zoneSubnet:
remote:
  gateway: "%any"
  subnet: 192.168.0.0/24
"""
NETBOX_CSV = (
    "Prefix,Status,Children,VRF,Utilization,Tenant,Scope,VLAN,Role,Description\n"
    "10.0.0.0/8,Container,12,,3.1,,,,,all of it\n"
    '10.224.0.0/24,Active,0,,0.0,acme,dal10,web (101),vcs-vm,"web, tier ""one"""\n'
)
NETBOX_JSON = {
    "count": 1,
    "results": [
        {
            "id": 5,
            "prefix": "10.224.1.0/24",
            "vrf": {"name": "blue"},
            "status": {"value": "active", "label": "Active"},
            "role": {"slug": "icp-worker", "name": "ICP nodes"},
            "description": "nodes",
            "scope": {"name": "Dallas", "slug": "dal10"},
        }
    ],
}
PHPIPAM = """\
section;subnet;mask;description;vlan;domain;vrf
IBM;10.5.0.0;24;office;12;default;
IBM;10.6.0.0/23;;lab;;;blue
IBM;10.7.0.0;255.255.240.0;;;;
"""
INFOBLOX = """\
header-networkcontainer,address*,netmask*,network_view,comment,EA-Region
networkcontainer,10.0.0.0,255.0.0.0,default,everything,EU
HEADER-Network,address*,netmask*,network_view,comment,EA-Role
Network,10.176.80.255,255.255.252.0,blue,offices,
network,10.224.0.0,24,default,vms,vcs-vm
header-ipv6network,address*,cidr*,comment
ipv6network,fd00:1::,64,six
header-hostrecord,fqdn*,addresses
hostrecord,a.example.com,10.0.0.1
"""
TABLE = """\
Name\tCIDR\tKind\tCluster\tNotes
web\t10.224.0.0/24\tvcs-vm\t\tthe web tier
pods\t10.225.0.0/16\tICP pods\ticp-a\t
old\t10.9.0.0/16\tsomething\t\t'=SUM(A1)
"""
ALLOCATION = {
    "schema": "ipplan.allocation/1",
    "plan": {"name": "x", "file": "x.toml"},
    "pools": [{"cidr": "10.48.0.0/12", "given": "10.50.0.0/12"}],
    "allocations": [
        {
            "network": "vms",
            "kind": "vcs-vm",
            "cidr": "10.51.1.0/24",
            "status": "allocated",
            "reason": "r",
            "addresses": {"gateway": "10.51.1.1"},
        },
        {"network": "hcx", "kind": "vcs-hcx", "cidr": None, "status": "to-order", "reason": None, "addresses": {}},
    ],
}

Rows = list[tuple[str, str | None, bool]]
CASES: dict[str, tuple[str, Any, Rows]] = {
    "sl-now": (
        "ibmcloud-subnets",
        SL_NOW,
        [("10.176.18.0/26", None, True), ("169.46.73.16/28", "vcs-esg-public", True), ("2607:f0d0:1::/64", None, True)],
    ),
    "sl-2022": ("ibmcloud-subnets", SL_2022, [("10.1.2.0/27", None, True)]),
    "sl-raw": (
        "ibmcloud-subnets",
        SL_RAW,
        [
            ("10.3.0.0/26", None, True),
            ("10.3.1.0/27", "vcs-vmotion", True),
            ("10.3.2.0/26", None, True),
            ("10.3.3.0/29", None, True),
        ],
    ),
    "ks-subnets": (
        "ibmcloud-subnets",
        KS_SUBNETS,
        [("10.177.211.88/29", "iks-ingress-private", True), ("169.61.252.0/28", None, True)],
    ),
    "ks-subnets-jq": (
        "ibmcloud-subnets",
        "\n".join(json.dumps(item, indent=2) for item in KS_SUBNETS),
        [("10.177.211.88/29", "iks-ingress-private", True), ("169.61.252.0/28", None, True)],
    ),
    "ks-cluster": (
        "ks-cluster",
        KS_CLUSTER,
        [
            ("172.30.0.0/16", "iks-pod", True),
            ("172.21.0.0/16", "iks-service", True),
            ("169.61.252.0/29", "iks-ingress-public", True),
            ("10.177.211.88/29", "iks-ingress-private", True),
            ("192.168.8.0/24", None, True),
        ],
    ),
    "vlan-config": (
        "ks-cluster",
        VLAN_CONFIG,
        [
            ("169.61.252.0/29", "iks-ingress-public", True),
            ("10.177.211.88/29", "iks-ingress-private", True),
            ("192.168.8.0/24", None, True),
        ],
    ),
    "nodes": (
        "kubectl-nodes",
        NODES,
        [
            ("10.171.42.128/26", "iks-worker-private", True),
            ("10.171.42.130/32", "iks-worker-private", False),
            ("169.46.27.50/32", "iks-worker-public", False),
            ("172.24.18.2/32", "icp-worker", False),
            ("10.1.1.0/24", "icp-pod", False),
            ("192.168.1.5/32", None, False),
            ("10.244.0.0/24", None, False),
        ],
    ),
    "pools": ("calico-ippools", POOLS, [("172.30.0.0/16", "iks-pod", True), ("10.1.0.0/16", "icp-pod", True)]),
    "pools-yaml": (
        "calico-ippools",
        POOLS_YAML,
        [("10.1.0.0/16", "icp-pod", True), ("172.30.0.0/16", "iks-pod", True)],
    ),
    "config": (
        "icp-config",
        CONFIG,
        [("172.24.18.11/32", None, False), ("10.1.0.0/16", "icp-pod", True), ("10.0.0.0/24", "icp-service", True)],
    ),
    "config-defaults": (
        "icp-config",
        "network_cidr: 10.224.0.0/16\n",
        [("10.224.0.0/16", "icp-pod", True), ("10.0.0.0/16", "icp-service", True)],
    ),
    "values": (
        "strongswan",
        VALUES,
        [
            ("172.30.0.0/16", None, True),
            ("172.21.0.0/16", None, True),
            ("192.168.0.0/24", None, True),
            ("169.46.49.35/32", None, False),
        ],
    ),
    "values-flat": (
        "strongswan",
        {"local.subnet": "10.1.0.0/16", "remote.gateway": "169.46.73.18"},
        [("10.1.0.0/16", None, True), ("169.46.73.18/32", None, False)],
    ),
    "ipsec-conf": (
        "ipsec-conf",
        "conn a\n  left=192.0.2.1\n  leftsubnet=10.1.0.0/16\n  right=192.0.2.2\n  rightsubnet=10.2.0.0/16\n",
        [
            ("192.0.2.1/32", None, False),
            ("10.1.0.0/16", None, True),
            ("192.0.2.2/32", None, False),
            ("10.2.0.0/16", None, True),
        ],
    ),
    "swanctl": (
        "swanctl",
        "connections {\n a {\n  local_addrs = 192.0.2.1\n  children {\n b { local_ts = 10.1.0.0/16\n remote_ts = 10.2.0.0/16 }\n }\n }\n}\n",
        [("192.0.2.1/32", None, False), ("10.1.0.0/16", None, True), ("10.2.0.0/16", None, True)],
    ),
    "vyos": (
        "vyos",
        "set vpn ipsec site-to-site peer 192.0.2.2 tunnel 0 local prefix '10.1.0.0/16'\n",
        [("192.0.2.2/32", None, False), ("10.1.0.0/16", None, True)],
    ),
    "ks-workers": (
        "ks-workers",
        [{"id": "w1", "privateIP": "10.176.48.67", "publicIP": "169.47.227.138", "location": "dal10"}],
        [("10.176.48.67/32", "iks-worker-private", False), ("169.47.227.138/32", "iks-worker-public", False)],
    ),
    "icp-hosts": (
        "icp-hosts",
        "[master]\n10.50.50.101\n[proxy]\nproxy-1 ansible_host=10.50.50.102\n",
        [("10.50.50.101/32", "icp-worker", False), ("10.50.50.102/32", "icp-worker", False)],
    ),
    "ip-route": (
        "ip-route",
        [
            {"dst": "default", "gateway": "192.0.2.1", "dev": "eth0"},
            {"dst": "192.0.2.0/24", "dev": "eth0", "protocol": "kernel"},
        ],
        [("192.0.2.0/24", None, True)],
    ),
    "terraform-state": (
        "terraform-state",
        {
            "version": 4,
            "terraform_version": "1.5.7",
            "resources": [
                {
                    "type": "ibm_subnet",
                    "name": "a",
                    "instances": [{"attributes": {"subnet_cidr": "10.3.0.0/26", "notes": "vMotion"}}],
                },
            ],
        },
        [("10.3.0.0/26", "vcs-vmotion", True)],
    ),
    "netbox-csv": ("netbox", NETBOX_CSV, [("10.0.0.0/8", None, True), ("10.224.0.0/24", "vcs-vm", True)]),
    "netbox-json": ("netbox", NETBOX_JSON, [("10.224.1.0/24", "icp-worker", True)]),
    "phpipam": (
        "phpipam",
        PHPIPAM,
        [("10.5.0.0/24", None, True), ("10.6.0.0/23", None, True), ("10.7.0.0/20", None, True)],
    ),
    "infoblox": (
        "infoblox",
        INFOBLOX,
        [
            ("10.0.0.0/8", None, True),
            ("10.176.80.0/22", None, True),
            ("10.224.0.0/24", "vcs-vm", True),
            ("fd00:1::/64", None, True),
        ],
    ),
    "csv": (
        "csv",
        TABLE,
        [("10.224.0.0/24", "vcs-vm", True), ("10.225.0.0/16", "icp-pod", True), ("10.9.0.0/16", None, True)],
    ),
    "csv-mask": ("csv", "network,prefix,comment\n10.1.0.0,24,x\n", [("10.1.0.0/24", None, True)]),
    "csv-ours": (
        "csv",
        "network,kind,cidr,status\nvm,vcs-vm,10.1.0.0/24,pinned\nhcx,vcs-hcx,,to-order\n",
        [("10.1.0.0/24", "vcs-vm", True)],
    ),
    "json": ("json", ALLOCATION, [("10.51.1.0/24", "vcs-vm", True), ("10.51.1.1/32", None, False)]),
}


def as_bytes(content: Any) -> bytes:
    return (content if isinstance(content, str) else json.dumps(content, indent=1)).encode()


@pytest.mark.parametrize("case", CASES)
def test_what_is_read(case: str) -> None:
    source, content, expected = CASES[case]

    observed = read_source(source, as_bytes(content), "x")

    assert [(str(row.prefix), row.kind, row.whole) for row in observed.rows] == expected
    assert (observed.source, observed.file) == (source, "x")


@pytest.mark.parametrize("case", CASES)
def test_the_source_is_guessed_from_the_content(case: str) -> None:
    source, content, _ = CASES[case]
    assert read_source("auto", as_bytes(content), "x").source == source


@pytest.mark.parametrize("case", [case for case, (_, content, _) in CASES.items() if not isinstance(content, str)])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_marks_and_powershell_do_no_harm(case: str, encoding: str) -> None:
    _, content, expected = CASES[case]
    observed = read_source("auto", json.dumps(content).encode(encoding), "x")
    assert [(str(row.prefix), row.kind, row.whole) for row in observed.rows] == expected


def test_every_source_has_cases() -> None:
    assert {source for source, _, _ in CASES.values()} == set(IMPORTERS)


def test_other_resources_next_to_pools_are_skipped() -> None:
    peer = {"apiVersion": "projectcalico.org/v3", "kind": "BGPPeer", "spec": {"peerIP": "10.1.1.1"}}
    pool = {
        "apiVersion": "projectcalico.org/v3",
        "kind": "IPPool",
        "metadata": {"name": "a"},
        "spec": {"cidr": "10.1.0.0/16"},
    }
    observed = read_source("auto", json.dumps({"kind": "List", "items": [peer, pool]}).encode(), "x")
    assert [(row.name, str(row.prefix)) for row in observed.rows] == [("a", "10.1.0.0/16")]
    assert observed.notes == ('skipped, because they have no range of the cluster: 1 "BGPPeer"',)


BGP = {
    "apiVersion": "projectcalico.org/v3",
    "kind": "BGPConfiguration",
    "metadata": {"name": "default"},
    "spec": {
        "asNumber": 64513,
        "nodeToNodeMeshEnabled": True,
        "serviceExternalIPs": [{"cidr": "10.30.0.0/16"}],
        "serviceLoadBalancerIPs": [{"cidr": "10.31.0.0/16"}],
        "serviceClusterIPs": [{"cidr": "10.32.0.0/12"}],
    },
}


@pytest.mark.parametrize(
    ("pods", "services", "kind"),
    [
        (None, "10.32.0.0/12", "icp-service"),
        (None, "172.21.0.0/16", "iks-service"),
        ("10.1.0.0/16", "172.21.0.0/16", "icp-service"),
        ("172.30.0.0/16", "10.32.0.0/12", "iks-service"),
        (None, "fd02::/112", "icp-service"),
    ],
)
def test_what_calico_announces_of_services_is_read(pods: str | None, services: str, kind: str) -> None:
    pool = {"apiVersion": "projectcalico.org/v3", "kind": "IPPool", "spec": {"cidr": pods}}
    spec: Any = {**BGP, "spec": {**BGP["spec"], "serviceClusterIPs": [{"cidr": services}]}}  # type: ignore[dict-item]
    document = {"kind": "List", "items": [spec, *([pool] if pods else [])]}

    observed = read_source("auto", json.dumps(document).encode(), "x")

    assert observed.source == "calico-ippools"
    assert [(str(row.prefix), row.kind) for row in observed.rows][:3] == [
        (services, kind),
        ("10.30.0.0/16", None),
        ("10.31.0.0/16", None),
    ]
    assert kind in observed.kinds
    assert observed.notes == ()


def test_one_announced_address_of_a_service_is_not_the_service_range() -> None:
    spec: Any = {**BGP, "spec": {"serviceClusterIPs": [{"cidr": "172.21.0.10/32"}]}}
    (row,) = read_source("auto", json.dumps(spec).encode(), "x").rows
    assert row.is_address


def test_resources_without_a_range_are_counted_by_kind() -> None:
    kinds = ["BGPPeer", "BGPPeer", "FelixConfiguration", "BGPConfiguration", *(f"K{i}" for i in range(9))]
    items: list[Any] = [{"apiVersion": "projectcalico.org/v3", "kind": kind} for kind in kinds]
    items.append({"apiVersion": "projectcalico.org/v3", "kind": "IPPool", "spec": {"cidr": "10.1.0.0/16"}})
    (note,) = read_source("auto", json.dumps({"items": items}).encode(), "x").notes
    assert note.startswith('skipped, because they have no range of the cluster: 2 "BGPPeer", 1 "FelixConfiguration"')
    assert note.endswith(" and 4 resources of other kinds")


@pytest.mark.parametrize(
    ("case", "field", "line"),
    [
        ("config", "network_cidr", 7),
        ("netbox-csv", "prefix", 3),
        ("values", "remote.subnet", 13),
        ("pools-yaml", "spec.cidr", 15),
    ],
)
def test_rows_know_their_line(case: str, field: str, line: int) -> None:
    source, content, _ = CASES[case]
    rows = read_source(source, as_bytes(content), "x").rows
    assert line in [row.line for row in rows if row.field == field]


def test_lines_of_json_are_those_of_its_values() -> None:
    text = '[\n {"prefix":\n  "10.0.0.0/8", "x": ["]", "\\"{"]},\n\n {"prefix": "10.1.0.0/16"}]\n'
    assert [row.line for row in read_source("netbox", text.encode(), "x").rows] == [3, 5]


@pytest.mark.parametrize(
    ("more", "centers"),
    [
        ({"labels": {"topology.kubernetes.io/zone": "fra02"}}, ()),
        ({"labels": {"topology.kubernetes.io/zone": "fra02"}, "version": "v1.11.1+icp-ee"}, ()),
        ({"labels": {"topology.kubernetes.io/zone": "fra02"}, "version": "v1.29.4+IKS"}, ("fra02",)),
        ({"labels": {"ibm-cloud.kubernetes.io/zone": "dal10"}}, ("dal10",)),
    ],
)
def test_zones_are_data_centers_only_on_ibm_cloud(more: dict[str, Any], centers: tuple[str, ...]) -> None:
    document = {"items": [node("w1", "10.1.2.3", **more)]}
    assert read_source("auto", json.dumps(document).encode(), "x").data_centers == centers


def test_details_are_kept() -> None:
    def read(case: str) -> Any:
        return read_source(CASES[case][0], as_bytes(CASES[case][1]), "x")

    assert read("ks-cluster").clusters == (("iks-prod", "iks", 3, "bvmvv8vd0a5t7uq0eii0"),)
    assert read("ks-cluster").data_centers == ("dal10",)
    assert (
        read("sl-now").rows[1].description
        == "portable public, 1002, dal10, VLAN fcr01a.dal10.900, tags vcs-esg-public, customer ESG"
    )
    assert [row.container for row in read("infoblox").rows] == [True, False, False, False]
    assert read("infoblox").rows[1].cidr == "10.176.80.255/22"
    assert read("infoblox").notes == (
        "skipped, because they have no prefix: 1 row of type hostrecord",
        "address 10.176.80.255/22 has host bits set; the enclosing block is 10.176.80.0/22 (line 4)",
    )
    web = read("netbox-csv").rows[1]
    assert web.description == 'web, tier "one"'
    assert dict(web.about.labels) == {"tenant": "acme", "scope": "dal10", "vlan": "web (101)"}
    assert web.about.vlan == 101
    assert read("csv").rows[2].description == "=SUM(A1); kind something"
    assert [str(pool) for pool in read("json").pools] == ["10.48.0.0/12"]
    assert read("config-defaults").rows[1].line is None
    assert "installer's default" in read("config-defaults").rows[1].description


BAD: dict[str, tuple[str, str, list[tuple[int | None, str]]]] = {
    "no-json": (
        "ks-cluster",
        '{"name": "a",\n "podSubnet": }',
        [(2, "this is not valid JSON: expecting value at column 15")],
    ),
    "unescaped": ("ibmcloud-subnets", '[{"Note": "a "b" c"}]', [(1, "this is not valid JSON")]),
    "empty": ("ks-cluster", "  \n", [(1, "the file is empty")]),
    "two-faults": (
        "netbox",
        '[{"prefix": "10.0.0.0/33"},\n {"id": 1},\n {"prefix": "10.1.0.0/016"}]',
        [(1, "prefix length 33 is greater than 32"), (2, "the entry has no prefix"), (3, "has a leading zero")],
    ),
    "odd-count": (
        "ibmcloud-subnets",
        '[{"Identifier": "10.0.0.0", "IPs": "7"}, {"Identifier": "10.0.1.0"}, {"x": 1}]',
        [(1, "7 addresses, which is not a power of two"), (1, "no cidr, netmask"), (1, "so it is not a subnet")],
    ),
    "bad-yaml": ("icp-config", "network_cidr: [10.0.0.0/8\nx: y\n", [(2, "this is not valid YAML: ")]),
    "yaml-control": (
        "icp-config",
        "network_cidr: 10.0.0.0/8\nx: \x07\n",
        [(2, "a character that YAML does not allow")],
    ),
    "yaml-loop": ("icp-config", "network_cidr: &a [*a]\n", [(1, "an alias is inside the value that it names")]),
    "template": (
        "icp-config",
        "network_cidr: '{{ pods }}'\ncluster_vip: vip.example.com\n",
        [(1, "is not a valid prefix"), (2, "is not a valid address")],
    ),
    "no-config": ("icp-config", "a: b\n", [(None, "the file has no network_cidr")]),
    "no-keys": ("icp-config", "- 1\n", [(None, "it has no keys and values")]),
    "header": ("csv", "name,size\na,1\n", [(1, "the header has no column cidr or prefix")]),
    "no-prefix": ("csv", "name,cidr\na,\nb,10.0.0.0\n", [(2, "the row has no cidr"), (3, "it has no prefix length")]),
    "mask": ("csv", "ip,mask\n10.0.0.0,255.0.255.0\n", [(2, "neither a prefix length nor a netmask")]),
    "quotes": ("csv", 'name,cidr\n"a,10.0.0.0/8\n', [(2, "this is not valid CSV: unexpected end of data")]),
    "flat": ("infoblox", "a,b\nx,8\n", [(1, "no line header-a before it"), (2, "no line header-x")]),
    "wrong-source": (
        "infoblox",
        "address,netmask\n10.0.0.0,8\n",
        [(None, "cannot be read as infoblox, but it can be read as csv")],
    ),
    "no-pools": ("calico-ippools", "apiVersion: v1\nkind: BGPPeer\n", [(None, "the file has neither an IPPool")]),
    "no-nodes": ("kubectl-nodes", '{"kind": "List", "items": []}', [(None, "no node in the file has an address")]),
    "pods": ("kubectl-nodes", '{"items": [{"kind": "Pod"}]}', [(1, 'of kind "Pod", not Node')]),
    "wrong-kind": (
        "calico-ippools",
        "kind: BGPPeer\nspec: {peerIP: 1.2.3.4}\n",
        [(1, 'of kind "BGPPeer", not IPPool')],
    ),
    "other-schema": ("json", '{"schema": "ipplan.check/1"}', [(1, "not ipplan.allocation/1")]),
    "other-kind": (
        "json",
        '{"schema": "ipplan.allocation/1", "allocations": [{"network": "a", "kind": "b"}]}',
        [(1, "which does not exist")],
    ),
    "vlans": ("ks-cluster", '{"data": {"vlanipmap.json": "{"}}', [(1, "vlanipmap.json: this is not valid JSON")]),
    "no-name": ("ks-cluster", "[{}]", [(1, "the entry has no name")]),
    "no-header": ("auto", "web,10.1.0.0/24\ndb,10.2.0.0/24\n", [(1, "the first line holds the prefix 10.1.0.0/24")]),
    "two-columns": (
        "auto",
        "vpc,part\n10.1.0.0/16,10.1.1.0/24\n",
        [(1, 'columns "vpc" and "part" all hold prefixes')],
    ),
    "shifted": (
        "csv",
        "cidr,note\n10.1.0.0/24,a, b\n,x\n",
        [(2, "the row has 3 cells, and the header names 2 columns"), (3, "the row has no cidr")],
    ),
    "shifted-blocks": (
        "infoblox",
        "header-network,address*,netmask*\nnetwork,10.1.0.0,24,a\n",
        [(2, "the row has 3 cells")],
    ),
    "nothing": ("auto", "", [(1, "the file is empty")]),
    "nothing-named": ("csv", "\n \n", [(1, "the file is empty")]),
    "no-rows": ("auto", "[]", [(1, "the file is an empty list")]),
    "deep": ("netbox", "[" * 100_000, [(None, "too deeply to read")]),
    "nul": ("auto", "name,cidr\nx\0,10.1.0.0/24\n", [(2, "bytes of value zero")]),
    "cut-off": ("ks-cluster", '{"name": "a', [(1, "unterminated string starting at column 10")]),
    "no-spec": (
        "calico-ippools",
        "apiVersion: x\nkind: IPPool\nmetadata: {name: a}\n",
        [(1, 'pool "a" has no spec.cidr')],
    ),
    "peers-only": (
        "auto",
        "apiVersion: projectcalico.org/v3\nkind: BGPPeer\n",
        [(None, "the file has neither an IPPool")],
    ),
    "no-size": (
        "ibmcloud-subnets",
        '[{"networkIdentifier": "10.1.0.0", "ipAddresses": []}]',
        [(1, "or number of addresses")],
    ),
    "no-schema": ("json", "{}", [(1, "the document has no schema")]),
    "binary": ("csv", "\x01", [(1, "the header has no column")]),
    "unknown": ("auto", "hello world\n", [(None, "nothing in the file shows what it is")]),
    "unknown-json": ("auto", '{"a": 1}', [(None, "nothing in the file shows what it is")]),
    "nan": ("netbox", '[{"prefix": NaN}]', [(1, "is not a valid prefix")]),
    "many-digits": ("netbox", "[" + "1" * 5000 + "]", [(None, "a number cannot be read")]),
}


@pytest.mark.parametrize("case", BAD)
def test_every_problem_is_reported_with_its_line(case: str) -> None:
    source, text, expected = BAD[case]
    if case == "many-digits" and not hasattr(sys, "get_int_max_str_digits"):
        pytest.skip("this Python converts numbers of any length")

    with pytest.raises(SourceError) as caught:
        read_source(source, text.encode(), "x")

    problems = caught.value.problems
    assert [problem.line for problem in problems] == [line for line, _ in expected]
    for problem, (_, words) in zip(problems, expected, strict=True):
        assert words in problem.message


def test_bytes_that_are_not_text_are_reported_with_their_line() -> None:
    with pytest.raises(SourceError) as caught:
        read_source("csv", b"name,cidr\nb\xfcro,10.0.0.0/8\n", "x")
    assert [(p.line, p.message) for p in caught.value.problems] == [
        (2, "the file is not UTF-8: byte 0xfc cannot be read")
    ]


@pytest.mark.parametrize(
    ("data", "message", "help_"),
    [
        (b"PK\x03\x04rest", "the file is a spreadsheet or another archive, not text", "CSV"),
        (b"\xd0\xcf\x11\xe0rest", "the file is a spreadsheet, not text", "CSV"),
        (b"\x1f\x8brest", "the file is compressed, not text", "gunzip"),
        (
            "name,cidr\n".encode("utf-16-le"),
            "the file has bytes of value zero: it is not text, or it is UTF-16 without a byte order mark",
            "UTF-8",
        ),
        (b"b\xfcro,cidr\n", "the file is not UTF-8: byte 0xfc cannot be read", "iconv -f WINDOWS-1252 -t UTF-8"),
    ],
)
@pytest.mark.parametrize("source", ["auto", "phpipam", "icp-config"])
def test_what_is_not_text_is_reported(source: str, data: bytes, message: str, help_: str) -> None:
    with pytest.raises(SourceError) as caught:
        read_source(source, data, "x")
    (problem,) = caught.value.problems
    assert problem.message == message
    assert help_ in (problem.help or "")


@pytest.mark.parametrize("first", ["sep=;\r\n", "SEP=;\n", ""])
def test_a_line_that_tells_excel_the_delimiter_is_none_of_the_table(first: str) -> None:
    text = f"{first}name;cidr;note\nweb;10.1.0.0/24;a, b, c, d\n"
    (row,) = read_source("auto", text.encode(), "x").rows
    assert (str(row.prefix), row.name, row.description) == ("10.1.0.0/24", "web", "a, b, c, d")
    assert row.line == (3 if first else 2)


@pytest.mark.parametrize(
    ("header", "column"),
    [("cidr,note", "cidr"), ("CidrBlock,note", "cidrblock"), ("what,note", "what"), ("note,IPv4 CIDR", "ipv4 cidr")],
)
def test_the_column_of_prefixes_is_found_by_its_name_or_by_what_it_holds(header: str, column: str) -> None:
    cells = ("10.1.0.0/24", "x") if header.endswith("note") else ("x", "10.1.0.0/24")
    (row,) = read_source("auto", f"{header}\n{','.join(cells)}\n".encode(), "x").rows
    assert (str(row.prefix), row.field, row.description) == ("10.1.0.0/24", column, "x")


def test_named_addresses_of_our_own_tables_are_rows() -> None:
    text = "network,kind,cidr,addresses\nesg,vcs-esg-private,10.1.0.0/27,uplink=10.1.0.2 icp=#4 x\n"
    network, address = read_source("csv", text.encode(), "x").rows
    assert (network.name, network.whole) == ("esg", True)
    assert (address.name, address.cidr, address.is_address) == ("uplink", "10.1.0.2", True)


def test_a_kind_of_which_some_have_no_range_yet_is_not_listed_completely() -> None:
    text = "network,kind,cidr,status\na,vcs-vm,10.1.0.0/24,pinned\nb,vcs-vm,,to-allocate\nc,enterprise,10.2.0.0/16,pinned\n"
    observed = read_source("csv", text.encode(), "x")
    assert observed.kinds == {"enterprise"}
    assert [(wish.name, wish.kind) for wish in observed.wishes] == [("b", "vcs-vm")]


@pytest.mark.parametrize(
    ("config", "names"),
    [
        ("network_type: calico\n", {"master-vip", "proxy-vip"}),
        (
            "network_type: calico\ncluster_lb_address: none\nproxy_lb_address: NONE\n",
            {"master-vip", "proxy-vip"},
        ),
        ("network_type: calico\ncluster_lb_address: lb.example.com\n", {"proxy-vip"}),
        ("network_type: calico\ncluster_vip: none\n", {"master-vip", "proxy-vip"}),
    ],
)
def test_the_word_none_in_a_config_is_nothing(config: str, names: set[str]) -> None:
    observed = read_source("auto", config.encode(), "x")
    assert observed.names == names
    assert [str(row.prefix) for row in observed.rows] == ["10.1.0.0/16", "10.0.0.0/16"]


def test_a_list_of_clusters_without_ranges_lists_no_kind_completely() -> None:
    document = [
        {"name": "a", "masterKubeVersion": "1.29", "podSubnet": "172.30.0.0/16"},
        {"name": "b", "masterKubeVersion": "1.29"},
    ]
    assert read_source("auto", json.dumps(document).encode(), "x").kinds == {"iks-pod"}


def test_yaml_tags_run_nothing_and_aliases_expand_nothing() -> None:
    bomb = "a: &a [x]\n" + "".join(
        f"{chr(98 + i)}: &{chr(98 + i)} [{', '.join('*' + chr(97 + i) for _ in range(9))}]\n" for i in range(20)
    )
    text = bomb + "evil: !!python/object/apply:os.system ['false']\nnetwork_cidr: 10.224.0.0/16\n"
    observed = read_source("icp-config", text.encode(), "x")
    assert str(observed.rows[0].prefix) == "10.224.0.0/16"


def test_too_much_yaml_is_rejected() -> None:
    with pytest.raises(SourceError) as caught:
        read_source("icp-config", b"network_cidr: 10.0.0.0/8\n" + b"#" * (2 << 20), "x")
    assert "more than 2 MiB" in caught.value.problems[0].message


def test_without_pyyaml_the_message_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "yaml", None)
    with pytest.raises(SourceError) as caught:
        read_source("icp-config", CONFIG.encode(), "x")
    (problem,) = caught.value.problems
    assert "PyYAML" in problem.message
    assert problem.help is not None
    assert "pip install PyYAML" in problem.help
    as_json = json.dumps({"network_cidr": "10.1.0.0/16"}).encode()
    assert len(read_source("icp-config", as_json, "x").rows) == 2
