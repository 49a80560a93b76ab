"""A hosts file: every named address of the plan (hosts(5))."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ipplan.export import ExportError, comment
from ipplan.plan.sizing import resolve_addresses

if TYPE_CHECKING:
    from ipplan.export import Landscape


def export_hosts(landscape: Landscape) -> str:
    """Return a line for each named address, as NAME.NETWORK; raise ExportError where the plan names none."""
    lines = [comment(line) for line in landscape.header("hosts file of the named addresses")]
    start = len(lines)
    for network in landscape.plan.networks:
        if network.prefix is not None:
            for name, address in resolve_addresses(network, network.prefix):
                lines.append(f"{address}\t{_label(name)}.{_label(network.name)}")
    if len(lines) == start:
        raise ExportError(
            "no network of the plan names an address", "write addresses = { gateway = 1 } in one"
        )
    return "\n".join(lines) + "\n"


def _label(text: str) -> str:
    """Return a name as a label of DNS: letters, digits and hyphens, 63 at most (RFC 1123 section 2.1)."""
    label = re.sub(r"[^a-z0-9-]+", "-", text.lower()).strip("-")
    return label[:63].rstrip("-") or "unnamed"
