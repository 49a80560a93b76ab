"""Assign clusters and edges to the lanes of a diagram, and fold many into one column, so that its size stays bounded."""

from __future__ import annotations

import re
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING

from ipplan.landscape.bundles import list_bundles
from ipplan.landscape.ends import End

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ipplan.landscape.plan_ends import Ends
    from ipplan.plan.model import Cluster, Edge, Network

    Homes = Mapping[str, tuple[Sequence[End], Sequence[End]]]

MOST_COLUMNS = 8
"""Draw at most this many clusters of a platform, edges or sites side by side; fold more into one column."""
MANY = 12
"""With more clusters of a platform, or more edges, draw about this many in all lanes together."""
MOST_LANES = 8
"""Draw at most this many data centers; fold more into one lane."""
UNSTATED = "data center not stated"


class Folding:
    """The lanes of a plan. `default` is the lane for ends and networks without a data center."""

    def __init__(self, ends: Ends) -> None:
        self.ends = ends
        self.plan = ends.plan
        only = self.plan.data_centers[0] if len(self.plan.data_centers) == 1 else None
        self.default = only or (UNSTATED if any(self._stated()) else "IBM Cloud")

    def _stated(self) -> Iterator[str]:
        parts: Iterable[Edge | Cluster | Network] = chain(
            self.plan.edges.values(), self.plan.clusters.values(), self.plan.networks
        )
        return (part.data_center for part in parts if part.data_center is not None)

    @cached_property
    def homes(self) -> Homes:
        """The IKS clusters and the edges of each lane: data centers by name, then the default lane."""
        found: dict[str, tuple[list[End], list[End]]] = {}
        for end in self.ends.of_platform("iks"):
            found.setdefault(self._home(end), ([], []))[0].append(end)
        for end in self.ends.edges:
            found.setdefault(self._home(end), ([], []))[1].append(end)
        listed = sorted(found.items(), key=lambda row: (row[0] == self.default, row[0]))
        if len(listed) > MOST_LANES:
            rest = [own for _, own in listed[MOST_LANES - 1 :]]
            merged = ([e for own in rest for e in own[0]], [e for own in rest for e in own[1]])
            listed[MOST_LANES - 1 :] = [(f"{len(rest):,} more data centers", merged)]
        return dict(listed)

    def _home(self, end: End) -> str:
        """Return the data center of an end: its own, that of the edge that it names, else that of the plan."""
        if end.kind == "edge":
            edge = self.plan.edges.get(end.name or "")
            return (edge.data_center if edge is not None else None) or self.default
        cluster = self.ends.clusters[end]
        if cluster is None:
            return self.default
        if cluster.data_center is None and cluster.edge is not None:
            return self._home(End("edge", cluster.edge))
        return cluster.data_center or self.default

    def groups(self, ends: Iterable[End]) -> Sequence[tuple[End, ...]]:
        """Return clusters or edges one by one; if there are many, those with the same links together."""
        ends = sorted(ends, key=by_name)
        if not ends:
            return ()
        kind = ends[0].kind
        total = len(self.ends.edges if kind == "edge" else self.ends.of_platform(kind))
        most = MOST_COLUMNS if total <= MANY else max(1, MANY // len(self.homes))
        if len(ends) <= most:
            return [(end,) for end in ends]
        alike: dict[object, list[End]] = {}
        for end in ends:
            signature = tuple(sorted(map(str, self._links.get(end, ()))))
            alike.setdefault(signature, []).append(end)
        groups = [tuple(members) for members in alike.values()]
        return groups if len(groups) <= most else [tuple(ends)]

    @cached_property
    def _links(self) -> Mapping[End, Sequence[object]]:
        """The links of each end, without the names of many far ends."""
        found: dict[End, list[object]] = {}
        for bundle in list_bundles(self.ends):
            for own, far in ((bundle.first, bundle.second), (bundle.second, bundle.first)):
                for end in own:
                    found.setdefault(end, []).append((bundle.method, far[0], len(far)))
        return found


def by_name(end: End) -> tuple[bool, list[tuple[int, str]]]:
    """Return a sort key by name, with numbers by their value; an end without a name comes first."""
    parts = re.findall("[0-9]+|[^0-9]+", end.name or "")
    return end.name is not None, [
        (int(part), "") if part.isascii() and part.isdigit() else (-1, part) for part in parts
    ]
