"""Split a packing into parts that share no space: each is packed and searched by itself.

Without this, ten thousand networks that each name their own pool would be one problem with ten thousand kinds of
requests, and the exact search of it would never end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ipplan.allocation.space import Request

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ipplan.allocation.spans import Region


class Part(NamedTuple):
    """Requests that may compete for the same space, and the allowed sets that they number."""

    sets: Sequence[Sequence[Region]]
    requests: Sequence[Request]


def independent_parts(allowed_sets: Sequence[Sequence[Region]], requests: Sequence[Request]) -> Iterator[Part]:
    """Yield the parts of a packing in n log n time; the whole as it is where there is only one."""
    users = dict.fromkeys(request[2] for request in requests)
    joined = _join(allowed_sets, list(users))
    if len(set(joined.values())) < 2:
        yield Part(allowed_sets, requests)
        return
    sets: dict[int, list[Sequence[Region]]] = {}
    numbers: dict[int, int] = {}
    for d in users:
        own = sets.setdefault(joined[d], [])
        numbers[d] = len(own)
        own.append(allowed_sets[d])
    own_requests: dict[int, list[Request]] = {part: [] for part in sets}
    for name, bits, d in requests:
        own_requests[joined[d]].append(Request(name, bits, numbers[d]))
    for part, found in own_requests.items():
        yield Part(sets[part], found)


def _join(allowed_sets: Sequence[Sequence[Region]], users: Sequence[int]) -> dict[int, int]:
    """Return, for each allowed set in use, the one that represents all sets it shares space with."""
    leader: dict[int, int] = {d: d for d in users}

    def find(d: int) -> int:
        while leader[d] != d:
            leader[d] = d = leader[leader[d]]
        return d

    if len(users) > 1:
        regions = sorted((first, first + (1 << bits), d) for d in users for first, bits in allowed_sets[d])
        reach = -1
        before = users[0]
        for first, end, d in regions:
            # Regions are aligned blocks, so one that starts before the end of another lies within it.
            if first < reach:
                leader[find(d)] = find(before)
            before, reach = d, max(reach, end)
    return {d: find(d) for d in users}
