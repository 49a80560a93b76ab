"""The NAT of an ESG as rules of nftables: for a Linux gateway in its place, and for labs (nft(8))."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.export import comment, find_edge

if TYPE_CHECKING:
    from ipplan.devices.model import DestinationNat, SourceNat
    from ipplan.export import Landscape
    from ipplan.flows import Address


def export_nftables(landscape: Landscape) -> str:
    """Return a file for `nft -f`, which replaces its own table and nothing else; raises ExportError."""
    edge = find_edge(landscape)
    lines = [
        *map(comment, landscape.header(f"NAT of {edge.name or 'the ESG'} as rules of nftables, for nft -f")),
        "# Interface names are examples: put in those of the gateway. It needs these addresses:",
    ]
    for interface in edge.interfaces:
        addresses = [a for g in interface.groups for a in (g.primary, *g.secondary)]
        lines.append(comment(f"  {interface.role}: {', '.join(map(_marked, addresses))}"))
    lines += [f'define {i.role} = "eth{i.number}"' for i in edge.interfaces if i.role != "transit"]
    table = "table ip ipplan"
    lines += ["", table, f"delete {table}", f"{table} {{"]
    lines += ["    chain postrouting {", "        type nat hook postrouting priority 100; policy accept;"]
    lines += [f"        {_source(rule)}" for rule in edge.source_nat]
    lines += [
        "    }",
        "    chain prerouting {",
        "        type nat hook prerouting priority -100; policy accept;",
    ]
    lines += [f"        {_destination(rule)}" for rule in edge.destination_nat]
    return "\n".join([*lines, "    }", "}"]) + "\n"


def _source(rule: SourceNat) -> str:
    match = "" if rule.match is None else f" ip daddr {rule.match}"
    verdict = "accept" if rule.address is None else f"snat to {rule.address.text}"
    return f"oifname ${rule.interface} ip saddr {rule.source}{match} {verdict}  {comment(rule.text)}"


def _destination(rule: DestinationNat) -> str:
    port = "" if rule.port is None else f" {rule.protocol} dport {rule.port}"
    note = f"{rule.text}{', an example' if rule.address.example or rule.target.example else ''}"
    return f"iifname ${rule.interface} ip daddr {rule.address.text}{port} dnat to {rule.target.text}  {comment(note)}"


def _marked(address: Address) -> str:
    return f"{address.text}{' (an example)' if address.example else ''}"
