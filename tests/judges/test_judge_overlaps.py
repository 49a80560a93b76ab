"""The packet filter of the kernel as a judge of overlaps: an interval set rejects elements that share an address."""

from __future__ import annotations

import random
import subprocess
from typing import TYPE_CHECKING

import pytest

from ipplan.addresses import Prefix
from ipplan.catalog import load_catalog
from ipplan.checks import check_plan
from ipplan.plan.load import parse_plan

if TYPE_CHECKING:
    from conftest import Judge

pytestmark = pytest.mark.judges


@pytest.fixture(scope="module")
def nft(judge: Judge) -> str:
    """The nft command; skip where it is missing or may not use the kernel."""
    found = judge("nft", "Debian package nftables")
    asked = subprocess.run(
        [found, "-c", "-f", "-"], input="add table ip t\n", text=True, capture_output=True, check=False
    )
    if asked.returncode != 0:
        pytest.skip(f"nft may not ask the kernel here: {asked.stderr.strip()}")
    return found


def refuses(nft: str, prefixes: list[Prefix]) -> bool:
    """Return whether nft rejects a set of these prefixes as overlapping."""
    elements = ", ".join(map(str, prefixes))
    rules = f"table ip judge {{\n set s {{\n type ipv4_addr\n flags interval\n elements = {{ {elements} }}\n }}\n}}\n"
    done = subprocess.run([nft, "-c", "-f", "-"], input=rules, text=True, capture_output=True, check=False)
    assert done.returncode == 0 or "conflicting intervals" in done.stderr, done.stderr
    return done.returncode != 0


def finds(prefixes: list[Prefix]) -> bool:
    text = "".join(f'[networks.n{i}]\nkind = "vcs-vm"\ncidr = "{p}"\n' for i, p in enumerate(prefixes))
    plan = parse_plan(text.encode(), "plan.toml")
    return any(f.rule == "network-overlap" for f in check_plan(plan, load_catalog()))


def test_check_and_nft_agree_on_overlaps(nft: str) -> None:
    choose = random.Random(5)
    agreed = set()
    for _ in range(150):
        prefixes = []
        for _ in range(choose.randrange(2, 7)):
            length = choose.randrange(20, 33)
            first = (10 << 24) + (225 << 16) + choose.randrange(1 << 14)
            prefixes.append(Prefix(4, first >> 32 - length << 32 - length, length))
        # Of two equal elements nft silently keeps one.
        prefixes = list(dict.fromkeys(prefixes))
        verdict = finds(prefixes)
        assert verdict == refuses(nft, prefixes), prefixes
        agreed.add(verdict)
    assert agreed == {True, False}, "both answers have to come up"
