"""Assemble the tables of a plan as sets of destinations, in which the check looks for conflicts."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from ipplan.landscape.conflicts import Conflicts, TableKey
from ipplan.landscape.destinations import Destinations
from ipplan.landscape.ends import TRANSIT
from ipplan.landscape.entries import ClusterTables, EdgeTables, Sides, bcr, router, server

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ipplan.addresses import Prefix
    from ipplan.landscape.conflicts import Entry, SetKey
    from ipplan.landscape.ends import Carried, End, Joint
    from ipplan.landscape.plan_ends import Ends


class Tables(Conflicts):
    """The tables of a plan as sets of destinations. Linear in the clusters, edges, sites and links of the plan."""

    def __init__(self, ends: Ends, classic: Sequence[Prefix]) -> None:
        """Take the ends of a plan, and the ranges that every classic server has routes for."""
        self.ends = ends
        self.destinations = Destinations(ends, classic)

    def sets_of(self, item: Carried) -> tuple[SetKey, ...]:
        """Return the sets that a destination is in."""
        return self.destinations.sets_of(item)

    @property
    def translated(self) -> Sequence[tuple[Carried, Joint, End]]:
        """Every network that a link shows at other addresses, with the link and its own side."""
        return self.destinations.translated

    @cached_property
    def tables(self) -> Mapping[TableKey, tuple[Entry, ...]]:
        """Every table with its entries, in the order in which a finding looks for one that leads to two networks."""
        ends, sides = self.ends, Sides(self.destinations)
        edges = EdgeTables(sides)
        clusters = ClusterTables(sides, edges)
        found: dict[TableKey, tuple[Entry, ...]] = {}
        for cluster in ends.clusters:
            make = clusters.iks_worker if cluster.kind == "iks" else clusters.icp_worker
            found[TableKey("worker", cluster)] = tuple(make(cluster))
        for edge in ends.edges:
            if ends.stretched_behind(edge) or ends.of_edge(edge, TRANSIT) or edge in ends.icp_behind:
                esg = tuple(edges.esg(edge))
                found[TableKey("esg", edge)] = esg
                if stretched := tuple(edges.over_stretched(edge)):
                    found[TableKey("dlr", edge)] = (*stretched, *esg)
        found[TableKey("bcr", None)] = tuple(bcr(sides))
        found[TableKey("server", None)] = tuple(server(sides))
        for site in ends.sites:
            found[TableKey("router", site)] = tuple(router(sides, site))
        return found

    @cached_property
    def table_index(self) -> Mapping[TableKey, Mapping[SetKey, Entry]]:
        """The entries of each table by the set that they lead to, the first of equal ones."""
        found: dict[TableKey, dict[SetKey, Entry]] = {}
        for key, entries in self.tables.items():
            own: dict[SetKey, Entry] = {}
            for entry in entries:
                own.setdefault(entry.to, entry)
            found[key] = own
        return found
