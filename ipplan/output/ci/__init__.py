"""Reports of findings for pipelines: code scanning, annotations and test reports, one module a format."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.output.ci.github import render_github
from ipplan.output.ci.gitlab import render_gitlab
from ipplan.output.ci.junit import render_junit
from ipplan.output.ci.sarif import render_sarif

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ipplan.findings import Report

FORMATS: dict[str, Callable[[Sequence[Report], bool], str]] = {
    "sarif": render_sarif,
    "github": render_github,
    "gitlab": render_gitlab,
    "junit": render_junit,
}
"""The formats by name: functions of the reports and of whether warnings fail."""
