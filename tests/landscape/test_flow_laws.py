"""Laws 1, 4 and 5 of LANDSCAPE on flows: what decides is in a device, the order never matters, and the short form works."""

from __future__ import annotations

from collections import Counter
from itertools import product
from random import Random
from typing import TYPE_CHECKING

import pytest
from random_plans import Draft, draft_plan
from test_laws import NEIGHBOURS
from test_promises import Traces, carried_pairs, comes_to
from test_routes import load_catalog_once

from ipplan.checks import check_plan
from ipplan.flows import Tracer, trace
from ipplan.flows.documented import ends_of, joins
from ipplan.flows.machines import internet, machine_in
from ipplan.flows.model import FLOWS
from ipplan.landscape import Landscape
from ipplan.landscape.model import Route
from ipplan.plan.load import parse_plan

if TYPE_CHECKING:
    from ipplan.flows import Trace
    from ipplan.plan.model import Network


def landscape_of(text: str) -> Landscape:
    return Landscape(parse_plan(text.encode(), "plan.toml"), load_catalog_once())


def traces_of(landscape: Landscape) -> dict[tuple[str, str], Trace]:
    """Return the traces of everything that a plan promises or documents, by the names of the networks."""
    traces = Traces(landscape)
    pairs: list[tuple[Network | None, Network]] = [(s, d) for _, s, d in carried_pairs(landscape)]
    for flow in FLOWS:
        pairs += [p for p in product(*ends_of(landscape, flow)) if joins(landscape, flow, *p)]
    return {(source.name if source else "internet", to.name): traces.of(source, to) for source, to in pairs}


# -- law 1 -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("start", range(300, 340, 10))
def test_what_decides_at_a_hop_is_an_entry_of_that_device(start: int) -> None:
    """Exports write every entry of a device (see `test_written`), so each is in a file as well."""
    seen: Counter[str] = Counter()
    for seed in range(start, start + 10):
        landscape = landscape_of(draft_plan(Random(seed), named=seed % 4 == 3, disjoint=True).text())
        routes = {route for device in landscape.devices() for route in device.routes}
        for traced in traces_of(landscape).values():
            for hop in (*traced.hops, *traced.back):
                for entry in hop.decided:
                    seen[type(entry).__name__] += 1
                    if isinstance(entry, Route):
                        # Machines on IBM Cloud's networks have what IBM gives to any machine.
                        assert entry in routes or entry.device == "server", (seed, traced.title, entry)
                        assert hop.name in (entry.name, None) or entry.device in ("VM", "server"), hop
                        continue
                    (edge,) = (e for e in landscape.ends.edges if e.name == hop.name)
                    esg = landscape.esg(edge)
                    assert entry in (*esg.source_nat, *esg.destination_nat, *esg.range_nat), (seed, hop)
    assert min(seen[kind] for kind in ("Route", "SourceNat", "DestinationNat", "RangeNat")) > 0


# -- law 4 -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("start", range(400, 440, 10))
def test_the_order_of_the_file_changes_no_flow(start: int) -> None:
    for seed in range(start, start + 10):
        plan = draft_plan(Random(seed), named=seed % 4 == 3, disjoint=True)
        one = traces_of(landscape_of(plan.text()))
        two = traces_of(landscape_of(plan.shuffled(Random(seed)).text()))
        assert {pair: comes_to(t) for pair, t in one.items()} == {pair: comes_to(t) for pair, t in two.items()}, seed


@pytest.mark.parametrize("neighbour", NEIGHBOURS)
@pytest.mark.parametrize("start", range(500, 520, 10))
def test_an_unconnected_neighbour_changes_no_flow(start: int, neighbour: str) -> None:
    for seed in range(start, start + 10):
        plan = draft_plan(Random(seed), named=True, disjoint=True)
        before = traces_of(landscape_of(plan.text()))
        after = traces_of(landscape_of(Draft([*plan.tables, *NEIGHBOURS[neighbour]]).text()))
        assert {pair: comes_to(t) for pair, t in before.items()} == {pair: comes_to(after[pair]) for pair in before}, (
            seed
        )


# -- law 5: the short form -------------------------------------------------------------------------------------


def short_form(iks_vcs: str, iks_icp: str, enterprise: str) -> str:
    """Return a plan without overlaps that names all addresses: two IKS clusters, and ICP, behind one edge."""
    lines = [
        f'[integration]\naccount-routing = "vrf"\nicp-vcs = "nat"\niks-vcs = "{iks_vcs}"\niks-icp = "{iks_icp}"\n'
        f'enterprise = "{enterprise}"\n[clusters.a]\nplatform = "iks"\n[clusters.b]\nplatform = "iks"\n'
        '[clusters.i]\nplatform = "icp"\n'
    ]
    for number, cluster in enumerate("ab"):
        for name, kind, cidr, addresses in (
            ("pods", "iks-pod", f"172.28.{number}.0/24", ""),
            ("services", "iks-service", f"172.29.{number}.0/24", ""),
            ("nodes", "iks-worker-private", f"10.171.{number}.0/26", "worker-1 = 4"),
            ("nodes-public", "iks-worker-public", f"169.46.{number}.0/28", "worker-1 = 4"),
            ("front", "iks-ingress-public", f"169.47.{number}.0/28", "ingress = 3, strongswan = 4, icp-strongswan = 5"),
            ("front-private", "iks-ingress-private", f"10.172.{number}.0/28", "ingress = 3"),
        ):
            lines.append(
                f'[networks.{cluster}-{name}]\nkind = "{kind}"\ncluster = "{cluster}"\ncidr = "{cidr}"\n'
                f"addresses = {{ {addresses} }}\n"
            )
    for name, kind, cidr, addresses in (
        ("i-pods", "icp-pod", "10.201.0.0/16", ""),
        ("i-services", "icp-service", "10.202.0.0/16", ""),
        ("i-nodes", "icp-worker", "172.24.18.0/26", "worker-1 = 4, icp-master = 10, icp-proxy = 11, strongswan = 12"),
        ("vm-a", "vcs-vm", "172.24.16.0/24", "db = 4, on-premises = 254"),
        ("vm-b", "vcs-vm", "172.24.17.0/24", "db = 4, on-premises = 254"),
        ("transit", "vcs-transit", "192.168.3.0/29", "esg = 1, dlr = 2"),
        (
            "up-private",
            "vcs-esg-private",
            "10.176.18.192/26",
            "uplink = 4, icp-master = 5, icp-proxy = 6, vm-a-db = 7, vm-b-db = 8",
        ),
        (
            "up-public",
            "vcs-esg-public",
            "169.46.73.16/28",
            "uplink = 4, strongswan = 5, icp-strongswan = 6, icp-proxy = 7",
        ),
        ("hcx", "vcs-hcx", "10.176.20.0/26", "concentrator = 4"),
        ("office", "enterprise", "10.250.0.0/24", ""),
    ):
        lines.append(f'[networks.{name}]\nkind = "{kind}"\ncidr = "{cidr}"\naddresses = {{ {addresses} }}\n')
    return "".join(lines)


@pytest.mark.parametrize("enterprise", ["l2-extension", "routed", "none"])
@pytest.mark.parametrize("iks_icp", ["strongswan", "none"])
@pytest.mark.parametrize("iks_vcs", ["common-vlan", "strongswan", "static-nat", "bgp", "none"])
def test_every_flow_of_the_short_form_arrives_but_for_listed_ones(iks_vcs: str, iks_icp: str, enterprise: str) -> None:
    landscape = landscape_of(short_form(iks_vcs, iks_icp, enterprise))
    tracer = Tracer(landscape)
    stops = {}
    for flow in FLOWS:
        for source, destination in product(*ends_of(landscape, flow)):
            start = internet() if source is None else machine_in(landscape, source)
            traced = trace(tracer, start, machine_in(landscape, destination))
            if not traced.ok:
                stops[flow.letter, destination.name] = traced.result
    expected: dict[tuple[str, str], str] = {}
    if iks_vcs == "none":
        expected |= {("C", vm): "unreachable" for vm in ("vm-a", "vm-b")}
    if enterprise == "none" or (enterprise == "routed" and iks_vcs not in ("bgp", "static-nat")):
        # Over Direct Link the BCR knows the overlay only where it is announced, and static NAT stands for a VM.
        expected |= {("E", vm): "unreachable" for vm in ("vm-a", "vm-b")}
    assert stops == expected
    carried = [(s.name, d.name) for _, s, d in carried_pairs(landscape) if not traced_ok(tracer, s, d)]
    assert carried == []
    promised = set()
    if iks_icp == "strongswan":
        # The answer to the ESG's address for ICP takes the tunnel, past the NAT (case 16).
        promised |= {("a-nodes", "i-nodes")}
    if enterprise == "routed" and expected.keys() & {("E", "vm-a")}:
        promised |= {("office", "vm-a")}
    findings = check_plan(landscape.plan, load_catalog_once())
    assert {f.networks for f in findings if f.rule == "unreachable-flow"} == promised


def traced_ok(tracer: Tracer, source: Network, destination: Network) -> bool:
    landscape = tracer.landscape
    return trace(tracer, machine_in(landscape, source), machine_in(landscape, destination)).ok
