"""Plans judged together, against pairs found by the standard library and against the check of each plan by itself."""

from __future__ import annotations

import datetime
import ipaddress
from itertools import combinations, product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from whole_findings import compare_findings

from ipplan.catalog import load_catalog
from ipplan.checks.between import Judgement, check_together, place_between
from ipplan.findings import SEVERITIES
from ipplan.plan.load import PlanError, locate_in, parse_plan

TODAY = datetime.date(2026, 1, 1)
ROUTED = '[integration]\nenterprise = "routed"\n'
IKS = '[clusters.iks]\nplatform = "iks"\n'


def net(name: str, kind: str, cidr: str, more: str = "") -> str:
    return f'[networks.{name}]\nkind = "{kind}"\ncidr = "{cidr}"\n{more}\n'


def judge(*texts: str) -> Judgement:
    plans = [parse_plan(text.encode(), f"{name}.toml") for name, text in zip("abcdefgh", texts, strict=False)]
    return check_together(plans, load_catalog(), TODAY)


def pairs(judgement: Judgement, rule: str = "network-overlap") -> list[tuple[str, set[str]]]:
    found = [between.finding for between in judgement.findings if between.finding.rule == rule]
    return [(finding.severity, set(finding.networks)) for finding in found]


VM = net("vm", "vcs-vm", "172.24.1.0/24")
OFFICE = net("office", "enterprise", "192.168.64.0/20")
BGP = 'iks-vcs = "bgp"\n'
CLOSED = '[integration]\nenterprise = "none"\n'
POD_SUBNET = net("esg", "vcs-esg-private", "10.176.18.192/27")


NETWORKS = [
    pytest.param(VM, VM, [("warning", {"a/vm", "b/vm"})], id="two overlays that nothing joins"),
    pytest.param(
        ROUTED + BGP + IKS + VM + OFFICE,
        ROUTED + BGP + IKS + VM + OFFICE,
        [
            ("error", {"a/vm", "b/vm"}),
            ("error", {"a/iks (pods, default)", "b/iks (pods, default)"}),
            ("warning", {"a/iks (services, default)", "b/iks (services, default)"}),
        ],
        id="the router of one site leads to both",
    ),
    pytest.param(
        CLOSED + "[sites.x]\n[sites.y]\n" + net("o", "enterprise", "192.168.1.0/24", 'site = "x"'),
        CLOSED + "[sites.x]\n[sites.y]\n" + net("p", "enterprise", "192.168.1.0/24", 'site = "y"'),
        [("warning", {"a/o", "b/p"})],
        id="equal ranges at two sites",
    ),
    pytest.param(OFFICE, OFFICE, [], id="one network of the enterprise"),
    pytest.param(OFFICE, OFFICE.replace("office", "hq"), [], id="one network of a site under two names"),
    pytest.param(OFFICE, OFFICE.replace("/20", "/24"), [], id="a summary and its part in one site"),
    pytest.param(
        OFFICE, CLOSED + net("vm", "vcs-vm", "192.168.65.0/24"), [("warning", {"a/office", "b/vm"})], id="apart"
    ),
    pytest.param(
        OFFICE,
        ROUTED + net("vm", "vcs-vm", "192.168.65.0/24"),
        [("error", {"a/office", "b/vm"})],
        id="the ESG leads to the site of the other plan",
    ),
    pytest.param(
        ROUTED + OFFICE,
        IKS + '[integration]\nenterprise = "none"\n' + net("p", "iks-pod", "192.168.65.0/24", 'cluster = "iks"'),
        [("warning", {"a/office", "b/p"})],
        id="the link of one plan joins nothing of the other",
    ),
    pytest.param(POD_SUBNET, POD_SUBNET, [], id="one subnet of IBM Cloud"),
    pytest.param(POD_SUBNET, POD_SUBNET.replace("/27", "/28"), [("error", {"a/esg", "b/esg"})], id="parts of one"),
    pytest.param(
        POD_SUBNET, POD_SUBNET.replace("vcs-esg", "vcs-host"), [("error", {"a/esg", "b/esg"})], id="two kinds"
    ),
    pytest.param(
        net("esg", "vcs-esg-public", "169.46.73.16/29"),
        net("esg", "vcs-esg-public", "169.46.73.16/28"),
        [("error", {"a/esg", "b/esg"})],
        id="public subnets",
    ),
    pytest.param(VM + "[edges.e]\n", "[edges.e]\n", [], id="an edge of one name"),
]


@pytest.mark.parametrize(("one", "two", "expected"), NETWORKS)
def test_networks_of_two_plans(one: str, two: str, expected: list[tuple[str, set[str]]]) -> None:
    def order(rows: list[tuple[str, set[str]]]) -> list[tuple[str, list[str]]]:
        return sorted((severity, sorted(names)) for severity, names in rows)

    assert order(pairs(judge(one, two))) == order(expected)


def test_a_link_of_one_plan_shows_what_is_in_another() -> None:
    shown = (
        "[edges.e]\n[sites.hq]\n[networks.a]\nkind = 'vcs-vm'\ncidr = '172.24.9.0/24'\n"
        "[[link]]\nbetween = ['hq', 'e']\nmethod = 'ipsec'\nnat = [{ network = 'a', as = '172.26.9.0/24' }]\n"
    )
    other = "[sites.hq]\n" + net("o", "enterprise", "172.26.0.0/16")
    (between,) = judge(shown, other).findings
    assert (between.finding.severity, between.finding.networks) == ("error", ("a/a", "b/o"))
    assert between.finding.key == ("link", 0, "nat", 0, "as")


POOL = '[plan]\nbyoip = ["10.224.0.0/12"]\n'


POOLS = [
    pytest.param(POOL, POOL, [()], id="one pool"),
    pytest.param(POOL, POOL.replace("/12", "/16"), [()], id="a pool in another"),
    pytest.param(POOL, POOL.replace("10.224", "10.240"), [], id="two pools"),
    pytest.param(POOL.replace("/12", "/31"), POOL, [()], id="a pool of two addresses"),
    pytest.param(POOL.replace("/12", "/32"), POOL, [()], id="a pool of one address"),
    pytest.param(
        POOL.replace("/12", "/13"),
        POOL + '[[avoid]]\ncidr = "10.224.0.0/13"\nreason = "plan a"\n',
        [],
        id="kept clear",
    ),
    pytest.param(POOL, net("vm", "vcs-vm", "10.225.0.0/24"), [("b/vm",)], id="a network of the other plan"),
    pytest.param(
        POOL + '[[avoid]]\ncidr = "10.225.0.0/24"\n', net("vm", "vcs-vm", "10.225.0.0/24"), [], id="it is avoided"
    ),
    pytest.param(
        POOL + net("office", "enterprise", "10.225.0.0/24"),
        net("office", "enterprise", "10.225.0.0/24"),
        [],
        id="both have it",
    ),
]


@pytest.mark.parametrize(("one", "two", "expected"), POOLS)
def test_pools_of_two_plans(one: str, two: str, expected: list[tuple[str, ...]]) -> None:
    found = [between.finding for between in judge(one, two).findings if between.finding.rule == "shared-pool"]
    assert [(f.severity, f.networks) for f in found] == [("warning", networks) for networks in expected]


@pytest.mark.parametrize(("name", "table"), [("networks", NETWORKS), ("pools", POOLS)])
def test_the_whole_findings_between_plans(name: str, table: list[Any], *, update_golden: bool) -> None:
    plans = ((row.id, judge(*row.values[:2]).findings) for row in table if row.values[2])
    findings = ((plan, [between.finding for between in found]) for plan, found in plans)
    compare_findings(f"together.{name}", findings, update=update_golden)


def test_findings_between_plans_are_printed_gravest_first_then_by_plan_and_line() -> None:
    three = (
        net("x", "vcs-vm", "172.24.2.0/24") + net("y", "vcs-vm", "172.24.1.0/24") + net("z", "vcs-vm", "172.24.3.0/24")
    )
    texts = (
        CLOSED + "\n" * 20 + net("y", "vcs-vm", "172.24.1.0/25") + net("w", "vcs-vm", "172.24.2.0/25"),
        ROUTED + three,
        CLOSED + net("z", "vcs-vm", "172.24.3.0/24") + net("x", "vcs-vm", "172.24.2.0/24"),
        ROUTED + net("o", "enterprise", "172.24.3.0/24"),
    )
    judgement = judge(*texts)
    files = [(f"{name}.toml", locate_in(text.encode())) for name, text in zip("abcd", texts, strict=True)]
    orders = [
        [between.finding for between in place_between(found, judgement.together.places, files)]
        for found in (judgement.findings, judgement.findings[::-1])
    ]
    places = [(SEVERITIES.index(f.severity), f.location.file, f.location.line) for f in orders[0] if f.location]

    assert orders[0] == orders[1]
    assert places == sorted(places)
    assert len(places) == len(judgement.findings)
    assert {f.severity for f in orders[0]} == {"error", "warning"}


def test_a_pool_of_many_plans_is_one_finding() -> None:
    found = judge(*[POOL] * 8).findings
    assert [(b.finding.rule, b.plans) for b in found] == [("shared-pool", tuple(range(8)))]
    assert found[0].finding.help == "split it between the plans"


@pytest.mark.parametrize(
    ("avoid", "pool", "expected"),
    [
        ("10.225.0.0/16", None, 1),
        ("10.225.0.0/16", "10.224.0.0/12", 1),
        ("10.225.0.0/16", "10.225.0.0/16", 0),
        ("10.225.7.0/24", None, 0),
        ("10.225.7.0/25", None, 0),
        ("10.226.0.0/16", None, 0),
    ],
)
def test_space_that_one_plan_avoids_and_another_uses(avoid: str, pool: str | None, expected: int) -> None:
    own = (f'[plan]\nbyoip = ["{pool}"]\n' if pool else "") + net("vm", "vcs-vm", "10.225.7.0/24")
    found = pairs(judge(own, f'[[avoid]]\ncidr = "{avoid}"\n'), "avoid-overlap")
    assert found == [("warning", {"a/vm"})] * expected


def test_titles_with_slashes_keep_names_apart() -> None:
    one = '[plan]\nname = "a"\n' + net('"b/vm"', "vcs-vm", "172.24.1.0/24")
    two = '[plan]\nname = "a/b"\n' + VM
    assert pairs(judge(one, two)) == [("warning", {"a/b/vm", "a-b/vm"})]


def waiver(rule: str, networks: list[str]) -> str:
    return f'[[waive]]\nrule = "{rule}"\nreason = "known"\nnetworks = {networks}\n'


@pytest.mark.parametrize(
    ("networks", "waived"),
    [
        (["a/vm", "b/vm"], True),
        (["vm", "b/vm"], True),
        (["vm"], False),
        (["b/vm"], False),
        ([], False),
    ],
)
def test_a_waiver_names_every_network_of_both_plans(networks: list[str], waived: bool) -> None:
    judgement = judge(VM + waiver("network-overlap", networks), VM)
    assert [b.finding.waived for b in judgement.findings] == ["known" if waived else None]
    unused = [finding.rule for finding in judgement.spare[0]]
    assert unused == (["waiver-unused"] if not waived and networks == ["b/vm"] else [])


def test_a_waiver_still_names_networks_that_exist() -> None:
    with pytest.raises(PlanError):
        parse_plan((VM + waiver("network-overlap", ["vn"])).encode(), "a.toml")


cidrs = st.builds(
    lambda at, length: str(ipaddress.ip_network((0xAC180000 + at * 64, length), strict=False)),
    st.integers(0, 40),
    st.integers(22, 27),
)
members = st.lists(st.tuples(st.sampled_from(["vcs-vm", "enterprise"]), cidrs), max_size=6)


def plan_of(networks: list[tuple[str, str]]) -> str:
    return "".join(net(f"n{i}", kind, cidr) for i, (kind, cidr) in enumerate(networks))


@settings(max_examples=150, deadline=None)
@given(st.lists(members, min_size=2, max_size=3))
def test_pairs_are_those_that_ipaddress_finds(plans: list[list[tuple[str, str]]]) -> None:
    expected = set()
    for (p, one), (q, two) in combinations(enumerate(plans), 2):
        for (i, (kind, cidr)), (j, (other, range_)) in product(enumerate(one), enumerate(two)):
            first, second = ipaddress.ip_network(cidr), ipaddress.ip_network(range_)
            # One site: what overlaps there is one network, or a summary and its part.
            on_site = kind == other == "enterprise"
            # What both plans have, the check of each judges.
            known = (kind == "enterprise" and (kind, cidr) in two) or (other == "enterprise" and (other, range_) in one)
            if first.overlaps(second) and not on_site and not known:
                expected.add(frozenset((f"{'abc'[p]}/n{i}", f"{'abc'[q]}/n{j}")))
    found = [frozenset(names) for _, names in pairs(judge(*map(plan_of, plans)))]
    assert len(found) == len(set(found))
    assert set(found) == expected
