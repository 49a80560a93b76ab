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


def write_edge_plan(path: Path, edges: int) -> None:
    """Write a plan of edges, each with its uplinks, transit and one VM network, and no cluster."""
    with path.open("w", encoding="utf-8") as file:
        file.write('schema = 1\n\n[plan]\nbyoip = ["172.24.0.0/13", "10.224.0.0/12"]\n')
        for index in range(edges):
            names = (
                ("public", "vcs-esg-public", f"{_nth('169.48.0.0', 28, index)}"),
                ("private", "vcs-esg-private", f"{_nth('10.176.0.0', 28, index)}"),
                ("transit", "vcs-transit", f"{_nth('172.24.0.0', 29, index)}"),
                ("vm", "vcs-vm", f"{_nth('10.224.0.0', 24, index)}"),
            )
            for what, kind, cidr in names:
                file.write(f'\n[networks.{what}-{index}]\nkind = "{kind}"\nedge = "edge-{index}"\ncidr = "{cidr}"\n')
                if kind.startswith("vcs-esg"):
                    file.write("addresses = { uplink = 2 }\n")


def write_cluster_plan(path: Path, clusters: int) -> None:
    """Write a plan of as many IKS as ICP clusters behind one edge, with a tunnel between every two of them."""
    with path.open("w", encoding="utf-8") as file:
        file.write(
            'schema = 1\n\n[plan]\nbyoip = ["10.224.0.0/12", "172.24.0.0/14"]\n\n[integration]\nicp-vcs = "nat"\n'
            'iks-vcs = "strongswan"\niks-icp = "strongswan"\nenterprise = "none"\n'
        )
        for what, kind, cidr in (
            ("public", "vcs-esg-public", "169.48.0.0/20"),
            ("private", "vcs-esg-private", "10.176.0.0/20"),
            ("transit", "vcs-transit", "172.24.0.0/29"),
            ("vm", "vcs-vm", "172.24.1.0/24"),
        ):
            file.write(f'\n[networks.{what}]\nkind = "{kind}"\ncidr = "{cidr}"\n')
            if kind.startswith("vcs-esg"):
                file.write("addresses = { uplink = 2 }\n")
        for index in range(clusters):
            for platform, networks in (
                (
                    "iks",
                    (
                        ("pods", "iks-pod", _nth("10.224.0.0", 22, index), ""),
                        ("services", "iks-service", _nth("10.232.0.0", 24, index), ""),
                        ("workers", "iks-worker-private", _nth("10.160.0.0", 26, index), ""),
                        (
                            "ingress",
                            "iks-ingress-public",
                            _nth("169.60.0.0", 28, index),
                            "strongswan = 3, icp-strongswan = 4",
                        ),
                    ),
                ),
                (
                    "icp",
                    (
                        ("pods", "icp-pod", _nth("10.228.0.0", 22, index), ""),
                        ("services", "icp-service", _nth("10.234.0.0", 24, index), ""),
                        ("workers", "icp-worker", _nth("172.26.0.0", 27, index), "strongswan = 12"),
                    ),
                ),
            ):
                cluster = f"{platform}-{index}"
                file.write(f'\n[clusters.{cluster}]\nplatform = "{platform}"\n')
                for what, kind, cidr, addresses in networks:
                    file.write(
                        f'\n[networks.{cluster}-{what}]\nkind = "{kind}"\ncluster = "{cluster}"\ncidr = "{cidr}"\n'
                    )
                    if kind == "icp-worker":
                        # An ESG has ten interfaces, so it cannot be the gateway of all of them.
                        file.write('gateway-on = "dlr"\n')
                    if addresses:
                        file.write(f"addresses = {{ {addresses} }}\n")


def write_linked_plan(path: Path, clusters: int) -> None:
    """Write a plan of IKS clusters on their default ranges, each with a link to an edge of its own."""
    with path.open("w", encoding="utf-8") as file:
        file.write("schema = 1\n")
        for index in range(clusters):
            file.write(
                f'\n[edges.edge-{index}]\n[clusters.iks-{index}]\nplatform = "iks"\n'
                f'[[link]]\nbetween = ["iks-{index}", "edge-{index}"]\nmethod = "strongswan"\n'
            )


def write_flow_plan(path: Path, networks: int, clusters: int) -> None:
    """Write a plan of VM networks and IKS clusters, joined by tunnels behind one edge."""
    with path.open("w", encoding="utf-8") as file:
        file.write(
            'schema = 1\n\n[plan]\nbyoip = ["10.224.0.0/11", "172.24.0.0/13"]\n\n[integration]\n'
            'icp-vcs = "none"\niks-vcs = "strongswan"\niks-icp = "none"\nenterprise = "routed"\n'
        )
        rows = [
            ("public", "vcs-esg-public", "169.48.0.0/28", "", "uplink = 4"),
            ("private", "vcs-esg-private", "10.176.0.0/28", "", "uplink = 4"),
            ("transit", "vcs-transit", "172.24.0.0/29", "", ""),
            ("office", "enterprise", "192.168.64.0/20", "", ""),
        ]
        rows += [(f"vm-{i}", "vcs-vm", _nth("10.224.0.0", 24, i), "", "") for i in range(networks)]
        for index in range(clusters):
            name = f"iks-{index}"
            file.write(f'\n[clusters.{name}]\nplatform = "iks"\n')
            rows += [
                (f"{name}-pods", "iks-pod", _nth("172.26.0.0", 20, index), name, ""),
                (f"{name}-services", "iks-service", _nth("172.28.0.0", 24, index), name, ""),
                (f"{name}-workers", "iks-worker-private", _nth("10.160.0.0", 26, index), name, ""),
                (
                    f"{name}-ingress",
                    "iks-ingress-public",
                    _nth("169.60.0.0", 28, index),
                    name,
                    "alb = 4, strongswan = 5",
                ),
            ]
        for name, kind, cidr, cluster, addresses in rows:
            file.write(f'\n[networks.{name}]\nkind = "{kind}"\ncidr = "{cidr}"\n')
            if cluster:
                file.write(f'cluster = "{cluster}"\n')
            if addresses:
                file.write(f"addresses = {{ {addresses} }}\n")


def write_table(path: Path, rows: int) -> None:
    """Write a CSV as an IPAM exports it: ranges with a name, a place and a few words."""
    lines = (
        f"{11 + (i >> 16)}.{i >> 8 & 255}.{i & 255}.0/24,net-{i},site {i % 90},office of team {i % 1000}\n"
        for i in range(rows)
    )
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write("cidr,name,site,description\n")
        file.writelines(lines)


def _nth(first: str, length: int, index: int) -> str:
    """Return the n-th prefix of a length behind an address."""
    start = parse_prefix(f"{first}/32").first
    return f"{format_address(4, start + (index << (WIDTH[4] - length)))}/{length}"
