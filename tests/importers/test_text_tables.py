"""Tables that commands print for people: read like their JSON, or rejected with the command that prints JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ipplan.importers import SourceError, read_source

FILES = Path(__file__).parent / "files"
SAME: dict[str, Any] = {
    "ks-subnets.txt": [
        {
            "id": "1367227",
            "type": "public",
            "vlan_id": "2832802",
            "properties": {
                "network_identifier": "169.47.196.184",
                "cidr": "29",
                "bound_cluster": "bqfo73dd0ajmhsng0e5g",
                "datacenter": "dal10",
            },
        },
        {
            "id": "1367229",
            "type": "private",
            "vlan_id": "2832804",
            "properties": {
                "network_identifier": "10.171.129.48",
                "cidr": "29",
                "bound_cluster": "bqfo73dd0ajmhsng0e5g",
                "datacenter": "dal10",
            },
        },
        {
            "id": "1550165",
            "type": "private",
            "vlan_id": "2234947",
            "properties": {
                "network_identifier": "10.176.18.0",
                "cidr": "26",
                "bound_cluster": None,
                "datacenter": "dal12",
            },
        },
    ],
    "cluster-get.txt": {
        "name": "remkohdev-iks116-3x-cluster",
        "id": "bqfo73dd0ajmhsng0e5g",
        "podSubnet": "172.30.0.0/16",
        "serviceSubnet": "172.21.0.0/16",
        "workerCount": 3,
        "workerZones": ["dal10"],
        "vlans": [
            {"id": "2832802", "subnets": [{"cidr": "169.47.196.184/29", "is_public": True, "is_byoip": False}]},
            {
                "id": "2832804",
                "subnets": [
                    {"cidr": "10.171.129.48/29", "is_public": False, "is_byoip": False},
                    {"cidr": "192.168.8.0/24", "is_public": False, "is_byoip": True},
                ],
            },
        ],
    },
    "nodes-wide.txt": {
        "kind": "List",
        "items": [
            {
                "kind": "Node",
                "metadata": {"name": name},
                "status": {
                    "addresses": [{"type": "InternalIP", "address": name}, *more],
                    "nodeInfo": {"kubeletVersion": "v1.25.12+IKS"},
                },
            }
            for name, more in (
                ("10.189.192.233", [{"type": "ExternalIP", "address": "169.59.133.189"}]),
                ("10.189.192.235", []),
            )
        ],
    },
}
"""What the JSON of the same command says."""


@pytest.mark.parametrize("name", SAME)
def test_a_table_says_what_the_json_of_its_command_says(name: str) -> None:
    table = read_source("auto", (FILES / name).read_bytes(), "x")
    document = read_source("auto", json.dumps(SAME[name]).encode(), "x")

    assert table.source == document.source
    assert [row._replace(line=None) for row in table.rows] == [row._replace(line=None) for row in document.rows]
    assert (table.clusters, table.data_centers, table.kinds) == (
        document.clusters,
        document.data_centers,
        document.kinds,
    )


TEXTS = sorted(path.name for path in FILES.glob("*.txt"))


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("how", ["\r\n", "colours", "indented"])
def test_how_a_table_was_saved_does_not_matter(name: str, how: str) -> None:
    text = (FILES / name).read_text(encoding="utf-8")
    changed = {
        "\r\n": text.replace("\n", "\r\n"),
        "colours": text.replace("OK\n", "\x1b[32;1mOK\x1b[0m\n"),
        "indented": "".join(f"  {line}\n" if line else "\n" for line in text.splitlines()),
    }[how]
    assert read_source("auto", changed.encode(), "x").rows == read_source("auto", text.encode(), "x").rows


def test_an_empty_cell_is_found_by_its_place() -> None:
    text = (
        "ID        Network             Gateway          VLAN ID   Type      Bound Cluster          Zone\n"
        "1550165   10.176.18.0/26      10.176.18.1      2234947   private                          dal12\n"
    )
    (row,) = read_source("auto", text.encode(), "x").rows
    assert (str(row.prefix), row.cluster) == ("10.176.18.0/26", None)


BAD = [
    (
        "ID        Network             Gateway\n1   2   3   4   5\n",
        2,
        "does not fit the heading of its table",
        "get it as JSON: ibmcloud ks subnets --provider classic --output json",
    ),
    (
        "VLAN ID   Subnet CIDR         Public   User-managed\n2234947   10.xxx.xx.xxx/29    false    false\n",
        2,
        "is not a valid prefix",
        None,
    ),
    (
        "NAME    STATUS   ROLES    AGE   VERSION\nw1      Ready    <none>   3d    v1.2\n",
        2,
        "no addresses of nodes",
        "get it as JSON: kubectl get nodes -o json",
    ),
    (
        "ID     Public IP   Private IP\n",
        None,
        "no worker in the file has an address",
        "ibmcloud ks worker ls --cluster NAME --output json prints them",
    ),
    (
        "NAME      READY   STATUS    RESTARTS\nweb-1     1/1     Running   0\n",
        None,
        "a table that a command prints for people",
        "get it as JSON: add --output json (ibmcloud) or -o json (kubectl)",
    ),
]


BAD += [
    (
        "Name:                   my_cluster\nID:                     abc1234567\nMaster URL:             https://c3.containers.cloud.ibm.com:30426\n",
        None,
        "names no pod subnet, service subnet or VLAN",
        "ibmcloud ks cluster get --cluster NAME --show-resources --output json",
    ),
    (
        "default via 192.0.2.1 dev eth0 proto dhcp\n10.1.0.0/24 dev eth0 scope link\n",
        None,
        "the output of ip route",
        "get it as JSON: ip -j route",
    ),
    (
        "2: eth0: <BROADCAST,MULTICAST,UP> mtu 1500 qdisc fq\n    inet 10.1.0.5/24 scope global\n",
        None,
        "the output of ip addr",
        "get it as JSON: ip -j addr",
    ),
]


@pytest.mark.parametrize(("text", "line", "message", "help_"), BAD)
def test_a_table_that_cannot_be_read_is_reported_with_the_command_for_json(
    text: str, line: int | None, message: str, help_: str | None
) -> None:
    with pytest.raises(SourceError) as caught:
        read_source("auto", text.encode(), "x")
    problem = caught.value.problems[0]
    assert (problem.line, problem.help) == (line, help_)
    assert message in problem.message


@pytest.mark.parametrize(
    ("source", "command"),
    [
        (
            "ibmcloud-subnets",
            "ibmcloud ks subnets --provider classic --output json or ibmcloud sl subnet list --output json",
        ),
        ("ks-workers", "ibmcloud ks worker ls --cluster NAME --output json"),
    ],
)
def test_any_other_text_is_reported_with_the_command_for_json(source: str, command: str) -> None:
    with pytest.raises(SourceError) as caught:
        read_source(source, b"FAILED\nLog in to the IBM Cloud CLI\n", "x")
    (problem,) = caught.value.problems
    assert problem.help == f"get it as JSON: {command}"


def test_a_spreadsheet_with_such_headings_is_not_a_text_table() -> None:
    for separator in (",", ";", "\t"):
        text = separator.join(("name", "cidr", "selector")) + "\n" + separator.join(("web", "10.1.0.0/24", "x")) + "\n"
        assert read_source("auto", text.encode(), "x").source == "csv"
