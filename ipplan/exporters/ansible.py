"""Variables for Ansible (group_vars): the networks, and what each device needs to be configured."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import chain
from typing import TYPE_CHECKING, Any

from ipplan.exporters import comment, find_cluster, find_edge
from ipplan.exporters.data import (
    describe_esg,
    describe_link,
    describe_networks,
    describe_route,
    describe_session,
    describe_sites,
    describe_tunnel,
)
from ipplan.exporters.routes import content_of
from ipplan.exporters.yaml_text import Unsafe, dump, indent
from ipplan.landscape import End

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ipplan.exporters import Request
    from ipplan.landscape.ends import Joint
    from ipplan.landscape.model import DeviceTable, Route, Session, Tunnel
    from ipplan.plan.model import Network

_PLAIN = re.compile(r"[A-Za-z0-9_ .,:;/'()-]*")


def export_ansible(request: Request) -> str:
    """Return the variable `ipplan`; Ansible takes no string in it for a template.

    With --cluster or --edge it has only what belongs to these, otherwise the whole plan. It is made item by item, so
    that memory holds little more than the text.
    """
    header = request.header("variables for Ansible: group_vars/all/ipplan.yaml")
    landscape = request.landscape
    chosen = _chosen(request)
    edges = landscape.ends.edges if chosen is None else [end for end in chosen if end.kind == "edge"]
    sites = landscape.ends.sites if chosen is None else ()
    head = {"made_by": header[1], "networks": describe_networks(_networks(request, chosen))}
    parts = [
        "\n".join([*map(comment, header), "---", "ipplan:", ""]),
        indent(dump(_unsafe(head)), 2),
        *_items("edges", map(describe_esg, map(landscape.esg, edges))),
        *_items("sites", describe_sites(landscape.ends, sites)),
        *_items("links", (describe_link(landscape.ends, joint) for joint in _links(request, chosen))),
        *_items("bgp", map(describe_session, _sessions(request, chosen))),
        *_items("tunnels", map(describe_tunnel, _tunnels(request, chosen))),
        *_routes(request, chosen),
    ]
    return "".join(parts)


def _chosen(request: Request) -> list[End] | None:
    """Return the cluster and the edge that the options name, None for all."""
    found: list[End] = []
    if request.options.cluster is not None:
        cluster = find_cluster(request)
        found.append(End(cluster.platform, cluster.name))
    if request.options.edge is not None:
        found.append(find_edge(request))
    return found or None


def _networks(request: Request, chosen: list[End] | None) -> Iterable[Network]:
    ends = request.landscape.ends
    if chosen is None:
        return ends.networks
    clusters = {(end.kind, end.name) for end in chosen}
    return [n for n in ends.networks if (n.kind.platform, n.cluster) in clusters or ends.edge_of(n) in chosen]


def _links(request: Request, chosen: list[End] | None) -> Iterator[Joint]:
    ends = request.landscape.ends
    every: Iterable[End] = (*ends.clusters, *ends.edges, *ends.sites) if chosen is None else chosen
    seen: set[Joint] = set()
    for end in every:
        for joint in ends.links.of(end):
            # Each is among the links of both of its ends.
            if chosen is None and joint.first != end:
                continue
            if joint not in seen:
                seen.add(joint)
                yield joint


def _sessions(request: Request, chosen: list[End] | None) -> Iterable[Session]:
    landscape = request.landscape
    if chosen is None:
        return landscape.sessions()
    return chain.from_iterable(
        landscape.esg(end).sessions if end.kind == "edge" else landscape.sessions_of(end) for end in chosen
    )


def _tunnels(request: Request, chosen: list[End] | None) -> Iterable[Tunnel]:
    landscape = request.landscape
    if chosen is None:
        return landscape.all_tunnels()
    found = {id(t): t for end in chosen for t in landscape.tunnels.of_end(end)}
    return found.values()


def _devices(request: Request, chosen: list[End] | None) -> Iterator[DeviceTable]:
    if chosen is None:
        yield from request.landscape.devices()
        return
    for end in chosen:
        yield from request.landscape.devices_of(end)


def _items(key: str, values: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the text of a list under a key of the variable, item by item."""
    empty = True
    for value in values:
        if empty:
            yield f"  {key}:\n"
            empty = False
        yield indent(dump([_unsafe(value)]), 4)
    if empty:
        yield f"  {key}: []\n"


def _routes(request: Request, chosen: list[End] | None) -> Iterator[str]:
    """Yield the routes; a route that is in several tables is rendered once."""
    known: dict[tuple[object, ...], str] = {}
    empty = True
    for device in _devices(request, chosen):
        if empty:
            yield "  routes:\n"
            empty = False
        head = indent(dump([_unsafe({"device": device.kind, "name": device.name})]), 4)
        yield "".join([f"{head}{known.get(content_of(route)) or _rest(route, known)}" for route in device.routes])
    if empty:
        yield "  routes: []\n"


def _rest(route: Route, known: dict[tuple[object, ...], str]) -> str:
    """Return a route without its device, and keep the text for the same route in other tables."""
    described = describe_route(route)
    del described["device"], described["name"]
    known[content_of(route)] = text = indent(dump(_unsafe(described)), 6)
    return text


def _unsafe(value: Any) -> Any:
    """Return a value with every string tagged !unsafe that has more than plain words; keys are never templates."""
    if isinstance(value, str):
        return value if _PLAIN.fullmatch(value) else Unsafe(value)
    if isinstance(value, Mapping):
        return {key: _unsafe(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_unsafe(inner) for inner in value]
    return value
