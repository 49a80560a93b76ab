"""The Python interface: what `import ipplan` gives.

A plan goes in as a file or as text, and comes out checked, allocated, traced or exported as the same immutable values
that the program itself works on. This module is the border to netaddr: wherever a prefix or an address is
expected, a netaddr object is as good as text, and `Prefix.to_netaddr` gives one back.

Nothing here prints, writes a file or ends the process. Sizes are in addresses, prefix lengths in bits.
"""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Literal, Union

from ipplan.addresses import Address, AddressError, Prefix, Range, parse_prefix
from ipplan.allocation import Allocation
from ipplan.allocation import allocate as _allocate
from ipplan.allocation.pinning import pin
from ipplan.catalog import EDITIONS, load_catalog
from ipplan.checks import check_plan, list_errors
from ipplan.exporters import TARGETS, ExportError, Options, Request
from ipplan.exporters import export as _export
from ipplan.findings import Finding, Location, Report, place
from ipplan.flows import FlowError, Missing, Trace, Tracer, find_machine, trace_all
from ipplan.flows import trace as _trace
from ipplan.landscape import Landscape
from ipplan.plan.load import PlanError, locate_in
from ipplan.plan.load import parse_plan as _parse_plan
from ipplan.plan.model import Network, Plan, Pool
from ipplan.plan.pools import UnknownPoolError, reference_plan, with_pools

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import netaddr

    from ipplan.catalog import Catalog

__all__ = [
    "Address",
    "AddressError",
    "Allocation",
    "ExportError",
    "Finding",
    "FlowError",
    "Missing",
    "Network",
    "Plan",
    "PlanError",
    "Prefix",
    "Range",
    "Report",
    "Trace",
    "UnknownPoolError",
    "allocate",
    "check",
    "export",
    "load_plan",
    "parse_plan",
    "pin",
    "ranges_of",
    "trace",
    "trace_flows",
]

PrefixLike = Union["netaddr.IPNetwork", Prefix, str]
"""A prefix as callers have it. Text is read strictly: "10.50.0.0/16", no host bits, no netmask."""

EndLike = Union["netaddr.IPAddress", Address, str]
"""An end of a flow: an address, or text as `ipplan flows --from` takes it (a network, NETWORK@ADDRESS, "internet")."""

LARGEST_FILE = 64 * 1024 * 1024
"""Read at most this many bytes of a plan or a ranges file."""


def load_plan(path: str | os.PathLike[str]) -> Plan:
    """Read a plan file.

    The ranges file that a plan may name is read later, relative to the folder of the plan. Raises OSError where the
    file cannot be read, and PlanError with every problem of its content.
    """
    name = os.fspath(path)
    return parse_plan(_read(name), name)


def parse_plan(text: str | bytes, file: str = "<text>") -> Plan:
    """Read a plan from the text of a plan file; `file` is its name in messages.

    Raises PlanError with every problem: `error.problems` are findings with line and column.
    """
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    return replace(_parse_plan(data, file), text=data)


def check(plan: Plan, *, ranges: str | None = None, today: date | None = None) -> Report:
    """Run every rule over a plan and return the findings, the worst first.

    `report.ok` is True where no error stands that is not waived. `ranges` is an edition of IBM's published ranges, or
    the path of a ranges file; without it, the plan decides, or else the newest edition is used. Waivers expire as of
    `today`, by default the current day. Costs n log n in the number of networks. Raises PlanError and OSError for a
    ranges file that cannot be read.
    """
    catalog = _catalog(ranges, plan)
    found = check_plan(plan, catalog, date.today() if today is None else today)
    locate = locate_in(plan.text) if plan.text else _nowhere
    return Report(
        plan_name=plan.name,
        file=plan.file,
        edition=catalog.edition,
        networks=len(plan.networks),
        findings=place(found, plan.file, locate),
    )


def allocate(
    plan: Plan | None = None,
    *,
    byoip: Iterable[PrefixLike] = (),
    previous: Mapping[str, PrefixLike] | None = None,
    ranges: str | None = None,
) -> Allocation:
    """Place every network of a plan that has no range yet; all of them, or none.

    Without a plan, the four BYOIP networks of the reference architecture are placed. `byoip` are pools to use instead
    of the plan's; `previous` are ranges of an earlier allocation by network, kept where they still hold. The same
    arguments give the same result. `pin` returns the plan with the result. Raises AddressError for a prefix that is not
    valid, UnknownPoolError where a network names a pool that `byoip` leaves out, and what `check` raises for ranges.
    """
    given = tuple(dict.fromkeys(Pool(_prefix(pool)) for pool in byoip))
    plan = with_pools(reference_plan() if plan is None else plan, given)
    earlier = None if previous is None else {name: _prefix(prefix) for name, prefix in previous.items()}
    return _allocate(plan, _catalog(ranges, plan), previous=earlier)


def trace(plan: Plan, source: EndLike, destination: EndLike, *, ranges: str | None = None) -> Trace:
    """Trace a request from one end to another, and its answer on its own way back.

    `trace.result` says whether it is reachable, `trace.hops` and `trace.back` each step, `trace.stop` where and why a
    request stops. Networks without a range are traced where `allocate` would place them. Raises FlowError for an end
    that the plan does not have.
    """
    landscape = _landscape(plan, ranges)
    ends = [find_machine(landscape, str(end)) for end in (source, destination)]
    return _trace(Tracer(landscape), *ends)


def trace_flows(plan: Plan, *, ranges: str | None = None) -> list[Trace | Missing]:
    """Trace every pair of the documented flows, failures first; one trace stands for all pairs that are alike.

    A flow for which the plan lacks an end is `Missing`, with the reason.
    """
    return trace_all(_landscape(plan, ranges))


def export(
    plan: Plan,
    target: str,
    *,
    cluster: str | None = None,
    edge: str | None = None,
    site: str | None = None,
    to: str | None = None,
    worker: str | None = None,
    domain: str | None = None,
    ranges: str | None = None,
    on_errors: Literal["raise", "ignore"] = "raise",
) -> str | bytes:
    """Return the configuration that a device or tool takes: text, or bytes for a workbook.

    `target` is a name that `ipplan export --list` shows; the other arguments choose whose file it is, as the options of
    `ipplan export` do. Networks without a range are exported where `allocate` would place them. Raises
    ExportError where the plan has errors (unless `on_errors` is "ignore") or lacks something that the target needs.
    """
    if target not in TARGETS:
        raise ExportError(f"{target!r} is not a target", f"targets: {', '.join(TARGETS)}")
    catalog = _catalog(ranges, plan)
    today = date.today()
    settled = _settle(plan, catalog)
    errors = list_errors(settled, catalog, today)
    if errors and on_errors == "raise":
        raise ExportError(f"the plan has {len(errors):,} errors: {errors[0].message}", "ipplan.check lists them")
    options = Options(cluster, edge, site, to, worker, domain)
    return _export(TARGETS[target], Request.of(plan, settled, catalog, options, today=today))


def ranges_of(holder: Plan | Allocation) -> dict[str, netaddr.IPNetwork]:
    """Return the range of every network that has one, by name, as netaddr objects.

    Of a plan these are the pinned ranges and the defaults that platforms take; of an allocation also the allocated
    ones. Networks that IBM Cloud has yet to provide are left out.
    """
    if isinstance(holder, Plan):
        prefixes = {network.name: network.prefix for network in holder.taking_part()}
    else:
        prefixes = {placement.network.name: placement.prefix for placement in holder.placements}
    return {name: prefix.to_netaddr() for name, prefix in prefixes.items() if prefix is not None}


def _prefix(value: PrefixLike) -> Prefix:
    if isinstance(value, str):
        return parse_prefix(value)
    return value if isinstance(value, Prefix) else Prefix.from_netaddr(value)


def _landscape(plan: Plan, ranges: str | None) -> Landscape:
    catalog = _catalog(ranges, plan)
    return Landscape(_settle(plan, catalog).in_service, catalog)


def _settle(plan: Plan, catalog: Catalog) -> Plan:
    """Return the plan with the ranges that allocate would give; as it is where not every network finds a place."""
    allocation = _allocate(plan, catalog)
    return pin(plan, allocation) if allocation.ok else plan


def _catalog(ranges: str | None, plan: Plan) -> Catalog:
    """Return the catalogue that the caller chooses, or else the plan, or else the newest."""
    if ranges is None and plan.ranges_file is not None:
        return _load_ranges(os.path.join(os.path.dirname(plan.file), plan.ranges_file))
    edition = plan.ranges_edition if ranges is None else ranges
    if edition is None or edition in EDITIONS:
        return load_catalog(edition)
    return _load_ranges(edition)


def _load_ranges(path: str) -> Catalog:
    from ipplan.importers import SourceError
    from ipplan.importers.ranges import catalog_from
    from ipplan.importers.reading import source_problems

    try:
        return catalog_from(_read(path), path)
    except SourceError as error:
        raise source_problems(error, path) from None


def _read(path: str) -> bytes:
    with open(path, "rb") as stream:
        data = stream.read(LARGEST_FILE + 1)
    if len(data) > LARGEST_FILE:
        raise PlanError(path, [_too_large(path)])
    return data


def _too_large(path: str) -> Finding:
    message = f"cannot read {path}: it is larger than {LARGEST_FILE >> 20} MiB"
    return Finding("plan-unreadable", "error", message, location=Location(path))


def _nowhere(_keys: object) -> dict[tuple[str | int, ...], tuple[int, int]]:
    """Find no line, because a plan that was not read from text has none."""
    return {}
