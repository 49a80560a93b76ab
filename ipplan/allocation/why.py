"""Explain a placement: every earlier candidate and what blocked it.

Reads what `allocate` recorded: the order of placement, the regions of each block and where it went. It decides
nothing of that again; it only lists the candidates before the chosen one and names the obstacle on each. It must
not know how an answer is printed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from ipplan.addresses import WIDTH, Prefix
from ipplan.allocation import allocate
from ipplan.allocation.candidates import Obstacle, Walk
from ipplan.allocation.demand import list_wanted
from ipplan.allocation.spans import gaps, span
from ipplan.findings import format_key
from ipplan.plan.sizing import Sizing, request_version, size_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ipplan.allocation.candidates import Refused
    from ipplan.allocation.demand import Taken, Wanted
    from ipplan.allocation.result import Allocation, Shortfall
    from ipplan.allocation.trace import Joined, Step, Trace
    from ipplan.catalog import Catalog
    from ipplan.findings import Finding
    from ipplan.plan.model import Network, Plan

Status = Literal["allocated", "pinned", "default", "to-order", "unplaced"]
_ORDER = "larger blocks first, then those with fewer pools to choose from, then by name"


class Chosen(NamedTuple):
    """The place that the network got; `block` is the candidate, larger where room or a group is held."""

    prefix: Prefix
    block: Prefix
    pool: Prefix | None
    reason: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """The whole answer for one network.

    `block` is the length of the candidates and `block_reason` why it is not the network's own, if it is not.
    `order` says what comes before it, `decided_by` who decides on its range. `pools` are where it may lie, in
    the order in which they are tried. `failure` is its own shortfall, or where it has none, the first other one
    that keeps everything from being allocated. Invariant: `chosen` is set exactly where status is allocated.
    """

    plan_name: str | None
    file: str
    edition: str
    network: Network
    status: Status
    prefix: Prefix | None
    size: Sizing | None
    decided_by: str
    findings: tuple[Finding, ...]
    block: int | None = None
    block_reason: str | None = None
    pools: tuple[Prefix, ...] = ()
    order: str | None = None
    refused: tuple[Refused, ...] = ()
    chosen: Chosen | None = None
    failure: Shortfall | None = None


def explain(
    plan: Plan,
    catalog: Catalog,
    name: str,
    *,
    data_centers_only: bool = False,
    findings: Iterable[Finding] = (),
) -> Explanation:
    """Explain the place of the network with that name; `findings` are what the check reports about the plan.

    `data_centers_only` means what it means to `allocate`. Raises KeyError where the plan has no such network.
    """
    network = next((n for n in plan.networks if n.name == name), None)
    if network is None:
        raise KeyError(name)
    allocation = allocate(plan, catalog, data_centers_only=data_centers_only, keep_traces=True)
    own = next((w for w in list_wanted(plan) if w.network is network), None)
    about = tuple(f for f in findings if name in f.networks and f.waived is None)
    if own is None:
        return _explain_settled(plan, allocation, network, about)
    story = _Story(allocation, allocation.traces[own.version], own)
    return Explanation(
        plan_name=plan.name,
        file=plan.file,
        edition=allocation.edition,
        network=network,
        status="unplaced" if allocation.shortfalls else "allocated",
        prefix=allocation.allocated.get(name),
        size=own.sizing,
        decided_by="ipplan allocates it",
        findings=about,
        block=story.length,
        block_reason=story.block_reason(),
        pools=story.pools,
        order=story.order(),
        refused=story.refused(),
        chosen=story.chosen(),
        failure=story.failure,
    )


def _explain_settled(
    plan: Plan, allocation: Allocation, network: Network, findings: tuple[Finding, ...]
) -> Explanation:
    """Explain a network that is not for `allocate` to place: pinned, on a default, or to be ordered."""
    placement = next(p for p in allocation.placements if p.network is network)
    prefix = placement.prefix
    size: Sizing | None = None
    if prefix is None:
        if network.length is not None or network.hosts is not None:
            size = size_of(network, plan, request_version(network, plan.pools))
        decided = f"{placement.reason}: order it, then write the range that it got as cidr"
    elif placement.status == "pinned":
        size = Sizing(prefix.length, "the cidr of the plan")
        decided = f"the plan pins it ({format_key(network.cidr_key)}), and allocate never moves a pinned network"
    else:
        platform = (network.kind.platform or "").upper()
        size = Sizing(prefix.length, f"the default of {platform}")
        decided = f"{platform} takes this range where the plan states neither cidr nor pool"
    return Explanation(
        plan_name=plan.name,
        file=plan.file,
        edition=allocation.edition,
        network=network,
        status=placement.status,
        prefix=prefix,
        size=size,
        decided_by=decided,
        findings=findings,
    )


class _Story:
    """What the trace says about one network: its step, those before and those after it.

    `joined` is set where it was placed beside pinned networks of its group; `step` is None where the allocation
    ended before it looked for a place.
    """

    def __init__(self, allocation: Allocation, trace: Trace, own: Wanted) -> None:
        self._trace = trace
        self._own = own
        self._name = own.network.name
        self._group = own.network.group
        self._joined: Joined | None = trace.joined.get(self._group or "")
        self._steps: Sequence[Step] = trace.steps if self._joined is None else self._joined.steps
        self._at = next((i for i, step in enumerate(self._steps) if own in step.block.members), len(self._steps))
        self._step = self._steps[self._at] if self._at < len(self._steps) else None
        self._placement = next((p for p in allocation.placements if p.network is own.network), None)
        # The network's own shortfall, or else the first one of the plan.
        shortfalls = allocation.shortfalls
        self.failure = next((f for f in shortfalls if f.network == self._name), next(iter(shortfalls), None))

    @property
    def length(self) -> int:
        """The prefix length of the candidates."""
        return self._own.held if self._step is None else WIDTH[self._own.version] - self._step.block.bits

    @property
    def pools(self) -> tuple[Prefix, ...]:
        """Where the network may lie, in the order in which it is tried."""
        width = WIDTH[self._own.version]
        regions = self._own.regions if self._step is None else self._step.block.regions
        return tuple(Prefix(self._own.version, first, width - bits) for first, bits in regions)

    def block_reason(self) -> str | None:
        """Say why the candidates are not of the network's own size, None where they are."""
        if self._step is not None and self._step.block.group is not None:
            others = len(self._step.block.members) - 1
            with_ = f"with {others:,} other network{'' if others == 1 else 's'}" if others else "alone"
            return f"group {self._group} is placed as one block; {self._name} lies in it {with_}"
        if self._own.held < self._own.sizing.length:
            return f"grow-to = {self._own.held} in the plan: the whole block is held"
        return None

    def order(self) -> str | None:
        """Say how many blocks come before this one, which is the last of them, and by which rule."""
        if self._step is None:
            return None
        total = len(self._steps)
        if self._joined is not None:
            what = f"of the {total:,} members of group {self._group} to place beside its pinned ones"
        else:
            what = f"of {total:,} blocks to place"
        if total == 1 and self._joined is None:
            return "it is the only block to place"
        if not self._at:
            return f"it is the first {what} ({_ORDER})"
        last = self._steps[self._at - 1].block.title
        return f"{self._at:,} {what} come{'s' * (self._at == 1)} before it, the last is {last} ({_ORDER})"

    def refused(self) -> tuple[Refused, ...]:
        """Return every candidate before the chosen one; of an unplaced network that found no room, all there are."""
        step, failure = self._step, self.failure
        if step is None or (failure is not None and (failure.network != self._name or self._joined is not None)):
            return ()
        obstacles = list(_of_reservations(self._trace.taken))
        if step.prefix is not None:
            obstacles += self._of_placed()
            free = "the exact search left it for others: taking it would leave some network without a place"
        else:
            free = (
                "clear of reservations, but no arrangement was found that gives it to "
                f"{self._name} and places every other network"
            )
        walk = Walk(self._own.version, step.block.regions, step.block.bits, obstacles, free)
        return tuple(walk.refused(None if step.prefix is None else step.prefix.first))

    def chosen(self) -> Chosen | None:
        """Return the place that the network got, None where nothing is allocated."""
        step, placement = self._step, self._placement
        if step is None or step.prefix is None or placement is None or placement.prefix is None:
            return None
        prefix = placement.prefix
        what = "it" if step.prefix == prefix else str(step.prefix)
        parts = [f"{what} is the first candidate that nothing blocks"]
        if self._joined is not None:
            cover = self._joined.cover
            parts.append(f"{cover} is the smallest prefix around group {self._group} that has room for it")
        elif step.block.group is not None:
            members = step.block.members
            at = 1 + members.index(self._own)
            parts.append(
                f"members lie in it largest first, then by name: {self._name} is number {at} of {len(members)}"
            )
        if placement.held is not None:
            parts.append(f"room is kept to grow to {placement.held}")
        return Chosen(prefix, step.prefix, placement.pool, "; ".join(parts))

    def _of_placed(self) -> Iterator[Obstacle]:
        """Yield what the allocation gave to others: networks, their room to grow, covers of groups."""
        for group, joined in self._trace.joined.items():
            if joined is self._joined:
                yield from _outside(group, joined)
            elif joined.cover is not None:
                yield _cover(group, joined.cover, "its pinned members decide")
        for at, step in enumerate(self._steps):
            if at < self._at:
                yield from _of_earlier(step, self._steps[self._at])
            elif at > self._at and step.prefix is not None:
                network = step.block.key if step.block.group is None else None
                reason = f"the exact search left it for {step.block.title}: else some network would find no place"
                yield Obstacle(*span(step.prefix), "search", step.prefix, network, reason)


def _of_earlier(step: Step, own: Step) -> Iterator[Obstacle]:
    """Yield what a block took that was placed before: a cover, or a network and its room to grow."""
    held = step.prefix
    if held is None:
        return
    why = "of equal blocks, the name decides"
    if step.block.bits != own.block.bits:
        why = "it is larger"
    elif step.breadth != own.breadth:
        why = "it has fewer pools to choose from"
    if step.block.group is not None:
        yield _cover(step.block.group, held, why)
        return
    (wanted,) = step.block.members
    name = wanted.network.name
    prefix = Prefix(held.version, held.first, wanted.sizing.length)
    yield Obstacle(*span(prefix), "placed", prefix, name, f"{name} comes before it: {why}")
    yield from _room(name, prefix, held)


def _room(name: str, prefix: Prefix, held: Prefix) -> Iterator[Obstacle]:
    """Yield the room to grow around the range of a network, if it has any."""
    reason = f"room held for {name} at {prefix} to grow to {held}"
    for start, end in gaps(*span(held), [span(prefix)]):
        yield Obstacle(start, end, "held", held, name, reason)


def _cover(group: str, cover: Prefix, why: str) -> Obstacle:
    reason = f"reserved for group {group}, which comes before it: {why}"
    return Obstacle(*span(cover), "group", cover, None, reason)


def _outside(group: str, joined: Joined) -> Iterator[Obstacle]:
    """Yield all that lies outside the cover of a group: its networks lie beside the pinned ones."""
    if joined.cover is None:
        return
    reason = f"outside {joined.cover}, the smallest prefix around group {group} that has room for it"
    last = (1 << WIDTH[joined.cover.version]) - 1
    for start, end in gaps(0, last, [span(joined.cover)]):
        yield Obstacle(start, end, "group", None, None, reason)


def _of_reservations(taken: Sequence[Taken]) -> Iterator[Obstacle]:
    """Yield the obstacles of all that is taken; the cover of a group that is all of one network's adds nothing."""
    own = {t.prefix for t in taken if t.category != "group"}
    for t in taken:
        if t.category != "group" or t.prefix not in own:
            yield from _of_taken(t)


def _of_taken(taken: Taken) -> Iterator[Obstacle]:
    """Yield the obstacles of a reservation: a pinned range and its room to grow are two."""
    network = taken.own
    if network is None or network.prefix is None:
        reason = taken.reason
        if taken.category != "avoid":
            date = taken.source.date if taken.source is not None else None
            reason = f"{reason}, as of {date}" if date else reason
        elif reason != "avoided by the plan":
            reason = f"avoided by the plan: {reason}"
        yield Obstacle(*span(taken.prefix), taken.category, taken.prefix, None, reason, taken.source)
        return
    what = "is pinned there"
    if taken.category == "default":
        cluster = f" of cluster {network.cluster}" if network.cluster else ""
        what = f"is the platform's default{cluster}"
    prefix = network.prefix
    yield Obstacle(*span(prefix), taken.category, prefix, network.name, f"network {network.name} {what}")
    yield from _room(network.name, prefix, taken.prefix)
