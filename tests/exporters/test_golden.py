"""Every target for the reference sample against golden files; BGP and the workbook have tests of their own.

`pytest --update-golden` rewrites tests/golden/export; read the difference before it is committed.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ipplan import __version__
from ipplan.exporters import TARGETS

if TYPE_CHECKING:
    from conftest import Run

ROOT = Path(__file__).parent.parent.parent
GOLDEN = ROOT / "tests" / "golden" / "export"
ELSEWHERE = {"frr", "bird", "calico", "xlsx", "strongswan-conf-site", "static-route"}
"""Targets that the reference sample has nothing for, or that are no text: test_bgp, test_every_link and test_xlsx."""
HERE = [target for target in TARGETS if target not in ELSEWHERE]


def golden_file(target: str) -> Path:
    """Return the golden file of a target; its ending is the one that `export --all` gives the file."""
    ending = Path(TARGETS[target].file).suffix.replace(".db", "") or ".txt"
    return GOLDEN / f"reference-architecture.{target}{ending}"


@pytest.mark.parametrize("target", HERE)
def test_golden(run: Run, target: str, *, update_golden: bool) -> None:
    done = run("export", str(ROOT / "sample-plans" / "reference-architecture.toml"), target)
    assert done.returncode == 0, done.stderr
    file = golden_file(target)
    text = done.stdout.decode().replace(f"ipplan {__version__}", "ipplan VERSION")
    if update_golden:
        file.write_bytes(text.encode())
    assert text == file.read_bytes().decode()
