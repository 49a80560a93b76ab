"""Give each finding an identity that lasts from one run to the next, and a place for other tools."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.findings import format_key
from ipplan.output.findings import place_text
from ipplan.output.text import escape

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ipplan.findings import Finding, Location, Report


def with_fingerprints(reports: Iterable[Report]) -> Iterator[tuple[Report, Finding, str]]:
    """Yield each finding with a fingerprint that no other has, and that moved lines do not change.

    It is made of rule, file, key, networks and ranges. If several findings are equal in all of these, the second
    and later ones have their number in it too.
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
    """Return the file of a place: a report on several plans has findings in each of them."""
    return report.file if at is None else at.file


def position(at: Location | None) -> tuple[int, int]:
    """Return line and column, 1 if they are unknown: other tools need a number."""
    return (1, 1) if at is None else (at.line or 1, at.column or 1)


def details(finding: Finding, related: Iterable[str] | None = None) -> str:
    """Return the message with what follows it: other places, shared block, reasons, help, source.

    `related` has other texts for the other places, for a format that links them. The reader decodes the format
    first, so control characters are escaped here: only the line breaks between the parts act on a screen or log.
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
