"""Plans of any size to measure with: realistic, disjoint, the same on every machine.

Files are written line by line, so that the process that measures stays small (see `measure`).
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from ipplan.addresses import WIDTH, Prefix, format_address, parse_prefix

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ipplan.plan.model import Plan

POOL = "10.224.0.0/12"
"""A pool in which IBM Cloud publishes nothing: pinned networks there have no findings but the note on routes."""

WIDE_POOL = "10.0.0.0/8"
"""A pool of which IBM Cloud publishes more than half: allocation has to find its way."""

TIERS = ("web", "app", "db", "cache")


def write_check_plan(path: Path, networks: int) -> None:
    """Write a plan of pinned networks, one [networks.NAME] table each."""
    pool = parse_prefix(POOL)
    length = max(24, pool.length + (networks - 1).bit_length())
    size = 1 << WIDTH[4] - length
    with path.open("w", encoding="utf-8") as file:
        file.write(f'schema = 1\n\n[plan]\nname = "measured"\ndata-centers = ["dal10"]\nbyoip = ["{POOL}"]\n')
        for index in range(networks):
            tier = TIERS[index % len(TIERS)]
            cidr = f"{format_address(4, pool.first + index * size)}/{length}"
            file.write(
                f'\n[networks.vm-{index:06}-{tier}]\nkind = "vcs-vm"\ncidr = "{cidr}"\n'
                f'description = "{tier} tier of application {index // len(TIERS)}"\n'
            )


def write_allocation_plan(path: Path, networks: int, avoided: int) -> None:
    """Write the plan that `allocation_plan` builds in memory."""
    with path.open("w", encoding="utf-8") as file:
        file.write(f'schema = 1\n\n[plan]\nname = "measured"\nbyoip = ["{WIDE_POOL}"]\n')
        for prefix in _avoided(avoided):
            file.write(f'\n[[avoid]]\ncidr = "{prefix}"\nreason = "taken"\n')
        for name, length in _requests(networks):
            file.write(f'\n[networks.{name}]\nkind = "vcs-vm"\nprefix = {length}\n')


def allocation_plan(networks: int, avoided: int) -> Plan:
    """Return a plan of networks to allocate, /28 to /32 mixed, around avoided ranges."""
    from ipplan.plan.kinds import KINDS
    from ipplan.plan.model import Avoid, Network, Plan, Pool

    kind = KINDS["vcs-vm"]
    return Plan(
        file="measured.toml",
        name="measured",
        pools=(Pool(parse_prefix(WIDE_POOL)),),
        avoids=tuple(Avoid(prefix, "taken") for prefix in _avoided(avoided)),
        networks=tuple(Network(name, kind, length=length) for name, length in _requests(networks)),
    )


def _requests(count: int) -> Iterator[tuple[str, int]]:
    chosen = random.Random(1)
    for index in range(count):
        yield f"vm-{index:06}-{TIERS[index % len(TIERS)]}", chosen.randint(28, 32)


def _avoided(count: int) -> Iterator[Prefix]:
    """Yield disjoint /26s, one at a random place in each of as many equal slices of the pool."""
    pool = parse_prefix(WIDE_POOL)
    chosen = random.Random(2)
    slice_size = pool.size // max(count, 1)
    for index in range(count):
        first = pool.first + index * slice_size + chosen.randrange(slice_size - 64)
        yield Prefix(4, -(-first // 64) * 64, 26)
