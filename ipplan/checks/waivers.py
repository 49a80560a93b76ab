"""Waivers: findings that a named owner answers for, and waivers that no longer do what they were written for.

They run after every other rule, on what those found.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ipplan.checks.registry import RULES, rule
from ipplan.findings import Source

if TYPE_CHECKING:
    import datetime
    from collections.abc import Iterator, Sequence

    from ipplan.checks.context import Context
    from ipplan.findings import Finding, KeyPath
    from ipplan.plan.model import Plan, Waiver

_PLAN = Source("the plan's own [[waive]] entries")


class Settlement(NamedTuple):
    """The findings with what is waived marked so, and for each waiver of the plan what it waived."""

    findings: tuple[Finding, ...]
    waived: tuple[tuple[Finding, ...], ...]


def settle(plan: Plan, findings: Sequence[Finding], today: datetime.date | None) -> Settlement:
    """Mark the findings that a waiver of the plan covers on the given day.

    A waiver covers the findings of its rule whose networks it all names; one that names no networks covers every
    finding of its rule. An expired waiver covers none. Without a day no waiver expires.
    """
    declared = {network.name for network in plan.networks} if plan.waivers else set()
    waived: list[list[Finding]] = [[] for _ in plan.waivers]
    named = _by_name(plan.waivers, today)
    settled = []
    for finding in findings:
        concerned = {name for name in finding.networks if name in declared}
        for place in _candidates(named, finding.rule, concerned):
            waiver = plan.waivers[place]
            if covers(waiver, concerned):
                waived[place].append(finding)
                finding = finding._replace(waived=finding.waived or words_of(waiver))
        settled.append(finding)
    return Settlement(tuple(settled), tuple(map(tuple, waived)))


_ByName = dict[tuple[str, "str | None"], list[int]]
"""Where the waivers of a rule are that name a network; None for those that name none."""


def _by_name(waivers: Sequence[Waiver], today: datetime.date | None) -> _ByName:
    found: _ByName = {}
    for place, waiver in enumerate(waivers):
        if not expired(waiver, today):
            for name in dict.fromkeys(waiver.networks) or (None,):
                found.setdefault((waiver.rule, name), []).append(place)
    return found


def _candidates(named: _ByName, rule: str, concerned: set[str]) -> list[int]:
    """Return the waivers of a rule that may cover some networks, in their order: each covers the rarest of them."""
    general = named.get((rule, None), [])
    if not named or not concerned:
        return general
    return sorted([*general, *min((named.get((rule, name), []) for name in concerned), key=len)])


def covers(waiver: Waiver, concerned: set[str]) -> bool:
    """Tell whether the waiver names every network that a finding concerns, or names none at all."""
    return not waiver.networks or (bool(concerned) and concerned <= set(waiver.networks))


def expired(waiver: Waiver, today: datetime.date | None) -> bool:
    """Tell whether the waiver's last day is over."""
    return today is not None and waiver.until is not None and waiver.until < today


def words_of(waiver: Waiver) -> str:
    """Return reason, owner and last day of a waiver, for the finding that it covers."""
    details = [x for x in (waiver.owner, waiver.until and f"until {waiver.until.isoformat()}") if x]
    return waiver.reason + (f" ({', '.join(details)})" if details else "")


def judges_several(waiver: Waiver, plan: Plan) -> bool:
    """Tell whether a waiver is for findings that only several plans together have."""
    return waiver.rule == "shared-pool" or any(True for _ in foreign(waiver, plan))


def foreign(waiver: Waiver, plan: Plan) -> Iterator[str]:
    """Yield the networks of other plans that a waiver names: their prefixed names hold a slash."""
    candidates = [name for name in waiver.networks if "/" in name]
    declared = {network.name for network in plan.networks} if candidates else set()
    yield from (name for name in candidates if name not in declared)


def unused(waiver: Waiver, key: KeyPath) -> Finding:
    """Return the finding on a waiver for what several plans do, which covers nothing of it."""
    return RULES["waiver-unused"].finding(
        f"the waiver of {waiver.rule} waives nothing between the plans",
        key,
        networks=waiver.networks,
        help="take it out, or name every network of the finding, as PLAN/NETWORK",
    )


def _waivers(context: Context) -> Iterator[tuple[KeyPath, Waiver, tuple[Finding, ...]]]:
    for index, (waiver, hits) in enumerate(zip(context.plan.waivers, context.settlement.waived, strict=True)):
        yield ("waive", index), waiver, hits


@rule("waiver-unknown-rule", "error", source=_PLAN)
def waiver_unknown_rule(context: Context) -> Iterator[Finding]:
    """A waiver names a rule that does not exist.

    Why: it waives nothing, and whoever wrote it believes that it does.

    Do: correct the name; `ipplan rules` lists all rules.
    """
    for key, waiver, _ in _waivers(context):
        if waiver.rule not in RULES:
            from ipplan.plan.load import nearest

            near = nearest(waiver.rule, RULES)
            yield RULES["waiver-unknown-rule"].finding(
                f"the waiver names rule {waiver.rule}, and there is no such rule",
                (*key, "rule"),
                networks=waiver.networks,
                help=f"did you mean {near}?" if near else None,
            )


@rule("waiver-expired", "warning", source=_PLAN)
def waiver_expired(context: Context) -> Iterator[Finding]:
    """The last day of a waiver is over.

    Why: what it waived counts again, and nobody answers for it any more.

    Do: put right what it waived, or have its owner renew it.
    """
    for key, waiver, _ in _waivers(context):
        if waiver.rule in RULES and expired(waiver, context.today) and waiver.until is not None:
            owner = f"; ask {waiver.owner}" if waiver.owner else ""
            yield RULES["waiver-expired"].finding(
                f"the waiver of {waiver.rule} expired on {waiver.until.isoformat()}",
                (*key, "until"),
                networks=waiver.networks,
                because=(f"its reason was: {waiver.reason}",),
                help=f"put right what it waived, or renew it{owner}",
            )


@rule("waiver-unused", "warning", source=_PLAN)
def waiver_unused(context: Context) -> Iterator[Finding]:
    """A waiver waives nothing.

    Why: the finding is gone, or the waiver never matched it; left in place it may hide one that comes later.

    Do: take it out, or name exactly the networks of the finding: both of them for an overlap.
    """
    findings = context.settlement.findings
    first: dict[tuple[str, str], int] = {}
    for place, finding in enumerate(findings if context.plan.waivers else ()):
        for name in finding.networks:
            first.setdefault((finding.rule, name), place)
    for key, waiver, hits in _waivers(context):
        if waiver.rule not in RULES or hits or expired(waiver, context.today):
            continue
        if waiver.rule == "drift" and context.against is None:
            # Nothing was compared, so nothing tells whether the waiver is needed.
            continue
        if judges_several(waiver, context.plan):
            # The judgement of several plans together tells.
            continue
        places = [first[waiver.rule, n] for n in waiver.networks if (waiver.rule, n) in first]
        near = findings[min(places)] if places else None
        yield RULES["waiver-unused"].finding(
            f"the waiver of {waiver.rule} waives nothing",
            key,
            networks=waiver.networks,
            because=(f"a finding of the rule concerns {', '.join(near.networks)}",) if near else (),
            help=f"name its networks: {', '.join(near.networks)}" if near else "take it out",
        )


@rule("waiver-too-broad", "warning", source=_PLAN)
def waiver_too_broad(context: Context) -> Iterator[Finding]:
    """A waiver covers more than the findings that it was written for.

    Why: it waives every later finding of its rule too, or of networks that have none now, before anybody sees it.

    Do: name exactly the networks of the findings that it is meant for.
    """
    for key, waiver, hits in _waivers(context):
        concerned = {name for finding in hits for name in finding.networks}
        others = set(foreign(waiver, context.plan))
        spare = [name for name in waiver.networks if name not in concerned and name not in others]
        if hits and not waiver.networks and concerned:
            why = f"it names no networks and waives all {len(hits):,} findings of the rule, and later ones"
            help_ = f"name the networks that are meant, among {', '.join(sorted(concerned)[:8])}"
        elif hits and spare:
            why = f"no finding of the rule concerns {', '.join(spare)}"
            help_ = f"leave out {', '.join(spare)}"
        else:
            continue
        yield RULES["waiver-too-broad"].finding(
            f"the waiver of {waiver.rule} is too broad: {why}",
            (*key, "networks") if waiver.networks else key,
            networks=waiver.networks,
            help=help_,
        )
