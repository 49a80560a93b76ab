"""The rules on integrations for written links: each link is judged by itself, and the finding points at it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from whole_findings import compare_findings

from ipplan.catalog import load_catalog
from ipplan.checks import check_plan
from ipplan.plan.load import parse_plan

if TYPE_CHECKING:
    from ipplan.findings import Finding

BASE = """\
[edges.dal]
[edges.fra]
[sites.hq]
[sites.lab]
[clusters.a]
platform = "iks"
[clusters.b]
platform = "iks"
[clusters.c]
platform = "icp"
edge = "dal"
[clusters.d]
platform = "icp"
edge = "dal"
"""


def link(first: str, second: str, method: str, more: str = "") -> str:
    return f'[[link]]\nbetween = ["{first}", "{second}"]\nmethod = "{method}"\n{more}\n'


def net(name: str, kind: str, cidr: str | None, *more: str) -> str:
    range_ = () if cidr is None else (f'cidr = "{cidr}"',)
    return "\n".join([f'[networks.{name}]\nkind = "{kind}"', *range_, *more]) + "\n"


def found(text: str, rule: str, base: str = BASE) -> list[Finding]:
    plan = parse_plan((base + text).encode(), "plan.toml")
    return [f for f in check_plan(plan, load_catalog()) if f.rule == rule]


PORTABLE = net("in-a", "iks-ingress-public", "169.46.49.32/29", 'cluster = "a"', "addresses = { strongswan = 3 }")
VIPS = "addresses = { master-vip = 10, proxy-vip = 11 }"
UPLINK = net("esg", "vcs-esg-private", "10.176.18.192/27", 'edge = "dal"', "addresses = { uplink = 2, %s }")
PUBLIC = net("esg-p", "vcs-esg-public", "169.46.73.16/28", 'edge = "dal"', "addresses = { uplink = 2, %s }")
ICP = net("wc", "icp-worker", "172.24.18.0/27", 'cluster = "c"', VIPS) + net(
    "wd", "icp-worker", "172.24.18.32/27", 'cluster = "d"', VIPS
)
GRE = net("lan", "enterprise", "%s", 'site = "hq"', "%s")
ONE_NUMBER = "[integration]\niks-asn = 64999\nesg-asn = 64999\n"
TWO_EDGES = link("a", "dal", "strongswan") + link("a", "fra", "strongswan")
OFFICES = "".join(net(f"e{i}", "enterprise", f"192.168.{i}.0/25", 'site = "hq"') for i in range(201))
STRETCHED = net("vm", "vcs-vm", "172.24.16.0/24", 'edge = "dal"', "%s") + net(
    "office", "enterprise", "192.168.64.0/20", 'site = "hq"'
)

# rule, plan, what is said of each finding, by which link
CASES: list[tuple[str, str, list[tuple[str, int | None]]]] = [
    (
        "excluded-asn",
        link("a", "dal", "bgp"),
        [("BGP with the BCR between cluster a and edge dal states no iks-asn", 0)],
    ),
    (
        "excluded-asn",
        "[integration]\niks-asn = 65500\n" + link("a", "dal", "bgp"),
        [("iks-asn 65500 is a number", None)],
    ),
    (
        "excluded-asn",
        "[integration]\nenterprise-asn = 13884\n" + link("hq", "ibm-private", "routed"),
        [("enterprise-asn", None)],
    ),
    ("excluded-asn", "[integration]\niks-asn = 65500\n" + link("a", "dal", "strongswan"), []),
    (
        "asn-loop",
        ONE_NUMBER + link("a", "dal", "bgp") + link("b", "fra", "bgp"),
        [("iks-asn and esg-asn are both 64999", None)],
    ),
    ("asn-loop", ONE_NUMBER + link("a", "dal", "common-vlan") + link("hq", "ibm-private", "routed"), []),
    (
        "asn-loop",
        ONE_NUMBER
        + 'iks-vcs = "bgp"\n'
        + link("a", "dal", "none")
        + link("b", "dal", "none")
        + link("b", "fra", "strongswan")
        + link("a", "fra", "common-vlan"),
        [],
    ),
    (
        "calico-peering",
        link("a", "dal", "common-vlan") + link("b", "dal", "bgp"),
        [
            ("common VLAN between cluster a and edge dal makes the ESG", 0),
            ("between cluster b and edge dal needs a request to IBM", 1),
        ],
    ),
    ("tunnel-address", link("a", "dal", "strongswan"), [("cluster a names no public portable address", 0)]),
    ("tunnel-address", PORTABLE + link("a", "dal", "strongswan"), []),
    (
        "tunnel-address",
        PORTABLE.replace("public", "private").replace("169.46.49.32", "10.171.87.64") + link("a", "dal", "strongswan"),
        [("in-a names a private address", None)],
    ),
    (
        "tunnel-address",
        PORTABLE + TWO_EDGES,
        [("cluster a ends the tunnels to dal, fra at address strongswan of in-a", 0)],
    ),
    ("tunnel-address", PORTABLE.replace("= 3 ", "= 3, fra-strongswan = 4 ") + TWO_EDGES, []),
    ("tunnel-address", PORTABLE + PUBLIC % "x = 9" + link("a", "c", "strongswan"), []),
    (
        "tunnel-address",
        PORTABLE + PUBLIC % "x = 9" + link("a", "c", "strongswan") + link("a", "d", "strongswan"),
        [("esg-p names no address for the tunnels to c, d", None)],
    ),
    (
        "tunnel-address",
        PORTABLE + PUBLIC % "c-strongswan = 4, d-vpn = 5" + link("a", "c", "strongswan") + link("a", "d", "strongswan"),
        [],
    ),
    (
        "tunnel-address",
        PORTABLE + PUBLIC % "c-strongswan = 4" + link("a", "c", "strongswan") + link("a", "d", "strongswan"),
        [("the tunnels to d", None)],
    ),
    (
        "tunnel-address",
        GRE % ("192.168.64.0/20", "") + link("hq", "dal", "gre"),
        [("between site hq and edge dal has no address at site hq", 0)],
    ),
    (
        "tunnel-address",
        GRE % ("192.168.64.0/20", "addresses = { gre = 4 }") + link("hq", "dal", "gre"),
        [("ends at 192.168.64.4 of lan, which the tunnel itself carries", 0)],
    ),
    (
        "tunnel-address",
        GRE % ("192.168.64.0/20", "")
        + net("wan", "enterprise", "10.237.0.0/29", 'site = "hq"', "addresses = { gre = 2 }")
        + link("hq", "dal", "gre", 'networks = ["lan"]'),
        [],
    ),
    ("tunnel-address", GRE % ("192.168.64.0/20", "") + link("hq", "dal", "ipsec"), []),
    (
        "ike-version",
        "[integration]\nike = 1\n" + link("a", "dal", "strongswan") + link("b", "c", "strongswan"),
        [("between cluster a and edge dal has 2 subnets", 0), ("between cluster b and cluster c has 2 subnets", 1)],
    ),
    ("ike-version", "[integration]\nike = 1\n" + link("hq", "dal", "ipsec"), []),
    (
        "vrf-needed",
        '[integration]\naccount-routing = "vlan-spanning"\n' + link("hq", "ibm-private", "routed"),
        [("routed link between site hq and IBM Cloud's private network needs a VRF", 0)],
    ),
    ("vrf-needed", '[integration]\naccount-routing = "vlan-spanning"\n' + link("hq", "dal", "ipsec"), []),
    (
        "nat-addresses",
        ICP + UPLINK % "icp-master = 3" + link("c", "dal", "nat"),
        [("esg names 1 of the 2 addresses for NAT that the VIPs of ICP need", None)],
    ),
    (
        "nat-addresses",
        ICP
        + UPLINK % "icp-master = 3, icp-proxy = 4, x = 5, y = 6"
        + link("c", "dal", "nat")
        + link("d", "dal", "nat"),
        [("names no address for c-master, c-proxy, d-master, d-proxy", None)],
    ),
    (
        "nat-addresses",
        ICP
        + UPLINK % "c-master = 3, c-proxy = 4, d-master = 5, d-proxy = 6"
        + link("c", "dal", "nat")
        + link("d", "dal", "nat"),
        [],
    ),
    (
        "too-many-routes",
        OFFICES + link("hq", "ibm-private", "routed"),
        [("site hq announces at least 201 prefixes", 0)],
    ),
    ("too-many-routes", OFFICES + link("lab", "ibm-private", "routed"), []),
    ("too-many-routes", OFFICES + link("hq", "ibm-private", "routed", 'networks = ["e1", "e2"]'), []),
    (
        "static-route-refused",
        net("e", "enterprise", "172.18.4.0/24", 'site = "hq"') + link("hq", "ibm-private", "routed"),
        [("e 172.18.4.0/24 is behind Direct Link", None)],
    ),
    ("static-route-refused", net("e", "enterprise", "172.18.4.0/24", 'site = "hq"') + link("hq", "dal", "ipsec"), []),
    (
        "static-route-refused",
        net("e", "enterprise", "172.18.4.0/24", 'site = "hq"')
        + link("hq", "ibm-private", "routed", 'nat = [{ network = "e", as = "10.230.4.0/24" }]'),
        [],
    ),
    (
        "on-premises-address",
        STRETCHED % "" + link("hq", "dal", "l2-extension"),
        [("vm names no address on-premises", 0)],
    ),
    ("on-premises-address", STRETCHED % "" + link("hq", "fra", "l2-extension"), []),
    ("on-premises-address", STRETCHED % "addresses = { on-premises = 9 }" + link("hq", "dal", "l2-extension"), []),
    ("on-premises-address", STRETCHED % 'gateway-on = "on-premises"' + link("hq", "dal", "l2-extension"), []),
    (
        "incomplete-integration",
        link("hq", "dal", "ipsec"),
        [
            ("needs networks of kind enterprise at site hq", 0),
            ("needs networks of kind vcs-esg-public or vcs-esg-private, vcs-vm or icp-worker at edge dal", 0),
        ],
    ),
    (
        "incomplete-integration",
        ICP + PUBLIC % "x = 9" + net("e", "enterprise", "192.168.4.0/24", 'site = "hq"') + link("hq", "dal", "ipsec"),
        [],
    ),
    ("incomplete-integration", ICP + link("c", "d", "strongswan"), []),
    (
        "incomplete-integration",
        link("a", "b", "strongswan") + net("w", "iks-worker-private", "10.48.0.0/26", 'cluster = "a"'),
        [("needs networks of kind iks-worker-private at cluster b", 0)],
    ),
    ("site-missing", net("e", "enterprise", "192.168.4.0/24"), [("e names no site, and the plan has 2", None)]),
]


@pytest.mark.parametrize(("rule", "text", "expected"), CASES, ids=range(len(CASES)))
def test_each_link_is_judged_by_itself(rule: str, text: str, expected: list[tuple[str, int | None]]) -> None:
    findings = found(text, rule)
    assert len(findings) == len(expected), [f.message for f in findings]
    for finding, (words, number) in zip(findings, expected, strict=True):
        assert words in finding.message
        assert (finding.key == ("link", number)) == (number is not None)


@pytest.mark.parametrize("rule", sorted({rule for rule, *_ in CASES}))
def test_the_whole_findings_of_links(rule: str, *, update_golden: bool) -> None:
    plans = [text for name, text, expected in CASES if name == rule and expected]
    findings = ((f"plan {number}", found(text, rule)) for number, text in enumerate(plans, start=1))
    compare_findings(f"links.{rule}", findings, update=update_golden)


def test_a_key_of_the_short_form_that_joins_nothing_is_no_statement() -> None:
    text = '[integration]\niks-vcs = "bgp"\n' + link("a", "dal", "strongswan") + link("b", "fra", "strongswan")
    assert found(text, "calico-peering") == []
    assert found(text.replace("strongswan", "none"), "calico-peering") != [], "links that close a pair join nothing"


@pytest.mark.parametrize(
    ("addresses", "number"),
    [("", 254), ("addresses = { last = -1 }", 253), ("addresses = { x = 254, y = 253 }", 252)],
)
def test_the_last_free_address_is_proposed_for_the_router_on_premises(addresses: str, number: int) -> None:
    (finding,) = found(STRETCHED % addresses + link("hq", "dal", "l2-extension"), "on-premises-address")
    assert f"on-premises = {number}" in (finding.help or "")


def test_a_summary_that_holds_a_refused_range_may_be_written_as_its_parts() -> None:
    text = net("e", "enterprise", "172.16.0.0/14", 'site = "hq"') + link("hq", "ibm-private", "routed")
    (finding,) = found(text, "static-route-refused")
    assert finding.help == "write the parts that the enterprise uses as separate networks: 172.17.0.0/16 can be reached"
