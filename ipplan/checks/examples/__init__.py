"""Two small plans for each rule: RULE.toml breaks it, and in RULE.fixed.toml that is put right.

They are the examples of `ipplan rules` and of docs/reference/rules.md, and the tests run them all.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from ipplan.findings import place

if TYPE_CHECKING:
    from ipplan.checks.drift import Against
    from ipplan.findings import Finding
    from ipplan.plan.model import Plan

FILE = "example.toml"
"""What the plan of an example is called in its findings."""
DAY = date(2026, 1, 1)
"""The day on which examples are checked, always the same: waivers expire."""


class Example(NamedTuple):
    """A plan that breaks a rule, what the check finds there by this rule, and the plan put right."""

    plan: str
    findings: tuple[Finding, ...]
    fixed: str


def example_of(rule: str) -> str:
    """Return the text of the plan that breaks a rule; OSError where nobody wrote one, which is a defect of ipplan."""
    return _read(f"{rule}.toml")


def fixed_of(rule: str) -> str:
    """Return the same plan put right; OSError where nobody wrote one, which is a defect."""
    return _read(f"{rule}.fixed.toml")


def _read(name: str) -> str:
    from importlib.resources import files

    return files(__name__).joinpath(name).read_text(encoding="utf-8")


def check_example(rule: str, text: str) -> tuple[Finding, ...]:
    """Return what a rule finds in the text of a plan, each finding with its place."""
    from ipplan.catalog import load_catalog
    from ipplan.checks import check_plan
    from ipplan.plan.load import locate_in, parse_plan

    data = text.encode()
    plan = parse_plan(data, FILE)
    if rule == "shared-pool":
        return _with_another(plan, data)
    against = _against(plan) if rule == "drift" else None
    findings = check_plan(plan, load_catalog(plan.ranges_edition), DAY, against)
    return place((f for f in findings if f.rule == rule), FILE, locate_in(data))


def _against(plan: Plan) -> Against:
    """Return the file that the example of `drift` is compared with; a comment in the plan tells what it holds."""
    from ipplan.addresses import parse_prefix
    from ipplan.checks.drift import Against
    from ipplan.observed import Observed, ObservedCluster, ObservedPrefix

    rows = (
        ObservedPrefix(parse_prefix("172.24.0.0/18"), "icp pods", "icp-pod", "icp", line=1, field="network_cidr"),
        ObservedPrefix(parse_prefix("172.25.0.0/20"), "icp services", "icp-service", "icp", line=2),
    )
    file = Observed(
        rows,
        "cluster/config.yaml",
        "icp-config",
        (ObservedCluster("icp", "icp"),),
        kinds=frozenset({"icp-pod", "icp-service"}),
        one_cluster=True,
    )
    return Against(plan, (file,))


def _with_another(plan: Plan, data: bytes) -> tuple[Finding, ...]:
    """Return what is found between a plan and another one; a comment in the plan tells what that holds."""
    from ipplan.catalog import load_catalog
    from ipplan.checks.between import check_together, place_between
    from ipplan.plan.load import locate_in, parse_plan

    other = b'[plan]\nname = "frankfurt"\nbyoip = ["10.232.0.0/13"]\n[networks.vm-web]\nkind = "vcs-vm"\nprefix = 24\n'
    judgement = check_together([plan, parse_plan(other, "frankfurt.toml")], load_catalog(), DAY)
    files = [(FILE, locate_in(data)), ("frankfurt.toml", locate_in(other))]
    placed = place_between(judgement.findings, judgement.together.places, files)
    return tuple(between.finding for between in placed if between.finding.rule == "shared-pool")


def run_example(rule: str) -> Example:
    """Return the example of a rule, with what the check really finds."""
    text = example_of(rule)
    return Example(text, check_example(rule, text), fixed_of(rule))
