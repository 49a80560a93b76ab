"""Compare a plan with one file of another tool: the differences are findings of the rule drift."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from ipplan.addresses import PrefixIndex, RangeSet
from ipplan.checks.labels import label, others, ranges_of
from ipplan.plan.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from ipplan.addresses import Prefix
    from ipplan.checks.registry import Rule
    from ipplan.findings import Finding, KeyPath
    from ipplan.observed import Observed, ObservedPrefix
    from ipplan.plan.model import NamedAddress, Network, Plan


class Comparison:
    """A plan and one file: what every comparison needs to report a difference."""

    def __init__(self, rule: Rule, plan: Plan, file: Observed) -> None:
        self.rule = rule
        self.plan = plan
        self.file = file
        defaults = {network.name: network for network in plan.defaults}
        declared = [defaults.pop(network.name, network) for network in plan.networks]
        self.networks = [n for n in (*declared, *defaults.values()) if n.prefix is not None]
        self.place = {network.name: place for place, network in enumerate(self.networks)}
        self.holders: dict[Prefix, list[Network]] = {}
        for network in self.networks:
            if network.prefix is not None:
                self.holders.setdefault(network.prefix, []).append(network)
        self._index = PrefixIndex(sorted(self.holders))

    def overlapping(self, prefix: Prefix) -> list[Network]:
        """Return the networks that share addresses with a prefix, in the order of the plan."""
        found = (self._index.prefixes[position] for position in self._index.overlapping(prefix))
        return sorted((n for other in found for n in self.holders[other]), key=lambda n: self.place[n.name])

    def differ(self, network: Network, row: ObservedPrefix) -> Finding:
        """Report that the plan and the file have different ranges for one network."""
        assert network.prefix is not None
        shared = network.prefix.shared(row.prefix)
        where = f'write cidr = "{row.prefix}"' if network.declared else f"add a network of kind {network.kind.name}"
        because = f"the plan has {network.prefix}, and {self.file.file} has {row.cidr}"
        if row.line is None and row.description:
            because += f": {row.description}"
        return self.rule.finding(
            f"{label(network)} is {row.cidr} in {self.where(row)}",
            network.cidr_key,
            networks=(network.name,),
            cidrs=(*ranges_of(network), row.prefix),
            overlap=shared,
            because=(because,),
            help=f"{where} if {self.file.file} is right, or correct {row.field} there",
        )

    def missing_in_plan(
        self,
        row: ObservedPrefix,
        what: str = "network",
        key: KeyPath = ("networks",),
        *,
        more: int = 0,
        instead: Sequence[Network] = (),
    ) -> Finding:
        """Report a range of the file that the plan does not have.

        `more` counts further ranges like it; `instead` are networks that the plan has in their place.
        """
        because = [f"it is {row.description}"] if row.description else []
        if more:
            because.append(f"{more:,} more of {row.field} {'are' if more > 1 else 'is'} in no network of the plan")
        if instead:
            because.append(f"the plan has {', '.join(map(label, instead[:4]))} instead")
        near = self.overlapping(row.prefix)
        if near:
            because.append(f"it shares addresses with {', '.join(map(label, near[:4]))}")
        touched = list(dict.fromkeys((*near, *instead)))
        return self.rule.finding(
            f"{row.cidr} is in {self.where(row)}, but the plan has no such {what}",
            instead[0].cidr_key if instead else key,
            networks=tuple(n.name for n in touched),
            cidrs=(*ranges_of(*touched), row.prefix),
            related=others(*(n for n in touched if n not in instead[:1])),
            because=tuple(because),
            help=f"add it to the plan (as [[avoid]] if it is not part of the plan), or remove it from {self.file.file}",
        )

    def missing_in_file(self, network: Network, field: str | None = None) -> Finding:
        """Report a network of the plan that the file does not have."""
        place = self.file.file if field is None else f"{field} of {self.file.file}"
        return self.rule.finding(
            f"{label(network)} is not in {place}",
            network.cidr_key,
            networks=(network.name,),
            cidrs=ranges_of(network),
            because=(f"such a file lists every network of kind {network.kind.name}",) if field is None else (),
            help=f"add it to {place}, or remove it from the plan",
        )

    def address_differs(self, network: Network, named: NamedAddress, text: str, row: ObservedPrefix | None) -> Finding:
        """Report a named address of the plan that the file has elsewhere, or does not have."""
        said = f"is {row.cidr} in {self.where(row)}" if row is not None else f"is not in {self.file.file}"
        return self.rule.finding(
            f"address {named.name} {text} of {network.name} {said}",
            (*network.key, "addresses", named.name),
            networks=(network.name,),
            cidrs=ranges_of(network),
            help=f"correct the plan or {self.file.file}",
        )

    def where(self, row: ObservedPrefix) -> str:
        """Return file, line and field of a row."""
        line = f" line {row.line}" if row.line is not None else ""
        return f"{self.file.file}{line}" + (f" ({row.field})" if row.field else "")

    def compare_addresses(self, rows: Sequence[ObservedPrefix], homes: Sequence[Network]) -> Iterator[Finding]:
        """Compare single addresses that a plan may name with the networks in which it would name them."""
        named = list(_named(homes, rows[0].names))
        stated = {row.cidr for row in rows}
        for network, address, text in named:
            if text not in stated:
                yield self.address_differs(network, address, text, rows[0])
        for row in [] if named else rows:
            if homes and not any(n.prefix is not None and n.prefix.covers(row.prefix) for n in homes):
                yield self.missing_in_plan(row, f"address in {' or '.join(n.name for n in homes[:4])}", homes[0].key)


class ListComparison(Comparison):
    """A file that lists networks: each row has to be a network of the plan, and the other way round."""

    def findings(self) -> Iterator[Finding]:
        """Yield what differs, in the order of the file, then what the file does not have, in the order of the plan."""
        self.certain = True
        self.scope = list(self._scope())
        self.left = {network.name: network for network in self.scope}
        self.inside = frozenset(self.left)
        self.avoided = RangeSet(avoid.prefix for avoid in self.plan.avoids)
        self.pools = RangeSet(pool.prefix for pool in self.plan.pools)
        self.rows_of = Counter(row.prefix for row in self.file.rows)
        waiting = [row for row in self.file.rows if row.whole and not row.container and not self._is_there(row)]
        parts = [row for row in self.file.rows if not row.whole and not row.names]
        holders = [self._holders(row) for row in parts]
        self.holding = frozenset(network.name for around in holders for network in around)
        waiting = [row for row in waiting if not (row.kind is None and self.avoided.covers(row.prefix))]
        waiting = [row for row in waiting if not self._is_part(row)]
        self.waiting = Counter(map(self._bucket, waiting))
        for row in waiting:
            other = self._other_kind(row)
            if other is not None and self._same_name(row) is None:
                yield self._kind_differs(other, row)
            elif (meant := self._meant(row)) is not None:
                del self.left[meant.name]
                yield self.differ(meant, row)
            elif not self.file.partial or self._touches(row):
                yield self.missing_in_plan(row)
        yield from self._routes()
        for name in self.holding:
            self.left.pop(name, None)
        yield from self._parts(parts, holders)
        yield from self._named_addresses()
        for network in self.left.values():
            if network.name in self.plan.retired.networks:
                continue  # it may still be in the file, and need not be
            # An IPAM has each prefix once, whatever uses it.
            once = self.file.partial and network.prefix in self.rows_of
            if network.kind.name in self.file.kinds and not network.default and self.certain and not once:
                yield self.missing_in_file(network)

    def _routes(self) -> Iterator[Finding]:
        """Yield routes into the pools to no network of the plan; a route to several networks is a summary."""
        for row in self.file.rows if self.file.routes else ():
            known = self.avoided.covers(row.prefix) or self.overlapping(row.prefix)
            if row.container and self.pools.overlaps(row.prefix) and not known:
                yield self.missing_in_plan(row)

    def _is_part(self, row: ObservedPrefix) -> bool:
        """Return whether a router has a part of an enterprise network, of which a plan may have only the summary."""
        return self.file.routes and any(
            n.kind.provider == "enterprise" and n.prefix is not None and n.prefix.covers(row.prefix)
            for n in self.overlapping(row.prefix)
        )

    def _scope(self) -> Iterator[Network]:
        """Yield the networks that the file can describe: for the file of one cluster, those of that cluster."""
        platforms = {KINDS[kind].platform for kind in self.file.kinds}
        clusters = self._clusters(platforms) if self.file.one_cluster else None
        for network in self.networks:
            if clusters is None or network.kind.platform is None or network.cluster in clusters:
                yield network

    def _clusters(self, platforms: Collection[str | None]) -> set[str | None] | None:
        """Return the cluster that the file most likely describes, None if that is not clear."""
        names = [cluster.name for cluster in self.plan.clusters.values() if cluster.platform in platforms]
        stated = {cluster.name for cluster in self.file.clusters} | {c.id for c in self.file.clusters}
        same = [name for name in names if name in stated]
        if same or len(names) < 2:
            return {*(same or names), None} if names else None
        ranges = {row.prefix for row in self.file.rows}
        scores = dict.fromkeys(names, 0)
        for network in self.networks:
            if network.cluster in scores and network.prefix is not None:
                equal = network.prefix in ranges
                scores[network.cluster] += 1000 * equal + any(network.prefix.overlaps(r) for r in ranges)
        best = max(scores.values())
        likely = [name for name, score in scores.items() if score == best]
        if best and len(likely) == 1:
            return {likely[0], None}
        # It may be of any cluster, so nothing can be said about what the file does not have.
        self.certain = False
        return None

    def _is_there(self, row: ObservedPrefix) -> bool:
        """Return whether the plan has exactly this network, and remove it from the networks left."""
        found = [n for n in self.holders.get(row.prefix, ()) if n.name in self.inside]
        found = [n for n in found if row.kind is None or n.kind.name in self._kinds(row)]
        # Each of several rows of one prefix is one network; a single row is all networks that have the prefix.
        if self.rows_of[row.prefix] > 1 and found:
            found = sorted(found, key=lambda n: (n.name not in self.left, n.name != row.name))[:1]
        for network in found:
            self.left.pop(network.name, None)
        return bool(found)

    def _states_kinds(self) -> bool:
        """Return whether the file states the kinds of its rows. If not, they are guessed, as for pools of Calico."""
        return len({KINDS[kind].platform for kind in self.file.kinds if KINDS[kind].internal}) < 2

    def _holders(self, row: ObservedPrefix) -> list[Network]:
        """Return the networks of the plan that contain the row."""
        return [
            n
            for n in self.overlapping(row.prefix)
            if n.name in self.inside and n.prefix is not None and n.prefix.covers(row.prefix)
            if row.kind in (None, n.kind.name)
        ]

    def _parts(self, parts: Sequence[ObservedPrefix], holders: Sequence[list[Network]]) -> Iterator[Finding]:
        """Compare rows that lie in networks with these; if none of a field does, report the field once."""
        contained = {(row.kind, row.field) for row, around in zip(parts, holders, strict=True) if around}
        strays: dict[tuple[str | None, str], list[ObservedPrefix]] = {}
        for row, around in zip(parts, holders, strict=True):
            if around:
                yield from self._moved(row, around)
            elif not self.avoided.covers(row.prefix) and (not self.file.partial or self._touches(row)):
                strays.setdefault((row.kind, row.field), []).append(row)
        for group, rows in strays.items():
            if group in contained:
                yield from map(self.missing_in_plan, rows)
                continue
            instead = [network for network in self.left.values() if network.kind.name == group[0]]
            for network in instead:
                del self.left[network.name]
            yield self.missing_in_plan(rows[0], more=len(rows) - 1, instead=instead)

    def _moved(self, row: ObservedPrefix, around: Sequence[Network]) -> Iterator[Finding]:
        """Yield the address with the row's name if no network around the row has it there."""
        named = list(_named(around, (row.name,))) if row.is_address else []
        if named and all(text != row.cidr for _, _, text in named):
            yield self.address_differs(*named[0], row)

    def _touches(self, row: ObservedPrefix) -> bool:
        """Return whether the row shares addresses with the pools or networks of the plan."""
        return self.pools.overlaps(row.prefix) or bool(self.overlapping(row.prefix))

    def _other_kind(self, row: ObservedPrefix) -> Network | None:
        return next((n for n in self.holders.get(row.prefix, ()) if n.name in self.inside), None)

    def _kind_differs(self, network: Network, row: ObservedPrefix) -> Finding:
        self.left.pop(network.name, None)
        return self.rule.finding(
            f"{label(network)} is of kind {network.kind.name}, but of kind {row.kind} in {self.where(row)}",
            (*network.key, "kind") if network.declared else network.key,
            networks=(network.name,),
            cidrs=(*ranges_of(network), row.prefix),
            help=f'write kind = "{row.kind}" if {self.file.file} is right',
        )

    def _kinds(self, row: ObservedPrefix) -> Collection[str]:
        """Return the kinds that a row may have; if they are guessed, those of its role on any platform."""
        if row.kind is None:
            return self.file.kinds
        if self._states_kinds():
            return {row.kind}
        return {kind for kind in self.file.kinds if KINDS[kind].role == KINDS[row.kind].role}

    def _bucket(self, row: ObservedPrefix) -> str | None:
        """Return a key that is equal for rows that may be the same network of the plan."""
        return row.kind if row.kind is None or self._states_kinds() else KINDS[row.kind].role

    def _same_name(self, row: ObservedPrefix) -> Network | None:
        """Return the network of the plan with the name of the row, if the file did not have it so far."""
        same = self.left.get(row.name)
        return same if same is not None and same.kind.name in self._kinds(row) else None

    def _meant(self, row: ObservedPrefix) -> Network | None:
        """Return the network of the plan that the row most likely is, at another range; None if none is likely."""
        if (same := self._same_name(row)) is not None:
            return same
        kinds = self._kinds(row)
        near = (n for n in self.overlapping(row.prefix) if n.name in self.left and n.kind.name in kinds)
        if (first := next(near, None)) is not None:
            return first
        # Two ranges that share nothing are one network only if nothing else can be meant.
        if row.kind is None or self.waiting[self._bucket(row)] != 1:
            return None
        likely = [n for n in self.left.values() if n.kind.name in kinds and n.name not in self.holding]
        return likely[0] if len(likely) == 1 else None

    def _named_addresses(self) -> Iterator[Finding]:
        rows = [row for row in self.file.rows if row.names and row.side is None]
        stated: set[str] = set()
        for name in dict.fromkeys(row.names for row in rows):
            own = [row for row in rows if row.names == name]
            stated.update(name)
            yield from self.compare_addresses(own, [n for n in self.scope if n.kind.name == "icp-worker"])
        for network in self.scope:
            for address in network.addresses if network.kind.name == "icp-worker" else ():
                text = _resolved(network, address)
                if self.certain and text is not None and address.name in self.file.names - stated:
                    yield self.address_differs(network, address, text, None)


def ranges(networks: Iterable[Network]) -> RangeSet:
    """Return the addresses of the networks that have a range."""
    return RangeSet(network.prefix for network in networks if network.prefix is not None)


def _named(networks: Iterable[Network], wanted: Sequence[str]) -> Iterator[tuple[Network, NamedAddress, str]]:
    """Yield of each network its first address with one of these names, and the address as text."""
    for network in networks:
        by_name = {address.name: address for address in network.addresses}
        found = next((by_name[name] for name in wanted if name in by_name), None)
        if found is not None and (text := _resolved(network, found)) is not None:
            yield network, found, text


def _resolved(network: Network, address: NamedAddress) -> str | None:
    if network.prefix is None:
        return None
    found = address.at(network.prefix)
    return None if found is None else str(found)
