"""Draw the topology of a plan for Mermaid and Graphviz: sites, routers, edges and clusters with their ranges.

Must not decide anything: the overview and the devices do. Both formats draw the same sketch.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Literal, NamedTuple

from ipplan.landscape.ends import PRIVATE, End
from ipplan.output.text import escape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from ipplan.landscape.instances import Instance
    from ipplan.landscape.overview import LinkRow, Side
    from ipplan.output.topology import Shown
    from ipplan.plan.model import Network

_MOST_DRAWN = 12
"""Draw at most this many clusters, edges or sites one by one; more become one box."""
_MOST_LINES = 8
"""List at most this many networks in a box."""

Look = Literal["site", "router", "iks", "icp", "edge", "networks", "internet"]
_COLORS: dict[Look, str] = {
    "site": "#fff3cd",
    "router": "#e2e3e5",
    "iks": "#d6e9ff",
    "icp": "#e8dcff",
    "edge": "#d9f2e1",
    "networks": "#ffffff",
    "internet": "#ffffff",
}
Line = Literal["cable", "link", "stretched", "open"]
"""A plain connection, a link, a stretched layer 2 network, and an undecided link."""


class Box(NamedTuple):
    """A box with a title and lines of text."""

    key: str
    title: str
    lines: tuple[str, ...]
    look: Look


class Frame(NamedTuple):
    """Boxes that belong together."""

    key: str
    title: str
    parts: tuple[Box | Frame, ...]


class Arrow(NamedTuple):
    """A line between two boxes, without a direction."""

    first: str
    second: str
    lines: tuple[str, ...]
    line: Line


class Sketch(NamedTuple):
    """The drawing for both formats."""

    parts: tuple[Box | Frame, ...]
    arrows: tuple[Arrow, ...]


class _Pen:
    """Collects boxes and arrows of one sketch."""

    def __init__(self, shown: Shown) -> None:
        self.overview = shown.overview
        self.devices = shown.devices
        self.arrows: dict[Arrow, None] = {}
        self.box_of: dict[End, str] = {}
        self.machines_of: dict[End, str] = {}
        self.concentrators: dict[End, str] = {}
        self.keys: Counter[str] = Counter()
        self.by_end: dict[tuple[str, End | None], Instance] = {(d.kind, d.end): d for d in self.devices}
        self.of_cluster: dict[End, list[Network]] = {}
        self.networks_of = {d.name: d.networks for d in self.overview.domains}
        for domain in self.overview.domains:
            for network in domain.networks:
                if network.kind.platform is not None:
                    self.of_cluster.setdefault(_cluster_of(network), []).append(network)

    def key(self, kind: str) -> str:
        self.keys[kind] += 1
        return f"{kind}{self.keys[kind]}"

    def ends(self, kind: str) -> list[End]:
        return [d.end for d in self.overview.domains if d.kind == kind and d.end is not None]

    def join(self, first: str, second: str, *lines: str | None, line: Line = "cable") -> None:
        self.arrows[Arrow(first, second, tuple(text for text in lines if text), line)] = None

    def draw(self) -> Sketch:
        sites = self.sites()
        inside: list[Box | Frame] = [
            Box(kind.lower(), _ROUTERS[kind], (), "router")
            for kind in ("XCR", "FCR", "BCR")
            if (kind, None) in self.by_end
        ]
        if ("XCR", None) in self.by_end:
            self.join("xcr", "bcr")
        inside += self.iks()
        edges = self.edges()
        inside += edges
        inside += self.others()
        internet = Box("internet", "internet", (), "internet")
        self.join("internet", "fcr")
        for link in self.overview.links:
            self.link(link)
        return Sketch((*sites, internet, Frame("cloud", "IBM Cloud", tuple(inside))), tuple(self.arrows))

    # Boxes.

    def folded(self, kind: str, ends: Sequence[End], look: Look, what: str) -> list[Box]:
        """Return one box for ends that are too many to draw one by one."""
        key = self.key(kind)
        self.box_of.update(dict.fromkeys(ends, key))
        return [Box(key, f"{len(ends):,} {what}", _some((end.name or "" for end in ends), 6), look)]

    def sites(self) -> list[Box | Frame]:
        ends = self.ends("site")
        if len(ends) > _MOST_DRAWN:
            boxes = self.folded("router", ends, "site", "sites")
            self.join("internet", boxes[0].key)
            return list(boxes)
        found: list[Box | Frame] = []
        for site in ends:
            router, networks = self.key("router"), self.key("lan")
            self.box_of[site] = router
            parts: list[Box | Frame] = [
                Box(networks, "networks", _networks(self.networks_of[f"site {site.name}"]), "networks"),
                Box(router, "on-premises router", self.addresses("on-premises router", site), "router"),
            ]
            self.join(networks, router)
            self.join(router, "internet")
            if ("L2 concentrator", site) in self.by_end:
                box = self.concentrators[site] = self.key("l2c")
                parts.append(Box(box, "L2 concentrator", self.addresses("L2 concentrator", site), "router"))
                self.join(router, box)
            found.append(Frame(self.key("site"), f"site {site.name}", tuple(parts)))
        return found

    def addresses(self, kind: str, end: End) -> tuple[str, ...]:
        """Return the addresses of a device by network, without those that only make it a gateway."""
        device = self.by_end.get((kind, end))
        ports = () if device is None else tuple(p for p in device.ports if p.name != "gateway" and p.addresses)
        return _some((f"{port.network.name}  {port.addresses[0]}" for port in ports), _MOST_LINES)

    def iks(self) -> list[Box]:
        ends = self.ends("iks")
        if len(ends) > _MOST_DRAWN:
            boxes = self.folded("iks", ends, "iks", "IKS clusters")
        else:
            boxes = [self.cluster(end) for end in ends]
        for box in boxes:
            self.join("bcr", box.key)
            self.join("fcr", box.key)
        return boxes

    def cluster(self, end: End) -> Box:
        key = self.box_of[end] = self.key(end.kind)
        platform = end.kind.upper()
        title = f"{platform} cluster" if end.name is None else f"{platform} cluster {end.name}"
        look: Look = "iks" if end.kind == "iks" else "icp"
        return Box(key, title, _networks(self.of_cluster.get(end, ())), look)

    def edges(self) -> list[Box | Frame]:
        ends = self.ends("overlay")
        icp = self.ends("icp")
        homes = dict(self.homes())
        if len(ends) > _MOST_DRAWN:
            boxes = self.folded("esg", ends, "edge", "edges")
            self.join("bcr", boxes[0].key)
            self.join("fcr", boxes[0].key)
            return [*boxes, *self.icp(icp)]
        found: list[Box | Frame] = []
        for edge in ends:
            esg, dlr, overlay = self.key("esg"), self.key("dlr"), self.key("overlay")
            self.box_of[edge] = esg
            name = "overlay" if edge.name is None else f"overlay {edge.name}"
            networks = self.networks_of[name]
            transit = [n for n in networks if n.kind.role == "transit"]
            machines = [n for n in networks if n.kind.role == "vm"]
            parts: list[Box | Frame] = [Box(esg, "ESG", self.esg_lines(edge), "edge")]
            self.uplinks(edge, esg)
            if machines or transit:
                parts.append(Box(dlr, "DLR", (), "edge"))
                self.join(esg, dlr, *_networks(transit))
            if machines:
                self.machines_of[edge] = overlay
                parts.append(Box(overlay, "VM networks", _networks(machines), "networks"))
                self.join(dlr, overlay)
            parts += self.icp([c for c in icp if homes.get(c) == edge])
            found.append(Frame(self.key("edge"), "edge" if edge.name is None else f"edge {edge.name}", tuple(parts)))
        return [*found, *self.icp([c for c in icp if homes.get(c) not in ends])]

    def homes(self) -> Iterator[tuple[End, End]]:
        """Yield the ICP clusters with their edges."""
        by_name: dict[str, End] = {}
        for domain in self.overview.domains:
            if domain.kind == "overlay" and domain.end is not None:
                by_name.update((network.name, domain.end) for network in domain.networks)
        for cluster, networks in self.of_cluster.items():
            homes = (by_name.get(n.name) for n in networks if n.kind.role == "worker")
            if cluster.kind == "icp" and (edge := next((e for e in homes if e is not None), None)) is not None:
                yield cluster, edge

    def icp(self, ends: Sequence[End]) -> list[Box]:
        if len(ends) > _MOST_DRAWN:
            return self.folded("icp", ends, "icp", "ICP clusters")
        return [self.cluster(end) for end in ends]

    def esg_lines(self, edge: End) -> tuple[str, ...]:
        """Return the addresses of an ESG for NAT and tunnels, with their names."""
        device = self.by_end["ESG", edge]
        named = (
            f"{address.name}  {address}"
            for port in device.ports
            if port.name in ("public", "private")
            for address in port.addresses[1:]
            if address.name is not None
        )
        return _some(named, _MOST_LINES)

    def uplinks(self, edge: End, esg: str) -> None:
        ports = {port.name: port for port in reversed(self.by_end["ESG", edge].ports)}
        for role, router in (("private", "bcr"), ("public", "fcr")):
            port = ports.get(role)
            if port is not None:
                self.join(router, esg, f"{port.addresses[0]}")

    def others(self) -> list[Box]:
        """Return the subnets of IBM Cloud that belong to no cluster and no uplink."""
        found = []
        for domain, router in (("ibm-private", "bcr"), ("ibm-public", "fcr")):
            own = [n for n in self.networks_of[domain] if n.kind.platform is None and n.kind.role != "esg"]
            if own:
                side = domain.removeprefix("ibm-")
                found.append(Box(self.key("subnets"), f"{side} subnets", _networks(own), "networks"))
                self.join(router, found[-1].key)
        return found

    # Links.

    def link(self, link: LinkRow) -> None:
        bundle = link.bundle
        firsts, seconds = (_boxes(self.box_of, sides) for sides in (link.first, link.second))
        if bundle.pair == "iks-edge" and bundle.method == "bgp":
            for boxes, what in ((firsts, "pods"), (seconds, "overlay")):
                for box, own in boxes.items():
                    self.instead("bcr", box, f"BGP, announces {what}", *_prefixes(own))
        elif bundle.pair == "site-private":
            for box, own in firsts.items():
                self.join(box, "xcr", bundle.title, *_translated(own), line=_line(link))
        elif bundle.method == "l2-extension":
            self.stretch(link)
        else:
            for first, one in firsts.items():
                for second, two in seconds.items():
                    lines = (bundle.title, _gateways(link, one, two), *_translated([*one, *two]))
                    # The ESG is drawn above the networks behind it.
                    ends = (second, first) if bundle.pair == "icp-edge" else (first, second)
                    self.join(*ends, *lines, line=_line(link))

    def instead(self, first: str, second: str, *lines: str) -> None:
        """Draw a link instead of the cable between two boxes, with the texts of that; once for each text."""
        drawn = [a for a in self.arrows if (a.first, a.second, a.line) == (first, second, "link")]
        # An ESG announces the same to the BCR for every group of clusters.
        if any(a.lines[len(a.lines) - len(lines) :] == lines for a in drawn):
            return
        cables = [a for a in self.arrows if (a.first, a.second, a.line) == (first, second, "cable")]
        for cable in cables:
            del self.arrows[cable]
        self.join(first, second, *(text for cable in cables for text in cable.lines), *lines, line="link")

    def stretch(self, link: LinkRow) -> None:
        for site in link.bundle.first:
            self.join(self.box_of[site], "xcr", "Direct Link")
        homes = _boxes(self.concentrators or self.box_of, link.first)
        for first in homes:
            for side in link.second:
                second = self.machines_of.get(side.end, self.box_of[side.end])
                named = _some((item.network.name for item in side.carries), 3)
                self.join(first, second, link.bundle.title, *named, line="stretched")


_ROUTERS = {"XCR": "XCR  Direct Link", "FCR": "FCR  public network", "BCR": "BCR  private network"}


def _cluster_of(network: Network) -> End:
    return End("iks" if network.kind.platform == "iks" else "icp", network.cluster)


def _networks(networks: Iterable[Network]) -> tuple[str, ...]:
    lines = (f"{n.name}  {'to be ordered' if n.prefix is None else n.prefix}" for n in networks)
    return _some(lines, _MOST_LINES)


def _some(texts: Iterable[str], most: int) -> tuple[str, ...]:
    listed = list(texts)
    if len(listed) <= most:
        return tuple(listed)
    return (*listed[: most - 1], f"and {len(listed) - most + 1:,} more")


def _boxes(box_of: Mapping[End, str], sides: Iterable[Side]) -> dict[str, list[Side]]:
    """Return the ends of a link by their boxes."""
    found: dict[str, list[Side]] = {}
    for side in sides:
        if side.end != PRIVATE:
            found.setdefault(box_of[side.end], []).append(side)
    return found


def _line(link: LinkRow) -> Line:
    if link.bundle.method is None:
        return "open"
    return "stretched" if link.bundle.method == "l2-extension" else "link"


def _gateways(link: LinkRow, first: Sequence[Side], second: Sequence[Side]) -> str | None:
    if link.private is None or len(first) != 1 or len(second) != 1:
        return None
    ends = (first[0].gateway, second[0].gateway)
    if ends == (None, None):
        return None
    return " - ".join("any" if end is None else "to be ordered" if end.value is None else end.text for end in ends)


def _translated(sides: Iterable[Side]) -> tuple[str, ...]:
    shown = (f"{c.network.name} as {c.shown}" for side in sides for c in side.carries if c.shown is not None)
    return _some(shown, 4)


def _prefixes(sides: Iterable[Side]) -> tuple[str, ...]:
    return _some((str(prefix) for side in sides for prefix in side.subnets), 3)


# The formats.


def render_mermaid(shown: Shown) -> str:
    """Return a flowchart for Mermaid."""
    sketch = _Pen(shown).draw()
    lines = ["flowchart TB"]
    lines += (f"  classDef {look} fill:{color},stroke:#555,color:#000" for look, color in _COLORS.items())
    for part in sketch.parts:
        lines += _mermaid_part(part, "  ")
    signs = {"cable": "---", "link": "===", "stretched": "-.-", "open": "-.-"}
    for arrow in sketch.arrows:
        label = f'|"{_mermaid_label(arrow.lines)}"|' if arrow.lines else ""
        lines.append(f"  {arrow.first} {signs[arrow.line]}{label} {arrow.second}")
    return "\n".join(lines) + "\n"


def _mermaid_part(part: Box | Frame, indent: str) -> Iterator[str]:
    if isinstance(part, Box):
        title = _mermaid(part.title)
        text = "<br/>".join([f"<b>{title}</b>", *map(_mermaid, part.lines)])
        yield f'{indent}{part.key}["{text}"]:::{part.look}'
        return
    yield f'{indent}subgraph {part.key}["{_mermaid(part.title)}"]'
    for inner in part.parts:
        yield from _mermaid_part(inner, indent + "  ")
    yield f"{indent}end"


def _mermaid_label(lines: Iterable[str]) -> str:
    return "<br/>".join(map(_mermaid, lines))


def _mermaid(text: str) -> str:
    """Return text for a quoted label: quotes, tags and Markdown become entities."""
    special = {'"': "#quot;", "#": "#35;", "<": "#lt;", ">": "#gt;", "&": "#amp;", "\\": "#92;", "`": "#96;"}
    return "".join(special.get(character, character) for character in escape(text))


def render_graphviz(shown: Shown) -> str:
    """Return an undirected graph for Graphviz (`dot -Tsvg`)."""
    sketch = _Pen(shown).draw()
    lines = [
        "graph topology {",
        '  graph [rankdir=TB, fontname="sans-serif", nodesep=0.6, ranksep=0.7, splines=true, compound=true];',
        '  node [shape=box, style="filled,rounded", fontname="sans-serif", fontsize=11];',
        '  edge [fontname="sans-serif", fontsize=9, color="#777777"];',
    ]
    for part in sketch.parts:
        lines += _dot_part(part, "  ")
    looks = {
        "cable": "",
        "link": 'color="#b02a5b", fontcolor="#b02a5b", penwidth=2',
        "stretched": 'color="#0b6e4f", fontcolor="#0b6e4f", penwidth=2, style=dashed',
        "open": "style=dotted",
    }
    for arrow in sketch.arrows:
        label = f"label=<{'<BR/>'.join(f' {_dot(line)} ' for line in arrow.lines)}>" if arrow.lines else ""
        attributes = ", ".join(filter(None, (label, looks[arrow.line])))
        lines.append(f"  {arrow.first} -- {arrow.second}" + (f" [{attributes}];" if attributes else ";"))
    return "\n".join([*lines, "}"]) + "\n"


def _dot_part(part: Box | Frame, indent: str) -> Iterator[str]:
    if isinstance(part, Box):
        rows = "".join(f'{_dot(line)}<BR ALIGN="LEFT"/>' for line in part.lines)
        text = f"<B>{_dot(part.title)}</B>" + (f"<BR/>{rows}" if rows else "")
        yield f'{indent}{part.key} [label=<{text}>, fillcolor="{_COLORS[part.look]}"];'
        return
    yield f"{indent}subgraph cluster_{part.key} {{"
    yield f'{indent}  label=<<B>{_dot(part.title)}</B>>; color="#999999"; style=rounded;'
    for inner in part.parts:
        yield from _dot_part(inner, indent + "  ")
    yield f"{indent}}}"


def _dot(text: str) -> str:
    """Return text for an HTML-like label: special characters become entities."""
    special = {
        "&": "&amp;",
        "<": "&lt;",
        ">": "&gt;",
        '"': "&quot;",
        "\\": "&#92;",
        "[": "&#91;",
        "]": "&#93;",
    }
    return "".join(special.get(character, character) for character in escape(text))


DIAGRAMS: dict[str, Callable[[Shown], str]] = {"mermaid": render_mermaid, "graphviz": render_graphviz}
"""The diagrams by the name of their format."""
