"""The algebra of range sets, exhaustively over an 8-address universe against a bit mask; one law a test."""

from __future__ import annotations

import ipaddress
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipplan.addresses import (
    WIDTH,
    Address,
    Prefix,
    PrefixIndex,
    Range,
    RangeSet,
    covering_prefix,
    largest_prefix_at,
    parse_address,
    parse_prefix,
)

BASE = 0x0A0000FD  # neither zero nor aligned
SIZE = 8


def to_set(mask: int) -> RangeSet:
    return RangeSet(Range(4, BASE + i, BASE + i) for i in range(SIZE) if mask >> i & 1)


def to_mask(ranges: RangeSet) -> int:
    return sum(1 << address - BASE for r in ranges for address in range(r.first, r.last + 1))


SETS = [to_set(mask) for mask in range(1 << SIZE)]


def test_the_form_is_canonical_sorted_disjoint_and_not_adjacent() -> None:
    for mask, ranges in enumerate(SETS):
        assert to_mask(ranges) == mask
        assert all(a.last + 1 < b.first for a, b in zip(ranges.ranges, ranges.ranges[1:], strict=False))
        assert ranges.size == mask.bit_count()


def test_union_intersection_and_difference_agree_with_bit_masks_on_every_pair() -> None:
    for a, x in enumerate(SETS):
        for b, y in enumerate(SETS):
            assert (x | y) == SETS[a | b]
            assert (x & y) == SETS[a & b]
            assert (x - y) == SETS[a & ~b]


def test_covers_and_overlaps_agree_with_bit_masks_for_every_range() -> None:
    for mask, ranges in enumerate(SETS):
        for first in range(SIZE):
            for last in range(first, SIZE):
                wanted = sum(1 << i for i in range(first, last + 1))
                span = Range(4, BASE + first, BASE + last)
                assert ranges.covers(span) == (mask & wanted == wanted)
                assert ranges.overlaps(span) == (mask & wanted != 0)


def test_what_is_within_and_without_a_range_agrees_with_bit_masks() -> None:
    for mask, ranges in enumerate(SETS):
        for first in range(SIZE):
            for last in range(first, SIZE):
                wanted = sum(1 << i for i in range(first, last + 1))
                span = Range(4, BASE + first, BASE + last)
                assert ranges.within(span) == SETS[mask & wanted]
                assert ranges.without(span) == SETS[mask & ~wanted]


def test_within_and_without_keep_the_versions_apart() -> None:
    both = RangeSet([Range(4, 8, 20), Range(6, 8, 20)])

    assert both.within(Range(6, 0, 9)) == RangeSet([Range(6, 8, 9)])
    assert both.without(Range(4, 10, 99)) == RangeSet([Range(4, 8, 9), Range(6, 8, 20)])
    assert both.within(Range(4, 21, 99)) == RangeSet()
    assert both.without(Range(6, 21, 99)) == both


def test_the_lowest_prefix_is_the_first_aligned_one_that_the_set_covers() -> None:
    for ranges in SETS:
        for length in (29, 30, 31, 32):
            size = 1 << 32 - length
            starts = range(BASE // size * size, BASE + SIZE, size)
            fitting = [p for p in (Prefix(4, first, length) for first in starts) if ranges.covers(p)]
            for block in (Prefix(4, 0, 0), *(Prefix(4, BASE // 4 * 4 + i, 30) for i in range(0, 12, 4))):
                inside = [p for p in fitting if block.covers(p)]
                assert ranges.lowest_prefix(length, block) == (inside[0] if inside else None)
    both = RangeSet([Range(4, 0, 255), Range(6, 5, 9)])
    assert both.lowest_prefix(127, Prefix(6, 0, 0)) == Prefix(6, 6, 127)


def test_prefixes_are_aligned_disjoint_and_make_up_the_set() -> None:
    for ranges in SETS:
        assert RangeSet(ranges.prefixes()) == ranges
        assert sum(p.size for p in ranges.prefixes()) == ranges.size


@given(st.lists(st.tuples(st.sampled_from([4, 6]), st.integers(0, 60), st.integers(0, 9))))
def test_versions_never_meet(items: list[tuple[int, int, int]]) -> None:
    spans = [Range(version, first, first + more) for version, first, more in items]
    both = RangeSet(spans)

    assert both == RangeSet(s for s in spans if s.version == 4) | RangeSet(s for s in spans if s.version == 6)
    assert not RangeSet(s for s in spans if s.version == 4) & RangeSet(s for s in spans if s.version == 6)
    assert both - RangeSet(s for s in spans if s.version == 4) == RangeSet(s for s in spans if s.version == 6)


@pytest.mark.parametrize(
    ("text", "last"), [("0.0.0.0/0", (1 << 32) - 1), ("::/0", (1 << 128) - 1), ("10.0.0.0/32", 0x0A000000)]
)
def test_the_largest_and_smallest_prefixes_hold(text: str, last: int) -> None:
    prefix = parse_prefix(text)

    assert prefix.last == last
    assert list(prefix.range.prefixes()) == [prefix]
    assert RangeSet([prefix]).largest_prefix() == prefix


@pytest.mark.parametrize(
    "build",
    [
        lambda: Prefix(4, 1, 24),
        lambda: Prefix(4, 0, 33),
        lambda: Prefix(5, 0, 0),
        lambda: Prefix(4, 1 << 32, 32),
        lambda: Range(4, 2, 1),
        lambda: Range(4, 0, 1 << 32),
        lambda: Range(6, -1, 1),
        lambda: Address(4, 1 << 32),
        lambda: Address(6, -1),
        lambda: Address(5, 0),
    ],
)
def test_a_value_that_breaks_the_invariant_cannot_be_built(build: object) -> None:
    with pytest.raises(ValueError, match=r"not a valid (address|prefix|range)|is not the first"):
        build()  # type: ignore[operator]


@pytest.mark.parametrize("text", ["10.0.0.0", "255.255.255.255", "::", "fd00::1"])
def test_an_address_is_its_text_and_its_prefix_holds_it_alone(text: str) -> None:
    address = parse_address(text)

    assert str(address) == text
    assert address.prefix.size == 1
    assert address.prefix.holds(address)
    assert address.prefix.first == address.value


def test_a_prefix_holds_the_addresses_of_its_version_from_first_to_last() -> None:
    prefix = Prefix(4, 8, 30)

    assert [value for value in range(16) if prefix.holds(Address(4, value))] == [8, 9, 10, 11]
    assert not prefix.holds(Address(6, 8))


def test_prefix_relations_agree_with_sets_of_addresses() -> None:
    prefixes = [Prefix(4, first, length) for length in range(29, 33) for first in range(0, 8, 1 << 32 - length)]
    for a in prefixes:
        for b in prefixes:
            x, y = set(range(a.first, a.last + 1)), set(range(b.first, b.last + 1))
            shared = a.shared(b)
            assert a.covers(b) == (x >= y)
            assert a.overlaps(b) == bool(x & y)
            assert (set(range(shared.first, shared.last + 1)) if shared else set()) == x & y


def test_an_index_finds_what_a_comparison_with_all_finds_around_first() -> None:
    every = [Prefix(4, first, length) for length in range(28, 33) for first in range(0, 16, 1 << 32 - length)]
    for step in (1, 2, 3, 5):
        chosen = sorted(every[::step] + every[:: step * 2])
        index = PrefixIndex(chosen)
        for asked in [*every, Prefix(4, 0, 0), Prefix(6, 0, 0)]:
            found = list(index.overlapping(asked))

            assert sorted(found) == [i for i, p in enumerate(chosen) if p.overlaps(asked)]
            around = [chosen[i].length for i in found if chosen[i].length <= asked.length]
            assert around == sorted(around, reverse=True)
            inside = found[len(around) :]
            assert inside == sorted(inside)


def test_an_index_keeps_the_versions_apart_and_finds_equal_prefixes_each() -> None:
    chosen = sorted([Prefix(4, 0, 8), Prefix(4, 0, 8), Prefix(4, 1 << 24, 8), Prefix(6, 0, 8), Prefix(6, 0, 128)])
    index = PrefixIndex(chosen)

    assert list(index.overlapping(Prefix(4, 0, 32))) == [0, 1]
    assert list(index.overlapping(Prefix(4, 0, 0))) == [0, 1, 2]
    assert list(index.overlapping(Prefix(6, 0, 128))) == [4, 3]
    assert list(index.overlapping(Prefix(6, 1, 128))) == [3]
    assert list(index.overlapping(Prefix(6, 0, 0))) == [3, 4]


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("base", ["start", "end"])
def test_a_range_is_made_of_the_prefixes_that_the_standard_library_finds(version: int, base: str) -> None:
    """The first and the last 20 addresses of all, so that 0 and the broadcast address are among them."""
    low = 0 if base == "start" else (1 << WIDTH[version]) - 20
    make: Any = ipaddress.IPv4Address if version == 4 else ipaddress.IPv6Address
    for first in range(low, low + 20):
        for last in range(first, low + 20):
            span = Range(version, first, last)
            expected: list[Any] = list(ipaddress.summarize_address_range(make(first), make(last)))
            found = list(span.prefixes())

            assert [(p.first, p.length) for p in found] == [(int(n.network_address), n.prefixlen) for n in expected]
            assert largest_prefix_at(version, first, last) == found[0]
            assert span.size == last - first + 1
            # Of equal ones, the lowest.
            assert RangeSet([span]).largest_prefix() == max(found, key=lambda p: (p.size, -p.first))
            assert str(span) == f"{make(first)}-{make(last)}"


def test_the_largest_prefix_of_a_set_is_one_of_ipv4_if_it_has_any() -> None:
    four, six = Range(4, 8, 11), Range(6, 0, 255)

    assert RangeSet([four, six]).largest_prefix() == Prefix(4, 8, 30)
    assert RangeSet([six, Range(6, 1 << 20, (1 << 21) - 1)]).largest_prefix() == Prefix(6, 1 << 20, 108)
    assert RangeSet().largest_prefix() is None


@pytest.mark.parametrize("version", [4, 6])
def test_the_cover_of_prefixes_is_the_longest_prefix_around_all_of_them(version: int) -> None:
    width = WIDTH[version]
    every = [Prefix(version, at, width - bits) for bits in range(4) for at in range(0, 16, 1 << bits)]
    around = [Prefix(version, at, width - bits) for bits in range(6) for at in range(0, 32, 1 << bits)]
    for chosen in [*((p,) for p in every), *combinations(every, 2), *combinations(every[::3], 3)]:
        cover = min((p for p in around if all(p.covers(own) for own in chosen)), key=lambda p: p.size)
        assert covering_prefix(chosen) == cover
        assert covering_prefix(chosen[::-1]) == cover


@pytest.mark.parametrize("version", [4, 6])
def test_a_supernet_is_the_only_prefix_of_its_length_around(version: int) -> None:
    width = WIDTH[version]
    for at in range(0, 16, 2):
        own = Prefix(version, at, width - 1)
        for bits in range(1, 5):
            every = [Prefix(version, first, width - bits) for first in range(0, 16, 1 << bits)]
            assert [own.supernet(width - bits)] == [p for p in every if p.covers(own)]
        assert own.supernet(0) == Prefix(version, 0, 0)


def test_a_set_is_a_value_like_a_tuple_of_its_ranges() -> None:
    ranges = (Range(4, 8, 11), Range(4, 20, 20), Range(6, 0, 1))
    one, other = RangeSet(ranges), RangeSet(reversed(ranges))

    assert (tuple(one), len(one), bool(one), bool(RangeSet())) == (ranges, 3, True, False)
    assert one == other
    assert hash(one) == hash(other)
    assert len(set(map(hash, SETS))) > len(SETS) // 2
    assert one != ranges
    assert repr(one) == "RangeSet(0.0.0.8-0.0.0.11, 0.0.0.20-0.0.0.20, ::-::1)"
    with pytest.raises(AttributeError, match=r"^a RangeSet is immutable: ranges cannot be set$"):
        one.ranges = ()


def test_operations_with_two_versions_agree_with_those_on_each() -> None:
    """The same small sets in both versions at once: what is done to one never touches the other."""
    few = SETS[:: 1 << SIZE - 5]
    for x in few:
        for y in few:
            a = x | RangeSet(Range(6, r.first, r.last) for r in y)
            b = y | RangeSet(Range(6, r.first, r.last) for r in x)
            for combined, first, second in ((a | b, x | y, x | y), (a & b, x & y, x & y), (a - b, x - y, y - x)):
                assert combined == first | RangeSet(Range(6, r.first, r.last) for r in second)
            for span in (Range(4, BASE + 2, BASE + 4), Range(6, BASE + 2, BASE + 4)):
                assert a.overlaps(span) == bool(a & RangeSet([span]))
                assert a.covers(span) == (RangeSet([span]) - a == RangeSet())
                assert a.within(span) == a & RangeSet([span])
                assert a.without(span) == a - RangeSet([span])
