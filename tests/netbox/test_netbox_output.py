"""The comparison of a plan with a NetBox as text, table and JSON."""

from __future__ import annotations

import json
from pathlib import Path

from jsonschema import Draft202012Validator

from ipplan.addresses import parse_prefix
from ipplan.netbox.difference import Field, ObjectChange, difference
from ipplan.netbox.outcome import Outcome, Report
from ipplan.netbox.wanted import VlanName, want
from ipplan.output.documents import render_json
from ipplan.output.netbox import document, render_text
from ipplan.plan.kinds import KINDS
from ipplan.plan.model import Network, Plan

SCHEMA = json.loads((Path(__file__).parents[2] / "ipplan" / "schemas" / "netbox.json").read_text("utf-8"))
WEB = Network("web", KINDS["vcs-vm"], parse_prefix("10.0.0.0/24"), labels=(("team", "erp\x1b[31m"),), vlan=12)
PLAN = Plan("plan.toml", networks=(WEB, WEB._replace(name="same\n"), Network("db", KINDS["vcs-vm"], length=24)))
UPDATE = ObjectChange(
    "update",
    "prefix",
    "10.0.0.0/24",
    7,
    (
        Field("status", "reserved", "active"),
        Field("comments", "", "team=erp"),
        Field("vlan", VlanName(None, 12), VlanName("ipplan-plan-a", 13)),
        Field("tags", ("critical", "ipplan-label-old"), ("critical", "ipplan-label-new")),
    ),
)
CONFLICT = ObjectChange("conflict", "prefix", "10.0.1.0/24", 8, reason="not created by ipplan")
UNPLANNED = ObjectChange("unplanned", "VLAN", "ipplan-plan-a/9", 9)


def report(*outcomes: Outcome, pushed: bool = True) -> Report:
    return Report("a", "plan.toml", "https://netbox.example.com", "red", pushed, want(PLAN, "a"), outcomes)


def created(pushed: bool) -> Report:
    return report(*(Outcome(change, "planned") for change in difference(want(PLAN, "a"), ())), pushed=pushed)


def test_documents_are_as_their_schema_says() -> None:
    for one in (
        report(),
        created(True),
        created(False),
        report(Outcome(UPDATE, "failed", "no"), Outcome(CONFLICT, "left")),
    ):
        Draft202012Validator(SCHEMA).validate(json.loads(render_json(document(one))))


def test_text_says_what_became_of_each_change() -> None:
    shown = render_text(
        report(Outcome(UPDATE, "done"), Outcome(CONFLICT, "left"), Outcome(UNPLANNED, "left")),
        width=None,
        color=False,
    )
    assert (
        "status: reserved to active; comments: none to team=erp; vlan: 12 of another group to 13 of ipplan-plan-a"
        in shown
    )
    assert "tags: +ipplan-label-new -ipplan-label-old" in shown
    assert (
        "https://netbox.example.com, VRF red: 1 update, 1 unplanned, 1 conflict, 5 unchanged\n"
        "conflict: not created from this plan, so it is not changed; push --adopt takes it over\n"
        "unplanned: created from this plan, but no longer in it; push --prune deletes it\n"
        "no range yet, not pushed: db; ipplan allocate --write pins ranges\n"
        "same\\n and web have the same prefix 10.0.0.0/24: NetBox gets it once\n"
    ) in shown


def test_text_counts_what_failed() -> None:
    shown = render_text(
        report(Outcome(UPDATE, "failed", "no such role"), Outcome(UPDATE, "not-tried")),
        width=None,
        color=False,
    )
    assert "no such role" in shown
    assert "VRF red: 1 failed, 1 not tried, " in shown


def test_nothing_of_a_plan_acts_on_a_terminal() -> None:
    for width in (None, 60):
        assert "\x1b" not in render_text(created(True), width=width, color=False)
