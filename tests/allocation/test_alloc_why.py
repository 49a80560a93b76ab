"""Why a network is where it is: the explanation against brute force over small pools, and each reason once."""

from __future__ import annotations

import ipaddress
import random
import time
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from ipplan.addresses import Prefix, parse_prefix
from ipplan.allocation import allocate
from ipplan.allocation.why import explain
from ipplan.catalog import Catalog, load_catalog
from ipplan.checks import check_plan
from ipplan.plan.kinds import KINDS
from ipplan.plan.model import Avoid, Cluster, Network, Plan, Pool

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ipplan.allocation.candidates import Refused
    from ipplan.allocation.why import Explanation

EMPTY = Catalog("none", ())
NEWEST = load_catalog()


def network(name: str, kind: str = "vcs-vm", cidr: str | None = None, pool: str | None = None, **keys: Any) -> Network:
    prefix = None if cidr is None else parse_prefix(cidr)
    return Network(name, KINDS[kind], prefix, pool=None if pool is None else parse_prefix(pool), **keys)


def plan(*networks: Network, pools: str = "10.50.0.0/16", **keys: Any) -> Plan:
    found = tuple(Pool(parse_prefix(text)) for text in pools.split())
    return Plan("plan.toml", pools=found, networks=networks, **keys)


def ip(prefix: Prefix) -> ipaddress.IPv4Network:
    return ipaddress.IPv4Network(str(prefix))


def listed(refused: Refused) -> Iterator[ipaddress.IPv4Network]:
    """Yield the candidates of an entry one by one."""
    first, size = ip(refused.first), refused.first.size
    for number in range(refused.blocks):
        yield ipaddress.IPv4Network((int(first.network_address) + number * size, first.prefixlen))


def candidates(explanation: Explanation) -> list[ipaddress.IPv4Network]:
    """Return every aligned block before the chosen one, pool after pool, by brute force."""
    assert explanation.chosen is not None
    assert explanation.block is not None
    found: list[ipaddress.IPv4Network] = []
    for pool in map(ip, explanation.pools):
        if pool.prefixlen <= explanation.block:
            for block in pool.subnets(new_prefix=explanation.block):
                if block == ip(explanation.chosen.block):
                    return found
                if block not in found:
                    found.append(block)
    raise AssertionError("the chosen block is in no pool")


def check_against_brute_force(one: Plan) -> set[str]:
    """Compare every explanation with brute force; return the categories that were met."""
    allocation = allocate(one, EMPTY)
    categories = set()
    for row in allocation.placements:
        if row.status != "allocated":
            continue
        found = explain(one, EMPTY, row.network.name)
        assert found.prefix == row.prefix
        assert found.chosen is not None
        assert found.chosen.block.covers(found.chosen.prefix)
        assert found.chosen.pool == row.pool
        entries = [r for r in found.refused if r.category != "alignment"]
        assert [block for r in entries for block in listed(r)] == candidates(found)
        for entry in entries:
            assert list(listed(entry))[-1] == ip(entry.last)
            if entry.blocker is not None:
                assert all(block.overlaps(ip(entry.blocker)) for block in listed(entry))
        for before, after in pairwise(entries):
            following = before.last.last + 1 == after.first.first
            same = (before.category, before.blocker, before.reason) == (
                after.category,
                after.blocker,
                after.reason,
            )
            # What starts another pool or another obstacle starts another entry, and nothing else does.
            assert not (same and following) or any(p.first == after.first.first for p in found.pools)
        categories |= {r.category for r in found.refused}
    return categories


def some_plan(chance: random.Random) -> Plan:
    """Return a plan of a few networks, groups, pins and avoids in pools of at most 256 addresses."""
    every = ["10.0.0.0/24", "10.0.0.128/26", "10.0.1.0/26", "10.0.1.128/25", "10.0.0.64/28"]
    pools = chance.sample(every, chance.randint(1, 3))

    def block(shortest: int) -> Prefix:
        first = parse_prefix(chance.choice(pools))
        length = max(chance.randint(shortest, 30), first.length)
        size = 1 << 32 - length
        return Prefix(4, first.first + chance.randrange(first.size // size) * size, length)

    networks = []
    for number in range(chance.randint(1, 7)):
        length = chance.choice([27, 28, 29, 30])
        keys: dict[str, Any] = {"length": length}
        if chance.random() < 0.2:
            keys = {"cidr": str(block(27))}
        if chance.random() < 0.25:
            keys["grow_to"] = 27
        if chance.random() < 0.35:
            keys["group"] = chance.choice(["g", "h"])
        if "cidr" not in keys and chance.random() < 0.4:
            keys["pool"] = chance.choice(pools)
        networks.append(network(f"{chance.choice('abcxyz')}{number}", **keys))
    avoids = tuple(Avoid(block(28), "kept") for _ in range(chance.randint(0, 3)))
    return plan(*networks, pools=" ".join(pools), avoids=avoids)


def test_every_earlier_candidate_is_blocked_once_by_what_it_overlaps() -> None:
    chance = random.Random(1)
    categories = set()
    for _ in range(400):
        categories |= check_against_brute_force(some_plan(chance))
    assert categories >= {"avoid", "pinned", "held", "group", "placed", "alignment", "search"}


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 12))
def test_more_plans_against_brute_force(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(1000):
        check_against_brute_force(some_plan(chance))


# -- each reason


def refused(one: Plan, name: str, catalog: Catalog = EMPTY, **keys: Any) -> list[tuple[str, str, int, str, str]]:
    """Return the entries as first and last candidate, count, category and blocker."""
    found = explain(one, catalog, name, **keys).refused
    return [(str(r.first), str(r.last), r.blocks, r.category, str(r.blocker)) for r in found]


CASES = [
    (
        "ibm-customer-private",
        "a",
        plan(network("a", length=16), pools="10.48.0.0/12"),
        ("10.48.0.0/16", "10.48.0.0/16", 1, "10.48.0.0/16"),
        "customer private network (",
    ),
    (
        "kubernetes-default",
        "a",
        plan(network("a", length=16), pools="172.17.0.0/16 10.56.0.0/14"),
        ("172.17.0.0/16", "172.17.0.0/16", 1, "172.17.0.0/16"),
        "",
    ),
    (
        "iana-special-purpose",
        "a",
        plan(network("a", length=26), pools="192.0.2.0/24 10.56.0.0/14"),
        ("192.0.2.0/26", "192.0.2.192/26", 4, "192.0.2.0/24"),
        "Documentation (TEST-NET-1)",
    ),
    (
        "avoid",
        "a",
        plan(network("a"), avoids=(Avoid(parse_prefix("10.50.0.0/22"), "branch offices"),)),
        ("10.50.0.0/24", "10.50.3.0/24", 4, "10.50.0.0/22"),
        "avoided by the plan: branch offices",
    ),
    (
        "pinned",
        "a",
        plan(network("a"), network("pin", cidr="10.50.0.64/26")),
        ("10.50.0.0/24", "10.50.0.0/24", 1, "10.50.0.64/26"),
        "network pin is pinned there",
    ),
    (
        "default",
        "a",
        plan(network("a"), pools="172.21.0.0/16 10.56.0.0/16", clusters={"c": Cluster("c", "iks")}),
        ("172.21.0.0/24", "172.21.255.0/24", 256, "172.21.0.0/16"),
        "network c (services, default) is the platform's default of cluster c",
    ),
    (
        "held",
        "a",
        plan(network("a"), network("pin", cidr="10.50.0.0/24", grow_to=22)),
        ("10.50.1.0/24", "10.50.3.0/24", 3, "10.50.0.0/22"),
        "room held for pin at 10.50.0.0/24 to grow to 10.50.0.0/22",
    ),
    (
        "held",
        "a",
        plan(network("a"), network("b", grow_to=22)),
        ("10.50.1.0/24", "10.50.3.0/24", 3, "10.50.0.0/22"),
        "room held for b at 10.50.0.0/24 to grow to 10.50.0.0/22",
    ),
    (
        "group",
        "a",
        plan(network("a"), network("b", group="g"), network("c", group="g")),
        ("10.50.0.0/24", "10.50.1.0/24", 2, "10.50.0.0/23"),
        "reserved for group g, which comes before it: it is larger",
    ),
    (
        "group",
        "a",
        plan(network("a", group="g"), network("pin", cidr="10.50.9.0/24", group="g")),
        ("10.50.0.0/24", "10.50.7.0/24", 8, "None"),
        "outside 10.50.8.0/23, the smallest prefix around group g that has room for it",
    ),
    (
        "placed",
        "b",
        plan(network("b"), network("a")),
        ("10.50.0.0/24", "10.50.0.0/24", 1, "10.50.0.0/24"),
        "a comes before it: of equal blocks, the name decides",
    ),
    (
        "placed",
        "c",
        plan(network("b", length=22), network("c", length=23)),
        ("10.50.0.0/23", "10.50.2.0/23", 2, "10.50.0.0/22"),
        "b comes before it: it is larger",
    ),
    (
        "placed",
        "a",
        plan(network("c", pool="10.7.0.0/23"), network("a"), pools="10.7.0.0/23 10.9.0.0/16"),
        ("10.7.0.0/24", "10.7.0.0/24", 1, "10.7.0.0/24"),
        "c comes before it: it has fewer pools to choose from",
    ),
    (
        "alignment",
        "a",
        plan(network("a"), pools="10.9.0.128/25 10.7.0.0/16"),
        ("10.9.0.0/24", "10.9.0.0/24", 1, "10.9.0.128/25"),
        "10.9.0.128/25 is smaller than a /24, so the block reaches beyond it",
    ),
    (
        "search",
        "large",
        plan(
            network("large", length=24),
            network("small", length=25, pool="10.9.0.0/24"),
            pools="10.9.0.0/24 10.7.0.0/24",
        ),
        ("10.9.0.0/24", "10.9.0.0/24", 1, "10.9.0.0/25"),
        "the exact search left it for small: else some network would find no place",
    ),
    (
        "kubernetes-reserved",
        "a",
        plan(network("a", length=24), pools="172.16.0.0/16 10.56.0.0/14"),
        ("172.16.0.0/24", "172.16.255.0/24", 256, "172.16.0.0/16"),
        "",
    ),
]


@pytest.mark.parametrize(
    ("category", "name", "one", "entry", "reason"), CASES, ids=[f"{c[0]}-{i}" for i, c in enumerate(CASES)]
)
def test_each_reason(category: str, name: str, one: Plan, entry: tuple[str, str, int, str], reason: str) -> None:
    catalog = NEWEST if category.startswith(("ibm", "kubernetes", "iana")) else EMPTY
    found = [r for r in explain(one, catalog, name).refused if r.category == category]
    assert [(str(r.first), str(r.last), r.blocks, str(r.blocker)) for r in found] == [entry]
    assert found[0].reason.startswith(reason)
    assert (found[0].source is not None) == (catalog is NEWEST)


def test_a_published_row_names_data_center_edition_and_source() -> None:
    one = plan(network("a", length=16), pools="10.48.0.0/12")
    (row,) = explain(one, NEWEST, "a").refused
    assert row.reason == "customer private network (dal12, BCR02), as of 2025-10-03"
    assert row.source is not None
    assert row.source.date == "2025-10-03"


def test_free_space_across_two_blocks_is_reported() -> None:
    one = plan(network("a", length=23), network("p", cidr="10.50.0.0/24"), network("q", cidr="10.50.3.0/24"))
    found = explain(one, EMPTY, "a")
    assert [r.reason for r in found.refused] == [
        "network p is pinned there; 10.50.1.0 to 10.50.2.255 is free, but not on a /23 boundary",
        "network q is pinned there",
    ]
    assert str(found.prefix) == "10.50.4.0/23"


def test_other_data_centers_are_free_where_that_is_allowed() -> None:
    one = plan(network("a", length=14), pools="10.48.0.0/12", data_centers=("dal12",))
    every = refused(one, "a", NEWEST)
    own = refused(one, "a", NEWEST, data_centers_only=True)
    assert len(every) > len(own)


# -- the record of the allocator


def test_an_allocation_keeps_traces_only_where_it_is_asked_to() -> None:
    one = plan(network("a"))
    assert allocate(one, EMPTY).traces == {}
    assert set(allocate(one, EMPTY, keep_traces=True).traces) == {4, 6}
    assert allocate(one, EMPTY, keep_traces=True) == allocate(one, EMPTY)


def test_a_trace_has_each_network_once_where_it_was_placed() -> None:
    chance = random.Random(2)
    for _ in range(200):
        one = some_plan(chance)
        allocation = allocate(one, EMPTY, keep_traces=True)
        trace = allocation.traces[4]
        steps = [step for joined in trace.joined.values() for step in joined.steps] + trace.steps
        found = {}
        for step in steps:
            for member in step.block.members:
                assert member.network.name not in found
                found[member.network.name] = step.prefix
        if not allocation.ok:
            assert all(step.prefix is None for step in trace.steps)
            continue
        assert set(found) == set(allocation.allocated)
        for name, prefix in allocation.allocated.items():
            block = found[name]
            assert block is not None
            assert block.covers(prefix)


def test_an_unplaced_network_that_was_never_looked_at_has_no_order() -> None:
    one = plan(network("a", length=20, group="g"), network("p", cidr="10.50.0.0/24", group="g"))
    crowded = replace(one, networks=(*one.networks, network("q", cidr="10.50.1.0/24")))
    assert explain(one, EMPTY, "a").order is not None
    assert explain(crowded, EMPTY, "a").order is None


# -- what is not a place


def test_a_pinned_network_has_the_findings_about_it() -> None:
    one = plan(network("a", cidr="10.50.0.0/24"), network("b", cidr="10.50.0.0/25"))
    found = explain(one, EMPTY, "b", findings=check_plan(one, EMPTY))
    assert found.status == "pinned"
    assert found.decided_by == "the plan pins it (networks.b.cidr), and allocate never moves a pinned network"
    assert "network-overlap" in {f.rule for f in found.findings}
    assert (found.refused, found.chosen, found.failure) == ((), None, None)


def test_defaults_and_ordered_networks_say_who_decides() -> None:
    one = plan(
        network("pods", "iks-pod", cluster="c"),
        network("vtep", "vcs-vtep", length=26),
        clusters={"c": Cluster("c", "iks")},
    )
    pods, vtep = explain(one, EMPTY, "pods"), explain(one, EMPTY, "vtep")
    assert (pods.status, str(pods.prefix)) == ("default", "172.30.0.0/16")
    assert pods.decided_by == "IKS takes this range where the plan states neither cidr nor pool"
    assert (vtep.status, vtep.prefix) == ("to-order", None)
    assert vtep.decided_by.startswith("IBM Cloud provides it as a portable private subnet: order it")
    assert vtep.size is not None
    assert vtep.size.length == 26


def test_a_network_without_room_has_what_blocks_every_place_and_what_would_help() -> None:
    one = plan(
        network("a", length=17),
        network("b", length=17),
        avoids=(Avoid(parse_prefix("10.50.0.0/24"), None),),
    )
    failing = next(f.network for f in allocate(one, EMPTY).shortfalls)
    found = explain(one, EMPTY, failing)
    assert found.status == "unplaced"
    assert found.failure == allocate(one, EMPTY).shortfalls[0]
    assert found.failure.help is not None
    assert found.failure.help.startswith("remove avoid 10.50.0.0/24")
    assert [(r.category, r.blocks) for r in found.refused] == [("avoid", 1), ("search", 1)]


@pytest.mark.parametrize(
    ("one", "name"),
    [
        (plan(network("a", length=15), network("b", length=24)), "b"),
        (plan(network("a", length=40, pool="10.50.0.0/16", group="g")), "a"),
        (plan(network("a"), pools=""), "a"),
        (
            plan(
                network("a", length=20, group="g"),
                network("p", cidr="10.50.0.0/24", group="g"),
                network("q", cidr="10.50.1.0/24"),
            ),
            "a",
        ),
    ],
    ids=["another network fails", "too long for IPv4", "no pool", "no room beside the pins"],
)
def test_failures_that_no_place_explains(one: Plan, name: str) -> None:
    found = explain(one, EMPTY, name)
    assert (found.status, found.refused, found.chosen) == ("unplaced", (), None)
    assert found.failure == allocate(one, EMPTY).shortfalls[0]


def test_an_unknown_network_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        explain(plan(network("a")), EMPTY, "b")


@pytest.mark.parametrize("pool", ["10.0.0.0/8", "fd00::/16"])
def test_huge_pools_answer_quickly(pool: str) -> None:
    length = 30 if pool[0] == "1" else 120
    one = plan(
        network("a", length=length),
        network("p", cidr=pool.split("/")[0] + ("/9" if length == 30 else "/17")),
        pools=pool,
    )
    start = time.perf_counter()
    found = explain(one, NEWEST, "a")
    assert time.perf_counter() - start < 2
    assert len(found.refused) < 60
    assert sum(r.blocks for r in found.refused) >= 1 << 20
