"""The device section: links, interfaces, routes, BGP, NAT, tunnels, and what firewalls have to allow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.exporters import STAR, mark
from ipplan.exporters.addresses import sections
from ipplan.exporters.nsx_esg_table import list_firewall
from ipplan.output.table import Column
from ipplan.report.grids import choose_columns, from_sheet, limited
from ipplan.report.model import Grid, Section

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ipplan.exporters import Request
    from ipplan.exporters.workbook import Sheet
    from ipplan.landscape.model import Speaker
    from ipplan.report.model import Cell
    from ipplan.report.subject import Subject


def devices_section(subject: Subject, sheets: Mapping[str, Sheet]) -> Section:
    """Return the tables of a low-level design that follow from the plan, without retired networks."""
    request = subject.request
    routes, nat, links, tunnels = (sheets[name] for name in ("Routes", "NAT", "Links", "Tunnels"))
    blocks = (
        from_sheet(
            "links",
            "Links",
            links.titles,
            links.rows,
            "ipplan topology PLAN",
            empty="The plan has no link.",
            choices=("method",),
        ),
        _interfaces(request),
        from_sheet(
            "routes",
            "Routing",
            routes.titles,
            routes.rows,
            "ipplan export PLAN routes",
            empty="No device needs a route.",
            choices=("device", "of", "how"),
        ),
        _bgp(request),
        from_sheet(
            "nat",
            "NAT",
            nat.titles,
            nat.rows,
            "ipplan export PLAN nsx-esg-table",
            empty="No edge translates addresses.",
            choices=("ESG", "action", "interface"),
            note="The rules of each edge apply in this order.",
        ),
        from_sheet(
            "tunnels",
            "Tunnels",
            tunnels.titles,
            tunnels.rows,
            "ipplan export PLAN strongswan-conf",
            empty="The plan has no IPsec tunnel.",
            text=frozenset({"translated"}),
        ),
        _firewall(request),
    )
    return Section("devices", "Devices", f"Derived from the plan, without retired networks. {STAR}", blocks)


def _interfaces(request: Request) -> Grid:
    columns = (
        Column("device"),
        Column("interface"),
        Column("address", "address"),
        Column("network"),
        Column("VLAN ID", "number"),
        Column("what"),
    )
    rows, cut = limited(_list_interfaces(request), "ipplan export PLAN ip-address")
    shown, filled = choose_columns(columns, rows, [column.title for column in columns])
    return Grid(
        "interfaces",
        "Interfaces",
        shown,
        filled,
        (),
        ("device", "interface"),
        None,
        "No network has a range.",
        cut,
    )


def _list_interfaces(request: Request) -> Iterator[tuple[Cell, ...]]:
    for section in sections(request):
        host = section.host
        title = host.title if host.number is None else f"{host.title}, {host.number}"
        for place in host.places:
            network = place.network
            for number, address in enumerate(place.addresses):
                what = place.text if not number else f"{address.name or 'another address'} of {address.network}"
                text = None
                if address.value is not None and network.prefix is not None:
                    text = f"{address.text}/{network.prefix.length}{'*' if address.example else ''}"
                # A description that only repeats the name of the network is left out.
                yield (
                    title,
                    place.interface,
                    text,
                    network.name,
                    network.vlan,
                    None if what == network.name else what,
                )


def _bgp(request: Request) -> Grid:
    columns = (
        Column("local"),
        Column("local address", "address"),
        Column("local AS", "number"),
        Column("peer"),
        Column("peer address", "address"),
        Column("peer AS", "number"),
        Column("local announces", "address"),
        Column("peer announces", "address"),
    )
    rows, cut = limited(
        (
            (
                *_speaker(s.first),
                *_speaker(s.second),
                _list(s.first),
                _list(s.second),
            )
            for s in request.landscape.sessions()
        ),
        "ipplan export PLAN frr",
    )
    return Grid("bgp", "BGP", columns, rows, (), (), None, "The plan has no BGP session.", cut)


def _speaker(speaker: Speaker) -> tuple[Cell, ...]:
    title = speaker.device if speaker.name is None else f"{speaker.device} {speaker.name}"
    number = None if speaker.asn is None else f"{speaker.asn}{'*' if speaker.example else ''}"
    return title, mark(speaker.address), number


def _list(speaker: Speaker) -> str:
    return ", ".join(map(str, speaker.announces))


def _firewall(request: Request) -> Grid:
    columns = (
        Column("number"),
        Column("ESG"),
        Column("source", "address"),
        Column("destination", "address"),
        Column("service"),
        Column("what"),
    )
    rows, cut = limited(_list_firewall(request), "ipplan export PLAN nsx-esg-table")
    return Grid(
        "firewall",
        "Firewall",
        columns,
        rows,
        (),
        ("ESG", "service"),
        "The traffic that the firewall of each ESG has to allow, for the flows of this plan.",
        "No edge has a firewall rule.",
        cut,
    )


def _list_firewall(request: Request) -> Iterator[tuple[Cell, ...]]:
    number = 0
    for edge in request.landscape.ends.edges:
        for row in list_firewall(request.landscape.esg(edge)):
            number += 1
            yield f"F{number}", edge.name, *row
