"""The inventory: what becomes of each network, and the room that it keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ipplan.addresses import parse_prefix
from ipplan.inventory import Entry, list_networks
from ipplan.plan.load import parse_plan

if TYPE_CHECKING:
    from ipplan.plan.model import Plan

PLAN = """\
schema = 1
[plan]
byoip = ["10.224.0.0/12", "172.26.0.0/15"]
[clusters.icp]
platform = "icp"
workers = 8
pods-per-worker = 110
services = 500
[clusters.iks]
platform = "iks"
[clusters.bare]
platform = "icp"
[networks.pinned]
kind = "vcs-vm"
cidr = "10.224.0.0/26"
[networks.small]
kind = "vcs-vm"
[networks.pods]
kind = "icp-pod"
cluster = "icp"
[networks.services]
kind = "icp-service"
cluster = "icp"
[networks.iks-pods]
kind = "iks-pod"
[networks.iks-services]
kind = "iks-service"
prefix = 20
pool = "172.26.0.0/15"
[networks.ordered]
kind = "vcs-vtep"
[networks.ordered-sized]
kind = "vcs-hcx"
hosts = 20
[networks.office]
kind = "enterprise"
cidr = "192.168.64.0/20"
"""


def plan_of(text: str) -> Plan:
    return parse_plan(text.encode(), "plan.toml")


def inventory(text: str = PLAN) -> dict[str, Entry]:
    return {entry.network.name: entry for entry in list_networks(plan_of(text))}


@pytest.mark.parametrize(
    ("name", "status", "provider", "cidr", "length"),
    [
        ("pinned", "pinned", "byoip", "10.224.0.0/26", 26),
        ("small", "to-allocate", "byoip", None, 24),
        ("pods", "to-allocate", "byoip", None, 20),
        ("services", "to-allocate", "byoip", None, 23),
        ("iks-pods", "default", "default", "172.30.0.0/16", 16),
        ("iks-services", "to-allocate", "byoip", None, 20),
        ("ordered", "to-order", "ibm", None, None),
        ("ordered-sized", "to-order", "ibm", None, 27),
        ("office", "pinned", "enterprise", "192.168.64.0/20", 20),
        ("bare (pods, default)", "default", "default", "10.1.0.0/16", 16),
        ("bare (services, default)", "default", "default", "10.0.0.0/16", 16),
    ],
)
def test_every_network_has_a_status(
    name: str, status: str, provider: str, cidr: str | None, length: int | None
) -> None:
    entry = inventory()[name]
    assert (entry.status, entry.provider, entry.length) == (status, provider, length)
    assert entry.prefix == (None if cidr is None else parse_prefix(cidr))


def test_the_order_is_that_of_the_plan_with_undeclared_defaults_last() -> None:
    names = [entry.network.name for entry in list_networks(plan_of(PLAN))]
    declared = [network.name for network in plan_of(PLAN).networks]
    assert names == [*declared, "bare (pods, default)", "bare (services, default)"]


def test_placed_networks_are_allocated_and_pinned_ones_stay_pinned() -> None:
    placed = {"small": parse_prefix("10.230.0.0/24")}
    entries = {e.network.name: e for e in list_networks(plan_of(PLAN), placed)}
    assert (entries["small"].status, str(entries["small"].prefix)) == ("allocated", "10.230.0.0/24")
    assert entries["pinned"].status == "pinned"
    whole = plan_of(PLAN).with_ranges(placed)
    assert {n.name: n.prefix for n in whole.networks}["small"] == placed["small"]


@pytest.mark.parametrize(
    ("others", "room", "blocked_by"),
    [
        ("", "10.224.0.0/24", None),
        ('[networks.b]\nkind = "vcs-vm"\ncidr = "10.224.1.0/24"\n', "10.224.0.0/24", None),
        ('[networks.b]\nkind = "vcs-vm"\ncidr = "10.224.0.128/25"\n', "10.224.0.0/24", "b"),
        ('[networks.b]\nkind = "vcs-vm"\ncidr = "10.224.0.0/20"\n', "10.224.0.0/24", "b"),
        ('[networks.b]\nkind = "vcs-vm"\ncidr = "10.224.0.0/26"\n', "10.224.0.0/24", "b"),
        ('[[avoid]]\ncidr = "10.224.0.192/26"\n', "10.224.0.0/24", "avoided space 10.224.0.192/26"),
    ],
)
def test_room_to_grow_and_what_is_in_the_way(others: str, room: str, blocked_by: str | None) -> None:
    entry = inventory('[networks.a]\nkind = "vcs-vm"\ncidr = "10.224.0.0/26"\ngrow-to = 24\n' + others)["a"]
    assert (entry.grow_length, str(entry.room), entry.blocked_by) == (24, room, blocked_by)


@pytest.mark.parametrize(("size", "grow_length"), [("prefix = 26", 24), ("prefix = 24", None), ("", None)])
def test_room_of_a_network_without_a_range(size: str, grow_length: int | None) -> None:
    entry = inventory(f'[networks.a]\nkind = "vcs-vm"\ngrow-to = 24\n{size}\n')["a"]
    assert (entry.grow_length, entry.room, entry.blocked_by) == (grow_length, None, None)
