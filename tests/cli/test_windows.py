"""The command line on a Python that behaves like one on Windows: the same bytes, the same guarantees about files.

`tests/windows/sitecustomize.py` lists what is removed and what behaves differently. `pytest --windows` runs the tests of
writing on the same Python.
"""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
from conftest import BAD_PLAN, GOOD_PLAN, ROOT, WINDOWS

from ipplan.cli import COMMANDS, streams, system

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Run

PATH = {"PYTHONPATH": os.pathsep.join((str(WINDOWS), str(ROOT)))}
PLAN = GOOD_PLAN.replace("\n", "\r\n").encode()
PINNED = PLAN.replace(b"prefix = 24", b'cidr = "172.24.1.0/24"')
CSV = "cidr,name\n10.1.0.0/24,Z\u00fcrich \u6771\n"


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    path = tmp_path / "plan.toml"
    path.write_bytes(PLAN)
    (tmp_path / "rows.csv").write_text(CSV, encoding="utf-8")
    return path


def others(plan: Path) -> list[str]:
    return sorted(set(os.listdir(plan.parent)) - {"plan.toml", "rows.csv"})


def python(plan: Path, script: str, **rest: Any) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-c", script],
        cwd=plan.parent,
        env={"PATH": os.environ["PATH"], **PATH},
        capture_output=True,
        timeout=60,
        check=False,
        **rest,
    )


def test_this_python_has_what_windows_has(plan: Path) -> None:
    script = """
import os, signal
assert not hasattr(os, "O_NOFOLLOW") and not hasattr(os, "geteuid") and not hasattr(signal, "SIGHUP")
for name in ("fcntl", "termios", "pwd", "resource"):
    try:
        __import__(name)
    except ImportError:
        continue
    raise AssertionError(name)
with open("file", "wb"):
    for refused in (lambda: os.replace("file", "x"), lambda: os.unlink("file"), lambda: os.open(".", os.O_RDONLY)):
        try:
            refused()
        except PermissionError:
            continue
        raise AssertionError(refused)
text = os.open("text", os.O_WRONLY | os.O_CREAT)
os.write(text, b"a\\n")
os.close(text)
assert open("text", "rb").read() == b"a\\r\\n"
"""
    done = python(plan, script)
    assert done.returncode == 0, done.stderr


def test_every_command_is_there_and_none_loads_the_lab(plan: Path) -> None:
    modules = [place.partition(":")[0] for place, _ in COMMANDS.values()]
    done = python(plan, f"import sys, ipplan.__main__, {', '.join(modules)}\nprint(*sys.modules)")
    assert done.returncode == 0, done.stderr
    assert not [name for name in done.stdout.decode().split() if name.startswith("ipplan.lab")]


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "plan.toml"),
        ("check", "-", "--json"),
        ("allocate", "plan.toml", "--json"),
        ("export", "plan.toml", "netbox"),
        ("export", "plan.toml", "xlsx"),
        ("import", "csv", "rows.csv"),
        ("init", "-"),
        ("lab", "plan.toml", "--dry-run", "--from", "vm-web", "--to", "vm-db"),
    ],
    ids=" ".join,
)
def test_the_same_bytes_as_elsewhere(run: Run, plan: Path, arguments: tuple[str, ...]) -> None:
    expected = run(*arguments, input=PLAN)
    assert expected.returncode == 0, expected.stderr
    assert run(*arguments, input=PLAN, env=PATH).stdout == expected.stdout
    if arguments[0] != "init":
        done = run(*arguments, "-o", "out", input=PLAN, env=PATH)
        assert (done.returncode, done.stdout) == (0, b""), done.stderr
        assert (plan.parent / "out").read_bytes() == expected.stdout
        assert others(plan) == ["out"]
    assert plan.read_bytes() == PLAN


def test_write_changes_what_it_says_and_no_line_end(run: Run, plan: Path) -> None:
    done = run("allocate", "plan.toml", "--write", env=PATH)
    assert (done.returncode, done.stderr) == (0, b"wrote 1 range into plan.toml\n")
    assert plan.read_bytes() == PINNED
    assert others(plan) == []


def test_init_writes_and_does_not_replace(run: Run, plan: Path) -> None:
    assert run("init", "new.toml", "--name", "new", env=PATH).returncode == 0
    expected = run("init", "-", "--name", "new").stdout
    assert (plan.parent / "new.toml").read_bytes() == expected
    done = run("init", "plan.toml", env=PATH)
    assert done.returncode == 2
    assert b"plan.toml exists; nothing is written" in done.stderr
    assert run("init", "plan.toml", "--force", env=PATH).returncode == 0
    assert others(plan) == ["new.toml"]


@pytest.mark.parametrize("arguments", [("allocate", "plan.toml", "--write"), ("init", "--force")])
def test_a_plan_that_another_program_keeps_open(run: Run, plan: Path, arguments: tuple[str, ...]) -> None:
    with open(plan, "rb"):
        done = run(*arguments, env=PATH)
    assert done.returncode == 2
    assert done.stderr.decode().startswith(
        "error: cannot write plan.toml: another program has it open; nothing is written\n"
        "help: close it there and run again\n"
    )
    assert plan.read_bytes() == PLAN
    assert others(plan) == []


def test_a_program_that_only_reads_is_waited_for(run: Run, plan: Path) -> None:
    script = "import time; file = open('plan.toml'); print('ready', flush=True); time.sleep(0.5)"
    reader = subprocess.Popen([sys.executable, "-c", script], cwd=plan.parent, stdout=subprocess.PIPE)
    assert reader.stdout is not None
    assert reader.stdout.readline() == b"ready\n"
    done = run("allocate", "plan.toml", "--write", env=PATH)
    reader.communicate(timeout=60)
    assert done.returncode == 0, done.stderr
    assert plan.read_bytes() == PINNED


def test_an_editor_that_saves_while_the_file_is_waited_for_loses_nothing(plan: Path) -> None:
    """Every attempt to replace the plan compares it again first."""
    script = """
import os, sys
real, calls = os.replace, 0
def held(*names):
    global calls
    calls += 1
    if calls == 1:
        with open("plan.toml", "ab") as plan:
            plan.write(b"# mine\\n")
            return real(*names)
    return real(*names)
os.replace = held
sys.argv = ["ipplan", "allocate", "plan.toml", "--write"]
from ipplan.__main__ import main
main()
"""
    done = python(plan, script)
    assert done.returncode == 2
    assert b"plan.toml was changed since it was read; nothing is written" in done.stderr
    assert plan.read_bytes() == PLAN + b"# mine\n"
    assert others(plan) == []


def test_what_another_run_takes_for_left_over_is_written_again(plan: Path) -> None:
    """Between closing and renaming, a file looks like one that a killed run left."""
    script = """
import os, sys
real, calls = os.replace, 0
def late(source, target):
    global calls
    calls += 1
    if calls < TIMES:
        os.unlink(source)
    return real(source, target)
os.replace = late
sys.argv = ["ipplan", "allocate", "plan.toml", "--write"]
from ipplan.__main__ import main
main()
"""
    done = python(plan, script.replace("TIMES", "1000"))
    assert (done.returncode, plan.read_bytes()) == (2, PLAN), "it ends"
    done = python(plan, script.replace("TIMES", "3"))
    assert (done.returncode, plan.read_bytes()) == (0, PINNED)
    assert others(plan) == []


def test_a_held_lock_is_waited_for_and_then_told(plan: Path) -> None:
    hold = "from ipplan.cli.system import FolderLock; lock = FolderLock('.'); print(lock.take(), flush=True); input()"
    holder = subprocess.Popen(
        [sys.executable, "-c", hold],
        cwd=plan.parent,
        env=PATH,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"True\n"
    script = "from ipplan.cli import main, streams\nstreams.LONGEST_WAIT = 0.1\nimport sys\nsys.exit(main(['init', 'x.toml']))"
    done = python(plan, script)
    assert done.returncode == 2
    assert b"cannot write x.toml: another run holds the lock on its folder" in done.stderr
    holder.send_signal(signal.SIGKILL)
    holder.communicate()
    # The killed run left its lock file, and that keeps nobody out.
    assert others(plan) == [system.LOCK_FILE]
    assert python(plan, script).returncode == 0
    assert others(plan) == ["x.toml"]


def test_without_any_locks_the_comparison_guards(plan: Path) -> None:
    script = "import sys; sys.modules['msvcrt'] = None; sys.argv = ['ipplan', 'allocate', 'plan.toml', '--write']\n"
    done = python(plan, script + "from ipplan.__main__ import main; main()")
    assert (done.returncode, plan.read_bytes()) == (0, PINNED)
    assert others(plan) == []


@pytest.mark.parametrize("name", ["NUL", "con", "aux.toml", "Com1.tar.gz", "sub/LPT\u00b9", "nul .txt", "NUL:"])
def test_names_of_devices_are_no_files(run: Run, plan: Path, name: str) -> None:
    (plan.parent / "sub").mkdir()
    arguments = ("init", name) if "o" in name.lower() else ("check", "plan.toml", "-o", name)
    done = run(*arguments, env=PATH)
    assert done.returncode == 2
    assert f"cannot write {name}: Windows treats this name as a device" in done.stderr.decode()
    assert others(plan) == ["sub"]


@pytest.mark.parametrize("name", ["console.toml", "com.1"])
def test_names_like_those_of_devices_are_files(run: Run, plan: Path, name: str) -> None:
    assert run("check", "plan.toml", "-o", name, env=PATH).returncode == 0
    assert others(plan) == [name]


@pytest.mark.parametrize("arguments", [("check", "plan.toml", "-o", "old"), ("init", "old", "--force")])
def test_a_read_only_file_is_kept(run: Run, plan: Path, arguments: tuple[str, ...]) -> None:
    old = plan.parent / "old"
    old.write_text("old")
    old.chmod(0o444)
    done = run(*arguments, env=PATH)
    assert (done.returncode, done.stderr) == (2, b"error: cannot write old: it is read-only\n")
    assert old.read_text() == "old"
    assert others(plan) == ["old"]


@pytest.mark.parametrize("arguments", [("check", "plan.toml"), ("ranges", "--json"), ("--version",), ("--help",)])
def test_a_closed_pipe_ends_quietly(run: Run, plan: Path, arguments: tuple[str, ...]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = run(*arguments, env=PATH, stdout=writer)
    finally:
        os.close(writer)
    assert (done.returncode, done.stderr) == (141, b"")


def test_pipes_that_do_not_block_are_waited_for(plan: Path) -> None:
    script = "import os; os.set_blocking(1, False)\nfrom ipplan.cli.streams import deliver; deliver('x' * 1_000_000)"
    assert python(plan, script).stdout == b"x" * 1_000_000


def test_a_code_page_shows_what_it_lacks_escaped(run: Run, tmp_path: Path) -> None:
    (tmp_path / "plan.toml").write_text(BAD_PLAN.replace("vm-web", '"Z\u00fcrich-\u6771"'), encoding="utf-8")
    env = {**PATH, "PYTHONIOENCODING": "cp1252"}
    shown = run("check", "plan.toml", env=env).stdout
    assert "Z\u00fcrich-\\u6771" in shown.decode("cp1252")
    assert run("check", "plan.toml", "-o", "out", env=env).returncode == 1
    assert "Z\u00fcrich-\u6771" in (tmp_path / "out").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "arguments",
    [
        ("init", "-", "--name", "Z\u00fcrich \u6771"),
        ("import", "csv", "rows.csv"),
        ("export", "plan.toml", "netbox"),
    ],
    ids=" ".join,
)
def test_what_is_for_programs_is_utf_8_in_every_code_page(run: Run, plan: Path, arguments: tuple[str, ...]) -> None:
    plan.write_bytes(PLAN.replace(b"vm-web", '"Z\u00fcrich-\u6771"'.encode()))
    expected = run(*arguments).stdout
    assert "\u6771".encode() in expected
    done = run(*arguments, env={**PATH, "PYTHONIOENCODING": "cp1252"})
    assert (done.returncode, done.stdout) == (0, expected)
    (plan.parent / "made.toml").write_bytes(done.stdout)
    assert arguments[0] == "export" or run("check", "made.toml").returncode == 0


@pytest.mark.parametrize("arguments", [("lab", "plan.toml"), ("lab", "enter"), ("lab", "enter", "esg")])
def test_the_lab_says_that_it_needs_linux(plan: Path, arguments: tuple[str, ...]) -> None:
    script = f"""
import sys, ipplan.cli.lab, ipplan.lab.run, ipplan.lab.running
from ipplan.cli import main
sys.platform = "win32"
sys.exit(main({[*arguments, *(("--from", "vm-web", "--to", "vm-db") if arguments[1] != "enter" else ())]}))
"""
    done = python(plan, script)
    assert done.returncode == 2
    assert (
        "error: a lab needs network namespaces, which only Linux has; this is win32\n"
        "help: run it on a Linux machine, or in a Linux virtual machine\n"
    ) in done.stderr.decode().replace(
        "note: 1 network has no range yet; placed as ipplan allocate would place it\n", ""
    )


def test_an_interruption_ends_with_its_status(plan: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "ipplan", "check", "-", "-o", "out"],
        cwd=plan.parent,
        env=PATH,
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    assert others(plan) == []


class Console(io.RawIOBase):
    """A console that shows some bytes at a time, while what is written to its descriptor goes elsewhere."""

    def __init__(self, descriptor: int) -> None:
        self.shown = b""
        self._descriptor = descriptor

    def fileno(self) -> int:
        return self._descriptor

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        taken = bytes(data[:7])
        self.shown += taken
        return len(taken)


@pytest.mark.parametrize("buffered", [True, False])
def test_a_console_gets_its_text_whole_and_not_at_its_descriptor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, buffered: bool
) -> None:
    with open(tmp_path / "descriptor", "wb") as elsewhere:
        console = Console(elsewhere.fileno())
        buffer: Any = io.BufferedWriter(console) if buffered else console
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(buffer, encoding="utf-8", write_through=not buffered))
        streams.deliver("Z\u00fcrich \u6771\n" * 100)
    monkeypatch.undo()
    assert console.shown.decode() == "Z\u00fcrich \u6771\n" * 100
    assert (tmp_path / "descriptor").read_bytes() == b""


@pytest.mark.parametrize(
    ("mode", "accepts", "colored"), [(7, True, True), (3, True, True), (3, False, False), (None, True, False)]
)
def test_only_a_console_that_knows_escapes_gets_them(
    plan: Path, mode: int | None, *, accepts: bool, colored: bool
) -> None:
    """With stand-ins for the two functions of the console: mode 4 is what it needs, and NUL has no mode."""
    script = f"""
import ctypes, types
def get(handle, mode):
    if {mode} is not None:
        mode._obj.value = {mode}
    return {mode} is not None
def set(handle, mode):
    assert mode == 7
    return {accepts}
ctypes.windll = types.SimpleNamespace(kernel32=types.SimpleNamespace(GetConsoleMode=get, SetConsoleMode=set))
from ipplan.cli.system import understands_escapes
print(understands_escapes(1))
"""
    done = python(plan, script)
    assert done.stdout.decode().strip() == str(colored), done.stderr


def test_words_are_quoted_as_the_shell_takes_them(plan: Path) -> None:
    script = (
        "from ipplan.cli.system import quote_word as q; print(q('C:\\\\a\\\\plan.toml'), q('a b'), q('a&b'), q(''))"
    )
    assert python(plan, script).stdout == b'C:\\a\\plan.toml "a b" "a&b" ""\n'
