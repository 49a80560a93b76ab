"""Decide whether one routing table leads to two destinations, which makes their overlap a conflict.

A table leads to a network if a packet sent there would arrive supposing that no other network had its addresses. A table
is written as references to sets of destinations, and tables share sets, so that thousands of equal clusters stay cheap.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ipplan.landscape.ends import Carried, End, Joint

SetKey = tuple[object, ...]
"""The name of a set of destinations: its sort, then its owner."""

_MOST_COMPARED = 16
"""Compare at most this many tables for the one that explains a conflict best."""
_FEW = 4
"""Keep the answer for two sets that more tables than this lead to."""
_DEVICES = ("esg", "bcr", "dlr", "router", "server", "worker", "fcr")
"""The order in which tables explain a conflict, after the table of the cluster that a network is inside of."""


class TableKey(NamedTuple):
    """The owner of a table; `plan` is set where several plans are judged together and only one has the table."""

    device: Literal["worker", "esg", "dlr", "bcr", "server", "router", "fcr"]
    end: End | None
    plan: str | None = None

    @property
    def title(self) -> str:
        """The device in a sentence."""
        unnamed = self.end is None or self.end.name is None
        return self._device + (f" of plan {self.plan}" if self.plan is not None and unnamed else "")

    @property
    def _device(self) -> str:
        end = self.end
        whose = "" if end is None else f" of {end.title}"
        if self.device == "esg":
            return f"the ESG{'' if end is None or end.name is None else whose}"
        if self.device == "dlr":
            return f"the DLR{'' if end is None or end.name is None else whose}"
        titles = {
            "worker": f"a worker{whose}",
            "bcr": "the BCR",
            "fcr": "the FCR",
            "router": f"the on-premises router{whose}",
            "server": "a server on both of IBM Cloud's networks",
        }
        return titles[self.device]


class Entry(NamedTuple):
    """An entry of a table for the search of conflicts: a set of destinations, and the way the table leads there."""

    to: SetKey
    words: str
    joint: Joint | None = None


class Conflict(NamedTuple):
    """A table that leads to two networks, with its entry for each."""

    table: TableKey
    first: Entry
    second: Entry


class Conflicts(ABC):
    """Which table leads to which sets of destinations, and so which two destinations conflict."""

    @abstractmethod
    def sets_of(self, item: Carried) -> tuple[SetKey, ...]:
        """Return the sets that a destination is in."""

    @property
    @abstractmethod
    def table_index(self) -> Mapping[TableKey, Mapping[SetKey, Entry]]:
        """The entries of each table by the set that they lead to."""

    @property
    @abstractmethod
    def translated(self) -> Sequence[tuple[Carried, Joint, End]]:
        """Every network that a link shows at other addresses, with the link and its own side."""

    @cached_property
    def tables_of(self) -> Mapping[SetKey, Sequence[TableKey]]:
        """The tables that lead to each set."""
        found: dict[SetKey, list[TableKey]] = {}
        for key, entries in self.table_index.items():
            for to in entries:
                found.setdefault(to, []).append(key)
        return found

    def conflict(self, first: Carried, second: Carried) -> Conflict | None:
        """Return the table that leads to both destinations and explains it best; None where no table does."""
        ones, twos = self.sets_of(first), self.sets_of(second)
        if self._leading_to(ones).isdisjoint(self._leading_to(twos)):
            return None
        found = [c for one in ones for two in twos if (c := self.joined(one, two)) is not None]
        return min(found, key=_rank, default=None)

    def _leading_to(self, sets: tuple[SetKey, ...]) -> frozenset[TableKey]:
        """Return the tables that lead to any of some sets."""
        if sets not in self._leading:
            self._leading[sets] = frozenset(t for key in sets for t in self.tables_of.get(key, ()))
        return self._leading[sets]

    @cached_property
    def _leading(self) -> dict[tuple[SetKey, ...], frozenset[TableKey]]:
        return {}

    def icp_cluster_leading_to(self, item: Carried) -> End | None:
        """Return the ICP cluster, the first by name, whose workers have a table that leads to a destination."""
        sets = self.sets_of(item)
        if sets not in self._icp_leading:
            tables = self._leading_to(sets)
            ends = (t.end for t in tables if t.device == "worker" and t.end is not None and t.end.kind == "icp")
            self._icp_leading[sets] = min(ends, key=lambda end: end.name or "", default=None)
        return self._icp_leading[sets]

    @cached_property
    def _icp_leading(self) -> dict[tuple[SetKey, ...], End | None]:
        return {}

    def joined(self, one: SetKey, two: SetKey) -> Conflict | None:
        """Return the table that leads to both sets and explains it best; None where no table does."""
        key = (one, two)
        if key in self._memo:
            return self._memo[key]
        few = min((self.tables_of.get(s, ()) for s in key), key=len)
        both = (
            Conflict(table, entries[one], entries[two])
            for table in few
            if one in (entries := self.table_index[table]) and two in entries
        )
        found = min(islice(both, _MOST_COMPARED), key=_rank, default=None)
        if len(few) > _FEW:
            self._memo[key] = found
        return found

    @cached_property
    def _memo(self) -> dict[tuple[SetKey, SetKey], Conflict | None]:
        return {}


def _rank(conflict: Conflict) -> tuple[bool, int, str]:
    inside = "inside" in (conflict.first.to[0], conflict.second.to[0])
    end = conflict.table.end
    return not inside, _DEVICES.index(conflict.table.device), (end.name or "") if end is not None else ""
