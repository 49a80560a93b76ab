"""Adds what was gathered to an existing plan: new tables at its end, and nothing else in it changes.

Skips what the plan has already, and reports what contradicts it. Opens no file.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from ipplan.addresses import PrefixIndex
from ipplan.importers.gathering import Draft, Gathered, Names, gather, space_of
from ipplan.importers.plan_text import Imported, entry_lines, standing_lines, summarize
from ipplan.observed import Wish
from ipplan.plan.edit import AppendError, append_tables
from ipplan.plan.homes import Homes
from ipplan.plan.toml_text import quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ipplan.addresses import Prefix
    from ipplan.observed import Observed
    from ipplan.plan.model import Labels, Network, Plan


class AdditionError(ValueError):
    """What was read cannot be added to the plan; `hint` says what to do."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


@dataclass
class Addition:
    """The text of a plan with its additions, and what they are.

    `present` counts the rows that the plan has already, `skipped` says what was not added and why.
    """

    data: bytes
    made: Imported
    present: int
    skipped: list[str] = field(default_factory=list)


def add_to_plan(data: bytes, plan: Plan, observed: Sequence[Observed]) -> Addition:
    """Return the text of a plan, followed by the networks and avoided ranges of files that it does not have.

    Costs n log n in the number of rows. Raises AdditionError where a network needs a pool that the plan does not have,
    or where the plan writes networks or avoided ranges in a form that no table can follow.
    """
    gathered = gather(observed)
    pools = {pool.prefix for pool in plan.pools}
    missing = [p for p in gathered.pools if p not in pools]
    needed = {n.about.pool for n in gathered.networks}
    if wanted := [str(p) for p in missing if p in needed]:
        raise AdditionError(
            f"networks ask for pool {', '.join(wanted)}, which the plan does not have",
            f"add {', '.join(map(quote, wanted))} to byoip under [plan]",
        )
    adding = _Adding(plan, gathered.cluster_edges)
    kept = gathered._replace(
        networks=[n for n in gathered.networks if adding.is_new(n)],
        avoids={p: words for p, words in gathered.avoids.items() if adding.may_avoid(p)},
        pools=(),
        containers={},
        data_centers=(),
        links=[],
    )
    if gathered.links:
        adding.skipped.append(f"{len(gathered.links):,} links: add them to the plan by hand")
    for pool in missing:
        adding.skipped.append(f"{pool}, a pool of the file: to allocate from it, add it to byoip under [plan]")
    edited = _append(data, plan, kept, observed)
    return Addition(edited, summarize(kept, ""), adding.present, adding.skipped)


class _Home(NamedTuple):
    """The cluster and the edge of a network, None where nothing says which, and the labels of its address space."""

    cluster: str | None
    edge: str | None
    space: Labels

    def may_be(self, other: _Home) -> bool:
        """Return whether two networks of one range may be the same: nothing that both state differs."""
        spaces = dict(other.space)
        pairs = [(self.cluster, other.cluster), (self.edge, other.edge)]
        pairs += [(value, spaces.get(name)) for name, value in self.space]
        return all(None in (one, another) or one == another for one, another in pairs)


class _Held(NamedTuple):
    """A range that the plan holds, and what it is in words."""

    prefix: Prefix
    words: str


class _Adding:
    """Decides what of a file is new to a plan, and collects what contradicts it.

    A row often leaves out what the plan leaves no choice about, such as the only edge. So the cluster and edge of a
    network are those that the plan resolves, and a row that does not state them fits any.
    """

    def __init__(self, plan: Plan, cluster_edges: Mapping[str, str]) -> None:
        self.present = 0
        self.skipped: list[str] = []
        self._cluster_edges = cluster_edges
        self._plan_homes = Homes(plan)
        self._by_name = {network.name: network for network in plan.networks}
        self._by_range: dict[tuple[Prefix, str], list[_Home]] = {}
        for network in plan.networks:
            if network.prefix is not None:
                self._by_range.setdefault((network.prefix, network.kind.name), []).append(self._home_of(network))
        held = [_Held(n.prefix, n.name) for n in plan.ranges() if n.prefix is not None]
        held += [_Held(aside.prefix, aside.words) for aside in plan.set_aside]
        self._held = sorted(held, key=lambda one: one.prefix)
        self._index = PrefixIndex([one.prefix for one in self._held])
        self._pools = [pool.prefix for pool in plan.pools]

    def _home_of(self, network: Network) -> _Home:
        return _Home(network.cluster, self._plan_homes.edge_of(network), space_of(network.labels))

    def is_new(self, draft: Draft) -> bool:
        """Return whether the plan lacks a network; report one that the plan has with another range."""
        edge = draft.about.edge or self._cluster_edges.get(draft.cluster or "")
        home = _Home(draft.cluster, edge, space_of(draft.about.labels))
        prefix = draft.prefix
        if prefix is not None and any(home.may_be(other) for other in self._by_range.get((prefix, draft.kind), ())):
            self.present += 1
            return False
        same = self._namesake(draft, home)
        if same is None:
            return True
        if isinstance(draft.row, Wish):
            self.present += 1
        else:
            at = "" if draft.row.line is None else f" (line {draft.row.line})"
            self.skipped.append(
                f"{same.name} {prefix}{at}: in the plan it {_range_of(same)}; ipplan does not change it"
            )
        return False

    def _namesake(self, draft: Draft, home: _Home) -> Network | None:
        """Return the network of the plan that has the name and kind of a draft, and may be the same.

        Networks of several clusters may share a name in a file; in the plan, the later ones have a number.
        """
        name = draft.name(Names())
        for same in self._numbered(name):
            if same.kind.name == draft.kind and home.may_be(self._home_of(same)):
                return same
        return None

    def _numbered(self, name: str) -> Iterable[Network]:
        """Yield the networks that the plan names NAME, NAME-2, NAME-3 and so on."""
        number, own = 1, name
        while (network := self._by_name.get(own)) is not None:
            yield network
            number += 1
            own = f"{name}-{number}"

    def may_avoid(self, prefix: Prefix) -> bool:
        """Return whether a range can be avoided: the plan does not hold it, and it holds nothing of the plan."""
        if any(prefix.covers(pool) for pool in self._pools):
            self.skipped.append(f"{prefix}: it covers a pool of the plan, which would have no space left")
            return False
        touched = [self._held[i] for i in self._index.overlapping(prefix)]
        if not touched:
            return True
        if any(one.prefix.covers(prefix) for one in touched):
            self.present += 1
        else:
            self.skipped.append(f"{prefix}: it covers {touched[0].words} of the plan")
        return False


def _range_of(network: Network) -> str:
    return "has no range yet" if network.prefix is None else f"is {network.prefix}"


def _append(data: bytes, plan: Plan, gathered: Gathered, observed: Sequence[Observed]) -> bytes:
    """Return the text followed by new tables; raise AdditionError where no table can follow it."""
    known = {"clusters": plan.clusters, "edges": plan.edge_names, "sites": plan.sites}
    lines = [*standing_lines(gathered, known), *entry_lines(gathered, Names(n.name for n in plan.networks))]
    if not lines:
        return data
    files = ", ".join(f"{quote(one.file)} ({one.source})" for one in observed)
    text = "\n".join(["", f"# Added by ipplan import from {files}.", *lines[lines[0] == "" :]]) + "\n"
    try:
        return append_tables(data, text)
    except AppendError as error:
        raise AdditionError(
            "the plan states networks or avoided ranges on one line, so no tables can follow",
            f"write tables such as [networks.NAME] and [[avoid]] in place of {error}",
        ) from None
