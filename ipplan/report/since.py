"""The section of changes since an earlier plan, with what has to be rebuilt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.output import diff
from ipplan.report.findings import card_of
from ipplan.report.grids import from_table
from ipplan.report.model import Cards, Section

if TYPE_CHECKING:
    from ipplan.report.model import Block
    from ipplan.report.subject import Since, Subject


def since_section(subject: Subject, since: Since) -> Section:
    """Return the result of `ipplan diff` for the earlier plan and this one, without empty tables."""
    difference = since.difference
    blocks: list[Block] = []
    if difference.changes:
        blocks.append(from_table("changes", "Changes", diff.table(difference)))
    if difference.routes:
        blocks.append(from_table("route-changes", "Routes", diff.route_table(difference)))
    if difference.rules:
        blocks.append(from_table("rule-changes", "NAT rules", diff.rule_table(difference)))
    for key, title, findings in (
        ("appeared", "New findings", difference.appeared),
        ("went", "Findings that are gone", difference.went),
    ):
        if findings:
            blocks.append(Cards(key, title, tuple(map(card_of, findings)), ""))
    text = diff.summary_of(since.plan, subject.plan, difference)
    return Section("changes-since", f"Changes since {since.plan.file}", text, tuple(blocks))
