"""`ipplan topology`: routing domains, links and devices; who reaches whom, through what."""

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
    """Show the routing domains of a plan, the links between them and the devices.

    They follow from clusters, edges, sites, [[link]] and [integration]. CSV and Markdown hold the links. "-" reads
    the plan from standard input.
    """
    from ipplan.landscape import Landscape
    from ipplan.landscape.instances import list_instances
    from ipplan.landscape.overview import build_overview
    from ipplan.output import topology
    from ipplan.output.topology_diagrams import DIAGRAMS

    plan, _ = read_plan(path)
    catalog = choose_catalog(ranges_edition, plan)
    landscape = Landscape(settle(plan, catalog).in_service, catalog)
    shown = topology.Shown(build_overview(landscape), tuple(list_instances(landscape)))
    if output.format in DIAGRAMS:
        deliver(DIAGRAMS[output.format](shown), output.file)
        return 0
    emit(
        output,
        table=lambda: topology.table(shown),
        document=lambda: topology.document(shown, catalog.edition),
        text=lambda width, color: topology.render_text(shown, width=width, color=color),
    )
    return 0
