"""Allocate the networks of a plan that state no range: from plan and catalogue to an `Allocation`.

A function of its arguments alone. It must not know how a result is printed, and it never changes a plan.
How blocks find their places is `packing`; what would make them fit is `advice`; `verify` looks at the result
again.

The whole allocation stands or falls together: where one network finds no place, none is allocated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.allocation.accounts import PoolIndex, count, list_groups, list_skipped
from ipplan.allocation.demand import Taken, Wanted, list_covers, list_taken, list_wanted, span
from ipplan.allocation.job import Job
from ipplan.allocation.previous import check_kept, keep
from ipplan.allocation.result import Allocation, Failure, Group, PoolReport, Row, Skipped

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ipplan.addresses import Prefix
    from ipplan.allocation.packing import Span
    from ipplan.allocation.previous import Kept
    from ipplan.catalog import Catalog
    from ipplan.plan.model import Network, Plan

_MOST_TRIES = 64
"""Allocations tried at most to find which of those to move can stay after all."""

__all__ = ["Allocation", "Failure", "Group", "PoolReport", "Row", "Skipped", "allocate"]


def allocate(
    plan: Plan,
    catalog: Catalog,
    *,
    data_centers_only: bool = False,
    previous: Mapping[str, Prefix] | None = None,
) -> Allocation:
    """Give every network without a range its place, or tell what is missing.

    `data_centers_only` narrows IBM's customer private ranges to those of the plan's data centers. `previous` are
    ranges of an earlier allocation by network: what still holds of them is kept, and the rest is placed around
    it; where that leaves no room, as few of them move as are found to be enough. Space between the pinned networks
    of a group is given to others only where nothing else is left. The same arguments give the same result.
    Raises AllocationDefectError where the result does not hold.
    """
    taken = list_taken(plan, catalog, frozenset(plan.data_centers) if data_centers_only else None)
    covers = list_covers(plan, taken)
    wanted = list(list_wanted(plan))
    kept, moved = keep(wanted, taken, previous) if previous else ([], {})
    attempt = _Attempt(plan, [*taken, *covers], wanted, kept)
    if attempt.failures and covers:
        without = _Attempt(plan, taken, wanted, kept)
        if not without.failures:
            attempt, covers = without, []
    if attempt.failures and kept:
        attempt = _release(attempt, plan, taken, wanted, moved)
        covers = covers if attempt.failures else []
    notes = attempt.notes
    for name, why in moved.items():
        notes[name] = f"{why}; {notes[name]}" if name in notes else why
    taken += covers
    placed = {} if attempt.failures else attempt.placed
    rows = _rows(plan, wanted, placed, notes)
    pools, free = count(plan, taken, {} if attempt.failures else attempt.held)
    return Allocation(
        plan_name=plan.name,
        file=plan.file,
        edition=catalog.edition,
        pools=pools,
        rows=rows,
        failures=tuple(attempt.failures[n.name] for n in plan.networks if n.name in attempt.failures),
        skipped=list_skipped(plan, taken),
        free=free,
        groups=list_groups(rows, taken),
        moved=tuple((n.name, moved[n.name]) for n in plan.networks if n.name in moved),
    )


class _Attempt:
    """One try to place all that is wanted beside what is taken and what is kept from an earlier allocation.

    `failures` are empty where it succeeded; `held` are the spans that it gave out, by IP version.
    """

    def __init__(
        self,
        plan: Plan,
        taken: Sequence[Taken],
        wanted: Sequence[Wanted],
        kept: Sequence[Kept],
        *,
        advise: bool = True,
    ) -> None:
        self.kept = kept
        self.failures: dict[str, Failure] = {}
        self.placed: dict[str, Prefix] = {}
        self.notes: dict[str, str] = {}
        self.held: dict[int, list[Span]] = {}
        staying = {k.wanted.network.name for k in kept}
        around = [*taken, *(k.taken for k in kept)] if kept else taken
        for version in (4, 6):
            open_ = [w for w in wanted if w[1] == version and (not staying or w.network.name not in staying)]
            job = Job(plan, version, around, open_)
            job.run(advise=advise)
            self.failures.update(job.failures)
            self.placed.update(job.placed)
            self.notes.update(job.notes)
            self.held[version] = job.held
            if kept:
                check_kept(kept, taken, version)
        for k in kept:
            name = k.wanted.network.name
            self.placed[name] = k.prefix
            self.notes[name] = k.note
            self.held[k.held.version].append(span(k.held))


def _release(
    failed: _Attempt, plan: Plan, taken: Sequence[Taken], wanted: Sequence[Wanted], moved: dict[str, str]
) -> _Attempt:
    """Let some of what was kept move, so that all find a place; tell of each in `moved`.

    Those of a group with a shortfall come first, then the smallest. None of them stays that did not have to move,
    as far as `_MOST_TRIES` further allocations tell. Returns the failed attempt where moving all does not help.
    """
    groups = {w.network.group for w in wanted if w.network.name in failed.failures} - {None}
    order = sorted(failed.kept, key=lambda k: (k.wanted.network.group not in groups, -k.held.length))

    def attempt(released: Sequence[Kept]) -> _Attempt:
        names = {k.wanted.network.name for k in released}
        staying = [k for k in failed.kept if k.wanted.network.name not in names]
        return _Attempt(plan, taken, wanted, staying, advise=False)

    number = 1
    while (best := attempt(released := order[:number])).failures:
        if number >= len(order):
            return _Attempt(plan, taken, wanted, ())
        number *= 2
    for k in released[::-1][:_MOST_TRIES]:
        fewer = [other for other in released if other is not k]
        if not (better := attempt(fewer)).failures:
            best, released = better, fewer
    for k in released:
        moved[k.wanted.network.name] = f"moved: with {k.before} kept, not every network finds a place"
    return best


def _rows(plan: Plan, wanted: Sequence[Wanted], placed: dict[str, Prefix], notes: dict[str, str]) -> tuple[Row, ...]:
    """Return a row for every declared network that has a place or needs none from us, in plan order.

    A retired one without a range has nothing to hold, and no row.
    """
    pools = PoolIndex(plan)
    asked = {network[0]: (sizing, held) for network, _, sizing, held, _ in wanted}
    defaults = {n.name: n.prefix for n in plan.defaults if n.declared}
    only = plan.pools[0].prefix if len(plan.pools) == 1 else None
    rows = []
    for network in plan.networks:
        name = network.name
        prefix: Prefix | None
        if (prefix := network.prefix) is not None:
            why = "pinned in the plan"
            if (held := _room(network, prefix)) is not None:
                why = f"{why}; room kept to grow to {held}"
            rows.append(Row(network, "pinned", prefix, pools.holding(prefix), why, held))
        elif name in asked:
            if (prefix := placed.get(name)) is not None:
                (length, reason, _), wide = asked[name]
                if name in notes:
                    reason = f"{reason}; {notes[name]}"
                pool = network.pool or only or pools.holding(prefix)
                held = None if wide >= length else prefix.supernet(wide)
                rows.append(tuple.__new__(Row, (network, "allocated", prefix, pool, reason, held)))
        elif (prefix := defaults.get(name)) is not None:
            what = f"the default {network.kind.role} range of {(network.kind.platform or '').upper()}"
            rows.append(Row(network, "default", prefix, pools.holding(prefix), what, _room(network, prefix)))
        elif name not in plan.retired.networks:
            kind = network.kind
            side = "" if kind.public is None else "public " if kind.public else "private "
            rows.append(
                Row(
                    network,
                    "to-order",
                    None,
                    None,
                    f"IBM Cloud provides it as a {kind.subnet_type} {side}subnet",
                )
            )
    return tuple(rows)


def _room(network: Network, prefix: Prefix) -> Prefix | None:
    """Return the larger block that a network with a range keeps to grow to, if it asks for one."""
    if network.grow_to is None or network.grow_to >= prefix.length:
        return None
    return prefix.supernet(network.grow_to)
