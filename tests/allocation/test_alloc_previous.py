"""Stability: what an earlier allocation gave stays, grows in place, or moves for a reason that is reported."""

from __future__ import annotations

import json
import random
from ipaddress import ip_network
from typing import TYPE_CHECKING

import pytest

from ipplan.addresses import Prefix, parse_prefix
from ipplan.allocation import Allocation, allocate
from ipplan.allocation.previous import PreviousError, parse_previous
from ipplan.catalog import load_catalog
from ipplan.output.allocation import document
from ipplan.output.documents import render_json
from ipplan.plan.load import parse_plan

if TYPE_CHECKING:
    from collections.abc import Mapping

HEAD = '[plan]\nbyoip = ["172.24.0.0/22"]\n'


def net(name: str, more: str = "") -> str:
    return f'[networks.{name}]\nkind = "vcs-vm"\n{more}\n'


def run(text: str, previous: Mapping[str, str] | None = None) -> Allocation:
    plan = parse_plan(text.encode(), "plan.toml")
    before = None if previous is None else {name: parse_prefix(cidr) for name, cidr in previous.items()}
    return allocate(plan, load_catalog(None), previous=before)


def places(allocation: Allocation) -> dict[str, str]:
    return {r.network.name: str(r.prefix) for r in allocation.placements if r.prefix is not None}


# name: (networks, earlier places, places now, what is said of those that moved)
CASES: dict[str, tuple[str, dict[str, str], dict[str, str], dict[str, str]]] = {
    "everything stays": (
        net("a", "prefix = 24") + net("b", "prefix = 26"),
        {"a": "172.24.2.0/24", "b": "172.24.1.64/26"},
        {"a": "172.24.2.0/24", "b": "172.24.1.64/26"},
        {},
    ),
    "a new network goes around": (
        net("a", "prefix = 24") + net("new", "prefix = 23"),
        {"a": "172.24.1.0/24"},
        {"a": "172.24.1.0/24", "new": "172.24.2.0/23"},
        {},
    ),
    "a gone network leaves its room": (
        net("a", "prefix = 24") + net("new", "prefix = 24"),
        {"a": "172.24.1.0/24", "gone": "172.24.0.0/24"},
        {"a": "172.24.1.0/24", "new": "172.24.0.0/24"},
        {},
    ),
    "grows in place": (
        net("a", "prefix = 23") + net("b", "prefix = 24"),
        {"a": "172.24.3.0/24", "b": "172.24.0.0/24"},
        {"a": "172.24.2.0/23", "b": "172.24.0.0/24"},
        {},
    ),
    "shrinks in place": (
        net("a", "prefix = 26"),
        {"a": "172.24.3.0/24"},
        {"a": "172.24.3.0/26"},
        {},
    ),
    "cannot grow beside a neighbour": (
        net("a", "prefix = 23") + net("b", "prefix = 24"),
        {"a": "172.24.0.0/24", "b": "172.24.1.0/24"},
        {"a": "172.24.2.0/23", "b": "172.24.1.0/24"},
        {
            "a": "moved: 172.24.0.0/24 now needs 172.24.0.0/23, which overlaps another network of the previous allocation"
        },
    ),
    "room to grow counts": (
        net("a", "prefix = 25\ngrow-to = 24") + net("b", "prefix = 25"),
        {"a": "172.24.1.0/25", "b": "172.24.0.128/25"},
        {"a": "172.24.1.0/25", "b": "172.24.0.128/25"},
        {},
    ),
    "room to grow that is not there": (
        net("a", "prefix = 25\ngrow-to = 24") + net("b", 'cidr = "172.24.0.128/25"'),
        {"a": "172.24.0.0/25"},
        {"a": "172.24.1.0/25", "b": "172.24.0.128/25"},
        {
            "a": "moved: 172.24.0.0/25 needs, with its room to grow /24, 172.24.0.0/24, "
            "which overlaps network b 172.24.0.128/25"
        },
    ),
    "pinned elsewhere since": (
        net("a", 'cidr = "172.24.3.0/24"') + net("b", "prefix = 24"),
        {"a": "172.24.0.0/24", "b": "172.24.1.0/24"},
        {"a": "172.24.3.0/24", "b": "172.24.1.0/24"},
        {},
    ),
    "now avoided": (
        '[[avoid]]\ncidr = "172.24.0.0/24"\nreason = "branch"\n' + net("a", "prefix = 24"),
        {"a": "172.24.0.0/24"},
        {"a": "172.24.1.0/24"},
        {"a": "moved: 172.24.0.0/24 overlaps avoided space 172.24.0.0/24"},
    ),
    "outside the pool": (
        net("a", "prefix = 24"),
        {"a": "172.28.0.0/24"},
        {"a": "172.24.0.0/24"},
        {"a": "moved: 172.28.0.0/24 lies outside every pool that the network may use"},
    ),
    "another IP version": (
        net("a", "prefix = 24"),
        {"a": "fd00::/64"},
        {"a": "172.24.0.0/24"},
        {"a": "moved: fd00::/64 is IPv6; it needs IPv4 now"},
    ),
    "two on one place: the first of the plan stays": (
        net("b", "prefix = 24") + net("a", "prefix = 25"),
        {"a": "172.24.1.0/25", "b": "172.24.1.0/24"},
        {"b": "172.24.1.0/24", "a": "172.24.0.0/25"},
        {"a": "moved: 172.24.1.0/25 overlaps another network of the previous allocation"},
    ),
    "one moves where not all fit, and it is the smallest that helps": (
        net("a", "prefix = 25") + net("b", "prefix = 26") + net("c", "prefix = 24") + net("new", "prefix = 23"),
        {"a": "172.24.0.0/25", "b": "172.24.2.0/26", "c": "172.24.1.0/24"},
        {"a": "172.24.0.0/25", "b": "172.24.0.128/26", "c": "172.24.1.0/24", "new": "172.24.2.0/23"},
        {"b": "moved: with 172.24.2.0/26 kept, not every network finds a place"},
    ),
    "a group moves together where a new member has no room beside it": (
        net("a", 'prefix = 24\ngroup = "g"') + net("new", 'prefix = 24\ngroup = "g"') + net("b", "prefix = 24"),
        {"a": "172.24.0.0/24", "b": "172.24.1.0/24"},
        {"a": "172.24.2.0/24", "b": "172.24.1.0/24", "new": "172.24.3.0/24"},
        {"a": "moved: with 172.24.0.0/24 kept, not every network finds a place"},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_stays_and_what_moves(name: str) -> None:
    networks, before, now, moved = CASES[name]
    found = run(HEAD + networks, before)
    assert places(found) == now
    assert dict(found.moved) == moved
    for network, why in moved.items():
        assert next(r.reason for r in found.placements if r.network.name == network).count(why) == 1


def test_what_is_kept_says_how() -> None:
    text = (
        net("a", "prefix = 24")
        + net("b", "prefix = 26\ngrow-to = 25")
        + net("c", "prefix = 26")
        + net("d", 'prefix = 27\npool = "172.24.0.0/22"')
    )
    found = run(HEAD + text, {"a": "172.24.1.0/25", "b": "172.24.0.0/26", "c": "172.24.2.0/24", "d": "172.25.0.0/27"})
    assert {r.network.name: (str(r.prefix), r.reason.partition("; ")[2]) for r in found.placements} == {
        "a": ("172.24.1.0/24", "grown in place from 172.24.1.0/25 of the previous allocation"),
        "b": ("172.24.0.0/26", "kept from the previous allocation; room kept to grow to 172.24.0.0/25"),
        "c": ("172.24.2.0/26", "shrunk in place from 172.24.2.0/24 of the previous allocation"),
        "d": ("172.24.0.128/27", "moved: 172.25.0.0/27 lies outside pool 172.24.0.0/22"),
    }
    assert found.moved == (("d", "moved: 172.25.0.0/27 lies outside pool 172.24.0.0/22"),)


def test_a_network_cannot_stay_on_space_that_the_catalogue_reserves() -> None:
    found = run(
        '[plan]\nbyoip = ["172.17.0.0/16", "172.24.0.0/22"]\n' + net("a", "prefix = 24"), {"a": "172.17.0.0/24"}
    )
    ((_, why),) = found.moved
    assert why.startswith("moved: 172.17.0.0/24 overlaps 172.17.0.0/16, ")


def test_where_nothing_helps_the_failure_is_that_of_a_fresh_allocation() -> None:
    text = HEAD + net("a", "prefix = 24") + net("b", "prefix = 22")
    found = run(text, {"a": "172.24.0.0/24"})
    assert [f.message for f in found.shortfalls] == [f.message for f in run(text).shortfalls]
    assert not found.ok


def test_a_second_run_changes_nothing_and_neighbours_of_a_change_stay() -> None:
    """Walk through edits of a plan; what has room where it is never moves, whatever else changes."""
    choose = random.Random(11)
    for _ in range(40):
        networks = {f"n{i}": choose.randrange(24, 29) for i in range(4)}
        before: dict[str, str] = {}
        for step in range(8):
            text = HEAD + "".join(net(n, f"prefix = {length}") for n, length in networks.items())
            found = run(text, before)
            if not found.ok:
                assert not run(text).ok, "kept places must never cost a place"
                break
            now = places(found)
            reported = dict(found.moved)
            for name, old in before.items():
                if name in networks and name not in reported:
                    a, b = ip_network(old), ip_network(now[name])
                    assert a.overlaps(b), "what moves is reported"
            blocks = [ip_network(cidr) for cidr in now.values()]
            assert not any(a.overlaps(b) for i, a in enumerate(blocks) for b in blocks[:i])
            assert places(run(text, now)) == now
            before = now
            if choose.random() < 0.5 or len(networks) < 2:
                networks[f"m{step}"] = choose.randrange(24, 29)
            elif choose.random() < 0.5:
                del networks[choose.choice(sorted(networks))]
            else:
                name = choose.choice(sorted(networks))
                networks[name] = max(23, networks[name] - 1)


def test_the_document_of_an_allocation_is_read_back() -> None:
    found = run(HEAD + net("a", "prefix = 24") + '[networks.order]\nkind = "vcs-vtep"\n')
    read = parse_previous(render_json(document(found)).encode())
    assert read == {"a": Prefix(4, 0xAC180000, 24)}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it is not JSON"),
        ("[" * 100_000, "it is not JSON"),
        ("\ufeff{}", "it is not JSON"),
        ("[]", "it has no schema; ipplan.allocation/1 is required"),
        ('{"schema": "ipplan.check/1"}', "its schema is 'ipplan.check/1'; ipplan.allocation/1 is required"),
        ('{"schema": "ipplan.allocation/1"}', "it has no list of allocations"),
        (
            '{"schema": "ipplan.allocation/1", "allocations": [3]}',
            "allocations[0] needs a network name, and a cidr or null",
        ),
        (
            '{"schema": "ipplan.allocation/1", "allocations": [{"network": "a", "cidr": "10.1.0.0"}]}',
            "allocations[0].cidr is '10.1.0.0': it has no prefix length; write one, such as 10.1.0.0/24, or /32 for one address",
        ),
        (
            '{"schema": "ipplan.allocation/1", "allocations": '
            '[{"network": "a", "cidr": null}, {"network": "a", "cidr": null}]}',
            "allocations[1] is a second entry of network 'a'",
        ),
    ],
)
def test_anything_else_is_refused(text: str, why: str) -> None:
    with pytest.raises(PreviousError) as caught:
        parse_previous(text.encode())
    assert str(caught.value) == why


def test_what_is_named_in_a_refusal_is_escaped_and_cut() -> None:
    long = "\u202e" * 50
    with pytest.raises(PreviousError) as caught:
        parse_previous(json.dumps({"schema": long}).encode())
    assert str(caught.value) == f"its schema is {ascii(long)[:80]}; ipplan.allocation/1 is required"
    rows = [{"network": long, "cidr": None}, {"network": long, "cidr": None}]
    with pytest.raises(PreviousError) as caught:
        parse_previous(json.dumps({"schema": "ipplan.allocation/1", "allocations": rows}).encode())
    assert str(caught.value) == f"allocations[1] is a second entry of network {ascii(long)[:80]}"


@pytest.mark.parametrize(
    "row", [{}, {"network": 3, "cidr": None}, {"network": "a", "cidr": 3}, {"cidr": "10.1.0.0/16"}]
)
def test_a_row_without_name_or_with_another_type_is_refused(row: object) -> None:
    document = {"schema": "ipplan.allocation/1", "allocations": [{"network": "b", "cidr": "10.1.0.0/16"}, row]}
    with pytest.raises(PreviousError, match=r"^allocations\[1\] needs a network name, and a cidr or null$"):
        parse_previous(json.dumps(document).encode())


PINNED = net("a", 'cidr = "172.24.0.0/25"\ngroup = "g"') + net("b", 'cidr = "172.24.1.0/24"\ngroup = "g"')


def test_a_pinned_group_keeps_the_prefix_around_it() -> None:
    found = run(HEAD + PINNED + net("new", "prefix = 25"))
    assert places(found)["new"] == "172.24.2.0/25", "172.24.0.128/25 would be the lowest"
    assert [(g.name, str(g.prefix), g.networks, g.alone) for g in found.groups] == [
        ("g", "172.24.0.0/23", ("a", "b"), True)
    ]
    joined = run(HEAD + PINNED + net("new", "prefix = 25") + net("c", 'prefix = 25\ngroup = "g"'))
    assert places(joined)["c"] == "172.24.0.128/25"


def test_it_gives_way_where_nothing_else_is_left() -> None:
    found = run(HEAD + PINNED + net("new", "prefix = 25") + net("x", "prefix = 23"))
    assert places(found) == {
        "a": "172.24.0.0/25",
        "b": "172.24.1.0/24",
        "x": "172.24.2.0/23",
        "new": "172.24.0.128/25",
    }
    assert [(g.name, g.alone) for g in found.groups] == [("g", False)]


def test_room_to_grow_is_reported_as_held() -> None:
    text = (
        HEAD
        + net("a", "prefix = 26\ngrow-to = 24")
        + net("b", 'cidr = "172.24.2.0/25"\ngrow-to = 24')
        + net("c", "prefix = 24")
    )
    held = {r.network.name: None if r.held is None else str(r.held) for r in run(text).placements}
    assert held == {"a": "172.24.0.0/24", "b": "172.24.2.0/24", "c": None}
