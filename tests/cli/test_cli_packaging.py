"""The program without docstrings and asserts (python -OO), and out of an archive (zipapp): the same output."""

from __future__ import annotations

import shutil
import sys
import zipapp
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from conftest import ROOT

from ipplan.cli import COMMANDS

if TYPE_CHECKING:
    from conftest import Run

SAMPLES = ROOT / "sample-plans"
REFERENCE = str(SAMPLES / "reference-architecture.toml")
CONFLICTS = str(SAMPLES / "conflicts.toml")

CALLS = [
    ("--version",),
    ("--help",),
    *((name, "--help") for name in COMMANDS),
    ("ranges", "diff", "--help"),
    ("check", REFERENCE),
    ("check", CONFLICTS, "--json"),
    ("check", CONFLICTS, "-f", "sarif"),
    ("check", CONFLICTS, "-f", "junit"),
    ("check", "missing.toml"),
    ("rules",),
    ("rules", "network-overlap"),
    ("rules", "--json"),
    ("rules", "-f", "markdown"),
    ("allocate", REFERENCE, "--json"),
    ("allocate", "--byoip", "10.50.0.0/12"),
    ("why", REFERENCE, "vm-db"),
    ("show", REFERENCE, "--map"),
    ("free", REFERENCE),
    ("lookup", "10.0.0.1", "--plan", REFERENCE),
    ("ranges", "--ranges-edition", "2018-11-30"),
    ("ranges", "diff", "2018-11-30", "2025-10-03"),
    ("topology", REFERENCE),
    ("flows", REFERENCE),
    ("export", "--list"),
    ("export", REFERENCE, "icp-config"),
    ("export", REFERENCE, "nsx-esg"),
    ("import", "--list"),
    ("diff", REFERENCE, CONFLICTS),
    ("report", REFERENCE),
    ("report", REFERENCE, "--markdown"),
    ("lab", REFERENCE, "--dry-run"),
    ("init", "-"),
    ("init", "--list"),
    ("schema",),
    ("schema", "--list"),
]


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package as a zipapp; what it needs is installed."""
    folder = tmp_path_factory.mktemp("zipapp")
    shutil.copytree(ROOT / "ipplan", folder / "app" / "ipplan", ignore=shutil.ignore_patterns("__pycache__"))
    target = folder / "ipplan.pyz"
    zipapp.create_archive(folder / "app", target, main="ipplan.__main__:main", compressed=True)
    return target


@pytest.mark.parametrize("call", CALLS, ids=lambda call: " ".join(Path(word).name for word in call))
def test_the_same_without_docstrings_and_out_of_an_archive(run: Run, archive: Path, call: tuple[str, ...]) -> None:
    plain = run(*call)
    assert plain.returncode in (0, 1, 2)
    assert plain.stdout or plain.stderr
    expected = (plain.returncode, plain.stdout, plain.stderr)
    # -B: what is compiled without docstrings is of no use to anybody else.
    bare = run(*call, python=("-B", "-OO"))
    assert (bare.returncode, bare.stdout, bare.stderr) == expected
    packed = run(*call, program=(str(archive),), env={"PYTHONPATH": ""})
    assert (packed.returncode, packed.stdout, packed.stderr) == expected


def test_a_plan_is_written_without_asserts_and_out_of_an_archive(run: Run, archive: Path, tmp_path: Path) -> None:
    plan = '[plan]\nbyoip = ["172.24.0.0/14"]\n[networks.vm]\nkind = "vcs-vm"\n'
    for program in (("-B", "-OO", "-m", "ipplan"), ("-B", "-OO", str(archive))):
        (tmp_path / "plan.toml").write_text(plan, encoding="utf-8")
        assert run("allocate", "plan.toml", "--write", program=program).returncode == 0
        assert 'cidr = "172.24.0.0/24"' in (tmp_path / "plan.toml").read_text(encoding="utf-8")


def test_the_archive_is_what_runs(run: Run, archive: Path) -> None:
    script = f"import sys; sys.path.insert(0, {str(archive)!r}); import ipplan; print(ipplan.__file__)"
    done = run(program=("-c", script), env={"PYTHONPATH": ""})
    assert done.stdout.decode().startswith(str(archive)), sys.executable
