"""Overlaps inside the plan: of networks with each other, and with space that the plan avoids."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from ipplan.addresses import PrefixIndex
from ipplan.checks.context import label
from ipplan.checks.registry import RULES, rule
from ipplan.findings import Source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ipplan.checks.context import Context
    from ipplan.findings import Finding
    from ipplan.plan.model import Network

_ARCHITECTURE = Source(
    "IBM Cloud docs, vmware-solutions: integration, IP addressing, and network flows",
    "https://github.com/ibm-cloud-docs/vmwaresolutions/blob/ddb0278/archiref/vcsnsxt/vcsnsxt-overview-integration.md",
    "2018-11-20",
)
_MOST_NEIGHBOURS = 8
"""So many of the networks around one are told one by one; further ones are counted."""

_FULL_DETAIL = 1000
"""From so many overlaps on, each further network is told against its nearest neighbour only."""


@rule("network-overlap", "error", "warning", source=_ARCHITECTURE)
def network_overlap(context: Context) -> Iterator[Finding]:
    """Two networks of the plan share addresses.

    Why: an address that stands in two places is reached in one of them only, and which one changes from router
    to router. Pod and service ranges of two clusters may be equal as long as nothing joins the clusters.

    Do: move one of the two. Pod and service ranges of a running cluster cannot change, so move the other side.
    """
    told = 0
    for sweep in context.sweeps:
        around = _Around()
        for network, first, last in zip(sweep.networks, sweep.firsts, sweep.lasts, strict=True):
            around.close_before(first)
            outers, further = around.nearest(network, 1 if told > _FULL_DETAIL else _MOST_NEIGHBOURS)
            told += len(outers)
            for outer in outers:
                yield _overlap(context, network, outer, further if outer is outers[-1] else 0)
            around.open(network, last)


class _Around:
    """The networks that hold the current address, while a sweep goes through all in address order.

    Prefixes nest or are disjoint, so these form a stack, and it holds exactly what is around the next network.
    Ranges inside a cluster conflict with those outside any and with those of their own cluster; stacks of these
    are kept beside the whole one, so that thousands of clusters on one default range cost no more than few.
    """

    def __init__(self) -> None:
        self._all: list[tuple[Network, int]] = []
        self._by_side: dict[str | None, list[tuple[int, Network]]] = {}

    def open(self, network: Network, last: int) -> None:
        self._by_side.setdefault(_side(network), []).append((len(self._all), network))
        self._all.append((network, last))

    def close_before(self, first: int) -> None:
        """Forget the networks that end before an address."""
        while self._all and self._all[-1][1] < first:
            self._by_side[_side(self._all.pop()[0])].pop()

    def nearest(self, network: Network, most: int) -> tuple[list[Network], int]:
        """Return up to `most` networks around this one, and how many further ones there are.

        Conflicts come before twins in other clusters, and of each the nearest first.
        """
        if not self._all:
            return [], 0
        if not network.kind.internal:
            told = [outer for outer, _ in self._all[: -most - 1 : -1]]
        else:
            sides = {None, _side(network)}
            conflicts = sorted(
                (x for side in sides for x in self._by_side.get(side, [])[-most:]), key=lambda x: -x[0]
            )
            told = [outer for _, outer in conflicts[:most]]
            twins = (outer for outer, _ in self._all[: -most * 8 - 1 : -1] if _isolated(network, outer))
            told += islice(twins, most - len(told))
        return told, len(self._all) - len(told)


def _side(network: Network) -> str | None:
    """Return the cluster that a range is inside of, None for one that is outside any."""
    return network.cluster or "" if network.kind.internal else None


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
    avoids = sorted(context.plan.avoids, key=lambda avoid: avoid.prefix)
    index = PrefixIndex([avoid.prefix for avoid in avoids])
    for network in context.touching(avoid.prefix for avoid in avoids):
        if network.prefix is None or not network.declared:
            continue
        for avoid in (avoids[i] for i in index.overlapping(network.prefix)):
            reason = f" ({avoid.reason})" if avoid.reason else ""
            yield RULES["avoid-overlap"].finding(
                f"{label(network)} overlaps avoided space {avoid.prefix}{reason}",
                network.cidr_key,
                networks=(network.name,),
                cidrs=(str(network.prefix), str(avoid.prefix)),
                overlap=str(avoid.prefix.shared(network.prefix)),
                help=context.suggest(network),
            )
