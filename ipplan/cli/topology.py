"""`ipplan topology`: routing domains and links; who reaches whom, through what."""

from __future__ import annotations

import click

from ipplan.cli.options import Output, color_option, edition_option, emit, format_option
from ipplan.cli.plans import choose_catalog, read_plan
from ipplan.cli.settle import settle
from ipplan.cli.streams import deliver


@click.command("topology", epilog="Exit status: 0 shown, 2 a plan that cannot be read.")
@click.argument("path", metavar="PLAN")
@edition_option
@format_option("table", "json", "csv", "markdown", "mermaid", "graphviz")
@color_option
def command(*, path: str, ranges_edition: str | None, output: Output) -> int:
    """Show the routing domains of a plan and the links between them.

    They follow from the kinds of network, the clusters and the integration. CSV and Markdown hold the links. "-"
    reads the plan from standard input.
    """
    from ipplan.output import topology as shown
    from ipplan.topology import build_topology

    plan, _ = read_plan(path)
    catalog = choose_catalog(ranges_edition, plan)
    topology = build_topology(settle(plan, catalog))
    if output.format in shown.DIAGRAMS:
        deliver(shown.DIAGRAMS[output.format](topology), output.file)
        return 0
    emit(
        output,
        table=lambda: shown.table(topology),
        document=lambda: shown.document(topology, catalog.edition),
        text=lambda width, color: shown.render_text(topology, width=width, color=color),
    )
    return 0
