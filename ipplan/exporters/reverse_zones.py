"""PTR records of named addresses and gateways, a section for each reverse zone (RFC 1035 section 3.5, RFC 3596).

A section belongs below the SOA and NS records of its zone, which are not in the plan. Without --domain the names end in
`internal`, which ICANN reserved for private use (board resolution of 2024-07-29).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ipplan.addresses import WIDTH, Prefix, parse_address
from ipplan.exporters import ExportError, comment
from ipplan.plan.names import GATEWAY, as_label
from ipplan.plan.sizing import gateway_of, resolve_addresses

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ipplan.exporters import Request
    from ipplan.plan.model import Network

PRIVATE_DOMAIN = "internal"
"""The top-level domain that ICANN reserved for private use on 2024-07-29."""

_LONGEST = {4: 24, 6: 124}
"""The longest prefix with a zone of its own, by IP version: one octet or nibble of the address is left."""
_STEP = {4: 8, 6: 4}
"""Bits of an address in one label of its reverse name."""
_ROUTED = frozenset(("host", "esg", "vcs", "worker", "ingress", "vm"))
"""Roles of networks whose hosts have a gateway, named or not; not networks inside a cluster or on premises."""


class _Record(NamedTuple):
    """One PTR record; `network` is the network that names the address. Invariant: the address is in the zone."""

    zone: Prefix
    address: int
    host: str
    network: str
    example: bool


def export_reverse_zones(request: Request) -> str:
    """Return the PTR records by zone; raise ExportError where the plan has no named address.

    An IPv4 zone covers a /24. An IPv6 zone covers the prefix of the network, rounded up to a nibble boundary. A gateway
    that the plan does not name is the first usable address, marked as an example unless IBM Cloud sets it.
    """
    domain = request.options.domain or PRIVATE_DOMAIN
    lines = request.header("PTR records of the named addresses and the gateways")
    lines.append("put each section into the zone that it names, below the SOA and NS records")
    text = [comment(line, ";") for line in lines]
    zones: dict[Prefix, list[_Record]] = {}
    for network in request.plan.networks:
        for record in dict.fromkeys(_records(network) if request.lists(network) else ()):
            zones.setdefault(record.zone, []).append(record)
    if not zones:
        raise ExportError(
            "no network of the plan names an address or has a gateway",
            "write addresses = { gateway = 1 } in one",
        )
    for zone in sorted(zones):
        records = zones[zone]
        origin = _reverse_name(zone.version, zone.first, WIDTH[zone.version], zone.length)
        names = ", ".join(dict.fromkeys(r.network for r in records))
        text += ["", comment(f"zone {origin} of {zone}, for {names}", ";"), f"$ORIGIN {origin}."]
        for record in sorted(records, key=lambda r: r.address):
            label = _reverse_name(zone.version, record.address, WIDTH[zone.version] - zone.length, None)
            note = "  ; example: the plan names no gateway" if record.example else ""
            text.append(f"{label}\tIN\tPTR\t{record.host}.{domain}.{note}")
    return "\n".join(text) + "\n"


def _records(network: Network) -> Iterator[_Record]:
    """Yield the records of one network: its named addresses, then the gateway if it has no name."""
    if network.prefix is None:
        return
    prefix = network.prefix
    step = _STEP[prefix.version]
    shortest = _LONGEST[4] if prefix.version == 4 else min(prefix.length, _LONGEST[6]) // step * step
    named = resolve_addresses(network, prefix)
    hosts = [(name, text, False) for name, text in named]
    gateway = gateway_of(network, prefix)
    if network.kind.role in _ROUTED and gateway is not None and gateway not in {text for _, text in named}:
        hosts.append((GATEWAY[0], gateway, network.kind.provider != "ibm"))
    for name, text, example in hosts:
        version, address = parse_address(text)
        shift = WIDTH[version] - shortest
        zone = Prefix(version, address >> shift << shift, shortest)
        yield _Record(zone, address, f"{as_label(name)}.{as_label(network.name)}", network.name, example)


def _reverse_name(version: int, address: int, width: int, length: int | None) -> str:
    """Return the lowest `width` bits of an address as reversed labels.

    With `length`, the prefix length of a zone, it is the name of the zone with its domain. With None it is the part of
    the name of an address before its zone.
    """
    step = _STEP[version]
    low = 0 if length is None else width - length
    labels = [
        format(address >> shift & (1 << step) - 1, "d" if version == 4 else "x") for shift in range(low, width, step)
    ]
    if length is not None:
        labels.append("in-addr.arpa" if version == 4 else "ip6.arpa")
    return ".".join(labels)
