"""The difference of two editions for pipelines and people, over the real editions and made-up ones."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from ipplan.addresses import parse_prefix
from ipplan.catalog import CATEGORIES, Catalog, Edition, Reservation
from ipplan.editions import compare
from ipplan.findings import Source
from ipplan.output.ranges_diff import DiffReport, document, render_text, table

ROOT = Path(__file__).parent.parent.parent
SCHEMA = json.loads((ROOT / "ipplan" / "schemas" / "ranges-diff.json").read_text(encoding="utf-8"))


def catalog(*cidrs: str) -> Catalog:
    category = CATEGORIES["ibm-service-network"]
    return Catalog(
        "test",
        tuple(
            Reservation(parse_prefix(c), category, category.title, "dal10", "Dallas", None, None, Source("s"))
            for c in sorted(cidrs)
        ),
    )


def report(old: Catalog, new: Catalog) -> DiffReport:
    editions = [Edition(date, "title", "https://example.com", "abcdef0") for date in ("2030-01-01", "2031-01-01")]
    return DiffReport(editions[0], editions[1], (), (), compare(old, new), None)


@pytest.mark.parametrize(
    ("old", "new", "kind", "cells"),
    [
        (["10.0.0.0/24"], ["10.0.0.0/23"], "grew", ("10.0.0.0/24", "10.0.0.0/23", 0, 256)),
        (
            ["10.0.0.0/22"],
            ["10.0.1.0/24", "10.0.2.0/24"],
            "shrank",
            ("10.0.0.0/22", "10.0.1.0/24; 10.0.2.0/24", 512, 0),
        ),
        (["10.0.0.0/23"], ["10.0.0.0/24", "10.0.1.0/24"], "split", ("10.0.0.0/23", "10.0.0.0/24; 10.0.1.0/24", 0, 0)),
        (["10.0.0.0/24", "10.0.1.0/24"], ["10.0.0.0/23"], "joined", ("10.0.0.0/24; 10.0.1.0/24", "10.0.0.0/23", 0, 0)),
        (["fd00::/64"], ["fd00::/63"], "grew", ("fd00::/64", "fd00::/63", 0, 1 << 64)),
    ],
)
def test_ranges_of_another_size(old: list[str], new: list[str], kind: str, cells: tuple[str, str, int, int]) -> None:
    found = report(catalog(*old), catalog(*new))
    told = document(found)
    Draft202012Validator(SCHEMA).validate(told)
    assert told["summary"][kind] == 1
    assert [(c["change"], [r["cidr"] for r in c["old"]], [r["cidr"] for r in c["new"]]) for c in told["changes"]] == [
        (kind, old, new)
    ]
    version = "ipv6" if ":" in old[0] else "ipv4"
    assert (told["space"][version]["released"], told["space"][version]["taken"]) == cells[2:]
    other = told["space"]["ipv4" if version == "ipv6" else "ipv6"]
    assert set(other.values()) == {0}
    (row,) = table(found).rows
    assert (row[0], row[1], row[2], row[7], row[8]) == (kind, *cells)
    assert f"2030-01-01 to 2031-01-01: 1 {kind}, 0 unchanged\n" in render_text(found, width=None, color=False)


def test_people_are_shown_the_largest_blocks_and_how_many_more() -> None:
    cidrs = [f"10.0.{2 * number}.0/24" for number in range(8)]
    shown = render_text(report(catalog(), catalog(*cidrs)), width=None, color=False)
    assert f"newly taken: 2,048 addresses: {', '.join(cidrs[:6])}, and 2 smaller blocks\n" in shown
    assert "no longer taken: no addresses\n" in shown


def test_addresses_stay_whole_on_a_narrow_terminal() -> None:
    shown = render_text(report(catalog("10.0.0.0/22"), catalog("10.0.1.0/24")), width=30, color=False)
    assert "10.0.0.0/22" in shown
    assert "10.0.1.0/24" in shown
