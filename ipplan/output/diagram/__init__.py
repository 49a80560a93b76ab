"""Draw the landscape as network engineers do: one SVG with fixed tiers and a lane for each data center.

`content` collects, `columns` and `layout` place, `paths` finds the way of a flow, and `writer` writes.
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

    `id_prefix` starts every class and id, so that one page can hold several pictures. A flow moves nothing in the diagram,
    and the same plan gives the same text.
    """
    content = gather(landscape)
    drawing = lay_out(content)
    return write(drawing, content, None if trace is None else follow(content, drawing, trace), id_prefix)
