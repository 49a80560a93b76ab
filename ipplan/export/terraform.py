"""Variables for Terraform: one map of the networks (NAME.auto.tfvars.json)."""

from __future__ import annotations

from json import dumps
from typing import TYPE_CHECKING

from ipplan.plan.sizing import gateway_of, resolve_addresses

if TYPE_CHECKING:
    from ipplan.export import Landscape


def export_terraform(landscape: Landscape) -> str:
    """Return the variable `ipplan`: who made it, and each network with its range, gateway and named addresses."""
    purpose, made = landscape.header("variables for Terraform")
    networks = {
        n.name: {
            "kind": n.kind.name,
            "cluster": n.cluster,
            "cidr": str(n.prefix),
            "gateway": gateway_of(n, n.prefix),
            "addresses": dict(resolve_addresses(n, n.prefix)),
        }
        for n in landscape.plan.networks
        if n.prefix is not None
    }
    document = {"ipplan": {"purpose": purpose, "made_by": made, "networks": networks}}
    return dumps(document, indent=2) + "\n"
