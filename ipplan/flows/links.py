"""Translate packets on links, and find where tunnels end: what steps at clusters, edges and sites have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.flows.walk import inside, real_of, shown_at
from ipplan.flows.workers import node_address
from ipplan.landscape.model import HostAddress
from ipplan.landscape.tunnels import translates_both, translations

if TYPE_CHECKING:
    from ipplan.flows.walk import Walk
    from ipplan.landscape.ends import End, Joint
    from ipplan.landscape.model import Translation, Tunnel


def outer_address(walk: Walk, tunnel: Tunnel, end: End) -> HostAddress:
    """Return the address of one end of a tunnel on the packets around the packets."""
    gateway = tunnel.end_at(end).gateway
    if gateway is not None:
        return gateway
    if end.kind == "iks":
        return node_address(walk, end, public=not tunnel.private)
    return HostAddress(4, None, example=True, words=f"(the address of {end.title})")


def _sides(walk: Walk, joint: Joint, end: End) -> tuple[tuple[Translation, ...], tuple[Translation, ...]]:
    """Return what one end of a link translates: of its own side, and of the far side."""
    ends = walk.landscape.ends
    own = translations(ends.carriage.carried(joint, end))
    far = translations(ends.carriage.carried(joint, joint.far(end)))
    if translates_both(joint, end):
        return own, far
    if translates_both(joint, joint.far(end)):
        return (), ()
    return own, ()


def translate_out(walk: Walk, joint: Joint, end: End) -> tuple[HostAddress | None, HostAddress | None]:
    """Return the new source and destination of a packet onto a link, None for one that stays.

    The lookup with the shown address comes first, then the translation.
    """
    own, far = _sides(walk, joint, end)
    source = next((shown_at(walk.source, t) for t in own if inside(walk.source, (t.real,))), None)
    destination = next(
        (
            real_of(walk.destination, t)
            for t in far
            if t.shown.size == t.real.size and inside(walk.destination, (t.shown,))
        ),
        None,
    )
    return source, destination


def translate_in(walk: Walk, joint: Joint, end: End) -> tuple[HostAddress | None, HostAddress | None]:
    """Return the new source and destination of a packet off a link, None for one that stays; the lookup comes after."""
    own, far = _sides(walk, joint, end)
    destination = next(
        (
            real_of(walk.destination, t)
            for t in own
            if t.shown.size == t.real.size and inside(walk.destination, (t.shown,))
        ),
        None,
    )
    source = next((shown_at(walk.source, t) for t in far if inside(walk.source, (t.real,))), None)
    return source, destination
