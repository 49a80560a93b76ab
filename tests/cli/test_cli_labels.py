"""Labels, VLAN IDs and statuses where users meet them: what is looked up, compared, drawn and filtered."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Run

PLAN = """\
[plan]
byoip = ["172.24.0.0/14"]
[edges.dallas]
labels = { rack = "r1", team = "net" }
vlan = 7
[sites.hq]
labels = { city = "Bonn" }
status = "live"
[clusters.icp]
platform = "icp"
labels = { team = "kube" }
[networks.web]
kind = "vcs-vm"
cidr = "172.24.0.0/24"
labels = { team = "erp", ticket = "NET-12" }
vlan = 12
status = "live"
description = "shop"
addresses = { gateway = 1 }
[networks.old]
kind = "vcs-vm"
cidr = "172.24.1.0/24"
status = "retired"
[networks.workers]
kind = "icp-worker"
cluster = "icp"
cidr = "172.24.2.0/24"
addresses = { gateway = 1 }
[networks.office]
kind = "enterprise"
cidr = "192.168.0.0/24"
"""


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    """Write the plan as plan.toml where commands run."""
    path = tmp_path / "plan.toml"
    path.write_text(PLAN, encoding="utf-8")
    return path


def document(run: Run, *args: str) -> Any:
    done = run(*args, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_lookup_tells_them(run: Run, plan: Path) -> None:
    assert plan.exists()
    (query, other) = document(run, "lookup", "172.24.0.9", "172.24.1.9", "--plan", "plan.toml")["queries"]
    match, retired = query["matches"][0], other["matches"][0]
    assert (match["labels"], match["vlan"]) == ({"team": "erp", "ticket": "NET-12"}, 12)
    assert (match["lifecycle"], match["retired"], match["note"]) == ("live", False, "shop")
    assert (retired["labels"], retired["lifecycle"], retired["retired"]) == ({}, "retired", True)
    text = run("lookup", "172.24.0.9", "172.24.1.9", "--plan", "plan.toml").stdout.decode()
    assert "live; shop; team=erp; ticket=NET-12; vlan=12" in text
    assert "old is retired" in text


def test_domains_of_the_topology_have_those_of_their_part(run: Run, plan: Path) -> None:
    assert plan.exists()
    domains = {d["domain"]: d for d in document(run, "topology", "plan.toml")["domains"]}
    about = {name: (d["labels"], d["vlan"], d["lifecycle"]) for name, d in domains.items()}
    assert about["overlay dallas"] == ({"rack": "r1", "team": "net"}, 7, None)
    assert about["cluster icp"] == ({"team": "kube"}, None, None)
    assert about["site hq"] == ({"city": "Bonn"}, None, "live")
    assert about["ibm-private"] == ({}, None, None)


def test_a_difference_is_a_change(run: Run, plan: Path) -> None:
    text = PLAN.replace('team = "erp", ticket = "NET-12"', 'team = "crm", owner = "x"').replace(
        "vlan = 12", "vlan = 13"
    )
    text = text.replace('status = "live"\ndescription', 'status = "retired"\ndescription').replace(
        "vlan = 7\n", ""
    )
    text = text.replace('city = "Bonn"', 'city = "Köln"').replace(
        'team = "kube"', 'team = "kube", tier = "1"'
    )
    plan.with_name("new.toml").write_text(text, encoding="utf-8")
    changes = document(run, "diff", "plan.toml", "new.toml")["changes"]
    assert [(c["what"], c["name"], c["old"], c["new"], c["note"]) for c in changes] == [
        ("cluster", "icp", None, "1", "label tier"),
        ("edge", "dallas", "7", None, "vlan"),
        ("site", "hq", "Bonn", "Köln", "label city"),
        ("network", "web", "erp", "crm", "label team"),
        ("network", "web", "NET-12", None, "label ticket"),
        ("network", "web", None, "x", "label owner"),
        ("network", "web", "12", "13", "vlan"),
        ("network", "web", "live", "retired", "status"),
    ]


def test_allocate_has_them_for_pipelines(run: Run, plan: Path) -> None:
    assert plan.exists()
    web = document(run, "allocate", "plan.toml")["allocations"][0]
    assert (web["labels"], web["vlan"], web["lifecycle"]) == ({"team": "erp", "ticket": "NET-12"}, 12, "live")
    rows = list(csv.DictReader(io.StringIO(run("allocate", "plan.toml", "-f", "csv").stdout.decode())))
    assert (rows[0]["labels"], rows[0]["vlan"], rows[0]["lifecycle"]) == (
        "team=erp; ticket=NET-12",
        "12",
        "live",
    )
