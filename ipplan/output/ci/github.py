"""Write workflow commands of GitHub Actions, which it shows as annotations (actions/toolkit, docs/commands.md).

GitHub shows ten errors, ten warnings and ten notices of a step, so the gravest come first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.findings import SEVERITIES
from ipplan.output.ci.identity import details, file_of, position
from ipplan.output.text import escape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ipplan.findings import Finding, Report

_COMMANDS = {"error": "error", "warning": "warning", "note": "notice"}
_SHOWN = 10
"""GitHub shows at most this many annotations of a severity for a step."""


def render_github(reports: Sequence[Report], strict: bool) -> str:  # noqa: ARG001, FBT001  (all formats alike)
    """Return a line for each unwaived finding, and the number that GitHub does not show."""
    found = [(file_of(report, f.location), f) for report in reports for f in report.findings if f.waived is None]
    found.sort(key=lambda entry: SEVERITIES.index(entry[1].severity))
    lines = [_command(file, finding) for file, finding in found]
    for severity in SEVERITIES:
        hidden = sum(f.severity == severity for _, f in found) - _SHOWN
        if hidden > 0:
            lines.append(f"{hidden:,} more of severity {severity} than GitHub shows for a step")
    return "".join(f"{line}\n" for line in lines)


def _command(file: str, finding: Finding) -> str:
    line, column = position(finding.location)
    where = f"file={_property(escape(file))},line={line},col={column},title={_property(finding.rule)}"
    return f"::{_COMMANDS[finding.severity]} {where}::{_data(details(finding))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
