"""What devices need: NAT, routes, sessions and tunnels, for each integration method, against the plan itself."""

from __future__ import annotations

import re
from functools import cache
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ipplan.catalog import load_catalog
from ipplan.cli.settle import settle
from ipplan.landscape import Landscape
from ipplan.plan.choices import INTEGRATION
from ipplan.plan.load import parse_plan

if TYPE_CHECKING:
    from ipplan.landscape.model import Esg, Route

SAMPLES = Path(__file__).parent.parent.parent / "sample-plans"
METHODS = INTEGRATION["iks-vcs"]


def landscape_of(text: str) -> Landscape:
    catalog = load_catalog()
    return Landscape(settle(parse_plan(text.encode(), "plan.toml"), catalog), catalog)


def esgs(landscape: Landscape) -> list[Esg]:
    return [landscape.esg(edge) for edge in landscape.ends.edges]


def routes(landscape: Landscape) -> list[Route]:
    return [route for device in landscape.devices() for route in device.routes]


@cache
def landscape(sample: str = "reference-architecture", **integration: str) -> Landscape:
    """Return the landscape of a sample plan, with other integration methods."""
    text = (SAMPLES / f"{sample}.toml").read_text("utf-8")
    for key, method in integration.items():
        text = re.sub(rf'(?m)^{key.replace("_", "-")} = "[a-z0-9-]+"', f'{key.replace("_", "-")} = "{method}"', text)
    numbers = "" if "esg-asn" in text else "[integration]\nesg-asn = 64998\niks-asn = 64999\n"
    return landscape_of(text.replace("[integration]\n", numbers, 1) if numbers else text)


def only_edge(**integration: str) -> Esg:
    (edge,) = esgs(landscape(**integration))
    return edge


def test_the_esg_has_its_own_address_on_each_network_and_one_for_each_that_it_stands_for() -> None:
    found = {
        i.role: [(g.primary.text, [a.text for a in g.secondary]) for g in i.groups] for i in only_edge().interfaces
    }
    assert found == {
        "public": [("169.46.73.18", ["169.46.73.19", "169.46.73.20", "169.46.73.21"])],
        "private": [("10.176.18.194", ["10.176.18.195", "10.176.18.196"])],
        "transit": [("172.24.19.1", [])],
        "workers": [("172.24.18.1", [])],
    }


@pytest.mark.parametrize("method", METHODS)
def test_every_translated_address_stands_on_the_interface_of_its_rule(method: str) -> None:
    edge = only_edge(iks_vcs=method)
    standing = {i.role: {a.text for g in i.groups for a in (g.primary, *g.secondary)} for i in edge.interfaces}
    for rule in edge.source_nat:
        assert rule.address is None or rule.address.text in standing[rule.interface]
    for nat in edge.destination_nat:
        assert nat.address.text in standing[nat.interface]
    assert all(t.far.gateway is None or t.far.gateway.text in standing["public"] for t in edge.tunnels)


@pytest.mark.parametrize("method", METHODS)
def test_no_two_translations_share_an_address_and_port(method: str) -> None:
    rules = only_edge(iks_vcs=method).destination_nat
    for nat in rules:
        same = [n for n in rules if (n.interface, n.address.text) == (nat.interface, nat.address.text)]
        ports = [n.port for n in same]
        assert len(set(ports)) == len(ports)
        assert None not in ports or len(ports) == 1


def source_after(edge: Esg, role: str, source: str, destination: str) -> str:
    """Return the source address of a packet that leaves an interface: the first rule that matches decides."""
    for rule in edge.source_nat:
        match = rule.match is None or ip_address(destination) in ip_network(str(rule.match))
        if rule.interface == role and match and ip_address(source) in ip_network(str(rule.source)):
            return source if rule.address is None else rule.address.text
    return source


VM, WORKER, POD = "172.24.17.9", "172.24.18.9", "172.30.4.4"


@pytest.mark.parametrize(
    ("method", "role", "source", "destination", "seen"),
    [
        ("strongswan", "public", VM, "198.51.100.1", "169.46.73.18"),
        ("strongswan", "private", VM, "10.5.5.5", "10.176.18.194"),
        ("strongswan", "public", VM, POD, VM),  # in the tunnel
        (
            "strongswan",
            "private",
            VM,
            "10.171.42.140",
            VM,
        ),  # a worker: 10.0.0.0/8 leads to the BCR, the policy takes it
        ("strongswan", "public", WORKER, POD, "169.46.73.18"),  # ICP workers have a tunnel of their own
        ("static-nat", "private", VM, "10.171.42.140", "10.176.18.194"),
        ("static-nat", "public", VM, POD, "169.46.73.18"),  # nothing leads there
        ("bgp", "private", VM, POD, VM),
        ("bgp", "private", VM, "10.5.5.5", "10.176.18.194"),
        ("common-vlan", "private", VM, POD, VM),
        ("common-vlan", "private", WORKER, POD, "10.176.18.194"),  # the same
        ("none", "public", VM, "198.51.100.1", "169.46.73.18"),
    ],
)
def test_who_is_seen_as_the_sender(method: str, role: str, source: str, destination: str, seen: str) -> None:
    assert source_after(only_edge(iks_vcs=method), role, source, destination) == seen


def test_the_virtual_addresses_of_icp_are_reached_at_the_esg() -> None:
    rules = {(n.interface, n.address.text, n.target.text, n.port) for n in only_edge().destination_nat}
    assert rules == {
        ("private", "10.176.18.195", "172.24.18.10", None),
        ("public", "169.46.73.19", "172.24.18.10", None),
        ("private", "10.176.18.196", "172.24.18.11", None),
        ("public", "169.46.73.20", "172.24.18.11", None),
        ("public", "169.46.73.21", "172.24.18.12", 500),
        ("public", "169.46.73.21", "172.24.18.12", 4500),
    }
    assert only_edge(icp_vcs="none", iks_icp="none").destination_nat == ()


def test_static_nat_gives_each_machine_an_address_of_the_esg() -> None:
    rules = list(only_edge(iks_vcs="static-nat", iks_icp="none", icp_vcs="none").destination_nat)
    assert [n.target.text for n in rules] == ["172.24.17.2", "172.24.16.2"]
    assert all(n.address.example and n.target.example for n in rules), "the plan names neither"
    text = (SAMPLES / "reference-architecture.toml").read_text("utf-8")
    text = text.replace('iks-vcs = "strongswan"', 'iks-vcs = "static-nat"').replace(
        "icp-proxy = 4 }", "icp-proxy = 4, db = 9 }"
    )
    text = text.replace("hosts = 60\n", "hosts = 60\naddresses = { db = 20 }\n")
    (edge,) = esgs(landscape_of(text))
    assert ("10.176.18.201", "172.24.16.20") in {(n.address.text, n.target.text) for n in edge.destination_nat}


def table_of(found: Landscape, device: str) -> dict[str, tuple[str, str]]:
    return {str(r.prefix): (r.via, r.how) for r in routes(found) if r.device == device}


@pytest.mark.parametrize("method", METHODS)
def test_the_longest_route_of_the_esg_leads_where_the_topology_says(method: str) -> None:
    table = table_of(landscape(iks_vcs=method), "ESG")

    def leads(address: str) -> str:
        holding = [p for p in table if ip_address(address) in ip_network(p)]
        return table[max(holding, key=lambda p: ip_network(p).prefixlen)][0]

    assert leads(VM) == "DLR"
    assert leads(WORKER) == "VXLAN", "the ESG is the gateway of ICP workers"
    assert leads("198.51.100.1") == "FCR"
    assert leads("10.9.9.9") == leads("161.26.0.10") == leads("166.9.1.1") == "BCR"
    to_pods = {"strongswan": "strongSwan", "common-vlan": "vRouter", "bgp": "BCR"}
    assert leads(POD) == to_pods.get(method, "FCR")


def test_only_bgp_needs_something_from_ibm() -> None:
    for method in METHODS:
        asked = [how for _, how in table_of(landscape(iks_vcs=method), "BCR").values()]
        assert ("request" in asked) == (method == "bgp")
    assert table_of(landscape(iks_vcs="bgp"), "BCR")["172.30.0.0/16"] == ("vRouter", "request")


def test_the_esg_knows_the_way_to_an_enterprise_that_is_routed() -> None:
    assert table_of(landscape(enterprise="routed"), "ESG")["192.168.64.0/20"] == ("BCR", "static")
    assert "192.168.64.0/20" not in table_of(landscape(enterprise="l2-extension"), "ESG")


@pytest.mark.parametrize(("method", "count", "far"), [("common-vlan", 10, "vRouter"), ("bgp", 1, "BCR")])
def test_bgp_sessions_of_the_esg(method: str, count: int, far: str) -> None:
    edge = only_edge(iks_vcs=method)
    assert len(edge.sessions) == count
    for session in edge.sessions:
        assert (session.first.device, session.first.asn, session.second.device) == ("ESG", 64998, far)
        assert [str(p) for p in session.second.announces] == ["172.30.0.0/16"]
    assert len({s.second.address.text for s in edge.sessions}) == count
    if method == "common-vlan":
        subnet = ip_network("10.171.42.128/26")
        assert all(ip_address(s.second.address.text) in subnet and s.second.address.example for s in edge.sessions)
    else:
        assert edge.sessions[0].second.example, "IBM tells the number of the BCR"


def test_tunnels_share_no_subnet_at_their_far_ends() -> None:
    tunnels = list(landscape().all_tunnels())
    assert [t.label for t in tunnels] == ["iks-prod-esg", "iks-prod-icp-prod"]
    far = [ip_network(str(p)) for t in tunnels for p in t.far.subnets]
    assert not any(a.overlaps(b) for i, a in enumerate(far) for b in far[i + 1 :])
    assert [(t.near.gateway and t.near.gateway.text, t.far.gateway and t.far.gateway.text) for t in tunnels] == [
        ("169.46.49.35", "169.46.73.18"),
        (None, "169.46.73.21"),
    ]
    (alone,) = landscape(iks_icp="none").all_tunnels()
    assert "172.24.18.0/27" in map(str, alone.far.subnets), (
        "without a tunnel of their own, ICP workers are behind the ESG"
    )


def test_each_esg_has_its_own_networks() -> None:
    found = {edge.name: edge for edge in esgs(landscape("two-clusters"))}
    assert {name: [n.name for n in e.behind] for name, e in found.items()} == {
        "dallas": ["icp-dal-workers", "vm-dal"],
        "frankfurt": ["icp-fra-workers", "vm-fra"],
    }
    assert {name: e.clusters for name, e in found.items()} == {
        "dallas": ("icp-dal",),
        "frankfurt": ("icp-fra",),
    }
    assert not any(e.missing for e in found.values())


@pytest.mark.parametrize(
    ("old", "new", "missing"),
    [
        (
            '[networks.transit]\nkind = "vcs-transit"',
            '[networks.transit]\nkind = "vcs-vm"',
            "no transit network",
        ),
        ('cidr = "169.46.73.16/28"', "prefix = 28", "the public uplink has no range yet"),
        (
            "[networks.transit]",
            '[networks.esg-other]\nkind = "vcs-esg-private"\ncidr = "10.176.20.0/27"\n[networks.transit]',
            "esg-private and esg-other may belong to one ESG or to several",
        ),
    ],
)
def test_what_the_plan_lacks_for_an_esg_is_told(old: str, new: str, missing: str) -> None:
    text = (SAMPLES / "reference-architecture.toml").read_text("utf-8")
    assert old in text
    (edge,) = esgs(landscape_of(text.replace(old, new, 1)))
    assert any(missing in what for what, _ in edge.missing)


def test_a_network_that_names_no_esg_among_several_is_told() -> None:
    text = (SAMPLES / "two-clusters.toml").read_text("utf-8")
    text = text.replace('[networks.vm-fra]\nkind = "vcs-vm"\nedge = "frankfurt"', '[networks.vm-fra]\nkind = "vcs-vm"')
    ((what, remedy),) = landscape_of(text).homeless
    assert (what, remedy) == ("vm-fra names no edge, and the plan has several", 'write edge = "NAME" in each')


def test_a_plan_without_an_esg_has_none() -> None:
    found = landscape_of('[networks.office]\nkind = "enterprise"\ncidr = "192.168.0.0/24"\n')
    assert esgs(found) == []
    assert {device.kind for device in found.devices()} == {"on-premises router", "BCR"}
    # The enterprise is taken as routed where the plan leaves it open.
    assert table_of(found, "BCR") == {"192.168.0.0/24": ("XCR", "bgp")}


MIXED = """
[networks.esg-public-6]
kind = "vcs-esg-public"
cidr = "2607:f0d0:1d03:41::/64"
edge = "only"
[networks.transit-6]
kind = "vcs-transit"
cidr = "fd00:24:19::/64"
edge = "only"
[networks.vm-6]
kind = "vcs-vm"
cidr = "fd00:24:17::/64"
"""


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("sample", ["reference-architecture", "ipv6", "mixed"])
def test_next_hops_are_of_the_version_of_their_prefix_and_nat_is_ipv4(sample: str, method: str) -> None:
    text = (SAMPLES / f"{sample if sample != 'mixed' else 'reference-architecture'}.toml").read_text("utf-8")
    text = text.replace('iks-vcs = "strongswan"', f'iks-vcs = "{method}"\nesg-asn = 64998\niks-asn = 64999')
    if sample == "mixed":
        for kind in ("vcs-esg-public", "vcs-esg-private", "vcs-transit"):
            text = text.replace(f'kind = "{kind}"\n', f'kind = "{kind}"\nedge = "only"\n')
        text += MIXED
    found = landscape_of(text)
    (edge,) = esgs(found)
    assert edge.missing == ()
    for route in routes(found):
        if route.next_hop is not None:
            assert ip_address(route.next_hop.text).version == route.prefix.version, route
    translated = [rule.address for rule in edge.source_nat] + [n.address for n in edge.destination_nat]
    assert {ip_address(a.text).version for a in translated if a is not None} <= {4}
    defaults = {
        str(r.prefix) for r in routes(found) if (r.device, r.name) == ("ESG", edge.name) and not r.prefix.length
    }
    assert defaults == ({"0.0.0.0/0"} if sample == "reference-architecture" else {"0.0.0.0/0", "::/0"})
    if sample == "mixed":
        public = edge.interface("public")
        assert public is not None
        assert [str(g.primary) for g in public.groups] == ["169.46.73.18", "2607:f0d0:1d03:41::2"]
        hops = {str(r.prefix): str(r.next_hop) for r in edge.routes if r.via == "DLR"}
        assert (hops["172.24.16.0/23"], hops["fd00:24:17::/64"]) == ("172.24.19.2", "fd00:24:19::2")
