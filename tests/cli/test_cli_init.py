"""`ipplan init`, run as a user runs it, and the templates that it writes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import tomli
from jsonschema import Draft202012Validator

from ipplan.cli.init import name_after, toml_string
from ipplan.plan.choices import INTEGRATION
from ipplan.plan.format import TABLES
from ipplan.plan.kinds import KINDS

if TYPE_CHECKING:
    from conftest import Run

ROOT = Path(__file__).parent.parent.parent
TEMPLATES = {file.stem: file for file in sorted((ROOT / "ipplan" / "templates").glob("*.toml"))}


def test_there_are_three_templates() -> None:
    assert list(TEMPLATES) == ["minimal", "reference-architecture", "two-clusters"]


@pytest.mark.parametrize("template", TEMPLATES)
def test_each_template_passes_the_check_before_and_after_it_is_allocated(
    run: Run, tmp_path: Path, template: str
) -> None:
    written = run("init", "--template", template)
    assert (written.returncode, written.stdout) == (0, b"")
    checked = run("check", "plan.toml", "--strict", "--json")
    assert checked.returncode == 0, checked.stdout
    assert [f for f in json.loads(checked.stdout)["findings"] if f["severity"] != "note"] == []
    allocated = run("allocate", "plan.toml", "--write", "--json")
    assert allocated.returncode == 0, allocated.stderr
    statuses = {row["status"] for row in json.loads(allocated.stdout)["allocations"]}
    assert statuses <= {"allocated", "pinned", "default", "to-order"}
    assert run("allocate", "plan.toml", "--frozen").returncode == 0
    again = run("check", "plan.toml", "--json")
    findings = json.loads(again.stdout)["findings"]
    assert [f for f in findings if f["severity"] != "note"] == []


@pytest.mark.parametrize("template", TEMPLATES)
def test_each_template_follows_the_schema_that_it_names(template: str) -> None:
    text = TEMPLATES[template].read_text(encoding="utf-8")
    assert text.startswith("#:schema plan.schema.json\n# ")
    document = tomli.loads(text)
    assert document["plan"]["name"] == template
    schema = json.loads((ROOT / "ipplan" / "schemas" / "plan.json").read_text(encoding="utf-8"))
    Draft202012Validator(schema).validate(document)
    assert all(len(line) <= 120 for line in text.splitlines())


def uncommented(text: str) -> str:
    """Return a template with every entry that it shows behind a hash brought to life."""
    text = re.sub(r"^# (\[\[?[a-z.-]+\]|[a-z-]+ = )", r"\1", text, flags=re.MULTILINE)
    # A network has one size: what IBM Cloud assigned takes the place of what was asked for.
    return re.sub(r"^prefix = .*\n(?=cidr = )", "", text, flags=re.MULTILINE)


def test_the_reference_template_shows_every_key() -> None:
    text = TEMPLATES["reference-architecture"].read_text(encoding="utf-8")
    keys = {name for table in TABLES.values() for name in table.keys}
    keys |= {name for table in TABLES.values() for key in table.keys.values() if key.table for name in key.table.keys}
    assert {key for key in keys if f"{key} = " not in text} == set()
    assert {kind for kind in KINDS if f'kind = "{kind}"' not in text} == set()
    methods = {method for known in INTEGRATION.values() for method in known}
    assert {method for method in methods if f'"{method}"' not in text} == set()


@pytest.mark.parametrize("template", ["reference-architecture", "two-clusters"])
def test_what_stands_behind_a_hash_is_a_plan_too(run: Run, tmp_path: Path, template: str) -> None:
    text = uncommented(TEMPLATES[template].read_text(encoding="utf-8"))
    document = tomli.loads(text)
    assert {"avoid", "waive"} <= set(document)
    (tmp_path / "plan.toml").write_text(text, encoding="utf-8")
    checked = run("check", "plan.toml", "--json")
    assert checked.returncode == 0, checked.stderr
    # Nothing in a template is waived in earnest, and no pool of it lies in what it shows as owned.
    assert {f["rule"] for f in json.loads(checked.stdout)["findings"]} <= {
        "waiver-unused",
        "waiver-expired",
        "calico-peering",
    }


def test_the_default_is_plan_toml_and_what_to_do_next_is_said(run: Run, tmp_path: Path) -> None:
    done = run("init")
    assert (done.returncode, done.stdout) == (0, b"")
    assert done.stderr.decode() == (
        "wrote plan.toml: a plan to start from, template reference-architecture\n"
        "next:\n"
        "  ipplan check plan.toml\n"
        "  ipplan allocate plan.toml\n"
        "  ipplan allocate plan.toml --write\n"
        "  ipplan schema -o plan.schema.json\n"
    )
    for line in done.stderr.decode().splitlines()[2:]:
        assert run(*line.split()[1:]).returncode == 0
    assert json.loads((tmp_path / "plan.schema.json").read_text(encoding="utf-8"))["title"]


def test_what_to_do_next_can_be_pasted(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a b").mkdir()
    done = run("init", "a b/my plan.toml")
    # cmd knows double quotes only.
    said = done.stderr.decode().replace('"', "'")
    assert "  ipplan check 'a b/my plan.toml'\n" in said
    assert "  ipplan schema -o 'a b/plan.schema.json'\n" in said
    assert "  ipplan check ./-x.toml\n" in run("init", "--", "-x.toml").stderr.decode()


def test_a_stream_gets_the_plan_and_nothing_else(run: Run, tmp_path: Path) -> None:
    done = run("init", "-", "--template", "minimal")
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == TEMPLATES["minimal"].read_bytes()
    assert list(tmp_path.iterdir()) == []
    assert run("check", "-", input=done.stdout).returncode == 0


@pytest.mark.parametrize("exists", ["file", "link to nothing"])
def test_an_existing_file_is_kept_unless_forced(run: Run, tmp_path: Path, exists: str) -> None:
    plan = tmp_path / "plan.toml"
    if exists == "file":
        plan.write_bytes(b"mine")
    else:
        plan.symlink_to("elsewhere.toml")
    done = run("init")
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.decode() == (
        "error: plan.toml exists; nothing is written\nhelp: add --force to overwrite it, or name another file\n"
    )
    assert not plan.exists() or plan.read_bytes() == b"mine"
    assert run("init", "--force").returncode == 0
    assert plan.read_bytes().startswith(b"#:schema")
    assert plan.is_symlink() == (exists != "file")


def test_of_two_that_write_at_once_one_fails(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "ipplan", "init"]
    runs = [
        subprocess.Popen(
            [*command, "--name", name],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stderr=subprocess.DEVNULL,
        )
        for name in "abcd"
    ]
    statuses = [process.wait(60) for process in runs]
    assert sorted(statuses) == [0, 2, 2, 2]
    winner = "abcd"[statuses.index(0)]
    assert tomli.loads((tmp_path / "plan.toml").read_text(encoding="utf-8"))["plan"]["name"] == winner
    assert [path.name for path in tmp_path.iterdir()] == ["plan.toml"]


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("no/such/folder/plan.toml",), "cannot write no/such/folder/plan.toml: no such file or directory"),
        (("file/plan.toml",), "cannot write file/plan.toml: not a directory"),
        (("folder",), "cannot write folder: it is a directory\nhelp: ipplan init folder/plan.toml\n"),
        (("folder", "--force"), "cannot write folder: it is a directory"),
        (("/dev/null", "--force"), "cannot write /dev/null: it is a device, not a regular file"),
        (("--template", "minmal"), 'unknown template "minmal"\nhelp: did you mean minimal?\n'),
        (
            ("--template", "\x1b[2J"),
            'unknown template "\\x1b[2J"\nhelp: the templates are minimal, reference-architecture, two-clusters\n',
        ),
        (("",), "the name of FILE is empty\nhelp: leave it out to write plan.toml\n"),
        (("--name", " "), "--name is empty"),
        (("a.toml", "b.toml"), "got unexpected extra argument"),
    ],
)
def test_bad_usage(run: Run, tmp_path: Path, args: tuple[str, ...], says: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_bytes(b"")
    done = run("init", *args)
    assert (done.returncode, done.stdout) == (2, b"")
    assert says in done.stderr.decode()
    assert "Traceback" not in done.stderr.decode()
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["file", "folder"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o500)
    done = run("init", "closed/plan.toml")
    assert done.returncode == 2
    assert b"cannot write closed/plan.toml: permission denied" in done.stderr
    assert list(folder.iterdir()) == []


def test_the_list_names_each_template_with_a_line(run: Run) -> None:
    done = run("init", "--list")
    assert done.returncode == 0
    _, _, *lines = done.stdout.decode().splitlines()
    assert [line.split()[0] for line in lines] == list(TEMPLATES)
    assert all(len(line.split()) > 5 for line in lines)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/home/acme/plan.toml", "acme"),
        ("/home/acme/dallas.toml", "dallas"),
        ("/home/acme/dallas", "dallas"),
        ("/plan.toml", None),
        ("-", None),
        ("/dev/stdout", None),
    ],
)
def test_the_plan_is_named_after_its_file_or_folder(path: str, name: str | None) -> None:
    assert name_after(path) == name


@pytest.mark.parametrize(
    "name",
    [
        "acme",
        'say "hi"',
        "back\\slash",
        "a\tb\nc\rd",
        "\x00\x1f\x7f",
        "Zürich 東京",
        "\u202eevil",
        "\U000e0041",
        "{}",
        "\\1",
    ],
)
def test_a_name_is_kept_whatever_it_holds(run: Run, tmp_path: Path, name: str) -> None:
    assert tomli.loads(f"name = {toml_string(name)}")["name"] == name
    if "\x00" not in name:
        assert run("init", "--name", name).returncode == 0
        data = (tmp_path / "plan.toml").read_bytes()
        assert tomli.loads(data.decode("utf-8"))["plan"]["name"] == name
        assert "\u202e" not in data.decode("utf-8")
        assert run("check", "plan.toml", "--strict").returncode == 0


def test_a_name_that_is_no_text_is_replaced() -> None:
    assert tomli.loads(f"name = {toml_string('a' + chr(0xDCFF))}")["name"] == "a\ufffd"


def test_the_templates_ship_with_the_package() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    build = tomli.loads(text)["tool"]["hatch"]["build"]["targets"]
    # The whole package, with nothing left out of it.
    assert build["wheel"] == {"packages": ["ipplan"]}
    assert "/ipplan" in build["sdist"]["include"]


@pytest.mark.parametrize("file", ["networks.csv", "sheet.xlsx"])
def test_the_sheet_of_networks_becomes_a_plan_that_allocates(run: Run, tmp_path: Path, file: str) -> None:
    done = run("init", "--table", *([] if file == "networks.csv" else [file]))
    assert done.returncode == 0, done.stderr
    assert f"ipplan import auto {file} -o plan.toml" in done.stderr.decode()
    assert run("init", "--table", file).returncode == 2

    assert run("import", "auto", file, "-o", "plan.toml").returncode == 0
    document = tomli.loads((tmp_path / "plan.toml").read_text(encoding="utf-8"))
    assert list(document["networks"])[:2] == ["vm-web", "vm-db"]
    assert document["networks"]["vm-web"]["hosts"] == 100
    assert document["networks"]["icp-workers"]["addresses"] == {
        "gateway": 1,
        "master-vip": 10,
        "proxy-vip": 11,
    }
    assert run("allocate", "plan.toml", "--byoip", "10.224.0.0/12").returncode == 0
    assert run("check", "plan.toml").returncode == 0


def test_a_sheet_of_another_form_is_refused(run: Run) -> None:
    done = run("init", "--table", "networks.ods")
    assert (done.returncode, b"use a name that ends in .csv or .xlsx" in done.stderr) == (2, True)
