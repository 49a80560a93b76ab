"""The Linux kernel as a judge of routes and NAT: packets of the reference plan through a gateway made of its exports."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from conftest import PLACES

from ipplan.plan.model import INTEGRATION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Judge, Run

pytestmark = pytest.mark.judges

REFERENCE = Path(__file__).parent.parent.parent / "sample-plans" / "reference-architecture.toml"
METHODS = INTEGRATION["iks-vcs"]
HEAR = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind((sys.argv[1], int(sys.argv[2])))
s.settimeout(3)
print("ready", flush=True)
try:
    data, (source, port) = s.recvfrom(100)
    print(source, flush=True)
    s.sendto(b"answer", (source, port))
except TimeoutError:
    print("nothing")
except OSError:
    pass  # no route back: what kept its source would have come through the tunnel
"""
SEND = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind((sys.argv[1], 0))
s.settimeout(float(sys.argv[4]))
s.sendto(b"hello", (sys.argv[2], int(sys.argv[3])))
try:
    print(s.recvfrom(100)[1][0])
except TimeoutError:
    print("no answer")
"""
DLR = "172.24.17.1/24"
VM, WORKER, MASTER, STRONGSWAN = "172.24.17.9", "172.24.18.9", "172.24.18.10", "172.24.18.12"
INTERNET, CLOUD, POD, IKS_WORKER = "198.51.100.1", "10.9.9.9", "172.30.4.4", "10.171.42.140"


def plan_text(method: str) -> str:
    numbers = "[integration]\nesg-asn = 64998\niks-asn = 64999\n"
    text = REFERENCE.read_text("utf-8").replace("[integration]\n", numbers, 1)
    return text.replace('iks-vcs = "strongswan"', f'iks-vcs = "{method}"')


class Lab:
    """Three namespaces: what is outside, the gateway in the place of the ESG, and what is behind it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.spaces = [f"ipplan-{name}-{os.getpid()}" for name in ("outside", "esg", "behind")]
        self.outside, self.esg, self.behind = self.spaces

    def call(self, *command: str, feed: str | None = None, fine: tuple[int, ...] = (0,)) -> str:
        done = subprocess.run(
            command,
            env={**os.environ, "PATH": PLACES},
            input=feed,
            capture_output=True,
            text=True,
            check=False,
            timeout=20,
        )
        assert done.returncode in fine, (command, done.stderr)
        return done.stdout

    def within(self, space: str, *command: str) -> str:
        return self.call("ip", "netns", "exec", space, *command)

    def build(self, variables: dict[str, Any], routes: str, rules: str) -> None:
        for space in self.spaces:
            self.call("ip", "netns", "add", space)
            self.within(space, "ip", "link", "set", "lo", "up")
            self.within(
                space, "sh", "-c", "for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 > $f; done"
            )
        self.within(self.esg, "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward")
        for interface in variables["edges"][0]["interfaces"]:
            far = self.behind if interface["role"] in ("transit", "workers") else self.outside
            here, there = f"eth{interface['number']}", f"far{interface['number']}"
            self.call(
                "ip", "link", "add", here, "netns", self.esg, "type", "veth", "peer", there, "netns", far
            )
            (network,) = interface["networks"]
            length = network["prefix_length"]
            for address in (network["primary"], *network["secondary"]):
                self.within(self.esg, "ip", "address", "add", f"{address['address']}/{length}", "dev", here)
            # The ESG is the router of the workers' own network, and nobody's client there.
            if interface["gateway"] is not None:
                self.within(
                    far, "ip", "address", "add", f"{interface['gateway']['address']}/{length}", "dev", there
                )
            self.within(self.esg, "ip", "link", "set", here, "up")
            self.within(far, "ip", "link", "set", there, "up")
            if interface["role"] == "workers":
                self.add_workers(network["primary"]["address"], length, there)
        for address in (INTERNET, CLOUD, POD, IKS_WORKER):
            self.within(self.outside, "ip", "address", "add", f"{address}/32", "dev", "lo")
        self.within(self.behind, "ip", "address", "add", f"{VM}/32", "dev", "lo")
        self.add_vxlan()
        (self.folder / "routes.sh").write_text(routes, encoding="utf-8")
        self.within(self.esg, "sh", str(self.folder / "routes.sh"), "esg")
        self.within(self.behind, "sh", str(self.folder / "routes.sh"), "dlr")
        (self.folder / "nat.nft").write_text(rules, encoding="utf-8")
        self.within(self.esg, "nft", "-f", str(self.folder / "nat.nft"))

    def add_vxlan(self) -> None:
        """Give the DLR its address on the stretched VXLAN, where its next hop on premises is."""
        self.within(self.behind, "ip", "link", "add", "vxlan", "type", "veth", "peer", "wire")
        self.within(self.behind, "ip", "address", "add", DLR, "dev", "vxlan")
        for name in ("vxlan", "wire"):
            self.within(self.behind, "ip", "link", "set", name, "up")

    def add_workers(self, gateway: str, length: int, device: str) -> None:
        """Put the addresses of ICP workers behind the interface whose router the gateway is."""
        for address in (WORKER, MASTER, STRONGSWAN):
            self.within(self.behind, "ip", "address", "add", f"{address}/{length}", "dev", device)
            self.within(self.behind, "ip", "rule", "add", "from", address, "lookup", "100")
        self.within(self.behind, "ip", "route", "add", "default", "via", gateway, "table", "100")

    def remove(self) -> None:
        for space in self.spaces:
            self.call("ip", "netns", "delete", space, fine=(0, 1))

    def send(
        self, sender: str, source: str, to: str, receiver: str, heard_at: str, port: int = 9000
    ) -> tuple[str, str]:
        """Send a datagram; return whom the receiver saw as its sender, and whom the sender saw as the answerer."""
        command = ["ip", "netns", "exec", receiver, sys.executable, "-c", HEAR, heard_at, str(port)]
        environment = {**os.environ, "PATH": PLACES}
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as hearing:
            assert hearing.stdout is not None
            assert hearing.stdout.readline() == "ready\n"
            answer = self.within(sender, sys.executable, "-c", SEND, source, to, str(port), "1")
            heard = hearing.stdout.readline()
        return heard.strip(), answer.strip()


@pytest.fixture
def lab(judge: Judge, namespaces: str, tmp_path: Path) -> Iterator[Lab]:
    """An empty lab, removed after the test."""
    judge("nft", "Debian package nftables")
    found = Lab(tmp_path)
    try:
        yield found
    finally:
        found.remove()


def build(lab: Lab, run: Run, method: str) -> None:
    (lab.folder / "plan.toml").write_text(plan_text(method), encoding="utf-8")
    made = {t: run("export", "plan.toml", t) for t in ("ansible", "ip-route", "nftables")}
    assert all(done.returncode == 0 for done in made.values())
    texts = {target: done.stdout.decode() for target, done in made.items()}
    lab.build(yaml.safe_load(texts["ansible"])["ipplan"], texts["ip-route"], texts["nftables"])


@pytest.mark.parametrize(
    ("method", "kept"),
    [
        ("strongswan", {(VM, POD), (VM, IKS_WORKER)}),
        ("bgp", set()),  # the routes to pods come by BGP, from a peer that is not here
        ("static-nat", set()),
    ],
)
def test_the_outside_sees_the_uplink_or_the_sender_itself(
    lab: Lab, run: Run, method: str, kept: set[tuple[str, str]]
) -> None:
    build(lab, run, method)
    for source in (VM, WORKER):
        for destination in (INTERNET, CLOUD, IKS_WORKER, POD):
            heard, answer = lab.send(lab.behind, source, destination, lab.outside, destination)
            private = destination in (CLOUD, IKS_WORKER)
            if (source, destination) in kept:
                assert heard == source, f"{source} to {destination} belongs into the tunnel as it is"
            else:
                assert (heard, answer) == ("10.176.18.194" if private else "169.46.73.18", destination)


def test_the_outside_reaches_what_the_esg_stands_for(lab: Lab, run: Run) -> None:
    build(lab, run, "strongswan")
    cases = [
        (CLOUD, "10.176.18.195", MASTER, 9000),
        (INTERNET, "169.46.73.19", MASTER, 9000),
        (INTERNET, "169.46.73.21", STRONGSWAN, 500),
        (INTERNET, "169.46.73.21", STRONGSWAN, 4500),
    ]
    for source, asked, target, port in cases:
        heard, answer = lab.send(lab.outside, source, asked, lab.behind, target, port)
        assert (heard, answer) == (source, asked), f"{asked}:{port}"


@pytest.mark.parametrize("method", METHODS)
def test_nft_takes_the_rules_of_every_method(lab: Lab, run: Run, method: str) -> None:
    (lab.folder / "plan.toml").write_text(plan_text(method), encoding="utf-8")
    rules = run("export", "plan.toml", "nftables").stdout.decode()
    for _ in range(2):  # the second time replaces the table
        lab.call("nft", "-c", "-f", "-", feed=rules)


LINKS = Path(__file__).parent.parent / "export" / "links.toml"


@pytest.mark.parametrize("edge", ["dallas", "frankfurt", "london"])
def test_nft_takes_the_rules_of_every_link(lab: Lab, run: Run, edge: str) -> None:
    rules = run("export", str(LINKS), "nftables", "--edge", edge).stdout.decode()
    assert rules
    for _ in range(2):
        lab.call("nft", "-c", "-f", "-", feed=rules)


def test_nft_takes_rules_beside_a_network_of_ipv6(lab: Lab, run: Run) -> None:
    six = '[networks.six]\nkind = "icp-service"\ncluster = "icp-prod"\ncidr = "fd00::/112"\n[networks.vm-6]\nkind = "vcs-vm"\ncidr = "fd00:1::/64"\n'
    plan = plan_text("strongswan").replace('[networks.icp-services]\nkind = "icp-service"\n', six, 1)
    plan = plan.replace('kind = "iks-service"\n', 'kind = "iks-service"\ncidr = "fd00:2::/112"\n', 1)
    (lab.folder / "plan.toml").write_text(plan, encoding="utf-8")
    rules = run("export", "plan.toml", "nftables", "--force").stdout.decode()
    assert "172.30.0.0/16" in rules
    assert "fd00" not in rules, "rules of IPv4 only"
    lab.call("nft", "-c", "-f", "-", feed=rules)


def test_every_device_takes_its_addresses_and_routes(lab: Lab, run: Run) -> None:
    """The kernel takes both scripts of each device, each in a namespace of its own."""
    folder = lab.folder
    for target in ("ip-address", "ip-route"):
        (folder / target).write_text(run("export", str(LINKS), target).stdout.decode(), encoding="utf-8")
    found = (folder / "ip-address").read_text("utf-8")
    devices = re.findall(r"(?m)^([a-z0-9-]+)\)$", found)
    known = set(re.findall(r"(?m)^([a-z0-9-]+)\)$", (folder / "ip-route").read_text("utf-8")))
    assert devices
    for device in devices:
        section = found[found.index(f"\n{device})\n") :].partition("    ;;")[0]
        variables = re.findall(r"\$\{(\w+):\?", section)
        space = lab.spaces[0]
        lab.call("ip", "netns", "add", space)
        try:
            for name in [*variables, "LINK"]:
                link = f"if-{name.lower()}"
                lab.within(space, "ip", "link", "add", link, "type", "veth", "peer", f"far-{link[3:]}")
                lab.within(space, "ip", "link", "set", link, "up")
            if "gre1" in section:
                # The kernel here may lack GRE, and the script takes an interface that is there already.
                lab.within(space, "ip", "link", "add", "gre1", "type", "veth", "peer", "far-gre1")
            named = [f"{name}=if-{name.lower()}" for name in [*variables, "LINK"]]
            script = ["env", *named, "sh", str(folder / "ip-address"), device]
            lab.within(space, *script)
            lab.within(space, *script)  # the second time changes nothing
            routes = re.sub(r"-\d+$", "", device) if device not in known else device
            if routes == "esg-dallas":
                # Its neighbour is on the same network only in the plan's words.
                lab.within(space, "ip", "route", "add", "10.112.31.66/32", "dev", "if-private")
            if routes == "esg-london":
                lab.within(space, "ip", "route", "add", "10.176.18.194/32", "dev", "if-private")
            lab.within(space, "env", *named, "sh", str(folder / "ip-route"), routes)
        finally:
            lab.call("ip", "netns", "delete", space)
