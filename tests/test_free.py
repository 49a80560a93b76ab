"""What is left of the pools, against counting every single address, and against what allocate reports itself."""

from __future__ import annotations

import ipaddress
import time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipplan.addresses import Prefix, parse_prefix
from ipplan.allocation import allocate
from ipplan.catalog import CATEGORIES, Catalog, Reservation, load_catalog
from ipplan.findings import Source
from ipplan.free import Fit, Use, find_free
from ipplan.plan.kinds import KINDS
from ipplan.plan.load import parse_plan
from ipplan.plan.model import Avoid, Cluster, Network, Plan, Pool

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ipplan.free import Free

EMPTY = Catalog("none", ())
NEWEST = load_catalog()
WORLD = ipaddress.ip_network("10.224.0.0/26")
BASE = int(WORLD.network_address)


def network(name: str, cidr: str | None = None, kind: str = "vcs-vm", **keys: Any) -> Network:
    return Network(name, KINDS[kind], None if cidr is None else parse_prefix(cidr), **keys)


def plan(*networks: Network, pools: str = "10.224.0.0/24", **keys: Any) -> Plan:
    return Plan("plan.toml", pools=tuple(Pool(parse_prefix(p)) for p in pools.split()), networks=networks, **keys)


def blocks(free: Free, length: int | None = None) -> list[str]:
    return [str(block) for pool in free.pools for block in pool.blocks_for(length)]


# -- small worlds, address by address


def reservation(prefix: Prefix, category: str) -> Reservation:
    return Reservation(prefix, CATEGORIES[category], "row", None, None, None, None, Source("test"))


PREFIXES = st.integers(27, 30).flatmap(
    lambda length: st.integers(0, (1 << length - 26) - 1).map(lambda n: Prefix(4, BASE + (n << 32 - length), length))
)
ROWS = st.tuples(PREFIXES, st.sampled_from(["ibm-service-network", "ibm-customer-private", "iana-special-purpose"]))


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Plan, Catalog]:
    pools = draw(st.lists(PREFIXES, min_size=1, max_size=3))
    pinned = [
        Network(f"pinned-{i}", KINDS["vcs-vm"], prefix, grow_to=draw(st.sampled_from([None, 27, 31])))
        for i, prefix in enumerate(draw(st.lists(PREFIXES, max_size=3)))
    ]
    wanted = [
        Network(f"wanted-{i}", KINDS["vcs-vm"], length=length, grow_to=draw(st.sampled_from([None, 28])))
        for i, length in enumerate(draw(st.lists(st.integers(28, 32), max_size=3)))
    ]
    avoids = tuple(Avoid(prefix, None) for prefix in draw(st.lists(PREFIXES, max_size=2)))
    rows = sorted(reservation(*row) for row in draw(st.lists(ROWS, max_size=3)))
    made = Plan("plan.toml", pools=tuple(map(Pool, pools)), networks=(*pinned, *wanted), avoids=avoids)
    return made, Catalog("test", tuple(rows))


def addresses(prefix: Prefix) -> set[int]:
    return {int(address) for address in ipaddress.ip_network(str(prefix))}


def expected_uses(plan: Plan, catalog: Catalog, pool: Prefix, placed: Iterable[Prefix] = ()) -> dict[str, set[int]]:
    """Return each category with its addresses, asking of one address after the other what holds it."""
    claims: list[tuple[str, Prefix]] = []
    for name in CATEGORIES:
        claims += [(name, row.prefix) for row in catalog.reservations if row.category.name == name]
    claims += [("avoid", avoid.prefix) for avoid in plan.avoids]
    claims += [("pinned", n.prefix) for n in plan.networks if n.prefix is not None]
    claims += [("allocated", prefix) for prefix in placed]
    for n in plan.networks:
        if n.prefix is not None and n.grow_to is not None and n.grow_to < n.prefix.length:
            wide = ipaddress.ip_network(str(n.prefix)).supernet(new_prefix=n.grow_to)
            claims.append(("held", parse_prefix(str(wide))))
    uses: dict[str, set[int]] = {}
    for address in addresses(pool):
        holder = next((name for name, prefix in claims if address in addresses(prefix)), "free")
        uses.setdefault(holder, set()).add(address)
    return uses


@settings(max_examples=150, deadline=None)
@given(worlds())
def test_free_taken_and_unusable_are_the_pool_with_each_address_counted_once(world: tuple[Plan, Catalog]) -> None:
    plan, catalog = world
    free = find_free(plan, catalog)
    assert [p.report.prefix for p in free.pools] == list(dict.fromkeys(p.prefix for p in plan.pools))
    for pool in free.pools:
        report = pool.report
        expected = expected_uses(plan, catalog, report.prefix)
        left = expected.pop("free", set())
        assert dict(pool.uses) == {name: len(held) for name, held in expected.items()}

        found = [addresses(block) for block in pool.blocks]
        assert sum(map(len, found)) == len(left) == report.free
        assert set().union(*found) == left
        assert sum(use.size for use in pool.uses) + report.free == report.prefix.size
        unusable = sum(use.size for use in pool.uses if use.category in (*CATEGORIES, "avoid"))
        assert (report.unusable, report.unusable + report.allocated) == (
            unusable,
            report.prefix.size - len(left),
        )


@settings(max_examples=150, deadline=None)
@given(worlds())
def test_what_fits_is_what_trying_every_aligned_block_finds(world: tuple[Plan, Catalog]) -> None:
    plan, catalog = world
    for pool in find_free(plan, catalog, length=32).pools:
        left = expected_uses(plan, catalog, pool.report.prefix).get("free", set())
        whole = ipaddress.IPv4Network(str(pool.report.prefix))
        expected = {
            length: [net for net in whole.subnets(new_prefix=length) if left.issuperset(map(int, net))]
            for length in range(whole.prefixlen, 33)
        }
        assert dict(pool.fits) == {length: len(nets) for length, nets in expected.items()}
        largest = next((nets[0] for nets in expected.values() if nets), None)
        if largest is None:
            assert pool.fragmentation is None
        else:
            assert str(pool.report.largest_free) == str(largest)
            assert pool.fragmentation == 1 - largest.num_addresses / len(left)
        for length, nets in expected.items():
            roomy = list(map(ipaddress.IPv4Network, map(str, pool.blocks_for(length))))
            inside = {str(net) for net in nets if any(net.subnet_of(block) for block in roomy)}
            assert inside == set(map(str, nets))


@settings(max_examples=100, deadline=None)
@given(worlds())
def test_after_allocation_agrees_with_what_allocate_reports(world: tuple[Plan, Catalog]) -> None:
    plan, catalog = world
    allocation = allocate(plan, catalog)
    free = find_free(plan, catalog, after_allocation=True)
    assert free.ok is allocation.ok
    assert free.shortfalls == allocation.shortfalls
    by_prefix = {report.prefix: report for report in allocation.pools}
    assert {pool.report.prefix: pool.report for pool in free.pools} == by_prefix
    (total,) = free.totals
    assert total.free == sum(block.size for block in allocation.free)
    assert set().union(*(addresses(b) for p in free.pools for b in p.blocks)) == set().union(
        *(addresses(block) for block in allocation.free)
    )
    placed = [row.prefix for row in allocation.placements if row.status == "allocated" and row.prefix is not None]
    for pool in free.pools:
        expected = expected_uses(plan, catalog, pool.report.prefix, placed)
        uses = dict(pool.uses)
        # Room to grow of what was placed is held too; the oracle takes it for free.
        expected_rest = len(expected.pop("held", ())) + len(expected.pop("free", ()))
        assert uses.pop("held", 0) + pool.report.free == expected_rest
        assert uses == {name: len(held) for name, held in expected.items()}
    assert (free.wanted == ()) is (allocation.ok or not any(n.prefix is None for n in plan.networks))


# -- single cases


def test_networks_without_a_range_take_nothing_until_asked() -> None:
    asks = plan(network("a", length=25), network("b", "10.224.0.128/26"))

    before = find_free(asks, EMPTY)
    after = find_free(asks, EMPTY, after_allocation=True)

    assert blocks(before) == ["10.224.0.0/25", "10.224.0.192/26"]
    assert [(w.network.name, w.held) for w in before.wanted] == [("a", 25)]
    assert blocks(after) == ["10.224.0.192/26"]
    assert after.wanted == ()
    assert after.pools[0].uses == (Use("pinned", 64), Use("allocated", 128))


def test_where_not_all_can_be_placed_none_is_counted() -> None:
    free = find_free(plan(network("a", length=25), network("b", length=23)), EMPTY, after_allocation=True)

    assert not free.ok
    assert [f.network for f in free.shortfalls] == ["b"]
    assert blocks(free) == ["10.224.0.0/24"]
    assert len(free.wanted) == 2


def test_an_address_counts_for_published_space_before_the_plan() -> None:
    inside = plan(
        network("a", "172.30.0.0/24"),
        network("b", "172.30.2.0/24", grow_to=23),
        pools="172.29.0.0/16 172.30.0.0/15",
        avoids=(Avoid(parse_prefix("172.30.0.0/22"), None), Avoid(parse_prefix("172.31.0.0/24"), None)),
    )

    first, second = find_free(inside, NEWEST).pools

    assert first.uses == ()
    assert second.uses == (Use("kubernetes-default", 65536), Use("avoid", 256))


def test_room_to_grow_and_a_group_that_has_its_prefix_for_itself_are_held() -> None:
    grouped = plan(
        network("a", "10.224.0.0/28", group="g"),
        network("b", "10.224.0.48/28", group="g"),
        network("c", "10.224.0.128/27", grow_to=26),
    )

    (pool,) = find_free(grouped, EMPTY).pools

    assert pool.uses == (Use("pinned", 64), Use("held", 64))
    assert [str(block) for block in pool.blocks] == ["10.224.0.64/26", "10.224.0.192/26"]


def test_a_cluster_that_declares_nothing_takes_its_default() -> None:
    with_default = plan(clusters={"c": Cluster("c", "icp")}, pools="10.0.0.0/15")

    (pool,) = find_free(with_default, EMPTY).pools

    assert pool.report.prefix == parse_prefix("10.0.0.0/15")
    assert pool.uses == (Use("default", 131072),)
    assert pool.fragmentation is None


@pytest.mark.parametrize(
    ("pinned", "fragmentation"),
    [
        ((), 0.0),
        (("10.224.0.0/25",), 0.0),
        (("10.224.0.0/26",), 1 / 3),
        (("10.224.0.0/26", "10.224.0.192/26"), 0.5),  # one span, but no prefix
        (("10.224.0.64/26", "10.224.0.192/26"), 0.5),
        (("10.224.0.0/24",), None),
    ],
)
def test_fragmentation(pinned: tuple[str, ...], fragmentation: float | None) -> None:
    (pool,) = find_free(plan(*(network(c, c) for c in pinned)), EMPTY).pools

    assert pool.fragmentation == (None if fragmentation is None else pytest.approx(fragmentation))


def test_ipv6_is_counted_exactly() -> None:
    (pool,) = find_free(plan(network("a", "fd00::/128"), pools="fd00::/16"), EMPTY, length=128).pools

    assert pool.report.free == 2**112 - 1
    assert pool.fits[-1] == Fit(128, 2**112 - 1)
    assert Fit(64, 2**48 - 1) in pool.fits
    assert len(pool.blocks) == 112


def test_pools_that_overlap_are_each_reported_and_counted_once() -> None:
    free = find_free(plan(pools="10.224.0.0/24 10.224.0.0/25 10.224.0.0/24 fd00::/64"), EMPTY)

    assert [str(p.report.prefix) for p in free.pools] == ["10.224.0.0/24", "10.224.0.0/25", "fd00::/64"]
    assert [p.report.free for p in free.pools] == [256, 128, 2**64]
    assert [tuple(total) for total in free.totals] == [(4, 256, 256), (6, 2**64, 2**64)]


def test_a_length_that_the_ip_version_does_not_have_fits_nowhere() -> None:
    free = find_free(plan(pools="10.224.0.0/24 fd00::/64"), EMPTY, length=64)

    assert blocks(free, 64) == ["fd00::/64"]
    assert [fit.length for fit in free.pools[0].fits] == [24, 25, 26, 27, 28, 29, 30, 31, 32]


def test_a_pool_smaller_than_the_smallest_counts_itself() -> None:
    (pool,) = find_free(plan(pools="10.224.0.0/30"), EMPTY).pools

    assert pool.fits == (Fit(30, 1),)


def test_data_centers_narrow_what_is_avoided() -> None:
    there = plan(pools="10.48.0.0/15", data_centers=("dal10",))

    wide, narrow = (find_free(there, NEWEST, data_centers_only=only).pools[0] for only in (False, True))

    assert wide.uses == (Use("ibm-customer-private", 65536),)
    assert narrow.uses == ()


@pytest.mark.slow
def test_thousands_of_pools_and_networks_take_time_in_proportion() -> None:
    def seconds(number: int) -> float:
        base = int(ipaddress.ip_address("10.64.0.0"))
        large = Plan(
            "plan.toml",
            pools=tuple(Pool(Prefix(4, base + (i << 8), 24)) for i in range(number)),
            networks=tuple(network(str(i), str(Prefix(4, base + (i << 8) + 64, 27))) for i in range(number)),
        )
        start = time.perf_counter()
        find_free(large, NEWEST)
        return time.perf_counter() - start

    few = min(seconds(1000) for _ in range(3))
    many = min(seconds(8000) for _ in range(2))

    assert many < 8 * few * 3


def test_a_retired_network_on_a_default_range_is_in_no_group_and_still_holds_it() -> None:
    text = (
        '[plan]\nbyoip = ["172.30.0.0/15"]\n[clusters.iks]\nplatform = "iks"\n'
        '[networks.pods]\nkind = "iks-pod"\ngroup = "b"\nstatus = "retired"\n'
        '[networks.vm]\nkind = "vcs-vm"\ncidr = "172.31.0.0/24"\ngroup = "a"\n'
    )
    (pool,) = find_free(parse_plan(text.encode(), "x"), load_catalog()).pools
    assert all(not block.overlaps(parse_prefix("172.30.0.0/16")) for block in pool.blocks)
