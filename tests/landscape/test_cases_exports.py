"""Exports and flows are one: LANDSCAPE's cases in which a file and a hop differed, each with the right value."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from test_cases_checks import BOTH_SHOWN, net
from test_cases_flows import FRA_PUBLIC, PLAN_18, PRIVATE_ENDS, WEB, routed
from walking import REFERENCE, TWO, changes, edit, exported, flow, integrate, settled, walk

from ipplan.exporters import ExportError

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Run

COMMENT = re.compile(r"\s+#.*$", re.MULTILINE)


def rules(text: str, edge: str | None = None) -> list[str]:
    """Return the rules of an ESG's nftables without their comments."""
    made = exported(text, "nftables", **({} if edge is None else {"edge": edge}))
    return [line.strip() for line in COMMENT.sub("", made).splitlines() if " saddr " in line or " daddr " in line]


def device_routes(text: str, device: str) -> list[str]:
    """Return the routes of one device in the script of ip route, without their comments."""
    made = exported(text, "ip-route")
    body = made.partition(f"\n{device})\n")[2].partition(";;")[0]
    return [
        COMMENT.sub("", line).strip().removeprefix("ip route replace ")
        for line in body.splitlines()
        if "ip route" in line
    ]


@pytest.mark.parametrize(("vm", "edge"), [("vm-dal", "dallas"), ("vm-fra", "frankfurt")])
def test_01_the_source_of_a_vm_is_that_of_the_file(vm: str, edge: str) -> None:
    (changed,) = changes(walk(TWO, vm, "internet").hops)
    own = next(str(n.prefix) for n in settled(TWO).networks if n.name == vm)
    assert f"oifname $public ip saddr {own} snat to {changed.rpartition(' ')[2]}" in rules(TWO, edge)


def test_03_dnat_of_the_cluster_is_in_the_file_of_its_edge() -> None:
    rule = "iifname $public ip daddr 159.122.70.36 dnat to 10.232.9.11"
    named = edit(TWO, (FRA_PUBLIC, FRA_PUBLIC.replace("uplink = 2,", "uplink = 2, icp-proxy = 4,")))
    assert rule in rules(named, "frankfurt")
    assert not any("$public" in line and "10.232.9.11" in line for line in rules(TWO, "frankfurt"))
    assert not any("10.232.9.11" in line for line in rules(named, "dallas"))


@pytest.mark.parametrize(("edge", "end"), [("dallas", "169.46.73.18"), ("frankfurt", "159.122.70.34")])
def test_04_the_chart_of_each_tunnel_names_its_own_esg(edge: str, end: str) -> None:
    plan = integrate(TWO, iks_vcs="strongswan")
    made = exported(plan, "strongswan-iks", cluster="iks-dal", to=edge)
    assert end in made
    assert ("159.122.70.34" if edge == "dallas" else "169.46.73.18") not in made


def test_07_the_chart_translates_what_the_link_shows() -> None:
    made = exported(BOTH_SHOWN, "strongswan-iks", cluster="a")
    (line,) = (line for line in made.splitlines() if "localSubnetNAT" in line and not line.lstrip().startswith("#"))
    assert "172.30.0.0/16=10.232.0.0/16" in line
    assert "172.21.0.0/16=10.233.0.0/16" in line
    (pods,) = (line for line in made.splitlines() if line.startswith("enablePodSNAT"))
    assert "false" in pods
    assert changes(walk(BOTH_SHOWN, "a-pods", "vm").hops) == ["strongSwan of a: source 172.30.0.1 -> 10.232.0.1"]


def test_08_09_dnat_is_for_what_the_plan_names() -> None:
    assert [line for line in rules(REFERENCE) if "dnat" in line and "udp" not in line] == [
        "iifname $private ip daddr 10.176.18.195 dnat to 172.24.18.10",
        "iifname $public ip daddr 169.46.73.19 dnat to 172.24.18.10",
        "iifname $private ip daddr 10.176.18.196 dnat to 172.24.18.11",
        "iifname $public ip daddr 169.46.73.20 dnat to 172.24.18.11",
    ]
    plan = edit(REFERENCE, (PLAN_18, "addresses = { uplink = 2, icp-master = 3, icp-strongswan = 5 }"))
    assert not any("$public" in line and "172.24.18.11" in line for line in rules(plan))


@pytest.mark.parametrize(("method", "device"), [("bgp", "bcr"), ("common-vlan", "iks-prod-worker")])
def test_12_routes_of_hops_are_in_the_list_of_routes(method: str, device: str) -> None:
    plan = integrate(REFERENCE, iks_vcs=method)
    made = exported(plan, "routes")
    for hop in flow(plan, "C").hops:
        if hop.route is not None and hop.device in ("vRouter", "worker", "ESG", "DLR"):
            assert f"| {hop.route} |" in made, hop


def test_11_the_esg_has_the_workers_on_an_interface() -> None:
    made = exported(REFERENCE, "ip-route")
    assert "# 172.24.18.0/27 towards VXLAN: connected" in made.partition("\ndlr")[0]


def test_14_the_dlr_writes_the_route_over_the_stretched_network() -> None:
    plan = edit(REFERENCE, (WEB, f"{WEB}\naddresses = {{ on-premises = 254 }}"))
    assert "192.168.64.0/20 via 172.24.17.254" in device_routes(plan, "dlr")
    assert not any("192.168.64.0/20" in line for line in device_routes(plan, "esg"))


def test_15_workers_get_the_static_route() -> None:
    plan = routed("192.168.100.0/24")
    assert "192.168.100.0/24 via 10.171.42.129" in device_routes(plan, "iks-workers-of-iks-prod")
    assert "192.168.100.0/24" in exported(plan, "routes").partition("## IKS worker")[2]
    made = exported(plan, "static-route")
    assert 'kind: "StaticRoute"' in made
    assert "192.168.100.0/24" in made


@pytest.mark.parametrize("cidr", ["10.40.0.0/20", "172.16.100.0/24"])
def test_15_no_static_route_where_none_is_needed_or_none_is_accepted(cidr: str) -> None:
    plan = routed(cidr)
    assert not any(line.startswith(cidr) for line in device_routes(plan, "iks-workers-of-iks-prod"))
    with pytest.raises(ExportError):
        exported(plan, "static-route")


def test_17_flows_show_the_address_that_the_file_gives() -> None:
    plan = integrate(REFERENCE, iks_vcs="static-nat")
    for vm in ("vm-web", "vm-db"):
        traced = walk(plan, "iks-pods", vm)
        target = traced.destination.address
        assert f"iifname $private ip daddr {traced.asked} dnat to {target}" in rules(plan)


# 26: a group is one prefix.


def test_26_a_group_to_itself_is_one_prefix_everywhere() -> None:
    assert [str(hop.route) for hop in flow(REFERENCE, "C").hops if hop.device == "ESG" and hop.route] == [
        "172.24.16.0/23"
    ]
    assert "172.24.16.0/23 via 172.24.19.2" in device_routes(REFERENCE, "esg")
    made = exported(REFERENCE, "strongswan-iks")
    assert "172.24.16.0/23" in made
    assert "172.24.16.0/26" not in made
    assert "172.24.16.0/23" in exported(REFERENCE, "strongswan-conf")


def test_26_another_network_in_the_prefix_keeps_the_members_apart() -> None:
    plan = edit(
        REFERENCE,
        ('hosts = 60\ngrow-to = 24\npool = "172.24.0.0/14"', 'cidr = "172.24.16.0/26"'),
        ('prefix = 24\npool = "172.24.0.0/14"', 'cidr = "172.24.17.0/24"'),
    )
    assert "172.24.16.0/23" in exported(plan, "strongswan-iks")
    plan += "\n" + net("branch", "enterprise", "172.24.16.128/26")
    made = exported(plan, "strongswan-iks")
    assert "172.24.16.0/23" not in made
    assert "172.24.16.0/26" in made


# 27: a tunnel without an address is not written.


def test_27_a_chart_without_the_address_of_the_esg_is_refused() -> None:
    plan = edit(
        REFERENCE,
        ('kind = "vcs-esg-public"\ncidr = "169.46.73.16/28"', 'kind = "vcs-esg-public"\nprefix = 28'),
    )
    for target in ("strongswan-iks", "strongswan-conf", "strongswan-iks-icp"):
        with pytest.raises(ExportError) as refused:
            exported(plan, target)
        assert "no range yet" in str(refused.value), target


# 28: icp-vcs = "none".


def test_28_no_translation_for_icp_without_icp_vcs() -> None:
    plan = integrate(REFERENCE, icp_vcs="none")
    assert not any("172.24.18." in line and "udp" not in line for line in rules(plan))
    assert walk(plan, "icp-workers", "management").result == "unreachable"
    assert any("172.24.18.0/27 snat" in line for line in rules(REFERENCE))
    assert walk(REFERENCE, "icp-workers", "management").ok


# 30: no router has an address in pod and service ranges.


def test_30_pods_and_services_have_no_gateway(run: Run, tmp_path: Path) -> None:
    plan = tmp_path / "plan.toml"
    plan.write_text(REFERENCE, encoding="utf-8")
    shown = json.loads(run("show", str(plan), "--allocated", "--json").stdout)
    inside = [n for n in shown["networks"] if n["kind"].partition("-")[2] in ("pod", "service")]
    assert len(inside) == 4
    assert [n["gateway"] for n in inside] == [None] * 4
    for target in ("ansible", "terraform", "hosts", "routes"):
        made = exported(REFERENCE, target, **({"domain": "example.com"} if target == "hosts" else {}))
        assert "172.30.0.1" not in made, target
        assert "172.21.0.1" not in made, target


# 34: a network may have the name of a default.


def test_34_a_network_with_the_name_of_a_default_is_itself() -> None:
    plan = '[clusters.iks]\nplatform = "iks"\n' + net("x", "vcs-vm", "172.24.0.0/24").replace(
        "[networks.x]", '[networks."iks (pods, default)"]'
    )
    found = [(n.name, n.kind.name) for n in settled(plan).taking_part()]
    assert ("iks (pods, default)", "vcs-vm") in found
    assert len({name for name, _ in found}) == len(found)
    assert walk(plan, "iks (pods, default)", "internet").source.address.network == "iks (pods, default)"


def test_34_show_lists_it_once(run: Run, tmp_path: Path) -> None:
    plan = tmp_path / "plan.toml"
    name = '[networks."iks (pods, default)"]\nkind = "vcs-vm"\ncidr = "172.24.0.0/24"\n'
    plan.write_text('[clusters.iks]\nplatform = "iks"\n' + name, encoding="utf-8")
    shown = json.loads(run("show", str(plan), "--json").stdout)
    assert [(n["network"], n["cidr"]) for n in shown["networks"]] == [
        ("iks (pods, default)", "172.24.0.0/24"),
        ("iks (pods, default 2)", "172.30.0.0/16"),
        ("iks (services, default)", "172.21.0.0/16"),
    ]


# 35: rules per IP version.


def test_35_rules_have_one_ip_version() -> None:
    plan = integrate(REFERENCE, iks_vcs="bgp", enterprise="routed")
    plan += (
        "\n"
        + net("vm-six", "vcs-vm", "fd00:1::/64")
        + net("pods-six", "iks-pod", "fd00:2::/112", 'cluster = "iks-prod"')
    )
    for line in exported(plan, "nftables").splitlines():
        assert not ("ip saddr" in line and "fd00" in line), line
        assert not ("ip daddr" in line and "fd00" in line), line


# 36: private ends of a tunnel, in the chart, in swanctl and in flows.


def test_36_one_answer_about_private_tunnel_ends() -> None:
    plan = edit(REFERENCE, *PRIVATE_ENDS)
    chart = exported(plan, "strongswan-iks")
    values = dict(re.findall(r'^ *([\w.]+): *"?([^"\n]*)"?$', chart, re.MULTILINE))
    assert values["gateway"] == "10.176.18.199"
    assert values["loadBalancerIP"] == ""
    assert "10.171.42.128/26" not in "".join(line for line in chart.splitlines() if not line.lstrip().startswith("#"))
    conf = exported(plan, "strongswan-conf")
    assert "10.176.18.199" in conf
    assert "169.46.73.18" not in conf.partition("ibm-cloud")[2].partition("icp")[0]
    assert {o.destination.text for hop in flow(plan, "C").hops for o in hop.outer if o.protocol == "ESP"} == {
        "10.176.18.199"
    }
