"""Every target over the reference sample, whole, against golden files; those of BGP and the workbook have their own.

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
ENDINGS = {
    "icp-config": "yaml",
    "strongswan-iks": "yaml",
    "strongswan-iks-icp": "yaml",
    "strongswan-icp": "yaml",
    "strongswan-conf": "conf",
    "strongswan-conf-iks": "conf",
    "strongswan-conf-iks-icp": "conf",
    "strongswan-conf-icp": "conf",
    "ibmcloud": "sh",
    "nsx-esg": "xml",
    "nsx-esg-table": "md",
    "routes": "md",
    "ip-route": "sh",
    "ip-address": "sh",
    "nftables": "nft",
    "hosts": "txt",
    "reverse-zones": "txt",
    "netbox": "csv",
    "ansible": "yaml",
    "terraform": "json",
}
ELSEWHERE = {"frr", "bird", "calico", "xlsx", "strongswan-conf-site", "static-route"}


def test_every_target_has_a_golden_file() -> None:
    assert {*ENDINGS, *ELSEWHERE} == set(TARGETS)


@pytest.mark.parametrize("target", ENDINGS)
def test_golden(run: Run, target: str, *, update_golden: bool) -> None:
    done = run("export", str(ROOT / "sample-plans" / "reference-architecture.toml"), target)
    assert done.returncode == 0, done.stderr
    file = GOLDEN / f"reference-architecture.{target}.{ENDINGS[target]}"
    text = done.stdout.decode().replace(f"ipplan {__version__}", "ipplan VERSION")
    if update_golden:
        file.write_bytes(text.encode())
    assert text == file.read_bytes().decode()
