"""The ESG of NSX for vSphere as tables to read or to type from, in Markdown; also its NAT and firewall rules as rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ipplan.exporters import STAR, mark
from ipplan.exporters.nsx_esg import IPSEC, TITLES, find_configured_edge, title_of
from ipplan.exporters.routes import show_hop
from ipplan.output.table import Column, Table, render_markdown
from ipplan.output.text import escape

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ipplan.exporters import Request
    from ipplan.landscape.model import Esg, Role, Session, Tunnel, TunnelEnd

    Row = Sequence[str | int | None]


class NatRow(NamedTuple):
    """One NAT rule for people; None where a rule does not limit or change something."""

    action: str
    interface: Role
    original: str
    match: str | None
    translated: str | None
    service: str | None
    text: str


class FirewallRow(NamedTuple):
    """One kind of traffic that the firewall has to allow."""

    source: str
    destination: str
    service: str
    text: str


class _Part(NamedTuple):
    """One table of the file: its heading, its columns and its rows."""

    title: str
    columns: tuple[str, ...]
    rows: Sequence[Row]


def export_nsx_esg_table(request: Request) -> str:
    """Return the configuration of one ESG as Markdown tables; raise ExportError as `nsx-esg` does."""
    edge = find_configured_edge(request)
    head, made = request.header(f"ESG {edge.name or ''}".strip())
    texts = [f"# {escape(head)}\n\n{escape(made)}. {STAR}\n"]
    for make in (_interfaces, _nat, _routes, _bgp, _ipsec, _gre, _firewall):
        part = make(edge)
        if part.rows:
            table = Table(tuple(Column(c) for c in part.columns), part.rows)
            texts.append(f"## {part.title}\n\n{render_markdown(table)}")
    return "\n".join(texts)


def _interfaces(edge: Esg) -> _Part:
    columns = ("vNIC", "name", "primary address", "secondary addresses", "network", "router")
    rows = [
        [
            str(i.number),
            title_of(i),
            f"{mark(g.primary)}/{g.network.prefix.length}",
            ", ".join(map(mark, g.secondary)),
            g.network.name,
            "itself" if i.gateway is None else mark(i.gateway),
        ]
        for i in edge.interfaces
        for g in i.groups
        if g.network.prefix is not None
    ]
    return _Part("Interfaces", columns, rows)


def _nat(edge: Esg) -> _Part:
    columns = ("action", "applied on", "original", "for destination", "translated", "port", "what")
    rows = [
        [
            rule.action,
            TITLES[rule.interface],
            rule.original,
            rule.match or "any",
            rule.translated or "unchanged",
            rule.service or "any",
            rule.text,
        ]
        for rule in list_nat(edge)
    ]
    return _Part("NAT, in this order", columns, rows)


def _routes(edge: Esg) -> _Part:
    columns = ("network", "next hop", "towards", "interface", "how", "what")
    rows = [
        [str(r.prefix), show_hop(r), r.via, "" if r.interface is None else TITLES[r.interface], r.how, r.text]
        for r in edge.routes
    ]
    return _Part("Routes", columns, rows)


def _bgp(edge: Esg) -> _Part:
    columns = ("local address", "local AS", "neighbour", "what", "remote AS", "announces", "accepts")
    return _Part("BGP", columns, list(map(_bgp_row, edge.sessions)))


def _bgp_row(session: Session) -> Row:
    own, far = session.first, session.second
    return (
        mark(own.address),
        str(own.asn),
        mark(far.address),
        f"{far.device} {far.name or ''}".strip(),
        f"{far.asn}{'*' if far.example else ''}",
        _list(own.announces),
        _list(far.announces),
    )


def _ipsec(edge: Esg) -> _Part:
    columns = (
        "name",
        "local address",
        "local ID",
        "peer address",
        "peer ID",
        "local subnets",
        "peer subnets",
        "IKE",
    )
    rows = [
        [
            t.label,
            mark(own.gateway),
            own.identity,
            mark(far.gateway),
            far.identity,
            _list(own.policy),
            _list(far.policy),
            f"IKEv{t.ike}, aes256, sha-256, dh14, PFS",
        ]
        for t, own, far in _tunnels(edge, *IPSEC)
    ]
    return _Part("IPsec sites", columns, rows)


def _gre(edge: Esg) -> _Part:
    columns = ("name", "local address", "peer address", "local subnets", "peer subnets")
    rows = [
        [t.label, mark(own.gateway), mark(far.gateway), _list(own.policy), _list(far.policy)]
        for t, own, far in _tunnels(edge, "gre")
    ]
    return _Part("GRE tunnels", columns, rows)


def _firewall(edge: Esg) -> _Part:
    columns = ("source", "destination", "service", "what")
    return _Part("Firewall: traffic to allow", columns, list(list_firewall(edge)))


def _tunnels(edge: Esg, *methods: str) -> Iterator[tuple[Tunnel, TunnelEnd, TunnelEnd]]:
    """Yield the tunnels of some methods with the end at this ESG and the far end."""
    for tunnel in edge.tunnels:
        if tunnel.joint.method in methods:
            yield tunnel, tunnel.end_at(edge.end), tunnel.far_from(edge.end)


def list_nat(edge: Esg) -> Iterator[NatRow]:
    """Yield the NAT rules of an ESG in the order in which they apply."""
    for rule in edge.source_nat:
        action, address = ("keep source", None) if rule.address is None else ("SNAT", mark(rule.address))
        if rule.shown is not None:
            action, address = "SNAT, 1 to 1", str(rule.shown)
        match = None if rule.match is None else str(rule.match)
        yield NatRow(action, rule.interface, str(rule.source), match, address, None, rule.text)
    for back in edge.range_nat:
        match = f"from {back.match}"
        yield NatRow("DNAT, 1 to 1", back.interface, str(back.shown), match, str(back.target), None, back.text)
    for nat in edge.destination_nat:
        service = None if nat.port is None else f"{nat.protocol} {nat.port}"
        yield NatRow("DNAT", nat.interface, mark(nat.address), None, mark(nat.target), service, nat.text)


def list_firewall(edge: Esg) -> Iterator[FirewallRow]:
    """Yield the traffic that the firewall has to allow; NSX matches translated traffic by its real addresses."""
    for network in edge.behind:
        yield FirewallRow(str(network.prefix), "any", "any", f"{network.name} outward")
    for nat in edge.destination_nat:
        service = "any" if nat.port is None else f"{nat.protocol} {nat.port}"
        text = f"{nat.text}; choose the ports" if nat.port is None else nat.text
        yield FirewallRow("any", mark(nat.address), service, text)
    for session in edge.sessions:
        yield FirewallRow(mark(session.second.address), mark(session.first.address), "tcp 179", "BGP")
    for tunnel, own, far in _tunnels(edge, *IPSEC, "gre"):
        gre = tunnel.joint.method == "gre"
        service = "GRE" if gre else "udp 500, udp 4500, ESP"
        yield FirewallRow(mark(far.gateway), mark(own.gateway), service, "GRE" if gre else "IPsec")
        yield FirewallRow(_list(far.policy), _list(own.policy), "any", f"through the tunnel of {far.name}")


def _list(prefixes: Iterable[object]) -> str:
    return ", ".join(map(str, prefixes))
