"""Two small plans for each rule: RULE.toml breaks the rule, and RULE.fixed.toml is the same plan with the fix.

They are the examples of `ipplan rules` and of the page of rules, and the tests run all of them.
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
    """A plan that breaks a rule, the findings of the rule in it, and the fixed plan."""

    plan: str
    findings: tuple[Finding, ...]
    fixed: str


def example_of(rule: str) -> str:
    """Return the text of the plan that breaks a rule; OSError if it is missing, which is a defect of ipplan."""
    return _read(f"{rule}.toml")


def fixed_of(rule: str) -> str:
    """Return the text of the fixed plan; OSError if it is missing, which is a defect of ipplan."""
    return _read(f"{rule}.fixed.toml")


def _read(name: str) -> str:
    from importlib.resources import files

    return files(__name__).joinpath(name).read_text(encoding="utf-8")


def check_example(rule: str, text: str) -> tuple[Finding, ...]:
    """Return the findings of a rule in the text of a plan, each with its place."""
    from ipplan.catalog import load_catalog
    from ipplan.checks import RULES, check_plan
    from ipplan.plan.load import locate_in, parse_plan

    data = text.encode()
    plan = parse_plan(data, FILE)
    if RULES[rule].judges == "plans":
        return tuple(finding for finding in _with_another(plan, data) if finding.rule == rule)
    against = _against(plan) if RULES[rule].judges == "files" else None
    findings = check_plan(plan, load_catalog(plan.ranges_edition), DAY, against)
    return place((f for f in findings if f.rule == rule), FILE, locate_in(data))


def _against(plan: Plan) -> Against:
    """Return the file that the example of `drift` is compared with; a comment in the plan says what it contains."""
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
    """Return the findings between a plan and another one; a comment in the plan says what that contains."""
    from ipplan.catalog import load_catalog
    from ipplan.checks.between import check_together, place_between
    from ipplan.plan.load import locate_in, parse_plan

    other = b'[plan]\nname = "frankfurt"\nbyoip = ["10.232.0.0/13"]\n[networks.vm-web]\nkind = "vcs-vm"\nprefix = 24\n'
    judgement = check_together([plan, parse_plan(other, "frankfurt.toml")], load_catalog(), DAY)
    files = [(FILE, locate_in(data)), ("frankfurt.toml", locate_in(other))]
    placed = place_between(judgement.findings, judgement.together.places, files)
    return tuple(between.finding for between in placed)


def run_example(rule: str) -> Example:
    """Return the example of a rule, with the findings of the real check."""
    text = example_of(rule)
    return Example(text, check_example(rule, text), fixed_of(rule))
