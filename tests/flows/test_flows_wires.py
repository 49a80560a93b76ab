"""Flows to networks of which one is part of another: one wire, so whoever has the address is the one that was meant."""

from __future__ import annotations

import pytest
from walking import end_of, findings, walk


def net(name: str, kind: str, cidr: str, *more: str) -> str:
    """Return a network as TOML."""
    return "\n".join([f"[networks.{name}]", f'kind = "{kind}"', f'cidr = "{cidr}"', *more]) + "\n"


BASE = (
    '[integration]\naccount-routing = "vrf"\n[edges.dal]\n[sites.hq]\n[clusters.iks]\nplatform = "iks"\n'
    + net("nodes", "iks-worker-private", "10.171.42.128/26", 'cluster = "iks"')
    + net("hosts", "vcs-host-private", "10.176.18.0/26", 'edge = "dal"')
    + net("up", "vcs-esg-private", "10.176.18.192/27", 'edge = "dal"', "addresses = { uplink = 4 }")
    + net("hcx", "vcs-hcx", "10.176.90.192/26", 'edge = "dal"', "addresses = { l2c = 4 }")
    + net("transit", "vcs-transit", "10.224.1.0/29", 'edge = "dal"')
    + net("office", "enterprise", "192.168.64.0/20", 'site = "hq"')
    + net("servers", "enterprise", "10.236.0.0/16", 'site = "hq"')
    + '[[link]]\nbetween = ["hq", "dal"]\nmethod = "l2-extension"\n'
    + '[[link]]\nbetween = ["hq", "ibm-private"]\nmethod = "routed"\n'
)
AT_HOME = BASE + net(
    "vm", "vcs-vm", "10.236.40.0/24", 'edge = "dal"', 'gateway-on = "on-premises"', "addresses = { on-premises = 1 }"
)
MOVED = BASE + net("vm", "vcs-vm", "10.236.40.0/24", 'edge = "dal"', "addresses = { on-premises = 254 }")
FLOOR = AT_HOME + net("floor", "enterprise", "10.236.80.0/24", 'site = "hq"')


# plan, from, to, who receives it
CASES = [
    *((AT_HOME, start, "vm", "VM of vm") for start in ("office", "servers", "nodes", "hosts")),
    *(
        (AT_HOME, "vm", end, device)
        for end, device in (
            ("office", "enterprise user of office"),
            ("servers", "enterprise user of servers"),
            ("nodes", "worker of iks"),
        )
    ),
    *((MOVED, start, "vm", "VM of vm") for start in ("office", "servers")),
    *((MOVED, "vm", end, f"enterprise user of {end}") for end in ("office", "servers")),
    # A machine of the summary whose address is in the part: the wire has no other with it.
    *((plan, start, "servers@10.236.40.9", "VM of vm") for plan in (AT_HOME, MOVED) for start in ("office", "servers")),
    *((FLOOR, start, "floor", "enterprise user of floor") for start in ("office", "nodes", "vm")),
    *((FLOOR, start, "servers@10.236.80.9", "enterprise user of floor") for start in ("office", "nodes", "vm")),
]


@pytest.mark.parametrize(("plan", "start", "end", "receiver"), CASES)
def test_a_network_and_its_part_are_one_wire(plan: str, start: str, end: str, receiver: str) -> None:
    traced = walk(plan, start, end)
    assert end_of(traced) == ("reachable", "delivered", None), traced.stop or traced.back_stop
    last = traced.hops[-1]
    assert f"{last.device} of {last.name}" == receiver
    assert last.action == "deliver"


@pytest.mark.parametrize("plan", [AT_HOME, FLOOR])
def test_what_is_promised_over_one_wire_is_no_finding(plan: str) -> None:
    pairs = {tuple(f.networks) for f in findings(plan, "unreachable-flow")}
    assert not [pair for pair in pairs if "vm" in pair], pairs
    assert findings(plan, "network-overlap")[0].severity == "warning"


def test_two_networks_of_different_sites_stay_two() -> None:
    # No link joins the sites, so the office of the first one does not reach the second one's network at all.
    plan = AT_HOME + "[sites.branch]\n" + net("lab", "enterprise", "10.236.40.0/26", 'site = "branch"')
    assert end_of(walk(plan, "office", "lab@10.236.40.9"))[:2] == ("unreachable", "wrong-network")
