"""`ipplan flows`: the traffic flows, hop by hop, with the addresses of the plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ipplan.cli.options import Output, color_option, edition_option, emit, format_option
from ipplan.cli.plans import choose_catalog, read_plan
from ipplan.cli.settle import settle
from ipplan.cli.streams import UsageProblem, say
from ipplan.output.text import escape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ipplan.flows import Missing, Trace
    from ipplan.plan.model import Plan


@click.command("flows", epilog="Exit status: 0 shown, also a flow that stops; 2 a plan that cannot be read.")
@click.argument("path", metavar="PLAN")
@click.argument("name", metavar="[FLOW]", required=False)
@click.option("--from", "start", metavar="END", help="Where it starts: a network of the plan, or an address.")
@click.option("--to", "end", metavar="END", help="Where it goes: a network of the plan, or an address.")
@edition_option
@format_option("table", "json", "csv", "markdown")
@color_option
def command(
    *,
    path: str,
    name: str | None,
    start: str | None,
    end: str | None,
    ranges_edition: str | None,
    output: Output,
) -> int:
    """List the documented traffic flows, or trace one hop by hop.

    FLOW is its letter, A to E, or its name. With --from and --to any pair is traced, there and back. "-" reads the
    plan from standard input.
    """
    from ipplan.flows import FlowError, Missing
    from ipplan.output import flows as shown

    if name is None and (start is None) != (end is None):
        raise click.UsageError("--from and --to go together, or with a FLOW")
    plan, _ = read_plan(path)
    catalog = choose_catalog(ranges_edition, plan)
    plan = settle(plan, catalog)
    try:
        traces = _traces(plan, name, start, end)
    except FlowError as error:
        raise UsageProblem(escape(str(error)), error.help and escape(error.help)) from None
    traced = [trace for trace in traces if not isinstance(trace, Missing)]
    emit(
        output,
        table=lambda: shown.table(traced),
        document=lambda: shown.document(plan, traces, catalog.edition),
        text=lambda width, color: (
            shown.render_list(traces, width=width, color=color)
            if name is None and start is None
            else shown.render_trace(traced[0], width=width, color=color)
        ),
    )
    if output.format in ("csv", "markdown"):
        # The table has no place for it.
        for trace in traced:
            if (stop := trace.stop or trace.back_stop) is not None:
                say(f"{trace.title} stops at {stop.device}: {stop.reason}")
    return 0


def _traces(plan: Plan, name: str | None, start: str | None, end: str | None) -> Sequence[Trace | Missing]:
    from ipplan.flows import find_end, find_flow, trace, trace_all, trace_flow

    source = None if start is None else find_end(plan, start)
    destination = None if end is None else find_end(plan, end)
    if name is not None:
        return [trace_flow(plan, find_flow(name), source, destination)]
    if source is not None and destination is not None:
        return [trace(plan, source, destination)]
    return trace_all(plan)
