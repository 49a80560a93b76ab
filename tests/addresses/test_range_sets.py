"""The algebra of range sets, exhaustively over an 8-address universe against a bit mask; one law a test."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipplan.addresses import Address, Prefix, PrefixIndex, Range, RangeSet, parse_address, parse_prefix

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
