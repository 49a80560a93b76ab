"""Reports for pipelines: each read back as its reader does, and safe whatever the plan holds."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from ipplan.checks import RULES
from ipplan.output.ci import FORMATS
from ipplan.output.text import escape
from ipplan.project import DOCUMENTATION, HOME

if TYPE_CHECKING:
    from conftest import Run

SAMPLES = Path(__file__).parent.parent.parent / "sample-plans"
NASTY = """\
[networks."a,b:c%0A::error::x\\n]]><x>&\\u0001\\u202e"]
kind = "vcs-vm"
cidr = "10.1.0.0/24"
[networks.b]
kind = "vcs-vm"
cidr = "10.1.0.0/24"
[[waive]]
rule = "network-overlap"
reason = "<known>\\n::error::y"
"""


def findings(run: Run, path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(run("check", path, "--json").stdout)["findings"]
    return found


@pytest.fixture
def nasty(tmp_path: Path) -> str:
    (tmp_path / "nasty, plan.toml").write_text(NASTY, encoding="utf-8")
    return "nasty, plan.toml"


def test_sarif_links_the_project_and_the_heading_of_each_rule(run: Run, nasty: str) -> None:
    driver = json.loads(run("check", nasty, "--format", "sarif").stdout)["runs"][0]["tool"]["driver"]
    page = Path(__file__).parent.parent.parent / "docs" / "reference" / "rules.md"
    headings = re.findall(r"^### (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)

    assert driver["informationUri"] == HOME
    assert {rule["helpUri"] for rule in driver["rules"]} == {
        f"{DOCUMENTATION}reference/rules.html#{heading}" for heading in headings
    }
    for rule in driver["rules"]:
        source = RULES[rule["id"]].source
        assert source.title in rule["help"]["text"]
        assert source.url is None or rule["help"]["text"].endswith(source.url)


@pytest.mark.parametrize("name", ["conflicts", "nasty"])
def test_sarif_holds_every_finding_once(run: Run, name: str, nasty: str) -> None:
    path = nasty if name == "nasty" else str(SAMPLES / "conflicts.toml")
    done = run("check", path, "--format", "sarif")
    document = json.loads(done.stdout)
    assert document["version"] == "2.1.0"
    (single,) = document["runs"]
    rules = single["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == list(RULES)
    expected = findings(run, path)
    assert [r["ruleId"] for r in single["results"]] == [f["rule"] for f in expected]
    assert len({r["partialFingerprints"]["ipplan/v1"] for r in single["results"]}) == len(expected)
    for result, finding in zip(single["results"], expected, strict=True):
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] == finding["severity"]
        assert (
            escape(str(finding["message"]))
            == result["message"]["text"]
            .split("\nand [")[0]
            .split("\nshared")[0]
            .split("\nbecause")[0]
            .split("\nhelp")[0]
            .split("\nsource")[0]
        )
        assert ("suppressions" in result) == (finding["waived"] is not None)
        uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        assert re.fullmatch(r"(file:///)?[A-Za-z0-9._~/%-]+", uri)
        related = result.get("relatedLocations", [])
        assert [place["id"] for place in related] == list(range(1, len(related) + 1))
        assert [
            (
                place["physicalLocation"]["region"]["startLine"],
                place["logicalLocations"][0]["fullyQualifiedName"],
            )
            for place in related
        ] == [(place["line"] or 1, place["key"]) for place in finding["related"]]
        assert all(f"]({place['id']})" in result["message"]["text"] for place in related)
    assert done.returncode == 1


def test_check_offers_every_format_of_pipelines(run: Run) -> None:
    shown = " ".join(run("check", "--help").stdout.decode().split())
    assert f"markdown, {', '.join(list(FORMATS)[:-1])} or {list(FORMATS)[-1]}." in shown


def test_every_format_points_at_the_second_network(run: Run, bad_plan: Path) -> None:
    for output_format in ("table", "csv", "markdown", *(name for name in FORMATS if name != "sarif")):
        shown = run("check", "bad.toml", "-f", output_format).stdout.decode()
        assert re.search(r"bad.toml:7:8  networks\.vm-web\.cidr", shown), output_format


def test_fingerprints_stay_when_lines_move(run: Run, tmp_path: Path) -> None:
    text = (SAMPLES / "conflicts.toml").read_text("utf-8")
    plan = tmp_path / "plan.toml"

    def fingerprints() -> list[str]:
        report = json.loads(run("check", "plan.toml", "-f", "gitlab").stdout)
        return sorted(row["fingerprint"] for row in report)

    plan.write_text(text, encoding="utf-8")
    before = fingerprints()
    plan.write_text("# moved\n\n\n" + text, encoding="utf-8")
    assert fingerprints() == before
    assert len(set(before)) == len(before)


@pytest.mark.parametrize("name", ["conflicts", "nasty"])
def test_github_commands_are_one_line_each_and_hold_no_other(run: Run, name: str, nasty: str) -> None:
    path = nasty if name == "nasty" else str(SAMPLES / "conflicts.toml")
    shown = run("check", path, "-f", "github").stdout.decode()
    expected = [f for f in findings(run, path) if f["waived"] is None]
    commands = [line for line in shown.splitlines() if line.startswith("::")]
    assert len(commands) == len(expected)
    levels = [
        re.match(r"::(error|warning|notice) file=([^:,]*),line=\d+,col=\d+,title=([^:,]*)::", c) for c in commands
    ]
    assert all(levels)
    order = [("error", "warning", "notice").index(match[1]) for match in levels if match]
    assert order == sorted(order)


def test_gitlab_has_what_the_report_needs(run: Run, tmp_path: Path) -> None:
    rows = json.loads(run("check", str(SAMPLES / "conflicts.toml"), "-f", "gitlab").stdout)
    assert {row["severity"] for row in rows} <= {"info", "minor", "major", "critical", "blocker"}
    for row in rows:
        assert set(row) == {"description", "check_name", "fingerprint", "severity", "location"}
        assert row["location"]["positions"]["begin"]["line"] >= 1
    (tmp_path / "empty.toml").write_text("schema = 1\n", encoding="utf-8")
    assert json.loads(run("check", "empty.toml", "-f", "gitlab").stdout) == []


@pytest.mark.parametrize("strict", [(), ("--strict",)])
@pytest.mark.parametrize("name", ["conflicts", "nasty", "reference-architecture"])
def test_junit_counts_what_fails(run: Run, name: str, nasty: str, strict: tuple[str, ...]) -> None:
    path = nasty if name == "nasty" else str(SAMPLES / f"{name}.toml")
    root = ET.fromstring(run("check", path, "-f", "junit", *strict).stdout)
    (suite,) = root
    expected = findings(run, path)
    failing = ("error", "warning") if strict else ("error",)
    assert int(suite.get("tests", "")) == len(suite)
    assert int(suite.get("failures", "")) == len(suite.findall(".//failure"))
    assert len(suite.findall(".//failure")) == sum(f["severity"] in failing and f["waived"] is None for f in expected)
    assert len(suite.findall(".//skipped")) == sum(f["waived"] is not None for f in expected)
    passed = {case.get("name") for case in suite if not len(case)}
    assert passed == set(RULES) - {f["rule"] for f in expected}


def test_several_plans_are_one_report(run: Run) -> None:
    paths = [str(SAMPLES / "conflicts.toml"), str(SAMPLES / "ipv6.toml")]
    suites = ET.fromstring(run("check", *paths, "-f", "junit").stdout)
    assert [suite.get("name") for suite in suites] == [*paths, "between the plans"]
    assert len(ET.fromstring(run("check", *paths, "-f", "junit", "--separate").stdout)) == 2
    assert len(json.loads(run("check", *paths, "-f", "sarif").stdout)["runs"]) == 1


ACTS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
"""What acts on a screen, or hides there; a line break is the one character of these that reports have."""
ODD = "x\\u001b[31m\\u0000\\u202e\\u2066\\u200b\\u2028\\u0085\\u007f\\n\\r\\t\\u0007"
HOSTILE = f"""\
[plan]
name = "{ODD}"
data-centers = ["dal10"]
[networks."a{ODD}"]
kind = "vcs-vm"
cidr = "10.225.1.0/24"
group = "{ODD}"
addresses = {{ "n{ODD}" = 999 }}
[networks."b{ODD}"]
kind = "vcs-vm"
cidr = "10.225.1.128/25"
[networks."c{ODD}"]
kind = "vcs-vm"
cidr = "8.8.8.0/24"
[clusters."{ODD}"]
platform = "iks"
[[avoid]]
cidr = "10.225.1.0/26"
reason = "{ODD}"
[[waive]]
rule = "public-byoip"
networks = ["c{ODD}"]
reason = "{ODD}"
"""


def strings(value: object) -> list[str]:
    """Return every string of a document, keys too."""
    if isinstance(value, dict):
        return [text for pair in value.items() for one in pair for text in strings(one)]
    if isinstance(value, list):
        return [text for one in value for text in strings(one)]
    return [value] if isinstance(value, str) else []


@pytest.mark.parametrize("format_", ["table", "csv", "markdown", *FORMATS])
def test_no_name_acts_on_who_reads_a_report(run: Run, tmp_path: Path, format_: str) -> None:
    file = "\x1b[2J\u202ep.toml"
    (tmp_path / file).write_text(HOSTILE, encoding="utf-8")
    done = run("check", file, "--format", format_)
    assert done.returncode == 1
    text = done.stdout.decode()
    if format_ in ("sarif", "gitlab"):
        # What a web page shows is what the document says once it is read.
        shown = strings(json.loads(text))
    elif format_ == "junit":
        root = ET.fromstring(text)
        shown = [word for e in root.iter() for word in (e.text or "", *e.attrib.values())]
    elif format_ == "github":
        shown = [re.sub("%(0A|0D|25|3A|2C)", lambda m: chr(int(m[1], 16)), line) for line in text.splitlines()]
    else:
        # Markdown has backslashes and references of its own.
        shown = [text]
    assert [one for one in shown if ACTS.search(one)] == []
    written = r"\x1b[31m\x00\u202e\u2066\u200b\u2028\x85\x7f\n\r\t\x07"
    assert format_ == "markdown" or any(written in one for one in shown)
