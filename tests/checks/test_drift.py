"""Differences between a plan and the files of other tools: each is reported once, with both values."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from whole_findings import compare_findings

from ipplan.allocation import allocate
from ipplan.catalog import load_catalog
from ipplan.checks import check_plan
from ipplan.checks.drift import Against
from ipplan.importers import read_source
from ipplan.plan.load import parse_plan

if TYPE_CHECKING:
    from ipplan.findings import Finding

SAMPLE = (Path(__file__).parent.parent.parent / "sample-plans" / "reference-architecture.toml").read_text(
    encoding="utf-8"
)

PLAN = """\
schema = 1
[plan]
byoip = ["10.224.0.0/12", "172.24.0.0/14"]
[integration]
iks-vcs = "strongswan"
[clusters.iks-prod]
platform = "iks"
[clusters.icp-prod]
platform = "icp"
[[avoid]]
cidr = "10.60.0.0/16"
[networks.iks-ingress-public]
kind = "iks-ingress-public"
cidr = "169.46.49.32/29"
addresses = { strongswan = 3 }
[networks.iks-ingress-private]
kind = "iks-ingress-private"
cidr = "10.171.87.64/29"
[networks.iks-workers]
kind = "iks-worker-private"
cidr = "10.171.42.128/26"
[networks.esg]
kind = "vcs-esg-public"
cidr = "169.46.73.16/28"
[networks.vm-web]
kind = "vcs-vm"
cidr = "172.24.16.0/24"
[networks.vm-db]
kind = "vcs-vm"
cidr = "172.24.17.0/24"
[networks.icp-pods]
kind = "icp-pod"
cidr = "10.224.0.0/16"
[networks.icp-services]
kind = "icp-service"
cidr = "10.225.0.0/23"
[networks.icp-workers]
kind = "icp-worker"
cidr = "172.24.18.0/27"
addresses = { master-vip = 10, proxy-vip = "172.24.18.11" }
"""
CONFIG = """\
network_cidr: 10.224.0.0/16
service_cluster_ip_range: 10.225.0.0/23
cluster_vip: 172.24.18.10
proxy_vip: 172.24.18.11
"""
VALUES = """\
loadBalancerIP: 169.46.49.35
local:
  subnet: 172.30.0.0/16,172.21.0.0/16,10.171.42.128/26
remote:
  gateway: 169.46.73.18
  subnet: 172.24.16.0/23,172.24.18.0/27
"""
POOL = "kind: IPPool\nmetadata: {name: default-ipv4-ippool}\nspec: {cidr: 172.30.0.0/16}\n"
IBM = [
    {"networkIdentifier": address, "cidr": length}
    for address, length in (
        ("169.46.49.32", 29),
        ("10.171.87.64", 29),
        ("10.171.42.128", 26),
        ("169.46.73.16", 28),
        ("10.60.1.0", 26),
    )
]
KS = {
    "name": "iks-prod",
    "podSubnet": "172.30.0.0/16",
    "serviceSubnet": "172.21.0.0/16",
    "vlans": [
        {
            "id": "1",
            "subnets": [
                {"cidr": "169.46.49.32/29", "is_public": True},
                {"cidr": "10.171.87.64/29", "is_public": False},
            ],
        }
    ],
}
NODE = {
    "kind": "Node",
    "metadata": {"name": "w1", "labels": {"ibm-cloud.kubernetes.io/zone": "dal10"}},
    "spec": {"podCIDR": "172.30.4.0/24"},
    "status": {"addresses": [{"type": "InternalIP", "address": "10.171.42.130"}]},
}


def compare(plan_text: str, *files: Any, settle: bool = False) -> list[Finding]:
    """Return what drift finds between a plan and files, in the order of the report."""
    plan = parse_plan(plan_text.encode(), "plan.toml")
    catalog = load_catalog()
    settled = plan
    if settle:
        rows = allocate(plan, catalog).placements
        settled = plan.with_ranges({r.network.name: r.prefix for r in rows if r.status == "allocated" and r.prefix})
    observed = tuple(
        read_source("auto", (file if isinstance(file, str) else json.dumps(file)).encode(), f"file{index}")
        for index, file in enumerate(files)
    )
    found = check_plan(plan, catalog, datetime.date(2026, 1, 1), Against(settled, observed))
    return [finding for finding in found if finding.rule == "drift"]


def said(plan_text: str, *files: Any) -> list[str]:
    return [finding.message for finding in compare(plan_text, *files)]


@pytest.mark.parametrize(
    "file", [CONFIG, VALUES, POOL, IBM, KS, {"items": [NODE]}], ids=["config", "values", "pool", "ibm", "ks", "node"]
)
def test_no_difference_no_finding(file: Any) -> None:
    assert said(PLAN, file) == []


def test_several_files_are_all_compared() -> None:
    assert said(PLAN, CONFIG, VALUES, POOL, IBM, KS) == []
    assert len(said(PLAN, CONFIG.replace("10.224", "10.227"), VALUES.replace("49.35", "49.36"))) == 2


def changed(text: str, old: str, new: str) -> str:
    assert old in text
    return text.replace(old, new)


CASES: list[tuple[Any, list[str]]] = [
    (
        changed(CONFIG, "10.224.0.0/16", "10.1.0.0/16"),
        ["icp-pods 10.224.0.0/16 is 10.1.0.0/16 in file0 line 1 (network_cidr)"],
    ),
    (
        changed(CONFIG, "network_cidr: 10.224.0.0/16\n", ""),
        ["icp-pods 10.224.0.0/16 is 10.1.0.0/16 in file0 (network_cidr)"],
    ),
    (
        changed(CONFIG, "172.24.18.10", "172.24.18.12"),
        ["address master-vip 172.24.18.10 of icp-workers is 172.24.18.12 in file0 line 3 (cluster_vip)"],
    ),
    (
        changed(CONFIG, "proxy_vip: 172.24.18.11\n", ""),
        ["address proxy-vip 172.24.18.11 of icp-workers is not in file0"],
    ),
    (changed(CONFIG, "proxy_vip: 172.24.18.11\n", "proxy_lb_address: lb.example.com\n"), []),
    (
        changed(VALUES, "172.30.0.0/16,", "172.30.0.0/17,"),
        ["iks-prod (pods, default) 172.30.0.0/16 is not in local.subnet of file0"],
    ),
    (
        changed(VALUES, ",10.171.42.128/26", ",10.171.42.128/25"),
        [
            "10.171.42.128/25 is in file0 line 3 (local.subnet), but the plan has no such network on that side of the tunnel (local.subnet)"
        ],
    ),
    (
        changed(VALUES, "172.24.16.0/23,", "172.24.16.0/24,"),
        ["vm-db 172.24.17.0/24 is not in remote.subnet of file0"],
    ),
    (changed(VALUES, "172.24.16.0/23,", "172.24.16.0/24,172.24.17.0/24,"), []),
    (changed(VALUES, ",10.171.42.128/26", ",10.171.42.128/26,10.171.87.64/29"), []),
    (
        changed(VALUES, "169.46.49.35", "169.46.49.36"),
        ["address strongswan 169.46.49.35 of iks-ingress-public is 169.46.49.36 in file0 line 1 (loadBalancerIP)"],
    ),
    (
        changed(VALUES, "loadBalancerIP: 169.46.49.35\n", ""),
        ["address strongswan 169.46.49.35 of iks-ingress-public is not in file0"],
    ),
    (changed(VALUES, "loadBalancerIP: 169.46.49.35", "zoneLoadBalancer: |-\n  dal10=169.46.49.35"), []),
    (
        changed(VALUES, "169.46.73.18", "169.46.99.1"),
        [
            "169.46.99.1 is in file0 line 5 (remote.gateway), but the plan has no such address at the other end of the tunnel"
        ],
    ),
    (changed(VALUES, "169.46.73.18", '"%any"'), []),
    (
        changed(POOL, "172.30.0.0/16", "172.22.0.0/16"),
        ["172.22.0.0/16 is in file0 line 3 (spec.cidr), but the plan has no such network"],
    ),
    (
        changed(POOL, "172.30.0.0/16", "10.224.0.0/17"),
        ["icp-pods 10.224.0.0/16 is 10.224.0.0/17 in file0 line 3 (spec.cidr)"],
    ),
    (
        IBM[:3],
        ["esg 169.46.73.16/28 is not in file0"],
    ),
    (
        [*IBM, {"networkIdentifier": "10.9.9.0", "cidr": 26}],
        ["10.9.9.0/26 is in file0 line 1 (networkIdentifier), but the plan has no such network"],
    ),
    (
        [*IBM[:3], {"networkIdentifier": "169.46.73.16", "cidr": 29}],
        ["esg 169.46.73.16/28 is 169.46.73.16/29 in file0 line 1 (networkIdentifier)"],
    ),
    (
        {**KS, "podSubnet": "172.22.0.0/16"},
        ["iks-prod (pods, default) 172.30.0.0/16 is 172.22.0.0/16 in file0 line 1 (podSubnet)"],
    ),
    (
        {
            **KS,
            "vlans": [{"subnets": [{"cidr": "169.46.49.32/29", "is_public": False}, {"cidr": "10.171.87.64/29"}]}],
        },
        [
            "iks-ingress-public 169.46.49.32/29 is of kind iks-ingress-public, but of kind iks-ingress-private in file0 line 1 (vlans.subnets.cidr)"
        ],
    ),
    (
        {"items": [{**NODE, "status": {"addresses": [{"type": "InternalIP", "address": "10.9.9.9"}]}}]},
        ["10.9.9.9 is in file0 line 1 (InternalIP), but the plan has no such network"],
    ),
    (
        "cidr,kind\n172.24.16.0/24,vcs-vm\n172.24.18.0/27,icp-worker\n",
        ["vm-db 172.24.17.0/24 is not in file0"],
    ),
    ("cidr,comment\n10.9.0.0/16,elsewhere\n", []),
    (
        "cidr,comment\n10.230.0.0/16,in a pool\n",
        ["10.230.0.0/16 is in file0 line 2 (cidr), but the plan has no such network"],
    ),
    (
        "cidr,comment\n172.24.16.0/23,two of the plan\n",
        ["172.24.16.0/23 is in file0 line 2 (cidr), but the plan has no such network"],
    ),
    ("cidr,comment\n10.60.5.0/24,avoided\n172.24.16.0/24,web\n", []),
    (
        "name,cidr,kind\nvm-web,172.24.20.0/24,vcs-vm\nvm-db,172.24.17.0/24,vcs-vm\n",
        ["vm-web 172.24.16.0/24 is 172.24.20.0/24 in file0 line 2 (cidr)"],
    ),
]


@pytest.mark.parametrize(("file", "expected"), CASES, ids=range(len(CASES)))
def test_each_difference_is_reported_once(file: Any, expected: list[str]) -> None:
    assert said(PLAN, file) == expected


def test_the_whole_findings_of_files(*, update_golden: bool) -> None:
    plans = ((f"file {number}", compare(PLAN, file)) for number, (file, expected) in enumerate(CASES) if expected)
    compare_findings("drift.files", plans, update=update_golden)


def test_the_whole_findings_of_tunnels(*, update_golden: bool) -> None:
    no_tunnel = changed(PLAN, 'iks-vcs = "strongswan"', 'iks-vcs = "static-nat"')
    to_icp = changed(TUNNEL, 'iks-vcs = "strongswan"', 'iks-vcs = "strongswan"\niks-icp = "strongswan"')
    plans = [("no tunnel", compare(no_tunnel, VALUES))]
    plans += [
        (f"{old} is {new}", compare(TUNNEL, changed(VALUES, old, new))) for old, new, expected in CHANGES if expected
    ]
    plans += [("to ICP", compare(to_icp, {**TO_ICP, "remote": {**TO_ICP["remote"], "gateway": "169.46.99.9"}}))]
    plans += [
        (f"translation {number}", translated(planned, old, new))
        for number, (planned, old, new, expected) in enumerate(TRANSLATIONS)
        if expected
    ]
    compare_findings("drift.tunnels", plans, update=update_golden)


def test_a_finding_has_both_values_and_the_place_in_the_plan() -> None:
    (found,) = compare(PLAN, changed(CONFIG, "10.224.0.0/16", "10.224.0.0/17"))

    assert (found.severity, found.networks, found.key) == (
        "error",
        ("icp-pods",),
        ("networks", "icp-pods", "cidr"),
    )
    assert (*map(str, found.cidrs), str(found.overlap)) == ("10.224.0.0/16", "10.224.0.0/17", "10.224.0.0/17")
    assert found.because == ("the plan has 10.224.0.0/16, and file0 has 10.224.0.0/17",)
    assert found.help == 'write cidr = "10.224.0.0/17" if file0 is right, or correct network_cidr there'


def test_a_tunnel_that_the_plan_does_not_have() -> None:
    plan = changed(PLAN, 'iks-vcs = "strongswan"', 'iks-vcs = "static-nat"')
    assert said(plan, VALUES) == ["file0 describes a strongSwan tunnel, but the plan has none"]


def test_the_side_of_icp_is_known_by_its_ranges() -> None:
    plan = changed(PLAN, 'iks-vcs = "strongswan"', 'iks-icp = "strongswan"')
    values = {
        "local": {"subnet": "10.224.0.0/16,10.225.0.0/23,172.24.18.0/27"},
        "remote": {"subnet": "172.30.0.0/16,172.21.0.0/16", "gateway": "169.46.49.35"},
    }
    assert said(plan, values) == ["iks-workers 10.171.42.128/26 is not in remote.subnet of file0"]


NATTED = changed(VALUES, "172.30.0.0/16,", "10.10.0.0/16,") + "localSubnetNAT: 172.30.0.0/16=10.10.0.0/16\n"
LINK = """\
[edges.dal]
[[link]]
between = ["iks-prod", "dal"]
method = "strongswan"
networks = ["pods", "services", "iks-workers"]
nat = [{ network = "pods", as = "10.10.0.0/16" }]
[networks.pods]
kind = "iks-pod"
[networks.services]
kind = "iks-service"
"""
BY_LINK = changed(PLAN, '[integration]\niks-vcs = "strongswan"\n', LINK)


def test_what_a_chart_shows_by_nat_is_what_the_link_of_the_plan_shows() -> None:
    assert said(BY_LINK, NATTED) == []
    assert said(PLAN, NATTED) == [
        "iks-prod (pods, default) 172.30.0.0/16 is translated to 10.10.0.0/16 in file0 line 3 (local.subnet), but not translated in the plan"
    ]
    (found,) = compare(BY_LINK, NATTED.replace("10.10.0.0", "10.11.0.0"))
    assert found.message.endswith("(local.subnet), but translated to 10.10.0.0/16 in the plan")
    assert found.key == ("link", 0)
    assert 'as = "10.11.0.0/16"' in (found.help or "")


def test_a_translation_that_is_not_in_a_chart_is_a_difference() -> None:
    (found,) = compare(BY_LINK, VALUES)
    assert "is not translated in file0" in found.message
    assert "localSubnetNAT" in (found.help or "")


def test_the_far_side_is_translated_by_remote_subnet_nat() -> None:
    plan = BY_LINK.replace("nat = [", 'nat = [{ network = "vm-db", as = "10.12.0.0/24" }, ', 1).replace(
        '"iks-workers"]', '"iks-workers", "vm-web", "vm-db", "icp-workers"]'
    )
    split = changed(NATTED, "172.24.16.0/23", "172.24.16.0/24,172.24.17.0/24")
    assert said(plan, split + "remoteSubnetNAT: 172.24.17.0/24=10.12.0.0/24\n") == []
    assert len(said(plan, split)) == 1


NAT_LINK = """\
[[link]]
between = ["iks-prod", "vcs"]
method = "strongswan"
networks = ["iks-prod-services", "iks-workers", "vm-web", "icp-workers"]
nat = [
  {{ network = "iks-prod-pods", as = "{pods}" }},
  {{ network = "vm-db", as = "{db}" }},
]
[edges.vcs]
[networks.iks-prod-pods]
kind = "iks-pod"
[networks.iks-prod-services]
kind = "iks-service"
"""
NAT_VALUES = """\
loadBalancerIP: 169.46.49.35
local:
  subnet: 10.10.0.0/16,172.21.0.0/16,10.171.42.128/26
localSubnetNAT: 172.30.0.0/16=10.10.0.0/16
remote:
  gateway: 169.46.73.18
  subnet: 172.24.16.0/24,172.24.17.0/24,172.24.18.0/27
remoteSubnetNAT: 172.24.17.0/24=10.12.0.0/24
"""
_PODS, _DB = "iks-prod-pods 172.30.0.0/16 (default)", "vm-db 172.24.17.0/24"


TRANSLATIONS: list[Any] = [
    # Both keys as the plan has them, in one entry or several, listed or in the parts of a range.
    ({}, "", "", []),
    ({}, "172.30.0.0/16=10.10.0.0/16", "172.30.0.0/17=10.10.0.0/17,172.30.128.0/17=10.10.128.0/17", []),
    ({}, "=10.10.0.0/16\n", "=10.10.0.0/16,172.30.0.0/16=10.10.0.0/16\n", []),
    ({"pods": "10.10.0.7/32"}, "10.10.0.0/16", "10.10.0.7/32", []),
    ({"pods": "10.10.0.7/32"}, "10.10.0.0/16", "10.10.0.7", []),
    # One key is missing, or has another value.
    (
        {},
        "localSubnetNAT: 172.30.0.0/16=10.10.0.0/16\n",
        "",
        [f"{_PODS} is not translated in file0 line 3 (local.subnet), but translated to 10.10.0.0/16 in the plan"],
    ),
    (
        {},
        "10.10.0.0/16",
        "10.11.0.0/16",
        [
            f"{_PODS} is translated to 10.11.0.0/16 in file0 line 3 (local.subnet), but translated to 10.10.0.0/16 in the plan"
        ],
    ),
    (
        {},
        "10.10.0.0/16",
        "10.10.0.9/32",
        [
            f"{_PODS} is translated to 10.10.0.9/32 in file0 line 3 (local.subnet), but translated to 10.10.0.0/16 in the plan"
        ],
    ),
    (
        {},
        "172.30.0.0/16=10.10.0.0/16",
        "172.30.0.0/17=10.10.0.0/17,172.30.128.0/17=10.11.0.0/17",
        [
            f"{_PODS} is translated to 10.11.0.0/17 in file0 line 4 (localSubnetNAT), but translated to 10.10.0.0/16 in the plan"
        ],
    ),
    (
        {},
        "remoteSubnetNAT: 172.24.17.0/24=10.12.0.0/24\n",
        "",
        [f"{_DB} is not translated in file0 line 7 (remote.subnet), but translated to 10.12.0.0/24 in the plan"],
    ),
    (
        {},
        "10.12.0.0/24",
        "10.13.0.0/24",
        [
            f"{_DB} is translated to 10.13.0.0/24 in file0 line 7 (remote.subnet), but translated to 10.12.0.0/24 in the plan"
        ],
    ),
    (
        {},
        "172.24.17.0/24=10.12.0.0/24",
        "172.24.17.0/24=10.12.0.0/24,172.24.16.0/24=10.14.0.0/24",
        [
            "vm-web 172.24.16.0/24 is translated to 10.14.0.0/24 in file0 line 7 (remote.subnet), but not translated in the plan"
        ],
    ),
    # One address for all: every network of the near side has to be shown as it.
    (
        {"pods": "10.10.0.7/32"},
        NAT_VALUES[: NAT_VALUES.index("remote:")],
        "loadBalancerIP: 169.46.49.35\nenableSingleSourceIP: true\nlocal:\n  subnet: 10.10.0.7/32\n",
        [
            "iks-prod-services 172.21.0.0/16 (default) and 1 more are translated to 10.10.0.7/32 in file0 line 4 (local.subnet), but differently in the plan"
        ],
    ),
]


@pytest.mark.parametrize(("planned", "old", "new", "expected"), TRANSLATIONS)
def test_translations_of_both_sides_are_compared_address_by_address(
    planned: dict[str, str], old: str, new: str, expected: list[str]
) -> None:
    assert [finding.message for finding in translated(planned, old, new)] == expected


def translated(planned: dict[str, str], old: str, new: str) -> list[Finding]:
    link = NAT_LINK.format(**{"pods": "10.10.0.0/16", "db": "10.12.0.0/24", **planned})
    plan = changed(PLAN, '[integration]\niks-vcs = "strongswan"\n', link)
    return compare(plan, changed(NAT_VALUES, old, new))


def test_the_single_source_of_one_network_is_compared() -> None:
    link = NAT_LINK.format(pods="10.10.0.7/32", db="10.12.0.0/24").replace('"iks-workers", ', "")
    plan = changed(PLAN, '[integration]\niks-vcs = "strongswan"\n', link)
    source = "loadBalancerIP: 169.46.49.35\nenableSingleSourceIP: true\nlocal:\n  subnet: 10.10.0.7/32\n"
    (found,) = compare(plan, source + NAT_VALUES[NAT_VALUES.index("remote:") :])

    assert found.message == (
        "iks-prod-services 172.21.0.0/16 (default) is translated to 10.10.0.7/32 in file0 line 4 (local.subnet),"
        " but differently in the plan"
    )
    assert (found.key, found.networks) == (("link", 0), ("iks-prod-services",))


def test_translations_of_ipv6_are_compared() -> None:
    plan = NAT_LINK.format(pods="fd10::/64", db="fd12::/64").replace('", "iks-workers", "vm-web", "icp-workers"]', '"]')
    plan = changed(plan, 'kind = "iks-pod"\n', 'kind = "iks-pod"\ncidr = "fd00::/64"\n')
    plan += '[clusters.iks-prod]\nplatform = "iks"\n[networks.vm-db]\nkind = "vcs-vm"\ncidr = "fd02::/64"\n'
    plan = changed(plan, 'kind = "iks-service"\n', 'kind = "iks-service"\ncidr = "fd01::/112"\n')
    plan += '[networks.in]\nkind = "iks-ingress-public"\ncidr = "169.46.49.32/29"\naddresses = { strongswan = 3 }\n'
    values = """\
loadBalancerIP: 169.46.49.35
local:
  subnet: fd10::/64,fd01::/112
localSubnetNAT: fd00::/64=fd10::/64
remote:
  subnet: fd02::/64
remoteSubnetNAT: fd02::/64=fd12::/64
"""
    assert said(plan, values) == []
    assert len(said(plan, values.replace("fd10::", "fd11::"))) == 1
    assert len(said(plan, values.replace("fd12::", "fd13::"))) == 1


def test_each_of_two_icp_clusters_translates_its_own_side() -> None:
    plan = (
        TWO
        + """\
[[link]]
between = ["a", "b"]
method = "strongswan"
nat = [
  { network = "a-pods", as = "10.230.0.0/16" }, { network = "a-services", as = "10.231.0.0/24" },
  { network = "b-pods", as = "10.232.0.0/16" }, { network = "b-services", as = "10.233.0.0/24" },
]
"""
    )
    values = """\
local:
  subnet: 10.230.0.0/16,10.231.0.0/24
localSubnetNAT: 10.224.0.0/16=10.230.0.0/16,10.225.0.0/24=10.231.0.0/24
remote:
  subnet: 10.232.0.0/16,10.233.0.0/24
"""
    assert said(plan, values) == []
    assert said(plan, values.replace("10.232.0.0", "10.226.0.0")) == [
        "b-pods 10.226.0.0/16 is not translated in file0 line 5 (remote.subnet), but translated to 10.232.0.0/16 in the plan"
    ]
    assert len(said(plan, values.replace("10.225.0.0/24=10.231.0.0/24", "").replace("16,\n", "16\n"))) == 1


@pytest.mark.parametrize(
    ("planned", "stated", "expected"),
    [
        ("", "ikev2", []),
        ("", "ike", []),
        ("", "ikev1", ["IKE is version 1 in file0 line 8 (ipsec.keyexchange), but version 2 in the plan"]),
        ("ike = 1\n", "ikev1", []),
        ("ike = 1\n", "ikev2", ["IKE is version 2 in file0 line 8 (ipsec.keyexchange), but version 1 in the plan"]),
    ],
)
def test_both_ends_have_one_version_of_ike(planned: str, stated: str, expected: list[str]) -> None:
    plan = changed(PLAN, "[integration]\n", f"[integration]\n{planned}")
    assert said(plan, f"{VALUES}ipsec:\n  keyexchange: {stated}\n") == expected


EDGES = """\
[edges.dal]
[edges.fra]
[integration]
iks-vcs = "strongswan"
[clusters.iks-prod]
platform = "iks"
[networks.workers]
kind = "iks-worker-private"
cidr = "10.171.42.128/26"
[networks.ingress]
kind = "iks-ingress-public"
cidr = "169.46.49.32/29"
addresses = { strongswan = 3, fra-strongswan = 4 }
[networks.esg-dal]
kind = "vcs-esg-public"
edge = "dal"
cidr = "169.46.73.16/28"
addresses = { uplink = 2 }
[networks.esg-fra]
kind = "vcs-esg-public"
edge = "fra"
cidr = "159.122.70.32/28"
addresses = { uplink = 2 }
[networks.vm-dal]
kind = "vcs-vm"
edge = "dal"
cidr = "172.24.16.0/24"
[networks.vm-fra]
kind = "vcs-vm"
edge = "fra"
cidr = "172.24.18.0/24"
"""


@pytest.mark.parametrize(
    ("listens", "calls", "remote", "expected"),
    [
        ("169.46.49.35", "169.46.73.18", "172.24.16.0/24", []),
        ("169.46.49.36", "159.122.70.34", "172.24.18.0/24", []),
        (
            "169.46.49.35",
            "159.122.70.34",
            "172.24.18.0/24",
            ["address fra-strongswan 169.46.49.36 of ingress is 169.46.49.35 in file0 line 1 (loadBalancerIP)"],
        ),
        (
            "169.46.49.36",
            "169.46.73.18",
            "172.24.18.0/24",
            [
                "169.46.73.18 is in file0 line 5 (remote.gateway), but the plan has no such address at the other end of the tunnel"
            ],
        ),
    ],
)
def test_values_are_compared_with_the_tunnel_to_their_own_edge(
    listens: str, calls: str, remote: str, expected: list[str]
) -> None:
    values = (
        changed(VALUES, "169.46.49.35", listens)
        .replace("169.46.73.18", calls)
        .replace("172.24.16.0/23,172.24.18.0/27", remote)
    )
    assert said(EDGES, values) == expected


PARTS = """\
[edges.dal]
[edges.fra]
[clusters.iks-prod]
platform = "iks"
[[link]]
between = ["iks-prod", "dal"]
method = "strongswan"
networks = ["pods", "vm"]
[[link]]
between = ["iks-prod", "fra"]
method = "strongswan"
networks = ["services", "vm-fra"]
[networks.pods]
kind = "iks-pod"
[networks.services]
kind = "iks-service"
[networks.vm]
kind = "vcs-vm"
edge = "dal"
cidr = "172.24.16.0/24"
[networks.vm-fra]
kind = "vcs-vm"
edge = "fra"
cidr = "172.24.18.0/24"
"""


@pytest.mark.parametrize(
    ("local", "expected"),
    [
        ("172.30.0.0/16", "vm 172.24.16.0/24 is 172.24.20.0/24 in file0 line 1 (remote.subnet)"),
        ("172.21.0.0/16", "vm-fra 172.24.18.0/24 is 172.24.20.0/24 in file0 line 1 (remote.subnet)"),
    ],
)
def test_the_local_side_says_which_tunnel_a_file_is_of(local: str, expected: str) -> None:
    values = {"local": {"subnet": local}, "remote": {"subnet": "172.24.20.0/24"}, "loadBalancerIP": ""}
    assert said(PARTS, values) == [expected]


TWO = """\
[clusters.a]
platform = "icp"
[clusters.b]
platform = "icp"
[networks.a-pods]
kind = "icp-pod"
cluster = "a"
cidr = "10.224.0.0/16"
[networks.a-services]
kind = "icp-service"
cluster = "a"
cidr = "10.225.0.0/24"
[networks.b-pods]
kind = "icp-pod"
cluster = "b"
cidr = "10.226.0.0/16"
[networks.b-services]
kind = "icp-service"
cluster = "b"
cidr = "10.227.0.0/24"
"""


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ("network_cidr: 10.226.0.0/16\nservice_cluster_ip_range: 10.227.0.0/24\n", []),
        (
            "network_cidr: 10.226.0.0/16\nservice_cluster_ip_range: 10.1.0.0/24\n",
            ["b-services 10.227.0.0/24 is 10.1.0.0/24 in file0 line 2 (service_cluster_ip_range)"],
        ),
        (
            "cluster_name: a\nnetwork_cidr: 10.226.0.0/16\nservice_cluster_ip_range: 10.225.0.0/24\n",
            ["a-pods 10.224.0.0/16 is 10.226.0.0/16 in file0 line 2 (network_cidr)"],
        ),
        (
            "network_cidr: 10.1.0.0/16\nservice_cluster_ip_range: 10.0.0.0/24\n",
            [
                "10.1.0.0/16 is in file0 line 1 (network_cidr), but the plan has no such network",
                "10.0.0.0/24 is in file0 line 2 (service_cluster_ip_range), but the plan has no such network",
            ],
        ),
    ],
)
def test_a_file_is_compared_with_the_cluster_that_it_is_of(config: str, expected: list[str]) -> None:
    assert said(TWO, config) == expected


def test_an_allocation_does_not_drift_from_its_plan_with_equal_defaults() -> None:
    plan = "".join(f'[clusters.{name}]\nplatform = "iks"\n' for name in ("a", "b"))
    rows = [
        {"network": f"{name} ({what}s, default)", "kind": f"iks-{what}", "cidr": cidr, "status": "default"}
        for name in ("a", "b")
        for what, cidr in (("pod", "172.30.0.0/16"), ("service", "172.21.0.0/16"))
    ]
    assert said(plan, {"schema": "ipplan.allocation/1", "allocations": rows}) == []


def test_networks_to_allocate_are_compared_where_allocate_puts_them() -> None:
    config = "network_cidr: 10.224.0.0/16\nservice_cluster_ip_range: 10.225.0.0/23\n"
    config += "cluster_vip: 172.24.18.10\nproxy_vip: 172.24.18.11\n"

    assert compare(SAMPLE, config, settle=True) == []
    (found,) = compare(SAMPLE, changed(config, "10.225", "10.226"), settle=True)
    assert found.key[:2] == ("networks", "icp-services")


# -- waivers


def waived(rule_networks: str, *, against: bool = True) -> tuple[list[str | None], list[str]]:
    """Return what becomes of a drift of icp-pods under a waiver, and the rules on waivers that find something."""
    text = f'[[waive]]\nrule = "drift"\nreason = "until the rebuild"\nnetworks = {rule_networks}\n'
    plan = parse_plan((PLAN + text).encode(), "plan.toml")
    file = read_source("auto", changed(CONFIG, "10.224.0.0/16", "10.1.0.0/16").encode(), "config.yaml")
    found = check_plan(plan, load_catalog(), None, Against(plan, (file,)) if against else None)
    return (
        [finding.waived for finding in found if finding.rule == "drift"],
        [finding.rule for finding in found if finding.rule.startswith("waiver-")],
    )


def test_a_waiver_may_name_drift() -> None:
    assert waived('["icp-pods"]') == (["until the rebuild"], [])
    assert waived('["vm-db"]') == ([None], ["waiver-unused"])


def test_a_waiver_of_drift_is_not_unused_where_nothing_is_compared() -> None:
    assert waived('["icp-pods"]', against=False) == ([], [])


# -- one change, one finding


TUNNEL = changed(
    changed(PLAN, "addresses = { strongswan = 3 }", "addresses = { alb = 2, strongswan = 3 }"),
    'cidr = "169.46.73.16/28"\n',
    'cidr = "169.46.73.16/28"\naddresses = { uplink = 2, icp-strongswan = 3, spare = 4 }\n',
)


CHANGES: list[Any] = [
    (
        "172.30.0.0/16",
        "172.31.0.0/16",
        ["iks-prod (pods, default) 172.30.0.0/16 is 172.31.0.0/16 in file0 line 3 (local.subnet)"],
    ),
    (
        "172.24.18.0/27",
        "172.24.19.0/27",
        ["icp-workers 172.24.18.0/27 is 172.24.19.0/27 in file0 line 6 (remote.subnet)"],
    ),
    (
        "169.46.73.18",
        "169.46.73.20",
        ["address uplink 169.46.73.18 of esg is 169.46.73.20 in file0 line 5 (remote.gateway)"],
    ),
    ("169.46.73.18", "169.46.73.18", []),
]


@pytest.mark.parametrize(("old", "new", "expected"), CHANGES)
def test_one_changed_value_of_a_chart_is_one_finding(old: str, new: str, expected: list[str]) -> None:
    assert said(TUNNEL, changed(VALUES, old, new)) == expected


TO_ICP: dict[str, Any] = {
    "local": {"subnet": "172.30.0.0/16,172.21.0.0/16,10.171.42.128/26"},
    "remote": {"subnet": "10.224.0.0/16,10.225.0.0/23,172.24.18.0/27", "gateway": "169.46.73.19"},
    "loadBalancerIP": "",
}


@pytest.mark.parametrize(
    ("gateway", "count"), [("169.46.73.19", 0), ("169.46.73.18", 1), ("169.46.73.20", 1), ("169.46.99.9", 1)]
)
def test_towards_icp_the_cluster_dials_out_and_needs_no_address_of_its_own(gateway: str, count: int) -> None:
    plan = changed(TUNNEL, 'iks-vcs = "strongswan"', 'iks-vcs = "strongswan"\niks-icp = "strongswan"')
    assert len(said(plan, {**TO_ICP, "remote": {**TO_ICP["remote"], "gateway": gateway}})) == count


ALLOCATION = {
    "schema": "ipplan.allocation/1",
    "allocations": [
        {
            "network": "icp-workers",
            "kind": "icp-worker",
            "cidr": "172.24.18.0/27",
            "status": "pinned",
            "addresses": {"master-vip": "172.24.18.10", "proxy-vip": "172.24.18.11", "other": "172.24.18.20"},
        }
    ],
}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('"172.24.18.20"', '"172.24.18.21"', []),
        (
            '"172.24.18.10"',
            '"172.24.18.12"',
            ["address master-vip 172.24.18.10 of icp-workers is 172.24.18.12 in file0 line 1 (master-vip)"],
        ),
        (
            '"172.24.18.0/27"',
            '"172.24.18.0/26"',
            ["icp-workers 172.24.18.0/27 is 172.24.18.0/26 in file0 line 1 (cidr)"],
        ),
    ],
)
def test_one_changed_value_of_an_allocation_is_one_finding(old: str, new: str, expected: list[str]) -> None:
    assert said(PLAN, changed(json.dumps(ALLOCATION), old, new)) == expected


def node_of(number: int, network: str, **spec: str) -> dict[str, Any]:
    return {
        "kind": "Node",
        "metadata": {"name": f"w{number}", "labels": {"ibm-cloud.kubernetes.io/zone": "dal10"}},
        "spec": spec,
        "status": {"addresses": [{"type": "InternalIP", "address": f"{network}.{130 + number}"}]},
    }


def test_nodes_that_all_lie_elsewhere_are_reported_once() -> None:
    (found,) = compare(PLAN, {"items": [node_of(number, "10.9.9") for number in range(5)]})
    assert found.message == "10.9.9.130 is in file0 line 1 (InternalIP), but the plan has no such network"
    assert found.because == (
        "it is InternalIP of node w0",
        "4 more of InternalIP are in no network of the plan",
        "the plan has iks-workers 10.171.42.128/26 instead",
    )
    assert (found.networks, found.key) == (("iks-workers",), ("networks", "iks-workers", "cidr"))


def test_each_node_that_lies_apart_from_the_others_is_reported() -> None:
    nodes = [node_of(0, "10.171.42"), node_of(1, "10.9.9"), node_of(2, "10.9.9")]
    assert said(PLAN, {"items": nodes}) == [
        f"10.9.9.{last} is in file0 line 1 (InternalIP), but the plan has no such network" for last in (131, 132)
    ]


def test_the_subnet_of_workers_is_compared_beside_their_addresses() -> None:
    node = node_of(0, "10.171.42")
    node["metadata"]["annotations"] = {"projectcalico.org/IPv4Address": "10.171.42.130/25"}
    assert said(PLAN, {"items": [node]}) == [
        "iks-workers 10.171.42.128/26 is 10.171.42.128/25 in file0 line 1 (projectcalico.org/IPv4Address)"
    ]


def test_what_a_table_has_no_range_for_yet_is_not_lacking() -> None:
    table = "network,kind,cidr,status\nvm-web,vcs-vm,172.24.16.0/24,pinned\nvm-db,vcs-vm,,to-allocate\n"
    assert said(PLAN, table) == []
    assert said(PLAN, table.replace("vm-db,vcs-vm,,to-allocate\n", "")) == ["vm-db 172.24.17.0/24 is not in file0"]


def test_a_row_of_a_name_in_the_plan_is_that_network_even_at_the_range_of_another() -> None:
    table = "name,cidr,kind\nesg,10.171.87.64/29,vcs-esg-public\nin,10.171.87.64/29,iks-ingress-private\n"
    assert said(PLAN, table) == ["esg 169.46.73.16/28 is 10.171.87.64/29 in file0 line 2 (cidr)"]


def test_an_ipam_has_a_prefix_once_whatever_shares_it() -> None:
    plan = PLAN + '[networks.twin]\nkind = "enterprise"\ncidr = "172.24.16.0/24"\n'
    plan += '[networks.office]\nkind = "enterprise"\ncidr = "192.168.0.0/24"\n'
    table = "cidr,kind\n172.24.16.0/24,vcs-vm\n172.24.17.0/24,vcs-vm\n192.168.0.0/24,enterprise\n"
    assert said(plan, table) == []


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        # A row is the network of its name, else one of those that no other row is.
        (["c", "b"], ["a 172.24.30.0/24 is not in file0"]),
        (["a", "b", "c"], []),
        (["x", "y", "z"], []),
        (["x", "a", "y"], []),
    ],
)
def test_each_row_of_one_prefix_is_one_of_the_networks_that_share_it(names: list[str], expected: list[str]) -> None:
    plan = "".join(f'[networks.{name}]\nkind = "vcs-vm"\ncidr = "172.24.30.0/24"\n' for name in "abc")
    rows = [{"network": name, "kind": "vcs-vm", "cidr": "172.24.30.0/24", "status": "pinned"} for name in names]
    assert said(plan, {"schema": "ipplan.allocation/1", "allocations": rows}) == expected


def test_what_shares_addresses_with_a_row_is_named_in_the_order_of_the_plan() -> None:
    plan = "".join(
        f'[networks.{name}]\nkind = "vcs-vm"\ncidr = "172.24.{place}.0/24"\n'
        for name, place in (("late", 19), ("early", 16), ("middle", 17))
    )
    (found,) = compare(plan, "cidr,comment\n172.24.16.0/22,all of the plan\n")
    assert found.networks == ("late", "early", "middle")
    assert found.because[-1] == (
        "it shares addresses with late 172.24.19.0/24, early 172.24.16.0/24, middle 172.24.17.0/24"
    )


CALICO = """\
apiVersion: projectcalico.org/v3
kind: IPPool
metadata: {name: pods}
spec: {cidr: 10.224.0.0/16, blockSize: 24}
---
apiVersion: projectcalico.org/v3
kind: BGPPeer
metadata: {name: esg}
spec: {peerIP: 10.9.9.9, asNumber: 64998}
---
apiVersion: projectcalico.org/v3
kind: BGPConfiguration
metadata: {name: default}
spec: {asNumber: 64999, serviceClusterIPs: [{cidr: 10.225.0.0/23}], serviceExternalIPs: [{cidr: 10.60.4.0/24}]}
---
"""


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("blockSize: 24", "blockSize: 26", []),
        (
            "10.225.0.0/23",
            "10.98.0.0/16",
            ["icp-services 10.225.0.0/23 is 10.98.0.0/16 in file0 line 14 (spec.serviceClusterIPs)"],
        ),
        ("serviceClusterIPs: [{cidr: 10.225.0.0/23}], ", "", []),
        (
            "10.60.4.0/24",
            "10.61.4.0/24",
            ["10.61.4.0/24 is in file0 line 14 (spec.serviceExternalIPs), but the plan has no such network"],
        ),
        (
            "10.225.0.0/23",
            "10.224.0.0/16",
            [
                "icp-pods 10.224.0.0/16 is of kind icp-pod, but of kind icp-service in file0 line 14 (spec.serviceClusterIPs)",
                "icp-services 10.225.0.0/23 is not in file0",
            ],
        ),
        ("10.224.0.0/16", "10.224.0.0/17", ["icp-pods 10.224.0.0/16 is 10.224.0.0/17 in file0 line 4 (spec.cidr)"]),
        ("10.224.0.0/16", "172.30.0.0/16", []),
    ],
)
def test_of_the_resources_of_calico_pools_and_services_are_compared(old: str, new: str, expected: list[str]) -> None:
    assert said(PLAN, changed(CALICO, old, new)) == expected


# -- gateways

GATEWAY = """\
conn dal
  left=169.46.73.18
  leftsubnet=172.24.16.0/23,172.24.18.0/27
  right=169.46.49.35
  rightsubnet=172.30.0.0/16,172.21.0.0/16,10.171.42.128/26
  auto=add
"""
TO_SITE = """\
[edges.dal]
[sites.hq]
[[link]]
between = ["hq", "dal"]
method = "{}"
[networks.esg-dal]
kind = "vcs-esg-public"
edge = "dal"
cidr = "169.46.73.16/28"
addresses = {{ uplink = 2 }}
[networks.vm-dal]
kind = "vcs-vm"
edge = "dal"
cidr = "172.24.16.0/24"
[networks.office]
kind = "enterprise"
site = "hq"
cidr = "192.168.64.0/24"
"""
SITE_TUNNEL = """\
conn hq
  left=169.46.73.18
  leftsubnet=172.24.16.0/24
  right=203.0.113.9
  rightsubnet=192.168.64.0/24
  auto=add
"""


def test_a_gre_tunnel_is_not_one_that_an_ipsec_gateway_describes() -> None:
    assert said(TO_SITE.format("ipsec"), SITE_TUNNEL) == []
    assert said(TO_SITE.format("gre"), SITE_TUNNEL) == ["file0 describes an IPsec tunnel, but the plan has none"]


PRIVATE = changed(
    changed(PLAN, "addresses = { strongswan = 3 }\n", ""),
    "[networks.esg]\n",
    '[networks.uplink]\nkind = "vcs-esg-private"\ncidr = "10.176.18.192/27"\naddresses = { uplink = 4 }\n[networks.esg]\n',
)


def test_the_whole_findings_of_gateways(*, update_golden: bool) -> None:
    partner = changed(changed(GATEWAY, "169.46.73.18", "203.0.113.8"), "169.46.49.35", "203.0.113.9")
    partner = partner.replace("172.24.1", "10.88.1").replace("172.30.", "10.77.").replace("172.21.", "10.78.")
    partner = changed(partner, "10.171.42.128/26", "10.79.0.0/24")
    private = {"local": {"subnet": "172.30.0.0/16,172.21.0.0/16,10.171.42.128/26"}, "loadBalancerIP": ""}
    remote = "172.24.16.0/23,172.24.18.0/27"
    plans = [
        ("one tunnel of others", compare(TUNNEL, partner)),
        (
            "two tunnels of others",
            compare(TUNNEL, partner + partner.replace("conn dal", "conn hq").replace("0.113.9", "0.113.10")),
        ),
        ("another own address", compare(TUNNEL, changed(GATEWAY, "169.46.73.18", "169.46.73.20"))),
        ("an own address elsewhere", compare(TUNNEL, changed(GATEWAY, "169.46.73.18", "169.46.99.1"))),
        ("an address of the far end elsewhere", compare(TUNNEL, changed(GATEWAY, "169.46.49.35", "169.46.99.2"))),
    ]
    plans += [
        (
            f"a private tunnel to {address}",
            compare(PRIVATE, {**private, "remote": {"subnet": remote, "gateway": address}}),
        )
        for address in ("10.176.18.197", "169.46.73.18")
    ]
    assert said(TUNNEL, GATEWAY) == []
    assert said(PRIVATE, {**private, "remote": {"subnet": remote, "gateway": "10.176.18.196"}}) == []
    compare_findings("drift.gateways", plans, update=update_golden)


def test_values_that_share_nothing_with_the_plan_are_compared_with_its_tunnel() -> None:
    values = {
        "local": {"subnet": "10.77.0.0/16"},
        "remote": {"subnet": "10.88.0.0/16", "gateway": "203.0.113.9"},
        "loadBalancerIP": "203.0.113.8",
    }
    messages = said(TUNNEL, values)
    assert (
        "10.77.0.0/16 is in file0 line 1 (local.subnet), but the plan has no such network on that side of the tunnel (local.subnet)"
        in messages
    )
    assert [m for m in messages if m.startswith("vm-")] == [
        "vm-web 172.24.16.0/24 is not in remote.subnet of file0",
        "vm-db 172.24.17.0/24 is not in remote.subnet of file0",
    ]
