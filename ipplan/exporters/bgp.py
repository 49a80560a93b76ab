"""What the BGP targets share: which ends have BGP, what is missing for it, and comments on examples."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.exporters import comment

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ipplan.landscape import End, Landscape
    from ipplan.landscape.model import HostAddress, Speaker

METHODS = ("common-vlan", "bgp")
"""The methods between IKS and an edge that use BGP (reference architecture, section integration)."""
_NUMBERS = {"esg-asn": 64998, "iks-asn": 64999}
"""AS numbers to propose: private ones that IBM Cloud does not exclude (direct-link subnet-configuration.md, 2025-07-11)."""


def methods_of(landscape: Landscape, end: End) -> frozenset[str]:
    """Return the BGP methods that join an edge with IKS clusters, or an IKS cluster with edges."""
    found = (joint.method for joint in landscape.ends.links.of_pair(end, "iks-edge"))
    return frozenset(method for method in found if method in METHODS)


def missing_for_sessions(landscape: Landscape, end: End) -> Iterator[tuple[str, str]]:
    """Yield what is missing in a plan for the BGP sessions of an ESG or of the workers of a cluster, and what to write.

    On the common VLAN the two are the ends of one session, so both need an AS number.
    """
    methods = methods_of(landscape, end)
    own = "esg-asn" if end.kind == "edge" else "iks-asn"
    if not methods:
        words = " or ".join(f'"{name}"' for name in METHODS)
        yield (
            f"{end.title} has no BGP session",
            f"write iks-vcs = {words} under [integration], or a [[link]] with such a method",
        )
    for key, number in _NUMBERS.items():
        if key not in landscape.plan.asns and (key == own or methods != {"bgp"}):
            yield (
                f"the plan states no {key}",
                f"write {key} = {number}, or another private number, under [integration]",
            )


def examples(
    addresses: Iterable[HostAddress | None], speakers: Iterable[Speaker], sign: str = "#", indent: str = ""
) -> list[str]:
    """Return a comment for each address and AS number that the plan does not state."""
    texts = [
        f"{a.text} is an example: the plan names no address in {a.network} for it"
        for a in addresses
        if a is not None and a.example
    ]
    texts += [
        f"AS {s.asn} of the {s.device} is an example: IBM gives the number when it approves the peering"
        for s in speakers
        if s.example
    ]
    return [indent + comment(text, sign) for text in dict.fromkeys(texts)]
