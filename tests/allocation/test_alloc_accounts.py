"""What an allocation reports about pools, groups and reservations, against counting every single address."""

from __future__ import annotations

import ipaddress
import random
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_alloc_why import some_plan

from ipplan.addresses import Prefix, parse_prefix
from ipplan.allocation import Allocation, allocate
from ipplan.allocation.pinning import pin
from ipplan.allocation.spans import shared_regions, spans_of
from ipplan.catalog import CATEGORIES, Catalog, Reservation, load_catalog
from ipplan.findings import Source
from ipplan.plan.load import parse_plan
from ipplan.plan.model import Avoid

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ipplan.allocation.spans import Region
    from ipplan.plan.model import Plan

EMPTY = Catalog("none", ())
REGIONS = st.integers(0, 4).flatmap(
    lambda bits: st.integers(0, (32 >> bits) - 1).map(lambda number: (number << bits, bits))
)


def hosts(prefix: Prefix) -> set[int]:
    block = ipaddress.ip_network(str(prefix))
    return set(range(int(block.network_address), int(block.broadcast_address) + 1))


def network_of(prefix: Prefix) -> ipaddress.IPv4Network:
    return ipaddress.IPv4Network(str(prefix))


def largest_block(pool: Prefix, free: set[int]) -> str | None:
    """Return the largest aligned block of a pool that is free, of equal ones the lowest."""
    for length in range(pool.length, 33):
        for block in network_of(pool).subnets(new_prefix=length):
            if set(range(int(block.network_address), int(block.broadcast_address) + 1)) <= free:
                return str(block)
    return None


def some_allocations(number: int, seed: int) -> list[tuple[Plan, Allocation]]:
    chance = random.Random(seed)
    plans = [some_plan(chance) for _ in range(number)]
    return [(one, allocate(one, EMPTY)) for one in plans]


def pinned_groups(one: Plan) -> dict[str, bool]:
    """Return each group, and whether all its networks are pinned."""
    groups: dict[str, bool] = {}
    for network in one.networks:
        if network.group is not None:
            groups[network.group] = groups.get(network.group, True) and network.prefix is not None
    return groups


def test_pools_are_counted_address_by_address() -> None:
    for one, found in some_allocations(150, seed=3):
        hard = {a for avoid in one.avoids for a in hosts(avoid.prefix)}
        ours = {a for row in found.placements if row.prefix for a in hosts(row.held or row.prefix)}
        whole = pinned_groups(one)
        for group in found.groups:
            if group.alone and (found.ok or whole[group.name]):
                ours |= hosts(group.prefix)
        assert [report.prefix for report in found.pools] == [pool.prefix for pool in one.pools]
        for report in found.pools:
            every = hosts(report.prefix)
            free = every - hard - ours
            assert report.unusable == len(every & hard)
            assert report.free == len(free)
            assert report.allocated == len(every) - len(every & hard) - len(free)
            assert (report.largest_free and str(report.largest_free)) == largest_block(report.prefix, free)
        outer = [
            p.prefix
            for p in one.pools
            if not any(q.prefix != p.prefix and q.prefix.covers(p.prefix) for q in one.pools)
        ]
        expected = [
            str(block)
            for pool in sorted(set(outer))
            for block in ipaddress.collapse_addresses(
                ipaddress.IPv4Network(a) for a in sorted(hosts(pool) - hard - ours)
            )
        ]
        # Free space of one pool ends where the pool ends, even where the next pool touches it.
        assert [str(prefix) for prefix in found.free] == expected


def test_groups_are_reported_with_the_prefix_around_them_and_whether_it_is_theirs_alone() -> None:
    met = set()
    every = some_allocations(200, seed=4)
    for one, found in every[:]:
        # The same networks pinned, and an address to avoid in a gap of a group.
        for group in found.groups[:1]:
            own = {a for r in found.placements if r.network.group and r.prefix for a in hosts(r.held or r.prefix)}
            for address in sorted(hosts(group.prefix) - own)[-1:]:
                later = replace(pin(one, found), avoids=(Avoid(Prefix(4, address, 32), None),))
                every.append((later, allocate(later, EMPTY)))
    for one, found in every:
        members = defaultdict(list)
        for row in found.placements:
            if row.network.group is not None and row.prefix is not None:
                members[row.network.group].append(row)
        assert [group.name for group in found.groups] == list(members)
        for group in found.groups:
            own = {a for row in members[group.name] for a in hosts(row.held or row.prefix or group.prefix)}
            around = min(
                (
                    Prefix(4, min(own) >> bits << bits, 32 - bits)
                    for bits in range(33)
                    if min(own) >> bits == max(own) >> bits
                ),
                key=lambda p: p.size,
            )
            others = {a for avoid in one.avoids for a in hosts(avoid.prefix)}
            for row in found.placements:
                if row.prefix is not None and row.network.group != group.name:
                    others |= hosts(row.held or row.prefix)
            assert group.prefix == around
            assert group.networks == tuple(row.network.name for row in members[group.name])
            assert group.alone == (not (hosts(around) - own) & others)
            met.add(group.alone)
    assert met == {True, False}


def test_the_outermost_reservations_that_touch_a_pool_are_listed_once() -> None:
    for one, found in some_allocations(150, seed=5):
        taken = [(avoid.prefix, "avoid") for avoid in one.avoids]
        taken += [
            (row.held or row.prefix, "pinned") for row in found.placements if row.prefix and row.status == "pinned"
        ]
        touching = [t for t in taken if any(t[0].overlaps(pool.prefix) for pool in one.pools)]
        outermost = {p for p, _ in touching if not any(q != p and q.covers(p) for q, _ in taken)}
        expected = [(p, next(category for q, category in taken if q == p)) for p in sorted(outermost)]
        listed = [(s.prefix, s.category) for s in found.skipped if s.category != "group"]
        covers = [s.prefix for s in found.skipped if s.category == "group"]
        assert listed == [row for row in expected if not any(c.covers(row[0]) and c != row[0] for c in covers)]


def test_of_equal_reservations_the_one_of_the_catalogue_is_listed() -> None:
    source = Source("test")
    row = Reservation(
        parse_prefix("10.0.0.0/26"), CATEGORIES["ibm-service-network"], "services", "dal10", None, "pod 1", None, source
    )
    one = replace(
        some_plan(random.Random(1)),
        networks=(),
        avoids=(Avoid(parse_prefix("10.0.0.0/26"), "ours"), Avoid(parse_prefix("10.0.0.128/32"), None)),
    )
    one = replace(one, pools=(one.pools[0]._replace(prefix=parse_prefix("10.0.0.0/24")),))
    found = allocate(one, Catalog("none", (row,)))
    assert [tuple(s) for s in found.skipped] == [
        (parse_prefix("10.0.0.0/26"), "ibm-service-network", "services (dal10, pod 1)", source),
        (parse_prefix("10.0.0.128/32"), "avoid", "avoided by the plan", None),
    ]


def test_the_pool_of_a_placement_is_the_first_that_holds_it_or_the_one_it_names() -> None:
    for one, found in some_allocations(100, seed=6):
        for row in found.placements:
            assert row.prefix is not None
            holding = [pool.prefix for pool in one.pools if hosts(row.prefix) <= hosts(pool.prefix)]
            expected = holding[0] if holding else None
            if row.status == "allocated" and row.network.pool is not None:
                expected = row.network.pool
            assert row.pool == expected


# -- from an allocation to a plan that states it

TEXT = """\
[plan]
byoip = ["10.50.0.0/16"]  # ours

[networks.a]
kind = "vcs-vm"
hosts = 40  # workers

[networks.b]
kind = "vcs-vm"
cidr = "10.50.0.0/24"

[networks.c]
kind = "vcs-vm"
prefix = 25
"""


def test_a_pinned_plan_states_what_was_allocated_in_its_text_and_in_its_networks() -> None:
    one = replace(parse_plan(TEXT.encode(), "plan.toml"), text=TEXT.encode())
    found = allocate(one, load_catalog())
    pinned = pin(one, found)

    assert pinned.text.decode() == TEXT.replace("hosts = 40", 'cidr = "10.50.1.128/26"').replace(
        "prefix = 25", 'cidr = "10.50.1.0/25"'
    )
    again = parse_plan(pinned.text, "plan.toml")
    expected = [("a", "10.50.1.128/26"), ("b", "10.50.0.0/24"), ("c", "10.50.1.0/25")]
    for stated in (pinned, again):
        assert [(n.name, str(n.prefix)) for n in stated.networks] == expected
        assert {(n.length, n.hosts) for n in stated.networks} == {(None, None)}
    assert pin(again, allocate(again, load_catalog())) is again


def test_a_plan_without_text_is_pinned_without_text() -> None:
    one, found = next((one, found) for one, found in some_allocations(20, seed=7) if found.ok and found.allocated)
    pinned = pin(one, found)
    assert pinned.text == one.text == b""
    assert [network.prefix for network in pinned.networks] == [row.prefix for row in found.placements]


# -- what else takes space

LINKED = """\
[plan]
byoip = ["172.24.0.0/22"]

[edges.e]
[sites.hq]

[[link]]
between = ["hq", "e"]
method = "ipsec"
nat = [{ network = "p", as = "172.24.0.0/24" }]

[networks.p]
kind = "vcs-vm"
cidr = "10.230.0.0/24"

[networks.a]
kind = "vcs-vm"
"""


def test_what_a_link_shows_a_network_as_is_kept_clear_of() -> None:
    one = parse_plan(LINKED.encode(), "plan.toml")
    found = allocate(one, EMPTY)
    assert [(str(s.prefix), s.category, s.reason, s.source) for s in found.skipped] == [
        ("172.24.0.0/24", "link", one.shown[0].title, None)
    ]
    assert {name: str(prefix) for name, prefix in found.allocated.items()} == {"a": "172.24.1.0/24"}
    assert (found.file, found.plan_name, found.edition) == ("plan.toml", None, "none")


@pytest.mark.parametrize("range_", ["", 'cidr = "172.24.0.64/26"\n'])
def test_a_retired_network_counts_in_its_group_only_with_a_range(range_: str) -> None:
    """Without a range it gets none, and keeps nothing from the prefix around the others."""
    table = '[networks.{}]\nkind = "vcs-vm"\ngroup = "g"\n{}\n'
    text = (
        '[plan]\nbyoip = ["172.24.0.0/22"]\n'
        + table.format("p", 'cidr = "172.24.0.0/26"\n')
        + table.format("q", 'cidr = "172.24.0.128/26"\n')
        + table.format("old", f'status = "retired"\n{range_}')
        + '[networks.a]\nkind = "vcs-vm"\nprefix = 26\n'
    )
    found = allocate(parse_plan(text.encode(), "plan.toml"), EMPTY)
    assert {name: str(prefix) for name, prefix in found.allocated.items()} == {"a": "172.24.1.0/26"}
    assert [(str(g.prefix), g.alone) for g in found.groups] == [("172.24.0.0/24", True)]


@given(st.lists(REGIONS, max_size=4), st.lists(REGIONS, max_size=4))
def test_regions_as_spans_and_what_two_lists_share(one: list[Region], other: list[Region]) -> None:
    def addresses(regions: Iterable[Region]) -> set[int]:
        return {a for first, bits in regions for a in range(first, first + 2**bits)}

    assert [set(range(first, last + 1)) for first, last in spans_of(one)] == [addresses([r]) for r in one]
    shared = shared_regions(one, other)
    assert addresses(shared) == addresses(one) & addresses(other)
    assert len(set(shared)) == len(shared)
