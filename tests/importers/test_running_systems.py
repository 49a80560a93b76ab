"""Files from running systems: nodes of ICP, workers of IKS, routers, and the state of Terraform."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ipplan.catalog import load_catalog
from ipplan.checks import check_plan
from ipplan.checks.drift import Against
from ipplan.importers import SourceError, read_source
from ipplan.importers.plan_text import make_plan
from ipplan.plan.load import parse_plan

FILES = Path(__file__).parent / "files"


def read(content: Any) -> Any:
    text = content if isinstance(content, str) else json.dumps(content)
    return read_source("auto", text.encode(), "file0")


def drift(plan_text: str, content: Any) -> list[str]:
    plan = parse_plan(plan_text.encode(), "plan.toml")
    found = check_plan(plan, load_catalog(), None, Against(plan, (read(content),)))
    return [finding.message for finding in found if finding.rule == "drift"]


@pytest.mark.parametrize("name", ["hosts", "terraform.tfstate", "terraform-show.json"])
def test_no_secret_is_kept(name: str) -> None:
    observed = read((FILES / name).read_text(encoding="utf-8"))
    assert "PSK-not-told" in (FILES / name).read_text(encoding="utf-8")
    assert "PSK-not-told" not in str(observed) + make_plan([observed], None).text


PLAN = """\
schema = 1
[plan]
byoip = ["172.24.0.0/14", "10.224.0.0/12"]
[clusters.iks-prod]
platform = "iks"
[clusters.icp-prod]
platform = "icp"
[networks.iks-workers]
kind = "iks-worker-private"
cidr = "10.171.42.128/26"
[networks.vm-web]
kind = "vcs-vm"
cidr = "172.24.16.0/24"
[networks.icp-workers]
kind = "icp-worker"
cidr = "172.24.18.0/27"
[networks.icp-pods]
kind = "icp-pod"
cidr = "10.224.0.0/16"
[networks.offices]
kind = "enterprise"
cidr = "192.168.0.0/16"
"""


def route(dst: str, gateway: str | None = None, **more: Any) -> dict[str, Any]:
    return {
        "dst": dst,
        "dev": "eth0",
        **({"gateway": gateway} if gateway else {"protocol": "kernel"}),
        **more,
    }


ROUTES: list[tuple[str, list[dict[str, Any]], list[str]]] = [
    ("connected, as planned", [route("172.24.16.0/24"), route("10.171.42.128/26")], []),
    ("a summary of networks", [route("172.24.16.0/22", "10.0.0.1"), route("10.224.0.0/12", "10.0.0.1")], []),
    ("a share of the pods", [route("10.224.5.0/26", "10.0.0.1"), route("10.224.6.0/26", type="blackhole")], []),
    ("a part of an enterprise summary", [route("192.168.7.0/24")], []),
    ("elsewhere", [route("10.77.0.0/16", "10.0.0.1"), route("10.78.0.0/24")], []),
    (
        "another length",
        [route("172.24.16.0/23")],
        ["172.24.16.0/23 is in file0 line 1 (dst), but the plan has no such network"],
    ),
    (
        "unknown, connected",
        [route("172.25.1.0/24")],
        ["172.25.1.0/24 is in file0 line 1 (dst), but the plan has no such network"],
    ),
    (
        "unknown, routed",
        [route("172.25.1.0/24", "10.0.0.1")],
        ["172.25.1.0/24 is in file0 line 1 (dst), but the plan has no such network"],
    ),
]


@pytest.mark.parametrize(("routes", "expected"), [case[1:] for case in ROUTES], ids=[case[0] for case in ROUTES])
def test_a_routing_table_is_compared_with_the_pools_and_networks(
    routes: list[dict[str, Any]], expected: list[str]
) -> None:
    assert drift(PLAN, [*routes, route("203.0.113.0/28")]) == expected


def test_routes_that_every_host_has_are_counted_and_avoid_nothing() -> None:
    routes = [
        route("default", "10.0.0.1"),
        route("0.0.0.0/0", "10.0.0.1"),
        route("10.0.0.0/8", "10.0.0.1"),
        route("fe80::/64"),
        route("127.0.0.0/8"),
        route("ff00::/8"),
        route("172.30.1.5", dev="cali1", scope="link"),
        route("10.1.0.9", type="local"),
        route("10.1.0.0/24"),
    ]
    observed = read(routes)
    assert [str(row.prefix) for row in observed.rows] == ["10.1.0.0/24"]
    assert observed.notes == (
        "skipped: default route (2), route of every classic server (1), loopback, link-local or multicast range (3),"
        " route to a pod of the node (1), address of the host itself (1)",
    )


def test_addresses_and_routes_may_come_one_after_the_other() -> None:
    empty, routes = "[]", json.dumps([route("10.1.0.0/24"), route("10.2.0.0/16", "10.1.0.1")])
    addresses = json.dumps(
        [{}, {"ifname": "eth0", "addr_info": [{"family": "inet", "local": "10.1.0.7", "prefixlen": 24}]}]
    )
    observed = read(f"{empty}\n{routes}\n{addresses}\n")
    assert observed.source == "ip-route"
    assert [(str(row.prefix), row.container, row.description) for row in observed.rows] == [
        ("10.1.0.0/24", False, "connected to eth0, address 10.1.0.7"),
        ("10.2.0.0/16", True, "route via 10.1.0.1, eth0"),
    ]


def test_a_route_is_kept_clear_unless_networks_of_the_plan_lie_in_it() -> None:
    routes = read(
        [
            route("10.9.0.0/16", "10.0.0.1"),
            route("10.9.5.0/24", "10.0.0.2"),
            route("172.24.16.0/21", "10.0.0.3"),
            route("172.24.16.0/24", "10.0.0.3"),
        ]
    )
    table = read("name,cidr,kind\nvm-web,172.24.16.0/24,vcs-vm\n")
    plan = parse_plan(make_plan([routes, table], None).text.encode(), "x")
    assert {str(avoid.prefix) for avoid in plan.avoids} == {"10.9.0.0/16", "10.9.5.0/24"}
    assert [str(network.prefix) for network in plan.networks] == ["172.24.16.0/24"]


def test_nodes_and_workers_have_to_lie_in_their_networks() -> None:
    workers = [{"id": "w1", "privateIP": "10.171.42.130"}, {"id": "w2", "privateIP": "10.171.42.131"}]
    assert drift(PLAN, workers) == []
    workers[1]["privateIP"] = "10.171.43.131"
    assert drift(PLAN, workers) == ["10.171.43.131 is in file0 line 1 (privateIP), but the plan has no such network"]
    hosts = "[master]\n172.24.18.4\n[proxy]\n172.24.18.5\n[worker]\n172.24.18.[10:12]\n"
    assert drift(PLAN, hosts) == []
    assert drift(PLAN, hosts + "172.24.19.9\n") == [
        "172.24.19.9 is in file0 line 7 (hosts), but the plan has no such network"
    ]


def test_nodes_of_icp_are_named_in_the_network_that_another_file_has() -> None:
    table = read("name,cidr,kind\nicp nodes,172.24.18.0/27,icp-worker\n")
    hosts = read("[master]\n172.24.18.4\nm2 ansible_host=172.24.18.5\n[proxy]\n172.24.18.4\n")
    plan = parse_plan(make_plan([table, hosts], None).text.encode(), "x")
    assert [address.name for address in plan.networks[0].addresses] == ["icp-master-1", "m2"]


def test_what_terraform_made_is_compared_like_a_list_of_subnets() -> None:
    state = json.loads((FILES / "terraform.tfstate").read_text(encoding="utf-8"))
    plan = PLAN + '[networks.esg]\nkind = "vcs-esg-public"\ncidr = "169.46.73.16/28"\n'
    assert drift(plan, state) == []
    state["resources"][1]["instances"][0]["attributes"]["subnets"].append({"subnet": "10.171.99.0/26"})
    assert drift(plan, state) == ["10.171.99.0/26 is in file0 line 1 (subnets), but the plan has no such network"]
    state["resources"][1]["instances"][0]["attributes"]["subnets"].pop()
    state["resources"][2]["instances"][0]["attributes"]["pod_subnet"] = "172.28.0.0/16"
    assert drift(plan, state) == [
        "iks-prod (pods, default) 172.30.0.0/16 is 172.28.0.0/16 in file0 line 1 (pod_subnet)"
    ]


BAD: list[tuple[str, str | None, Any, int | None, str]] = [
    ("icp-hosts", None, "[master]\na\n[proxy]\nb\n", None, "no host in the file has an address"),
    ("icp-hosts", None, "[master]\n10.0.0.[1:99999]\n[proxy]\n10.0.0.1\n", 2, "more than 10,000 hosts"),
    ("icp-hosts", None, "[master]\n" + "10.0.0.[1:200]\n" * 60 + "[proxy]\n", 52, "more than 10,000 hosts"),
    ("icp-hosts", None, "[master]\n10.0.0.[1:" + "9" * 40 + "]\n[proxy]\n10.0.0.1\n", 2, "is too large"),
    (
        "icp-hosts",
        None,
        "[master]\nm ansible_host=10.0.0.300\n[proxy]\n10.0.0.1\n",
        2,
        "ansible_host is not a valid address",
    ),
    ("ip-route", None, [{"dst": "10.1.0.0/33", "dev": "eth0"}], 1, "prefix length 33"),
    ("ip-route", None, [{"dst": {"a": 1}, "dev": "eth0"}], 1, "the entry has no dst"),
    ("ip-route", None, [{"addr_info": [{"local": "10.1.0.1"}]}], 1, "no local or no prefixlen"),
    (
        "ip-route",
        None,
        [{"dst": "default", "dev": "eth0"}],
        None,
        "the file has no route to a network, and no address in one",
    ),
    ("terraform-state", None, {"version": 3, "terraform_version": "0.11", "modules": []}, 1, "ipplan reads version 4"),
    ("terraform-state", None, {"terraform_version": "1.5", "planned_values": {}}, 1, "a Terraform plan"),
    (
        "terraform-state",
        None,
        {"version": 4, "terraform_version": "1.5", "resources": []},
        None,
        "no resource in the file",
    ),
    (
        "terraform-state",
        None,
        {
            "version": 4,
            "terraform_version": "1",
            "resources": [{"type": "ibm_subnet", "instances": [{"attributes": {"subnet_cidr": "x/99"}}]}],
        },
        1,
        "is not a valid prefix",
    ),
    ("ks-workers", None, [{"privateIP": "10.0.0.300"}], 1, "is not a valid address"),
    ("ks-workers", "ks-workers", "[[1], 2]", 1, "the entry is not a worker"),
]


@pytest.mark.parametrize(("source", "named", "content", "line", "words"), BAD)
def test_what_cannot_be_read_is_reported_with_its_line(
    source: str, named: str | None, content: Any, line: int | None, words: str
) -> None:
    text = content if isinstance(content, str) else json.dumps(content)
    for chosen in (named or "auto", source):
        with pytest.raises(SourceError) as caught:
            read_source(chosen, text.encode(), "x")
        problem = caught.value.problems[0]
        assert problem.line == line
        assert words in problem.message


@pytest.mark.parametrize(
    "name", ["hosts", "ip-route.json", "ip-addr.json", "terraform.tfstate", "workers.json", "workers.txt"]
)
def test_a_file_that_is_cut_off_ends_in_problems_or_rows(name: str) -> None:
    data = (FILES / name).read_bytes()
    for end in range(0, len(data), 101):
        try:
            read(data[:end].decode())
        except SourceError:
            continue


def test_files_of_each_source_are_recognised_as_no_other() -> None:
    for text in (
        "master:\n  - a\n",
        "[plan]\nbyoip = []\n",
        '[{"name": "x", "cidr": "10.0.0.0/8"}]',
        "[web]\n10.0.0.1\n[db]\n10.0.0.2\n",
        '{"terraform_version": "1.5"}',
        "left=right\n",
        "peer: x\n",
        "set interfaces ethernet eth0 address 10.0.0.1/24\n",
    ):
        with pytest.raises(SourceError) as caught:
            read(text)
        assert caught.value.problems[0].rule in (
            "unknown-source",
            "no-prefix",
            "bad-value",
            "json-syntax",
            "text-table",
        )
