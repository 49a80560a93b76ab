"""The entry point: help, unknown words, default plan, exit statuses, interruptions and defects."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import click
import pytest
from conftest import GOOD_PLAN

import ipplan
from ipplan.cli import COMMANDS, main
from ipplan.cli.streams import ReaderGoneError, UsageProblem
from ipplan.plan.load import PlanError

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Run


@pytest.mark.parametrize("args", [("--version",), ("--version", "--help")])
def test_version(run: Run, args: tuple[str, ...]) -> None:
    done = run(*args)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"ipplan {ipplan.__version__}\n".encode(), b"")


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_lists_every_command(run: Run, option: str) -> None:
    done = run(option)
    assert (done.returncode, done.stderr) == (0, b"")
    for name, (_, line) in COMMANDS.items():
        assert any(text.split()[:1] == [name] and text.endswith(line) for text in done.stdout.decode().splitlines())


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(run: Run, name: str) -> None:
    first, second = run(name, "--help"), run(name, "-h")
    assert (first.returncode, first.stderr) == (0, b"")
    assert first.stdout.startswith(f"Usage: ipplan {name} ".encode())
    assert first.stdout == second.stdout


def test_nothing_asked_is_bad_usage(run: Run) -> None:
    done = run()
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"Write a plan:" in done.stderr


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("chekc",), "did you mean check?"),
        (("xyzzy",), "error: unknown command 'xyzzy'\n"),
        (("why", "plan.toml"), "error: missing argument NETWORK"),
        (("export", "plan.toml"), "error: missing argument TARGET"),
        (("check", "--frobnicate", "x"), "error: no such option"),
        (("check", "x", "-f", "xml"), "error: invalid value for"),
        (("check", "x", "--json", "-f", "csv"), "error: --json and --format csv contradict each other\n"),
        (("--frobnicate",), "error: no such option"),
        (("\x1b[2J",), "\\x1b[2J"),
    ],
)
def test_bad_usage(run: Run, args: tuple[str, ...], says: str) -> None:
    done = run(*args)
    text = done.stderr.decode()
    assert (done.returncode, done.stdout) == (2, b"")
    assert says in text
    assert "\nusage: ipplan" in text
    assert "Traceback" not in text
    assert "\x1b" not in text


@pytest.mark.parametrize(("command", "name"), [("flows", "C"), ("export", "nsx-esg"), ("why", "vm-web")])
def test_a_plan_behind_the_name_is_moved_to_the_front_by_the_advice(run: Run, command: str, name: str) -> None:
    done = run(command, name, "mine.toml")
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.decode().splitlines() == [
        f'error: "{name}" comes before the plan, "mine.toml"',
        f"help: write the plan first: mine.toml {name}",
    ]


@pytest.mark.parametrize(
    ("file", "text"), [("sheet.csv", "name,kind,cidr\nvm,vcs-vm,10.224.0.0/24\n"), ("config.YAML", "a: 1\n")]
)
@pytest.mark.parametrize("command", ["check", "allocate", "flows"])
def test_a_file_of_another_tool_given_as_a_plan_is_sent_to_import(
    run: Run, tmp_path: Path, command: str, file: str, text: str
) -> None:
    (tmp_path / file).write_text(text, encoding="utf-8")
    done = run(command, file)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.decode().splitlines() == [
        f"error: cannot read {file} as a plan: a plan is a TOML file",
        f"help: ipplan import auto {file} -o plan.toml makes a plan of it",
    ]


@pytest.mark.parametrize("name", ["check", "show", "map", "topology", "flows", "lab", "report", "why", "export"])
def test_a_command_without_a_plan_uses_plan_toml(run: Run, tmp_path: Path, name: str) -> None:
    rest = {"why": ("vm-web",), "export": ("netbox",), "lab": ("--dry-run",)}.get(name, ())
    missing = run(name, *rest)
    assert (missing.returncode, missing.stdout) == (2, b"")
    assert missing.stderr.decode() == (
        "error: no plan given, and no plan.toml in the working directory\nhelp: ipplan init writes one\n"
    )
    (tmp_path / "plan.toml").write_text(GOOD_PLAN, encoding="utf-8")
    implied, named = run(name, *rest), run(name, "plan.toml", *rest)
    assert (implied.returncode, implied.stdout) == (named.returncode, named.stdout)
    assert implied.stderr == b"note: no plan given, using plan.toml\n" + named.stderr


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("flows", "E"), "note: no plan given, using plan.toml\n"),
        (("flows", "e-to-f"), "'e-to-f' is not a flow"),
        (("flows", "x.toml"), "cannot read x.toml"),
        (("flows", "./E"), "cannot read ./E"),
        (("export", "nowhere"), 'unknown target "nowhere"'),
        (("export", "x.toml"), "missing argument TARGET"),
        (("why", "vm-wob"), "did you mean vm-web?"),
        (("why", "-"), "missing argument NETWORK"),
    ],
)
def test_a_single_word_is_a_plan_or_a_name(run: Run, tmp_path: Path, words: tuple[str, ...], says: str) -> None:
    (tmp_path / "plan.toml").write_text(GOOD_PLAN, encoding="utf-8")
    assert says in run(*words).stderr.decode()


def test_a_file_named_like_a_target_is_not_a_plan(run: Run, tmp_path: Path) -> None:
    (tmp_path / "plan.toml").write_text(GOOD_PLAN, encoding="utf-8")
    (tmp_path / "netbox").write_text("prefix\n", encoding="utf-8")
    assert run("export", "netbox").stdout.startswith(b'"prefix",')


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> type[Failing]:
    """A command that raises what it is told, in the place of a real one."""
    monkeypatch.setitem(COMMANDS, "check", (f"{__name__}:failing_command", "Fail."))
    return Failing


class Failing:
    """What the failing command does."""

    outcome: BaseException | int | None = None


@click.command("check")
def failing_command() -> int | None:
    """Fail."""
    if isinstance(Failing.outcome, BaseException):
        raise Failing.outcome
    return Failing.outcome


@pytest.mark.parametrize(
    ("outcome", "status", "says"),
    [
        (None, 0, ""),
        (0, 0, ""),
        (1, 1, ""),
        (UsageProblem("no such thing", "look there"), 2, "error: no such thing\nhelp: look there\n"),
        (click.UsageError("Wrong."), 2, "error: wrong.\n"),
        (click.FileError("f", "gone"), 2, "error: could not open file 'f': gone\n"),
        (ReaderGoneError(), 141, ""),
        (KeyboardInterrupt(), 130, "\n"),
        (click.Abort(), 130, "\n"),
        (PlanError("p.toml", ()), 2, "p.toml: cannot be read: 0 problems\n"),
        (
            RecursionError(),
            2,
            "error: the input is nested too deeply\n",
        ),
        (MemoryError(), 2, "error: the input is too large for the available memory\n"),
    ],
)
def test_outcomes(
    failing: type[Failing],
    capsys: pytest.CaptureFixture[str],
    outcome: BaseException | int | None,
    status: int,
    says: str,
) -> None:
    failing.outcome = outcome
    assert main(["check"]) == status
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(says)
    assert bool(captured.err) == bool(says)


def test_a_defect_is_reported_in_short(
    failing: type[Failing], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    failing.outcome = ZeroDivisionError("by \x1b[2J zero")
    monkeypatch.delenv("IPPLAN_TRACEBACK", raising=False)
    assert main(["check"]) == 3
    text = capsys.readouterr().err
    assert "a defect of ipplan" in text
    assert f"ipplan {ipplan.__version__}, Python {sys.version.split()[0]}" in text
    assert "  command: check\n" in text
    assert "ZeroDivisionError: by \\x1b[2J zero\n" in text
    assert "  at ipplan.cli line " in text
    assert "Traceback" not in text
    assert len(text.splitlines()) < 10

    monkeypatch.setenv("IPPLAN_TRACEBACK", "1")
    assert main(["check"]) == 3
    text = capsys.readouterr().err
    assert text.startswith("Traceback (most recent call last):\n")
    assert "\x1b" not in text


def test_an_interruption_ends_quietly(run: Run, tmp_path: Path) -> None:
    """Ctrl-C while the plan is awaited on standard input."""
    process = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
            "from ipplan.cli import main; print('ready', flush=True); sys.exit(main(['check', '-', '-o', 'out']))",
        ],
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={"PYTHONPATH": str(tmp_path.parent) + ":" + ipplan.__path__[0].rpartition("/")[0]},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    # It is reading when nothing but the end of the input is missing; sent too early, the outcome is the same.
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, b"", b"\n")
    assert list(tmp_path.iterdir()) == []


def test_completion_knows_the_commands(run: Run) -> None:
    env = {"_IPPLAN_COMPLETE": "bash_complete", "COMP_WORDS": "ipplan ch", "COMP_CWORD": "1"}
    assert b"check" in run(env=env).stdout
