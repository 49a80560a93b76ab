"""Collect the links of a diagram: tracks between columns, in the channel of the network that they use.

Bundles that look alike become one track; very many tracks are merged by method. Must not know positions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from ipplan.landscape.overview import list_links

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from ipplan.landscape import Landscape
    from ipplan.landscape.ends import End
    from ipplan.landscape.overview import LinkRow, Side

    Notes = dict[str, tuple[str, list[str]]]

MOST_TRACKS = 24
"""Draw at most this many tracks one by one; join those of one method and far end beyond that."""

Channel = Literal["public", "private"]
Style = Literal["tunnel", "plain", "stretched", "open"]


class Track(NamedTuple):
    """Links between columns that are drawn as one line with a tap at each column.

    Each of `firsts` is joined with each of `seconds`, unless several bundles share the line. `head`
    is the method, `tails` the prefixes of the first and of the second ends, `hints` have all details. `overlay` means that
    the second ends are on the overlay and not at the ESG.
    """

    key: str
    channel: Channel
    method: str | None
    style: Style
    firsts: tuple[str, ...]
    seconds: tuple[str, ...]
    head: str
    tails: tuple[str, str]
    hints: tuple[str, ...]
    overlay: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that it ends at."""
        return tuple(dict.fromkeys((*self.firsts, *self.seconds)))


class Links(NamedTuple):
    """The tracks, and links that are written at an existing line: by column, words and hints.

    `wan` are the columns of sites that Direct Link joins with IBM Cloud's private network, `nat` those of ICP clusters.
    """

    tracks: tuple[Track, ...]
    wan: Notes
    nat: Notes


_HEADS: dict[str | None, str] = {"bgp": "bgp, with the BCR", "common-vlan": "common-vlan, bgp"}
"""The text at a link whose method alone does not explain it."""


def gather_links(landscape: Landscape, column_of: Mapping[End, str], concentrator_of: Mapping[End, str]) -> Links:
    """Return the links between columns, given the column of each end and of the L2 concentrator of each site."""
    tracks: list[Track] = []
    wan: Notes = {}
    nat: Notes = {}
    for link in list_links(landscape):
        bundle = link.bundle
        if bundle.pair in ("site-private", "icp-edge"):
            kept = wan if bundle.pair == "site-private" else nat
            subnets = _subnets(link)
            for end in bundle.first:
                _note(kept, column_of[end], bundle.method or bundle.title, _hints(link, (end,), subnets))
            continue
        stretched = bundle.method == "l2-extension"
        if stretched:
            for site in bundle.first:
                _note(wan, column_of[site], "Direct Link", ())
        tracks.append(_track(link, column_of, concentrator_of if stretched else {}))
    return Links(_bounded(_merge(tracks, _same)), wan, nat)


def _note(notes: Notes, column: str, words: str, hints: Iterable[str]) -> None:
    known, old = notes.setdefault(column, (words, []))
    old += hints
    if known == "Direct Link":
        # The words of a routed link replace the plain Direct Link.
        notes[column] = (words, old)


def _track(link: LinkRow, column_of: Mapping[End, str], first_of: Mapping[End, str]) -> Track:
    bundle = link.bundle
    firsts, seconds = (
        tuple(dict.fromkeys(column))
        for column in (
            (first_of.get(end) or column_of[end] for end in bundle.first),
            (column_of[end] for end in bundle.second),
        )
    )
    public = link.private is False
    style: Style = "plain"
    if bundle.method is None:
        style = "open"
    elif bundle.method == "l2-extension":
        style = "stretched"
    elif link.private is not None:
        style = "tunnel"
    key = f"{bundle.pair}|{bundle.method}|{'+'.join(firsts)}|{'+'.join(seconds)}"
    tails = (_prefixes(link.first), _prefixes(link.second))
    return Track(
        key,
        "public" if public else "private",
        bundle.method,
        style,
        firsts,
        seconds,
        _HEADS.get(bundle.method, bundle.method) or bundle.title,
        tails,
        _hints(link, bundle.first, _subnets(link)),
        bundle.method == "l2-extension",
    )


def _prefixes(sides: Sequence[Side]) -> str:
    """Return the first prefix that the far side sees, and the number of further ones."""
    known = [str(prefix) for side in sides for prefix in side.subnets]
    if not known:
        return ""
    return known[0] + (f" +{len(known) - 1:,}" if len(known) > 1 else "")


def _subnets(link: LinkRow) -> Mapping[End, str]:
    """Return the prefixes of each end as its far side sees them."""
    return {side.end: ", ".join(map(str, side.subnets)) for side in (*link.first, *link.second)}


def _hints(link: LinkRow, firsts: Sequence[End], of: Mapping[End, str]) -> tuple[str, ...]:
    """Return the ends, the method and the prefixes of a link. Linear in the ends of the bundle."""
    bundle = link.bundle
    if len(firsts) == len(bundle.second) == 1:
        first, second = firsts[0], bundle.second[0]
        carries = f": {of[first] or 'nothing'} – {of[second] or 'nothing'}" if of[first] or of[second] else ""
        return (f"{first.title} – {second.title}, {bundle.title}{carries}{_gateways(link)}",)
    ends = (*(f"{end.title} {of[end]}".rstrip() for end in firsts), "with")
    return (f"{bundle.title}, each of", *ends, *(f"{end.title} {of[end]}".rstrip() for end in bundle.second))


def _gateways(link: LinkRow) -> str:
    """Return the addresses at which a tunnel ends, nothing for another link."""
    if link.private is None:
        return ""
    ends = (link.first[0].gateway, link.second[0].gateway)
    return "; it ends at " + " and ".join("any address" if end is None else end.text for end in ends)


def _bounded(tracks: Sequence[Track]) -> tuple[Track, ...]:
    """Merge tracks until they are few: those of one method and far end, then all of one method."""
    for alike in (_of_far_end, _of_method):
        if len(tracks) > MOST_TRACKS:
            tracks = _merge(tracks, alike)
    return tuple(tracks)


def _same(track: Track) -> object:
    return track.channel, track.method, frozenset(track.firsts), frozenset(track.seconds)


def _of_far_end(track: Track) -> object:
    return track.channel, track.method, track.seconds, track.overlay


def _of_method(track: Track) -> object:
    return track.channel, track.method, track.overlay


def _merge(tracks: Iterable[Track], alike: Callable[[Track], object]) -> tuple[Track, ...]:
    groups: dict[object, list[Track]] = {}
    for track in tracks:
        groups.setdefault(alike(track), []).append(track)
    return tuple(_join(group) for group in groups.values())


def _join(group: Sequence[Track]) -> Track:
    first = group[0]
    if len(group) == 1:
        return first
    return first._replace(
        firsts=tuple(dict.fromkeys(key for track in group for key in track.firsts)),
        seconds=tuple(dict.fromkeys(key for track in group for key in track.seconds)),
        head=f"{first.head} ({len(group):,})",
        tails=("", ""),
        hints=tuple(hint for track in group for hint in track.hints),
    )
