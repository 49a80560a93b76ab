"""Which blocks are the cleanest, against scoring every block by itself, and what the catalogue says of 10.0.0.0/8."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from ipplan.addresses import Prefix, RangeSet, parse_prefix
from ipplan.catalog import CATEGORIES, Catalog, Edition, Reservation, load_catalog
from ipplan.cleanest import Score, find_cleanest
from ipplan.findings import Source
from ipplan.plan.kinds import KINDS
from ipplan.plan.model import Avoid, Network, Plan

if TYPE_CHECKING:
    import pytest

    from ipplan.cleanest import Advice

POOL = parse_prefix("10.224.0.0/26")
NOTHING = RangeSet()
BEFORE_ALL = Edition("2000-01-01", "test", None, None)
"""An edition that no other comes before."""


def row(prefix: Prefix, category: str, data_center: str | None) -> Reservation:
    return Reservation(prefix, CATEGORIES[category], "row", data_center, None, None, None, Source("test"))


def advise(plan: Plan, catalog: Catalog, length: int, *pools: Prefix, most: int = 100, names: str = "") -> Advice:
    return find_cleanest(plan, catalog, pools or [POOL], length, data_centers=names.split(), free=NOTHING, most=most)


PREFIXES = st.integers(24, 32).flatmap(
    lambda length: st.integers(0, (1 << length - 24) - 1).map(
        lambda n: Prefix(4, (POOL.first & ~0xFF) + (n << 32 - length), length)
    )
)
ROWS = st.tuples(
    PREFIXES,
    st.sampled_from(
        [
            "ibm-service-network",
            "ibm-customer-private",
            "ibm-front-end-public",
            "kubernetes-reserved",
            "kubernetes-default",
            "iana-special-purpose",
            "ibm-default-static-route",
            "iana-private-use",
        ]
    ),
    st.sampled_from([None, "dal10", "fra02"]),
)


def field(reservation: Reservation) -> str | None:
    """Say in which field a row counts, written apart from the code."""
    scope, here = reservation.category.scope, reservation.data_center == "dal10"
    table = {
        "special": "avoided",
        "reserved": "platform",
        "default": "platform",
        "service": "named" if here else "service",
        "private": "named" if here else "other",
        "public": "named" if here else "other",
    }
    return table.get(scope)


@given(
    rows=st.lists(ROWS, max_size=8),
    avoided=st.lists(PREFIXES, max_size=2),
    pinned=st.lists(PREFIXES, max_size=2),
    length=st.integers(26, 31),
    most=st.integers(1, 70),
)
@settings(max_examples=120, deadline=None)
def test_scores_and_order_are_those_of_judging_every_block(
    rows: list[tuple[Prefix, str, str | None]],
    avoided: list[Prefix],
    pinned: list[Prefix],
    length: int,
    most: int,
) -> None:
    known = sorted((row(*one) for one in rows), key=lambda r: r.prefix)
    plan = Plan(
        "plan.toml",
        avoids=tuple(Avoid(p, None) for p in avoided),
        networks=tuple(Network(f"n{i}", KINDS["vcs-vm"], p) for i, p in enumerate(pinned)),
    )
    items = {("avoided", p) for p in (*avoided, *pinned)}
    # A default that holds the whole pool is left out, unless a platform reserves the same prefix.
    strict = {r.prefix for r in known if r.category.scope == "reserved"}
    items |= {
        (name, r.prefix)
        for r in known
        if (name := field(r))
        and not (r.category.scope == "default" and r.prefix.covers(POOL) and r.prefix not in strict)
    }
    wanted = []
    for number in range(1 << length - POOL.length):
        block = Prefix(4, POOL.first + (number << 32 - length), length)
        names = [name for name, p in items if p.overlaps(block)]
        wanted.append((Score(*(names.count(name) for name in Score._fields)), block))

    advice = advise(plan, Catalog("test", tuple(known), BEFORE_ALL), length, most=most, names="dal10")

    assert [(c.score, c.prefix) for c in advice.candidates] == sorted(wanted)[:most]
    assert advice.blocks == len(wanted)
    assert advice.untouched == sum(score.untouched for score, _ in wanted)
    assert advice.not_listed == max(0, len(wanted) - most)
    for candidate in advice.candidates:
        found = [touch.why for touch in candidate.touches]
        assert Score(*(found.count(name) for name in Score._fields)) == candidate.score  # type: ignore[arg-type]
        assert all(touch.prefix.overlaps(candidate.prefix) for touch in candidate.touches)


def edition(date: str, *cidrs: str, category: str = "ibm-service-network") -> Catalog:
    rows = tuple(row(parse_prefix(cidr), category, "dal10") for cidr in sorted(cidrs))
    return Catalog(date, rows, Edition(date, "test", None, None))


def test_what_came_between_editions_counts_in_the_block_and_its_neighbours(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    older = {
        "2018-11-30": edition("2018-11-30", "10.224.0.0/30"),
        "2024-12-05": edition("2024-12-05", "10.224.0.16/30", "10.224.0.48/30"),
        "2025-10-03": edition("2025-10-03"),
    }
    monkeypatch.setattr("ipplan.cleanest.load_catalog", older.__getitem__)
    now = edition("2025-01-01", "10.224.0.16/29", "10.224.0.48/30")

    found = {str(c.prefix): c for c in advise(Plan("p"), now, 28).candidates}

    # 10.224.0.16/30 came in 2024, the rest of its /29 in 2025, 10.224.0.48/30 in 2024; 10.224.0.0/30 is gone since 2024.
    assert {name: c.score[3:] for name, c in found.items()} == {
        "10.224.0.0/28": (0, 0, 1, 2),
        "10.224.0.16/28": (1, 0, 0, 2),
        "10.224.0.32/28": (0, 0, 0, 3),
        "10.224.0.48/28": (1, 0, 0, 1),
    }
    assert list(found) == ["10.224.0.32/28", "10.224.0.0/28", "10.224.0.48/28", "10.224.0.16/28"]
    assert [(t.why, str(t.prefix), t.edition) for t in found["10.224.0.0/28"].touches] == [
        ("earlier", "10.224.0.0/30", "2018-11-30"),
        ("growth", "10.224.0.16/29", "2025-01-01"),
        ("growth", "10.224.0.16/30", "2024-12-05"),
    ]


def test_growth_inside_of_a_reserved_block_counts() -> None:
    """dal14's 10.203.144.0/20 came in 2025, inside of IBM's services network 10.200.0.0/14."""
    advice = find_cleanest(
        Plan("p"), load_catalog(), [parse_prefix("10.200.0.0/13")], 16, data_centers=(), free=NOTHING, most=8
    )
    new = {str(c.prefix): [str(t.prefix) for t in c.touches if t.edition == "2025-10-03"] for c in advice.candidates}
    assert {name for name, found in new.items() if "10.203.144.0/20" in found} == {
        "10.202.0.0/16",
        "10.203.0.0/16",
        "10.204.0.0/16",
    }
    assert [str(c.prefix) for c in advice.candidates[:3]] == [
        "10.205.0.0/16",
        "10.206.0.0/16",
        "10.204.0.0/16",
    ]


def test_a_table_that_an_edition_begins_is_no_growth(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ipplan.cleanest.load_catalog", lambda date: edition(date, "10.9.0.0/24"))
    now = edition("2024-01-01", "10.224.0.0/28", category="ibm-customer-private")
    assert {c.score.growth for c in advise(Plan("p"), now, 28).candidates} == {0}


def test_pools_that_overlap_count_once_and_those_that_are_too_small_are_passed_over() -> None:
    pools = [parse_prefix(p) for p in ("10.224.0.0/27", "10.224.0.0/26", "10.225.0.0/30", "fd00::/27")]
    advice = advise(Plan("p"), Catalog("test", (), BEFORE_ALL), 28, *pools)
    assert [str(c.prefix) for c in advice.candidates] == [
        "10.224.0.0/28",
        "10.224.0.16/28",
        "10.224.0.32/28",
        "10.224.0.48/28",
        "fd00::/28",
        "fd00:10::/28",
    ]


def test_pools_of_any_size_take_no_time() -> None:
    for pool, length, blocks in (
        ("0.0.0.0/0", 32, 1 << 32),
        ("::/0", 128, 1 << 128),
        ("10.0.0.0/8", 30, 1 << 22),
    ):
        advice = find_cleanest(
            Plan("p"), load_catalog(), [parse_prefix(pool)], length, data_centers=(), free=NOTHING, most=50
        )
        assert (advice.blocks, len(advice.candidates)) == (blocks, 50)


def test_the_one_block_of_ten_that_ibm_does_not_touch_comes_first() -> None:
    advice = find_cleanest(
        Plan("p"),
        load_catalog(),
        [parse_prefix("10.0.0.0/8")],
        12,
        data_centers=("fra02", "wdc04"),
        free=NOTHING,
        most=16,
    )
    # 10.224.0.0/12 is the only one of the sixteen /12 that no published row touches.
    assert [str(c.prefix) for c in advice.candidates if c.score.untouched] == ["10.224.0.0/12"]
    assert str(advice.candidates[0].prefix) == "10.224.0.0/12"
    touching = {str(c.prefix): {t.data_center for t in c.touches if t.why == "named"} for c in advice.candidates}
    assert touching["10.16.0.0/12"] == {"fra02"}
    assert touching["10.64.0.0/12"] == {"wdc04"}
    assert touching["10.48.0.0/12"] == set()
