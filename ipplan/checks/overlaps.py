"""Overlaps inside the plan: of networks with each other, and with space that the plan avoids."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.checks.context import label
from ipplan.checks.registry import RULES, rule
from ipplan.findings import Source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ipplan.checks.context import Context, Sweep
    from ipplan.findings import Finding
    from ipplan.plan.model import Network

_ARCHITECTURE = Source(
    "IBM Cloud docs, vmware-solutions: integration, IP addressing, and network flows",
    "https://github.com/ibm-cloud-docs/vmwaresolutions/blob/ddb0278/archiref/vcsnsxt/vcsnsxt-overview-integration.md",
    "2018-11-20",
)
_FULL_DETAIL = 1000
"""From so many overlaps on, each further network is reported against its nearest neighbour only."""


@rule("network-overlap", "error", "warning", source=_ARCHITECTURE)
def network_overlap(context: Context) -> Iterator[Finding]:
    """Two networks of the plan share addresses.

    Why: an address that stands in two places is reached in one of them only, and which one changes from router
    to router. Pod and service ranges of two clusters may be equal as long as nothing joins the clusters.

    Do: move one of the two. Pod and service ranges of a running cluster cannot change, so move the other side.
    """
    found = 0
    for sweep in context.sweeps:
        for inner, outer, further in _pairs(sweep):
            found += 1
            if found > _FULL_DETAIL and further is None:
                continue
            yield _overlap(context, inner, outer, further or 0)


def _pairs(sweep: Sweep) -> Iterator[tuple[Network, Network, int | None]]:
    """Yield (inner, outer, further) for overlapping networks.

    Prefixes nest or are disjoint, so in address order the stack of open networks holds exactly those around the
    next one. Up to eight around each network are told one by one, nearest first, conflicts before mere twins of
    two clusters; the last one told carries the number of `further` ones, earlier ones None.
    """
    stack: list[tuple[Network, int]] = []
    for network, last in zip(sweep.networks, sweep.lasts, strict=True):
        first = network.prefix.first if network.prefix else 0
        while stack and stack[-1][1] < first:
            stack.pop()
        if stack:
            around = [outer for outer, _ in reversed(stack)]
            around.sort(key=lambda outer: _isolated(network, outer))  # stable: nearest first among equals
            told = around[:8]
            for outer in told[:-1]:
                yield network, outer, None
            yield network, told[-1], len(around) - len(told)
        stack.append((network, last))


def _isolated(a: Network, b: Network) -> bool:
    """Tell whether both are inside clusters, and not in the same one."""
    return a.kind.internal and b.kind.internal and a.cluster != b.cluster


def _overlap(context: Context, inner: Network, outer: Network, further: int) -> Finding:
    # The finding points at a network that the plan declares, and can move if one of the two can.
    if inner.prefix == outer.prefix and outer.kind.provider == "byoip" and inner.kind.provider != "byoip":
        first, second = outer, inner
    else:
        first, second = (inner, outer) if inner.declared or not outer.declared else (outer, inner)
    isolated = _isolated(inner, outer)
    because: tuple[str, ...] = ()
    if isolated:
        because = (
            f"both stay inside their clusters, {inner.cluster} and {outer.cluster}; a tunnel or route "
            "between the clusters would turn this into an error",
        )
    if further:
        because += (f"{further:,} further networks around {inner.name} overlap it as well",)
    help_ = None if isolated else context.suggest(first) or context.suggest(second)
    return RULES["network-overlap"].finding(
        f"{label(first)} overlaps {label(second)}",
        first.cidr_key,
        severity="warning" if isolated else "error",
        networks=(first.name, second.name),
        cidrs=(str(first.prefix), str(second.prefix)),
        overlap=str(inner.prefix),
        because=because,
        help=help_,
    )


@rule("avoid-overlap", "warning", source=Source("the plan's own [[avoid]] entries"))
def avoid_overlap(context: Context) -> Iterator[Finding]:
    """A pinned network lies in space that the plan says to avoid.

    Why: whoever wrote the entry knows of something there; only allocation keeps clear of it by itself.

    Do: move the network, or narrow the entry if it was too wide.
    """
    avoids = context.plan.avoids
    for network in context.touching(a.prefix for a in avoids):
        for avoid in avoids:
            shared = avoid.prefix.shared(network.prefix) if network.prefix else None
            if shared is not None and network.declared:
                reason = f" ({avoid.reason})" if avoid.reason else ""
                yield RULES["avoid-overlap"].finding(
                    f"{label(network)} overlaps avoided space {avoid.prefix}{reason}",
                    network.cidr_key,
                    networks=(network.name,),
                    cidrs=(str(network.prefix), str(avoid.prefix)),
                    overlap=str(shared),
                    help=context.suggest(network),
                )
