"""Networks that IBM Cloud has yet to assign: a flow over them is undetermined, and names the one that has no range."""

from __future__ import annotations

import pytest
from walking import end_of, findings, walk

PLAN = """
[integration]
iks-vcs = "{iks}"
enterprise = "{enterprise}"
account-routing = "vrf"
iks-asn = 64999
esg-asn = 64998
[clusters.iks]
platform = "iks"
[networks.pods]
kind = "iks-pod"
cidr = "172.30.0.0/16"
[networks.nodes]
kind = "iks-worker-private"
[networks.public]
kind = "vcs-esg-public"
[networks.private]
kind = "vcs-esg-private"
[networks.transit]
kind = "vcs-transit"
cidr = "10.224.1.0/29"
[networks.vm]
kind = "vcs-vm"
cidr = "10.224.19.0/24"
[networks.office]
kind = "enterprise"
cidr = "192.168.64.0/20"
"""
KINDS = {"public": "vcs-esg-public", "private": "vcs-esg-private", "nodes": "iks-worker-private"}
RANGES = {"public": "169.46.73.16/28", "private": "10.176.18.192/27", "nodes": "10.171.42.128/26"}
ALL = tuple(RANGES)


def plan(*ordered: str, iks: str = "bgp", enterprise: str = "routed", leave_out: tuple[str, ...] = ()) -> str:
    """Return the plan in which some of IBM Cloud's networks have a range, and some are not written at all."""
    text = PLAN.format(iks=iks, enterprise=enterprise)
    for name, kind in KINDS.items():
        written = f'[networks.{name}]\nkind = "{kind}"\n'
        if name in leave_out:
            text = text.replace(written, "")
        elif name in ordered:
            text = text.replace(written, f'{written}cidr = "{RANGES[name]}"\n')
    return text


# what has a range, from, to, device, reason
CASES = [
    ((), "vm", "office", "ESG", "private has no range yet, so the routes by it are not known"),
    ((), "office", "vm", "ESG", "private has no range yet, so the routes by it are not known"),
    ((), "vm", "pods", "ESG", "private has no range yet, so the routes by it are not known"),
    ((), "vm", "internet", "ESG", "public has no range yet, so the routes by it are not known"),
    (("public",), "vm", "office", "ESG", "private has no range yet, so the routes by it are not known"),
    (("public",), "vm", "dns", "ESG", "private has no range yet, so the routes by it are not known"),
    (("private",), "vm", "internet", "ESG", "public has no range yet, so the routes by it are not known"),
    (("private",), "pods", "vm", "VM", "nodes has no range yet, so the address is not known"),
    ((), "pods", "vm", "VM", "nodes has no range yet, so the address is not known"),
]


@pytest.mark.parametrize(("ordered", "start", "end", "device", "reason"), CASES)
def test_a_network_without_a_range_leaves_a_flow_undetermined(
    ordered: tuple[str, ...], start: str, end: str, device: str, reason: str
) -> None:
    text = plan(*ordered)
    traced = walk(text, start, end)
    stop = traced.stop or traced.back_stop
    assert stop is not None
    assert end_of(traced) == ("undetermined", "undetermined", device)
    assert (stop.reason, stop.help) == (reason, "write its cidr as soon as IBM Cloud has assigned it")
    assert findings(text, "unreachable-flow") == []


@pytest.mark.parametrize(("start", "end"), [("vm", "office"), ("office", "vm"), ("pods", "vm"), ("vm", "internet")])
def test_the_same_flows_arrive_with_ranges(start: str, end: str) -> None:
    assert walk(plan(*ALL), start, end).result == "reachable"


# what is not in the plan, from, to, end word, help
MISSING = [
    (("public", "private"), "vm", "office", "no-route", "add the uplinks of the edge to the plan"),
    (("nodes",), "pods", "vm", "undetermined", 'add a network of kind = "iks-worker-private"'),
]


@pytest.mark.parametrize(("left_out", "start", "end", "word", "help_"), MISSING)
def test_a_network_that_is_missing_is_another_matter(
    left_out: tuple[str, ...], start: str, end: str, word: str, help_: str
) -> None:
    traced = walk(plan(*ALL, leave_out=left_out), start, end)
    stop = traced.stop or traced.back_stop
    assert stop is not None
    assert (stop.end, stop.help) == (word, help_)


def test_pods_of_icp_need_workers_with_a_range() -> None:
    base = (
        '[integration]\nicp-vcs = "nat"\n[edges.dal]\n[clusters.icp]\nplatform = "icp"\nedge = "dal"\n'
        '[networks.icp-pods]\nkind = "icp-pod"\ncidr = "10.62.0.0/24"\ncluster = "icp"\n'
        '[networks.vm]\nkind = "vcs-vm"\ncidr = "10.224.19.0/24"\nedge = "dal"\n'
    )
    # No pool has room for it, so it has no range.
    nodes = '[networks.icp-nodes]\nkind = "icp-worker"\nprefix = 27\ncluster = "icp"\n'
    waits = ("icp-nodes has no range yet, so the table of its workers is not known", "run ipplan allocate PLAN --write")
    missing = ("the plan has no worker network of cluster icp", 'add a network of kind = "icp-worker"')
    for text, said in ((base + nodes, waits), (base, missing)):
        stop = walk(text, "icp-pods", "vm").stop
        assert stop is not None
        assert (stop.end, stop.reason, stop.help) == ("undetermined", *said)


def test_the_only_uplink_of_an_edge_may_carry_a_private_packet_too() -> None:
    # Its default route leads there as soon as it has a range, so the flow is undetermined until then.
    stop = walk(plan("nodes", leave_out=("private",)), "vm", "office").stop
    assert stop is not None
    assert (stop.end, stop.reason) == (
        "undetermined",
        "public has no range yet, so the routes by it are not known",
    )
