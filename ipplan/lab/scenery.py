"""What no export configures, because IBM Cloud, the internet, Kubernetes or the site provides it.

The FCR drops private addresses, and the BCR drops sources that it has no route to. Direct Link is the XCR between the
BCR and the router of a site. In clusters: routes to pods, SNAT of pods at their worker, kube-proxy, and an ingress.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.lab.backbone import Backbone
from ipplan.lab.drafts import Group, workers_of
from ipplan.lab.exported import worker_of
from ipplan.lab.overlay import wire_name
from ipplan.lab.pods import Pods
from ipplan.lab.sites import Sites
from ipplan.landscape.holders import gateway_address, pick
from ipplan.landscape.routers import default_gateway, server_routes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ipplan.flows.model import Machine
    from ipplan.lab.drafts import Draft
    from ipplan.lab.exported import Exports
    from ipplan.landscape.ends import End
    from ipplan.landscape.model import HostAddress, Route
    from ipplan.plan.model import Network


class Scenery:
    """Adds everything around the devices that no export writes."""

    def __init__(self, exports: Exports) -> None:
        self.lab = exports.lab
        self.landscape = exports.landscape
        self.ends = exports.landscape.ends
        self.backbone = Backbone(exports)
        self.pods = Pods(self.backbone)

    def prepare(self) -> None:
        """Give workers a public side, because tunnels may end there."""
        for cluster in self.ends.of_platform("iks"):
            worker = worker_of(self.lab, cluster)
            if worker is not None and worker.interface("PUBLIC") is None:
                self.backbone.public_side(worker)

    def build(self) -> None:
        """Add everything that does not depend on the pairs."""
        sites = Sites(self.backbone)
        for number, site in enumerate(self.ends.sites):
            sites.add(site, number)
        for cluster in self.ends.clusters:
            self.pods.add(cluster)
        self._hosts()
        self._routes()
        for draft in self.lab.devices.values():
            self._find_router(draft)

    # Machines.

    def _hosts(self) -> None:
        """Add ESXi hosts on both networks of IBM Cloud."""
        for side in ("private", "public"):
            for network in self.ends.by_kind[f"vcs-host-{side}"]:
                if network.prefix is not None:
                    self.machine(network, pick(network))
        for draft in self.lab.of_group("ESXi host"):
            if draft.interface("True") is None:
                self.backbone.public_side(draft)

    def machine(self, network: Network, address: HostAddress) -> Draft:
        """Return the machine in a network of IBM Cloud, or the user on premises, with an address."""
        kind = network.kind
        host = kind.role == "host"
        group = Group("ESXi host", network.edge) if host else Group("machine", network.name)
        if kind.provider == "enterprise":
            group = Group("enterprise user", network.name)
        draft = self.lab.find(*group)
        title = f"user in {network.name}" if kind.provider == "enterprise" else f"machine in {network.name}"
        if host:
            title = "ESXi host" if network.edge is None else f"ESXi host of {network.edge}"
        if draft is None:
            draft = self.lab.device(title, title, group)
        assert network.prefix is not None
        variable = f"{kind.public}" if host else "LAN"
        if draft.interface(variable) is None:
            self._attach_machine(draft, variable, network, address)
        elif not draft.has(address.text, network.name):
            interface = draft.interface(variable)
            assert interface is not None
            draft.hold(f"{address.text}/{network.prefix.length}", interface, network.name)
        return draft

    def _attach_machine(self, draft: Draft, variable: str, network: Network, address: HostAddress) -> None:
        assert network.prefix is not None
        family = "ip" if network.prefix.version == 4 else "ip -6"
        length = network.prefix.length
        around = any(
            n.prefix is not None and n.prefix != network.prefix and network.prefix.covers(n.prefix)
            for n in self.ends.networks
        )
        if network.kind.provider == "enterprise" and around:
            length = 32 if network.prefix.version == 4 else 128
        interface = draft.attach(variable, wire_name(network), f"{address.text}/{length}", network=network.name)
        if network.kind.provider == "enterprise":
            _, hop, _ = default_gateway(self.landscape, network)
            if around and hop is not None:
                # The range covers other networks, which are reached through the router.
                draft.scenery(f"{family} route replace {hop} dev {interface}")
            draft.scenery(f"{family} route replace default via {hop}")
            draft.router = None if hop is None else hop.text
            return
        gateway = gateway_address(network).text
        draft.router = draft.router or gateway
        for route in server_routes(self.landscape, network, public=network.kind.role == "host"):
            if route.next_hop is not None and route.prefix.version == network.prefix.version:
                draft.scenery(f"{family} route replace {route.prefix} via {route.next_hop}")

    # Routes that servers have without an export.

    def _routes(self) -> None:
        for cluster in self.ends.clusters:
            for worker in self.lab.of_group("workers"):
                if worker.group == workers_of(cluster.kind, cluster.name) and worker.interface("PRIVATE") is not None:
                    self._worker_routes(cluster, worker)
        for edge in self.ends.edges:
            esg = self.lab.find("ESG", edge.name)
            if esg is not None:
                self._add_routes(esg, self.landscape.esg(edge).routes)

    def _worker_routes(self, cluster: End, worker: Draft) -> None:
        """Give a worker the routes of every classic server, through the gateway of its own subnet."""
        gateways = {
            n.kind.public: gateway_address(n)
            for n in self.ends.of_cluster(cluster)
            if n.kind.role == "worker" and any(name == n.name for name, _ in worker.held)
        }
        # Each worker uses the gateway of its own subnet, as the static-route add-on does.
        own = (
            r._replace(how="base", next_hop=gateways.get(r.via == "FCR"))
            for r in self.landscape.worker_routes(cluster)
            if r.how == "base" or (r.how == "static-route" and r.next_hop is None)
        )
        self._add_routes(worker, own)
        if cluster.kind == "iks" and worker.interface("PUBLIC") is None:
            self.backbone.public_side(worker)

    def _add_routes(self, draft: Draft, routes: Iterable[Route]) -> None:
        for route in routes:
            if route.how == "base" and route.next_hop is not None and route.next_hop.value is not None:
                family = "ip" if route.prefix.version == 4 else "ip -6"
                draft.scenery(f"{family} route replace {route.prefix} via {route.next_hop}")

    def _find_router(self, draft: Draft) -> None:
        """Set the router of a device: an address that has to answer when packets of the device stop."""
        kind, name = draft.group
        if draft.router is not None:
            return
        if kind == "VM":
            network = next(n for n in self.ends.networks if n.name == name)
            _, hop, _ = default_gateway(self.landscape, network)
            draft.router = None if hop is None else hop.text
        elif kind in ("workers", "ESG"):
            networks = {n.name: n for n in self.ends.networks}
            for network_name, _ in draft.held:
                own = networks.get(network_name or "")
                if own is not None and own.prefix is not None:
                    gateway = gateway_address(own).text
                    if not draft.has(gateway):
                        draft.router = gateway
                        return

    # The ends of flows.

    def end_of(self, machine: Machine) -> Draft | None:
        """Return the device that stands for a machine, added if it is missing; None where no device can."""
        network, address = machine.network, machine.address
        if address.value is None:
            return None
        if network is None:
            if machine.domain == "internet":
                return self.backbone.host_on_the_internet(address)
            return self.backbone.service(address.text)
        for draft in self.lab.devices.values():
            if draft.has(address.text, network.name):
                return draft
        role = network.kind.role
        if role == "pod" and machine.end is not None and worker_of(self.lab, machine.end) is not None:
            return self.pods.pod(machine.end, network, address)
        if role == "service" and machine.end is not None:
            return self.pods.first(machine.end)
        if role == "vm":
            return self._more(self.lab.find("VM", network.name), "INTERFACE", network, address)
        if role in ("worker", "ingress", "esg", "transit", "pod"):
            return None
        return self.machine(network, address)

    def _more(self, draft: Draft | None, variable: str, network: Network, address: HostAddress) -> Draft | None:
        if draft is None or network.prefix is None:
            return None
        interface = draft.interface(variable)
        if interface is not None:
            draft.hold(f"{address.text}/{network.prefix.length}", interface, network.name)
        return draft
