"""What a finding is known by from one run to the next, and where it is for other tools."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.findings import format_key
from ipplan.output.findings import place_text
from ipplan.output.text import escape

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ipplan.findings import Finding, Location, Report


def with_fingerprints(reports: Iterable[Report]) -> Iterator[tuple[Report, Finding, str]]:
    """Yield each finding with a fingerprint that no other has and that moved lines do not change.

    It is made of rule, file, key, networks and ranges; of findings that are alike in all of these, each further one
    has its number in it too.
    """
    from hashlib import sha256

    seen: dict[str, int] = {}
    for report in reports:
        for finding in report.findings:
            parts = (
                finding.rule,
                file_of(report, finding.location),
                format_key(finding.key),
                *finding.networks,
                *map(str, finding.cidrs),
                str(finding.overlap or ""),
            )
            text = "\0".join(parts)
            count = seen[text] = seen.get(text, 0) + 1
            if count > 1:
                text += f"\0{count}"
            yield report, finding, sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def file_of(report: Report, at: Location | None) -> str:
    """Return the file that a place is in: a report on several plans has findings in each."""
    return report.file if at is None else at.file


def position(at: Location | None) -> tuple[int, int]:
    """Return line and column, 1 where they are not known: other tools want some."""
    return (1, 1) if at is None else (at.line or 1, at.column or 1)


def details(finding: Finding, related: Iterable[str] | None = None) -> str:
    """Return the message with what follows it: other places, shared block, reasons, help, source.

    `related` has other texts for the other places, for a format that links them. Whoever shows it decodes the format
    first, so names are made visible here: nothing but the line breaks between the parts acts on a screen or log.
    """
    places = map(place_text, finding.related) if related is None else related
    lines = [finding.message, *(f"and {place}" for place in places)]
    if finding.overlap is not None:
        lines.append(f"shared: {finding.overlap}")
    lines += [f"because {reason}" for reason in finding.because]
    if finding.help is not None:
        lines.append(f"help: {finding.help}")
    if finding.source is not None and (finding.source.url or finding.source.date):
        lines.append(f"source: {finding.source.title}")
    return "\n".join(map(escape, lines))
