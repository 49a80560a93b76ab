"""The landscape as network people draw it: one SVG with fixed tiers and a lane for each data center.

`content` says what there is, `columns` and `layout` where it is, `paths` which way a flow takes, `writer` writes it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.output.diagram.content import gather
from ipplan.output.diagram.layout import lay_out
from ipplan.output.diagram.paths import follow
from ipplan.output.diagram.writer import write

if TYPE_CHECKING:
    from ipplan.flows.model import Trace
    from ipplan.landscape import Landscape


def render_landscape_svg(landscape: Landscape, trace: Trace | None = None, *, id_prefix: str = "") -> str:
    """Return the diagram of a landscape as SVG, with the way of a flow highlighted.

    `id_prefix` starts every class and id, so that several pictures stand in one page. Everything is at the same place
    with and without a flow, and the same plan gives the same text.
    """
    content = gather(landscape)
    drawing = lay_out(content)
    return write(drawing, content, None if trace is None else follow(content, drawing, trace), id_prefix)
