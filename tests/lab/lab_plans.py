"""Random plans for the lab, built and run through the same functions as `ipplan lab`."""

from __future__ import annotations

import sys
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import pytest

from ipplan.catalog import load_catalog
from ipplan.checks import check_plan
from ipplan.cli.settle import settle
from ipplan.exporters import Request
from ipplan.lab import run
from ipplan.lab.model import LabError
from ipplan.lab.requirements import check
from ipplan.landscape import Landscape
from ipplan.plan.load import parse_plan

if TYPE_CHECKING:
    from ipplan.findings import Finding
    from ipplan.proof import Pair

sys.path.append(str(Path(__file__).parent.parent / "landscape"))

from random_plans import draft_plan

_ASNS = {"iks-asn": 64999, "esg-asn": 64998}
"""Two, because a BCR between equal ones would be an AS path loop."""


def random_text(seed: int) -> str:
    """Return a random plan without overlaps, with BGP numbers and a way to the internet for each edge."""
    draft = draft_plan(Random(seed), named=seed % 3 == 0, disjoint=True)
    choose = Random(seed * 7 + 1)
    if all(title != "integration" for title, _ in draft.tables):
        draft.tables.insert(0, ("integration", {}))
    for title, row in draft.tables:
        if title == "integration":
            row.update(_ASNS)
            if choose.random() < 0.7:
                row["account-routing"] = "vrf"
    for title, row in draft.tables:
        if title.startswith("edges.") and choose.random() < 0.4:
            row["internet"] = choose.choice(["none", "web-proxy", "snat"])
    return draft.text()


def findings_of(text: str) -> list[Finding]:
    """Return the findings of check for a plan."""
    return list(check_plan(parse_plan(text.encode(), "plan.toml"), load_catalog()))


def tried(text: str) -> list[Pair]:
    """Build a plan, run every pair of its networks, and return the results; skip where no lab can be built."""
    try:
        check(needs_nft=True)
    except LabError as error:
        pytest.skip(str(error))
    catalog = load_catalog()
    plan = settle(parse_plan(text.encode(), "plan.toml"), catalog)
    landscape = Landscape(plan, catalog)
    design = run.design(Request(landscape), run.every_pair(landscape))
    with run.start(design, "plan.toml", lambda _: None) as process:
        return list(run.prove(design, process, text.encode(), lambda _: None).pairs)
