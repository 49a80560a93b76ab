"""Packets as the judge of flows: every network with every other, in labs that are configured by what exports write."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ipplan.catalog import load_catalog
from ipplan.cli.settle import settle
from ipplan.export import Request
from ipplan.lab import daemons, requirements
from ipplan.lab.model import LabError
from ipplan.lab.run import design, every_pair, prove, start
from ipplan.landscape import Landscape
from ipplan.plan.load import parse_plan

if TYPE_CHECKING:
    from ipplan.proof import Report

pytestmark = pytest.mark.judges

ROOT = Path(__file__).parent.parent.parent
LABS: dict[str, tuple[str, dict[str, str], int]] = {
    "strongswan": ("reference-architecture", {}, 416),
    "static-nat": ("reference-architecture", {"iks-vcs": "static-nat"}, 416),
    "none": ("reference-architecture", {"iks-vcs": "none"}, 416),
    "common-vlan": ("reference-architecture", {"iks-vcs": "common-vlan"}, 416),
    "bgp": ("reference-architecture", {"iks-vcs": "bgp"}, 416),
    "bgp, routed, no tunnel of ICP": (
        "reference-architecture", {"iks-vcs": "bgp", "enterprise": "routed", "iks-icp": "none"}, 416,
    ),
    "static-nat, routed, no NAT of ICP": (
        "reference-architecture", {"iks-vcs": "static-nat", "enterprise": "routed", "icp-vcs": "none"}, 416,
    ),
    "two": ("two-clusters", {}, 400),
    "two, strongswan": ("two-clusters", {"iks-vcs": "strongswan"}, 400),
    "three": ("three-sites", {}, 1300),
}  # fmt: skip
"""Plans by name: the sample, the methods that are changed in it, and how many pairs have to agree at least."""
NUMBERS = {"iks-asn": 64999, "esg-asn": 64998}


def text_of(sample: str, methods: dict[str, str]) -> str:
    """Return a sample with other methods, and with numbers for BGP."""
    text = (ROOT / "sample-plans" / f"{sample}.toml").read_text("utf-8")
    for key, method in methods.items():
        text, count = re.subn(rf'(?m)^{key} = "[^"]*"', f'{key} = "{method}"', text)
        assert count == 1, key
    for key, number in NUMBERS.items():
        if f"\n{key} =" not in text:
            text = text.replace("[integration]\n", f"[integration]\n{key} = {number}\n")
    return text


def run_lab(text: str) -> Report:
    """Run every pair of a plan in a lab; skip the test where none can be built here."""
    try:
        requirements.check(needs_nft=True)
    except LabError as error:
        pytest.skip(f"no lab can be built here: {error}")
    catalog = load_catalog(None)
    plan = settle(parse_plan(text.encode(), "plan.toml"), catalog)
    landscape = Landscape(plan, catalog)
    built = design(Request(landscape), every_pair(landscape))
    for device in built.blueprint.devices:
        for daemon in device.daemons:
            if (reason := daemons.missing(daemon.program)) is not None:
                pytest.skip(reason)
    with start(built, plan.name, lambda _: None) as process:
        assert not process.not_up
        return prove(built, process, text.encode(), lambda _: None)


@pytest.mark.parametrize("name", LABS)
def test_packets_go_as_flows_say(name: str) -> None:
    sample, methods, least = LABS[name]
    report = run_lab(text_of(sample, methods))
    differing = [p for p in report.pairs if p.outcome == "differs"]
    assert not differing, [(p.source, p.destination, p.differences) for p in differing[:5]]
    assert sum(p.outcome == "agree" for p in report.pairs) >= least


def test_packets_go_as_flows_say_with_every_kind_of_link() -> None:
    """Links of every pair and method, with NAT, on three edges."""
    report = run_lab((ROOT / "tests" / "export" / "links.toml").read_text("utf-8"))
    differing = [p for p in report.pairs if p.outcome == "differs"]
    assert not differing, [(p.source, p.destination, p.differences) for p in differing[:5]]
