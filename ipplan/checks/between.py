"""Check several plans together: the findings that concern more than one of them.

What concerns one plan only is left to its own check. No rule is written twice: networks of two plans are judged by
the rules for the networks of one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ipplan.addresses import PrefixIndex
from ipplan.checks.context import Context
from ipplan.checks.labels import label
from ipplan.checks.overlaps import (
    FULL_DETAIL,
    MOST_NEIGHBOURS,
    Around,
    avoid_overlap,
    overlap_finding,
    overlapping_runs,
)
from ipplan.checks.space import Space
from ipplan.checks.together import Together, shared_pool
from ipplan.checks.waivers import expired, judges_several, unused_between, words_of
from ipplan.findings import SEVERITIES, Location, Related
from ipplan.landscape.together import JoinedLandscape
from ipplan.plan.together import SEPARATOR, Places, merged, plan_titles, prefixed

if TYPE_CHECKING:
    import datetime
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from ipplan.catalog import Catalog
    from ipplan.findings import Finding, KeyPath
    from ipplan.plan.model import Network, Plan, Pool, Waiver

    Locate = Callable[[Iterable[KeyPath]], dict[KeyPath, tuple[int, int]]]


class Between(NamedTuple):
    """A finding that concerns several plans, with their numbers. Its key paths are those of the merged plan."""

    finding: Finding
    plans: tuple[int, ...]


class Judgement(NamedTuple):
    """What plans do to each other. `used` are the waivers, by plan and number, that cover a finding.

    `spare` are the findings of each plan about its waivers for several plans that cover nothing.
    """

    together: Together
    findings: tuple[Between, ...]
    used: frozenset[tuple[int, int]]
    spare: tuple[tuple[Finding, ...], ...]


def check_together(plans: Sequence[Plan], catalog: Catalog, today: datetime.date | None = None) -> Judgement:
    """Return the findings that concern more than one plan, those that a waiver covers marked, not yet placed.

    What concerns one plan only is left to its own check. Costs n log n in the networks of all plans, n for each
    plan that has pools, and the findings themselves.
    """
    titles = plan_titles(plans)
    together = Together(tuple(plans), titles, Places(plans, titles))
    context = _TogetherContext(together, catalog)
    findings = (*_overlaps(context), *_avoided(context), *shared_pool.check(context, together))
    found = [_between(context, finding) for finding in findings]
    return _apply_waivers(together, found, today)


def place_between(found: Sequence[Between], places: Places, files: Sequence[tuple[str, Locate]]) -> list[Between]:
    """Give each finding, and its related places, a place in the file of its plan; return all in printing order.

    `files` has the name of each plan's file, and a function that finds line and column of key paths there.
    """
    wanted: list[set[KeyPath]] = [set() for _ in files]
    for finding, _ in found:
        for key in (finding.key, *(related.key for related in finding.related)):
            at, own = places.of_key(key)
            wanted[at].add(own)
    known = [locate(keys) if keys else {} for (_, locate), keys in zip(files, wanted, strict=True)]

    def location(key: KeyPath) -> Location:
        at, own = places.of_key(key)
        return Location(files[at][0], own, *known[at].get(own, (None, None)))

    placed = []
    for finding, plans in found:
        related = tuple(r._replace(key=places.of_key(r.key)[1], location=location(r.key)) for r in finding.related)
        at, key = places.of_key(finding.key)
        finding = finding._replace(key=key, location=location(finding.key), related=related)
        placed.append((SEVERITIES.index(finding.severity), at, finding.sort_key, Between(finding, plans)))
    return [row[-1] for row in sorted(placed, key=lambda row: row[:-1])]


class _TogetherContext(Context):
    """The merged plan, whose networks have the title of their plan before their name."""

    def __init__(self, together: Together, catalog: Catalog) -> None:
        plans = [prefixed(plan, title) for plan, title in zip(together.plans, together.titles, strict=True)]
        super().__init__(merged(plans), catalog)
        self.together = together
        self.judged = JoinedLandscape(self.plan, plans, together.places, catalog)
        self.space = Space(self.plan, catalog, self._pools_of)
        self.what_if = None  # no integration of one plan joins it with another

    def _pools_of(self, network: Network) -> Sequence[Pool]:
        """Return the pools of the plan that a network belongs to."""
        return self.together.plans[self.together.places.of_name(network.name)].pools


def _between(context: _TogetherContext, finding: Finding) -> Between:
    places = context.together.places
    keys = (finding.key, *(related.key for related in finding.related))
    plans = {places.of_key(key)[0] for key in keys} | {places.of_name(name) for name in finding.networks}
    return Between(finding, tuple(sorted(plans)))


def _overlaps(context: _TogetherContext) -> Iterator[Finding]:
    """Yield the overlaps of networks of two plans, by the rule for those of one."""
    places = context.together.places
    reported = 0
    pairs: set[tuple[int, int]] = set()
    for run in overlapping_runs(context):
        around: dict[int, Around] = {}
        for item, first, last in run:
            own = places.of_name(item.network.name)
            before = reported
            for other, stack in around.items():
                pair = (min(own, other), max(own, other))
                many = reported > FULL_DETAIL
                # Of very many overlaps each network has one, and each two plans at least one.
                if other == own or (many and reported > before and pair in pairs):
                    continue
                stack.close_before(first)
                outers, further = stack.nearest(item, 1 if many else MOST_NEIGHBOURS)
                if outers:
                    pairs.add(pair)
                reported += len(outers)
                for outer in outers:
                    yield overlap_finding(context, item, outer, further if outer is outers[-1] else 0)
            mine = around.setdefault(own, Around(context.judged))
            mine.close_before(first)
            mine.open(item, last)


def _avoided(context: _TogetherContext) -> Iterator[Finding]:
    """Yield the pinned BYOIP networks in space that another plan avoids for another reason.

    An entry inside of the network, or around a pool of its plan, is there because of that plan.
    """
    plan, together = context.plan, context.together
    avoids = sorted(enumerate(plan.avoids), key=lambda entry: (entry[1].prefix, entry[0]))
    index = PrefixIndex([avoid.prefix for _, avoid in avoids])
    for network in context.touching(avoid.prefix for _, avoid in avoids):
        prefix = network.prefix
        if prefix is None or network.kind.provider != "byoip" or not network.declared:
            continue
        own = together.places.of_name(network.name)
        for number, avoid in (avoids[i] for i in index.overlapping(prefix)):
            other, _ = together.places.of_key(("avoid", number))
            pools = together.plans[own].pools
            if other == own or prefix.covers(avoid.prefix) or any(avoid.prefix.covers(p.prefix) for p in pools):
                continue
            reason = f" ({avoid.reason})" if avoid.reason else ""
            yield avoid_overlap.finding(
                f"{label(network)} overlaps {avoid.prefix}, which plan {together.titles[other]} avoids{reason}",
                network.cidr_key,
                networks=(network.name,),
                cidrs=(prefix, avoid.prefix),
                overlap=avoid.prefix.shared(prefix),
                related=(Related(("avoid", number)),),
                help=f"move the network; if the entry is there because of it, narrow it to {prefix}",
            )


def _apply_waivers(together: Together, found: Sequence[Between], today: datetime.date | None) -> Judgement:
    """Mark the findings that a waiver of a plan covers: one of the rule that names every network of the finding.

    Networks of other plans have prefixed names there. A waiver that names no networks covers only findings without
    networks, in a plan that they concern.
    """
    waivers: dict[str, list[tuple[int, int, Waiver, frozenset[str]]]] = {}
    for at, (plan, title) in enumerate(zip(together.plans, together.titles, strict=True)):
        declared = {n.name for n in plan.networks} if plan.waivers else set()
        for number, waiver in enumerate(plan.waivers):
            if not expired(waiver, today):
                names = frozenset(title + SEPARATOR + n if n in declared else n for n in waiver.networks)
                waivers.setdefault(waiver.rule, []).append((at, number, waiver, names))
    used: set[tuple[int, int]] = set()
    settled = []
    for finding, plans in found:
        waived = finding.waived
        for at, number, waiver, names in waivers.get(finding.rule, ()):
            covers = set(finding.networks) <= names if finding.networks else not names
            if covers and at in plans:
                used.add((at, number))
                waived = waived or words_of(waiver)
        settled.append(Between(finding._replace(waived=waived), plans))
    spare = tuple(
        tuple(
            unused_between(waiver, ("waive", number))
            for number, waiver in enumerate(plan.waivers)
            if judges_several(waiver, plan) and (at, number) not in used and not expired(waiver, today)
        )
        for at, plan in enumerate(together.plans)
    )
    return Judgement(together, tuple(settled), frozenset(used), spare)
