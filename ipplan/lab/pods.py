"""Clusters: pods on the first worker, Calico's routes to them, SNAT of pods, kube-proxy, and an ingress (a proxy)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.lab.drafts import Group
from ipplan.lab.exported import worker_of
from ipplan.lab.packets import SERVED
from ipplan.landscape.edge_addresses import virtual_address
from ipplan.landscape.holders import first_named, pick
from ipplan.plan import names

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ipplan.lab.backbone import Backbone
    from ipplan.lab.drafts import Draft
    from ipplan.landscape.ends import End
    from ipplan.landscape.model import HostAddress
    from ipplan.plan.model import Network

_SERVED = f"udp dport {SERVED}"


class Pods:
    """Adds what Kubernetes runs on the workers of clusters."""

    def __init__(self, backbone: Backbone) -> None:
        self.lab = backbone.lab
        self.landscape = backbone.landscape
        self.ends = backbone.ends
        self._pods: dict[tuple[End, str], Draft] = {}

    def add(self, cluster: End) -> None:
        """Add the pods of a cluster, and the routes and NAT of its workers for them."""
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
        # As source, the kernel uses the first IPv4 address of an interface, but the last IPv6 address.
        new = "masquerade" if family == "ip" or node is None else f"snat to {node}"
        after = [f'oifname != "ipsec0" {family} saddr {{ {ranges} }} {family} daddr != {{ {ranges} }} {new}']
        if services := self._ranges(cluster, "service", family):
            before.append(f"{family} saddr {app} {family} daddr {{ {services} }} dnat to {other}")
            before.append(f"{family} daddr {{ {services} }} dnat to {app}")
            if node is not None:
                after.append(f"ct original {family} daddr {{ {services} }} fib saddr type local snat to {node}")
        worker.rule(_nat(family, after, before), "SNAT of pods, and kube-proxy")
        self._shown_services(cluster, worker, app)
        self.lab.say(
            "clusters: pods with Calico's routes to them, SNAT of pods at the worker, kube-proxy and the ingress"
        )

    def _shown_services(self, cluster: End, worker: Draft, app: HostAddress) -> None:
        """Forward packets for services that a link shows at other addresses: NAT changes a packet once, so one rule does both."""
        services = {n.name for n in self.ends.of_cluster(cluster) if n.kind.role == "service"}
        rules = []
        for tunnel in self.landscape.tunnels.of_end(cluster):
            own, far = (tunnel.near_nat, tunnel.far) if tunnel.near.end == cluster else (tunnel.far_nat, tunnel.near)
            remote = ", ".join(map(str, far.policy))
            rules += [
                f"iifname ipsec0 ip saddr {{ {remote} }} ip daddr {t.shown} dnat to {app}"
                for t in own
                if t.network in services and t.shown.version == app.version == 4
            ]
        if rules:
            lines = "\n".join(rules)
            worker.rule(
                f"table ip lab-services {{\nchain in {{\ntype nat hook prerouting priority -110;\n{lines}\n}}\n}}\n",
                "kube-proxy behind NAT of the link",
            )

    def _ranges(self, cluster: End, role: str, family: str) -> str:
        """Return the ranges of the pods or services of a cluster for one IP version, separated by commas."""
        version = 4 if family == "ip" else 6
        own = (n.prefix for n in self.ends.of_cluster(cluster) if n.kind.role == role)
        return ", ".join(str(p) for p in own if p is not None and p.version == version)

    def _iks_fronts(self, cluster: End, worker: Draft) -> list[str]:
        """Put the addresses of the ingress on the worker, and return them."""
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

    def pod(self, cluster: End, network: Network, address: HostAddress) -> Draft:
        """Return the pod with an address; a new one on the first worker if there is none."""
        key = (cluster, address.text)
        if key not in self._pods:
            worker = worker_of(self.lab, cluster)
            assert worker is not None
            number = sum(1 for own, _ in self._pods if own == cluster) + 1
            group = Group("pod", f"{cluster.name or cluster.kind} {number}")
            self._pods[key] = self._add_pod(cluster, worker, network, address, f"pod-{number}", group)
        return self._pods[key]

    def first(self, cluster: End) -> Draft | None:
        """Return the first pod of a cluster, which is behind its services; None where it has no pod."""
        return next((pod for (own, _), pod in self._pods.items() if own == cluster), None)

    def _add_pod(
        self,
        cluster: End,
        worker: Draft,
        network: Network,
        address: HostAddress,
        what: str,
        group: Group,
    ) -> Draft:
        of = "" if cluster.name is None else f" of {cluster.name}"
        pod = self.lab.device(f"{what}{of}", f"{what.replace('-', ' ')}{of}", group)
        pod.cluster = worker.cluster
        wire = self.lab.wire(f"{pod.label} to its worker")
        length, family, near = (32, "ip", "169.254.1.1") if address.version == 4 else (128, "ip -6", "fe80::a")
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


def _nat(family: str, after: Iterable[str], before: Iterable[str]) -> str:
    """Return a table of NAT rules that apply after and before routing."""
    return "\n".join(
        [
            f"table {family} lab-scenery {{",
            "chain post {",
            "type nat hook postrouting priority 94;",
            *after,
            "}",
            "chain pre {",
            "type nat hook prerouting priority -95;",
            *before,
            "}",
            "chain out {",
            "type nat hook output priority -95;",
            *before,
            "}",
            "}",
            "",
        ]
    )
