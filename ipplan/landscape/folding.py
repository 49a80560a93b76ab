"""Fold networks into the fewest prefixes: adjacent networks become one prefix, and so does a group."""

from __future__ import annotations

from bisect import bisect_right
from functools import cached_property
from typing import TYPE_CHECKING

from ipplan.addresses import Prefix, PrefixIndex, RangeSet, covering_prefix

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ipplan.landscape.ends import Carried
    from ipplan.landscape.plan_ends import Ends
    from ipplan.plan.model import Network

_MOST_NAMES = 8
"""Name at most this many networks for one route; three dots replace the others."""


class Folder:
    """Folds networks of a plan into prefixes. A group becomes one prefix if that prefix holds no other network."""

    def __init__(self, ends: Ends) -> None:
        self._ends = ends

    @cached_property
    def _groups(self) -> Mapping[str, tuple[Prefix, frozenset[str]]]:
        """The prefix of each group that holds no other network, and the names of its members."""
        members: dict[tuple[str, int], list[Network]] = {}
        for network in self._ends.networks:
            if network.group is not None and network.prefix is not None:
                members.setdefault((network.group, network.prefix.version), []).append(network)
        found: dict[str, tuple[Prefix, frozenset[str]]] = {}
        if not any(len(own) > 1 for own in members.values()):
            return found
        others = [n.prefix for n in self._ends.networks if n.prefix is not None]
        others += [a.prefix for a in self._ends.plan.avoids]
        others.sort()
        index = PrefixIndex(others)
        versions = {group: sum(g == group for g, _ in members) for group, _ in members}
        for (group, _), own in members.items():
            if len(own) < 2 or versions[group] > 1:
                continue
            cover = covering_prefix([n.prefix for n in own if n.prefix is not None])
            if sum(1 for _ in index.overlapping(cover)) == len(own):
                found[group] = cover, frozenset(n.name for n in own)
        return found

    def fold(self, items: Iterable[Carried]) -> tuple[Prefix, ...]:
        """Return the fewest prefixes that cover some networks as a link shows them; skip those without a range."""
        return tuple(RangeSet(prefix for prefix, _ in self._rows(items)).prefixes())

    def fold_named(self, items: Iterable[Carried]) -> Iterator[tuple[Prefix, str]]:
        """Yield the prefixes of `fold`, each with the names of its networks."""
        rows = list(self._rows(items))
        return with_names(RangeSet(prefix for prefix, _ in rows).prefixes(), rows)

    def _rows(self, items: Iterable[Carried]) -> Iterator[tuple[Prefix, list[str]]]:
        grouped: dict[str, list[Carried]] = {}
        for item in items:
            prefix = item.prefix
            if prefix is None:
                continue
            group = item.network.group
            if group is not None and item.shown is None and group in self._groups:
                grouped.setdefault(group, []).append(item)
            else:
                yield prefix, [item.network.name]
        for group, own in grouped.items():
            cover, members = self._groups[group]
            if len(own) == len(members):
                yield cover, [item.network.name for item in own]
            else:
                yield from ((item.prefix, [item.network.name]) for item in own if item.prefix is not None)


def with_names(
    prefixes: Iterable[Prefix], rows: Iterable[tuple[Prefix, Sequence[str]]]
) -> Iterator[tuple[Prefix, str]]:
    """Yield disjoint prefixes, each with the names of the rows that it covers."""
    ordered = sorted(prefixes)
    firsts = [(prefix.version, prefix.first) for prefix in ordered]
    found: list[list[str]] = [[] for _ in ordered]
    for prefix, names in rows:
        at = bisect_right(firsts, (prefix.version, prefix.first)) - 1
        if at >= 0 and ordered[at].covers(prefix):
            found[at] += names
    for prefix, held in zip(ordered, found, strict=True):
        shown = held if len(held) <= _MOST_NAMES else [*held[:_MOST_NAMES], "..."]
        yield prefix, ", ".join(shown)


def of_version(prefixes: Sequence[Prefix], version: int) -> tuple[Prefix, ...]:
    """Return the prefixes of one IP version."""
    return tuple(prefix for prefix in prefixes if prefix.version == version)
