"""The help pages: every example runs as it stands, and every page has the same sections at any width."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import click
import pytest
from conftest import ROOT

from ipplan.cli import COMMANDS, LazyGroup, main

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SAMPLES = ROOT / "sample-plans"
WIDTHS = (60, 80, 120)

ROWS = "name,kind,cidr,prefix\nvm-new,vcs-vm,,24\noffice,enterprise,10.70.0.0/24,\n"
PAGE = ROOT / "tests" / "importers" / "pages" / "ips-2025-10-03.md"


class Page(NamedTuple):
    """A command with the words that call it."""

    words: tuple[str, ...]
    command: click.Command
    context: click.Context

    def text(self, width: int) -> str:
        context = click.Context(self.command, info_name=self.words[-1], parent=self.context.parent)
        context.terminal_width = width
        return self.command.get_help(context)


def pages() -> Iterator[Page]:
    """Yield the help page of the program, of every command and of every subcommand."""
    group = LazyGroup("ipplan", help="x")
    root = click.Context(group, info_name="ipplan")
    for name in COMMANDS:
        command = group.get_command(root, name)
        assert command is not None
        context = click.Context(command, info_name=name, parent=root)
        yield Page((name,), command, context)
        for sub, subcommand in command.commands.items() if isinstance(command, click.Group) else ():
            yield Page((name, sub), subcommand, click.Context(subcommand, info_name=sub, parent=context))


PAGES = list(pages())


def examples(text: str) -> list[tuple[str, str]]:
    """Return comment and command of each example of a page."""
    section = text.partition("\nExamples:\n")[2].partition("\n\n")[0]
    lines = [line.strip() for line in section.splitlines()]
    return [(comment.removeprefix("# "), command) for comment, command in zip(lines[::2], lines[1::2], strict=True)]


EXAMPLES = [(page, *example) for page in PAGES for example in examples(page.text(80))]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the examples assume: the sample plans, a plan of their own, and what other tools wrote."""
    for sample in SAMPLES.iterdir():
        shutil.copy(sample, tmp_path)
    plan = (tmp_path / "reference-architecture.toml").read_text(encoding="utf-8")
    (tmp_path / "plan.toml").write_text(plan, encoding="utf-8")
    (tmp_path / "old.toml").write_text(plan, encoding="utf-8")
    (tmp_path / "new.toml").write_text(plan + '[networks.vm-more]\nkind = "vcs-vm"\nprefix = 24\n', encoding="utf-8")
    (tmp_path / "networks.csv").write_text(ROWS, encoding="utf-8")
    shutil.copy(PAGE, tmp_path)
    monkeypatch.chdir(tmp_path)
    assert main(["ranges", "import", PAGE.name, "-o", "ranges.csv"]) == 0
    return tmp_path


@pytest.mark.parametrize("page", PAGES, ids=lambda page: " ".join(page.words))
def test_every_page_has_two_examples_of_its_command(page: Page) -> None:
    found = examples(page.text(80))
    assert len(found) >= 2
    assert any(f"ipplan {' '.join(page.words)}" in command for _, command in found)


@pytest.mark.parametrize(("page", "comment", "command"), EXAMPLES, ids=[command for *_, command in EXAMPLES])
def test_every_example_runs_as_it_stands(
    page: Page, comment: str, command: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    del page
    _, _, call = command.rpartition("| ")
    words = shlex.split(call)
    assert words[0] == "ipplan"
    if "(needs " in comment:
        assert_parsed(words[1:])
        return
    if words[1:] in (["init"], ["init", "--table", "networks.csv"]):
        (folder / "plan.toml").unlink()
        (folder / "networks.csv").unlink()
    capsys.readouterr()
    status = main(words[1:])
    said = capsys.readouterr()
    # What check finds is a result too, and its examples may show some.
    assert status == 0 or (status == 1 and words[1] == "check"), said.err
    files = [folder / word for option, word in pairwise(words) if option == "-o"]
    assert all(file.exists() for file in files)
    assert bool(said.out) != bool(files) or "--write" in words or words[1] == "init"


def assert_parsed(words: list[str]) -> None:
    """Parse a command line that cannot run here, and fail for an option or argument that its command does not take."""
    page = max((page for page in PAGES if tuple(words[: len(page.words)]) == page.words), key=lambda p: len(p.words))
    rest = words[len(page.words) :]
    page.command.make_context(page.words[-1], rest, parent=page.context.parent)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("page", PAGES, ids=lambda page: " ".join(page.words))
def test_a_page_has_its_sections_in_order_and_fits(page: Page, width: int) -> None:
    text = page.text(width)
    assert "\x1b" not in text
    headings = [line for line in text.splitlines() if line.endswith(":") and not line.startswith(" ")]
    options = (
        ["Options:", "Commands:", "Common options:"] if "Common options:" in headings else ["Commands:", "Options:"]
    )
    order = ["Arguments:", "Examples:", *options, "Exit status:"]
    assert headings == [heading for heading in order if heading in headings]
    commands = {command for _, command in examples(text)}
    long = [line for line in text.splitlines() if len(line) > width and line.strip() not in commands]
    assert long == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: " ".join(page.words))
def test_a_page_explains_every_argument(page: Page) -> None:
    text = page.text(80)
    section = text.partition("\nArguments:\n")[2].partition("\n\n")[0]
    for param in page.command.params:
        if isinstance(param, click.Argument) and page.words != ("lab",):
            assert param.metavar is not None
            assert f"  {param.metavar.strip('[].')} " in section
    if "[PLAN]" in text.splitlines()[0]:
        assert '"-" for standard input. Default: plan.toml' in " ".join(section.split())


def test_common_options_have_the_same_words_everywhere() -> None:
    common: dict[str, set[str]] = {}
    for page in PAGES:
        own, _, section = page.text(120).rpartition("ptions:\n")
        section = section.partition("\n\n")[0]
        assert "  -h, --help " in section
        for name in ("--ranges-edition", "--ranges FILE", "--output", "--color", "--columns", "--wide", "--json"):
            line = next((line for line in section.splitlines() if name in line[:30]), None)
            if line is not None:
                common.setdefault(name, set()).add(" ".join(line.split()))
            assert not any(name in line[:30] for line in own.splitlines() if line.startswith("  -"))
    assert {name: len(lines) for name, lines in common.items()} == dict.fromkeys(common, 1)
    assert len(common) == 7


def test_the_front_page_leads_to_everything(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    listed = [line.split()[0] for line in text.splitlines() if line.startswith("  ") and line.split()[0] in COMMANDS]
    assert listed == list(COMMANDS)
    for shell in ("bash", "zsh", "fish"):
        assert f"_IPPLAN_COMPLETE={shell}_source ipplan" in text
    assert text.index("ipplan init\n") < text.index("\nWrite a plan:\n")
    assert "README.md and docs/" in text.splitlines()[-1]


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_the_line_of_the_front_page_switches_completion_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("  bash"))
    program = tmp_path / "ipplan"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m ipplan "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    done = subprocess.run(
        ["bash", "--norc", "-c", f"{line.removeprefix('  bash').strip()}\ncomplete -p ipplan"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"PATH": f"{tmp_path}:/usr/bin:/bin", "PYTHONPATH": str(ROOT)},
    )
    assert "-F _ipplan_completion ipplan" in done.stdout
