"""Packets as the judge of flows: every network with every other, in labs configured by exports."""

from __future__ import annotations

import pytest
from labs import ROOT, assert_all_agree, design, prove, start, text_of

from ipplan.lab.run import documented, every_pair

pytestmark = pytest.mark.judges

LABS: dict[str, tuple[str, dict[str, str], int]] = {
    "strongswan": ("reference-architecture", {}, 410),
    "static-nat": ("reference-architecture", {"iks-vcs": "static-nat"}, 410),
    "none": ("reference-architecture", {"iks-vcs": "none"}, 410),
    "common-vlan": ("reference-architecture", {"iks-vcs": "common-vlan"}, 410),
    "bgp": ("reference-architecture", {"iks-vcs": "bgp"}, 410),
    "bgp, routed, no tunnel of ICP": (
        "reference-architecture",
        {"iks-vcs": "bgp", "enterprise": "routed", "iks-icp": "none"},
        410,
    ),
    "static-nat, routed, no NAT of ICP": (
        "reference-architecture",
        {"iks-vcs": "static-nat", "enterprise": "routed", "icp-vcs": "none"},
        410,
    ),
    "two": ("two-clusters", {}, 400),
    "two, strongswan": ("two-clusters", {"iks-vcs": "strongswan"}, 400),
    "three": ("three-sites", {}, 1280),
}
"""Plans by name: the sample, its changed methods, and how many pairs have to agree at least."""


def run_lab(text: str, least: int) -> None:
    """Run every pair of a plan in a lab: everything comes up, and packets do what flows predicts."""
    designed = design(text, every_pair)
    with start(designed) as process:
        assert not process.not_up
        assert_all_agree(prove(designed, process), least)


@pytest.mark.parametrize("name", LABS)
def test_packets_go_as_flows_say(name: str) -> None:
    sample, methods, least = LABS[name]
    run_lab(text_of(sample, methods), least)


def test_every_kind_of_link_comes_up() -> None:
    """Links of every pair and method, with NAT, on three edges: each device accepts its exported files."""
    with start(design((ROOT / "tests" / "exporters" / "links.toml").read_text("utf-8"), documented)) as process:
        assert not process.not_up
