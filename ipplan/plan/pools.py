"""Plans made for a question rather than read: other pools, and the networks of the reference architecture.

Knows nothing of how pools are typed, or what is allocated from them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ipplan.plan.kinds import KINDS
from ipplan.plan.model import Network, Plan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ipplan.plan.model import Pool

_REFERENCE = (
    ("vms", "vcs-vm"),
    ("icp-pods", "icp-pod"),
    ("icp-services", "icp-service"),
    ("icp-workers", "icp-worker"),
)
"""The networks that the enterprise brings in the reference architecture, by name and kind."""


class UnknownPoolError(ValueError):
    """A network names a pool that is not among the given ones."""

    def __init__(self, network: str, pool: str) -> None:
        super().__init__(f"network {network} names pool {pool}, which is not among the given pools")
        self.network = network
        self.pool = pool


def reference_plan() -> Plan:
    """Return the four BYOIP networks of the reference architecture, at their default sizes."""
    networks = tuple(Network(name, KINDS[kind]) for name, kind in _REFERENCE)
    return Plan(file="<reference architecture>", name="reference-architecture", networks=networks)


def with_pools(plan: Plan, pools: Sequence[Pool]) -> Plan:
    """Return the plan with these pools instead of its own; without any, the plan itself.

    Raises UnknownPoolError where a network names a pool that is not among them.
    """
    if not pools:
        return plan
    known = {pool.prefix for pool in pools}
    for network in plan.networks:
        if network.pool is not None and network.pool not in known:
            raise UnknownPoolError(network.name, str(network.pool))
    return replace(plan, pools=tuple(pools))
