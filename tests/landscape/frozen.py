"""The verdicts of ipplan before LANDSCAPE, as data, and the plans that ask for them again.

`verdicts_before.txt` holds a verdict for each pair of kinds and each `[integration]`; `CHANGES` are those that LANDSCAPE
changes on purpose.
"""

from __future__ import annotations

from itertools import combinations_with_replacement, product
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

FILE = Path(__file__).parent / "verdicts_before.txt"
LEFT_OUT = "-"
METHODS = {
    "icp-vcs": ("nat", "none", LEFT_OUT),
    "iks-vcs": ("common-vlan", "strongswan", "static-nat", "bgp", "none", LEFT_OUT),
    "iks-icp": ("strongswan", "none", LEFT_OUT),
    "enterprise": ("l2-extension", "routed", "none", LEFT_OUT),
}
KINDS = (
    "iks-pod",
    "iks-service",
    "iks-ingress-public",
    "iks-ingress-private",
    "iks-worker-public",
    "iks-worker-private",
    "vcs-host-public",
    "vcs-host-private",
    "vcs-esg-public",
    "vcs-esg-private",
    "vcs-management",
    "vcs-vtep",
    "vcs-vmotion",
    "vcs-vsan",
    "vcs-nfs",
    "vcs-hcx",
    "vcs-vm",
    "vcs-transit",
    "icp-pod",
    "icp-service",
    "icp-worker",
    "enterprise",
)
IBM_PRIVATE = {
    kind
    for kind in KINDS
    if kind.endswith("-private")
    or kind in ("vcs-management", "vcs-vtep", "vcs-vmotion", "vcs-vsan", "vcs-nfs", "vcs-hcx")
}
INTEGRATIONS: list[dict[str, str]] = [
    dict(zip(METHODS, methods, strict=True)) for methods in product(*METHODS.values())
]
"""Every integration, in the order of the digits of the file."""

Shape = Literal["equal", "first inside second", "second inside first"]
SHAPES: tuple[Shape, ...] = ("equal", "first inside second", "second inside first")


class Pair(NamedTuple):
    """Two kinds of network in the order of `KINDS`, and whether the two networks are of one cluster."""

    first: str
    second: str
    same: bool


def platform(kind: str) -> str | None:
    """Return the platform of the clusters that networks of a kind belong to."""
    name = kind.partition("-")[0]
    return name if name in ("iks", "icp") else None


def pairs() -> list[Pair]:
    """Return every pair of kinds; twice where both can be of one cluster."""
    found = []
    for first, second in combinations_with_replacement(KINDS, 2):
        found.append(Pair(first, second, same=False))
        if platform(first) == platform(second) is not None:
            found.append(Pair(first, second, same=True))
    return found


class Change(NamedTuple):
    """Entries of the table that LANDSCAPE changes on purpose. `where` says for which methods; left-out keys are "-"."""

    reason: str
    kinds: tuple[tuple[str, str], ...]
    where: dict[str, tuple[str, ...]]
    shapes: tuple[Shape, ...]
    verdict: Literal["error", "warning"] | None


CHANGES = (
    Change(
        "case 37: neither BGP nor the common VLAN announces the transit network",
        (("iks-service", "vcs-transit"),),
        # With a tunnel between the clusters, ICP workers lead to both: the ESG is their default route.
        {"iks-vcs": ("common-vlan", "bgp"), "iks-icp": ("none", LEFT_OUT)},
        SHAPES,
        "warning",
    ),
    Change(
        "case 20: a stretched network inside a network of the enterprise is one wire",
        (("vcs-vm", "enterprise"),),
        {"enterprise": ("l2-extension",)},
        ("first inside second",),
        "warning",
    ),
    Change(
        "case 22: an enterprise network inside another one of its site is a part of it",
        (("enterprise", "enterprise"),),
        {},
        ("first inside second", "second inside first"),
        None,
    ),
    Change(
        "section 8: the ESG stands on the workers' VLAN, so ICP workers reach them untranslated",
        (("iks-worker-private", "icp-pod"), ("iks-worker-private", "icp-service")),
        {"iks-vcs": ("common-vlan",), "icp-vcs": ("none",), "iks-icp": ("none", LEFT_OUT)},
        SHAPES,
        "error",
    ),
)


def changed(pair: Pair, integration: dict[str, str], shape: Shape) -> Change | None:
    """Return the change that concerns an entry, None for an entry that has to stay."""
    for change in CHANGES:
        if (
            (pair.first, pair.second) in change.kinds
            and shape in change.shapes
            and all(integration[key] in methods for key, methods in change.where.items())
        ):
            return change
    return None


def before() -> dict[Pair, int]:
    """Return for each pair the integrations under which it was an error, as the bits of a number."""
    found = {}
    bits = ""
    for line in FILE.read_text(encoding="utf-8").splitlines():
        if line.startswith("#") or not line:
            continue
        if not line.startswith(" "):
            bits = line
            continue
        first, second, *same = line.split()
        found[Pair(first, second, same=bool(same))] = int(bits, 16)
    return found


def expected(pair: Pair, number: int, shape: Shape, table: dict[Pair, int]) -> str | None:
    """Return the verdict that an entry has to have now; `number` is the place of the integration."""
    integration = INTEGRATIONS[number]
    change = changed(pair, integration, shape)
    if change is not None:
        return change.verdict
    stretched = (pair.first, pair.second) == ("vcs-vm", "enterprise") and integration["enterprise"] == "l2-extension"
    if stretched and shape == "equal":
        return "warning"  # The table does not know of ranges: equal ones were taken as one stretched network.
    return "error" if table[pair] >> number & 1 else "warning"


def plan_text(integration: dict[str, str], shape: Shape, chosen: list[Pair]) -> str:
    """Return a plan in which each pair shares a block of its own: networks `N-first` and `N-second`.

    No address is named; there are two clusters of each platform, one edge and one site. IBM's private networks lie in
    10.0.0.0/8 and nothing else does, so that the route 10.0.0.0/8 of servers decides nothing (the table knew no ranges).
    """
    lines = ["[integration]"]
    lines += [f'{key} = "{method}"' for key, method in integration.items() if method != LEFT_OUT]
    lines += [f'[clusters.{name}-{n}]\nplatform = "{name}"' for name in ("iks", "icp") for n in (1, 2)]
    for place, pair in enumerate(chosen):
        lines += _two_networks(place, pair, shape)
    return "\n".join([*lines, ""])


def _two_networks(place: int, pair: Pair, shape: Shape) -> Iterator[str]:
    start = "172.24"
    if "public" in pair.first + pair.second:
        start = "169.60"
    elif IBM_PRIVATE & set(pair):
        start = "10.100"
    first, second = start.split(".")
    base = f"{first}.{int(second) + place // 256}.{place % 256}"
    for kind, word, cluster in ((pair.first, "first", 1), (pair.second, "second", 1 if pair.same else 2)):
        yield f"[networks.{place}-{word}]"
        yield f'kind = "{kind}"'
        yield f'cidr = "{base}.0/{25 if shape.startswith(f"{word} inside") else 24}"'
        if platform(kind) is not None:
            yield f'cluster = "{platform(kind)}-{cluster}"'
