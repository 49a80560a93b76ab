"""The NAT of an ESG as nftables rules, for a Linux gateway that replaces it and for labs (nft(8))."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.exporters import comment, find_edge, find_esg

if TYPE_CHECKING:
    from ipplan.exporters import Request
    from ipplan.landscape.model import DestinationNat, HostAddress, RangeNat, SourceNat


def export_nftables(request: Request) -> str:
    """Return a file for `nft -f` that replaces only its own table; raise ExportError where the plan has no such ESG."""
    esg = find_esg(request, find_edge(request))
    lines = [
        *map(comment, request.header(f"NAT of {esg.name or 'the ESG'} as nftables rules, for nft -f")),
        "# Interface names are examples: replace them with those of the gateway. It needs these addresses:",
    ]
    for interface in esg.interfaces:
        addresses = [a for g in interface.groups for a in (g.primary, *g.secondary)]
        lines.append(comment(f"  {interface.role}: {', '.join(map(_marked, addresses))}"))
    lines += [f'define {i.role} = "eth{i.number}"' for i in esg.interfaces if i.role in ("public", "private")]
    if any(rule.interface == "gre" for rule in esg.source_nat):
        lines.append('define gre = "gre*"')
    table = "table ip ipplan"
    lines += ["", table, f"delete {table}", f"{table} {{"]
    lines += ["    chain postrouting {", "        type nat hook postrouting priority 100; policy accept;"]
    lines += [f"        {_source(rule)}" for rule in esg.source_nat]
    lines += [
        "    }",
        "    chain prerouting {",
        "        type nat hook prerouting priority -100; policy accept;",
    ]
    lines += [f"        {_range(rule)}" for rule in esg.range_nat]
    lines += [f"        {_destination(rule)}" for rule in esg.destination_nat]
    return "\n".join([*lines, "    }", "}"]) + "\n"


def _source(rule: SourceNat) -> str:
    match = "" if rule.match is None else f" ip daddr {rule.match}"
    verdict = "accept" if rule.address is None else f"snat to {rule.address.text}"
    if rule.shown is not None:
        verdict = f"snat ip prefix to ip saddr map {{ {rule.source} : {rule.shown} }}"
    return f"oifname ${rule.interface} ip saddr {rule.source}{match} {verdict}  {comment(rule.text)}"


def _range(rule: RangeNat) -> str:
    verdict = f"dnat ip prefix to ip daddr map {{ {rule.shown} : {rule.target} }}"
    return f"iifname ${rule.interface} ip saddr {rule.match} ip daddr {rule.shown} {verdict}  {comment(rule.text)}"


def _destination(rule: DestinationNat) -> str:
    port = "" if rule.port is None else f" {rule.protocol} dport {rule.port}"
    note = f"{rule.text}{', an example' if rule.address.example or rule.target.example else ''}"
    return f"iifname ${rule.interface} ip daddr {rule.address.text}{port} dnat to {rule.target.text}  {comment(note)}"


def _marked(address: HostAddress) -> str:
    return f"{address.text}{' (an example)' if address.example else ''}"
