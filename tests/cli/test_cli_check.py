"""`ipplan check` and `ipplan schema` as users call them, as processes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from conftest import BAD_PLAN, GOOD_PLAN

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Run

WARNING_PLAN = """\
schema = 1
[plan]
byoip = ["172.24.0.0/14"]
[clusters.one]
platform = "iks"
[clusters.two]
platform = "iks"
"""


def test_a_good_plan_passes(run: Run, good_plan: Path) -> None:
    done = run("check", good_plan.name)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"good.toml: no findings, 2 networks checked against IBM Cloud ranges of 20")


def test_an_overlap_fails_and_says_where(run: Run, bad_plan: Path) -> None:
    done = run("check", bad_plan.name)
    assert (done.returncode, done.stderr) == (1, b"")
    head, place, second, shared, *_ = done.stdout.decode().splitlines()
    assert head.startswith("error[network-overlap]: ")
    assert place == "  --> bad.toml:10:8  networks.vm-db.cidr"
    assert second == "  and bad.toml:7:8  networks.vm-web.cidr"
    assert shared == "   |  shared  172.24.0.128-172.24.0.255 (128 addresses)"


@pytest.mark.parametrize("options", [("--json",), ("-f", "json"), ("--format=json",), ("-fjson",)])
def test_json(run: Run, bad_plan: Path, options: tuple[str, ...]) -> None:
    done = run("check", bad_plan.name, *options)
    assert (done.returncode, done.stderr) == (1, b"")
    document = json.loads(done.stdout)
    assert document["schema"] == "ipplan.check/1"
    assert document["plan"] == {"name": "clash", "file": "bad.toml"}
    assert [finding["rule"] for finding in document["findings"]] == ["network-overlap"]


def test_csv_and_markdown(run: Run, bad_plan: Path) -> None:
    assert run("check", bad_plan.name, "-f", "csv").stdout.splitlines()[1].startswith(b"error,network-overlap,")
    assert (
        run("check", bad_plan.name, "-f", "markdown").stdout.splitlines()[2].startswith(b"| error | network-overlap |")
    )


def test_standard_input(run: Run) -> None:
    done = run("check", "-", "--json", input=BAD_PLAN.encode())
    assert done.returncode == 1
    assert json.loads(done.stdout)["plan"]["file"] == "<stdin>"
    for name in ("/dev/stdin", "/dev/fd/0"):
        assert run("check", name, input=GOOD_PLAN.encode()).returncode == 0
    twice = run("check", "-", "-", input=GOOD_PLAN.encode())
    assert twice.returncode == 2
    assert b"only once" in twice.stderr


def test_several_plans(run: Run, good_plan: Path, bad_plan: Path) -> None:
    done = run("check", good_plan.name, bad_plan.name, "--json", "--separate")
    assert done.returncode == 1
    document = json.loads(done.stdout)
    assert document["schema"] == "ipplan.check-list/1"
    assert (document["ok"], document["summary"]["error"]) == (False, 1)
    assert [(check["plan"]["file"], check["ok"]) for check in document["checks"]] == [
        ("good.toml", True),
        ("bad.toml", False),
    ]
    assert run("check", good_plan.name, bad_plan.name, "--separate").stdout.endswith(b"\n2 plans: 1 error\n")


def test_strict_makes_warnings_fail(run: Run, tmp_path: Path) -> None:
    (tmp_path / "plan.toml").write_text(WARNING_PLAN)
    assert run("check", "plan.toml").returncode == 0
    assert json.loads(run("check", "plan.toml", "--json").stdout)["ok"] is True
    strict = run("check", "plan.toml", "--strict", "--json")
    assert strict.returncode == 1
    assert json.loads(strict.stdout)["ok"] is False


def test_select_and_ignore(run: Run, bad_plan: Path) -> None:
    assert run("check", bad_plan.name, "--ignore", "network-overlap").returncode == 0
    assert run("check", bad_plan.name, "--select", "network-overlap").returncode == 1
    assert run("check", bad_plan.name, "--select", "pool-overlap").returncode == 0
    wrong = run("check", bad_plan.name, "--select", "network-overlapp")
    assert wrong.returncode == 2
    assert b"did you mean network-overlap?" in wrong.stderr
    assert wrong.stdout == b""


def test_editions(run: Run, good_plan: Path) -> None:
    done = run("check", good_plan.name, "--json", "--ranges-edition", "2018-11-30")
    assert json.loads(done.stdout)["made_by"]["ranges_edition"] == "2018-11-30"
    wrong = run("check", good_plan.name, "--ranges-edition", "1999-01-01")
    assert wrong.returncode == 2
    assert b"2018-11-30" in wrong.stderr


def test_a_plan_that_cannot_be_read(run: Run, unreadable_plan: Path) -> None:
    done = run("check", unreadable_plan.name)
    assert (done.returncode, done.stdout) == (2, b"")
    text = done.stderr.decode()
    assert "  --> unreadable.toml:3:8  networks.vm-web.kind\n" in text
    assert "  --> unreadable.toml:4:8  networks.vm-web.cidr\n" in text
    assert text.endswith("unreadable.toml: cannot be read: 2 problems\n")


def test_a_plan_that_cannot_be_read_as_json(run: Run, unreadable_plan: Path, tmp_path: Path) -> None:
    done = run("check", unreadable_plan.name, "--json")
    assert done.returncode == 2
    document = json.loads(done.stdout)
    assert document["schema"] == "ipplan.error/1"
    assert document["plan"] == {"name": None, "file": "unreadable.toml"}
    assert [finding["location"]["line"] for finding in document["findings"]] == [3, 4]
    # Where the result would have gone, a stale one must not be taken for it.
    assert run("check", unreadable_plan.name, "--json", "-o", "out.json").stdout == b""
    assert json.loads((tmp_path / "out.json").read_bytes()) == document


def test_every_problem_of_every_plan(run: Run, unreadable_plan: Path, good_plan: Path) -> None:
    names = ("missing.toml", good_plan.name, unreadable_plan.name)
    done = run("check", *names)
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"error: cannot read missing.toml: no such file" in done.stderr
    assert b"unreadable.toml: cannot be read: 2 problems" in done.stderr
    findings = json.loads(run("check", *names, "--json").stdout)["findings"]
    assert [finding["location"]["file"] for finding in findings] == ["missing.toml"] + ["unreadable.toml"] * 2


BROKEN = {
    "empty": b"",
    "nothing but bytes": bytes(range(256)),
    "not utf-8": b'schema = 1\n[plan]\nname = "\xff"\n',
    "deep": b"schema = 1\nx = " + b"[" * 100_000,
    "long key": b"a." * 20_000 + b"b = 1\n",
    "huge number": b"schema = " + b"9" * 10_000 + b"\n",
    "control characters": b'schema = 1\n[networks."\\u001b[2J\\u202e"]\nkind = "\\u0007"\n',
    "utf-16": "schema = 1\n".encode("utf-16"),
    "wrong schema": b"schema = 2\n",
    "wrong types": b"schema = 1\nplan = 1\nnetworks = []\nclusters = 1.5\n",
    "nul": b"schema = 1\n\0\n",
}


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN.keys())
def test_no_input_ends_in_a_traceback(run: Run, data: bytes) -> None:
    done = run("check", "-", input=data)
    assert done.returncode in (0, 2), done.stderr
    if data:
        assert done.returncode == 2
    assert b"Traceback" not in done.stderr
    assert b"defect" not in done.stderr
    assert not set(done.stderr) & (set(range(32)) - {10})
    assert "\u202e".encode() not in done.stderr


def test_names_cannot_act_in_any_format(run: Run, tmp_path: Path) -> None:
    plan = BAD_PLAN.replace("vm-web", '"\\u001b[2J\\u202e\\u0085x"', 1).replace('name = "clash"', 'name = "\\u001bc"')
    (tmp_path / "plan.toml").write_text(plan)
    for name in ("table", "json", "csv", "markdown"):
        done = run("check", "plan.toml", "-f", name)
        text = (done.stdout + done.stderr).decode()
        assert not {char for char in text if ord(char) < 32 and char != "\n"}
        assert not set(text) & {"\u202e", "\u0085", "\x7f"}


def test_schema(run: Run) -> None:
    done = run("schema")
    assert done.returncode == 0
    assert json.loads(done.stdout)["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    listed = run("schema", "--list").stdout.decode().splitlines()[2:]
    names = [line.split()[0] for line in listed]
    assert {"plan", "check", "check-list", "error"} <= set(names)
    for name in names:
        assert json.loads(run("schema", name).stdout)["title"]
    assert run("schema", "ipplan.check/1").stdout == run("schema", "check").stdout
    wrong = run("schema", "chec")
    assert (wrong.returncode, wrong.stdout) == (2, b"")
