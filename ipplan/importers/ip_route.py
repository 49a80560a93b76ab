"""Routes and addresses of a Linux router or node: `ip -j route`, `ip -j -6 route`, `ip -j addr`, alone or one after the other.

Fields: iproute2 6.1, ip/iproute.c and ip/ipaddress.c. A connected range is a network; a range behind a gateway is in use
elsewhere, and may summarise several networks. A note counts the routes that every host has, which are skipped: the default
route, loopback, link-local and multicast, those of IBM Cloud's classic servers, and those to pods of the node itself.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from ipplan.addresses import WIDTH, parse_prefix
from ipplan.importers.collecting import Collector
from ipplan.importers.document import Node, read_json

if TYPE_CHECKING:
    from ipplan.addresses import Prefix
    from ipplan.observed import Observed

_HELP = "ip -j route; ip -j -6 route; ip -j addr"
_NO_NETWORK = frozenset({"local", "broadcast", "multicast", "anycast", "nat"})
"""Types of routes to addresses of the host itself."""
_NOWHERE = frozenset({"blackhole", "unreachable", "prohibit", "throw"})
_OWN = tuple(map(parse_prefix, ("127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "::1/128", "fe80::/10", "ff00::/8")))
_CLASSIC = frozenset(map(parse_prefix, ("10.0.0.0/8", "161.26.0.0/16", "166.8.0.0/14")))
"""The routes that IBM Cloud gives every classic server (ibm-cloud-docs/infrastructure-hub ips.md @c0135fb, 2025-10-03)."""
_PODS, _SERVICES = "cali", "kube-ipvs0"
"""Devices with one address for each pod or service: Calico's, and that of kube-proxy."""


class _Reader:
    """Adds each network and each route once."""

    def __init__(self) -> None:
        self.collector = Collector()
        self.skipped: Counter[str] = Counter()
        self._seen: set[Prefix] = set()

    def route(self, route: Node) -> None:
        """Add one entry of `ip -j route`."""
        dst, kind = route.text("dst"), route.text("type") or "unicast"
        if dst is None:
            self.collector.problem("the entry has no dst, so it is not a route", route.line, _HELP)
            return
        if dst in ("default", "0.0.0.0/0", "::/0"):
            self.skipped["default route"] += 1
            return
        if kind in _NO_NETWORK:
            self.skipped["address of the host itself"] += 1
            return
        prefix = self._prefix(dst, route, "dst")
        if prefix is None or self._is_own(prefix):
            return
        device, gateway = route.text("dev") or "", self._gateway(route)
        if prefix in _CLASSIC and gateway:
            self.skipped["route of every classic server"] += 1
        elif device.startswith(_PODS) and prefix.length == WIDTH[prefix.version]:
            self.skipped["route to a pod of the node"] += 1
        elif gateway or kind in _NOWHERE:
            way = f"route via {gateway}" if gateway else f"{kind} route"
            self._add(prefix, route, "dst", device, way + (f", {device}" if device else ""), connected=False)
        else:
            self._add(prefix, route, "dst", device, f"connected to {device or 'the router'}", connected=True)

    def interface(self, interface: Node) -> None:
        """Add the networks of one entry of `ip -j addr`."""
        device = interface.text("ifname") or ""
        for entry in interface.items("addr_info"):
            local, length = entry.text("local"), entry.text("prefixlen")
            if local is None or length is None:
                if entry.value:
                    self.collector.problem("the address has no local or no prefixlen", entry.line, _HELP)
                continue
            peer = entry.text("address")
            prefix = self._prefix(f"{peer or local}/{length}", entry, "local")
            if prefix is None or self._is_own(prefix):
                continue
            if device.startswith((_PODS, _SERVICES)):
                self.skipped["address of a service or pod"] += 1
                continue
            words = f"connected to {device or 'the router'}, address {local}"
            self._add(prefix, entry, "local", device, words, connected=True)
            if peer is not None and (own := self._prefix(local, entry, "local")) is not None:
                self._add(own, entry, "local", device, f"address of {device}", connected=True)

    def _prefix(self, text: str, node: Node, field: str) -> Prefix | None:
        if "/" not in text:
            text += "/128" if ":" in text else "/32"
        found = self.collector.block(text, node.line, field)
        return None if found is None else found.prefix

    def _is_own(self, prefix: Prefix) -> bool:
        own = any(known.covers(prefix) for known in _OWN) or prefix.length == 0
        if own:
            self.skipped["loopback, link-local or multicast range"] += 1
        return own

    @staticmethod
    def _gateway(route: Node) -> str | None:
        """Return the first next hop of a route, None where the destination is on the link."""
        hops = [route, *route.items("nexthops")]
        return next((text for hop in hops for text in (hop.text("gateway"), hop.text("via", "host")) if text), None)

    def _add(self, prefix: Prefix, node: Node, field: str, device: str, words: str, *, connected: bool) -> None:
        if prefix in self._seen:
            return
        self._seen.add(prefix)
        single = connected and prefix.length == WIDTH[prefix.version]
        if single:
            self.collector.add_address(str(prefix).partition("/")[0], node.line, field, name=device, description=words)
        else:
            self.collector.add(str(prefix), node.line, field, description=words, container=not connected)


def read(data: bytes) -> Observed:
    """Read routes and addresses in any order."""
    reader = _Reader()
    entries = [entry for document in read_json(data) for entry in document.items() or [document]]
    # The address of a connected network says more than its route, so it is read first.
    for entry in sorted(entries, key=lambda entry: entry.get("addr_info") is None):
        if entry.get("addr_info") is not None:
            reader.interface(entry)
        elif entry.value:
            reader.route(entry)
    if reader.skipped:
        words = ", ".join(f"{what} ({count:,})" for what, count in reader.skipped.items())
        reader.collector.notes.append(f"skipped: {words}")
    found = reader.collector.finish(
        partial=True, nothing="the file has no route to a network, and no address in one", help_=_HELP
    )
    return replace(found, routes=True)
