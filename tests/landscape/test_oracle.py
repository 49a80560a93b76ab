"""The oracle itself: hand-written tables, the cases of LANDSCAPE that are about verdicts, and what ipplan said before."""

from __future__ import annotations

from random import Random

import pytest
from frozen import INTEGRATIONS, METHODS, SHAPES, Pair, Shape, before, expected, pairs, plan_text
from oracle import Landscape, shown_verdicts, verdicts
from random_plans import MOST_OVERLAPS, draft_plan

from ipplan.plan.load import parse_plan

PODS = ("iks-pod", "vcs-vm")
SERVICES = ("iks-service", "vcs-vm")
TWO_PODS = ("iks-pod", "iks-pod")
TWO_SERVICES = ("iks-service", "iks-service")

# what the plan states beside "none": (pairs of kinds, of different clusters, that conflict), (pairs that do not)
TABLE: dict[tuple[tuple[str, str], ...], tuple[list[tuple[str, str]], list[tuple[str, str]]]] = {
    (): (
        [
            ("icp-pod", "vcs-vm"),
            ("icp-pod", "icp-worker"),
            ("vcs-vm", "icp-worker"),
            ("iks-pod", "iks-worker-private"),
            ("vcs-vm", "vcs-vtep"),
            ("vcs-vm", "iks-worker-private"),
            ("vcs-vm", "vcs-esg-public"),
            ("vcs-vtep", "iks-worker-private"),
            ("vcs-vm", "vcs-transit"),
            ("iks-pod", "vcs-vtep"),
        ],
        [
            PODS,
            SERVICES,
            TWO_PODS,
            ("iks-pod", "icp-pod"),
            ("iks-pod", "enterprise"),
            ("vcs-vm", "enterprise"),
            ("icp-pod", "icp-pod"),
            ("icp-pod", "vcs-vtep"),
            ("enterprise", "vcs-vtep"),
        ],
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
        [
            ("iks-pod", "icp-pod"),
            ("iks-service", "icp-service"),
            ("icp-pod", "icp-pod"),
            TWO_PODS,
            ("iks-pod", "icp-worker"),
        ],
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
}
CASES = [
    (stated, first, second, verdict)
    for stated, sides in TABLE.items()
    for verdict, rows in zip(("error", "warning"), sides, strict=True)
    for first, second in rows
]
WITH_WIRE = [Pair("vcs-vm", "vcs-vtep", same=False)]
"""A pair that brings a VM network, so that there is something to stretch."""


@pytest.mark.parametrize(("stated", "first", "second", "verdict"), CASES)
def test_what_each_integration_makes_a_conflict(
    stated: tuple[tuple[str, str], ...], first: str, second: str, verdict: str
) -> None:
    integration = {**dict.fromkeys(METHODS, "none"), **dict(stated)}
    chosen = [Pair(first, second, same=False), *WITH_WIRE]
    found = verdicts(plan_text(integration, "second inside first", chosen))
    assert found[frozenset(("0-first", "0-second"))] == verdict


def hold_against_table(number: int, shape: Shape) -> None:
    """Hold every pair of kinds under one integration against what ipplan said before."""
    table, chosen = before(), pairs()
    found = verdicts(plan_text(INTEGRATIONS[number], shape, chosen))
    for place, pair in enumerate(chosen):
        verdict = found[frozenset((f"{place}-first", f"{place}-second"))]
        assert verdict == expected(pair, number, shape, table), (INTEGRATIONS[number], pair)


SAMPLE = [(number, SHAPES[number // 27 % 3]) for number in range(5, len(INTEGRATIONS), 27)]


@pytest.mark.parametrize(("number", "shape"), SAMPLE)
def test_verdicts_are_as_before(number: int, shape: Shape) -> None:
    hold_against_table(number, shape)


@pytest.mark.slow
@pytest.mark.parametrize("number", range(len(INTEGRATIONS)))
def test_all_verdicts_are_as_before(number: int) -> None:
    for shape in SHAPES:
        hold_against_table(number, shape)


def test_the_table_has_every_pair_once() -> None:
    assert list(before().keys() - set(pairs())) == []
    assert len(before()) == len(pairs())
    assert len(INTEGRATIONS) == 216


# -- plans by hand ---------------------------------------------------------------------------------------------


def network(name: str, kind: str, cidr: str | None = None, **keys: str) -> str:
    rows = [
        f"[networks.{name}]",
        f'kind = "{kind}"',
        *(f'{key.replace("_", "-")} = "{v}"' for key, v in keys.items()),
    ]
    return "\n".join([*rows, *([f'cidr = "{cidr}"'] if cidr else []), ""])


def link(one: str, two: str, method: str, more: str = "") -> str:
    return f'[[link]]\nbetween = ["{one}", "{two}"]\nmethod = "{method}"\n{more}\n'


def iks(name: str, pods: str | None = None, services: str | None = None) -> str:
    return (
        f'[clusters.{name}]\nplatform = "iks"\n'
        + network(f"{name}-pods", "iks-pod", pods, cluster=name)
        + network(f"{name}-services", "iks-service", services, cluster=name)
    )


def verdict(text: str, one: str, two: str) -> str | None:
    """Return the verdict on two overlapping networks of a plan that the reader accepts."""
    parse_plan(text.encode(), "plan.toml")
    return verdicts(text)[frozenset((one, two))]


TWO_EDGES = "[edges.fra]\n[edges.wdc]\n" + network("vm-fra", "vcs-vm", "172.24.16.0/24", edge="fra")
TWO_VMS = TWO_EDGES + network("vm-wdc", "vcs-vm", "172.24.16.0/24", edge="wdc")


def test_case_5_two_overlays_with_nothing_between_share_no_table() -> None:
    assert verdict(TWO_VMS, "vm-fra", "vm-wdc") == "warning"
    assert verdict(TWO_VMS + link("fra", "wdc", "ipsec"), "vm-fra", "vm-wdc") == "error"
    assert verdict(TWO_VMS + link("fra", "wdc", "routed"), "vm-fra", "vm-wdc") == "error"
    assert verdict(TWO_VMS + link("fra", "wdc", "none"), "vm-fra", "vm-wdc") == "warning"


def test_a_cluster_joined_to_two_edges_leads_to_both() -> None:
    text = "[integration]\niks-vcs = 'bgp'\n" + TWO_VMS + iks("a")
    assert verdict(text, "vm-fra", "vm-wdc") == "error"
    assert verdict(TWO_VMS + iks("a") + link("a", "fra", "bgp"), "vm-fra", "vm-wdc") == "warning"


def test_a_network_without_its_edge_stands_in_no_table() -> None:
    text = TWO_EDGES + network("vm", "vcs-vm", "172.24.16.0/24")
    assert verdict(text, "vm-fra", "vm") == "warning"
    one = "[edges.fra]\n" + network("vm-fra", "vcs-vm", "172.24.16.0/24") + network("vm", "vcs-vm", "172.24.16.0/24")
    assert verdict(one, "vm-fra", "vm") == "error"


TWO_CLUSTERS = iks("a") + iks("b") + "[edges.dal]\n" + network("vm", "vcs-vm", "172.24.0.0/24", edge="dal")


def test_case_6_one_of_two_clusters_on_default_ranges_is_joined() -> None:
    short = "[integration]\niks-vcs = 'strongswan'\n"
    assert verdict(short + TWO_CLUSTERS, "a-pods", "b-pods") == "error"
    assert verdict(TWO_CLUSTERS + link("a", "dal", "strongswan"), "a-pods", "b-pods") == "warning"
    assert verdict(short + TWO_CLUSTERS + link("a", "dal", "strongswan"), "a-pods", "b-pods") == "warning"
    # "none" closes its own pair only.
    assert verdict(short + TWO_CLUSTERS + link("a", "dal", "none"), "a-pods", "b-pods") == "warning"
    three = short + TWO_CLUSTERS + iks("c") + link("a", "dal", "none")
    assert verdict(three, "c-pods", "b-pods") == "error"


def shown(name: str, number: int) -> str:
    return (
        f'nat = [{{ network = "{name}-pods", as = "10.{number}.0.0/16" }}, '
        f'{{ network = "{name}-services", as = "10.{number + 1}.0.0/16" }}]'
    )


def test_case_7_both_are_joined_with_nat() -> None:
    text = (
        TWO_CLUSTERS + link("a", "dal", "strongswan", shown("a", 232)) + link("b", "dal", "strongswan", shown("b", 234))
    )
    assert verdict(text, "a-pods", "b-pods") is None
    assert verdict(text, "a-services", "b-services") is None
    assert shown_verdicts(text) == {}
    same = (
        TWO_CLUSTERS + link("a", "dal", "strongswan", shown("a", 232)) + link("b", "dal", "strongswan", shown("b", 232))
    )
    assert shown_verdicts(same)["a-pods as 10.232.0.0/16", "b-pods as 10.232.0.0/16"] == "error"
    services_left = 'networks = ["{0}-pods", "{0}-services"]\nnat = [{{ network = "{0}-pods", as = "10.{1}.0.0/16" }}]'
    part = TWO_CLUSTERS + "".join(
        link(name, "dal", "strongswan", services_left.format(name, number)) for name, number in (("a", 232), ("b", 233))
    )
    assert verdict(part, "a-services", "b-services") == "error"


def test_equal_ranges_at_both_ends_need_nat_for_both() -> None:
    text = iks("a", "172.24.0.0/24") + "[edges.dal]\n" + network("vm", "vcs-vm", "172.24.0.0/24", edge="dal")
    one = 'networks = ["a-services"]\nnat = [{ network = "a-pods", as = "10.232.0.0/24" }]'
    both = 'nat = [{ network = "a-pods", as = "10.232.0.0/24" }, { network = "vm", as = "10.233.0.0/24" }]'
    assert verdict(text + link("a", "dal", "strongswan", one), "a-pods", "vm") == "error"
    assert verdict(text + link("a", "dal", "strongswan", both), "a-pods", "vm") is None
    assert verdict(text + link("a", "dal", "strongswan"), "a-pods", "vm") == "error"


def test_a_shown_range_is_a_destination_beyond_the_link() -> None:
    text = iks("a") + "[edges.dal]\n" + network("vm", "vcs-vm", "10.232.5.0/24", edge="dal")
    assert (
        shown_verdicts(text + link("a", "dal", "strongswan", shown("a", 232)))["a-pods as 10.232.0.0/16", "vm"]
        == "error"
    )
    hidden = 'nat = [{ network = "a-pods", as = "10.240.0.1/32" }, { network = "a-services", as = "10.240.0.1/32" }]'
    assert shown_verdicts(text + link("a", "dal", "strongswan", hidden)) == {}


OFFICE = network("office", "enterprise", "172.22.0.0/16")


def test_case_20_a_stretched_network_in_a_summary_is_one_wire() -> None:
    text = "[integration]\nenterprise = 'l2-extension'\n" + OFFICE
    assert verdict(text + network("vm", "vcs-vm", "172.22.50.0/24"), "office", "vm") == "warning"
    assert verdict(text + network("vm", "vcs-vm", "172.22.0.0/16"), "office", "vm") == "warning"
    assert verdict(text + network("vm", "vcs-vm", "172.22.0.0/15"), "office", "vm") == "error"
    workers = text + network("vm", "vcs-vm", "172.29.0.0/24") + network("workers", "icp-worker", "172.22.50.0/24")
    assert verdict(workers, "office", "workers") == "error"
    # Two sites: the summary of one is not the wire of the other.
    two = "[sites.hq]\n[sites.branch]\n[edges.dal]\n" + network("office", "enterprise", "172.22.0.0/16", site="branch")
    two += network("vm", "vcs-vm", "172.22.50.0/24", edge="dal") + link("hq", "dal", "l2-extension")
    assert verdict(two, "office", "vm") == "warning"
    assert verdict(two + link("branch", "dal", "ipsec"), "office", "vm") == "error"


def test_case_21_a_link_stretches_some_and_routes_the_rest() -> None:
    text = "[sites.hq]\n[edges.dal]\n" + OFFICE + network("vm", "vcs-vm", "172.22.50.0/24", edge="dal")
    text += network("vm-db", "vcs-vm", "172.22.60.0/24", edge="dal")
    text += link("hq", "dal", "l2-extension", 'networks = ["vm"]') + link("hq", "ibm-private", "routed")
    assert verdict(text, "office", "vm") == "warning"
    assert verdict(text, "office", "vm-db") == "error"


def test_case_22_a_network_of_a_site_in_another_one_is_its_part() -> None:
    text = OFFICE + network("floor", "enterprise", "172.22.8.0/24") + network("again", "enterprise", "172.22.0.0/16")
    assert verdict(text, "office", "floor") is None
    assert verdict(text, "office", "again") == "error"
    two = "[sites.hq]\n[sites.branch]\n" + network("a", "enterprise", "172.22.0.0/16", site="hq")
    two += network("b", "enterprise", "172.22.8.0/24", site="branch")
    assert verdict(two + link("hq", "ibm-private", "routed"), "a", "b") == "warning"
    assert verdict("[integration]\nenterprise = 'routed'\n" + two, "a", "b") == "error"


@pytest.mark.parametrize(
    ("method", "severity"),
    [
        ("bgp", "warning"),
        ("common-vlan", "warning"),
        ("strongswan", "error"),
        ("none", "warning"),
        (None, "error"),
    ],
)
def test_case_37_nothing_announces_the_transit_network(method: str | None, severity: str) -> None:
    text = f"[integration]\niks-vcs = '{method}'\n" if method else ""
    text += iks("a", None, "172.24.0.0/24") + network("transit", "vcs-transit", "172.24.0.0/29")
    assert verdict(text, "a-services", "transit") == severity


@pytest.mark.parametrize(
    ("iks_vcs", "icp_vcs", "severity"),
    [
        ("common-vlan", "none", "error"),
        ("common-vlan", "nat", "error"),
        ("strongswan", "none", "warning"),
        ("bgp", "none", "warning"),
        ("static-nat", "none", "warning"),
        ("none", "none", "warning"),
    ],
)
def test_icp_workers_reach_the_common_vlan_without_nat(iks_vcs: str, icp_vcs: str, severity: str) -> None:
    text = f"[integration]\niks-vcs = '{iks_vcs}'\nicp-vcs = '{icp_vcs}'\n" + iks("a", "172.28.0.0/16", "172.29.0.0/16")
    text += "[clusters.i]\nplatform = 'icp'\n" + network("pods", "icp-pod", "10.160.0.0/24")
    text += network("workers", "icp-worker", "172.24.0.0/24") + network("nodes", "iks-worker-private", "10.160.0.0/26")
    assert verdict(text, "pods", "nodes") == severity


def test_the_short_form_opens_no_pair_of_an_end_that_has_a_written_link_of_that_sort() -> None:
    text = (
        "[integration]\niks-vcs = 'strongswan'\n" + TWO_EDGES + iks("a", "172.24.16.0/24") + iks("b", "172.24.0.0/24")
    )
    text += network("vm-wdc", "vcs-vm", "172.24.0.0/24", edge="wdc")
    assert verdict(text, "a-pods", "vm-fra") == "error"
    assert verdict(text, "b-pods", "vm-wdc") == "error"
    written = text + link("a", "wdc", "strongswan")
    assert verdict(written, "a-pods", "vm-fra") == "warning", "a has a link to an edge"
    assert verdict(written, "b-pods", "vm-wdc") == "warning", "wdc has a link to a cluster"


def test_ibm_private_is_an_end_like_any() -> None:
    text = "[integration]\nenterprise = 'routed'\n[sites.hq]\n[sites.branch]\n"
    text += network("a", "enterprise", "172.22.0.0/16", site="hq") + network("vtep", "vcs-vtep", "172.22.8.0/24")
    assert verdict(text, "a", "vtep") == "error"
    assert verdict(text + link("branch", "ibm-private", "routed"), "a", "vtep") == "warning"


def test_the_route_of_ten_leads_to_what_is_announced_in_it() -> None:
    ten = TWO_EDGES.replace("172.24.16.0", "10.240.0.0") + iks("a") + iks("b", "10.240.0.0/24", "172.29.0.0/16")
    assert verdict(ten + link("a", "fra", "bgp"), "vm-fra", "b-pods") == "error"
    other = ten.replace("10.240.0.0", "172.24.0.0")
    assert verdict(other + link("a", "fra", "bgp"), "vm-fra", "b-pods") == "warning"


@pytest.mark.parametrize(
    ("block", "severity"),
    [("172.18.4.0/24", "warning"), ("172.22.4.0/24", "error"), ("10.240.4.0/24", "error")],
)
def test_iks_refuses_some_static_routes(block: str, severity: str) -> None:
    text = "[integration]\nenterprise = 'routed'\n" + iks("a", block) + network("office", "enterprise", block)
    assert verdict(text, "a-pods", "office") == severity


def test_no_link_carries_on_for_a_third_party() -> None:
    text = "[edges.dal]\n[edges.fra]\n[edges.wdc]\n"
    text += network("one", "vcs-vm", "172.24.0.0/24", edge="dal") + network(
        "two", "vcs-vm", "172.24.0.0/24", edge="wdc"
    )
    chain = text + link("dal", "fra", "ipsec")
    assert verdict(chain, "one", "two") == "warning"
    assert verdict(chain + link("fra", "wdc", "ipsec"), "one", "two") == "error", "the edge in the middle leads to both"


def test_a_network_with_its_gateway_on_premises_is_the_sites() -> None:
    text = "[sites.hq]\n[edges.dal]\n" + network("vm", "vcs-vm", "172.24.0.0/24", edge="dal", gateway_on="on-premises")
    text += network("vm-db", "vcs-vm", "172.24.0.0/24", edge="dal", gateway_on="dlr")
    alone = link("hq", "dal", "l2-extension", 'networks = ["vm"]')
    assert verdict(text + alone, "vm", "vm-db") == "warning", "the DLR has no leg in what is stretched"
    assert verdict(text + link("hq", "dal", "l2-extension"), "vm", "vm-db") == "error"
    assert verdict(text + alone + link("hq", "ibm-private", "routed"), "vm", "vm-db") == "error"


def test_policy_based_tunnels_take_only_their_own_sources() -> None:
    text = "[sites.hq]\n[edges.dal]\n[clusters.i]\nplatform = 'icp'\nedge = 'dal'\n"
    text += network("pods", "icp-pod", "172.22.0.0/16") + network("workers", "icp-worker", "172.24.0.0/24")
    text += network("vm", "vcs-vm", "172.24.1.0/24", edge="dal") + network("office", "enterprise", "172.22.8.0/24")
    limits = 'networks = ["vm"]'
    assert verdict(text + link("hq", "dal", "ipsec"), "pods", "office") == "error"
    assert verdict(text + link("hq", "dal", "ipsec", limits), "pods", "office") == "warning"
    assert verdict(text + link("hq", "dal", "gre", limits), "pods", "office") == "error", "a route takes any source"
    assert verdict(text + link("hq", "dal", "l2-extension"), "pods", "office") == "warning", "the ESG has no route"


# -- random plans ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(60))
def test_random_plans_are_valid_in_any_order_and_no_network_overlaps_too_many(seed: int) -> None:
    random = Random(seed)
    draft = draft_plan(random, named=seed % 3 == 2)
    text, mixed = draft.text(), draft.shuffled(random).text()
    parse_plan(text.encode(), "plan.toml")
    parse_plan(mixed.encode(), "plan.toml")
    assert verdicts(mixed) == verdicts(text)
    assert {frozenset(pair): v for pair, v in shown_verdicts(mixed).items()} == {
        frozenset(pair): v for pair, v in shown_verdicts(text).items()
    }
    nets = [net for net in Landscape(text).nets if net.block is not None]
    for net in nets:
        around = [
            other
            for other in nets
            if other.block is not None and net.block is not None and other.block.overlaps(net.block)
        ]
        assert len(around) <= MOST_OVERLAPS + 1


def test_random_plans_have_every_verdict_and_every_method() -> None:
    drafts = [draft_plan(Random(seed)) for seed in range(150)]
    found = [v for draft in drafts for v in verdicts(draft.text()).values()]
    assert min(found.count(v) for v in ("error", "warning", None)) > len(found) / 30
    joins = [join for draft in drafts for join in Landscape(draft.text()).joins]
    for sort, methods in {
        "iks-edge": ("common-vlan", "strongswan", "static-nat", "bgp", "left out"),
        "icp-edge": ("nat",),
        "iks-iks": ("strongswan",),
        "iks-icp": ("strongswan",),
        "icp-icp": ("strongswan",),
        "edge-edge": ("ipsec", "routed"),
        "site-edge": ("l2-extension", "ipsec", "gre"),
        "site-private": ("routed",),
    }.items():
        for method in methods:
            assert any((join.sort, join.method) == (sort, method) for join in joins), (sort, method)
    assert {"on-premises", "esg", "dlr"} <= {
        row.get("gateway-on") for draft in drafts for row in draft.rows("networks").values()
    }
