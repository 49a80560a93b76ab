"""Streams under trouble: closed pipes, full disks, closed or unbuffered output, odd inputs and encodings."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from conftest import BAD_PLAN, GOOD_PLAN, PYTHONPATH

from ipplan.cli import streams
from ipplan.cli.streams import InputProblem, OutputProblem, deliver, read_input, replace_file

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Run

ANY_BUFFERING = pytest.mark.parametrize("env", [{}, {"PYTHONUNBUFFERED": "1"}], ids=["buffered", "unbuffered"])
ANY_OUTPUT = pytest.mark.parametrize(
    "args",
    [("check", "good.toml"), ("check", "good.toml", "--json"), ("check", "--help"), ("--version",)],
    ids=" ".join,
)


@ANY_BUFFERING
@ANY_OUTPUT
def test_a_closed_pipe_ends_quietly(run: Run, good_plan: Path, env: dict[str, str], args: tuple[str, ...]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = run(*args, env=env, stdout=writer)
    finally:
        os.close(writer)
    assert (done.returncode, done.stderr) == (141, b"")


@ANY_BUFFERING
@ANY_OUTPUT
def test_a_full_disk_is_reported(run: Run, good_plan: Path, env: dict[str, str], args: tuple[str, ...]) -> None:
    with open("/dev/full", "wb") as full:
        done = run(*args, env=env, stdout=full)
    assert done.returncode == 2
    assert done.stderr == b"error: cannot write the result to standard output: no space left on device\n"


@ANY_OUTPUT
def test_a_closed_standard_output_is_reported(run: Run, good_plan: Path, args: tuple[str, ...]) -> None:
    done = run(*args, preexec_fn=lambda: os.close(1))
    assert done.returncode == 2
    assert done.stderr == b"error: cannot write the result: standard output is closed\n"


def test_everything_closed_still_has_its_status(run: Run, bad_plan: Path) -> None:
    done = run("check", bad_plan.name, "-o", "out.txt", preexec_fn=lambda: os.closerange(0, 3))
    assert done.returncode == 1
    assert (bad_plan.parent / "out.txt").read_bytes().startswith(b"error[network-overlap]")


@ANY_BUFFERING
def test_large_output_through_a_slow_pipe_is_whole(tmp_path: Path, run: Run, env: dict[str, str]) -> None:
    """Writes to a non-blocking pipe are short; all of it has to arrive."""
    script = (
        "import os, sys; os.set_blocking(1, False)\n"
        "from ipplan.cli.streams import deliver\n"
        "deliver('0123456789abcde\\n' * 100_000)\n"
    )
    done = run(program=("-c", script), env=env)
    assert done.stdout == b"0123456789abcde\n" * 100_000, done.stderr


@pytest.mark.parametrize("python", [(), ("-O",), ("-W", "error"), ("-X", "dev"), ("-W", "error", "-X", "dev", "-b")])
def test_every_mode_of_python_gives_the_same(run: Run, bad_plan: Path, python: tuple[str, ...]) -> None:
    expected = run("check", bad_plan.name).stdout
    done = run("check", bad_plan.name, python=python)
    assert (done.returncode, done.stdout, done.stderr) == (1, expected, b"")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8", "cp1252"])
def test_encodings_without_the_character_show_it_escaped(run: Run, tmp_path: Path, encoding: str) -> None:
    (tmp_path / "plan.toml").write_text(BAD_PLAN.replace("vm-web", '"Z\u00fcrich-\u6771"'), encoding="utf-8")
    env = {"LC_ALL": "C", "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    for args in (("check", "plan.toml"), ("check", "plan.toml", "-f", "csv"), ("check", "no-\u6771.toml")):
        done = run(*args, env=env)
        assert done.returncode in (1, 2)
        assert b"Traceback" not in done.stderr
        (done.stdout + done.stderr).decode(encoding)
    document = run("check", "plan.toml", "--json", env=env).stdout
    assert document.isascii()
    assert document == run("check", "plan.toml", "--json").stdout


def test_output_does_not_depend_on_the_environment(run: Run, bad_plan: Path) -> None:
    expected = run("check", bad_plan.name).stdout
    for env in (
        {"COLUMNS": "20"},
        {"TERM": "xterm-256color"},
        {"TERM": "dumb"},
        {"NO_COLOR": "1"},
        {"FORCE_COLOR": "0"},
    ):
        assert run("check", bad_plan.name, env=env).stdout == expected


@pytest.mark.parametrize(
    ("env", "options", "colored"),
    [
        ({}, (), False),
        ({}, ("--color", "always"), True),
        ({"NO_COLOR": "1"}, ("--color", "always"), True),
        ({"FORCE_COLOR": "1"}, (), True),
        ({"FORCE_COLOR": "1"}, ("--color", "never"), False),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, (), False),
        ({"FORCE_COLOR": "1", "NO_COLOR": ""}, (), True),
        ({"FORCE_COLOR": "0"}, (), False),
        ({"FORCE_COLOR": ""}, (), False),
    ],
)
def test_colour_in_a_pipe(
    run: Run, bad_plan: Path, env: dict[str, str], options: tuple[str, ...], colored: bool
) -> None:
    assert (b"\x1b[" in run("check", bad_plan.name, *options, env=env).stdout) is colored


def on_terminal(run_in: Path, columns: int, *args: str, env: dict[str, str] | None = None) -> str:
    """Run the program on a pseudo terminal of so many columns and return what it showed."""
    import fcntl
    import pty
    import struct
    import termios

    outer, inner = pty.openpty()
    try:
        fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        process = subprocess.Popen(
            [sys.executable, "-m", "ipplan", *args],
            cwd=run_in,
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": PYTHONPATH,
                "LC_ALL": "C.UTF-8",
                "TERM": "xterm",
                **(env or {}),
            },
            stdin=subprocess.DEVNULL,
            stdout=inner,
            stderr=inner,
        )
        os.close(inner)
        inner = -1
        shown = b""
        while True:
            try:
                chunk = os.read(outer, 65536)
            except OSError:
                break
            if not chunk:
                break
            shown += chunk
        assert process.wait(60) in (0, 1, 2)
    finally:
        os.close(outer)
        if inner >= 0:
            os.close(inner)
    return shown.decode().replace("\r\n", "\n")


@pytest.mark.parametrize("columns", [1, 40, 80, 200])
def test_a_terminal_gets_whole_addresses_and_short_lines(bad_plan: Path, columns: int) -> None:
    shown = on_terminal(bad_plan.parent, columns, "check", bad_plan.name, env={"NO_COLOR": "1"})
    assert "\x1b" not in shown
    assert "172.24.0.128-172.24.0.255" in shown.split()
    assert all(len(line) <= columns or len(line.split()) == 1 for line in shown.splitlines())


def test_a_terminal_gets_colour_unless_it_is_dumb(bad_plan: Path) -> None:
    assert "\x1b[" in on_terminal(bad_plan.parent, 80, "check", bad_plan.name)
    assert "\x1b[" not in on_terminal(bad_plan.parent, 80, "check", bad_plan.name, env={"TERM": "dumb"})
    assert "\x1b[" not in on_terminal(bad_plan.parent, 80, "check", bad_plan.name, "--color", "never")
    assert "\x1b[" not in on_terminal(bad_plan.parent, 80, "check", bad_plan.name, "--json")


# -- files written -------------------------------------------------------------------------------------------


def test_output_file_is_what_standard_output_would_be(run: Run, bad_plan: Path, tmp_path: Path) -> None:
    expected = run("check", bad_plan.name, "--json").stdout
    done = run("check", bad_plan.name, "--json", "-o", "out.json")
    assert (done.returncode, done.stdout, done.stderr) == (1, b"", b"")
    assert (tmp_path / "out.json").read_bytes() == expected
    assert sorted(os.listdir(tmp_path)) == ["bad.toml", "out.json"]
    for name in ("-", "/dev/stdout"):
        assert run("check", bad_plan.name, "--json", "-o", name).stdout == expected


def test_output_file_is_never_coloured_by_the_environment(run: Run, bad_plan: Path, tmp_path: Path) -> None:
    run("check", bad_plan.name, "-o", "out.txt", env={"FORCE_COLOR": "1"})
    assert b"\x1b" not in (tmp_path / "out.txt").read_bytes()


def test_replacing_keeps_mode_and_links(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("old")
    target.chmod(0o640)
    link = tmp_path / "link"
    link.symlink_to(target)
    replace_file(str(link), b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o640


def test_a_new_file_obeys_the_umask(tmp_path: Path) -> None:
    old = os.umask(0o027)
    try:
        replace_file(str(tmp_path / "new"), b"x")
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o640


@pytest.mark.parametrize("name", ["folder", "fifo", "no/such/folder", "/dev/null", "folder/", "", "nul\0"])
def test_what_is_no_regular_file_is_refused(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    os.mkdir("folder")
    os.mkfifo("fifo")
    with pytest.raises(OutputProblem, match="cannot write"):
        deliver("text", name)
    assert sorted(os.listdir()) == ["fifo", "folder"]


@pytest.mark.posix
def test_a_failed_write_leaves_the_old_file(tmp_path: Path, run: Run) -> None:
    """A limit on file sizes stands for a full disk: the write fails half way."""
    (tmp_path / "out").write_text("old")
    script = (
        "import resource, signal, sys\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "from ipplan.cli.streams import OutputProblem, replace_file\n"
        "try:\n"
        "    replace_file('out', b'x' * 5000)\n"
        "except OutputProblem as problem:\n"
        "    print(problem)\n"
    )
    done = run(program=("-B", "-c", script))
    assert done.stdout == b"cannot write out: file too large\n", done.stderr
    assert (tmp_path / "out").read_text() == "old"
    assert os.listdir(tmp_path) == ["out"]


def test_a_lone_surrogate_is_written_escaped(tmp_path: Path) -> None:
    deliver("a\ud800b\u6771\n", str(tmp_path / "out"))
    assert (tmp_path / "out").read_bytes() == b"a\\ud800b\xe6\x9d\xb1\n"


# -- inputs --------------------------------------------------------------------------------------------------


def test_reads_a_file(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_bytes(b"x" * 200_000)
    assert read_input(str(path)) == (b"x" * 200_000, str(path))


@pytest.mark.parametrize(
    ("name", "message", "hint"),
    [
        ("missing", "cannot read missing: no such file or directory", None),
        ("plna.toml", "cannot read plna.toml: no such file or directory", "did you mean plan.toml?"),
        ("folder", "cannot read folder: it is a directory, not a file", "did you mean folder/plan.toml?"),
        ("fifo", "cannot read fifo: it is a named pipe, not a file", None),
        ("/dev/zero", "cannot read /dev/zero: it is a device, not a file", None),
        ("plan.toml/x", "cannot read plan.toml/x: not a directory", None),
        ("x" * 300, "file name too long", None),
        ("nul\0", "cannot read nul", None),
    ],
)
def test_unreadable_inputs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, message: str, hint: str | None
) -> None:
    monkeypatch.chdir(tmp_path)
    os.mkdir("folder")
    os.mkfifo("fifo")
    for path in ("plan.toml", "folder/plan.toml"):
        (tmp_path / path).write_text(GOOD_PLAN)
    with pytest.raises(InputProblem) as raised:
        read_input(name)
    assert message in str(raised.value)
    assert raised.value.hint == hint


def test_the_limit_holds_for_files_and_pipes(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "LARGEST_INPUT", 1000)
    path = tmp_path / "plan.toml"
    path.write_bytes(b"x" * 1000)
    assert len(read_input(str(path))[0]) == 1000
    path.write_bytes(b"x" * 1001)
    with pytest.raises(InputProblem, match="larger than"):
        read_input(str(path))
    reader, writer = os.pipe()
    os.write(writer, b"x" * 1001)
    os.close(writer)
    with pytest.raises(InputProblem, match="larger than"):
        read_input(f"/dev/fd/{reader}")
    os.close(reader)


def test_an_endless_input_ends(run: Run) -> None:
    with open("/dev/zero", "rb") as zero:
        done = run("check", "-", stdin=zero)
    assert (done.returncode, done.stderr) == (2, b"error: cannot read <stdin>: it is larger than 64 MiB\n")


def test_closed_standard_input(run: Run) -> None:
    done = run("check", "-", preexec_fn=lambda: os.close(0))
    assert (done.returncode, done.stderr) == (2, b"error: cannot read standard input: it is closed\n")


@pytest.mark.posix
def test_a_plan_that_may_not_be_read(run: Run, good_plan: Path) -> None:
    good_plan.chmod(0)
    good_plan.parent.chmod(0o755)
    # Root may read everything, so it becomes nobody once everything is loaded.
    script = (
        "import os, sys, ipplan.cli.check, ipplan.output.findings, ipplan.output.documents, json\n"
        "if os.geteuid() == 0: os.setresuid(65534, 65534, 65534)\n"
        "sys.exit(ipplan.cli.main(['check', 'good.toml', '--json']))\n"
    )
    done = run(program=("-c", script))
    assert done.returncode == 2, done.stderr
    assert json.loads(done.stdout)["findings"][0]["message"] == "cannot read good.toml: permission denied"


def test_names_of_files_cannot_act(run: Run) -> None:
    done = run("check", "\x1b[2Jx.toml")
    assert done.returncode == 2
    assert b"\x1b" not in done.stderr
    assert b"cannot read \\x1b[2Jx.toml" in done.stderr
