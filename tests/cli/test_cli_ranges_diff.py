"""`ipplan ranges diff`, run as a user runs it, and `ipplan ranges`, which it does not change."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

if TYPE_CHECKING:
    from conftest import Run

ROOT = Path(__file__).parent.parent.parent
SAMPLES = sorted((ROOT / "sample-plans").glob("*.toml"))
SCHEMA = json.loads((ROOT / "ipplan" / "schemas" / "ranges-diff.json").read_text(encoding="utf-8"))
OLD, MIDDLE, NEW = "2018-11-30", "2024-12-05", "2025-10-03"

PLAN = """\
schema = 1
[plan]
data-centers = ["dal10"]
ranges-edition = "2018-11-30"
byoip = ["10.176.0.0/16", "10.224.0.0/12"]
[networks.hit]
kind = "vcs-vm"
cidr = "10.176.20.0/24"
[networks.safe]
kind = "vcs-vm"
cidr = "10.224.0.0/24"
"""


@pytest.fixture
def plan(tmp_path: Path) -> str:
    """A plan that IBM's ranges hit only since the edition of 2024."""
    (tmp_path / "plan.toml").write_text(PLAN, encoding="utf-8")
    return "plan.toml"


def difference(run: Run, *args: str) -> Any:
    done = run("ranges", "diff", *args, "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    Draft202012Validator(SCHEMA, format_checker=FormatChecker()).validate(document)
    return document


def test_the_document_tells_editions_changes_and_space(run: Run) -> None:
    document = difference(run, MIDDLE, NEW)

    assert document["made_by"]["ranges_edition"] is None
    assert [(document[side]["date"], document[side]["revision"]) for side in ("old", "new")] == [
        (MIDDLE, "b17787c"),
        (NEW, "c0135fb"),
    ]
    counts = {kind: count for kind, count in document["summary"].items() if count}
    assert counts == {"published": 2, "withdrawn": 41, "unchanged": 1026}
    assert [
        (change["change"], change["new"][0]["cidr"], change["new"][0]["data_center"])
        for change in document["changes"]
        if change["new"]
    ] == [("published", "10.203.144.0/20", "dal14"), ("published", "161.26.224.0/22", "dal14")]
    assert (document["released"], document["taken"]) == (["67.19.0.0/24", "75.125.126.8/32"], [])
    space = document["space"]["ipv4"]
    assert (space["released"], space["taken"]) == (257, 0)
    assert space["old"] - space["released"] + space["taken"] == space["new"]
    assert (document["plan"], document["findings"], document["networks"]) == (None, None, None)


def test_the_same_edition_twice_is_no_difference(run: Run, plan: str) -> None:
    for more in ((), ("--plan", plan)):
        done = run("ranges", "diff", NEW, NEW, "--exit-code", *more)
        assert (done.returncode, done.stderr) == (0, b"")
        assert f"{NEW} to {NEW}: no difference, 1,028 unchanged\n" in done.stdout.decode()
    document = difference(run, NEW, NEW)
    assert (document["changes"], document["made_by"]["ranges_edition"]) == ([], NEW)


def test_a_plan_learns_what_hits_it_now_whatever_edition_it_names(run: Run, plan: str) -> None:
    document = difference(run, OLD, NEW, "--plan", plan)

    found = document["findings"]
    (hit,) = [item for item in found["new"] if item["finding"]["rule"] == "ibm-private-overlap"]
    assert hit["finding"]["networks"] == ["hit"]
    assert hit["finding"]["location"]["line"] == 8
    (shared,) = hit["ranges"]
    assert (shared["cidr"], shared["change"]) == ("10.176.0.0/15", "published")
    assert (shared["published"]["data_center"], shared["published"]["pod"]) == ("dal10", "BCR01")
    assert found["summary"]["gone"] == len(found["gone"]) == 0
    assert document["networks"] == [
        {
            "network": "hit",
            "kind": "vcs-vm",
            "cidr": "10.176.20.0/24",
            "hit": "new",
            "old": [],
            "new": ["10.176.0.0/15"],
        }
    ]
    assert document["plan"] == {"name": None, "file": "plan.toml"}

    back = difference(run, NEW, OLD, "--plan", plan)
    assert [item["finding"] for item in back["findings"]["gone"]] == [item["finding"] for item in found["new"]]
    assert back["networks"][0]["hit"] == "old"
    assert (back["taken"], back["released"]) == (document["released"], document["taken"])


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_findings_agree_with_check(run: Run, sample: Path) -> None:
    document = difference(run, OLD, NEW, "--plan", str(sample))
    checks = [
        json.loads(run("check", str(sample), "--json", "--ranges-edition", edition).stdout)["findings"]
        for edition in (OLD, NEW)
    ]
    summary = document["findings"]["summary"]
    assert summary["new"] + summary["stay"] == len(checks[1])
    assert all(item["finding"] in checks[1] for item in document["findings"]["new"])
    assert all(item["finding"] in checks[0] for item in document["findings"]["gone"])


@pytest.mark.parametrize(
    ("args", "status"),
    [
        ((OLD, NEW), 0),
        ((OLD, NEW, "--exit-code"), 1),
        ((NEW, OLD, "--exit-code"), 1),
        ((MIDDLE, NEW, "--category", "customer-private", "--exit-code"), 0),
        ((OLD, NEW, "--plan", "plan.toml"), 0),
        ((OLD, NEW, "--plan", "plan.toml", "--exit-code"), 1),
        # The ranges differ, and the plan does not feel it.
        ((MIDDLE, NEW, "--plan", "plan.toml", "--exit-code"), 0),
    ],
)
@pytest.mark.parametrize("format_", ["table", "json", "csv", "markdown"])
def test_exit_status(run: Run, plan: str, args: tuple[str, ...], status: int, format_: str) -> None:
    done = run("ranges", "diff", *args, "--format", format_)
    assert (done.returncode, done.stderr) == (status, b"")
    assert done.stdout


def test_filters_choose_ranges_and_never_findings(run: Run, plan: str) -> None:
    document = difference(run, OLD, NEW, "--data-center", "fra02", "--category", "ssl-vpn", "--plan", plan)
    for change in document["changes"]:
        rows = [*change["old"], *change["new"]]
        assert any((r["data_center"], r["category"]) == ("fra02", "ibm-ssl-vpn") for r in rows)
    assert document["changes"]
    assert document["filter"] == {"data_centers": ["fra02"], "categories": ["ssl-vpn"]}
    assert document["findings"] == difference(run, OLD, NEW, "--plan", plan)["findings"]
    # dal14 is only in the newer edition, and either may have a data center that is asked for.
    assert len(difference(run, MIDDLE, NEW, "--data-center", "dal14")["changes"]) == 2
    assert len(difference(run, NEW, MIDDLE, "--data-center", "dal14")["changes"]) == 2


def test_csv_has_a_row_for_each_change_or_with_a_plan_for_each_finding(run: Run, plan: str) -> None:
    rows = list(csv.DictReader(run("ranges", "diff", MIDDLE, NEW, "-f", "csv").stdout.decode().splitlines()))
    assert len(rows) == 43
    assert {row["change"] for row in rows} == {"published", "withdrawn"}
    assert sum(int(row["released"]) for row in rows) == 257

    done = run("ranges", "diff", OLD, NEW, "--plan", plan, "-f", "csv")
    rows = list(csv.DictReader(done.stdout.decode().splitlines()))
    assert [row["ranges"] for row in rows if row["rule"] == "ibm-private-overlap"] == ["10.176.0.0/15"]
    assert {row["change"] for row in rows} == {"new"}


def test_people_read_findings_networks_and_sums(run: Run, plan: str) -> None:
    shown = run("ranges", "diff", OLD, NEW, "--plan", plan).stdout.decode()
    findings, networks, rest = shown.split("\n\n", 2)
    assert findings.splitlines()[0].split() == [
        "change",
        "severity",
        "rule",
        "ranges",
        "published",
        "message",
    ]
    assert networks.splitlines()[-1].split() == ["hit", "vcs-vm", "10.176.20.0/24", "-", "10.176.0.0/15"]
    assert "1 of 2 pinned BYOIP networks affected by published ranges" in rest
    assert "newly taken: 9,182,720 addresses: 10.160.0.0/12, " in rest
    assert f"only {NEW} has rows of ibm-customer-private, " in rest


def test_names_of_a_plan_reach_no_terminal_raw(run: Run, tmp_path: Path) -> None:
    text = PLAN.replace("networks.hit", 'networks."h\\u001b[31mit"')
    (tmp_path / "plan.toml").write_text(text, encoding="utf-8")
    for more in ((), ("-f", "csv"), ("-f", "markdown"), ("--json",), ("--color", "never")):
        done = run("ranges", "diff", OLD, NEW, "--plan", "plan.toml", *more)
        assert done.returncode == 0
        assert b"\x1b" not in done.stdout


@pytest.mark.parametrize(
    ("args", "parts"),
    [
        (
            ("2025-10-30", NEW),
            ("'2025-10-30' is neither an edition", f"did you mean {NEW}?", f"the editions are {OLD}, {MIDDLE}, {NEW}"),
        ),
        ((OLD, "newest"), ("'newest' is neither an edition", f"help: the editions are {OLD}, {MIDDLE}, {NEW}")),
        ((OLD, "\x1b[31m" + "9" * 200), ("is neither an edition",)),
        ((OLD,), ("missing argument 'NEW'",)),
        (
            (OLD, NEW, "--data-center", "dal99"),
            (f"unknown data center 'dal99' in the catalogue of {OLD} or {NEW}", "dal"),
        ),
        ((OLD, NEW, "--category", "custmer-private"), ("did you mean customer-private?",)),
        ((OLD, NEW, "--plan", "no-such.toml"), ("cannot read no-such.toml",)),
        ((OLD, NEW, "--search", "x"), ("no such option",)),
    ],
)
def test_bad_usage(run: Run, args: tuple[str, ...], parts: tuple[str, ...]) -> None:
    done = run("ranges", "diff", *args)
    said = done.stderr.decode()
    assert (done.returncode, done.stdout) == (2, b"")
    assert said.startswith("error: ")
    assert all(part in said for part in parts), said
    assert "\x1b" not in said


def test_an_unreadable_plan_is_reported_in_the_format_asked_for(run: Run, unreadable_plan: Path) -> None:
    done = run("ranges", "diff", OLD, NEW, "--plan", unreadable_plan.name, "--json")
    assert done.returncode == 2
    assert json.loads(done.stdout)["schema"] == "ipplan.error/1"


def test_a_plan_may_be_a_stream_and_the_result_a_file(run: Run, tmp_path: Path) -> None:
    done = run("ranges", "diff", OLD, NEW, "--plan", "-", "--json", "-o", "out.json", input=PLAN.encode())
    assert (done.returncode, done.stdout) == (0, b"")
    assert json.loads((tmp_path / "out.json").read_bytes())["plan"]["file"] == "<stdin>"


def test_ranges_alone_is_what_it_was(run: Run) -> None:
    document = json.loads(run("ranges", "--data-center", "dal14", "--json").stdout)
    assert {row["data_center"] for row in document["ranges"]} == {"dal14"}
    assert document["edition"]["revision"] == "c0135fb"
    assert document["edition"]["revision"] in document["edition"]["url"]
    assert b"diff" in run("ranges", "--help").stdout


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("--json", "diff", OLD, NEW), "--json before diff has no effect; write it after diff"),
        (("--data-center", "dal10", "diff", OLD, NEW), "--data-center before diff has no effect"),
        (("dal10",), "no such command 'dal10'"),
    ],
)
def test_what_has_no_effect_is_rejected(run: Run, args: tuple[str, ...], says: str) -> None:
    done = run("ranges", *args)
    assert (done.returncode, done.stdout) == (2, b"")
    assert says in done.stderr.decode()


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_the_subcommand_has_help(run: Run, option: str) -> None:
    done = run("ranges", "diff", option)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"Usage: ipplan ranges diff [OPTIONS] OLD NEW\n")
    assert b"-h, --help" in done.stdout


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("ipplan ranges di", {"diff"}),
        ("ipplan ranges diff 20", {OLD, MIDDLE, NEW}),
        (f"ipplan ranges diff {OLD} 2025", {NEW}),
    ],
)
def test_completion_knows_the_editions(run: Run, line: str, words: set[str]) -> None:
    env = {
        "_IPPLAN_COMPLETE": "bash_complete",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(line.split()) - 1),
    }
    completed = run(env=env).stdout.decode().split()
    assert {word.partition(",")[2] for word in completed if word.startswith("plain,")} == words
