"""The border to netaddr: there and back without a change, and as strict as the reader of text."""

from __future__ import annotations

import netaddr
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipplan.addresses import WIDTH, Address, AddressError, HostBitsError, Prefix, Range

VERSIONS = st.sampled_from([4, 6])


@given(VERSIONS, st.data())
def test_a_prefix_comes_back_from_netaddr_as_it_was(version: int, data: st.DataObject) -> None:
    length = data.draw(st.integers(0, WIDTH[version]))
    first = data.draw(st.integers(0, (1 << length) - 1)) << WIDTH[version] - length
    prefix = Prefix(version, first, length)
    if version == 6 and first >> 32 == 0xFFFF and length >= 96:
        return

    network = prefix.to_netaddr()
    assert (network.version, network.first, network.last) == (version, prefix.first, prefix.last)
    assert Prefix.from_netaddr(network) == prefix


@given(VERSIONS, st.data())
def test_an_address_and_a_range_come_back_from_netaddr_as_they_were(version: int, data: st.DataObject) -> None:
    values = st.integers(0, (1 << WIDTH[version]) - 1)
    first, last = sorted((data.draw(values), data.draw(values)))
    addresses = Range(version, first, last)
    assert addresses.to_netaddr().size == addresses.size
    assert Range.from_netaddr(addresses.to_netaddr()) == addresses
    if version == 4 or first >> 32 != 0xFFFF:
        address = Address(version, first)
        assert int(address.to_netaddr()) == first
        assert Address.from_netaddr(address.to_netaddr()) == address


def test_a_network_with_host_bits_is_refused() -> None:
    with pytest.raises(HostBitsError, match=r"^10.50.0.0/12 has host bits set; the enclosing block is 10.48.0.0/12$"):
        Prefix.from_netaddr(netaddr.IPNetwork("10.50.0.0/12"))
    with pytest.raises(HostBitsError):
        Prefix.from_netaddr(netaddr.IPNetwork("fd00::1/64"))
    assert str(Prefix.from_netaddr(netaddr.IPNetwork("10.50.0.0/12").cidr)) == "10.48.0.0/12"


def test_an_ipv4_mapped_address_is_refused() -> None:
    with pytest.raises(AddressError, match="IPv4-mapped"):
        Prefix.from_netaddr(netaddr.IPNetwork("::ffff:10.0.0.0/104"))
    with pytest.raises(AddressError, match="IPv4-mapped"):
        Address.from_netaddr(netaddr.IPAddress("::ffff:10.0.0.1"))


@pytest.mark.parametrize("text", ["::1.2.3.0/120", "64:ff9b::/96", "10.0.0.0/255.0.0.0", "0.0.0.0/0"])
def test_what_netaddr_writes_in_its_own_way_is_read_by_value(text: str) -> None:
    network = netaddr.IPNetwork(text)
    assert Prefix.from_netaddr(network).to_netaddr() == network
