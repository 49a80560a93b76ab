"""The built package: its metadata, and what is in the source distribution."""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
import zipfile
from email import message_from_string
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ipplan import project

if TYPE_CHECKING:
    from email.message import Message

ROOT = Path(__file__).parent.parent
LARGEST_FILE = 700_000
"""Bytes of a file in the source distribution; the largest is a golden output."""


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build both packages as a publisher does."""
    folder = tmp_path_factory.mktemp("packages")
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def metadata(packages: Path) -> Message:
    (wheel,) = packages.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith("/METADATA"))
        return message_from_string(archive.read(name).decode("utf-8"))


def test_the_publisher_fills_in_one_place(metadata: Message) -> None:
    urls = dict(text.split(", ", 1) for text in metadata.get_all("Project-URL", []))
    assert urls["Homepage"] == project.HOME
    assert urls["Documentation"] == project.DOCUMENTATION
    assert urls["Issues"] == project.ISSUES
    assert metadata["Author"] == project.AUTHOR
    own = [path for path in (ROOT / "ipplan").rglob("*.py") if project.HOME in path.read_text(encoding="utf-8")]
    assert [path.name for path in own] == ["project.py"]


def test_a_package_index_can_follow_every_link(metadata: Message) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", str(metadata.get_payload()))
    assert len(links) > 5
    assert [link for link in links if not link.startswith(("https://", "#"))] == []


def test_the_extra_all_has_every_extra_for_users(metadata: Message) -> None:
    wanted: dict[str, set[str]] = {}
    for text in metadata.get_all("Requires-Dist", []):
        requirement, _, extra = text.partition("; extra == ")
        wanted.setdefault(extra.strip("'\""), set()).add(requirement)
    for extra, requirements in wanted.items():
        if extra not in ("", "dev", "docs"):
            assert requirements <= wanted["all"], extra


def test_the_source_distribution_is_small_and_builds_again(packages: Path, tmp_path: Path) -> None:
    (sdist,) = packages.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        members = archive.getmembers()
        archive.extractall(tmp_path, filter="data")
    assert [m.name for m in members if m.size > LARGEST_FILE] == []
    (folder,) = tmp_path.iterdir()
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path / "again")]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    (again,), (wheel,) = (tmp_path / "again").glob("*.whl"), packages.glob("*.whl")
    with zipfile.ZipFile(again) as first, zipfile.ZipFile(wheel) as second:
        assert first.namelist() == second.namelist()
