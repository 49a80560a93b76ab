"""The findings of a plan as cards, and its waivers and choices as decisions."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from ipplan.checks.waivers import words_of
from ipplan.output.findings import place_text, shared_text, source_text
from ipplan.output.table import Column
from ipplan.report.model import Card, Cards, Grid, Section

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ipplan.findings import Finding
    from ipplan.report.model import Cell
    from ipplan.report.subject import Subject


def findings_section(subject: Subject) -> Section:
    """Return every finding that `ipplan check` reports; waived findings come last."""
    since = subject.since
    new = {_words(finding) for finding in since.difference.appeared} if since is not None else set()
    standing = [f for f in subject.findings if f.waived is None]
    waived = [f for f in subject.findings if f.waived is not None]
    cards = tuple(card_of(finding, new=_words(finding) in new) for finding in (*standing, *waived))
    text = "All findings of ipplan check, each with what to do. Waived findings come last."
    return Section("findings", "Findings", text if cards else None, (Cards("finding", "", cards, "No findings."),))


def _words(finding: Finding) -> tuple[object, ...]:
    return finding.rule, finding.severity, finding.message, finding.waived


def card_of(finding: Finding, *, new: bool = False) -> Card:
    """Return a finding with everything that `ipplan check` says about it."""
    waived = finding.waived is not None
    return Card(
        mark="waived" if waived else finding.severity,
        word=f"waived {finding.severity}" if waived else finding.severity,
        rule=finding.rule,
        text=finding.message,
        facts=tuple(_facts(finding)),
        networks=finding.networks,
        new=new,
    )


def _facts(finding: Finding) -> Iterator[tuple[str, str]]:
    if finding.overlap is not None:
        yield "shared", shared_text(finding.overlap)
    for reason in finding.because:
        yield "because", reason
    if finding.help is not None:
        yield "what to do", finding.help
    if finding.waived is not None:
        yield "waived", finding.waived
    if finding.location is not None:
        yield "where", f"{finding.location.text} {finding.location.key_text}".rstrip()
    for related in finding.related:
        yield "also at", place_text(related)
    if finding.source is not None and (finding.source.url or finding.source.date):
        yield "source", source_text(finding.source)


def decisions_section(subject: Subject) -> Section:
    """Return every waiver of the plan with reason, owner and last day, and the choices of the design."""
    plan = subject.plan
    covered = Counter((f.rule, f.waived) for f in subject.checked.findings if f.waived is not None)
    expired = {_place(f) for f in subject.checked.findings if f.rule == "waiver-expired"}
    rows: list[tuple[Cell, ...]] = []
    for number, waiver in enumerate(plan.waivers):
        count = covered[waiver.rule, words_of(waiver)]
        state = "expired" if number in expired else "in force" if count else "unused"
        until = None if waiver.until is None else waiver.until.isoformat()
        rows.append(
            (
                f"D{number + 1}",
                state,
                waiver.rule,
                waiver.networks,
                waiver.reason,
                waiver.owner,
                until,
                count,
            )
        )
    columns = (
        Column("number"),
        Column("state"),
        Column("rule"),
        Column("networks"),
        Column("reason"),
        Column("owner"),
        Column("until"),
        Column("findings", "number"),
    )
    grid = Grid(
        "waivers",
        "Waivers",
        columns,
        rows,
        ("state",),
        ("state", "rule", "owner"),
        empty="The plan waives no finding.",
    )
    text = "Findings that the plan accepts, each with its reason, its owner and its last day, and the choices of the design."
    return Section("decisions", "Decisions", text, (grid, *_choices(subject)))


def _place(finding: Finding) -> object:
    return finding.key[1] if len(finding.key) > 1 else None


def _choices(subject: Subject) -> Iterable[Grid]:
    """Yield what the plan decides besides waivers: integration, pools in their order, and avoided space."""
    plan = subject.plan
    rows: list[tuple[Cell, ...]] = [("integration", key, method) for key, method in plan.integration.items()]
    rows += [("integration", key, str(number)) for key, number in plan.asns.items()]
    if plan.ike is not None:
        rows.append(("integration", "ike", str(plan.ike)))
    if plan.account_routing is not None:
        rows.append(("integration", "account-routing", plan.account_routing))
    rows += [
        ("pool", pool.given, f"pool number {number}, in the order of use") for number, pool in enumerate(plan.pools, 1)
    ]
    rows += [("avoided space", str(avoid.prefix), avoid.reason) for avoid in plan.avoids]
    if plan.keep_clear is not None:
        rows.append(("keep clear", "keep-clear", ", ".join(plan.keep_clear) or "none"))
    columns = (Column("what"), Column("name", "address"), Column("decision"))
    yield Grid("choices", "Design choices", columns, rows)
