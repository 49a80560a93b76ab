"""The result of `allocate` as values; every output is made from these alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ipplan.addresses import Prefix
    from ipplan.allocation.trace import Trace
    from ipplan.findings import Source
    from ipplan.plan.model import Network

Status = Literal["allocated", "pinned", "default", "to-order"]


class Placement(NamedTuple):
    """The range of one declared network, and why. `prefix` is None exactly where IBM Cloud has to provide it.

    `pool` is the first pool that holds the prefix, if any does. `held` is the larger block that is kept for the
    network to grow to, None where it asks for no room.
    """

    network: Network
    status: Status
    prefix: Prefix | None
    pool: Prefix | None
    reason: str
    held: Prefix | None = None


class GroupPlacement(NamedTuple):
    """The range of a group: the smallest prefix around its networks and their room to grow.

    `alone` is true where nothing but the group is in that prefix, so that one route leads to it and to nothing
    else. A group with networks of both IP versions has one for each.
    """

    name: str
    prefix: Prefix
    networks: tuple[str, ...]
    alone: bool


class PoolReport(NamedTuple):
    """How full a pool is, in addresses: unusable + allocated + free = size.

    Unusable is what the catalogue, `[[avoid]]` and links take. Allocated is what networks of the plan hold beside
    that, with the room kept for growth and for groups.
    """

    prefix: Prefix
    given: str
    unusable: int
    allocated: int
    free: int
    largest_free: Prefix | None


class Shortfall(NamedTuple):
    """A network that found no place. `needs` and `largest_free` are prefix lengths.

    `largest_free` is the largest free block that the network may use with all others placed; None if there is none.
    """

    network: str
    needs: int
    largest_free: int | None
    message: str
    help: str | None


class Skipped(NamedTuple):
    """A reservation that takes space of a pool; `category` is avoid, link, pinned, default or group for the plan's own."""

    prefix: Prefix
    category: str
    reason: str
    source: Source | None


@dataclass(frozen=True)
class Allocation:
    """The whole result, placements and shortfalls in the order of the plan.

    Invariant, verified when `allocate` builds it: allocated prefixes are pairwise disjoint, each inside a
    pool that its network may use and outside every reservation. With any shortfall nothing is allocated.
    """

    plan_name: str | None
    file: str
    edition: str
    pools: tuple[PoolReport, ...]
    placements: tuple[Placement, ...]
    shortfalls: tuple[Shortfall, ...]
    skipped: tuple[Skipped, ...]
    free: tuple[Prefix, ...]
    groups: tuple[GroupPlacement, ...] = ()
    """The groups with placed networks, in the order of the plan."""
    moved: tuple[tuple[str, str], ...] = ()
    """Networks that could not stay where an earlier allocation had them, in plan order, each with the reason."""
    traces: Mapping[int, Trace] = field(default_factory=dict, compare=False, repr=False)
    """How each IP version was allocated, where `allocate` was asked to keep it."""

    @property
    def ok(self) -> bool:
        """Whether every network has its place."""
        return not self.shortfalls

    @property
    def allocated(self) -> dict[str, Prefix]:
        """The ranges that were allocated, by network."""
        return {p.network.name: p.prefix for p in self.placements if p.status == "allocated" and p.prefix is not None}
