"""Waivers applied to findings, whoever made these: a pass of its own after the rules."""

from __future__ import annotations

import datetime

import pytest

from ipplan.checks.waivers import apply_waivers
from ipplan.findings import Finding
from ipplan.plan.load import parse_plan

DAY = datetime.date(2026, 1, 1)
NETWORKS = '[networks.a]\nkind = "vcs-vm"\n[networks.b]\nkind = "vcs-vm"\n'
FOUND = Finding("network-overlap", "error", "a overlaps b", networks=("a", "b"))


def applied(waiver: str, *found: Finding, not_run: tuple[str, ...] = ()) -> list[tuple[str, str | None]]:
    """Return rule and waiver of each finding after a plan's waiver is applied to findings."""
    plan = parse_plan(f'{NETWORKS}[[waive]]\nreason = "known"\n{waiver}\n'.encode(), "plan.toml")
    return [(finding.rule, finding.waived) for finding in apply_waivers(plan, found, DAY, not_run)]


@pytest.mark.parametrize(
    ("waiver", "expected"),
    [
        ('rule = "network-overlap"\nnetworks = ["a", "b"]', [("network-overlap", "known")]),
        (
            'rule = "network-overlap"\nnetworks = ["a", "b"]\nuntil = 2025-12-31',
            [("network-overlap", None), ("waiver-expired", None)],
        ),
        ('rule = "network-overlap"\nnetworks = ["a"]', [("network-overlap", None), ("waiver-unused", None)]),
        ('rule = "network-overlap"\nnetworks = []', [("network-overlap", "known"), ("waiver-too-broad", None)]),
        ('rule = "no-such-rule"\nnetworks = ["a"]', [("network-overlap", None), ("waiver-unknown-rule", None)]),
    ],
)
def test_findings_come_back_marked_with_those_about_the_waiver(
    waiver: str, expected: list[tuple[str, str | None]]
) -> None:
    assert applied(waiver, FOUND) == expected


@pytest.mark.parametrize(("not_run", "expected"), [((), [("waiver-unused", None)]), (("drift",), [])])
def test_a_waiver_of_a_rule_that_did_not_run_is_not_unused(
    not_run: tuple[str, ...], expected: list[tuple[str, str | None]]
) -> None:
    assert applied('rule = "drift"\nnetworks = ["a"]', not_run=not_run) == expected
