"""Overlaps inside the plan: between networks, and with space that the plan avoids."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.addresses import PrefixIndex
from ipplan.checks.labels import label
from ipplan.checks.registry import rule
from ipplan.checks.sources import ARCHITECTURE
from ipplan.findings import Related, Source

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ipplan.checks.context import Context
    from ipplan.checks.sweep import Sweep
    from ipplan.findings import Finding, KeyPath, Severity
    from ipplan.landscape.conflicts import Conflict, SetKey
    from ipplan.landscape.ends import Carried
    from ipplan.landscape.verdicts import Judged
    from ipplan.plan.methods import IntegrationKey

MOST_NEIGHBOURS = 8
"""Report at most this many of the networks around one; count the others."""

_MANY_TABLES = 16
"""Remember what is beside a set that more tables than this lead to, instead of computing it for each network."""

FULL_DETAIL = 1000
"""After this many overlaps, report each further network with its nearest neighbour only."""


@rule("error", "warning", source=ARCHITECTURE)
def network_overlap(context: Context) -> Iterator[Finding]:
    """Two networks of the plan share addresses.

    Why: an address in two places is reachable in only one of them, and each router may choose another one. It is an
    error where one routing table leads to both networks: a packet could go to either. NAT on a link removes a range
    from the tables beyond the link and adds the translated range. Where no table leads to both it is a warning, for
    example two clusters that share a default pod range and that nothing joins.

    Do: move one of the two, or translate one with `nat` on its link. The pod and service ranges of a running
    cluster cannot change, so move the other network.
    """
    reported = 0
    for run in overlapping_runs(context):
        around = Around(context.judged)
        for item, first, last in run:
            around.close_before(first)
            outers, further = around.nearest(item, 1 if reported > FULL_DETAIL else MOST_NEIGHBOURS)
            reported += len(outers)
            for outer in outers:
                yield overlap_finding(context, item, outer, further if outer is outers[-1] else 0)
            around.open(item, last)


_Item = tuple["Carried", int, int]
"""A destination with its first and last address."""


def overlapping_runs(context: Context) -> Iterator[list[_Item]]:
    """Yield groups of destinations in address order, in which each overlaps another one of its group."""
    shown: dict[int, list[Carried]] = {}
    if any(link.nat for link in context.plan.links):
        for item in dict.fromkeys(item for item, _, _ in context.judged.tables.translated):
            assert item.shown is not None
            shown.setdefault(item.shown.version, []).append(item)
    for sweep in context.sweeps:
        if sweep.version in shown:
            yield from _runs_of(_with_shown(sweep, shown[sweep.version]))
        else:
            yield from _runs_of_networks(sweep)


def _with_shown(sweep: Sweep, shown: Sequence[Carried]) -> Iterator[_Item]:
    """Yield networks and what links translate them to, in the order of `_place`."""
    from ipplan.landscape.ends import Carried

    items: list[_Item] = [
        (Carried(n), first, last) for n, first, last in zip(sweep.networks, sweep.firsts, sweep.lasts, strict=True)
    ]
    items += [(item, p.first, p.last) for item in shown if (p := item.prefix) is not None]
    yield from sorted(items, key=_place)


def _place(item: _Item) -> tuple[int, int, bool, bool, str]:
    """Return the place in address order: of two that start together the larger first, of equal ones by name.

    So the order in the file does not decide which network a finding is about, nor which ones it names.
    """
    own = item[0].network
    return item[1], -item[2], item[0].shown is not None, own.default, own.name


def _runs_of(items: Iterable[_Item]) -> Iterator[list[_Item]]:
    run: list[_Item] = []
    end = -1
    for item in items:
        if item[1] > end:
            if len(run) > 1:
                yield run
            run = []
        run.append(item)
        end = max(end, item[2])
    if len(run) > 1:
        yield run


def _runs_of_networks(sweep: Sweep) -> Iterator[list[_Item]]:
    """Do the same for networks without translations; most plans have no overlap, so nothing is built for them."""
    networks, firsts, lasts = sweep.networks, sweep.firsts, sweep.lasts

    def run(start: int, end: int) -> list[_Item]:
        from ipplan.landscape.ends import Carried

        items = [(Carried(networks[i]), firsts[i], lasts[i]) for i in range(start, end)]
        equal = any(firsts[i] == firsts[i - 1] and lasts[i] == lasts[i - 1] for i in range(start + 1, end))
        return sorted(items, key=_place) if equal else items

    start, end = 0, -1
    for at, first in enumerate(firsts):
        if first > end:
            if at - start > 1:
                yield run(start, at)
            start = at
        if lasts[at] > end:
            end = lasts[at]
    if len(firsts) - start > 1:
        yield run(start, len(firsts))


class Around:
    """The destinations that contain the next one, as a stack.

    Prefixes nest or are disjoint, so the stack has exactly what is around the next one. Each set of the tables has
    a stack of its own too, so that thousands of clusters on one default range cost no more than few.
    """

    def __init__(self, landscape: Judged) -> None:
        self._landscape = landscape
        self._tables = landscape.tables
        self._all: list[tuple[Carried, int, tuple[SetKey, ...]]] = []
        self._by_set: dict[SetKey, list[int]] = {}
        # For each set that many tables lead to: the sets beside it in them, and the places of destinations in these.
        self._beside: dict[SetKey, tuple[frozenset[SetKey], list[int]]] = {}

    def open(self, item: Carried, last: int) -> None:
        """Add a destination until its last address is passed."""
        sets = self._tables.sets_of(item)
        for key in sets:
            self._by_set.setdefault(key, []).append(len(self._all))
        for near, places in self._beside.values():
            if not near.isdisjoint(sets):
                places.append(len(self._all))
        self._all.append((item, last, sets))

    def close_before(self, first: int) -> None:
        """Remove the destinations that end before an address."""
        while self._all and self._all[-1][1] < first:
            for key in self._all.pop()[2]:
                stack = self._by_set[key]
                stack.pop()
                if not stack:
                    del self._by_set[key]
            for _, places in self._beside.values():
                if places and places[-1] == len(self._all):
                    places.pop()

    def nearest(self, item: Carried, most: int) -> tuple[list[Carried], int]:
        """Return up to `most` destinations around this one, and how many more there are.

        Conflicts come before other overlaps, and in both the nearest first.
        """
        if not self._all:
            return [], 0
        from ipplan.landscape.verdicts import judge

        conflicts = self._conflicts(item, most)
        found: list[Carried] = []
        for at in sorted(conflicts, reverse=True):
            if len(found) == most:
                break
            if judge(self._landscape, item, self._all[at][0]) is not None:
                found.append(self._all[at][0])
        looked = 0
        for at in range(len(self._all) - 1, max(-1, len(self._all) - 1 - most * 8), -1):
            if len(found) == most:
                break
            looked += 1
            if at not in conflicts and judge(self._landscape, item, self._all[at][0]) is not None:
                found.append(self._all[at][0])
        further = len(self._all) - len(found) if len(found) == most or looked < len(self._all) else 0
        return found, further

    def _conflicts(self, item: Carried, most: int) -> set[int]:
        """Return the places of the nearest destinations in sets that share a table with this one."""
        tables = self._tables
        own: list[SetKey] = []
        found: set[int] = set()
        for key in tables.sets_of(item):
            if len(tables.tables_of.get(key, ())) > _MANY_TABLES:
                found.update(self._places_beside(key)[-most * 8 :])
            else:
                own.append(key)
        by_tables = sum(len(tables.table_index[t]) for key in own for t in tables.tables_of.get(key, ()))
        if by_tables <= len(self._by_set) * len(own):
            near = {other for key in own for t in tables.tables_of.get(key, ()) for other in tables.table_index[t]}
            stacks = [self._by_set[key] for key in near if key in self._by_set]
        else:
            stacks = [s for other, s in self._by_set.items() if any(tables.joined(key, other) for key in own)]
        for stack in stacks:
            found.update(stack[-most * 2 :])
        return found

    def _places_beside(self, key: SetKey) -> list[int]:
        """Return the places of what some table leads to beside a set; remembered after the first call."""
        if key not in self._beside:
            tables = self._tables
            near = frozenset(other for t in tables.tables_of[key] for other in tables.table_index[t])
            places = [at for at, (_, _, sets) in enumerate(self._all) if not near.isdisjoint(sets)]
            self._beside[key] = near, places
        return self._beside[key][1]


def overlap_finding(context: Context, inner: Carried, outer: Carried, further: int) -> Finding:
    """Make the finding about two destinations that overlap; the second contains the first."""
    # The finding points at a network that the plan declares, and can move if one of the two can.
    one, two = inner.network, outer.network
    if inner.prefix == outer.prefix and two.kind.provider == "byoip" and one.kind.provider != "byoip":
        first, second = outer, inner
    else:
        first, second = (inner, outer) if one.declared or not two.declared else (outer, inner)
    severity, because = _judged(context, first, second)
    if further:
        because += (f"{further:,} further networks around {one.name} overlap it as well",)
    help_ = (
        (context.space.suggest(first.network) or context.space.suggest(second.network)) if severity == "error" else None
    )
    return network_overlap.finding(
        f"{_label(first)} overlaps {_label(second)}",
        _key(context, first),
        severity=severity,
        networks=(first.network.name, second.network.name),
        cidrs=tuple(item.prefix for item in (first, second) if item.prefix is not None),
        overlap=inner.prefix,
        related=(Related(_key(context, second), second.network.name),),
        because=because,
        help=help_,
    )


def _judged(context: Context, first: Carried, second: Carried) -> tuple[Severity, tuple[str, ...]]:
    """Return the severity of an overlap, and the reason or what would make it a conflict."""
    from ipplan.landscape.verdicts import judge

    found = judge(context.judged, first, second)
    assert found is not None
    if found.conflict is not None:
        return "error", (_reason(found.conflict, first, second),)
    if found.kind == "stretched":
        return "warning", (
            "ipplan takes the ranges as one network that layer 2 extension stretches: assign each address only once",
        )
    return "warning", _what_would(context, first, second)


def _label(item: Carried) -> str:
    return label(item.network) if item.shown is None else f"{item.network.name}, translated to {item.shown},"


def _key(context: Context, item: Carried) -> KeyPath:
    """Return where the plan states the range."""
    if item.shown is not None:
        for link in context.plan.links:
            for number, entry in enumerate(link.nat):
                if entry == (item.network.name, item.shown):
                    return (*link.key, "nat", number, "as")
    return item.network.cidr_key


def _reason(conflict: Conflict, first: Carried, second: Carried) -> str:
    """Say which table leads to both, and through which entries."""
    one, two = conflict.first.words, conflict.second.words
    title = conflict.table.title
    if one == two:
        return f"{title} leads to both {one}"
    return f"{title} leads to both: {_short(first)} {one}, {_short(second)} {two}"


def _short(item: Carried) -> str:
    return item.network.name if item.shown is None else f"{item.network.name} as {item.shown}"


def _what_would(context: Context, first: Carried, second: Carried) -> tuple[str, ...]:
    """Say which change of one integration key would turn a warning into an error."""
    from ipplan.landscape.verdicts import homeless

    for network in (first.network, second.network):
        if homeless(context.judged.ends_for(network), network):
            return (f"the plan does not say where {network.name} is, so no routing table leads to it",)
    would: tuple[tuple[IntegrationKey, str], ...] = ()
    if not context.plan.links and first.shown is None and second.shown is None and context.what_if is not None:
        would = context.what_if.changes_to_conflict(first.network, second.network)
    if would:
        changes = ", ".join(f'{key} = "{method}"' for key, method in would)
        return (f"no routing table leads to both under this integration; {changes} would turn this into an error",)
    return ("no routing table leads to both; a link between them would turn this into an error",)


@rule("warning", source=Source("the plan's own [[avoid]] entries"))
def avoid_overlap(context: Context) -> Iterator[Finding]:
    """A pinned network overlaps space that the plan avoids.

    Why: the author of the entry knows that something is there, and only `allocate` avoids the space by itself.

    Do: move the network, or narrow the entry if it is too wide.
    """
    avoids = sorted(enumerate(context.plan.avoids), key=lambda entry: (entry[1].prefix, entry[0]))
    index = PrefixIndex([avoid.prefix for _, avoid in avoids])
    for network in context.touching(avoid.prefix for _, avoid in avoids):
        if network.prefix is None or not network.declared:
            continue
        for number, avoid in (avoids[i] for i in index.overlapping(network.prefix)):
            reason = f" ({avoid.reason})" if avoid.reason else ""
            yield avoid_overlap.finding(
                f"{label(network)} overlaps avoided space {avoid.prefix}{reason}",
                network.cidr_key,
                networks=(network.name,),
                cidrs=(network.prefix, avoid.prefix),
                overlap=avoid.prefix.shared(network.prefix),
                related=(Related(("avoid", number)),),
                help=context.space.suggest(network),
            )
