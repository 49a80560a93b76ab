"""`ipplan export`: configuration for the real devices and tools."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ipplan.cli.labels import choose_labelled_networks, label_option
from ipplan.cli.options import Output, edition_option, file_option
from ipplan.cli.outputs import guard_output
from ipplan.cli.plans import choose_catalog, read_plan, reporting_problems
from ipplan.cli.settle import settle
from ipplan.cli.streams import UsageProblem, deliver, error_terminal, say
from ipplan.output.text import escape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ipplan.catalog import Catalog
    from ipplan.exporters import Options, Request
    from ipplan.plan.model import Network, Plan

_MOST_SHOWN = 5
"""Named addresses that one message names at most."""


@click.command(
    "export",
    epilog="Exit status: 0 written, 1 errors in the plan or something missing, 2 a plan that cannot be read.",
)
@click.argument("path", metavar="[PLAN]", required=False)
@click.argument("name", metavar="[TARGET]", required=False)
@click.option("--list", "list_targets", is_flag=True, help="List the targets.")
@click.option(
    "--all",
    "everything",
    is_flag=True,
    help="Write every target for every cluster, edge, site and tunnel into the folder of -o, with an index.",
)
@click.option("--cluster", metavar="CLUSTER", help="Which cluster, where the plan has several of the platform.")
@click.option("--edge", metavar="EDGE", help="Which ESG, where the plan has several.")
@click.option("--site", metavar="SITE", help="Which place of the enterprise, where the plan has several.")
@click.option("--to", metavar="END", help="Which other end of a tunnel, a cluster, an ESG or a site.")
@click.option("--worker", metavar="WORKER", help="Which worker, by its number or address, for bird.")
@click.option("--domain", metavar="DOMAIN", help="DNS domain of the named addresses, for hosts and reverse-zones.")
@label_option
@click.option(
    "--force",
    is_flag=True,
    help="Export even if check finds errors, and let -o replace a file that holds a plan.",
)
@file_option
@edition_option
def command(
    *,
    path: str | None,
    name: str | None,
    list_targets: bool,
    everything: bool,
    cluster: str | None,
    edge: str | None,
    site: str | None,
    to: str | None,
    worker: str | None,
    domain: str | None,
    labels: tuple[str, ...],
    force: bool,
    output_file: str | None,
    ranges_edition: str | None,
) -> int | None:
    """Write what a device or tool takes, with the addresses of the plan.

    Networks without a range are exported where allocate would place them. "-" reads the plan from standard input.
    """
    from ipplan.exporters import LISTING, TARGETS, Options

    if everything:
        _check_all(name, output_file, (cluster, edge, site, to, worker, *labels))
        options = Options(domain=_read_domain(domain))
        plan_path = "plan.toml" if path is None else path
        return reporting_problems(
            Output("text", None),
            lambda: _export_all(plan_path, options, output_file or "", ranges_edition, force=force),
        )
    guard_output(output_file, force=force)
    if list_targets:
        width = max(map(len, TARGETS))
        deliver("".join(f"{t.name:<{width}}  {t.title}\n" for t in TARGETS.values()), output_file)
        return 0
    if path is None or name is None:
        raise click.UsageError("a plan and a target are needed; ipplan export --list tells the targets")
    if name not in TARGETS:
        from ipplan.plan.load import nearest

        near = nearest(name, list(TARGETS))
        hint = f"; did you mean {near}?" if near else ""
        raise UsageProblem(f'there is no target "{escape(name[:80])}"{hint}', "ipplan export --list tells them")
    if labels and name not in LISTING:
        raise UsageProblem(
            f"--label has no effect on {name}",
            f"the targets that list networks take it: {', '.join(sorted(LISTING))}",
        )
    return reporting_problems(
        Output("text", output_file),
        lambda: _export(
            path,
            name,
            Options(cluster, edge, site, to, worker, _read_domain(domain)),
            labels,
            output_file,
            ranges_edition,
            force=force,
        ),
    )


def _read_domain(text: str | None) -> str | None:
    from ipplan.plan.names import parse_domain

    try:
        return None if text is None else parse_domain(text)
    except ValueError as error:
        raise UsageProblem(
            f'--domain "{escape((text or "")[:80])}" is no DNS domain: {error}',
            "write one such as dal10.example.com; without it, names end in .internal in reverse-zones",
        ) from None


def _export(
    path: str,
    name: str,
    options: Options,
    labels: tuple[str, ...],
    file: str | None,
    edition: str | None,
    *,
    force: bool,
) -> int:
    from ipplan.exporters import TARGETS, ExportError, export

    request = _prepare(path, options, labels, edition, force=force)
    if request is None:
        return 1
    _say_left_out(request.plan, name)
    try:
        made = export(TARGETS[name], request)
    except ExportError as error:
        say(f"error: {error}")
        if error.help is not None:
            say(f"help: {error.help}")
        return 1
    deliver(made, file, for_programs=True)
    return 0


def _prepare(
    path: str, options: Options, labels: tuple[str, ...], edition: str | None, *, force: bool
) -> Request | None:
    """Return what a target is made from; None, after saying why, for a plan with errors."""
    from datetime import date

    from ipplan.exporters import Request
    from ipplan.landscape import Landscape

    plan, _ = read_plan(path)
    chosen = choose_labelled_networks(plan, labels)
    catalog = choose_catalog(edition, plan)
    today = date.today()
    stated = {n.name: n for n in plan.networks if n.prefix is None}
    # With its ranges, because that is what is written: an error may come with them.
    plan = settle(plan, catalog)
    if _refuse(plan, catalog, force=force):
        return None
    placed = frozenset(n.name for n in plan.networks if n.prefix is not None and n.name in stated)
    return Request(Landscape(plan.in_service, catalog), options, placed, today, chosen, stated)


def _check_all(name: str | None, folder: str | None, others: Sequence[str | None]) -> None:
    if name is not None:
        raise click.UsageError("--all writes every target, so none is named")
    if folder is None:
        raise click.UsageError("--all needs a folder: -o DIR")
    if any(other is not None for other in others):
        raise click.UsageError("--all writes for everyone, so nobody is chosen")


def _export_all(path: str, options: Options, folder: str, edition: str | None, *, force: bool) -> int:
    """Write every target into a folder, whole or not at all."""
    from ipplan.cli.folders import write_folder
    from ipplan.exporters.everything import INDEX, export_everything, render_index
    from ipplan.output.progress import Progress

    request = _prepare(path, options, (), edition, force=force)
    if request is None:
        return 1
    with Progress(f"writing {escape(folder[:60])}", None, error_terminal()) as progress:
        made = export_everything(request, progress.update)
    index = render_index(request, made, _open_points(request))
    files = {INDEX: index.encode("utf-8")} | {file.path: file.data for file in made.files}
    write_folder(folder, files, marker=INDEX, force=force)
    say(f"wrote {len(files):,} files into {folder}; {INDEX} lists them")
    if made.missing:
        count = len(made.missing)
        say(f"{count:,} target{'s are' if count > 1 else ' is'} not written: {INDEX} says why")
    return 0


def _open_points(request: Request) -> list[str]:
    """Return what is still missing: ranges to be ordered or allocated, addresses of such networks, and findings."""
    from ipplan.checks import check_plan

    waiting = [n for n in request.plan.networks if n.prefix is None and not _takes_default(n)]
    words = {"ibm": "IBM Cloud provides it"}
    return [
        *(
            f"{n.name} ({n.kind.name}) has no range yet: {words.get(n.kind.provider, 'nothing is allocated')}"
            for n in waiting
        ),
        *(f"{name} is not pinned: ipplan allocate PLAN --write pins it" for name in sorted(request.placed)),
        *(
            f"{finding.severity} {finding.rule}: {finding.message}"
            for finding in check_plan(request.whole, request.catalog, request.today)
            if finding.waived is None and finding.severity != "note"
        ),
    ]


def _takes_default(network: Network) -> bool:
    return network.kind.provider == "default" and network.pool is None


def _say_left_out(plan: Plan, target: str) -> None:
    """Say which named addresses are not in the file, because their networks do not hold them or have no range."""
    from ipplan.exporters import TARGETS

    missing = []
    for network in plan.networks:
        for named in network.addresses:
            if network.prefix is None:
                missing.append(f"{named.name} of {network.name}")
            elif named.resolve(network.prefix) is None:
                say(f"warning: {network.name} {network.prefix} does not hold its address {named.name}: left out")
    if missing and TARGETS[target].addresses:
        more = f" and {len(missing) - _MOST_SHOWN:,} more" if len(missing) > _MOST_SHOWN else ""
        say(f"note: left out, as the network has no range yet: {', '.join(missing[:_MOST_SHOWN])}{more}")


def _refuse(plan: Plan, catalog: Catalog, *, force: bool) -> bool:
    """Say which errors the plan has, and tell whether they keep it from being exported."""
    from ipplan.cli.errors import list_errors, say_errors

    errors = list_errors(plan, catalog)
    if not errors:
        return False
    count = f"{len(errors):,} error{'' if len(errors) == 1 else 's'}"
    if force:
        say(f"warning: the plan has {count}; exported all the same")
        return False
    say(f"error: the plan has {count}, and what is made from it would be wrong")
    say_errors(errors)
    say("help: ipplan check tells all; --force exports all the same")
    return True
