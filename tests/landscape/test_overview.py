"""The landscape as a whole: domains, links in force, who reaches whom, devices and routes of each instance."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from ipplan.catalog import load_catalog
from ipplan.landscape import Landscape
from ipplan.landscape.bundles import list_bundles
from ipplan.landscape.instances import list_instances
from ipplan.landscape.overview import Overview, build_overview
from ipplan.output.topology import Shown, best_ways, render_text
from ipplan.output.topology_diagrams import render_graphviz
from ipplan.plan.load import parse_plan
from ipplan.plan.methods import PAIRS

HERE = Path(__file__).parent

SAMPLES = sorted((HERE.parent.parent / "sample-plans").glob("*.toml"))
LINKED = (HERE / "linked.toml").read_text(encoding="utf-8")


def landscape_of(text: str) -> Landscape:
    return Landscape(parse_plan(text.encode(), "plan.toml"), load_catalog())


def overview_of(text: str) -> Overview:
    return build_overview(landscape_of(text))


def compare(name: str, actual: str, *, update: bool) -> None:
    file = HERE / name
    if update:
        file.write_text(actual, encoding="utf-8", newline="")
    assert actual == file.read_text(encoding="utf-8")


def test_text_of_links_of_every_sort(*, update_golden: bool) -> None:
    landscape = landscape_of(LINKED)
    shown = Shown(build_overview(landscape), tuple(list_instances(landscape)))
    compare("linked.topology.txt", render_text(shown, width=None, color=False), update=update_golden)


def test_drawing_of_links_of_every_sort(*, update_golden: bool) -> None:
    landscape = landscape_of(LINKED)
    shown = Shown(build_overview(landscape), tuple(list_instances(landscape)))
    compare("linked.topology.dot", render_graphviz(shown), update=update_golden)


CLUSTERS = '[clusters.a]\nplatform = "iks"\n[clusters.b]\nplatform = "icp"\n'
NETWORKS = """\
[networks.vm]
kind = "vcs-vm"
cidr = "172.24.16.0/24"
[networks.pub]
kind = "vcs-esg-public"
cidr = "169.46.73.16/28"
addresses = { uplink = 2, icp-proxy = 3 }
[networks.priv]
kind = "vcs-esg-private"
cidr = "10.176.18.192/27"
[networks.wi]
kind = "iks-worker-private"
cluster = "a"
cidr = "10.171.42.128/26"
[networks.in]
kind = "iks-ingress-public"
cluster = "a"
cidr = "169.46.49.32/29"
[networks.wc]
kind = "icp-worker"
cluster = "b"
cidr = "172.24.18.0/27"
[networks.office]
kind = "enterprise"
cidr = "192.168.64.0/20"
"""
BASE = CLUSTERS + NETWORKS


def integration(**methods: str) -> str:
    stated = {"icp-vcs": "none", "iks-vcs": "none", "iks-icp": "none", "enterprise": "none"}
    stated.update({key.replace("_", "-"): method for key, method in methods.items()})
    return "[integration]\n" + "".join(f'{key} = "{method}"\n' for key, method in stated.items())


# what the plan states beside "none", from, to, how
REACHED = [
    ({}, "cluster a", "ibm-private", "own"),
    ({}, "cluster a", "overlay", None),
    ({}, "overlay", "cluster a", "device"),
    ({}, "cluster b", "overlay", "own"),
    ({}, "cluster b", "ibm-private", None),
    ({}, "overlay", "cluster b", "device"),
    ({}, "ibm-private", "overlay", None),
    ({}, "internet", "cluster a", "device"),
    ({}, "internet", "cluster b", None),
    ({}, "site enterprise", "ibm-private", None),
    ({}, "overlay", "internet", "own"),
    ({}, "cluster b", "internet", None),
    ({"icp_vcs": "nat"}, "cluster b", "ibm-private", "own"),
    ({"icp_vcs": "nat"}, "cluster b", "internet", "own"),
    ({"icp_vcs": "nat"}, "ibm-private", "cluster b", "device"),
    ({"icp_vcs": "nat"}, "internet", "overlay", "device"),
    ({"iks_vcs": "strongswan"}, "cluster a", "overlay", "own"),
    ({"iks_vcs": "strongswan"}, "overlay", "cluster a", "own"),
    ({"iks_vcs": "common-vlan"}, "overlay", "cluster a", "own"),
    ({"iks_vcs": "static-nat"}, "cluster a", "overlay", "device"),
    ({"iks_vcs": "static-nat"}, "overlay", "cluster a", "device"),
    ({"iks_vcs": "bgp"}, "ibm-private", "overlay", "own"),
    ({"iks_vcs": "bgp"}, "site enterprise", "cluster a", "device"),
    ({"iks_vcs": "bgp", "enterprise": "routed"}, "site enterprise", "cluster a", "own"),
    ({"iks_icp": "strongswan"}, "cluster a", "cluster b", "own"),
    ({"iks_icp": "strongswan"}, "cluster b", "cluster a", "own"),
    ({"enterprise": "l2-extension"}, "site enterprise", "overlay", "own"),
    ({"enterprise": "l2-extension"}, "overlay", "site enterprise", "own"),
    ({"enterprise": "l2-extension"}, "site enterprise", "ibm-private", None),
    ({"enterprise": "routed"}, "site enterprise", "ibm-private", "own"),
    ({"enterprise": "routed"}, "cluster a", "site enterprise", "own"),
    ({"enterprise": "routed"}, "cluster b", "site enterprise", None),
]


@pytest.mark.parametrize(("stated", "origin", "target", "expected"), REACHED)
def test_who_reaches_whom_by_the_short_form(
    stated: dict[str, str], origin: str, target: str, expected: str | None
) -> None:
    best = best_ways(overview_of(integration(**stated) + BASE).reach)
    way = best.get((origin, target))
    assert (None if way is None else way.addresses) == expected


def test_links_join_only_what_they_name() -> None:
    best = best_ways(overview_of(LINKED).reach)
    assert best["cluster iks-dal", "overlay dallas"].addresses == "own"
    assert best["overlay dallas", "cluster iks-dal"].addresses == "shown"
    assert best["cluster iks-fra", "overlay dallas"].addresses == "device"
    assert ("cluster iks-fra", "overlay frankfurt") not in best
    assert best["overlay dallas", "overlay frankfurt"].addresses == "own"
    assert best["overlay frankfurt", "site lab"].addresses == "shown"
    assert ("overlay dallas", "site lab") not in best


def test_an_address_for_answers_only_is_no_destination() -> None:
    text = LINKED.replace('as = "10.233.0.0/24"', 'as = "10.233.0.1/32"')
    best = best_ways(overview_of(text).reach)
    assert ("overlay frankfurt", "site lab") not in best
    assert best["site lab", "overlay frankfurt"].addresses == "own"


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_every_network_stands_in_one_domain(sample: Path) -> None:
    plan = parse_plan(sample.read_bytes(), sample.name)
    overview = build_overview(Landscape(plan, load_catalog()))
    named = [n.name for d in overview.domains for n in d.networks] + [n.name for n in overview.unplaced]
    assert sorted(named) == sorted({*(n.name for n in plan.networks), *(n.name for n in plan.defaults)})
    assert len({d.name for d in overview.domains}) == len(overview.domains)


ALIKE = [
    "",
    '[[link]]\nbetween = ["a0", "e1"]\nmethod = "none"\n',
    '[[link]]\nbetween = ["a0", "e1"]\nmethod = "bgp"\n',
    '[[link]]\nbetween = ["a0", "b1"]\nmethod = "none"\n',
    '[[link]]\nbetween = ["a0", "b1"]\nmethod = "strongswan"\n',
    '[[link]]\nbetween = ["s0", "e1"]\nmethod = "ipsec"\n',
    '[networks.in]\nkind = "iks-ingress-public"\ncluster = "a1"\ncidr = "169.46.49.32/29"\n'
    "addresses = { strongswan = 2, e0-strongswan = 3, b1-vpn = 4 }\n",
    '[networks.in]\nkind = "iks-ingress-private"\ncluster = "a1"\ncidr = "10.171.87.64/29"\naddresses = { strongswan = 2 }\n',
    '[networks.w9]\nkind = "iks-worker-private"\ncluster = "a2"\nedge = "e0"\ncidr = "10.171.90.64/26"\n',
]
METHODS = [
    {key: method for key, method in zip(("iks_vcs", "iks_icp", "enterprise"), chosen, strict=True) if method}
    for chosen in product(
        ("strongswan", "common-vlan", "bgp", "static-nat", ""), ("strongswan", "none"), ("l2-extension", "routed", "")
    )
]


@pytest.mark.parametrize("more", ALIKE)
@pytest.mark.parametrize("methods", METHODS, ids=str)
def test_bundles_are_the_links_of_every_end_and_alike(methods: dict[str, str], more: str) -> None:
    """What a bundle says of one of its ends holds for every link of that end in it."""
    text = "[integration]\nicp-vcs = 'nat'\n" + "".join(
        f"{key.replace('_', '-')} = '{method}'\n" for key, method in methods.items()
    )
    for i in range(3):
        text += f"[clusters.a{i}]\nplatform = 'iks'\n[clusters.b{i}]\nplatform = 'icp'\nedge = 'e{i % 2}'\n"
        text += f"[networks.w{i}]\nkind = 'iks-worker-private'\ncluster = 'a{i}'\ncidr = '10.171.{i}.64/26'\n"
        text += f"[networks.c{i}]\nkind = 'icp-worker'\ncluster = 'b{i}'\ncidr = '172.24.{i}.64/26'\n"
    for i in range(2):
        text += f"[edges.e{i}]\n[sites.s{i}]\n[networks.o{i}]\nkind = 'enterprise'\nsite = 's{i}'\ncidr = '192.168.{i}.0/24'\n"
        text += f"[networks.v{i}]\nkind = 'vcs-vm'\nedge = 'e{i}'\ncidr = '172.25.{i}.0/24'\n"
        text += f"[networks.q{i}]\nkind = 'vcs-esg-private'\nedge = 'e{i}'\ncidr = '10.176.{i}.64/27'\n"
    text += "[networks.p0]\nkind = 'vcs-esg-public'\nedge = 'e0'\ncidr = '169.46.73.16/28'\n"
    landscape = landscape_of(text + more)
    ends = landscape.ends
    joined = [joint for bundle in list_bundles(ends) for joint in bundle.joints()]
    of_ends = {j for e in (*ends.clusters, *ends.edges, *ends.sites) for j in ends.links.of(e)}
    assert len(joined) == len(set(joined))
    assert set(joined) == of_ends
    for bundle in list_bundles(ends):
        for joint in bundle.joints():
            for end in (joint.first, joint.second):
                alike = bundle.joint_of(end)
                assert ends.carriage.carried(alike, end) == ends.carriage.carried(joint, end)
                if PAIRS[bundle.pair].ends[0] != "site" and bundle.method == "strongswan":
                    assert landscape.tunnels.end_of(alike, end) == landscape.tunnels.end_of(joint, end)


def test_routes_are_the_fewest_prefixes_with_the_same_addresses() -> None:
    for text in (LINKED, *(sample.read_text(encoding="utf-8") for sample in SAMPLES)):
        for row in overview_of(text).routes:
            for each in row.sets:
                assert len(each.merged) <= len(each.prefixes)
                assert all(any(m.covers(p) for m in each.merged) for p in each.prefixes)
                if each.cover is not None:
                    assert all(each.cover.covers(prefix) for prefix in each.prefixes)


def test_devices_are_instances_with_the_addresses_that_others_know() -> None:
    devices = {device.title: device for device in list_instances(landscape_of(LINKED))}
    assert list(devices) == [
        "IKS workers of iks-dal",
        "ALB of iks-dal",
        "IKS workers of iks-fra",
        "ICP workers of icp-dal",
        "ESG of dallas",
        "DLR of dallas",
        "ESG of frankfurt",
        "DLR of frankfurt",
        "BCR",
        "FCR",
        "XCR",
        "on-premises router of hq",
        "L2 concentrator of hq",
        "on-premises router of lab",
    ]
    (stretched,) = (port for port in devices["on-premises router of hq"].ports if port.name == "stretched")
    assert str(stretched.addresses[0]) == "172.24.16.254"


def test_clusters_of_thousands_cost_what_they_hold() -> None:
    text = "[integration]\niks-vcs = 'strongswan'\n[networks.vm]\nkind = 'vcs-vm'\ncidr = '172.24.16.0/24'\n" + "".join(
        f"[clusters.a{i}]\nplatform = 'iks'\n" for i in range(2_000)
    )
    overview = overview_of(text)
    assert len(overview.links) == 1
    assert sum(len(r.origins) + len(r.targets) for r in overview.reach) < 20_000
    assert sum(len(r.at) + len(r.sets) for r in overview.routes) < 20_000
