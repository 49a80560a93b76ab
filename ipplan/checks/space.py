"""Compute the space of a plan's pools: what can be allocated, what is free, and where a network could move to."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from ipplan.addresses import RangeSet

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ipplan.addresses import Prefix
    from ipplan.catalog import Catalog
    from ipplan.plan.model import Network, Plan, Pool

_MOST_SUGGESTIONS = 200
"""Suggest free prefixes for at most this many networks: each costs a walk over the free space."""


class Space:
    """The space of the pools of a plan. `pools_of` returns the pools for a network; all pools if it is not given."""

    def __init__(
        self, plan: Plan, catalog: Catalog, pools_of: Callable[[Network], Sequence[Pool]] | None = None
    ) -> None:
        self._plan = plan
        self._catalog = catalog
        self._pools_of = pools_of
        self._suggested: dict[str, str | None] = {}

    @cached_property
    def pools(self) -> RangeSet:
        """All addresses of the pools."""
        return RangeSet(pool.prefix for pool in self._plan.pools)

    @cached_property
    def usable(self) -> RangeSet:
        """What can be allocated: the pools without reserved and avoided space."""
        return self._without_reservations(self._plan.kept_clear)

    @cached_property
    def firm(self) -> RangeSet:
        """What could be allocated without `keep-clear`: only the platforms of the plan are kept clear."""
        return self._without_reservations(self._plan.platforms)

    def _without_reservations(self, keep_clear: frozenset[str]) -> RangeSet:
        avoided = (row.prefix for row in self._catalog.avoided(None, keep_clear))
        return self.pools - RangeSet(avoided) - RangeSet(aside.prefix for aside in self._plan.set_aside)

    @cached_property
    def free(self) -> RangeSet:
        """What a plan may still allocate: the usable space without the ranges of its networks."""
        return self.usable - RangeSet(n.prefix for n in self._plan.ranges() if n.prefix is not None)

    @cached_property
    def _unsuggested(self) -> RangeSet:
        """The free space without the prefixes that were suggested already."""
        return self.free

    def suggest(self, network: Network) -> str | None:
        """Return the next step "PREFIX is free in pool POOL" for a network that could move, else None.

        The prefix has the size of the network, and is suggested to no other network.
        """
        if network.prefix is None or network.kind.provider != "byoip":
            return None
        if network.name not in self._suggested and len(self._suggested) < _MOST_SUGGESTIONS:
            self._suggested[network.name] = self._suggest(network, network.prefix)
        return self._suggested.get(network.name)

    def _suggest(self, network: Network, wanted: Prefix) -> str | None:
        pools = self._plan.pools if self._pools_of is None else self._pools_of(network)
        for pool in pools:
            if network.pool not in (None, pool.prefix) or pool.prefix.version != wanted.version:
                continue
            free = self._unsuggested.lowest_prefix(wanted.length, pool.prefix)
            if free is not None:
                self._unsuggested = self._unsuggested.without(free)
                return f"{free} is free in pool {pool.prefix} for {network.name}"
        return None
