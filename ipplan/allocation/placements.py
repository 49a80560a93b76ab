"""The placement of every network of a plan, as it is reported: allocated, pinned, on a default, or to be ordered.

Must not place anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.allocation.accounts import PoolIndex
from ipplan.allocation.result import Placement

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ipplan.addresses import Prefix
    from ipplan.allocation.demand import Wanted
    from ipplan.plan.model import Network, Plan


def list_placements(
    plan: Plan, wanted: Sequence[Wanted], placed: Mapping[str, Prefix], notes: Mapping[str, str]
) -> Iterator[Placement]:
    """Yield a placement for every declared network that has a place or needs none from ipplan, in plan order.

    A retired network without a range has none.
    """
    pools = PoolIndex(plan)
    asked = {network[0]: (sizing, held) for network, _, sizing, held, _ in wanted}
    defaults = {n.name: n.prefix for n in plan.defaults if n.declared}
    only = plan.pools[0].prefix if len(plan.pools) == 1 else None
    for network in plan.networks:
        name = network.name
        prefix: Prefix | None
        if (prefix := network.prefix) is not None:
            why = "pinned in the plan"
            if (held := _room(network, prefix)) is not None:
                why = f"{why}; room kept to grow to {held}"
            yield Placement(network, "pinned", prefix, pools.holding(prefix), why, held)
        elif name in asked:
            if (prefix := placed.get(name)) is not None:
                (length, reason, _), wide = asked[name]
                if name in notes:
                    reason = f"{reason}; {notes[name]}"
                pool = network.pool or only or pools.holding(prefix)
                held = None if wide >= length else prefix.supernet(wide)
                yield tuple.__new__(Placement, (network, "allocated", prefix, pool, reason, held))
        elif (prefix := defaults.get(name)) is not None:
            what = f"the default {network.kind.role} range of {(network.kind.platform or '').upper()}"
            yield Placement(network, "default", prefix, pools.holding(prefix), what, _room(network, prefix))
        elif name not in plan.retired.networks:
            kind = network.kind
            side = "" if kind.public is None else "public " if kind.public else "private "
            why = f"IBM Cloud provides it as a {kind.subnet_type} {side}subnet"
            yield Placement(network, "to-order", None, None, why)


def _room(network: Network, prefix: Prefix) -> Prefix | None:
    """Return the larger block that a network with a range keeps to grow to, if it asks for one."""
    if network.grow_to is None or network.grow_to >= prefix.length:
        return None
    return prefix.supernet(network.grow_to)
