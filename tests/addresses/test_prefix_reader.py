"""The strict reader of address text, against tables of cases and two independent readers."""

from __future__ import annotations

import ipaddress
from typing import Any

import netaddr
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipplan.addresses import (
    AddressError,
    HostBitsError,
    Prefix,
    format_address,
    parse_address,
    parse_block,
    parse_prefix,
)

_NETWORK: dict[int, Any] = {4: ipaddress.IPv4Network, 6: ipaddress.IPv6Network}

REFUSED = [
    # text, part of the reason, suggestion
    ("", "empty", None),
    ("10.0.0.0", "no prefix length", "10.0.0.0/32"),
    ("fd00::", "no prefix length", "fd00::/128"),
    ("10/8", "1 of the four octets", "10.0.0.0/8"),
    ("10.1/16", "2 of the four octets", "10.1.0.0/16"),
    ("010.0.0.1/32", "leading zero", "10.0.0.1/32"),
    ("10.0.0.0/08", "leading zero", "10.0.0.0/8"),
    ("10.0.0.0/33", "greater than 32", None),
    ("fd00::/129", "greater than 128", None),
    ("256.0.0.0/8", "greater than 255", None),
    ("1.2.3.4.5/8", "5 octets", None),
    ("10.0.0.0/255.0.0.0", "netmask", "10.0.0.0/8"),
    ("10.0.0.0/0.0.0.255", "netmask", "10.0.0.0/24"),
    ("10.0.0.0/0.0.0.0", "mask", None),
    ("10.0.0.0/1.2.3.4", "mask", None),
    ("10.0.0.0/", "missing", None),
    ("10.0.0.0/+8", "not a decimal", None),
    ("10.0.0.0/-8", "not a decimal", None),
    ("10.0.0.0/2_4", "not a decimal", None),
    ("10.0.0.0/8/8", "not a decimal", None),
    ("10.0.0.0/ 8", "spaces", "10.0.0.0/8"),
    (" 10.0.0.0/8", "spaces", "10.0.0.0/8"),
    ("10.0.0.0/8\n", "control characters", None),
    ("10.0.0.0/8\x00", "control characters", None),
    ("10.0.0.0/\uff18", "not ASCII", None),
    ("10.0.0.0/\u0668", "not ASCII", None),
    ("\uff11\uff10.0.0.0/8", "not ASCII", None),
    ("fe80::1%eth0/64", "zone id", None),
    ("::ffff:10.0.0.0/104", "IPv4 address inside", None),
    ("::ffff:a00:0/104", "IPv4-mapped", "10.0.0.0/8"),
    ("64:ff9b::1.2.3.4/128", "IPv4 address inside", None),
    ("1::2::3/64", "not an address", None),
    (":1:2:3:4:5:6:7/64", "not an address", None),
    ("1:2:3:4:5:6:7:8:9/64", "not an address", None),
    ("1:2:3:4:5:6:7::8/128", "not an address", None),
    ("12345::/16", "not an address", None),
    ("0x0a.0.0.0/8", "not an address", None),
    ("0a.0.0.0/8", "not an address", None),
    ("167772160/8", "1 of the four octets", None),
    ("vm-db", "not an address", None),
    ("10.0.0.0-10.0.0.255", "not an address", None),
    ("1" * 5000 + ".0.0.0/8", "greater than 255", None),
]


@pytest.mark.parametrize(("text", "reason", "suggestion"), REFUSED, ids=lambda x: repr(x)[:30])
def test_refused_text_gets_its_reason_and_a_suggestion_only_where_it_is_certain(
    text: str, reason: str, suggestion: str | None
) -> None:
    with pytest.raises(AddressError) as caught:
        parse_prefix(text)

    assert reason in str(caught.value)
    assert caught.value.suggestion == suggestion


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("0.0.0.0/0", "0.0.0.0/0"),
        ("10.0.0.0/31", "10.0.0.0/31"),
        ("255.255.255.255/32", "255.255.255.255/32"),
        ("::/0", "::/0"),
        ("::1/128", "::1/128"),
        ("FD00:00AB:1::/48", "fd00:ab:1::/48"),
        ("1:0:0:2:0:0:0:3/128", "1:0:0:2::3/128"),
        ("1:0:2:3:4:5:6:7/128", "1:0:2:3:4:5:6:7/128"),
        ("2001:db8::/127", "2001:db8::/127"),
    ],
)
def test_every_spelling_is_printed_canonically(text: str, canonical: str) -> None:
    assert str(parse_prefix(text)) == canonical


def test_host_bits_name_the_block_and_what_starts_at_the_address() -> None:
    with pytest.raises(HostBitsError) as caught:
        parse_prefix("10.50.0.0/12")

    assert str(caught.value.block) == "10.48.0.0/12"
    assert str(caught.value.exact) == "10.50.0.0/15"
    assert parse_block("10.50.0.0/12") == parse_prefix("10.48.0.0/12")


@given(st.sampled_from([4, 6]), st.data())
def test_reading_what_was_printed_gives_the_same_prefix_as_two_other_readers(version: int, data: st.DataObject) -> None:
    width = {4: 32, 6: 128}[version]
    length = data.draw(st.integers(0, width))
    first = data.draw(st.integers(0, (1 << length) - 1)) << (width - length) if length else 0
    if version == 6 and first >> 32 == 0xFFFF:
        return
    prefix = Prefix(version, first, length)

    assert parse_prefix(str(prefix)) == prefix
    network = _NETWORK[version]((first, length))
    assert str(prefix) == str(network)
    assert prefix.to_netaddr() == netaddr.IPNetwork(str(prefix))
    assert prefix.netmask == (str(network.netmask) if version == 4 else None)


_ADDRESS_CHARACTERS = st.text(alphabet="0123456789abcdefFxX.:/ %+-_\n\uff10\u0661", max_size=24)


@given(_ADDRESS_CHARACTERS)
def test_whatever_is_accepted_the_standard_library_accepts_too_with_the_same_value(text: str) -> None:
    try:
        prefix = parse_prefix(text)
    except AddressError:
        return

    assert ipaddress.ip_network(text) == _NETWORK[prefix.version]((prefix.first, prefix.length))


@given(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)))
def test_addresses_are_read_and_printed_as_the_standard_library_does(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    if address.version == 6 and int(address) >> 32 == 0xFFFF:
        return  # the reader refuses IPv4-mapped addresses, and Python 3.13 prints them in another way
    assert format_address(address.version, int(address)) == str(address)
    assert parse_address(str(address)) == (address.version, int(address))
