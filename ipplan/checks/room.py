"""Reserved room: for networks to grow, and for groups behind one route."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from ipplan.addresses import PrefixIndex, covering_prefix
from ipplan.checks.labels import label, others, ranges_of
from ipplan.checks.registry import rule
from ipplan.findings import Related, Source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ipplan.addresses import Prefix
    from ipplan.checks.context import Context
    from ipplan.findings import Finding
    from ipplan.plan.model import Network

_MOST_NAMED = 3
"""Name at most this many blocking ranges or networks in one finding."""


@rule("warning", source=Source("the plan's own grow-to"))
def growth_blocked(context: Context) -> Iterator[Finding]:
    """A network has a grow-to, but something else lies in that room.

    Why: a prefix grows only to the block around it, so the network would have to move after all.

    Do: move the blocking network now, or choose a smaller grow-to.
    """
    retired = context.plan.retired.networks
    waiting = [
        (network, network.prefix, network.prefix.supernet(network.grow_to))
        for network in context.plan.networks
        if network.prefix is not None
        and network.grow_to is not None
        and network.grow_to < network.prefix.length
        and network.name not in retired
    ]
    if not waiting:
        return
    index, networks = _index(context)
    for network, prefix, room in waiting:
        around = (networks[i] for i in index.overlapping(room))
        inside = list(islice(_beside(prefix, around), _MOST_NAMED))
        found, related = [label(other) for other in inside], list(others(*inside))
        if network.kind.provider == "byoip":
            rows = (
                row
                for row in context.catalog.overlapping(room)
                if context.catalog.avoids(row, keep_clear=context.plan.kept_clear)
            )
            # The rules on overlaps report what overlaps the network itself.
            found += [f"{row.title} {row.prefix}" for row in rows if not row.prefix.overlaps(prefix)]
            for aside in context.plan.set_aside:
                if aside.prefix.overlaps(room) and not aside.prefix.overlaps(prefix):
                    found.append(aside.words)
                    related.append(Related(aside.key, aside.network))
        if found:
            more = f" and {len(found) - _MOST_NAMED:,} more" if len(found) > _MOST_NAMED else ""
            yield growth_blocked.finding(
                f"{label(network)} cannot grow to {room}: blocked by {', '.join(found[:_MOST_NAMED])}{more}",
                (*network.key, "grow-to"),
                networks=(network.name,),
                cidrs=(prefix, room),
                related=tuple(related[:_MOST_NAMED]),
                help=_largest(index, networks, network, room),
            )


def _index(context: Context) -> tuple[PrefixIndex, list[Network]]:
    """Return every range of the plan in address order, and the network of each."""
    placed = [(n.prefix, i, n) for i, n in enumerate(context.networks) if n.prefix is not None]
    placed.sort(key=lambda entry: entry[:2])
    return PrefixIndex([prefix for prefix, _, _ in placed]), [network for _, _, network in placed]


def _beside(prefix: Prefix, others: Iterator[Network]) -> Iterator[Network]:
    """Yield the networks in the room that do not overlap the growing one: overlaps are reported elsewhere."""
    for other in others:
        if other.prefix is not None and not other.prefix.overlaps(prefix):
            yield other


def _largest(index: PrefixIndex, networks: list[Network], network: Network, room: Prefix) -> str | None:
    """Return the next step: the largest block around the network in which the plan has nothing else."""
    prefix = network.prefix
    assert prefix is not None
    for length in range(room.length + 1, prefix.length):
        block = prefix.supernet(length)
        if next(_beside(prefix, (networks[i] for i in index.overlapping(block))), None) is None:
            return f"there is room up to {block}: write grow-to = {length}"
    return None


@rule("warning", source=Source("the plan's own groups"))
def group_split(context: Context) -> Iterator[Finding]:
    """The smallest prefix around the pinned networks of a group contains other networks too.

    Why: a group is meant to be reached by one route. That route would lead to the other networks too, so each
    network of the group needs a route of its own.

    Do: move the other networks out of that prefix, or remove the distant network from the group.
    """
    members: dict[tuple[str, int], list[Network]] = {}
    for network in context.detailed:
        if network.group is not None and network.prefix is not None:
            members.setdefault((network.group, network.prefix.version), []).append(network)
    if not any(len(own) > 1 for own in members.values()):
        return
    index, networks = _index(context)
    for (group, _), own in members.items():
        if len(own) < 2:
            continue
        cover = covering_prefix([n.prefix for n in own if n.prefix is not None])
        names = {n.name for n in own}
        inside = (networks[i] for i in index.overlapping(cover))
        found = list(islice((n for n in inside if n.name not in names), _MOST_NAMED + 1))
        if found:
            named = ", ".join(label(n) for n in found[:_MOST_NAMED])
            more = " and others" if len(found) > _MOST_NAMED else ""
            yield group_split.finding(
                f"the prefix around group {group}, {cover}, also contains {named}{more}",
                (*own[0].key, "group"),
                networks=tuple(n.name for n in own[:_MOST_NAMED]),
                cidrs=ranges_of(*own[:_MOST_NAMED]),
                related=others(*found[:_MOST_NAMED]),
            )
