"""Derive the DNAT of an ESG: to ICP, to VMs with static NAT, and back to ranges that a link shows elsewhere.

Source: reference architecture (IBM Cloud docs, vmware-solutions, "Integration, IP addressing, and network flows",
2018-11-20).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.landscape.edge_addresses import virtual_address
from ipplan.landscape.esg_source_nat import translating
from ipplan.landscape.holders import machines, pick
from ipplan.landscape.model import DestinationNat, RangeNat
from ipplan.landscape.tunnels import translations
from ipplan.plan import names

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ipplan.landscape.edge_facts import EdgeFacts
    from ipplan.landscape.ends import End, Joint
    from ipplan.landscape.esg_addresses import EsgAddresses
    from ipplan.landscape.model import Role, Tunnel


class DestinationRules:
    """Builds the DNAT of one ESG for single addresses."""

    def __init__(self, edge: EdgeFacts, addresses: EsgAddresses) -> None:
        self.edge = edge
        self.addresses = addresses

    def build(self) -> Iterator[DestinationNat]:
        """Yield the DNAT: to the virtual addresses of ICP, to its strongSwan, and to VMs with static NAT."""
        for cluster in self.edge.icp:
            yield from self._to_cluster(cluster)
        yield from self._to_strongswan()
        static = [j for j in self.edge.joints if j.method == "static-nat"]
        if static and self.edge.has_ipv4("private"):
            yield from self._to_machines(static)

    def _to_cluster(self, cluster: End) -> Iterator[DestinationNat]:
        workers = [
            n
            for n in self.edge.behind
            if n.kind.name == "icp-worker"
            and n.cluster == cluster.name
            and n.prefix is not None
            and n.prefix.version == 4
        ]
        if not workers:
            return
        alone = len(self.edge.icp) == 1
        for what, front in (("master", names.ICP_MASTER), ("proxy", names.ICP_PROXY)):
            own = (f"{cluster.name}-{what}",)
            target = virtual_address(workers, what)
            text = f"{what} VIP of {cluster.name or 'ICP'}"
            if self.edge.has_ipv4("private"):
                address = self.addresses.take("private", (*own, *front) if alone else own)
                if address is not None:
                    yield DestinationNat("private", address, target, None, None, text)
            # The public uplink has DNAT only for addresses that the plan names there.
            public = (
                self.addresses.named("public", (*own, *front) if alone else own)
                if self.edge.has_ipv4("public")
                else None
            )
            if public is not None and public.value is not None:
                yield DestinationNat("public", self.addresses.use("public", public), target, None, None, text)

    def _to_strongswan(self) -> Iterator[DestinationNat]:
        """Yield the DNAT of tunnels between clusters to the strongSwan of ICP."""
        for cluster in self.edge.ends.icp_behind.get(self.edge.end, ()):
            # All tunnels of a cluster end at the same address.
            tunnel = next(self.edge.landscape.tunnels.of_icp(cluster), None)
            end = None if tunnel is None else tunnel.end_at(cluster)
            if end is None or end.gateway is None or end.inside is None or end.gateway.value is None:
                continue
            if end.inside.value is None or not self.edge.has_ipv4("public"):
                continue
            self.addresses.use("public", end.gateway)
            # IKE, and IKE and ESP behind NAT (RFC 7296 section 2.23); the chart requires NAT traversal.
            for port in (500, 4500):
                yield DestinationNat(
                    "public",
                    end.gateway,
                    end.inside,
                    "udp",
                    port,
                    f"tunnel to strongSwan of {cluster.name or 'ICP'}",
                )

    def _to_machines(self, joints: Sequence[Joint]) -> Iterator[DestinationNat]:
        """Yield the DNAT to each VM that the plan names, or to an example where it names none."""
        carried = {c.network.name for joint in joints for c in self.edge.ends.carriage.carried(joint, self.edge.end)}
        for network in self.edge.behind:
            prefix = network.prefix
            if network.kind.name != "vcs-vm" or network.name not in carried or prefix is None or prefix.version != 4:
                continue
            for machine in machines(network) or [pick(network)]:
                wanted = (network.name,) if machine.name is None else (f"{network.name}-{machine.name}", machine.name)
                address = self.addresses.take("private", wanted)
                what = network.name if machine.name is None else f"{machine.name} of {network.name}"
                if address is not None:
                    yield DestinationNat("private", address, machine, None, None, what)


def range_nat(edge: EdgeFacts, tunnels: Sequence[Tunnel]) -> Iterator[RangeNat]:
    """Yield the rules that translate the shown ranges of links 1 to 1 back to the real ones.

    A packet out of an IPsec tunnel counts as received on the uplink at which the tunnel ends.
    """
    for tunnel, match in translating(edge, tunnels):
        uplink: Role = "private" if tunnel.private else "public"
        role: Role = "gre" if tunnel.joint.method == "gre" else uplink
        for item in translations(edge.ends.carriage.carried(tunnel.joint, edge.end)):
            if item.shown.size == item.real.size and item.real.version == 4:
                text = f"{item.network}, shown through {tunnel.joint.title}"
                yield RangeNat(role, item.shown, item.real, match, text)
