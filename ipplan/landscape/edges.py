"""Build one ESG with its DLR: interfaces, NAT, tunnels, BGP sessions and routes.

Source of the interfaces: "Networking services on IBM Cloud" (vmwaresolutions archiref/nsx/networking_services.md,
2018-11-20).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.landscape.dlr_routes import dlr_routes
from ipplan.landscape.edge_facts import gather_facts
from ipplan.landscape.esg_addresses import EsgAddresses
from ipplan.landscape.esg_destination_nat import DestinationRules, range_nat
from ipplan.landscape.esg_routes import connected_routes, inner_routes, list_sessions, uplink_routes
from ipplan.landscape.esg_source_nat import SourceRules
from ipplan.landscape.model import MOST_INTERFACES, ROLES, Esg
from ipplan.landscape.tunnels import BETWEEN_CLUSTERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ipplan.landscape import Landscape
    from ipplan.landscape.edge_facts import EdgeFacts
    from ipplan.landscape.ends import End
    from ipplan.landscape.model import Interface, Role

_WHAT = {"public": "public uplink", "private": "private uplink", "transit": "transit network to the DLR"}
"""The networks of the interfaces, for people."""


def build_esg(landscape: Landscape, end: End) -> Esg:
    """Return the ESG of an edge with its DLR."""
    edge = gather_facts(landscape, end)
    addresses = EsgAddresses(edge)
    tunnels = tuple(landscape.tunnels.of_end(end))
    # The routes first: they decide by which interface a packet leaves, and so which rules keep its source.
    sessions = tuple(list_sessions(edge))
    uplink = tuple(uplink_routes(edge))
    source = SourceRules(edge, addresses, tunnels, uplink).build()
    destination = tuple(DestinationRules(edge, addresses).build())
    # One route a prefix: a GRE tunnel is more direct than the routed link of its site.
    gre = {p for t in tunnels if t.joint.method == "gre" for p in t.far_from(end).subnets}
    others = (route for route in uplink if route.prefix not in gre)
    routes = (*others, *connected_routes(edge), *inner_routes(edge, tunnels, sessions))
    for tunnel in tunnels:
        gateway = tunnel.end_at(end).gateway
        if gateway is not None and gateway.value is not None:
            addresses.use("private" if tunnel.private else "public", gateway)
    # Last, because an interface has every address that was used above.
    interfaces = tuple(addresses.interfaces())
    return Esg(
        end=end,
        interfaces=interfaces,
        behind=tuple(edge.behind),
        clusters=tuple(cluster.name for cluster in edge.icp),
        source_nat=source,
        destination_nat=destination,
        range_nat=tuple(range_nat(edge, tunnels)),
        routes=routes,
        dlr_routes=tuple(dlr_routes(edge)),
        sessions=sessions,
        tunnels=tunnels,
        missing=tuple(_missing(edge, addresses, interfaces)),
    )


def _missing(edge: EdgeFacts, addresses: EsgAddresses, interfaces: Sequence[Interface]) -> Iterator[tuple[str, str]]:
    """Yield what is missing in the plan for this ESG, and what to write."""
    whose = "" if edge.name is None else f" of edge {edge.name}"
    for role in ROLES:
        yield from _missing_at(edge, role, whose)
        if addresses.short[role]:
            yield (
                f"{', '.join(n.name for n in edge.at[role])} has no free address for {addresses.short[role]:,} DNAT"
                f" {'rule' if addresses.short[role] == 1 else 'rules'} of the ESG",
                "order a larger subnet",
            )
    if len(interfaces) > MOST_INTERFACES:
        yield (
            f"the ESG{whose} needs {len(interfaces):,} interfaces, but an ESG has at most {MOST_INTERFACES}",
            'write gateway-on = "dlr" in some of the networks that it is the gateway of',
        )


def _missing_at(edge: EdgeFacts, role: Role, whose: str) -> Iterator[tuple[str, str]]:
    kind, own = ROLES[role], edge.at[role]
    if not own:
        waiting = any(n.prefix is None for n in edge.ends.of_edge(edge.end, kind))
        # An ESG without a public uplink is a valid design, where no tunnel or flow uses IBM Cloud's public network.
        if role == "public" and not waiting and not _needs_public(edge) and edge.at["private"]:
            return
        if waiting:
            yield f"the {_WHAT[role]}{whose} has no range yet", "write cidr as soon as IBM Cloud has assigned it"
        else:
            yield f"the plan has no {_WHAT[role]}{whose}", f'add a network of kind = "{kind}"'
    elif len(own) > 1 and edge.name is None:
        found = " and ".join(n.name for n in own)
        yield f"{found} may belong to one ESG or to several", 'write edge = "NAME" in each'


def _needs_public(edge: EdgeFacts) -> bool:
    """Return whether a tunnel ends at the ESG or passes it, for which it needs a public address."""
    tunnels, links = edge.landscape.tunnels, edge.ends.links
    if any(j.method in ("strongswan", "ipsec", "gre") and not tunnels.ends_privately(j) for j in edge.joints):
        return True
    return any(j.method == "strongswan" for c in edge.icp for pair in BETWEEN_CLUSTERS for j in links.of_pair(c, pair))
