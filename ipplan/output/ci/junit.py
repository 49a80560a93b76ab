"""Write JUnit XML for the test reports of pipelines: every rule is a test, every finding a failed one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.findings import format_key
from ipplan.output.ci.identity import details, file_of, position
from ipplan.output.text import escape

if TYPE_CHECKING:
    from collections.abc import Sequence
    from xml.etree.ElementTree import Element

    from ipplan.findings import Finding, Report


def render_junit(reports: Sequence[Report], strict: bool) -> str:  # noqa: FBT001  (all formats alike)
    """Return a suite for each plan. Errors fail, with `strict` warnings too; waived findings count as skipped."""
    from xml.etree import ElementTree as ET

    suites = ET.Element("testsuites", name="ipplan")
    for report in reports:
        suites.append(_suite(report, strict=strict))
    ET.indent(suites)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(suites, encoding="unicode") + "\n"


def _suite(report: Report, *, strict: bool) -> Element:
    from xml.etree import ElementTree as ET

    from ipplan.checks import RULES

    broken = {finding.rule for finding in report.findings}
    cases = [ET.Element("testcase", name=name, classname="ipplan") for name in RULES if name not in broken]
    failures = skipped = 0
    for finding in report.findings:
        case = ET.Element(
            "testcase",
            name=_name(finding),
            classname="ipplan",
            file=escape(file_of(report, finding.location)),
        )
        line, _ = position(finding.location)
        case.set("line", str(line))
        text = details(finding)
        if finding.waived is not None:
            skipped += 1
            ET.SubElement(case, "skipped", message=f"waived: {escape(finding.waived)}")
        elif finding.severity == "error" or (strict and finding.severity == "warning"):
            failures += 1
            ET.SubElement(case, "failure", message=escape(finding.message), type=finding.rule).text = text
        else:
            ET.SubElement(case, "system-out").text = f"{finding.severity}: {text}"
        cases.append(case)
    counts = {"tests": len(cases), "failures": failures, "skipped": skipped, "errors": 0}
    suite = ET.Element("testsuite", name=escape(report.file))
    for key, count in counts.items():
        suite.set(key, str(count))
    suite.extend(cases)
    return suite


def _name(finding: Finding) -> str:
    line, column = position(finding.location)
    return f"{finding.rule} {escape(format_key(finding.key))} {line}:{column}"
