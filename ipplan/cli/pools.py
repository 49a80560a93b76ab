"""The pools that a command allocates from: those of --byoip or those of the plan.

Knows nothing of how anything is placed or shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ipplan.addresses import AddressError, HostBitsError, format_address, parse_prefix
from ipplan.cli.plans import DEFAULT_PLAN, read_plan
from ipplan.cli.streams import UsageProblem, say
from ipplan.output.text import escape
from ipplan.plan import pools as pools_of_plan
from ipplan.plan.model import Pool

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ipplan.plan.model import Plan

byoip_option = click.option(
    "--byoip", metavar="CIDR", multiple=True, help="Pool to allocate from, instead of the plan's pools; repeatable."
)
"""Gives a command --byoip, passed as `byoip`: texts for `read_pools`."""

data_centers_option = click.option(
    "--allow-other-data-centers",
    is_flag=True,
    help="Avoid IBM's customer private ranges only in the plan's own data centers, not in all.",
)
"""Gives a command --allow-other-data-centers."""


def read_pools(texts: Iterable[str]) -> tuple[Pool, ...]:
    """Return the pools that --byoip names, each once, in their order."""
    return tuple(dict.fromkeys(map(_read_pool, texts)))


def _read_pool(text: str) -> Pool:
    try:
        return Pool(parse_prefix(text))
    except HostBitsError as error:
        return Pool(error.block, error.address)
    except AddressError as error:
        hint = "" if error.suggestion is None else f"; write {error.suggestion}"
        raise click.BadParameter(f'"{escape(text[:80])}": {error}{hint}', param_hint="--byoip") from None


def choose_plan(path: str | None, pools: Sequence[Pool], example: str) -> tuple[Plan, bytes]:
    """Return the plan at a path and its text, or without a path the networks of the reference architecture.

    `example` is the command to suggest where there is neither a plan nor a pool.
    """
    if path is not None:
        return read_plan(path)
    if not pools:
        raise UsageProblem(
            f"no plan given, no {DEFAULT_PLAN} in the working directory, and no pool to allocate from", example
        )
    say(f"note: no plan given and no {DEFAULT_PLAN} here; using the BYOIP networks of the reference architecture")
    return pools_of_plan.reference_plan(), b""


def with_pools(plan: Plan, pools: Sequence[Pool]) -> Plan:
    """Return the plan with these pools instead of its own; without any, the plan as it is."""
    try:
        return pools_of_plan.with_pools(plan, pools)
    except pools_of_plan.UnknownPoolError as error:
        raise UsageProblem(
            f"network {error.network} names pool {error.pool}, which is not a pool of --byoip",
            f"add --byoip {error.pool}",
        ) from None


def require_data_centers(plan: Plan) -> None:
    """Raise for --allow-other-data-centers where the plan names none of its own."""
    if not plan.data_centers:
        raise UsageProblem(
            "--allow-other-data-centers needs the data centers of the plan, and the plan names none",
            'write data-centers = ["dal10"] under [plan]',
        )


def warn_of_host_bits(pools: Iterable[Pool]) -> None:
    """Print which block ipplan uses for each pool that has host bits set."""
    for pool in pools:
        if pool.written is not None:
            version, first, _ = pool.prefix
            say(
                f"warning: pool {pool.given} has host bits set; using the enclosing block {pool.prefix}, "
                f"{format_address(version, first)} to {format_address(version, pool.prefix.last)}"
            )
