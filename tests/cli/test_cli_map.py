"""`ipplan map` as its users call it: where the picture goes, what the options choose, what is rejected."""

from __future__ import annotations

import os
import re
import shutil
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

import pytest
from conftest import BAD_PLAN, GOOD_PLAN, ROOT, UNREADABLE_PLAN

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Run

TEXT = "{http://www.w3.org/2000/svg}text"


def words_of(picture: bytes) -> list[str]:
    return [element.text or "" for element in ET.fromstring(picture).iter(TEXT)]


def test_the_picture_goes_to_a_file_or_to_a_pipe(run: Run, good_plan: Path, tmp_path: Path) -> None:
    piped = run("map", good_plan.name)
    written = run("map", good_plan.name, "-o", "map.svg")
    assert (piped.returncode, written.returncode, written.stdout) == (0, 0, b"")
    assert (tmp_path / "map.svg").read_bytes() == piped.stdout
    assert "vm-web" in words_of(piped.stdout)


def test_a_plan_from_standard_input(run: Run) -> None:
    done = run("map", "-", input=GOOD_PLAN.encode())
    assert "172.24.0.0/14" in words_of(done.stdout)


@pytest.mark.posix
def test_a_terminal_does_not_get_the_picture(good_plan: Path, show_on_terminal: object) -> None:
    import sys

    assert callable(show_on_terminal)
    command = [sys.executable, "-m", "ipplan", "map", good_plan.name]
    shown = show_on_terminal(command, folder=good_plan.parent, width=80, errors=True)
    assert "standard output is a terminal" in shown
    assert "add -o FILE.svg" in shown
    assert "<svg" not in shown


def test_networks_without_a_range_are_drawn_where_allocate_places_them(run: Run, good_plan: Path) -> None:
    without = run("map", good_plan.name)
    assert "1 network has no range; --allocated draws it where allocate would place it" in without.stderr.decode()
    assert "vm-db" not in words_of(without.stdout)
    placed = run("map", good_plan.name, "--allocated")
    assert placed.returncode == 0
    assert "vm-db" in words_of(placed.stdout)


def test_of_draws_a_curve(run: Run, good_plan: Path) -> None:
    done = run("map", good_plan.name, "--of", "172.16.0.0/12", "--of", "10.0.0.0/8", "--of", "10.0.0.0/8")
    assert done.returncode == 0
    assert words_of(done.stdout).count("Prefix sizes") == 2


def test_options_choose_spaces(run: Run, tmp_path: Path) -> None:
    (tmp_path / "plan.toml").write_text(
        GOOD_PLAN + '[networks.office]\nkind = "enterprise"\ncidr = "192.168.0.0/20"\nlabels = { team = "it" }\n'
    )
    for chosen in (("--kind", "enterprise"), ("--network", "office"), ("--label", "team=it")):
        words = words_of(run("map", "plan.toml", *chosen).stdout)
        assert "192.168.0.0/18" in words
        assert "172.24.0.0/14" not in words


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("--of", "10.0.0.1/8"), "--of"),
        (("--of", "10.0.0.0/8", "--kind", "vcs-vm"), "--of draws a whole prefix"),
        (("--network", "vm-wbe"), "did you mean vm-web?"),
        (("--kind", "vcs-wm"), "did you mean vcs-vm?"),
        (("--ranges-edition", "2000-01-01"), "no edition 2000-01-01"),
        (tuple(a for n in range(17) for a in ("--of", f"10.{n}.0.0/16")), "at most 16"),
    ],
)
def test_what_is_refused(run: Run, good_plan: Path, args: tuple[str, ...], message: str) -> None:
    done = run("map", good_plan.name, *args, "-o", "map.svg")
    assert done.returncode == 2
    assert message in done.stderr.decode()
    assert not os.path.exists(good_plan.parent / "map.svg")


def test_overlaps_are_drawn_and_listed(run: Run, tmp_path: Path) -> None:
    (tmp_path / "plan.toml").write_text(BAD_PLAN)
    words = words_of(run("map", "plan.toml").stdout)
    assert "172.24.0.128/25: vm-db, vm-web (network-overlap)" in words
    assert "! overlap" in words


def test_a_plan_that_cannot_be_read_writes_nothing(run: Run, tmp_path: Path) -> None:
    (tmp_path / "plan.toml").write_text(UNREADABLE_PLAN)
    done = run("map", "plan.toml", "-o", "map.svg")
    assert done.returncode == 2
    assert "vcs-wm" in done.stderr.decode()
    assert os.listdir(tmp_path) == ["plan.toml"]


def test_allocated_says_what_finds_no_place(run: Run, tmp_path: Path) -> None:
    (tmp_path / "plan.toml").write_text(GOOD_PLAN + '[networks.large]\nkind = "vcs-vm"\nprefix = 12\n')
    done = run("map", "plan.toml", "--allocated")
    assert done.returncode == 1
    assert "large" in done.stderr.decode()
    ET.fromstring(done.stdout)


def test_the_documented_picture(run: Run, tmp_path: Path, *, update_golden: bool) -> None:
    page = (ROOT / "docs" / "reference" / "map.md").read_text(encoding="utf-8")
    match = re.search(r"^```sh\nipplan (map ([\w-]+\.toml) .*)\n```$", page, re.MULTILINE)
    assert match is not None
    shutil.copy(ROOT / "sample-plans" / match[2], tmp_path)
    assert run(*match[1].split()).returncode == 0
    picture = (tmp_path / "map.svg").read_bytes()
    kept = ROOT / "docs" / "images" / "map.svg"
    if update_golden:
        kept.write_bytes(picture)
    assert picture == kept.read_bytes()
