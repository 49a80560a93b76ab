"""From the values of tunnels to links between clusters of the plan, where both ends are known to the last network.

Such values name no end. One is known where all that is known of a side lies in one cluster, and a link is only made for
what it shows at other addresses: every other tunnel is for a person to write.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ipplan.addresses import WIDTH

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ipplan.addresses import Prefix
    from ipplan.observed import Row

    Homes = Mapping[Prefix, Sequence[tuple[str, int]]]
    """By range, the networks that have it: each with its cluster, and its place among the networks of the plan."""


class TunnelLink(NamedTuple):
    """A tunnel between two clusters: the places of the networks that it carries as they are, and of those that it shows."""

    clusters: tuple[str, str]
    networks: tuple[int, ...]
    nat: tuple[tuple[int, Prefix], ...]


def find_links(tunnels: Iterable[Sequence[Row]], homes: Homes) -> list[TunnelLink]:
    """Return the links of tunnels that translate, one for each pair of clusters; the first word on a network counts."""
    found: dict[frozenset[str], TunnelLink] = {}
    for rows in tunnels:
        link = _link(rows, homes)
        if link is None:
            continue
        key = frozenset(link.clusters)
        earlier = found.get(key, TunnelLink(link.clusters, (), ()))
        nat = {**dict(link.nat), **dict(earlier.nat)}
        networks = dict.fromkeys(place for place in (*earlier.networks, *link.networks) if place not in nat)
        found[key] = TunnelLink(earlier.clusters, tuple(networks), tuple(nat.items()))
    return list(found.values())


def _link(rows: Sequence[Row], homes: Homes) -> TunnelLink | None:
    clusters: list[str] = []
    networks: list[int] = []
    nat: dict[int, Prefix] = {}
    for side in ("local", "remote"):
        own = [row for row in rows if row.side == side]
        cluster = _cluster(own, homes)
        if cluster is None:
            return None
        clusters.append(cluster)
        for row in own:
            place = next((place for name, place in homes.get(row.prefix, ()) if name == cluster), None)
            if row.shown is None:
                networks += [] if place is None else [place]
            elif place is None or not _stands_for(row.shown, row.prefix):
                return None
            else:
                nat.setdefault(place, row.shown)
    if not nat or clusters[0] == clusters[1]:
        return None
    return TunnelLink((clusters[0], clusters[1]), tuple(n for n in networks if n not in nat), tuple(nat.items()))


def _cluster(rows: Iterable[Row], homes: Homes) -> str | None:
    """Return the only cluster that has every range of a side that any cluster has."""
    known = [{name for name, _ in homes[row.prefix]} for row in rows if row.prefix in homes]
    common = set.intersection(*known) if known else set()
    return common.pop() if len(common) == 1 else None


def _stands_for(shown: Prefix, real: Prefix) -> bool:
    """Tell whether a plan accepts a range in the place of another: one of its size, or one address."""
    return shown.version == real.version and shown.length in (real.length, WIDTH[shown.version])
