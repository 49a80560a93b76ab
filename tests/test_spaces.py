"""Spaces and their blocks, against a count of single addresses with the standard library."""

from __future__ import annotations

import itertools
from ipaddress import IPv4Address, IPv4Network, ip_address, ip_network
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipplan.addresses import format_address
from ipplan.catalog import Catalog, load_catalog
from ipplan.checks import check_plan
from ipplan.plan.load import parse_plan
from ipplan.spaces import MOST_NAMED, AddressSpace, Block, Space

if TYPE_CHECKING:
    from ipplan.plan.model import Plan

POOL = ip_network("10.224.0.0/26")


def plan_of(text: str) -> Plan:
    return parse_plan(("schema = 1\n" + text).encode(), "plan.toml")


def address_space_of(text: str) -> AddressSpace:
    plan = plan_of(text)
    catalog = load_catalog()
    return AddressSpace(plan, catalog, check_plan(plan, catalog))


def network(name: str, cidr: str, more: str = "", kind: str = "vcs-vm") -> str:
    return f'[networks.{name}]\nkind = "{kind}"\ncidr = "{cidr}"\n{more}\n'


def shown(space: Space, blocks: list[Block]) -> list[tuple[str, str, str, tuple[str, ...]]]:
    return [
        (
            format_address(space.prefix.version, b.first),
            format_address(space.prefix.version, b.last),
            b.what,
            b.networks,
        )
        for b in blocks
    ]


def expected_at(
    address: IPv4Address, networks: dict[str, tuple[IPv4Network, int | None]], avoids: list[IPv4Network]
) -> tuple[str, set[str]]:
    """Say from scratch what an address is for."""
    holders = {name for name, (net, _) in networks.items() if address in net}
    avoided = any(address in net for net in avoids)
    if len(holders) > 1 or (holders and avoided):
        return "overlap", holders
    if holders:
        return "network", holders
    if avoided:
        return "avoid", set()
    rooms = (net.supernet(new_prefix=to) for net, to in networks.values() if to and to < net.prefixlen)
    return ("room" if any(address in room for room in rooms) else "free"), set()


prefixes = st.integers(26, 30).flatmap(
    lambda length: st.integers(0, (1 << length - 26) - 1).map(
        lambda i: IPv4Network((int(POOL.network_address) + (i << 32 - length), length))
    )
)


@settings(max_examples=150, deadline=None)
@given(
    nets=st.lists(st.tuples(prefixes, st.none() | st.integers(26, 29)), max_size=6),
    avoids=st.lists(prefixes, max_size=2),
)
def test_every_address_is_in_the_block_of_what_it_is_for(
    nets: list[tuple[IPv4Network, int | None]], avoids: list[IPv4Network]
) -> None:
    networks = {f"n{i}": pair for i, pair in enumerate(nets)}
    text = f'[plan]\nbyoip = ["{POOL}"]\n'
    text += "".join(f'[[avoid]]\ncidr = "{net}"\n' for net in avoids)
    text += "".join(
        network(name, str(net), "" if to is None else f"grow-to = {min(to, net.prefixlen)}")
        for name, (net, to) in networks.items()
    )
    address_space = address_space_of(text)
    (space,) = address_space.spaces()
    blocks = address_space.blocks(space)
    assert [b.first for b in blocks[1:]] == [b.last + 1 for b in blocks[:-1]]
    assert (blocks[0].first, blocks[-1].last) == (space.prefix.first, space.prefix.last)
    assert all(one[2:] != other[2:] for one, other in itertools.pairwise(blocks))
    for block in blocks:
        for value in range(block.first, block.last + 1):
            address = IPv4Address(value)
            assert (block.what, set(block.networks)) == expected_at(address, networks, avoids), address
        assert block.total == len(block.networks)
        assert bool(block.rules) == (block.what == "overlap")


def test_the_most_specific_network_comes_first_and_many_are_counted() -> None:
    text = '[plan]\nbyoip = ["10.224.0.0/24"]\n' + network("inner", "10.224.0.64/26")
    text += "".join(network(f"n{i}", "10.224.0.0/24") for i in range(20))
    address_space = address_space_of(text)
    block = address_space.blocks(address_space.spaces()[0])[1]
    assert block.networks[0] == "inner"
    assert (len(block.networks), block.total) == (MOST_NAMED, 21)


def test_a_network_larger_than_the_pool_fills_it() -> None:
    address_space = address_space_of('[plan]\nbyoip = ["10.224.1.0/24"]\n' + network("wide", "10.224.0.0/16"))
    pool, around = address_space.spaces()
    assert shown(pool, address_space.blocks(pool)) == [("10.224.1.0", "10.224.1.255", "network", ("wide",))]
    assert around.kind == "published"
    assert around.prefix.covers(pool.prefix)


@pytest.mark.parametrize(
    ("kind", "cidr", "space_kind", "prefix"),
    [
        ("vcs-vm", "10.224.5.0/24", "pool", "10.224.0.0/16"),
        ("iks-pod", "172.30.0.0/16", "iks-window", "172.24.0.0/13"),
        ("iks-service", "172.21.0.0/16", "iks-window", "172.21.0.0/16"),
        ("vcs-host-private", "10.176.18.0/26", "published", "10.176.18.0/24"),
        ("enterprise", "192.168.64.0/20", "published", "192.168.64.0/18"),
        ("enterprise", "192.168.0.0/16", "published", "192.168.0.0/16"),
        ("vcs-esg-public", "169.46.73.16/28", "other", "169.46.73.0/26"),
        ("vcs-esg-public", "2607:f0d0:1d03:41::/64", "other", "2607:f0d0:1d03:40::/62"),
        ("enterprise", "fd77:2a05:c3e1::/48", "published", "fd77:2a05:c3e0::/46"),
        ("enterprise", "8.0.0.0/8", "other", "8.0.0.0/8"),
    ],
)
def test_each_network_is_in_a_space_that_fits_it(kind: str, cidr: str, space_kind: str, prefix: str) -> None:
    cluster = '[clusters.c]\nplatform = "iks"\n' if kind.startswith("iks") else ""
    address_space = address_space_of(f'[plan]\nbyoip = ["10.224.0.0/16"]\n{cluster}' + network("n", cidr, kind=kind))
    (space,) = address_space.spaces({"n"})
    assert (space.kind, str(space.prefix)) == (space_kind, prefix)
    assert ip_network(cidr).subnet_of(ip_network(prefix))  # type: ignore[arg-type]
    assert "n" in {name for block in address_space.blocks(space) for name in block.networks}


def test_pools_come_in_their_order_and_once() -> None:
    address_space = address_space_of(
        '[plan]\nbyoip = ["10.232.0.0/13", "10.224.0.0/13", "10.233.0.0/13", "10.224.0.0/16"]\n'
    )
    assert [str(space.prefix) for space in address_space.spaces()] == [
        "10.232.0.0/13",
        "10.224.0.0/13",
        "10.224.0.0/16",
    ]


def test_a_network_to_allocate_chooses_the_pools_that_it_may_take() -> None:
    address_space = address_space_of(
        '[plan]\nbyoip = ["10.224.0.0/13", "10.232.0.0/13"]\n'
        '[networks.any]\nkind = "vcs-vm"\n[networks.one]\nkind = "vcs-vm"\npool = "10.232.0.0/13"\n'
        '[networks.ordered]\nkind = "vcs-vtep"\n'
    )
    assert [str(s.prefix) for s in address_space.spaces({"any"})] == ["10.224.0.0/13", "10.232.0.0/13"]
    assert [str(s.prefix) for s in address_space.spaces({"one"})] == ["10.232.0.0/13"]
    assert address_space.spaces({"ordered"}) == ()


def test_what_is_reserved_in_a_pool_is_what_allocate_keeps_clear_of() -> None:
    address_space = address_space_of('[plan]\nbyoip = ["10.48.0.0/12"]\n')
    catalog = load_catalog()
    (space,) = address_space.spaces()
    reserved = [ip_network(str(row.prefix)) for row in catalog.reservations if Catalog.avoids(row)]
    reserved = [net for net in reserved if net.version == 4 and net.subnet_of(ip_network("10.48.0.0/12"))]  # type: ignore[arg-type]
    assert reserved
    for block in address_space.blocks(space):
        for value in (block.first, block.last):
            inside = any(ip_address(value) in net for net in reserved)
            assert block.what == ("reserved" if inside else "free")


def test_the_map_objects_to_what_the_check_objects_to() -> None:
    plan = plan_of(
        '[plan]\nbyoip = ["10.48.0.0/12"]\ndata-centers = ["dal10"]\n'
        + network("vm", "10.56.0.0/24")
        + network("taken", "10.48.1.0/24")
    )
    catalog = load_catalog()
    findings = check_plan(plan, catalog)
    address_space = AddressSpace(plan, catalog, findings)
    found = {
        (name, rule)
        for space in address_space.spaces()
        for block in address_space.blocks(space)
        for name in block.networks
        for rule in block.rules
    }
    assert found == {(f.networks[0], f.rule) for f in findings if f.overlap is not None}
    assert {name for name, _ in found} == {"taken"}
