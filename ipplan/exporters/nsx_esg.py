"""The ESG of NSX for vSphere as XML for its API: interfaces, NAT, routes, BGP and IPsec.

Elements and their order: NSX for vSphere API guide 6.4 (vmware/nsxraml @803f99a, 2020-07-03), the requests that
replace the configuration of an edge's interfaces, NAT, routing and IPsec.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from ipplan.exporters import find_edge, find_esg
from ipplan.exporters.bgp import methods_of, missing_for_sessions
from ipplan.landscape.holders import free_number
from ipplan.landscape.model import DEFAULT_ROUTES
from ipplan.output.text import escape

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ipplan.addresses import Prefix
    from ipplan.exporters import Request
    from ipplan.landscape.model import Esg, HostAddress, Interface, Role, Session, Tunnel

IPSEC = ("strongswan", "ipsec")
"""Methods of links that are IPsec tunnels of the ESG."""
_LONGEST = 1024
"""Limit a description to this many characters (API guide, static routes)."""
TITLES: dict[Role, str] = {
    "public": "Public Uplink",
    "private": "Private Uplink",
    "transit": "Transit",
    "workers": "ICP workers",
    "gre": "GRE tunnel",
}
"""Names of the interfaces in IBM's design (vmwaresolutions archiref/nsx/networking_services.md, 2018-11-20)."""


_MATCHES = {"snat": "snatMatchDestinationAddress", "dnat": "dnatMatchSourceAddress"}
"""The element that limits a rule to the other side, by its action."""


class _Rule(NamedTuple):
    """One NAT rule with the values of its NSX elements."""

    action: str
    interface: Role
    original: str
    match: str
    translated: str
    protocol: str
    port: str
    text: str
    example: bool


def export_nsx_esg(request: Request) -> str:
    """Return the configuration of one ESG as XML; raise ExportError with everything that is missing in the plan."""
    edge = find_configured_edge(request)
    name = edge.name or "the ESG"
    lines = [
        *request.header(f"NSX for vSphere, {name}: interfaces, NAT, routing and IPsec"),
        "Send features/nat, features/routing and features/ipsec with PUT to /api/4.0/edges/ID/nat/config,",
        "/routing/config and /ipsec/config; each replaces the whole configuration. vnics belongs to PUT /api/4.0/edges/ID.",
        "Rules that keep a source have the same original and translated address, and need NSX 6.3.0.",
        "The firewall has to allow the translated traffic; target nsx-esg-table lists it.",
        "An address marked as an example is not assigned in the plan: name it there.",
    ]
    root = ET.Element("edge")
    root.append(ET.Comment("".join(f"\n  {_for_comment(line)}" for line in lines) + "\n"))
    _vnics(root, edge)
    features = ET.SubElement(root, "features")
    rules = _List(ET.SubElement(ET.SubElement(features, "nat"), "natRules"), _nat_rules(edge), "rules")
    routing = ET.SubElement(features, "routing")
    routes = _routing(routing, edge)
    if any(t.joint.method in IPSEC for t in edge.tunnels):
        _ipsec(ET.SubElement(features, "ipsec"), edge)
    ET.indent(root)
    text = ET.tostring(root, encoding="unicode")
    parts = ['<?xml version="1.0" encoding="UTF-8"?>\n']
    for items in (rules, routes):
        head, text = items.split(text)
        parts += [head, *items.render(head)]
    return "".join([*parts, text, "\n"])


def find_configured_edge(request: Request) -> Esg:
    """Return the ESG to export; raise ExportError where it has BGP sessions and the plan has no AS numbers for them."""
    edge = find_edge(request)
    needed = methods_of(request.landscape, edge)
    return find_esg(request, edge, missing_for_sessions(request.landscape, edge) if needed else ())


def _for_comment(line: str) -> str:
    """Return a line that is valid in an XML comment: without two hyphens in a row."""
    # Twice, because replacements do not overlap: of three hyphens, two in a row are left the first time.
    return escape(line).replace("--", "- -").replace("--", "- -")


def _put(parent: ET.Element, **fields: str) -> None:
    """Add an element with text for each field."""
    for name, text in fields.items():
        ET.SubElement(parent, name).text = escape(text)[:_LONGEST]


def _note(parent: ET.Element, text: str) -> None:
    parent.append(_comment(text))


def _comment(text: str) -> ET.Element[Any]:
    return ET.Comment(f" {_for_comment(text)} ")


_AT_ONCE = 500
"""Keep at most this many elements of a long list in memory at a time."""


class _List:
    """The elements of a long list, rendered a few at a time: as one tree they need six times the memory of their text.

    A comment marks their place in the tree. No text of a plan can look like it, because such comments start with a space.
    """

    def __init__(self, parent: ET.Element, elements: Iterator[ET.Element[Any]], name: str) -> None:
        self._mark = f"<!--{name}-->"
        self._elements = elements
        self._first = list(islice(elements, _AT_ONCE))
        if self._first:
            parent.append(ET.Comment(name))

    def split(self, text: str) -> tuple[str, str]:
        """Return the text before and after the list."""
        head, mark, tail = text.partition(self._mark)
        return (head, tail) if mark else ("", text)

    def render(self, head: str) -> Iterator[str]:
        """Yield the text of the list, indented as the end of the text before it is."""
        line = head[head.rindex("\n") :] if head else ""
        some, start = self._first, ""
        while some:
            parent = ET.Element("list")
            parent.extend(some)
            ET.indent(parent, level=len(line) // 2 - 1)
            text = ET.tostring(parent, encoding="unicode")
            yield start + text.removeprefix("<list>").removesuffix("</list>").strip()
            some, start = list(islice(self._elements, _AT_ONCE)), line


def _vnics(root: ET.Element, edge: Esg) -> None:
    vnics = ET.SubElement(root, "vnics")
    for interface in edge.interfaces:
        vnic = ET.SubElement(vnics, "vnic")
        if interface.address.example:
            own = interface.groups[0].network
            entry = "esg = 1" if interface.role == "transit" else f"uplink = {free_number(own) or 4}"
            _note(vnic, f"{interface.address} is an example: write addresses = {{ {entry} }} in {own.name}")
        kind = "internal" if interface.role in ("transit", "workers") else "uplink"
        _put(vnic, index=str(interface.number), name=title_of(interface), type=kind)
        groups = ET.SubElement(vnic, "addressGroups")
        for group in interface.groups:
            element = ET.SubElement(groups, "addressGroup")
            _put(element, primaryAddress=group.primary.text)
            if group.secondary:
                secondary = ET.SubElement(element, "secondaryAddresses")
                for address in group.secondary:
                    _put(secondary, ipAddress=address.text)
            assert group.network.prefix is not None
            _put(element, subnetPrefixLength=str(group.network.prefix.length))
        _put(vnic, isConnected="true")


def title_of(interface: Interface) -> str:
    """Return the name of an interface; for an interface to workers it includes their network."""
    title = TITLES[interface.role]
    return title if interface.role != "workers" else f"{title}, {interface.groups[0].network.name}"


def _rules(edge: Esg) -> Iterator[_Rule]:
    for rule in edge.source_nat:
        address = rule.address.text if rule.address is not None else str(rule.shown or rule.source)
        match = "any" if rule.match is None else str(rule.match)
        example = rule.address is not None and rule.address.example
        yield _Rule("snat", rule.interface, str(rule.source), match, address, "any", "any", rule.text, example)
    for back in edge.range_nat:
        yield _Rule(
            "dnat",
            back.interface,
            str(back.shown),
            str(back.match),
            str(back.target),
            "any",
            "any",
            back.text,
            example=False,
        )
    for nat in edge.destination_nat:
        port = "any" if nat.port is None else str(nat.port)
        yield _Rule(
            "dnat",
            nat.interface,
            nat.address.text,
            "any",
            nat.target.text,
            nat.protocol or "any",
            port,
            nat.text,
            nat.address.example or nat.target.example,
        )


def _nat_rules(edge: Esg) -> Iterator[ET.Element[Any]]:
    for rule in _rules(edge):
        element = ET.Element("natRule")
        if rule.example:
            _note(element, "has an example address")
        _put(element, action=rule.action)
        if rule.interface == "gre":
            _note(element, "no vnic, because a GRE tunnel has none; the addresses limit the rule")
        else:
            _put(element, vnic=_number(edge, rule.interface))
        _put(element, originalAddress=rule.original)
        if rule.match != "any":
            _put(element, **{_MATCHES[rule.action]: rule.match})
        _put(
            element,
            translatedAddress=rule.translated,
            loggingEnabled="false",
            enabled="true",
            description=rule.text,
            protocol=rule.protocol,
            translatedPort=rule.port,
            originalPort=rule.port,
        )
        yield element


def _number(edge: Esg, role: Role | None) -> str:
    return "" if role is None else str(next(i.number for i in edge.interfaces if i.role == role))


def _routing(routing: ET.Element, edge: Esg) -> _List:
    if edge.sessions:
        _global(ET.SubElement(routing, "routingGlobalConfig"), edge)
    static = ET.SubElement(routing, "staticRouting")
    routes = _List(ET.SubElement(static, "staticRoutes"), _static_routes(edge), "routes")
    for route in edge.routes:
        if route.how == "static" and route.prefix == DEFAULT_ROUTES[4] and route.next_hop is not None:
            _put(
                ET.SubElement(static, "defaultRoute"),
                description=f"{route.via}: {route.text}",
                vnic=_number(edge, route.interface),
                gatewayAddress=route.next_hop.text,
            )
    if edge.sessions:
        _bgp(ET.SubElement(routing, "bgp"), edge)
    return routes


def _static_routes(edge: Esg) -> Iterator[ET.Element[Any]]:
    """Yield the static routes, then comments on routes that cannot be static routes."""
    for route in edge.routes:
        if route.how == "static" and route.prefix != DEFAULT_ROUTES[4] and route.next_hop is not None:
            element = ET.Element("route")
            _put(
                element,
                description=f"{route.via}: {route.text}",
                vnic=_number(edge, route.interface),
                network=str(route.prefix),
                nextHop=route.next_hop.text,
            )
            yield element
    for route in edge.routes:
        if route.how == "link":
            yield _comment(
                f"{route.prefix} has to be reached {route.text}: NSX needs a next hop for a route, so give the"
                " interface an address in that subnet"
            )
        elif route.how == "gre":
            yield _comment(
                f"{route.prefix} goes into {route.text}: add the GRE tunnel with its addresses, then this route"
            )


def _announced(edge: Esg) -> tuple[Prefix, ...]:
    """Return all prefixes that the ESG announces to any peer."""
    return tuple(dict.fromkeys(prefix for s in edge.sessions for prefix in s.first.announces))


def _global(config: ET.Element, edge: Esg) -> None:
    _put(config, routerId=edge.sessions[0].first.address.text)
    prefixes = ET.SubElement(config, "ipPrefixes")
    for number, prefix in enumerate(_announced(edge), 1):
        _put(ET.SubElement(prefixes, "ipPrefix"), name=f"overlay-{number}", ipAddress=str(prefix))


def _bgp(bgp: ET.Element, edge: Esg) -> None:
    _put(bgp, enabled="true", localASNumber=str(edge.sessions[0].first.asn))
    neighbours = ET.SubElement(bgp, "bgpNeighbours")
    for session in edge.sessions:
        element = ET.SubElement(neighbours, "bgpNeighbour")
        if note := _about(session):
            _note(element, note)
        _put(
            element,
            ipAddress=session.second.address.text,
            remoteASNumber=str(session.second.asn),
            weight="60",
            holdDownTimer="180",
            keepAliveTimer="60",
        )
        filters = ET.SubElement(element, "bgpFilters")
        for direction, prefixes, longest in (
            ("in", session.second.announces, "32"),
            ("out", session.first.announces, None),
        ):
            for prefix in prefixes:
                item = ET.SubElement(filters, "bgpFilter")
                _put(item, direction=direction, action="permit", network=str(prefix))
                if longest is not None and prefix.length < 32:
                    # Pods are announced in blocks (Calico), so longer prefixes have to pass.
                    _put(item, ipPrefixGe=str(prefix.length), ipPrefixLe=longest)
            rest = ET.SubElement(filters, "bgpFilter")
            _put(rest, direction=direction, action="deny", network="0.0.0.0/0", ipPrefixGe="0", ipPrefixLe="32")
    redistribution = ET.SubElement(bgp, "redistribution")
    _put(redistribution, enabled="true")
    rules = ET.SubElement(redistribution, "rules")
    connected = {r.prefix for r in edge.routes if r.how == "connected"}
    for number, prefix in enumerate(_announced(edge), 1):
        rule = ET.SubElement(rules, "rule")
        _put(rule, prefixName=f"overlay-{number}")
        origin = ET.SubElement(rule, "from")
        own = prefix in connected
        _put(origin, ospf="false", bgp="false", static=_word(not own), connected=_word(own))
        _put(rule, action="permit")


def _word(value: bool) -> str:  # noqa: FBT001
    return "true" if value else "false"


def _about(session: Session) -> str:
    """Return which part of a session is an example, empty if none is."""
    other = session.second
    if other.device == "BCR":
        return "the AS number of the BCR is an example: IBM gives it when it approves the peering"
    if other.address.example:
        return f"an example address of a worker of {other.name}: IBM Cloud assigns the addresses"
    return ""


def _ipsec(ipsec: ET.Element, edge: Esg) -> None:
    _put(ipsec, enabled="true")
    sites = ET.SubElement(ipsec, "sites")
    for tunnel in edge.tunnels:
        local = tunnel.end_at(edge.end).gateway
        if tunnel.joint.method in IPSEC and local is not None:
            _site(ET.SubElement(sites, "site"), tunnel, edge, local)


def _site(site: ET.Element, tunnel: Tunnel, edge: Esg, local: HostAddress) -> None:
    own, far = tunnel.end_at(edge.end), tunnel.far_from(edge.end)
    what = f"strongSwan of IKS cluster {far.name}" if far.end.kind == "iks" else f"the tunnel to {far.end.title}"
    known = far.gateway is not None and far.gateway.value is not None
    for address in (local, far.gateway):
        if address is not None and address.value is not None and address.example:
            _note(site, f"{address} is an example")
    _put(
        site,
        enabled="true",
        name=tunnel.label,
        description=what,
        localId=own.identity,
        localIp=local.text,
        peerId=far.identity,
        peerIp=far.gateway.text if far.gateway is not None and known else "any",
        encryptionAlgorithm="aes256",
    )
    # Left out, although the API requires it in this mode: an empty key might be accepted.
    _note(site, "add the pre-shared key here as psk: it is required, and a plan must not hold it")
    _put(site, authenticationMode="psk", enablePfs="true", dhGroup="dh14")
    for name, prefixes in (("localSubnets", own.policy), ("peerSubnets", far.policy)):
        subnets = ET.SubElement(site, name)
        for prefix in prefixes:
            _put(subnets, subnet=str(prefix))
    _put(site, ikeOption=f"ikev{tunnel.ike}", digestAlgorithm="sha-256", responderOnly=_word(own is not tunnel.near))
