"""`ipplan allocate --write`: the plan is the old or the new one, whole, whatever happens; nothing else changes."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from conftest import PYTHONPATH

from ipplan.cli.system import LOCK_FILE

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Run

PLAN = b"""\
# the plan of acme\r
schema = 1\r
[plan]\r
byoip = ["172.24.0.0/14"]   # all that we have\r
[networks.vm-web]\r
  kind   = "vcs-vm"  # web\r
  prefix = 24        # for now\r
[networks.vm-db]\r
kind = "vcs-vm"\r
cidr = "172.24.0.0/24"\r
[networks.icp-pods]\r
kind = "icp-pod" # no size"""
PINNED = PLAN.replace(b"prefix = 24 ", b'cidr = "172.24.1.0/24" ') + b'\r\ncidr = "172.25.0.0/16"'


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    path = tmp_path / "plan.toml"
    path.write_bytes(PLAN)
    return path


def others(folder: Path) -> list[str]:
    return sorted(name for name in os.listdir(folder) if name != "plan.toml")


def test_the_result_is_pinned_and_nothing_else_changes(run: Run, plan: Path) -> None:
    os.chmod(plan, 0o640)
    done = run("allocate", "plan.toml", "--write")
    assert done.returncode == 0
    assert plan.read_bytes() == PINNED
    assert stat.S_IMODE(plan.stat().st_mode) == 0o640
    assert done.stderr.decode() == "wrote 2 ranges into plan.toml\n"
    assert b"172.25.0.0/16" in done.stdout
    assert others(plan.parent) == []
    assert run("check", "plan.toml").returncode == 0


def test_a_second_run_changes_nothing(run: Run, plan: Path) -> None:
    run("allocate", "plan.toml", "--write")
    before = plan.stat()
    done = run("allocate", "plan.toml", "--write")
    after = plan.stat()
    assert done.returncode == 0
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert done.stderr.decode() == "nothing to write: every range in plan.toml is pinned\n"


def test_without_a_path_plan_toml_is_written(run: Run, plan: Path) -> None:
    assert run("allocate", "--write").returncode == 0
    assert plan.read_bytes() == PINNED


def test_a_dry_run_shows_the_difference_and_writes_nothing(run: Run, plan: Path) -> None:
    done = run("allocate", "plan.toml", "--dry-run")
    assert done.returncode == 0
    assert plan.read_bytes() == PLAN
    shown = done.stdout.decode()
    assert shown.startswith("--- a/plan.toml\n+++ b/plan.toml\n@@ -4,9 +4,10 @@\n")
    changed = [line for line in shown.splitlines()[3:] if line[0] in "+-"]
    assert changed == [
        "-  prefix = 24        # for now",
        '+  cidr = "172.24.1.0/24"        # for now',
        '-kind = "icp-pod" # no size',
        '+kind = "icp-pod" # no size',
        '+cidr = "172.25.0.0/16"',
    ]


def test_a_dry_run_that_would_change_nothing_shows_nothing(run: Run, plan: Path) -> None:
    plan.write_bytes(PINNED)
    assert run("allocate", "plan.toml", "--dry-run").stdout == b""


def test_the_shown_difference_can_be_applied(run: Run, plan: Path) -> None:
    plan.write_bytes(PLAN.replace(b"\r", b"") + b"\n")
    (plan.parent / "change.diff").write_bytes(run("allocate", "plan.toml", "--dry-run").stdout)
    assert run("allocate", "plan.toml", "--write").returncode == 0
    written = plan.read_bytes()
    plan.write_bytes(PLAN.replace(b"\r", b"") + b"\n")
    try:
        subprocess.run(["git", "apply", "change.diff"], cwd=plan.parent, check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("needs git")
    assert plan.read_bytes() == written


def test_frozen_fails_where_something_would_change(run: Run, plan: Path) -> None:
    done = run("allocate", "plan.toml", "--frozen")
    assert done.returncode == 1
    assert done.stderr.decode().startswith("error: 2 networks are not pinned: vm-web, icp-pods\n")
    assert plan.read_bytes() == PLAN
    plan.write_bytes(PINNED)
    assert run("allocate", "plan.toml", "--frozen").returncode == 0


def test_frozen_with_previous_fails_where_something_differs_from_it(run: Run, plan: Path) -> None:
    earlier = plan.parent / "allocation.json"
    earlier.write_bytes(run("allocate", "plan.toml", "--json").stdout)
    arguments = ("allocate", "plan.toml", "--previous", "allocation.json", "--frozen")
    assert run(*arguments).returncode == 0
    plan.write_bytes(PLAN + b'\r\n[networks.new]\r\nkind = "vcs-vm"\r\n')
    done = run(*arguments)
    assert done.returncode == 1
    assert "1 network is not pinned, and not where the previous allocation has it: new" in done.stderr.decode()


def test_previous_keeps_and_says_what_moves(run: Run, plan: Path) -> None:
    document = json.loads(run("allocate", "plan.toml", "--json").stdout)
    for row in document["allocations"]:
        if row["network"] == "vm-web":
            row["cidr"] = "172.24.77.0/24"
        if row["network"] == "icp-pods":
            row["cidr"] = "172.24.0.0/16"
    (plan.parent / "allocation.json").write_text(json.dumps(document), encoding="utf-8")
    done = run("allocate", "plan.toml", "--previous", "allocation.json", "--write")
    assert done.returncode == 0
    assert b'cidr = "172.24.77.0/24"' in plan.read_bytes()
    assert "icp-pods moved: 172.24.0.0/16 overlaps network vm-db 172.24.0.0/24" in done.stderr.decode()


@pytest.mark.parametrize("options", [(), ("--write",)])
def test_one_without_room_means_nothing_is_written(run: Run, plan: Path, options: tuple[str, ...]) -> None:
    text = PLAN + b'\r\n[networks.huge]\r\nkind = "vcs-vm"\r\nprefix = 14\r\n'
    plan.write_bytes(text)
    done = run("allocate", "plan.toml", *options)
    assert done.returncode == 1
    assert plan.read_bytes() == text
    assert others(plan.parent) == []
    assert b"172.24.1.0/24" not in done.stdout
    assert done.stdout.endswith(b"nothing allocated: 1 network found no place\n")


def test_a_link_stays_a_link(run: Run, plan: Path) -> None:
    folder = plan.parent / "elsewhere"
    folder.mkdir()
    plan.rename(folder / "real.toml")
    plan.symlink_to("elsewhere/real.toml")
    assert run("allocate", "plan.toml", "--write").returncode == 0
    assert os.readlink(plan) == "elsewhere/real.toml"
    assert (folder / "real.toml").read_bytes() == PINNED
    assert os.listdir(folder) == ["real.toml"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("-", "--write"), "a stream cannot be written back"),
        (("/dev/stdin", "--write"), "a stream cannot be written back"),
        (("--byoip", "172.24.0.0/14", "--write"), "need a plan file"),
        (("plan.toml", "--write", "--frozen"), "contradict each other"),
        (("plan.toml", "--dry-run", "--json"), "--dry-run shows a difference, which has no format json"),
        (("plan.toml", "--write", "-o", "plan.toml"), "cannot write plan.toml: this run reads it"),
        (("plan.toml", "--write", "--byoip", "10.224.0.0/12"), "would lie outside every pool of the plan"),
        (("plan.toml", "--previous", "plan.toml"), "is not a valid earlier allocation: it is not JSON"),
        (("plan.toml", "--previous", "missing.json"), "missing.json"),
    ],
)
def test_what_cannot_be_meant_is_refused(run: Run, plan: Path, arguments: tuple[str, ...], said: str) -> None:
    if arguments[0] == "--byoip":
        plan.unlink()
    done = run("allocate", *arguments, input=PLAN)
    assert done.returncode == 2
    assert said in done.stderr.decode()
    assert done.stdout == b""
    assert not plan.exists() or plan.read_bytes() == PLAN


def test_a_read_only_plan_is_left_alone(run: Run, plan: Path) -> None:
    os.chmod(plan, 0o444)
    if os.access(plan, os.W_OK):
        pytest.skip("permissions do not bind this user")
    done = run("allocate", "plan.toml", "--write")
    assert done.returncode == 2
    assert plan.read_bytes() == PLAN


def test_a_pipe_in_the_place_of_the_plan_is_refused_and_not_waited_for(run: Run, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "plan.toml")
    done = run("allocate", "plan.toml", "--write", timeout=20)
    assert done.returncode == 2
    assert "named pipe" in done.stderr.decode()


# The program with one call of the file functions that goes wrong: the call's name, its number, and what happens.
# The real functions do the real work on a real file system until then.
FAULT = r"""
import errno, os, signal, sys
name, number, fault = sys.argv[1], int(sys.argv[2]), sys.argv[3]
real, calls = getattr(os, name), 0
def faulty(*args, **rest):
    global calls
    calls += 1
    if calls == number:
        if fault == "KILL":
            os.kill(os.getpid(), 9)
        if fault == "INT":
            signal.raise_signal(signal.SIGINT)
        elif fault == "HALF":
            return real(args[0], bytes(args[1])[: max(1, len(args[1]) // 2)])
        else:
            if name == "close":
                real(*args)  # one that fails has closed all the same
            raise OSError(getattr(errno, fault), os.strerror(getattr(errno, fault)))
    return real(*args, **rest)
setattr(os, name, faulty)
sys.argv = ["ipplan", "allocate", "plan.toml", "--write", "-o", "shown.txt"]
from ipplan.__main__ import main
sys.exit(main())
"""
CALLS = {"open": 5, "write": 4, "fsync": 4, "replace": 2, "fchmod": 2, "fchown": 2, "close": 5, "stat": 6}
FAULTS = ("ENOSPC", "EIO", "EDQUOT", "EROFS", "INT", "KILL")
POINTS = [(name, n, fault) for name, most in CALLS.items() for n in range(1, most + 1) for fault in FAULTS]
POINTS += [("write", n, "HALF") for n in (1, 2)]


def faulty(plan: Path, name: str, number: int, fault: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-c", FAULT, name, str(number), fault],
        cwd=plan.parent,
        capture_output=True,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": PYTHONPATH},
        timeout=60,
        check=False,
    )


def hold_after_a_fault(plan: Path, name: str, number: int, fault: str) -> int:
    """Run with a fault; return the exit status after looking at what has to hold whatever happened."""
    plan.write_bytes(PLAN)
    done = faulty(plan, name, number, fault)
    assert plan.read_bytes() in (PLAN, PINNED), f"{name} {number} {fault}"
    assert b"Traceback" not in done.stderr
    left = [rest for rest in others(plan.parent) if rest != "shown.txt"]
    if fault == "KILL":
        assert all(rest.startswith((".plan.toml.", ".shown.txt.", LOCK_FILE)) for rest in left), "hidden, and named"
    else:
        assert left == [], f"{name} {number} {fault}"
        # A folder or mode that cannot be synced or kept loses nothing; all else is told.
        assert done.returncode in (0, 1, 2, 3, 130)
        if done.returncode == 0:
            assert plan.read_bytes() == PINNED
    for rest in left:
        os.unlink(plan.parent / rest)
    return done.returncode


@pytest.mark.parametrize(
    ("name", "number", "fault"),
    [
        ("write", 1, "ENOSPC"),
        ("write", 1, "KILL"),
        ("write", 1, "HALF"),
        ("fsync", 1, "EIO"),
        ("fsync", 1, "KILL"),
        ("replace", 1, "EROFS"),
        ("replace", 1, "KILL"),
        ("replace", 1, "INT"),
    ],
)
def test_the_plan_is_whole_after_a_fault(plan: Path, name: str, number: int, fault: str) -> None:
    status = hold_after_a_fault(plan, name, number, fault)
    if fault == "KILL":
        assert status == -signal.SIGKILL, "the fault has to happen for the test to say anything"
        assert plan.read_bytes() == PLAN
    elif fault == "INT":
        assert status == 130
    elif fault != "HALF":
        assert status == 2
        assert plan.read_bytes() == PLAN
    else:
        assert status == 0


@pytest.mark.parametrize(("name", "number"), [("write", 1), ("fsync", 1), ("replace", 1)])
def test_the_next_run_removes_what_a_killed_one_left(run: Run, plan: Path, name: str, number: int) -> None:
    for _ in range(2):
        assert faulty(plan, name, number, "KILL").returncode == -signal.SIGKILL
        left = [rest[:11] for rest in others(plan.parent) if rest != LOCK_FILE]
        assert left == [".plan.toml."], "one, whatever was there before"
    done = run("allocate", "plan.toml", "--write", "-o", "shown.txt")
    assert done.returncode == 0
    assert plan.read_bytes() == PINNED
    assert others(plan.parent) == ["shown.txt"]


def test_what_is_left_of_a_killed_report_is_removed(run: Run, plan: Path) -> None:
    left = plan.parent / ".shown.txt.0123456789ab.tmp"
    left.write_bytes(b"half")
    assert run("check", "plan.toml", "-o", "shown.txt").returncode == 0
    assert others(plan.parent) == ["shown.txt"]


def test_only_files_of_its_own_making_are_removed(run: Run, plan: Path) -> None:
    fcntl = pytest.importorskip("fcntl")
    kept = [
        ".plan.toml.0123456789ab.tmp~",
        ".plan.toml.0123456789aB.tmp",
        ".plan.toml.0123456789.tmp",
        ".plan.toml.swp",
        ".other.toml.0123456789ab.tmp",
        "plan.toml.0123456789ab.tmp",
        ".plan.toml.aaaaaaaaaaaa.tmp",
        ".plan.toml.bbbbbbbbbbbb.tmp",
        ".plan.toml.cccccccccccc.tmp",
    ]
    for name in kept[:6]:
        (plan.parent / name).write_bytes(b"")
    os.mkfifo(plan.parent / kept[6])
    (plan.parent / kept[7]).symlink_to("plan.toml")
    with open(plan.parent / kept[8], "w", encoding="utf-8") as living:
        # As a run that is still writing.
        fcntl.flock(living, fcntl.LOCK_EX)
        assert run("allocate", "plan.toml", "--write", timeout=20).returncode == 0
    assert others(plan.parent) == sorted(kept)
    assert run("check", "plan.toml").returncode == 0


REPLACE = r"""
import sys
from ipplan.cli import streams
for number in range(int(sys.argv[2])):
    streams.replace_file("plan.toml", b"x" * 100)
"""


def test_running_writers_do_not_remove_each_others_files(plan: Path) -> None:
    assert add_lines(plan, REPLACE, 4, 150) == {"x" * 100}
    assert others(plan.parent) == []


OVERTAKEN = r"""
import subprocess, sys
from ipplan.cli import streams
def overtake():
    other = "from ipplan.cli.streams import replace_file; replace_file('plan.toml', b'y')"
    subprocess.run([sys.executable, "-c", other], check=True)
if sys.argv[1] == "without locks":
    streams.system.lock = lambda descriptor: None
streams.replace_file("plan.toml", b"x", overtake)
"""


@pytest.mark.posix
@pytest.mark.parametrize(("locks", "status", "left"), [("with locks", 0, b"x"), ("without locks", 1, b"y")])
def test_a_lock_keeps_a_file_from_a_writer_that_comes_in_between(
    plan: Path, locks: str, status: int, left: bytes
) -> None:
    """The second writer runs when the first has written its file and not yet renamed it."""
    pytest.importorskip("fcntl")
    done = subprocess.run(
        [sys.executable, "-c", OVERTAKEN, locks],
        cwd=plan.parent,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": PYTHONPATH},
        stderr=subprocess.PIPE,
        check=False,
    )
    assert (done.returncode, plan.read_bytes(), others(plan.parent)) == (status, left, [])
    assert (b"no such file or directory" in done.stderr) is bool(status)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[pytest.mark.posix] * (n in ("fchmod", "fchown"))) for n in CALLS]
)
def test_the_plan_is_whole_after_any_fault(plan: Path, name: str) -> None:
    for call, number, fault in POINTS:
        if call == name:
            hold_after_a_fault(plan, call, number, fault)


def test_a_writer_that_truncates_fails_the_same_test(plan: Path) -> None:
    """The net has to hold the fish: a writer in place does lose the plan."""
    script = FAULT.replace(
        "from ipplan.__main__",
        "import ipplan.cli.streams as streams\n"
        "def in_place(target, data, old, look):\n"
        "    descriptor = os.open(target, os.O_WRONLY | os.O_TRUNC)\n"
        "    streams._write_all(descriptor, data)\n"
        "    os.close(descriptor)\n"
        "streams._replace = in_place\n"
        "from ipplan.__main__",
    )
    subprocess.run(
        [sys.executable, "-c", script, "write", "1", "KILL"],
        cwd=plan.parent,
        capture_output=True,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": PYTHONPATH},
        timeout=60,
        check=False,
    )
    assert plan.read_bytes() == b""


def test_a_file_size_limit_ends_in_one_line(plan: Path) -> None:
    lines = "".join(f'[networks.n{i}]\nkind = "vcs-vm"\nprefix = 28\n' for i in range(100))
    text = (PLAN + b"\n" + lines.encode()).replace(b"\r", b"")
    plan.write_bytes(text)
    done = subprocess.run(
        ["sh", "-c", f"ulimit -f 1; exec {sys.executable} -m ipplan allocate plan.toml --write"],
        cwd=plan.parent,
        capture_output=True,
        timeout=60,
        check=False,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": PYTHONPATH, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert done.returncode == 2
    assert done.stderr.decode().count("\n") == 1
    assert plan.read_bytes() == text
    assert others(plan.parent) == []


EDIT = r"""
import os, sys
import ipplan.cli.streams as streams
real = streams.replace_unchanged
def late(path, old, new):
    with open("plan.toml", "ab") as plan:
        plan.write(b"\n# a colleague was here\n")
    return real(path, old, new)
streams.replace_unchanged = late
sys.argv = ["ipplan", "allocate", "plan.toml", "--write"]
from ipplan.__main__ import main
sys.exit(main())
"""


def test_an_edit_between_reading_and_writing_is_not_lost(plan: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", EDIT],
        cwd=plan.parent,
        capture_output=True,
        timeout=60,
        check=False,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": PYTHONPATH},
    )
    assert done.returncode == 2
    assert "plan.toml was changed since it was read; nothing is written" in done.stderr.decode()
    assert plan.read_bytes() == PLAN + b"\n# a colleague was here\n"


# A plan, and what the ranges would make of it.
BROUGHT = [
    ("hosts = 60\ngrow-to = 28", "networks.vm.grow-to is /28, smaller than the network itself, a /26"),
    (
        'addresses = { vip = "172.24.9.9" }',
        "named-address: address vip of vm 172.24.0.0/24, 172.24.9.9, is not in the",
    ),
]


@pytest.mark.parametrize(("text", "said"), BROUGHT)
def test_no_plan_is_written_with_an_error_that_it_did_not_have(run: Run, plan: Path, text: str, said: str) -> None:
    before = f'[plan]\nbyoip = ["172.24.0.0/14"]\n[networks.vm]\nkind = "vcs-vm"\n{text}\n'.encode()
    plan.write_bytes(before)
    done = run("allocate", "plan.toml", "--write")
    assert done.returncode == 1
    assert done.stdout == b""
    assert "error: --write does not write plan.toml" in done.stderr.decode()
    assert said in done.stderr.decode()
    assert plan.read_bytes() == before
    assert others(plan.parent) == []
    shown = run("allocate", "plan.toml", "--dry-run")
    assert shown.returncode == 1
    assert b'+cidr = "172.24.0.0/2' in shown.stdout
    assert said in shown.stderr.decode()


def test_an_error_that_the_plan_has_already_does_not_hinder(run: Run, plan: Path) -> None:
    plan.write_bytes(PLAN + b'\r\n[networks.vm-db2]\r\nkind = "vcs-vm"\r\ncidr = "172.24.0.128/25"\r\n')
    assert run("check", "plan.toml").returncode == 1
    done = run("allocate", "plan.toml", "--write")
    assert done.returncode == 0
    assert done.stderr.decode().startswith("warning: the plan has 1 error; ipplan check lists them\n")
    assert b'cidr = "172.24.1.0/24"' in plan.read_bytes()


SAVE = r"""
import os, sys
real = os.fsync
def slow(descriptor):
    # What a colleague's editor does while the disk is busy.
    if not os.path.exists("saved"):
        open("saved", "w").close()
        SAVING
    return real(descriptor)
os.fsync = slow
sys.argv = ["ipplan", *sys.argv[1:]]
from ipplan.__main__ import main
sys.exit(main())
"""
IN_PLACE = """with open("plan.toml", "ab") as plan: plan.write(b"\\n# a colleague was here\\n")"""
BY_RENAME = """
        with open("plan.toml", "rb") as old: text = old.read()
        with open("new", "wb") as new: new.write(text + b"\\n# a colleague was here\\n")
        os.rename("new", "plan.toml")"""


def save_meanwhile(folder: Path, saving: str, *args: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-c", SAVE.replace("SAVING", saving), *args],
        cwd=folder,
        capture_output=True,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": PYTHONPATH},
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("saving", [IN_PLACE, BY_RENAME])
def test_an_editor_that_saves_while_the_disk_is_busy_loses_nothing(plan: Path, saving: str) -> None:
    done = save_meanwhile(plan.parent, saving, "allocate", "plan.toml", "--write")
    assert done.returncode == 2
    assert "plan.toml was changed since it was read; nothing is written" in done.stderr.decode()
    assert plan.read_bytes() == PLAN + b"\n# a colleague was here\n"
    assert others(plan.parent) == ["saved"]


def test_a_plan_that_is_removed_meanwhile_does_not_come_back(plan: Path) -> None:
    done = save_meanwhile(plan.parent, 'os.remove("plan.toml")', "allocate", "plan.toml", "--write")
    assert done.returncode == 2
    assert os.listdir(plan.parent) == ["saved"]


def test_init_does_not_replace_what_appears_meanwhile(tmp_path: Path) -> None:
    done = save_meanwhile(tmp_path, 'open("plan.toml", "w").write("mine")', "init")
    assert done.returncode == 2
    assert (tmp_path / "plan.toml").read_text() == "mine"
    assert others(tmp_path) == ["saved"]


@pytest.mark.posix
def test_a_held_lock_is_waited_for_and_then_told(run: Run, plan: Path) -> None:
    fcntl = pytest.importorskip("fcntl")
    folder = os.open(plan.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        done = run("allocate", "plan.toml", "--write")
    finally:
        os.close(folder)
    assert done.returncode == 2
    assert "cannot write plan.toml: another run holds the lock on its folder" in done.stderr.decode()
    assert plan.read_bytes() == PLAN


ADD = r"""
import sys
from ipplan.cli.streams import OutputProblem, read_input, replace_unchanged
for number in range(int(sys.argv[2])):
    while True:
        old = read_input("plan.toml")[0]
        try:
            replace_unchanged("plan.toml", old, old + f"# {sys.argv[1]} {number}\n".encode())
        except OutputProblem:
            continue
        break
"""


def add_lines(plan: Path, script: str, writers: int, lines: int) -> set[str]:
    plan.write_bytes(b"")
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(i), str(lines)],
            cwd=plan.parent,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": PYTHONPATH},
        )
        for i in range(writers)
    ]
    assert [p.wait(timeout=120) for p in processes] == [0] * writers
    return set(plan.read_text(encoding="utf-8").splitlines())


def test_several_writers_lose_nothing(plan: Path) -> None:
    writers, lines = 4, 15
    assert add_lines(plan, ADD, writers, lines) == {f"# {w} {n}" for w in range(writers) for n in range(lines)}


def test_without_the_comparison_they_do(plan: Path) -> None:
    """The net has to hold the fish: replacing whatever is there loses lines of others."""
    broken = ADD.replace(
        "replace_unchanged(",
        "__import__('time').sleep(0.01); __import__('ipplan.cli.streams').cli.streams.replace_file(",
    ).replace('"plan.toml", old, old', '"plan.toml", old')
    assert len(add_lines(plan, broken, 4, 15)) < 60


@pytest.mark.slow
def test_killing_at_any_time_leaves_a_whole_plan(plan: Path) -> None:
    for number in range(60):
        plan.write_bytes(PLAN)
        process = subprocess.Popen(
            [sys.executable, "-m", "ipplan", "allocate", "plan.toml", "--write"],
            cwd=plan.parent,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": PYTHONPATH},
        )
        time.sleep(0.05 + 0.005 * number)
        process.kill()
        process.wait()
        assert plan.read_bytes() in (PLAN, PINNED)


def test_five_thousand_networks_with_comments(run: Run, plan: Path) -> None:
    rows = ["# large", "schema = 1", "[plan]", 'byoip = ["172.24.0.0/14"]', ""]
    for number in range(5_000):
        rows += [
            f"# number {number}",
            f"[networks.vm-{number}] # \u00e9",
            '  kind = "vcs-vm"',
            "  prefix = 28  # small",
            "",
        ]
    text = "\r\n".join(rows).rstrip()
    plan.write_bytes(text.encode())
    assert run("allocate", "plan.toml", "--write", "-o", "shown.txt").returncode == 0
    written = plan.read_bytes().decode()
    old, new = text.split("\r\n"), written.split("\r\n")
    changed = [(a, b) for a, b in zip(old, new, strict=True) if a != b]
    assert len(changed) == 5_000
    assert all(a == "  prefix = 28  # small" and b.endswith('/28"  # small') for a, b in changed)
    before = plan.stat().st_mtime_ns
    assert run("allocate", "plan.toml", "--write", "-o", "shown.txt").returncode == 0
    assert plan.stat().st_mtime_ns == before


def test_a_plan_that_could_not_be_read_again_is_not_written(run: Run, tmp_path: Path) -> None:
    plan = tmp_path / "plan.toml"
    old = PLAN + b"\r\n# " + b"x" * (64 * 1024 * 1024 - len(PLAN) - 8)
    plan.write_bytes(old)
    assert run("check", str(plan)).returncode == 0
    done = run("allocate", str(plan), "--write")
    assert done.returncode == 2
    assert b"would exceed 64 MiB" in done.stderr
    assert plan.read_bytes() == old
