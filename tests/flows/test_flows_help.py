"""What a flow that stops says to do: something that the plan does not have yet, and that lets the flow through."""

from __future__ import annotations

import pytest
from walking import findings, walk


def net(name: str, kind: str, cidr: str, *more: str) -> str:
    """Return a network as TOML."""
    return "\n".join([f"[networks.{name}]", f'kind = "{kind}"', f'cidr = "{cidr}"', *more]) + "\n"


def link(first: str, second: str, method: str, *networks: str) -> str:
    """Return a link as TOML."""
    more = f"networks = [{', '.join(repr(n) for n in networks)}]\n" if networks else ""
    return f'[[link]]\nbetween = ["{first}", "{second}"]\nmethod = "{method}"\n{more}'


BASE = (
    '[integration]\naccount-routing = "vrf"\n[edges.dal]\n[sites.hq]\n[sites.branch]\n[clusters.iks]\nplatform = "iks"\n'
    + net("nodes", "iks-worker-private", "10.171.42.128/26", 'cluster = "iks"')
    + net("hosts", "vcs-host-private", "10.176.18.0/26", 'edge = "dal"')
    + net("public", "vcs-esg-public", "169.46.73.16/28", 'edge = "dal"', "addresses = { uplink = 4 }")
    + net("private", "vcs-esg-private", "10.176.18.192/27", 'edge = "dal"', "addresses = { uplink = 4 }")
    + net("transit", "vcs-transit", "10.224.1.0/29", 'edge = "dal"')
    + net("vm", "vcs-vm", "10.224.19.0/24", 'edge = "dal"')
    + net("office", "enterprise", "192.168.64.0/20", 'site = "hq"')
    + net("lab", "enterprise", "172.16.64.0/20", 'site = "hq"')
    # Space that the enterprise has taken, which is public elsewhere.
    + net("guests", "enterprise", "203.0.113.0/24", 'site = "hq"')
    + net("far", "enterprise", "192.168.96.0/22", 'site = "branch"')
)
ROUTED = BASE + link("hq", "ibm-private", "routed")
LIMITED = BASE + link("hq", "ibm-private", "routed", "lab")
LINK = 'add a link between the site and ibm-private with method = "routed", or set enterprise = "routed"'

# plan, from, to, help
CASES = [
    (ROUTED, "hosts", "office", "add a static route to 192.168.64.0/20 via the BCR on these machines"),
    (ROUTED, "hosts", "lab", "add a static route to 172.16.64.0/20 via the BCR on these machines"),
    (ROUTED, "office", "hosts", "add a static route to 192.168.64.0/20 via the BCR on these machines"),
    (ROUTED, "nodes", "lab", "translate it on the link (nat): IKS refuses static routes to 172.16.64.0/20"),
    (ROUTED, "hosts", "guests", "add a static route to 203.0.113.0/24 via the BCR on these machines"),
    (BASE, "hosts", "office", LINK),
    (BASE, "hosts", "guests", LINK),
    (BASE, "nodes", "office", LINK),
    (ROUTED, "nodes", "far", LINK),
    (
        LIMITED,
        "hosts",
        "office",
        "add office to the networks of the routed link between site hq and IBM Cloud's private network",
    ),
    (ROUTED, "far", "office", "no link can join two sites; if their WAN connects them, use one site for both"),
]


@pytest.mark.parametrize(("plan", "start", "end", "help_"), CASES)
def test_help_names_what_is_missing(plan: str, start: str, end: str, help_: str) -> None:
    traced = walk(plan, start, end)
    stop = traced.stop or traced.back_stop
    assert stop is not None
    assert (traced.result, stop.help) == ("unreachable", help_)


def proxy(cidr: str, addresses: str) -> str:
    """Return a plan whose ESG stands for ICP at no address of its private uplink that the plan names."""
    return (
        '[integration]\nicp-vcs = "nat"\n[edges.dal]\n[clusters.icp]\nplatform = "icp"\nedge = "dal"\n'
        + net("public", "vcs-esg-public", cidr, 'edge = "dal"', f"addresses = {{ {addresses} }}")
        + net("private", "vcs-esg-private", "10.176.18.192/27", 'edge = "dal"')
        + net("pods", "icp-pod", "10.62.0.0/24", 'cluster = "icp"')
        + net("nodes", "icp-worker", "172.24.18.0/27", 'cluster = "icp"', "addresses = { proxy-vip = 11 }")
    )


# range and names of the public uplink, the number that help suggests
NUMBERS = [
    ("169.46.73.16/28", "uplink = 4", 5),
    ("169.46.73.16/28", "uplink = 2", 4),
    ("169.46.73.16/28", "uplink = 4, web = 5, icp-master = 7", 6),
    ("169.46.73.16/28", 'uplink = "169.46.73.20"', 5),
    ("169.46.73.16/29", "uplink = 4, web = 5, mail = 6", 2),
    ("169.46.73.16/29", "uplink = 2, web = 4, mail = 5, icp-master = 6", 3),
]


@pytest.mark.parametrize(("cidr", "addresses", "number"), NUMBERS)
def test_help_suggests_a_number_that_no_router_has(cidr: str, addresses: str, number: int) -> None:
    traced = walk(proxy(cidr, addresses), "internet", "pods")
    assert traced.stop is not None
    assert traced.stop.help == f"write icp-proxy = {number} in the addresses of public"


def test_what_help_suggests_is_no_finding() -> None:
    plan = proxy("169.46.73.16/28", "uplink = 4, icp-proxy = 5")
    assert walk(plan, "internet", "pods").ok
    assert findings(plan, "named-address") == []


def test_the_end_of_a_tunnel_gets_such_a_number_too() -> None:
    plan = (
        proxy("169.46.73.16/28", "web = 4")
        + '[clusters.iks]\nplatform = "iks"\n'
        + net("own", "iks-pod", "172.30.0.0/16", 'cluster = "iks"')
        + net("iks-nodes", "iks-worker-private", "10.171.42.128/26", 'cluster = "iks"')
        + link("iks", "icp", "strongswan")
    )
    traced = walk(plan, "own", "pods")
    assert traced.stop is not None
    assert traced.stop.help == "write icp-strongswan = 5 in the addresses of public"
