"""Variables for Ansible (group_vars): the networks, and what the devices need."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ipplan.export import comment
from ipplan.export.data import describe_devices, describe_networks
from ipplan.export.yaml_text import Unsafe, dump

if TYPE_CHECKING:
    from ipplan.export import Landscape

_PLAIN = re.compile(r"[A-Za-z0-9_ .,:;/'()-]*")


def export_ansible(landscape: Landscape) -> str:
    """Return the variable `ipplan`; no string in it can be taken for a template."""
    header = landscape.header("variables for Ansible: group_vars/all/ipplan.yaml")
    variable = {
        "made_by": header[1],
        "networks": describe_networks(landscape),
        **describe_devices(landscape.devices),
    }
    return "\n".join([*map(comment, header), "---", dump({"ipplan": _unsafe(variable)})])


def _unsafe(value: Any) -> Any:
    """Return a value with each string tagged !unsafe that is more than plain words; keys are never templates."""
    if isinstance(value, str):
        return value if _PLAIN.fullmatch(value) else Unsafe(value)
    if isinstance(value, Mapping):
        return {key: _unsafe(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_unsafe(inner) for inner in value]
    return value
