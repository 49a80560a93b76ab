"""`ipplan topology`: routing domains, links and devices, and what can reach what, as tables or as a diagram."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ipplan.cli.emit import Output, emit
from ipplan.cli.help import Command
from ipplan.cli.options import color_option, edition_option, format_option
from ipplan.cli.plans import choose_catalog, read_plan, require_plan
from ipplan.cli.settle import settle
from ipplan.cli.streams import UsageProblem, deliver

if TYPE_CHECKING:
    from ipplan.landscape import Landscape


@click.command(
    "topology",
    cls=Command,
    examples=(
        ("Show domains, links and devices", "ipplan topology plan.toml"),
        ("Draw a diagram that highlights flow C", "ipplan topology plan.toml --flow C -o landscape.svg"),
        ("Write the links for a wiki", "ipplan topology plan.toml --format mermaid"),
    ),
    exit_status={0: "shown", 2: "bad usage, or a plan that cannot be read"},
)
@click.argument("path", metavar="[PLAN]", required=False)
@click.option("--flow", metavar="FLOW", help="Highlight a documented flow in the SVG: its letter (A to E) or name.")
@edition_option
@format_option("table", "json", "csv", "markdown", "mermaid", "graphviz", "svg", columns="topology")
@color_option
def command(*, path: str | None, flow: str | None, ranges_edition: str | None, output: Output) -> int:
    """Show the routing domains of a plan, the links between them and the devices.

    ipplan derives them from clusters, edges, sites, [[link]] and [integration]. CSV and Markdown list the links. SVG is
    a diagram of the landscape with one lane per data center; -o FILE.svg selects it.
    """
    from ipplan.landscape import Landscape
    from ipplan.landscape.instances import list_instances
    from ipplan.landscape.overview import build_overview
    from ipplan.output import topology
    from ipplan.output.topology_diagrams import DIAGRAMS

    if flow is not None and output.format != "svg":
        raise click.UsageError(
            f"--flow highlights a flow in a diagram, not in {output.format}; add -o FILE.svg or --format svg"
        )
    plan, _ = read_plan(require_plan(path))
    catalog = choose_catalog(ranges_edition, plan)
    landscape = Landscape(settle(plan, catalog).in_service, catalog)
    if output.format == "svg":
        deliver(_svg(landscape, flow), output.file)
        return 0
    shown = topology.Shown(build_overview(landscape), tuple(list_instances(landscape)))
    if output.format in DIAGRAMS:
        deliver(DIAGRAMS[output.format](shown), output.file)
        return 0
    emit(
        output,
        table=lambda: topology.table(shown),
        document=lambda: topology.document(shown, catalog.edition),
        text=lambda width, color: topology.render_text(shown, width=width, color=color, choice=output.choice),
    )
    return 0


def _svg(landscape: Landscape, flow: str | None) -> str:
    """Return the diagram, with a flow highlighted; raise UsageProblem for a flow that the plan does not have."""
    from ipplan.flows import FlowError, find_flow, trace_flow
    from ipplan.output.diagram import render_landscape_svg
    from ipplan.output.text import escape

    try:
        trace = None if flow is None else trace_flow(landscape, find_flow(flow))
    except FlowError as error:
        raise UsageProblem(escape(str(error)), error.help and escape(error.help)) from None
    return render_landscape_svg(landscape, trace)
