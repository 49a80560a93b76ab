"""`ipplan allocate` as a process: output, standard error and exit status."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def run(where: Path, *args: str, stdin: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ipplan", "allocate", *args],
        cwd=where,
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, "PYTHONPATH": ROOT, **environment},
    )


def document(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(done.stdout)
    return found


PLAN = """\
schema = 1
[plan]
name = "acme"
byoip = ["172.24.0.0/14"]
[networks.vm-db]
kind = "vcs-vm"
prefix = 24
addresses = { vip = 10, last = -1 }
[networks.vm-web]
kind = "vcs-vm"
cidr = "172.24.0.0/24"
[networks.vtep]
kind = "vcs-vtep"
"""


@pytest.fixture
def where(tmp_path: Path) -> Path:
    (tmp_path / "acme.toml").write_text(PLAN, encoding="utf-8")
    return tmp_path


def test_without_plan_the_reference_architecture_is_taken_and_said(tmp_path: Path) -> None:
    done = run(tmp_path, "--byoip", "10.50.0.0/12", "--json")
    assert done.returncode == 0
    assert "reference architecture" in done.stderr
    assert "10.48.0.0/12, 10.48.0.0 to 10.63.255.255" in done.stderr
    shown = document(done)
    assert list(shown) == [
        "schema",
        "made_by",
        "plan",
        "ok",
        "pools",
        "allocations",
        "failures",
        "skipped",
        "free",
        "groups",
        "moved",
    ]
    assert shown["schema"] == "ipplan.allocation/1"
    assert [(a["kind"], a["cidr"]) for a in shown["allocations"]] == [
        ("vcs-vm", "10.51.1.0/24"),
        ("icp-pod", "10.49.0.0/16"),
        ("icp-service", "10.50.0.0/16"),
        ("icp-worker", "10.51.0.0/24"),
    ]
    assert shown["pools"] == [
        {
            "cidr": "10.48.0.0/12",
            "given": "10.50.0.0/12",
            "size": 1_048_576,
            "unusable": 393_216,
            "allocated": 131_584,
            "free": 523_776,
            "largest_free": "10.56.0.0/14",
        }
    ]
    assert {s["cidr"] for s in shown["skipped"]} == {"10.48.0.0/16", "10.52.0.0/14", "10.63.0.0/16"}
    assert all(set(s["source"]) == {"title", "url", "date"} for s in shown["skipped"])


def test_plan_toml_in_the_working_directory_is_taken_and_said(where: Path) -> None:
    (where / "acme.toml").rename(where / "plan.toml")
    done = run(where, "--json")
    assert done.returncode == 0
    assert "plan.toml" in done.stderr
    assert document(done)["plan"] == {"name": "acme", "file": "plan.toml"}


def test_rows_tell_all_that_a_pipeline_needs(where: Path) -> None:
    done = run(where, "acme.toml", "--json")
    rows = {row["network"]: row for row in document(done)["allocations"]}
    assert rows["vm-db"] == {
        "network": "vm-db",
        "kind": "vcs-vm",
        "cidr": "172.24.1.0/24",
        "status": "allocated",
        "pool": "172.24.0.0/14",
        "group": None,
        "first": "172.24.1.0",
        "last": "172.24.1.255",
        "netmask": "255.255.255.0",
        "size": 256,
        "usable": 254,
        "gateway": "172.24.1.1",
        "addresses": {"vip": "172.24.1.10", "last": "172.24.1.254"},
        "reason": "prefix = 24 in the plan",
        "held": None,
        "labels": {},
        "vlan": None,
        "lifecycle": None,
    }
    assert rows["vm-web"]["status"] == "pinned"
    assert rows["vtep"]["status"] == "to-order"
    assert rows["vtep"]["cidr"] is None


def test_a_plan_comes_from_standard_input_too(where: Path) -> None:
    done = run(where, "-", "--format", "csv", stdin=PLAN)
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert [(row["network"], row["cidr"]) for row in rows] == [
        ("vm-db", "172.24.1.0/24"),
        ("vm-web", "172.24.0.0/24"),
        ("vtep", ""),
    ]


def test_the_text_has_the_tables_and_ends_in_a_summary(where: Path) -> None:
    done = run(where, "acme.toml")
    assert "172.24.1.0/24" in done.stdout
    assert "largest free" in done.stdout
    assert done.stdout.splitlines()[-1] == "networks: 1 allocated, 1 pinned, 1 to be ordered"


def test_markdown_has_a_line_for_each_network(where: Path) -> None:
    done = run(where, "acme.toml", "--format", "markdown")
    assert len(done.stdout.splitlines()) == 2 + 3


def test_what_does_not_fit_is_said_and_ends_in_status_one(where: Path) -> None:
    done = run(where, "acme.toml", "--byoip", "10.9.0.0/25", "--json")
    assert done.returncode == 1
    shown = document(done)
    assert shown["ok"] is False
    assert [(f["network"], f["needs"]) for f in shown["failures"]] == [("vm-db", "/24")]
    assert not [row for row in shown["allocations"] if row["status"] == "allocated"]
    text = run(where, "acme.toml", "--byoip", "10.9.0.0/25")
    assert "error: vm-db needs a /24" in text.stdout
    assert text.returncode == 1


def test_a_list_without_room_for_failures_says_them_on_standard_error(where: Path) -> None:
    done = run(where, "acme.toml", "--byoip", "172.24.0.0/25", "--format", "csv")
    assert done.returncode == 1
    assert "error: vm-db needs a /24" in done.stderr


def test_a_plan_with_errors_is_allocated_and_the_errors_are_counted(where: Path) -> None:
    (where / "bad.toml").write_text(PLAN.replace("172.24.0.0/24", "172.24.0.1/24"), encoding="utf-8")
    done = run(where, "bad.toml", "--json")
    assert done.returncode == 0
    assert "1 error; ipplan check lists them" in done.stderr


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("--byoip", "10.0.0.0/8/9"), "10.0.0.0/8/9"),
        (("--byoip", "10.50/16"), "it has 2 of the four octets"),
        (("--byoip", "10.50.0.0/255.240.0.0"), "10.50.0.0/12"),
        ((), "--byoip 172.24.0.0/14"),
        (("--byoip", "172.24.0.0/14", "--allow-other-data-centers"), "data-centers"),
        (("--byoip", "172.24.0.0/14", "--ranges-edition", "1999-01-01"), "2025-10-03"),
    ],
)
def test_bad_usage_is_explained(tmp_path: Path, args: tuple[str, ...], message: str) -> None:
    done = run(tmp_path, *args)
    assert done.returncode == 2
    assert done.stdout == ""
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_a_network_whose_pool_is_not_given_is_named(where: Path) -> None:
    (where / "own.toml").write_text(PLAN.replace("prefix = 24", 'pool = "172.24.0.0/14"'), encoding="utf-8")
    done = run(where, "own.toml", "--byoip", "10.9.0.0/16")
    assert done.returncode == 2
    assert "vm-db" in done.stderr
    assert run(where, "own.toml", "--byoip", "172.24.0.0/14").returncode == 0


def test_the_same_bytes_whatever_the_hash_seed(where: Path) -> None:
    outputs = {run(where, "acme.toml", "--json", PYTHONHASHSEED=seed).stdout for seed in ("0", "1", "77")}
    assert len(outputs) == 1
