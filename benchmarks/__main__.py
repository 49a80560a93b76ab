"""Print the figures: `python -m benchmarks [NAME...] [--rounds N]`."""

from __future__ import annotations

import argparse
import sys
from math import log
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from benchmarks.measure import Command, interleave, peak, ratio, seconds
from benchmarks.plans import (
    write_allocation_plan,
    write_check_plan,
    write_cluster_plan,
    write_edge_plan,
    write_flow_plan,
    write_linked_plan,
    write_table,
)

if TYPE_CHECKING:
    from collections.abc import Callable

MANY = 100_000
AVOIDED = 10_000
BARE = Command([sys.executable, "-c", "pass"])


def python(*arguments: str) -> Command:
    """Return a command that runs a Python module."""
    return Command([sys.executable, "-m", *arguments])


def ipplan(*arguments: str, terminal: bool = False) -> Command:
    """Return a command that runs ipplan."""
    return Command([sys.executable, "-m", "ipplan", *arguments], terminal)


def load(plan: Path) -> Command:
    """Return a command that does nothing with a plan but read its TOML."""
    return Command([sys.executable, "-c", f"import tomli\nwith open({str(plan)!r}, 'rb') as f: tomli.load(f)"])


def tell(what: str, value: float, unit: str, goal: float | None, detail: str) -> None:
    """Print one figure beside its goal."""
    aim = f"goal {goal:g}" if goal is not None else ""
    print(f"{what:<52} {value:7.2f} {unit:<8} {aim:<10} {detail}", flush=True)


def against_bare(commands: dict[str, tuple[Command, float | None]], rounds: int) -> None:
    """Measure commands in multiples of an interpreter that does nothing."""
    results = interleave({"bare": BARE, **{name: command for name, (command, _) in commands.items()}}, rounds)
    bare = results["bare"]
    for name, (_, goal) in commands.items():
        detail = f"{seconds(results[name]) * 1000:,.0f} ms; bare {seconds(bare) * 1000:,.0f} ms"
        tell(name, ratio(results[name], bare), "x bare", goal, detail)


def start(folder: Path, rounds: int) -> None:
    """Start-up and small plans."""
    plan = folder / "20.toml"
    write_check_plan(plan, 20)
    against_bare(
        {
            "--version": (ipplan("--version"), 1.3),
            "check of 20 networks, JSON": (ipplan("check", str(plan), "--json"), 6),
            "check of 20 networks, piped": (ipplan("check", str(plan)), 6),
            "check of the reference architecture, piped": (
                ipplan("check", "sample-plans/reference-architecture.toml"),
                6.5,
            ),
            "check of 20 networks, on a terminal": (ipplan("check", str(plan), terminal=True), 9.5),
            "allocate of the reference architecture, on a terminal": (
                ipplan("allocate", "sample-plans/reference-architecture.toml", terminal=True),
                9.5,
            ),
        },
        rounds * 3,
    )


def check(folder: Path, rounds: int) -> None:
    """A large plan against reading its TOML."""
    plan = folder / "check.toml"
    write_check_plan(plan, MANY)
    results = interleave({"load": load(plan), "check": ipplan("check", str(plan), "--json")}, rounds)
    took, base = results["check"], results["load"]
    what = f"check of {MANY:,} networks"
    tell(what, ratio(took, base), "x load", 1.5, f"{seconds(took):.2f} s; tomli.load {seconds(base):.2f} s")
    detail = f"{peak(took):.0f} MiB; tomli.load {peak(base):.0f} MiB"
    tell(f"{what}, peak memory", peak(took) / peak(base), "x load", 1.15, detail)


def allocate(folder: Path, rounds: int) -> None:
    """A large allocation, from values in memory and from a plan file."""
    plan = folder / "allocate.toml"
    write_allocation_plan(plan, MANY, AVOIDED)
    what = f"allocate of {MANY:,} networks around {AVOIDED:,}"
    against_bare(
        {
            f"{what}, core": (python("benchmarks.allocate_core", str(MANY), str(AVOIDED)), 40),
            f"{what}, TOML": (ipplan("allocate", str(plan), "--json"), None),
        },
        rounds,
    )


def growth(folder: Path, rounds: int) -> None:
    """How time grows from a thousand networks to a hundred thousand: 1 is linear."""
    few = MANY // 100
    commands: dict[str, Command] = {}
    for number in (few, MANY):
        for_check, for_allocate = folder / f"check-{number}.toml", folder / f"allocate-{number}.toml"
        write_check_plan(for_check, number)
        write_allocation_plan(for_allocate, number, number // 10)
        commands[f"check {number}"] = ipplan("check", str(for_check), "--json")
        commands[f"allocate {number}"] = ipplan("allocate", str(for_allocate), "--json")
    empty = folder / "empty.toml"
    empty.write_text("schema = 1\n", encoding="utf-8")
    commands["check 0"] = commands["allocate 0"] = ipplan("check", str(empty), "--json")
    results = interleave(commands, rounds)
    for name in ("check", "allocate"):
        nothing, small, large = (seconds(results[f"{name} {number}"]) for number in (0, few, MANY))
        detail = f"{small:.2f} s to {large:.2f} s"
        what = f"{name}, {few:,} to {MANY:,} networks"
        tell(what, log(large / small, MANY / few), "exponent", 1.2, detail)
        rest = log((large - nothing) / (small - nothing), MANY / few)
        tell(f"{what}, less start-up", rest, "exponent", None, f"{nothing:.2f} s start-up")


def alternatives(folder: Path, rounds: int) -> None:
    """The overlaps of a thousand networks with netaddr alone; ipplan holds them against the catalogue too."""
    plan = folder / "1000.toml"
    write_check_plan(plan, 1000)
    commands = {"ipplan": ipplan("check", str(plan), "--json")}
    commands |= {
        f"netaddr, {name}": python("benchmarks.alternatives", name, str(plan)) for name in ("all-pairs", "sorted")
    }
    results = interleave(commands, rounds)
    for name in commands:
        if name != "ipplan":
            detail = f"{seconds(results[name]):.2f} s; ipplan {seconds(results['ipplan']):.2f} s"
            tell(f"1,000 networks, {name}", ratio(results[name], results["ipplan"]), "x ipplan", None, detail)


EXPORTS = {
    "edges": (
        write_edge_plan,
        (100, 1_000),
        (("routes", 3), ("ip-route", 3), ("nsx-esg --edge edge-5", 2), ("nftables --edge edge-5", 2)),
    ),
    "clusters, each IKS joined with each ICP": (
        write_cluster_plan,
        (100, 316),
        (("routes", None), ("nftables", 2), ("ansible --cluster iks-5", 2)),
    ),
}
"""Plans of many devices: how they are written, their sizes, and the targets with what each may take, in multiples of
check of the same plan; None where the output holds a row for each tunnel, whose number grows with the square."""


def export(folder: Path, rounds: int) -> None:
    """What devices get, against checking the same plan, and how its time grows with what is written."""
    for what, (write, sizes, targets) in EXPORTS.items():
        commands: dict[str, Command] = {}
        for size in sizes:
            plan = folder / f"{what[:5]}-{size}.toml"
            write(plan, size)
            commands[f"check {size}"] = ipplan("check", str(plan), "--json")
            commands[f"diff {size}"] = ipplan("diff", str(plan), str(plan))
            for target, _ in targets:
                commands[f"{target} {size}"] = ipplan("export", str(plan), *target.split(), "--force")
        results = interleave(commands, rounds)
        few, many = sizes
        for target, goal in (*targets, ("diff", None)):
            took, base = results[f"{target} {many}"], results[f"check {many}"]
            detail = f"{seconds(took):.2f} s, {peak(took):.0f} MiB; check {seconds(base):.2f} s"
            tell(f"{target}, {many:,} {what}", ratio(took, base), "x check", goal, detail)
            less = seconds(results[f"{target} {few}"])
            # A full mesh of tunnels has the square of them.
            held = (many / few) ** (2 if target in ("routes", "diff") and what.startswith("clusters") else 1)
            growth_of = log(seconds(took) / less, held)
            tell(f"{target}, from {few:,} {what.partition(',')[0]}", growth_of, "exponent", 1.2, "")


def tables(folder: Path, rounds: int) -> None:
    """Large tables: a CSV becomes a plan or is compared with one, a large plan becomes a workbook."""
    table, plan, bare = folder / "many.csv", folder / "few.toml", folder / "networks.toml"
    write_table(table, MANY)
    write_check_plan(plan, 20)
    write_check_plan(bare, MANY)
    script = (
        "import csv, ipaddress\n"
        f"for row in csv.DictReader(open({str(table)!r}, newline='')):\n"
        "    ipaddress.ip_network(row['cidr'])\n"
    )
    results = interleave(
        {
            "only read": Command([sys.executable, "-c", script]),
            "import": ipplan("import", "csv", str(table), "-o", str(folder / "made.toml"), "--force"),
            "--against": ipplan("check", str(plan), "--against", str(table), "--json"),
            "xlsx": ipplan("export", str(bare), "xlsx", "--force", "-o", str(folder / "plan.xlsx")),
        },
        rounds,
    )
    base = results.pop("only read")
    for name, runs in results.items():
        detail = f"{seconds(runs):.1f} s, {peak(runs):,.0f} MiB; csv and ipaddress {seconds(base):.1f} s"
        tell(f"{name}, {MANY:,} rows", ratio(runs, base), "x read", None, detail)


def landscape(folder: Path, rounds: int) -> None:
    """Many clusters with links of their own, and the flows of many networks and clusters."""
    linked, flows = folder / "linked.toml", folder / "flows.toml"
    write_linked_plan(linked, 12_000)
    write_flow_plan(flows, 1_000, 10)
    commands = {
        "load linked": load(linked),
        "check linked": ipplan("check", str(linked)),
        "check flows": ipplan("check", str(flows), "--json"),
        "flows": ipplan("flows", str(flows)),
    }
    results = interleave(commands, rounds)
    took, base = results["check linked"], results["load linked"]
    detail = f"{seconds(took):.2f} s, {peak(took):.0f} MiB; tomli.load {seconds(base):.2f} s"
    tell("check of 12,000 clusters, each with its own link", ratio(took, base), "x load", None, detail)
    took, base = results["flows"], results["check flows"]
    detail = f"{seconds(took):.2f} s; check {seconds(base):.2f} s"
    tell("flows of 1,000 VM networks and 10 clusters", ratio(took, base), "x check", 2, detail)


FIGURES: dict[str, Callable[[Path, int], None]] = {
    "start": start,
    "check": check,
    "allocate": allocate,
    "growth": growth,
    "landscape": landscape,
    "export": export,
    "tables": tables,
    "alternatives": alternatives,
}


def main() -> None:
    """Measure what was asked for, all of it by default."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"any of {', '.join(FIGURES)} (default: all)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds that count (default: 5)")
    options = parser.parse_args()
    unknown = [name for name in options.names if name not in FIGURES]
    if unknown or options.rounds < 1:
        parser.error(f"no figure is called {unknown[0]}" if unknown else "at least one round is needed")
    with TemporaryDirectory() as folder:
        for name in options.names or FIGURES:
            FIGURES[name](Path(folder), options.rounds)


if __name__ == "__main__":
    main()
