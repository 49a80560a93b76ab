"""`ipplan export --all`: every target for every device, in a folder that is written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ipplan.exporters import TARGETS

if TYPE_CHECKING:
    from conftest import Run

SAMPLES = Path(__file__).parent.parent.parent / "sample-plans"


def files_of(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize("sample", ["reference-architecture", "three-sites"])
def test_each_file_is_what_its_own_target_writes_and_the_index_lists_all(run: Run, tmp_path: Path, sample: str) -> None:
    plan = str(SAMPLES / f"{sample}.toml")
    assert run("export", plan, "--all", "-o", "out").returncode == 0
    files = files_of(tmp_path / "out")
    index = files.pop("index.md").decode()
    assert set(_listed(index)) == set(files)
    assert files["routes.md"] == run("export", plan, "routes").stdout
    if sample == "three-sites":
        own = run("export", plan, "strongswan-iks", "--cluster", "erp", "--to", "washington").stdout
        assert files["cluster-erp/strongswan-to-washington.yaml"] == own
        assert files["edge-dallas/nsx-esg.xml"] == run("export", plan, "nsx-esg", "--edge", "dallas").stdout
    assert "## Still open" in index


def _listed(index: str) -> list[str]:
    return [line.split("](")[1].split(")")[0] for line in index.splitlines() if line.startswith("| [")]


def test_every_target_is_written_for_somebody(run: Run, tmp_path: Path) -> None:
    """Of links.toml, which has every method, each target is written, or the index says why not."""
    plan = Path(__file__).parent.parent / "exporters" / "links.toml"
    done = run("export", str(plan), "--all", "--force", "-o", "out")
    assert done.returncode == 0, done.stderr
    index = (tmp_path / "out" / "index.md").read_text(encoding="utf-8")
    assert [
        t.name for t in TARGETS.values() if t.title.replace("_", "\\_") not in index and f"| {t.name} |" not in index
    ] == []


def test_a_folder_is_replaced_whole_and_only_one_of_an_export(run: Run, tmp_path: Path) -> None:
    plan = str(SAMPLES / "reference-architecture.toml")
    out = tmp_path / "out"
    assert run("export", plan, "--all", "-o", "out").returncode == 0
    (out / "old.txt").write_text("old", encoding="utf-8")
    before = files_of(out)
    refused = run("export", plan, "--all", "-o", "out")
    assert (refused.returncode, files_of(out)) == (2, before)
    assert run("export", plan, "--all", "-o", "out", "--force").returncode == 0
    assert set(before) - set(files_of(out)) == {"old.txt"}

    other = tmp_path / "mine"
    other.mkdir()
    (other / "thesis.txt").write_text("kept", encoding="utf-8")
    assert run("export", plan, "--all", "-o", "mine", "--force").returncode == 2
    assert files_of(other) == {"thesis.txt": b"kept"}
    (tmp_path / "file").write_text("kept", encoding="utf-8")
    assert run("export", plan, "--all", "-o", "file", "--force").returncode == 2
    (tmp_path / "empty").mkdir()
    assert run("export", plan, "--all", "-o", "empty").returncode == 0
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []


def test_a_plan_with_errors_or_a_place_that_cannot_be_written_leaves_nothing(run: Run, tmp_path: Path) -> None:
    assert run("export", str(SAMPLES / "conflicts.toml"), "--all", "-o", "out").returncode == 1
    good = str(SAMPLES / "reference-architecture.toml")
    assert run("export", good, "--all", "-o", os.path.join("none", "out")).returncode == 2
    assert run("export", good, "--all").returncode == 2
    assert run("export", good, "hosts", "--all", "-o", "out").returncode == 2
    assert run("export", good, "--all", "--cluster", "iks", "-o", "out").returncode == 2
    assert list(tmp_path.iterdir()) == []


def test_names_of_files_hold_nothing_of_hostile_names(run: Run, tmp_path: Path) -> None:
    plan = tmp_path / "plan.toml"
    plan.write_text(
        '[plan]\nname = "a | b <script>"\nbyoip = ["10.224.0.0/12"]\n[clusters."../../x"]\nplatform = "icp"\n'
        '[clusters."..\\\\..\\\\x"]\nplatform = "icp"\n'
        '[networks.p]\nkind = "icp-pod"\ncluster = "../../x"\nprefix = 20\n',
        encoding="utf-8",
    )
    assert run("export", "plan.toml", "--all", "--force", "-o", "out").returncode == 0
    names = files_of(tmp_path / "out")
    assert all(
        part.replace("-", "").replace(".", "").replace("_", "").isalnum() for n in names for part in n.split("/")
    )
    assert b"<script>" not in names["index.md"]
