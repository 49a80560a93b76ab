"""The lab from outside: start its process 1 in namespaces of its own, and send it orders."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from ipplan.lab.model import Event, Heard, LabError
from ipplan.lab.requirements import environment, isolated
from ipplan.proof import OuterPacket

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ipplan.lab.model import Blueprint, Probe

MARK = "ipplan-lab"
"""The last argument of process 1 of every lab; `lab enter` finds labs by it."""
_INSIDE = "import sys; sys.path[:] = {path!r}; from ipplan.lab.inside import main; main()"


class Process:
    """A running lab. Leaving the context ends it, with everything in it."""

    def __init__(self, blueprint: Blueprint, about: Mapping[str, Any], progress: Callable[[str], None]) -> None:
        self._progress = progress
        self.started = datetime.now(timezone.utc)
        self._clock = time.monotonic()
        self.not_up: dict[str, str] = {}
        self.versions: dict[str, str | None] = {}
        self.carries_gre = False
        # The lab ends when this end of the pipe is closed, however this process ends.
        life, self._life = os.pipe()
        code = _INSIDE.format(path=[p for p in sys.path if p] or [""])
        command = isolated(sys.executable, "-B", "-c", code, str(life), MARK)
        try:
            # In a session of its own, so that Ctrl-C reaches only this process, which then ends the lab.
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                env=environment(),
                start_new_session=True,
                pass_fds=(life,),
            )
        finally:
            os.close(life)
        try:
            ready = self._ask({"blueprint": blueprint, "about": about})
            self.not_up, self.versions = ready["not_up"], ready["versions"]
            self.carries_gre = ready["carries_gre"]
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def seconds(self) -> float:
        """Seconds since its start."""
        return time.monotonic() - self._clock

    def probe(self, probes: Sequence[Probe], wait: float) -> list[Heard]:
        """Send probes together, and return the result of each."""
        answer = self._ask({"probes": probes, "wait": wait})
        return [_heard(item) for item in answer["heard"]]

    def _ask(self, order: Mapping[str, Any]) -> dict[str, Any]:
        """Send an order and return the answer; raise LabError where the lab reports an error, or has ended.

        Raises RuntimeError for a defect of ipplan inside the lab.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
        while line := self._process.stdout.readline():
            answer: dict[str, Any] = json.loads(line)
            if "progress" in answer:
                self._progress(answer["progress"])
            elif "defect" in answer:
                raise RuntimeError(f"inside the lab: {answer['defect']}")
            elif "error" in answer:
                raise LabError(answer["error"], answer.get("help"))
            else:
                return answer
        self._process.wait()
        said = self._process.stderr.read() if self._process.stderr is not None else ""
        raise LabError(f"the lab ended unexpectedly: {said.strip()[-2000:] or 'it printed nothing'}")

    def wait(self) -> None:
        """Wait until the lab ends."""
        self._process.wait()

    def close(self) -> None:
        """End the lab: everything in it ends with its process 1."""
        with contextlib.suppress(OSError):
            os.close(self._life)
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()


def _heard(item: list[Any]) -> Heard:
    number, receiver, source, answer, error, control, events = item
    seen = tuple(Event(*event)._replace(outer=_outer(event[-1])) for event in events)
    return Heard(number, receiver, source, answer, error, control, seen)


def _outer(item: list[str] | None) -> OuterPacket | None:
    return None if item is None else OuterPacket(*item)
