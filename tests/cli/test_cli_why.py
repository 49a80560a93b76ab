"""`ipplan why`, run as a user runs it."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

if TYPE_CHECKING:
    from conftest import Run

ROOT = Path(__file__).parent.parent.parent
SAMPLES = ROOT / "sample-plans"
SCHEMA = json.loads((ROOT / "ipplan" / "schemas" / "why.json").read_text(encoding="utf-8"))

PLAN = """\
schema = 1
[plan]
data-centers = ["dal12"]
byoip = ["10.48.0.0/12"]
[networks.vms]
kind = "vcs-vm"
prefix = 14
[networks.pin]
kind = "vcs-vm"
cidr = "10.56.0.0/24"
"""


def explained(run: Run, *args: str) -> Any:
    done = run("why", *args, "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    Draft202012Validator(SCHEMA).validate(document)
    return document


def written(folder: Path, text: str = PLAN) -> str:
    (folder / "plan.toml").write_text(text, encoding="utf-8")
    return "plan.toml"


@pytest.mark.parametrize(
    ("sample", "network"),
    [
        ("two-clusters", "vm-dal"),
        ("two-clusters", "iks-fra-services"),
        ("two-clusters", "iks-dal-pods"),
        ("two-clusters", "esg-dal"),
        ("reference-architecture", "vm-web"),
        ("conflicts", "vm-typo"),
    ],
)
def test_samples_follow_the_schema_and_agree_with_allocate(run: Run, sample: str, network: str) -> None:
    path = str(SAMPLES / f"{sample}.toml")
    document = explained(run, path, network)
    allocation = json.loads(run("allocate", path, "--json").stdout)
    (row,) = [row for row in allocation["allocations"] if row["network"] == network]
    assert (document["status"], document["cidr"]) == (row["status"], row["cidr"])


def test_people_read_an_introduction_a_table_and_a_conclusion(run: Run, tmp_path: Path) -> None:
    done = run("why", written(tmp_path), "vms", "--allow-other-data-centers", "--byoip", "10.48.0.0/12")
    assert done.returncode == 0, done.stderr
    introduction, refused, sources, conclusion = done.stdout.decode().split("\n\n")
    assert introduction.startswith("vms (VMs on VXLAN): 10.52.0.0/14, allocated\nsize: /14, prefix = 14 in")
    assert refused.splitlines()[0].split() == ["first", "last", "count", "category", "blocker", "reason"]
    assert sources.startswith(
        "source: IBM Cloud docs, infrastructure-hub: IBM Cloud IP ranges, edition 2025-10-03, https://"
    )
    assert conclusion == (
        "10.52.0.0/14: it is the first candidate that nothing blocks; 1 earlier candidate is blocked\n"
    )


def test_csv_and_markdown_end_with_the_chosen_place(run: Run, tmp_path: Path) -> None:
    args = ("why", written(tmp_path), "vms", "--allow-other-data-centers", "--format")
    rows = list(csv.DictReader(run(*args, "csv").stdout.decode().splitlines()))
    assert [row["category"] for row in rows] == ["ibm-customer-private", "chosen"]
    assert rows[-1]["first"] == "10.52.0.0/14"
    assert b"| chosen |" in run(*args, "markdown").stdout


def test_many_placed_networks_are_one_line_for_people(run: Run, tmp_path: Path) -> None:
    text = 'schema = 1\n[plan]\nbyoip = ["172.24.0.0/14"]\n'
    text += "".join(f'[networks.vm-{number:03}]\nkind = "vcs-vm"\n' for number in range(300))
    plan = written(tmp_path, text)
    shown = run("why", plan, "vm-299").stdout.decode()
    assert "299 networks, vm-000 to vm-298; --json lists each" in shown
    assert len(shown.splitlines()) < 14
    assert len(explained(run, plan, "vm-299")["refused"]) == 299


def test_a_plan_without_room_says_what_would_help(run: Run, tmp_path: Path) -> None:
    plan = written(tmp_path, PLAN.replace("14", "13", 1))
    document = explained(run, plan, "vms")
    assert (document["status"], document["failure"]["network"]) == ("unplaced", "vms")
    shown = run("why", plan, "vms").stdout.decode()
    assert "error: vms needs a /13" in shown
    assert "   = help: " in shown
    assert run("why", plan, "vms", "-f", "csv").stderr.startswith(b"error: vms needs a /13")


def test_a_pinned_network_names_the_rules_that_find_fault(run: Run, bad_plan: Path) -> None:
    shown = run("why", bad_plan.name, "vm-db").stdout.decode()
    assert "the plan pins it (networks.vm-db.cidr)" in shown
    assert "check reports findings about it: network-overlap" in shown


def test_a_pinned_network_without_findings(run: Run, good_plan: Path) -> None:
    assert b"check reports nothing about it\n" in run("why", good_plan.name, "vm-web").stdout


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["vm-wep"], 'error: good.toml has no network "vm-wep"; did you mean vm-web?'),
        (["\x1b[31m"], 'error: good.toml has no network "\\x1b[31m"'),
        (["vm-web", "--byoip", "10/8"], "error: invalid value for --byoip"),
        (["vm-web", "--allow-other-data-centers"], "error: --allow-other-data-centers needs the data centers"),
        (["vm-web", "--ranges-edition", "1999-01-01"], "error: invalid value for --ranges-edition"),
    ],
)
def test_bad_usage(run: Run, good_plan: Path, args: list[str], message: str) -> None:
    done = run("why", good_plan.name, *args)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.decode().startswith(message)


def test_host_bits_of_a_pool_are_warned_of(run: Run, good_plan: Path) -> None:
    done = run("why", good_plan.name, "vm-db", "--byoip", "10.50.0.0/12")
    assert done.returncode == 0
    assert done.stderr.startswith(
        b"warning: pool 10.50.0.0/12 has host bits set; using the enclosing block 10.48.0.0/12"
    )
