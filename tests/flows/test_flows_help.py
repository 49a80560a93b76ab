"""What a flow that stops says to do: something that the plan does not have yet, and that lets the flow through."""

from __future__ import annotations

import pytest
from walking import walk


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
LINK = 'a link of the site with "ibm-private" (method routed) leads there, or enterprise = "routed"'

# plan, from, to, help
CASES = [
    (ROUTED, "hosts", "office", "add a static route to 192.168.64.0/20 by the BCR on these machines"),
    (ROUTED, "hosts", "lab", "add a static route to 172.16.64.0/20 by the BCR on these machines"),
    (ROUTED, "office", "hosts", "add a static route to 192.168.64.0/20 by the BCR on these machines"),
    (ROUTED, "nodes", "lab", "translate it on the link (nat): IKS refuses static routes to 172.16.64.0/20"),
    (ROUTED, "hosts", "guests", "add a static route to 203.0.113.0/24 by the BCR on these machines"),
    (BASE, "hosts", "office", LINK),
    (BASE, "hosts", "guests", LINK),
    (BASE, "nodes", "office", LINK),
    (ROUTED, "nodes", "far", LINK),
    (LIMITED, "hosts", "office", "add office to the networks of the routed link between site hq and IBM Cloud's private network"),
    (ROUTED, "far", "office", "no link joins two sites: write one site for both if their WAN joins them"),
]  # fmt: skip


@pytest.mark.parametrize(("plan", "start", "end", "help_"), CASES)
def test_help_names_what_is_missing(plan: str, start: str, end: str, help_: str) -> None:
    traced = walk(plan, start, end)
    stop = traced.stop or traced.back_stop
    assert stop is not None
    assert (traced.result, stop.help) == ("unreachable", help_)
