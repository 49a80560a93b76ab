"""The picture of the address space, read back: labels never touch, every network is named once, any name is safe."""

from __future__ import annotations

import random
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipplan.address_map import survey_plan
from ipplan.addresses import format_address, parse_prefix
from ipplan.allocation import allocate
from ipplan.catalog import Catalog, load_catalog
from ipplan.free import find_free
from ipplan.output.map_svg import render_map_svg
from ipplan.output.svg import text_width
from ipplan.plan.load import parse_plan

if TYPE_CHECKING:
    from ipplan.plan.model import Plan

ROOT = Path(__file__).parent.parent.parent
SAMPLES = sorted((ROOT / "sample-plans").glob("*.toml"))
SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = (
    "<script>alert(1)</script>",
    "]]>",
    ":ab:",
    "[bold]x",
    "a\x1b[31mred",
    "a\u202eb",
    "name & <b>",
    "x" * 300,
    "数据中心的网络",
    "سلام",
    "e" + "\u0301" * 40,
)


class Label(NamedTuple):
    """A text of the picture and the box that it takes at most."""

    words: str
    left: float
    top: float
    right: float
    bottom: float


def labels_of(root: ET.Element) -> list[Label]:
    found: list[Label] = []
    walk(root, 0, found)
    return found


def walk(element: ET.Element, shift: float, found: list[Label]) -> None:
    if move := element.get("transform"):
        match = re.fullmatch(r"translate\(0 ([\d.]+)\)", move)
        assert match is not None
        shift += float(match[1])
    if element.tag == SVG + "text":
        size = float(element.get("font-size", "0"))
        words = element.text or ""
        wide = text_width(words, size, bold="bold" in element.get("class", ""))
        left = float(element.get("x", "0")) - {"end": wide, "middle": wide / 2}.get(element.get("text-anchor", ""), 0)
        base = float(element.get("y", "0")) + shift
        # Ascenders and descenders of all letters reach no further in any of the fonts.
        found.append(Label(words, left, base - 0.77 * size, left + wide, base + 0.24 * size))
        assert size >= 10.67, "text is smaller than 8 points"
    for child in element:
        walk(child, shift, found)


def check_labels(root: ET.Element) -> None:
    """Assert that no text touches another or leaves the picture."""
    _, _, width, height = map(float, root.get("viewBox", "").split())
    rows: dict[int, list[Label]] = {}
    for label in labels_of(root):
        assert label.left >= 0, label
        assert label.top >= 0, label
        assert label.right <= width, label
        assert label.bottom <= height, label
        for row in range(int(label.top // 20), int(label.bottom // 20) + 1):
            rows.setdefault(row, []).append(label)
    for labels in rows.values():
        labels.sort(key=lambda label: label.left)
        for index, one in enumerate(labels):
            for other in labels[index + 1 :]:
                if other.left >= one.right - 0.01:
                    break
                assert one.bottom <= other.top + 0.01 or other.bottom <= one.top + 0.01, (one, other)


def draw(plan: Plan, *of: str, allocated: bool = False) -> ET.Element:
    catalog = load_catalog()
    placed = {}
    if allocated:
        placed = {
            r.network.name: r.prefix for r in allocate(plan, catalog).placements if r.status == "allocated" and r.prefix
        }
    text = render_map_svg(survey_plan(plan, catalog, placed=placed, of=[parse_prefix(p) for p in of]))
    return ET.fromstring(text)


def plan_of(*lines: str) -> Plan:
    return parse_plan("\n".join(["schema = 1", *lines]).encode(), "plan.toml")


def random_plan(seed: int) -> Plan:
    chance = random.Random(seed)
    pools = chance.sample(["10.224.0.0/12", "172.24.0.0/14", "10.0.0.0/8", "fd00:ab::/32"], chance.randrange(4))
    lines = ["[plan]", f"byoip = {pools!r}".replace("'", '"')]
    dense = chance.random() < 0.5
    for number in range(chance.choice([0, 3, 30, 200])):
        around = parse_prefix(chance.choice([*pools, "10.236.0.0/16", "198.51.64.0/20", "192.168.0.0/16"]))
        width = 32 if around.version == 4 else 128
        length = chance.randrange(min(around.length + (10 if dense else 0), width), width + 1)
        offset = chance.randrange(1 << 12) << width - length if dense else chance.randrange(around.size)
        first = around.first + (offset % around.size >> width - length << width - length)
        name = f"n{number:04}" + chance.choice(["", "-of-production", "-" + "m" * 60])
        kind = chance.choice(["vcs-vm", "enterprise", "vcs-vtep", "icp-pod"])
        lines += [
            f"[networks.{name}]",
            f'kind = "{kind}"',
            f'cidr = "{format_address(around.version, first)}/{length}"',
        ]
    return plan_of(*lines)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10_000))
def test_labels_of_strips_never_touch(seed: int) -> None:
    check_labels(draw(random_plan(seed)))


@settings(deadline=None, max_examples=40)
@given(
    st.integers(0, 10_000),
    st.sampled_from(["10.0.0.0/8", "10.224.0.0/13", "0.0.0.0/0", "fd00:ab::/32", "10.236.0.0/30"]),
)
def test_labels_of_curves_never_touch(seed: int, prefix: str) -> None:
    check_labels(draw(random_plan(seed), prefix))


@pytest.mark.parametrize("path", SAMPLES, ids=lambda p: p.stem)
@pytest.mark.parametrize("of", [(), ("10.0.0.0/8", "172.16.0.0/12")], ids=["strips", "curves"])
def test_labels_of_the_samples_never_touch(path: Path, of: tuple[str, ...]) -> None:
    plan = parse_plan(path.read_bytes(), path.name)
    check_labels(draw(plan, *of))
    check_labels(draw(plan, *of, allocated=True))


def plan_of_many(number: int) -> Plan:
    chance = random.Random(number)
    lines = ["[plan]", 'byoip = ["10.224.0.0/12", "172.24.0.0/14"]']
    for index in range(number):
        length = chance.choice([24, 26, 28, 29, 32])
        first = (10 << 24 | 224 << 16) + (chance.randrange(1 << 20) >> 32 - length << 32 - length)
        lines += [
            f"[networks.n{index:05}]",
            'kind = "vcs-vm"',
            f'cidr = "{format_address(4, first)}/{length}"',
        ]
    return plan_of(*lines)


def named(root: ET.Element, name: str) -> int:
    """Return how often a network is named, inside its shape or in the key."""
    return sum(label.words in (name, f"! {name}") for label in labels_of(root))


@pytest.mark.parametrize("of", [(), ("10.0.0.0/8",)], ids=["strips", "curve"])
def test_each_of_2000_networks_is_named_exactly_once(of: tuple[str, ...]) -> None:
    root = draw(plan_of_many(2000), *of)
    check_labels(root)
    counts: dict[str, int] = {}
    for label in labels_of(root):
        word = label.words.removeprefix("! ")
        counts[word] = counts.get(word, 0) + 1
    assert {counts.get(f"n{index:05}") for index in range(2000)} == {1}


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10_000), st.sampled_from([(), ("10.0.0.0/8",)]))
def test_every_network_of_a_space_is_named_once_and_every_number_is_in_the_picture(
    seed: int, of: tuple[str, ...]
) -> None:
    chance = random.Random(seed)
    lines = ["[plan]", 'byoip = ["10.224.0.0/12"]']
    names = [f"n{number:02}" for number in range(chance.randrange(1, 40))]
    for name in names:
        length = chance.randrange(13, 33)
        first = (10 << 24 | 224 << 16) + (chance.randrange(1 << 20) >> 32 - length << 32 - length)
        lines += [f"[networks.{name}]", 'kind = "vcs-vm"', f'cidr = "{format_address(4, first)}/{length}"']
    root = draw(plan_of(*lines), *of)
    assert [named(root, name) for name in names] == [1] * len(names)
    words = [label.words for label in labels_of(root)]
    keyed = sum(1 for g in root.iter(SVG + "g") if g.get("class") == "map-key")
    shown: set[int] = set()
    for word in words:
        if match := re.fullmatch(r"(?:! )?(\d+)(?:–(\d+))?", word):
            shown.update(range(int(match[1]), int(match[2] or match[1]) + 1))
    assert shown == set(range(1, keyed + 1))


def test_free_space_is_what_ipplan_free_prints() -> None:
    for path in SAMPLES:
        plan = parse_plan(path.read_bytes(), path.name)
        words = " ".join(label.words for label in labels_of(draw(plan)))
        for pool in find_free(plan, load_catalog()).pools:
            report = pool.report
            if report.prefix.version == 4:
                assert f"free: {report.free:,} of {report.prefix.size:,}" in words
            if report.largest_free is not None:
                assert f"largest {report.largest_free}" in words


def test_every_published_range_of_the_prefix_is_in_the_picture() -> None:
    root = draw(plan_of(), "10.0.0.0/8")
    words = {word for label in labels_of(root) for word in label.words.split(", ") for word in [word.rstrip(",")]}
    tips = "\n".join(title.text or "" for title in root.iter(SVG + "title"))
    rows = [r for r in load_catalog().overlapping(parse_prefix("10.0.0.0/8")) if Catalog.avoids(r)]
    assert len(rows) > 400
    for row in rows:
        assert str(row.prefix) in words
        if row.prefix.length <= 26:
            assert f"{row.prefix} {row.title}" in tips
    for center in {row.data_center for row in rows if row.data_center}:
        assert any(label.words.startswith(center) for label in labels_of(root))


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
@pytest.mark.parametrize("of", [(), ("172.24.0.0/14",)], ids=["strips", "curve"])
def test_any_name_is_safe_and_whole_in_a_tooltip(name: str, of: tuple[str, ...]) -> None:
    import json

    from ipplan.output.text import escape

    quoted = json.dumps(name, ensure_ascii=True) if name.isprintable() else json.dumps(name)
    plan = plan_of(
        "[plan]",
        f"name = {quoted}",
        'byoip = ["172.24.0.0/14"]',
        f"[networks.{quoted}]",
        'kind = "vcs-vm"',
        'cidr = "172.24.0.0/16"',
        "[networks.small]",
        'kind = "vcs-vm"',
        'cidr = "172.25.0.0/30"',
    )
    root = draw(plan, *of)
    check_labels(root)
    tips = [title.text or "" for title in root.iter(SVG + "title")]
    assert any(escape(name) in tip for tip in tips)
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {
        "svg",
        "title",
        "desc",
        "style",
        "rect",
        "path",
        "g",
        "text",
        "circle",
    }


def test_the_picture_has_words_for_those_who_cannot_see_it_and_needs_nothing_else() -> None:
    plan = parse_plan(SAMPLES[0].read_bytes(), SAMPLES[0].name)
    text = render_map_svg(survey_plan(plan, load_catalog()))
    root = ET.fromstring(text)
    assert root.get("role") == "img"
    ids = {element.get("id") for element in root.iter() if element.get("id")}
    assert set(root.get("aria-labelledby", "").split()) <= ids
    description = root.find(SVG + "desc")
    assert description is not None
    assert "pool" in (description.text or "")
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")
    assert "@import" not in text
    assert "script" not in text
    assert "prefers-color-scheme:dark" in text


def test_two_pictures_stand_in_one_page() -> None:
    plan = parse_plan(SAMPLES[0].read_bytes(), SAMPLES[0].name)
    one, other = (render_map_svg(survey_plan(plan, load_catalog()), prefix=prefix) for prefix in ("a-", "b-"))
    for text, prefix in ((one, "a-"), (other, "b-")):
        root = ET.fromstring(text)
        assert all(e.get("id", prefix).startswith(prefix) for e in root.iter())
        assert all(c.startswith(prefix) for e in root.iter() for c in e.get("class", "").split())
        styles = " ".join(style.text or "" for style in root.iter(SVG + "style"))
        assert all(rule.startswith(prefix) for rule in re.findall(r"\.([a-zA-Z][\w-]*)", styles))
        assert "url(" not in text


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ((), "nothing to draw: no selected network has a range or a pool"),
        (
            ('[networks.vm]\nkind = "vcs-vm"\nprefix = 24',),
            "nothing to draw: no selected network has a range or a pool",
        ),
        (('[networks.vm]\nkind = "vcs-vm"\ncidr = "198.51.64.0/24"',), "around networks in no published range"),
        (
            ('[plan]\nbyoip = ["10.224.0.0/12"]\n[networks.vm]\nkind = "vcs-vm"\nprefix = 24',),
            "free: 1,048,576 of 1,048,576, largest 10.224.0.0/12",
        ),
        (
            ('[plan]\nbyoip = ["10.224.0.0/12"]\n[networks.vm]\nkind = "vcs-vm"\nprefix = 24',),
            "0 networks, IBM Cloud ranges of 2025-10-03; 1 network has no range and is not drawn",
        ),
    ],
)
def test_plans_that_have_little(lines: tuple[str, ...], words: str) -> None:
    root = draw(plan_of(*lines))
    check_labels(root)
    assert words in [label.words for label in labels_of(root)]


def test_what_is_not_pinned_yet_is_dashed() -> None:
    plan = plan_of('[plan]\nbyoip = ["10.224.0.0/12"]\n[networks.vm]\nkind = "vcs-vm"\nprefix = 13')
    shapes = [e for e in draw(plan, allocated=True).iter(SVG + "rect") if "map-dashed" in e.get("class", "")]
    assert [(e.find(SVG + "title") is not None, e.get("width")) for e in shapes] == [
        (False, "24"),
        (True, "448"),
    ]


def test_a_small_change_moves_little() -> None:
    lines = ["[plan]", 'byoip = ["10.224.0.0/12"]']
    for number in range(40):
        lines += [
            f"[networks.n{number:02}]",
            'kind = "vcs-vm"',
            f'cidr = "10.{224 + number % 16}.{number}.0/24"',
        ]
    more = [*lines, "[networks.one-more]", 'kind = "vcs-vm"', 'cidr = "10.239.200.0/24"']
    before, after = (
        set(render_map_svg(survey_plan(plan_of(*ls), load_catalog())).splitlines()) for ls in (lines, more)
    )
    assert len(after - before) < len(after) / 4


def test_the_size_has_a_limit_and_the_key_an_end() -> None:
    text = render_map_svg(survey_plan(plan_of_many(6000), load_catalog()))
    assert len(text) < 3_000_000
    assert "further networks, numbers 3,001 to" in text


def test_same_plan_same_bytes_whatever_the_hash_seed() -> None:
    pictures = {
        subprocess.run(
            [sys.executable, "-m", "ipplan", "map", "sample-plans/three-sites.toml", *extra],
            cwd=ROOT,
            env={"PYTHONHASHSEED": str(seed), "PYTHONPATH": str(ROOT)},
            check=True,
            capture_output=True,
        ).stdout
        for seed in range(3)
        for extra in (("--allocated",),)
    }
    assert len(pictures) == 1
