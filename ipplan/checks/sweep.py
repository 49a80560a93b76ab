"""Sort the ranges of a plan for a sweep, so that a rule sees only the networks that something touches.

The ranges are sorted integers: a plan of a hundred thousand networks costs little more than reading it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ipplan.addresses import HOST_MASKS, WIDTH

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ipplan.addresses import RangeSet
    from ipplan.plan.model import Network


class Sweep(NamedTuple):
    """The networks of one IP version in address order, the larger first where two start at the same address."""

    version: int
    networks: Sequence[Network]
    firsts: Sequence[int]
    lasts: Sequence[int]

    def touching(self, ranges: RangeSet) -> Iterator[Network]:
        """Yield the networks that share an address with the set; linear in both."""
        spans = [r for r in ranges.ranges if r.version == self.version]
        if not spans:
            return
        index, end = 0, len(spans)
        low, high = spans[0].first, spans[0].last
        for network, first, last in zip(self.networks, self.firsts, self.lasts, strict=True):
            while high < first:
                index += 1
                if index == end:
                    return
                low, high = spans[index].first, spans[index].last
            if low <= last:
                yield network

    def outside(self, ranges: RangeSet) -> Iterator[Network]:
        """Yield the networks with an address that is not in the set; linear in both."""
        spans = [r for r in ranges.ranges if r.version == self.version]
        index, end = 0, len(spans)
        for network, first, last in zip(self.networks, self.firsts, self.lasts, strict=True):
            while index < end and spans[index].last < first:
                index += 1
            if index == end or not (spans[index].first <= first and last <= spans[index].last):
                yield network


def sweep_networks(version: int, networks: Iterable[Network]) -> Sweep:
    """Return the networks of one IP version that have a range, in address order."""
    host_mask = HOST_MASKS[version]
    # By index, not by name: named access to tuple fields doubles the time of these loops.
    rows: list[Any] = [n for n in networks if n[2] is not None and n[2][0] == version]
    # One integer a network sorts four times as fast as a tuple: address, then length, then place in the plan.
    length_bits = WIDTH[version].bit_length() + 1
    keys = sorted([(n[2][1] << length_bits | n[2][2]) << 32 | i for i, n in enumerate(rows)])
    order = [rows[key & 0xFFFFFFFF] for key in keys]
    firsts = [n[2][1] for n in order]
    lasts = [n[2][1] | host_mask[n[2][2]] for n in order]
    return Sweep(version, order, firsts, lasts)
