"""frr.conf of a Linux gateway in the place of an ESG: its BGP sessions, and the routes that it announces.

Keywords: FRRouting 8.4 (docs.frrouting.org, user guide, BGP and STATIC). No session accepts or announces anything that
a prefix list does not name (RFC 8212).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.exporters import comment, find_edge, find_esg
from ipplan.exporters.bgp import examples, lacking
from ipplan.plan.names import as_label

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ipplan.addresses import Prefix
    from ipplan.exporters import Request
    from ipplan.landscape import End, Landscape
    from ipplan.landscape.model import Esg, Session

_DEFAULT_LIMIT = 100
"""Neighbours that FRR takes from a range unless told otherwise."""
_MOST = 5000
"""The largest limit that every version of FRR takes."""


def export_frr(request: Request) -> str:
    """Return frr.conf for one ESG; raise ExportError with all that the plan lacks for it."""
    edge = find_edge(request)
    missing = tuple(lacking(request.landscape, edge))
    own = find_esg(request, edge, (*missing, *(() if missing else _without_ends(request.landscape, edge))))
    esg = own.sessions[0].first
    private = own.interface("private")
    assert private is not None
    link = f"eth{private.number}"
    static = [r for r in own.routes if r.via == "DLR" and r.how == "static" and r.prefix.version == 4]
    peers: dict[tuple[str, str | None], list[Session]] = {}
    for session in own.sessions:
        peers.setdefault((session.second.device, session.second.name), []).append(session)
    lists: dict[tuple[Prefix, ...], str] = {}
    for session in own.sessions:
        lists.setdefault(session.first.announces, f"overlay-{len(lists) + 1}" if lists else "overlay")
    groups = [
        _Group(nth if len(peers) > 1 else None, sessions, lists[sessions[0].first.announces])
        for nth, sessions in enumerate(peers.values(), 1)
    ]
    announced = tuple(dict.fromkeys(prefix for prefixes in lists for prefix in prefixes))

    lines = [comment(line, "!") for line in request.header(f"frr.conf of {own.name or 'the ESG'}")]
    lines += [
        "! It announces the networks behind the ESG, and accepts the pods of IKS in blocks, as Calico announces them.",
        *examples((esg.address, *(r.next_hop for r in static)), (s.second for s in own.sessions), "!"),
        "frr defaults traditional",
        f"hostname {as_label(own.name or 'esg')}",
        "log syslog informational",
        "service integrated-vtysh-config",
        "ip forwarding",
        "!",
        *(f"ip route {r.prefix} {r.next_hop.text}" for r in static if r.next_hop is not None),
        *_on_link(own, link),
        "!",
        *(line for prefixes, name in lists.items() for line in _prefix_list(name, prefixes)),
        *(line for group in groups for line in group.prefix_list()),
        "!",
        f"router bgp {esg.asn}",
        f" bgp router-id {esg.address.text}",
        " bgp log-neighbor-changes",
        " bgp ebgp-requires-policy",
        " no bgp default ipv4-unicast",
        *(f" {line}" for group in groups for line in group.neighbors()),
        *_listen(groups),
        " !",
        " address-family ipv4 unicast",
        *(f"  network {prefix}" for prefix in announced),
        *(f"  {line}" for group in groups for line in group.family()),
        " exit-address-family",
        "exit",
        "!",
    ]
    return "\n".join(lines) + "\n"


class _Group:
    """The sessions with the workers of one cluster, or with the BCR: one peer group, with its own prefix lists."""

    def __init__(self, number: int | None, sessions: Sequence[Session], overlay: str) -> None:
        self.sessions = sessions
        self.overlay = overlay
        self.peer = sessions[0].second
        suffix = "" if number is None else f"-{number}"
        self.pods = f"pods{suffix}"
        self.name = ("bcr" if self.peer.device == "BCR" else "workers") + suffix
        # IBM Cloud assigns the addresses of workers, so those that the plan does not name are no configuration.
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
            # They are on the link all the same, which FRR does not see from addresses of different subnets.
            lines.append(f"neighbor {self.name} disable-connected-check")
        if self.ranges:
            lines.append("! IBM Cloud assigns the addresses of workers, and the plan names none: any of these subnets")
            return [*lines, *(f"bgp listen range {subnet} peer-group {self.name}" for subnet in self.ranges)]
        return [*lines, *(f"neighbor {s.second.address.text} peer-group {self.name}" for s in self.sessions)]

    def family(self) -> list[str]:
        return [
            f"neighbor {self.name} activate",
            # Between equal numbers FRR would announce the DLR as next hop, which no worker reaches.
            f"neighbor {self.name} next-hop-self",
            f"neighbor {self.name} prefix-list {self.pods} in",
            f"neighbor {self.name} prefix-list {self.overlay} out",
        ]


def _without_ends(landscape: Landscape, edge: End) -> Iterator[tuple[str, str]]:
    """Yield what keeps a session from having two ends that have something to say."""
    esg = landscape.esg(edge)
    if not esg.sessions:
        yield (
            "no IKS cluster has workers with a private range",
            'write cidr in a network of kind = "iks-worker-private" as soon as IBM Cloud has assigned it',
        )
    elif not any(session.first.announces for session in esg.sessions):
        yield (
            "no network behind the ESG has an IPv4 range to announce",
            "add networks, and ipplan allocate PLAN --write",
        )
    elif any(r.via == "DLR" and r.prefix.version == 4 and r.next_hop is None for r in esg.routes):
        yield "the transit network has no IPv4 range", "write an IPv4 cidr in the one of kind vcs-transit"


def _prefix_list(name: str, prefixes: Iterable[Prefix], *, blocks: bool = False) -> list[str]:
    entries = [f"permit {prefix}{' le 32' if blocks and prefix.length < 32 else ''}" for prefix in prefixes]
    return [f"ip prefix-list {name} seq {nth * 5} {entry}" for nth, entry in enumerate([*entries, "deny any"], 1)]


def _on_link(edge: Esg, link: str) -> list[str]:
    """Return routes to subnets of workers on the common VLAN that the ESG has no address in."""
    subnets = dict.fromkeys(s.second.subnet for s in edge.sessions if s.across)
    note = f"on the common VLAN, not through the BCR, which drops pods; {link} is an example, the private interface"
    return [*([comment(note, "!")] if subnets else []), *(f"ip route {subnet} {link}" for subnet in subnets)]


def _listen(groups: Iterable[_Group]) -> list[str]:
    """Return the limit on neighbours of a range, where more workers have room there than FRR would take."""
    room = sum(subnet.size for group in groups for subnet in group.ranges)
    return [f" bgp listen limit {min(room, _MOST)}"] if room > _DEFAULT_LIMIT else []
