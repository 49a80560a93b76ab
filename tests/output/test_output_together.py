"""The matrix of plans on a terminal: whatever number of plans, nothing is wider than it."""

from __future__ import annotations

import pytest

from ipplan.findings import Finding, Location, Report
from ipplan.output.text import cells
from ipplan.output.together import BETWEEN, Judged, matrix_document, render_matrix


def judged(count: int, name: str) -> Judged:
    finding = Finding("network-overlap", "error", "x overlaps y", location=Location("a.toml"))
    titles = tuple(f"{name}{number}" for number in range(count))
    reports = tuple(Report(title, f"{title}.toml", "2025-10-03", 1, ()) for title in titles)
    return Judged(titles, reports, Report(None, BETWEEN, "2025-10-03", 0, (finding,)), ((0, count - 1),))


@pytest.mark.parametrize("count", [2, 3, 30, 120])
@pytest.mark.parametrize("name", ["p", "a-long-name-of-a-plan-", "計画"])
@pytest.mark.parametrize("width", [40, 80])
def test_a_matrix_fits(count: int, name: str, width: int) -> None:
    lines = render_matrix(judged(count, name), width=width).splitlines()
    table = lines[2:-1]
    assert max(map(cells, table)) <= width
    assert sum("1/0" in line for line in table) == 2
    assert lines[-1] == f"{count} plans: 1 error"


def test_a_matrix_is_the_same_both_ways() -> None:
    rows = matrix_document(judged(3, "p"))["rows"]
    assert isinstance(rows, list)
    counts = [[cell["error"] for cell in row["cells"]] for row in rows]
    assert counts == [[0, 0, 1], [0, 0, 0], [1, 0, 0]]
