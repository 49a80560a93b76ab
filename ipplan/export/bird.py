"""bird.conf for one IKS worker: the other end of the BGP sessions, with the words of BIRD 2.

On a worker Calico writes its own BIRD configuration (projectcalico/confd @0ec0d75, bird.cfg.template); this one does
the same towards ESG or BCR, for labs and to compare. Keywords: BIRD 2.0 (bird.network.cz, user's guide).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.export import ExportError, comment, find_cluster, refuse
from ipplan.export.bgp import examples, lacking

if TYPE_CHECKING:
    from ipplan.devices.model import Session, Speaker
    from ipplan.export import Landscape

_LINK = "eth0"
"""The private interface of a worker."""


def export_bird(landscape: Landscape) -> str:
    """Return bird.conf for the first worker of an IKS cluster; raise ExportError with all that the plan lacks."""
    cluster = find_cluster(landscape, "iks")
    refuse(tuple(lacking(landscape.plan, "iks-asn")))
    every = [
        s if s.first.device == "vRouter" else s._replace(first=s.second, second=s.first)
        for s in landscape.devices.sessions
    ]
    own = [
        s for s in every
        if s.first.device == "vRouter" and s.first.name == cluster.name
        and (landscape.edge is None or s.second.device != "ESG" or s.second.name == landscape.edge)
    ]  # fmt: skip
    if not own:
        raise ExportError(
            f"cluster {cluster.name} has no workers with a private range, or no ESG to meet",
            'write cidr in its network of kind = "iks-worker-private", and in one of kind = "vcs-esg-private"',
        )
    worker = own[0].first
    sessions = [s for s in own if s.first.address == worker.address]
    peers = [s.second for s in sessions]
    if not all(speaker.announces for speaker in (worker, *peers)):
        what = (
            f"cluster {cluster.name} has no pods"
            if not worker.announces
            else "there is no network behind the ESG"
        )
        raise ExportError(
            f"{what} with an IPv4 range to announce", "add networks, and ipplan allocate PLAN --write"
        )
    far = dict.fromkeys(s.second.subnet for s in sessions if s.across)
    # The kernel refuses a next hop that it has no route on the link to.
    kept = ' || proto = "common_vlan"' if far else ""
    lines = [
        comment(line) for line in landscape.header(f"bird.conf of an IKS worker in cluster {cluster.name}")
    ]
    lines += [
        "# It is for the first worker; the others differ in its address. It accepts the networks behind the ESG, no others.",
        *examples((worker.address, *(p.address for p in peers)), peers),
        "log syslog all;",
        f"router id {worker.address.text};",
        "",
        "protocol device { }",
        "protocol direct { ipv4; }",
        f"protocol kernel {{ ipv4 {{ import none; export where source = RTS_BGP{kept}; }}; }}",
        "",
        "# An example: the whole range in the place of the blocks that Calico gives to the worker.",
        "protocol static pod_blocks {",
        "  ipv4;",
        *(f"  route {prefix} blackhole;" for prefix in worker.announces),
        "}",
    ]  # fmt: skip
    if far:
        lines += [
            "",
            f"# On the common VLAN, not through the BCR, which drops what goes to the overlay; {_LINK} is an example.",
            "protocol static common_vlan {",
            "  ipv4;",
            *(f'  route {subnet} via "{_LINK}";' for subnet in far),
            "}",
        ]
    for number, session in enumerate(sessions, 1):
        lines += ["", *_session(session, f"{session.second.device.lower()}{number}")]
    return "\n".join(lines) + "\n"


def _session(session: Session, name: str) -> list[str]:
    worker, peer = session
    return [
        comment(f"the {peer.device}{f' {peer.name}' if peer.name else ''}"),
        f"protocol bgp {name} {{",
        f"  local {worker.address.text} as {worker.asn};",
        f"  neighbor {peer.address.text} as {peer.asn};",
        "  multihop;",
        "  ipv4 {",
        "    gateway recursive;",
        "    next hop self;",
        f"    import where net ~ {_prefixes(peer)};",
        '    export where proto = "pod_blocks";',
        "  };",
        "}",
    ]


def _prefixes(peer: Speaker) -> str:
    return f"[ {', '.join(map(str, peer.announces))} ]"
