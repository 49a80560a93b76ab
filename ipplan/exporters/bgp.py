"""What the targets with BGP share: which ends have it, and how an example is marked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.exporters import comment

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ipplan.landscape import End, Landscape
    from ipplan.landscape.model import HostAddress, Speaker

METHODS = ("common-vlan", "bgp")
"""The methods between IKS and an edge that have BGP sessions (reference architecture, section integration)."""
_NUMBERS = {"esg-asn": 64998, "iks-asn": 64999}
"""Numbers to propose: private ones that IBM Cloud does not exclude (direct-link subnet-configuration.md, 2025-07-11)."""


def methods_of(landscape: Landscape, end: End) -> frozenset[str]:
    """Return the methods with BGP that join an edge with IKS clusters, or an IKS cluster with edges."""
    found = (joint.method for joint in landscape.ends.links.of_pair(end, "iks-edge"))
    return frozenset(method for method in found if method in METHODS)


def lacking(landscape: Landscape, end: End) -> Iterator[tuple[str, str]]:
    """Yield what a plan lacks for the BGP sessions of an ESG or of the workers of a cluster.

    On the common VLAN the two are the ends of one session, so both have to have a number.
    """
    methods = methods_of(landscape, end)
    own = "esg-asn" if end.kind == "edge" else "iks-asn"
    if not methods:
        words = " or ".join(f'"{name}"' for name in METHODS)
        yield (
            f"{end.title} has no BGP",
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
    """Return a comment for each address and number that the plan does not state."""
    texts = [
        f"{a.text} is an example: the plan gives no address of {a.network} to it"
        for a in addresses
        if a is not None and a.example
    ]
    texts += [
        f"{s.asn} of the {s.device} is an example: IBM tells its number when it approves the peering"
        for s in speakers
        if s.example
    ]
    return [indent + comment(text, sign) for text in dict.fromkeys(texts)]
