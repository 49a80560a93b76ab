"""Plans of before edges, sites and links: the same findings, apart from listed defects that are fixed.

`before/` holds four sample plans as they were then, and what `ipplan check` found in them: plan, severity, rule, networks
and shared block of each finding. Neither is ever rewritten. A new finding needs a line in `NEW`, with its reason.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from ipplan.catalog import load_catalog
from ipplan.checks import check_plan
from ipplan.plan.load import parse_plan

BEFORE = Path(__file__).parent / "before"
PLANS = ("conflicts", "ipv6", "reference-architecture", "two-clusters")

DAY = date(2026, 11, 25)
"""The day of the findings of then: waivers expire."""

Row = tuple[str, str, str, str]
"""Severity, rule, networks joined by `+`, and the shared block or `-`."""

HSRP = "IBM's two routers take numbers 2 and 3 of a portable subnet where they run HSRP"
NO_PROXY = "no public uplink names icp-proxy: no DNAT rule leads from the internet to the pods"
NO_ROUTE = "servers answer an enterprise range outside of 10.0.0.0/8 over their public side, where it is dropped"
NO_NEXT_HOP = "the DLR's route over the stretched networks has no next hop: none of them names on-premises"
NOT_ANNOUNCED = "nothing announces the overlay to the enterprise, which reaches it at no address"

NEW: dict[str, dict[Row, str]] = {
    "conflicts": {
        ("warning", "unreachable-flow", "icp-a-pods", "-"): NO_PROXY,
        ("warning", "unreachable-flow", "icp-b-pods", "-"): NO_PROXY,
        ("warning", "unreachable-flow", "hosts-more+office", "-"): NO_ROUTE,
        ("warning", "unreachable-flow", "hosts-more+office-guests", "-"): NO_ROUTE,
        ("warning", "unreachable-flow", "office+hosts-more", "-"): NO_ROUTE,
        ("warning", "unreachable-flow", "office+vm-app", "-"): NOT_ANNOUNCED,
    },
    "ipv6": {("warning", "named-address", "esg-private", "-"): HSRP},
    "reference-architecture": {
        **{
            ("warning", "named-address", network, "-"): HSRP
            for network in ("esg-private", "esg-public", "iks-ingress-private", "iks-ingress-public")
        },
        ("warning", "on-premises-address", "vm-web+vm-db", "-"): NO_NEXT_HOP,
    },
    "two-clusters": {
        ("warning", "named-address", network, "-"): HSRP
        for network in (
            "esg-dal",
            "esg-dal-public",
            "esg-fra",
            "esg-fra-public",
            "iks-dal-ingress-public",
            "iks-fra-ingress-public",
        )
    },
}
"""What `check` finds now and did not find then. Nothing that it found then is missing now."""

GRAVER: dict[Row, str] = {
    ("warning", "container-bridge-overlap", "office", "172.17.32.0/20"): "ICP nodes have to reach it"
}
"""Warnings of then that are errors now, with the reason."""


def rows(name: str) -> list[Row]:
    """Return what `check` finds in a plan now."""
    plan = parse_plan((BEFORE / f"{name}.toml").read_bytes(), f"{name}.toml")
    return sorted(
        (f.severity, f.rule, "+".join(f.networks) or "-", str(f.overlap or "-"))
        for f in check_plan(plan, load_catalog(), DAY)
    )


def rows_before(name: str) -> list[Row]:
    """Return what `check` found in it then."""
    lines = (BEFORE / "findings.tsv").read_text("utf-8").splitlines()
    found = [line.split("\t") for line in lines]
    return sorted((f[1], f[2], f[3], f[4]) for f in found if f[0] == name)


@pytest.mark.parametrize("name", PLANS)
def test_a_plan_of_before_has_the_same_findings_and_the_listed_ones(name: str) -> None:
    before = [("error", *row[1:]) if row in GRAVER else row for row in rows_before(name)]
    assert rows(name) == sorted([*before, *NEW[name]])


def test_no_plan_of_before_is_left_out() -> None:
    assert {file.stem for file in BEFORE.glob("*.toml")} == set(PLANS) == set(NEW)
