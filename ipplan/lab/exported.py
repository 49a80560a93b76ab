"""What exports configure: the devices of target `ip-address`, with their routes, NAT and BGP from the other targets.

This module computes no address and no route: it attaches devices to wires, and lets them run the exported files.
"""

from __future__ import annotations

import re
from shlex import quote
from typing import TYPE_CHECKING, NamedTuple

from ipplan.exporters import TARGETS, ExportError, Options, Request, addresses, export, routes
from ipplan.lab import overlay
from ipplan.lab.drafts import Group, workers_of
from ipplan.lab.model import Command, Daemon, File
from ipplan.lab.overlay import wire_name
from ipplan.landscape.ends import PRIVATE, End

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from ipplan.exporters.addresses import Section
    from ipplan.exporters.places import Host
    from ipplan.lab.drafts import Draft, Drafts
    from ipplan.landscape import Landscape
    from ipplan.landscape.model import DeviceTable, Route

_NONE = "none"
"""The name of an interface that a device does not have."""


class Exports(NamedTuple):
    """The plan as a request for exports, and the lab that keeps the files."""

    request: Request
    lab: Drafts

    @property
    def landscape(self) -> Landscape:
        """The landscape of the plan."""
        return self.request.landscape

    def write(self, name: str, target: str, options: Options | None = None) -> str:
        """Export a target, keep the text as a file of the lab, and return it; raise ExportError as `export` does."""
        chosen = options or Options()
        text = export(TARGETS[target], self.request._replace(options=chosen))
        assert isinstance(text, str)
        self.lab.files[name] = text
        given = (f"--{key} {quote(value)}" for key, value in chosen._asdict().items() if value is not None)
        self.lab.origins[name] = " ".join([target, *given])
        return text


def worker_of(lab: Drafts, end: End) -> Draft | None:
    """Return the first worker of a cluster, None where it has none."""
    return lab.find(*workers_of(end.kind, end.name))


def add_devices(exports: Exports, wanted: Collection[str]) -> None:
    """Add every device with addresses; of machines and workers only the first, and those with a wanted address."""
    request, lab = exports.request, exports.lab
    _join_wires(exports.landscape, lab)
    overlay.add_hosts(exports.landscape, lab)
    try:
        exports.write("ip-address", "ip-address")
    except ExportError:
        return
    for section in addresses.sections(request):
        host = section.host
        known = {a.text for place in host.places for a in place.addresses}
        if host.number in (None, 1) or not known.isdisjoint(wanted):
            _add_device(exports, section)
    _add_routes(exports)
    _add_nat(exports)


def _add_device(exports: Exports, section: Section) -> None:
    lab, host = exports.lab, section.host
    draft = lab.device(section.label, _title(host), _group(host))
    for place in host.places:
        variable, _ = section.variables[addresses.key_of(place)]
        wire = lab.wire(wire_name(place.network, behind=host.kind in ("VM", "ICP worker")), place.network.name)
        if variable in draft.ports:
            lab.join(draft.ports[variable].wire, wire)
        else:
            draft.port(variable, wire, _fixed_name(exports.landscape, host, variable))
        draft.held += [(place.network.name, a.text) for a in place.addresses if a.value is not None]
    settings = " ".join(f"{variable}={interface}" for variable, (interface, _) in draft.ports.items())
    draft.commands.append(Command(f"{settings} sh ip-address {section.label}", "ip-address", "its addresses"))
    if host.kind == "IKS worker":
        # As on every worker of IKS; where it drops packets, flows predicts source-refused.
        draft.path_filter = 1
    elif host.kind in ("BCR", "FCR"):
        draft.path_filter = 2


def _title(host: Host) -> str:
    return host.title if host.number is None else f"{host.title}, {host.number}"


def _group(host: Host) -> Group:
    return _group_of(host.kind, host.name)


def _group_of(kind: str, name: str | None) -> Group:
    """Return a device as `ipplan flows` names it."""
    platform, _, what = kind.partition(" ")
    return workers_of(platform, name) if what == "worker" else Group(kind, name)


def _fixed_name(landscape: Landscape, host: Host, variable: str) -> str | None:
    """Return the name of an interface of an ESG in its exports; None for other devices, whose interfaces are numbered."""
    if host.kind != "ESG" or host.end is None:
        return None
    role = variable.lower()
    interface = next((i for i in landscape.esg(host.end).interfaces if i.role == role), None)
    return None if interface is None else f"eth{interface.number}"


# Wires.


def _join_wires(landscape: Landscape, lab: Drafts) -> None:
    """Join wires that are one layer 2 network: portable subnets with the VLAN of their workers, the common VLAN, VXLANs.

    A stretched network is joined with the network of the site that has the same range.
    """
    ends = landscape.ends
    apart = overlay.on_two_hosts(landscape)
    for network in ends.networks:
        if network.name not in apart:
            lab.join(wire_name(network), wire_name(network, behind=True))
    for side in ("public", "private"):
        for ingress in ends.by_kind[f"iks-ingress-{side}"]:
            for worker in ends.of_cluster(End("iks", ingress.cluster), f"iks-worker-{side}"):
                lab.join(wire_name(worker), wire_name(ingress))
    for cluster in ends.of_platform("iks"):
        for joint in ends.links.of_pair(cluster, "iks-edge"):
            if joint.method == "common-vlan":
                for worker in ends.of_cluster(cluster, "iks-worker-private"):
                    for uplink in ends.of_edge(joint.second, "vcs-esg-private"):
                        lab.join(wire_name(worker), wire_name(uplink))
    for edge in ends.edges:
        for joint in ends.links.of_pair(edge, "edge-edge"):
            if joint.method == "routed":
                for uplink in ends.of_edge(joint.first, "vcs-esg-private"):
                    for other in ends.of_edge(joint.second, "vcs-esg-private"):
                        lab.join(wire_name(uplink), wire_name(other))
    for site in ends.sites:
        own = [n for n in ends.of_site(site) if n.kind.provider == "enterprise"]
        for joint in ends.links.of_pair(site, "site-edge"):
            if joint.method != "l2-extension":
                continue
            for item in ends.carriage.carried(joint, joint.second):
                for network in own:
                    if network.prefix is not None and network.prefix == item.network.prefix:
                        lab.join(wire_name(item.network), wire_name(network))


# Routes, NAT and BGP.


def _add_routes(exports: Exports) -> None:
    try:
        exports.write("ip-route", "ip-route")
        tables = list(routes.labelled(exports.request))
    except ExportError:
        return
    for label, table in tables:
        group = _group_of(table.kind, table.name)
        for draft in [d for d in exports.lab.devices.values() if d.group == group]:
            if not _is_table_of(draft, table):
                continue
            link = draft.interface("PRIVATE") or _NONE
            settings = f"LINK={link} " if any(route.how == "link" for route in table.routes) else ""
            draft.commands.append(Command(f"{settings}sh ip-route {label}", "ip-route", "its routes"))


def _is_table_of(draft: Draft, table: DeviceTable) -> bool:
    """Return whether a device has a routing table: workers of ICP in several subnets have one for each subnet."""
    if table.kind != "ICP worker":
        return True
    hops = {route.next_hop.network for route in table.routes if route.next_hop is not None}
    return not hops or any(name in hops for name, _ in draft.held)


def _add_nat(exports: Exports) -> None:
    """Give each ESG its NAT, with the names of its interfaces instead of the examples.

    A kernel applies NAT on the interface through which a packet would leave without IPsec. In the lab IPsec is a TUN
    device, so the rules have to apply there too.
    """
    for edge in exports.landscape.ends.edges:
        draft = exports.lab.find("ESG", edge.name)
        if draft is None:
            continue
        name = "nftables" if edge.name is None else f"nftables-{draft.label}"
        try:
            text = exports.write(name, "nftables", Options(edge=edge.name))
        except ExportError as error:
            exports.lab.absent[f"the NAT of {edge.title}"] = str(error)
            exports.lab.refused[draft.group] = f"the NAT of {edge.title} is not configured: {error}"
            continue
        tunnels = any(t.joint.method in ("strongswan", "ipsec") for t in exports.landscape.esg(edge).tunnels)
        for role in ("public", "private"):
            interface = draft.interface(role.upper()) or _NONE
            names = f'{{ "{interface}", "ipsec0" }}' if tunnels else f'"{interface}"'
            text = re.sub(f'define {role} = "[^"]*"', f"define {role} = {names}", text)
        draft.rules.append(Command(text, name, "its NAT"))


def add_bgp(exports: Exports) -> None:
    """Give ESGs and workers their BGP; that of the BCR, which IBM configures, is scenery."""
    landscape, lab = exports.landscape, exports.lab
    peers: dict[str, int] = {}
    for cluster in landscape.ends.of_platform("iks"):
        worker = worker_of(lab, cluster)
        sessions = (
            [] if worker is None else [s for s in landscape.sessions_of(cluster) if worker.has(s.first.address.text)]
        )
        if worker is None or not sessions:
            continue
        for session in sessions:
            if session.second.device == "ESG":
                peers[session.second.name or ""] = peers.get(session.second.name or "", 0) + 1
        file = _daemon(exports, worker, "bird", Options(cluster=cluster.name), f"BGP of {cluster.title}")
        if file is not None:
            learned = _prefixes(r for r in landscape.worker_routes(cluster) if r.how == "bgp")
            settings = (("peers", str(len(sessions))), ("routes", learned))
            worker.daemons.append(Daemon("bird", (File("bird.conf", *file),), settings))
    for edge in landscape.ends.edges:
        draft = lab.find("ESG", edge.name)
        sessions = list(landscape.esg(edge).sessions)
        if draft is None or not sessions:
            continue
        count = peers.get(edge.name or "", 0) + sum(s.second.device == "BCR" for s in sessions)
        file = _daemon(exports, draft, "frr", Options(edge=edge.name), f"BGP of {edge.title}")
        if file is not None:
            learned = _prefixes(r for r in landscape.esg(edge).routes if r.how == "bgp")
            settings = (("peers", str(count)), ("routes", learned))
            draft.daemons.append(Daemon("frr", (File("frr.conf", *file),), settings))
    _add_bcr(exports)


def _prefixes(routes: Iterable[Route]) -> str:
    """Return the prefixes of the routes that a device has to learn before anything is sent."""
    return " ".join(dict.fromkeys(str(route.prefix) for route in routes if route.prefix.version == 4))


def _daemon(exports: Exports, draft: Draft, target: str, options: Options, what: str) -> tuple[str, str] | None:
    """Return the file of a daemon and its name; where it cannot be exported, record why and return None."""
    name = f"{target}-{draft.label}.conf"
    try:
        return exports.write(name, target, options), name
    except ExportError as error:
        exports.lab.absent[what] = str(error)
        return None


def _add_bcr(exports: Exports) -> None:
    """Give the BCR the sessions that the plan has with it: it accepts and announces everything."""
    landscape, lab = exports.landscape, exports.lab
    bcr = lab.find("BCR", None)
    built = [d for d in lab.devices.values() if d.group.kind in ("ESG", "workers") and d.daemons]
    found: dict[str, str] = {}
    for session in landscape.sessions():
        for own, other in ((session.first, session.second), (session.second, session.first)):
            if own.device == "BCR" and any(d.has(other.address.text) for d in built):
                found[other.address.text] = (
                    f"protocol bgp p{len(found)} {{\n  local {own.address.text} as {own.asn};\n"
                    f"  neighbor {other.address.text} as {other.asn};\n  multihop;\n"
                    "  ipv4 { gateway recursive; next hop self; import all; export where source = RTS_BGP; };\n}\n"
                )
    if bcr is None or not found:
        return
    head = (
        f"router id {bcr.first_address};\nprotocol device {{ }}\nprotocol direct {{ ipv4; }}\n"
        "protocol kernel { ipv4 { import none; export where source = RTS_BGP; }; }\n"
    )
    text = head + "".join(found.values())
    learned = _prefixes(r for r in landscape.bcr if r.how == "request")
    settings = (("peers", str(len(found))), ("routes", learned))
    bcr.daemons.append(Daemon("bird", (File("bird.conf", text, None),), settings))
    lab.say("BGP of the BCR, which IBM configures: it accepts and announces all routes of its neighbours")


def to_private(landscape: Landscape, site: End) -> bool:
    """Return whether Direct Link joins a site with the private network of IBM Cloud."""
    return any(joint.far(site) == PRIVATE for joint in landscape.ends.links.of(site)) or any(
        joint.method == "l2-extension" for joint in landscape.ends.links.of_pair(site, "site-edge")
    )
