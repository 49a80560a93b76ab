"""-o FILE: never an input of the run, by whatever name, and a plan only with --force."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click
import pytest
from conftest import BAD_PLAN, GOOD_PLAN

from ipplan.cli import COMMANDS, LazyGroup
from ipplan.cli.outputs import INPUTS, holds_plan

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import Run

ROWS = "cidr,name\n10.1.0.0/24,web\n"

COMMANDS_THAT_READ = [
    ("check", "plan.toml"),
    ("check", "other.toml", "plan.toml"),
    ("check", "plan.toml", "--json"),
    ("check", "plan.toml", "-f", "sarif"),
    ("check", "other.toml", "--against", "plan.toml"),
    ("check", "other.toml", "--against", "csv:plan.toml"),
    ("allocate", "plan.toml"),
    ("allocate",),
    ("allocate", "plan.toml", "--write"),
    ("allocate", "plan.toml", "--dry-run"),
    ("allocate", "other.toml", "--previous", "plan.toml"),
    ("allocate", "missing.toml", "--previous", "plan.toml", "--json"),
    ("free", "plan.toml"),
    ("free",),
    ("why", "plan.toml", "vm-web"),
    ("why", "vm-web"),
    ("check",),
    ("show",),
    ("flows", "E"),
    ("export", "netbox"),
    ("show", "plan.toml"),
    ("show", "plan.toml", "--map"),
    ("map", "plan.toml"),
    ("lookup", "10.0.0.1", "--plan", "plan.toml"),
    ("ranges", "diff", "2025-10-03", "2025-10-03", "--plan", "plan.toml"),
    ("topology", "plan.toml"),
    ("topology", "plan.toml", "-f", "mermaid"),
    ("topology", "plan.toml", "-f", "svg"),
    ("flows", "plan.toml"),
    ("lab", "plan.toml", "--dry-run"),
    ("export", "plan.toml", "netbox"),
    ("import", "csv", "plan.toml"),
    ("import", "auto", "other.toml", "plan.toml"),
    ("diff", "plan.toml", "other.toml"),
    ("diff", "other.toml", "plan.toml"),
    # OLD cannot be read, so NEW is never opened, and the document on that would go where NEW is.
    ("diff", "missing.toml", "plan.toml", "--json"),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "plan.toml").write_text(GOOD_PLAN, encoding="utf-8")
    (tmp_path / "other.toml").write_text(GOOD_PLAN, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("arguments", COMMANDS_THAT_READ, ids=" ".join)
def test_no_command_writes_over_what_it_reads(run: Run, folder: Path, arguments: tuple[str, ...]) -> None:
    before = (folder / "plan.toml").stat()
    done = run(*arguments, "-o", "plan.toml", "--force")
    assert done.returncode == 2
    assert "cannot write plan.toml: this run reads it" in done.stderr.decode()
    assert done.stdout == b""
    after = (folder / "plan.toml").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert sorted(os.listdir(folder)) == ["other.toml", "plan.toml"]


@pytest.mark.parametrize("spelling", ["./plan.toml", "sub/../plan.toml", "absolute", "symbolic", "hard", "chain"])
def test_another_spelling_of_an_input_is_the_input(run: Run, folder: Path, spelling: str) -> None:
    (folder / "sub").mkdir()
    (folder / "symbolic").symlink_to("plan.toml")
    (folder / "chain").symlink_to("symbolic")
    os.link(folder / "plan.toml", folder / "hard")
    output = str(folder / "plan.toml") if spelling == "absolute" else spelling
    for arguments in (("check", "plan.toml"), ("allocate", "plan.toml", "--write")):
        done = run(*arguments, "-o", output, "--force")
        assert done.returncode == 2
        assert done.stderr.decode().splitlines()[0] in (
            f"error: cannot write {output}: this run reads it",
            f"error: cannot write {output}: this run reads it, as plan.toml",
        )
        assert (folder / "plan.toml").read_text() == GOOD_PLAN
    assert run("check", output, "-o", "plan.toml", "--force").returncode == 2


def test_an_input_that_cannot_be_read_is_not_replaced_by_the_report_on_it(run: Run, folder: Path) -> None:
    broken = "[networks.web]\nkind = \n"
    (folder / "broken").write_text(broken, encoding="utf-8")
    done = run("check", "broken", "--json", "-o", "broken")
    assert done.returncode == 2
    assert (folder / "broken").read_text() == broken


def test_standard_input_from_the_file_is_seen(run: Run, folder: Path) -> None:
    for name in ("-", "/dev/stdin"):
        with open(folder / "plan.toml", "rb") as plan:
            done = run("check", name, "-o", "plan.toml", "--force", stdin=plan)
        assert done.returncode == 2
        assert "cannot write plan.toml: this run reads it" in done.stderr.decode()
        assert (folder / "plan.toml").read_text() == GOOD_PLAN


def test_standard_output_into_an_input_is_seen(run: Run, folder: Path) -> None:
    with open(folder / "plan.toml", "ab") as plan:
        done = run("check", "plan.toml", stdout=plan)
    assert done.returncode == 2
    assert "it goes to plan.toml, which this run reads" in done.stderr.decode()
    assert (folder / "plan.toml").read_text() == GOOD_PLAN


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "plan.toml"),
        ("import", "csv", "rows.csv"),
        ("export", "plan.toml", "netbox"),
        ("schema",),
        ("rules",),
        ("ranges",),
        ("lookup", "10.0.0.1"),
    ],
    ids=" ".join,
)
def test_a_plan_is_replaced_only_by_force(run: Run, folder: Path, arguments: tuple[str, ...]) -> None:
    (folder / "rows.csv").write_text(ROWS, encoding="utf-8")
    done = run(*arguments, "-o", "other.toml")
    assert done.returncode == 2
    assert done.stderr.decode() == (
        "error: cannot write other.toml: it holds a plan\n"
        "help: name another file after -o, or add --force to replace the plan\n"
    )
    assert (folder / "other.toml").read_text() == GOOD_PLAN
    assert run(*arguments, "-o", "other.toml", "--force").returncode == 0
    assert (folder / "other.toml").read_text() != GOOD_PLAN


def test_a_report_is_replaced_without_a_word(run: Run, folder: Path) -> None:
    for arguments in (("check", "plan.toml"), ("rules", "-f", "markdown"), ("allocate", "--json")):
        for _ in range(2):
            assert run(*arguments, "-o", "out.toml" if "check" in arguments else "out").returncode == 0


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("p", GOOD_PLAN, True),
        ("p", BAD_PLAN, True),
        ("p", "schema = 1\n", True),
        ("p", "plan.name = 'x'\n", True),
        ("p", "  [ plan ]\r\n", True),
        ("p.toml", "[networks.web]\nkind = \n", True),
        ("p", "# Rules\n\n```toml\n[networks.web]\nkind = 'vcs-vm'\n```\n\nThe network is fine.\n", False),
        ("p.toml", "[tool.ruff]\nline-length = 110\n", False),
        ("p", '{"schema": "ipplan.check/1"}', False),
        ("p", "", False),
        ("missing", None, False),
    ],
)
def test_what_a_plan_is(tmp_path: Path, name: str, text: str | None, *, expected: bool) -> None:
    if text is not None:
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert holds_plan(str(tmp_path / name)) is expected


def commands() -> Iterator[click.Command]:
    group = LazyGroup("ipplan")
    for name in COMMANDS:
        command = group.get_command(click.Context(group), name)
        assert command is not None
        yield command
        if isinstance(command, click.Group):
            yield from command.commands.values()


def test_every_command_with_an_output_guards_it() -> None:
    for command in commands():
        options = {word for param in command.params for word in param.opts}
        assert ("-o" in options) <= ("--force" in options), command.name


def test_every_parameter_that_takes_a_file_is_known() -> None:
    for command in commands():
        if not any("-o" in param.opts for param in command.params):
            continue
        for param in command.params:
            words = (param.metavar or "").strip("[].")
            editions = command.name == "diff" and param.name in ("old", "new")
            if words in ("PLAN", "FILE", "OLD", "NEW") and param.name != "output_file" and not editions:
                assert param.name in INPUTS, f"{command.name} {param.name}"
