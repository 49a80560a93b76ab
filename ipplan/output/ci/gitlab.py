"""Write the Code Quality report of GitLab (docs.gitlab.com, Code Quality report format)."""

from __future__ import annotations

from json import dumps
from typing import TYPE_CHECKING

from ipplan.output.ci.identity import details, file_of, position, with_fingerprints
from ipplan.output.text import escape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ipplan.findings import Report

_SEVERITIES = {"error": "critical", "warning": "minor", "note": "info"}


def render_gitlab(reports: Sequence[Report], strict: bool) -> str:  # noqa: FBT001  (all formats alike)
    """Return the list of unwaived findings; with `strict`, warnings are major."""
    severities = _SEVERITIES | ({"warning": "major"} if strict else {})
    rows = []
    for report, finding, fingerprint in with_fingerprints(reports):
        if finding.waived is None:
            line, column = position(finding.location)
            rows.append(
                {
                    "description": details(finding),
                    "check_name": finding.rule,
                    "fingerprint": fingerprint,
                    "severity": severities[finding.severity],
                    "location": {
                        "path": escape(file_of(report, finding.location)),
                        "positions": {"begin": {"line": line, "column": column}},
                    },
                }
            )
    return "[\n" + ",\n".join(f"  {dumps(row)}" for row in rows) + "\n]\n" if rows else "[]\n"
