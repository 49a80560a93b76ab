"""What all tests share: the switch that rewrites what golden tests expect, and a terminal to run commands in."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ROOT = Path(__file__).parent


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --update-golden."""
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="rewrite golden files and documented output; then read the diff",
    )


@pytest.fixture(scope="session")
def update_golden(pytestconfig: pytest.Config) -> bool:
    """Whether to rewrite what is expected instead of comparing with it."""
    return bool(pytestconfig.getoption("--update-golden"))


@pytest.fixture(scope="session")
def show_on_terminal() -> Callable[..., str]:
    """A function that runs a command on a terminal of a width without colour and returns what it shows."""
    pytest.importorskip("pty", reason="needs pseudo-terminals")
    return _show_on_terminal


def _show_on_terminal(command: Sequence[str], *, folder: Path, width: int, errors: bool = False) -> str:
    import fcntl
    import struct
    import termios

    environment = {key: value for key, value in os.environ.items() if key not in ("COLUMNS", "FORCE_COLOR")}
    environment |= {
        "NO_COLOR": "1", "TERM": "xterm", "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "PYTHON": sys.executable,
    }  # fmt: skip
    master, terminal = os.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 50, width, 0, 0))
    shown = b""
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=terminal,
        stderr=terminal if errors else subprocess.DEVNULL,
    ):  # fmt: skip
        os.close(terminal)
        while True:
            try:
                chunk = os.read(master, 1 << 16)
            except OSError:  # Linux says so when the other side is closed
                break
            if not chunk:
                break
            shown += chunk
    os.close(master)
    return shown.decode("utf-8").replace("\r\n", "\n")
