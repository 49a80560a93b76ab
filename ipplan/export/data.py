"""What tools that take data get: networks and devices as plain values, the same for every such target."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipplan.plan.sizing import gateway_of, resolve_addresses

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ipplan.devices.model import Devices, Edge, Speaker, Tunnel, TunnelEnd
    from ipplan.export import Landscape
    from ipplan.flows import Address


def describe_networks(landscape: Landscape) -> dict[str, dict[str, Any]]:
    """Return each network that has a range by its name, those on the default range of their platform too."""
    return {
        n.name: {
            "kind": n.kind.name,
            "cluster": n.cluster,
            "edge": n.edge,
            "default": n.default,
            "cidr": str(n.prefix),
            "gateway": gateway_of(n, n.prefix),
            "addresses": dict(resolve_addresses(n, n.prefix)),
        }
        for n in landscape.plan.taking_part()
        if n.prefix is not None
    }


def describe_devices(devices: Devices) -> dict[str, Any]:
    """Return what the devices need; an address that the plan gives to nothing is marked as an example."""
    return {
        "edges": [_edge(edge) for edge in devices.edges],
        "bgp": [{"first": _speaker(s.first), "second": _speaker(s.second)} for s in devices.sessions],
        "tunnels": [_tunnel(tunnel) for tunnel in devices.tunnels],
        "routes": [
            {
                "device": r.device, "name": r.name, "cidr": str(r.prefix), "towards": r.via,
                "next_hop": _address(r.next_hop), "interface": r.interface, "how": r.how, "text": r.text,
            }
            for r in devices.routes
        ],
    }  # fmt: skip


def _address(address: Address | None) -> dict[str, Any] | None:
    if address is None:
        return None
    return {"address": address.text, "example": address.example}


def _edge(edge: Edge) -> dict[str, Any]:
    return {
        "name": edge.name,
        "interfaces": [
            {
                "role": i.role,
                "number": i.number,
                "gateway": _address(i.gateway),
                "networks": [
                    {
                        "network": g.network.name,
                        "prefix_length": None if g.network.prefix is None else g.network.prefix.length,
                        "primary": _address(g.primary),
                        "secondary": [_address(a) for a in g.secondary],
                    }
                    for g in i.groups
                ],
            }
            for i in edge.interfaces
        ],
        "networks": [n.name for n in edge.behind],
        "source_nat": [
            {
                "interface": r.interface, "source": str(r.source), "destination": None if r.match is None else str(r.match),
                "address": _address(r.address), "text": r.text,
            }
            for r in edge.source_nat
        ],
        "destination_nat": [
            {
                "interface": r.interface, "address": _address(r.address), "target": _address(r.target),
                "protocol": r.protocol, "port": r.port, "text": r.text,
            }
            for r in edge.destination_nat
        ],
    }  # fmt: skip


def _speaker(speaker: Speaker) -> dict[str, Any]:
    return {
        "device": speaker.device, "name": speaker.name, "address": _address(speaker.address), "asn": speaker.asn,
        "asn_example": speaker.example, "announces": _texts(speaker.announces),
    }  # fmt: skip


def _tunnel(tunnel: Tunnel) -> dict[str, Any]:
    return {
        "name": tunnel.label, "integration": tunnel.key, "ike": tunnel.ike,
        "near": _end(tunnel.near), "far": _end(tunnel.far),
    }  # fmt: skip


def _end(end: TunnelEnd) -> dict[str, Any]:
    return {
        "site": end.site, "name": end.name, "gateway": _address(end.gateway), "inside": _address(end.inside),
        "identity": end.identity, "subnets": _texts(end.subnets),
    }  # fmt: skip


def _texts(values: Iterable[object]) -> list[str]:
    return [str(value) for value in values]
