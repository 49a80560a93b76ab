"""What judges with a lab share: plans to build, a lab of a plan, and programs that run in its devices."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ipplan.catalog import load_catalog
from ipplan.cli.settle import settle
from ipplan.exporters import Request
from ipplan.lab import daemons, requirements, run
from ipplan.lab.model import HOME, LabError
from ipplan.lab.running import enter, list_labs
from ipplan.landscape import Landscape
from ipplan.plan.load import parse_plan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ipplan.flows import Trace
    from ipplan.lab.model import Daemon
    from ipplan.lab.outside import Process
    from ipplan.lab.run import Design
    from ipplan.lab.running import Running
    from ipplan.proof import Report

ROOT = Path(__file__).parent.parent.parent
_NUMBERS = {"iks-asn": 64999, "esg-asn": 64998}
_SECONDS = 10.0
"""Ask again for so many seconds until the answer is the wanted one."""


def text_of(sample: str, methods: Mapping[str, str]) -> str:
    """Return a sample with other methods, and with numbers for BGP."""
    text = (ROOT / "sample-plans" / f"{sample}.toml").read_text("utf-8")
    for key, method in methods.items():
        text, count = re.subn(rf'(?m)^{key} = "[^"]*"', f'{key} = "{method}"', text)
        assert count == 1, key
    for key, number in _NUMBERS.items():
        if f"\n{key} =" not in text:
            text = text.replace("[integration]\n", f"[integration]\n{key} = {number}\n")
    return text


def pods_to_vms(landscape: Landscape) -> list[Trace]:
    """Return the traces of flow C: from the pods of IKS to each network of VMs."""
    return [found for found in run.documented(landscape) if found.flow == "C"]


def design(text: str, traces: Callable[[Landscape], Iterable[Trace]] = pods_to_vms) -> Design:
    """Return the lab of a plan; skip the test where it cannot be built here."""
    catalog = load_catalog(None)
    landscape = Landscape(settle(parse_plan(text.encode(), "plan.toml"), catalog), catalog)
    designed = run.design(Request(landscape), traces(landscape))
    try:
        requirements.check(needs_nft=run.needs_nft(designed.blueprint))
    except LabError as error:
        pytest.skip(f"no lab can be built here: {error}")
    for program in sorted({d.program for device in designed.blueprint.devices for d in device.daemons}):
        if (reason := daemons.missing(program)) is not None:
            pytest.skip(reason)
    return designed


def change_daemons(designed: Design, change: Callable[[Daemon], Daemon]) -> Design:
    """Return a lab with other daemons."""
    blueprint = designed.blueprint
    devices = (d._replace(daemons=tuple(map(change, d.daemons))) for d in blueprint.devices)
    return designed._replace(blueprint=blueprint._replace(devices=tuple(devices)))


def start(designed: Design) -> Process:
    """Build a lab, which ends with its context."""
    return run.start(designed, None, lambda _: None)


def prove(designed: Design, process: Process) -> Report:
    """Send a probe for every prediction, and return the comparison."""
    return run.prove(designed, process, b"", lambda _: None)


def assert_all_agree(report: Report, least: int = 1) -> None:
    """Assert that packets did what was predicted, for at least so many pairs."""
    differing = [pair for pair in report.pairs if pair.outcome == "differs"]
    assert not differing, [(p.source, p.destination, p.differences) for p in differing[:5]]
    assert sum(pair.outcome == "agree" for pair in report.pairs) >= least


# In a device of the lab that the test runs, known by its label or its title.


def folder_of(device: str, daemon: str) -> str:
    """Return the folder of a daemon as the lab sees it: to the daemon itself it is /run."""
    found = _own_lab().find(device)
    assert found is not None, device
    return f"{HOME}/{found[2]}/{daemon}"


def ask(device: str, *command: str, fine: bool = True) -> str:
    """Return the output and errors of a program in a device; `fine` is whether it has to succeed."""
    done = subprocess.run(
        enter(f"{_own_lab().pid}:{device}", command),
        env=requirements.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode == 0) == fine, (command, done.returncode, done.stdout)
    return done.stdout


def ask_until(wanted: set[str], question: Callable[[], set[str]]) -> set[str]:
    """Return the answer to a query as soon as it is the wanted one, or the last answer when the time is over."""
    deadline = time.monotonic() + _SECONDS
    while (answer := question()) != wanted and time.monotonic() < deadline:
        time.sleep(0.05)
    return answer


def _own_lab() -> Running:
    """Return the lab that this process runs: others may run on the machine."""
    (found,) = [lab for lab in list_labs() if _is_own(lab)]
    return found


def _is_own(lab: Running) -> bool:
    """Return whether this process started unshare, which started the lab."""
    with contextlib.suppress(OSError):  # another one may end meanwhile
        return _parent(_parent(lab.pid)) == os.getpid()
    return False


def _parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[1])
