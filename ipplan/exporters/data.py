"""Networks and devices as plain values, the same for every target that writes data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipplan.landscape.model import RangeNat
from ipplan.plan.labels import describe_about
from ipplan.plan.sizing import gateway_of, resolve_addresses

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ipplan.landscape import End
    from ipplan.landscape.ends import Joint
    from ipplan.landscape.model import (
        DestinationNat,
        Esg,
        HostAddress,
        Route,
        Session,
        SourceNat,
        Speaker,
        Translation,
        Tunnel,
        TunnelEnd,
    )
    from ipplan.landscape.plan_ends import Ends
    from ipplan.plan.model import Network


def describe_networks(networks: Iterable[Network]) -> dict[str, dict[str, Any]]:
    """Return each network that has a range by its name, including those on the default range of their platform."""
    return {n.name: _network(n) for n in networks if n.prefix is not None}


def _network(network: Network) -> dict[str, Any]:
    assert network.prefix is not None
    return {
        "kind": network.kind.name,
        "cluster": network.cluster,
        "edge": network.edge,
        "site": network.site,
        "default": network.default,
        "cidr": str(network.prefix),
        "gateway": gateway_of(network, network.prefix),
        "addresses": dict(resolve_addresses(network, network.prefix)),
        **describe_about(network),
    }


def describe_sites(ends: Ends, sites: Iterable[End]) -> list[dict[str, Any]]:
    """Return the sites, each with the names of its networks."""
    return [{"name": site.name, "networks": [n.name for n in ends.of_site(site)]} for site in sites]


def describe_link(ends: Ends, joint: Joint) -> dict[str, Any]:
    """Return a link: its two ends, its method, and the networks of each side that it carries."""
    return {
        "first": _end_name(joint.first),
        "second": _end_name(joint.second),
        "pair": joint.pair,
        "method": joint.method,
        "carries_of_first": [c.network.name for c in ends.carriage.carried(joint, joint.first)],
        "carries_of_second": [c.network.name for c in ends.carriage.carried(joint, joint.second)],
    }


def _end_name(end: End) -> dict[str, Any]:
    return {"kind": end.kind, "name": end.name}


def describe_route(route: Route) -> dict[str, Any]:
    """Return one route."""
    return {
        "device": route.device,
        "name": route.name,
        "cidr": str(route.prefix),
        "towards": route.via,
        "next_hop": _address(route.next_hop),
        "interface": route.interface,
        "how": route.how,
        "text": route.text,
    }


def describe_session(session: Session) -> dict[str, Any]:
    """Return one BGP session."""
    return {"first": _speaker(session.first), "second": _speaker(session.second)}


def _address(address: HostAddress | None) -> dict[str, Any] | None:
    """Return an address; one that the plan does not assign is marked as an example."""
    if address is None or address.value is None:
        return None
    return {"address": address.text, "example": address.example}


def describe_esg(esg: Esg) -> dict[str, Any]:
    """Return one ESG: its interfaces, what is behind it, and its NAT rules in their order."""
    return {
        "name": esg.name,
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
            for i in esg.interfaces
        ],
        "networks": [n.name for n in esg.behind],
        "source_nat": [_source_nat(rule) for rule in esg.source_nat],
        "destination_nat": list(_destination_nat((*esg.range_nat, *esg.destination_nat))),
    }


def _source_nat(rule: SourceNat) -> dict[str, Any]:
    return {
        "interface": rule.interface,
        "source": str(rule.source),
        "destination": None if rule.match is None else str(rule.match),
        "address": _address(rule.address),
        "range": None if rule.shown is None else str(rule.shown),
        "text": rule.text,
    }


def _destination_nat(rules: Iterable[RangeNat | DestinationNat]) -> Iterator[dict[str, Any]]:
    """Yield rules that all have the same keys: rules for ranges have no address, the others have no range."""
    for rule in rules:
        keys: Mapping[str, Any] = {
            "interface": rule.interface,
            "address": None,
            "target": None,
            "protocol": None,
            "port": None,
            "source": None,
            "range": None,
            "target_range": None,
            "text": rule.text,
        }
        if isinstance(rule, RangeNat):
            yield {
                **keys,
                "source": str(rule.match),
                "range": str(rule.shown),
                "target_range": str(rule.target),
            }
        else:
            yield {
                **keys,
                "address": _address(rule.address),
                "target": _address(rule.target),
                "protocol": rule.protocol,
                "port": rule.port,
            }


def _speaker(speaker: Speaker) -> dict[str, Any]:
    return {
        "device": speaker.device,
        "name": speaker.name,
        "address": _address(speaker.address),
        "asn": speaker.asn,
        "asn_example": speaker.example,
        "announces": _texts(speaker.announces),
    }


def describe_tunnel(tunnel: Tunnel) -> dict[str, Any]:
    """Return one tunnel with both of its ends and the NAT of each side."""
    return {
        "name": tunnel.label,
        "integration": tunnel.joint.integration,
        "method": tunnel.joint.method,
        "ike": tunnel.ike,
        "private": tunnel.private,
        "near": _end(tunnel.near, tunnel.near_nat),
        "far": _end(tunnel.far, tunnel.far_nat),
    }


_SITES = {"iks": "iks", "icp": "icp", "edge": "overlay", "site": "enterprise"}
"""Values of the key `site` of the end of a tunnel, which is older than the key `kind`."""


def _end(end: TunnelEnd, nat: Iterable[Translation]) -> dict[str, Any]:
    return {
        "site": _SITES.get(end.end.kind),
        "kind": end.end.kind,
        "name": end.name,
        "gateway": _address(end.gateway),
        "inside": _address(end.inside),
        "identity": end.identity,
        "subnets": _texts(end.subnets),
        "policy": _texts(end.policy),
        "nat": [{"network": t.network, "real": str(t.real), "shown": str(t.shown)} for t in nat],
    }


def _texts(values: Iterable[object]) -> list[str]:
    return [str(value) for value in values]
