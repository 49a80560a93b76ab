"""frr.conf of a Linux gateway that replaces an ESG: its BGP sessions, and the routes that it announces.

Keywords: FRRouting 8.4 (docs.frrouting.org, user guide, BGP and STATIC). Sessions accept and announce only prefixes in
a prefix list (RFC 8212).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.exporters import comment, find_edge, find_esg
from ipplan.exporters.bgp import examples, missing_for_sessions
from ipplan.plan.names import as_label

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ipplan.addresses import Prefix
    from ipplan.exporters import Request
    from ipplan.landscape import End, Landscape
    from ipplan.landscape.model import Esg, Session

_DEFAULT_LIMIT = 100
"""Neighbours that FRR accepts from a range by default."""
_MOST = 5000
"""The largest limit that every version of FRR accepts."""


def export_frr(request: Request) -> str:
    """Return frr.conf for one ESG; raise ExportError with everything that is missing in the plan."""
    edge = find_edge(request)
    missing = tuple(missing_for_sessions(request.landscape, edge))
    own = find_esg(request, edge, (*missing, *(() if missing else _missing_ends(request.landscape, edge))))
    lists = _overlay_lists(own)
    groups = _groups(own, lists)
    lines = [
        *(comment(line, "!") for line in request.header(f"frr.conf of {own.name or 'the ESG'}")),
        *_general(own),
        "!",
        *(line for prefixes, name in lists.items() for line in _prefix_list(name, prefixes)),
        *(line for group in groups for line in group.prefix_list()),
        "!",
        *_router(own, groups, tuple(dict.fromkeys(prefix for prefixes in lists for prefix in prefixes))),
        "!",
    ]
    return "\n".join(lines) + "\n"


def _overlay_lists(edge: Esg) -> dict[tuple[Prefix, ...], str]:
    """Return the name of the prefix list for each set of prefixes that the ESG announces."""
    lists: dict[tuple[Prefix, ...], str] = {}
    for session in edge.sessions:
        lists.setdefault(session.first.announces, f"overlay-{len(lists) + 1}" if lists else "overlay")
    return lists


def _groups(edge: Esg, lists: Mapping[tuple[Prefix, ...], str]) -> list[_Group]:
    """Return a peer group for each peer: the BCR, or the workers of a cluster."""
    peers: dict[tuple[str, str | None], list[Session]] = {}
    for session in edge.sessions:
        peers.setdefault((session.second.device, session.second.name), []).append(session)
    return [
        _Group(nth if len(peers) > 1 else None, sessions, lists[sessions[0].first.announces])
        for nth, sessions in enumerate(peers.values(), 1)
    ]


def _general(edge: Esg) -> Iterator[str]:
    """Yield what is not BGP: the host, and the static routes to what the ESG announces and to its peers."""
    static = [r for r in edge.routes if r.via == "DLR" and r.how == "static" and r.prefix.version == 4]
    yield "! It announces the networks behind the ESG, and accepts pods of IKS in the blocks that Calico announces."
    addresses = (edge.sessions[0].first.address, *(r.next_hop for r in static))
    yield from examples(addresses, (s.second for s in edge.sessions), "!")
    yield "frr defaults traditional"
    yield f"hostname {as_label(edge.name or 'esg')}"
    yield from ("log syslog informational", "service integrated-vtysh-config", "ip forwarding", "!")
    yield from (f"ip route {r.prefix} {r.next_hop.text}" for r in static if r.next_hop is not None)
    yield from _on_link(edge)


def _router(edge: Esg, groups: Sequence[_Group], announced: Iterable[Prefix]) -> Iterator[str]:
    esg = edge.sessions[0].first
    yield f"router bgp {esg.asn}"
    yield f" bgp router-id {esg.address.text}"
    yield from (" bgp log-neighbor-changes", " bgp ebgp-requires-policy", " no bgp default ipv4-unicast")
    yield from (f" {line}" for group in groups for line in group.neighbors())
    yield from _listen(groups)
    yield from (" !", " address-family ipv4 unicast")
    yield from (f"  network {prefix}" for prefix in announced)
    yield from (f"  {line}" for group in groups for line in group.family())
    yield from (" exit-address-family", "exit")


class _Group:
    """The sessions with the workers of one cluster, or with the BCR, as one peer group with its own prefix lists."""

    def __init__(self, number: int | None, sessions: Sequence[Session], overlay: str) -> None:
        self.sessions = sessions
        self.overlay = overlay
        self.peer = sessions[0].second
        suffix = "" if number is None else f"-{number}"
        self.pods = f"pods{suffix}"
        self.name = ("bcr" if self.peer.device == "BCR" else "workers") + suffix
        # IBM Cloud assigns the addresses of workers: the plan has only examples of those that it does not name.
        self.ranges = tuple(dict.fromkeys(s.second.subnet for s in sessions if s.second.address.example))

    def prefix_list(self) -> list[str]:
        what = "all IKS clusters" if self.peer.device == "BCR" else f"cluster {self.peer.name}"
        return [comment(f"pods of {what}", "!"), *_prefix_list(self.pods, self.peer.announces, blocks=True)]

    def neighbors(self) -> list[str]:
        lines = [
            f"neighbor {self.name} peer-group",
            f"neighbor {self.name} remote-as {self.peer.asn}",
            f"neighbor {self.name} update-source {self.sessions[0].first.address.text}",
        ]
        if any(s.across for s in self.sessions):
            # They are on the same link; FRR cannot know that, because the addresses are in different subnets.
            lines.append(f"neighbor {self.name} disable-connected-check")
        if self.ranges:
            lines.append(
                "! IBM Cloud assigns the addresses of workers, and the plan names none: accept any in these subnets"
            )
            return [*lines, *(f"bgp listen range {subnet} peer-group {self.name}" for subnet in self.ranges)]
        return [*lines, *(f"neighbor {s.second.address.text} peer-group {self.name}" for s in self.sessions)]

    def family(self) -> list[str]:
        return [
            f"neighbor {self.name} activate",
            # Where both AS numbers are equal, FRR would announce the DLR as next hop, and no worker can reach it.
            f"neighbor {self.name} next-hop-self",
            f"neighbor {self.name} prefix-list {self.pods} in",
            f"neighbor {self.name} prefix-list {self.overlay} out",
        ]


def _missing_ends(landscape: Landscape, edge: End) -> Iterator[tuple[str, str]]:
    """Yield what is missing at the ends of the sessions, and what to write: workers, prefixes, a next hop."""
    esg = landscape.esg(edge)
    if not esg.sessions:
        yield (
            "no IKS cluster has workers with a private range",
            'write cidr in a network of kind = "iks-worker-private" as soon as IBM Cloud has assigned it',
        )
    elif not any(session.first.announces for session in esg.sessions):
        yield (
            "no network behind the ESG has an IPv4 range to announce",
            "add networks, and run ipplan allocate PLAN --write",
        )
    elif any(r.via == "DLR" and r.prefix.version == 4 and r.next_hop is None for r in esg.routes):
        yield "the transit network has no IPv4 range", "write an IPv4 cidr in the network of kind vcs-transit"


def _prefix_list(name: str, prefixes: Iterable[Prefix], *, blocks: bool = False) -> list[str]:
    entries = [f"permit {prefix}{' le 32' if blocks and prefix.length < 32 else ''}" for prefix in prefixes]
    return [f"ip prefix-list {name} seq {nth * 5} {entry}" for nth, entry in enumerate([*entries, "deny any"], 1)]


def _on_link(edge: Esg) -> list[str]:
    """Return on-link routes to subnets of workers on the common VLAN that the ESG has no address in."""
    private = edge.interface("private")
    assert private is not None
    link = f"eth{private.number}"
    subnets = dict.fromkeys(s.second.subnet for s in edge.sessions if s.across)
    note = f"on the common VLAN, not through the BCR, which drops traffic of pods; {link} is an example, the private interface"
    return [*([comment(note, "!")] if subnets else []), *(f"ip route {subnet} {link}" for subnet in subnets)]


def _listen(groups: Iterable[_Group]) -> list[str]:
    """Return a higher limit on neighbours, where the ranges have room for more than FRR accepts by default."""
    room = sum(subnet.size for group in groups for subnet in group.ranges)
    return [f" bgp listen limit {min(room, _MOST)}"] if room > _DEFAULT_LIMIT else []
