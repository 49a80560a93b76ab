"""`ipplan show`: every network of a plan with its addresses, or the address space drawn to scale."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from ipplan.cli.emit import Output, emit
from ipplan.cli.help import Command
from ipplan.cli.labels import choose_labelled_networks, label_option
from ipplan.cli.options import color_option, edition_option, format_option, network_options
from ipplan.cli.plans import choose_catalog, read_plan, require_plan
from ipplan.cli.streams import UsageProblem, goes_to_stdout, say
from ipplan.output.text import escape

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from ipplan.addresses import Prefix
    from ipplan.catalog import Catalog
    from ipplan.inventory import Entry
    from ipplan.output.map import Symbols
    from ipplan.plan.model import Plan
    from ipplan.spaces import AddressSpace, Space


@click.command(
    "show",
    cls=Command,
    examples=(
        ("Show every network", "ipplan show plan.toml"),
        ("Draw the address space, networks without a range too", "ipplan show plan.toml --map --allocated"),
        ("List the pod networks of the IKS clusters", "ipplan show plan.toml --kind iks-pod --format csv"),
    ),
    exit_status={
        0: "shown",
        1: "with --allocated, a network has no place",
        2: "bad usage, or a plan that cannot be read",
    },
)
@click.argument("path", metavar="[PLAN]", required=False)
@click.option("--map", "draw", is_flag=True, help="Draw the address space to scale.")
@click.option("--allocated", is_flag=True, help="Show networks without a range where allocate would place them.")
@network_options()
@label_option
@edition_option
@format_option("table", "json", "csv", "markdown", columns="show")
@color_option
def command(
    *,
    path: str | None,
    draw: bool,
    allocated: bool,
    kinds: tuple[str, ...],
    clusters: tuple[str, ...],
    names: tuple[str, ...],
    labels: tuple[str, ...],
    ranges_edition: str | None,
    output: Output,
) -> int:
    """Show every network of a plan: who provides it, its range and its addresses.

    --map draws the pools, the ranges that IKS accepts and every other space that the plan's networks use, and marks
    overlaps. With --kind, --cluster, --network or --label it draws only the spaces of these networks.
    """
    from ipplan.inventory import list_networks
    from ipplan.output import show as shown

    plan, _ = read_plan(require_plan(path))
    catalog = choose_catalog(ranges_edition, plan) if draw or allocated or ranges_edition else None
    placed, status = allocate_networks(plan, catalog) if allocated and catalog is not None else ({}, 0)
    entries = choose_entries(list_networks(plan, placed), plan, kinds, clusters, names)
    labelled = choose_labelled_networks(plan, labels)
    if labelled is not None:
        entries = [entry for entry in entries if entry.network.name in labelled]
    edition = catalog.edition if catalog is not None and (draw or allocated) else None
    if not draw or catalog is None:
        emit(
            output,
            table=lambda: shown.table(plan, entries),
            document=lambda: shown.document(plan, entries, edition),
            text=lambda width, color: shown.render_text(plan, entries, width=width, color=color, choice=output.choice),
        )
        return status
    chosen = {entry.network.name for entry in entries} if kinds or clusters or names or labels else None
    address_space, spaces = _survey(plan.with_ranges(placed), catalog, chosen)
    emit(
        output,
        table=lambda: shown.map_table(address_space, spaces),
        document=lambda: shown.document(plan, entries, edition, (address_space, spaces)),
        text=lambda width, color: shown.render_map(
            address_space, spaces, width=width, color=color, symbols=_symbols(output)
        ),
        tabular=False,
    )
    return status


def _survey(plan: Plan, catalog: Catalog, chosen: Collection[str] | None) -> tuple[AddressSpace, tuple[Space, ...]]:
    from ipplan.checks import check_plan
    from ipplan.spaces import AddressSpace

    address_space = AddressSpace(plan, catalog, check_plan(plan, catalog))
    return address_space, address_space.spaces(chosen)


def allocate_networks(plan: Plan, catalog: Catalog) -> tuple[dict[str, Prefix], int]:
    """Return what allocate places and the exit status; report each network that has no place."""
    from ipplan.allocation import allocate

    allocation = allocate(plan, catalog)
    for failure in allocation.shortfalls:
        say(f"error: {failure.message}")
        if failure.help is not None:
            say(f"help: {failure.help}")
    return allocation.allocated, 0 if allocation.ok else 1


def choose_entries(
    entries: Sequence[Entry], plan: Plan, kinds: Sequence[str], clusters: Sequence[str], names: Sequence[str]
) -> Sequence[Entry]:
    """Return the entries that the options choose; raise UsageProblem for an unknown name."""
    from ipplan.plan.kinds import KINDS

    for known, chosen, what in (
        (KINDS, kinds, "kind of network"),
        (plan.clusters, clusters, "cluster"),
        ({entry.network.name for entry in entries} if names else (), names, "network"),
    ):
        for name in chosen:
            _require(name, known, what, plan)
    return [
        entry
        for entry in entries
        if (not kinds or entry.network.kind.name in kinds)
        and (not clusters or entry.network.cluster in clusters)
        and (not names or entry.network.name in names)
    ]


def _require(name: str, known: Iterable[str], what: str, plan: Plan) -> None:
    if name in set(known):
        return
    from ipplan.plan.problems import nearest

    near = nearest(name, known)
    where = f"unknown {what}" if what.startswith("kind") else f"{plan.file} has no {what}"
    raise UsageProblem(f'{where} "{escape(name[:80])}"' + (f"; did you mean {escape(near)}?" if near else ""))


def _symbols(output: Output) -> Symbols:
    """Return the characters that the receiver of the output can show; files are always UTF-8."""
    from ipplan.output.map import symbols_for

    if output.file is not None and not goes_to_stdout(output.file):
        return symbols_for("utf-8")
    return symbols_for(sys.stdout.encoding if sys.stdout is not None else None)
