"""Small decisions of landscape and flows, each by itself: a change to one of them shows here."""

from __future__ import annotations

import pytest
from test_flow_laws import landscape_of, short_form

from ipplan.addresses import parse_address, parse_prefix
from ipplan.exporters import TARGETS, Options, Request, export
from ipplan.flows import FlowError, Tracer, find_machine, trace
from ipplan.flows.alike import Alike
from ipplan.flows.lookups import Lookup
from ipplan.flows.machines import is_public, machine_in
from ipplan.landscape.conflicts import TableKey
from ipplan.landscape.ends import Carried, End
from ipplan.landscape.folding import with_names
from ipplan.landscape.holders import free_addresses, gateway_address, pick
from ipplan.landscape.model import HostAddress, Route
from ipplan.landscape.verdicts import judge


def address(text: str) -> HostAddress:
    return HostAddress(*parse_address(text))


@pytest.mark.parametrize(
    ("text", "public"),
    [
        ("9.255.255.255", True),
        ("10.0.0.1", False),
        ("10.255.255.255", False),
        ("11.0.0.1", True),
        ("100.63.255.255", True),
        ("100.64.0.1", False),
        ("100.127.255.255", False),
        ("100.128.0.0", True),
        ("172.15.0.1", True),
        ("172.16.0.1", False),
        ("172.31.255.255", False),
        ("172.32.0.1", True),
        ("192.167.0.1", True),
        ("192.168.255.1", False),
        ("192.169.0.1", True),
        ("0.1.2.3", False),
        ("127.0.0.1", False),
        ("169.254.1.1", False),
        ("169.253.1.1", True),
        ("223.255.255.1", True),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("2001:db8::1", True),
        ("fd00::1", False),
        ("fe80::1", False),
        ("::1", False),
    ],
)
def test_what_no_host_on_the_internet_has(text: str, public: bool) -> None:
    assert is_public(address(text)) is public


def test_an_address_that_nobody_knows_may_be_public() -> None:
    assert is_public(HostAddress(4, None, words="(the worker's public address)"))


NESTED = """\
[networks.campus]
kind = "enterprise"
cidr = "192.168.0.0/16"
[networks.floor]
kind = "enterprise"
cidr = "192.168.4.0/24"
[networks.room]
kind = "enterprise"
cidr = "192.168.4.64/27"
addresses = { printer = 5 }
"""


@pytest.mark.parametrize("order", [1, -1])
def test_an_address_belongs_to_the_smallest_network_that_holds_it(order: int) -> None:
    tables = [f"[networks.{part}" for part in NESTED.split("[networks.")[1:]]
    landscape = landscape_of("".join(tables[::order]))
    for text, name in (("192.168.4.70", "room"), ("192.168.4.7", "floor"), ("192.168.5.1", "campus")):
        network = find_machine(landscape, text).network
        assert network is not None
        assert network.name == name
    assert find_machine(landscape, "192.168.4.69").address.name == "printer"
    with pytest.raises(FlowError, match="no network of the plan holds"):
        find_machine(landscape, "100.64.0.1")


@pytest.mark.parametrize(
    ("kind", "cidr", "gateway", "example"),
    [
        ("vcs-vm", "172.24.0.0/29", "172.24.0.1", "172.24.0.2"),
        ("vcs-vm", "172.24.0.0/24", "172.24.0.1", "172.24.0.2"),
        ("vcs-vm", "172.24.0.0/30", "172.24.0.1", "172.24.0.1"),  # too small to spare an address
        ("iks-ingress-private", "10.171.0.0/29", "10.171.0.1", "10.171.0.2"),
        ("iks-pod", "172.30.0.0/29", "172.30.0.1", "172.30.0.1"),  # pods have no router of their own
    ],
)
def test_the_gateway_is_no_example_of_a_machine(kind: str, cidr: str, gateway: str, example: str) -> None:
    (network,) = (
        n for n in landscape_of(f'[networks.x]\nkind = "{kind}"\ncidr = "{cidr}"\n').ends.networks if n.name == "x"
    )
    assert gateway_address(network).text == gateway
    assert pick(network).text == example
    assert next(free_addresses(network)).text == example


def folded(text: str, *names: str) -> list[str]:
    landscape = landscape_of(text)
    return [
        str(prefix) for prefix in landscape.folder.fold(Carried(n) for n in landscape.ends.networks if n.name in names)
    ]


def vm(name: str, cidr: str, group: str = "") -> str:
    more = f'group = "{group}"\n' if group else ""
    return f'[networks.{name}]\nkind = "vcs-vm"\ncidr = "{cidr}"\n{more}'


def test_routes_are_the_fewest_that_lead_to_the_networks_and_no_further() -> None:
    text = vm("a", "172.24.0.0/25") + vm("b", "172.24.0.128/25") + vm("c", "172.24.2.0/24") + vm("d", "172.24.0.64/26")
    assert folded(text, "a", "b") == ["172.24.0.0/24"]
    assert folded(text, "a", "d") == ["172.24.0.0/25"], "a part needs no route of its own"
    assert folded(text, "a", "b", "c") == ["172.24.0.0/24", "172.24.2.0/24"]
    assert folded(text, "b", "c") == ["172.24.0.128/25", "172.24.2.0/24"]


def test_a_group_is_one_route_only_where_all_of_it_is_meant_and_nothing_else_lies_there() -> None:
    text = vm("a", "172.24.0.0/26", "app") + vm("b", "172.24.0.192/26", "app") + vm("far", "172.24.9.0/24")
    assert folded(text, "a", "b") == ["172.24.0.0/24"]
    assert folded(text, "a") == ["172.24.0.0/26"]
    assert folded(text + vm("other", "172.24.0.64/26"), "a", "b") == ["172.24.0.0/26", "172.24.0.192/26"]
    avoided = text + '[[avoid]]\ncidr = "172.24.0.64/26"\n'
    assert folded(avoided, "a", "b") == ["172.24.0.0/26", "172.24.0.192/26"]


@pytest.mark.parametrize(("iks_vcs", "network"), [("strongswan", "vm-a"), ("none", "i-pods")])
def test_the_answer_travels_between_the_ends_of_the_tunnel_the_other_way(iks_vcs: str, network: str) -> None:
    landscape = landscape_of(short_form(iks_vcs, "strongswan", "none"))
    by_name = {n.name: n for n in landscape.ends.networks}
    traced = trace(Tracer(landscape), machine_in(landscape, by_name["a-pods"]), machine_in(landscape, by_name[network]))
    assert traced.ok

    def tunnelled(hops: object) -> set[tuple[str, str]]:
        assert isinstance(hops, tuple)
        return {(o.source.text, o.destination.text) for hop in hops for o in hop.outer if o.protocol == "ESP"}

    there, back = tunnelled(traced.hops), tunnelled(traced.back)
    assert there
    ends = ("169.47.0.4", "169.46.73.21") if network == "vm-a" else ("169.47.0.5", "169.46.73.22")
    assert ends in there
    assert ends[::-1] in back
    assert not there & back


def test_an_ipv6_network_gets_no_rule_and_no_ipv4_match() -> None:
    text = short_form("strongswan", "none", "none")
    text += '[networks.vm-six]\nkind = "vcs-vm"\ncidr = "2001:db8:1::/64"\n'
    text += '[networks.six-office]\nkind = "enterprise"\ncidr = "2001:db8:2::/64"\n'
    landscape = landscape_of(text)
    esg = landscape.esg(End("edge", None))
    for rule in esg.source_nat:
        assert rule.source.version == 4
        assert rule.match is None or rule.match.version == 4
    assert all(rule.target.version == 4 for rule in esg.destination_nat)
    written = export(TARGETS["nftables"], Request(landscape, Options()))
    assert isinstance(written, str)
    rules = [line for line in written.splitlines() if " nat" in line or "saddr" in line or "daddr" in line]
    assert rules
    assert not any("2001:db8" in line for line in rules)


def test_one_load_balancer_address_is_for_one_tunnel() -> None:
    landscape = landscape_of(short_form("strongswan", "strongswan", "none"))
    found = {}
    for tunnel in landscape.tunnels.of_end(End("iks", "a")):
        end = tunnel.end_at(End("iks", "a"))
        assert end.gateway is not None
        found[tunnel.joint.pair] = end.gateway.text
    assert found == {"iks-edge": "169.47.0.4", "iks-icp": "169.47.0.5"}
    # Without an address of its own, the tunnel to ICP has none where the one to the ESG takes the only one.
    text = short_form("strongswan", "strongswan", "none").replace(", icp-strongswan = 5 }", " }", 2)
    gateways = [
        t.end_at(End("iks", "a")).gateway
        for t in landscape_of(text).tunnels.of_end(End("iks", "a"))
        if t.joint.pair == "iks-icp"
    ]
    assert gateways == [None]
    # Where nothing else needs it, it is for the tunnel to ICP.
    alone = landscape_of(text.replace('iks-vcs = "strongswan"', 'iks-vcs = "none"'))
    (tunnel,) = alone.tunnels.of_end(End("iks", "a"))
    gateway = tunnel.end_at(End("iks", "a")).gateway
    assert gateway is not None
    assert gateway.text == "169.47.0.4"


def test_names_stand_with_the_prefix_that_holds_them_and_with_no_other() -> None:
    rows = [(parse_prefix(text), [text]) for text in ("10.0.0.0/25", "10.0.0.128/25", "10.0.4.0/24", "10.0.9.0/24")]
    prefixes = [parse_prefix("10.0.4.0/23"), parse_prefix("10.0.0.0/24")]
    assert [(str(prefix), names) for prefix, names in with_names(prefixes, rows)] == [
        ("10.0.0.0/24", "10.0.0.0/25, 10.0.0.128/25"),
        ("10.0.4.0/23", "10.0.4.0/24"),
    ]
    many = [(parse_prefix("10.0.0.0/24"), [f"n{number}"]) for number in range(9)]
    ((_, names),) = with_names([parse_prefix("10.0.0.0/24")], many)
    assert names == "n0, n1, n2, n3, n4, n5, n6, n7, ..."
    ((_, names),) = with_names([parse_prefix("10.0.0.0/24")], many[:8])
    assert names.endswith("n7")
    assert [names for _, names in with_names([parse_prefix("10.0.4.0/24")], rows[:1])] == [""]


def test_a_group_of_both_ip_versions_is_no_single_route() -> None:
    text = vm("a", "172.24.0.0/26", "app") + vm("b", "172.24.0.192/26", "app")
    assert folded(text, "a", "b") == ["172.24.0.0/24"]
    assert folded(text + vm("six", "2001:db8::/64", "app"), "a", "b") == ["172.24.0.0/26", "172.24.0.192/26"]


def judged(text: str, one: str, two: str) -> str | None:
    landscape = landscape_of(text)
    by_name = {n.name: Carried(n) for n in landscape.ends.networks}
    for item, _, _ in landscape.tables.translated:
        by_name[f"{item.network.name} shown"] = item
    found = judge(landscape, by_name[one], by_name[two])
    return None if found is None else found.kind


EDGES = "[edges.dal]\n[edges.fra]\n[clusters.a]\nplatform = 'iks'\n[clusters.b]\nplatform = 'iks'\n[sites.hq]\n"


def network(name: str, kind: str, cidr: str, *more: str) -> str:
    return "\n".join([f"[networks.{name}]", f'kind = "{kind}"', f'cidr = "{cidr}"', *more, ""])


def link(one: str, two: str, method: str, *more: str) -> str:
    return "\n".join(["[[link]]", f'between = ["{one}", "{two}"]', f'method = "{method}"', *more, ""])


def nat(name: str, shown: str) -> str:
    return f'nat = [{{ network = "{name}", as = "{shown}" }}]'


def test_a_network_that_stands_nowhere_is_never_settled() -> None:
    shown = link("a", "dal", "strongswan", nat("pods", "10.232.0.0/24"))
    text = EDGES + network("pods", "iks-pod", "172.24.0.0/24", 'cluster = "a"') + shown
    assert judged(text + network("vm", "vcs-vm", "172.24.0.0/24", 'edge = "fra"'), "pods", "vm") is None
    assert judged(text + network("vm", "vcs-vm", "172.24.0.0/24"), "pods", "vm") == "apart"


def test_one_translation_does_not_settle_what_another_link_carries() -> None:
    pods = [network(f"{c}-pods", "iks-pod", "172.28.0.0/24", f'cluster = "{c}"') for c in "ab"]
    one = EDGES + "".join(pods) + link("a", "dal", "strongswan", nat("a-pods", "10.232.0.0/24"))
    assert judged(one, "a-pods", "b-pods") is None, "b is carried nowhere"
    assert judged(one + link("b", "fra", "strongswan"), "a-pods", "b-pods") == "apart"
    assert judged(one + link("a", "fra", "strongswan"), "a-pods", "b-pods") == "apart"
    both = one + link("b", "fra", "strongswan", nat("b-pods", "10.233.0.0/24"))
    assert judged(both, "a-pods", "b-pods") is None
    out = (
        EDGES
        + "".join(pods)
        + "".join(
            network(f"{c}-services", "iks-service", f"172.29.{n}.0/24", f'cluster = "{c}"')
            + link(c, edge, "strongswan", f'networks = ["{c}-services"]')
            for n, (c, edge) in enumerate((("a", "dal"), ("b", "fra")))
        )
    )
    assert judged(out, "a-pods", "b-pods") is None, "both are left out"
    half = out.replace('networks = ["b-services"]', "")
    assert judged(half, "a-pods", "b-pods") == "apart"


def test_workers_and_private_networks_are_carried_by_the_links_of_all_their_ends() -> None:
    # IKS workers stand in their cluster and on IBM Cloud's private network, ICP workers behind their edge as well.
    text = EDGES + network("nodes", "iks-worker-private", "10.171.0.0/26", 'cluster = "a"')
    text += network("office", "enterprise", "10.171.0.0/26", 'site = "hq"')
    shown = link("hq", "ibm-private", "routed", 'networks = ["office"]', nat("office", "10.99.0.0/26"))
    assert judged(text + shown, "nodes", "office") == "conflict", "the router has both"
    out = (
        network("far", "enterprise", "10.98.0.0/24", 'site = "hq"')
        + network("mgmt", "vcs-management", "10.97.0.0/24", 'edge = "dal"')
        + link("hq", "ibm-private", "routed", 'networks = ["far", "mgmt"]')
    )
    assert judged(text + out, "nodes", "office") is None, "the link leaves out both"
    tunnel = link("a", "b", "strongswan")
    assert judged(text + out + tunnel, "nodes", "office") == "apart", "a tunnel carries the workers"
    lone = text + network("vtep", "vcs-vtep", "10.171.0.0/26")
    assert judged(lone + out, "office", "vtep") is None, "private networks are left out as well"


def test_what_a_link_shows_is_no_stretched_wire() -> None:
    text = EDGES + network("office", "enterprise", "172.22.0.0/16", 'site = "hq"')
    text += network("vm", "vcs-vm", "172.22.5.0/24", 'edge = "dal"') + link("hq", "dal", "l2-extension")
    text += network("pods", "iks-pod", "172.28.0.0/24", 'cluster = "a"')
    assert judged(text, "vm", "office") == "stretched"
    text += link("a", "dal", "strongswan", nat("vm", "172.22.9.0/24"))
    assert judged(text, "vm shown", "office") == "apart"


def test_a_closed_pair_stays_closed_in_the_tables_of_an_edge_that_is_open_otherwise() -> None:
    text = "[integration]\niks-vcs = 'strongswan'\n" + EDGES + link("a", "dal", "none")
    for number, cluster in enumerate("ab"):
        text += network(f"{cluster}-pods", "iks-pod", f"172.28.{number}.0/24", f'cluster = "{cluster}"')
    tables = landscape_of(text + vm("x", "172.24.0.0/24").replace("cidr", 'edge = "dal"\ncidr')).tables
    by_name = {n.name: Carried(n) for n in tables.ends.networks}
    for edge, pods, leads in (("dal", "a", False), ("dal", "b", True)):
        entries = tables.table_index[TableKey("esg", End("edge", edge))]
        assert any(key in entries for key in tables.sets_of(by_name[f"{pods}-pods"])) is leads


@pytest.mark.parametrize(
    ("uplinks", "ingress", "privately"),
    [
        ({"private": "uplink = 4", "public": "uplink = 4"}, {}, True),
        ({"private": "uplink = 4", "public": "strongswan = 5"}, {}, False),
        ({"private": "strongswan = 5", "public": "strongswan = 5"}, {}, True),
        ({"private": "uplink = 4", "public": "strongswan = 5"}, {"private": "vpn = 4"}, True),
        ({"private": "strongswan = 5", "public": "uplink = 4"}, {"public": "strongswan = 4"}, False),
        ({"private": "uplink = 4"}, {}, True),
        ({"public": "uplink = 4"}, {}, False),
        ({"public": "uplink = 4"}, {"private": "strongswan = 4"}, False),
        ({}, {}, True),
    ],
)
def test_where_the_tunnel_of_a_cluster_and_an_edge_ends(
    uplinks: dict[str, str], ingress: dict[str, str], privately: bool
) -> None:
    text = EDGES + network("nodes", "iks-worker-private", "10.171.0.0/26", 'cluster = "a"')
    text += network("vm", "vcs-vm", "172.24.0.0/24", 'edge = "dal"') + link("a", "dal", "strongswan")
    for side, start in (("private", "10.172"), ("public", "169.46")):
        if side in uplinks:
            name, kind = f"up-{side}", f"vcs-esg-{side}"
            text += network(name, kind, f"{start}.0.0/26", 'edge = "dal"', f"addresses = {{ {uplinks[side]} }}")
        if side in ingress:
            name, kind = f"in-{side}", f"iks-ingress-{side}"
            text += network(name, kind, f"{start}.1.0/26", 'cluster = "a"', f"addresses = {{ {ingress[side]} }}")
    landscape = landscape_of(text)
    cluster, edge = End("iks", "a"), End("edge", "dal")
    joint = landscape.ends.links.between("iks-edge", cluster, edge)
    assert joint is not None
    assert landscape.ends.tunnel_addresses.ends_privately(joint, cluster) is privately
    carried = {c.network.name for c in landscape.ends.carriage.carried(joint, cluster)}
    assert ("nodes" in carried) is not privately, "the tunnel's own packets do not enter it"


def test_an_address_for_one_partner_keeps_links_apart() -> None:
    text = "[integration]\niks-vcs = 'strongswan'\n" + EDGES
    for number, edge in enumerate(("dal", "fra")):
        text += network(f"vm-{edge}", "vcs-vm", f"172.24.{number}.0/24", f'edge = "{edge}"')
    plain = network("front", "iks-ingress-public", "169.46.1.0/28", 'cluster = "a"', "addresses = { strongswan = 4 }")
    named = plain.replace("strongswan = 4", "fra-strongswan = 4")
    for front, alike in ((plain, True), (named, False)):
        classes = Alike(landscape_of(text + front))
        assert (classes.end(End("edge", "dal")) == classes.end(End("edge", "fra"))) is alike


def test_the_nearest_route_is_of_the_same_version_and_no_default() -> None:
    def route(prefix: str) -> Route:
        return Route("ESG", None, parse_prefix(prefix), "BCR", None, None, "static", "")

    lookup = Lookup(map(route, ("0.0.0.0/0", "10.0.0.0/8", "172.24.0.0/16", "2001:db8::/32", "::/0")))
    nearest = {text: lookup.nearest(address(text)) for text in ("172.25.0.1", "11.0.0.1", "2001:db9::1")}
    assert {text: found and str(found.prefix) for text, found in nearest.items()} == {
        "172.25.0.1": "172.24.0.0/16",
        "11.0.0.1": "10.0.0.0/8",
        "2001:db9::1": "2001:db8::/32",
    }
    assert lookup.nearest(HostAddress(4, None)) is None
    assert Lookup([route("0.0.0.0/0")]).nearest(address("10.0.0.1")) is None
    found = lookup.find(address("172.24.9.9"))
    assert found is not None
    assert str(found.prefix) == "172.24.0.0/16"


def test_what_keeps_pairs_and_networks_apart() -> None:
    text = "[integration]\niks-vcs = 'strongswan'\nenterprise = 'routed'\n" + EDGES
    for number, cluster in enumerate("ab"):
        for role, block in (("pod", 28), ("service", 29)):
            more = f'cluster = "{cluster}"'
            text += network(f"{cluster}-{role}s", f"iks-{role}", f"172.{block}.{number}.0/24", more)
    ranges = {
        "plain": "172.22.0.0/24",
        "other": "172.22.1.0/24",
        "in-ten": "10.9.0.0/24",
        "refused": "172.18.0.0/24",
        "public": "203.0.114.0/24",
        "tiny": "172.22.2.0/31",
        "six": "2001:db8::/64",
    }
    for name, cidr in ranges.items():
        text += network(name, "enterprise", cidr, 'site = "hq"')
    text += network("vm-dal", "vcs-vm", "172.24.0.0/24", 'edge = "dal"')
    landscape = landscape_of(text)
    alike, by_name = Alike(landscape), {n.name: n for n in landscape.ends.networks}
    classes = {name: alike.network(by_name[name]) for name in ranges}
    assert classes["plain"] == classes["other"]
    assert len(set(classes.values())) == len(ranges) - 1

    def of(one: str, two: str) -> object:
        ((key, _),) = alike.blocks([by_name[one]], [by_name[two]])
        return key

    assert alike.network(by_name["a-pods"]) == alike.network(by_name["b-pods"])
    assert of("a-pods", "b-services") == of("b-pods", "a-services")
    assert of("a-pods", "a-services") != of("a-pods", "b-services"), "inside a cluster, or between two"
    assert of("a-pods", "vm-dal") == of("b-pods", "vm-dal")
