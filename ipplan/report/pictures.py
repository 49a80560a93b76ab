"""The pictures of a plan for a page: each is SVG with its own classes and ids, so that one page can hold both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.address_map import survey_plan
from ipplan.output.diagram import render_landscape_svg
from ipplan.output.map_svg import render_map_svg
from ipplan.report.model import Picture, Section

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ipplan.report.subject import Subject


def pictures_section(subject: Subject) -> Section:
    """Return the map of the address space and the drawing of the landscape."""
    return Section("pictures", "Pictures", None, tuple(_draw(subject)))


def _draw(subject: Subject) -> Iterator[Picture]:
    placed = {e.network.name: e.prefix for e in subject.entries if e.status == "allocated" and e.prefix is not None}
    chosen = None if subject.chosen is None else subject.chosen.networks
    drawn = survey_plan(subject.plan, subject.request.catalog, placed=placed, chosen=chosen)
    yield Picture(
        "map", "Address space", render_map_svg(drawn, prefix="map-"), "ipplan map PLAN --allocated -o map.svg"
    )
    yield Picture(
        "diagram",
        "Landscape",
        render_landscape_svg(subject.request.landscape, id_prefix="diagram-"),
        "ipplan topology PLAN -o landscape.svg",
    )
