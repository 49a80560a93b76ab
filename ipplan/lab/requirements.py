"""What a machine needs for a lab, checked before anything is built, and what its kernel supports.

The checks run in namespaces of their own and leave nothing behind. This module knows no plans.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from ipplan.lab.model import LabError

if TYPE_CHECKING:
    from collections.abc import Sequence

Kind = Literal["gre", "vxlan", "ipip"]
"""A kind of tunnel interface that the kernel may not have."""

FOLDERS = (
    "/usr/local/sbin",
    "/usr/sbin",
    "/sbin",
    "/usr/lib/frr",
    "/usr/libexec/frr",
    "/usr/lib/ipsec",
    "/usr/libexec/ipsec",
)
"""Folders of programs that are not in the PATH of an ordinary user."""
_APPARMOR = "sys/kernel/apparmor_restrict_unprivileged_userns"
_CLONE = "sys/kernel/unprivileged_userns_clone"
_MOST_SPACES = "sys/user/max_user_namespaces"
_AS_ROOT = "run it as root"
_ENDS = ("local", "192.0.2.1", "remote", "192.0.2.2")
_KINDS: dict[Kind, tuple[str, ...]] = {
    "gre": _ENDS,
    "ipip": _ENDS,
    "vxlan": ("id", "1", "dstport", "4789", *_ENDS),
}


class _Try(NamedTuple):
    """Commands to try, the exit status that means that they failed, and what it means."""

    status: int
    commands: str
    meaning: str


_WITH_NFT = 7
"""The exit status of the try that needs nft."""
_TRIES = (
    _Try(3, "ip link set lo up", "the lab cannot configure interfaces in a network namespace"),
    _Try(
        4,
        "mount -t tmpfs none /run && ip netns add probe",
        "the lab cannot name network namespaces, because it cannot mount",
    ),
    _Try(
        5,
        "ip -n probe link add type bridge",
        "the kernel has no bridges, and each wire of the lab is one (modprobe bridge)",
    ),
    _Try(
        6, "ip -n probe link add type veth", "the kernel has no veth pairs, which join devices to wires (modprobe veth)"
    ),
    _Try(
        _WITH_NFT,
        "ip netns exec probe nft add table ip probe",
        "the kernel has no nf_tables, so nft rules cannot be loaded (modprobe nf_tables)",
    ),
)
"""What is tried in the namespaces of a lab, in this order."""


def find(name: str) -> str | None:
    """Return the path of a program in PATH or FOLDERS, None where it is not installed."""
    return shutil.which(name, path=environment()["PATH"])


def environment() -> dict[str, str]:
    """Return the environment for programs of the lab: the current one, with FOLDERS in PATH and messages in English."""
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), *FOLDERS))
    return {**os.environ, "PATH": path, "LC_ALL": "C"}


def isolated(*command: str) -> list[str]:
    """Return the command that runs another command as root of new namespaces, for root and for an ordinary user."""
    user = () if _is_root() else ("--user", "--map-root-user")
    return [
        find("unshare") or "unshare",
        *user,
        "--net",
        "--mount",
        "--pid",
        "--fork",
        "--kill-child=SIGKILL",
        "--mount-proc",
        *command,
    ]


def require_linux() -> None:
    """Raise LabError on any other system."""
    if not sys.platform.startswith("linux"):
        raise LabError(
            f"a lab needs network namespaces, which only Linux has; this is {sys.platform}",
            "run it on a Linux machine, or in a Linux virtual machine",
        )


def _is_root() -> bool:
    # Windows has no users with numbers, and mypy judges this for Windows too.
    return hasattr(os, "geteuid") and os.geteuid() == 0


def check(*, needs_nft: bool, proc: Path = Path("/proc")) -> None:
    """Check that a lab can be built on this machine; raise LabError with what is wrong, why, and what to do.

    `proc` is the folder with the settings of the kernel. AppArmor profiles may make exceptions from its setting, so
    that setting only explains an attempt that failed.
    """
    require_linux()
    if missing := missing_programs(needs_nft=needs_nft):
        names = ", ".join(name for name, _ in missing)
        packages = " ".join(dict.fromkeys(package for _, package in missing))
        raise LabError(f"the lab needs programs that are not installed: {names}", f"apt install {packages}")
    root = _is_root()
    if not root and (refused := forbidden(proc)) is not None:
        raise refused
    done = _run(isolated("true"))
    if done.returncode:
        raise _refusal(_said(done), proc, root=root)
    _try_parts(proc, root=root, needs_nft=needs_nft)


def missing_programs(*, needs_nft: bool) -> list[tuple[str, str]]:
    """Return the programs that are needed to build a lab and not installed, each with its Debian package."""
    wanted = {"unshare": "util-linux", "nsenter": "util-linux", "mount": "mount", "ip": "iproute2"}
    if needs_nft:
        wanted["nft"] = "nftables"
    return [(name, package) for name, package in wanted.items() if find(name) is None]


def forbidden(proc: Path) -> LabError | None:
    """Return why ordinary users cannot create user namespaces, None where no kernel setting forbids it."""
    why = "a lab of an ordinary user needs user namespaces, and this kernel forbids them"
    for setting in (_CLONE, _MOST_SPACES):
        if _setting(proc, setting) == "0":
            name = setting.removeprefix("sys/").replace("/", ".")
            value = "1" if setting == _CLONE else "15000"
            return LabError(f"{why}: {name} is 0", f"{_AS_ROOT}, or allow them: sudo sysctl -w {name}={value}")
    return None


def restricted(proc: Path) -> LabError | None:
    """Return why AppArmor gives no rights in user namespaces, None where its setting does not restrict them."""
    if _setting(proc, _APPARMOR) != "1":
        return None
    name = _APPARMOR.removeprefix("sys/").replace("/", ".")
    return LabError(
        "a lab of an ordinary user needs user namespaces, and AppArmor gives no rights in them to programs without a"
        f" profile that allows it: {name} is 1",
        f"{_AS_ROOT}; or allow it to all programs: sudo sysctl -w {name}=0; or only to unshare, with a profile in"
        " /etc/apparmor.d/unshare: abi <abi/4.0>, profile unshare /usr/bin/unshare flags=(unconfined) { userns, }",
    )


@functools.cache
def kernel_has(kind: Kind) -> bool:
    """Return whether the kernel supports tunnel interfaces of a kind; tries it in a new namespace."""
    return _run(isolated("ip", "link", "add", "name", "probe", "type", kind, *_KINDS[kind])).returncode == 0


def _try_parts(proc: Path, *, root: bool, needs_nft: bool) -> None:
    tries = [t for t in _TRIES if needs_nft or t.status != _WITH_NFT]
    script = "\n".join(f"{{ {attempt.commands}; }} || exit {attempt.status}" for attempt in tries)
    done = _run(isolated("sh", "-c", script))
    for attempt in tries:
        if done.returncode == attempt.status:
            if not root and (refused := restricted(proc)) is not None:
                raise refused
            raise LabError(f"{attempt.meaning}: {_said(done)}", _way_out(root=root))
    if done.returncode:
        raise _refusal(_said(done), proc, root=root)


def _refusal(said: str, proc: Path, *, root: bool) -> LabError:
    """Return the error for a machine on which namespaces cannot be created at all."""
    if not root and (refused := restricted(proc)) is not None:
        return refused
    return LabError(f"the lab cannot create namespaces on this machine: {said}", _way_out(root=root))


def _way_out(*, root: bool) -> str:
    container = "in a container: start it with --privileged, or run ipplan lab outside of it"
    return container if root else f"{_AS_ROOT}; {container}"


def _setting(proc: Path, name: str) -> str | None:
    try:
        return (proc / name).read_text("utf-8").strip()
    except OSError:  # this kernel does not have it
        return None


def _run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        timeout=60,
    )


def _said(done: subprocess.CompletedProcess[str]) -> str:
    """Return the last line of output of a program, or its exit status."""
    lines = (done.stderr + done.stdout).strip().splitlines()
    return lines[-1] if lines else f"exit status {done.returncode}"
