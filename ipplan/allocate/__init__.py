"""Allocate the networks of a plan that state no range: from plan and catalogue to an `Allocation`.

A function of its arguments alone. It must not know how a result is printed, and it never changes a plan.
How blocks find their places is `packing`; what would make them fit is `advice`; `verify` looks at the result
again.

The whole allocation stands or falls together: where one network finds no place, none is allocated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.allocate.accounts import PoolIndex, count, list_skipped
from ipplan.allocate.demand import Wanted, list_taken, list_wanted
from ipplan.allocate.job import Job
from ipplan.allocate.result import Allocation, Failure, PoolReport, Row, Skipped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ipplan.addresses import Prefix
    from ipplan.allocate.packing import Span
    from ipplan.catalog import Catalog
    from ipplan.plan.model import Plan

__all__ = ["Allocation", "Failure", "PoolReport", "Row", "Skipped", "allocate"]


def allocate(plan: Plan, catalog: Catalog, *, data_centers_only: bool = False) -> Allocation:
    """Give every network without a range its place, or tell what is missing.

    `data_centers_only` narrows IBM's customer private ranges to those of the plan's data centers. The same
    arguments give the same result. Raises AllocationDefectError where the result does not hold.
    """
    taken = list_taken(plan, catalog, frozenset(plan.data_centers) if data_centers_only else None)
    wanted = list(list_wanted(plan))
    failures: dict[str, Failure] = {}
    placed: dict[str, Prefix] = {}
    notes: dict[str, str] = {}
    held: dict[int, list[Span]] = {}
    for version in (4, 6):
        job = Job(plan, version, taken, [w for w in wanted if w.version == version])
        job.run()
        failures.update(job.failures)
        placed.update(job.placed)
        notes.update(job.notes)
        held[version] = job.held
    if failures:
        placed, held = {}, {}
    pools, free = count(plan, taken, held)
    return Allocation(
        plan_name=plan.name,
        file=plan.file,
        edition=catalog.edition,
        pools=pools,
        rows=_rows(plan, wanted, placed, notes),
        failures=tuple(failures[n.name] for n in plan.networks if n.name in failures) if failures else (),
        skipped=list_skipped(plan, taken),
        free=free,
    )


def _rows(
    plan: Plan, wanted: Sequence[Wanted], placed: dict[str, Prefix], notes: dict[str, str]
) -> tuple[Row, ...]:
    """Return a row for every declared network that has a place or needs none from us, in plan order."""
    pools = PoolIndex(plan)
    sizings = {network[0]: sizing for network, _, sizing, _, _ in wanted}
    defaults = {n.name: n.prefix for n in plan.defaults if n.declared}
    only = plan.pools[0].prefix if len(plan.pools) == 1 else None
    rows = []
    for network in plan.networks:
        name = network.name
        prefix: Prefix | None
        if (prefix := network.prefix) is not None:
            rows.append(Row(network, "pinned", prefix, pools.holding(prefix), "pinned in the plan"))
        elif name in sizings:
            if (prefix := placed.get(name)) is not None:
                reason = sizings[name][1]
                if name in notes:
                    reason = f"{reason}; {notes[name]}"
                pool = network.pool or only or pools.holding(prefix)
                rows.append(tuple.__new__(Row, (network, "allocated", prefix, pool, reason)))
        elif (prefix := defaults.get(name)) is not None:
            what = f"the default {network.kind.role} range of {(network.kind.platform or '').upper()}"
            rows.append(Row(network, "default", prefix, pools.holding(prefix), what))
        else:
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
