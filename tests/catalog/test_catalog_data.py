"""The catalogue's data against the tables it is built from, and its look-ups against brute force."""

from __future__ import annotations

import csv
import hashlib
import ipaddress
import json
import random
from typing import Any

import pytest

from ipplan.addresses import Prefix, parse_prefix
from ipplan.catalog import (
    CATEGORIES,
    DEFAULT_EDITION,
    EDITIONS,
    KEEP_CLEAR,
    CatalogError,
    Reservation,
    iks_windows,
    load_catalog,
    subnet_sizes,
)
from tools.build_catalog import DATA, FACTS, build

_NETWORK: dict[int, Any] = {4: ipaddress.IPv4Network, 6: ipaddress.IPv6Network}


def facts(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader((FACTS / name).read_text(encoding="utf-8").splitlines()))


def cidrs(rows: tuple[Reservation, ...]) -> set[str]:
    return {str(row.prefix) for row in rows}


def test_the_data_files_are_what_the_facts_give() -> None:
    for name, text in build().items():
        assert (DATA / name).read_bytes() == text.encode(), f"{name}: run python -m tools.build_catalog"


def test_each_data_file_carries_the_digest_of_its_facts() -> None:
    for path in sorted(DATA.glob("*.json")):
        head = json.loads(path.read_text(encoding="utf-8"))
        assert hashlib.sha256((FACTS / head["from"]).read_bytes()).hexdigest() == head["sha256"]


@pytest.mark.parametrize("edition", EDITIONS)
def test_every_published_row_is_in_the_catalogue_with_its_source_and_note(edition: str) -> None:
    rows = load_catalog(edition).reservations
    have = {(r.category.name, r.data_center, r.pod, str(r.prefix), r.note) for r in rows}

    for row in facts(f"ibm-cloud-ranges-{edition}.csv"):
        center = None if row["data_center"] in ("", "all") else row["data_center"]
        assert (
            f"ibm-{row['category']}",
            center,
            row["pod"] or None,
            row["cidr"],
            row["note"] or None,
        ) in have
    published = [
        r for r in rows if r.category.owner == "ibm" and not r.platform and not r.category.name.endswith("-block")
    ]
    assert all(r.source.date == edition and r.source.url for r in published)


@pytest.mark.parametrize(
    "name",
    [
        "ibm-reserved-blocks.csv",
        "kubernetes-reserved.csv",
        "special-purpose.csv",
        "iks-allowed-subnets.csv",
        "reserved-additional.csv",
        "vpc-address-prefixes.csv",
    ],
)
def test_no_row_and_no_source_of_the_other_tables_is_lost(name: str) -> None:
    catalog = load_catalog()
    if name.startswith("iks-"):
        have = {(str(w.prefix), w.source.title) for w in iks_windows()}
    else:
        have = {(str(r.prefix), r.source.title) for r in catalog.reservations}
    for row in facts(name):
        if "source" in row:
            assert (row["cidr"], row["source"]) in have
        else:
            assert any(c == row["cidr"] and row["rfc"] in title for c, title in have)


def test_rows_are_sorted_and_known_by_category() -> None:
    for edition in EDITIONS:
        prefixes = [r.prefix for r in load_catalog(edition).reservations]
        assert prefixes == sorted(prefixes)
        assert {r.category.name for r in load_catalog(edition).reservations} <= set(CATEGORIES)


def test_only_platforms_that_a_plan_can_name_reserve_anything() -> None:
    for row in load_catalog().reservations:
        assert row.keep_clear is None or row.keep_clear in KEEP_CLEAR
        assert row.category.scope != "reserved" or row.keep_clear is not None, row


def test_an_unknown_edition_names_the_known_ones() -> None:
    with pytest.raises(CatalogError, match=", ".join(EDITIONS)):
        load_catalog("2020-01-01")


def test_the_block_of_the_usage_example_holds_three_customer_ranges() -> None:
    rows = load_catalog(DEFAULT_EDITION).overlapping(parse_prefix("10.48.0.0/12"))

    found = {str(r.prefix): r.data_center for r in rows if r.category.name == "ibm-customer-private"}

    assert found == {"10.48.0.0/16": "dal12", "10.52.0.0/14": "sjc01", "10.63.0.0/16": "syd04"}


def test_overlapping_rows_are_those_a_comparison_with_all_finds_the_most_specific_first() -> None:
    catalog = load_catalog()
    everything = [(r, _NETWORK[r.prefix.version]((r.prefix.first, r.prefix.length))) for r in catalog.reservations]
    chance = random.Random(3)
    for _ in range(150):
        near = chance.choice(catalog.reservations).prefix
        width = 32 if near.version == 4 else 128
        length = chance.randint(0, width)
        first = (near.first + chance.randrange(near.size)) >> width - length << width - length
        asked = _NETWORK[near.version]((first, length))

        found = list(catalog.overlapping(Prefix(near.version, first, length)))

        assert sorted(found) == sorted(
            r for r, net in everything if net.version == asked.version and net.overlaps(asked)
        )
        around = [r.prefix.length for r in found if r.prefix.length <= length]
        assert around == sorted(around, reverse=True)
        assert all(r.prefix.length > length for r in found[len(around) :])


@pytest.mark.parametrize(
    ("cidr", "avoided"),
    [
        ("10.48.0.0/16", True),  # a customer range of another data center
        ("161.26.0.0/16", True),
        ("166.8.0.0/14", True),
        ("10.0.0.0/14", True),
        ("10.254.0.0/16", True),
        ("172.16.0.0/16", True),
        ("192.168.255.0/24", True),
        ("172.17.0.0/16", True),
        ("172.21.0.0/16", True),
        ("172.30.0.0/16", True),
        ("100.64.0.0/10", True),
        ("169.254.0.0/16", True),
        ("2001:db8::/32", True),
        ("10.0.0.0/8", False),  # a route, and Swarm's default
        ("0.0.0.0/0", False),
        ("172.18.0.0/15", False),  # Docker's further bridges; the two /16 in it are IKS's
        ("192.168.0.0/16", False),
        ("10.128.0.0/14", False),  # OpenShift
        ("10.96.0.0/12", False),  # kubeadm
        ("fc00::/7", False),
        ("192.168.10.0/24", False),
    ],
)
def test_allocation_avoids_what_the_documentation_says(cidr: str, avoided: bool) -> None:
    assert (cidr in cidrs(load_catalog().avoided())) is avoided


def test_data_centers_narrow_the_customer_ranges_and_nothing_else() -> None:
    catalog = load_catalog()
    everything, narrowed = catalog.avoided(), catalog.avoided(frozenset({"dal12"}))

    gone = [r for r in everything if r not in narrowed]

    assert {r.category.name for r in gone} == {"ibm-customer-private"}
    assert "dal12" not in {r.data_center for r in gone}
    assert "10.48.0.0/16" in cidrs(narrowed)


def test_sizes_and_windows_are_read() -> None:
    assert {w.option for w in iks_windows()} == {"pod-subnet", "service-subnet"}
    assert all(size.shortest <= size.longest and size.source.title for size in subnet_sizes())
