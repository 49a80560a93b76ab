"""Find which change of the integration would turn an overlap into a conflict."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ipplan.plan.choices import INTEGRATION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ipplan.catalog import Catalog
    from ipplan.landscape import Landscape
    from ipplan.plan.methods import IntegrationKey
    from ipplan.plan.model import Network, Plan

    Change = tuple[IntegrationKey, str]


class WhatIf:
    """The changes of one integration key, tried on a small part of the plan.

    Networks of the same kinds, whose clusters and edges are related alike, have one answer: many equal pairs cost one.
    """

    def __init__(self, plan: Plan, catalog: Catalog, landscape: Landscape) -> None:
        self._plan = plan
        self._catalog = catalog
        self._ends = landscape.ends
        self._known: dict[tuple[object, ...], tuple[Change, ...]] = {}

    def changes_to_conflict(self, first: Network, second: Network) -> tuple[Change, ...]:
        """Return each change, as key and method, that would make two networks conflict."""
        ends = self._ends
        key = (
            first.kind.name,
            second.kind.name,
            first.cluster == second.cluster,
            ends.edge_of(first) == ends.edge_of(second),
            ends.site_of(first) == ends.site_of(second),
            first.prefix == second.prefix,
        )
        if key not in self._known:
            self._known[key] = tuple(self._try_changes(first, second))
        return self._known[key]

    def _try_changes(self, first: Network, second: Network) -> Iterator[Change]:
        from ipplan.landscape import Landscape
        from ipplan.landscape.ends import Carried

        small = _part_around(self._plan, (first, second))
        for integration, methods in INTEGRATION.items():
            for method in methods:
                if method == self._plan.integration.get(integration):
                    continue
                changed = replace(small, integration={**small.integration, integration: method})
                if Landscape(changed, self._catalog).tables.conflict(Carried(first), Carried(second)):
                    yield integration, method


def _part_around(plan: Plan, pair: tuple[Network, Network]) -> Plan:
    """Return a small plan: the pair, their clusters, the first cluster of each platform, and a network of each kind."""
    first_of: dict[str, str] = {}
    for cluster in plan.clusters.values():
        first_of.setdefault(cluster.platform, cluster.name)
    clusters = {*(n.cluster for n in pair), *first_of.values()}
    names = {n.name for n in pair}
    seen: set[tuple[str, str | None, str | None]] = set()
    networks = []
    for network in plan.networks:
        key = (network.kind.name, network.cluster, network.edge)
        if network.name in names or (
            (network.cluster in clusters or network.kind.platform is None) and key not in seen
        ):
            seen.add(key)
            networks.append(network)
    kept = {name: c for name, c in plan.clusters.items() if name in clusters}
    return replace(plan, clusters=kept, networks=tuple(networks))
