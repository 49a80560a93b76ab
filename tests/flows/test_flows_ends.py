"""How flows end: every result and end word by a real plan, and what people may write as an end."""

from __future__ import annotations

from typing import get_args

import pytest
from walking import REFERENCE, TWO, edit, end_of, flow, integrate, landscape, walk, without

from ipplan.flows import END_WORDS, FlowError, find_machine
from ipplan.flows.model import EndWord, Result

NONE = '[integration]\nicp-vcs = "none"\niks-vcs = "none"\niks-icp = "none"\nenterprise = "none"\n'


def net(name: str, kind: str, cidr: str, *more: str) -> str:
    """Return a network as TOML."""
    return "\n".join([f"[networks.{name}]", f'kind = "{kind}"', f'cidr = "{cidr}"', *more]) + "\n"


OFFICE = edit(integrate(REFERENCE, enterprise="routed"), ("192.168.64.0/20", "172.16.64.0/20"))
NO_TRANSIT = edit(
    without(REFERENCE, "networks.transit"),
    (
        'kind = "vcs-vm"\nprefix = 24\npool = "172.24.0.0/14"\ngroup = "vms"',
        'kind = "vcs-vm"\ncidr = "172.25.0.0/24"',
    ),
)
CLASH = edit(REFERENCE, ('hosts = 60\ngrow-to = 24\npool = "172.24.0.0/14"\ngroup = "vms"', 'cidr = "172.30.8.0/26"'))
SAME = (
    NONE
    + "[edges.a]\n[edges.b]\n"
    + net("vm-a", "vcs-vm", "172.24.0.0/24", 'edge = "a"')
    + net("vm-b", "vcs-vm", "172.24.0.0/24", 'edge = "b"')
    + net("vm-c", "vcs-vm", "172.24.1.0/24", 'edge = "b"')
    + net("t", "vcs-transit", "172.24.9.0/29", 'edge = "b"')
)
# One route leads to the group, and nothing in it has this address: the DLR sends it back by its default route.
LOOP = (
    NONE
    + net("vm-1", "vcs-vm", "9.9.9.0/26", 'group = "g"')
    + net("vm-2", "vcs-vm", "9.9.9.128/26", 'group = "g"')
    + net("t", "vcs-transit", "172.24.9.0/29")
    + net("priv", "vcs-esg-private", "10.176.18.192/27")
)

# end word: plan, from, to, and where it is told
REAL: dict[EndWord, tuple[str, str, str, str | None]] = {
    "delivered": (REFERENCE, "vm-web", "vm-db", None),
    "handed-over": (REFERENCE, "vm-web", "internet", None),
    "no-route": (REFERENCE, "office", "management", "on-premises router"),
    "no-neighbour": (REFERENCE, "management", "esg-private@10.176.18.220", "BCR"),
    "source-refused": (OFFICE, "office", "iks-workers-private", "worker of iks-prod"),
    "not-translated": (REFERENCE, "internet", "vm-web", "ESG"),
    "outside-tunnel": (REFERENCE, "transit", "iks-pods", "ESG"),
    "wrong-network": (SAME, "vm-c", "vm-a", "VM of vm-b"),
    "no-session": (REFERENCE, "iks-workers-private", "esg-private.icp-proxy", "worker of iks-prod"),
    "loop": (LOOP, "vm-1", "9.9.9.100", "ESG"),
    "ambiguous": (CLASH, "iks-pods", "vm-db", "vRouter of iks-prod"),
    "undetermined": (integrate(REFERENCE, iks_vcs=None), "iks-pods", "vm-web", "vRouter of iks-prod"),
}
RESULTS: dict[EndWord, Result] = {
    "delivered": "reachable",
    "handed-over": "reachable",
    "ambiguous": "ambiguous",
    "undetermined": "undetermined",
}


def test_every_end_word_is_walked() -> None:
    assert set(REAL) == set(END_WORDS) == set(get_args(EndWord))
    assert {RESULTS.get(word, "unreachable") for word in REAL} == set(get_args(Result))


@pytest.mark.parametrize("word", REAL)
def test_each_end_word_comes_from_a_real_plan(word: EndWord) -> None:
    plan, start, end, device = REAL[word]
    assert end_of(walk(plan, start, end)) == (RESULTS.get(word, "unreachable"), word, device)


# What a plan leaves open.


@pytest.mark.parametrize(
    ("key", "start", "end", "key_named"),
    [
        ("iks_vcs", "iks-pods", "vm-db", "iks-vcs"),
        ("icp_vcs", "icp-workers", "management", "icp-vcs"),
        ("enterprise", "office", "management", "enterprise"),
        ("enterprise", "management", "office", "enterprise"),
    ],
)
def test_a_key_that_is_left_out_is_undetermined(key: str, start: str, end: str, key_named: str) -> None:
    traced = walk(integrate(REFERENCE, **{key: None}), start, end)
    assert traced.result == "undetermined"
    assert traced.stop is not None
    assert f"{key_named} is not stated" in traced.stop.reason
    assert (traced.stop.help or "").startswith(f"set {key_named} under [integration] to ")


@pytest.mark.parametrize(("end", "named"), [("vm-lost", "edge"), ("esg-lost", "edge"), ("office-lost", "site")])
@pytest.mark.parametrize("there", [True, False])
def test_a_network_without_its_edge_or_site_is_undetermined(end: str, named: str, there: bool) -> None:
    plan = (
        NONE
        + "[edges.a]\n[edges.b]\n[sites.hq]\n[sites.lab]\n"
        + net("vm-lost", "vcs-vm", "172.24.0.0/24")
        + net("esg-lost", "vcs-esg-private", "10.176.18.192/27")
        + net("office-lost", "enterprise", "192.168.0.0/24")
        + net("hosts", "vcs-management", "10.176.18.64/26")
    )
    traced = walk(plan, end, "hosts") if there else walk(plan, "hosts", end)
    if there or end == "esg-lost":
        assert traced.result == "undetermined"
        assert traced.stop is not None
        assert f"names no {named}" in traced.stop.reason
    else:
        assert traced.result in ("unreachable", "undetermined")


def test_an_overlap_elsewhere_is_an_assumption() -> None:
    assert walk(CLASH, "vm-web", "172.30.8.9").result == "ambiguous"
    traced = walk(CLASH, "vm-web", "172.30.200.9")
    assert traced.ok
    assert traced.assumptions == ("iks-pods overlaps vm-db; the address 172.30.200.9 is not in the shared part",)


@pytest.mark.parametrize(
    ("start", "end", "assumed"),
    [
        ("iks-workers-private", "management", True),
        ("management", "esg-private", True),
        ("vm-web", "management", True),
        ("vm-web", "dns", False),
        ("management", "dns", False),
        ("vtep", "10.176.18.140", False),
        ("vm-web", "vm-db", False),
    ],
)
def test_routing_in_the_account_is_assumed_where_it_is_used(start: str, end: str, assumed: bool) -> None:
    traced = walk(REFERENCE, start, end)
    assert traced.ok
    assert any("VRF" in text for text in traced.assumptions) == assumed
    stated = edit(REFERENCE, ('icp-vcs = "nat"', 'icp-vcs = "nat"\naccount-routing = "vlan-spanning"'))
    assert walk(stated, start, end).assumptions == ()


def test_a_public_side_that_the_plan_does_not_have_is_assumed() -> None:
    traced = walk(TWO, "iks-dal-pods", "internet")
    assert traced.ok
    (text,) = traced.assumptions
    assert "the workers of cluster iks-dal have a public side" in text
    assert walk(REFERENCE, "iks-pods", "internet").assumptions == ()


# What people write as an end.


@pytest.mark.parametrize(
    ("text", "network", "address", "name"),
    [
        ("iks-pods", "iks-pods", "172.30.0.1", None),
        ("172.30.9.9", "iks-pods", "172.30.9.9", None),
        ("10.176.18.70", "management", "10.176.18.70", None),
        ("169.46.49.35", "iks-ingress-public", "169.46.49.35", "strongswan"),
        ("iks-ingress-public", "iks-ingress-public", "169.46.49.34", "alb"),
        ("esg-public", "esg-public", "169.46.73.18", "uplink"),
        ("esg-public.icp-proxy", "esg-public", "169.46.73.20", "icp-proxy"),
        ("icp-workers.master-vip", "icp-workers", "172.24.18.10", "master-vip"),
        ("icp-workers@172.24.18.10", "icp-workers", "172.24.18.10", "master-vip"),
        ("172.24.18.1", "icp-workers", "172.24.18.1", "gateway"),
        ("transit", "transit", "172.24.19.1", "esg"),
        ("transit.dlr", "transit", "172.24.19.2", "dlr"),
        ("8.8.8.8", None, "8.8.8.8", None),
        ("internet", None, "198.51.100.10", None),
        ("dns", None, "161.26.0.10", "dns"),
        ("ntp", None, "161.26.0.6", "ntp"),
        ("10.0.80.11", None, "10.0.80.11", None),
    ],
)
def test_ends_that_people_write(text: str, network: str | None, address: str, name: str | None) -> None:
    found = find_machine(landscape(REFERENCE), text)
    assert (found.network and found.network.name, found.address.text, found.address.name) == (
        network,
        address,
        name,
    )


def test_a_network_and_an_address_tell_equal_ranges_apart() -> None:
    for vm in ("vm-a", "vm-b"):
        found = find_machine(landscape(SAME), f"{vm}@172.24.0.9")
        assert found.network is not None
        assert found.network.name == vm
    assert walk(SAME, "vm-c", "vm-b@172.24.0.9").ok
    assert end_of(walk(SAME, "vm-c", "vm-a@172.24.0.9")) == ("unreachable", "wrong-network", "VM of vm-b")


SERVERS = edit(
    REFERENCE,
    (
        'cidr = "10.176.18.64/26"',
        'cidr = "10.176.18.64/26"\naddresses = { dns = 10, ntp = 11, web-proxy = 12 }',
    ),
)


@pytest.mark.parametrize(
    ("service", "address"), [("dns", "10.176.18.74"), ("ntp", "10.176.18.75"), ("web-proxy", "10.176.18.76")]
)
def test_a_plan_may_name_its_own_servers(service: str, address: str) -> None:
    traced = walk(SERVERS, "vm-web", service)
    assert traced.ok
    assert traced.destination.address.text == address
    assert traced.hops[-1].source.text == "10.176.18.194", "a private destination of the ESG"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("vm-dbb", "'vm-dbb' is neither a network of the plan nor an address"),
        ("10.99.0.1", "no network of the plan holds 10.99.0.1"),
        ("192.168.0.1", "no network of the plan holds 192.168.0.1"),
        ("hcx", "hcx has no range yet"),
        ("web-proxy", "no network of the plan names a web-proxy"),
        ("vm-db@10.1.1.1", "does not hold 10.1.1.1"),
        ("vm-db@nine", "is not a valid address"),
        ("icp-workers.nobody", "is neither a network of the plan nor an address"),
        ("\x1b[31m", "neither a network of the plan nor an address"),
    ],
)
def test_other_ends_are_refused(text: str, said: str) -> None:
    with pytest.raises(FlowError, match=said.replace("[", "\\[")):
        find_machine(landscape(REFERENCE), text)


# internet = "web-proxy" and "none".

EDGE = edit(SERVERS, ("[clusters.iks-prod]", '[edges.dal]\ninternet = "{}"\n\n[clusters.iks-prod]'))


@pytest.mark.parametrize("way", ["web-proxy", "none"])
def test_without_snat_nothing_leaves_by_itself_and_dnat_stays(way: str) -> None:
    plan = EDGE.replace("{}", way)
    traced = walk(plan, "vm-web", "internet")
    assert end_of(traced) == ("unreachable", "not-translated", "ESG of dal")
    assert traced.stop is not None
    assert ("web-proxy" if way == "web-proxy" else 'internet = "snat"') in (traced.stop.help or "")
    assert walk(plan, "vm-web", "web-proxy").ok
    assert flow(plan, "B").ok
    assert walk(EDGE.replace("{}", "snat"), "vm-web", "internet").ok


# Machines as exports write them, and the address by which each of them speaks.


@pytest.mark.parametrize(
    ("network", "named", "address"),
    [
        ("icp-workers", "strongswan", "172.24.18.12"),
        ("vm-db", "db", "172.24.16.9"),
        ("iks-workers-private", None, "10.171.42.130"),
    ],
)
def test_a_network_stands_for_the_first_machine_that_exports_write(
    network: str, named: str | None, address: str
) -> None:
    plan = edit(REFERENCE, ("hosts = 60\n", "hosts = 60\naddresses = { db = 9 }\n"))
    found = walk(plan, network, "internet").source.address
    assert (found.text, found.name) == (address, named)


def test_static_nat_leads_to_the_machine_that_the_plan_names() -> None:
    plan = edit(integrate(REFERENCE, iks_vcs="static-nat"), ("hosts = 60\n", "hosts = 60\naddresses = { db = 9 }\n"))
    traced = walk(plan, "iks-pods", "vm-db")
    assert end_of(traced) == ("reachable", "delivered", None)
    assert traced.hops[-1].destination.text == "172.24.16.9"


def test_a_pod_keeps_its_address_to_its_own_worker_and_not_to_another() -> None:
    for worker, seen in (("10.171.42.130", "172.30.0.1"), ("10.171.42.131", "10.171.42.130")):
        traced = walk(REFERENCE, "iks-pods", f"iks-workers-private@{worker}")
        assert end_of(traced) == ("reachable", "delivered", None)
        assert traced.hops[-1].source.text == seen


@pytest.mark.parametrize(
    ("end", "seen"),
    [("vm-web", "172.24.19.1"), ("icp-workers", "172.24.18.1"), ("management", "10.176.18.194")],
)
def test_the_esg_speaks_with_the_address_of_the_interface_it_uses(end: str, seen: str) -> None:
    traced = walk(REFERENCE, "esg-private", end)
    assert end_of(traced) == ("reachable", "delivered", None)
    assert traced.hops[-1].source.text == seen
    assert traced.back[-1].destination.text == "10.176.18.194"


@pytest.mark.parametrize(("network", "assumed"), [("vm-web", False), ("vm-db", True)])
def test_the_router_on_premises_stands_in_what_is_stretched(network: str, assumed: bool) -> None:
    said = f"the on-premises router has an address in {network}, although the plan names none (on-premises)"
    web = 'prefix = 24\npool = "172.24.0.0/14"\ngroup = "vms"\n'
    plan = without(REFERENCE, "networks.vm-web") + (
        f'[networks.vm-web]\nkind = "vcs-vm"\n{web}addresses = {{ on-premises = 254 }}\n'
    )
    for start, end in (("office", network), (network, "office")):
        traced = walk(plan, start, end)
        assert end_of(traced) == ("reachable", "delivered", None)
        assert (said in traced.assumptions) == assumed
