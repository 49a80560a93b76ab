"""--columns, --wide and --explain, and tables that fit the terminal, over the sample plans as users run them."""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ipplan.output.text import cells
from ipplan.plan.load import parse_plan

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Run

SAMPLES = Path(__file__).parent.parent.parent / "sample-plans"
PLANS = ("reference-architecture", "two-clusters", "ipv6", "conflicts", "three-sites")
WIDTHS = (60, 80, 110, 200)
TABLES = {
    "allocate": ("allocate", "three-sites.toml"),
    "show": ("show", "conflicts.toml"),
    "free": ("free", "conflicts.toml"),
    "lookup": ("lookup", "10.1.2.3"),
    "ranges": ("ranges", "--data-center", "dal10"),
    "ranges diff": ("ranges", "diff", "2024-12-05", "2025-10-03"),
    "topology": ("topology", "three-sites.toml"),
    "diff": ("diff", "two-clusters.toml", "conflicts.toml"),
    "flows": ("flows", "three-sites.toml"),
    "rules": ("rules",),
    "why": ("why", "reference-architecture.toml", "icp-workers"),
}
"""Every command that prints a table with columns to choose."""


def show(show_on_terminal: Callable[..., str], *args: str, width: int) -> str:
    return show_on_terminal([sys.executable, "-m", "ipplan", *args], folder=SAMPLES, width=width)


def rows(text: str) -> list[str]:
    """Return the rows of the first table of a text."""
    lines = text.splitlines()
    rule = next(at for at, line in enumerate(lines) if re.fullmatch(r"-+(  -+)*", line))
    return lines[rule + 1 : lines.index("", rule)]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("sample", PLANS)
def test_a_network_is_a_line_with_its_name_and_address_whole(
    sample: str, width: int, show_on_terminal: Callable[..., str]
) -> None:
    plan = parse_plan((SAMPLES / f"{sample}.toml").read_bytes(), sample)
    for command, least in (("show", len(plan.networks)), ("allocate", 1)):
        text = show(show_on_terminal, command, f"{sample}.toml", width=width)
        table = rows(text)
        assert len(table) >= least
        shown = [row.split("  ")[0] for row in table]
        assert len(set(shown)) == len(table), "a line for each network"
        for network in plan.networks:
            if network.prefix is not None and network.name in shown:
                (line,) = (row for row in table if row.split("  ")[0] == network.name)
                assert str(network.prefix) in line.split()
        assert set(shown) >= {n.name for n in plan.networks if n.prefix is not None}
        assert all(cells(line) <= width for line in text.splitlines())


@pytest.mark.parametrize("width", [60, 80])
@pytest.mark.parametrize("args", TABLES.values(), ids=" ".join)
def test_no_line_is_wider_than_the_terminal(
    args: tuple[str, ...], width: int, show_on_terminal: Callable[..., str]
) -> None:
    for line in show(show_on_terminal, *args, width=width).splitlines():
        assert cells(line) <= width or any(cells(word) + 4 >= width for word in line.split())


@pytest.mark.parametrize("args", TABLES.values(), ids=TABLES)
def test_columns_chooses_in_csv_markdown_and_text_and_json_stays(run: Run, args: tuple[str, ...]) -> None:
    listed = run(*args, "--columns", "help", cwd=SAMPLES)
    assert listed.returncode == 0
    first, second, *_ = names = listed.stdout.decode().split()
    chosen = ("--columns", f"{second.upper()},{first}")
    wanted = [second.replace("-", " "), first.replace("-", " ")]
    if args[0] != "flows":  # CSV and Markdown of flows have every hop, and these are other columns
        (head, *_) = csv.reader(io.StringIO(run(*args, *chosen, "-f", "csv", cwd=SAMPLES).stdout.decode()))
        assert head == wanted
        markdown = run(*args, *chosen, "-f", "markdown", cwd=SAMPLES).stdout.decode()
        assert markdown.splitlines()[0] == f"| {wanted[0]} | {wanted[1]} |"
    text = run(*args, *chosen, cwd=SAMPLES).stdout.decode()
    assert re.search(rf"^ *{wanted[0]} +{wanted[1]}$", text, re.MULTILINE)
    plain, same = (run(*args, *more, "--json", cwd=SAMPLES).stdout for more in ((), chosen))
    assert plain == same
    assert len(names) > 2


@pytest.mark.parametrize("args", TABLES.values(), ids=TABLES)
def test_an_unknown_column_is_bad_usage_and_the_nearest_is_named(run: Run, args: tuple[str, ...]) -> None:
    (name, *_) = run(*args, "--columns", "help", cwd=SAMPLES).stdout.decode().split()
    done = run(*args, "--columns", f"{name}x", cwd=SAMPLES)
    assert (done.returncode, done.stdout) == (2, b"")
    assert f'the table has no column "{name}x"' in done.stderr.decode()
    assert f"did you mean {name}? its columns are {name}, " in done.stderr.decode()
    assert run(*args, "--columns", " , ", cwd=SAMPLES).returncode == 2


@pytest.mark.parametrize("args", TABLES.values(), ids=TABLES)
def test_wide_has_room_for_all(args: tuple[str, ...], show_on_terminal: Callable[..., str]) -> None:
    assert "no room for" not in show(show_on_terminal, *args, "--wide", width=60)


@pytest.mark.parametrize(
    "args",
    [
        ("show", "ipv6.toml", "--map"),
        ("rules", "network-overlap"),
        ("flows", "reference-architecture.toml", "C"),
    ],
    ids=" ".join,
)
def test_what_is_no_table_refuses_columns(run: Run, args: tuple[str, ...]) -> None:
    for option in (("--wide",), ("--columns", "source")):
        done = run(*args, *option, cwd=SAMPLES)
        assert (done.returncode, done.stdout) == (2, b"")
        assert "this output has no table" in done.stderr.decode()
        assert run(*args, *option, "--json", cwd=SAMPLES).returncode == 0


def test_explain_has_a_reason_for_each_network_below_the_table(run: Run, show_on_terminal: Callable[..., str]) -> None:
    document = json.loads(run("allocate", "three-sites.toml", "--json", cwd=SAMPLES).stdout)
    for text in (
        show(show_on_terminal, "allocate", "three-sites.toml", "--explain", width=80),
        run("allocate", "three-sites.toml", "--explain", cwd=SAMPLES).stdout.decode(),
    ):
        assert "reason" not in text.splitlines()[0]
        flat = " ".join(text.split())
        for row in document["allocations"]:
            assert " ".join(f"{row['network']}: {row['reason']}".split()) in flat
    assert run("allocate", "three-sites.toml", "--explain", "--json", cwd=SAMPLES).stdout.decode() == (
        run("allocate", "three-sites.toml", "--json", cwd=SAMPLES).stdout.decode()
    )


def test_cluster_edge_and_status_are_shown_where_there_are_several(
    tmp_path: Path, show_on_terminal: Callable[..., str]
) -> None:
    for command in ("show", "allocate"):
        shown = show(show_on_terminal, command, "three-sites.toml", width=80).splitlines()
        (head,) = (line.split() for line in shown if line.startswith("network "))
        assert {"network", "cluster", "edge", "status", "cidr"} <= set(head)
        (line,) = (line for line in shown if line.startswith("core-workers "))
        assert line.split()[1:3] == ["core", "dallas"]
    (tmp_path / "plan.toml").write_text(
        '[plan]\nbyoip = ["172.24.0.0/14"]\n[networks.a]\nkind = "vcs-vm"\nprefix = 24\n[networks.b]\nkind = "vcs-vm"\nprefix = 24\n',
        "utf-8",
    )
    one = show(show_on_terminal, "allocate", str(tmp_path / "plan.toml"), width=80).splitlines()[0]
    assert one.split()[:3] == ["network", "kind", "cidr"]


def test_sources_are_notes_with_title_and_address(run: Run) -> None:
    text = run("lookup", "161.26.0.10").stdout.decode()
    assert re.search(r"  \[1\]( |$)", text, re.MULTILINE)
    assert re.search(r"^\[1\] .*https://", text, re.MULTILINE)


HOSTILE = """\
[plan]
byoip = ["10.0.0.0/12"]
[networks."<script>alert(1)</script>"]
kind = "vcs-vm"
prefix = 24
[networks."[bold]x[/bold]"]
kind = "vcs-vm"
prefix = 24
[networks.":ab:"]
kind = "vcs-vm"
prefix = 24
[networks."\\u001b[31mred"]
kind = "vcs-vm"
prefix = 24
[networks."%s"]
kind = "vcs-vm"
prefix = 24
[networks."\u6771\u4eac\u6771\u4eac"]
kind = "vcs-vm"
prefix = 24
[networks."e\u0301e\u0301"]
kind = "vcs-vm"
prefix = 24
[networks."\u05e9\u05dc\u05d5\u05dd"]
kind = "vcs-vm"
prefix = 24
"""


@pytest.mark.parametrize("width", [30, 80])
def test_hostile_names_are_whole_inert_and_spoil_no_other_row(
    width: int, tmp_path: Path, show_on_terminal: Callable[..., str]
) -> None:
    (tmp_path / "plan.toml").write_text(HOSTILE % ("n" * 300), "utf-8")
    for command in ("show", "allocate"):
        text = show(show_on_terminal, command, str(tmp_path / "plan.toml"), width=width)
        assert "\x1b" not in text
        for name in ("<script>alert(1)</script>", "[bold]x[/bold]", ":ab:", "\\x1b[31mred", "n" * 300):
            assert name in text
        assert len(rows(text)) == 9 if width == 80 else len(rows(text)) > 8


def test_columns_complete_behind_a_comma() -> None:
    import click

    from ipplan.cli.allocate import command

    option = next(p for p in command.params if p.name == "column_names")
    with click.Context(command) as context:
        words = [item.value for item in option.type.shell_complete(context, option, "network,la")]
    assert words == ["network,last", "network,labels"]
