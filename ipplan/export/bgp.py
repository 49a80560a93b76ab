"""What the targets with BGP share: which plans have it, and how an example is marked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.export import comment

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ipplan.devices.model import Speaker
    from ipplan.flows import Address
    from ipplan.plan.model import Plan

METHODS = ("common-vlan", "bgp")
"""The values of iks-vcs that have BGP sessions (reference architecture, section integration)."""
_NUMBERS = {"esg-asn": 64998, "iks-asn": 64999}
"""Numbers to propose: private ones that IBM Cloud does not exclude (direct-link subnet-configuration.md, 2025-07-11)."""


def lacking(plan: Plan, own: str) -> Iterator[tuple[str, str]]:
    """Yield what a plan lacks for the sessions of the ESG (`own` "esg-asn") or of the workers ("iks-asn").

    On the common VLAN the two are the ends of one session, so both have to have a number.
    """
    method = plan.integration.get("iks-vcs")
    if method not in METHODS:
        words = " or ".join(f'"{name}"' for name in METHODS)
        yield "this integration has no BGP", f"write iks-vcs = {words} under [integration]"
    for key, number in _NUMBERS.items():
        if key not in plan.asns and (key == own or method != "bgp"):
            yield (
                f"the plan states no {key}",
                f"write {key} = {number}, or another private number, under [integration]",
            )


def examples(
    addresses: Iterable[Address | None], speakers: Iterable[Speaker], sign: str = "#", indent: str = ""
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
