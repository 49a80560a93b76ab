"""List what a plan asks for and what is reserved, before anything is placed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ipplan.addresses import WIDTH, Prefix, covering_prefix
from ipplan.allocation.spans import gaps, merge, reaches, region, shared_regions, span
from ipplan.plan.sizing import Sizing, awaits_range, request_version, size_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ipplan.allocation.spans import Region
    from ipplan.catalog import Catalog
    from ipplan.findings import Source
    from ipplan.plan.model import Network, Plan


class Taken(NamedTuple):
    """Reserved space, and why. `own` is the pinned, kept or default network that holds it.

    `category` is one of the catalogue's, or avoid, link (what its far side sees a network as), pinned, default, kept,
    or group: what lies around the pinned networks of a group, which are named in `reason`. `keep_clear` is the platform
    that the plan could leave out of its `keep-clear` to have the space; None where that would not help.
    """

    prefix: Prefix
    category: str
    reason: str
    source: Source | None
    own: Network | None = None
    keep_clear: str | None = None

    @property
    def ours(self) -> bool:
        """Whether the networks of the plan hold the space, rather than somebody else."""
        return self.own is not None or self.category == "group"

    @property
    def movable(self) -> bool:
        """Whether the plan could give the space up; a pinned range only if it may be allocated anywhere."""
        if self.own is None:
            return self.category == "avoid"
        free = self.own.group is None and self.own.pool is None
        return free and self.category == "pinned" and self.own.kind.provider == "byoip"


class Wanted(NamedTuple):
    """A network to allocate: its sizing, the length of the block it holds, and the regions it may lie in."""

    network: Network
    version: int
    sizing: Sizing
    held: int
    regions: tuple[Region, ...]


class Block(NamedTuple):
    """What is packed as one block of 2^bits addresses: a network, or a group under one cover.

    `key` is the name of its request, `members` are in the order in which they lie in it.
    """

    key: str
    group: str | None
    bits: int
    regions: tuple[Region, ...]
    members: tuple[Wanted, ...]

    @property
    def title(self) -> str:
        """The name that people know it by."""
        return self.key if self.group is None else f"group {self.group}"

    @classmethod
    def of_network(cls, wanted: Wanted, regions: tuple[Region, ...] | None = None) -> Block:
        """Return a network as a block, in its own regions if no others are given."""
        own = wanted.regions if regions is None else regions
        return cls(wanted.network.name, None, WIDTH[wanted.version] - wanted.held, own, (wanted,))

    @classmethod
    def of_group(cls, group: str, members: Iterable[Wanted]) -> Block:
        """Return the members of a group as one block: largest first, then by name, in the regions they share."""
        first, *rest = members
        regions = first.regions
        for w in rest:
            if w.regions != regions:
                regions = shared_regions(regions, w.regions)
        ordered = sorted((first, *rest), key=lambda w: (w.held, w.network.name))
        total = sum(1 << WIDTH[w.version] - w.held for w in ordered)
        # Sorted beside a network of the same name; the NUL makes the two keys differ.
        return cls(f"{group}\0", group, (total - 1).bit_length(), regions, tuple(ordered))


def list_taken(plan: Plan, catalog: Catalog, data_centers: frozenset[str] | None) -> list[Taken]:
    """Return all space that nothing may be allocated from.

    These are the catalogue's rows, avoided space, what links show networks as, and pinned and default ranges.
    """
    found = []
    in_use = plan.platforms
    # Of platforms that reserve the same range, those that the plan has are named.
    rows = sorted(catalog.avoided(data_centers, plan.kept_clear), key=lambda r: r.keep_clear not in in_use)
    for row in rows:
        where = ", ".join(part for part in (row.data_center, row.pod) if part)
        title = f"{row.title} ({where})" if where else row.title
        keep_clear = None if row.keep_clear in in_use else row.keep_clear
        found.append(Taken(row.prefix, row.category.name, title, row.source, None, keep_clear))
    found += [Taken(a.prefix, "avoid", a.reason or "avoided by the plan", None) for a in plan.avoids]
    found += [Taken(s.prefix, "link", s.title, None) for s in plan.shown]
    for category, networks in (("pinned", plan.networks), ("default", plan.defaults)):
        for network in networks:
            if (prefix := network.prefix) is not None:
                if network.grow_to is not None and network.grow_to < prefix.length:
                    prefix = prefix.supernet(network.grow_to)
                found.append(Taken(prefix, category, f"network {network.name}", None, network))
    return found


def list_covers(plan: Plan, taken: Sequence[Taken]) -> list[Taken]:
    """Return the covering prefixes of the groups that are pinned as a whole, where nothing else lies in them.

    One route reaches such a group as long as nothing else is placed between its networks.
    """
    members: dict[str, list[Network]] = {}
    retired = plan.retired.networks
    for network in plan.networks:
        # A retired network without a range gets none.
        if network.group is not None and (network.prefix is not None or network.name not in retired):
            members.setdefault(network.group, []).append(network)
    if not members:
        return []
    held: dict[tuple[str, int], list[Prefix]] = {}
    for t in taken:
        if t.own is not None and t.own.group is not None:
            held.setdefault((t.own.group, t.prefix.version), []).append(t.prefix)
    reserved = {v: merge(span(t.prefix) for t in taken if t.prefix.version == v) for v in (4, 6)}
    found = []
    for (group, version), own in held.items():
        if any(n.prefix is None for n in members.get(group, ())):
            continue
        cover = covering_prefix(own)
        spans = merge(map(span, own))
        if not any(reaches(reserved[version], *gap) for gap in gaps(*span(cover), spans)):
            found.append(Taken(cover, "group", f"reserved for group {group}", None))
    return found


def list_wanted(plan: Plan) -> Iterator[Wanted]:
    """Yield the networks to allocate, in the order of the plan.

    These are BYOIP networks without a range, and IKS's own if they name a pool; no retired ones.
    """
    everywhere: dict[int, tuple[Region, ...]] = {}
    for version in (4, 6):
        prefixes = dict.fromkeys(p.prefix for p in plan.pools if p.prefix.version == version)
        everywhere[version] = tuple(region(prefix) for prefix in prefixes)
    # Networks with the same request share one sizing and one tuple of regions; a plan has few different ones.
    known: dict[object, tuple[int, Sizing, tuple[Region, ...]]] = {}
    retired = plan.retired.networks
    for network in plan.networks:
        _, kind, prefix, _, cluster, length, hosts, grow_to, _, pool, *_ = network
        if prefix is not None or not awaits_range(network) or network[0] in retired:
            continue
        key = (kind[0], cluster, length, hosts, pool)
        if (found := known.get(key)) is None:
            version = request_version(network, plan.pools)
            sizing = size_of(network, plan, version)
            if pool is None:
                regions = everywhere[version]
            elif kind.provider == "byoip":
                regions = (region(pool),)
            else:
                regions = _iks_regions(kind.role, pool, sizing.length)
            found = known[key] = version, sizing, regions
        version, sizing, regions = found
        held = sizing[0] if grow_to is None or grow_to > sizing[0] else grow_to
        yield tuple.__new__(Wanted, (network, version, sizing, held, regions))


def _iks_regions(role: str, pool: Prefix, length: int) -> tuple[Region, ...]:
    """Return the parts of a pool where IKS takes a pod or service range of this length."""
    from ipplan.catalog import iks_windows

    parts = [
        shared
        for window, option, longest, _ in iks_windows()
        if option == f"{role}-subnet" and length <= longest and (shared := pool.shared(window)) is not None
    ]
    return tuple(region(part) for part in dict.fromkeys(parts))
