"""nft as a judge of the rules of ESGs: it loads them, and loads them again to replace the first ones.

What packets do behind these rules is tried in the lab.
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ipplan.lab import requirements
from ipplan.lab.model import LabError
from ipplan.plan.choices import INTEGRATION

if TYPE_CHECKING:
    from conftest import Run

pytestmark = pytest.mark.judges

ROOT = Path(__file__).parent.parent.parent
REFERENCE = ROOT / "sample-plans" / "reference-architecture.toml"
LINKS = ROOT / "tests" / "exporters" / "links.toml"
METHODS = INTEGRATION["iks-vcs"]


@pytest.fixture(scope="module", autouse=True)
def ready() -> None:
    """Skip where nft cannot load rules."""
    try:
        requirements.check(needs_nft=True)
    except LabError as error:
        pytest.skip(f"nft cannot load rules here: {error}")


def load_twice(rules: str) -> None:
    """Load rules twice in a new network namespace."""
    script = "nft -f - <<'RULES'\n" + rules + "\nRULES\n"
    command = requirements.isolated("sh", "-ec", script * 2)
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=requirements.environment())
    assert done.returncode == 0, done.stderr


def plan_text(method: str) -> str:
    numbers = "[integration]\nesg-asn = 64998\niks-asn = 64999\n"
    text = REFERENCE.read_text("utf-8").replace("[integration]\n", numbers, 1)
    return text.replace('iks-vcs = "strongswan"', f'iks-vcs = "{method}"')


@pytest.mark.parametrize("method", METHODS)
def test_nft_takes_the_rules_of_every_method(run: Run, tmp_path: Path, method: str) -> None:
    (tmp_path / "plan.toml").write_text(plan_text(method), encoding="utf-8")
    load_twice(run("export", "plan.toml", "nftables").stdout.decode())


@pytest.mark.parametrize("edge", ["dallas", "frankfurt", "london"])
def test_nft_takes_the_rules_of_every_link(run: Run, edge: str) -> None:
    rules = run("export", str(LINKS), "nftables", "--edge", edge).stdout.decode()
    assert rules
    load_twice(rules)


def test_nft_takes_rules_beside_a_network_of_ipv6(run: Run, tmp_path: Path) -> None:
    six = '[networks.six]\nkind = "icp-service"\ncluster = "icp-prod"\ncidr = "fd00::/112"\n[networks.vm-6]\nkind = "vcs-vm"\ncidr = "fd00:1::/64"\n'
    plan = plan_text("strongswan").replace('[networks.icp-services]\nkind = "icp-service"\n', six, 1)
    plan = plan.replace('kind = "iks-service"\n', 'kind = "iks-service"\ncidr = "fd00:2::/112"\n', 1)
    (tmp_path / "plan.toml").write_text(plan, encoding="utf-8")
    rules = run("export", "plan.toml", "nftables", "--force").stdout.decode()
    assert "172.30.0.0/16" in rules
    assert "fd00" not in rules, "rules of IPv4 only"
    load_twice(rules)


def test_it_tells_a_fault() -> None:
    with pytest.raises(AssertionError, match="syntax error"):
        load_twice("table ip x { chain y { nonsense } }")
