"""The documentation, by running it: commands and their output, CI's command, links, and that nothing is left out.

A page is followed from top to bottom in a folder that holds the sample plans. A block below a line "`FILE`:" is written to
that file; each line of a `console` block that starts with "$ " is run, and the lines below it are what it prints.
`pytest --update-golden` rewrites these lines.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import pytest
import yaml

from ipplan import __version__, project
from ipplan.catalog import load_catalog
from ipplan.checks import check_plan
from ipplan.cli import COMMANDS
from ipplan.cli.exit_codes import EXIT_CODES
from ipplan.plan.load import parse_plan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Run

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(
    r"^(?:`(?P<file>[^`\n]+)`:\n\n```\w+\n(?P<text>.*?)|```console\n(?P<session>.*?))^```$", re.MULTILINE | re.DOTALL
)
WIDTH = 110


def page_name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def commands_in(session: str) -> Iterator[str]:
    """Yield each command of a console block; one that ends in a backslash goes on in the next line."""
    lines = iter(session.splitlines())
    for line in lines:
        if line.startswith("$ "):
            command = line[2:]
            while command.endswith("\\"):
                command += "\n" + next(lines)
            yield command


def documented_commands() -> list[str]:
    texts = [page.read_text(encoding="utf-8") for page in PAGES]
    sessions = [match["session"] or "" for text in texts for match in BLOCK.finditer(text)]
    return [command for session in sessions for command in commands_in(session)]


def follow(text: str, folder: Path, show_on_terminal: Callable[..., str]) -> str:
    """Do what a page says in a folder, and return the page with what its commands print now."""

    def follow_block(match: re.Match[str]) -> str:
        if match["file"] is not None:
            path = folder / match["file"]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(match["text"], encoding="utf-8")
            return match[0]
        session = "".join(f"$ {command}\n{printed(command)}" for command in commands_in(match["session"]))
        return f"```console\n{session}```"

    def printed(command: str) -> str:
        script = f'ipplan() {{ "$PYTHON" -m ipplan "$@"; }}; {command}'
        shown = show_on_terminal(["sh", "-c", script], folder=folder, width=WIDTH, errors=True)
        lines = "\n".join(line.rstrip() for line in shown.splitlines()).strip("\n")
        return f"{lines}\n" if lines else ""

    return BLOCK.sub(follow_block, text)


@pytest.mark.parametrize("page", [page for page in PAGES if "```console" in page.read_text("utf-8")], ids=page_name)
def test_documented_output(
    page: Path, tmp_path: Path, show_on_terminal: Callable[..., str], *, update_golden: bool
) -> None:
    for sample in (ROOT / "sample-plans").iterdir():
        shutil.copy(sample, tmp_path)
    text = page.read_text(encoding="utf-8")
    actual = follow(text, tmp_path, show_on_terminal)
    if update_golden:
        page.write_text(actual, encoding="utf-8")
        return
    assert actual == text


def test_every_kind_of_output_is_shown() -> None:
    assert {command.split()[1] for command in documented_commands() if command.startswith("ipplan ")} >= {
        "check",
        "allocate",
        "lookup",
        "ranges",
    }


def test_ci_runs_the_second_command_of_the_readme() -> None:
    commands = re.findall(r"^```sh\n(.*?)\n```$", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert commands[0].endswith("&& .venv/bin/ipplan allocate --byoip 10.50.0.0/12")
    assert commands[1] in (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("page", [*PAGES, ROOT / "CHANGELOG.md"], ids=page_name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8")):
        assert target.startswith("https://") or (page.parent / target).exists(), target


def test_the_first_page_leads_to_every_other_one() -> None:
    text = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    listed = dict(re.findall(r"^- \[(.+)\]\(([^)]+)\)$", text, re.MULTILINE))
    titles = {page: page.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ") for page in PAGES[1:]}
    others = {
        title: page.relative_to(ROOT / "docs").as_posix() for page, title in titles.items() if page.stem != "index"
    }
    assert listed == others


def test_the_plan_on_the_first_page_is_a_plan() -> None:
    text = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    (plan_text,) = re.findall(r"^```toml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    plan = parse_plan(plan_text.encode(), "index.md")
    assert [finding for finding in check_plan(plan, load_catalog()) if finding.severity == "error"] == []


def test_the_readme_is_short_and_names_every_command_and_exit_code() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 150
    rows = re.findall(r"^\| ([^|]+) \|", text, re.MULTILINE)
    assert {name for row in rows for name in re.findall(r"`([a-z]+)`", row)} == set(COMMANDS)
    assert {int(row) for row in rows if row.isdigit()} == set(EXIT_CODES)


PICTURES = {
    "landscape.svg": "topology reference-architecture.toml -o FILE",
    "flow.svg": "topology reference-architecture.toml --flow C -o FILE",
    "map.svg": "map reference-architecture.toml --allocated --cluster icp-prod -o FILE",
}


@pytest.mark.parametrize("name", PICTURES)
def test_the_pictures_are_those_that_ipplan_draws(name: str, run: Run, tmp_path: Path, *, update_golden: bool) -> None:
    assert sorted(path.name for path in (ROOT / "docs" / "images").iterdir()) == sorted(PICTURES)
    shutil.copy(ROOT / "sample-plans" / "reference-architecture.toml", tmp_path)
    done = run(*PICTURES[name].replace("FILE", name).split())
    assert done.returncode == 0, done.stderr
    picture = ROOT / "docs" / "images" / name
    if update_golden:
        shutil.copy(tmp_path / name, picture)
    assert picture.read_bytes() == (tmp_path / name).read_bytes()


def test_the_page_on_flows_names_every_end_and_result() -> None:
    from ipplan.flows.model import END_WORDS, Result

    text = (ROOT / "docs" / "reference" / "flows.md").read_text(encoding="utf-8")
    ends = text.split("## How a way ends", 1)[1].split("##", 1)[0]
    assert re.findall(r"^\| ([a-z][a-z-]*) \| [^|]+\|[^|]*\|$", ends, re.MULTILINE)[1:] == list(END_WORDS)
    results = text.split("## Results", 1)[1].split("##", 1)[0]
    assert re.findall(r"^\| ([a-z]+) \| [^|]+\|$", results, re.MULTILINE)[1:] == list(get_args(Result))


def blocks_named(page: str, name: str) -> str:
    """Return the text that a page gives for a file."""
    texts = [m["text"] for m in BLOCK.finditer((ROOT / page).read_text(encoding="utf-8")) if m["file"] == name]
    assert len(texts) == 1, name
    return texts[0]


def scripts_in(pipeline: Any) -> list[str]:
    """Return the shell scripts of a workflow of GitHub or a job of GitLab, but for what prepares the machine."""
    if "jobs" in pipeline:
        steps = [step for job in pipeline["jobs"].values() for step in job["steps"]]
        assert all(("uses" in step) != ("run" in step) for step in steps)
        return [step["run"] for step in steps if "run" in step and not step["run"].startswith("pip install")]
    return [line for job in pipeline.values() for line in job["script"]]


@pytest.mark.posix
@pytest.mark.parametrize("name", [".github/workflows/plan.yml", ".gitlab-ci.yml"])
def test_the_pipelines_of_the_guide_run(name: str, tmp_path: Path) -> None:
    pipeline = yaml.safe_load(blocks_named("docs/how-to/ci.md", name))
    shutil.copy(ROOT / "sample-plans" / "two-clusters.toml", tmp_path / "plan.toml")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHON": sys.executable, "GITHUB_BASE_REF": "main"}
    environment["GITHUB_STEP_SUMMARY"] = str(tmp_path / "summary.md")
    shell = ["sh", "-e", "-c"]
    prepare = (
        "ipplan allocate plan.toml --write; git init -q -b main; git add plan.toml; "
        "git -c user.name=n -c user.email=e@example.com commit -q -m plan; git update-ref refs/remotes/origin/main HEAD"
    )
    for script in [prepare, *scripts_in(pipeline)]:
        command = f'ipplan() {{ "$PYTHON" -m ipplan "$@"; }}\n{script}'
        done = subprocess.run(
            [*shell, command], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, (script, done.stderr)
    written = re.findall(r"[\w-]+\.(?:html|json|xml|sarif)", yaml.safe_dump(pipeline))
    assert len(written) >= 2
    assert [file for file in written if not (tmp_path / file).is_file()] == []


@pytest.mark.parametrize("name", ["plan.toml", "sites/dallas/plan.toml"])
def test_the_hook_of_the_guide_is_there(name: str) -> None:
    (wanted,) = yaml.safe_load(blocks_named("docs/how-to/pre-commit.md", ".pre-commit-config.yaml"))["repos"]
    hooks = {hook["id"]: hook for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))}
    (hook,) = (hooks[hook["id"]] for hook in wanted["hooks"])
    assert hook["entry"] == "ipplan check"
    assert re.search(hook["files"], name)


@pytest.mark.parametrize("page", ["docs/how-to/ci.md", "docs/how-to/pre-commit.md"])
def test_guides_name_the_address_and_version_of_the_project(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    assert set(re.findall(r"https://ipplan\.example[^\s'@]*", text)) == {project.SOURCE}
    assert set(re.findall(r"v(\d+\.\d+\.\d+)", text)) == {__version__}
