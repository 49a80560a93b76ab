"""Labs that run on this machine, found by their processes, because a lab leaves nothing on disk."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ipplan.lab.model import ABOUT, LabError
from ipplan.lab.outside import MARK
from ipplan.lab.requirements import find, require_linux
from ipplan.proof import LabDevice

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_PROC = Path("/proc")
_MOST_NAMED = 12
"""Name at most this many devices in an error."""


class Running(NamedTuple):
    """A running lab: the ID of its process 1 on this machine, its plan, and its devices."""

    pid: int
    plan: str | None
    devices: tuple[LabDevice, ...]

    def find(self, wanted: str) -> LabDevice | None:
        """Return the device with a label or a title, None where there is none."""
        return next((d for d in self.devices if wanted in (d.label, d.title)), None)


def list_labs(proc: Path = _PROC) -> Iterator[Running]:
    """Yield the labs that this user may enter, oldest first; raise LabError on a system that cannot run labs."""
    require_linux()
    found = []
    for folder in proc.iterdir() if proc.is_dir() else ():
        if folder.name.isdigit():
            try:
                words = (folder / "cmdline").read_bytes().split(b"\0")
                # unshare has the same arguments, but is outside of the lab.
                if MARK.encode() in words and b"--fork" not in words:
                    found.append(
                        (
                            int(folder.name),
                            json.loads((folder / "root" / ABOUT.relative_to("/")).read_bytes()),
                        )
                    )
            except (OSError, ValueError):
                continue  # it has ended, belongs to another user, or is not built yet
    for pid, about in sorted(found, key=lambda item: item[0]):
        yield Running(pid, about["plan"], tuple(LabDevice(*device) for device in about["devices"]))


def enter(wanted: str, command: Sequence[str], proc: Path = _PROC) -> list[str]:
    """Return the command that runs a program, or a shell, in a device of a running lab.

    Where several labs have the device, put the process ID of one before it: 1234:esg. Raises LabError where no lab has
    the device, or several have it.
    """
    labs = list(list_labs(proc))
    number, colon, rest = wanted.partition(":")
    if colon and number.isdigit():
        labs, wanted = [lab for lab in labs if lab.pid == int(number)], rest
    if not labs:
        raise LabError("you have no lab running on this machine", "start one that stays up: ipplan lab PLAN --keep")
    having = [(lab, device) for lab in labs if (device := lab.find(wanted)) is not None]
    if not having:
        names = [device.label for lab in labs for device in lab.devices]
        raise LabError(
            f"no lab has a device {wanted[:80]!r}",
            f"devices: {', '.join(names[:_MOST_NAMED])}{', ...' if len(names) > _MOST_NAMED else ''}",
        )
    if len(having) > 1:
        which = ", ".join(f"{lab.pid}:{device.label} ({lab.plan or 'a plan without a name'})" for lab, device in having)
        raise LabError(f"{len(having)} labs have a device {wanted[:80]!r}", f"choose one: {which}")
    lab, device = having[0]
    nsenter = find("nsenter")
    if nsenter is None:
        raise LabError("nsenter, which enters a lab, is not installed", "install util-linux")
    same = os.readlink(proc / str(lab.pid) / "ns" / "user") == os.readlink(proc / "self" / "ns" / "user")
    user = [] if same else ["--user", "--preserve-credentials"]
    own = list(command) or [os.environ.get("SHELL") or "sh"]
    # Through ip, so that /sys is that of the device too.
    return [
        nsenter,
        "--target",
        str(lab.pid),
        *user,
        "--mount",
        "--pid",
        "--net",
        "--",
        "ip",
        "netns",
        "exec",
        device.namespace,
        *own,
    ]
