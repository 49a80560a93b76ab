"""The Python interface: that it says what the commands say, takes netaddr objects, and loads late; its page, by running it."""

from __future__ import annotations

import doctest
import json
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import netaddr
import pytest

import ipplan
from ipplan import api
from ipplan.cli.streams import LARGEST_INPUT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Run

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "reference" / "python.md"
SAMPLES = sorted((ROOT / "sample-plans").glob("*.toml"))


@pytest.fixture
def samples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with every sample plan."""
    for sample in SAMPLES:
        shutil.copy(sample, tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def examples() -> Iterator[tuple[str, str]]:
    """Yield each example of the page with what it shows."""
    text = PAGE.read_text(encoding="utf-8")
    for part in text.split("```pycon\n")[1:]:
        for example in doctest.DocTestParser().get_examples(part.split("```")[0]):
            yield example.source, example.want


def test_the_page_shows_what_its_examples_print(samples: Path, *, update_golden: bool) -> None:
    shown = subprocess.run(
        [sys.executable, "-c", _RUN_PAGE, json.dumps([source for source, _ in examples()])],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"},
    )
    printed = json.loads(shown.stdout)
    if update_golden:
        PAGE.write_text(_updated(PAGE.read_text(encoding="utf-8"), printed), encoding="utf-8")
    assert [want for _, want in examples()] == printed


_RUN_PAGE = """
import contextlib, io, json, sys
shown, names = [], {}
for source in json.loads(sys.argv[1]):
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(compile(source, "<page>", "single"), names)
    shown.append(printed.getvalue())
print(json.dumps(shown))
"""


def _updated(text: str, printed: list[str]) -> str:
    """Return the page with what the examples print now."""
    parts = text.split("```pycon\n")
    left = iter(printed)
    for number, part in enumerate(parts[1:], 1):
        block, fence, rest = part.partition("```")
        lines = []
        for example in doctest.DocTestParser().get_examples(block):
            source = example.source.splitlines()
            lines += [f">>> {source[0]}", *(f"... {line}".rstrip() for line in source[1:])]
            lines += next(left).splitlines()
        parts[number] = "\n".join(lines) + "\n" + fence + rest
    return "```pycon\n".join(parts)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_check_finds_what_the_command_finds(run: Run, samples: Path, sample: Path) -> None:
    report = ipplan.check(ipplan.load_plan(sample.name))
    document = json.loads(run("check", sample.name, "--json").stdout)
    assert report.ok == document["ok"]
    assert report.edition == document["made_by"]["ranges_edition"]
    assert [
        {
            "rule": f.rule,
            "message": f.message,
            "cidrs": [str(cidr) for cidr in f.cidrs],
            "line": f.location.line if f.location else None,
        }
        for f in report.findings
    ] == [
        {key: finding[key] for key in ("rule", "message", "cidrs")} | {"line": finding["location"]["line"]}
        for finding in document["findings"]
    ]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_allocate_places_where_the_command_does(run: Run, samples: Path, sample: Path) -> None:
    plan = ipplan.load_plan(sample.name)
    allocation = ipplan.allocate(plan)
    document = json.loads(run("allocate", sample.name, "--json").stdout)
    assert allocation.ok == document["ok"]
    assert {name: str(network) for name, network in ipplan.ranges_of(allocation).items()} == {
        row["network"]: row["cidr"] for row in document["allocations"] if row["cidr"] is not None
    }


def test_pin_writes_what_allocate_writes(run: Run, samples: Path) -> None:
    plan = ipplan.load_plan("reference-architecture.toml")
    pinned = ipplan.pin(plan, ipplan.allocate(plan))
    assert run("allocate", "reference-architecture.toml", "--write").returncode == 0
    assert pinned.text == (samples / "reference-architecture.toml").read_bytes()
    assert ipplan.parse_plan(pinned.text).networks == pinned.networks
    assert ipplan.pin(pinned, ipplan.allocate(pinned)) is pinned


def test_trace_and_export_say_what_the_commands_say(run: Run, samples: Path) -> None:
    plan = ipplan.load_plan("three-sites.toml")
    (flow,) = json.loads(
        run("flows", "three-sites.toml", "--from", "shop-pods", "--to", "vm-shop-db", "--json").stdout
    )["flows"]
    trace = ipplan.trace(plan, "shop-pods", "vm-shop-db")
    assert (trace.result, [hop.text for hop in trace.hops]) == (flow["result"], [hop["text"] for hop in flow["hops"]])
    every = json.loads(run("flows", "three-sites.toml", "--json").stdout)["flows"]
    assert [found.flow for found in ipplan.trace_flows(plan)] == [found["flow"] for found in every]
    text = ipplan.export(plan, "nsx-esg-table", edge="dallas")
    assert run("export", "three-sites.toml", "nsx-esg-table", "--edge", "dallas").stdout.decode() == text


def test_netaddr_objects_go_in_and_come_out() -> None:
    pool = netaddr.IPNetwork("10.48.0.0/12")
    allocation = ipplan.allocate(byoip=[pool])
    ranges = ipplan.ranges_of(allocation)
    assert all(isinstance(network, netaddr.IPNetwork) and network in pool for network in ranges.values())
    assert ipplan.ranges_of(ipplan.allocate(byoip=[pool], previous=ranges)) == ranges
    plan = ipplan.parse_plan('schema = 1\n[networks.db]\nkind = "vcs-vm"\ncidr = "10.48.1.0/24"\n')
    assert ipplan.ranges_of(plan) == {"db": netaddr.IPNetwork("10.48.1.0/24")}


@pytest.mark.parametrize(
    ("pool", "words"),
    [
        (netaddr.IPNetwork("10.50.0.0/12"), "10.48.0.0/12"),
        ("10.0.0.0", "length"),
        ("10.0.0.0/33", "32"),
    ],
)
def test_a_pool_that_is_not_a_prefix_is_refused(pool: netaddr.IPNetwork | str, words: str) -> None:
    with pytest.raises(ipplan.AddressError, match=words):
        ipplan.allocate(byoip=[pool])


def test_what_cannot_be_done_says_why(samples: Path) -> None:
    plan = ipplan.load_plan("three-sites.toml")
    with pytest.raises(FileNotFoundError):
        ipplan.load_plan("none.toml")
    bound = ipplan.parse_plan(
        'schema = 1\n[plan]\nbyoip = ["10.1.0.0/16"]\n[networks.core]\nkind = "vcs-vm"\npool = "10.1.0.0/16"\n'
    )
    with pytest.raises(ipplan.UnknownPoolError, match="core"):
        ipplan.allocate(bound, byoip=["10.2.0.0/16"])
    with pytest.raises(ipplan.FlowError, match="nobody"):
        ipplan.trace(plan, "nobody", "vm-shop-db")
    with pytest.raises(ipplan.ExportError, match="not a target"):
        ipplan.export(plan, "cisco")
    with pytest.raises(ipplan.ExportError, match="errors"):
        ipplan.export(ipplan.load_plan("conflicts.toml"), "hosts")
    with pytest.raises(ipplan.PlanError) as raised:
        ipplan.parse_plan("schema = 1\n[networks.a]\nkind = 'b'\ncidr = 'c'\n")
    assert [problem.location and problem.location.line for problem in raised.value.problems] == [3, 4]


def test_the_largest_file_is_that_of_the_command_line() -> None:
    assert api.LARGEST_FILE == LARGEST_INPUT


def test_waivers_expire_on_the_day_that_is_given(samples: Path) -> None:
    plan = ipplan.load_plan("conflicts.toml")

    def waived(day: date) -> int:
        return sum(finding.waived is not None for finding in ipplan.check(plan, today=day).findings)

    assert waived(date(2020, 1, 1)) > waived(date(2090, 1, 1))


def test_a_ranges_file_is_read_beside_its_plan(tmp_path: Path) -> None:
    folder = tmp_path / "inner"
    folder.mkdir()
    (folder / "ours.csv").write_text(
        "# title: ours\n# date: 2026-01-02\ncategory,data_center,city,pod,cidr,note\n"
        "customer-private,dal10,Dallas,BCR01,10.77.0.0/16,\n",
        encoding="utf-8",
    )
    plan = '[plan]\nranges-file = "ours.csv"\n[networks.db]\nkind = "vcs-vm"\ncidr = "10.77.0.0/24"\n'
    (folder / "plan.toml").write_text(f"schema = 1\n{plan}", encoding="utf-8")
    report = ipplan.check(ipplan.load_plan(folder / "plan.toml"))
    assert report.edition == "2026-01-02 (file)"
    assert "10.77.0.0/16" in report.findings[0].message
    assert ipplan.check(ipplan.load_plan(folder / "plan.toml"), ranges="2018-11-30").edition == "2018-11-30"
    (folder / "ours.csv").write_text("nothing\n", encoding="utf-8")
    with pytest.raises(ipplan.PlanError, match=r"ours\.csv"):
        ipplan.check(ipplan.load_plan(folder / "plan.toml"))


def test_the_import_loads_nothing_and_every_name_is_there() -> None:
    script = (
        "import sys, ipplan\n"
        "assert [name for name in sys.modules if name.startswith('ipplan.')] == [], sys.modules\n"
        "assert 'netaddr' not in sys.modules\n"
        "from ipplan import *\n"
        "assert ipplan.allocate is allocate and callable(ipplan.export) and callable(ipplan.check)\n"
        "assert set(ipplan.__all__) <= set(dir(ipplan))\n"
        "assert ipplan.load_plan is sys.modules['ipplan.api'].load_plan\n"
        "assert {*sys.modules['ipplan.api'].__all__, '__version__'} == set(ipplan.__all__)\n"
        "assert not {'click', 'rich'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=ROOT)
