"""What a plan asks for, and what is spoken for: requests and reservations, before anything is placed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ipplan.addresses import WIDTH, Prefix
from ipplan.plan.sizing import Sizing, request_version, size_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ipplan.allocate.packing import Region, Span
    from ipplan.catalog import Catalog
    from ipplan.findings import Source
    from ipplan.plan.model import Network, Plan


class Taken(NamedTuple):
    """Space that is spoken for, and why. `own` is the pinned or default network that holds it."""

    prefix: Prefix
    category: str
    reason: str
    source: Source | None
    own: Network | None = None

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


def region(prefix: Prefix) -> Region:
    """Return the prefix as first address and host bits."""
    return prefix.first, WIDTH[prefix.version] - prefix.length


def span(prefix: Prefix) -> Span:
    """Return the prefix as first and last address."""
    return prefix.first, prefix.last


def list_taken(plan: Plan, catalog: Catalog, data_centers: frozenset[str] | None) -> list[Taken]:
    """Return all that nothing may be allocated from: the catalogue's rows, avoids, pinned and default ranges."""
    found = []
    for row in catalog.avoided(data_centers):
        where = ", ".join(part for part in (row.data_center, row.pod) if part)
        title = f"{row.title} ({where})" if where else row.title
        found.append(Taken(row.prefix, row.category.name, title, row.source))
    found += [Taken(a.prefix, "avoid", a.reason or "avoided by the plan", None) for a in plan.avoids]
    for category, networks in (("pinned", plan.networks), ("default", plan.defaults)):
        for network in networks:
            if (prefix := network.prefix) is not None:
                if network.grow_to is not None and network.grow_to < prefix.length:
                    prefix = prefix.supernet(network.grow_to)
                found.append(Taken(prefix, category, f"network {network.name}", None, network))
    return found


def list_wanted(plan: Plan) -> Iterator[Wanted]:
    """Yield what has to be allocated, in the order of the plan.

    These are BYOIP networks without a range, and IKS's own where they name a pool.
    """
    everywhere: dict[int, tuple[Region, ...]] = {}
    for version in (4, 6):
        prefixes = dict.fromkeys(p.prefix for p in plan.pools if p.prefix.version == version)
        everywhere[version] = tuple(region(prefix) for prefix in prefixes)
    # Networks that ask alike get the very same sizing and regions; a plan has few kinds of them.
    known: dict[object, tuple[int, Sizing, tuple[Region, ...]]] = {}
    for network in plan.networks:
        _, kind, prefix, _, cluster, length, hosts, grow_to, _, pool, *_ = network
        if prefix is not None or (kind[1] != "byoip" and (kind[1] != "default" or pool is None)):
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
