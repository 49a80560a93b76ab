"""`ipplan flows`: the traffic flows, hop by hop, with the addresses of the plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ipplan.cli.emit import Output, emit
from ipplan.cli.help import Command
from ipplan.cli.options import color_option, edition_option, format_option
from ipplan.cli.plans import choose_catalog, read_plan, require_plan, split_words
from ipplan.cli.settle import settle
from ipplan.cli.streams import UsageProblem, say
from ipplan.output.text import escape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ipplan.flows import Missing, Trace
    from ipplan.landscape import Landscape


@click.command(
    "flows",
    cls=Command,
    arguments={"FLOW": "A documented flow: its letter (A to E) or its name, such as internet-to-iks."},
    examples=(
        ("List every pair of the documented flows", "ipplan flows plan.toml"),
        ("Trace flow C hop by hop", "ipplan flows plan.toml C"),
        ("Trace a pair, there and back", "ipplan flows reference-architecture.toml --from vm-db --to internet"),
    ),
    exit_status={0: "shown, also if a flow is dropped", 2: "bad usage, or a plan that cannot be read"},
)
@click.argument("path", metavar="[PLAN]", required=False)
@click.argument("name", metavar="[FLOW]", required=False)
@click.option("--from", "start", metavar="END", help="Start of the flow: a network of the plan or a machine.")
@click.option("--to", "end", metavar="END", help="End of the flow: a network of the plan or a machine.")
@edition_option
@format_option("table", "json", "csv", "markdown", columns="flows")
@color_option
def command(
    *,
    path: str | None,
    name: str | None,
    start: str | None,
    end: str | None,
    ranges_edition: str | None,
    output: Output,
) -> int:
    """List every pair of the documented traffic flows, failures first, or trace one flow hop by hop.

    --from and --to trace any pair, there and back. END is a network, an address, NETWORK@ADDRESS, NETWORK.NAME,
    internet, dns, ntp or web-proxy.
    """
    from ipplan.flows import FLOWS, FlowError, Missing
    from ipplan.landscape import Landscape
    from ipplan.output import flows as shown

    path, name = split_words(path, name, {word for flow in FLOWS for word in (flow.letter, flow.name)})
    if name is None and (start is None) != (end is None):
        raise click.UsageError("without FLOW, --from and --to go together: write both")
    plan, _ = read_plan(require_plan(path))
    catalog = choose_catalog(ranges_edition, plan)
    plan = settle(plan, catalog).in_service
    try:
        traces = _traces(Landscape(plan, catalog), name, start, end)
    except FlowError as error:
        raise UsageProblem(escape(str(error)), error.help and escape(error.help)) from None
    traced = [trace for trace in traces if not isinstance(trace, Missing)]
    listed = name is None and start is None
    emit(
        output,
        table=lambda: shown.table(traced),
        document=lambda: shown.document(plan, traces, catalog.edition),
        text=lambda width, color: (
            shown.render_list(traces, width=width, color=color, choice=output.choice)
            if listed
            else shown.render_trace(traced[0], width=width, color=color)
        ),
        listed=lambda: shown.list_table(traces, terminal=False),
        tabular=listed,
    )
    if output.format in ("csv", "markdown"):
        # The table does not hold the reasons.
        for trace in traced:
            if (stop := trace.stop or trace.back_stop) is not None:
                say(f"{trace.title} is {trace.result}: {stop.device}: {stop.reason}")
    return 0


def _traces(landscape: Landscape, name: str | None, start: str | None, end: str | None) -> Sequence[Trace | Missing]:
    from ipplan.flows import Tracer, find_flow, find_pair, trace, trace_all, trace_flow

    source, destination = find_pair(landscape, start, end)
    if name is not None:
        return [trace_flow(landscape, find_flow(name), source, destination)]
    if source is not None and destination is not None:
        return [trace(Tracer(landscape), source, destination)]
    return trace_all(landscape)
