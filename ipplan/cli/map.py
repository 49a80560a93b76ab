"""`ipplan map`: the address space of a plan as an SVG picture, drawn to scale."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ipplan.cli.emit import Output
from ipplan.cli.help import Command
from ipplan.cli.labels import choose_labelled_networks, label_option
from ipplan.cli.options import edition_option, file_option, force_option, network_options
from ipplan.cli.plans import choose_catalog, read_plan, reporting_problems, require_plan
from ipplan.cli.streams import UsageProblem, deliver, is_terminal, say

if TYPE_CHECKING:
    from ipplan.addresses import Prefix

MOST_CURVES = 16
"""Draw at most 16 prefixes of --of in one picture."""


@click.command(
    "map",
    cls=Command,
    examples=(
        ("Draw the address space of a plan", "ipplan map plan.toml -o map.svg"),
        ("Draw networks without a range too", "ipplan map plan.toml --allocated -o map.svg"),
        ("Draw all of 10.0.0.0/8, with IBM Cloud's ranges", "ipplan map plan.toml --of 10.0.0.0/8 -o ten.svg"),
    ),
    exit_status={
        0: "drawn",
        1: "with --allocated, a network has no place",
        2: "bad usage, or a plan that cannot be read",
    },
)
@click.argument("path", metavar="[PLAN]", required=False)
@click.option("--of", "of", metavar="PREFIX", multiple=True, help="Draw this prefix as a Hilbert curve; repeatable.")
@click.option("--allocated", is_flag=True, help="Draw networks without a range where allocate would place them.")
@network_options("spaces of")
@label_option
@edition_option
@file_option
@force_option
def command(
    *,
    path: str | None,
    of: tuple[str, ...],
    allocated: bool,
    kinds: tuple[str, ...],
    clusters: tuple[str, ...],
    names: tuple[str, ...],
    labels: tuple[str, ...],
    ranges_edition: str | None,
    output_file: str | None,
    force: bool,
) -> int:
    """Draw the address space of a plan to scale, as an SVG picture for documents.

    Each pool, and every other space that the plan's networks use, is a strip. A second strip enlarges small networks.
    --of draws a prefix as a Hilbert curve instead, with the published ranges by data center. The picture follows the
    reader's light or dark theme and prints in light colours.
    """
    from ipplan.cli.outputs import guard_output

    if output_file is None and is_terminal():
        raise UsageProblem("the output is an SVG picture, and standard output is a terminal", "add -o FILE.svg")
    guard_output(output_file, force=force)
    prefixes = _read_prefixes(of)
    if prefixes and (kinds or clusters or names or labels):
        raise UsageProblem("--of draws a whole prefix: leave out --kind, --cluster, --network and --label")

    def run() -> int:
        return _draw(
            require_plan(path),
            prefixes,
            (kinds, clusters, names, labels),
            output_file,
            ranges_edition,
            allocated=allocated,
        )

    return reporting_problems(Output("svg", output_file), run) or 0


def _draw(
    path: str,
    prefixes: tuple[Prefix, ...],
    choice: tuple[tuple[str, ...], ...],
    output_file: str | None,
    edition: str | None,
    *,
    allocated: bool,
) -> int:
    from ipplan.address_map import survey_plan
    from ipplan.cli.show import allocate_networks, choose_entries
    from ipplan.inventory import list_networks
    from ipplan.output.map_svg import render_map_svg

    plan, _ = read_plan(path)
    catalog = choose_catalog(edition, plan)
    placed, status = allocate_networks(plan, catalog) if allocated else ({}, 0)
    kinds, clusters, names, labels = choice
    chosen = None
    if any(choice):
        entries = choose_entries(list_networks(plan, placed), plan, kinds, clusters, names)
        labelled = choose_labelled_networks(plan, labels)
        chosen = {e.network.name for e in entries if labelled is None or e.network.name in labelled}
    map_ = survey_plan(plan, catalog, placed=placed, chosen=chosen, of=prefixes)
    if map_.waiting and not allocated:
        one = map_.waiting == 1
        say(
            f"note: {map_.waiting:,} network{' has' if one else 's have'} no range; "
            f"--allocated draws {'it' if one else 'them'} where allocate would place {'it' if one else 'them'}"
        )
    deliver(render_map_svg(map_), output_file, for_programs=True)
    return status


def _read_prefixes(texts: tuple[str, ...]) -> tuple[Prefix, ...]:
    """Return the prefixes of --of, each once; raise for anything else."""
    from ipplan.addresses import AddressError, parse_prefix
    from ipplan.output.text import escape

    found = []
    for text in texts:
        try:
            found.append(parse_prefix(text))
        except AddressError as error:
            hint = "" if error.suggestion is None else f"; write {error.suggestion}"
            raise click.BadParameter(f'"{escape(text[:80])}": {error}{hint}', param_hint="--of") from None
    if len(set(found)) > MOST_CURVES:
        raise UsageProblem(f"--of names {len(set(found))} prefixes; a picture holds at most {MOST_CURVES}")
    return tuple(dict.fromkeys(found))
