"""The ESG as XML, tables, routes, nftables and variables: read back by independent readers, for every method."""

from __future__ import annotations

import re
import subprocess
import xml.etree.ElementTree as ET
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from ipplan.catalog import load_catalog
from ipplan.exporters import TARGETS, Request, export
from ipplan.landscape import Landscape
from ipplan.plan.choices import INTEGRATION
from ipplan.plan.load import parse_plan

if TYPE_CHECKING:
    from conftest import Run

SAMPLES = Path(__file__).parent.parent.parent / "sample-plans"
ELEMENTS = Path(__file__).parent.parent / "judges" / "data" / "nsx-elements.txt"
METHODS = INTEGRATION["iks-vcs"]
NUMBERS = "[integration]\nesg-asn = 64998\niks-asn = 64999\n"


@pytest.fixture
def plan(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """The reference plan with one of the methods."""
    text = (SAMPLES / "reference-architecture.toml").read_text("utf-8").replace("[integration]\n", NUMBERS, 1)
    file = tmp_path / "plan.toml"
    file.write_text(text.replace('iks-vcs = "strongswan"', f'iks-vcs = "{request.param}"'), encoding="utf-8")
    return file


for_each_method = pytest.mark.parametrize("plan", METHODS, indirect=True)
with_strongswan = pytest.mark.parametrize("plan", ["strongswan"], indirect=True)


def exported(run: Run, plan: Path, target: str, *more: str) -> str:
    done = run("export", str(plan), target, *more)
    assert done.returncode == 0, done.stderr
    return done.stdout.decode()


def texts(root: ET.Element, path: str) -> list[str]:
    return [element.text or "" for element in root.findall(path)]


@for_each_method
def test_nsx_gets_the_elements_of_its_api_in_their_order(run: Run, plan: Path) -> None:
    known = [line for line in ELEMENTS.read_text("utf-8").splitlines() if not line.startswith("#")]

    def walk(element: ET.Element, path: str) -> None:
        positions = []
        for child in element:
            below = f"{path}/{child.tag}"
            holding = [i for i, name in enumerate(known) if name == below or name.startswith(f"{below}/")]
            assert holding, f"{below} is not in the API"
            positions.append(holding[0])
            walk(child, below)
        assert positions == sorted(positions), f"the order of {path}"

    walk(ET.fromstring(exported(run, plan, "nsx-esg")), "edge")


@for_each_method
def test_nsx_and_nftables_hold_the_same_rules(run: Run, plan: Path) -> None:
    root = ET.fromstring(exported(run, plan, "nsx-esg"))
    names = {"0": "public", "1": "private"}
    from_xml = set()
    for rule in root.iter("natRule"):

        def get(name: str, rule: ET.Element = rule) -> str:
            return rule.findtext(name) or ""

        match, port = get("snatMatchDestinationAddress"), get("originalPort")
        translated = "" if get("translatedAddress") == get("originalAddress") else get("translatedAddress")
        from_xml.add((names[get("vnic")], get("originalAddress"), match, "" if port == "any" else port, translated))
    from_nft = set()
    for line in exported(run, plan, "nftables").splitlines():
        found = re.match(
            r" +[io]ifname \$(\w+) ip [sd]addr (\S+)(?: ip daddr (\S+))?(?: udp dport (\d+))? (?:accept|[sd]nat to (\S+))  #",
            line,
        )
        if found:
            from_nft.add(tuple(group or "" for group in found.groups()))
    assert from_xml == from_nft
    assert from_xml


@for_each_method
def test_every_next_hop_of_nsx_is_on_the_interface_of_its_route(run: Run, plan: Path) -> None:
    root = ET.fromstring(exported(run, plan, "nsx-esg"))
    subnets = {
        vnic.findtext("index"): ip_network(
            f"{vnic.findtext('.//primaryAddress')}/{vnic.findtext('.//subnetPrefixLength')}", strict=False
        )
        for vnic in root.findall("vnics/vnic")
    }
    routes = [(r.findtext("vnic"), r.findtext("nextHop")) for r in root.iter("route")]
    routes += [(r.findtext("vnic"), r.findtext("gatewayAddress")) for r in root.iter("defaultRoute")]
    assert len(routes) == 5
    for vnic, hop in routes:
        assert ip_address(hop or "") in subnets[vnic]


@with_strongswan
def test_the_ipsec_site_is_the_far_end_of_the_chart_and_holds_no_key(run: Run, plan: Path) -> None:
    site = ET.fromstring(exported(run, plan, "nsx-esg")).find(".//site")
    assert site is not None
    chart = yaml.safe_load(exported(run, plan, "strongswan-iks"))
    assert texts(site, "localSubnets/subnet") == chart["remote"]["subnet"].split(",")
    assert texts(site, "peerSubnets/subnet") == chart["local"]["subnet"].split(",")
    assert (site.findtext("localIp"), site.findtext("peerIp")) == (
        chart["remote"]["gateway"],
        chart["loadBalancerIP"],
    )
    assert (site.findtext("localId"), site.findtext("peerId")) == (
        chart["remote"]["id"],
        chart["local"]["id"],
    )
    assert site.find("psk") is None, "an empty key may be taken for agreed"


@pytest.mark.parametrize("plan", ["bgp", "common-vlan"], indirect=True)
def test_bgp_of_nsx_lets_in_pods_and_lets_out_the_overlay_and_nothing_else(run: Run, plan: Path) -> None:
    root = ET.fromstring(exported(run, plan, "nsx-esg"))
    overlay = {"172.24.16.0/23"}  # of the group of VM networks
    if 'iks-vcs = "bgp"' in plan.read_text("utf-8"):
        overlay.add("172.24.18.0/27")  # else IKS reaches ICP workers through the tunnel between the clusters
    assert set(texts(root, ".//ipPrefix/ipAddress")) == overlay
    connected = {"172.24.18.0/27"}  # the ESG is the gateway of ICP workers
    static = set(texts(root, ".//route/network"))
    assert overlay - connected <= static, "NSX announces only what it has a route for"
    assert not static & connected
    for number, name in enumerate(texts(root, ".//ipPrefix/ipAddress"), 1):
        (rule,) = [r for r in root.iter("rule") if r.findtext("prefixName") == f"overlay-{number}"]
        assert (rule.findtext("from/static"), rule.findtext("from/connected")) == (
            ("false", "true") if name in connected else ("true", "false")
        )
    for neighbour in root.iter("bgpNeighbour"):
        rules = [
            (f.findtext("direction"), f.findtext("action"), f.findtext("network")) for f in neighbour.iter("bgpFilter")
        ]
        allowed = {network for direction, action, network in rules if (direction, action) == ("out", "permit")}
        assert allowed == overlay
        assert [r for r in rules if r[:2] == ("in", "permit")] == [("in", "permit", "172.30.0.0/16")]
        assert [r for r in rules if r[1] == "deny"] == [
            ("in", "deny", "0.0.0.0/0"),
            ("out", "deny", "0.0.0.0/0"),
        ]


@for_each_method
def test_a_shell_takes_the_routes_of_every_device(run: Run, plan: Path, tmp_path: Path) -> None:
    (tmp_path / "routes.sh").write_text(exported(run, plan, "ip-route"), encoding="utf-8")
    calls = tmp_path / "calls"
    (tmp_path / "ip").write_text(f'#!/bin/sh\necho "$*" >> {calls}\n', encoding="utf-8")
    (tmp_path / "ip").chmod(0o755)

    def sh(*device: str) -> subprocess.CompletedProcess[str]:
        command = ["sh", "routes.sh", *device]
        env = {"PATH": f"{tmp_path}:/usr/bin:/bin", "LINK": "eth1"}
        return subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)

    asked = sh()
    assert asked.returncode == 2
    names = asked.stderr.partition("one of: ")[2].strip().split(", ")
    assert {"esg", "dlr", "vms-in-vm-web", "icp-workers-of-icp-prod"} <= set(names)
    for name in names:
        assert sh(name).returncode == 0
    lines = calls.read_text("utf-8").splitlines()
    assert "route replace 0.0.0.0/0 via 169.46.73.17" in lines
    for line in lines:
        _, _, prefix, how, hop = line.split()
        assert ip_network(prefix)
        assert hop == "eth1" if how == "dev" else ip_address(hop)


@with_strongswan
def test_tables_for_people_hold_every_route_and_rule(run: Run, plan: Path) -> None:
    table, routes = exported(run, plan, "nsx-esg-table"), exported(run, plan, "routes")
    assert [x for x in table.splitlines() if x.startswith("## ")] == [
        "## Interfaces",
        "## NAT, in this order",
        "## Routes",
        "## IPsec sites",
        "## Firewall: traffic to allow",
    ]
    assert "| DNAT | Private Uplink | 10.176.18.195 | any | 172.24.18.10 | any | master VIP of icp-prod |" in table
    assert "| 172.30.0.0/16 | 169.46.49.35 | strongSwan | IPsec policy |" in routes
    assert "## DLR" in routes


@with_strongswan
def test_variables_of_ansible_hold_networks_and_devices(run: Run, plan: Path) -> None:
    text = exported(run, plan, "ansible")
    found = yaml.safe_load(text)["ipplan"]
    assert found["networks"]["iks-pods"]["cidr"] == "172.30.0.0/16"
    assert found["networks"]["icp-workers"]["addresses"]["master-vip"] == "172.24.18.10"
    assert found["edges"][0]["destination_nat"][0]["target"] == {"address": "172.24.18.10", "example": False}
    assert [t["name"] for t in found["tunnels"]] == ["iks-prod-esg", "iks-prod-icp-prod"]


@pytest.mark.parametrize("target", ["nsx-esg", "nsx-esg-table", "nftables"])
def test_one_of_several_esgs_has_to_be_chosen(run: Run, target: str) -> None:
    plan = SAMPLES.parent / "tests" / "landscape" / "before" / "two-clusters.toml"  # no tunnel between its ESGs
    done = run("export", str(plan), target)
    assert (done.returncode, done.stdout) == (1, b"")
    assert "error: the plan has 2 ESGs\nhelp: add --edge dallas or --edge frankfurt" in done.stderr.decode()
    assert "10.232." not in exported(run, plan, target, "--edge", "dallas")
    assert "the plan has no edge nowhere" in run("export", str(plan), target, "--edge", "nowhere").stderr.decode()


@pytest.mark.parametrize("plan", ["bgp"], indirect=True)
def test_everything_that_is_missing_is_reported_at_once(run: Run, plan: Path) -> None:
    text = plan.read_text("utf-8")
    plan.write_text(text.replace("esg-asn = 64998\niks-asn = 64999\n", ""), encoding="utf-8")
    done = run("export", str(plan), "nsx-esg")
    assert (done.returncode, done.stdout) == (1, b"")
    assert "the plan states no esg-asn" in done.stderr.decode()
    bare = plan.parent / "bare.toml"
    bare.write_text('[networks.vm]\nkind = "vcs-vm"\ncidr = "172.24.0.0/24"\n', encoding="utf-8")
    said = run("export", str(bare), "nsx-esg", "--force").stderr.decode()
    assert "no public uplink; the plan has no private uplink; the plan has no transit network" in said


@with_strongswan
def test_an_address_that_the_plan_gives_to_nothing_is_marked(run: Run, plan: Path) -> None:
    text = plan.read_text("utf-8").replace("addresses = { uplink = 2, icp-master = 3, icp-proxy = 4 }", "")
    plan.write_text(text, encoding="utf-8")
    assert "is an example: write addresses = { uplink = 4 } in esg-private" in exported(run, plan, "nsx-esg")
    assert "| 1 | Private Uplink | 10.176.18.194\\*/27 | 10.176.18.195\\*, 10.176.18.196\\* |" in exported(
        run, plan, "nsx-esg-table"
    )
    assert "#   private: 10.176.18.194 (an example)" in exported(run, plan, "nftables")


def test_routes_say_what_is_missing_for_others(run: Run, tmp_path: Path) -> None:
    text = (SAMPLES / "two-clusters.toml").read_text("utf-8")
    plan = tmp_path / "plan.toml"
    plan.write_text(
        text.replace('[networks.vm-fra]\nkind = "vcs-vm"\nedge = "frankfurt"', '[networks.vm-fra]\nkind = "vcs-vm"'),
        "utf-8",
    )
    told = '- vm-fra names no edge, and the plan has several: write edge = "NAME" in each\n'
    assert exported(run, plan, "routes").endswith(f"## Missing in the plan\n\n{told}")
    assert "# missing in the plan: vm-fra names no edge" in exported(run, plan, "ip-route")
    assert "Missing in the plan" not in exported(run, SAMPLES / "two-clusters.toml", "routes")


def test_a_long_list_of_routes_and_rules_is_one_tree_in_order() -> None:
    networks = "".join(
        f'[networks.n{i}]\nkind = "vcs-vm"\ncidr = "10.{i // 128 + 224}.{i % 128 * 2}.0/24"\n' for i in range(1_200)
    )
    text = '[networks.esg]\nkind = "vcs-esg-private"\ncidr = "10.176.18.192/27"\n[networks.transit]\n'
    plan = parse_plan((text + 'kind = "vcs-transit"\ncidr = "172.24.0.0/29"\n' + networks).encode(), "plan.toml")
    made = export(TARGETS["nsx-esg"], Request(Landscape(plan, load_catalog())))
    assert isinstance(made, str)
    tree = ET.fromstring(made)
    routes = {route.findtext("network") for route in tree.iter("route")}
    assert routes >= {str(n.prefix) for n in plan.networks[2:]}
    for tag in ("route", "natRule"):
        lines = [line for line in made.split("\n") if line.strip() == f"<{tag}>"]
        assert len(lines) >= 1_200
        assert len(set(lines)) == 1, "all are indented alike"
