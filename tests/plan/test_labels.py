"""Labels, VLAN and status: what a plan says for people of networks, clusters, edges and sites."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import TYPE_CHECKING

import jsonschema
import pytest
import tomli

from ipplan.plan.load import PlanError, parse_plan

if TYPE_CHECKING:
    from ipplan.plan.model import Plan

PLAN = """\
[clusters.iks]
platform = "iks"
labels = { team = "shop" }
status = "live"
[edges.dallas]
labels = { rack = "r1", row = "" }
vlan = 1
[sites.hq]
status = "retired"
[networks.web]
kind = "vcs-vm"
cidr = "10.50.0.0/24"
labels = { team = "erp", ticket = "NET-12", "Kostenstelle 1" = "ä" }
vlan = 4094
status = "planned"
[networks.db]
kind = "vcs-vm"
prefix = 24
"""


def load(text: str) -> Plan:
    return parse_plan(text.encode(), "plan.toml")


def test_each_table_takes_them() -> None:
    plan = load(PLAN)
    web, db = plan.networks
    assert web.labels == (("team", "erp"), ("ticket", "NET-12"), ("Kostenstelle 1", "ä"))
    assert (web.vlan, web.status) == (4094, "planned")
    assert (db.labels, db.vlan, db.status) == ((), None, None)
    assert (plan.clusters["iks"].labels, plan.clusters["iks"].status) == ((("team", "shop"),), "live")
    assert (plan.edges["dallas"].labels, plan.edges["dallas"].vlan) == ((("rack", "r1"), ("row", "")), 1)
    assert plan.sites["hq"].status == "retired"


@pytest.mark.parametrize(
    ("line", "message", "help_"),
    [
        ('labels = "erp"', 'labels is a string, "erp"; it must be a table', 'write labels = { team = "erp" }'),
        ("labels = { team = 1 }", "labels.team is a number, 1; it must be a string", "put it in quotes"),
        ('labels = { "" = "x" }', 'labels."" has an empty name', None),
        ("vlan = 0", "vlan is 0; it must be from 1 to 4,094", None),
        ("vlan = 4095", "vlan is 4095; it must be from 1 to 4,094", None),
        ('vlan = "7"', 'vlan is a string, "7"; it must be a whole number', None),
        ('status = "retire"', 'status is "retire", which is not a valid status', 'did you mean "retired"?'),
        ('status = "active"', 'status is "active", which is not a valid status', 'did you mean "live"?'),
    ],
)
@pytest.mark.parametrize(
    "table",
    ['[clusters.x]\nplatform = "iks"\n', "[edges.x]\n", "[sites.x]\n", '[networks.x]\nkind = "vcs-vm"\n'],
)
def test_a_mistake_is_a_problem_at_its_place(table: str, line: str, message: str, help_: str | None) -> None:
    with pytest.raises(PlanError) as caught:
        load(table + line + "\n")
    (problem,) = caught.value.problems
    assert problem.message == f"{table[1 : table.index('.')]}.x.{message}"
    assert problem.help == help_
    assert problem.location is not None
    assert problem.location.line == table.count("\n") + 1
    schema = json.loads((files("ipplan") / "schemas" / "plan.json").read_text())
    assert not jsonschema.Draft202012Validator(schema).is_valid(tomli.loads(table + line + "\n"))


def test_the_schema_takes_what_the_reader_takes() -> None:
    schema = json.loads((files("ipplan") / "schemas" / "plan.json").read_text())
    jsonschema.validate(tomli.loads(PLAN), schema)
