"""State which ranges the static routes of IKS workers cannot lead to."""

from __future__ import annotations

from ipplan.addresses import Prefix, RangeSet, parse_prefix

REFUSED = RangeSet(map(parse_prefix, ("172.16.0.0/16", "172.18.0.0/16", "172.19.0.0/16", "172.20.0.0/16")))
"""IKS refuses static routes to these (IBM Cloud docs, containers static-routes.md, 2026-07-27)."""


def refuses(prefix: Prefix) -> bool:
    """Return whether IKS refuses a static route on its workers: to a refused range, or to a summary that holds one."""
    return REFUSED.overlaps(prefix)
