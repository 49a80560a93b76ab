"""Variables for Terraform: one map of the networks (NAME.auto.tfvars.json)."""

from __future__ import annotations

from json import dumps
from typing import TYPE_CHECKING

from ipplan.exporters.data import describe_networks

if TYPE_CHECKING:
    from ipplan.exporters import Request


def export_terraform(request: Request) -> str:
    """Return the variable `ipplan`: its origin, and each network with its range, gateway and named addresses."""
    purpose, made = request.header("variables for Terraform")
    document = {
        "ipplan": {
            "purpose": purpose,
            "made_by": made,
            "networks": describe_networks(filter(request.lists, request.landscape.ends.networks)),
        }
    }
    return dumps(document, indent=2) + "\n"
