"""Every sample plan through every format, against golden files; and what the samples are there to show.

`pytest --update-golden` rewrites tests/golden; read the difference before it is committed.
"""

from __future__ import annotations

import json
import re
import sys
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ipplan.catalog import load_catalog
from ipplan.checks import RULES, check_plan
from ipplan.cli import main
from ipplan.plan.load import parse_plan

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parent.parent
GOLDEN = Path(__file__).parent / "golden"
PLANS = ROOT / "sample-plans"
SAMPLES = ("reference-architecture", "two-clusters", "ipv6", "conflicts", "three-sites")
FORMATS = {"table": "txt", "json": "json", "csv": "csv", "markdown": "md"}
WIDTHS = (40, 200)
COMMANDS = {
    "check": ("check",),
    "allocate": ("allocate",),
    "show": ("show",),
    "free": ("free",),
    "map": ("show", "--map", "--allocated"),
}
"""What is run on each sample, by the name in its golden files."""
CASES = [
    (sample, command, output_format)
    for sample in SAMPLES
    for command in COMMANDS
    for output_format in FORMATS
    if sample != "three-sites" or (command in ("check", "allocate", "show") and output_format == "table")
]
"""Three sites show what the others have not: no need of every format and map."""
REFERENCE_KINDS = {
    "iks-pod",
    "iks-service",
    "iks-ingress-public",
    "iks-ingress-private",
    "iks-worker-public",
    "iks-worker-private",
    "vcs-host-public",
    "vcs-host-private",
    "vcs-esg-public",
    "vcs-esg-private",
    "vcs-vm",
    "icp-pod",
    "icp-service",
    "icp-worker",
}
"""The fourteen ranges of the reference architecture (vcsnsxt-overview-integration.md, section IP addressing)."""


def compare(name: str, actual: str, *, update: bool) -> None:
    """Hold text against a golden file, or write the file."""
    file = GOLDEN / name
    if update:
        GOLDEN.mkdir(exist_ok=True)
        file.write_text(actual, encoding="utf-8", newline="")
    assert actual == file.read_bytes().decode("utf-8")


@pytest.mark.parametrize(("sample", "command", "output_format"), CASES)
def test_piped_output(
    sample: str,
    command: str,
    output_format: str,
    *,
    update_golden: bool,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(PLANS)
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    status = main([*COMMANDS[command], f"{sample}.toml", "--format", output_format])
    compare(f"{sample}.{command}.{FORMATS[output_format]}", capfd.readouterr().out, update=update_golden)
    assert status == (1 if sample == "conflicts" and command not in ("show", "free") else 0)


@pytest.fixture(scope="module", params=WIDTHS)
def on_terminal(request: pytest.FixtureRequest, show_on_terminal: Callable[..., str]) -> tuple[int, dict[str, str]]:
    """What every command shows of the conflicts sample on a terminal of a width."""
    return request.param, {
        name: show_on_terminal(
            [sys.executable, "-m", "ipplan", *command, "conflicts.toml"], folder=PLANS, width=request.param
        )
        for name, command in COMMANDS.items()
    }


def test_terminal_output(on_terminal: tuple[int, dict[str, str]], *, update_golden: bool) -> None:
    width, shown = on_terminal
    for command, text in shown.items():
        compare(f"conflicts.{command}.{width}.txt", text, update=update_golden)
        assert "\x1b" not in text


def test_addresses_are_whole_at_every_width(on_terminal: tuple[int, dict[str, str]]) -> None:
    """Holds against the plan itself, so that a bad golden file does not hide a cut address."""
    _, shown = on_terminal
    cidrs = re.findall(r'^cidr = "([^"]+)"', (PLANS / "conflicts.toml").read_text(encoding="utf-8"), re.MULTILINE)
    plan = parse_plan((PLANS / "conflicts.toml").read_bytes(), "conflicts.toml")
    assert len(cidrs) > 20
    for command in ("allocate", "show", "map"):
        words = set(re.split(r"[\s│|,()]+", shown[command]))
        for network in plan.networks:
            if network.prefix is not None:
                assert str(network.prefix) in words
    words = set(re.split(r"[\s,()]+", shown["check"]))
    for finding in check_plan(plan, load_catalog()):
        assert finding.overlap is None or str(finding.cidrs[0]) in words


def test_no_golden_file_is_left_over() -> None:
    expected = {f"{sample}.{command}.{FORMATS[name]}" for sample, command, name in CASES}
    expected |= {f"conflicts.{c}.{width}.txt" for c in COMMANDS for width in WIDTHS}
    expected.add("reference-architecture.flow-c.txt")  # of tests/cli/test_cli_flows.py
    expected.add("reference-architecture.lab.txt")  # of tests/lab/test_lab_cli.py
    found = {file.name for file in GOLDEN.iterdir() if file.is_file()}
    # Those of made-up runs of the lab are of tests/output/test_output_lab.py.
    assert {name for name in found if not name.startswith("lab.")} == expected
    assert {file.stem for file in PLANS.glob("*.toml")} == set(SAMPLES)


@pytest.mark.parametrize("sample", [sample for sample in SAMPLES if sample != "conflicts"])
def test_only_the_conflicts_sample_has_findings(sample: str) -> None:
    plan = parse_plan((PLANS / f"{sample}.toml").read_bytes(), sample)
    findings = [f for f in check_plan(plan, load_catalog()) if f.severity != "note" and f.waived is None]
    # The samples name addresses 2 and 3 of portable subnets, which are free where IBM's routers do not run HSRP.
    assert {(f.rule, f.severity) for f in findings} <= {("named-address", "warning")}


Pair = tuple[str, str, str]
"""A documented flow, and the networks at its ends."""

NOT_JOINED: set[Pair] = {
    ("C", "shop-pods", "vm-erp-app"),
    ("C", "shop-pods", "vm-erp-db"),
    ("C", "analytics-pods", "vm-shop-web"),
    ("C", "analytics-pods", "vm-erp-app"),
    ("E", "branch-office", "vm-shop-web"),
    ("E", "branch-office", "vm-shop-db"),
    ("E", "branch-office", "vm-legacy"),
    ("E", "hq-wan", "vm-erp-app"),
    ("E", "hq-wan", "vm-erp-db"),
}
"""What the sample of three sites leaves apart, as its comments say."""


@pytest.mark.parametrize(
    ("sample", "unreachable", "undetermined"),
    [
        ("reference-architecture", set(), set()),
        # The public ingress subnets of both IKS clusters are still to be ordered.
        ("two-clusters", set(), {("A", "internet", "iks-dal-pods"), ("A", "internet", "iks-fra-pods")}),
        ("three-sites", NOT_JOINED, set()),
    ],
)
def test_the_documented_flows_of_the_samples_end_as_their_comments_say(
    sample: str, unreachable: set[Pair], undetermined: set[Pair], capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["flows", str(PLANS / f"{sample}.toml"), "--json"]) == 0
    found: dict[str, set[Pair]] = {"reachable": set(), "unreachable": set(), "undetermined": set()}
    for flow in json.loads(capfd.readouterr().out)["flows"]:
        pairs = [pair for block in flow["alike"] for pair in product(block["from"], block["to"])]
        found[flow["result"]] |= {(flow["flow"], start, end) for start, end in pairs}
    assert (found["unreachable"], found["undetermined"]) == (unreachable, undetermined)
    assert {flow for flow, _, _ in found["reachable"] | undetermined} == set("ABCDE")


def test_the_sample_of_three_sites_has_links_of_every_method() -> None:
    plan = parse_plan((PLANS / "three-sites.toml").read_bytes(), "plan.toml")
    assert {link.method for link in plan.links} == {
        "nat",
        "strongswan",
        "ipsec",
        "gre",
        "l2-extension",
        "routed",
    }
    assert len(plan.edges) == 2
    assert [len(plan.clusters), len(plan.sites)] == [4, 2]
    assert sum(len(link.nat) for link in plan.links) == 2


def test_the_reference_architecture_is_complete() -> None:
    plan = parse_plan((PLANS / "reference-architecture.toml").read_bytes(), "plan.toml")
    assert len(REFERENCE_KINDS) == 14
    assert {network.kind.name for network in plan.networks} >= REFERENCE_KINDS


def test_the_conflicts_sample_breaks_rules_where_its_comments_say() -> None:
    lines = (PLANS / "conflicts.toml").read_text(encoding="utf-8").splitlines()
    findings = json.loads((GOLDEN / "conflicts.check.json").read_text(encoding="utf-8"))["findings"]
    at = {(finding["rule"], finding["location"]["line"]) for finding in findings}
    named = set()
    for number, line in enumerate(lines, start=1):
        code, hash_sign, comment = line.partition("#")
        end = number
        if hash_sign and not code.strip():
            while end < len(lines) and lines[end].strip():
                end += 1
        for rule in re.findall(r"[a-z]+(?:-[a-z]+)+", comment):
            if rule in RULES:
                named.add(rule)
                assert any((rule, place) in at for place in range(number, end + 1)), f"line {number}: {rule}"
    assert named == {rule for rule, _ in at}
