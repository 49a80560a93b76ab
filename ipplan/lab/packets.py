"""The packets of the lab: the payload of a probe, and how to read a captured packet. Pure, without sockets.

A probe is a UDP datagram with a mark and its number. So it is recognised after any NAT, inside VXLAN (RFC 7348) and GRE
(RFC 2784), and in an ICMP error that quotes it. ESP in UDP (RFC 3948) hides it.
"""

from __future__ import annotations

import socket
import struct
from typing import Literal, NamedTuple

from ipplan.proof import OuterPacket

SERVED, CLOSED = 9000, 9001
"""Ports of probes: on the first one Kubernetes serves what is behind an ingress; nothing translates the other one."""

Kind = Literal["request", "answer", "control", "refusal", "hidden"]
"""The kind of a packet: a request, its answer, a test of the router, an ICMP error about a request, or ESP."""

_MARK = b"ipplan lab "
_KINDS: dict[int, Kind] = {0: "request", 1: "answer", 2: "control"}
_VXLAN_PORT, _ESP_PORT = 4789, 4500
_UDP, _ICMP, _GRE, _IP6, _ICMP6, _ESP = 17, 1, 47, 41, 58, 50
_UNREACHABLE = (3, 11)
_UNREACHABLE6 = (1, 3)


class Packet(NamedTuple):
    """A captured packet: its kind, the number of its probe (None if hidden), its addresses, and the packet around it."""

    kind: Kind
    number: int | None
    source: str
    destination: str
    outer: OuterPacket | None = None


def payload(kind: Kind, number: int) -> bytes:
    """Return the payload of a datagram."""
    code = next(code for code, known in _KINDS.items() if known == kind)
    return _MARK + struct.pack("!BI", code, number)


def read_payload(data: bytes) -> tuple[Kind, int] | None:
    """Return the kind and the number of a probe, None for anything else."""
    if len(data) < len(_MARK) + 5 or not data.startswith(_MARK):
        return None
    code, number = struct.unpack_from("!BI", data, len(_MARK))
    return (_KINDS[code], number) if code in _KINDS else None


def read_packet(data: bytes) -> Packet | None:
    """Return what is known of an IP packet, None where it is not a probe."""
    header = _header(data)
    if header is None:
        return None
    source, destination, protocol, body = header
    if protocol == _UDP:
        return _read_udp(source, destination, body)
    if protocol == _GRE:
        inner = read_packet(body[_gre_length(body) :])
        return None if inner is None else inner._replace(outer=OuterPacket("GRE", source, destination))
    if protocol == _ESP:
        return Packet("hidden", None, source, destination, OuterPacket("ESP", source, destination))
    if (protocol == _ICMP and body[:1] and body[0] in _UNREACHABLE) or (
        protocol == _ICMP6 and body[:1] and body[0] in _UNREACHABLE6
    ):
        quoted = read_packet(body[8:])
        if quoted is not None and quoted.number is not None and quoted.outer is None:
            return Packet("refusal", quoted.number, source, destination)
    return None


def _read_udp(source: str, destination: str, body: bytes) -> Packet | None:
    if len(body) < 8:
        return None
    _, to_port = struct.unpack_from("!HH", body)
    inside = body[8:]
    found = read_payload(inside)
    if found is not None:
        return Packet(*found, source, destination)
    if to_port == _VXLAN_PORT and len(inside) > 22:
        inner = read_packet(inside[22:])
        return (
            None
            if inner is None or inner.outer is not None
            else inner._replace(outer=OuterPacket("VXLAN", source, destination))
        )
    ports = struct.unpack_from("!HH", body)
    # IKE has four zero bytes instead of the SPI; a keepalive has one byte.
    if _ESP_PORT in ports and len(inside) > 8 and inside[:4] != bytes(4):
        return Packet("hidden", None, source, destination, OuterPacket("ESP", source, destination))
    return None


def _header(data: bytes) -> tuple[str, str, int, bytes] | None:
    """Return source, destination, protocol and payload of an IP packet."""
    if len(data) >= 20 and data[0] >> 4 == 4:
        length = (data[0] & 15) * 4
        if struct.unpack_from("!H", data, 6)[0] & 0x1FFF:
            return None  # a later fragment
        return socket.inet_ntoa(data[12:16]), socket.inet_ntoa(data[16:20]), data[9], data[length:]
    if len(data) >= 40 and data[0] >> 4 == 6:
        source, destination = (socket.inet_ntop(socket.AF_INET6, data[n : n + 16]) for n in (8, 24))
        return source, destination, data[6], data[40:]
    return None


def _gre_length(body: bytes) -> int:
    """Return the length of a GRE header: 4, and 4 for each of checksum, key and sequence number."""
    if len(body) < 4:
        return 4
    flags = body[0]
    return 4 + 4 * sum(1 for bit in (0x80, 0x20, 0x10) if flags & bit)
