"""Labels and stated addresses as one line of text: whatever is written reads back."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipplan.addresses import Address
from ipplan.importers.tables import read_lines
from ipplan.output.table import Column, Table, render_csv
from ipplan.output.text import _UNSAFE, escape
from ipplan.plan.labels import (
    format_about,
    format_addresses,
    format_labels,
    parse_about,
    parse_addresses,
    parse_labels,
)
from ipplan.plan.model import NamedAddress

# Characters that mean something to this form, to CSV or to a terminal, more often than chance would have them.
SPECIAL = st.sampled_from(";=\"'\\ \t\n\r#+-@u0x\u00a0\u200b\u034f\u3164\uff1d\U000e0100")
TEXT = st.text(st.one_of(SPECIAL, st.characters(exclude_categories=["Cs"])), max_size=12)
LABELS = st.dictionaries(TEXT.filter(bool), TEXT, max_size=5).map(lambda found: tuple(found.items()))
VLAN_IDS = st.none() | st.integers(1, 4094)


@pytest.mark.parametrize(
    ("labels", "text"),
    [
        ((), ""),
        ((("team", "erp"), ("ticket", "NET-12")), "team=erp; ticket=NET-12"),
        ((("Kostenstelle 1", "ä"),), "Kostenstelle 1=ä"),
        ((("row", ""),), "row="),
        ((("path", "C:\\temp"),), "path=C:\\temp"),
        ((("a", "1;2"), ("b=c", "x"), ("d", 'say "hi"')), 'a="1;2"; "b=c"=x; d="say ""hi"""'),
        ((("a", " x"), ("b", "x\ny\\z")), 'a=" x"; b="x\\u000ay\\\\z"'),
        ((("-a", "'b"),), '"-a"="\'b"'),
    ],
)
def test_the_form(labels: tuple[tuple[str, str], ...], text: str) -> None:
    assert format_labels(labels) == text
    assert parse_labels(text) == labels


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        (" team = erp ;ticket=NET-12; ", (("team", "erp"), ("ticket", "NET-12"))),
        ("url=http://x/?a=b", (("url", "http://x/?a=b"),)),
        ('size=3.5"', (("size", '3.5"'),)),
        ('a = "b" ; "c"="d\\e"', (("a", "b"), ("c", "d\\e"))),
        (";;", ()),
        ('a=""', (("a", ""),)),
    ],
)
def test_what_people_write_reads_too(text: str, labels: tuple[tuple[str, str], ...]) -> None:
    assert parse_labels(text) == labels


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("team", "'team' has no value: write name=value; name=value"),
        ("a=1; b; c=2", "'b' has no value: write name=value; name=value"),
        ("=erp", "a value has no name: write name=value; name=value"),
        ('""=erp', "a value has no name: write name=value; name=value"),
        ('""', "'' has no value: write name=value; name=value"),
        ('a="b', "a double quote is not closed"),
        ('a="b"c', "after the value of 'a', a semicolon or the end must follow"),
        ("a=1; a=2", "'a' occurs twice"),
    ],
)
def test_what_is_no_label_says_why(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(reason)}$"):
        parse_labels(text)


@given(LABELS)
def test_labels_read_back_also_through_csv(labels: tuple[tuple[str, str], ...]) -> None:
    text = format_labels(labels)
    assert parse_labels(text) == labels
    csv = render_csv(Table((Column("name"), Column("labels")), [("web", text)]))
    (_, (_, cell)) = [cells for _, cells in read_lines(csv.encode())]
    assert parse_labels(cell) == labels


def test_no_output_changes_the_line() -> None:
    # Half a surrogate pair cannot be in a plan.
    characters = (chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000)
    unsafe = [char for char in characters if re.match(_UNSAFE, char)]
    text = format_labels([("a", "".join(unsafe))])
    assert escape(text) == text
    assert parse_labels(text) == (("a", "".join(unsafe)),)


@given(LABELS, VLAN_IDS)
def test_the_vlan_and_a_label_of_its_name_are_distinguished(
    labels: tuple[tuple[str, str], ...], vlan: int | None
) -> None:
    labels = (*(row for row in labels if row[0] != "vlan"), ("vlan", "x"))
    assert parse_about(format_about(labels, vlan)) == (labels, vlan)


def test_labels_with_a_vlan() -> None:
    assert format_about([("team", "erp")], 1234) == "team=erp; vlan=1234"
    assert format_about([("vlan", "7")], None) == r"\u0076lan=7"
    assert format_about([("a;b", " 'x\\y "), ("-c", "=")], None) == r"a\u003bb=\u0020\u0027x\\y\u0020; \u002dc=\u003d"
    assert parse_about("vlan=7") == ((), 7)
    for text in ("vlan=0", "vlan=4095", "vlan=x", "vlan=²", "vlan="):
        with pytest.raises(ValueError, match=r"vlan is .*; it must be from 1 to 4,094"):
            parse_about(text)
    with pytest.raises(ValueError, match="vlan occurs twice"):
        parse_about("vlan=1; vlan=2")


def test_addresses_as_the_plan_states_them() -> None:
    stated = (
        NamedAddress("gateway", 1, None),
        NamedAddress("last one", -1, None),
        NamedAddress("v=ip", None, Address(4, 0x0A000005)),
        NamedAddress("six", None, Address(6, 0xFD << 120 | 1)),
    )
    text = 'gateway=#1; last one=#-1; "v=ip"=10.0.0.5; six=fd00::1'
    assert format_addresses(stated) == text
    assert parse_addresses(text) == stated


@pytest.mark.parametrize("text", ["gateway=1", "gateway=#0", "gateway=#", "gateway=10.0.0.256", "gateway=#x"])
def test_what_is_no_address_says_so(text: str) -> None:
    with pytest.raises(ValueError, match=r"^address gateway: .*; write #1 for the first usable one$"):
        parse_addresses(text)


def test_an_escape_of_no_character_stays_as_it_is() -> None:
    assert parse_labels(r'a="\ud800\U00110000\u0041"') == (("a", r"\ud800\U00110000A"),)


@given(LABELS, VLAN_IDS)
def test_the_line_for_netbox_has_no_quotes_and_reads_back_from_csv(
    labels: tuple[tuple[str, str], ...], vlan: int | None
) -> None:
    text = format_about(labels, vlan)
    assert not {'"', "'"}.intersection(text)
    (_, (_, (_, cell))) = read_lines(f'"prefix","comments"\r\n"a","{text}"\r\n'.encode())
    assert parse_about(cell) == (labels, vlan)
