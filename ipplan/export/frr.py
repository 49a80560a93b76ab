"""frr.conf of a Linux gateway in the place of an ESG: its BGP sessions, and the routes that it announces.

Keywords: FRRouting 8.4 (docs.frrouting.org, user guide, BGP and STATIC). No session accepts or announces anything that
a prefix list does not name (RFC 8212).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.export import comment, find_edge, refuse
from ipplan.export.bgp import examples, lacking
from ipplan.plan.names import as_label

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ipplan.addresses import Prefix
    from ipplan.devices.model import Edge, Session
    from ipplan.export import Landscape

_DEFAULT_LIMIT = 100
"""Neighbours that FRR takes from a range unless told otherwise."""
_MOST = 5000
"""The largest limit that every version of FRR takes."""


def export_frr(landscape: Landscape) -> str:
    """Return frr.conf for one ESG; raise ExportError with all that the plan lacks for it."""
    edge = find_edge(landscape, tuple(lacking(landscape.plan, "esg-asn")))
    refuse(tuple(_without_ends(edge)))
    esg = edge.sessions[0].first
    private = edge.interface("private")
    assert private is not None
    link = f"eth{private.number}"
    static = [r for r in edge.routes if r.device == "ESG" and r.via == "DLR" and r.prefix.version == 4]
    peers = {
        s.second.name: [t for t in edge.sessions if t.second.name == s.second.name] for s in edge.sessions
    }
    groups = [_Group(nth if len(peers) > 1 else None, own) for nth, own in enumerate(peers.values(), 1)]

    lines = [comment(line, "!") for line in landscape.header(f"frr.conf of {edge.name or 'the ESG'}")]
    lines += [
        "! It announces the networks behind the ESG, and accepts the pods of IKS in blocks, as Calico announces them.",
        *examples((esg.address, *(r.next_hop for r in static)), (s.second for s in edge.sessions), "!"),
        "frr defaults traditional",
        f"hostname {as_label(edge.name or 'esg')}",
        "log syslog informational",
        "service integrated-vtysh-config",
        "ip forwarding",
        "!",
        *(f"ip route {r.prefix} {r.next_hop.text}" for r in static if r.next_hop is not None),
        *_on_link(edge, link),
        "!",
        *_prefix_list("overlay", esg.announces),
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
        *(f"  network {prefix}" for prefix in esg.announces),
        *(f"  {line}" for group in groups for line in group.family()),
        " exit-address-family",
        "exit",
        "!",
    ]
    return "\n".join(lines) + "\n"


class _Group:
    """The sessions with the workers of one cluster, or with the BCR: one peer group, with its own prefix list."""

    def __init__(self, number: int | None, sessions: Sequence[Session]) -> None:
        self.sessions = sessions
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
            lines.append(
                "! IBM Cloud assigns the addresses of workers, and the plan names none: any of these subnets"
            )
            return [*lines, *(f"bgp listen range {subnet} peer-group {self.name}" for subnet in self.ranges)]
        return [*lines, *(f"neighbor {s.second.address.text} peer-group {self.name}" for s in self.sessions)]

    def family(self) -> list[str]:
        return [
            f"neighbor {self.name} activate",
            # Between equal numbers FRR would announce the DLR as next hop, which no worker reaches.
            f"neighbor {self.name} next-hop-self",
            f"neighbor {self.name} prefix-list {self.pods} in",
            f"neighbor {self.name} prefix-list overlay out",
        ]


def _without_ends(edge: Edge) -> Iterator[tuple[str, str]]:
    """Yield what keeps a session from having two ends that have something to say."""
    if not edge.sessions:
        yield (
            "no IKS cluster has workers with a private range",
            'write cidr in a network of kind = "iks-worker-private" as soon as IBM Cloud has assigned it',
        )
    elif not edge.sessions[0].first.announces:
        yield (
            "no network behind the ESG has an IPv4 range to announce",
            "add networks, and ipplan allocate PLAN --write",
        )
    elif any(r.via == "DLR" and r.prefix.version == 4 and r.next_hop is None for r in edge.routes):
        yield "the transit network has no IPv4 range", "write an IPv4 cidr in the one of kind vcs-transit"


def _prefix_list(name: str, prefixes: Iterable[Prefix], *, blocks: bool = False) -> list[str]:
    entries = [f"permit {prefix}{' le 32' if blocks and prefix.length < 32 else ''}" for prefix in prefixes]
    return [
        f"ip prefix-list {name} seq {nth * 5} {entry}" for nth, entry in enumerate([*entries, "deny any"], 1)
    ]


def _on_link(edge: Edge, link: str) -> list[str]:
    """Return routes to subnets of workers on the common VLAN that the ESG has no address in."""
    subnets = dict.fromkeys(s.second.subnet for s in edge.sessions if s.across)
    note = f"on the common VLAN, not through the BCR, which drops pods; {link} is an example, the private interface"
    return [*([comment(note, "!")] if subnets else []), *(f"ip route {subnet} {link}" for subnet in subnets)]


def _listen(groups: Iterable[_Group]) -> list[str]:
    """Return the limit on neighbours of a range, where more workers have room there than FRR would take."""
    room = sum(subnet.size for group in groups for subnet in group.ranges)
    return [f" bgp listen limit {min(room, _MOST)}"] if room > _DEFAULT_LIMIT else []
