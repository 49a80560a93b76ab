"""Compare the tunnels of a plan with the values of a chart or the configuration of a gateway, for the rule drift.

A chart describes one end at a cluster. A gateway has an end wherever the plan has one, and may have tunnels to
others, of which the plan says nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ipplan.addresses import Prefix, RangeSet
from ipplan.checks.comparison import Comparison, ranges
from ipplan.checks.labels import label, ranges_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ipplan.catalog import Catalog
    from ipplan.checks.registry import Rule
    from ipplan.findings import Finding
    from ipplan.landscape.ends import Carried, End
    from ipplan.landscape.model import HostAddress, Tunnel, TunnelEnd
    from ipplan.observed import Exchange, Observed, ObservedPrefix
    from ipplan.plan.model import Network, Plan

_INGRESS = ("iks-ingress-public", "iks-ingress-private")
_NAT_KEYS = {"local": "localSubnetNAT", "remote": "remoteSubnetNAT"}


class _End(NamedTuple):
    """A tunnel of the plan seen from one side: its own end and the far end."""

    tunnel: Tunnel
    own: TunnelEnd
    far: TunnelEnd


class _Part(NamedTuple):
    """What a file says about one tunnel."""

    rows: tuple[ObservedPrefix, ...]
    exchanges: tuple[Exchange, ...]

    def of(self, side: str) -> list[ObservedPrefix]:
        """Return the rows of one side, or of one address."""
        return [row for row in self.rows if row.side == side]

    def space(self, side: str) -> RangeSet:
        """Return the addresses of these rows."""
        return RangeSet(row.prefix for row in self.of(side))


class TunnelComparison(Comparison):
    """The tunnels of one file: the ranges of each side have to be those of the plan's landscape."""

    def __init__(self, rule: Rule, plan: Plan, file: Observed, catalog: Catalog) -> None:
        super().__init__(rule, plan, file)
        from ipplan.landscape import Landscape

        self.landscape = Landscape(plan, catalog)
        self.by_name = {network.name: network for network in self.networks}

    def findings(self) -> Iterator[Finding]:
        """Yield what differs of each tunnel: local side, remote side, addresses of both ends, version of IKE."""
        parts = self._parts()
        what = "a strongSwan tunnel"
        if self.file.gateway:
            what = "an IPsec tunnel" if len(parts) == 1 else f"{len(parts):,} IPsec tunnels"
        found = self._described(parts)
        if found is None:
            yield self.rule.finding(
                f"{self.file.file} describes {what}, but the plan has none",
                ("integration",),
                help='write iks-vcs = "strongswan" or iks-icp = "strongswan" under [integration],'
                ' or a [[link]] with method = "strongswan"',
            )
        elif not found:
            yield self.rule.finding(
                f"{self.file.file} describes {what}, but none of its addresses belongs to a tunnel of the plan",
                ("integration",),
                help="compare the plan with a gateway at one of its tunnels, or add the tunnel as a [[link]]",
            )
        for end, part in found or ():
            yield from _OneTunnel(self, end, part).findings()

    def _parts(self) -> list[_Part]:
        """Return what the file says, tunnel by tunnel."""
        rows: dict[str | None, list[ObservedPrefix]] = {}
        for row in self.file.rows:
            if row.side is not None:
                rows.setdefault(row.tunnel, []).append(row)
        exchanges: dict[str | None, list[Exchange]] = {}
        for exchange in self.file.exchanges:
            exchanges.setdefault(exchange.tunnel, []).append(exchange)
        return [_Part(tuple(own), tuple(exchanges.get(name, ()))) for name, own in rows.items()]

    def _described(self, parts: Sequence[_Part]) -> list[tuple[_End, _Part]] | None:
        """Return the ends that the file most likely describes, None if the plan has none.

        In the file of a gateway, parts that share no address with a tunnel of the plan belong to other tunnels. So
        do parts that share less with it than another part: the peer counts most, then the own address, then ranges.
        """
        chosen: dict[tuple[object, End], list[tuple[tuple[bool, bool, bool], _End, _Part]]] = {}
        any_end = False
        for part in parts:
            ends = list(self._gateway_ends() if self.file.gateway else self._chart_ends(part.space("local")))
            any_end = any_end or bool(ends)
            if not ends:
                continue
            scores = [(self._likeness(end, part), end) for end in ends]
            score, best = max(scores, key=lambda pair: pair[0])
            if any(score) or not self.file.gateway:
                rank = score[2], score[0] > 0, score[1] > 0
                chosen.setdefault((best.tunnel.joint, best.own.end), []).append((rank, best, part))
        if not any_end:
            return None
        found = []
        for group in chosen.values():
            most = max(rank for rank, _, _ in group)
            certain = [entry for entry in group if entry[0] == most]
            rows = tuple(row for _, _, part in certain for row in part.rows)
            exchanges = tuple(exchange for _, _, part in certain for exchange in part.exchanges)
            found.append((certain[0][1], _Part(rows, exchanges)))
        return found

    def _likeness(self, end: _End, part: _Part) -> tuple[int, int, bool]:
        """Return how much of a part fits an end: addresses of gateways, then the ranges of both sides."""
        near, far = self._space(end, end.own.end), self._space(end, end.far.end)
        shared = (near & part.space("local")).size + (far & part.space("remote")).size
        called = end.far.gateway is not None and _text(end.far.gateway) in {r.cidr for r in part.of("far-gateway")}
        if self.file.gateway:
            own = end.own.gateway is not None and _text(end.own.gateway) in {r.cidr for r in part.of("gateway")}
            return own + called, shared, called
        ingress = ranges(n for kind in _INGRESS for n in self.landscape.ends.of_cluster(end.own.end, kind))
        return (ingress & part.space("gateway")).size, shared, called

    def _chart_ends(self, local: RangeSet) -> Iterator[_End]:
        """Yield the ends at clusters that share addresses with the local side; of all clusters if none does."""
        ends = self.landscape.ends
        touched = [c for c in ends.clusters if ranges(ends.of_cluster(c)) & local]
        yield from self._ends_at(touched or ends.clusters)

    def _gateway_ends(self) -> Iterator[_End]:
        """Yield the ends of all tunnels, from each of their sides."""
        ends = self.landscape.ends
        yield from self._ends_at((*ends.edges, *ends.sites, *ends.clusters))

    def _ends_at(self, places: Iterable[End]) -> Iterator[_End]:
        for place in places:
            for tunnel in self.landscape.tunnels.of_end(place):
                if tunnel.joint.method != "gre":
                    yield _End(tunnel, tunnel.end_at(place), tunnel.far_from(place))

    def carried(self, end: _End, side: End) -> tuple[Carried, ...]:
        """Return the networks of one side that a tunnel carries."""
        return self.landscape.ends.carriage.carried(end.tunnel.joint, side)

    def _space(self, end: _End, side: End) -> RangeSet:
        return space(self.carried(end, side))


class _OneTunnel:
    """One end of a tunnel, compared with what a file says about it."""

    def __init__(self, whole: TunnelComparison, end: _End, part: _Part) -> None:
        self.whole = whole
        self.end = end
        self.part = part
        self.key = end.tunnel.joint.key
        self.by_gateway = whole.file.gateway

    def findings(self) -> Iterator[Finding]:
        """Yield what differs, side by side."""
        end, ends = self.end, self.whole.landscape.ends
        own, far = end.own.end, end.far.end
        local, remote = self.whole.carried(end, own), self.whole.carried(end, far)
        folded = RangeSet((*end.own.subnets, *end.own.policy))
        allowed = ends.of_cluster(own) if own.kind in ("iks", "icp") else []
        yield from self._compare("local", local, allowed, folded)
        # One release of the chart may carry all tunnels of a cluster; a gateway has each on its own.
        tunnels = [end.tunnel] if self.by_gateway else self.whole.landscape.tunnels.of_end(own)
        behind = [
            item.network for tunnel in tunnels for item in ends.carriage.carried(tunnel.joint, tunnel.joint.far(own))
        ]
        # The plan puts a group, or neighbours, under one prefix, with room between the networks.
        folded = RangeSet(p for t in tunnels for e in (t.far_from(own),) for p in (*e.subnets, *e.policy))
        yield from self._compare("remote", remote, behind, folded)
        yield from self._translated("local", local)
        yield from self._translated("remote", remote)
        yield from self._single_source(local)
        yield from self._own_gateway()
        yield from self._far_gateway()
        yield from self._exchange()

    def _compare(
        self, side: str, needed: Sequence[Carried], allowed: Iterable[Network], folded: RangeSet
    ) -> Iterator[Finding]:
        """Compare the addresses of one side; joined or split prefixes are not a difference."""
        rows = self.part.of(side)
        if not rows:
            return
        field = next((row.field for row in rows if row.field not in _NAT_KEYS.values()), rows[0].field)
        stated = self.part.space(side)
        fine = space(needed) | ranges(allowed) | folded
        strange = [row for row in rows if not fine.covers(row.prefix)]
        missing = [
            item.network
            for item in needed
            if item.network.prefix is not None
            and not any(stated.covers(p) for p in (item.network.prefix, item.shown) if p is not None)
        ]
        if len(strange) == len(missing) == 1:
            yield self.whole.differ(missing[0], strange[0])
            return
        for row in strange:
            yield self.whole.missing_in_plan(row, f"network on that side of the tunnel ({row.field})", self.key)
        for network in missing:
            yield self.whole.missing_in_file(network, field)

    def _translated(self, side: str, items: Sequence[Carried]) -> Iterator[Finding]:
        """Yield networks that the file translates to other addresses than the plan, each once."""
        rows = self.part.of(side)
        translates = self._translates(side)
        for item in items:
            real = item.network.prefix
            if real is None or not rows:
                continue
            planned = item.shown if translates else None
            on_the_way = item.shown or real if translates == (side == "local") else real
            found = _image(rows, real, planned)
            if found is None and not _translated_space(rows).covers(real):
                found = self._listed(rows, item, planned, on_the_way)
            if found is not None:
                row, stated = found
                yield self._translation_differs(side, item.network, row, stated, planned or _other(on_the_way, real))

    def _translates(self, side: str) -> bool:
        """Return whether this end translates a side: its own unless the far end does, the far one if it does both."""
        from ipplan.landscape.tunnels import translates_both

        joint = self.end.tunnel.joint
        if side == "remote":
            return translates_both(joint, self.end.own.end)
        return not translates_both(joint, self.end.far.end)

    def _listed(
        self, rows: Sequence[ObservedPrefix], item: Carried, planned: Prefix | None, on_the_way: Prefix
    ) -> tuple[ObservedPrefix, Prefix | None] | None:
        """Return the row that lists a network at other addresses than the plan, with what it translates them to."""
        plain = [row for row in rows if row.shown is None]
        right = next((row for row in plain if row.prefix.covers(on_the_way)), None)
        if right is not None:
            # A gateway may translate in another file; a chart has no other one.
            return None if planned is None or self.by_gateway else (right, None)
        for other in (item.network.prefix, item.shown):
            row = next((row for row in plain if other is not None and row.prefix.covers(other)), None)
            if row is not None and other is not None:
                return row, _other(other, item.network.prefix)
        return None

    def _translation_differs(
        self, side: str, network: Network, row: ObservedPrefix, stated: Prefix | None, planned: Prefix | None
    ) -> Finding:
        file = self.whole.file.file
        in_file, in_plan = ("not translated" if p is None else f"translated to {p}" for p in (stated, planned))
        help_ = f"correct {row.field} in {file}, or nat of the link"
        if not self.by_gateway:
            help_ = f"write {_NAT_KEYS[side]} in {file}, or correct nat of the link"
        if stated is not None:
            entry = f'{{ network = "{network.name}", as = "{stated}" }}'
            help_ = f"write nat = [{entry}] in the [[link]] of the tunnel if {file} is right"
        return self.whole.rule.finding(
            f"{label(network)} is {in_file} in {self.whole.where(row)}, but {in_plan} in the plan",
            self.key,
            networks=(network.name,),
            cidrs=(*ranges_of(network), stated or row.prefix),
            help=help_,
        )

    def _single_source(self, items: Sequence[Carried]) -> Iterator[Finding]:
        """Compare the one source address of a cluster with what the plan translates its networks to."""
        rows = self.part.of("source")
        wrong = [item.network for item in items if rows and all(row.prefix != item.shown for row in rows)]
        if wrong:
            row, network = rows[0], wrong[0]
            more = f" and {len(wrong) - 1:,} more are" if len(wrong) > 1 else " is"
            yield self.whole.rule.finding(
                f"{label(network)}{more} translated to {row.prefix} in {self.whole.where(row)}, but differently in the"
                " plan",
                self.key,
                networks=tuple(n.name for n in wrong),
                cidrs=(*ranges_of(network), row.prefix),
                help=f'write nat = [{{ network = "{network.name}", as = "{row.prefix}" }}] in the [[link]] of the'
                f" tunnel if {self.whole.file.file} is right",
            )

    # -- addresses of the ends -----------------------------------------------------------------------------

    def _own_gateway(self) -> Iterator[Finding]:
        """Compare the address at which this end listens; a cluster needs none towards ICP, to which it connects."""
        end, whole = self.end, self.whole
        rows = self.part.of("gateway")
        if self.by_gateway:
            # The strongSwan of ICP listens among the workers, behind the NAT of the ESG.
            inside = whole.by_name.get(end.own.inside.network or "") if end.own.inside is not None else None
            behind = [inside] if inside is not None else []
            yield from self._gateway([row for row in rows if not _contained(behind, row)], end.own, "this")
            return
        if end.own.end.kind != "iks":
            return
        known = end.own.gateway
        homes = self._homes(end.own)
        if known is None or known.value is None:
            for row in rows:
                if homes and not _contained(homes, row):
                    yield whole.missing_in_plan(
                        row, f"address in {' or '.join(n.name for n in homes[:4])}", homes[0].key
                    )
        elif rows and all(row.cidr != known.text for row in rows):
            yield from self._address_differs(known, rows[0])
        elif not rows and end.tunnel.joint.pair == "iks-edge":
            yield from self._address_differs(known, None)

    def _far_gateway(self) -> Iterator[Finding]:
        """Compare the address that this end connects to."""
        yield from self._gateway(self.part.of("far-gateway"), self.end.far, "the other")

    def _gateway(self, rows: Sequence[ObservedPrefix], end: TunnelEnd, which: str) -> Iterator[Finding]:
        known = end.gateway
        homes = [n for n in self._homes(end) if n.prefix is not None]
        stated = known is not None and known.value is not None and not known.example
        for row in rows:
            if homes and not _contained(homes, row):
                yield self.whole.missing_in_plan(row, f"address at {which} end of the tunnel", self.key)
            elif known is not None and stated and known.text != row.cidr:
                yield from self._address_differs(known, row)

    def _homes(self, end: TunnelEnd) -> list[Network]:
        """Return the networks in which an end of the tunnel has its address."""
        ends, place = self.whole.landscape.ends, end.end
        if place.kind == "iks":
            return [n for kind in _INGRESS for n in ends.of_cluster(place, kind)]
        if place.kind == "site":
            return []
        edge = ends.edge_of_cluster(place) if place.kind == "icp" else place
        role = "private" if self.end.tunnel.private else "public"
        return [] if edge is None else list(ends.of_edge(edge, f"vcs-esg-{role}"))

    def _address_differs(self, known: HostAddress, row: ObservedPrefix | None) -> Iterator[Finding]:
        network = self.whole.by_name.get(known.network or "")
        named = next((a for a in network.addresses if a.name == known.name), None) if network else None
        if network is not None and named is not None:
            yield self.whole.address_differs(network, named, known.text, row)

    def _exchange(self) -> Iterator[Finding]:
        """Compare the version of IKE, which has to be the same at both ends."""
        planned, file = self.whole.plan.ike or 2, self.whole.file.file
        stated = next((exchange for exchange in self.part.exchanges if exchange.version != planned), None)
        if stated is not None:
            line = f" line {stated.line}" if stated.line is not None else ""
            yield self.whole.rule.finding(
                f"IKE is version {stated.version} in {file}{line} ({stated.field}), but version {planned} in the plan",
                ("integration", "ike") if self.whole.plan.ike is not None else self.key,
                help=f"write ike = {stated.version} under [integration] if {file} is right",
            )


def space(items: Iterable[Carried]) -> RangeSet:
    """Return the addresses of networks on a tunnel: their own, and those that they are translated to."""
    return RangeSet(p for item in items for p in (item.network.prefix, item.shown) if p is not None)


def _image(
    rows: Sequence[ObservedPrefix], real: Prefix, planned: Prefix | None
) -> tuple[ObservedPrefix, Prefix | None] | None:
    """Return the first row that translates a network, or a part of it, differently than planned, with its result.

    None if no row translates any of it, or all rows do as planned. A translation of a larger or smaller range
    counts for the addresses that both share, each at its own place.
    """
    for row in rows:
        if row.shown is None or not row.prefix.overlaps(real):
            continue
        part = real if row.prefix.covers(real) else row.prefix
        stated = _moved(part, row.prefix, row.shown)
        if planned is None or stated != _moved(part, real, planned):
            return row, stated
    return None


def _translated_space(rows: Iterable[ObservedPrefix]) -> RangeSet:
    return RangeSet(row.prefix for row in rows if row.shown is not None)


def _moved(part: Prefix, real: Prefix, shown: Prefix) -> Prefix:
    """Return what a part of a range is translated to, if the whole range is translated; one address may be for all."""
    if shown.length <= real.length:
        return Prefix(shown.version, shown.first + (part.first - real.first), part.length)
    return shown


def _other(prefix: Prefix, real: Prefix | None) -> Prefix | None:
    """Return a range that is not the network's own, None if it is."""
    return None if prefix == real else prefix


def _contained(homes: Iterable[Network], row: ObservedPrefix) -> bool:
    return any(n.prefix is not None and n.prefix.covers(row.prefix) for n in homes)


def _text(address: HostAddress) -> str | None:
    return None if address.value is None or address.example else address.text
