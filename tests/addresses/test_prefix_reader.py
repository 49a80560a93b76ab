"""The strict reader of address text, against tables of cases and two independent readers."""

from __future__ import annotations

import ipaddress
from typing import Any

import netaddr
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipplan.addresses import (
    Address,
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
    # text, reason, suggestion
    ("", "it is empty", None),
    ("10.0.0.0", "it has no prefix length; write one, such as 10.0.0.0/24, or /32 for one address", None),
    ("fd00::", "it has no prefix length; write one, such as fd00::/64, or /128 for one address", None),
    ("10/8", "it has 1 of the four octets; ipplan does not add the others", "10.0.0.0/8"),
    ("10.1/16", "it has 2 of the four octets; ipplan does not add the others", "10.1.0.0/16"),
    ("010.0.0.1/32", "octet 010 has a leading zero, which some tools read as octal", "10.0.0.1/32"),
    ("10.0.0.0/08", "prefix length 08 has a leading zero", "10.0.0.0/8"),
    ("10.0.0.0/33", "prefix length 33 is greater than 32", None),
    ("fd00::/129", "prefix length 129 is greater than 128", None),
    ("256.0.0.0/8", "octet 256 is greater than 255", None),
    ("1.2.3.4.5/8", "it has 5 octets, an IPv4 address has four", None),
    ("10.0.0.0/255.0.0.0", "a netmask or wildcard mask is not accepted: write the prefix length", "10.0.0.0/8"),
    ("10.0.0.0/0.0.0.255", "a netmask or wildcard mask is not accepted: write the prefix length", "10.0.0.0/24"),
    ("10.0.0.0/0.0.0.0", "a dotted mask is not accepted, and this one can be a netmask or a wildcard mask", None),
    (
        "10.0.0.0/1.2.3.4",
        "a dotted mask is not accepted, and this one is not a valid netmask: write the prefix length",
        None,
    ),
    ("10.0.0.0/", "the prefix length after the slash is missing", None),
    ("10.0.0.0/+8", "prefix length '+8' is not a decimal number", None),
    ("10.0.0.0/-8", "prefix length '-8' is not a decimal number", None),
    ("10.0.0.0/2_4", "prefix length '2_4' is not a decimal number", None),
    ("10.0.0.0/8/8", "prefix length '8/8' is not a decimal number", None),
    ("10.0.0.0/ 8", "it has spaces", "10.0.0.0/8"),
    (" 10.0.0.0/8", "it has spaces", "10.0.0.0/8"),
    ("10.0.0.0/8\n", "it has control characters", None),
    ("10.0.0.0/8\x00", "it has control characters", None),
    ("10.0.0.0/\uff18", "it has characters that are not ASCII", None),
    ("10.0.0.0/\u0668", "it has characters that are not ASCII", None),
    ("\uff11\uff10.0.0.0/8", "it has characters that are not ASCII", None),
    ("fe80::1%eth0/64", "a zone id belongs to an interface of one host, not to a plan", None),
    ("::ffff:10.0.0.0/104", "an IPv4 address inside an IPv6 address is not accepted: write hexadecimal groups", None),
    ("::ffff:a00:0/104", "an IPv4-mapped IPv6 address hides an IPv4 range: write the IPv4 range itself", "10.0.0.0/8"),
    ("64:ff9b::1.2.3.4/128", "an IPv4 address inside an IPv6 address is not accepted: write hexadecimal groups", None),
    ("1::2::3/64", "it is not an address and prefix length such as 10.1.0.0/16 or fd00:1::/48", None),
    (":1:2:3:4:5:6:7/64", "it is not an address and prefix length such as 10.1.0.0/16 or fd00:1::/48", None),
    ("1:2:3:4:5:6:7:8:9/64", "it is not an address and prefix length such as 10.1.0.0/16 or fd00:1::/48", None),
    ("1:2:3:4:5:6:7::8/128", "it is not an address and prefix length such as 10.1.0.0/16 or fd00:1::/48", None),
    ("12345::/16", "it is not an address and prefix length such as 10.1.0.0/16 or fd00:1::/48", None),
    ("0x0a.0.0.0/8", "it is not an address and prefix length such as 10.1.0.0/16 or fd00:1::/48", None),
    ("0a.0.0.0/8", "it is not an address and prefix length such as 10.1.0.0/16 or fd00:1::/48", None),
    ("167772160/8", "it has 1 of the four octets; ipplan does not add the others", None),
    ("vm-db", "it is not an address", None),
    ("10.0.0.0-10.0.0.255", "it is not an address", None),
    ("1" * 5000 + ".0.0.0/8", "octet 111111111111 is greater than 255", None),
    ("10.0.0.0~/8", "it is not an address and prefix length such as 10.1.0.0/16 or fd00:1::/48", None),
    ("10.0.0.0/8\x7f", "it has control characters", None),
    ("\t10.0.0.0/8", "it has control characters", None),
    ("vm db", "it has spaces", None),
    ("10.0.0.0/33 ", "it has spaces", None),
    ("10/33", "it has 1 of the four octets; ipplan does not add the others", None),
    ("0.0.0/8", "it has 3 of the four octets; ipplan does not add the others", "0.0.0.0/8"),
    ("010.0.0.0", "octet 010 has a leading zero, which some tools read as octal", None),
    ("010.0.0.0/33", "octet 010 has a leading zero, which some tools read as octal", None),
    ("01.002.3.0/24", "octet 01 has a leading zero, which some tools read as octal", "1.2.3.0/24"),
    ("00.0.0.0/8", "octet 00 has a leading zero, which some tools read as octal", "0.0.0.0/8"),
    ("10.0.0.0/00", "prefix length 00 has a leading zero", "10.0.0.0/0"),
    ("10.0.0.0/0000000000000099", "prefix length 99 is greater than 32", None),
    ("fd00::/064", "prefix length 064 has a leading zero", "fd00::/64"),
    ("fd00::/255.0.0.0", "prefix length '255.0.0.0' is not a decimal number", None),
    ("fd00::/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "prefix length 'xxxxxxxxxxxxxxxxxxxx' is not a decimal number", None),
    ("10.0.0.0/999999999999999999999999999999", "prefix length 999999999999 is greater than 32", None),
    ("fd00::1.2.3.4", "an IPv4 address inside an IPv6 address is not accepted: write hexadecimal groups", None),
    ("fe80::1%eth0", "a zone id belongs to an interface of one host, not to a plan", None),
    ("1.2.3.4.5", "it has 5 octets, an IPv4 address has four", None),
    (
        "10.0.0.0/255.255.255.255",
        "a dotted mask is not accepted, and this one can be a netmask or a wildcard mask",
        None,
    ),
    ("256.256.0.0", "octet 256 is greater than 255", None),
    (
        "000000000000000000000000000000.0.0.0/8",
        "octet 000000000000 has a leading zero, which some tools read as octal",
        "0.0.0.0/8",
    ),
    ("10.1.2.3/255.255.0.0", "a netmask or wildcard mask is not accepted: write the prefix length", "10.1.2.3/16"),
    ("255.01.0.0/16", "octet 01 has a leading zero, which some tools read as octal", "255.1.0.0/16"),
    ("10.0.0.0/0000000000000008", "prefix length 000000000000 has a leading zero", "10.0.0.0/8"),
    ("10.0.0.0/XX0XX8", "prefix length 'XX0XX8' is not a decimal number", None),
    ("10..0.0/8", "it is not an address and prefix length such as 10.1.0.0/16 or fd00:1::/48", None),
    ("/8", "it is not an address and prefix length such as 10.1.0.0/16 or fd00:1::/48", None),
]


@pytest.mark.parametrize(("text", "reason", "suggestion"), REFUSED, ids=range(len(REFUSED)))
def test_refused_text_gets_its_reason_and_a_suggestion_only_where_it_is_certain(
    text: str, reason: str, suggestion: str | None
) -> None:
    with pytest.raises(AddressError) as caught:
        parse_prefix(text)

    assert str(caught.value) == reason
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
        ("1:2:3:4:5:6:7::/128", "1:2:3:4:5:6:7:0/128"),
        ("::2:3:4:5:6:7:8/128", "0:2:3:4:5:6:7:8/128"),
        ("1:2:3::5:6:7:8/128", "1:2:3:0:5:6:7:8/128"),
        ("1:2:3:4:5:6::/96", "1:2:3:4:5:6::/96"),
        ("1:2:3:4:5:6:7:8/128", "1:2:3:4:5:6:7:8/128"),
    ],
)
def test_every_spelling_is_printed_canonically(text: str, canonical: str) -> None:
    assert str(parse_prefix(text)) == canonical


def test_host_bits_name_the_block_and_what_starts_at_the_address() -> None:
    with pytest.raises(HostBitsError) as caught:
        parse_prefix("10.50.0.0/12")

    assert str(caught.value.block) == "10.48.0.0/12"
    assert str(caught.value.exact) == "10.50.0.0/15"
    assert str(caught.value) == "10.50.0.0/12 has host bits set; the enclosing block is 10.48.0.0/12"
    assert caught.value.suggestion == "10.48.0.0/12"
    assert Address(4, caught.value.address) == parse_address("10.50.0.0")
    assert parse_block("10.50.0.0/12") == parse_prefix("10.48.0.0/12")
    with pytest.raises(HostBitsError) as caught:
        parse_prefix("FD00:0:0::1/64")
    assert str(caught.value) == "fd00::1/64 has host bits set; the enclosing block is fd00::/64"
    assert str(caught.value.exact) == "fd00::1/128"


@pytest.mark.parametrize(
    ("text", "instead"),
    [
        ("::ffff:0:0/96", "0.0.0.0/0"),
        ("::ffff:a00:1/128", "10.0.0.1/32"),
        ("::ffff:a00:0/104", "10.0.0.0/8"),
        ("::ffff:ffff:ffff/128", "255.255.255.255/32"),
        ("::fffe:a00:1/128", None),
        ("::1:0:0:1/128", None),
        ("::ffff:0:0/95", "::fffe:0:0/95"),
        ("::/0", None),
    ],
)
def test_a_prefix_that_hides_an_ipv4_range_is_refused_with_that_range_and_no_other_is(
    text: str, instead: str | None
) -> None:
    if instead is None:
        assert str(parse_prefix(text)) == text
        return
    with pytest.raises(AddressError) as caught:
        parse_prefix(text)
    assert caught.value.suggestion == instead


def test_an_address_that_hides_an_ipv4_address_is_refused_with_that_address() -> None:
    with pytest.raises(AddressError, match=r"^an IPv4-mapped IPv6 address hides an IPv4 range") as caught:
        parse_address("::ffff:a00:1")
    assert caught.value.suggestion == "10.0.0.1"
    assert parse_address("::1:ffff:a00:1").value == 0x1_FFFF_0A00_0001


@pytest.mark.parametrize(
    ("text", "reason", "suggestion"),
    [
        ("", "it is empty", None),
        ("10.0.0.0/8", "a prefix is given where one address is required", "10.0.0.0"),
        ("fd00::/64", "a prefix is given where one address is required", "fd00::"),
        ("10.0.0.0/08", "prefix length 08 has a leading zero", "10.0.0.0/8"),
        ("10.0.0", "it has 3 of the four octets; ipplan does not add the others", None),
        ("10.0.0.256", "octet 256 is greater than 255", None),
        ("1:2:3", "it is not an address", None),
        ("fd00::g", "it is not an address", None),
        ("gateway", "it is not an address", None),
    ],
)
def test_text_that_is_not_an_address_gets_its_reason(text: str, reason: str, suggestion: str | None) -> None:
    with pytest.raises(AddressError) as caught:
        parse_address(text)
    assert (str(caught.value), caught.value.suggestion) == (reason, suggestion)


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
