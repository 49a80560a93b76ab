"""`ipplan lookup`: show who owns an address or prefix."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ipplan.addresses import AddressError, HostBitsError, Prefix, parse_address, parse_prefix
from ipplan.cli.emit import Output, emit
from ipplan.cli.help import Command
from ipplan.cli.options import color_option, edition_option, format_option
from ipplan.cli.plans import choose_catalog, read_plan
from ipplan.cli.streams import UsageProblem, say
from ipplan.output.text import escape

if TYPE_CHECKING:
    from collections.abc import Sequence


@click.command(
    "lookup",
    cls=Command,
    arguments={"ADDRESS|CIDR": "IPv4 or IPv6 addresses or prefixes."},
    examples=(
        ("Show who owns an address", "ipplan lookup 10.0.80.11"),
        ("Look in a plan too", "ipplan lookup 172.30.0.0/16 fd00::1 --plan plan.toml"),
    ),
    exit_status={0: "answered", 2: "bad usage, or a plan that cannot be read"},
)
@click.argument("queries", metavar="ADDRESS|CIDR...", nargs=-1, required=True)
@click.option("--plan", "path", metavar="PLAN", help="Look in this plan too.")
@edition_option
@format_option("table", "json", "csv", "markdown", columns="lookup")
@color_option
def command(*, queries: tuple[str, ...], path: str | None, ranges_edition: str | None, output: Output) -> int:
    """Show who owns an address or prefix, the most specific owner first.

    Owners are a plan, IBM Cloud (with data center and pod), Kubernetes platforms, and IANA's special-purpose
    registries. For a prefix, ipplan also lists what lies within it.
    """
    from ipplan.lookup import lookup
    from ipplan.output import lookup as shown

    prefixes = _read(queries)
    plan = read_plan(path)[0] if path is not None else None
    catalog = choose_catalog(ranges_edition, plan)
    answers = [
        shown.Answer(query, prefix, lookup(prefix, catalog, plan))
        for query, prefix in zip(queries, prefixes, strict=True)
    ]
    about = None if plan is None else (plan.name, plan.file)
    emit(
        output,
        table=lambda: shown.table(answers),
        document=lambda: shown.document(answers, catalog.edition, about),
        text=lambda width, color: shown.render_text(answers, width=width, color=color, choice=output.choice),
    )
    return 0


def _read(queries: Sequence[str]) -> list[Prefix]:
    """Read all arguments; report every one that cannot be read, then raise UsageProblem."""
    prefixes, problems = [], []
    for query in queries:
        try:
            prefixes.append(_prefix(query))
        except AddressError as error:
            hint = f"; write {error.suggestion}" if error.suggestion else ""
            if not any(character in query for character in ".:"):
                hint = "; ipplan show lists the networks of a plan by name"
            problems.append(f'"{escape(query[:80])}": {error}{hint}')
    if problems:
        for problem in problems[:-1]:
            say(f"error: {problem}")
        raise UsageProblem(problems[-1])
    return prefixes


def _prefix(query: str) -> Prefix:
    if "/" not in query:
        return parse_address(query).prefix
    try:
        return parse_prefix(query)
    except HostBitsError as error:
        say(f"warning: {error}; ipplan looks up that block")
        return error.block
