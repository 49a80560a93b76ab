"""Allocate the networks of a plan that state no range: from plan and catalogue to an `Allocation`.

A function of its arguments alone. It must not know how a result is printed, and it never changes a plan.
How blocks find their places is `packing`; what would make them fit is `advice`; `verify` checks the result
again.

An allocation is complete or empty: where one network finds no place, none is allocated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ipplan.allocation.accounts import count, list_groups, list_skipped
from ipplan.allocation.demand import Taken, Wanted, list_covers, list_taken, list_wanted
from ipplan.allocation.job import Job
from ipplan.allocation.placements import list_placements
from ipplan.allocation.previous import check_kept, keep
from ipplan.allocation.result import Allocation, GroupPlacement, Placement, PoolReport, Shortfall, Skipped
from ipplan.allocation.spans import span

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ipplan.addresses import Prefix
    from ipplan.allocation.previous import Kept
    from ipplan.allocation.spans import Span
    from ipplan.allocation.trace import Trace
    from ipplan.catalog import Catalog
    from ipplan.plan.model import Plan

_MOST_TRIES = 64
"""Try at most 64 allocations to find which of the networks to move can stay after all."""

__all__ = ["Allocation", "GroupPlacement", "Placement", "PoolReport", "Shortfall", "Skipped", "allocate"]


def allocate(
    plan: Plan,
    catalog: Catalog,
    *,
    data_centers_only: bool = False,
    previous: Mapping[str, Prefix] | None = None,
    keep_traces: bool = False,
) -> Allocation:
    """Place every network that has no range, or report what is missing.

    `data_centers_only` narrows IBM's customer private ranges to those of the plan's data centers. `previous` are
    ranges of an earlier allocation by network: what still holds of them is kept, and the rest is placed around
    it; where that leaves no room, as few of them move as are found to be enough. Space between the pinned networks
    of a group is given to others only where nothing else is left. `keep_traces` fills `traces` of the result.
    The same arguments give the same result. Raises AllocationDefectError where the result does not hold.
    """
    taken = list_taken(plan, catalog, frozenset(plan.data_centers) if data_centers_only else None)
    task = _Task(plan, taken, list(list_wanted(plan)), keep_traces)
    kept, moved = keep(task.wanted, taken, previous) if previous else ([], {})
    attempt, covers = _solve(task, list_covers(plan, taken), kept, moved)
    notes = attempt.notes
    for name, why in moved.items():
        notes[name] = f"{why}; {notes[name]}" if name in notes else why
    taken += covers
    placed, held = ({}, {}) if attempt.shortfalls else (attempt.placed, attempt.held)
    placements = tuple(list_placements(plan, task.wanted, placed, notes))
    pools, free = count(plan, taken, held)
    return Allocation(
        plan_name=plan.name,
        file=plan.file,
        edition=catalog.edition,
        pools=pools,
        placements=placements,
        shortfalls=tuple(attempt.shortfalls[n.name] for n in plan.networks if n.name in attempt.shortfalls),
        skipped=list_skipped(plan, taken),
        free=free,
        groups=list_groups(placements, taken),
        moved=tuple((n.name, moved[n.name]) for n in plan.networks if n.name in moved),
        traces=attempt.traces,
    )


class _Task(NamedTuple):
    """What every attempt has in common: what is taken, and what has to be placed beside it."""

    plan: Plan
    taken: Sequence[Taken]
    wanted: Sequence[Wanted]
    keep_traces: bool


class _Attempt:
    """One try to place all that is wanted beside what is taken and what is kept from an earlier allocation.

    `covers` are taken too. `shortfalls` is empty where it succeeded; `held` are the spans that it gave out, by IP
    version.
    """

    def __init__(self, task: _Task, covers: Sequence[Taken], kept: Sequence[Kept], *, advise: bool = True) -> None:
        self.kept = kept
        self.shortfalls: dict[str, Shortfall] = {}
        self.placed: dict[str, Prefix] = {}
        self.notes: dict[str, str] = {}
        self.held: dict[int, list[Span]] = {}
        self.traces: dict[int, Trace] = {}
        staying = {k.wanted.network.name for k in kept}
        taken = [*task.taken, *covers]
        around = [*taken, *(k.taken for k in kept)] if kept else taken
        for version in (4, 6):
            open_ = [w for w in task.wanted if w[1] == version and (not staying or w.network.name not in staying)]
            job = Job(task.plan, version, around, open_, keep_trace=task.keep_traces)
            job.run(advise=advise)
            self.shortfalls.update(job.shortfalls)
            self.placed.update(job.placed)
            self.notes.update(job.notes)
            self.held[version] = job.held
            if job.trace is not None:
                self.traces[version] = job.trace
            if kept:
                check_kept(kept, taken, version)
        for k in kept:
            name = k.wanted.network.name
            self.placed[name] = k.prefix
            self.notes[name] = k.note
            self.held[k.held.version].append(span(k.held))


def _solve(
    task: _Task, covers: list[Taken], kept: Sequence[Kept], moved: dict[str, str]
) -> tuple[_Attempt, list[Taken]]:
    """Return the best attempt, and the covers of groups that it respects.

    Where not all find a place, the covers are given up first, then places of the earlier allocation, with the reason
    in `moved`.
    """
    # Advice is for the last attempt only; where something is kept, `_release` makes another one.
    attempt = _Attempt(task, covers, kept, advise=not kept)
    if attempt.shortfalls and covers:
        without = _Attempt(task, (), kept, advise=False)
        if not without.shortfalls:
            return without, []
    if attempt.shortfalls and kept:
        attempt = _release(attempt, task, moved)
        return attempt, covers if attempt.shortfalls else []
    return attempt, covers


def _release(failed: _Attempt, task: _Task, moved: dict[str, str]) -> _Attempt:
    """Let some of what was kept move, so that all find a place; add the reason for each to `moved`.

    Those of a group with a shortfall come first, then the smallest. None of them moves that could have stayed, as
    far as `_MOST_TRIES` further allocations show. Returns the failed attempt where moving all does not help.
    """
    groups = {w.network.group for w in task.wanted if w.network.name in failed.shortfalls} - {None}
    order = sorted(failed.kept, key=lambda k: (k.wanted.network.group not in groups, -k.held.length))

    def attempt(released: Sequence[Kept]) -> _Attempt:
        names = {k.wanted.network.name for k in released}
        staying = [k for k in failed.kept if k.wanted.network.name not in names]
        return _Attempt(task, (), staying, advise=False)

    number = 1
    while (best := attempt(released := order[:number])).shortfalls:
        if number >= len(order):
            return _Attempt(task, (), ())
        number *= 2
    for k in released[::-1][:_MOST_TRIES]:
        fewer = [other for other in released if other is not k]
        if not (better := attempt(fewer)).shortfalls:
            best, released = better, fewer
    for k in released:
        moved[k.wanted.network.name] = f"moved: with {k.before} kept, not every network finds a place"
    return best
