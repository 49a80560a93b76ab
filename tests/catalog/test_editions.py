"""Two editions compared: no row lost or listed twice, the space against the standard library, and the effects on a plan."""

from __future__ import annotations

import ipaddress
from collections import Counter
from itertools import combinations, product
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipplan.addresses import parse_prefix
from ipplan.catalog import CATEGORIES, EDITIONS, Catalog, Reservation, load_catalog
from ipplan.checks import check_plan
from ipplan.editions import CHANGES, MIRROR, Comparison, PlanComparison, RangeChange, compare, compare_findings
from ipplan.findings import Source
from ipplan.plan.load import parse_plan

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ipplan.addresses import RangeSet

SAMPLES = sorted((Path(__file__).parent.parent.parent / "sample-plans").glob("*.toml"))
PAIRS = list(product(EDITIONS, repeat=2))
SERVICE, PRIVATE, ROUTE = "ibm-service-network", "ibm-customer-private", "ibm-default-static-route"


def row(
    cidr: str,
    category: str = SERVICE,
    center: str | None = None,
    pod: str | None = None,
    note: str | None = None,
    date: str = "2018-11-30",
) -> Reservation:
    named = CATEGORIES[category]
    return Reservation(parse_prefix(cidr), named, named.title, center, None, pod, note, Source("page", None, date))


def catalog(*rows: Reservation) -> Catalog:
    return Catalog("test", tuple(sorted(rows, key=lambda r: (r.prefix, r.category.name, str(r[2:7])))))


def said(one: Reservation) -> tuple[object, ...]:
    """Return what a row says: all but its position."""
    return (*one[:7], one.platform)


def mirrored(change: RangeChange) -> RangeChange:
    return RangeChange(MIRROR[change.kind], change.new, change.old, change.released, change.taken)


def addresses(cidrs: Iterable[str]) -> set[int]:
    return {int(address) for cidr in cidrs for address in ipaddress.ip_network(cidr)}


def space(ranges: RangeSet) -> set[int]:
    return {address for span in ranges for address in range(span.first, span.last + 1)}


ROWS = st.builds(
    row,
    st.sampled_from(
        [f"10.0.0.{first}/{length}" for length in range(28, 33) for first in range(0, 16, 1 << 32 - length)]
    ),
    st.sampled_from([SERVICE, PRIVATE, ROUTE]),
    st.sampled_from([None, "dal10", "dal12"]),
    st.sampled_from([None, "BCR01"]),
    st.sampled_from([None, "doubtful"]),
)
CATALOGS = st.lists(ROWS, max_size=9).map(lambda rows: catalog(*rows))


# -- laws, over small catalogues and over the editions


def holds_every_row_once(found: Comparison) -> None:
    for edition, rows in (
        (found.old, [r for change in found.changes for r in change.old]),
        (found.new, [r for change in found.changes for r in change.new]),
    ):
        assert Counter(map(said, [*found.unchanged, *rows])) == Counter(map(said, edition.reservations))


def is_what_its_kind_says(change: RangeChange) -> None:
    old, new = (addresses(str(r.prefix) for r in rows) for rows in (change.old, change.new))
    lengths = [min((r.prefix.length for r in rows), default=0) for rows in (change.old, change.new)]
    counts = (len(change.old), len(change.new))
    if change.kind == "published":
        assert counts == (0, 1)
    elif change.kind == "withdrawn":
        assert counts == (1, 0)
    elif change.kind == "changed":
        assert counts == (1, 1)
        assert change.old[0].prefix == change.new[0].prefix
        assert change.differences
    else:
        assert len({(r.category, r.data_center, r.pod) for r in change.rows}) == 1
        assert not {r.prefix for r in change.old} & {r.prefix for r in change.new}
        assert {
            "grew": old < new,
            "shrank": old > new,
            "split": old == new and lengths[0] < lengths[1],
            "joined": old == new and lengths[0] > lengths[1],
        }[change.kind]


@settings(max_examples=400, deadline=None)
@given(CATALOGS, CATALOGS)
def test_laws_hold_for_any_two_catalogues(old: Catalog, new: Catalog) -> None:
    found, back = compare(old, new), compare(new, old)
    holds_every_row_once(found)
    for change in found.changes:
        is_what_its_kind_says(change)
    assert list(map(mirrored, found.changes)) == list(back.changes)
    assert Counter(map(said, found.unchanged)) == Counter(map(said, back.unchanged))

    # A route takes no addresses; everything else here does.
    before, after = (
        addresses(str(r.prefix) for r in side.reservations if r.category.name != ROUTE) for side in (old, new)
    )
    gone, come = space(found.released), space(found.taken)
    assert (space(found.old_space), space(found.new_space)) == (before, after)
    assert (gone, come) == (before - after, after - before)
    assert before - gone | come == after
    assert gone == set().union(*(space(change.released) for change in found.changes))
    assert come == set().union(*(space(change.taken) for change in found.changes))


@settings(max_examples=200, deadline=None)
@given(CATALOGS, CATALOGS, st.sampled_from([SERVICE, PRIVATE, ROUTE]))
def test_a_filter_keeps_whole_changes_and_the_balance(old: Catalog, new: Catalog, category: str) -> None:
    whole = compare(old, new)
    found = compare(old, new, lambda r: r.category.name == category)
    wanted = [c for c in whole.changes if any(r.category.name == category for r in c.rows)]
    assert list(found.changes) == wanted
    assert list(found.unchanged) == [r for r in whole.unchanged if r.category.name == category]
    gone, come = space(found.released), space(found.taken)
    assert space(found.old_space) - gone | come == space(found.new_space)
    assert gone <= space(found.old_space)
    assert not come & space(found.old_space)
    assert gone == set().union(*(space(change.released) for change in wanted))
    assert come == set().union(*(space(change.taken) for change in wanted))


@settings(max_examples=100, deadline=None)
@given(CATALOGS)
def test_a_catalogue_does_not_differ_from_itself(one: Catalog) -> None:
    found = compare(one, one)
    assert (found.changes, found.released.size, found.taken.size) == ((), 0, 0)
    assert found.unchanged == one.reservations


@pytest.mark.parametrize(("old", "new"), PAIRS, ids=lambda edition: edition)
def test_laws_hold_for_the_editions(old: str, new: str) -> None:
    found, back = (compare(load_catalog(a), load_catalog(b)) for a, b in ((old, new), (new, old)))
    holds_every_row_once(found)
    assert list(map(mirrored, found.changes)) == list(back.changes)
    assert bool(found.changes) == (old != new)


@pytest.mark.parametrize(("old", "new"), list(combinations(EDITIONS, 2)), ids=lambda edition: edition)
def test_the_space_of_the_editions_against_the_standard_library(old: str, new: str) -> None:
    """The standard library takes prefix after prefix away, which is slow and owes nothing to range sets."""
    found = compare(load_catalog(old), load_catalog(new))

    def collapsed(cidrs: Iterable[str]) -> list[ipaddress.IPv4Network]:
        return list(ipaddress.collapse_addresses(ipaddress.IPv4Network(c) for c in cidrs if ":" not in c))

    def without(left: list[ipaddress.IPv4Network], holes: list[ipaddress.IPv4Network]) -> list[ipaddress.IPv4Network]:
        for hole in holes:
            rest: list[ipaddress.IPv4Network] = []
            for net in left:
                if hole.supernet_of(net):
                    continue
                rest += net.address_exclude(hole) if net.supernet_of(hole) else [net]
            left = rest
        return list(ipaddress.collapse_addresses(left))

    before = collapsed(str(r.prefix) for r in found.old.avoided())
    after = collapsed(str(r.prefix) for r in found.new.avoided())
    gone, come = (collapsed(map(str, s.prefixes())) for s in (found.released, found.taken))
    assert without(before, after) == gone
    assert without(after, before) == come
    assert list(ipaddress.collapse_addresses([*without(before, gone), *come])) == after


# -- cases

CASES: dict[str, tuple[list[Reservation], list[Reservation], list[tuple[str, str, str]]]] = {
    "another date is no change": ([row("10.0.0.0/24")], [row("10.0.0.0/24", date="2025-10-03")], []),
    "published": ([], [row("10.0.0.0/24")], [("published", "", "10.0.0.0/24")]),
    "withdrawn": ([row("10.0.0.0/24")], [], [("withdrawn", "10.0.0.0/24", "")]),
    "grew": ([row("10.0.0.0/24")], [row("10.0.0.0/23")], [("grew", "10.0.0.0/24", "10.0.0.0/23")]),
    "shrank to a part": ([row("10.0.0.0/23")], [row("10.0.1.0/24")], [("shrank", "10.0.0.0/23", "10.0.1.0/24")]),
    "shrank to several parts": (
        [row("10.0.0.0/22")],
        [row("10.0.1.0/24"), row("10.0.2.0/24")],
        [("shrank", "10.0.0.0/22", "10.0.1.0/24 10.0.2.0/24")],
    ),
    "split": (
        [row("10.0.0.0/23")],
        [row("10.0.0.0/24"), row("10.0.1.0/24")],
        [("split", "10.0.0.0/23", "10.0.0.0/24 10.0.1.0/24")],
    ),
    "joined": (
        [row("10.0.0.0/24"), row("10.0.1.0/24")],
        [row("10.0.0.0/23")],
        [("joined", "10.0.0.0/24 10.0.1.0/24", "10.0.0.0/23")],
    ),
    "two that grew into one": (
        [row("10.0.0.0/24"), row("10.0.2.0/24")],
        [row("10.0.0.0/22")],
        [("grew", "10.0.0.0/24 10.0.2.0/24", "10.0.0.0/22")],
    ),
    "beside it is no part of it": (
        [row("10.0.0.0/24")],
        [row("10.0.0.0/25"), row("10.0.1.0/24")],
        [("shrank", "10.0.0.0/24", "10.0.0.0/25"), ("published", "", "10.0.1.0/24")],
    ),
    "what stays is no part of a growth": (
        [row("10.0.0.0/24")],
        [row("10.0.0.0/24"), row("10.0.0.0/23")],
        [("published", "", "10.0.0.0/23")],
    ),
    "another data center's is another range": (
        [row("10.0.0.0/24", center="dal10")],
        [row("10.0.0.0/23", center="dal12")],
        [("published", "", "10.0.0.0/23"), ("withdrawn", "10.0.0.0/24", "")],
    ),
    "another category's is another range": (
        [row("10.0.0.0/24")],
        [row("10.0.0.0/23", PRIVATE)],
        [("published", "", "10.0.0.0/23"), ("withdrawn", "10.0.0.0/24", "")],
    ),
    "a second row of a prefix": (
        [row("10.0.0.0/24")],
        [row("10.0.0.0/24"), row("10.0.0.0/24", PRIVATE)],
        [("published", "", "10.0.0.0/24")],
    ),
    "IPv6": ([row("fd00::/48")], [row("fd00::/47")], [("grew", "fd00::/48", "fd00::/47")]),
}


@pytest.mark.parametrize(("old", "new", "expected"), CASES.values(), ids=CASES)
def test_cases(old: list[Reservation], new: list[Reservation], expected: list[tuple[str, str, str]]) -> None:
    changes = compare(catalog(*old), catalog(*new)).changes
    told = [(c.kind, *(" ".join(str(r.prefix) for r in side) for side in (c.old, c.new))) for c in changes]
    assert sorted(told) == sorted(expected)


@pytest.mark.parametrize(
    ("old", "new", "differences"),
    [
        (row("10.0.0.0/24"), row("10.0.0.0/24", note="n"), [("note", None, "n")]),
        (
            row("10.0.0.0/24", PRIVATE, "dal10", "BCR01"),
            row("10.0.0.0/24", PRIVATE, "dal12", "BCR02"),
            [("data_center", "dal10", "dal12"), ("pod", "BCR01", "BCR02")],
        ),
        # The title and the scope follow from the category, and are told where they do not.
        (row("10.0.0.0/24"), row("10.0.0.0/24", PRIVATE), [("category", SERVICE, PRIVATE)]),
        (
            row("10.0.0.0/24"),
            row("10.0.0.0/24")._replace(category=CATEGORIES[SERVICE]._replace(scope="other"), title="t"),
            [("scope", "service", "other"), ("title", "service network", "t")],
        ),
    ],
)
def test_a_changed_row_shows_what_changed(
    old: Reservation, new: Reservation, differences: list[tuple[str, str | None, str | None]]
) -> None:
    (change,) = compare(catalog(old), catalog(new)).changes
    assert (change.kind, list(change.differences)) == ("changed", differences)


def test_of_several_rows_of_a_prefix_the_most_alike_are_paired() -> None:
    old = [row("10.0.0.0/24", PRIVATE, "dal10", "BCR01"), row("10.0.0.0/24", SERVICE, "dal12")]
    new = [row("10.0.0.0/24", SERVICE, "dal12", note="n"), row("10.0.0.0/24", PRIVATE, "dal10", "BCR02")]
    changes = compare(catalog(*old), catalog(*new)).changes
    assert {(c.kind, c.old[0].category, c.new[0].category) for c in changes} == {
        ("changed", CATEGORIES[name], CATEGORIES[name]) for name in (PRIVATE, SERVICE)
    }


def test_space_inside_a_reserved_block_is_neither_taken_nor_released() -> None:
    block, inside = row("10.0.0.0/14", "ibm-reserved-block"), row("10.1.0.0/16")
    for old, new in (((block,), (block, inside)), ((block, inside), (block,))):
        found = compare(catalog(*old), catalog(*new))
        assert len(found.changes) == 1
        assert not found.taken
        assert not found.released


def test_tables_that_only_one_edition_has_are_listed() -> None:
    old, new = compare(load_catalog("2024-12-05"), load_catalog("2025-10-03")).one_sided()
    assert (old, new) == (("ibm-service-advmon",), ())
    old, new = compare(load_catalog("2018-11-30"), load_catalog("2024-12-05")).one_sided()
    assert "ibm-pptp-vpn" in old
    assert "ibm-customer-private" in new
    # A filter leaves out rows, not what the editions have: 2024-12-05 has service networks elsewhere.
    dal14 = compare(load_catalog("2024-12-05"), load_catalog("2025-10-03"), lambda r: r.data_center == "dal14")
    assert dal14.changes
    assert dal14.one_sided() == ((), ())


def test_every_kind_is_counted_and_mirrored() -> None:
    assert set(MIRROR) == set(CHANGES)
    assert all(MIRROR[MIRROR[kind]] == kind for kind in CHANGES)


# -- a plan

PLAN = """\
schema = 1
[plan]
data-centers = ["dal10"]
ranges-edition = "2018-11-30"
byoip = ["10.176.0.0/16", "10.224.0.0/12"]
[networks.hit]
kind = "vcs-vm"
cidr = "10.176.20.0/24"
[networks.always]
kind = "icp-pod"
cidr = "10.1.0.0/16"
[networks.never]
kind = "vcs-vm"
cidr = "10.224.0.0/24"
[networks.open]
kind = "vcs-vm"
prefix = 24
[clusters.icp]
platform = "icp"
"""


INSIDE = row("10.0.0.0/8", "iana-private-use")
"""So that networks in it are no public ones."""


def compared(text: str, old: Catalog, new: Catalog) -> PlanComparison:
    plan = parse_plan(text.encode(), "plan.toml")
    findings = [check_plan(plan, edition) for edition in (old, new)]
    return compare_findings(compare(old, new), plan, *findings)


def test_a_plan_that_is_hit_only_by_the_newer_edition() -> None:
    found = compared(PLAN, load_catalog("2018-11-30"), load_catalog("2025-10-03"))

    (change,) = [c for c in found.new if c.finding.rule == "ibm-private-overlap"]
    assert (change.finding.severity, change.finding.networks) == ("error", ("hit",))
    (shared,) = change.ranges
    assert (str(shared.prefix), shared.change) == ("10.176.0.0/15", "published")
    assert shared.row is not None
    assert (shared.row.category.name, shared.row.data_center, shared.row.pod) == (PRIVATE, "dal10", "BCR01")
    assert found.gone == ()
    assert [(h.network, tuple(map(str, h.old)), tuple(map(str, h.new))) for h in found.hits] == [
        ("hit", (), ("10.176.0.0/15",)),
        ("always", ("10.0.0.0/14",), ("10.0.0.0/14",)),
    ]
    assert found.pinned == 3
    assert found.differs


def test_words_that_name_the_edition_make_no_new_finding() -> None:
    text = PLAN.replace("10.1.0.0/16", "161.26.0.0/22")
    old, new = (load_catalog(edition) for edition in ("2024-12-05", "2025-10-03"))
    plan = parse_plan(text.encode(), "plan.toml")
    messages = [{f.message for f in check_plan(plan, edition)} for edition in (old, new)]
    assert messages[0] != messages[1]

    found = compared(text, old, new)
    assert (found.new, found.gone, found.differs) == ((), (), False)
    assert found.stay == len(messages[1])


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
@pytest.mark.parametrize(("old", "new"), PAIRS, ids=lambda edition: edition)
def test_findings_mirror_and_add_up(sample: Path, old: str, new: str) -> None:
    text = sample.read_text(encoding="utf-8")
    found, back = (compared(text, load_catalog(a), load_catalog(b)) for a, b in ((old, new), (new, old)))

    assert [c.finding for c in found.new] == [c.finding for c in back.gone]
    assert [c.finding for c in found.gone] == [c.finding for c in back.new]
    plan = parse_plan(sample.read_bytes(), sample.name)
    assert found.stay + len(found.new) == len(check_plan(plan, load_catalog(new)))
    assert [(h.old, h.new) for h in found.hits] == [(h.new, h.old) for h in back.hits]
    assert old != new or not found.differs


def test_a_finding_about_many_ranges_is_compared_range_by_range() -> None:
    text = 'schema = 1\n[networks.all]\nkind = "vcs-vm"\ncidr = "10.224.0.0/12"\n'
    rows = [row(f"10.224.{number}.0/24", PRIVATE, "dal10", f"BCR{number:02}") for number in range(6)]

    def ranges(old: Iterable[Reservation], new: Iterable[Reservation]) -> tuple[list[str], list[str], int]:
        found = compared(text, catalog(INSIDE, *old), catalog(INSIDE, *new))
        told = [[str(s.prefix) for c in side for s in c.ranges] for side in (found.new, found.gone)]
        return told[0], told[1], found.stay

    # Up to three ranges are a finding each, more are told together: what stays is not new for that.
    assert ranges(rows[:2], rows[:3]) == (["10.224.2.0/24"], [], 2)
    assert ranges(rows[:3], rows[:5]) == (["10.224.3.0/24", "10.224.4.0/24"], [], 0)
    assert ranges(rows[:5], rows[1:6]) == (["10.224.5.0/24"], ["10.224.0.0/24"], 0)
    assert ranges(rows[:5], rows[:2]) == ([], [f"10.224.{number}.0/24" for number in (2, 3, 4)], 2)
    assert ranges(rows, rows) == ([], [], 1)


def test_a_range_that_becomes_the_data_centers_own_is_gone_as_a_warning_and_new_as_an_error() -> None:
    old, new = (catalog(row("10.176.0.0/15", PRIVATE, center)) for center in ("fra02", "dal10"))
    found = compared(PLAN, old, new)
    for side, severity in ((found.gone, "warning"), (found.new, "error")):
        (change,) = [c for c in side if c.finding.rule == "ibm-private-overlap"]
        assert change.finding.severity == severity
        assert [(str(s.prefix), s.change) for s in change.ranges] == [("10.176.0.0/15", "changed")]


def test_a_pool_without_room_stays_one_whatever_covers_it() -> None:
    text = 'schema = 1\n[plan]\nbyoip = ["10.224.0.0/24"]\n'
    old, new = catalog(INSIDE, row("10.224.0.0/23")), catalog(INSIDE, row("10.224.0.0/22"))
    found = compared(text, old, new)
    assert (found.new, found.gone, found.stay) == ((), (), 1)


def test_a_waiver_that_waives_no_longer_is_a_new_finding() -> None:
    text = PLAN + '[[waive]]\nrule = "ibm-private-overlap"\nnetworks = ["hit"]\nreason = "known"\n'
    found = compared(text, load_catalog("2025-10-03"), load_catalog("2018-11-30"))
    assert {c.finding.rule for c in found.new} == {"waiver-unused"}
    (gone,) = [c for c in found.gone if c.finding.rule == "ibm-private-overlap"]
    assert gone.finding.waived == "known"
