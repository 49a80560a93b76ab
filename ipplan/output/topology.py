"""The topology of a plan: as a document, as tables and text, and as diagrams for Mermaid and Graphviz.

Must not decide anything: domains, ways and routes are read from the topology.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipplan.output.documents import made_by
from ipplan.output.table import Column, Table, render_plain, render_terminal
from ipplan.output.text import escape
from ipplan.plan.kinds import KINDS
from ipplan.plan.model import INTEGRATION
from ipplan.topology import SITES, STANDING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from ipplan.addresses import Prefix
    from ipplan.topology import Domain, Link, Reach, RouteList, Topology, Way

_MOST_NAMED = 6
"""Networks or prefixes that people see in one cell at most; documents name all."""
_MOST_DRAWN = 12
"""Clusters of a platform that a diagram draws one by one; more become one box."""
_METHODS = {
    "routed": "routed",
    "snat": "SNAT",
    "dnat": "DNAT",
    "tunnel": "IPsec tunnel",
    "layer-2": "stretched layer 2",
}


def document(topology: Topology, edition: str) -> dict[str, Any]:
    """Return the document `ipplan.topology/1`."""
    return {
        "schema": "ipplan.topology/1",
        "made_by": made_by(edition),
        "plan": {"name": topology.plan_name, "file": topology.file},
        "integration": {key.replace("-", "_"): topology.integration.get(key) for key in INTEGRATION},
        "domains": [
            {
                "domain": d.name,
                "site": d.site,
                "title": d.title,
                "cluster": d.cluster,
                "networks": [n.name for n in d.networks],
            }
            for d in topology.domains
        ],
        "links": [_link(link) for link in topology.links],
        "reach": [
            {
                "from": r.origin,
                "to": r.target,
                "reached": bool(r.path or r.translated),
                "translated": bool(r.translated),
                "kinds": list(r.kinds),
                "through": [way.through for way in r.path or r.translated],
            }
            for r in topology.reach
        ],
        "routes": [
            {
                "device": r.device,
                "towards": r.towards,
                "purpose": r.purpose,
                "integration": r.key,
                "cidrs": [str(p) for p in r.prefixes],
                "merged": [str(p) for p in r.merged],
                "cover": None if r.cover is None else str(r.cover),
            }
            for r in topology.routes
        ],
    }


def _link(link: Link) -> dict[str, Any]:
    way = link.way
    return {
        "from": way.origin,
        "to": way.target,
        "method": way.method,
        "device": way.device,
        "through": way.through,
        "integration": way.key,
        "carries": [kind for kind in KINDS if kind in way.carries],
        "hides": [kind for kind in KINDS if kind in way.hidden],
        "networks": [n.name for n in link.networks],
        "local": [{"cluster": e.cluster, "cidrs": [str(p) for p in e.subnets]} for e in link.ends],
        "remote": [str(p) for p in link.remote],
    }


def table(topology: Topology) -> Table:
    """Return the links, one row each."""
    columns = (
        Column("from"), Column("to"), Column("method"), Column("device"), Column("integration"),
        Column("own addresses of"), Column("gives addresses from"),
    )  # fmt: skip
    rows = [
        (
            link.way.origin, link.way.target, _METHODS[link.way.method], link.way.device, link.way.key,
            _carried(link.way), _some(n.name for n in link.networks),
        )
        for link in topology.links
    ]  # fmt: skip
    return Table(columns, rows)


def _carried(way: Way) -> str:
    """Tell kinds, or whole domains where all that stands in them is carried."""
    if not way.carries:
        return f"none; hides {_kinds(way.hidden)}"
    return _kinds(way.carries)


def _kinds(kinds: frozenset[str]) -> str:
    parts: list[str] = []
    for site, standing in STANDING.items():
        if standing and standing <= kinds:
            parts.append(site)
        else:
            parts += [kind for kind in KINDS if kind in standing & kinds]
    return ", ".join(parts)


def _some(names: Iterable[str]) -> str | None:
    listed = list(names)
    shown = ", ".join(listed[:_MOST_NAMED])
    if len(listed) > _MOST_NAMED:
        shown += f" and {len(listed) - _MOST_NAMED:,} more"
    return shown or None


def _domain_table(topology: Topology) -> Table:
    columns = (Column("domain"), Column("what it is"), Column("networks", "number"), Column("named"))
    rows = [(d.name, d.title, len(d.networks), _some(n.name for n in d.networks)) for d in topology.domains]
    return Table(columns, rows)


def _reach_table(topology: Topology) -> Table:
    columns = (Column("from"), Column("to"), Column("reached"), Column("through"))
    return Table(columns, [(r.origin, r.target, _reached(r), _through(r)) for r in topology.reach])


def _reached(reach: Reach) -> str:
    if reach.path:
        return "yes"
    return "translated" if reach.translated else "no"


def _through(reach: Reach) -> str | None:
    return ", then ".join(way.through for way in reach.path or reach.translated) or None


def _route_table(topology: Topology) -> Table:
    columns = (
        Column("at"), Column("towards"), Column("what"), Column("routes", "number"), Column("merged", "number"),
        Column("prefixes", "address"), Column("as one group"),
    )  # fmt: skip
    rows = []
    for r in topology.routes:
        merged = _few(r.merged)
        rows.append((r.device, r.towards, r.purpose, len(r.prefixes), len(r.merged), merged, _grouping(r)))
    return Table(columns, rows)


def _few(prefixes: Sequence[Prefix]) -> str | None:
    return _some(map(str, prefixes))


def _grouping(routes: RouteList) -> str | None:
    """Say what one covering prefix would save."""
    if routes.cover is None or len(routes.merged) < 2:
        return None
    return f"1 route, {len(routes.merged) - 1:,} fewer"


def render_text(topology: Topology, *, width: int | None, color: bool) -> str:
    """Return what people read: domains, links, who reaches whom, tunnels, and the routes that are needed."""

    def show(part: Table) -> str:
        plain = width is None and not color
        return render_plain(part) if plain else render_terminal(part, width or 100_000, color)

    stated = [f'{key} = "{topology.integration[key]}"' for key in INTEGRATION if key in topology.integration]
    missing = [key for key in INTEGRATION if key not in topology.integration]
    head = "integration: " + (", ".join(stated) or "not stated")
    if stated and missing:
        head += f"; not stated: {', '.join(missing)}"
    links = table(topology)
    # The networks of the addresses are for the other formats: a terminal has no room for them.
    links = Table(links.columns[:-1], [row[:-1] for row in links.rows])
    parts = [escape(head) + "\n", show(_domain_table(topology)), show(links), show(_reach_table(topology))]
    tunnels = [
        (
            link.way.origin if end.cluster is None else f"cluster {end.cluster}",
            link.way.target, _few(end.subnets), _few(link.remote),
        )
        for link in topology.links
        for end in link.ends
    ]  # fmt: skip
    if tunnels:
        columns = (Column("tunnel at"), Column("to"), Column("local", "address"), Column("remote", "address"))
        parts.append(show(Table(columns, tunnels)))
    if topology.routes:
        parts.append(show(_route_table(topology)))
    return "\n".join(parts)


def render_mermaid(topology: Topology) -> str:
    """Return a flowchart for Mermaid: domains as boxes, ways as arrows."""
    lines = ["flowchart LR"]
    boxes = list(_boxes(topology))
    ids = {name: f"d{index}" for index, (name, _, _) in enumerate(boxes)}
    lines += [f'  {ids[name]}["{_mermaid(title)}"]' for name, title, _ in boxes]
    lines += [f'  {ids[a]} -->|"{_mermaid(label)}"| {ids[b]}' for a, b, label in _arrows(topology, boxes)]
    return "\n".join(lines) + "\n"


def _mermaid(text: str) -> str:
    """Return text for a quoted label: what could end it or open a tag becomes an entity."""
    special = {'"': "#quot;", "#": "#35;", "<": "#lt;", ">": "#gt;", "&": "#amp;", "\\": "#92;", "`": "#96;"}
    return "".join(special.get(character, character) for character in escape(text))


def render_graphviz(topology: Topology) -> str:
    """Return a directed graph for Graphviz (`dot -Tsvg`)."""
    boxes = list(_boxes(topology))
    ids = {name: f"d{index}" for index, (name, _, _) in enumerate(boxes)}
    lines = ["digraph topology {", "  rankdir=LR;", '  node [shape=box, fontname="sans-serif"];']
    lines += [f'  {ids[name]} [label="{_dot(title)}"];' for name, title, _ in boxes]
    for a, b, label in _arrows(topology, boxes):
        lines.append(f'  {ids[a]} -> {ids[b]} [label="{_dot(label)}"];')
    return "\n".join([*lines, "}"]) + "\n"


def _dot(text: str) -> str:
    return escape(text).replace("\\", "\\\\").replace('"', '\\"')


_Box = tuple[str, str, str]


def _boxes(topology: Topology) -> Iterator[_Box]:
    """Yield name, title and site of each box; clusters beyond the number that can be drawn share one."""
    for site in SITES:
        domains = [d for d in topology.domains if d.site == site]
        if len(domains) > _MOST_DRAWN:
            yield site, f"{len(domains):,} {site.upper()} clusters", site
            continue
        for domain in domains:
            yield domain.name, _title(domain), site


def _title(domain: Domain) -> str:
    return domain.site if domain.cluster is None else domain.name


def _arrows(topology: Topology, boxes: Sequence[_Box]) -> Iterator[tuple[str, str, str]]:
    """Yield from, to and label of each arrow."""
    at: dict[str, list[str]] = {}
    for name, _, site in boxes:
        at.setdefault(site, []).append(name)
    for link in topology.links:
        way = link.way
        for a in at[way.origin]:
            for b in at[way.target]:
                yield a, b, f"{_METHODS[way.method]}: {way.device}"


DIAGRAMS: dict[str, Callable[[Topology], str]] = {"mermaid": render_mermaid, "graphviz": render_graphviz}
"""The diagrams by the name of their format."""
