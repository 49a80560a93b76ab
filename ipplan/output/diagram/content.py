"""Collect the content of the diagram of a landscape: lanes, columns, and the links between columns.

Must not decide anything about the landscape, or know positions. A column may represent several ends; its hints keep every
name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from ipplan.landscape.edge_addresses import gateway_on_esg
from ipplan.landscape.ends import TRANSIT, UPLINKS
from ipplan.landscape.instances import of_edge, of_site
from ipplan.output.diagram.folding import MOST_COLUMNS, Folding, by_name
from ipplan.output.diagram.links import gather_links
from ipplan.plan.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ipplan.landscape import Landscape
    from ipplan.landscape.ends import End
    from ipplan.landscape.model import HostAddress
    from ipplan.output.diagram.links import Links, Track
    from ipplan.plan.model import Network, Plan

MOST_ITEMS = 12
"""Write at most this many networks at one place; the hint names all."""
MOST_FOLDED = 4
"""The same for a place that represents several clusters, edges or sites."""

ColumnKind = Literal["site", "concentrator", "iks", "edge", "icp", "subnets"]


class Item(NamedTuple):
    """A line of text at a place: a prefix or an address, and its name."""

    value: str
    name: str


class Column(NamedTuple):
    """One column of a lane, from top to bottom.

    `above` and `below` are the networks on the lines to the public and to the private network, None without such a
    line. `device` is the title of the box between these networks, None without one. `stub` are the networks on the
    line to the lower box: transit of an edge, workers of an ICP cluster. `hints` are for the device, or without one for
    the lower box, and `lower_hints` for what only the lower box has. `lower` are the networks in that box, None
    without one. `router` means that an edge has a DLR, `direct` that its ESG is a gateway on the overlay itself.
    """

    key: str
    kind: ColumnKind
    family: str
    ends: tuple[End, ...]
    device: str | None
    items: tuple[Item, ...] = ()
    above: tuple[Item, ...] | None = None
    below: tuple[Item, ...] | None = None
    stub: tuple[Item, ...] = ()
    lower_title: str = ""
    lower: tuple[Item, ...] | None = None
    router: bool = False
    direct: bool = False
    hints: tuple[str, ...] = ()
    lower_hints: tuple[str, ...] = ()

    @property
    def titles(self) -> tuple[str, ...]:
        """Its ends, one line each, then its networks and the links that are written at its lines."""
        return (*(end.title for end in self.ends), *self.hints)


class Lane(NamedTuple):
    """A data center or a site: its columns from left to right."""

    key: str
    title: str
    columns: tuple[Column, ...]


class Content(NamedTuple):
    """The content of a diagram.

    `overlay_of` has the edge of each column on an overlay, `networks` the column of each network.
    """

    plan: Plan
    sites: tuple[Lane, ...]
    lanes: tuple[Lane, ...]
    tracks: tuple[Track, ...]
    overlay_of: Mapping[str, str]
    networks: Mapping[str, str]

    @property
    def columns(self) -> tuple[Column, ...]:
        """Every column from left to right."""
        return tuple(column for lane in (*self.sites, *self.lanes) for column in lane.columns)


def gather(landscape: Landscape) -> Content:
    """Return the content of the diagram of a landscape. Linear in the plan."""
    builder = _Builder(landscape)
    sites = tuple(builder.sites())
    lanes = tuple(builder.lanes())
    links = gather_links(landscape, builder.column_of, builder.concentrator_of)
    sites, lanes = (
        tuple(lane._replace(columns=tuple(_noted(c, links) for c in lane.columns)) for lane in found)
        for found in (sites, lanes)
    )
    return Content(landscape.plan, sites, lanes, links.tracks, builder.overlay_of, builder.placed)


def _noted(column: Column, links: Links) -> Column:
    """Return a column with the links that are written at one of its lines."""
    if column.key in links.wan:
        words, hints = links.wan[column.key]
        return column._replace(below=(Item(words, ""),), hints=(*column.hints, *hints))
    if column.key in links.nat:
        words, hints = links.nat[column.key]
        return column._replace(stub=(*column.stub, Item(words, "")), hints=(*column.hints, *hints))
    return column


class _Builder:
    """Builds columns, and remembers the column of each end."""

    def __init__(self, landscape: Landscape) -> None:
        self.landscape = landscape
        self.ends = landscape.ends
        self.column_of: dict[End, str] = {}
        self.concentrator_of: dict[End, str] = {}
        self.overlay_of: dict[str, str] = {}
        self.placed: dict[str, str] = {}
        self.folding = Folding(landscape.ends)
        self.default = self.folding.default

    # Sites.

    def sites(self) -> Iterator[Lane]:
        """Yield a lane for each site; many sites share one."""
        sites = sorted(self.ends.sites, key=by_name)
        for own in [tuple(sites)] if len(sites) > MOST_COLUMNS else [(site,) for site in sites]:
            title = f"site {own[0].name}" if len(own) == 1 else f"{len(own):,} sites"
            yield Lane(f"lane:{title}", title, tuple(self._site(own, title)))

    def _site(self, own: tuple[End, ...], title: str) -> Iterator[Column]:
        networks = [n for site in own for n in self.ends.of_site(site)]
        stretched = any(
            joint.method == "l2-extension" for site in own for joint in self.ends.links.of_pair(site, "site-edge")
        )
        key = f"site:{title}"
        device = "router" if len(own) == 1 else f"{len(own):,} routers"
        self.column_of.update(dict.fromkeys(own, key))
        self.placed.update((n.name, key) for n in networks)
        yield Column(
            key,
            "site",
            "enterprise",
            own,
            device,
            self._on_premises(own, "on-premises router") or _named_in(own),
            lower_title="networks",
            lower=_items(networks, own),
            lower_hints=_hints(networks),
        )
        if stretched:
            key = f"concentrator:{title}"
            self.concentrator_of.update(dict.fromkeys(own, key))
            items = self._on_premises(own, "L2 concentrator")
            yield Column(key, "concentrator", "enterprise", own, "L2 concentrator", items)

    def _on_premises(self, own: tuple[End, ...], kind: str) -> tuple[Item, ...]:
        """Return the addresses of a device of one site, without those that only make it a gateway."""
        if len(own) > 1:
            return ()
        ports = (p for d in of_site(self.landscape, own[0]) if d.kind == kind for p in d.ports)
        own_addresses = (
            (address, port)
            for port in ports
            for address in (port.addresses[1:] if port.name == "gateway" else port.addresses)
        )
        return _cut([Item(_address(address), port.network.name) for address, port in own_addresses], 4)

    # Data centers.

    def lanes(self) -> Iterator[Lane]:
        """Yield the lanes of the data centers by name, the default lane last."""
        found: dict[str, list[Column]] = {}
        for name, (clusters, edges) in self.folding.homes.items():
            columns = found.setdefault(name, [])
            for group in self.folding.groups(clusters):
                columns.append(self._iks(group, name))
            for group in self.folding.groups(edges):
                columns += self._edge(group, name)
        lost = [c for c in self.ends.of_platform("icp") if c not in self.column_of]
        for group in self.folding.groups(lost):
            found.setdefault(self.default, []).append(self._icp(group, None))
        for name, networks in self._others(found).items():
            found.setdefault(name, []).append(self._subnets(f"subnets:{name}", networks))
        for name, columns in found.items():
            yield Lane(f"lane:{name}", name, tuple(self._save_room(columns)))

    def _save_room(self, columns: Sequence[Column]) -> Iterator[Column]:
        """Yield the columns of a lane; subnets with nothing above them move into the free room below IKS clusters."""
        loose = [c for c in columns if c.kind == "subnets" and c.device is None]
        for column in columns:
            if column.kind == "iks" and loose:
                moved = loose.pop(0)
                self.placed.update(dict.fromkeys((n for n, key in self.placed.items() if key == moved.key), column.key))
                yield column._replace(
                    lower_title=moved.lower_title,
                    lower=moved.lower,
                    direct=moved.direct,
                    lower_hints=moved.lower_hints,
                )
            elif column.kind != "subnets" or column.device is not None or column in loose:
                yield column

    def _iks(self, own: tuple[End, ...], lane: str) -> Column:
        networks = [n for end in own for n in self.ends.of_cluster(end)]
        key = self._key("iks", own, lane)
        public = [n for n in networks if n.kind.public is True]
        private = [n for n in networks if n.kind.public is False]
        inside = [n for n in networks if n.kind.public is None]
        self._put(key, own, networks)
        return Column(
            key,
            "iks",
            "iks",
            own,
            _title("IKS", own, "IKS clusters"),
            (*_named_in(own), *_items(inside, own)),
            _items(public, own) if public or not private else None,
            _items(private, own),
            hints=_hints(networks),
        )

    def _edge(self, own: tuple[End, ...], lane: str) -> Iterator[Column]:
        ends = self.ends
        uplinks = {role: [n for e in own for n in ends.of_edge(e, kind)] for role, kind in UPLINKS.items()}
        transit = [n for e in own for n in ends.of_edge(e, TRANSIT)]
        machines = [n for e in own for n in ends.stretched_behind(e) if n.kind.role == "vm"]
        key = self._key("edge", own, lane)
        wires = [*uplinks["public"], *uplinks["private"], *transit]
        self._put(key, own, (*wires, *machines))
        behind = [c for e in own for c in ends.icp_behind.get(e, ())]
        groups = self.folding.groups(behind)
        kinds = {d.kind for e in own for d in of_edge(self.landscape, e)} if len(own) == 1 else {"DLR"}
        overlay = bool(machines or groups)
        yield Column(
            key,
            "edge",
            "vcs",
            own,
            _title("ESG", own, "ESGs"),
            self._addresses(own) or _named_in(own),
            _items(uplinks["public"], own) if uplinks["public"] or not uplinks["private"] else None,
            _items(uplinks["private"], own) if uplinks["private"] or not uplinks["public"] else None,
            _items(transit, own),
            "VMs",
            _items(machines, own) if machines else None,
            router="DLR" in kinds and bool(machines or transit),
            direct=overlay and self._is_gateway(own),
            hints=(*self._device_hints(own), *_hints(wires)),
            lower_hints=_hints(machines),
        )
        if overlay:
            self.overlay_of[key] = key
        for group in groups:
            column = self._icp(group, lane)
            self.overlay_of[column.key] = key
            yield column
        other = [n for e in own for kind in _SUBNETS for n in ends.of_edge(e, kind) if n.name not in self.placed]
        if other:
            yield self._subnets(f"subnets:{key}", other)

    def _is_gateway(self, own: tuple[End, ...]) -> bool:
        """Return whether the ESG itself is a gateway on the overlay, or no other device is there."""
        behind = [n for e in own for n in self.ends.behind(e)]
        return not behind or any(gateway_on_esg(n) for n in behind)

    def _addresses(self, own: tuple[End, ...]) -> tuple[Item, ...]:
        """Return the addresses of one ESG by interface, with the number of further ones."""
        if len(own) > 1:
            return ()
        esg = next(d for d in of_edge(self.landscape, own[0]) if d.kind == "ESG")
        found = []
        for port in esg.ports:
            if port.name in ("public", "private", "transit"):
                primary, *more = port.addresses
                name = port.name + (f" +{len(more)}" if more else "")
                found.append(Item(_address(primary), name))
        return _cut(found)

    def _device_hints(self, own: tuple[End, ...]) -> tuple[str, ...]:
        """Return the addresses of the ESG and the DLR of an edge with their names."""
        if len(own) > 1:
            return ()
        return tuple(
            f"{instance.kind} {port.name}: {_address(address)}" + (f" {address.name}" if address.name else "")
            for instance in of_edge(self.landscape, own[0])
            for port in instance.ports
            for address in port.addresses
        )

    def _icp(self, own: tuple[End, ...], lane: str | None) -> Column:
        networks = [n for end in own for n in self.ends.of_cluster(end)]
        key = self._key("icp", own, lane or "")
        workers = [n for n in networks if not n.kind.internal]
        self._put(key, own, networks)
        return Column(
            key,
            "icp",
            "icp",
            own,
            None,
            stub=_items(workers, own),
            lower_title=_title("ICP", own, "ICP clusters"),
            lower=(*_named_in(own), *_items((n for n in networks if n.kind.internal), own)),
            hints=_hints(networks),
        )

    def _others(self, found: Mapping[str, Sequence[Column]]) -> Mapping[str, list[Network]]:
        """Return the networks that are in no column, by lane."""
        others: dict[str, list[Network]] = {}
        for network in self.ends.networks:
            if network.name not in self.placed:
                lane = network.data_center if network.data_center in found else None
                others.setdefault(lane or self.default, []).append(network)
        return others

    def _subnets(self, key: str, networks: Sequence[Network]) -> Column:
        """Return a column for machines on IBM Cloud's networks, and for networks that name no edge or site."""
        public = [n for n in networks if n.kind.public is True]
        hosts = [n for n in networks if public and n.kind.name == "vcs-host-private"]
        rest = [n for n in networks if n.kind.public is not True and n not in hosts]
        self.placed.update((n.name, key) for n in networks)
        lost = any(n.kind.public is None for n in rest)
        return Column(
            key,
            "subnets",
            "vcs",
            (),
            "ESXi hosts" if public else None,
            (),
            _items(public) if public else None,
            _items(hosts) if hosts else None,
            lower_title="no edge or site" if lost else "private subnets",
            lower=_items(rest) if rest else None,
            direct=not lost,
            hints=_hints((*public, *hosts)),
            lower_hints=_hints(rest),
        )

    def _key(self, kind: str, own: tuple[End, ...], lane: str) -> str:
        return f"{kind}:{own[0].name or ''}" if len(own) == 1 else f"{kind}s:{lane}:{own[0].name or ''}"

    def _put(self, key: str, own: tuple[End, ...], networks: Iterable[Network]) -> None:
        self.column_of.update(dict.fromkeys(own, key))
        self.placed.update((n.name, key) for n in networks)


_SUBNETS = tuple(kind.name for kind in KINDS.values() if kind.role in ("host", "vcs"))
"""The kinds of subnet that IBM Cloud provides to a vCenter Server instance, besides those of the ESG."""


def _title(what: str, own: Sequence[End], many: str) -> str:
    if len(own) > 1:
        return f"{len(own):,} {many}"
    return what if own[0].name is None else f"{what} {own[0].name}"


def _items(networks: Iterable[Network], own: Sequence[End] = ()) -> tuple[Item, ...]:
    """Return networks as lines of text, fewer for several ends."""
    items = [Item("to be ordered" if n.prefix is None else str(n.prefix), n.name) for n in networks]
    return _cut(items, MOST_ITEMS if len(own) < 2 else MOST_FOLDED)


def _named_in(own: Sequence[End]) -> tuple[Item, ...]:
    """Return the names of the ends of a folded column as lines, none for a column of one."""
    return _cut([Item("", end.name or end.title) for end in own], MOST_ITEMS) if len(own) > 1 else ()


def _address(address: HostAddress) -> str:
    """Return an address, with a star for one that the plan does not assign."""
    if address.value is None:
        return "to be ordered"
    return address.text + ("*" if address.example else "")


def _cut(items: Sequence[Item], most: int = MOST_ITEMS) -> tuple[Item, ...]:
    if len(items) <= most:
        return tuple(items)
    return (*items[: most - 1], Item("", f"and {len(items) - most + 1:,} more"))


def _hints(networks: Iterable[Network]) -> tuple[str, ...]:
    """Return a line for each network with its full name."""
    return tuple(f"{n.name}: {'to be ordered' if n.prefix is None else n.prefix}, {n.kind.title}" for n in networks)
