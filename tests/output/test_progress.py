"""The bar of a long run: on a terminal after half a second, and nowhere else."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from ipplan.output import progress
from ipplan.output.progress import Progress

if TYPE_CHECKING:
    from pathlib import Path


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_a_short_run_says_nothing() -> None:
    stream = Terminal()
    with Progress("reading x", 10, stream) as bar:
        bar.update(10)
    assert stream.getvalue() == ""


@pytest.mark.parametrize("total", [10, None])
def test_a_long_run_shows_a_bar_with_its_title_as_it_is(monkeypatch: pytest.MonkeyPatch, total: int | None) -> None:
    monkeypatch.setattr(progress, "PATIENCE", 0.0)
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    with Progress("reading [bold]x", total, stream) as bar:
        bar.update(5)
    assert "reading [bold]x" in stream.getvalue()


def test_no_stream_is_no_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "PATIENCE", 0.0)
    with Progress("x", 1, None) as bar:
        bar.update(1)


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals")
def test_a_large_file_is_read_with_a_bar_on_a_terminal_and_without_one_in_a_pipe(tmp_path: Path) -> None:
    import pty

    table = tmp_path / "t.csv"
    rows = (f"10.{i >> 8 & 255}.{i & 255}.0/24,x {i}\n" for i in range(300_000))
    table.write_text("cidr,name\n" + "".join(rows), encoding="utf-8")
    command = [sys.executable, "-m", "ipplan", "import", "csv", str(table), "-o", str(tmp_path / "p.toml")]
    piped = subprocess.run(command, capture_output=True, check=False)
    assert (piped.returncode, b"reading" in piped.stderr) == (0, False)
    master, slave = pty.openpty()
    env = os.environ | {"TERM": "xterm", "COLUMNS": "100"}
    with subprocess.Popen([*command, "--force"], stderr=slave, stdout=subprocess.DEVNULL, env=env) as process:
        os.close(slave)
        said = b""
        while True:
            try:
                more = os.read(master, 1 << 16)
            except OSError:
                break
            if not more:
                break
            said += more
    os.close(master)
    assert process.returncode == 0
    assert b"reading" in said
    assert b"%" in said
