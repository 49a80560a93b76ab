"""Laws of plans that are judged together, over random plans: names and neighbours change no verdict inside a plan."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest
from random_plans import draft_plan

from ipplan.catalog import load_catalog
from ipplan.checks import RULES
from ipplan.checks.between import check_together
from ipplan.checks.context import Context
from ipplan.plan.load import parse_plan
from ipplan.plan.together import prefixed

if TYPE_CHECKING:
    from ipplan.checks.between import Judgement
    from ipplan.plan.model import Plan

CATALOG = load_catalog()


def plan(seed: int) -> Plan:
    return parse_plan(draft_plan(Random(seed)).text().encode(), "plan.toml")


def verdicts(own: Plan, cut: int = 0) -> set[tuple[str, frozenset[str]]]:
    found = RULES["network-overlap"].check(Context(own, CATALOG))
    return {(f.severity, frozenset(name[cut:] for name in f.networks)) for f in found}


@pytest.mark.parametrize("seed", range(0, 300, 5))
def test_a_prefix_changes_no_verdict(seed: int) -> None:
    own = plan(seed)
    assert verdicts(prefixed(own, "x"), cut=2) == verdicts(own)


@pytest.mark.parametrize("seed", range(0, 300, 10))
def test_the_order_of_the_plans_changes_no_finding_and_none_concerns_one_plan(seed: int) -> None:
    one, two = plan(seed), plan(seed + 1)
    there = check_together([one, two], CATALOG)
    back = check_together([two, one], CATALOG)

    def named(judgement: Judgement, first: str, second: str) -> set[tuple[str, str, frozenset[str]]]:
        new = {"plan": first, "plan-2": second}
        return {
            (
                f.rule,
                f.severity,
                frozenset(new[n.partition("/")[0]] + n.partition("/")[2] for n in f.networks),
            )
            for f, _ in judgement.findings
        }

    assert named(there, "one ", "two ") == named(back, "two ", "one ")
    assert all(len(between.plans) == 2 for between in there.findings)
