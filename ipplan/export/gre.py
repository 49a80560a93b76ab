"""The GRE tunnels of a device on Linux: which it has, and what their interfaces are called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.landscape import End

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ipplan.export import Request
    from ipplan.landscape.model import DeviceTable, Tunnel


def interfaces_of(request: Request, device: DeviceTable) -> Iterator[tuple[Tunnel, End]]:
    """Yield the GRE tunnels of an ESG or an on-premises router, each with the end that the device is."""
    landscape = request.landscape
    if device.kind == "ESG":
        end = End("edge", device.name)
    elif device.kind == "on-premises router":
        end = next(site for site in landscape.ends.sites if landscape.site_name(site) == device.name)
    else:
        return
    for tunnel in landscape.tunnels.of_end(end):
        if tunnel.joint.method == "gre":
            yield tunnel, end


def name_of(number: int) -> str:
    """Return the name of the n-th GRE interface of a device; gre0 is the kernel's own."""
    return f"gre{number}"
