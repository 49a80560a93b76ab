"""List every network of a plan with its status: pinned, on a default, to be allocated or to be ordered.

A function from a plan to entries; it places nothing and reads no catalogue.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from ipplan.addresses import PrefixIndex
from ipplan.plan.sizing import request_version, size_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ipplan.addresses import Prefix
    from ipplan.plan.kinds import Provider
    from ipplan.plan.model import Network, Plan

Status = Literal["allocated", "pinned", "default", "to-allocate", "to-order", "no-range"]


class Entry(NamedTuple):
    """One network: its status, its range or the prefix length that it asks for, and its room to grow.

    `prefix` is None exactly for the statuses to-allocate, to-order and no-range (a retired network without a range).
    `length` is that of the prefix or of the request, None if IBM Cloud decides. `grow_length` is the prefix length to
    grow to, None if the network asks for no room. `room` is the block that is kept for it, None without a prefix;
    `blocked_by` names a network or avoided space in the room. `retired` names what the network is retired with, "" if
    it is retired itself.
    """

    network: Network
    status: Status
    provider: Provider
    prefix: Prefix | None
    length: int | None
    grow_length: int | None = None
    room: Prefix | None = None
    blocked_by: str | None = None
    retired: str | None = None


def list_networks(plan: Plan, placed: Mapping[str, Prefix] | None = None) -> tuple[Entry, ...]:
    """Return every network in the order of the plan, then the platform defaults that it does not declare.

    `placed` are ranges of an allocation, with the status allocated. Costs n log n.
    """
    placed = placed or {}
    retired = plan.retired.networks
    plan = plan.with_ranges(placed)
    defaults = {n.name: n for n in plan.defaults}
    whole = [defaults.get(n.name, n) if n.prefix is None else n for n in plan.networks]
    whole += [n for n in plan.defaults if not n.declared]
    ranges = _Ranges(whole, plan)
    entries = []
    for network in whole:
        provider: Provider = network.kind.provider
        if network.default:
            provider = "default"
        elif network.pool is not None:
            provider = "byoip"
        length: int | None
        if network.prefix is not None:
            status: Status = "allocated" if network.name in placed else "default" if network.default else "pinned"
            length = network.prefix.length
        elif network.name in retired:
            status, length = "no-range", network.length
        elif provider == "byoip":
            status = "to-allocate"
            length = size_of(network, plan, request_version(network, plan.pools)).length
        else:
            status = "to-order"
            length = _ordered_length(network, plan)
        entry = ranges.with_room(Entry(network, status, provider, network.prefix, length))
        if network.name in retired:
            entry = entry._replace(retired=retired[network.name] or "")
        entries.append(entry)
    return tuple(entries)


def _ordered_length(network: Network, plan: Plan) -> int | None:
    """Return the prefix length of a network to order from IBM Cloud, None if it states no size."""
    if network.length is None and network.hosts is None:
        return None
    return size_of(network, plan, request_version(network, ())).length


class _Ranges:
    """Finds what lies in the room that a network keeps to grow: other networks, and avoided space."""

    def __init__(self, networks: list[Network], plan: Plan) -> None:
        rows = [(n.prefix, n.name) for n in networks if n.prefix is not None]
        rows += [(aside.prefix, aside.words) for aside in plan.set_aside]
        rows.sort(key=lambda row: row[0])
        self._names = [name for _, name in rows]
        self._index = PrefixIndex([prefix for prefix, _ in rows])

    def with_room(self, entry: Entry) -> Entry:
        """Return the entry with its room to grow."""
        wanted, length, prefix = entry.network.grow_to, entry.length, entry.prefix
        if wanted is None or length is None or wanted >= length:
            return entry
        if prefix is None:
            return entry._replace(grow_length=wanted)
        room = prefix.supernet(wanted)
        others = (self._names[i] for i in self._index.overlapping(room))
        blocked_by = next((name for name in others if name != entry.network.name), None)
        return entry._replace(grow_length=wanted, room=room, blocked_by=blocked_by)
