"""Process 1 of a lab: build a blueprint, and send probes. Knows no plan.

It runs in user, mount, process and network namespaces of its own, so when it ends they all end. It reads orders as
lines of JSON from standard input and answers on standard output. It ends when its input ends, or when the process at the
other end of a pipe ends.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import subprocess
import sys
import threading
import traceback
from typing import TYPE_CHECKING, Any

from ipplan.lab import daemons
from ipplan.lab.building import Spaces
from ipplan.lab.model import (
    ABOUT,
    HOME,
    Blueprint,
    Command,
    Daemon,
    Device,
    ExportedFile,
    File,
    Gre,
    LabError,
    Port,
    Probe,
    Vxlan,
    Wire,
)
from ipplan.lab.requirements import environment
from ipplan.lab.traffic import Traffic

if TYPE_CHECKING:
    from collections.abc import Iterable


def main() -> None:
    """Read the blueprint, build it, and carry out orders until the input ends."""
    threading.Thread(target=_end_with, args=(int(sys.argv[1]),), daemon=True).start()
    with contextlib.suppress(BrokenPipeError):
        try:
            _run()
        except LabError as error:
            _answer({"error": str(error), "help": error.help})
        except BrokenPipeError:
            raise
        except (OSError, subprocess.TimeoutExpired) as error:
            limit = isinstance(error, OSError) and error.errno == errno.EMFILE
            help_ = "allow more open files: ulimit -n 8192" if limit else None
            _answer({"error": f"the lab cannot continue: {error}", "help": help_})
        except Exception:
            _answer({"defect": traceback.format_exc()})


def _run() -> None:
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "none", "/run"],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise LabError(f"cannot mount a file system for the lab at /run: {done.stderr.strip()}")
    order = json.loads(sys.stdin.readline())
    HOME.mkdir()
    spaces = Spaces(read_blueprint(order["blueprint"]), lambda text: _answer({"progress": text}))
    spaces.build()
    traffic = Traffic(spaces)
    spaces.dial(traffic.carry)
    traffic.open()
    ABOUT.write_text(json.dumps(order["about"]), encoding="utf-8")
    _answer({"not_up": spaces.not_up, "versions": daemons.versions(), "carries_gre": bool(spaces.tunnels)})
    ended: list[bool] = []

    def take_order() -> None:
        line = sys.stdin.readline()
        if line:
            asked = json.loads(line)
            _answer({"heard": traffic.probe([Probe(*item) for item in asked["probes"]], asked["wait"])})
        else:
            ended.append(True)

    traffic.watch(sys.stdin.fileno(), take_order)
    while not ended:
        traffic.step(1.0)


def _end_with(life: int) -> None:
    """End this process when the other end of a pipe is closed."""
    os.read(life, 1)
    os._exit(1)


def _answer(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def read_blueprint(data: list[Any]) -> Blueprint:
    """Return a blueprint from its JSON form."""
    devices, wires, vxlans, files, scenery, absent = data
    return Blueprint(
        tuple(map(_device, devices)),
        tuple(Wire(*item) for item in wires),
        tuple(Vxlan(*item) for item in vxlans),
        tuple(ExportedFile(*file) for file in files),
        tuple(scenery),
        tuple((what, why) for what, why in absent),
    )


def _device(item: list[Any]) -> Device:
    number, label, title, ports, commands, rules, programs, late, gre, path_filter = item
    return Device(
        number,
        label,
        title,
        tuple(Port(*port) for port in ports),
        _commands(commands),
        _commands(rules),
        tuple(map(_daemon, programs)),
        _commands(late),
        tuple(Gre(*tunnel) for tunnel in gre),
        path_filter,
    )


def _commands(items: Iterable[list[Any]]) -> tuple[Command, ...]:
    return tuple(Command(*item) for item in items)


def _daemon(item: list[Any]) -> Daemon:
    program, files, settings = item
    return Daemon(
        program,
        tuple(File(*file) for file in files),
        tuple((k, v) for k, v in settings),
    )
