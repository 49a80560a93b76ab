"""What was gathered, added to a plan that exists: new tables at its end, and nothing else in it changes.

What the plan holds already is passed over, and what contradicts it is left out and told. Opens no file.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ipplan.addresses import PrefixIndex
from ipplan.importers.gathering import Draft, Gathered, Names, gather
from ipplan.importers.plan_text import Imported, entry_lines, standing_lines, summarize
from ipplan.observed import Wish
from ipplan.plan.edit import AppendError, append_tables
from ipplan.plan.toml_text import quote

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ipplan.addresses import Prefix
    from ipplan.observed import Observed
    from ipplan.plan.model import Network, Plan


class AdditionError(ValueError):
    """What was read cannot be added to the plan; `hint` says what to do."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


@dataclass
class Addition:
    """The text of a plan with what was added, what that is, how much the plan had already, and what is left out."""

    data: bytes
    made: Imported
    present: int
    left_out: list[str] = field(default_factory=list)


def add_to_plan(data: bytes, plan: Plan, observed: Sequence[Observed]) -> Addition:
    """Return the text of a plan with the networks and avoided ranges of files behind everything that it says.

    Costs n log n in the number of rows. Raises AdditionError where they need a pool that the plan does not have, or
    where the plan states networks or avoided ranges in a form that no table can follow.
    """
    gathered = gather(observed)
    pools = {pool.prefix for pool in plan.pools}
    missing = [p for p in gathered.pools if p not in pools]
    needed = {n.about.pool for n in gathered.networks}
    if wanted := [str(p) for p in missing if p in needed]:
        raise AdditionError(
            f"networks are to be allocated from {', '.join(wanted)}, which is no pool of the plan",
            f"add {', '.join(map(quote, wanted))} to byoip under [plan]",
        )
    adding = _Adding(plan)
    kept = gathered._replace(
        networks=[n for n in gathered.networks if adding.is_new(n)],
        avoids={p: words for p, words in gathered.avoids.items() if adding.may_avoid(p)},
        pools=(),
        containers={},
        data_centers=(),
        links=[],
    )
    if gathered.links:
        adding.left_out.append(f"{len(gathered.links):,} links: write them in the plan")
    for pool in missing:
        adding.left_out.append(f"{pool}, a pool of the file: add it to byoip under [plan] if it is one of the plan")
    edited = _append(data, plan, kept, observed)
    return Addition(edited, summarize(kept, ""), adding.present, adding.left_out)


class _Adding:
    """Tells what a plan has already, and what contradicts it."""

    def __init__(self, plan: Plan) -> None:
        self.present = 0
        self.left_out: list[str] = []
        self._by_name = {network.name: network for network in plan.networks}
        self._ranges = {(n.prefix, n.kind.name, n.cluster, n.edge) for n in plan.networks if n.prefix is not None}
        held = [(n.prefix, n.name) for n in plan.ranges() if n.prefix is not None]
        held += [(aside.prefix, aside.words) for aside in plan.set_aside]
        held.sort(key=lambda pair: pair[0])
        self._held = [prefix for prefix, _ in held]
        self._names = [name for _, name in held]
        self._index = PrefixIndex(self._held)
        self._pools = [pool.prefix for pool in plan.pools]

    def is_new(self, draft: Draft) -> bool:
        """Tell whether the plan lacks a network; one that it has otherwise is left out."""
        name = draft.name(Names())
        same = self._by_name.get(name)
        prefix = draft.prefix
        if prefix is not None and (prefix, draft.kind, draft.cluster, draft.about.edge) in self._ranges:
            self.present += 1
            return False
        if same is None or same.kind.name != draft.kind:
            return True
        if isinstance(draft.row, Wish) or same.prefix == prefix:
            self.present += 1
            return False
        self.left_out.append(f"{name} {prefix}{_at(draft.row.line)}: it is {_range(same)} in the plan, which stays")
        return False

    def may_avoid(self, prefix: Prefix) -> bool:
        """Tell whether a range is to be avoided: not one that the plan holds, nor one that holds some of the plan."""
        if any(prefix.covers(pool) for pool in self._pools):
            self.left_out.append(f"{prefix}: nothing would be left of a pool of the plan")
            return False
        touched = list(self._index.overlapping(prefix))
        if not touched:
            return True
        if any(self._held[i].covers(prefix) for i in touched):
            self.present += 1
        else:
            self.left_out.append(f"{prefix}: {self._names[touched[0]]} of the plan lies in it")
        return False


def _at(line: int | None) -> str:
    return "" if line is None else f" (line {line})"


def _range(network: Network) -> str:
    return "still to be allocated or ordered" if network.prefix is None else str(network.prefix)


def _append(data: bytes, plan: Plan, gathered: Gathered, observed: Sequence[Observed]) -> bytes:
    """Return the text with new tables behind it; raise AdditionError where it cannot be continued so."""
    known = {"clusters": plan.clusters, "edges": plan.edge_names, "sites": plan.sites}
    lines = [*standing_lines(gathered, known), *entry_lines(gathered, Names(n.name for n in plan.networks))]
    if not lines:
        return data
    files = ", ".join(f"{quote(one.file)} ({one.source})" for one in observed)
    text = "\n".join(["", f"# What ipplan import added from {files}.", *lines[lines[0] == "" :]]) + "\n"
    try:
        return append_tables(data, text)
    except AppendError as error:
        raise AdditionError(
            "the plan states networks or avoided ranges on one line, so no tables can follow",
            f"write tables such as [networks.NAME] and [[avoid]] in the place of {error}",
        ) from None
