"""A lab run in a report: the document is read back unchanged, and is part of the test plan."""

from __future__ import annotations

import copy
import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest
from conftest import ROOT
from pages import Page

from ipplan.catalog import load_catalog
from ipplan.cli.settle import settle
from ipplan.flows import Missing, trace_all
from ipplan.landscape import Landscape
from ipplan.output.lab import document
from ipplan.plan.load import parse_plan
from ipplan.proof import Difference, LabDevice, OuterPacket, Pair, Point, Report, Way
from ipplan.report.lab_result import LabResultError, read_lab_result

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Run

PLAN = ROOT / "sample-plans" / "reference-architecture.toml"
WAY = Way((Point("ESG", "10.0.0.1", "10.0.0.2", "a rule"),), "no-route", "ESG", (OuterPacket("ESP", "a", "b"),))


def make_run(plan: Path, outcome: str = "agree") -> Report:
    """Return a run of every pair of the documented flows, the first of them with an outcome."""
    data = plan.read_bytes()
    catalog = load_catalog()
    landscape = Landscape(settle(parse_plan(data, str(plan)), catalog).in_service, catalog)
    pairs = []
    for trace in trace_all(landscape):
        if isinstance(trace, Missing):
            continue
        for firsts, seconds in trace.alike:
            for first in firsts:
                source = "the internet" if first == "internet" else first
                pairs += [
                    Pair(
                        trace.flow,
                        source,
                        "192.0.2.1",
                        second,
                        "192.0.2.2",
                        "192.0.2.2",
                        trace.result,
                        "agree",
                        None,
                        WAY,
                        None,
                        WAY,
                        None,
                    )
                    for second in seconds
                ]
    assert pairs
    if outcome == "differs":
        found = Difference("request", "ESG", "end", "delivered", "stopped", "a route")
        pairs[0] = pairs[0]._replace(outcome="differs", differences=(found,))
    elif outcome == "not-run":
        pairs[0] = pairs[0]._replace(outcome="not-run", reason="no kernel", seen_request=None)
    return Report(
        "2026-11-01T10:00:00Z",
        2.5,
        hashlib.sha256(data).hexdigest(),
        (("kernel", "6.1"), ("nft", None)),
        (LabDevice("esg", "ESG", "n1"),),
        ("a server",),
        tuple(pairs),
        ("a note",),
    )


def written(plan: Path, run: Report) -> bytes:
    """Return the document of a run."""
    return json.dumps(document(parse_plan(plan.read_bytes(), str(plan)), run, "2025-10-03")).encode()


@pytest.mark.parametrize("outcome", ["agree", "differs", "not-run"])
def test_a_document_is_read_back_as_it_was(outcome: str) -> None:
    run = make_run(PLAN, outcome)
    again = read_lab_result(written(PLAN, run))
    assert sorted(again.pairs, key=str) == sorted(run.pairs, key=str)
    assert again._replace(pairs=()) == run._replace(pairs=())


def broken() -> list[Any]:
    """Return the document of a run with one value after the other of another type, or missing."""
    whole = json.loads(written(PLAN, make_run(PLAN, "differs")))
    whole["pairs"] = whole["pairs"][:1]
    found: list[Any] = [None, [], "x", {}, {**whole, "schema": "ipplan.lab/9"}]
    for key in ("started", "seconds", "plan", "versions", "devices", "scenery", "pairs", "notes"):
        wrong = (None, 7 if key != "seconds" else "7", True, [7])
        found += [{**whole, key: value} for value in wrong]
    for key in ("from", "to", "asked", "result", "outcome", "predicted", "seen", "differences"):
        for value in (None, 7, "x" if key not in ("asked", "result") else 7):
            one = copy.deepcopy(whole)
            one["pairs"][0][key] = value
            found.append(one)
    return found


def test_what_is_not_a_result_of_the_lab_is_rejected() -> None:
    for document_ in broken():
        with pytest.raises(LabResultError):
            read_lab_result(json.dumps(document_).encode())
    for data in (b"", b"\xff", b"[" * 100_000, b'{"schema": NaN}'):
        with pytest.raises(LabResultError):
            read_lab_result(data)


@pytest.mark.parametrize(
    ("outcome", "word", "missing"),
    [("agree", "agree", 0), ("differs", "differs", 1), ("not-run", "not run", 1)],
)
def test_the_test_plan_has_the_result(run: Run, tmp_path: Path, outcome: str, word: str, missing: int) -> None:
    pytest.importorskip("jinja2")
    lab = make_run(PLAN, outcome)
    (tmp_path / "lab.json").write_bytes(written(PLAN, lab))
    done = run("report", str(PLAN), "--lab", "lab.json")
    assert done.returncode == 0, done.stderr
    page = Page(done.stdout.decode())
    words = [text.split(" ", 1)[-1] for text in page.column("flows-to-test", "lab")]
    assert word in words
    assert set(words) <= {"agree", word}
    assert len(page.tables["lab"]) - 1 == len(lab.pairs)
    assert "2026-11-01T10:00:00Z" in page.text
    assert "this plan, unchanged" in page.text
    points = (
        [text for text in page.column("points", "what is missing") if "in the lab" in text]
        if "points" in page.tables
        else []
    )
    assert len(points) == missing


def test_a_run_of_another_plan_is_called_so(run: Run, tmp_path: Path) -> None:
    pytest.importorskip("jinja2")
    lab = make_run(PLAN)._replace(digest="0" * 64)
    (tmp_path / "lab.json").write_bytes(written(PLAN, lab))
    done = run("report", str(PLAN), "--lab", "lab.json", "--markdown")
    assert "the lab ran another version of this plan" in done.stdout.decode()
