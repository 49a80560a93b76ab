"""BGP: autonomous system numbers, and peering with Calico."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.checks.registry import rule
from ipplan.checks.sources import ARCHITECTURE, DIRECT_LINK
from ipplan.findings import Related, Source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ipplan.checks.context import Context
    from ipplan.findings import Finding

_LIMITS = Source(
    "IBM Cloud docs, containers: service limitations",
    "https://github.com/ibm-cloud-docs/containers/blob/00e8177/limitations.md",
    "2022-11-21",
)
_BGP = Source(
    "RFC 4271: A Border Gateway Protocol 4 (BGP-4), sections 5.1.2 and 9.1.2",
    "https://www.rfc-editor.org/rfc/rfc4271",
    "2006-01",
)
_CALICO_ASN = 64512
"""The number that Calico announces with by default (projectcalico/libcalico-go @7d7eb71, BGPConfiguration)."""
_EXCLUDED_ASNS = (
    (0, 0),
    (13884, 13884),
    (36351, 36351),
    (64512, 64513),
    (65100, 65100),
    (65201, 65234),
    (65402, 65433),
    (65500, 65500),
    (4201065000, 4201065999),
)
"""Autonomous system numbers that IBM Cloud uses itself, first and last (direct-link subnet-configuration.md)."""
_PROPOSED_ASNS = (64998, 64999, 64997)
"""Numbers to propose, best first. A plan whose IKS and ESG share a number states at most two, so one is left."""


@rule("error", "warning", source=DIRECT_LINK, judges="in service")
def excluded_asn(context: Context) -> Iterator[Finding]:
    """A BGP speaker that announces to IBM Cloud has an autonomous system number (ASN) that IBM excludes.

    Why: IBM Cloud uses these numbers itself, and drops routes from them as loops. Calico's default, 64512, is one
    of them, so workers that peer with the BCR need another number. A plan that states none gets a warning.

    Do: state another private number, such as 64999, and set the same number in Calico, on the ESG or on the router.
    """
    plan = context.plan
    bgp = next(context.stated("bgp"), None)
    speakers = ["iks-asn", "esg-asn"] if bgp is not None else []
    if next(context.stated("routed", "site-private"), None) is not None:
        speakers.append("enterprise-asn")
    for key in speakers:
        asn = plan.asns.get(key)
        if asn is None and key == "iks-asn" and bgp is not None:
            yield excluded_asn.finding(
                f"{bgp.title} states no iks-asn, and Calico's default {_CALICO_ASN} is excluded",
                bgp.key,
                severity="warning",
                help="write iks-asn = 64999 under [integration], or the number agreed with IBM",
            )
        elif asn is not None and any(first <= asn <= last for first, last in _EXCLUDED_ASNS):
            yield excluded_asn.finding(
                f"{key} {asn} is a number that IBM Cloud uses itself",
                ("integration", key),
                help="write 64999, IBM's default for customers, or a number from 64514 to 65099",
            )


@rule("error", source=_BGP, judges="in service")
def asn_loop(context: Context) -> Iterator[Finding]:
    """IKS workers and ESG peer with the BCR under the same autonomous system number.

    Why: the BCR adds its own number to the AS path and passes the route on. The receiver finds its own number in
    the path, and BGP drops the route as a loop: workers learn no overlay networks, and the ESG learns no pods. On a
    common VLAN equal numbers are fine, because workers and ESG peer directly, as one autonomous system.

    Do: write different numbers for iks-asn and esg-asn, and set them in Calico and on the ESG.
    """
    # enterprise-asn does not count: a site may have static routes to what the BCR learns (see landscape, routers).
    asns = context.plan.asns
    shared = asns.get("iks-asn")
    if shared is None or shared != asns.get("esg-asn"):
        return
    bundle = next(context.joining("bgp"), None)
    if bundle is None:
        return
    from ipplan.landscape.model import BCR_ASN

    joint = bundle.joint()
    proposed = next(asn for asn in _PROPOSED_ASNS if asn not in asns.values())
    yield asn_loop.finding(
        f"iks-asn and esg-asn are both {shared}, so workers and ESG drop each other's routes as loops",
        ("integration", "esg-asn"),
        related=(Related(("integration", "iks-asn")),),
        because=(
            f"{joint.first.title} and {joint.second.title} are joined by bgp, which goes over the BCR",
            f"routes of one reach the other with the AS path {BCR_ASN} {shared}",
        ),
        help=f"write esg-asn = {proposed} under [integration]",
    )


@rule("warning", "note", source=_LIMITS, judges="in service")
def calico_peering(context: Context) -> Iterator[Finding]:
    """The integration changes Calico on IKS workers, which IKS does not support, or which IBM has to approve.

    Why: BGP peers are Calico resources of the cluster. IKS supports neither changed components nor a changed
    default pool: an update may undo the change. Peering with the BCR (a note) is not a standard offering either.

    Do: ask IBM before you rely on it, or choose "strongswan", which needs neither.
    """
    for stated in context.stated("common-vlan"):
        yield calico_peering.finding(
            f"{stated.short} makes the ESG a BGP peer of Calico, but IKS does not support changes to Calico",
            stated.key,
        )
    for stated in context.stated("bgp"):
        yield calico_peering.finding(
            f"{stated.short} needs a request to IBM and its approval: peering with the BCR is not a standard offering",
            stated.key,
            severity="note",
            source=ARCHITECTURE,
        )
