"""NetBox itself as a judge of what it is to import: its bulk import form, on its own database."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from netbox_server import DUMP, find_netbox, find_postgresql, run_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Judge, Run
    from netbox_server import Server

pytestmark = pytest.mark.judges

SAMPLES = Path(__file__).parent.parent.parent / "sample-plans"
HOSTILE = "=cmd|'/c calc'!A1 <script>alert(1)</script> \"quoted\", {{ x }} \\u202e"


@pytest.fixture(scope="module")
def netbox(judge: Judge) -> Iterator[Server]:
    """A running NetBox."""
    judge("redis-server", "Debian package redis-server")
    found, postgresql = find_netbox(), find_postgresql()
    if found is None or postgresql is None:
        pytest.skip("needs PostgreSQL (Debian package postgresql) and netbox (PyPI) in .venv-judges")
    version = DUMP.stem.partition("-")[2]
    if not list(found.parent.parent.glob(f"lib/python*/site-packages/netbox-{version}.dist-info")):
        pytest.skip(f"the dump is of NetBox {version}")
    with run_server(found, postgresql) as server:
        yield server


def exported(run: Run, plan: Path) -> str:
    done = run("export", str(plan), "netbox", "--force")
    assert done.returncode == 0, done.stderr
    return done.stdout.decode()


def test_the_form_takes_every_row_and_holds_what_the_plan_says(
    netbox: Server, run: Run, tmp_path: Path
) -> None:
    text = (SAMPLES / "reference-architecture.toml").read_text("utf-8")
    hostile = tmp_path / "hostile.toml"
    hostile.write_text(
        text.replace('"web tier"', '"""' + HOSTILE + '"""').replace(
            '"branch offices"', '"' + "x" * 500 + '"'
        ),
        encoding="utf-8",
    )
    plans = [
        *(
            SAMPLES / f"{name}.toml"
            for name in ("reference-architecture", "two-clusters", "ipv6", "conflicts")
        ),
        hostile,
    ]
    texts = [exported(run, plan) for plan in plans]
    for plan, written, answer in zip(plans, texts, netbox.import_prefixes(*texts), strict=True):
        rows = [
            [row["prefix"], row["status"], row["description"]] for row in csv.DictReader(io.StringIO(written))
        ]
        assert (answer["status"], answer["errors"]) == (302, []), plan.name
        assert sorted(answer["prefixes"]) == sorted(rows), plan.name
    assert any("<script>" in description for _, _, description in answer["prefixes"])


def test_the_form_refuses_what_is_wrong(netbox: Server) -> None:
    head = "prefix,status,description\r\n"
    texts = {
        "host bits": f"{head}10.50.0.0/12,active,\r\n",
        "twice": f"{head}10.48.0.0/16,active,\r\n10.48.0.0/16,active,\r\n",
        "unknown status": f"{head}10.48.0.0/16,used,\r\n",
        "unknown column": "prefix,status,colour\r\n10.48.0.0/16,active,red\r\n",
        "too long": f"{head}10.48.0.0/16,active,{'x' * 201}\r\n",
    }
    answers: dict[str, dict[str, Any]] = dict(
        zip(texts, netbox.import_prefixes(*texts.values()), strict=True)
    )
    assert {what: answer["status"] for what, answer in answers.items()} == dict.fromkeys(texts, 200)
    assert "Did you mean 10.48.0.0/12" in str(answers["host bits"]["errors"])
