"""Plans with links through the commands: no output counts or writes the far side of a link a second time."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Run

PLAN = """\
[plan]
byoip = ["172.24.0.0/22"]
[edges.dallas]   # the first
data-center = "dal10"
[sites.hq]
[[link]]
between = ["dallas", "hq"]   # in any order
method = "ipsec"
nat = [
  { network = "vm-app", as = "172.24.0.0/24" },
  { network = "vm-db", as = "172.24.1.0/32" },
]
[networks.vm-app]
kind = "vcs-vm"
prefix = 24
[networks.vm-db]
kind = "vcs-vm"
hosts = 200
[networks.office]
kind = "enterprise"
cidr = "192.168.0.0/24"
site = "hq"
"""
APP = "vm-app as seen through the link hq to dallas"


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    path = tmp_path / "plan.toml"
    path.write_text(PLAN, encoding="utf-8")
    return path


def document(run: Run, *args: str) -> Any:
    done = run(*args, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_allocate_keeps_clear_of_what_a_link_shows(run: Run, plan: Path) -> None:
    found = document(run, "allocate", plan.name)
    assert {row["network"]: row["cidr"] for row in found["allocations"]} == {
        "vm-app": "172.24.2.0/24",
        "vm-db": "172.24.3.0/24",
        "office": "192.168.0.0/24",
    }
    assert [(row["cidr"], row["category"], row["reason"]) for row in found["skipped"]] == [
        ("172.24.0.0/24", "link", APP),
        ("172.24.1.0/32", "link", APP.replace("app", "db")),
    ]


def test_what_is_written_back_differs_in_the_ranges_only(run: Run, plan: Path) -> None:
    assert run("allocate", plan.name, "--write").returncode == 0
    pinned = PLAN.replace("prefix = 24", 'cidr = "172.24.2.0/24"').replace("hosts = 200", 'cidr = "172.24.3.0/24"')
    assert plan.read_text(encoding="utf-8") == pinned
    assert run("allocate", plan.name, "--frozen").returncode == 0


def test_a_plan_is_not_written_that_could_not_be_read_any_more(run: Run, plan: Path) -> None:
    text = PLAN.replace("172.24.1.0/32", "172.24.1.0/26")
    plan.write_text(text, encoding="utf-8")
    checked = run("check", plan.name)
    assert b"error[link-nat-size]" in checked.stdout
    done = run("allocate", plan.name, "--write")
    assert done.returncode == 1
    said = done.stderr.decode()
    assert "--write does not write plan.toml: with these ranges the plan would not be readable" in said
    assert "link[0].nat[1].as is 172.24.1.0/26, and vm-db is a /24" in said
    assert plan.read_text(encoding="utf-8") == text


def test_why_free_lookup_and_the_map_show_it(run: Run, plan: Path) -> None:
    (refused, *_) = document(run, "why", plan.name, "vm-app")["refused"]
    assert (refused["category"], refused["reason"]) == ("link", APP)
    (pool,) = document(run, "free", plan.name)["pools"]
    assert pool["uses"] == [{"category": "link", "size": 257}]
    (query,) = document(run, "lookup", "172.24.0.9", "--plan", plan.name)["queries"]
    assert (query["matches"][0]["category"], query["matches"][0]["name"]) == ("link", APP)
    space = document(run, "show", plan.name, "--map")["spaces"][0]
    assert [(block["first"], block["what"]) for block in space["blocks"]] == [
        ("172.24.0.0", "avoid"),
        ("172.24.1.1", "free"),
    ]


def test_room_to_grow_ends_where_a_link_shows_something(run: Run, plan: Path) -> None:
    plan.write_text(PLAN.replace("hosts = 200", 'cidr = "172.24.1.128/25"\ngrow-to = 24'), encoding="utf-8")
    findings = json.loads(run("check", plan.name, "--json").stdout)["findings"]
    (found,) = [f for f in findings if f["rule"] == "growth-blocked"]
    assert "172.24.1.0/32 (vm-db as seen through the link hq to dallas)" in found["message"]


def test_edges_complete(run: Run, plan: Path) -> None:
    plan.write_text(PLAN.replace("prefix = 24", 'edge = "frankfurt"'), encoding="utf-8")
    line = "ipplan export plan.toml routes --edge "
    done = run(env={"_IPPLAN_COMPLETE": "bash_complete", "COMP_WORDS": line, "COMP_CWORD": "5"})
    assert done.stdout.decode().split() == ["plain,dallas", "plain,frankfurt"]
