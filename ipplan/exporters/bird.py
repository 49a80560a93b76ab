"""bird.conf for one IKS worker: the other end of the BGP sessions, with the words of BIRD 2.

On a worker Calico writes its own BIRD configuration (projectcalico/confd @0ec0d75, bird.cfg.template); this one does
the same towards ESG or BCR, for labs and to compare. Keywords: BIRD 2.0 (bird.network.cz, user's guide).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.exporters import ExportError, comment, find_cluster, refuse
from ipplan.exporters.bgp import examples, lacking
from ipplan.landscape import End

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ipplan.exporters import Request
    from ipplan.landscape.model import HostAddress, Session, Speaker

_LINK = "eth0"
"""The private interface of a worker."""


def export_bird(request: Request) -> str:
    """Return bird.conf for a worker of an IKS cluster, the first unless another was asked for.

    Raises ExportError with all that the plan lacks.
    """
    cluster = find_cluster(request, "iks")
    landscape, asked = request.landscape, request.options.edge
    end = End("iks", cluster.name)
    by_worker: dict[HostAddress, list[Session]] = {}
    for session in landscape.sessions_of(end):
        if asked is None or session.second.device != "ESG" or session.second.name == asked:
            by_worker.setdefault(session.first.address, []).append(session)
    missing = list(lacking(landscape, end))
    if not by_worker and not missing:
        missing.append(
            (
                f"cluster {cluster.name} has no workers with a private range, or no ESG to meet",
                'write cidr in its network of kind = "iks-worker-private", and in one of kind = "vcs-esg-private"',
            )
        )
    speakers = [s for own in by_worker.values() for session in own for s in session]
    for device, what in (
        ("vRouter", f"cluster {cluster.name} has no pods"),
        ("ESG", "there is no network behind the ESG"),
        ("BCR", "there is no network behind the ESG"),
    ):
        if any(s.device == device and not s.announces for s in speakers):
            missing.append((f"{what} with an IPv4 range to announce", "add networks, and ipplan allocate PLAN --write"))
    refuse(missing)
    number, address = _choose(request.options.worker, list(by_worker), cluster.name)
    sessions = by_worker[address]
    worker = sessions[0].first
    peers = [s.second for s in sessions]
    far = dict.fromkeys(s.second.subnet for s in sessions if s.across)
    # The kernel refuses a next hop that it has no route on the link to.
    kept = ' || proto = "common_vlan"' if far else ""
    lines = [comment(line) for line in request.header(f"bird.conf of an IKS worker in cluster {cluster.name}")]
    lines += [
        f"# It is for worker {number} of {len(by_worker)}; the others differ in its address, and --worker chooses one.",
        "# It accepts the networks behind the ESG, no others.",
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
    ]
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


def _choose(asked: str | None, workers: Sequence[HostAddress], cluster: str) -> tuple[int, HostAddress]:
    """Return the number and the address of the worker that was asked for by either, else of the first."""
    if asked is None:
        return 1, workers[0]
    numbers: Mapping[str, int] = {
        **{address.text: number for number, address in enumerate(workers, 1)},
        **{str(number): number for number in range(1, len(workers) + 1)},
    }
    if asked not in numbers:
        raise ExportError(
            f"cluster {cluster} has no worker {asked}",
            f"its workers are 1 to {len(workers)}, by address {workers[0].text} to {workers[-1].text}",
        )
    return numbers[asked], workers[numbers[asked] - 1]


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
