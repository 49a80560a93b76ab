"""Derive the table of a DLR."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ipplan.landscape.edge_addresses import gateway_on_esg, on_transit
from ipplan.landscape.holders import first_named, gateway_address
from ipplan.landscape.model import DEFAULT_ROUTES, Route
from ipplan.plan import names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ipplan.landscape.edge_facts import EdgeFacts


def dlr_routes(edge: EdgeFacts) -> Iterator[Route]:
    """Yield the table of the DLR."""
    transit = edge.at["transit"]
    route = partial(Route, "DLR", edge.name)
    for version, default in DEFAULT_ROUTES.items():
        esg = on_transit(transit, names.TRANSIT_ESG, 0, version)
        if esg is not None or any(n.prefix and n.prefix.version == version for n in edge.behind):
            yield route(default, "ESG", esg, "transit", "static", "everything else", edge.end)
    yield from _over_stretched(edge)
    for network in transit:
        assert network.prefix is not None
        yield route(network.prefix, "transit", None, "transit", "connected", network.name, edge.end)
    for network in edge.behind:
        if network.prefix is not None and not gateway_on_esg(network):
            yield route(
                network.prefix,
                "VXLAN",
                gateway_address(network),
                None,
                "connected",
                f"gateway of {network.name}",
                edge.end,
            )


def _over_stretched(edge: EdgeFacts) -> Iterator[Route]:
    """Yield the routes to the enterprise over stretched networks, by the on-premises router in one of them."""
    for joint in edge.joints:
        if joint.method != "l2-extension":
            continue
        stretched = edge.ends.carriage.stretched_by(joint)
        if not stretched:
            continue
        own = {n.prefix for n in stretched}
        for version in (4, 6):
            # The next hop needs the IP version of the route, and so a stretched network of that version.
            over = [n for n in stretched if n.prefix is not None and n.prefix.version == version]
            if not over:
                continue
            hop = first_named(over, *names.ON_PREMISES)
            wire = over[0].name if hop is None else hop.network
            text = f"{joint.first.title}, over the stretched network {wire}"
            for item in edge.ends.carriage.carried(joint, joint.first):
                prefix = item.prefix
                # A stretched network is the same layer 2 segment as that of the enterprise and needs no route.
                if prefix is not None and prefix.version == version and prefix not in own:
                    yield Route(
                        "DLR",
                        edge.name,
                        prefix,
                        "on-premises router",
                        hop,
                        None,
                        "static",
                        text,
                        joint.first,
                        joint,
                    )
