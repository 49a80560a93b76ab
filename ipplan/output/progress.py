"""Show the progress of a long run: a bar on standard error, on terminals only, and only after half a second.

A short run shows and loads nothing.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import TextIO

    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

PATIENCE = 0.5
"""Show nothing before this many seconds."""


class Progress:
    """Shows how much of something is done. `total` is None if it is not known.

    Used as a context manager, it removes the bar at the end.
    """

    def __init__(self, title: str, total: int | None, stream: TextIO | None) -> None:
        self._title = title
        self._total = total
        self._stream = stream
        self._start = time.monotonic()
        self._bar: RichProgress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def update(self, done: int, total: int | None = None) -> None:
        """Report how much is done, and the total if it was not known before."""
        if self._stream is None:
            return
        self._total = self._total if total is None else total
        if self._bar is None:
            if time.monotonic() - self._start < PATIENCE:
                return
            self._open(self._stream)
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=done)

    def _open(self, stream: TextIO) -> None:
        from rich.progress import BarColumn, TaskProgressColumn, TextColumn
        from rich.progress import Progress as RichProgress

        from ipplan.output.table import make_live_console

        console = make_live_console(stream)
        self._bar = RichProgress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TaskProgressColumn(),
            console=console,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._bar.start()
        self._task = self._bar.add_task(self._title, total=self._total)
