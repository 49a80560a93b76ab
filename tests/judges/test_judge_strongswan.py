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
import yaml
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
    load = random nonce openssl gmp aes sha1 sha2 hmac kdf pem pkcs1 x509 pubkey socket-default {ipsec} vici updown {more}
    plugins {{
        vici {{
            socket = unix://{folder}/vici
        }}
        stroke {{
            socket = unix://{folder}/stroke
            secrets_file = {folder}/ipsec.secrets
        }}
    }}
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

    def start(self, end: str, text: str, key: str = "", ipsec_secrets: str | None = None) -> None:
        """Start the daemon of an end and load its file, and the one with the key beside it.

        `ipsec_secrets` is the file that the daemon of the chart reads instead.
        """
        home = self.folder / end
        (home / "conf.d").mkdir(parents=True)
        # The kernel here may lack ESP: kernel-libipsec does it in the daemon.
        settings = DAEMON.format(
            folder=home,
            ipsec="kernel-libipsec kernel-netlink",
            more="" if ipsec_secrets is None else "stroke",
        )
        (home / "strongswan.conf").write_text(settings, encoding="utf-8")
        # As Debian ships it, without its comments.
        (home / "swanctl.conf").write_text("include conf.d/*.conf\n", encoding="utf-8")
        (home / "conf.d" / "ipplan.conf").write_text(text, encoding="utf-8")
        (home / "conf.d" / "key.conf").write_text(key, encoding="utf-8")
        (home / "ipsec.secrets").write_text(ipsec_secrets or "", encoding="utf-8")
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

    def established(self, children: int = 1) -> bool:
        """Tell whether IKS, which dials, gets its children, or lacks a key."""
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            if self.ask("iks", "--list-sas").count(" INSTALLED,") >= children:
                return True
            if "no shared key found" in self.log("iks"):
                return False
            time.sleep(0.1)
        pytest.fail(f"neither a tunnel nor a reason why not:\n{self.log('iks')[-2000:]}")

    def log(self, end: str) -> str:
        return (self.folder / end / "log").read_text("utf-8")

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
def ends(judge: Judge, namespaces: str, tmp_path: Path) -> Iterator[Ends]:
    """Two ends without daemons, removed after the test."""
    charon = judge("charon", "Debian packages strongswan-charon and libcharon-extra-plugins")
    swanctl = judge("swanctl", "Debian package strongswan-swanctl")
    if not Path("/dev/net/tun").exists():
        pytest.skip("needs /dev/net/tun")
    found = Ends(tmp_path, charon, swanctl)
    try:
        found.build()
        yield found
    finally:
        found.remove()


def exported(run: Run, target: str, plan: Path = REFERENCE, *more: str) -> str:
    done = run("export", str(plan), target, *more)
    assert done.returncode == 0, done.stderr
    return done.stdout.decode()


def told(text: str) -> str:
    """Return the section for the key that a file shows in its comments, as it stands there."""
    return re.sub("(?m)^# ?", "", text[text.index("# secrets {") :])


@pytest.mark.parametrize(("ike", "children"), [(2, 1), (1, 3)])
def test_a_pod_reaches_a_vm_through_the_tunnel(
    ends: Ends, run: Run, tmp_path: Path, ike: int, children: int
) -> None:
    plan = tmp_path / "plan.toml"
    text = REFERENCE.read_text("utf-8")
    plan.write_text(text.replace("[integration]\n", f"[integration]\nike = {ike}\n"), encoding="utf-8")
    for end in ("esg", "iks"):
        # Check refuses several subnets with IKEv1, because the chart has one only; these gateways have more.
        file = exported(run, TARGETS[end], plan, *(("--force",) if ike == 1 else ()))
        ends.start(end, file, told(file).replace("secret =", 'secret = "the same at both ends"'))
    assert ends.established(children), ends.log("iks")[-2000:]
    command = ["ip", "netns", "exec", ends.spaces["esg"], sys.executable, "-c", SEND, VM, "hear"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=ends.environment) as hearing:
        assert hearing.stdout is not None
        assert hearing.stdout.readline() == "ready\n"
        answer = ends.within("iks", sys.executable, "-c", SEND, POD, VM).strip()
        assert (hearing.stdout.readline().strip(), answer) == (POD, VM)
    carried = ends.ask("iks", "--list-sas")
    assert f"IKEv{ike}," in carried
    assert carried.count(" INSTALLED,") == children
    assert re.search(r"in +\w+, +[1-9]\d* bytes", carried), carried
    # What the plan does not join is no part of the tunnel, in either direction.
    assert "172.24.18.0/27" not in carried
    for subnet in ("10.171.42.128/26", "172.21.0.0/16", "172.30.0.0/16", "172.24.16.0/23"):
        assert subnet in carried


@pytest.mark.parametrize("uncommented", [False, True])
def test_without_a_key_there_is_no_tunnel(ends: Ends, run: Run, uncommented: bool) -> None:
    for end in ("esg", "iks"):
        text = exported(run, TARGETS[end])
        ends.start(end, text, told(text) if uncommented else "")
    assert not ends.established()
    assert "INSTALLED" not in ends.ask("esg", "--list-sas")


@pytest.mark.parametrize(("key", "up"), [(None, False), ("", False), (' "the same at both ends"', True)])
def test_the_chart_has_no_tunnel_without_a_key(ends: Ends, run: Run, key: str | None, up: bool) -> None:
    chart = exported(run, "strongswan-iks")
    secrets = yaml.safe_load(chart)["overRideIpsecSecrets"]
    if key is not None:
        (line,) = re.findall("(?m)^# (.* : PSK)$", chart)
        secrets = f"{line}{key}\n"
    for end in ("esg", "iks"):
        ends.start(end, exported(run, TARGETS[end]), ipsec_secrets=secrets)
    assert ends.established() == up
    assert ("INSTALLED" in ends.ask("esg", "--list-sas")) == up


def test_swanctl_reads_each_tunnel_whatever_clusters_are_called(ends: Ends, run: Run, tmp_path: Path) -> None:
    plan = tmp_path / "plan.toml"
    text = (REFERENCE.parent.parent / "tests" / "landscape" / "before" / "two-clusters.toml").read_text(
        "utf-8"
    )
    text = re.sub("(?m)^(iks|esg)-asn = .*\n", "", text).replace('iks-vcs = "bgp"', 'iks-vcs = "strongswan"')
    hostile = r"a\"}\nsecrets { ike { secret = x } }\n# $(touch hacked)"
    names = {"iks-dal": hostile, "iks-fra": f"{hostile}!"}  # the same letters
    for old, new in names.items():
        text = text.replace(f"[clusters.{old}]", f'[clusters."{new}"]').replace(f'"{old}"', f'"{new}"')
    plan.write_text(text, encoding="utf-8")
    file = exported(run, "strongswan-conf", plan, "--edge", "dallas")
    ends.start("esg", file)
    read = ends.ask("esg", "--list-conns")
    sections = re.findall(r"(?m)^    (\S+) \{$", file)
    assert len(set(sections)) == 2
    assert re.findall(r"(?m)^(\S+): IKEv2", read) == sections
    for setting, shown in (("local_ts", "local"), ("remote_ts", "remote")):
        wanted = [subnets.split(", ") for subnets in re.findall(f"{setting} = (.*)", file)]
        assert [x.split() for x in re.findall(rf"(?m)^    {shown}: +([\d./ ]+)$", read)] == wanted
    assert read.count("id: on-prem-dallas") == 2
