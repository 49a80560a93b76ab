"""What no export configures, because IBM Cloud, the internet, Kubernetes or the site brings it.

The FCR drops private addresses, the BCR drops sources that it has no route to; Direct Link is the XCR between the BCR and
the router of a site. In clusters: routes to pods, SNAT of pods at their worker, kube-proxy, and an ingress that is a proxy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.addresses import format_address
from ipplan.flows.machines import NOT_ON_THE_INTERNET, is_public
from ipplan.lab.drafts import workers_of
from ipplan.lab.exported import to_private, worker_of
from ipplan.lab.model import Command
from ipplan.lab.overlay import wire_name
from ipplan.lab.tunnels import add_translations
from ipplan.landscape.edges import virtual_address
from ipplan.landscape.ends import PRIVATE
from ipplan.landscape.holders import first_named, free_addresses, gateway_address, pick
from ipplan.landscape.routers import default_gateway, server_routes
from ipplan.landscape.tunnels import translations
from ipplan.plan import names

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ipplan.flows.model import Machine
    from ipplan.lab.drafts import Draft, Place
    from ipplan.lab.exported import Exports
    from ipplan.landscape.ends import End
    from ipplan.landscape.model import HostAddress, Route
    from ipplan.plan.model import Network

SERVED, CLOSED = 9000, 9001
"""Kubernetes serves on the first port what an ingress stands for; nothing translates the other one."""
_SERVED = f"udp dport {SERVED}"
_SERVICES = ("161.26.0.10", "161.26.0.6")
"""IBM Cloud's private DNS and NTP."""
_TABLE = 200
"""The first of the routing tables that the XCR and routers need for themselves."""


class Scenery:
    """Puts around the devices what no export writes."""

    def __init__(self, exports: Exports) -> None:
        self.exports = exports
        self.lab = exports.lab
        self.landscape = exports.landscape
        self.ends = exports.landscape.ends
        self.fcr = self._router("FCR")
        self.bcr = self._router("BCR")
        self.pods: dict[tuple[End, str], Draft] = {}
        self._links = 0

    def _router(self, kind: str) -> Draft:
        found = self.lab.find(kind, None)
        if found is None:
            found = self.lab.device(kind.lower(), kind, (kind, None))
            found.path_filter = 2
        return found

    def prepare(self) -> None:
        """Give workers the sides that tunnels may end on."""
        for cluster in self.ends.of_platform("iks"):
            worker = worker_of(self.lab, cluster)
            if worker is not None and worker.interface("PUBLIC") is None:
                self._public_side(worker)

    def build(self) -> None:
        """Add everything that does not depend on what is sent."""
        self._internet()
        self._services()
        for number, site in enumerate(self.ends.sites):
            self._site(site, number)
        for cluster in self.ends.clusters:
            self._cluster(cluster)
        self._hosts()
        self._routes()
        for draft in self.lab.devices.values():
            self._find_router(draft)
        self.lab.say("FCR: drops private addresses; leads to a host on the internet")
        self.lab.say("BCR: drops sources that it has no route to")

    def link(self, first: Draft, second: Draft, name: str) -> tuple[str, str]:
        """Join two devices by a wire of their own, and return the addresses of both there."""
        self._links += 1
        base = 4 * self._links
        ends = tuple(f"169.254.{100 + base // 256}.{base % 256 + n}" for n in (1, 2))
        for draft, own, other in ((first, ends[0], second), (second, ends[1], first)):
            variable = f"TO_{other.label}"
            draft.attach(variable, self.lab.wire(f"link {self._links}", name), f"{own}/30")
            interface = draft.interface(variable)
            number = 1 if draft is first else 2
            draft.scenery(f"ip -6 address replace fd00:169:{self._links:x}::{number}/64 dev {interface}")
        return ends[0], ends[1]

    # The internet and IBM Cloud.

    def _internet(self) -> None:
        self.internet = self.lab.device("internet", "internet", ("internet", None))
        self.internet.path_filter = 0
        self.at_fcr, self.at_internet = self.link(self.fcr, self.internet, "the internet")
        out = self.internet.interface(f"TO_{self.fcr.label}")
        self.internet.scenery(f"ip route replace default via {self.at_fcr}")
        self.internet.scenery(f"ip -6 route replace default via fd00:169:{self._links:x}::1 dev {out}")
        self.internet.router = self.at_fcr
        self._to_internet = self._links
        for block in NOT_ON_THE_INTERNET:
            self.fcr.scenery(f"ip route replace blackhole {block}")
        for prefix in self.landscape.classic:
            self.fcr.scenery(f"ip route replace blackhole {prefix}")

    def host_on_the_internet(self, address: HostAddress) -> Draft:
        """Give the host on the internet an address."""
        text = address.text
        if not self.internet.has(text):
            if address.version == 6:
                self.internet.hold(f"{text}/128", "lo", None)
                via = f"via fd00:169:{self._to_internet:x}::2 dev {self.fcr.interface('TO_internet')}"
                self.fcr.scenery(f"ip -6 route replace {text}/128 {via}")
            else:
                self.internet.hold(f"{text}/32", "lo", None)
                self.fcr.scenery(f"ip route replace {text}/32 via {self.at_internet}")
        return self.internet

    def _services(self) -> None:
        self.services = self.lab.device(
            "ibm-services", "IBM Cloud's services", ("IBM Cloud's services", None)
        )
        at_bcr, at_services = self.link(self.bcr, self.services, "IBM Cloud's service network")
        self.services.scenery(f"ip route replace default via {at_bcr}")
        self.services.router = at_bcr
        self._at_services = at_services
        for text in _SERVICES:
            self.service(text)

    def service(self, text: str) -> Draft:
        """Give IBM Cloud's services an address."""
        if not self.services.has(text):
            self.services.hold(f"{text}/32", "lo", None)
            self.bcr.scenery(f"ip route replace {text}/32 via {self._at_services}")
        return self.services

    # Sites.

    def _site(self, site: End, number: int) -> None:
        """The router of a site: out to the internet, over Direct Link to the BCR, and in stretched networks."""
        name = self.landscape.site_name(site)
        router = self.lab.find("on-premises router", name)
        if router is None:
            return
        at_internet, at_router = self.link(self.internet, router, f"{router.title} to the internet")
        router.scenery(f"ip route replace default via {at_internet}")
        for block in (*NOT_ON_THE_INTERNET[:3], *self.landscape.classic[1:]):
            router.scenery(f"ip route replace blackhole {block} metric 4000")
        out = router.interface(f"TO_{self.internet.label}")
        public = _outside(0x10000 + number)
        router.held.append((None, public))
        router.rule(
            f"table ip lab-out {{\nchain out {{\ntype nat hook postrouting priority 110;\noifname {out} ip saddr != "
            f"{{ {', '.join(self._public_ends(router) or ['192.0.2.255'])} }} snat to {public}\n}}\n}}\n",
            "its public address",
        )
        for prefix in (f"{public}/32", *(f"{a}/32" for a in self._public_ends(router))):
            self.internet.scenery(f"ip route replace {prefix} via {at_router}")
            self.fcr.scenery(f"ip route replace {prefix} via {self.at_internet}")
        self.lab.say("sites: their users, their public address, and NAT to the internet")
        if to_private(self.landscape, site):
            self._direct_link(site, name, router)
        self._stretched(site, router)

    def _public_ends(self, router: Draft) -> list[str]:
        """Return the public addresses that a router has in the plan: at these its tunnels end."""
        found = []
        for network in self.ends.networks:
            for name, address in router.held:
                if name == network.name and network.prefix is not None and network.prefix.version == 4:
                    own = pick(network)
                    if is_public(own) and ":" not in address:
                        found.append(address)
        return list(dict.fromkeys(found))

    def _direct_link(self, site: End, name: str | None, router: Draft) -> None:
        label = "xcr" if name is None else f"xcr-{name}"
        xcr = self.lab.device(label, "XCR" if name is None else f"XCR {name}", ("XCR", name))
        at_bcr, from_bcr = self.link(self.bcr, xcr, "Direct Link")
        at_router, from_xcr = self.link(router, xcr, "WAN")
        inside, outside = xcr.interface("TO_bcr"), xcr.interface(f"TO_{router.label}")
        table = _TABLE
        # What comes from the BCR goes to the site, and the other way round.
        xcr.scenery(f"ip route replace default via {at_router} table {table}")
        xcr.scenery(f"ip rule add priority 50 iif {inside} lookup {table}")
        xcr.scenery(f"ip route replace default via {at_bcr} table {table + 1}")
        for prefix in self.landscape.classic:
            if str(prefix) != "10.0.0.0/8":
                xcr.scenery(f"ip route replace blackhole {prefix} table {table + 1}")
        xcr.scenery(f"ip rule add priority 51 iif {outside} lookup {table + 1}")
        xcr.scenery(f"ip route replace default via {at_bcr}")
        self.lab.say("XCR: Direct Link between the BCR and a site")
        own = router.interface(f"TO_{xcr.label}")
        for route in self.landscape.router_routes(site):
            if route.via == "XCR" and route.prefix.version == 4:
                router.scenery(
                    f"ip route replace {route.prefix} via {from_xcr}{self._known_source(site, router)}"
                )
        for route in self.landscape.bcr:
            if route.via == "XCR" and route.to == site and route.prefix.version == 4:
                self.bcr.scenery(f"ip route replace {route.prefix} via {from_bcr}")
        joint = next((j for j in self.ends.joints_of(site) if j.pair == "site-private"), None)
        if joint is not None and own is not None:
            mine, theirs = (translations(self.ends.carried(joint, e)) for e in (site, PRIVATE))
            if mine or theirs:
                table = 400 + self._links
                remote = [
                    p for r in self.landscape.router_routes(site) if r.via == "XCR" for p in (r.prefix,)
                ]
                remote += [t.real for t in theirs]
                add_translations(router, own, mine, theirs, remote or [NOT_ON_THE_INTERNET[0]], table)
                router.late.append(Command(f"ip route replace default via {from_xcr} table {table}", None))
                self.lab.say(f"NAT of {joint.title} at {router.title}")

    def _known_source(self, site: End, router: Draft) -> str:
        """Return with which address the router itself sends over Direct Link: one that is routed back."""
        carried = {
            c.network.name
            for j in self.ends.joints_of(site) if j.pair == "site-private"
            for c in self.ends.carried(j, site)
        }  # fmt: skip
        own = next((a for name, a in router.held if name in carried and ":" not in a), None)
        return "" if own is None else f" src {own}"

    def _stretched(self, site: End, router: Draft) -> None:
        """Put the router on premises into each stretched network: where the plan names no address, at a free one."""
        for joint in self.ends.iter_joints(site, "site-edge"):
            if joint.method != "l2-extension":
                continue
            self.lab.say("HCX: a stretched network is one wire")
            for item in self.ends.carried(joint, joint.second):
                network = item.network
                if network.prefix is None or any(n == network.name for n, _ in router.held):
                    continue
                free = (
                    list(free_addresses(network))[-1:]
                    if network.prefix.size <= 65536
                    else [pick(network, skip=9)]
                )
                if not free:
                    continue
                router.attach(
                    f"STRETCHED_{network.name}", wire_name(network), f"{free[0].text}/{network.prefix.length}",
                    network=network.name,
                )  # fmt: skip
                self.lab.say(f"{router.title}: an address in {network.name}, which the plan does not name")

    # Clusters.

    def _cluster(self, cluster: End) -> None:
        worker = worker_of(self.lab, cluster)
        pods = [n for n in self.ends.of_cluster(cluster) if n.kind.role == "pod" and n.prefix is not None]
        if worker is None:
            return
        fronts = self._iks_fronts(cluster, worker) if cluster.kind == "iks" else self._icp_fronts(cluster)
        if not pods or pods[0].prefix is None:
            return
        app = pick(pods[0])
        proxy = pick(pods[0], *names.INGRESS)
        if proxy.same(app):
            proxy = pick(pods[0], skip=1)
        self.pod(cluster, pods[0], app)
        ingress = self._add_pod(cluster, worker, pods[0], proxy, "ingress", worker.group)
        family = "ip" if app.version == 4 else "ip6"
        proxied = f"{family} daddr {proxy} {_SERVED} dnat to {app}"
        ingress.rule(_nat(family, (f"{family} daddr {app} masquerade",), (proxied,)), "a proxy")
        other = pick(pods[0], skip=1)
        if not other.same(proxy):
            self.pod(cluster, pods[0], other)
        fronts = [front for front in fronts if (":" in front) == (family == "ip6")]
        before = [f"{family} daddr {front} {_SERVED} dnat to {proxy}" for front in fronts]
        ranges = self._ranges(cluster, "pod", family)
        node = next((a for _, a in worker.held if (":" in a) == (family == "ip6")), None)
        # The kernel takes the first address of an interface of IPv4 and the last one of IPv6.
        new = "masquerade" if family == "ip" or node is None else f"snat to {node}"
        after = [f'oifname != "ipsec0" {family} saddr {{ {ranges} }} {family} daddr != {{ {ranges} }} {new}']
        if services := self._ranges(cluster, "service", family):
            before.append(f"{family} saddr {app} {family} daddr {{ {services} }} dnat to {other}")
            before.append(f"{family} daddr {{ {services} }} dnat to {app}")
            if node is not None:
                after.append(
                    f"ct original {family} daddr {{ {services} }} fib saddr type local snat to {node}"
                )
        worker.rule(_nat(family, after, before), "SNAT of pods, and kube-proxy")
        self._shown_services(cluster, worker, app)
        self.lab.say(
            "clusters: pods with Calico's routes to them, SNAT of pods at the worker, kube-proxy and the ingress"
        )

    def _shown_services(self, cluster: End, worker: Draft, app: HostAddress) -> None:
        """Lead on what is for services that a link shows elsewhere: NAT takes a packet once, so both steps are one rule."""
        services = {n.name for n in self.ends.of_cluster(cluster) if n.kind.role == "service"}
        rules = []
        for tunnel in self.landscape.tunnels.of_end(cluster):
            own, far = (
                (tunnel.near_nat, tunnel.far) if tunnel.near.end == cluster else (tunnel.far_nat, tunnel.near)
            )
            remote = ", ".join(map(str, far.policy))
            rules += [
                f"iifname ipsec0 ip saddr {{ {remote} }} ip daddr {t.shown} dnat to {app}"
                for t in own if t.network in services and t.shown.version == app.version == 4
            ]  # fmt: skip
        if rules:
            lines = "\n".join(rules)
            worker.rule(
                f"table ip lab-services {{\nchain in {{\ntype nat hook prerouting priority -110;\n{lines}\n}}\n}}\n",
                "kube-proxy behind NAT of the link",
            )

    def _ranges(self, cluster: End, role: str, family: str) -> str:
        """Return the ranges of the pods or services of a cluster of one IP version, with commas between."""
        version = 4 if family == "ip" else 6
        own = (n.prefix for n in self.ends.of_cluster(cluster) if n.kind.role == role)
        return ", ".join(str(p) for p in own if p is not None and p.version == version)

    def _iks_fronts(self, cluster: End, worker: Draft) -> list[str]:
        """Put the addresses of the ingress on the worker, and return them."""
        if worker.interface("PUBLIC") is None:
            self._public_side(worker)
        fronts = []
        for side in ("public", "private"):
            for network in self.ends.of_cluster(cluster, f"iks-ingress-{side}"):
                interface = worker.interface(side.upper())
                if network.prefix is None or network.prefix.version != 4 or interface is None:
                    continue
                front = first_named([network], *names.INGRESS) or pick(network)
                worker.hold(f"{front.text}/32", interface, network.name)
                fronts.append(front.text)
        return fronts

    def _icp_fronts(self, cluster: End) -> list[str]:
        workers = [n for n in self.ends.of_cluster(cluster, "icp-worker") if n.prefix is not None]
        if not workers:
            return []
        front = virtual_address(workers, "proxy")
        worker = worker_of(self.lab, cluster)
        assert worker is not None
        for vip in (front, virtual_address(workers, "master")):
            if not worker.has(vip.text) and (interface := worker.interface("PRIVATE")) is not None:
                worker.hold(f"{vip.text}/{32 if vip.version == 4 else 128}", interface, vip.network)
        return [front.text]

    def _public_side(self, worker: Draft) -> None:
        """Give a worker or a host the public side that the plan does not have, as flows supposes."""
        wire = self.lab.wire(f"public side of {worker.label}")
        for network in self.ends.by_kind["iks-ingress-public"]:
            if worker.group == workers_of("iks", network.cluster):
                self.lab.join(wire_name(network), wire)
        wire = self.lab.wire(wire)
        gateway, address = (_outside(4 * worker.number + n) for n in (1, 2))
        worker.attach("PUBLIC", wire, f"{address}/30")
        worker.scenery(f"ip route replace default via {gateway}")
        self.fcr.attach(f"TO_{worker.label}", wire, f"{gateway}/30")
        self.lab.say(f"{worker.title}: a public side, which the plan has no network for")

    def pod(self, cluster: End, network: Network, address: HostAddress) -> Draft:
        """Return the pod with an address, a new one on the first worker where there is none."""
        key = (cluster, address.text)
        if key not in self.pods:
            worker = worker_of(self.lab, cluster)
            assert worker is not None
            number = sum(1 for own, _ in self.pods if own == cluster) + 1
            group = ("pod", f"{cluster.name or cluster.kind} {number}")
            self.pods[key] = self._add_pod(cluster, worker, network, address, f"pod-{number}", group)
        return self.pods[key]

    def _add_pod(
        self, cluster: End, worker: Draft, network: Network, address: HostAddress, what: str,
        group: tuple[str, str | None],
    ) -> Draft:  # fmt: skip
        of = "" if cluster.name is None else f" of {cluster.name}"
        pod = self.lab.device(f"{what}{of}", f"{what.replace('-', ' ')}{of}", group)
        pod.cluster = worker.cluster
        wire = self.lab.wire(f"{pod.label} to its worker")
        length, family, near = (
            (32, "ip", "169.254.1.1") if address.version == 4 else (128, "ip -6", "fe80::a")
        )
        inside = pod.attach("NODE", wire, f"{address.text}/{length}", network=network.name)
        there = worker.port(f"POD_{pod.label}", wire)
        worker.scenery(f"ip link set {there} up")
        if address.version == 4:
            pod.scenery(f"ip route replace {near} dev {inside} scope link")
            worker.scenery(f"echo 1 > /proc/sys/net/ipv4/conf/{there}/proxy_arp")
        else:
            worker.scenery(f"ip -6 address replace {near}/64 dev {there}")
        pod.scenery(f"{family} route replace default via {near} dev {inside}")
        node = next((a for _, a in worker.held if (":" in a) == (address.version == 6)), None)
        source = f" src {node}" if node is not None and address.version == 4 else ""
        worker.scenery(f"{family} route replace {address.text}/{length} dev {there}{source}")
        pod.router = node
        return pod

    # Machines.

    def _hosts(self) -> None:
        """ESXi hosts on both of IBM Cloud's networks."""
        for side in ("private", "public"):
            for network in self.ends.by_kind[f"vcs-host-{side}"]:
                if network.prefix is not None:
                    self.machine(network, pick(network))
        for draft in self.lab.of_group("ESXi host"):
            if draft.interface("True") is None:
                self._public_side(draft)

    def machine(self, network: Network, address: HostAddress) -> Draft:
        """Return the machine of one of IBM Cloud's networks, or a user on premises, with an address."""
        kind = network.kind
        host = kind.role == "host"
        group: Place = ("ESXi host", network.edge) if host else ("machine", network.name)
        if kind.provider == "enterprise":
            group = ("enterprise user", network.name)
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
        interface = draft.attach(
            variable, wire_name(network), f"{address.text}/{length}", network=network.name
        )
        if network.kind.provider == "enterprise":
            _, hop, _ = default_gateway(self.landscape, network)
            if around and hop is not None:
                # A summary of several networks: others of it are reached through the router.
                draft.scenery(f"{family} route replace {hop} dev {interface}")
            draft.scenery(f"{family} route replace default via {hop}")
            draft.router = None if hop is None else hop.text
            return
        gateway = gateway_address(network).text
        draft.router = draft.router or gateway
        for route in server_routes(self.landscape, network, public=network.kind.role == "host"):
            if route.next_hop is not None and route.prefix.version == network.prefix.version:
                draft.scenery(f"{family} route replace {route.prefix} via {route.next_hop}")

    # Routes that come by themselves.

    def _routes(self) -> None:
        for cluster in self.ends.clusters:
            for worker in self.lab.of_group("workers"):
                if (
                    worker.group == workers_of(cluster.kind, cluster.name)
                    and worker.interface("PRIVATE") is not None
                ):
                    self._worker_routes(cluster, worker)
        for edge in self.ends.edges:
            esg = self.lab.find("ESG", edge.name)
            if esg is not None:
                self._add_routes(esg, self.landscape.esg(edge).routes)

    def _worker_routes(self, cluster: End, worker: Draft) -> None:
        """Give a worker what every classic server has, by the gateway of its own subnet."""
        gateways = {
            n.kind.public: gateway_address(n)
            for n in self.ends.of_cluster(cluster)
            if n.kind.role == "worker" and any(name == n.name for name, _ in worker.held)
        }
        # Workers in several subnets each have the gateway of their own, as the add-on for static routes does it.
        own = (
            r._replace(how="base", next_hop=gateways.get(r.via == "FCR")) for r in self.landscape.worker_routes(cluster)
            if r.how == "base" or (r.how == "static-route" and r.next_hop is None)
        )  # fmt: skip
        self._add_routes(worker, own)
        if cluster.kind == "iks" and worker.interface("PUBLIC") is None:
            self._public_side(worker)

    def _add_routes(self, draft: Draft, routes: Iterable[Route]) -> None:
        for route in routes:
            if route.how == "base" and route.next_hop is not None and route.next_hop.value is not None:
                family = "ip" if route.prefix.version == 4 else "ip -6"
                draft.scenery(f"{family} route replace {route.prefix} via {route.next_hop}")

    def _find_router(self, draft: Draft) -> None:
        """Find the address that has to answer a device whose packets stop."""
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
        """Return the device that a machine is in the lab, added where it is not there yet; None where no device can be it."""
        network, address = machine.network, machine.address
        if address.value is None:
            return None
        if network is None:
            if machine.domain == "internet":
                return self.host_on_the_internet(address)
            return self.service(address.text)
        for draft in self.lab.devices.values():
            if draft.has(address.text, network.name):
                return draft
        role = network.kind.role
        if role == "pod" and machine.end is not None and worker_of(self.lab, machine.end) is not None:
            return self.pod(machine.end, network, address)
        if role == "service" and machine.end is not None:
            return next((d for (own, _), d in self.pods.items() if own == machine.end), None)
        if role == "vm":
            return self._more(self.lab.find("VM", network.name), "INTERFACE", network, address)
        if role in ("worker", "ingress", "esg", "transit", "pod"):
            return None
        return self.machine(network, address)

    def _more(
        self, draft: Draft | None, variable: str, network: Network, address: HostAddress
    ) -> Draft | None:
        if draft is None or network.prefix is None:
            return None
        interface = draft.interface(variable)
        if interface is not None:
            draft.hold(f"{address.text}/{network.prefix.length}", interface, network.name)
        return draft


def _outside(number: int) -> str:
    """Return a public address that no plan has: benchmark space, which nothing on the internet routes (RFC 2544)."""
    return format_address(4, 0xC6120000 + number)


def _nat(family: str, after: Iterable[str], before: Iterable[str]) -> str:
    """Return NAT rules: some after routing, some before."""
    return "\n".join([
        f"table {family} lab-scenery {{", "chain post {", "type nat hook postrouting priority 94;", *after, "}",
        "chain pre {", "type nat hook prerouting priority -95;", *before, "}",
        "chain out {", "type nat hook output priority -95;", *before, "}", "}", "",
    ])  # fmt: skip
