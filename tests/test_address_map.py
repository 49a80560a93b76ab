"""The geometry of pictures: to scale, complete, and in accord with `ipplan free`; against fractions and brute force."""

from __future__ import annotations

import itertools
import random
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipplan.address_map import AddressMap, Surveyed, survey_plan
from ipplan.address_map.hilbert import Box, Curve, cells
from ipplan.address_map.strips import MINIMUM, MOST_ZOOMED, Strip, lay_out
from ipplan.addresses import Prefix, format_address, parse_prefix
from ipplan.catalog import load_catalog
from ipplan.free import find_free
from ipplan.plan.load import parse_plan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ipplan.plan.model import Plan

KINDS = ("vcs-vm", "vcs-transit", "enterprise", "vcs-vtep", "icp-pod")
POOLS = ("10.224.0.0/12", "172.24.0.0/14", "10.0.0.0/8", "192.168.0.0/24", "fd00:ab::/32", "fd00:ab:1::/127")


def random_plan(seed: int, most: int = 60) -> Plan:
    """Return a plan of networks of all sizes, some of which overlap, grow, form groups or lie in no pool."""
    chance = random.Random(seed)
    pools = chance.sample(POOLS, chance.randrange(4))
    lines = ["schema = 1", "[plan]", f"byoip = {pools!r}".replace("'", '"')]
    for number in range(chance.randrange(3)):
        lines += ["[[avoid]]", f'cidr = "10.{224 + number}.{chance.randrange(256)}.0/24"']
    for number in range(chance.randrange(most)):
        around = parse_prefix(chance.choice([*pools, "10.236.0.0/16", "198.51.64.0/20"]))
        width = 32 if around.version == 4 else 128
        length = chance.randrange(around.length, width + 1)
        first = around.first + (chance.randrange(around.size) >> width - length << width - length)
        cidr = f"{format_address(around.version, first)}/{length}"
        lines += [f"[networks.n{number:04}]", f'kind = "{chance.choice(KINDS)}"', f'cidr = "{cidr}"']
        if chance.random() < 0.3 and length > around.length + 1:
            lines.append(f"grow-to = {length - 1}")
        if chance.random() < 0.2:
            lines.append('group = "g"')
    return parse_plan("\n".join(lines).encode(), "plan.toml")


def survey(plan: Plan, *of: str) -> AddressMap:
    return survey_plan(plan, load_catalog(), of=[parse_prefix(text) for text in of])


def strips_of(strip: Strip) -> Iterator[Strip]:
    yield strip
    for window in strip.windows:
        yield from strips_of(window)


seeds = st.integers(0, 10_000)


@settings(deadline=None, max_examples=60)
@given(seeds)
def test_parts_tile_a_space_and_each_network_has_one_home(seed: int) -> None:
    for surveyed in survey(random_plan(seed)).spaces:
        prefix = surveyed.space.prefix
        at = prefix.first
        for part in surveyed.parts:
            assert part.first == at
            at = part.last + 1
        assert at == prefix.last + 1
        homes = [network.name for part in surveyed.parts for network in part.homes]
        assert sorted(homes) == sorted(network.name for network in surveyed.networks)


@settings(deadline=None, max_examples=60)
@given(seeds)
def test_free_is_what_ipplan_free_counts(seed: int) -> None:
    plan = random_plan(seed)
    found = find_free(plan, load_catalog())
    counted = {pool.report.prefix: pool.report for pool in found.pools}
    pools = [s for s in survey(plan).spaces if s.space.kind == "pool"]
    assert {s.space.prefix for s in pools} == set(counted)
    for surveyed in pools:
        report = counted[surveyed.space.prefix]
        assert surveyed.sizes().get("free", 0) == report.free
        assert surveyed.largest_free() == report.largest_free
    ours = sum(s.sizes().get("free", 0) for s in survey(plan, "0.0.0.0/0", "::/0").curves)
    assert ours == sum(total.free for total in found.totals)


@settings(deadline=None, max_examples=60)
@given(seeds, st.sampled_from([896, 436]))
def test_strips_are_to_scale_and_complete(seed: int, width: int) -> None:
    for surveyed in survey(random_plan(seed)).spaces:
        strips = list(strips_of(lay_out(surveyed, width)))
        assert len(strips) <= 1 + MOST_ZOOMED
        named = []
        for strip in strips:
            size = strip.prefix.size
            assert (strip.shapes[0].first, strip.shapes[-1].last) == (strip.prefix.first, strip.prefix.last)
            for shape in strip.shapes:
                exact = Fraction(shape.last + 1 - shape.first, size) * Fraction(strip.width)
                assert shape.width == pytest.approx(max(float(exact), MINIMUM), abs=1e-6)
                start = float(Fraction(shape.first - strip.prefix.first, size) * Fraction(strip.width))
                assert shape.x == pytest.approx(min(start, strip.width - shape.width), abs=1e-6)
                assert 0 <= shape.x <= shape.x + shape.width <= strip.width + 1e-6
                named += [n.name for n in shape.homes if n.name not in strip.elsewhere]
            for window in strip.windows:
                assert strip.prefix.covers(window.prefix)
                assert window.prefix.size * 4 <= size
        assert sorted(named) == sorted(network.name for network in surveyed.networks)


def test_a_strip_has_a_limited_number_of_shapes() -> None:
    lines = ['schema = 1\n[plan]\nbyoip = ["10.224.0.0/12"]']
    lines += [f'[networks.n{i}]\nkind = "vcs-vm"\ncidr = "10.{224 + i // 256}.{i % 256}.0/26"' for i in range(4000)]
    (surveyed,) = survey(parse_plan("\n".join(lines).encode(), "plan.toml")).spaces
    for strip in strips_of(lay_out(surveyed, 896)):
        assert len(strip.shapes) <= strip.width / MINIMUM + 2


def test_an_overlap_shows_however_small_it_is() -> None:
    text = """schema = 1
[plan]
byoip = ["10.224.0.0/12"]
[networks.a]
kind = "vcs-vm"
cidr = "10.225.0.0/24"
[networks.b]
kind = "vcs-vm"
cidr = "10.225.0.7/32"
"""
    (surveyed,) = survey(parse_plan(text.encode(), "plan.toml")).spaces
    strip = lay_out(surveyed, 896)
    assert [shape.width for shape in strip.shapes if shape.use == "overlap"] == [MINIMUM]


def test_a_pool_inside_another_space_is_drawn_once() -> None:
    text = """schema = 1
[plan]
byoip = ["172.24.0.0/14"]
[networks.web]
kind = "vcs-vm"
cidr = "172.24.1.0/24"
[clusters.iks]
platform = "iks"
"""
    surveyed = {str(s.space.prefix): s for s in survey(parse_plan(text.encode(), "plan.toml")).spaces}
    assert [p.use for p in surveyed["172.24.0.0/13"].parts] == ["pool", "outside", "network", "outside"]
    assert "web" not in {n.name for n in surveyed["172.24.0.0/13"].networks}
    assert "web" in {n.name for n in surveyed["172.24.0.0/14"].networks}


@pytest.mark.parametrize("text", ["10.0.0.0/8", "10.128.0.0/9", "10.0.0.0/30", "10.0.0.1/32", "fd00::/8", "fd00::/121"])
def test_areas_on_the_curve_are_exactly_in_proportion(text: str) -> None:
    whole = parse_prefix(text)
    curve = Curve(whole, 704)
    chance = random.Random(text)
    width = 32 if whole.version == 4 else 128
    for _ in range(200):
        length = chance.randrange(whole.length, min(curve.deepest, width) + 1)
        prefix = Prefix(
            whole.version,
            whole.first + (chance.randrange(whole.size) >> width - length << width - length),
            length,
        )
        box = curve.box(prefix)
        area = Fraction(box.width) * Fraction(box.height)
        assert area * whole.size == Fraction(curve.side) * Fraction(curve.height) * prefix.size
        assert inside(box, Box(0, 0, curve.side, curve.height))
        if prefix.length > whole.length:
            assert inside(box, curve.box(prefix.supernet(length - 1)))
        assert box.width in (box.height, 2 * box.height, box.height / 2)


def inside(box: Box, around: Box) -> bool:
    return (
        around.x <= box.x
        and around.y <= box.y
        and box.x + box.width <= around.x + around.width
        and box.y + box.height <= around.y + around.height
    )


@pytest.mark.parametrize("text", ["10.0.0.0/8", "10.128.0.0/9", "fd00::/32"])
def test_the_curve_visits_each_square_once_and_never_jumps(text: str) -> None:
    curve = Curve(parse_prefix(text), 704)
    for level in range(1, 6):
        points = list(curve.path(level))
        step = 704 / (1 << level)
        assert len(set(points)) == len(points) == (curve.side * curve.height) / step**2
        assert {abs(a - c) + abs(b - d) for (a, b), (c, d) in itertools.pairwise(points)} == {step}
    assert points[0] == (step / 2, step / 2)


def test_corners_are_the_squares_at_the_corners() -> None:
    curve = Curve(parse_prefix("10.0.0.0/8"), 704)
    boxes = [curve.box(corner) for corner in curve.corners()]
    end = 704 - boxes[0].width
    assert [(box.x, box.y) for box in boxes] == [(0, 0), (end, 0), (end, end), (0, end)]


@settings(deadline=None, max_examples=40)
@given(seeds)
def test_every_square_of_the_curve_goes_to_one_part(seed: int) -> None:
    for surveyed in survey(random_plan(seed), "10.0.0.0/8", "fd00:ab::/32").curves:
        curve = Curve(surveyed.space.prefix, 704, 10)
        spans = [s for s in cells(curve, [(p.first, p.last) for p in surveyed.parts]) if s[0] <= s[1]]
        at = surveyed.space.prefix.first
        for first, last in spans:
            assert first == at
            at = last + 1
        assert at == surveyed.space.prefix.last + 1
        area = sum(b.width * b.height for first, last in spans for b in curve.boxes(first, last))
        assert area == pytest.approx(curve.side * curve.height)


def test_surveyed_without_free_space_has_no_largest_block() -> None:
    surveyed = survey(parse_plan(b"schema = 1\n", "plan.toml"), "10.0.0.0/8").curves[0]
    assert isinstance(surveyed, Surveyed)
    assert surveyed.largest_free() is None
