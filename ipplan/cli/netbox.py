"""`ipplan netbox`: what a NetBox has and the plan says, and the way from one to the other."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from ipplan.cli.options import Output, color_option, edition_option, emit, format_option
from ipplan.cli.plans import choose_catalog, read_plan
from ipplan.cli.streams import UsageProblem, say

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ipplan.catalog import Catalog
    from ipplan.cli.netbox_api import NetBox
    from ipplan.netbox.difference import ObjectChange
    from ipplan.netbox.outcome import Outcome
    from ipplan.netbox.wanted import Desired
    from ipplan.plan.model import Plan

    Command = Callable[..., int | None]


class _Asked(NamedTuple):
    """What both commands are given."""

    path: str
    url: str
    vrf: str | None
    timeout: int
    adopt: bool
    prune: bool


class _Compared(NamedTuple):
    """A plan with the name that marks its objects, the NetBox with the number of the VRF, and the changes."""

    plan: Plan
    name: str
    netbox: NetBox
    vrf: int | None
    desired: Desired
    changes: tuple[ObjectChange, ...]


_EXAMPLES = """\b
export NETBOX_TOKEN=...
ipplan netbox diff plan.toml --url https://netbox.example.com
ipplan netbox push plan.toml --url https://netbox.example.com --vrf dallas
"""


@click.group("netbox", epilog=_EXAMPLES)
def command() -> None:
    """Compare a NetBox with a plan, and bring it up to date.

    The token comes from the environment variable NETBOX_TOKEN, or IPPLAN_NETBOX_TOKEN, which counts first. Prefixes,
    VLANs, roles and tags are written; whatever was not made from this plan is left alone.
    """


def _common(command: Command) -> Command:
    """Give a command what both need, and pass it as `asked`."""

    @wraps(command)
    def run(*, path: str, url: str, vrf: str | None, timeout: int, adopt: bool, prune: bool, **rest: Any) -> int | None:
        return command(asked=_Asked(path, url, vrf, timeout, adopt, prune), **rest)

    options = (
        click.argument("path", metavar="PLAN"),
        click.option("--url", required=True, metavar="URL", help="Address of the NetBox."),
        click.option(
            "--vrf", metavar="NAME", help="The VRF of the prefixes, by name or route distinguisher (default: global)."
        ),
        click.option(
            "--adopt", is_flag=True, help="Take over what was not made from this plan, in the place of what it wants."
        ),
        click.option("--prune", is_flag=True, help="Delete what was made from this plan and is no longer in it."),
        click.option(
            "--timeout",
            type=click.IntRange(1, 3600),
            default=60,
            metavar="SECONDS",
            help="Give up on a request after SECONDS (default: 60).",
        ),
    )
    decorated: Command = run
    for decorate in reversed(options):
        decorated = decorate(decorated)
    return decorated


@command.command(
    "diff",
    epilog="Exit status: 0 compared, 1 a difference with --exit-code, 2 a plan or NetBox that cannot be read.",
)
@_common
@click.option("--exit-code", is_flag=True, help="End with status 1 if anything differs.")
@format_option("table", "json", "csv", "markdown", columns="netbox")
@color_option
def show_difference(*, asked: _Asked, exit_code: bool, output: Output) -> int:
    """Show what push would change; --adopt and --prune show what they would change, too. Writes nothing."""
    compared = _compare(read_plan(asked.path)[0], asked)
    _emit(output, asked, compared, _planned(compared.changes), pushed=False)
    return 1 if exit_code and compared.changes else 0


@command.command(
    "push",
    epilog="Exit status: 0 NetBox is up to date, 1 errors in the plan, 2 a plan or NetBox that cannot be read, or changes "
    "that NetBox refused.",
)
@_common
@click.option("--dry-run", is_flag=True, help="Only show what would change.")
@click.option("--with-errors", is_flag=True, help="Push even if check finds errors.")
@edition_option
@format_option("table", "json", "csv", "markdown", columns="netbox")
@color_option
def push(*, asked: _Asked, dry_run: bool, with_errors: bool, ranges_edition: str | None, output: Output) -> int:
    """Create and update prefixes, VLANs, roles and tags of the plan in a NetBox.

    Nothing is deleted without --prune. A run that stops half-way says what was done; running it again does the rest.
    """
    plan, _ = read_plan(asked.path)
    if _refuse(plan, choose_catalog(ranges_edition, plan), with_errors=with_errors):
        return 1
    compared = _compare(plan, asked)
    outcomes = _planned(compared.changes) if dry_run else _send(compared)
    _emit(output, asked, compared, outcomes, pushed=not dry_run)
    return _report_failures(outcomes)


def _report_failures(outcomes: Sequence[Outcome]) -> int:
    """Say what failed and why, each reason once, and return the exit status."""
    failed = [outcome for outcome in outcomes if outcome.state == "failed"]
    left = sum(outcome.state == "not-tried" for outcome in outcomes)
    if not failed:
        return 0
    for reason in dict.fromkeys(outcome.error for outcome in failed):
        count = sum(outcome.error == reason for outcome in failed)
        say(f"error: {count:,} change{'s' if count > 1 else ''} failed: {reason}")
    done = sum(outcome.state == "done" for outcome in outcomes)
    say(f"help: {done:,} done, {len(failed):,} failed, {left:,} not tried; run it again when the cause is gone")
    return 2


def _compare(plan: Plan, asked: _Asked) -> _Compared:
    """Hold a plan against a NetBox. Raises UsageProblem for a plan without a name, and where there is no answer."""
    if not plan.name:
        raise UsageProblem(
            f"{plan.file} has no name, and objects in NetBox are marked with it",
            'write name = "..." under [plan]; each plan of a NetBox needs its own',
        )
    try:
        from ipplan.cli.netbox_api import NetBox, parse_url, read_token
    except ImportError:
        raise UsageProblem("ipplan netbox needs pynetbox", "pip install 'ipplan[netbox]'") from None
    from ipplan.netbox.difference import difference
    from ipplan.netbox.wanted import want

    netbox = NetBox(parse_url(asked.url), read_token(), asked.timeout)
    desired = want(plan, plan.name)
    found, vrf = netbox.read(desired, asked.vrf)
    changes = difference(desired, found, prune=asked.prune, adopt=asked.adopt)
    return _Compared(plan, plan.name, netbox, vrf, desired, changes)


def _planned(changes: Sequence[ObjectChange]) -> list[Outcome]:
    from ipplan.netbox.difference import WRITING
    from ipplan.netbox.outcome import Outcome

    return [Outcome(change, "planned" if change.action in WRITING else "left") for change in changes]


def _send(compared: _Compared) -> list[Outcome]:
    """Make the changes; return what became of each, in the order of the changes."""
    outcomes = _planned(compared.changes)
    wanted = [outcome.change for outcome in outcomes if outcome.state == "planned"]
    sent = iter(compared.netbox.send(wanted, compared.vrf))
    return [next(sent) if outcome.state == "planned" else outcome for outcome in outcomes]


def _refuse(plan: Plan, catalog: Catalog, *, with_errors: bool) -> bool:
    """Say which errors the plan has, and tell whether they keep it from being pushed."""
    from ipplan.cli.errors import list_errors, say_errors

    errors = list_errors(plan, catalog)
    if not errors:
        return False
    count = f"{len(errors):,} error{'' if len(errors) == 1 else 's'}"
    if with_errors:
        say(f"warning: the plan has {count}; pushed all the same")
        return False
    say(f"error: the plan has {count}; nothing was pushed")
    say_errors(errors)
    say("help: ipplan check shows all; --with-errors pushes all the same")
    return True


def _emit(output: Output, asked: _Asked, compared: _Compared, outcomes: Sequence[Outcome], *, pushed: bool) -> None:
    from ipplan.netbox.outcome import Report
    from ipplan.output import netbox as shown

    plan, url = compared.plan, compared.netbox.url
    report = Report(compared.name, plan.file, url, asked.vrf, pushed, compared.desired, outcomes)
    emit(
        output,
        table=lambda: shown.table(report),
        document=lambda: shown.document(report),
        text=lambda width, color: shown.render_text(report, width=width, color=color, choice=output.choice),
    )
