"""The five documented flows under every method, the list of them, and laws of every trace."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import pytest
from walking import REFERENCE, TWO, around, changes, edit, flow, integrate, landscape, listed, packets

from ipplan.flows import FLOWS, FlowError, Missing, Trace, Tracer, find_flow, find_machine, trace, trace_flow
from ipplan.flows.machines import internet, machine_in
from ipplan.landscape.model import DestinationNat, SourceNat
from ipplan.plan.choices import INTEGRATION

if TYPE_CHECKING:
    from ipplan.addresses import Prefix
    from ipplan.flows import Machine
    from ipplan.flows.model import Hop
    from ipplan.landscape import Landscape

IKS_VCS = ("common-vlan", "strongswan", "static-nat", "bgp")
STEPS = {"A": 6, "B": 6, "C": 10, "D": 9, "E": 7}
STRETCHED = edit(
    REFERENCE,
    ('group = "vms"\ndescription = "web tier"', 'group = "vms"\naddresses = { on-premises = 254 }'),
)


@pytest.mark.parametrize("method", IKS_VCS)
def test_all_documented_steps_appear(method: str) -> None:
    plan = integrate(STRETCHED, iks_vcs=method)
    traced = {f.letter: flow(plan, f.letter) for f in FLOWS}
    assert {letter: len(t.hops) for letter, t in traced.items()} == STEPS == {f.letter: f.steps for f in FLOWS}
    assert sum(STEPS.values()) == 38
    assert {t.result for t in traced.values()} == {"reachable"}


def doing(hops: tuple[Hop, ...]) -> list[str]:
    """Return device and action of each hop."""
    return [f"{hop.device} {hop.action}" for hop in hops]


# flow: the steps before and after those that the method decides
SHAPES = {
    "A": ["internet user request", "DNS dns", "FCR forward", "worker service", "kube-proxy service", "vRouter forward"],
    "B": ["internet user request", "DNS dns", "FCR forward", "ESG dnat", "kube-proxy service", "vRouter ip-in-ip"],
    "D": [
        "pod request",
        "DNS dns",
        "vRouter forward",
        "vRouter route",
        "worker snat",
        "worker forward",
        "ESG route",
        "DLR vxlan",
        "VM deliver",
    ],
    "E": [
        "enterprise user request",
        "DNS dns",
        "on-premises router forward",
        "L2 concentrator l2-extension",
        "on-premises router forward",
        "remote L2 concentrator vxlan",
        "VM deliver",
    ],
}
# method: steps 5 to 8 of flow C
MIDDLE = {
    "strongswan": ["strongSwan ipsec", "worker forward", "ESG ipsec", "ESG route"],
    "common-vlan": ["worker snat", "worker forward", "ESG forward", "ESG route"],
    "bgp": ["worker snat", "worker forward", "BCR forward", "ESG route"],
    "static-nat": ["worker snat", "worker forward", "BCR forward", "ESG dnat"],
}


@pytest.mark.parametrize("letter", SHAPES)
def test_each_flow_has_the_steps_of_the_document(letter: str) -> None:
    assert doing(flow(STRETCHED, letter).hops) == SHAPES[letter]


@pytest.mark.parametrize("method", IKS_VCS)
def test_iks_to_a_vm_follows_the_method(method: str) -> None:
    traced = flow(integrate(REFERENCE, iks_vcs=method), "C")
    assert doing(traced.hops) == [
        "pod request",
        "DNS dns",
        "vRouter forward",
        "vRouter route",
        *MIDDLE[method],
        "DLR vxlan",
        "VM deliver",
    ]
    pod, arrived = traced.source.address, traced.hops[-1]
    assert arrived.source.same(pod) == (method == "strongswan"), "only the tunnel keeps the pod's address"
    assert (traced.asked.network == "esg-private") == (method == "static-nat"), "NAT hides the VM"


def test_flow_e_comes_over_direct_link_where_bgp_announces_the_overlay() -> None:
    traced = flow(integrate(REFERENCE, iks_vcs="bgp", enterprise="routed"), "E")
    assert [hop.device for hop in traced.hops] == [
        "enterprise user",
        "DNS",
        "on-premises router",
        "XCR",
        "BCR",
        "ESG",
        "DLR",
        "VM",
    ]
    assert traced.ok


def test_the_list_has_one_line_for_what_is_alike_and_failures_first() -> None:
    found = listed(REFERENCE)
    assert [t.flow for t in found] == ["E", "A", "B", "C", "D"]
    assert [getattr(t, "result", None) for t in found] == ["undetermined", *["reachable"] * 4]
    several = next(t for t in listed(TWO) if t.flow == "C")
    assert isinstance(several, Trace)
    pairs = {pair for block in several.alike for pair in product(*block)}
    assert pairs == set(product(("iks-dal-pods", "iks-fra-pods"), ("vm-dal", "vm-fra")))


def many(networks: int, clusters: int) -> str:
    """Return a plan of so many VM networks and clusters."""
    rows = ['[plan]\nbyoip = ["10.224.0.0/12", "172.24.0.0/14"]\n[integration]\niks-vcs = "bgp"\nicp-vcs = "nat"\n']
    rows += [f'[clusters.c{n}]\nplatform = "iks"\n' for n in range(clusters)]
    for n in range(clusters):
        rows.append(
            f'[networks.p{n}]\nkind = "iks-pod"\ncluster = "c{n}"\ncidr = "10.{n}.0.0/16"\n'
            f'[networks.w{n}]\nkind = "iks-worker-private"\ncluster = "c{n}"\ncidr = "10.171.{n}.0/26"\n'
        )
    rows += [
        f'[networks.vm{n}]\nkind = "vcs-vm"\ncidr = "172.24.{n // 16}.{n % 16 * 16}/28"\n' for n in range(networks)
    ]
    rows.append('[networks.priv]\nkind = "vcs-esg-private"\ncidr = "10.176.18.192/27"\naddresses = { uplink = 4 }\n')
    rows.append('[networks.t]\nkind = "vcs-transit"\ncidr = "172.25.255.0/29"\n')
    return "".join(rows)


def test_large_plans_have_a_handful_of_lines() -> None:
    found = listed(many(1_000, 10))
    assert len(found) < 12
    pairs = [t for t in found if isinstance(t, Trace) and t.flow == "C"]
    assert sum(len(firsts) * len(seconds) for t in pairs for firsts, seconds in t.alike) == 10_000


def test_a_plan_that_lacks_an_end_says_which() -> None:
    found = {t.flow: t for t in listed('[clusters.a]\nplatform = "iks"\n')}
    lacking = found["C"]
    assert isinstance(lacking, Missing)
    assert lacking.reason == "flow C needs a network of kind vcs-vm, which the plan does not have"
    assert lacking.help == 'add [networks.NAME] with kind = "vcs-vm"'
    assert isinstance(found["A"], Trace)
    with pytest.raises(FlowError, match="needs a network of kind vcs-vm"):
        trace_flow(landscape('[clusters.a]\nplatform = "iks"\n'), find_flow("C"))


def test_flows_have_letters_and_names() -> None:
    assert [find_flow(f.name.upper()) for f in FLOWS] == [find_flow(f.letter.lower()) for f in FLOWS] == list(FLOWS)
    with pytest.raises(FlowError, match="is not a flow") as refused:
        find_flow("F")
    assert "A (internet-to-iks)" in str(refused.value.help)


# Laws of every trace.


def ends_of(found: Landscape) -> list[Machine]:
    """Return a machine of each network, of the internet and of IBM Cloud's services."""
    own = [machine_in(found, n) for n in found.ends.networks if n.prefix is not None]
    return [*own, internet(), *(find_machine(found, name) for name in ("dns", "166.9.12.10"))]


def hold_to_laws(found: Landscape, tracer: Tracer, traced: Trace) -> None:
    """Check what holds for every trace."""
    ranges: dict[str, Prefix | None] = {n.name: n.prefix for n in found.ends.networks}
    assert [hop.action for hop in traced.hops[:2]] == ["request", "dns"]
    for hop in (*traced.hops, *traced.back):
        packet = [hop.source, hop.destination]
        for address in (*packet, *(a for o in hop.outer for a in (o.source, o.destination))):
            own, prefix = ranges.get(address.network or ""), address.prefix
            assert own is None or prefix is None or own.covers(prefix), (address, hop)
        if hop.route is not None:
            towards = [hop.destination, *(o.destination for o in hop.outer)]
            assert any(a.prefix is None or hop.route.covers(a.prefix) for a in towards), hop
        for change in hop.changed:
            assert change.old != change.new
        translated = {c.field: c.new for c in hop.changed}
        for entry in hop.decided:
            if isinstance(entry, SourceNat) and entry.address is not None:
                assert translated["source"].same(entry.address), hop
            elif isinstance(entry, SourceNat):
                # Such a rule keeps the source, or gives each one its own.
                assert ("source" in translated) == (entry.shown is not None), hop
            elif isinstance(entry, DestinationNat) and entry.port is None:
                assert translated["destination"].same(entry.target), hop
    stop = traced.stop or traced.back_stop
    assert (stop is None) == traced.ok == (traced.result == "reachable")
    if stop is not None:
        assert stop.reason
        assert stop.device
        assert "None" not in f"{stop.reason} {stop.help or ''}"
    if traced.stop is not None:
        assert traced.back == ()
        assert traced.end == traced.stop.end
        return
    goal = traced.destination.network
    if goal is None or goal.kind.role != "service":
        assert traced.hops[-1].destination.same(traced.destination.address)
    if traced.ok:
        answer = traced.back[-1]
        assert answer.destination.same(traced.source.address)
        assert answer.source.same(traced.asked)


@pytest.mark.parametrize("enterprise", [*INTEGRATION["enterprise"], None])
@pytest.mark.parametrize("method", [*IKS_VCS, "none", None])
def test_every_pair_is_traced_to_the_end(method: str | None, enterprise: str | None) -> None:
    found = landscape(integrate(REFERENCE, iks_vcs=method, enterprise=enterprise))
    tracer, ends = Tracer(found), ends_of(found)
    for source, destination in product(ends, ends):
        hold_to_laws(found, tracer, trace(tracer, source, destination))


@pytest.mark.parametrize("icp", [*INTEGRATION["icp-vcs"], None])
@pytest.mark.parametrize("tunnel", INTEGRATION["iks-icp"])
@pytest.mark.parametrize("method", ["bgp", "strongswan"])
def test_every_pair_of_two_data_centers_is_traced_to_the_end(method: str, tunnel: str, icp: str | None) -> None:
    found = landscape(integrate(TWO, iks_vcs=method, iks_icp=tunnel, icp_vcs=icp))
    tracer, ends = Tracer(found), ends_of(found)
    for source, destination in product(ends, ends):
        hold_to_laws(found, tracer, trace(tracer, source, destination))


def test_hops_name_entries_that_the_devices_have() -> None:
    for letter, method in product("ABCDE", IKS_VCS):
        plan = integrate(STRETCHED, iks_vcs=method)
        found = landscape(plan)
        (edge,) = found.ends.edges
        esg = found.esg(edge)
        entries = {
            *esg.routes,
            *esg.dlr_routes,
            *esg.source_nat,
            *esg.destination_nat,
            *found.bcr,
            *found.fcr,
        }
        for cluster in found.ends.clusters:
            entries |= {*found.worker_routes(cluster)}
        for site in found.ends.sites:
            entries |= {*found.router_routes(site)}
        traced = flow(plan, letter)
        for hop in (*traced.hops, *traced.back):
            for entry in hop.decided:
                assert entry in entries, (letter, method, hop)


# What a trace shows.


def test_a_proxy_ends_the_connection_and_restarts_the_answer() -> None:
    traced = flow(REFERENCE, "A")
    assert traced.hops[-1].source.network == "iks-pods"
    assert changes(traced.hops)[-2:] == [
        "vRouter of iks-prod: source 198.51.100.10 -> 172.30.0.2",
        "vRouter of iks-prod: destination 172.30.0.2 -> 172.30.0.1",
    ]
    assert "ingress of iks-prod proxy 172.30.0.2 > 198.51.100.10" in packets(traced.back)
    assert traced.back[-1].source.text == "169.46.49.34"


def test_sessions_reverse_what_the_request_had_translated() -> None:
    traced = flow(integrate(REFERENCE, iks_vcs="static-nat"), "C")
    assert [c.rpartition(": ")[2] for c in changes(traced.hops)] == [
        "source 172.30.0.1 -> 10.171.42.130",
        "destination 10.176.18.197 -> 172.24.17.2",
    ]
    assert [c.rpartition(": ")[2] for c in changes(traced.back)] == [
        "source 172.24.17.2 -> 10.176.18.197",
        "destination 10.171.42.130 -> 172.30.0.1",
    ]


def test_packets_around_packets_come_outermost_first() -> None:
    tunnelled = flow(REFERENCE, "C")
    assert around(tunnelled.hops[4]) == ["ESP 169.46.49.35 > 169.46.73.18"]
    assert around(flow(REFERENCE, "B").hops[5]) == [
        "VXLAN 10.176.18.130 > 10.176.18.131",
        "IP-in-IP 172.24.18.12 > 172.24.18.2",
    ]
    assert flow(REFERENCE, "A").hops[5].outer == ()


def test_rules_that_were_passed_are_named() -> None:
    # Nothing translates for a VM whose packets keep their source towards the pods of IKS.
    traced = trace(
        Tracer(landscape(REFERENCE)),
        *(find_machine(landscape(REFERENCE), n) for n in ("vm-web", "management")),
    )
    (hop,) = (h for h in traced.hops if h.action == "snat")
    assert [type(e).__name__ for e in hop.decided] == ["SourceNat", "Route"]
