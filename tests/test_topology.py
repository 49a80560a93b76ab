"""Who reaches whom: what each integration opens, held against tables written from the documentation."""

from __future__ import annotations

from ipaddress import collapse_addresses, ip_network
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ipplan.catalog import load_catalog
from ipplan.checks import check_plan
from ipplan.plan.kinds import KINDS
from ipplan.plan.load import parse_plan
from ipplan.plan.model import INTEGRATION
from ipplan.topology import SITES, build_topology, choice, find_conflict, list_ways, sees, site_of

if TYPE_CHECKING:
    from ipplan.plan.methods import IntegrationKey

EVERYWHERE = frozenset(SITES)
NONE: dict[IntegrationKey, str] = dict.fromkeys(INTEGRATION, "none")
ALL_CHOICES = [
    dict(zip(INTEGRATION, methods, strict=True)) for methods in product(*(m for m in INTEGRATION.values()))
]

PODS = ("iks-pod", "vcs-vm")
SERVICES = ("iks-service", "vcs-vm")
TWO_PODS = ("iks-pod", "iks-pod")
TWO_SERVICES = ("iks-service", "iks-service")

# what the plan states beside "none": (pairs of kinds, of different clusters, that conflict), (pairs that do not)
TABLE: dict[tuple[tuple[IntegrationKey, str], ...], tuple[list[tuple[str, str]], list[tuple[str, str]]]] = {
    (): (
        [("icp-pod", "vcs-vm"), ("icp-pod", "icp-worker"), ("vcs-vm", "icp-worker"), ("iks-pod", "iks-worker-private"),
         ("vcs-vm", "vcs-vtep"), ("vcs-vm", "iks-worker-private"), ("vcs-vm", "vcs-esg-public"),
         ("vcs-vtep", "iks-worker-private"), ("vcs-vm", "vcs-transit"), ("iks-pod", "vcs-vtep")],
        [PODS, SERVICES, TWO_PODS, ("iks-pod", "icp-pod"), ("iks-pod", "enterprise"), ("vcs-vm", "enterprise"),
         ("icp-pod", "icp-pod"), ("icp-pod", "vcs-vtep"), ("enterprise", "vcs-vtep")],
    ),
    (("icp-vcs", "nat"),): (
        [("icp-pod", "vcs-vtep"), ("icp-service", "iks-worker-private")],
        [PODS, ("icp-pod", "enterprise"), ("icp-pod", "iks-pod")],
    ),
    (("iks-vcs", "common-vlan"),): ([PODS, SERVICES, TWO_PODS, ("iks-pod", "icp-pod")], [TWO_SERVICES]),
    (("iks-vcs", "strongswan"),): ([PODS, SERVICES, TWO_PODS, TWO_SERVICES, ("iks-service", "icp-pod")], []),
    (("iks-vcs", "static-nat"),): ([], [PODS, SERVICES, TWO_PODS, ("iks-pod", "icp-pod")]),
    (("iks-vcs", "bgp"),): ([PODS, SERVICES, TWO_PODS], [TWO_SERVICES, ("iks-pod", "enterprise")]),
    (("iks-icp", "strongswan"),): (
        [("iks-pod", "icp-pod"), ("iks-service", "icp-service"), ("icp-pod", "icp-pod"), TWO_PODS,
         ("iks-pod", "icp-worker")],
        [],
    ),
    (("enterprise", "l2-extension"),): (
        [("vcs-vm", "enterprise"), ("icp-worker", "enterprise")],
        [("iks-pod", "enterprise"), ("icp-pod", "enterprise")],
    ),
    (("enterprise", "routed"),): (
        [("iks-pod", "enterprise"), ("vcs-vm", "enterprise"), ("vcs-vtep", "enterprise")],
        [("icp-pod", "enterprise"), PODS],
    ),
    (("enterprise", "routed"), ("icp-vcs", "nat")): ([("icp-pod", "enterprise")], [PODS]),
    (("enterprise", "routed"), ("iks-vcs", "bgp")): ([PODS, ("iks-pod", "enterprise")], []),
}  # fmt: skip
CASES = [
    (stated, first, second, conflict)
    for stated, sides in TABLE.items()
    for conflict, pairs in zip((True, False), sides, strict=True)
    for first, second in pairs
]


@pytest.mark.parametrize(("stated", "first", "second", "conflict"), CASES)
def test_what_each_integration_makes_a_conflict(
    stated: tuple[tuple[IntegrationKey, str], ...], first: str, second: str, *, conflict: bool
) -> None:
    chosen = choice({**NONE, **dict(stated)})
    assert (find_conflict(chosen, EVERYWHERE, first, second, False) is not None) == conflict


@pytest.mark.parametrize("same", [True, False])
def test_conflicts_are_symmetric_and_ranges_of_one_cluster_always_conflict(*, same: bool) -> None:
    for stated in ALL_CHOICES:
        chosen = choice(stated)
        for first, second in product(KINDS, KINDS):
            there = find_conflict(chosen, EVERYWHERE, first, second, same)
            back = find_conflict(chosen, EVERYWHERE, second, first, same)
            assert (there is None) == (back is None)
            inside = KINDS[first].internal and KINDS[first].platform == KINDS[second].platform
            if same and inside and KINDS[second].internal:
                assert there is not None


def test_an_integration_opens_ways_and_closes_none() -> None:
    """Whatever is a conflict without an integration is one with any."""
    for key, methods in INTEGRATION.items():
        for method in methods:
            for first, second in product(KINDS, KINDS):
                if find_conflict(choice(NONE), EVERYWHERE, first, second, False):
                    assert find_conflict(choice({**NONE, key: method}), EVERYWHERE, first, second, False)


def test_what_is_seen_is_what_some_simple_path_carries() -> None:
    """Hold the search against all simple paths, tried one by one."""
    for stated in ALL_CHOICES:
        chosen = choice(stated)
        for site in SITES:
            expected = {kind for kind in KINDS if site_of(KINDS[kind]) == site}
            stack: list[tuple[tuple[str, ...], frozenset[str]]] = [((site,), frozenset(KINDS))]
            while stack:
                path, carried = stack.pop()
                for way in list_ways(chosen):
                    again = way.target == site and site in ("iks", "icp") and len(path) > 1
                    if way.origin == path[-1] and (way.target not in path or again):
                        rest = carried & way.carries
                        expected |= {kind for kind in rest if site_of(KINDS[kind]) == way.target}
                        if not again:
                            stack.append(((*path, way.target), rest))
            assert {kind for kind, _ in sees(chosen, site)} == expected, (stated, site)


PLAN = """\
[integration]
icp-vcs = "nat"
iks-vcs = "{}"
[clusters.iks]
platform = "iks"
[networks.vm]
kind = "vcs-vm"
cidr = "172.30.8.0/24"
"""


@pytest.mark.parametrize(
    ("method", "severity", "because"),
    [
        ("strongswan", "error", "iks (pods, default) is inside cluster iks, which reaches vm through the strongSwan tunnel to the ESG"),
        ("common-vlan", "error", "which reaches vm through BGP between vRouters and ESG on the common VLAN"),
        ("bgp", "error", "which reaches vm through the routes that the ESG announces to the BCR"),
        (
            "static-nat", "warning",
            'nothing reaches both under this integration; iks-vcs = "common-vlan", iks-vcs = "strongswan", '
            'iks-vcs = "bgp" would turn this into an error',
        ),
        ("none", "warning", "would turn this into an error"),
    ],
)  # fmt: skip
def test_the_verdict_changes_with_the_method(method: str, severity: str, because: str) -> None:
    plan = parse_plan(PLAN.format(method).encode(), "plan.toml")
    (found,) = [f for f in check_plan(plan, load_catalog()) if f.rule == "network-overlap"]
    assert found.severity == severity
    assert because in " ".join(found.because)


@pytest.mark.parametrize(
    ("method", "vm", "severity"),
    [
        ("l2-extension", "192.168.4.0/24", "warning"),
        ("l2-extension", "192.168.4.0/25", "error"),
        ("routed", "192.168.4.0/24", "error"),
        ("none", "192.168.4.0/24", "warning"),
    ],
)
def test_a_stretched_network_may_stand_on_both_sides(method: str, vm: str, severity: str) -> None:
    text = (
        f'[integration]\nenterprise = "{method}"\n[networks.office]\nkind = "enterprise"\ncidr = "192.168.4.0/24"\n'
        f'[networks.vm]\nkind = "vcs-vm"\ncidr = "{vm}"\n'
    )
    found = check_plan(parse_plan(text.encode(), "plan.toml"), load_catalog())
    assert [f.severity for f in found if f.rule == "network-overlap"] == [severity]


def test_routes_are_the_fewest_prefixes_with_the_same_addresses() -> None:
    for sample in (Path(__file__).parent.parent / "sample-plans").glob("*.toml"):
        topology = build_topology(parse_plan(sample.read_bytes(), sample.name))
        for routes in topology.routes:
            for version in (4, 6):
                own = [ip_network(str(p)) for p in routes.prefixes if p.version == version]
                merged = [ip_network(str(p)) for p in routes.merged if p.version == version]
                assert list(collapse_addresses(own)) == merged  # type: ignore[type-var]
            if routes.cover is not None:
                assert all(routes.cover.covers(prefix) for prefix in routes.prefixes)


def test_every_network_stands_in_one_domain_and_links_join_what_is_there() -> None:
    for sample in (Path(__file__).parent.parent / "sample-plans").glob("*.toml"):
        plan = parse_plan(sample.read_bytes(), sample.name)
        topology = build_topology(plan)
        named = [n.name for d in topology.domains for n in d.networks]
        assert sorted(named) == sorted({*(n.name for n in plan.networks), *(n.name for n in plan.defaults)})
        sites = {d.site for d in topology.domains}
        assert {site for link in topology.links for site in (link.way.origin, link.way.target)} <= sites


def test_thousands_of_clusters_take_linear_work() -> None:
    """Links are between kinds of domain, so that clusters of both platforms do not multiply."""
    text = "[integration]\niks-icp = 'strongswan'\n" + "".join(
        f'[clusters.a{i}]\nplatform = "iks"\n[clusters.b{i}]\nplatform = "icp"\n' for i in range(2_000)
    )
    topology = build_topology(parse_plan(text.encode(), "plan.toml"))
    assert len(topology.domains) == 2 * 2_000 + 2
    assert sum(len(link.ends) for link in topology.links) == 2 * 2_000


def test_reach_tells_what_is_met_only_at_addresses_of_a_device() -> None:
    sample = Path(__file__).parent.parent / "sample-plans" / "reference-architecture.toml"
    topology = build_topology(parse_plan(sample.read_bytes(), sample.name))
    reach = {
        (r.origin, r.target): "yes" if r.path else "translated" if r.translated else "no"
        for r in topology.reach
    }
    assert reach["internet", "icp"] == "translated", "through the DNAT of the ESG"
    assert reach["internet", "iks"] == "translated", "through the public ingress"
    assert reach["internet", "ibm-private"] == "no"
    assert reach["iks", "overlay"] == reach["overlay", "iks"] == "yes", "the tunnel keeps addresses"
    assert reach["enterprise", "overlay"] == "yes"
    assert reach["enterprise", "ibm-private"] == "no"
