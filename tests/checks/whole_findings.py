"""Golden files of whole findings: what a person reads, and what only a pipeline gets."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ipplan.findings import Location
from ipplan.output.findings import render_finding

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ipplan.findings import Finding

GOLDEN = Path(__file__).parent.parent / "golden" / "findings"


def compare_findings(name: str, plans: Iterable[tuple[str, Iterable[Finding]]], *, update: bool) -> None:
    """Compare the findings in plans, each plan under a heading, with a golden file; or write the file."""
    actual = "\n".join(f"# {heading}\n" + "".join(map(_whole, findings)) for heading, findings in plans)
    file = GOLDEN / f"{name}.txt"
    if update:
        file.write_text(actual, encoding="utf-8", newline="")
    assert actual == file.read_bytes().decode("utf-8")


def _whole(finding: Finding) -> str:
    shown = render_finding(finding._replace(location=Location("plan", finding.key)), None, color=False)
    fields = {
        "networks": finding.networks,
        "cidrs": finding.cidrs,
        "networks of other places": [place.network for place in finding.related if place.network is not None],
    }
    return shown + "".join(
        f"   . {field}: {', '.join(map(str, values))}\n" for field, values in fields.items() if values
    )
