"""Makes links between clusters of the plan from the values of tunnels, where both ends are certain.

The values of a tunnel do not name its ends. An end is certain where one cluster has every known range of that side. A
link is made only for a tunnel that translates addresses; a person has to add every other tunnel.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ipplan.addresses import WIDTH

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ipplan.addresses import Prefix
    from ipplan.observed import ObservedPrefix

    Homes = Mapping[Prefix, Sequence["Home"]]
    """The networks that have each range."""


class Home(NamedTuple):
    """A network by its cluster, and its place among the networks of the plan."""

    cluster: str
    place: int


class Translated(NamedTuple):
    """A network by its place among those of the plan, and the range that the far side of a tunnel sees instead."""

    place: int
    shown: Prefix


class TunnelLink(NamedTuple):
    """A tunnel between two clusters: the places of the networks that it carries unchanged, and those that it translates."""

    clusters: tuple[str, str]
    networks: tuple[int, ...]
    nat: tuple[Translated, ...]


def find_links(tunnels: Iterable[Sequence[ObservedPrefix]], homes: Homes) -> list[TunnelLink]:
    """Return the links of tunnels that translate, one for each pair of clusters; the first value for a network counts."""
    found: dict[frozenset[str], TunnelLink] = {}
    for rows in tunnels:
        link = _link(rows, homes)
        if link is None:
            continue
        key = frozenset(link.clusters)
        earlier = found.get(key, TunnelLink(link.clusters, (), ()))
        nat = {**dict(link.nat), **dict(earlier.nat)}
        networks = dict.fromkeys(place for place in (*earlier.networks, *link.networks) if place not in nat)
        found[key] = TunnelLink(earlier.clusters, tuple(networks), _translations(nat))
    return list(found.values())


def _link(rows: Sequence[ObservedPrefix], homes: Homes) -> TunnelLink | None:
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
            place = next((home.place for home in homes.get(row.prefix, ()) if home.cluster == cluster), None)
            if row.shown is None:
                networks += [] if place is None else [place]
            elif place is None or not _stands_for(row.shown, row.prefix):
                return None
            else:
                nat.setdefault(place, row.shown)
    if not nat or clusters[0] == clusters[1]:
        return None
    return TunnelLink((clusters[0], clusters[1]), tuple(n for n in networks if n not in nat), _translations(nat))


def _translations(nat: Mapping[int, Prefix]) -> tuple[Translated, ...]:
    return tuple(Translated(place, shown) for place, shown in nat.items())


def _cluster(rows: Iterable[ObservedPrefix], homes: Homes) -> str | None:
    """Return the one cluster that has all ranges of a side, as far as any cluster has them; None if not exactly one does."""
    known = [{home.cluster for home in homes[row.prefix]} for row in rows if row.prefix in homes]
    common = set.intersection(*known) if known else set()
    return common.pop() if len(common) == 1 else None


def _stands_for(shown: Prefix, real: Prefix) -> bool:
    """Return whether a plan accepts the translation of a range: to one of its size, or to one address."""
    return shown.version == real.version and shown.length in (real.length, WIDTH[shown.version])
