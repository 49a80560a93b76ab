"""The flows: all documented steps, real addresses, and what is said about a pair that cannot talk."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from itertools import product
from pathlib import Path

import pytest

from ipplan.catalog import load_catalog
from ipplan.cli.settle import settle
from ipplan.flows import FLOWS, FlowError, Trace, find_end, find_flow, trace, trace_all, trace_flow
from ipplan.plan.load import parse_plan
from ipplan.plan.model import INTEGRATION, Plan

REFERENCE = (Path(__file__).parent.parent / "sample-plans" / "reference-architecture.toml").read_text("utf-8")
METHODS = ("common-vlan", "strongswan", "static-nat", "bgp")


def plan_with(**integration: str) -> Plan:
    """Return the reference plan, allocated, with other integration methods."""
    text = REFERENCE
    for key, method in integration.items():
        name = key.replace("_", "-")
        (line,) = [x for x in text.splitlines() if x.startswith(f"{name} = ")]
        text = text.replace(line, f'{name} = "{method}"')
    return settle(parse_plan(text.encode(), "plan.toml"), load_catalog())


def steps(found: Trace) -> list[tuple[str, str]]:
    return [(hop.device, hop.action) for hop in found.hops]


@pytest.mark.parametrize("method", METHODS)
def test_all_documented_steps_appear(method: str) -> None:
    plan = plan_with(iks_vcs=method)
    counts = {flow.letter: len(trace_flow(plan, flow).hops) for flow in FLOWS}
    assert counts == {"A": 6, "B": 6, "C": 10, "D": 9, "E": 7}
    assert sum(counts.values()) == 38
    assert all(trace_flow(plan, flow).ok for flow in FLOWS)


def test_an_internet_user_reaches_the_pod_through_the_ingress() -> None:
    assert steps(trace_flow(plan_with(), find_flow("A"))) == [
        ("internet user", "request"), ("DNS", "dns"), ("public network", "forward"), ("worker", "service"),
        ("kube-proxy", "service"), ("vRouter", "ip-in-ip"),
    ]  # fmt: skip
    assert steps(trace_flow(plan_with(), find_flow("internet-to-icp"))) == [
        ("internet user", "request"), ("DNS", "dns"), ("public network", "forward"), ("ESG", "dnat"),
        ("kube-proxy", "service"), ("vRouter", "ip-in-ip"),
    ]  # fmt: skip


# The steps of flow C that the method decides: 5 (what becomes of the source) to 8 (how it enters the overlay).
MIDDLE = {
    "strongswan": [("strongSwan", "ipsec"), ("worker", "forward"), ("ESG", "ipsec"), ("ESG", "route")],
    "common-vlan": [("worker", "snat"), ("worker", "forward"), ("ESG", "forward"), ("ESG", "route")],
    "bgp": [("worker", "snat"), ("worker", "forward"), ("ESG", "forward"), ("ESG", "route")],
    "static-nat": [("worker", "snat"), ("worker", "forward"), ("ESG", "forward"), ("ESG", "dnat")],
}


@pytest.mark.parametrize("method", METHODS)
def test_iks_to_a_vm_follows_the_method(method: str) -> None:
    found = trace_flow(plan_with(iks_vcs=method), find_flow("C"))
    assert steps(found) == [
        ("pod", "request"), ("DNS", "dns"), ("vRouter", "forward"), ("vRouter", "route"), *MIDDLE[method],
        ("DLR", "vxlan"), ("VM", "deliver"),
    ]  # fmt: skip
    pod, vm = found.source.address.text, found.destination.address.text
    arrived = found.hops[-1]
    assert arrived.destination.text == vm
    assert (arrived.source.text == pod) == (method == "strongswan"), "only the tunnel keeps the pod's address"
    asked = found.hops[1].destination
    assert (asked.network == "esg-private") == (method == "static-nat"), "NAT hides the VM"


def test_a_tunnel_ends_at_the_addresses_that_the_plan_names() -> None:
    found = trace_flow(plan_with(), find_flow("C"))
    (outer,) = {hop.outer for hop in found.hops if hop.outer is not None and hop.outer.protocol == "ESP"}
    assert (outer.source.name, outer.source.network) == ("strongswan", "iks-ingress-public")
    assert (outer.destination.name, outer.destination.network) == ("uplink", "esg-public")
    assert "sends it to the FCR" in [hop.text for hop in found.hops], (
        "public addresses meet at the front-end router"
    )


def test_an_enterprise_user_comes_over_the_stretched_network_or_direct_link() -> None:
    stretched = trace_flow(plan_with(), find_flow("E"))
    assert [hop.device for hop in stretched.hops] == [
        "enterprise user", "DNS", "on-premises router", "L2 concentrator", "on-premises router",
        "remote L2 concentrator", "VM",
    ]  # fmt: skip
    routed = trace_flow(plan_with(enterprise="routed", iks_vcs="bgp"), find_flow("E"))
    assert [hop.device for hop in routed.hops[2:5]] == ["on-premises router", "XCR", "ESG"]
    assert routed.ok


@pytest.mark.parametrize("method", [*METHODS, "none"])
@pytest.mark.parametrize("enterprise", INTEGRATION["enterprise"])
def test_every_pair_is_told_to_the_end(method: str, enterprise: str) -> None:
    plan = plan_with(iks_vcs=method, enterprise=enterprise)
    ends = [
        find_end(plan, n.name) for n in plan.networks if n.prefix is not None or n.kind.provider == "default"
    ]
    ends.append(find_end(plan, "internet"))
    ranges = {n.name: n.prefix for n in (*plan.networks, *plan.defaults) if n.prefix is not None}
    for source, destination in product(ends, ends):
        found = trace(plan, source, destination)
        assert found.hops[0].action == "request"
        assert found.hops[1].action == "dns"
        if found.stop is None:
            assert found.hops[-1].destination == destination.address
            assert found.hops[-1].outer is None or found.hops[-1].action == "ip-in-ip"
        else:
            assert found.stop.reason
            assert not found.back
        for hop in (*found.hops, *found.back):
            packets = [hop.source, hop.destination]
            packets += [hop.outer.source, hop.outer.destination] if hop.outer else []
            for address in packets:
                if address.network is not None and not address.text.startswith("("):
                    assert ip_address(address.text) in ip_network(str(ranges[address.network]))
            if hop.route is not None and hop.route_network is not None:
                assert ip_address(hop.destination.text) in ip_network(hop.route)
        if found.ok and found.back:
            assert found.back[-1].device == found.hops[0].device
            assert found.back[-1].destination == found.hops[0].source


def test_a_pair_that_cannot_talk_is_told_where_and_what_would_help() -> None:
    found = trace_flow(plan_with(iks_vcs="none"), find_flow("C"))
    assert found.stop is not None
    assert found.stop.device == "vRouter"
    assert "nothing leads from inside an IKS cluster to the overlay" in found.stop.reason
    assert found.stop.help is not None
    for method in METHODS:
        assert f'iks-vcs = "{method}"' in found.stop.help
        assert trace_flow(plan_with(iks_vcs=method), find_flow("C")).ok


def test_ends_are_networks_addresses_or_the_internet() -> None:
    plan = plan_with()
    assert find_end(plan, "10.176.18.70").network is not None
    named = find_end(plan, "169.46.49.35")
    assert (named.address.network, named.address.name, named.address.example) == (
        "iks-ingress-public", "strongswan", False,
    )  # fmt: skip
    assert find_end(plan, "8.8.8.8").site == "internet"
    assert find_end(plan, "172.30.9.9").site == "iks"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("vm-dbb", "'vm-dbb' is neither a network of the plan nor an address"),
        ("10.99.0.1", "no network of the plan holds 10.99.0.1"),
        ("192.168.0.1", "no network of the plan holds 192.168.0.1"),
        ("hcx", "hcx has no range yet"),
        ("\x1b[31m", "neither a network of the plan nor an address"),
    ],
)
def test_other_ends_are_refused(text: str, said: str) -> None:
    with pytest.raises(FlowError, match=said.replace("[", "\\[")):
        find_end(plan_with(), text)


def test_a_plan_that_lacks_an_end_says_which() -> None:
    plan = parse_plan(b'[clusters.a]\nplatform = "iks"\n', "plan.toml")
    said = {found.flow: getattr(found, "reason", None) for found in trace_all(plan)}
    assert said["A"] is None
    assert said["C"] == "flow C needs a network of kind vcs-vm, which is missing in the plan"
