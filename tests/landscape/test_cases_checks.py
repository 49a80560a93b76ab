"""Findings that were wrong or missing: LANDSCAPE's cases, each with the right value, and its siblings."""

from __future__ import annotations

import pytest
from walking import REFERENCE, TWO, edit, end_of, findings, flow, integrate, verdict, walk

NONE = '[integration]\nicp-vcs = "none"\niks-vcs = "none"\niks-icp = "none"\nenterprise = "none"\n'


def net(name: str, kind: str, cidr: str | None, *more: str) -> str:
    """Return a network as TOML."""
    lines = [f"[networks.{name}]", f'kind = "{kind}"', *([f'cidr = "{cidr}"'] if cidr else []), *more]
    return "\n".join(lines) + "\n"


def rules(text: str) -> set[str]:
    """Return the rules that find something, apart from the numbers that HSRP may take."""
    return {f.rule for f in findings(text)} - {"named-address"}


# 5: two overlays with nothing between them.

OVERLAYS = "[edges.fra]\n[edges.wdc]\n" + "".join(
    net(f"vm-{edge}", "vcs-vm", "172.24.16.0/24", f'edge = "{edge}"') for edge in ("fra", "wdc")
)
JOINED = '[[link]]\nbetween = ["fra", "wdc"]\nmethod = "{}"\n'


def test_05_two_overlays_with_nothing_between_are_a_warning() -> None:
    assert verdict(OVERLAYS + NONE, "vm-fra", "vm-wdc") == "warning"
    assert verdict(OVERLAYS, "vm-fra", "vm-wdc") == "warning"
    assert verdict(OVERLAYS.replace('edge = "wdc"', 'edge = "fra"') + NONE, "vm-fra", "vm-wdc") == "error"


@pytest.mark.parametrize(("method", "severity"), [("ipsec", "error"), ("routed", "error"), ("none", "warning")])
def test_05_a_link_between_two_edges_makes_it_a_conflict(method: str, severity: str) -> None:
    assert verdict(OVERLAYS + JOINED.format(method), "vm-fra", "vm-wdc") == severity


def test_05_a_link_that_names_other_networks_leaves_it_a_warning() -> None:
    more = net("vm-more", "vcs-vm", "172.25.0.0/24", 'edge = "fra"')
    more += net("vm-most", "vcs-vm", "172.25.1.0/24", 'edge = "wdc"')
    link = JOINED.format("ipsec") + 'networks = ["vm-more", "vm-most"]\n'
    assert verdict(OVERLAYS + more + link, "vm-fra", "vm-wdc") != "error"


# 6 and 7: two clusters on the default ranges.

CLUSTERS = (
    '[clusters.a]\nplatform = "iks"\n[clusters.b]\nplatform = "iks"\n[edges.dal]\n'
    + "".join(
        net(f"{c}-pods", "iks-pod", None, f'cluster = "{c}"')
        + net(f"{c}-services", "iks-service", None, f'cluster = "{c}"')
        for c in "ab"
    )
    + net("a-workers", "iks-worker-private", "10.171.42.128/26", 'cluster = "a"')
    + net("b-workers", "iks-worker-private", "10.171.42.192/26", 'cluster = "b"')
    + net("a-in", "iks-ingress-public", "169.46.49.32/29", 'cluster = "a"', "addresses = { strongswan = 4 }")
    + net("b-in", "iks-ingress-public", "169.46.49.40/29", 'cluster = "b"', "addresses = { strongswan = 4 }")
    + net("vm", "vcs-vm", "172.24.16.0/24", 'edge = "dal"')
    + net("transit", "vcs-transit", "172.24.19.0/29", 'edge = "dal"')
    + net("pub", "vcs-esg-public", "169.46.73.16/28", 'edge = "dal"', "addresses = { uplink = 4 }")
    + net("priv", "vcs-esg-private", "10.176.18.192/27", 'edge = "dal"', "addresses = { uplink = 4 }")
)
LINK = '[[link]]\nbetween = ["{}", "dal"]\nmethod = "strongswan"\n'
SHOWN = 'nat = [{{ network = "{0}-pods", as = "{1}" }}, {{ network = "{0}-services", as = "{2}" }}]\n'
BOTH_SHOWN = (
    CLUSTERS
    + LINK.format("a")
    + SHOWN.format("a", "10.232.0.0/16", "10.233.0.0/16")
    + LINK.format("b")
    + SHOWN.format("b", "10.234.0.0/16", "10.235.0.0/16")
)


def test_06_a_link_says_which_of_two_clusters_is_joined() -> None:
    assert verdict(CLUSTERS + LINK.format("a"), "a-pods", "b-pods") == "warning"
    assert verdict(CLUSTERS + LINK.format("a"), "a-services", "b-services") == "warning"
    assert verdict(CLUSTERS + LINK.format("a") + LINK.format("b"), "a-pods", "b-pods") == "error"


def test_07_translation_on_both_links_settles_it() -> None:
    assert verdict(BOTH_SHOWN, "a-pods", "b-pods") is None
    assert verdict(BOTH_SHOWN, "a-services", "b-services") is None
    for cluster, shown in (("a", "10.232.0.1"), ("b", "10.234.0.1")):
        traced = walk(BOTH_SHOWN, f"{cluster}-pods", "vm")
        assert end_of(traced) == ("reachable", "delivered", None)
        assert traced.hops[-1].source.text == shown
        back = walk(BOTH_SHOWN, "vm", f"{cluster}-pods")
        assert (back.asked.text, back.ok) == (shown, True)
    assert rules(BOTH_SHOWN) <= {"account-routing", "size-without-effect", "incomplete-cluster"}


def test_07_links_that_leave_the_services_out_settle_them_too() -> None:
    plan = CLUSTERS
    for cluster, shown in (("a", "10.232.0.0/16"), ("b", "10.234.0.0/16")):
        plan += LINK.format(cluster) + f'nat = [{{ network = "{cluster}-pods", as = "{shown}" }}]\n'
    assert verdict(plan, "a-pods", "b-pods") is None
    assert verdict(plan, "a-services", "b-services") is None


# 20 to 22: stretched parts of a summary, several links of one site, nested networks of one site.

SITE = (
    NONE.replace('enterprise = "none"', 'enterprise = "l2-extension"')
    + net("office", "enterprise", "172.22.0.0/16")
    + net("vm", "vcs-vm", "172.22.50.0/24", "addresses = { on-premises = 254 }")
    + net("transit", "vcs-transit", "172.24.19.0/29")
    + net("hcx", "vcs-hcx", "10.176.91.0/26")
)


def test_20_a_stretched_part_of_a_summary_is_a_warning() -> None:
    assert verdict(SITE, "office", "vm") == "warning"
    assert verdict(integrate(SITE, enterprise="routed", iks_vcs="none"), "office", "vm") == "error"
    equal = edit(SITE, ('cidr = "172.22.0.0/16"', 'cidr = "172.22.50.0/24"'))
    assert verdict(equal, "office", "vm") == "warning"


TWO_LINKS = (
    net("office", "enterprise", "192.168.64.0/20", 'site = "hq"')
    + net("vm-app", "vcs-vm", "172.24.16.0/24", "addresses = { on-premises = 254 }")
    + net("vm-db", "vcs-vm", "172.24.17.0/24")
    + net("transit", "vcs-transit", "172.24.19.0/29")
    + net("pub", "vcs-esg-public", "169.46.73.16/28", "addresses = { uplink = 4 }")
    + net("priv", "vcs-esg-private", "10.176.18.192/27", "addresses = { uplink = 4 }")
    + net("hosts", "vcs-management", "10.176.18.64/26")
    + net("hcx", "vcs-hcx", "10.176.91.0/26")
    + "[edges.dal]\n[sites.hq]\n"
    + '[[link]]\nbetween = ["hq", "dal"]\nmethod = "l2-extension"\nnetworks = ["vm-app"]\n'
    + '[[link]]\nbetween = ["hq", "ibm-private"]\nmethod = "routed"\n'
)


def test_21_one_site_has_a_stretched_network_and_direct_link() -> None:
    stretched, routed = walk(TWO_LINKS, "office", "vm-app"), walk(TWO_LINKS, "office", "hosts")
    assert stretched.ok
    assert "L2 concentrator" in [hop.device for hop in stretched.hops]
    assert routed.ok
    assert [hop.device for hop in routed.hops[2:5]] == ["on-premises router", "XCR", "BCR"]
    assert walk(TWO_LINKS, "office", "vm-db").result == "unreachable"


NESTED = net("all", "enterprise", "192.168.0.0/16") + net("part", "enterprise", "192.168.64.0/20")


@pytest.mark.parametrize("method", ["routed", "none", "l2-extension"])
def test_22_nested_networks_of_one_site_are_a_summary_and_its_part(method: str) -> None:
    plan = NESTED + NONE.replace('enterprise = "none"', f'enterprise = "{method}"')
    assert verdict(plan, "all", "part") is None
    equal = edit(plan, ("192.168.64.0/20", "192.168.0.0/16"))
    assert verdict(equal, "all", "part") == "error"


@pytest.mark.parametrize(
    ("part", "shown", "expected"),
    [
        ("192.168.64.0/20", "10.236.64.0/20", None),  # the part moves with its summary
        ("192.168.64.0/20", "10.236.80.0/20", "error"),
        ("172.24.64.0/20", "10.236.64.0/20", "error"),
    ],
)
def test_22_a_summary_and_its_part_may_be_shown_together(part: str, shown: str, expected: str | None) -> None:
    plan = (
        net("all", "enterprise", "192.168.0.0/16")
        + net("part", "enterprise", part)
        + net("hosts", "vcs-management", "10.176.18.64/26")
        + '[[link]]\nbetween = ["enterprise", "ibm-private"]\nmethod = "routed"\n'
        + f'nat = [{{ network = "all", as = "10.236.0.0/16" }}, {{ network = "part", as = "{shown}" }}]\n'
    )
    assert verdict(plan, "all", "part") == expected


# 23: routing between the account's subnets.

ZONES = (
    '[clusters.a]\nplatform = "iks"\n'
    + net("z1", "iks-worker-private", "10.171.42.128/26")
    + net("z2", "iks-worker-private", "10.171.43.128/26")
)


def test_23_two_subnets_need_routing_in_the_account() -> None:
    (finding,) = findings(NONE + ZONES, "account-routing")
    assert finding.severity == "warning"
    assert {"z1", "z2"} <= set(finding.networks)
    for stated in ("vrf", "vlan-spanning"):
        assert findings(NONE + f'account-routing = "{stated}"\n' + ZONES, "account-routing") == []
    one = ZONES.replace(net("z2", "iks-worker-private", "10.171.43.128/26"), "")
    assert findings(NONE + one, "account-routing") == []


# 24: addresses that IBM Cloud itself has.


@pytest.mark.parametrize(
    ("kind", "name", "cidr"),
    [
        ("vcs-esg-public", "uplink", "169.46.73.16/28"),
        ("vcs-esg-private", "uplink", "10.176.18.192/27"),
        ("iks-ingress-public", "alb", "169.46.49.32/29"),
        ("vcs-management", "dns", "10.176.18.64/26"),
    ],
)
def test_24_the_first_address_is_the_gateway_of_ibm(kind: str, name: str, cidr: str) -> None:
    cluster = '[clusters.a]\nplatform = "iks"\n' if kind.startswith("iks") else ""
    for number, severity in ((1, "error"), (2, "warning"), (3, "warning"), (4, None)):
        plan = NONE + cluster + net("x", kind, cidr, f"addresses = {{ {name} = {number} }}")
        found = [f.severity for f in findings(plan, "named-address")]
        assert found == ([severity] if severity else []), number
    gateway = NONE + cluster + net("x", kind, cidr, "addresses = { gateway = 1 }")
    assert findings(gateway, "named-address") == []


# 25: a network that does not say where it stands.


@pytest.mark.parametrize("kind", ["vcs-vm", "vcs-management", "vcs-vtep", "vcs-esg-public", "vcs-transit", "vcs-hcx"])
def test_25_with_several_edges_networks_name_theirs(kind: str) -> None:
    cidr = {"vcs-vm": "172.25.0.0/24", "vcs-transit": "172.25.0.0/29", "vcs-esg-public": "169.46.73.16/28"}
    plan = OVERLAYS + NONE + net("lost", kind, cidr.get(kind, "10.176.18.64/26"))
    (finding,) = findings(plan, "edge-missing")
    assert (finding.severity, finding.networks) == ("warning", ("lost",))
    assert findings(plan.replace("[edges.wdc]\n", "").replace('edge = "wdc"', 'edge = "fra"'), "edge-missing") == []


# 29: what check calls a conflict, flows call ambiguous.


def test_29_a_flow_to_an_overlap_is_ambiguous() -> None:
    plan = edit(
        REFERENCE,
        ('hosts = 60\ngrow-to = 24\npool = "172.24.0.0/14"\ngroup = "vms"', 'cidr = "172.30.8.0/26"'),
        ('prefix = 24\npool = "172.24.0.0/14"\ngroup = "vms"', 'cidr = "172.25.0.0/24"'),
    )
    assert verdict(plan, "vm-db", "iks-pods") == "error"
    traced = flow(plan, "C", end="vm-db")
    assert end_of(traced) == ("ambiguous", "ambiguous", "vRouter of iks-prod")
    assert traced.stop is not None
    assert "an address of iks-pods and vm-db" in traced.stop.reason
    assert walk(plan, "vm-db", "iks-pods").assumptions == (
        "iks-pods overlaps vm-db; the address 172.30.0.1 is not in the shared part",
    )
    assert end_of(walk(plan, "vm-web", "172.30.8.9"))[0] == "ambiguous"


# 31 and 32: where a subnet stands.

VLAN = (
    NONE.replace('iks-vcs = "none"', 'iks-vcs = "common-vlan"\niks-asn = 64999\nesg-asn = 64998')
    + '[clusters.a]\nplatform = "iks"\n'
    + net("pods", "iks-pod", None)
    + net("services", "iks-service", None)
    + net("vm", "vcs-vm", "172.24.16.0/24")
    + net("workers", "iks-worker-private", "10.171.42.128/26")
)


def test_31_one_vlan_does_not_span_two_pods() -> None:
    apart = VLAN + net("priv", "vcs-esg-private", "10.176.18.192/27", "addresses = { uplink = 4 }")
    found = findings(apart, "common-vlan-pods")
    assert [f.severity for f in found] == ["warning"]
    together = VLAN + net("priv", "vcs-esg-private", "10.171.87.64/28", "addresses = { uplink = 4 }")
    assert findings(together, "common-vlan-pods") == []


def test_32_an_edge_has_subnets_of_its_own_data_center() -> None:
    edge = '[edges.fra]\ndata-center = "{}"\n' + net("esg", "vcs-esg-private", "10.176.18.192/27", 'edge = "fra"')
    (finding,) = findings(edge.format("fra02"), "unpublished-subnet")
    assert finding.severity == "warning"
    assert findings(edge.format("dal10"), "unpublished-subnet") == []


# 33: one arithmetic for workers, virtual addresses and pods.


def test_33_what_check_accepts_allocate_gives() -> None:
    plan = (
        '[plan]\nbyoip = ["10.224.0.0/12"]\n[clusters.icp]\nplatform = "icp"\nworkers = 9\npods-per-worker = 110\n'
        '[networks.pods]\nkind = "icp-pod"\n'
    )
    from walking import settled

    given = next(n.prefix for n in settled(plan).networks if n.name == "pods")
    assert given is not None
    assert given.length == 20
    small = plan.replace('kind = "icp-pod"\n', 'kind = "icp-pod"\ncidr = "10.224.0.0/21"\n')
    assert [f.severity for f in findings(small, "pod-capacity")] == ["error"]
    large = plan.replace('kind = "icp-pod"\n', 'kind = "icp-pod"\ncidr = "10.224.0.0/20"\n')
    assert findings(large, "pod-capacity") == []


# 37: nothing announces the transit network.


@pytest.mark.parametrize(
    ("method", "severity"),
    [
        ("bgp", "warning"),
        ("common-vlan", "warning"),
        ("strongswan", "error"),
        ("static-nat", "warning"),
        (None, "error"),
    ],
)
def test_37_the_transit_network_is_no_destination_of_iks(method: str | None, severity: str) -> None:
    inside = edit(
        integrate(REFERENCE, iks_vcs=method, iks_icp="none"),
        ('kind = "vcs-transit"\npool = "172.24.0.0/14"', 'kind = "vcs-transit"\ncidr = "172.21.4.0/29"'),
    )
    assert verdict(inside, "iks-services", "transit") == severity


# "More cases" of section 8.


@pytest.mark.parametrize("kind", ["pods", "services"])
@pytest.mark.parametrize(("method", "severity"), [("common-vlan", "error"), ("bgp", "warning"), ("none", "warning")])
def test_the_link_route_of_a_common_vlan_takes_icp_workers_there(kind: str, method: str, severity: str) -> None:
    old = {"pods": 'kind = "icp-pod"\nprefix = 16', "services": 'kind = "icp-service"'}[kind]
    new = f'kind = "icp-{kind.removesuffix("s")}"\ncidr = "10.171.42.160/27"'
    plan = edit(integrate(REFERENCE, icp_vcs="none", iks_icp="none", iks_vcs=method), (old, new))
    assert verdict(plan, f"icp-{kind}", "iks-workers-private") == severity


def test_two_has_no_errors() -> None:
    assert not [f for f in findings(TWO) if f.severity == "error"]
