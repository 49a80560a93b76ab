"""What `allocate` returns, as values; every output is made from these alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from ipplan.addresses import Prefix
    from ipplan.findings import Source
    from ipplan.plan.model import Network

Status = Literal["allocated", "pinned", "default", "to-order"]


class Row(NamedTuple):
    """What became of one declared network. `prefix` is None exactly where IBM Cloud has to provide it.

    `pool` is the first pool that holds the prefix, if any does. `held` is the larger block that is kept for the
    network to grow to, None where it asks for no room.
    """

    network: Network
    status: Status
    prefix: Prefix | None
    pool: Prefix | None
    reason: str
    held: Prefix | None = None


class Group(NamedTuple):
    """A group as it lies: the smallest prefix around its networks and their room to grow.

    `alone` tells whether nothing but the group is in that prefix, so that one route leads to it and to nothing
    else. A group whose networks are of both IP versions is told once for each.
    """

    name: str
    prefix: Prefix
    networks: tuple[str, ...]
    alone: bool


class PoolReport(NamedTuple):
    """How full a pool is, in addresses: unusable + allocated + free = size.

    Unusable is what the catalogue, `[[avoid]]` and links take; allocated is what networks of the plan hold beside
    that, room kept for growth and for groups included.
    """

    prefix: Prefix
    given: str
    unusable: int
    allocated: int
    free: int
    largest_free: Prefix | None


class Failure(NamedTuple):
    """A network that found no place. `needs` and `largest_free` are prefix lengths.

    `largest_free` is the largest free block that the network may use with all others placed; None for none.
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
    """The whole result, rows and failures in the order of the plan.

    Invariant, verified when `allocate` builds it: allocated prefixes are pairwise disjoint, each inside a
    pool that its network may use and outside every reservation; with any failure no row is allocated.
    """

    plan_name: str | None
    file: str
    edition: str
    pools: tuple[PoolReport, ...]
    rows: tuple[Row, ...]
    failures: tuple[Failure, ...]
    skipped: tuple[Skipped, ...]
    free: tuple[Prefix, ...]
    groups: tuple[Group, ...] = ()
    """The groups in the order in which the plan names them, those without a placed network left out."""
    moved: tuple[tuple[str, str], ...] = ()
    """Networks that could not be kept where an earlier allocation had them, in plan order, each with why."""

    @property
    def ok(self) -> bool:
        """Whether every network has its place."""
        return not self.failures
