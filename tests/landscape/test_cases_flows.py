"""Flows that once named a wrong device, rule or route: LANDSCAPE's cases, each with the right value, and its siblings."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from walking import (
    REFERENCE,
    TWO,
    around,
    changes,
    edit,
    end_of,
    findings,
    flow,
    integrate,
    landscape,
    packets,
    routes,
    walk,
)

if TYPE_CHECKING:
    from ipplan.flows import Trace

HERE = Path(__file__).parent
PLAN_18 = "addresses = { uplink = 2, icp-master = 3, icp-proxy = 4, icp-strongswan = 5 }"
FRA_PUBLIC = 'cidr = "159.122.70.32/28"\naddresses = { uplink = 2, icp-strongswan = 3 }'
DAL_PUBLIC = 'cidr = "169.46.73.16/28"\naddresses = { uplink = 2, icp-strongswan = 3 }'


def devices(traced: Trace) -> list[str]:
    """Return the devices of the request, with whose they are."""
    return [hop.device if hop.name is None else f"{hop.device} of {hop.name}" for hop in traced.hops]


# 1: each edge translates with its own address.


@pytest.mark.parametrize(
    ("vm", "own", "edge"),
    [("vm-dal", "169.46.73.18", "dallas"), ("vm-fra", "159.122.70.34", "frankfurt")],
)
def test_01_each_vm_leaves_by_its_own_esg(vm: str, own: str, edge: str) -> None:
    traced = walk(TWO, vm, "internet")
    assert end_of(traced) == ("reachable", "handed-over", None)
    (changed,) = changes(traced.hops)
    assert changed.startswith(f"ESG of {edge}: source ")
    assert changed.endswith(f" -> {own}")
    (rule,) = (
        entry for hop in traced.hops for entry in hop.decided if hop.action == "snat" and "Nat" in type(entry).__name__
    )
    esg = next(e for e in landscape(TWO).ends.edges if e.name == edge)
    assert rule in landscape(TWO).esg(esg).source_nat


# 2: two edges are two overlays.


def test_02_two_edges_are_two_overlays() -> None:
    traced = walk(TWO, "vm-dal", "vm-fra")
    assert end_of(traced) == ("reachable", "delivered", None)
    assert devices(traced)[2:] == [
        "DLR of dallas",
        "ESG of dallas",
        "BCR",
        "ESG of frankfurt",
        "DLR of frankfurt",
        "VM of vm-fra",
    ]
    assert changes(traced.hops) == ["ESG of dallas: source 10.224.32.2 -> 10.176.18.194"]
    assert changes(traced.back) == ["ESG of dallas: destination 10.176.18.194 -> 10.224.32.2"]
    assert not any("two VXLANs" in hop.text for hop in traced.hops)


@pytest.mark.parametrize("method", ["strongswan", "common-vlan", "none"])
def test_02_without_announcement_there_is_no_way_between_two_edges(method: str) -> None:
    traced = walk(integrate(TWO, iks_vcs=method), "vm-dal", "vm-fra")
    assert traced.result == "unreachable"
    assert devices(traced)[2:4] == ["DLR of dallas", "ESG of dallas"]


# 3: DNAT of the cluster's own edge, or a stop.


def test_03_an_internet_user_meets_the_edge_of_the_cluster() -> None:
    traced = walk(TWO, "internet", "icp-fra-pods")
    assert end_of(traced) == ("unreachable", "not-translated", "ESG of frankfurt")
    assert traced.asked.text == "159.122.70.34"
    assert traced.stop is not None
    assert traced.stop.help == "write icp-proxy = 4 in the addresses of esg-fra-public"
    named = edit(TWO, (FRA_PUBLIC, FRA_PUBLIC.replace("uplink = 2,", "uplink = 2, icp-proxy = 4,")))
    traced = walk(named, "internet", "icp-fra-pods")
    assert end_of(traced) == ("reachable", "delivered", None)
    assert changes(traced.hops)[0] == "ESG of frankfurt: destination 159.122.70.36 -> 10.232.9.11"


# 4: each tunnel of a cluster has its own ESG.


@pytest.mark.parametrize("cluster", ["iks-dal", "iks-fra"])
@pytest.mark.parametrize(("vm", "end"), [("vm-dal", "169.46.73.18"), ("vm-fra", "159.122.70.34")])
def test_04_each_tunnel_has_its_own_esg(cluster: str, vm: str, end: str) -> None:
    traced = walk(integrate(TWO, iks_vcs="strongswan"), f"{cluster}-pods", vm)
    tunnelled = {around(hop)[0].rpartition(" ")[2] for hop in traced.hops if hop.action == "ipsec" and hop.outer}
    assert tunnelled == {end}
    assert traced.ok


# 8 and 9: the rule for just this address, or a stop.


@pytest.mark.parametrize(
    ("start", "address", "asked"),
    [
        ("management", "172.24.18.10", "10.176.18.195"),
        ("management", "172.24.18.11", "10.176.18.196"),
        ("internet", "172.24.18.10", "169.46.73.19"),
        ("internet", "icp-workers.proxy-vip", "169.46.73.20"),
    ],
)
def test_08_each_virtual_address_has_its_own_rule(start: str, address: str, asked: str) -> None:
    traced = walk(REFERENCE, start, address)
    assert end_of(traced) == ("reachable", "delivered", None)
    assert traced.asked.text == asked
    assert changes(traced.hops) == [f"ESG: destination {asked} -> {traced.destination.address}"]


@pytest.mark.parametrize(("start", "uplink"), [("management", "10.176.18.194"), ("internet", "169.46.73.18")])
def test_08_no_rule_leads_to_other_workers(start: str, uplink: str) -> None:
    traced = walk(REFERENCE, start, "172.24.18.5")
    assert end_of(traced) == ("unreachable", "not-translated", "ESG")
    assert traced.asked.text == uplink


def test_09_without_a_named_address_no_rule_leads_from_the_internet() -> None:
    plan = edit(REFERENCE, (PLAN_18, "addresses = { uplink = 2, icp-master = 3, icp-strongswan = 5 }"))
    traced = flow(plan, "B")
    assert end_of(traced) == ("unreachable", "not-translated", "ESG")
    assert traced.asked.text == "169.46.73.18"
    (finding,) = (f for f in findings(plan, "unreachable-flow") if "flow B" in f.message)
    assert finding.severity == "warning"
    assert finding.help == "write icp-proxy = 4 in the addresses of esg-public"
    assert not any("flow B" in f.message for f in findings(REFERENCE, "unreachable-flow"))


# 10: what is to be ordered is not replaced by something else.


def test_10_a_tunnel_ends_at_the_named_address_before_subnets_are_ordered(tmp_path: Path) -> None:
    file = tmp_path / "plan.toml"
    subprocess.run([sys.executable, "-m", "ipplan", "init", str(file)], check=True, capture_output=True)
    plan = file.read_text("utf-8")
    traced = flow(plan, "C")
    assert end_of(traced) == ("reachable", "delivered", None)
    outer = {line for hop in traced.hops if hop.action == "ipsec" for line in around(hop)}
    assert outer == {"ESP (iks-ingress-public strongswan: no range yet) > (esg-public uplink: no range yet)"}
    assert "worker of iks-prod forward" in packets(traced.hops)[5]
    assert traced.hops[5].text == "sends the tunnel's packet to the FCR"
    assert any("esg-public gets a range" in text for text in traced.assumptions)
    for letter, lacking in (("A", "iks-ingress-public"), ("B", "esg-public")):
        stop = flow(plan, letter).stop
        assert stop is not None
        assert stop.end == "undetermined"
        assert stop.reason.startswith(f"{lacking} has no range yet")


# 11: one path to a VM, from a pod and from its worker.


def test_11_pods_and_workers_of_icp_take_one_path() -> None:
    pods, workers = flow(REFERENCE, "D", end="vm-db"), walk(REFERENCE, "icp-workers", "vm-db")
    way = ["worker of icp-prod", "ESG", "DLR", "VM of vm-db"]
    assert devices(pods)[-4:] == devices(workers)[-4:] == way
    assert routes(pods.hops)[-2:] == routes(workers.hops)[-2:] == ["ESG 172.24.16.0/23", "DLR 172.24.16.0/26"]
    back = ["DLR forward", "ESG vxlan"]
    assert [" ".join(line.split()[:2]) for line in packets(workers.back)][1:3] == back
    (edge,) = landscape(REFERENCE).ends.edges
    connected = [r for r in landscape(REFERENCE).esg(edge).routes if r.via == "VXLAN"]
    assert [str(r.prefix) for r in connected] == ["172.24.18.0/27"]
    moved = edit(
        REFERENCE,
        ("proxy-vip = 11, strongswan = 12 }", 'proxy-vip = 11, strongswan = 12 }\ngateway-on = "dlr"'),
    )
    for traced in (flow(moved, "D", end="vm-db"), walk(moved, "icp-workers", "vm-db")):
        assert devices(traced)[-4:] == ["worker of icp-prod", "DLR", "DLR", "VM of vm-db"]


# 12: hops name the route that exports write.


@pytest.mark.parametrize("method", ["bgp", "common-vlan"])
def test_12_hops_name_the_route_that_is_written(method: str) -> None:
    plan = integrate(REFERENCE, iks_vcs=method)
    traced = flow(plan, "C")
    assert traced.hops[5].route is not None
    assert str(traced.hops[5].route) == "172.24.16.0/23"
    (cluster,) = landscape(plan).ends.of_platform("iks")
    assert traced.hops[5].decided[0] in landscape(plan).worker_routes(cluster)


def test_12_the_tunnel_of_the_concentrators_is_routed_to_the_remote_one() -> None:
    plan = edit(REFERENCE, ('kind = "vcs-hcx"\nprefix = 26', 'kind = "vcs-hcx"\ncidr = "10.176.91.0/26"'))
    traced = flow(plan, "E")
    assert traced.hops[4].outer[0].destination.text == "10.176.91.2"
    assert str(traced.hops[4].route) == "10.176.91.0/26"


# 13: IP-in-IP on IKS only between subnets.

ZONE = '[networks.zone-2]\nkind = "iks-worker-private"\ncidr = "10.171.43.128/26"\n\n[networks.iks-workers-private]'


def test_13_ip_in_ip_only_between_subnets() -> None:
    one, two = flow(REFERENCE, "A"), flow(edit(REFERENCE, ("[networks.iks-workers-private]", ZONE)), "A")
    assert (one.hops[5].action, one.hops[5].outer) == ("forward", ())
    assert two.hops[5].action == "ip-in-ip"
    ((protocol, source, destination),) = two.hops[5].outer
    assert (protocol, {source.network, destination.network}) == (
        "IP-in-IP",
        {"zone-2", "iks-workers-private"},
    )


def test_13_icp_always_uses_ip_in_ip_inside_vxlan() -> None:
    assert [line.split()[0] for line in around(flow(REFERENCE, "B").hops[5])] == ["VXLAN", "IP-in-IP"]


# 14: the stretched network needs the on-premises router, or is its network.

WEB = 'group = "vms"\ndescription = "web tier"'


def test_14_an_answer_over_the_stretched_network_needs_the_router_on_premises() -> None:
    traced = flow(REFERENCE, "E")
    assert end_of(traced) == ("undetermined", "undetermined", "DLR")
    assert traced.back_stop is not None
    assert "on-premises = 254" in (traced.back_stop.help or "")
    (finding,) = findings(REFERENCE, "on-premises-address")
    assert "on-premises" in finding.message
    assert finding.networks == ("vm-web", "vm-db")


def test_14_the_dlr_routes_to_the_router_on_premises() -> None:
    plan = edit(REFERENCE, (WEB, f"{WEB}\naddresses = {{ on-premises = 254 }}"))
    traced = flow(plan, "E")
    assert end_of(traced) == ("reachable", "delivered", None)
    assert routes(traced.back)[0] == "DLR 192.168.64.0/20"
    assert devices(traced)[-1] == "VM of vm-web"
    assert findings(plan, "on-premises-address") == []
    (edge,) = landscape(plan).ends.edges
    (route,) = (r for r in landscape(plan).esg(edge).dlr_routes if r.via == "on-premises router")
    assert (str(route.prefix), str(route.next_hop)) == ("192.168.64.0/20", "172.24.17.254")
    assert not any(str(r.prefix) == "192.168.64.0/20" for r in landscape(plan).esg(edge).routes)


def test_14_a_network_whose_router_is_on_premises_needs_no_route() -> None:
    plan = edit(
        REFERENCE,
        (WEB, f'{WEB}\naddresses = {{ on-premises = 254 }}\ngateway-on = "on-premises"'),
        ('group = "vms"\ndescription = "database tier"', 'group = "vms"\ngateway-on = "on-premises"'),
    )
    traced = flow(plan, "E")
    assert end_of(traced) == ("reachable", "delivered", None)
    assert [hop.device for hop in traced.back] == [
        "VM",
        "remote L2 concentrator",
        "BCR",
        "on-premises router",
        "enterprise user",
    ]
    (edge,) = landscape(plan).ends.edges
    assert not any(r.via == "on-premises router" for r in landscape(plan).esg(edge).dlr_routes)


# 15: an enterprise range outside of 10.0.0.0/8.


def routed(cidr: str, **methods: str) -> str:
    """Return the reference plan with an office on Direct Link."""
    return edit(
        integrate(REFERENCE, enterprise="routed", **methods),
        ('cidr = "192.168.64.0/20"', f'cidr = "{cidr}"'),
    )


def test_15_workers_have_a_static_route_to_the_enterprise() -> None:
    plan = routed("192.168.100.0/24")
    there, back = walk(plan, "office", "iks-workers-private"), walk(plan, "iks-workers-private", "office")
    assert there.ok
    assert back.ok
    assert routes(there.back)[0] == routes(back.hops)[0] == "worker 192.168.100.0/24"
    assert not [f for f in findings(plan, "unreachable-flow") if {"iks-workers-private", "office"} == set(f.networks)]


def test_15_ranges_within_10_need_none() -> None:
    traced = walk(routed("10.40.0.0/20"), "iks-workers-private", "office")
    assert traced.ok
    assert routes(traced.hops)[0] == "worker 10.0.0.0/8"


@pytest.mark.parametrize(
    "cidr", ["172.16.100.0/24", "172.18.0.0/24", "172.19.8.0/24", "172.20.0.0/24", "172.16.0.0/13"]
)
@pytest.mark.parametrize("end", ["iks-workers-private", "iks-pods"])
def test_15_refused_ranges_stop_and_are_a_finding(cidr: str, end: str) -> None:
    plan = routed(cidr)
    traced = walk(plan, "office", end)
    assert end_of(traced)[:2] == ("unreachable", "source-refused")
    assert traced.stop is not None
    assert traced.stop.help == f"translate it on the link (nat): IKS refuses static routes to {cidr}"
    assert any(
        f.rule == "unreachable-flow" and "reverse path filter" in f.message for f in findings(plan, "unreachable-flow")
    )
    (finding,) = findings(plan, "static-route-refused")
    assert "office" in finding.networks


# 16: an answer that leaves by a tunnel misses the NAT.


@pytest.mark.parametrize("front", ["icp-master", "icp-proxy"])
def test_16_an_answer_that_takes_the_tunnel_misses_the_nat(front: str) -> None:
    traced = walk(REFERENCE, "iks-workers-private", f"esg-private.{front}")
    result, end, _device = end_of(traced)
    assert (result, end) == ("unreachable", "no-session")
    vip = traced.destination.address.text
    assert traced.back_stop is not None
    assert vip in (traced.back_stop.help or "")
    assert walk(REFERENCE, "iks-workers-private", vip).ok
    (finding,) = findings(REFERENCE, "unreachable-flow")
    assert (finding.severity, finding.networks) == ("warning", ("iks-workers-private", "icp-workers"))
    assert finding.help == "use 172.24.18.10 instead, which iks-workers-private reaches without NAT"


@pytest.mark.parametrize("front", ["icp-master", "icp-proxy"])
def test_16_without_the_tunnel_the_dnat_serves_it(front: str) -> None:
    plan = integrate(REFERENCE, iks_icp="none")
    assert walk(plan, "iks-workers-private", f"esg-private.{front}").ok
    assert findings(plan, "unreachable-flow") == []


# 17: static NAT gives each VM network the address that exports give it.


def test_17_each_vm_has_the_address_of_its_own_rule() -> None:
    plan = integrate(REFERENCE, iks_vcs="static-nat")
    (edge,) = landscape(plan).ends.edges
    rules = {r.text: r.address.text for r in landscape(plan).esg(edge).destination_nat if r.interface == "private"}
    assert rules["vm-web"] != rules["vm-db"]
    for vm in ("vm-web", "vm-db"):
        traced = walk(plan, "iks-pods", vm)
        assert traced.ok
        assert traced.asked.text == rules[vm]
        assert traced.destination.address.network == vm


# 18 and 19: IBM Cloud's services.

SERVICES = ("161.26.0.10", "166.9.12.10", "10.0.80.11", "dns", "ntp")


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize(
    ("start", "seen"),
    [
        ("vm-web", "10.176.18.194"),
        ("icp-pods", "10.176.18.194"),
        ("iks-pods", "10.171.42.130"),
        ("management", "10.176.18.66"),
    ],
)
def test_18_19_services_are_reached_by_the_bcr(service: str, start: str, seen: str) -> None:
    traced = walk(REFERENCE, start, service)
    assert end_of(traced) == ("reachable", "delivered", None)
    assert traced.destination.domain == "ibm-services"
    assert [hop.device for hop in traced.hops[-2:]] == ["BCR", "IBM Cloud's services"]
    assert traced.hops[-1].source.text == seen
    assert traced.assumptions == ()


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("method", ["l2-extension", "routed", "none"])
def test_18_services_are_not_routed_to_a_site(service: str, method: str) -> None:
    traced = walk(integrate(REFERENCE, enterprise=method), "office", service)
    assert traced.result == "unreachable"
    assert traced.stop is not None
    assert traced.stop.end == "no-route"
    assert "not routed to a site" in traced.stop.reason


# 36: the tunnel ends of IBM's page.

PRIVATE_ENDS = (
    ("addresses = { alb = 2, strongswan = 3 }", "addresses = { alb = 2 }"),
    (
        'cidr = "10.171.87.64/29"\naddresses = { alb = 2 }',
        'cidr = "10.171.87.64/29"\naddresses = { alb = 2, strongswan = 3 }',
    ),
    (
        'cidr = "10.176.18.192/27"\naddresses = { uplink = 2,',
        'cidr = "10.176.18.192/27"\naddresses = { uplink = 2, strongswan = 7,',
    ),
)


def test_36_private_tunnel_ends_are_dialled_from_the_worker() -> None:
    plan = edit(REFERENCE, *PRIVATE_ENDS)
    traced = flow(plan, "C")
    assert traced.ok
    assert {around(hop)[0] for hop in traced.hops if hop.action == "ipsec" and hop.outer} == {
        "ESP 10.171.42.130 > 10.176.18.199"
    }
    assert traced.hops[5].text == "sends the tunnel's packet to the BCR"
    assert str(traced.hops[5].route) == "10.0.0.0/8"
    assert traced.hops[6].text.startswith("receives it from the BCR")
    (finding,) = (f for f in findings(plan, "tunnel-address") if f.severity == "warning")
    assert "iks-ingress-private" in finding.networks
    # The workers' own subnet is not behind a tunnel that ends at their addresses.
    (edge,) = landscape(plan).ends.edges
    (tunnel,) = landscape(plan).esg(edge).tunnels
    assert not any(
        p.covers(n.prefix)
        for p in tunnel.near.subnets
        for n in landscape(plan).ends.networks
        if n.name == "iks-workers-private" and n.prefix is not None
    )


# "More cases" of section 8.


def test_icp_vcs_none_ends_at_the_esg() -> None:
    plan = integrate(REFERENCE, icp_vcs="none")
    for end in ("internet", "management", "dns"):
        traced = walk(plan, "icp-workers", end)
        assert end_of(traced) == ("unreachable", "not-translated", "ESG"), end
    assert walk(plan, "icp-workers", "vm-db").ok
    for start in ("internet", "management"):
        traced = walk(plan, start, "icp-workers.proxy-vip")
        assert end_of(traced) == ("unreachable", "not-translated", "ESG"), start
        assert traced.stop is not None
        assert traced.stop.help == 'to create the DNAT rules of the cluster, set icp-vcs = "nat"'
