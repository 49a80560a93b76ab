"""Write findings as SARIF 2.1.0, which code scanning of GitHub and others reads (OASIS, sarif-schema-2.1.0)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipplan import __version__
from ipplan.findings import format_key
from ipplan.output.ci.identity import details, file_of, position, with_fingerprints
from ipplan.output.documents import render_json
from ipplan.output.text import escape
from ipplan.project import DOCUMENTATION, HOME

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ipplan.checks import Rule
    from ipplan.findings import Finding, KeyPath, Location, Report

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_RULES_PAGE = f"{DOCUMENTATION}reference/rules.html"
"""The page that explains each rule under a heading with its name."""
_MOST = 25_000
"""Write at most this many results: GitHub accepts no more from a run (docs.github.com, SARIF results exceed limit)."""


def render_sarif(reports: Sequence[Report], strict: bool) -> str:  # noqa: ARG001, FBT001  (all formats alike)
    """Return one run with the rules and the results; a waived finding is a suppressed result."""
    from ipplan.checks import RULES

    names = list(RULES)
    index = {name: number for number, name in enumerate(names)}
    results: list[dict[str, Any]] = []
    for report, finding, fingerprint in with_fingerprints(reports):
        if len(results) == _MOST:
            break
        results.append(_result(report, finding, fingerprint, index.get(finding.rule)))
    run: dict[str, Any] = {
        "tool": {
            "driver": {
                "name": "ipplan",
                "semanticVersion": __version__,
                "informationUri": HOME,
                "rules": [_rule(rule) for rule in RULES.values()],
            }
        },
        "columnKind": "unicodeCodePoints",
        "results": results,
    }
    return render_json({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]})


def _rule(rule: Rule) -> dict[str, Any]:
    source = rule.source
    where = source.title + (f", {source.url}" if source.url else "")
    return {
        "id": rule.name,
        "shortDescription": {"text": rule.summary},
        "fullDescription": {"text": rule.reason[:1].upper() + rule.reason[1:]},
        "help": {"text": f"{rule.remedy[:1].upper()}{rule.remedy[1:]}\n\nSource: {where}"},
        "helpUri": f"{_RULES_PAGE}#{rule.name}",
        "defaultConfiguration": {"level": rule.severities[0]},
    }


def _result(report: Report, finding: Finding, fingerprint: str, rule: int | None) -> dict[str, Any]:
    links = [f"[{_link_text(format_key(r.key))}]({i})" for i, r in enumerate(finding.related, 1)]
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "level": finding.severity,
        "message": {"text": details(finding, links)},
        "locations": [_location(file_of(report, finding.location), finding.key, finding.location)],
        "partialFingerprints": {"ipplan/v1": fingerprint},
    }
    if finding.related:
        result["relatedLocations"] = [
            {
                "id": number,
                **_location(file_of(report, related.location), related.key, related.location),
                "message": {"text": escape(related.network or format_key(related.key))},
            }
            for number, related in enumerate(finding.related, 1)
        ]
    if rule is not None:
        result["ruleIndex"] = rule
    if finding.waived is not None:
        result["suppressions"] = [{"kind": "inSource", "justification": escape(finding.waived)}]
    return result


def _location(file: str, key: KeyPath, location: Location | None) -> dict[str, Any]:
    line, column = position(location)
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": _uri(file)},
            "region": {"startLine": line, "startColumn": column},
        },
        "logicalLocations": [{"fullyQualifiedName": escape(format_key(key))}],
    }


def _link_text(text: str) -> str:
    """Return the text of a link in a message, whose brackets SARIF wants escaped (3.11.6)."""
    return text.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")


def _uri(file: str) -> str:
    """Return the path as a URI reference: an absolute path as a file URI, standard input as a name."""
    from urllib.parse import quote

    path = quote(file.encode("utf-8", "surrogateescape"), safe="/")
    return f"file://{path}" if path.startswith("/") else path
