"""Run commands in interleaved rounds; wall time and peak memory of each run.

A process starts out with the peak memory of the one that started it, so whoever measures must stay small.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT = Path(__file__).resolve().parent.parent


class Command(NamedTuple):
    """What to run; `terminal` gives it a pseudo-terminal as standard output."""

    arguments: Sequence[str]
    terminal: bool = False


class Run(NamedTuple):
    """What one run took: seconds of wall time, and peak resident memory in MiB."""

    seconds: float
    peak: float


def run(command: Command) -> Run:
    """Run a command once; raise CalledProcessError if it ends with a status above 1, or by a signal."""
    environment = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "COLUMNS")}
    environment["TERM"] = "xterm"
    master, terminal = os.openpty() if command.terminal else (-1, -1)
    started = perf_counter()
    process = subprocess.Popen(
        command.arguments,
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        stdout=terminal if command.terminal else subprocess.DEVNULL,
    )
    if command.terminal:
        os.close(terminal)
        _drain(master)
        os.close(master)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1):
        raise subprocess.CalledProcessError(process.returncode, list(command.arguments))
    return Run(seconds, usage.ru_maxrss / 1024)


def _drain(descriptor: int) -> None:
    try:
        while os.read(descriptor, 1 << 16):
            pass
    except OSError:
        pass  # how Linux tells that the other side is closed


def interleave(commands: Mapping[str, Command], rounds: int) -> dict[str, list[Run]]:
    """Run every command once a round, after one round that does not count."""
    results: dict[str, list[Run]] = {name: [] for name in commands}
    for number in range(rounds + 1):
        for name, command in commands.items():
            result = run(command)
            if number:
                results[name].append(result)
    return results


def ratio(runs: Sequence[Run], base: Sequence[Run]) -> float:
    """Return the median over the rounds of how many times longer than the base it took."""
    return median(one.seconds / other.seconds for one, other in zip(runs, base, strict=True))


def seconds(runs: Sequence[Run]) -> float:
    """Return the median wall time."""
    return median(one.seconds for one in runs)


def peak(runs: Sequence[Run]) -> float:
    """Return the median peak memory, in MiB."""
    return median(one.peak for one in runs)
