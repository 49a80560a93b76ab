"""BIND's own named-checkzone as a judge of reverse zones: each section loads, below a SOA and an NS record."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Run

pytestmark = pytest.mark.judges

SAMPLES = Path(__file__).parent.parent.parent / "sample-plans"
HOSTILE = '"\\"; $INCLUDE /etc/passwd\\n@ IN A 192.0.2.1 ) ( \\\\ \u00fc"'


@pytest.fixture(scope="module")
def checkzone() -> str:
    """The command; skip where it is missing."""
    found = shutil.which("named-checkzone") or shutil.which("named-checkzone", path="/usr/sbin:/sbin")
    if found is None:
        pytest.skip("needs named-checkzone (Debian package bind9-utils)")
    return found


@pytest.mark.parametrize("sample", ["reference-architecture", "two-clusters", "ipv6", "conflicts", "hostile"])
def test_every_section_loads_without_a_complaint(run: Run, tmp_path: Path, checkzone: str, sample: str) -> None:
    plan = SAMPLES / f"{sample}.toml"
    if sample == "hostile":
        plan = tmp_path / "hostile.toml"
        text = (SAMPLES / "reference-architecture.toml").read_text("utf-8")
        text = text.replace('name = "reference-architecture"', f"name = {HOSTILE}")
        text = text.replace("[networks.icp-workers]", f"[networks.{HOSTILE}]")
        plan.write_text(text.replace("proxy-vip =", f"{HOSTILE} ="), encoding="utf-8")
    done = run("export", str(plan), "reverse-zones", "--force", "--domain", "dal10.example.com")
    assert done.returncode == 0, done.stderr
    sections = done.stdout.decode().split("$ORIGIN ")[1:]
    assert sections
    for section in sections:
        origin = section.split()[0]
        records = (
            f"$TTL 3600\n{origin} IN SOA ns.example.com. hostmaster.example.com. 1 7200 3600 1209600 3600\n"
            f"{origin} IN NS ns.example.com.\n$ORIGIN {section}"
        )
        file = tmp_path / "zone"
        file.write_text(records, encoding="utf-8")
        judged = subprocess.run(
            [checkzone, "-k", "fail", "-r", "fail", "-T", "warn", origin, str(file)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert judged.returncode == 0, judged.stdout
        assert judged.stdout == f"zone {origin.rstrip('.')}/IN: loaded serial 1\nOK\n"
        assert judged.stderr == ""
