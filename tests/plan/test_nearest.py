"""The word that a typing error probably meant, over the words that plans and tables know."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ipplan.plan.kinds import KINDS
from ipplan.plan.problems import nearest

if TYPE_CHECKING:
    from collections.abc import Collection

PLAN = ("schema", "plan", "integration", "clusters", "avoid", "waive", "networks", "edges", "sites", "link")
NETWORK = (
    "kind",
    "cidr",
    "prefix",
    "hosts",
    "grow-to",
    "group",
    "pool",
    "addresses",
    "vlan",
    "status",
    "labels",
    "site",
)


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("vcs-vms", "vcs-vm"),
        ("vcs-vmm", "vcs-vm"),
        ("vcs-v", "vcs-vm"),
        ("vcs-vn", "vcs-vm"),
        ("vcs-nsf", "vcs-nfs"),
        ("vcs-vsna", "vcs-vsan"),
        ("vcs-vteps", "vcs-vtep"),
        ("vcs-managment", "vcs-management"),
        ("vcs-host", "vcs-host-public"),
        ("icp-pods", "icp-pod"),
        ("icp-services", "icp-service"),
        ("iks-wrokers-private", "iks-worker-private"),
        ("iks-worker", "iks-worker-public"),
        ("enterprize", "enterprise"),
        ("vxlan", None),
        ("", None),
        ("x" * 10_000, None),
    ],
)
def test_the_kind_that_was_meant(word: str, meant: str | None) -> None:
    assert nearest(word, KINDS) == meant


@pytest.mark.parametrize(
    ("word", "known", "meant"),
    [
        ("network", PLAN, "networks"),
        ("cluster", PLAN, "clusters"),
        ("site", PLAN, "sites"),
        ("links", PLAN, "link"),
        ("intergation", PLAN, "integration"),
        ("scheme", PLAN, "schema"),
        ("prefixlen", NETWORK, "prefix"),
        ("host", NETWORK, "hosts"),
        ("growto", NETWORK, "grow-to"),
        ("gruop", NETWORK, "group"),
        ("label", NETWORK, "labels"),
        ("cird", NETWORK, "cidr"),
        ("kinds", NETWORK, "kind"),
        ("description", NETWORK, None),
    ],
)
def test_the_key_that_was_meant(word: str, known: tuple[str, ...], meant: str | None) -> None:
    assert nearest(word, known) == meant


def slips(word: str) -> set[str]:
    """Return the word with one letter left out, doubled, swapped or wrong, and its plural."""
    places = range(len(word))
    return {
        f"{word}s",
        *(word[:at] + word[at + 1 :] for at in places),
        *(word[: at + 1] + word[at:] for at in places),
        *(word[:at] + "w" + word[at + 1 :] for at in places),
        *(word[:at] + word[at : at + 2][::-1] + word[at + 2 :] for at in places),
    } - {word}


@pytest.mark.parametrize("known", [KINDS, PLAN, NETWORK], ids=["kinds", "plan", "network"])
def test_one_slip_still_finds_the_word(known: Collection[str]) -> None:
    wrong = {slip: nearest(slip, known) for word in known for slip in slips(word) if nearest(slip, known) != word}
    assert wrong == {}
