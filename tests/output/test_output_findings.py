"""Reports of findings: the text people read, the documents pipelines read, the table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ipplan.addresses import parse_prefix
from ipplan.findings import Finding, Location, Related, Report, Source, place
from ipplan.output.findings import (
    check_document,
    check_list_document,
    error_document,
    findings_table,
    render_problems,
    render_report,
    render_reports,
)
from ipplan.output.table import render_csv

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ipplan.findings import KeyPath

OVERLAP = Finding(
    rule="network-overlap",
    severity="error",
    message="icp-pods 10.1.0.0/16 overlaps iks-workers 10.1.64.0/18",
    networks=("icp-pods", "iks-workers"),
    cidrs=(parse_prefix("10.1.0.0/16"), parse_prefix("10.1.64.0/18")),
    overlap=parse_prefix("10.1.64.0/18"),
    because=("icp-pods reaches iks-workers through the strongSwan tunnel",),
    help="10.4.0.0/16 is free in pool 10.0.0.0/12",
    source=Source("reference architecture", "https://example.com/doc", "2018-11-20"),
    key=("networks", "icp-pods", "cidr"),
    location=Location("plan.toml", ("networks", "icp-pods", "cidr"), 41, 8),
    related=(
        Related(
            ("networks", "iks-workers", "cidr"),
            "iks-workers",
            Location("plan.toml", ("networks", "iks-workers", "cidr"), 60, 8),
        ),
    ),
)
ACTING = Finding(
    rule="bridge-overlap",
    severity="warning",
    message="a\x1b[2J overlaps b\nc",
    help="rename \u202e it",
    location=Location("pl\x07an.toml", ("networks", "a\x1b[2J")),
)
WAIVED = Finding(rule="pool-overlap", severity="error", message="accepted", waived="retired in March")


def report(*findings: Finding, networks: int = 20) -> Report:
    return Report("acme", "plan.toml", "2025-10-03", networks, findings)


def test_text_of_a_finding() -> None:
    assert render_report(report(OVERLAP), width=None, color=False) == (
        "error[network-overlap]: icp-pods 10.1.0.0/16 overlaps iks-workers 10.1.64.0/18\n"
        "  --> plan.toml:41:8  networks.icp-pods.cidr\n"
        "  and plan.toml:60:8  networks.iks-workers.cidr\n"
        "   |  shared  10.1.64.0-10.1.127.255 (16,384 addresses)\n"
        "   |  because icp-pods reaches iks-workers through the strongSwan tunnel\n"
        "   = help: 10.4.0.0/16 is free in pool 10.0.0.0/12\n"
        "   = source: reference architecture (2018-11-20)\n"
        "\n"
        "plan.toml: 1 error, 20 networks checked against IBM Cloud ranges of 2025-10-03\n"
    )


def test_text_without_findings() -> None:
    assert render_report(report(networks=1), width=None, color=False) == (
        "plan.toml: no findings, 1 network checked against IBM Cloud ranges of 2025-10-03\n"
    )


def test_text_of_several_plans_ends_with_their_sum() -> None:
    text = render_reports([report(OVERLAP, WAIVED), report(OVERLAP, ACTING)], width=None, color=False)
    assert text.endswith("\n\n2 plans: 2 errors, 1 warning, 1 waived\n")


@pytest.mark.parametrize("width", [1, 2, 7, 20, 40, 80, 200])
def test_wrapped_text_keeps_every_word_and_the_width(width: int) -> None:
    wrapped = render_report(report(OVERLAP, WAIVED), width=width, color=False)
    whole = render_report(report(OVERLAP, WAIVED), width=None, color=False)
    assert wrapped.split() == whole.split()
    for line in wrapped.splitlines():
        assert len(line) <= width or len(line.split()) == 1


def test_continued_lines_hang_under_their_text() -> None:
    assert "   = help: 10.4.0.0/16 is free in\n           pool 10.0.0.0/12\n" in render_report(
        report(OVERLAP), width=36, color=False
    )


@pytest.mark.parametrize("width", [None, 1, 40, 80])
def test_names_cannot_act(width: int | None) -> None:
    text = render_report(report(ACTING), width=width, color=False)
    assert not set(text) & {"\x1b", "\x07", "\u202e"}
    assert "a\\x1b[2J" in text
    assert "b\\nc" in text


def test_colour_is_only_colour() -> None:
    import re

    plain = render_report(report(OVERLAP, ACTING, WAIVED), width=60, color=False)
    colored = render_report(report(OVERLAP, ACTING, WAIVED), width=60, color=True)
    assert colored != plain
    assert re.sub("\x1b\\[[0-9;]*m", "", colored) == plain


def test_check_document_is_as_promised() -> None:
    document = check_document(report(OVERLAP, WAIVED))
    assert list(document) == ["schema", "made_by", "plan", "ok", "summary", "findings"]
    assert document["ok"] is False
    assert document["summary"] == {"error": 1, "warning": 0, "note": 0, "waived": 1}
    assert document["findings"][0] == {  # type: ignore[index]
        "rule": "network-overlap",
        "severity": "error",
        "waived": None,
        "networks": ["icp-pods", "iks-workers"],
        "cidrs": ["10.1.0.0/16", "10.1.64.0/18"],
        "overlap": "10.1.64.0/18",
        "because": ["icp-pods reaches iks-workers through the strongSwan tunnel"],
        "message": "icp-pods 10.1.0.0/16 overlaps iks-workers 10.1.64.0/18",
        "help": "10.4.0.0/16 is free in pool 10.0.0.0/12",
        "source": {"title": "reference architecture", "url": "https://example.com/doc", "date": "2018-11-20"},
        "location": {"file": "plan.toml", "key": "networks.icp-pods.cidr", "line": 41, "column": 8},
        "related": [
            {
                "file": "plan.toml",
                "key": "networks.iks-workers.cidr",
                "line": 60,
                "column": 8,
                "network": "iks-workers",
            },
        ],
    }


def test_what_is_related_is_placed_too_and_all_places_are_looked_up_at_once() -> None:
    asked = []

    def locate(keys: Iterable[KeyPath]) -> dict[KeyPath, tuple[int, int]]:
        asked.append(set(keys))
        return {("networks", "a", "cidr"): (2, 8), ("plan", "byoip", 1): (9, 1)}

    found = Finding(
        rule="x",
        severity="error",
        message="m",
        key=("networks", "a", "cidr"),
        related=(Related(("plan", "byoip", 1)), Related(("networks", "b"), "b")),
    )

    (placed,) = place([found], "plan.toml", locate)

    assert asked == [{("networks", "a", "cidr"), ("plan", "byoip", 1), ("networks", "b")}]
    assert placed.location is not None
    assert placed.location.text == "plan.toml:2:8"
    assert [r.location and r.location.text for r in placed.related] == ["plan.toml:9:1", "plan.toml"]


@pytest.mark.parametrize(
    ("finding", "strict", "ok"),
    [(OVERLAP, False, False), (ACTING, False, True), (ACTING, True, False), (WAIVED, True, True)],
)
def test_ok(finding: Finding, strict: bool, ok: bool) -> None:
    assert check_document(report(finding), strict=strict)["ok"] is ok
    assert check_list_document([report(), report(finding)], strict=strict)["ok"] is ok


def test_error_document_counts_and_has_no_edition() -> None:
    document = error_document("plan.toml", [OVERLAP])
    assert document["plan"] == {"name": None, "file": "plan.toml"}
    assert document["summary"] == {"error": 1, "warning": 0, "note": 0}
    assert document["made_by"] == {"tool": "ipplan", "version": "0.1.0", "ranges_edition": None}


def test_problems_are_written_out_up_to_a_limit() -> None:
    text = render_problems("p.toml", [OVERLAP] * 1021, width=None, color=False)
    assert text.count("error[") == 200
    assert text.endswith("\np.toml: cannot be read: 1,021 problems, 821 of them not shown\n")


def test_table_has_a_row_a_finding() -> None:
    lines = render_csv(findings_table(report(OVERLAP), report(WAIVED))).splitlines()
    assert lines[0] == "severity,rule,networks,cidrs,overlap,message,help,file,line,column,key,waived,related"
    assert lines[1].startswith("error,network-overlap,icp-pods; iks-workers,10.1.0.0/16; 10.1.64.0/18,10.1.64.0/18,")
    assert lines[1].endswith(",plan.toml,41,8,networks.icp-pods.cidr,,plan.toml:60:8  networks.iks-workers.cidr")
    assert lines[2] == "error,pool-overlap,,,,accepted,,,,,,retired in March,"
