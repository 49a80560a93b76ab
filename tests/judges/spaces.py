"""A whole landscape of network namespaces: each device as exports write it, and listed scenery around them.

The scenery is what no export writes, because IBM Cloud, the internet, Kubernetes, BGP or a VPN daemon brings it:

- routes that the plan's own list (export ansible) has, and that come by themselves, by BGP or from the strongSwan chart;
- the BCR, which drops sources that it has no route to, with IBM's services on it; the FCR, which drops private addresses;
- Direct Link, as a wire from the BCR to the router on premises, and the internet, as a wire with a user on it;
- in clusters: routes to pods, SNAT of pods at the worker, an ingress behind the addresses that stand for it;
- tunnels, as a wire between their ends, which takes what the subnets of the tunnel hold;
- users on premises, machines and ESXi hosts on IBM Cloud's networks, and a public side of workers.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import select
import socket
import struct
import subprocess
import time
from ipaddress import IPv4Interface, IPv4Network
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from conftest import PLACES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_PORTS = (9000, 9001)
"""Kubernetes serves on the first port what an ingress stands for; nothing translates the other one."""
_SERVED = f"udp dport {_PORTS[0]}"
_NEW_NETWORK = 0x40000000
_PACKET_INFO = 8
_USER, _FCR_OUT, _ROUTER_OUT = "198.51.100.10", "198.51.100.1", "198.51.100.20"
_SERVICES = ("161.26.0.10", "161.26.0.6")
_PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
_BY_ITSELF = ("base", "bgp", "request")
_PREFIXES = {
    "ESG": "esg", "DLR": "dlr", "VM": "vms-in", "ICP worker": "icp-workers-of", "IKS worker": "iks-workers-of", "BCR": "bcr",
    "FCR": "fcr", "on-premises router": "on-premises-router",
}  # fmt: skip


class Heard(NamedTuple):
    """What became of a datagram: the device that got it, from which address, and which address answered."""

    device: str | None
    source: str | None
    answer: str | None


class Device:
    """A namespace in the place of a device.

    `wires` and `interfaces` are by the variables of its export; `script` is what exports write, `late` is scenery.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.wires: dict[str, str] = {}
        self.interfaces: dict[str, str] = {}
        self.addresses: list[str] = []
        self.script: list[str] = []
        self.late: list[str] = []
        self.rules = ""
        self.path_filter = 0

    def attach(self, variable: str, wire: str, *addresses: str) -> str:
        """Put an interface on a wire and return its name."""
        self.wires[variable] = wire
        interface = f"eth{len(self.wires) - 1}"
        self.interfaces[variable] = interface
        for address in addresses:
            self.late.append(f"ip address replace {address} dev {interface}")
            self.addresses.append(address.partition("/")[0])
        self.late.append(f"ip link set {interface} up")
        return interface


class Spaces:
    """The devices of a plan, built from its exports."""

    def __init__(self, folder: Path, texts: Mapping[str, str], facts: Any) -> None:
        self.folder = folder
        self.texts = texts
        self.facts = facts
        self.networks: dict[str, Any] = {name: n for name, n in facts["networks"].items() if n["cidr"]}
        self.devices: dict[str, Device] = {}
        self.merged: dict[str, str] = {}
        self.listeners: dict[socket.socket, str] = {}
        self._spaces: dict[str, int] = {}
        self._own = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        self._libc = ctypes.CDLL(None, use_errno=True)
        for target, text in texts.items():
            (folder / target).write_text(text, encoding="utf-8")

    def device(self, name: str) -> Device:
        """Return a device, a new one where there is none of that name."""
        return self.devices.setdefault(name, Device(name))

    # What exports write.

    def plan_devices(self) -> None:
        """Take every device of ip-address, of several workers of a cluster the first."""
        self._merge_vlans()
        for label, section in _sections(self.texts["ip-address"]):
            if (number := re.fullmatch(r"(?:iks|icp)-workers-of-.*-(\d+)", label)) and number[1] != "1":
                continue
            name = re.sub(r"-1$", "", label) if label.endswith("-1") else label
            device = self.device(name)
            found = re.findall(r'ip address replace (\S+) dev "\$(\w+)"', section)
            for variable in re.findall(r'^ *: "\$\{(\w+):', section, re.MULTILINE):
                own = [address for address, at in found if at == variable]
                device.wires[variable] = self._wire(own[0])
                device.interfaces[variable] = f"eth{len(device.wires) - 1}"
                device.addresses += [address.partition("/")[0] for address in own]
            settings = " ".join(f"{variable}={name}" for variable, name in device.interfaces.items())
            device.script.append(f"{settings} sh {self.folder}/ip-address {label}")
            if name.startswith("iks-workers"):
                device.path_filter = 1
        for label, section in _sections(self.texts["ip-route"]):
            device = self.devices[label]
            link = "LINK=" + device.interfaces.get("PRIVATE", "none") if "${LINK:" in section else ""
            device.script.append(f"{link} sh {self.folder}/ip-route {label}")
        for edge in self.facts["edges"]:
            device = self.devices[_label("ESG", edge["name"])]
            rules = self.texts[f"nftables-{edge['name'] or ''}"]
            for role in ("public", "private"):
                rules = re.sub(
                    f'define {role} = "[^"]*"',
                    f'define {role} = "{device.interfaces.get(role.upper(), "none")}"',
                    rules,
                )
            device.rules += rules

    def _merge_vlans(self) -> None:
        """Let portable subnets of a cluster be on the VLAN of its workers, and the common VLAN be one."""
        for side in ("public", "private"):
            for ingress in self._of_kind(f"iks-ingress-{side}"):
                for worker in self._of_kind(f"iks-worker-{side}", ingress["cluster"]):
                    self.merged[ingress["cidr"]] = worker["cidr"]
        for link in self.facts["links"]:
            if link["method"] == "common-vlan":
                (worker,) = self._of_kind("iks-worker-private", link["first"]["name"])
                for uplink in self._of_kind("vcs-esg-private"):
                    if link["second"]["name"] in (None, uplink["edge"]):
                        self.merged[uplink["cidr"]] = worker["cidr"]

    def _of_kind(self, kind: str, cluster: str | None = None) -> list[Any]:
        return [n for n in self.networks.values() if n["kind"] == kind and cluster in (None, n["cluster"])]

    def _wire(self, address: str) -> str:
        cidr = str(IPv4Interface(address).network)
        return self.merged.get(cidr, cidr)

    # Scenery.

    def plan_scenery(self) -> None:
        """Put around the devices what no export writes."""
        fcr, bcr, user = self.device("fcr"), self.device("bcr"), self.device("internet")
        user.attach("OUT", "internet", f"{_USER}/24")
        user.late.append(f"ip route add default via {_FCR_OUT}")
        fcr.attach("OUT", "internet", f"{_FCR_OUT}/24")
        fcr.path_filter = bcr.path_filter = 2
        fcr.late += [f"ip route add blackhole {prefix}" for prefix in _PRIVATE]
        for address in _SERVICES:
            bcr.late.append(f"ip address add {address}/32 dev lo")
            bcr.addresses.append(address)
        self._routers_on_premises(bcr)
        self._machines()
        for name in list(self.devices):
            if (found := re.fullmatch("(iks|icp)-workers-of-(.*)", name)) is not None:
                self._cluster(found[1], found[2], self.devices[name])
        for number, tunnel in enumerate(self.facts["tunnels"]):
            self._tunnel(number, tunnel)
        self._routes()

    def _routers_on_premises(self, bcr: Device) -> None:
        for number, router in enumerate(d for n, d in self.devices.items() if n.startswith("on-premises")):
            out = router.attach("OUT", "internet", f"{_ROUTER_OUT}/24")
            router.late.append(f"ip route add default via {_FCR_OUT}")
            router.rules += _table(f"oifname {out} masquerade")
            router.attach("XCR", f"xcr{number}", f"169.254.100.{4 * number + 2}/30")
            bcr.attach(f"XCR{number}", f"xcr{number}", f"169.254.100.{4 * number + 1}/30")
        for name, network in self.networks.items():
            if network["kind"] == "enterprise":
                self._machine(f"user-{name}", network)

    def _machines(self) -> None:
        """Machines on IBM Cloud's private network; ESXi hosts have a public side too."""
        for name, network in self.networks.items():
            if network["kind"] == "vcs-management":
                self._machine(f"machine-{name}", network)
        for network in self._of_kind("vcs-host-private"):
            host = self.device("host")
            host.attach("PRIVATE", self._wire(network["cidr"]), _at(network, 2))
            for prefix in ("10.0.0.0/8", "161.26.0.0/16", "166.8.0.0/14"):
                host.late.append(f"ip route add {prefix} via {network['gateway']}")
        for network in self._of_kind("vcs-host-public"):
            host = self.device("host")
            host.attach("PUBLIC", self._wire(network["cidr"]), _at(network, 2))
            host.late.append(f"ip route add default via {network['gateway']}")

    def _machine(self, name: str, network: Any, number: int = 2) -> None:
        device = self.device(name)
        device.attach("LAN", self._wire(network["cidr"]), _at(network, number))
        device.late.append(f"ip route add default via {network['gateway']}")

    def _cluster(self, platform: str, cluster: str, worker: Device) -> None:
        """The pods of a cluster on its first worker: one of an app, and one of the ingress, which is a proxy."""
        fronts = []
        if platform == "iks":
            if "PUBLIC" not in worker.interfaces:
                self._public_side(worker)
            for side in ("public", "private"):
                for network in self._of_kind(f"iks-ingress-{side}", cluster):
                    if side.upper() in worker.interfaces:
                        front = network["addresses"].get("alb") or _at(network, 2).partition("/")[0]
                        worker.late.append(f"ip address add {front}/32 dev {worker.interfaces[side.upper()]}")
                        worker.addresses.append(front)
                        fronts.append(front)
        else:
            for network in self._of_kind("icp-worker", cluster):
                fronts += [network["addresses"]["proxy-vip"]]
        (pods,) = self._of_kind(f"{platform}-pod", cluster)
        app, ingress = (_at(pods, number).partition("/")[0] for number in (1, 2))
        for role, address in (("app", app), ("ingress", ingress)):
            pod = self.device(f"{role}-{cluster}")
            wire = f"{role}-{cluster}"
            inside = pod.attach("NODE", wire, f"{address}/32")
            pod.late += [
                f"ip route add 169.254.1.1 dev {inside} scope link", f"ip route add default via 169.254.1.1 dev {inside}",
            ]  # fmt: skip
            there = worker.attach(f"POD_{role}", wire)
            worker.late += [
                f"echo 1 > /proc/sys/net/ipv4/conf/{there}/proxy_arp", f"ip route add {address}/32 dev {there}",
            ]  # fmt: skip
        proxy = self.device(f"ingress-{cluster}")
        proxy.rules += _table(f"ip daddr {app} masquerade", f"ip daddr {ingress} {_SERVED} dnat to {app}")
        worker.rules += _table(
            f'oifname != "tun*" ip saddr {pods["cidr"]} ip daddr != {pods["cidr"]} masquerade',
            *(f"ip daddr {front} {_SERVED} dnat to {ingress}" for front in fronts),
        )

    def _public_side(self, worker: Device) -> None:
        """Give a worker the public side that the plan does not have, as flows supposes."""
        number = 8 * len(self.devices)
        worker.attach("PUBLIC", f"public-{worker.name}", f"203.0.113.{number + 2}/29")
        worker.late.append(f"ip route add default via 203.0.113.{number + 1}")
        self.devices["fcr"].attach(worker.name, f"public-{worker.name}", f"203.0.113.{number + 1}/29")

    def _tunnel(self, number: int, tunnel: Any) -> None:
        """A wire between the ends of a tunnel; each end takes for it what the subnets hold.

        The kernel asks the policies of IPsec once more after NAT: an answer that NAT gives another source is not taken.
        """
        near, far = tunnel["near"], tunnel["far"]
        ends = []
        for end in (near, far):
            kind = {"edge": "ESG", "iks": "IKS worker", "icp": "ICP worker"}[end["kind"]]
            ends.append(self.devices[_label(kind, end["name"])])
        table = 200 + number
        for own, other, device, last in ((near, far, ends[0], 1), (far, near, ends[1], 2)):
            interface = f"tun{number}"
            device.wires[interface] = f"tunnel{number}"
            device.interfaces[interface] = interface
            device.late += [
                f"ip address add 169.254.{table}.{last}/30 dev {interface}", f"ip link set {interface} up",
            ]  # fmt: skip
            chart = own["kind"] != "edge"
            source = f" src {device.addresses[0]}" if chart else ""
            for subnet in other["policy"]:
                device.late.append(
                    f"ip route add {subnet} via 169.254.{table}.{3 - last} dev {interface} table {table}{source}"
                )
                # The chart has a table of its own; a policy looks at the source too.
                for start in [""] if chart else [f"from {local} " for local in own["policy"]]:
                    device.late.append(f"ip rule add priority 100 {start}to {subnet} lookup {table}")
            if not chart:
                device.late.append(f"ip rule add priority {90 - number} fwmark 1 lookup main")
                device.rules += (
                    f"table ip tunnel{number} {{\nchain in {{\ntype filter hook prerouting priority -150;\n"
                    "ct status dnat meta mark set 1\n}\n}\n"
                )
            else:
                held = ", ".join(own["policy"])
                device.rules += (
                    f"table ip tunnel{number} {{\nchain out {{\ntype filter hook postrouting priority 200;\n"
                    f"oifname {interface} ip saddr != {{ {held} }} drop\n}}\n}}\n"
                )

    def _routes(self) -> None:
        """Routes of the plan that come by themselves, by BGP, or with the wire to the XCR."""
        for route in self.facts["routes"]:
            device = self.devices.get(_label(route["device"], route["name"]))
            prefix, via = route["cidr"], route["towards"]
            if device is None or ":" in prefix or route["device"] == "FCR":
                continue
            hop = route["next_hop"]["address"] if route["next_hop"] else None
            if via == "XCR" and device.name == "bcr":
                device.late.append(f"ip route replace {prefix} via 169.254.100.2")
            elif via == "XCR":
                device.late.append(f"ip route replace {prefix} via 169.254.100.1")
            elif route["how"] not in _BY_ITSELF or via == "internet":
                continue
            elif hop := hop or self._learned_from(device, route):
                link = f" dev {device.interfaces['PRIVATE']} onlink" if route["how"] == "bgp" else ""
                device.late.append(f"ip route replace {prefix} via {hop}{link}")

    def _learned_from(self, device: Device, route: Any) -> str | None:
        """Return the next hop of a route that the plan leaves to BGP: the worker, or the sender's own gateway."""
        if route["towards"] == "vRouter":
            pods = next(
                n for n in self.networks.values()
                if n["kind"] == "iks-pod" and IPv4Network(n["cidr"]).overlaps(IPv4Network(route["cidr"]))
            )  # fmt: skip
            return self.devices[_label("IKS worker", pods["cluster"])].addresses[0]
        if route["towards"] == "BCR":
            (network,) = self._of_kind("iks-worker-private", route["name"])
            return str(network["gateway"])
        return None

    # Building.

    def build(self) -> None:
        """Make the namespaces, the wires and the listeners, and configure the devices.

        The namespaces have no names: they are gone with this process, whatever ends it.
        """
        wires = sorted({wire for device in self.devices.values() for wire in device.wires.values()})
        for name in ("wires", *self.devices):
            self._spaces[name] = self._new_space()
        bridges = [f"link add name b{number} type bridge" for number in range(len(wires))]
        try:
            self._batch("wires", bridges)
        except AssertionError:
            pytest.skip("bridges cannot be made here")
        lines = [f"link set b{number} up" for number in range(len(wires))]
        for name, device in self.devices.items():
            space = f"/proc/{os.getpid()}/fd/{self._spaces[name]}"
            for variable, wire in device.wires.items():
                port = f"p{len(lines)}"
                far = f"peer name {device.interfaces[variable]} netns {space}"
                lines.append(f"link add name {port} type veth {far}")
                lines.append(f"link set {port} master b{wires.index(wire)} up")
        self._batch("wires", lines)
        for name, device in self.devices.items():
            self._configure(name, device)
        for name in self.devices:
            for number in _PORTS:
                with self._inside(name):
                    listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                listener.setsockopt(socket.IPPROTO_IP, _PACKET_INFO, 1)
                listener.bind(("", number))
                self.listeners[listener] = name

    def _new_space(self) -> int:
        """Return an open file that keeps a new namespace."""
        assert self._libc.unshare(_NEW_NETWORK) == 0, os.strerror(ctypes.get_errno())
        try:
            return os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        finally:
            assert self._libc.setns(self._own, _NEW_NETWORK) == 0

    def _configure(self, name: str, device: Device) -> None:
        settings = "/proc/sys/net/ipv4"
        lines = [
            "set -e", "ip link set lo up", f"echo 1 > {settings}/ip_forward",
            f"for f in {settings}/conf/*/send_redirects {settings}/conf/*/accept_redirects; do echo 0 > $f; done",
            f"for f in {settings}/conf/*/rp_filter; do echo {device.path_filter} > $f; done",
            f"for f in {settings}/conf/*/arp_ignore; do echo 1 > $f; done",
            *device.script, *device.late,
        ]  # fmt: skip
        self._call(name, "sh", "-c", "\n".join(lines))
        if device.rules:
            self._call(name, "nft", "-f", "-", feed=device.rules)

    def _batch(self, name: str, lines: list[str]) -> None:
        self._call(name, "ip", "-batch", "-", feed="\n".join(lines))

    def _call(self, name: str, *command: str, feed: str | None = None) -> None:
        """Run a program in the namespace of a device."""
        with self._inside(name):
            done = subprocess.run(
                command, env={**os.environ, "PATH": PLACES}, input=feed, capture_output=True, text=True, check=False,
                timeout=60,
            )  # fmt: skip
        assert done.returncode == 0, (name, command, done.stderr)

    def remove(self) -> None:
        """Close what keeps the namespaces."""
        for listener in self.listeners:
            listener.close()
        for space in (*self._spaces.values(), self._own):
            os.close(space)

    # Packets.

    @contextlib.contextmanager
    def _inside(self, name: str) -> Iterator[None]:
        """Be in the namespace of a device: sockets and programs that are started there stay there."""
        assert self._libc.setns(self._spaces[name], _NEW_NETWORK) == 0, os.strerror(ctypes.get_errno())
        try:
            yield
        finally:
            assert self._libc.setns(self._own, _NEW_NETWORK) == 0

    def holder(self, address: str) -> str:
        """Return the device that has an address."""
        found = [name for name, device in self.devices.items() if address in device.addresses]
        assert found, f"no device has {address}"
        return found[0]

    def router_of(self, name: str) -> str:
        """Return an address of the router that a device sends what it has no other route for."""
        pod = re.fullmatch("(?:app|ingress)-(.*)", name)
        if pod is not None:
            return next(
                d.addresses[0] for n, d in self.devices.items() if n.endswith(f"-workers-of-{pod[1]}")
            )
        own = [section for label, section in _sections(self.texts["ip-route"]) if label == name]
        found = re.findall(
            r"ip route \w+ (?:default|0\.0\.0\.0/0) via (\S+)", "\n".join([*own, *self.devices[name].late])
        )
        return str(found[0])

    def ask(self, sender: str, source: str, to: str, *, served: bool = True, wait: float = 1.0) -> Heard:
        """Send a datagram from a device, and say what became of it; an empty source leaves the choice to the kernel."""
        with self._inside(sender):
            asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with asking:
            asking.bind((source, 0))
            with contextlib.suppress(OSError):
                asking.sendto(b"request", (to, _PORTS[0 if served else 1]))
            device = heard = answer = None
            deadline = time.monotonic() + wait
            while answer is None and (left := deadline - time.monotonic()) > 0:
                ready, _, _ = select.select([asking, *self.listeners], [], [], left)
                for one in ready:
                    if one is asking:
                        with contextlib.suppress(OSError):
                            answer = asking.recvfrom(100)[1][0]
                    else:
                        device, heard = self.listeners[one], _answer(one)
            return Heard(device, heard, answer)


def _answer(listener: socket.socket) -> str:
    """Take a datagram and answer from the address that it was for; return whom it came from."""
    _, more, _, peer = listener.recvmsg(100, 100)
    (asked,) = (data[8:12] for level, kind, data in more if (level, kind) == (0, _PACKET_INFO))
    info = struct.pack("=I4s4s", 0, asked, bytes(4))
    with contextlib.suppress(OSError):
        listener.sendmsg([b"answer"], [(socket.IPPROTO_IP, _PACKET_INFO, info)], 0, peer)
    return str(peer[0])


def _sections(text: str) -> Iterator[tuple[str, str]]:
    """Yield the devices that a script has a section for, each with it."""
    yield from re.findall(r"(?ms)^([\w-]+)\)\n(.*?)^    ;;$", text)


def _label(kind: str, name: str | None) -> str:
    return _PREFIXES[kind] if name is None else f"{_PREFIXES[kind]}-{name}"


def _at(network: Any, number: int) -> str:
    """Return an address of a network by its number, with the length of the prefix."""
    prefix = IPv4Network(network["cidr"])
    return f"{prefix[number]}/{prefix.prefixlen}"


def _table(after: str, *before: str) -> str:
    """Return NAT rules of scenery: one after routing, some before."""
    return "\n".join([
        "table ip scenery {", "chain postrouting {", "type nat hook postrouting priority 90;", after, "}",
        "chain prerouting {", "type nat hook prerouting priority -100;", *before, "}", "}", "",
    ])  # fmt: skip
