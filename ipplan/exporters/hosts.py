"""A hosts file with every named address of the plan (hosts(5))."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.exporters import ExportError, comment
from ipplan.plan.names import as_label
from ipplan.plan.sizing import resolve_addresses

if TYPE_CHECKING:
    from ipplan.exporters import Request


def export_hosts(request: Request) -> str:
    """Return a line for each named address, as NAME.NETWORK, and with the domain if --domain gives one.

    Raises ExportError where the plan names no address.
    """
    lines = [comment(line) for line in request.header("hosts file of the named addresses")]
    start = len(lines)
    for network in request.plan.networks:
        if network.prefix is not None and request.lists(network):
            for name, address in resolve_addresses(network, network.prefix):
                host = f"{as_label(name)}.{as_label(network.name)}"
                alias = "" if request.options.domain is None else f"\t{host}.{request.options.domain}"
                lines.append(f"{address}\t{host}{alias}")
    if len(lines) == start:
        raise ExportError("no network of the plan names an address", "write addresses = { gateway = 1 } in one")
    return "\n".join(lines) + "\n"
