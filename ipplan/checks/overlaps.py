"""Overlaps inside the plan: of networks with each other, and with space that the plan avoids."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from ipplan.addresses import PrefixIndex
from ipplan.checks.context import label, others, ranges_of
from ipplan.checks.registry import RULES, rule
from ipplan.findings import Related, Source
from ipplan.topology import SITES, changes_to_conflict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ipplan.checks.context import Context
    from ipplan.findings import Finding
    from ipplan.plan.model import Network
    from ipplan.topology import Conflict

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
    to router. It is an error where both are destinations in one routing domain, under the integration that the
    plan names, after what NAT hides is taken out. Where nothing sees both it is a warning, as for two clusters on
    the same default pod range that nothing joins.

    Do: move one of the two. Pod and service ranges of a running cluster cannot change, so move the other side.
    """
    told = 0
    for sweep in context.sweeps:
        around = _Around(context)
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
    Whether two networks conflict depends on their kinds, and on whether they are of one cluster; stacks by these
    are kept beside the whole one, so that thousands of clusters on one default range cost no more than few.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._all: list[tuple[Network, int]] = []
        self._by_kind: dict[str, list[tuple[int, Network]]] = {}
        self._by_cluster: dict[tuple[str, str | None], list[tuple[int, Network]]] = {}

    def open(self, network: Network, last: int) -> None:
        entry = len(self._all), network
        self._by_kind.setdefault(network.kind.name, []).append(entry)
        self._by_cluster.setdefault((network.kind.name, network.cluster), []).append(entry)
        self._all.append((network, last))

    def close_before(self, first: int) -> None:
        """Forget the networks that end before an address."""
        while self._all and self._all[-1][1] < first:
            network, _ = self._all.pop()
            self._by_kind[network.kind.name].pop()
            self._by_cluster[network.kind.name, network.cluster].pop()

    def nearest(self, network: Network, most: int) -> tuple[list[Network], int]:
        """Return up to `most` networks around this one, and how many further ones there are.

        Conflicts come before what only overlaps, and of each the nearest first.
        """
        if not self._all:
            return [], 0
        conflicts: dict[int, Network] = {}
        for kind, entries in self._by_kind.items():
            if not entries:
                continue
            if self._context.conflict(network.kind.name, kind, same_cluster=False):
                conflicts.update(entries[-most:])
            elif self._context.conflict(network.kind.name, kind, same_cluster=True):
                conflicts.update(self._by_cluster.get((kind, network.cluster), [])[-most:])
        chosen = sorted(conflicts, reverse=True)[:most]
        told = [conflicts[at] for at in chosen]
        if len(told) < most:
            nearest = range(len(self._all) - 1, max(-1, len(self._all) - 1 - most * 8), -1)
            others = (at for at in nearest if at not in conflicts)
            told += [self._all[at][0] for at in islice(others, most - len(told))]
        return told, len(self._all) - len(told)


def _overlap(context: Context, inner: Network, outer: Network, further: int) -> Finding:
    # The finding points at a network that the plan declares, and can move if one of the two can.
    if inner.prefix == outer.prefix and outer.kind.provider == "byoip" and inner.kind.provider != "byoip":
        first, second = outer, inner
    else:
        first, second = (inner, outer) if inner.declared or not outer.declared else (outer, inner)
    severe, because = _verdict(context, first, second)
    if further:
        because += (f"{further:,} further networks around {inner.name} overlap it as well",)
    help_ = (context.suggest(first) or context.suggest(second)) if severe else None
    return RULES["network-overlap"].finding(
        f"{label(first)} overlaps {label(second)}",
        first.cidr_key,
        severity="error" if severe else "warning",
        networks=(first.name, second.name),
        cidrs=ranges_of(first, second),
        overlap=inner.prefix,
        related=others(second),
        because=because,
        help=help_,
    )


def _verdict(context: Context, first: Network, second: Network) -> tuple[bool, tuple[str, ...]]:
    """Return whether two overlapping networks conflict, and why or what would make them."""
    same = first.cluster == second.cluster
    conflict = context.conflict(first.kind.name, second.kind.name, same_cluster=same)
    if conflict is None:
        changes = changes_to_conflict(context.choice, context.sites, first, second)
        if changes:
            would = ", ".join(f'{key} = "{method}"' for key, method in changes)
            return False, (
                f"nothing reaches both under this integration; {would} would turn this into an error",
            )
        return False, (
            "nothing in the plan reaches both; a tunnel or route between them would turn this into an error",
        )
    stretched = context.plan.integration.get("enterprise") == "l2-extension"
    if (
        stretched
        and first.prefix == second.prefix
        and {first.kind.role, second.kind.role} == {"enterprise", "vm"}
    ):
        return False, (
            "equal ranges are taken as one network that layer 2 extension stretches: give no address out twice; "
            "any other integration with the enterprise would turn this into an error",
        )
    return True, (_reason(conflict, first, second),)


def _reason(conflict: Conflict, first: Network, second: Network) -> str:
    """Say from where both networks are destinations, and along which ways."""
    one, two = (conflict.first, first.name), (conflict.second, second.name)
    if not conflict.second.path:
        one, two = two, one
    (near, here), (far, there) = one, two
    viewer = _viewer(conflict, first, second)
    if not far.path:
        return f"both are in {viewer}" if conflict.site not in ("iks", "icp") else f"both are inside {viewer}"
    if not near.path:
        return f"{here} is {'inside' if near.own else 'in'} {viewer}, which reaches {there} {far.words}"
    if near.words == far.words:
        return f"{viewer} reaches both {far.words}"
    return f"{viewer} reaches both: {here} {near.words}, {there} {far.words}"


def _viewer(conflict: Conflict, first: Network, second: Network) -> str:
    """Return who sees both: the very cluster where one of them is inside it."""
    if conflict.site not in ("iks", "icp"):
        return SITES[conflict.site]
    own = first if conflict.first.own else second if conflict.second.own else None
    platform = conflict.site.upper()
    return f"cluster {own.cluster}" if own is not None and own.cluster else f"an {platform} cluster"


@rule("avoid-overlap", "warning", source=Source("the plan's own [[avoid]] entries"))
def avoid_overlap(context: Context) -> Iterator[Finding]:
    """A pinned network lies in space that the plan says to avoid.

    Why: whoever wrote the entry knows of something there; only allocation keeps clear of it by itself.

    Do: move the network, or narrow the entry if it was too wide.
    """
    avoids = sorted(enumerate(context.plan.avoids), key=lambda entry: (entry[1].prefix, entry[0]))
    index = PrefixIndex([avoid.prefix for _, avoid in avoids])
    for network in context.touching(avoid.prefix for _, avoid in avoids):
        if network.prefix is None or not network.declared:
            continue
        for number, avoid in (avoids[i] for i in index.overlapping(network.prefix)):
            reason = f" ({avoid.reason})" if avoid.reason else ""
            yield RULES["avoid-overlap"].finding(
                f"{label(network)} overlaps avoided space {avoid.prefix}{reason}",
                network.cidr_key,
                networks=(network.name,),
                cidrs=(network.prefix, avoid.prefix),
                overlap=avoid.prefix.shared(network.prefix),
                related=(Related(("avoid", number)),),
                help=context.suggest(network),
            )
