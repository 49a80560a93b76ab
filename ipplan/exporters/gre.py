"""The GRE tunnels of a device on Linux: the names of their interfaces, and the commands that create them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.exporters import comment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ipplan.exporters import Request
    from ipplan.exporters.places import Host
    from ipplan.landscape import End
    from ipplan.landscape.model import Tunnel


def tunnels_of(request: Request, end: End) -> Mapping[End, tuple[str, Tunnel]]:
    """Return the GRE tunnels of an edge or a site by their far ends, each with the name of its interface."""
    found = [t for t in request.landscape.tunnels.of_end(end) if t.joint.method == "gre"]
    # gre0 is the kernel's own.
    return {t.far_from(end).end: (f"gre{number}", t) for number, t in enumerate(found, 1)}


def has_addresses(tunnel: Tunnel) -> bool:
    """Return whether both ends have an address; without one there is no interface."""
    return all(end.gateway is not None and end.gateway.value is not None for end in (tunnel.near, tunnel.far))


def commands(request: Request, host: Host) -> Iterator[str]:
    """Yield the commands that create the GRE tunnels of an ESG or an on-premises router; nothing for other devices."""
    if host.end is None:
        return
    for name, tunnel in tunnels_of(request, host.end).values():
        own, far = tunnel.end_at(host.end).gateway, tunnel.far_from(host.end).gateway
        what = f"the tunnel to {tunnel.far_from(host.end).end.title}"
        if own is None or far is None or not has_addresses(tunnel):
            yield comment(f"{name}, {what}: an end has no address yet")
            continue
        ends = f"mode gre local {own.text} remote {far.text} ttl 64"
        example = ", an example" if own.example or far.example else ""
        known = f"ip link show dev {name} >/dev/null 2>&1"
        yield f"{known} || ip tunnel add {name} {ends}  {comment(what + example)}"
        yield f"ip link set {name} up"
