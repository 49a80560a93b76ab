"""Real daemons of a lab: two devices with strongSwan, FRR and BIRD, as root and as an ordinary user."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from conftest import ROOT

from ipplan.lab import daemons, requirements
from ipplan.lab.model import LabError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ipplan.lab.model import Program

    Lab = Callable[..., dict[str, Any]]

NOBODY = 65534
TUNNEL = """
connections {{
    east-west {{
        version = 2
        local_addrs = 10.0.0.{own}
        remote_addrs = 10.0.0.{far}
        proposals = aes256-sha256-modp2048
        local {{
            auth = psk
            id = end-{own}
        }}
        remote {{
            auth = psk
            id = end-{far}
        }}
        children {{
            east-west {{
                local_ts = 10.{own}.0.0/24
                remote_ts = 10.{far}.0.0/24
                esp_proposals = aes256-sha256-modp2048
                start_action = {action}
            }}
        }}
    }}
}}
# secrets {{
#     ike-east-west {{
#         id-own = "end-{own}"
#         id-far = "end-{far}"
#         secret =
#     }}
# }}
"""
FRR = """\
hostname one
ip forwarding
ip route 172.24.0.0/16 blackhole
ip prefix-list all seq 5 permit any
router bgp 64998
 bgp router-id 10.0.0.1
 no bgp default ipv4-unicast
 neighbor 10.0.0.2 remote-as 64999
 address-family ipv4 unicast
  network 172.24.0.0/16
  neighbor 10.0.0.2 activate
  neighbor 10.0.0.2 prefix-list all in
  neighbor 10.0.0.2 prefix-list all out
 exit-address-family
exit
"""
BIRD = """\
router id 10.0.0.2;
protocol device { }
protocol direct { ipv4; }
protocol kernel { ipv4 { import none; export where source = RTS_BGP; }; }
protocol static pods { ipv4; route 172.30.0.0/16 blackhole; }
protocol bgp one {
  local 10.0.0.2 as 64999;
  neighbor 10.0.0.1 as 64998;
  ipv4 { import all; export where proto = "pods"; };
}
"""
PROGRAM = r"""
import json, os, socket, subprocess, sys, time
from pathlib import Path
from ipplan.lab import daemons, requirements
from ipplan.lab.model import Daemon, File, LabError

PLACES = requirements.environment()
FOLDER = Path("/run/lab")

def call(text):
    subprocess.run(["sh", "-ec", text], check=True, env=PLACES)

def build():
    call("mount -t tmpfs none /run && mkdir /run/lab")
    call("ip netns add d1 && ip netns add d2 && ip -n d1 link add eth0 type veth peer eth0 netns d2")
    for n in (1, 2):
        call(f"ip -n d{n} address add 10.0.0.{n}/24 dev eth0; ip -n d{n} address add 10.{n}.0.1/32 dev lo")
        call(f"ip -n d{n} link set lo up; ip -n d{n} link set eth0 up")

def start(number, program, text, **settings):
    folder = FOLDER / f"{program}-{number}"
    folder.mkdir()
    return daemons.start(Daemon(program, (File("file.conf", text, None),), tuple(settings.items())), f"d{number}", folder)

def until(ready):
    end = time.monotonic() + 20
    while not ready():
        if time.monotonic() > end:
            raise SystemExit("waits in vain")
        time.sleep(0.05)

def all_of(tunnels, frr, bird):
    said = {}
    one, two = start(1, "strongswan", tunnels[0]), start(2, "strongswan", tunnels[1])
    router = start(1, "frr", frr, routes="172.30.0.0/16")
    until(lambda: all([d.loaded() for d in (one, two, router)]))
    call("for n in 1 2; do ip -n d$n link show ipsec0; done >/dev/null")
    said["before"] = [d.waiting() for d in (one, two, router)]
    worker = start(2, "bird", bird, routes="172.24.0.0/16")
    for d in (one, two):
        d.dial()
    until(lambda: not any([d.waiting() for d in (one, two, router, worker)]))
    call("ip -n d1 rule add from 10.1.0.0/24 lookup 9; ip -n d1 route add 10.2.0.0/24 dev ipsec0 table 9")
    call("ip -n d2 rule add from 10.2.0.0/24 lookup 9; ip -n d2 route add 10.1.0.0/24 dev ipsec0 table 9")
    call("ip netns exec d1 ping -c 1 -W 5 -I 10.1.0.1 10.2.0.1 >/dev/null")
    said["tunnel"] = subprocess.run(one._inside("swanctl", "--list-sas"), env=PLACES, capture_output=True, text=True).stdout
    said["rules"] = subprocess.run(["ip", "-n", "d2", "rule"], env=PLACES, capture_output=True, text=True).stdout
    said["log"] = one.log()
    for d in (one, two, router, worker):
        d.stop()
    said["outside"] = sorted({*os.listdir("/run")} - {"lab", "netns", "mount"})
    return said

def one_of(program, text):
    daemon = start(1, program, text)
    try:
        until(daemon.loaded)
    except LabError as error:
        return {"error": str(error)}
    finally:
        daemon.stop()
    return {}

build()
action, *given = json.load(sys.stdin)
print(json.dumps({"all": all_of, "one": one_of}[action](*given)))
"""


@pytest.fixture(params=["root", "ordinary user"])
def lab(request: pytest.FixtureRequest) -> Lab:
    """A function that runs the program above in namespaces of its own, as root and as an ordinary user."""
    python = sys.executable
    switch: dict[str, Any] = {}
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    command = requirements.isolated()
    if request.param == "root" and os.geteuid() != 0:
        pytest.skip("needs root")
    if request.param != "root" and os.geteuid() == 0:
        # The Python of root may be in a folder that only root reads.
        python, switch = "/usr/bin/python3", {"user": NOBODY, "group": NOBODY, "extra_groups": []}
        command[1:1] = ["--user", "--map-root-user"]

    def call(*what: str, feed: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            what,
            env=environment,
            cwd="/",
            input=feed,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            **switch,
        )

    if call(python, "-c", "import ipplan.lab.daemons").returncode:
        pytest.skip(f"an ordinary user cannot run ipplan with {python} here")
    made = call(*command, "ip", "link", "add", "type", "veth")
    if made.returncode:
        pytest.skip(f"namespaces cannot be made here: {made.stderr.strip()}")

    def run(*given: Any) -> dict[str, Any]:
        done = call(*command, python, "-c", PROGRAM, feed=json.dumps(given))
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    return run


def needs(*programs: Program) -> None:
    for program in programs:
        if (why := daemons.missing(program)) is not None:
            pytest.skip(why)


@pytest.mark.judges
def test_tunnel_and_session_come_up(lab: Lab) -> None:
    needs("strongswan", "frr", "bird")
    tunnels = [TUNNEL.format(own=own, far=3 - own, action=action) for own, action in ((1, "start"), (2, "none"))]
    said = lab("all", tunnels, FRR, BIRD)
    assert said["before"] == [
        "tunnel east-west (strongSwan in d1)",
        "tunnel east-west (strongSwan in d2)",
        "BGP session with 10.0.0.2 (FRR in d1)",
    ]
    assert re.search(r"out +\w+, +[1-9]\d* bytes", said["tunnel"]), said["tunnel"]
    assert "CHILD_SA east-west{1} established" in said["log"]
    assert said["outside"] == []
    # Only the routing rules of the lab send packets into the tunnel.
    assert [r for r in said["rules"].splitlines() if "lookup 220" in r and "fwmark 0x7fffffff" not in r] == []


@pytest.mark.judges
@pytest.mark.parametrize(
    ("program", "text", "error"),
    [
        (
            "strongswan",
            TUNNEL.format(own=1, far=2, action="none") + "}\n",
            "strongSwan in d1 rejects east-west:\n/etc/swanctl/conf.d/file.conf:33: syntax error",
        ),
        ("frr", FRR + "no such command\n", "line 16: % Unknown command[4]: no such command"),
        ("bird", BIRD + "nonsense\n", "BIRD in d1 ended with status 1:\nbird: /run/bird.conf:12:1 syntax error"),
    ],
)
def test_a_daemon_that_rejects_its_file_says_so(lab: Lab, program: Program, text: str, error: str) -> None:
    needs(program)
    assert error in lab("one", program, text)["error"]


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("strongswan", ("charon, swanctl", "strongswan-charon strongswan-swanctl libcharon-extra-plugins")),
        ("frr", ("zebra, staticd, bgpd, vtysh not found", "frr")),
        ("bird", ("bird, birdc not found", "bird2")),
    ],
)
def test_missing_programs_are_named_with_their_packages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: Program, words: tuple[str, str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(requirements, "FOLDERS", ())
    said = daemons.missing(program)
    assert said is not None
    assert words[0] in said
    assert said.endswith(f"(Debian packages: {words[1]})")


def test_versions_are_numbers_or_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = daemons.versions()
    assert list(found) == ["strongSwan", "FRR", "BIRD", "nftables", "iproute2", "Linux"]
    assert all(version is None or re.match(r"\d+\.\d", version) for version in found.values())
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(requirements, "FOLDERS", ())
    assert [name for name, version in daemons.versions().items() if version is not None] == ["Linux"]


@pytest.mark.parametrize("place", ["/dev/null/none", "/proc/none"])
def test_a_daemon_that_cannot_be_started_says_so(place: str) -> None:
    from ipplan.lab.model import Daemon, File

    with pytest.raises(LabError, match="BIRD in d0 could not be started"):
        daemons.start(Daemon("bird", (File("bird.conf", BIRD, None),)), "d0", Path(place))
