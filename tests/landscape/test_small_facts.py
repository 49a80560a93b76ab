"""Small decisions of landscape and flows, each by itself: a change to one of them shows here."""

from __future__ import annotations

import pytest
from test_flow_laws import landscape_of, short_form

from ipplan.addresses import parse_address
from ipplan.export import TARGETS, Options, Request, export
from ipplan.flows import FlowError, Tracer, find_machine, trace
from ipplan.flows.machines import is_public, machine_in
from ipplan.landscape.ends import Carried, End
from ipplan.landscape.holders import free_addresses, gateway_address, pick
from ipplan.landscape.model import HostAddress


def address(text: str) -> HostAddress:
    return HostAddress(*parse_address(text))


@pytest.mark.parametrize(
    ("text", "public"),
    [
        ("9.255.255.255", True), ("10.0.0.1", False), ("10.255.255.255", False), ("11.0.0.1", True),
        ("100.63.255.255", True), ("100.64.0.1", False), ("100.127.255.255", False), ("100.128.0.0", True),
        ("172.15.0.1", True), ("172.16.0.1", False), ("172.31.255.255", False), ("172.32.0.1", True),
        ("192.167.0.1", True), ("192.168.255.1", False), ("192.169.0.1", True), ("0.1.2.3", False), ("127.0.0.1", False),
        ("169.254.1.1", False), ("169.253.1.1", True), ("223.255.255.1", True), ("224.0.0.1", False),
        ("255.255.255.255", False), ("2001:db8::1", True), ("fd00::1", False), ("fe80::1", False), ("::1", False),
    ],
)  # fmt: skip
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
)  # fmt: skip
def test_the_gateway_is_no_example_of_a_machine(kind: str, cidr: str, gateway: str, example: str) -> None:
    (network,) = (
        n
        for n in landscape_of(f'[networks.x]\nkind = "{kind}"\ncidr = "{cidr}"\n').ends.networks
        if n.name == "x"
    )
    assert gateway_address(network).text == gateway
    assert pick(network).text == example
    assert next(free_addresses(network)).text == example


def folded(text: str, *names: str) -> list[str]:
    landscape = landscape_of(text)
    return [
        str(prefix)
        for prefix in landscape.folder.fold(Carried(n) for n in landscape.ends.networks if n.name in names)
    ]


def vm(name: str, cidr: str, group: str = "") -> str:
    more = f'group = "{group}"\n' if group else ""
    return f'[networks.{name}]\nkind = "vcs-vm"\ncidr = "{cidr}"\n{more}'


def test_routes_are_the_fewest_that_lead_to_the_networks_and_no_further() -> None:
    text = (
        vm("a", "172.24.0.0/25")
        + vm("b", "172.24.0.128/25")
        + vm("c", "172.24.2.0/24")
        + vm("d", "172.24.0.64/26")
    )
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
    traced = trace(
        Tracer(landscape), machine_in(landscape, by_name["a-pods"]), machine_in(landscape, by_name[network])
    )
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
