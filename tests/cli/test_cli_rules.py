"""`ipplan rules`, and the examples that it shows: each is run, broken and fixed."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import ipplan.checks.examples as examples
from ipplan.catalog import load_catalog
from ipplan.checks import RULES, check_plan, rules_by_topic
from ipplan.findings import SEVERITIES
from ipplan.plan.load import parse_plan

if TYPE_CHECKING:
    from conftest import Run

FOLDER = Path(examples.__file__).parent
ORDER = [rule.name for _, rules in rules_by_topic() for rule in rules]


# -- the examples


@pytest.mark.parametrize("rule", RULES)
def test_each_rule_has_an_example_and_its_fix(rule: str) -> None:
    for name, what in ((f"{rule}.toml", "breaks it"), (f"{rule}.fixed.toml", "is the fixed plan")):
        assert (FOLDER / name).is_file(), f"rule {rule} needs a small plan that {what}: ipplan/checks/examples/{name}"


def test_no_example_is_left_of_a_rule_that_is_gone() -> None:
    names = {file.name for file in FOLDER.glob("*.toml")}
    assert names == {f"{rule}{end}" for rule in RULES for end in (".toml", ".fixed.toml")}


@pytest.mark.parametrize("rule", RULES)
def test_the_rule_finds_what_it_is_about_and_nothing_in_the_fixed_plan(rule: str) -> None:
    found = examples.check_example(rule, examples.example_of(rule))

    assert len(found) == 1
    assert found[0].severity in RULES[rule].severities
    assert found[0].location is not None
    assert found[0].location.line is not None
    assert examples.check_example(rule, examples.fixed_of(rule)) == ()


@pytest.mark.parametrize("rule", RULES)
def test_an_example_has_no_error_of_another_rule(rule: str) -> None:
    for text in (examples.example_of(rule), examples.fixed_of(rule)):
        assert text.startswith("schema = 1\n")
        plan = parse_plan(text.encode(), examples.FILE)
        found = check_plan(plan, load_catalog(plan.ranges_edition), examples.DAY)
        errors = (f for f in found if f.severity == "error" and f.waived is None)
        assert [f.message for f in errors if f.rule != rule] == []


def test_topics_hold_every_rule_once() -> None:
    assert sorted(ORDER) == sorted(RULES)
    assert all(title and rules for title, rules in rules_by_topic())


# -- the command


def test_the_list_names_every_rule_with_its_first_line(run: Run) -> None:
    done = run("rules")
    lines = done.stdout.decode().splitlines()

    assert done.returncode == 0
    assert [line.split()[0] for line in lines[2:-2]] == ORDER
    assert lines[0].split() == ["rule", "severity", "finds"]
    assert all(line.endswith(RULES[line.split()[0]].summary) for line in lines[2:-2])
    assert lines[-1].startswith(f"{len(RULES)} rules; ")


def test_a_page_shows_reason_remedy_source_and_the_example_as_check_sees_it(run: Run) -> None:
    shown = run("rules", "host-bits-set").stdout.decode()

    for part in (
        "host-bits-set (error): ",
        "\nwhy: ",
        "\ndo: ",
        "\nsource: RFC 4632",
        "\nexample:\n\n    schema = 1\n",
    ):
        assert part in shown
    assert '    cidr = "172.24.70.0/20"\n' in shown
    assert "error[host-bits-set]: vm-app 172.24.70.0/20 has host bits set" in shown
    assert "--> example.toml:5:8  networks.vm-app.cidr" in shown
    assert shown.endswith('    -cidr = "172.24.70.0/20"\n    +cidr = "172.24.64.0/20"\n')


def test_check_finds_in_the_example_what_the_page_says(run: Run, tmp_path: Path) -> None:
    (rule,) = json.loads(run("rules", "pool-overlap", "--json").stdout)["rules"]
    (tmp_path / "example.toml").write_text(rule["example"], encoding="utf-8")

    checked = json.loads(run("check", "example.toml", "--json", "--select", "pool-overlap").stdout)

    assert checked["findings"] == rule["findings"]


def test_the_document_holds_every_rule_with_its_example(run: Run) -> None:
    document = json.loads(run("rules", "--json").stdout)

    assert [row["rule"] for row in document["rules"]] == ORDER
    for row in document["rules"]:
        assert row["fixed"] != row["example"]
        assert {finding["rule"] for finding in row["findings"]} == {row["rule"]}
        assert set(row["severities"]) <= set(SEVERITIES)


def test_csv_has_a_row_for_each_rule(run: Run) -> None:
    rows = list(csv.DictReader(run("rules", "-f", "csv").stdout.decode().splitlines()))

    assert [row["rule"] for row in rows] == ORDER
    assert all(row["why"] and row["do"] and row["source"] for row in rows)


def test_markdown_is_the_page_of_the_documentation(run: Run) -> None:
    from tools.reference.rules import page

    whole = run("rules", "-f", "markdown").stdout.decode()
    one = run("rules", "waiver-expired", "--format", "markdown").stdout.decode()

    assert page().endswith(whole)
    assert one.startswith("### waiver-expired\n")
    assert one in whole + "\n"
    assert "-until = 2025-12-31\n" in one


def test_a_page_is_written_to_a_file(run: Run, tmp_path: Path) -> None:
    done = run("rules", "pool-overlap", "-f", "markdown", "-o", "rule.md")

    assert done.stdout == b""
    assert (tmp_path / "rule.md").read_text(encoding="utf-8").startswith("### pool-overlap\n")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("network-overlaps", 'unknown rule "network-overlaps"; did you mean network-overlap?'),
        ("", 'unknown rule ""'),
        ("\x1b[31mred", 'unknown rule "\\x1b[31mred"'),
    ],
)
def test_an_unknown_rule_is_refused_with_the_nearest(run: Run, name: str, said: str) -> None:
    done = run("rules", name)

    assert done.returncode == 2
    assert done.stdout == b""
    assert said in done.stderr.decode()
    assert "help: ipplan rules lists all" in done.stderr.decode()


def test_the_list_runs_no_check_and_loads_little(run: Run) -> None:
    script = (
        "import sys\nfrom ipplan.__main__ import run\nrun()\n"
        "sys.exit(bool({'rich', 'netaddr', 'difflib'} & set(sys.modules)))"
    )
    assert run("rules", program=("-c", script)).returncode == 0
