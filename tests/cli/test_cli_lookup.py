"""`ipplan lookup` and `ipplan ranges`, run as a user runs them."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


def run(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ipplan", *arguments]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)


def owners(query: str, *more: str) -> list[tuple[str, str, str]]:
    done = run("lookup", query, "--json", *more)
    assert done.returncode == 0, done.stderr
    (answer,) = json.loads(done.stdout)["queries"]
    return [(m["owner"], m["relation"], m["cidr"]) for m in answer["matches"]]


def test_the_most_specific_owner_stands_first() -> None:
    found = owners("10.3.139.20")

    assert found[:3] == [
        ("ibm", "covers", "10.3.139.0/24"),
        ("ibm", "covers", "10.3.128.0/20"),
        ("ibm", "covers", "10.0.0.0/14"),
    ]
    assert found[-1][2] == "10.0.0.0/8"


def test_a_network_of_the_plan_stands_before_the_published_row_it_equals(tmp_path: Path) -> None:
    plan = tmp_path / "plan.toml"
    plan.write_text('[networks.pods]\nkind = "iks-pod"\ncidr = "172.30.0.0/16"\n')

    found = owners("172.30.0.0/16", "--plan", str(plan))

    assert found[0] == ("plan", "equal", "172.30.0.0/16")
    assert found[1] == ("kubernetes", "equal", "172.30.0.0/16")


def test_what_lies_within_a_prefix_follows_in_address_order() -> None:
    within = [cidr for owner, relation, cidr in owners("10.48.0.0/12") if owner == "ibm" and relation == "within"]

    assert within == ["10.48.0.0/16", "10.52.0.0/14", "10.63.0.0/16"]


def test_host_bits_are_answered_for_the_block_with_a_warning() -> None:
    done = run("lookup", "10.50.0.0/12", "--json")

    assert json.loads(done.stdout)["queries"][0]["cidr"] == "10.48.0.0/12"
    assert "host bits" in done.stderr


def test_all_arguments_that_cannot_be_read_are_told_at_once() -> None:
    done = run("lookup", "10.0.0.0/33", "8.8.8.8", "010.1.1.1")

    assert (done.returncode, done.stdout) == (2, "")
    assert "greater than 32" in done.stderr
    assert "leading zero" in done.stderr


def test_an_address_that_nobody_publishes_is_said_to_be_unknown() -> None:
    assert "not found in any range that ipplan knows" in run("lookup", "8.8.8.8").stdout


def test_ranges_are_filtered_by_data_center_category_and_text() -> None:
    rows = json.loads(run("ranges", "--json", "--category", "customer-private", "--data-center", "dal12").stdout)[
        "ranges"
    ]

    assert {(r["category"], r["data_center"]) for r in rows} == {("ibm-customer-private", "dal12")}
    assert "10.48.0.0/16" in {r["cidr"] for r in rows}
    found = list(csv.DictReader(run("ranges", "-f", "csv", "--search", "suspect").stdout.splitlines()))
    assert "10.207.27.0/24" in {row["cidr"] for row in found}
    assert all("suspect" in row["note"] for row in found)


@pytest.mark.parametrize(
    ("platform", "platforms", "some", "keep_clear"),
    [
        ("openshift", {"openshift"}, {"100.88.0.0/16", "169.254.0.0/17", "fd97::/64"}, {"openshift", None}),
        (
            "containers",
            {"docker", "calico", "kubeadm", "kubernetes"},
            {"172.17.0.0/16"},
            {"containers", None},
        ),
        ("vpc", {"vpc"}, {"10.244.0.0/18", "172.24.0.0/18", "224.0.0.0/4"}, {"vpc"}),
        ("vcfaas", {"vcfaas"}, {"198.18.0.0/15"}, {"vcfaas"}),
        ("powervs", {"powervs"}, {"192.168.0.0/16"}, {None}),
        ("iks", {"iks"}, {"10.0.0.0/8", "172.16.0.0/16"}, {"iks", None}),
    ],
)
def test_ranges_are_filtered_by_platform(
    platform: str, platforms: set[str], some: set[str], keep_clear: set[str | None]
) -> None:
    rows = json.loads(run("ranges", "--json", "--platform", platform).stdout)["ranges"]

    assert {row["platform"] for row in rows} == platforms
    assert some <= {row["cidr"] for row in rows}
    assert {row["keep_clear"] for row in rows} == keep_clear
    assert all(row["source"]["title"] for row in rows)
    table = csv.DictReader(run("ranges", "-f", "csv", "--platform", platform).stdout.splitlines())
    assert {row["platform"] for row in table} == platforms


@pytest.mark.parametrize(
    ("query", "owners"),
    [
        ("100.88.3.1", {"openshift", "transit-gateway", None}),
        ("169.254.2.7", {"openshift", "nsx", "direct-link", "vpc", "calico", None}),
        ("198.18.1.1", {"vcfaas", None}),
        ("192.168.255.9", {"openshift", "satellite", "powervs", "calico", "docker", None}),
        ("10.244.1.1", {"vpc", "docker", "iks", None}),
        ("172.16.3.1", {"iks", "openshift", "satellite", "vcf-vpc", "vpc", None}),
    ],
)
def test_every_platform_that_has_an_address_is_told(query: str, owners: set[str | None]) -> None:
    matches = json.loads(run("lookup", "--json", query).stdout)["queries"][0]["matches"]

    assert {match["platform"] for match in matches} == owners
    (zone,) = [m for m in matches if m["category"] == "ibm-vpc-default-prefix"] or [None]
    assert zone is None or (zone["data_center"], zone["city"]) == ("jp-tok-1", "Tokyo")


def test_another_edition_has_other_ranges() -> None:
    old = json.loads(run("ranges", "--json", "--ranges-edition", "2018-11-30").stdout)

    assert old["edition"]["date"] == old["made_by"]["ranges_edition"] == "2018-11-30"
    assert "ibm-customer-private" not in old["summary"]
    assert "ibm-pptp-vpn" in old["summary"]


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (("--category", "custmer-private"), "did you mean customer-private?"),
        (("--data-center", "dal11"), "did you mean dal1"),
        (("--platform", "openshft"), "did you mean openshift?"),
        (("--platform", "x"), "known: calico, containers, direct-link, docker, icp, iks"),
        (("--ranges-edition", "2019-01-01"), "2025-10-03"),
    ],
)
def test_a_filter_that_names_nothing_known_is_a_usage_error(arguments: tuple[str, ...], part: str) -> None:
    done = run("ranges", *arguments)

    assert (done.returncode, done.stdout) == (2, "")
    assert part in done.stderr


@pytest.mark.parametrize(("query", "sent"), [("office", True), ("10.0.0.400", False), ("fd00::g", False)])
def test_a_name_is_sent_to_show(query: str, *, sent: bool) -> None:
    done = run("lookup", query)
    assert (done.returncode, done.stdout) == (2, "")
    assert ("ipplan show lists the networks of a plan by name" in done.stderr) == sent
