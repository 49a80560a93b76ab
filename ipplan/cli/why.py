"""`ipplan why`: explain a placement, with every earlier candidate and what blocked it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ipplan.cli.emit import Output, emit
from ipplan.cli.help import Command
from ipplan.cli.options import color_option, edition_option, format_option
from ipplan.cli.plans import choose_catalog, read_plan, require_plan, split_words
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
from ipplan.plan.problems import nearest

if TYPE_CHECKING:
    from ipplan.plan.model import Plan


@click.command(
    "why",
    cls=Command,
    arguments={"NETWORK": "The name of a network in the plan."},
    examples=(
        ("Explain where allocate places a network", "ipplan why reference-architecture.toml vm-db"),
        ("List every earlier candidate as CSV", "ipplan why reference-architecture.toml vm-db --format csv"),
    ),
    exit_status={0: "explained", 2: "bad usage, no such network, or a plan that cannot be read"},
)
@click.argument("path", metavar="[PLAN]", required=False)
@click.argument("name", metavar="NETWORK", required=False)
@byoip_option
@data_centers_option
@edition_option
@format_option("table", "json", "csv", "markdown", columns="why")
@color_option
def command(
    *,
    path: str | None,
    name: str | None,
    byoip: tuple[str, ...],
    allow_other_data_centers: bool,
    ranges_edition: str | None,
    output: Output,
) -> int:
    """Explain a placement: why allocate puts a network there, and what blocked every earlier candidate.

    Adjacent candidates that the same thing blocks are one line. Pass the same options as to allocate.
    """
    from datetime import date

    from ipplan.allocation.why import explain
    from ipplan.checks import check_plan
    from ipplan.output import why as shown

    path, name = split_words(path, name)
    if name is None:
        raise click.UsageError("missing argument NETWORK")
    plan = with_pools(read_plan(require_plan(path))[0], read_pools(byoip))
    if allow_other_data_centers:
        require_data_centers(plan)
    _require_network(plan, name)
    catalog = choose_catalog(ranges_edition, plan)
    warn_of_host_bits(plan.pools)
    pinned = any(network.name == name and network.prefix is not None for network in plan.networks)
    # Only a pinned network can have findings where it is.
    findings = check_plan(plan, catalog, date.today()) if pinned else ()
    explanation = explain(plan, catalog, name, data_centers_only=allow_other_data_centers, findings=findings)
    emit(
        output,
        table=lambda: shown.table(explanation),
        document=lambda: shown.document(explanation),
        text=lambda width, color: shown.render_text(explanation, width=width, color=color, choice=output.choice),
    )
    if explanation.failure is not None and output.format in ("csv", "markdown"):
        # The table does not hold the failure.
        say(f"error: {explanation.failure.message}")
        if explanation.failure.help is not None:
            say(f"help: {explanation.failure.help}")
    return 0


def _require_network(plan: Plan, name: str) -> None:
    """Raise UsageProblem for a network that the plan does not have, or that has no range and gets none."""
    network = next((n for n in plan.networks if n.name == name), None)
    if network is None:
        near = nearest(name, [n.name for n in plan.networks])
        hint = f"; did you mean {near}?" if near else ""
        raise UsageProblem(f'{plan.file} has no network "{escape(name[:80])}"{hint}')
    if network.prefix is None and name not in {n.name for n in plan.defaults}:
        retired = plan.retired.words("network", name)
        if retired is not None:
            raise UsageProblem(
                f"{escape(retired)}, and has no range: allocate places no retired networks",
                "write the cidr that it had, or change its status",
            )
