"""The diagram of a landscape: nothing overlaps, everything is there by its name, and a small change moves little."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from itertools import combinations, pairwise
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest

from ipplan.allocation import allocate
from ipplan.catalog import load_catalog
from ipplan.flows import FLOWS, FlowError, Trace, trace_flow
from ipplan.landscape import Landscape
from ipplan.landscape.bundles import list_bundles
from ipplan.output.diagram import render_landscape_svg
from ipplan.output.diagram.content import gather
from ipplan.output.diagram.layout import lay_out
from ipplan.output.diagram.paths import follow
from ipplan.output.diagram.shapes import Drawing, Rect
from ipplan.output.svg import SMALL, text_width
from ipplan.output.text import escape
from ipplan.plan.load import parse_plan

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    from ipplan.output.diagram.shapes import Label

sys.path.append(str(Path(__file__).parent.parent / "landscape"))

from random_plans import draft_plan

ROOT = Path(__file__).parent.parent.parent
SVG = "{http://www.w3.org/2000/svg}"
SAMPLES = sorted((ROOT / "sample-plans").glob("*.toml"))


CENTERS = sorted(
    {c for r in load_catalog().reservations if (c := r.data_center) and re.fullmatch("[a-z]{3}[0-9]{2}", c)}
)


def large(edges: int, iks: int, icp: int, *, written: bool = False, data_centers: int = 3) -> str:
    """Return a plan of that many edges and clusters, each joined with every edge or by a link of its own."""
    lines = ["schema = 1", "[plan]", 'name = "large"', 'byoip = ["10.224.0.0/12", "172.24.0.0/14"]']
    if not written:
        lines += ["[integration]", 'iks-vcs = "strongswan"', 'icp-vcs = "nat"', 'enterprise = "routed"']
    for n in range(edges):
        lines += [f"[edges.edge-{n}]", f'data-center = "{CENTERS[n % data_centers]}"']
        lines += [f"[networks.vm-{n}]", 'kind = "vcs-vm"', f'edge = "edge-{n}"', f'cidr = "172.24.{n}.0/24"']
        lines += [
            f"[networks.transit-{n}]",
            'kind = "vcs-transit"',
            f'edge = "edge-{n}"',
            f'cidr = "172.25.{n}.0/29"',
        ]
    for n in range(iks):
        lines += [f"[clusters.iks-{n}]", 'platform = "iks"', f'data-center = "{CENTERS[n % data_centers]}"']
        lines += [
            f"[networks.pods-{n}]",
            'kind = "iks-pod"',
            f'cluster = "iks-{n}"',
            f'cidr = "172.26.{n}.0/24"',
        ]
        if written:
            lines += ["[[link]]", f'between = ["iks-{n}", "edge-{n % edges}"]', 'method = "strongswan"']
    for n in range(icp):
        lines += [f"[clusters.icp-{n}]", 'platform = "icp"', f'edge = "edge-{n % edges}"']
        lines += [
            f"[networks.nodes-{n}]",
            'kind = "icp-worker"',
            f'cluster = "icp-{n}"',
            f'cidr = "172.27.{n}.0/26"',
        ]
    return "\n".join(lines) + "\n"


SIX = """\
schema = 1
[plan]
name = "six"
[integration]
icp-vcs = "nat"
iks-vcs = "common-vlan"
enterprise = "routed"
[networks.a-network-with-a-rather-long-name-of-its-own]
kind = "vcs-vm"
cidr = "fd12:3456:789a:bcde:f012:3456:789a:bc00/120"
[networks.transit]
kind = "vcs-transit"
cidr = "fd12:3456:789a:bcde:f012:3456:789a:bd00/125"
[networks.workers]
kind = "iks-worker-private"
cidr = "2607:f0d0:1234:5678:9abc:def0:1234:5600/120"
[networks.nodes]
kind = "icp-worker"
cidr = "fd12:3456:789a:bcde:f012:3456:789a:be00/120"
[networks.office]
kind = "enterprise"
cidr = "fd99:3456:789a:bcde:f012:3456:789a:be00/120"
"""
EMPTY = 'schema = 1\n[plan]\nname = "empty"\n'
NO_EDGES = (
    EMPTY + '[clusters.only]\nplatform = "iks"\n[networks.office]\nkind = "enterprise"\ncidr = "192.168.0.0/24"\n'
)
NO_CLUSTERS = EMPTY + '[networks.vm]\nkind = "vcs-vm"\ncidr = "172.24.0.0/24"\n'
LOST = EMPTY + (
    "[edges.one]\n[edges.two]\n[sites.one-site]\n[sites.two-site]\n"
    '[networks.vm]\nkind = "vcs-vm"\ncidr = "172.24.0.0/24"\n'
    '[networks.office]\nkind = "enterprise"\ncidr = "192.168.0.0/24"\n'
    '[clusters.icp]\nplatform = "icp"\n[networks.nodes]\nkind = "icp-worker"\ncluster = "icp"\ncidr = "172.24.1.0/24"\n'
)
NAMES = (
    "<script>alert(1)</script>",
    "]]>",
    "\\u001b[31mred",
    "a\\u202eb",
    "x" * 300,
    "&amp;",
    "\\u0627\\u0628",
    "名前" * 20,
)
HOSTILE = EMPTY.replace("empty", NAMES[0]) + "".join(
    f'[edges."edge {name}"]\ndata-center = "{CENTERS[n]}"\n[clusters."iks {name}"]\nplatform = "iks"\ndata-center = "{CENTERS[n]}"\n'
    f'[sites."site {name}"]\n[networks."net {name}"]\nkind = "vcs-vm"\nedge = "edge {name}"\ncidr = "172.24.{n}.0/24"\n'
    f'[[link]]\nbetween = ["iks {name}", "edge {name}"]\nmethod = "strongswan"\n'
    for n, name in enumerate(NAMES)
)

MESH = large(12, 0, 0, written=True) + "".join(
    f'[[link]]\nbetween = ["edge-{a}", "edge-{b}"]\nmethod = "ipsec"\n' for a, b in combinations(range(12), 2)
)
MANY_SITES = large(3, 2, 2, written=True) + "".join(
    f'[sites.site-{n}]\n[networks.office-{n}]\nkind = "enterprise"\nsite = "site-{n}"\ncidr = "192.168.{n}.0/24"\n'
    + "".join(
        f'[[link]]\nbetween = ["site-{n}", "{far}"]\nmethod = "{method}"\n'
        for far, method in (
            ("ibm-private", "routed"),
            (f"edge-{n % 3}", "l2-extension"),
            (f"edge-{n % 3}", "gre"),
        )
    )
    for n in range(20)
)

TEXTS: dict[str, str] = {
    **{path.stem: path.read_text(encoding="utf-8") for path in SAMPLES},
    "3 edges, 10 clusters": large(3, 6, 4),
    "3 edges, 10 clusters, links": large(3, 6, 4, written=True),
    "40 clusters": large(3, 25, 15),
    "40 clusters, links": large(3, 25, 15, written=True),
    "40 clusters, one edge": large(1, 20, 20, written=True),
    "40 edges": large(40, 40, 40, data_centers=20),
    "IPv6": SIX,
    "empty": EMPTY,
    "no edges": NO_EDGES,
    "no clusters": NO_CLUSTERS,
    "nowhere": LOST,
    "hostile": HOSTILE,
    "mesh": MESH,
    "20 sites": MANY_SITES,
}
TEXTS |= {
    f"random {seed}": draft_plan(Random(seed), named=seed % 3 == 0, disjoint=seed % 2 == 0).text() for seed in range(60)
}


def landscape_of(text: str) -> Landscape:
    """Return the landscape of a plan with what allocate places, as the command draws it."""
    plan, catalog = parse_plan(text.encode(), "plan.toml"), load_catalog()
    allocation = allocate(plan, catalog)
    placed = {row.network.name: row.prefix for row in allocation.placements if row.status == "allocated"}
    if allocation.ok:
        networks = tuple(
            n._replace(prefix=placed[n.name], length=None, hosts=None) if n.name in placed else n for n in plan.networks
        )
        plan = replace(plan, networks=networks)
    return Landscape(plan.in_service, catalog)


def drawing_of(text: str) -> Drawing:
    return lay_out(gather(landscape_of(text)))


def traces_of(landscape: Landscape) -> Iterator[Trace]:
    """Yield the documented flows that the plan has."""
    for flow in FLOWS:
        try:
            yield trace_flow(landscape, flow)
        except FlowError:
            continue


def apart(one: Rect, other: Rect) -> bool:
    return one.right <= other.x or other.right <= one.x or one.bottom <= other.y or other.bottom <= one.y


def rects(drawing: Drawing) -> dict[str, Rect]:
    """Return what every place covers."""
    boxes = {box.place: box.rect for box in drawing.boxes}
    return boxes | {bar.place: bar.rect for bar in drawing.bars}


def within(one: Rect, other: Rect) -> bool:
    across = other.x <= one.x and one.right <= other.right
    return across and other.y <= one.y and one.bottom <= other.bottom


def extent(x: float, baseline: float, text: str, size: float, *, bold: bool) -> Rect:
    """Return what a line of text covers: from its capitals to its descenders."""
    return Rect(x, baseline - 0.75 * size, text_width(text, size, bold=bold), 0.95 * size)


def covers(label: Label, bars: Container[str]) -> Rect:
    size = 12 if label.bold and label.of not in bars else SMALL
    return extent(label.x, label.y, label.text, size, bold=label.bold)


def texts_in(svg: str) -> list[tuple[Rect, str]]:
    """Return every text of a picture with what it covers."""
    found = []
    for element in ElementTree.fromstring(svg).iter(f"{SVG}text"):
        bold = bool(re.search(r"\b(bold|hop)\b", element.get("class", "")))
        size = float(element.attrib["font-size"])
        text = element.text or ""
        found.append((extent(float(element.attrib["x"]), float(element.attrib["y"]), text, size, bold=bold), text))
    return found


@pytest.mark.parametrize("name", TEXTS)
def test_no_two_texts_overlap_and_none_leaves_the_picture(name: str) -> None:
    landscape = landscape_of(TEXTS[name])
    for trace in (None, *traces_of(landscape)):
        svg = render_landscape_svg(landscape, trace)
        *_, width, height = map(float, ElementTree.fromstring(svg).attrib["viewBox"].split())
        texts = texts_in(svg)
        for rect, text in texts:
            assert within(rect, Rect(0, 0, width, height)), text
        for (one, first), (other, second) in combinations(texts, 2):
            assert apart(one, other), (first, second, trace and trace.flow)


@pytest.mark.parametrize("name", TEXTS)
def test_boxes_and_bars_stand_apart_and_hold_their_labels(name: str) -> None:
    drawing = drawing_of(TEXTS[name])
    things = rects(drawing)
    assert len(things) == len(drawing.boxes) + len(drawing.bars)
    whole = Rect(0, 0, drawing.width, drawing.height)
    for (one, first), (other, second) in combinations(things.items(), 2):
        assert apart(first, second), (one, other)
    for rect in (*things.values(), *drawing.frames):
        assert within(rect, whole)
    assert all(apart(one, other) for one, other in combinations(drawing.frames, 2))
    bars = {bar.place for bar in drawing.bars}
    for label in drawing.labels:
        rect = covers(label, bars)
        assert rect.width <= label.room
        own = things.get(label.of)
        for place, box in things.items():
            if own is not box:
                assert apart(rect, box), (label.text, place)
        if own is not None:
            assert within(rect, own)


def strokes(drawing: Drawing) -> Iterator[tuple[str, tuple[float, float], tuple[float, float]]]:
    for wire in drawing.wires:
        for one, other in pairwise(wire.points):
            yield wire.key, one, other
    for line in drawing.lines:
        yield line.key, (line.left, line.y), (line.right, line.y)
        for tap in line.taps:
            yield line.key, (tap.x, line.y), (tap.x, tap.y)


@pytest.mark.parametrize("name", TEXTS)
def test_lines_end_at_boxes_and_bars_cross_no_label_and_no_other_box(name: str) -> None:
    drawing = drawing_of(TEXTS[name])
    things = rects(drawing)

    def at(place: str, x: float, y: float) -> bool:
        rect = things[place]
        across = x in (rect.x, rect.right) and rect.y <= y <= rect.bottom
        return across or (y in (rect.y, rect.bottom) and rect.x <= x <= rect.right)

    for wire in drawing.wires:
        assert at(wire.first, *wire.points[0]), wire
        assert at(wire.second, *wire.points[-1]), wire
    for line in drawing.lines:
        assert len(line.taps) > 1
        for tap in line.taps:
            assert at(tap.place, tap.x, tap.y), line
    boxes = [box.rect for box in drawing.boxes]
    bars = {bar.place for bar in drawing.bars}
    labels = [(covers(label, bars), label.text) for label in drawing.labels]
    upright: set[tuple[float, float, float]] = set()
    for key, (x, y), (to_x, to_y) in strokes(drawing):
        stroke = Rect(min(x, to_x), min(y, to_y), abs(to_x - x), abs(to_y - y))
        assert stroke.width == 0 or stroke.height == 0
        for box in boxes:
            assert apart(stroke, box), key
        for rect, text in labels:
            assert apart(stroke, rect), (key, text)
        if x == to_x:
            assert (x, y, to_y) not in upright
            upright.add((x, y, to_y))


@pytest.mark.parametrize("name", [name for name in TEXTS if name != "hostile"])
def test_everything_is_there_by_its_name(name: str) -> None:
    landscape = landscape_of(TEXTS[name])
    svg = render_landscape_svg(landscape)
    words = "\n".join(element.text or "" for element in ElementTree.fromstring(svg).iter())
    hints = {
        line for element in ElementTree.fromstring(svg).iter(f"{SVG}title") for line in (element.text or "").split("\n")
    }
    for end in (*landscape.ends.sites, *landscape.ends.edges, *landscape.ends.clusters):
        assert end.title in hints, end
    for network in landscape.ends.networks:
        assert any(line.startswith(f"{network.name}: {network.prefix or 'to be ordered'}, ") for line in hints)
    for bundle in list_bundles(landscape.ends):
        assert (bundle.method or "undecided") in words
        for first in bundle.first if bundle.link is not None else ():
            start = f"{first.title} – {bundle.second[0].title}, {bundle.title}"
            assert any(line.startswith(start) for line in hints), start


@pytest.mark.parametrize("name", ["reference-architecture", "two-clusters", "three-sites", "3 edges, 10 clusters"])
def test_what_is_not_folded_is_readable_without_hints(name: str) -> None:
    landscape = landscape_of(TEXTS[name])
    shown = " ".join(text for _, text in texts_in(render_landscape_svg(landscape)))
    for network in landscape.ends.networks:
        if network.prefix is not None:
            assert str(network.prefix) in shown
        assert network.name in shown
    for end in (*landscape.ends.edges, *landscape.ends.clusters):
        assert end.name is None or end.name in shown


def test_many_clusters_stay_bounded() -> None:
    assert drawing_of(TEXTS["40 clusters"]).width < 2600
    assert drawing_of(TEXTS["40 edges"]).width < 6400
    few, many = (drawing_of(large(3, n, n, written=True)) for n in (25, 250))
    assert many.width <= few.width + 40
    assert many.height <= few.height + 400
    assert len(many.boxes) <= len(few.boxes)


@pytest.mark.parametrize("seed", range(12))
def test_the_order_of_the_file_moves_nothing(seed: int) -> None:
    draft = draft_plan(Random(seed), named=True, disjoint=True)
    shuffled = draft.shuffled(Random(seed))
    assert places(draft.text()) == places(shuffled.text())
    one, other = (
        sorted(text for _, text in texts_in(render_landscape_svg(landscape_of(plan.text()))))
        for plan in (draft, shuffled)
    )
    assert one == other


def places(text: str) -> dict[str, Rect]:
    return {box.place: box.rect for box in drawing_of(text).boxes}


NEW = {
    "VM": ('kind = "vcs-vm"\nedge = "dallas"\ncidr = "10.227.0.0/24"', "edge:dallas"),
    "management": ('kind = "vcs-vsan"\nedge = "washington"\ncidr = "10.148.96.128/26"', "iks:erp"),
    "on premises": ('kind = "enterprise"\nsite = "branch"\ncidr = "192.168.100.0/24"', "site:site branch"),
}


@pytest.mark.parametrize(("network", "column"), NEW.values(), ids=NEW)
def test_a_new_network_moves_no_box_of_another_column(network: str, column: str) -> None:
    text = TEXTS["three-sites"]
    before = places(text)
    after = places(f"{text}\n[networks.a-new-one]\n{network}\n")
    assert before.keys() == after.keys()
    changed = {place for place, rect in after.items() if rect != before[place]}
    assert changed == {f"lower {column}"}


def test_a_new_uplink_moves_nothing_sideways_and_by_whole_steps_down() -> None:
    text = TEXTS["three-sites"]
    before = places(text)
    cidr = 'kind = "iks-worker-private"\ncluster = "shop"\ncidr = "10.171.{}.128/26"\n'
    moved = []
    for count in range(1, 5):
        text += f"[networks.w{count}]\n" + cidr.format(50 + count)
        after = places(text)
        assert {place: (r.x, r.width, r.height) for place, r in after.items()} == {
            place: (r.x, r.width, r.height) for place, r in before.items()
        }
        moved.append({after[place].y - before[place].y for place in after})
    assert all(steps <= {0.0, 28.0, 56.0} for steps in moved)


def test_a_new_edge_moves_nothing_to_the_left_of_its_lane() -> None:
    text = TEXTS["three-sites"]
    before = places(text)
    after = places(text + '[edges.zurich]\ndata-center = "zzz01"\n')
    assert {place: rect.x for place, rect in after.items() if place in before} == {
        place: rect.x for place, rect in before.items()
    }


@pytest.mark.parametrize("name", ["reference-architecture", "two-clusters", "three-sites", "hostile", "40 edges"])
def test_nothing_moves_when_a_flow_is_shown(name: str) -> None:
    landscape = landscape_of(TEXTS[name])
    plain = {text for _, text in texts_in(render_landscape_svg(landscape))}
    for trace in traces_of(landscape):
        svg = render_landscape_svg(landscape, trace)
        assert plain <= {text for _, text in texts_in(svg)}


PLACES_OF = {
    "A": ["internet", "fcr", "device iks:iks-prod"],
    "B": ["internet", "fcr", "device edge:", "lower icp:icp-prod"],
    "C": ["device iks:iks-prod", "device edge:", "dlr edge:", "lower edge:"],
    "D": ["lower icp:icp-prod", "device edge:", "dlr edge:", "lower edge:"],
    "E": [
        "lower site:site enterprise",
        "device site:site enterprise",
        "device concentrator:site enterprise",
        "overlay edge:",
        "lower edge:",
    ],
}


LINKS_OF = {"C": {"iks-edge|strongswan"}, "E": {"site-edge|l2-extension"}}


@pytest.mark.parametrize("letter", PLACES_OF)
def test_every_hop_of_a_flow_has_its_number_at_its_place(letter: str) -> None:
    landscape = landscape_of(TEXTS["reference-architecture"])
    content = gather(landscape)
    trace = trace_flow(landscape, next(flow for flow in FLOWS if flow.letter == letter))
    way = follow(content, lay_out(content), trace)
    assert list(way.numbers) == PLACES_OF[letter]
    assert {"|".join(key.split("|")[:2]) for key in way.met if "|" in key} == LINKS_OF.get(letter, set())
    numbers = [
        n
        for words in way.numbers.values()
        for part in words.split(", ")
        for n in range(int(part.split("–")[0]), int(part.split("–")[-1]) + 1)
    ]
    assert sorted(numbers) == list(range(1, len(trace.hops) + 1))
    assert way.request
    assert way.answer
    assert way.stop is None
    # Each leg is upright and level strokes only, and the first one starts at the first place that the flow leaves.
    for leg in (*way.request, *way.answer):
        assert all(x == to_x or y == to_y for (x, y), (to_x, to_y) in pairwise(leg))


@pytest.mark.parametrize("name", TEXTS)
def test_every_flow_of_every_plan_is_drawn_along_lines_of_the_diagram(name: str) -> None:
    landscape = landscape_of(TEXTS[name])
    content = gather(landscape)
    drawing = lay_out(content)
    known = {*rects(drawing), *(wire.key for wire in drawing.wires), *(line.key for line in drawing.lines)}
    for trace in traces_of(landscape):
        way = follow(content, drawing, trace)
        assert way.met <= known, way.met - known
        assert way.numbers.keys() <= known
        if trace.ok and len(way.numbers) > 1:
            assert way.request, trace.title
        assert (way.stop is None) == trace.ok
        bars = {bar.place for bar in drawing.bars}
        labels = [(covers(label, bars), label.text) for label in drawing.labels]
        for leg, shift in (*((leg, -2.5) for leg in way.request), *((leg, 2.5) for leg in way.answer)):
            for (x, y), (to_x, to_y) in pairwise(leg):
                stroke = Rect(min(x, to_x) + shift - 1, min(y, to_y) + shift - 1, abs(to_x - x) + 2, abs(to_y - y) + 2)
                assert [text for rect, text in labels if not apart(stroke, rect)] == []


def test_a_flow_that_stops_is_marked_where_it_stops() -> None:
    text = TEXTS["reference-architecture"].replace('iks-vcs = "strongswan"', 'iks-vcs = "none"')
    landscape = landscape_of(text)
    trace = trace_flow(landscape, FLOWS[2])
    content = gather(landscape)
    way = follow(content, lay_out(content), trace)
    svg = render_landscape_svg(landscape, trace)
    assert not trace.ok
    # The last hop is at the BCR, and the ESG stops it.
    assert (way.stop, list(way.numbers)[-1]) == ("device edge:", "bcr")
    assert [text for _, text in texts_in(svg) if text.startswith("×")] == ["×"]
    assert "unreachable" in svg


def test_hostile_names_stay_text() -> None:
    landscape = landscape_of(HOSTILE)
    svg = render_landscape_svg(landscape)
    tree = ElementTree.fromstring(svg)
    assert {element.tag for element in tree.iter()} <= {
        SVG + tag
        for tag in (
            "svg",
            "title",
            "desc",
            "style",
            "defs",
            "pattern",
            "marker",
            "g",
            "rect",
            "path",
            "circle",
            "text",
        )
    }
    assert escape(svg.replace("\n", "")) == svg.replace("\n", "")
    hints = "\n".join(element.text or "" for element in tree.iter(f"{SVG}title"))
    for end in (*landscape.ends.edges, *landscape.ends.clusters, *landscape.ends.sites):
        assert escape(end.title) in hints


def test_the_picture_is_one_file_for_screens_print_and_readers() -> None:
    svg = render_landscape_svg(landscape_of(TEXTS["three-sites"]), id_prefix="one-")
    tree = ElementTree.fromstring(svg)
    assert tree.get("role") == "img"
    labelled = [tree.find(f".//*[@id='{name}']") for name in (tree.get("aria-labelledby") or "").split()]
    assert [element is not None and bool(element.text) for element in labelled] == [True, True]
    assert "@media screen and (prefers-color-scheme:dark)" in svg
    # Nothing is loaded from anywhere, and several pictures stand in one page.
    assert re.findall(r"(?:href|src)=|url\((?!#one-)|@import", svg) == []
    assert all(element.attrib["id"].startswith("one-") for element in tree.iter() if "id" in element.attrib)
    assert all(name.startswith("one-") for element in tree.iter() for name in element.get("class", "").split())
    assert set(re.findall(r"\.([a-z][\w-]*)", "".join(e.text or "" for e in tree.iter(f"{SVG}style")))) <= set(
        re.findall(r"one-[\w-]+", svg)
    )


@pytest.mark.parametrize("name", TEXTS)
def test_every_class_has_a_rule(name: str) -> None:
    landscape = landscape_of(TEXTS[name])
    for trace in (None, *traces_of(landscape)):
        tree = ElementTree.fromstring(render_landscape_svg(landscape, trace))
        rules = "".join(element.text or "" for element in tree.iter(f"{SVG}style"))
        used = {word for element in tree.iter() for word in element.get("class", "").split()}
        assert used <= set(re.findall(r"\.([a-z][\w-]*)", rules))


def test_what_is_retired_is_not_drawn() -> None:
    text = TEXTS["three-sites"].replace("[clusters.analytics]\n", '[clusters.analytics]\nstatus = "retired"\n')
    svg = render_landscape_svg(landscape_of(text))
    assert "analytics" not in svg
    assert "fra02" not in svg
