"""Packets in the lab do what flows predicts, and an overlap that check reports as an error breaks something.

Plans are random with fixed seeds. In the lab each runs with what export writes for it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from lab_plans import findings_of, random_text, tried

if TYPE_CHECKING:
    from ipplan.proof import Pair

pytestmark = pytest.mark.judges

FEW_SEEDS = (2, 5, 6, 7, 11, 20)
MANY_SEEDS = (0, 4, 9, 12)

CLEAN = """\
schema = 1
[integration]
icp-vcs = "nat"
iks-vcs = "static-nat"
iks-icp = "none"
[clusters.iks]
platform = "iks"
[clusters.icp]
platform = "icp"
[sites.hq]
[edges.dallas]
[networks.iks-pods]
kind = "iks-pod"
cidr = "172.30.0.0/16"
[networks.iks-services]
kind = "iks-service"
cidr = "172.21.0.0/16"
[networks.iks-workers]
kind = "iks-worker-private"
cidr = "10.176.10.0/26"
[networks.icp-pods]
kind = "icp-pod"
cidr = "10.64.0.0/16"
[networks.icp-services]
kind = "icp-service"
cidr = "10.65.0.0/16"
[networks.icp-workers]
kind = "icp-worker"
cidr = "172.24.18.0/24"
[networks.transit]
kind = "vcs-transit"
cidr = "172.24.255.0/28"
[networks.vm-web]
kind = "vcs-vm"
cidr = "172.24.16.0/24"
[networks.vm-db]
kind = "vcs-vm"
cidr = "172.24.17.0/24"
[networks.esg-private]
kind = "vcs-esg-private"
cidr = "10.176.18.192/26"
[networks.esg-public]
kind = "vcs-esg-public"
cidr = "169.46.73.16/28"
addresses = { uplink = 4, icp-proxy = 5 }
[networks.office]
kind = "enterprise"
cidr = "192.168.10.0/24"
[[link]]
between = ["hq", "dallas"]
method = "ipsec"
"""
PLANTED = {
    "a VM range in the range of the pods behind the same edge": ("172.24.17.0/24", "10.64.0.0/24"),
    "two VM networks of one edge": ("172.24.17.0/24", "172.24.16.0/24"),
    "pods of ICP in the range of its workers": ("10.64.0.0/16", "172.24.18.0/24"),
    "an enterprise range and a VM range that it reaches": ("192.168.10.0/24", "172.24.17.0/24"),
}
"""The networks to move, by the overlap that results."""
APART = {
    "pods of IKS and of ICP, which nothing joins": ("10.64.0.0/16", "172.30.0.0/16"),
    "services of IKS and a VM network, which no table has both of": ("172.21.0.0/16", "172.24.16.0/23"),
}


def name_of(pair: Pair) -> str:
    return f"{pair.source} to {pair.destination}"


def differing(pairs: list[Pair]) -> list[str]:
    return [f"{name_of(p)}: {d}" for p in pairs if p.outcome == "differs" for d in p.differences]


def arriving(pairs: list[Pair]) -> set[str]:
    """Return the pairs that reached the intended machine and got its answer."""
    anyway = ("here it arrives", "here the answer comes")
    return {
        name_of(p)
        for p in pairs
        if (p.outcome == "agree" and p.predicted == "reachable")
        or (p.outcome == "not-run" and any(words in (p.reason or "") for words in anyway))
    }


def overlap_errors(text: str) -> list[str]:
    return [f.message for f in findings_of(text) if f.rule == "network-overlap" and f.severity == "error"]


def agrees(seed: int) -> None:
    pairs = tried(random_text(seed))
    assert differing(pairs) == []
    assert arriving(pairs)


@pytest.mark.parametrize("seed", FEW_SEEDS)
def test_packets_do_what_flows_predicts(seed: int) -> None:
    agrees(seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", MANY_SEEDS)
def test_packets_do_what_flows_predicts_in_more_plans(seed: int) -> None:
    agrees(seed)


@pytest.fixture(scope="module")
def clean() -> set[str]:
    """The pairs of the clean plan that arrive; all others stop as predicted."""
    assert overlap_errors(CLEAN) == []
    pairs = tried(CLEAN)
    assert differing(pairs) == []
    return arriving(pairs)


def test_undeclared_clusters_are_distinguished() -> None:
    text = re.sub(r'\[clusters\.\w+\]\nplatform = "\w+"\n', "", CLEAN)
    pairs = tried(text)
    assert differing(pairs) == []
    assert arriving(pairs)


@pytest.mark.parametrize("what", PLANTED)
def test_an_overlap_that_is_an_error_breaks_something(what: str, clean: set[str]) -> None:
    text = CLEAN.replace(*PLANTED[what])
    assert overlap_errors(text) != []
    pairs = tried(text)
    tested = {name_of(p) for p in pairs if p.outcome != "not-run"}
    assert (clean & tested) - arriving(pairs)


SECOND = """\
[clusters.iks-b]
platform = "iks"
[networks.iks-b-pods]
kind = "iks-pod"
cluster = "iks-b"
cidr = "172.30.0.0/16"
[networks.iks-b-workers]
kind = "iks-worker-private"
cluster = "iks-b"
cidr = "10.176.11.0/26"
"""


def test_an_overlap_that_is_a_warning_breaks_nothing(clean: set[str]) -> None:
    """Two clusters on the default range of IKS, hidden from each other by NAT."""
    named = CLEAN.replace('kind = "iks-', 'cluster = "iks"\nkind = "iks-')
    text = named.replace("[sites.hq]", f"{SECOND}[sites.hq]")
    overlaps = [f for f in findings_of(text) if f.rule == "network-overlap"]
    assert {f.severity for f in overlaps} == {"warning"}
    pairs = tried(text)
    assert differing(pairs) == []
    assert clean <= arriving(pairs)


@pytest.mark.parametrize("what", APART)
def test_an_overlap_that_no_table_has_breaks_nothing(what: str, clean: set[str]) -> None:
    text = CLEAN.replace(*APART[what])
    assert overlap_errors(text) == []
    pairs = tried(text)
    assert differing(pairs) == []
    assert clean <= arriving(pairs)
