"""Flows over links: every pair of ends and every method, with translation, and with the answer on its own way."""

from __future__ import annotations

import pytest
from walking import around, changes, end_of, routes, walk

from ipplan.landscape.model import DestinationNat, SourceNat


def net(name: str, kind: str, cidr: str | None, *more: str) -> str:
    """Return a network as TOML."""
    return "\n".join([f"[networks.{name}]", f'kind = "{kind}"', *([f'cidr = "{cidr}"'] if cidr else []), *more]) + "\n"


BASE = (
    '[edges.dal]\n[edges.fra]\n[sites.hq]\n[clusters.iks]\nplatform = "iks"\n[clusters.icp]\nplatform = "icp"\nedge = "dal"\n'
    + net("pods", "iks-pod", "10.60.0.0/24", 'cluster = "iks"')
    + net("services", "iks-service", "10.61.0.0/24", 'cluster = "iks"')
    + net("nodes", "iks-worker-private", "10.171.42.128/26", 'cluster = "iks"')
    + net(
        "ingress", "iks-ingress-public", "169.46.49.32/29", 'cluster = "iks"', "addresses = { alb = 4, strongswan = 5 }"
    )
    + net("icp-pods", "icp-pod", "10.62.0.0/24", 'cluster = "icp"')
    + net(
        "icp-nodes",
        "icp-worker",
        "172.24.18.0/27",
        'cluster = "icp"',
        "addresses = { proxy-vip = 11, strongswan = 12 }",
    )
    + net("vm-dal", "vcs-vm", "172.24.16.0/24", 'edge = "dal"')
    + net("t-dal", "vcs-transit", "172.24.19.0/29", 'edge = "dal"')
    + net(
        "pub-dal", "vcs-esg-public", "169.46.73.16/28", 'edge = "dal"', "addresses = { uplink = 4, icp-strongswan = 5 }"
    )
    + net("priv-dal", "vcs-esg-private", "10.176.18.192/27", 'edge = "dal"', "addresses = { uplink = 4 }")
    + net("vm-fra", "vcs-vm", "172.25.16.0/24", 'edge = "fra"')
    + net("t-fra", "vcs-transit", "172.25.19.0/29", 'edge = "fra"')
    + net("pub-fra", "vcs-esg-public", "159.122.70.32/28", 'edge = "fra"', "addresses = { uplink = 4 }")
    + net("priv-fra", "vcs-esg-private", "10.85.31.64/26", 'edge = "fra"', "addresses = { uplink = 4 }")
    + net("office", "enterprise", "192.168.64.0/24", 'site = "hq"', "addresses = { ipsec = 4, gre = 4 }")
)


def link(first: str, second: str, method: str, *nat: tuple[str, str], networks: str = "") -> str:
    """Return the plan with one link; `nat` are the networks that it shows, and at what."""
    shown = ", ".join(f'{{ network = "{name}", as = "{at}" }}' for name, at in nat)
    more = f"nat = [{shown}]\n" if nat else ""
    more += f"networks = {networks}\n" if networks else ""
    return f'{BASE}[[link]]\nbetween = ["{first}", "{second}"]\nmethod = "{method}"\n{more}'


def seen(plan: str, start: str, end: str) -> tuple[str, str, str]:
    """Return what a packet that arrives is: the address that was asked, and both addresses at the end."""
    traced = walk(plan, start, end)
    assert end_of(traced) == ("reachable", "delivered", None), traced.stop or traced.back_stop
    assert traced.back[-1].source.same(traced.asked)
    return traced.asked.text, traced.hops[-1].source.text, traced.hops[-1].destination.text


POD, VM, FAR, USER, ICP = "10.60.0.1", "172.24.16.2", "172.25.16.2", "192.168.64.2", "172.24.18.12"

# pair, method, one network with its address, the other with its address; both directions, without translation
PLAIN = [
    ("iks", "dal", "strongswan", ("pods", POD), ("vm-dal", VM)),
    ("iks", "dal", "bgp", ("pods", "10.171.42.130"), ("vm-dal", VM)),
    ("iks", "dal", "common-vlan", ("pods", "10.171.42.130"), ("vm-dal", VM)),
    ("iks", "icp", "strongswan", ("pods", POD), ("icp-nodes", ICP)),
    ("dal", "fra", "ipsec", ("vm-dal", VM), ("vm-fra", FAR)),
    ("dal", "fra", "routed", ("vm-dal", VM), ("vm-fra", FAR)),
    ("hq", "dal", "ipsec", ("office", USER), ("vm-dal", VM)),
    ("hq", "dal", "gre", ("office", USER), ("vm-dal", VM)),
    ("hq", "ibm-private", "routed", ("office", USER), ("nodes", "10.171.42.130")),
]


@pytest.mark.parametrize(("first", "second", "method", "one", "two"), PLAIN)
def test_each_link_carries_both_directions(
    first: str, second: str, method: str, one: tuple[str, str], two: tuple[str, str]
) -> None:
    plan = link(first, second, method)
    (near, source), (far, target) = one, two
    assert seen(plan, near, far) == (target, source, target)
    asked, _, arrived = seen(plan, far, near)
    assert asked == arrived


@pytest.mark.parametrize(("first", "second", "method", "one", "two"), PLAIN)
def test_no_link_no_way(first: str, second: str, method: str, one: tuple[str, str], two: tuple[str, str]) -> None:
    plan = link(first, second, "none")
    assert walk(plan, one[0], two[0]).result == "unreachable"
    if one[0] != "pods":  # their ingress stands for them
        assert walk(plan, two[0], one[0]).result == "unreachable"


# pair and method, the network that is translated with its address, the one on the other side, and where it happens
TRANSLATED = [
    ("iks", "dal", "strongswan", ("pods", POD), ("vm-dal", VM), "strongSwan of iks"),
    ("iks", "dal", "strongswan", ("vm-dal", VM), ("pods", POD), "strongSwan of iks"),
    ("iks", "icp", "strongswan", ("pods", POD), ("icp-nodes", ICP), "strongSwan of iks"),
    ("iks", "icp", "strongswan", ("icp-nodes", ICP), ("pods", POD), "strongSwan of iks"),
    ("dal", "fra", "ipsec", ("vm-dal", VM), ("vm-fra", FAR), "ESG of dal"),
    ("dal", "fra", "ipsec", ("vm-fra", FAR), ("vm-dal", VM), "ESG of fra"),
    ("hq", "dal", "gre", ("office", USER), ("vm-dal", VM), "on-premises router of hq"),
    ("hq", "dal", "gre", ("vm-dal", VM), ("office", USER), "ESG of dal"),
    ("hq", "dal", "ipsec", ("office", USER), ("vm-dal", VM), "on-premises router of hq"),
    ("hq", "dal", "ipsec", ("vm-dal", VM), ("office", USER), "ESG of dal"),
    ("hq", "ibm-private", "routed", ("office", USER), ("nodes", "10.171.42.130"), "on-premises router of hq"),
]
SIZES = {"icp-nodes": 27}


@pytest.mark.parametrize(("first", "second", "method", "own", "far", "device"), TRANSLATED)
def test_a_range_is_shown_1_to_1_in_both_directions(
    first: str, second: str, method: str, own: tuple[str, str], far: tuple[str, str], device: str
) -> None:
    (name, address), (other, there) = own, far
    shown = f"10.66.0.0/{SIZES.get(name, 24)}"
    at = f"10.66.0.{address.rpartition('.')[2]}"
    more = ("services", "10.67.0.0/24") if name == "pods" else None
    plan = link(first, second, method, (name, shown), *([more] if more and first == "iks" else []))
    if method == "strongswan":
        plan = plan.replace("[[link]]", "[[link]]\n" + f'networks = ["{other}"]', 1)
    assert seen(plan, name, other) == (there, at, there)
    assert any(line.startswith(f"{device}: source {address} -> {at}") for line in changes(walk(plan, name, other).hops))
    asked, _, arrived = seen(plan, other, name)
    assert (asked, arrived) == (at, address)


@pytest.mark.parametrize(("first", "second", "method", "own", "far", "device"), TRANSLATED)
def test_one_address_is_for_answers_only(
    first: str, second: str, method: str, own: tuple[str, str], far: tuple[str, str], device: str
) -> None:
    (name, address), (other, there) = own, far
    plan = link(first, second, method, (name, "10.66.0.9/32"))
    if method == "strongswan":
        plan = plan.replace("[[link]]", "[[link]]\n" + f'networks = ["{other}"]', 1)
    assert seen(plan, name, other) == (there, "10.66.0.9", there)
    if name != "pods":  # their ingress stands for them
        assert walk(plan, other, name).result == "unreachable"
    back = changes(walk(plan, name, other).back)
    assert any(line.endswith(f"destination 10.66.0.9 -> {address}") for line in back)


def test_equal_ranges_at_both_ends_talk_where_both_are_translated() -> None:
    plan = link("dal", "fra", "ipsec", ("vm-dal", "10.66.0.0/24"), ("vm-fra", "10.67.0.0/24"))
    plan = plan.replace('cidr = "172.25.16.0/24"', 'cidr = "172.24.16.0/24"')
    assert seen(plan, "vm-dal", "vm-fra") == ("10.67.0.2", "10.66.0.2", "172.24.16.2")
    assert seen(plan, "vm-fra", "vm-dal") == ("10.66.0.2", "10.67.0.2", "172.24.16.2")


def test_a_link_carries_what_it_names() -> None:
    plan = link("dal", "fra", "ipsec", networks='["vm-dal", "vm-fra"]')
    assert walk(plan, "vm-dal", "vm-fra").ok
    assert walk(plan, "icp-nodes", "vm-fra").result == "unreachable"
    assert walk(plan, "vm-fra", "icp-nodes").result == "unreachable"


@pytest.mark.parametrize(
    ("first", "second", "method", "start", "end", "outer"),
    [
        ("dal", "fra", "ipsec", "vm-dal", "vm-fra", "ESP 169.46.73.20 > 159.122.70.36"),
        ("hq", "dal", "gre", "vm-dal", "office", "GRE 169.46.73.20 > 192.168.64.4"),
        ("hq", "dal", "ipsec", "office", "vm-dal", "ESP 192.168.64.4 > 169.46.73.20"),
        ("iks", "dal", "strongswan", "pods", "vm-dal", "ESP 169.46.49.37 > 169.46.73.20"),
        ("iks", "icp", "strongswan", "pods", "icp-nodes", "ESP 169.46.49.37 > 169.46.73.21"),
    ],
)
def test_tunnels_end_at_the_addresses_that_the_plan_names(
    first: str, second: str, method: str, start: str, end: str, outer: str
) -> None:
    traced = walk(link(first, second, method), start, end)
    assert traced.ok
    assert outer in {line for hop in traced.hops for line in around(hop)}


def test_a_site_with_direct_link_ends_its_tunnels_privately() -> None:
    plan = link("hq", "dal", "ipsec") + '[[link]]\nbetween = ["hq", "ibm-private"]\nmethod = "routed"\n'
    traced = walk(plan, "office", "vm-dal")
    assert {line for hop in traced.hops for line in around(hop)} >= {"ESP 192.168.64.4 > 10.176.18.196"}
    assert traced.ok


def test_two_edges_on_one_network_route_plainly() -> None:
    traced = walk(link("dal", "fra", "routed"), "vm-dal", "vm-fra")
    assert changes(traced.hops) == []
    assert "ESG 172.25.16.0/24" in routes(traced.hops)
    assert not [hop for hop in traced.hops if hop.device == "BCR"]


@pytest.mark.parametrize(
    ("gateway", "way"),
    [
        ('gateway-on = "esg"', ["VM", "DNS", "VM", "ESG", "VM"]),
        ('gateway-on = "dlr"', ["VM", "DNS", "DLR", "ESG", "VM"]),
    ],
)
def test_the_router_of_a_vm_network_is_where_the_plan_says(gateway: str, way: list[str]) -> None:
    other = net("vm-esg", "vcs-vm", "172.24.17.0/24", 'edge = "dal"', 'gateway-on = "esg"')
    plan = (BASE + other).replace(
        net("vm-dal", "vcs-vm", "172.24.16.0/24", 'edge = "dal"'),
        net("vm-dal", "vcs-vm", "172.24.16.0/24", 'edge = "dal"', gateway),
    )
    traced = walk(plan, "vm-dal", "vm-esg")
    assert traced.ok
    assert [hop.device for hop in traced.hops] == way
    assert traced.hops[3].text == "puts it on the VXLAN of the VM"


# method, what the link shows, the text of the rule that the ESG's hop names, and what it translates
RULES = [
    ("gre", (), None, []),
    ("gre", (("vm-dal", "10.90.0.0/24"),), "vm-dal as 10.90.0.0/24", ["source 172.24.16.2 -> 10.90.0.2"]),
    ("gre", (("vm-dal", "10.90.0.9/32"),), "vm-dal as 10.90.0.9/32", ["source 172.24.16.2 -> 10.90.0.9"]),
    ("ipsec", (), "untranslated", []),
    ("ipsec", (("vm-dal", "10.90.0.0/24"),), "vm-dal as 10.90.0.0/24", ["source 172.24.16.2 -> 10.90.0.2"]),
]


@pytest.mark.parametrize(("method", "nat", "rule", "changed"), RULES)
def test_the_hop_into_a_tunnel_names_the_rule_that_decided(
    method: str, nat: tuple[tuple[str, str], ...], rule: str | None, changed: list[str]
) -> None:
    traced = walk(link("hq", "dal", method, *nat), "vm-dal", "office")
    (hop,) = (h for h in traced.hops if h.device == "ESG" and h.action == method)
    named = [entry.text for entry in hop.decided if isinstance(entry, SourceNat)]
    assert [text.partition(" through ")[0] for text in named] == ([] if rule is None else [rule])
    assert [f"{c.field} {c.old} -> {c.new}" for c in hop.changed] == changed
    assert hop.route is not None
    assert str(hop.route) == "192.168.64.0/24", "the route into the tunnel"


def test_the_way_to_a_concentrator_outside_of_the_plan_names_no_route() -> None:
    traced = walk(link("hq", "dal", "l2-extension"), "office", "vm-dal")
    (hop,) = (h for h in traced.hops if "sends the tunnel's packet to the WAN" in h.text)
    assert hop.decided == ()


# from, to, the source of the packet around the packet: at strongSwan, at the worker, at the ESG, at the far worker
OUTER = [
    ("icp-pods", "pods", "keeps the pod's address"),
    ("icp-nodes", "pods", "accepts the worker's address"),
]


@pytest.mark.parametrize(("start", "end", "text"), OUTER)
def test_the_strongswan_of_icp_sends_from_behind_the_nat_of_its_esg(start: str, end: str, text: str) -> None:
    traced = walk(link("iks", "icp", "strongswan"), start, end)
    assert traced.ok, traced.stop or traced.back_stop
    tunnelled = [h for h in traced.hops if h.outer and h.outer[0].protocol == "ESP"]
    assert [(h.device, h.outer[0].source.text) for h in tunnelled] == [
        ("strongSwan", "172.24.18.12"),
        ("worker", "172.24.18.12"),
        ("ESG", "169.46.73.21"),
        ("worker", "169.46.73.21"),
    ]
    assert tunnelled[0].text.startswith(text)
    assert (tunnelled[0].case is None) == (start == "icp-nodes"), "only a pod's address depends on enablePodSNAT"
    at_esg = tunnelled[2]
    assert at_esg.action == "session"
    assert [e.target.text for e in at_esg.decided if isinstance(e, DestinationNat)] == ["172.24.18.12"]
    assert str(at_esg.route) == "0.0.0.0/0"
    answer = next(h for h in walk(link("iks", "icp", "strongswan"), end, start).back if h.action == "session")
    assert answer.outer[0].source.text == "169.46.73.21"


# method, from, to, what DNS answers with
ANSWERS = [
    ("strongswan", "pods", "vm-dal", "answers with 172.24.16.2, its address"),
    (
        "none",
        "pods",
        "vm-dal",
        "answers with 10.176.18.196, the address of the edge's uplink, because no address of the edge leads to vm-dal",
    ),
    (
        "none",
        "office",
        "vm-dal",
        "answers with 169.46.73.20, the address of the edge's uplink, because no address of the edge leads to vm-dal",
    ),
    ("static-nat", "pods", "vm-dal", "answers with 10.176.18.194, the address through which it is reached"),
]


@pytest.mark.parametrize(("method", "start", "end", "text"), ANSWERS)
def test_dns_says_whether_something_stands_for_the_network(method: str, start: str, end: str, text: str) -> None:
    assert walk(link("iks", "dal", method), start, end).hops[1].text == text


def test_a_route_is_named_by_the_network_that_is_meant() -> None:
    # Two clusters on one range, and the ESG of each knows only its own.
    plan = (
        link("iks", "dal", "strongswan")
        + '[clusters.other]\nplatform = "iks"\n'
        + net("other-pods", "iks-pod", "10.60.0.0/24", 'cluster = "other"')
        + net("other-nodes", "iks-worker-private", "10.171.43.128/26", 'cluster = "other"')
        + '[[link]]\nbetween = ["other", "fra"]\nmethod = "strongswan"\n'
    )
    for start, end in (("vm-dal", "pods"), ("vm-fra", "other-pods")):
        traced = walk(plan, start, end)
        assert traced.ok
        (hop,) = (h for h in traced.hops if h.device == "ESG" and h.action == "ipsec")
        assert hop.route_network == end


def test_an_answer_that_leaves_by_the_bcr_is_not_translated_and_the_stop_says_so() -> None:
    # The GRE tunnel takes packets from every network of the site, but the ESG has a route into it to the office only.
    text = (
        link("hq", "dal", "gre", networks='["office", "icp-nodes"]')
        + '[[link]]\nbetween = ["icp", "dal"]\nmethod = "nat"\n[[link]]\nbetween = ["hq", "ibm-private"]\nmethod = "routed"\n'
        + net("lab", "enterprise", "10.236.0.0/24", 'site = "hq"')
    )
    stop = walk(text, "lab", "icp-nodes").back_stop
    assert stop is not None
    assert (stop.device, stop.end) == ("ESG", "not-translated")
    assert stop.reason == (
        "the answer keeps its source 172.24.18.12, and the BCR drops sources that IBM Cloud did not assign"
    )
    assert stop.help == "let the link that carries the request carry the answer too"
    assert walk(text.replace('["office", ', '["office", "lab", '), "lab", "icp-nodes").ok, "the help is true"
