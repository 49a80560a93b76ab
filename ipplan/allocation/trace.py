"""The record of an allocation that `ipplan why` reads: what was placed, in which order, in which regions.

The allocator keeps it only when asked to. It must not decide anything.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ipplan.addresses import Prefix
    from ipplan.allocation.demand import Block, Taken, Wanted


class Step(NamedTuple):
    """The placement of one block.

    `breadth` counts the regions that it had to choose from; `prefix` is None where it found no place.
    """

    block: Block
    breadth: int
    prefix: Prefix | None


class Joined(NamedTuple):
    """The placement of networks beside the pinned ones of their group, before all other networks.

    `cover` is the smallest prefix around the group with room for them. It is None, without steps, where none has.
    """

    members: Sequence[Wanted]
    cover: Prefix | None
    steps: tuple[Step, ...]


@dataclass
class Trace:
    """What the allocation of one IP version decided.

    `taken` was reserved before the first step. `joined` by group was placed before `steps`, which are in the order
    of placement. Both are empty where the allocation ended before it came to them.
    """

    taken: Sequence[Taken]
    joined: dict[str, Joined] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
