"""`ipplan export`: write configuration for devices and tools."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import click

from ipplan.cli.emit import Output
from ipplan.cli.help import Command
from ipplan.cli.labels import choose_labelled_networks, label_option
from ipplan.cli.options import edition_option, file_option
from ipplan.cli.outputs import guard_output
from ipplan.cli.plans import choose_catalog, read_plan, reporting_problems, require_plan, split_words
from ipplan.cli.settle import settle
from ipplan.cli.streams import UsageProblem, deliver, error_terminal, say
from ipplan.output.text import escape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ipplan.catalog import Catalog
    from ipplan.exporters import Options, Request
    from ipplan.plan.model import Network, Plan

_MOST_SHOWN = 5
"""Name at most 5 addresses in one message."""


class _Asked(NamedTuple):
    """What the options ask for, beside the target."""

    options: Options
    labels: tuple[str, ...]
    file: str | None
    edition: str | None
    force: bool


@click.command(
    "export",
    cls=Command,
    arguments={"TARGET": "What to write; --list shows the targets."},
    examples=(
        ("Write the configuration of the ESG for the NSX API", "ipplan export plan.toml nsx-esg -o esg.xml"),
        ("Write the routes of every device", "ipplan export plan.toml routes"),
        ("Write every target into a folder", "ipplan export plan.toml --all -o handover"),
    ),
    exit_status={
        0: "written",
        1: "the plan has errors, or it lacks something that the target needs",
        2: "bad usage, or a plan that cannot be read",
    },
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
@click.option("--cluster", metavar="CLUSTER", help="The cluster, if the plan has several of the platform.")
@click.option("--edge", metavar="EDGE", help="The ESG, if the plan has several.")
@click.option("--site", metavar="SITE", help="The site of the enterprise, if the plan has several.")
@click.option("--to", metavar="END", help="The other end of a tunnel: a cluster, an ESG or a site.")
@click.option("--worker", metavar="WORKER", help="The worker, by number or address, for bird.")
@click.option("--domain", metavar="DOMAIN", help="DNS domain of the named addresses, for hosts and reverse-zones.")
@label_option
@click.option(
    "--force",
    is_flag=True,
    help="Export even if check finds errors, and let -o overwrite a file that holds a plan.",
)
@file_option
@edition_option
def command(
    *,
    path: str | None,
    name: str | None,
    list_targets: bool,
    everything: bool,
    labels: tuple[str, ...],
    force: bool,
    output_file: str | None,
    ranges_edition: str | None,
    domain: str | None,
    **chosen: str | None,
) -> int | None:
    """Write configuration for a device or tool, with the addresses of the plan.

    Networks without a range are exported where allocate would place them.
    """
    from ipplan.exporters import TARGETS, Options

    asked = _Asked(Options(**chosen, domain=_read_domain(domain)), labels, output_file, ranges_edition, force)
    if everything:
        _reject_choices(name, asked)
        return reporting_problems(Output("text", None), lambda: _export_all(require_plan(path), asked))
    guard_output(output_file, force=force)
    if list_targets:
        width = max(map(len, TARGETS))
        deliver("".join(f"{t.name:<{width}}  {t.title}\n" for t in TARGETS.values()), output_file)
        return 0
    plan, target = split_words(path, name, TARGETS)
    if target is None:
        raise click.UsageError("missing argument TARGET; ipplan export --list shows the targets")
    _require_target(target, labels)
    return reporting_problems(Output("text", output_file), lambda: _export(require_plan(plan), target, asked))


def _require_target(name: str, labels: Sequence[str]) -> None:
    """Raise UsageProblem for an unknown target, and for labels on a target that lists no networks."""
    from ipplan.exporters import LISTING, TARGETS

    if name not in TARGETS:
        from ipplan.plan.problems import nearest

        near = nearest(name, list(TARGETS))
        hint = f"; did you mean {near}?" if near else ""
        raise UsageProblem(f'unknown target "{escape(name[:80])}"{hint}', "ipplan export --list shows the targets")
    if labels and name not in LISTING:
        raise UsageProblem(
            f"--label has no effect on {name}",
            f"it affects only targets that list networks: {', '.join(sorted(LISTING))}",
        )


def _read_domain(text: str | None) -> str | None:
    from ipplan.plan.names import parse_domain

    try:
        return None if text is None else parse_domain(text)
    except ValueError as error:
        raise UsageProblem(
            f'--domain "{escape((text or "")[:80])}" is not a valid DNS domain: {error}',
            "write one such as dal10.example.com; without --domain, names in reverse-zones end in .internal",
        ) from None


def _export(path: str, name: str, asked: _Asked) -> int:
    from ipplan.exporters import TARGETS, ExportError, export

    request = _prepare(path, asked)
    if request is None:
        return 1
    _say_skipped(request.plan, name)
    try:
        made = export(TARGETS[name], request)
    except ExportError as error:
        say(f"error: {error}")
        if error.help is not None:
            say(f"help: {error.help}")
        return 1
    deliver(made, asked.file, for_programs=True)
    return 0


def _prepare(path: str, asked: _Asked) -> Request | None:
    """Return what a target is made from; for a plan with errors, report them and return None."""
    from datetime import date

    from ipplan.exporters import Request

    plan, _ = read_plan(path)
    chosen = choose_labelled_networks(plan, asked.labels)
    catalog = choose_catalog(asked.edition, plan)
    # Check the plan with its allocated ranges, because they are exported too and may bring errors.
    settled = settle(plan, catalog)
    if _reject(settled, catalog, force=asked.force):
        return None
    return Request.of(plan, settled, catalog, asked.options, today=date.today(), chosen=chosen)


def _reject_choices(name: str | None, asked: _Asked) -> None:
    """Raise UsageError for what --all cannot go with, and if there is no folder."""
    if name is not None:
        raise click.UsageError("--all writes every target; leave out TARGET")
    if asked.file is None:
        raise click.UsageError("--all needs a folder: -o DIR")
    if asked.labels or any(asked.options._replace(domain=None)):
        raise click.UsageError("--all writes for every cluster, edge and site; leave out the options that choose one")


def _export_all(path: str, asked: _Asked) -> int:
    """Write every target into a folder, whole or not at all."""
    from ipplan.cli.folders import write_folder
    from ipplan.exporters.everything import INDEX, export_everything, render_index
    from ipplan.output.progress import Progress

    folder = asked.file or ""
    request = _prepare(path, asked)
    if request is None:
        return 1
    with Progress(f"writing {escape(folder[:60])}", None, error_terminal()) as progress:
        made = export_everything(request, progress.update)
    index = render_index(request, made, _open_points(request))
    files = {INDEX: index.encode("utf-8")} | {file.path: file.data for file in made.files}
    write_folder(folder, files, marker=INDEX, force=asked.force)
    say(f"wrote {len(files):,} files into {folder}; {INDEX} lists them")
    if made.missing:
        count = len(made.missing)
        say(f"{count:,} target{'s are' if count > 1 else ' is'} not written: {INDEX} explains why")
    return 0


def _open_points(request: Request) -> list[str]:
    """Return what is still open: networks without a range, networks that are not pinned, and findings."""
    from ipplan.checks import check_plan

    waiting = [n for n in request.plan.networks if n.prefix is None and not _takes_default(n)]
    words = {"ibm": "IBM Cloud provides it"}
    return [
        *(
            f"{n.name} ({n.kind.name}) has no range yet: {words.get(n.kind.provider, 'it is not allocated')}"
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


def _say_skipped(plan: Plan, target: str) -> None:
    """List the named addresses that are not in the file: their network has no range, or does not contain them."""
    from ipplan.exporters import TARGETS

    missing = []
    for network in plan.networks:
        for named in network.addresses:
            if network.prefix is None:
                missing.append(f"{named.name} of {network.name}")
            elif named.resolve(network.prefix) is None:
                say(f"warning: {network.name} {network.prefix} does not contain its address {named.name}; skipped")
    if missing and TARGETS[target].addresses:
        more = f" and {len(missing) - _MOST_SHOWN:,} more" if len(missing) > _MOST_SHOWN else ""
        say(f"note: skipped, because the network has no range yet: {', '.join(missing[:_MOST_SHOWN])}{more}")


def _reject(plan: Plan, catalog: Catalog, *, force: bool) -> bool:
    """Report the errors of the plan; return whether they prevent the export."""
    from ipplan.cli.errors import list_errors, say_errors

    errors = list_errors(plan, catalog)
    if not errors:
        return False
    count = f"{len(errors):,} error{'' if len(errors) == 1 else 's'}"
    if force:
        say(f"warning: the plan has {count}; exported because of --force")
        return False
    say(f"error: the plan has {count}; its configuration would be wrong")
    say_errors(errors)
    say("help: ipplan check lists all; --force exports anyway")
    return True
