"""strongSwan as a judge of a tunnel: the exported files of both ends, two daemons, and a packet from a pod to a VM."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from conftest import PLACES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from conftest import Judge, Run

pytestmark = pytest.mark.judges

REFERENCE = Path(__file__).parent.parent.parent / "sample-plans" / "reference-architecture.toml"
POD, VM = "172.30.4.4", "172.24.17.9"
OWN = {"iks": (POD, "172.21.0.5", "10.171.42.140"), "esg": (VM, "172.24.16.5", "172.24.19.1")}
GATEWAYS = {"iks": ("169.46.49.35/29", "169.46.49.33"), "esg": ("169.46.73.18/28", "169.46.73.17")}
TARGETS = {"iks": "strongswan-conf-iks", "esg": "strongswan-conf"}
DAEMON = """
charon {{
    load = random nonce openssl gmp aes sha1 sha2 hmac kdf pem pkcs1 x509 pubkey socket-default {ipsec} vici updown
    plugins {{ vici {{ socket = unix://{folder}/vici }} }}
    retransmit_tries = 2
    filelog {{
        stderr {{
            default = 1
        }}
    }}
}}
"""
SEND = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind((sys.argv[1], 9000))
s.settimeout(4)
if sys.argv[2] == "hear":
    print("ready", flush=True)
    data, source = s.recvfrom(100)
    print(source[0], flush=True)
    s.sendto(b"answer", source)
else:
    s.sendto(b"hello", (sys.argv[2], 9000))
    print(s.recvfrom(100)[1][0])
"""


class Ends:
    """Two gateways, a daemon on each, and the internet between them."""

    def __init__(self, folder: Path, charon: str, swanctl: str) -> None:
        self.folder, self.charon, self.swanctl = folder, charon, swanctl
        self.environment = {**os.environ, "PATH": PLACES}
        self.daemons: list[subprocess.Popen[bytes]] = []
        self.spaces = {name: f"ipplan-{name}-{os.getpid()}" for name in ("iks", "net", "esg")}

    def call(
        self, *command: str, fine: tuple[int, ...] = (0,), settings: Mapping[str, str] | None = None
    ) -> str:
        done = subprocess.run(
            command,
            env={**self.environment, **(settings or {})},
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )
        assert done.returncode in fine, (command, done.stderr, done.stdout)
        return done.stdout

    def within(self, end: str, *command: str, settings: Mapping[str, str] | None = None) -> str:
        return self.call("ip", "netns", "exec", self.spaces[end], *command, settings=settings)

    def build(self) -> None:
        for end, space in self.spaces.items():
            self.call("ip", "netns", "add", space)
            self.within(end, "ip", "link", "set", "lo", "up")
        self.within("net", "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward")
        for end, (address, router) in GATEWAYS.items():
            length = address.partition("/")[2]
            self.call(
                "ip", "link", "add", "wan", "netns", self.spaces[end], "type", "veth",
                "peer", f"to-{end}", "netns", self.spaces["net"],
            )  # fmt: skip
            self.within(end, "ip", "address", "add", address, "dev", "wan")
            self.within("net", "ip", "address", "add", f"{router}/{length}", "dev", f"to-{end}")
            self.within(end, "ip", "link", "set", "wan", "up")
            self.within("net", "ip", "link", "set", f"to-{end}", "up")
            self.within(end, "ip", "route", "add", "default", "via", router)
        # kernel-libipsec takes a policy only where the gateway has an address in its local subnet.
        for end, addresses in OWN.items():
            for address in addresses:
                self.within(end, "ip", "address", "add", f"{address}/32", "dev", "lo")

    def start(self, end: str, text: str) -> None:
        """Start the daemon of an end and load its file."""
        home = self.folder / end
        home.mkdir()
        # The kernel here may lack ESP: kernel-libipsec does it in the daemon.
        settings = DAEMON.format(folder=home, ipsec="kernel-libipsec kernel-netlink")
        (home / "strongswan.conf").write_text(settings, encoding="utf-8")
        (home / "swanctl.conf").write_text(text, encoding="utf-8")
        # Its own /run, because the daemon keeps its process id there.
        command = [
            "ip",
            "netns",
            "exec",
            self.spaces[end],
            "sh",
            "-c",
            f"mount -t tmpfs none /run && exec {self.charon}",
        ]
        environment = {**self.environment, "STRONGSWAN_CONF": str(home / "strongswan.conf")}
        with (home / "log").open("wb") as log:
            self.daemons.append(
                subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=log)
            )
        deadline = time.monotonic() + 10
        while not (home / "vici").exists():
            assert time.monotonic() < deadline, "charon did not start"
            time.sleep(0.05)
        self.ask(end, "--load-all")

    def ask(self, end: str, *what: str) -> str:
        home = self.folder / end
        return self.within(
            end, self.swanctl, *what, "--uri", f"unix://{home}/vici",
            settings={"SWANCTL_DIR": str(home), "STRONGSWAN_CONF": str(home / "strongswan.conf")},
        )  # fmt: skip

    def established(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if "INSTALLED" in self.ask("iks", "--list-sas"):
                return True
            time.sleep(0.1)
        return False

    def remove(self) -> None:
        for daemon in self.daemons:
            daemon.terminate()
        for daemon in self.daemons:
            try:
                daemon.wait(5)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait(5)
        for space in self.spaces.values():
            self.call("ip", "netns", "delete", space, fine=(0, 1))


@pytest.fixture
def ends(judge: Judge, tmp_path: Path) -> Iterator[Ends]:
    """Two ends without daemons, removed after the test."""
    charon = judge("charon", "Debian packages strongswan-charon and libcharon-extra-plugins")
    swanctl = judge("swanctl", "Debian package strongswan-swanctl")
    judge("ip", "Debian package iproute2")
    if os.geteuid() != 0 or not Path("/dev/net/tun").exists():
        pytest.skip("needs root and /dev/net/tun")
    found = Ends(tmp_path, charon, swanctl)
    try:
        found.build()
        yield found
    finally:
        found.remove()


def exported(run: Run, end: str, *secret: str) -> str:
    """Return the file of an end, with a key where one is given, in the place that the file tells."""
    done = run("export", str(REFERENCE), TARGETS[end])
    assert done.returncode == 0, done.stderr
    text = done.stdout.decode()
    for key in secret:
        told = text[text.index("# secrets {") :]
        text += re.sub("(?m)^# ?", "", told).replace("KEY", f'"{key}"')
    return text


def test_a_pod_reaches_a_vm_through_the_tunnel(ends: Ends, run: Run) -> None:
    ends.start("esg", exported(run, "esg", "the same at both ends"))
    ends.start("iks", exported(run, "iks", "the same at both ends"))
    assert ends.established(10), (ends.folder / "iks" / "log").read_text("utf-8")[-2000:]
    command = ["ip", "netns", "exec", ends.spaces["esg"], sys.executable, "-c", SEND, VM, "hear"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=ends.environment) as hearing:
        assert hearing.stdout is not None
        assert hearing.stdout.readline() == "ready\n"
        answer = ends.within("iks", sys.executable, "-c", SEND, POD, VM).strip()
        assert (hearing.stdout.readline().strip(), answer) == (POD, VM)
    carried = ends.ask("iks", "--list-sas")
    assert re.search(r"in +\w+, +[1-9]\d* bytes", carried), carried
    # What the plan does not join is no part of the tunnel, in either direction.
    assert "172.24.18.0/27" not in carried
    for subnet in ("10.171.42.128/26", "172.21.0.0/16", "172.30.0.0/16", "172.24.16.0/26", "172.24.17.0/24"):
        assert subnet in carried


def test_without_a_key_there_is_no_tunnel(ends: Ends, run: Run) -> None:
    for end in ("esg", "iks"):
        ends.start(end, exported(run, end))
    assert not ends.established(3)
    assert "no shared key found" in (ends.folder / "iks" / "log").read_text("utf-8")
