"""What one would write instead: report the overlaps of a TOML plan with netaddr alone.

`python -m benchmarks.alternatives all-pairs|sorted|load PLAN`; `load` stops after reading the TOML.
"""

from __future__ import annotations

import sys
from itertools import combinations
from pathlib import Path
from typing import Any

import tomli


def read(path: str) -> dict[str, Any]:
    """Return the plan as tables."""
    with Path(path).open("rb") as file:
        return tomli.load(file)


def all_pairs(path: str) -> int:
    """Count overlaps by comparing every network with every other."""
    from netaddr import IPNetwork

    networks = [IPNetwork(row["cidr"]) for row in read(path)["networks"].values()]
    return sum(a in b or b in a for a, b in combinations(networks, 2))


def in_order(path: str) -> int:
    """Count networks that overlap one before them in address order."""
    from netaddr import IPNetwork

    found, last = 0, -1
    for network in sorted(IPNetwork(row["cidr"]) for row in read(path)["networks"].values()):
        found += network.first <= last
        last = max(last, network.last)
    return found


if __name__ == "__main__":
    method, plan = sys.argv[1:]
    if method == "load":
        read(plan)
    else:
        print({"all-pairs": all_pairs, "sorted": in_order}[method](plan), "overlaps")
