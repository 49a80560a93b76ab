"""The daemons of a device: start them in its namespace, initiate tunnels, and report what each still waits for.

Each daemon finds its files at their usual paths, because it has its own view of these folders: /run is its folder in
the lab, with /etc/swanctl, /etc/frr and so on below it. So it writes nothing outside of the lab, and an AppArmor profile
sees the paths that it allows. This also works for root of a user namespace without other users and groups.

The daemons load the exported files with these additions, so that the lab starts fast:

- strongSwan: connections are first loaded with `start_action = none`, so that each end listens before the other
  initiates. The pre-shared key, which no export has, goes into the section that the file shows in its comments.
- FRR: `timers connect 1` for each neighbor, and `coalesce-time 50`, loaded after the file. By default it tries again
  after 120 seconds, and announces after one second.
- BIRD: `connect delay time 1` and short retry times in each `protocol bgp`; the defaults are 5 to 120 seconds. Also
  `log stderr all`.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import re
import shlex
import subprocess
from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ipplan.lab.model import LabError
from ipplan.lab.requirements import environment, find

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ipplan.lab.model import Daemon, Program

_TITLES: dict[Program, str] = {"strongswan": "strongSwan", "frr": "FRR", "bird": "BIRD"}
_SECONDS_TO_STOP = 3.0
"""Wait at most this many seconds for a daemon to end by itself."""
_SECONDS_TO_ANSWER = 20.0
"""Wait at most this many seconds for a daemon to answer a query."""
_LAST_LINES = 20
"""Show at most this many lines of a log."""
_KEY = "a key for the lab"
_PLUGIN_FOLDERS = ("/usr/lib/ipsec/plugins", "/usr/lib64/strongswan/plugins", "/usr/lib/strongswan/plugins")
_PLUGINS = (
    "random",
    "nonce",
    "openssl",
    "gmp",
    "aes",
    "sha1",
    "sha2",
    "hmac",
    "kdf",
    "pem",
    "pkcs1",
    "x509",
    "pubkey",
    "socket-default",
    "kernel-libipsec",
    "kernel-netlink",
    "vici",
    "updown",
)
"""Plugins that charon loads if they are installed: openssl, or the ones with one algorithm each; vici after ipsec0 exists."""
_TUN = Path("/dev/net/tun")
_REFUSED = re.compile(r"no shared key found for \S+ - \S+|received AUTHENTICATION_FAILED notify error")
"""Log messages of charon about a tunnel that will never come up."""

_STRONGSWAN_CONF = """\
charon {
    load = {plugins}
    install_routes = no
    install_virtual_ip = no
    ignore_routing_tables = {tables}
    # retry for 15 seconds
    retransmit_timeout = 0.5
    retransmit_base = 1
    retransmit_tries = 30
    plugins {
        # ESP in the daemon, because the kernel may have none; the peer may be inside one of its own subnets
        kernel-libipsec {
            allow_peer_ts = yes
        }
        # kernel-libipsec ignores install_routes; this mark is on no packet, so its routes have no effect
        kernel-netlink {
            fwmark = 0x7fffffff
        }
        socket-default {
            fwmark = {mark}
        }
    }
    filelog {
        lab {
            path = /run/charon.log
            default = 1
            flush_line = yes
        }
    }
}
swanctl {
    load = pem
}
"""
_STARTS = re.compile(r"(?m)^(\s*start_action\s*=\s*)start\b")
_BIRD_TIMES = "connect delay time 1; connect retry time 1; error wait time 1, 2;"

ENVIRONMENT = environment()
"""The environment of every program of the lab, with the PATH that ipplan needs."""
IKE_MARK = 0x1CE
"""The mark of packets that strongSwan itself sends, IKE and ESP: the rules into the tunnel do not apply to them."""


def start(daemon: Daemon, space: str, folder: Path) -> Running:
    """Start a daemon in a network namespace, with an empty folder of its own, and return at once.

    Raises LabError where the program cannot be started.
    """
    kinds: dict[Program, type[Running]] = {"strongswan": _Strongswan, "frr": _Frr, "bird": _Bird}
    return kinds[daemon.program](daemon, space, folder)


def missing(program: Program) -> str | None:
    """Return what is missing on this machine for a daemon, with its Debian packages; None where nothing is missing."""
    parts: dict[Program, tuple[tuple[str, ...], str]] = {
        "strongswan": (("charon", "swanctl"), "strongswan-charon strongswan-swanctl libcharon-extra-plugins"),
        "frr": (("zebra", "staticd", "bgpd", "vtysh"), "frr"),
        "bird": (("bird", "birdc"), "bird2"),
    }
    title = _TITLES[program]
    names, packages = parts[program]
    absent = [name for name in names if find(name) is None]
    if program == "strongswan" and "kernel-libipsec" not in _plugins():
        absent.append("the plugin kernel-libipsec")
    if absent:
        return f"{title} is not complete on this machine: {', '.join(absent)} not found (Debian packages: {packages})"
    if program == "strongswan" and not os.access(_TUN, os.R_OK | os.W_OK):
        return f"{title} needs {_TUN} for ESP, but cannot open it on this machine (modprobe tun; in a container --device {_TUN})"
    return None


def versions() -> dict[str, str | None]:
    """Return the versions of the programs that a lab runs and of the kernel, None for one that is not installed."""
    asked = {
        "strongSwan": ("charon", "--version"),
        "FRR": ("zebra", "--version"),
        "BIRD": ("bird", "--version"),
        "nftables": ("nft", "--version"),
        "iproute2": ("ip", "-V"),
    }
    running: dict[str, subprocess.Popen[str]] = {}
    for name, (program, option) in asked.items():
        if (path := find(program)) is None:
            continue
        with contextlib.suppress(OSError):
            running[name] = subprocess.Popen(
                [path, option],
                env=ENVIRONMENT,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
            )
    said = {name: process.communicate()[0] for name, process in running.items()}
    found = {name: re.search(r"\d+\.\d[\w.]*", said.get(name, "")) for name in asked}
    return {
        **{name: None if match is None else match[0] for name, match in found.items()},
        "Linux": platform.release(),
    }


class Running(ABC):
    """A daemon that was started. Its folder is its /run, and has everything that it writes.

    No method blocks: loaded() and waiting() take the next step when it is possible, so call them repeatedly.
    """

    def __init__(self, daemon: Daemon, space: str, folder: Path) -> None:
        self.daemon, self.space, self.folder = daemon, space, folder
        self.settings: Mapping[str, str] = dict(daemon.settings)
        self._processes: list[subprocess.Popen[bytes]] = []
        self._loaded = self._dialing = False
        try:
            self._start()
        except OSError as error:
            self.stop()
            raise LabError(f"{self.title} could not be started: {error}") from error

    @property
    def title(self) -> str:
        """The daemon and its namespace."""
        return f"{_TITLES[self.daemon.program]} in {self.space}"

    def loaded(self) -> bool:
        """Return whether it runs with its configuration, so that others can reach it.

        Raises LabError where it ended, or rejects its files.
        """
        for process in self._processes:
            if process.poll() is not None:
                raise LabError(f"{self.title} ended with status {process.returncode}:\n{self.log()}")
        self._loaded = self._loaded or self._load()
        return self._loaded

    def dial(self) -> None:
        """Let the next waiting() initiate the tunnels of this end; call it when the other ends are loaded.

        Only strongSwan needs it. A BGP daemon connects by itself, each second.
        """
        self._dialing = True

    def waiting(self) -> str | None:
        """Return what it waits for, None where it is ready; raise LabError as loaded() does."""
        if not self.loaded():
            return f"start of {self.title}"
        return self._waiting() or self._routes()

    def stop(self) -> None:
        """Stop it, and wait until it has ended."""
        for process in reversed(self._processes):
            process.terminate()
        for process in self._processes:
            try:
                process.wait(_SECONDS_TO_STOP)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def log(self) -> str:
        """Return the last lines that it wrote."""
        lines: list[str] = []
        for name in ("log", "charon.log"):
            with contextlib.suppress(OSError):
                lines += (self.folder / name).read_text("utf-8", "replace").splitlines()
        return "\n".join(lines[-_LAST_LINES:])

    @abstractmethod
    def _start(self) -> None:
        """Write its files and start the first program."""

    @abstractmethod
    def _load(self) -> bool:
        """Take the next step of its start; return whether that was the last one."""

    @abstractmethod
    def _waiting(self) -> str | None:
        """Return which sessions or tunnels are not up."""

    def _write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(0o600)

    def _text(self) -> str:
        """Return the text of all its files."""
        return "\n".join(file.text for file in self.daemon.files)

    def _first(self, views: Mapping[str, str], program: str, *options: str) -> None:
        """Start its first program with its own view of files: by path, the part of its folder that appears there.

        /run is mounted last, because the folder of the daemon may be below it.
        """
        places = [
            f"mount --bind {shlex.quote(str(self.folder / own))} {shlex.quote(path)}"
            for path, own in {**views, "/run": "."}.items()
            if path == "/run" or Path(path).exists()
        ]
        script = " && ".join([*places, 'exec "$@"'])
        self._spawn("ip", "netns", "exec", self.space, "sh", "-c", script, "sh", find(program) or program, *options)

    def _spawn(self, program: str, *options: str) -> None:
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(
                [find(program) or program, *options],
                env=ENVIRONMENT,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._processes.append(process)

    def _inside(self, program: str, *options: str) -> list[str]:
        """Return the command that runs a program in the namespaces of the first one."""
        place = str(self._processes[0].pid)
        return ["nsenter", "--target", place, "--mount", "--net", find(program) or program, *options]

    def _ask(self, program: str, *options: str, errors: bool = False) -> str:
        """Return the output of a program of the daemon, with its errors if wanted; raise LabError where it fails."""
        command = self._inside(program, *options)
        try:
            done = subprocess.run(
                [find(command[0]) or command[0], *command[1:]],
                env=ENVIRONMENT,
                cwd="/",
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                check=False,
                timeout=_SECONDS_TO_ANSWER,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise LabError(f"cannot query {self.title}: {error}") from error
        if done.returncode:
            said = f"{done.stdout}{done.stderr}".strip()
            raise LabError(f"{self.title} rejects {program} {' '.join(options)}:\n{said or self.log()}")
        return done.stdout + (done.stderr if errors else "")

    def _routes(self) -> str | None:
        """Return the first route of the setting "routes" (prefixes, separated by spaces) that the namespace does not have yet."""
        wanted = self.settings.get("routes", "").split()
        if not wanted:
            return None
        rows: list[dict[str, Any]] = json.loads(self._ask("ip", "-json", "route", "show") or "[]")
        have = {row["dst"] for row in rows}
        absent = [p for p in wanted if ("default" if p == "0.0.0.0/0" else p.removesuffix("/32")) not in have]
        return f"route to {absent[0]} ({self.title})" if absent else None


# strongSwan.


class _Strongswan(Running):
    """charon with kernel-libipsec: its interface, ipsec0, exists as soon as it is loaded.

    The setting "conns" is the number of expected children, by default all in its files. "tables" are the routing tables
    into the tunnel (separated by spaces), which it ignores when it looks up the route to its peer.
    """

    def _start(self) -> None:
        texts = [file.text for file in self.daemon.files]
        sections = [section for text in texts for section in _sections(text)]
        self._held = any(_STARTS.search(text) for text in texts)
        self._connections = [s[1] for s in sections if len(s) == 2 and s[0] == "connections"]
        self._children = [s[3] for s in sections if len(s) == 4 and (s[0], s[2]) == ("connections", "children")]
        self._write("strongswan.conf", self._configuration())
        self._write("swanctl/swanctl.conf", "include conf.d/*.conf\n")
        self._write_connections(dialing=False)
        if not any(section[0] == "secrets" for section in sections):
            self._write("swanctl/conf.d/lab-secrets.conf", "".join(map(_secrets, texts)))
        self._first({"/etc/strongswan.conf": "strongswan.conf", "/etc/swanctl": "swanctl"}, "charon")

    def _configuration(self) -> str:
        given = {
            "plugins": " ".join(_plugins()),
            "tables": self.settings.get("tables", ""),
            "mark": hex(IKE_MARK),
        }
        return re.sub(r"\{(\w+)\}", lambda match: given[match[1]], _STRONGSWAN_CONF)

    def _write_connections(self, *, dialing: bool) -> None:
        for file in self.daemon.files:
            own = file.text if dialing else _STARTS.sub(r"\1none", file.text)
            self._write(f"swanctl/conf.d/{file.name.replace('/', '-').removesuffix('.conf')}.conf", own)

    def _load(self) -> bool:
        if not (self.folder / "charon.vici").exists():
            return False
        said = self._ask("swanctl", "--load-all", "--noprompt", errors=True)
        # Its exit status is 0 even where it cannot read a file.
        absent = [name for name in self._connections if f"loaded connection '{name}'" not in said]
        if absent:
            why = [line for line in said.splitlines() if not re.match("opening directory |no .* found", line)]
            raise LabError("\n".join([f"{self.title} rejects {', '.join(absent)}:", *why]))
        return True

    def _waiting(self) -> str | None:
        if self._dialing and self._held:
            self._write_connections(dialing=True)
            self._ask("swanctl", "--load-conns")
            self._held = False
        up = set(re.findall(r"(?m)^\s+(\S+): #\d+, .*\bINSTALLED\b", self._ask("swanctl", "--list-sas")))
        down = [name for name in self._children if name not in up]
        if len(up) >= int(self.settings.get("conns", len(self._children))) or not down:
            return None
        what = f"tunnel {', '.join(down)} ({self.title})"
        refusal = next(iter(_REFUSED.findall(self._said())), None)
        if refusal is not None:
            raise LabError(f"{what} does not come up: {refusal}")
        return what

    def _said(self) -> str:
        with contextlib.suppress(OSError):
            return (self.folder / "charon.log").read_text("utf-8", "replace")
        return ""


def _plugins() -> list[str]:
    """Return the plugins to load that are installed."""
    return [
        name
        for name in _PLUGINS
        if any((Path(folder) / f"libstrongswan-{name}.so").exists() for folder in _PLUGIN_FOLDERS)
    ]


def _sections(text: str) -> Iterator[tuple[str, ...]]:
    """Yield the path of each section of a file, in the form of exports: at most one brace a line."""
    path: list[str] = []
    for line in text.splitlines():
        words = line.partition("#")[0].strip()
        if words.endswith("{"):
            path.append(words.removesuffix("{").strip())
            yield tuple(path)
        elif words == "}":
            path = path[:-1]


def _secrets(text: str) -> str:
    """Return the section for the pre-shared key that a file shows in its comments, with a key."""
    _, start, rest = text.partition("# secrets {\n")
    lines = [line.removeprefix("#").removeprefix(" ") for line in (start + rest).splitlines()]
    return "\n".join(re.sub(r"secret =\s*$", f'secret = "{_KEY}"', line) for line in lines) + "\n"


# FRR.


class _Frr(Running):
    """zebra, staticd and bgpd (and mgmtd where FRR has it), as root, because a user namespace has no other user.

    The setting "peers" is the number of expected sessions: by default all neighbors in the file, or one if it only has
    a range to listen to.
    """

    def _start(self) -> None:
        self._write("etc/vtysh.conf", "")
        self._write("etc/frr.conf", self._text())
        self._write("etc/lab.conf", _frr_times(self._text()))
        self._write("group", _groups())
        for name in ("frr", "state", "tmp"):
            (self.folder / name).mkdir()
        # zebra and mgmtd start first: a daemon that finds no socket waits ten seconds before it tries again.
        self._steps = [("mgmtd",), ("zebra",), ("staticd", "bgpd")]
        if find("mgmtd") is None:
            del self._steps[0]
        self._next()

    def _next(self) -> None:
        options = ("-u", "root", "-g", "root", "-P", "0", "--log", "stdout", "--log-level", "informational")
        self._awaited = self._steps.pop(0)
        for name in self._awaited:
            if self._processes:
                self._spawn(*self._inside(name, *options))
            else:
                # The group frrvty must exist in the user namespace, with root as a member.
                views = {"/etc/group": "group", "/etc/frr": "etc", "/var/tmp": "tmp", "/var/lib/frr": "state"}
                self._first(views, name, *options)

    def _load(self) -> bool:
        sockets = [f"{name}.vty" for name in self._awaited]
        if "zebra" in self._awaited:
            sockets.append("zserv.api")
        if not all((self.folder / "frr" / name).exists() for name in sockets):
            return False
        if self._steps:
            self._next()
            return False
        self._ask("vtysh", "-f", "/etc/frr/frr.conf")
        self._ask("vtysh", "-f", "/etc/frr/lab.conf")
        return True

    def _waiting(self) -> str | None:
        peers = dict(_peers(self._ask("vtysh", "-c", "show bgp summary json")))
        down = [address for address, up in peers.items() if not up]
        listens = re.search(r"(?m)^\s*bgp listen range\b", self._text()) is not None
        expected = int(self.settings.get("peers", max(len(peers), 1 if listens else 0)))
        number = len(peers) - len(down)
        if number >= expected:
            return None
        if down:
            return f"BGP session with {', '.join(down)} ({self.title})"
        return f"BGP sessions from its range, {number} of {expected} ({self.title})"


def _groups() -> str:
    """Return the groups of this machine, with root in the groups of FRR, under the only group ID in the namespace."""
    try:
        lines = Path("/etc/group").read_text("utf-8", "replace").splitlines()
    except OSError:
        lines = ["root:x:0:"]
    others = [line for line in lines if not line.startswith(("frrvty:", "frr:"))]
    return "\n".join([*others, "frr:x:0:root", "frrvty:x:0:root", ""])


def _frr_times(text: str) -> str:
    """Return a configuration that makes FRR connect each second, and announce at once."""
    lines = []
    for line in text.splitlines():
        if line.startswith("router bgp"):
            lines += [line, " coalesce-time 50"]
        elif match := re.match(r"\s+neighbor (\S+) remote-as ", line):
            lines.append(f" neighbor {match[1]} timers connect 1")
    return "\n".join([*lines, ""])


def _peers(text: str) -> Iterator[tuple[str, bool]]:
    """Yield the neighbors in a summary of FRR, each with whether its session is up."""
    with contextlib.suppress(json.JSONDecodeError):  # without a router bgp it prints text
        for family in json.loads(text).values():
            if isinstance(family, dict):
                for address, peer in family.get("peers", {}).items():
                    yield address, peer["state"] == "Established"


# BIRD.


class _Bird(Running):
    """bird. The setting "peers" is the number of expected sessions, by default all in its file."""

    def _start(self) -> None:
        text = re.sub(r"(?m)^(\s*(?:protocol|template)\s+bgp\b[^{\n]*\{)", rf"\1 {_BIRD_TIMES}", self._text())
        self._write("bird.conf", f"log stderr all;\n{text}")
        self._first({}, "bird", "-f", "-c", "/run/bird.conf", "-s", "/run/bird.ctl")

    def _load(self) -> bool:
        return (self.folder / "bird.ctl").exists()

    def _waiting(self) -> str | None:
        shown = self._ask("birdc", "-s", "/run/bird.ctl", "show", "protocols", "all")
        down, number = [], 0
        for section in re.split(r"\n(?=\w)", shown):
            if re.match(r"\S+ +BGP ", section):
                number += 1
                if " Established" not in section.partition("\n")[0]:
                    address = re.search(r"Neighbor address: +(\S+)", section)
                    down.append(section.split()[0] if address is None else address[1])
        if number - len(down) >= int(self.settings.get("peers", number)):
            return None
        return f"BGP session with {', '.join(down)} ({self.title})"
