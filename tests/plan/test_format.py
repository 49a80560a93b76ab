"""The format of a plan as one table: what a row of it, or of the kinds, changes, and what the reader makes of the rows."""

from __future__ import annotations

import datetime
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from ipplan.plan.format import TABLES
from ipplan.plan.load import PlanError, parse_plan
from ipplan.plan.model import Cluster, Edge, Network, Site
from tools import build_schema
from tools.reference import plan_keys

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ipplan.plan.format import Key, Table

ROOT = Path(__file__).parent.parent.parent
NEW_KINDS = """\
_ibm("vcs-backup", "vcs", "backup proxies", "portable", public=False),
        Kind("vcs-lab", "byoip", "vm", "lab VMs", default_lengths=(26, 64), of_edge=True, router="dlr"),
        """
PLAN = """\
[plan]
byoip = ["172.24.0.0/16"]
[integration]
enterprise = "routed"
[networks.backup]
kind = "vcs-backup"
cidr = "10.176.1.0/26"
[networks.vms]
kind = "vcs-vm"
[networks.lab]
kind = "vcs-lab"
gateway-on = "dlr"
pool = "172.24.0.0/16"
[networks.uplink]
kind = "vcs-esg-private"
cidr = "10.176.2.0/28"
[networks.office]
kind = "enterprise"
cidr = "192.168.0.0/24"
"""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the program with two rows more in the table of kinds, and all generated files built from it."""
    folder = tmp_path_factory.mktemp("house")
    for name in ("ipplan", "tools"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "facts"))
    table = folder / "ipplan" / "plan" / "kinds.py"
    text = table.read_text(encoding="utf-8")
    last = 'Kind("enterprise",'
    assert text.count(last) == 1
    table.write_text(text.replace(last, NEW_KINDS + last), encoding="utf-8")
    (folder / "plan.toml").write_text(PLAN, encoding="utf-8")
    (folder / "docs" / "reference").mkdir(parents=True)
    for module in ("tools.build_schema", "tools.build_reference"):
        run(folder, module)
    return folder


def run(house: Path, *args: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *args],
        capture_output=True,
        text=True,
        check=False,
        cwd=house,
        env={**os.environ, "PYTHONPATH": str(house)},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_kind_is_one_row(house: Path) -> None:
    schemas = (house / "ipplan" / "schemas").glob("*.json")
    listing = [path.name for path in schemas if '"vcs-lab"' in path.read_text(encoding="utf-8")]
    page = (house / "docs" / "reference" / "kinds.md").read_text(encoding="utf-8")

    assert sorted(listing) == ["allocation.json", "free.json", "plan.json", "show.json", "topology.json", "why.json"]
    assert "| `vcs-backup` | backup proxies | IBM Cloud | edge | portable, private |  |  |\n" in page
    assert "| `vcs-lab` | lab VMs | the enterprise, from a BYOIP pool | edge |  |  | /26, IPv6 /64 |\n" in page


@pytest.mark.parametrize(
    ("command", "schema", "names"),
    [
        ("check plan.toml", "check", ()),
        ("allocate plan.toml", "allocation", ("backup", "lab")),
        ("show plan.toml --kind vcs-backup", "show", ("backup",)),
        ("why plan.toml lab", "why", ("lab",)),
        ("topology plan.toml", "topology", ("backup", "lab")),
        ("flows plan.toml --from lab --to backup", "flows", ("backup", "lab")),
    ],
)
def test_every_command_works_with_a_new_kind(house: Path, command: str, schema: str, names: tuple[str, ...]) -> None:
    text = run(house, "ipplan", *command.split(), "--json")
    rules = json.loads((house / "ipplan" / "schemas" / f"{schema}.json").read_text(encoding="utf-8"))

    Draft202012Validator(rules).validate(json.loads(text))
    assert all(f'"{name}"' in text for name in names)


def test_a_diagram_shows_the_networks_of_new_kinds(house: Path) -> None:
    diagram = run(house, "ipplan", "topology", "plan.toml", "--format", "svg")
    assert "backup" in diagram
    assert "lab" in diagram


def test_a_kind_that_nobody_added_is_refused() -> None:
    with pytest.raises(PlanError):
        parse_plan(PLAN.encode(), "plan.toml")


def keys(table: Table) -> Iterator[tuple[str, Key]]:
    for name, key in table.keys.items():
        yield f"{table.name}.{name}", key
        if key.table is not None:
            yield from keys(key.table)


KEYS = dict(pair for table in TABLES.values() for pair in keys(table))


@pytest.mark.parametrize("name", KEYS)
def test_each_key_says_what_it_means_in_one_sentence_or_two(name: str) -> None:
    meaning = KEYS[name].meaning
    assert meaning[0].isupper()
    assert meaning.endswith(".")
    assert len(meaning) < 120


@pytest.mark.parametrize(
    ("table", "fields"),
    [("clusters", Cluster._fields), ("edges", Edge._fields), ("sites", Site._fields), ("networks", Network._fields)],
)
def test_each_key_has_a_field_in_the_model(table: str, fields: tuple[str, ...]) -> None:
    stated = {name.replace("-", "_") for name in TABLES[table].keys}
    # A network keeps cidr as its prefix, and prefix as its length.
    assert stated - {"cidr"} <= {*fields}


VALUES: dict[str, tuple[Any, Any]] = {
    "text": ("x", 3),
    "name": ("x", 3),
    "file": ("ranges.csv", ""),
    "number": (2, "2"),
    "data-center": ("dal10", "Dallas"),
    "prefix": ("10.0.0.0/8", "10.0.0.0"),
    "block": ("10.0.0.1/8", "10.0.0.0/255.0.0.0"),
    "date": (datetime.date(2027, 3, 31), "next year"),
    "labels": ({"team": "erp"}, "erp"),
    "addresses": ({"gateway": 1, "last": -1, "vip": "10.0.0.5"}, {"gateway": 0}),
    "tables": ([{"network": "x", "as": "10.0.0.0/8"}], {}),
}
"""A value of each form, and one that is not valid."""
SCHEMA = Draft202012Validator(build_schema.plan_schema(), format_checker=FormatChecker())


def entry(name: str, *, valid: bool) -> tuple[str, Any, str]:
    """Return a plan with one key as text, the same as a document, and the name of the key."""
    table_name, key_name = name.split(".")
    table, key = TABLES[table_name], KEYS[name]
    value: Any = (key.choices[0], "nonsense")[not valid] if key.choices else VALUES[key.form][not valid]
    if key.array:
        value = [value, "y"] if key.items == 2 and valid else [value]
    written = str(value) if isinstance(value, datetime.date) else re.sub(r'("[a-z]+"): ', r"\1 = ", json.dumps(value))
    row = {key_name: str(value) if isinstance(value, datetime.date) else value}
    document = {"single": row, "named": {"x": row}, "array": [row]}[table.shape]
    text = f"{table.heading.replace('NAME', 'x')}\n{key_name} = {written}\n"
    return text, {table_name: document}, key_name


@pytest.mark.parametrize("valid", [True, False], ids=["valid", "not valid"])
@pytest.mark.parametrize("name", [name for name in KEYS if not name.startswith("nat.")])
def test_reader_and_schema_agree_about_each_key(name: str, *, valid: bool) -> None:
    text, document, key = entry(name, valid=valid)
    try:
        parse_plan(text.encode(), "plan.toml")
    except PlanError as error:
        problems = [p for p in error.problems if key in p.key and p.rule in ("wrong-type", "bad-value")]
    else:
        problems = []
    errors = [error for error in SCHEMA.iter_errors(document) if key in error.absolute_path]

    assert (problems == [], errors == []) == (valid, valid)


@pytest.mark.parametrize("name", [name for name, key in KEYS.items() if key.choices])
def test_the_reader_suggests_a_choice_near_to_what_is_written(name: str) -> None:
    table, key = name.split(".")
    choice = KEYS[name].choices[-1]
    written = json.dumps([choice + "x"] if KEYS[name].array else choice + "x")
    heading = TABLES[table].heading.replace("NAME", "x")
    with pytest.raises(PlanError) as caught:
        parse_plan(f"{heading}\n{key} = {written}\n".encode(), "plan.toml")
    (problem,) = (p for p in caught.value.problems if key in p.key)
    assert problem.help == f'did you mean "{choice}"?'


def test_an_empty_ranges_file_is_refused_as_the_schema_does() -> None:
    with pytest.raises(PlanError) as caught:
        parse_plan(b'[plan]\nranges-file = ""\n', "plan.toml")
    assert caught.value.problems[0].message == "plan.ranges-file is empty"


def test_the_reference_page_lists_every_key_once_in_its_table() -> None:
    sections = {part.split("\n")[0].strip("`"): part for part in plan_keys.page().split("\n## ")[1:]}
    for table in TABLES.values():
        rows = [line.split("`")[1] for line in sections[table.heading].splitlines() if line.startswith("| `")]
        assert rows == list(table.keys)


def test_a_schema_that_is_out_of_date_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert build_schema.main(["--check"]) == 0
    monkeypatch.setattr(build_schema, "FOLDER", tmp_path)
    assert build_schema.main(["--check"]) == 1
    assert capsys.readouterr().out == (
        "ipplan/schemas/plan.json differs from the format of a plan: run python -m tools.build_schema\n"
    )
    assert build_schema.main([]) == 0
    assert build_schema.main(["--check"]) == 0
