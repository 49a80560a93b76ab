"""What pictures are made of: safe XML for any text, widths that hold, labels that fit, contrast of the palette."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipplan.output import svg
from ipplan.output.svg import (
    DARK,
    FAMILIES,
    LIGHT,
    content,
    element,
    family_of,
    fit,
    number,
    text,
    text_width,
)
from ipplan.output.text import escape
from ipplan.plan.kinds import KINDS

HOSTILE = (
    "<script>alert(1)</script>",
    "]]>",
    "<![CDATA[",
    "&amp;",
    ":ab:",
    "[bold]x[/bold]",
    "\x1b[31mred",
    "a\u202eb",
    "\x00",
    "\ud800",
    "\ufffe",
    "tab\tnew\nline",
    "שלום",
    "سلام",
    "数据中心",
    "e" + "\u0301" * 50,
    "\"quoted'",
    "x" * 300,
)


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_any_text_is_valid_xml_and_stays_readable(name: str) -> None:
    whole = svg.picture("p-", 100, 50, name, name, text(1, 2, name, 11, data_name=name))
    root = ET.fromstring(whole.encode())
    title = root.find("{*}title")
    assert title is not None
    shown = title.text or ""
    assert shown == escape(name)
    label = next(root.iter("{http://www.w3.org/2000/svg}text"))
    assert label.text == shown == label.get("data-name")


@given(st.text(max_size=200), st.integers(0, 300))
def test_a_label_fits_its_room_and_is_valid_xml(name: str, room: int) -> None:
    label = fit(name, room, 11)
    assert text_width(label, 11) <= room
    assert ET.fromstring(f"<a>{content(label)}</a>").text == (label or None)


def test_what_fits_is_whole_and_what_is_cut_keeps_both_ends() -> None:
    assert fit("vm-web", 100, 11) == "vm-web"
    short = fit("vcs-production-network-0001", 100, 11)
    assert short.startswith("vcs-p")
    assert short.endswith("0001")
    assert "…" in short
    assert fit("anything", 2, 11) == ""


def test_widths_hold_for_arial_and_dejavu() -> None:
    # Advances in ems: the larger of Liberation Sans, which has the metrics of Arial, and DejaVu Sans 2.37.
    advances = {
        "0": 0.637,
        "a": 0.613,
        "i": 0.278,
        "m": 0.975,
        "W": 0.989,
        "/": 0.338,
        ".": 0.318,
        "-": 0.361,
        "…": 1.0,
        "é": 0.616,
    }
    for char, width in advances.items():
        assert width <= text_width(char, 1) <= width * 1.45


def test_scripts_whose_fonts_differ_are_set_to_the_width_that_is_counted_on() -> None:
    label = ET.fromstring(text(0, 0, "سلام", 11))
    assert float(label.get("textLength", "0")) == pytest.approx(text_width("سلام", 11), abs=0.01)
    assert ET.fromstring(text(0, 0, "vm-web 10.0.0.0/8", 11)).get("textLength") is None


def test_numbers_are_short() -> None:
    assert [number(v) for v in (3, 2.5, 1 / 3, -0.0001, 100)] == ["3", "2.5", "0.333", "0", "100"]
    assert element("rect", x=1.0, class_="a", stroke_width=0.5) == '<rect x="1" class="a" stroke-width="0.5"/>'


def luminance(color: str) -> float:
    digits = color[1:] if len(color) == 7 else "".join(2 * c for c in color[1:])
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    red, green, blue = (p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_text_has_the_contrast_that_wcag_asks_for() -> None:
    for ground, front, quiet in (LIGHT, DARK):
        assert contrast(ground, front) >= 7
        assert contrast(ground, quiet) >= 7
    for family in FAMILIES.values():
        assert contrast(family.fill, LIGHT[1]) >= 4.5
        assert contrast(family.dark, LIGHT[1] if family.dark == family.fill else DARK[1]) >= 4.5


def test_every_kind_has_a_family_and_families_differ_by_colour_and_hatching() -> None:
    assert {family_of(kind) for kind in KINDS.values()} == {"iks", "vcs", "overlay", "icp", "enterprise"}
    assert len({(f.fill, f.hatching) for f in FAMILIES.values()}) == len(FAMILIES)
    networks = [FAMILIES[family_of(kind)].hatching for kind in KINDS.values()]
    assert len(set(networks)) == 5


@given(
    st.sampled_from(sorted(FAMILIES)),
    st.floats(0, 900),
    st.floats(0, 900),
    st.floats(0, 300),
    st.floats(0, 300),
)
def test_hatching_stays_inside_its_rectangle(name: str, x: float, y: float, width: float, height: float) -> None:
    drawn = svg.hatch("p-", name, [(x, y, width, height)])
    if not drawn:
        assert not FAMILIES[name].hatching or min(width, height) < svg.SMALLEST_HATCHED
        return
    path = ET.fromstring(drawn).get("d", "")
    for left, top, command, rest in re.findall(r"M([\d.]+) ([\d.]+)([LHhv])([\d. ]+)", path):
        end_x, end_y = float(left), float(top)
        if command == "L":
            end_x, end_y = map(float, rest.split())
        elif command == "v":
            end_y += float(rest)
        else:
            end_x = float(rest) + (end_x if command == "h" else 0)
        for px, py in ((float(left), float(top)), (end_x, end_y)):
            assert x - 0.01 <= px <= x + width + 0.01
            assert y - 0.01 <= py <= y + height + 0.01
    assert path.count("M") == len(re.findall(r"M[\d.]+ [\d.]+[LHhv]", path))
