"""`ipplan why`: tell why a network is where it is, and why not in an earlier place."""

from __future__ import annotations

import click

from ipplan.cli.options import Output, color_option, edition_option, emit, format_option
from ipplan.cli.plans import choose_catalog, read_plan
from ipplan.cli.pools import (
    byoip_option,
    data_centers_option,
    read_pools,
    require_data_centers,
    warn_of_host_bits,
    with_pools,
)
from ipplan.cli.streams import UsageProblem, say
from ipplan.output.text import escape
from ipplan.plan.load import nearest


@click.command("why", epilog="Exit status: 0 explained, 2 a plan that cannot be read or no such network.")
@click.argument("path", metavar="PLAN")
@click.argument("name", metavar="NETWORK")
@byoip_option
@data_centers_option
@edition_option
@format_option("table", "json", "csv", "markdown", columns="why")
@color_option
def command(
    *,
    path: str,
    name: str,
    byoip: tuple[str, ...],
    allow_other_data_centers: bool,
    ranges_edition: str | None,
    output: Output,
) -> int:
    """Tell why a network is where allocate puts it, and what refused each earlier place.

    Candidates that follow each other and are refused by the same thing are one line. Give the options that
    allocate was given. "-" reads the plan from standard input.
    """
    from datetime import date

    from ipplan.allocation.why import explain
    from ipplan.checks import check_plan
    from ipplan.output import why as shown

    plan, _ = read_plan(path)
    plan = with_pools(plan, read_pools(byoip))
    if allow_other_data_centers:
        require_data_centers(plan)
    network = next((n for n in plan.networks if n.name == name), None)
    if network is None:
        near = nearest(name, [n.name for n in plan.networks])
        hint = f"; did you mean {near}?" if near else ""
        raise UsageProblem(f'{plan.file} has no network "{escape(name[:80])}"{hint}')
    if network.prefix is None and name not in {n.name for n in plan.defaults}:
        retired = plan.retired.words("network", name)
        if retired is not None:
            raise UsageProblem(
                f"{escape(retired)}, and has no range: allocate gives it none",
                "write the cidr that it had, or another status",
            )
    catalog = choose_catalog(ranges_edition, plan)
    warn_of_host_bits(plan.pools)
    # Only a pinned network can be at fault where it stands.
    findings = check_plan(plan, catalog, date.today()) if network.prefix is not None else ()
    explanation = explain(plan, catalog, name, data_centers_only=allow_other_data_centers, findings=findings)
    emit(
        output,
        table=lambda: shown.table(explanation),
        document=lambda: shown.document(explanation),
        text=lambda width, color: shown.render_text(explanation, width=width, color=color, choice=output.choice),
    )
    if explanation.failure is not None and output.format in ("csv", "markdown"):
        # The table has no place for it.
        say(f"error: {explanation.failure.message}")
        if explanation.failure.help is not None:
            say(f"help: {explanation.failure.help}")
    return 0
