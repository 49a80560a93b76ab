"""What test files share: ways to run the program as its users do, and the switch that rewrites golden files."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Run = Callable[..., subprocess.CompletedProcess[bytes]]
    Judge = Callable[[str, str], str]

ROOT = Path(__file__).parent.parent
WINDOWS = ROOT / "tests" / "windows"
"""A folder on the path of a Python that makes it one like that of Windows."""
PYTHONPATH = str(ROOT)
"""The path of every Python that the tests start; --windows puts `WINDOWS` before it."""
PLACES = os.pathsep.join(
    (
        os.environ.get("PATH", ""),
        "/usr/sbin",
        "/sbin",
        "/usr/lib/frr",
        "/usr/lib/ipsec",
        str(Path(sys.executable).parent),
        str(ROOT / ".venv-judges" / "bin"),
    )
)
"""Where the programs may be that judge what is written."""

GOOD_PLAN = """\
schema = 1
[plan]
name = "small"
byoip = ["172.24.0.0/14"]
[networks.vm-web]
kind = "vcs-vm"
cidr = "172.24.0.0/24"
[networks.vm-db]
kind = "vcs-vm"
prefix = 24
"""

BAD_PLAN = """\
schema = 1
[plan]
name = "clash"
byoip = ["172.24.0.0/14"]
[networks.vm-web]
kind = "vcs-vm"
cidr = "172.24.0.0/24"
[networks.vm-db]
kind = "vcs-vm"
cidr = "172.24.0.128/25"
"""

UNREADABLE_PLAN = """\
schema = 1
[networks.vm-web]
kind = "vcs-wm"
cidr = "172.24.0.0"
"""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --update-golden and --windows."""
    parser.addoption(
        "--windows",
        action="store_true",
        help="run the program with what Windows has instead of what POSIX has; for tests that start it",
    )
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="rewrite golden files and documented output; then read the diff",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Choose the path before any test is imported."""
    global PYTHONPATH
    if config.getoption("--windows"):
        PYTHONPATH = os.pathsep.join((str(WINDOWS), str(ROOT)))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip what only POSIX has where the program runs without it."""
    if config.getoption("--windows"):
        for item in items:
            if item.get_closest_marker("posix") is not None:
                item.add_marker(pytest.mark.skip(reason="only POSIX has it"))


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
        "NO_COLOR": "1",
        "TERM": "xterm",
        "PYTHONPATH": str(ROOT),
        "PYTHONUTF8": "1",
        "PYTHON": sys.executable,
    }
    master, terminal = os.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 50, width, 0, 0))
    shown = b""
    with subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=terminal,
        stderr=terminal if errors else subprocess.DEVNULL,
    ):
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


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run `python -m ipplan` in an empty directory, in an environment of its own."""

    def run(
        *args: str,
        env: Mapping[str, str] | None = None,
        python: tuple[str, ...] = (),
        program: tuple[str, ...] = ("-m", "ipplan"),
        **rest: Any,
    ) -> subprocess.CompletedProcess[bytes]:
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": PYTHONPATH,
            "LC_ALL": "C.UTF-8",
            **(env or {}),
        }
        if "stdout" not in rest:
            rest["stdout"] = subprocess.PIPE
        return subprocess.run(
            [sys.executable, *python, *program, *args],
            **{
                "cwd": tmp_path,
                "env": environment,
                "stderr": subprocess.PIPE,
                "timeout": 60,
                "check": False,
                **rest,
            },
        )

    return run


@pytest.fixture
def good_plan(tmp_path: Path) -> Path:
    """A plan without findings."""
    return _written(tmp_path / "good.toml", GOOD_PLAN)


@pytest.fixture
def bad_plan(tmp_path: Path) -> Path:
    """A plan whose two networks overlap."""
    return _written(tmp_path / "bad.toml", BAD_PLAN)


@pytest.fixture
def unreadable_plan(tmp_path: Path) -> Path:
    """A plan with two problems that keep it from being read."""
    return _written(tmp_path / "unreadable.toml", UNREADABLE_PLAN)


def _written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def judge() -> Judge:
    """Return the function that finds a program, and skips the test where it is missing: name, and what has it."""

    def find(name: str, source: str) -> str:
        found = shutil.which(name, path=PLACES)
        if found is None:
            pytest.skip(f"needs {name} ({source})")
        return found

    return find
