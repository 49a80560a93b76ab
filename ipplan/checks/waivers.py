"""Waivers: accepted findings, and waivers that no longer do what they were written for.

Waivers are applied after all other rules, to their findings; no other rule knows of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ipplan.checks.registry import RULES, rule
from ipplan.findings import Source

if TYPE_CHECKING:
    import datetime
    from collections.abc import Collection, Iterator, Sequence

    from ipplan.findings import Finding, KeyPath
    from ipplan.plan.model import Plan, Waiver

_PLAN = Source("the plan's own [[waive]] entries")


class Applied(NamedTuple):
    """The waivers of a plan, applied to findings: the findings with their marks, and what each waiver covers.

    `covered` has an entry for each waiver of the plan. No waiver of a rule in `not_run` can be called unused.
    """

    plan: Plan
    today: datetime.date | None
    findings: tuple[Finding, ...]
    covered: tuple[tuple[Finding, ...], ...]
    not_run: Collection[str]

    def waivers(self) -> Iterator[tuple[KeyPath, Waiver, tuple[Finding, ...]]]:
        """Yield each waiver with its place in the plan and the findings that it covers."""
        for index, (waiver, covered) in enumerate(zip(self.plan.waivers, self.covered, strict=True)):
            yield ("waive", index), waiver, covered


def apply_waivers(
    plan: Plan, findings: Sequence[Finding], today: datetime.date | None, not_run: Collection[str] = ()
) -> tuple[Finding, ...]:
    """Return the findings, those that a waiver covers marked as waived, and the findings about the waivers themselves.

    Without a day no waiver expires. `not_run` are the rules that made no findings because they had nothing to judge.
    """
    applied = mark_waived(plan, findings, today, not_run)
    on_waivers = [rule for rule in RULES.values() if rule.judges == "waivers"]
    return (*applied.findings, *(finding for rule in on_waivers for finding in rule.check(applied)))


def mark_waived(
    plan: Plan, findings: Sequence[Finding], today: datetime.date | None, not_run: Collection[str] = ()
) -> Applied:
    """Mark the findings that a waiver of the plan covers on the given day.

    A waiver covers a finding of its rule if it names every network of the finding. A waiver that names no networks
    covers every finding of its rule. An expired waiver covers none.
    """
    declared = {network.name for network in plan.networks} if plan.waivers else set()
    covered: list[list[Finding]] = [[] for _ in plan.waivers]
    numbers = _numbers_by_name(plan.waivers, today)
    marked = []
    for finding in findings:
        concerned = {name for name in finding.networks if name in declared}
        for number in _candidates(numbers, finding.rule, concerned):
            waiver = plan.waivers[number]
            if _covers(waiver, concerned):
                covered[number].append(finding)
                finding = finding._replace(waived=finding.waived or words_of(waiver))
        marked.append(finding)
    return Applied(plan, today, tuple(marked), tuple(map(tuple, covered)), not_run)


_Numbers = dict[tuple[str, "str | None"], list[int]]
"""The numbers of the waivers by rule and network that they name; under None, waivers that name no network."""


def _numbers_by_name(waivers: Sequence[Waiver], today: datetime.date | None) -> _Numbers:
    found: _Numbers = {}
    for number, waiver in enumerate(waivers):
        if not expired(waiver, today):
            for name in dict.fromkeys(waiver.networks) or (None,):
                found.setdefault((waiver.rule, name), []).append(number)
    return found


def _candidates(numbers: _Numbers, rule: str, concerned: set[str]) -> list[int]:
    """Return the numbers, in order, of the waivers of a rule that may cover some networks.

    A waiver that covers them names them all, so only those that name the network with the fewest waivers can.
    """
    general = numbers.get((rule, None), [])
    if not numbers or not concerned:
        return general
    return sorted([*general, *min((numbers.get((rule, name), []) for name in concerned), key=len)])


def _covers(waiver: Waiver, concerned: set[str]) -> bool:
    """Return whether the waiver names every network that a finding concerns, or names none at all."""
    return not waiver.networks or (bool(concerned) and concerned <= set(waiver.networks))


def expired(waiver: Waiver, today: datetime.date | None) -> bool:
    """Return whether the last day of the waiver is over."""
    return today is not None and waiver.until is not None and waiver.until < today


def words_of(waiver: Waiver) -> str:
    """Return reason, owner and last day of a waiver, for the finding that it covers."""
    details = [x for x in (waiver.owner, waiver.until and f"until {waiver.until.isoformat()}") if x]
    return waiver.reason + (f" ({', '.join(details)})" if details else "")


def judges_several(waiver: Waiver, plan: Plan) -> bool:
    """Return whether a waiver is for findings that only several plans together have."""
    return waiver.rule == "shared-pool" or any(True for _ in _foreign(waiver, plan))


def _foreign(waiver: Waiver, plan: Plan) -> Iterator[str]:
    """Yield the networks of other plans that a waiver names: their prefixed names contain a slash."""
    candidates = [name for name in waiver.networks if "/" in name]
    declared = {network.name for network in plan.networks} if candidates else set()
    yield from (name for name in candidates if name not in declared)


def unused_between(waiver: Waiver, key: KeyPath) -> Finding:
    """Return the finding about a waiver for what several plans do, which covers none of their findings."""
    return waiver_unused.finding(
        f"the waiver of {waiver.rule} covers no finding between the plans",
        key,
        networks=waiver.networks,
        help="remove it, or name every network of the finding, as PLAN/NETWORK",
    )


@rule("error", source=_PLAN, judges="waivers")
def waiver_unknown_rule(applied: Applied) -> Iterator[Finding]:
    """A waiver names a rule that does not exist.

    Why: it covers nothing, but its author expects that it does.

    Do: correct the name; `ipplan rules` lists all rules.
    """
    for key, waiver, _ in applied.waivers():
        if waiver.rule not in RULES:
            from ipplan.plan.problems import nearest

            near = nearest(waiver.rule, RULES)
            yield waiver_unknown_rule.finding(
                f"the waiver names rule {waiver.rule}, which does not exist",
                (*key, "rule"),
                networks=waiver.networks,
                help=f"did you mean {near}?" if near else None,
            )


@rule("warning", source=_PLAN, judges="waivers")
def waiver_expired(applied: Applied) -> Iterator[Finding]:
    """The last day of a waiver is over.

    Why: the findings that it covered count again, and nobody accepts them any more.

    Do: fix these findings, or ask the owner to renew the waiver.
    """
    for key, waiver, _ in applied.waivers():
        if waiver.rule in RULES and expired(waiver, applied.today) and waiver.until is not None:
            owner = f"; ask {waiver.owner}" if waiver.owner else ""
            yield waiver_expired.finding(
                f"the waiver of {waiver.rule} expired on {waiver.until.isoformat()}",
                (*key, "until"),
                networks=waiver.networks,
                because=(f"its reason was: {waiver.reason}",),
                help=f"fix the findings that it covered, or renew it{owner}",
            )


@rule("warning", source=_PLAN, judges="waivers")
def waiver_unused(applied: Applied) -> Iterator[Finding]:
    """A waiver covers no finding.

    Why: the finding is gone, or the waiver never matched it. If the waiver stays, it may hide a later finding.

    Do: remove it, or name exactly the networks of the finding: both networks of an overlap.
    """
    findings = applied.findings
    first: dict[tuple[str, str], int] = {}
    for number, finding in enumerate(findings if applied.plan.waivers else ()):
        for name in finding.networks:
            first.setdefault((finding.rule, name), number)
    for key, waiver, covered in applied.waivers():
        if waiver.rule not in RULES or covered or expired(waiver, applied.today):
            continue
        # A rule that did not run, or that judges several plans, says nothing about the waiver.
        if waiver.rule in applied.not_run or judges_several(waiver, applied.plan):
            continue
        numbers = [first[waiver.rule, n] for n in waiver.networks if (waiver.rule, n) in first]
        near = findings[min(numbers)] if numbers else None
        yield waiver_unused.finding(
            f"the waiver of {waiver.rule} covers no finding",
            key,
            networks=waiver.networks,
            because=(f"a finding of the rule concerns {', '.join(near.networks)}",) if near else (),
            help=f"name its networks: {', '.join(near.networks)}" if near else "remove the waiver",
        )


@rule("warning", source=_PLAN, judges="waivers")
def waiver_too_broad(applied: Applied) -> Iterator[Finding]:
    """A waiver covers more than the findings that it was written for.

    Why: it also hides later findings of its rule, or findings on networks that have none today, before anybody reads
    them.

    Do: name exactly the networks of the findings that you accept.
    """
    for key, waiver, covered in applied.waivers():
        concerned = {name for finding in covered for name in finding.networks}
        others = set(_foreign(waiver, applied.plan))
        spare = [name for name in waiver.networks if name not in concerned and name not in others]
        if covered and not waiver.networks and concerned:
            why = f"it names no networks, so it covers every finding of the rule: {len(covered):,} now, and later ones"
            help_ = f"name the networks of the findings that you accept, among {', '.join(sorted(concerned)[:8])}"
        elif covered and spare:
            why = f"no finding of the rule concerns {', '.join(spare)}"
            help_ = f"remove {', '.join(spare)}"
        else:
            continue
        yield waiver_too_broad.finding(
            f"the waiver of {waiver.rule} is too broad: {why}",
            (*key, "networks") if waiver.networks else key,
            networks=waiver.networks,
            help=help_,
        )
