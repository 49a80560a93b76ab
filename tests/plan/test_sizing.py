"""How large networks get, and which of their addresses count as usable."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipplan.addresses import Prefix, parse_address, parse_prefix
from ipplan.plan.kinds import KINDS
from ipplan.plan.model import Cluster, NamedAddress, Network, Plan, Pool
from ipplan.plan.sizing import (
    gateway_of,
    length_for,
    need_of,
    request_version,
    resolve_addresses,
    room_in,
    size_of,
    usable,
)

ICP = Cluster("icp", "icp", workers=8, pods_per_worker=110, services=200)


def sized(kind: str, version: int = 4, cluster: Cluster | None = None, **keys: int) -> int:
    clusters = {} if cluster is None else {cluster.name: cluster}
    network = Network("n", KINDS[kind], cluster=None if cluster is None else cluster.name, **keys)  # type: ignore[arg-type]
    return size_of(network, Plan("plan.toml", clusters=clusters), version).length


@pytest.mark.parametrize(
    ("hosts", "length"),
    [(1, 30), (2, 29), (3, 29), (5, 29), (6, 28), (60, 26), (61, 26), (62, 25), (253, 24), (254, 23)],
)
def test_hosts_decide_the_size(hosts: int, length: int) -> None:
    for kind in ("vcs-vm", "icp-worker", "vcs-esg-private"):
        assert sized(kind, hosts=hosts) == length


@pytest.mark.parametrize(("hosts", "length"), [(1, 30), (2, 30), (3, 29), (6, 29), (7, 28)])
def test_in_a_transit_network_the_gateway_is_one_of_the_hosts(hosts: int, length: int) -> None:
    assert sized("vcs-transit", hosts=hosts) == length


@pytest.mark.parametrize(("hosts", "length"), [(1, 32), (2, 31), (3, 29), (6, 29), (7, 28), (254, 24)])
def test_pods_and_services_have_no_gateway(hosts: int, length: int) -> None:
    for kind in ("icp-pod", "icp-service", "iks-pod"):
        assert sized(kind, hosts=hosts) == length


@given(st.integers(3, 2**31))
def test_the_size_for_hosts_is_enough_and_half_of_it_is_not(hosts: int) -> None:
    length = sized("vcs-vm", hosts=hosts)
    assert ipaddress.ip_network(f"0.0.0.0/{length}").num_addresses - 3 >= hosts
    if length < 30:
        assert ipaddress.ip_network(f"0.0.0.0/{length + 1}").num_addresses - 3 < hosts


@pytest.mark.parametrize(
    ("kind", "length"),
    [("vcs-vm", 24), ("vcs-transit", 29), ("icp-pod", 16), ("icp-service", 16), ("icp-worker", 24), ("iks-pod", 16)],
)
def test_without_anything_stated_the_documented_default_is_taken(kind: str, length: int) -> None:
    assert sized(kind) == length
    assert sized(kind, version=6) in (64, 112)


@pytest.mark.parametrize(
    ("kind", "version", "length"),
    [
        # 8 + 15 nodes at 2 blocks of 64 are 2,944 addresses.
        ("icp-pod", 4, 20),
        ("icp-pod", 6, 116),
        # 202 services fit in 256 addresses: no network or broadcast address is lost.
        ("icp-service", 4, 24),
        ("icp-service", 6, 120),
        # 8 + 15 nodes, 2 virtual addresses and the gateway: 26 hosts.
        ("icp-worker", 4, 27),
        ("icp-worker", 6, 64),
    ],
)
def test_an_icp_cluster_sizes_its_networks(kind: str, version: int, length: int) -> None:
    assert sized(kind, version, ICP) == length


def test_an_icp_cluster_that_states_too_little_leaves_the_default() -> None:
    assert sized("icp-pod", cluster=ICP._replace(pods_per_worker=None)) == 16
    assert sized("icp-service", cluster=ICP._replace(services=None)) == 16
    assert sized("icp-worker", cluster=ICP._replace(workers=None)) == 24


def test_a_cluster_that_needs_more_than_the_default_gets_more() -> None:
    # 600 workers at 128 addresses are 76,800; 1,100 and 15 other nodes at a block of 64 are 71,360.
    assert sized("iks-pod", cluster=Cluster("iks", "iks", workers=600)) == 15
    assert sized("iks-pod", cluster=Cluster("iks", "iks", workers=512)) == 16
    assert sized("icp-pod", cluster=ICP._replace(workers=1100, pods_per_worker=None)) == 15


@given(
    st.sampled_from(["icp-pod", "icp-service", "icp-worker", "iks-pod", "iks-service"]),
    st.integers(1, 2000),
    st.integers(1, 600),
    st.integers(1, 70_000),
)
def test_the_rules_take_what_allocate_gives_and_no_exact_size_is_too_large(
    kind: str, workers: int, pods: int, services: int
) -> None:
    row = KINDS[kind]
    cluster = Cluster("c", "icp" if row.platform == "icp" else "iks", workers, pods, services)
    need = need_of(row.role, cluster)
    assert need is not None

    prefix = Prefix(4, 0, sized(kind, cluster=cluster))

    assert need.addresses <= room_in(prefix, row)
    assert prefix.length <= length_for(need, row, 4)
    assert need.addresses > room_in(Prefix(4, 0, length_for(need, row, 4) + 1), row)
    assert not need.exact or prefix.length == length_for(need, row, 4)


def test_what_the_plan_states_goes_before_the_cluster() -> None:
    assert sized("icp-pod", cluster=ICP, length=22) == 22
    assert sized("icp-pod", cluster=ICP, hosts=60) == 26


def test_the_reason_names_the_numbers() -> None:
    network = Network("pods", KINDS["icp-pod"], cluster="icp")
    reason = size_of(network, Plan("plan.toml", clusters={"icp": ICP}), 4).reason
    assert reason == "8 workers and 15 other nodes at 2 blocks of 64 addresses"


@pytest.mark.parametrize("kind", ["vcs-vtep", "enterprise"])
def test_kinds_that_are_never_allocated_have_no_size(kind: str) -> None:
    with pytest.raises(ValueError, match=kind):
        sized(kind)


@pytest.mark.parametrize(
    ("cidr", "kind", "count"),
    [
        ("10.0.0.0/24", "vcs-vm", 254),
        ("10.0.0.0/30", "vcs-vm", 2),
        ("10.0.0.0/31", "vcs-vm", 2),
        ("10.0.0.1/32", "vcs-vm", 1),
        ("10.0.0.0/26", "vcs-vtep", 61),
        ("10.0.0.0/30", "vcs-esg-private", 1),
        ("10.0.0.0/31", "vcs-esg-private", 0),
        ("fd00::/64", "vcs-vm", 2**64 - 1),
        ("fd00::/127", "vcs-vm", 2),
        ("fd00::1/128", "vcs-vm", 1),
    ],
)
def test_usable_addresses(cidr: str, kind: str, count: int) -> None:
    assert usable(parse_prefix(cidr), KINDS[kind]) == count


def named(**values: int | str) -> Network:
    addresses = tuple(
        NamedAddress(name, value, None) if isinstance(value, int) else NamedAddress(name, None, parse_address(value))
        for name, value in values.items()
    )
    return Network("n", KINDS["vcs-vm"], addresses=addresses)


@pytest.mark.parametrize(
    ("cidr", "value", "text"),
    [
        ("10.0.4.0/24", 1, "10.0.4.1"),
        ("10.0.4.0/24", -1, "10.0.4.254"),
        ("10.0.4.0/24", 254, "10.0.4.254"),
        ("10.0.4.0/31", 1, "10.0.4.0"),
        ("10.0.4.0/31", -1, "10.0.4.1"),
        ("10.0.4.9/32", 1, "10.0.4.9"),
        ("fd00::/64", 1, "fd00::1"),
        ("fd00::/64", -1, "fd00::ffff:ffff:ffff:ffff"),
        ("10.0.4.0/24", "10.0.4.77", "10.0.4.77"),
    ],
)
def test_named_addresses_count_usable_ones(cidr: str, value: int | str, text: str) -> None:
    assert resolve_addresses(named(x=value), parse_prefix(cidr)) == [("x", text)]


def test_a_named_address_is_an_address_or_none() -> None:
    (entry,) = named(x="10.0.4.77").addresses

    assert entry.at(parse_prefix("10.0.4.0/24")) == parse_address("10.0.4.77")
    assert entry.at(parse_prefix("10.0.5.0/24")) is None
    assert entry.at(parse_prefix("fd00::/64")) is None


@pytest.mark.parametrize("value", [255, 10**12, -255, -(10**12), "10.9.9.9"])
def test_named_addresses_beyond_the_network_are_left_out(value: int | str) -> None:
    assert resolve_addresses(named(x=value), parse_prefix("10.0.4.0/24")) == []


def test_the_gateway_is_the_address_named_so_else_the_first_usable() -> None:
    prefix = parse_prefix("10.0.4.0/24")
    assert gateway_of(named(gateway=-1), prefix) == "10.0.4.254"
    assert gateway_of(named(vip=7), prefix) == "10.0.4.1"
    assert gateway_of(named(), Prefix(4, prefix.first, 32)) is None


@pytest.mark.parametrize("kind", ["iks-pod", "iks-service", "icp-pod", "icp-service"])
def test_no_router_has_an_address_in_a_pod_or_service_range(kind: str) -> None:
    assert gateway_of(Network("n", KINDS[kind]), parse_prefix("10.0.4.0/24")) is None
    assert gateway_of(named(gateway=1)._replace(kind=KINDS[kind]), parse_prefix("10.0.4.0/24")) is None


def test_the_version_follows_pool_then_length_then_pools() -> None:
    v4, v6 = Pool(parse_prefix("10.0.0.0/8")), Pool(parse_prefix("fd00::/48"))
    network = Network("n", KINDS["vcs-vm"])
    assert request_version(network, [v4, v6]) == 4
    assert request_version(network, [v6]) == 6
    assert request_version(network, []) == 4
    assert request_version(network._replace(pool=v6.prefix), [v4, v6]) == 6
    assert request_version(network._replace(length=64), [v4, v6]) == 6
