"""The documentation, by running it: commands and their output, CI's command, links, and that nothing is left out.

A page is followed from top to bottom in a folder that holds the sample plans. A block below a line "`FILE`:" is written to
that file; each line of a `console` block that starts with "$ " is run, and the lines below it are what it prints.
`pytest --update-golden` rewrites these lines.
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import pytest

from ipplan.plan.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

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


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8")):
        assert target.startswith("https://") or (page.parent / target).exists(), target


def test_the_page_on_plan_files_names_every_key_and_kind() -> None:
    text = (ROOT / "docs" / "reference" / "plan-file.md").read_text(encoding="utf-8")
    schema = json.loads((ROOT / "ipplan" / "schemas" / "plan.json").read_text(encoding="utf-8"))
    tables = [schema["properties"][name] for name in ("plan", "integration")]
    tables += [schema["properties"][name]["items"] for name in ("avoid", "waive")]
    tables += [schema["$defs"][name] for name in ("cluster", "edge", "site", "link", "nat", "network")]
    names = {key for table in tables for key in table["properties"]} | set(KINDS)
    assert {name for name in names if f"`{name}`" not in text} == set()
    assert {name for name in schema["properties"] if not re.search(rf"[`\[]{name}[`\].]", text)} == set()


def test_the_plan_in_the_readme_is_a_plan() -> None:
    from ipplan.catalog import load_catalog
    from ipplan.checks import check_plan
    from ipplan.plan.load import parse_plan

    (text,) = re.findall(
        r"^```toml\n(.*?)^```$", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    plan = parse_plan(text.encode(), "README.md")
    assert [f for f in check_plan(plan, load_catalog()) if f.severity == "error"] == []


def test_the_page_on_flows_names_every_end_and_result() -> None:
    from ipplan.flows.model import END_WORDS, Result

    text = (ROOT / "docs" / "reference" / "flows.md").read_text(encoding="utf-8")
    ends = text.split("## How a way ends", 1)[1].split("##", 1)[0]
    assert re.findall(r"^\| ([a-z][a-z-]*) \| [^|]+\|[^|]*\|$", ends, re.MULTILINE)[1:] == list(END_WORDS)
    results = text.split("## Results", 1)[1].split("##", 1)[0]
    assert re.findall(r"^\| ([a-z]+) \| [^|]+\|$", results, re.MULTILINE)[1:] == list(get_args(Result))
