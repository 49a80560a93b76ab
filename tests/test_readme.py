"""The documentation, by running it: commands and their output, CI's command, links, and that nothing is left out.

`pytest --update-golden` rewrites the output of every `console` block that starts with `$ ipplan`.
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
    from collections.abc import Callable

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```console\n\$ ((?:sed [^\n|]*\| )?ipplan [^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
WIDTH = 110


def blocks() -> list[tuple[Path, str]]:
    """Return each documented command with its page."""
    return [(page, match[1]) for page in PAGES for match in BLOCK.finditer(page.read_text(encoding="utf-8"))]


@pytest.mark.parametrize(("page", "command"), blocks(), ids=lambda value: value if isinstance(value, str) else None)
def test_documented_output(
    page: Path, command: str, tmp_path: Path, show_on_terminal: Callable[..., str], *, update_golden: bool
) -> None:
    for sample in (ROOT / "sample-plans").iterdir():
        shutil.copy(sample, tmp_path)
    script = f'ipplan() {{ "$PYTHON" -m ipplan "$@"; }}; {command}'
    shown = show_on_terminal(["sh", "-c", script], folder=tmp_path, width=WIDTH, errors=True)
    actual = "\n".join(line.rstrip() for line in shown.splitlines()).strip("\n") + "\n"
    text = page.read_text(encoding="utf-8")
    if update_golden:
        text = BLOCK.sub(
            lambda match: f"```console\n$ {command}\n{actual}```" if match[1] == command else match[0], text
        )
        page.write_text(text, encoding="utf-8")
    assert actual in [match[2] for match in BLOCK.finditer(text) if match[1] == command]


def test_every_kind_of_output_is_shown() -> None:
    assert {command.split()[1] for _, command in blocks()} >= {"check", "allocate", "lookup", "ranges"}


def test_ci_runs_the_second_command_of_the_readme() -> None:
    commands = re.findall(r"^```sh\n(.*?)\n```$", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert commands[0].endswith("&& .venv/bin/ipplan allocate --byoip 10.50.0.0/12")
    assert commands[1] in (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
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
