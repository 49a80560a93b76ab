"""The pages of docs/reference that are made from the sources: nothing is left out, and they are up to date."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ipplan.plan.kinds import KINDS
from tools import build_reference

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
    document = page.split(f"\n(json-{path.stem})=\n")[1].split("\n## ")[1]
    described = set(re.findall(r"^\| `(?:[^`]*\.)?(\w+)` \|", document + shared, re.MULTILINE))
    assert set(keys_in(json.loads(path.read_text(encoding="utf-8")))) - described == set()


def test_the_pages_on_plans_have_every_key_and_kind() -> None:
    keys, kinds = (build_reference.PAGES[name]() for name in ("plan-keys.md", "kinds.md"))
    described = set(re.findall(r"^\| `([a-z-]+)` \|", keys, re.MULTILINE)) | set(re.findall(r"`\[+([a-z]+)", keys))
    schema = json.loads((ROOT / "ipplan" / "schemas" / "plan.json").read_text(encoding="utf-8"))
    assert set(keys_in(schema)) - described == set()
    assert set(KINDS) - set(re.findall(r"^\| `([a-z-]+)` \|", kinds, re.MULTILINE)) == set()


def test_check_fails_until_the_pages_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build_reference, "FOLDER", tmp_path)
    assert build_reference.main(["--check"]) == 1
    assert build_reference.main([]) == 0
    assert build_reference.main(["--check"]) == 0
    (tmp_path / "json.md").write_text("old", encoding="utf-8")
    assert build_reference.main(["--check"]) == 1
