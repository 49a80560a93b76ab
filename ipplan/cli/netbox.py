"""`ipplan netbox`: compare a NetBox with a plan, and update it from the plan."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from ipplan.cli.emit import Output, emit
from ipplan.cli.help import Command, Group
from ipplan.cli.options import all_of, color_option, edition_option, format_option
from ipplan.cli.plans import choose_catalog, read_plan, require_plan
from ipplan.cli.streams import UsageProblem, say

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ipplan.catalog import Catalog
    from ipplan.cli.netbox_api import NetBox
    from ipplan.netbox.difference import ObjectChange
    from ipplan.netbox.outcome import Outcome
    from ipplan.netbox.wanted import Desired
    from ipplan.plan.model import Plan

    Function = Callable[..., int | None]


class _Asked(NamedTuple):
    """The arguments and options that both commands have."""

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


_URL = "--url https://netbox.example.com"
_DIFF = ("Show what push would change (needs a NetBox)", f"ipplan netbox diff plan.toml {_URL}")
_PUSH = (
    "Create and update the objects of a plan (needs a NetBox)",
    f"ipplan netbox push plan.toml {_URL} --vrf dallas",
)


@click.group("netbox", cls=Group, examples=(_DIFF, _PUSH))
def command() -> None:
    """Compare a NetBox with a plan, and update it.

    The environment variable NETBOX_TOKEN holds the token; IPPLAN_NETBOX_TOKEN takes precedence. ipplan writes prefixes,
    VLANs, roles and tags, and changes no object that was not made from this plan.
    """


def _common(command: Function) -> Function:
    """Give a command the arguments and options that both have, and pass them as `asked`."""

    @wraps(command)
    def run(
        *, path: str | None, url: str, vrf: str | None, timeout: int, adopt: bool, prune: bool, **rest: Any
    ) -> int | None:
        return command(asked=_Asked(require_plan(path), url, vrf, timeout, adopt, prune), **rest)

    return all_of(
        click.argument("path", metavar="[PLAN]", required=False),
        click.option("--url", required=True, metavar="URL", help="Address of the NetBox."),
        click.option(
            "--vrf", metavar="NAME", help="The VRF of the prefixes, by name or route distinguisher (default: global)."
        ),
        click.option(
            "--adopt",
            is_flag=True,
            help="Take over existing objects that the plan wants but that were not made from it.",
        ),
        click.option(
            "--prune", is_flag=True, help="Delete objects that were made from this plan and are no longer in it."
        ),
        click.option(
            "--timeout",
            type=click.IntRange(1, 3600),
            default=60,
            metavar="SECONDS",
            help="Give up on a request after SECONDS (default: 60).",
        ),
    )(run)


@command.command(
    "diff",
    cls=Command,
    short_help="Show what push would change.",
    examples=(_DIFF, ("Fail if anything differs (needs a NetBox)", f"{_DIFF[1]} --exit-code")),
    exit_status={
        0: "compared",
        1: "with --exit-code, a difference",
        2: "bad usage, or a plan or NetBox that cannot be read",
    },
)
@_common
@click.option("--exit-code", is_flag=True, help="Exit with status 1 if anything differs.")
@format_option("table", "json", "csv", "markdown", columns="netbox")
@color_option
def show_difference(*, asked: _Asked, exit_code: bool, output: Output) -> int:
    """Show what push would change, with the same options. Writes nothing."""
    compared = _compare(read_plan(asked.path)[0], asked)
    _emit(output, asked, compared, _planned(compared.changes), pushed=False)
    return 1 if exit_code and compared.changes else 0


@command.command(
    "push",
    cls=Command,
    short_help="Create and update the objects of a plan.",
    examples=(_PUSH, ("Delete what the plan no longer has (needs a NetBox)", f"{_PUSH[1]} --prune")),
    exit_status={
        0: "the NetBox is up to date",
        1: "the plan has errors; nothing was pushed",
        2: "bad usage, a plan or NetBox that cannot be read, or a change that NetBox rejected",
    },
)
@_common
@click.option("--dry-run", is_flag=True, help="Show what would change. Write nothing.")
@click.option("--with-errors", is_flag=True, help="Push even if check finds errors.")
@edition_option
@format_option("table", "json", "csv", "markdown", columns="netbox")
@color_option
def push(*, asked: _Asked, dry_run: bool, with_errors: bool, ranges_edition: str | None, output: Output) -> int:
    """Create and update the prefixes, VLANs, roles and tags of a plan in a NetBox.

    ipplan deletes nothing without --prune. A run that fails half-way lists what was done; the next run does the rest.
    """
    plan, _ = read_plan(asked.path)
    if _reject(plan, choose_catalog(ranges_edition, plan), with_errors=with_errors):
        return 1
    compared = _compare(plan, asked)
    outcomes = _planned(compared.changes) if dry_run else _send(compared)
    _emit(output, asked, compared, outcomes, pushed=not dry_run)
    return _report_failures(outcomes)


def _report_failures(outcomes: Sequence[Outcome]) -> int:
    """Report what failed and why, each reason once, and return the exit status."""
    failed = [outcome for outcome in outcomes if outcome.state == "failed"]
    left = sum(outcome.state == "not-tried" for outcome in outcomes)
    if not failed:
        return 0
    for reason in dict.fromkeys(outcome.error for outcome in failed):
        count = sum(outcome.error == reason for outcome in failed)
        say(f"error: {count:,} change{'s' if count > 1 else ''} failed: {reason}")
    done = sum(outcome.state == "done" for outcome in outcomes)
    say(f"help: {done:,} done, {len(failed):,} failed, {left:,} not tried; fix the cause and run it again")
    return 2


def _compare(plan: Plan, asked: _Asked) -> _Compared:
    """Compare a plan with a NetBox. Raises UsageProblem for a plan without a name, or if the NetBox does not answer."""
    if not plan.name:
        raise UsageProblem(
            f"{plan.file} has no name; ipplan marks the objects in NetBox with it",
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


def _reject(plan: Plan, catalog: Catalog, *, with_errors: bool) -> bool:
    """Report the errors of the plan; return whether they prevent the push."""
    from ipplan.cli.errors import list_errors, say_errors

    errors = list_errors(plan, catalog)
    if not errors:
        return False
    count = f"{len(errors):,} error{'' if len(errors) == 1 else 's'}"
    if with_errors:
        say(f"warning: the plan has {count}; pushed because of --with-errors")
        return False
    say(f"error: the plan has {count}; nothing was pushed")
    say_errors(errors)
    say("help: ipplan check lists all; --with-errors pushes anyway")
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
