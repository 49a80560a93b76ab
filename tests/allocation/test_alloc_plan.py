"""Whole plans through `allocate`: what is avoided, what moves, what is reported where there is no room."""

from __future__ import annotations

import ipaddress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipplan.addresses import Prefix, parse_prefix
from ipplan.allocation import allocate
from ipplan.allocation.verify import AllocationDefectError, Placed, verify
from ipplan.catalog import Catalog, load_catalog
from ipplan.plan.kinds import KINDS
from ipplan.plan.model import Avoid, Cluster, Network, Plan, Pool

if TYPE_CHECKING:
    import random

    from ipplan.allocation import Allocation

EMPTY = Catalog("none", ())
NEWEST = load_catalog()


def network(name: str, kind: str = "vcs-vm", cidr: str | None = None, pool: str | None = None, **keys: Any) -> Network:
    prefix = None if cidr is None else parse_prefix(cidr)
    return Network(name, KINDS[kind], prefix, pool=None if pool is None else parse_prefix(pool), **keys)


def plan(*networks: Network, pools: str = "10.50.0.0/16", **keys: Any) -> Plan:
    found = tuple(Pool(parse_prefix(text)) for text in pools.split())
    return Plan("plan.toml", pools=found, networks=networks, **keys)


def placed(allocation: Allocation) -> dict[str, str]:
    return {row.network.name: str(row.prefix) for row in allocation.placements if row.status == "allocated"}


def test_the_pool_of_the_usage_example_keeps_clear_of_three_data_centers() -> None:
    allocation = allocate(plan(network("vms", length=14), pools="10.48.0.0/12"), NEWEST)
    assert [str(s.prefix) for s in allocation.skipped] == ["10.48.0.0/16", "10.52.0.0/14", "10.63.0.0/16"]
    report = allocation.pools[0]
    assert report.unusable == 393_216
    assert report.unusable + report.allocated + report.free == 1 << 20
    assert placed(allocation) == {"vms": "10.56.0.0/14"}


def test_other_data_centers_may_be_used_where_that_is_allowed() -> None:
    one = plan(network("vms", length=14), pools="10.48.0.0/12", data_centers=("dal12",))
    assert placed(allocate(one, NEWEST, data_centers_only=True)) == {"vms": "10.52.0.0/14"}


def test_every_declared_network_has_a_row_in_plan_order() -> None:
    one = plan(
        network("vtep", "vcs-vtep"),
        network("pods", "iks-pod", cluster="iks"),
        network("office", "enterprise", "192.168.0.0/16"),
        network("vms", length=24),
        network("db", cidr="10.50.0.0/24"),
        clusters={"iks": Cluster("iks", "iks")},
    )
    allocation = allocate(one, EMPTY)
    assert [(row.network.name, row.status, row.prefix and str(row.prefix)) for row in allocation.placements] == [
        ("vtep", "to-order", None),
        ("pods", "default", "172.30.0.0/16"),
        ("office", "pinned", "192.168.0.0/16"),
        ("vms", "allocated", "10.50.1.0/24"),
        ("db", "pinned", "10.50.0.0/24"),
    ]
    assert [row.pool and str(row.pool) for row in allocation.placements] == [
        None,
        None,
        None,
        "10.50.0.0/16",
        "10.50.0.0/16",
    ]


def test_larger_networks_go_first_then_names_and_pools_in_their_order() -> None:
    one = plan(network("b"), network("a"), network("large", length=20), pools="10.9.0.0/20 10.7.0.0/20")
    assert placed(allocate(one, EMPTY)) == {"large": "10.9.0.0/20", "a": "10.7.0.0/24", "b": "10.7.1.0/24"}


def test_a_network_stays_in_the_pool_it_names() -> None:
    one = plan(network("db", pool="10.7.0.0/20"), network("vm"), pools="10.9.0.0/20 10.7.0.0/20")
    allocation = allocate(one, EMPTY)
    assert placed(allocation) == {"db": "10.7.0.0/24", "vm": "10.9.0.0/24"}
    assert [str(row.pool) for row in allocation.placements] == ["10.7.0.0/20", "10.9.0.0/20"]


def test_avoids_pins_defaults_and_room_to_grow_are_kept_clear_of() -> None:
    one = plan(
        network("pin", cidr="10.50.64.0/24", grow_to=18),
        network("vms", length=18),
        avoids=(Avoid(parse_prefix("10.50.0.0/18"), "branch offices"),),
    )
    allocation = allocate(one, EMPTY)
    assert placed(allocation) == {"vms": "10.50.128.0/18"}
    assert [(str(s.prefix), s.category, s.reason) for s in allocation.skipped] == [
        ("10.50.0.0/18", "avoid", "branch offices"),
        ("10.50.64.0/18", "pinned", "network pin"),
    ]


def test_an_undeclared_default_range_is_kept_clear_of() -> None:
    one = plan(network("vms", length=16), pools="10.0.0.0/15", clusters={"icp": Cluster("icp", "icp")})
    allocation = allocate(one, EMPTY)
    assert [f.network for f in allocation.shortfalls] == ["vms"]
    assert {s.category for s in allocation.skipped} == {"default"}


def test_room_to_grow_is_held_behind_the_network() -> None:
    one = plan(network("a", length=26, grow_to=24), network("b", length=26))
    allocation = allocate(one, EMPTY)
    assert placed(allocation) == {"a": "10.50.0.0/26", "b": "10.50.1.0/26"}
    assert allocation.pools[0].allocated == 256 + 64
    assert "grow to 10.50.0.0/24" in allocation.placements[0].reason


def test_a_group_lies_under_one_prefix_that_nothing_else_uses() -> None:
    one = plan(
        network("a", length=26, group="g"),
        network("b", length=25, group="g"),
        network("c", length=26),
        network("big", length=24),
        network("d", length=26, group="g"),
        network("e", length=25, group="g"),
    )
    allocation = allocate(one, EMPTY)
    assert placed(allocation) == {
        "b": "10.50.0.0/25",
        "e": "10.50.0.128/25",
        "a": "10.50.1.0/26",
        "d": "10.50.1.64/26",
        "big": "10.50.2.0/24",
        "c": "10.50.3.0/26",
    }
    assert all("under 10.50.0.0/23" in r.reason for r in allocation.placements if r.network.group)


def test_a_group_with_a_pinned_member_grows_around_it() -> None:
    one = plan(
        network("pin", cidr="10.50.8.0/24", group="g"),
        network("a", length=24, group="g"),
        network("b", length=23, group="g"),
        network("c", length=24),
    )
    assert placed(allocate(one, EMPTY)) == {"a": "10.50.9.0/24", "b": "10.50.10.0/23", "c": "10.50.0.0/24"}


def test_a_group_whose_cover_would_hold_a_stranger_fails() -> None:
    one = plan(
        network("pin", cidr="10.50.8.0/24", group="g"),
        network("a", length=24, group="g"),
        network("stranger", cidr="10.50.9.0/24"),
    )
    allocation = allocate(one, EMPTY)
    assert [f.network for f in allocation.shortfalls] == ["a"]
    assert "group g" in allocation.shortfalls[0].message


def test_members_of_a_group_without_a_common_pool_fail() -> None:
    one = plan(
        network("a", group="g", pool="10.9.0.0/20"),
        network("b", group="g", pool="10.7.0.0/20"),
        pools="10.9.0.0/20 10.7.0.0/20",
    )
    allocation = allocate(one, EMPTY)
    assert [f.network for f in allocation.shortfalls] == ["a", "b"]
    assert "no pool in common" in allocation.shortfalls[0].message


def test_an_iks_range_from_a_pool_lies_where_iks_takes_it() -> None:
    clusters = {"iks": Cluster("iks", "iks")}
    pods = network("pods", "iks-pod", pool="172.16.0.0/12", cluster="iks", length=16)
    allocation = allocate(plan(pods, pools="172.16.0.0/12", clusters=clusters), NEWEST)
    found = allocation.placements[0].prefix
    assert found is not None
    # IKS takes 172.21.0.0 to 172.31.255.255; 172.21 and 172.30 are its defaults, 172.17 the container bridge.
    assert str(found) == "172.22.0.0/16"
    outside = allocate(plan(pods._replace(pool=parse_prefix("10.50.0.0/16")), clusters=clusters), NEWEST)
    assert "IKS accepts no pod range" in outside.shortfalls[0].message
    small = allocate(plan(pods._replace(length=24), pools="172.16.0.0/12", clusters=clusters), NEWEST)
    assert not small.ok


def test_ipv6_networks_come_from_ipv6_pools() -> None:
    one = plan(network("six", length=64), network("four"), pools="10.50.0.0/16 fd00:1::/48")
    assert placed(allocate(one, EMPTY)) == {"six": "fd00:1::/64", "four": "10.50.0.0/24"}


def test_a_length_that_the_pool_cannot_have_is_a_failure() -> None:
    one = plan(network("six", length=64, pool="10.50.0.0/16", grow_to=24), network("other"))
    allocation = allocate(one, EMPTY)
    assert [f.network for f in allocation.shortfalls] == ["six"]
    assert "needs a /64" in allocation.shortfalls[0].message
    nowhere = allocate(plan(network("six", length=40)), EMPTY)
    assert "no IPv6 pool" in nowhere.shortfalls[0].message


def test_one_failure_means_that_nothing_is_allocated() -> None:
    one = plan(network("pin", cidr="10.50.0.0/24"), network("small"), network("large", length=16))
    allocation = allocate(one, EMPTY)
    assert not allocation.ok
    assert [row.status for row in allocation.placements] == ["pinned"]
    assert [(f.network, f.needs, f.largest_free) for f in allocation.shortfalls] == [("large", 16, 17)]


def test_without_a_pool_every_network_fails_with_help_on_where_to_add_one() -> None:
    allocation = allocate(plan(network("a"), network("b"), pools=""), EMPTY)
    assert [f.network for f in allocation.shortfalls] == ["a", "b"]
    assert all(f.help is not None and "--byoip" in f.help and "[plan]" in f.help for f in allocation.shortfalls)


def test_help_names_the_smallest_changes_and_each_of_them_works() -> None:
    one = plan(network("a", length=17), network("b", length=17), avoids=(Avoid(parse_prefix("10.50.0.0/24"), None),))
    help_ = allocate(one, EMPTY).shortfalls[0].help
    assert help_ == (
        "remove avoid 10.50.0.0/24, or make b a /18 or smaller, or add a pool of /17 or larger "
        "(byoip under [plan], or --byoip)"
    )
    first, second = one.networks
    assert allocate(replace(one, avoids=()), EMPTY).ok
    assert allocate(replace(one, networks=(first, second._replace(length=18))), EMPTY).ok
    assert not allocate(replace(one, networks=(first, second._replace(length=17))), EMPTY).ok
    assert allocate(replace(one, pools=(*one.pools, Pool(parse_prefix("10.9.0.0/17")))), EMPTY).ok
    assert not allocate(replace(one, pools=(*one.pools, Pool(parse_prefix("10.9.0.0/18")))), EMPTY).ok


def test_help_names_a_pinned_network_that_could_move() -> None:
    one = plan(network("pin", cidr="10.50.128.0/24"), network("x", cidr="10.50.0.0/24"), network("a", length=17))
    help_ = allocate(one, EMPTY).shortfalls[0].help
    assert help_ is not None
    assert "unpin pin at 10.50.128.0/24" in help_
    assert allocate(replace(one, networks=(network("pin"), *one.networks[1:])), EMPTY).ok


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Small pools, nested or not, with networks that pin, group, grow and choose pools."""
    pools = draw(
        st.lists(
            st.sampled_from(["10.50.0.0/26", "10.50.0.32/27", "10.50.0.64/27", "10.9.0.16/28"]),
            min_size=1,
            max_size=3,
            unique=True,
        )
    )
    networks = []
    for index in range(draw(st.integers(1, 6))):
        length = draw(st.integers(27, 32))
        networks.append(
            network(
                f"n{index}",
                length=length,
                pool=draw(st.sampled_from([None, None, *pools])),
                group=draw(st.sampled_from([None, None, "g"])),
                grow_to=draw(st.sampled_from([None, None, length - 1])),
            )
        )
    if draw(st.booleans()):
        networks.append(network("pin", cidr=draw(st.sampled_from(["10.50.0.8/29", "10.50.0.64/30"]))))
    return plan(*networks, pools=" ".join(pools), avoids=(Avoid(parse_prefix("10.50.0.40/32"), None),))


def hosts_of(prefix: Prefix) -> set[int]:
    block = ipaddress.ip_network(str(prefix))
    return set(range(int(block.network_address), int(block.broadcast_address) + 1))


@given(plans())
@settings(max_examples=200, deadline=None)
def test_what_is_allocated_is_disjoint_in_its_pool_and_apart_from_everything_else(one: Plan) -> None:
    allocation = allocate(one, EMPTY)
    used = hosts_of(parse_prefix("10.50.0.40/32"))
    for row in allocation.placements:
        assert row.prefix is not None
        addresses = hosts_of(row.prefix)
        assert not addresses & used
        used |= addresses
        if row.status == "allocated":
            pools = [row.network.pool] if row.network.pool else [p.prefix for p in one.pools]
            assert any(addresses <= hosts_of(p) for p in pools)
            assert row.prefix.length == row.network.length
    groups = [row.prefix for row in allocation.placements if row.prefix and row.network.group]
    if groups:
        total = sum(
            1 << 32 - min(r.network.length or 32, r.network.grow_to or 32)
            for r in allocation.placements
            if r.network.group
        )
        shift = (total - 1).bit_length()
        assert len({p.first >> shift for p in groups}) == 1
    for prefix in allocation.free:
        assert not hosts_of(prefix) & used
    for report in allocation.pools:
        assert report.unusable + report.allocated + report.free == report.prefix.size
        assert (report.largest_free is None) == (report.free == 0)


@given(plans(), st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_the_order_of_tables_changes_no_placement(one: Plan, shuffle: random.Random) -> None:
    networks = list(one.networks)
    shuffle.shuffle(networks)
    other = allocate(replace(one, networks=tuple(networks)), EMPTY)
    expected = allocate(one, EMPTY)
    assert placed(other) == placed(expected)
    assert {f.network: f for f in other.shortfalls} == {f.network: f for f in expected.shortfalls}


@given(plans())
@settings(max_examples=100, deadline=None)
def test_a_pinned_result_is_stable_and_one_more_pool_breaks_no_fit(one: Plan) -> None:
    allocation = allocate(one, EMPTY)
    if not allocation.ok:
        return
    pinned = tuple(row.network._replace(prefix=row.prefix, length=None, pool=None) for row in allocation.placements)
    again = allocate(replace(one, networks=pinned), EMPTY)
    assert [row.prefix for row in again.placements] == [row.prefix for row in allocation.placements]
    assert again.free == allocation.free or any(n.group for n in one.networks)
    assert allocate(replace(one, pools=(*one.pools, Pool(parse_prefix("192.168.0.0/24")))), EMPTY).ok


@pytest.mark.parametrize(
    ("blocks", "reserved"),
    [
        ([Placed(1, 2, "a", [(0, 63)])], []),
        ([Placed(0, 2, "a", [(0, 63)])], []),
        ([Placed(64, 67, "a", [(0, 63)])], []),
        ([Placed(64, 67, "a", [(0, 65), (66, 90)])], []),
        ([Placed(0, 7, "a", [(0, 63)]), Placed(4, 5, "b", [(0, 63)])], []),
        ([Placed(8, 15, "a", [(0, 63)])], [(0, 9), (1, 2)]),
        ([Placed(8, 15, "a", [(0, 63)])], [(15, 15)]),
    ],
)
def test_the_second_look_refuses_what_breaks_a_promise(blocks: list[Placed], reserved: list[tuple[int, int]]) -> None:
    with pytest.raises(AllocationDefectError):
        verify(blocks, reserved)


def test_the_second_look_accepts_what_holds() -> None:
    verify([Placed(8, 15, "a", [(0, 63)]), Placed(16, 16, "b", [(0, 9), (16, 16)])], [(0, 7), (17, 90)])
    verify([Placed(32, 47, "a", [(16, 17), (0, 63), (32, 35)])], [])
