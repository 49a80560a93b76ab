"""`ipplan check` of several plans: together, each by itself, and as a matrix."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING

import pytest

from ipplan.output.ci import FORMATS

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Run

PLAN = """\
[plan]
name = "{name}"

[networks.vm-db]
kind = "vcs-vm"
cidr = "{cidr}"
"""
ROUTED = '\n[networks.office]\nkind = "enterprise"\ncidr = "192.168.64.0/20"\n\n[integration]\nenterprise = "routed"\n'


@pytest.fixture
def plans(tmp_path: Path) -> tuple[str, str, str]:
    """Three plans of which the second collides with the first, by a warning, and the third with nothing."""
    for name, cidr in (("a", "172.24.1.0/24"), ("b", "172.24.1.0/25"), ("c", "172.25.1.0/24")):
        (tmp_path / f"{name}.toml").write_text(PLAN.format(name=name, cidr=cidr) + ROUTED)
    return "a.toml", "b.toml", "c.toml"


def test_findings_between_plans_name_both_files(run: Run, plans: tuple[str, ...]) -> None:
    done = run("check", *plans, "--json", "--select", "network-overlap")
    document = json.loads(done.stdout)
    assert (document["schema"], document["plans"]) == ("ipplan.check-together/1", ["a", "b", "c"])
    (finding,) = document["between"]["findings"]
    assert (finding["plans"], finding["networks"]) == (["a", "b"], ["b/vm-db", "a/vm-db"])
    assert finding["location"] == {"file": "b.toml", "key": "networks.vm-db.cidr", "line": 6, "column": 8}
    assert [(r["file"], r["line"], r["network"]) for r in finding["related"]] == [("a.toml", 6, "a/vm-db")]
    assert done.returncode == 0
    assert run("check", *plans, "--strict", "--select", "network-overlap").returncode == 1
    assert run("check", *plans, "--strict", "--ignore", "network-overlap", "--select", "shared-pool").returncode == 0


def test_each_plan_has_the_findings_that_it_has_by_itself(run: Run, plans: tuple[str, ...], bad_plan: Path) -> None:
    together = json.loads(run("check", *plans, bad_plan.name, "--json").stdout)
    separate = json.loads(run("check", *plans, bad_plan.name, "--json", "--separate").stdout)
    assert separate["schema"] == "ipplan.check-list/1"
    for title, one, other in zip(together["plans"], together["checks"], separate["checks"], strict=True):
        for finding in other["findings"]:
            finding["networks"] = [f"{title}/{name}" for name in finding["networks"]]
            for related in finding["related"]:
                related["network"] = related["network"] and f"{title}/{related['network']}"
        assert one == other


def test_an_error_between_plans_fails(run: Run, tmp_path: Path, plans: tuple[str, ...]) -> None:
    (tmp_path / "d.toml").write_text(PLAN.format(name="d", cidr="192.168.65.0/24").replace("vm-db", "x"))
    (tmp_path / "e.toml").write_text('[plan]\nname = "e"\n[networks.new]\nkind = "vcs-vm"\n' + ROUTED)
    assert run("check", "d.toml").returncode == run("check", "e.toml").returncode == 0
    assert run("check", "d.toml", "e.toml").returncode == 1
    assert run("check", "d.toml", "e.toml", "--separate").returncode == 0
    del plans


@pytest.mark.parametrize("format_", FORMATS)
def test_formats_of_pipelines_point_into_each_file(run: Run, plans: tuple[str, ...], format_: str) -> None:
    out = run("check", *plans, "-f", format_, "--select", "network-overlap").stdout.decode()
    assert "b.toml" in out
    assert "networks.vm-db.cidr" in out or "b/vm-db" in out
    if format_ == "sarif":
        (result,) = json.loads(out)["runs"][0]["results"]
        files = [
            p["physicalLocation"]["artifactLocation"]["uri"]
            for p in (*result["locations"], *result["relatedLocations"])
        ]
        assert files == ["b.toml", "a.toml"]


def test_csv_has_prefixed_names(run: Run, plans: tuple[str, ...]) -> None:
    rows = list(csv.DictReader(io.StringIO(run("check", *plans, "-f", "csv").stdout.decode())))
    assert {name for row in rows for name in row["networks"].split("; ")} >= {"a/vm-db", "b/vm-db"}


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("a.toml", "a.toml"), b"'a.toml' is given twice"),
        (("a.toml", "./a.toml"), b"'./a.toml' and 'a.toml' are the same file"),
        (("a.toml", "--matrix"), b"only one is given"),
        (("a.toml", "b.toml", "--matrix", "--separate"), b"contradict"),
        (("a.toml", "b.toml", "--matrix", "-f", "sarif"), b"no format sarif"),
        (("a.toml", "b.toml", "none.toml"), b"none.toml"),
    ],
)
def test_what_cannot_be_judged_together(run: Run, plans: tuple[str, ...], args: tuple[str, ...], said: bytes) -> None:
    done = run("check", *args)
    assert (done.returncode, done.stdout) == (2, b"")
    assert said in done.stderr
    del plans


def test_equal_names_get_numbers_and_a_plan_may_come_from_standard_input(run: Run, plans: tuple[str, ...]) -> None:
    text = PLAN.format(name="a", cidr="172.24.1.64/26").encode()
    document = json.loads(run("check", plans[0], "-", "--json", input=text).stdout)
    assert document["plans"] == ["a", "a-2"]
    overlaps = [f for f in document["between"]["findings"] if f["rule"] == "network-overlap"]
    assert [f["networks"] for f in overlaps] == [["a-2/vm-db", "a/vm-db"]]
    assert overlaps[0]["location"]["file"] == "<stdin>"


def test_a_waiver_covers_what_it_names_in_both_plans(run: Run, tmp_path: Path, plans: tuple[str, ...]) -> None:
    waiver = '[[waive]]\nrule = "network-overlap"\nnetworks = ["vm-db", "b/vm-db"]\nreason = "moves in May"\n'
    (tmp_path / "a.toml").write_text(waiver + (tmp_path / "a.toml").read_text())
    done = run("check", *plans, "--json")
    document = json.loads(done.stdout)
    waived = [f["waived"] for f in document["between"]["findings"] if f["rule"] == "network-overlap"]
    assert waived == ["moves in May"]
    assert not [f for check in document["checks"] for f in check["findings"] if f["rule"].startswith("waiver-")]
    assert b"waiver-unused" not in run("check", "a.toml").stdout
    alone = json.loads(run("check", "a.toml", "c.toml", "--json").stdout)
    assert [f["rule"] for f in alone["checks"][0]["findings"] if f["rule"].startswith("waiver-")] == ["waiver-unused"]


def test_the_matrix_of_three_plans(run: Run, plans: tuple[str, ...]) -> None:
    args = ("check", *plans, "--matrix", "--select", "network-overlap")
    assert run(*args).stdout.decode().splitlines()[2:6] == [
        "     a    b  c",
        "a    .  0/1  .",
        "b  0/1    .  .",
        "c    .    .  .",
    ]
    assert run(*args, "-f", "csv").stdout.decode().splitlines() == [
        "plan,a,b,c",
        "a,,0/1,",
        "b,0/1,,",
        "c,,,",
    ]
    document = json.loads(run(*args, "--json").stdout)
    assert document["rows"][0]["cells"][1] == {"plan": "b", "error": 0, "warning": 1, "note": 0}
    assert run(*args, "-f", "markdown").stdout.decode().startswith("| plan | a | b | c |\n")


def test_against_a_file_stays_a_matter_of_each_plan(run: Run, tmp_path: Path, plans: tuple[str, ...]) -> None:
    (tmp_path / "subnets.csv").write_text("name,kind,cidr\nvm-db,vcs-vm,172.24.9.0/24\n")
    document = json.loads(run("check", *plans, "--against", "csv:subnets.csv", "--json").stdout)
    assert all(any(f["rule"] == "drift" for f in check["findings"]) for check in document["checks"])
    assert not [f for f in document["between"]["findings"] if f["rule"] == "drift"]
