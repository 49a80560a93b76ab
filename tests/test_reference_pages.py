"""The pages of docs/reference that are made from the sources: nothing is left out, and they are up to date."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pytest

from ipplan.cli import COMMANDS
from ipplan.cli.exit_codes import EXIT_CODES
from ipplan.plan.kinds import KINDS
from tools import build_reference
from tools.reference.commands import described_commands

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
SCHEMAS = [path for path in sorted((ROOT / "ipplan" / "schemas").glob("*.json")) if path.stem != "plan"]


def keys_in(schema: Any) -> Iterator[str]:
    """Yield each key of each object that a schema describes."""
    if isinstance(schema, dict):
        yield from schema.get("properties", {})
        for value in schema.values():
            yield from keys_in(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from keys_in(value)


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: path.stem)
def test_the_page_on_json_has_every_key(path: Path) -> None:
    page, shared = build_reference.PAGES["json.md"]().split("\n## Shared objects\n")
    document = page.split(f"\n## {path.stem} document\n")[1].split("\n## ")[0]
    described = set(re.findall(r"^\| `(?:[^`]*\.)?(\w+)` \|", document + shared, re.MULTILINE))
    assert set(keys_in(json.loads(path.read_text(encoding="utf-8")))) - described == set()


def test_the_pages_on_plans_have_every_key_and_kind() -> None:
    keys, kinds = (build_reference.PAGES[name]() for name in ("plan-keys.md", "kinds.md"))
    described = set(re.findall(r"^\| `([a-z-]+)` \|", keys, re.MULTILINE)) | set(re.findall(r"`\[+([a-z]+)", keys))
    schema = json.loads((ROOT / "ipplan" / "schemas" / "plan.json").read_text(encoding="utf-8"))
    assert set(keys_in(schema)) - described == set()
    assert set(KINDS) - set(re.findall(r"^\| `([a-z-]+)` \|", kinds, re.MULTILINE)) == set()


def test_the_page_on_commands_has_every_option_and_example() -> None:
    page = build_reference.PAGES["commands.md"]()
    shared = page.partition("\n## Common options\n")[2]
    assert {described.name.partition(" ")[0] for described in described_commands()} == set(COMMANDS)
    for name, command, _ in described_commands():
        section = re.split(rf"^##+ ipplan {name}$", page, flags=re.MULTILINE)[1].partition("\n## ")[0]
        for option in (param for param in command.params if isinstance(param, click.Option)):
            assert f"`{', '.join(sorted(option.opts, key=len))}" in section, (name, option.opts)
            assert option.help is not None
            assert option.help in section + shared, (name, option.opts)
        assert [line for _, line in command.examples if line not in section] == []


def test_the_page_on_exit_codes_has_the_codes_of_every_command() -> None:
    page = build_reference.PAGES["exit-codes.md"]()
    for name, command, _ in described_commands():
        codes = [int(code) for code in re.findall(rf"^\| \[{name}\]\([^)]+\) \| (\d+)", page, re.MULTILINE)]
        assert codes == list(command.exit_status)
        assert codes or isinstance(command, click.Group)
        assert set(codes) <= EXIT_CODES.keys()


def test_check_fails_until_the_pages_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build_reference, "FOLDER", tmp_path)
    assert build_reference.main(["--check"]) == 1
    assert build_reference.main([]) == 0
    assert build_reference.main(["--check"]) == 0
    (tmp_path / "json.md").write_text("old", encoding="utf-8")
    assert build_reference.main(["--check"]) == 1
