"""Derive the SNAT of an ESG: sources that stay, sources that a link shows elsewhere, and the address of the uplink.

Source: reference architecture (IBM Cloud docs, vmware-solutions, "Integration, IP addressing, and network flows",
2018-11-20).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.landscape.ends import Carried
from ipplan.landscape.folding import of_version
from ipplan.landscape.model import HostAddress, SourceNat
from ipplan.landscape.tunnels import translations
from ipplan.plan import names

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from ipplan.addresses import Prefix
    from ipplan.landscape.edge_facts import EdgeFacts
    from ipplan.landscape.esg_addresses import EsgAddresses
    from ipplan.landscape.model import Role, Route, Tunnel

_TRANSLATED_HERE = frozenset({"edge-edge", "site-edge"})
"""The pairs on whose tunnels the ESG translates its own side. On those of IKS the strongSwan of the cluster does it."""


class SourceRules:
    """Builds the SNAT of one ESG. `uplink` are its routes to IBM Cloud: they decide by which interface a packet leaves."""

    def __init__(
        self, edge: EdgeFacts, addresses: EsgAddresses, tunnels: Sequence[Tunnel], uplink: Sequence[Route]
    ) -> None:
        self.edge = edge
        self.addresses = addresses
        self.tunnels = tunnels
        self.uplink = uplink
        self._folded: dict[tuple[int, bool], tuple[Prefix, ...]] = {}

    def build(self) -> tuple[SourceNat, ...]:
        """Return the rules in their order: those that keep a source, those of links, then the address of the uplink."""
        return (*self._kept(), *self._kept_by_routes(), *self._shown(), *self._source_nat())

    def _leaves_by(self, prefix: Prefix) -> Role:
        """Return the interface by which packets to a prefix leave, as the routes of the uplinks decide.

        An IPsec policy applies after routing, so the route to the networks behind a tunnel decides.
        """
        holding = [r for r in self.uplink if r.prefix.covers(prefix)]
        best = max(holding, key=lambda r: r.prefix.length, default=None)
        return "public" if best is None or best.interface is None else best.interface

    def _kept(self) -> Iterator[SourceNat]:
        """Yield the rules that keep sources in tunnels, whose policies contain the real addresses.

        A GRE tunnel has its own interface, on which no other rule translates.
        """
        for tunnel in self.tunnels:
            if tunnel.joint.method == "gre":
                continue
            words = f"untranslated through {tunnel.joint.title}"
            sources = of_version(self._untranslated(tunnel), 4)
            for match in of_version(tunnel.far_from(self.edge.end).subnets, 4):
                role = self._leaves_by(match)
                if self.edge.has_ipv4(role):
                    for source in sources:
                        yield SourceNat(role, source, match, None, words)

    def _untranslated(self, tunnel: Tunnel) -> tuple[Prefix, ...]:
        """Return the networks that enter a tunnel with their real addresses."""
        items = self.edge.ends.carriage.carried(tunnel.joint, self.edge.end)
        here = tunnel.joint.pair in _TRANSLATED_HERE
        key = id(items), here
        if key not in self._folded:
            own = (Carried(item.network) for item in items if item.shown is None or not here)
            self._folded[key] = self.edge.landscape.folder.fold(own)
        return self._folded[key]

    def _kept_by_routes(self) -> Iterator[SourceNat]:
        """Yield the rules that keep sources towards networks that have routes to the real addresses, by BGP or static."""
        if not self.edge.has_ipv4("private"):
            return
        merged: dict[tuple[str, tuple[Carried, ...]], list[Carried]] = {}
        for joint in self.edge.joints:
            if joint.method == "common-vlan":
                words = "BGP between vRouters and ESG on the common VLAN"
            elif joint.method == "bgp":
                words = "the routes that vRouters announce to the BCR"
            elif joint.pair == "edge-edge" and joint.method == "routed":
                words = joint.title
            else:
                continue
            own = self.edge.ends.carriage.carried(joint, self.edge.end)
            merged.setdefault((words, own), []).extend(self.edge.ends.carriage.carried(joint, joint.far(self.edge.end)))
        fold = self.edge.landscape.folder.fold
        for (words, own), far in merged.items():
            for match in of_version(fold(far), 4):
                for source in of_version(fold(own), 4):
                    yield SourceNat("private", source, match, None, f"untranslated through {words}")

    def _shown(self) -> Iterator[SourceNat]:
        """Yield the SNAT of links that show networks behind the ESG at other addresses."""
        for tunnel, match in translating(self.edge, self.tunnels):
            role: Role = "gre" if tunnel.joint.method == "gre" else self._leaves_by(match)
            for item in translations(self.edge.ends.carriage.carried(tunnel.joint, self.edge.end)):
                if (role != "gre" and not self.edge.has_ipv4(role)) or item.real.version != 4:
                    continue
                text = f"{item.network} as {item.shown} through {tunnel.joint.title}"
                if item.shown.size == 1:
                    address = HostAddress(item.shown.version, item.shown.first)
                    yield SourceNat(role, item.real, match, address, text)
                else:
                    yield SourceNat(role, item.real, match, None, text, item.shown)

    def _source_nat(self) -> Iterator[SourceNat]:
        """Yield the SNAT of each network behind the ESG to both of IBM Cloud's networks."""
        left_out = {c.name for c in self.edge.ends.icp_behind.get(self.edge.end, ())} - {c.name for c in self.edge.icp}
        internet = self.edge.landscape.internet_of(self.edge.end)
        roles: tuple[Role, ...] = ("public", "private")
        for role in roles:
            if not self.edge.has_ipv4(role) or (role == "public" and internet != "snat"):
                continue
            address = self.addresses.named(role, names.SNAT) or self.addresses.primaries[role]
            assert address is not None
            self.addresses.use(role, address)
            if role == "public":
                yield from self._dialling(left_out)
            for network in self.edge.behind:
                assert network.prefix is not None
                if network.prefix.version != 4 or (network.kind.platform == "icp" and network.cluster in left_out):
                    continue
                yield SourceNat(role, network.prefix, None, address, f"{network.name} to the {role} network")

    def _dialling(self, left_out: Collection[str | None]) -> Iterator[SourceNat]:
        """Yield the SNAT of a strongSwan of ICP that dials: its far end expects the address of its DNAT."""
        for cluster in self.edge.ends.icp_behind.get(self.edge.end, ()):
            for tunnel in () if cluster.name in left_out else self.edge.landscape.tunnels.of_icp(cluster):
                own, far = tunnel.near, tunnel.far.gateway
                if own.end != cluster or own.inside is None or own.gateway is None or far is None:
                    continue
                source, match = own.inside.prefix, far.prefix
                if source is not None and match is not None and own.gateway.value is not None:
                    text = f"strongSwan of {cluster.name or 'ICP'}, which opens {tunnel.joint.title}"
                    yield SourceNat("public", source, match, own.gateway, text)


def translating(edge: EdgeFacts, tunnels: Sequence[Tunnel]) -> Iterator[tuple[Tunnel, Prefix]]:
    """Yield the tunnels at which an ESG translates its own side, with each of the far prefixes.

    On the tunnels of IKS the strongSwan of the cluster translates both sides.
    """
    for tunnel in tunnels:
        if tunnel.joint.pair in _TRANSLATED_HERE:
            for match in of_version(tunnel.far_from(edge.end).subnets, 4):
                yield tunnel, match
