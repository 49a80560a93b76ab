"""The laws of LANDSCAPE, section 5, on the verdicts of check: random plans through the public surface only."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from random import Random
from typing import TYPE_CHECKING

import pytest
from frozen import INTEGRATIONS, SHAPES, Shape, before, expected, pairs, plan_text
from oracle import shown_verdicts, verdicts
from random_plans import Draft, draft_plan

from ipplan.catalog import load_catalog
from ipplan.checks import check_plan
from ipplan.plan.load import parse_plan

if TYPE_CHECKING:
    from ipplan.catalog import Catalog
    from ipplan.findings import Finding

pytestmark = pytest.mark.skipif(
    find_spec("ipplan.landscape") is None, reason="the laws hold for ipplan.landscape, which is not there yet"
)

SEEDS = range(200)
FEW_SEEDS = range(1_000, 1_040)
MANY_SEEDS = range(2_000, 6_000, 100)
"""Each stands for a hundred plans."""

load_catalog_once = cache(load_catalog)


def findings(text: str) -> list[Finding]:
    catalog: Catalog = load_catalog_once()
    return list(check_plan(parse_plan(text.encode(), "plan.toml"), catalog))


def checked(text: str) -> dict[frozenset[str], str]:
    """Return the severity that check gives to each pair of networks that overlap."""
    found: dict[frozenset[str], str] = {}
    for finding in findings(text):
        if finding.rule == "network-overlap":
            # A second finding about one pair can be about a range that a link shows.
            pair = frozenset(finding.networks)
            found[pair] = "error" if "error" in (found.get(pair), finding.severity) else finding.severity
    return found


def shown_errors(text: str) -> dict[frozenset[str], bool]:
    """Return the pairs of networks of which one is shown at a range that overlaps the other, and whether that is an error."""
    found: dict[frozenset[str], bool] = {}
    for pair, verdict in shown_verdicts(text).items():
        names = frozenset(label.split(" as ")[0] for label in pair)
        found[names] = found.get(names, False) or verdict == "error"
    return found


def differences(text: str) -> list[str]:
    """Return where check and the oracle disagree about errors, one line for each pair.

    Check may report what a link shows under this rule too: such an error is expected neither way here.
    """
    mine, theirs, shown = verdicts(text), checked(text), shown_errors(text)
    return [
        f"{' and '.join(sorted(pair))}: check says {theirs.get(pair)}, the tables say {mine.get(pair)}"
        for pair in sorted(mine.keys() | theirs.keys(), key=sorted)
        if (theirs.get(pair) == "error") != (mine.get(pair) == "error")
        and not (theirs.get(pair) == "error" and shown.get(pair))
    ]


def draft(seed: int) -> Draft:
    return draft_plan(Random(seed), named=seed % 4 == 3)


# -- law 2 -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
def test_errors_are_where_one_table_leads_to_both(seed: int) -> None:
    text = draft(seed).text()
    assert differences(text) == [], text


@pytest.mark.slow
@pytest.mark.parametrize("start", MANY_SEEDS)
def test_errors_are_where_one_table_leads_to_both_in_many_plans(start: int) -> None:
    for seed in range(start, start + 100):
        text = draft(seed).text()
        assert differences(text) == [], text


@pytest.mark.parametrize("seed", FEW_SEEDS)
def test_other_overlaps_are_warnings_and_what_is_settled_is_silent(seed: int) -> None:
    """Every overlap is reported, but for a summary and its part, and for what all links translate."""
    text = draft(seed).text()
    shown = shown_errors(text)
    mine = {pair: v for pair, v in verdicts(text).items() if v is not None and pair not in shown}
    assert {pair: v for pair, v in checked(text).items() if pair not in shown} == mine, text


@pytest.mark.parametrize("seed", FEW_SEEDS)
def test_a_range_that_a_link_shows_is_checked_like_a_range(seed: int) -> None:
    """Some error names both networks, whatever its rule; and none does where no table has both."""
    text = draft(seed).text()
    mine, theirs = verdicts(text), checked(text)
    errors = {frozenset(f.networks) for f in findings(text) if f.severity == "error"}
    for pair, wrong in shown_errors(text).items():
        if wrong:
            assert pair in errors, (sorted(pair), text)
        else:
            assert (theirs.get(pair) == "error") == (mine.get(pair) == "error"), (sorted(pair), text)


# -- law 3 -----------------------------------------------------------------------------------------------------


def hold_against_table(number: int, shape: Shape) -> None:
    table, chosen = before(), pairs()
    found = checked(plan_text(INTEGRATIONS[number], shape, chosen))
    wrong = []
    for place, pair in enumerate(chosen):
        verdict = found.get(frozenset((f"{place}-first", f"{place}-second")))
        if verdict != expected(pair, number, shape, table):
            wrong.append((pair, verdict))
    assert wrong == [], INTEGRATIONS[number]


SAMPLE = [(number, SHAPES[number % 3]) for number in range(0, len(INTEGRATIONS), 5)]


@pytest.mark.parametrize(("number", "shape"), SAMPLE)
def test_plans_without_links_have_the_verdicts_that_they_had(number: int, shape: Shape) -> None:
    hold_against_table(number, shape)


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("number", range(len(INTEGRATIONS)))
def test_all_plans_without_links_have_the_verdicts_that_they_had(number: int, shape: Shape) -> None:
    hold_against_table(number, shape)


# -- law 4 -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", FEW_SEEDS)
def test_the_order_of_the_file_never_matters(seed: int) -> None:
    plan = draft(seed)
    mixed = plan.shuffled(Random(seed))
    assert checked(mixed.text()) == checked(plan.text()), plan.text()


NEIGHBOURS: dict[str, list[tuple[str, dict[str, object]]]] = {
    "IKS cluster": [
        ("clusters.other", {"platform": "iks"}),
        ("networks.other-pods", {"kind": "iks-pod", "cluster": "other", "cidr": "10.96.0.0/16"}),
        ("networks.other-services", {"kind": "iks-service", "cluster": "other", "cidr": "172.31.0.0/16"}),
        (
            "networks.other-workers",
            {"kind": "iks-worker-private", "cluster": "other", "cidr": "10.97.0.0/26"},
        ),
    ],
    "ICP cluster": [
        ("edges.other", {}),
        ("clusters.other-icp", {"platform": "icp", "edge": "other"}),
        ("networks.other-pods", {"kind": "icp-pod", "cluster": "other-icp", "cidr": "10.96.0.0/16"}),
        ("networks.other-services", {"kind": "icp-service", "cluster": "other-icp", "cidr": "10.98.0.0/16"}),
        (
            "networks.other-workers",
            {"kind": "icp-worker", "cluster": "other-icp", "edge": "other", "cidr": "10.97.0.0/24"},
        ),
    ],
    "edge": [
        ("edges.other", {}),
        ("networks.other-vm", {"kind": "vcs-vm", "edge": "other", "cidr": "172.24.0.0/24"}),
        ("networks.other-transit", {"kind": "vcs-transit", "edge": "other", "cidr": "192.168.7.0/29"}),
        ("networks.other-esg", {"kind": "vcs-esg-private", "edge": "other", "cidr": "10.97.0.0/28"}),
    ],
    "site": [
        ("sites.other", {}),
        ("networks.other-office", {"kind": "enterprise", "site": "other", "cidr": "172.24.0.0/20"}),
    ],
}


@pytest.mark.parametrize("neighbour", NEIGHBOURS)
@pytest.mark.parametrize("seed", range(3_000, 3_030))
def test_an_unconnected_neighbour_changes_no_other_verdict(seed: int, neighbour: str) -> None:
    plan = draft_plan(Random(seed), named=True)
    more = Draft([*plan.tables, *NEIGHBOURS[neighbour]])
    found = {
        pair: severity
        for pair, severity in checked(more.text()).items()
        if not any(name.startswith("other") for name in pair)
    }
    assert found == checked(plan.text()), more.text()


@pytest.mark.parametrize("seed", FEW_SEEDS)
def test_the_order_of_the_file_decides_nothing_that_an_overlap_says(seed: int) -> None:
    """Which network a finding is about, and which others it names and counts: by address, then by name."""
    plan = draft(seed)
    mixed = plan.shuffled(Random(seed))
    assert told(mixed.text(), "network-overlap") == told(plan.text(), "network-overlap"), plan.text()


def told(text: str, rule: str) -> list[tuple[str, tuple[str, ...]]]:
    """Return what a rule says, with the networks that each finding names."""
    return sorted((f.message, f.networks) for f in findings(text) if f.rule == rule)


TWIN = """
[clusters.{name}]
platform = "iks"
edge = "dallas"
[networks.{name}-workers]
kind = "iks-worker-private"
cluster = "{name}"
cidr = "10.{number}.0.0/26"
[networks.{name}-pods]
kind = "iks-pod"
cluster = "{name}"
cidr = "172.{number}.0.0/16"
"""


@pytest.mark.parametrize("order", [(24, 25, 26), (26, 25, 24), (25, 26, 24)])
def test_of_alike_flows_and_equal_ranges_the_first_by_name_is_told(order: tuple[int, ...]) -> None:
    clusters = [TWIN.format(name=f"c{number}", number=number) for number in order]
    plan = "\n".join(
        [
            "schema = 1",
            "[integration]",
            'iks-vcs = "static-nat"',
            'iks-icp = "none"',
            'icp-vcs = "none"',
            'enterprise = "none"',
            "[edges.dallas]",
            '[networks.vm]\nkind = "vcs-vm"\nedge = "dallas"\ncidr = "10.224.0.0/24"',
            *clusters,
        ]
    )
    (flow,) = (f for f in findings(plan) if f.rule == "unreachable-flow")
    assert flow.message.startswith("flow C: c24-pods to vm stops at ")
    assert flow.because == ("the same holds for 2 more pairs of networks",)
    # Their services are all on the default range.
    assert [f.networks for f in findings(plan) if f.rule == "network-overlap"] == [
        ("c25 (services, default)", "c24 (services, default)"),
        ("c26 (services, default)", "c25 (services, default)"),
        ("c26 (services, default)", "c24 (services, default)"),
    ]
