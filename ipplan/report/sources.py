"""The sources of the report: the plan file, the edition of IBM Cloud's ranges, and the sources of the rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan import __version__
from ipplan.findings import Source
from ipplan.output.table import Column
from ipplan.report.model import Facts, Grid, Section

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ipplan.report.model import Cell
    from ipplan.report.subject import Subject


def sources_section(subject: Subject) -> Section:
    """Return the editions, and every source that a finding or a change cites, each once with its number."""
    plan, catalog = subject.plan, subject.request.catalog
    rows = [
        ("plan", plan.name or plan.file),
        ("file", plan.file),
        ("SHA-256 of the file", subject.digest),
        ("made by", f"ipplan {__version__}"),
        ("edition of IBM Cloud's ranges", catalog.edition),
    ]
    if subject.since is not None:
        rows.append(("compared with", subject.since.plan.file))
    if plan.data_centers:
        rows.append(("data centers", ", ".join(plan.data_centers)))
    about = catalog.about
    edition = Source(about.title, about.url or about.file, about.date)
    cited: list[tuple[Cell, ...]] = [
        (number, source.title, source.date, source.url)
        for number, source in enumerate(dict.fromkeys((edition, *_sources(subject))), 1)
    ]
    columns = (Column("number", "number"), Column("source"), Column("date"), Column("URL"))
    return Section(
        "sources",
        "Sources and editions",
        None,
        (Facts("Document", tuple(rows)), Grid("cited", "Sources", columns, cited)),
    )


def _sources(subject: Subject) -> Iterator[Source]:
    findings = list(subject.findings)
    if subject.since is not None:
        difference = subject.since.difference
        findings += [*difference.appeared, *difference.went]
        for change in difference.changes:
            if change.rebuild is not None and change.rebuild.source is not None:
                yield change.rebuild.source
    for finding in findings:
        if finding.source is not None and (finding.source.url or finding.source.date):
            yield finding.source
